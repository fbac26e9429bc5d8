#include "schema/exports/sumsheet.h"

#include <stdio.h>
#include <string.h>

#define HEAD_ROW 2 /* below the title and who made it */
#define FIRST_ROW 3
#define ROW_HIGH 18.0 /* points */

static const char *word(const struct sumsheet *s, const char *zh, const char *en)
{
	return s->ask->english ? en : zh;
}

static double all_columns(const struct sumsheet *s)
{
	double w = 0;

	for (int i = 0; i < s->ask->cols; i++)
		w += s->ask->col[i].width;
	return w;
}

/* The column whose left edge is nearest to this share of the width. */
static int column_at(const struct sumsheet *s, double share)
{
	double want = all_columns(s) * share, w = 0;

	for (int i = 0; i < s->ask->cols; i++) {
		if (w + s->ask->col[i].width / 2 >= want)
			return i;
		w += s->ask->col[i].width;
	}
	return s->ask->cols - 1;
}

static double lines_high(const char *text, double width)
{
	return 15.0 * xlsx_lines(text, width) + 1;
}

static void second_row(struct sumsheet *s)
{
	int last = s->ask->cols - 1, b = column_at(s, 0.25), c = column_at(s, 0.85);
	char text[512];

	if (b < 1)
		b = 1;
	if (c <= b)
		c = b + 1;
	xlsx_height(s->x, 1, 20);
	snprintf(text, sizeof(text), "%s%s", word(s, "填报单位：", "Office: "), s->ask->who);
	xlsx_merge(s->x, 1, 0, b - 1, XLSX_LABEL, text);
	snprintf(text, sizeof(text), "%s%s", word(s, "统计口径：", "Counted: "), s->ask->what);
	xlsx_merge(s->x, 1, b, c - 1 > last - 1 ? last - 1 : c - 1, XLSX_CENTER, text);
	snprintf(text, sizeof(text), "%s%s", word(s, "单位：", "Unit: "), s->ask->unit);
	xlsx_merge(s->x, 1, c > last ? last : c, last, XLSX_RIGHT, text);
}

void sumsheet_begin(struct sumsheet *s, struct xlsx *x, const struct sumsheet_ask *ask)
{
	double high = 20;

	*s = (struct sumsheet){.x = x, .ask = ask, .row = FIRST_ROW};
	s->sheet = xlsx_add(x, ask->name);
	for (int i = 0; i < ask->cols; i++) {
		double need = lines_high(word(s, ask->col[i].zh, ask->col[i].en), ask->col[i].width) + 5;

		xlsx_width(x, i, ask->col[i].width);
		high = need > high ? need : high;
	}
	xlsx_freeze(x, FIRST_ROW, 0);
	xlsx_paper(x, true, HEAD_ROW, HEAD_ROW);
	xlsx_height(x, 0, 30);
	xlsx_merge(x, 0, 0, ask->cols - 1, XLSX_TITLE, ask->title);
	second_row(s);
	xlsx_height(x, HEAD_ROW, high);
	for (int i = 0; i < ask->cols; i++)
		xlsx_string(x, HEAD_ROW, i, XLSX_HEAD, word(s, ask->col[i].zh, ask->col[i].en));
}

static unsigned look_of(enum sumcol_kind k)
{
	switch (k) {
	case SUMCOL_TEXT: return XLSX_WRAP;
	case SUMCOL_CENTER: return XLSX_CENTER;
	case SUMCOL_NUMBER: return XLSX_COUNT;
	case SUMCOL_DEC: return XLSX_DEC1;
	case SUMCOL_RATE1: return XLSX_RATE1;
	case SUMCOL_RATE2: case SUMCOL_GROWTH: return XLSX_RATE2;
	case SUMCOL_INSTANT: return XLSX_INSTANT;
	default: return XLSX_INT;
	}
}

static bool by_itself(enum sumcol_kind k)
{
	return k == SUMCOL_NUMBER || k == SUMCOL_RATE1 || k == SUMCOL_RATE2 || k == SUMCOL_DIFF || k == SUMCOL_GROWTH;
}

/* Columns written by themselves, of the values v of this row, up to the next that is not. */
static void automatic(struct sumsheet *s, int64_t *v, unsigned extra)
{
	const struct sumcol *c;
	char f[96], a[4], b[4];
	unsigned r = s->row + 1;

	for (; s->col < s->ask->cols && by_itself(s->ask->col[s->col].kind); s->col++) {
		c = &s->ask->col[s->col];
		xlsx_column(c->a, a);
		xlsx_column(c->b, b);
		switch (c->kind) {
		case SUMCOL_NUMBER:
			xlsx_int(s->x, s->row, s->col, XLSX_COUNT | extra, s->rows + 1);
			break;
		case SUMCOL_DIFF:
			snprintf(f, sizeof(f), "=%s%u-%s%u", a, r, b, r);
			v[s->col] = v[c->a] - v[c->b];
			xlsx_formula(s->x, s->row, s->col, XLSX_INT | extra, f, v[s->col], 0);
			break;
		case SUMCOL_GROWTH:
			snprintf(f, sizeof(f), "=IF(%s%u=0,\"—\",(%s%u-%s%u)/%s%u)", b, r, a, r, b, r, b, r);
			xlsx_formula_rate(s->x, s->row, s->col, look_of(c->kind) | extra, f, v[c->a] - v[c->b], v[c->b]);
			break;
		default:
			snprintf(f, sizeof(f), "=IF(%s%u=0,\"—\",%s%u/%s%u)", b, r, a, r, b, r);
			xlsx_formula_rate(s->x, s->row, s->col, look_of(c->kind) | extra, f, v[c->a], v[c->b]);
		}
	}
}

