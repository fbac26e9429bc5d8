/* /api/v1/catalogue */
#include "server/read.h"

#include <string.h>

#include "schema/books_catalogue.h"

static void day_or_null(struct buf *b, const char *key, int32_t day)
{
	if (day == BOOKS_OPEN)
		read_text(b, key, NULL);
	else
		read_day(b, key, day);
}

static void category_row(void *ctx, const struct books_category *c)
{
	struct buf *b = ctx;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "class", c->klass);
	read_text(b, "code", c->code);
	read_text(b, "name", c->name);
	read_text(b, "name_en", c->name_en);
	read_text(b, "parent", c->parent);
	read_int_or(b, "severity", c->severity, 0);
	read_int_or(b, "deadline", c->deadline, -1);
	read_text(b, "deadline_unit", c->unit);
	read_bool(b, "photo_before", c->photo_before);
	read_bool(b, "photo_after", c->photo_after);
	day_or_null(b, "valid_from", c->from);
	day_or_null(b, "valid_to", c->to);
	buf_addc(b, '}');
}

static void rule_row(void *ctx, const struct books_duty_rule *r)
{
	struct buf *b = ctx;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "rule", r->rule);
	read_text(b, "role", r->role);
	read_text(b, "level", r->level);
	read_text(b, "target", r->target);
	read_text(b, "period", r->period);
	buf_json_key(b, "months");
	buf_addf(b, "\"%d-%d\"", r->month_first, r->month_last);
	read_int(b, "count", r->count);
	read_text(b, "count_unit", r->unit);
	read_int_or(b, "min_minutes", r->min_minutes, -1);
	read_int_or(b, "min_metres", r->min_metres, -1);
	read_int_or(b, "min_gap_hours", r->min_gap_hours, -1);
	read_int_or(b, "min_coverage_permille", r->min_coverage, -1);
	read_bool(b, "substitute", r->substitute);
	read_bool(b, "delegate", r->delegate);
	day_or_null(b, "valid_from", r->from);
	day_or_null(b, "valid_to", r->to);
	buf_addc(b, '}');
}

static void year_row(void *ctx, const struct books_year *y)
{
	struct buf *b = ctx;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_int(b, "year", y->year);
	read_int(b, "holidays", y->holidays);
	read_int(b, "makeups", y->makeups);
	buf_addc(b, '}');
}

static void calendar_row(void *ctx, const struct books_calendar_day *d)
{
	struct buf *b = ctx;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_day(b, "date", d->day);
	read_text(b, "kind", d->kind);
	buf_addc(b, '}');
}

/* What the desk says of its rows. */
static enum err only_rules(struct read *r)
{
	int64_t cut = 0;
	enum err e;

	read_list(r, NULL, "rules");
	e = books_duty_rules(r->a->st, &cut, rule_row, r->b);
	buf_addc(r->b, ']');
	read_int(r->b, "cut", cut);
	buf_addc(r->b, '}');
	return e;
}

void read_catalogue(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"only", NULL};
	int64_t cut = 0, more = 0, days = 0;
	const char *only;
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if ((only = query_get(&r.q, "only"))) {
		if (strcmp(only, "rules") == 0)
			e = only_rules(&r);
		else
			read_refuse(&r, 400, "bad_parameter", "only: rules, or nothing");
		read_end(&r, e);
		return;
	}
	read_list(&r, NULL, "categories");
	e = books_categories(r.a->st, &cut, category_row, r.b);
	buf_adds(r.b, "],\"rules\":[");
	if (e == OK)
		e = books_duty_rules(r.a->st, &more, rule_row, r.b);
	buf_adds(r.b, "],\"calendar\":[");
	if (e == OK)
		e = books_years(r.a->st, year_row, r.b);
	buf_adds(r.b, "],\"days\":[");
	if (e == OK)
		e = books_calendar(r.a->st, &days, calendar_row, r.b);
	buf_addc(r.b, ']');
	read_int(r.b, "cut", cut + more + days);
	buf_addc(r.b, '}');
	read_end(&r, e);
}
