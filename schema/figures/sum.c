#include "schema/figures/sum.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "core/area.h"
#include "core/civil.h"
#include "schema/books_figures.h"
#include "schema/dutysums.h"
#include "schema/freeze.h"
#include "schema/households.h"
#include "schema/sql.h"
#include "schema/waters.h"

#define LOOKS 256 /* rows between two looks at the clock */
#define AT_ONCE 20 /* people whose duties changed */

struct span {
	int32_t span;
	bool read, again;           /* again: it was begun once, and changed */
	char at[AREA_CODE_MAX + 2]; /* the area to go on from; "": the first */
	int64_t commit, rev;        /* of the snapshot that what was read of it is of; rev 0: not begun */
	struct map sums;            /* -> struct figures_entry */
};

struct owes { /* of a person: duties of a level, for a place */
	char level[12];
	uint32_t place;
	int64_t met, overdue;
};

struct debtor {
	struct owes *v;
	size_t n, cap;
};

struct figures_sum {
	struct store *st;
	struct figures_ask ask;
	const struct figure *only;
	struct map parts;      /* code -> (void *)(index + 1) */
	size_t nparts, digits; /* of their codes */
	char lo[AREA_CODE_MAX + 2], hi[AREA_CODE_MAX + 2];
	bool nothing;          /* the places have nothing in common, or there is no day */
	bool waters;           /* reaches are asked for: of them nothing is kept, all is read in one call */
	struct map water;      /* -> struct figures_entry */
	/* pieces */
	struct span *span;
	size_t nspan;
	struct map visited;    /* place and household: one was there on a day of the period */
	int64_t *nvisited;     /* of each place */
	struct duty_sums_at duties;
	struct map people;     /* -> struct debtor */
	struct buf changed;    /* people to be read again, each with its NUL */
	size_t changed_at;
	bool duties_done, households_done, households_again;
	char household[EVENT_NAME_MAX + 1];
	struct figures_households *households; /* of each place */
	int64_t households_commit; /* of the first read; 0: none */
	/* the tail */
	struct figures_named **named;
	size_t nnamed, named_cap;
	struct freeze_words *words;
	/* of the calls */
	int64_t first_commit, rev; /* of the first snapshot; of the last */
	bool begun;
	int rounds;                /* how often all that had changed was read again, and something else had by then */
	int64_t round_left;        /* pieces of the round under way */
	struct figures_pace pace;
	/* what is shown: by place, figure, level, category */
	struct figures_entry **entry;
	size_t nentry, entry_cap;
};

/* ------------------------------------------------------------------ a new one */

static bool wants(const struct figures_sum *s, const char *tally)
{
	return !s->only || (s->only->num && strcmp(s->only->num, tally) == 0) || (s->only->den && strcmp(s->only->den, tally) == 0);
}

static bool wants_duties(const struct figures_sum *s)
{
	return wants(s, "duty_met");
}

static bool wants_households(const struct figures_sum *s)
{
	return !s->only || s->only->kind == FIGURE_STATE;
}

struct figures_sum *figures_sum_new(struct store *st, const struct figures_ask *ask, const char *const *part, size_t parts)
{
	struct figures_sum *s = xcalloc(1, sizeof *s);

	s->st = st;
	s->ask = *ask;
	s->only = ask->only ? figure_find(ask->only) : NULL;
	s->waters = waters_is(ask->within);
	s->nothing = s->waters || ask->from_day >= ask->to_day || !books_range(ask->scope, ask->within, s->lo, s->hi);
	for (size_t i = 0; i < parts; i++)
		(void)map_put(&s->parts, part[i], strlen(part[i]), (void *)(uintptr_t)(i + 1)); /* codes are unique */
	s->nparts = parts;
	s->digits = parts ? strlen(part[0]) : 0;
	s->nvisited = xcalloc(parts + 1, sizeof *s->nvisited);
	s->households = xcalloc(parts + 1, sizeof *s->households);
	s->duties_done = s->nothing || !wants_duties(s);
	s->households_done = s->nothing || !wants_households(s);
	return s;
}

static void forget_people(struct figures_sum *s)
{
	size_t pos = 0;
	struct debtor *p;

	while ((p = map_next(&s->people, &pos))) {
		free(p->v);
		free(p);
	}
	map_done(&s->people);
}

