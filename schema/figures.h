/* figures.h - the figures that can be exported, and what each of them means: the one place. */
#ifndef XUNGE_SCHEMA_FIGURES_H
#define XUNGE_SCHEMA_FIGURES_H

#include "schema/ledger.h"

#define FIGURES_PARTS 6

enum figures_by { FIGURES_BY_LEVEL, FIGURES_BY_CATEGORY };

struct figure {
	const char *id, *name, *unit;
	enum figures_by by;
	const char *part[FIGURES_PARTS]; /* levels or categories, each with a row of its own; NULL at the end */
	const char *definition; /* fixed text with its version; another meaning is another version */
};

extern const struct figure figures[];
extern const size_t figures_n;

/* What a period and scope add up to; zeroed = nothing yet. */
struct figures_sum {
	int64_t total, part[FIGURES_PARTS];
};

/* Adds a row of ledger_tallies() or ledger_recount() to sum[figures_n]; rows of no figure are left out. */
void figures_add(struct figures_sum *sum, const struct figure_row *row);

#endif
