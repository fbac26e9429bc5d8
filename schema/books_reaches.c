#include "schema/books_reaches.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/civil.h"
#include "schema/books_sql.h"
#include "schema/duties.h"

struct one {
	struct books_reach r;
	char code[REACH_CODE_MAX + 1], *name, *river, *kind, *area, *area_name;
};

struct page {
	struct store *st;
	const struct books_page *p;
	struct one *row;
	size_t n;
	struct map by_code;
	int32_t today, month, month_end, year, year_end;
};

static void page_done(struct page *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct one *o = &g->row[i];

		for (size_t k = 0; k < o->r.npeople; k++)
			free(o->r.person[k].name);
		free(o->r.person);
		free(o->name);
		free(o->river);
		free(o->kind);
		free(o->area);
		free(o->area_name);
	}
	free(g->row);
	map_done(&g->by_code);
}

static struct books_reach *reach_of(const struct page *g, const char *code)
{
	struct one *o = map_get(&g->by_code, code, strlen(code));

	return o ? &o->r : NULL;
}

/* NULL: there are no more levels than that. */
static struct books_reach_level *level_of(struct books_reach *r, const char *level)
{
	size_t i = 0;

	while (i < r->nlevels && strcmp(r->level[i].level, level) != 0)
		i++;
	if (i == BOOKS_REACH_LEVELS)
		return NULL;
	if (i == r->nlevels)
		slice_copy(r->level[r->nlevels++].level, sizeof r->level[0].level, slice_of(level));
	return &r->level[i];
}

static enum err read_codes(struct page *g, struct books_page *p, const char *after, char *next)
{
	sqlite3_stmt *q = sql_get(g->st, "SELECT r.code, r.name, r.river, r.kind, r.area, " SQL_AREA("r.area") ", r.length_m, EXISTS (SELECT 1 FROM shape s "
		"WHERE s.code = r.code AND s.until IS NULL) FROM reach r WHERE r.code > ?3 AND r.until IS NULL AND" SQL_MINE("r.area", "r.code")
		"ORDER BY r.code LIMIT ?4");
	enum err e;

	g->row = xcalloc((size_t)p->limit + 1, sizeof *g->row);
	sql_str(q, 1, p->scope);
	sql_str(q, 2, p->within);
	sql_str(q, 3, after);
	sql_int(q, 4, (int64_t)p->limit + 1);
	while ((e = sql_row(q)) == OK) {
		struct one *o = &g->row[g->n];

		if (g->n == (size_t)p->limit) {
			p->more = true;
			slice_copy(next, REACH_CODE_MAX + 1, slice_of(g->row[g->n - 1].code));
			break;
		}
		slice_copy(o->code, sizeof o->code, sql_col(q, 0));
		o->name = xstrdup(sql_cstr(q, 1));
		o->river = xstrdup(sql_cstr(q, 2));
		o->kind = xstrdup(sql_cstr(q, 3));
		o->area = xstrdup(sql_cstr(q, 4));
		o->area_name = xstrdup(sql_cstr(q, 5));
		o->r = (struct books_reach){.code = o->code, .name = o->name, .river = o->river, .kind = o->kind, .area = {o->area, o->area_name},
			.length_m = books_ms(q, 6), .drawn = sqlite3_column_int(q, 7), .last_ms = -1};
		(void)map_put(&g->by_code, o->code, strlen(o->code), o); /* was not there */
		g->n++;
	}
	return sql_end(q, e);
}

/* What hangs on a code between the page's first and last is read in one pass: neither table has an index by it. */
static void bind_codes(const struct page *g, sqlite3_stmt *q)
{
	sql_str(q, 1, g->row[0].code);
	sql_str(q, 2, g->row[g->n - 1].code);
	sql_int(q, 3, g->today);
}

static enum err read_people(struct page *g)
{
	sqlite3_stmt *q = sql_get(g->st, "SELECT x.place, x.person, x.role, x.level, coalesce(" SQL_PERSON("x.person") ", '') FROM (SELECT scope AS place, "
		"person, role, level FROM appointment WHERE scope BETWEEN ?1 AND ?2 AND until IS NULL AND valid_from <= ?3 AND (valid_to IS NULL OR "
		"valid_to >= ?3) UNION SELECT target, person, role, level FROM duty_state WHERE target BETWEEN ?1 AND ?2 AND gone = 0) x "
		"ORDER BY 1, x.role <> 'chief', x.level <> 'district', x.level <> 'town', x.level, x.person, x.role");
	enum err e;

