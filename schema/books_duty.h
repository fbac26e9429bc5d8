/* books_duty.h - how the duties stand, as rows (table duty_state, kept by schema/duties.c). */
#ifndef XUNGE_SCHEMA_BOOKS_DUTY_H
#define XUNGE_SCHEMA_BOOKS_DUTY_H

#include "core/duty.h"
#include "schema/books.h"

struct books_duty_key { /* a row's place: the list's order */
	int64_t overdue; /* overdue list only */
	char person[65], rule[DUTY_RULE_MAX + 1], target[REACH_CODE_MAX + 1], level[12], role[16];
};

struct books_duty_filter { /* zeroed but for state = all */
	const char *level, *rule, *person, *target, *role; /* NULL: any */
	int32_t last;  /* only what ends on this day; 0: any */
	int state;     /* enum duty_state; -1: any */
	bool overdue;  /* only what is overdue, longest first; else by person, rule, target */
};

struct books_duty {
	struct books_named person, target, area; /* target "" = any */
	const char *rule, *level, *role, *unit, *reason; /* reason: of an exemption that takes it today; "" */
	int32_t first, last; /* active days of the current period; last < first: none */
	int64_t need, done;
	enum duty_state state;
	int64_t overdue_ms;  /* since when; -1: it is not */
};

/* Civil day by whose end an overdue duty was due, and the days since. */
int32_t books_duty_due(const struct books_duty *d);
int32_t books_duty_days(const struct books_duty *d, int64_t now_ms);

/* p->has_after: behind *after.  p->more: *next is where to go on. */
enum err books_duties(struct store *st, struct books_page *p, const struct books_duty_filter *f, const struct books_duty_key *after,
	struct books_duty_key *next, void (*row)(void *ctx, const struct books_duty *d), void *ctx) MUST_CHECK;

#endif
