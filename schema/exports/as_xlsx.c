#include "schema/exports/as_xlsx.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/sql.h"

#define WIDTH 12
#define WIDTH_MAX 60
#define COLUMNS_MAX 128
#define PAGE_WIDE 230 /* characters that fit on a page across */
#define BUTTON 3      /* of the filter, in a heading */
#define TITLE_SHORT 8
#define REPORT_BYTES 200
#define REPORT_WIDTH 110
#define ROW_HIGHEST 409 /* points that a row may have */
#define WRAPS 24    /* columns of texts at least so wide break their lines */
#define LINES_MAX 8 /* shown of such a text */
#define LABEL_WIDTH 36
#define NOTE_WIDTH 96

struct meaning;

struct as_xlsx {
	struct xlsx *x;
	const struct table *table;       /* of the sheet under way */
	char name[XLSX_NAME_UNITS * 3 + 8]; /* of its sheet */
	uint32_t row;                    /* of the next cells; 0: no sheet is open */
	int part, lines;                 /* lines: of the row's tallest text */
	int place[COLUMNS_MAX], shown;   /* of each of the table's columns on the sheet, -1: left out; how many there are */
	int printed;                     /* of them, the first */
	char line[1024];
	int64_t rows;
	bool single;                     /* the book is of one table */
	bool defines, fresh;             /* its rows name figures and say what they are; this row's has not been met before */
	struct meaning *mean;
	size_t means;
	char *report;                    /* of the first row; NULL */
};

/* ------------------------------------------------------------------ sheets of a table */

/* For people: keys are for programs, also of tables that have them as headings of CSV. */
static const char *heading(const struct rows *r, size_t column)
{
	return r->w->english ? r->table->column[column].en : r->table->column[column].zh;
}

/* Characters that a heading needs, on two lines when it is long: words of letters are not broken. */
static double heading_wide(const char *title)
{
	double wide = xlsx_wide(title), half = wide > TITLE_SHORT ? wide / 2 + 1 : wide;

	for (const char *p = title, *end; *p; p = *end ? end + 1 : end) {
		char word[64];

		end = strchrnul(p, ' ');
		slice_copy(word, sizeof(word), (struct slice){p, (uint32_t)(end - p)});
		if ((unsigned char)word[0] < 0x80 && xlsx_wide(word) > half)
			half = xlsx_wide(word);
	}
	return half;
}

static double width_of(const struct column *c, const char *title)
{
	double width = c->width > 0 ? c->width : WIDTH, need = heading_wide(title) + BUTTON;

	width = width < need ? need : width;
	return width < WIDTH_MAX ? width : WIDTH_MAX;
}

/* What stands on the page's margins. */
static void margins(struct rows *r, bool none)
{
	struct as_xlsx *a = r->own;
	const struct table_world *w = r->w;
	const char *name = w->english ? a->table->title_en : a->table->title;
	char title[200], period[200], as_of[120], at[CIVIL_INSTANT_TEXT], instant[80] = "";

	if (!a->single) /* the sheet's, without its number: 隐患明细 */
		name = a->name + strspn(a->name, "0123456789 ");
	snprintf(title, sizeof(title), "%s%s%s", w->place_name, w->english && w->place_name[0] ? " " : "", name);
	snprintf(period, sizeof(period), "%s%s%s", w->period, w->english ? " (to: exclusive)" : "（不含止日）",
		!none ? "" : w->english ? ": no records" : "　本期无记录");
	snprintf(as_of, sizeof(as_of), w->english ? "as of commit %lld, %s" : "数据截至提交 %lld，%s", (long long)w->as_of, w->as_of_time);
	civil_instant_text(w->at_ms, at);
	if (a->table->clock)
		snprintf(instant, sizeof(instant), "%s%s", w->english ? "at " : "计算时点 ", at);
	xlsx_ledger(a->x, title, period, as_of, instant);
}

