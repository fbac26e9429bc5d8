/* wire.h - the only file that knows libwebsockets: turns its callbacks into calls, and our answers
 * into writes.  One loop, one thread.
 *
 * libwebsockets 4.1.6 has traps; each is closed here and tested in tests/system/server-traps:
 *   - unread input or a FIN during a response makes it spin: input is switched off while a response
 *     is blocked, and an epoll of ours says when it can go on
 *   - a second body completion for bytes behind a body: such a connection is closed
 *   - EMFILE makes accept() spin: descriptors near the limit are refused while one is left
 *   - its timers round down to whole milliseconds and spin the rest: ours come from a timerfd
 *   - bodies have no deadline, chunked bodies are not read, upgrades need no subprotocol, messages
 *     have no greatest size: all checked here */
#ifndef XUNGE_SERVER_WIRE_H
#define XUNGE_SERVER_WIRE_H

#include "server/http.h"
#include "server/passage.h"
#include "server/watcher.h"

#define WIRE_PIECE (16 * 1024)      /* bytes of a response written at one go */
#define WIRE_REQUEST_MS 10000       /* a whole body; one that streams: and a second more for each ... */
#define WIRE_BODY_RATE 4096         /* ... of its bytes that came */
#define WIRE_RESPONSE_MS 120000     /* a whole response; of a stream: each piece of it */
#define WIRE_LATER_MS 30000         /* an answer that comes later */
#define WIRE_FDS_MAX 65536
#define WIRE_FDS_KEEP 24            /* descriptors for files, the database, the door */

struct wire;

struct wire_conf {
	const char *listen; /* address */
	int port;           /* 0: any that is free */
	const char *cert, *key; /* NULL: plain */
};

struct wire_calls {
	void (*request)(void *ctx, struct request *rq, struct response *rs);
	size_t (*body_max)(const char *path); /* bytes that a request's body may have there */
	/* A body of n bytes is about to come, more than body_max() maybe: rq->sink is set for one that streams; a status in
	 * rs refuses it; neither: it is gathered. */
	void (*body)(void *ctx, struct request *rq, struct response *rs, size_t n);
	/* May this request become a live stream?  Else rs says why not. */
	struct session *(*upgrade)(void *ctx, struct request *rq, struct response *rs);
	/* May this request (its path is /mqtt) become a passage to the broker?  Else rs says why not. */
	bool (*passage)(void *ctx, struct request *rq, struct response *rs);
	/* A helper thread called wire_wake. */
	void (*woken)(void *ctx);
	/* The instant given to wire_alarm has come; at least once a second an alarm is due. */
	void (*alarm)(void *ctx, int64_t now_mono_ms);
	struct watchers *watchers;
	struct passages *passages;
	void *ctx;
};

struct wire_counts {
	uint64_t accepted, refused_fds, requests, responses[6], upgrades, upgrades_refused, body_timeouts, too_big, killed;
};

/* Raises the limit of open files first (to at most WIRE_FDS_MAX).  ERR_BUSY: the port is taken. */
enum err wire_open(const struct wire_conf *conf, const struct wire_calls *calls, struct wire **out, struct why *why) MUST_CHECK;
void wire_close(struct wire *w); /* closes every connection */

int wire_port(const struct wire *w);
/* Serves what is ready or waits.  False: the loop is broken. */
bool wire_serve(struct wire *w);
void wire_wake(struct wire *w); /* from any thread, or a signal */
void wire_alarm(struct wire *w, int64_t mono_ms);
void wire_certificate(struct wire *w); /* reads cert and key again */

/* The answer to a request that was to come later; takes rs.  Gone by now: dropped. */
void wire_answer(struct wire *w, uint64_t ticket, struct response *rs);

/* The next piece of a stream, which was asked for; taken (empty again).  last: it ends with it.  Gone by now: dropped. */
void wire_more(struct wire *w, uint64_t ticket, struct buf *piece, bool last);
/* What is to be answered, or the next piece of a stream, is still being made: it has all its time again.  False: nobody waits for it. */
bool wire_wait(struct wire *w, uint64_t ticket);
/* It cannot go on: the connection is closed, so that the peer sees that something is missing. */
void wire_break(struct wire *w, uint64_t ticket);

/* A descriptor that is no connection: takes fd, closes it in the end.  readable and writable say
 * false when it is over; gone tells that it was closed by the loop. */
struct wire_fd {
	bool (*readable)(void *ctx, int fd);
	bool (*writable)(void *ctx, int fd); /* may be NULL */
	void (*gone)(void *ctx);             /* may be NULL */
	void *ctx;
};
struct wire_watch;
struct wire_watch *wire_watch(struct wire *w, int fd, const struct wire_fd *calls); /* NULL: cannot, fd is closed */
void wire_unwatch(struct wire_watch *o);
void wire_watch_write(struct wire_watch *o); /* also from within writable */

/* For watcher.c and passage.c. */
void wire_want_write(void *carrier);
void wire_kill(void *carrier);

const struct wire_counts *wire_counts(const struct wire *w);

#endif
