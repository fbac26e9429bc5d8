/* greet.h - after its start, ingest asks the devices that were online to say hello, spread over
 * half a minute, so that a platform restored from a backup learns what they still have. */
#ifndef XUNGE_INGEST_GREET_H
#define XUNGE_INGEST_GREET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/intake.h"

struct greet_one {
	char device[33], district[7];
};

struct greet {
	struct greet_one *one;
	size_t n, cap, next;
	int64_t from_ms, spread_ms; /* monotonic; 0: not begun */
};

/* Reads who was online.  OK also when nobody was. */
enum err greet_load(struct greet *g, struct intake *in, int64_t spread_ms) MUST_CHECK;
void greet_done(struct greet *g);

void greet_begin(struct greet *g, int64_t now_ms); /* the link stands; again: does nothing */
/* The next one whose turn it is; NULL: none now. */
const struct greet_one *greet_next(struct greet *g, int64_t now_ms);
int64_t greet_wait_ms(const struct greet *g, int64_t now_ms); /* -1: nothing to do */

#endif
