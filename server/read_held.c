/* /api/v1/held and /api/v1/events */
#include "server/read.h"

#include <stdio.h>

#include "core/event.h"
#include "schema/books_events.h"
#include "schema/books_held.h"

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

void read_events(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"person", "device", "kind", "order", "scope", "from", "to", "limit", "cursor", NULL};
	struct books_event_filter f = {0};
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (event_filter(&r, &f) && read_period(&r, true, &p.from_ms, &p.to_ms) &&
		read_page(&r, f.rising ? "events asc" : "events", &p)) {
		read_list(&r, &p, "events");
		e = books_events(r.a->st, &p, &f, event_row, &r);
		read_list_end(&r, f.rising ? "events asc" : "events", &p);
	}
	read_end(&r, e);
}
