#include "schema/exports/tables.h"

#include "schema/figures/figures.h"

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
};

static void line(void *ctx, const struct figure_value *v)
{
	struct walk *k = ctx;
	struct rows *r = k->r;

	rows_text(r, v->f->id);
	rows_text(r, v->name);
	rows_text(r, k->w->place);
	rows_text(r, v->level);
	rows_text(r, v->category);
	rows_text(r, k->w->period);
	if (v->has)
		rows_number(r, v->value);
	else
		rows_none(r);
	rows_text(r, v->unit);
	if (v->f->kind == FIGURE_RATE) { /* also 0 of 0: parts add up by these */
		rows_int(r, v->num);
		rows_int(r, v->den);
	} else {
		rows_none(r);
		rows_none(r);
	}
	rows_text(r, v->display);
	rows_int(r, k->w->as_of);
	rows_text(r, k->w->as_of_time);
	rows_text(r, v->definition);
	rows_end(r);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct walk k = {w, r};
	const struct figures_ask ask = {.scope = w->scope, .within = w->within, .from_day = w->from_day, .to_day = w->to_day,
		.at_ms = w->at_ms, .english = w->english};

	*more = false;
	return figures_read(w->st, &ask, line, &k);
}

const struct table table_figures = {.name = "figures", .title = "统计表", .title_en = "Figures", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.whole_days = true, .areas_only = true, .clock = true, .keys = true, .page = page};
