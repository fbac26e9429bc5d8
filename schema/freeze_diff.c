/* freeze_diff.c - figures of frozen months that are no longer what was frozen: each row as it was, and as it would be now. */
#include "schema/freeze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "core/civil.h"
#include "schema/sql.h"

struct cell { /* a figure's row; then its texts */
	const struct figure *f;
	const char *level, *category, *category_name, *name, *unit, *definition;
	bool has, approx, met;
	int64_t num, den;
	char value[32], display[64];
	struct buf text;
};

struct side {
	struct cell **cell;
	size_t n, cap;
};

struct freeze_diff {
	struct store *st;
	struct freeze_ask ask;
	enum { NEXT, THEN, NOW, COMPARE, CAUSES, OVER } step; /* CAUSES: when the first row differs */
	bool begun;
	int32_t month, last;
	int64_t frozen, seen, seen_rev; /* seen: the head of the last piece */
	struct side then, now;
	struct map was;                 /* of then, by key */
	size_t at, at_then;             /* compared so far */
	struct freeze_causes *causes;
	struct freeze_loose loose;
	void (*row)(void *ctx, const struct freeze_correction *c);
	void *ctx;
	struct buf events, key;
};

static void take(void *ctx, const struct figure_value *v)
{
	const char *const said[] = {v->level, v->category, v->category_name, v->name, v->unit, v->definition};
	struct side *s = ctx;
	struct cell *c = xcalloc(1, sizeof *c);
	const char **to[] = {&c->level, &c->category, &c->category_name, &c->name, &c->unit, &c->definition};
	size_t at[ARRAY_LEN(said)];

	c->f = v->f;
	c->has = v->has;
	c->approx = v->approx;
	c->num = v->num;
	c->den = v->den;
	memcpy(c->value, v->value, sizeof c->value);
	memcpy(c->display, v->display, sizeof c->display);
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		at[i] = c->text.n;
		buf_add(&c->text, said[i], strlen(said[i]) + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		*to[i] = c->text.p + at[i];
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 128;
		s->cell = xrealloc(s->cell, s->cap * sizeof(struct cell *));
	}
	s->cell[s->n++] = c;
}

static void side_done(struct side *s)
{
	for (size_t i = 0; i < s->n; i++) {
		buf_done(&s->cell[i]->text);
		free(s->cell[i]);
	}
	free(s->cell);
	*s = (struct side){0};
}

/* Works of one item may have several units: each is a row of its own, but for the total. */
static void key_of(const struct cell *c, struct buf *b)
{
	buf_clear(b);
	buf_addf(b, "%s/%s/%s/%s", c->f->id, c->level, c->category, *c->level || *c->category ? c->unit : "");
}

static void index_of(const struct side *s, struct map *m)
{
	struct buf key = {0};

	for (size_t i = 0; i < s->n; i++) {
		key_of(s->cell[i], &key);
		(void)map_put(m, key.p, key.n, s->cell[i]); /* keys are unique */
	}
	buf_done(&key);
}

/* "-12.345" in thousandths. */
static int64_t thousandths(const char *s)
{
	bool minus = *s == '-';
	int64_t v = 0;
	int places = -1;

	for (s += minus; *s && places < 3; s++) {
		if (*s == '.') {
			places = 0;
			continue;
		}
		v = v * 10 + (*s - '0');
		places += places >= 0;
	}
	for (places = places < 0 ? 0 : places; places < 3; places++)
		v *= 10;
	return minus ? -v : v;
}

/* A row that was not there counted nothing. */
static const char *shown(const struct cell *c, const struct figure *f)
{
	return c ? c->display : f->kind == FIGURE_RATE ? "—" : "0";
}

static enum err tell(struct freeze_diff *m, const struct cell *then, const struct cell *now)
{
	const struct cell *c = now ? now : then;
	bool rate = c->f->kind == FIGURE_RATE;
	struct buf issuer = {0}, unit = {0};
	struct freeze_correction out = {.f = c->f, .name = then ? then->name : c->name, .level = c->level, .category = c->category,
		.category_name = c->category_name, .unit = *c->unit || !then ? c->unit : then->unit, .definition = then ? then->definition : c->definition,
		.month = m->month, .frozen = m->frozen, .before = shown(then, c->f), .after = shown(now, c->f), .events = ""};
	enum err e = OK;