/* Rates may stand before the columns that they are made of, so those columns come first into v. */
static void next(struct sumsheet *s)
{
	s->col++;
	automatic(s, s->v, XLSX_GRID);
}

static int here(struct sumsheet *s)
{
	automatic(s, s->v, XLSX_GRID); /* of the row's first columns */
	return s->col;
}

void sumsheet_text(struct sumsheet *s, const char *v)
{
	int c = here(s), lines = s->ask->col[c].kind == SUMCOL_TEXT ? xlsx_lines(v, s->ask->col[c].width) : 1;

	if (lines > s->lines)
		s->lines = lines;
	xlsx_string(s->x, s->row, c, look_of(s->ask->col[c].kind) | XLSX_GRID, v);
	next(s);
}

void sumsheet_int(struct sumsheet *s, int64_t v)
{
	int c = here(s);

	s->v[c] = v;
	s->sum[c] += v;
	xlsx_number(s->x, s->row, c, look_of(s->ask->col[c].kind) | XLSX_GRID, v, s->ask->col[c].kind == SUMCOL_DEC ? 3 : 0);
	next(s);
}

void sumsheet_decimal(struct sumsheet *s, int64_t v, int decimals)
{
	static const unsigned look[] = {XLSX_INT, XLSX_DEC1, XLSX_DEC2, XLSX_DEC3};

	xlsx_number(s->x, s->row, here(s), look[decimals < 0 || decimals > 3 ? 3 : decimals] | XLSX_GRID, v, decimals);
	next(s);
}

void sumsheet_percent(struct sumsheet *s, int64_t num, int64_t den, int decimals)
{
	xlsx_rate(s->x, s->row, here(s), (decimals > 1 ? XLSX_RATE2 : XLSX_RATE1) | XLSX_GRID, num, den);
	next(s);
}

void sumsheet_instant(struct sumsheet *s, int64_t ms)
{
	int c = here(s);

	if (ms == INT64_MIN)
		xlsx_string(s->x, s->row, c, XLSX_CENTER | XLSX_GRID, "—");
	else
		xlsx_instant(s->x, s->row, c, XLSX_INSTANT | XLSX_GRID, ms);
	next(s);
}

void sumsheet_row(struct sumsheet *s)
{
	xlsx_height(s->x, s->row, ROW_HIGH + 14.0 * (s->lines > 1 ? s->lines - 1 : 0));
	s->row++;
	s->rows++;
	s->col = 0;
	s->lines = 0;
	memset(s->v, 0, sizeof(s->v));
}

static bool is_sum(enum sumcol_kind k)
{
	return k == SUMCOL_INT || k == SUMCOL_DEC;
}

static void total(struct sumsheet *s)
{
	unsigned look = XLSX_GRID | XLSX_TOTAL;
	char f[64], c[4];
	int first = 0;

	while (first < s->ask->cols && !is_sum(s->ask->col[first].kind))
		first++;
	xlsx_height(s->x, s->row, 20);
	xlsx_merge(s->x, s->row, 0, first - 1, XLSX_CENTER | look, word(s, "合　计", "Total"));
	for (s->col = first; s->col < s->ask->cols; s->col++) {
		const struct sumcol *k = &s->ask->col[s->col];

		automatic(s, s->sum, look);
		if (s->col == s->ask->cols)
			break;
		k = &s->ask->col[s->col];
		if (!is_sum(k->kind)) {
			xlsx_blank(s->x, s->row, s->col, XLSX_CENTER | look);
			continue;
		}
		xlsx_column(s->col, c);
		snprintf(f, sizeof(f), "=SUM(%s%d:%s%u)", c, FIRST_ROW + 1, c, s->row);
		xlsx_formula(s->x, s->row, s->col, look_of(k->kind) | look, f, s->sum[s->col], k->kind == SUMCOL_DEC ? 3 : 0);
	}
	s->row++;
}

static void line(struct sumsheet *s, unsigned look, const char *text)
{
	xlsx_height(s->x, s->row, lines_high(text, all_columns(s)) + (look == XLSX_NOTE ? 2 : 9));
	xlsx_merge(s->x, s->row, 0, s->ask->cols - 1, look, text);
	s->row++;
}

void sumsheet_end(struct sumsheet *s, const char *const *notes, int n)
{
	xlsx_turn(s->x, s->sheet);
	if (s->rows == 0) {
		xlsx_merge(s->x, s->row, 0, s->ask->cols - 1, XLSX_CENTER | XLSX_GRID, word(s, "（本期无记录）", "(no records in this period)"));
		s->row++;
	} else if (s->ask->total) {
		total(s);
	}
	line(s, XLSX_LABEL, word(s,
		"制表人：　　　　　　　　审核人：　　　　　　　　填报日期：　　　　年　　月　　日　　　　　　（盖章）",
		"Prepared by:                      Checked by:                      Date:                      (Stamp)"));
	for (int i = 0; i < n; i++)
		line(s, XLSX_NOTE, notes[i]);
}
