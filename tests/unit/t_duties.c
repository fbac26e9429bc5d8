/* t_duties.c - duties over a real database: who owes what, incremental and full, alerts, history, presets.
 * SEED and ROUNDS in the environment. */
#include "tests/unit/town.h"

#include "base/clock.h"
#include "schema/duties.h"
#include "schema/import.h"
#include "schema/office.h"

struct desk { /* a town, and a keeper of duties beside its intake */
	struct town t;
	struct registry *r;
	struct alerts *as;
	struct duties *ds;
	int n;
	char said[4096];
};

static int64_t ms_of(const char *s)
{
	int64_t ms = 0;

	assert_true(civil_parse_instant(s, strlen(s), &ms));
	return ms;
}

static int open_desk(void **state)
{
	struct desk *d = xcalloc(1, sizeof *d);

	town_make(&d->t);
	d->r = registry_new(d->t.st, REGISTRY_NOW);
	d->as = alerts_new(d->t.st);
	d->ds = duties_new(d->t.st, d->r, d->as);
	*state = d;
	return 0;
}

/* The programs start again. */
static void town_again(struct desk *d)
{
	duties_free(d->ds);
	alerts_free(d->as);
	registry_free(d->r);
	town_close(&d->t);
	town_open(&d->t);
	d->r = registry_new(d->t.st, REGISTRY_NOW);
	d->as = alerts_new(d->t.st);
	d->ds = duties_new(d->t.st, d->r, d->as);
}

static int close_desk(void **state)
{
	struct desk *d = *state;

	duties_free(d->ds);
	alerts_free(d->as);
	registry_free(d->r);
	town_remove(&d->t);
	free(d);
	return 0;
}

/* A change of the registry, made at `when`: sql with %lld where its commit number stands. */
static void change(struct desk *d, const char *when, const char *sql)
{
	struct buf b = {0};
	int64_t commit;

	assert_int_equal(store_begin(d->t.st), OK);
	assert_int_equal(store_note(d->t.st, ms_of(when), "test", 1, &commit), OK);
	for (const char *p; (p = strstr(sql, "@")); sql = p + 1) {
		buf_add(&b, sql, (size_t)(p - sql));
		buf_int(&b, commit);
	}
	buf_adds(&b, sql);
	town_sql(&d->t, b.p);
	assert_int_equal(store_commit(d->t.st, ms_of(when), NULL), OK);
	buf_done(&b);
	registry_changed(d->r);
}

/* values: target, period, months, count, unit, minutes, metres, gap, coverage, substitute, delegate, from, to */
static void rule(struct desk *d, const char *when, const char *key, const char *values)
{
	char sql[600];

	(void)snprintf(sql, sizeof sql, "UPDATE duty SET until = @ WHERE (rule, role, level) IN (VALUES(%s)) AND until IS NULL;"
		"INSERT INTO duty VALUES(%s, %s, @, NULL)", key, key, values);
	change(d, when, sql);
}

/* A patrol as its fold would leave it, 20 minutes and 2 km long. */
static void walk(struct desk *d, const char *person, const char *at, const char *route, const char *target, const char *more)
{
	char sql[600];

	(void)snprintf(sql, sizeof sql, "INSERT INTO patrol(device, name, last, tracks, \"commit\", start_at, start_epoch, start_seq, person, "
		"actor, route, target, duration_s, distance_m) VALUES('d-1', 'w%d', 1, 0, 1, %lld, 'e', 1, '%s', '%s', '%s', '%s', 1200, 2000)",
		++d->n, (long long)ms_of(at), person, person, route, target);
	town_sql(&d->t, sql);
	if (more) {
		(void)snprintf(sql, sizeof sql, "UPDATE patrol SET %s WHERE name = 'w%d'", more, d->n);
		town_sql(&d->t, sql);
	}
	duties_touch(d->ds, person);
}

enum step { FLUSH, TICK, ALL };

static bool step(struct desk *d, enum step what, int64_t now)
{
	bool changed = false, more = true, alerted;
	struct head head;

	assert_int_equal(store_begin(d->t.st), OK);
	if (what == FLUSH)
		assert_int_equal(duties_flush(d->ds, now, &changed), OK);
	else if (what == ALL)
		assert_int_equal(duties_all(d->ds, now, &changed), OK);
	for (int i = 0; what == TICK && more; i++) {
		assert_true(i < 100);
		assert_int_equal(duties_tick(d->ds, now, &more, &changed), OK);
	}
	assert_int_equal(alerts_flush(d->as, 2, &alerted), OK);
	assert_int_equal(store_commit(d->t.st, now, &head), OK);
	return changed;
}

static void hear(void *ctx, const char *line)
{
	struct desk *d = ctx;
	size_t n = strlen(d->said);

	(void)snprintf(d->said + n, sizeof d->said - n, "%s\n", line);
}

static void check(struct desk *d)
{
	d->said[0] = '\0';
	assert_int_equal(duties_check(d->t.st, hear, d), OK);
	assert_string_equal(d->said, "");
}

#define ROWS "SELECT person, rule, target, level, need, done, unit, state, overdue FROM duty_state WHERE gone = 0 ORDER BY 1, 2, 3, 4"

static void is(struct desk *d, const char *sql, const char *want)
{
	char *have = town_dump(&d->t, sql);

	assert_string_equal(have, want);
	free(have);
}

/* ------------------------------------------------------------------ targets, and what counts */

