/* /api/v1/patrols and /api/v1/patrols/{device}.{patrol} */
#include "server/read.h"

#include <stdio.h>

#include "core/civil.h"
#include "core/event.h"
#include "core/track.h"
#include "schema/books_cases.h"
#include "schema/books_patrols.h"
#include "server/filters.h"

#define FINDINGS_MAX 50

/* "device.patrol": neither holds a dot. */
static void id_member(struct buf *b, const char *key, const char *device, const char *name)
{
	char text[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2];

	(void)snprintf(text, sizeof text, "%s.%s", device, name); /* fits */
	read_text(b, key, text);
}

bool read_patrol_id(struct slice id, struct slice *device, struct slice *name)
{
	const char *dot = memchr(id.p, '.', id.n);

	if (!dot)
		return false;
	*device = (struct slice){id.p, (uint32_t)(dot - id.p)};
	*name = (struct slice){dot + 1, id.n - device->n - 1};
	return device->n && name->n && !memchr(name->p, '.', name->n);
}

static void reasons_member(struct buf *b, uint32_t reasons)
{
	buf_json_key(b, "reasons");
	buf_addc(b, '[');
	for (uint32_t i = 0; i < TRACK_REASONS; i++)
		if (reasons & 1U << i) {
			buf_json_sep(b);
			buf_addc(b, '{');
			read_text(b, "code", track_reasons[i].name);
			read_text(b, "name", track_reasons[i].zh);
			buf_addc(b, '}');
		}
	buf_addc(b, ']');
}

static void substitute_member(struct buf *b, const struct books_patrol *p)
{
	buf_json_key(b, "substitute");
	if (p->sub_ms < 0) {
		buf_adds(b, "null");
		return;
	}
	buf_addc(b, '{');
	read_time(b, "at", p->sub_ms);
	read_text(b, "way", p->sub_way);
	read_named(b, "person", p->sub_person);
	read_named(b, "target", p->sub_target);
	buf_addc(b, '}');
}

static void members(struct buf *b, const struct books_patrol *p)
{
	bool started = p->start_ms >= 0;

	id_member(b, "id", p->device, p->name);
	read_text(b, "device", p->device);
	read_named(b, "person", p->person);
	read_named(b, "actor", p->actor);
	read_text(b, "route", p->route);
	read_named(b, "target", p->target);
	read_named(b, "area", p->area);
	read_text(b, "level", *p->river_level ? p->river_level : p->level);
	read_bool(b, "river_patrol", *p->river_level != '\0');
	read_time(b, "start", p->start_ms);
	read_time(b, "end", p->end_ms);
	buf_json_key(b, "clear");
	buf_adds(b, p->end_ms < 0 ? "null" : p->clear ? "true" : "false");
	buf_json_key(b, "valid");
	buf_adds(b, !started ? "null" : p->reasons ? "false" : "true");
	reasons_member(b, started ? p->reasons : 0);
	read_text(b, "rule", p->rule);
	read_int(b, "duration_s", p->duration_s);
	read_int(b, "distance_m", p->distance_m);
	read_int_or(b, "coverage_permille", p->coverage, -1);
	read_int(b, "points", p->points);
	read_int(b, "dropped", p->dropped);
	read_int(b, "commit", p->commit);
}

static void list_row(void *ctx, const struct books_patrol *p)
{
	struct buf *b = ((struct read *)ctx)->b;

	buf_json_sep(b);
	buf_addc(b, '{');
	members(b, p);
	buf_addc(b, '}');
}

void read_patrols(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {FILTERS_PATROLS, "scope", "reach", "from", "to", "limit", "cursor", "count", NULL};
	struct books_patrol_filter f;
	struct books_page p = {0};
	struct why why = {""};
	struct read r;
	enum err e = OK;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	if (!filters_patrols(&r.q, &f, &why))
		read_refuse(&r, 400, "bad_parameter", "%s", why.text);
	if (!r.failed && read_period(&r, false, &p.from_ms, &p.to_ms) && read_page(&r, "patrols", &p) && read_counts(&r)) {
		read_list(&r, &p, "patrols");
		e = books_patrols(r.a->st, &p, &f, list_row, &r);
		if (e == OK && r.counts)
			e = books_patrols_count(r.a->st, &p, &f, &r.total, &r.total_more);
		read_list_end(&r, "patrols", &p);
	}
	read_end(&r, e);
}

/* ------------------------------------------------------------------ one patrol */

struct one {
	struct read *r;
	char device[EVENT_DEVICE_MAX + 1], name[EVENT_ID_MAX + 1], rule[80], level[12];
	int64_t start_ms, end_ms;
};

static void one_row(void *ctx, const struct books_patrol *p)
{
	struct one *o = ctx;
	struct buf *b = o->r->b;

	slice_copy(o->device, sizeof o->device, slice_of(p->device));
	slice_copy(o->name, sizeof o->name, slice_of(p->name));
	slice_copy(o->rule, sizeof o->rule, slice_of(p->rule));
	slice_copy(o->level, sizeof o->level, slice_of(*p->river_level ? p->river_level : p->level));
	o->start_ms = p->start_ms;
	members(b, p);
	read_int(b, "tracks", p->tracks);
	substitute_member(b, p);
}

static enum err rule_member(struct one *o)
{
	struct buf *b = o->r->b;
	struct books_rule rule;
	enum err e = ERR_NOTFOUND;

	if (o->rule[0])
		e = books_patrol_rule(o->r->a->st, o->rule, o->level, civil_day(o->start_ms), &rule);
	buf_json_key(b, "asked");
	if (e == ERR_NOTFOUND) {
		buf_adds(b, "null");
		return OK;
	}
	if (e != OK)
		return e;
	buf_addc(b, '{');
	read_int_or(b, "min_minutes", rule.min_minutes, -1);
	read_int_or(b, "min_metres", rule.min_metres, -1);
	read_int_or(b, "min_gap_hours", rule.min_gap_hours, -1);
	read_int_or(b, "min_coverage_permille", rule.min_coverage, -1);
	buf_addc(b, '}');
	return OK;
}

static enum err find_one(struct read *r, struct one *o)
{
	struct slice device, name;

	*o = (struct one){.r = r, .start_ms = -1};
	if (!read_patrol_id(r->rq->param[0], &device, &name))
		return ERR_NOTFOUND;
	return books_patrol_one(r->a->st, r->s->user.scope, device, name, one_row, o);
}

void read_patrol(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {NULL};
	struct read r;
	struct one o;
	enum err e;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	buf_addc(r.b, '{');
	read_int(r.b, "as_of", r.head.commit);
	read_time(r.b, "time", r.head.time_ms);
	if ((e = find_one(&r, &o)) == OK && (e = rule_member(&o)) == OK) {
		buf_json_key(r.b, "findings");
		buf_addc(r.b, '[');
		e = books_cases_of_patrol(r.a->st, r.s->user.scope, o.device, o.name, FINDINGS_MAX, read_case_row, &r);
		buf_adds(r.b, "]}");
	}
	read_end(&r, e);
}
