/* t_enrol.c - schema/enrol.c against a real database */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "schema/enrol.h"
#include "schema/sql.h"

#define NOW 1795400000000LL
#define HOUR 3600000LL

struct town {
	char dir[64], db[96];
	struct store *st;
	struct intake *in;
	struct act_answer ans;
	struct office_end end;
	struct why why;
	char token[64], secret[64];
};

static void run(struct town *t, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(sql_db(t->st), sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s", error);
}

static int64_t one(struct town *t, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	assert_int_equal(sqlite3_prepare_v2(sql_db(t->st), sql, -1, &s, NULL), SQLITE_OK);
	if (sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static int setup(void **state)
{
	static const struct intake_conf conf = {.max_age_days = 3650};
	struct town *t = xcalloc(1, sizeof *t);

	(void)snprintf(t->dir, sizeof t->dir, "/tmp/t_enrol.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	(void)snprintf(t->db, sizeof t->db, "%s/db", t->dir);
	assert_int_equal(store_create(t->db, NOW, &t->why), OK);
	assert_int_equal(store_open(t->db, STORE_WRITER, &t->st, &t->why), OK);
	assert_int_equal(store_begin(t->st), OK);
	run(t, "INSERT INTO person VALUES('p-1','张三','',1,NULL),('p-2','李四','',1,NULL),('p-3','王五','',1,NULL);"
	       "INSERT INTO appointment(person, role, scope, level, valid_from, valid_to, since) VALUES"
	       "('p-1','worker','990101100001001','grid',0,NULL,1),('p-2','chief','R-1','town',0,NULL,1);"
	       "INSERT INTO reach(code, name, river, kind, area, length_m, since) VALUES('R-1','河段','河','river','990101200',100,1);"
	       "INSERT INTO account(name, person, role, scope, hash, since) VALUES('centre','p-1','centre','990101100','$argon2id$x',1),"
	       "('office','p-1','office','990101100','$argon2id$x',1),('admin','','admin','*','$argon2id$x',1);");
	assert_int_equal(store_commit(t->st, NOW, NULL), OK);
	t->in = intake_new(t->st, &conf);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	static const char *const tail[] = {"db", "db-wal", "db-shm", "db.lock"};
	struct town *t = *state;
	char path[128];

	intake_free(t->in);
	store_close(t->st);
	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", t->dir, tail[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(t->dir), 0);
	buf_done(&t->ans.json);
	free(t);
	return 0;
}

/* A text member of the answer; "" when there is none. */
static void text_of(struct town *t, const char *key, char *out, size_t room)
{
	char *want = xasprintf("\"%s\":\"", key), *p = strstr(t->ans.json.p, want);
	size_t n;

	out[0] = '\0';
	if (p) {
		p += strlen(want);
		n = strcspn(p, "\"");
		assert_true(n < room);
		(void)snprintf(out, room, "%.*s", (int)n, p);
	}
	free(want);
}

/* The answer's status; 200: with the token in t->token. */
static int offer(struct town *t, const char *user, const char *device, const char *person, const char *district, int64_t hours, int64_t now_ms)
{
	struct enrol_request rq = {user, device, person, district, hours};
	int64_t head = one(t, "SELECT max(\"commit\") FROM change");

	buf_clear(&t->ans.json);
	assert_int_equal(enrol_offer(t->st, t->in, now_ms, &rq, &t->ans, &t->end, &t->why), OK);
	assert_int_equal(one(t, "SELECT max(\"commit\") FROM change"), t->ans.status == 200 ? head + 1 : head);
	assert_int_equal(t->end.commit, t->ans.status == 200 ? head + 1 : 0);
	if (t->ans.status == 200)
		text_of(t, "token", t->token, sizeof t->token);
	return t->ans.status;
}

static int redeem(struct town *t, const char *token, int64_t now_ms)
{
	const char *code, *detail;
	int status = 0;

	assert_int_equal(enrol_look(t->st, now_ms, token, &status, &code, &detail), OK);
	buf_clear(&t->ans.json);
	assert_int_equal(enrol_redeem(t->st, t->in, now_ms, token, &t->ans, &t->end, &t->why), OK);
	if (status != 200) { /* who looks first sees the same */
		assert_int_equal(status, t->ans.status);
		assert_non_null(strstr(t->ans.json.p, code));
		assert_non_null(strstr(t->ans.json.p, detail));
	}
	if (t->ans.status == 200)
		text_of(t, "secret", t->secret, sizeof t->secret);
	return t->ans.status;
}

static bool opens(struct town *t, const char *device, const char *secret)
{
	enum err e = account_device_verify(t->st, device, secret);

	assert_true(e == OK || e == ERR_DENIED);
	return e == OK;
}

static void says(struct town *t, const char *word)
{
	if (!strstr(t->ans.json.p, word))
		fail_msg("want %s in %s", word, t->ans.json.p);
}

static void test_a_new_device(void **state)
{
	struct town *t = *state;
	char token[64], sql[160];

	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 200);
	says(t, "\"district\":\"990101\"");
	says(t, "\"name\":\"张三\"");
	(void)snprintf(token, sizeof token, "%s", t->token);
	assert_int_equal(strlen(token), 43);
	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM enrol_code WHERE hash LIKE '%%%s%%' OR device LIKE '%%%s%%'", token, token);
	assert_int_equal(one(t, sql), 0); /* only its hash is kept */
	assert_int_equal(one(t, "SELECT count(*) FROM device"), 0); /* nobody is in yet */
	assert_int_equal(redeem(t, token, NOW + 1), 200);
	says(t, "\"mqtt\":\"/mqtt\"");
	says(t, "\"device\":\"d-1\"");
	assert_true(opens(t, "d-1", t->secret));
	assert_int_equal(one(t, "SELECT count(*) FROM device WHERE id = 'd-1' AND person = 'p-1' AND district = '990101' AND until IS NULL"), 1);
	assert_int_equal(redeem(t, token, NOW + 2), 410);
	says(t, "code_used");
	assert_true(opens(t, "d-1", t->secret));
	assert_int_equal(redeem(t, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NOW), 404);
	says(t, "unknown_code");
}

static void test_a_phone_that_lost_its_secret(void **state)
{
	struct town *t = *state;
	char first[64];

	assert_int_equal(offer(t, "admin", "d-1", "p-1", "990101", 24, NOW), 200);
	assert_int_equal(redeem(t, t->token, NOW), 200);
	(void)snprintf(first, sizeof first, "%s", t->secret);
	run(t, "INSERT INTO enrolment VALUES('d-1','p-2',1,NULL)");
	assert_int_equal(offer(t, "centre", "d-1", NULL, NULL, 24, NOW), 200);
	assert_true(opens(t, "d-1", first)); /* until it is used */
	assert_int_equal(redeem(t, t->token, NOW), 200);
	assert_false(opens(t, "d-1", first));
	assert_true(opens(t, "d-1", t->secret));
	assert_int_equal(one(t, "SELECT count(*) FROM enrolment WHERE until IS NULL"), 1); /* who may act on it stays */
	assert_int_equal(offer(t, "admin", "d-1", "p-2", NULL, 24, NOW), 409);
	assert_int_equal(offer(t, "admin", "d-1", NULL, "990102", 24, NOW), 409);
}

static void test_when_it_ends(void **state)
{
	struct town *t = *state;
	char first[64];
	int64_t commit = 0;

	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 1, NOW), 200);
	assert_int_equal(redeem(t, t->token, NOW + HOUR), 410); /* at the bound */
	says(t, "code_expired");
	assert_int_equal(redeem(t, t->token, NOW + HOUR - 1), 200); /* below it */
	assert_int_equal(offer(t, "centre", "d-1", NULL, NULL, 24, NOW), 200);
	(void)snprintf(first, sizeof first, "%s", t->token);
	assert_int_equal(offer(t, "centre", "d-1", NULL, NULL, 24, NOW), 200);
	assert_int_equal(redeem(t, first, NOW), 410);
	says(t, "code_replaced");
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(account_device_revoke(t->st, NOW, "d-1", &commit, &t->why), OK);
	assert_int_equal(store_commit(t->st, NOW, NULL), OK);
	assert_int_equal(redeem(t, t->token, NOW), 410);
	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 200); /* it comes back */
	run(t, "UPDATE meta SET value = 'another' WHERE key = 'db'");          /* as a restore does */
	assert_int_equal(redeem(t, t->token, NOW), 410);
	says(t, "code_expired");
}

