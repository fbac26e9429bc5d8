#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/casus.h"
#include "core/event.h"
#include "schema/books_sql.h"
#include "schema/exports/pin.h"
#include "schema/exports/words.h"

#define COUNTS 6 /* casus.counts: returns escalations extensions urges reopens reworks */

static const struct column columns[] = {
	{"id", "编号", "Case", COL_TEXT, 20, false},
	{"class", "类别", "Class", COL_TEXT, 10, false},
	{"category", "类型编码", "Category", COL_TEXT, 14, false},
	{"category_name", "类型", "Category name", COL_TEXT, 14, false},
	{"severity", "级别", "Severity", COL_INT, 6, false},
	{"title", "内容", "Title", COL_TEXT, 30, false},
	{"text", "详情", "Text", COL_TEXT, 40, false},
	{"area", "区域编码", "Area", COL_TEXT, 17, false},
	{"area_name", "区域", "Area name", COL_TEXT, 14, false},
	{"scope", "地点编码", "Place", COL_TEXT, 17, false},
	{"scope_name", "地点", "Place name", COL_TEXT, 14, false},
	{"reporter", "上报人编号", "Reported by", COL_TEXT, 11, false},
	{"reporter_name", "上报人", "Reported by (name)", COL_TEXT, 8, false},
	{"reported", "上报时间", "Reported", COL_INSTANT, 17, false},
	{"accepted", "立案时间", "Accepted", COL_INSTANT, 17, false},
	{"dispatched", "派遣时间", "Dispatched", COL_INSTANT, 17, false},
	{"signed", "签收时间", "Signed for", COL_INSTANT, 17, false},
	{"due", "办结时限", "Due", COL_INSTANT, 17, false},
	{"handled", "处置时间", "Handled", COL_INSTANT, 17, false},
	{"closed", "办结时间", "Closed", COL_INSTANT, 17, false},
	{"state", "状态", "State", COL_TEXT, 10, false},
	{"on_time", "按期", "In time", COL_BOOL, 6, false},
	{"overdue", "超期未结", "Overdue", COL_BOOL, 8, false},
	{"result", "处置结果", "Result", COL_TEXT, 16, false},
	{"rating", "群众评议", "Rating", COL_TEXT, 10, false},
	{"level", "办理层级", "Held at", COL_TEXT, 8, false},
	{"holder", "承办", "Sent to", COL_TEXT, 12, false},
	{"handler", "处置人编号", "Handled by", COL_TEXT, 11, false},
	{"handler_name", "处置人", "Handled by (name)", COL_TEXT, 8, false},
	{"self_fixed", "自处置", "Fixed on the spot", COL_BOOL, 7, false},
	{"returns", "退回", "Returned", COL_INT, 6, true},
	{"escalations", "上报上级", "Escalated", COL_INT, 8, true},
	{"extensions", "延期", "Extended", COL_INT, 6, true},
	{"urges", "督办", "Urged", COL_INT, 6, true},
	{"reopens", "重办", "Reopened", COL_INT, 6, true},
	{"reworks", "返工", "Reworked", COL_INT, 6, true},
	{"channel", "来源", "Channel", COL_TEXT, 12, false},
	{"people", "涉及人数", "People", COL_INT, 8, true},
	{"parties", "当事人", "Parties", COL_TEXT, 16, false},
	{"amount", "金额（元）", "Amount (yuan)", COL_DECIMAL, 12, true},
	{"issuer", "交办单位", "Issued by", COL_TEXT, 14, false},
	{"item_no", "交办编号", "Item", COL_TEXT, 12, false},
	{"object", "对象", "Object", COL_TEXT, 16, false},
	{"unit", "单位", "Unit", COL_TEXT, 16, false},
	{"lon", "经度", "Longitude", COL_DECIMAL, 12, false},
	{"lat", "纬度", "Latitude", COL_DECIMAL, 12, false},
	{"photos", "照片数", "Photos", COL_INT, 7, true},
	{"commit", "提交号", "Commit", COL_INT, 10, false},
};