	bind_codes(g, q);
	while ((e = sql_row(q)) == OK) {
		struct books_reach *r = reach_of(g, sql_cstr(q, 0));
		struct books_reach_person *p;

		if (!r)
			continue;
		if (r->npeople == BOOKS_REACH_PEOPLE) {
			r->people_cut++;
			continue;
		}
		if (!r->person)
			r->person = xcalloc(BOOKS_REACH_PEOPLE, sizeof *r->person);
		p = &r->person[r->npeople++];
		slice_copy(p->person, sizeof p->person, sql_col(q, 1));
		slice_copy(p->role, sizeof p->role, sql_col(q, 2));
		slice_copy(p->level, sizeof p->level, sql_col(q, 3));
		p->name = xstrdup(sql_cstr(q, 4));
		if (strcmp(p->role, "chief") == 0)
			(void)level_of(r, p->level); /* that it is there is enough */
	}
	return sql_end(q, e);
}

static enum err read_duties(struct page *g)
{
	sqlite3_stmt *q = sql_get(g->st, "SELECT d.target, d.role, d.level, d.state, d.need, d.done, d.last = ?3, d.overdue IS NOT NULL FROM duty_state d WHERE "
		"d.target BETWEEN ?1 AND ?2 AND d.gone = 0 AND (?4 = '*' OR substr(d.area, 1, length(?4)) = ?4)");
	enum err e;

	bind_codes(g, q);
	sql_str(q, 4, g->p->scope);
	while ((e = sql_row(q)) == OK) {
		struct books_reach *r = reach_of(g, sql_cstr(q, 0));
		enum duty_state state = (enum duty_state)sqlite3_column_int(q, 3);
		struct books_reach_level *l;

		if (!r)
			continue;
		r->overdue += sqlite3_column_int(q, 7);
		if (state == DUTY_EXEMPT)
			continue;
		r->duties++;
		r->met += state == DUTY_MET;
		r->need += sqlite3_column_int64(q, 4);
		r->done += sqlite3_column_int64(q, 5);
		if (strcmp(sql_cstr(q, 1), "chief") == 0 && sqlite3_column_int(q, 6) && (l = level_of(r, sql_cstr(q, 2))))
			l->span[BOOKS_TODAY].owed += sqlite3_column_int64(q, 4);
	}
	return sql_end(q, e);
}

/* A duty belongs to the day on which its period ends; what has not begun is not owed yet. */
static void on_owed(void *ctx, const struct duty_row *d)
{
	struct page *g = ctx;
	struct books_reach *r;
	struct books_reach_level *l;

	if (strcmp(d->role, "chief") != 0 || d->state == DUTY_EXEMPT || d->i.span.first > g->today || !(r = reach_of(g, d->target)) ||
		!(l = level_of(r, d->level)))
		return;
	l->span[BOOKS_YEAR].owed += d->i.need;
	if (d->i.span.last >= g->month && d->i.span.last < g->month_end)
		l->span[BOOKS_MONTH].owed += d->i.need;
}

static enum err read_patrols(struct page *g, struct books_reach *r)
{
	sqlite3_stmt *q = sql_get(g->st, "SELECT coalesce(t.t_river_level, '-'), sum(t.start_at >= ?3 AND t.start_at < ?4), sum(t.start_at >= ?5 AND t.start_at < "
		"?6), count(*), sum(t.start_at >= ?3 AND t.start_at < ?4 AND t.reasons = 0), sum(t.start_at >= ?5 AND t.start_at < ?6 AND t.reasons = 0), "
		"sum(t.reasons = 0) FROM patrol t INDEXED BY patrol_reach WHERE t.target = ?2 AND t.target GLOB '*[^0-9]*' AND t.start_at IS NOT NULL AND "
		"t.start_at >= ?7 AND t.start_at < ?8 AND (?1 = '*' OR substr(t.t_area, 1, length(?1)) = ?1) GROUP BY 1");
	enum err e;

