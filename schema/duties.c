#include "schema/duties.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/civil.h"
#include "schema/dutybook.h"
#include "schema/sql.h"

#define SEVERITY_SOON 4
#define SEVERITY_OVERDUE 3
#define BACK_MS 60000 /* a clock that goes back no further is taken to stand */

/* A row of duty_state. */
struct row {
	char rule[DUTY_RULE_MAX + 1], target[REACH_CODE_MAX + 1], level[12], role[16];
	char area[AREA_CODE_MAX + 1];
	int64_t first, last, need, done;
	bool days;
	int state;
	int64_t overdue, next; /* -1: NULL */
	bool gone;
};

struct rows {
	struct row *v;
	uint32_t n, cap;
};

struct duties {
	struct store *st;
	struct registry *r;
	struct alerts *as;
	struct dutybook *book;
	struct map touched; /* person -> the same, owned */
	struct map idle;    /* a set: they owe nothing, and have no row */
	int64_t at_ms;      /* meta.duties_at; INT64_MIN: unknown, INT64_MIN + 1: there is none */
	int64_t soonest;    /* no row changes earlier by the clock alone; INT64_MIN: unknown */
	struct rows have, want;
	struct concerned *concerned;
};

#define UNKNOWN INT64_MIN
#define NEVER (INT64_MIN + 1)

struct duties *duties_new(struct store *st, struct registry *r, struct alerts *as)
{
	struct duties *ds = xcalloc(1, sizeof *ds);

	ds->st = st;
	ds->r = r;
	ds->as = as;
	ds->book = dutybook_new(st, r, REGISTRY_NOW);
	ds->at_ms = ds->soonest = UNKNOWN;
	return ds;
}

void duties_concern(struct duties *ds, struct concerned *c)
{
	ds->concerned = c;
}

static void forget_touched(struct duties *ds)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(&ds->touched, &pos)))
		free(v);
	map_done(&ds->touched);
}

void duties_clear_memory(struct duties *ds)
{
	forget_touched(ds);
	map_done(&ds->idle);
	dutybook_changed(ds->book);
	ds->at_ms = ds->soonest = UNKNOWN;
}

void duties_free(struct duties *ds)
{
	if (!ds)
		return;
	duties_clear_memory(ds);
	dutybook_free(ds->book);
	free(ds->have.v);
	free(ds->want.v);
	free(ds);
}

void duties_touch(struct duties *ds, const char *person)
{
	size_t n = strlen(person);

	if (n && !map_get(&ds->idle, person, n) && !map_get(&ds->touched, person, n))
		(void)map_put(&ds->touched, person, n, xstrndup(person, n)); /* was not there */
}

/* ------------------------------------------------------------------ rows */

static struct row *add_row(struct rows *r)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->v = xrealloc(r->v, r->cap * sizeof *r->v);
	}
	r->v[r->n] = (struct row){0};
	return &r->v[r->n++];
}

static int64_t int_or_none(sqlite3_stmt *q, int col)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, col);
}

static enum err load_rows(struct store *st, const char *person, struct rows *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT rule, target, level, role, area, first, last, need, done, unit, state, overdue, "
				      "next, gone FROM duty_state WHERE person = ? ORDER BY rule, target, level, role");
	enum err e;

	out->n = 0;
	sql_str(q, 1, person);
	while ((e = sql_row(q)) == OK) {
		struct row *r = add_row(out);

		slice_copy(r->rule, sizeof r->rule, sql_col(q, 0));
		slice_copy(r->target, sizeof r->target, sql_col(q, 1));
		slice_copy(r->level, sizeof r->level, sql_col(q, 2));
		slice_copy(r->role, sizeof r->role, sql_col(q, 3));
		slice_copy(r->area, sizeof r->area, sql_col(q, 4));
		r->first = sqlite3_column_int64(q, 5);
		r->last = sqlite3_column_int64(q, 6);
		r->need = sqlite3_column_int64(q, 7);
		r->done = sqlite3_column_int64(q, 8);
		r->days = strcmp(sql_cstr(q, 9), "days") == 0;
		r->state = sqlite3_column_int(q, 10);
		r->overdue = int_or_none(q, 11);
		r->next = int_or_none(q, 12);
		r->gone = sqlite3_column_int(q, 13) != 0;
	}
	return sql_end(q, e);
}

