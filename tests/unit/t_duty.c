/* t_duty.c - periods by table, instances and states against a slow walk day by day.  SEED and ROUNDS in the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "core/civil.h"
#include "core/duty.h"

#define HOUR 3600000LL

static int32_t day_of(const char *s)
{
	int32_t d = 0;

	assert_true(civil_parse_day(s, strlen(s), &d));
	return d;
}

static int64_t ms_of(const char *s)
{
	int64_t ms = 0;

	assert_true(civil_parse_instant(s, strlen(s), &ms));
	return ms;
}

/* ------------------------------------------------------------------ periods */

static void test_periods(void **state)
{
	static const struct {
		enum duty_period p;
		const char *day, *first, *last;
	} v[] = {
		{PERIOD_DAY, "2024-02-29", "2024-02-29", "2024-02-29"},
		{PERIOD_WEEK, "2025-12-31", "2025-12-29", "2026-01-04"}, /* across the year */
		{PERIOD_WEEK, "2026-01-04", "2025-12-29", "2026-01-04"},
		{PERIOD_WEEK, "2026-01-05", "2026-01-05", "2026-01-11"},
		{PERIOD_WEEK, "2024-02-29", "2024-02-26", "2024-03-03"},
		{PERIOD_TENDAY, "2024-02-01", "2024-02-01", "2024-02-10"},
		{PERIOD_TENDAY, "2024-02-10", "2024-02-01", "2024-02-10"},
		{PERIOD_TENDAY, "2024-02-11", "2024-02-11", "2024-02-20"},
		{PERIOD_TENDAY, "2024-02-29", "2024-02-21", "2024-02-29"},
		{PERIOD_TENDAY, "2023-02-28", "2023-02-21", "2023-02-28"},
		{PERIOD_TENDAY, "2025-01-31", "2025-01-21", "2025-01-31"},
		{PERIOD_TENDAY, "2025-01-21", "2025-01-21", "2025-01-31"},
		{PERIOD_HALFMONTH, "2025-01-15", "2025-01-01", "2025-01-15"},
		{PERIOD_HALFMONTH, "2025-01-16", "2025-01-16", "2025-01-31"},
		{PERIOD_HALFMONTH, "2024-02-29", "2024-02-16", "2024-02-29"},
		{PERIOD_HALFMONTH, "2025-01-31", "2025-01-16", "2025-01-31"},
		{PERIOD_MONTH, "2024-02-29", "2024-02-01", "2024-02-29"},
		{PERIOD_MONTH, "2100-02-28", "2100-02-01", "2100-02-28"}, /* no leap year */
		{PERIOD_MONTH, "2025-12-31", "2025-12-01", "2025-12-31"},
		{PERIOD_TWOMONTHS, "2024-01-31", "2024-01-01", "2024-02-29"},
		{PERIOD_TWOMONTHS, "2025-02-28", "2025-01-01", "2025-02-28"},
		{PERIOD_TWOMONTHS, "2025-12-31", "2025-11-01", "2025-12-31"},
		{PERIOD_QUARTER, "2024-03-31", "2024-01-01", "2024-03-31"},
		{PERIOD_QUARTER, "2025-11-23", "2025-10-01", "2025-12-31"},
		{PERIOD_YEAR, "2024-12-31", "2024-01-01", "2024-12-31"},
		{PERIOD_YEAR, "2025-01-01", "2025-01-01", "2025-12-31"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct duty_span s = duty_span_of(v[i].p, day_of(v[i].day));

		if (s.first != day_of(v[i].first) || s.last != day_of(v[i].last))
			fail_msg("%s of %s: %d..%d", duty_period_name(v[i].p), v[i].day, civil_yyyymmdd(s.first), civil_yyyymmdd(s.last));
	}
}

/* Twelve years: periods follow each other without a gap, back and forth, and hold their days. */
static void test_periods_join(void **state)
{
	int32_t from = day_of("2019-12-20"), to = day_of("2032-01-10");

	(void)state;
	for (int p = PERIOD_DAY; p < DUTY_PERIODS; p++) {
		struct duty_span s = duty_span_of((enum duty_period)p, from);
		int longest = 0;

		while (s.last < to) {
			struct duty_span n = duty_span_next((enum duty_period)p, s), b = duty_span_before((enum duty_period)p, n);

			assert_int_equal(n.first, s.last + 1);
			assert_true(n.last >= n.first && n.last - n.first < 366);
			assert_int_equal(b.first, s.first);
			assert_int_equal(b.last, s.last);
			if (n.last - n.first + 1 > longest)
				longest = n.last - n.first + 1;
			for (int32_t d = n.first; d <= n.last; d++)
				assert_int_equal(duty_span_of((enum duty_period)p, d).first, n.first);
			s = n;
		}
		assert_int_equal(duty_period_longest((enum duty_period)p), longest);
		assert_int_equal(duty_period_of(slice_of(duty_period_name((enum duty_period)p))), p);
	}
	assert_int_equal(duty_period_of(slice_of("")), PERIOD_NONE);
	assert_int_equal(duty_period_of(slice_of("fortnight")), PERIOD_NONE);
}

/* ------------------------------------------------------------------ the slow reference */

#define MANY 8

struct world { /* all arrays plain; wide enough for a duty that changes */
	struct duty_rule version[MANY];
	struct duty_span held[MANY], exempt[MANY];
	struct duty d;
	struct duty_deed deed[120];
	int ndeed;
};

static bool in_span(int32_t day, const struct duty_span *s, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (s[i].first <= day && day <= s[i].last)
			return true;
	return false;
}

/* A name for the period that the day falls in, by its date alone. */
static long period_key(enum duty_period p, int32_t day)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	switch (p) {
	case PERIOD_DAY:
		return y * 10000L + m * 100 + d;
	case PERIOD_WEEK:
		return (day + 3 + 7 * 100000) / 7; /* 1970-01-01 was a Thursday */
	case PERIOD_TENDAY:
		return y * 10000L + m * 100 + (d <= 10 ? 1 : d <= 20 ? 2 : 3);
	case PERIOD_HALFMONTH:
		return y * 10000L + m * 100 + (d <= 15 ? 1 : 2);
	case PERIOD_MONTH:
		return y * 100L + m;
	case PERIOD_TWOMONTHS:
		return y * 100L + (m + 1) / 2;
	case PERIOD_QUARTER:
		return y * 100L + (m + 2) / 3;
	default:
		return y;
	}
}

