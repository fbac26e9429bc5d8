/* xunge-ingest - takes events in: from the broker and the local door, into the one database.
 *
 *   mqtt.c, localdoor.c --payloads--> writer.c (batch.c) --commit--> acks back by the same doors, bells
 *
 * One thread, one poll().  Nothing here sleeps; a commit is the only thing that takes long. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "ingest/status.h"
#include "ingest/greet.h"
#include "ingest/nudge.h"
#include "ingest/pace.h"
#include "schema/office.h"
#include "schema/sync.h"

#define READ_TURN 512      /* messages of the broker in one turn of the loop */
#define JUDGE_EVERY_MS 10000
#define STOCK_EVERY_MS 5000
#define LEAVE_MS 1000
#define HELLO "{\"type\":\"hello\"}"
#define SYNC "{\"type\":\"sync\"}"

struct ingest {
	struct conf *conf;
	const char *db;
	struct store *store;
	struct writer *writer;
	struct mqtt *mqtt;
	struct localdoor *door;
	struct broker broker;
	struct greet greet;
	struct pace pace;
	struct nudge nudge;
	struct stock stock;
	int64_t stock_ms, judge_ms; /* monotonic: when they are due */
	int64_t started_ms;         /* wall clock */
	char *password;
	bool leaving;
	int sigs; /* signalfd */
};

/* ------------------------------------------------------------------ what the parts tell each other */

static void on_message(void *ctx, const struct topic *t, struct slice payload)
{
	struct ingest *g = ctx;
	struct intake_from from = {.device = t->device, .district = t->district};

	if (t->leaf == TOPIC_PRESENCE)
		writer_presence(g->writer, t->device, payload);
	else if (writer_take(g->writer, &from, payload) != OK)
		return; /* unanswered: the device sends it again */
}

static void on_linked(void *ctx)
{
	struct ingest *g = ctx;

	greet_begin(&g->greet, clock_mono_ms());
}

static void on_acked(void *ctx, const struct intake_ack *ack)
{
	struct ingest *g = ctx;

#ifdef MUTANT_ACK_BEFORE_COMMIT
	if (ack->tag == 0)
		return; /* said already */
#endif
	if (ack->tag)
		(void)localdoor_acked(g->door, ack); /* a connection that is gone asks again */
	else if (pace_take(&g->pace, ack, clock_mono_ms(), writer_calm(g->writer)))
		(void)mqtt_down(g->mqtt, ack->device, ack->district, ack->json); /* counted; the device sends again */
}

static void send_paced(struct ingest *g, bool all)
{
	struct intake_ack ack;
	int64_t now_ms = clock_mono_ms();

	while (pace_next(&g->pace, now_ms, all, &ack))
		(void)mqtt_down(g->mqtt, ack.device, ack.district, ack.json); /* counted; the device sends again */
}

#ifdef MUTANT_ACK_BEFORE_COMMIT
/* The mistake that the tests must catch: an answer before anything is on disk. */
#include "core/event.h"
static void on_taken(void *ctx, const struct intake_from *from, struct slice payload)
{
	struct ingest *g = ctx;
	struct json j = {0};
	struct buf ack = {0};
	char device[40], district[40];
	struct slice epoch;
	int64_t seq, top = 0;
	uint32_t tok = 0, n = 1;

	if (from->tag == 0 && json_read(&j, payload.p, payload.n)) {
		if (j.tok[0].type == JSON_ARRAY) {
			n = j.tok[0].count;
			tok = 1;
		}
		for (; n > 0; n--, tok = j.tok[tok].next)
			if (event_identity(&j, tok, &epoch, &seq))
				top = seq;
		if (top) {
			(void)snprintf(device, sizeof device, "%.*s", (int)from->device.n, from->device.p);
			(void)snprintf(district, sizeof district, "%.*s", (int)from->district.n, from->district.p);
			buf_addf(&ack,
				"{\"type\":\"ack\",\"epoch\":\"%.*s\",\"upto\":%lld,\"missing\":[],\"commit\":0,"
				"\"time\":%lld,\"results\":[]}",
				(int)epoch.n, epoch.p, (long long)top, (long long)clock_wall_ms());
			(void)mqtt_down(g->mqtt, device, district, buf_slice(&ack));
		}
	}
	json_done(&j);
	buf_done(&ack);
}
#endif