static void forget_tail(struct figures_sum *s)
{
	for (size_t i = 0; i < s->nnamed; i++)
		free(s->named[i]);
	s->nnamed = 0;
	freeze_words_free(s->words);
	s->words = NULL;
}

void figures_sum_free(struct figures_sum *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nspan; i++)
		map_done_free(&s->span[i].sums);
	free(s->span);
	map_done_free(&s->water);
	for (size_t i = 0; i < s->nentry; i++)
		free(s->entry[i]);
	free(s->entry);
	forget_people(s);
	forget_tail(s);
	free(s->named);
	buf_done(&s->changed);
	map_done(&s->visited);
	map_done(&s->parts);
	free(s->nvisited);
	free(s->households);
	free(s);
}

/* The part that an area lies in; FIGURES_WHOLE: in none. */
static uint32_t part_of(const struct figures_sum *s, const char *area)
{
	if (!s->nparts || strlen(area) < s->digits)
		return FIGURES_WHOLE;
	return (uint32_t)(uintptr_t)map_get(&s->parts, area, s->digits);
}

static bool time_left(const struct figures_sum *s)
{
	return !s->pace.until_mono_ms || clock_mono_ms() < s->pace.until_mono_ms;
}

/* May another piece be begun?  The first one of a call always. */
static bool may_go_on(const struct figures_sum *s, bool first)
{
	return time_left(s) && (first || !s->pace.little);
}

/* ------------------------------------------------------------------ tallies */

static char *copy(char *to, const char *s, size_t n, const char **out)
{
	*out = memcpy(to, s, n);
	return to + n;
}

static void add(struct map *sums, uint32_t place, const char *figure, const char *level, const char *category, int64_t n)
{
	char key[4 + 32 + 2 * (EVENT_LINE_MAX + 1)];
	size_t f = strlen(figure) + 1, l = strlen(level) + 1, c = strlen(category) + 1;
	const char *unused;
	struct figures_entry *e;

	assert(f + l + c + sizeof place <= sizeof key); /* ours, and no longer than an event may have them */
	memcpy(key, &place, sizeof place);
	(void)copy(copy(copy(key + sizeof place, figure, f, &unused), level, l, &unused), category, c, &unused); /* the end */
	if ((e = map_get(sums, key, sizeof place + f + l + c))) {
		e->n += n;
		return;
	}
	e = xcalloc(1, sizeof *e + f + l + c);
	(void)copy(copy(copy(e->figure, figure, f, &unused), level, l, &e->level), category, c, &e->category); /* the end */
	e->place = place;
	e->n = n;
	(void)map_put(sums, key, sizeof place + f + l + c, e); /* was not there */
}

static void add_visited(struct figures_sum *s, uint32_t place, const char *household)
{
	char key[4 + EVENT_LINE_MAX + 1];
	size_t n = strlen(household);

	assert(n <= EVENT_LINE_MAX);
	memcpy(key, &place, sizeof place);
	memcpy(key + sizeof place, household, n);
	if (!map_put(&s->visited, key, sizeof place + n, s))
		s->nvisited[place]++;
}

static void make_spans(struct figures_sum *s, int64_t now_ms)
{
	int32_t *v;

	s->nspan = books_spans(s->ask.from_day, s->ask.to_day, s->pace.still ? INT32_MIN : civil_day(now_ms), &v);
	s->span = xcalloc(s->nspan + 1, sizeof *s->span);
	for (size_t i = 0; i < s->nspan; i++)
		s->span[i].span = v[i];
	free(v);
}

static void forget_span(struct span *p)
{
	map_done_free(&p->sums);
	p->read = false;
	p->again = true;
	p->at[0] = '\0';
}

/* Area, level and household of visits that were all taken back: seldom one. */
static enum err read_none(struct figures_sum *s, const struct span *p, struct map *none)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT area, level, category FROM tally WHERE span = ?1 AND area >= ?2 AND area < ?3 AND +figure = 'visited' AND n <= 0");
	struct buf key = {0};
	enum err e;

	sql_int(q, 1, p->span);
	sql_str(q, 2, *p->at ? p->at : s->lo);
	sql_str(q, 3, s->hi);
	while ((e = sql_row(q)) == OK) {
		buf_clear(&key);
		buf_addf(&key, "%s/%s/%s", sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2));
		(void)map_put(none, key.p, key.n, s); /* once is enough */
	}
	buf_done(&key);
	return sql_end(q, e);
}

