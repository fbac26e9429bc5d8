#include "schema/books_figures.h"

#include <stdio.h>
#include <stdlib.h>
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

struct spans {
	int32_t *v;
	size_t n, cap;
	int32_t moving; /* day */
};

static void add_span(struct spans *s, int32_t span)
{
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 64;
		s->v = xrealloc(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n++] = span;
}

static void add_days(struct spans *s, int32_t from, int32_t to)
{
	for (int32_t day = from; day < to; day++)
		add_span(s, civil_yyyymmdd(day));
}

static void add_months(struct spans *s, int32_t from, int32_t to)
{
	for (int32_t day = from; day < to; day = next_month(day)) {
		if (day <= s->moving && s->moving < next_month(day))
			add_days(s, day, next_month(day));
		else
			add_span(s, month_of(day));
	}
}

static void add_years(struct spans *s, int32_t from, int32_t to)
{
	for (int32_t day = from; day < to; day = next_year(day)) {
		if (day <= s->moving && s->moving < next_year(day))
			add_months(s, day, next_year(day));
		else
			add_span(s, month_of(day) / 100);
	}
}

/* Days, whole months, whole years, whole months, days. */
size_t books_spans(int32_t from, int32_t to, int32_t moving, int32_t **out)
{
	int32_t head = civil_month_first(from) == from ? from : next_month(from); /* months begin here */
	int32_t tail = civil_month_first(to), years, years_end;
	struct spans s = {.moving = moving};

	if (head >= tail) { /* no whole month */
		add_days(&s, from, to);
	} else {
		years = civil_year_first(head) == head ? head : next_year(head);
		years_end = civil_year_first(tail);
		if (years >= years_end) /* no whole year */
			years = years_end = tail;
		add_days(&s, from, head);
		add_months(&s, head, years);
		add_years(&s, years, years_end);
		add_months(&s, years_end, tail);
		add_days(&s, tail, to);
	}
	*out = s.v;
	return s.n;
}

static void spans_json(struct buf *b, int32_t from, int32_t to)
{
	int32_t *v;
	size_t n = books_spans(from, to, INT32_MIN, &v);

	buf_adds(b, "[0"); /* no span */
	for (size_t i = 0; i < n; i++)
		buf_addf(b, ",%d", (int)v[i]);
	buf_addc(b, ']');
	free(v);
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

enum err books_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, const char *figure,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx)
{
	char lo[AREA_CODE_MAX + 2], hi[AREA_CODE_MAX + 2];
	struct buf spans = {0};
	sqlite3_stmt *q;
	enum err e;

	if (from_day >= to_day || !books_range(scope, within, lo, hi))
		return OK;
	spans_json(&spans, from_day, to_day);
	/* The index alone says which rows are of the figure: the counts of the others are not looked up. */
	q = sql_get(st, "SELECT t.figure, t.level, t.category, sum(t.n) FROM tally i CROSS JOIN tally t ON t.figure = i.figure AND t.area = i.area AND "
			"t.level = i.level AND t.category = i.category AND t.span = i.span WHERE i.span IN (SELECT value FROM json_each(?1)) AND "
			"i.area >= ?2 AND i.area < ?3 AND (?4 IS NULL OR i.figure = ?4) GROUP BY 1, 2, 3 HAVING sum(t.n) <> 0 ORDER BY 1, 2, 3");
	sql_text(q, 1, buf_slice(&spans));
	sql_str(q, 2, lo);
	sql_str(q, 3, hi);
	sql_str(q, 4, figure);
	while ((e = sql_row(q)) == OK) {
		struct books_tally t = {sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), sqlite3_column_int64(q, 3)};

		row(ctx, &t);
	}
	e = sql_end(q, e);
	buf_done(&spans);
	return e;
}

static void add_to_lines(const struct books_series *s, sqlite3_stmt *q, int day, int64_t *n)
{
	const char *figure = sql_cstr(q, 0), *level = sql_cstr(q, 1), *category = sql_cstr(q, 2);

	for (int i = 0; i < s->lines; i++)
		if (strcmp(s->line[i].figure, figure) == 0 && (!s->line[i].level || strcmp(s->line[i].level, level) == 0) &&
			(!s->line[i].category || strcmp(s->line[i].category, category) == 0))
			n[i * s->days + day] += sqlite3_column_int64(q, 3);
}

/* As books_sums(), all lines in one walk over the index. */
static enum err series_day(struct store *st, const struct books_series *s, struct slice wanted, int day, int64_t *n)
{
	sqlite3_stmt *q = sql_get(st, "SELECT i.figure, i.level, i.category, t.n FROM tally i CROSS JOIN tally t ON t.figure = i.figure AND t.area = i.area AND "
		"t.level = i.level AND t.category = i.category AND t.span = i.span WHERE i.span = ?3 AND +i.figure IN (SELECT value FROM json_each(?4)) AND"
		SQL_MINE("i.area", "''"));
	enum err e;

	sql_str(q, 1, s->scope);
	sql_str(q, 2, s->within);
	sql_int(q, 3, civil_yyyymmdd(s->first + day));
	sql_text(q, 4, wanted);
	while ((e = sql_row(q)) == OK)
		add_to_lines(s, q, day, n);
	return sql_end(q, e);
}

enum err books_series(struct store *st, const struct books_series *s, int64_t *n)
{
	struct buf wanted = {0};
	enum err e = OK;

	memset(n, 0, (size_t)s->lines * (size_t)s->days * sizeof *n);
	if (waters_is(s->within)) {
		for (int i = 0; e == OK && i < s->lines; i++)
			e = waters_series(st, s, i, n + i * s->days);
		return e;
	}
	buf_addc(&wanted, '[');
	for (int i = 0; i < s->lines; i++) {
		buf_adds(&wanted, i ? "," : "");
		buf_json_str(&wanted, s->line[i].figure);
	}
	buf_addc(&wanted, ']');
	for (int day = 0; e == OK && day < s->days; day++)
		e = series_day(st, s, buf_slice(&wanted), day, n);
	buf_done(&wanted);
	return e;
}
