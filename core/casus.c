#include "core/casus.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/civil.h"

/* ---------------------------------------------------------------- names */

static const struct {
	const char *name, *zh;
} states[CASUS_STATES] = {
	{"none", ""},
	{"reported", "待立案"},
	{"accepted", "待派遣"},
	{"dispatched", "待签收"},
	{"in_progress", "处置中"},
	{"handled", "待核查"},
	{"closed", "办结"},
	{"declined", "不予立案"},
	{"suspended", "挂账"},
	{"void", "作废"},
};

static const struct {
	const char *name;
	enum role role;
} roles[] = {
	{"worker", ROLE_WORKER},
	{"patroller", ROLE_PATROLLER},
	{"chief", ROLE_CHIEF},
	{"office", ROLE_OFFICE},
	{"centre", ROLE_CENTRE},
	{"handler", ROLE_HANDLER},
	{"verifier", ROLE_VERIFIER},
	{"leader", ROLE_LEADER},
	{"district", ROLE_DISTRICT},
	{"admin", ROLE_ADMIN},
};

static const char *const results[] = {"", "rectified", "done", "transferred", "stopped", "settled_written",
	"settled_oral", "failed", "guided", "withdrawn"};
static const char *const ratings[] = {"", "satisfied", "basic", "dissatisfied", "no_contact"};

enum role role_of(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (slice_is(name, roles[i].name))
			return roles[i].role;
	return 0;
}

const char *casus_state_name(enum casus_state s)
{
	return s < CASUS_STATES ? states[s].name : "";
}

const char *casus_state_zh(enum casus_state s)
{
	return s < CASUS_STATES ? states[s].zh : "";
}

static uint32_t word_in(const char *const *words, uint32_t n, struct slice name)
{
	for (uint32_t i = 1; i < n; i++)
		if (slice_is(name, words[i]))
			return i;
	return 0;
}

enum casus_result casus_result_of(struct slice name)
{
	return (enum casus_result)word_in(results, ARRAY_LEN(results), name);
}

enum casus_rating casus_rating_of(struct slice name)
{
	return (enum casus_rating)word_in(ratings, ARRAY_LEN(ratings), name);
}

const char *casus_result_name(enum casus_result r)
{
	return r < ARRAY_LEN(results) ? results[r] : "";
}

const char *casus_rating_name(enum casus_rating r)
{
	return r < ARRAY_LEN(ratings) ? ratings[r] : "";
}

/* ---------------------------------------------------------------- the table (domain page, section 4) */

#define IN(s) (1u << CASUS_##s)
#define RUNNING (IN(ACCEPTED) | IN(DISPATCHED) | IN(IN_PROGRESS))
#define OPEN (IN(REPORTED) | RUNNING | IN(HANDLED) | IN(SUSPENDED))
#define NOT_VOID (OPEN | IN(CLOSED) | IN(DECLINED))
#define STAYS CASUS_NONE

#define REPORTERS (ROLE_WORKER | ROLE_PATROLLER | ROLE_CHIEF | ROLE_OFFICE | ROLE_CENTRE)
#define FIXERS (ROLE_WORKER | ROLE_PATROLLER | ROLE_CHIEF)
#define FACTS (REPORTERS | ROLE_HANDLER | ROLE_VERIFIER | ROLE_LEADER) /* district and admin state none */

enum who { /* beside roles */
	WHO_ANYWHERE = 1, /* the scope need not cover the case's area */
	WHO_OWN = 2,      /* an office: cases that its community holds */
	WHO_SENT = 4,     /* the person it was sent to, and where that is no person, any handler there */
	WHO_OTHER = 8,    /* never the person who handled */
};

enum need { NEED_NOTE = 1, NEED_TO = 2, NEED_RESULT = 4, NEED_RATING = 8, NEED_UNTIL = 16 };

struct rule {
	const char *name, *zh;
	uint32_t from; /* bits of states */
	enum casus_state to;
	uint32_t roles;
	uint32_t who, need;
};

