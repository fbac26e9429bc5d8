/* xunge simulate - simulated field devices that behave as a good phone does: one MQTT connection each, all in one
 * loop.  What they do is simtown's, what they keep is simbox's; here is the link: signal that comes and goes, hello,
 * publishing, answers. */
#include "cli/cli.h"

#include <errno.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/args.h"
#include "cli/simbox.h"
#include "cli/simpast.h"
#include "cli/simtown.h"

#define DEVICES_MAX 100000
#define FDS_OTHER 64      /* open files beside the phones' */
#define CONNECTING_MAX 64 /* connections being made at a time: the broker's backlog is 100 */
#define CONNECT_MS 15000
#define KEEPALIVE_S 60
#define MISC_MS 1000
#define SILENCE_MS 60000  /* mean length of an hour without signal; --hurry shortens it */
#define PAYLOADS 8        /* sent by one phone before another has its turn */
#define GOODBYE_MS 2000

static const char help_text[] =
	"usage: xunge simulate [OPTIONS]\n\n"
	"Simulated field devices: they keep each event in DIR/ledger until the platform answers for it.\n"
	"Ends with one line: made N, acknowledged N, rejected N, held N, waiting N, lost N.\n\n"
	"--devices N     the first N of the access file (default: all)\n"
	"--without ID    leave that one to somebody else\n"
	"--rate R        events a second, over all devices (1)\n"
	"--for S         seconds; 0: until SIGTERM (60)\n"
	"--drain S       then, seconds to wait for the last answers (120)\n"
	"--dir DIR       where the ledger is; the next run goes on with it (simulate beside the config)\n"
	"--access FILE   lines `device ID SECRET` (access.txt beside the config)\n"
	"--town DIR      registry files of the people and places (deploy/demo if it is there; none: no people)\n"
	"--district CODE of devices that the town does not name (990101)\n"
	"--host H, --port P   the broker ([mqtt] host and port of the config)\n"
	"--seed N        the same events again; without it each run is another\n"
	"--hurry F       all waiting is F times shorter: resends, silence (1)\n"
	"--offline F     share of the time that a phone has no signal (0.1)\n"
	"--clocks F      share of phones with a wrong clock (0.1)\n"
	"--duplicates F  share of payloads sent twice on purpose (0.02)\n"
	"--reinstalls F  chance of a reinstall, for each event (0.0005)\n"
	"--bad F         share of events that can only be held or rejected (0)\n"
	"--photos DIR    puts the photos of its events there, as the server keeps them ([files] dir); without, they never come\n"
	"--history DAYS  sends nothing: writes that many days before now, and the cases of DIR/cases.json where DIR is the\n"
	"                town's, as NDJSON for `xunge import events`\n\n"
	"Exit status 1 when an event was lost, or when answers are still missing after --drain.\n";

struct options {
	const char *dir, *access, *town, *district, *host, *without, *photos;
	long long devices, port, for_s, drain_s, seed, history;
	bool seeded;
	double rate, hurry, offline, clocks, duplicates, reinstalls, bad;
};

enum link { OFF, CONNECTING, SUBSCRIBING, ON };

struct phone {
	struct sim *sim;
	struct simphone *box;
	struct mosquitto *m;
	char *id, *secret, *district;
	int fd; /* in the epoll set; -1: none */
	uint32_t mask;
	enum link link;
	bool dead;        /* the connection is to be dropped */
	bool signal_gone; /* an hour without signal */
	bool wants_hello, wants_install;
	bool one_by_one;
	bool tells_off, knows_off; /* does it say `off`, and can it */
	int tries;
	int64_t spell_mono;   /* signal goes or comes */
	int64_t next_mono;    /* OFF: connect; else: give the attempt up */
	int64_t shift_ms;     /* its clock - the true one */
	struct simrng rng;
	struct simstory story;
};

struct sim {
	struct options o;
	struct simtown *town;
	struct simbox *box;
	struct phone *phone;
	int n, connecting, on;
	int epoll, signals;
	struct simrng rng;
	struct buf b, rest;
	bool stop, draining, told, failed;
	bool thrifty; /* one descriptor for each phone */
	struct rlimit files;
	struct why why;
	int64_t made, twice, misc_mono;
};

static void fail(struct sim *s, const char *what)
{
	if (!s->failed)
		(void)why_set(&s->why, ERR_IO, "%s: %s", what, strerror(errno)); /* kept for the end */
	s->failed = s->stop = true;
}

