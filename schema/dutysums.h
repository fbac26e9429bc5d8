/* dutysums.h - how many duties were met, how many overdue: the two parts of 履职率.
 *
 * A duty belongs to the day its period ends.  One that is not decided yet, or exempt, counts nowhere; one met before its
 * end counts as met.  Days of frozen months are left out: their tallies (duty_met, duty_overdue) hold them. */
#ifndef XUNGE_SCHEMA_DUTYSUMS_H
#define XUNGE_SCHEMA_DUTYSUMS_H

#include "schema/store.h"

struct duty_sums_ask {
	const char *scope, *within; /* only duties that count for it ("*": all); NULL, or an area code inside of it */
	int32_t from_day, to_day;   /* their periods end within [from, to) */
	int64_t at_ms;              /* as they stand then */
	bool all;                   /* with the days of frozen months, as they stand now */
};

/* Each duty that was met or is overdue (one of them 1), by person, level, area and last day. */
typedef void duty_sums_row(void *ctx, const char *person, const char *level, const char *area, int32_t day, int met, int overdue);

/* All of them, in one read. */
enum err duty_sums_each(struct store *st, const struct duty_sums_ask *ask, duty_sums_row *row, void *ctx) MUST_CHECK;

/* Piece by piece: each call goes on until until_mono_ms, and a person further at least.  A person comes several times, with the days of
 * one stretch after the other. */
struct duty_sums_at { /* zeroed: from the first */
	bool begun, over;
	int32_t day, end; /* of the stretch; end: its last day */
	bool few;        /* what all did in it is read at once */
	char person[65]; /* the last one read */
};
enum err duty_sums_some(struct store *st, const struct duty_sums_ask *ask, struct duty_sums_at *at, int64_t until_mono_ms,
	duty_sums_row *row, void *ctx) MUST_CHECK;

/* All days of these n people, each with its NUL; *read of them, the time being over. */
enum err duty_sums_people(struct store *st, const struct duty_sums_ask *ask, const char *people, int n, int64_t until_mono_ms, int *read,
	duty_sums_row *row, void *ctx) MUST_CHECK;

#endif
