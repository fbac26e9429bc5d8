/* b_wsclients.c - many WebSocket clients in one epoll loop, and how late what they get is.
 *
 *   b_wsclients --port P --stamps FILE --count N [--clients C] [--path /x] [--protocol X] [--origin O]
 *               [--cookie C] [--hello JSON] [--at-base MS] [--alerts] [--bell SOCKET] [--record FILE]
 *
 * Says {"ready":true} when all clients are through their upgrade and, with --hello, have had their
 * first message.  A byte `g` on standard input begins the measurement, `q` or its end closes it
 * and prints one line of JSON.
 * --stamps: int64 monotonic ns, shared with whoever sends, of the moment that a latency counts from.
 *   With --at-base: index of an event = its `at` - at-base; each event counts once for each client.
 *   --alerts: of the rows of alerts alone; those of mix "hazard" are expected (load.h).
 *   Without: index = `commit` of a frame that holds a `feed` member.
 * --bell: listens at the local door of ingest as well and stamps each commit when its bell rings.
 * --record: the frames that the first client gets while it is measured, one a line:
 *   ns since `g`, tab, frame. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "tests/bench/load.h"

#define CONNECTING_MAX 64
#define FRAME_MAX (16 * 1024 * 1024)

enum state { IDLE, CONNECTING, UPGRADE, OPEN, READY, GONE };

struct client {
	int fd, index;
	enum state state;
	char *in;
	size_t nin, cap;
	struct buf part; /* of a message in several frames */
	int64_t frames, events;
	uint8_t *seen; /* bits: events had */
};

struct run {
	const char *path, *protocol, *origin, *cookie, *hello, *stamps, *bell, *record;
	int port, clients;
	int64_t count, at_base;
	bool alerts;
	int ep, connecting, ready, gone;
	struct client *c;
	int64_t *stamp;
	bool going;
	int64_t go_ns, deliveries, bytes, snapshots, unstamped;
	int32_t *sample; /* microseconds */
	size_t n, cap;
	FILE *out;
};

static void sample(struct run *r, int64_t stamp, int64_t now)
{
	if (stamp == 0 || stamp > now) {
		r->unstamped++;
		return;
	}
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 65536;
		r->sample = xrealloc(r->sample, r->cap * sizeof *r->sample);
	}
	r->sample[r->n++] = (int32_t)((now - stamp) / 1000);
}

static int64_t number(const char *p, const char *end)
{
	int64_t v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (*p - '0');
	return v;
}

static void events_of(struct run *r, struct client *c, const char *p, const char *end, int64_t now)
{
	while ((p = memmem(p, (size_t)(end - p), "\"at\":", 5))) {
		int64_t i = number(p + 5, end) - r->at_base;

		p += 5;
		if (i < 0 || i >= r->count || c->seen[i / 8] & (1 << (i % 8)))
			continue;
		c->seen[i / 8] |= (uint8_t)(1 << (i % 8));
		c->events++;
		sample(r, r->stamp[i], now);
	}
}

static void take_message(struct run *r, struct client *c, const char *p, size_t n, int64_t now)
{
	const char *end = p + n, *m;

	if (c->state == OPEN) {
		c->state = READY;
		r->ready++;
		r->connecting--;
	}
	if (!r->going)
		return;
	c->frames++;
	r->deliveries++;
	r->bytes += (int64_t)n;
	if (c->index == 0 && r->out)
		fprintf(r->out, "%lld\t%.*s\n", (long long)(now - r->go_ns), (int)n, p);
	if (memmem(p, n < 64 ? n : 64, "\"snapshot\"", 10)) {
		r->snapshots++;
		return;
	}
	if (r->alerts) {
		if (!(p = memmem(p, n, "\"alerts\":[", 10)) || !(m = memmem(p, (size_t)(end - p), "}]", 2)))
			return;
		events_of(r, c, p, m, now);
	} else if (r->at_base) {
		events_of(r, c, p, end, now);
	} else if (memmem(p, n, "\"feed\":", 7) && (m = memmem(p, n, "\"commit\":", 9))) {
		int64_t i = number(m + 9, end);

		if (i >= 0 && i < r->count)
			sample(r, r->stamp[i], now);
	}
}

