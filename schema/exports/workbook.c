/* workbook.c - all that a town hands in, as one spreadsheet: first what it is, then the summary sheets that are printed and
 * signed, and among them the ledgers that they were counted from. */
#include "schema/exports/as_xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/civil.h"
#include "schema/exports/sink.h"
#include "schema/exports/tables.h"
#include "schema/exports/workbook_figures.h"
#include "schema/exports/workbook_sheets.h"

static const struct table *const tables[] = {TABLES};

static const struct detail { /* a ledger on a sheet */
	const char *table, *zh, *en;
	const char *klass[4]; /* of cases: one walk for each; NULL at the end */
	const char *key[20];  /* columns; none: all of them */
} details[] = {
	{"cases", "5 隐患明细", "5 Hazard cases", {"hazard", "finding"},
		{"id", "severity", "category_name", "scope_name", "title", "reporter_name", "reported", "signed", "due", "closed", "state", "on_time",
			"lon", "lat", "photos"}},
	{"cases", "9 诉求纠纷交办明细", "9 Other cases", {"appeal", "dispute", "rectify"},
		{"id", "class", "category_name", "scope_name", "title", "reporter_name", "issuer", "reported", "due", "closed", "state", "on_time",
			"result", "rating"}},
	{"inspections", "10 专项检查", "10 Inspections", {0}, {0}},
	{"visits", "11 入户走访", "11 Visits", {0}, {0}},
	{"works", "12 整治工作量", "12 Works", {0}, {0}},
	{"households", "13 监测户", "13 Households", {0}, {0}},
	{"corrections", "14 更正", "14 Corrections", {0}, {0}},
};
#define DETAILS ARRAY_LEN(details)

enum stage { COUNT, SUMMARIES, DETAIL_FIRST, FIGURES, OVERDUE, DETAIL_REST, ABOUT, ENDED };

struct workbook {
	struct wb_data data;
	struct wb_sums sums;
	struct wb_figures figures;
	enum stage stage;
	size_t detail, klass;      /* under way */
	bool entered, begun, gathered;
	struct table_world sub;    /* of the ledger under way */
	const struct table *table;
	int64_t rows[DETAILS];     /* -1: there is no such ledger */
	int about;                 /* sheet */
};

/* ------------------------------------------------------------------ ledgers */

static const struct table *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (strcmp(tables[i]->name, name) == 0)
			return tables[i];
	return NULL;
}

static enum err walk_begin(struct workbook *b, const struct table_world *w, struct rows *r)
{
	struct why why = {{0}};
	enum err e = OK;

	b->sub = *w;
	b->sub.own = NULL;
	b->sub.klass = details[b->detail].klass[b->klass];
	b->begun = true;
	if (b->table->begin && (e = b->table->begin(&b->sub, &why)) != OK)
		(void)why_set(&r->why, e, "%s", why.text); /* the page's error is said by its table */
	return e;
}

static void walk_end(struct workbook *b)
{
	if (b->begun && b->table->end)
		b->table->end(&b->sub);
	b->begun = b->gathered = false;
}

/* ERR_STALE: something came in between, and the ledger begins again, as of the commit that the workbook began at. */
static enum err walk_on(struct workbook *b, const struct table_world *w, struct rows *r)
{
	const struct figures_pace pace = {.until_mono_ms = r->until_mono_ms, .little = w->piece, .still = w->past};
	bool more = false;
	enum err e = OK;

	if (b->begun && b->table->gather && !b->gathered && b->sub.past != w->past)
		walk_end(b); /* what it has gathered is of now */
	b->sub.past = w->past;
	if (!b->begun)
		e = walk_begin(b, w, r);
	if (e == OK && b->table->gather && !b->gathered)
		e = b->table->gather(&b->sub, &pace, &more);
	b->gathered = e == OK && !more;
	if (e == ERR_STALE)
		walk_end(b);
	return e;
}

