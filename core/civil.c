#include "core/civil.h"

#include <assert.h>
#include <string.h>

#define OFFSET_MS (8 * 3600000LL)
#define DAYS_400Y 146097 /* the calendar repeats after 400 years */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int32_t civil_day(int64_t ms)
{
	return (int32_t)floor_div(ms + OFFSET_MS, CIVIL_DAY_MS);
}

int64_t civil_day_ms(int32_t day)
{
	return day * CIVIL_DAY_MS - OFFSET_MS;
}

bool civil_exists(int y, int m, int d)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return y >= 1 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 &&
		d <= days[m - 1] + (m == 2 && leap);
}

/* Years are counted from 1 March, so that the leap day is the last of its year.  Day 0 of this
 * count is 0000-03-01, 719468 days before 1970-01-01. */
int32_t civil_make(int y, int m, int d)
{
	int32_t year, in_year;

	assert(civil_exists(y, m, d));
	year = m > 2 ? y : y - 1;
	in_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return year * 365 + year / 4 - year / 100 + year / 400 + in_year - 719468;
}

void civil_split(int32_t day, int *y, int *m, int *d)
{
	int64_t n = (int64_t)day + 719468, cycle = floor_div(n, DAYS_400Y);
	int in_cycle = (int)(n - cycle * DAYS_400Y);
	int year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	int in_year = in_cycle - (365 * year + year / 4 - year / 100);
	int month = (5 * in_year + 2) / 153; /* 0 = March */

	*d = in_year - (153 * month + 2) / 5 + 1;
	*m = month < 10 ? month + 3 : month - 9;
	*y = (int)(cycle * 400) + year + (*m <= 2);
}

int32_t civil_yyyymmdd(int32_t day)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	return y * 10000 + m * 100 + d;
}

int32_t civil_month_first(int32_t day)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	return day - (d - 1);
}

int32_t civil_year_first(int32_t day)
{
	int y, m, d;

	do { /* by way of January, since civil_make knows only four-digit years */
		day = civil_month_first(day);
		civil_split(day, &y, &m, &d);
		day -= m > 1;
	} while (m > 1);
	return day;
}

int civil_weekday(int32_t day)
{
	int w = (int)(((int64_t)day + 3) % 7); /* 1970-01-01 was a Thursday */

	return (w < 0 ? w + 7 : w) + 1;
}

/* parsing */

struct cursor {
	const char *p, *end;
};

/* lo..hi digits */
static bool take_number(struct cursor *c, int lo, int hi, int *out)
{
	int n = 0, v = 0;

	for (; n < hi && c->p < c->end && *c->p >= '0' && *c->p <= '9'; n++)
		v = v * 10 + (*c->p++ - '0');
	*out = v;
	return n >= lo;
}

static bool take(struct cursor *c, const char *any)
{
	if (c->p == c->end || !*c->p || !strchr(any, *c->p))
		return false;
	c->p++;
	return true;
}

static bool take_day(struct cursor *c, int digits, int32_t *out)
{
	char sep[2] = "";
	int y, m, d;

	if (!take_number(c, 4, 4, &y) || c->p == c->end)
		return false;
	sep[0] = *c->p;
	if (!take(c, digits == 2 ? "-" : "-/") || !take_number(c, digits, 2, &m) || !take(c, sep) ||
		!take_number(c, digits, 2, &d) || !civil_exists(y, m, d))
		return false;
	*out = civil_make(y, m, d);
	return true;
}

bool civil_parse_day(const char *s, size_t n, int32_t *out)
{
	struct cursor c = {s, s + n};
	int32_t day;

	if (!take_day(&c, 1, &day) || c.p != c.end)
		return false;
	*out = day;
	return true;
}

/* Monday of the year's first ISO week. */
static int32_t week_first(int y)
{
	int32_t day = civil_make(y, 1, 4);

	return day - civil_weekday(day) + 1;
}

/* Months first .. first + months - 1 of the year. */
static bool some_months(int y, int first, int months, int32_t *from, int32_t *to)
{
	int end = first + months;

	*from = civil_make(y, first, 1);
	*to = end > 12 ? civil_make(y + 1, end - 12, 1) : civil_make(y, end, 1);
	return true;
}

static bool third_of_month(int y, int m, int part, int32_t *from, int32_t *to)
{
	(void)some_months(y, m, 1, from, to); /* true */
	*from += 10 * (part - 1);
	*to = part < 3 ? *from + 10 : *to;
	return true;
}

/* Behind "2023-": Q4, H2, W47. */
static bool take_part_of_year(struct cursor *c, int y, int32_t *from, int32_t *to)
{
	char what = *c->p++;
	int k, digits = what == 'W' ? 2 : 1;

	if (!take_number(c, digits, digits, &k) || k < 1 || c->p != c->end)
		return false;
	if (what == 'Q')
		return k <= 4 && some_months(y, 3 * k - 2, 3, from, to);
	if (what == 'H')
		return k <= 2 && some_months(y, 6 * k - 5, 6, from, to);
	*from = week_first(y) + 7 * (k - 1);
	*to = *from + 7;
	return *to <= week_first(y + 1);
}