static void fill_row(struct row *r, const struct owed *o, const struct duty_now *now)
{
	bool some = now->i.active.first <= now->i.active.last;

	slice_copy(r->rule, sizeof r->rule, slice_of(o->rule));
	slice_copy(r->target, sizeof r->target, slice_of(o->target));
	slice_copy(r->level, sizeof r->level, slice_of(o->level));
	slice_copy(r->role, sizeof r->role, slice_of(o->role));
	slice_copy(r->area, sizeof r->area, slice_of(o->area));
	r->first = some ? now->i.active.first : now->i.span.first;
	r->last = some ? now->i.active.last : now->i.span.last;
	r->need = now->i.need;
	r->done = now->done;
	r->days = now->i.days;
	r->state = now->state;
	r->overdue = now->overdue;
	r->next = now->next == INT64_MAX ? -1 : now->next;
}

/* What the person owes at at_ms. */
static enum err want_rows(struct dutybook *b, const char *person, int64_t at_ms, struct rows *out)
{
	struct owed *o = NULL;
	struct duty_now now;
	uint32_t n = 0;
	enum err e = dutybook_person(b, person, &o, &n);

	out->n = 0;
	for (uint32_t i = 0; e == OK && i < n; i++)
		if ((e = dutybook_now(b, &o[i], at_ms, &now)) == OK && now.is)
			fill_row(add_row(out), &o[i], &now);
	return e;
}

static int row_cmp(const struct row *a, const struct row *b)
{
	int c;

	if ((c = strcmp(a->rule, b->rule)) || (c = strcmp(a->target, b->target)) || (c = strcmp(a->level, b->level)))
		return c;
	return strcmp(a->role, b->role);
}

static bool row_same(const struct row *a, const struct row *b)
{
	return a->first == b->first && a->last == b->last && a->need == b->need && a->done == b->done && a->days == b->days &&
		a->state == b->state && a->overdue == b->overdue && a->next == b->next && a->gone == b->gone &&
		strcmp(a->area, b->area) == 0;
}

static enum err write_row(struct duties *ds, const char *person, const struct row *r, bool is_new)
{
	sqlite3_stmt *q = is_new
		? sql_get(ds->st, "INSERT INTO duty_state(area, first, last, need, done, unit, state, overdue, next, gone, rev, "
				  "person, rule, target, level, role) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
		: sql_get(ds->st, "UPDATE duty_state SET area = ?, first = ?, last = ?, need = ?, done = ?, unit = ?, state = ?, "
				  "overdue = ?, next = ?, gone = ?, rev = ? WHERE person = ? AND rule = ? AND target = ? AND "
				  "level = ? AND role = ?");

	sql_str(q, 1, r->area);
	sql_int(q, 2, r->first);
	sql_int(q, 3, r->last);
	sql_int(q, 4, r->need);
	sql_int(q, 5, r->done);
	sql_str(q, 6, r->days ? "days" : "times");
	sql_int(q, 7, r->state);
	if (r->overdue >= 0)
		sql_int(q, 8, r->overdue);
	if (r->next >= 0)
		sql_int(q, 9, r->next);
	sql_int(q, 10, r->gone);
	sql_int(q, 11, store_rev(ds->st));
	sql_str(q, 12, person);
	sql_str(q, 13, r->rule);
	sql_str(q, 14, r->target);
	sql_str(q, 15, r->level);
	sql_str(q, 16, r->role);
	if (r->next >= 0 && r->next < ds->soonest)
		ds->soonest = r->next;
	if (ds->concerned)
		concerned_note(ds->concerned, person);
	return sql_run(q);
}

/* ------------------------------------------------------------------ alerts */

/* The name of a place; its code when it has none; for any: "责任范围". */
static enum err place_name(struct store *st, const char *target, char *out, size_t room)
{
	sqlite3_stmt *q = sql_get(st, "SELECT name FROM reach WHERE code = ?1 AND until IS NULL UNION ALL "
				      "SELECT name FROM area WHERE code = ?1 AND until IS NULL LIMIT 1");
	enum err e;

