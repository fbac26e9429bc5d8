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

struct month {
	const struct freeze_ask *ask;
	int32_t month;
	int64_t frozen;
	struct side then, now;
	struct freeze_causes *causes;
	void (*row)(void *ctx, const struct freeze_correction *c);
	void *ctx;
	struct buf events;
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

static enum err tell(struct month *m, const struct cell *then, const struct cell *now)
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
	if (!m->ask->bare)
		e = freeze_causes_of(m->causes, c->f, c->level, c->category, &m->events, &out.events_n, &out.commit);
	if (e != OK)
		return e;
	if (m->events.n)
		out.events = m->events.p;
	if (m->ask->masked && figure_of_issuers(c->f))
		out.category = out.category_name = figure_masked(out.category, &issuer);
	if (m->ask->masked)
		out.unit = figure_masked(out.unit, &unit);
	m->row(m->ctx, &out);
	buf_done(&issuer);
	buf_done(&unit);
	return OK;
}

static bool differ(const struct cell *then, const struct cell *now)
{
	static const struct cell none = {.value = ""};
	const struct cell *a = then ? then : &none, *b = now ? now : &none;

	if (!then || !now)
		return a->num != b->num || a->den != b->den || a->approx != b->approx;
	return a->num != b->num || a->den != b->den || a->approx != b->approx || a->has != b->has || strcmp(a->unit, b->unit) != 0;
}

/* In the order of the rows of now, each figure's that are there no more behind it. */
static enum err compare(struct month *m)
{
	struct map was = {0};
	struct buf key = {0};
	size_t at = 0;
	enum err e = OK;

	index_of(&m->then, &was);
	for (size_t i = 0; e == OK && i < m->now.n; i++) {
		struct cell *now = m->now.cell[i], *then;

		key_of(now, &key);
		then = map_get(&was, key.p, key.n);
		if (then)
			then->met = true;
		if (differ(then, now))
			e = tell(m, then, now);
		for (; e == OK && (i + 1 == m->now.n || m->now.cell[i + 1]->f != now->f) && at < m->then.n && m->then.cell[at]->f <= now->f; at++)
			if (!m->then.cell[at]->met && differ(m->then.cell[at], NULL))
				e = tell(m, m->then.cell[at], NULL);
	}
	buf_done(&key);
	map_done(&was);
	return e;
}

static enum err one_month(struct store *st, struct month *m)
{
	int32_t first = civil_make(m->month / 100, m->month % 100, 1);
	struct figures_ask ask = {.scope = m->ask->scope, .within = m->ask->within, .from_day = first, .to_day = civil_month_first(first + 31),
		.at_ms = m->ask->at_ms, .english = m->ask->english};
	enum err e;

	if ((e = figures_read(st, &ask, take, &m->then)) != OK)
		goto out;
	ask.corrected = true;
	if ((e = figures_read(st, &ask, take, &m->now)) != OK)
		goto out;
	m->causes = freeze_causes_new(st, ask.scope, ask.within, m->month, m->frozen);
	e = compare(m);
out:
	freeze_causes_free(m->causes);
	side_done(&m->then);
	side_done(&m->now);
	return e;
}

static enum err next_month(struct store *st, struct month *m, int32_t last)
{
	sqlite3_stmt *q = sql_get(st, "SELECT month, \"commit\" FROM freeze WHERE month > ? AND month <= ? ORDER BY month LIMIT 1");
	enum err e;

	sql_int(q, 1, m->month);
	sql_int(q, 2, last);
	if ((e = sql_row(q)) == OK) {
		m->month = sqlite3_column_int(q, 0);
		m->frozen = sqlite3_column_int64(q, 1);
	}
	sql_done(q);
	return e;
}

enum err freeze_corrections(struct store *st, const struct freeze_ask *ask, void (*row)(void *ctx, const struct freeze_correction *c), void *ctx)
{
	struct month m = {.ask = ask, .row = row, .ctx = ctx, .month = civil_yyyymmdd(ask->from_day) / 100 - 1};
	int32_t last = civil_yyyymmdd(ask->to_day - 1) / 100;
	enum err e = ask->from_day < ask->to_day ? OK : ERR_NOTFOUND;

	while (e == OK && (e = next_month(st, &m, last)) == OK) {
		e = one_month(st, &m);
		m.causes = NULL;
	}
	buf_done(&m.events);
	return e == ERR_NOTFOUND ? OK : e;
}
