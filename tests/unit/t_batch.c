/* t_batch.c - when a batch is committed, and who is greeted when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/batch.h"
#include "ingest/greet.h"

#define ROWS 2000
#define WINDOW 8

static void nothing_waits(void **state)
{
	struct batch b;

	(void)state;
	batch_init(&b, ROWS, WINDOW);
	assert_false(batch_due(&b, 0, 0, true));
	assert_false(batch_due(&b, 1000000, 0, true));
	assert_int_equal(batch_wait_ms(&b, 5), -1);
}

static void few_go_at_once(void **state)
{
	struct batch b;

	(void)state;
	batch_init(&b, ROWS, WINDOW);
	batch_add(&b, 1000, 300);
	assert_false(batch_due(&b, 1000, 1, false)); /* more is readable: it costs nothing to look */
	assert_true(batch_due(&b, 1000, 1, true));
	assert_int_equal(batch_wait_ms(&b, 1003), WINDOW - 3);
	batch_clear(&b);
	assert_false(batch_due(&b, 1000, 0, true));
}

static void many_are_gathered(void **state)
{
	struct batch b;

	(void)state;
	batch_init(&b, ROWS, WINDOW);
	for (int i = 0; i < BATCH_CALM; i++)
		batch_add(&b, 1000 + i / 40, 300);
	assert_false(batch_due(&b, 1005, BATCH_CALM, true));
	assert_true(batch_due(&b, 1000 + WINDOW, BATCH_CALM, true));
	assert_true(batch_due(&b, 1000 + WINDOW, BATCH_CALM, false));
	assert_int_equal(batch_wait_ms(&b, 1000 + WINDOW + 5), 0);
	/* still so in the slot after a busy one ... */
	batch_clear(&b);
	batch_add(&b, 1150, 300);
	assert_false(batch_due(&b, 1150, 1, true));
	/* ... and over when two have passed */
	batch_clear(&b);
	batch_add(&b, 1400, 300);
	assert_true(batch_due(&b, 1400, 1, true));
}

static void a_busy_slot_is_forgotten_without_input(void **state)
{
	struct batch b;

	(void)state;
	batch_init(&b, ROWS, 1000);
	for (int i = 0; i < BATCH_CALM * 2; i++)
		batch_add(&b, 1000, 1);
	batch_add(&b, 1100, 1);
	assert_false(batch_due(&b, 1110, 1, true));
	assert_true(batch_due(&b, 1100 + 2 * BATCH_SLOT_MS, 1, true));
}

static void rows_and_bytes_are_bounded(void **state)
{
	struct batch b;

	(void)state;
	batch_init(&b, ROWS, WINDOW);
	for (int i = 0; i < BATCH_CALM; i++)
		batch_add(&b, 1000, 1);
	assert_false(batch_due(&b, 1000, ROWS - 1, false));
	assert_true(batch_due(&b, 1000, ROWS, false));
	batch_clear(&b);
	batch_add(&b, 1000, BATCH_BYTES - 1);
	assert_false(batch_due(&b, 1000, 1, false));
	batch_add(&b, 1000, 1);
	assert_true(batch_due(&b, 1000, 1, false));
}

static void greetings_are_spread(void **state)
{
	struct greet g = {.spread_ms = 30000, .n = 3};
	struct greet_one one[3] = {{"d-1", "990101"}, {"d-2", "990101"}, {"d-3", "990101"}};

	(void)state;
	g.one = one;
	assert_null(greet_next(&g, 5)); /* not linked yet */
	assert_int_equal(greet_wait_ms(&g, 5), -1);
	greet_begin(&g, 1000);
	greet_begin(&g, 9000); /* linked again: once is enough */
	assert_string_equal(greet_next(&g, 1000)->device, "d-1");
	assert_null(greet_next(&g, 1000));
	assert_int_equal(greet_wait_ms(&g, 1000), 10000);
	assert_null(greet_next(&g, 10999));
	assert_string_equal(greet_next(&g, 11000)->device, "d-2");
	assert_string_equal(greet_next(&g, 99999)->device, "d-3");
	assert_null(greet_next(&g, 99999));
	assert_int_equal(greet_wait_ms(&g, 99999), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_waits),
		cmocka_unit_test(few_go_at_once),
		cmocka_unit_test(many_are_gathered),
		cmocka_unit_test(a_busy_slot_is_forgotten_without_input),
		cmocka_unit_test(rows_and_bytes_are_bounded),
		cmocka_unit_test(greetings_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
