/* /api/v1/held and /api/v1/events */
#include "server/read.h"

#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "schema/books_events.h"
#include "schema/books_held.h"
#include "schema/exports/behind.h"

static void identity(struct buf *b, const char *device, const char *epoch, int64_t seq)
{
	char text[EVENT_DEVICE_MAX + EVENT_EPOCH_MAX + 32];

	(void)snprintf(text, sizeof text, "%s/%s/%lld", device, epoch, (long long)seq); /* fits */
	read_text(b, "event", text);
	read_text(b, "device", device);
}

static void held_row(void *ctx, const struct books_held *h)
{
	struct buf *b = ((struct read *)ctx)->b;

	buf_json_sep(b);
	buf_addc(b, '{');
	identity(b, h->device, h->epoch, h->seq);
	read_text(b, "kind", h->kind);
	read_named(b, "person", h->person);
	read_text(b, "case", h->casus);
	read_text(b, "code", h->code);
	read_text(b, "detail", h->detail);
	read_text(b, "waits", h->waits);
	read_time(b, "at", h->at_ms);
	read_time(b, "since", h->since_ms);
	read_time(b, "due", h->due_ms);
	read_bool(b, "displaced", h->commit != 0);
	read_int_or(b, "commit", h->commit, 0);
	buf_addc(b, '}');
}

void read_held(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"code", "device", "limit", "cursor", NULL};
	struct books_held_filter f;
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	f = (struct books_held_filter){query_get(&r.q, "code"), query_get(&r.q, "device")};
	if (read_page(&r, "held", &p)) {
		read_list(&r, NULL, "held");
		e = books_held(r.a->st, &p, &f, held_row, &r);
		read_list_end(&r, "held", &p);
	}
	read_end(&r, e);
}

static void event_row(void *ctx, const struct books_event *ev)
{
	struct buf *b = ((struct read *)ctx)->b;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_int(b, "commit", ev->commit);
	identity(b, ev->device, ev->epoch, ev->seq);
	read_text(b, "kind", ev->kind);
	read_named(b, "person", ev->person);
	read_named(b, "scope", ev->scope);
	read_text(b, "area", ev->area);
	read_time(b, "at", ev->at_ms);
	read_time(b, "received", ev->recv_ms);
	read_time(b, "committed", ev->committed_ms);
	read_bool(b, "imported", ev->imported);
	read_bool(b, "voided", ev->voided);
	read_bool(b, "displaced", ev->displaced);
	buf_json_key(b, "raw");
	buf_add(b, ev->raw.p, ev->raw.n);
	buf_addc(b, '}');
}

static bool event_filter(struct read *r, struct books_event_filter *f)
{
	const char *kind = query_get(&r->q, "kind"), *order = query_get(&r->q, "order");

	f->person = query_get(&r->q, "person");
	f->device = query_get(&r->q, "device");
	if (kind && !(f->kind = (int)event_kind_of(slice_of(kind)))) {
		read_refuse(r, 400, "bad_parameter", "kind: there is no %.40s", kind);
		return false;
	}
	if (order && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0) {
		read_refuse(r, 400, "bad_parameter", "order: want asc or desc");
		return false;
	}
	f->rising = order && strcmp(order, "asc") == 0;
	return true;
}

/* ------------------------------------------------------------------ those behind a figure */

struct behind_read {
	struct read *r;
	int given, looked, limit;
};

static enum err give_commit(void *ctx, int64_t commit)
{
	struct behind_read *b = ctx;

	b->given++;
	return books_event_one(b->r->a->st, commit, event_row, b->r);
}

/* A subject's events stay together: a page may be two longer than asked for. */
static bool page_is_full(void *ctx)
{
	struct behind_read *b = ctx;

	return b->given >= b->limit || ++b->looked >= BOOKS_LOOK;
}

static bool area_or_refused(struct read *r)
{
	if (r->within && area_is_reach(slice_of(r->within)))
		read_refuse(r, 400, "bad_parameter", "scope: figures are kept for areas, not for reaches");
	return !r->failed;
}

static enum err events_behind(struct read *r, const struct books_page *p)
{
	struct table_world w = {.st = r->a->st, .scope = r->s->user.scope, .within = r->within, .figure = query_get(&r->q, "figure"), .level = query_get(&r->q, "level"),
		.category = query_get(&r->q, "category"), .from_ms = p->from_ms, .to_ms = p->to_ms, .as_of = r->head.commit};
	struct behind_read b = {.r = r, .limit = p->limit};
	char where[BEHIND_WHERE];
	struct behind *behind;
	struct why why = {""};
	bool more = false;
	enum err e;

	if (behind_open(&w, &behind, &why) != OK) {
		read_refuse(r, 400, "bad_parameter", "%s", why.text);
		return OK;
	}
	if (!read_cursor_get(r, "events behind", where, sizeof where) || (where[0] && !behind_go(behind, where))) {
		if (!r->failed)
			read_refuse(r, 400, "bad_cursor", "the cursor cannot be read: begin again without it");
		behind_close(behind);
		return OK;
	}
	read_list(r, p, "events");
	e = behind_page(behind, &w, give_commit, page_is_full, &b, &more);
	buf_addc(r->b, ']');
	behind_where(behind, where);
	read_next(r, "events behind", more, where);
	buf_addc(r->b, '}');
	behind_close(behind);
	return e;
}

/* ------------------------------------------------------------------ all of them */

static enum err events_list(struct read *r, struct books_page *p)
{
	const char *list = "events";
	struct books_event_filter f = {0};
	int counted;
	enum err e;

	if (!event_filter(r, &f) || !read_flag(r, "counted", 0, &counted) || !read_counts(r))
		return OK;
	f.counted = counted;
	list = f.rising ? "events asc" : "events";
	if (!read_page(r, list, p))
		return OK;
	read_list(r, p, "events");
	e = books_events(r->a->st, p, &f, event_row, r);
	if (e == OK && r->counts)
		e = books_events_count(r->a->st, p, &f, &r->total, &r->total_more);
	read_list_end(r, list, p);
	return e;
}

void read_events(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"person", "device", "kind", "order", "counted", "scope", "reach", "from", "to", "limit", "cursor", "count", NULL};
	static const char *const behind[] = {"figure", "level", "category", "scope", "from", "to", "limit", "cursor", NULL};
	bool figure = rq->query && (strncmp(rq->query, "figure=", 7) == 0 || strstr(rq->query, "&figure="));
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, figure ? behind : names))
		return;
	if (read_period(&r, !figure, &p.from_ms, &p.to_ms))
		e = !figure ? events_list(&r, &p) : area_or_refused(&r) && read_limit(&r, &p) ? events_behind(&r, &p) : OK;
	read_end(&r, e);
}
