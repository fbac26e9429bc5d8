#include "schema/exports/tables.h"

#include <stdlib.h>

#include "base/map.h"
#include "core/area.h"
#include "core/event.h"
#include "schema/exports/behind.h"
#include "schema/exports/sink.h"
#include "schema/sql.h"

#define STREAMS_KNOWN 65536 /* streams whose device and epoch stay in memory; full: all are forgotten */
#define STRETCH 5000       /* commits walked by one statement: rows outside of the period come not up from it */

static const struct column columns[] = {
	{"commit", "提交号", "Commit", COL_INT, 10, false},
	{"device", "设备", "Device", COL_TEXT, 12, false},
	{"epoch", "批次", "Epoch", COL_TEXT, 18, false},
	{"seq", "序号", "Seq", COL_INT, 8, false},
	{"kind", "类型", "Kind", COL_TEXT, 14, false},
	{"at", "发生时间", "At", COL_INSTANT, 18, false},
	{"person", "人员", "Person", COL_TEXT, 12, false},
	{"scope", "地点", "Scope", COL_TEXT, 16, false},
	{"area", "区域", "Area", COL_TEXT, 16, false},
	{"received", "接收时间", "Received", COL_INSTANT, 18, false},
	{"committed", "入库时间", "Committed", COL_INSTANT, 18, false},
	{"imported", "导入", "Imported", COL_BOOL, 6, false},
	{"voided", "作废", "Voided", COL_BOOL, 6, false},
	{"body", "内容", "Body", COL_JSON, 60, false},
};

struct stream_name {
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
};

struct own {
	int64_t after;           /* commit of the last one looked at */
	struct map streams;      /* id -> struct stream_name */
	int64_t batch_last, batch_ms; /* the batch of the last event */
	struct behind *behind;   /* NULL: all events */
	struct json json;
	struct table_world *w;   /* while a page is read */
	struct rows *r;
};

static void forget_streams(struct own *o)
{
	struct stream_name *s;
	size_t pos = 0;

	while ((s = map_next(&o->streams, &pos)))
		free(s);
	map_done(&o->streams);
}

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);

	w->own = o;
	return w->figure ? behind_open(w, &o->behind, why) : OK;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	forget_streams(o);
	behind_close(o->behind);
	json_done(&o->json);
	free(o);
}

/* ------------------------------------------------------------------ what the row does not say itself */

static enum err stream_of(struct own *o, struct store *st, int64_t id, const struct stream_name **out)
{
	struct stream_name *s = map_get(&o->streams, &id, sizeof id);
	sqlite3_stmt *q;
	enum err e = OK;

	if (!s) {
		if (o->streams.n >= STREAMS_KNOWN)
			forget_streams(o);
		q = sql_get(st, "SELECT device, epoch FROM stream WHERE id = ?");
		sql_int(q, 1, id);
		if ((e = sql_row(q)) == OK) {
			s = xcalloc(1, sizeof *s);
			slice_copy(s->device, sizeof s->device, sql_col(q, 0));
			slice_copy(s->epoch, sizeof s->epoch, sql_col(q, 1));
			(void)map_put(&o->streams, &id, sizeof id, s); /* was not there */
		}
		sql_done(q);
	}
	*out = s;
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* When the commit was on disk: the time of the first batch that ends at it or later. */
static enum err committed(struct own *o, struct store *st, int64_t commit, bool in_order)
{
	sqlite3_stmt *q;
	enum err e;

	if (in_order && commit <= o->batch_last)
		return OK;
	q = sql_get(st, "SELECT last, time FROM batch WHERE last >= ? ORDER BY last, rev LIMIT 1");
	sql_int(q, 1, commit);
	if ((e = sql_row(q)) == OK) {
		o->batch_last = sqlite3_column_int64(q, 0);
		o->batch_ms = sqlite3_column_int64(q, 1);
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static enum err voided_by(struct store *st, const struct stream_name *s, int64_t seq, int64_t as_of, bool *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT 1 FROM voided WHERE device = ? AND epoch = ? AND seq = ? AND by <= ?");
	enum err e;

	sql_str(q, 1, s->device);
	sql_str(q, 2, s->epoch);
	sql_int(q, 3, seq);
	sql_int(q, 4, as_of);
	e = sql_row(q);
	*out = e == OK;
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

/* ------------------------------------------------------------------ the body, without reading all of the event */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Behind the string whose text begins at p. */
static const char *skip_string(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	return p < end ? p + 1 : end;
}

/* Behind the value at p, of a text that is JSON. */
static const char *skip_value(const char *p, const char *end)
{
	int depth = 0;

	while (p < end) {
		char c = *p;

		if (c == '"') {
			p = skip_string(p + 1, end);
			if (depth == 0)
				return p;
			continue;
		}
		if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return p;
			if (--depth == 0)
				return p + 1;
		} else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
			return p;
		}
		p++;
	}
	return end;
}

/* The member `body` of the event's bytes, which were checked when they were stored.  n 0: not found in this way. */
static struct slice body_of(struct slice raw)
{
	const char *p = skip_space(raw.p, raw.p + raw.n), *end = raw.p + raw.n;