static const struct rule rules[CASUS_ACTIONS] = {
	[ACT_REPORT] = {"report", "上报", IN(NONE), CASUS_REPORTED, REPORTERS, WHO_ANYWHERE, 0},
	[ACT_ACK] = {"ack", "签收预警", NOT_VOID, STAYS, ROLE_CENTRE | ROLE_LEADER, 0, 0},
	[ACT_ACCEPT] = {"accept", "立案", IN(REPORTED), CASUS_ACCEPTED, ROLE_OFFICE | ROLE_CENTRE, WHO_OWN, 0},
	[ACT_DECLINE] = {"decline", "不予立案", IN(REPORTED), CASUS_DECLINED, ROLE_CENTRE, 0, NEED_NOTE},
	[ACT_DISPATCH] = {"dispatch", "派遣", IN(ACCEPTED) | IN(IN_PROGRESS), CASUS_DISPATCHED,
		ROLE_OFFICE | ROLE_CENTRE, WHO_OWN, NEED_TO},
	[ACT_SIGN] = {"sign", "签收", IN(DISPATCHED), CASUS_IN_PROGRESS, ROLE_HANDLER, WHO_SENT, 0},
	[ACT_RETURN] = {"return", "退回", IN(DISPATCHED), CASUS_ACCEPTED, ROLE_HANDLER, WHO_SENT, NEED_NOTE},
	[ACT_ESCALATE] = {"escalate", "上报上级", IN(ACCEPTED) | IN(IN_PROGRESS), CASUS_REPORTED,
		ROLE_OFFICE | ROLE_CENTRE, 0, NEED_NOTE},
	[ACT_EXTEND] = {"extend", "延期", RUNNING, STAYS, ROLE_CENTRE, 0,
		NEED_UNTIL},
	[ACT_SUSPEND] = {"suspend", "挂账", IN(IN_PROGRESS), CASUS_SUSPENDED, ROLE_CENTRE | ROLE_LEADER, 0,
		NEED_NOTE},
	[ACT_RESUME] = {"resume", "解除挂账", IN(SUSPENDED), CASUS_IN_PROGRESS, ROLE_CENTRE | ROLE_LEADER, 0,
		NEED_NOTE},
	[ACT_URGE] = {"urge", "催办", OPEN, STAYS, ROLE_CENTRE | ROLE_LEADER, 0, 0},
	[ACT_HANDLE] = {"handle", "处置反馈", IN(IN_PROGRESS), CASUS_HANDLED, ROLE_HANDLER, WHO_SENT, NEED_RESULT},
	[ACT_VERIFY_PASS] = {"verify_pass", "核查通过", IN(HANDLED), CASUS_CLOSED, ROLE_VERIFIER | ROLE_CENTRE,
		WHO_OTHER, 0},
	[ACT_VERIFY_FAIL] = {"verify_fail", "返工", IN(HANDLED), CASUS_IN_PROGRESS, ROLE_VERIFIER | ROLE_CENTRE,
		WHO_OTHER, NEED_NOTE},
	[ACT_RATE] = {"rate", "回访", IN(HANDLED) | IN(CLOSED), STAYS, ROLE_CENTRE, 0, NEED_RATING},
	[ACT_REOPEN] = {"reopen", "重办", IN(CLOSED), CASUS_ACCEPTED, ROLE_CENTRE | ROLE_LEADER, 0, NEED_NOTE},
	[ACT_VOID] = {"void", "作废", NOT_VOID, CASUS_VOID, ROLE_CENTRE, 0, NEED_NOTE},
};

#define RETURNS_MAX 2

const char *casus_action_name(enum casus_action a)
{
	return a < CASUS_ACTIONS ? rules[a].name : "";
}

const char *casus_action_zh(enum casus_action a)
{
	return a < CASUS_ACTIONS ? rules[a].zh : "";
}

enum casus_action casus_action_of(struct slice name)
{
	for (uint32_t i = 1; i < CASUS_ACTIONS; i++)
		if (slice_is(name, rules[i].name))
			return (enum casus_action)i;
	return ACT_REPORT;
}

