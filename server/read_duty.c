/* /api/v1/duty, /api/v1/overdue and /api/v1/owed */
#include "server/read.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/civil.h"
#include "schema/books_owed.h"
#include "schema/reminded.h"

#define LOOP_MS 15 /* of one answer that is computed; the next one goes on */
#define BETWEEN "\x1f" /* of a cursor's parts: no code holds control characters */

static void next_cursor(struct read *r, const char *list, bool more, const struct books_duty_key *k)
{
	char text[400];

	buf_addc(r->b, ']');
	(void)snprintf(text, sizeof text, "%lld" BETWEEN "%s" BETWEEN "%s" BETWEEN "%s" BETWEEN "%s" BETWEEN "%s", (long long)k->overdue,
		k->person, k->rule, k->target, k->level, k->role); /* fits */
	read_next(r, list, more, text);
	buf_addc(r->b, '}');
}

/* The part before the next separator; false when there is none, or it is too long. */
static bool part(char **p, char *out, size_t room, bool last)
{
	size_t n = strcspn(*p, BETWEEN);

	if (n >= room || (last ? (*p)[n] != '\0' : (*p)[n] == '\0'))
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n + !last;
	return true;
}

static bool cursor_key(struct read *r, const char *list, bool *has, struct books_duty_key *k)
{
	char text[400], number[24], *p = text;
	long long v;

	if (!read_cursor_get(r, list, text, sizeof text))
		return false;
	if (!(*has = text[0] != '\0'))
		return true;
	if (part(&p, number, sizeof number, false) && sscanf(number, "%lld", &v) == 1 && part(&p, k->person, sizeof k->person, false) &&
		part(&p, k->rule, sizeof k->rule, false) && part(&p, k->target, sizeof k->target, false) &&
		part(&p, k->level, sizeof k->level, false) && part(&p, k->role, sizeof k->role, true)) {
		k->overdue = v;
		return true;
	}
	read_refuse(r, 400, "bad_cursor", "the cursor cannot be read: begin again without it");
	return false;
}

/* A reminder that cannot be read is none: the row stands. */
static void reminders(struct read *r, const struct books_duty *d)
{
	struct reminded told;

	if (reminded_read(r->a->st, d->person.code, d->rule, d->target.code, d->overdue_ms, 0, &told) != OK)
		told = (struct reminded){0};
	read_int(r->b, "reminders", told.count);
	read_time(r->b, "reminded_at", told.count ? told.at_ms : -1);
	read_named(r->b, "reminded_by", (struct books_named){told.by, told.by_name});
}

static void duty_row(void *ctx, const struct books_duty *d)
{
	struct buf *b = ((struct read *)ctx)->b;
	int64_t now_ms = ((struct read *)ctx)->now_ms;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_named(b, "person", d->person);
	read_text(b, "rule", d->rule);
	read_named(b, "target", d->target);
	read_text(b, "level", d->level);
	read_text(b, "role", d->role);
	read_named(b, "area", d->area);
	read_text(b, "state", duty_state_name(d->state));
	read_text(b, "state_name", duty_state_zh(d->state));
	if (d->first <= d->last) {
		read_day(b, "first", d->first);
		read_day(b, "last", d->last);
	} else {
		read_text(b, "first", NULL);
		read_text(b, "last", NULL);
	}
	read_int(b, "need", d->need);
	read_int(b, "done", d->done);
	read_text(b, "unit", d->unit);
	read_text(b, "reason", d->reason);
	read_time(b, "overdue", d->overdue_ms);
	if (d->overdue_ms >= 0) {
		read_day(b, "due", books_duty_due(d));
		read_int(b, "days", books_duty_days(d, now_ms));
		reminders(ctx, d);
	}
	buf_addc(b, '}');
}

static bool state_of(struct read *r, int *out)
{
	const char *v = query_get(&r->q, "state");

	*out = -1;
	for (int s = 0; v && s < DUTY_STATES; s++)
		if (strcmp(v, duty_state_name((enum duty_state)s)) == 0)
			*out = s;
	if (v && *out < 0)
		read_refuse(r, 400, "bad_parameter", "state: there is no %.40s", v);
	return !r->failed;
}

