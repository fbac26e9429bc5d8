/* as_xlsx.h - tables as sheets of a workbook: the sink of single tables, and the same for a workbook of many.
 *
 * A table with columns gets a sheet for its rows (and others, 2, 3 ..., when one is full) and a sheet that says what they
 * are.  A table without columns (the workbook) fills the book itself, and may put the rows of others into it. */
#ifndef XUNGE_SCHEMA_EXPORTS_AS_XLSX_H
#define XUNGE_SCHEMA_EXPORTS_AS_XLSX_H

#include "schema/exports/sink.h"
#include "schema/exports/xlsx.h"

struct xlsx *as_xlsx_book(struct rows *r);

/* From here on the rows are this table's, on a sheet of this name; keys: the columns to show, in this order, NULL at the end
 * (keys NULL: all).  table, w: borrowed until as_xlsx_leave. */
void as_xlsx_enter(struct rows *r, const struct table *table, const struct table_world *w, const char *name, const char *const *keys);
/* The same sheet takes rows of another walk. */
void as_xlsx_also(struct rows *r, const struct table_world *w);
/* *rows: how many there are on it. */
void as_xlsx_leave(struct rows *r, int64_t *rows);

/* What every workbook says of itself: lines of (what, text) on the current sheet from *row on. */
struct as_xlsx_notes {
	struct xlsx *x;
	uint32_t row;
	bool english;
};
void as_xlsx_about(struct xlsx *x); /* the form of such a sheet */
void as_xlsx_note(struct as_xlsx_notes *n, const char *zh, const char *en, const char *text);
void as_xlsx_world(struct as_xlsx_notes *n, const struct table_world *w); /* scope, period, as of */

#endif
