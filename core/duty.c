#include "core/duty.h"

#include <assert.h>

#include "core/civil.h"

/* ------------------------------------------------------------------ periods */

static const char *const period_names[DUTY_PERIODS] = {
	"", "day", "week", "tenday", "halfmonth", "month", "twomonths", "quarter", "year"};

enum duty_period duty_period_of(struct slice name)
{
	for (int p = PERIOD_DAY; p < DUTY_PERIODS; p++)
		if (slice_is(name, period_names[p]))
			return (enum duty_period)p;
	return PERIOD_NONE;
}

const char *duty_period_name(enum duty_period p)
{
	return period_names[p];
}

int duty_period_longest(enum duty_period p)
{
	static const int days[DUTY_PERIODS] = {0, 1, 7, 11, 16, 31, 62, 92, 366};

	return days[p];
}

/* First day of the month that lies n months after that of first (itself the first of a month). */
static int32_t months_on(int32_t first, int n)
{
	for (; n > 0; n--)
		first = civil_month_first(first + 31);
	return first;
}

/* Periods of n months: n divides 12. */
static struct duty_span span_of_months(int32_t day, int n)
{
	int32_t first = civil_month_first(day);
	int y, m, d;

	civil_split(first, &y, &m, &d);
	for (int back = (m - 1) % n; back > 0; back--)
		first = civil_month_first(first - 1);
	return (struct duty_span){first, months_on(first, n) - 1};
}

/* Parts of a month: two or three of len days, the last to its end. */
static struct duty_span span_of_part(int32_t day, int len, int parts)
{
	int32_t first = civil_month_first(day);
	int part = (int)(day - first) / len;

	if (part > parts - 1)
		part = parts - 1;
	return (struct duty_span){first + part * len,
		part == parts - 1 ? months_on(first, 1) - 1 : first + (part + 1) * len - 1};
}

struct duty_span duty_span_of(enum duty_period p, int32_t day)
{
	switch (p) {
	case PERIOD_WEEK:
		day -= civil_weekday(day) - 1;
		return (struct duty_span){day, day + 6};
	case PERIOD_TENDAY:
		return span_of_part(day, 10, 3);
	case PERIOD_HALFMONTH:
		return span_of_part(day, 15, 2);
	case PERIOD_MONTH:
		return span_of_months(day, 1);
	case PERIOD_TWOMONTHS:
		return span_of_months(day, 2);
	case PERIOD_QUARTER:
		return span_of_months(day, 3);
	case PERIOD_YEAR:
		return span_of_months(day, 12);
	case PERIOD_NONE:
	case PERIOD_DAY:
		break;
	}
	return (struct duty_span){day, day};
}

struct duty_span duty_span_next(enum duty_period p, struct duty_span s)
{
	return duty_span_of(p, s.last + 1);
}

struct duty_span duty_span_before(enum duty_period p, struct duty_span s)
{
	return duty_span_of(p, s.first - 1);
}

/* ------------------------------------------------------------------ sets of days */

static struct duty_span meet(struct duty_span a, struct duty_span b)
{
	return (struct duty_span){a.first > b.first ? a.first : b.first, a.last < b.last ? a.last : b.last};
}

/* Bits lo..hi, both inclusive. */
static void set_bits(uint64_t w[DUTY_WORDS], int lo, int hi)
{
	for (int i = lo / 64; i <= hi / 64; i++) {
		uint64_t m = ~0ULL;

		if (i == lo / 64)
			m &= ~0ULL << (lo % 64);
		if (i == hi / 64)
			m &= ~0ULL >> (63 - hi % 64);
		w[i] |= m;
	}
}

static void set_days(uint64_t w[DUTY_WORDS], struct duty_span period, struct duty_span days)
{
	struct duty_span s = meet(period, days);

	if (s.first <= s.last)
		set_bits(w, s.first - period.first, s.last - period.first);
}

static int count_bits(const uint64_t w[DUTY_WORDS])
{
	int n = 0;

	for (int i = 0; i < DUTY_WORDS; i++)
		n += __builtin_popcountll(w[i]);
	return n;
}

/* Number of the nth bit that is set, from 0; there are more than n. */
static int nth_bit(const uint64_t w[DUTY_WORDS], int n)
{
	int i = 0;
	uint64_t left;

	for (; __builtin_popcountll(w[i]) <= n; i++)
		n -= __builtin_popcountll(w[i]);
	for (left = w[i]; n > 0; n--)
		left &= left - 1;
	return i * 64 + __builtin_ctzll(left);
}

