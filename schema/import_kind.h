/* import_kind.h - what stands in a registry file: its columns, what a cell may hold, and the table
 * it goes to.  Pure: no SQL, no files. */
#ifndef XUNGE_SCHEMA_IMPORT_KIND_H
#define XUNGE_SCHEMA_IMPORT_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define IMPORT_COLUMNS_MAX 16
#define IMPORT_OPEN INT32_MIN /* valid_from of a key that is open */

enum import_type {
	IMPORT_AREA,   /* code of 6, 9, 12 or 15 digits */
	IMPORT_REACH,  /* reach code */
	IMPORT_PLACE,  /* either */
	IMPORT_ID,     /* 1..64 bytes without control characters */
	IMPORT_CODE,   /* 1..64 of [0-9A-Za-z_-] */
	IMPORT_TEXT,   /* at most `hi` bytes without control characters */
	IMPORT_WORD,   /* one of `words` */
	IMPORT_DAY,
	IMPORT_INT,    /* lo..hi */
	IMPORT_BOOL,   /* yes no true false 1 0 */
	IMPORT_MONTHS, /* 3-12: kept as 3 * 100 + 12 */
	IMPORT_SHARE,  /* 80, 80% or 0.8: kept in thousandths */
	IMPORT_SHAPE,  /* geometry, from GeoJSON only */
};

struct import_column {
	const char *name;   /* in the file's header */
	const char *column; /* of the table; NULL: the same */
	enum import_type type;
	bool key;           /* the key's columns come first */
	bool needed;        /* must be there, and not empty */
	int64_t lo, hi;
	const char *words;  /* separated by blanks */
	const char *empty;  /* what an empty cell, or a row without the column, means, as SQL; NULL: "NULL" */
};

struct import_kind {
	const char *name, *table;
	bool extra_ok; /* further columns are ignored */
	struct import_column column[IMPORT_COLUMNS_MAX];
	uint32_t n;
};

/* NULL: there is no such kind. */
const struct import_kind *import_kind(const char *name);
uint32_t import_kind_column(const struct import_kind *k, const char *name); /* k->n: none */
const char *import_column_name(const struct import_column *c); /* of the table */
bool import_type_is_int(enum import_type t);

struct import_value {
	bool empty;
	int64_t i;      /* of a whole number's type */
	struct slice s; /* of a text's; borrows from the cell */
};

#define IMPORT_FAULT 200

/* Reads a cell (blanks around it do not count).  False: *fault says what is wrong with it. */
bool import_value(const struct import_column *c, struct slice cell, struct import_value *out,
	char fault[IMPORT_FAULT]);

/* What must hold between the values of a row; v as in k->column.  False: *column is the culprit. */
bool import_row_check(const struct import_kind *k, const struct import_value *v, uint32_t *column,
	char fault[IMPORT_FAULT]);

#endif
