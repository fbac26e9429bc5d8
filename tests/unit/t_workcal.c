/* t_workcal.c - deadlines: core/workcal.c with deploy/calendars/2023-2026.csv.  The tables were made by hand, from the
 * holidays as they were announced.  SEED in the environment. */
#include "core/workcal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/civil.h"

#define HOUR_MS 3600000LL

struct rows {
	struct workcal_day d[512];
	struct workcal cal;
};

static int setup(void **state)
{
	static const char path[] = "deploy/calendars/2023-2026.csv";
	struct rows *r = xcalloc(1, sizeof *r);
	FILE *f = fopen(path, "r");
	char line[64];

	if (!f || !fgets(line, sizeof line, f) || strcmp(line, "date,kind\n") != 0)
		fail_msg("%s: not there, or not that", path);
	while (fgets(line, sizeof line, f)) {
		char *comma = strchr(line, ',');
		struct workcal_day *d = &r->d[r->cal.n++];

		assert_non_null(comma);
		assert_true(r->cal.n <= ARRAY_LEN(r->d));
		assert_true(civil_parse_day(line, (size_t)(comma - line), &d->day));
		d->makeup = strcmp(comma, ",makeup\n") == 0;
		assert_true(d->makeup || strcmp(comma, ",holiday\n") == 0);
		assert_true(r->cal.n == 1 || d[-1].day < d->day);
	}
	assert_int_equal(fclose(f), 0);
	r->cal.d = r->d;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* "2023-09-28 10:00"; 24:00 is the end of the day. */
static int64_t instant(const char *text)
{
	int32_t day;

	assert_int_equal(strlen(text), 16);
	assert_true(civil_parse_day(text, 10, &day));
	return civil_day_ms(day) + atoi(text + 11) * HOUR_MS + atoi(text + 14) * 60000LL;
}

struct line {
	const char *start;
	int amount;
	enum due_unit unit;
	const char *due;
	bool guess;
};

static void follow(const struct workcal *c, const struct line *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool guess = !v[i].guess;
		int64_t due = due_after(c, instant(v[i].start), v[i].amount, v[i].unit, &guess);
		char text[CIVIL_INSTANT_TEXT];

		civil_instant_text(due, text);
		if (due != instant(v[i].due) || guess != v[i].guess)
			fail_msg("%s and %d of unit %d: %s%s, want %s%s", v[i].start, v[i].amount, (int)v[i].unit, text,
				guess ? " (a guess)" : "", v[i].due, v[i].guess ? " (a guess)" : "");
		assert_int_equal(due_after(c, instant(v[i].start), v[i].amount, v[i].unit, NULL), due);
	}
}

