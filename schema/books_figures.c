#include "schema/books_figures.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/civil.h"
#include "schema/books_sql.h"

struct sum {
	struct sum *next; /* in the order in which they came */
	int64_t n;
	char *level, *category; /* into figure */
	char figure[];
};

struct sums {
	struct map map;
	struct sum *first, **last;
};

static void add_sum(struct sums *s, sqlite3_stmt *q)
{
	struct slice f = sql_col(q, 0), l = sql_col(q, 1), c = sql_col(q, 2);
	size_t n = (size_t)f.n + l.n + c.n + 3;
	struct sum *one = xcalloc(1, sizeof *one + n), *have;

	one->level = one->figure + f.n + 1;
	one->category = one->level + l.n + 1;
	memcpy(one->figure, f.p, f.n);
	memcpy(one->level, l.p, l.n);
	memcpy(one->category, c.p, c.n);
	if ((have = map_get(&s->map, one->figure, n))) {
		free(one);
	} else {
		(void)map_put(&s->map, one->figure, n, one); /* was not there */
		*s->last = have = one;
		s->last = &one->next;
	}
	have->n += sqlite3_column_int64(q, 3);
}

/* Adds the rows of the spans lo..hi: days, months or years, never two sorts. */
static enum err add_spans(struct store *st, struct sums *s, const char *scope, const char *within, int32_t lo, int32_t hi)
{
	sqlite3_stmt *q;
	enum err e;

	if (lo > hi)
		return OK;
	q = sql_get(st, "SELECT figure, level, category, sum(n) FROM tally INDEXED BY tally_span WHERE span BETWEEN ?3 AND ?4 AND"
		SQL_MINE("area", "''") "GROUP BY figure, level, category");
	sql_str(q, 1, scope);
	sql_str(q, 2, within);
	sql_int(q, 3, lo);
	sql_int(q, 4, hi);
	while ((e = sql_row(q)) == OK)
		add_sum(s, q);
	return sql_end(q, e);
}

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

/* [from, to) as days, whole months, whole years, whole months, days. */
static enum err add_period(struct store *st, struct sums *s, const char *scope, const char *within, int32_t from, int32_t to)
{
	int32_t head = civil_month_first(from) == from ? from : next_month(from); /* months begin here */
	int32_t tail = civil_month_first(to), years, years_end;
	enum err e;

	if (head >= tail) /* no whole month */
		return add_spans(st, s, scope, within, civil_yyyymmdd(from), civil_yyyymmdd(to - 1));
	years = civil_year_first(head) == head ? head : next_year(head);
	years_end = civil_year_first(tail);
	if ((e = add_spans(st, s, scope, within, civil_yyyymmdd(from), civil_yyyymmdd(head - 1))) != OK ||
		(e = add_spans(st, s, scope, within, civil_yyyymmdd(tail), civil_yyyymmdd(to - 1))) != OK)
		return e;
	if (years >= years_end) /* no whole year */
		return add_spans(st, s, scope, within, month_of(head), month_of(tail - 1));
	if ((e = add_spans(st, s, scope, within, month_of(head), month_of(years - 1))) != OK ||
		(e = add_spans(st, s, scope, within, month_of(years_end), month_of(tail - 1))) != OK)
		return e;
	return add_spans(st, s, scope, within, month_of(years) / 100, month_of(years_end - 1) / 100);
}

enum err books_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx)
{
	struct sums s = {.last = &s.first};
	enum err e = from_day < to_day ? add_period(st, &s, scope, within, from_day, to_day) : OK;

	while (s.first) {
		struct sum *one = s.first;
		struct books_tally t = {one->figure, one->level, one->category, one->n};

		if (e == OK && one->n)
			row(ctx, &t);
		s.first = one->next;
		free(one);
	}
	map_done(&s.map);
	return e;
}

enum err books_series(struct store *st, const struct books_series *s, int64_t *n)
{
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
