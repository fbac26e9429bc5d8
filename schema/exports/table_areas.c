/* table_areas.c - the totals of the figures for a place and each area a step below it: what a notice ranks.  All are parts of one
 * sum, so that the parts and the whole are of one commit.  What belongs to the place itself and to none of its parts (a reach that
 * runs through several) has lines of its own, with the place's code and a stroke: so the parts add up to the whole. */
#include "schema/exports/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/area.h"
#include "schema/figures/figures.h"
#include "schema/sql.h"

#define AREAS_MAX 200 /* of one table: beyond it is refused */

static const struct column columns[] = {
	{"area", "区域编码", "Area", COL_TEXT, 18, false},
	{"area_name", "区域", "Area name", COL_TEXT, 16, false},
	{"figure", "指标", "Figure", COL_TEXT, 22, false},
	{"name", "名称", "Name", COL_TEXT, 26, false},
	{"period", "期间", "Period", COL_TEXT, 24, false},
	{"value", "数值", "Value", COL_DECIMAL, 12, false},
	{"unit", "单位", "Unit", COL_TEXT, 8, false},
	{"numerator", "分子", "Numerator", COL_INT, 10, false},
	{"denominator", "分母", "Denominator", COL_INT, 10, false},
	{"display", "显示", "Display", COL_TEXT, 14, false},
	{"as_of_commit", "数据提交号", "As of commit", COL_INT, 12, false},
	{"as_of_time", "数据时间", "As of time", COL_TEXT, 30, false},
	{"definition", "口径", "Definition", COL_TEXT, 26, false},
};

/* What a reader on paper wants; codes are for the screen. */
static const char *const printed[] = {"area", "area_name", "figure", "name", "period", "value", "unit", "numerator", "denominator", "display", NULL};

struct area {
	char code[AREA_CODE_MAX + 1];
	char *name;
};

/* Of one figure: the place's, without those of its parts so far. */
struct rest {
	char *name, *unit, *definition;
	int64_t num, den;
	bool adds; /* a sum over parts means something */
};

struct own {
	struct area v[AREAS_MAX];
	size_t n, at;      /* at: of those given, the place first */
	struct figures_sum *sum;
	struct rest *rest; /* by figure */
};

/* Digits of the areas a step below: levels are named by theirs.  Below a grid there are none. */
static int digits_below(const char *place)
{
	return strcmp(place, "*") == 0 ? AREA_DISTRICT : (int)area_level(slice_of(place)) + 3;
}

static void begin_sum(struct table_world *w, struct own *o)
{
	const struct figures_ask ask = {.scope = w->scope, .within = w->within, .from_day = w->from_day, .to_day = w->to_day,
		.at_ms = w->at_ms, .english = w->english, .masked = !w->unmask};
	const char *code[AREAS_MAX];

	for (size_t i = 0; i < o->n; i++)
		code[i] = o->v[i].code;
	o->sum = figures_sum_new(w->st, &ask, code, o->n);
	o->rest = xcalloc(figures_n, sizeof *o->rest);
}

static enum err begin(struct table_world *w, struct why *why)
{
	sqlite3_stmt *q = sql_get(w->st, "SELECT code, name FROM area WHERE until IS NULL AND length(code) = ?1"
		" AND (?2 = '*' OR substr(code, 1, length(?2)) = ?2)"
		" AND coalesce(valid_from, -2147483648) < ?4 AND coalesce(valid_to, 2147483647) >= ?3 ORDER BY code LIMIT ?5");
	struct own *o = w->own = xcalloc(1, sizeof *o);
	enum err e;

	sql_int(q, 1, digits_below(w->place));
	sql_str(q, 2, w->place);
	sql_int(q, 3, w->from_day);
	sql_int(q, 4, w->to_day);
	sql_int(q, 5, AREAS_MAX + 1);
	while ((e = sql_row(q)) == OK) {
		if (o->n == AREAS_MAX) {
			sql_done(q);
			return why_set(why, ERR_USAGE, "more than %d areas below %s: ask for a smaller scope", AREAS_MAX, w->place);
		}
		slice_copy(o->v[o->n].code, sizeof o->v->code, sql_col(q, 0));
		o->v[o->n++].name = xstrdup(sql_cstr(q, 1));
	}
	if ((e = sql_end(q, e)) == OK)
		begin_sum(w, o);
	return e;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	for (size_t i = 0; o && i < o->n; i++)
		free(o->v[i].name);
	for (size_t i = 0; o && o->rest && i < figures_n; i++) {
		free(o->rest[i].name);
		free(o->rest[i].unit);
		free(o->rest[i].definition);
	}
	if (o) {
		figures_sum_free(o->sum);
		free(o->rest);
	}
	free(o);
	w->own = NULL;
}

