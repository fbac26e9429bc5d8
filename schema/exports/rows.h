/* rows.h - what a table of an export is made of, and where its cells go: CSV, JSON, GeoJSON or XLSX from one walk.
 *
 * A table says its columns once and gives each row's cells in their order; the sink knows how a day, an instant or an
 * amount looks in its format (CSV and JSON: 2026-11-23, 2026-11-23T09:38:12.345+08:00; XLSX: real dates and numbers). */
#ifndef XUNGE_SCHEMA_EXPORTS_ROWS_H
#define XUNGE_SCHEMA_EXPORTS_ROWS_H

#include "base/buf.h"
#include "schema/asof.h"
#include "schema/books_cases.h"
#include "schema/books_patrols.h"
#include "schema/exports/export.h"
#include "schema/figures/sum.h"

enum column_type { COL_TEXT, COL_INT, COL_DECIMAL, COL_RATE, COL_DAY, COL_INSTANT, COL_BOOL, COL_JSON };

struct column {
	const char *key, *zh, *en;
	enum column_type type;
	int width;   /* of a spreadsheet, in characters; 0: 12 */
	bool sum;    /* XLSX, summary sheets: the last row adds it up */
};

struct rows; /* a sink with an open table */
struct sink;

/* Each row: its cells from the first column to the last, then rows_end. */
void rows_text(struct rows *r, const char *v);              /* NULL, "": empty */
void rows_slice(struct rows *r, struct slice v);
void rows_int(struct rows *r, int64_t v);
void rows_decimal(struct rows *r, int64_t v, int decimals); /* v = 12345, 3: 12.345 */
void rows_number(struct rows *r, const char *text);         /* "98.3" of a figure, likewise */
void rows_rate(struct rows *r, int64_t num, int64_t den, int decimals); /* percent, half up; den 0: "—" */
void rows_day(struct rows *r, int32_t day);
void rows_instant(struct rows *r, int64_t ms);
void rows_bool(struct rows *r, bool v);
void rows_json(struct rows *r, struct slice v);             /* a JSON value as it came */
void rows_none(struct rows *r);                             /* no value */
void rows_end(struct rows *r);
/* The step's piece is full, or its 250 ms are over: end the page.  Ask after every row that was looked at, also after those
 * that gave none. */
bool rows_full(struct rows *r);
bool rows_over(struct rows *r); /* the same after what takes some ms: it looks at the clock each time */
/* A code that people read as a word: JSON and English tables have the code, Chinese ones the word (zh NULL: the code). */
void rows_word(struct rows *r, const char *code, const char *zh);
bool rows_codes(const struct rows *r);                      /* is it the code that such a cell shows? */
bool rows_json_is(const struct rows *r);                    /* JSON: several values may be an array */

/* Personal data (domain page, section 5): whole when the export may show it, else masked.  A name keeps its first
 * character: 张*; a phone 138****0000; in free text every phone number and identity number is masked. */
void rows_name(struct rows *r, const char *name);
void rows_phone(struct rows *r, const char *phone);
void rows_free(struct rows *r, struct slice text);
void rows_names(struct rows *r, struct slice names); /* several, with 、 or a comma between them: 张*、李* */
void rows_key(struct rows *r, struct slice key);     /* a code that may be a name: of a household */
void rows_body(struct rows *r, struct slice json);   /* a JSON value in which people may be named (core/mask.h) */

/* What a table reads with. */
struct table_world {
	struct store *st;          /* at the commit asked for, in a snapshot */
	const char *scope, *within;
	bool scope_is_reach;       /* `within` is the code of a reach, or reaches (schema/waters.h) */
	const char *klass, *figure, *level, *category;
	struct books_case_filter cases;     /* of the list of cases, beside klass; late_ms follows from at_ms */
	struct books_patrol_filter patrols; /* of the list of patrols */
	enum export_format format;
	int64_t from_ms, to_ms, at_ms, as_of, as_of_ms;
	int32_t from_day, to_day;
	bool english, unmask;
	const char *place;         /* what was asked for: within, else scope */
	const char *place_name;    /* "示例镇"; "" for everything */
	const char *period, *as_of_time; /* "2023-01-01/2024-01-01"; RFC 3339 */
	bool fixed;                /* the commit was asked for, or is a freeze's: what is kept of now only is not shown */
	bool one_freeze;           /* the period was frozen whole, in one go, and is shown as of that: nothing came after */
	size_t piece;              /* as asked; not 0: as little as can be at once (tests) */
	bool past;                 /* the database stands at as_of, and nothing moves any more */
	void *own;                 /* the table's own state, from begin() to end() */
};

struct table {
	const char *name, *title, *title_en;
	const struct column *column;
	size_t columns;
	unsigned formats;          /* bits of enum export_format */
	enum export_format usual;
	bool whole_days;           /* from and to must be days */
	bool areas_only;           /* a reach code cannot narrow it */
	bool by_class;             /* takes --class */
	bool by_case, by_patrol;   /* takes the filters of that list */
	bool behind;               /* takes --figure, --level, --category */
	bool clock;                /* rows hang on at_ms: JSON says it */
	bool exact;                /* its pages are as of as_of, whatever is committed between them */
	bool corrections;          /* what came after a freeze: not as of it, though the period is frozen */
	enum asof_depth depth;     /* how much of an older commit it reads; 0: all of it */
	bool now_only;             /* shows how things stand: an older as-of is refused, with the reason */
	bool keys;                 /* CSV: the keys as headings, in every language; a spreadsheet has words */
	const char *empty, *empty_en; /* what no row means, for a reader; NULL */
	enum err (*begin)(struct table_world *w, struct why *why); /* may be NULL; ERR_STALE: begin again at the head */
	/* What is added up before the first row (schema/figures/sum.h): some of it, in a read of its own; *more: there is more.  At the end all of it is
	 * of the snapshot of that last call, and so is the first page.  ERR_STALE: begin again.  NULL: there is nothing to add up. */
	enum err (*gather)(struct table_world *w, const struct figures_pace *pace, bool *more);
	/* One page of rows, in an order that hangs on nothing but the records; *more: there are others.  Goes on where the last
	 * page ended by what it kept in w->own; the snapshot is another one for each page, of the same commit. */
	enum err (*page)(struct table_world *w, struct rows *r, bool *more) MUST_CHECK;
	int (*progress)(const struct table_world *w); /* thousandths; may be NULL */
	void (*end)(struct table_world *w);           /* may be NULL; also after a begin() that failed */
	enum err (*text)(struct table_world *w, struct buf *out, bool *more); /* EXPORT_TEXT, page by page; else NULL */
	void (*members)(const struct table_world *w, struct buf *out); /* JSON: further members beside the rows (buf_json_key); may be NULL */
	const char *const *print;  /* XLSX: keys of the columns that stand first and are printed, NULL at the end; the others behind them, for the
				    * screen.  NULL: all of them, as they are */
	bool report;               /* XLSX: the first row holds a text for readers, which has a sheet of its own */
	const struct sink *sink;   /* another than the format's (schema/exports/sink.h); NULL: that */
};

#endif
