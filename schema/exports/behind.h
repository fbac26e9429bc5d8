/* behind.h - the events behind a number of `figures`: of each subject that it counts, by the subject's time.
 *
 *   patrols       the start that counts
 *   cases         the report that counts; of a closed one the act that closed it; for ratings, the rating
 *   records       inspections, visits, works: themselves
 *   households    the record that says how it stands at the end of the period
 *
 * A rate has the subjects of its numerator and its denominator.  The number of subjects is the figure's, where that is a
 * count.  Duties are no events. */
#ifndef XUNGE_SCHEMA_EXPORTS_BEHIND_H
#define XUNGE_SCHEMA_EXPORTS_BEHIND_H

#include "schema/exports/rows.h"

struct behind;

/* ERR_USAGE: there is no such figure, it is not made of events, or it has no such level or category. */
enum err behind_open(const struct table_world *w, struct behind **out, struct why *why) MUST_CHECK;
void behind_close(struct behind *b); /* NULL does nothing */

/* Gives commits, of one subject after the other, until `event` says no (then the subject's last was given) or all were
 * given (*more false).  In a snapshot of the world's commit. */
enum err behind_page(struct behind *b, const struct table_world *w, enum err (*event)(void *ctx, int64_t commit),
	bool (*full)(void *ctx), void *ctx, bool *more) MUST_CHECK;

/* Where the last page ended, as a text without meaning, and going on from there in another one; false: it is none of ours. */
#define BEHIND_WHERE 512
void behind_where(const struct behind *b, char out[BEHIND_WHERE]);
bool behind_go(struct behind *b, const char *where) MUST_CHECK;

int behind_progress(const struct behind *b, const struct table_world *w);

#endif