/* Of a span of days: what is owed in it. */
static bool span_of(struct read *r, struct books_page *p, bool *out)
{
	*out = query_get(&r->q, "from") || query_get(&r->q, "to");
	if (!*out)
		return true;
	if (!read_period(r, true, &p->from_ms, &p->to_ms))
		return false;
	if (query_get(&r->q, "last"))
		read_refuse(r, 400, "bad_parameter", "last: stands in the place of from and to");
	else if (p->from_ms == BOOKS_FROM || p->to_ms == BOOKS_TO || p->to_ms - p->from_ms > civil_day_ms(BOOKS_OWED_DAYS) - civil_day_ms(0))
		read_refuse(r, 400, "bad_parameter", "from, to: both, %d days at most", BOOKS_OWED_DAYS);
	else if (p->from_ms != civil_day_ms(civil_day(p->from_ms)) || p->to_ms != civil_day_ms(civil_day(p->to_ms)))
		read_refuse(r, 400, "bad_parameter", "from, to: want days");
	return !r->failed;
}

static bool last_of(struct read *r, int32_t *out)
{
	const char *v = query_get(&r->q, "last");

	if (v && !civil_parse_day(v, strlen(v), out))
		read_refuse(r, 400, "bad_parameter", "last: want a day (2026-11-01)");
	return !r->failed;
}

static enum err owed_rows(struct read *r, struct books_page *p, const struct books_duty_filter *f)
{
	struct books_owed_at at = {.passed = 0};
	char text[100], number[16], *t = text;
	enum err e;

	if (!read_cursor_get(r, "owed", text, sizeof text))
		return OK;
	if (text[0] && (!part(&t, at.person, sizeof at.person, false) || !part(&t, number, sizeof number, true) || sscanf(number, "%d", &at.passed) != 1)) {
		read_refuse(r, 400, "bad_cursor", "the cursor cannot be read: begin again without it");
		return OK;
	}
	read_list(r, p, "duty");
	e = books_owed_rows(r->a->st, p, f, clock_mono_ms() + LOOP_MS, &at, duty_row, r);
	buf_addc(r->b, ']');
	(void)snprintf(text, sizeof text, "%s" BETWEEN "%d", at.person, at.passed); /* fits */
	read_next(r, "owed", p->more, text);
	buf_addc(r->b, '}');
	return e;
}

static void answer(void *ctx, struct request *rq, struct response *rs, const char *list)
{
	static const char *const names[] = {"level", "rule", "state", "person", "target", "scope", "reach", "limit", "cursor", NULL};
	static const char *const more[] = {"level", "rule", "state", "person", "target", "scope", "reach", "limit", "cursor", "role", "last", "from", "to", NULL};
	struct books_duty_key after = {0}, next = {0};
	struct books_duty_filter f = {.overdue = strcmp(list, "overdue") == 0};
	struct books_page p = {0};
	struct read r;
	bool span = false;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, f.overdue ? names : more))
		return;
	f.level = query_get(&r.q, "level");
	f.rule = query_get(&r.q, "rule");
	f.person = query_get(&r.q, "person");
	f.target = query_get(&r.q, "target");
	f.role = f.overdue ? NULL : query_get(&r.q, "role");
	if (!state_of(&r, &f.state) || !read_limit(&r, &p) || (!f.overdue && (!last_of(&r, &f.last) || !span_of(&r, &p, &span)))) {
		read_end(&r, e);
		return;
	}
	if (span) {
		e = owed_rows(&r, &p, &f);
	} else if (cursor_key(&r, list, &p.has_after, &after)) {
		read_list(&r, NULL, list);
		e = books_duties(r.a->st, &p, &f, &after, &next, duty_row, &r);
		next_cursor(&r, list, p.more, &next);
	}
	read_end(&r, e);
}

void read_duty(void *ctx, struct request *rq, struct response *rs)
{
	answer(ctx, rq, rs, "duty");
}

void read_overdue(void *ctx, struct request *rq, struct response *rs)
{
	answer(ctx, rq, rs, "overdue");
}

static void sum_row(struct buf *b, const char *figure, const char *level, int64_t month, int64_t year)
{
	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "figure", figure);
	read_text(b, "level", level);
	read_int(b, "month", month);
	read_int(b, "year", year);
	buf_addc(b, '}');
}

void read_owed(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", "reach", "cursor", NULL};
	char after[65] = "", next[65] = "";
	struct books_page p = {0};
	struct books_owed o;
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (read_limit(&r, &p) && read_cursor_get(&r, "sums", after, sizeof after)) {
		e = books_owed_some(r.a->st, &p, after, clock_mono_ms() + LOOP_MS, next, &o);
		read_list(&r, NULL, "owed");
		for (size_t i = 0; e == OK && i < o.n; i++) {
			sum_row(r.b, "patrols", o.level[i].level, o.level[i].month, o.level[i].year);
			sum_row(r.b, "river_patrols", o.level[i].level, o.level[i].river_month, o.level[i].river_year);
		}
		buf_addc(r.b, ']');
		read_next(&r, "sums", p.more, next);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}