/* A page of the ledger under way; *over: it was the last one. */
static enum err detail_page(struct workbook *b, const struct table_world *w, struct rows *r, bool *over)
{
	const struct detail *t = &details[b->detail];
	bool more = false;
	enum err e;

	*over = true;
	b->rows[b->detail] = -1;
	if (!b->entered && !(b->table = find(t->table)))
		return OK;
	if ((e = walk_on(b, w, r)) != OK)
		return e;
	*over = false;
	if (!b->gathered)
		return OK;
	if (!b->entered)
		as_xlsx_enter(r, b->table, &b->sub, w->english ? t->en : t->zh, t->key[0] ? t->key : NULL);
	b->entered = true;
	if ((e = b->table->page(&b->sub, r, &more)) != OK || more)
		return e;
	walk_end(b);
	if (t->klass[b->klass] && t->klass[++b->klass])
		return OK;
	*over = true;
	as_xlsx_leave(r, &b->rows[b->detail]);
	return OK;
}

static enum err details_page(struct workbook *b, const struct table_world *w, struct rows *r, size_t end, bool *over)
{
	enum err e = detail_page(b, w, r, over);

	if (e != OK || !*over)
		return e;
	b->entered = false;
	b->klass = 0;
	*over = ++b->detail == end;
	return OK;
}

/* ------------------------------------------------------------------ the first sheet */

static void equal(struct as_xlsx_notes *n, const char *zh, const char *en, int64_t a, int64_t b)
{
	char text[120];

	if (b < 0)
		return;
	snprintf(text, sizeof(text), "%lld %s %lld%s", (long long)a, a == b ? "=" : "≠", (long long)b,
		a == b ? "" : n->english ? " (records that came after a month was frozen: see the corrections)" : "（已封账月份有后到记录，见“更正”）");
	as_xlsx_note(n, zh, en, text);
}

static void checks(struct workbook *b, struct as_xlsx_notes *n)
{
	equal(n, "校验：履职汇总实巡＝分网格实巡", "Check: patrols by level = by place", b->sums.patrols, b->sums.places_patrols);
	equal(n, "校验：分网格上报＝隐患办结受理＋诉求纠纷交办受理", "Check: cases by place = by category", b->sums.places_cases,
		b->sums.hazards + b->sums.others);
	equal(n, "校验：履职汇总上报隐患＝隐患办结受理", "Check: hazards by level = by category", b->sums.found, b->sums.hazards);
	equal(n, "校验：隐患办结受理＋作废＝隐患明细行数", "Check: hazards and findings, void ones too = rows",
		b->sums.hazards + b->sums.hazards_void, b->rows[0]);
	equal(n, "校验：诉求纠纷交办受理＋作废＝明细行数", "Check: other cases, void ones too = rows", b->sums.others + b->sums.others_void,
		b->rows[1]);
}

static void about(struct workbook *b, const struct table_world *w, struct xlsx *x)
{
	struct as_xlsx_notes n = {.x = x, .row = 1, .english = w->english};
	char text[256], who[200];

	xlsx_turn(x, b->about);
	as_xlsx_about(x);
	wb_who(w, who, sizeof(who));
	snprintf(text, sizeof(text), "%s%s", w->place_name, w->english ? " Patrols and duties: about this workbook" : "巡查履职统计 说明");
	xlsx_height(x, 0, 30);
	xlsx_merge(x, 0, 0, 1, XLSX_TITLE, text);
	as_xlsx_note(&n, "填报单位", "Office", who);
	as_xlsx_world(&n, w);
	for (size_t i = 0; i < DETAILS; i++) {
		if (b->rows[i] < 0)
			continue;
		snprintf(who, sizeof(who), w->english ? "Rows: %s" : "明细行数：%s", w->english ? details[i].en : details[i].zh);
		snprintf(text, sizeof(text), "%lld", (long long)b->rows[i]);
		as_xlsx_note(&n, who, who, text);
	}
	checks(b, &n);
	if (xlsx_cut(x) > 0) {
		snprintf(text, sizeof(text), "%lld", (long long)xlsx_cut(x));
		as_xlsx_note(&n, "截断的文字（完整内容见 CSV 导出）", "Texts cut at a cell's limit (CSV has them whole)", text);
	}
	wb_figures_about(&b->figures, &n);
}

