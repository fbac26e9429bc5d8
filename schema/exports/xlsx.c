#include "schema/exports/xlsx.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "core/civil.h"
#include "schema/exports/xlsxpack.h"

#define SHEETS_MAX 200
#define SHEET_BYTES (3LL << 30) /* of a sheet's rows: its part of the file must stay below 4 GiB ... */
#define LOOKED_AT 32 /* ... looked at so often, in rows: so many of the longest are below one */
#define LEDGER_ROW 16 /* points */
#define EXACT (1LL << 53) /* whole numbers that a double holds */
#define SERIAL_1970 25569 /* days from the spreadsheets' day 0 */
#define SERIAL_FIRST 61   /* 1900-03-01: before it they count a day that never was */
#define SERIAL_END 2958466 /* 10000-01-01 */

struct mark { /* what the library reads in the place of a sheet's rows */
	size_t given;
	bool open;
	FILE *f;
};

struct sheet {
	lxw_worksheet *ws;
	FILE *rows;   /* after xlsx_finish; before, the library holds them */
	struct mark mark;
	uint32_t row; /* the last one begun */
	bool empty;
	char name[XLSX_NAME_UNITS * 3 + 8];
};

struct xlsx {
	lxw_workbook *wb;
	lxw_format *look[XLSX_TOTAL * 2];
	struct sheet sheet[SHEETS_MAX];
	int n, now;
	int fd;            /* the library's file, without the rows; has no name */
	struct xlsxpack *pack;
	int64_t cut;
	bool english, failed;
	enum err e;
	char detail[160];
	char *tmpdir;
	struct buf text;
};

static void fail(struct xlsx *x, enum err e, const char *detail)
{
	if (x->failed)
		return;
	x->failed = true;
	x->e = e;
	snprintf(x->detail, sizeof(x->detail), "%s", detail);
}

static void check(struct xlsx *x, lxw_error e)
{
	if (e != LXW_NO_ERROR)
		fail(x, ERR_IO, lxw_strerror(e));
}

enum err xlsx_error(const struct xlsx *x, struct why *why)
{
	if (!x->failed)
		return OK;
	return why_set(why, x->e, "cannot write the spreadsheet: %s (temporary files in %s: is there room?)", x->detail, x->tmpdir);
}

static int nameless(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0)
		return fd;
	path = xasprintf("%s/xunge-XXXXXX", dir); /* a file system without O_TMPFILE */
	if ((fd = mkostemp(path, O_CLOEXEC)) >= 0)
		unlink(path);
	free(path);
	return fd;
}

/* The first of TMPDIR, dir and /tmp that takes a file. */
static int place(const char *dir, char **out)
{
	const char *const at[] = {getenv("TMPDIR"), dir, "/tmp"};
	int fd = -1;

	for (size_t i = 0; i < ARRAY_LEN(at) && fd < 0; i++) {
		if (!at[i] || !at[i][0])
			continue;
		if ((fd = nameless(at[i])) >= 0)
			*out = xstrdup(at[i]);
	}
	return fd;
}

enum err xlsx_new(const char *dir, const char *title, int64_t created_ms, bool english, struct xlsx **out, struct why *why)
{
	struct xlsx *x = xcalloc(1, sizeof(*x));
	lxw_doc_properties p = {.title = (char *)title, .created = (time_t)(created_ms / 1000)};
	lxw_workbook_options o = {.constant_memory = LXW_TRUE};
	char path[40];

	x->english = english;
	if ((x->fd = place(dir, &x->tmpdir)) < 0) {
		int no = errno;

		free(x);
		return why_set(why, no == ENOSPC || no == EDQUOT ? ERR_FULL : ERR_IO, "cannot make a temporary file: %s", strerror(no));
	}
	if (p.created == 0)
		p.created = 1; /* 0 would mean now */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", x->fd);
	o.tmpdir = x->tmpdir;
	x->wb = workbook_new_opt(path, &o);
	if (!x->wb)
		die("xlsx: out of memory");
	check(x, workbook_set_properties(x->wb, &p));
	*out = x;
	return OK;
}

