/* dutysums.h - how many duties were met, how many overdue: the two parts of 履职率.
 *
 * A duty belongs to the day its period ends.  One that is not decided yet, or exempt, counts nowhere; one met before its
 * end counts as met.  Days of frozen months are left out: their tallies (duty_met, duty_overdue) hold them. */
#ifndef XUNGE_SCHEMA_DUTYSUMS_H
#define XUNGE_SCHEMA_DUTYSUMS_H

#include "schema/store.h"

/* For each duty whose period ends within [from_day, to_day): met or overdue (one of them 1) at at_ms, by level, area and last day.
 * scope: only duties that count for it ("*": all); within: NULL, or an area code inside of it. */
enum err duty_sums_each(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, const char *area, int32_t day, int met, int overdue), void *ctx) MUST_CHECK;

/* The same, added up by level. */
enum err duty_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx) MUST_CHECK;
/* The same with the days of frozen months, as they stand now. */
enum err duty_sums_all(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx) MUST_CHECK;

#endif