	slice_copy(out, room, slice_of(target[0] ? target : "责任范围"));
	if (!target[0])
		return OK;
	sql_str(q, 1, target);
	if ((e = sql_row(q)) == OK)
		slice_copy(out, room, sql_col(q, 0));
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

/* "11月30日" */
static void day_zh(int32_t day, char *out, size_t room)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	(void)snprintf(out, room, "%d月%d日", m, d); /* fits */
}

static enum err raise(struct duties *ds, const char *person, const char *subject, const struct row *r, bool overdue, int64_t now_ms)
{
	const struct person *p;
	const char *unit = r->days ? "天" : "次";
	char place[256], day[32];
	struct buf title = {0};
	enum err e = OK;

	p = registry_person(ds->r, slice_of(person), &e);
	if (e == OK)
		e = place_name(ds->st, r->target, place, sizeof place);
	if (e != OK)
		return e;
	day_zh(overdue ? civil_day(r->overdue - 1) : (int32_t)r->last, day, sizeof day);
	buf_addf(&title, overdue ? "%s 逾期未巡 %s：应于%s前完成，本期应巡" : "%s 巡查临期 %s：%s前应巡", p ? p->name : person, place, day);
	buf_addf(&title, "%lld%s，已巡%lld%s", (long long)r->need, unit, (long long)r->done, unit);
	e = alerts_raise(ds->as, &(struct alert){.type = overdue ? ALERT_DUTY_OVERDUE : ALERT_DUTY_DUE_SOON,
		.subject = subject, .severity = overdue ? SEVERITY_OVERDUE : SEVERITY_SOON, .person = person, .title = title.p,
		.scope = r->target[0] ? r->target : r->area, .area = r->area, .at_ms = overdue ? r->overdue : now_ms}, now_ms);
	buf_done(&title);
	return e;
}

/* A period shorter than a week would ring every day. */
static bool is_soon(const struct row *r)
{
	return !r->gone && r->state == DUTY_DUE_SOON && r->last > r->first;
}

static bool is_overdue(const struct row *r)
{
	return !r->gone && r->overdue >= 0;
}

/* The rows of one (rule, target) before and after; they share their alerts. */
struct told {
	const struct row *soon, *overdue; /* now; NULL: not */
	bool was_soon, was_overdue, moved;
};

static enum err tell(struct duties *ds, const char *person, const struct row *key, const struct told *t, int64_t now_ms)
{
	char subject[192];
	enum err e = OK;

	if (!ds->as || (!t->moved && t->was_soon == (t->soon != NULL) && t->was_overdue == (t->overdue != NULL)))
		return OK;
	(void)snprintf(subject, sizeof subject, "%s/%s/%s", person, key->rule, key->target); /* fits: 64 + 64 + 32 */
	if (t->soon)
		e = raise(ds, person, subject, t->soon, false, now_ms);
	else if (t->was_soon)
		e = alerts_drop(ds->as, ALERT_DUTY_DUE_SOON, subject, now_ms);
	if (e == OK && t->overdue)
		e = raise(ds, person, subject, t->overdue, true, now_ms);
	else if (e == OK && t->was_overdue)
		e = alerts_drop(ds->as, ALERT_DUTY_OVERDUE, subject, now_ms);
	return e;
}

static void note_told(struct told *t, const struct row *was, const struct row *now)
{
	t->was_soon |= was && is_soon(was);
	t->was_overdue |= was && is_overdue(was);
	if (now && is_soon(now))
		t->soon = now;
	if (now && is_overdue(now))
		t->overdue = now;
	t->moved |= was && now && !row_same(was, now);
}

/* ------------------------------------------------------------------ one person */

/* Puts what is wanted in the place of what there is. */
static enum err settle(struct duties *ds, const char *person, int64_t now_ms, bool *changed)
{
	struct rows *have = &ds->have, *want = &ds->want;
	struct told t = {0};
	const struct row *key = NULL;
	struct row gone;
	uint32_t h = 0, w = 0;
	enum err e = OK;