bool casus_is_open(enum casus_state s)
{
	return s < CASUS_STATES && (OPEN >> s & 1);
}

bool casus_is_running(enum casus_state s)
{
	return s < CASUS_STATES && (RUNNING >> s & 1);
}

bool casus_is_overdue(const struct casus_fold *c, int64_t now_ms)
{
	return casus_is_running(c->state) && c->due_ms >= 0 && now_ms > c->due_ms;
}

/* ---------------------------------------------------------------- may he? */

struct actor {
	const char *person, *area; /* who; where the case is, NULL: anywhere will do */
	const struct casus_grant *grant;
	uint32_t n;
};

static bool holds(const struct actor *who, uint32_t wanted)
{
	for (uint32_t i = 0; i < who->n; i++)
		if ((who->grant[i].role & wanted) &&
			(!who->area || area_covers(slice_of(who->grant[i].scope), slice_of(who->area))))
			return true;
	return false;
}

static bool holds_anywhere(const struct actor *who, uint32_t wanted)
{
	struct actor anywhere = *who;

	anywhere.area = NULL;
	return holds(&anywhere, wanted);
}

/* To sign, return and handle: the person it was sent to, else any handler of the place.  Before it is sent,
 * whoever might be sent something: it is not his right that is missing then. */
static bool is_sent(const struct casus_fold *c, const struct rule *r, const struct actor *who)
{
	if (c->holder_person && strcmp(c->holder, who->person) == 0)
		return holds_anywhere(who, FACTS);
	if (!c->holder_person && holds(who, ROLE_HANDLER))
		return true;
	return !(r->from >> c->state & 1) && holds_anywhere(who, FIXERS | ROLE_OFFICE | ROLE_HANDLER);
}

static bool has_right(const struct casus_fold *c, enum casus_action a, const struct actor *who)
{
	const struct rule *r = &rules[a];
	uint32_t wanted = r->roles;

	if (r->who & WHO_SENT)
		return is_sent(c, r, who);
	if (r->who & WHO_ANYWHERE)
		return holds_anywhere(who, wanted);
	if ((r->who & WHO_OWN) && c->level != AREA_GRID && c->level != AREA_COMMUNITY)
		wanted &= ~(uint32_t)ROLE_OFFICE;
	return holds(who, wanted);
}

/* Puts "from accepted or in_progress only" or, where these are many, nothing before the state. */
static void say_state(char *detail, size_t room, const struct rule *r, enum casus_state now)
{
	const char *first = NULL, *second = NULL;
	uint32_t n = 0;

	for (uint32_t s = 0; s < CASUS_STATES; s++)
		if (r->from >> s & 1) {
			second = n == 1 ? states[s].name : second;
			first = n == 0 ? states[s].name : first;
			n++;
		}
	if (n == 1)
		(void)snprintf(detail, room, "%s: from %s only, the case is %s", r->name, first, states[now].name); /* fits */
	else if (n == 2)
		(void)snprintf(detail, room, "%s: from %s or %s only, the case is %s", r->name, first, second,
			states[now].name); /* fits */
	else
		(void)snprintf(detail, room, "%s: not while the case is %s", r->name, states[now].name); /* fits */
}

static enum casus_fate refuse(enum casus_fate fate, char *detail, size_t room, const char *name, const char *why)
{
	(void)snprintf(detail, room, "%s %s", name, why); /* fits */
	return fate;
}