static int64_t hurried(const struct sim *s, double ms)
{
	return (int64_t)(ms / s->o.hurry) + 1;
}

/* ------------------------------------------------------------------ publishing */

static char *topic(const struct phone *p, const char *leaf)
{
	return xasprintf("xunge/v1/%s/%s/%s", p->district, p->id, leaf);
}

static void publish(struct phone *p, const char *leaf, const struct buf *b)
{
	char *t = topic(p, leaf);

	if (mosquitto_publish(p->m, NULL, t, (int)b->n, b->p, 1, false) != MOSQ_ERR_SUCCESS)
		p->dead = true;
	free(t);
}

static int64_t phone_clock(const struct phone *p)
{
	return clock_wall_ms() + p->shift_ms;
}

static void presence(struct phone *p, bool online)
{
	struct buf *b = &p->sim->b;

	buf_clear(b);
	buf_addf(b, "{\"online\":%s,\"at\":%lld}", online ? "true" : "false", (long long)phone_clock(p));
	publish(p, "presence", b);
}

static void install(struct phone *p, bool keep)
{
	struct simrng *r = &p->rng;
	char epoch[17];

	(void)snprintf(epoch, sizeof epoch, "%016llx", (unsigned long long)simrng_next(r)); /* fits */
	simphone_install(p->box, epoch, keep, clock_wall_ms());
	p->wants_hello = true;
}

static void say_hello(struct phone *p)
{
	p->wants_hello = false;
	for (int k = 0; !p->dead && simphone_hello(p->box, k, phone_clock(p), &p->sim->b); k++) {
		if (simbox_flush(p->sim->box) != OK)
			return fail(p->sim, "cannot write the ledger");
		publish(p, "up", &p->sim->b);
	}
}

/* Sends what is due.  The ledger is on disk before anything leaves. */
static void pump(struct phone *p, int64_t now_mono)
{
	struct sim *s = p->sim;

	if (p->link != ON || p->dead)
		return;
	if (p->wants_install) {
		p->wants_install = false;
		install(p, true);
	}
	if (p->wants_hello)
		say_hello(p);
	for (int i = 0; i < PAYLOADS && !p->dead && simphone_due(p->box) <= now_mono; i++) {
		enum err e;

		if (simphone_collect(p->box, now_mono, p->one_by_one ? 1 : SIMBOX_BATCH, &p->rng, &s->b, &e) == 0) {
			if (e != OK)
				fail(s, "cannot read the ledger");
			break;
		}
		if (simbox_flush(s->box) != OK)
			return fail(s, "cannot write the ledger");
		publish(p, "up", &s->b);
		if (!p->dead && simrng_chance(&p->rng, s->o.duplicates)) {
			if (simrng_chance(&p->rng, 0.5) && simphone_repeat(p->box, &p->rng, &s->b, &e) == 0)
				continue;
			publish(p, "up", &s->b);
			s->twice++;
		}
	}
	if (simphone_waiting(p->box) == 0)
		p->one_by_one = false;
}

/* ------------------------------------------------------------------ the link */

static void on_connect(struct mosquitto *m, void *arg, int rc)
{
	struct phone *p = arg;
	char *t;

	if (rc != 0) {
		if (!p->sim->told)
			log_warn("simulate", "%s: the broker refuses: %s", p->id, mosquitto_connack_string(rc));
		p->sim->told = true;
		p->dead = true;
		return;
	}
	t = topic(p, "down");
	if (mosquitto_subscribe(m, NULL, t, 1) != MOSQ_ERR_SUCCESS)
		p->dead = true;
	p->link = SUBSCRIBING;
	free(t);
}

static void on_subscribe(struct mosquitto *m, void *arg, int mid, int n, const int *granted)
{
	struct phone *p = arg;

	(void)m; /* p has it */
	(void)mid; /* there is only one */
	if (n < 1 || granted[0] > 2) {
		p->dead = true;
		return;
	}
	p->link = ON;
	p->tries = 0;
	p->sim->connecting--;
	p->sim->on++;
	p->sim->told = false;
	presence(p, true);
	p->wants_hello = true;
}

static void on_disconnect(struct mosquitto *m, void *arg, int rc)
{
	(void)m; /* the phone has it */
	(void)rc; /* whatever it was */
	((struct phone *)arg)->dead = true;
}

