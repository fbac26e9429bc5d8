/* /api/v1/cases and /api/v1/cases/{id} */
#include "server/read.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/event.h"
#include "schema/books_cases.h"

void read_case_members(struct buf *b, const struct books_case *c, int64_t now_ms)
{
	char etag[24];

	(void)snprintf(etag, sizeof etag, "%lld", (long long)c->commit); /* fits */
	read_text(b, "id", c->id);
	read_text(b, "etag", etag);
	read_text(b, "class", c->klass);
	read_named(b, "category", c->category);
	read_int_or(b, "severity", c->severity, 0);
	read_text(b, "title", c->title);
	read_named(b, "scope", c->scope);
	read_named(b, "area", c->area);
	read_loc(b, "loc", c->has_loc, c->lat_e7, c->lon_e7);
	read_named(b, "reporter", c->reporter);
	read_text(b, "issuer", c->issuer);
	read_text(b, "state", casus_state_name(c->state));
	read_text(b, "state_name", casus_state_zh(c->state));
	read_int(b, "version", c->version);
	read_text(b, "level", c->level);
	read_named(b, "holder", c->holder);
	read_time(b, "at", c->report_ms);
	read_time(b, "due", c->due_ms);
	read_bool(b, "due_provisional", c->due_provisional);
	read_bool(b, "overdue", books_case_overdue(c, now_ms));
	buf_json_key(b, "on_time");
	buf_adds(b, c->on_time < 0 ? "null" : c->on_time ? "true" : "false");
	read_bool(b, "self_fixed", c->self_fixed);
	read_text(b, "result", casus_result_name(c->result));
	read_text(b, "rating", casus_rating_name(c->rating));
	read_time(b, "closed", c->closed_ms);
}

static void list_row(void *ctx, const struct books_case *c)
{
	struct read *r = ctx;

	buf_json_sep(r->b);
	buf_addc(r->b, '{');
	read_case_members(r->b, c, r->now_ms);
	buf_addc(r->b, '}');
}

/* `state`: a state, or `open` for all of the open ones. */
static bool states_of(struct read *r, unsigned *out)
{
	const char *v = query_get(&r->q, "state");
	bool open = v && strcmp(v, "open") == 0;

	*out = 0;
	for (int s = CASUS_REPORTED; v && s < CASUS_STATES; s++)
		if (open ? casus_is_open((enum casus_state)s) : strcmp(v, casus_state_name((enum casus_state)s)) == 0)
			*out |= 1U << s;
	if (v && !*out)
		read_refuse(r, 400, "bad_parameter", "state: there is no %.40s", v);
	return !r->failed;
}

static bool filter_of(struct read *r, struct books_case_filter *f)
{
	bool period = query_get(&r->q, "from") || query_get(&r->q, "to");
	int64_t severity;
	int overdue;
	unsigned open = 0;

	*f = (struct books_case_filter){.klass = query_get(&r->q, "class"), .category = query_get(&r->q, "category"),
		.level = query_get(&r->q, "level"), .holder = query_get(&r->q, "holder")};
	if (!states_of(r, &f->states) || !read_number(r, "severity", 1, 4, 0, &severity) ||
		!read_flag(r, "overdue", 0, &overdue))
		return false;
	f->severity = (int)severity;
	for (int s = 0; s < CASUS_STATES; s++)
		open |= casus_is_open((enum casus_state)s) ? 1U << s : 0;
	if (overdue && period)
		read_refuse(r, 400, "bad_parameter", "overdue: goes without from and to");
	else if (overdue)
		f->walk = BOOKS_CASES_OVERDUE;
	else if (f->states && !(f->states & ~open) && !period)
		f->walk = BOOKS_CASES_OPEN;
	return !r->failed;
}

void read_cases(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"class", "state", "category", "severity", "overdue", "level", "holder", "scope", "from", "to", "limit", "cursor", NULL};
	static const char *const lists[] = {"cases", "cases open", "cases overdue"};
	struct books_case_filter f;
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (filter_of(&r, &f) && read_period(&r, f.walk != BOOKS_CASES_REPORTED, &p.from_ms, &p.to_ms) &&
		read_page(&r, lists[f.walk], &p)) {
		read_list(&r, &p, "cases");
		e = books_cases(r.a->st, &p, &f, list_row, &r);
		read_list_end(&r, lists[f.walk], &p);
	}
	read_end(&r, e);
}

/* ------------------------------------------------------------------ one case */

static void counts_member(struct buf *b, const char *counts)
{
	static const char *const keys[] = {"returns", "escalations", "extensions", "urges", "reopens", "reworks"};
	const char *p = counts;
	char *end;

	buf_json_key(b, "counts");
	buf_addc(b, '{');
	for (size_t i = 0; i < ARRAY_LEN(keys); i++, p = end)
		read_int(b, keys[i], strtoll(p, &end, 10));
	buf_addc(b, '}');
}

static void one_row(void *ctx, const struct books_case *c)
{
	struct read *r = ctx;
	char ref[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2] = "";

	(void)snprintf(r->etag, sizeof r->etag, "\"%lld\"", (long long)c->commit); /* fits */
	read_case_members(r->b, c, r->now_ms);
	read_named(r->b, "handler", c->handler);
	read_time(r->b, "accepted", c->accepted_ms);
	read_time(r->b, "dispatched", c->dispatched_ms);
	read_time(r->b, "handled", c->handled_ms);
	if (*c->ref)
		(void)snprintf(ref, sizeof ref, "%s.%s", c->device, c->ref); /* fits */
	read_text(r->b, "patrol", ref);
	counts_member(r->b, c->counts);
}

void read_case(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {NULL};
	struct read r;
	enum err e;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	buf_addc(r.b, '{');
	read_int(r.b, "as_of", r.head.commit);
	read_time(r.b, "time", r.head.time_ms);
	e = books_case_one(r.a->st, r.s->user.scope, rq->param[0], one_row, &r);
	buf_addc(r.b, '}');
	read_end(&r, e);
}