static const struct duty_rule *slow_version(const struct world *w, int32_t day)
{
	for (uint32_t i = 0; i < w->d.nversion; i++)
		if (w->version[i].each == w->d.each && w->version[i].from <= day && day <= w->version[i].to)
			return &w->version[i];
	return NULL;
}

static bool slow_on(const struct world *w, enum duty_period p, int32_t day)
{
	const struct duty_rule *v = slow_version(w, day);
	int y, m, d;

	civil_split(day, &y, &m, &d);
	return v && v->period == p && m >= v->month_first && m <= v->month_last && in_span(day, w->held, w->d.nheld);
}

struct slow {
	int32_t first, last, active_first, active_last;
	int64_t need, whole, times, days;
	bool in_days;
	int32_t active[400];
	int nactive;
};

static int64_t round_half_up(int64_t n, int64_t by)
{
	int64_t q = 0;

	for (; n >= by; n -= by)
		q++;
	return n * 2 >= by ? q + 1 : q;
}

static void slow_count(const struct world *w, struct slow *s, int32_t day)
{
	const struct duty_rule *v = slow_version(w, day);
	int64_t n = 0;

	for (int i = 0; i < w->ndeed; i++) {
		const struct duty_deed *x = &w->deed[i];
		bool good = x->sound;

		if (civil_day(x->at_ms) != day)
			continue;
		if (x->delegated && !v->delegate)
			continue;
		if (x->substitute) {
			n += v->substitute;
			continue;
		}
		if (v->min_gap_hours >= 1 && x->gap)
			good = false;
		if (v->min_minutes != -1 && x->duration_s < v->min_minutes * 60)
			good = false;
		if (v->min_metres != -1 && x->distance_m < v->min_metres)
			good = false;
		if (v->min_coverage != -1 && x->coverage != -1 && x->coverage < v->min_coverage)
			good = false;
		n += good;
	}
	s->times += n;
	s->days += n > 0;
}

