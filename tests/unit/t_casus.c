/* t_casus.c - the case machine: core/casus.c, act by act.  The order of acts: t_casus_order.c. */
#include "tests/unit/casus_town.h"

static void test_life(void **state)
{
	static const enum casus_state want[] = {CASUS_REPORTED, CASUS_ACCEPTED, CASUS_DISPATCHED, CASUS_IN_PROGRESS,
		CASUS_HANDLED, CASUS_CLOSED, CASUS_CLOSED};
	struct script s;

	(void)state;
	tell_all(&s);
	fold(&s);
	for (uint32_t i = 0; i < s.n; i++) {
		assert_int_equal(s.order[i], i);
		if (s.act[i].fate != FATE_FORCE)
			fail_msg("%u: %s", i, s.act[i].detail);
		assert_int_equal(s.act[i].state, want[i]);
		assert_int_equal(s.act[i].version, i + 1);
		assert_false(s.act[i].parallel);
	}
	assert_int_equal(s.c.state, CASUS_CLOSED);
	assert_int_equal(s.c.version, 7);
	assert_int_equal(s.c.level, AREA_COMMUNITY);
	assert_int_equal(s.c.report, 0);
	assert_int_equal(s.c.last, 6);
	assert_int_equal(s.c.due_ms, at(5, 0, 0)); /* the end of Thursday */
	assert_int_equal(s.c.on_time, 1);
	assert_int_equal(s.c.result, RESULT_RECTIFIED);
	assert_int_equal(s.c.rating, RATING_SATISFIED);
	assert_string_equal(s.c.holder, "drainage office");
	assert_string_equal(s.c.handler, "p-3");
}

/* ---------------------------------------------------------------- every state x action x actor x need */

/* The table of the domain page once more, in its own words. */
static const struct page_row {
	const char *action, *from, *to, *who, *needs;
} page[] = {
	{"report", "none", "reported", "worker patroller chief office centre", ""},
	{"ack", "reported accepted dispatched in_progress handled closed declined suspended", "", "centre leader", ""},
	{"accept", "reported", "accepted", "own centre", ""},
	{"decline", "reported", "declined", "centre", "note"},
	{"dispatch", "accepted in_progress", "dispatched", "own centre", "to"},
	{"sign", "dispatched", "in_progress", "sent", ""},
	{"return", "dispatched", "accepted", "sent", "note"},
	{"escalate", "accepted in_progress", "reported", "office centre", "note"},
	{"extend", "accepted dispatched in_progress", "", "centre", "until"},
	{"suspend", "in_progress", "suspended", "centre leader", "note"},
	{"resume", "suspended", "in_progress", "centre leader", "note"},
	{"urge", "reported accepted dispatched in_progress handled suspended", "", "centre leader", ""},
	{"handle", "in_progress", "handled", "sent", "result photo"},
	{"verify_pass", "handled", "closed", "verifier centre", ""},
	{"verify_fail", "handled", "in_progress", "verifier centre", "note"},
	{"rate", "handled closed", "", "centre", "rating"},
	{"reopen", "closed", "accepted", "centre leader", "note"},
	{"void", "reported accepted dispatched in_progress handled closed declined suspended", "void", "centre", "note"},
};

