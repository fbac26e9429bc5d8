/* books_figures.h - what the kept tallies add up to, over a period and day by day (table tally). */
#ifndef XUNGE_SCHEMA_BOOKS_FIGURES_H
#define XUNGE_SCHEMA_BOOKS_FIGURES_H

#include "schema/books.h"

struct books_tally {
	const char *figure, *level, *category; /* "" = none */
	int64_t n;
};

/* The areas of a scope and a narrower one (NULL: all of it) as lo <= code < hi; false: they have nothing in common. */
bool books_range(const char *scope, const char *within, char lo[AREA_CODE_MAX + 2], char hi[AREA_CODE_MAX + 2]);

/* The spans that days [from_day, to_day) are made of, by time: whole years and months have rows of their own, so their number hardly grows with
 * the period.  In the place of the year that holds day `moving` (INT32_MIN: none) stand its months, and days in the place of the month: what
 * is still being counted is little then.  The caller frees *out. */
size_t books_spans(int32_t from_day, int32_t to_day, int32_t moving, int32_t **out);

/* Sums of one figure (NULL: of all) over [from_day, to_day), by (figure, level, category); in that order; rows that add up to 0 are left
 * out.  within: area code, or NULL. */
enum err books_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, const char *figure,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx) MUST_CHECK;

#define BOOKS_SERIES_DAYS 400

#define BOOKS_SERIES_LINES 8

struct books_series {
	const char *scope, *within;
	struct {
		const char *figure, *level, *category; /* level, category NULL: any */
	} line[BOOKS_SERIES_LINES];
	int lines;
	int32_t first; /* first day */
	int days;      /* 1 .. BOOKS_SERIES_DAYS */
};
/* n[lines * days]: each day's count of the first line, of the next ... */
enum err books_series(struct store *st, const struct books_series *s, int64_t *n) MUST_CHECK;

#endif
