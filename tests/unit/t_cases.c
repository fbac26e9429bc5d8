/* t_cases.c - cases through the intake: what is in force, what is held and why, what follows in tallies and alerts. */
#include "schema/cases.h"
#include "schema/office.h"
#include "tests/unit/town.h"

#define HOUR 3600000LL
#define T0 (TOWN_NOW - 20 * HOUR)
#define PHOTO "\"att\":[{\"sha256\":\"0123456789012345678901234567890123456789012345678901234567890123\",\"role\":\"after\"}],"

static int setup(void **state)
{
	struct town *t = xcalloc(1, sizeof *t);

	town_make(t);
	town_officers(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct town *t = *state;

	town_check(t);
	town_remove(t);
	free(t);
	return 0;
}

/* Sends one event; the ack. */
static const char *send(struct town *t, const char *device, int seq, int64_t at, const char *rest)
{
	char json[700];

	(void)snprintf(json, sizeof json, "{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld,%s}", seq, (long long)at, rest);
	town_send(t, device, json);
	return town_commit(t);
}

static const char *report(struct town *t, int seq, int64_t at)
{
	return send(t, "d-1", seq, at, "\"scope\":\"990101100001001\",\"kind\":\"case.report\",\"body\":{\"case\":\"c-1\",\"class\":"
				       "\"hazard\",\"category\":\"fire\",\"title\":\"电线\"}");
}

static const char *act(struct town *t, const char *device, int seq, int64_t at, const char *what)
{
	char rest[400];

	(void)snprintf(rest, sizeof rest, PHOTO "\"kind\":\"case.act\",\"body\":{\"case\":\"c-1\",\"action\":%s}", what);
	return send(t, device, seq, at, rest);
}

static void want(struct town *t, const char *sql, const char *rows)
{
	char *s = town_dump(t, sql);

	if (strcmp(s, rows) != 0)
		fail_msg("%s:\n%s--- instead of\n%s", sql, s, rows);
	free(s);
}

static void has(const char *ack, const char *text)
{
	if (!strstr(ack, text))
		fail_msg("no %s in %s", text, ack);
}

#define STATE "SELECT state, version FROM casus WHERE name = 'c-1'"
#define TALLIES "SELECT figure, category, n FROM tally WHERE span = 2025 AND n <> 0 AND figure <> 'events' ORDER BY 1, 2"
#define HAZARD "SELECT severity, active, acked_by FROM alert WHERE id = 'hazard:c-1'"

static void life(void **state)
{
	struct town *t = *state;

	has(report(t, 1, T0), "\"results\":[]");
	want(t, HAZARD, "2|1|-\n");
	want(t, TALLIES, "cases_received|hazard|1\nhazards_found|fire|1\n");
	has(act(t, "d-11", 1, T0 + 1, "\"ack\""), "\"results\":[]");
	want(t, HAZARD, "2|1|p-11\n");
	has(act(t, "d-12", 1, T0 + 2, "\"accept\""), "\"results\":[]");
	has(act(t, "d-12", 2, T0 + 3, "\"dispatch\",\"to\":\"p-13\""), "\"results\":[]");
	has(act(t, "d-13", 1, T0 + 4, "\"sign\""), "\"results\":[]");
	has(act(t, "d-13", 2, T0 + 5, "\"handle\",\"result\":\"rectified\""), "\"results\":[]");
	has(act(t, "d-14", 1, T0 + 6, "\"verify_pass\""), "\"results\":[]");
	want(t, STATE, "6|7\n");
	want(t, HAZARD, "2|0|p-11\n");
	want(t, TALLIES, "cases_accepted|hazard|1\ncases_closed|hazard|1\ncases_closed_flow|hazard|1\ncases_due|hazard|1\n"
			 "cases_due_closed|hazard|1\ncases_due_on_time|hazard|1\ncases_received|hazard|1\nhazards_found|fire|1\n"
			 "hazards_rectified|fire|1\nhazards_rectified_flow|fire|1\n");
	want(t, "SELECT on_time, handler, holder, level FROM casus", "1|p-13|p-13|community\n");
	want(t, "SELECT \"commit\" = (SELECT max(\"commit\") FROM event) FROM casus", "1\n");
	has(act(t, "d-11", 2, T0 + 7, "\"void\",\"note\":\"x\""), "\"results\":[]");
	want(t, TALLIES, "");
}

static void defined_answers(void **state)
{
	struct town *t = *state;

	has(act(t, "d-12", 1, T0 + 1, "\"accept\""), "\"status\":\"held\",\"code\":\"waits_for\",\"detail\":\"/body/case: c-1\"");
	want(t, "SELECT waits, folded FROM held", "case c-1|1\n");
	has(report(t, 1, T0), "\"results\":[]");
	want(t, STATE, "2|2\n");
	has(act(t, "d-12", 1, T0 + 1, "\"accept\""), "\"results\":[]"); /* the same again: stored by now */
	has(act(t, "d-12", 2, T0 + 2, "\"accept\""), "\"code\":\"illegal_transition\",\"detail\":\"/body/action: accept:");
	has(act(t, "d-12", 2, T0 + 2, "\"accept\""), "\"code\":\"illegal_transition\""); /* and the same answer again */
	has(act(t, "d-4", 1, T0 + 3, "\"urge\""), "\"code\":\"not_allowed\",\"detail\":\"/person: urge");
	has(send(t, "d-11", 1, T0 + 4, "\"base\":\"d-9/e/7\",\"kind\":\"case.act\",\"body\":{\"case\":\"c-1\",\"action\":\"urge\"}"),
		"\"code\":\"waits_for\",\"detail\":\"/base: its base d-9/e/7 has not come\"");
	has(send(t, "d-11", 2, T0 + 5, "\"base\":\"d-1/e/1\",\"kind\":\"case.act\",\"body\":{\"case\":\"c-1\",\"action\":\"urge\"}"),
		"\"results\":[]"); /* a stale base: in force, beside the acceptance */
	want(t, STATE, "2|3\n");
	has(report(t, 2, T0 + 6), "\"results\":[]"); /* a further report: kept, without effect */
	want(t, STATE, "2|3\n");
	has(report(t, 3, T0 - 1), "\"results\":[]"); /* an earlier one: it counts */
	want(t, "SELECT report_seq, state FROM casus", "3|2\n");
	want(t, "SELECT device, seq, kind, code, displaced FROM held_all ORDER BY 1, 2",
		"d-11|1|10|waits_for|0\nd-12|2|10|illegal_transition|0\nd-4|1|10|not_allowed|0\n");
}

static void a_late_act_displaces(void **state)
{
	struct town *t = *state;

	(void)report(t, 1, T0);
	has(act(t, "d-12", 1, T0 + 20, "\"accept\""), "\"results\":[]");
	has(act(t, "d-12", 2, T0 + 30, "\"dispatch\",\"to\":\"p-13\""), "\"results\":[]");
	want(t, "SELECT sum(n) FROM tally WHERE category = 'case.act' AND span = 2025", "2\n");
	has(act(t, "d-11", 1, T0 + 10, "\"decline\",\"note\":\"x\""), "\"results\":[]");
	want(t, STATE, "7|2\n");
	want(t, "SELECT seq, code, displaced FROM held_all WHERE device = 'd-12' ORDER BY 1", "1|illegal_transition|1\n2|illegal_transition|1\n");
	want(t, "SELECT sum(n) FROM tally WHERE category = 'case.act' AND span = 2025", "1\n");
	want(t, HAZARD, "2|0|-\n");
	/* the officer takes it back: as if it had never come */
	has(send(t, "d-11", 2, T0 + 40, "\"kind\":\"void\",\"body\":{\"target\":\"d-11/e/1\"}"), "\"results\":[]");
	want(t, STATE, "3|3\n");
	want(t, "SELECT count(*) FROM held_all", "0\n");
	want(t, HAZARD, "2|1|-\n");
}

static void voids(void **state)
{
	struct town *t = *state;

	(void)report(t, 1, T0);
	has(send(t, "d-4", 1, T0 + 1, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/1\"}"), "\"code\":\"not_allowed\"");
	has(act(t, "d-4", 2, T0 + 2, "\"accept\""), "\"code\":\"not_allowed\"");
	/* a held act is void, too: released as such, it waits no longer */
	has(send(t, "d-4", 3, T0 + 3, "\"kind\":\"void\",\"body\":{\"target\":\"d-4/e/2\"}"), "\"results\":[]");
	want(t, "SELECT seq, flags FROM event WHERE kind = 10", "2|2\n");
	has(send(t, "d-11", 1, T0 + 4, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/1\"}"), "\"results\":[]"); /* the centre */
	want(t, "SELECT state, report FROM casus", "0|-\n");
	want(t, TALLIES, "");
	want(t, HAZARD, "2|0|-\n");
	has(send(t, "d-1", 2, T0, "\"kind\":\"sos\",\"body\":{\"text\":\"落水\"}"), "\"results\":[]");
	want(t, "SELECT active, title, person FROM alert WHERE type = 'sos'", "1|落水|p-1\n");
	has(send(t, "d-1", 3, T0 + 5, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/2\"}"), "\"results\":[]");
	want(t, "SELECT active FROM alert WHERE type = 'sos'", "0\n");
}

static void deadlines(void **state)
{
	struct town *t = *state;
	struct head head;
	int64_t due, soon;
	bool more = false;

	(void)report(t, 1, T0);
	(void)act(t, "d-12", 1, T0 + 1, "\"accept\"");
	due = town_count(t, "SELECT due FROM casus");
	soon = town_count(t, "SELECT next FROM casus");
	assert_true(soon > TOWN_NOW && soon < due && due - soon == (due - T0 - 1) / 4);
	assert_int_equal(intake_due(t->in, soon - 1, &more), OK);
	assert_int_equal(intake_commit(t->in, soon - 1, &head), OK);
	want(t, "SELECT type FROM alert WHERE active ORDER BY 1", "hazard\n");
	assert_int_equal(intake_due(t->in, soon, &more), OK);
	assert_int_equal(intake_commit(t->in, soon, &head), OK);
	want(t, "SELECT type FROM alert WHERE active ORDER BY 1", "case_due_soon\nhazard\n");
	assert_int_equal(intake_due(t->in, due, &more), OK); /* at the deadline: in time */
	assert_int_equal(intake_commit(t->in, due, &head), OK);
	want(t, "SELECT type FROM alert WHERE active ORDER BY 1", "case_due_soon\nhazard\n");
	assert_int_equal(intake_due(t->in, due + 1, &more), OK);
	assert_int_equal(intake_commit(t->in, due + 1, &head), OK);
	want(t, "SELECT a.type, a.severity, a.at - c.due FROM alert a, casus c WHERE a.active AND a.type <> 'hazard'", "case_overdue|2|0\n");
	want(t, "SELECT next FROM casus", "-\n");
	(void)act(t, "d-11", 1, T0 + 2, "\"void\",\"note\":\"x\"");
	want(t, "SELECT count(*) FROM alert WHERE active", "0\n");
}

/* Where a case is, and what its reporter may, follows from what the registry and the patrol say now. */
static void places_and_rights(void **state)
{
	struct town *t = *state;
	int64_t commit;
	bool more;

	has(send(t, "d-1", 1, T0, "\"ref\":\"w1\",\"kind\":\"case.report\",\"body\":{\"case\":\"c-1\",\"class\":\"finding\",\"category\":"
				  "\"litter\",\"title\":\"x\"}"), "\"results\":[]");
	want(t, "SELECT scope, area FROM casus", "990101100001001|990101100001001\n"); /* of his appointment */
	has(act(t, "d-12", 1, T0 + 1, "\"accept\""), "\"results\":[]");
	has(send(t, "d-1", 2, T0 - 9, "\"kind\":\"patrol.start\",\"body\":{\"patrol\":\"w1\",\"route\":\"gully\",\"target\":\"HG-01\"}"),
		"\"results\":[]");
	want(t, "SELECT scope, area, state FROM casus", "HG-01|990101100002|1\n"); /* another community's: its office may not */
	want(t, "SELECT code, displaced FROM held_all", "not_allowed|1\n");
	want(t, "SELECT area, n FROM tally WHERE figure = 'findings_found' AND span = 2025 AND n <> 0", "990101100002|1\n");
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, TOWN_NOW, "import appointments", 1, &commit), OK);
	town_sql(t, "INSERT INTO appointment VALUES('p-12','office','990101100002',-2147483648,'community',NULL,5,NULL)");
	assert_int_equal(intake_registry_changed(t->in, TOWN_NOW, INTAKE_PLACES, &more), OK);
	(void)town_commit(t);
	want(t, STATE, "2|2\n");
	want(t, "SELECT count(*) FROM held_all", "0\n");
	assert_int_equal(town_count(t, "SELECT \"commit\" FROM casus"), commit);
	/* a category that a town adds counts at once */
	has(send(t, "d-1", 3, T0, "\"kind\":\"case.report\",\"body\":{\"case\":\"c-2\",\"class\":\"hazard\",\"category\":\"bees\",\"title\":\"x\"}"),
		"\"code\":\"unknown_category\"");
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, TOWN_NOW, "import categories", 1, &commit), OK);
	town_sql(t, "INSERT INTO category VALUES('hazard','bees','马蜂','Wasps','',2,NULL,'',0,0,NULL,NULL,6,NULL)");
	assert_int_equal(intake_registry_changed(t->in, TOWN_NOW, INTAKE_CATALOGUE, &more), OK);
	(void)town_commit(t);
	want(t, "SELECT category, n FROM tally WHERE figure = 'hazards_found' AND span = 2025", "bees|1\n");
}

