/* watcher.h - one client of the live stream, free of the library that carries it.
 *
 *   OPEN --hello (within 10 s)--> WATCHING --view_next--> frames        any --close code--> CLOSING
 *
 * What it says is at most WATCHER_MESSAGE_MAX bytes a message and WATCHER_RATE messages in ten
 * seconds; what it is owed is one frame at a time, never a queue. */
#ifndef XUNGE_SERVER_WATCHER_H
#define XUNGE_SERVER_WATCHER_H

#include "base/buf.h"
#include "server/session.h"
#include "server/view.h"

#define WATCHER_PROTOCOL "xunge.live.v1"
#define WATCHER_MESSAGE_MAX 4096
#define WATCHER_RATE 200
#define WATCHER_HELLO_MS 10000
#define WATCHER_PIECE (16 * 1024)                /* bytes of a frame written at one go */
#define WATCHER_BYTES_MAX (32u * 1024 * 1024)    /* of frames alive; beyond: who is stuck is closed */
#define WATCHER_STUCK_MS 5000
#define WATCHER_BEAT_MS 700 /* who shows a banner after 2 s does not for a turn of ours that takes 1.2 s */

/* RFC 6455, and ours */
enum { CLOSE_UNSUPPORTED = 1003, CLOSE_POLICY = 1008, CLOSE_TOO_BIG = 1009, CLOSE_AGAIN = 1013, CLOSE_RIGHT = 4403, CLOSE_GOING = 1001 };

struct watchers;

struct watcher { /* zeroed before watcher_open */
	struct view_client client;
	struct watchers *all;
	struct watcher *next, **at;
	struct session *session;
	void *carrier; /* the connection */
	struct buf message;
	struct frame *frame; /* being written */
	size_t done;         /* bytes of it that are */
	int64_t opened_mono_ms, frame_mono_ms, rate_mono_ms, close_mono_ms;
	int messages; /* since rate_mono_ms */
	int close;    /* code; 0: not closing */
	const char *reason;
	bool pong;    /* owes it a pong */
	bool beat;    /* wants one every WATCHER_BEAT_MS */
	bool closed;  /* the close was given to the carrier */
};

struct watchers {
	struct views *views;
	struct watcher *first;
	size_t n, beating;
	int64_t beat_mono_ms; /* the next */
	struct frame *pong;   /* the last one made, of pong_ms: many may have it */
	int64_t pong_ms;
	void (*want_write)(void *carrier);
	void (*kill)(void *carrier);
	uint64_t opened, refused_messages, sent_bytes, sent_frames, stuck; /* for metrics */
};

void watchers_init(struct watchers *ws, struct views *vs, void (*want_write)(void *carrier), void (*kill)(void *carrier));
void watchers_done(struct watchers *ws); /* before views_done */
/* For views_init. */
void watchers_wake(void *ctx, struct view_client *c);

void watcher_open(struct watchers *ws, struct watcher *w, struct session *s, void *carrier, int64_t now_mono_ms);
void watcher_gone(struct watcher *w); /* the connection is no more; also for one that never opened */

/* Bytes of a message, in whatever pieces; final: the message ends here. */
void watcher_message(struct watcher *w, const char *p, size_t n, bool text, bool final, int64_t now_mono_ms);

/* Ends the stream with that code, once. */
void watcher_close(struct watcher *w, int code, const char *reason, int64_t now_mono_ms);

struct piece {
	char *p; /* FRAME_ROOM bytes before it may be overwritten, and must be put back */
	size_t n;
	bool first, last;
};
/* What to write now; false: nothing.  After a piece was written, watcher_wrote. */
bool watcher_piece(struct watcher *w, int64_t now_ms, int64_t now_mono_ms, struct piece *out);
void watcher_wrote(struct watcher *w, size_t n);
/* Is there another frame, or a close, for it? */
bool watcher_waits(const struct watcher *w);

/* Says something to all who want to hear us, when it is time; returns when to call again (INT64_MAX: nobody does). */
int64_t watchers_beat(struct watchers *ws, int64_t now_mono_ms);
/* Once a second: greetings that did not come, who is stuck. */
void watchers_sweep(struct watchers *ws, int64_t now_mono_ms);
/* After sessions changed: lost rights end streams, gained ones bring a fresh snapshot. */
void watchers_rights(struct watchers *ws, int64_t now_mono_ms);
void watchers_end(struct watchers *ws, int64_t now_mono_ms); /* the server stops */

#endif
