/* t_track.c - measures and verdicts of tracks: the rules by hand-made tracks, and the same state
 * however the points are cut and ordered.  SEED and ROUNDS in the environment. */
#include "core/track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

#define T0 1764035730000LL
#define LAT 333912000
#define LON 1049217000
#define M_E7 (1 / (GEO_EARTH_M * 3.14159265358979323846 / 180 / 1e7)) /* 1e-7 degrees of latitude for a metre */

static uint64_t state;

static uint32_t roll(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % n;
}

static void seeded(int *rounds, int most)
{
	const char *seed = getenv("SEED"), *n = getenv("ROUNDS");

	state = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_wall_ms();
	*rounds = n ? atoi(n) : most;
	(void)fprintf(stderr, "SEED=%llu\n", (unsigned long long)state);
}

/* s seconds after T0, m metres north, e metres east of the first place */
static struct track_point at(double s, double m, double e, int32_t acc)
{
	return (struct track_point){T0 + llround(s * 1000),
		{LAT + (int32_t)lround(m * M_E7), LON + (int32_t)lround(e * M_E7 / cos(LAT / 1e7 * 3.14159265358979323846 / 180))}, acc};
}

static struct reachline *north(double metres) /* a line from the first place */
{
	char text[200];
	int n = snprintf(text, sizeof text, "{\"type\":\"LineString\",\"coordinates\":[[%.7f,%.7f],[%.7f,%.7f]]}", LON / 1e7, LAT / 1e7,
		LON / 1e7, (LAT + metres * M_E7) / 1e7);

	return reachline_new(text, (size_t)n);
}

static struct track made(struct track_point *p, uint32_t n, const struct reachline *line)
{
	struct track t = {0};

	track_add(&t, p, n, false, false, line);
	assert_false(t.stale);
	return t;
}

#define MADE(line, ...) made((struct track_point[]){__VA_ARGS__}, sizeof((struct track_point[]){__VA_ARGS__}) / sizeof(struct track_point), line)

/* The verdict of a patrol from the first second to the 1,000th. */
static uint32_t verdict(const struct track *t, const struct track_rule *rule)
{
	struct track_facts f = {T0, T0 + 1000000, true, true};

	return track_verdict(t, &f, rule);
}

/* ------------------------------------------------------------------ measures */

static void test_plain(void **unused)
{
	struct track t = MADE(NULL, at(0, 0, 0, 8), at(60, 80, 0, -1), at(120, 80, 60, 8));

	(void)unused;
	assert_int_equal(t.kept, 3);
	assert_int_equal(t.duration_ms, 120000);
	assert_in_range(t.distance_mm, 139900, 140100);
	assert_int_equal(track_coverage(&t), -1);
	assert_int_equal(verdict(&t, NULL), 0);
}

static void test_one_point(void **unused)
{
	struct track none = {0}, one = MADE(NULL, at(5, 0, 0, 8));

	(void)unused;
	assert_int_equal(one.kept, 1);
	assert_int_equal(one.duration_ms, 0);
	assert_int_equal(one.distance_mm, 0);
	assert_int_equal(verdict(&one, NULL), TRACK_TOO_FEW_POINTS);
	assert_int_equal(verdict(&none, NULL), TRACK_TOO_FEW_POINTS);
}

static void test_gap(void **unused)
{
	struct track joined = MADE(NULL, at(0, 0, 0, 8), at(600, 100, 0, 8));
	struct track gap = MADE(NULL, at(0, 0, 0, 8), at(601, 100, 0, 8), at(611, 110, 0, 8));
	struct track by_ms = MADE(NULL, at(0, 0, 0, 8), at(600.001, 100, 0, 8));

	(void)unused;
	assert_int_equal(joined.duration_ms, 600000);
	assert_in_range(joined.distance_mm, 99900, 100100);
	assert_int_equal(gap.duration_ms, 10000);
	assert_in_range(gap.distance_mm, 9900, 10100);
	assert_int_equal(gap.kept, 3);
	assert_int_equal(by_ms.duration_ms, 0);
}

static void test_accuracy(void **unused)
{
	struct track t = MADE(NULL, at(0, 0, 0, 100), at(10, 10, 0, 101), at(20, 20, 0, -1), at(30, 30, 0, 100));

	(void)unused;
	assert_int_equal(t.kept, 3);
	assert_int_equal(t.vague, 1);
	assert_int_equal(t.duration_ms, 30000);
}