static void slow_instance(const struct world *w, enum duty_period p, int32_t day, struct slow *s)
{
	int64_t sum = 0, whole = 0, on = 0, len = 0;

	memset(s, 0, sizeof *s);
	for (int32_t d = day - 400; d <= day + 400; d++) {
		const struct duty_rule *v;

		if (period_key(p, d) != period_key(p, day))
			continue;
		if (len++ == 0)
			s->first = d;
		s->last = d;
		v = slow_version(w, d);
		if (v && v->period == p)
			s->in_days = v->days;
		if (!slow_on(w, p, d))
			continue;
		slow_count(w, s, d);
		on++;
		whole += v->count;
		if (in_span(d, w->exempt, w->d.nexempt))
			continue;
		sum += v->count;
		s->active[s->nactive++] = d;
	}
	s->need = round_half_up(sum, len);
	s->whole = round_half_up(whole, len);
	if (s->in_days && s->need > s->nactive)
		s->need = s->nactive;
	if (s->in_days && s->whole > on)
		s->whole = on;
}

static enum duty_state slow_state(const struct slow *s, int64_t done, int64_t at)
{
	int64_t passed = 0;

	if (s->need == 0)
		return s->whole ? DUTY_EXEMPT : DUTY_NOT_DUE;
	if (at < civil_day_ms(s->active[0]))
		return DUTY_NOT_DUE;
	if (done >= s->need)
		return DUTY_MET;
	for (int i = 0; i < s->nactive; i++) { /* ms of active days that have passed */
		int64_t begin = civil_day_ms(s->active[i]);

		if (at >= begin + CIVIL_DAY_MS)
			passed += CIVIL_DAY_MS;
		else if (at > begin)
			passed += at - begin;
	}
	if (passed == s->nactive * CIVIL_DAY_MS)
		return DUTY_OVERDUE;
	if (passed * 4 < s->nactive * CIVIL_DAY_MS * 3)
		return DUTY_ON_TRACK;
	/* At that very point between two runs of days the quarter begins with the next active day. */
	for (int i = 0; i < s->nactive; i++)
		if (passed * 4 == s->nactive * CIVIL_DAY_MS * 3 && passed == i * CIVIL_DAY_MS && at < civil_day_ms(s->active[i]))
			return DUTY_ON_TRACK;
	return DUTY_DUE_SOON;
}

/* ------------------------------------------------------------------ random worlds */

static uint64_t seed_state;

static uint32_t roll(uint32_t n)
{
	seed_state = seed_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed_state >> 33) % n;
}

static struct duty_span roll_span(int32_t base, uint32_t wide, uint32_t longest)
{
	int32_t first = base + (int32_t)roll(wide);

	return (struct duty_span){first, first + (int32_t)roll(longest)};
}

