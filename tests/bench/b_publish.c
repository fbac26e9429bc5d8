/* b_publish.c - devices that publish as fast as their in-flight window allows, or at a given rate:
 * plain MQTT 3.1.1 over one epoll loop, many packets in one write.
 *
 *   b_publish --devices FILE (lines: id secret) --port P [--host H] [--conns N] [--events M]
 *             [--bytes B] [--window W] [--rate R] [--batch K] [--first N] [--mix patrol|inspect|hazard] [--at-base MS] [--salt N]
 *             [--stamps FILE] [--step MS] [--no-acks] [--wait] [--return SECONDS]
 *
 * Each connection is one device: it subscribes to its own `down`, publishes M/N events one by one
 * with QoS 1, at most W of them without PUBACK, and counts what the platform's acks cover (upto).
 * --batch K: K events of a device in one payload, an array; the window then counts payloads.  --first N
 * leaves out the first N devices of FILE.
 * With --rate R the events go out evenly, R a second over all connections together, and event i has
 * the time at-base + i * step (1 ms); --stamps writes the monotonic ns of each event's send to FILE (int64 at i * step).
 * --wait: says {"ready":true} when all are connected, goes on at the first byte on standard input.
 * When nothing came for 3 s, each device that waits says hello, as a phone does, and is told where it
 * stands (`hellos` counts them; on a platform that keeps up there are none).
 * --return S: phones that come back to signal: each connects at a moment of its own within S seconds, says that it is there and what
 * it has (presence, hello), sends when the hello is answered, and is `home` when all is acknowledged (ms since its connect).
 * --no-acks: done when every PUBACK is in.  Prints one line of JSON; exit 1 when not all was
 * acknowledged, or something was answered otherwise than stored. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "base/err.h"
#include "tests/bench/load.h"

#define STEP_MS 40000 /* between the events of a device: its tracks of 30 s follow each other, as a walk does */
#define STALL_NS (20 * 1000000000LL)
#define HELLO_NS (3 * 1000000000LL) /* without progress: ask where we stand */
#define CONNECTING_MAX 64 /* at once; the broker's listen backlog is 100 */
#define WINDOW_MAX 1000
#define BATCH_MAX 200
#define IN_MAX (64 * 1024)

enum state { IDLE, CONNECTING, HANDSHAKE, READY };

struct run;

struct conn {
	struct run *run;
	struct load_who who;
	char id[40], secret[64];
	int fd;
	enum state state;
	int inflight, hellos, greetings; /* PUBACKs to come of presence and hello */
	bool unheard;                    /* its hello is not answered yet */
	uint16_t mid;
	int64_t sent, pubacked, acked, quota, start_ns, home_ns;
	char *in;
	size_t nin, capin;
	char *out;
	size_t nout, capout, outpos;
	bool want_write;
};

struct opts {
	const char *host, *devices, *stamps;
	int port, conns, window, bytes, batch, first;
	int64_t events, at_base, rate, salt, step, back_s;
	enum load_mix mix;
	bool acks, wait;
};

struct run {
	struct opts o;
	int ep;
	struct conn *conn;
	int connecting, ready, next;
	int64_t published, payloads, pubacked, acked, acks, bad, hellos;
	int64_t first_ns, last_ns, progress_ns, blocked;
	bool going;
	int64_t *stamp;
};

static void out_add(struct conn *c, const void *p, size_t n)
{
	if (c->nout + n > c->capout) {
		c->capout = (c->nout + n) * 2;
		c->out = xrealloc(c->out, c->capout);
	}
	memcpy(c->out + c->nout, p, n);
	c->nout += n;
}

static size_t put_str(uint8_t *p, const char *s)
{
	size_t n = strlen(s);

	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
	memcpy(p + 2, s, n);
	return n + 2;
}

