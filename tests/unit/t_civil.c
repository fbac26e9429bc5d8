#include "core/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Day by day from 0001-01-01 to 9999-12-31 by counting, which is another way than the code's. */
static void test_every_day(void **state)
{
	int y = 1, m = 1, d = 1, weekday = 1; /* 0001-01-01 was a Monday */
	int32_t day = civil_make(1, 1, 1), month_first = day, year_first = day, want[3];
	int gy, gm, gd;

	(void)state;
	for (; y <= 9999; day++) {
		if (d == 1)
			month_first = day;
		if (d == 1 && m == 1)
			year_first = day;
		civil_split(day, &gy, &gm, &gd);
		want[0] = civil_make(y, m, d);
		want[1] = civil_month_first(day);
		want[2] = civil_year_first(day);
		if (gy != y || gm != m || gd != d || want[0] != day || want[1] != month_first ||
			want[2] != year_first || civil_weekday(day) != weekday ||
			civil_yyyymmdd(day) != y * 10000 + m * 100 + d)
			fail_msg("%04d-%02d-%02d is day %d, got %d-%d-%d", y, m, d, day, gy, gm, gd);
		weekday = weekday % 7 + 1;
		if (civil_exists(y, m, d + 1)) {
			d++;
		} else {
			d = 1;
			m = m % 12 + 1;
			y += m == 1;
		}
	}
	assert_int_equal(day, civil_make(9999, 12, 31) + 1);
}

/* The C library agrees. */
static void test_against_libc(void **state)
{
	uint32_t seed = (uint32_t)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 20000; i++) {
		int64_t ms = ((int64_t)random() * random()) % 250000000000000LL *
			(random() % 8 ? 1 : -1) / (1 << random() % 12);
		time_t local = (time_t)(ms >= 0 ? ms / 1000 : -((999 - ms) / 1000)) + 8 * 3600;
		int in_second = (int)(((ms % 1000) + 1000) % 1000);
		char want[64], got[CIVIL_INSTANT_TEXT];
		struct tm tm;
		int64_t back;

		assert_non_null(gmtime_r(&local, &tm));
		if (tm.tm_year + 1900 < 1 || tm.tm_year + 1900 > 9999)
			continue;
		(void)snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%03d+08:00",
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			in_second); /* fits */
		civil_instant_text(ms, got);
		assert_string_equal(got, want);
		assert_int_equal(civil_weekday(civil_day(ms)), tm.tm_wday ? tm.tm_wday : 7);
		assert_true(civil_parse_instant(got, strlen(got), &back));
		assert_int_equal(back, ms);
	}
}

static void test_day_edges(void **state)
{
	int32_t day = civil_make(2023, 12, 31);

	(void)state;
	assert_int_equal(civil_day(0), 0);
	assert_int_equal(civil_day(-1), 0); /* 07:59:59.999 there */
	assert_int_equal(civil_day(-8 * 3600000 - 1), -1);
	assert_int_equal(civil_day_ms(day), 1703952000000); /* 2023-12-30T16:00Z */
	assert_int_equal(civil_day(1703952000000), day);
	assert_int_equal(civil_day(1703952000000 - 1), day - 1);
	assert_int_equal(civil_day(1704038399999), day);
	assert_int_equal(civil_day(1704038400000), day + 1);
	assert_int_equal(civil_yyyymmdd(day), 20231231);
}

static void test_exists(void **state)
{
	(void)state;
	assert_true(civil_exists(2024, 2, 29));
	assert_true(civil_exists(2000, 2, 29));
	assert_false(civil_exists(2023, 2, 29));
	assert_false(civil_exists(1900, 2, 29));
	assert_false(civil_exists(2023, 4, 31));
	assert_false(civil_exists(2023, 13, 1));
	assert_false(civil_exists(2023, 0, 1));
	assert_false(civil_exists(2023, 1, 0));
	assert_false(civil_exists(0, 1, 1));
	assert_false(civil_exists(10000, 1, 1));
}

static void test_parse_day(void **state)
{
	static const char *const good[] = {"2023-01-05", "2023/1/5", "2023/01/05", "2023-1-5"};
	static const char *const bad[] = {"", "2023", "2023-01", "2023-01-", "2023-02-29", "23-01-05",
		"2023-01/05", "2023.01.05", "2023-01-055", " 2023-01-05", "2023-01-05 ", "2023-001-05",
		"-023-01-05", "2023-13-01", "20230105", "2023-01-05T00:00:00Z", "0000-01-01"};
	int32_t day = -7;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		day = -7;
		assert_true(civil_parse_day(good[i], strlen(good[i]), &day));
		assert_int_equal(day, civil_make(2023, 1, 5));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		day = -7;
		if (civil_parse_day(bad[i], strlen(bad[i]), &day) || day != -7)
			fail_msg("took %s", bad[i]);
	}
	assert_false(civil_parse_day("2023-01-05", 9, &day)); /* n bytes, not more */
}

