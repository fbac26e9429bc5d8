#include "core/track.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"

#define VERSION 1
#define OUTSIDE_MS (10 * 60 * 1000LL) /* points this far before the start or after the end */
#define FAST_MM_PER_MS 15

const struct track_reason track_reasons[TRACK_REASONS] = {
	{"TOO_SHORT_TIME", "时长不足"},
	{"TOO_SHORT_DIST", "里程不足"},
	{"TOO_FEW_POINTS", "轨迹点不足"},
	{"OFF_REACH", "不在责任河段"},
	{"LOW_COVERAGE", "覆盖不足"},
	{"NO_END", "未结束"},
	{"NOT_APPOINTED", "非责任河长"},
	{"MIN_GAP", "间隔不足"},
	{"SPEED", "速度异常"},
	{"MOCK", "疑似模拟定位"},
	{"CLOCK", "时钟异常"},
};

/* Drops what was folded; what came stays. */
static void forget(struct track *t)
{
	struct track kept = {.events = t->events, .came = t->came, .mock = t->mock, .backwards = t->backwards};

	free(t->bits);
	*t = kept;
}

void track_clear(struct track *t)
{
	free(t->bits);
	*t = (struct track){0};
}

bool track_is_beyond(const struct track *t)
{
	return t->came > TRACK_POINTS_MAX || t->events > TRACK_EVENTS_MAX;
}

/* ------------------------------------------------------------------ reading */

/* Metres rounded up. */
static int32_t accuracy(const struct json *j, uint32_t t)
{
	int64_t whole;
	double acc = -1;

	if (json_int(j, t, &whole) && whole <= INT32_MAX)
		return (int32_t)whole;
	(void)json_double(j, t, &acc); /* null: -1 */
	return acc > INT32_MAX ? INT32_MAX : (int32_t)ceil(acc);
}

uint32_t track_read(const struct json *j, uint32_t pts, int64_t when_ms, enum crs crs, struct track_point *out, bool *backwards)
{
	uint32_t n = j->tok[pts].count, t = pts + 1;

	for (uint32_t i = 0; i < n; i++, t = j->tok[t].next) {
		struct geo at = {0, 0};
		int64_t ms = 0;

		/* checked: they do not fail */
		(void)json_int(j, t + 1, &ms);
		(void)json_e7(j, t + 2, 90, &at.lat_e7);
		(void)json_e7(j, t + 3, 180, &at.lon_e7);
		out[i] = (struct track_point){when_ms + ms, crs == CRS_GCJ02 ? geo_gcj02_to_wgs84(at) : at,
			j->tok[t].count == 4 ? accuracy(j, t + 4) : -1};
		if (i && out[i].at_ms < out[i - 1].at_ms)
			*backwards = true;
	}
	return n;
}

uint32_t track_read_event(struct json *j, struct track_point *out, bool *backwards, bool *mock)
{
	uint32_t body = json_get(j, 0, "body"), off = json_get(j, 0, "off"), pts, crs, m;
	int64_t at_ms = 0, off_ms = 0;

	if (!body || !json_int(j, json_get(j, 0, "at"), &at_ms) || !(pts = json_get(j, body, "pts")) ||
		j->tok[pts].type != JSON_ARRAY || j->tok[pts].count > EVENT_PTS_MAX)
		return 0;
	if (off)
		(void)json_int(j, off, &off_ms); /* null: 0 */
	crs = json_get(j, body, "crs");
	m = json_get(j, body, "mock");
	*mock |= m && j->tok[m].type == JSON_TRUE;
	return track_read(j, pts, at_ms + off_ms, crs && slice_is(json_text(j, crs), "gcj02") ? CRS_GCJ02 : CRS_WGS84, out,
		backwards);
}

/* ------------------------------------------------------------------ order */

static int order(const struct track_point *a, const struct track_point *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	if (a->at.lat_e7 != b->at.lat_e7)
		return a->at.lat_e7 < b->at.lat_e7 ? -1 : 1;
	if (a->at.lon_e7 != b->at.lon_e7)
		return a->at.lon_e7 < b->at.lon_e7 ? -1 : 1;
	return (a->acc_m > b->acc_m) - (a->acc_m < b->acc_m);
}

/* The end of the run that begins at i. */
static size_t run_end(const struct track_point *p, size_t i, size_t n)
{
	while (++i < n && order(&p[i - 1], &p[i]) <= 0)
		;
	return i;
}

static void merge(const struct track_point *from, size_t a, size_t b, size_t end, struct track_point *to)
{
	size_t i = a, k = b;

	for (size_t at = a; at < end; at++)
		to[at] = k == end || (i < b && order(&from[i], &from[k]) <= 0) ? from[i++] : from[k++];
}

/* Merges runs: events come mostly in order, so there are few. */
static void sort(struct track_point *p, size_t n)
{
	struct track_point *room;

	if (n == 0 || run_end(p, 0, n) == n)
		return;
	room = xcalloc(n, sizeof *room);
	while (run_end(p, 0, n) < n) {
		for (size_t a = 0, b, end; a < n; a = end) {
			b = run_end(p, a, n);
			end = b < n ? run_end(p, b, n) : n;
			merge(p, a, b, end, room);
		}
		memcpy(p, room, n * sizeof *p);
	}
	free(room);
}

