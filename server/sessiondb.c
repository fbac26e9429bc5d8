#include "server/sessiondb.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

#define SESSIONDB_VERSION 1
#define SESSIONDB_APPLICATION 0x58475356 /* "XGSV" */

struct sessiondb {
	sqlite3 *db;
};

static enum err sqlite_err(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return ERR_CORRUPT;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

static int pragma(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int v = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		v = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return v;
}

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE session(hash BLOB PRIMARY KEY, user TEXT NOT NULL, pass BLOB NOT NULL,"
	" made INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE lock(key BLOB PRIMARY KEY, fails INTEGER NOT NULL, at INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"PRAGMA application_id=1481069398; PRAGMA user_version=1;"
	"COMMIT;";

/* Came later, and is ignored by programs that do not know it: the version stays. */
static const char later[] =
	"CREATE TABLE IF NOT EXISTS upload(id TEXT PRIMARY KEY, device TEXT NOT NULL, sha256 TEXT NOT NULL,"
	" kind INTEGER NOT NULL, length INTEGER NOT NULL, made INTEGER NOT NULL, done INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS met(db TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

enum err sessiondb_open(const char *path, struct sessiondb **out, struct why *why)
{
	struct sessiondb *d = xcalloc(1, sizeof *d);
	mode_t old = umask(0077);
	int rc = sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	enum err e = sqlite_err(rc);
	int version;

	if (e == OK) {
		sqlite3_busy_timeout(d->db, 1000);
		rc = sqlite3_exec(d->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
					 "PRAGMA trusted_schema=OFF; PRAGMA journal_size_limit=1048576", NULL, NULL, NULL);
		e = sqlite_err(rc);
	}
	umask(old);
	if (e != OK) {
		(void)why_set(why, e, "cannot open %s: %s", path, d->db ? sqlite3_errmsg(d->db) : "memory");
		goto out;
	}
	version = pragma(d->db, "PRAGMA user_version");
	if (version == 0 && pragma(d->db, "SELECT count(*) FROM sqlite_schema") == 0) {
		e = sqlite_err(sqlite3_exec(d->db, schema, NULL, NULL, NULL));
		if (e != OK)
			(void)why_set(why, e, "cannot make %s: %s", path, sqlite3_errmsg(d->db));
	} else if (version != SESSIONDB_VERSION ||
		   pragma(d->db, "PRAGMA application_id") != SESSIONDB_APPLICATION) {
		e = why_set(why, ERR_VERSION,
			"%s is not a session database of this version: move it away (people sign in again)", path);
	}
	if (e == OK && (e = sqlite_err(sqlite3_exec(d->db, later, NULL, NULL, NULL))) != OK)
		(void)why_set(why, e, "cannot write %s: %s", path, sqlite3_errmsg(d->db));
out:
	if (e == OK)
		*out = d;
	else
		sessiondb_close(d);
	return e;
}

void sessiondb_close(struct sessiondb *d)
{
	if (!d)
		return;
	sqlite3_close(d->db);
	free(d);
}

/* Few statements, a few a minute: prepared anew each time. */
static enum err prepare(struct sessiondb *d, const char *sql, sqlite3_stmt **s)
{
	return sqlite_err(sqlite3_prepare_v2(d->db, sql, -1, s, NULL));
}

static enum err run(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	sqlite3_finalize(s);
	return sqlite_err(rc);
}

static void copy_blob(sqlite3_stmt *s, int i, void *out, size_t n)
{
	size_t have = (size_t)sqlite3_column_bytes(s, i);

	memset(out, 0, n);
	if (have)
		memcpy(out, sqlite3_column_blob(s, i), have < n ? have : n);
}

enum err sessiondb_sessions(struct sessiondb *d, void (*row)(void *ctx, const struct session_row *r), void *ctx)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "SELECT hash, user, pass, made, used FROM session", &s);
	int rc = SQLITE_DONE;

	while (e == OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct session_row r = {.user = (const char *)sqlite3_column_text(s, 1),
			.made_ms = sqlite3_column_int64(s, 3),
			.used_ms = sqlite3_column_int64(s, 4)};

		copy_blob(s, 0, r.hash, sizeof r.hash);
		copy_blob(s, 2, r.pass, sizeof r.pass);
		row(ctx, &r);
	}
	sqlite3_finalize(s);
	return e != OK ? e : sqlite_err(rc);
}

