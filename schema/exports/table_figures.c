#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/area.h"
#include "schema/figures.h"
#include "schema/ledger.h"

static const struct column columns[] = {
	{"figure", "指标", "Figure", COL_TEXT, 22, false},
	{"name", "名称", "Name", COL_TEXT, 18, false},
	{"scope", "范围", "Scope", COL_TEXT, 16, false},
	{"level", "级别", "Level", COL_TEXT, 12, false},
	{"category", "分类", "Category", COL_TEXT, 16, false},
	{"period", "期间", "Period", COL_TEXT, 24, false},
	{"value", "数值", "Value", COL_DECIMAL, 12, false},
	{"unit", "单位", "Unit", COL_TEXT, 8, false},
	{"numerator", "分子", "Numerator", COL_INT, 10, false},
	{"denominator", "分母", "Denominator", COL_INT, 10, false},
	{"display", "显示", "Display", COL_TEXT, 14, false},
	{"as_of_commit", "数据提交号", "As of commit", COL_INT, 12, false},
	{"as_of_time", "数据时间", "As of time", COL_TEXT, 30, false},
	{"definition", "口径", "Definition", COL_TEXT, 80, false},
};

struct walk {
	const struct table_world *w;
	struct rows *r;
	struct figures_sum *sum;
};

static void line(void *ctx, const struct plain_figure *f, const char *part, int64_t n)
{
	struct walk *k = ctx;
	struct rows *r = k->r;
	bool by_level = f->by == FIGURES_BY_LEVEL;
	struct buf display = {0};

	buf_int(&display, n);
	rows_text(r, f->id);
	rows_text(r, f->name);
	rows_text(r, k->w->place);
	rows_text(r, by_level ? part : "");
	rows_text(r, by_level ? "" : part);
	rows_text(r, k->w->period);
	rows_decimal(r, n, 0);
	rows_text(r, f->unit);
	rows_none(r);
	rows_none(r);
	rows_text(r, display.p);
	rows_int(r, k->w->as_of);
	rows_text(r, k->w->as_of_time);
	rows_text(r, f->definition);
	rows_end(r);
	buf_done(&display);
}

static void take(void *ctx, const struct figure_row *row)
{
	struct walk *k = ctx;

	if (row->day >= k->w->from_day && row->day < k->w->to_day && area_covers(slice_of(k->w->place), slice_of(row->area)))
		figures_add(k->sum, row);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct walk k = {w, r, xcalloc(plain_figures_n, sizeof(struct figures_sum))};
	struct head head;
	enum err e = store_head(w->st, &head);

	*more = false;
	if (e == OK && head.commit == w->as_of)
		e = ledger_tallies(w->st, w->from_day, w->to_day, w->place, take, &k);
	else if (e == OK)
		e = ledger_recount(w->st, w->as_of, take, &k);
	if (e == OK)
		e = figures_catalogue(k.sum, w->st, w->as_of, w->from_day, w->to_day);
	for (size_t f = 0; e == OK && f < plain_figures_n; f++)
		figures_each(&plain_figures[f], &k.sum[f], line, &k);
	figures_done(k.sum);
	free(k.sum);
	return e;
}

const struct table table_figures = {.name = "figures", .title = "统计表", .title_en = "Figures", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.whole_days = true, .areas_only = true, .keys = true, .page = page};