static bool lists(const char *words, const char *w)
{
	size_t n = strlen(w);

	for (const char *p = words; n > 0 && (p = strstr(p, w)) != NULL; p += n)
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Whose right it is, by the page.  `sent` says of a wrong state only that it is the state that is wrong. */
static bool page_right(const struct page_row *r, const struct casus_fold *before, const char *role, const char *person,
	bool here, enum variant v)
{
	bool holder = before->holder_person && strcmp(before->holder, person) == 0;
	bool state = lists(r->from, casus_state_name(before->state));

	if (strcmp(r->who, "sent") == 0) {
		if (holder)
			return !lists("district admin", role) && role[0];
		if (!state)
			return lists("worker patroller chief office handler", role);
		return !before->holder_person && here && strcmp(role, "handler") == 0;
	}
	if (strcmp(r->action, "report") == 0)
		return lists(r->who, role);
	if (strcmp(role, "office") == 0 && here && lists(r->who, "own"))
		return v != TOWN_HOLDS;
	return here && role[0] && lists(r->who, role);
}

static void take_away(struct casus_act *a, const char *need)
{
	if (strcmp(need, "note") == 0)
		a->has_note = false;
	else if (strcmp(need, "to") == 0)
		a->to[0] = '\0';
	else if (strcmp(need, "until") == 0)
		a->until_ms = -1;
	else if (strcmp(need, "result") == 0)
		a->result = RESULT_NONE;
	else if (strcmp(need, "rating") == 0)
		a->rating = RATING_NONE;
	else if (strcmp(need, "photo") == 0)
		a->photo_after = false;
}

static const char *const needs[] = {"", "note", "to", "until", "result", "rating", "photo"};

/* s is the case as it was brought, and is so again afterwards. */
static int try_one(struct script *s, const struct casus_fold *before, enum variant v, const struct page_row *r,
	const char *role, const char *person, bool here, const char *missing)
{
	enum casus_action action = strcmp(r->action, "report") ? casus_action_of(slice_of(r->action)) : ACT_REPORT;
	enum casus_fate want = FATE_FORCE;
	enum casus_state from = before->state;
	struct casus_act *a = tell(s, action, ROLE_ADMIN, person);

	a->ngrant = 0;
	if (role[0])
		grant(a, role_of(slice_of(role)), AREA_TOWN, here ? TOWN : "990101200");
	a->photo_after = true;
	take_away(a, missing);
	fold(s);
	if (!page_right(r, before, role, person, here, v))
		want = FATE_NOT_ALLOWED;
	else if (!lists(r->from, casus_state_name(from)))
		want = FATE_ILLEGAL;
	else if (lists(r->who, "verifier") && strcmp(person, "sent") == 0)
		want = FATE_NOT_ALLOWED; /* he handled it */
	else if (missing[0] && lists(r->needs, missing))
		want = FATE_ILLEGAL;
	if (from == CASUS_NONE && action != ACT_REPORT)
		want = FATE_WAITS;
	if (from != CASUS_NONE && action == ACT_REPORT)
		want = FATE_FORCE; /* a further report: kept, without effect */
	if (a->fate != want)
		fail_msg("%s by %s \"%s\" %s, case %s (%d), without %s: fate %d \"%s\", want %d", r->action, role, person,
			here ? "here" : "elsewhere", casus_state_name(from), (int)v, missing, (int)a->fate,
			a->detail, (int)want);
	assert_int_equal(s->c.version, before->version + (want == FATE_FORCE && !(action == ACT_REPORT && from != CASUS_NONE)));
	assert_int_equal(a->detail[0] != '\0', want != FATE_FORCE || (action == ACT_REPORT && from != CASUS_NONE));
	if (want == FATE_FORCE && r->to[0] && s->c.version > before->version)
		assert_string_equal(casus_state_name(s->c.state), r->to);
	else
		assert_int_equal(s->c.state, from);
	if (!missing[0] && !(action == ACT_REPORT && from != CASUS_NONE) && want != FATE_WAITS)
		assert_int_equal(want == FATE_FORCE, casus_may(before, GRID, person, a->grant, a->ngrant, action));
	s->n--;
	return want == FATE_FORCE;
}

static void test_exhaustive(void **state)
{
	static const char *const who[] = {"worker", "patroller", "chief", "office", "centre", "handler", "verifier", "leader",
		"district", "admin", ""};
	struct casus_fold before;
	int n = 0, force = 0;
	struct script s;

	(void)state;
	assert_int_equal(ARRAY_LEN(page), CASUS_ACTIONS);
	for (uint32_t from = 0; from < CASUS_STATES; from++)
		for (enum variant v = 0; v < VARIANTS; v++) {
			bring(&s, (enum casus_state)from, v);
			fold(&s);
			before = s.c;
			for (size_t r = 0; r < ARRAY_LEN(page); r++)
				for (size_t w = 0; w < ARRAY_LEN(who); w++)
					for (int k = 0; k < 4 * (int)ARRAY_LEN(needs); k++, n++)
						force += try_one(&s, &before, v, &page[r], who[w], k & 1 ? "sent" : "other",
							!(k & 2), needs[k / 4]);
		}
	print_message("%d cases, %d of them in force\n", n, force);
	assert_true(force > 1000);
}

/* ---------------------------------------------------------------- one by one */

static void test_reports(void **state)
{
	static const struct {
		enum role role;
		enum area_level level;
		const char *area;
		enum area_level want;
	} v[] = {
		{ROLE_WORKER, AREA_GRID, GRID, AREA_COMMUNITY},
		{ROLE_WORKER, AREA_GRID, COMMUNITY, AREA_COMMUNITY},
		{ROLE_WORKER, AREA_GRID, TOWN, AREA_TOWN},
		{ROLE_CHIEF, AREA_COMMUNITY, GRID, AREA_COMMUNITY},
		{ROLE_CHIEF, AREA_TOWN, GRID, AREA_TOWN},
		{ROLE_PATROLLER, AREA_TOWN, GRID, AREA_TOWN},
		{ROLE_OFFICE, AREA_COMMUNITY, GRID, AREA_COMMUNITY},
		{ROLE_OFFICE, AREA_COMMUNITY, "990101", AREA_TOWN},
		{ROLE_CENTRE, AREA_TOWN, GRID, AREA_TOWN},
		{ROLE_CENTRE, AREA_COMMUNITY, GRID, AREA_TOWN},
	};
	struct casus_act *a;
	struct script s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		memset(&s, 0, sizeof s);
		a = tell(&s, ACT_REPORT, v[i].role, "p-1");
		a->grant[0].level = v[i].level;
		slice_copy(a->area, sizeof a->area, slice_of(v[i].area));
		fold(&s);
		wants(&s, FATE_FORCE, NULL);
		if (s.c.level != v[i].want)
			fail_msg("line %zu: %s", i, area_level_name(s.c.level));
	}
	a->area[0] = '\0';
	fold(&s);
	wants(&s, FATE_ILLEGAL, "needs a place");
	/* one who may not report does not stand before one who may */
	tell_all(&s);
	s.act[0].grant[0].role = ROLE_LEADER;
	tell(&s, ACT_REPORT, ROLE_WORKER, "p-9");
	tell(&s, ACT_REPORT, ROLE_WORKER, "p-10");
	fold(&s);
	assert_int_equal(s.act[0].fate, FATE_NOT_ALLOWED);
	assert_int_equal(s.c.report, 7);
	assert_int_equal(s.c.version, 7);
	assert_int_equal(s.act[8].fate, FATE_FORCE);
	assert_string_equal(s.act[8].detail, "the case was reported before");
	assert_int_equal(s.c.last, 6);
}