/* What the case as it stands allows: right, state, and what follows from both.  Needs are not looked at. */
static enum casus_fate may(const struct casus_fold *c, enum casus_action a, const struct actor *who,
	char *detail, size_t room)
{
	const struct rule *r = &rules[a];

	if (!has_right(c, a, who)) {
		const char *why = "is not a right that this person has here";

		if ((r->who & WHO_SENT) && c->holder_person)
			why = "is for the person to whom the case was sent";
		else if ((r->who & WHO_OWN) && holds(who, ROLE_OFFICE))
			why = "is not for the community: a higher level holds the case";
		return refuse(FATE_NOT_ALLOWED, detail, room, r->name, why);
	}
	if (!(r->from >> c->state & 1)) {
		say_state(detail, room, r, c->state);
		return FATE_ILLEGAL;
	}
	if ((r->who & WHO_OTHER) && c->handler[0] && strcmp(c->handler, who->person) == 0)
		return refuse(FATE_NOT_ALLOWED, detail, room, r->name, "is not for the person who handled it");
	if (a == ACT_RETURN && c->returns >= RETURNS_MAX)
		return refuse(FATE_ILLEGAL, detail, room, r->name, "is possible twice: it was returned twice");
	if (a == ACT_ESCALATE && c->level == AREA_DISTRICT)
		return refuse(FATE_ILLEGAL, detail, room, r->name, "goes no higher than the district");
	if (a == ACT_EXTEND && c->due_ms < 0)
		return refuse(FATE_ILLEGAL, detail, room, r->name, "is for a deadline: the case has none");
	return FATE_FORCE;
}

bool casus_may(const struct casus_fold *c, const char *area, const char *person, const struct casus_grant *grant,
	uint32_t ngrant, enum casus_action action)
{
	struct actor who = {person, area, grant, ngrant};
	char detail[128];

	return action < CASUS_ACTIONS && may(c, action, &who, detail, sizeof detail) == FATE_FORCE;
}

/* ---------------------------------------------------------------- one act in its place */

struct folding {
	struct casus_act *act;
	uint32_t n;
	const struct workcal *cal;
	struct casus_fold *c;
	bool expired;       /* the deadline had passed when it was suspended: it does not come back */
	uint32_t *order, placed;
	uint32_t *by_key;   /* acts in the order of their keys */
	uint32_t *rank;     /* of each act in by_key */
	uint32_t *by_id;    /* acts in the order of device, epoch, seq */
	uint32_t *base;     /* of each act: its base, over voided ones; NO_BASE, LOST */
	uint32_t *names;    /* LOST: the act whose .base is what did not come */
	uint32_t *child, *sibling;
	uint32_t *heap, nheap; /* ranks of acts that may be placed now */
};

#define NO_BASE UINT32_MAX
#define LOST (UINT32_MAX - 1)

static bool is_dispute(const char *klass)
{
	return strcmp(klass, "dispute") == 0;
}

/* Disputes know results of their own; transferred is for all. */
static bool result_fits(const char *klass, enum casus_result r)
{
	if (r == RESULT_TRANSFERRED)
		return true;
	return is_dispute(klass) == (r >= RESULT_SETTLED_WRITTEN);
}

/* What was settled on the spot: a dispute by word of mouth, else what was found put right. */
static enum casus_result fixed_result(const char *klass)
{
	if (is_dispute(klass))
		return RESULT_SETTLED_ORAL;
	return strcmp(klass, "appeal") == 0 ? RESULT_DONE : RESULT_RECTIFIED;
}

static enum casus_fate lacks(const struct folding *f, const struct casus_act *a, char *detail, size_t room)
{
	const struct casus_act *report = &f->act[f->c->report];
	const struct rule *r = &rules[a->action];
	const char *why = NULL;

	if ((r->need & NEED_NOTE) && !a->has_note)
		why = "needs a reason";
	else if ((r->need & NEED_TO) && !a->to[0])
		why = "needs to whom it is sent";
	else if ((r->need & NEED_RATING) && a->rating == RATING_NONE)
		why = "needs a rating";
	else if ((r->need & NEED_UNTIL) && a->until_ms < 0)
		why = "needs a new deadline";
	else if ((r->need & NEED_UNTIL) && a->key.at_ms > f->c->due_ms)
		why = "was asked after the deadline had passed";
	else if ((r->need & NEED_UNTIL) && a->until_ms <= f->c->due_ms)
		why = "needs a deadline later than the one there is";
	else if ((r->need & NEED_RESULT) && a->result == RESULT_NONE)
		why = "needs a result";
	else if ((r->need & NEED_RESULT) && !result_fits(report->klass, a->result))
		why = is_dispute(report->klass) ? "needs a result of disputes" : "has a result that is for disputes";
	else if (a->action == ACT_HANDLE && report->rule.photo_after && !a->photo_after)
		why = "needs a photo taken afterwards: the category asks for it";
	return why ? refuse(FATE_ILLEGAL, detail, room, r->name, why) : FATE_FORCE;
}

