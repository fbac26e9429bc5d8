#include "schema/tally.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/civil.h"
#include "schema/sql.h"

#define COUNTS_MAX 20000 /* at once, on a walk through a whole database */

/* One count.  Its key: figure, level, category, area, each with its NUL, then the span's four bytes. */
#define LEVEL_MAX (EVENT_NAME_MAX + 1) /* a level, or the unit of works */
#define KEY_MAX (32 + LEVEL_MAX + EVENT_LINE_MAX + 1 + AREA_CODE_MAX + 1 + 4)

struct count {
	int64_t n;
	uint32_t level, category, area; /* where they begin in key */
	int32_t span;
	char key[];
};

struct way {
	char route[12], area[AREA_CODE_MAX + 1];
	int32_t day;
	int64_t metres, seconds;
};

void tallies_clear(struct tallies *t)
{
	map_done_free(&t->map);
	map_done_free(&t->ways);
}

static uint32_t put(char *key, uint32_t at, const char *s, size_t room)
{
	slice_copy(key + at, room, slice_of(s));
	return at + (uint32_t)strlen(key + at) + 1;
}

static void add(struct tallies *t, const struct count *like, char *key, uint32_t n, int32_t span, int64_t add)
{
	struct count *c;

	memcpy(key + n, &span, sizeof span);
	if ((c = map_get(&t->map, key, n + sizeof span))) {
		c->n += add;
		return;
	}
	c = xcalloc(1, sizeof *c + n);
	*c = *like;
	c->n = add;
	c->span = span;
	memcpy(c->key, key, n);
	(void)map_put(&t->map, key, n + sizeof span, c); /* was not there */
}

void tally_add(struct tallies *t, const char *figure, const char *level, const char *category,
	const char *area, int32_t day, int64_t n)
{
	int32_t ymd = civil_yyyymmdd(day);
	struct count like = {0};
	char key[KEY_MAX];
	uint32_t end;

	like.level = put(key, 0, figure, 32); /* our own short names */
	like.category = put(key, like.level, level, LEVEL_MAX);
	like.area = put(key, like.category, category, EVENT_LINE_MAX + 1); /* a code, or an issuer */
	end = put(key, like.area, area, AREA_CODE_MAX + 1);
	add(t, &like, key, end, ymd, n);
	add(t, &like, key, end, ymd / 100, n);
	add(t, &like, key, end, ymd / 10000, n);
}

void tally_event(struct tallies *t, const struct event *ev, const char *area, int sign)
{
	char code[EVENT_NAME_MAX + 1], unit[EVENT_NAME_MAX + 1];
	int32_t day = civil_day(ev->when_ms);

	slice_copy(code, sizeof code, ev->category);
	switch (ev->kind) {
	case EV_INSPECT:
		tally_add(t, "inspections", "", code, area, day, sign);
		break;
	case EV_WORK:
		slice_copy(unit, sizeof unit, ev->unit);
		tally_add(t, "works", unit, code, area, day, sign * ev->qty_milli);
		if (ev->approx)
			tally_add(t, "works_approx", unit, code, area, day, sign);
		break;
	case EV_VISIT:
		tally_add(t, "visits", "", "", area, day, sign);
		if (ev->household.n) {
			slice_copy(code, sizeof code, ev->household);
			tally_add(t, "visited", "", code, area, day, sign);
		}
		if (ev->staff)
			tally_add(t, "visit_staff", "", "", area, day, sign * ev->staff);
		if (ev->aid_fen)
			tally_add(t, "aid", "", "", area, day, sign * ev->aid_fen);
		break;
	default:
		break;
	}
}

static void add_patrol(struct tallies *t, const struct patrol_share *s, int64_t n)
{
	if (!s->counts)
		return;
	tally_add(t, "patrols", s->level, s->route, s->area, s->day, n);
	if (s->river)
		tally_add(t, "river_patrols", s->river_level, "", s->area, s->day, n);
}

static void add_measures(struct tallies *t, const struct patrol_share *s, int64_t metres, int64_t seconds)
{
	size_t key = offsetof(struct way, day) + sizeof(int32_t);
	struct way w, *have;

	if (metres == 0 && seconds == 0)
		return;
	memset(&w, 0, sizeof w); /* padding is part of the key */
	memcpy(w.route, s->route, sizeof w.route);
	slice_copy(w.area, sizeof w.area, slice_of(s->area));
	w.day = s->day;
	if (!(have = map_get(&t->ways, &w, key))) {
		have = xcalloc(1, sizeof *have);
		*have = w;
		(void)map_put(&t->ways, have, key, have); /* was not there */
	}
	have->metres += metres;
	have->seconds += seconds;
}

