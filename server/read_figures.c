/* /api/v1/figures and /api/v1/series */
#include "server/read.h"

#include <string.h>

#include "core/civil.h"
#include "schema/books_figures.h"
#include "schema/figures/figures.h"
#include "schema/freeze.h"

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

/* Of a reach there are fewer figures than of an area. */
static bool counted_there(struct read *r, const char *figure)
{
	const struct figure *f = figure ? figure_find(figure) : NULL;

	if (f && waters_is(r->within) && !waters_figure(f))
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

/* The figure and the language that were asked for. */
static bool asked(struct read *r, struct figures_ask *ask)
{
	const char *lang = query_get(&r->q, "lang");

	ask->only = query_get(&r->q, "figure");
	ask->english = lang && strcmp(lang, "en") == 0;
	if (ask->only && !figure_find(ask->only))
		read_refuse(r, 400, "bad_parameter", "figure: there is none of this name");
	else if (lang && !ask->english && strcmp(lang, "zh") != 0)
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
static enum err write_closed(struct read *r, const struct figures_ask *ask)
{
	struct closed c = {r->b, ask->from_day, ask->to_day};
	enum err e;

	buf_json_key(r->b, "frozen");
	buf_addc(r->b, '[');
	e = freeze_list(r->a->st, closed_month, &c);
	buf_addc(r->b, ']');
	return e;
}

void read_figures(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", "reach", "from", "to", "period", "figure", "lang", NULL};
	struct figures_ask ask = {0};
	int64_t from_ms, to_ms;
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (asked(&r, &ask) && counted_there(&r, ask.only) && read_period(&r, false, &from_ms, &to_ms) &&
		whole_days(&r, from_ms, to_ms, &ask.from_day, &ask.to_day) && begun(&r, ask.from_day)) {
		struct books_page p = {.from_ms = from_ms, .to_ms = to_ms};

		ask.scope = r.s->user.scope;
		ask.within = r.within;
		ask.at_ms = r.now_ms;
		read_list(&r, &p, "figures");
		e = figures_read(r.a->st, &ask, write_row, r.b);
		buf_addc(r.b, ']');
		if (e == OK && !waters_is(r.within))
			e = write_closed(&r, &ask);
		else
			buf_adds(r.b, ",\"frozen\":[]"); /* nothing of reaches is frozen */
		write_scope(&r);
		read_int(r.b, "cut", 0);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}

void read_series(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"figure", "level", "category", "scope", "reach", "days", NULL};
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
	else if (waters_is(r.within) && !waters_has_days(s.figure))
		read_refuse(&r, 400, "bad_parameter", "figure: of reaches there are days of patrols, river_patrols and river_patrols_valid");
	if (!r.failed && read_number(&r, "days", 1, BOOKS_SERIES_DAYS, 30, &days)) {
		s.days = (int)days;
		s.first = civil_day(r.now_ms) - s.days + 1;
		e = books_series(r.a->st, &s, n);
		buf_addc(r.b, '{');
		read_int(r.b, "as_of", r.head.commit);
		read_int(r.b, "commit", r.head.commit);
		read_time(r.b, "time", r.head.time_ms);
		read_text(r.b, "figure", s.figure);
		read_text(r.b, "level", s.level);
		read_text(r.b, "category", s.category);
		write_scope(&r);
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