static void test_self_fixed(void **state)
{
	static const struct {
		const char *klass;
		enum casus_result want;
	} v[] = {{"hazard", RESULT_RECTIFIED}, {"finding", RESULT_RECTIFIED}, {"rectify", RESULT_RECTIFIED},
		{"appeal", RESULT_DONE}, {"dispute", RESULT_SETTLED_ORAL}};
	struct casus_act *a;
	struct script s = {0};

	(void)state;
	a = tell(&s, ACT_REPORT, ROLE_WORKER, "p-1");
	a->self_fixed = a->photo_before = a->photo_after = true;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		slice_copy(a->klass, sizeof a->klass, slice_of(v[i].klass));
		fold(&s);
		wants(&s, FATE_FORCE, NULL);
		assert_int_equal(s.c.result, v[i].want);
	}
	assert_int_equal(s.c.state, CASUS_CLOSED);
	assert_int_equal(s.c.level, AREA_GRID);
	assert_int_equal(s.c.closed_ms, a->key.at_ms);
	assert_int_equal(s.c.on_time, -1);
	assert_int_equal(s.c.version, 1);
	assert_true(s.c.self_fixed);
	a->photo_before = false;
	fold(&s);
	wants(&s, FATE_ILLEGAL, "photo");
	a->photo_before = true;
	a->photo_after = false;
	fold(&s);
	wants(&s, FATE_ILLEGAL, "photo");
	a->photo_after = true;
	a->severity = 1;
	fold(&s);
	wants(&s, FATE_ILLEGAL, "severity");
	a->severity = 2;
	a->grant[0].role = ROLE_OFFICE;
	fold(&s);
	wants(&s, FATE_NOT_ALLOWED, NULL);
	assert_int_equal(s.c.state, CASUS_NONE);
	/* its community may take it up once it is opened again */
	a->grant[0].role = ROLE_WORKER;
	tell(&s, ACT_REOPEN, ROLE_CENTRE, "p-5");
	tell(&s, ACT_DISPATCH, ROLE_OFFICE, "p-2");
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
}