static void make_world(struct world *w, int32_t base)
{
	int32_t day = base - 50 + (int32_t)roll(60);
	enum duty_period p = (enum duty_period)(1 + roll(DUTY_PERIODS - 1));

	memset(w, 0, sizeof *w);
	w->d = (struct duty){.version = w->version, .held = w->held, .exempt = w->exempt, .each = roll(2)};
	w->d.nversion = 1 + roll(4);
	for (uint32_t i = 0; i < w->d.nversion; i++) {
		struct duty_rule *v = &w->version[i];

		*v = (struct duty_rule){.each = roll(8) ? w->d.each : !w->d.each, .period = roll(3) ? p : (enum duty_period)(1 + roll(DUTY_PERIODS - 1)),
			.month_first = 1, .month_last = 12, .count = 1 + roll(roll(4) ? 5 : 40), .days = roll(3) == 0,
			.min_minutes = roll(2) ? -1 : (int64_t)roll(20), .min_metres = roll(2) ? -1 : (int64_t)roll(1000),
			.min_gap_hours = roll(2) ? -1 : (int64_t)roll(3), .min_coverage = roll(2) ? -1 : (int64_t)roll(1001),
			.substitute = roll(2), .delegate = roll(2)};
		if (roll(3) == 0) {
			v->month_first = 1 + (int)roll(12);
			v->month_last = v->month_first + (int)roll((uint32_t)(13 - v->month_first));
		}
		v->from = day;
		v->to = roll(6) == 0 && i + 1 == w->d.nversion ? INT32_MAX : day + (int32_t)roll(roll(2) ? 30 : 500);
		day = v->to == INT32_MAX ? INT32_MAX : v->to + 1 + (roll(3) ? 0 : (int32_t)roll(20));
	}
	w->d.nheld = 1 + roll(3);
	for (uint32_t i = 0; i < w->d.nheld; i++)
		w->held[i] = roll(3) ? roll_span(base - 60, 400, 500) : (struct duty_span){INT32_MIN, INT32_MAX};
	w->d.nexempt = roll(2) ? 0 : roll(4);
	for (uint32_t i = 0; i < w->d.nexempt; i++)
		w->exempt[i] = roll_span(base - 60, 500, roll(2) ? 10 : 90);
	w->ndeed = (int)roll(120);
	for (int i = 0; i < w->ndeed; i++)
		w->deed[i] = (struct duty_deed){.at_ms = civil_day_ms(base - 60) + (int64_t)roll(roll(2) ? 40000 : 600000) * 60000 + roll(60000),
			.substitute = roll(5) == 0, .delegated = roll(5) == 0, .sound = roll(6) != 0, .gap = roll(5) == 0,
			.duration_s = roll(20 * 60), .distance_m = roll(1000), .coverage = (int32_t)roll(1002) - 1};
}

static void same_instance(const struct world *w, const struct duty_instance *i, enum duty_period p, int32_t day)
{
	struct duty_tally t = {0};
	struct slow s;
	int64_t done;

	slow_instance(w, p, day, &s);
	assert_int_equal(i->span.first, s.first);
	assert_int_equal(i->span.last, s.last);
	assert_int_equal(i->need, s.need);
	assert_int_equal(i->whole, s.whole);
	assert_int_equal(i->days, s.in_days);
	if (s.nactive) {
		assert_int_equal(i->active.first, s.active[0]);
		assert_int_equal(i->active.last, s.active[s.nactive - 1]);
	} else {
		assert_true(i->active.last < i->active.first);
	}
	for (int k = 0; k < w->ndeed; k++)
		(void)duty_count(&w->d, i, &w->deed[k], &t); /* the tally says */
	assert_int_equal(t.times, s.times);
	assert_int_equal(t.days, s.days);
	done = duty_done(i, &t);
	assert_int_equal(done, s.in_days ? s.days : s.times);
	for (int k = 0; k < 12; k++) {
		int64_t next, at = civil_day_ms(s.first - 2) + (int64_t)roll((uint32_t)(s.last - s.first + 5) * 4) * 6 * HOUR + (int64_t)roll(3) - 1;
		int64_t some = roll(2) ? done : (int64_t)roll(4);
		enum duty_state st = duty_state_at(i, some, at, &next);

		assert_int_equal(st, slow_state(&s, some, at));
		assert_true(next > at);
		if (next == INT64_MAX) { /* for ever */
			assert_int_equal(slow_state(&s, some, at + 800 * CIVIL_DAY_MS), st);
			continue;
		}
		assert_int_equal(slow_state(&s, some, next - 1), st);
		assert_int_not_equal(slow_state(&s, some, next), st);
	}
}

static void collect(void *ctx, const struct duty_instance *i)
{
	struct {
		struct duty_instance v[800];
		int n;
	} *c = ctx;

	assert_true(c->n < 800);
	c->v[c->n++] = *i;
}

