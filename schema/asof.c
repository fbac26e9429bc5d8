#include "schema/asof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "core/civil.h"
#include "schema/breath.h"
#include "schema/cases.h"
#include "schema/ledger.h"
#include "schema/patrols.h"
#include "schema/recount.h"
#include "schema/sql.h"

#define CASUS_VIEW "CREATE TEMP VIEW casus AS SELECT * FROM temp.asof_casus"
#define BLOCK 256 /* patrols copied by one statement */

struct asof {
	struct store *st;
	struct asof_ask ask;
	bool begun, folded; /* folded: cases are: what was out of force stands in asof_displaced */
	bool gap;           /* a rule asked for one, of the patrol at hand */
	size_t stage;       /* of stages[] */
	int64_t at, block, last; /* of the stage: done, copied up to, the last there is */
	sqlite3_stmt *copy; /* rows of patrol, without the running state of the track: nobody reads it */
	struct recount *recount;
	int64_t since;      /* patrols written after it are folded */
	char person[65];    /* of the gap at hand */
	struct order_key start;
	struct dossier_source src;
	struct ledger_days days; /* have: copied */
	struct ledger_walk *walk;
	enum err e;         /* of a row of the walk */
	bool ends_batch;    /* the commit does */
};

static enum err run(struct asof *a, const char *fmt, ...) PRINTF(2, 3);

static enum err run(struct asof *a, const char *fmt, ...)
{
	struct buf b = {0};
	char text[4096];
	va_list ap;
	enum err e;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap); /* ours: they fit */
	va_end(ap);
	buf_adds(&b, text);
	e = sql_err(sqlite3_exec(sql_db(a->st), b.p, NULL, NULL, NULL));
	buf_done(&b);
	return e;
}

static enum err number(sqlite3_stmt *q, int64_t *out)
{
	enum err e = sql_row(q);

	if (e == OK)
		*out = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

/* An empty table of this name, otherwise as the real one: its keys, too.  Indexes grow with it: to make one of a full table is one
 * statement, and as long as that takes. */
static enum err make_like(struct asof *a, const char *table, const char *name)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT substr(sql, instr(sql, '(')) FROM main.sqlite_master WHERE type = 'table' AND name = ?");
	struct buf b = {0};
	enum err e;

	sql_str(q, 1, table);
	if ((e = sql_row(q)) == OK)
		buf_addf(&b, "CREATE TEMP TABLE %s%s", name, sql_cstr(q, 0));
	sql_done(q);
	if (e == OK)
		e = sql_err(sqlite3_exec(sql_db(a->st), b.p, NULL, NULL, NULL));
	buf_done(&b);
	return e;
}

/* Patrols and cases are numbered as their first events come: those behind that of the last first event by then were not known yet.
 * max: of all there are. */
static enum err last_known(struct asof *a, int kind_lo, int kind_hi, sqlite3_stmt *max)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT subject FROM main.event WHERE \"commit\" <= ?1 AND \"commit\" > ?1 - 100000 AND kind BETWEEN ?2 AND ?3 AND link = 0 "
					 "ORDER BY \"commit\" DESC LIMIT 1"); /* none so near: all are looked at */
	enum err e;

	sql_int(q, 1, a->ask.commit);
	sql_int(q, 2, kind_lo);
	sql_int(q, 3, kind_hi);
	e = number(q, &a->last);
	return e == ERR_NOTFOUND ? number(max, &a->last) : e;
}

/* ------------------------------------------------------------------ patrols */

/* What comes and goes within a batch leaves no trace in the rows that hang on it: an N that ended none must not trust them. */
static enum err trust(struct asof *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT 1 FROM batch WHERE last = ?");
	int64_t one, gaps = 0;
	enum err e;

	sql_int(q, 1, a->ask.commit);
	a->ends_batch = (e = number(q, &one)) == OK;
	a->since = a->ask.commit;
	if (e != ERR_NOTFOUND)
		return e;
	e = number(sql_get(a->st, "SELECT count(*) FROM main.duty WHERE min_gap_hours > 0"), &gaps);
	if (gaps)
		a->since = -1;
	return e;
}