static void test_results(void **state)
{
	static const char *const classes[] = {"hazard", "finding", "appeal", "rectify", "dispute"};
	struct script s;

	(void)state;
	tell_all(&s);
	s.n = 5;
	for (size_t k = 0; k < ARRAY_LEN(classes); k++)
		for (uint32_t r = 1; r <= RESULT_WITHDRAWN; r++) {
			bool dispute = k == 4, of_disputes = r >= RESULT_SETTLED_WRITTEN;

			slice_copy(s.act[0].klass, sizeof s.act[0].klass, slice_of(classes[k]));
			s.act[4].result = (enum casus_result)r;
			fold(&s);
			wants(&s, dispute == of_disputes || r == RESULT_TRANSFERRED ? FATE_FORCE : FATE_ILLEGAL, NULL);
		}
}

static void test_deadlines(void **state)
{
	struct casus_act *a;
	struct script s;

	(void)state;
	tell_all(&s);
	s.n = 5;
	s.act[0].rule = (struct casus_rule){.deadline = 4, .unit = DUE_WORK_HOUR};
	s.act[1].key.at_ms = at(1, 11, 0);
	for (int i = 2; i < 4; i++)
		s.act[i].key.at_ms = at(1, 11, i);
	a = &s.act[4];
	/* on time to the millisecond, and nothing later changes it */
	a->key.at_ms = at(1, 16, 0);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(1, 16, 0));
	assert_int_equal(s.c.on_time, 1);
	a->key.at_ms++;
	fold(&s);
	assert_int_equal(s.c.on_time, 0);
	s.act[0].rule.deadline = 0;
	fold(&s);
	assert_int_equal(s.c.due_ms, -1);
	assert_int_equal(s.c.on_time, -1);
	/* the assigned one goes before the category's, and a year without a calendar is said */
	s.act[0].rule.deadline = 4;
	s.act[0].due_ms = at(9, 12, 0);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(9, 12, 0));
	assert_false(s.c.due_provisional);
	s.act[0].due_ms = -1;
	fold(&s);
	assert_true(s.c.due_provisional);
	/* opened again: a new one by the category, from then */
	s.act[0].due_ms = at(9, 12, 0);
	tell(&s, ACT_VERIFY_PASS, ROLE_VERIFIER, "p-4")->key.at_ms = at(2, 9, 0);
	tell(&s, ACT_RATE, ROLE_CENTRE, "p-5")->key.at_ms = at(2, 10, 0);
	a = tell(&s, ACT_REOPEN, ROLE_LEADER, "p-6");
	a->key.at_ms = at(3, 17, 0);
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	assert_int_equal(s.c.state, CASUS_ACCEPTED);
	assert_int_equal(s.c.due_ms, at(4, 12, 0));
	assert_int_equal(s.c.on_time, -1);
	assert_int_equal(s.c.result, RESULT_NONE);
	assert_int_equal(s.c.closed_ms, -1);
	assert_int_equal(s.c.reopens, 1);
	assert_string_equal(s.c.holder, "");
	assert_int_equal(s.c.rating, RATING_SATISFIED);
}