static void test_national_day(void **state)
{
	static const struct line v[] = {
		/* 2023: off 29 September to 6 October, work on Saturday 7 and Sunday 8 October */
		{"2023-09-27 10:00", 1, DUE_WORK_DAY, "2023-09-28 24:00", false},
		{"2023-09-28 10:00", 1, DUE_WORK_DAY, "2023-10-07 24:00", false},
		{"2023-09-28 23:59", 2, DUE_WORK_DAY, "2023-10-08 24:00", false},
		{"2023-09-28 00:00", 3, DUE_WORK_DAY, "2023-10-09 24:00", false},
		{"2023-10-01 10:00", 1, DUE_WORK_DAY, "2023-10-07 24:00", false},
		{"2023-10-06 10:00", 7, DUE_WORK_DAY, "2023-10-13 24:00", false},
		{"2023-10-06 10:00", 8, DUE_WORK_DAY, "2023-10-16 24:00", false},
		{"2023-09-28 10:00", 8, DUE_WORK_HOUR, "2023-10-07 10:00", false},
		{"2023-09-28 17:00", 1, DUE_WORK_HOUR, "2023-09-28 18:00", false},
		{"2023-09-28 17:00", 24, DUE_WORK_HOUR, "2023-10-09 17:00", false},
		{"2023-10-03 03:00", 16, DUE_WORK_HOUR, "2023-10-08 18:00", false},
		/* 2024: work on Sunday 29 September, off 1 to 7 October, work on Saturday 12 October */
		{"2024-09-28 10:00", 1, DUE_WORK_DAY, "2024-09-29 24:00", false},
		{"2024-09-27 10:00", 2, DUE_WORK_DAY, "2024-09-30 24:00", false},
		{"2024-09-30 17:00", 1, DUE_WORK_DAY, "2024-10-08 24:00", false},
		{"2024-09-30 17:00", 3, DUE_WORK_DAY, "2024-10-10 24:00", false},
		{"2024-09-30 17:00", 5, DUE_WORK_DAY, "2024-10-12 24:00", false},
		{"2024-09-30 17:00", 6, DUE_WORK_DAY, "2024-10-14 24:00", false},
		{"2024-09-29 13:00", 14, DUE_WORK_HOUR, "2024-10-08 10:00", false},
		{"2024-10-11 16:00", 4, DUE_WORK_HOUR, "2024-10-12 11:00", false},
		/* 2025: work on Sunday 28 September, off 1 to 8 October, work on Saturday 11 October */
		{"2025-09-26 10:00", 1, DUE_WORK_DAY, "2025-09-28 24:00", false},
		{"2025-09-30 10:00", 1, DUE_WORK_DAY, "2025-10-09 24:00", false},
		{"2025-09-30 10:00", 3, DUE_WORK_DAY, "2025-10-11 24:00", false},
		{"2025-09-30 10:00", 4, DUE_WORK_DAY, "2025-10-13 24:00", false},
		{"2025-09-30 17:30", 4, DUE_WORK_HOUR, "2025-10-09 13:30", false},
		/* 2026: work on Sunday 20 September, off 25 to 27, off 1 to 7 October, work on Saturday 10 October */
		{"2026-09-18 10:00", 1, DUE_WORK_DAY, "2026-09-20 24:00", false},
		{"2026-09-24 10:00", 1, DUE_WORK_DAY, "2026-09-28 24:00", false},
		{"2026-09-24 10:00", 4, DUE_WORK_DAY, "2026-10-08 24:00", false},
		{"2026-09-30 10:00", 3, DUE_WORK_DAY, "2026-10-10 24:00", false},
		{"2026-09-30 10:00", 4, DUE_WORK_DAY, "2026-10-12 24:00", false},
		{"2026-10-09 17:00", 9, DUE_WORK_HOUR, "2026-10-10 18:00", false},
	};
	struct rows *r = *state;

	follow(&r->cal, v, ARRAY_LEN(v));
}

static void test_spring_festival(void **state)
{
	static const struct line v[] = {
		/* 2023: off 21 to 27 January, work on Saturday 28 and Sunday 29 */
		{"2023-01-20 09:00", 1, DUE_WORK_DAY, "2023-01-28 24:00", false},
		{"2023-01-20 09:00", 3, DUE_WORK_DAY, "2023-01-30 24:00", false},
		{"2023-01-22 09:00", 2, DUE_WORK_DAY, "2023-01-29 24:00", false},
		{"2023-01-20 16:00", 4, DUE_WORK_HOUR, "2023-01-28 11:00", false},
		/* 2024: work on Sunday 4 February, off 10 to 17, work on Sunday 18 */
		{"2024-02-02 09:00", 1, DUE_WORK_DAY, "2024-02-04 24:00", false},
		{"2024-02-09 09:00", 1, DUE_WORK_DAY, "2024-02-18 24:00", false},
		{"2024-02-09 09:00", 2, DUE_WORK_DAY, "2024-02-19 24:00", false},
		{"2024-02-09 17:59", 8, DUE_WORK_HOUR, "2024-02-18 17:59", false},
		/* 2025: work on Sunday 26 January, off 28 January to 4 February, work on Saturday 8 February */
		{"2025-01-24 09:00", 1, DUE_WORK_DAY, "2025-01-26 24:00", false},
		{"2025-01-27 09:00", 1, DUE_WORK_DAY, "2025-02-05 24:00", false},
		{"2025-01-27 09:00", 4, DUE_WORK_DAY, "2025-02-08 24:00", false},
		{"2025-01-27 09:00", 5, DUE_WORK_DAY, "2025-02-10 24:00", false},
		{"2025-01-28 09:00", 1, DUE_WORK_HOUR, "2025-02-05 10:00", false},
		/* 2026: work on Saturday 14 February, off 15 to 23, work on Saturday 28 */
		{"2026-02-13 09:00", 1, DUE_WORK_DAY, "2026-02-14 24:00", false},
		{"2026-02-13 09:00", 2, DUE_WORK_DAY, "2026-02-24 24:00", false},
		{"2026-02-13 09:00", 6, DUE_WORK_DAY, "2026-02-28 24:00", false},
		{"2026-02-13 09:00", 7, DUE_WORK_DAY, "2026-03-02 24:00", false},
		{"2026-02-14 14:00", 5, DUE_WORK_HOUR, "2026-02-24 10:00", false},
	};
	struct rows *r = *state;

	follow(&r->cal, v, ARRAY_LEN(v));
}

