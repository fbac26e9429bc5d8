/* /api/v1/areas.geojson, reaches, cases, devices: layers of the map (RFC 7946).
 * The commit that they were read at stands in headers, so that what did not change has the same bytes. */
#include "server/read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/books_cases.h"
#include "schema/books_map.h"

#define DECIMALS_MAX 7 /* of degrees: a centimetre */

static void layer_head(struct read *r)
{
	char text[40];

	r->rs->type = "application/geo+json";
	(void)snprintf(text, sizeof text, "%lld", (long long)r->head.commit); /* fits */
	response_header(r->rs, "xunge-as-of", text);
	buf_adds(r->b, "{\"type\":\"FeatureCollection\",\"features\":[");
}

static bool begin_layer(struct read *r, void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {NULL};

	if (!read_begin(r, ctx, rq, rs, names))
		return false;
	layer_head(r);
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

struct geometry { /* where it stands in the answer */
	size_t at, n;
	int level; /* digits of the area's code */
};

struct shapes {
	struct read r;
	int64_t decimals; /* -1: as they are */
	int lowest;       /* only the lowest level that has shapes keeps them */
	struct geometry *geometry;
	size_t n, room;
};

/* A number of degrees: [p, end), rounded to so many decimals, half away from nought. */
static void rounded(struct buf *b, const char *p, const char *end, int decimals)
{
	char text[32];
	int64_t v = 0;
	int left = decimals;
	bool minus = *p == '-', fraction = false;
	const char *at = p + minus;
	size_t n;

	for (; at < end && isdigit((unsigned char)*at) && v < INT64_MAX / 100; at++) {
		v = v * 10 + (*at - '0');
		if (fraction && left-- == 0)
			break;
		if (at + 1 < end && !fraction && at[1] == '.') {
			fraction = true;
			at++;
		}
	}
	if (!fraction || (at < end && left >= 0) || memchr(p, 'e', (size_t)(end - p)) || memchr(p, 'E', (size_t)(end - p))) { /* whole, or none of ours */
		buf_add(b, p, (size_t)(end - p));
		return;
	}
	if (left < 0)
		v = (v + 5) / 10;
	for (; left > 0; left--)
		v *= 10;
	n = (size_t)snprintf(text, sizeof text, "%0*lld", decimals + 1, (long long)v);
	if (minus && v)
		buf_addc(b, '-');
	buf_add(b, text, n - (size_t)decimals);
	for (end = text + n; end > text + n - decimals && end[-1] == '0'; end--)
		;
	if (end > text + n - decimals) {
		buf_addc(b, '.');
		buf_add(b, text + n - decimals, (size_t)(end - (text + n - decimals)));
	}
}

static void write_geometry(struct shapes *s, const char *text)
{
	struct buf *b = s->r.b;
	const char *end;

	if (s->decimals < 0)
		buf_adds(b, text);
	for (; s->decimals >= 0 && *text; text = end) {
		if (*text == '-' || isdigit((unsigned char)*text)) {
			for (end = text + 1; *end && (isdigit((unsigned char)*end) || strchr(".eE+-", *end)); end++)
				;
			rounded(b, text, end, (int)s->decimals);
		} else {
			end = text + 1;
			buf_addc(b, *text);
		}
	}
}

static bool shape_row(void *ctx, const struct books_area *a)
{
	struct shapes *s = ctx;
	struct buf *b = s->r.b;

	if (b->n + strlen(a->geojson) > READ_BYTES_MAX)
		return false;
	buf_json_sep(b);
	buf_adds(b, "{\"type\":\"Feature\"");
	read_text(b, "id", a->code);
	buf_json_key(b, "geometry");
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->geometry = xrealloc(s->geometry, s->room * sizeof *s->geometry);
	}
	s->geometry[s->n] = (struct geometry){.at = b->n, .level = *a->geojson ? (int)strlen(a->code) : 0};
	if (*a->geojson)
		write_geometry(s, a->geojson);
	else
		buf_adds(b, "null");
	s->geometry[s->n].n = b->n - s->geometry[s->n].at;
	s->n++;
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

/* Takes the shapes of all levels but the lowest out again. */
static void keep_lowest(struct shapes *s)
{
	struct buf *b = s->r.b, out = {0};
	size_t from = 0;
	int lowest = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->geometry[i].level > lowest)
			lowest = s->geometry[i].level;
	buf_reserve(&out, b->n);
	for (size_t i = 0; i < s->n; i++)
		if (s->geometry[i].level && s->geometry[i].level < lowest) {
			buf_add(&out, b->p + from, s->geometry[i].at - from);
			buf_adds(&out, "null");
			from = s->geometry[i].at + s->geometry[i].n;
		}
	buf_add(&out, b->p + from, b->n - from);
	buf_done(b);
	*b = out;
}

typedef enum err shapes_fn(struct store *st, const char *scope, int limit, int64_t now_ms, int64_t *left,
	bool (*row)(void *ctx, const struct books_area *a), void *ctx);

static void read_shapes(void *ctx, struct request *rq, struct response *rs, const char *const *names, shapes_fn *read)
{
	struct shapes s = {0};
	int64_t cut = 0;
	enum err e;

	if (!read_begin(&s.r, ctx, rq, rs, names))
		return;
	if (!read_number(&s.r, "decimals", 0, DECIMALS_MAX, -1, &s.decimals) || !read_flag(&s.r, "lowest", 0, &s.lowest)) {
		read_end(&s.r, OK); /* refused */
		return;
	}
	layer_head(&s.r);
	e = read(s.r.a->st, s.r.s->user.scope, READ_FEATURES_MAX, s.r.now_ms, &cut, shape_row, &s);
	if (s.lowest)
		keep_lowest(&s);
	free(s.geometry);
	end_layer(&s.r, e, cut);
}

void read_map_areas(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"decimals", "lowest", NULL};

	read_shapes(ctx, rq, rs, names, books_areas);
}

void read_map_reaches(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"decimals", NULL};

	read_shapes(ctx, rq, rs, names, books_reaches);
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