static void on_message(struct mosquitto *m, void *arg, const struct mosquitto_message *msg)
{
	struct phone *p = arg;
	struct simack ack;

	(void)m; /* the phone has it */
	simphone_take(p->box, (struct slice){msg->payload, (uint32_t)msg->payloadlen}, &ack);
	if (ack.time_ms > 0)
		p->knows_off = true;
	p->wants_hello |= ack.hello;
	p->wants_install |= ack.clone;
	if (ack.refused && !p->one_by_one) {
		p->one_by_one = true;
		simphone_again(p->box);
	}
}

static void watch(struct phone *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};
	int fd = mosquitto_socket(p->m);

	if (fd < 0) {
		p->dead = true;
		return;
	}
	if (mosquitto_want_write(p->m))
		ev.events |= EPOLLOUT;
	if (p->fd == fd && p->mask == ev.events)
		return;
	if (epoll_ctl(p->sim->epoll, p->fd == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
		p->dead = true;
	p->fd = fd;
	p->mask = ev.events;
}

/* Drops the connection without a word, as lost signal does, and plans the next. */
static void hang_up(struct phone *p, int64_t now_mono)
{
	struct sim *s = p->sim;
	int64_t wait = p->tries > 6 ? 30000 : 500LL << p->tries;

	if (p->link == ON)
		s->on--;
	else if (p->link != OFF)
		s->connecting--;
	mosquitto_destroy(p->m); /* closes the socket, which leaves the epoll set */
	p->m = NULL;
	p->fd = -1;
	p->mask = 0;
	p->link = OFF;
	p->dead = false;
	p->tries++;
	p->next_mono = now_mono + hurried(s, (double)wait * (0.8 + 0.4 * simrng_unit(&p->rng)));
}

/* libmosquitto makes a pair of sockets for each client, to wake up a thread that we do not have, and does without
 * them where it cannot.  When descriptors are scarce, it cannot. */
static struct mosquitto *new_client(struct phone *p)
{
	struct sim *s = p->sim;
	const struct rlimit none = {0, s->files.rlim_max};
	bool scarce = s->thrifty && setrlimit(RLIMIT_NOFILE, &none) == 0;
	struct mosquitto *m = mosquitto_new(p->id, true, p);

	if (!m || (scarce && setrlimit(RLIMIT_NOFILE, &s->files) != 0))
		die("simulate: cannot make a client");
	return m;
}

static void dial(struct phone *p, int64_t now_mono)
{
	struct sim *s = p->sim;
	char *t = topic(p, "presence");
	static const char will[] = "{\"online\":false}";

	p->m = new_client(p);
	mosquitto_connect_callback_set(p->m, on_connect);
	mosquitto_subscribe_callback_set(p->m, on_subscribe);
	mosquitto_disconnect_callback_set(p->m, on_disconnect);
	mosquitto_message_callback_set(p->m, on_message);
	p->link = CONNECTING;
	s->connecting++;
	p->next_mono = now_mono + CONNECT_MS;
	if (mosquitto_username_pw_set(p->m, p->id, p->secret) != MOSQ_ERR_SUCCESS ||
		mosquitto_will_set(p->m, t, sizeof will - 1, will, 1, false) != MOSQ_ERR_SUCCESS ||
		mosquitto_connect_async(p->m, s->o.host, (int)s->o.port, KEEPALIVE_S) != MOSQ_ERR_SUCCESS)
		p->dead = true;
	else
		watch(p);
	free(t);
}

/* Signal comes and goes; connections are made a few at a time; dead ones are buried here, never in a callback. */
static void tend(struct phone *p, int64_t now_mono, bool misc)
{
	struct sim *s = p->sim;

	if (s->o.offline > 0 && !s->draining && now_mono >= p->spell_mono) {
		double mean = p->signal_gone ? SILENCE_MS * (1 - s->o.offline) / s->o.offline : SILENCE_MS;

		if (p->spell_mono > 0)
			p->signal_gone = !p->signal_gone;
		else
			mean = SILENCE_MS * (1 - s->o.offline) / s->o.offline;
		p->spell_mono = now_mono + hurried(s, mean * (0.3 + 1.4 * simrng_unit(&p->rng)));
		p->dead |= p->signal_gone && p->link != OFF;
		p->next_mono = p->link == OFF ? now_mono : p->next_mono;
	}
	if (s->draining)
		p->signal_gone = false;
	if (p->link != OFF && p->link != ON && now_mono >= p->next_mono)
		p->dead = true;
	if (p->link != OFF && misc && mosquitto_loop_misc(p->m) != MOSQ_ERR_SUCCESS)
		p->dead = true;
	if (p->dead)
		hang_up(p, now_mono);
	if (p->link == OFF && !p->signal_gone && now_mono >= p->next_mono && s->connecting < CONNECTING_MAX)
		dial(p, now_mono);
	pump(p, now_mono);
	if (p->link != OFF && !p->dead)
		watch(p);
}

static void turn(struct phone *p, uint32_t events, int64_t now_mono)
{
	if (!p->m || p->dead)
		return;
	if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) && mosquitto_loop_read(p->m, 1) != MOSQ_ERR_SUCCESS)
		p->dead = true;
	if (!p->dead)
		pump(p, now_mono);
	if (!p->dead && mosquitto_want_write(p->m) && mosquitto_loop_write(p->m, 1) != MOSQ_ERR_SUCCESS)
		p->dead = true;
	if (!p->dead)
		watch(p);
}

