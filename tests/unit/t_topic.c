/* t_topic.c - topics are read strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/topic.h"

static enum topic_leaf parse(const char *s, struct topic *t)
{
	return topic_parse(s, strlen(s), t);
}

static void good_ones(void **state)
{
	struct topic t;

	(void)state;
	assert_int_equal(parse("xunge/v1/990101/d-0001/up", &t), TOPIC_UP);
	assert_true(slice_is(t.district, "990101"));
	assert_true(slice_is(t.device, "d-0001"));
	assert_false(t.reserved);
	assert_int_equal(parse("xunge/v1/000000/7/presence", &t), TOPIC_PRESENCE);
	assert_true(slice_is(t.device, "7"));
	assert_int_equal(parse("xunge/v1/990101/abcdefghijklmnopqrstuvwxyz-12345/up", &t), TOPIC_UP);
	assert_int_equal(t.device.n, 32);
	/* a district that cannot be true is still somebody's claim: it is answered */
	assert_int_equal(parse("xunge/v1/99010a/d-1/up", &t), TOPIC_UP);
	assert_true(slice_is(t.district, "99010a"));
	assert_int_equal(parse("xunge/v1/12345678901234567890123456789012/d-1/up", &t), TOPIC_UP);
	assert_int_equal(t.district.n, 32);
}

static void bad_ones(void **state)
{
	static const char *const bad[] = {
		"", "xunge", "xunge/v1/", "xunge/v1/990101", "xunge/v1/990101/", "xunge/v1/990101/d-1",
		"xunge/v1/990101/d-1/", "xunge/v1/990101/d-1/down", "xunge/v1/990101/d-1/upx", "xunge/v1/990101/d-1/u",
		"xunge/v1/990101/d-1/up/", "xunge/v1/990101/d-1/up/up", "xunge/v1/9901 1/d-1/up",
		"xunge/v1/123456789012345678901234567890123/d-1/up", "xunge/v1/990101/-d/up", "xunge/v1/990101/D-1/up", "xunge/v1/990101/d_1/up",
		"xunge/v1/990101/d.1/up", "xunge/v1/990101//up", "xunge/v1//d-1/up", "xunge/v2/990101/d-1/up",
		"/xunge/v1/990101/d-1/up", "Xunge/v1/990101/d-1/up", "xunge/v1/990101/d\xe5\xb7\xa1/up",
		"xunge/v1/990101/abcdefghijklmnopqrstuvwxyz-123456/up", "xunge/v1/+/d-1/up", "$share/g/xunge/v1/990101/d-1/up",
	};
	struct topic t = {.leaf = TOPIC_PRESENCE};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (parse(bad[i], &t) != TOPIC_NONE)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(t.leaf, TOPIC_PRESENCE); /* untouched */
	assert_int_equal(topic_parse("xunge/v1/990101/d-1/up\0x", 24, &t), TOPIC_NONE);
}

static void every_prefix_of_a_good_one_is_bad(void **state)
{
	static const char good[] = "xunge/v1/990101/d-0001/presence";
	struct topic t;

	(void)state;
	for (size_t n = 0; n < sizeof good - 1; n++) {
		char *copy = malloc(n + 1); /* exact: a sanitizer sees a byte too many */

		assert_non_null(copy);
		memcpy(copy, good, n);
		assert_int_equal(topic_parse(copy, n, &t), TOPIC_NONE);
		free(copy);
	}
}

static void reserved_names(void **state)
{
	struct topic t;

	(void)state;
	assert_int_equal(parse("xunge/v1/990101/office/up", &t), TOPIC_UP);
	assert_true(t.reserved);
	assert_int_equal(parse("xunge/v1/000000/ingest/presence", &t), TOPIC_PRESENCE);
	assert_true(t.reserved);
	assert_int_equal(parse("xunge/v1/990101/server/up", &t), TOPIC_UP);
	assert_true(t.reserved);
	assert_int_equal(parse("xunge/v1/990101/office1/up", &t), TOPIC_UP);
	assert_false(t.reserved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(bad_ones),
		cmocka_unit_test(every_prefix_of_a_good_one_is_bad),
		cmocka_unit_test(reserved_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