static bool is_none(const struct map *none, const char *area, const char *level, const char *household)
{
	struct buf key = {0};
	bool is;

	if (!none->n)
		return false;
	buf_addf(&key, "%s/%s/%s", area, level, household);
	is = map_get(none, key.p, key.n);
	buf_done(&key);
	return is;
}

static void take(struct figures_sum *s, struct span *p, const struct map *none, sqlite3_stmt *q)
{
	const char *area = sql_cstr(q, 0), *figure = sql_cstr(q, 1), *level = sql_cstr(q, 2), *category = sql_cstr(q, 3);
	uint32_t part = part_of(s, area);

	if (sqlite3_column_type(q, 4) == SQLITE_NULL) {
		if (is_none(none, area, level, category))
			return;
		add_visited(s, FIGURES_WHOLE, category);
		if (part)
			add_visited(s, part, category);
		return;
	}
	add(&p->sums, FIGURES_WHOLE, figure, level, category, sqlite3_column_int64(q, 4));
	if (part)
		add(&p->sums, part, figure, level, category, sqlite3_column_int64(q, 4));
}

/* The span's rows by area, from where it stood.  The index says what was counted; the count itself is looked up, but of visits, of which there are as
 * many as households: that there was one is enough. */
static enum err read_span(struct figures_sum *s, struct span *p)
{
	sqlite3_stmt *q = sql_get(s->st,
		"SELECT i.area, i.figure, i.level, i.category, CASE WHEN i.figure = 'visited' AND ?4 THEN NULL ELSE (SELECT t.n FROM tally t WHERE "
		"t.figure = i.figure AND t.area = i.area AND t.level = i.level AND t.category = i.category AND t.span = i.span) END FROM tally i WHERE "
		"i.span = ?1 AND i.area >= ?2 AND i.area < ?3 AND i.figure <> 'events' AND (?5 IS NULL OR i.figure IN (?5, ?6, 'works_approx')) "
		"ORDER BY i.area");
	struct map none = {0};
	char area[AREA_CODE_MAX + 1] = "";
	unsigned n = 0;
	bool stop = false;
	enum err e = s->ask.corrected ? OK : read_none(s, p, &none);

	sql_int(q, 1, p->span);
	sql_str(q, 2, *p->at ? p->at : s->lo);
	sql_str(q, 3, s->hi);
	sql_int(q, 4, !s->ask.corrected);
	sql_str(q, 5, s->only ? s->only->num : NULL);
	sql_str(q, 6, s->only ? s->only->den : NULL);
	while (e == OK && (e = sql_row(q)) == OK) {
		if (++n % LOOKS == 0)
			stop |= !time_left(s);
		if (n > 1 && strcmp(area, sql_cstr(q, 0)) != 0 && (stop || s->pace.little)) {
			slice_copy(p->at, sizeof p->at, sql_col(q, 0));
			break;
		}
		slice_copy(area, sizeof area, sql_col(q, 0));
		/* as they were frozen: they are counted now */
		if (!s->ask.corrected || strncmp(sql_cstr(q, 1), "duty_", 5) != 0)
			take(s, p, &none, q);
	}
	p->read = e == ERR_NOTFOUND;
	map_done(&none);
	return sql_end(q, e);
}

/* What came after a freeze (table correction): what the events say now.  Asked for of single months, in one read. */
static enum err read_corrected(struct figures_sum *s)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT area, figure, level, category, n FROM correction WHERE day >= ?1 AND day < ?2 AND area >= ?3 AND area < ?4 AND "
		"figure <> 'events'");
	enum err e;

	sql_int(q, 1, civil_yyyymmdd(s->ask.from_day));
	sql_int(q, 2, civil_yyyymmdd(s->ask.to_day));
	sql_str(q, 3, s->lo);
	sql_str(q, 4, s->hi);
	while ((e = sql_row(q)) == OK)
		if (strncmp(sql_cstr(q, 1), "duty_", 5) != 0)
			take(s, &s->span[0], NULL, q);
	return sql_end(q, e);
}

static bool is_wanted(const struct span *p, bool again)
{
	return !p->read && p->again == again;
}

/* Those not begun yet, or those that changed; *left: there are others. */
static enum err read_spans(struct figures_sum *s, const struct head *head, bool again, bool *left)
{
	bool first = true;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < s->nspan; i++) {
		struct span *p = &s->span[i];

		if (!is_wanted(p, again))
			continue;
		if (!may_go_on(s, first)) {
			*left = true;
			return OK;
		}
		if (!p->rev) {
			p->commit = head->commit;
			p->rev = head->rev;
		}
		e = read_span(s, p);
		s->round_left -= again;
		if (e == OK && p->read && i == 0 && s->ask.corrected)
			e = read_corrected(s);
		*left |= !p->read;
		first = false;
	}
	return e;
}