/* ------------------------------------------------------------------ events */

static void make_one(struct sim *s, int64_t now_ms)
{
	struct phone *p = &s->phone[simrng_below(&s->rng, (uint32_t)s->n)];
	struct simphone_state state = {simphone_waiting(p->box), simphone_oldest(p->box)};

	if (p->tells_off && !p->knows_off)
		return; /* its clock is far off: it waits for the platform's first answer */
	if (simrng_chance(&p->rng, s->o.reinstalls)) {
		install(p, false);
		p->story.steps = 0;
	}
	buf_clear(&s->rest);
	if (simrng_chance(&p->rng, s->o.bad))
		simtown_bad(&p->rng, now_ms, &s->rest);
	else
		simtown_event(s->town, &p->story, &p->rng, now_ms, p->shift_ms, p->tells_off, &state, &s->rest);
	if (simphone_make(p->box, buf_slice(&s->rest), now_ms) != OK)
		log_warn("simulate", "%s: its outbox is full: nothing is made", p->id);
	pump(p, clock_mono_ms());
	if (p->link != OFF && !p->dead)
		watch(p);
}

/* What is due at the rate; a machine that was asleep does not catch up more than a second. */
static void make(struct sim *s, int64_t since_ms, int64_t now_ms)
{
	int64_t due = (int64_t)((double)since_ms / 1000 * s->o.rate), most = (int64_t)s->o.rate + 1;

	if (due - s->made > most)
		s->made = due - most;
	for (; s->made < due && !s->failed; s->made++)
		make_one(s, now_ms);
}

/* ------------------------------------------------------------------ run */

static void listen_to(struct sim *s, int timeout_ms)
{
	struct epoll_event ev[256];
	int n = epoll_wait(s->epoll, ev, (int)ARRAY_LEN(ev), timeout_ms);
	int64_t now = clock_mono_ms();

	if (n < 0 && errno != EINTR)
		fail(s, "epoll_wait");
	for (int i = 0; i < n; i++) {
		struct signalfd_siginfo info;

		if (ev[i].data.ptr)
			turn(ev[i].data.ptr, ev[i].events, now);
		else if (read(s->signals, &info, sizeof info) == sizeof info)
			s->stop = true;
	}
}

static void goodbye(struct sim *s)
{
	int64_t end = clock_mono_ms() + GOODBYE_MS;
	bool open = true;

	for (int i = 0; i < s->n; i++) {
		struct phone *p = &s->phone[i];

		if (p->link != ON || p->dead)
			continue;
		presence(p, false);
		(void)mosquitto_disconnect(p->m); /* or the broker sends the will */
	}
	while (open && clock_mono_ms() < end) {
		open = false;
		for (int i = 0; i < s->n; i++) {
			struct phone *p = &s->phone[i];

			if (p->link != ON || p->dead)
				continue;
			if (mosquitto_want_write(p->m) && mosquitto_loop_write(p->m, 1) != MOSQ_ERR_SUCCESS)
				p->dead = true;
			if (!p->dead && mosquitto_socket(p->m) >= 0)
				open |= mosquitto_want_write(p->m);
		}
		if (open)
			(void)usleep(2000); /* a short nap at the very end, when nothing else is left to do */
	}
	for (int i = 0; i < s->n; i++)
		if (s->phone[i].m)
			hang_up(&s->phone[i], 0);
}