/* What a reader on paper wants; codes are for the screen. */
static const char *const printed[] = {"id", "class", "category_name", "severity", "title", "scope_name", "reporter_name", "reported", "due", "closed",
	"state", "on_time", "result", "holder", NULL};

/* What only the events of a case say. */
struct facts {
	int64_t signed_ms, photos;
	struct json json; /* of the report */
	struct json act;
	struct buf raw;   /* the report */
	uint32_t body;    /* 0: none */
};

struct own { /* the last row given */
	int64_t at_ms;
	char name[EVENT_ID_MAX + 1];
	struct facts facts;
};

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);

	(void)why;
	o->at_ms = w->cases.share.figure ? INT64_MIN : w->from_ms;
	w->own = o;
	return pin_cases(w);
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	pin_drop(w->st);
	json_done(&o->facts.json);
	json_done(&o->facts.act);
	buf_done(&o->facts.raw);
	free(o);
}

/* ------------------------------------------------------------------ its events */

static bool is_act(struct json *j, const char *action)
{
	uint32_t body = json_get(j, 0, "body"), tok = body ? json_get(j, body, "action") : 0;

	return tok && slice_is(json_text(j, tok), action);
}

static void take_event(struct facts *f, sqlite3_stmt *q, int64_t commit, int64_t report)
{
	struct slice raw = sql_col(q, 4);
	uint32_t att;

	if (!json_read(&f->act, raw.p, raw.n))
		return; /* it was whole when it was stored */
	if ((att = json_get(&f->act, 0, "att")) && f->act.tok[att].type == JSON_ARRAY)
		f->photos += f->act.tok[att].count;
	if (commit == report) {
		buf_clear(&f->raw);
		buf_add(&f->raw, raw.p, raw.n);
	} else if (sqlite3_column_int(q, 0) == EV_CASE_ACT && is_act(&f->act, "sign") && sqlite3_column_int64(q, 3) > f->signed_ms) {
		f->signed_ms = sqlite3_column_int64(q, 3);
	}
}

/* Along event.link, at most CASUS_ACTS_MAX and what was voided of them. */
static enum err read_facts(struct store *st, int64_t last, int64_t report, int64_t as_of, struct facts *f)
{
	enum err e = OK;
	bool out;

	f->signed_ms = -1;
	f->photos = 0;
	f->body = 0;
	buf_clear(&f->raw);
	for (int steps = 0; e == OK && last && steps < 2 * CASUS_ACTS_MAX; steps++) {
		sqlite3_stmt *q = sql_get(st, "SELECT kind, flags, link, at, raw FROM event WHERE \"commit\" = ?");

		sql_int(q, 1, last);
		if ((e = sql_row(q)) == OK && (e = pin_is_out(st, last, sqlite3_column_int64(q, 1), as_of, &out)) == OK) {
			if (!out)
				take_event(f, q, last, report);
			last = sqlite3_column_int64(q, 2);
		}
		sql_done(q);
	}
	if (e == OK && f->raw.n && json_read(&f->json, f->raw.p, f->raw.n))
		f->body = json_get(&f->json, 0, "body");
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static struct slice member(struct facts *f, const char *key)
{
	uint32_t tok = f->body ? json_get(&f->json, f->body, key) : 0;

	return tok && f->json.tok[tok].type == JSON_STRING ? json_text(&f->json, tok) : (struct slice){"", 0};
}

static void number_cell(struct rows *r, struct facts *f, const char *key, int decimals)
{
	uint32_t tok = f->body ? json_get(&f->json, f->body, key) : 0;
	int64_t v;

	if (!tok || !json_int(&f->json, tok, &v))
		rows_none(r);
	else if (decimals)
		rows_decimal(r, v, decimals);
	else
		rows_int(r, v);
}

/* ------------------------------------------------------------------ rows */

enum { Q_AT, Q_NAME, Q_LAST, Q_REPORT, Q_CLASS, Q_CATEGORY, Q_CATEGORY_NAME, Q_SEVERITY, Q_TITLE, Q_AREA, Q_AREA_NAME, Q_SCOPE,
	Q_SCOPE_NAME, Q_REPORTER, Q_REPORTER_NAME, Q_ACCEPTED, Q_DISPATCHED, Q_DUE, Q_HANDLED, Q_CLOSED, Q_STATE, Q_ON_TIME,
	Q_RESULT, Q_RATING, Q_LEVEL, Q_HOLDER, Q_HOLDER_NAME, Q_HANDLER, Q_HANDLER_NAME, Q_SELF_FIXED, Q_COUNTS, Q_ISSUER, Q_LON,
	Q_LAT, Q_COMMIT, Q_SHARE };

#define SELECT_CASES                                                                                                      \
	"SELECT c.report_at, c.name, c.last, c.report, c.class, c.category, (SELECT name FROM category WHERE class = c.class " \
	"AND code = c.category AND " PIN_AT "), c.severity, c.title, c.area, " PIN_AREA("c.area") ", c.scope, "           \
	PIN_PLACE("c.scope") ", c.reporter, " PIN_PERSON("c.reporter") ", c.accepted_at, c.dispatched_at, c.due, "          \
	"c.handled_at, c.closed_at, c.state, c.on_time, c.result, c.rating, c.level, c.holder, " PIN_PERSON("c.holder")      \
	", c.handler, " PIN_PERSON("c.handler") ", c.self_fixed, c.counts, c.issuer, c.lon_e7, c.lat_e7, c.last, c.share "

static bool is_null(sqlite3_stmt *q, int col)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL;
}