/* The week of Monday 2025-11-24 is a plain one. */
static void test_hours(void **state)
{
	static const struct line v[] = {
		{"2025-11-24 09:00", 1, DUE_WORK_HOUR, "2025-11-24 10:00", false},
		{"2025-11-24 09:00", 3, DUE_WORK_HOUR, "2025-11-24 12:00", false}, /* and not 13:00 */
		{"2025-11-24 09:00", 4, DUE_WORK_HOUR, "2025-11-24 14:00", false},
		{"2025-11-24 11:30", 1, DUE_WORK_HOUR, "2025-11-24 13:30", false},
		{"2025-11-24 12:00", 1, DUE_WORK_HOUR, "2025-11-24 14:00", false},
		{"2025-11-24 12:30", 1, DUE_WORK_HOUR, "2025-11-24 14:00", false},
		{"2025-11-24 13:00", 5, DUE_WORK_HOUR, "2025-11-24 18:00", false},
		{"2025-11-24 07:00", 8, DUE_WORK_HOUR, "2025-11-24 18:00", false}, /* and not 09:00 of Tuesday */
		{"2025-11-24 07:00", 9, DUE_WORK_HOUR, "2025-11-25 10:00", false},
		{"2025-11-24 17:30", 1, DUE_WORK_HOUR, "2025-11-25 09:30", false},
		{"2025-11-24 18:00", 1, DUE_WORK_HOUR, "2025-11-25 10:00", false},
		{"2025-11-24 23:30", 1, DUE_WORK_HOUR, "2025-11-25 10:00", false},
		{"2025-11-28 17:30", 1, DUE_WORK_HOUR, "2025-12-01 09:30", false}, /* over a weekend */
		{"2025-11-29 10:00", 1, DUE_WORK_HOUR, "2025-12-01 10:00", false},
		{"2025-11-30 23:59", 8, DUE_WORK_HOUR, "2025-12-01 18:00", false},
		{"2025-11-24 09:00", 40, DUE_WORK_HOUR, "2025-11-28 18:00", false},
		{"2025-11-24 09:00", 41, DUE_WORK_HOUR, "2025-12-01 10:00", false},
		/* natural ones know no calendar */
		{"2025-11-28 17:30", 24, DUE_HOUR, "2025-11-29 17:30", false},
		{"2025-11-28 23:30", 1, DUE_HOUR, "2025-11-29 00:30", false},
		{"2025-11-28 17:30", 2, DUE_DAY, "2025-11-30 24:00", false},
		{"2025-11-28 00:00", 1, DUE_DAY, "2025-11-29 24:00", false},
		{"2024-02-27 10:00", 3, DUE_DAY, "2024-03-01 24:00", false},
		/* amounts of 0 */
		{"2025-11-24 10:00", 0, DUE_WORK_HOUR, "2025-11-24 10:00", false},
		{"2025-11-24 12:30", 0, DUE_WORK_HOUR, "2025-11-24 12:30", false},
		{"2025-11-24 10:00", 0, DUE_HOUR, "2025-11-24 10:00", false},
		{"2025-11-24 10:00", 0, DUE_DAY, "2025-11-24 24:00", false},
		{"2025-11-24 10:00", 0, DUE_WORK_DAY, "2025-11-24 24:00", false},
		{"2025-11-29 10:00", 0, DUE_WORK_DAY, "2025-12-01 24:00", false},
	};
	struct rows *r = *state;

	follow(&r->cal, v, ARRAY_LEN(v));
}

