/* export.h - every export of the contract (section 7), pulled piece by piece by whoever carries it away.
 *
 *   export_open --> export_step, export_step ... (*more false: that was all) --> export_close
 *
 * The command and the server call the same: a step reads one page in a transaction of at most 250 ms and adds some
 * 256 KiB at most (and one row) to the caller's buffer; between steps nothing is held but a cursor.  What adds a period up
 * (figures, areas, annual) reads for some steps before it gives a row, and is of the commit of the last of these reads
 * (schema/figures/sum.h).  The same period, scope, as-of, instant, language and rights give the same bytes.  Whoever is slow
 * costs nobody else anything. */
#ifndef XUNGE_SCHEMA_EXPORTS_EXPORT_H
#define XUNGE_SCHEMA_EXPORTS_EXPORT_H

#include "base/buf.h"
#include "schema/books_cases.h"
#include "schema/books_patrols.h"

enum export_format { EXPORT_CSV, EXPORT_JSON, EXPORT_GEOJSON, EXPORT_XLSX, EXPORT_TEXT, EXPORT_FORMATS };

#define EXPORT_PIECE (256 * 1024) /* bytes that a step adds, about */
#define EXPORT_NICE 5             /* lower than all that somebody waits for: who carries exports runs so */
#define EXPORT_AT_DEFAULT INT64_MIN

struct export_ask { /* texts are borrowed until export_close; NULL: not given */
	const char *name;         /* "patrols" */
	enum export_format format;
	bool has_format;          /* false: the usual one of this export */
	const char *from, *to;    /* day or instant, as asked */
	const char *period;       /* in their place: "2023-Q4", as civil_parse_period() */
	const char *scope;        /* the asker's: area code, or "*" */
	const char *within;       /* area or reach code inside of it, or reaches (schema/waters.h) */
	const char *klass;        /* of cases */
	const char *figure, *level, *category; /* events: those behind a number of `figures` */
	const struct books_case_filter *cases;     /* of cases: further filters, as the list has them (walk is not looked at); NULL */
	bool late;                                 /* of cases: past their deadline at at_ms */
	const struct books_patrol_filter *patrols; /* of patrols; NULL */
	int64_t as_of;            /* commit; 0: the freeze's when the period is frozen, else the head */
	int64_t at_ms;            /* for what hangs on the clock; EXPORT_AT_DEFAULT: the commit time of as_of when that was given, else now_ms */
	int64_t now_ms;
	bool no_bom, english;
	bool command;             /* errors name a parameter as the command does: --from */
	size_t piece;             /* bytes that a step adds, about; 0: EXPORT_PIECE */
	bool unmask;              /* names and phones in full: the caller has checked the right */
};

struct export;

/* st: a private reader, borrowed.  *why is a line for the person who asked (which parameter, what is wrong, what there
 * is).  ERR_USAGE: a parameter is missing, makes no sense, or does not go with this export; ERR_NOTFOUND: there is no such
 * export, commit or place; ERR_INVALID: the period is yet to come; ERR_DENIED: the place is not the asker's. */
enum err export_open(struct store *st, const struct export_ask *ask, struct export **out, struct why *why) MUST_CHECK;
enum err export_step(struct export *x, struct buf *out, bool *more, struct why *why) MUST_CHECK;
void export_close(struct export *x); /* NULL does nothing */

const char *export_type(const struct export *x);  /* media type */
/* Names of a file: "示例镇巡河台账_2023-01-01_2024-01-01.csv" and its ASCII form "xunge-patrols-2023-01-01-2024-01-01.csv". */
const char *export_filename(const struct export *x, bool ascii);
int64_t export_as_of(const struct export *x, int64_t *time_ms);
bool export_is_certain(const struct export *x); /* of the commit: after the first step, or when all is added up */
int64_t export_rows(const struct export *x);      /* written so far */
int export_progress(const struct export *x);      /* thousandths, by time or commits walked; -1: unknown */
int export_packing(const struct export *x);       /* all rows are read: thousandths of the file that were packed since; else -1 */

/* "patrols", "cases" ...: the i-th name there is, NULL at the end; which formats it has as bits 1 << enum export_format. */
const char *export_name(size_t i, unsigned *formats);
const char *export_title(size_t i, bool english); /* 巡河台账 */
const char *export_format_name(enum export_format f); /* "csv": also how a file ends */
bool export_is_of_now(const char *name); /* shows how things stand, which no commit number says; also of a name that there is not */
bool export_format_of(const char *name, enum export_format *out);
bool export_hangs_on_clock(const struct export *x);   /* its rows hang on at_ms: whoever shows them says it */
int64_t export_at(const struct export *x);

#endif
