#include "schema/exports/workbook_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/casus.h"
#include "core/civil.h"
#include "core/mask.h"
#include "schema/books_figures.h"
#include "schema/duties.h"
#include "schema/exports/sink.h"
#include "schema/reminded.h"
#include "schema/sql.h"

#define PEOPLE 40  /* whose duties are judged between two looks at the clock */
#define DAYS 31    /* of records summed up at once */
#define CASES 5000 /* looked through at once */

#define SQL_UNDER(area) " (?1 = '*' OR substr(" area ", 1, length(?1)) = ?1) "

enum { AREAS, WORKERS, CATEGORIES, LEVELS, DUTIES, PATROLS, FOUND, CASES_IN, CASES_DUE, CASES_LATE, OVERDUE, ENDED };

static const char *const levels[WORKBOOK_LEVELS] = {"district", "town", "community", "grid", ""};

int wb_level_index(const char *level)
{
	for (int i = 0; i < WORKBOOK_LEVELS - 1; i++)
		if (strcmp(levels[i], level) == 0)
			return i;
	return WORKBOOK_LEVELS - 1;
}

/* ------------------------------------------------------------------ rows */

/* The row of this key; a new one of `size` bytes when there is none (*fresh).  NULL: there are too many. */
static void *row_of(struct wb_rows *rs, const char *key, size_t size, bool *fresh)
{
	void *p = map_get(&rs->by_key, key, strlen(key));

	*fresh = !p;
	if (p)
		return p;
	if (rs->n == WORKBOOK_ROWS)
		return NULL;
	if (rs->n == rs->cap) {
		rs->cap = rs->cap ? rs->cap * 2 : 64;
		rs->row = xrealloc(rs->row, rs->cap * sizeof(*rs->row));
	}
	p = rs->row[rs->n++] = xcalloc(1, size);
	map_put(&rs->by_key, key, strlen(key), p);
	return p;
}

static void rows_drop(struct wb_rows *rs, void (*inside)(void *row))
{
	for (size_t i = 0; i < rs->n; i++) {
		inside(rs->row[i]);
		free(rs->row[i]);
	}
	free(rs->row);
	map_done(&rs->by_key);
}

static void place_drop(void *row)
{
	struct wb_place *p = row;

	free(p->name);
	free(p->community);
	buf_done(&p->workers);
}

static void reach_drop(void *row)
{
	struct wb_reach *p = row;

	free(p->name);
	free(p->river);
	free(p->chief);
}

static void category_drop(void *row)
{
	struct wb_category *p = row;

	free(p->code);
	free(p->name);
}

static void overdue_drop(void *row)
{
	struct wb_overdue *p = row;

	free(p->name);
	free(p->place);
}

void wb_data_done(struct wb_data *d)
{
	rows_drop(&d->places, place_drop);
	rows_drop(&d->reaches, reach_drop);
	rows_drop(&d->categories, category_drop);
	rows_drop(&d->overdue, overdue_drop);
	for (int i = 0; i < WORKBOOK_LEVELS; i++)
		map_done(&d->people[i]);
}

static char *shown_name(const struct table_world *w, const char *name)
{
	struct buf b = {0};

	buf_adds(&b, "");
	if (w->unmask)
		buf_adds(&b, name);
	else
		mask_name(slice_of(name), &b);
	return b.p;
}

/* ------------------------------------------------------------------ places and who works there */

static void find_text(sqlite3_stmt *q, const char *code, char **out)
{
	sql_str(q, 1, code);
	*out = xstrdup(sql_row(q) == OK ? sql_cstr(q, 0) : "");
	sql_done(q);
}

static enum err place_at(struct wb_data *d, const char *code, struct wb_place **out)
{
	bool fresh;
	struct wb_place *p = row_of(&d->places, code, sizeof(*p), &fresh);

	if (!p)
		return ERR_FULL;
	if (fresh) {
		slice_copy(p->code, sizeof(p->code), slice_of(code));
		find_text(sql_get(d->w->st, "SELECT name FROM area WHERE code = ?1 AND until IS NULL"), code, &p->name);
		find_text(sql_get(d->w->st, "SELECT name FROM area WHERE code = substr(?1, 1, 12) AND until IS NULL"), code, &p->community);
		p->last_ms = INT64_MIN;
	}
	*out = p;
	return OK;
}

