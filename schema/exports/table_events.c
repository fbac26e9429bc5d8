#include "schema/exports/tables.h"

#include <stdlib.h>

#include "schema/exports/sink.h"
#include "schema/ledger.h"

#define PAGE 2000 /* events read at once */

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

struct own {
	int64_t after; /* commit of the last one looked at */
	struct rows *r;
	struct json json;
};

static enum err begin(struct table_world *w, struct why *why)
{
	(void)why;
	w->own = xcalloc(1, sizeof(struct own));
	return OK;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	json_done(&o->json);
	free(o);
}

static void line(void *ctx, const struct ledger_event *ev)
{
	struct own *o = ctx;
	struct rows *r = o->r;
	struct slice body = {0};
	uint32_t tok;

	if (json_read(&o->json, ev->raw.p, ev->raw.n) && (tok = json_get(&o->json, 0, "body")))
		body = json_raw(&o->json, tok);
	rows_int(r, ev->commit);
	rows_text(r, ev->device);
	rows_text(r, ev->epoch);
	rows_int(r, ev->seq);
	rows_text(r, ev->kind);
	rows_instant(r, ev->at_ms);
	rows_text(r, ev->person);
	rows_text(r, ev->scope);
	rows_text(r, ev->area);
	rows_instant(r, ev->recv_ms);
	rows_instant(r, ev->committed_ms);
	rows_bool(r, ev->imported);
	rows_bool(r, ev->voided);
	rows_body(r, body);
	rows_end(r);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	int64_t next = 0;
	enum err e;

	o->r = r;
	do {
		e = ledger_events(w->st, o->after, w->as_of, w->from_ms, w->to_ms, w->place, r->piece < EXPORT_PIECE ? 1 : PAGE, line, o, &next);
		o->after = next;
	} while (e == OK && next && !rows_full(r));
	*more = next != 0;
	return e;
}

static int progress(const struct table_world *w)
{
	const struct own *o = w->own;

	return w->as_of ? (int)(o->after * 1000 / w->as_of) : -1;
}

const struct table table_events = {.name = "events", .title = "事件", .title_en = "Events", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.areas_only = true, .keys = true, .begin = begin, .page = page, .progress = progress, .end = end};