static enum err begin_patrols(struct asof *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT group_concat(CASE name WHEN 'track' THEN 'NULL' ELSE '\"' || name || '\"' END, ', ') FROM (SELECT name FROM "
					 "pragma_table_info('patrol', 'main') ORDER BY cid)");
	struct buf b = {0};
	enum err e = sql_row(q);

	if (e == OK)
		buf_addf(&b, "INSERT OR REPLACE INTO asof_patrol SELECT %s FROM main.patrol WHERE id > ?1 AND id <= ?2 AND (\"commit\" <= ?3 OR ?3 IS NULL)", sql_cstr(q, 0));
	sql_done(q);
	if (e == OK && (e = make_like(a, "patrol", "asof_patrol")) == OK)
		e = sql_err(sqlite3_prepare_v3(sql_db(a->st), b.p, -1, SQLITE_PREPARE_PERSISTENT, &a->copy, NULL));
	buf_done(&b);
	a->recount = recount_new(a->st, a->ask.commit);
	if (e != OK || (e = trust(a)) != OK ||
		(e = run(a, "CREATE INDEX temp.asof_patrol_start ON asof_patrol(start_at); CREATE INDEX temp.asof_patrol_person ON asof_patrol(person, start_at); "
			    "CREATE INDEX temp.asof_patrol_sub ON asof_patrol(sub_person, sub_at) WHERE sub_at IS NOT NULL; "
			    "CREATE TEMP TABLE asof_gap(person TEXT, at INTEGER, device TEXT, epoch TEXT, seq INTEGER, id INTEGER, "
			    "PRIMARY KEY(person, at, device, epoch, seq)) WITHOUT ROWID")) != OK)
		return e;
	return last_known(a, EV_PATROL_START, EV_PATROL_SUBSTITUTE, sql_get(a->st, "SELECT coalesce(max(id), 0) FROM main.patrol"));
}

/* Rows behind `after` up to id: those that stand as they did then, or (whole) all. */
static enum err copy_patrols(struct asof *a, int64_t after, int64_t id, bool whole)
{
	sqlite3_stmt *q = a->copy;

	(void)sqlite3_clear_bindings(q); /* cannot fail */
	sql_int(q, 1, after);
	sql_int(q, 2, id);
	if (!whole)
		sql_int(q, 3, a->since);
	return sql_run(q);
}

/* Whether a valid one stood close, is known when all are folded. */
static enum err note_gap(void *ctx, const struct patrol *p, int64_t gap_ms, bool each, bool *out)
{
	struct asof *a = ctx;

	(void)p;
	(void)gap_ms;
	(void)each;
	a->gap = true;
	*out = false;
	return OK;
}

static enum err keep_gap(struct asof *a, const struct patrol *p)
{
	sqlite3_stmt *q = sql_get(a->st, "INSERT OR REPLACE INTO asof_gap VALUES(?, ?, ?, ?, ?, ?)");

	sql_str(q, 1, p->person);
	sql_int(q, 2, p->start.at_ms);
	sql_str(q, 3, p->device);
	sql_str(q, 4, p->start.epoch);
	sql_int(q, 5, p->start.seq);
	sql_int(q, 6, p->id);
	return sql_run(q);
}

static enum err next_changed(struct asof *a, struct patrol *p, int64_t *last)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT id, device, name, last FROM main.patrol WHERE id > ? AND id <= ? AND \"commit\" > ? ORDER BY id LIMIT 1");
	enum err e;

	sql_int(q, 1, a->at);
	sql_int(q, 2, a->block);
	sql_int(q, 3, a->since);
	if ((e = sql_row(q)) == OK) {
		p->id = sqlite3_column_int64(q, 0);
		slice_copy(p->device, sizeof p->device, sql_col(q, 1));
		slice_copy(p->name, sizeof p->name, sql_col(q, 2));
		*last = sqlite3_column_int64(q, 3);
	}
	sql_done(q);
	return e;
}

static enum err fold_changed(struct asof *a, struct patrol *p, int64_t last)
{
	bool any = false;
	enum err e;

