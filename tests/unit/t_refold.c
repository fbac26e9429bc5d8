/* t_refold.c - a database of version 2, and what it says once its events were folded again. */
#include "schema/office.h"
#include "schema/sql_text.h"
#include "schema/tally.h"
#include "tests/unit/town.h"

#define HOUR 3600000LL
#define T0 (TOWN_NOW - 20 * HOUR)
#define SHA(c) c c c c c c c c c c c c c c c c
#define PHOTO(c) "},\"att\":[{\"sha256\":\"" SHA(c) "\",\"role\":\"before\"}],\"more\":{" /* out of the body, and into the next member */
#define ATTACHED "SELECT a.sha256, s.device, s.epoch, a.seq, a.casus, a.area FROM attachment a JOIN stream s ON s.id = a.stream ORDER BY 1, 2, 3, 4"
#define TALLIES "SELECT figure, level, category, area, span, n FROM tally WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5"

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

	town_remove(t);
	free(t);
	return 0;
}

static void send(struct town *t, const char *device, int seq, int64_t at, const char *kind, const char *body)
{
	char json[700];

	(void)snprintf(json, sizeof json,
		"{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld,\"kind\":\"%s\",\"scope\":\"990101100001001\",\"body\":{%s}}", seq, (long long)at,
		kind, body);
	if (strncmp(kind, "patrol", 6) == 0 || strcmp(kind, "void") == 0 || strcmp(kind, "case.act") == 0)
		(void)snprintf(json, sizeof json, "{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld,\"kind\":\"%s\",\"body\":{%s}}", seq, (long long)at,
			kind, body);
	town_send(t, device, json);
	(void)town_commit(t);
}

/* One of each kind that counts, and some that count no more. */
static void live(struct town *t)
{
	send(t, "d-1", 1, T0, "inspect", "\"topic\":\"burn_straw\",\"result\":\"ok\"" PHOTO("aaaa"));
	send(t, "d-1", 2, T0 + 1, "visit", "\"household\":\"h\",\"staff\":3,\"aid_fen\":12345");
	send(t, "d-1", 3, T0 + 2, "work", "\"item\":\"bins\",\"qty\":2.5");
	send(t, "d-1", 4, T0 + 3, "inspect", "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	send(t, "d-1", 5, T0 + 4, "void", "\"target\":\"d-1/e/4\",\"reason\":\"twice\"");
	send(t, "d-1", 6, T0 + 5, "case.report", "\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"电线\"" PHOTO("bbbb"));
	send(t, "d-12", 1, T0 + 6, "case.act", "\"case\":\"c-1\",\"action\":\"accept\"");
	send(t, "d-12", 2, T0 + 7, "case.act", "\"case\":\"c-1\",\"action\":\"accept\"" PHOTO("cccc"));
	send(t, "d-2", 1, T0, "patrol.start", "\"patrol\":\"w\",\"route\":\"river\",\"target\":\"QSH-01\"");
	send(t, "d-2", 2, T0, "patrol.track", "\"patrol\":\"w\",\"pts\":[[0,33.3,104.9,8],[480000,33.3045,104.9,8]]");
	send(t, "d-2", 3, T0 + 480000, "patrol.end", "\"patrol\":\"w\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 10);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 1);
	assert_int_equal(town_count(t, "SELECT count(DISTINCT figure) FROM tally WHERE figure IN ('inspections', 'visits', 'visit_staff', "
				       "'aid', 'works', 'patrols', 'patrol_m', 'patrol_s', 'river_patrols', 'river_patrols_valid')"),
		10);
	town_check(t);
}

static void run(sqlite3 *db, const char *sql)
{
	char *msg = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", sql, msg);
}

/* Runs each row of the query, which is SQL. */
static void run_each(sqlite3 *db, const char *query)
{
	struct buf all = {0};
	sqlite3_stmt *q = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW)
		buf_addf(&all, "%s;\n", (const char *)sqlite3_column_text(q, 0));
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_true(all.n > 0);
	run(db, all.p);
	buf_done(&all);
}

