#include "core/area.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum area_level level(const char *s)
{
	return area_level(slice_of(s));
}

static bool reach(const char *s)
{
	return area_is_reach(slice_of(s));
}

static bool covers(const char *scope, const char *area)
{
	return area_covers(slice_of(scope), slice_of(area));
}

static void test_level(void **state)
{
	(void)state;
	assert_int_equal(level("990101"), AREA_DISTRICT);
	assert_int_equal(level("990101100"), AREA_TOWN);
	assert_int_equal(level("990101100016"), AREA_COMMUNITY);
	assert_int_equal(level("990101100016003"), AREA_GRID);
	assert_int_equal(level(""), AREA_NONE);
	assert_int_equal(level("99010"), AREA_NONE);
	assert_int_equal(level("9901011"), AREA_NONE);
	assert_int_equal(level("9901011000160031"), AREA_NONE);
	assert_int_equal(level("99010a"), AREA_NONE);
	assert_int_equal(level("99010 "), AREA_NONE);
	assert_int_equal(level("-90101"), AREA_NONE);
	assert_int_equal(area_level((struct slice){0}), AREA_NONE);
	assert_string_equal(area_level_name(AREA_DISTRICT), "district");
	assert_string_equal(area_level_name(AREA_TOWN), "town");
	assert_string_equal(area_level_name(AREA_COMMUNITY), "community");
	assert_string_equal(area_level_name(AREA_GRID), "grid");
	assert_string_equal(area_level_name(AREA_NONE), "");
}

static void test_reach(void **state)
{
	(void)state;
	assert_true(reach("R01"));
	assert_true(reach("r"));
	assert_true(reach("990101-bailong_2"));
	assert_true(reach("a2345678901234567890123456789012"));
	assert_false(reach("a23456789012345678901234567890123"));
	assert_false(reach(""));
	assert_false(reach("990101"));
	assert_false(reach("-_-"));
	assert_false(reach("R 1"));
	assert_false(reach("白龙江"));
	assert_false(reach("R/1"));
	assert_false(area_is_reach((struct slice){0}));
}

static void test_covers(void **state)
{
	(void)state;
	assert_true(covers("990101", "990101"));
	assert_true(covers("990101", "990101100016003"));
	assert_true(covers("990101100", "990101100016"));
	assert_false(covers("990101100", "990101"));
	assert_false(covers("990101100", "990101101016"));
	assert_false(covers("9901", "990101")); /* no code */
	assert_false(covers("990101", "9901011"));
	assert_false(covers("", "990101"));
	assert_false(covers("", ""));
	assert_true(covers("*", "990101"));
	assert_true(covers("*", "R01"));
	assert_true(covers("R01", "R01"));
	assert_false(covers("R0", "R01"));
	assert_false(covers("990101", "990101x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