/* More cases than one transaction folds again: who stops in between, killed or refused by the disk, goes on after a restart. */
static void folding_goes_on(void **state)
{
	enum { CASES = 600 };
	struct intake_conf conf = {.max_age_days = 3650, .again_max = 1};
	struct town *t = *state;
	struct office_end end = {0};
	struct why why = {""};
	int64_t commit, now = TOWN_NOW;
	char line[200], json[300];
	bool more = false, left;
	int rounds = 0;

	for (int i = 1; i <= CASES; i++) {
		(void)snprintf(line, sizeof line, "\"kind\":\"case.report\",\"body\":{\"case\":\"r-%d\",\"class\":\"hazard\",\"category\":\"gas\",\"title\":\"x\"}", i);
		(void)snprintf(json, sizeof json, "{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld,%s}", i, (long long)T0, line);
		town_send(t, "d-1", json);
	}
	(void)town_commit(t);
	want(t, "SELECT count(*), count(DISTINCT severity) FROM casus", "600|1\n");
	intake_free(t->in);
	t->in = intake_new(t->st, &conf);
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, now, "import categories", 1, &commit), OK);
	town_sql(t, "UPDATE category SET severity = 4 WHERE class = 'hazard' AND code = 'gas' AND until IS NULL");
	assert_int_equal(intake_registry_changed(t->in, now, INTAKE_CATALOGUE, &more), OK);
	(void)town_commit(t);
	assert_true(more);
	assert_true(town_count(t, "SELECT count(*) FROM casus WHERE severity = 4") < CASES);
	/* killed */
	town_close(t);
	if (store_open(t->path, STORE_WRITER, &t->st, &why) != OK)
		fail_msg("%s", why.text);
	t->in = intake_new(t->st, &conf);
	assert_int_equal(intake_left(t->in, &left), OK);
	assert_true(left);
	/* the disk refuses one: nothing is passed over */
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(intake_registry_changed(t->in, now, INTAKE_MORE, &more), OK);
	intake_abort(t->in);
	do
		assert_int_equal(office_more(t->st, t->in, now, &end, &why), OK);
	while (end.more && ++rounds < 10);
	assert_false(end.more);
	assert_true(rounds > 1);
	assert_int_equal(town_count(t, "SELECT count(*) FROM casus WHERE severity = 4"), CASES);
	assert_int_equal(intake_left(t->in, &left), OK);
	assert_false(left);
	want(t, "SELECT count(*) FROM meta WHERE key = 'left'", "0\n");
}