static void head(struct rows *r)
{
	struct as_xlsx *a = r->own;
	char name[sizeof(a->name) + 16];
	double all = 0;
	int lines = 1;

	if (a->part == 0)
		slice_copy(name, sizeof(name), slice_of(a->name));
	else
		snprintf(name, sizeof(name), "%s %d", a->name, a->part + 1);
	xlsx_add(a->x, name);
	a->part++;
	a->row = 1;
	xlsx_freeze(a->x, 1, 0);
	for (size_t i = 0; i < a->table->columns; i++) {
		const char *title = heading(r, i);
		double width = width_of(&a->table->column[i], title);

		if (a->place[i] < 0)
			continue;
		if (a->place[i] < a->printed)
			all += width;
		lines = xlsx_lines(title, width - BUTTON) > lines ? xlsx_lines(title, width - BUTTON) : lines;
		xlsx_width(a->x, a->place[i], width);
	}
	xlsx_height(a->x, 0, 10 + 14.0 * lines);
	for (size_t i = 0; i < a->table->columns; i++)
		if (a->place[i] >= 0)
			xlsx_string(a->x, 0, a->place[i], XLSX_HEAD, heading(r, i));
	xlsx_paper(a->x, true, 0, 0);
	xlsx_pages(a->x, 1 + (int)(all / PAGE_WIDE));
	margins(r, false);
}

static void foot(struct rows *r)
{
	struct as_xlsx *a = r->own;

	if (a->row > 0 && a->shown > 0) {
		xlsx_filter(a->x, 0, a->row - 1, a->shown - 1);
		xlsx_print(a->x, a->row - 1, a->printed - 1);
	}
	if (a->row == 1 && a->part == 1)
		margins(r, true);
	a->row = 0;
}

static void place(struct as_xlsx *a, const char *const *keys)
{
	for (; keys && *keys; keys++)
		for (size_t i = 0; i < a->table->columns; i++)
			if (strcmp(a->table->column[i].key, *keys) == 0)
				a->place[i] = a->shown++;
}

/* Where each column stands: in the order of keys; of all, those that are printed come first. */
static void lay_out(struct as_xlsx *a, const char *const *keys)
{
	assert(a->table->columns <= COLUMNS_MAX);
	a->shown = 0;
	for (size_t i = 0; i < a->table->columns; i++)
		a->place[i] = -1;
	place(a, keys ? keys : a->table->print);
	a->printed = a->shown;
	for (size_t i = 0; i < a->table->columns && !keys; i++)
		if (a->place[i] < 0)
			a->place[i] = a->shown++;
	if (a->printed == 0)
		a->printed = a->shown;
}

void as_xlsx_enter(struct rows *r, const struct table *table, const struct table_world *w, const char *name, const char *const *keys)
{
	struct as_xlsx *a = r->own;

	r->table = a->table = table;
	r->w = w;
	a->part = 0;
	a->rows = 0;
	slice_copy(a->name, sizeof(a->name), slice_of(name));
	lay_out(a, keys);
	head(r);
}

void as_xlsx_also(struct rows *r, const struct table_world *w)
{
	r->w = w;
}

void as_xlsx_leave(struct rows *r, int64_t *rows)
{
	struct as_xlsx *a = r->own;

	foot(r);
	*rows = a->rows;
}

struct xlsx *as_xlsx_book(struct rows *r)
{
	return ((struct as_xlsx *)r->own)->x;
}

/* ------------------------------------------------------------------ cells */

/* NULL: the cell is left out. */
static struct xlsx *at(struct rows *r, uint32_t *row, int *col)
{
	struct as_xlsx *a = r->own;

	*row = a->row;
	*col = a->place[r->column];
	return *col < 0 ? NULL : a->x;
}

#define CELL                               \
	uint32_t row;                      \
	int col;                           \
	struct xlsx *x = at(r, &row, &col)

static void on_row(struct rows *r)
{
	struct as_xlsx *a = r->own;

	if (xlsx_full(a->x)) {
		foot(r);
		head(r);
	}
}

static void learn(struct rows *r, struct slice v);