static void send_all(struct client *c, const char *p, size_t n)
{
	if (send(c->fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		load_fail("send", strerror(errno));
}

static void send_text(struct client *c, uint8_t opcode, const char *text, size_t n)
{
	char f[4096 + 8];
	size_t h = 2;

	if (n > 4096)
		load_fail("hello", "too long");
	f[0] = (char)(0x80 | opcode);
	if (n < 126) {
		f[1] = (char)(0x80 | n);
	} else {
		f[1] = (char)(0x80 | 126);
		f[2] = (char)(n >> 8);
		f[3] = (char)n;
		h = 4;
	}
	memset(f + h, 0, 4); /* masked with zeros */
	memcpy(f + h + 4, text, n);
	send_all(c, f, h + 4 + n);
}

static void start_next(struct run *r)
{
	for (int i = 0; i < r->clients && r->connecting < CONNECTING_MAX; i++) {
		struct client *c = &r->c[i];
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)r->port)};
		struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};

		if (c->state != IDLE)
			continue;
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
			load_fail("socket", strerror(errno));
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
			load_fail("connect", strerror(errno));
		c->state = CONNECTING;
		r->connecting++;
		if (epoll_ctl(r->ep, EPOLL_CTL_ADD, c->fd, &e) < 0)
			load_fail("epoll", strerror(errno));
	}
}

static void connected(struct run *r, struct client *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	char q[2048];
	int n, err = 0;
	socklen_t len = sizeof err;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err)
		load_fail("connect", strerror(err));
	n = snprintf(q, sizeof q, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: %s\r\nOrigin: %s\r\n%s%s%s\r\n", r->path, r->port, r->protocol, r->origin,
		r->cookie ? "Cookie: " : "", r->cookie ? r->cookie : "", r->cookie ? "\r\n" : "");
	if (n >= (int)sizeof q)
		load_fail("upgrade", "request too long");
	send_all(c, q, (size_t)n);
	c->state = UPGRADE;
	if (epoll_ctl(r->ep, EPOLL_CTL_MOD, c->fd, &e) < 0)
		load_fail("epoll", strerror(errno));
}

static size_t upgraded(struct run *r, struct client *c)
{
	char *end = memmem(c->in, c->nin, "\r\n\r\n", 4);

	if (!end)
		return 0;
	if (c->nin < 12 || memcmp(c->in, "HTTP/1.1 101", 12) != 0)
		load_fail("upgrade refused", (c->in[c->nin < 64 ? c->nin - 1 : 64] = 0, c->in));
	c->state = OPEN;
	if (r->hello) {
		send_text(c, 1, r->hello, strlen(r->hello));
	} else {
		c->state = READY;
		r->ready++;
		r->connecting--;
	}
	return (size_t)(end - c->in) + 4;
}

/* One frame at the start of p, 0: not whole yet. */
static size_t frame(struct run *r, struct client *c, char *p, size_t n, int64_t now)
{
	const uint8_t *b = (const uint8_t *)p;
	uint64_t len;
	size_t h = 2;

	if (n < 2)
		return 0;
	len = b[1] & 127;
	if (len == 126) {
		if (n < 4)
			return 0;
		len = (uint64_t)b[2] << 8 | b[3];
		h = 4;
	} else if (len == 127) {
		if (n < 10)
			return 0;
		len = 0;
		for (int i = 2; i < 10; i++)
			len = len << 8 | b[i];
		h = 10;
	}
	if (len > FRAME_MAX || b[1] & 128 || b[0] & 0x70)
		load_fail("frame", "not one that a server may send");
	if (n < h + len)
		return 0;
	switch (b[0]) {
	case 0x81:
		take_message(r, c, p + h, (size_t)len, now);
		break;
	case 0x01:
	case 0x00:
	case 0x80:
		buf_add(&c->part, p + h, (size_t)len);
		if (c->part.n > FRAME_MAX)
			load_fail("frame", "message too long");
		if (b[0] == 0x80) {
			take_message(r, c, c->part.p, c->part.n, now);
			buf_done(&c->part);
		}
		break;
	case 0x89:
		send_text(c, 10, p + h, (size_t)len);
		break;
	case 0x8a:
		break;
	case 0x88:
		c->state = GONE;
		r->gone++;
		break;
	default:
		load_fail("frame", "binary, or none that there is");
	}
	return h + (size_t)len;
}

