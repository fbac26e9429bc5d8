/* dutyroll.h - what everybody did in a stretch of days: read in one pass by time, given out person by person.
 *
 * A year of a town is some 30,000 patrols that lie side by side; to fetch them person by person costs ten times as much.
 * More than DUTYROLL_MAX are not kept: then there is no roll, and who asks reads person by person. */
#ifndef XUNGE_SCHEMA_DUTYROLL_H
#define XUNGE_SCHEMA_DUTYROLL_H

#include "core/duty.h"
#include "schema/sql.h"

#define DUTYROLL_MAX 200000 /* some 15 MB */

struct dutyroll;

/* Patrols and substitutes that began within [from_ms, to_ms).  *out NULL: too many. */
enum err dutyroll_read(struct store *st, int64_t from_ms, int64_t to_ms, bool substitutes, struct dutyroll **out) MUST_CHECK;
void dutyroll_free(struct dutyroll *r); /* NULL does nothing */

struct dutyroll_deed {
	struct duty_deed x;
	uint32_t target; /* dutyroll_target() */
	bool river;      /* or gully */
};
/* By time.  Borrowed. */
const struct dutyroll_deed *dutyroll_of(const struct dutyroll *r, const char *person, uint32_t *n);
const char *dutyroll_target(const struct dutyroll *r, uint32_t target);

/* The columns of a patrol from `col` on: start_at, target, route, actor, duration_s, distance_m, coverage, reasons. */
#define DUTYROLL_COLUMNS "start_at, target, route, actor, duration_s, distance_m, coverage, reasons"
void dutyroll_patrol(sqlite3_stmt *q, int col, const char *person, struct duty_deed *x, bool *river);

#endif
