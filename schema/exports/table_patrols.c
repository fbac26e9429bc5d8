#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/civil.h"
#include "core/event.h"
#include "core/track.h"
#include "schema/books_sql.h"
#include "schema/exports/pin.h"
#include "schema/exports/words.h"

static const struct column columns[] = {
	{"date", "日期", "Date", COL_DAY, 11, false},
	{"start", "开始时间", "Start", COL_INSTANT, 17, false},
	{"end", "结束时间", "End", COL_INSTANT, 17, false},
	{"route", "路线", "Route", COL_TEXT, 9, false},
	{"target", "对象编码", "Target", COL_TEXT, 17, false},
	{"target_name", "巡查对象", "Target name", COL_TEXT, 20, false},
	{"river", "河流", "River", COL_TEXT, 14, false},
	{"level", "级别", "Level", COL_TEXT, 11, false},
	{"person", "人员编号", "Person", COL_TEXT, 11, false},
	{"person_name", "人员", "Name", COL_TEXT, 8, false},
	{"actor", "实巡人编号", "Walked by", COL_TEXT, 11, false},
	{"actor_name", "实巡人", "Walked by (name)", COL_TEXT, 8, false},
	{"delegated", "委托", "Delegated", COL_BOOL, 6, false},
	{"minutes", "时长（分钟）", "Minutes", COL_DECIMAL, 10, true},
	{"km", "里程（公里）", "Kilometres", COL_DECIMAL, 10, true},
	{"coverage", "覆盖率", "Coverage", COL_RATE, 8, false},
	{"points", "轨迹点", "Points", COL_INT, 8, true},
	{"valid", "有效", "Valid", COL_BOOL, 6, false},
	{"reasons", "无效原因", "Reasons", COL_TEXT, 24, false},
	{"rule", "履职规则", "Rule", COL_TEXT, 12, false},
	{"clear", "零报告", "Nothing found", COL_BOOL, 7, false},
	{"area", "区域编码", "Area", COL_TEXT, 17, false},
	{"area_name", "区域", "Area name", COL_TEXT, 14, false},
	{"device", "设备", "Device", COL_TEXT, 10, false},
	{"patrol", "巡查编号", "Patrol", COL_TEXT, 20, false},
	{"commit", "提交号", "Commit", COL_INT, 10, false},
};

/* What a reader on paper wants; codes are for the screen. */
static const char *const printed[] = {"date", "start", "end", "route", "target_name", "river", "level", "person_name", "actor_name", "delegated", "minutes",
	"km", "coverage", "points", "valid", "reasons", "clear", "area_name", NULL};

struct own { /* the last row given */
	int64_t at_ms;
	char device[EVENT_DEVICE_MAX + 1], name[EVENT_ID_MAX + 1];
};

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);

	(void)why;
	o->at_ms = w->from_ms;
	w->own = o;
	return pin_patrols(w);
}

static void end(struct table_world *w)
{
	pin_drop(w->st);
	free(w->own);
}

static void reasons_cell(struct rows *r, uint32_t reasons)
{
	bool json = rows_json_is(r), codes = rows_codes(r);
	struct buf b = {0};

	buf_adds(&b, json ? "[" : "");
	for (uint32_t i = 0; i < TRACK_REASONS; i++) {
		if (!(reasons & 1U << i))
			continue;
		if (json) {
			buf_json_sep(&b);
			buf_json_str(&b, track_reasons[i].name);
		} else {
			buf_addf(&b, "%s%s", !b.n ? "" : codes ? " " : "、", codes ? track_reasons[i].name : track_reasons[i].zh);
		}
	}
	if (json) {
		buf_addc(&b, ']');
		rows_json(r, buf_slice(&b));
	} else {
		rows_text(r, b.p);
	}
	buf_done(&b);
}

static void instant_cell(struct rows *r, sqlite3_stmt *q, int col)
{
	if (sqlite3_column_type(q, col) == SQLITE_NULL)
		rows_none(r);
	else
		rows_instant(r, sqlite3_column_int64(q, col));
}

