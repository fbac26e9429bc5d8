/* judge.h - may this event be applied now?  What time, an administrator or another event can put
 * right is held (contract, section 2). */
#ifndef XUNGE_SCHEMA_JUDGE_H
#define XUNGE_SCHEMA_JUDGE_H

#include "core/event.h"
#include "schema/registry.h"
#include "schema/stream.h"

enum hold {
	HOLD_NONE = 0,
	HOLD_UNKNOWN_PERSON,
	HOLD_UNKNOWN_PLACE,
	HOLD_UNKNOWN_CATEGORY,
	HOLD_WAITS_FOR,
	HOLD_ILLEGAL_TRANSITION,
	HOLD_NOT_ALLOWED,
	HOLD_TIME_IN_FUTURE,
	HOLD_TIME_TOO_OLD,
};

#define FUTURE_MS (10 * 60 * 1000LL) /* event time may be this far ahead of the platform's clock */

struct judge {
	struct store *st;
	struct registry *registry;
	struct streams *streams;
	int64_t max_age_ms;
};

struct casus;

struct verdict {
	enum hold hold;
	char detail[160];   /* why it is held, with a JSON Pointer */
	char waits[160];    /* held.waits: "registry", "time", "event D/E/S", "case ID" */
	int64_t due_ms;     /* HOLD_TIME_IN_FUTURE: judge again then; else 0 */
	/* when it may be applied: */
	char person[65];    /* who acts, "" = nobody known (a device without a person) */
	char scope[REACH_CODE_MAX + 1]; /* "" = none */
	char area[AREA_CODE_MAX + 1];   /* that it counts for: of its scope, target or appointment, "" = none */
	int64_t victim;     /* void: commit of its target; 0: that is held among the acts of a case: */
	char victim_case[EVENT_ID_MAX + 1]; /* ... this one; "" no case */
	/* case.report, case.act: where they stand (settle.c) */
	struct casus *casus; /* NULL: not among the acts of their case */
	uint32_t act;
};

struct judge_time {
	int64_t now_ms;  /* the platform's clock; < 0: it stands before its last commit, no times are judged */
	int64_t recv_ms; /* when the event came: its age is counted from then */
	bool any_age;    /* imported from an older system */
};

enum err judge_event(struct judge *j, const struct event *ev, const struct device *dev, const struct judge_time *t,
	struct verdict *out) MUST_CHECK;

#endif