	a->gap = false;
	e = recount_one(a->recount, p, last, note_gap, a, &any);
	if (e == OK && any && (e = copy_patrols(a, p->id - 1, p->id, true)) == OK && (e = patrols_was(a->st, p, a->ask.commit)) == OK && a->gap)
		e = keep_gap(a, p);
	track_clear(&p->track);
	return e;
}

/* Block by block: what stands as it did then is copied, the others are folded. */
static enum err some_patrols(struct asof *a, struct breath *b, bool *more)
{
	enum err e = OK;

	do {
		struct patrol p = {0};
		int64_t last = 0;

		if (a->at == a->block) {
			if (!(*more = a->block < a->last))
				return OK;
			a->block += b->least ? 1 : BLOCK;
			if (a->block > a->last)
				a->block = a->last;
			if ((e = copy_patrols(a, a->at, a->block, false)) != OK)
				return e;
		}
		if ((e = next_changed(a, &p, &last)) == OK && (e = fold_changed(a, &p, last)) == OK)
			a->at = p.id;
		else if (e == ERR_NOTFOUND) {
			a->at = a->block;
			e = OK;
		}
	} while (e == OK && !breath_over(b));
	return e;
}

static enum err next_gap(struct asof *a, struct patrol *p, int64_t *last)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT g.person, g.at, g.device, g.epoch, g.seq, p.id, p.device, p.name, p.last FROM asof_gap g CROSS JOIN asof_patrol p ON "
					 "p.id = g.id WHERE (g.person, g.at, g.device, g.epoch, g.seq) > (?1, ?2, ?3, ?4, ?5) "
					 "ORDER BY g.person, g.at, g.device, g.epoch, g.seq LIMIT 1");
	enum err e;

	sql_str(q, 1, a->person);
	sql_int(q, 2, a->start.at_ms);
	sql_str(q, 3, a->start.device);
	sql_str(q, 4, a->start.epoch);
	sql_int(q, 5, a->start.seq);
	if ((e = sql_row(q)) == OK) {
		slice_copy(a->person, sizeof a->person, sql_col(q, 0));
		order_set(&a->start, sqlite3_column_int64(q, 1), sql_col(q, 2), sql_col(q, 3), sqlite3_column_int64(q, 4));
		p->id = sqlite3_column_int64(q, 5);
		slice_copy(p->device, sizeof p->device, sql_col(q, 6));
		slice_copy(p->name, sizeof p->name, sql_col(q, 7));
		*last = sqlite3_column_int64(q, 8);
	}
	sql_done(q);
	return e;
}

/* Verdicts that hang on the patrols before: in the order of starts, so that those are as they were. */
static enum err some_gaps(struct asof *a, struct breath *b, bool *more)
{
	enum err e;

	do {
		struct patrol p = {0};
		int64_t last = 0;
		bool any;

		if ((e = next_gap(a, &p, &last)) == OK && (e = recount_one(a->recount, &p, last, patrols_stand_close, a->st, &any)) == OK)
			e = patrols_was(a->st, &p, a->ask.commit);
		track_clear(&p.track);
	} while (e == OK && !breath_over(b));
	*more = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err begin_gaps(struct asof *a)
{
	return run(a, "CREATE TEMP VIEW patrol AS SELECT * FROM temp.asof_patrol"); /* they also say where cases seen on them are */
}

/* ------------------------------------------------------------------ cases */

static enum err begin_cases(struct asof *a)
{
	enum err e = make_like(a, "casus", "asof_casus");

	a->src = (struct dossier_source){.st = a->st, .registry = registry_new(a->st, a->ask.commit), .as_of = a->ask.commit};
	if (e == OK)
		e = run(a, "CREATE TEMP TABLE asof_displaced(\"commit\" INTEGER PRIMARY KEY); CREATE INDEX temp.asof_casus_report ON asof_casus(report_at); "
			   "CREATE INDEX temp.asof_casus_due ON asof_casus(due); CREATE INDEX temp.asof_casus_closed ON asof_casus(closed_at)");
	return e == OK ? last_known(a, EV_CASE_REPORT, EV_CASE_ACT, sql_get(a->st, "SELECT coalesce(max(id), 0) FROM main.casus")) : e;
}

/* The void of this act, when it came by then. */
static enum err void_of(const struct asof *a, const struct casus_act *act, int64_t *commit)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT by FROM voided WHERE device = ? AND epoch = ? AND seq = ? AND by <= ?");
	enum err e;