/* ------------------------------------------------------------------ the table */

static enum err begin(struct table_world *w, struct why *why)
{
	struct workbook *b = xcalloc(1, sizeof(*b));

	(void)why;
	w->own = b;
	wb_data_begin(&b->data, w);
	return OK;
}

static void end(struct table_world *w)
{
	struct workbook *b = w->own;

	if (!b)
		return;
	walk_end(b);
	wb_data_done(&b->data);
	wb_figures_done(&b->figures);
	free(b);
	w->own = NULL;
}

static enum err summaries(struct workbook *b, const struct table_world *w, struct xlsx *x)
{
	b->about = xlsx_add(x, w->english ? "About" : "说明");
	wb_sheet_levels(&b->data, x, &b->sums);
	wb_sheet_places(&b->data, x, &b->sums);
	wb_sheet_reaches(&b->data, x);
	wb_sheet_hazards(&b->data, x, &b->sums);
	return OK;
}

/* In a read of its own, since what was read before has changed when the next one begins. */
static enum err figures_of(struct workbook *b, const struct table_world *w, struct rows *r, bool *over)
{
	const struct figures_pace pace = {.until_mono_ms = clock_mono_ms() + (r->until_mono_ms - clock_mono_ms()) / 2, .little = w->piece, .still = w->past};
	bool more = true;
	enum err e = wb_figures_read(&b->figures, w, &pace, &more);

	*over = !more;
	return e;
}

static enum err rest_of_summaries(struct workbook *b, const struct table_world *w, struct xlsx *x)
{
	wb_sheet_overdue(&b->data, x);
	wb_sheet_others(&b->data, x, &b->sums);
	wb_figures_sheet(&b->figures, w, x);
	return OK;
}

static enum err counted(struct workbook *b, struct rows *r, bool *over)
{
	bool more = false;
	enum err e = wb_data_page(&b->data, r, &more);

	*over = !more;
	if (e != ERR_FULL)
		return e;
	r->err = e; /* said as it is, not as a fault of the database */
	(void)why_set(&r->why, e, "more than %d places, chiefs or overdue duties: ask for a smaller scope (one district or town)", WORKBOOK_ROWS);
	return OK;
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct workbook *b = w->own;
	struct xlsx *x = as_xlsx_book(r);
	bool over = true;
	enum err e = OK;

	switch (b->stage) {
	case COUNT: e = counted(b, r, &over); break;
	case SUMMARIES: e = summaries(b, w, x); break;
	case DETAIL_FIRST: e = details_page(b, w, r, 1, &over); break;
	case FIGURES: e = figures_of(b, w, r, &over); break;
	case OVERDUE: e = rest_of_summaries(b, w, x); break;
	case DETAIL_REST: e = details_page(b, w, r, DETAILS, &over); break;
	default: about(b, w, x);
	}
	if (e == OK && r->err == OK && xlsx_failed(x))
		r->err = xlsx_error(x, &r->why);
	b->stage += over && e == OK;
	*more = b->stage < ENDED;
	return e;
}

static int progress(const struct table_world *w)
{
	const struct workbook *b = w->own;

	return b ? 140 * (int)b->stage : -1;
}

const struct table table_workbook = {
	.name = "workbook", .title = "巡查履职统计", .title_en = "Patrols and duties",
	.formats = 1 << EXPORT_XLSX, .usual = EXPORT_XLSX, .whole_days = true, .areas_only = true, .clock = true,
	.begin = begin, .page = page, .progress = progress, .end = end,
};
