/* store.h - the database: opening, migrating, transactions, commit numbers.
 *
 *   CLOSED --store_open--> IDLE --store_begin--> OPEN --store_commit/_rollback--> IDLE
 *
 * Invariants: a transaction that store_commit() answered OK is on disk (WAL, synchronous=FULL);
 * commit numbers have no holes and rise in commit order; batch times never go back.
 * After ERR_IO or ERR_FULL the transaction is rolled back; after ERR_IO the store must be closed
 * (a failed fsync is never retried).  One writer: a lock file beside the database says so.
 * One thread.  This header and the others here are all that the daemons see of SQL. */
#ifndef XUNGE_SCHEMA_STORE_H
#define XUNGE_SCHEMA_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct store;

enum store_mode { STORE_WRITER, STORE_READER };

#define STORE_DB_ID 33 /* 32 hex digits and NUL */

struct head {
	char db[STORE_DB_ID]; /* id of the database; changes with a restore */
	int64_t commit;       /* highest commit number, 0 = none */
	int64_t rev;          /* number of the last transaction */
	int64_t time_ms;      /* its commit time */
};

/* Makes a new database with the default catalogue (its commit 1).  ERR_EXISTS when there is one. */
enum err store_create(const char *path, int64_t now_ms, struct why *why) MUST_CHECK;

/* Brings an older database to this program's version, each step in its own transaction. */
enum err store_migrate(const char *path, int *from, int *to, struct why *why) MUST_CHECK;

/* ERR_NOTFOUND, ERR_VERSION (another version, or not ours), ERR_BUSY (another writer), ERR_CORRUPT. */
enum err store_open(const char *path, enum store_mode mode, struct store **out, struct why *why)
	MUST_CHECK;
void store_close(struct store *st);

int store_version(void); /* of the schema that this program speaks */

/* What is committed now. */
enum err store_head(struct store *st, struct head *out) MUST_CHECK;

/* Writer: one transaction at a time. */
enum err store_begin(struct store *st) MUST_CHECK;
/* Ends it, writes its batch row (time: now_ms, or the last batch's when the clock went back).
 * *out (may be NULL) is read back inside the transaction. */
enum err store_commit(struct store *st, int64_t now_ms, struct head *out) MUST_CHECK;
void store_rollback(struct store *st); /* nothing when none is open */
bool store_is_open(const struct store *st);
/* The next commit number; inside a transaction only. */
int64_t store_take_commit(struct store *st);
int64_t store_head_next(const struct store *st); /* the highest commit number taken so far, also in the open transaction */
int64_t store_rev(const struct store *st); /* of the open transaction */

/* Notes a durable change that is not an event under a new commit number, which it returns in *out. */
enum err store_note(struct store *st, int64_t now_ms, const char *what, int64_t rows, int64_t *out) MUST_CHECK;

/* Moves the WAL into the database as far as readers allow; never waits. */
void store_checkpoint(struct store *st);
/* Last error of the library, for a log line; never NULL. */
const char *store_detail(const struct store *st);

/* A consistent copy at `to` (must not exist), from any mode, while a writer works. */
enum err store_backup(struct store *st, const char *to, struct why *why) MUST_CHECK;
/* Puts the copy `from` in the place of path and gives it a new database id.  No writer may run. */
enum err store_restore(const char *from, const char *path, int64_t now_ms, struct why *why) MUST_CHECK;

#endif