/* Behind "2023-11-": D1, 上旬. */
static bool take_third(struct cursor *c, int y, int m, int32_t *from, int32_t *to)
{
	static const char *const zh[] = {"上旬", "中旬", "下旬"};
	size_t left = (size_t)(c->end - c->p);
	int part;

	for (part = 1; part <= 3; part++)
		if (left == strlen(zh[part - 1]) && memcmp(c->p, zh[part - 1], left) == 0)
			return third_of_month(y, m, part, from, to);
	return take(c, "D") && take_number(c, 1, 1, &part) && part >= 1 && part <= 3 && c->p == c->end && third_of_month(y, m, part, from, to);
}

bool civil_parse_period(const char *s, size_t n, int32_t *from, int32_t *to)
{
	struct cursor c = {s, s + n};
	int y, m;

	if (!take_number(&c, 4, 4, &y) || y < 1 || y > 9998)
		return false;
	if (c.p == c.end)
		return some_months(y, 1, 12, from, to);
	if (!take(&c, "-") || c.p == c.end)
		return false;
	if (strchr("QHW", *c.p))
		return take_part_of_year(&c, y, from, to);
	if (!take_number(&c, 2, 2, &m) || m < 1 || m > 12)
		return false;
	if (c.p == c.end)
		return some_months(y, m, 1, from, to);
	if (!take(&c, "-") || c.p == c.end)
		return false;
	if (*c.p < '0' || *c.p > '9')
		return take_third(&c, y, m, from, to);
	c = (struct cursor){s, s + n};
	if (!take_day(&c, 2, from) || c.p != c.end)
		return false;
	*to = *from + 1;
	return true;
}

/* `.345` and more digits: milliseconds, the rest is cut. */
static bool take_fraction(struct cursor *c, int *out)
{
	int unit = 100, digit;

	*out = 0;
	if (!take(c, "."))
		return true;
	if (c->p == c->end || *c->p < '0' || *c->p > '9')
		return false;
	for (; take_number(c, 1, 1, &digit); unit /= 10)
		*out += digit * unit;
	return true;
}

static bool take_offset(struct cursor *c, int *out_minutes)
{
	int h, m, sign;

	*out_minutes = 0;
	if (take(c, "Zz"))
		return true;
	if (c->p == c->end)
		return false;
	sign = *c->p == '-' ? -1 : 1;
	if (!take(c, "+-") || !take_number(c, 2, 2, &h) || !take(c, ":") ||
		!take_number(c, 2, 2, &m) || h > 23 || m > 59)
		return false;
	*out_minutes = sign * (h * 60 + m);
	return true;
}

bool civil_parse_instant(const char *s, size_t n, int64_t *out_ms)
{
	struct cursor c = {s, s + n};
	int h, mi, sec, ms, offset;
	int32_t day;

	if (civil_parse_day(s, n, &day)) {
		*out_ms = civil_day_ms(day);
		return true;
	}
	if (!take_day(&c, 2, &day) || !take(&c, "Tt ") || !take_number(&c, 2, 2, &h) ||
		!take(&c, ":") || !take_number(&c, 2, 2, &mi) || !take(&c, ":") ||
		!take_number(&c, 2, 2, &sec) || !take_fraction(&c, &ms) || !take_offset(&c, &offset) ||
		c.p != c.end || h > 23 || mi > 59 || sec > 59)
		return false;
	*out_ms = day * CIVIL_DAY_MS + (int64_t)((h * 60 + mi - offset) * 60 + sec) * 1000 + ms;
	return true;
}

/* writing */

static char *put(char *o, int v, int digits)
{
	for (int i = digits - 1; i >= 0; i--, v /= 10)
		o[i] = (char)('0' + v % 10);
	return o + digits;
}

static char *put_day(char *o, int32_t day)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	y = y < 0 ? 0 : y > 99999 ? 99999 : y;
	o = put(o, y, y > 9999 ? 5 : 4);
	*o++ = '-';
	o = put(o, m, 2);
	*o++ = '-';
	return put(o, d, 2);
}

void civil_day_text(int32_t day, char out[CIVIL_DAY_TEXT])
{
	*put_day(out, day) = '\0';
}

void civil_instant_text(int64_t ms, char out[CIVIL_INSTANT_TEXT])
{
	int32_t day = civil_day(ms);
	int in_day = (int)(ms - civil_day_ms(day));
	char *o = put_day(out, day);

	*o++ = 'T';
	o = put(o, in_day / 3600000, 2);
	*o++ = ':';
	o = put(o, in_day / 60000 % 60, 2);
	*o++ = ':';
	o = put(o, in_day / 1000 % 60, 2);
	*o++ = '.';
	o = put(o, in_day % 1000, 3);
	memcpy(o, "+08:00", 7);
}
