/* streamjob.h - an answer that is made on helper threads, piece by piece, as the socket takes it.
 *
 *   streamjob_start -> work on a thread -> answer in the loop: the head, and the first piece -> the socket took it -> work ...
 *   -> the last piece                     a fault on the way: the connection is closed, so that the peer sees it
 *
 * Between two pieces it holds no thread, and nothing but what its owner keeps and one piece.  A peer that leaves ends it at once, or as
 * soon as the piece under way is made. */
#ifndef XUNGE_SERVER_STREAMJOB_H
#define XUNGE_SERVER_STREAMJOB_H

#include "base/err.h"
#include "server/wire.h"
#include "server/worker.h"

#define STREAMJOB_HEAD_MS 5000 /* so long the head waits for a first byte: until it is out, what is wrong has an answer of its own */

struct streamjob;

struct streamjob_calls {
	/* On a helper thread: adds the next bytes to s->piece (maybe none), sets s->more, s->e and s->why. */
	void (*work)(struct streamjob *s);
	/* In the loop, after the first: status and headers; of s->e a refusal.  The body is added by us when rs has none. */
	void (*answer)(struct streamjob *s, struct response *rs);
	void (*broke)(const struct streamjob *s); /* in the loop: s->e, after the head was out; NULL: nothing to say */
	void (*release)(struct streamjob *s);     /* in the loop: it is over; frees it */
};

struct streamjob { /* embed it first in the owner's own struct, and fill what follows */
	struct job job;
	const struct streamjob_calls *calls;
	struct wire *wire;
	struct worker *worker;
	uint64_t ticket;
	bool head;       /* nothing but the head was asked for */
	/* between work and answer */
	struct buf piece;
	bool more;
	enum err e;
	struct why why;
	/* its own */
	bool begun, working, gone;
	int64_t since_mono_ms;
};

/* False: the worker has no room, it is still the caller's.  Else release() comes for certain. */
bool streamjob_start(struct streamjob *s);

#endif