static void test_revoked_twice(void **state)
{
	struct town *t = *state;
	int64_t commit = 0;

	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 200);
	assert_int_equal(redeem(t, t->token, NOW), 200);
	for (int i = 0; i < 3; i++) {
		commit = -1;
		if (i == 1) /* a code of a revoked device ends with it, too */
			assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 200);
		assert_int_equal(store_begin(t->st), OK);
		assert_int_equal(account_device_revoke(t->st, NOW, "d-1", &commit, &t->why), OK);
		assert_int_equal(store_commit(t->st, NOW, NULL), OK);
		assert_int_equal(commit > 0, i < 2);
	}
	assert_int_equal(redeem(t, t->token, NOW), 410);
	assert_false(opens(t, "d-1", t->secret));
}

/* A commit that fails leaves the code good, the old secret too. */
static void test_a_commit_that_fails(void **state)
{
	struct town *t = *state;
	char first[64];
	enum err e;

	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 200);
	assert_int_equal(redeem(t, t->token, NOW), 200);
	(void)snprintf(first, sizeof first, "%s", t->secret);
	assert_int_equal(offer(t, "centre", "d-1", NULL, NULL, 24, NOW), 200);
	(void)fault_arm("tx.commit:1");
	buf_clear(&t->ans.json);
	e = enrol_redeem(t->st, t->in, NOW, t->token, &t->ans, &t->end, &t->why);
	assert_int_equal(fault_arm(NULL), 1);
	assert_int_not_equal(e, OK);
	assert_true(opens(t, "d-1", first));
	assert_int_equal(one(t, "SELECT count(*) FROM enrol_code WHERE how IS NULL"), 1);
	assert_int_equal(redeem(t, t->token, NOW), 200);
	assert_false(opens(t, "d-1", first));
	assert_true(opens(t, "d-1", t->secret));
}

