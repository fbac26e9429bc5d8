#include "core/reachline.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/json.h"

#define RADIAN (3.14159265358979323846 / 180)
#define M_PER_E7 (GEO_EARTH_M * RADIAN / 1e7) /* of latitude */
#define BOX 16   /* samples of a box; divides 64 */
#define GROUP 64 /* boxes of a group */

struct sample {
	struct geo at;
	double east_m; /* metres for 1e-7 degrees of longitude here */
};

struct box { /* of samples, with 100 m around them; e7 */
	int64_t lat0, lat1, lon0, lon1;
};

/* Boxes over 16 samples each, and over 64 such: the search touches few of 20,000. */
struct reachline {
	uint64_t id;
	uint32_t n, boxes, groups;
	struct sample *sample;
	struct box *box, *group;
};

/* ------------------------------------------------------------------ reading */

struct walker {
	struct reachline *l; /* NULL: only measures */
	double step_m, gone_m;
	uint32_t room; /* samples that it will have */
};

static void put_sample(struct reachline *l, double lat, double lon)
{
	struct sample *s = &l->sample[l->n];

	l->n++;
	s->at = (struct geo){(int32_t)lround(lat), (int32_t)lround(lon)};
	s->east_m = M_PER_E7 * cos(lat / 1e7 * RADIAN);
}

static void walk(struct walker *w, struct geo a, struct geo b)
{
	double len = geo_distance_m(a, b);

	while (w->l && w->l->n < w->room) {
		double ahead = w->l->n * w->step_m - w->gone_m, f = len > 0 ? ahead / len : 0;

		if (ahead > len + 1e-6) /* metres: rounding must not lose the end */
			break;
		f = f > 1 ? 1 : f;
		put_sample(w->l, a.lat_e7 + f * ((double)b.lat_e7 - a.lat_e7), a.lon_e7 + f * ((double)b.lon_e7 - a.lon_e7));
	}
	w->gone_m += len;
}

static bool read_position(const struct json *j, uint32_t t, struct geo *out)
{
	double lon, lat;

	if (j->tok[t].type != JSON_ARRAY || j->tok[t].count < 2 || !json_double(j, t + 1, &lon) ||
		!json_double(j, t + 2, &lat) || fabs(lat) > 90 || fabs(lon) > 180)
		return false;
	*out = (struct geo){(int32_t)lround(lat * 1e7), (int32_t)lround(lon * 1e7)};
	return true;
}

static bool walk_part(struct walker *w, const struct json *j, uint32_t t)
{
	uint32_t k = t + 1;
	struct geo a, b;

	if (j->tok[t].type != JSON_ARRAY || j->tok[t].count < 2 || !read_position(j, k, &a))
		return false;
	for (uint32_t i = 1; i < j->tok[t].count; i++, a = b) {
		k = j->tok[k].next;
		if (!read_position(j, k, &b))
			return false;
		walk(w, a, b);
	}
	return true;
}

static bool walk_all(struct walker *w, const struct json *j, uint32_t coords, bool multi)
{
	uint32_t k = coords + 1;

	w->gone_m = 0;
	if (!multi)
		return walk_part(w, j, coords);
	if (j->tok[coords].type != JSON_ARRAY || j->tok[coords].count == 0)
		return false;
	for (uint32_t i = 0; i < j->tok[coords].count; i++, k = j->tok[k].next)
		if (!walk_part(w, j, k))
			return false;
	return true;
}

/* ------------------------------------------------------------------ boxes */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void widen(struct box *b, const struct box *by)
{
	b->lat0 = least(b->lat0, by->lat0);
	b->lat1 = most(b->lat1, by->lat1);
	b->lon0 = least(b->lon0, by->lon0);
	b->lon1 = most(b->lon1, by->lon1);
}

static struct box box_of(const struct sample *s)
{
	double east = s->east_m > 1e-4 ? s->east_m : 1e-4; /* at the poles */
	int64_t dlat = (int64_t)((REACHLINE_NEAR_M + 1) / M_PER_E7), dlon = (int64_t)((REACHLINE_NEAR_M + 1) / east);

	return (struct box){(int64_t)s->at.lat_e7 - dlat, (int64_t)s->at.lat_e7 + dlat, (int64_t)s->at.lon_e7 - dlon,
		(int64_t)s->at.lon_e7 + dlon};
}

static void make_boxes(struct reachline *l)
{
	struct box b;

	l->boxes = (l->n + BOX - 1) / BOX;
	l->groups = (l->boxes + GROUP - 1) / GROUP;
	l->box = xcalloc(l->boxes, sizeof *l->box);
	l->group = xcalloc(l->groups, sizeof *l->group);
	for (uint32_t i = 0; i < l->n; i++) {
		b = box_of(&l->sample[i]);
		if (i % BOX == 0)
			l->box[i / BOX] = b;
		else
			widen(&l->box[i / BOX], &b);
	}
	for (uint32_t i = 0; i < l->boxes; i++) {
		if (i % GROUP == 0)
			l->group[i / GROUP] = l->box[i];
		else
			widen(&l->group[i / GROUP], &l->box[i]);
	}
}

/* ------------------------------------------------------------------ life */

static uint64_t hash(const char *p, size_t n) /* FNV-1a; kept in the database, so it never changes */
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
	return h ? h : 1;
}

static struct reachline *make(const struct json *j, size_t n)
{
	uint32_t type = json_get(j, 0, "type"), coords = json_get(j, 0, "coordinates");
	struct slice name = json_raw(j, type);
	bool multi = slice_is(name, "MultiLineString");
	struct walker w = {0};
	double steps;