static enum casus_fate judge_report(const struct casus_act *a, char *detail, size_t room)
{
	struct actor who = {a->person, NULL, a->grant, a->ngrant};
	const char *name = a->self_fixed ? "self_fixed" : "report";

	if (!holds(&who, a->self_fixed ? FIXERS : REPORTERS))
		return refuse(FATE_NOT_ALLOWED, detail, room, name, "is not a right that this person has");
	if (!a->area[0])
		return refuse(FATE_ILLEGAL, detail, room, name, "needs a place");
	if (a->self_fixed && a->severity == 1)
		return refuse(FATE_ILLEGAL, detail, room, name, "is not for severity 1");
	if (a->self_fixed && !(a->photo_before && a->photo_after))
		return refuse(FATE_ILLEGAL, detail, room, name, "needs a photo before and one after");
	return FATE_FORCE;
}

/* Who holds a new case: the community, where somebody of it reports and the place is in one; else the town. */
static enum area_level first_level(const struct casus_act *a)
{
	enum area_level at = area_level(slice_of(a->area));

	if (a->self_fixed)
		return AREA_GRID;
	for (uint32_t i = 0; i < a->ngrant; i++) {
		const struct casus_grant *g = &a->grant[i];

		if (at < AREA_COMMUNITY || !(g->role & (FIXERS | ROLE_OFFICE)))
			continue;
		if (g->role == ROLE_OFFICE || g->level == AREA_GRID || g->level == AREA_COMMUNITY)
			return AREA_COMMUNITY;
	}
	return AREA_TOWN;
}

static void clear_handling(struct casus_fold *c)
{
	c->handled_ms = -1;
	c->closed_ms = -1;
	c->on_time = -1;
	c->result = RESULT_NONE;
}

static void clear_sending(struct casus_fold *c)
{
	c->holder[0] = '\0';
	c->holder_person = false;
	c->dispatched_ms = -1;
}

/* The clock starts.  An assigned deadline stands at the first acceptance, not after a reopening. */
static void start_clock(struct folding *f, int64_t at_ms, bool assigned)
{
	const struct casus_act *report = &f->act[f->c->report];
	struct casus_fold *c = f->c;

	c->accepted_ms = at_ms;
	c->due_ms = -1;
	c->due_provisional = false;
	if (assigned && report->due_ms >= 0)
		c->due_ms = report->due_ms;
	else if (report->rule.deadline > 0 && report->rule.unit != DUE_NONE)
		c->due_ms = due_after(f->cal, at_ms, report->rule.deadline, report->rule.unit, &c->due_provisional);
}

static enum due_unit clock_unit(const struct folding *f)
{
	enum due_unit u = f->act[f->c->report].rule.unit;

	return u == DUE_NONE ? DUE_HOUR : u;
}

static void stop_clock(struct folding *f, int64_t at_ms)
{
	struct casus_fold *c = f->c;

	f->expired = c->due_ms >= 0 && at_ms >= c->due_ms;
	c->left = c->due_ms >= 0 ? due_left(f->cal, at_ms, c->due_ms, clock_unit(f)) : 0;
}

/* Days end at 24:00; an assigned deadline or an extension may not: it keeps its time of day. */
static void resume_clock(struct folding *f, int64_t at_ms)
{
	struct casus_fold *c = f->c;
	enum due_unit u = clock_unit(f);
	int64_t early = 0;

	if (c->due_ms >= 0 && !f->expired) {
		if (u == DUE_DAY || u == DUE_WORK_DAY)
			early = civil_day_ms(civil_day(c->due_ms - 1) + 1) - c->due_ms;
		c->due_ms = due_resume(f->cal, at_ms, c->left, u, &c->due_provisional) - early;
	}
	c->left = 0;
}

