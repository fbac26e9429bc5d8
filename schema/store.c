#include "schema/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/map.h"
#include "schema/sql.h"
#include "schema/sql_text.h"

#define APPLICATION_ID 0x58554e47 /* "XUNG" */
#define STMT_SLOTS 512            /* statements of one store; each is a literal in schema/ */

#ifdef MUTANT_SYNC_NORMAL /* a mistake that the tests must catch */
#define SYNCHRONOUS "NORMAL"
#else
#define SYNCHRONOUS "FULL"
#endif

struct store {
	sqlite3 *db;
	enum store_mode mode;
	int lock_fd;
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} slot[STMT_SLOTS];
	struct head head; /* writer: what is committed */
	struct head next; /* writer: of the open transaction */
	bool open;
	char detail[256];
};

/* ------------------------------------------------------------------ sql.h */

sqlite3 *sql_db(struct store *st)
{
	return st->db;
}

enum err sql_err(int rc)
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
	case SQLITE_NOMEM:
		die("store: SQLite is out of memory");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT: /* our rows contradict each other */
	case SQLITE_ERROR:      /* a table or column that should be there is not */
	case SQLITE_MISUSE:
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}

sqlite3_stmt *sql_get(struct store *st, const char *sql)
{
	size_t i = ((uintptr_t)sql >> 2) * 2654435761u % STMT_SLOTS;

	for (size_t n = 0; n < STMT_SLOTS; n++, i = (i + 1) % STMT_SLOTS) {
		if (st->slot[i].sql == sql) {
			(void)sqlite3_reset(st->slot[i].stmt); /* repeats the last step's error */
			(void)sqlite3_clear_bindings(st->slot[i].stmt); /* cannot fail */
			return st->slot[i].stmt;
		}
		if (st->slot[i].sql)
			continue;
		if (sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
			    &st->slot[i].stmt, NULL) != SQLITE_OK)
			return NULL;
		st->slot[i].sql = sql;
		return st->slot[i].stmt;
	}
	die("store: more than %d statements", STMT_SLOTS);
}

enum err sql_run(sqlite3_stmt *s)
{
	int rc;

	if (!s)
		return ERR_CORRUPT;
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		rc = SQLITE_DONE;
	(void)sqlite3_reset(s); /* says rc again */
	return sql_err(rc);
}

enum err sql_row(sqlite3_stmt *s)
{
	int rc;

	if (!s)
		return ERR_CORRUPT;
	rc = sqlite3_step(s);
	return rc == SQLITE_ROW ? OK : rc == SQLITE_DONE ? ERR_NOTFOUND : sql_err(rc);
}

void sql_done(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s); /* says the last step's error again; NULL is allowed */
}

/* Binding fails only for a wrong index or a reset statement: our bugs. */
static void bound(int rc)
{
	if (rc != SQLITE_OK)
		die("store: bind failed rc=%d", rc);
}

void sql_int(sqlite3_stmt *s, int i, int64_t v)
{
	if (s)
		bound(sqlite3_bind_int64(s, i, v));
}

void sql_text(sqlite3_stmt *s, int i, struct slice v)
{
	if (s)
		bound(v.p ? sqlite3_bind_text(s, i, v.p, (int)v.n, SQLITE_STATIC)
			  : sqlite3_bind_null(s, i));
}

void sql_str(sqlite3_stmt *s, int i, const char *v)
{
	sql_text(s, i, slice_of(v));
}

void sql_blob(sqlite3_stmt *s, int i, struct slice v)
{
	if (s)
		bound(v.p ? sqlite3_bind_blob(s, i, v.p, (int)v.n, SQLITE_STATIC)
			  : sqlite3_bind_null(s, i));
}

struct slice sql_col(sqlite3_stmt *s, int i)
{
	struct slice v = {(const char *)sqlite3_column_blob(s, i), 0};

	if (sqlite3_column_type(s, i) == SQLITE_NULL)
		return (struct slice){NULL, 0};
	v.n = (uint32_t)sqlite3_column_bytes(s, i);
	if (!v.p)
		v.p = ""; /* an empty value is not an absent one */
	return v;
}

