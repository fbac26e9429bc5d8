/* duty.h - what is owed, period by period, and how it stands (domain page, section 3).  Pure.
 *
 * A duty is a rule that one person owes for one target (or for any).  Its rule has versions: each takes the
 * days from..to, and no two the same day.  An instance is a duty in one period.
 *   duty days    of the period: the appointment held, a version of this period and target sort held, its month is
 *                active.  On these patrols count, by the day of their start and by the version of that day.
 *   active days  duty days that are not exempted
 *   need         sum over versions of (count x active days of it) / days of the period, rounded half up once;
 *                counted in days never more than the active days
 * What is done beyond the need is kept, and never moves to another period. */
#ifndef XUNGE_CORE_DUTY_H
#define XUNGE_CORE_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum duty_period {
	PERIOD_NONE = 0,
	PERIOD_DAY,
	PERIOD_WEEK,      /* from Monday */
	PERIOD_TENDAY,    /* 1-10, 11-20, 21-end */
	PERIOD_HALFMONTH, /* 1-15, 16-end */
	PERIOD_MONTH,
	PERIOD_TWOMONTHS, /* January and February ... */
	PERIOD_QUARTER,
	PERIOD_YEAR,
};
#define DUTY_PERIODS 9

struct duty_span { /* civil days, both inclusive; last < first: none */
	int32_t first, last;
};

enum duty_period duty_period_of(struct slice name);     /* "tenday"; PERIOD_NONE: unknown */
const char *duty_period_name(enum duty_period p);
int duty_period_longest(enum duty_period p); /* days */
struct duty_span duty_span_of(enum duty_period p, int32_t day); /* the period that day falls in */
struct duty_span duty_span_next(enum duty_period p, struct duty_span s);
struct duty_span duty_span_before(enum duty_period p, struct duty_span s);

#define DUTY_RULE_MAX 64
#define DUTY_BACK 12 /* periods looked back at, to find since when a duty is overdue */

struct duty_rule { /* one version of a rule */
	char rule[DUTY_RULE_MAX + 1], role[16], level[12];
	bool each;                /* a duty for each target; else one for all that he is appointed for */
	enum duty_period period;
	int month_first, month_last;
	int64_t count;
	bool days;                /* counted in distinct days; else times */
	int64_t min_minutes, min_metres, min_gap_hours, min_coverage; /* -1 = not asked for; thousandths */
	bool substitute, delegate; /* these count */
	int32_t from, to;         /* its days */
};

struct duty {
	const struct duty_rule *version; /* ascending by day */
	uint32_t nversion;
	bool each;                /* versions of the other sort are another duty's */
	const struct duty_span *held;   /* the appointment's days; may overlap */
	uint32_t nheld;
	const struct duty_span *exempt;
	uint32_t nexempt;
};

/* A patrol, or a substitute for one, of the right person and target. */
struct duty_deed {
	int64_t at_ms;            /* its start */
	bool substitute, delegated;
	bool sound;               /* nothing speaks against it that no rule decides; of substitutes: true */
	bool gap;                 /* it came too soon after the last, by a rule that asks for a gap */
	int64_t duration_s, distance_m;
	int32_t coverage;         /* thousandths; -1: the reach has no line */
};

#define DUTY_WORDS 6 /* 366 days, a bit each */

struct duty_instance {
	enum duty_period period;
	struct duty_span span;    /* the whole period */
	struct duty_span active;  /* first and last active day; none: last < first */
	int64_t need;
	int64_t whole;            /* need without exemptions */
	bool days;                /* unit of need and done: of the last version in it */
	uint64_t on[DUTY_WORDS];  /* duty days; bit 0 = span.first */
	uint64_t owed[DUTY_WORDS]; /* active days */
};

/* Stored in duty_state.state; never renumber. */
enum duty_state {
	DUTY_NOT_DUE = 0,  /* it has not begun, or owes nothing */
	DUTY_ON_TRACK = 1,
	DUTY_DUE_SOON = 2, /* the last quarter of the active days has begun */
	DUTY_MET = 3,
	DUTY_OVERDUE = 4,  /* its last active day is over */
	DUTY_EXEMPT = 5,   /* exemptions take all of it */
};
#define DUTY_STATES 6

const char *duty_state_name(enum duty_state s); /* "due_soon" */
const char *duty_state_zh(enum duty_state s);   /* "临期" */

/* The version of that day; NULL: none (or only of the other sort). */
const struct duty_rule *duty_version(const struct duty *d, int32_t day);

/* The instance in the period p that day falls in. */
void duty_instance(const struct duty *d, enum duty_period p, int32_t day, struct duty_instance *out);

/* The instance that stands on that day: of the version of the day, or of the last before it while its period
 * lasts.  False: there is none, the duty is not owed (no version, or the appointment ended before the period). */
bool duty_current(const struct duty *d, int32_t day, struct duty_instance *out);

/* The instance before i: in the period of the day before i's first day with a version.  False: no version there. */
bool duty_before(const struct duty *d, const struct duty_instance *i, struct duty_instance *out);

/* Every instance whose period ends within first..last, oldest first; next(ctx) for each. */
void duty_each(const struct duty *d, int32_t first, int32_t last,
	void (*next)(void *ctx, const struct duty_instance *i), void *ctx);

struct duty_tally { /* zeroed = nothing done */
	int64_t times, days;
	uint64_t seen[DUTY_WORDS];
};
/* Adds the deed when it counts for the instance; says whether it does. */
bool duty_count(const struct duty *d, const struct duty_instance *i, const struct duty_deed *x, struct duty_tally *t);
int64_t duty_done(const struct duty_instance *i, const struct duty_tally *t); /* in the instance's unit */

/* State at the instant; *next (may be NULL): when the clock alone changes it, INT64_MAX: never. */
enum duty_state duty_state_at(const struct duty_instance *i, int64_t done, int64_t at_ms, int64_t *next);
int64_t duty_end_ms(const struct duty_instance *i);  /* 24:00 of its last active day */
int64_t duty_soon_ms(const struct duty_instance *i); /* when its last quarter begins */

#endif
