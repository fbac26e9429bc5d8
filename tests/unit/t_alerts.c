/* t_alerts - raised once, told on until somebody knows, cleared, raised again; lost with their batch. */
#include "schema/alerts.h"
#include "tests/unit/town.h"

#define NOW TOWN_NOW
#define MINUTE 60000LL

#define ROWS "SELECT id, severity, title, active, acked_by, acked_at, told, next, late, rev - (SELECT max(rev) FROM batch) FROM alert ORDER BY id"

static struct alert hazard(const char *subject, int severity)
{
	return (struct alert){.type = ALERT_HAZARD, .subject = subject, .severity = severity, .casus = subject,
		.person = "p-1", .title = "桥栏杆松动", .scope = "QSH-01", .area = "990101100001",
		.has_loc = true, .lat_e7 = 333912000, .lon_e7 = 1049217000, .at_ms = NOW - MINUTE};
}

static void begin(struct town *t)
{
	assert_int_equal(store_begin(t->st), OK);
}

static bool commit(struct town *t, struct alerts *as)
{
	bool changed = false, dirty = alerts_dirty(as);

	assert_int_equal(alerts_flush(as, store_head_next(t->st), &changed), OK);
	assert_int_equal(changed, dirty);
	assert_false(alerts_dirty(as));
	assert_int_equal(store_commit(t->st, NOW, NULL), OK);
	return changed;
}

static void want(struct town *t, const char *rows)
{
	char *have = town_dump(t, ROWS);

	assert_string_equal(have, rows);
	free(have);
}

static void raise(struct alerts *as, struct alert a, int64_t now)
{
	assert_int_equal(alerts_raise(as, &a, now), OK);
}

static void test_life(void **state)
{
	struct alerts *as;
	struct town t;
	char rows[512];

	(void)state;
	town_make(&t);
	as = alerts_new(t.st);
	begin(&t);
	assert_int_equal(alerts_drop(as, ALERT_HAZARD, "c1", NOW), OK);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-9", NOW), ERR_NOTFOUND);
	assert_false(alerts_dirty(as));
	raise(as, hazard("c1", 2), NOW);
	assert_true(commit(&t, as));
	(void)snprintf(rows, sizeof rows, "hazard:c1|2|桥栏杆松动|1|-|-|centre|%lld|0|0\n", (long long)(NOW + 15 * MINUTE));
	want(&t, rows);
	/* the same again: nothing to write */
	begin(&t);
	raise(as, hazard("c1", 2), NOW + MINUTE);
	assert_false(commit(&t, as));
	/* somebody knows; the earliest counts; it is told no further */
	begin(&t);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-5", NOW - MINUTE - 1), OK); /* before there was anything to know */
	assert_false(alerts_dirty(as));
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-9", NOW + 2000), OK);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-8", NOW + 3000), OK);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-7", NOW + 1000), OK);
	assert_true(commit(&t, as));
	(void)snprintf(rows, sizeof rows, "hazard:c1|2|桥栏杆松动|1|p-7|%lld|centre|-|0|0\n", (long long)(NOW + 1000));
	want(&t, rows);
	/* cleared, and so it cannot be acknowledged; raised again: nobody knows */
	begin(&t);
	assert_int_equal(alerts_drop(as, ALERT_HAZARD, "c1", NOW), OK);
	assert_true(commit(&t, as));
	(void)snprintf(rows, sizeof rows, "hazard:c1|2|桥栏杆松动|0|p-7|%lld|centre|-|0|0\n", (long long)(NOW + 1000));
	want(&t, rows);
	begin(&t);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-9", NOW), ERR_NOTFOUND);
	raise(as, hazard("c1", 1), NOW);
	assert_true(commit(&t, as));
	(void)snprintf(rows, sizeof rows, "hazard:c1|1|桥栏杆松动|1|-|-|centre|%lld|0|0\n", (long long)(NOW + 5 * MINUTE));
	want(&t, rows);
	alerts_free(as);
	town_remove(&t);
}