const char *sql_cstr(sqlite3_stmt *s, int i)
{
	const char *v = (const char *)sqlite3_column_text(s, i);

	return v ? v : "";
}

enum err sql_end(sqlite3_stmt *s, enum err e)
{
	sql_done(s);
	return e == ERR_NOTFOUND ? OK : e;
}

/* ------------------------------------------------------------------ opening */

int store_version(void)
{
	int n = 0;

	while (sql_migration[n])
		n++;
	return n;
}

const char *store_detail(const struct store *st)
{
	return st->detail[0] ? st->detail : st->db ? sqlite3_errmsg(st->db) : "closed";
}

static enum err pragma_int(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s); /* says rc again */
	return rc == SQLITE_ROW ? OK : rc == SQLITE_DONE ? ERR_NOTFOUND : sql_err(rc);
}

static enum err exec(sqlite3 *db, const char *sql)
{
	return sql_err(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* Opens the file and sets what every connection needs. */
static enum err connect(const char *path, int flags, sqlite3 **out)
{
	sqlite3 *db = NULL;
	enum err e = sql_err(sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL));

	if (e == OK)
		e = sql_err(sqlite3_busy_timeout(db, 5000));
	if (e == OK) {
		(void)sqlite3_extended_result_codes(db, 1); /* cannot fail on an open handle */
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* known options */
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	}
	*out = db;
	return e;
}

static enum err setup(sqlite3 *db, enum store_mode mode)
{
	int persist = 1;
	enum err e;

	if (mode == STORE_READER)
		return exec(db, "PRAGMA query_only=ON; PRAGMA mmap_size=268435456; "
				"PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY");
	/* Readers of another user must find the -wal file (platform page, D). */
	e = sql_err(sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist));
	if (e == OK)
		e = exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=" SYNCHRONOUS "; "
			     "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; "
			     "PRAGMA secure_delete=OFF; PRAGMA foreign_keys=ON; "
			     "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY");
	return e;
}

/* One writer, whoever it is: a lock beside the database, gone with the process. */
static enum err lock_writer(const char *path, int *out_fd, struct why *why)
{
	char *name = xasprintf("%s.lock", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	enum err e = OK;

	if (fd < 0)
		e = why_set(why, ERR_IO, "cannot open %s: %s", name, strerror(errno));
	else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		e = why_set(why, ERR_BUSY, "%s is being written by another process (%s is locked): "
			"stop it, or go through it", path, name);
		(void)close(fd); /* nothing was written */
		fd = -1;
	}
	free(name);
	*out_fd = fd;
	return e;
}

static enum err check_version(sqlite3 *db, const char *path, struct why *why)
{
	int64_t id = 0, v = 0;
	enum err e;

	if ((e = pragma_int(db, "PRAGMA application_id", &id)) != OK ||
		(e = pragma_int(db, "PRAGMA user_version", &v)) != OK)
		return why_set(why, e, "cannot read %s: %s", path, sqlite3_errmsg(db));
	if (id != APPLICATION_ID)
		return why_set(why, ERR_VERSION, "%s is not a Xunge database", path);
	if (v > store_version())
		return why_set(why, ERR_VERSION,
			"%s has version %d, this program knows up to %d: install the newer Xunge", path,
			(int)v, store_version());
	if (v < store_version())
		return why_set(why, ERR_VERSION,
			"%s has version %d, this program wants %d: run xunge migrate", path, (int)v,
			store_version());
	return OK;
}

static enum err read_head(struct store *st, struct head *out)
{
	sqlite3_stmt *s = sql_get(st, "SELECT rev, last, time, (SELECT value FROM meta WHERE "
				      "key = 'db') FROM batch ORDER BY rev DESC LIMIT 1");
	enum err e = sql_row(s);
	struct slice db;

