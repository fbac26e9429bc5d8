/* casus.h - a case: its acts put in order, and folded into a state (domain page, section 4).  Pure.
 *
 *   reported -> accepted -> dispatched -> in_progress -> handled -> closed
 *   beside it declined, suspended, void
 *
 * casus_fold() is a function of the set of acts and of nothing else: the same acts in any order give the same
 * state, and for each act whether it is in force, and if not, why.  Order: each act after its base, ties by
 * (event time, device, epoch, seq): of the acts whose base has its place, the lowest comes next.  An act is
 * judged in its place only: what is illegal there is held, and never tried at a later place, where it was not meant.
 *
 *   the report      comes first, whatever its time: the lowest that is in force.  Later ones have no effect, and a base
 *                   on one of them is a base on the report
 *   a voided act    is passed over: who is based on it, is based on its base
 *   rights          first by roles (not_allowed), then the state, then what the action needs (illegal_transition)
 *   sign, return,   the person it was sent to; where it went to a unit, any handler of the place
 *   handle
 *   escalate        by an office of the place whoever holds the case; accept and dispatch only while its community does
 *   deadline        from accept (the assigned one, where the report has it) and from reopen (the category's)
 *   suspend, resume the clock runs on with what was left by the category's unit, in natural hours where it has none; a deadline
 *                   that had passed stays where it was
 *   verify_fail,    nothing is handled any more: result and on_time are taken back.  The rating stays until the next
 *   reopen
 *   self_fixed      handled and closed by the reporter, held by the grid: rectified; an appeal done, a dispute settled_oral */
#ifndef XUNGE_CORE_CASUS_H
#define XUNGE_CORE_CASUS_H

#include "core/area.h"
#include "core/order.h"
#include "core/workcal.h"

/* Stored; never renumber. */
enum casus_state {
	CASUS_NONE = 0, /* no report yet */
	CASUS_REPORTED = 1,
	CASUS_ACCEPTED = 2,
	CASUS_DISPATCHED = 3,
	CASUS_IN_PROGRESS = 4,
	CASUS_HANDLED = 5,
	CASUS_CLOSED = 6,
	CASUS_DECLINED = 7,
	CASUS_SUSPENDED = 8,
	CASUS_VOID = 9,
};
#define CASUS_STATES 10

enum casus_action {
	ACT_REPORT = 0,
	ACT_ACK = 1,
	ACT_ACCEPT = 2,
	ACT_DECLINE = 3,
	ACT_DISPATCH = 4,
	ACT_SIGN = 5,
	ACT_RETURN = 6,
	ACT_ESCALATE = 7,
	ACT_EXTEND = 8,
	ACT_SUSPEND = 9,
	ACT_RESUME = 10,
	ACT_URGE = 11,
	ACT_HANDLE = 12,
	ACT_VERIFY_PASS = 13,
	ACT_VERIFY_FAIL = 14,
	ACT_RATE = 15,
	ACT_REOPEN = 16,
	ACT_VOID = 17,
};
#define CASUS_ACTIONS 18

/* handle.result; 0 = none */
enum casus_result {
	RESULT_NONE = 0, RESULT_RECTIFIED, RESULT_DONE, RESULT_TRANSFERRED, RESULT_STOPPED,
	RESULT_SETTLED_WRITTEN, RESULT_SETTLED_ORAL, RESULT_FAILED, RESULT_GUIDED, RESULT_WITHDRAWN,
};
enum casus_rating { RATING_NONE = 0, RATING_SATISFIED, RATING_BASIC, RATING_DISSATISFIED, RATING_NO_CONTACT };

/* Roles as bits, for what a person may do. */
enum role {
	ROLE_WORKER = 1, ROLE_PATROLLER = 2, ROLE_CHIEF = 4, ROLE_OFFICE = 8, ROLE_CENTRE = 16, ROLE_HANDLER = 32,
	ROLE_VERIFIER = 64, ROLE_LEADER = 128, ROLE_DISTRICT = 256, ROLE_ADMIN = 512,
};
enum role role_of(struct slice name); /* 0: unknown */

const char *casus_state_name(enum casus_state s);   /* "in_progress" */
const char *casus_state_zh(enum casus_state s);     /* "处置中" */
const char *casus_action_name(enum casus_action a); /* "report", "ack" ... */
const char *casus_action_zh(enum casus_action a);
enum casus_action casus_action_of(struct slice name); /* an action of case.act; ACT_REPORT: unknown */
enum casus_result casus_result_of(struct slice name);
enum casus_rating casus_rating_of(struct slice name);
const char *casus_result_name(enum casus_result r); /* "" for none */
const char *casus_rating_name(enum casus_rating r);
bool casus_is_open(enum casus_state s); /* reported .. handled, suspended */
bool casus_is_running(enum casus_state s); /* its deadline runs: accepted .. in_progress */