/* All grids that were valid on a day of the period. */
static enum err read_areas(struct wb_data *d)
{
	sqlite3_stmt *q = sql_get(d->w->st, "SELECT code, name, (SELECT name FROM area c WHERE c.code = substr(area.code, 1, 12) AND c.until IS NULL)"
		" FROM area WHERE until IS NULL AND length(code) = 15 AND" SQL_UNDER("code")
		" AND coalesce(valid_from, -2147483648) < ?3 AND coalesce(valid_to, 2147483647) >= ?2 ORDER BY code");
	struct wb_place *p;
	enum err e, made = OK;
	bool fresh;

	sql_str(q, 1, d->w->place);
	sql_int(q, 2, d->w->from_day);
	sql_int(q, 3, d->w->to_day);
	while (made == OK && (e = sql_row(q)) == OK) {
		p = row_of(&d->places, sql_cstr(q, 0), sizeof(*p), &fresh);
		if (!p) {
			made = ERR_FULL;
			break;
		}
		slice_copy(p->code, sizeof(p->code), sql_col(q, 0));
		p->name = xstrdup(sql_cstr(q, 1));
		p->community = xstrdup(sql_cstr(q, 2));
		p->last_ms = INT64_MIN;
	}
	if (made != OK) {
		sql_done(q);
		return made;
	}
	return sql_end(q, e);
}

static enum err read_workers(struct wb_data *d)
{
	sqlite3_stmt *q = sql_get(d->w->st, "SELECT DISTINCT a.scope, p.id, p.name FROM appointment a JOIN person p ON p.id = a.person AND p.until IS NULL"
		" WHERE a.until IS NULL AND a.role = 'worker' AND length(a.scope) = 15 AND" SQL_UNDER("a.scope")
		" AND a.valid_from < ?3 AND coalesce(a.valid_to, 2147483647) >= ?2 ORDER BY a.scope, p.id");
	enum err e;

	sql_str(q, 1, d->w->place);
	sql_int(q, 2, d->w->from_day);
	sql_int(q, 3, d->w->to_day);
	while ((e = sql_row(q)) == OK) {
		struct wb_place *p = map_get(&d->places.by_key, sql_cstr(q, 0), strlen(sql_cstr(q, 0)));
		char *name;

		if (!p)
			continue;
		name = shown_name(d->w, sql_cstr(q, 2));
		buf_addf(&p->workers, "%s%s", p->workers.n ? "、" : "", name);
		free(name);
	}
	return sql_end(q, e);
}

static const char *const classes[] = {"hazard", "finding", "appeal", "dispute", "rectify"};

static enum err category_at(struct wb_data *d, const char *klass, const char *code, const char *name, struct wb_category **out)
{
	char key[160];
	struct wb_category *c;
	bool fresh;

	snprintf(key, sizeof(key), "%s/%s", klass, code);
	c = row_of(&d->categories, key, sizeof(*c), &fresh);
	if (!c)
		return ERR_FULL;
	if (fresh) {
		c->klass = "";
		for (size_t i = 0; i < ARRAY_LEN(classes); i++)
			if (strcmp(classes[i], klass) == 0)
				c->klass = classes[i];
		c->code = xstrdup(code);
		c->name = xstrdup(name && *name ? name : code);
	}
	*out = c;
	return OK;
}

/* Those that hold now stand on the sheet even when nothing was reported. */
static enum err read_categories(struct wb_data *d)
{
	sqlite3_stmt *q = sql_get(d->w->st, "SELECT class, code, CASE WHEN ?1 AND name_en <> '' THEN name_en ELSE name END FROM category"
		" WHERE until IS NULL AND class IN ('hazard', 'finding', 'appeal', 'dispute', 'rectify') ORDER BY class, code");
	struct wb_category *c;
	enum err e, made = OK;

