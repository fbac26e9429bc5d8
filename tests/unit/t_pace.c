/* t_pace - which acks leave at once, which wait, and that none of what they say is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingest/pace.h"

static struct intake_ack ack(const char *device, const char *json, bool plain)
{
	return (struct intake_ack){.device = device, .district = "990101", .json = slice_of(json), .epoch = "e", .plain = plain};
}

static bool take(struct pace *p, const char *device, const char *json, bool plain, int64_t now_ms)
{
	struct intake_ack a = ack(device, json, plain);

	return pace_take(p, &a, now_ms, false);
}

static void want(struct pace *p, int64_t now_ms, const char *device, const char *json)
{
	struct intake_ack out;

	assert_true(pace_next(p, now_ms, false, &out));
	assert_string_equal(out.device, device);
	assert_string_equal(out.district, "990101");
	assert_true(slice_is(out.json, json));
}

static void want_none(struct pace *p, int64_t now_ms)
{
	struct intake_ack out;

	assert_false(pace_next(p, now_ms, false, &out));
}

static void test_in_calm_every_ack_leaves_at_once(void **state)
{
	struct intake_ack one = ack("d-1", "1", true), two = ack("d-1", "2", true), three = ack("d-1", "3", true);
	struct pace p = {0};

	(void)state;
	assert_true(pace_take(&p, &one, 1000, true));
	assert_true(pace_take(&p, &two, 1001, true));
	assert_false(pace_take(&p, &two, 1002, false));
	assert_true(pace_take(&p, &three, 1003, true)); /* what waited says less: it is dropped */
	want_none(&p, 1003 + PACE_MS);
	pace_done(&p);
}

static void test_a_quiet_device_hears_at_once(void **state)
{
	struct pace p = {0};

	(void)state;
	assert_true(take(&p, "d-1", "1", true, 1000));
	assert_true(take(&p, "d-2", "2", true, 1001));
	assert_true(take(&p, "d-1", "3", true, 1000 + PACE_MS));
	assert_int_equal(pace_wait_ms(&p, 2000), -1);
	pace_done(&p);
}

static void test_the_newest_of_a_fast_device_leaves_once(void **state)
{
	struct pace p = {0};

	(void)state;
	assert_true(take(&p, "d-1", "1", true, 1000));
	assert_false(take(&p, "d-1", "2", true, 1010));
	assert_false(take(&p, "d-1", "3", true, 1020));
	assert_int_equal(p.spared, 1);
	assert_int_equal(pace_wait_ms(&p, 1020), PACE_MS - 10);
	want_none(&p, 1010 + PACE_MS - 1);
	want(&p, 1010 + PACE_MS, "d-1", "3");
	want_none(&p, 5000);
	/* it has just heard: the next one waits again */
	assert_false(take(&p, "d-1", "4", true, 1011 + PACE_MS));
	want(&p, 1011 + 2 * PACE_MS, "d-1", "4");
	pace_done(&p);
}

static void test_results_do_not_wait(void **state)
{
	struct pace p = {0};

	(void)state;
	assert_true(take(&p, "d-1", "1", true, 1000));
	assert_false(take(&p, "d-1", "2", true, 1001));
	assert_true(take(&p, "d-1", "held", false, 1002)); /* says all that 2 says */
	want_none(&p, 5000);
	assert_true(take(&p, "d-1", "3", true, 6000));
	assert_false(take(&p, "d-1", "4", true, 6001));
	assert_true(take(&p, "d-1", "held", false, 6002));
	assert_false(take(&p, "d-1", "5", true, 6003)); /* takes the place of 4 */
	want(&p, 6001 + PACE_MS, "d-1", "5");
	want_none(&p, 9000);
	pace_done(&p);
}

static void test_no_stream_no_wait(void **state)
{
	struct pace p = {0};
	struct intake_ack a = ack("d-1", "error", true);

	(void)state;
	a.epoch = NULL;
	for (int i = 0; i < 5; i++)
		assert_true(pace_take(&p, &a, 1000, false));
	pace_done(&p);
}

static void test_leaving_sends_all(void **state)
{
	struct intake_ack out;
	struct pace p = {0};
	char device[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(device, sizeof device, "d-%d", i);
		assert_true(take(&p, device, "1", true, 1000));
		assert_false(take(&p, device, "2", true, 1001));
	}
	while (pace_next(&p, 1002, true, &out))
		n += slice_is(out.json, "2");
	assert_int_equal(n, 100);
	pace_done(&p);
}

/* More streams than it remembers: those that wait are not forgotten, and the map stays bounded. */
static void test_bound(void **state)
{
	struct intake_ack out;
	struct pace p = {0};
	char device[16];
	int64_t now = 1000;
	int n = 0;

	(void)state;
	for (int i = 0; i < 3 * PACE_LINES; i++, now += 1) {
		(void)snprintf(device, sizeof device, "d-%d", i);
		assert_true(take(&p, device, "1", true, now));
		if (i % 1000 == 0)
			n += !take(&p, device, "2", true, now);
		assert_true(p.map.n <= PACE_LINES);
	}
	while (pace_next(&p, now, true, &out))
		n--;
	assert_int_equal(n, 0);
	pace_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_calm_every_ack_leaves_at_once),
		cmocka_unit_test(test_a_quiet_device_hears_at_once),
		cmocka_unit_test(test_the_newest_of_a_fast_device_leaves_once),
		cmocka_unit_test(test_results_do_not_wait),
		cmocka_unit_test(test_no_stream_no_wait),
		cmocka_unit_test(test_leaving_sends_all),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