struct walk {
	const struct table_world *w;
	struct rows *r;
	const char *code, *name;
	struct rest *rest; /* by figure; NULL: not counted any more */
	bool whole;
};

static void take_rest(struct rest *t, const struct figure_value *v, bool whole)
{
	bool rate = v->f->kind == FIGURE_RATE;

	if (whole) {
		*t = (struct rest){.name = xstrdup(v->name), .unit = xstrdup(v->unit), .definition = xstrdup(v->definition),
			.num = v->num, .den = v->den, .adds = v->f->kind != FIGURE_DISTINCT && (rate || v->has)};
		return;
	}
	t->num -= v->num;
	t->den -= v->den;
	t->adds &= rate || v->has;
}

static void line(void *ctx, const struct figure_value *v)
{
	struct walk *k = ctx;
	struct rows *r = k->r;

	if (*v->level || *v->category)
		return;
	if (k->rest)
		take_rest(&k->rest[v->f - figures], v, k->whole);
	rows_text(r, k->code);
	rows_text(r, k->name);
	rows_text(r, v->f->id);
	rows_text(r, v->name);
	rows_text(r, k->w->period);
	if (v->has)
		rows_number(r, v->value);
	else
		rows_none(r);
	rows_text(r, v->unit);
	if (v->f->kind == FIGURE_RATE) {
		rows_int(r, v->num);
		rows_int(r, v->den);
	} else {
		rows_none(r);
		rows_none(r);
	}
	rows_text(r, v->display);
	rows_int(r, k->w->as_of);
	rows_text(r, k->w->as_of_time);
	rows_slice(r, (struct slice){v->definition, strcspn(v->definition, " ")}); /* its version: `figures` has the words */
	rows_end(r);
}

/* The place's own, when there is something. */
static void own_lines(const struct table_world *w, struct rows *r, const struct rest *rest)
{
	char code[AREA_CODE_MAX + 2], *name = xasprintf(w->english ? "%s itself" : "%s本级", w->place_name);
	struct walk k = {w, r, code, name, NULL, false};
	bool any = false;

	(void)snprintf(code, sizeof code, "%s/", w->place); /* fits */
	for (size_t i = 0; i < figures_n; i++)
		any |= rest[i].adds && (rest[i].num || rest[i].den);
	for (size_t i = 0; any && i < figures_n; i++) {
		struct figure_value v = {.f = &figures[i], .name = rest[i].name, .unit = rest[i].unit, .level = "", .category = "",
			.category_name = "", .has = true, .num = rest[i].num, .den = rest[i].den, .definition = rest[i].definition};

		if (!rest[i].adds)
			continue;
		figure_show(&v, w->english);
		line(&k, &v);
	}
	free(name);
}

static enum err gather(struct table_world *w, const struct figures_pace *pace, bool *more)
{
	struct own *o = w->own;

	return figures_sum_read(o->sum, pace, more);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;

	for (; o->at <= o->n; o->at++) {
		const struct area *a = o->at ? &o->v[o->at - 1] : NULL;
		struct walk k = {w, r, a ? a->code : w->place, a ? a->name : w->place_name, o->rest, !a};

		if (o->at && rows_over(r)) {
			*more = true;
			return OK;
		}
		figures_sum_show(o->sum, o->at, line, &k);
	}
	if (o->n)
		own_lines(w, r, o->rest);
	*more = false;
	return OK;
}

const struct table table_areas = {.name = "areas", .title = "分区域统计表", .title_en = "Figures by area", .column = columns, .print = printed,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV,
	.whole_days = true, .areas_only = true, .clock = true, .keys = true, .begin = begin, .gather = gather, .page = page, .end = end};
