#include "schema/books_cases.h"

#include "schema/books_sql.h"

#define CASE_COLUMNS                                                                                  \
	"c.id, c.name, c.\"commit\", c.class, c.category, (SELECT name FROM category WHERE "           \
	"class = c.class AND code = c.category AND until IS NULL), c.severity, c.title, "             \
	"c.scope, " SQL_PLACE("c.scope") ", c.area, " SQL_AREA("c.area") ", c.lat_e7, c.lon_e7, "     \
	"c.reporter, " SQL_PERSON("c.reporter") ", c.holder, " SQL_PERSON("c.holder") ", "            \
	"c.handler, " SQL_PERSON("c.handler") ", c.report_device, c.ref, c.issuer, c.state, "         \
	"c.version, c.level, c.report_at, c.accepted_at, c.dispatched_at, c.handled_at, c.closed_at, " \
	"c.due, c.due_provisional, c.on_time, c.self_fixed, c.result, c.rating, c.counts, c.share "
#define SHARE 38 /* its column */

/* The words of core/casus.h's open states, and of those whose clock runs: as in the partial indexes. */
#define IS_OPEN "c.state IN (1, 2, 3, 4, 5, 8)"
#define IS_RUNNING "c.due IS NOT NULL AND c.state IN (2, 3, 4)"

#define BY_REPORT "FROM casus c INDEXED BY casus_report WHERE" SQL_FALLING("c.report_at", "c.id")
#define BY_ID "FROM casus c INDEXED BY casus_open WHERE " IS_OPEN " AND" SQL_FALLING("c.id", "c.id")
#define BY_DUE "FROM casus c INDEXED BY casus_due WHERE " IS_RUNNING " AND" SQL_RISING("c.due", "c.id")

bool books_case_overdue(const struct books_case *c, int64_t now_ms)
{
	return casus_is_running(c->state) && c->due_ms >= 0 && now_ms > c->due_ms;
}

static struct books_case case_of(sqlite3_stmt *q)
{
	return (struct books_case){.id = sql_cstr(q, 1), .commit = sqlite3_column_int64(q, 2), .klass = sql_cstr(q, 3),
		.category = books_named(q, 4), .severity = sqlite3_column_int(q, 6), .title = sql_cstr(q, 7),
		.scope = books_named(q, 8), .area = books_named(q, 10),
		.has_loc = sqlite3_column_type(q, 12) != SQLITE_NULL && sqlite3_column_type(q, 13) != SQLITE_NULL,
		.lat_e7 = sqlite3_column_int(q, 12), .lon_e7 = sqlite3_column_int(q, 13),
		.reporter = books_named(q, 14), .holder = books_named(q, 16), .handler = books_named(q, 18),
		.device = sql_cstr(q, 20), .ref = sql_cstr(q, 21), .issuer = sql_cstr(q, 22),
		.state = (enum casus_state)sqlite3_column_int(q, 23), .version = sqlite3_column_int64(q, 24),
		.level = sql_cstr(q, 25), .report_ms = books_ms(q, 26), .accepted_ms = books_ms(q, 27),
		.dispatched_ms = books_ms(q, 28), .handled_ms = books_ms(q, 29), .closed_ms = books_ms(q, 30),
		.due_ms = books_ms(q, 31), .due_provisional = sqlite3_column_int(q, 32) != 0,
		.on_time = sqlite3_column_type(q, 33) == SQLITE_NULL ? -1 : sqlite3_column_int(q, 33),
		.self_fixed = sqlite3_column_int(q, 34) != 0, .result = (enum casus_result)sqlite3_column_int(q, 35),
		.rating = (enum casus_rating)sqlite3_column_int(q, 36), .counts = sql_cstr(q, 37)};
}

