#include "schema/exports/pin.h"

#include "base/clock.h"
#include "schema/books_sql.h"

#define ROWS 1000 /* copied by one statement */

struct pin {
	const char *make;  /* the empty copy, in the place of an older one; its index grows with it */
	const char *copy;  /* ROWS rows behind ?3 (time) and ?5 (id) */
	const char *last;  /* the last one copied: time, id */
	const char *stale; /* a row when something after ?1 could have changed one */
};

#define PATROL "id, start_at, device, name, last, end_at, route, target, t_river_level, t_level, person, actor, t_area, duration_s, " \
	       "distance_m, coverage, points, reasons, rule, clear"
#define CASUS "id, report_at, name, last, report, class, category, severity, title, scope, area, lat_e7, lon_e7, reporter, issuer, state, " \
	      "level, holder, handler, accepted_at, dispatched_at, handled_at, closed_at, due, on_time, self_fixed, result, rating, counts, share"
/* Imports change verdicts, levels, deadlines; voids take out what they name. */
#define STALE(kinds) "SELECT 1 FROM event WHERE \"commit\" > ?1 AND kind IN (" kinds ") UNION ALL SELECT 1 FROM change WHERE \"commit\" > ?1 LIMIT 1"

static const struct pin patrols = {
	.make = "DROP TABLE IF EXISTS temp.export_patrol; CREATE TEMP TABLE export_patrol AS SELECT " PATROL " FROM patrol LIMIT 0; "
		"CREATE INDEX temp.export_patrol_start ON export_patrol(start_at, device, name)",
	.copy = "INSERT INTO export_patrol SELECT " PATROL " FROM patrol t WHERE t.start_at >= ?3 AND t.start_at < ?4 AND (t.start_at > ?3 OR "
		"t.id > ?5) AND" SQL_PATROL_FILTER "ORDER BY t.start_at, t.id LIMIT ?6",
	.last = "SELECT start_at, id FROM export_patrol ORDER BY rowid DESC LIMIT 1",
	.stale = STALE("1, 2, 3, 4, 13"),
};

static const struct pin cases = {
	.make = "DROP TABLE IF EXISTS temp.export_casus; CREATE TEMP TABLE export_casus AS SELECT " CASUS " FROM casus LIMIT 0; "
		"CREATE INDEX temp.export_casus_report ON export_casus(report_at, name)",
	.copy = "INSERT INTO export_casus SELECT " CASUS " FROM casus c WHERE c.report_at >= ?3 AND c.report_at < ?4 AND (c.report_at > ?3 OR "
		"c.id > ?5) AND" SQL_CASE_FILTER "ORDER BY c.report_at, c.id LIMIT ?6",
	.last = "SELECT report_at, id FROM export_casus ORDER BY rowid DESC LIMIT 1",
	.stale = STALE("1, 4, 9, 10, 13"), /* a case may stand where the target of its patrol is */
};

static enum err exec(struct store *st, const char *sql)
{
	return sql_err(sqlite3_exec(sql_db(st), sql, NULL, NULL, NULL));
}

/* Some rows behind *at; *more: there may be others. */
static enum err copy_some(const struct table_world *w, const struct pin *p, struct books_at *at, bool *more)
{
	sqlite3_stmt *q = sql_get(w->st, p->copy);
	int rows = w->piece ? 1 : ROWS;
	enum err e;

	sql_int(q, 3, at->key);
	sql_int(q, 4, p == &cases && w->cases.share.figure ? INT64_MAX : w->to_ms);
	sql_int(q, 5, at->id);
	sql_int(q, 6, rows);
	if (p == &cases) {
		struct books_case_filter f = w->cases;

		f.klass = w->klass;
		books_case_bind(q, w->scope, w->within, &f);
	} else {
		books_patrol_bind(q, w->scope, w->within, &w->patrols, w->at_ms);
	}
	if ((e = sql_run(q)) != OK)
		return e;
	if (!(*more = sqlite3_changes(sql_db(w->st)) == rows))
		return OK;
	q = sql_get(w->st, p->last);
	if ((e = sql_row(q)) == OK)
		*at = (struct books_at){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
	sql_done(q);
	return e;
}

/* Lets go of the snapshot, takes the next one. */
static enum err another_read(const struct table_world *w, const struct pin *p)
{
	sqlite3_stmt *q;
	enum err e;

	if ((e = exec(w->st, "COMMIT; BEGIN")) != OK || w->past)
		return e;
	q = sql_get(w->st, p->stale);
	sql_int(q, 1, w->as_of);
	e = sql_row(q);
	sql_done(q);
	return e == OK ? ERR_STALE : e == ERR_NOTFOUND ? OK : e;
}

static enum err pin_rows(const struct table_world *w, const struct pin *p)
{
	int64_t until = clock_mono_ms() + PIN_READ_MS;
	bool ever = p == &cases && w->cases.share.figure; /* its day may be another than the report's */
	struct books_at at = {ever ? INT64_MIN : w->from_ms, INT64_MIN};
	bool more = true;
	enum err e = exec(w->st, p->make);

	while (e == OK && more) {
		e = copy_some(w, p, &at, &more);
		if (e == OK && more && (w->piece || clock_mono_ms() >= until)) {
			e = another_read(w, p);
			until = clock_mono_ms() + PIN_READ_MS;
		}
	}
	return e;
}

enum err pin_patrols(const struct table_world *w)
{
	return pin_rows(w, &patrols);
}

enum err pin_cases(const struct table_world *w)
{
	return pin_rows(w, &cases);
}

void pin_drop(struct store *st)
{
	(void)exec(st, "DROP TABLE IF EXISTS temp.export_patrol; DROP TABLE IF EXISTS temp.export_casus"); /* they go with the connection */
}

enum err pin_is_out(struct store *st, int64_t commit, int64_t flags, int64_t as_of, bool *out)
{
	sqlite3_stmt *q;
	enum err e;

	*out = false;
	if (!(flags & 6))
		return OK;
	q = sql_get(st, "SELECT 1 FROM event e JOIN stream s ON s.id = e.stream JOIN voided v ON v.device = s.device AND v.epoch = s.epoch AND "
		"v.seq = e.seq WHERE e.\"commit\" = ?1 AND v.by <= ?2 UNION ALL SELECT 1 FROM displaced WHERE \"commit\" = ?1 AND by <= ?2 LIMIT 1");
	sql_int(q, 1, commit);
	sql_int(q, 2, as_of);
	e = sql_row(q);
	*out = e == OK;
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}