static void on_text(struct rows *r, struct slice v)
{
	const struct column *c = &r->table->column[r->column];
	struct as_xlsx *a = r->own;
	CELL;

	learn(r, v);
	if (r->table->report && a->single && r->n == 0 && v.n > REPORT_BYTES && !a->report)
		a->report = xstrndup(v.p, v.n);
	if (!x)
		return;
	if (c->type != COL_TEXT || c->width < WRAPS || col >= a->printed) {
		xlsx_text(x, row, col, XLSX_TEXT, v);
		return;
	}
	xlsx_text(x, row, col, XLSX_WRAP, v);
	slice_copy(a->line, sizeof(a->line), v);
	if (xlsx_lines(a->line, c->width < WIDTH_MAX ? c->width : WIDTH_MAX) > a->lines)
		a->lines = xlsx_lines(a->line, c->width < WIDTH_MAX ? c->width : WIDTH_MAX);
}

static void on_json(struct rows *r, struct slice v)
{
	CELL;

	if (x)
		xlsx_text(x, row, col, XLSX_TEXT, v);
}

static void on_integer(struct rows *r, int64_t v)
{
	CELL;

	if (x)
		xlsx_int(x, row, col, XLSX_INT, v);
}

static void on_decimal(struct rows *r, int64_t v, int decimals)
{
	static const unsigned look[] = {XLSX_INT, XLSX_DEC1, XLSX_DEC2, XLSX_DEC3};
	CELL;

	if (x)
		xlsx_number(x, row, col, (size_t)decimals < ARRAY_LEN(look) ? look[decimals] : XLSX_GENERAL, v, decimals);
}

static void on_rate(struct rows *r, int64_t num, int64_t den, int decimals)
{
	CELL;

	if (x)
		xlsx_rate(x, row, col, decimals > 1 ? XLSX_RATE2 : XLSX_RATE1, num, den);
}

static void on_day(struct rows *r, int32_t day)
{
	CELL;

	if (x)
		xlsx_day(x, row, col, XLSX_DAY, day);
}

static void on_instant(struct rows *r, int64_t ms)
{
	CELL;

	if (x)
		xlsx_instant(x, row, col, XLSX_INSTANT, ms);
}

static void on_boolean(struct rows *r, bool v)
{
	CELL;

	if (x)
		xlsx_string(x, row, col, XLSX_CENTER, r->w->english ? v ? "yes" : "no" : v ? "是" : "否");
}

static void on_none(struct rows *r)
{
	(void)r; /* an empty cell is none */
}

static void on_end_row(struct rows *r)
{
	struct as_xlsx *a = r->own;

	if (a->lines > 1)
		xlsx_height(a->x, a->row, 2 + 14.0 * (a->lines < LINES_MAX ? a->lines : LINES_MAX));
	a->lines = 0;
	a->row++;
	a->rows++;
	if (xlsx_failed(a->x))
		r->err = xlsx_error(a->x, &r->why);
}

/* ------------------------------------------------------------------ what the rows are */

void as_xlsx_about(struct xlsx *x)
{
	xlsx_width(x, 0, LABEL_WIDTH);
	xlsx_width(x, 1, NOTE_WIDTH);
	xlsx_paper(x, true, 0, 0);
}

void as_xlsx_note(struct as_xlsx_notes *n, const char *zh, const char *en, const char *text)
{
	const char *label = n->english ? en : zh;
	int lines = xlsx_lines(text, NOTE_WIDTH), more = xlsx_lines(label, LABEL_WIDTH);

	xlsx_height(n->x, n->row, 14.0 * (lines > more ? lines : more) + 4);
	xlsx_string(n->x, n->row, 0, XLSX_LABEL | XLSX_GRID, label);
	xlsx_string(n->x, n->row, 1, XLSX_WRAP | XLSX_GRID, text);
	n->row++;
}