/* A year of which the calendar says nothing has plain weeks, and what reaches there is a guess. */
static void test_gap(void **state)
{
	static const struct line v[] = {
		{"2026-12-30 10:00", 1, DUE_WORK_DAY, "2026-12-31 24:00", false},
		{"2026-12-30 10:00", 2, DUE_WORK_DAY, "2027-01-01 24:00", true},
		{"2026-12-30 10:00", 3, DUE_WORK_DAY, "2027-01-04 24:00", true},
		{"2026-12-31 17:00", 1, DUE_WORK_HOUR, "2026-12-31 18:00", false},
		{"2026-12-31 17:00", 2, DUE_WORK_HOUR, "2027-01-01 10:00", true},
		{"2026-12-31 17:00", 20, DUE_HOUR, "2027-01-01 13:00", false},
		{"2026-12-31 17:00", 2, DUE_DAY, "2027-01-02 24:00", false},
		{"2022-12-30 10:00", 1, DUE_WORK_DAY, "2023-01-03 24:00", true},
	};
	static const struct line between[] = {
		{"2023-12-29 10:00", 1, DUE_WORK_DAY, "2024-01-01 24:00", true}, /* nothing is known of 2024 */
		{"2023-12-28 10:00", 1, DUE_WORK_DAY, "2023-12-29 24:00", false},
		{"2023-12-29 10:00", 262, DUE_WORK_DAY, "2024-12-31 24:00", true}, /* 262 weekdays in 2024 */
		{"2023-12-29 10:00", 263, DUE_WORK_DAY, "2025-01-02 24:00", true}, /* New Year of 2025 is known */
		{"2025-01-02 10:00", 1, DUE_WORK_DAY, "2025-01-03 24:00", false},
	};
	struct rows *r = *state;
	struct rows gap = {.cal = {.d = gap.d}};

	follow(&r->cal, v, ARRAY_LEN(v));
	for (int y = 2020; y < 2030; y++)
		assert_int_equal(workcal_knows(&r->cal, y), y >= 2023 && y <= 2026);
	assert_false(workcal_knows(&r->cal, 0));
	assert_false(workcal_knows(&r->cal, 10000));
	for (uint32_t i = 0; i < r->cal.n; i++)
		if (civil_yyyymmdd(r->d[i].day) / 10000 != 2024)
			gap.d[gap.cal.n++] = r->d[i];
	assert_false(workcal_knows(&gap.cal, 2024));
	follow(&gap.cal, between, ARRAY_LEN(between));
	assert_true(workcal_is_workday(&gap.cal, civil_make(2024, 10, 1)));
	assert_false(workcal_is_workday(&gap.cal, civil_make(2024, 10, 12)));
	assert_false(workcal_is_workday(&r->cal, civil_make(2024, 10, 1)));
	assert_true(workcal_is_workday(&r->cal, civil_make(2024, 10, 12)));
}

/* ---------------------------------------------------------------- against another, slow way */

static uint64_t dice;

static int64_t roll(int64_t n)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int64_t)((dice >> 11) % (uint64_t)n);
}

static void seed(void)
{
	const char *s = getenv("SEED");

	dice = s ? strtoull(s, NULL, 10) : (uint64_t)time(NULL);
	print_message("SEED=%llu\n", (unsigned long long)dice);
}

/* Minute after minute. */
static bool is_work_minute(const struct workcal *c, int64_t ms)
{
	int32_t day = civil_day(ms);
	int64_t hour = (ms - civil_day_ms(day)) / HOUR_MS;

	return workcal_is_workday(c, day) && hour >= 9 && hour < 18 && hour != 12;
}

static int64_t slow_due(const struct workcal *c, int64_t start, int64_t amount, enum due_unit unit)
{
	int32_t day = civil_day(start);
	int64_t left;

	switch (unit) {
	case DUE_WORK_HOUR:
		for (left = amount * 60; left > 0; start += 60000)
			left -= is_work_minute(c, start);
		return start;
	case DUE_WORK_DAY:
		while (amount > 0)
			amount -= workcal_is_workday(c, ++day);
		while (!workcal_is_workday(c, day))
			day++;
		return civil_day_ms(day + 1);
	case DUE_DAY:
		return civil_day_ms(day) + (amount + 1) * 24 * 60 * 60 * 1000;
	case DUE_HOUR:
	case DUE_NONE:
		break;
	}
	return start + amount * 60 * 60 * 1000;
}