	if (e == OK) {
		out->rev = sqlite3_column_int64(s, 0);
		out->commit = sqlite3_column_int64(s, 1);
		out->time_ms = sqlite3_column_int64(s, 2);
		db = sql_col(s, 3);
		(void)snprintf(out->db, sizeof out->db, "%.*s", (int)db.n, db.p); /* 32 digits */
	}
	sql_done(s);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

enum err store_open(const char *path, enum store_mode mode, struct store **out, struct why *why)
{
	struct store *st = xcalloc(1, sizeof *st);
	enum err e = OK;

	st->mode = mode;
	st->lock_fd = -1;
	if (access(path, F_OK) != 0) {
		e = why_set(why, ERR_NOTFOUND, "no database at %s: run xunge init", path);
		goto out;
	}
	if (mode == STORE_WRITER && (e = lock_writer(path, &st->lock_fd, why)) != OK)
		goto out;
	e = connect(path, mode == STORE_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY,
		&st->db);
	if (e != OK) {
		e = why_set(why, e, "cannot open %s: %s", path, sqlite3_errmsg(st->db));
		goto out;
	}
	if ((e = check_version(st->db, path, why)) != OK)
		goto out;
	if ((e = setup(st->db, mode)) != OK || (e = read_head(st, &st->head)) != OK)
		e = why_set(why, e, "cannot use %s: %s", path, sqlite3_errmsg(st->db));
out:
	if (e == OK)
		*out = st;
	else
		store_close(st);
	return e;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	store_rollback(st);
	for (size_t i = 0; i < STMT_SLOTS; i++)
		(void)sqlite3_finalize(st->slot[i].stmt); /* says old errors again */
	if (st->db && sqlite3_close(st->db) != SQLITE_OK)
		die("store: a statement is still open");
	if (st->lock_fd >= 0)
		(void)close(st->lock_fd); /* holds no data */
	free(st);
}

enum err store_head(struct store *st, struct head *out)
{
	if (st->mode == STORE_WRITER) {
		*out = st->head;
		return OK;
	}
	return read_head(st, out);
}

/* ------------------------------------------------------------------ transactions */

enum err store_begin(struct store *st)
{
	enum err e;

	if (st->open)
		return OK;
	e = sql_run(sql_get(st, "BEGIN IMMEDIATE"));
	if (e != OK)
		return e;
	st->open = true;
	st->next = st->head;
	st->next.rev++;
	return OK;
}

enum err store_commit(struct store *st, int64_t now_ms, struct head *out)
{
	sqlite3_stmt *s = sql_get(st, "INSERT INTO batch(rev, last, time) VALUES(?, ?, ?)");
	enum err e;

	if (!st->open)
		return ERR_CLOSED;
	if (now_ms > st->next.time_ms)
		st->next.time_ms = now_ms;
	sql_int(s, 1, st->next.rev);
	sql_int(s, 2, st->next.commit);
	sql_int(s, 3, st->next.time_ms);
	e = sql_run(s);
	if (e == OK && FAULT("tx.commit"))
		e = ERR_FULL;
	if (e == OK)
		e = sql_run(sql_get(st, "COMMIT"));
	if (e != OK) {
		(void)snprintf(st->detail, sizeof st->detail, "%s", sqlite3_errmsg(st->db)); /* cut */
		store_rollback(st);
		return e;
	}
	st->open = false;
	st->detail[0] = '\0';
	st->head = st->next;
	if (out)
		*out = st->head;
	return OK;
}

void store_rollback(struct store *st)
{
	if (!st->open)
		return;
	st->open = false;
	/* A full disk may have rolled it back already. */
	if (!sqlite3_get_autocommit(st->db) && sql_run(sql_get(st, "ROLLBACK")) != OK &&
		!sqlite3_get_autocommit(st->db))
		die("store: cannot roll back: %s", sqlite3_errmsg(st->db));
}

bool store_is_open(const struct store *st)
{
	return st->open;
}

int64_t store_take_commit(struct store *st)
{
	if (!st->open)
		die("store: a commit number outside a transaction");
	return ++st->next.commit;
}

int64_t store_head_next(const struct store *st)
{
	return st->open ? st->next.commit : st->head.commit;
}

int64_t store_rev(const struct store *st)
{
	return st->next.rev;
}

enum err store_note(struct store *st, int64_t now_ms, const char *what, int64_t rows, int64_t *out)
{
	sqlite3_stmt *s =
		sql_get(st, "INSERT INTO change(\"commit\", time, what, rows) VALUES(?, ?, ?, ?)");
	int64_t n = store_take_commit(st);

