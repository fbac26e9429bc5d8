/* t_acts.c - officers' acts: asked once, done once, or not at all. */
#include "schema/acts.h"

#include "base/fault.h"
#include "core/civil.h"
#include "schema/alerts.h"
#include "tests/unit/town.h"

#define HASH "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA"
#define AT "1764035700000"

/* The town with a centre, an office of community 1, a leader; case c-1 in community 1. */
static void make(struct town *t)
{
	struct office_end end;
	struct why why = {""};
	static const char *const users[][4] = {
		{"centre", "p-5", "centre", "990101100"}, {"office1", "p-6", "office", "990101100001"},
		{"office2", "p-7", "office", "990101100002"}, {"leader", "p-8", "leader", "990101100"},
		{"root", "", "admin", "*"}, {"gone", "p-5", "centre", "990101100"},
	};

	town_make(t);
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, "INSERT INTO person VALUES('p-5','周某','',2,NULL),('p-6','吴某','',2,NULL),('p-7','郑某','',2,NULL),"
		    "('p-8','钱某','',2,NULL)");
	assert_int_equal(store_commit(t->st, TOWN_NOW - 400, NULL), OK);
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		assert_int_equal(office_user_put(t->st, TOWN_NOW, users[i][0], users[i][1], users[i][2], users[i][3], HASH, &end, &why), OK);
	assert_int_equal(office_user_disable(t->st, TOWN_NOW, "gone", &end, &why), OK);
	town_send(t, "d-1", "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"case.report\",\"at\":" AT ",\"scope\":\"990101100001001\","
			    "\"body\":{\"case\":\"c-1\",\"class\":\"finding\",\"category\":\"dumping\",\"severity\":1,\"title\":\"垃圾\"}}");
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
}

