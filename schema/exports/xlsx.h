/* xlsx.h - a workbook on its way to a file (libxlsxwriter, constant memory): sheets whose rows go down in order,
 * texts that may hold anything, looks for ledgers and for sheets that are printed and signed.
 *
 *   xlsx_new --xlsx_add, cells ... --> xlsx_finish --xlsx_take ... --> xlsx_free
 *
 * Any number of sheets may be open; in each, rows only go down and cells of a row come before the next row.  Nothing
 * is on disk under a name: temporary files are unlinked as they are made, in TMPDIR, else beside the database.  The same
 * calls give the same bytes: the file knows no time, name or program but what it is told.
 * The first failure is kept; what follows it does nothing, and xlsx_finish says it.  After that no file is written any more: what is
 * taken is packed as it goes (xlsxpack.h), so that an end in the middle is an end at once. */
#ifndef XUNGE_SCHEMA_EXPORTS_XLSX_H
#define XUNGE_SCHEMA_EXPORTS_XLSX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define XLSX_ROWS 1048576     /* of a sheet */
#define XLSX_TEXT_UNITS 32767 /* of a cell, in UTF-16; beyond: cut, with a mark */
#define XLSX_NAME_UNITS 31    /* of a sheet's name */

enum xlsx_look {
	XLSX_TEXT, XLSX_WRAP, XLSX_CENTER, XLSX_INT, XLSX_DEC1, XLSX_DEC2, XLSX_DEC3, XLSX_RATE1, XLSX_RATE2,
	XLSX_DAY, XLSX_INSTANT, XLSX_GENERAL, XLSX_COUNT, XLSX_HEAD, XLSX_TITLE, XLSX_NOTE, XLSX_RIGHT, XLSX_LABEL, XLSX_LOOKS,
	XLSX_GRID = 32,  /* with: thin borders */
	XLSX_TOTAL = 64, /* with: the bold last row */
};

struct xlsx;

/* dir: for temporary files when TMPDIR is not set (NULL: /tmp).  created_ms: the only time that the file tells. */
enum err xlsx_new(const char *dir, const char *title, int64_t created_ms, bool english, struct xlsx **out, struct why *why) MUST_CHECK;
void xlsx_free(struct xlsx *x); /* NULL does nothing */

/* A further sheet, current from now on; its number.  The name is made fit: signs that may not stand there, length, twice. */
int xlsx_add(struct xlsx *x, const char *name);
void xlsx_turn(struct xlsx *x, int sheet);
bool xlsx_full(const struct xlsx *x); /* the current sheet takes no further row: XLSX_ROWS, or 3 GiB */
bool xlsx_failed(const struct xlsx *x);
enum err xlsx_error(const struct xlsx *x, struct why *why); /* OK: none */
int64_t xlsx_cut(const struct xlsx *x); /* texts that were too long for a cell */

/* Cells of the current sheet.  row, col from 0; look: enum xlsx_look with XLSX_GRID, XLSX_TOTAL. */
void xlsx_text(struct xlsx *x, uint32_t row, int col, unsigned look, struct slice v);
void xlsx_string(struct xlsx *x, uint32_t row, int col, unsigned look, const char *v);
void xlsx_int(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t v); /* beyond 2^53: text */
void xlsx_number(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t v, int decimals); /* 12345, 3: 12.345 */
void xlsx_rate(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t num, int64_t den);  /* den 0: "—" */
void xlsx_day(struct xlsx *x, uint32_t row, int col, unsigned look, int32_t day);
void xlsx_instant(struct xlsx *x, uint32_t row, int col, unsigned look, int64_t ms); /* civil time, the second it is in */
void xlsx_blank(struct xlsx *x, uint32_t row, int col, unsigned look);
/* A formula ("=SUM(A1:A2)") beside its value, for viewers that do not calculate: v / 10^decimals, or num / den. */
void xlsx_formula(struct xlsx *x, uint32_t row, int col, unsigned look, const char *formula, int64_t v, int decimals);
void xlsx_formula_rate(struct xlsx *x, uint32_t row, int col, unsigned look, const char *formula, int64_t num, int64_t den);
void xlsx_merge(struct xlsx *x, uint32_t row, int first, int last, unsigned look, const char *v);

/* The current sheet's form. */
void xlsx_width(struct xlsx *x, int col, double chars);
void xlsx_height(struct xlsx *x, uint32_t row, double points); /* before the next row's cells */
void xlsx_freeze(struct xlsx *x, uint32_t rows, int cols);
void xlsx_filter(struct xlsx *x, uint32_t row, uint32_t last_row, int last_col);
/* A4 landscape (or not), one page wide, rows [first, last] on each page, 第 n 页 共 m 页. */
void xlsx_paper(struct xlsx *x, bool landscape, uint32_t first, uint32_t last);

void xlsx_pages(struct xlsx *x, int wide); /* so many pages wide, the first column on each */
/* A ledger on paper, after xlsx_paper: lines between its cells, title and what is below it on top of each page, the notes at its foot. */
void xlsx_ledger(struct xlsx *x, const char *title, const char *below, const char *left, const char *right);
void xlsx_print(struct xlsx *x, uint32_t last_row, int last_col); /* up to here */

/* No cell comes any more.  ERR_FULL: no room, ERR_IO. */
enum err xlsx_finish(struct xlsx *x, struct why *why) MUST_CHECK;
int xlsx_progress(const struct xlsx *x); /* thousandths that were taken; before xlsx_finish -1 */
/* The next n bytes, about; maybe none.  ERR_FULL: the file would be larger than 4 GiB. */
enum err xlsx_take(struct xlsx *x, size_t n, struct buf *out, bool *more, struct why *why) MUST_CHECK;

/* Columns that a text takes on a line: a Chinese sign two. */
double xlsx_wide(const char *text);
int xlsx_lines(const char *text, double width); /* that it takes in a column of this width */

/* "A" ... "XFD" */
void xlsx_column(int col, char out[4]);

#endif
