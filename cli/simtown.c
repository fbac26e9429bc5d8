#include "cli/simtown.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/map.h"
#include "cli/simphoto.h"

#define PI 3.14159265358979323846
#define TRACK_PTS 60 /* of one event */
#define WALK_M_S 1.3
#define UNHURRIED_MS 10000 /* between events of a phone: then patrols last as long as rules ask; under load they end by count */

struct path { /* a line to walk along */
	char code[33];
	int n;
	double (*p)[2]; /* lon, lat */
	double *at;     /* metres from the start */
};

struct post { /* an appointment from which one goes out */
	char role[16];
	char scope[33];
	char route[8]; /* river gully road grid */
};

struct person {
	char id[65];
	struct post *post;
	int npost;
};

struct reach {
	char code[33], kind[8];
};

struct carrier {
	char *id, *person, *district;
};

struct simtown {
	struct person *person;
	int nperson;
	struct path *path;
	int npath;
	struct reach *reach;
	int nreach;
	struct carrier *carrier;
	int ncarrier;
	struct map carriers; /* device id -> struct carrier */
	struct map people;   /* id -> index + 1 */
	struct map paths;    /* code -> index + 1 */
};

/* ------------------------------------------------------------------ chance */

uint64_t simrng_next(struct simrng *r)
{
	uint64_t z = (r->s += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t simrng_below(struct simrng *r, uint32_t n)
{
	return (uint32_t)(((simrng_next(r) >> 32) * n) >> 32);
}

double simrng_unit(struct simrng *r)
{
	return (double)(simrng_next(r) >> 11) / 9007199254740992.0;
}

bool simrng_chance(struct simrng *r, double p)
{
	return simrng_unit(r) < p;
}

/* ------------------------------------------------------------------ registry files */

struct table {
	FILE *f;
	struct csv *csv;
	char *file;
	int col[4];
};

static void table_done(struct table *t)
{
	csv_close(t->csv);
	if (t->f)
		(void)fclose(t->f); /* was only read */
	free(t->file);
}

/* Opens DIR/NAME and finds the columns want[] (up to 4, NULL at the end). */
static enum err table_open(struct table *t, const char *dir, const char *name, const char *const *want, struct why *why)
{
	const struct csv_cell *cell;
	struct csv_fault fault = {0};
	uint32_t n = 0;
	enum err e;

	t->file = xasprintf("%s/%s", dir, name);
	if (!(t->f = fopen(t->file, "re")))
		return why_set(why, ERR_NOTFOUND, "cannot read %s: %s", t->file, strerror(errno));
	if ((e = csv_open(t->f, &t->csv, why)) != OK)
		return e;
	if (csv_next(t->csv, &fault) != OK)
		return why_set(why, ERR_INVALID, "%s has no header row", t->file);
	cell = csv_cells(t->csv, &n);
	for (int c = 0; want[c]; c++) {
		t->col[c] = -1;
		for (uint32_t i = 0; i < n; i++)
			if (slice_is(cell[i].text, want[c]))
				t->col[c] = (int)i;
		if (t->col[c] < 0)
			return why_set(why, ERR_INVALID, "%s has no column %s", t->file, want[c]);
	}
	return OK;
}

/* The next row; OK, ERR_NOTFOUND at the end. */
static enum err table_next(struct table *t, struct why *why)
{
	struct csv_fault fault = {0};
	enum err e = csv_next(t->csv, &fault);

	if (e == ERR_INVALID)
		return why_set(why, e, "%s:%u: %s", t->file, fault.line, fault.text);
	if (e == ERR_IO)
		return why_set(why, e, "cannot read %s", t->file);
	return e;
}

/* A cell of the row as text; "" where the row is short. */
static const char *table_cell(const struct table *t, int c)
{
	uint32_t n = 0;
	const struct csv_cell *cell = csv_cells(t->csv, &n);

	return (uint32_t)t->col[c] < n ? cell[t->col[c]].text.p : "";
}

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from); /* a longer code names nothing and is cut */
}

static enum err read_reaches(struct simtown *t, const char *dir, struct why *why)
{
	static const char *const cols[] = {"code", "kind", NULL};
	struct table tab = {0};
	enum err e;

