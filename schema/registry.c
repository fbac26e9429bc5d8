#include "schema/registry.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "schema/sql.h"

/* A row holds as of N when since <= N and not until <= N.  ?9 is N in every statement. */
#define HOLDS "since <= ?9 AND (until IS NULL OR until > ?9)"

struct registry {
	struct store *st;
	int64_t as_of;
	struct map place, person, device, category;
	struct workcal calendar;
	struct workcal_day *day; /* the calendar's; owned */
	bool calendar_known;
};

static const char absent; /* cached: there is none */
#define ABSENT ((void *)(uintptr_t)&absent)

struct registry *registry_new(struct store *st, int64_t as_of)
{
	struct registry *r = xcalloc(1, sizeof *r);

	r->st = st;
	r->as_of = as_of;
	return r;
}

static void person_free(struct person *p)
{
	free(p->name);
	free(p->appt);
	free(p);
}

static void device_free(struct device *d)
{
	free(d->enrolled);
	free(d);
}

static void empty(struct map *m, void (*release)(void *))
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(m, &pos)))
		if (v != ABSENT)
			release(v);
	map_done(m);
}

static void release_person(void *p)
{
	person_free(p);
}

static void release_device(void *d)
{
	device_free(d);
}

void registry_changed(struct registry *r)
{
	empty(&r->place, free);
	empty(&r->person, release_person);
	empty(&r->device, release_device);
	empty(&r->category, free);
	free(r->day);
	r->day = NULL;
	r->calendar = (struct workcal){0};
	r->calendar_known = false;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	registry_changed(r);
	free(r);
}

static void keep(struct map *m, struct slice key, void *v, void (*release)(void *))
{
	if (m->n >= REGISTRY_CACHE)
		empty(m, release);
	(void)map_put(m, key.p, key.n, v); /* was not there */
}

static int32_t day_or(sqlite3_stmt *s, int col, int32_t open)
{
	return sqlite3_column_type(s, col) == SQLITE_NULL ? open : sqlite3_column_int(s, col);
}

static enum err load_place(struct registry *r, struct slice code, struct place *p)
{
	sqlite3_stmt *s;
	enum err e;

	if (area_level(code) != AREA_NONE) {
		s = sql_get(r->st, "SELECT valid_from, valid_to FROM area WHERE code = ?1 AND " HOLDS);
		sql_text(s, 1, code);
		sql_int(s, 9, r->as_of);
		if ((e = sql_row(s)) == OK) {
			p->from = day_or(s, 0, INT32_MIN);
			p->to = day_or(s, 1, INT32_MAX);
			slice_copy(p->area, sizeof p->area, code);
		}
	} else {
		s = sql_get(r->st, "SELECT area FROM reach WHERE code = ?1 AND " HOLDS);
		sql_text(s, 1, code);
		sql_int(s, 9, r->as_of);
		if ((e = sql_row(s)) == OK) {
			p->is_reach = true;
			p->from = INT32_MIN;
			p->to = INT32_MAX;
			slice_copy(p->area, sizeof p->area, sql_col(s, 0));
		}
	}
	slice_copy(p->code, sizeof p->code, code);
	sql_done(s);
	return e;
}

const struct place *registry_place(struct registry *r, struct slice code, enum err *e)
{
	struct place *p = map_get(&r->place, code.p, code.n);

	*e = OK;
	if (p)
		return p == ABSENT ? NULL : p;
	if (area_level(code) == AREA_NONE && !area_is_reach(code))
		return NULL;
	p = xcalloc(1, sizeof *p);
	*e = load_place(r, code, p);
	if (*e != OK) {
		free(p);
		if (*e != ERR_NOTFOUND)
			return NULL;
		*e = OK;
		keep(&r->place, code, ABSENT, free);
		return NULL;
	}
	keep(&r->place, code, p, free);
	return p;
}

static enum err load_person(struct registry *r, struct slice id, struct person *p)
{
	sqlite3_stmt *s = sql_get(r->st, "SELECT name FROM person WHERE id = ?1 AND " HOLDS);
	struct slice name;
	enum err e;