	for (p++; p < end && (p = skip_space(p, end)) < end && *p == '"'; p++) {
		const char *key = p + 1, *value = skip_string(key, end), *behind;
		bool body = value - key == 5 && memcmp(key, "body", 4) == 0;

		value = skip_space(skip_space(value, end) + 1, end);
		behind = value < end ? skip_value(value, end) : end;
		if (body)
			return (struct slice){value, (uint32_t)(behind - value)};
		p = skip_space(behind, end); /* at the comma, or the end */
	}
	return (struct slice){NULL, 0};
}

/* A key may be written with escapes: then the whole is read. */
static struct slice body_cell(struct own *o, struct slice raw)
{
	struct slice body = body_of(raw);
	uint32_t tok;

	if (!body.n && json_read(&o->json, raw.p, raw.n) && (tok = json_get(&o->json, 0, "body")))
		body = json_raw(&o->json, tok);
	return body;
}

/* ------------------------------------------------------------------ rows */

#define SELECT_EVENTS "SELECT e.\"commit\", e.stream, e.seq, e.kind, e.at, e.recv, e.person, e.scope, e.area, e.flags, e.raw FROM event e WHERE "

static enum err line(struct own *o, sqlite3_stmt *q, bool in_order)
{
	struct rows *r = o->r;
	int64_t commit = sqlite3_column_int64(q, 0), seq = sqlite3_column_int64(q, 2), flags = sqlite3_column_int64(q, 9);
	const struct stream_name *s = NULL;
	bool is_void = false;
	enum err e;

	if ((e = stream_of(o, o->w->st, sqlite3_column_int64(q, 1), &s)) != OK || (e = committed(o, o->w->st, commit, in_order)) != OK ||
		(flags & 2 && (e = voided_by(o->w->st, s, seq, o->w->as_of, &is_void)) != OK))
		return e;
	rows_int(r, commit);
	rows_text(r, s->device);
	rows_text(r, s->epoch);
	rows_int(r, seq);
	rows_text(r, event_kind_name((enum event_kind)sqlite3_column_int(q, 3)));
	rows_instant(r, sqlite3_column_int64(q, 4));
	rows_slice(r, sql_col(q, 6));
	rows_slice(r, sql_col(q, 7));
	rows_slice(r, sql_col(q, 8));
	rows_instant(r, sqlite3_column_int64(q, 5));
	rows_instant(r, o->batch_ms);
	rows_bool(r, flags & 1);
	rows_bool(r, is_void);
	rows_body(r, body_cell(o, sql_col(q, 10)));
	rows_end(r);
	return OK;
}

/* One stretch of commits, or less when the piece is full. */
static enum err stretch(struct own *o)
{
	struct table_world *w = o->w;
	sqlite3_stmt *q = sql_get(w->st, SELECT_EVENTS "e.\"commit\" > ?1 AND e.\"commit\" <= ?2 AND e.at >= ?3 AND e.at < ?4 AND "
		"(?5 = '*' OR substr(e.area, 1, length(?5)) = ?5) ORDER BY e.\"commit\"");
	int64_t to = o->after + STRETCH < w->as_of ? o->after + STRETCH : w->as_of, after = to;
	enum err e;

	sql_int(q, 1, o->after);
	sql_int(q, 2, to);
	sql_int(q, 3, w->from_ms);
	sql_int(q, 4, w->to_ms);
	sql_str(q, 5, w->place);
	while ((e = sql_row(q)) == OK) {
		if ((e = line(o, q, true)) != OK)
			break;
		if (rows_full(o->r)) {
			after = sqlite3_column_int64(q, 0);
			break;
		}
	}
	o->after = after;
	return sql_end(q, e);
}

static enum err one_behind(void *ctx, int64_t commit)
{
	struct own *o = ctx;
	sqlite3_stmt *q = sql_get(o->w->st, SELECT_EVENTS "e.\"commit\" = ?");
	enum err e;

	sql_int(q, 1, commit);
	if ((e = sql_row(q)) == OK)
		e = line(o, q, false);
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static bool is_full(void *ctx)
{
	return rows_full(((struct own *)ctx)->r);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	enum err e = OK;

	o->w = w;
	o->r = r;
	if (o->behind)
		return behind_page(o->behind, w, one_behind, is_full, o, more);
	do
		e = stretch(o);
	while (e == OK && o->after < w->as_of && !rows_over(r));
	*more = o->after < w->as_of;
	return e;
}

static int progress(const struct table_world *w)
{
	const struct own *o = w->own;

	if (o->behind)
		return behind_progress(o->behind, w);
	return w->as_of ? (int)(o->after * 1000 / w->as_of) : -1;
}

const struct table table_events = {.name = "events", .title = "事件", .title_en = "Events", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.areas_only = true, .exact = true, .behind = true, .keys = true, .begin = begin, .page = page, .progress = progress, .end = end};
