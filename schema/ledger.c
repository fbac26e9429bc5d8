#include "schema/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "core/civil.h"
#include "schema/cases.h"
#include "schema/duties.h"
#include "schema/freeze.h"
#include "schema/households.h"
#include "schema/recount.h"
#include "schema/sql.h"
#include "schema/stream.h"

enum err ledger_commit_time(struct store *st, int64_t commit, int64_t *ms)
{
	sqlite3_stmt *q = sql_get(st, "SELECT time FROM batch WHERE last >= ? ORDER BY last, rev LIMIT 1");
	enum err e;

	sql_int(q, 1, commit);
	if ((e = sql_row(q)) == OK)
		*ms = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

/* ------------------------------------------------------------------ the fold from nothing */

#define SUMS_MAX 8192 /* some 12 MB */

struct sums {
	struct map map; /* struct figure key -> struct sum */
	void (*row)(void *ctx, const struct figure_row *f); /* at SUMS_MAX they are told so far, and forgotten; NULL: all are kept */
	void *ctx;
};

struct sum {
	char figure[32], level[EVENT_NAME_MAX + 1], category[EVENT_LINE_MAX + 1], area[AREA_CODE_MAX + 1];
	int32_t day;
	int64_t n;
};

static int by_key(const void *a, const void *b)
{
	const struct sum *x = *(struct sum *const *)a, *y = *(struct sum *const *)b;
	int c;

	if ((c = strcmp(x->figure, y->figure)) || (c = strcmp(x->level, y->level)) ||
		(c = strcmp(x->category, y->category)) || (c = strcmp(x->area, y->area)))
		return c;
	return (x->day > y->day) - (x->day < y->day);
}

static void tell_sums(const struct sums *s, void (*row)(void *ctx, const struct figure_row *f), void *ctx)
{
	struct sum **v = xcalloc(s->map.n + 1, sizeof(struct sum *));
	size_t pos = 0, n = 0;
	struct sum *one;

	while ((one = map_next(&s->map, &pos)))
		v[n++] = one;
	qsort(v, n, sizeof *v, by_key);
	for (size_t i = 0; i < n; i++) {
		struct figure_row f = {v[i]->figure, v[i]->level, v[i]->category, v[i]->area, v[i]->day, v[i]->n};

		row(ctx, &f);
	}
	free(v);
}

static void add_sum(struct sums *s, const char *figure, const char *level, const char *category, const char *area, int32_t day,
	int64_t n)
{
	struct sum k, *have;
	size_t key = offsetof(struct sum, n);

	memset(&k, 0, sizeof k); /* padding is part of the key */
	slice_copy(k.figure, sizeof k.figure, slice_of(figure));
	slice_copy(k.level, sizeof k.level, slice_of(level));
	slice_copy(k.category, sizeof k.category, slice_of(category));
	slice_copy(k.area, sizeof k.area, slice_of(area));
	k.day = day;
	have = map_get(&s->map, &k, key);
	if (!have && s->row && s->map.n >= SUMS_MAX) {
		tell_sums(s, s->row, s->ctx);
		map_done_free(&s->map);
	}
	if (!have) {
		have = xcalloc(1, sizeof *have);
		*have = k;
		(void)map_put(&s->map, have, key, have); /* was not there */
	}
	have->n += n;
}

static void sum_patrol(void *ctx, const struct patrol *p)
{
	const struct patrol_share *s = &p->share;

	if (!s->counts)
		return;
	add_sum(ctx, "patrols", s->level, s->route, s->area, s->day, 1);
	if (s->metres)
		add_sum(ctx, "patrol_m", "", s->route, s->area, s->day, s->metres);
	if (s->seconds)
		add_sum(ctx, "patrol_s", "", s->route, s->area, s->day, s->seconds);
	if (s->river)
		add_sum(ctx, "river_patrols", s->river_level, "", s->area, s->day, 1);
	if (s->river && s->valid)
		add_sum(ctx, "river_patrols_valid", s->river_level, "", s->area, s->day, 1);
}

static void sum_event(struct sums *s, const struct event *ev, const char *area)
{
	char code[EVENT_NAME_MAX + 1], unit[EVENT_NAME_MAX + 1];
	int32_t day = civil_day(ev->when_ms);

	slice_copy(code, sizeof code, ev->category);
	slice_copy(unit, sizeof unit, ev->unit);
	if (ev->kind == EV_INSPECT)
		add_sum(s, "inspections", "", code, area, day, 1);
	if (ev->kind == EV_WORK && ev->qty_milli)
		add_sum(s, "works", unit, code, area, day, ev->qty_milli);
	if (ev->kind == EV_WORK && ev->approx)
		add_sum(s, "works_approx", unit, code, area, day, 1);
	if (ev->kind != EV_VISIT)
		return;
	add_sum(s, "visits", "", "", area, day, 1);
	slice_copy(code, sizeof code, ev->household);
	if (code[0])
		add_sum(s, "visited", "", code, area, day, 1);
	if (ev->staff)
		add_sum(s, "visit_staff", "", "", area, day, ev->staff);
	if (ev->aid_fen)
		add_sum(s, "aid", "", "", area, day, ev->aid_fen);
}

/* What events add by themselves. */
static enum err recount_events(struct store *st, int64_t as_of, struct sums *s)
{
	sqlite3_stmt *q = sql_get(st,
		"SELECT e.raw, e.area FROM event e JOIN stream s ON s.id = e.stream WHERE e.kind IN (5, 6, 7) AND e.\"commit\" <= ?1 "
		"AND NOT EXISTS (SELECT 1 FROM voided v WHERE v.device = s.device AND v.epoch = s.epoch AND v.seq = e.seq "
		"AND v.by <= ?1)");
	struct json j = {0};
	struct event_fault fault;
	struct event ev;
	enum err e;