	out.has_change = (then ? then->has : !rate) && (now ? now->has : !rate);
	if (out.has_change)
		out.change = (now ? thousandths(now->value) : 0) - (then ? thousandths(then->value) : 0);
	for (out.decimals = 3; out.decimals > 0 && out.change % 10 == 0; out.decimals--)
		out.change /= 10;
	buf_clear(&m->events);
	if (!m->ask.bare)
		e = freeze_causes_of(m->causes, c->f, c->level, c->category, &m->events, &out.events_n, &out.commit);
	if (e != OK)
		return e;
	if (m->events.n)
		out.events = m->events.p;
	if (m->ask.masked && figure_of_issuers(c->f))
		out.category = out.category_name = figure_masked(out.category, &issuer);
	if (m->ask.masked)
		out.unit = figure_masked(out.unit, &unit);
	m->row(m->ctx, &out);
	buf_done(&issuer);
	buf_done(&unit);
	return OK;
}

/* A rate of which only the parts moved is not listed: they are, by themselves. */
static bool differ(const struct cell *then, const struct cell *now)
{
	const struct figure *f = now ? now->f : then->f;

	return strcmp(shown(then, f), shown(now, f)) != 0 || (then && now && strcmp(then->unit, now->unit) != 0);
}

/* ------------------------------------------------------------------ a month, in pieces */

static enum err next_month(struct freeze_diff *m)
{
	sqlite3_stmt *q = sql_get(m->st, "SELECT month, \"commit\" FROM freeze WHERE month > ? AND month <= ? ORDER BY month LIMIT 1");
	enum err e;

	sql_int(q, 1, m->month);
	sql_int(q, 2, m->last);
	if ((e = sql_row(q)) == OK) {
		m->month = sqlite3_column_int(q, 0);
		m->frozen = sqlite3_column_int64(q, 1);
	}
	sql_done(q);
	m->step = e == OK ? THEN : OVER;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_side(struct freeze_diff *m, bool corrected, struct side *out)
{
	int32_t first = civil_make(m->month / 100, m->month % 100, 1);
	const struct figures_ask ask = {.scope = m->ask.scope, .within = m->ask.within, .from_day = first, .to_day = civil_month_first(first + 31),
		.at_ms = m->ask.at_ms, .english = m->ask.english, .corrected = corrected};

	return figures_read(m->st, &ask, take, out);
}

/* A row that differs wants to know the events first. */
static bool wants_causes(const struct freeze_diff *m)
{
	return !m->ask.bare && !m->causes;
}

/* In the order of the rows of now, each figure's that are there no more behind it. */
static enum err compare_one(struct freeze_diff *m)
{
	const struct side *was = &m->then, *is = &m->now;
	struct cell *now, *then;
	enum err e = OK;

	if (m->at < is->n && (m->at == 0 || m->at_then == was->n || was->cell[m->at_then]->f > is->cell[m->at - 1]->f || is->cell[m->at]->f == is->cell[m->at - 1]->f)) {
		now = is->cell[m->at];
		key_of(now, &m->key);
		then = map_get(&m->was, m->key.p, m->key.n);
		if (differ(then, now) && wants_causes(m)) {
			m->step = CAUSES;
			return OK;
		}
		m->at++;
		if (then)
			then->met = true;
		return differ(then, now) ? tell(m, then, now) : OK;
	}
	then = was->cell[m->at_then];
	if (!then->met && differ(then, NULL)) {
		if (wants_causes(m)) {
			m->step = CAUSES;
			return OK;
		}
		e = tell(m, then, NULL);
	}
	m->at_then++;
	return e;
}

static void end_month(struct freeze_diff *m)
{
	freeze_causes_free(m->causes);
	m->causes = NULL;
	side_done(&m->then);
	side_done(&m->now);
	map_done(&m->was);
	m->at = m->at_then = 0;
	m->step = NEXT;
}

static enum err one_step(struct freeze_diff *m, struct breath *b)
{
	bool more = true;
	enum err e = OK;

	switch (m->step) {
	case NEXT: return next_month(m);
	case THEN:
		if ((e = read_side(m, false, &m->then)) == OK)
			index_of(&m->then, &m->was);
		m->step = NOW;
		return e;
	case NOW:
		m->step = COMPARE;
		return read_side(m, true, &m->now);
	case CAUSES:
		if (!m->causes)
			m->causes = freeze_causes_new(m->st, m->ask.scope, m->ask.within, m->month, m->frozen, &m->loose);
		if ((e = freeze_causes_read(m->causes, b, &more)) == OK && !more)
			m->step = COMPARE;
		return e;
	case COMPARE:
		if (m->at < m->now.n || m->at_then < m->then.n)
			return compare_one(m);
		end_month(m);
		return OK;
	default: return OK;
	}
}

struct freeze_diff *freeze_diff_new(struct store *st, const struct freeze_ask *ask, void (*row)(void *ctx, const struct freeze_correction *c), void *ctx)
{
	struct freeze_diff *m = xcalloc(1, sizeof *m);