/* Each period that has a day with a version comes once. */
static void same_walk(const struct world *w, int32_t first, int32_t last)
{
	struct {
		struct duty_instance v[800];
		int n;
	} *c = xcalloc(1, sizeof *c);
	int want = 0;

	duty_each(&w->d, first, last, collect, c);
	for (int p = PERIOD_DAY; p < DUTY_PERIODS; p++) {
		long before = -1;

		for (int32_t day = first - 400; day <= last; day++) {
			const struct duty_rule *v = slow_version(w, day);
			long key = period_key((enum duty_period)p, day);
			struct slow s;
			int have = 0;

			if (!v || v->period != (enum duty_period)p || key == before)
				continue;
			before = key;
			slow_instance(w, (enum duty_period)p, day, &s);
			if (s.last < first || s.last > last)
				continue;
			want++;
			for (int i = 0; i < c->n; i++)
				have += c->v[i].period == (enum duty_period)p && c->v[i].span.first == s.first;
			assert_int_equal(have, 1);
		}
	}
	assert_int_equal(c->n, want);
	free(c);
}

static void test_random(void **state)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	int n = rounds ? atoi(rounds) : 600;
	int64_t needs = 0, states[DUTY_STATES] = {0};

	(void)state;
	seed_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_wall_ms();
	print_message("SEED=%llu\n", (unsigned long long)seed_state);
	for (int r = 0; r < n; r++) {
		int32_t base = day_of("2023-11-20") + (int32_t)roll(900);
		struct world w;

		make_world(&w, base);
		for (int k = 0; k < 4; k++) {
			int32_t day = base + (int32_t)roll(400);
			const struct duty_rule *v = slow_version(&w, day);
			struct duty_instance i, b;

			assert_ptr_equal(duty_version(&w.d, day), v);
			if (!v)
				continue;
			duty_instance(&w.d, v->period, day, &i);
			same_instance(&w, &i, v->period, day);
			needs += i.need;
			states[duty_state_at(&i, 1, civil_day_ms(day), NULL)]++;
			if (duty_current(&w.d, day, &b)) {
				assert_int_equal(b.span.first, i.span.first);
				assert_int_equal(b.need, i.need);
			} else {
				assert_int_equal(i.whole, 0);
			}
			if (duty_before(&w.d, &i, &b)) {
				assert_true(b.span.first < i.span.first || b.period != i.period);
				same_instance(&w, &b, b.period, b.span.first);
			}
		}
		if (r % 10 == 0)
			same_walk(&w, base, base + (int32_t)roll(300));
	}
	assert_true(needs > n / 4); /* the worlds are not empty ones */
	for (int i = 0; i < DUTY_STATES && n >= 600; i++)
		assert_true(states[i] > 0);
}

/* ------------------------------------------------------------------ by hand */

static struct duty_rule monthly(int64_t count)
{
	return (struct duty_rule){.period = PERIOD_MONTH, .month_first = 1, .month_last = 12, .count = count, .min_minutes = -1,
		.min_metres = -1, .min_gap_hours = -1, .min_coverage = -1, .from = day_of("2020-01-01"), .to = INT32_MAX};
}

static const struct duty_span always = {INT32_MIN, INT32_MAX};

static void test_proportion(void **state)
{
	struct duty_rule v[2] = {monthly(2), monthly(4)};
	struct duty_span held = always, off = {day_of("2025-11-01"), day_of("2025-11-22")};
	struct duty d = {.version = v, .nversion = 1, .held = &held, .nheld = 1};
	struct duty_instance i;

	(void)state;
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 2);
	held.first = day_of("2025-11-23"); /* 8 of 30 days: 0.533 */
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 1);
	held.first = day_of("2025-11-24"); /* 7 of 30: 0.467 */
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 0);
	assert_int_equal(duty_state_at(&i, 0, ms_of("2025-11-30T12:00:00+08:00"), NULL), DUTY_NOT_DUE);
	held = always;
	/* An exemption of 22 days leaves 0.533, of 23 days nothing. */
	d.exempt = &off;
	d.nexempt = 1;
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 1);
	assert_int_equal(i.active.first, day_of("2025-11-23"));
	assert_int_equal(duty_state_at(&i, 0, ms_of("2025-11-22T23:59:59.999+08:00"), NULL), DUTY_NOT_DUE);
	assert_int_equal(duty_state_at(&i, 0, ms_of("2025-11-23"), NULL), DUTY_ON_TRACK);
	off.last++;
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 0);
	assert_int_equal(duty_state_at(&i, 5, ms_of("2025-11-30T12:00:00+08:00"), NULL), DUTY_EXEMPT);
	/* 2 a month until the 15th, 4 from the 16th: 1 + 2. */
	d.nexempt = 0;
	d.nversion = 2;
	v[0].to = day_of("2025-11-15");
	v[1].from = day_of("2025-11-16");
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 3);
	/* 1 and 2: 0.5 + 1, rounded once. */
	v[0].count = 1;
	v[1].count = 2;
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_int_equal(i.need, 2);
}