static int setup(void **state)
{
	struct town *t = xcalloc(1, sizeof *t);

	make(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	town_remove(*state);
	free(*state);
	return 0;
}

struct asked {
	int status;
	char json[1024];
	struct office_end end;
	enum err e;
};

static struct asked ask_at(struct town *t, int64_t now_ms, const char *user, const char *casus, const char *action,
	int64_t expect, const char *key)
{
	struct act_request rq = {user, casus, slice_of(action), expect, key};
	struct act_answer ans = {0};
	struct asked r = {0};
	struct why why = {""};

	r.e = acts_do(t->st, t->in, now_ms, &rq, &ans, &r.end, &why);
	assert_false(store_is_open(t->st));
	r.status = ans.status;
	(void)snprintf(r.json, sizeof r.json, "%s", ans.json.p ? ans.json.p : "");
	if (r.e == OK && r.status != 200)
		assert_int_equal(r.end.commit, 0);
	buf_done(&ans.json);
	return r;
}

static struct asked ask(struct town *t, const char *user, const char *action, int64_t expect, const char *key)
{
	return ask_at(t, TOWN_NOW, user, "c-1", action, expect, key);
}

static int64_t etag(struct town *t)
{
	return town_count(t, "SELECT \"commit\" FROM casus WHERE name = 'c-1'");
}

static int64_t events(struct town *t)
{
	return town_count(t, "SELECT count(*) FROM event");
}

/* All that a refused act might leave behind. */
static char *everything(struct town *t)
{
	return town_dump(t, "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM held), (SELECT count(*) FROM reject), "
			    "(SELECT count(*) FROM answer), (SELECT count(*) FROM stream), (SELECT count(*) FROM act_key), "
			    "(SELECT count(*) FROM batch), (SELECT group_concat(\"commit\" || state) FROM casus), "
			    "(SELECT group_concat(value) FROM meta), "
			    "(SELECT group_concat(ifnull(acked_by, '-')) FROM alert), (SELECT group_concat(figure || area || span || n) FROM tally)");
}

static void accept_is_done_once(void **state)
{
	struct town *t = *state;
	struct asked a, again;
	int64_t n = events(t), seen = etag(t);
	char *raw;

	a = ask(t, "centre", "{\"action\":\"accept\",\"note\":\"\\u7acb\\u6848\"}", seen, "k1");
	assert_int_equal(a.e, OK);
	assert_int_equal(a.status, 200);
	assert_true(a.end.commit > seen);
	assert_int_equal(a.end.head.commit, a.end.commit);
	assert_int_equal(events(t), n + 1);
	assert_int_equal(etag(t), a.end.commit);
	assert_non_null(strstr(a.json, "\"state\":\"accepted\",\"version\":2"));
	raw = town_dump(t, "SELECT raw FROM event ORDER BY \"commit\" DESC LIMIT 1");
	assert_non_null(strstr(raw, "\"base\":\"d-1/e/1\""));
	assert_non_null(strstr(raw, "\"scope\":\"990101100001001\""));
	assert_non_null(strstr(raw, "\"as\":{\"user\":\"centre\",\"role\":\"centre\",\"scope\":\"990101100\"}"));
	assert_non_null(strstr(raw, "\"body\":{\"case\":\"c-1\",\"action\":\"accept\",\"note\":\"\\u7acb\\u6848\"}"));
	free(raw);
	/* asked again, whatever version he believes in by now: the same answer, nothing is done */
	again = ask(t, "centre", "{\"action\":\"accept\",\"note\":\"\\u7acb\\u6848\"}", a.end.commit, "k1");
	assert_int_equal(again.status, 200);
	assert_string_equal(again.json, a.json);
	assert_int_equal(again.end.commit, 0);
	assert_int_equal(events(t), n + 1);
	town_close(t);
	town_open(t); /* and after a restart */
	again = ask(t, "centre", "{\"action\":\"accept\",\"note\":\"\\u7acb\\u6848\"}", seen, "k1");
	assert_string_equal(again.json, a.json);
	/* another question under the key; the same key of another user */
	assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", a.end.commit, "k1").status, 422);
	assert_int_equal(ask(t, "leader", "{\"action\":\"urge\"}", a.end.commit, "k1").status, 200);
	assert_int_equal(events(t), n + 2);
	/* no device has appeared */
	assert_int_equal(town_count(t, "SELECT count(*) FROM device_state WHERE device = 'office'"), 0);
	town_check(t);
}

static void a_key_is_forgotten_after_a_day(void **state)
{
	struct town *t = *state;
	int64_t n = events(t);

	assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", etag(t), "k").status, 200);
	assert_int_equal(ask_at(t, TOWN_NOW + ACTS_KEY_MS - 1, "centre", "c-1", "{\"action\":\"urge\"}", 0, "k").status, 200);
	assert_int_equal(events(t), n + 1);
	assert_int_equal(ask_at(t, TOWN_NOW + ACTS_KEY_MS, "centre", "c-1", "{\"action\":\"urge\"}", etag(t), "k").status, 200);
	assert_int_equal(events(t), n + 2);
	assert_int_equal(town_count(t, "SELECT count(*) FROM act_key"), 1);
	/* old ones are taken out, some with each act */
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 150) "
		    "INSERT INTO act_key SELECT 'x', n, n, '', 200, '' FROM i");
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
	assert_int_equal(ask_at(t, TOWN_NOW + ACTS_KEY_MS, "centre", "c-1", "{\"action\":\"urge\"}", etag(t), NULL).status, 200);
	assert_int_equal(town_count(t, "SELECT count(*) FROM act_key WHERE user = 'x'"), 150 - ACTS_PURGE);
	assert_int_equal(ask_at(t, TOWN_NOW + ACTS_KEY_MS, "centre", "c-1", "{\"action\":\"urge\"}", etag(t), NULL).status, 200);
	assert_int_equal(town_count(t, "SELECT count(*) FROM act_key WHERE user = 'x'"), 0);
}