static sqlite3_stmt *edge_of(struct store *st, enum books_case_walk walk)
{
	switch (walk) {
	case BOOKS_CASES_OPEN:
		return sql_get(st, "SELECT c.id, c.id " BY_ID "ORDER BY c.id DESC LIMIT 1 OFFSET ?7");
	case BOOKS_CASES_OVERDUE:
		return sql_get(st, "SELECT c.due, c.id " BY_DUE "ORDER BY c.due, c.id LIMIT 1 OFFSET ?7");
	case BOOKS_CASES_REPORTED:
		break;
	}
	return sql_get(st, "SELECT c.report_at, c.id " BY_REPORT "ORDER BY c.report_at DESC, c.id DESC LIMIT 1 OFFSET ?7");
}

static sqlite3_stmt *rows_of(struct store *st, enum books_case_walk walk)
{
	switch (walk) {
	case BOOKS_CASES_OPEN:
		return sql_get(st, "SELECT " CASE_COLUMNS BY_ID "AND" SQL_CASE_FILTER "ORDER BY c.id DESC LIMIT ?7");
	case BOOKS_CASES_OVERDUE:
		return sql_get(st, "SELECT " CASE_COLUMNS BY_DUE "AND" SQL_CASE_FILTER "ORDER BY c.due, c.id LIMIT ?7");
	case BOOKS_CASES_REPORTED:
		break;
	}
	return sql_get(st, "SELECT " CASE_COLUMNS BY_REPORT "AND" SQL_CASE_FILTER "ORDER BY c.report_at DESC, c.id DESC LIMIT ?7");
}

static sqlite3_stmt *shares_of(struct store *st, enum books_case_walk walk)
{
	switch (walk) {
	case BOOKS_CASES_OPEN:
		return sql_get(st, "SELECT c.share " BY_ID "AND" SQL_CASE_FILTER);
	case BOOKS_CASES_OVERDUE:
		return sql_get(st, "SELECT c.share " BY_DUE "AND" SQL_CASE_FILTER);
	case BOOKS_CASES_REPORTED:
		break;
	}
	return sql_get(st, "SELECT c.share " BY_REPORT "AND" SQL_CASE_FILTER);
}

void books_case_bind(sqlite3_stmt *q, const char *scope, const char *within, const struct books_case_filter *f)
{
	bool figure = f->share.figure; /* its level and category are not the case's */

	sql_str(q, 1, scope);
	sql_str(q, 2, within);
	sql_str(q, 8, f->klass);
	sql_str(q, 9, figure ? NULL : f->category);
	sql_str(q, 10, figure ? NULL : f->level);
	sql_str(q, 11, f->holder);
	sql_int(q, 12, f->states);
	sql_int(q, 13, f->severity);
	sql_str(q, 14, f->text);
	sql_int(q, 15, f->late_ms);
}

static struct books_at place_of(enum books_case_walk walk, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0);

	return (struct books_at){walk == BOOKS_CASES_OPEN ? id : sqlite3_column_int64(q, walk == BOOKS_CASES_OVERDUE ? 31 : 26), id};
}

/* The walk of p's cases, and its edge.  A figure's may have been reported at any time. */
static enum err walk_of(struct store *st, const struct books_page *p, const struct books_case_filter *f, struct books_walk *w)
{
	if (f->share.figure)
		books_walk_start(w, p, INT64_MIN, INT64_MAX, false);
	else if (f->walk == BOOKS_CASES_REPORTED)
		books_walk_start(w, p, p->from_ms, p->to_ms == INT64_MIN ? p->to_ms : p->to_ms - 1, false);
	else if (f->walk == BOOKS_CASES_OPEN)
		books_walk_start(w, p, 0, INT64_MAX, false);
	else
		books_walk_start(w, p, 0, p->now_ms - 1, true);
	return books_walk_edge(w, edge_of(st, f->walk));
}

