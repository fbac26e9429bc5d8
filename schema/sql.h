/* sql.h - SQLite for the files of schema/ only (lint: nobody else includes this). */
#ifndef XUNGE_SCHEMA_SQL_H
#define XUNGE_SCHEMA_SQL_H

#include <sqlite3.h>

#include "base/slice.h"
#include "schema/store.h"

sqlite3 *sql_db(struct store *st);

/* The statement of this text: prepared once, kept, reset and its bindings cleared.  sql must be a
 * literal (kept by address).  NULL: it does not compile (ERR_CORRUPT; store_detail says). */
sqlite3_stmt *sql_get(struct store *st, const char *sql);

/* SQLITE_* to enum err.  SQLITE_ROW and SQLITE_DONE are OK. */
enum err sql_err(int rc);

/* Steps a statement that returns no rows, resets it. */
enum err sql_run(sqlite3_stmt *s) MUST_CHECK;
/* Steps; OK with a row, ERR_NOTFOUND without, else the error.  The caller resets it (sql_done). */
enum err sql_row(sqlite3_stmt *s) MUST_CHECK;
void sql_done(sqlite3_stmt *s); /* resets; NULL does nothing */

/* Binds; bytes are borrowed until the statement is reset.  Slices with p NULL bind NULL. */
void sql_int(sqlite3_stmt *s, int i, int64_t v);
void sql_text(sqlite3_stmt *s, int i, struct slice v);
void sql_str(sqlite3_stmt *s, int i, const char *v); /* NULL binds NULL */
void sql_blob(sqlite3_stmt *s, int i, struct slice v);
const char *sql_cstr(sqlite3_stmt *s, int i); /* "" for NULL; as long as the row */
/* Ends a walk over rows: resets; e is the last sql_row's, and ERR_NOTFOUND means that all were read. */
enum err sql_end(sqlite3_stmt *s, enum err e) MUST_CHECK;
struct slice sql_col(sqlite3_stmt *s, int i); /* borrowed until the next step or reset; p NULL for NULL */

#endif
