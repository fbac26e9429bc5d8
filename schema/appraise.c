#include "schema/appraise.h"

#include <stdlib.h>

#include "base/map.h"
#include "core/civil.h"
#include "schema/sql.h"

#define HOUR_MS 3600000LL
#define HOLDS "since <= ?9 AND (until IS NULL OR until > ?9)" /* ?9: as of */

struct gate {
	char rule[65], role[16], level[12];
	bool each;
	int month_first, month_last;
	int32_t from, to; /* days */
	int64_t gap_ms;   /* 0: not asked for */
	struct track_rule asks;
};

struct appraiser {
	struct store *st;
	int64_t as_of;
	struct gate *gate; /* by name */
	uint32_t ngate;
	int64_t longest_gap_ms;
	bool gates_known;
	struct map lines;  /* target -> struct reachline */
	size_t bytes;      /* of the lines */
	uint32_t generation;
};

static const char absent; /* cached: there is none */
#define ABSENT ((void *)(uintptr_t)&absent)

static void drop_lines(struct appraiser *a)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(&a->lines, &pos)))
		if (v != ABSENT)
			reachline_free(v);
	map_done(&a->lines);
	a->bytes = 0;
	if (++a->generation == 0)
		a->generation = 1;
}

struct appraiser *appraiser_new(struct store *st, int64_t as_of)
{
	struct appraiser *a = xcalloc(1, sizeof *a);

	a->st = st;
	a->as_of = as_of;
	a->generation = 1;
	return a;
}

uint32_t appraiser_generation(const struct appraiser *a)
{
	return a->generation;
}

void appraiser_changed(struct appraiser *a)
{
	drop_lines(a);
	free(a->gate);
	a->gate = NULL;
	a->ngate = 0;
	a->longest_gap_ms = 0;
	a->gates_known = false;
}

void appraiser_free(struct appraiser *a)
{
	if (!a)
		return;
	appraiser_changed(a);
	free(a);
}

/* ------------------------------------------------------------------ lines */

enum err appraise_line(struct appraiser *a, struct slice target, const struct reachline **out)
{
	struct reachline *l;
	sqlite3_stmt *q;
	enum err e;

	*out = NULL;
	if (target.n == 0 || area_level(target) != AREA_NONE)
		return OK; /* an area has a border, no line */
	if ((l = map_get(&a->lines, target.p, target.n))) {
		*out = l == ABSENT ? NULL : l;
		return OK;
	}
	q = sql_get(a->st, "SELECT geojson FROM shape WHERE code = ?1 AND " HOLDS);
	sql_text(q, 1, target);
	sql_int(q, 9, a->as_of);
	if ((e = sql_row(q)) == OK) {
		struct slice text = sql_col(q, 0);

		l = reachline_new(text.p, text.n);
	}
	sql_done(q);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (a->bytes > APPRAISE_LINES_BYTES || a->lines.n >= REGISTRY_CACHE)
		drop_lines(a);
	a->bytes += l ? reachline_bytes(l) : 0;
	(void)map_put(&a->lines, target.p, target.n, l ? (void *)l : ABSENT); /* was not there */
	*out = l;
	return OK;
}

/* ------------------------------------------------------------------ rules */

static int64_t asked(sqlite3_stmt *q, int col, int64_t unit)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, col) * unit;
}

static void read_gate(sqlite3_stmt *q, struct gate *g)
{
	int months = sqlite3_column_int(q, 4);

	*g = (struct gate){.each = slice_is(sql_col(q, 3), "each"), .month_first = months / 100, .month_last = months % 100,
		.from = INT32_MIN, .to = INT32_MAX};
	slice_copy(g->rule, sizeof g->rule, sql_col(q, 0));
	slice_copy(g->role, sizeof g->role, sql_col(q, 1));
	slice_copy(g->level, sizeof g->level, sql_col(q, 2));
	g->asks = (struct track_rule){asked(q, 5, 60000), asked(q, 6, 1000), (int32_t)asked(q, 8, 1)};
	g->gap_ms = asked(q, 7, HOUR_MS);
	if (sqlite3_column_type(q, 9) != SQLITE_NULL)
		g->from = sqlite3_column_int(q, 9);
	if (sqlite3_column_type(q, 10) != SQLITE_NULL)
		g->to = sqlite3_column_int(q, 10);
}