static size_t put_header(uint8_t *p, uint8_t type, size_t len)
{
	size_t n = 0;

	p[n++] = type;
	do {
		p[n++] = (uint8_t)((len & 127) | (len > 127 ? 128 : 0));
		len >>= 7;
	} while (len);
	return n;
}

static void add_packet(struct conn *c, uint8_t type, const uint8_t *body, size_t n)
{
	uint8_t h[8];

	out_add(c, h, put_header(h, type, n));
	out_add(c, body, n);
}

static void add_connect(struct conn *c)
{
	uint8_t b[256] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0xc2, 0x01, 0x2c};
	size_t n = 10;

	n += put_str(b + n, c->id);
	n += put_str(b + n, c->id);
	n += put_str(b + n, c->secret);
	add_packet(c, 0x10, b, n);
}

static void add_subscribe(struct conn *c)
{
	uint8_t b[160] = {0, 1};
	char topic[96];
	size_t n = 2;

	snprintf(topic, sizeof topic, "xunge/v1/" LOAD_DISTRICT "/%s/down", c->id);
	n += put_str(b + n, topic);
	b[n++] = 1;
	add_packet(c, 0x82, b, n);
}

static void add_to(struct conn *c, const char *leaf, const char *payload, size_t n)
{
	uint8_t h[160], t[128];
	char topic[96];
	size_t ntopic;

	snprintf(topic, sizeof topic, "xunge/v1/" LOAD_DISTRICT "/%s/%s", c->id, leaf);
	ntopic = put_str(t, topic);
	out_add(c, h, put_header(h, 0x32, ntopic + 2 + n));
	if (++c->mid == 0)
		c->mid = 1;
	t[ntopic] = (uint8_t)(c->mid >> 8);
	t[ntopic + 1] = (uint8_t)c->mid;
	out_add(c, t, ntopic + 2);
	out_add(c, payload, n);
}

static void add_up(struct conn *c, const char *payload, size_t n)
{
	add_to(c, "up", payload, n);
}

static size_t one_event(struct conn *c, char *out)
{
	struct run *r = c->run;
	int64_t i = r->published;
	int64_t at = r->o.rate ? r->o.at_base + i * r->o.step : r->o.at_base + c->sent * STEP_MS + (int64_t)(c - r->conn);
	size_t n = load_event(out, (size_t)r->o.bytes, &c->who, c->sent + 1, at, r->o.mix);

	c->sent++;
	r->published++;
	if (r->stamp)
		r->stamp[i * r->o.step] = load_now_ns();
	return n;
}

static void add_publish(struct conn *c)
{
	char ev[BATCH_MAX * LOAD_EVENT_MAX + 2];
	int k = c->run->o.batch;
	size_t n = 0;

	if (k == 1) {
		n = one_event(c, ev);
	} else {
		for (int i = 0; i < k && c->sent < c->quota; i++) {
			ev[n++] = i ? ',' : '[';
			n += one_event(c, ev + n);
		}
		ev[n++] = ']';
	}
	add_up(c, ev, n);
	c->inflight++;
	c->run->payloads++;
}

/* All that is published and has its PUBACK, yet not all has its ack: what does the platform have? */
static void say_hello(struct conn *c)
{
	char hello[128];
	int64_t next = c->unheard ? c->quota : c->sent;
	int n = snprintf(hello, sizeof hello, "{\"hello\":{\"epoch\":\"%s\",\"first\":1,\"next\":%lld}}", c->who.epoch, (long long)next + 1);

	add_up(c, hello, (size_t)n);
	c->run->hellos++;
}

/* It has signal again. */
static void greet(struct conn *c)
{
	static const char here[] = "{\"online\":true,\"at\":0}";

	c->unheard = true;
	c->greetings = 2; /* their PUBACKs come before those of events */
	add_to(c, "presence", here, sizeof here - 1);
	say_hello(c);
}

static void watch(struct conn *c, bool write)
{
	struct run *r = c->run;
	struct epoll_event e = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};

	if (c->want_write == write)
		return;
	c->want_write = write;
	if (epoll_ctl(r->ep, EPOLL_CTL_MOD, c->fd, &e) < 0)
		load_fail("epoll", strerror(errno));
}