static void on_read(struct run *r, struct client *c)
{
	size_t pos = 0, k;
	ssize_t n;
	int64_t now;

	if (c->cap - c->nin < 4096) {
		c->cap = c->cap ? c->cap * 2 : 16384;
		c->in = xrealloc(c->in, c->cap);
	}
	n = recv(c->fd, c->in + c->nin, c->cap - c->nin, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		if (!r->going)
			load_fail("connection lost", n < 0 ? strerror(errno) : "closed");
		epoll_ctl(r->ep, EPOLL_CTL_DEL, c->fd, NULL);
		r->gone += c->state != GONE;
		c->state = GONE;
		return;
	}
	now = load_now_ns();
	c->nin += (size_t)n;
	if (c->state == UPGRADE)
		pos = upgraded(r, c);
	while (c->state >= OPEN && c->state != GONE && (k = frame(r, c, c->in + pos, c->nin - pos, now)))
		pos += k;
	memmove(c->in, c->in + pos, c->nin - pos);
	c->nin -= pos;
}

/* The bell, as the server hears it. */
static void *ring(void *ctx)
{
	struct run *r = ctx;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char b[65536];
	size_t n = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", r->bell);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		load_fail(r->bell, strerror(errno));
	if (send(fd, "{\"op\":\"listen\"}\n", 16, MSG_NOSIGNAL) != 16)
		load_fail(r->bell, strerror(errno));
	for (;;) {
		ssize_t k = recv(fd, b + n, sizeof b - n, 0);
		int64_t now = load_now_ns();
		char *line = b, *end;

		if (k <= 0)
			return NULL;
		n += (size_t)k;
		while ((end = memchr(line, '\n', n - (size_t)(line - b)))) {
			char *m = memmem(line, (size_t)(end - line), "\"commit\":", 9);
			int64_t i = m ? number(m + 9, end) : -1;

			if (i >= 0 && i < r->count)
				__atomic_store_n(&r->stamp[i], now, __ATOMIC_RELEASE);
			line = end + 1;
		}
		n -= (size_t)(line - b);
		memmove(b, line, n);
	}
}

