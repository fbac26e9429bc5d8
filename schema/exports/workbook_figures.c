#include "schema/exports/workbook_figures.h"

#include <stdlib.h>
#include <string.h>

#include "schema/exports/sumsheet.h"
#include "schema/exports/workbook_sheets.h"
#include "schema/figures/figures.h"

struct sheet {
	struct wb_figures *f;
	const struct table_world *w;
	struct sumsheet s;
	const struct figure *last;
};

static const char *level_word(const char *level, bool en)
{
	static const char *const words[][2] = {{"district", "区级"}, {"town", "镇级"}, {"community", "社区级"}, {"grid", "网格级"}};

	for (size_t i = 0; i < ARRAY_LEN(words) && !en; i++)
		if (strcmp(words[i][0], level) == 0)
			return words[i][1];
	return level;
}

/* "12.345" as 12345 and 3 decimals. */
static void number(struct sumsheet *s, const char *value)
{
	const char *dot = strchr(value, '.');
	int64_t v = strtoll(value, NULL, 10);
	int decimals = 0;

	for (const char *p = dot ? dot + 1 : ""; *p && decimals < 3; p++, decimals++)
		v = v * 10 + (value[0] == '-' ? '0' - *p : *p - '0');
	sumsheet_decimal(s, v, decimals);
}

static void on_value(void *ctx, const struct figure_value *v)
{
	struct sheet *t = ctx;
	struct sumsheet *s = &t->s;
	bool en = t->w->english;

	if (t->last != v->f) {
		buf_addf(&t->f->told, "%s\t%s\n", v->name, v->definition);
		t->last = v->f;
	}
	if ((v->level[0] || v->category[0]) && (!v->has || (v->num == 0 && v->den == 0)))
		return; /* parts without anything would make most of the sheet */
	sumsheet_text(s, v->name);
	sumsheet_text(s, v->level[0] ? level_word(v->level, en) : v->category[0] ? v->category_name : en ? "total" : "合计");
	if (!v->has)
		sumsheet_percent(s, 0, 0, 1); /* — */
	else if (v->f->kind == FIGURE_RATE)
		sumsheet_percent(s, v->num, v->den, v->f->decimals);
	else
		number(s, v->value);
	sumsheet_text(s, v->display);
	sumsheet_text(s, v->unit);
	if (v->f->kind == FIGURE_RATE) {
		sumsheet_decimal(s, v->num, 0);
		sumsheet_decimal(s, v->den, 0);
	} else {
		sumsheet_text(s, "");
		sumsheet_text(s, "");
	}
	sumsheet_row(s);
}

enum err wb_figures_read(struct wb_figures *f, const struct table_world *w, const struct figures_pace *pace, bool *more)
{
	const struct figures_ask ask = {.scope = w->scope, .within = w->within, .from_day = w->from_day, .to_day = w->to_day, .at_ms = w->at_ms,
		.english = w->english, .masked = !w->unmask};
	enum err e;

	if (f->sum && f->past != w->past) { /* the database went back: what was read is of other rows */
		figures_sum_free(f->sum);
		f->sum = NULL;
	}
	f->past = w->past;
	if (!f->sum)
		f->sum = figures_sum_new(w->st, &ask, NULL, 0);
	*more = true;
	if ((e = figures_sum_read(f->sum, pace, more)) != ERR_STALE)
		return e;
	figures_sum_free(f->sum); /* from the first */
	f->sum = NULL;
	*more = true;
	return OK;
}

void wb_figures_sheet(struct wb_figures *f, const struct table_world *w, struct xlsx *x)
{
	static const struct sumcol col[] = {
		{"序号", "No.", 6, SUMCOL_NUMBER, 0, 0},
		{"指标", "Figure", 30, SUMCOL_TEXT, 0, 0},
		{"级别/分类", "Level or category", 26, SUMCOL_TEXT, 0, 0},
		{"数值", "Value", 14, SUMCOL_PLAIN, 0, 0},
		{"表述", "As written", 14, SUMCOL_CENTER, 0, 0},
		{"单位", "Unit", 10, SUMCOL_CENTER, 0, 0},
		{"分子", "Numerator", 12, SUMCOL_PLAIN, 0, 0},
		{"分母", "Denominator", 12, SUMCOL_PLAIN, 0, 0},
	};
	static const char zh[] = "注：各指标定义见“说明”；比率＝分子÷分母，仅在显示时四舍五入；分母为零记“—”；"
				 "“约”表示含估计数；没有数据的级别和分类不列。";
	static const char en[] = "Note. What each figure means stands on the first sheet. Rates: numerator / denominator, rounded half up when shown; "
				 "— without a denominator. Levels and categories without anything are left out.";
	const char *const notes[] = {w->english ? en : zh};
	struct sheet t = {.f = f, .w = w};
	struct sumsheet_ask face = {.name = w->english ? "8 Figures" : "8 统计表", .unit = w->english ? "as given" : "见各行", .col = col,
		.cols = ARRAY_LEN(col), .english = w->english};
	char title[400], who[200], what[200], period[64];

	wb_period(w, period, sizeof(period));
	wb_who(w, who, sizeof(who));
	wb_what(w, what, sizeof(what));
	snprintf(title, sizeof(title), w->english ? "%s: figures, %s" : "%s%s统计表", w->english ? who : w->place_name, period);
	face.title = title;
	face.who = who;
	face.what = what;
	sumsheet_begin(&t.s, x, &face);
	figures_sum_show(f->sum, FIGURES_WHOLE, on_value, &t);
	sumsheet_end(&t.s, notes, 1);
}

void wb_figures_about(const struct wb_figures *f, struct as_xlsx_notes *n)
{
	char *text = xstrdup(f->told.p ? f->told.p : ""), *line = text, *next, *tab;

	for (; *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		tab = strchr(line, '\t');
		*tab++ = '\0';
		as_xlsx_note(n, line, line, tab);
	}
	free(text);
}

void wb_figures_done(struct wb_figures *f)
{
	buf_done(&f->told);
	figures_sum_free(f->sum);
}