	sql_int(q, 1, as_of);
	while ((e = sql_row(q)) == OK) {
		struct slice raw = sql_col(q, 0);

		(void)json_read(&j, raw.p, raw.n); /* event_decode says */
		if (event_decode(&j, 0, &ev, &fault) != EVENT_OK) {
			e = ERR_CORRUPT; /* it was whole when it was stored */
			break;
		}
		sum_event(s, &ev, sql_cstr(q, 1));
	}
	json_done(&j);
	return sql_end(q, e);
}

/* Each case as of then, read and folded anew. */
static enum err each_case(struct store *st, int64_t as_of, enum err (*one)(void *ctx, const struct dossier *d), void *ctx)
{
	struct dossier_source src = {.st = st, .registry = registry_new(st, as_of), .as_of = as_of};
	int64_t id = 0;
	enum err e = OK;

	while (e == OK) {
		struct dossier d = {0};

		if ((e = dossier_next(&src, &id, &d)) == OK)
			e = one(ctx, &d);
		dossier_done(&d);
	}
	json_done(&src.json);
	registry_free(src.registry);
	return e == ERR_NOTFOUND ? OK : e;
}

static void sum_share(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	add_sum(ctx, figure, level, category, area, day, 1);
}

static enum err sum_case(void *ctx, const struct dossier *d)
{
	struct buf share = {0};

	dossier_share(d, &share);
	dossier_share_each(share.p, sum_share, ctx);
	buf_done(&share);
	return OK;
}

enum err ledger_recount(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct figure_row *f), void *ctx)
{
	struct sums sums = {0};
	int64_t missed = 0;
	enum err e = recount_patrols(st, as_of, sum_patrol, &sums, &missed);

	if (e == OK && missed)
		e = ERR_CORRUPT;
	if (e == OK)
		e = recount_events(st, as_of, &sums);
	if (e == OK)
		e = each_case(st, as_of, sum_case, &sums);
	if (e == OK)
		tell_sums(&sums, row, ctx);
	map_done_free(&sums.map);
	return e;
}

/* ------------------------------------------------------------------ from rows, in pieces */

#define BLOCK 500 /* rows of one statement */

struct ledger_walk {
	struct store *st;
	const struct ledger_days *days;
	int64_t as_of;
	struct sums sums;
	struct json json;
	int part;        /* of parts[] */
	int64_t at, id;  /* where it goes on; 0: at its beginning */
};

static bool wanted(const struct ledger_walk *w, int32_t day)
{
	const struct ledger_days *d = w->days;

	return day >= d->from && day < d->to && !d->have[day - d->from];
}

static enum err last_of(sqlite3_stmt *q, int64_t *id)
{
	enum err e = sql_row(q);

