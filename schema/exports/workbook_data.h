/* workbook_data.h - what the summary sheets of a workbook count, read page by page from the records as they stand.
 *
 * Patrols count by the day of their start, cases by the day of their report (or of their deadline, where it says so), duties
 * by the last day of their period.  Rows are kept in memory, sums of at most WORKBOOK_ROWS places, chiefs and so on. */
#ifndef XUNGE_SCHEMA_EXPORTS_WORKBOOK_DATA_H
#define XUNGE_SCHEMA_EXPORTS_WORKBOOK_DATA_H

#include "base/map.h"
#include "core/area.h"
#include "core/duty.h"
#include "schema/exports/rows.h"

#define WORKBOOK_ROWS 20000 /* places; chiefs x reaches; overdue duties: beyond, the workbook is refused */
#define WORKBOOK_LEVELS 5

struct wb_level { /* district town community grid, and those without an appointment */
	int64_t people, need, overdue, valid, found;
	int64_t patrols, today, year, before; /* of the period; of the instant's day; since 1 January; of the period before */
};

struct wb_place { /* a grid, or an area above one for what belongs to no grid */
	char code[AREA_CODE_MAX + 1];
	char *name, *community;
	struct buf workers; /* names, masked where they must be, with 、 */
	int64_t need, patrols, received, closed;
	int64_t last_ms;    /* start of its last patrol; INT64_MIN: none */
};

struct wb_reach { /* a chief and a reach */
	char target[REACH_CODE_MAX + 1], level[12], person[65]; /* target "": any */
	char *name, *river, *chief;
	int64_t need, patrols, valid, metres, seconds, found, fixed, last_ms;
};

struct wb_category {
	const char *klass; /* literal */
	char *code, *name;
	int64_t voided;     /* reported in the period, and void: counted nowhere else */
	int64_t received, accepted, due, closed, on_time, reworked, extended, overdue;
};

struct wb_overdue {
	char level[12], rule[DUTY_RULE_MAX + 1];
	char *name, *place;
	enum duty_period period;
	int64_t last_ms, days, need, done; /* the last two: of the current period */
	int64_t told;                      /* reminders of this lapse */
	size_t nth;         /* of those read */
};

struct wb_rows { /* a growing array of pointers, and where to find them by key */
	struct map by_key;
	void **row;
	size_t n, cap;
};

struct wb_data {
	const struct table_world *w;
	struct wb_level level[WORKBOOK_LEVELS];
	struct map people[WORKBOOK_LEVELS]; /* with a duty; values: w */
	struct wb_rows places, reaches, categories, overdue;
	int stage;            /* of collecting */
	int32_t day;          /* next one to be read */
	int64_t id;           /* last one read */
	char person[65];      /* last one read */
	int64_t until_mono_ms; /* of the page under way */
	int32_t before_from, before_to; /* the period before */
};

void wb_data_begin(struct wb_data *d, const struct table_world *w);
void wb_data_done(struct wb_data *d);
/* Reads on until r is full.  *more: it is not over.  ERR_FULL: more than WORKBOOK_ROWS of a sort. */
enum err wb_data_page(struct wb_data *d, struct rows *r, bool *more) MUST_CHECK;

int wb_level_index(const char *level); /* 0 district .. 3 grid, 4 none */

#endif
