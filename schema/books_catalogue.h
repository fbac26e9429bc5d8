/* books_catalogue.h - the rules that a town works by: categories, duty rules, years of the calendar. */
#ifndef XUNGE_SCHEMA_BOOKS_CATALOGUE_H
#define XUNGE_SCHEMA_BOOKS_CATALOGUE_H

#include "schema/books.h"

#define BOOKS_ROWS_MAX 5000 /* of each sort */
#define BOOKS_OPEN INT32_MIN /* no first or last day */

struct books_category {
	const char *klass, *code, *name, *name_en, *parent, *unit;
	int severity;     /* 0: none */
	int64_t deadline; /* -1: none */
	bool photo_before, photo_after;
	int32_t from, to; /* days, inclusive; BOOKS_OPEN */
};

struct books_duty_rule {
	const char *rule, *role, *level, *target, *period, *unit;
	int month_first, month_last;
	int64_t count;
	int64_t min_minutes, min_metres, min_gap_hours, min_coverage; /* -1: not asked */
	bool substitute, delegate;
	int32_t from, to;
};

struct books_year {
	int year, holidays, makeups;
};

/* The rows that hold now, also of other days; by key.  *left: how many more there are. */
enum err books_categories(struct store *st, int64_t *left, void (*row)(void *ctx, const struct books_category *c), void *ctx) MUST_CHECK;
enum err books_duty_rules(struct store *st, int64_t *left, void (*row)(void *ctx, const struct books_duty_rule *r), void *ctx) MUST_CHECK;
struct books_calendar_day {
	int32_t day;
	const char *kind; /* holiday, makeup */
};
enum err books_calendar(struct store *st, int64_t *left, void (*row)(void *ctx, const struct books_calendar_day *d), void *ctx) MUST_CHECK;
enum err books_years(struct store *st, void (*row)(void *ctx, const struct books_year *y), void *ctx) MUST_CHECK;

#endif
