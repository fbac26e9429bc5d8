#include "schema/asof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "core/civil.h"
#include "schema/cases.h"
#include "schema/ledger.h"
#include "schema/patrols.h"
#include "schema/recount.h"
#include "schema/sql.h"

struct asof {
	struct store *st;
	int64_t commit;
	bool folded; /* cases are: what was out of force stands in asof_displaced */
	enum err e;
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

/* ------------------------------------------------------------------ what follows from events */

static void was_patrol(void *ctx, const struct patrol *p)
{
	struct asof *a = ctx;
	sqlite3_stmt *q;

	if (a->e != OK || (a->e = patrols_was(a->st, p, a->commit)) != OK)
		return;
	q = sql_get(a->st, "INSERT INTO asof_seen(id) VALUES(?)");
	sql_int(q, 1, p->id);
	a->e = sql_run(q);
}

static enum err make_patrols(struct asof *a)
{
	bool all = false;
	enum err e;

	if ((e = run(a, "CREATE TEMP TABLE asof_seen(id INTEGER PRIMARY KEY); CREATE TEMP TABLE asof_patrol AS SELECT * FROM main.patrol; "
			"CREATE UNIQUE INDEX temp.asof_patrol_id ON asof_patrol(id)")) != OK ||
		(e = recount_changed(a->st, a->commit, was_patrol, a, &all)) != OK || (e = a->e) != OK)
		return e;
	/* those of which nothing was known yet */
	if ((e = run(a, "DELETE FROM asof_patrol WHERE id NOT IN (SELECT id FROM asof_seen) AND id IN (SELECT id FROM main.patrol WHERE \"commit\" > %lld)",
		     (long long)(all ? -1 : a->commit))) != OK)
		return e;
	return run(a, "DELETE FROM asof_seen; "
		      "CREATE INDEX temp.asof_patrol_start ON asof_patrol(start_at); CREATE INDEX temp.asof_patrol_person ON asof_patrol(person, start_at); "
		      "CREATE INDEX temp.asof_patrol_name ON asof_patrol(device, name)");
}

/* The void of this act, when it came by then. */
static enum err void_of(const struct asof *a, const struct casus_act *act, int64_t *commit)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT by FROM voided WHERE device = ? AND epoch = ? AND seq = ? AND by <= ?");
	enum err e;

	sql_str(q, 1, act->key.device);
	sql_str(q, 2, act->key.epoch);
	sql_int(q, 3, act->key.seq);
	sql_int(q, 4, a->commit);
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) > *commit)
		*commit = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err was_case(void *ctx, const struct dossier *d)
{
	struct asof *a = ctx;
	int64_t last = 0, commit = 0;
	sqlite3_stmt *q;
	enum err e = OK;

	if (!d->n)
		return OK;
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
	if (e != OK || (e = cases_was(a->st, d, last, commit)) != OK)
		return e;
	q = sql_get(a->st, "INSERT INTO asof_seen(id) VALUES(?)");
	sql_int(q, 1, d->id);
	return sql_run(q);
}

static enum err make_cases(struct asof *a)
{
	enum err e;

	if ((e = run(a, "CREATE TEMP TABLE asof_displaced(\"commit\" INTEGER PRIMARY KEY); CREATE TEMP TABLE asof_casus AS SELECT * FROM main.casus; "
			"CREATE UNIQUE INDEX temp.asof_casus_id ON asof_casus(id)")) != OK ||
		(e = ledger_cases(a->st, a->commit, was_case, a)) != OK)
		return e;
	a->folded = true;
	return run(a, "DELETE FROM asof_casus WHERE id NOT IN (SELECT id FROM asof_seen); CREATE UNIQUE INDEX temp.asof_casus_name ON asof_casus(name); "
		      "CREATE INDEX temp.asof_casus_report ON asof_casus(report_at); CREATE INDEX temp.asof_casus_due ON asof_casus(due)");
}

static void was_tally(void *ctx, const struct figure_row *f)
{
	struct asof *a = ctx;
	sqlite3_stmt *q;

	if (a->e != OK)
		return;
	q = sql_get(a->st, "INSERT INTO asof_tally(figure, level, category, area, span, n, \"commit\") SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE "
			   "NOT EXISTS (SELECT 1 FROM freeze WHERE month = ?5 / 100 AND \"commit\" <= ?7) ON CONFLICT DO UPDATE SET n = n + excluded.n");
	sql_str(q, 1, f->figure);
	sql_str(q, 2, f->level);
	sql_str(q, 3, f->category);
	sql_str(q, 4, f->area);
	sql_int(q, 5, civil_yyyymmdd(f->day));
	sql_int(q, 6, f->n);
	sql_int(q, 7, a->commit);
	a->e = sql_run(q);
}

/* Days: counted anew, those of frozen months as they were frozen; months and years from them. */
static enum err make_tallies(struct asof *a)
{
	enum err e;

