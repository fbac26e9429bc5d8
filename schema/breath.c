#include "schema/breath.h"

#include <sys/stat.h>
#include <time.h>

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

/* 0: there is none. */
static int64_t wal_bytes(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 ? (int64_t)s.st_size : 0;
}

void breath_let_go(struct store *st, int64_t most, int64_t *seen)
{
	const char *db = sqlite3_db_filename(sql_db(st), "main"), *wal = db && *db ? sqlite3_filename_wal(db) : NULL;
	int64_t until = clock_mono_ms() + BREATH_PAUSE_MS, now = wal ? wal_bytes(wal) : 0;
	const struct timespec some = {.tv_nsec = 5000000};

	if (now > most && now > *seen) {
		while (now > most && clock_mono_ms() < until) {
			(void)nanosleep(&some, NULL); /* a signal ends it: looked at again */
			now = wal_bytes(wal);
		}
	}
	*seen = now;
}