/* "overdue" counts no closed case, and what was in time stays in time whatever the clock on the wall says. */
static void test_overdue(void **state)
{
	static const int running[] = {CASUS_ACCEPTED, CASUS_DISPATCHED, CASUS_IN_PROGRESS};
	struct script s;

	(void)state;
	for (uint32_t st = CASUS_REPORTED; st < CASUS_STATES; st++) {
		bool runs = st == (uint32_t)running[0] || st == (uint32_t)running[1] || st == (uint32_t)running[2];

		bring(&s, (enum casus_state)st, TO_UNIT);
		assert_int_equal(casus_is_running((enum casus_state)st), runs);
		assert_false(casus_is_overdue(&s.c, at(5, 0, 0)));
		assert_int_equal(casus_is_overdue(&s.c, at(5, 0, 0) + 1), runs);
		assert_int_equal(casus_is_overdue(&s.c, at(3000, 0, 0)), runs);
		if (st == CASUS_HANDLED || st == CASUS_CLOSED)
			assert_int_equal(s.c.on_time, 1);
	}
	bring(&s, CASUS_IN_PROGRESS, TO_UNIT);
	s.act[0].rule.unit = DUE_NONE;
	fold(&s);
	assert_false(casus_is_overdue(&s.c, INT64_MAX));
}

static void test_extend(void **state)
{
	struct casus_act *a;
	struct script s;

	(void)state;
	bring(&s, CASUS_IN_PROGRESS, TO_UNIT);
	a = tell(&s, ACT_EXTEND, ROLE_CENTRE, "p-5");
	a->key.at_ms = s.c.due_ms; /* the last moment */
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	assert_int_equal(s.c.due_ms, at(20, 0, 0));
	assert_false(s.c.due_provisional);
	assert_int_equal(s.c.extensions, 1);
	a->key.at_ms++;
	fold(&s);
	wants(&s, FATE_ILLEGAL, "passed");
	a->key.at_ms = at(1, 12, 0);
	a->until_ms = s.c.due_ms; /* as it stands */
	fold(&s);
	wants(&s, FATE_ILLEGAL, "later");
	a->until_ms++;
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	a->until_ms = at(20, 0, 0);
	s.act[0].rule.deadline = 0;
	fold(&s);
	wants(&s, FATE_ILLEGAL, "none");
}