	sql_str(q, 1, act->key.device);
	sql_str(q, 2, act->key.epoch);
	sql_int(q, 3, act->key.seq);
	sql_int(q, 4, a->ask.commit);
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) > *commit)
		*commit = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err was_case(struct asof *a, const struct dossier *d)
{
	int64_t last = 0, commit = 0;
	sqlite3_stmt *q;
	enum err e = OK;

	if (!d->n)
		return OK; /* not known yet */
	for (uint32_t i = 0; e == OK && i < d->n; i++) {
		if (d->of[i].commit > last)
			last = d->of[i].commit;
		if (d->of[i].commit && d->act[i].fate != FATE_FORCE && d->act[i].fate != FATE_VOIDED) {
			q = sql_get(a->st, "INSERT INTO asof_displaced(\"commit\") VALUES(?)");
			sql_int(q, 1, d->of[i].commit);
			e = sql_run(q);
		}
	}
	commit = last;
	for (uint32_t i = 0; e == OK && i < d->n; i++)
		if (d->act[i].fate == FATE_VOIDED)
			e = void_of(a, &d->act[i], &commit);
	if (e != OK)
		return e;
	q = sql_get(a->st, "INSERT INTO asof_casus SELECT * FROM main.casus WHERE id = ?");
	sql_int(q, 1, d->id);
	return (e = sql_run(q)) == OK ? cases_was(a->st, d, last, commit) : e;
}

static enum err some_cases(struct asof *a, struct breath *b, bool *more)
{
	enum err e;

	do {
		struct dossier d = {0};

		e = a->at < a->last ? dossier_next(&a->src, &a->at, &d) : ERR_NOTFOUND;
		if (e == OK)
			e = was_case(a, &d);
		dossier_done(&d);
	} while (e == OK && !breath_over(b));
	*more = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

/* ------------------------------------------------------------------ tallies */

/* A day of a month that was frozen by then is not counted anew, though nothing may have been kept of it. */
static enum err mark_frozen(struct asof *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT month FROM main.freeze WHERE \"commit\" <= ?");
	enum err e;

	sql_int(q, 1, a->ask.commit);
	while ((e = sql_row(q)) == OK) {
		int month = sqlite3_column_int(q, 0), y = month / 100, m = month % 100;
		int32_t end = m < 12 ? civil_make(y, m + 1, 1) : civil_make(y + 1, 1, 1);

		for (int32_t day = civil_make(y, m, 1); day < end; day++)
			if (day >= a->days.from && day < a->days.to)
				a->days.have[day - a->days.from] = 1;
	}
	return sql_end(q, e);
}

static enum err begin_days(struct asof *a)
{
	enum err e;

	a->days = (struct ledger_days){a->ask.from_day, a->ask.to_day, xcalloc((size_t)(a->ask.to_day - a->ask.from_day), 1)};
	a->at = civil_yyyymmdd(a->days.from) - 1;
	a->last = civil_yyyymmdd(a->days.to - 1);
	if ((e = mark_frozen(a)) != OK)
		return e;
	/* In the order of spans, as they come. */
	return run(a, CASUS_VIEW "; CREATE TEMP TABLE asof_tally(figure TEXT NOT NULL, level TEXT NOT NULL, "
		      "category TEXT NOT NULL, area TEXT NOT NULL, span INTEGER NOT NULL, n INTEGER NOT NULL, \"commit\" INTEGER NOT NULL, "
		      "PRIMARY KEY(span, area, figure, level, category)) WITHOUT ROWID");
}

/* Frozen by then: all that was kept stands, duties too.  Else what did not move since stands, when N ended a batch: what comes and goes
 * within one leaves no trace. */