static void flush_ways(struct tallies *t)
{
	size_t pos = 0;
	struct way *w;

	while ((w = map_next(&t->ways, &pos))) {
		if (w->metres)
			tally_add(t, "patrol_m", "", w->route, w->area, w->day, w->metres);
		if (w->seconds)
			tally_add(t, "patrol_s", "", w->route, w->area, w->day, w->seconds);
	}
	map_done_free(&t->ways);
}

static void add_valid(struct tallies *t, const struct patrol_share *s, int64_t n)
{
	if (s->counts && s->river && s->valid)
		tally_add(t, "river_patrols_valid", s->river_level, "", s->area, s->day, n);
}

void tally_patrol(struct tallies *t, const struct patrol_share *was, const struct patrol_share *now)
{
	if (!patrol_share_same_place(was, now)) {
		add_patrol(t, was, -1);
		add_patrol(t, now, 1);
		if (was->counts)
			add_measures(t, was, -was->metres, -was->seconds);
		if (now->counts)
			add_measures(t, now, now->metres, now->seconds);
		add_valid(t, was, -1);
		add_valid(t, now, 1);
	} else if (now->counts) { /* most often: a track has grown */
		add_measures(t, now, now->metres - was->metres, now->seconds - was->seconds);
		if (was->valid != now->valid) {
			add_valid(t, was, -1);
			add_valid(t, now, 1);
		}
	}
}

/* ------------------------------------------------------------------ written */

static enum err is_frozen(struct tallies *t, int32_t month, bool *out)
{
	sqlite3_stmt *q = sql_get(t->st, "SELECT 1 FROM freeze WHERE month = ?");
	enum err e;

	sql_int(q, 1, month);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err correct(struct tallies *t, const struct count *c, int64_t commit)
{
	sqlite3_stmt *q = sql_get(t->st,
		"INSERT INTO correction(day, figure, area, level, category, \"commit\", n) VALUES(?, ?, ?, ?, ?, ?, ?) "
		"ON CONFLICT DO UPDATE SET n = n + excluded.n");

	sql_int(q, 1, c->span);
	sql_str(q, 2, c->key);
	sql_str(q, 3, c->key + c->area);
	sql_str(q, 4, c->key + c->level);
	sql_str(q, 5, c->key + c->category);
	sql_int(q, 6, commit);
	sql_int(q, 7, c->n);
	return sql_run(q);
}

/* What c adds to its day leaves this span, too. */
static void take_off(struct tallies *t, const struct count *c, int32_t span)
{
	size_t n = c->area + strlen(c->key + c->area) + 1;
	char key[KEY_MAX];
	struct count *sum;

	memcpy(key, c->key, n);
	memcpy(key + n, &span, sizeof span);
	if ((sum = map_get(&t->map, key, n + sizeof span))) /* tally_add made all three */
		sum->n -= c->n;
}

/* Days of frozen months do not move, nor do their months and years by them: what is added there is a correction. */
static enum err set_apart(struct tallies *t, int64_t commit)
{
	struct map months = {0}; /* to t: frozen; to itself: open */
	size_t pos = 0;
	struct count *c;
	enum err e = OK;

	while (e == OK && (c = map_next(&t->map, &pos))) {
		int32_t month = c->span / 100;
		void *known;
		bool is;

		if (c->span < 1000000 || c->n == 0)
			continue;
		if (!(known = map_get(&months, &month, sizeof month))) {
			if ((e = is_frozen(t, month, &is)) != OK)
				break;
			known = is ? (void *)t : (void *)&months;
			(void)map_put(&months, &month, sizeof month, known); /* was not there */
		}
		if (known == &months)
			continue;
		e = correct(t, c, commit);
		take_off(t, c, month);
		take_off(t, c, month / 100);
		c->n = 0;
	}
	map_done(&months);
	return e;
}

enum err tallies_flush(struct tallies *t, int64_t commit)
{
	sqlite3_stmt *q = sql_get(t->st,
		"INSERT INTO tally(figure, area, level, category, span, n, \"commit\") "
		"VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n, "
		"\"commit\" = excluded.\"commit\"");
	size_t pos = 0;
	struct count *c;
	enum err e;

	flush_ways(t);
	e = set_apart(t, commit);
	while (e == OK && (c = map_next(&t->map, &pos))) {
		if (c->n == 0)
			continue;
		sql_str(q, 1, c->key);
		sql_str(q, 2, c->key + c->area);
		sql_str(q, 3, c->key + c->level);
		sql_str(q, 4, c->key + c->category);
		sql_int(q, 5, c->span);
		sql_int(q, 6, c->n);
		sql_int(q, 7, commit);
		e = sql_run(q);
	}
	tallies_clear(t);
	return e;
}

enum err tallies_ease(struct tallies *t, int64_t commit)
{
	return t->map.n + t->ways.n < COUNTS_MAX ? OK : tallies_flush(t, commit);
}