/* ------------------------------------------------------------------ folding */

static void measure(struct track *t, const struct track_point *p, const struct reachline *line)
{
	int64_t dt = p->at_ms - t->prev.at_ms, mm = t->kept ? geo_step_mm(t->prev.at, p->at) : 0;
	bool joined = t->kept && dt <= TRACK_GAP_MS;

	if (t->kept && mm > TRACK_JUMP_MM_PER_MS * dt) {
		t->jumps++;
		return;
	}
	if (joined) {
		t->duration_ms += dt;
		t->distance_mm += mm;
	}
	if (line) {
		t->near += reachline_near(line, p->at, &t->hint);
		if (!t->bits)
			t->bits = xcalloc(REACHLINE_WORDS(t->samples), sizeof *t->bits);
		reachline_cover(line, joined ? t->prev.at : p->at, p->at, t->bits);
	}
	t->prev = *p;
	t->kept++;
}

/* Points in order, none before t->last. */
static void fold(struct track *t, const struct track_point *p, size_t n, const struct reachline *line)
{
	for (size_t i = 0; i < n; i++) {
		bool any = t->kept || t->vague; /* the first point is never a jump */

		if (any && order(&p[i], &t->last) == 0)
			continue;
		if (!any)
			t->first_ms = p[i].at_ms;
		t->last = p[i];
		if (p[i].acc_m > TRACK_VAGUE_M)
			t->vague++;
		else
			measure(t, &p[i], line);
	}
}

static void set_line(struct track *t, const struct reachline *line)
{
	t->line = reachline_id(line);
	t->samples = reachline_samples(line);
}

void track_line(struct track *t, const struct reachline *line)
{
	if (t->line == reachline_id(line))
		return;
	if (t->came == 0)
		set_line(t, line);
	else
		t->stale = true;
}

void track_add(struct track *t, struct track_point *p, uint32_t n, bool mock, bool backwards, const struct reachline *line)
{
	track_line(t, line);
	t->events++;
	t->came += n;
	t->mock |= mock;
	t->backwards |= backwards;
	if (track_is_beyond(t)) {
		forget(t);
		set_line(t, line);
		return;
	}
	if (t->stale)
		return;
	sort(p, n);
	if ((t->kept || t->vague) && order(&p[0], &t->last) < 0)
		t->stale = true;
	else
		fold(t, p, n, line);
}

void track_fold(struct track *t, struct track_point *p, size_t n, const struct reachline *line)
{
	forget(t);
	set_line(t, line);
	if (track_is_beyond(t))
		return;
	sort(p, n);
	fold(t, p, n, line);
}

void track_mark(struct track_point *p, size_t n, uint8_t *mark)
{
	struct track t = {0};

	sort(p, n);
	for (size_t i = 0; i < n; i++) {
		struct track was = t;

		fold(&t, &p[i], 1, NULL);
		mark[i] = t.kept > was.kept ? TRACK_MARK_KEPT : t.vague > was.vague ? TRACK_MARK_VAGUE
			: t.jumps > was.jumps ? TRACK_MARK_JUMP : TRACK_MARK_REPEATED;
	}
	track_clear(&t);
}

int track_coverage(const struct track *t)
{
	uint32_t set = 0;

	if (!t->samples)
		return -1;
	for (uint32_t i = 0; t->bits && i < REACHLINE_WORDS(t->samples); i++)
		set += (uint32_t)__builtin_popcountll(t->bits[i]);
	return (int)((uint64_t)set * 1000 / t->samples);
}

/* ------------------------------------------------------------------ kept in the database */

static unsigned char *put(unsigned char *p, uint64_t v)
{
	for (; v > 127; v >>= 7)
		*p++ = (unsigned char)(v | 128);
	*p++ = (unsigned char)v;
	return p;
}

