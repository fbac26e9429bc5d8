/* figures.h - the figures that can be exported, and what each of them means: the one place. */
#ifndef XUNGE_SCHEMA_FIGURES_H
#define XUNGE_SCHEMA_FIGURES_H

#include "base/map.h"
#include "schema/ledger.h"

#define FIGURES_PARTS 6

enum figures_by { FIGURES_BY_LEVEL, FIGURES_BY_CATEGORY };

struct plain_figure {
	const char *id, *name, *unit;
	enum figures_by by;
	const char *part[FIGURES_PARTS]; /* levels or categories that always have a row; NULL at the end */
	const char *klass; /* each category of this class of the catalogue has a row too; NULL: none */
	const char *definition; /* fixed text with its version; another meaning is another version */
};

extern const struct plain_figure plain_figures[];
extern const size_t plain_figures_n;

/* What a period and scope add up to; zeroed = nothing yet. */
struct figures_sum {
	int64_t total;
	struct map part; /* level or category -> struct figures_part */
};

/* Adds a row of ledger_tallies() or ledger_recount() to sum[plain_figures_n]; rows of no figure are left out. */
void figures_add(struct figures_sum *sum, const struct figure_row *row);
/* Gives a part, 0 if nothing was added, to each category that the catalogue has as of a commit for a day of [from_day, to_day). */
enum err figures_catalogue(struct figures_sum *sum, struct store *st, int64_t as_of, int32_t from_day, int32_t to_day) MUST_CHECK;
/* The rows of one figure: its total (part ""), the parts that it always has, the others by code. */
void figures_each(const struct plain_figure *f, const struct figures_sum *sum,
	void (*row)(void *ctx, const struct plain_figure *f, const char *part, int64_t n), void *ctx);
void figures_done(struct figures_sum *sum); /* empties sum[plain_figures_n]; the array stays the caller's */

#endif
