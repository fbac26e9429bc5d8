/* t_nudge - who is told when, how often, and what happens at the bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "ingest/nudge.h"

#define T0 1000000LL
#define STEP (1000 / NUDGE_RATE)

static void want(struct nudge *n, int64_t now_ms, const char *person)
{
	const char *got = nudge_next(n, now_ms);

	assert_non_null(got);
	assert_string_equal(got, person);
}

static void test_at_once_then_rarely(void **state)
{
	struct nudge n = {0};

	(void)state;
	assert_int_equal(nudge_wait_ms(&n, T0), -1);
	nudge_touch(&n, "p-1", T0);
	nudge_touch(&n, "p-1", T0);
	assert_int_equal(nudge_wait_ms(&n, T0), 0);
	want(&n, T0, "p-1");
	assert_null(nudge_next(&n, T0));
	nudge_touch(&n, "p-1", T0 + 10); /* lately told: later, once */
	nudge_touch(&n, "p-1", T0 + 20);
	nudge_touch(&n, "p-2", T0 + 30);
	want(&n, T0 + 30, "p-2"); /* another need not wait for him */
	assert_int_equal(nudge_wait_ms(&n, T0 + 40), NUDGE_MS - 30);
	assert_null(nudge_next(&n, T0 + 10 + NUDGE_MS - 1));
	want(&n, T0 + 10 + NUDGE_MS, "p-1");
	assert_int_equal(nudge_wait_ms(&n, T0 + 10 + NUDGE_MS), -1);
	assert_int_equal(n.touched, 5);
	assert_int_equal(n.spared, 2);
	nudge_touch(&n, "p-1", T0 + 10 + 2 * NUDGE_MS); /* long ago */
	want(&n, T0 + 10 + 2 * NUDGE_MS, "p-1");
	nudge_done(&n);
}

static void test_all_at_once_are_spread(void **state)
{
	struct nudge n = {0};
	char name[16], last[16] = "";
	const char *got;
	int64_t now = T0;
	int told = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof name, "p-%04d", i);
		nudge_touch(&n, name, T0);
	}
	while (nudge_next(&n, T0))
		told++;
	assert_in_range(told, NUDGE_BURST, NUDGE_BURST + 1);
	assert_in_range(nudge_wait_ms(&n, T0), 1, STEP);
	for (; told < 1000; now++)
		while ((got = nudge_next(&n, now))) {
			assert_true(strcmp(got, last) > 0); /* in turn, none twice */
			(void)snprintf(last, sizeof last, "%s", got);
			told++;
		}
	assert_in_range(now - T0, (1000 - NUDGE_BURST - 2) * STEP, 1000 * STEP);
	assert_int_equal(nudge_wait_ms(&n, now), -1);
	nudge_done(&n);
}

static void test_full(void **state)
{
	struct nudge n = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < NUDGE_LINES; i++) {
		(void)snprintf(name, sizeof name, "p-%d", i);
		nudge_touch(&n, name, T0);
	}
	assert_int_equal(n.lost, 0);
	nudge_touch(&n, "one more", T0);
	assert_int_equal(n.lost, 1);
	nudge_touch(&n, "p-5", T0); /* who is known is not lost */
	assert_int_equal(n.lost, 1);
	want(&n, T0, "p-0");
	nudge_touch(&n, "one more", T0 + 1); /* p-0 was told just now */
	assert_int_equal(n.lost, 2);
	nudge_touch(&n, "one more", T0 + NUDGE_MS); /* long ago */
	assert_int_equal(n.lost, 2);
	nudge_done(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once_then_rarely),
		cmocka_unit_test(test_all_at_once_are_spread),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
