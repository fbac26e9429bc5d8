/* /api/v1/figures and /api/v1/series */
#include "server/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/civil.h"
#include "schema/books_figures.h"
#include "schema/figures/figures.h"
#include "schema/freeze.h"
#include "schema/ledger.h"
#include "server/figures_later.h"

static void write_row(void *ctx, const struct figure_value *v)
{
	struct buf *b = ctx;
	bool rate = v->f->kind == FIGURE_RATE;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "id", v->f->id);
	read_text(b, "name", v->name);
	buf_json_key(b, "level");
	buf_json_str(b, v->level);
	buf_json_key(b, "category");
	buf_json_str(b, v->category);
	read_text(b, "category_name", v->category_name);
	buf_json_key(b, "value");
	buf_adds(b, v->has ? v->value : "null");
	read_text(b, "unit", v->unit);
	if (rate) {
		read_int(b, "numerator", v->num);
		read_int(b, "denominator", v->den);
	} else {
		read_text(b, "numerator", NULL);
		read_text(b, "denominator", NULL);
	}
	read_text(b, "display", v->display);
	read_text(b, "definition", v->definition);
	buf_addc(b, '}');
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

bool read_names(struct read *r, const char *param, struct read_names *out)
{
	const char *v = query_get(&r->q, param);

	out->n = 0;
	if (!v)
		return true;
	if (snprintf(out->text, sizeof out->text, "%s", v) >= (int)sizeof out->text)
		read_refuse(r, 400, "bad_parameter", "%s: too long", param);
	for (char *p = out->text; p && !r->failed; out->n++) {
		char *comma = strchr(p, ',');

		if (out->n == READ_NAMES) {
			read_refuse(r, 400, "bad_parameter", "%s: at most %d at once", param, READ_NAMES);
			break;
		}
		out->name[out->n] = p;
		if (comma)
			*comma++ = '\0';
		p = comma;
	}
	return !r->failed;
}

/* Of a reach there are fewer figures than of an area. */
static bool counted_there(struct read *r, const char *figure)
{
	const struct figure *f = figure_find(figure);

	if (!f)
		read_refuse(r, 400, "bad_parameter", "figure: there is none of this name");
	else if (waters_is(r->within) && !waters_figure(f))
		read_refuse(r, 400, "bad_parameter", "figure: %.40s is kept for areas, not for reaches", figure);
	return !r->failed;
}

static void write_scope(struct read *r)
{
	bool set = r->within && r->within == r->waters;

	read_text(r->b, "scope", r->within && !set ? r->within : r->s->user.scope);
	if (set)
		read_text(r->b, "reach", r->within[1] ? r->within + 1 : "*");
}

/* The figures and the language that were asked for. */
static bool asked(struct read *r, struct figures_ask *ask, struct read_names *only)
{
	const char *lang = query_get(&r->q, "lang");

	ask->english = lang && strcmp(lang, "en") == 0;
	if (!read_names(r, "figure", only))
		return false;
	for (int i = 0; i < only->n; i++)
		if (!counted_there(r, only->name[i]))
			return false;
	if (lang && !ask->english && strcmp(lang, "zh") != 0)
		read_refuse(r, 400, "bad_parameter", "lang: zh or en");
	return !r->failed;
}

/* Noughts of days to come would look like counts. */
static bool begun(struct read *r, int32_t from_day)
{
	if (civil_day_ms(from_day) > r->now_ms)
		read_refuse(r, 400, "bad_parameter", "from: that period is yet to come");
	return !r->failed;
}

/* What a century of duties costs would be felt. */
static bool not_too_long(struct read *r, int32_t from_day, int32_t to_day)
{
	if (figures_too_long(from_day, to_day, r->now_ms))
		read_refuse(r, 400, "bad_parameter", "from, to: want %d years at most", FIGURES_YEARS_MAX);
	return !r->failed;
}

struct closed {
	struct buf *b;
	int32_t from_day, to_day;
};