static void flush(struct conn *c)
{
	while (c->outpos < c->nout) {
		ssize_t n = send(c->fd, c->out + c->outpos, c->nout - c->outpos, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			load_fail(c->id, "connection lost");
		c->outpos += (size_t)n;
	}
	if (c->outpos == c->nout)
		c->outpos = c->nout = 0;
	watch(c, c->nout > 0);
}

/* Fills the window. */
static void pump(struct conn *c)
{
	struct run *r = c->run;
	while (c->state == READY && !c->unheard && c->inflight < r->o.window && c->sent < c->quota)
		add_publish(c);
}

static void start(struct conn *c)
{
	struct run *r = c->run;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)r->o.port)};
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};

	inet_pton(AF_INET, r->o.host, &a.sin_addr);
	if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		load_fail("socket", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
		load_fail("connect", strerror(errno));
	c->state = CONNECTING;
	c->want_write = true;
	r->connecting++;
	if (epoll_ctl(r->ep, EPOLL_CTL_ADD, c->fd, &e) < 0)
		load_fail("epoll", strerror(errno));
}

static void start_next(struct run *r)
{
	for (int i = 0; i < r->o.conns && r->connecting < CONNECTING_MAX; i++)
		if (r->conn[i].state == IDLE)
			start(&r->conn[i]);
}

/* Those whose moment has come; a listen backlog that is full is waited for, and the wait is theirs. */
static void start_due(struct run *r, int64_t now)
{
	while (r->next < r->o.conns && r->connecting < CONNECTING_MAX) {
		struct conn *c = &r->conn[r->next];
		int64_t due = r->first_ns + r->o.back_s * 1000000000 * r->next / r->o.conns;

		if (due > now)
			break;
		c->start_ns = due;
		start(c);
		r->next++;
	}
}

/* An ack of the platform. */
static void take_ack(struct conn *c, const char *p, size_t n)
{
	struct run *r = c->run;
	const char *u = memmem(p, n, "\"upto\":", 7);
	int64_t upto = 0;

	r->acks++;
	if (!u)
		return; /* {"type":"hello"} or {"type":"sync"} */
	for (u += 7; u < p + n && *u >= '0' && *u <= '9'; u++)
		upto = upto * 10 + (*u - '0');
	if (memmem(p, n, "\"status\":", 9))
		r->bad++;
	if (upto > c->sent)
		load_fail(c->id, "acknowledged what was not sent");
	if (upto > c->acked) {
		r->acked += upto - c->acked;
		c->acked = upto;
		if (upto == c->quota && c->start_ns)
			c->home_ns = load_now_ns() - c->start_ns;
	}
	c->unheard = false;
}

static void take_packet(struct conn *c, uint8_t type, const uint8_t *p, size_t n)
{
	struct run *r = c->run;
	switch (type >> 4) {
	case 2:
		if (n < 2 || p[1] != 0)
			load_fail(c->id, "the broker refused the connection");
		add_subscribe(c);
		break;
	case 9:
		if (n < 3 || p[2] > 2)
			load_fail(c->id, "the broker refused the subscription");
		c->state = READY;
		r->ready++;
		r->connecting--;
		if (r->o.back_s)
			greet(c);
		break;
	case 4:
		if (c->greetings) {
			c->greetings--;
			break;
		}
		if (c->hellos && c->inflight == 0) {
			c->hellos--;
			break;
		}
		c->inflight--;
		c->pubacked++;
		r->pubacked++;
		break;
	case 3: {
		size_t nt = n < 2 ? 0 : ((size_t)p[0] << 8 | p[1]);

		if (n < nt + 4)
			load_fail(c->id, "malformed publish");
		if (type & 6) {
			add_packet(c, 0x40, p + 2 + nt, 2);
			take_ack(c, (const char *)p + 4 + nt, n - nt - 4);
		} else {
			take_ack(c, (const char *)p + 2 + nt, n - nt - 2);
		}
		break;
	}
	default:
		break;
	}
}

