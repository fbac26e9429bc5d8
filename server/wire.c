#include "server/wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

_Static_assert(FRAME_ROOM >= LWS_PRE, "room for the header that libwebsockets writes");

#define AGAIN_MS 5          /* until a descriptor of ours may write once more */
#define TURN_BYTES (256 * 1024) /* of one response at one go: the others get their turn */
#define LINGER_MS 2000      /* after an early answer: until the peer has read it */
#define SEND_BUFFER (128 * 1024) /* so large that a piece always fits when the socket is writable */
#define UNACKED_MS 60000    /* a peer that acknowledges nothing so long is gone */
#define HEADERS 10
#define TUS_HEADERS 8

enum exchange_state {
	READING,   /* the body */
	THINKING,  /* the answer comes later */
	SENDING,   /* head and body */
	LINGERING, /* early answer sent, the rest of the body is thrown away */
};

struct exchange { /* one request and its answer */
	struct exchange *next, **at;
	struct wire *wire;
	struct lws *wsi;
	struct conn *conn;
	enum exchange_state state;
	struct request rq;
	struct response rs;
	char *own[HEADERS + 4], *tus[TUS_HEADERS]; /* texts that rq points to */
	char peer[64];
	struct buf body, head;
	size_t want, sent; /* bytes of the body; of head and answer */
	size_t got;        /* bytes of a body that streams */
	int64_t began_mono_ms, deadline_mono_ms;
	bool blocked;
	bool starved; /* of a stream: the next piece was asked for */
	bool last;    /* of a stream: no other piece comes */
};

struct conn { /* per connection, zeroed by the library */
	struct exchange *x;
};

struct wire_watch {
	struct wire_watch *next, **at;
	struct wire *wire;
	struct lws *wsi;
	struct wire_fd calls;
	int fd;
	bool writing, again; /* inside writable; it wants to write once more */
};

struct wire {
	struct wire_conf conf;
	struct wire_calls calls;
	struct wire_counts counts;
	struct lws_context *cx;
	struct lws_vhost *vh;
	struct wire_watch *watches;
	int timer;      /* timerfd, -1 */
	size_t nagain;  /* of the watches */
	struct exchange *first;
	int blocked;    /* epoll of the sockets that blocked responses wait for */
	struct map by_ticket; /* exchanges that are answered later */
	uint64_t tickets;
	int64_t alarm_mono_ms, set_mono_ms;
	rlim_t fds;
	bool closing;
	unsigned char piece[LWS_PRE + WIRE_PIECE + 4096];
};

static struct wire *wire_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

/* ------------------------------------------------------------------ timer */

static void set_timer(struct wire *w)
{
	int64_t due = w->alarm_mono_ms, now = clock_mono_ms(); /* deadlines: at each alarm is soon enough */
	struct itimerspec it = {{0, 0}, {0, 0}};

	if (w->nagain && now + AGAIN_MS < due)
		due = now + AGAIN_MS;
	if (due == w->set_mono_ms || w->timer < 0)
		return;
	w->set_mono_ms = due;
	it.it_value.tv_sec = due / 1000;
	it.it_value.tv_nsec = due % 1000 * 1000000 + 1; /* 0 would switch it off */
	if (timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &it, NULL) < 0)
		die("wire: timerfd_settime: %s", strerror(errno));
}

void wire_alarm(struct wire *w, int64_t mono_ms)
{
	w->alarm_mono_ms = mono_ms;
	set_timer(w);
}

/* ------------------------------------------------------------------ requests */

static const struct {
	enum lws_token_indexes token;
	size_t at;
} headers[HEADERS] = {
	{WSI_TOKEN_HOST, offsetof(struct request, host)},
	{WSI_TOKEN_ORIGIN, offsetof(struct request, origin)},
	{WSI_TOKEN_HTTP_COOKIE, offsetof(struct request, cookie)},
	{WSI_TOKEN_HTTP_CONTENT_TYPE, offsetof(struct request, type)},
	{WSI_TOKEN_HTTP_IF_NONE_MATCH, offsetof(struct request, if_none_match)},
	{WSI_TOKEN_HTTP_IF_MATCH, offsetof(struct request, if_match)},
	{WSI_TOKEN_HTTP_ACCEPT_ENCODING, offsetof(struct request, accept_encoding)},
	{WSI_TOKEN_HTTP_AUTHORIZATION, offsetof(struct request, authorization)},
	{WSI_TOKEN_PROTOCOL, offsetof(struct request, protocols)},
	{WSI_TOKEN_VERSION, offsetof(struct request, version)},
};

static const struct {
	const char *name;
	size_t at;
} tus_headers[TUS_HEADERS] = {
	{"tus-resumable:", offsetof(struct tus_headers, version)},
	{"upload-length:", offsetof(struct tus_headers, length)},
	{"upload-defer-length:", offsetof(struct tus_headers, defer)},
	{"upload-offset:", offsetof(struct tus_headers, offset)},
	{"upload-metadata:", offsetof(struct tus_headers, metadata)},
	{"upload-checksum:", offsetof(struct tus_headers, checksum)},
	{"upload-concat:", offsetof(struct tus_headers, concat)},
	{"x-http-method-override:", offsetof(struct tus_headers, method)},
};