static void test_jumps(void **unused)
{
	struct track below = MADE(NULL, at(0, 0, 0, 8), at(10, 399.9, 0, 8));
	struct track above = MADE(NULL, at(0, 0, 0, 8), at(10, 400.2, 0, 8), at(20, 20, 0, 8));
	struct track at_once = MADE(NULL, at(0, 0, 0, 8), at(0, 5, 0, 8), at(10, 5, 0, 8));

	(void)unused;
	assert_int_equal(below.jumps, 0);
	assert_int_equal(below.kept, 2);
	assert_int_equal(above.jumps, 1);
	assert_int_equal(above.kept, 2);
	assert_in_range(above.distance_mm, 19900, 20100); /* from the point before the jump */
	assert_int_equal(at_once.jumps, 1); /* two places at one instant: the lower counts */
	assert_int_equal(at_once.prev.at.lat_e7, at(0, 5, 0, 8).at.lat_e7);
	assert_int_equal(at_once.kept, 2);
}

static void test_exact_bounds(void **unused)
{
	struct geo a = {0, 0}, b = {0, 35972};
	int64_t mm = geo_step_mm(a, b); /* 399.99 m */
	struct track_point p[] = {{0, a, 1}, {(mm + 39) / 40, b, 1}}, q[] = {{0, a, 1}, {(mm - 1) / 40, b, 1}};
	struct track slow = made(p, 2, NULL), fast = made(q, 2, NULL);

	(void)unused;
	assert_int_equal(slow.jumps, 0);
	assert_int_equal(fast.jumps, 1);
}

static void test_repeats(void **unused)
{
	struct track t = {0};
	struct track_point p[] = {at(0, 0, 0, 8), at(0, 0, 0, 8), at(9, 9, 0, 8)}, again = at(9, 9, 0, 8);

	(void)unused;
	track_add(&t, p, 3, false, false, NULL);
	track_add(&t, &again, 1, false, false, NULL);
	assert_false(t.stale);
	assert_int_equal(t.kept, 2);
	assert_int_equal(t.came, 4);
	assert_int_equal(t.events, 2);
	track_clear(&t);
}

static void test_late(void **unused)
{
	struct track t = {0}, want = MADE(NULL, at(0, 0, 0, 8), at(5, 5, 0, 8), at(9, 9, 0, 8));
	struct track_point p[] = {at(0, 0, 0, 8), at(9, 9, 0, 8)}, late = at(5, 5, 0, 8), all[] = {at(9, 9, 0, 8), at(0, 0, 0, 8), late};

	(void)unused;
	track_add(&t, p, 2, false, false, NULL);
	track_add(&t, &late, 1, false, false, NULL);
	assert_true(t.stale);
	track_fold(&t, all, 3, NULL);
	assert_false(t.stale);
	assert_int_equal(t.distance_mm, want.distance_mm);
	assert_int_equal(t.kept, 3);
}

/* ------------------------------------------------------------------ the line */

static void test_line(void **unused)
{
	static const char *const bad[] = {"", "{}", "[]", "{\"type\":\"Point\",\"coordinates\":[1,2]}",
		"{\"type\":\"LineString\",\"coordinates\":[[1,2]]}", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[181,2]]}",
		"{\"type\":\"LineString\",\"coordinates\":[[1,2],[\"1\",2]]}", "{\"type\":\"MultiLineString\",\"coordinates\":[]}",
		"{\"type\":\"MultiLineString\",\"coordinates\":[[1,2],[3,4]]}", "{\"type\":\"LineString\",\"coordinates\":[[1,2],[1,2]"};
	struct reachline *l = north(999.9), *other = north(990);
	uint32_t hint = 0;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(reachline_new(bad[i], strlen(bad[i])));
	assert_int_equal(reachline_samples(l), 101);
	assert_int_not_equal(reachline_id(l), reachline_id(other));
	assert_int_equal(reachline_id(NULL), 0);
	for (int i = 0; i < 2; i++, hint = 100) {
		assert_true(reachline_near(l, at(0, -99.9, 0, 0).at, &hint));
		assert_false(reachline_near(l, at(0, -100.1, 0, 0).at, &hint));
		assert_true(reachline_near(l, at(0, 500, 99.9, 0).at, &hint));
		assert_false(reachline_near(l, at(0, 500, 100.3, 0).at, &hint));
		assert_true(reachline_near(l, at(0, 1099.9, 0, 0).at, &hint));
	}
	reachline_free(l);
	reachline_free(other);
}

