/* csv.h - RFC 4180, both ways.
 *
 * The reader streams: memory is one row.  Input is UTF-8 (with or without BOM) or GB18030; which of
 * them is found out from the whole of it, so a source that cannot be rewound is first copied to a
 * temporary file.  Cells come out as UTF-8.  Rows end with CRLF, LF or CR; blank lines are skipped. */
#ifndef XUNGE_BASE_CSV_H
#define XUNGE_BASE_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define CSV_CELLS_MAX 256          /* in a row */
#define CSV_CELL_MAX (64 * 1024)   /* bytes of one cell */

struct csv;

struct csv_cell {
	struct slice text; /* UTF-8, a NUL follows; never absent */
	uint32_t line;     /* where it begins, from 1 */
};

/* Borrows f (read from where it stands) until csv_close().  ERR_INVALID: UTF-16, a workbook;
 * ERR_IO: cannot be read. */
enum err csv_open(FILE *f, struct csv **out, struct why *why) MUST_CHECK;
void csv_close(struct csv *c);

/* The next row.  OK; ERR_NOTFOUND at the end; ERR_INVALID: the row breaks a rule, *fault says where
 * (its line, and the cell from 1) and what - the next call goes on behind it; ERR_IO. */
struct csv_fault {
	uint32_t line, cell;
	char text[96];
};
enum err csv_next(struct csv *c, struct csv_fault *fault) MUST_CHECK;

/* The cells of the last row; borrowed until the next call of csv_next(). */
const struct csv_cell *csv_cells(const struct csv *c, uint32_t *n);
uint32_t csv_line(const struct csv *c); /* where the last row begins */
const char *csv_encoding(const struct csv *c); /* "UTF-8", "GB18030" */

/* The writer: cells into b, rows end with CRLF.  b may be taken away and cleared between rows.
 *   csv_out_bom?  { csv_out_text/int ... csv_out_end }*  */
struct csv_out {
	struct buf *b;
	uint32_t cells; /* in the open row */
};
void csv_out_bom(struct csv_out *o); /* for Excel; before all else */
/* Quoted when it must be.  A cell that a spreadsheet would take for a formula (it starts with
 * = + - @, their full-width forms, tab, CR or LF) gets a ' in front; a plain number does not. */
void csv_out_text(struct csv_out *o, struct slice s);
void csv_out_int(struct csv_out *o, int64_t v);
void csv_out_end(struct csv_out *o);

#endif