static void on_committed(void *ctx, const struct head *head, bool rang)
{
	struct ingest *g = ctx;

	localdoor_committed(g->door, head, rang);
}

static void touch(void *ctx, const char *person)
{
	struct ingest *g = ctx;

	nudge_touch(&g->nudge, person, clock_mono_ms());
}

static void on_touched(void *ctx, const char *person)
{
	struct ingest *g = ctx;

	if (person[0])
		touch(g, person);
	else if (sync_people(g->store, clock_wall_ms(), touch, g) != OK)
		log_debug("ingest", "nobody is told of the registry's change: %s", store_detail(g->store)); /* phones ask by themselves, too */
}

static void on_dropped(void *ctx, enum err e)
{
	struct ingest *g = ctx;

	localdoor_dropped(g->door, e);
}

static void on_accounts(void *ctx, bool revoked)
{
	struct ingest *g = ctx;

	broker_changed(&g->broker, revoked);
	if (broker_due(&g->broker))
		broker_write(&g->broker, g->store); /* before the change is answered */
}

static void on_status(void *ctx, struct buf *out)
{
	struct ingest *g = ctx;
	struct status s = {g->writer, writer_intake(g->writer), g->mqtt, g->door, &g->broker, &g->nudge, &g->stock, g->started_ms};

	if (clock_mono_ms() >= g->stock_ms) {
		g->stock_ms = clock_mono_ms() + STOCK_EVERY_MS;
		if (stock_take(g->store, g->db, &g->stock) != OK)
			log_warn("ingest", "cannot count what is kept: %s", store_detail(g->store));
	}
	status_write(&s, out);
}

/* ------------------------------------------------------------------ start */

/* The first line of the file; NULL: none is configured. */
static enum err read_password(const char *path, char **out, struct why *why)
{
	char line[256];
	FILE *f;

	if (!path)
		return OK;
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof line, f)) {
		int err = f ? 0 : errno;

		if (f)
			(void)fclose(f); /* only read */
		return why_set(why, ERR_INVALID, "cannot read [mqtt] password_file %s: %s", path,
			err ? strerror(err) : "it is empty");
	}
	(void)fclose(f); /* only read */
	line[strcspn(line, "\r\n")] = '\0';
	*out = xstrdup(line);
	return OK;
}

static enum err open_mqtt(struct ingest *g, struct why *why)
{
	struct mqtt_hooks hooks = {.ctx = g, .message = on_message, .linked = on_linked};
	struct mqtt_conf conf = {
		.socket = conf_path(g->conf, "mqtt", "socket", NULL),
		.host = conf_str(g->conf, "mqtt", "host", "127.0.0.1"),
		.user = conf_str(g->conf, "mqtt", "user", "ingest"),
	};
	int64_t port;
	enum err e;

	if ((e = conf_int(g->conf, "mqtt", "port", 1, 65535, 1883, &port, why)) != OK ||
		(e = read_password(conf_path(g->conf, "mqtt", "password_file", NULL), &g->password, why)) != OK)
		return e;
	conf.port = (int)port;
	conf.password = g->password;
	if (conf.socket && !*conf.socket)
		conf.socket = NULL;
	g->mqtt = mqtt_new(&conf, &hooks);
	return OK;
}

static enum err open_writer(struct ingest *g, struct why *why)
{
	bool done;
	struct writer_hooks hooks = {.ctx = g, .acked = on_acked, .touched = on_touched, .committed = on_committed, .dropped = on_dropped};
	struct intake_conf conf = {0};
	int64_t rows, window_ms, spread_ms;
	enum err e;

#ifdef MUTANT_ACK_BEFORE_COMMIT
	hooks.taken = on_taken;
#endif
	if ((e = conf_int(g->conf, "ingest", "max_age_days", 1, 100000, 3650, &conf.max_age_days, why)) != OK ||
		(e = conf_int(g->conf, "ingest", "silent_hours", 1, 8760, 24, &conf.silent_hours, why)) != OK ||
		(e = conf_int(g->conf, "ingest", "batch_rows", 1, 100000, 2000, &rows, why)) != OK ||
		(e = conf_int(g->conf, "ingest", "commit_window_ms", 1, 20, 20, &window_ms, why)) != OK ||
		(e = conf_int(g->conf, "ingest", "hello_spread_ms", 1, 600000, 30000, &spread_ms, why)) != OK)
		return e;
	g->db = conf_path(g->conf, "store", "path", NULL);
	if (!g->db || !*g->db)
		return why_set(why, ERR_INVALID, "[store] path is not set: name the database in the config");
	if ((e = store_open(g->db, STORE_WRITER, &g->store, why)) != OK)
		return e;
	if ((e = office_refold(g->store, &conf, clock_wall_ms(), &done, why)) != OK)
		return e;
	if (done)
		log_info("ingest", "folded all events again: the database was an older program's");
	g->writer = writer_new(g->store, &conf, (size_t)rows, window_ms, &hooks);
	if (writer_fatal(g->writer))
		return why_set(why, ERR_IO, "cannot read %s", g->db);
	if ((e = greet_load(&g->greet, writer_intake(g->writer), spread_ms)) != OK)
		return why_set(why, e, "cannot read %s: %s", g->db, store_detail(g->store));
	return OK;
}