static void test_long_line(void **unused)
{
	struct reachline *l = north(400000), *two;
	const char *text = "{\"type\":\"MultiLineString\",\"coordinates\":[[[100,30],[100,30.001]],[[110,30],[110,30.001],[110,30.002]]]}";
	uint32_t hint = 0;

	(void)unused;
	assert_int_equal(reachline_samples(l), REACHLINE_SAMPLES);
	assert_true(reachline_near(l, at(0, 399900, 90, 0).at, &hint));
	assert_false(reachline_near(l, at(0, 400200, 0, 0).at, &hint));
	reachline_free(l);
	two = reachline_new(text, strlen(text));
	assert_int_equal(reachline_samples(two), 35); /* 333.6 m: what is between the parts is no line */
	assert_true(reachline_near(two, (struct geo){300000000, 1000000000}, &hint));
	assert_true(reachline_near(two, (struct geo){300020000, 1100000000}, &hint));
	assert_false(reachline_near(two, (struct geo){300010000, 1050000000}, &hint));
	reachline_free(two);
}

static void test_coverage(void **unused)
{
	struct reachline *l = north(999.9);
	struct track half = MADE(l, at(0, 0, 50, 8), at(300, 400, 50, 8));
	struct track gap = MADE(l, at(0, 5, 0, 8), at(700, 995, 0, 8));
	struct track off = MADE(l, at(0, 0, 200, 8), at(300, 400, 200, 8), at(320, 400, 90, 8));
	struct track even = MADE(l, at(0, 0, 200, 8), at(100, 0, 90, 8));
	struct track none = {0};
	struct track_rule rule = {-1, -1, 482};

	(void)unused;
	/* 400 m, and sqrt(100^2 - 50^2) = 86.6 m beyond: the points 0 .. 48 of 101 */
	assert_int_equal(track_coverage(&half), 485);
	assert_int_equal(verdict(&half, &rule), 0);
	rule.min_coverage = 486;
	assert_int_equal(verdict(&half, &rule), TRACK_LOW_COVERAGE);
	assert_int_equal(track_coverage(&gap), 22 * 1000 / 101); /* both ends, 0 .. 10 and 90 .. 100 */
	assert_int_equal(off.near, 1);
	assert_int_equal(verdict(&off, NULL), TRACK_OFF_REACH);
	assert_int_equal(verdict(&even, NULL), 0); /* one of two is half */
	track_line(&none, l);
	assert_false(none.stale);
	assert_int_equal(track_coverage(&none), 0);
	assert_int_equal(verdict(&none, &rule), TRACK_TOO_FEW_POINTS | TRACK_LOW_COVERAGE);
	track_line(&half, NULL);
	assert_true(half.stale); /* another line: measured anew */
	track_clear(&half);
	track_clear(&gap);
	track_clear(&off);
	track_clear(&even);
	reachline_free(l);
}

/* ------------------------------------------------------------------ verdicts */

static void test_thresholds(void **unused)
{
	struct track t = MADE(NULL, at(0, 0, 0, 8), at(300, 300, 0, 8));
	struct track_rule rule = {300000, t.distance_mm, -1};

	(void)unused;
	assert_int_equal(verdict(&t, &rule), 0);
	rule.min_ms++;
	assert_int_equal(verdict(&t, &rule), TRACK_TOO_SHORT_TIME);
	rule.min_mm++;
	assert_int_equal(verdict(&t, &rule), TRACK_TOO_SHORT_TIME | TRACK_TOO_SHORT_DIST);
	assert_int_equal(verdict(&t, NULL), 0);
}