static void run(struct sim *s)
{
	const int64_t start = clock_mono_ms(), end = s->o.for_s ? start + s->o.for_s * 1000 : INT64_MAX;
	int64_t drain_end = INT64_MAX, now;
	const int tick = s->o.rate >= 200 ? 10 : 50;
	struct simcounts n;

	while (!s->stop) {
		listen_to(s, tick);
		now = clock_mono_ms();
		if (now < end)
			make(s, now - start, clock_wall_ms());
		else if (!s->draining) {
			s->draining = true;
			drain_end = now + s->o.drain_s * 1000;
		}
		for (int i = 0; i < s->n; i++)
			tend(&s->phone[i], now, now >= s->misc_mono);
		if (now >= s->misc_mono) {
			s->misc_mono = now + MISC_MS;
			if (simbox_tidy(s->box, SIMBOX_FILE, &s->why) != OK)
				s->failed = s->stop = true;
			else if (simbox_flush(s->box) != OK)
				fail(s, "cannot write the ledger");
			if (s->on == 0 && !s->told && now > start + CONNECT_MS) {
				log_warn("simulate", "no device has a connection to %s:%lld; they go on trying",
					s->o.host, s->o.port);
				s->told = true;
			}
		}
		simbox_counts(s->box, &n);
		if (s->draining && (n.waiting == 0 || now >= drain_end))
			break;
	}
	goodbye(s);
}

/* ------------------------------------------------------------------ start */

static enum err number(const char *name, const char *text, double lo, double hi, double *out, struct why *why)
{
	char *end;
	double v;

	if (!text)
		return OK;
	errno = 0;
	v = strtod(text, &end);
	if (end == text || *end || errno || !(v >= lo && v <= hi))
		return why_set(why, ERR_USAGE, "%s %s: want a number from %g to %g", name, text, lo, hi);
	*out = v;
	return OK;
}

static enum err whole(const char *name, const char *text, long long lo, long long hi, long long *out, struct why *why)
{
	return text ? args_int(name, text, lo, hi, out, why) : OK;
}

static enum err options(struct cli *c, int argc, char **argv, struct options *o, struct why *why)
{
	const char *devices = NULL, *rate = NULL, *for_s = NULL, *drain = NULL, *port = NULL, *seed = NULL, *hurry = NULL,
		*offline = NULL, *clocks = NULL, *twice = NULL, *reinstalls = NULL, *bad = NULL, *history = NULL, *words[1];
	const struct args_opt opt[] = {{"--devices", &devices, NULL}, {"--rate", &rate, NULL}, {"--for", &for_s, NULL},
		{"--drain", &drain, NULL}, {"--dir", &o->dir, NULL}, {"--access", &o->access, NULL}, {"--town", &o->town, NULL},
		{"--district", &o->district, NULL}, {"--without", &o->without, NULL}, {"--photos", &o->photos, NULL},
		{"--host", &o->host, NULL}, {"--port", &port, NULL}, {"--seed", &seed, NULL},
		{"--hurry", &hurry, NULL}, {"--offline", &offline, NULL}, {"--clocks", &clocks, NULL},
		{"--duplicates", &twice, NULL}, {"--reinstalls", &reinstalls, NULL}, {"--bad", &bad, NULL}, {"--history", &history, NULL}};
	int64_t p = 0;
	int n = 0;
	enum err e;