void as_xlsx_world(struct as_xlsx_notes *n, const struct table_world *w)
{
	const char *code = w->place[0] == '~' ? "" : strcmp(w->place, "*") ? w->place : w->english ? "everything" : "全部";
	char text[400], day[CIVIL_INSTANT_TEXT];

	snprintf(text, sizeof(text), "%s%s%s", w->place_name, w->place_name[0] && code[0] ? " " : "", code);
	as_xlsx_note(n, "范围", "Scope", text);
	snprintf(text, sizeof(text), "%s%s", w->period, w->english ? " (from inclusive, to exclusive)" : "（起日含，止日不含）");
	as_xlsx_note(n, "统计期间", "Period", text);
	snprintf(text, sizeof(text), "%lld", (long long)w->as_of);
	as_xlsx_note(n, "提交号（数据截至）", "Commit (as of)", text);
	as_xlsx_note(n, "数据截至时间", "As of", w->as_of_time);
	civil_instant_text(w->at_ms, day);
	as_xlsx_note(n, "计算时点", "Instant", day);
	as_xlsx_note(n, "时区", "Time zone", w->english ? "China Standard Time, UTC+08:00" : "北京时间（UTC+08:00）");
	as_xlsx_note(n, "个人信息", "Personal data", w->unmask ? w->english ? "in full" : "未脱敏，请妥善保管" : w->english ? "masked" : "已脱敏");
}

/* ------------------------------------------------------------------ definitions */

struct meaning {
	char *figure, *name, *definition;
};

/* The text of a cell that says what a figure is: kept once for each, for a sheet of its own.  On paper a column of it would take three
 * quarters of the room, and say the same in every row of the figure. */
static void learn(struct rows *r, struct slice v)
{
	const char *key = r->table->column[r->column].key;
	struct as_xlsx *a = r->own;
	struct meaning *m = a->means ? &a->mean[a->means - 1] : NULL;

	if (!a->single || !a->defines)
		return;
	if (strcmp(key, "figure") == 0) {
		a->fresh = !m || !slice_is(v, m->figure);
		for (size_t i = 0; i < a->means && a->fresh; i++)
			a->fresh = !slice_is(v, a->mean[i].figure);
		if (!a->fresh)
			return;
		a->mean = xrealloc(a->mean, (a->means + 1) * sizeof(*a->mean));
		a->mean[a->means++] = (struct meaning){.figure = xstrndup(v.p, v.n)};
	} else if (a->fresh && strcmp(key, "name") == 0 && !m->name) {
		m->name = xstrndup(v.p, v.n);
	} else if (a->fresh && strcmp(key, "definition") == 0) {
		m->definition = xstrndup(v.p, v.n);
		a->fresh = false;
	}
}

static void define(struct rows *r)
{
	static const struct {
		const char *zh, *en;
		int width;
	} columns[] = {{"指标", "Figure", 24}, {"名称", "Name", 22}, {"口径", "Definition", 100}};
	struct as_xlsx *a = r->own;
	bool en = r->w->english;

	if (a->means == 0)
		return;
	xlsx_add(a->x, en ? "Definitions" : "口径");
	for (int c = 0; c < (int)ARRAY_LEN(columns); c++)
		xlsx_width(a->x, c, columns[c].width);
	xlsx_freeze(a->x, 1, 0);
	xlsx_height(a->x, 0, 24);
	for (int c = 0; c < (int)ARRAY_LEN(columns); c++)
		xlsx_string(a->x, 0, c, XLSX_HEAD, en ? columns[c].en : columns[c].zh);
	for (size_t i = 0; i < a->means; i++) {
		const struct meaning *m = &a->mean[i];
		const char *const cells[] = {m->figure, m->name ? m->name : "", m->definition ? m->definition : ""};
		int most = 1;

		for (size_t c = 0; c < ARRAY_LEN(cells); c++)
			most = xlsx_lines(cells[c], columns[c].width - 1) > most ? xlsx_lines(cells[c], columns[c].width - 1) : most;
		xlsx_height(a->x, (uint32_t)i + 1, 4 + 14.0 * most);
		for (size_t c = 0; c < ARRAY_LEN(cells); c++)
			xlsx_string(a->x, (uint32_t)i + 1, (int)c, XLSX_WRAP, cells[c]);
	}
	xlsx_paper(a->x, true, 0, 0);
	margins(r, false);
}

