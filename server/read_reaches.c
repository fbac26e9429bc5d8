/* /api/v1/reaches */
#include "server/read.h"

#include <stdio.h>

#include "core/event.h"
#include "schema/books_reaches.h"

static void people_member(struct buf *b, const struct books_reach *x)
{
	buf_json_key(b, "people");
	buf_addc(b, '[');
	for (size_t i = 0; i < x->npeople; i++) {
		const struct books_reach_person *p = &x->person[i];

		buf_json_sep(b);
		buf_addc(b, '{');
		read_named(b, "person", (struct books_named){p->person, p->name});
		read_text(b, "role", p->role);
		read_text(b, "level", p->level);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
	read_int(b, "people_cut", (int64_t)x->people_cut);
}

static void levels_member(struct buf *b, const struct books_reach *x)
{
	static const char *const spans[BOOKS_SPANS] = {"today", "month", "year"};

	buf_json_key(b, "levels");
	buf_addc(b, '[');
	for (size_t i = 0; i < x->nlevels; i++) {
		buf_json_sep(b);
		buf_addc(b, '{');
		buf_json_key(b, "level");
		buf_json_str(b, x->level[i].level);
		for (int k = 0; k < BOOKS_SPANS; k++) {
			buf_json_key(b, spans[k]);
			buf_addc(b, '{');
			read_int(b, "patrols", x->level[i].span[k].patrols);
			read_int(b, "valid", x->level[i].span[k].valid);
			read_int(b, "owed", x->level[i].span[k].owed);
			buf_addc(b, '}');
		}
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void last_member(struct buf *b, const struct books_reach *x)
{
	char id[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2];

	buf_json_key(b, "last_patrol");
	if (x->last_ms < 0) {
		buf_adds(b, "null");
		return;
	}
	(void)snprintf(id, sizeof id, "%s.%s", x->device, x->patrol); /* fits */
	buf_addc(b, '{');
	read_text(b, "id", id);
	read_time(b, "start", x->last_ms);
	read_named(b, "person", x->last_person);
	read_bool(b, "valid", x->last_valid);
	buf_addc(b, '}');
}

static void reach_row(void *ctx, const struct books_reach *x)
{
	struct buf *b = ((struct read *)ctx)->b;

	buf_json_sep(b);
	buf_addc(b, '{');
	read_text(b, "code", x->code);
	read_text(b, "name", x->name);
	read_text(b, "river", x->river);
	read_text(b, "kind", x->kind);
	read_named(b, "area", x->area);
	read_int_or(b, "length_m", x->length_m, -1);
	read_bool(b, "drawn", x->drawn);
	people_member(b, x);
	levels_member(b, x);
	buf_json_key(b, "patrols");
	buf_addc(b, '{');
	read_int(b, "today", x->patrols[BOOKS_TODAY]);
	read_int(b, "month", x->patrols[BOOKS_MONTH]);
	read_int(b, "year", x->patrols[BOOKS_YEAR]);
	buf_addc(b, '}');
	buf_json_key(b, "duties");
	buf_addc(b, '{');
	read_int(b, "count", x->duties);
	read_int(b, "met", x->met);
	read_int(b, "overdue", x->overdue);
	read_int(b, "need", x->need);
	read_int(b, "done", x->done);
	buf_addc(b, '}');
	last_member(b, x);
	read_int(b, "open_cases", x->open_cases);
	read_int(b, "open_hazards", x->open_hazards);
	buf_addc(b, '}');
}

void read_reaches(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", "reach", "limit", "cursor", NULL};
	char after[REACH_CODE_MAX + 1] = "", next[REACH_CODE_MAX + 1] = "";
	struct books_page p = {0};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (read_limit(&r, &p) && read_cursor_get(&r, "reaches", after, sizeof after)) {
		read_list(&r, NULL, "reaches");
		e = books_reach_rows(r.a->st, &p, after, next, reach_row, &r);
		buf_addc(r.b, ']');
		read_next(&r, "reaches", p.more, next);
		buf_addc(r.b, '}');
	}
	read_end(&r, e);
}
