/* appraise.h - is a patrol valid, by the registry as of a commit number?  Finds the line of its
 * target and the duty rules that govern it; core/track.h judges.
 *
 * A rule governs a patrol when it is for the role and level of the appointment of the person that covers
 * the target on the civil day of the start (of a river or gully: as chief, else in any role), holds on that day
 * and is active in its month.  Of several, the patrol is shown with the reasons of the one that finds
 * fewest, then of the first by name: so it is valid when it satisfies one of them. */
#ifndef XUNGE_SCHEMA_APPRAISE_H
#define XUNGE_SCHEMA_APPRAISE_H

#include "core/reachline.h"
#include "schema/fold.h"

#define APPRAISE_LINES_BYTES (64u << 20) /* memory of cached lines; full: all are dropped, read again when needed */

struct appraiser;

struct worth {
	uint32_t reasons; /* core/track.h */
	char rule[65];    /* "": none governs it */
};

/* Does a valid patrol of p's person stand at most gap_ms before p (order of fold.h's start key), among
 * rivers and gullies when p is of them, else among the others; each: of the same target?  *out says. */
typedef enum err appraise_gap(void *ctx, const struct patrol *p, int64_t gap_ms, bool each, bool *out);

/* as_of: REGISTRY_NOW, or a commit number. */
struct appraiser *appraiser_new(struct store *st, int64_t as_of);
void appraiser_free(struct appraiser *a);
void appraiser_changed(struct appraiser *a); /* the registry changed: forgets all it knows */

/* Another number (never 0) after everything that makes what was looked up worthless: appraiser_changed(), and lines
 * dropped from a full cache. */
uint32_t appraiser_generation(const struct appraiser *a);

/* The line of a target, NULL: it has none.  Borrowed while the generation stays. */
enum err appraise_line(struct appraiser *a, struct slice target, const struct reachline **out) MUST_CHECK;

/* The longest gap that any rule of any day asks for; 0: none does, and no patrol depends on another. */
enum err appraise_longest_gap(struct appraiser *a, int64_t *out_ms) MUST_CHECK;

/* p has a start and a standing, and its track is folded. */
enum err appraise(struct appraiser *a, const struct patrol *p, appraise_gap *gap, void *ctx, struct worth *out) MUST_CHECK;

#endif