	while (e == OK && (h < have->n || w < want->n)) {
		int c = h == have->n ? 1 : w == want->n ? -1 : row_cmp(&have->v[h], &want->v[w]);
		const struct row *was = c <= 0 ? &have->v[h++] : NULL, *now = c >= 0 ? &want->v[w++] : NULL;
		const struct row *at = now ? now : was;

		if (key && (strcmp(key->rule, at->rule) != 0 || strcmp(key->target, at->target) != 0)) {
			e = tell(ds, person, key, &t, now_ms);
			t = (struct told){0};
		}
		key = at;
		note_told(&t, was, now);
		if (e != OK || (now && was && row_same(was, now)) || (!now && was->gone))
			continue;
		if (!now) {
			gone = *was;
			gone.gone = true;
			gone.overdue = gone.next = -1;
			now = &gone;
		}
		*changed = true;
		e = write_row(ds, person, now, !was);
	}
	return e == OK && key ? tell(ds, person, key, &t, now_ms) : e;
}

static enum err judge_person(struct duties *ds, const char *person, int64_t now_ms, bool *changed)
{
	enum err e = want_rows(ds->book, person, now_ms, &ds->want);

	if (e == OK)
		e = load_rows(ds->st, person, &ds->have);
	if (e == OK)
		e = settle(ds, person, now_ms, changed);
	if (e == OK && !ds->want.n && !ds->have.n) {
		if (ds->idle.n >= DUTIES_IDLE)
			map_done(&ds->idle);
		(void)map_put(&ds->idle, person, strlen(person), ds); /* a set */
	}
	return e;
}

/* ------------------------------------------------------------------ the clock */

static enum err load_at(struct duties *ds)
{
	sqlite3_stmt *q;
	enum err e;