static void test_parse_instant(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"2026-11-23", 1795363200000},
		{"2026-11-23T09:38:12.345+08:00", 1795397892345},
		{"2026-11-23T01:38:12.345Z", 1795397892345},
		{"2026-11-23t01:38:12.345999z", 1795397892345},
		{"2026-11-23 01:38:12Z", 1795397892000},
		{"2026-11-23T01:38:12.3Z", 1795397892300},
		{"2026-11-22T20:08:12-05:30", 1795397892000},
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59.999Z", -1},
	};
	static const char *const bad[] = {"", "2026-11-23T", "2026-11-23T09:38:12", "2026-11-23T09:38Z",
		"2026-11-23T24:00:00Z", "2026-11-23T09:60:00Z", "2026-11-23T09:38:60Z",
		"2026-11-23T09:38:12.Z", "2026-11-23T09:38:12+0800", "2026-11-23T09:38:12+08:60",
		"2026-11-23T09:38:12+24:00", "2026-11-23T09:38:12Zx", "2026/11/23T09:38:12Z",
		"2026-1-23T09:38:12Z", "2026-11-23T9:38:12Z", "2026-02-30T09:38:12Z", "now"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ms = -7;
		assert_true(civil_parse_instant(good[i].text, strlen(good[i].text), &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ms = -7;
		if (civil_parse_instant(bad[i], strlen(bad[i]), &ms) || ms != -7)
			fail_msg("took %s", bad[i]);
	}
}

/* Years that four digits do not hold, and the bounds of the buffers. */
static bool is_period(const char *text, const char *from, const char *to)
{
	char a[CIVIL_DAY_TEXT], b[CIVIL_DAY_TEXT];
	int32_t first, end;

	if (!civil_parse_period(text, strlen(text), &first, &end))
		return !from;
	civil_day_text(first, a);
	civil_day_text(end, b);
	return from && strcmp(a, from) == 0 && strcmp(b, to) == 0;
}

static void test_parse_period(void **state)
{
	static const char *const none[] = {"", "2023-", "202", "20233", "2023-13", "2023-00", "2023-1", "2023-Q0", "2023-Q5", "2023-Q", "2023-H3", "2023-Q11",
		"2023-W00", "2023-W53", "2023-W1", "2023-11-D0", "2023-11-D4", "2023-11-D", "2023-11-D11", "2023-11-31", "2023-11-1", "2023/11", "2023/11/23",
		"2023-11-上", "2023-11-旬", "2023-11-23T00:00:00Z", " 2023", "0000", "9999", "2023-q1"};

	(void)state;
	assert_true(is_period("2023", "2023-01-01", "2024-01-01"));
	assert_true(is_period("9998-12", "9998-12-01", "9999-01-01"));
	assert_true(is_period("2023-H1", "2023-01-01", "2023-07-01"));
	assert_true(is_period("2023-H2", "2023-07-01", "2024-01-01"));
	assert_true(is_period("2023-Q1", "2023-01-01", "2023-04-01"));
	assert_true(is_period("2023-Q4", "2023-10-01", "2024-01-01"));
	assert_true(is_period("2024-02", "2024-02-01", "2024-03-01"));
	assert_true(is_period("2023-12", "2023-12-01", "2024-01-01"));
	assert_true(is_period("2023-11-23", "2023-11-23", "2023-11-24"));
	assert_true(is_period("2023-12-31", "2023-12-31", "2024-01-01"));
	assert_true(is_period("2023-11-D1", "2023-11-01", "2023-11-11"));
	assert_true(is_period("2023-11-中旬", "2023-11-11", "2023-11-21"));
	assert_true(is_period("2024-02-下旬", "2024-02-21", "2024-03-01"));
	assert_true(is_period("2023-12-D3", "2023-12-21", "2024-01-01"));
	assert_true(is_period("2023-W01", "2023-01-02", "2023-01-09"));
	assert_true(is_period("2023-W47", "2023-11-20", "2023-11-27"));
	assert_true(is_period("2020-W53", "2020-12-28", "2021-01-04"));
	assert_true(is_period("2021-W01", "2021-01-04", "2021-01-11"));
	assert_true(is_period("2025-W01", "2024-12-30", "2025-01-06"));
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (!is_period(none[i], NULL, NULL))
			fail_msg("%s is taken for a period", none[i]);
}

/* Weeks follow each other over every new year, as the C library numbers them. */
static void test_weeks(void **state)
{
	int32_t end = 0;

	(void)state;
	for (int y = 1971; y < 2200; y++)
		for (int w = 1, is = 1; is; w++) {
			char name[32], want[32];
			int32_t first, to;
			time_t noon;
			struct tm tm;

			(void)snprintf(name, sizeof name, "%04d-W%02d", y, w);
			if (!(is = civil_parse_period(name, strlen(name), &first, &to))) {
				assert_true(w == 53 || w == 54);
				continue;
			}
			assert_true(!end || first == end);
			end = to;
			noon = (time_t)first * 86400 + 43200;
			assert_non_null(gmtime_r(&noon, &tm));
			assert_int_not_equal(strftime(want, sizeof want, "%G-W%V", &tm), 0);
			assert_string_equal(name, want);
		}
}

static void test_far(void **state)
{
	char day[CIVIL_DAY_TEXT], instant[CIVIL_INSTANT_TEXT];

	(void)state;
	civil_instant_text(1000000000000000, instant);
	assert_string_equal(instant, "33658-09-27T09:46:40.000+08:00");
	civil_day_text(civil_day(1000000000000000), day);
	assert_string_equal(day, "33658-09-27");
	civil_instant_text(-1000000000000000, instant);
	assert_int_equal(strncmp(instant, "0000-", 5), 0);
	civil_day_text(INT32_MAX, day);
	assert_int_equal(strncmp(day, "99999-", 6), 0);
	civil_day_text(civil_make(2026, 11, 23), day);
	assert_string_equal(day, "2026-11-23");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_against_libc),
		cmocka_unit_test(test_day_edges),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_parse_day),
		cmocka_unit_test(test_parse_period), cmocka_unit_test(test_weeks), cmocka_unit_test(test_parse_instant),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
