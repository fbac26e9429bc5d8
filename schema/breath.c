#include "schema/breath.h"

#include "base/clock.h"
#include "schema/sql.h"

enum err breath_begin(struct store *st, bool least, struct breath *out)
{
	enum err e = sql_run(sql_get(st, "BEGIN"));

	if (e == OK)
		*out = (struct breath){.until_mono_ms = clock_mono_ms() + BREATH_MS, .least = least};
	return e;
}

bool breath_over(struct breath *b)
{
	return b->least || clock_mono_ms() >= b->until_mono_ms; /* costs less than a row */
}

enum err breath_end(struct store *st, enum err e)
{
	enum err ended = OK;

	if (e == OK)
		e = ended = sql_run(sql_get(st, "COMMIT"));
	if (e != OK && !sqlite3_get_autocommit(sql_db(st))) /* a full disk may have ended it already */
		ended = sql_run(sql_get(st, "ROLLBACK"));
	if (!sqlite3_get_autocommit(sql_db(st)) || sqlite3_txn_state(sql_db(st), "main") != SQLITE_TXN_NONE)
		die("breath: a read does not end (%d): %s", ended, store_detail(st));
	return e;
}