static void closed_month(void *ctx, const struct freeze_month *m)
{
	const struct closed *c = ctx;
	int32_t first = civil_make(m->month / 100, m->month % 100, 1);
	char text[CIVIL_DAY_TEXT];

	if (civil_month_first(first + 31) <= c->from_day || first >= c->to_day)
		return;
	civil_day_text(first, text);
	text[7] = '\0'; /* 2026-01 */
	buf_json_sep(c->b);
	buf_addc(c->b, '{');
	read_text(c->b, "month", text);
	read_int(c->b, "commit", m->commit);
	read_time(c->b, "time", m->time_ms);
	buf_addc(c->b, '}');
}

/* The months of the period whose books are closed. */
static enum err write_closed(struct read *r, struct store *st, const struct figures_ask *ask)
{
	struct closed c = {r->b, ask->from_day, ask->to_day};
	enum err e;

	buf_json_key(r->b, "frozen");
	buf_addc(r->b, '[');
	e = freeze_list(st, closed_month, &c);
	buf_addc(r->b, ']');
	return e;
}

enum err figures_write(struct read *r, struct store *st, const struct figures_ask *ask, struct figures_sum *const *sum, int sums, int64_t from_ms,
	int64_t to_ms)
{
	struct books_page p = {.from_ms = from_ms, .to_ms = to_ms};
	enum err e = OK;

	read_list(r, &p, "figures");
	for (int i = 0; i < sums; i++)
		figures_sum_show(sum[i], FIGURES_WHOLE, write_row, r->b);
	buf_addc(r->b, ']');
	if (!waters_is(r->within))
		e = write_closed(r, st, ask);
	else
		buf_adds(r->b, ",\"frozen\":[]"); /* nothing of reaches is frozen */
	write_scope(r);
	read_int(r->b, "cut", 0);
	buf_addc(r->b, '}');
	return e;
}

/* `as_of` and `at`.  *as_of 0: of now; *at_ms INT64_MIN: that of the commit. */
static bool asked_when(struct read *r, int64_t *as_of, int64_t *at_ms)
{
	*at_ms = query_get(&r->q, "as_of") ? INT64_MIN : r->now_ms;
	if (!read_number(r, "as_of", 1, INT64_MAX, 0, as_of) || !read_instant(r, "at", at_ms))
		return false;
	if (*as_of > r->head.commit)
		read_refuse(r, 404, "not_found", "as_of: there is no such commit, the newest is %lld", (long long)r->head.commit);
	else if (*as_of && waters_is(r->within))
		read_refuse(r, 400, "bad_parameter", "as_of: reaches are counted from the records as they stand now");
	return !r->failed;
}

#define SOON_DAYS 31 /* of so many, most often, all is there ... */
#define SOON_MS 15   /* ... within the time that the loop has for it */

/* In the loop, when it takes no time; *done false: it would. */
static enum err figures_soon(struct read *r, struct figures_ask *ask, const struct read_names *only, int64_t from_ms, int64_t to_ms, bool *done)
{
	bool helped = r->a->counter; /* else there is only the loop */
	const struct figures_pace pace = {.until_mono_ms = helped ? clock_mono_ms() + SOON_MS : 0, .still = true};
	struct figures_sum *sum[READ_NAMES] = {NULL};
	int n = only->n ? only->n : 1;
	bool more = helped && ask->to_day - ask->from_day > SOON_DAYS;
	enum err e = OK;

	for (int i = 0; e == OK && !more && i < n; i++) {
		ask->only = only->n ? only->name[i] : NULL;
		sum[i] = figures_sum_new(r->a->st, ask, NULL, 0);
		e = figures_sum_read(sum[i], &pace, &more);
	}
	*done = !more;
	if (e == OK && !more)
		e = figures_write(r, r->a->st, ask, sum, n, from_ms, to_ms);
	for (int i = 0; i < n; i++)
		figures_sum_free(sum[i]);
	return e;
}