/* The days of the period whose month lies within first..last. */
static void set_months(uint64_t w[DUTY_WORDS], struct duty_span period, const struct duty_rule *r)
{
	int32_t month = civil_month_first(period.first);
	int y, m, d;

	if (r->month_first <= 1 && r->month_last >= 12) {
		set_days(w, period, period);
		return;
	}
	for (; month <= period.last; month = months_on(month, 1)) {
		civil_split(month, &y, &m, &d);
		if (m >= r->month_first && m <= r->month_last)
			set_days(w, period, (struct duty_span){month, months_on(month, 1) - 1});
	}
}

/* ------------------------------------------------------------------ instances */

static bool is_of(const struct duty *d, const struct duty_rule *v)
{
	return v->each == d->each && v->from <= v->to;
}

const struct duty_rule *duty_version(const struct duty *d, int32_t day)
{
	for (uint32_t i = 0; i < d->nversion; i++)
		if (is_of(d, &d->version[i]) && d->version[i].from <= day && day <= d->version[i].to)
			return &d->version[i];
	return NULL;
}

static int64_t half_up(int64_t n, int64_t by)
{
	return (2 * n + by) / (2 * by);
}

void duty_instance(const struct duty *d, enum duty_period p, int32_t day, struct duty_instance *out)
{
	struct duty_instance i = {.period = p, .span = duty_span_of(p, day)};
	uint64_t held[DUTY_WORDS] = {0}, off[DUTY_WORDS] = {0};
	int64_t sum = 0, whole = 0;
	int32_t len = i.span.last - i.span.first + 1, n;

	for (uint32_t k = 0; k < d->nheld; k++)
		set_days(held, i.span, d->held[k]);
	for (uint32_t k = 0; k < d->nexempt; k++)
		set_days(off, i.span, d->exempt[k]);
	for (uint32_t k = 0; k < d->nversion; k++) {
		const struct duty_rule *v = &d->version[k];
		struct duty_span taken = {v->from, v->to}, in = meet(taken, i.span);
		uint64_t days[DUTY_WORDS] = {0}, months[DUTY_WORDS] = {0}, owed[DUTY_WORDS];

		if (!is_of(d, v) || v->period != p || in.first > in.last)
			continue;
		set_days(days, i.span, in);
		set_months(months, i.span, v);
		for (int w = 0; w < DUTY_WORDS; w++) {
			days[w] &= months[w] & held[w];
			owed[w] = days[w] & ~off[w];
			i.on[w] |= days[w];
			i.owed[w] |= owed[w];
		}
		whole += v->count * count_bits(days);
		sum += v->count * count_bits(owed);
		i.days = v->days;
	}
	i.need = half_up(sum, len);
	i.whole = half_up(whole, len);
	n = count_bits(i.owed);
	if (i.days && i.need > n)
		i.need = n;
	if (i.days && i.whole > count_bits(i.on))
		i.whole = count_bits(i.on);
	i.active = (struct duty_span){i.span.first, i.span.first - 1};
	if (n > 0) {
		i.active.first = i.span.first + nth_bit(i.owed, 0);
		i.active.last = i.span.first + nth_bit(i.owed, n - 1);
	}
	*out = i;
}

/* The last version that begins on that day or before it. */
static const struct duty_rule *version_until(const struct duty *d, int32_t day)
{
	const struct duty_rule *best = NULL;

	for (uint32_t i = 0; i < d->nversion; i++)
		if (is_of(d, &d->version[i]) && d->version[i].from <= day)
			best = &d->version[i];
	return best;
}

bool duty_current(const struct duty *d, int32_t day, struct duty_instance *out)
{
	const struct duty_rule *v = version_until(d, day);
	struct duty_span s;
	int32_t last;

	if (!v)
		return false;
	last = day < v->to ? day : v->to;
	s = duty_span_of(v->period, last);
	if (s.last < day)
		return false;
	for (uint32_t i = 0; i < d->nheld; i++)
		if (d->held[i].last >= s.first && d->held[i].first <= d->held[i].last) {
			duty_instance(d, v->period, last, out);
			return true;
		}
	return false;
}

/* The first day in the span that belongs to a version of period p. */
static int32_t first_day(const struct duty *d, enum duty_period p, struct duty_span s)
{
	for (uint32_t i = 0; i < d->nversion; i++) {
		struct duty_span in = meet(s, (struct duty_span){d->version[i].from, d->version[i].to});

		if (is_of(d, &d->version[i]) && d->version[i].period == p && in.first <= in.last)
			return in.first;
	}
	return s.first;
}