static enum err stands(struct asof *a, int32_t span, bool *out, bool *frozen)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT 1 FROM main.freeze WHERE month = ? AND \"commit\" <= ?");
	int64_t one;
	enum err e;

	sql_int(q, 1, span / 100);
	sql_int(q, 2, a->ask.commit);
	*out = *frozen = (e = number(q, &one)) == OK;
	if (e != ERR_NOTFOUND || !a->ends_batch)
		return e == ERR_NOTFOUND ? OK : e;
	q = sql_get(a->st, "SELECT 1 FROM main.tally WHERE span = ? AND \"commit\" > ? AND figure NOT IN ('events', 'duty_met', 'duty_overdue') LIMIT 1");
	sql_int(q, 1, span);
	sql_int(q, 2, a->ask.commit);
	*out = (e = number(q, &one)) == ERR_NOTFOUND;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err copy_day(struct asof *a, int32_t span)
{
	bool whole = false, frozen = false;
	sqlite3_stmt *q;
	enum err e = stands(a, span, &whole, &frozen);

	if (e != OK || !whole)
		return e;
	a->days.have[civil_make(span / 10000, span / 100 % 100, span % 100) - a->days.from] = 1;
	q = sql_get(a->st, "INSERT INTO asof_tally(figure, level, category, area, span, n, \"commit\") SELECT figure, level, category, area, span, n, \"commit\" FROM main.tally "
			   "WHERE span = ?1 AND (?2 OR figure NOT IN ('events', 'duty_met', 'duty_overdue')) ORDER BY area, figure, level, category");
	sql_int(q, 1, span);
	sql_int(q, 2, frozen);
	return sql_run(q);
}

static enum err some_days(struct asof *a, struct breath *b, bool *more)
{
	enum err e;

	do {
		sqlite3_stmt *q = sql_get(a->st, "SELECT min(span) FROM main.tally WHERE span > ?1 AND span <= ?2");
		int64_t span = 0;

		sql_int(q, 1, a->at);
		sql_int(q, 2, a->last);
		if ((e = number(q, &span)) != OK || !(*more = span != 0))
			return e;
		a->at = span;
		e = copy_day(a, (int32_t)span);
	} while (e == OK && !breath_over(b));
	return e;
}

static void was_tally(void *ctx, const struct figure_row *f)
{
	struct asof *a = ctx;
	sqlite3_stmt *q;

	if (a->e != OK)
		return;
	q = sql_get(a->st, "INSERT INTO asof_tally(figure, level, category, area, span, n, \"commit\") VALUES(?, ?, ?, ?, ?, ?, ?) "
			   "ON CONFLICT DO UPDATE SET n = n + excluded.n");
	sql_str(q, 1, f->figure);
	sql_str(q, 2, f->level);
	sql_str(q, 3, f->category);
	sql_str(q, 4, f->area);
	sql_int(q, 5, civil_yyyymmdd(f->day));
	sql_int(q, 6, f->n);
	sql_int(q, 7, a->ask.commit);
	a->e = sql_run(q);
}

static enum err begin_sums(struct asof *a)
{
	a->walk = ledger_walk_new(a->st, a->ask.commit, &a->days, was_tally, a);
	return OK;
}

/* Days that moved since, counted anew. */
static enum err some_sums(struct asof *a, struct breath *b, bool *more)
{
	enum err e = ledger_walk_some(a->walk, b, more);

	return e == OK ? a->e : e;
}

static enum err begin_spans(struct asof *a)
{
	a->at = civil_yyyymmdd(a->days.from) / 100;
	a->last = civil_yyyymmdd(a->days.to - 1) / 100;
	return OK;
}

static enum err add_up(struct asof *a, int64_t span)
{
	sqlite3_stmt *q = sql_get(a->st, "INSERT INTO asof_tally(figure, level, category, area, span, n, \"commit\") SELECT figure, level, category, area, ?1, sum(n), max(\"commit\") "
					 "FROM asof_tally WHERE span > ?1 * 100 AND span < ?1 * 100 + 100 GROUP BY area, figure, level, category");

	sql_int(q, 1, span);
	return sql_run(q);
}

/* Months from their days, years from their months. */
static enum err some_spans(struct asof *a, struct breath *b, bool *more)
{
	enum err e;