void xlsx_free(struct xlsx *x)
{
	if (!x)
		return;
	for (int i = 0; i < x->n; i++) { /* the library closes them only when all went well */
		struct sheet *s = &x->sheet[i];

		if (x->wb && s->ws->file)
			fclose(s->ws->file);
		if (x->wb)
			s->ws->file = NULL;
		if (s->rows)
			fclose(s->rows);
		if (s->mark.open)
			fclose(s->mark.f);
	}
	lxw_workbook_free(x->wb);
	xlsxpack_close(x->pack);
	if (x->fd >= 0)
		close(x->fd);
	buf_done(&x->text);
	free(x->tmpdir);
	free(x);
}

bool xlsx_failed(const struct xlsx *x)
{
	return x->failed;
}

int64_t xlsx_cut(const struct xlsx *x)
{
	return x->cut;
}

/* ------------------------------------------------------------------ texts */

/* Spreadsheets read _x0041_ as A: the sign before it must not be one. */
static bool is_escape(const char *p, size_t n)
{
	if (n < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_')
		return false;
	for (int i = 2; i < 6; i++)
		if (!strchr("0123456789abcdefABCDEF", p[i]))
			return false;
	return true;
}

/* One character of v at i into out: what XML and spreadsheets take.  Says how many bytes it was; *units: of UTF-16. */
static size_t one(struct slice v, size_t i, struct buf *out, int *units)
{
	const unsigned char *p = (const unsigned char *)v.p + i;
	size_t left = v.n - i, len;

	*units = 1;
	if (*p < 0x80) {
		if (*p == '\r') { /* XML would read a line's end of its own */
			if (left < 2 || p[1] != '\n')
				buf_addc(out, '\n');
			else
				*units = 0;
		} else if (*p == '\0') {
			buf_adds(out, "\xef\xbf\xbd");
		} else {
			if (*p == '_' && is_escape(v.p + i, left)) {
				buf_adds(out, "_x005F");
				*units = 7;
			}
			buf_addc(out, (char)*p); /* other control characters are escaped by the library */
			if (*p < 0x20 && *p != '\n' && *p != '\t')
				*units = 7;
		}
		return 1;
	}
	len = utf8_len(p, left);
	if (len == 0 || (len == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)) { /* none, or U+FFFE, U+FFFF */
		buf_adds(out, "\xef\xbf\xbd");
		return len ? len : 1;
	}
	buf_add(out, p, len);
	*units = len == 4 ? 2 : 1;
	return len;
}

/* How many characters at i stay as they are, a byte each. */
static size_t plain(struct slice v, size_t i)
{
	size_t n = 0;

	while (i + n < v.n && v.p[i + n] >= 0x20 && v.p[i + n] < 0x7f && v.p[i + n] != '_')
		n++;
	return n;
}

/* v as a cell may hold it, in x->text. */
static const char *clean(struct xlsx *x, struct slice v)
{
	static const char mark_zh[] = "……（截断）", mark_en[] = "... (cut)";
	int64_t units = 0, room = XLSX_TEXT_UNITS - 16;
	size_t fits = 0; /* bytes of text that leave room for the mark */
	int u;

	buf_clear(&x->text);
	buf_reserve(&x->text, v.n + 1);
	x->text.p[0] = '\0';
	for (size_t i = 0; i < v.n;) {
		size_t n = plain(v, i);

		if (n > 0 && units + (int64_t)n <= room) { /* most of most texts */
			buf_add(&x->text, v.p + i, n);
			i += n;
			u = (int)n;
		} else {
			i += one(v, i, &x->text, &u);
		}
		units += u;
		if (units <= room)
			fits = x->text.n;
		if (units > XLSX_TEXT_UNITS) {
			x->text.n = fits;
			x->text.p[fits] = '\0';
			buf_adds(&x->text, x->english ? mark_en : mark_zh);
			x->cut++;
			break;
		}
	}
	return x->text.p;
}

/* ------------------------------------------------------------------ looks */

/* Ledgers show numbers plainly, among them many that only count; printed sheets group their digits. */
static const char *number_form(unsigned look)
{
	bool grid = look & XLSX_GRID;

	switch (look % XLSX_GRID) {
	case XLSX_COUNT: return "0";
	case XLSX_INT: return grid ? "#,##0" : "0";
	case XLSX_DEC1: return grid ? "#,##0.0" : "0.0";
	case XLSX_DEC2: return grid ? "#,##0.00" : "0.00";
	case XLSX_DEC3: return grid ? "#,##0.000" : "0.000";
	case XLSX_RATE1: return "0.0%";
	case XLSX_RATE2: return "0.00%";
	case XLSX_DAY: return "yyyy-mm-dd";
	case XLSX_INSTANT: return "yyyy-mm-dd hh:mm";
	case XLSX_TEXT: case XLSX_WRAP: case XLSX_CENTER: return "@";
	default: return NULL;
	}
}

static void align(lxw_format *f, unsigned look)
{
	bool grid = look & XLSX_GRID;

	format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
	switch (look % XLSX_GRID) {
	case XLSX_WRAP: case XLSX_NOTE:
		format_set_text_wrap(f);
		format_set_align(f, LXW_ALIGN_LEFT);
		if (look % XLSX_GRID == XLSX_NOTE)
			format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
		break;
	case XLSX_HEAD:
		format_set_text_wrap(f);
		format_set_align(f, LXW_ALIGN_CENTER);
		break;
	case XLSX_CENTER: case XLSX_COUNT: case XLSX_TITLE: case XLSX_DAY: case XLSX_INSTANT:
		format_set_align(f, LXW_ALIGN_CENTER);
		break;
	case XLSX_RIGHT: case XLSX_GENERAL: case XLSX_RATE1: case XLSX_RATE2: format_set_align(f, LXW_ALIGN_RIGHT); break;
	case XLSX_LABEL:
		if (grid)
			format_set_text_wrap(f);
		format_set_align(f, LXW_ALIGN_LEFT);
		break;
	case XLSX_TEXT: format_set_align(f, LXW_ALIGN_LEFT); break;
	default: break;
	}
}

/* In ledgers, off the line between the cells. */
static void indent(lxw_format *f, unsigned look)
{
	switch (look) {
	case XLSX_INT: case XLSX_DEC1: case XLSX_DEC2: case XLSX_DEC3: case XLSX_RATE1: case XLSX_RATE2: case XLSX_GENERAL: case XLSX_RIGHT:
		format_set_align(f, LXW_ALIGN_RIGHT);
		format_set_indent(f, 1);
		break;
	case XLSX_TEXT: case XLSX_WRAP:
		format_set_indent(f, 1);
		break;
	default: break;
	}
}

static lxw_format *make_look(struct xlsx *x, unsigned look)
{
	unsigned kind = look % XLSX_GRID;
	lxw_format *f = workbook_add_format(x->wb);
	const char *form = number_form(look);

	if (!f)
		die("xlsx: out of memory");
	format_set_font_name(f, x->english ? "Arial" : kind == XLSX_TITLE ? "黑体" : "宋体");
	format_set_font_size(f, kind == XLSX_TITLE ? 16 : x->english ? 10 : 10.5);
	align(f, look);
	indent(f, look);
	if (form)
		format_set_num_format(f, form);
	if (kind == XLSX_HEAD || kind == XLSX_LABEL || (look & XLSX_TOTAL))
		format_set_bold(f);
	if (kind == XLSX_HEAD)
		format_set_bg_color(f, 0xE7EDF3);
	if (kind == XLSX_HEAD || (look & XLSX_GRID))
		format_set_border(f, LXW_BORDER_THIN);
	if (look & XLSX_TOTAL)
		format_set_top(f, LXW_BORDER_MEDIUM);
	return f;
}

static lxw_format *look_of(struct xlsx *x, unsigned look)
{
	if (!x->look[look])
		x->look[look] = make_look(x, look);
	return x->look[look];
}

/* ------------------------------------------------------------------ sheets */

static bool taken(const struct xlsx *x, const char *name)
{
	for (int i = 0; i < x->n; i++)
		if (strcasecmp(x->sheet[i].name, name) == 0)
			return true;
	return false;
}

/* Takes out what may not stand in a name, and cuts it at `most` UTF-16 units. */
static void fit_name(struct buf *out, const char *name, int most)
{
	struct slice v = slice_of(name);
	int units = 0, u;

	for (size_t i = 0; i < v.n;) {
		size_t was = out->n;

		i += one(v, i, out, &u);
		if (units + u > most) {
			out->n = was;
			out->p[was] = '\0';
			return;
		}
		if (out->n == was + 1 && (strchr("[]:*?/\\'", out->p[was]) || (unsigned char)out->p[was] < 0x20))
			out->p[was] = ' ';
		units += u;
	}
}

int xlsx_add(struct xlsx *x, const char *name)
{
	struct sheet *s;
	struct buf b = {0};

	if (x->failed)
		return 0;
	if (x->n == SHEETS_MAX) {
		fail(x, ERR_FULL, "too many sheets");
		return 0;
	}
	s = &x->sheet[x->n];
	fit_name(&b, name, XLSX_NAME_UNITS);
	for (int k = 2; b.n == 0 || taken(x, b.p); k++) {
		buf_clear(&b);
		fit_name(&b, name, XLSX_NAME_UNITS - 4);
		buf_addf(&b, " %d", k);
	}
	slice_copy(s->name, sizeof(s->name), buf_slice(&b));
	buf_done(&b);
	s->ws = workbook_add_worksheet(x->wb, s->name);
	if (!s->ws) {
		fail(x, ERR_IO, "a temporary file cannot be made");
		return 0;
	}
	s->row = 0;
	s->empty = true;
	x->now = x->n;
	return x->n++;
}

void xlsx_turn(struct xlsx *x, int sheet)
{
	x->now = sheet;
}

bool xlsx_full(const struct xlsx *x)
{
	const struct sheet *s = &x->sheet[x->now];

	if (x->failed)
		return false;
	return s->row + 1 >= XLSX_ROWS || (s->row % LOOKED_AT == 0 && s->ws->file && (int64_t)ftello(s->ws->file) > SHEET_BYTES) || FAULT("xlsx.full");
}

/* The current sheet, when a cell of this row may be written: else NULL, and that is our bug or a full sheet. */
static lxw_worksheet *at(struct xlsx *x, uint32_t row, int col)
{
	struct sheet *s = &x->sheet[x->now];

	if (x->failed)
		return NULL;
	if (row >= XLSX_ROWS || row < s->row || col < 0 || col >= LXW_COL_MAX) {
		fail(x, ERR_INVALID, "a cell out of order");
		return NULL;
	}
	if (row > s->row && s->ws->file && ferror(s->ws->file)) {
		fail(x, ERR_FULL, "a temporary file takes no more");
		return NULL;
	}
	s->row = row;
	s->empty = false;
	return s->ws;
}

void xlsx_text(struct xlsx *x, uint32_t row, int col, unsigned look, struct slice v)
{
	lxw_worksheet *ws = at(x, row, col);

	if (!ws)
		return;
	if (v.n == 0)
		check(x, worksheet_write_blank(ws, row, (lxw_col_t)col, look_of(x, look)));
	else
		check(x, worksheet_write_string(ws, row, (lxw_col_t)col, clean(x, v), look_of(x, look)));
}

void xlsx_string(struct xlsx *x, uint32_t row, int col, unsigned look, const char *v)
{
	xlsx_text(x, row, col, look, slice_of(v));
}

void xlsx_blank(struct xlsx *x, uint32_t row, int col, unsigned look)
{
	xlsx_text(x, row, col, look, (struct slice){0});
}

static void real(struct xlsx *x, uint32_t row, int col, unsigned look, double v)
{
	lxw_worksheet *ws = at(x, row, col);

	if (ws)
		check(x, worksheet_write_number(ws, row, (lxw_col_t)col, v, look_of(x, look)));
}

void xlsx_int(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t v)
{
	xlsx_number(x, row, col, look, v, 0);
}

static double scaled(int64_t v, int decimals)
{
	double by = 1;

	while (decimals-- > 0)
		by *= 10;
	return (double)v / by; /* the one division gives the double nearest to the decimal number */
}

void xlsx_number(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t v, int decimals)
{
	char text[24];

	if (v > -EXACT && v < EXACT) {
		real(x, row, col, look, scaled(v, decimals));
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)v);
	xlsx_string(x, row, col, XLSX_TEXT | (look & ~(XLSX_GRID - 1U)), text);
}

