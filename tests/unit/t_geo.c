#include "core/geo.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define RAD (3.14159265358979323846 / 180)

/* Computed once with another implementation (gcoord): WGS-84, GCJ-02. */
static const struct {
	struct geo wgs84, gcj02;
} pairs[] = {
	{{333912000, 1049217000}, {333892410, 1049245810}},
	{{399075000, 1163913000}, {399089013, 1163975412}},
	{{231291000, 1132644000}, {231264233, 1132697296}},
	{{438256000, 876168000}, {438268054, 876196499}},
	{{457567000, 1266424000}, {457586511, 1266483698}},
	{{255894000, 1002271000}, {255863775, 1002282009}},
	{{312304000, 1214737000}, {312284577, 1214782231}},
	{{394000000, 735000000}, {394001783, 735033527}},
	{{483000000, 1350000000}, {483023915, 1350079125}},
	{{182000000, 1095000000}, {181983496, 1095041161}},
};

static int32_t between(int32_t lo, int32_t hi)
{
	return (int32_t)(lo + (int64_t)((double)random() / 0x7fffffff * ((double)hi - lo)));
}

static uint32_t seeded(void)
{
	uint32_t seed = (uint32_t)time(NULL);

	print_message("seed %u\n", seed);
	srandom(seed);
	return seed;
}

static void test_known_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct geo there = geo_wgs84_to_gcj02(pairs[i].wgs84);
		struct geo back = geo_gcj02_to_wgs84(pairs[i].gcj02);

		assert_in_range(there.lat_e7 - pairs[i].gcj02.lat_e7 + 1, 0, 2);
		assert_in_range(there.lon_e7 - pairs[i].gcj02.lon_e7 + 1, 0, 2);
		assert_in_range(back.lat_e7 - pairs[i].wgs84.lat_e7 + 1, 0, 2);
		assert_in_range(back.lon_e7 - pairs[i].wgs84.lon_e7 + 1, 0, 2);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	int still = 0;

	(void)seeded();
	for (int i = 0; i < 20000; i++) {
		/* so far inside that no shift crosses the edge */
		struct geo p = {between(9000000, 557000000), between(721000000, 1377000000)};
		struct geo gcj = geo_wgs84_to_gcj02(p);
		double moved = geo_distance_m(p, gcj);

		if (!(geo_distance_m(p, geo_gcj02_to_wgs84(gcj)) < 0.03))
			fail_msg("%d %d", p.lat_e7, p.lon_e7);
		if (!(moved < 2000))
			fail_msg("%d %d moved %f m", p.lat_e7, p.lon_e7, moved);
		still += moved < 1; /* where both of its parts pass zero at once */
	}
	assert_true(still < 20);
}

static void test_outside(void **state)
{
	static const struct geo out[] = {{0, 0}, {356000000, 1397000000}, {520000000, 130000000},
		{-900000000, -1800000000}, {900000000, 1800000000}, {8292999, 1000000000},
		{558271001, 1000000000}, {300000000, 720039999}, {300000000, 1378347001}};

	(void)state;
	for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
		struct geo a = geo_wgs84_to_gcj02(out[i]), b = geo_gcj02_to_wgs84(out[i]);

		assert_false(geo_is_shifted(out[i]));
		assert_true(a.lat_e7 == out[i].lat_e7 && a.lon_e7 == out[i].lon_e7);
		assert_true(b.lat_e7 == out[i].lat_e7 && b.lon_e7 == out[i].lon_e7);
	}
}

static void test_distance(void **state)
{
	static const struct {
		struct geo a, b;
		double want_m;
	} row[] = {
		{{0, 0}, {0, 0}, 0},
		{{0, 0}, {0, 10000000}, 111195.08},
		{{0, 0}, {10000000, 0}, 111195.08},
		{{900000000, 0}, {-900000000, 0}, 20015114.44},
		{{0, -1800000000}, {0, 1800000000}, 0},
		{{0, -1799999999}, {0, 1799999999}, 0.0222},
		{{0, 0}, {0, 1800000000}, 20015114.44},
		{{600000000, 0}, {600000000, 10000000}, 55597.01},
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		double d = geo_distance_m(row[i].a, row[i].b);

		if (!(fabs(d - row[i].want_m) < 0.2 + row[i].want_m * 1e-5))
			fail_msg("row %zu: %f", i, d);
		assert_true(fabs(d - geo_distance_m(row[i].b, row[i].a)) < 1e-6);
	}
}

/* By another formula: the angle between two vectors from the centre. */
static void test_distance_random(void **state)
{
	(void)state;
	(void)seeded();
	for (int i = 0; i < 20000; i++) {
		struct geo p = {between(-900000000, 900000000), between(-1800000000, 1800000000)}, q = p;
		double v[2][3], cross[3], want, d;

		if (i % 2) { /* near: what a track is made of */
			q.lat_e7 += p.lat_e7 < 0 ? between(0, 100000) : -between(0, 100000);
			q.lon_e7 += p.lon_e7 < 0 ? between(0, 100000) : -between(0, 100000);
		} else {
			q = (struct geo){between(-900000000, 900000000), between(-1800000000, 1800000000)};
		}
		for (int k = 0; k < 2; k++) {
			struct geo g = k ? q : p;
			double lat = g.lat_e7 * 1e-7 * RAD, lon = g.lon_e7 * 1e-7 * RAD;

			v[k][0] = cos(lat) * cos(lon);
			v[k][1] = cos(lat) * sin(lon);
			v[k][2] = sin(lat);
		}
		for (int k = 0; k < 3; k++)
			cross[k] = v[0][(k + 1) % 3] * v[1][(k + 2) % 3] -
				v[0][(k + 2) % 3] * v[1][(k + 1) % 3];
		want = 6371008.8 * atan2(sqrt(cross[0] * cross[0] + cross[1] * cross[1] + cross[2] * cross[2]),
			v[0][0] * v[1][0] + v[0][1] * v[1][1] + v[0][2] * v[1][2]);
		d = geo_distance_m(p, q);
		if (!(fabs(d - want) < 0.01 + want * 1e-6))
			fail_msg("%d %d - %d %d: %f, want %f", p.lat_e7, p.lon_e7, q.lat_e7, q.lon_e7, d, want);
	}
}

/* Short ways on the plane, long ones on the sphere: the same where they meet, and near 0.01 degrees. */
static void test_steps(void **state)
{
	(void)state;
	(void)seeded();
	for (int i = 0; i < 20000; i++) {
		struct geo a = {between(-890000000, 890000000), between(-1790000000, 1790000000)}, b = a;
		double want;

		b.lat_e7 += between(-110000, 110000);
		b.lon_e7 += between(-110000, 110000);
		want = geo_distance_m(a, b) * 1000;
		assert_true(fabs((double)geo_step_mm(a, b) - want) <= 0.5 + 1e-6 * want);
	}
	assert_int_equal(geo_step_mm((struct geo){1, 2}, (struct geo){1, 2}), 0);
	assert_in_range(geo_step_mm((struct geo){0, 0}, (struct geo){0, 1800000000}), 20015000000, 20016000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_pairs),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_distance_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