enum err books_cases(struct store *st, struct books_page *p, const struct books_case_filter *f,
	void (*row)(void *ctx, const struct books_case *c), void *ctx)
{
	struct books_walk w;
	sqlite3_stmt *q;
	int given = 0;
	enum err e;

	p->more = false;
	if ((e = walk_of(st, p, f, &w)) != OK)
		return e;
	q = rows_of(st, f->walk);
	books_walk_bind(&w, q);
	books_case_bind(q, p->scope, p->within, f);
	sql_int(q, 7, f->share.figure ? BOOKS_LOOK + 1 : (int64_t)p->limit + 1);
	while ((e = sql_row(q)) == OK) {
		struct books_case c;

		if (!books_share_counts(&f->share, p->scope, p->within, sql_cstr(q, SHARE)))
			continue;
		if (!books_give(p, &given, place_of(f->walk, q)))
			break;
		c = case_of(q);
		row(ctx, &c);
	}
	books_walk_end(&w, p);
	return sql_end(q, e);
}

enum err books_cases_count(struct store *st, const struct books_page *p, const struct books_case_filter *f, int64_t *n, bool *more)
{
	struct books_page all = *p;
	struct books_walk w;
	sqlite3_stmt *q;
	enum err e;

	*n = 0;
	all.has_after = false;
	if ((e = walk_of(st, &all, f, &w)) != OK)
		return e;
	*more = w.edge;
	q = shares_of(st, f->walk);
	books_walk_bind(&w, q);
	books_case_bind(q, p->scope, p->within, f);
	while ((e = sql_row(q)) == OK)
		*n += books_share_counts(&f->share, p->scope, p->within, sql_cstr(q, 0));
	return sql_end(q, e);
}

enum err books_case_one(struct store *st, const char *scope, struct slice id,
	void (*row)(void *ctx, const struct books_case *c), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT " CASE_COLUMNS "FROM casus c WHERE c.name = ?3 AND c.report IS NOT NULL AND" SQL_MINE("c.area", "c.scope"));
	enum err e;

	sql_str(q, 1, scope);
	sql_text(q, 3, id);
	if ((e = sql_row(q)) == OK) {
		struct books_case c = case_of(q);

		row(ctx, &c);
	}
	sql_done(q);
	return e;
}

enum err books_cases_of_patrol(struct store *st, const char *scope, const char *device, const char *patrol, int limit,
	void (*row)(void *ctx, const struct books_case *c), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT " CASE_COLUMNS "FROM casus c WHERE c.report_device = ?3 AND c.ref = ?4 AND"
		SQL_MINE("c.area", "c.scope") "ORDER BY c.id LIMIT ?5");
	enum err e;

	sql_str(q, 1, scope);
	sql_str(q, 3, device);
	sql_str(q, 4, patrol);
	sql_int(q, 5, limit);
	while ((e = sql_row(q)) == OK) {
		struct books_case c = case_of(q);

		row(ctx, &c);
	}
	return sql_end(q, e);
}

enum err books_cases_on_map(struct store *st, const char *scope, int limit, int64_t *left,
	void (*row)(void *ctx, const struct books_case *c), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT " CASE_COLUMNS "FROM casus c INDEXED BY casus_open WHERE " IS_OPEN
		" AND c.lat_e7 IS NOT NULL AND" SQL_MINE("c.area", "c.scope") "ORDER BY c.id LIMIT ?3");
	int64_t given = 0;
	enum err e;

	*left = 0;
	sql_str(q, 1, scope);
	sql_int(q, 3, limit);
	for (; (e = sql_row(q)) == OK; given++) {
		struct books_case c = case_of(q);

		row(ctx, &c);
	}
	if ((e = sql_end(q, e)) != OK || given < limit)
		return e;
	q = sql_get(st, "SELECT count(*) FROM casus c INDEXED BY casus_open WHERE " IS_OPEN
		" AND c.lat_e7 IS NOT NULL AND" SQL_MINE("c.area", "c.scope"));
	sql_str(q, 1, scope);
	if ((e = sql_row(q)) == OK)
		*left = sqlite3_column_int64(q, 0) - given;
	return sql_end(q, e);
}