void xlsx_rate(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t num, int64_t den)
{
	if (den == 0)
		xlsx_string(x, row, col, XLSX_RIGHT | (look & ~(XLSX_GRID - 1U)), "—");
	else
		real(x, row, col, look, (double)num / (double)den);
}

void xlsx_day(struct xlsx *x, uint32_t row, int col, unsigned look, int32_t day)
{
	int64_t serial = (int64_t)day + SERIAL_1970;
	char text[CIVIL_DAY_TEXT];

	if (serial >= SERIAL_FIRST && serial < SERIAL_END) {
		real(x, row, col, look, (double)serial);
		return;
	}
	civil_day_text(day, text);
	xlsx_string(x, row, col, XLSX_CENTER | (look & ~(XLSX_GRID - 1U)), text);
}

void xlsx_instant(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t ms)
{
	int32_t day = civil_day(ms);
	int64_t serial = (int64_t)day + SERIAL_1970, second = (ms - civil_day_ms(day)) / 1000;
	char text[CIVIL_INSTANT_TEXT];

	if (serial >= SERIAL_FIRST && serial < SERIAL_END) { /* of 23:59:59.999 some make the next day */
		real(x, row, col, look, (double)serial + (double)second / 86400);
		return;
	}
	civil_instant_text(ms, text);
	xlsx_string(x, row, col, XLSX_CENTER | (look & ~(XLSX_GRID - 1U)), text);
}