static enum err seek(sqlite3_stmt *q, bool *found)
{
	enum err e = sql_row(q);

	*found = e == OK;
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Rows change in place, and say the highest commit number there was: of two transactions without a number of their own, the same. */
static enum err check_span(struct figures_sum *s, struct span *p, const struct head *head, bool *lost)
{
	sqlite3_stmt *q;
	bool changed;
	enum err e;

	if (!p->rev || p->rev == head->rev)
		return OK;
	q = sql_get(s->st, "SELECT 1 FROM tally WHERE span = ? AND \"commit\" >= ? LIMIT 1");
	sql_int(q, 1, p->span);
	sql_int(q, 2, p->commit);
	if ((e = seek(q, &changed)) != OK || !changed)
		goto out;
	q = sql_get(s->st, "SELECT 1 FROM tally WHERE span = ? AND area >= ? AND area < ? AND n <= 0 AND +figure = 'visited' AND \"commit\" >= ? LIMIT 1");
	sql_int(q, 1, p->span);
	sql_str(q, 2, s->lo);
	sql_str(q, 3, s->hi);
	sql_int(q, 4, p->commit);
	e = seek(q, &changed);
	*lost |= changed;
	forget_span(p);
out: /* what is left of it is of this snapshot as well */
	p->commit = head->commit;
	p->rev = head->rev;
	return e;
}

static enum err check_spans(struct figures_sum *s, const struct head *head)
{
	bool lost = false;
	enum err e = OK;

	for (size_t i = 0; i < s->nspan && e == OK; i++)
		e = check_span(s, &s->span[i], head, &lost);
	if (!lost)
		return e;
	/* A visit was taken back, perhaps the household's only one: of no span it is known. */
	for (size_t i = 0; i < s->nspan; i++)
		if (s->span[i].rev)
			forget_span(&s->span[i]);
	map_done(&s->visited);
	memset(s->nvisited, 0, (s->nparts + 1) * sizeof *s->nvisited);
	return e;
}

/* ------------------------------------------------------------------ reaches */

static void take_water(void *ctx, const struct books_tally *t)
{
	struct figures_sum *s = ctx;

	add(&s->water, FIGURES_WHOLE, t->figure, t->level, t->category, t->n);
}

static void take_water_duty(void *ctx, const char *level, int64_t met, int64_t overdue)
{
	struct figures_sum *s = ctx;

	if (met)
		add(&s->water, FIGURES_WHOLE, "duty_met", level, "", met);
	if (overdue)
		add(&s->water, FIGURES_WHOLE, "duty_overdue", level, "", overdue);
}

static enum err read_waters(struct figures_sum *s)
{
	const struct figures_ask *k = &s->ask;
	enum err e;

	map_done_free(&s->water);
	e = waters_sums(s->st, k->scope, k->within, k->from_day, k->to_day, take_water, s);
	return e == OK && wants_duties(s) ? waters_duties(s->st, k->scope, k->within, k->from_day, k->to_day, k->at_ms, take_water_duty, s) : e;
}

/* ------------------------------------------------------------------ duties */

static void owe(struct debtor *p, uint32_t place, const char *level, int met, int overdue)
{
	size_t i = 0;

	while (i < p->n && (p->v[i].place != place || strcmp(p->v[i].level, level) != 0))
		i++;
	if (i == p->n) {
		if (p->n == p->cap) {
			p->cap = p->cap ? 2 * p->cap : 2;
			p->v = xrealloc(p->v, p->cap * sizeof *p->v);
		}
		p->v[p->n] = (struct owes){.place = place};
		slice_copy(p->v[p->n++].level, sizeof p->v->level, slice_of(level));
	}
	p->v[i].met += met;
	p->v[i].overdue += overdue;
}

static void take_duty(void *ctx, const char *person, const char *level, const char *area, int32_t day, int met, int overdue)
{
	struct figures_sum *s = ctx;
	struct debtor *p = map_get(&s->people, person, strlen(person));
	uint32_t part = part_of(s, area);

	(void)day;
	if (!p) {
		p = xcalloc(1, sizeof *p);
		(void)map_put(&s->people, person, strlen(person), p); /* was not there */
	}
	owe(p, FIGURES_WHOLE, level, met, overdue);
	if (part)
		owe(p, part, level, met, overdue);
}

static struct duty_sums_ask duties_asked(const struct figures_sum *s)
{
	return (struct duty_sums_ask){.scope = s->ask.scope, .within = s->ask.within, .from_day = s->ask.from_day, .to_day = s->ask.to_day,
		.at_ms = s->ask.at_ms, .all = s->ask.corrected};
}

static int64_t until(const struct figures_sum *s)
{
	return s->pace.little ? 1 : s->pace.until_mono_ms;
}

static void forget_changed(struct figures_sum *s)
{
	if (s->changed_at < s->changed.n)
		return;
	buf_clear(&s->changed);
	s->changed_at = 0;
}

/* Those whose patrols changed after all were read. */
static enum err read_changed(struct figures_sum *s)
{
	const struct duty_sums_ask ask = duties_asked(s);
	enum err e = OK;

