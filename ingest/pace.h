/* pace.h - how often a device hears of its progress.  An ack is cumulative: of two for the same
 * (device, epoch) that tell nothing but progress, the later says all.  The first leaves at once; under load, what
 * follows within PACE_MS waits, each taking the place of the one before, so that a device that sends fast
 * costs the broker few acks, and a queue of acks is never longer than the list of devices. */
#ifndef XUNGE_INGEST_PACE_H
#define XUNGE_INGEST_PACE_H

#include "base/map.h"
#include "schema/intake.h"

#define PACE_MS 50
#define PACE_LINES 65536 /* (device, epoch) remembered; beyond, those without a waiting ack are forgotten */

struct pace_line;

struct pace { /* zeroed = empty */
	struct map map;
	struct pace_line *first, *last; /* acks that wait, oldest first */
	uint64_t spared;                /* acks that a later one took the place of */
};

void pace_done(struct pace *p); /* what waits is dropped */

/* True: send it now.  False: it is kept and comes with pace_next().  calm: few events come, so that no
 * ack need wait: a phone that sends one by one hears at once. */
bool pace_take(struct pace *p, const struct intake_ack *ack, int64_t now_ms, bool calm);

/* The next ack that is due (all: also the others); false: none.  Borrowed until the next call. */
bool pace_next(struct pace *p, int64_t now_ms, bool all, struct intake_ack *out);

int64_t pace_wait_ms(const struct pace *p, int64_t now_ms); /* until the next is due; -1: none waits */

#endif