static void text_cells(struct rows *r, sqlite3_stmt *q, int from, int to)
{
	for (int col = from; col <= to; col++)
		rows_text(r, sql_cstr(q, col));
}

static void instant_cell(struct rows *r, sqlite3_stmt *q, int col)
{
	if (is_null(q, col))
		rows_none(r);
	else
		rows_instant(r, sqlite3_column_int64(q, col));
}

static void degrees_cell(struct rows *r, sqlite3_stmt *q, int col)
{
	if (is_null(q, col))
		rows_none(r);
	else
		rows_decimal(r, sqlite3_column_int64(q, col), 7);
}

static void counts_cells(struct rows *r, const char *counts)
{
	for (int i = 0; i < COUNTS; i++) {
		char *next;

		rows_int(r, strtoll(counts, &next, 10)); /* 0 behind the end */
		counts = next;
	}
}

static void what(struct rows *r, sqlite3_stmt *q, struct facts *f)
{
	int severity = sqlite3_column_int(q, Q_SEVERITY);

	rows_text(r, sql_cstr(q, Q_NAME));
	rows_word(r, sql_cstr(q, Q_CLASS), word_class(sql_cstr(q, Q_CLASS)));
	text_cells(r, q, Q_CATEGORY, Q_CATEGORY_NAME);
	if (severity)
		rows_int(r, severity);
	else
		rows_none(r);
	rows_free(r, slice_of(sql_cstr(q, Q_TITLE)));
	rows_free(r, member(f, "text"));
	text_cells(r, q, Q_AREA, Q_REPORTER);
	rows_name(r, sql_cstr(q, Q_REPORTER_NAME));
}

static void course(struct rows *r, sqlite3_stmt *q, const struct facts *f, int64_t at_ms)
{
	enum casus_state state = (enum casus_state)sqlite3_column_int(q, Q_STATE);
	const char *result = casus_result_name((enum casus_result)sqlite3_column_int(q, Q_RESULT));
	const char *rating = casus_rating_name((enum casus_rating)sqlite3_column_int(q, Q_RATING));

	rows_instant(r, sqlite3_column_int64(q, Q_AT));
	instant_cell(r, q, Q_ACCEPTED);
	instant_cell(r, q, Q_DISPATCHED);
	if (f->signed_ms < 0)
		rows_none(r);
	else
		rows_instant(r, f->signed_ms);
	instant_cell(r, q, Q_DUE);
	instant_cell(r, q, Q_HANDLED);
	instant_cell(r, q, Q_CLOSED);
	rows_word(r, casus_state_name(state), casus_state_zh(state));
	if (is_null(q, Q_ON_TIME))
		rows_none(r);
	else
		rows_bool(r, sqlite3_column_int(q, Q_ON_TIME) != 0);
	rows_bool(r, casus_is_running(state) && !is_null(q, Q_DUE) && at_ms > sqlite3_column_int64(q, Q_DUE));
	rows_word(r, result, word_result(result));
	rows_word(r, rating, word_rating(rating));
}