	m->st = st;
	m->ask = *ask;
	m->row = row;
	m->ctx = ctx;
	m->month = civil_yyyymmdd(ask->from_day) / 100 - 1;
	m->last = civil_yyyymmdd(ask->to_day - 1) / 100;
	m->step = ask->from_day < ask->to_day ? NEXT : OVER;
	return m;
}

/* Late events, and what came to patrols, cases and households that were there in those months; whatever touches the registry or
 * takes back; folding that goes on without a commit of its own. */
static enum err is_stale(struct freeze_diff *m, bool *out)
{
	sqlite3_stmt *q = sql_get(m->st,
		"SELECT EXISTS (SELECT 1 FROM change WHERE \"commit\" > ?1) OR ?2 IS NOT NULL AND (EXISTS (SELECT 1 FROM meta WHERE key IN ('left', 'refold')) OR "
		"EXISTS (SELECT 1 FROM event e WHERE e.\"commit\" > ?1 AND (e.at < ?2 OR e.kind IN (4, 8, 13) OR (e.kind IN (1, 2, 3) AND EXISTS (SELECT 1 FROM patrol WHERE id = e.subject AND "
		"(start_at IS NULL OR start_at < ?2))) OR (e.kind IN (9, 10) AND EXISTS (SELECT 1 FROM casus WHERE id = e.subject AND (report_at IS NULL OR "
		"report_at < ?2))))))");
	enum err e;

	sql_int(q, 1, m->seen);
	if (m->last)
		sql_int(q, 2, civil_day_ms(civil_month_first(civil_make(m->last / 100, m->last % 100, 1) + 31)));
	if ((e = sql_row(q)) == OK)
		*out = sqlite3_column_int(q, 0);
	sql_done(q);
	return e;
}

/* The last month of those asked for that is frozen; without one, no event matters. */
static enum err last_frozen(struct freeze_diff *m)
{
	sqlite3_stmt *q = sql_get(m->st, "SELECT coalesce(max(month), 0) FROM freeze WHERE month > ? AND month <= ?");
	enum err e;

	sql_int(q, 1, m->month);
	sql_int(q, 2, m->last);
	if ((e = sql_row(q)) == OK)
		m->last = sqlite3_column_int(q, 0);
	sql_done(q);
	return e;
}

/* What was read before is still true? */
static enum err look_back(struct freeze_diff *m)
{
	struct head head;
	bool stale = false;
	enum err e = m->begun ? OK : last_frozen(m);

	m->begun = true;
	if (e != OK || m->ask.still || (e = store_head(m->st, &head)) != OK)
		return e;
	if (m->seen_rev && head.rev != m->seen_rev)
		e = is_stale(m, &stale);
	m->seen = head.commit;
	m->seen_rev = head.rev;
	return stale ? ERR_STALE : e;
}

enum err freeze_diff_some(struct freeze_diff *m, struct breath *b, bool *more)
{
	enum err e = look_back(m);

	while (e == OK && m->step != OVER) {
		e = one_step(m, b);
		if (breath_over(b))
			break;
	}
	*more = m->step != OVER;
	return e;
}

int freeze_diff_progress(const struct freeze_diff *m)
{
	int32_t first = civil_yyyymmdd(m->ask.from_day) / 100, at = m->month > first ? m->month : first;

	if (m->step == OVER || m->last < first)
		return 1000;
	return ((at / 100 - first / 100) * 12 + at % 100 - first % 100) * 1000 / ((m->last / 100 - first / 100) * 12 + m->last % 100 - first % 100 + 1);
}

void freeze_diff_free(struct freeze_diff *m)
{
	if (!m)
		return;
	end_month(m);
	buf_done(&m->events);
	buf_done(&m->key);
	free(m->loose.id);
	free(m);
}

enum err freeze_corrections(struct store *st, const struct freeze_ask *ask, void (*row)(void *ctx, const struct freeze_correction *c), void *ctx)
{
	struct freeze_diff *m = freeze_diff_new(st, ask, row, ctx);
	struct breath b = {.until_mono_ms = INT64_MAX};
	bool more;
	enum err e = freeze_diff_some(m, &b, &more);

	freeze_diff_free(m);
	return e;
}
