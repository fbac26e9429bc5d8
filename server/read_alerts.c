/* /api/v1/alerts */
#include "server/read.h"

#include <stdio.h>
#include <string.h>

#include "schema/books_alerts.h"

static void alert_row(void *ctx, const struct books_alert *a)
{
	struct buf *b = ((struct read *)ctx)->b;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "id", a->id);
	read_text(b, "type", a->type);
	read_int(b, "severity", a->severity);
	read_text(b, "title", a->title);
	read_text(b, "case", a->casus);
	read_named(b, "scope", a->scope);
	read_named(b, "person", a->person);
	read_loc(b, "loc", a->has_loc, a->lat_e7, a->lon_e7);
	read_time(b, "at", a->at_ms);
	read_time(b, "raised", a->raised_ms);
	read_bool(b, "late", a->late);
	read_text(b, "state", a->active ? "active" : "cleared");
	read_time(b, "cleared", a->active ? -1 : a->cleared_ms);
	read_named(b, "acked_by", a->acked_by);
	read_time(b, "acked_at", a->acked_ms);
	read_text(b, "told", a->told);
	buf_addc(b, '}');
}

/* The cursor: instant and id of a row. */
static bool cursor_of(struct read *r, struct books_page *p, char id[BOOKS_ALERT_ID])
{
	char text[BOOKS_ALERT_ID + 32];
	long long at;
	int n = 0;

	if (!read_cursor_get(r, "alerts", text, sizeof text))
		return false;
	if (!text[0])
		return true;
	if (sscanf(text, "%lld %n", &at, &n) != 1 || !n || !text[n] || strlen(text + n) >= BOOKS_ALERT_ID) {
		read_refuse(r, 400, "bad_cursor", "the cursor cannot be read: begin again without it");
		return false;
	}
	p->has_after = true;
	p->after.key = at;
	(void)snprintf(id, BOOKS_ALERT_ID, "%s", text + n); /* fits */
	return true;
}

void read_alerts(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", "reach", "from", "to", "limit", "cursor", NULL};
	char id[BOOKS_ALERT_ID] = "", text[BOOKS_ALERT_ID + 32];
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (read_period(&r, true, &p.from_ms, &p.to_ms) && read_limit(&r, &p) && cursor_of(&r, &p, id)) {
		read_list(&r, &p, "alerts");
		e = books_alerts(r.a->st, &p, id, alert_row, &r);
		buf_addc(r.b, ']');
		(void)snprintf(text, sizeof text, "%lld %s", (long long)p.next.key, id); /* fits */
		read_next(&r, "alerts", p.more, text);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}