	sql_int(q, 1, d->w->english);
	while (made == OK && (e = sql_row(q)) == OK)
		made = category_at(d, sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), &c);
	if (made != OK) {
		sql_done(q);
		return made;
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ levels: what the tallies say */

struct summing {
	struct wb_data *d;
	size_t to; /* offset of the number in struct wb_level */
};

static void on_sum(void *ctx, const struct books_tally *t)
{
	struct summing *s = ctx;

	*(int64_t *)((char *)&s->d->level[wb_level_index(t->level)] + s->to) += t->n;
}

static enum err read_sums(struct wb_data *d, size_t to, int32_t first, int32_t end)
{
	struct summing s = {d, to};

	return first < end ? books_sums(d->w->st, d->w->scope, d->w->within, first, end, "patrols", on_sum, &s) : OK;
}

static enum err read_levels(struct wb_data *d)
{
	int32_t today = civil_day(d->w->at_ms), year = civil_year_first(d->w->to_day - 1);
	enum err e;

	if ((e = read_sums(d, offsetof(struct wb_level, patrols), d->w->from_day, d->w->to_day)) != OK ||
		(e = read_sums(d, offsetof(struct wb_level, today), today, today + 1)) != OK ||
		(e = read_sums(d, offsetof(struct wb_level, year), year, d->w->to_day)) != OK)
		return e;
	return read_sums(d, offsetof(struct wb_level, before), d->before_from, d->before_to);
}

/* ------------------------------------------------------------------ duties */

static enum err reach_at(struct wb_data *d, const char *target, const char *level, const char *person, struct wb_reach **out)
{
	char key[160];
	struct wb_reach *p;
	bool fresh;

	snprintf(key, sizeof(key), "%s/%s/%s", target, level, person);
	p = row_of(&d->reaches, key, sizeof(*p), &fresh);
	if (!p)
		return ERR_FULL;
	if (fresh) {
		char *name;

		slice_copy(p->target, sizeof(p->target), slice_of(target));
		slice_copy(p->level, sizeof(p->level), slice_of(level));
		slice_copy(p->person, sizeof(p->person), slice_of(person));
		find_text(sql_get(d->w->st, "SELECT coalesce((SELECT name FROM reach WHERE code = ?1 AND until IS NULL),"
			" (SELECT name FROM area WHERE code = ?1 AND until IS NULL), ?1)"), target, &p->name);
		find_text(sql_get(d->w->st, "SELECT river FROM reach WHERE code = ?1 AND until IS NULL"), target, &p->river);
		find_text(sql_get(d->w->st, "SELECT name FROM person WHERE id = ?1 AND until IS NULL"), person, &name);
		p->chief = shown_name(d->w, name);
		free(name);
		p->last_ms = INT64_MIN;
	}
	*out = p;
	return OK;
}

struct owing {
	struct wb_data *d;
	enum err e;
};

static void on_duty(void *ctx, const struct duty_row *r)
{
	struct owing *o = ctx;
	struct wb_data *d = o->d;
	int i = wb_level_index(r->level);
	struct wb_place *place;
	struct wb_reach *reach;

	if (o->e != OK || r->state == DUTY_EXEMPT || r->i.need == 0)
		return;
	d->level[i].need += r->i.need;
	d->level[i].overdue += r->state == DUTY_OVERDUE;
	map_put(&d->people[i], r->person, strlen(r->person), d);
	d->level[i].people = (int64_t)d->people[i].n;
	if (strcmp(r->role, "chief") == 0) {
		if ((o->e = reach_at(d, r->target, r->level, r->person, &reach)) == OK)
			reach->need += r->i.need;
	} else if (r->area[0] && (o->e = place_at(d, r->area, &place)) == OK) {
		place->need += r->i.need;
	}
}

static enum err read_duties(struct wb_data *d, bool *over)
{
	struct owing o = {d, OK};
	struct duties_page page = {.after = d->person, .people = PEOPLE, .until_mono_ms = d->until_mono_ms};
	enum err e = duties_history(d->w->st, d->w->place, REGISTRY_NOW, d->w->from_day, d->w->to_day - 1, d->w->at_ms, &page, on_duty, &o);

	slice_copy(d->person, sizeof(d->person), slice_of(page.last));
	*over = !page.more;
	return e == OK ? o.e : e;
}

/* ------------------------------------------------------------------ patrols, and what was found on them */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static enum err add_patrols(struct wb_data *d, sqlite3_stmt *q)
{
	const char *area = sql_cstr(q, 0), *river = sql_cstr(q, 2);
	int64_t n = sqlite3_column_int64(q, 5), valid = sqlite3_column_int64(q, 6), last = sqlite3_column_int64(q, 9);
	struct wb_place *place;
	struct wb_reach *reach;
	enum err e;

	d->level[wb_level_index(sql_cstr(q, 1))].valid += valid;
	if ((e = place_at(d, area, &place)) != OK)
		return e;
	place->patrols += n;
	place->last_ms = later(place->last_ms, last);
	if (!river[0])
		return OK;
	if ((e = reach_at(d, sql_cstr(q, 3), river, sql_cstr(q, 4), &reach)) != OK)
		return e;
	reach->patrols += n;
	reach->valid += valid;
	reach->metres += sqlite3_column_int64(q, 7);
	reach->seconds += sqlite3_column_int64(q, 8);
	reach->last_ms = later(reach->last_ms, last);
	return OK;
}

static enum err add_found(struct wb_data *d, sqlite3_stmt *q)
{
	struct wb_reach *reach;
	enum err e = reach_at(d, sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), &reach);

	if (e != OK)
		return e;
	reach->found += sqlite3_column_int64(q, 3);
	reach->fixed += sqlite3_column_int64(q, 4);
	return OK;
}