	do {
		if (!(*more = a->at <= a->last))
			return OK;
		e = add_up(a, a->at);
		if (e == OK && a->at % 100 == 12)
			e = add_up(a, a->at / 100);
		a->at += a->at % 100 == 12 ? 89 : 1;
	} while (e == OK && !breath_over(b));
	return e;
}

static enum err begin_views(struct asof *a)
{
	if (a->ask.depth == ASOF_CASES)
		return run(a, CASUS_VIEW);
	return a->ask.depth == ASOF_ALL ? run(a, "CREATE TEMP VIEW tally AS SELECT * FROM temp.asof_tally") : OK;
}

/* ------------------------------------------------------------------ what is kept with its commit numbers */

/* A view of the table's name: its rows known at N; what ended later has not ended. */
static enum err make_view(struct asof *a, const char *table, const char *until, const char *where)
{
	struct buf b = {0};
	char pragma[64];
	sqlite3_stmt *q;
	int rc;
	enum err e;

	(void)snprintf(pragma, sizeof pragma, "PRAGMA main.table_info(%s)", table); /* fits */
	if ((e = sql_err(sqlite3_prepare_v2(sql_db(a->st), pragma, -1, &q, NULL))) != OK)
		return e;
	buf_addf(&b, "CREATE TEMP VIEW \"%s\" AS SELECT ", table);
	for (int i = 0; (rc = sqlite3_step(q)) == SQLITE_ROW; i++) {
		const char *column = (const char *)sqlite3_column_text(q, 1);

		buf_adds(&b, i ? ", " : "");
		if (until && strcmp(column, until) == 0)
			buf_addf(&b, "CASE WHEN \"%s\" <= %lld THEN \"%s\" END AS \"%s\"", column, (long long)a->ask.commit, column, column);
		else if (strcmp(column, "flags") == 0 && strcmp(table, "event") == 0) /* voided later is not void */
			buf_addf(&b, "CASE WHEN flags & 2 AND EXISTS (SELECT 1 FROM main.stream s JOIN main.voided v ON v.device = s.device AND v.epoch = s.epoch "
				     "WHERE s.id = stream AND v.seq = main.event.seq AND v.by > %lld) THEN flags & ~2 ELSE flags END%s AS flags", (long long)a->ask.commit,
				a->folded ? " & ~4 | CASE WHEN kind IN (9, 10) AND \"commit\" IN (SELECT \"commit\" FROM temp.asof_displaced) THEN 4 ELSE 0 END" : "");
		else
			buf_addf(&b, "\"%s\"", column);
	}
	(void)sqlite3_finalize(q); /* its error was told by the step */
	buf_addf(&b, " FROM main.\"%s\" WHERE %s <= %lld", table, where, (long long)a->ask.commit);
	e = rc == SQLITE_DONE ? sql_err(sqlite3_exec(sql_db(a->st), b.p, NULL, NULL, NULL)) : sql_err(rc);
	buf_done(&b);
	return e;
}

static enum err make_views(struct asof *a, struct breath *b, bool *more)
{
	static const char *const registry[] = {"area", "reach", "person", "appointment", "exemption", "category", "duty", "calendar", "shape", "device", "enrolment", "account"};
	enum err e = OK;

	(void)b;
	*more = false;
	for (size_t i = 0; e == OK && i < ARRAY_LEN(registry); i++)
		e = make_view(a, registry[i], "until", "since");
	if (e == OK)
		e = make_view(a, "event", NULL, "\"commit\"");
	if (e == OK)
		e = make_view(a, "voided", NULL, "by");
	if (e == OK) /* what came into force again has no row in the table any more, and the commit of a row is that of its newest reason */
		e = a->folded ? run(a, "CREATE TEMP VIEW displaced AS SELECT \"commit\", %lld AS by FROM temp.asof_displaced", (long long)a->ask.commit)
			      : make_view(a, "displaced", NULL, "by");
	if (e == OK)
		e = make_view(a, "household", "voided", "\"commit\"");
	if (e == OK)
		e = make_view(a, "correction", NULL, "\"commit\"");
	return e == OK ? make_view(a, "freeze", NULL, "\"commit\"") : e;
}

