#include "schema/photos.h"

#include <stdio.h>
#include <string.h>

#include "schema/sql.h"

bool photos_place(const char *sha256, const char *device, char out[PHOTO_PLACE])
{
	size_t n = strlen(device);

	if (strlen(sha256) != PHOTO_HEX - 1 || strspn(sha256, "0123456789abcdef") != PHOTO_HEX - 1 || !n || n > EVENT_DEVICE_MAX || *device == '-' ||
		strspn(device, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return false;
	(void)snprintf(out, PHOTO_PLACE, "%.2s/%.2s/%s.%s", sha256, sha256 + 2, sha256, device); /* fits */
	return true;
}

static enum err note_one(struct store *st, int64_t stream, const struct event *ev, struct slice sha256, const char *area, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(st, "INSERT OR REPLACE INTO attachment(sha256, stream, seq, casus, area, recv) VALUES(?, ?, ?, ?, ?, ?)");

	sql_text(q, 1, sha256);
	sql_int(q, 2, stream);
	sql_int(q, 3, ev->seq);
	if (ev->kind == EV_CASE_REPORT || ev->kind == EV_CASE_ACT)
		sql_text(q, 4, ev->casus);
	else if (*area)
		sql_str(q, 5, area);
	sql_int(q, 6, recv_ms);
	return sql_run(q);
}

enum err photos_note(struct store *st, int64_t stream, const struct event *ev, const char *area, int64_t recv_ms)
{
	struct json *j = ev->doc;
	enum err e = OK;

	for (uint32_t i = 0, t = ev->att + 1; i < ev->natt && e == OK; i++, t = j->tok[t].next)
		e = note_one(st, stream, ev, json_text(j, json_get(j, t, "sha256")), area, recv_ms); /* it was checked */
	return e;
}

enum err photos_named(struct store *st, const char *sha256, const char *device)
{
	sqlite3_stmt *q = sql_get(st, "SELECT 1 FROM attachment a CROSS JOIN stream s ON s.id = a.stream WHERE a.sha256 = ? AND s.device = ? LIMIT 1");
	enum err e;

	sql_str(q, 1, sha256);
	sql_str(q, 2, device);
	e = sql_row(q);
	sql_done(q);
	return e;
}

static enum err devices(sqlite3_stmt *q, void (*row)(void *ctx, const char *device), void *ctx)
{
	enum err e;

	while ((e = sql_row(q)) == OK)
		row(ctx, sql_cstr(q, 0));
	return sql_end(q, e);
}

enum err photos_in_scope(struct store *st, const char *sha256, const char *scope, void (*row)(void *ctx, const char *device), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT DISTINCT s.device FROM attachment a CROSS JOIN stream s ON s.id = a.stream "
		"LEFT JOIN casus c ON c.name = a.casus WHERE a.sha256 = ?1 AND (?2 = '*' OR "
		"substr(coalesce(a.area, c.area), 1, length(?2)) = ?2)");

	sql_str(q, 1, sha256);
	sql_str(q, 2, scope);
	return devices(q, row, ctx);
}

/* The cases of a sync: those that its people hold or reported (schema/sync.c), however many. */
enum err photos_in_sync(struct store *st, const char *sha256, const char *device, void (*row)(void *ctx, const char *device), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "WITH people AS (SELECT person FROM device WHERE id = ?2 AND until IS NULL AND revoked IS NULL UNION "
		"SELECT person FROM enrolment WHERE device = ?2 AND until IS NULL) SELECT DISTINCT s.device FROM attachment a CROSS JOIN "
		"stream s ON s.id = a.stream LEFT JOIN casus c ON c.name = a.casus WHERE a.sha256 = ?1 AND (s.device = ?2 OR "
		"(c.state IN (3, 4) AND c.holder IN people) OR (c.state IN (1, 2, 3, 4, 5, 8) AND c.reporter IN people))");

	sql_str(q, 1, sha256);
	sql_str(q, 2, device);
	return devices(q, row, ctx);
}

enum err photos_of(struct store *st, const char *device, int64_t since_ms, int limit, void (*row)(void *ctx, const char *sha256), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT a.sha256, max(a.recv) FROM stream s CROSS JOIN attachment a INDEXED BY attachment_stream ON "
		"a.stream = s.id AND a.recv >= ?2 WHERE s.device = ?1 GROUP BY a.sha256 ORDER BY 2 DESC, 1 LIMIT ?3");
	enum err e;

	sql_str(q, 1, device);
	sql_int(q, 2, since_ms);
	sql_int(q, 3, limit);
	while ((e = sql_row(q)) == OK)
		row(ctx, sql_cstr(q, 0));
	return sql_end(q, e);
}

enum err photos_of_case(struct store *st, const char *casus, int limit, void (*row)(void *ctx, const char *sha256), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT sha256, max(recv) FROM attachment INDEXED BY attachment_casus WHERE casus = ?1 GROUP BY sha256 "
		"ORDER BY 2 DESC, 1 LIMIT ?2");
	enum err e;

	sql_str(q, 1, casus);
	sql_int(q, 2, limit);
	while ((e = sql_row(q)) == OK)
		row(ctx, sql_cstr(q, 0));
	return sql_end(q, e);
}

enum err photos_all(struct store *st, bool (*row)(void *ctx, const char *sha256, const char *device), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT DISTINCT a.sha256, s.device FROM attachment a CROSS JOIN stream s ON s.id = a.stream");
	enum err e;

	while ((e = sql_row(q)) == OK && row(ctx, sql_cstr(q, 0), sql_cstr(q, 1)))
		;
	return sql_end(q, e);
}