	if (e == OK)
		*id = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

static enum err some_patrols(struct ledger_walk *w, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(w->st, "SELECT t_day, t_area, t_level, t_route, t_river_level, t_valid, distance_m, duration_s FROM patrol "
					 "WHERE id > ?1 AND id <= ?2 AND t_day >= ?3 AND t_day < ?4");
	int64_t last = 0;
	enum err e = last_of(sql_get(w->st, "SELECT coalesce(max(id), 0) FROM patrol"), &last);

	for (; e == OK && w->id < last; w->id += BLOCK) {
		if (w->id && breath_over(b))
			return OK;
		sql_int(q, 1, w->id);
		sql_int(q, 2, w->id + BLOCK);
		sql_int(q, 3, w->days->from);
		sql_int(q, 4, w->days->to);
		while ((e = sql_row(q)) == OK) {
			struct patrol p = {.share = {.counts = true, .day = sqlite3_column_int(q, 0), .river = sqlite3_column_type(q, 4) != SQLITE_NULL,
				.valid = sqlite3_column_int(q, 5), .metres = sqlite3_column_int64(q, 6), .seconds = sqlite3_column_int64(q, 7)}};

			if (!wanted(w, p.share.day))
				continue;
			slice_copy(p.share.area, sizeof p.share.area, sql_col(q, 1));
			slice_copy(p.share.level, sizeof p.share.level, sql_col(q, 2));
			slice_copy(p.share.route, sizeof p.share.route, sql_col(q, 3));
			slice_copy(p.share.river_level, sizeof p.share.river_level, sql_col(q, 4));
			sum_patrol(&w->sums, &p);
		}
		e = sql_end(q, e);
	}
	*more = false;
	return e;
}

static enum err some_events(struct ledger_walk *w, int kind, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(w->st,
		"SELECT e.at, e.\"commit\", CASE WHEN e.\"commit\" <= ?1 AND NOT EXISTS (SELECT 1 FROM stream s JOIN voided v ON v.device = s.device AND "
		"v.epoch = s.epoch WHERE s.id = e.stream AND v.seq = e.seq AND v.by <= ?1) THEN e.raw END, e.area FROM event e WHERE "
		"e.kind IN (5, 6, 7, 8) AND e.kind = ?2 AND (e.at, e.\"commit\") > (?3, ?4) AND e.at < ?5 ORDER BY e.at, e.\"commit\"");
	int32_t day = w->id ? civil_day(w->at) : w->days->from;
	enum err e = OK;

	if (!w->id)
		w->at = civil_day_ms(day) - 1;
	for (bool over = false; e == OK && !over;) {
		while (day < w->days->to && !wanted(w, day))
			day++;
		if (w->at < civil_day_ms(day) - 1) {
			w->at = civil_day_ms(day) - 1;
			w->id = INT64_MAX;
		}
		sql_int(q, 1, w->as_of);
		sql_int(q, 2, kind);
		sql_int(q, 3, w->at);
		sql_int(q, 4, w->id ? w->id : INT64_MAX);
		sql_int(q, 5, civil_day_ms(w->days->to));
		while (!over && (e = sql_row(q)) == OK && (wanted(w, day = civil_day(sqlite3_column_int64(q, 0))))) {
			struct slice raw = sql_col(q, 2);
			struct event_fault fault;
			struct event ev;

			w->at = sqlite3_column_int64(q, 0);
			w->id = sqlite3_column_int64(q, 1);
			over = breath_over(b);
			if (!raw.p)
				continue;
			(void)json_read(&w->json, raw.p, raw.n); /* event_decode says */
			if (event_decode(&w->json, 0, &ev, &fault) != EVENT_OK) {
				e = ERR_CORRUPT; /* it was whole when it was stored */
				break;
			}
			sum_event(&w->sums, &ev, sql_cstr(q, 3));
		}
		sql_done(q);
	}
	*more = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err some_inspections(struct ledger_walk *w, struct breath *b, bool *more)
{
	return some_events(w, EV_INSPECT, b, more);
}

static enum err some_visits(struct ledger_walk *w, struct breath *b, bool *more)
{
	return some_events(w, EV_VISIT, b, more);
}

static enum err some_works(struct ledger_walk *w, struct breath *b, bool *more)
{
	return some_events(w, EV_WORK, b, more);
}

static void sum_share_wanted(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	struct ledger_walk *w = ctx;

	if (wanted(w, day))
		sum_share(&w->sums, figure, level, category, area, day);
}

static enum err some_cases(struct ledger_walk *w, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(w->st, "SELECT share FROM casus WHERE id > ?1 AND id <= ?2 AND share IS NOT NULL");
	int64_t last = 0;
	enum err e = last_of(sql_get(w->st, "SELECT coalesce(max(id), 0) FROM casus"), &last);

	for (; e == OK && w->id < last; w->id += BLOCK) {
		if (w->id && breath_over(b))
			return OK;
		sql_int(q, 1, w->id);
		sql_int(q, 2, w->id + BLOCK);
		while ((e = sql_row(q)) == OK)
			dossier_share_each(sql_cstr(q, 0), sum_share_wanted, w);
		e = sql_end(q, e);
	}
	*more = false;
	return e;
}

static enum err (*const parts[])(struct ledger_walk *w, struct breath *b, bool *more) = {some_patrols, some_inspections, some_visits, some_works, some_cases};

struct ledger_walk *ledger_walk_new(struct store *st, int64_t as_of, const struct ledger_days *days, void (*row)(void *ctx, const struct figure_row *f), void *ctx)
{
	struct ledger_walk *w = xcalloc(1, sizeof *w);

	*w = (struct ledger_walk){.st = st, .as_of = as_of, .days = days, .sums = {.row = row, .ctx = ctx}};
	return w;
}

enum err ledger_walk_some(struct ledger_walk *w, struct breath *b, bool *more)
{
	enum err e = OK;

	*more = true;
	while (e == OK && w->part < (int)ARRAY_LEN(parts)) {
		bool some = true;

		if ((e = parts[w->part](w, b, &some)) != OK || some)
			return e;
		w->part++;
		w->at = w->id = 0;
		if (breath_over(b))
			return OK;
	}
	tell_sums(&w->sums, w->sums.row, w->sums.ctx);
	map_done_free(&w->sums.map);
	*more = false;
	return e;
}

int ledger_walk_progress(const struct ledger_walk *w)
{
	return w->part * 1000 / (int)ARRAY_LEN(parts);
}

void ledger_walk_free(struct ledger_walk *w)
{
	if (!w)
		return;
	map_done_free(&w->sums.map);
	json_done(&w->json);
	free(w);
}

enum err ledger_tallies(struct store *st, int32_t from_day, int32_t to_day, const char *scope,
	void (*row)(void *ctx, const struct figure_row *f), void *ctx)
{
	sqlite3_stmt *q = sql_get(st,
		"SELECT figure, level, category, area, span, n FROM tally WHERE figure NOT IN ('events', 'duty_met', 'duty_overdue') "
		"AND span > 999999 AND span >= ?1 AND span < ?2 AND n <> 0 AND (?3 = '*' OR "
		"substr(area, 1, length(?3)) = ?3) ORDER BY figure, level, category, area, span");
	enum err e;

	sql_int(q, 1, civil_yyyymmdd(from_day));
	sql_int(q, 2, civil_yyyymmdd(to_day));
	sql_str(q, 3, scope);
	while ((e = sql_row(q)) == OK) {
		int span = sqlite3_column_int(q, 4);
		struct figure_row f = {sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), sql_cstr(q, 3),
			civil_make(span / 10000, span / 100 % 100, span % 100), sqlite3_column_int64(q, 5)};

		row(ctx, &f);
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ check */

struct check {
	struct store *st;
	void (*said)(void *ctx, const char *line);
	void *ctx;
	int64_t count;
	struct map kept; /* of the tallies, to be met by the recount */
};

static void say(struct check *c, const char *fmt, ...) PRINTF(2, 3);

static void say(struct check *c, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap); /* cut */
	va_end(ap);
	c->count++;
	c->said(c->ctx, line);
}

/* Says each row of a query that must have none. */
static enum err none(struct check *c, const char *sql, const char *what)
{
	sqlite3_stmt *q = sql_get(c->st, sql);
	enum err e;

	while ((e = sql_row(q)) == OK)
		say(c, "%s: %s", what, sql_cstr(q, 0));
	return sql_end(q, e);
}

static enum err check_integrity(struct check *c)
{
	sqlite3_stmt *q = sql_get(c->st, "PRAGMA integrity_check(20)");
	enum err e;

	while ((e = sql_row(q)) == OK)
		if (strcmp(sql_cstr(q, 0), "ok") != 0)
			say(c, "integrity: %s", sql_cstr(q, 0));
	return sql_end(q, e);
}

/* Every number from 1 to the head stands in exactly one of event and change. */
static enum err check_commits(struct check *c)
{
	sqlite3_stmt *q = sql_get(c->st, "SELECT \"commit\" FROM event UNION ALL SELECT \"commit\" FROM "
					 "change ORDER BY 1");
	struct head head;
	int64_t want = 1;
	enum err e;

	while ((e = sql_row(q)) == OK) {
		int64_t got = sqlite3_column_int64(q, 0);

		if (got != want)
			say(c, "commit numbers: %lld follows %lld", (long long)got, (long long)(want - 1));
		want = got + 1;
	}
	e = sql_end(q, e);
	if (e == OK && (e = store_head(c->st, &head)) == OK && head.commit != want - 1)
		say(c, "commit numbers: the head says %lld, the rows end at %lld", (long long)head.commit,
			(long long)(want - 1));
	return e;
}

/* A stream as its events and answers tell it, in order of arrival. */
struct told {
	struct window w;
	int64_t last;
};

static struct told *told_of(struct map *m, int64_t id)
{
	struct told *t = map_get(m, &id, sizeof id);

	if (!t) {
		t = xcalloc(1, sizeof *t);
		(void)map_put(m, &id, sizeof id, t); /* was not there */
	}
	return t;
}

static void hear(struct check *c, struct told *t, int64_t id, int64_t seq)
{
	if (t->w.gaps == WINDOW_GAPS_MAX)
		(void)window_first(&t->w, t->w.top + 1); /* holes take their room; only what is absent matters here */
	if (window_has(&t->w, seq))
		say(c, "stream %lld: event %lld is stored twice", (long long)id, (long long)seq);
	else if (!window_take(&t->w, seq))
		say(c, "stream %lld: more than %d gaps", (long long)id, WINDOW_RANGES_MAX);
}

static enum err hear_events(struct check *c, struct map *m)
{
	sqlite3_stmt *q = sql_get(c->st, "SELECT \"commit\", stream, seq, prev FROM event ORDER BY \"commit\"");
	enum err e;

	while ((e = sql_row(q)) == OK) {
		int64_t commit = sqlite3_column_int64(q, 0), id = sqlite3_column_int64(q, 1);
		int64_t prev = sqlite3_column_int64(q, 3);
		struct told *t = told_of(m, id);

		if (t->last != (prev ? commit - prev : 0))
			say(c, "event %lld: its chain leads to %lld, not %lld", (long long)commit,
				(long long)(prev ? commit - prev : 0), (long long)t->last);
		t->last = commit;
		hear(c, t, id, sqlite3_column_int64(q, 2));
	}
	return sql_end(q, e);
}

static enum err hear_answers(struct check *c, struct map *m)
{
	sqlite3_stmt *q = sql_get(c->st, "SELECT stream, seq FROM answer ORDER BY stream, seq");
	enum err e;

	while ((e = sql_row(q)) == OK) {
		int64_t id = sqlite3_column_int64(q, 0);

		hear(c, told_of(m, id), id, sqlite3_column_int64(q, 1));
	}
	return sql_end(q, e);
}

/* Does nothing of the closed range stand in w? */
static bool absent_in(const struct window *w, int64_t lo, int64_t hi)
{
	if (lo > w->top)
		return true;
	for (uint32_t i = 0; i < w->n; i++)
		if (w->r[i].lo <= lo && (hi <= w->r[i].hi || (w->r[i].hi == w->top && hi > w->top)))
			return true;
	return false;
}

static void compare_window(struct check *c, const char *name, const struct window *kept, const struct window *told)
{
	int64_t answered = told->top - window_missing(told) - window_holes(told);

	if (kept->top - window_missing(kept) - window_holes(kept) != answered)
		say(c, "%s: its window says %lld were answered, %lld are stored", name,
			(long long)(kept->top - window_missing(kept) - window_holes(kept)),
			(long long)answered);
	for (uint32_t i = 0; i < kept->n; i++)
		if (!absent_in(told, kept->r[i].lo, kept->r[i].hi))
			say(c, "%s: %lld-%lld are absent in its window, but stored", name,
				(long long)kept->r[i].lo, (long long)kept->r[i].hi);
}

static enum err check_streams(struct check *c)
{
	struct window none_told = {0}, w = {0};
	struct map m = {0};
	struct told *t;
	sqlite3_stmt *q;
	size_t pos = 0;
	enum err e;

	if ((e = hear_events(c, &m)) != OK || (e = hear_answers(c, &m)) != OK)
		goto out;
	q = sql_get(c->st, "SELECT id, device || '/' || epoch, top, absent, last FROM stream ORDER BY id");
	while ((e = sql_row(q)) == OK) {
		int64_t id = sqlite3_column_int64(q, 0);

		t = map_get(&m, &id, sizeof id);
		if (!window_parse(&w, sqlite3_column_int64(q, 2), sql_col(q, 3)))
			say(c, "%s: its window cannot be read", sql_cstr(q, 1));
		else
			compare_window(c, sql_cstr(q, 1), &w, t ? &t->w : &none_told);
		if (sqlite3_column_int64(q, 4) != (t ? t->last : 0))
			say(c, "%s: its chain does not begin at its newest event", sql_cstr(q, 1));
		window_done(&w);
	}
	e = sql_end(q, e);
out:
	while ((t = map_next(&m, &pos)))
		window_done(&t->w);
	map_done_free(&m);
	return e;
}

/* ------------------------------------------------------------------ tallies and patrols = recount */

static void keep_tally(void *ctx, const struct figure_row *f)
{
	struct check *c = ctx;
	char key[480];
	int n = snprintf(key, sizeof key, "%s/%s/%s/%s/%d", f->figure, f->level, f->category, f->area, f->day);
	int64_t *v = map_get(&c->kept, key, (size_t)n);

	if (!v) {
		v = xcalloc(1, sizeof *v);
		(void)map_put(&c->kept, key, (size_t)n, v); /* was not there */
	}
	*v += f->n;
}

/* What came to days of frozen months: the events say both. */
static enum err keep_corrections(struct check *c)
{
	sqlite3_stmt *q = sql_get(c->st, "SELECT figure, level, category, area, day, sum(n) FROM correction WHERE figure <> 'events' "
					 "GROUP BY figure, level, category, area, day HAVING sum(n) <> 0");
	enum err e;

	while ((e = sql_row(q)) == OK) {
		int day = sqlite3_column_int(q, 4);
		struct figure_row f = {sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), sql_cstr(q, 3),
			civil_make(day / 10000, day / 100 % 100, day % 100), sqlite3_column_int64(q, 5)};

		keep_tally(c, &f);
	}
	return sql_end(q, e);
}

static void meet_tally(void *ctx, const struct figure_row *f)
{
	struct check *c = ctx;
	char key[480];
	int n = snprintf(key, sizeof key, "%s/%s/%s/%s/%d", f->figure, f->level, f->category, f->area, f->day);
	int64_t *v = map_take(&c->kept, key, (size_t)n);

	if (!v || *v != f->n)
		say(c, "tally %s: kept %lld, recounted %lld", key, v ? (long long)*v : 0LL, (long long)f->n);
	free(v);
}

static enum err check_tallies(struct check *c)
{
	struct head head;
	size_t pos = 0;
	int64_t *v;
	enum err e;