	if ((e = run(a, "CREATE TEMP TABLE asof_tally(figure TEXT NOT NULL, level TEXT NOT NULL, category TEXT NOT NULL, area TEXT NOT NULL, "
			"span INTEGER NOT NULL, n INTEGER NOT NULL, \"commit\" INTEGER NOT NULL, PRIMARY KEY(figure, area, level, category, span)) WITHOUT ROWID; "
			"INSERT INTO asof_tally SELECT figure, level, category, area, span, n, \"commit\" FROM main.tally WHERE span > 999999 AND "
			"span / 100 IN (SELECT month FROM main.freeze WHERE \"commit\" <= %lld)", (long long)a->commit)) != OK ||
		(e = ledger_sums(a->st, a->commit, was_tally, a)) != OK || (e = a->e) != OK)
		return e;
	return run(a, "INSERT INTO asof_tally SELECT figure, level, category, area, span / 100, sum(n), max(\"commit\") FROM asof_tally WHERE span > 999999 "
		      "GROUP BY figure, area, level, category, span / 100; "
		      "INSERT INTO asof_tally SELECT figure, level, category, area, span / 100, sum(n), max(\"commit\") FROM asof_tally WHERE span BETWEEN 10000 AND 999999 "
		      "GROUP BY figure, area, level, category, span / 100; CREATE INDEX temp.asof_tally_place ON asof_tally(span, area)");
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
			buf_addf(&b, "CASE WHEN \"%s\" <= %lld THEN \"%s\" END AS \"%s\"", column, (long long)a->commit, column, column);
		else if (strcmp(column, "flags") == 0 && strcmp(table, "event") == 0) /* voided later is not void */
			buf_addf(&b, "CASE WHEN flags & 2 AND EXISTS (SELECT 1 FROM main.stream s JOIN main.voided v ON v.device = s.device AND v.epoch = s.epoch "
				     "WHERE s.id = stream AND v.seq = main.event.seq AND v.by > %lld) THEN flags & ~2 ELSE flags END%s AS flags", (long long)a->commit,
				a->folded ? " & ~4 | CASE WHEN kind IN (9, 10) AND \"commit\" IN (SELECT \"commit\" FROM temp.asof_displaced) THEN 4 ELSE 0 END" : "");
		else
			buf_addf(&b, "\"%s\"", column);
	}
	(void)sqlite3_finalize(q); /* its error was told by the step */
	buf_addf(&b, " FROM main.\"%s\" WHERE %s <= %lld", table, where, (long long)a->commit);
	e = rc == SQLITE_DONE ? sql_err(sqlite3_exec(sql_db(a->st), b.p, NULL, NULL, NULL)) : sql_err(rc);
	buf_done(&b);
	return e;
}

static enum err make_views(struct asof *a)
{
	static const char *const registry[] = {"area", "reach", "person", "appointment", "exemption", "category", "duty", "calendar", "shape", "device", "enrolment", "account"};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(registry); i++)
		e = make_view(a, registry[i], "until", "since");
	if (e == OK)
		e = make_view(a, "event", NULL, "\"commit\"");
	if (e == OK)
		e = make_view(a, "voided", NULL, "by");
	if (e == OK) /* what came into force again has no row in the table any more, and the commit of a row is that of its newest reason */
		e = a->folded ? run(a, "CREATE TEMP VIEW displaced AS SELECT \"commit\", %lld AS by FROM temp.asof_displaced", (long long)a->commit)
			      : make_view(a, "displaced", NULL, "by");
	if (e == OK)
		e = make_view(a, "household", "voided", "\"commit\"");
	if (e == OK)
		e = make_view(a, "correction", NULL, "\"commit\"");
	return e == OK ? make_view(a, "freeze", NULL, "\"commit\"") : e;
}

static bool deep(enum asof_depth asked, enum asof_depth d)
{
	return asked == ASOF_ALL || asked >= d;
}

enum err asof_enter(struct store *st, int64_t commit, enum asof_depth depth, struct why *why)
{
	struct asof a = {.st = st, .commit = commit};
	enum err e;

	/* The file is open for reading only; what is written goes to a temporary one, not to memory. */
	e = run(&a, "PRAGMA query_only=OFF; PRAGMA temp_store=FILE; BEGIN"); /* one transaction: each row by itself would cost a journal */
	if (e == OK && deep(depth, ASOF_PATROLS) && (e = make_patrols(&a)) == OK) /* they say where cases seen on them are */
		e = run(&a, "CREATE TEMP VIEW patrol AS SELECT * FROM temp.asof_patrol");
	if (e == OK && deep(depth, ASOF_CASES) && (e = make_cases(&a)) == OK)
		e = run(&a, "CREATE TEMP VIEW casus AS SELECT * FROM temp.asof_casus");
	if (e == OK && depth == ASOF_ALL && (e = make_tallies(&a)) == OK)
		e = run(&a, "CREATE TEMP VIEW tally AS SELECT * FROM temp.asof_tally");
	if (e == OK)
		e = make_views(&a);
	if (e == OK)
		e = run(&a, "COMMIT");
	return e == OK ? OK : why_set(why, e, "cannot go back to commit %lld: %s", (long long)commit, store_detail(st));
}