/* A newer row of the same rule has the days from its first on; an older one keeps those before (schema/dutybook.h). */
static void keep_days(struct gate *g, const struct gate *newer)
{
	if (newer->from == INT32_MIN)
		g->to = INT32_MIN; /* it has them all */
	else if (g->to >= newer->from)
		g->to = newer->from - 1;
	if (g->from > newer->from)
		g->from = newer->from; /* for those older still; it has no day of its own */
}

static enum err load_gates(struct appraiser *a)
{
	struct gate *g;
	sqlite3_stmt *q;
	enum err e;

	if (a->gates_known)
		return OK;
	a->ngate = 0;
	q = sql_get(a->st, "SELECT rule, role, level, target, months, min_minutes, min_metres, min_gap_hours, "
			   "min_coverage, valid_from, valid_to FROM duty WHERE since <= ?9 ORDER BY rule, role, level, since DESC");
	sql_int(q, 9, a->as_of);
	while ((e = sql_row(q)) == OK) {
		a->gate = xrealloc(a->gate, (a->ngate + 1) * sizeof *a->gate);
		g = &a->gate[a->ngate];
		read_gate(q, g);
		if (a->ngate && strcmp(g[-1].rule, g->rule) == 0 && strcmp(g[-1].role, g->role) == 0 && strcmp(g[-1].level, g->level) == 0)
			keep_days(g, &g[-1]);
		if (g->gap_ms > a->longest_gap_ms)
			a->longest_gap_ms = g->gap_ms;
		a->ngate++;
	}
	e = sql_end(q, e);
	a->gates_known = e == OK;
	return e;
}

enum err appraise_longest_gap(struct appraiser *a, int64_t *out_ms)
{
	enum err e = load_gates(a);

	*out_ms = a->longest_gap_ms;
	return e;
}

static bool active(const struct gate *g, int32_t day)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	return g->month_first <= g->month_last ? m >= g->month_first && m <= g->month_last
					       : m >= g->month_first || m <= g->month_last;
}

static bool governs(const struct gate *g, const struct patrol_standing *by, int32_t day)
{
	return strcmp(g->role, by->role) == 0 && strcmp(g->level, by->level) == 0 && g->from <= day && day <= g->to &&
		active(g, day);
}

/* ------------------------------------------------------------------ the verdict */

static uint32_t weight(uint32_t reasons)
{
	return (uint32_t)__builtin_popcount(reasons);
}

enum err appraise(struct appraiser *a, const struct patrol *p, appraise_gap *gap, void *ctx, struct worth *out)
{
	struct track_facts f = {p->start.at_ms, p->end.at_ms, p->end.seq != 0, p->standing.appointed};
	int32_t day = civil_day(p->start.at_ms);
	struct worth best = {0};
	bool found = false;
	enum err e = load_gates(a);

	for (uint32_t i = 0; e == OK && p->standing.role[0] && i < a->ngate; i++) {
		const struct gate *g = &a->gate[i];
		uint32_t v;
		bool close = false;

		if (!governs(g, &p->standing, day))
			continue;
		v = track_verdict(&p->track, &f, &g->asks);
		if (g->gap_ms > 0 && (e = gap(ctx, p, g->gap_ms, g->each, &close)) == OK && close)
			v |= TRACK_MIN_GAP;
		if (found && weight(v) >= weight(best.reasons))
			continue;
		found = true;
		best.reasons = v;
		slice_copy(best.rule, sizeof best.rule, slice_of(g->rule));
	}
	if (!found)
		best.reasons = track_verdict(&p->track, &f, NULL);
	if (e == OK)
		*out = best;
	return e;
}