bool duty_before(const struct duty *d, const struct duty_instance *i, struct duty_instance *out)
{
	int32_t day = first_day(d, i->period, i->span) - 1;
	const struct duty_rule *v = duty_version(d, day);

	if (!v)
		return false;
	duty_instance(d, v->period, day, out);
	return true;
}

void duty_each(const struct duty *d, int32_t first, int32_t last,
	void (*next)(void *ctx, const struct duty_instance *i), void *ctx)
{
	struct duty_instance in;

	for (uint32_t i = 0; i < d->nversion; i++) {
		const struct duty_rule *v = &d->version[i];
		struct duty_span s;
		int32_t begin = v->from;

		if (!is_of(d, v) || v->to < first - 366 || v->from > last)
			continue;
		if (begin < first) /* no period that holds `first` begins earlier */
			begin = duty_span_of(v->period, first).first > begin ? duty_span_of(v->period, first).first : begin;
		for (s = duty_span_of(v->period, begin); s.first <= v->to && s.last <= last; s = duty_span_next(v->period, s)) {
			int32_t own = s.first > v->from ? s.first : v->from;

			if (s.last < first || first_day(d, v->period, s) != own)
				continue; /* an earlier version of the same period had it */
			duty_instance(d, v->period, s.first, &in);
			next(ctx, &in);
		}
	}
}

/* ------------------------------------------------------------------ done, and how it stands */

static bool suffices(const struct duty_rule *v, const struct duty_deed *x)
{
	if (x->delegated && !v->delegate)
		return false;
	if (x->substitute)
		return v->substitute;
	if (!x->sound || (x->gap && v->min_gap_hours > 0))
		return false;
	return x->duration_s >= v->min_minutes * 60 && x->distance_m >= v->min_metres &&
		(x->coverage < 0 || x->coverage >= v->min_coverage);
}

bool duty_count(const struct duty *d, const struct duty_instance *i, const struct duty_deed *x, struct duty_tally *t)
{
	int32_t day = civil_day(x->at_ms), bit = day - i->span.first;
	const struct duty_rule *v;

	if (day < i->span.first || day > i->span.last || !(i->on[bit / 64] >> (bit % 64) & 1))
		return false;
	v = duty_version(d, day);
	assert(v && v->period == i->period); /* it is a duty day */
	if (!suffices(v, x))
		return false;
	t->times++;
	t->days += !(t->seen[bit / 64] >> (bit % 64) & 1);
	t->seen[bit / 64] |= 1ULL << (bit % 64);
	return true;
}

int64_t duty_done(const struct duty_instance *i, const struct duty_tally *t)
{
	return i->days ? t->days : t->times;
}

int64_t duty_end_ms(const struct duty_instance *i)
{
	return civil_day_ms(i->active.last + 1);
}

int64_t duty_soon_ms(const struct duty_instance *i)
{
	int64_t n = count_bits(i->owed), ms = n * CIVIL_DAY_MS / 4 * 3;

	if (n == 0)
		return duty_end_ms(i);
	return civil_day_ms(i->span.first + nth_bit(i->owed, (int)(ms / CIVIL_DAY_MS))) + ms % CIVIL_DAY_MS;
}

enum duty_state duty_state_at(const struct duty_instance *i, int64_t done, int64_t at_ms, int64_t *next)
{
	int64_t none, end = duty_end_ms(i), begin = civil_day_ms(i->active.first), soon;

	next = next ? next : &none;
	*next = INT64_MAX;
	if (i->need == 0)
		return i->whole > 0 ? DUTY_EXEMPT : DUTY_NOT_DUE;
	if (at_ms < begin) {
		*next = begin;
		return DUTY_NOT_DUE;
	}
	if (done >= i->need)
		return DUTY_MET;
	if (at_ms >= end)
		return DUTY_OVERDUE;
	soon = duty_soon_ms(i);
	*next = at_ms < soon ? soon : end;
	return at_ms < soon ? DUTY_ON_TRACK : DUTY_DUE_SOON;
}

const char *duty_state_name(enum duty_state s)
{
	static const char *const names[DUTY_STATES] = {"not_due", "on_track", "due_soon", "met", "overdue", "exempt"};

	return names[s];
}

const char *duty_state_zh(enum duty_state s)
{
	static const char *const names[DUTY_STATES] = {"未到期", "正常", "临期", "已完成", "逾期未巡", "免除"};

	return names[s];
}