static void line(struct rows *r, sqlite3_stmt *q)
{
	uint32_t reasons = (uint32_t)sqlite3_column_int64(q, 19);
	bool ended = sqlite3_column_type(q, 3) != SQLITE_NULL;

	rows_day(r, civil_day(sqlite3_column_int64(q, 0)));
	rows_instant(r, sqlite3_column_int64(q, 0));
	instant_cell(r, q, 3);
	rows_word(r, sql_cstr(q, 4), word_route(sql_cstr(q, 4)));
	rows_text(r, sql_cstr(q, 5));
	rows_text(r, sql_cstr(q, 6));
	rows_text(r, sql_cstr(q, 7));
	rows_word(r, sql_cstr(q, 8), word_level(sql_cstr(q, 8)));
	rows_text(r, sql_cstr(q, 9));
	rows_name(r, sql_cstr(q, 10));
	rows_text(r, sql_cstr(q, 11));
	rows_name(r, sql_cstr(q, 12));
	rows_bool(r, strcmp(sql_cstr(q, 9), sql_cstr(q, 11)) != 0);
	rows_decimal(r, (sqlite3_column_int64(q, 15) + 3) / 6, 1); /* tenths of a minute, half up */
	rows_decimal(r, sqlite3_column_int64(q, 16), 3);
	if (sqlite3_column_type(q, 17) == SQLITE_NULL)
		rows_none(r);
	else
		rows_rate(r, sqlite3_column_int64(q, 17), 1000, 1);
	rows_int(r, sqlite3_column_int64(q, 18));
	rows_bool(r, reasons == 0);
	reasons_cell(r, reasons);
	rows_text(r, sql_cstr(q, 20));
	if (ended)
		rows_bool(r, sqlite3_column_int(q, 21) != 0);
	else
		rows_none(r);
	rows_text(r, sql_cstr(q, 13));
	rows_text(r, sql_cstr(q, 14));
	rows_text(r, sql_cstr(q, 1));
	rows_text(r, sql_cstr(q, 2));
	rows_int(r, sqlite3_column_int64(q, 22));
	rows_end(r);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	sqlite3_stmt *q = sql_get(w->st, "SELECT t.start_at, t.device, t.name, t.end_at, t.route, t.target, " PIN_PLACE("t.target") ", "
		"(SELECT river FROM reach WHERE code = t.target AND " PIN_AT "), coalesce(t.t_river_level, t.t_level), t.person, "
		PIN_PERSON("t.person") ", t.actor, " PIN_PERSON("t.actor") ", t.t_area, " PIN_AREA("t.t_area") ", t.duration_s, "
		"t.distance_m, t.coverage, t.points, t.reasons, t.rule, t.clear, t.last FROM export_patrol t "
		"WHERE t.start_at >= ?1 AND (t.start_at > ?1 OR (t.device, t.name) > (?2, ?3)) ORDER BY t.start_at, t.device, t.name");
	enum err e;

	*more = false;
	sql_int(q, 1, o->at_ms);
	sql_str(q, 2, o->device);
	sql_str(q, 3, o->name);
	sql_int(q, 9, w->as_of);
	while ((e = sql_row(q)) == OK) {
		line(r, q);
		if (rows_full(r)) {
			*o = (struct own){.at_ms = sqlite3_column_int64(q, 0)};
			slice_copy(o->device, sizeof o->device, sql_col(q, 1));
			slice_copy(o->name, sizeof o->name, sql_col(q, 2));
			*more = true;
			break;
		}
	}
	return sql_end(q, e);
}

static int progress(const struct table_world *w)
{
	const struct own *o = w->own;

	return (int)((o->at_ms - w->from_ms) * 1000 / (w->to_ms - w->from_ms));
}

const struct table table_patrols = {.name = "patrols", .depth = ASOF_PATROLS, .title = "巡河台账", .title_en = "Patrols", .column = columns, .print = printed,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.by_patrol = true, .exact = true, .begin = begin, .page = page, .progress = progress, .end = end};