	if (!type || !coords || (!multi && !slice_is(name, "LineString")) || !walk_all(&w, j, coords, multi))
		return NULL;
	steps = fmin(ceil(w.gone_m / REACHLINE_STEP_M), REACHLINE_SAMPLES - 1);
	w.step_m = steps > 0 ? w.gone_m / steps : REACHLINE_STEP_M;
	w.room = (uint32_t)steps + 1;
	w.l = xcalloc(1, sizeof *w.l);
	w.l->sample = xcalloc(w.room, sizeof *w.l->sample);
	w.l->id = hash(j->text, n);
	(void)walk_all(&w, j, coords, multi); /* went well before */
	make_boxes(w.l);
	return w.l;
}

struct reachline *reachline_new(const char *geojson, size_t n)
{
	struct reachline *l = NULL;
	struct json j = {0};

	if (n <= REACHLINE_TEXT_MAX && json_read(&j, geojson, n))
		l = make(&j, n);
	json_done(&j);
	return l;
}

void reachline_free(struct reachline *l)
{
	if (!l)
		return;
	free(l->sample);
	free(l->box);
	free(l->group);
	free(l);
}

uint64_t reachline_id(const struct reachline *l)
{
	return l ? l->id : 0;
}

uint32_t reachline_samples(const struct reachline *l)
{
	return l ? l->n : 0;
}

size_t reachline_bytes(const struct reachline *l)
{
	return sizeof *l + l->n * sizeof *l->sample + ((size_t)l->boxes + l->groups) * sizeof *l->box;
}

/* ------------------------------------------------------------------ near and covered */

static bool apart(const struct box *a, const struct box *b)
{
	return a->lat0 > b->lat1 || b->lat0 > a->lat1 || a->lon0 > b->lon1 || b->lon0 > a->lon1;
}

static bool is_near(const struct sample *s, struct geo p)
{
	double x = ((double)p.lon_e7 - s->at.lon_e7) * s->east_m, y = ((double)p.lat_e7 - s->at.lat_e7) * M_PER_E7;

	return x * x + y * y <= (double)REACHLINE_NEAR_M * REACHLINE_NEAR_M;
}

/* Of the way from a to b, on the plane around s. */
static bool is_near_way(const struct sample *s, struct geo a, struct geo b)
{
	double ax = ((double)a.lon_e7 - s->at.lon_e7) * s->east_m, ay = ((double)a.lat_e7 - s->at.lat_e7) * M_PER_E7;
	double dx = ((double)b.lon_e7 - a.lon_e7) * s->east_m, dy = ((double)b.lat_e7 - a.lat_e7) * M_PER_E7;
	double len2 = dx * dx + dy * dy, f = len2 > 0 ? -(ax * dx + ay * dy) / len2 : 0;

	f = f < 0 ? 0 : f > 1 ? 1 : f;
	ax += f * dx;
	ay += f * dy;
	return ax * ax + ay * ay <= (double)REACHLINE_NEAR_M * REACHLINE_NEAR_M;
}

static uint32_t box_end(const struct reachline *l, uint32_t b)
{
	return (b + 1) * BOX < l->n ? (b + 1) * BOX : l->n;
}

static uint32_t group_end(const struct reachline *l, uint32_t g)
{
	return (g + 1) * GROUP < l->boxes ? (g + 1) * GROUP : l->boxes;
}

bool reachline_near(const struct reachline *l, struct geo p, uint32_t *hint)
{
	struct box at = {p.lat_e7, p.lat_e7, p.lon_e7, p.lon_e7};

	if (*hint < l->n && is_near(&l->sample[*hint], p))
		return true;
	for (uint32_t g = 0; g < l->groups; g++) {
		if (apart(&at, &l->group[g]))
			continue;
		for (uint32_t b = g * GROUP; b < group_end(l, g); b++) {
			if (apart(&at, &l->box[b]))
				continue;
			for (uint32_t i = b * BOX; i < box_end(l, b); i++)
				if (is_near(&l->sample[i], p)) {
					*hint = i;
					return true;
				}
		}
	}
	return false;
}

/* Those of box b that are not covered yet. */
static void cover_box(const struct reachline *l, uint32_t b, const struct box *way, struct geo from, struct geo to, uint64_t *bits)
{
	uint32_t first = b * BOX, n = box_end(l, b) - first;
	uint64_t *word = &bits[first / 64], left = ~*word >> (first % 64) & ((1ULL << n) - 1);
	int64_t dlat = (int64_t)((REACHLINE_NEAR_M + 1) / M_PER_E7);

	for (; left; left &= left - 1) {
		uint32_t i = first + (uint32_t)__builtin_ctzll(left);
		const struct sample *s = &l->sample[i];

		if (s->at.lat_e7 < way->lat0 - dlat || s->at.lat_e7 > way->lat1 + dlat)
			continue; /* cheap, and true of most */
		if (is_near_way(s, from, to))
			*word |= 1ULL << (i % 64);
	}
}

void reachline_cover(const struct reachline *l, struct geo a, struct geo b, uint64_t *bits)
{
	struct box way = {least(a.lat_e7, b.lat_e7), most(a.lat_e7, b.lat_e7), least(a.lon_e7, b.lon_e7),
		most(a.lon_e7, b.lon_e7)};

	for (uint32_t g = 0; g < l->groups; g++) {
		if (apart(&way, &l->group[g]))
			continue;
		for (uint32_t i = g * GROUP; i < group_end(l, g); i++)
			if (!apart(&way, &l->box[i]))
				cover_box(l, i, &way, a, b, bits);
	}
}
