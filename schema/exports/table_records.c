/* The events that are records of their own: inspections, visits, works.  By (event time, device, epoch, seq). */
#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/event.h"
#include "core/json.h"
#include "schema/books_sql.h"
#include "schema/exports/words.h"

struct own { /* the last row looked at */
	int64_t at_ms, seq;
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
	struct json json;
};

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);

	(void)why;
	o->at_ms = w->from_ms;
	w->own = o;
	return OK;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	json_done(&o->json);
	free(o);
}

static int progress(const struct table_world *w)
{
	const struct own *o = w->own;

	return (int)((o->at_ms - w->from_ms) * 1000 / (w->to_ms - w->from_ms));
}

/* A member of the body: its text, its number; absent: an empty cell. */
static struct slice body_text(struct json *j, uint32_t body, const char *key)
{
	uint32_t t = json_get(j, body, key);

	return t && j->tok[t].type == JSON_STRING ? json_text(j, t) : (struct slice){"", 0};
}

static void body_int(struct rows *r, struct json *j, uint32_t body, const char *key)
{
	uint32_t t = json_get(j, body, key);
	int64_t v;

	if (t && json_int(j, t, &v))
		rows_int(r, v);
	else
		rows_none(r);
}

/* When, where, who: what all of them begin with. */
static void lead(struct rows *r, sqlite3_stmt *q)
{
	rows_instant(r, sqlite3_column_int64(q, 0));
	rows_text(r, sql_cstr(q, 6));
	rows_text(r, sql_cstr(q, 7));
	rows_text(r, sql_cstr(q, 4));
	rows_name(r, sql_cstr(q, 5));
}

static void tail(struct rows *r, sqlite3_stmt *q)
{
	rows_text(r, sql_cstr(q, 1));
	rows_text(r, sql_cstr(q, 2));
	rows_int(r, sqlite3_column_int64(q, 3));
	rows_int(r, sqlite3_column_int64(q, 10));
	rows_end(r);
}

#define LEAD \
	{"at", "时间", "Time", COL_INSTANT, 17, false}, {"area", "区域编码", "Area", COL_TEXT, 17, false}, \
	{"area_name", "区域", "Area name", COL_TEXT, 14, false}, {"person", "人员编号", "Person", COL_TEXT, 11, false}, \
	{"person_name", "人员", "Name", COL_TEXT, 8, false}
#define TAIL \
	{"device", "设备", "Device", COL_TEXT, 10, false}, {"epoch", "批次", "Epoch", COL_TEXT, 18, false}, \
	{"seq", "序号", "Seq", COL_INT, 8, false}, {"commit", "提交号", "Commit", COL_INT, 10, false}