static void plain_figures(void **state)
{
	struct town *t = *state;
	char line[400];

	(void)send(t, "d-1", 1, T0, "\"kind\":\"inspect\",\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}");
	(void)send(t, "d-1", 2, T0, "\"kind\":\"visit\",\"body\":{\"household\":\"h\",\"staff\":3,\"aid_fen\":12345}");
	(void)send(t, "d-1", 3, T0, "\"kind\":\"work\",\"body\":{\"item\":\"bins\",\"qty\":2.5}");
	want(t, TALLIES, "aid||12345\ninspections|burn_straw|1\nvisit_staff||3\nvisited|h|1\nvisits||1\nworks|bins|2500\n");
	for (int i = 1; i <= 3; i++) {
		(void)snprintf(line, sizeof line, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/%d\"}", i);
		has(send(t, "d-1", 3 + i, T0, line), "\"results\":[]");
	}
	want(t, TALLIES, "");
	/* an issuer is a category of any length up to 200 bytes */
	(void)snprintf(line, sizeof line, "\"kind\":\"case.report\",\"body\":{\"case\":\"c-9\",\"class\":\"rectify\",\"category\":"
					  "\"work_style\",\"title\":\"x\",\"issuer\":\"%.*s\"}", 200,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	has(send(t, "d-1", 7, T0, line), "\"results\":[]");
	want(t, "SELECT length(category), n FROM tally WHERE figure = 'rectify_total' AND span = 2025", "200|1\n");
}

/* CASUS_ACTS_MAX acts of one case are looked at; one more is held apart. */
static void too_many_acts(void **state)
{
	struct town *t = *state;
	char sql[600];

	(void)act(t, "d-12", 1, T0, "\"urge\"");
	(void)snprintf(sql, sizeof sql,
		"WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1000 + %d) INSERT INTO held(stream, seq, code, "
		"detail, waits, recv, rev, flags, raw, kind, at, casus, person, area, folded) SELECT stream, i, code, detail, waits, recv, "
		"rev, flags, replace(raw, '\"seq\":1,', '\"seq\":' || i || ','), kind, at, casus, person, area, 1 FROM held, n",
		CASUS_ACTS_MAX - 3);
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, sql);
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
	town_close(t);
	town_open(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held WHERE folded = 1"), CASUS_ACTS_MAX - 1);
	has(act(t, "d-12", 2, T0, "\"urge\""), "\"code\":\"waits_for\"");
	has(act(t, "d-12", 3, T0, "\"urge\""), "\"code\":\"illegal_transition\",\"detail\":\"/body/case: too many acts\"");
	want(t, "SELECT seq, folded FROM held WHERE seq IN (2, 3) ORDER BY 1", "2|1\n3|0\n");
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, "DELETE FROM held WHERE seq >= 1000"); /* they were no answers to anything: not for town_check */
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
}