	if ((e = table_open(&tab, dir, "reaches.csv", cols, why)) != OK)
		goto out;
	while ((e = table_next(&tab, why)) == OK) {
		t->reach = xrealloc(t->reach, (size_t)(t->nreach + 1) * sizeof *t->reach);
		copy(t->reach[t->nreach].code, sizeof t->reach->code, table_cell(&tab, 0));
		copy(t->reach[t->nreach++].kind, sizeof t->reach->kind, table_cell(&tab, 1));
	}
	if (e == ERR_NOTFOUND)
		e = OK;
out:
	table_done(&tab);
	return e;
}

/* Whoever goes out: workers to their grid, patrollers and chiefs to their reach. */
static enum err read_appointments(struct simtown *t, const char *dir, struct why *why)
{
	static const char *const cols[] = {"person", "role", "scope", "valid_to", NULL};
	struct table tab = {0};
	enum err e;

	if ((e = table_open(&tab, dir, "appointments.csv", cols, why)) != OK)
		goto out;
	while ((e = table_next(&tab, why)) == OK) {
		const char *id = table_cell(&tab, 0), *scope = table_cell(&tab, 2);
		const char *route = strlen(scope) == 15 && strspn(scope, "0123456789") == 15 ? "grid" : NULL;
		intptr_t at = (intptr_t)map_get(&t->people, id, strlen(id));
		struct person *p;

		for (int i = 0; i < t->nreach && !route; i++)
			if (strcmp(t->reach[i].code, scope) == 0)
				route = t->reach[i].kind;
		if (!at) {
			t->person = xrealloc(t->person, (size_t)(t->nperson + 1) * sizeof *t->person);
			t->person[t->nperson] = (struct person){0};
			copy(t->person[t->nperson].id, sizeof t->person->id, id);
			at = ++t->nperson;
			(void)map_put(&t->people, id, strlen(id), (void *)at); /* was not there */
		}
		if (!route || *table_cell(&tab, 3)) /* an office, or an appointment that has an end */
			continue;
		p = &t->person[at - 1];
		p->post = xrealloc(p->post, (size_t)(p->npost + 1) * sizeof *p->post);
		copy(p->post[p->npost].role, sizeof p->post->role, table_cell(&tab, 1));
		copy(p->post[p->npost].scope, sizeof p->post->scope, scope);
		copy(p->post[p->npost++].route, sizeof p->post->route, route);
	}
	if (e == ERR_NOTFOUND)
		e = OK;
out:
	table_done(&tab);
	return e;
}

static enum err read_devices(struct simtown *t, const char *dir, struct why *why)
{
	static const char *const cols[] = {"id", "person", "district", NULL};
	struct table tab = {0};
	enum err e;

	if ((e = table_open(&tab, dir, "devices.csv", cols, why)) != OK)
		goto out;
	while ((e = table_next(&tab, why)) == OK) {
		t->carrier = xrealloc(t->carrier, (size_t)(t->ncarrier + 1) * sizeof *t->carrier);
		t->carrier[t->ncarrier++] = (struct carrier){xstrdup(table_cell(&tab, 0)),
			xstrdup(table_cell(&tab, 1)), xstrdup(table_cell(&tab, 2))};
	}
	if (e == ERR_NOTFOUND)
		e = OK;
	for (int i = 0; i < t->ncarrier; i++)
		(void)map_put(&t->carriers, t->carrier[i].id, strlen(t->carrier[i].id), &t->carrier[i]); /* the last counts */
out:
	table_done(&tab);
	return e;
}

static double metres(const double a[2], const double b[2])
{
	double x = (b[0] - a[0]) * cos((a[1] + b[1]) * PI / 360) * 111320, y = (b[1] - a[1]) * 111132;

	return hypot(x, y);
}

/* A point of the line, folded back at its ends, a few metres beside it. */
static void where(const struct path *p, double at_m, struct simrng *r, double out[2])
{
	double len = p->at[p->n - 1], m = len > 0 ? fmod(at_m, 2 * len) : 0, f;
	int i = 1;

	if (m > len)
		m = 2 * len - m;
	while (i < p->n - 1 && p->at[i] < m)
		i++;
	f = p->at[i] > p->at[i - 1] ? (m - p->at[i - 1]) / (p->at[i] - p->at[i - 1]) : 0;
	for (int k = 0; k < 2; k++)
		out[k] = p->p[i - 1][k] + (p->p[i][k] - p->p[i - 1][k]) * f + (simrng_unit(r) - 0.5) * 6e-5;
}

