#include "core/workcal.h"

#include <stddef.h>

#include "core/civil.h"

#define HOUR_MS 3600000LL
#define NINE (9 * HOUR_MS)
#define NOON (12 * HOUR_MS)
#define ONE (13 * HOUR_MS)
#define SIX (18 * HOUR_MS)
#define WORK_MS (8 * HOUR_MS) /* of one working day */

enum due_unit due_unit_of(struct slice name)
{
	if (slice_is(name, "work_hour"))
		return DUE_WORK_HOUR;
	if (slice_is(name, "work_day"))
		return DUE_WORK_DAY;
	if (slice_is(name, "hour"))
		return DUE_HOUR;
	if (slice_is(name, "day"))
		return DUE_DAY;
	return DUE_NONE;
}

/* Index of the first row of `day` or later; n when there is none. */
static uint32_t row_from(const struct workcal *c, int64_t day)
{
	uint32_t lo = 0, hi = c->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->d[mid].day < day)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_weekday(int32_t day)
{
	return civil_weekday(day) <= 5;
}

bool workcal_is_workday(const struct workcal *c, int32_t day)
{
	uint32_t i = row_from(c, day);

	if (i < c->n && c->d[i].day == day)
		return c->d[i].makeup;
	return is_weekday(day);
}

bool workcal_knows(const struct workcal *c, int year)
{
	uint32_t i;

	if (year < 1 || year > 9999)
		return false;
	i = row_from(c, civil_make(year, 1, 1));
	return i < c->n && c->d[i].day <= civil_make(year, 12, 31);
}

/* Does any civil year from one day to the other say nothing of itself? */
static bool is_guess(const struct workcal *c, int32_t from, int32_t to)
{
	int y, last, m, d;

	civil_split(from, &y, &m, &d);
	civil_split(to, &last, &m, &d);
	for (; y <= last; y++)
		if (!workcal_knows(c, y))
			return true;
	return false;
}

/* Mondays to Fridays from 1970-01-05, a Monday, up to `day`: differences count. */
static int64_t weekdays_until(int64_t day)
{
	int64_t since = day - 4, weeks = since / 7, rest = since % 7;

	if (rest < 0) {
		rest += 7;
		weeks--;
	}
	return weeks * 5 + (rest < 5 ? rest + 1 : 5);
}

/* Working days after `from`, up to `to` and with it; 0 when there is nothing between. */
static int64_t workdays_between(const struct workcal *c, int32_t from, int32_t to)
{
	int64_t n;

	if (to <= from)
		return 0;
	n = weekdays_until(to) - weekdays_until(from);
	for (uint32_t i = row_from(c, (int64_t)from + 1); i < c->n && c->d[i].day <= to; i++)
		n += (c->d[i].makeup ? 1 : 0) - (is_weekday(c->d[i].day) ? 1 : 0);
	return n;
}

/* The n-th working day after `day`; n >= 1.  Weeks of which the calendar says nothing are passed at
 * once: the work is bounded by the rows of the calendar, not by n. */
static int32_t workday_after(const struct workcal *c, int32_t day, int64_t n)
{
	uint32_t i = row_from(c, (int64_t)day + 1);

	while (n > 0) {
		int64_t weeks = (n - 1) / 5;

		if (i < c->n && (c->d[i].day - (int64_t)day - 1) / 7 < weeks)
			weeks = (c->d[i].day - (int64_t)day - 1) / 7;
		if (weeks > 0) {
			day += (int32_t)(weeks * 7);
			n -= weeks * 5;
		}
		day++;
		if (i < c->n && c->d[i].day == day)
			n -= c->d[i++].makeup ? 1 : 0;
		else
			n -= is_weekday(day) ? 1 : 0;
	}
	return day;
}

/* Working time of a working day that has passed at ms after its midnight. */
static int64_t work_passed(int64_t ms)
{
	if (ms <= NINE)
		return 0;
	if (ms <= NOON)
		return ms - NINE;
	if (ms <= ONE)
		return NOON - NINE;
	return ms < SIX ? ms - ONE + (NOON - NINE) : WORK_MS;
}

/* When so much working time has passed after start: the earliest such instant. */
static int64_t work_after(const struct workcal *c, int64_t start_ms, int64_t work_ms)
{
	int32_t day = civil_day(start_ms);
	int64_t rest;

	if (work_ms <= 0)
		return start_ms;
	if (workcal_is_workday(c, day))
		work_ms += work_passed(start_ms - civil_day_ms(day));
	else
		day = workday_after(c, day, 1);
	if (work_ms > WORK_MS)
		day = workday_after(c, day, (work_ms - 1) / WORK_MS);
	rest = (work_ms - 1) % WORK_MS + 1;
	return civil_day_ms(day) + (rest <= NOON - NINE ? NINE + rest : ONE + rest - (NOON - NINE));
}

static int64_t work_between(const struct workcal *c, int64_t from_ms, int64_t to_ms)
{
	int32_t a = civil_day(from_ms), b = civil_day(to_ms);
	int64_t n = workdays_between(c, a, b) * WORK_MS;

	/* b is counted whole, a not at all */
	if (workcal_is_workday(c, a))
		n += (a == b ? 0 : WORK_MS) - work_passed(from_ms - civil_day_ms(a));
	if (workcal_is_workday(c, b))
		n -= (a == b ? 0 : WORK_MS) - work_passed(to_ms - civil_day_ms(b));
	return n;
}

static int32_t days_after(const struct workcal *c, int32_t day, int64_t n, enum due_unit unit)
{
	if (unit == DUE_DAY)
		return (int32_t)(day + n);
	if (n <= 0)
		return workcal_is_workday(c, day) ? day : workday_after(c, day, 1);
	return workday_after(c, day, n);
}

int64_t due_resume(const struct workcal *c, int64_t at_ms, int64_t left, enum due_unit unit, bool *provisional)
{
	int64_t due = -1;

	switch (unit) {
	case DUE_NONE:
	case DUE_HOUR:
		due = at_ms + left;
		break;
	case DUE_WORK_HOUR:
		due = work_after(c, at_ms, left);
		break;
	case DUE_DAY:
	case DUE_WORK_DAY:
		due = civil_day_ms(days_after(c, civil_day(at_ms), left, unit) + 1);
		break;
	}
	if (provisional)
		*provisional = (unit == DUE_WORK_HOUR || unit == DUE_WORK_DAY) &&
			is_guess(c, civil_day(at_ms), civil_day(due - 1));
	return due;
}

int64_t due_after(const struct workcal *c, int64_t start_ms, int64_t amount, enum due_unit unit, bool *provisional)
{
	if (unit == DUE_HOUR || unit == DUE_WORK_HOUR)
		amount *= HOUR_MS;
	return due_resume(c, start_ms, amount, unit, provisional);
}

int64_t due_left(const struct workcal *c, int64_t at_ms, int64_t due_ms, enum due_unit unit)
{
	int32_t last = civil_day(due_ms - 1); /* a due day ends at 24:00 */

	if (at_ms >= due_ms)
		return 0;
	switch (unit) {
	case DUE_WORK_HOUR:
		return work_between(c, at_ms, due_ms);
	case DUE_DAY:
		return (int64_t)last - civil_day(at_ms);
	case DUE_WORK_DAY:
		return workdays_between(c, civil_day(at_ms), last);
	case DUE_NONE:
	case DUE_HOUR:
		break;
	}
	return due_ms - at_ms;
}