/* `each`: a chief of a reach owes it, one of an area every reach in it; `any`: one duty. */
static void test_targets(void **state)
{
	struct desk *d = *state;

	rule(d, "2025-11-01", "'r', 'chief', 'community'", "'each', 'month', 112, 2, 'times', 5, 300, NULL, NULL, 0, 0, NULL, NULL");
	rule(d, "2025-11-01", "'r', 'chief', 'town'", "'each', 'month', 112, 1, 'times', 5, 300, NULL, NULL, 0, 0, NULL, NULL");
	rule(d, "2025-11-01", "'s', 'chief', 'town'", "'any', 'week', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	rule(d, "2025-11-01", "'w', 'worker', 'grid'", "'each', 'day', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	assert_true(step(d, ALL, ms_of("2025-11-19T10:00:00+08:00")));
	is(d, ROWS, "p-1|w|990101100001001|grid|1|0|times|1|1762531200000\n"
		    "p-2|r|QSH-01|community|2|0|times|1|-\n"
		    "p-3|r|HG-01|town|1|0|times|1|-\n"
		    "p-3|r|QSH-01|town|1|0|times|1|-\n"
		    "p-3|s||town|1|0|times|1|1762704000000\n" /* missed since the week to Sunday the 9th */
		    "p-4|w|990101100002001|grid|1|0|times|1|1762531200000\n");
	check(d);
	walk(d, "p-2", "2025-11-19T08:00:00+08:00", "river", "QSH-01", NULL);
	walk(d, "p-2", "2025-11-19T09:00:00+08:00", "road", "QSH-01", NULL);         /* no river */
	walk(d, "p-2", "2025-11-18T09:00:00+08:00", "river", "HG-01", NULL);         /* not his */
	walk(d, "p-2", "2025-10-31T09:00:00+08:00", "river", "QSH-01", NULL);        /* before the rule, another month */
	walk(d, "p-2", "2025-11-17T09:00:00+08:00", "river", "QSH-01", "duration_s = 299, reasons = 1");
	walk(d, "p-2", "2025-11-16T09:00:00+08:00", "river", "QSH-01", "reasons = 512");  /* mocked */
	walk(d, "p-2", "2025-11-15T09:00:00+08:00", "river", "QSH-01", "actor = 'p-1'");  /* delegated */
	walk(d, "p-3", "2025-11-19T09:00:00+08:00", "gully", "HG-01", NULL);
	walk(d, "p-1", "2025-11-19T09:00:00+08:00", "grid", "990101100001001", NULL);
	walk(d, "p-4", "2025-11-19T09:00:00+08:00", "grid", "990101100001001", NULL); /* another's grid */
	assert_true(step(d, FLUSH, ms_of("2025-11-19T10:00:00+08:00")));
	is(d, ROWS, "p-1|w|990101100001001|grid|1|1|times|3|-\n"
		    "p-2|r|QSH-01|community|2|1|times|1|-\n"
		    "p-3|r|HG-01|town|1|1|times|3|-\n"
		    "p-3|r|QSH-01|town|1|0|times|1|-\n"
		    "p-3|s||town|1|1|times|3|-\n"
		    "p-4|w|990101100002001|grid|1|0|times|1|1762531200000\n");
	check(d);
	assert_false(step(d, FLUSH, ms_of("2025-11-19T10:00:00+08:00"))); /* nobody was touched */
	assert_false(step(d, ALL, ms_of("2025-11-19T10:00:00+08:00")));  /* nothing is written twice */
}

/* Substitutes and delegates count where the rule says so; a day with both is one day, times counts each. */
static void test_substitutes(void **state)
{
	struct desk *d = *state;

	rule(d, "2025-11-01", "'g', 'chief', 'community'", "'any', 'tenday', 112, 3, 'days', NULL, NULL, NULL, NULL, 1, 1, NULL, NULL");
	rule(d, "2025-11-01", "'h', 'chief', 'community'", "'any', 'tenday', 112, 3, 'times', NULL, NULL, NULL, NULL, 1, 1, NULL, NULL");
	rule(d, "2025-11-01", "'n', 'chief', 'community'", "'any', 'tenday', 112, 3, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	walk(d, "p-2", "2025-11-11T08:00:00+08:00", "river", "QSH-01", "sub_at = start_at + 3600000, sub_person = 'p-2', sub_target = 'QSH-01'");
	walk(d, "p-2", "2025-11-12T08:00:00+08:00", "river", "QSH-01", "actor = 'p-1'");
	walk(d, "p-2", "2025-11-13T08:00:00+08:00", "river", "QSH-01", "sub_at = start_at, sub_person = 'p-2', sub_target = 'HG-01'");
	town_sql(&d->t, "INSERT INTO patrol(device, name, last, tracks, \"commit\", sub_at, sub_person, sub_target) VALUES('d-2', 's', 1, 0, 1, "
			"1762963200000, 'p-2', 'QSH-01')"); /* a substitute without a patrol, 2025-11-13 0:00 */
	step(d, ALL, ms_of("2025-11-13T10:00:00+08:00"));
	is(d, ROWS, "p-2|g||community|3|3|days|3|-\np-2|h||community|3|5|times|3|-\np-2|n||community|3|2|times|1|1762790400000\n");
	check(d);
}

/* ------------------------------------------------------------------ exemptions, versions, appointments */

static void test_exempt(void **state)
{
	struct desk *d = *state;
	const char *leave = "INSERT INTO exemption VALUES('p-2', '', '', 20393, 20422, '住院', @, NULL)"; /* 2025-11-01..30 */

	rule(d, "2025-10-01", "'r', 'chief', 'community'", "'each', 'month', 112, 2, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	step(d, ALL, ms_of("2025-11-10"));
	is(d, ROWS, "p-2|r|QSH-01|community|2|0|times|1|1761926400000\n"); /* October was missed */
	change(d, "2025-11-10", leave);
	step(d, ALL, ms_of("2025-11-10"));
	is(d, ROWS, "p-2|r|QSH-01|community|0|0|times|5|-\n");
	check(d);
	/* to the 15th only: half is owed; for another rule, or another reach: all of it */
	change(d, "2025-11-10", "UPDATE exemption SET valid_to = 20407");
	step(d, ALL, ms_of("2025-11-10"));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|0|-\n"); /* not due before the 16th */
	assert_true(step(d, TICK, ms_of("2025-11-16")));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|1761926400000\n"); /* October is missed still */
	change(d, "2025-11-16", "UPDATE exemption SET rule = 'other'");
	step(d, ALL, ms_of("2025-11-16"));
	is(d, ROWS, "p-2|r|QSH-01|community|2|0|times|1|1761926400000\n");
	change(d, "2025-11-16", "UPDATE exemption SET rule = 'r', target = 'HG-01'");
	step(d, ALL, ms_of("2025-11-16"));
	is(d, ROWS, "p-2|r|QSH-01|community|2|0|times|1|1761926400000\n");
	change(d, "2025-11-16", "UPDATE exemption SET target = '990101100001'"); /* the reach lies there */
	step(d, ALL, ms_of("2025-11-16"));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|1761926400000\n");
	check(d);
}

/* A rule that changes within the month applies from its date; an open one replaces wholly; one that ends, ends. */
static void test_versions(void **state)
{
	struct desk *d = *state;
	const char *key = "'r', 'chief', 'community'";

	rule(d, "2025-10-20", key, "'each', 'month', 112, 2, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	step(d, ALL, ms_of("2025-10-21"));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|-\n"); /* 12 of 31 days: it was not known before the 20th */
	rule(d, "2025-11-10", key, "'each', 'month', 112, 4, 'times', NULL, NULL, NULL, NULL, 0, 0, 20408, NULL"); /* from 2025-11-16 */
	step(d, ALL, ms_of("2025-11-10"));
	is(d, ROWS, "p-2|r|QSH-01|community|3|0|times|1|1761926400000\n"); /* 1 + 2 */
	check(d);
	rule(d, "2025-11-20", key, "'each', 'month', 112, 6, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL"); /* wholly */
	step(d, ALL, ms_of("2025-11-20"));
	is(d, ROWS, "p-2|r|QSH-01|community|6|0|times|1|1761926400000\n");
	rule(d, "2025-11-21", key, "'each', 'month', 112, 6, 'times', NULL, NULL, NULL, NULL, 0, 0, 20393, 20412"); /* to the 20th */
	step(d, ALL, ms_of("2025-11-21"));
	is(d, ROWS, "p-2|r|QSH-01|community|4|0|times|4|1761926400000\n"); /* overdue: nothing can be done for it any more */
	check(d);
	assert_true(step(d, TICK, ms_of("2025-12-01")));
	is(d, ROWS, "");
	is(d, "SELECT gone, overdue, next FROM duty_state", "1|-|-\n");
	check(d);
}

/* A rule of the future: known, and owed from its day on, without anybody's doing. */
static void test_rule_to_come(void **state)
{
	struct desk *d = *state;

	rule(d, "2025-11-01", "'r', 'chief', 'community'", "'each', 'week', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, 20424, NULL"); /* 2025-12-02 */
	step(d, ALL, ms_of("2025-11-20"));
	is(d, ROWS, "");
	assert_false(step(d, TICK, ms_of("2025-12-02") - 1));
	assert_true(step(d, TICK, ms_of("2025-12-02")));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|-\n");
	check(d);
	duties_clear_memory(d->ds); /* and after a restart, long after */
	assert_true(step(d, TICK, ms_of("2025-12-15")));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|1765123200000\n");
	check(d);
}

/* The chief changes on the 11th: each owes his part, by his own patrols. */
static void test_appointments(void **state)
{
	struct desk *d = *state;

	rule(d, "2025-11-01", "'r', 'chief', 'community'", "'each', 'month', 112, 6, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	walk(d, "p-2", "2025-11-05", "river", "QSH-01", NULL);
	walk(d, "p-2", "2025-11-15", "river", "QSH-01", NULL); /* he is not chief any more: it does not count */
	walk(d, "p-4", "2025-11-15", "river", "QSH-01", NULL);
	walk(d, "p-4", "2025-11-05", "river", "QSH-01", NULL); /* nor is he yet */
	change(d, "2025-11-10", "UPDATE appointment SET valid_to = 20402 WHERE person = 'p-2';" /* to the 10th */
				"INSERT INTO appointment VALUES('p-4', 'chief', 'QSH-01', 20403, 'community', NULL, @, NULL)");
	step(d, ALL, ms_of("2025-11-15"));
	is(d, ROWS, "p-2|r|QSH-01|community|2|1|times|4|1762790400000\np-4|r|QSH-01|community|4|1|times|1|-\n");
	check(d);
	step(d, TICK, ms_of("2025-12-01"));
	is(d, ROWS, "p-4|r|QSH-01|community|6|0|times|1|1764518400000\n");
	check(d);
}

/* ------------------------------------------------------------------ clock and alerts */

static void test_alerts(void **state)
{
	struct desk *d = *state;
	const char *alerts = "SELECT type, subject, severity, person, area, at, active, title FROM alert ORDER BY 1";

	rule(d, "2025-11-01", "'r', 'chief', 'community'", "'each', 'month', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	step(d, ALL, ms_of("2025-11-10"));
	is(d, alerts, "");
	assert_false(step(d, TICK, ms_of("2025-11-23T12:00:00+08:00") - 1));
	assert_true(step(d, TICK, ms_of("2025-11-23T12:00:00+08:00"))); /* the last quarter of 30 days */
	is(d, alerts, "duty_due_soon|p-2/r/QSH-01|4|p-2|990101100001|1763870400000|1|李某 巡查临期 清水河上段：11月30日前应巡1次，已巡0次\n");
	assert_true(step(d, TICK, ms_of("2025-12-01T00:00:05+08:00")));
	is(d, "SELECT type, subject, severity, at, active, title FROM alert WHERE active = 1",
		"duty_overdue|p-2/r/QSH-01|3|1764518400000|1|李某 逾期未巡 清水河上段：应于11月30日前完成，本期应巡1次，已巡0次\n");
	check(d);
	/* One patrol of November that comes late: it is not overdue any more. */
	walk(d, "p-2", "2025-11-30T23:59:59+08:00", "river", "QSH-01", NULL);
	step(d, FLUSH, ms_of("2025-12-02"));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|-\n");
	is(d, "SELECT count(*) FROM alert WHERE active = 1", "0\n");
	/* Overdue once more, and then he goes; its alert goes with him. */
	step(d, TICK, ms_of("2026-01-01"));
	is(d, "SELECT count(*) FROM alert WHERE active = 1", "1\n");
	change(d, "2026-01-02", "UPDATE appointment SET valid_to = 20450 WHERE person = 'p-2'"); /* 2025-12-28 */
	step(d, ALL, ms_of("2026-01-02"));
	is(d, ROWS, "");
	is(d, "SELECT count(*) FROM alert WHERE active = 1", "0\n");
	check(d);
}

/* Duties of a day are told only when they were missed. */
static void test_alert_of_a_day(void **state)
{
	struct desk *d = *state;

	rule(d, "2025-11-10", "'w', 'worker', 'grid'", "'each', 'day', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	step(d, ALL, ms_of("2025-11-10T08:00:00+08:00"));
	assert_true(step(d, TICK, ms_of("2025-11-10T18:00:00+08:00")));
	is(d, "SELECT DISTINCT state FROM duty_state", "2\n");
	is(d, "SELECT count(*) FROM alert", "0\n");
	assert_true(step(d, TICK, ms_of("2025-11-11")));
	is(d, "SELECT count(*) FROM alert WHERE type = 'duty_overdue' AND active = 1", "2\n");
}

/* Periods missed in a row: since the end of the first, twelve at most, and not before the rule. */
static void test_since(void **state)
{
	struct desk *d = *state;
	char want[100];

	rule(d, "2025-01-01", "'r', 'chief', 'community'", "'each', 'month', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	walk(d, "p-2", "2025-03-10", "river", "QSH-01", NULL);
	for (int m = 4; m <= 14; m++) {
		int64_t now = ms_of(m <= 12 ? "2025-01-15" : "2026-01-15");

		now = civil_day_ms(civil_make(m <= 12 ? 2025 : 2026, (m - 1) % 12 + 1, 15));
		step(d, m == 4 ? ALL : TICK, now);
		(void)snprintf(want, sizeof want, "p-2|r|QSH-01|community|1|0|times|1|%lld\n", (long long)ms_of("2025-05-01"));
		is(d, ROWS, m == 4 ? "p-2|r|QSH-01|community|1|0|times|1|-\n" : want);
		check(d);
	}
	step(d, TICK, ms_of("2026-05-15")); /* April 2025 is the twelfth of them, in April 2026 */
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|1748707200000\n");
	walk(d, "p-2", "2026-05-15", "river", "QSH-01", NULL);
	step(d, FLUSH, ms_of("2026-05-15"));
	is(d, ROWS, "p-2|r|QSH-01|community|1|1|times|3|-\n"); /* what is done closes it */
	check(d);
}

/* A clock that went back: a little, it stands; more, all is judged by it. */
static void test_clock_back(void **state)
{
	struct desk *d = *state;

	rule(d, "2025-11-01", "'r', 'chief', 'community'", "'each', 'month', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	step(d, ALL, ms_of("2025-11-10"));
	step(d, TICK, ms_of("2025-12-01"));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|1764518400000\n");
	assert_false(step(d, TICK, ms_of("2025-12-01") - 60000));
	duties_touch(d->ds, "p-2");
	assert_false(step(d, FLUSH, ms_of("2025-12-01") - 60000));
	check(d);
	assert_true(step(d, TICK, ms_of("2025-12-01") - 60001));
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|2|-\n");
	check(d);
	assert_true(step(d, TICK, ms_of("2025-12-01")));
	check(d);
}

/* The batch that is lost leaves nothing in memory either. */
static void test_abort(void **state)
{
	struct desk *d = *state;
	bool changed = false;

	rule(d, "2025-11-01", "'r', 'chief', 'community'", "'each', 'month', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	step(d, ALL, ms_of("2025-11-10"));
	assert_int_equal(store_begin(d->t.st), OK);
	assert_int_equal(duties_all(d->ds, ms_of("2025-12-10"), &changed), OK);
	assert_true(changed);
	store_rollback(d->t.st);
	duties_clear_memory(d->ds);
	alerts_clear_memory(d->as);
	check(d);
	is(d, ROWS, "p-2|r|QSH-01|community|1|0|times|1|-\n");
	assert_true(step(d, TICK, ms_of("2025-12-10")));
	is(d, "SELECT count(*) FROM alert WHERE active = 1", "1\n");
	check(d);
	/* A wrong row is seen. */
	town_sql(&d->t, "UPDATE duty_state SET done = 7");
	d->said[0] = '\0';
	assert_int_equal(duties_check(d->t.st, hear, d), OK);
	assert_non_null(strstr(d->said, "is kept as: need 1 done 7"));
	town_sql(&d->t, "DELETE FROM duty_state");
	d->said[0] = '\0';
	assert_int_equal(duties_check(d->t.st, hear, d), OK);
	assert_non_null(strstr(d->said, "should be"));
}

/* ------------------------------------------------------------------ incremental == full */

static uint64_t seed_state;

static uint32_t roll(uint32_t n)
{
	seed_state = seed_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed_state >> 33) % n;
}

static void roll_rule(struct desk *d, int64_t now)
{
	static const char *const period[] = {"day", "week", "tenday", "halfmonth", "month", "twomonths", "quarter", "year"};
	static const char *const post[] = {"'chief', 'community'", "'chief', 'town'", "'worker', 'grid'"};
	char when[CIVIL_INSTANT_TEXT], key[64], values[200], from[16] = "NULL", to[16] = "NULL";

	if (roll(3))
		(void)snprintf(from, sizeof from, "%d", civil_day(now) - 60 + (int)roll(90));
	if (roll(6) == 0)
		(void)snprintf(to, sizeof to, "%d", civil_day(now) + 40 + (int)roll(90));
	civil_instant_text(now, when);
	(void)snprintf(key, sizeof key, "'r%u', %s", roll(3), post[roll(3)]);
	(void)snprintf(values, sizeof values, "'%s', '%s', %s, %u, '%s', %s, NULL, %s, NULL, %u, %u, %s, %s", roll(2) ? "each" : "any",
		period[roll(8)], roll(4) ? "112" : "312", 1 + roll(4), roll(2) ? "times" : "days", roll(2) ? "10" : "NULL",
		roll(2) ? "24" : "NULL", roll(2), roll(2), from, to);
	rule(d, when, key, values);
}

static void roll_registry(struct desk *d, int64_t now)
{
	static const char *const scope[] = {"QSH-01", "HG-01", "990101100001", "990101100002", "990101100"};
	char when[CIVIL_INSTANT_TEXT], sql[300];
	int day = civil_day(now);

	civil_instant_text(now, when);
	switch (roll(3)) {
	case 0:
		roll_rule(d, now);
		return;
	case 1:
		(void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO exemption VALUES('p-%u', '%s', '%s', %d, %d, 'x', @, NULL)", 1 + roll(4),
			roll(2) ? "" : "r1", roll(2) ? "" : scope[roll(5)], day - 20 + (int)roll(30), day + 10 + (int)roll(10));
		break;
	default:
		(void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO appointment VALUES('p-%u', '%s', '%s', %d, '%s', %s, @, NULL)", 1 + roll(4),
			roll(3) ? "chief" : "worker", scope[roll(5)], day - 40 + (int)roll(60), roll(2) ? "community" : roll(2) ? "town" : "grid",
			roll(2) ? "NULL" : "20500");
		break;
	}
	change(d, when, sql);
}

static void roll_walk(struct desk *d, int64_t now)
{
	static const char *const target[] = {"QSH-01", "HG-01", "990101100001001", "990101100002001", "990101100", "NO-1"};
	static const char *const more[] = {NULL, NULL, NULL, "actor = 'p-9'", "duration_s = 60, reasons = 1", "reasons = 128", "reasons = 32",
		"sub_at = start_at, sub_person = person, sub_target = target"};
	static const char *const route[] = {"river", "river", "gully", "grid"};
	char person[8], at[CIVIL_INSTANT_TEXT], sql[200];

	(void)snprintf(person, sizeof person, "p-%u", 1 + roll(4));
	if (d->n > 5 && roll(4) == 0) { /* one that moves, goes to another, is voided */
		uint32_t n = 1 + roll((uint32_t)d->n);
		char *who;

		(void)snprintf(sql, sizeof sql, "SELECT coalesce(person, sub_person, '') FROM patrol WHERE name = 'w%u'", n);
		who = town_dump(&d->t, sql);
		who[strcspn(who, "\n")] = '\0';
		if (strcmp(who, "-") != 0)
			duties_touch(d->ds, who);
		free(who);
		(void)snprintf(sql, sizeof sql, roll(2) ? "UPDATE patrol SET start_at = NULL, person = NULL WHERE name = 'w%u'"
							: "UPDATE patrol SET person = '%2$s', start_at = start_at - 86400000 WHERE name = 'w%1$u'", n, person);
		town_sql(&d->t, sql);
		(void)snprintf(sql, sizeof sql, "UPDATE patrol SET sub_person = person WHERE name = 'w%u'", n);
		town_sql(&d->t, sql);
		duties_touch(d->ds, person);
		return;
	}
	civil_instant_text(now - (int64_t)roll(roll(3) ? 5 : 100) * CIVIL_DAY_MS / 2, at);
	walk(d, person, at, route[roll(4)], target[roll(6)], more[roll(8)]);
}

static void line_of(void *ctx, const struct duty_row *r)
{
	char line[300];

	(void)snprintf(line, sizeof line, "%s %s %s %s %s %d-%d %lld/%lld %s\n", r->person, r->rule, r->target, r->level, r->role, r->i.span.first, r->i.span.last,
		(long long)r->done, (long long)r->i.need, duty_state_name(r->state)); /* short names */
	buf_adds(ctx, line);
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order.  The caller frees. */
static char *in_order(struct buf *b)
{
	char **line = xcalloc(b->n + 1, sizeof *line), *save = NULL;
	struct buf out = {0};
	size_t n = 0;

	for (char *p = strtok_r(b->p, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		line[n++] = p;
	qsort(line, n, sizeof *line, by_line);
	buf_adds(&out, "");
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s\n", line[i]);
	free(line);
	return out.p;
}

static void history(struct desk *d, int32_t first, int32_t last, bool most, int64_t at_ms, struct buf *out)
{
	struct duties_page page = {.after = "", .people = 100, .most = most};

	assert_int_equal(duties_history(d->t.st, "*", REGISTRY_NOW, first, last, at_ms, &page, line_of, out), OK);
}

/* What ends in a stretch of days is what ends in its parts; read in one pass for all, person by person, in other portions. */
static void check_history(struct desk *d, int64_t now)
{
	int32_t last = civil_day(now), first = last - 150;
	struct buf whole = {0}, parts = {0};
	char *a, *b;

	buf_adds(&whole, "");
	buf_adds(&parts, "");
	history(d, first, last, true, now, &whole);
	for (int32_t day = first, next; day <= last; day = next) {
		next = day + 1 + (int32_t)roll(20);
		history(d, day, next - 1 < last ? next - 1 : last, roll(3) == 0, now, &parts);
	}
	a = in_order(&whole);
	b = in_order(&parts);
	assert_string_equal(a, b);
	free(a);
	free(b);
	buf_done(&whole);
	buf_done(&parts);
}

static void test_incremental(void **state)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	int n = rounds ? atoi(rounds) : 3;
	int64_t states = 0;

	(void)state;
	seed_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_wall_ms();
	print_message("SEED=%llu\n", (unsigned long long)seed_state);
	for (int i = 0; i < n; i++) {
		int64_t now = ms_of("2025-09-20") + (int64_t)roll(20) * CIVIL_DAY_MS;
		void *desk = NULL;
		struct desk *d;

		assert_int_equal(open_desk(&desk), 0);
		d = desk;
		for (int k = 0; k < 3; k++)
			roll_rule(d, now);
		step(d, ALL, now);
		for (int k = 0; k < 120; k++) {
			now += (int64_t)roll(3) * roll(30) * 3600000 + roll(2);
			if (roll(20) == 0) {
				roll_registry(d, now);
				step(d, ALL, now);
			} else if (roll(3)) {
				roll_walk(d, now);
				step(d, FLUSH, now);
			} else {
				step(d, TICK, now);
			}
			if (roll(10) == 0)
				duties_clear_memory(d->ds);
			check(d);
		}
		step(d, TICK, now);
		check_history(d, now);
		states += town_count(&d->t, "SELECT count(DISTINCT state) FROM duty_state WHERE gone = 0");
		duties_clear_memory(d->ds);
		registry_changed(d->r);
		assert_false(step(d, ALL, now)); /* the whole again changes nothing */
		is(d, "SELECT count(*) FROM alert a WHERE active = 1 AND type = 'duty_overdue' AND NOT EXISTS(SELECT 1 FROM duty_state d WHERE "
		      "a.subject = d.person || '/' || d.rule || '/' || d.target AND d.overdue IS NOT NULL AND d.gone = 0)", "0\n");
		is(d, "SELECT count(*) FROM duty_state d WHERE overdue IS NOT NULL AND gone = 0 AND NOT EXISTS(SELECT 1 FROM alert a WHERE active = 1 "
		      "AND type = 'duty_overdue' AND a.subject = d.person || '/' || d.rule || '/' || d.target)", "0\n");
		assert_int_equal(close_desk(&desk), 0);
	}
	assert_true(states > n); /* the towns are not empty ones */
}

/* ------------------------------------------------------------------ readers */

static void list(void *ctx, const struct duty_row *r)
{
	char a[CIVIL_DAY_TEXT];

	civil_day_text(r->i.span.last, a);
	buf_addf(ctx, "%s %s %s %s %lld/%lld %s %s%s\n", r->name, r->rule, r->target_name, a, (long long)r->done, (long long)r->i.need,
		duty_state_name(r->state), r->overdue >= 0 ? "since " : "", r->reason);
}

static void test_readers(void **state)
{
	struct desk *d = *state;
	struct duties_page page = {.after = "", .people = 100};
	struct buf b = {0};
	int64_t mid;

	rule(d, "2025-08-01", "'r', 'chief', 'community'", "'each', 'month', 112, 2, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	rule(d, "2025-08-01", "'s', 'chief', 'town'", "'any', 'month', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL");
	mid = town_count(&d->t, "SELECT max(\"commit\") FROM change");
	walk(d, "p-2", "2025-08-10", "river", "QSH-01", NULL);
	walk(d, "p-2", "2025-09-10", "river", "QSH-01", NULL);
	walk(d, "p-2", "2025-09-11", "river", "QSH-01", NULL);
	walk(d, "p-2", "2025-09-12", "river", "QSH-01", NULL); /* beyond the need: kept, moved nowhere */
	walk(d, "p-3", "2025-09-12", "gully", "HG-01", NULL);
	change(d, "2025-10-01", "INSERT INTO exemption VALUES('p-2', '', '', 20362, 20392, '培训', @, NULL)"); /* October */
	assert_int_equal(duties_history(d->t.st, "*", REGISTRY_NOW, civil_day(ms_of("2025-08-01")), civil_day(ms_of("2025-11-30")),
				 ms_of("2025-11-20"), &page, list, &b), OK);
	assert_string_equal(b.p, "李某 r 清水河上段 2025-08-31 1/2 overdue \n李某 r 清水河上段 2025-09-30 3/2 met \n"
				 "李某 r 清水河上段 2025-10-31 0/0 exempt 培训\n李某 r 清水河上段 2025-11-30 0/2 on_track \n"
				 "赵某 s  2025-08-31 0/1 overdue \n赵某 s  2025-09-30 1/1 met \n"
				 "赵某 s  2025-10-31 0/1 overdue \n赵某 s  2025-11-30 0/1 on_track \n");
	assert_false(page.more);
	buf_clear(&b);
	/* as of the commit before the exemption: October was missed; only the community's */
	assert_int_equal(duties_history(d->t.st, "990101100001", mid, civil_day(ms_of("2025-10-01")), civil_day(ms_of("2025-10-31")),
				 ms_of("2025-11-20"), &page, list, &b), OK);
	assert_string_equal(b.p, "李某 r 清水河上段 2025-10-31 0/2 overdue \n");
	buf_clear(&b);
	assert_int_equal(duties_read(d->t.st, "*", REGISTRY_NOW, ms_of("2025-11-20"), &page, list, &b), OK);
	assert_string_equal(b.p, "李某 r 清水河上段 2025-11-30 0/2 on_track \n赵某 s  2025-11-30 0/1 on_track since \n");
	buf_clear(&b);
	page.people = 2; /* p-1, p-2; then p-3, p-4 */
	assert_int_equal(duties_read(d->t.st, "*", REGISTRY_NOW, ms_of("2025-11-20"), &page, list, &b), OK);
	assert_true(page.more);
	assert_string_equal(page.last, "p-2");
	page.after = "p-2";
	assert_int_equal(duties_read(d->t.st, "*", REGISTRY_NOW, ms_of("2025-11-20"), &page, list, &b), OK);
	assert_false(page.more);
	assert_string_equal(b.p, "李某 r 清水河上段 2025-11-30 0/2 on_track \n赵某 s  2025-11-30 0/1 on_track since \n");
	buf_done(&b);
}

static void plan(struct desk *d, const char *sql, const char *want)
{
	char *have = town_dump(&d->t, sql);

	if (!strstr(have, want) || strstr(have, "SCAN"))
		fail_msg("%s: %s", sql, have);
	free(have);
}

/* No query looks through all patrols or all rows. */
static void test_plans(void **state)
{
	struct desk *d = *state;

	plan(d, "EXPLAIN QUERY PLAN SELECT start_at, target FROM patrol WHERE person = 'p' AND start_at >= 1 AND start_at < 2",
		"SEARCH patrol USING INDEX patrol_person (person=? AND start_at>? AND start_at<?)");
	plan(d, "EXPLAIN QUERY PLAN SELECT sub_at, sub_target FROM patrol WHERE sub_person = 'p' AND sub_at >= 1 AND sub_at < 2",
		"SEARCH patrol USING INDEX patrol_sub (sub_person=? AND sub_at>? AND sub_at<?)");
	plan(d, "EXPLAIN QUERY PLAN SELECT person, target FROM patrol WHERE start_at >= 1 AND start_at < 2 ORDER BY start_at",
		"SEARCH patrol USING INDEX patrol_start (start_at>? AND start_at<?)");
	plan(d, "EXPLAIN QUERY PLAN SELECT sub_person, sub_target FROM patrol WHERE sub_person > '' AND sub_at IS NOT NULL AND sub_at >= 1 AND sub_at < 2 ORDER BY "
		"sub_person, sub_at", "SEARCH patrol USING INDEX patrol_sub (sub_person>?)");
	plan(d, "EXPLAIN QUERY PLAN SELECT DISTINCT person FROM duty_state WHERE next <= 1 LIMIT 5",
		"SEARCH duty_state USING COVERING INDEX duty_state_next (next<?)");
	plan(d, "EXPLAIN QUERY PLAN SELECT min(next) FROM duty_state WHERE next IS NOT NULL",
		"SEARCH duty_state USING COVERING INDEX duty_state_next (next>?)");
}

/* ------------------------------------------------------------------ files of rules */

static void keep_line(void *ctx, const char *line)
{
	(void)snprintf(ctx, 400, "%s", line);
}

static enum err import(struct desk *d, const char *file, char said[400])
{
	struct import_report report = {.error = keep_line, .ctx = said};
	struct import_result result;
	struct office_end end;
	struct why why = {""};
	char staged[128];
	enum err e;

	said[0] = '\0';
	(void)snprintf(staged, sizeof staged, "%s/staged", d->t.dir);
	e = import_stage("duties", file, staged, &report, &why);
	if (e == OK)
		e = office_import(d->t.st, d->t.in, TOWN_NOW, "duties", staged, false, &report, &result, &end, &why);
	(void)unlink(staged);
	if (e != OK && !said[0])
		print_message("%s\n", why.text);
	return e;
}

#define RULES "SELECT rule, role, level, target, period, months, count, count_unit, min_minutes, min_metres, min_gap_hours, min_coverage, " \
	"substitute, delegate FROM duty WHERE until IS NULL ORDER BY rule, level DESC"

/* The four presets give the figures of the domain page, and duties at once. */
static void test_presets(void **state)
{
	static const char *const preset[] = {"dinghu", "aheqi", "malantun", "guangzhou"};
	struct desk *d = *state;
	char file[64], said[400];

	for (size_t i = 0; i < ARRAY_LEN(preset); i++) {
		(void)snprintf(file, sizeof file, "deploy/rules/%s.csv", preset[i]);
		if (import(d, file, said) != OK)
			fail_msg("%s: %s", file, said);
	}
	is(d, RULES, "aheqi|chief|town|any|month|312|1|times|30|2000|96|-|0|0\n"
		     "aheqi|chief|community|any|week|312|1|times|30|2000|96|-|0|0\n"
		     "dinghu|chief|town|each|month|112|1|times|5|300|-|-|0|0\n"
		     "dinghu|chief|community|each|month|112|2|times|5|300|-|-|0|0\n"
		     "guangzhou|chief|town|any|week|112|1|times|10|1000|-|-|1|1\n"
		     "guangzhou|chief|community|any|tenday|112|1|days|10|1000|-|-|1|1\n"
		     "malantun|chief|town|any|month|112|3|times|-|-|-|-|0|0\n"
		     "malantun|chief|community|any|week|112|1|times|-|-|-|-|0|0\n");
	/* TOWN_NOW is Tuesday, 2025-11-25: what is left of the week, the ten days and the month is owed in proportion. */
	is(d, ROWS, "p-2|aheqi||community|1|0|times|1|-\n"
		    "p-2|dinghu|QSH-01|community|0|0|times|0|-\n"
		    "p-2|guangzhou||community|1|0|days|1|-\n"
		    "p-2|malantun||community|1|0|times|1|-\n"
		    "p-3|aheqi||town|0|0|times|0|-\n"
		    "p-3|dinghu|HG-01|town|0|0|times|0|-\n"
		    "p-3|dinghu|QSH-01|town|0|0|times|0|-\n"
		    "p-3|guangzhou||town|1|0|times|1|-\n"
		    "p-3|malantun||town|1|0|times|1|-\n");
	town_check(&d->t);
}

/* From the phone to the duty: a valid patrol counts in the batch that ends it, a void takes it back, and the clock is told
 * by the intake, which stands still when it went back behind the last commit. */
static void test_intake(void **state)
{
	const char *mine = "SELECT rule, need, done, state, overdue IS NULL FROM duty_state WHERE person = 'p-2' AND rule = 'malantun'";
	struct desk *d = *state;
	struct head head;
	char said[400], one[400];
	bool more;

	assert_int_equal(import(d, "deploy/rules/malantun.csv", said), OK);
	(void)snprintf(one, sizeof one, "[{\"epoch\":\"e\",\"seq\":1,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"w\",\"route\":\"river\","
		"\"target\":\"QSH-01\"}}]", TOWN_NOW - 3600000);
	town_send(&d->t, "d-2", one);
	(void)town_commit(&d->t);
	is(d, mine, "malantun|1|0|1|1\n"); /* neither points nor an end */
	(void)snprintf(one, sizeof one, "[{\"epoch\":\"e\",\"seq\":2,\"kind\":\"patrol.track\",\"at\":%lld,\"body\":{\"patrol\":\"w\",\"pts\":[[0,33.3,104.9,8],"
		"[300000,33.302,104.9,8],[600000,33.304,104.9,8]]}},{\"epoch\":\"e\",\"seq\":3,\"kind\":\"patrol.end\",\"at\":%lld,\"body\":{\"patrol\":\"w\","
		"\"clear\":true}}]", TOWN_NOW - 3600000, TOWN_NOW - 3000000);
	town_send(&d->t, "d-2", one);
	(void)town_commit(&d->t);
	is(d, mine, "malantun|1|1|3|1\n");
	town_check(&d->t);
	(void)snprintf(one, sizeof one, "[{\"epoch\":\"e\",\"seq\":4,\"kind\":\"void\",\"at\":%lld,\"body\":{\"target\":\"d-2/e/1\",\"reason\":\"x\"}}]", TOWN_NOW);
	town_send(&d->t, "d-2", one);
	(void)town_commit(&d->t);
	is(d, mine, "malantun|1|0|1|1\n");
	town_check(&d->t);
	/* Monday: the week was missed.  Then the clock goes back: nothing moves. */
	for (int i = 0; i < 2; i++) {
		int64_t now = i ? TOWN_NOW : ms_of("2025-12-01T00:00:01+08:00");

		assert_int_equal(intake_due(d->t.in, now, &more), OK);
		assert_int_equal(intake_commit(d->t.in, now, &head), OK);
		is(d, mine, "malantun|1|0|1|0\n");
		is(d, "SELECT count(*) FROM alert WHERE type = 'duty_overdue' AND active = 1 AND person = 'p-2'", "1\n");
	}
	/* The batch is flushed before the clock of a commit is known (an officer's act does so). */
	town_again(d);
	(void)snprintf(one, sizeof one, "{\"epoch\":\"e\",\"seq\":5,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"v\",\"route\":\"river\","
		"\"target\":\"QSH-01\"}}", TOWN_NOW);
	town_send(&d->t, "d-2", one);
	assert_int_equal(intake_flush(d->t.in, TOWN_NOW), OK);
	(void)town_commit(&d->t);
	is(d, mine, "malantun|1|0|1|0\n");
	town_check(&d->t);
}

/* A rule that gets stricter from a date judges the patrols from that date on, and leaves those before as they were. */
static void test_stricter(void **state)
{
	static const char *const from[] = {"2025-11-01", "2025-11-25", "2025-11-26"}; /* today is the 25th */
	struct desk *d = *state;
	char file[128], said[400], one[600];

	(void)snprintf(file, sizeof file, "%s/rules.csv", d->t.dir);
	for (int day = 24; day <= 25; day++) {
		int64_t at = civil_day_ms(civil_make(2025, 11, day)) + 3600000;

		(void)snprintf(one, sizeof one, "[{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"w%d\",\"route\":\"river\","
			"\"target\":\"QSH-01\"}},{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"patrol.track\",\"at\":%lld,\"body\":{\"patrol\":\"w%d\",\"pts\":[[0,33.3,104.9,8],"
			"[300000,33.302,104.9,8],[600000,33.304,104.9,8]]}},{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"patrol.end\",\"at\":%lld,\"body\":{\"patrol\":\"w%d\","
			"\"clear\":true}}]", day * 3, (long long)at, day, day * 3 + 1, (long long)at, day, day * 3 + 2, (long long)at + 600000, day);
		town_send(&d->t, "d-2", one);
	}
	(void)town_commit(&d->t);
	for (size_t i = 0; i < ARRAY_LEN(from); i++) { /* 444 m were walked; then 400, 500, 600 are asked for */
		FILE *f = fopen(file, "w");

		assert_non_null(f);
		assert_true(fprintf(f, "rule,role,level,target,period,count,min_metres,valid_from\nr,chief,community,any,month,2,%zu00,%s\n", 4 + i, from[i]) > 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(import(d, file, said), OK);
		is(d, "SELECT name, reasons, rule FROM patrol ORDER BY 1", i == 0 ? "w24|0|r\nw25|0|r\n" : "w24|0|r\nw25|2|r\n");
		is(d, "SELECT need, done FROM duty_state WHERE person = 'p-2'", i == 0 ? "2|2\n" : "2|1\n");
		town_check(&d->t);
	}
	assert_int_equal(unlink(file), 0);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *row, *want;
	} v[] = {
		{"r,chief,town,each,fortnight,1-12,1,times,,,,,,,,", ":2:5: period: \"fortnight\": want one of day week tenday"},
		{"r,chief,town,each,,1-12,1,times,,,,,,,,", ":2:5: period: is empty"},
		{"r,chief,town,each,month,0-12,1,times,,,,,,,,", ":2:6: months: \"0-12\": want months like 3-12"},
		{"r,chief,town,each,month,3-13,1,times,,,,,,,,", ":2:6: months: \"3-13\""},
		{"r,chief,town,each,month,12-3,1,times,,,,,,,,", ":2:6: months: \"12-3\""},
		{"r,chief,town,each,month,3,1,times,,,,,,,,", ":2:6: months: \"3\""},
		{"r,chief,town,each,month,1-12,0,times,,,,,,,,", ":2:7: count: \"0\": want a whole number from 1 to 1000"},
		{"r,chief,town,each,month,1-12,1001,times,,,,,,,,", ":2:7: count: \"1001\""},
		{"r,chief,town,each,month,1-12,-1,times,,,,,,,,", ":2:7: count: \"-1\""},
		{"r,chief,town,each,month,1-12,1,weeks,,,,,,,,", ":2:8: count_unit: \"weeks\""},
		{"r,chief,town,some,month,1-12,1,times,,,,,,,,", ":2:4: target: \"some\""},
		{"r,chief,moon,each,month,1-12,1,times,,,,,,,,", ":2:3: level: \"moon\""},
		{"r,king,town,each,month,1-12,1,times,,,,,,,,", ":2:2: role: \"king\""},
		{"r,chief,town,each,week,1-12,8,days,,,,,,,,", ":2:7: count: a week has no 8 days"},
		{"r,chief,town,each,day,1-12,2,days,,,,,,,,", ":2:7: count: a day has no 2 days"},
		{"r,chief,town,each,tenday,1-12,12,days,,,,,,,,", ":2:7: count: a tenday has no 12 days"},
		{"r,chief,town,each,month,1-12,32,days,,,,,,,,", ":2:7: count: a month has no 32 days"},
		{"r,chief,town,each,year,4-6,1,times,,,,,,,,",
			":2:7: count: 1 in a year comes to less than half of one in the months 4-6: take a shorter period"},
		{"r,chief,town,each,month,1-12,1,times,,,,,,,2025-12-01,2025-11-30", ":2:16: valid_to: is before valid_from"},
	};
	struct desk *d = *state;
	char file[128], said[400];

	(void)snprintf(file, sizeof file, "%s/rules.csv", d->t.dir);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		FILE *f = fopen(file, "w");

		assert_non_null(f);
		assert_true(fprintf(f, "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,"
				       "substitute,delegate,valid_from,valid_to\n%s\n", v[i].row) > 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(import(d, file, said), ERR_INVALID);
		if (!strstr(said, v[i].want))
			fail_msg("%s: %s", v[i].row, said);
	}
	is(d, "SELECT count(*) FROM duty", "0\n");
	for (int more = 0; more < 2; more++) { /* at the bound */
		FILE *f = fopen(file, "w");

		assert_non_null(f);
		assert_true(fprintf(f, "rule,role,level,target,period,count,count_unit\nr,chief,town,any,%s\n", more ? "year,366,days" : "week,7,days") > 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(import(d, file, said), OK);
	}
	assert_int_equal(unlink(file), 0);
}

int main(void)
{
#define DESK(f) cmocka_unit_test_setup_teardown(f, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		DESK(test_targets),
		DESK(test_substitutes),
		DESK(test_exempt),
		DESK(test_versions),
		DESK(test_rule_to_come),
		DESK(test_appointments),
		DESK(test_alerts),
		DESK(test_alert_of_a_day),
		DESK(test_since),
		DESK(test_clock_back),
		DESK(test_abort),
		cmocka_unit_test(test_incremental),
		DESK(test_readers),
		DESK(test_plans),
		DESK(test_presets),
		DESK(test_intake),
		DESK(test_stricter),
		DESK(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