/* Puts in the place of the database one of version 2 that has taken the same events: what that version kept, and counted. */
static void turn_back(struct town *t)
{
	char sql[256], path[128];
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;

	town_close(t);
	(void)snprintf(path, sizeof path, "%s.new", t->path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run(db, sql_migration[0]);
	run(db, sql_migration[1]);
	(void)snprintf(sql, sizeof sql, "PRAGMA user_version = 2; ATTACH '%s' AS now", t->path);
	run(db, sql);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA now.application_id", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	(void)snprintf(sql, sizeof sql, "PRAGMA main.application_id = %d", sqlite3_column_int(q, 0));
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	run(db, sql);
	run_each(db, "SELECT 'DELETE FROM main.' || m.name || '; INSERT INTO main.' || m.name || '(' || c.list || ') SELECT ' || c.list || "
		     "' FROM now.' || m.name FROM sqlite_master m, (SELECT s.name AS name, group_concat('\"' || i.name || '\"') AS list FROM "
		     "sqlite_master s, pragma_table_info(s.name, 'main') i GROUP BY s.name) c WHERE c.name = m.name AND m.type = 'table'");
	run(db, "DELETE FROM tally WHERE figure NOT IN ('patrols', 'river_patrols', 'events');"
		"UPDATE event SET flags = flags & 3");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(rename(path, t->path), 0);
}

static void fold_again(struct town *t)
{
	struct intake_conf conf = {.max_age_days = 3650};
	struct why why = {""};
	bool done = false;

	town_close(t);
	if (store_open(t->path, STORE_WRITER, &t->st, &why) != OK || office_refold(t->st, &conf, TOWN_NOW, &done, &why) != OK)
		fail_msg("%s", why.text);
	assert_true(done);
	store_close(t->st);
	town_open(t);
	town_check(t);
}

static void same(struct town *t, const char *want)
{
	char *got = town_dump(t, TALLIES);

	if (strcmp(got, want) != 0)
		fail_msg("%s--- instead of\n%s", got, want);
	free(got);
}

static void test_version_2(void **state)
{
	struct town *t = *state;
	struct why why = {""};
	int from = 0, to = 0;
	char *want, *photos, *now;

	live(t);
	want = town_dump(t, TALLIES);
	photos = town_dump(t, ATTACHED);
	turn_back(t);
	if (store_migrate(t->path, &from, &to, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(from, 2);
	assert_int_equal(to, store_version());
	town_open(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM attachment"), 3);
	fold_again(t);
	same(t, want);
	now = town_dump(t, ATTACHED);
	assert_string_equal(now, photos);
	free(now);
	free(photos);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held WHERE folded = 1 AND code = 'illegal_transition'"), 1);
	send(t, "d-1", 7, T0 + 8, "void", "\"target\":\"d-1/e/2\",\"reason\":\"never was\"");
	send(t, "d-2", 4, T0 + 9, "void", "\"target\":\"d-2/e/1\",\"reason\":\"never was\"");
	town_check(t);
	free(want);
}

/* Whatever stands in the tallies: what is right stays, what is missing comes, what is wrong goes, as often as one likes. */
static void test_any_tallies(void **state)
{
	static const char *const spoil[] = {
		"",
		"DELETE FROM tally",
		"DELETE FROM tally WHERE figure IN ('inspections', 'visits', 'visit_staff', 'aid', 'works')",
		"UPDATE tally SET n = n * 2 + 1",
		"INSERT INTO tally VALUES('works', '', 'bins', '990101', 20200101, 7, 2)",
		"DELETE FROM tally WHERE figure LIKE 'patrol%'; UPDATE casus SET share = NULL",
	};
	struct town *t = *state;
	char *want;

	live(t);
	want = town_dump(t, TALLIES);
	for (size_t i = 0; i < ARRAY_LEN(spoil); i++) {
		int64_t head = town_count(t, "SELECT max(last) FROM batch");

		assert_int_equal(store_begin(t->st), OK);
		town_sql(t, spoil[i]);
		town_sql(t, "INSERT INTO meta VALUES('refold', '1')");
		assert_int_equal(store_commit(t->st, TOWN_NOW, NULL), OK);
		fold_again(t);
		same(t, want);
		assert_int_equal(town_count(t, "SELECT min(\"commit\") FROM tally WHERE n <> 0"), head + 1); /* whoever follows them is told */
	}
	free(want);
}

/* More counts than are gathered at once. */
static void test_much(void **state)
{
	struct town *t = *state;
	struct tallies ts = {.st = t->st};
	size_t most = 0;

	assert_int_equal(store_begin(t->st), OK);
	for (int i = 0; i < 30000; i++) {
		tally_add(&ts, "works", "", "bins", "", 10000 + i, 1);
		assert_int_equal(tallies_ease(&ts, 2), OK);
		most = ts.map.n > most ? ts.map.n : most;
	}
	assert_int_equal(tallies_flush(&ts, 2), OK);
	assert_true(most < 21000);
	assert_int_equal(town_count(t, "SELECT sum(n) FROM tally WHERE span > 999999"), 30000);
	assert_int_equal(town_count(t, "SELECT sum(n) FROM tally WHERE span < 10000"), 30000);
	store_rollback(t->st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_version_2), T(test_any_tallies), T(test_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
