/* t_casus.c - the case machine: core/casus.c.  SEED and ROUNDS in the environment. */
#include "tests/unit/casus_town.h"

#include <time.h>

/* From the report to the closing, as an office does it. */
static void tell_all(struct script *s)
{
	memset(s, 0, sizeof *s);
	tell(s, ACT_REPORT, ROLE_WORKER, "p-1");
	tell(s, ACT_ACCEPT, ROLE_OFFICE, "p-2");
	tell(s, ACT_DISPATCH, ROLE_OFFICE, "p-2");
	tell(s, ACT_SIGN, ROLE_HANDLER, "p-3");
	tell(s, ACT_HANDLE, ROLE_HANDLER, "p-3");
	tell(s, ACT_VERIFY_PASS, ROLE_VERIFIER, "p-4");
	tell(s, ACT_RATE, ROLE_CENTRE, "p-5");
}

static void test_life(void **state)
{
	static const enum casus_state want[] = {CASUS_REPORTED, CASUS_ACCEPTED, CASUS_DISPATCHED, CASUS_IN_PROGRESS,
		CASUS_HANDLED, CASUS_CLOSED, CASUS_CLOSED};
	struct script s;

	(void)state;
	tell_all(&s);
	fold(&s);
	for (uint32_t i = 0; i < s.n; i++) {
		assert_int_equal(s.order[i], i);
		if (s.act[i].fate != FATE_FORCE)
			fail_msg("%u: %s", i, s.act[i].detail);
		assert_int_equal(s.act[i].state, want[i]);
		assert_int_equal(s.act[i].version, i + 1);
		assert_false(s.act[i].parallel);
	}
	assert_int_equal(s.c.state, CASUS_CLOSED);
	assert_int_equal(s.c.version, 7);
	assert_int_equal(s.c.level, AREA_COMMUNITY);
	assert_int_equal(s.c.report, 0);
	assert_int_equal(s.c.last, 6);
	assert_int_equal(s.c.due_ms, at(5, 0, 0)); /* the end of Thursday */
	assert_int_equal(s.c.on_time, 1);
	assert_int_equal(s.c.result, RESULT_RECTIFIED);
	assert_int_equal(s.c.rating, RATING_SATISFIED);
	assert_string_equal(s.c.holder, "drainage office");
	assert_string_equal(s.c.handler, "p-3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
