#include "schema/dutybook.h"

#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/dutyroll.h"

#define HOLDS "since <= ?9 AND (until IS NULL OR until > ?9)"

struct exemption {
	char person[65], rule[DUTY_RULE_MAX + 1], target[REACH_CODE_MAX + 1];
	struct duty_span days;
	char *reason;
};

struct reachrow {
	char code[REACH_CODE_MAX + 1], area[AREA_CODE_MAX + 1];
};

struct rulegroup { /* versions of one (rule, role, level) */
	uint32_t at, n;
};

struct deed {
	struct duty_deed x;
	char target[REACH_CODE_MAX + 1], area[AREA_CODE_MAX + 1];
	bool river;
};

struct heldrow { /* while the duties of a person are made */
	uint32_t group;
	bool each;
	char target[REACH_CODE_MAX + 1], area[AREA_CODE_MAX + 1];
	const struct appointment *a;
};

struct dutybook {
	struct store *st;
	struct registry *r;
	int64_t as_of;
	bool known; /* rules, exemptions, reaches are read */
	bool substitutes; /* a rule lets them count */
	struct duty_rule *rule;
	struct rulegroup *group;
	struct exemption *exemption;
	struct reachrow *reach; /* by area, code */
	uint32_t nrule, ngroup, nexemption, nreach;
	/* of one person */
	char person[65];
	struct heldrow *row;
	struct owed *owed;
	struct duty_span *held, *exempt;
	const struct appointment **via;
	uint32_t nrow, nowed, nexempt, row_cap, exempt_cap;
	struct deed *deed; /* by time, of the days [deeds_from, deeds_to) */
	uint32_t ndeed, deed_cap;
	int32_t deeds_from, deeds_to; /* deeds_from INT32_MAX: nothing is read yet */
	int32_t deeds_wide;
	struct dutyroll *roll; /* what all did on the days [roll_from, roll_to); NULL */
	int32_t roll_from, roll_to;
};

struct dutybook *dutybook_new(struct store *st, struct registry *r, int64_t as_of)
{
	struct dutybook *b = xcalloc(1, sizeof *b);

	b->st = st;
	b->r = r;
	b->as_of = as_of;
	return b;
}

void dutybook_changed(struct dutybook *b)
{
	for (uint32_t i = 0; i < b->nexemption; i++)
		free(b->exemption[i].reason);
	free(b->exemption);
	free(b->rule);
	free(b->group);
	free(b->reach);
	b->exemption = NULL;
	b->rule = NULL;
	b->group = NULL;
	b->reach = NULL;
	b->nexemption = b->nrule = b->ngroup = b->nreach = 0;
	b->known = b->substitutes = false;
	b->person[0] = '\0';
	b->nowed = b->nrow = b->ndeed = 0;
}

void dutybook_free(struct dutybook *b)
{
	if (!b)
		return;
	dutybook_changed(b);
	free(b->row);
	free(b->owed);
	free(b->held);
	free(b->exempt);
	free(b->via);
	free(b->deed);
	dutyroll_free(b->roll);
	free(b);
}

/* Room for one more in a vector. */
static void *grow(void *v, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 16;
	return xrealloc(v, *cap * size);
}

/* ------------------------------------------------------------------ rules */

/* The civil day on which commit number `since` was made. */
static enum err day_known(struct dutybook *b, int64_t since, int32_t *day)
{
	sqlite3_stmt *q = sql_get(b->st, "SELECT coalesce((SELECT time FROM change WHERE \"commit\" = ?1), (SELECT time "
					 "FROM batch WHERE last >= ?1 ORDER BY last, rev LIMIT 1), 0)");
	enum err e;

	sql_int(q, 1, since);
	if ((e = sql_row(q)) == OK)
		*day = civil_day(sqlite3_column_int64(q, 0));
	sql_done(q);
	return e;
}

static int64_t int_or(sqlite3_stmt *q, int col, int64_t none)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL ? none : sqlite3_column_int64(q, col);
}