static void test_clock(void **unused)
{
	struct track t = MADE(NULL, at(0, 0, 0, 8), at(300, 300, 0, 8)), back = {0};
	struct track_point p[] = {at(9, 9, 0, 8), at(0, 0, 0, 8)};
	struct track_facts f = {T0, T0, true, true};

	(void)unused;
	f.start_ms = T0 + 600000;
	f.end_ms = f.start_ms;
	assert_int_equal(track_verdict(&t, &f, NULL), 0);
	f.start_ms++;
	f.end_ms++;
	assert_int_equal(track_verdict(&t, &f, NULL), TRACK_CLOCK); /* a point before the start */
	f = (struct track_facts){T0 - 400000, T0 - 300000, true, true};
	assert_int_equal(track_verdict(&t, &f, NULL), 0);
	f.end_ms--;
	assert_int_equal(track_verdict(&t, &f, NULL), TRACK_CLOCK); /* a point after the end */
	f = (struct track_facts){T0 + 2, T0 + 1, true, true};
	assert_int_equal(track_verdict(&t, &f, NULL), TRACK_CLOCK);
	f = (struct track_facts){T0, 0, false, true};
	assert_int_equal(track_verdict(&t, &f, NULL), TRACK_NO_END);
	f.appointed = false;
	assert_int_equal(track_verdict(&t, &f, NULL), TRACK_NO_END | TRACK_NOT_APPOINTED);
	track_add(&back, p, 2, true, true, NULL);
	assert_int_equal(back.kept, 2);
	assert_int_equal(verdict(&back, NULL), TRACK_CLOCK | TRACK_MOCK);
}

static void test_speed(void **unused)
{
	struct track slow = MADE(NULL, at(0, 0, 0, 8), at(100, 1499, 0, 8)), fast = MADE(NULL, at(0, 0, 0, 8), at(100, 1501, 0, 8));
	struct track_point p[40];
	uint32_t n = 0;

	(void)unused;
	assert_int_equal(verdict(&slow, NULL), 0);
	assert_int_equal(verdict(&fast, NULL), TRACK_SPEED);
	for (; n < 30; n++)
		p[n] = n % 10 == 5 ? at(n * 10, 9000, 0, 8) : at(n * 10, n * 10, 0, 8);
	fast = made(p, 30, NULL);
	assert_int_equal(fast.jumps, 3); /* a tenth is not more than a tenth */
	assert_int_equal(verdict(&fast, NULL), 0);
	fast = made(p, 29, NULL);
	assert_int_equal(verdict(&fast, NULL), TRACK_SPEED);
	fast = made(p, 16, NULL); /* two jumps are too few to tell */
	assert_int_equal(fast.jumps, 2);
	assert_int_equal(verdict(&fast, NULL), 0);
}

static void test_names(void **unused)
{
	(void)unused;
	for (int i = 0; i < TRACK_REASONS; i++)
		assert_true(track_reasons[i].name && track_reasons[i].zh);
	assert_string_equal(track_reasons[__builtin_ctz(TRACK_CLOCK)].name, "CLOCK");
	assert_string_equal(track_reasons[__builtin_ctz(TRACK_MIN_GAP)].name, "MIN_GAP");
}

/* ------------------------------------------------------------------ reading */

static void test_read(void **unused)
{
	const char *text = "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"patrol.track\",\"at\":1000,\"off\":-7,\"body\":{\"patrol\":\"w\",\"mock\":true,"
			   "\"crs\":\"\\u0067cj02\",\"pts\":[[0,33.3892410,104.9245810,7.2],[-5,33.389241,104.924581,null],[9,10,20]]}}";
	struct track_point p[EVENT_PTS_MAX], q[EVENT_PTS_MAX];
	bool backwards = false, mock = false;
	struct event_fault fault;
	struct json j = {0};
	struct event ev;

	(void)unused;
	assert_true(json_read(&j, text, strlen(text)));
	assert_int_equal(event_decode(&j, 0, &ev, &fault), EVENT_OK);
	assert_true(ev.mock);
	assert_int_equal(track_read(&j, ev.pts, ev.when_ms, ev.pts_crs, p, &backwards), 3);
	assert_true(backwards);
	assert_int_equal(p[0].at_ms, 993);
	assert_in_range(p[0].at.lat_e7, 333911999, 333912001);
	assert_in_range(p[0].at.lon_e7, 1049216999, 1049217001);
	assert_int_equal(p[0].acc_m, 8);
	assert_int_equal(p[1].at_ms, 988);
	assert_int_equal(p[1].acc_m, -1);
	assert_int_equal(p[2].at.lon_e7, 200000000); /* outside of where it is moved */
	backwards = false;
	assert_int_equal(track_read_event(&j, q, &backwards, &mock), 3);
	assert_true(mock && backwards);
	for (int i = 0; i < 3; i++)
		assert_true(p[i].at_ms == q[i].at_ms && p[i].at.lat_e7 == q[i].at.lat_e7 && p[i].at.lon_e7 == q[i].at.lon_e7 && p[i].acc_m == q[i].acc_m);
	json_done(&j);
}