void xlsx_formula(struct xlsx *x, uint32_t row, int col, unsigned look, const char *formula, int64_t v, int decimals)
{
	lxw_worksheet *ws = at(x, row, col);

	if (ws)
		check(x, worksheet_write_formula_num(ws, row, (lxw_col_t)col, formula, look_of(x, look), scaled(v, decimals)));
}

void xlsx_formula_rate(struct xlsx *x, uint32_t row, int col, unsigned look, const char *formula, int64_t num, int64_t den)
{
	lxw_worksheet *ws = at(x, row, col);

	if (!ws)
		return;
	if (den == 0)
		check(x, worksheet_write_formula_str(ws, row, (lxw_col_t)col, formula, look_of(x, look), "—"));
	else
		check(x, worksheet_write_formula_num(ws, row, (lxw_col_t)col, formula, look_of(x, look), (double)num / (double)den));
}

void xlsx_merge(struct xlsx *x, uint32_t row, int first, int last, unsigned look, const char *v)
{
	lxw_worksheet *ws = at(x, row, first);

	if (!ws)
		return;
	if (first == last) {
		xlsx_string(x, row, first, look, v);
		return;
	}
	check(x, worksheet_merge_range(ws, row, (lxw_col_t)first, row, (lxw_col_t)last, clean(x, slice_of(v)), look_of(x, look)));
}

