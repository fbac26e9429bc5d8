#include "server/app.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "schema/enrol.h"
#include "schema/exports/export.h"
#include "server/acts_api.h"
#include "server/exports_api.h"
#include "server/tus_api.h"

#define GOODBYE_MS 500 /* for streams to be closed with a word */

static void usage(FILE *f)
{
	fputs("usage: xunge-server [--config FILE]\n"
	      "HTTP and the live stream of Xunge.\n"
	      "  --config FILE  settings (default: $XUNGE_CONFIG, run/xunge.conf, /etc/xunge/xunge.conf)\n"
	      "  --version      print the version\n"
	      "  --help         this\n", f);
}

static const char *default_config(void)
{
	const char *file = getenv("XUNGE_CONFIG");

	if (file && *file)
		return file;
	if (access("run/xunge.conf", R_OK) == 0)
		return "run/xunge.conf";
	return access("/etc/xunge/xunge.conf", R_OK) == 0 ? "/etc/xunge/xunge.conf" : NULL;
}

/* The web folder beside the program: installed, or in the build tree. */
static char *default_web(void)
{
	static const char *const beside[] = {"../share/xunge/web", "../server/web"};
	char exe[4096], *slash, *dir;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	if ((slash = strrchr(exe, '/')))
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		dir = xasprintf("%s/%s", exe, beside[i]);
		if (access(dir, R_OK | X_OK) == 0)
			return dir;
		free(dir);
	}
	return NULL;
}

static enum err load_pages(struct app *a, struct why *why)
{
	const char *dir = conf_path(a->conf, "server", "web", NULL);
	char *found = dir ? NULL : default_web();
	enum err e = OK;

	if (dir || found)
		e = pages_load(dir ? dir : found, a->tiles_host, &a->pages, why);
	else
		log_warn("server", "no web pages found, only the interface is served: set [server] web");
	free(found);
	return e;
}

static enum err load_token(struct app *a, struct why *why)
{
	const char *file = conf_path(a->conf, "server", "metrics_token_file", NULL);
	char text[256];
	FILE *f;

	if (!file)
		return OK;
	f = fopen(file, "re");
	if (!f || !fgets(text, sizeof text, f) || strcspn(text, "\r\n") < 16) {
		if (f)
			fclose(f);
		return why_set(why, ERR_INVALID, "metrics token %s: want a first line of 16 characters or more", file);
	}
	fclose(f);
	text[strcspn(text, "\r\n")] = '\0';
	a->metrics_token = xstrdup(text);
	return OK;
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static enum err wire_settings(struct app *a, struct wire_conf *w, struct why *why)
{
	int64_t port;
	bool lan;
	enum err e;

	w->listen = conf_str(a->conf, "server", "listen", "127.0.0.1");
	if (strcmp(w->listen, "localhost") == 0)
		w->listen = "127.0.0.1";
	w->cert = conf_path(a->conf, "server", "cert", NULL);
	w->key = conf_path(a->conf, "server", "key", NULL);
	a->tls = w->cert != NULL;
	if ((e = conf_int(a->conf, "server", "port", 0, 65535, 8080, &port, why)) != OK ||
		(e = conf_bool(a->conf, "server", "insecure_lan", false, &lan, why)) != OK ||
		(e = conf_bool(a->conf, "server", "demo", false, &a->demo, why)) != OK)
		return e;
	w->port = (int)port;
	if (!w->cert != !w->key)
		return why_set(why, ERR_INVALID, "[server] cert and key belong together: set both or none");
	if (!a->tls && !lan && !is_loopback(w->listen))
		return why_set(why, ERR_INVALID,
			"[server] listen = %s without TLS: passwords would cross the network in the clear; set cert and key, "
			"or insecure_lan = yes", w->listen);
	return OK;
}

/* How phones are let in. */
static enum err enrol_settings(struct app *a, struct why *why)
{
	const char *url = conf_str(a->conf, "server", "url", NULL);

	if (url && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return why_set(why, ERR_INVALID, "[server] url = %s: want http:// or https:// and the address that phones use", url);
	a->url = url;
	return conf_int(a->conf, "server", "enrol_hours", 1, ENROL_HOURS_MAX, ENROL_HOURS, &a->enrol_hours, why);
}

/* A background for the map, from one host of others: [server] tiles = https://host/{z}/{x}/{y}.png */
static enum err tiles_settings(struct app *a, struct why *why)
{
	const char *url = conf_str(a->conf, "server", "tiles", NULL), *host, *rest;