/* A reach is walked along its line, a grid around half of its way to the border. */
static void add_path(struct simtown *t, const char *code, json_t *points, bool ring)
{
	struct path *p;
	size_t n = json_array_size(points);
	double heart[2] = {0, 0};

	if (n < 2)
		return;
	t->path = xrealloc(t->path, (size_t)(t->npath + 1) * sizeof *t->path);
	p = &t->path[t->npath++];
	*p = (struct path){.n = (int)n, .p = xcalloc(n, sizeof *p->p), .at = xcalloc(n, sizeof *p->at)};
	copy(p->code, sizeof p->code, code);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 2; k++) {
			p->p[i][k] = json_number_value(json_array_get(json_array_get(points, i), k));
			heart[k] += p->p[i][k] / (double)n;
		}
	for (size_t i = 0; ring && i < n; i++)
		for (int k = 0; k < 2; k++)
			p->p[i][k] = heart[k] + (p->p[i][k] - heart[k]) / 2;
	for (size_t i = 1; i < n; i++)
		p->at[i] = p->at[i - 1] + metres(p->p[i - 1], p->p[i]);
	(void)map_put(&t->paths, p->code, strlen(p->code), (void *)(intptr_t)t->npath); /* the last counts */
}

static enum err read_map(struct simtown *t, const char *dir, struct why *why)
{
	char *file = xasprintf("%s/map.geojson", dir);
	json_error_t at;
	json_t *doc = json_load_file(file, JSON_REJECT_DUPLICATES, &at), *f;
	size_t i;
	enum err e = OK;

	if (!doc) {
		e = why_set(why, ERR_INVALID, "cannot read %s: %s", file, at.text);
		goto out;
	}
	json_array_foreach(json_object_get(doc, "features"), i, f) {
		json_t *g = json_object_get(f, "geometry"), *c = json_object_get(g, "coordinates");
		const char *code = json_string_value(json_object_get(json_object_get(f, "properties"), "code"));
		const char *type = json_string_value(json_object_get(g, "type"));

		if (code && type && strcmp(type, "LineString") == 0)
			add_path(t, code, c, false);
		else if (code && type && strcmp(type, "Polygon") == 0 && strlen(code) == 15)
			add_path(t, code, json_array_get(c, 0), true);
	}
out:
	json_decref(doc);
	free(file);
	return e;
}

enum err simtown_open(const char *dir, struct simtown **out, struct why *why)
{
	struct simtown *t = xcalloc(1, sizeof *t);
	enum err e = OK;

	if (dir && ((e = read_reaches(t, dir, why)) != OK || (e = read_appointments(t, dir, why)) != OK ||
		(e = read_devices(t, dir, why)) != OK || (e = read_map(t, dir, why)) != OK)) {
		simtown_free(t);
		return e;
	}
	*out = t;
	return OK;
}

void simtown_free(struct simtown *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->nperson; i++)
		free(t->person[i].post);
	for (int i = 0; i < t->npath; i++) {
		free(t->path[i].p);
		free(t->path[i].at);
	}
	for (int i = 0; i < t->ncarrier; i++) {
		free(t->carrier[i].id);
		free(t->carrier[i].person);
		free(t->carrier[i].district);
	}
	map_done(&t->carriers);
	map_done(&t->people);
	map_done(&t->paths);
	free(t->person);
	free(t->path);
	free(t->reach);
	free(t->carrier);
	free(t);
}

const char *simtown_district(const struct simtown *t, const char *device)
{
	const struct carrier *c = map_get(&t->carriers, device, strlen(device));

	return c ? c->district : NULL;
}

int simtown_devices(const struct simtown *t)
{
	return t->ncarrier;
}

const char *simtown_device(const struct simtown *t, int i)
{
	return t->carrier[i].id;
}

bool simtown_post(const struct simtown *t, const char *device, int k, struct simpost *out)
{
	const struct carrier *c = map_get(&t->carriers, device, strlen(device));
	intptr_t at = c ? (intptr_t)map_get(&t->people, c->person, strlen(c->person)) : 0;
	const struct post *p;

	if (!at || k >= t->person[at - 1].npost)
		return false;
	p = &t->person[at - 1].post[k];
	*out = (struct simpost){.role = p->role, .scope = p->scope, .route = p->route};
	out->path = (int)(intptr_t)map_get(&t->paths, p->scope, strlen(p->scope)) - 1;
	if (out->path >= 0)
		out->length_m = t->path[out->path].at[t->path[out->path].n - 1];
	return true;
}