static enum err walk(struct table_world *w, struct rows *r, int kind, const char *klass,
	void (*one)(struct rows *r, sqlite3_stmt *q, struct json *j, uint32_t body), bool *more)
{
	struct own *o = w->own;
	sqlite3_stmt *q = sql_get(w->st, "SELECT e.at, s.device, s.epoch, e.seq, e.person, " SQL_PERSON("e.person") ", e.area, " SQL_AREA("e.area") ", e.raw, "
		"(SELECT CASE WHEN ?10 AND name_en <> '' THEN name_en ELSE name END FROM category WHERE class = ?9 AND code = "
		"coalesce(json_extract(e.raw, '$.body.topic'), json_extract(e.raw, '$.body.item')) AND until IS NULL), e.\"commit\" "
		"FROM event e JOIN stream s ON s.id = e.stream WHERE e.kind IN (5, 6, 7, 8) AND e.kind = ?3 AND e.at >= ?4 AND e.at < ?5 AND "
		"(e.at > ?4 OR (s.device, s.epoch, e.seq) > (?6, ?7, ?8)) AND e.\"commit\" <= ?11 AND NOT EXISTS (SELECT 1 FROM voided v WHERE "
		"v.device = s.device AND v.epoch = s.epoch AND v.seq = e.seq AND v.by <= ?11) AND"
		SQL_MINE("e.area", "e.scope") "ORDER BY e.at, s.device, s.epoch, e.seq");
	enum err e;

	*more = false;
	sql_str(q, 1, w->scope);
	sql_str(q, 2, w->within);
	sql_int(q, 3, kind);
	sql_int(q, 4, o->at_ms);
	sql_int(q, 5, w->to_ms);
	sql_str(q, 6, o->device);
	sql_str(q, 7, o->epoch);
	sql_int(q, 8, o->seq);
	sql_str(q, 9, klass);
	sql_int(q, 10, w->english);
	sql_int(q, 11, w->as_of);
	while ((e = sql_row(q)) == OK) {
		struct slice raw = sql_col(q, 8);
		uint32_t body = json_read(&o->json, raw.p, raw.n) ? json_get(&o->json, 0, "body") : 0;

		if (!body) {
			e = ERR_CORRUPT; /* it was whole when it was stored */
			break;
		}
		lead(r, q);
		one(r, q, &o->json, body);
		tail(r, q);
		if (rows_full(r)) {
			o->at_ms = sqlite3_column_int64(q, 0);
			o->seq = sqlite3_column_int64(q, 3);
			slice_copy(o->device, sizeof o->device, sql_col(q, 1));
			slice_copy(o->epoch, sizeof o->epoch, sql_col(q, 2));
			*more = true;
			break;
		}
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ inspections */

static const struct column inspection_columns[] = {LEAD,
	{"topic", "专题编码", "Topic", COL_TEXT, 14, false}, {"topic_name", "检查专题", "Topic name", COL_TEXT, 16, false},
	{"result", "结果", "Result", COL_TEXT, 8, false}, {"people", "人数", "People", COL_INT, 7, true},
	{"object", "检查对象", "Object", COL_TEXT, 24, false}, TAIL};

static void inspection(struct rows *r, sqlite3_stmt *q, struct json *j, uint32_t body)
{
	char result[16];

	rows_slice(r, body_text(j, body, "topic"));
	rows_text(r, sql_cstr(q, 9));
	slice_copy(result, sizeof result, body_text(j, body, "result"));
	rows_word(r, result, word_result(result));
	body_int(r, j, body, "people");
	rows_free(r, body_text(j, body, "object"));
}

static enum err inspections(struct table_world *w, struct rows *r, bool *more)
{
	return walk(w, r, EV_INSPECT, "topic", inspection, more);
}

#define ALL (1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX)

const struct table table_inspections = {.name = "inspections", .depth = ASOF_KEPT, .title = "专项检查", .title_en = "Inspections", .column = inspection_columns,
	.columns = ARRAY_LEN(inspection_columns), .formats = ALL, .usual = EXPORT_CSV, .exact = true, .begin = begin, .page = inspections, .progress = progress, .end = end};

/* ------------------------------------------------------------------ visits */

static const struct column visit_columns[] = {LEAD,
	{"group", "批次名称", "Group", COL_TEXT, 16, false}, {"household", "户编号", "Household", COL_TEXT, 14, false},
	{"persons", "人口", "Persons", COL_INT, 7, true}, {"staff", "走访人员", "Staff", COL_INT, 8, true},
	{"aid", "慰问金（元）", "Aid (yuan)", COL_DECIMAL, 12, true}, TAIL};

static void visit(struct rows *r, sqlite3_stmt *q, struct json *j, uint32_t body)
{
	uint32_t t = json_get(j, body, "aid_fen");
	int64_t fen;

	(void)q;
	rows_free(r, body_text(j, body, "group"));
	rows_key(r, body_text(j, body, "household"));
	body_int(r, j, body, "persons");
	body_int(r, j, body, "staff");
	if (t && json_int(j, t, &fen))
		rows_decimal(r, fen, 2);
	else
		rows_none(r);
}

static enum err visits(struct table_world *w, struct rows *r, bool *more)
{
	return walk(w, r, EV_VISIT, "", visit, more);
}

const struct table table_visits = {.name = "visits", .depth = ASOF_KEPT, .title = "入户走访", .title_en = "Home visits", .column = visit_columns,
	.columns = ARRAY_LEN(visit_columns), .formats = ALL, .usual = EXPORT_CSV, .exact = true, .begin = begin, .page = visits, .progress = progress, .end = end};

/* ------------------------------------------------------------------ works */

static const struct column work_columns[] = {LEAD,
	{"item", "项目编码", "Item", COL_TEXT, 16, false}, {"item_name", "整治项目", "Item name", COL_TEXT, 18, false},
	{"qty", "数量", "Quantity", COL_DECIMAL, 12, false}, {"unit", "单位", "Unit", COL_TEXT, 8, false},
	{"approx", "约数", "Approximate", COL_BOOL, 7, false}, TAIL};

static void work(struct rows *r, sqlite3_stmt *q, struct json *j, uint32_t body)
{
	uint32_t t = json_get(j, body, "qty"), a = json_get(j, body, "approx");
	int64_t milli;

	rows_slice(r, body_text(j, body, "item"));
	rows_text(r, sql_cstr(q, 9));
	if (t && json_scaled(j, t, 3, &milli))
		rows_decimal(r, milli, 3);
	else
		rows_none(r);
	rows_free(r, body_text(j, body, "unit"));
	rows_bool(r, a && j->tok[a].type == JSON_TRUE);
}

static enum err works(struct table_world *w, struct rows *r, bool *more)
{
	return walk(w, r, EV_WORK, "work", work, more);
}

const struct table table_works = {.name = "works", .depth = ASOF_KEPT, .title = "整治工作量", .title_en = "Works", .column = work_columns,
	.columns = ARRAY_LEN(work_columns), .formats = ALL, .usual = EXPORT_CSV, .exact = true, .begin = begin, .page = works, .progress = progress, .end = end};