static void read_rule(sqlite3_stmt *q, struct duty_rule *v)
{
	int64_t months = sqlite3_column_int64(q, 5);

	*v = (struct duty_rule){.each = strcmp(sql_cstr(q, 3), "each") == 0, .period = duty_period_of(sql_col(q, 4)),
		.month_first = (int)(months / 100), .month_last = (int)(months % 100), .count = sqlite3_column_int64(q, 6),
		.days = strcmp(sql_cstr(q, 7), "days") == 0, .min_minutes = int_or(q, 8, -1), .min_metres = int_or(q, 9, -1),
		.min_gap_hours = int_or(q, 10, -1), .min_coverage = int_or(q, 11, -1), .substitute = sqlite3_column_int(q, 12) != 0,
		.delegate = sqlite3_column_int(q, 13) != 0, .from = (int32_t)int_or(q, 14, INT32_MIN),
		.to = (int32_t)int_or(q, 15, INT32_MAX)};
	slice_copy(v->rule, sizeof v->rule, sql_col(q, 0));
	slice_copy(v->role, sizeof v->role, sql_col(q, 1));
	slice_copy(v->level, sizeof v->level, sql_col(q, 2));
}

static bool same_rule(const struct duty_rule *a, const struct duty_rule *b)
{
	return strcmp(a->rule, b->rule) == 0 && strcmp(a->role, b->role) == 0 && strcmp(a->level, b->level) == 0;
}

/* Gives each of the n rows v, oldest first, its own days; rows without any go.  Ascending by day.  known: the day of the oldest. */
static uint32_t take_days(struct duty_rule *v, uint32_t n, int32_t known)
{
	int64_t before = INT64_MAX; /* newer ones have all days from here on */
	uint32_t kept = 0;

	for (uint32_t i = n; i-- > 0;) {
		bool open = v[i].from == INT32_MIN;

		if (open)
			v[i].from = known;
		if (before == INT32_MIN)
			v[i].to = INT32_MIN; /* a newer one has them all */
		else if (v[i].to >= before)
			v[i].to = (int32_t)(before - 1);
		before = open ? INT32_MIN : v[i].from < before ? v[i].from : before;
	}
	/* A newer row begins earlier only where it takes all of an older one: what is left is in order. */
	for (uint32_t i = 0; i < n; i++)
		if (v[i].from <= v[i].to)
			v[kept++] = v[i];
	return kept;
}

static enum err load_rules(struct dutybook *b)
{
	sqlite3_stmt *q = sql_get(b->st, "SELECT rule, role, level, target, period, months, count, count_unit, min_minutes, "
					 "min_metres, min_gap_hours, min_coverage, substitute, delegate, valid_from, valid_to, since "
					 "FROM duty WHERE since <= ?9 ORDER BY rule, role, level, since");
	int64_t *since = NULL;
	uint32_t cap = 0, since_cap = 0, kept = 0;
	enum err e;

	sql_int(q, 9, b->as_of);
	while ((e = sql_row(q)) == OK) {
		b->rule = grow(b->rule, b->nrule, &cap, sizeof *b->rule);
		since = grow(since, b->nrule, &since_cap, sizeof *since);
		since[b->nrule] = sqlite3_column_int64(q, 16);
		read_rule(q, &b->rule[b->nrule++]);
	}
	e = sql_end(q, e);
	for (uint32_t i = 0, n; e == OK && i < b->nrule; i += n) {
		struct rulegroup g = {.at = kept};
		int32_t known = 0;

		for (n = 1; i + n < b->nrule && same_rule(&b->rule[i], &b->rule[i + n]); n++)
			;
		if ((e = day_known(b, since[i], &known)) != OK)
			break;
		g.n = take_days(&b->rule[i], n, known);
		memmove(&b->rule[kept], &b->rule[i], g.n * sizeof *b->rule);
		for (uint32_t k = 0; k < g.n; k++)
			b->substitutes |= b->rule[kept + k].substitute;
		kept += g.n;
		if (g.n) {
			b->group = xrealloc(b->group, (b->ngroup + 1) * sizeof *b->group);
			b->group[b->ngroup++] = g;
		}
	}
	b->nrule = kept;
	free(since);
	return e;
}