static void take_report(struct folding *f, uint32_t i)
{
	const struct casus_act *a = &f->act[i];
	struct casus_fold *c = f->c;

	c->report = i;
	c->state = a->self_fixed ? CASUS_CLOSED : CASUS_REPORTED;
	c->level = first_level(a);
	c->report_ms = a->key.at_ms;
	if (!a->self_fixed)
		return;
	c->self_fixed = true;
	c->handled_ms = a->key.at_ms;
	c->closed_ms = a->key.at_ms;
	c->result = fixed_result(a->klass);
	memcpy(c->handler, a->person, sizeof c->handler);
}

static enum area_level above(enum area_level l)
{
	if (l == AREA_GRID)
		return AREA_COMMUNITY;
	return l == AREA_COMMUNITY ? AREA_TOWN : AREA_DISTRICT;
}

static void take(struct folding *f, const struct casus_act *a)
{
	struct casus_fold *c = f->c;
	int64_t at = a->key.at_ms;

	switch (a->action) {
	case ACT_REPORT:
	case ACT_DECLINE:
	case ACT_SIGN:
	case ACT_VOID:
		break;
	case ACT_ACK:
		if (c->acked_ms < 0) {
			c->acked_ms = at;
			memcpy(c->acked_by, a->person, sizeof c->acked_by);
		}
		break;
	case ACT_ACCEPT:
		start_clock(f, at, true);
		break;
	case ACT_DISPATCH:
		memcpy(c->holder, a->to, sizeof c->holder);
		c->holder_person = a->to_person;
		c->dispatched_ms = at;
		break;
	case ACT_RETURN:
		c->returns++;
		clear_sending(c);
		break;
	case ACT_ESCALATE:
		c->escalations++;
		c->level = above(c->level);
		c->accepted_ms = -1;
		c->due_ms = -1;
		c->due_provisional = false;
		clear_sending(c);
		break;
	case ACT_EXTEND:
		c->extensions++;
		c->due_ms = a->until_ms;
		c->due_provisional = false;
		break;
	case ACT_SUSPEND:
		stop_clock(f, at);
		break;
	case ACT_RESUME:
		resume_clock(f, at);
		break;
	case ACT_URGE:
		c->urges++;
		break;
	case ACT_HANDLE:
		memcpy(c->handler, a->person, sizeof c->handler);
		c->handled_ms = at;
		c->result = a->result;
		c->on_time = c->due_ms < 0 ? -1 : at <= c->due_ms;
		break;
	case ACT_VERIFY_PASS:
		c->closed_ms = at;
		break;
	case ACT_VERIFY_FAIL:
		c->reworks++;
		clear_handling(c);
		break;
	case ACT_RATE:
		c->rating = a->rating;
		break;
	case ACT_REOPEN:
		c->reopens++;
		clear_handling(c);
		clear_sending(c);
		start_clock(f, at, false);
		break;
	}
	if (rules[a->action].to != STAYS)
		c->state = rules[a->action].to;
}

/* ---------------------------------------------------------------- the order of acts */