static void tell(struct rows *r)
{
	struct as_xlsx *a = r->own;
	double high;

	if (!a->report)
		return;
	high = 18.0 * xlsx_lines(a->report, REPORT_WIDTH - 2) + 8;
	xlsx_add(a->x, r->w->english ? "Text" : "正文");
	xlsx_width(a->x, 0, REPORT_WIDTH);
	xlsx_height(a->x, 0, high < ROW_HIGHEST ? high : ROW_HIGHEST);
	xlsx_string(a->x, 0, 0, XLSX_WRAP, a->report);
	xlsx_paper(a->x, true, 0, 0);
	margins(r, false);
}

/* The sheet behind a single table. */
static void explain(struct rows *r)
{
	struct as_xlsx *a = r->own;
	bool en = r->w->english;
	struct as_xlsx_notes n = {.x = a->x, .english = en};
	char text[200];

	xlsx_add(a->x, en ? "About" : "说明");
	as_xlsx_about(a->x);
	as_xlsx_note(&n, "报表", "Table", en ? r->table->title_en : r->table->title);
	as_xlsx_world(&n, r->w);
	snprintf(text, sizeof(text), "%lld", (long long)a->rows);
	as_xlsx_note(&n, "行数", "Rows", text);
	if (a->rows == 0 && r->table->empty)
		as_xlsx_note(&n, "无记录", "No rows", en ? r->table->empty_en : r->table->empty);
	if (xlsx_cut(a->x) > 0) {
		snprintf(text, sizeof(text), en ? "%lld texts were too long for a cell and are cut; CSV has them whole"
			: "有 %lld 处文字超过单元格上限，已截断；完整内容见 CSV 导出", (long long)xlsx_cut(a->x));
		as_xlsx_note(&n, "截断", "Cut", text);
	}
}

/* ------------------------------------------------------------------ the sink */

/* The database's folder; NULL: it is in memory. */
static char *folder(struct store *st)
{
	const char *path = sqlite3_db_filename(sql_db(st), "main"), *slash = path ? strrchr(path, '/') : NULL;

	if (!path || !*path)
		return NULL;
	return slash ? xstrndup(path, (size_t)(slash - path) + (slash == path)) : xstrdup(".");
}

static enum err on_begin(struct rows *r, struct why *why)
{
	struct as_xlsx *a = xcalloc(1, sizeof(*a));
	const char *title = r->w->english ? r->table->title_en : r->table->title;
	char *dir = folder(r->w->st);
	enum err e;

	r->own = a;
	e = xlsx_new(dir, title, r->w->as_of_ms, r->w->english, &a->x, why);
	free(dir);
	a->single = r->table->columns > 0;
	for (size_t i = 0; i < r->table->columns; i++)
		a->defines |= strcmp(r->table->column[i].key, "definition") == 0;
	if (e == OK && a->single)
		as_xlsx_enter(r, r->table, r->w, title, NULL);
	return e;
}

static enum err on_finish(struct rows *r, struct why *why)
{
	struct as_xlsx *a = r->own;

	if (a->single) {
		foot(r);
		tell(r);
		define(r);
		explain(r);
	}
	return xlsx_finish(a->x, why);
}

static enum err on_piece(struct rows *r, bool *more, struct why *why)
{
	struct as_xlsx *a = r->own;

	return xlsx_take(a->x, r->piece, r->out, more, why);
}

static int on_packed(const struct rows *r)
{
	const struct as_xlsx *a = r->own;

	return xlsx_progress(a->x);
}

static void on_close(struct rows *r)
{
	struct as_xlsx *a = r->own;

	if (!a)
		return;
	xlsx_free(a->x);
	for (size_t i = 0; i < a->means; i++) {
		free(a->mean[i].figure);
		free(a->mean[i].name);
		free(a->mean[i].definition);
	}
	free(a->mean);
	free(a->report);
	free(a);
	r->own = NULL;
}

const struct sink sink_xlsx = {
	.begin = on_begin,
	.row = on_row,
	.text = on_text,
	.integer = on_integer,
	.decimal = on_decimal,
	.rate = on_rate,
	.day = on_day,
	.instant = on_instant,
	.boolean = on_boolean,
	.json = on_json,
	.none = on_none,
	.end_row = on_end_row,
	.finish = on_finish,
	.piece = on_piece,
	.packed = on_packed,
	.close = on_close,
};
