/* /api/v1/duty and /api/v1/overdue */
#include "server/read.h"

#include <stdio.h>
#include <string.h>

#include "schema/books_duty.h"
#include "schema/reminded.h"

#define BETWEEN "\x1f" /* of a cursor's parts: no code holds control characters */

static void next_cursor(struct read *r, const char *list, bool more, const struct books_duty_key *k)
{
	char text[400];

	buf_addc(r->b, ']');
	buf_json_key(r->b, "next");
	(void)snprintf(text, sizeof text, "%lld" BETWEEN "%s" BETWEEN "%s" BETWEEN "%s" BETWEEN "%s" BETWEEN "%s", (long long)k->overdue,
		k->person, k->rule, k->target, k->level, k->role); /* fits */
	if (more)
		read_cursor(r, list, text);
	else
		buf_adds(r->b, "null");
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

static void answer(void *ctx, struct request *rq, struct response *rs, const char *list)
{
	static const char *const names[] = {"level", "rule", "state", "person", "target", "scope", "reach", "limit", "cursor", NULL};
	struct books_duty_key after = {0}, next = {0};
	struct books_duty_filter f = {.overdue = strcmp(list, "overdue") == 0};
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	f.level = query_get(&r.q, "level");
	f.rule = query_get(&r.q, "rule");
	f.person = query_get(&r.q, "person");
	f.target = query_get(&r.q, "target");
	if (state_of(&r, &f.state) && read_limit(&r, &p) && cursor_key(&r, list, &p.has_after, &after)) {
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