static int id_cmp(const struct order_key *a, const struct order_key *b)
{
	int c;

	if ((c = strcmp(a->device, b->device)) != 0 || (c = strcmp(a->epoch, b->epoch)) != 0)
		return c;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

static int cmp_key(const void *a, const void *b, void *acts)
{
	const struct casus_act *act = acts;

	return order_cmp(&act[*(const uint32_t *)a].key, &act[*(const uint32_t *)b].key);
}

static int cmp_id(const void *a, const void *b, void *acts)
{
	const struct casus_act *act = acts;

	return id_cmp(&act[*(const uint32_t *)a].key, &act[*(const uint32_t *)b].key);
}

static uint32_t find_act(const struct folding *f, const struct order_key *id)
{
	uint32_t lo = 0, hi = f->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = id_cmp(&f->act[f->by_id[mid]].key, id);

		if (c == 0)
			return f->by_id[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return LOST;
}

static bool is_passed_over(const struct folding *f, uint32_t i)
{
	return i < f->n && f->act[i].voided;
}

/* Leads base[i] over voided acts; the path is shortened behind it.  Voided acts that are based on each other
 * in a circle lead nowhere. */
static void lead(struct folding *f, uint32_t i)
{
	uint32_t to = f->base[i], name = f->names[i], steps = 0;

	while (is_passed_over(f, to) && steps++ < f->n) {
		name = f->names[to];
		to = f->base[to];
	}
	if (is_passed_over(f, to)) {
		f->base[i] = LOST;
		return;
	}
	for (uint32_t at = i, next; f->base[at] != to || f->names[at] != name; at = next) {
		next = f->base[at];
		f->base[at] = to;
		f->names[at] = name;
		if (!is_passed_over(f, next))
			break;
	}
}

static void find_bases(struct folding *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct casus_act *a = &f->act[i];

		f->names[i] = i;
		f->base[i] = a->base.seq == 0 || a->action == ACT_REPORT ? NO_BASE : find_act(f, &a->base);
	}
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->act[i].voided)
			lead(f, i);
}

static void heap_push(struct folding *f, uint32_t rank)
{
	uint32_t i = f->nheap++;

	while (i > 0 && f->heap[(i - 1) / 2] > rank) {
		f->heap[i] = f->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	f->heap[i] = rank;
}

static uint32_t heap_pop(struct folding *f)
{
	uint32_t top = f->heap[0], last = f->heap[--f->nheap], i = 0, kid;

	while ((kid = 2 * i + 1) < f->nheap) {
		if (kid + 1 < f->nheap && f->heap[kid + 1] < f->heap[kid])
			kid++;
		if (f->heap[kid] >= last)
			break;
		f->heap[i] = f->heap[kid];
		i = kid;
	}
	f->heap[i] = last;
	return top;
}

/* ---------------------------------------------------------------- the fold */

static void put(struct folding *f, uint32_t i, enum casus_fate fate)
{
	struct casus_act *a = &f->act[i];

	a->fate = fate;
	a->state = f->c->state;
	a->version = f->c->version;
	f->order[f->placed++] = i;
}

static void put_waiting(struct folding *f, uint32_t i)
{
	struct casus_act *a = &f->act[i];
	bool lost = f->base[i] == LOST;
	const struct order_key *id;
	char text[100];

	if (f->base[i] == NO_BASE || f->c->report == UINT32_MAX) {
		(void)snprintf(a->detail, sizeof a->detail, "the case has not been reported"); /* fits */
		put(f, i, FATE_WAITS);
		return;
	}
	id = lost ? &f->act[f->names[i]].base : &f->act[f->base[i]].key;
	(void)snprintf(text, sizeof text, "%s/%s/%lld", id->device, id->epoch, (long long)id->seq); /* fits */
	(void)snprintf(a->waits, sizeof a->waits, "event %s", text); /* fits */
	(void)snprintf(a->detail, sizeof a->detail, "its base %s %s", text, lost ? "has not come" : "is not in force"); /* fits */
	put(f, i, FATE_WAITS);
}

/* The lowest report that may: the ones before it are refused, the ones after it change nothing. */
static void put_reports(struct folding *f)
{
	for (uint32_t k = 0; k < f->n; k++) {
		uint32_t i = f->by_key[k];
		struct casus_act *a = &f->act[i];
		enum casus_fate fate;

		if (a->action != ACT_REPORT || a->voided)
			continue;
		if (f->c->report != UINT32_MAX) {
			(void)snprintf(a->detail, sizeof a->detail, "the case was reported before"); /* fits */
			put(f, i, FATE_FORCE);
			continue;
		}
		fate = judge_report(a, a->detail, sizeof a->detail);
		if (fate == FATE_FORCE) {
			take_report(f, i);
			f->c->version = 1;
			f->c->last = i;
		}
		put(f, i, fate);
	}
}

static void put_act(struct folding *f, uint32_t i)
{
	struct casus_act *a = &f->act[i];
	struct actor who = {a->person, f->act[f->c->report].area, a->grant, a->ngrant};
	enum casus_fate fate = may(f->c, a->action, &who, a->detail, sizeof a->detail);

	if (fate == FATE_FORCE)
		fate = lacks(f, a, a->detail, sizeof a->detail);
	if (fate == FATE_FORCE) {
		a->parallel = f->base[i] != NO_BASE && f->base[i] != f->c->last;
		take(f, a);
		f->c->version++;
		f->c->last = i;
	}
	put(f, i, fate);
}

/* A further report says no more than that the case was reported: a base on it is one on the report. */
static void put_acts(struct folding *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t b = f->base[i];

		if (f->act[i].voided || f->act[i].action == ACT_REPORT || b == LOST)
			continue;
		if (b != NO_BASE && f->act[b].action == ACT_REPORT && f->act[b].fate == FATE_FORCE)
			b = f->base[i] = f->c->report;
		if (b == NO_BASE || b == f->c->report) {
			heap_push(f, f->rank[i]);
		} else {
			f->sibling[i] = f->child[b];
			f->child[b] = i;
		}
	}
	while (f->nheap > 0) {
		uint32_t i = f->by_key[heap_pop(f)];

		put_act(f, i);
		if (f->act[i].fate == FATE_FORCE)
			for (uint32_t k = f->child[i]; k != NO_BASE; k = f->sibling[k])
				heap_push(f, f->rank[k]);
	}
}