	sql_int(s, 1, n);
	sql_int(s, 2, now_ms);
	sql_str(s, 3, what);
	sql_int(s, 4, rows);
	*out = n;
	return sql_run(s);
}

void store_checkpoint(struct store *st)
{
	/* Busy readers only make it move less; the next one goes on. */
	(void)sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* ------------------------------------------------------------------ create, migrate, copies */

static void new_db_id(char out[STORE_DB_ID])
{
	unsigned char r[16];

	if (getrandom(r, sizeof r, 0) != sizeof r)
		die("store: getrandom failed");
	for (size_t i = 0; i < sizeof r; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", r[i]); /* two digits */
}

static enum err migrate(sqlite3 *db, int from)
{
	char pragma[64];
	enum err e = OK;

	for (int v = from; sql_migration[v] && e == OK; v++) {
		(void)snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", v + 1); /* fits */
		if ((e = exec(db, "BEGIN IMMEDIATE")) == OK && (e = exec(db, sql_migration[v])) == OK &&
			(e = exec(db, pragma)) == OK && !FAULT("migrate.commit"))
			e = exec(db, "COMMIT");
		else if (e == OK)
			e = ERR_IO;
	}
	return e;
}

static enum err set_db_id(sqlite3 *db)
{
	char id[STORE_DB_ID], sql[128];

	new_db_id(id);
	(void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO meta VALUES('db','%s')", id); /* fits */
	return exec(db, sql);
}

static enum err first_rows(sqlite3 *db, int64_t now_ms)
{
	char sql[256];

	(void)snprintf(sql, sizeof sql,
		"INSERT INTO meta VALUES('made','%lld');"
		"INSERT INTO batch VALUES(1,1,%lld);"
		"INSERT INTO change VALUES(1,%lld,'default catalogue',0)",
		(long long)now_ms, (long long)now_ms, (long long)now_ms); /* fits */
	return exec(db, sql);
}

static void remove_db(const char *path)
{
	static const char *const tail[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		char *name = xasprintf("%s%s", path, tail[i]);

		(void)unlink(name); /* may not be there */
		free(name);
	}
}

static enum err sync_folder(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? OK : ERR_IO;

	if (fd >= 0)
		(void)close(fd); /* only read */
	free(copy);
	return e;
}

/* Built beside its place and renamed: a database at `path` is a whole one. */
enum err store_create(const char *path, int64_t now_ms, struct why *why)
{
	char *part = xasprintf("%s.new", path), pragma[64];
	sqlite3 *db = NULL;
	enum err e;

	if (access(path, F_OK) == 0) {
		e = why_set(why, ERR_EXISTS, "there is a database at %s already", path);
		free(part);
		return e;
	}
	remove_db(part);
	(void)snprintf(pragma, sizeof pragma, "PRAGMA application_id=%d", APPLICATION_ID); /* fits */
	e = connect(part, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db);
	if (e == OK)
		e = exec(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL");
	if (e == OK)
		e = exec(db, pragma);
	if (e == OK)
		e = migrate(db, 0);
	if (e == OK)
		e = set_db_id(db);
	if (e == OK)
		e = first_rows(db, now_ms);
	if (e == OK)
		e = exec(db, "PRAGMA journal_mode=WAL");
	if (e != OK)
		(void)why_set(why, e, "cannot make %s: %s", path, db ? sqlite3_errmsg(db) : "?");
	if (db && sqlite3_close(db) != SQLITE_OK)
		die("store: a statement is still open");
	if (e == OK && (rename(part, path) != 0 || chmod(path, 0640) != 0 || sync_folder(path) != OK))
		e = why_set(why, ERR_IO, "cannot put %s in its place: %s", path, strerror(errno));
	if (e != OK)
		remove_db(part);
	free(part);
	return e;
}

enum err store_migrate(const char *path, int *from, int *to, struct why *why)
{
	sqlite3 *db = NULL;
	int lock_fd = -1;
	int64_t id = 0, v = 0;
	enum err e;

	if (access(path, F_OK) != 0)
		return why_set(why, ERR_NOTFOUND, "no database at %s: run xunge init", path);
	if ((e = lock_writer(path, &lock_fd, why)) != OK)
		return e;
	e = connect(path, SQLITE_OPEN_READWRITE, &db);
	if (e == OK)
		e = pragma_int(db, "PRAGMA application_id", &id);
	if (e == OK)
		e = pragma_int(db, "PRAGMA user_version", &v);
	if (e != OK) {
		e = why_set(why, e, "cannot read %s: %s", path, sqlite3_errmsg(db));
		goto out;
	}
	if (id != APPLICATION_ID || v > store_version()) {
		e = check_version(db, path, why);
		goto out;
	}
	if ((e = setup(db, STORE_WRITER)) != OK || (e = migrate(db, (int)v)) != OK) {
		e = why_set(why, e, "cannot migrate %s: %s", path, sqlite3_errmsg(db));
		goto out;
	}
	*from = (int)v;
	*to = store_version();
out:
	if (db && sqlite3_close(db) != SQLITE_OK)
		die("store: a statement is still open");
	(void)close(lock_fd); /* holds no data */
	return e;
}

static enum err sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? OK : ERR_IO;

	if (fd >= 0)
		(void)close(fd); /* only read */
	return e == OK ? sync_folder(path) : e;
}

enum err store_backup(struct store *st, const char *to, struct why *why)
{
	char *part = xasprintf("%s.part", to);
	sqlite3_stmt *s = NULL;
	enum err e;

	if (access(to, F_OK) == 0) {
		e = why_set(why, ERR_EXISTS, "%s exists: choose another name", to);
		goto out;
	}
	remove_db(part);
	e = sql_err(sqlite3_prepare_v2(st->db, "VACUUM INTO ?", -1, &s, NULL));
	if (e == OK) {
		(void)exec(st->db, "PRAGMA query_only=OFF"); /* it writes elsewhere only */
		sql_str(s, 1, part);
		e = sql_run(s);
	}
	if (e != OK)
		(void)snprintf(st->detail, sizeof st->detail, "%s", sqlite3_errmsg(st->db)); /* cut */
	if (s) {
		if (st->mode == STORE_READER)
			(void)exec(st->db, "PRAGMA query_only=ON"); /* read-only anyhow */
	}
	if (e == OK && sync_file(part) == OK && chmod(part, 0640) == 0 && rename(part, to) == 0 &&
		sync_folder(to) == OK)
		goto out;
	e = why_set(why, e == OK ? ERR_IO : e, "cannot write backup %s: %s", to,
		e == OK ? strerror(errno) : st->detail);
	remove_db(part);
out:
	(void)sqlite3_finalize(s); /* says old errors again */
	free(part);
	return e;
}

static enum err copy_file(const char *from, const char *to)
{
	static const size_t step = 1 << 16;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	char *block = xcalloc(1, step);
	ssize_t n = -1;
	enum err e = ERR_IO;

	if (in < 0 || out < 0)
		goto out;
	while ((n = read(in, block, step)) > 0)
		if (write(out, block, (size_t)n) != n)
			goto out;
	if (n == 0 && fsync(out) == 0)
		e = OK;
out:
	if (in >= 0)
		(void)close(in); /* only read */
	if (out >= 0 && close(out) != 0)
		e = ERR_IO;
	free(block);
	return e;
}

/* Of quick_check's rows: stops at any that is not "ok". */
static int only_ok(void *ctx, int n, char **row, char **names)
{
	(void)ctx;
	(void)names;
	return n != 1 || !row[0] || strcmp(row[0], "ok") != 0;
}

/* Makes `part`, a copy of the backup `from`, fit to be used: whole, ours, of this version, with an id of
 * its own. */
static enum err prepare_copy(const char *part, const char *from, struct why *why)
{
	sqlite3 *db = NULL;
	int64_t id = 0, v = 0;
	enum err e = connect(part, SQLITE_OPEN_READWRITE, &db);

	if (e == OK)
		e = pragma_int(db, "PRAGMA application_id", &id);
	if (e == OK)
		e = pragma_int(db, "PRAGMA user_version", &v);
	if (e == OK && sqlite3_exec(db, "PRAGMA quick_check(1)", only_ok, NULL, NULL) != SQLITE_OK)
		e = ERR_CORRUPT;
	if (e != OK) {
		e = why_set(why, e, "%s is damaged, or no database: take another backup", from);
		goto out;
	}
	if (id != APPLICATION_ID || v > store_version()) {
		e = check_version(db, from, why);
		goto out;
	}
	e = exec(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL");
	if (e == OK)
		e = migrate(db, (int)v); /* a backup of an older version is brought up */
	if (e == OK)
		e = set_db_id(db);
	if (e == OK)
		e = exec(db, "PRAGMA journal_mode=WAL");
	if (e != OK)
		e = why_set(why, e, "cannot prepare %s: %s", part, sqlite3_errmsg(db));
out:
	if (db && sqlite3_close(db) != SQLITE_OK)
		die("store: a statement is still open");
	return e;
}

/* A backup is one file; the WAL beside a live database holds commits that a copy of the file lacks. */
static bool has_wal(const char *path)
{
	char *name = xasprintf("%s-wal", path);
	struct stat sb;
	bool has = stat(name, &sb) == 0 && sb.st_size > 0;

	free(name);
	return has;
}

/* Moves the database at path aside with all its commits: the WAL goes into it first, or with it. */
static enum err move_aside(const char *path, int64_t now_ms, struct why *why)
{
	char *old = xasprintf("%s.replaced-%lld", path, (long long)now_ms);
	char *wal = xasprintf("%s-wal", path), *old_wal = xasprintf("%s-wal", old);
	sqlite3 *db = NULL;
	bool whole = connect(path, SQLITE_OPEN_READWRITE, &db) == OK &&
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
	enum err e = OK;

	(void)sqlite3_close(db); /* a damaged one may say so; it is only kept */
	if (rename(path, old) != 0 || (!whole && access(wal, F_OK) == 0 && rename(wal, old_wal) != 0))
		e = why_set(why, ERR_IO, "cannot move %s aside: %s", path, strerror(errno));
	else
		remove_db(path);
	free(old_wal);
	free(wal);
	free(old);
	return e;
}

enum err store_restore(const char *from, const char *path, int64_t now_ms, struct why *why)
{
	char *part = xasprintf("%s.restore", path);
	int lock_fd = -1;
	enum err e;

	if (access(from, F_OK) != 0) {
		e = why_set(why, ERR_NOTFOUND, "no backup at %s", from);
		goto out;
	}
	if (has_wal(from)) {
		e = why_set(why, ERR_INVALID, "%s has commits in %s-wal, so it is no backup by itself: make one with "
			"xunge backup", from, from);
		goto out;
	}
	if ((e = lock_writer(path, &lock_fd, why)) != OK)
		goto out;
	remove_db(part);
	if ((e = copy_file(from, part)) != OK) {
		e = why_set(why, e, "cannot copy %s to %s: %s", from, part, strerror(errno));
		goto out;
	}
	if ((e = prepare_copy(part, from, why)) != OK)
		goto out;
	if (access(path, F_OK) == 0 && (e = move_aside(path, now_ms, why)) != OK)
		goto out; /* the replaced database stays: nothing is lost by a wrong restore */
	if (rename(part, path) != 0 || sync_folder(path) != OK)
		e = why_set(why, ERR_IO, "cannot put %s in its place: %s", path, strerror(errno));
out:
	if (e != OK)
		remove_db(part);
	if (lock_fd >= 0)
		(void)close(lock_fd); /* holds no data */
	free(part);
	return e;
}
