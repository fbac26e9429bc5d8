/* window.h - which sequence numbers of one (device, epoch) have their answer.
 * Kept as the highest one and the ranges below it that are absent: a phone without gaps costs a few
 * bytes after years.  An absent number is missing (it is asked for again) or in a hole (the device
 * can no longer send it); one that arrives after all is taken in either case. */
#ifndef XUNGE_CORE_WINDOW_H
#define XUNGE_CORE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define WINDOW_GAPS_MAX 1024    /* missing ranges of one window; beyond, what would open another is not taken until some are filled */
#define WINDOW_RANGES_MAX 8192  /* missing ranges and holes; beyond, the same, until the device begins a new epoch */
#define WINDOW_GAPS_TOLD 16    /* missing ranges in an ack; upto stops short of the next */

struct window_range {
	int64_t lo, hi; /* closed */
	bool hole;
};

struct window { /* zeroed = nothing came yet */
	int64_t top; /* the highest number answered or in a hole, 0 = none */
	struct window_range *r; /* absent ones, rising, disjoint */
	uint32_t n, cap;
	uint32_t gaps; /* of them missing, not holes */
};

void window_done(struct window *w);
bool window_has(const struct window *w, int64_t seq);

/* Marks seq (>= 1, not had) as answered.  False: the window is full and seq was not taken. */
bool window_take(struct window *w, int64_t seq);

/* The device can send nothing below first (>= 1): what is absent there becomes a hole.  False: full
 * (WINDOW_RANGES_MAX); what could be marked is marked. */
bool window_first(struct window *w, int64_t first);

/* What an ack says: *upto, and at most WINDOW_GAPS_TOLD missing ranges below it.  Returns their number. */
uint32_t window_tell(const struct window *w, int64_t *upto, struct window_range out[WINDOW_GAPS_TOLD]);

int64_t window_missing(const struct window *w); /* numbers, not ranges */
int64_t window_holes(const struct window *w);

/* The absent ranges as text, "3-5 9-9!" (! = hole); and back: false when the text is no such list below top. */
void window_text(const struct window *w, struct buf *out);
bool window_parse(struct window *w, int64_t top, struct slice text);

#endif