/* Overdue and soon are instants of the civil day at +08:00, to the millisecond; a leap February has its own length. */
static void test_instants(void **state)
{
	struct duty_rule v = monthly(1);
	struct duty d = {.version = &v, .nversion = 1, .held = &always, .nheld = 1};
	struct duty_instance i;
	int64_t next;

	(void)state;
	duty_instance(&d, PERIOD_MONTH, day_of("2024-02-10"), &i);
	assert_int_equal(duty_end_ms(&i), ms_of("2024-03-01T00:00:00+08:00"));
	assert_int_equal(duty_soon_ms(&i), ms_of("2024-02-22T18:00:00+08:00")); /* 29 * 3/4 = 21.75 days */
	assert_int_equal(duty_state_at(&i, 0, ms_of("2024-02-22T17:59:59.999+08:00"), &next), DUTY_ON_TRACK);
	assert_int_equal(next, duty_soon_ms(&i));
	assert_int_equal(duty_state_at(&i, 0, ms_of("2024-02-22T18:00:00+08:00"), &next), DUTY_DUE_SOON);
	assert_int_equal(next, duty_end_ms(&i));
	assert_int_equal(duty_state_at(&i, 0, ms_of("2024-02-29T23:59:59.999+08:00"), NULL), DUTY_DUE_SOON);
	assert_int_equal(duty_state_at(&i, 0, ms_of("2024-03-01T00:00:00+08:00"), &next), DUTY_OVERDUE);
	assert_int_equal(next, INT64_MAX);
	/* What is met stays met, whatever the clock says (mistake: overdue that moves with the wall clock). */
	for (int k = 0; k < 4000; k++)
		assert_int_equal(duty_state_at(&i, 1, ms_of("2024-02-01") + k * CIVIL_DAY_MS, NULL), DUTY_MET);
	v.period = PERIOD_DAY;
	duty_instance(&d, PERIOD_DAY, day_of("2024-02-10"), &i);
	assert_int_equal(duty_soon_ms(&i), ms_of("2024-02-10T18:00:00+08:00"));
}

/* The year is that of the day asked about (mistake: "now" instead of the year argument); days are civil days at +08:00
 * (mistake: days from ms / (60000 * 24)); a day with a patrol and a substitute is one day (mistake: counted twice). */
static void test_known_mistakes(void **state)
{
	struct duty_rule v = monthly(2);
	struct duty d = {.version = &v, .nversion = 1, .held = &always, .nheld = 1};
	struct duty_deed x = {.at_ms = ms_of("2023-01-01T00:00:00+08:00"), .sound = true, .coverage = -1};
	struct duty_instance in22, in23;
	struct duty_tally t = {0};

	(void)state;
	v.days = v.substitute = true;
	duty_instance(&d, PERIOD_MONTH, day_of("2022-12-31"), &in22);
	duty_instance(&d, PERIOD_MONTH, day_of("2023-01-31"), &in23);
	assert_int_equal(civil_yyyymmdd(in22.span.first), 20221201);
	assert_int_equal(civil_yyyymmdd(in23.span.first), 20230101);
	assert_true(duty_count(&d, &in23, &x, &t)); /* 16:00 UTC of the last year */
	assert_false(duty_count(&d, &in22, &x, &t));
	x.at_ms--;
	assert_false(duty_count(&d, &in23, &x, &t));
	assert_int_equal(t.days, 1);
	x.at_ms = ms_of("2023-01-01T23:59:59+08:00");
	x.substitute = true;
	assert_true(duty_count(&d, &in23, &x, &t));
	assert_int_equal(t.days, 1);
	assert_int_equal(t.times, 2);
	assert_int_equal(duty_done(&in23, &t), 1);
	assert_int_equal(duty_state_at(&in23, 1, ms_of("2023-02-01"), NULL), DUTY_OVERDUE);
}

