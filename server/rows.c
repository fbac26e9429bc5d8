#include "server/rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "core/casus.h"
#include "core/civil.h"

const char *const sheet_names[SHEETS] = {"alerts", "cases", "overdue"};

static void text(struct buf *b, const char *key, const char *v)
{
	buf_json_key(b, key);
	buf_json_str(b, v);
}

static void text_or_null(struct buf *b, const char *key, const char *v)
{
	text(b, key, *v ? v : NULL);
}

static void number(struct buf *b, const char *key, int64_t v)
{
	buf_json_key(b, key);
	buf_int(b, v);
}

static void number_or_null(struct buf *b, const char *key, int64_t v, int64_t none)
{
	buf_json_key(b, key);
	if (v == none)
		buf_adds(b, "null");
	else
		buf_int(b, v);
}

static void place(struct buf *b, bool has_loc, int32_t lat_e7, int32_t lon_e7)
{
	buf_json_key(b, "loc");
	if (has_loc)
		buf_addf(b, "[%.7f,%.7f]", lon_e7 / 1e7, lat_e7 / 1e7);
	else
		buf_adds(b, "null");
}

/* Takes the text of b. */
static struct row *make(struct buf *b, const char *key, const char *area, int64_t rank0, int64_t rank1)
{
	size_t nkey = strlen(key);
	struct row *r = xcalloc(1, sizeof *r + b->n + nkey + 1);

	memcpy(r->json, b->p, b->n);
	memcpy(r->json + b->n, key, nkey + 1);
	r->key = r->json + b->n;
	r->n = b->n;
	r->hash = map_hash(b->p, b->n);
	r->rank[0] = rank0;
	r->rank[1] = rank1;
	slice_copy(r->area, sizeof r->area, slice_of(area)); /* an area code */
	buf_done(b);
	return r;
}

bool row_alert_everywhere(const struct live_alert *a)
{
	return !*a->area && !*a->person && !*a->casus;
}

struct row *row_of_alert(const struct live_alert *a)
{
	struct buf b = {0};
	struct row *r;

	if (!a->active)
		return NULL;
	buf_addc(&b, '{');
	text(&b, "id", a->id);
	text(&b, "type", a->type);
	number(&b, "severity", a->severity);
	text_or_null(&b, "case", a->casus);
	text(&b, "title", a->title);
	text_or_null(&b, "scope", a->scope);
	text(&b, "place", a->scope_name);
	place(&b, a->has_loc, a->lat_e7, a->lon_e7);
	number(&b, "at", a->at_ms);
	text(&b, "state", "active");
	text_or_null(&b, "acked_by", a->acked_by);
	text_or_null(&b, "acked_name", a->acked_name);
	number_or_null(&b, "acked_at", a->acked_ms, -1);
	buf_addf(&b, ",\"late\":%s", a->late ? "true" : "false");
	text(&b, "told", a->told);
	text_or_null(&b, "person", a->person);
	text(&b, "name", a->person_name);
	buf_addc(&b, '}');
	r = make(&b, a->id, a->area, a->severity, -a->at_ms);
	r->everywhere = row_alert_everywhere(a);
	return r;
}

struct row *row_of_case(const struct live_case *c)
{
	struct buf b = {0};

	if (!casus_is_open((enum casus_state)c->state))
		return NULL;
	buf_addc(&b, '{');
	text(&b, "id", c->id);
	text(&b, "class", c->class);
	text(&b, "category", c->category);
	text(&b, "category_name", c->category_name);
	number_or_null(&b, "severity", c->severity, 0);
	text(&b, "title", c->title);
	text_or_null(&b, "scope", c->scope);
	text(&b, "place", c->scope_name);
	place(&b, c->has_loc, c->lat_e7, c->lon_e7);
	text(&b, "state", casus_state_name((enum casus_state)c->state));
	text(&b, "level", c->level);
	text(&b, "holder", c->holder);
	text(&b, "holder_name", c->holder_name);
	number(&b, "version", c->version);
	buf_addf(&b, ",\"etag\":\"%lld\"", (long long)c->commit);
	number_or_null(&b, "due", c->due_ms, -1);
	number(&b, "at", c->at_ms);
	buf_addc(&b, '}');
	return make(&b, c->id, c->area, c->severity ? c->severity : INT64_MAX, -c->at_ms);
}

char *row_overdue_key(const struct live_overdue *o)
{
	return xasprintf("%s\t%s\t%s", o->person, o->rule, o->target);
}

struct row *row_of_overdue(const struct live_overdue *o, int32_t today)
{
	struct buf b = {0};
	struct row *r;
	char *key;

	if (o->since_ms < 0)
		return NULL;
	buf_addc(&b, '{');
	text(&b, "person", o->person);
	text(&b, "rule", o->rule);
	text(&b, "target", o->target);
	text(&b, "name", o->name);
	text(&b, "place", o->target_name);
	text(&b, "level", o->level);
	number(&b, "due", o->since_ms);
	/* It was due until the midnight of since_ms: that day is the first one over. */
	number(&b, "days", (int64_t)today - civil_day(o->since_ms) + 1);
	number(&b, "reminders", o->reminded.count);
	if (o->reminded.count) {
		number(&b, "reminded_at", o->reminded.at_ms);
		text(&b, "reminded_by", o->reminded.by);
		text(&b, "reminded_name", o->reminded.by_name);
	}
	buf_addc(&b, '}');
	key = row_overdue_key(o);
	r = make(&b, key, o->area, o->since_ms, 0);
	free(key);
	return r;
}

bool row_in_scope(const struct row *r, const char *scope)
{
	return r->everywhere || area_covers(slice_of(scope), slice_of(r->area));
}

void row_add(struct buf *b, const struct row *r)
{
	buf_json_sep(b);
	buf_add(b, r->json, r->n);
}

void row_add_gone(struct buf *b, enum sheet sheet, const char *key)
{
	static const char *const parts[] = {"person", "rule", "target"};
	size_t n;

	buf_json_sep(b);
	buf_addc(b, '{');
	if (sheet != SHEET_OVERDUE) {
		text(b, "id", key);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(parts); i++, key += n + 1) {
			n = strcspn(key, i + 1 < ARRAY_LEN(parts) ? "\t" : "");
			buf_json_key(b, parts[i]);
			buf_json(b, key, n);
		}
	}
	buf_adds(b, ",\"gone\":true}");
}