static enum err add_cases(struct wb_data *d, sqlite3_stmt *q)
{
	struct wb_category *c;
	struct wb_place *place;
	int64_t n = sqlite3_column_int64(q, 4), closed = sqlite3_column_int64(q, 6);
	enum err e;

	if ((e = category_at(d, sql_cstr(q, 0), sql_cstr(q, 1), NULL, &c)) != OK)
		return e;
	c->voided += sqlite3_column_int64(q, 7);
	if (n == 0)
		return OK;
	if ((e = place_at(d, sql_cstr(q, 2), &place)) != OK)
		return e;
	c->received += n;
	c->accepted += sqlite3_column_int64(q, 5);
	place->received += n;
	place->closed += closed;
	if (strcmp(c->klass, "hazard") == 0 || strcmp(c->klass, "finding") == 0)
		d->level[wb_level_index(sql_cstr(q, 3))].found += n;
	return OK;
}

/* The rows of q for the next days: ?1 place, [?2, ?3) instants. */
static enum err read_days(struct wb_data *d, sqlite3_stmt *q, enum err (*add)(struct wb_data *d, sqlite3_stmt *q), bool *over)
{
	int32_t end = d->day + DAYS < d->w->to_day ? d->day + DAYS : d->w->to_day;
	enum err e, added = OK;

	sql_str(q, 1, d->w->place);
	sql_int(q, 2, civil_day_ms(d->day));
	sql_int(q, 3, civil_day_ms(end));
	while (added == OK && (e = sql_row(q)) == OK)
		added = add(d, q);
	if (added != OK) {
		sql_done(q);
		return added;
	}
	d->day = end;
	*over = end == d->w->to_day;
	return sql_end(q, e);
}

static sqlite3_stmt *patrols_sql(struct wb_data *d)
{
	return sql_get(d->w->st, "SELECT coalesce(t_area, ''), coalesce(t_level, ''), coalesce(t_river_level, ''), coalesce(target, ''),"
		" coalesce(person, ''), count(*), sum(reasons = 0), sum(distance_m), sum(duration_s), max(start_at) FROM patrol"
		" WHERE start_at >= ?2 AND start_at < ?3 AND t_day IS NOT NULL AND" SQL_UNDER("t_area") "GROUP BY 1, 2, 3, 4, 5");
}

static sqlite3_stmt *found_sql(struct wb_data *d)
{
	return sql_get(d->w->st, "SELECT coalesce(p.target, ''), p.t_river_level, coalesce(p.person, ''), count(*),"
		" sum(c.state = 6 AND c.result IN (1, 2)) FROM casus c JOIN patrol p ON p.device = c.report_device AND p.name = c.ref"
		" WHERE c.report_at >= ?2 AND c.report_at < ?3 AND c.ref IS NOT NULL AND c.state NOT IN (0, 9) AND p.t_river_level IS NOT NULL"
		" AND" SQL_UNDER("p.t_area") "GROUP BY 1, 2, 3");
}