	if (ds->at_ms != UNKNOWN)
		return OK;
	q = sql_get(ds->st, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'duties_at'");
	if ((e = sql_row(q)) == OK)
		ds->at_ms = sqlite3_column_int64(q, 0);
	sql_done(q);
	if (e == ERR_NOTFOUND)
		ds->at_ms = NEVER;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err note_at(struct duties *ds, int64_t now_ms)
{
	sqlite3_stmt *q;

	if (ds->at_ms == now_ms)
		return OK;
	ds->at_ms = now_ms;
	q = sql_get(ds->st, "INSERT OR REPLACE INTO meta(key, value) VALUES('duties_at', ?)");
	sql_int(q, 1, now_ms); /* the column makes it text */
	return sql_run(q);
}

/* Did a rule begin after the last judgement?  Its people may have no row yet. */
static enum err rule_began(struct duties *ds, int64_t now_ms, bool *out)
{
	int32_t wakes;
	enum err e = dutybook_wakes(ds->book, civil_day(ds->at_ms), &wakes);

	if (e == OK)
		*out = wakes <= civil_day(now_ms);
	return e;
}

/* Moves *now_ms to the instant to judge by (a clock that went back a little stands still).  *rules: there are any; *all:
 * everybody is to be judged: the first time, or the clock went back, or passed the day on which a rule begins. */
static enum err begin(struct duties *ds, int64_t *now_ms, bool *rules, bool *all)
{
	enum err e = load_at(ds);

	*all = false;
	if (e != OK || (e = dutybook_has_rules(ds->book, rules)) != OK || !*rules)
		return e;
	*all = ds->at_ms == NEVER || ds->at_ms > *now_ms + BACK_MS;
	if (!*all && ds->at_ms > *now_ms)
		*now_ms = ds->at_ms;
	return *all ? OK : rule_began(ds, *now_ms, all);
}

enum err duties_flush(struct duties *ds, int64_t now_ms, bool *changed)
{
	size_t pos = 0;
	const char *person;
	bool rules, all;
	enum err e;

	if (!ds->touched.n)
		return OK;
	if ((e = begin(ds, &now_ms, &rules, &all)) != OK)
		return e;
	if (all) /* the touched are among them */
		return duties_all(ds, now_ms, changed);
	if (rules) {
		e = note_at(ds, now_ms);
		while (e == OK && (person = map_next(&ds->touched, &pos)))
			e = judge_person(ds, person, now_ms, changed);
	}
	forget_touched(ds);
	return e;
}

static enum err find_soonest(struct duties *ds, int64_t now_ms)
{
	sqlite3_stmt *q = sql_get(ds->st, "SELECT min(next) FROM duty_state WHERE next IS NOT NULL");
	int64_t next = INT64_MAX;
	int32_t wakes;
	enum err e;

	if ((e = sql_row(q)) == OK && sqlite3_column_type(q, 0) != SQLITE_NULL)
		next = sqlite3_column_int64(q, 0);
	sql_done(q);
	if (e == OK)
		e = dutybook_wakes(ds->book, civil_day(now_ms), &wakes);
	if (e == OK)
		ds->soonest = wakes < INT32_MAX && civil_day_ms(wakes) < next ? civil_day_ms(wakes) : next;
	return e;
}

/* Those whose time has come, at most DUTIES_TICK. */
static enum err judge_due(struct duties *ds, int64_t now_ms, bool *more, bool *changed)
{
	sqlite3_stmt *q = sql_get(ds->st, "SELECT DISTINCT person FROM duty_state WHERE next <= ? LIMIT ?");
	struct map due = {0};
	size_t pos = 0;
	char *person;
	enum err e;

	sql_int(q, 1, now_ms);
	sql_int(q, 2, DUTIES_TICK);
	while ((e = sql_row(q)) == OK) {
		struct slice p = sql_col(q, 0);

		(void)map_put(&due, p.p, p.n, xstrndup(p.p, p.n)); /* distinct */
	}
	e = sql_end(q, e);
	*more = due.n == DUTIES_TICK;
	while ((person = map_next(&due, &pos))) {
		if (e == OK)
			e = judge_person(ds, person, now_ms, changed);
		free(person);
	}
	map_done(&due);
	return e;
}

enum err duties_tick(struct duties *ds, int64_t now_ms, bool *more, bool *changed)
{
	bool rules, all;
	enum err e;

	*more = false;
	if (ds->soonest != UNKNOWN && now_ms < ds->soonest && now_ms + BACK_MS >= ds->at_ms)
		return OK;
	if ((e = begin(ds, &now_ms, &rules, &all)) != OK)
		return e;
	if (all)
		return duties_all(ds, now_ms, changed);
	if (!rules) {
		ds->soonest = INT64_MAX;
		return OK;
	}
	if ((e = find_soonest(ds, now_ms)) != OK || now_ms < ds->soonest)
		return e;
	if ((e = note_at(ds, now_ms)) == OK && (e = judge_due(ds, now_ms, more, changed)) == OK)
		e = find_soonest(ds, now_ms);
	return e;
}

/* ------------------------------------------------------------------ everybody */

#define PEOPLE_PAGE 1000

/* The people after `after` that have an appointment, or a row: at most PEOPLE_PAGE, as NUL-terminated names in out. */
static enum err next_people(struct store *st, const char *after, struct buf *out, int limit, int *n)
{
	sqlite3_stmt *q = sql_get(st, "SELECT person FROM appointment WHERE person > ?1 UNION SELECT person FROM duty_state "
				      "WHERE person > ?1 AND gone = 0 ORDER BY 1 LIMIT ?2");
	enum err e;

	buf_clear(out);
	*n = 0;
	sql_str(q, 1, after);
	sql_int(q, 2, limit);
	while ((e = sql_row(q)) == OK) {
		struct slice p = sql_col(q, 0);

		buf_add(out, p.p, p.n);
		buf_addc(out, '\0');
		++*n;
	}
	return sql_end(q, e);
}

enum err duties_all(struct duties *ds, int64_t now_ms, bool *changed)
{
	struct buf names = {0};
	char after[65] = "";
	bool rules = false, all;
	int n = 0;
	enum err e;

	forget_touched(ds);
	map_done(&ds->idle);
	dutybook_changed(ds->book);
	if ((e = begin(ds, &now_ms, &rules, &all)) == OK) {
		ds->soonest = INT64_MAX; /* no rules: then every row goes */
		e = rules || ds->at_ms != NEVER ? note_at(ds, now_ms) : OK;
	}
	if (e != OK || (!rules && ds->at_ms == NEVER))
		return e;
	do {
		const char *person;

		if ((e = next_people(ds->st, after, &names, PEOPLE_PAGE, &n)) != OK)
			break;
		person = names.p;
		for (int i = 0; e == OK && i < n; i++, person += strlen(person) + 1) {
			e = judge_person(ds, person, now_ms, changed);
			slice_copy(after, sizeof after, slice_of(person));
		}
	} while (e == OK && n == PEOPLE_PAGE);
	buf_done(&names);
	return e == OK ? find_soonest(ds, now_ms) : e;
}

/* ------------------------------------------------------------------ check */

static void say_row(void (*said)(void *ctx, const char *line), void *ctx, const char *person, const char *what, const struct row *r)
{
	char line[512];

	(void)snprintf(line, sizeof line, "duties: %s %s '%s' %s %s %s: need %lld done %lld state %s overdue %lld next %lld", person, r->rule,
		r->target, r->level, r->role, what, (long long)r->need, (long long)r->done,
		duty_state_name((enum duty_state)r->state), (long long)r->overdue, (long long)r->next); /* cut */
	said(ctx, line);
}

/* A row whose time has come is judged just before it. */
static enum err check_late(struct dutybook *b, const char *person, const struct row *have, struct row *out)
{
	struct rows want = {0};
	enum err e = want_rows(b, person, have->next - 1, &want);

	for (uint32_t i = 0; e == OK && i < want.n; i++)
		if (row_cmp(&want.v[i], have) == 0)
			*out = want.v[i];
	free(want.v);
	return e;
}

static enum err check_person(struct duties *ds, const char *person, void (*said)(void *ctx, const char *line), void *ctx)
{
	struct rows *have = &ds->have, *want = &ds->want;
	uint32_t h = 0, w = 0;
	enum err e = want_rows(ds->book, person, ds->at_ms, want);

	if (e == OK)
		e = load_rows(ds->st, person, have);
	while (e == OK && (h < have->n || w < want->n)) {
		int c = h == have->n ? 1 : w == want->n ? -1 : row_cmp(&have->v[h], &want->v[w]);
		const struct row *was = c <= 0 ? &have->v[h++] : NULL;
		struct row *now = c >= 0 ? &want->v[w++] : NULL, late = {0};

		if (was && !was->gone && was->next >= 0 && was->next <= ds->at_ms) {
			e = check_late(ds->book, person, was, &late);
			now = late.rule[0] ? &late : NULL;
		}
		if (e == OK && was && !was->gone && (!now || !row_same(was, now)))
			say_row(said, ctx, person, "is kept as", was);
		if (e == OK && now && (!was || !row_same(was, now)))
			say_row(said, ctx, person, "should be", now);
	}
	return e;
}

enum err duties_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx)
{
	struct registry *r = registry_new(st, REGISTRY_NOW);
	struct duties *ds = duties_new(st, r, NULL);
	struct buf names = {0};
	char after[65] = "";
	int n = 0;
	enum err e = load_at(ds);