/* What has no place: its base did not come, is not in force, or goes round in a circle; then what is void. */
static void put_rest(struct folding *f)
{
	for (uint32_t k = 0; k < f->n; k++) {
		uint32_t i = f->by_key[k];

		if (!f->act[i].voided && f->act[i].fate == FATE_VOIDED)
			put_waiting(f, i);
	}
	for (uint32_t k = 0; k < f->n; k++) {
		if (f->act[f->by_key[k]].voided)
			put(f, f->by_key[k], FATE_VOIDED);
	}
}

static void clear(struct folding *f)
{
	*f->c = (struct casus_fold){
		.report_ms = -1, .accepted_ms = -1, .dispatched_ms = -1, .handled_ms = -1, .closed_ms = -1,
		.due_ms = -1, .on_time = -1, .acked_ms = -1, .report = UINT32_MAX, .last = UINT32_MAX,
	};
	for (uint32_t i = 0; i < f->n; i++) {
		struct casus_act *a = &f->act[i];

		a->fate = FATE_VOIDED; /* until it is put somewhere */
		a->detail[0] = a->waits[0] = '\0';
		a->parallel = false;
		f->by_key[i] = f->by_id[i] = i;
		f->child[i] = f->sibling[i] = NO_BASE;
	}
}

void casus_fold(struct casus_act *act, uint32_t n, const struct workcal *cal, uint32_t *order, struct casus_fold *out)
{
	struct folding f = {.act = act, .n = n, .cal = cal, .c = out, .order = order};
	uint32_t *room;

	assert(n <= CASUS_ACTS_MAX);
	room = xcalloc(n ? n : 1, 8 * sizeof *room);
	f.by_key = room;
	f.rank = room + n;
	f.by_id = room + 2 * (size_t)n;
	f.base = room + 3 * (size_t)n;
	f.names = room + 4 * (size_t)n;
	f.child = room + 5 * (size_t)n;
	f.sibling = room + 6 * (size_t)n;
	f.heap = room + 7 * (size_t)n;
	clear(&f);
	qsort_r(f.by_key, n, sizeof *f.by_key, cmp_key, act);
	qsort_r(f.by_id, n, sizeof *f.by_id, cmp_id, act);
	for (uint32_t k = 0; k < n; k++)
		f.rank[f.by_key[k]] = k;
	find_bases(&f);
	put_reports(&f);
	if (out->report != UINT32_MAX)
		put_acts(&f);
	put_rest(&f);
	assert(f.placed == n);
	free(room);
}