	e = ledger_tallies(c->st, civil_make(1970, 1, 1), civil_make(9999, 12, 31), "*", keep_tally, c);
	if (e == OK)
		e = keep_corrections(c);
	if (e == OK && (e = store_head(c->st, &head)) == OK)
		e = ledger_recount(c->st, head.commit, meet_tally, c);
	while ((v = map_next(&c->kept, &pos)))
		if (*v)
			say(c, "tally: kept %lld that no event makes", (long long)*v);
	map_done_free(&c->kept);
	if (e != OK)
		return e;
	return none(c, "SELECT figure || ' ' || level || ' ' || category || ' ' || area || ' ' || m.span FROM "
		       "tally m WHERE span < 999999 AND n <> (SELECT coalesce(sum(d.n), 0) FROM tally d WHERE "
		       "d.figure = m.figure AND d.area = m.area AND d.level = m.level AND d.category = m.category "
		       "AND d.span >= CASE WHEN m.span < 10000 THEN m.span * 10000 ELSE m.span * 100 END AND "
		       "d.span < CASE WHEN m.span < 10000 THEN (m.span + 1) * 10000 ELSE (m.span + 1) * 100 END)",
		"tally of a month or year is not the sum of its days");
}

static enum err check_kinds(struct check *c)
{
	return none(c, "SELECT k.kind || ': ' || k.n FROM (SELECT kind, count(*) AS n FROM event WHERE "
		       "(flags & 6) = 0 GROUP BY kind) k WHERE k.n <> (SELECT coalesce(sum(n), 0) FROM "
		       "(SELECT category, n FROM tally WHERE figure = 'events' AND span < 10000 UNION ALL SELECT category, n FROM "
		       "correction WHERE figure = 'events') WHERE category = CASE k.kind WHEN 1 THEN "
		       "'patrol.start' WHEN 2 THEN 'patrol.track' WHEN 3 THEN 'patrol.end' WHEN 4 THEN "
		       "'patrol.substitute' WHEN 5 THEN 'inspect' WHEN 6 THEN 'visit' WHEN 7 THEN 'work' WHEN 8 "
		       "THEN 'household' WHEN 9 THEN 'case.report' WHEN 10 THEN 'case.act' WHEN 11 THEN 'sos' "
		       "WHEN 12 THEN 'status' WHEN 13 THEN 'void' END)",
		"tally of events by kind differs from the events of kind");
}

static bool key_is(sqlite3_stmt *q, int col, const struct order_key *k)
{
	if (k->seq == 0)
		return sqlite3_column_type(q, col) == SQLITE_NULL;
	return sqlite3_column_int64(q, col) == k->at_ms && strcmp(sql_cstr(q, col + 1), k->epoch) == 0 &&
		sqlite3_column_int64(q, col + 2) == k->seq;
}

static bool start_is(sqlite3_stmt *q, const struct patrol *p)
{
	return key_is(q, 0, &p->start) && strcmp(p->person, sql_cstr(q, 3)) == 0 && strcmp(p->actor, sql_cstr(q, 4)) == 0 &&
		strcmp(p->route, sql_cstr(q, 5)) == 0 && strcmp(p->target, sql_cstr(q, 6)) == 0 && key_is(q, 7, &p->end) &&
		(p->end.seq == 0 || p->clear == sqlite3_column_int(q, 10)) && key_is(q, 11, &p->sub) &&
		strcmp(p->sub_person, sql_cstr(q, 14)) == 0 && strcmp(p->sub_way, sql_cstr(q, 15)) == 0 &&
		strcmp(p->sub_target, sql_cstr(q, 16)) == 0;
}

static bool track_is(sqlite3_stmt *q, const struct track *t)
{
	int coverage = sqlite3_column_type(q, 22) == SQLITE_NULL ? -1 : sqlite3_column_int(q, 22);
	struct buf b = {0};
	bool same;

	track_save(t, &b);
	same = slice_eq(sql_col(q, 23), buf_slice(&b));
	buf_done(&b);
	return same && sqlite3_column_int64(q, 17) == t->events && sqlite3_column_int64(q, 18) == t->kept &&
		sqlite3_column_int64(q, 19) == t->vague + t->jumps && sqlite3_column_int64(q, 20) == t->duration_ms / 1000 &&
		sqlite3_column_int64(q, 21) == t->distance_mm / 1000 && coverage == track_coverage(t);
}

static void meet_patrol(void *ctx, const struct patrol *p)
{
	struct check *c = ctx;
	sqlite3_stmt *q = sql_get(c->st,
		"SELECT start_at, start_epoch, start_seq, person, actor, route, target, end_at, end_epoch, end_seq, clear, "
		"sub_at, sub_epoch, sub_seq, sub_person, sub_way, sub_target, tracks, points, dropped, duration_s, distance_m, "
		"coverage, track, reasons, rule, coalesce(t_valid, 0) FROM patrol WHERE id = ?");

	sql_int(q, 1, p->id);
	if (sql_row(q) != OK)
		say(c, "patrol %s %s cannot be read", p->device, p->name);
	else if (!start_is(q, p))
		say(c, "patrol %s %s is not what its events say", p->device, p->name);
	else if (!track_is(q, &p->track))
		say(c, "patrol %s %s has not the measures of its points", p->device, p->name);
	else if (sqlite3_column_int64(q, 24) != p->reasons || strcmp(sql_cstr(q, 25), p->rule) != 0 ||
		sqlite3_column_int(q, 26) != p->share.valid)
		say(c, "patrol %s %s: kept verdict %lld by \"%s\", recounted %u by \"%s\"", p->device, p->name,
			(long long)sqlite3_column_int64(q, 24), sql_cstr(q, 25), p->reasons, p->rule);
	sql_done(q);
}

static enum err check_patrols(struct check *c)
{
	struct head head;
	int64_t missed = 0;
	enum err e;