	*o = (struct options){.rate = 1, .for_s = 60, .drain_s = 120, .hurry = 1, .offline = 0.1, .clocks = 0.1,
		.duplicates = 0.02, .reinstalls = 0.0005};
	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), words, 0, &n, why)) != OK ||
		(e = whole("--devices", devices, 1, DEVICES_MAX, &o->devices, why)) != OK ||
		(e = whole("--for", for_s, 0, 1000000000, &o->for_s, why)) != OK ||
		(e = whole("--drain", drain, 0, 1000000000, &o->drain_s, why)) != OK ||
		(e = whole("--port", port, 1, 65535, &o->port, why)) != OK ||
		(e = whole("--seed", seed, 0, INT64_MAX, &o->seed, why)) != OK ||
		(e = whole("--history", history, 1, SIMPAST_DAYS, &o->history, why)) != OK ||
		(e = number("--rate", rate, 0, 1e6, &o->rate, why)) != OK ||
		(e = number("--hurry", hurry, 0.01, 10000, &o->hurry, why)) != OK ||
		(e = number("--offline", offline, 0, 0.9, &o->offline, why)) != OK ||
		(e = number("--clocks", clocks, 0, 1, &o->clocks, why)) != OK ||
		(e = number("--duplicates", twice, 0, 1, &o->duplicates, why)) != OK ||
		(e = number("--reinstalls", reinstalls, 0, 1, &o->reinstalls, why)) != OK ||
		(e = number("--bad", bad, 0, 1, &o->bad, why)) != OK)
		return e;
	o->seeded = seed != NULL;
	if (!port) {
		if ((e = conf_int(c->conf, "mqtt", "port", 1, 65535, 1883, &p, why)) != OK)
			return e;
		o->port = p;
	}
	if (!o->host)
		o->host = conf_str(c->conf, "mqtt", "host", "127.0.0.1");
	if (!o->dir)
		o->dir = conf_path(c->conf, "simulate", "dir", "simulate");
	if (!o->access)
		o->access = conf_path(c->conf, "simulate", "access", "access.txt");
	if (!o->town)
		o->town = access("deploy/demo/devices.csv", R_OK) == 0 ? "deploy/demo" : "none";
	if (!o->district)
		o->district = "990101";
	return OK;
}

static enum err read_access(struct sim *s, struct why *why)
{
	FILE *f = fopen(s->o.access, "re");
	char *text = NULL, id[33], secret[64];
	size_t cap = 0;
	int had = 0;

	if (!f)
		return why_set(why, ERR_NOTFOUND, "cannot read %s: %s; name the file with --access", s->o.access, strerror(errno));
	while (getline(&text, &cap, f) > 0 && (!s->o.devices || s->n < s->o.devices)) {
		if (sscanf(text, "device %32s %63s", id, secret) != 2 || (s->o.without && strcmp(id, s->o.without) == 0))
			continue;
		if (s->n == had) {
			had = had ? 2 * had : 128;
			s->phone = xrealloc(s->phone, (size_t)had * sizeof *s->phone);
		}
		s->phone[s->n++] = (struct phone){.id = xstrdup(id), .secret = xstrdup(secret), .fd = -1, .sim = s};
	}
	free(text);
	(void)fclose(f); /* was only read */
	if (s->n == 0 || s->n < s->o.devices)
		return why_set(why, ERR_INVALID, "%s has %d devices; --devices asks for %lld", s->o.access, s->n,
			s->o.devices ? s->o.devices : 1);
	return OK;
}

/* Half of the wrong clocks are minutes slow or seconds fast and say nothing; the others are days off, and the phone
 * knows it. */
static void set_clock(struct phone *p, double share)
{
	double wrong = simrng_unit(&p->rng);

	if (!simrng_chance(&p->rng, share))
		return;
	p->tells_off = simrng_chance(&p->rng, 0.5);
	p->shift_ms = (int64_t)(p->tells_off ? (2 * wrong - 1) * 3 * 86400e3 : 15e3 - wrong * 540e3);
}

static enum err raise_files(struct sim *s, struct why *why)
{
	rlim_t want = (rlim_t)s->n * 3 + FDS_OTHER, least = (rlim_t)s->n + FDS_OTHER, most;
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &s->files) != 0)
		return why_set(why, ERR_IO, "getrlimit: %s", strerror(errno));
	most = s->files.rlim_max;
	lim = (struct rlimit){want, most < want ? want : most};
	if (s->files.rlim_cur < want && setrlimit(RLIMIT_NOFILE, &lim) != 0) { /* root may go beyond most */
		s->thrifty = true;
		lim = (struct rlimit){most, most};
		if (most < least || setrlimit(RLIMIT_NOFILE, &lim) != 0)
			return why_set(why, ERR_FULL, "%d devices need %llu open files, %llu are allowed (ulimit -n); choose fewer --devices",
				s->n, (unsigned long long)least, (unsigned long long)most);
	}
	if (getrlimit(RLIMIT_NOFILE, &s->files) != 0)
		return why_set(why, ERR_IO, "getrlimit: %s", strerror(errno));
	return OK;
}

static enum err prepare(struct sim *s, struct why *why)
{
	sigset_t set;
	struct epoll_event ev = {.events = EPOLLIN};
	enum err e;