/* ------------------------------------------------------------------ the same however it comes */

static struct buf text_of(const struct track *t)
{
	struct buf b = {0};

	track_save(t, &b);
	buf_addf(&b, " %u", t->events);
	return b;
}

static struct track_point any(int n)
{
	static const int32_t accs[] = {5, 8, 30, 100, 101, 400, -1};
	double s = roll(8) ? roll((uint32_t)n * 7) : roll((uint32_t)n * 2) * 300;
	double m = s * 1.2 + roll(30), e = roll(60);

	if (roll(20) == 0)
		m += 5000;
	return at(s, roll(10) ? m : -m, e, accs[roll(roll(4) ? 4 : 7)]);
}

static void shuffle(struct track_point *p, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int k = (int)roll((uint32_t)i + 1);
		struct track_point x = p[i];

		p[i] = p[k];
		p[k] = x;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct track_point *x = a, *y = b;

	return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* In events of any size, folded anew only where a late one asks for it, saved and read back between them. */
static void take(struct track *t, const struct track_point *p, int n, const struct reachline *line)
{
	struct track_point copy[240];

	for (int i = 0; i < n;) {
		int k = 1 + (int)roll(20);

		k = k > n - i ? n - i : k;
		memcpy(copy, p + i, (size_t)k * sizeof *p);
		track_add(t, copy, (uint32_t)k, i == 0, false, line);
		i += k;
		if (t->stale) {
			memcpy(copy, p, (size_t)i * sizeof *p);
			track_fold(t, copy, (size_t)i, line);
		}
		if (roll(2)) {
			struct buf b = {0};

			track_save(t, &b);
			assert_true(track_load(t, buf_slice(&b)));
			buf_done(&b);
		}
	}
}

static void test_any_order(void **unused)
{
	struct reachline *lines[] = {NULL, north(700), north(30000)};
	int rounds;

	(void)unused;
	seeded(&rounds, 300);
	for (int r = 0; r < rounds; r++) {
		int n = 1 + (int)roll(120);
		struct track_point p[240];
		struct reachline *line = lines[roll(3)];
		struct track want = {0}, t = {0};
		struct buf a, b;

		for (int i = 0; i < n; i++)
			p[i] = i && roll(10) == 0 ? p[roll((uint32_t)i)] : any(n);
		if (roll(2))
			qsort(p, (size_t)n, sizeof *p, by_time);
		take(&t, p, n, line);
		want.came = (uint32_t)n;
		want.events = t.events;
		want.mock = true;
		shuffle(p, n);
		track_fold(&want, p, (size_t)n, line);
		a = text_of(&want);
		b = text_of(&t);
		assert_int_equal(a.n, b.n);
		assert_memory_equal(a.p, b.p, a.n);
		buf_done(&a);
		buf_done(&b);
		track_clear(&t);
		track_clear(&want);
	}
	reachline_free(lines[1]);
	reachline_free(lines[2]);
}

/* Metres from p to the way a - b, on the plane. */
static double away(struct track_point p, struct track_point a, struct track_point b)
{
	double k = cos(LAT / 1e7 * 3.14159265358979323846 / 180) / M_E7;
	double px = (p.at.lon_e7 - a.at.lon_e7) * k, py = (p.at.lat_e7 - a.at.lat_e7) / M_E7;
	double dx = (b.at.lon_e7 - a.at.lon_e7) * k, dy = (b.at.lat_e7 - a.at.lat_e7) / M_E7, len2 = dx * dx + dy * dy;
	double f = len2 > 0 ? (px * dx + py * dy) / len2 : 0;

	f = f < 0 ? 0 : f > 1 ? 1 : f;
	return hypot(px - f * dx, py - f * dy);
}

static struct reachline *crooked(struct track_point v[40])
{
	struct reachline *l;
	struct buf text = {0};
	double m = 0, e = 0;

	buf_adds(&text, "{\"type\":\"LineString\",\"coordinates\":[");
	for (int i = 0; i < 40; i++, m += (int)roll(400) - 100, e += (int)roll(400) - 200) {
		v[i] = at(0, m, e, 0);
		buf_addf(&text, "%s[%.7f,%.7f]", i ? "," : "", v[i].at.lon_e7 / 1e7, v[i].at.lat_e7 / 1e7);
	}
	buf_adds(&text, "]}");
	l = reachline_new(text.p, text.n);
	buf_done(&text);
	return l;
}

/* Near: against the distance to each piece of the line.  Covered by a way: by each of its places. */
static void test_against_plain(void **unused)
{
	int rounds, seen[2] = {0};

	(void)unused;
	seeded(&rounds, 40);
	for (int r = 0; r < rounds; r++) {
		struct track_point v[40];
		struct reachline *l = crooked(v);
		uint64_t bits[64], each[64];
		uint32_t hint = 0;

		assert_in_range(reachline_samples(l), 100, 64 * 64);
		for (int k = 0; k < 40; k++) {
			double am = (int)roll(7000) - 500, ae = (int)roll(2000) - 1000, bm = am + (int)roll(600) - 300, be = ae + (int)roll(600) - 300;
			struct track_point a = at(0, am, ae, 0), b = at(0, bm, be, 0);
			double least = 1e9;
			int more = 0;
			bool near = reachline_near(l, a.at, &hint);

			for (int i = 1; i < 40; i++)
				least = fmin(least, away(a, v[i - 1], v[i]));
			seen[near]++;
			/* at a corner the nearest point may stand 5 m off it */
			assert_true(near ? least < 100.5 : least > 94.5);
			memset(bits, 0, sizeof bits);
			memset(each, 0, sizeof each);
			reachline_cover(l, a.at, b.at, bits);
			for (int i = 0; i <= 1000; i++) {
				struct geo g = at(0, am + (bm - am) * i / 1000, ae + (be - ae) * i / 1000, 0).at;

				reachline_cover(l, g, g, each);
			}
			for (int i = 0; i < 64; i++)
				more += __builtin_popcountll(bits[i] ^ each[i]);
			assert_in_range(more, 0, 3); /* those at 100 m to a hair */
		}
		reachline_free(l);
	}
	assert_true(seen[0] > 50 && seen[1] > 50);
}

/* ------------------------------------------------------------------ bounds, bytes */

static void test_bounds(void **unused)
{
	struct track t = {0};
	struct track_point p;

	(void)unused;
	for (int i = 0; i < TRACK_EVENTS_MAX; i++) {
		p = at(i, i, 0, 8);
		track_add(&t, &p, 1, false, false, NULL);
	}
	assert_int_equal(t.kept, TRACK_EVENTS_MAX);
	assert_false(track_is_beyond(&t));
	p = at(1, 1, 0, 8); /* a late one, and one too many */
	track_add(&t, &p, 1, false, false, NULL);
	assert_true(track_is_beyond(&t));
	assert_false(t.stale);
	assert_int_equal(t.kept, 0);
	assert_int_equal(t.duration_ms, 0);
	assert_int_equal(verdict(&t, NULL), TRACK_TOO_FEW_POINTS);
	t.came = TRACK_POINTS_MAX;
	t.events = 1;
	assert_false(track_is_beyond(&t));
	t.came++;
	assert_true(track_is_beyond(&t));
	track_clear(&t);
}

static void test_broken_bytes(void **unused)
{
	struct reachline *l = north(1000);
	struct track t = MADE(l, at(0, 0, 0, 8), at(60, 50, 0, 8), at(70, 60, 0, 300)), got = {0};
	struct buf b = {0};

	(void)unused;
	track_save(&t, &b);
	for (uint32_t n = 0; n < b.n; n++)
		assert_false(track_load(&got, (struct slice){b.p, n}));
	assert_true(track_load(&got, buf_slice(&b)));
	assert_int_equal(track_coverage(&got), track_coverage(&t));
	b.p[0]++;
	assert_false(track_load(&got, buf_slice(&b)));
	buf_done(&b);
	track_clear(&got);
	track_clear(&t);
	reachline_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_one_point),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_accuracy),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_exact_bounds),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_speed),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_against_plain),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_broken_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
