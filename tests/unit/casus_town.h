/* casus_town.h - acts of one case, made short: for the tests of core/casus.c. */
#ifndef XUNGE_TESTS_CASUS_TOWN_H
#define XUNGE_TESTS_CASUS_TOWN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/casus.h"
#include "core/civil.h"

#define GRID "990101100016003"
#define COMMUNITY "990101100016"
#define TOWN "990101100"
#define ELSEWHERE "990101100017"

#define DAY_MS CIVIL_DAY_MS
#define HOUR_MS 3600000LL

struct script { /* a case as it is told */
	struct casus_act act[64];
	uint32_t n, order[64];
	struct workcal cal;
	struct casus_fold c;
};

/* An instant in the week of Monday 2025-11-24, of which the calendar says nothing. */
static inline int64_t at(int day, int hour, int minute)
{
	return civil_day_ms(civil_make(2025, 11, 23) + day) + hour * HOUR_MS + minute * 60000LL;
}

static inline void grant(struct casus_act *a, enum role role, enum area_level level, const char *scope)
{
	struct casus_grant *g = &a->grant[a->ngrant++];

	g->role = role;
	g->level = level;
	slice_copy(g->scope, sizeof g->scope, slice_of(scope));
}

/* The next act, with all that any action needs; each a minute after the one before. */
static inline struct casus_act *tell(struct script *s, enum casus_action action, enum role role, const char *person)
{
	struct casus_act *a = &s->act[s->n++];

	memset(a, 0, sizeof *a);
	order_set(&a->key, at(1, 9, 0) + s->n * 60000LL, slice_of("d-1"), slice_of("e"), s->n);
	a->action = action;
	slice_copy(a->person, sizeof a->person, slice_of(person));
	grant(a, role, AREA_COMMUNITY, role == ROLE_OFFICE || role == ROLE_WORKER ? COMMUNITY : TOWN);
	a->until_ms = action == ACT_EXTEND ? at(20, 0, 0) : -1;
	a->due_ms = -1;
	a->has_note = true;
	if (action == ACT_DISPATCH)
		slice_copy(a->to, sizeof a->to, slice_of("drainage office"));
	if (action == ACT_HANDLE)
		a->result = RESULT_RECTIFIED;
	if (action == ACT_RATE)
		a->rating = RATING_SATISFIED;
	if (action == ACT_REPORT) {
		slice_copy(a->klass, sizeof a->klass, slice_of("hazard"));
		slice_copy(a->area, sizeof a->area, slice_of(GRID));
		a->severity = 2;
		a->rule = (struct casus_rule){.deadline = 3, .unit = DUE_WORK_DAY};
	}
	return a;
}

static inline void based_on(struct casus_act *a, const struct casus_act *base)
{
	a->base = base->key;
	a->base.at_ms = 0;
}

static inline void fold(struct script *s)
{
	casus_fold(s->act, s->n, &s->cal, s->order, &s->c);
}

#endif