/* The level of who reported: of the nearest of the appointments held that day. */
static sqlite3_stmt *cases_sql(struct wb_data *d)
{
	return sql_get(d->w->st, "SELECT class, coalesce(category, ''), coalesce(area, ''),"
		" coalesce((SELECT a.level FROM appointment a WHERE a.person = c.reporter AND a.until IS NULL"
		" AND a.valid_from <= (c.report_at + 28800000) / 86400000 AND coalesce(a.valid_to, 2147483647) >= (c.report_at + 28800000) / 86400000"
		" ORDER BY CASE a.level WHEN 'grid' THEN 0 WHEN 'community' THEN 1 WHEN 'town' THEN 2 ELSE 3 END LIMIT 1), ''),"
		" sum(state <> 9), sum(accepted_at IS NOT NULL AND state <> 9), sum(state = 6), sum(state = 9) FROM casus c"
		" WHERE report_at >= ?2 AND report_at < ?3 AND state <> 0 AND" SQL_UNDER("area") "GROUP BY 1, 2, 3, 4");
}

/* ------------------------------------------------------------------ deadlines */

/* n-th number of "returns escalations extensions urges reopens reworks" */
static bool counted(const char *counts, int n)
{
	while (n-- > 0 && counts)
		if ((counts = strchr(counts, ' ')))
			counts++;
	return counts && strtoll(counts, NULL, 10) > 0;
}

static enum err add_due(struct wb_data *d, sqlite3_stmt *q)
{
	bool closed = sqlite3_column_int(q, 3) == CASUS_CLOSED;
	struct wb_category *c;
	enum err e = category_at(d, sql_cstr(q, 1), sql_cstr(q, 2), NULL, &c);

	if (e != OK)
		return e;
	c->due++;
	c->closed += closed;
	c->on_time += closed && sqlite3_column_int(q, 4) == 1;
	c->extended += counted(sql_cstr(q, 5), 2);
	c->reworked += counted(sql_cstr(q, 5), 5);
	return OK;
}

static enum err read_due(struct wb_data *d, bool *over)
{
	sqlite3_stmt *q = sql_get(d->w->st, "SELECT id, class, coalesce(category, ''), state, on_time, counts, due FROM casus"
		" WHERE id > ?4 AND id <= ?4 + ?5 AND due >= ?2 AND due < ?3 AND state NOT IN (0, 9) AND" SQL_UNDER("area") "ORDER BY id");
	sqlite3_stmt *last = sql_get(d->w->st, "SELECT coalesce(max(id), 0) FROM casus");
	enum err e, added = OK;

	if ((e = sql_row(last)) != OK) {
		sql_done(last);
		return e;
	}
	*over = d->id + CASES >= sqlite3_column_int64(last, 0);
	sql_done(last);
	sql_str(q, 1, d->w->place);
	sql_int(q, 2, d->w->from_ms);
	sql_int(q, 3, d->w->to_ms);
	sql_int(q, 4, d->id);
	sql_int(q, 5, CASES);
	while (added == OK && (e = sql_row(q)) == OK)
		added = add_due(d, q);
	d->id += CASES;
	if (added != OK) {
		sql_done(q);
		return added;
	}
	return sql_end(q, e);
}

/* Open and past their deadline at the instant, whenever they were reported. */
static enum err read_late(struct wb_data *d)
{
	sqlite3_stmt *q = sql_get(d->w->st, "SELECT class, coalesce(category, ''), count(*) FROM casus"
		" WHERE due IS NOT NULL AND state IN (2, 3, 4) AND due < ?2 AND" SQL_UNDER("area") "GROUP BY 1, 2");
	struct wb_category *c;
	enum err e, found = OK;