	while (e == OK && ds->at_ms != NEVER && (e = next_people(st, after, &names, PEOPLE_PAGE, &n)) == OK && n > 0) {
		const char *person = names.p;

		for (int i = 0; e == OK && i < n; i++, person += strlen(person) + 1) {
			e = check_person(ds, person, said, ctx);
			slice_copy(after, sizeof after, slice_of(person));
		}
	}
	buf_done(&names);
	duties_free(ds);
	registry_free(r);
	return e;
}

/* ------------------------------------------------------------------ for readers */

struct reading {
	struct store *st;
	struct registry *r;
	struct dutybook *book;
	const char *scope;
	int64_t at_ms;
	int32_t first, last;
	bool owed_only; /* what was done does not matter */
	void (*row)(void *ctx, const struct duty_row *r);
	void *ctx;
	/* of the duty at hand */
	const struct owed *owed;
	char place[256]; /* its target's name */
	bool named;
	struct duty_row out;
	enum err e;
};

static bool in_scope(const struct reading *rd, const struct owed *o)
{
	return strcmp(rd->scope, "*") == 0 || (o->area[0] && area_covers(slice_of(rd->scope), slice_of(o->area)));
}

static bool any_in_scope(const struct reading *rd, const struct owed *o, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (in_scope(rd, &o[i]))
			return true;
	return false;
}

static void give(struct reading *rd, const struct duty_instance *i, int64_t done, enum duty_state state, int64_t overdue)
{
	const struct owed *o = rd->owed;

	if (!rd->named && !rd->owed_only) {
		rd->place[0] = '\0';
		if (o->target[0] && (rd->e = place_name(rd->st, o->target, rd->place, sizeof rd->place)) != OK)
			return;
		rd->named = true;
	}
	rd->out.rule = o->rule;
	rd->out.level = o->level;
	rd->out.role = o->role;
	rd->out.target = o->target;
	rd->out.target_name = rd->place;
	rd->out.area = o->area;
	rd->out.i = *i;
	rd->out.done = done;
	rd->out.state = state;
	rd->out.overdue = overdue;
	rd->out.reason = o->reason && memcmp(i->on, i->owed, sizeof i->on) != 0 ? o->reason : "";
	rd->row(rd->ctx, &rd->out);
}

static void read_instance(void *ctx, const struct duty_instance *i)
{
	struct reading *rd = ctx;
	struct duty_tally t = {0};
	int64_t done;

	if (rd->e != OK || i->whole == 0 || (!rd->owed_only && (rd->e = dutybook_tally(rd->book, rd->owed, i, &t)) != OK))
		return;
	done = duty_done(i, &t);
	give(rd, i, done, duty_state_at(i, done, rd->at_ms, NULL), -1);
}

static enum err read_person(struct reading *rd, const char *person, bool history)
{
	const struct person *p;
	struct owed *o = NULL;
	struct duty_now now;
	uint32_t n = 0;
	enum err e = dutybook_person(rd->book, person, &o, &n);