static int64_t slow_left(const struct workcal *c, int64_t at, int64_t due, enum due_unit unit)
{
	int64_t n = 0;

	for (; at < due && unit == DUE_WORK_HOUR; at += 60000)
		n += is_work_minute(c, at) ? 60000 : 0;
	for (int32_t day = civil_day(at) + 1; unit == DUE_WORK_DAY && civil_day_ms(day) < due; day++)
		n += workcal_is_workday(c, day);
	return n;
}

static void random_calendar(struct rows *r)
{
	int32_t first = civil_make(2024, 1, 1);

	memset(r, 0, sizeof *r);
	r->cal.d = r->d;
	for (int32_t day = 0; day < 400 && r->cal.n < ARRAY_LEN(r->d); day += 1 + (int32_t)roll(roll(3) ? 2 : 40))
		r->d[r->cal.n++] = (struct workcal_day){first + day, roll(2) == 0};
}

static void test_against_slow(void **state)
{
	static const enum due_unit units[] = {DUE_WORK_HOUR, DUE_WORK_DAY, DUE_HOUR, DUE_DAY};
	struct rows *r = *state, other;

	seed();
	for (int i = 0; i < 3000; i++) {
		enum due_unit u = units[roll(4)];
		int64_t from = civil_day_ms(civil_make(2024, 1, 1)) + roll(500 * 24 * 60) * 60000;
		int64_t amount = roll(roll(4) ? 12 : 300), due, want, mid;
		const struct workcal *c = &r->cal;

		if (i % 2 && i % 100 == 1)
			random_calendar(&other);
		if (i % 2)
			c = &other.cal;
		due = due_after(c, from, amount, u, NULL);
		want = slow_due(c, from, amount, u);
		if (due != want)
			fail_msg("round %d: unit %d, %lld after %lld: %lld, want %lld", i, (int)u, (long long)amount,
				(long long)from, (long long)due, (long long)want);
		if (due <= from)
			continue;
		/* A clock stopped on the way and started at once is the same clock. */
		mid = from + roll((due - from) / 60000 + 1) * 60000;
		if (mid == due)
			continue;
		if (u == DUE_WORK_HOUR || u == DUE_WORK_DAY)
			assert_int_equal(due_left(c, mid, due, u), slow_left(c, mid, due, u));
		if (due_resume(c, mid, due_left(c, mid, due, u), u, NULL) != due)
			fail_msg("round %d: unit %d: due %lld, stopped at %lld, %lld left", i, (int)u, (long long)due,
				(long long)mid, (long long)due_left(c, mid, due, u));
	}
}

static void test_stopped(void **state)
{
	struct rows *r = *state;
	int64_t due = instant("2023-09-28 24:00");

	/* three working days are left on Monday; they run on after National Day */
	assert_int_equal(due_left(&r->cal, instant("2023-09-25 15:00"), due, DUE_WORK_DAY), 3);
	assert_int_equal(due_resume(&r->cal, instant("2023-10-04 10:00"), 3, DUE_WORK_DAY, NULL), instant("2023-10-09 24:00"));
	assert_int_equal(due_left(&r->cal, instant("2023-09-28 23:59"), due, DUE_WORK_DAY), 0);
	assert_int_equal(due_left(&r->cal, due, due, DUE_WORK_DAY), 0);
	assert_int_equal(due_left(&r->cal, due + 1, due, DUE_WORK_DAY), 0);
	/* hours over lunch, over the night, over the holidays */
	due = instant("2023-09-28 17:00");
	assert_int_equal(due_left(&r->cal, instant("2023-09-28 11:30"), due, DUE_WORK_HOUR), 4.5 * HOUR_MS);
	assert_int_equal(due_left(&r->cal, instant("2023-09-28 12:30"), due, DUE_WORK_HOUR), 4 * HOUR_MS);
	assert_int_equal(due_left(&r->cal, instant("2023-09-27 17:30"), due, DUE_WORK_HOUR), 7.5 * HOUR_MS);
	assert_int_equal(due_left(&r->cal, instant("2023-09-27 20:00"), due, DUE_WORK_HOUR), 7 * HOUR_MS);
	assert_int_equal(due_left(&r->cal, due + HOUR_MS, due, DUE_WORK_HOUR), 0);
	assert_int_equal(due_resume(&r->cal, instant("2023-10-01 10:00"), 4.5 * HOUR_MS, DUE_WORK_HOUR, NULL), instant("2023-10-07 14:30"));
	assert_int_equal(due_left(&r->cal, due - 90 * 60000LL, due, DUE_HOUR), 90 * 60000LL);
	assert_int_equal(due_left(&r->cal, due, due, DUE_HOUR), 0);
}