/* A database of an older program: everything again from the events. */
static void fold_again(void **state)
{
	static const char *const all[] = {
		"SELECT name, last, report, class, category, severity, title, scope, area, state, version, due, counts, share, next FROM casus",
		"SELECT figure, level, category, area, span, n FROM tally WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5",
		"SELECT \"commit\", flags FROM event",
	};
	struct intake_conf conf = {.max_age_days = 3650};
	struct town *t = *state;
	struct why why = {""};
	char *before[ARRAY_LEN(all)];
	bool done = false;

	(void)report(t, 1, T0);
	(void)act(t, "d-12", 1, T0 + 1, "\"accept\"");
	(void)act(t, "d-12", 2, T0 + 2, "\"accept\"");
	(void)send(t, "d-1", 2, T0, "\"kind\":\"inspect\",\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		before[i] = town_dump(t, all[i]);
	town_close(t);
	if (store_open(t->path, STORE_WRITER, &t->st, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(office_refold(t->st, &conf, TOWN_NOW, &done, &why), OK);
	assert_false(done);
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, "INSERT INTO meta VALUES('refold', '1');"
		    "UPDATE casus SET class = NULL, category = NULL, severity = NULL, title = NULL, scope = NULL, area = NULL, state = 0, "
		    "version = 0, due = NULL, counts = '', share = NULL, next = NULL;"
		    "UPDATE held SET folded = 0, casus = NULL, kind = NULL, person = NULL, area = NULL;"
		    "DELETE FROM tally WHERE figure <> 'events'; DELETE FROM alert");
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
	assert_int_equal(office_refold(t->st, &conf, TOWN_NOW, &done, &why), OK);
	assert_true(done);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		want(t, all[i], before[i]);
		free(before[i]);
	}
	want(t, "SELECT code, folded, casus FROM held", "illegal_transition|1|c-1\n");
	want(t, "SELECT count(*) FROM meta WHERE key = 'refold'", "0\n");
	want(t, HAZARD, "2|1|-\n");
	assert_int_equal(office_refold(t->st, &conf, TOWN_NOW, &done, &why), OK);
	assert_false(done);
	store_close(t->st);
	town_open(t);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(life), T(defined_answers), T(a_late_act_displaces), T(voids), T(deadlines), T(places_and_rights), T(folding_goes_on),
		T(plain_figures), T(too_many_acts), T(fold_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