/* A graver one must be acknowledged again; a lighter one keeps its acknowledgement. */
static void test_regrade(void **state)
{
	struct alerts *as;
	struct town t;
	char rows[512];

	(void)state;
	town_make(&t);
	as = alerts_new(t.st);
	begin(&t);
	raise(as, hazard("c1", 3), NOW);
	raise(as, hazard("c1", 2), NOW + 1000); /* not acknowledged: its time shrinks */
	(void)commit(&t, as);
	(void)snprintf(rows, sizeof rows, "hazard:c1|2|桥栏杆松动|1|-|-|centre|%lld|0|0\n", (long long)(NOW + 1000 + 15 * MINUTE));
	want(&t, rows);
	begin(&t);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "c1", "p-9", NOW), OK);
	raise(as, hazard("c1", 3), NOW);
	(void)commit(&t, as);
	(void)snprintf(rows, sizeof rows, "hazard:c1|3|桥栏杆松动|1|p-9|%lld|centre|-|0|0\n", (long long)NOW);
	want(&t, rows);
	begin(&t);
	raise(as, hazard("c1", 1), NOW);
	(void)commit(&t, as);
	(void)snprintf(rows, sizeof rows, "hazard:c1|1|桥栏杆松动|1|-|-|centre|%lld|0|0\n", (long long)(NOW + 5 * MINUTE));
	want(&t, rows);
	begin(&t);
	raise(as, hazard("c1", 4), NOW);
	(void)commit(&t, as);
	want(&t, "hazard:c1|4|桥栏杆松动|1|-|-|centre|-|0|0\n");
	alerts_free(as);
	town_remove(&t);
}

static int64_t escalate(struct town *t, struct alerts *as, int64_t now)
{
	int64_t next = -1;

	begin(t);
	assert_int_equal(alerts_escalate(as, now, &next), OK);
	(void)commit(t, as);
	return next;
}

static void told(struct town *t, const char *id, const char *role)
{
	char sql[128];

	(void)snprintf(sql, sizeof sql, "SELECT told FROM alert WHERE id = 'hazard:%s'", id);
	char *have = town_dump(t, sql);

	have[strcspn(have, "\n")] = '\0';
	assert_string_equal(have, role);
	free(have);
}

static void test_escalation(void **state)
{
	static const int64_t minutes[] = {0, 5, 15, 240};
	struct alerts *as;
	struct town t;

	(void)state;
	town_make(&t);
	as = alerts_new(t.st);
	assert_int_equal(escalate(&t, as, NOW), INT64_MAX);
	for (int severity = 1; severity <= 3; severity++) {
		int64_t step = minutes[severity] * MINUTE;
		char id[8];

		(void)snprintf(id, sizeof id, "e%d", severity);
		begin(&t);
		raise(as, hazard(id, severity), NOW);
		(void)commit(&t, as);
		assert_int_equal(escalate(&t, as, NOW + step - 1), NOW + step);
		told(&t, id, "centre");
		assert_int_equal(escalate(&t, as, NOW + step), NOW + 2 * step);
		told(&t, id, "leader");
		/* a platform that stood still gives the next role its time all the same */
		assert_int_equal(escalate(&t, as, NOW + 9 * step), INT64_MAX);
		told(&t, id, "district");
		assert_int_equal(escalate(&t, as, NOW + 99 * step), INT64_MAX);
		told(&t, id, "district");
		begin(&t);
		assert_int_equal(alerts_drop(as, ALERT_HAZARD, id, NOW), OK);
		(void)commit(&t, as);
	}
	/* blue ones are told to the centre only; known ones no further */
	begin(&t);
	raise(as, hazard("b", 4), NOW);
	raise(as, hazard("k", 1), NOW);
	assert_int_equal(alerts_ack(as, ALERT_HAZARD, "k", "p-9", NOW), OK);
	(void)commit(&t, as);
	assert_int_equal(escalate(&t, as, NOW + 1000 * MINUTE), INT64_MAX);
	told(&t, "b", "centre");
	told(&t, "k", "centre");
	alerts_free(as);
	town_remove(&t);
}

/* More than one call looks at: it says that there are others. */
static void test_many_due(void **state)
{
	struct alerts *as;
	struct town t;
	int64_t next;
	char id[16];

	(void)state;
	town_make(&t);
	as = alerts_new(t.st);
	begin(&t);
	for (int i = 0; i < 1001; i++) {
		(void)snprintf(id, sizeof id, "m%d", i);
		raise(as, hazard(id, 1), NOW);
	}
	(void)commit(&t, as);
	assert_int_equal(next = escalate(&t, as, NOW + 5 * MINUTE), NOW + 5 * MINUTE);
	assert_int_equal(town_count(&t, "SELECT count(*) FROM alert WHERE told = 'leader'"), 1000);
	assert_int_equal(escalate(&t, as, next), NOW + 10 * MINUTE);
	assert_int_equal(town_count(&t, "SELECT count(*) FROM alert WHERE told = 'leader'"), 1001);
	alerts_free(as);
	town_remove(&t);
}

