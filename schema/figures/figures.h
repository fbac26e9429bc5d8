/* figures.h - the figures of the town, each defined once, and their values for a scope and a period.  The command, HTTP,
 * the report, the workbook and the notices all read them here (contract, section 7).
 *
 * A figure is made of counts that the tallies keep (schema/tally.h), of states as of a day (households), or of duties.
 * A rate is a numerator and a denominator, rounded half up once, when it is shown; nothing is divided before.
 *
 * Two ways of counting cases, always named: cohort 同批次 (of those reported in the period, by the day of their report;
 * the ids of the contract) and flow 按发生时间 (closed in the period, by the day of closing; ids end in _flow). */
#ifndef XUNGE_SCHEMA_FIGURES_FIGURES_H
#define XUNGE_SCHEMA_FIGURES_FIGURES_H

#include "base/buf.h"
#include "schema/store.h"

#define FIGURES_PARTS 6
#define FIGURES_YEARS_MAX 100 /* of a period that is added up */

enum figure_by { FIGURE_BY_NONE, FIGURE_BY_LEVEL, FIGURE_BY_CATEGORY };

enum figure_kind {
	FIGURE_COUNT,    /* sum of a tally: num; / scale, shown with `decimals` */
	FIGURE_RATE,     /* num ÷ den, tallies (or duties); in percent, shown with `decimals` */
	FIGURE_DISTINCT, /* how many categories of the tally num are above 0 */
	FIGURE_STATE,    /* households as of the last day of the period */
};

struct figure {
	const char *id, *name, *name_en, *unit, *unit_en;
	enum figure_kind kind;
	enum figure_by by;
	const char *num, *den;  /* tallies */
	int64_t scale;          /* of a count: 1000 of the tally make one unit */
	int decimals;
	const char *part[FIGURES_PARTS]; /* levels or categories that always have a row; NULL at the end */
	const char *klass;      /* each category of this class of the catalogue has a row too; NULL: none */
	const char *definition, *definition_en; /* fixed text with its version "id/1 ..."; another meaning is another version */
};

extern const struct figure figures[];
extern const size_t figures_n;
const struct figure *figure_find(const char *id); /* NULL: there is none */

bool figures_too_long(int32_t from_day, int32_t to_day, int64_t now_ms); /* days to come do not count: they cost nothing */

struct figures_ask {
	const char *scope;          /* the asker's: area code, or "*" */
	const char *within;         /* area code inside of it, or reaches (schema/waters.h: fewer figures, nothing frozen); NULL: all of it */
	int32_t from_day, to_day;   /* [from, to) */
	int64_t at_ms;              /* the instant for what hangs on the clock (duties not yet over) */
	const char *only;           /* one figure's id; NULL: all */
	bool corrected;             /* frozen months as their events say now, not as they were frozen */
	bool english;
	bool masked;                /* without the phones that an issuer, or the unit of a work, may hold */
};

struct figure_value { /* borrowed for the call */
	const struct figure *f;
	const char *name, *unit;    /* in the language asked for; works: the unit of the item */
	const char *level, *category, *category_name; /* both codes "": the total */
	bool has;                   /* false: no value ("—"): a zero denominator, a sum over different units */
	bool approx;                /* 约 */
	int64_t num, den;           /* den 0 but for rates: value = num / scale */
	char value[32];             /* decimal number: "98.3", "5", "12.345"; "" without */
	char display[64];           /* "98.3%", "约5", "—" */
	const char *definition;
};

/* All rows of all figures, in the order of figures[]: the total, then the parts.  The store stands at the commit that is
 * asked for (schema/asof.h), in one snapshot.  Frozen months give their frozen values. */
enum err figures_read(struct store *st, const struct figures_ask *ask,
	void (*row)(void *ctx, const struct figure_value *v), void *ctx) MUST_CHECK;

/* Makes value and display of f, num, den, has and approx. */
void figure_show(struct figure_value *v, bool english);

/* Its categories are issuers: what somebody wrote, no codes. */
bool figure_of_issuers(const struct figure *f);
const char *figure_masked(const char *text, struct buf *to); /* mask_text, kept in `to` */

/* num / den in percent, or num / scale, half up, into out: "98.3".  den > 0; exact for all of int64 (no overflow). */
void figure_round(int64_t num, int64_t den, int decimals, bool percent, char out[32]);

#endif