	sql_str(q, 1, g->p->scope);
	sql_str(q, 2, r->code);
	sql_int(q, 3, civil_day_ms(g->today));
	sql_int(q, 4, civil_day_ms(g->today + 1));
	sql_int(q, 5, civil_day_ms(g->month));
	sql_int(q, 6, civil_day_ms(g->month_end));
	sql_int(q, 7, civil_day_ms(g->year));
	sql_int(q, 8, civil_day_ms(g->year_end));
	while ((e = sql_row(q)) == OK) {
		const char *level = sql_cstr(q, 0);
		struct books_reach_level *l = strcmp(level, "-") == 0 ? NULL : level_of(r, level); /* "-": nobody's as a chief */

		for (int i = 0; i < BOOKS_SPANS; i++) {
			r->patrols[i] += sqlite3_column_int64(q, 1 + i);
			if (l) {
				l->span[i].patrols += sqlite3_column_int64(q, 1 + i);
				l->span[i].valid += sqlite3_column_int64(q, 4 + i);
			}
		}
	}
	return sql_end(q, e);
}

static enum err read_cases(struct page *g, struct books_reach *r)
{
	sqlite3_stmt *q = sql_get(g->st, "SELECT count(*), coalesce(sum(c.class = 'hazard'), 0) FROM casus c INDEXED BY casus_reach WHERE c.scope = ?2 AND "
		"c.scope GLOB '*[^0-9]*' AND c.state IN (1, 2, 3, 4, 5, 8) AND (?1 = '*' OR substr(c.area, 1, length(?1)) = ?1)");
	enum err e;

	sql_str(q, 1, g->p->scope);
	sql_str(q, 2, r->code);
	if ((e = sql_row(q)) == OK) {
		r->open_cases = sqlite3_column_int64(q, 0);
		r->open_hazards = sqlite3_column_int64(q, 1);
	}
	sql_done(q);
	return e;
}

/* Gives the row with the last patrol of the reach. */
static enum err give(struct page *g, struct books_reach *r, void (*row)(void *ctx, const struct books_reach *r), void *ctx)
{
	sqlite3_stmt *q = sql_get(g->st, "SELECT t.start_at, t.device, t.name, t.person, " SQL_PERSON("t.person") ", t.reasons = 0 FROM patrol t INDEXED BY "
		"patrol_reach WHERE t.target = ?2 AND t.target GLOB '*[^0-9]*' AND t.start_at IS NOT NULL AND (?1 = '*' OR substr(t.t_area, 1, length(?1)) = ?1) "
		"ORDER BY t.start_at DESC LIMIT 1");
	enum err e;

	sql_str(q, 1, g->p->scope);
	sql_str(q, 2, r->code);
	if ((e = sql_row(q)) == OK) {
		r->last_ms = sqlite3_column_int64(q, 0);
		r->device = sql_cstr(q, 1);
		r->patrol = sql_cstr(q, 2);
		r->last_person = books_named(q, 3);
		r->last_valid = sqlite3_column_int(q, 5) != 0;
	}
	if (e == OK || e == ERR_NOTFOUND)
		row(ctx, r);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err books_reach_rows(struct store *st, struct books_page *p, const char *after, char next[REACH_CODE_MAX + 1],
	void (*row)(void *ctx, const struct books_reach *r), void *ctx)
{
	struct page g = {.st = st, .p = p, .today = civil_day(p->now_ms)};
	enum err e;

	g.month = civil_month_first(g.today);
	g.month_end = civil_month_first(g.month + 31);
	g.year = civil_year_first(g.today);
	g.year_end = civil_year_first(g.year + 366);
	p->more = false;
	if ((e = read_codes(&g, p, after, next)) == OK && g.n > 0 && (e = read_people(&g)) == OK && (e = read_duties(&g)) == OK)
		e = duties_of_reaches(st, p->scope, g.row[0].code, g.row[g.n - 1].code, g.year, g.year_end - 1, p->now_ms, on_owed, &g);
	for (size_t i = 0; e == OK && i < g.n; i++)
		if ((e = read_patrols(&g, &g.row[i].r)) == OK && (e = read_cases(&g, &g.row[i].r)) == OK)
			e = give(&g, &g.row[i].r, row, ctx);
	page_done(&g);
	return e;
}