	if ((e = store_head(c->st, &head)) == OK)
		e = recount_patrols(c->st, head.commit, meet_patrol, c, &missed);
	if (e == OK && missed)
		say(c, "%lld events of patrols stand in no patrol's chain", (long long)missed);
	return e;
}

static void say_line(void *ctx, const char *line)
{
	say(ctx, "%s", line);
}

/* The row, and what is in force, as the acts say. */
static enum err meet_case(void *ctx, const struct dossier *d)
{
	struct check *c = ctx;
	bool same = true;
	enum err e = cases_row_is(c->st, d, &same);

	if (e == OK && !same)
		say(c, "case %s is not what its events say", d->name);
	for (uint32_t i = 0; i < d->n; i++) {
		bool out = d->act[i].fate != FATE_FORCE && d->act[i].fate != FATE_VOIDED;

		if (d->of[i].held ? !out : out != d->of[i].displaced)
			say(c, "case %s: event %s/%s/%lld is %s in force", d->name, d->act[i].key.device, d->act[i].key.epoch,
				(long long)d->act[i].key.seq, out ? "not" : "held, but");
	}
	return e;
}

static enum err check_cases(struct check *c)
{
	enum err e = each_case(c->st, REGISTRY_NOW, meet_case, c);

	if (e != OK)
		return e;
	return none(c, "SELECT d.\"commit\" FROM displaced d LEFT JOIN event e ON e.\"commit\" = d.\"commit\" WHERE "
		       "(e.flags & 6) IS NOT 4 UNION ALL SELECT \"commit\" FROM event WHERE (flags & 4) AND \"commit\" NOT IN "
		       "(SELECT \"commit\" FROM displaced)",
		"displaced and event disagree");
}

static enum err check_freezes(struct check *c)
{
	enum err e = freeze_check(c->st, say_line, c);