	if (e != OK || !any_in_scope(rd, o, n))
		return e;
	p = registry_person(rd->r, slice_of(person), &e);
	rd->out = (struct duty_row){.person = person, .name = p ? p->name : ""};
	rd->e = e == OK && history && !rd->owed_only ? dutybook_between(rd->book, rd->first, rd->last) : e;
	for (uint32_t i = 0; rd->e == OK && i < n; i++) {
		rd->owed = &o[i];
		rd->named = false;
		if (!in_scope(rd, &o[i]))
			continue;
		if (history)
			duty_each(&o[i].d, rd->first, rd->last, read_instance, rd);
		else if ((rd->e = dutybook_now(rd->book, &o[i], rd->at_ms, &now)) == OK && now.is)
			give(rd, &now.i, now.done, now.state, now.overdue);
	}
	return rd->e;
}

static enum err read_people(struct reading *rd, int64_t as_of, struct duties_page *page, bool history)
{
	struct buf names = {0};
	const char *person;
	int n = 0;
	enum err e = OK;

	if (page->these)
		n = page->people;
	else
		e = next_people(rd->st, page->after, &names, page->people + 1, &n);
	rd->r = registry_new(rd->st, as_of);
	rd->book = dutybook_new(rd->st, rd->r, as_of);
	if (e == OK && history && page->most && area_level(slice_of(rd->scope)) < AREA_COMMUNITY) /* of a community it is few */
		e = dutybook_roll(rd->book, rd->first, rd->last);
	page->more = n > page->people;
	page->last[0] = '\0';
	page->read = 0;
	person = page->these ? page->these : names.p;
	for (int i = 0; e == OK && i < n && i < page->people; i++, person += strlen(person) + 1) {
		if (i && page->until_mono_ms && clock_mono_ms() >= page->until_mono_ms) {
			page->more = true;
			break;
		}
		e = read_person(rd, person, history);
		page->read = i + 1;
		slice_copy(page->last, sizeof page->last, slice_of(person));
	}
	dutybook_free(rd->book);
	registry_free(rd->r);
	buf_done(&names);
	return e;
}

enum err duties_read(struct store *st, const char *scope, int64_t as_of, int64_t at_ms, struct duties_page *page,
	void (*row)(void *ctx, const struct duty_row *r), void *ctx)
{
	struct reading rd = {.st = st, .scope = scope, .at_ms = at_ms, .row = row, .ctx = ctx};

	return read_people(&rd, as_of, page, false);
}

enum err duties_history(struct store *st, const char *scope, int64_t as_of, int32_t first, int32_t last, int64_t at_ms,
	struct duties_page *page, void (*row)(void *ctx, const struct duty_row *r), void *ctx)
{
	struct reading rd = {.st = st, .scope = scope, .at_ms = at_ms, .first = first, .last = last, .row = row, .ctx = ctx};