	sql_text(s, 1, id);
	sql_int(s, 9, r->as_of);
	if ((e = sql_row(s)) == OK) {
		name = sql_col(s, 0);
		p->name = xstrndup(name.p, name.n);
	}
	sql_done(s);
	if (e != OK)
		return e;
	slice_copy(p->id, sizeof p->id, id);
	s = sql_get(r->st, "SELECT role, scope, level, valid_from, valid_to FROM appointment "
			   "WHERE person = ?1 AND " HOLDS " ORDER BY scope, role, valid_from");
	sql_text(s, 1, id);
	sql_int(s, 9, r->as_of);
	while ((e = sql_row(s)) == OK) {
		struct appointment *a;

		p->appt = xrealloc(p->appt, (p->nappt + 1) * sizeof *p->appt);
		a = &p->appt[p->nappt++];
		slice_copy(a->role, sizeof a->role, sql_col(s, 0));
		slice_copy(a->scope, sizeof a->scope, sql_col(s, 1));
		slice_copy(a->level, sizeof a->level, sql_col(s, 2));
		a->from = day_or(s, 3, INT32_MIN);
		a->to = day_or(s, 4, INT32_MAX);
	}
	sql_done(s);
	return e == ERR_NOTFOUND ? OK : e;
}

const struct person *registry_person(struct registry *r, struct slice id, enum err *e)
{
	struct person *p = map_get(&r->person, id.p, id.n);

	*e = OK;
	if (p)
		return p == ABSENT ? NULL : p;
	p = xcalloc(1, sizeof *p);
	*e = load_person(r, id, p);
	if (*e != OK) {
		person_free(p);
		if (*e != ERR_NOTFOUND)
			return NULL;
		*e = OK;
		keep(&r->person, id, ABSENT, release_person);
		return NULL;
	}
	keep(&r->person, id, p, release_person);
	return p;
}

static enum err load_device(struct registry *r, struct slice id, struct device *d)
{
	sqlite3_stmt *s =
		sql_get(r->st, "SELECT person, district, revoked FROM device WHERE id = ?1 AND " HOLDS);
	enum err e;

	sql_text(s, 1, id);
	sql_int(s, 9, r->as_of);
	if ((e = sql_row(s)) == OK) {
		slice_copy(d->id, sizeof d->id, id);
		slice_copy(d->person, sizeof d->person, sql_col(s, 0));
		slice_copy(d->district, sizeof d->district, sql_col(s, 1));
		d->revoked = sqlite3_column_type(s, 2) != SQLITE_NULL;
	}
	sql_done(s);
	if (e != OK)
		return e;
	s = sql_get(r->st, "SELECT person FROM enrolment WHERE device = ?1 AND " HOLDS);
	sql_text(s, 1, id);
	sql_int(s, 9, r->as_of);
	while ((e = sql_row(s)) == OK) {
		d->enrolled = xrealloc(d->enrolled, (d->nenrolled + 1) * sizeof *d->enrolled);
		slice_copy(d->enrolled[d->nenrolled++], sizeof *d->enrolled, sql_col(s, 0));
	}
	sql_done(s);
	return e == ERR_NOTFOUND ? OK : e;
}

const struct device *registry_device(struct registry *r, struct slice id, enum err *e)
{
	struct device *d = map_get(&r->device, id.p, id.n);

	*e = OK;
	if (d)
		return d == ABSENT ? NULL : d;
	d = xcalloc(1, sizeof *d);
	*e = load_device(r, id, d);
	if (*e != OK) {
		device_free(d);
		if (*e != ERR_NOTFOUND)
			return NULL;
		*e = OK;
		keep(&r->device, id, ABSENT, release_device);
		return NULL;
	}
	keep(&r->device, id, d, release_device);
	return d;
}

/* A category; cached under "class code". */
struct valid {
	int32_t from, to;
	struct registry_category row;
};

static enum err load_category(struct registry *r, const char *klass, struct slice code, struct valid *v)
{
	sqlite3_stmt *s = sql_get(r->st, "SELECT valid_from, valid_to, severity, deadline, deadline_unit, photo_before, "
					 "photo_after FROM category WHERE class = ?1 AND code = ?2 AND " HOLDS);
	enum err e;