	if ((e = raise_files(s, why)) != OK)
		return e;
	if ((e = simtown_open(strcmp(s->o.town, "none") == 0 ? NULL : s->o.town, &s->town, why)) != OK ||
		(e = simbox_open(s->o.dir, s->o.hurry, &s->box, why)) != OK)
		return e;
	(void)sigemptyset(&set); /* these cannot fail */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || (s->signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0 ||
		(s->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->signals, &ev) != 0)
		return why_set(why, ERR_IO, "cannot set up the loop: %s", strerror(errno));
	for (int i = 0; i < s->n; i++) {
		struct phone *p = &s->phone[i];
		const char *district = simtown_district(s->town, p->id);

		p->district = xstrdup(district ? district : s->o.district);
		p->rng = (struct simrng){simrng_next(&s->rng)};
		p->box = simbox_phone(s->box, p->id);
		set_clock(p, s->o.clocks);
		simtown_story(s->town, p->id, &p->story);
		p->story.photos = s->o.photos;
		p->story.device = p->id;
		if (simphone_is_new(p->box))
			install(p, true);
	}
	return OK;
}

static void done(struct sim *s)
{
	simbox_close(s->box);
	simtown_free(s->town);
	for (int i = 0; i < s->n; i++) {
		free(s->phone[i].id);
		free(s->phone[i].secret);
		free(s->phone[i].district);
	}
	free(s->phone);
	buf_done(&s->b);
	buf_done(&s->rest);
	if (s->epoll >= 0)
		(void)close(s->epoll); /* nothing is written to it */
	if (s->signals >= 0)
		(void)close(s->signals); /* nor to it */
}

static int write_history(struct cli *c, const struct options *o, uint64_t seed)
{
	char *script = xasprintf("%s/cases.json", o->town);
	struct simtown *t = NULL;
	struct buf out = {0};
	struct why why = {""};
	enum err e;

	if (strcmp(o->town, "none") == 0)
		e = why_set(&why, ERR_USAGE, "--history needs a --town");
	else if ((e = simtown_open(o->town, &t, &why)) == OK)
		e = simpast_write(t, access(script, R_OK) == 0 ? script : NULL, o->photos, seed, clock_wall_ms(), (int)o->history, &out, &why);
	if (e == OK)
		(void)fwrite(out.p, 1, out.n, stdout); /* the caller flushes and says */
	simtown_free(t);
	buf_done(&out);
	free(script);
	return e == OK ? CLI_DONE : cli_status(c, e, &why);
}

int cmd_simulate(struct cli *c, int argc, char **argv)
{
	struct sim s = {.epoll = -1, .signals = -1};
	struct simcounts n;
	struct why why = {""};
	int status = CLI_FAILED;
	enum err e;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		(void)fputs(help_text, stdout); /* the caller flushes and says */
		return CLI_DONE;
	}
	if ((e = options(c, argc, argv, &s.o, &why)) != OK)
		return cli_status(c, e, &why);
	if (s.o.seeded)
		s.rng.s = (uint64_t)s.o.seed;
	else
		secret_random(&s.rng.s, sizeof s.rng.s);
	if (s.o.history)
		return write_history(c, &s.o, s.rng.s);
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS)
		return cli_fail(c, "libmosquitto does not start");
	if ((e = read_access(&s, &why)) != OK || (e = prepare(&s, &why)) != OK) {
		status = cli_status(c, e, &why);
		goto out;
	}
	run(&s);
	if (simbox_flush(s.box) != OK)
		fail(&s, "cannot write the ledger");
	simbox_counts(s.box, &n);
	(void)printf("made %lld, acknowledged %lld, rejected %lld, held %lld, waiting %lld, lost %lld\n", /* the caller flushes */
		(long long)n.made, (long long)n.acked, (long long)n.rejected, (long long)n.held, (long long)n.waiting, (long long)n.lost);
	(void)printf("payloads %lld, events sent %lld (again %lld), payloads twice on purpose %lld, asked again %lld, conflicts %lld, "
		"reinstalls %lld, made again after them %lld, dropped by phones %lld\n",
		(long long)n.payloads, (long long)n.sent, (long long)n.resent, (long long)s.twice, (long long)n.asked,
		(long long)n.conflicts, (long long)n.reinstalls, (long long)n.moved, (long long)n.dropped);
	if (s.failed)
		(void)cli_fail(c, "%s", s.why.text); /* that is the status already */
	else if (n.lost == 0 && (n.waiting == 0 || s.stop))
		status = CLI_DONE;
out:
	done(&s);
	(void)mosquitto_lib_cleanup(); /* always succeeds */
	return status;
}