enum err sessiondb_locks(struct sessiondb *d, void (*row)(void *ctx, const struct lock_row *r), void *ctx)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "SELECT key, fails, at FROM lock", &s);
	int rc = SQLITE_DONE;

	while (e == OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct lock_row r = {.fails = sqlite3_column_int(s, 1), .at_ms = sqlite3_column_int64(s, 2)};

		copy_blob(s, 0, r.key, sizeof r.key);
		row(ctx, &r);
	}
	sqlite3_finalize(s);
	return e != OK ? e : sqlite_err(rc);
}

enum err sessiondb_put(struct sessiondb *d, const struct session_row *r)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "INSERT OR REPLACE INTO session VALUES(?,?,?,?,?)", &s);

	if (e != OK)
		return e;
	sqlite3_bind_blob(s, 1, r->hash, sizeof r->hash, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, r->user, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, r->pass, sizeof r->pass, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, r->made_ms);
	sqlite3_bind_int64(s, 5, r->used_ms);
	return run(s);
}

enum err sessiondb_used(struct sessiondb *d, const uint8_t hash[SESSION_HASH], int64_t used_ms)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "UPDATE session SET used=? WHERE hash=?", &s);

	if (e != OK)
		return e;
	sqlite3_bind_int64(s, 1, used_ms);
	sqlite3_bind_blob(s, 2, hash, SESSION_HASH, SQLITE_STATIC);
	return run(s);
}

enum err sessiondb_drop(struct sessiondb *d, const uint8_t hash[SESSION_HASH])
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "DELETE FROM session WHERE hash=?", &s);

	if (e != OK)
		return e;
	sqlite3_bind_blob(s, 1, hash, SESSION_HASH, SQLITE_STATIC);
	return run(s);
}

enum err sessiondb_lock_put(struct sessiondb *d, const struct lock_row *r)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "INSERT OR REPLACE INTO lock VALUES(?,?,?)", &s);

	if (e != OK)
		return e;
	sqlite3_bind_blob(s, 1, r->key, sizeof r->key, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, r->fails);
	sqlite3_bind_int64(s, 3, r->at_ms);
	return run(s);
}

enum err sessiondb_lock_drop(struct sessiondb *d, const uint8_t key[LOCK_KEY])
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "DELETE FROM lock WHERE key=?", &s);

	if (e != OK)
		return e;
	sqlite3_bind_blob(s, 1, key, LOCK_KEY, SQLITE_STATIC);
	return run(s);
}

/* ------------------------------------------------------------------ uploads */

enum err sessiondb_hurry(struct sessiondb *d)
{
	return sqlite_err(sqlite3_exec(d->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL));
}

static void copy_text(sqlite3_stmt *s, int i, char *out, size_t room)
{
	const char *p = (const char *)sqlite3_column_text(s, i);

	slice_copy(out, room, slice_of(p ? p : ""));
}

enum err sessiondb_uploads(struct sessiondb *d, void (*row)(void *ctx, const struct upload_row *r), void *ctx)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "SELECT id, device, sha256, kind, length, made, done FROM upload ORDER BY made, id", &s);
	int rc = SQLITE_DONE;

	while (e == OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct upload_row r = {.kind = sqlite3_column_int(s, 3), .length = sqlite3_column_int64(s, 4),
			.made_ms = sqlite3_column_int64(s, 5), .done_ms = sqlite3_column_int64(s, 6)};

		copy_text(s, 0, r.id, sizeof r.id);
		copy_text(s, 1, r.device, sizeof r.device);
		copy_text(s, 2, r.sha256, sizeof r.sha256);
		row(ctx, &r);
	}
	sqlite3_finalize(s);
	return e != OK ? e : sqlite_err(rc);
}

enum err sessiondb_upload_put(struct sessiondb *d, const struct upload_row *r)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "INSERT OR REPLACE INTO upload VALUES(?,?,?,?,?,?,?)", &s);

	if (e != OK)
		return e;
	sqlite3_bind_text(s, 1, r->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, r->device, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, r->sha256, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 4, r->kind);
	sqlite3_bind_int64(s, 5, r->length);
	sqlite3_bind_int64(s, 6, r->made_ms);
	sqlite3_bind_int64(s, 7, r->done_ms);
	return run(s);
}

enum err sessiondb_upload_drop(struct sessiondb *d, const char *id)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "DELETE FROM upload WHERE id=?", &s);

	if (e != OK)
		return e;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	return run(s);
}

enum err sessiondb_met(struct sessiondb *d, const char *db, int64_t now_ms, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	enum err e = prepare(d, "INSERT INTO met VALUES(?1,?2) ON CONFLICT(db) DO UPDATE SET at=min(at,?2) RETURNING at", &s);
	int rc;

	if (e != OK)
		return e;
	sqlite3_bind_text(s, 1, db, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, now_ms);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW ? OK : sqlite_err(rc);
}