static void on_read(struct conn *c)
{
	for (;;) {
		size_t pos = 0;
		ssize_t n;

		if (c->capin - c->nin < 2048) {
			c->capin = c->capin ? c->capin * 2 : 4096;
			if (c->capin > 16 * IN_MAX)
				load_fail(c->id, "packet too large");
			c->in = xrealloc(c->in, c->capin);
		}
		n = recv(c->fd, c->in + c->nin, c->capin - c->nin, 0);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			load_fail(c->id, "connection lost");
		c->nin += (size_t)n;
		while (c->nin - pos >= 2) {
			const uint8_t *p = (const uint8_t *)c->in + pos;
			size_t len = 0, h = 1;
			int shift = 0;

			while (h < c->nin - pos && h < 5) {
				len |= (size_t)(p[h] & 127) << shift;
				shift += 7;
				if (!(p[h++] & 128)) {
					shift = -1;
					break;
				}
			}
			if (shift != -1 || c->nin - pos < h + len)
				break;
			take_packet(c, p[0], p + h, len);
			pos += h + len;
		}
		memmove(c->in, c->in + pos, c->nin - pos);
		c->nin -= pos;
		if ((size_t)n < 2048)
			break;
	}
}

static void on_event(struct conn *c, uint32_t events)
{
	struct run *r = c->run;
	if (c->state == CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		int e = 0;
		socklen_t n = sizeof e;

		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n);
		if (e)
			load_fail(c->id, strerror(e));
		c->state = HANDSHAKE;
		add_connect(c);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		on_read(c);
	if (r->going && !r->o.rate)
		pump(c);
	flush(c);
}

static void rate_tick(struct run *r, int64_t now)
{
	int64_t due = (now - r->first_ns) * r->o.rate / 1000000000;

	if (due > r->o.events)
		due = r->o.events;
	for (int tried = 0; r->published < due && (due - r->published >= r->o.batch || due == r->o.events) && tried < r->o.conns;) {
		struct conn *c = &r->conn[r->next];

		r->next = (r->next + 1) % r->o.conns;
		if (c->inflight >= r->o.window || c->sent >= c->quota) {
			tried++;
			r->blocked += c->inflight >= r->o.window;
			continue;
		}
		tried = 0;
		add_publish(c);
		flush(c);
	}
}

static bool in_flight(const struct run *r)
{
	return r->pubacked < r->payloads;
}

static void greet_all(struct run *r)
{
	for (int i = 0; i < r->o.conns; i++) {
		struct conn *c = &r->conn[i];

		if (c->state != READY || c->inflight || (c->acked == c->sent && !c->unheard))
			continue;
		say_hello(c);
		c->hellos++; /* its PUBACK is no event's */
		flush(c);
	}
}

static void loop(struct run *r, int timer)
{
	struct epoll_event ev[256];
	int64_t goal = r->o.events, greeted_ns = 0;

	r->progress_ns = load_now_ns();
	for (;;) {
		int n = epoll_wait(r->ep, ev, 256, 1000);
		int64_t now, before = r->ready + r->pubacked + r->acked;

		if (n < 0 && errno != EINTR)
			load_fail("epoll", strerror(errno));
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr) {
				on_event(ev[i].data.ptr, ev[i].events);
			} else {
				uint64_t ticks;

				if (read(timer, &ticks, sizeof ticks) == (ssize_t)sizeof ticks && r->going)
					(r->o.back_s ? start_due : rate_tick)(r, load_now_ns());
			}
		}
		now = load_now_ns();
		if (r->ready + r->pubacked + r->acked != before)
			r->progress_ns = now;
		else if (now - r->progress_ns > STALL_NS)
			return;
		if (r->going && r->o.acks && now - r->progress_ns > HELLO_NS && now - greeted_ns > HELLO_NS) {
			greeted_ns = now;
			greet_all(r);
		}
		if (!r->going) {
			if (r->ready == r->o.conns)
				return;
			start_next(r);
		} else if (r->published == goal && (r->o.acks ? r->acked >= goal : !in_flight(r))) {
			r->last_ns = now;
			return;
		}
	}
}

