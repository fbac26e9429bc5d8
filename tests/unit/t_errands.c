/* t_errands.c - each errand ends once: answered, lost with the door, or given up; the bound holds. */
#include "server/errands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

struct world {
	struct buf sent;
	bool closed;
	int done[2 * ERRANDS_MAX + 2], answered[2 * ERRANDS_MAX + 2]; /* by ticket */
	struct errands *es;
	uint64_t again; /* ticket added by the next done() */
};

static bool take(void *ctx, const char *p, size_t n)
{
	struct world *w = ctx;

	if (w->closed)
		return false;
	buf_add(&w->sent, p, n);
	return true;
}

static void done(void *ctx, uint64_t ticket, const json_t *answer)
{
	struct world *w = ctx;

	w->done[ticket]++;
	w->answered[ticket] += answer != NULL;
	if (w->again) {
		uint64_t t = w->again;

		w->again = 0;
		assert_int_equal(errands_add(w->es, "\"op\":\"x\"", (struct slice){0}, t, 0), OK);
	}
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct errands_world ew = {take, done, w};

	w->es = errands_new(&ew);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	errands_free(w->es);
	buf_done(&w->sent);
	free(w);
	return 0;
}

static void answer(struct world *w, const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	errands_answer(w->es, j);
	json_decref(j);
}

static void asked_and_answered(void **state)
{
	struct world *w = *state;

	assert_int_equal(errands_add(w->es, "\"op\":\"a\"", slice_of("{\"x\":1}"), 1, 1000), OK);
	assert_int_equal(errands_add(w->es, "\"op\":\"b\"", (struct slice){0}, 2, 1001), OK);
	assert_string_equal(w->sent.p, "{\"id\":1,\"by\":4500,\"op\":\"a\",\"len\":7}\n{\"x\":1}{\"id\":2,\"by\":4501,\"op\":\"b\"}\n");
	answer(w, "{\"id\":\"1\"}"); /* not ours */
	answer(w, "{\"id\":3}");
	answer(w, "{}");
	assert_int_equal(errands_waiting(w->es), 2);
	answer(w, "{\"id\":2,\"status\":200}");
	answer(w, "{\"id\":2,\"status\":200}");
	assert_int_equal(w->done[2], 1);
	assert_int_equal(w->answered[2], 1);
	assert_int_equal(w->done[1], 0);
	answer(w, "{\"id\":1}");
	assert_int_equal(w->done[1], 1);
	assert_int_equal(errands_waiting(w->es), 0);
	assert_int_equal(errands_next(w->es), INT64_MAX);
}

static void given_up(void **state)
{
	struct world *w = *state;

	assert_int_equal(errands_add(w->es, "\"op\":\"a\"", (struct slice){0}, 1, 1000), OK);
	assert_int_equal(errands_add(w->es, "\"op\":\"a\"", (struct slice){0}, 2, 2000), OK);
	assert_int_equal(errands_next(w->es), 1000 + ERRAND_WAIT_MS);
	errands_tick(w->es, 1000 + ERRAND_WAIT_MS - 1);
	assert_int_equal(w->done[1], 0);
	errands_tick(w->es, 1000 + ERRAND_WAIT_MS);
	assert_int_equal(w->done[1], 1);
	assert_int_equal(w->answered[1], 0);
	assert_int_equal(w->done[2], 0);
	answer(w, "{\"id\":1}"); /* too late: nobody is told a second time */
	assert_int_equal(w->done[1], 1);
	w->again = 3; /* one that is asked while the door is lost is not lost with it */
	errands_lost(w->es);
	assert_int_equal(w->done[2], 1);
	assert_int_equal(w->answered[2], 0);
	assert_int_equal(w->done[3], 0);
	assert_int_equal(errands_waiting(w->es), 1);
	assert_int_equal(errands_counts(w->es)->unknown, 2);
}

static void bounds(void **state)
{
	struct world *w = *state;

	w->closed = true;
	assert_int_equal(errands_add(w->es, "\"op\":\"a\"", (struct slice){0}, 1, 0), ERR_CLOSED);
	assert_int_equal(errands_waiting(w->es), 0);
	w->closed = false;
	for (uint64_t i = 1; i <= ERRANDS_MAX; i++)
		assert_int_equal(errands_add(w->es, "\"op\":\"a\"", (struct slice){0}, i, 0), OK);
	assert_int_equal(errands_add(w->es, "\"op\":\"a\"", (struct slice){0}, ERRANDS_MAX + 1, 0), ERR_FULL);
	answer(w, "{\"id\":7}");
	assert_int_equal(errands_add(w->es, "\"op\":\"a\"", (struct slice){0}, ERRANDS_MAX + 1, 0), OK);
	errands_tick(w->es, ERRAND_WAIT_MS);
	for (uint64_t i = 1; i <= ERRANDS_MAX + 1; i++)
		assert_int_equal(w->done[i], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asked_and_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