static char *header(struct lws *wsi, enum lws_token_indexes token)
{
	int n = lws_hdr_total_length(wsi, token);
	char *p;

	if (n <= 0)
		return NULL;
	p = xcalloc(1, (size_t)n + 1);
	if (lws_hdr_copy(wsi, p, n + 1, token) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

static char *custom_header(struct lws *wsi, const char *name)
{
	int n = lws_hdr_custom_length(wsi, name, (int)strlen(name));
	char *p;

	if (n <= 0)
		return NULL;
	p = xcalloc(1, (size_t)n + 1);
	if (lws_hdr_custom_copy(wsi, p, n + 1, name, (int)strlen(name)) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

/* The library cuts the query at each &; it holds no header that is longer than this, all of a request together. */
#define HEADERS_BYTES_MAX 8192

/* The library gives each pair with its %XX read already, and `+` as it stands (also for %2B: so it is never a space, as in
 * +08:00): encoded again, so that what reads the query reads it once. */
static char *query(struct lws *wsi)
{
	struct buf b = {0};
	char part[HEADERS_BYTES_MAX + 1]; /* a pair that did not fit would end the query here, and with it the filter */
	int n;

	for (int i = 0; (n = lws_hdr_copy_fragment(wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0; i++) {
		if (n == 0) /* && */
			continue;
		if (b.n)
			buf_addc(&b, '&');
		for (int k = 0, eq = 0; k < n; k++) {
			unsigned char c = (unsigned char)part[k];

			if (c > ' ' && c < 0x7f && !strchr("%&+#=", c))
				buf_addc(&b, part[k]);
			else if (c == '=' && !eq++)
				buf_addc(&b, '=');
			else
				buf_addf(&b, "%%%02X", c);
		}
	}
	return b.p;
}

static bool method_of(struct lws *wsi, enum http_method *m, char **path)
{
	static const enum http_method methods[] = {
		[LWSHUMETH_GET] = HTTP_GET, [LWSHUMETH_POST] = HTTP_POST, [LWSHUMETH_OPTIONS] = HTTP_OPTIONS,
		[LWSHUMETH_PUT] = HTTP_PUT, [LWSHUMETH_PATCH] = HTTP_PATCH, [LWSHUMETH_DELETE] = HTTP_DELETE,
		[LWSHUMETH_HEAD] = HTTP_HEAD,
	};
	int n, len;
	char *uri;

	n = lws_http_get_uri_and_method(wsi, &uri, &len);
	if (n < 0 || n == LWSHUMETH_CONNECT || n >= (int)ARRAY_LEN(methods) || !uri)
		return false;
	*m = methods[n];
	*path = xstrndup(uri, (size_t)len);
	return true;
}

static bool is_loopback(const char *peer)
{
	return strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strncmp(peer, "::ffff:127.", 11) == 0;
}

/* While a response cannot go on, input is off (the library would spin on it) and so is the
 * library's own interest in writing (with input off, it would spin on that): an epoll of ours says
 * when to go on. */
static void set_blocked(struct exchange *x, bool blocked)
{
	struct epoll_event ev = {.events = EPOLLOUT | EPOLLONESHOT, .data.ptr = x};

	if (x->blocked == blocked)
		return;
	x->blocked = blocked;
	if (epoll_ctl(x->wire->blocked, blocked ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, lws_get_socket_fd(x->wsi), &ev) < 0)
		x->deadline_mono_ms = 0; /* no descriptor or no memory for it: the next sweep closes it */
}

static void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	set_blocked(x, false);
	if (x->rq.ticket)
		(void)map_take(&x->wire->by_ticket, &x->rq.ticket, sizeof x->rq.ticket);
	if (x->conn)
		x->conn->x = NULL;
	*x->at = x->next;
	if (x->next)
		x->next->at = x->at;
	if (x->rq.sink.ctx)
		x->rq.sink.gone(x->rq.sink.ctx);
	for (size_t i = 0; i < ARRAY_LEN(x->own); i++)
		free(x->own[i]);
	for (size_t i = 0; i < TUS_HEADERS; i++)
		free(x->tus[i]);
	if (x->rs.streams)
		x->rs.stream.gone(x->rs.stream.ctx);
	response_done(&x->rs);
	buf_done(&x->body);
	buf_done(&x->head);
	free(x);
}

/* NULL: no request that we can read. */
static struct exchange *exchange_new(struct lws *wsi, struct conn *conn)
{
	struct wire *w = wire_of(wsi);
	struct exchange *x = xcalloc(1, sizeof *x);
	struct request *rq = &x->rq;

	x->wire = w;
	x->wsi = wsi;
	x->conn = conn;
	x->at = &w->first;
	x->next = w->first;
	if (x->next)
		x->next->at = &x->next;
	w->first = x;
	x->began_mono_ms = clock_mono_ms();
	x->deadline_mono_ms = x->began_mono_ms + WIRE_REQUEST_MS;
	if (!method_of(wsi, &rq->method, &x->own[HEADERS])) {
		exchange_free(x);
		return NULL;
	}
	rq->path = x->own[HEADERS];
	for (size_t i = 0; i < HEADERS; i++) {
		x->own[i] = header(wsi, headers[i].token);
		*(const char **)((char *)rq + headers[i].at) = x->own[i];
	}
	rq->csrf = x->own[HEADERS + 1] = custom_header(wsi, "x-csrf-token:");
	rq->query = x->own[HEADERS + 2] = query(wsi);
	for (size_t i = 0; i < TUS_HEADERS && strncmp(rq->path, "/api/v1/files", 13) == 0; i++) {
		x->tus[i] = custom_header(wsi, tus_headers[i].name);
		*(const char **)((char *)&rq->tus + tus_headers[i].at) = x->tus[i];
	}
	rq->idempotency_key = x->own[HEADERS + 3] = custom_header(wsi, "idempotency-key:");
	lws_get_peer_simple(wsi, x->peer, sizeof x->peer);
	rq->peer = x->peer;
	rq->tls = w->conf.cert != NULL;
	rq->local = is_loopback(x->peer) && lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) <= 0 &&
		lws_hdr_custom_length(wsi, "forwarded:", 10) <= 0;
	w->counts.requests++;
	return x;
}

/* ------------------------------------------------------------------ responses */

/* One chunk (RFC 9112, 7.1), and the end of all when it is the last. */
static void frame_chunk(struct buf *piece, bool last)
{
	struct buf b = {0};

	if (piece->n) {
		buf_reserve(&b, piece->n + 32);
		buf_addf(&b, "%zx\r\n", piece->n);
		buf_add(&b, piece->p, piece->n);
		buf_adds(&b, "\r\n");
	}
	if (last)
		buf_adds(&b, "0\r\n\r\n");
	buf_done(piece);
	*piece = b;
}

/* All of a piece is written: the next one.  Until it comes, the input is off, as when the socket is full, and nothing
 * is to be written. */
static void ask_more(struct exchange *x)
{
	x->starved = true;
	x->deadline_mono_ms = clock_mono_ms() + WIRE_RESPONSE_MS;
	lws_rx_flow_control(x->wsi, 0);
	x->rs.stream.next(x->rs.stream.ctx);
}

static struct exchange *starved(struct wire *w, uint64_t ticket)
{
	struct exchange *x = map_get(&w->by_ticket, &ticket, sizeof ticket);

	return x && x->rs.streams && x->starved ? x : NULL;
}

/* The input of such a connection is off, so that the library does not see its peer leave. */
static bool has_left(struct lws *wsi)
{
	struct pollfd p = {.fd = lws_get_socket_fd(wsi), .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

bool wire_wait(struct wire *w, uint64_t ticket)
{
	struct exchange *x = map_get(&w->by_ticket, &ticket, sizeof ticket);

	if (!x || has_left(x->wsi))
		return false;
	x->deadline_mono_ms = clock_mono_ms() + (x->rs.streams ? WIRE_RESPONSE_MS : WIRE_LATER_MS);
	return true;
}

void wire_more(struct wire *w, uint64_t ticket, struct buf *piece, bool last)
{
	struct exchange *x = starved(w, ticket);

	if (!x) {
		buf_done(piece);
		return;
	}
	x->starved = false;
	x->last = last;
	frame_chunk(piece, last);
	buf_done(&x->rs.body);
	x->rs.body = *piece;
	*piece = (struct buf){0};
	x->sent = x->head.n; /* the head went before */
	x->deadline_mono_ms = clock_mono_ms() + WIRE_RESPONSE_MS;
	lws_rx_flow_control(x->wsi, 1);
	lws_callback_on_writable(x->wsi);
}

void wire_break(struct wire *w, uint64_t ticket)
{
	struct exchange *x = starved(w, ticket);

	if (x)
		lws_set_timeout(x->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* As much as the socket takes.  Returns what the library's callback must return. */
static int exchange_write(struct exchange *x)
{
	struct wire *w = x->wire;
	struct slice body = response_body(&x->rs);
	size_t total = x->head.n + (x->rq.method == HTTP_HEAD ? 0 : body.n), turn = 0;
	struct lws *wsi = x->wsi;
	bool close;

	while (x->sent < total && turn < TURN_BYTES && !lws_send_pipe_choked(wsi)) {
		unsigned char *p = w->piece + LWS_PRE;
		size_t n = 0, off;

		if (x->sent < x->head.n) {
			n = x->head.n - x->sent;
			if (n > 4096)
				n = 4096;
			memcpy(p, x->head.p + x->sent, n);
		}
		if (x->sent + n >= x->head.n && x->sent + n < total) {
			size_t m = total - x->sent - n;

			off = x->sent + n - x->head.n;
			if (m > WIRE_PIECE)
				m = WIRE_PIECE;
			memcpy(p + n, body.p + off, m);
			n += m;
		}
		if (lws_write(wsi, p, n, LWS_WRITE_HTTP) < 0)
			return -1;
		x->sent += n;
		turn += n;
	}
	/* Also with all of it written: between two exchanges the library would hold the input of a peer that asks
	 * on without reading, want to write, and spin.  The exchange ends when the socket takes more. */
	if (x->sent < total || (!x->rs.close && lws_send_pipe_choked(wsi))) {
		set_blocked(x, true);
		lws_rx_flow_control(wsi, 0);
		return 0;
	}
	if (x->rs.streams && !x->last) {
		ask_more(x);
		return 0;
	}
	w->counts.responses[x->rs.status / 100 < 6 ? x->rs.status / 100 : 5]++;
	if (x->rs.close && x->want > x->body.n && !x->rq.tls) {
		/* Closed with unread input, the socket would throw our answer away. */
		x->state = LINGERING;
		x->deadline_mono_ms = clock_mono_ms() + LINGER_MS;
		shutdown(lws_get_socket_fd(wsi), SHUT_WR);
		return 0;
	}
	close = x->rs.close;
	exchange_free(x);
	if (close)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* Sends what x->rs says. */
static int exchange_answer(struct exchange *x)
{
	struct slice body = response_body(&x->rs);

	if (x->rs.status == 0)
		response_problem(&x->rs, 500, "internal", NULL), body = response_body(&x->rs);
	if (x->state == THINKING)
		(void)map_take(&x->wire->by_ticket, &x->rq.ticket, sizeof x->rq.ticket);
	if (x->rs.streams) {
		x->last = x->rq.method == HTTP_HEAD;
		frame_chunk(&x->rs.body, x->last);
		body = response_body(&x->rs);
		(void)map_put(&x->wire->by_ticket, &x->rq.ticket, sizeof x->rq.ticket, x); /* was taken out before */
	}
	x->state = SENDING;
	x->deadline_mono_ms = clock_mono_ms() + WIRE_RESPONSE_MS;
	lws_set_timeout(x->wsi, NO_PENDING_TIMEOUT, 0);
	response_head(&x->rs, body.n, x->rq.tls, &x->head);
	return exchange_write(x);
}

static int exchange_problem(struct exchange *x, int status, const char *code, const char *detail)
{
	x->rs.close = true;
	response_problem(&x->rs, status, code, detail);
	return exchange_answer(x);
}

/* The request is whole. */
static int exchange_dispatch(struct exchange *x)
{
	struct wire *w = x->wire;

	x->want = x->body.n;
	x->rq.body = buf_slice(&x->body);
	x->rq.ticket = ++w->tickets;
	lws_set_timeout(x->wsi, NO_PENDING_TIMEOUT, 0);
	w->calls.request(w->calls.ctx, &x->rq, &x->rs);
	if (!x->rs.later || x->rs.status)
		return exchange_answer(x);
	x->state = THINKING;
	lws_rx_flow_control(x->wsi, 0); /* the library would spin on a peer that asks on, or leaves */
	x->deadline_mono_ms = clock_mono_ms() + WIRE_LATER_MS;
	map_put(&w->by_ticket, &x->rq.ticket, sizeof x->rq.ticket, x);
	return 0;
}

void wire_answer(struct wire *w, uint64_t ticket, struct response *rs)
{
	struct exchange *x = map_get(&w->by_ticket, &ticket, sizeof ticket);

	if (!x) {
		if (rs->streams)
			rs->stream.gone(rs->stream.ctx);
		response_done(rs);
		return;
	}
	(void)map_take(&w->by_ticket, &ticket, sizeof ticket);
	response_done(&x->rs);
	x->rs = *rs;
	x->rs.later = false;
	x->state = READING; /* until its turn to write */
	lws_rx_flow_control(x->wsi, 1);
	lws_callback_on_writable(x->wsi);
}

/* A whole number of bytes, -1: no such text. */
static int64_t length_of(const char *s)
{
	int64_t n = 0;

	if (!*s || strlen(s) > 15)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (*s - '0');
	}
	return n;
}

/* Headers are read: is there a body, and will we take it? */
static int on_http(struct lws *wsi, struct conn *conn)
{
	struct exchange *x;
	char *length;
	int64_t n = 0;
	bool has_length, takes_body;

	exchange_free(conn->x);
	if (!(x = conn->x = exchange_new(wsi, conn)))
		return -1;
	takes_body = x->rq.method == HTTP_POST || x->rq.method == HTTP_PUT || x->rq.method == HTTP_PATCH;
	length = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	has_length = length != NULL;
	if (length)
		n = length_of(length);
	free(length);
	x->want = SIZE_MAX; /* until we know: a body may be under way */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return has_length ? exchange_problem(x, 400, "bad_request", "Content-Length and Transfer-Encoding")
				  : exchange_problem(x, 411, "length_required", "chunked bodies are not taken: send Content-Length");
	if (n < 0)
		return exchange_problem(x, 400, "bad_request", "Content-Length is not a number");
	if (takes_body && !has_length)
		return exchange_problem(x, 411, "length_required", "send Content-Length");
	if (n > 0 && takes_body) {
		x->wire->calls.body(x->wire->calls.ctx, &x->rq, &x->rs, (size_t)n);
		if (x->rs.status) {
			x->rs.close = true;
			return exchange_answer(x);
		}
	}
	if (n > 0 && !x->rq.sink.ctx && (size_t)n > x->wire->calls.body_max(x->rq.path)) {
		char limit[48];

		x->wire->counts.too_big++;
		(void)snprintf(limit, sizeof limit, "at most %zu bytes", x->wire->calls.body_max(x->rq.path)); /* fits */
		return exchange_problem(x, 413, "too_large", limit);
	}
	x->want = (size_t)n;
	if (n == 0 && x->rq.method != HTTP_POST) /* for POST the library tells the end of an empty body */
		return exchange_dispatch(x);
	return 0;
}

static int on_body(struct conn *conn, const char *p, size_t n)
{
	struct exchange *x = conn->x;

	if (!x)
		return -1;
	if (x->state == LINGERING)
		return 0;
	if (x->state != READING || x->body.n + x->got + n > x->want)
		return -1;
	if (x->rq.sink.ctx && n) {
		x->rq.sink.take(x->rq.sink.ctx, p, n);
		x->got += n;
		x->deadline_mono_ms = x->began_mono_ms + WIRE_REQUEST_MS + (int64_t)(x->got * 1000 / WIRE_BODY_RATE);
	} else if (n)
		buf_add(&x->body, p, n);
	return 0;
}

static int on_body_done(struct conn *conn)
{
	struct exchange *x = conn->x;

	if (!x || x->state == LINGERING)
		return -1;
	/* Told again because of bytes behind the body, while the answer is on its way. */
	if (x->state != READING || x->rs.status)
		return -1;
	return exchange_dispatch(x);
}

static int on_writable(struct conn *conn)
{
	struct exchange *x = conn->x;

	if (!x)
		return 0;
	if (x->state == READING && x->rs.status) /* wire_answer */
		return exchange_answer(x);
	return x->state == SENDING ? exchange_write(x) : 0;
}

/* Problem instead of an upgrade: written at once, the connection ends. */
static int refuse_upgrade(struct exchange *x)
{
	int n;

	x->wire->counts.upgrades_refused++;
	x->rs.close = true;
	x->want = 0;
	n = exchange_answer(x);
	return n ? n : -1;
}

static bool is_passage(const struct request *rq)
{
	return strcmp(rq->path, "/mqtt") == 0;
}

static int on_upgrade(struct lws *wsi)
{
	struct wire *w = wire_of(wsi);
	struct conn none = {NULL};
	struct exchange *x;
	char *up = header(wsi, WSI_TOKEN_UPGRADE);
	bool has = up != NULL, websocket = has && strcasecmp(up, "websocket") == 0;
	int n;

	free(up);
	if (!has || !(x = none.x = exchange_new(wsi, &none)))
		return -1; /* without the header: the library lost it (CVE-2025-11677) */
	if (!websocket) {
		response_problem(&x->rs, 400, "bad_upgrade", "only websocket is spoken here");
	} else if (x->rq.version && strcmp(x->rq.version, "13") != 0) {
		response_problem(&x->rs, 426, "bad_upgrade", "WebSocket version 13");
		response_header(&x->rs, "sec-websocket-version", "13");
	} else if (is_passage(&x->rq) ? w->calls.passage(w->calls.ctx, &x->rq, &x->rs) : w->calls.upgrade(w->calls.ctx, &x->rq, &x->rs) != NULL) {
		exchange_free(x);
		return 0;
	}
	n = refuse_upgrade(x);
	exchange_free(none.x); /* when it could not be written at once */
	return n;
}

/* ------------------------------------------------------------------ descriptors of ours */

struct wire_watch *wire_watch(struct wire *w, int fd, const struct wire_fd *calls)
{
	struct wire_watch *o = xcalloc(1, sizeof *o);

	o->wire = w;
	o->fd = fd;
	o->calls = *calls;
	o->wsi = lws_adopt_descriptor_vhost(w->vh, LWS_ADOPT_RAW_FILE_DESC, (lws_sock_file_fd_type){.filefd = fd},
		"xunge-fd", NULL);
	if (!o->wsi) { /* the library has closed it */
		free(o);
		return NULL;
	}
	lws_set_opaque_user_data(o->wsi, o);
	o->at = &w->watches;
	o->next = w->watches;
	if (o->next)
		o->next->at = &o->next;
	w->watches = o;
	return o;
}

void wire_unwatch(struct wire_watch *o)
{
	o->calls = (struct wire_fd){NULL, NULL, NULL, NULL}; /* closed by the loop, which frees it */
	lws_set_timeout(o->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

static void set_again(struct wire_watch *o, bool again)
{
	if (o->again == again)
		return;
	o->again = again;
	o->wire->nagain += again ? 1 : (size_t)-1;
}

void wire_watch_write(struct wire_watch *o)
{
	lws_callback_on_writable(o->wsi);
	if (o->writing) { /* the library forgets it when the call returns: the timer says it again */
		set_again(o, true);
		set_timer(o->wire);
	}
}

static void watch_free(struct wire_watch *o)
{
	if (o->calls.gone)
		o->calls.gone(o->calls.ctx);
	set_again(o, false);
	*o->at = o->next;
	if (o->next)
		o->next->at = o->at;
	free(o);
}

static void sweep(struct wire *w, int64_t now)
{
	struct exchange *next;

	for (struct exchange *x = w->first; x; x = next) {
		next = x->next;
		if (now >= x->deadline_mono_ms) {
			if (x->state == READING)
				w->counts.body_timeouts++;
			w->counts.killed++;
			x->deadline_mono_ms = INT64_MAX;
			lws_set_timeout(x->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
		}
	}
}

static bool on_unblocked(void *ctx, int fd)
{
	struct epoll_event ev[64];
	int n;

	(void)ctx;
	n = epoll_wait(fd, ev, ARRAY_LEN(ev), 0);
	for (int i = 0; i < n; i++) {
		struct exchange *x = ev[i].data.ptr;

		set_blocked(x, false);
		lws_rx_flow_control(x->wsi, 1);
		lws_callback_on_writable(x->wsi);
	}
	return true;
}

static bool on_timer(void *ctx, int fd)
{
	struct wire *w = ctx;
	int64_t now;
	uint64_t n;

	if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN)
		die("wire: timerfd: %s", strerror(errno));
	now = clock_mono_ms();
	w->set_mono_ms = -1;
	sweep(w, now);
	for (struct wire_watch *o = w->watches; o; o = o->next)
		if (o->again) {
			set_again(o, false);
			lws_callback_on_writable(o->wsi);
		}
	if (now >= w->alarm_mono_ms) {
		w->alarm_mono_ms = now + 1000;
		w->calls.alarm(w->calls.ctx, now);
	}
	set_timer(w);
	return true;
}

static int on_fd(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct wire_watch *o = lws_get_opaque_user_data(wsi);
	bool open;

	(void)user;
	(void)in;
	(void)len;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		return o && o->calls.readable && o->calls.readable(o->calls.ctx, o->fd) ? 0 : -1;
	case LWS_CALLBACK_RAW_WRITEABLE_FILE:
		if (!o || !o->calls.writable)
			return 0;
		o->writing = true;
		open = o->calls.writable(o->calls.ctx, o->fd);
		o->writing = false;
		return open ? 0 : -1;
	case LWS_CALLBACK_RAW_CLOSE_FILE:
		lws_set_opaque_user_data(wsi, NULL);
		if (o)
			watch_free(o);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* somebody asked for it by name */
		return 1;
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------ http */

static int on_connection(struct wire *w, int fd)
{
	int size = SEND_BUFFER;

	if ((rlim_t)fd + WIRE_FDS_KEEP >= w->fds) {
		w->counts.refused_fds++;
		return 1;
	}
	w->counts.accepted++;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); /* refused: pieces are cut, still right */
	return 0;
}

static int on_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct conn *conn = user;
	struct wire *w;

	switch (reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return on_connection(wire_of(wsi), (int)(intptr_t)in);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(wsi);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* a WebSocket without our subprotocol */
		return 1;
	case LWS_CALLBACK_HTTP:
		return on_http(wsi, conn);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(conn, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_done(conn);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return conn ? on_writable(conn) : 0;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (conn && conn->x)
			exchange_free(conn->x);
		return 0;
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
		w = wire_of(wsi);
		if (!w->closing)
			w->calls.woken(w->calls.ctx);
		return 0;
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------ live stream */

static struct session *stream_session(struct lws *wsi)
{
	struct wire *w = wire_of(wsi);
	struct conn none = {NULL};
	struct exchange *x = exchange_new(wsi, &none);
	struct session *s;

	if (!x)
		return NULL;
	w->counts.requests--; /* the same request was counted before */
	s = w->calls.upgrade(w->calls.ctx, &x->rq, &x->rs);
	exchange_free(x);
	return s;
}

/* One piece of the frame that w is at; the bytes before it are lent to the library for its header. */
static int write_piece(struct lws *wsi, struct watcher *w, const struct piece *p)
{
	int how = p->first ? LWS_WRITE_TEXT : LWS_WRITE_CONTINUATION;
	char before[LWS_PRE];
	int n;

	memcpy(before, p->p - LWS_PRE, LWS_PRE);
	if (!p->last)
		how |= LWS_WRITE_NO_FIN;
	n = lws_write(wsi, (unsigned char *)p->p, p->n, (enum lws_write_protocol)how);
	memcpy(p->p - LWS_PRE, before, LWS_PRE);
	if (n < 0)
		return -1;
	watcher_wrote(w, p->n);
	return 0;
}

static int on_stream_writable(struct lws *wsi, struct watcher *w)
{
	int64_t now = clock_wall_ms(), mono = clock_mono_ms();
	struct piece p;

	if (w->closed) /* asked a second time, the library would not wait for the peer's answer */
		return 0;
	for (int i = 0; i < 4; i++) {
		if (i && lws_send_pipe_choked(wsi))
			break;
		if (!watcher_piece(w, now, mono, &p)) {
			if (!w->close)
				return 0;
			w->closed = true;
			lws_close_reason(wsi, (enum lws_close_status)w->close, (unsigned char *)(uintptr_t)w->reason,
				strlen(w->reason));
			return -1;
		}
		if (write_piece(wsi, w, &p) < 0)
			return -1;
		if (!w->frame && !watcher_waits(w))
			return 0;
	}
	lws_callback_on_writable(wsi);
	return 0;
}

static int on_stream(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct watcher *w = user;
	struct wire *wire;
	struct session *s;
	int ms = UNACKED_MS;

	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return stream_session(wsi) ? 0 : 1;
	case LWS_CALLBACK_ESTABLISHED:
		wire = wire_of(wsi);
		if (!(s = stream_session(wsi)))
			return -1;
		wire->counts.upgrades++;
		/* Ticks make traffic: a peer that is gone is found without pings of ours. */
		(void)setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
		watcher_open(wire->calls.watchers, w, s, wsi, clock_mono_ms());
		return 0;
	case LWS_CALLBACK_RECEIVE:
		watcher_message(w, in, len, !lws_frame_is_binary(wsi),
			lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0, clock_mono_ms());
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_stream_writable(wsi, w);
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
		if (w)
			watcher_gone(w);
		return 0;
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------ passages to the broker */

/* The library chose the protocol by its name alone: the path must be ours. */
static bool may_pass(struct lws *wsi)
{
	struct wire *w = wire_of(wsi);
	struct conn none = {NULL};
	struct exchange *x = exchange_new(wsi, &none);
	bool may;

	if (!x)
		return false;
	w->counts.requests--; /* the same request was counted before */
	may = is_passage(&x->rq) && w->calls.passage(w->calls.ctx, &x->rq, &x->rs);
	exchange_free(x);
	return may;
}

static int on_passage_writable(struct lws *wsi, struct passage *p)
{
	struct wire *w = wire_of(wsi);
	struct slice s;

	for (int i = 0; i < 4 && !lws_send_pipe_choked(wsi); i++) {
		s = passage_piece(p);
		if (!s.n)
			break;
		memcpy(w->piece + LWS_PRE, s.p, s.n);
		if (lws_write(wsi, w->piece + LWS_PRE, s.n, LWS_WRITE_BINARY) < 0)
			return -1;
		passage_wrote(p, s.n);
	}
	if (passage_is_over(p))
		return -1;
	if (passage_piece(p).n)
		lws_callback_on_writable(wsi);
	return 0;
}

static int on_passage(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct passage *p = user;
	struct wire *w;
	int ms = UNACKED_MS;

	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return may_pass(wsi) ? 0 : 1;
	case LWS_CALLBACK_ESTABLISHED:
		w = wire_of(wsi);
		w->counts.upgrades++;
		(void)setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
		return passage_open(w->calls.passages, p, wsi, clock_mono_ms()) ? 0 : -1;
	case LWS_CALLBACK_RECEIVE:
		return p->all && passage_take(p, in, len) ? 0 : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return p->all ? on_passage_writable(wsi, p) : -1;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
		if (p)
			passage_gone(p);
		return 0;
	default:
		return 0;
	}
}

void wire_want_write(void *carrier)
{
	lws_callback_on_writable(carrier);
}

void wire_kill(void *carrier)
{
	lws_set_timeout(carrier, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* ------------------------------------------------------------------ life */

static const struct lws_protocols protocols[] = {
	{"xunge-http", on_http_callback, sizeof(struct conn), 0, 0, NULL, 65536},
	{WATCHER_PROTOCOL, on_stream, sizeof(struct watcher), 1024, 0, NULL, 65536},
	{PASSAGE_PROTOCOL, on_passage, sizeof(struct passage), PASSAGE_PIECE, 0, NULL, 65536},
	{"xunge-fd", on_fd, 0, 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* The library's own lines tell mostly of what peers do wrong. */
static void library_line(int level, const char *text)
{
	(void)level;
	log_debug("lws", "%.*s", (int)strcspn(text, "\n"), text);
}

static rlim_t raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024;
	r.rlim_cur = r.rlim_max < WIRE_FDS_MAX ? r.rlim_max : WIRE_FDS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		(void)getrlimit(RLIMIT_NOFILE, &r); /* what there was serves */
	return r.rlim_cur;
}

/* Can we listen there?  The library says less about why not. */
static enum err try_port(const struct wire_conf *c, struct why *why)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)c->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
	bool is_six = strchr(c->listen, ':') != NULL;
	int fd, on = 1, rc, err;

	if (inet_pton(is_six ? AF_INET6 : AF_INET, c->listen, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1)
		return why_set(why, ERR_INVALID, "[server] listen = %s: want an address as 127.0.0.1 or ::1", c->listen);
	fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return why_set(why, ERR_IO, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* as the library does */
	rc = is_six ? bind(fd, (struct sockaddr *)&six, sizeof six) : bind(fd, (struct sockaddr *)&four, sizeof four);
	if (rc == 0)
		rc = listen(fd, 1);
	err = errno;
	close(fd);
	if (rc == 0)
		return OK;
	if (err == EADDRINUSE)
		return why_set(why, ERR_BUSY, "port %d of %s is in use: choose another ([server] port)", c->port, c->listen);
	return why_set(why, ERR_IO, "cannot listen on port %d of %s: %s", c->port, c->listen, strerror(err));
}

static bool open_context(struct wire *w)
{
	static const lws_retry_bo_t idle = {.secs_since_valid_ping = 300, .secs_since_valid_hangup = 330};
	struct lws_context_creation_info info = {0};
	const char *any = strcmp(w->conf.listen, "0.0.0.0") == 0 || strcmp(w->conf.listen, "::") == 0 ? NULL : w->conf.listen;

	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8 |
		LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
	if (!strchr(w->conf.listen, ':'))
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	if (w->conf.cert)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.port = w->conf.port;
	info.iface = any;
	info.protocols = protocols;
	info.user = w;
	info.alpn = "http/1.1";
	info.timeout_secs = 10;
	info.keepalive_timeout = 15;
	info.timeout_secs_ah_idle = 10;
	info.max_http_header_data = HEADERS_BYTES_MAX;
	info.pt_serv_buf_size = 16384;
	info.retry_and_idle_policy = &idle;
	info.vhost_name = "xunge";
	info.ssl_cert_filepath = w->conf.cert;
	info.ssl_private_key_filepath = w->conf.key;
	info.ssl_options_set = w->conf.cert ? (long)(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1) : 0;
	w->cx = lws_create_context(&info);
	if (w->cx)
		w->vh = lws_create_vhost(w->cx, &info);
	return w->vh != NULL;
}

enum err wire_open(const struct wire_conf *conf, const struct wire_calls *calls, struct wire **out, struct why *why)
{
	struct wire *w;
	enum err e;
	int fd;

	if ((e = try_port(conf, why)) != OK)
		return e;
	w = xcalloc(1, sizeof *w);
	w->conf = *conf;
	w->calls = *calls;
	w->alarm_mono_ms = INT64_MAX;
	w->set_mono_ms = -1;
	w->timer = -1;
	w->fds = raise_files();
	lws_set_log_level(log_traced("lws") ? LLL_ERR | LLL_WARN | LLL_NOTICE : LLL_ERR, library_line);
	if (!open_context(w)) {
		e = why_set(why, ERR_IO, "cannot listen on port %d of %s%s", conf->port, conf->listen,
			conf->cert ? ": are [server] cert and key readable, and do they fit together?" : "");
		goto out;
	}
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd >= 0 && wire_watch(w, fd, &(struct wire_fd){on_timer, NULL, NULL, w}))
		w->timer = fd;
	else
		e = why_set(why, ERR_IO, "timerfd: %s", strerror(errno));
	if (e == OK && ((w->blocked = epoll_create1(EPOLL_CLOEXEC)) < 0 || !wire_watch(w, w->blocked, &(struct wire_fd){on_unblocked, NULL, NULL, w})))
		e = why_set(why, ERR_IO, "epoll: %s", strerror(errno));
out:
	if (e == OK)
		*out = w;
	else
		wire_close(w);
	return e;
}

void wire_close(struct wire *w)
{
	if (!w)
		return;
	w->closing = true;
	w->timer = -1; /* closed with the rest */
	if (w->cx)
		lws_context_destroy(w->cx);
	while (w->first)
		exchange_free(w->first);
	map_done(&w->by_ticket);
	free(w);
}

int wire_port(const struct wire *w)
{
	return lws_get_vhost_listen_port(w->vh);
}

bool wire_serve(struct wire *w)
{
	return lws_service(w->cx, 0) >= 0;
}

void wire_wake(struct wire *w)
{
	lws_cancel_service(w->cx);
}

void wire_certificate(struct wire *w)
{
	if (w->conf.cert && lws_tls_cert_updated(w->cx, w->conf.cert, w->conf.key, NULL, 0, NULL, 0))
		log_error("wire", "the new certificate cannot be used, the old one stays cert=%s", w->conf.cert);
}

const struct wire_counts *wire_counts(const struct wire *w)
{
	return &w->counts;
}