static int order(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* What never came (a feed shows the last 50 rows: a burst beyond them is not told) counts as the latest of all. */
static double quantile(const struct run *r, double q)
{
	size_t each = (size_t)r->count / (r->alerts ? LOAD_HAZARD_EVERY : 1);
	size_t all = r->at_base ? each * (size_t)r->clients : r->n, i = (size_t)((double)(all - 1) * q);

	return r->n ? r->sample[i < r->n ? i : r->n - 1] / 1e3 : -1;
}

static void report(struct run *r)
{
	int64_t lo = INT64_MAX, hi = 0, events = 0;

	for (int i = 0; i < r->clients; i++) {
		lo = r->c[i].frames < lo ? r->c[i].frames : lo;
		hi = r->c[i].frames > hi ? r->c[i].frames : hi;
		events += r->c[i].events;
	}
	qsort(r->sample, r->n, sizeof *r->sample, order);
	printf("{\"clients\":%d,\"deliveries\":%lld,\"frames_min\":%lld,\"frames_max\":%lld,\"bytes\":%lld,\"events\":%lld,"
	       "\"snapshots\":%lld,\"gone\":%d,\"unstamped\":%lld,\"samples\":%zu,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"seconds\":%.3f}\n", r->clients, (long long)r->deliveries, (long long)lo, (long long)hi,
		(long long)r->bytes, (long long)events, (long long)r->snapshots, r->gone, (long long)r->unstamped, r->n,
		quantile(r, 0.5), quantile(r, 0.9), quantile(r, 0.95), quantile(r, 0.99), quantile(r, 1), (double)(load_now_ns() - r->go_ns) / 1e9);
	fflush(stdout);
}

static void loop(struct run *r)
{
	struct epoll_event ev[256], in = {.events = EPOLLIN, .data.ptr = NULL};
	bool told = false;

	epoll_ctl(r->ep, EPOLL_CTL_ADD, 0, &in);
	for (;;) {
		int n;

		if (r->ready < r->clients)
			start_next(r);
		n = epoll_wait(r->ep, ev, 256, -1);
		if (n < 0 && errno != EINTR)
			load_fail("epoll", strerror(errno));
		for (int i = 0; i < n; i++) {
			struct client *c = ev[i].data.ptr;
			char b = 'q';

			if (c && c->state == CONNECTING)
				connected(r, c);
			else if (c)
				on_read(r, c);
			else if (read(0, &b, 1) <= 0 || b == 'q')
				return;
			else if (b == 'g' && !r->going) {
				r->going = true;
				r->go_ns = load_now_ns();
			}
		}
		if (!told && r->ready == r->clients) {
			told = true;
			printf("{\"ready\":true}\n");
			fflush(stdout);
		}
	}
}

static void options(struct run *r, int argc, char **argv)
{
	static const struct option o[] = {{"port", 1, 0, 'p'}, {"clients", 1, 0, 'c'}, {"path", 1, 0, 'P'},
		{"protocol", 1, 0, 'x'}, {"origin", 1, 0, 'o'}, {"cookie", 1, 0, 'k'}, {"hello", 1, 0, 'h'},
		{"stamps", 1, 0, 's'}, {"count", 1, 0, 'n'}, {"at-base", 1, 0, 'a'}, {"alerts", 0, 0, 'A'}, {"bell", 1, 0, 'b'},
		{"record", 1, 0, 'r'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", o, NULL)) != -1) {
		switch (c) {
		case 'p': r->port = atoi(optarg); break;
		case 'c': r->clients = atoi(optarg); break;
		case 'P': r->path = optarg; break;
		case 'x': r->protocol = optarg; break;
		case 'o': r->origin = optarg; break;
		case 'k': r->cookie = optarg; break;
		case 'h': r->hello = optarg; break;
		case 's': r->stamps = optarg; break;
		case 'A': r->alerts = true; break;
		case 'n': r->count = atoll(optarg); break;
		case 'a': r->at_base = atoll(optarg); break;
		case 'b': r->bell = optarg; break;
		case 'r': r->record = optarg; break;
		default: exit(2);
		}
	}
	if (!r->port || !r->stamps || r->count < 1 || r->clients < 1)
		load_fail("usage", "b_wsclients --port P --stamps FILE --count N ...; see the head of b_wsclients.c");
}

int main(int argc, char **argv)
{
	struct run r = {.path = "/", .protocol = "xunge.live.v1", .origin = "http://127.0.0.1", .clients = 1};
	struct rlimit rl;
	pthread_t bell;
	int fd;

	options(&r, argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	fd = open(r.stamps, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, r.count * 8) < 0)
		load_fail(r.stamps, strerror(errno));
	r.stamp = mmap(NULL, (size_t)r.count * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r.stamp == MAP_FAILED)
		load_fail(r.stamps, strerror(errno));
	if (r.record && !(r.out = fopen(r.record, "we")))
		load_fail(r.record, strerror(errno));
	r.c = xcalloc((size_t)r.clients, sizeof *r.c);
	for (int i = 0; i < r.clients; i++) {
		r.c[i].index = i;
		if (r.at_base)
			r.c[i].seen = xcalloc((size_t)r.count / 8 + 1, 1);
	}
	if ((r.ep = epoll_create1(EPOLL_CLOEXEC)) < 0)
		load_fail("epoll", strerror(errno));
	if (r.bell && pthread_create(&bell, NULL, ring, &r) != 0)
		load_fail("thread", "cannot start");
	loop(&r);
	report(&r);
	if (r.out && fclose(r.out) != 0)
		load_fail(r.record, strerror(errno));
	return r.gone ? 1 : 0;
}