/* ms / (60000 * 24) are no days: it makes 60 of one, and knows no midnight. */
static void test_days_are_days(void **state)
{
	struct rows *r = *state;
	int64_t due = instant("2023-03-10 24:00");

	assert_int_equal(due_left(&r->cal, instant("2023-03-09 00:00"), due, DUE_DAY), 1);
	assert_int_equal(due_left(&r->cal, instant("2023-03-09 23:59"), due, DUE_DAY), 1);
	assert_int_equal(due_left(&r->cal, instant("2023-03-10 00:00"), due, DUE_DAY), 0);
	assert_int_equal(due_left(&r->cal, instant("2023-03-05 07:59"), due, DUE_DAY), 5); /* 4 March in UTC */
	assert_int_equal(due_left(&r->cal, instant("2022-03-10 12:00"), due, DUE_DAY), 365);
	assert_int_equal(due_after(&r->cal, instant("2023-03-05 07:59"), 5, DUE_DAY, NULL), due);
	assert_int_equal(due_after(&r->cal, instant("2023-03-05 23:59"), 5, DUE_DAY, NULL), due);
}

/* The largest amounts, and deadlines that somebody puts into the year 9999. */
static void test_far(void **state)
{
	static const enum due_unit units[] = {DUE_WORK_HOUR, DUE_WORK_DAY, DUE_HOUR, DUE_DAY};
	struct rows *r = *state;
	int64_t from = instant("2023-09-28 10:00"), far = 253402300799999LL;
	bool guess;

	assert_int_equal(due_after(&r->cal, from, DUE_AMOUNT_MAX, DUE_WORK_DAY, &guess),
		slow_due(&r->cal, from, DUE_AMOUNT_MAX, DUE_WORK_DAY));
	assert_true(guess);
	assert_int_equal(due_after(&r->cal, from, DUE_AMOUNT_MAX, DUE_WORK_HOUR, NULL),
		due_after(&r->cal, instant("2023-09-28 23:00"), DUE_AMOUNT_MAX - 7, DUE_WORK_HOUR, NULL));
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		int64_t left = due_left(&r->cal, from, far, units[i]), due = due_resume(&r->cal, far, left, units[i], NULL);

		assert_true(left > 0);
		assert_true(due > far && due < 1000000000000000LL);
		assert_true(due_left(&r->cal, far, due, units[i]) <= left);
	}
	/* clocks before 1970 */
	assert_int_equal(due_after(&r->cal, -1000 * CIVIL_DAY_MS, 3, DUE_WORK_DAY, &guess),
		slow_due(&r->cal, -1000 * CIVIL_DAY_MS, 3, DUE_WORK_DAY));
	assert_true(guess);
	for (int64_t day = -1010; day < 20; day += 3)
		assert_int_equal(due_left(&r->cal, day * CIVIL_DAY_MS, (day + 30) * CIVIL_DAY_MS, DUE_WORK_DAY),
			slow_left(&r->cal, day * CIVIL_DAY_MS, (day + 30) * CIVIL_DAY_MS, DUE_WORK_DAY));
}

static void test_units(void **state)
{
	(void)state;
	assert_int_equal(due_unit_of(slice_of("work_hour")), DUE_WORK_HOUR);
	assert_int_equal(due_unit_of(slice_of("work_day")), DUE_WORK_DAY);
	assert_int_equal(due_unit_of(slice_of("hour")), DUE_HOUR);
	assert_int_equal(due_unit_of(slice_of("day")), DUE_DAY);
	assert_int_equal(due_unit_of(slice_of("days")), DUE_NONE);
	assert_int_equal(due_unit_of(slice_of("")), DUE_NONE);
	assert_int_equal(due_unit_of((struct slice){NULL, 0}), DUE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_national_day),
		cmocka_unit_test(test_spring_festival),
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_against_slow),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_days_are_days),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