/* Each refusal leaves the database as it was, byte for byte as far as we look. */
static void refusals_store_nothing(void **state)
{
	static const char long_key[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"; /* 65 */
	static const struct {
		const char *user, *casus, *action;
		int64_t off; /* of expect; INT64_MIN: none */
		const char *key;
		int status;
		const char *says;
	} cases[] = {
		{"nobody", "c-1", "{\"action\":\"urge\"}", 0, "k", 403, "account_disabled"},
		{"gone", "c-1", "{\"action\":\"urge\"}", 0, "k", 403, "account_disabled"},
		{"root", "c-1", "{\"action\":\"urge\"}", 0, "k", 403, "no_person"},
		{"centre", "c-2", "{\"action\":\"urge\"}", 0, "k", 404, "not_found"},
		{"office2", "c-1", "{\"action\":\"accept\"}", 0, "k", 404, "not_found"},
		{"centre", "c-1", "{\"action\":\"urge\"}", INT64_MIN, "k", 428, "\"etag\":\""},
		{"centre", "c-1", "{\"action\":\"urge\"}", 1, "k", 412, "\"etag\":\""},
		{"centre", "c-1", "{\"action\":\"urge\"}", -1, "k", 412, "stale"},
		{"centre", "c-1", "{\"action\":\"urge\"", 0, "k", 400, "bad_json"},
		{"centre", "c-1", "[]", 0, "k", 400, "bad_json"},
		{"centre", "c-1", "", 0, "k", 400, "bad_json"},
		{"centre", "c-1", "{\"action\":\"urge\",\"action\":\"accept\"}", 0, "k", 400, "bad_json"},
		{"centre", "c-1", "{\"action\":\"urge\",\"case\":\"c-2\"}", 0, "k", 422, "/case: unknown member"},
		{"centre", "c-1", "{\"action\":\"explode\"}", 0, "k", 422, "/action"},
		{"centre", "c-1", "{}", 0, "k", 422, "/action"},
		{"centre", "c-1", "{\"action\":\"extend\",\"until\":\"soon\"}", 0, "k", 422, "/until"},
		{"centre", "c-1", "{\"action\":7}", 0, "k", 422, "/action"},
		/* what the case says: its state, its needs, the actor's rights */
		{"centre", "c-1", "{\"action\":\"verify_pass\"}", 0, "k", 409, "illegal_transition"},
		{"centre", "c-1", "{\"action\":\"decline\"}", 0, "k", 409, "reason"},
		{"leader", "c-1", "{\"action\":\"accept\"}", 0, "k", 403, "not_allowed"},
		{"leader", "c-1", "{\"action\":\"decline\",\"note\":\"x\"}", 0, "k", 403, "not_allowed"},
		{"leader", "c-1", "{\"action\":\"void\",\"note\":\"x\"}", 0, "k", 403, "not_allowed"},
		{"office1", "c-1", "{\"action\":\"decline\",\"note\":\"x\"}", 0, "k", 403, "not_allowed"},
		{"office1", "c-1", "{\"action\":\"ack\"}", 0, "k", 403, "not_allowed"},
		{"centre", "c-1", "{\"action\":\"urge\"}", 0, "", 400, "Idempotency-Key"},
		{"centre", "c-1", "{\"action\":\"urge\"}", 0, "a b", 400, "Idempotency-Key"},
		{"centre", "c-1", "{\"action\":\"urge\"}", 0, long_key, 400, "Idempotency-Key"},
	};
	struct town *t = *state;
	char *before = everything(t), *after;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t expect = cases[i].off == INT64_MIN ? -1 : etag(t) + cases[i].off;
		struct asked a = ask_at(t, TOWN_NOW, cases[i].user, cases[i].casus, cases[i].action, expect, cases[i].key);

		assert_int_equal(a.e, OK);
		if (a.status != cases[i].status || !strstr(a.json, cases[i].says))
			fail_msg("%zu: %d %s", i, a.status, a.json);
		after = everything(t);
		assert_string_equal(after, before);
		free(after);
	}
	free(before);
	assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", etag(t), long_key + 1).status, 200); /* 64 */
}

static struct asked ack(struct town *t, const char *user, const char *alert)
{
	struct act_answer ans = {0};
	struct asked r = {0};
	struct why why = {""};

	r.e = acts_alert_ack(t->st, t->in, TOWN_NOW, user, alert, &ans, &r.end, &why);
	assert_false(store_is_open(t->st));
	r.status = ans.status;
	(void)snprintf(r.json, sizeof r.json, "%s", ans.json.p ? ans.json.p : "");
	if (r.status != 200)
		assert_int_equal(r.end.commit, 0);
	buf_done(&ans.json);
	return r;
}

static void raise_alerts(struct town *t)
{
	static const struct alert all[] = {
		{.type = ALERT_SEQ_GAP, .subject = "d-1", .severity = 3, .title = "缺号", .area = "990101100001001", .at_ms = TOWN_NOW},
		{.type = ALERT_SEQ_GAP, .subject = "d-4", .severity = 3, .title = "缺号", .area = "990101100002001", .at_ms = TOWN_NOW},
		{.type = ALERT_STORAGE_LOW, .subject = "disk", .severity = 1, .title = "磁盘", .at_ms = TOWN_NOW},
		{.type = ALERT_HAZARD, .subject = "c-1", .severity = 1, .casus = "c-1", .title = "隐患", .area = "990101100001001",
			.at_ms = TOWN_NOW},
		{.type = ALERT_CLOCK_SKEW, .subject = "d-1", .severity = 3, .title = "时钟", .area = "990101100001001", .at_ms = TOWN_NOW},
	};
	struct alerts *as = alerts_new(t->st);
	int64_t n;
	bool any;

	assert_int_equal(store_begin(t->st), OK);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(alerts_raise(as, &all[i], TOWN_NOW), OK);
	assert_int_equal(alerts_drop(as, ALERT_CLOCK_SKEW, "d-1", TOWN_NOW), OK);
	assert_int_equal(store_note(t->st, TOWN_NOW, "alerts", 1, &n), OK);
	assert_int_equal(alerts_flush(as, n, &any), OK);
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
	alerts_free(as);
	town_close(t);
	town_open(t);
}

