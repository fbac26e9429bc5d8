#include "schema/stock.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "schema/sql.h"

static enum err number(struct store *st, const char *sql, int64_t *out)
{
	sqlite3_stmt *q = sql_get(st, sql);
	enum err e = sql_row(q);

	if (e == OK)
		*out = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

static int64_t file_bytes(const char *path, const char *tail)
{
	char name[4096];
	struct stat s;

	if (snprintf(name, sizeof name, "%s%s", path, tail) >= (int)sizeof name || stat(name, &s) != 0)
		return 0;
	return s.st_size;
}

void stock_disk(const char *path, int64_t *free_bytes, int64_t *total_bytes)
{
	struct statvfs v;

	*free_bytes = *total_bytes = -1;
	if (statvfs(path, &v) != 0)
		return;
	*free_bytes = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	*total_bytes = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
}

enum err stock_take(struct store *st, const char *path, struct stock *out)
{
	struct stock k = {.free_bytes = -1};
	int64_t total;
	enum err e;

	/* Nothing is ever deleted from reject, conflict and stream: the highest id is their number. */
	if ((e = number(st, "SELECT count(*) FROM held", &k.held)) != OK ||
		(e = number(st, "SELECT coalesce(max(id), 0) FROM reject", &k.rejected)) != OK ||
		(e = number(st, "SELECT coalesce(max(id), 0) FROM conflict", &k.conflicts)) != OK ||
		(e = number(st, "SELECT coalesce(max(id), 0) FROM stream", &k.streams)) != OK)
		return e;
	k.wal_bytes = file_bytes(path, "-wal");
	k.db_bytes = file_bytes(path, "");
	stock_disk(path, &k.free_bytes, &total);
	*out = k;
	return OK;
}
