/* errands.h - what the server asks ingest to do, over the local door: sent once, waited for, given up.
 *
 *   errands_add -> SENT --its answer--> done(answer)
 *                       --the door is lost, or ERRAND_WAIT_MS--> done(NULL): nobody knows whether it was done
 *
 * Nothing is sent twice: who asks again does so himself, with the same key.  Ingest is told by when it must come to
 * it (ERRAND_BY_MS), so that an act which was given up is not done minutes later by an ingest that had hung. */
#ifndef XUNGE_SERVER_ERRANDS_H
#define XUNGE_SERVER_ERRANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ERRANDS_MAX 256
#define ERRAND_BY_MS 3500
#define ERRAND_WAIT_MS 4500

struct errands;
struct json_t; /* jansson's, whose header cannot stand beside core/json.h */

/* Called once for each errand that was taken.  answer: ingest's line, borrowed; NULL: none came. */
typedef void errand_done(void *ctx, uint64_t ticket, const struct json_t *answer);

struct errands_world {
	bool (*send)(void *ctx, const char *p, size_t n); /* all of it is on its way; false: nothing is */
	errand_done *done;
	void *ctx;
};

struct errands *errands_new(const struct errands_world *world);
void errands_free(struct errands *es); /* what waits gets no done() */

/* members: of the request line, without braces: "op":"act","user":"x".  payload: p NULL: none.
 * ERR_FULL: ERRANDS_MAX wait.  ERR_CLOSED: it cannot be sent.  Then nothing was asked. */
enum err errands_add(struct errands *es, const char *members, struct slice payload, uint64_t ticket, int64_t now_mono_ms) MUST_CHECK;

void errands_answer(struct errands *es, const struct json_t *line); /* a line of the door that is no bell */
void errands_lost(struct errands *es);                       /* the connection is over */
void errands_tick(struct errands *es, int64_t now_mono_ms);
int64_t errands_next(const struct errands *es); /* monotonic ms of the next tick that matters, INT64_MAX: none */

size_t errands_waiting(const struct errands *es);
struct errands_counts {
	uint64_t asked, answered, refused, unknown; /* refused: not taken; unknown: without an answer */
};
const struct errands_counts *errands_counts(const struct errands *es);

#endif
