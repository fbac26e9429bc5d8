#include "schema/books_figures.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/civil.h"
#include "schema/books_sql.h"
#include "schema/waters.h"

static int32_t month_of(int32_t day)
{
	return civil_yyyymmdd(day) / 100;
}

static int32_t next_month(int32_t day)
{
	return civil_month_first(civil_month_first(day) + 31);
}

static int32_t next_year(int32_t day)
{
	return civil_year_first(civil_year_first(day) + 366);
}

static void add_days(struct buf *b, int32_t from, int32_t to)
{
	for (int32_t day = from; day < to; day++)
		buf_addf(b, ",%d", (int)civil_yyyymmdd(day));
}

static void add_months(struct buf *b, int32_t from, int32_t to)
{
	for (int32_t day = from; day < to; day = next_month(day))
		buf_addf(b, ",%d", (int)month_of(day));
}

static void add_years(struct buf *b, int32_t from, int32_t to)
{
	for (int32_t day = from; day < to; day = next_year(day))
		buf_addf(b, ",%d", (int)month_of(day) / 100);
}

/* [from, to) as days, whole months, whole years, whole months, days: a JSON array of spans. */
static void spans_of(struct buf *b, int32_t from, int32_t to)
{
	int32_t head = civil_month_first(from) == from ? from : next_month(from); /* months begin here */
	int32_t tail = civil_month_first(to), years, years_end;

	buf_adds(b, "[0"); /* no span */
	if (head >= tail) { /* no whole month */
		add_days(b, from, to);
	} else {
		years = civil_year_first(head) == head ? head : next_year(head);
		years_end = civil_year_first(tail);
		if (years >= years_end) /* no whole year */
			years = years_end = tail;
		add_days(b, from, head);
		add_months(b, head, years);
		add_years(b, years, years_end);
		add_months(b, years_end, tail);
		add_days(b, tail, to);
	}
	buf_addc(b, ']');
}

bool books_range(const char *scope, const char *within, char lo[AREA_CODE_MAX + 2], char hi[AREA_CODE_MAX + 2])
{
	const char *code = strcmp(scope, "*") == 0 ? "" : scope;

	if (within) {
		if (strncmp(within, code, strlen(code)) == 0)
			code = within;
		else if (strncmp(code, within, strlen(within)) != 0)
			return false;
	}
	if (strlen(code) > AREA_CODE_MAX)
		return false;
	(void)snprintf(lo, AREA_CODE_MAX + 2, "%s", code); /* fits */
	(void)snprintf(hi, AREA_CODE_MAX + 2, "%s:", code); /* ':' follows '9' */
	return true;
}

enum err books_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx)
{
	char lo[AREA_CODE_MAX + 2], hi[AREA_CODE_MAX + 2];
	struct buf spans = {0};
	sqlite3_stmt *q;
	enum err e;

	if (waters_is(within))
		return waters_sums(st, scope, within, from_day, to_day, row, ctx);
	if (from_day >= to_day || !books_range(scope, within, lo, hi))
		return OK;
	spans_of(&spans, from_day, to_day);
	q = sql_get(st, "SELECT figure, level, category, sum(n) FROM tally WHERE span IN (SELECT value FROM json_each(?1)) AND "
			"area >= ?2 AND area < ?3 GROUP BY figure, level, category HAVING sum(n) <> 0 ORDER BY figure, level, category");
	sql_text(q, 1, buf_slice(&spans));
	sql_str(q, 2, lo);
	sql_str(q, 3, hi);
	while ((e = sql_row(q)) == OK) {
		struct books_tally t = {sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), sqlite3_column_int64(q, 3)};

		row(ctx, &t);
	}
	e = sql_end(q, e);
	buf_done(&spans);
	return e;
}

enum err books_sums_corrected(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx)
{
	char lo[AREA_CODE_MAX + 2], hi[AREA_CODE_MAX + 2];
	struct buf spans = {0};
	sqlite3_stmt *q;
	enum err e;

	if (waters_is(within))
		return waters_sums(st, scope, within, from_day, to_day, row, ctx);
	if (from_day >= to_day || !books_range(scope, within, lo, hi))
		return OK;
	spans_of(&spans, from_day, to_day);
	q = sql_get(st, "SELECT figure, level, category, sum(n) FROM (SELECT figure, level, category, n FROM tally WHERE span IN (SELECT value FROM "
			"json_each(?1)) AND area >= ?2 AND area < ?3 UNION ALL SELECT figure, level, category, n FROM correction WHERE day >= ?4 AND "
			"day < ?5 AND area >= ?2 AND area < ?3) GROUP BY figure, level, category HAVING sum(n) <> 0 ORDER BY figure, level, category");
	sql_text(q, 1, buf_slice(&spans));
	sql_str(q, 2, lo);
	sql_str(q, 3, hi);
	sql_int(q, 4, civil_yyyymmdd(from_day));
	sql_int(q, 5, civil_yyyymmdd(to_day));
	while ((e = sql_row(q)) == OK) {
		struct books_tally t = {sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), sqlite3_column_int64(q, 3)};

		row(ctx, &t);
	}
	e = sql_end(q, e);
	buf_done(&spans);
	return e;
}

enum err books_series(struct store *st, const struct books_series *s, int64_t *n)
{
	if (waters_is(s->within))
		return waters_series(st, s, n);
	for (int i = 0; i < s->days; i++) {
		sqlite3_stmt *q = sql_get(st, "SELECT coalesce(sum(n), 0) FROM tally INDEXED BY tally_span WHERE span = ?3 AND figure = ?4 AND"
			SQL_MINE("area", "''") "AND (?5 IS NULL OR level = ?5) AND (?6 IS NULL OR category = ?6)");
		enum err e;

		sql_str(q, 1, s->scope);
		sql_str(q, 2, s->within);
		sql_int(q, 3, civil_yyyymmdd(s->first + i));
		sql_str(q, 4, s->figure);
		sql_str(q, 5, s->level);
		sql_str(q, 6, s->category);
		if ((e = sql_row(q)) == OK)
			n[i] = sqlite3_column_int64(q, 0);
		sql_done(q);
		if (e != OK)
			return e;
	}
	return OK;
}