static void test_who_may(void **state)
{
	struct town *t = *state;

	assert_int_equal(offer(t, "office", "d-1", "p-1", NULL, 24, NOW), 403);
	assert_int_equal(offer(t, "nobody", "d-1", "p-1", NULL, 24, NOW), 403);
	assert_int_equal(offer(t, "centre", "d-2", "p-2", NULL, 24, NOW), 404); /* a reach of another town */
	assert_int_equal(offer(t, "centre", "d-3", "p-3", NULL, 24, NOW), 404); /* no appointment */
	assert_int_equal(offer(t, "centre", "d-1", "p-9", NULL, 24, NOW), 404);
	assert_int_equal(offer(t, "centre", "d-1", "p-1", "990102", 24, NOW), 403);
	assert_int_equal(offer(t, "centre", "d-1", NULL, NULL, 24, NOW), 422); /* whose? */
	assert_int_equal(offer(t, "centre", "D 1", "p-1", NULL, 24, NOW), 422);
	assert_int_equal(offer(t, "centre", "office", "p-1", NULL, 24, NOW), 422);
	assert_int_equal(offer(t, "admin", "d-3", "p-3", NULL, 24, NOW), 422); /* no district to be had */
	assert_int_equal(offer(t, "admin", "d-3", "p-3", "99010", 24, NOW), 422);
	assert_int_equal(offer(t, "admin", "d-3", "p-3", "990101001", 24, NOW), 422);
	assert_int_equal(offer(t, "admin", "d-3", "p-3", "990101", 0, NOW), 422);
	assert_int_equal(offer(t, "admin", "d-3", "p-3", "990101", ENROL_HOURS_MAX + 1, NOW), 422);
	assert_int_equal(offer(t, "admin", "d-3", "p-3", "990101", ENROL_HOURS_MAX, NOW), 200);
	assert_int_equal(offer(t, NULL, "d-2", "p-2", NULL, 24, NOW), 200); /* the command */
	says(t, "\"district\":\"990101\"");
	run(t, "UPDATE account SET disabled = 1 WHERE name = 'centre'");
	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 403);
	run(t, "UPDATE person SET until = 99 WHERE id = 'p-2'"); /* gone between code and phone */
	assert_int_equal(redeem(t, t->token, NOW), 404);
	assert_int_equal(one(t, "SELECT count(*) FROM device"), 0);
}

static void test_bounds(void **state)
{
	struct town *t = *state;
	char sql[400];

	(void)snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		"INSERT INTO enrol_code SELECT 'h' || i, 'x-' || i, 'p-1', '990101', '', 'db', %lld, %lld, NULL, NULL FROM n", ENROL_OPEN_MAX - 1, NOW, NOW + HOUR);
	run(t, sql);
	assert_int_equal(offer(t, "centre", "d-1", "p-1", NULL, 24, NOW), 200);
	assert_int_equal(offer(t, "centre", "d-2", "p-1", NULL, 24, NOW), 429);
	assert_int_equal(offer(t, "centre", "d-2", "p-1", NULL, 24, NOW + HOUR), 200); /* they expired */
	assert_int_equal(one(t, "SELECT count(*) FROM enrol_code"), ENROL_OPEN_MAX + 1);
	assert_int_equal(offer(t, "centre", "d-3", "p-1", NULL, 24, NOW + HOUR + ENROL_KEEP_MS + 1), 200);
	assert_int_equal(one(t, "SELECT count(*) FROM enrol_code"), ENROL_OPEN_MAX + 2 - 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_new_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_phone_that_lost_its_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(test_when_it_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revoked_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_commit_that_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_may, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
