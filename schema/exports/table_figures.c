#include "schema/exports/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/figures/figures.h"
#include "schema/exports/came.h"

static const struct column columns[] = {
	{"figure", "指标", "Figure", COL_TEXT, 22, false},
	{"name", "名称", "Name", COL_TEXT, 26, false},
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

/* What a reader on paper wants; codes are for the screen. */
static const char *const printed[] = {"figure", "name", "scope", "level", "category", "period", "value", "unit", "numerator", "denominator", "display", NULL};

struct walk {
	const struct table_world *w;
	struct rows *r;
};

static void cells(struct walk *k, const struct freeze_row *v)
{
	struct rows *r = k->r;

	rows_text(r, v->figure);
	rows_text(r, v->name);
	rows_text(r, k->w->place);
	rows_text(r, v->level);
	rows_text(r, v->category);
	rows_text(r, k->w->period);
	if (v->value)
		rows_number(r, v->value);
	else
		rows_none(r);
	rows_text(r, v->unit);
	if (v->rate) { /* also 0 of 0: parts add up by these */
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

/* The rows were kept whole. */
static void kept(void *ctx, const struct freeze_row *v)
{
	struct walk *k = ctx;
	const struct figure *f = figure_find(v->figure);
	struct freeze_row row = *v;
	struct buf issuer = {0}, unit = {0};

	if (!k->w->unmask && f && figure_of_issuers(f))
		row.category = figure_masked(v->category, &issuer);
	if (!k->w->unmask)
		row.unit = figure_masked(v->unit, &unit);
	cells(k, &row);
	buf_done(&issuer);
	buf_done(&unit);
}

static void line(void *ctx, const struct figure_value *v)
{
	const struct freeze_row row = {.figure = v->f->id, .name = v->name, .level = v->level, .category = v->category, .unit = v->unit,
		.display = v->display, .definition = v->definition, .value = v->has ? v->value : NULL, .rate = v->f->kind == FIGURE_RATE,
		.num = v->num, .den = v->den};

	cells(ctx, &row);
}

/* What came after a month was frozen is in none of the figures: it stands beside them. */
static void correction(struct walk *k, const struct freeze_correction *c)
{
	struct rows *r = k->r;
	char name[200], display[140], from[CIVIL_DAY_TEXT], to[CIVIL_DAY_TEXT], period[2 * CIVIL_DAY_TEXT];
	int32_t first = civil_make(c->month / 100, c->month % 100, 1);

	(void)snprintf(name, sizeof name, k->w->english ? "Correction: %s" : "更正：%s", c->name); /* our own names: they fit */
	(void)snprintf(display, sizeof display, "%s → %s", c->before, c->after);
	civil_day_text(first, from);
	civil_day_text(civil_month_first(first + 31), to);
	(void)snprintf(period, sizeof period, "%s/%s", from, to);
	rows_text(r, "corrections");
	rows_text(r, name);
	rows_text(r, k->w->place);
	rows_text(r, c->level);
	rows_text(r, c->category);
	rows_text(r, period);
	if (c->has_change)
		rows_decimal(r, c->change, c->decimals);
	else
		rows_none(r);
	rows_text(r, c->unit);
	rows_none(r);
	rows_none(r);
	rows_text(r, display);
	rows_int(r, k->w->as_of);
	rows_text(r, k->w->as_of_time);
	rows_text(r, c->definition);
	rows_end(r);
}

struct own {
	struct figures_sum *sum;
	struct came *came; /* NULL: nothing */
	bool kept; /* the bytes were, when the month was frozen */
};

static enum err begin(struct table_world *w, struct why *why)
{
	const struct figures_ask ask = {.scope = w->scope, .within = w->within, .from_day = w->from_day, .to_day = w->to_day,
		.at_ms = w->at_ms, .english = w->english, .masked = !w->unmask};
	struct own *o = w->own = xcalloc(1, sizeof *o);

	(void)why;
	o->sum = figures_sum_new(w->st, &ask, NULL, 0);
	if (!w->one_freeze)
		o->came = came_new(w, true);
	return OK;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	if (o) {
		figures_sum_free(o->sum);
		came_free(o->came);
	}
	free(o);
	w->own = NULL;
}

static void no_row(void *ctx, const struct freeze_row *v)
{
	(void)ctx;
	(void)v;
}

static enum err gather(struct table_world *w, const struct figures_pace *pace, bool *more)
{
	struct own *o = w->own;
	enum err e = ERR_NOTFOUND;

	*more = false;
	if (o->came && ((e = came_read(o->came, pace, more)) != OK || *more))
		return e;
	e = ERR_NOTFOUND;
	if (w->one_freeze && !w->within && strcmp(w->scope, "*") == 0)
		e = freeze_rows(w->st, w->from_day, w->to_day, w->as_of, w->english, no_row, NULL);
	o->kept = e == OK;
	return e == ERR_NOTFOUND ? figures_sum_read(o->sum, pace, more) : e;
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	const struct own *o = w->own;
	struct walk k = {w, r};
	enum err e = OK;

	*more = false;
	if (o->kept)
		e = freeze_rows(w->st, w->from_day, w->to_day, w->as_of, w->english, kept, &k);
	else
		figures_sum_show(o->sum, FIGURES_WHOLE, line, &k);
	for (size_t i = 0; e == OK && o->came && i < came_n(o->came); i++)
		correction(&k, came_of(o->came, i));
	return e;
}

const struct table table_figures = {.name = "figures", .title = "统计表", .title_en = "Figures", .column = columns, .print = printed,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.whole_days = true, .areas_only = true, .clock = true, .keys = true, .begin = begin, .gather = gather, .page = page, .end = end};