/* Fails at each place that can: nothing is there afterwards, and asked again it is done. */
static void a_failing_commit_does_nothing(void **state)
{
	static const char *const faults[] = {"tx.commit:1", "acts.before_commit:1"};
	struct town *t = *state;
	struct asked a;

	raise_alerts(t);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char *before = everything(t), *after;

		(void)fault_arm(faults[i]); /* counts from here */
		a = ask(t, "centre", "{\"action\":\"urge\"}", etag(t), i ? "k1" : "k0");
		assert_int_equal(fault_arm(faults[i]), 1);
		assert_int_equal(a.e, ERR_FULL);
		assert_int_equal(ack(t, "centre", i ? "seq_gap:d-1" : "hazard:c-1").e, ERR_FULL);
		assert_int_equal(fault_arm(NULL), 1);
		after = everything(t);
		assert_string_equal(after, before);
		free(after);
		free(before);
		assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", etag(t), i ? "k1" : "k0").status, 200);
		assert_int_equal(ack(t, "centre", i ? "seq_gap:d-1" : "hazard:c-1").status, 200);
	}
	assert_int_equal(town_count(t, "SELECT count(*) FROM alert WHERE acked_by IS NOT NULL"), 2);
	town_check(t);
}

/* The office's numbers rise without holes; a restored database begins an epoch of its own. */
static void numbers(void **state)
{
	struct town *t = *state;
	char *s;

	assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", etag(t), "a").status, 200);
	assert_int_equal(ask(t, "centre", "{\"action\":\"explode\"}", etag(t), "b").status, 422);
	assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", etag(t), "c").status, 200);
	s = town_dump(t, "SELECT top, absent FROM stream WHERE device = 'office'");
	assert_string_equal(s, "2|\n");
	free(s);
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, "UPDATE meta SET value = 'another' WHERE key = 'db'");
	assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
	town_close(t);
	town_open(t);
	assert_int_equal(ask(t, "centre", "{\"action\":\"urge\"}", etag(t), "d").status, 200);
	s = town_dump(t, "SELECT top, count(*) FROM stream WHERE device = 'office' GROUP BY top ORDER BY top");
	assert_string_equal(s, "1|1\n2|1\n");
	free(s);
	town_check(t);
}

/* A case that was acknowledged goes overdue: the next acknowledgement is of that, and nobody else is told. */
static void an_ack_reaches_later_alerts(void **state)
{
	struct town *t = *state;
	int64_t late = TOWN_NOW + 400 * CIVIL_DAY_MS;
	char *s;

	assert_int_equal(ask(t, "leader", "{\"action\":\"ack\"}", etag(t), "a").status, 200);
	assert_int_equal(ask(t, "centre", "{\"action\":\"accept\"}", etag(t), "b").status, 200);
	assert_int_equal(ask_at(t, late, "leader", "c-1", "{\"action\":\"urge\"}", etag(t), "c").status, 200);
	s = town_dump(t, "SELECT acked_by, next IS NULL FROM alert WHERE active ORDER BY type DESC");
	assert_string_equal(s, "p-8|1\n-|0\n"); /* of the hazard; of the deadline not */
	free(s);
	assert_int_equal(ask_at(t, late + 1, "centre", "c-1", "{\"action\":\"ack\"}", etag(t), "d").status, 200);
	s = town_dump(t, "SELECT acked_by, next IS NULL FROM alert WHERE active ORDER BY type DESC");
	assert_string_equal(s, "p-8|1\np-5|1\n");
	free(s);
}

