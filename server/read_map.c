/* /api/v1/areas.geojson, reaches, cases, devices: layers of the map (RFC 7946).
 * The commit that they were read at stands in headers, so that what did not change has the same bytes. */
#include "server/read.h"

#include <stdio.h>

#include "schema/books_cases.h"
#include "schema/books_map.h"

static bool begin_layer(struct read *r, void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {NULL};
	char text[40];

	if (!read_begin(r, ctx, rq, rs, names))
		return false;
	rs->type = "application/geo+json";
	(void)snprintf(text, sizeof text, "%lld", (long long)r->head.commit); /* fits */
	response_header(rs, "xunge-as-of", text);
	buf_adds(r->b, "{\"type\":\"FeatureCollection\",\"features\":[");
	return true;
}

static void end_layer(struct read *r, enum err e, int64_t cut)
{
	buf_addc(r->b, ']');
	read_int(r->b, "cut", cut);
	buf_addc(r->b, '}');
	read_end(r, e);
}

static void point(struct buf *b, int32_t lat_e7, int32_t lon_e7)
{
	buf_adds(b, "\"geometry\":{\"type\":\"Point\"");
	read_loc(b, "coordinates", true, lat_e7, lon_e7);
	buf_adds(b, "},\"properties\":{");
}

static bool shape_row(void *ctx, const struct books_area *a)
{
	struct read *r = ctx;
	struct buf *b = r->b;

	if (b->n + strlen(a->geojson) > READ_BYTES_MAX)
		return false;
	buf_json_sep(b);
	buf_adds(b, "{\"type\":\"Feature\"");
	read_text(b, "id", a->code);
	buf_json_key(b, "geometry");
	buf_adds(b, *a->geojson ? a->geojson : "null");
	buf_adds(b, ",\"properties\":{");
	read_text(b, "code", a->code);
	read_text(b, "name", a->name);
	if (*a->area) {
		read_text(b, "river", a->river);
		read_text(b, "kind", a->kind);
		read_text(b, "area", a->area);
		read_int_or(b, "length_m", a->length_m, -1);
	} else {
		read_text(b, "level", area_level_name(area_level(slice_of(a->code))));
	}
	read_int(b, "open_cases", a->open_cases);
	read_int(b, "patrols_today", a->patrols_today);
	buf_adds(b, "}}");
	return true;
}

void read_map_areas(void *ctx, struct request *rq, struct response *rs)
{
	struct read r;
	int64_t cut = 0;
	enum err e;

	if (!begin_layer(&r, ctx, rq, rs))
		return;
	e = books_areas(r.a->st, r.s->user.scope, READ_FEATURES_MAX, r.now_ms, &cut, shape_row, &r);
	end_layer(&r, e, cut);
}

void read_map_reaches(void *ctx, struct request *rq, struct response *rs)
{
	struct read r;
	int64_t cut = 0;
	enum err e;

	if (!begin_layer(&r, ctx, rq, rs))
		return;
	e = books_reaches(r.a->st, r.s->user.scope, READ_FEATURES_MAX, r.now_ms, &cut, shape_row, &r);
	end_layer(&r, e, cut);
}

static void case_row(void *ctx, const struct books_case *c)
{
	struct read *r = ctx;
	struct buf *b = r->b;

	buf_json_sep(b);
	buf_adds(b, "{\"type\":\"Feature\"");
	read_text(b, "id", c->id);
	buf_addc(b, ',');
	point(b, c->lat_e7, c->lon_e7);
	read_case_members(b, c, r->now_ms);
	buf_adds(b, "}}");
}

void read_map_cases(void *ctx, struct request *rq, struct response *rs)
{
	struct read r;
	int64_t cut = 0;
	enum err e;

	if (!begin_layer(&r, ctx, rq, rs))
		return;
	e = books_cases_on_map(r.a->st, r.s->user.scope, READ_FEATURES_MAX, &cut, case_row, &r);
	end_layer(&r, e, cut);
}

static bool device_row(void *ctx, const struct books_device *d)
{
	struct buf *b = ((struct read *)ctx)->b;

	buf_json_sep(b);
	buf_adds(b, "{\"type\":\"Feature\"");
	read_text(b, "id", d->device);
	buf_addc(b, ',');
	point(b, d->lat_e7, d->lon_e7);
	read_text(b, "device", d->device);
	read_named(b, "person", d->person);
	read_text(b, "area", d->area);
	read_bool(b, "online", d->online);
	read_int_or(b, "battery", d->battery, -1);
	read_time(b, "seen", d->seen_ms);
	read_time(b, "at", d->loc_ms);
	buf_adds(b, "}}");
	return true;
}

void read_map_devices(void *ctx, struct request *rq, struct response *rs)
{
	struct read r;
	int64_t cut = 0;
	enum err e;

	if (!begin_layer(&r, ctx, rq, rs))
		return;
	e = books_devices(r.a->st, r.s->user.scope, READ_FEATURES_MAX, &cut, device_row, &r);
	end_layer(&r, e, cut);
}