	if (e == OK)
		e = none(c, "SELECT figure || ' ' || area || ' ' || day FROM correction WHERE day / 100 NOT IN (SELECT month FROM freeze) OR "
			    "figure IN ('duty_met', 'duty_overdue')", "a correction of what is not frozen");
	return e == OK ? none(c, "SELECT area || ' ' || span FROM tally WHERE figure IN ('duty_met', 'duty_overdue') AND span > 999999 AND n <> 0 AND "
				 "span / 100 NOT IN (SELECT month FROM freeze)", "duties are kept of a day that is not frozen") : e;
}

enum err ledger_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx, int64_t *count)
{
	struct check c = {.st = st, .said = said, .ctx = ctx};
	enum err e;

	if ((e = check_integrity(&c)) == OK && (e = check_commits(&c)) == OK && (e = check_streams(&c)) == OK &&
		(e = check_patrols(&c)) == OK && (e = duties_check(st, say_line, &c)) == OK &&
		(e = check_cases(&c)) == OK && (e = households_check(st, say_line, &c)) == OK &&
		(e = check_tallies(&c)) == OK && (e = check_kinds(&c)) == OK &&
		(e = check_freezes(&c)) == OK)
		e = none(&c, "SELECT code || ' ' || since FROM area WHERE until <= since UNION ALL SELECT id || ' ' "
			     "|| since FROM person WHERE until <= since",
			"a registry row ends before it begins");
	*count = c.count;
	return e;
}