static void test_late_and_long(void **state)
{
	struct alert a = hazard("c1", 4), b = hazard("c2", 4), c = hazard("c3", 4);
	struct alerts *as;
	struct town t;
	char title[ALERT_TITLE_MAX + 8];

	(void)state;
	town_make(&t);
	as = alerts_new(t.st);
	a.at_ms = NOW - ALERT_LATE_MS;
	b.at_ms = NOW - ALERT_LATE_MS - 1;
	(void)memset(title, 'x', sizeof title - 1);
	title[sizeof title - 1] = '\0';
	memcpy(title + ALERT_TITLE_MAX - 1, "桥", 3);
	c.title = title;
	c.person = c.casus = c.scope = c.area = NULL;
	c.has_loc = false;
	begin(&t);
	raise(as, a, NOW);
	raise(as, b, NOW);
	raise(as, c, NOW);
	(void)commit(&t, as);
	assert_int_equal(town_count(&t, "SELECT late FROM alert WHERE subject = 'c1'"), 0);
	assert_int_equal(town_count(&t, "SELECT late FROM alert WHERE subject = 'c2'"), 1);
	assert_int_equal(town_count(&t, "SELECT length(CAST(title AS BLOB)) FROM alert WHERE subject = 'c3'"), ALERT_TITLE_MAX - 1);
	assert_int_equal(town_count(&t, "SELECT count(*) FROM alert WHERE subject = 'c3' AND lat_e7 IS NULL AND area IS NULL AND person IS NULL"), 1);
	alerts_free(as);
	town_remove(&t);
}

/* A batch that is gone takes its alerts along, also those that were written already. */
static void test_abort(void **state)
{
	struct alerts *as;
	struct town t;
	bool changed;
	char *before, *after;

	(void)state;
	town_make(&t);
	as = alerts_new(t.st);
	begin(&t);
	raise(as, hazard("c1", 2), NOW);
	(void)commit(&t, as);
	before = town_dump(&t, ROWS);
	for (int written = 0; written < 2; written++) {
		begin(&t);
		raise(as, hazard("c2", 2), NOW);
		assert_int_equal(alerts_drop(as, ALERT_HAZARD, "c1", NOW), OK);
		if (written)
			assert_int_equal(alerts_flush(as, 2, &changed), OK);
		store_rollback(t.st);
		alerts_clear_memory(as);
		begin(&t);
		assert_int_equal(alerts_drop(as, ALERT_HAZARD, "c2", NOW), OK); /* there is none */
		raise(as, hazard("c1", 2), NOW + MINUTE); /* it is active still */
		assert_false(commit(&t, as));
		after = town_dump(&t, "SELECT id, severity, title, active, acked_by, acked_at, told, next, late, 0 FROM alert ORDER BY id");
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
	alerts_free(as);
	town_remove(&t);
}

/* Memory bound: with more active ones than fit, each is read when it is asked for, with the same results. */
static void test_bound(void **state)
{
	struct town t;
	char id[16];

	(void)state;
	town_make(&t);
	for (size_t max = 2; max <= 4; max++) { /* three alerts: above, at, below the bound */
		struct alerts *as = alerts_new(t.st);

		town_sql(&t, "DELETE FROM alert");
		alerts_limit(as, max);
		for (int round = 0; round < 3; round++) {
			begin(&t);
			for (int i = 0; i < 3; i++) {
				(void)snprintf(id, sizeof id, "m%d", i);
				raise(as, hazard(id, 1), NOW);
			}
			assert_int_equal(commit(&t, as), round == 0);
			if (round == 1)
				alerts_clear_memory(as);
		}
		begin(&t);
		assert_int_equal(alerts_ack(as, ALERT_HAZARD, "m1", "p-9", NOW), OK);
		assert_int_equal(alerts_drop(as, ALERT_HAZARD, "m2", NOW), OK);
		assert_int_equal(alerts_drop(as, ALERT_HAZARD, "m9", NOW), OK);
		assert_true(commit(&t, as));
		begin(&t);
		raise(as, hazard("m1", 1), NOW);
		assert_false(alerts_dirty(as));
		raise(as, hazard("m2", 1), NOW);
		assert_true(commit(&t, as));
		assert_int_equal(town_count(&t, "SELECT count(*) FROM alert WHERE active = 1 AND severity = 1"), 3);
		assert_int_equal(town_count(&t, "SELECT count(*) FROM alert WHERE acked_by = 'p-9'"), 1);
		alerts_free(as);
	}
	town_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_regrade),
		cmocka_unit_test(test_escalation),
		cmocka_unit_test(test_many_due),
		cmocka_unit_test(test_late_and_long),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