/* ------------------------------------------------------------------ form */

static lxw_worksheet *now(struct xlsx *x)
{
	return x->failed ? NULL : x->sheet[x->now].ws;
}

void xlsx_width(struct xlsx *x, int col, double chars)
{
	lxw_worksheet *ws = now(x);

	if (ws)
		check(x, worksheet_set_column(ws, (lxw_col_t)col, (lxw_col_t)col, chars, NULL));
}

void xlsx_height(struct xlsx *x, uint32_t row, double points)
{
	lxw_worksheet *ws = at(x, row, 0);

	if (ws)
		check(x, worksheet_set_row(ws, row, points, NULL));
}

void xlsx_freeze(struct xlsx *x, uint32_t rows, int cols)
{
	lxw_worksheet *ws = now(x);

	if (ws)
		worksheet_freeze_panes(ws, rows, (lxw_col_t)cols);
}

void xlsx_filter(struct xlsx *x, uint32_t row, uint32_t last_row, int last_col)
{
	lxw_worksheet *ws = now(x);

	if (ws)
		check(x, worksheet_autofilter(ws, row, 0, last_row, (lxw_col_t)last_col));
}

void xlsx_paper(struct xlsx *x, bool landscape, uint32_t first, uint32_t last)
{
	lxw_worksheet *ws = now(x);

	if (!ws)
		return;
	worksheet_set_paper(ws, 9); /* A4 */
	if (landscape)
		worksheet_set_landscape(ws);
	worksheet_fit_to_pages(ws, 1, 0);
	worksheet_set_margins(ws, 0.5, 0.5, 0.6, 0.7);
	worksheet_center_horizontally(ws);
	check(x, worksheet_repeat_rows(ws, first, last));
	check(x, worksheet_set_footer(ws, x->english ? "&CPage &P of &N" : "&C第 &P 页 共 &N 页"));
}

