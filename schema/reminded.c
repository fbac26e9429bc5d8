#include "schema/reminded.h"

#include "schema/sql.h"

enum err reminded_read(struct store *st, const char *person, const char *rule, const char *target, int64_t since_ms, int64_t as_of,
	struct reminded *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT count(*), max(at), sender, (SELECT name FROM person WHERE id = sender AND until IS NULL) FROM reminder "
		"WHERE person = ?1 AND rule = ?2 AND target = ?3 AND since = ?4 AND (?5 = 0 OR \"commit\" <= ?5)"); /* with max(): that row's columns */
	enum err e;

	*out = (struct reminded){0};
	sql_str(q, 1, person);
	sql_str(q, 2, rule);
	sql_str(q, 3, target);
	sql_int(q, 4, since_ms);
	sql_int(q, 5, as_of);
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) > 0) {
		out->count = sqlite3_column_int64(q, 0);
		out->at_ms = sqlite3_column_int64(q, 1);
		slice_copy(out->by, sizeof out->by, sql_col(q, 2));
		slice_copy(out->by_name, sizeof out->by_name, sql_col(q, 3));
	}
	sql_done(q);
	return e;
}