static enum err load_exemptions(struct dutybook *b)
{
	sqlite3_stmt *q = sql_get(b->st, "SELECT person, rule, target, valid_from, valid_to, reason FROM exemption WHERE "
					 HOLDS " ORDER BY person, rule, target, valid_from");
	uint32_t cap = 0;
	enum err e;

	sql_int(q, 9, b->as_of);
	while ((e = sql_row(q)) == OK) {
		struct exemption *x;

		b->exemption = grow(b->exemption, b->nexemption, &cap, sizeof *b->exemption);
		x = &b->exemption[b->nexemption++];
		slice_copy(x->person, sizeof x->person, sql_col(q, 0));
		slice_copy(x->rule, sizeof x->rule, sql_col(q, 1));
		slice_copy(x->target, sizeof x->target, sql_col(q, 2));
		x->days = (struct duty_span){(int32_t)int_or(q, 3, INT32_MIN), (int32_t)int_or(q, 4, INT32_MAX)};
		x->reason = xstrdup(sql_cstr(q, 5));
	}
	return sql_end(q, e);
}

static enum err load_reaches(struct dutybook *b)
{
	sqlite3_stmt *q = sql_get(b->st, "SELECT code, area FROM reach WHERE " HOLDS " ORDER BY area, code");
	uint32_t cap = 0;
	enum err e;

	sql_int(q, 9, b->as_of);
	while ((e = sql_row(q)) == OK) {
		b->reach = grow(b->reach, b->nreach, &cap, sizeof *b->reach);
		slice_copy(b->reach[b->nreach].code, sizeof b->reach->code, sql_col(q, 0));
		slice_copy(b->reach[b->nreach++].area, sizeof b->reach->area, sql_col(q, 1));
	}
	return sql_end(q, e);
}

static enum err know(struct dutybook *b)
{
	enum err e = OK;

	if (b->known)
		return OK;
	if ((e = load_rules(b)) == OK && b->ngroup) { /* without rules the rest is not asked for */
		if ((e = load_exemptions(b)) == OK)
			e = load_reaches(b);
	}
	if (e != OK) {
		dutybook_changed(b);
		return e;
	}
	b->known = true;
	return OK;
}

enum err dutybook_has_rules(struct dutybook *b, bool *out)
{
	enum err e = know(b);

	if (e == OK)
		*out = b->ngroup > 0;
	return e;
}

enum err dutybook_wakes(struct dutybook *b, int32_t day, int32_t *out)
{
	int32_t first = INT32_MAX;
	enum err e = know(b);

	for (uint32_t i = 0; e == OK && i < b->nrule; i++)
		if (b->rule[i].from > day && b->rule[i].from < first)
			first = b->rule[i].from;
	if (e == OK)
		*out = first;
	return e;
}

/* ------------------------------------------------------------------ the duties of a person */

static enum err area_of(struct dutybook *b, const char *code, char out[AREA_CODE_MAX + 1])
{
	const struct place *pl;
	enum err e;

	out[0] = '\0';
	pl = registry_place(b->r, slice_of(code), &e);
	if (pl)
		slice_copy(out, AREA_CODE_MAX + 1, slice_of(pl->area));
	else if (e == OK && area_level(slice_of(code)) != AREA_NONE)
		slice_copy(out, AREA_CODE_MAX + 1, slice_of(code)); /* it is not in the registry (any more) */
	return e;
}

static void add_row(struct dutybook *b, uint32_t group, bool each, const char *target, const char *area, const struct appointment *a)
{
	struct heldrow *r;

	b->row = grow(b->row, b->nrow, &b->row_cap, sizeof *b->row);
	r = &b->row[b->nrow++];
	*r = (struct heldrow){.group = group, .each = each, .a = a};
	slice_copy(r->target, sizeof r->target, slice_of(target));
	slice_copy(r->area, sizeof r->area, slice_of(area));
}