	return read_people(&rd, as_of, page, true);
}

enum err duties_owed(struct store *st, const char *scope, int32_t first, int32_t last, int64_t at_ms, struct duties_page *page,
	void (*row)(void *ctx, const struct duty_row *r), void *ctx)
{
	struct reading rd = {.st = st, .scope = scope, .at_ms = at_ms, .first = first, .last = last, .owed_only = true, .row = row, .ctx = ctx};

	return read_people(&rd, REGISTRY_NOW, page, true);
}

static enum err people_of_reaches(struct store *st, const char *low, const char *high, struct buf *out, int *n)
{
	sqlite3_stmt *q = sql_get(st, "SELECT DISTINCT person FROM appointment WHERE CASE WHEN scope GLOB '*[^0-9]*' THEN ?1 IS NULL OR "
				      "scope BETWEEN ?1 AND ?2 ELSE role = 'chief' END ORDER BY person");
	enum err e;

	*n = 0;
	sql_str(q, 1, low);
	sql_str(q, 2, high);
	while ((e = sql_row(q)) == OK) {
		struct slice p = sql_col(q, 0);

		buf_add(out, p.p, p.n);
		buf_addc(out, '\0');
		++*n;
	}
	return sql_end(q, e);
}

enum err duties_of_reaches(struct store *st, const char *scope, const char *low, const char *high, int32_t first, int32_t last,
	int64_t at_ms, void (*row)(void *ctx, const struct duty_row *r), void *ctx)
{
	struct reading rd = {.st = st, .scope = scope, .at_ms = at_ms, .first = first, .last = last, .row = row, .ctx = ctx};
	struct buf names = {0};
	int n = 0;
	enum err e = people_of_reaches(st, low, high, &names, &n);
	const char *person = names.p;

	rd.r = registry_new(st, REGISTRY_NOW);
	rd.book = dutybook_new(st, rd.r, REGISTRY_NOW);
	for (int i = 0; e == OK && i < n; i++, person += strlen(person) + 1)
		e = read_person(&rd, person, true);
	dutybook_free(rd.book);
	registry_free(rd.r);
	buf_done(&names);
	return e;
}

enum err duties_of(struct store *st, const char *person, int32_t first, int32_t last, int64_t at_ms,
	void (*row)(void *ctx, const struct duty_row *r), void *ctx)
{
	struct reading rd = {.st = st, .scope = "*", .at_ms = at_ms, .first = first, .last = last, .row = row, .ctx = ctx};
	enum err e;

	rd.r = registry_new(st, REGISTRY_NOW);
	rd.book = dutybook_new(st, rd.r, REGISTRY_NOW);
	e = read_person(&rd, person, true);
	dutybook_free(rd.book);
	registry_free(rd.r);
	return e;
}
