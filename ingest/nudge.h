/* nudge.h - who is to be told that something of his changed ({"type":"sync"}): each at most once in NUDGE_MS, all of them
 * together NUDGE_RATE a second, so that an import or an evening's backlog does not bring every phone to the server at once.
 *
 *   nudge_touch --> due at once, or NUDGE_MS from now when he was told lately --nudge_next--> told
 *
 * A hint: what is lost here is found by the phone's own sync, every ten minutes. */
#ifndef XUNGE_INGEST_NUDGE_H
#define XUNGE_INGEST_NUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"

#define NUDGE_MS 5000
#define NUDGE_RATE 200
#define NUDGE_BURST 20
#define NUDGE_LINES 65536 /* people remembered; beyond, those told long ago are forgotten, then new ones are not told */

struct nudge_line;

struct nudge { /* zeroed = empty */
	struct map map;
	struct nudge_list {
		struct nudge_line *first, *last;
	} now, later; /* who waits, in order */
	int64_t next_ms; /* monotonic: the rate allows another one */
	uint64_t touched, spared, lost, sent; /* sent: the caller's */
};

void nudge_done(struct nudge *n);
void nudge_touch(struct nudge *n, const char *person, int64_t now_ms);
/* Whose turn it is; NULL: nobody's now.  Borrowed until the next call. */
const char *nudge_next(struct nudge *n, int64_t now_ms);
int64_t nudge_wait_ms(const struct nudge *n, int64_t now_ms); /* until somebody's turn; -1: nobody waits */

#endif