/* Index of the first reach whose area is not before `area`. */
static uint32_t reach_from(const struct dutybook *b, const char *area)
{
	uint32_t lo = 0, hi = b->nreach;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (strcmp(b->reach[mid].area, area) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void add_each(struct dutybook *b, uint32_t group, const char *area, const struct appointment *a)
{
	size_t n = strlen(area);
	bool some = false;

	if (strcmp(a->role, "chief") == 0 && !area_is_reach(slice_of(a->scope)))
		for (uint32_t i = reach_from(b, area); i < b->nreach && strncmp(b->reach[i].area, area, n) == 0; i++) {
			add_row(b, group, true, b->reach[i].code, b->reach[i].area, a);
			some = true;
		}
	if (!some)
		add_row(b, group, true, a->scope, area, a);
}

static enum err add_appointment(struct dutybook *b, const struct appointment *a)
{
	char area[AREA_CODE_MAX + 1];
	bool each, any, asked = false;
	enum err e = OK;

	for (uint32_t g = 0; e == OK && g < b->ngroup; g++) {
		const struct duty_rule *v = &b->rule[b->group[g].at];

		if (strcmp(v->role, a->role) != 0 || strcmp(v->level, a->level) != 0)
			continue;
		if (!asked)
			e = area_of(b, a->scope, area);
		asked = true;
		each = any = false;
		for (uint32_t i = 0; i < b->group[g].n; i++) {
			each |= v[i].each;
			any |= !v[i].each;
		}
		if (e == OK && any)
			add_row(b, g, false, "", area, a);
		if (e == OK && each)
			add_each(b, g, area, a);
	}
	return e;
}

/* By (rule, target, level, role): as the rows of duty_state stand. */
static int by_duty(const void *x, const void *y, void *ctx)
{
	const struct dutybook *b = ctx;
	const struct heldrow *p = x, *q = y;
	const struct duty_rule *v = &b->rule[b->group[p->group].at], *w = &b->rule[b->group[q->group].at];
	int c;

	if ((c = strcmp(v->rule, w->rule)) || (c = strcmp(p->target, q->target)) || (c = strcmp(v->level, w->level)))
		return c;
	return strcmp(v->role, w->role);
}

/* The area that holds both. */
static void widen(char area[AREA_CODE_MAX + 1], const char *other)
{
	size_t n = 0;

	while (area[n] && area[n] == other[n])
		n++;
	while (n > 0 && area_level((struct slice){area, (uint32_t)n}) == AREA_NONE)
		n--;
	area[n] = '\0';
}

/* Does the exemption's place hold all that the duty is owed for? */
static enum err is_exempt(struct dutybook *b, const struct owed *o, const struct exemption *x, bool *out)
{
	char area[AREA_CODE_MAX + 1];
	struct slice place = slice_of(x->target);
	enum err e = OK;

	*out = !x->rule[0] || strcmp(x->rule, o->rule) == 0;
	if (!*out || !place.n)
		return OK;
	if (o->target[0]) {
		*out = strcmp(x->target, o->target) == 0 || (o->area[0] && area_covers(place, slice_of(o->area)));
		return OK;
	}
	for (uint32_t i = 0; e == OK && *out && i < o->d.nheld; i++) {
		if (strcmp(o->via[i]->scope, x->target) == 0)
			continue;
		if ((e = area_of(b, o->via[i]->scope, area)) == OK)
			*out = area[0] && area_covers(place, slice_of(area));
	}
	return e;
}

static enum err add_exemptions(struct dutybook *b, struct owed *o, uint32_t first)
{
	enum err e = OK;
	int32_t until = INT32_MIN;
	bool is;

	for (uint32_t i = first; e == OK && i < b->nexemption && strcmp(b->exemption[i].person, b->person) == 0; i++) {
		const struct exemption *x = &b->exemption[i];

		if ((e = is_exempt(b, o, x, &is)) != OK || !is)
			continue;
		b->exempt = grow(b->exempt, b->nexempt, &b->exempt_cap, sizeof *b->exempt);
		b->exempt[b->nexempt++] = x->days;
		o->d.nexempt++;
		if (x->days.last >= until) {
			until = x->days.last;
			o->reason = x->reason;
		}
	}
	return e;
}

static uint32_t exemption_from(const struct dutybook *b, const char *person)
{
	uint32_t lo = 0, hi = b->nexemption;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (strcmp(b->exemption[mid].person, person) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The rows, in order, become duties: those of one key are one duty. */
static enum err make_owed(struct dutybook *b)
{
	uint32_t first = exemption_from(b, b->person), at = 0;
	enum err e = OK;

	b->owed = xrealloc(b->owed, (b->nrow + 1) * sizeof *b->owed);
	b->held = xrealloc(b->held, (b->nrow + 1) * sizeof *b->held);
	b->via = xrealloc(b->via, (b->nrow + 1) * sizeof *b->via);
	for (uint32_t i = 0; e == OK && i < b->nrow; i++) {
		const struct heldrow *r = &b->row[i];
		const struct rulegroup *g = &b->group[r->group];
		struct owed *o = &b->owed[b->nowed - (b->nowed > 0)];

		b->held[i] = (struct duty_span){r->a->from, r->a->to};
		b->via[i] = r->a;
		if (i > 0 && by_duty(&b->row[i - 1], r, b) == 0) {
			o->d.nheld++;
			widen(o->area, r->area);
		} else {
			o = &b->owed[b->nowed++];
			*o = (struct owed){.d = {.version = &b->rule[g->at], .nversion = g->n, .each = r->each,
				.held = &b->held[i], .nheld = 1}, .via = &b->via[i]};
			o->rule = o->d.version->rule;
			o->role = o->d.version->role;
			o->level = o->d.version->level;
			slice_copy(o->target, sizeof o->target, slice_of(r->target));
			slice_copy(o->area, sizeof o->area, slice_of(r->area));
		}
	}
	for (uint32_t i = 0; e == OK && i < b->nowed; i++)
		e = add_exemptions(b, &b->owed[i], first);
	for (uint32_t i = 0; i < b->nowed; i++) { /* now they do not move any more */
		b->owed[i].d.exempt = b->exempt + at;
		at += b->owed[i].d.nexempt;
	}
	return e;
}

static void forget_deeds(struct dutybook *b)
{
	b->ndeed = 0;
	b->deeds_from = b->deeds_to = INT32_MAX;
	b->deeds_wide = 0;
}

enum err dutybook_person(struct dutybook *b, const char *person, struct owed **out, uint32_t *n)
{
	const struct person *p;
	enum err e = know(b);

	b->nrow = b->nowed = b->nexempt = 0;
	forget_deeds(b);
	slice_copy(b->person, sizeof b->person, slice_of(person));
	if (e == OK && b->ngroup && (p = registry_person(b->r, slice_of(person), &e)))
		for (uint32_t i = 0; e == OK && i < p->nappt; i++)
			e = add_appointment(b, &p->appt[i]);
	if (e == OK && b->nrow) {
		qsort_r(b->row, b->nrow, sizeof *b->row, by_duty, b);
		e = make_owed(b);
	}
	if (e != OK)
		return e;
	*out = b->owed;
	*n = b->nowed;
	return OK;
}

/* ------------------------------------------------------------------ what was done */

static enum err add_deed(struct dutybook *b, struct slice target, const struct duty_deed *x, bool river)
{
	struct deed *d, *before;

	b->deed = grow(b->deed, b->ndeed, &b->deed_cap, sizeof *b->deed);
	before = b->ndeed ? &b->deed[b->ndeed - 1] : NULL;
	d = &b->deed[b->ndeed++];
	d->x = *x;
	d->river = river;
	if (before && slice_is(target, before->target)) { /* most people walk one place */
		memcpy(d->target, before->target, sizeof d->target);
		memcpy(d->area, before->area, sizeof d->area);
		return OK;
	}
	slice_copy(d->target, sizeof d->target, target);
	return area_of(b, d->target, d->area);
}

static enum err read_patrols(struct dutybook *b, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = sql_get(b->st, "SELECT " DUTYROLL_COLUMNS " FROM patrol WHERE person = ?1 AND start_at >= ?2 AND start_at < ?3 ORDER BY start_at");
	struct duty_deed x;
	bool river;
	enum err e;

	sql_str(q, 1, b->person);
	sql_int(q, 2, from_ms);
	sql_int(q, 3, to_ms);
	while ((e = sql_row(q)) == OK) {
		dutyroll_patrol(q, 0, b->person, &x, &river);
		if ((e = add_deed(b, sql_col(q, 1), &x, river)) != OK)
			break;
	}
	return sql_end(q, e);
}

static enum err read_substitutes(struct dutybook *b, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = sql_get(b->st, "SELECT sub_at, sub_target FROM patrol WHERE sub_person = ?1 AND sub_at >= ?2 AND sub_at < ?3");
	enum err e;

	sql_str(q, 1, b->person);
	sql_int(q, 2, from_ms);
	sql_int(q, 3, to_ms);
	while ((e = sql_row(q)) == OK) {
		struct duty_deed x = {.at_ms = sqlite3_column_int64(q, 0), .substitute = true, .sound = true, .coverage = -1};

		if ((e = add_deed(b, sql_col(q, 1), &x, true)) != OK)
			break;
	}
	return sql_end(q, e);
}

static int by_time(const void *a, const void *b)
{
	const struct deed *x = a, *y = b;

	return (x->x.at_ms > y->x.at_ms) - (x->x.at_ms < y->x.at_ms);
}

static enum err take_from_roll(struct dutybook *b)
{
	const struct dutyroll_deed *d;
	uint32_t n = 0;
	enum err e = OK;

	d = dutyroll_of(b->roll, b->person, &n);
	for (uint32_t i = 0; e == OK && i < n; i++)
		e = add_deed(b, slice_of(dutyroll_target(b->roll, d[i].target)), &d[i].x, d[i].river);
	return e;
}

/* The days [from, to) beside those that are read: to is where these begin, INT32_MAX when there are none. */
static enum err read_deeds(struct dutybook *b, int32_t from, int32_t to)
{
	int64_t from_ms = civil_day_ms(from), to_ms = to == INT32_MAX ? INT64_MAX : civil_day_ms(to);
	bool in_order = true;
	enum err e;

	if (b->roll && !b->ndeed && from >= b->roll_from && to == b->roll_to) {
		e = take_from_roll(b);
		from = b->roll_from;
	} else {
		e = read_patrols(b, from_ms, to_ms);
		if (e == OK && b->substitutes)
			e = read_substitutes(b, from_ms, to_ms);
	}
	for (uint32_t i = 1; i < b->ndeed && in_order; i++)
		in_order = b->deed[i - 1].x.at_ms <= b->deed[i].x.at_ms;
	if (!in_order)
		qsort(b->deed, b->ndeed, sizeof *b->deed, by_time);
	b->deeds_from = from;
	return e;
}

/* Reads the person's patrols back to that day; further back each time, so that a long look back costs few queries. */
static enum err deeds_since(struct dutybook *b, int32_t day)
{
	if (day >= b->deeds_from)
		return OK;
	if (b->deeds_from != INT32_MAX && b->deeds_from - b->deeds_wide < day)
		day = b->deeds_from - b->deeds_wide;
	b->deeds_wide = b->deeds_from == INT32_MAX ? 31 : 2 * b->deeds_wide;
	return read_deeds(b, day, b->deeds_from);
}

/* The first day of the longest of the person's periods that hold the day. */
static int32_t longest_since(const struct dutybook *b, int32_t day)
{
	int32_t first = day;

	for (uint32_t i = 0; i < b->nowed; i++)
		for (uint32_t k = 0; k < b->owed[i].d.nversion; k++) {
			const struct duty_rule *v = &b->owed[i].d.version[k];
			struct duty_span s = duty_span_of(v->period, day);

			if (s.first < first && v->from <= day && v->to >= s.first)
				first = s.first;
		}
	return first;
}

enum err dutybook_roll(struct dutybook *b, int32_t first, int32_t last)
{
	int32_t from = first;
	enum err e = know(b);

	dutyroll_free(b->roll);
	b->roll = NULL;
	if (e != OK || !b->nrule || last == INT32_MAX)
		return e;
	for (uint32_t i = 0; i < b->nrule; i++) {
		struct duty_span s = duty_span_of(b->rule[i].period, first);

		from = s.first < from ? s.first : from;
	}
	b->roll_from = from;
	b->roll_to = last + 1;
	return dutyroll_read(b->st, civil_day_ms(from), civil_day_ms(b->roll_to), b->substitutes, &b->roll);
}

enum err dutybook_between(struct dutybook *b, int32_t first, int32_t last)
{
	if (!b->nowed || last == INT32_MAX)
		return OK;
	forget_deeds(b);
	b->deeds_to = last + 1;
	return read_deeds(b, longest_since(b, first), b->deeds_to);
}

static bool covers(const char *scope, const struct deed *d)
{
	return strcmp(scope, d->target) == 0 || (d->area[0] && area_covers(slice_of(scope), slice_of(d->area)));
}

static bool is_of_target(const struct owed *o, const struct deed *d, int32_t day)
{
	if (!d->river && strcmp(o->role, "chief") == 0)
		return false;
	if (o->target[0])
		return covers(o->target, d);
	for (uint32_t i = 0; i < o->d.nheld; i++)
		if (o->d.held[i].first <= day && day <= o->d.held[i].last && covers(o->via[i]->scope, d))
			return true;
	return false;
}

/* Index of the first deed at that instant or later. */
static uint32_t deed_from(const struct dutybook *b, int64_t at_ms)
{
	uint32_t lo = 0, hi = b->ndeed;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->deed[mid].x.at_ms < at_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

enum err dutybook_tally(struct dutybook *b, const struct owed *o, const struct duty_instance *i, struct duty_tally *out)
{
	int64_t from = civil_day_ms(i->span.first), to = civil_day_ms(i->span.last + 1);
	enum err e;

	*out = (struct duty_tally){0};
	if (i->span.last >= b->deeds_to) /* later than was said: all anew, up to now */
		forget_deeds(b);
	e = deeds_since(b, i->span.first);
	for (uint32_t k = e == OK ? deed_from(b, from) : b->ndeed; k < b->ndeed && b->deed[k].x.at_ms < to; k++) {
		const struct deed *d = &b->deed[k];

		if (is_of_target(o, d, civil_day(d->x.at_ms)))
			(void)duty_count(&o->d, i, &d->x, out); /* the tally says */
	}
	return e;
}

/* ------------------------------------------------------------------ how it stands */

/* Since when: back over the periods that were missed in a row. */
static enum err look_back(struct dutybook *b, const struct owed *o, const struct duty_instance *now, int64_t at_ms, int64_t *since)
{
	struct duty_instance i = *now, before;
	struct duty_tally t;
	enum err e;

	for (int n = 0; n < DUTY_BACK && duty_before(&o->d, &i, &before); n++, i = before) {
		if (before.need == 0 || duty_end_ms(&before) > at_ms)
			break;
		if ((e = dutybook_tally(b, o, &before, &t)) != OK)
			return e;
		if (duty_done(&before, &t) >= before.need)
			break;
		*since = duty_end_ms(&before);
	}
	return OK;
}

enum err dutybook_now(struct dutybook *b, const struct owed *o, int64_t at_ms, struct duty_now *out)
{
	int32_t day = civil_day(at_ms);
	struct duty_tally t;
	int64_t turn;
	enum err e;

	*out = (struct duty_now){.overdue = -1, .next = INT64_MAX};
	if (!duty_current(&o->d, day, &out->i))
		return OK;
	out->is = true;
	if (b->deeds_from == INT32_MAX && (e = deeds_since(b, longest_since(b, day))) != OK)
		return e;
	if ((e = dutybook_tally(b, o, &out->i, &t)) != OK)
		return e;
	out->done = duty_done(&out->i, &t);
	out->state = duty_state_at(&out->i, out->done, at_ms, &out->next);
	turn = civil_day_ms(out->i.span.last + 1);
	for (uint32_t i = 0; i < o->d.nversion; i++) /* a version of another period takes over */
		if (o->d.version[i].from > day && o->d.version[i].each == o->d.each && civil_day_ms(o->d.version[i].from) < turn)
			turn = civil_day_ms(o->d.version[i].from);
	if (turn < out->next)
		out->next = turn;
	if (out->state == DUTY_OVERDUE)
		out->overdue = duty_end_ms(&out->i);
	if (out->state == DUTY_OVERDUE || out->state == DUTY_ON_TRACK || out->state == DUTY_DUE_SOON)
		e = look_back(b, o, &out->i, at_ms, &out->overdue);
	return e;
}