static void hands(struct rows *r, sqlite3_stmt *q)
{
	rows_word(r, sql_cstr(q, Q_LEVEL), word_level(sql_cstr(q, Q_LEVEL)));
	if (is_null(q, Q_HOLDER_NAME)) /* a unit */
		rows_free(r, slice_of(sql_cstr(q, Q_HOLDER)));
	else
		rows_name(r, sql_cstr(q, Q_HOLDER_NAME));
	rows_text(r, sql_cstr(q, Q_HANDLER));
	rows_name(r, sql_cstr(q, Q_HANDLER_NAME));
	rows_bool(r, sqlite3_column_int(q, Q_SELF_FIXED) != 0);
	counts_cells(r, sql_cstr(q, Q_COUNTS));
}

static void particulars(struct rows *r, sqlite3_stmt *q, struct facts *f)
{
	rows_free(r, member(f, "channel"));
	number_cell(r, f, "people", 0);
	rows_names(r, member(f, "parties"));
	number_cell(r, f, "amount_fen", 2);
	rows_free(r, slice_of(sql_cstr(q, Q_ISSUER)));
	rows_free(r, member(f, "item_no"));
	rows_free(r, member(f, "object"));
	rows_free(r, member(f, "unit"));
	degrees_cell(r, q, Q_LON);
	degrees_cell(r, q, Q_LAT);
	rows_int(r, f->photos);
	rows_int(r, sqlite3_column_int64(q, Q_COMMIT));
}

static enum err line(struct table_world *w, struct rows *r, sqlite3_stmt *q)
{
	struct own *o = w->own;
	enum err e = read_facts(w->st, sqlite3_column_int64(q, Q_LAST), sqlite3_column_int64(q, Q_REPORT), w->as_of, &o->facts);

	if (e != OK)
		return e;
	what(r, q, &o->facts);
	course(r, q, &o->facts, w->at_ms);
	hands(r, q);
	particulars(r, q, &o->facts);
	rows_end(r);
	return OK;
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	sqlite3_stmt *q = sql_get(w->st, SELECT_CASES "FROM export_casus c WHERE c.report_at >= ?1 AND (c.report_at > ?1 OR c.name > ?2) "
		"ORDER BY c.report_at, c.name");
	enum err e;

	*more = false;
	sql_int(q, 1, o->at_ms);
	sql_str(q, 2, o->name);
	sql_int(q, 9, w->as_of);
	while ((e = sql_row(q)) == OK) {
		if (books_share_counts(&w->cases.share, w->scope, w->within, sql_cstr(q, Q_SHARE)) && (e = line(w, r, q)) != OK)
			break;
		if (rows_full(r)) {
			o->at_ms = sqlite3_column_int64(q, Q_AT);
			slice_copy(o->name, sizeof o->name, sql_col(q, Q_NAME));
			*more = true;
			break;
		}
	}
	return sql_end(q, e);
}

static int progress(const struct table_world *w)
{
	const struct own *o = w->own;

	if (w->cases.share.figure)
		return -1; /* the reports may be of any time */
	return (int)((o->at_ms - w->from_ms) * 1000 / (w->to_ms - w->from_ms));
}

const struct table table_cases = {.name = "cases", .depth = ASOF_CASES, .title = "案件台账", .title_en = "Cases", .column = columns, .print = printed,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.by_class = true, .by_case = true, .clock = true, .exact = true, .begin = begin, .page = page, .progress = progress, .end = end};