static void read_devices(struct run *r)
{
	FILE *f = fopen(r->o.devices, "r");

	if (!f)
		load_fail(r->o.devices, strerror(errno));
	for (int i = 0; i < r->o.first; i++)
		if (fscanf(f, "%*s %*s") < 0)
			load_fail(r->o.devices, "too few lines");
	for (int i = 0; i < r->o.conns; i++) {
		struct conn *c = &r->conn[i];
		unsigned index = 0;

		if (fscanf(f, "%39s %63s", c->id, c->secret) != 2 || sscanf(c->id, "d-%5u", &index) != 1)
			load_fail(r->o.devices, "too few lines `d-NNNNN SECRET`");
		c->run = r;
		load_who_set(&c->who, index, (uint64_t)r->o.salt);
		c->quota = r->o.events / r->o.conns + (i < r->o.events % r->o.conns);
		c->fd = -1;
	}
	fclose(f);
}

static void options(struct run *r, int argc, char **argv)
{
	static const struct option o[] = {{"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"devices", 1, 0, 'd'},
		{"conns", 1, 0, 'c'}, {"events", 1, 0, 'e'}, {"bytes", 1, 0, 'b'}, {"batch", 1, 0, 'k'}, {"first", 1, 0, 'f'}, {"window", 1, 0, 'w'},
		{"rate", 1, 0, 'r'}, {"mix", 1, 0, 'm'}, {"at-base", 1, 0, 'a'}, {"salt", 1, 0, 's'},
		{"stamps", 1, 0, 't'}, {"step", 1, 0, 'S'}, {"no-acks", 0, 0, 'n'}, {"wait", 0, 0, 'W'}, {"return", 1, 0, 'R'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", o, NULL)) != -1) {
		switch (c) {
		case 'h': r->o.host = optarg; break;
		case 'p': r->o.port = atoi(optarg); break;
		case 'd': r->o.devices = optarg; break;
		case 'c': r->o.conns = atoi(optarg); break;
		case 'e': r->o.events = atoll(optarg); break;
		case 'b': r->o.bytes = atoi(optarg); break;
		case 'k': r->o.batch = atoi(optarg); break;
		case 'f': r->o.first = atoi(optarg); break;
		case 'w': r->o.window = atoi(optarg); break;
		case 'r': r->o.rate = atoll(optarg); break;
		case 'm': r->o.mix = !strcmp(optarg, "inspect") ? LOAD_INSPECTIONS : !strcmp(optarg, "hazard") ? LOAD_HAZARDS : LOAD_PATROLS; break;
		case 'a': r->o.at_base = atoll(optarg); break;
		case 's': r->o.salt = atoll(optarg); break;
		case 't': r->o.stamps = optarg; break;
		case 'S': r->o.step = atoll(optarg); break;
		case 'R': r->o.back_s = atoll(optarg); break;
		case 'n': r->o.acks = false; break;
		case 'W': r->o.wait = true; break;
		default: exit(2);
		}
	}
	if (!r->o.devices || r->o.conns < 1 || r->o.events < r->o.conns || r->o.window < 1 || r->o.window > WINDOW_MAX ||
		r->o.batch < 1 || r->o.step < 1 || (r->o.back_s && (r->o.rate || !r->o.acks)) || r->o.batch > BATCH_MAX || r->o.bytes < 1 || r->o.bytes > LOAD_EVENT_MAX)
		load_fail("usage", "b_publish --devices FILE --port P ...; see the head of b_publish.c");
	if (!r->o.at_base)
		r->o.at_base = ((int64_t)time(NULL) - 3600) * 1000;
}

static int order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* ms from the connect of a device until all that it brought is acknowledged */
static double home_ms(const struct run *r, double q)
{
	int64_t *t = xcalloc((size_t)r->o.conns, sizeof *t);
	double ms;

	for (int i = 0; i < r->o.conns; i++)
		t[i] = r->conn[i].home_ns;
	qsort(t, (size_t)r->o.conns, sizeof *t, order);
	ms = (double)t[(size_t)((double)(r->o.conns - 1) * q)] / 1e6;
	free(t);
	return ms;
}

int main(int argc, char **argv)
{
	struct run run = {.o = {.host = "127.0.0.1", .port = 1883, .conns = 100, .window = 20, .bytes = 300, .batch = 1, .step = 1, .events = 100000, .acks = true}};
	struct run *r = &run;
	struct rlimit rl;
	int64_t cpu0;
	int timer;
	double s;
	bool whole;

	options(r, argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	r->conn = xcalloc((size_t)r->o.conns, sizeof *r->conn);
	read_devices(r);
	if (r->o.stamps) {
		int fd = open(r->o.stamps, O_RDWR | O_CREAT, 0600);

		if (fd < 0 || ftruncate(fd, r->o.events * r->o.step * 8) < 0)
			load_fail(r->o.stamps, strerror(errno));
		r->stamp = mmap(NULL, (size_t)(r->o.events * r->o.step) * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (r->stamp == MAP_FAILED)
			load_fail(r->o.stamps, strerror(errno));
		close(fd);
	}
	if ((r->ep = epoll_create1(EPOLL_CLOEXEC)) < 0)
		load_fail("epoll", strerror(errno));
	if (!r->o.back_s) {
		start_next(r);
		loop(r, -1);
		if (r->ready < r->o.conns)
			load_fail("connect", "not all devices could connect and subscribe");
	}
	if (r->o.wait) {
		char b;

		printf("{\"ready\":true}\n");
		fflush(stdout);
		if (read(0, &b, 1) < 0)
			load_fail("stdin", strerror(errno));
	}
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (r->o.rate || r->o.back_s) {
		struct itimerspec it = {{0, 1000000}, {0, 1000000}};
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};

		timerfd_settime(timer, 0, &it, NULL);
		epoll_ctl(r->ep, EPOLL_CTL_ADD, timer, &e);
	}
	r->going = true;
	cpu0 = load_cpu_ns();
	r->first_ns = load_now_ns();
	for (int i = 0; !r->o.rate && !r->o.back_s && i < r->o.conns; i++) {
		pump(&r->conn[i]);
		flush(&r->conn[i]);
	}
	loop(r, timer);
	whole = r->last_ns != 0;
	if (!whole)
		r->last_ns = load_now_ns();
	s = (double)(r->last_ns - r->first_ns) / 1e9;
	printf("{\"events\":%lld,\"published\":%lld,\"pubacked\":%lld,\"acked\":%lld,\"acks\":%lld,\"hellos\":%lld,\"otherwise\":%lld,"
	       "\"home_p50_ms\":%.1f,\"home_p95_ms\":%.1f,\"home_max_ms\":%.1f,\"blocked\":%lld,\"first_ns\":%lld,\"last_ns\":%lld,\"seconds\":%.6f,\"rate\":%.1f,\"cpu_s\":%.3f}\n",
		(long long)r->o.events, (long long)r->published, (long long)r->pubacked, (long long)r->acked, (long long)r->acks, (long long)r->hellos,
		(long long)r->bad, home_ms(r, 0.5), home_ms(r, 0.95), home_ms(r, 1), (long long)r->blocked, (long long)r->first_ns, (long long)r->last_ns, s,
		(double)r->acked / s, (double)(load_cpu_ns() - cpu0) / 1e9);
	return whole && r->bad == 0 ? 0 : 1;
}
