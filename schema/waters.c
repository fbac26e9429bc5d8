#include "schema/waters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/civil.h"
#include "schema/books_sql.h"
#include "schema/dossier.h"
#include "schema/duties.h"

bool waters_is(const char *within)
{
	return within && (within[0] == '~' || area_is_reach(slice_of(within)));
}

bool waters_figure(const struct figure *f)
{
	static const char *const none[] = {"inspections", "visits", "visited", "visit_staff", "aid", "works"};

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (strcmp(f->num, none[i]) == 0)
			return false;
	return f->kind != FIGURE_STATE;
}

/* ------------------------------------------------------------------ sums */

struct sum {
	const char *figure, *level, *category;
	int64_t n;
	char key[]; /* these three, each with its end */
};

struct sums {
	struct map map;
	const char *scope;
	int32_t from_day, to_day;
};

static void add(struct sums *s, const char *figure, const char *level, const char *category, int64_t n)
{
	const char *part[] = {figure, level, category};
	size_t len[3], all = 0;
	struct sum *x;
	char key[512];

	for (size_t i = 0; i < 3; i++) {
		len[i] = strlen(part[i]) + 1;
		if (all + len[i] > sizeof key)
			return; /* a category is a code or a line: shorter */
		memcpy(key + all, part[i], len[i]);
		all += len[i];
	}
	if (!(x = map_get(&s->map, key, all))) {
		x = xcalloc(1, sizeof *x + all);
		memcpy(x->key, key, all);
		x->figure = x->key;
		x->level = x->figure + len[0];
		x->category = x->level + len[1];
		(void)map_put(&s->map, key, all, x); /* was not there */
	}
	x->n += n;
}

static void of_case(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	struct sums *s = ctx;

	if (day >= s->from_day && day < s->to_day && area_covers(slice_of(s->scope), slice_of(area)))
		add(s, figure, level, category, 1);
}

#define REACHES "FROM reach r CROSS JOIN "
#define WALKED                                                                                               \
	REACHES "patrol t INDEXED BY patrol_reach ON t.target = r.code AND t.target GLOB '*[^0-9]*' AND t.start_at " \
		"IS NOT NULL AND t.start_at >= ?3 AND t.start_at < ?4 WHERE r.until IS NULL AND" SQL_MINE("t.t_area", "t.target")

static enum err sum_patrols(struct store *st, const char *within, struct sums *s)
{
	sqlite3_stmt *q = sql_get(st, "SELECT coalesce(t.t_route, ''), coalesce(t.t_level, ''), t.t_river_level, sum(t.t_valid), count(*), "
		"sum(t.distance_m), sum(t.duration_s) " WALKED "GROUP BY 1, 2, 3");
	enum err e;

	sql_str(q, 1, s->scope);
	sql_str(q, 2, within);
	sql_int(q, 3, civil_day_ms(s->from_day));
	sql_int(q, 4, civil_day_ms(s->to_day));
	while ((e = sql_row(q)) == OK) {
		const char *route = sql_cstr(q, 0), *level = sql_cstr(q, 2);
		int64_t n = sqlite3_column_int64(q, 4);

		add(s, "patrols", sql_cstr(q, 1), route, n);
		add(s, "patrol_m", "", route, sqlite3_column_int64(q, 5));
		add(s, "patrol_s", "", route, sqlite3_column_int64(q, 6));
		if (sqlite3_column_type(q, 2) == SQLITE_NULL)
			continue;
		add(s, "river_patrols", level, "", n);
		add(s, "river_patrols_valid", level, "", sqlite3_column_int64(q, 3));
	}
	return sql_end(q, e);
}

static enum err sum_cases(struct store *st, const char *within, struct sums *s)
{
	sqlite3_stmt *q = sql_get(st, "SELECT c.share " REACHES "casus c INDEXED BY casus_reach ON c.scope = r.code AND c.scope GLOB '*[^0-9]*' "
		"WHERE r.until IS NULL AND c.share IS NOT NULL AND" SQL_MINE("c.area", "c.scope"));
	enum err e;

	sql_str(q, 1, s->scope);
	sql_str(q, 2, within);
	while ((e = sql_row(q)) == OK)
		dossier_share_each(sql_cstr(q, 0), of_case, s);
	return sql_end(q, e);
}

static int by_code(const void *a, const void *b)
{
	const struct sum *x = *(struct sum *const *)a, *y = *(struct sum *const *)b;
	int c;

	if ((c = strcmp(x->figure, y->figure)) || (c = strcmp(x->level, y->level)))
		return c;
	return strcmp(x->category, y->category);
}

enum err waters_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx)
{
	struct sums s = {.scope = scope, .from_day = from_day, .to_day = to_day};
	struct sum **list, *x;
	size_t n = 0;
	enum err e;