	for (bool first = true; e == OK && s->changed_at < s->changed.n && may_go_on(s, first); first = false) {
		const char *people = s->changed.p + s->changed_at;
		size_t end = s->changed_at;
		int n = 0, read = 0;

		for (; n < AT_ONCE && end < s->changed.n; n++) {
			struct debtor *p = map_get(&s->people, s->changed.p + end, strlen(s->changed.p + end));

			if (p)
				p->n = 0;
			end += strlen(s->changed.p + end) + 1;
		}
		e = duty_sums_people(s->st, &ask, people, n, until(s), &read, take_duty, s);
		s->round_left -= read;
		for (; read > 0; read--)
			s->changed_at += strlen(s->changed.p + s->changed_at) + 1;
	}
	forget_changed(s);
	return e;
}

static enum err read_duties(struct figures_sum *s)
{
	const struct duty_sums_ask ask = duties_asked(s);
	enum err e = duty_sums_some(s->st, &ask, &s->duties, until(s), take_duty, s);

	s->duties_done = s->duties.over;
	return e;
}

/* Whose patrols were written since.  Before all are read once, it is enough to know them. */
static enum err check_duties(struct figures_sum *s)
{
	sqlite3_stmt *q;
	struct map known = {0};
	enum err e;

	if (s->nothing || !wants_duties(s) || (!s->duties.begun && !s->duties_done))
		return OK;
	for (size_t at = s->changed_at; at < s->changed.n; at += strlen(s->changed.p + at) + 1)
		(void)map_put(&known, s->changed.p + at, strlen(s->changed.p + at), s); /* once is enough */
	q = sql_get(s->st, "SELECT person FROM concerned WHERE rev > ?");
	sql_int(q, 1, s->rev);
	while ((e = sql_row(q)) == OK) {
		struct slice p = sql_col(q, 0);

		if (!map_get(&known, p.p, p.n))
			buf_add(&s->changed, sql_cstr(q, 0), p.n + 1);
	}
	map_done(&known);
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ households */

static void take_household(void *ctx, const char *area, bool removed, int64_t persons)
{
	struct figures_sum *s = ctx;
	uint32_t part = part_of(s, area);
	struct figures_households *at[] = {&s->households[FIGURES_WHOLE], part ? &s->households[part] : NULL};

	for (size_t i = 0; i < ARRAY_LEN(at) && at[i]; i++) {
		at[i]->households++;
		at[i]->persons += persons;
		at[i]->removed_households += removed;
		at[i]->removed_persons += removed ? persons : 0;
	}
}

/* The state of frozen days is that of their freeze. */
static enum err read_households(struct figures_sum *s, const struct head *head)
{
	struct households_ask ask = {.lo = s->lo, .hi = s->hi, .to_ms = civil_day_ms(s->ask.to_day), .as_of = INT64_MAX};
	sqlite3_stmt *q = sql_get(s->st, "SELECT \"commit\" FROM freeze WHERE month = ?");
	enum err e;

	sql_int(q, 1, civil_yyyymmdd(s->ask.to_day - 1) / 100);
	if ((e = sql_row(q)) == OK && !s->ask.corrected)
		ask.as_of = sqlite3_column_int64(q, 0);
	sql_done(q);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (!s->households_commit)
		s->households_commit = head->commit;
	return households_some(s->st, &ask, s->household, until(s), take_household, s, &s->households_done);
}

static enum err check_households(struct figures_sum *s, const struct head *head)
{
	sqlite3_stmt *q;
	bool changed;
	enum err e;