/* Blanks are no reason, and nobody to send a case to. */
static void blanks_say_nothing(void **state)
{
	static const char *const bad[] = {"{\"action\":\"decline\",\"note\":\"  \"}",
		"{\"action\":\"void\",\"note\":\"\\u3000\\u00a0\\n\\t\"}"};
	struct town *t = *state;
	int64_t n = events(t);
	struct asked a;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		a = ask(t, "centre", bad[i], etag(t), NULL);
		assert_int_equal(a.status, 409);
		assert_non_null(strstr(a.json, "needs a reason"));
	}
	assert_int_equal(events(t), n);
	assert_int_equal(ask(t, "centre", "{\"action\":\"accept\"}", etag(t), NULL).status, 200);
	a = ask(t, "centre", "{\"action\":\"dispatch\",\"to\":\" \xe3\x80\x80\"}", etag(t), NULL);
	assert_int_equal(a.status, 409);
	assert_non_null(strstr(a.json, "needs to whom"));
	assert_int_equal(ask(t, "centre", "{\"action\":\"dispatch\",\"to\":\" \xe7\x94\xb2\"}", etag(t), NULL).status, 200);
}

static void alerts_are_acknowledged_once(void **state)
{
	struct town *t = *state;
	struct asked first, again;
	int64_t n = events(t), rev;
	char *s;

	raise_alerts(t);
	assert_int_equal(ack(t, "office1", "seq_gap:d-1").status, 403);
	assert_int_equal(ack(t, "office1", "seq_gap:d-4").status, 404); /* not even that it is there */
	assert_int_equal(ack(t, "centre", "seq_gap:d-2").status, 404);
	assert_int_equal(ack(t, "centre", "clock_skew:d-1").status, 404); /* over */
	assert_int_equal(ack(t, "centre", "").status, 404);
	assert_int_equal(ack(t, "gone", "seq_gap:d-1").status, 403);
	assert_int_equal(ack(t, "root", "storage_low:disk").status, 403);
	assert_int_equal(town_count(t, "SELECT count(*) FROM alert WHERE acked_by IS NOT NULL"), 0);
	rev = town_count(t, "SELECT max(rev) FROM batch");
	first = ack(t, "leader", "seq_gap:d-1");
	assert_int_equal(first.status, 200);
	assert_int_equal(first.end.head.rev, rev + 1);
	assert_non_null(strstr(first.json, "\"acked_by\":\"p-8\",\"acked_at\":\"2025-11-25T09:55:30.000+08:00\""));
	s = town_dump(t, "SELECT acked_by, next FROM alert WHERE id = 'seq_gap:d-1'");
	assert_string_equal(s, "p-8|-\n");
	free(s);
	again = ack(t, "centre", "seq_gap:d-1");
	assert_int_equal(again.status, 200);
	assert_non_null(strstr(again.json, "\"acked_by\":\"p-8\""));
	assert_int_equal(again.end.commit, 0);
	assert_int_equal(town_count(t, "SELECT max(rev) FROM batch"), rev + 1);
	assert_int_equal(ack(t, "centre", "storage_low:disk").status, 200); /* the whole platform's */
	assert_int_equal(events(t), n); /* notes, no events */
	/* of a case: an act on it */
	assert_int_equal(ack(t, "centre", "hazard:c-1").status, 200);
	assert_int_equal(events(t), n + 1);
	assert_int_equal(town_count(t, "SELECT count(*) FROM alert WHERE acked_by IS NULL AND active"), 1);
	assert_int_equal(ack(t, "leader", "hazard:c-1").end.commit, 0);
	assert_int_equal(events(t), n + 1);
	town_check(t);
}

/* Nothing from outside acts as the office, or by a member `as` of its own. */
static void nobody_else_is_the_office(void **state)
{
	static const char *const names[] = {"office", "ingest", "server"};
	struct town *t = *state;
	int64_t n = events(t);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		town_send(t, names[i], "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"case.act\",\"at\":" AT ",\"person\":\"p-5\","
				       "\"as\":{\"user\":\"centre\",\"role\":\"centre\",\"scope\":\"*\"},"
				       "\"body\":{\"case\":\"c-1\",\"action\":\"urge\"}}");
		assert_non_null(strstr(town_commit(t), "device_revoked"));
	}
	assert_int_equal(events(t), n);
	assert_int_equal(town_count(t, "SELECT count(*) FROM stream WHERE device <> 'd-1'"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(accept_is_done_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_is_forgotten_after_a_day, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_store_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failing_commit_does_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(an_ack_reaches_later_alerts, setup, teardown),
		cmocka_unit_test_setup_teardown(blanks_say_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(alerts_are_acknowledged_once, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_else_is_the_office, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