	sql_str(s, 1, klass);
	sql_text(s, 2, code);
	sql_int(s, 9, r->as_of);
	if ((e = sql_row(s)) == OK) {
		v->from = day_or(s, 0, INT32_MIN);
		v->to = day_or(s, 1, INT32_MAX);
		v->row.severity = sqlite3_column_int(s, 2);
		v->row.deadline = sqlite3_column_int64(s, 3);
		v->row.unit = due_unit_of(sql_col(s, 4));
		v->row.photo_before = sqlite3_column_int(s, 5) != 0;
		v->row.photo_after = sqlite3_column_int(s, 6) != 0;
	}
	sql_done(s);
	return e;
}

/* NULL with OK: there is none. */
static const struct valid *category(struct registry *r, const char *klass, struct slice code, enum err *e)
{
	char name[128];
	int n = snprintf(name, sizeof name, "%s %.*s", klass, (int)code.n, code.p);
	struct slice key = {name, (uint32_t)n};
	struct valid *v;

	*e = OK;
	if (n < 0 || n >= (int)sizeof name)
		return NULL; /* longer than any code */
	if ((v = map_get(&r->category, key.p, key.n)))
		return v == ABSENT ? NULL : v;
	v = xcalloc(1, sizeof *v);
	if ((*e = load_category(r, klass, code, v)) == OK) {
		keep(&r->category, key, v, free);
		return v;
	}
	free(v);
	if (*e == ERR_NOTFOUND) {
		*e = OK;
		keep(&r->category, key, ABSENT, free);
	}
	return NULL;
}

enum err registry_category(
	struct registry *r, const char *klass, struct slice code, int32_t day, bool *out)
{
	enum err e;
	const struct valid *v = category(r, klass, code, &e);

	*out = v && v->from <= day && day <= v->to;
	return e;
}

enum err registry_category_row(struct registry *r, const char *klass, struct slice code, struct registry_category *out)
{
	enum err e;
	const struct valid *v = category(r, klass, code, &e);

	*out = v ? v->row : (struct registry_category){0};
	return e;
}

enum err registry_calendar(struct registry *r, const struct workcal **out)
{
	sqlite3_stmt *s;
	uint32_t n = 0;
	enum err e;

	*out = &r->calendar;
	if (r->calendar_known)
		return OK;
	s = sql_get(r->st, "SELECT day, kind = 'makeup' FROM calendar WHERE " HOLDS " ORDER BY day");
	sql_int(s, 9, r->as_of);
	while ((e = sql_row(s)) == OK) {
		r->day = xrealloc(r->day, (n + 1) * sizeof *r->day);
		r->day[n++] = (struct workcal_day){sqlite3_column_int(s, 0), sqlite3_column_int(s, 1) != 0};
	}
	sql_done(s);
	if (e != ERR_NOTFOUND)
		return e;
	r->calendar = (struct workcal){r->day, n};
	r->calendar_known = true;
	return OK;
}

/* How near an appointment's scope is to a place: 0 does not cover it. */
static uint32_t nearness(const char *scope, const struct place *pl)
{
	struct slice s = slice_of(scope);

	if (pl->is_reach && slice_is(s, pl->code))
		return REACH_CODE_MAX + 1;
	return area_level(s) != AREA_NONE && area_covers(s, slice_of(pl->area)) ? s.n : 0;
}

/* The nearest that covers the place; *any (may be NULL): else the first that is valid on the day. */
static const struct appointment *nearest(const struct person *p, const char *role, const struct place *pl, int32_t day,
	const struct appointment **any)
{
	const struct appointment *best = NULL;
	uint32_t near, best_near = 0;

	for (uint32_t i = 0; i < p->nappt; i++) {
		const struct appointment *a = &p->appt[i];

		if ((role && strcmp(a->role, role) != 0) || day < a->from || day > a->to)
			continue;
		if (any && !*any)
			*any = a;
		near = pl ? nearness(a->scope, pl) : 0;
		if (near > best_near) {
			best_near = near;
			best = a;
		}
	}
	return best;
}

const struct appointment *person_appointment(
	const struct person *p, const char *role, const struct place *pl, int32_t day)
{
	const struct appointment *any = NULL, *best = nearest(p, role, pl, day, &any);

	return best ? best : any;
}

const struct appointment *person_covering(
	const struct person *p, const char *role, const struct place *pl, int32_t day)
{
	return nearest(p, role, pl, day, NULL);
}
