/* books_owed.h - what is owed in a span of days (应巡): a duty belongs to the day on which its period ends, and is owed once the period
 * has begun; what exemptions take is not.  Read from the rules and appointments, person by person: an answer may hold few rows. */
#ifndef XUNGE_SCHEMA_BOOKS_OWED_H
#define XUNGE_SCHEMA_BOOKS_OWED_H

#include "schema/books_duty.h"

#define BOOKS_OWED_LEVELS 8
#define BOOKS_OWED_DAYS 366 /* of a span */

struct books_owed_at { /* where to go on: behind this person, and so many duties of the next who has any */
	char person[65];
	int passed;
};

/* The duties owed between from_ms and to_ms of p (whole days), one row each: need and done of all its periods in it, their days,
 * the state of the last one.  It ends at until_mono_ms, a person further at least.  f->overdue is not looked at. */
enum err books_owed_rows(struct store *st, struct books_page *p, const struct books_duty_filter *f, int64_t until_mono_ms,
	struct books_owed_at *at, void (*row)(void *ctx, const struct books_duty *d), void *ctx) MUST_CHECK;

struct books_owed_sum {
	char level[12];
	int64_t month, year;             /* of everybody */
	int64_t river_month, river_year; /* of chiefs */
};
struct books_owed {
	struct books_owed_sum level[BOOKS_OWED_LEVELS]; /* of the people that were read */
	size_t n;
};
/* This month and this year, of the people behind after ("": the first) until until_mono_ms, one at least; p->more: others follow
 * behind next. */
enum err books_owed_some(struct store *st, struct books_page *p, const char *after, int64_t until_mono_ms, char next[65],
	struct books_owed *out) MUST_CHECK;

#endif
