/* /api/v1/cases and /api/v1/cases/{id} */
#include "server/read.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/event.h"
#include "schema/books_cases.h"
#include "schema/books_timeline.h"
#include "server/filters.h"

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

void read_case_row(void *ctx, const struct books_case *c)
{
	struct read *r = ctx;

	buf_json_sep(r->b);
	buf_addc(r->b, '{');
	read_case_members(r->b, c, r->now_ms);
	buf_addc(r->b, '}');
}

static bool filter_of(struct read *r, struct books_case_filter *f)
{
	bool period = query_get(&r->q, "from") || query_get(&r->q, "to"), late;
	struct why why = {""};

	if (!filters_cases(&r->q, f, &late, &why))
		read_refuse(r, 400, "bad_parameter", "%s", why.text);
	else if (late && (period || f->share.figure))
		read_refuse(r, 400, "bad_parameter", "overdue: goes without from, to and figure");
	else if (late)
		f->walk = BOOKS_CASES_OVERDUE;
	else if (filters_open(f->states) && !period && !f->share.figure)
		f->walk = BOOKS_CASES_OPEN;
	return !r->failed;
}

void read_cases(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {FILTERS_CASES, "scope", "reach", "from", "to", "limit", "cursor", "count", NULL};
	static const char *const lists[] = {"cases", "cases open", "cases overdue"};
	struct books_case_filter f;
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (filter_of(&r, &f) && read_period(&r, f.walk != BOOKS_CASES_REPORTED, &p.from_ms, &p.to_ms) &&
		read_page(&r, lists[f.walk], &p) && read_counts(&r)) {
		f.share.from_ms = p.from_ms;
		f.share.to_ms = p.to_ms;
		read_list(&r, &p, "cases");
		e = books_cases(r.a->st, &p, &f, read_case_row, &r);
		if (e == OK && r.counts)
			e = books_cases_count(r.a->st, &p, &f, &r.total, &r.total_more);
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

static void read_slice(struct buf *b, const char *key, struct slice v)
{
	buf_json_key(b, key);
	if (v.p && v.n)
		buf_json(b, v.p, v.n);
	else
		buf_adds(b, "null");
}

static void identity(struct buf *b, const char *key, const struct order_key *k)
{
	char text[EVENT_DEVICE_MAX + EVENT_EPOCH_MAX + 32];

	(void)snprintf(text, sizeof text, "%s/%s/%lld", k->device, k->epoch, (long long)k->seq); /* fits */
	read_text(b, key, k->seq ? text : NULL);
}

static const char *status_of(const struct books_step *s)
{
	if (s->act->voided)
		return "voided";
	if (s->act->fate != FATE_FORCE)
		return s->displaced ? "displaced" : "held";
	return s->repeated ? "repeated" : "in_force";
}

static const char *code_of(enum casus_fate fate)
{
	switch (fate) {
	case FATE_WAITS:
		return "waits_for";
	case FATE_ILLEGAL:
		return "illegal_transition";
	case FATE_NOT_ALLOWED:
		return "not_allowed";
	case FATE_FORCE:
	case FATE_VOIDED:
		break;
	}
	return NULL;
}

static void photos_member(struct read *r, const struct books_step *s)
{
	struct files *files = r->a->files;
	struct buf *b = r->b;
	char sha256[65];

	buf_json_key(b, "photos");
	buf_addc(b, '[');
	for (uint32_t i = 0; i < s->nphoto; i++) {
		buf_json_sep(b);
		buf_addc(b, '{');
		read_slice(b, "sha256", s->photo[i].sha256);
		read_slice(b, "role", s->photo[i].role);
		read_slice(b, "mime", s->photo[i].mime);
		slice_copy(sha256, sizeof sha256, s->photo[i].sha256);
		read_bool(b, "here", files && files_has(files, sha256, s->act->key.device));
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void voided_member(struct buf *b, const struct books_step *s)
{
	buf_json_key(b, "voided");
	if (!s->voided_by.code) {
		buf_adds(b, "null");
		return;
	}
	buf_addc(b, '{');
	read_named(b, "person", s->voided_by);
	read_time(b, "at", s->voided_ms);
	read_slice(b, "reason", s->voided_why);
	buf_addc(b, '}');
}

static void step_row(void *ctx, const struct books_step *s)
{
	struct buf *b = ((struct read *)ctx)->b;
	const struct casus_act *a = s->act;
	bool force = a->fate == FATE_FORCE && !a->voided && !s->repeated;

	buf_json_sep(b);
	buf_addc(b, '{');
	identity(b, "event", &a->key);
	read_text(b, "action", casus_action_name(a->action));
	read_text(b, "action_name", casus_action_zh(a->action));
	read_named(b, "person", (struct books_named){a->person, s->person_name});
	read_time(b, "at", a->key.at_ms);
	read_time(b, "received", s->recv_ms);
	read_time(b, "committed", s->committed_ms);
	read_int_or(b, "commit", s->commit, 0);
	read_slice(b, "title", s->title);
	read_slice(b, "text", s->text);
	read_slice(b, "note", s->note);
	read_named(b, "to", (struct books_named){a->to, s->to_name});
	read_time(b, "until", a->until_ms);
	read_text(b, "result", casus_result_name(a->result));
	read_text(b, "rating", casus_rating_name(a->rating));
	photos_member(ctx, s);
	identity(b, "base", &a->base);
	read_text(b, "status", status_of(s));
	read_text(b, "code", a->voided ? NULL : code_of(a->fate));
	read_text(b, "detail", a->voided ? NULL : a->detail);
	read_text(b, "waits", a->voided ? NULL : a->waits);
	read_bool(b, "parallel", force && a->parallel);
	read_text(b, "state", force ? casus_state_name(a->state) : NULL);
	read_int_or(b, "version", force ? a->version : -1, -1);
	voided_member(b, s);
	buf_addc(b, '}');
}

static enum err timeline_member(struct read *r, struct slice id)
{
	const struct account_user *u = &r->s->user;
	struct casus_grant grant = {.role = role_of(slice_of(u->role)), .level = area_level(slice_of(u->scope))};
	struct books_story story = {0, 0};
	enum err e;

	slice_copy(grant.scope, sizeof grant.scope, slice_of(u->scope));
	buf_json_key(r->b, "timeline");
	buf_addc(r->b, '[');
	e = books_timeline(r->a->st, id, u->person, &grant, &story, step_row, r);
	buf_addc(r->b, ']');
	read_int(r->b, "timeline_cut", story.cut);
	buf_json_key(r->b, "actions");
	buf_addc(r->b, '[');
	for (int a = 0; a < CASUS_ACTIONS; a++)
		if (story.actions & 1U << a) {
			buf_json_sep(r->b);
			buf_json_str(r->b, casus_action_name((enum casus_action)a));
		}
	buf_addc(r->b, ']');
	return e;
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
	if (e == OK)
		e = timeline_member(&r, rq->param[0]);
	buf_addc(r.b, '}');
	read_end(&r, e);
}