const char *simtown_who(const struct simtown *t, const char *scope, struct simpost *out)
{
	for (int i = 0; i < t->ncarrier; i++)
		for (int k = 0; simtown_post(t, t->carrier[i].id, k, out); k++)
			if (strcmp(out->scope, scope) == 0)
				return t->carrier[i].id;
	return NULL;
}

void simtown_point(const struct simtown *t, int path, double at_m, struct simrng *r, double out[2])
{
	where(&t->path[path], at_m, r, out);
}

bool simtown_idle(const char *device)
{
	const char *digits = strrchr(device, '-');

	return digits && strtol(digits + 1, NULL, 10) % 13 == 9;
}

void simtown_story(const struct simtown *t, const char *device, struct simstory *s)
{
	const struct carrier *c = map_get(&t->carriers, device, strlen(device));

	*s = (struct simstory){.who = -1, .path = -1};
	s->idle = simtown_idle(device);
	if (c)
		s->who = (int)(intptr_t)map_get(&t->people, c->person, strlen(c->person)) - 1;
}

/* ------------------------------------------------------------------ events */

static const char *pick(struct simrng *r, const char *const *of, size_t n)
{
	return of[simrng_below(r, (uint32_t)n)];
}
#define PICK(r, a) pick(r, a, ARRAY_LEN(a))

static void text(struct buf *b, const char *key, const char *value)
{
	buf_json_key(b, key);
	buf_json_str(b, value);
}

static void whole(struct buf *b, const char *key, int64_t v)
{
	buf_json_key(b, key);
	buf_int(b, v);
}

static void new_id(struct simrng *r, char out[SIMTOWN_ID])
{
	(void)snprintf(out, SIMTOWN_ID, "%016llx", (unsigned long long)simrng_next(r)); /* fits */
}

static void add_loc(const struct simtown *t, const struct simstory *s, struct simrng *r, struct buf *b)
{
	double p[2];

	if (s->path < 0)
		return;
	where(&t->path[s->path], s->at_m, r, p);
	buf_addf(b, ",\"loc\":{\"lat\":%.6f,\"lon\":%.6f,\"acc\":%u}", p[1], p[0], 4 + simrng_below(r, 12));
}

static void head(struct buf *b, const char *kind, int64_t at, int64_t off, bool has_off)
{
	buf_addf(b, "\"kind\":\"%s\",\"at\":%lld", kind, (long long)at);
	if (has_off)
		buf_addf(b, ",\"off\":%lld", (long long)off);
}

static void scope(struct buf *b, const struct post *post)
{
	if (post)
		buf_addf(b, ",\"scope\":\"%s\"", post->scope);
}

static void ref(struct buf *b, const struct simstory *s)
{
	if (s->steps > 0)
		buf_addf(b, ",\"ref\":\"%s\"", s->patrol);
}

static void start(const struct simtown *t, struct simstory *s, struct simrng *r, const struct post *post, struct buf *b)
{
	s->path = (int)(intptr_t)map_get(&t->paths, post->scope, strlen(post->scope)) - 1;
	s->at_m = s->path >= 0 ? simrng_unit(r) * t->path[s->path].at[t->path[s->path].n - 1] / 4 : 0;
	s->speed = WALK_M_S * (0.7 + 0.6 * simrng_unit(r));
	s->steps = 3 + (int)simrng_below(r, 4);
	/* As long as the demo's rules ask, most of the time. */
	s->until_ms = s->last_ms + (simrng_chance(r, 0.85) ? strcmp(post->route, "grid") == 0 ? 6 + simrng_below(r, 5) : 16 + simrng_below(r, 10) : 2) * 60000LL;
	new_id(r, s->patrol);
	add_loc(t, s, r, b);
	buf_addf(b, ",\"body\":{\"patrol\":\"%s\",\"route\":\"%s\",\"target\":\"%s\"}", s->patrol, post->route, post->scope);
}

/* Points every ten seconds or more since the event before; t counts from `at`, which is then. */
static void track(const struct simtown *t, struct simstory *s, struct simrng *r, int64_t span_ms, struct buf *b)
{
	int64_t n = span_ms / 10000 < 1 ? 1 : span_ms / 10000 > TRACK_PTS - 1 ? TRACK_PTS - 1 : span_ms / 10000;
	double p[2];

	buf_addf(b, ",\"body\":{\"patrol\":\"%s\",\"pts\":[", s->patrol);
	for (int64_t i = 0; i <= n; i++) {
		where(&t->path[s->path], s->at_m + s->speed * (double)(span_ms * i / n) / 1000, r, p);
		buf_addf(b, "%s[%lld,%.6f,%.6f,%u]", i ? "," : "", (long long)(span_ms * i / n), p[1], p[0],
			4 + simrng_below(r, 12));
	}
	s->at_m += s->speed * (double)span_ms / 1000;
	buf_adds(b, "]}");
}