	if (!s->households_commit || s->households_commit == head->commit)
		return OK;
	q = sql_get(s->st, "SELECT 1 FROM event WHERE \"commit\" > ? AND kind IN (8, 13) LIMIT 1");
	sql_int(q, 1, s->households_commit);
	if ((e = seek(q, &changed)) != OK)
		return e;
	s->households_commit = head->commit;
	if (!changed)
		return OK;
	memset(s->households, 0, (s->nparts + 1) * sizeof *s->households);
	s->household[0] = '\0';
	s->households_commit = 0;
	s->households_done = false;
	s->households_again = true;
	return OK;
}

/* ------------------------------------------------------------------ the tail: names, words */

static enum err read_names(struct figures_sum *s)
{
	sqlite3_stmt *q = sql_get(s->st,
		"SELECT class, code, CASE WHEN ?3 AND name_en <> '' THEN name_en ELSE name END, (valid_from IS NULL OR valid_from < ?2) AND "
		"(valid_to IS NULL OR valid_to >= ?1) FROM category WHERE until IS NULL ORDER BY class, code");
	enum err e;

	sql_int(q, 1, s->ask.from_day);
	sql_int(q, 2, s->ask.to_day);
	sql_int(q, 3, s->ask.english);
	while ((e = sql_row(q)) == OK) {
		const char *klass = sql_cstr(q, 0), *code = sql_cstr(q, 1), *name = sql_cstr(q, 2), *unused;
		size_t k = strlen(klass) + 1, c = strlen(code) + 1, n = strlen(name) + 1;
		struct figures_named *v = xcalloc(1, sizeof *v + k + c + n);

		(void)copy(copy(copy(v->klass, klass, k, &unused), code, c, &v->code), name, n, &v->name); /* the end */
		v->valid = sqlite3_column_int(q, 3);
		if (s->nnamed == s->named_cap) {
			s->named_cap = s->named_cap * 2 + 256;
			s->named = xrealloc(s->named, s->named_cap * sizeof(*s->named));
		}
		s->named[s->nnamed++] = v;
	}
	return sql_end(q, e);
}

static enum err read_tail(struct figures_sum *s)
{
	enum err e;

	forget_tail(s);
	if ((e = read_names(s)) == OK && !s->waters) /* nothing of reaches was frozen */
		e = freeze_words_read(s->st, s->ask.from_day, s->ask.to_day, &s->words);
	return e == OK && s->waters ? read_waters(s) : e;
}

/* ------------------------------------------------------------------ reading on */

/* What was read before is of this snapshot, too, or is forgotten. */
static enum err check(struct figures_sum *s, const struct head *head)
{
	sqlite3_stmt *q;
	bool changed;
	enum err e;

	if (s->pace.still || !s->begun || head->rev == s->rev)
		return OK;
	q = sql_get(s->st, "SELECT 1 FROM change WHERE \"commit\" > ? LIMIT 1");
	sql_int(q, 1, s->first_commit);
	if ((e = seek(q, &changed)) != OK)
		return e;
	if (changed)
		return ERR_STALE;
	if ((e = check_spans(s, head)) == OK && (e = check_duties(s)) == OK)
		e = check_households(s, head);
	return e;
}

/* What was never read comes first: else what changes again and again would keep it back.  *left: not all of it. */
static enum err read_first(struct figures_sum *s, const struct head *head, bool *left)
{
	enum err e = read_spans(s, head, false, left);

	if (e == OK && !s->duties_done) {
		if (may_go_on(s, !*left))
			e = read_duties(s);
		*left |= !s->duties_done;
	}
	if (e == OK && !s->households_done && !s->households_again) {
		if (may_go_on(s, !*left))
			e = read_households(s, head);
		*left |= !s->households_done;
	}
	return e;
}

static enum err read_again(struct figures_sum *s, const struct head *head, bool *left)
{
	enum err e = read_spans(s, head, true, left);

