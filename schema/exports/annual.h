/* annual.h - the paragraph of the yearly report (domain page, section 1) and the numbers it is made of.
 *
 *   annual_take for each figure of the period, and of the one before --> annual_write --> text and rows --> annual_done
 *
 * A clause without data is left out whole.  A number stands in the paragraph as the town writes it (text: "98%以上",
 * "约5吨"); its row says what it is exactly.  Pure but for memory. */
#ifndef XUNGE_SCHEMA_EXPORTS_ANNUAL_H
#define XUNGE_SCHEMA_EXPORTS_ANNUAL_H

#include "base/buf.h"
#include "core/area.h"
#include "schema/figures/figures.h"

#define ANNUAL_CORRECTIONS 20 /* told in the paragraph; the table has all */

struct annual_value { /* a figure's row; owns its texts */
	char *figure, *name, *unit, *level, *category, *category_name, *definition;
	bool has, approx;
	int64_t num, den;
	char value[32], display[64];
};

struct annual_set {
	struct annual_value *v;
	size_t n, cap;
};

struct annual_row { /* a number of the paragraph, in its order */
	const char *clause;           /* "patrols", "appeals" ... */
	const struct annual_value *v; /* of now, or of the year before */
	char *text;                   /* as it stands in the paragraph; owned */
	bool before;                  /* of the year before */
};

struct annual_correction { /* of a frozen month; owns its texts */
	char *figure, *name, *unit, *level, *category, *category_name, *before, *after, *events;
	int32_t month; /* yyyymm */
	int64_t frozen, commit, events_n;
};

struct annual {
	/* from the caller */
	struct annual_set now, was; /* was: empty when the year before is not to be compared with */
	struct annual_correction *correction;
	size_t corrections, corrections_cap;
	int32_t from_day, to_day;
	enum area_level level;      /* of the place; AREA_NONE: all there is */
	bool running;               /* the period is not over as of then */
	bool english;
	int64_t as_of, as_of_ms;
	/* out */
	struct buf text;
	struct annual_row *row;
	size_t rows, rows_cap;
};

void annual_take(struct annual_set *to, const struct figure_value *v);
/* NULL: there is none. */
const struct annual_value *annual_find(const struct annual_set *s, const char *figure, const char *level, const char *category);
void annual_correct(struct annual *a, const struct annual_correction *c); /* copies */
void annual_write(struct annual *a);
void annual_done(struct annual *a);

/* annual_zh.c, annual_en.c: the sentences. */
void annual_chinese(struct annual *a);
void annual_english(struct annual *a);

/* For them.  A number into the paragraph and the table: text, from fmt. */
void annual_number(struct annual *a, const char *clause, const struct annual_value *v, const char *fmt, ...) PRINTF(4, 5);
/* The total of a figure when there is something to say: it has a value, and it is not 0; else NULL. */
const struct annual_value *annual_total(const struct annual *a, const char *figure);
/* The next part (level or category) of a figure that is not 0, in the order of reports; *pos starts at 0; NULL: no more. */
const struct annual_value *annual_part(const struct annual *a, const char *figure, size_t *pos);
const char *annual_part_name(const struct annual_value *v); /* its category's name, else the code */
int annual_short(const struct annual_value *v); /* bytes of its display without a .00 behind */
bool annual_at_least(const struct annual_value *rate, int percent);
/* The whole percent below; *exact: it is just that. */
int64_t annual_floor(const struct annual_value *rate, bool *exact);
/* (now - was) / was in percent without its sign, one decimal; NULL: not to be compared.  *sign: -1, 0, 1. */
const struct annual_value *annual_growth(const struct annual *a, const char *figure, char out[32], int *sign);

enum annual_period { ANNUAL_YEAR, ANNUAL_QUARTER, ANNUAL_MONTH, ANNUAL_MONTHS, ANNUAL_YEARS, ANNUAL_DAY, ANNUAL_DAYS };
struct annual_dates {
	enum annual_period what;
	int y1, m1, d1, y2, m2, d2; /* the last day counts */
};
void annual_dates(const struct annual *a, struct annual_dates *out);

#endif
