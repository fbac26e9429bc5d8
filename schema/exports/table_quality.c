/* How good the data are: each device, when it was last heard, what is missing of it, what is held or was refused. */
#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/civil.h"
#include "schema/books_sql.h"

static const struct column columns[] = {
	{"device", "设备", "Device", COL_TEXT, 12, false},
	{"person", "人员编号", "Person", COL_TEXT, 11, false},
	{"person_name", "人员", "Name", COL_TEXT, 8, false},
	{"area", "区域编码", "Area", COL_TEXT, 17, false},
	{"revoked", "已停用", "Revoked", COL_BOOL, 8, false},
	{"seen", "最近联系", "Last seen", COL_INSTANT, 17, false},
	{"silent_days", "失联天数", "Days silent", COL_INT, 9, false},
	{"events", "已入库记录", "Records stored", COL_INT, 11, true},
	{"queue", "手机待发", "Waiting on the phone", COL_INT, 10, true},
	{"missing", "缺号", "Missing", COL_INT, 8, true},
	{"holes", "永久缺号", "Lost", COL_INT, 9, true},
	{"ranges", "缺号区间", "Ranges", COL_TEXT, 24, false},
	{"held", "待处理", "Held", COL_INT, 8, true},
	{"held_codes", "待处理原因", "Held because", COL_TEXT, 24, false},
	{"rejected", "拒收", "Rejected", COL_INT, 8, true},
	{"rejected_codes", "拒收原因", "Rejected because", COL_TEXT, 24, false},
	{"conflicts", "冲突", "Conflicts", COL_INT, 8, true},
	{"clock_s", "时钟差（秒）", "Clock offset (s)", COL_DECIMAL, 12, false},
};

struct own {
	char device[33]; /* the last one given */
};

static enum err begin(struct table_world *w, struct why *why)
{
	(void)why;
	w->own = xcalloc(1, sizeof(struct own));
	return OK;
}

static void end(struct table_world *w)
{
	free(w->own);
}

static void line(struct table_world *w, struct rows *r, sqlite3_stmt *q)
{
	bool seen = sqlite3_column_type(q, 5) != SQLITE_NULL;

	rows_text(r, sql_cstr(q, 0));
	rows_text(r, sql_cstr(q, 1));
	rows_name(r, sql_cstr(q, 2));
	rows_text(r, sql_cstr(q, 3));
	rows_bool(r, sqlite3_column_int(q, 4));
	if (seen)
		rows_instant(r, sqlite3_column_int64(q, 5));
	else
		rows_none(r);
	if (seen)
		rows_int(r, civil_day(w->at_ms) - civil_day(sqlite3_column_int64(q, 5)));
	else
		rows_none(r);
	rows_int(r, sqlite3_column_int64(q, 6));
	if (sqlite3_column_type(q, 7) == SQLITE_NULL)
		rows_none(r);
	else
		rows_int(r, sqlite3_column_int64(q, 7));
	rows_int(r, sqlite3_column_int64(q, 8));
	rows_int(r, sqlite3_column_int64(q, 9));
	rows_text(r, sql_cstr(q, 10));
	rows_int(r, sqlite3_column_int64(q, 11));
	rows_text(r, sql_cstr(q, 12));
	rows_int(r, sqlite3_column_int64(q, 13));
	rows_text(r, sql_cstr(q, 14));
	rows_int(r, sqlite3_column_int64(q, 15));
	if (sqlite3_column_type(q, 16) == SQLITE_NULL)
		rows_none(r);
	else
		rows_decimal(r, sqlite3_column_int64(q, 16) / 100, 1);
	rows_end(r);
}

/* Refused and conflicting ones: received in the period, since what a phone sends late is late by then. */
static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	sqlite3_stmt *q = sql_get(w->st,
		"SELECT d.id, d.person, " SQL_PERSON("d.person") ", x.area, d.revoked IS NOT NULL, t.seen, "
		"(SELECT coalesce(sum(s.chunk_n + (SELECT coalesce(sum(n), 0) FROM chunk WHERE stream = s.id)), 0) FROM stream s WHERE s.device = d.id), "
		"t.queue, coalesce(t.missing, 0), coalesce(t.holes, 0), "
		"(SELECT group_concat(s.epoch || ' ' || s.absent, '; ') FROM (SELECT epoch, absent FROM stream WHERE device = d.id AND absent <> '' ORDER BY epoch) s), "
		"(SELECT count(*) FROM stream s JOIN held h ON h.stream = s.id WHERE s.device = d.id), "
		"(SELECT group_concat(c || ' ' || n, '; ') FROM (SELECT h.code AS c, count(*) AS n FROM stream s JOIN held h ON h.stream = s.id WHERE "
		"s.device = d.id GROUP BY h.code ORDER BY h.code)), "
		"(SELECT count(*) FROM reject j WHERE j.device = d.id AND j.recv >= ?3 AND j.recv < ?4), "
		"(SELECT group_concat(c || ' ' || n, '; ') FROM (SELECT j.code AS c, count(*) AS n FROM reject j WHERE j.device = d.id AND j.recv >= ?3 "
		"AND j.recv < ?4 GROUP BY j.code ORDER BY j.code)), "
		"(SELECT count(*) FROM stream s JOIN conflict c ON c.stream = s.id WHERE s.device = d.id AND c.recv >= ?3 AND c.recv < ?4), t.skew_ms "
		"FROM device d LEFT JOIN device_state t ON t.device = d.id "
		"LEFT JOIN (SELECT p.person AS person, min(coalesce((SELECT area FROM reach WHERE code = p.scope AND until IS NULL), p.scope)) AS area "
		"FROM appointment p WHERE p.until IS NULL GROUP BY p.person) x ON x.person = d.person "
		"WHERE d.until IS NULL AND d.id > ?5 AND" SQL_MINE("x.area", "''") "ORDER BY d.id");
	enum err e;

	*more = false;
	sql_str(q, 1, w->scope);
	sql_str(q, 2, w->within);
	sql_int(q, 3, w->from_ms);
	sql_int(q, 4, w->to_ms);
	sql_str(q, 5, o->device);
	while ((e = sql_row(q)) == OK) {
		line(w, r, q);
		slice_copy(o->device, sizeof o->device, sql_col(q, 0));
		if (rows_full(r)) {
			*more = true;
			break;
		}
	}
	return sql_end(q, e);
}

const struct table table_quality = {.name = "quality", .title = "数据质量", .title_en = "Data quality", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV, .areas_only = true,
	.clock = true, .now_only = true, .begin = begin, .page = page, .end = end};