	if (e == OK && s->changed.n) {
		if (may_go_on(s, !*left))
			e = read_changed(s);
		*left |= s->changed.n;
	}
	if (e == OK && !s->households_done) {
		if (may_go_on(s, !*left))
			e = read_households(s, head);
		s->round_left--;
		*left |= !s->households_done;
	}
	return e;
}

static bool is_once(const struct figures_sum *s)
{
	bool once = s->begun && s->duties_done && (s->households_done || s->households_again);

	for (size_t i = 0; i < s->nspan && once; i++)
		once = s->span[i].read || s->span[i].again;
	return once;
}

static bool is_all(const struct figures_sum *s)
{
	bool all = is_once(s) && !s->changed.n && s->households_done;

	for (size_t i = 0; i < s->nspan && all; i++)
		all = s->span[i].read;
	return all;
}

/* What changed after all was read once.  A round is over when as many pieces were read again as it began with: then fewer should have changed. */
static bool too_often(struct figures_sum *s)
{
	if (!is_once(s) || is_all(s) || s->round_left > 0)
		return false;
	s->round_left = !s->households_done;
	for (size_t i = 0; i < s->nspan; i++)
		s->round_left += !s->span[i].read;
	for (size_t at = s->changed_at; at < s->changed.n; at += strlen(s->changed.p + at) + 1)
		s->round_left++;
	return ++s->rounds > FIGURES_ROUNDS;
}

enum err figures_sum_read(struct figures_sum *s, const struct figures_pace *pace, bool *more)
{
	bool left = false;
	struct head head;
	enum err e = store_head(s->st, &head);

	s->pace = *pace;
	if (e != OK || (e = check(s, &head)) != OK)
		return e;
	if (!s->begun) {
		s->first_commit = head.commit;
		if (!s->nothing)
			make_spans(s, head.time_ms);
	}
	if (too_often(s)) {
		if (pace->brief)
			return ERR_FULL;
		s->pace = (struct figures_pace){.still = pace->still};
	}
	s->begun = true;
	s->rev = head.rev;
	if ((e = read_first(s, &head, &left)) == OK && !left)
		e = read_again(s, &head, &left);
	*more = left;
	return e == OK && !left ? read_tail(s) : e;
}

/* ------------------------------------------------------------------ showing */

static int by_entry(const void *a, const void *b)
{
	const struct figures_entry *x = *(struct figures_entry *const *)a, *y = *(struct figures_entry *const *)b;
	int c;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if ((c = strcmp(x->figure, y->figure)) || (c = strcmp(x->level, y->level)))
		return c;
	return strcmp(x->category, y->category);
}

static void all_duties(struct figures_sum *s, struct map *sums)
{
	size_t pos = 0;
	struct debtor *p;

	while ((p = map_next(&s->people, &pos)))
		for (size_t i = 0; i < p->n; i++) {
			const struct owes *o = &p->v[i];

			if (o->met)
				add(sums, o->place, "duty_met", o->level, "", o->met);
			if (o->overdue)
				add(sums, o->place, "duty_overdue", o->level, "", o->overdue);
		}
}

/* Of all spans together; what adds up to nothing is left out. */
static void add_up(struct figures_sum *s)
{
	struct map sums = {0};
	struct figures_entry *e;
	size_t pos;

	if (s->entry)
		return;
	for (size_t i = 0; i < s->nspan; i++)
		for (pos = 0; (e = map_next(&s->span[i].sums, &pos));)
			add(&sums, e->place, e->figure, e->level, e->category, e->n);
	for (pos = 0; (e = map_next(&s->water, &pos));)
		add(&sums, e->place, e->figure, e->level, e->category, e->n);
	all_duties(s, &sums);
	s->entry = xcalloc(sums.n + 1, sizeof(*s->entry));
	for (pos = 0; (e = map_next(&sums, &pos));)
		if (e->n)
			s->entry[s->nentry++] = e;
		else
			free(e);
	map_done(&sums);
	if (s->nentry) /* qsort() takes no NULL */
		qsort(s->entry, s->nentry, sizeof(*s->entry), by_entry);
}

static size_t first_of(const struct figures_sum *s, size_t place)
{
	size_t lo = 0, hi = s->nentry;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->entry[mid]->place < place)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void figures_sum_show(struct figures_sum *s, size_t part, void (*row)(void *ctx, const struct figure_value *v), void *ctx)
{
	struct figures_parts p = {.ask = &s->ask, .visited = s->nvisited[part], .named = s->named, .nnamed = s->nnamed, .households = s->households[part],
		.words = s->words};
	size_t from;

	add_up(s);
	from = first_of(s, part);
	p.entry = s->entry + from;
	p.n = first_of(s, part + 1) - from;
	figures_evaluate(&p, row, ctx);
}