	if ((e = sum_patrols(st, within, &s)) == OK)
		e = sum_cases(st, within, &s);
	list = xcalloc(s.map.n + 1, sizeof(struct sum *));
	for (size_t pos = 0; (x = map_next(&s.map, &pos));)
		list[n++] = x;
	qsort(list, n, sizeof(struct sum *), by_code);
	for (size_t i = 0; i < n; i++) {
		struct books_tally t = {list[i]->figure, list[i]->level, list[i]->category, list[i]->n};

		if (e == OK && t.n != 0)
			row(ctx, &t);
		free(list[i]);
	}
	free(list);
	map_done(&s.map);
	return e;
}

/* ------------------------------------------------------------------ which reaches */

struct waters {
	struct map codes; /* reach code -> the set */
	bool any;
};

enum err waters_read(struct store *st, const char *within, struct waters **out)
{
	struct waters *w = xcalloc(1, sizeof *w);
	sqlite3_stmt *q;
	enum err e;

	if ((w->any = strcmp(within, "~") == 0)) {
		*out = w;
		return OK;
	}
	q = sql_get(st, "SELECT code FROM reach WHERE until IS NULL AND (code = ?1 OR (substr(?1, 1, 1) = '~' AND (code = substr(?1, 2) OR river = substr(?1, 2))))");
	sql_str(q, 1, within);
	while ((e = sql_row(q)) == OK)
		(void)map_put(&w->codes, sql_cstr(q, 0), strlen(sql_cstr(q, 0)), w);
	if ((e = sql_end(q, e)) == OK)
		*out = w;
	else
		waters_free(w);
	return e;
}

void waters_free(struct waters *w)
{
	if (!w)
		return;
	map_done(&w->codes);
	free(w);
}

bool waters_has(const struct waters *w, const char *code)
{
	return area_is_reach(slice_of(code)) && (w->any || map_get(&w->codes, code, strlen(code)));
}

/* ------------------------------------------------------------------ duties */

struct owing {
	const struct waters *reaches;
	int64_t met[5], overdue[5];
	char level[5][12];
	size_t n;
};

static void on_duty(void *ctx, const struct duty_row *r)
{
	struct owing *t = ctx;
	size_t i = 0;

	if ((r->state != DUTY_MET && r->state != DUTY_OVERDUE) || !waters_has(t->reaches, r->target))
		return;
	while (i < t->n && strcmp(t->level[i], r->level) != 0)
		i++;
	if (i == ARRAY_LEN(t->level))
		return; /* there are four levels, and none */
	if (i == t->n)
		slice_copy(t->level[t->n++], sizeof t->level[0], slice_of(r->level));
	t->met[i] += r->state == DUTY_MET;
	t->overdue[i] += r->state == DUTY_OVERDUE;
}

enum err waters_duties(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx)
{
	int32_t last = to_day - 1, decided = civil_day(at_ms) + duty_period_longest(PERIOD_YEAR);
	struct waters *w = NULL;
	struct owing t = {.n = 0};
	enum err e;

	if (from_day >= to_day)
		return OK;
	e = waters_read(st, within, &w);
	t.reaches = w;
	if (e == OK)
		e = duties_of_reaches(st, scope, NULL, NULL, from_day, last < decided ? last : decided, at_ms, on_duty, &t);
	for (size_t i = 0; e == OK && i < t.n; i++)
		row(ctx, t.level[i], t.met[i], t.overdue[i]);
	waters_free(w);
	return e;
}

/* ------------------------------------------------------------------ day by day */

bool waters_has_days(const char *figure)
{
	return strcmp(figure, "patrols") == 0 || strcmp(figure, "river_patrols") == 0 || strcmp(figure, "river_patrols_valid") == 0;
}

enum err waters_series(struct store *st, const struct books_series *s, int line, int64_t *n)
{
	const char *figure = s->line[line].figure;
	bool river = strncmp(figure, "river_patrols", 13) == 0, valid = strcmp(figure, "river_patrols_valid") == 0;
	sqlite3_stmt *q;
	enum err e;

	assert(waters_has_days(figure));
	memset(n, 0, (size_t)s->days * sizeof *n);
	q = sql_get(st, "SELECT t.t_day, count(*) " WALKED "AND (?5 = 0 OR t.t_river_level IS NOT NULL) AND (?6 = 0 OR t.t_valid = 1) AND "
		"(?7 IS NULL OR coalesce(CASE ?5 WHEN 1 THEN t.t_river_level ELSE t.t_level END, '') = ?7) AND (?8 IS NULL OR t.t_route = ?8) GROUP BY 1");
	sql_str(q, 1, s->scope);
	sql_str(q, 2, s->within);
	sql_int(q, 3, civil_day_ms(s->first));
	sql_int(q, 4, civil_day_ms(s->first + s->days));
	sql_int(q, 5, river);
	sql_int(q, 6, valid);
	sql_str(q, 7, s->line[line].level);
	sql_str(q, 8, s->line[line].category);
	while ((e = sql_row(q)) == OK) {
		int64_t i = sqlite3_column_int64(q, 0) - s->first;

		if (i >= 0 && i < s->days)
			n[i] = sqlite3_column_int64(q, 1);
	}
	return sql_end(q, e);
}