	sql_str(q, 1, d->w->place);
	sql_int(q, 2, d->w->at_ms);
	while (found == OK && (e = sql_row(q)) == OK)
		if ((found = category_at(d, sql_cstr(q, 0), sql_cstr(q, 1), NULL, &c)) == OK)
			c->overdue += sqlite3_column_int64(q, 2);
	if (found != OK) {
		sql_done(q);
		return found;
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ who is overdue */

/* Start of the last patrol before the instant, for that target (or any). */
static int64_t last_patrol(struct wb_data *d, const char *person, const char *target)
{
	sqlite3_stmt *q = sql_get(d->w->st, "SELECT max(start_at) FROM patrol WHERE person = ?1 AND start_at < ?2 AND (?3 = '' OR target = ?3)");
	int64_t ms = INT64_MIN;

	sql_str(q, 1, person);
	sql_int(q, 2, d->w->at_ms);
	sql_str(q, 3, target);
	if (sql_row(q) == OK && sqlite3_column_type(q, 0) != SQLITE_NULL)
		ms = sqlite3_column_int64(q, 0);
	sql_done(q);
	return ms;
}

static void on_overdue(void *ctx, const struct duty_row *r)
{
	struct owing *o = ctx;
	struct wb_data *d = o->d;
	struct wb_overdue *p;
	struct reminded told;
	char key[224];
	bool fresh;

	if (o->e != OK || r->overdue < 0)
		return;
	snprintf(key, sizeof(key), "%s/%s/%s", r->person, r->rule, r->target);
	p = row_of(&d->overdue, key, sizeof(*p), &fresh);
	if (!p)
		o->e = ERR_FULL;
	if (!p || !fresh || (o->e = reminded_read(d->w->st, r->person, r->rule, r->target, r->overdue, d->w->as_of, &told)) != OK)
		return;
	slice_copy(p->level, sizeof(p->level), slice_of(r->level));
	slice_copy(p->rule, sizeof(p->rule), slice_of(r->rule));
	p->name = shown_name(d->w, r->name);
	p->place = xstrdup(r->target_name[0] ? r->target_name : r->target);
	p->period = r->i.period;
	p->last_ms = last_patrol(d, r->person, r->target);
	p->days = (d->w->at_ms - r->overdue) / CIVIL_DAY_MS + 1;
	p->need = r->i.need;
	p->done = r->done;
	p->told = told.count;
	p->nth = d->overdue.n;
}

static enum err read_overdue(struct wb_data *d, bool *over)
{
	struct owing o = {d, OK};
	struct duties_page page = {.after = d->person, .people = PEOPLE, .until_mono_ms = d->until_mono_ms};
	enum err e = duties_read(d->w->st, d->w->place, REGISTRY_NOW, d->w->at_ms, &page, on_overdue, &o);

	slice_copy(d->person, sizeof(d->person), slice_of(page.last));
	*over = !page.more;
	return e == OK ? o.e : e;
}

/* ------------------------------------------------------------------ one after the other */

/* The period before: as many months when it is of whole months, else as many days. */
static void fix_before(struct wb_data *d)
{
	int32_t from = d->w->from_day, to = d->w->to_day, at = from;
	int months = 0, days = to - from;

	for (; at < to; months++)
		at = civil_month_first(at + 31);
	d->before_to = from;
	d->before_from = from - days;
	if (at != to || civil_month_first(from) != from)
		return;
	for (at = from; months > 0; months--)
		at = civil_month_first(at - 1);
	d->before_from = at;
}

void wb_data_begin(struct wb_data *d, const struct table_world *w)
{
	*d = (struct wb_data){.w = w, .day = w->from_day};
	fix_before(d);
}

static enum err read_some(struct wb_data *d, bool *over)
{
	*over = true;
	switch (d->stage) {
	case AREAS: return read_areas(d);
	case WORKERS: return read_workers(d);
	case CATEGORIES: return read_categories(d);
	case LEVELS: return read_levels(d);
	case DUTIES: return read_duties(d, over);
	case PATROLS: return read_days(d, patrols_sql(d), add_patrols, over);
	case FOUND: return read_days(d, found_sql(d), add_found, over);
	case CASES_IN: return read_days(d, cases_sql(d), add_cases, over);
	case CASES_DUE: return read_due(d, over);
	case CASES_LATE: return read_late(d);
	default: return read_overdue(d, over);
	}
}

enum err wb_data_page(struct wb_data *d, struct rows *r, bool *more)
{
	bool over;
	enum err e;

	d->until_mono_ms = r->until_mono_ms;
	do {
		if ((e = read_some(d, &over)) != OK)
			return e;
		if (over) {
			d->stage++;
			d->day = d->w->from_day;
			d->id = 0;
			d->person[0] = '\0';
		}
	} while (d->stage < ENDED && clock_mono_ms() < r->until_mono_ms);
	*more = d->stage < ENDED;
	return OK;
}