void xlsx_pages(struct xlsx *x, int wide)
{
	lxw_worksheet *ws = now(x);

	if (!ws)
		return;
	worksheet_fit_to_pages(ws, (uint16_t)wide, 0);
	if (wide > 1)
		check(x, worksheet_repeat_columns(ws, 0, 0));
}

/* A sign that stands for itself: & begins a command. */
static void add_plain(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_addc(b, '&');
		buf_addc(b, *text);
	}
}

/* Of a header, or a footer, what there is room for (255 characters); a command's number ends at a space. */
static const char *margin_text(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (((unsigned char)b->p[i] & 0xc0) != 0x80 && ++n > LXW_HEADER_FOOTER_MAX - 5) {
			b->p[b->n = i] = '\0';
			break;
		}
	return b->p;
}

void xlsx_ledger(struct xlsx *x, const char *title, const char *below, const char *left, const char *right)
{
	lxw_worksheet *ws = now(x);
	lxw_header_footer_options head = {.margin = 0.35}, foot = {.margin = 0.35};
	struct buf b = {0};

	if (!ws)
		return;
	worksheet_gridlines(ws, LXW_SHOW_ALL_GRIDLINES);
	worksheet_set_default_row(ws, LEDGER_ROW, LXW_FALSE);
	worksheet_set_margins(ws, 0.4, 0.4, 0.95, 0.7);
	buf_addf(&b, "&C&\"%s,Bold\"&15 ", x->english ? "Arial" : "黑体");
	add_plain(&b, title);
	buf_addf(&b, "\n&\"%s,Regular\"&9 ", x->english ? "Arial" : "宋体");
	add_plain(&b, below);
	check(x, worksheet_set_header_opt(ws, margin_text(&b), &head));
	buf_clear(&b);
	buf_adds(&b, "&L&8 ");
	add_plain(&b, left);
	buf_adds(&b, x->english ? "&C&9 Page &P of &N&R&8 " : "&C&9 第 &P 页 共 &N 页&R&8 ");
	add_plain(&b, right);
	check(x, worksheet_set_footer_opt(ws, margin_text(&b), &foot));
	buf_done(&b);
}

void xlsx_print(struct xlsx *x, uint32_t last_row, int last_col)
{
	lxw_worksheet *ws = now(x);

	if (ws)
		check(x, worksheet_print_area(ws, 0, 0, last_row, (lxw_col_t)last_col));
}

static double wide(const char *text, size_t n)
{
	double w = 0;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = (unsigned char)text[i] < 0x80 ? 1 : utf8_len((const unsigned char *)text + i, n - i);
		w += len > 1 ? 2 : 1.1;
		len = len ? len : 1;
	}
	return w;
}

double xlsx_wide(const char *text)
{
	return wide(text, strlen(text));
}