static void inspect(struct simrng *r, struct buf *b)
{
	static const char *const topic[] = {"burn_straw", "burn_waste", "burn_weeds", "burn_leaves", "dumping_check",
		"gas_check", "food_check"};
	static const char *const object[] = {"沿街商铺", "农田地头", "自建房", "小型餐馆", "学校周边", "河岸", "施工点"};

	buf_adds(b, ",\"body\":{");
	text(b, "topic", PICK(r, topic));
	text(b, "result", simrng_chance(r, 0.9) ? "ok" : "problem");
	whole(b, "people", 1 + simrng_below(r, 4));
	text(b, "object", PICK(r, object));
	buf_addc(b, '}');
}

static void visit(struct simrng *r, struct buf *b)
{
	static const char *const group[] = {"监测户", "独居老人", "残疾人家庭", "退役军人家庭"};
	char household[16];

	(void)snprintf(household, sizeof household, "h-%04u", 1 + simrng_below(r, 400)); /* fits */
	buf_adds(b, ",\"body\":{");
	text(b, "group", PICK(r, group));
	text(b, "household", household);
	whole(b, "persons", 1 + simrng_below(r, 5));
	whole(b, "staff", 1 + simrng_below(r, 2));
	if (simrng_chance(r, 0.1))
		whole(b, "aid_fen", 10000 * (1 + simrng_below(r, 5)));
	buf_addc(b, '}');
}

void simtown_photo(struct simrng *r, const char *dir, const char *device, uint64_t seed, const char *role, struct buf *b)
{
	struct simphoto taken;
	char hash[65];
	uint32_t bytes;

	for (int k = 0; k < 4; k++)
		(void)snprintf(hash + (size_t)16 * (size_t)k, sizeof hash - (size_t)16 * (size_t)k, "%016llx", (unsigned long long)simrng_next(r)); /* fits */
	bytes = 90000 + simrng_below(r, 120000);
	if (dir && simphoto_take(dir, device, seed, strcmp(role, "after") == 0, &taken))
		buf_addf(b, "{\"sha256\":\"%s\",\"bytes\":%zu,\"mime\":\"image/png\",\"role\":\"%s\"}", taken.sha256, taken.bytes, role);
	else /* one that never comes */
		buf_addf(b, "{\"sha256\":\"%s\",\"bytes\":%u,\"mime\":\"image/jpeg\",\"role\":\"%s\"}", hash, bytes, role);
}

static void report(const struct simstory *s, struct simrng *r, struct buf *b)
{
	static const struct { const char *klass, *category, *title; } what[] = {
		{"finding", "dumping", "河岸倾倒建筑垃圾"}, {"finding", "litter", "河道漂浮生活垃圾"}, {"finding", "open_burning", "田间焚烧秸秆"},
		{"finding", "sewage", "管口污水直排"}, {"hazard", "fire", "楼道堆放杂物"}, {"hazard", "geology", "山坡落石"},
		{"hazard", "gas", "燃气软管老化"}, {"hazard", "traffic", "路口视线受遮挡"}, {"appeal", "water_power", "反映夜间水压不足"},
		{"appeal", "roads", "反映入户路破损"}, {"dispute", "neighbour", "邻里排水纠纷"},
	};
	size_t i = simrng_below(r, ARRAY_LEN(what));
	bool hazard = strcmp(what[i].klass, "hazard") == 0, fixed = strcmp(what[i].klass, "finding") == 0 && simrng_chance(r, 0.7);

	if (fixed) {
		uint64_t seed = r->s;

		buf_adds(b, ",\"att\":[");
		simtown_photo(r, s->photos, s->device, seed, "before", b);
		buf_addc(b, ',');
		simtown_photo(r, s->photos, s->device, seed, "after", b);
		buf_addc(b, ']');
	}
	buf_addf(b, ",\"body\":{\"case\":\"%016llx%08x\"", (unsigned long long)simrng_next(r), simrng_below(r, UINT32_MAX));
	text(b, "class", what[i].klass);
	text(b, "category", what[i].category);
	whole(b, "severity", hazard && simrng_chance(r, 0.2) ? 1 + simrng_below(r, 2) : 3 + simrng_below(r, 2));
	text(b, "title", what[i].title);
	if (fixed)
		buf_adds(b, ",\"self_fixed\":true");
	buf_addc(b, '}');
}