	a->tiles_credit = conf_str(a->conf, "server", "tiles_credit", NULL);
	if (!url)
		return OK;
	host = strstr(url, "://");
	rest = host ? host + 3 + strspn(host + 3, "abcdefghijklmnopqrstuvwxyz0123456789.-:") : url;
	if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) || rest == host + 3 || *rest != '/' ||
		!strstr(rest, "{z}") || !strstr(rest, "{x}") || !strstr(rest, "{y}"))
		return why_set(why, ERR_INVALID, "[server] tiles = %s: want http(s)://host/... with {z}, {x} and {y}, the host in small letters", url);
	a->tiles = url;
	a->tiles_host = xstrndup(url, (size_t)(rest - url));
	return OK;
}

static void rung(void *ctx)
{
	app_refresh(ctx);
}

static bool send_errand(void *ctx, const char *p, size_t n)
{
	struct app *a = ctx;

	return bell_send(a->bell, p, n);
}

static void answered(void *ctx, const struct json_t *line)
{
	struct app *a = ctx;

	errands_answer(a->errands, line);
}

static void door_lost(void *ctx)
{
	struct app *a = ctx;

	errands_lost(a->errands);
}

static void helpers_done(void *ctx)
{
	struct app *a = ctx;

	worker_finish(a->worker, a);
	worker_finish(a->exporter, a);
	worker_finish(a->filer, a);
	worker_finish(a->counter, a);
}

static void wake_loop(void *ctx)
{
	struct app *a = ctx;

	if (a->wire)
		wire_wake(a->wire);
}

static bool bell_in(void *b, int fd)
{
	return bell_readable(b, fd);
}

static bool bell_out(void *b, int fd)
{
	return bell_writable(b, fd);
}

static void bell_lost(void *b)
{
	bell_gone(b);
}

static void *watch_bell(void *ctx, int fd, struct bell *b)
{
	struct app *a = ctx;

	return wire_watch(a->wire, fd, &(struct wire_fd){bell_in, bell_out, bell_lost, b});
}

static void unwatch_bell(void *watched)
{
	wire_unwatch(watched);
}

static void bell_wants_write(void *watched)
{
	wire_watch_write(watched);
}

/* Signals come as bytes of a descriptor, in their turn. */
static bool on_signal(void *ctx, int fd)
{
	struct signalfd_siginfo si;
	struct app *a = ctx;

	while (read(fd, &si, sizeof si) == sizeof si) {
		if (si.ssi_signo == SIGHUP)
			wire_certificate(a->wire);
		else
			a->stop = true;
	}
	return true;
}

static enum err take_signals(struct app *a, struct why *why)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL); /* the helper threads inherit it */
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0 || !wire_watch(a->wire, fd, &(struct wire_fd){on_signal, NULL, NULL, a}))
		return why_set(why, ERR_IO, "signalfd: %s", strerror(errno));
	return OK;
}

/* Where ingest finds it, too. */
static enum err find_broker(struct app *a, struct why *why)
{
	int64_t port;
	enum err e = conf_int(a->conf, "mqtt", "port", 1, 65535, 1883, &port, why);

	a->passages = (struct passages){.socket = conf_path(a->conf, "mqtt", "socket", NULL),
		.host = conf_str(a->conf, "mqtt", "host", "127.0.0.1"), .port = (int)port};
	return e;
}

static enum err start(struct app *a, const char *config, struct why *why)
{
	struct wire_calls calls = {api_request, api_body_max, api_body, api_upgrade, api_passage, helpers_done, app_alarm, &a->watchers, &a->passages, a};
	struct bell_world world = {watch_bell, unwatch_bell, bell_wants_write, rung, answered, door_lost, a};
	struct errands_world ew = {send_errand, acts_answer, a};
	struct model_observer tell;
	struct wire_conf wc;
	const char *path;
	enum err e;

