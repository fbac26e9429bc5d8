/* /api/v1/people */
#include "server/read.h"

#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "schema/books_people.h"

#define BETWEEN "\x1f" /* of a cursor's parts: no code holds control characters */

static void person_row(void *ctx, const struct books_person *p)
{
	struct buf *b = ((struct read *)ctx)->b;
	char id[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2];

	buf_json_sep(b);
	buf_addc(b, '{');
	read_named(b, "person", p->person);
	read_text(b, "role", p->role);
	read_text(b, "level", p->level);
	read_named(b, "place", p->place);
	read_named(b, "area", p->area);
	read_int(b, "duties", p->duties);
	read_int(b, "met", p->met);
	read_int(b, "overdue", p->overdue);
	buf_json_key(b, "last_patrol");
	if (p->last_ms < 0) {
		buf_adds(b, "null}");
		return;
	}
	(void)snprintf(id, sizeof id, "%s.%s", p->device, p->patrol); /* fits */
	buf_addc(b, '{');
	read_text(b, "id", id);
	read_time(b, "start", p->last_ms);
	read_named(b, "target", p->target);
	read_bool(b, "valid", p->valid);
	buf_adds(b, "}}");
}

static bool cursor_key(struct read *r, bool *has, struct books_person_key *k)
{
	char text[160];
	int end = 0;

	if (!read_cursor_get(r, "people", text, sizeof text))
		return false;
	if (!(*has = text[0] != '\0'))
		return true;
	if (sscanf(text, "%64[^" BETWEEN "]" BETWEEN "%15[^" BETWEEN "]" BETWEEN "%39[^" BETWEEN "]%n", k->person, k->role, k->scope, &end) == 3 && !text[end])
		return true;
	read_refuse(r, 400, "bad_cursor", "the cursor cannot be read: begin again without it");
	return false;
}

void read_people(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"person", "role", "level", "q", "scope", "reach", "limit", "cursor", NULL};
	struct books_person_key after = {.person = ""}, next = {.person = ""};
	struct books_person_filter f;
	struct books_page p = {0};
	char text[160];
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	f = (struct books_person_filter){query_get(&r.q, "person"), query_get(&r.q, "role"), query_get(&r.q, "level"), query_get(&r.q, "q")};
	if (read_limit(&r, &p) && cursor_key(&r, &p.has_after, &after)) {
		read_list(&r, NULL, "people");
		e = books_people(r.a->st, &p, &f, &after, &next, person_row, &r);
		buf_addc(r.b, ']');
		(void)snprintf(text, sizeof text, "%s" BETWEEN "%s" BETWEEN "%s", next.person, next.role, next.scope); /* fits */
		read_next(&r, "people", p.more, text);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}