static void test_suspend(void **state)
{
	struct workcal_day off[5];
	struct casus_act *a;
	struct script s;

	(void)state;
	bring(&s, CASUS_IN_PROGRESS, TO_UNIT);
	for (int i = 0; i < 4; i++) /* Thursday to Sunday of the week are off */
		off[i] = (struct workcal_day){civil_day(at(4 + i, 0, 0)), false};
	off[4] = (struct workcal_day){civil_day(at(13, 0, 0)), true}; /* work on the Saturday after */
	s.cal = (struct workcal){off, 5};
	fold(&s);
	assert_int_equal(s.c.due_ms, at(9, 0, 0)); /* Tuesday, Wednesday, Monday */
	assert_false(s.c.due_provisional);
	a = tell(&s, ACT_SUSPEND, ROLE_LEADER, "p-6");
	a->key.at_ms = at(2, 10, 0);
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	assert_int_equal(s.c.left, 2); /* Wednesday and Monday */
	assert_int_equal(s.c.due_ms, at(9, 0, 0));
	tell(&s, ACT_RESUME, ROLE_CENTRE, "p-5")->key.at_ms = at(12, 10, 0);
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	assert_int_equal(s.c.due_ms, at(16, 0, 0)); /* Saturday and Monday */
	assert_int_equal(s.c.left, 0);
	/* stopped and started at once: nothing changes */
	s.act[s.n - 1].key.at_ms = at(2, 10, 1);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(9, 0, 0));
	/* an assigned deadline keeps its time of day */
	s.act[0].due_ms = at(8, 15, 30);
	s.act[s.n - 1].key.at_ms = at(12, 10, 0);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(15, 15, 30));
	s.act[s.n - 1].key.at_ms = at(2, 10, 1);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(8, 15, 30));
	/* what had passed stays where it was */
	s.act[0].due_ms = at(2, 9, 59);
	s.act[s.n - 1].key.at_ms = at(12, 10, 0);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(2, 9, 59));
	assert_true(casus_is_overdue(&s.c, at(2, 10, 1)));
	/* no deadline at all */
	s.act[0].due_ms = -1;
	s.act[0].rule.unit = DUE_NONE;
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	assert_int_equal(s.c.due_ms, -1);
	/* assigned, and the category has no unit: natural time */
	s.act[0].due_ms = at(8, 15, 30);
	s.act[s.n - 1].key.at_ms = at(12, 10, 0);
	fold(&s);
	assert_int_equal(s.c.due_ms, at(8, 15, 30) + 10 * DAY_MS);
}

static void test_returns(void **state)
{
	struct script s;

	(void)state;
	bring(&s, CASUS_DISPATCHED, TO_UNIT);
	for (int i = 1; i <= 3; i++) {
		tell(&s, ACT_RETURN, ROLE_HANDLER, "p-3");
		fold(&s);
		wants(&s, i <= 2 ? FATE_FORCE : FATE_ILLEGAL, i <= 2 ? NULL : "twice");
		if (i <= 2) {
			assert_int_equal(s.c.state, CASUS_ACCEPTED);
			assert_string_equal(s.c.holder, "");
			tell(&s, ACT_DISPATCH, ROLE_CENTRE, "p-5");
		}
	}
	assert_int_equal(s.c.returns, 2);
	assert_int_equal(s.c.state, CASUS_DISPATCHED);
}

/* The base of the act told last is the one before it. */
static void follow(const struct script *s, struct casus_act *a)
{
	based_on(a, &s->act[s->n - 2]);
}

static void test_escalate(void **state)
{
	static const enum area_level want[] = {AREA_TOWN, AREA_DISTRICT, AREA_DISTRICT};
	struct script s;

	(void)state;
	bring(&s, CASUS_ACCEPTED, TO_UNIT);
	for (int i = 0; i < 3; i++) {
		follow(&s, tell(&s, ACT_ESCALATE, ROLE_OFFICE, "p-2"));
		fold(&s);
		wants(&s, i < 2 ? FATE_FORCE : FATE_ILLEGAL, i < 2 ? NULL : "district");
		assert_int_equal(s.c.level, want[i]);
		if (i == 2)
			break;
		assert_int_equal(s.c.state, CASUS_REPORTED);
		assert_int_equal(s.c.due_ms, -1);
		follow(&s, tell(&s, ACT_ACCEPT, ROLE_OFFICE, "p-2"));
		fold(&s);
		wants(&s, FATE_NOT_ALLOWED, "higher level");
		s.act[s.n - 1].grant[0] = (struct casus_grant){ROLE_CENTRE, AREA_TOWN, TOWN};
		s.act[s.n - 1].key.at_ms = at(2 + i, 9, 0);
		fold(&s);
		wants(&s, FATE_FORCE, NULL);
		assert_int_equal(s.c.due_ms, at(i ? 9 : 6, 0, 0)); /* a new one: Friday; Monday */
	}
	assert_int_equal(s.c.escalations, 2);
}