void read_figures(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", "reach", "from", "to", "period", "figure", "lang", "as_of", "at", NULL};
	struct figures_ask ask = {0};
	int64_t from_ms, to_ms, as_of;
	struct read_names only;
	struct read r;
	bool done = false;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (asked(&r, &ask, &only) && read_period(&r, false, &from_ms, &to_ms) &&
		whole_days(&r, from_ms, to_ms, &ask.from_day, &ask.to_day) && begun(&r, ask.from_day) && not_too_long(&r, ask.from_day, ask.to_day) &&
		asked_when(&r, &as_of, &ask.at_ms)) {
		ask.scope = r.s->user.scope;
		ask.within = r.within;
		if (!as_of)
			e = figures_soon(&r, &ask, &only, from_ms, to_ms, &done);
		if (!done)
			figures_later(&r, &ask, from_ms, to_ms, as_of);
	}
	read_end(&r, e);
}

_Static_assert(READ_NAMES <= BOOKS_SERIES_LINES, "as many lines as names");

struct series_ask {
	struct read_names figure, level, category;
};

/* Levels and categories: none, one for all figures, or one for each; an empty one is any. */
static bool series_asked(struct read *r, struct series_ask *ask)
{
	const struct read_names *of[] = {&ask->level, &ask->category};

	if (!read_names(r, "figure", &ask->figure) || !read_names(r, "level", &ask->level) || !read_names(r, "category", &ask->category))
		return false;
	if (!ask->figure.n)
		read_refuse(r, 400, "bad_parameter", "figure: which one?");
	for (int i = 0; i < ask->figure.n; i++)
		if (waters_is(r->within) && !waters_has_days(ask->figure.name[i]))
			read_refuse(r, 400, "bad_parameter", "figure: of reaches there are days of patrols, river_patrols and river_patrols_valid");
	for (size_t i = 0; !r->failed && i < ARRAY_LEN(of); i++)
		if (of[i]->n > 1 && of[i]->n != ask->figure.n)
			read_refuse(r, 400, "bad_parameter", "%s: want one, or one for each figure", i ? "category" : "level");
	return !r->failed;
}

static const char *nth(const struct read_names *l, int i)
{
	const char *v = l->n == 0 ? "" : l->name[l->n == 1 ? 0 : i];

	return *v ? v : NULL;
}

static void series_write(struct buf *b, const struct books_series *s, int i, const int64_t *n)
{
	read_text(b, "figure", s->line[i].figure);
	read_text(b, "level", s->line[i].level);
	read_text(b, "category", s->line[i].category);
	buf_json_key(b, "days");
	buf_addc(b, '[');
	for (int d = 0; d < s->days; d++) {
		buf_json_sep(b);
		buf_addc(b, '{');
		read_day(b, "day", s->first + d);
		read_int(b, "value", n[i * s->days + d]);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static enum err series_all(struct read *r, const struct series_ask *ask, int days)
{
	struct books_series s = {.scope = r->s->user.scope, .within = r->within, .lines = ask->figure.n, .first = civil_day(r->now_ms) - days + 1, .days = days};
	int64_t *n = xcalloc((size_t)s.lines * (size_t)days, sizeof *n);
	enum err e;

	for (int i = 0; i < s.lines; i++) {
		s.line[i].figure = ask->figure.name[i];
		s.line[i].level = nth(&ask->level, i);
		s.line[i].category = nth(&ask->category, i);
	}
	e = books_series(r->a->st, &s, n);
	if (s.lines == 1) {
		series_write(r->b, &s, 0, n);
	} else {
		buf_json_key(r->b, "series");
		buf_addc(r->b, '[');
		for (int i = 0; i < s.lines; i++) {
			buf_json_sep(r->b);
			buf_addc(r->b, '{');
			series_write(r->b, &s, i, n);
			buf_addc(r->b, '}');
		}
		buf_addc(r->b, ']');
	}
	free(n);
	return e;
}

void read_series(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"figure", "level", "category", "scope", "reach", "days", NULL};
	struct series_ask ask;
	int64_t days;
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (series_asked(&r, &ask) && read_number(&r, "days", 1, BOOKS_SERIES_DAYS, 30, &days)) {
		buf_addc(r.b, '{');
		read_int(r.b, "as_of", r.head.commit);
		read_int(r.b, "commit", r.head.commit);
		read_time(r.b, "time", r.head.time_ms);
		write_scope(&r);
		e = series_all(&r, &ask, (int)days);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}