/* ------------------------------------------------------------------ one after the other */

static const struct stage {
	enum asof_depth depth;
	int share; /* of the time, about */
	enum err (*begin)(struct asof *a);
	enum err (*some)(struct asof *a, struct breath *b, bool *more);
} stages[] = {
	{ASOF_PATROLS, 40, begin_patrols, some_patrols},
	{ASOF_PATROLS, 5, begin_gaps, some_gaps},
	{ASOF_CASES, 25, begin_cases, some_cases},
	{ASOF_ALL, 15, begin_days, some_days},
	{ASOF_ALL, 10, begin_sums, some_sums},
	{ASOF_ALL, 5, begin_spans, some_spans},
	{ASOF_KEPT, 1, begin_views, make_views},
};

static bool deep(const struct asof *a, const struct stage *s)
{
	return s->depth == ASOF_KEPT || a->ask.depth == ASOF_ALL || (s->depth != ASOF_ALL && a->ask.depth >= s->depth);
}

struct asof *asof_new(struct store *st, const struct asof_ask *ask)
{
	struct asof *a = xcalloc(1, sizeof *a);

	a->st = st;
	a->ask = *ask;
	return a;
}

static enum err some(struct asof *a, struct breath *b)
{
	const struct stage *s = &stages[a->stage];
	bool more = true;
	enum err e = OK;

	if (!deep(a, s)) {
		a->stage++;
		return OK;
	}
	if (!a->begun) {
		a->at = a->block = a->last = 0;
		e = s->begin(a);
		a->begun = e == OK;
	}
	if (e == OK)
		e = s->some(a, b, &more);
	if (e != OK || more)
		return e;
	a->folded |= s->some == some_cases;
	a->stage++;
	a->begun = false;
	return OK;
}

enum err asof_some(struct asof *a, bool *more, struct why *why)
{
	struct breath b;
	enum err e = OK;

	/* The file is open for reading only; what is written goes to a temporary one, not to memory, and is never taken back. */
	if (a->stage == 0 && !a->begun)
		e = run(a, "PRAGMA query_only=OFF; PRAGMA temp_store=FILE; PRAGMA temp.journal_mode=OFF; PRAGMA temp.cache_size=-4096");
	if (e == OK && (e = breath_begin(a->st, a->ask.least, &b)) == OK) {
		do
			e = some(a, &b);
		while (e == OK && a->stage < ARRAY_LEN(stages) && !breath_over(&b));
		e = breath_end(a->st, e == OK && FAULT("asof.piece") ? ERR_IO : e);
	}
	*more = e == OK && a->stage < ARRAY_LEN(stages);
	return e == OK ? OK : why_set(why, e, "cannot go back to commit %lld: %s", (long long)a->ask.commit, store_detail(a->st));
}

int asof_progress(const struct asof *a)
{
	int64_t all = 0, done = 0;

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		const struct stage *s = &stages[i];

		if (!deep(a, s))
			continue;
		all += s->share * 1000;
		if (i < a->stage)
			done += s->share * 1000;
		else if (i == a->stage && s->some == some_sums && a->walk)
			done += s->share * ledger_walk_progress(a->walk);
		else if (i == a->stage && s->some == some_days && a->begun)
			done += s->share * (int64_t)(civil_make((int)(a->at / 10000), (int)(a->at / 100 % 100), 1) - a->days.from) * 1000 / (a->days.to - a->days.from);
		else if (i == a->stage && (s->some == some_patrols || s->some == some_cases) && a->begun && a->last > 0)
			done += s->share * (a->at < a->last ? a->at * 1000 / a->last : 1000);
	}
	return (int)(done * 1000 / all);
}

void asof_free(struct asof *a)
{
	if (!a)
		return;
	ledger_walk_free(a->walk);
	recount_free(a->recount);
	registry_free(a->src.registry);
	json_done(&a->src.json);
	free(a->days.have);
	(void)sqlite3_finalize(a->copy); /* says old errors again */
	free(a);
}
