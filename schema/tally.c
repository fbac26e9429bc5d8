#include "schema/tally.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/civil.h"
#include "schema/sql.h"

struct count {
	char figure[24], level[12], category[24], area[AREA_CODE_MAX + 1];
	int32_t span;
	int64_t n;
};

struct way {
	char route[12], area[AREA_CODE_MAX + 1];
	int32_t day;
	int64_t metres, seconds;
};

static void free_values(struct map *m)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(m, &pos)))
		free(v);
	map_done(m);
}

void tallies_clear(struct tallies *t)
{
	free_values(&t->map);
	free_values(&t->ways);
}

static void add(struct tallies *t, struct count *c)
{
	size_t key = offsetof(struct count, n);
	struct count *have = map_get(&t->map, c, key);

	if (have) {
		have->n += c->n;
		return;
	}
	have = xcalloc(1, sizeof *have);
	*have = *c;
	(void)map_put(&t->map, have, key, have); /* was not there */
}

void tally_add(struct tallies *t, const char *figure, const char *level, const char *category,
	const char *area, int32_t day, int64_t n)
{
	struct count c;
	int32_t ymd = civil_yyyymmdd(day);

	memset(&c, 0, sizeof c); /* padding is part of the key */
	slice_copy(c.figure, sizeof c.figure, slice_of(figure)); /* our own short names */
	slice_copy(c.level, sizeof c.level, slice_of(level)); /* of four */
	slice_copy(c.category, sizeof c.category, slice_of(category)); /* route or kind */
	slice_copy(c.area, sizeof c.area, slice_of(area)); /* area code */
	c.n = n;
	c.span = ymd;
	add(t, &c);
	c.span = ymd / 100;
	add(t, &c);
	c.span = ymd / 10000;
	add(t, &c);
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
	free_values(&t->ways);
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

enum err tallies_flush(struct tallies *t, int64_t commit)
{
	sqlite3_stmt *q = sql_get(t->st,
		"INSERT INTO tally(figure, area, level, category, span, n, \"commit\") "
		"VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n, "
		"\"commit\" = excluded.\"commit\"");
	size_t pos = 0;
	struct count *c;
	enum err e = OK;

	flush_ways(t);
	while (e == OK && (c = map_next(&t->map, &pos))) {
		if (c->n == 0)
			continue;
		sql_str(q, 1, c->figure);
		sql_str(q, 2, c->area);
		sql_str(q, 3, c->level);
		sql_str(q, 4, c->category);
		sql_int(q, 5, c->span);
		sql_int(q, 6, c->n);
		sql_int(q, 7, commit);
		e = sql_run(q);
	}
	tallies_clear(t);
	return e;
}