	if ((e = conf_open(config, &a->conf, why)) != OK || (e = wire_settings(a, &wc, why)) != OK || (e = enrol_settings(a, why)) != OK ||
		(e = tiles_settings(a, why)) != OK ||
		(e = load_token(a, why)) != OK || (e = load_pages(a, why)) != OK)
		return e;
	if (!(path = conf_path(a->conf, "store", "path", NULL)))
		return why_set(why, ERR_INVALID, "set [store] path (config: %s)", config ? config : "none found, see --config");
	a->db_path = xstrdup(path);
	if (!(path = conf_path(a->conf, "server", "db", NULL)))
		return why_set(why, ERR_INVALID, "set [server] db, the file of sign-ins (config: %s)", config ? config : "none found");
	if ((e = sessions_open(path, clock_wall_ms(), &a->sessions, why)) != OK ||
		(e = files_open(a->conf, path, a->db_path, &(struct files_world){tus_finished, a}, &a->files, why)) != OK)
		return e;
	tell = views_observer(&a->views);
	model_init(&a->model, &tell);
	views_init(&a->views, &a->model, watchers_wake, &a->watchers);
	watchers_init(&a->watchers, &a->views, wire_want_write, wire_kill);
	if ((e = find_broker(a, why)) != OK || (e = wire_open(&wc, &calls, &a->wire, why)) != OK || (e = take_signals(a, why)) != OK)
		return e;
	a->passages.wire = a->wire;
	a->worker = worker_new(APP_HASHERS, APP_HASH_QUEUE, wake_loop, a);
	a->exporter = worker_new(EXPORT_THREADS, EXPORTS_MAX, wake_loop, a);
	worker_lower(a->exporter, EXPORT_NICE);
	a->filer = worker_new(APP_FILERS, APP_FILE_QUEUE, wake_loop, a);
	a->counter = worker_new(APP_COUNTERS, APP_COUNT_QUEUE, wake_loop, a);
	if (a->files)
		files_use(a->files, a->filer);
	a->errands = errands_new(&ew);
	a->bell = bell_new(conf_path(a->conf, "ingest", "socket", "/run/xunge/door.sock"), &world);
	a->address = xasprintf("http%s://%s%s%s:%d", a->tls ? "s" : "", strchr(wc.listen, ':') ? "[" : "", wc.listen,
		strchr(wc.listen, ':') ? "]" : "", wire_port(a->wire));
	e = app_store_open(a, clock_wall_ms(), why);
	if (e == OK || app_is_fatal(e))
		return e;
	log_warn("server", "%s; it is tried again", why->text); /* ingest or init may be about to make it */
	return OK;
}

static void serve(struct app *a)
{
	int64_t end;

	app_alarm(a, clock_mono_ms());
	while (!a->stop && wire_serve(a->wire))
		;
	log_info("server", "stopping clients=%zu", a->watchers.n);
	watchers_end(&a->watchers, clock_mono_ms());
	end = clock_mono_ms() + GOODBYE_MS;
	while (a->watchers.n && clock_mono_ms() < end) {
		wire_alarm(a->wire, clock_mono_ms() + 50);
		if (!wire_serve(a->wire))
			break;
	}
}

static void finish(struct app *a)
{
	struct wire *w = a->wire;

	bell_free(a->bell);
	worker_free(a->worker, a);
	worker_free(a->exporter, a);
	worker_free(a->filer, a);
	worker_free(a->counter, a);
	wire_close(w); /* lets every watcher and every export go */
	a->wire = NULL;
	errands_free(a->errands);
	watchers_done(&a->watchers);
	views_done(&a->views);
	model_done(&a->model);
	store_close(a->st);
	files_free(a->files);
	sessions_free(a->sessions);
	pages_free(a->pages);
	free(a->metrics_token);
	free(a->tiles_host);
	free(a->db_path);
	free(a->address);
	conf_free(a->conf);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	const char *config = NULL;
	struct why why = {""};
	struct app a = {0};
	enum err e;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'v':
			puts("xunge-server " XUNGE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	if (sodium_init() < 0)
		die("server: libsodium has no random numbers");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	e = start(&a, config ? config : default_config(), &why);
	if (e == OK)
		serve(&a);
	else
		log_error("server", "%s", why.text);
	finish(&a);
	return e == OK && !a.failed ? 0 : 1;
}