static unsigned char *put_signed(unsigned char *p, int64_t v)
{
	return put(p, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static unsigned char *put_point(unsigned char *p, const struct track_point *at, int64_t since_ms)
{
	p = put_signed(p, at->at_ms - since_ms);
	p = put_signed(p, at->at.lat_e7);
	p = put_signed(p, at->at.lon_e7);
	return put_signed(p, at->acc_m);
}

/* The numbers are filled up with zeros: a row that keeps its size as its track grows is cheaper to write. */
#define FILLED 56
#define NUMBERS_MAX 160 /* 2 bytes and 18 numbers, none longer than 10 bytes, most of 32 bits */

void track_save(const struct track *t, struct buf *out)
{
	unsigned char room[NUMBERS_MAX] = {0}, *p = room;
	bool same = order(&t->prev, &t->last) == 0;
	size_t n = REACHLINE_WORDS((size_t)t->samples) * sizeof *t->bits;

	*p++ = VERSION;
	*p++ = (unsigned char)(t->mock | t->backwards << 1 | same << 2);
	p = put(p, t->came);
	p = put(p, t->kept);
	p = put(p, t->vague);
	p = put(p, t->jumps);
	p = put(p, t->near);
	p = put_signed(p, t->first_ms);
	p = put_point(p, &t->last, t->first_ms);
	if (!same)
		p = put_point(p, &t->prev, t->first_ms);
	p = put(p, (uint64_t)t->duration_ms);
	p = put(p, (uint64_t)t->distance_mm);
	p = put(p, t->line);
	p = put(p, t->samples);
	buf_add(out, room, p - room > FILLED ? (size_t)(p - room) : FILLED);
	if (t->bits) {
		buf_add(out, t->bits, n);
	} else if (n) {
		buf_reserve(out, n);
		memset(out->p + out->n, 0, n);
		out->n += n;
		out->p[out->n] = '\0';
	}
}

struct in {
	const unsigned char *p, *end;
	bool bad;
};

static uint64_t get(struct in *in)
{
	uint64_t v = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		if (in->p == in->end)
			break;
		v |= (uint64_t)(*in->p & 127) << shift;
		if (!(*in->p++ & 128))
			return v;
	}
	in->bad = true;
	return 0;
}

static int64_t get_signed(struct in *in)
{
	uint64_t v = get(in);

	return (int64_t)(v >> 1 ^ -(v & 1));
}

static struct track_point get_point(struct in *in, int64_t since_ms)
{
	struct track_point p;

	p.at_ms = (int64_t)((uint64_t)since_ms + (uint64_t)get_signed(in));
	p.at.lat_e7 = (int32_t)get_signed(in);
	p.at.lon_e7 = (int32_t)get_signed(in);
	p.acc_m = (int32_t)get_signed(in);
	return p;
}

/* Zeros, then the bits of the line. */
static bool get_bits(struct in *in, struct track *t, const unsigned char *from)
{
	size_t n = REACHLINE_WORDS((size_t)t->samples) * sizeof *t->bits;

	while (in->p < from + FILLED && in->p < in->end)
		if (*in->p++)
			return false;
	if (in->bad || t->samples > REACHLINE_SAMPLES || in->p < from + FILLED || (size_t)(in->end - in->p) != n)
		return false;
	if (t->kept && n) {
		t->bits = xcalloc(1, n);
		memcpy(t->bits, in->p, n);
	}
	return true;
}

bool track_load(struct track *t, struct slice bytes)
{
	struct in in = {(const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n, false};
	struct track v = {0};
	int flags;

	if (bytes.n < 2 || in.p[0] != VERSION)
		return false;
	flags = in.p[1];
	in.p += 2;
	v.mock = flags & 1;
	v.backwards = flags & 2;
	v.came = (uint32_t)get(&in);
	v.kept = (uint32_t)get(&in);
	v.vague = (uint32_t)get(&in);
	v.jumps = (uint32_t)get(&in);
	v.near = (uint32_t)get(&in);
	v.first_ms = get_signed(&in);
	v.last = get_point(&in, v.first_ms);
	v.prev = flags & 4 ? v.last : get_point(&in, v.first_ms);
	v.duration_ms = (int64_t)get(&in);
	v.distance_mm = (int64_t)get(&in);
	v.line = get(&in);
	v.samples = (uint32_t)get(&in);
	if (!get_bits(&in, &v, (const unsigned char *)bytes.p))
		return false;
	v.events = t->events;
	track_clear(t);
	*t = v;
	return true;
}

/* ------------------------------------------------------------------ verdict */

static bool clock_is_wrong(const struct track *t, const struct track_facts *f)
{
	if (t->backwards || (f->has_end && f->end_ms < f->start_ms))
		return true;
	if (t->kept + t->vague == 0)
		return false;
	return t->first_ms < f->start_ms - OUTSIDE_MS || (f->has_end && t->last.at_ms > f->end_ms + OUTSIDE_MS);
}

static bool is_fast(const struct track *t)
{
	uint32_t all = t->kept + t->vague + t->jumps;

	return t->distance_mm > FAST_MM_PER_MS * t->duration_ms || (t->jumps >= 3 && t->jumps * 10 > all);
}

uint32_t track_verdict(const struct track *t, const struct track_facts *f, const struct track_rule *rule)
{
	uint32_t v = 0;

	v |= t->kept < 2 ? TRACK_TOO_FEW_POINTS : 0;
	v |= t->samples && t->near * 2 < t->kept ? TRACK_OFF_REACH : 0;
	v |= !f->has_end ? TRACK_NO_END : 0;
	v |= !f->appointed ? TRACK_NOT_APPOINTED : 0;
	v |= is_fast(t) ? TRACK_SPEED : 0;
	v |= t->mock ? TRACK_MOCK : 0;
	v |= clock_is_wrong(t, f) ? TRACK_CLOCK : 0;
	if (!rule)
		return v;
	v |= t->duration_ms < rule->min_ms ? TRACK_TOO_SHORT_TIME : 0;
	v |= t->distance_mm < rule->min_mm ? TRACK_TOO_SHORT_DIST : 0;
	v |= t->samples && track_coverage(t) < rule->min_coverage ? TRACK_LOW_COVERAGE : 0;
	return v;
}