static enum err open_all(struct ingest *g, const char *file, struct why *why)
{
	struct localdoor_hooks hooks = {.ctx = g, .accounts = on_accounts, .status = on_status};
	const char *socket;
	sigset_t set;
	enum err e;

	if ((e = conf_open(file, &g->conf, why)) != OK)
		return e;
	socket = conf_path(g->conf, "ingest", "socket", NULL);
	if (!socket || !*socket)
		return why_set(why, ERR_INVALID, "[ingest] socket is not set: name the local door in the config");
	/* The store's lock comes first: who has it owns the door as well. */
	if ((e = open_writer(g, why)) != OK || (e = localdoor_open(socket, &hooks, &g->door, why)) != OK ||
		(e = open_mqtt(g, why)) != OK)
		return e;
	localdoor_writer(g->door, g->writer);
	broker_init(&g->broker, conf_path(g->conf, "broker", "passwd_file", NULL),
		conf_path(g->conf, "broker", "extra_file", NULL), conf_path(g->conf, "broker", "pid_file", NULL));
	(void)sigemptyset(&set); /* these cannot fail */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || (g->sigs = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return why_set(why, ERR_IO, "cannot catch signals: %s", strerror(errno));
	return OK;
}

/* ------------------------------------------------------------------ the loop */

static int64_t sooner(int64_t a, int64_t b)
{
	return b >= 0 && b < a ? b : a;
}

/* How long may poll() wait? */
static int64_t patience(const struct ingest *g)
{
	int64_t now_ms = clock_mono_ms();
	int64_t ms = mqtt_due_ms(g->mqtt);

	ms = sooner(ms, writer_wait_ms(g->writer));
	ms = sooner(ms, greet_wait_ms(&g->greet, now_ms));
	ms = sooner(ms, pace_wait_ms(&g->pace, now_ms));
	ms = sooner(ms, nudge_wait_ms(&g->nudge, now_ms));
	ms = sooner(ms, g->judge_ms > now_ms ? g->judge_ms - now_ms : 0);
	if (writer_more(g->writer))
		ms = 0;
	ms = sooner(ms, broker_wait_ms(&g->broker, now_ms));
	return ms;
}

static void greet(struct ingest *g)
{
	const struct greet_one *one;
	int64_t now_ms = clock_mono_ms();

	while (mqtt_is_linked(g->mqtt) && (one = greet_next(&g->greet, now_ms)))
		(void)mqtt_down(g->mqtt, one->device, one->district, slice_of(HELLO)); /* a hint */
}

static void hint(void *ctx, const char *device, const char *district)
{
	struct ingest *g = ctx;

	g->nudge.sent += mqtt_down(g->mqtt, device, district, slice_of(SYNC));
}

static void send_hints(struct ingest *g)
{
	const char *person;
	int64_t now_ms = clock_mono_ms();

	while ((person = nudge_next(&g->nudge, now_ms)))
		if (mqtt_is_linked(g->mqtt) && sync_phones(g->store, person, clock_wall_ms(), hint, g) != OK)
			return; /* a hint */
}

static void timers(struct ingest *g)
{
	int64_t now_ms = clock_mono_ms();

	mqtt_tick(g->mqtt);
	greet(g);
	send_paced(g, false);
	send_hints(g);
	if (now_ms >= g->judge_ms || writer_more(g->writer)) {
		g->judge_ms = now_ms + JUDGE_EVERY_MS;
		writer_tick(g->writer);
	}
	if (broker_due(&g->broker) && writer_flush(g->writer) == OK)
		broker_write(&g->broker, g->store);
	broker_tick(&g->broker);
}

static bool told_to_stop(struct ingest *g)
{
	struct signalfd_siginfo i;

	return read(g->sigs, &i, sizeof i) == (ssize_t)sizeof i;
}

static void turn(struct ingest *g)
{
	struct pollfd p[LOCALDOOR_CONNS + 3];
	size_t n = 2 + localdoor_poll(g->door, p + 2);
	bool drained;

	p[0] = (struct pollfd){.fd = g->sigs, .events = POLLIN};
	p[1] = (struct pollfd){.fd = mqtt_fd(g->mqtt), .events = POLLIN};
	if (mqtt_wants_write(g->mqtt))
		p[1].events |= POLLOUT;
	if (poll(p, n, (int)patience(g)) < 0) {
		if (errno != EINTR)
			die("ingest: poll failed: %s", strerror(errno));
		return;
	}
	if (p[0].revents)
		g->leaving = told_to_stop(g);
	drained = mqtt_io(g->mqtt, p[1].revents & (POLLIN | POLLHUP | POLLERR), p[1].revents & POLLOUT, READ_TURN);
	localdoor_turn(g->door, p + 2, n - 2);
	writer_turn(g->writer, drained);
	timers(g);
}

static int run(struct ingest *g)
{
	log_info("ingest", "ready db=%s commit=%lld door=%s", writer_head(g->writer)->db,
		(long long)writer_head(g->writer)->commit, conf_path(g->conf, "ingest", "socket", ""));
	g->judge_ms = clock_mono_ms() + 1000;
	while (!g->leaving && !writer_fatal(g->writer))
		turn(g);
	if (writer_flush(g->writer) != OK && !writer_fatal(g->writer))
		log_warn("ingest", "ending with events that are not acknowledged: their devices send them again");
	if (writer_fatal(g->writer))
		_exit(1); /* the store is not to be touched any more, not even to be closed */
	send_paced(g, true);
	mqtt_leave(g->mqtt, LEAVE_MS);
	log_info("ingest", "ended commit=%lld", (long long)writer_head(g->writer)->commit);
	return 0;
}

static void close_all(struct ingest *g)
{
	localdoor_close(g->door);
	mqtt_free(g->mqtt);
	greet_done(&g->greet);
	pace_done(&g->pace);
	nudge_done(&g->nudge);
	writer_free(g->writer);
	store_close(g->store);
	conf_free(g->conf);
	free(g->password);
	if (g->sigs >= 0)
		(void)close(g->sigs); /* nothing is owed */
}

static int usage(FILE *to, int status)
{
	(void)fputs("usage: xunge-ingest [--config FILE]\n"
		    "\n"
		    "Takes events from the broker and the local door into the database, and acknowledges them.\n"
		    "--config FILE   config of all programs; else $XUNGE_CONFIG; every key also as XUNGE_SECTION_KEY\n"
		    "                in the environment\n"
		    "--version       of this program\n"
		    "SIGTERM and SIGINT: commits what waits, acknowledges it and ends.\n"
		    "Exit status: 0 ended on request, 1 failed, 2 wrong usage.\n",
		to);
	return status;
}

int main(int argc, char **argv)
{
	struct ingest g = {.sigs = -1};
	const char *file = getenv("XUNGE_CONFIG");
	struct why why = {{0}};
	int status = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return usage(stdout, 0);
		if (strcmp(argv[i], "--version") == 0) {
			(void)printf("xunge-ingest %s\n", XUNGE_VERSION);
			return 0;
		}
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (strncmp(argv[i], "--config=", 9) == 0)
			file = argv[i] + 9;
		else
			return usage(stderr, 2);
	}
	(void)signal(SIGPIPE, SIG_IGN); /* a peer that is gone shows in the answer of write */
	(void)signal(SIGXFSZ, SIG_IGN); /* so does a limit on the size of files */
	(void)signal(SIGHUP, SIG_IGN);  /* nothing is read again: a terminal that closes is no reason */
	g.started_ms = clock_wall_ms();
	if (open_all(&g, file && *file ? file : NULL, &why) != OK)
		log_error("ingest", "%s", why.text);
	else
		status = run(&g);
	close_all(&g);
	return status;
}