/* Each threshold at it and below it. */
static void test_thresholds(void **state)
{
	struct duty_rule v = monthly(1);
	struct duty d = {.version = &v, .nversion = 1, .held = &always, .nheld = 1};
	struct duty_deed ok = {.at_ms = ms_of("2025-11-10"), .sound = true, .duration_s = 300, .distance_m = 300, .coverage = 800}, x;
	struct duty_instance i;
	struct duty_tally t = {0};

	(void)state;
	v.min_minutes = 5;
	v.min_metres = 300;
	v.min_coverage = 800;
	v.min_gap_hours = 96;
	duty_instance(&d, PERIOD_MONTH, day_of("2025-11-10"), &i);
	assert_true(duty_count(&d, &i, &ok, &t));
	x = ok, x.duration_s--;
	assert_false(duty_count(&d, &i, &x, &t));
	x = ok, x.distance_m--;
	assert_false(duty_count(&d, &i, &x, &t));
	x = ok, x.coverage--;
	assert_false(duty_count(&d, &i, &x, &t));
	x = ok, x.coverage = -1; /* no line to cover */
	assert_true(duty_count(&d, &i, &x, &t));
	x = ok, x.gap = true;
	assert_false(duty_count(&d, &i, &x, &t));
	v.min_gap_hours = -1; /* another rule's gap */
	assert_true(duty_count(&d, &i, &x, &t));
	x = ok, x.sound = false;
	assert_false(duty_count(&d, &i, &x, &t));
	x = ok, x.delegated = true;
	assert_false(duty_count(&d, &i, &x, &t));
	v.delegate = true;
	assert_true(duty_count(&d, &i, &x, &t));
	x = (struct duty_deed){.at_ms = ok.at_ms, .substitute = true, .sound = true};
	assert_false(duty_count(&d, &i, &x, &t));
	v.substitute = true;
	assert_true(duty_count(&d, &i, &x, &t));
}

/* Which instance stands: the appointment ended within the period, the rule ended, another period took over. */
static void test_current(void **state)
{
	struct duty_rule v[2] = {monthly(1), monthly(1)};
	struct duty_span held = {day_of("2025-01-01"), day_of("2025-11-20")};
	struct duty d = {.version = v, .nversion = 1, .held = &held, .nheld = 1};
	struct duty_instance i, b;

	(void)state;
	assert_true(duty_current(&d, day_of("2025-11-30"), &i));
	assert_int_equal(i.need, 1); /* 20 of 30 days */
	assert_int_equal(duty_state_at(&i, 0, ms_of("2025-11-21"), NULL), DUTY_OVERDUE);
	assert_false(duty_current(&d, day_of("2025-12-01"), &i));
	assert_false(duty_current(&d, day_of("2019-12-31"), &i)); /* before the rule */
	held = always;
	v[0].to = day_of("2025-11-20");
	assert_true(duty_current(&d, day_of("2025-11-30"), &i));
	assert_int_equal(duty_end_ms(&i), ms_of("2025-11-21"));
	assert_false(duty_current(&d, day_of("2025-12-01"), &i));
	d.nversion = 2;
	v[1].from = day_of("2025-11-21");
	v[1].period = PERIOD_WEEK;
	assert_true(duty_current(&d, day_of("2025-11-20"), &i));
	assert_int_equal(i.period, PERIOD_MONTH);
	assert_true(duty_current(&d, day_of("2025-11-21"), &i));
	assert_int_equal(i.period, PERIOD_WEEK);
	assert_int_equal(i.need, 0); /* 3 of 7 days */
	assert_true(duty_before(&d, &i, &b));
	assert_int_equal(b.period, PERIOD_MONTH);
	assert_int_equal(b.need, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_periods),
		cmocka_unit_test(test_periods_join),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_proportion),
		cmocka_unit_test(test_instants),
		cmocka_unit_test(test_known_mistakes),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