static void test_ratings(void **state)
{
	struct script s;

	(void)state;
	bring(&s, CASUS_HANDLED, TO_UNIT);
	for (uint32_t r = RATING_SATISFIED; r <= RATING_NO_CONTACT; r++) {
		tell(&s, ACT_RATE, ROLE_CENTRE, "p-5")->rating = (enum casus_rating)r;
		fold(&s);
		wants(&s, FATE_FORCE, NULL);
		assert_int_equal(s.c.rating, r); /* the last counts */
	}
	tell(&s, ACT_VERIFY_FAIL, ROLE_CENTRE, "p-5");
	fold(&s);
	assert_int_equal(s.c.state, CASUS_IN_PROGRESS);
	assert_int_equal(s.c.reworks, 1);
	assert_int_equal(s.c.on_time, -1);
	assert_int_equal(s.c.result, RESULT_NONE);
	tell(&s, ACT_RATE, ROLE_CENTRE, "p-5");
	fold(&s);
	wants(&s, FATE_ILLEGAL, "from handled or closed only");
}

static void test_acks(void **state)
{
	struct script s;

	(void)state;
	bring(&s, CASUS_REPORTED, TO_UNIT);
	assert_int_equal(s.c.acked_ms, -1);
	tell(&s, ACT_ACK, ROLE_CENTRE, "p-5");
	tell(&s, ACT_ACK, ROLE_LEADER, "p-6");
	tell(&s, ACT_URGE, ROLE_LEADER, "p-6");
	fold(&s);
	assert_string_equal(s.c.acked_by, "p-5");
	assert_int_equal(s.c.acked_ms, s.act[1].key.at_ms);
	assert_int_equal(s.c.urges, 1);
	assert_int_equal(s.c.version, 4);
	assert_int_equal(s.c.state, CASUS_REPORTED);
}

static void test_names(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < CASUS_ACTIONS; i++) {
		assert_int_equal(casus_action_of(slice_of(casus_action_name((enum casus_action)i))), i);
		assert_true(casus_action_zh((enum casus_action)i)[0]);
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(casus_action_zh((enum casus_action)i), casus_action_zh((enum casus_action)k));
	}
	assert_int_equal(casus_action_of(slice_of("report")), ACT_REPORT);
	assert_int_equal(casus_action_of(slice_of("accepted")), ACT_REPORT);
	for (uint32_t i = 1; i <= RESULT_WITHDRAWN; i++)
		assert_int_equal(casus_result_of(slice_of(casus_result_name((enum casus_result)i))), i);
	assert_int_equal(casus_result_of(slice_of("")), RESULT_NONE);
	assert_int_equal(casus_result_of(slice_of("fixed")), RESULT_NONE);
	for (uint32_t i = 1; i <= RATING_NO_CONTACT; i++)
		assert_int_equal(casus_rating_of(slice_of(casus_rating_name((enum casus_rating)i))), i);
	assert_int_equal(casus_rating_of(slice_of("good")), RATING_NONE);
	assert_int_equal(role_of(slice_of("centre")), ROLE_CENTRE);
	assert_int_equal(role_of(slice_of("center")), 0);
	for (uint32_t i = 1; i < CASUS_STATES; i++)
		assert_true(casus_state_name((enum casus_state)i)[0] && casus_state_zh((enum casus_state)i)[0]);
	assert_string_equal(casus_state_name((enum casus_state)CASUS_STATES), "");
	assert_false(casus_is_open(CASUS_NONE) || casus_is_open(CASUS_CLOSED) || casus_is_open(CASUS_DECLINED) || casus_is_open(CASUS_VOID));
	assert_true(casus_is_open(CASUS_SUSPENDED) && casus_is_open(CASUS_REPORTED) && casus_is_open(CASUS_HANDLED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_self_fixed),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_overdue),
		cmocka_unit_test(test_extend),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_escalate),
		cmocka_unit_test(test_ratings),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
