/* sumsheet.h - a sheet that is printed, signed and stamped: title, who and what, a table with its sums, signatures, notes.
 *
 *   sumsheet_begin --> cells of a row, sumsheet_row ... --> sumsheet_end
 *
 * Sums are =SUM(...) and rates quotients of their columns, both beside their values; a rate is never added up. */
#ifndef XUNGE_SCHEMA_EXPORTS_SUMSHEET_H
#define XUNGE_SCHEMA_EXPORTS_SUMSHEET_H

#include "schema/exports/xlsx.h"

#define SUMSHEET_COLUMNS 20

enum sumcol_kind {
	SUMCOL_NUMBER,  /* 序号: written by itself */
	SUMCOL_TEXT, SUMCOL_CENTER,
	SUMCOL_INT, SUMCOL_DEC,     /* added up; DEC: thousandths, shown with one decimal */
	SUMCOL_PLAIN,               /* a number that makes no sum */
	SUMCOL_RATE1, SUMCOL_RATE2, /* column a / column b: written by itself */
	SUMCOL_DIFF,                /* column a - column b: written by itself */
	SUMCOL_GROWTH,              /* (column a - column b) / column b: written by itself */
	SUMCOL_INSTANT,
};

struct sumcol {
	const char *zh, *en;
	double width; /* characters */
	enum sumcol_kind kind;
	int a, b;
};

struct sumsheet_ask {
	const char *name, *title; /* of the sheet; its first row */
	const char *who, *what, *unit; /* the second row: 填报单位, 统计口径, 单位 */
	const struct sumcol *col;
	int cols;
	bool english, total;      /* total: a last row 合计 */
};

struct sumsheet {
	struct xlsx *x;
	const struct sumsheet_ask *ask;
	int sheet, col, lines; /* lines: of the row's tallest text */
	uint32_t row;
	int64_t rows;
	int64_t v[SUMSHEET_COLUMNS], sum[SUMSHEET_COLUMNS];
};

void sumsheet_begin(struct sumsheet *s, struct xlsx *x, const struct sumsheet_ask *ask); /* ask: borrowed until the end */
/* The cells of a row, without those written by themselves. */
void sumsheet_text(struct sumsheet *s, const char *v);
void sumsheet_int(struct sumsheet *s, int64_t v);
/* Of SUMCOL_PLAIN: v / 10^decimals; num / den in percent with one decimal or two, den 0: none. */
void sumsheet_decimal(struct sumsheet *s, int64_t v, int decimals);
void sumsheet_percent(struct sumsheet *s, int64_t num, int64_t den, int decimals);
void sumsheet_instant(struct sumsheet *s, int64_t ms); /* INT64_MIN: none */
void sumsheet_row(struct sumsheet *s);
/* notes: n texts below the table, may be 0. */
void sumsheet_end(struct sumsheet *s, const char *const *notes, int n);

#endif