int xlsx_lines(const char *text, double width)
{
	int lines = 0;

	for (const char *p = text, *end; p; p = *end ? end + 1 : NULL) {
		end = strchrnul(p, '\n');
		lines += (int)ceil(wide(p, (size_t)(end - p)) / (width + 0.5)) + (p == end);
	}
	return lines > 0 ? lines : 1;
}

void xlsx_column(int col, char out[4])
{
	char back[4];
	int n = 0, k = 0;

	for (int c = col + 1; c > 0 && n < 3; c = (c - 1) / 26)
		back[n++] = (char)('A' + (c - 1) % 26);
	while (n > 0)
		out[k++] = back[--n];
	out[k] = '\0';
}

/* ------------------------------------------------------------------ the file */

/* All rows are on the disk. */
static void flush(struct xlsx *x)
{
	for (int i = 0; i < x->n && !x->failed; i++) {
		lxw_worksheet *ws = x->sheet[i].ws;

		if (x->sheet[i].empty) { /* of a sheet without rows the library would leave its file open */
			xlsx_turn(x, i);
			xlsx_blank(x, 0, 0, XLSX_NOTE);
		}
		if (ws->optimize_row)
			lxw_worksheet_write_single_row(ws); /* a second call writes nothing */
		if (fflush(ws->file) != 0 || ferror(ws->file))
			fail(x, errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_FULL : ERR_IO, "a temporary file takes no more");
	}
}

static ssize_t mark_read(void *cookie, char *to, size_t n)
{
	static const char text[] = XLSXPACK_MARK;
	struct mark *m = cookie;

	if (n > sizeof(text) - 1 - m->given)
		n = sizeof(text) - 1 - m->given;
	memcpy(to, text + m->given, n);
	m->given += n;
	return (ssize_t)n;
}

static int mark_close(void *cookie)
{
	((struct mark *)cookie)->open = false;
	return 0;
}

/* The library gets a mark to copy and to pack, we keep the rows. */
static void take_rows(struct sheet *s)
{
	static const cookie_io_functions_t mark = {.read = mark_read, .close = mark_close};

	s->rows = s->ws->optimize_tmpfile;
	s->mark = (struct mark){0, true, fopencookie(&s->mark, "r", mark)};
	if (!s->mark.f)
		die("xlsx: out of memory");
	s->ws->file = s->ws->optimize_tmpfile = s->mark.f;
}

static void make_frame(struct xlsx *x)
{
	struct xlsxpack_rows *rows = xcalloc((size_t)x->n + 1, sizeof(*rows));
	lxw_error le;

	for (int i = 0; i < x->n; i++) {
		take_rows(&x->sheet[i]);
		rows[i] = (struct xlsxpack_rows){fileno(x->sheet[i].rows), (int64_t)ftello(x->sheet[i].rows)};
	}
	le = workbook_close(x->wb); /* frees it, also when it fails */
	x->wb = NULL;
	if (le != LXW_NO_ERROR)
		fail(x, ERR_FULL, lxw_strerror(le));
	else if (!xlsxpack_open(x->fd, rows, x->n, &x->pack))
		fail(x, ERR_FULL, "what was read back is not what was written");
	free(rows);
}

enum err xlsx_finish(struct xlsx *x, struct why *why)
{
	if (FAULT("xlsx.finish"))
		fail(x, ERR_FULL, "no room (a test says so)");
	flush(x);
	if (!x->failed)
		make_frame(x);
	return xlsx_error(x, why);
}

int xlsx_progress(const struct xlsx *x)
{
	return x->pack ? xlsxpack_progress(x->pack) : -1;
}

enum err xlsx_take(struct xlsx *x, size_t n, struct buf *out, bool *more, struct why *why)
{
	enum err e;

	if (!x->pack)
		return x->failed ? xlsx_error(x, why) : ERR_INVALID;
	e = xlsxpack_take(x->pack, n, out, more);
	if (e == ERR_FULL)
		return why_set(why, e, "the spreadsheet would be larger than 4 GiB: ask for a shorter period, or for CSV");
	return e == OK ? OK : why_set(why, e, "cannot read the spreadsheet's temporary files (in %s) back", x->tmpdir);
}