#define CASUS_GRANTS 16 /* appointments of one person that are looked at */
struct casus_grant { /* a role that the actor had at the act's time */
	enum role role;
	enum area_level level; /* of the appointment */
	char scope[AREA_CODE_MAX + 1]; /* area code (of a reach: its area); "*" = everywhere */
};

enum casus_fate {
	FATE_FORCE = 0,   /* in force */
	FATE_WAITS,       /* its report or base has not come, or is not in force itself */
	FATE_ILLEGAL,     /* illegal_transition: not from this state, or lacks what it needs */
	FATE_NOT_ALLOWED, /* the actor may not */
	FATE_VOIDED,      /* taken out by a void event: as if it had never come */
};

/* What the category asks for on the day of the report; of the report's act only. */
struct casus_rule {
	int64_t deadline; /* 0 = none */
	enum due_unit unit;
	bool photo_before, photo_after;
};

/* One event of the case.  In: all but the last block.  Slices and ids are copies: an act is a plain value. */
struct casus_act {
	struct order_key key;
	struct order_key base; /* at_ms unused; seq 0: none */
	enum casus_action action;
	bool voided;
	char person[65]; /* who acted; "" unknown */
	struct casus_grant grant[CASUS_GRANTS];
	uint32_t ngrant;
	char to[65];             /* dispatch: a person's code, or any name of a unit */
	bool to_person;          /* it is a person's */
	int64_t until_ms;        /* extend; -1 none */
	enum casus_result result;
	enum casus_rating rating;
	bool has_note;           /* a reason that is more than blanks */
	bool photo_before, photo_after; /* attachments of these roles */
	/* report */
	char klass[12];
	int severity;            /* the report's, else the category's; 1..4 */
	char area[AREA_CODE_MAX + 1]; /* where the case is; "" unknown */
	bool self_fixed;
	int64_t due_ms;          /* set by the one who assigns it; -1 none */
	struct casus_rule rule;
	/* for the caller's own use: not looked at */
	int64_t tag;
	/* out */
	enum casus_fate fate;
	char detail[128];        /* why not, for people; "" in force */
	char waits[160];         /* FATE_WAITS for a base: "event device/epoch/seq"; for a report: "" */
	bool parallel;           /* its base is not the act before it */
	enum casus_state state;  /* after it */
	int64_t version;         /* after it: 1, 2, 3 ...; not in force: as it stood */
};

struct casus_fold { /* zeroed = no report */
	enum casus_state state;
	int64_t version;
	enum area_level level;    /* who holds it: grid community town district */
	char holder[65];          /* to whom it was sent; "" nobody */
	bool holder_person;
	char handler[65];         /* who handled it last */
	int64_t report_ms, accepted_ms, dispatched_ms, handled_ms, closed_ms; /* event times; -1 none */
	int64_t due_ms;           /* -1 none; while suspended, as it stood */
	bool due_provisional;
	int64_t left;             /* suspended: what is left (due_left); else 0 */
	bool self_fixed;
	int on_time;              /* of the handle that counts: 1 in time, 0 late, -1 not handled, or no deadline */
	enum casus_result result; /* of the handle that counts */
	enum casus_rating rating; /* the last */
	int64_t returns, escalations, extensions, urges, reopens, reworks;
	int64_t acked_ms;         /* first acknowledgement; -1 none */
	char acked_by[65];
	uint32_t report;          /* index of the report that counts; UINT32_MAX none */
	uint32_t last;            /* index of the last act in force with an effect: what an officer's act is based on; UINT32_MAX none */
};

/* Puts order[0..n) = indices of act in the order in which they were judged (those that wait behind, then the voided), fills the
 * out fields of each act and *out.  n <= CASUS_ACTS_MAX.  order: room for n.  Keys are different.  O(n log n); voided acts
 * based on each other in circles cost up to n^2 steps. */
#define CASUS_ACTS_MAX 4096 /* of one case; further acts are held (illegal_transition, "too many acts") by the caller */
void casus_fold(struct casus_act *act, uint32_t n, const struct workcal *cal, uint32_t *order, struct casus_fold *out);

/* Is its deadline over at now_ms?  Only while somebody works against it: what is handled was in time or not (on_time), and no
 * later clock makes it overdue; nor what is closed, suspended or not yet accepted. */
bool casus_is_overdue(const struct casus_fold *c, int64_t now_ms);

/* May somebody with these grants do `action` to the case as it stands (for buttons)?  Needs (reasons, photos) are not looked at.
 * area: where the case is. */
bool casus_may(const struct casus_fold *c, const char *area, const char *person, const struct casus_grant *grant, uint32_t ngrant, enum casus_action action);

#endif
