#include "schema/import_map.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "core/area.h"
#include "schema/import_kind.h"

struct map {
	const struct import_map_sink *sink;
	struct slice text;
	size_t pos;        /* where `line` and `at` stand */
	uint32_t line, at; /* of the feature */
	size_t feature;
	bool bad; /* a fault of this feature was told */
	struct buf out;
};

/* ---------------------------------------------------------------- where things stand
 * jansson gives no places for what it has read; the text is known to be valid here, so that
 * brackets and quotes are enough to find the features. */

static size_t skip_blank(struct slice t, size_t i)
{
	while (i < t.n && (t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\n' || t.p[i] == '\r'))
		i++;
	return i;
}

static size_t skip_string(struct slice t, size_t i)
{
	for (i++; i < t.n && t.p[i] != '"'; i++)
		i += t.p[i] == '\\';
	return i + 1;
}

static size_t skip_value(struct slice t, size_t i)
{
	size_t depth = 0;

	do {
		if (i < t.n && t.p[i] == '"') {
			i = skip_string(t, i);
			continue;
		}
		if (i < t.n && (t.p[i] == '{' || t.p[i] == '['))
			depth++;
		else if (i < t.n && (t.p[i] == '}' || t.p[i] == ']'))
			depth--;
		i++;
	} while (i < t.n && (depth || (t.p[i] != ',' && t.p[i] != '}' && t.p[i] != ']')));
	return i;
}

/* The first element of the top's `features`, or t.n. */
static size_t find_features(struct slice t)
{
	size_t i = skip_blank(t, 0) + 1;

	while ((i = skip_blank(t, i)) < t.n && t.p[i] == '"') {
		size_t from = i + 1;
		bool it;

		i = skip_string(t, i);
		it = i - 1 - from == 8 && memcmp(t.p + from, "features", 8) == 0;
		i = skip_blank(t, skip_blank(t, i) + 1);
		if (it && i < t.n && t.p[i] == '[')
			return skip_blank(t, i + 1);
		i = skip_blank(t, skip_value(t, i));
		if (i < t.n && t.p[i] == ',')
			i++;
	}
	return t.n;
}

static void move_to(struct map *m, size_t pos)
{
	for (; m->pos < pos && m->pos < m->text.n; m->pos++) {
		m->at++;
		if (m->text.p[m->pos] == '\n') {
			m->line++;
			m->at = 1;
		}
	}
}

/* ---------------------------------------------------------------- geometry */

static bool wrong(struct map *m, const char *path, const char *what)
{
	char text[IMPORT_FAULT];

	(void)snprintf(text, sizeof text, "/features/%zu%s: %s", m->feature, path, what); /* cut */
	m->bad = true;
	m->sink->fault(m->sink->ctx, m->line, m->at, text);
	return false;
}

static void comma(struct buf *b)
{
	if (b->p[b->n - 1] == ']')
		buf_addc(b, ',');
}

static void put_degrees(struct buf *b, double degrees)
{
	long long e7 = llround(degrees * 1e7), part = llabs(e7 % 10000000);

	if (e7 < 0 && e7 > -10000000)
		buf_addc(b, '-');
	buf_int(b, e7 / 10000000);
	if (part) {
		buf_addf(b, ".%07lld", part);
		while (b->p[b->n - 1] == '0')
			b->n--;
		b->p[b->n] = '\0';
	}
}

static bool position(struct map *m, const json_t *v, const char *path)
{
	const json_t *lon = json_array_get(v, 0), *lat = json_array_get(v, 1);
	double x, y;

	if (!json_is_number(lon) || !json_is_number(lat) || json_array_size(v) > 4)
		return wrong(m, path, "want a position, [longitude, latitude]");
	x = json_number_value(lon);
	y = json_number_value(lat);
	if (fabs(y) > 90 && fabs(x) <= 90)
		return wrong(m, path, "latitude beyond 90: the longitude comes first");
	if (!(fabs(x) <= 180 && fabs(y) <= 90))
		return wrong(m, path, "is not on the globe: want degrees (WGS 84)");
	comma(&m->out);
	buf_addc(&m->out, '[');
	put_degrees(&m->out, x);
	buf_addc(&m->out, ',');
	put_degrees(&m->out, y);
	buf_addc(&m->out, ']');
	return true;
}

static bool same_position(const json_t *a, const json_t *b)
{
	return json_number_value(json_array_get(a, 0)) == json_number_value(json_array_get(b, 0)) &&
		json_number_value(json_array_get(a, 1)) == json_number_value(json_array_get(b, 1));
}

/* depth 1: positions of a line (ring: of a closed ring); more: arrays of what is one less deep. */
static bool coordinates(struct map *m, const json_t *v, int depth, bool ring, const char *path)
{
	size_t n = json_array_size(v), least = depth > 1 ? 1 : ring ? 4 : 2;
	char deeper[96];

	if (!json_is_array(v) || n < least)
		return wrong(m, path, depth > 1 ? "is empty" : ring ? "want a ring of 4 positions or more"
								    : "want 2 positions or more");
	if (depth == 1 && ring && !same_position(json_array_get(v, 0), json_array_get(v, n - 1)))
		return wrong(m, path, "the ring is not closed: its last position must be its first");
	comma(&m->out);
	buf_addc(&m->out, '[');
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(deeper, sizeof deeper, "%s/%zu", path, i); /* three levels fit */
		if (depth > 1 ? !coordinates(m, json_array_get(v, i), depth - 1, ring, deeper)
			      : !position(m, json_array_get(v, i), deeper))
			return false;
	}
	buf_addc(&m->out, ']');
	return true;
}

static bool geometry(struct map *m, const json_t *g, bool is_reach)
{
	static const struct {
		const char *type;
		int depth;
		bool ring;
	} known[] = {{"Polygon", 2, true}, {"MultiPolygon", 3, true}, {"LineString", 1, false}, {"MultiLineString", 2, false}};
	const char *type = json_string_value(json_object_get(g, "type"));

	for (size_t i = 0; type && i < ARRAY_LEN(known); i++) {
		if (strcmp(type, known[i].type) != 0 || known[i].ring == is_reach)
			continue;
		buf_clear(&m->out);
		buf_addf(&m->out, "{\"type\":\"%s\",\"coordinates\":", type);
		return coordinates(m, json_object_get(g, "coordinates"), known[i].depth, known[i].ring,
			"/geometry/coordinates");
	}
	return wrong(m, "/geometry", is_reach ? "want a LineString or MultiLineString for a reach"
					      : "want a Polygon or MultiPolygon for an area");
}

/* Text, or the number that a map program made of it. */
static struct slice code_of(const json_t *v, char room[32])
{
	if (json_is_integer(v)) {
		(void)snprintf(room, 32, "%lld", (long long)json_integer_value(v)); /* fits */
		return slice_of(room);
	}
	return json_is_string(v) ? (struct slice){json_string_value(v), (uint32_t)json_string_length(v)}
				 : (struct slice){NULL, 0};
}

static enum err feature(struct map *m, const json_t *f)
{
	const struct import_kind *k = import_kind("map");
	char room[32], fault[IMPORT_FAULT];
	const char *type = json_string_value(json_object_get(f, "type"));
	const json_t *properties = json_object_get(f, "properties");
	struct import_value code;
	struct slice text = code_of(json_object_get(properties, "code"), room);

	m->bad = false;
	if (!type || strcmp(type, "Feature") != 0) {
		(void)wrong(m, "", "want a Feature");
		return OK;
	}
	if (!text.p) {
		(void)wrong(m, "/properties/code", "want the code of an area or a reach, as text");
		return OK;
	}
	if (!import_value(&k->column[0], text, &code, fault)) {
		(void)wrong(m, "/properties/code", fault);
		return OK;
	}
	if (!geometry(m, json_object_get(f, "geometry"), area_level(code.s) == AREA_NONE))
		return OK;
	buf_addc(&m->out, '}');
	return m->sink->shape(m->sink->ctx, m->line, m->at, code.s, buf_slice(&m->out));
}

/* ---------------------------------------------------------------- file */

static enum err slurp(FILE *f, struct buf *b, struct why *why)
{
	char *block = xcalloc(1, 65536);
	size_t n;

	while ((n = fread(block, 1, 65536, f)) > 0 && b->n <= IMPORT_MAP_MAX)
		buf_add(b, block, n);
	free(block);
	if (ferror(f))
		return why_set(why, ERR_IO, "cannot be read: %s", strerror(errno));
	if (b->n > IMPORT_MAP_MAX)
		return why_set(why, ERR_INVALID, "is larger than 32 MiB: split it by place");
	if (b->n >= 3 && memcmp(b->p, "\xef\xbb\xbf", 3) == 0)
		buf_drop(b, 3);
	return OK;
}

/* RFC 7946 knows WGS 84 only; older files may name it, or CGCS2000, which is the same to a metre. */
static bool known_crs(const json_t *crs)
{
	const char *name = json_string_value(json_object_get(json_object_get(crs, "properties"), "name"));
	size_t n = name ? strlen(name) : 0;

	return !crs || json_is_null(crs) ||
		(n > 4 && (strcmp(name + n - 4, "4326") == 0 || strcmp(name + n - 4, "4490") == 0)) ||
		(n > 5 && strcmp(name + n - 5, "CRS84") == 0);
}

enum err import_map_read(FILE *f, const struct import_map_sink *sink, struct why *why)
{
	struct map m = {.sink = sink, .line = 1, .at = 1};
	struct buf text = {0};
	json_t *top = NULL, *features, *v;
	json_error_t error;
	const char *type;
	size_t pos;
	char line[IMPORT_FAULT];
	enum err e;

	if ((e = slurp(f, &text, why)) != OK)
		goto out;
	m.text = buf_slice(&text);
	top = json_loadb(m.text.p, m.text.n, JSON_REJECT_DUPLICATES, &error);
	if (!top) {
		(void)snprintf(line, sizeof line, "is not JSON: %s", error.text); /* cut */
		sink->fault(sink->ctx, (uint32_t)error.line, (uint32_t)error.column, line);
		goto out;
	}
	type = json_string_value(json_object_get(top, "type"));
	features = json_object_get(top, "features");
	if (!type || strcmp(type, "FeatureCollection") != 0 || !json_is_array(features)) {
		sink->fault(sink->ctx, 1, 1, "want a GeoJSON FeatureCollection");
		goto out;
	}
	if (!known_crs(json_object_get(top, "crs"))) {
		sink->fault(sink->ctx, 1, 1, "/crs: want WGS 84 (EPSG:4326, CRS84) or CGCS2000 (EPSG:4490)");
		goto out;
	}
	pos = find_features(m.text);
	json_array_foreach(features, m.feature, v)
	{
		move_to(&m, pos);
		if ((e = feature(&m, v)) != OK)
			goto out;
		pos = skip_blank(m.text, skip_value(m.text, pos));
		pos = skip_blank(m.text, pos + 1); /* behind the comma */
	}
out:
	json_decref(top);
	buf_done(&m.out);
	buf_done(&text);
	return e;
}
