/* /api/v1/figures and /api/v1/series */
#include "server/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/civil.h"
#include "schema/books_figures.h"
#include "schema/figures.h"

#define FIGURE_ROWS_MAX 4096 /* distinct (figure, level, category) of an answer; beyond: left out, and counted */

struct figure_sum {
	int64_t n;
	const char *level, *category; /* into figure */
	char figure[];
};

struct figure_sums {
	struct map map;
	int64_t cut;
};

static const struct figure *figure_of(const char *id)
{
	for (size_t i = 0; i < figures_n; i++)
		if (strcmp(figures[i].id, id) == 0)
			return &figures[i];
	return NULL;
}

static void add(struct figure_sums *rows, const char *figure, const char *level, const char *category, int64_t n)
{
	size_t nf = strlen(figure) + 1, nl = strlen(level) + 1, nc = strlen(category) + 1;
	struct figure_sum *r = xcalloc(1, sizeof *r + nf + nl + nc), *have;

	memcpy(r->figure, figure, nf);
	r->level = memcpy(r->figure + nf, level, nl);
	r->category = memcpy(r->figure + nf + nl, category, nc);
	have = map_get(&rows->map, r->figure, nf + nl + nc);
	if (!have && rows->map.n < FIGURE_ROWS_MAX) {
		(void)map_put(&rows->map, r->figure, nf + nl + nc, r); /* was not there */
		r->n = n;
		return;
	}
	free(r);
	if (have)
		have->n += n;
	else
		rows->cut++;
}

/* A total for each figure, and its parts: by level where its definition says so, else by category. */
static void take(void *ctx, const struct books_tally *t)
{
	const struct figure *f = figure_of(t->figure);
	bool by_level = f ? f->by == FIGURES_BY_LEVEL : !*t->category;

	if (strcmp(t->figure, "events") == 0)
		return; /* of the platform, not of the town */
	add(ctx, t->figure, "", "", t->n);
	if (by_level && *t->level)
		add(ctx, t->figure, t->level, "", t->n);
	else if (!by_level && *t->category)
		add(ctx, t->figure, "", t->category, t->n);
}

static int by_key(const void *a, const void *b)
{
	const struct figure_sum *x = *(struct figure_sum *const *)a, *y = *(struct figure_sum *const *)b;
	int c;

	return (c = strcmp(x->figure, y->figure)) || (c = strcmp(x->level, y->level)) ? c : strcmp(x->category, y->category);
}

static void write_row(struct buf *b, const struct figure_sum *r)
{
	const struct figure *f = figure_of(r->figure);

	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "id", r->figure);
	read_text(b, "name", f ? f->name : NULL);
	buf_json_key(b, "level");
	buf_json_str(b, r->level);
	buf_json_key(b, "category");
	buf_json_str(b, r->category);
	read_int(b, "value", r->n);
	read_text(b, "unit", f ? f->unit : NULL);
	read_text(b, "definition", f ? f->definition : NULL);
	buf_addc(b, '}');
}

/* Writes the rows in order, and frees them. */
static void write_rows(struct buf *b, struct figure_sums *rows)
{
	struct figure_sum **v = xcalloc(rows->map.n + 1, sizeof(struct figure_sum *)), *r;
	size_t n = 0, pos = 0;

	while ((r = map_next(&rows->map, &pos)))
		v[n++] = r;
	qsort(v, n, sizeof(struct figure_sum *), by_key);
	for (size_t i = 0; i < n; i++) {
		write_row(b, v[i]);
		free(v[i]);
	}
	free(v);
	map_done(&rows->map);
}

#define FIRST_DAY 0 /* 1970-01-01 */

static bool whole_days(struct read *r, int64_t from_ms, int64_t to_ms, int32_t *from, int32_t *to)
{
	*from = from_ms == BOOKS_FROM ? FIRST_DAY : civil_day(from_ms);
	*to = to_ms == BOOKS_TO ? civil_make(9999, 12, 31) : civil_day(to_ms);
	if ((from_ms == BOOKS_FROM || civil_day_ms(*from) == from_ms) && (to_ms == BOOKS_TO || civil_day_ms(*to) == to_ms))
		return true;
	read_refuse(r, 400, "bad_parameter", "from, to: figures count whole days (+08:00)");
	return false;
}

static bool area_only(struct read *r)
{
	if (r->within && area_level(slice_of(r->within)) == AREA_NONE)
		read_refuse(r, 400, "bad_parameter", "scope: figures are kept for areas, not for reaches");
	return !r->failed;
}

void read_figures(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", "from", "to", NULL};
	struct figure_sums rows = {0};
	int64_t from_ms, to_ms;
	int32_t from, to;
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (area_only(&r) && read_period(&r, false, &from_ms, &to_ms) && whole_days(&r, from_ms, to_ms, &from, &to)) {
		struct books_page p = {.from_ms = from_ms, .to_ms = to_ms};

		e = books_sums(r.a->st, r.s->user.scope, r.within, from, to, take, &rows);
		read_list(&r, &p, "figures");
		write_rows(r.b, &rows);
		buf_addc(r.b, ']');
		read_text(r.b, "scope", r.within ? r.within : r.s->user.scope);
		read_int(r.b, "cut", rows.cut);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}

void read_series(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"figure", "level", "category", "scope", "days", NULL};
	int64_t n[BOOKS_SERIES_DAYS], days;
	struct books_series s;
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	s = (struct books_series){.scope = r.s->user.scope, .within = r.within, .figure = query_get(&r.q, "figure"),
		.level = query_get(&r.q, "level"), .category = query_get(&r.q, "category")};
	if (!s.figure)
		read_refuse(&r, 400, "bad_parameter", "figure: which one?");
	if (!r.failed && area_only(&r) && read_number(&r, "days", 1, BOOKS_SERIES_DAYS, 30, &days)) {
		s.days = (int)days;
		s.first = civil_day(r.now_ms) - s.days + 1;
		e = books_series(r.a->st, &s, n);
		buf_addc(r.b, '{');
		read_int(r.b, "as_of", r.head.commit);
		read_time(r.b, "time", r.head.time_ms);
		read_text(r.b, "figure", s.figure);
		read_text(r.b, "level", s.level);
		read_text(r.b, "category", s.category);
		read_text(r.b, "scope", r.within ? r.within : r.s->user.scope);
		buf_json_key(r.b, "days");
		buf_addc(r.b, '[');
		for (int i = 0; e == OK && i < s.days; i++) {
			buf_json_sep(r.b);
			buf_addc(r.b, '{');
			read_day(r.b, "day", s.first + i);
			read_int(r.b, "value", n[i]);
			buf_addc(r.b, '}');
		}
		buf_adds(r.b, "]}");
	}
	read_end(&r, e);
}
