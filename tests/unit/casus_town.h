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

/* From the report to the closing, as an office does it. */
static inline void tell_all(struct script *s)
{
	memset(s, 0, sizeof *s);
	tell(s, ACT_REPORT, ROLE_WORKER, "p-1");
	tell(s, ACT_ACCEPT, ROLE_OFFICE, "p-2");
	tell(s, ACT_DISPATCH, ROLE_OFFICE, "p-2");
	tell(s, ACT_SIGN, ROLE_HANDLER, "p-3");
	tell(s, ACT_HANDLE, ROLE_HANDLER, "p-3");
	tell(s, ACT_VERIFY_PASS, ROLE_VERIFIER, "p-4");
	tell(s, ACT_RATE, ROLE_CENTRE, "p-5");
}

static inline const struct casus_act *last_of(const struct script *s)
{
	return &s->act[s->n - 1];
}

static inline void wants(const struct script *s, enum casus_fate fate, const char *detail)
{
	if (last_of(s)->fate != fate || (detail && !strstr(last_of(s)->detail, detail)))
		fail_msg("%s: fate %d, \"%s\"; want %d, \"%s\"", casus_action_name(last_of(s)->action), (int)last_of(s)->fate,
			last_of(s)->detail, (int)fate, detail ? detail : "");
}

enum variant { TO_UNIT, TO_PERSON, TOWN_HOLDS, VARIANTS };

/* A case in that state, with everything done by people whose names are nobody's else. */
static inline void bring(struct script *s, enum casus_state to, enum variant v)
{
	static const enum casus_action way[CASUS_STATES][8] = {
		[CASUS_ACCEPTED] = {ACT_ACCEPT},
		[CASUS_DISPATCHED] = {ACT_ACCEPT, ACT_DISPATCH},
		[CASUS_IN_PROGRESS] = {ACT_ACCEPT, ACT_DISPATCH, ACT_SIGN},
		[CASUS_HANDLED] = {ACT_ACCEPT, ACT_DISPATCH, ACT_SIGN, ACT_HANDLE},
		[CASUS_CLOSED] = {ACT_ACCEPT, ACT_DISPATCH, ACT_SIGN, ACT_HANDLE, ACT_VERIFY_PASS},
		[CASUS_DECLINED] = {ACT_DECLINE},
		[CASUS_SUSPENDED] = {ACT_ACCEPT, ACT_DISPATCH, ACT_SIGN, ACT_SUSPEND},
		[CASUS_VOID] = {ACT_VOID},
	};
	struct casus_act *a;

	memset(s, 0, sizeof *s);
	if (to == CASUS_NONE)
		return;
	a = tell(s, ACT_REPORT, v == TOWN_HOLDS ? ROLE_CENTRE : ROLE_WORKER, "first");
	a->rule.photo_after = true;
	for (int i = 0; way[to][i]; i++) {
		enum casus_action k = way[to][i];
		bool sent = k == ACT_SIGN || k == ACT_HANDLE;

		a = tell(s, k, sent ? ROLE_HANDLER : ROLE_CENTRE, sent ? "sent" : "first");
		a->photo_after = true;
		if (k == ACT_DISPATCH && v == TO_PERSON) {
			slice_copy(a->to, sizeof a->to, slice_of("sent"));
			a->to_person = true;
		}
	}
	fold(s);
	assert_int_equal(s->c.state, to);
	assert_int_equal(s->c.version, s->n);
}

#endif
