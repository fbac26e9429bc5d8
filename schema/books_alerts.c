#include "schema/books_alerts.h"

#include <stdio.h>

#include "schema/books_sql.h"

/* ?1, ?2 as in books_sql.h */
#define SEEN                                                                                     \
	"(" SQL_MINE("coalesce(area, '')", "coalesce(scope, '')") ") OR (coalesce(area, '') = '' AND " \
	"person IS NULL AND casus IS NULL AND substr(coalesce(?2, ''), 1, 1) <> '~')"

static enum err give(struct store *st, const char *id, void (*row)(void *ctx, const struct books_alert *a), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT type, title, casus, told, scope, " SQL_PLACE("a.scope") ", person, " SQL_PERSON("a.person")
		", acked_by, coalesce(" SQL_PERSON("a.acked_by") ", acked_by), severity, lat_e7, lon_e7, late, active, at, raised, "
		"cleared, acked_at FROM alert a WHERE id = ?");
	enum err e;

	sql_str(q, 1, id);
	if ((e = sql_row(q)) == OK) {
		struct books_alert a = {.id = id, .type = sql_cstr(q, 0), .title = sql_cstr(q, 1), .casus = sql_cstr(q, 2), .told = sql_cstr(q, 3),
			.scope = books_named(q, 4), .person = books_named(q, 6), .acked_by = books_named(q, 8), .severity = sqlite3_column_int(q, 10),
			.has_loc = sqlite3_column_type(q, 11) != SQLITE_NULL, .lat_e7 = sqlite3_column_int(q, 11), .lon_e7 = sqlite3_column_int(q, 12),
			.late = sqlite3_column_int(q, 13) != 0, .active = sqlite3_column_int(q, 14) != 0, .at_ms = sqlite3_column_int64(q, 15),
			.raised_ms = sqlite3_column_int64(q, 16), .cleared_ms = books_ms(q, 17), .acked_ms = books_ms(q, 18)};

		row(ctx, &a);
	}
	return sql_end(q, e);
}

enum err books_alerts(struct store *st, struct books_page *p, char after_id[BOOKS_ALERT_ID],
	void (*row)(void *ctx, const struct books_alert *a), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT at, id, " SEEN " FROM alert WHERE at >= ?3 AND (at, id) < (?4, ?5) ORDER BY at DESC, id DESC");
	int given = 0, looked = 0;
	enum err e, e2 = OK;

	p->more = false;
	sql_str(q, 1, p->scope);
	sql_str(q, 2, p->within);
	sql_int(q, 3, p->from_ms);
	sql_int(q, 4, p->has_after ? p->after.key : p->to_ms);
	sql_str(q, 5, p->has_after ? after_id : "");
	while ((e = sql_row(q)) == OK && e2 == OK) {
		if (given == p->limit || looked++ == BOOKS_LOOK) {
			p->more = true;
			break;
		}
		if (sqlite3_column_int(q, 2)) {
			given++;
			e2 = give(st, sql_cstr(q, 1), row, ctx);
		}
		p->next = (struct books_at){sqlite3_column_int64(q, 0), 0};
		(void)snprintf(after_id, BOOKS_ALERT_ID, "%s", sql_cstr(q, 1)); /* ids are shorter */
	}
	e = sql_end(q, e);
	return e2 == OK ? e : e2;
}