static void status(const struct simstory *s, const struct simphone_state *state, int64_t shift_ms, struct buf *b)
{
	buf_adds(b, ",\"body\":{");
	whole(b, "battery", 100 - (s->count * 7 + 13) % 85);
	whole(b, "queue", state->queue);
	if (state->oldest_ms > 0)
		whole(b, "oldest", state->oldest_ms + shift_ms > 0 ? state->oldest_ms + shift_ms : 0);
	text(b, "app", "simulate " XUNGE_VERSION);
	whole(b, "free_mb", 4000 + s->count % 900);
	buf_addc(b, '}');
}

void simtown_event(const struct simtown *t, struct simstory *s, struct simrng *rng, int64_t now_ms, int64_t shift_ms,
	bool off, const struct simphone_state *state, struct buf *out)
{
	const struct person *p = s->who >= 0 ? &t->person[s->who] : NULL;
	const struct post *post = p && p->npost > 0 ? &p->post[simrng_below(rng, (uint32_t)p->npost)] : NULL;
	int64_t at = now_ms + shift_ms, span = s->last_ms > 0 && now_ms > s->last_ms ? now_ms - s->last_ms : 0;
	double dice = simrng_unit(rng);
	bool chief = post && strcmp(post->role, "worker") != 0;
	bool longer = s->steps == 1 && s->path >= 0 && now_ms < s->until_ms && span >= UNHURRIED_MS;

	s->count++;
	s->last_ms = now_ms;
	if (simrng_chance(rng, 0.00005) && post) {
		head(out, "sos", at, -shift_ms, off);
		add_loc(t, s, rng, out);
		buf_adds(out, ",\"body\":{\"text\":\"崴脚，走不动，请派人接应\"}");
	} else if (!longer && (s->steps == 1 || (s->steps > 1 && s->path < 0))) { /* without a line there is no track */
		head(out, "patrol.end", at, -shift_ms, off);
		add_loc(t, s, rng, out);
		buf_addf(out, ",\"body\":{\"patrol\":\"%s\",\"clear\":%s}", s->patrol, dice < 0.9 ? "true" : "false");
		s->steps = 0;
	} else if (s->steps > 0 && s->path >= 0 && dice < 0.85) {
		if (span > 600000)
			span = 600000; /* the phone slept */
		head(out, "patrol.track", at - span, -shift_ms, off);
		track(t, s, rng, span, out);
		s->steps -= s->steps > 1;
	} else if (s->steps == 0 && post && !s->idle && dice < (chief ? 0.8 : 0.45)) {
		head(out, "patrol.start", at, -shift_ms, off);
		start(t, s, rng, post, out);
	} else if (dice > 0.996 && post) {
		head(out, "case.report", at, -shift_ms, off);
		scope(out, post);
		add_loc(t, s, rng, out);
		ref(out, s);
		report(s, rng, out);
	} else if (s->steps == 0 && (s->count % 8 == 1 || !post)) {
		head(out, "status", at, -shift_ms, off);
		add_loc(t, s, rng, out);
		status(s, state, shift_ms, out);
	} else if (s->steps == 0 && !chief && dice > 0.8) {
		head(out, "visit", at, -shift_ms, off);
		scope(out, post);
		visit(rng, out);
	} else {
		head(out, "inspect", at, -shift_ms, off);
		scope(out, post);
		add_loc(t, s, rng, out);
		ref(out, s);
		inspect(rng, out);
	}
}

void simtown_bad(struct simrng *rng, int64_t now_ms, struct buf *out)
{
	switch (simrng_below(rng, 4)) {
	case 0:
		buf_addf(out, "\"kind\":\"patrol.begin\",\"at\":%lld,\"body\":{}", (long long)now_ms);
		break;
	case 1:
		buf_addf(out, "\"kind\":\"status\",\"at\":%lld,\"body\":{\"battery\":140}", (long long)now_ms);
		break;
	case 2:
		buf_addf(out, "\"kind\":\"status\",\"at\":%lld,\"person\":\"p-unknown\",\"body\":{\"battery\":40}", (long long)now_ms);
		break;
	default:
		buf_addf(out, "\"kind\":\"status\",\"at\":%lld,\"body\":{\"battery\":40}", (long long)(now_ms + 3600000));
	}
}
