/* sink.h - a format: what becomes of the cells of rows.h.  For schema/exports/as_*.c.
 *
 *   begin { row cell ... cell end_row } finish { piece }
 *
 * A sink that streams adds to r->out as it goes; one whose file begins with what follows from all rows (XLSX) keeps them in
 * temporary files and gives it away by piece() after finish(). */
#ifndef XUNGE_SCHEMA_EXPORTS_SINK_H
#define XUNGE_SCHEMA_EXPORTS_SINK_H

#include "base/csv.h"
#include "core/json.h"
#include "schema/exports/rows.h"

struct sink;

struct rows {
	const struct sink *sink;
	const struct table *table;
	const struct table_world *w;
	struct buf *out;          /* of the step under way; borrowed */
	size_t start, piece;      /* where it began in out; bytes of a step */
	int64_t until_mono_ms;    /* when the step's page ends */
	unsigned looked;
	size_t column;            /* of the next cell */
	int64_t n;                /* rows ended */
	bool no_bom;
	struct csv_out csv;
	struct buf scratch;       /* a cell being masked */
	struct json json;
	void *own;                /* the sink's state: from begin() to close() */
	enum err err;             /* what a sink met in a cell: the step ends with it, and with why */
	struct why why;
};

struct sink {
	enum err (*begin)(struct rows *r, struct why *why); /* before the first row; heads the table */
	void (*row)(struct rows *r);                        /* before the first cell of a row; NULL: nothing to do */
	void (*text)(struct rows *r, struct slice v);       /* v.n 0: empty */
	void (*integer)(struct rows *r, int64_t v);
	void (*decimal)(struct rows *r, int64_t v, int decimals);
	void (*rate)(struct rows *r, int64_t num, int64_t den, int decimals);
	void (*day)(struct rows *r, int32_t day);
	void (*instant)(struct rows *r, int64_t ms);
	void (*boolean)(struct rows *r, bool v);
	void (*json)(struct rows *r, struct slice v);       /* v.n 0: no value */
	void (*none)(struct rows *r);
	void (*end_row)(struct rows *r);
	enum err (*finish)(struct rows *r, struct why *why); /* after the last row */
	enum err (*piece)(struct rows *r, bool *more, struct why *why); /* NULL: all is in out */
	int (*packed)(const struct rows *r);                 /* thousandths given away by piece(); NULL with it */
	void (*close)(struct rows *r);                      /* frees own, also half-made; NULL: nothing to do */
	bool codes;                                         /* for machines: codes, not words (rows_word) */
};

const struct column *sink_column(const struct rows *r);      /* of the cell under way */
const char *sink_heading(const struct rows *r, size_t column);

/* Text of a number: 12345, 3 is "12.345"; of a rate without its %, half up; den > 0. */
void sink_decimal(struct buf *out, int64_t v, int decimals);
void sink_rate(struct buf *out, int64_t num, int64_t den, int decimals);

extern const struct sink sink_csv, sink_json, sink_geojson, sink_xlsx;

#endif
