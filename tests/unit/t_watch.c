/* t_watch - silent devices, gaps, wrong clocks, what is held too long, a disk that fills: told while it is so. */
#include "schema/watch.h"
#include "tests/unit/town.h"

#define NOW TOWN_NOW
#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct guard {
	struct town t;
	struct alerts *as;
	struct watch *w;
	int64_t last_ms; /* the last commit */
};

static void setup(struct guard *g)
{
	town_make(&g->t);
	g->as = alerts_new(g->t.st);
	g->w = watch_new(g->t.st, g->as, 24);
	g->last_ms = NOW - DAY;
}

static void teardown(struct guard *g)
{
	watch_free(g->w);
	alerts_free(g->as);
	town_remove(&g->t);
}

static void state_row(struct guard *g, const char *device, const char *columns)
{
	char sql[512];

	(void)snprintf(sql, sizeof sql, "INSERT INTO device_state(device, online, seen, missing, holes, rev) VALUES('%s', 0, %lld, 0, 0, 1) "
					"ON CONFLICT DO NOTHING; UPDATE device_state SET %s WHERE device = '%s'",
		device, (long long)NOW, columns, device);
	town_sql(&g->t, sql);
}

/* Looks at now; true: something was written. */
static bool look(struct guard *g, int64_t now)
{
	bool changed;

	assert_int_equal(store_begin(g->t.st), OK);
	assert_int_equal(watch_due(g->w, now, g->last_ms), OK);
	assert_int_equal(watch_disk(g->w, WATCH_DISK_LOW * 50, WATCH_DISK_LOW * 100, now), OK); /* the test's own disk does not count */
	assert_int_equal(alerts_flush(g->as, 2, &changed), OK);
	assert_int_equal(store_commit(g->t.st, NOW, NULL), OK);
	return changed;
}

/* Active alerts as "type:subject severity area title; ". */
static void want(struct guard *g, const char *rows)
{
	char *have = town_dump(&g->t, "SELECT id || ' ' || severity || ' ' || coalesce(area, '-') || ' ' || title || ';' FROM alert "
				      "WHERE active = 1 ORDER BY id");

	assert_string_equal(have, rows);
	free(have);
}

static void test_silent(void **state)
{
	struct guard g;
	char set[64];

	(void)state;
	setup(&g);
	assert_false(look(&g, NOW)); /* never heard of: nothing to say */
	(void)snprintf(set, sizeof set, "seen = %lld, lat_e7 = 1, lon_e7 = 2", (long long)NOW);
	state_row(&g, "d-1", set);
	state_row(&g, "d-4", set);
	assert_false(look(&g, NOW + DAY));
	assert_true(look(&g, NOW + DAY + WATCH_EVERY_MS));
	want(&g, "device_silent:d-1 4 990101100001001 王某的设备 d-1 没有消息，最后一次 11-25 09:55;\n"
		 "device_silent:d-4 4 990101100002001 石某的设备 d-4 没有消息，最后一次 11-25 09:55;\n");
	assert_int_equal(town_count(&g.t, "SELECT at FROM alert WHERE subject = 'd-1'"), NOW + DAY);
	assert_int_equal(town_count(&g.t, "SELECT count(*) FROM alert WHERE person = 'p-1' AND lat_e7 = 1 AND late = 0"), 1);
	assert_false(look(&g, NOW + DAY + 2 * WATCH_EVERY_MS)); /* said already */
	/* heard again; taken out of use */
	(void)snprintf(set, sizeof set, "seen = %lld", (long long)(NOW + DAY));
	state_row(&g, "d-1", set);
	town_sql(&g.t, "UPDATE device SET revoked = 1 WHERE id = 'd-4'");
	assert_false(look(&g, NOW + DAY + 3 * WATCH_EVERY_MS - 1)); /* not yet time to look */
	assert_true(look(&g, NOW + DAY + 3 * WATCH_EVERY_MS));
	want(&g, "");
	teardown(&g);
}

static void test_gap(void **state)
{
	struct guard g;
	char set[128];

	(void)state;
	setup(&g);
	(void)snprintf(set, sizeof set, "missing = 12, missing_since = %lld", (long long)NOW);
	state_row(&g, "d-1", set);
	assert_false(look(&g, NOW + WATCH_GAP_MS - 1));
	assert_true(look(&g, NOW + WATCH_GAP_MS + WATCH_EVERY_MS));
	want(&g, "seq_gap:d-1 3 990101100001001 王某的设备 d-1 缺 12 条记录，自 11-25 09:55;\n");
	/* given up: lost, until somebody knows */
	(void)snprintf(set, sizeof set, "missing = 0, missing_since = NULL, holes = 12, holes_at = %lld", (long long)(NOW + HOUR));
	state_row(&g, "d-1", set);
	assert_true(look(&g, NOW + HOUR));
	want(&g, "seq_gap:d-1 3 990101100001001 王某的设备 d-1 12 条记录已丢失，自 11-25 10:55;\n");
	assert_int_equal(store_begin(g.t.st), OK);
	assert_int_equal(alerts_ack(g.as, ALERT_SEQ_GAP, "d-1", "p-9", NOW + 2 * HOUR), OK);
	assert_int_equal(watch_due(g.w, NOW + 2 * HOUR, g.last_ms), OK);
	assert_int_equal(store_commit(g.t.st, NOW, NULL), OK);
	(void)look(&g, NOW + 2 * HOUR); /* writes what was acknowledged */
	assert_true(look(&g, NOW + 3 * HOUR));
	want(&g, "");
	assert_false(look(&g, NOW + 4 * HOUR)); /* and does not come again */
	/* another hole does */
	(void)snprintf(set, sizeof set, "holes = 13, holes_at = %lld", (long long)(NOW + 5 * HOUR));
	state_row(&g, "d-1", set);
	assert_true(look(&g, NOW + 5 * HOUR));
	want(&g, "seq_gap:d-1 3 990101100001001 王某的设备 d-1 13 条记录已丢失，自 11-25 14:55;\n");
	state_row(&g, "d-1", "seen = seen + 700000000"); /* heard of, and nobody cares */
	assert_true(look(&g, NOW + 5 * HOUR + WATCH_HOLES_MS));
	want(&g, "");
	teardown(&g);
}

/* What events say reaches the columns that the watch looks at. */
static void test_gap_from_events(void **state)
{
	struct guard g;

	(void)state;
	setup(&g);
	town_send(&g.t, "d-1", "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"status\",\"at\":1764035730000,\"body\":{\"battery\":50}}");
	(void)town_commit(&g.t);
	assert_int_equal(town_count(&g.t, "SELECT count(*) FROM device_state WHERE missing_since IS NULL AND holes_at IS NULL"), 1);
	town_send(&g.t, "d-1", "{\"epoch\":\"e\",\"seq\":5,\"kind\":\"status\",\"at\":1764035730000,\"body\":{\"battery\":50}}");
	(void)town_commit(&g.t);
	assert_int_equal(town_count(&g.t, "SELECT missing FROM device_state"), 3);
	assert_int_equal(town_count(&g.t, "SELECT missing_since FROM device_state"), NOW);
	town_send(&g.t, "d-1", "{\"hello\":{\"epoch\":\"e\",\"first\":4,\"next\":6,\"time\":1764035730000}}");
	(void)town_commit(&g.t);
	assert_int_equal(town_count(&g.t, "SELECT holes_at FROM device_state WHERE holes = 2 AND missing = 1"), NOW);
	town_send(&g.t, "d-1", "[{\"epoch\":\"e\",\"seq\":4,\"kind\":\"status\",\"at\":1764035730000,\"body\":{\"battery\":50}},"
			       "{\"epoch\":\"e\",\"seq\":3,\"kind\":\"status\",\"at\":1764035730000,\"body\":{\"battery\":50}},"
			       "{\"epoch\":\"e\",\"seq\":2,\"kind\":\"status\",\"at\":1764035730000,\"body\":{\"battery\":50}}]");
	(void)town_commit(&g.t);
	assert_int_equal(town_count(&g.t, "SELECT count(*) FROM device_state WHERE missing = 0 AND missing_since IS NULL AND "
					  "holes = 0 AND holes_at IS NULL"), 1);
	teardown(&g);
}

static void test_clocks(void **state)
{
	struct guard g;

	(void)state;
	setup(&g);
	state_row(&g, "d-1", "skew_ms = 300000");
	state_row(&g, "d-2", "skew_ms = -300000");
	assert_false(look(&g, NOW));
	state_row(&g, "d-1", "skew_ms = 300001");
	state_row(&g, "d-2", "skew_ms = -720000");
	assert_true(look(&g, NOW + WATCH_EVERY_MS));
	want(&g, "clock_skew:d-1 3 990101100001001 王某的设备 d-1 时钟慢 5 分钟;\n"
		 "clock_skew:d-2 3 990101100001 李某的设备 d-2 时钟快 12 分钟;\n");
	assert_int_equal(town_count(&g.t, "SELECT at FROM alert WHERE subject = 'd-1'"), NOW + WATCH_EVERY_MS);
	assert_false(look(&g, NOW + 2 * WATCH_EVERY_MS)); /* its time stays */
	state_row(&g, "d-1", "skew_ms = 0");
	assert_true(look(&g, NOW + 3 * WATCH_EVERY_MS));
	want(&g, "clock_skew:d-2 3 990101100001 李某的设备 d-2 时钟快 12 分钟;\n");
	/* our own: nothing is said of the devices meanwhile */
	g.last_ms = NOW + DAY;
	assert_false(look(&g, g.last_ms - WATCH_CLOCK_MS));
	assert_true(look(&g, NOW));
	want(&g, "clock_skew:d-2 3 990101100001 李某的设备 d-2 时钟快 12 分钟;\n"
		 "clock_skew:platform 1 - 平台时钟早于最近一次提交，时间无法判断：请校时;\n");
	assert_true(look(&g, g.last_ms - WATCH_CLOCK_MS));
	want(&g, "clock_skew:d-2 3 990101100001 李某的设备 d-2 时钟快 12 分钟;\n");
	teardown(&g);
}

static void test_held(void **state)
{
	struct guard g;

	(void)state;
	setup(&g);
	town_sql(&g.t, "INSERT INTO stream VALUES(7, 'd-4', 'e', 3, '', 0, 0, 0, 0, 0)");
	for (int i = 0; i < 3; i++) {
		char sql[256];

		(void)snprintf(sql, sizeof sql, "INSERT INTO held(stream, seq, code, detail, waits, recv, rev, flags, raw) VALUES"
						"(7, %d, 'waits_for', '', 'case x', %lld, 1, 0, '')", i + 1, (long long)(NOW + i * HOUR));
		town_sql(&g.t, sql);
	}
	assert_false(look(&g, NOW + WATCH_HELD_MS - 1));
	assert_true(look(&g, NOW + WATCH_HELD_MS + HOUR));
	want(&g, "held:d-4 3 990101100002001 石某的设备 d-4 有 2 条记录搁置超过 5 天;\n");
	assert_int_equal(town_count(&g.t, "SELECT at FROM alert"), NOW + WATCH_HELD_MS);
	town_sql(&g.t, "DELETE FROM held WHERE seq < 3");
	assert_false(look(&g, NOW + WATCH_HELD_MS + HOUR + WATCH_HELD_EVERY_MS - 1));
	assert_true(look(&g, NOW + WATCH_HELD_MS + HOUR + WATCH_HELD_EVERY_MS + WATCH_EVERY_MS));
	want(&g, "");
	teardown(&g);
}

static void disk(struct guard *g, int64_t free_bytes, int64_t total, int severity)
{
	bool changed;

	assert_int_equal(store_begin(g->t.st), OK);
	assert_int_equal(watch_disk(g->w, free_bytes, total, NOW), OK);
	assert_int_equal(alerts_flush(g->as, 2, &changed), OK);
	assert_int_equal(store_commit(g->t.st, NOW, NULL), OK);
	assert_int_equal(town_count(&g->t, "SELECT coalesce(max(severity), 0) FROM alert WHERE active = 1 AND id = 'storage_low:platform'"), severity);
}

static void test_disk(void **state)
{
	static const int64_t big = 4096LL << 30, mib = 1 << 20;
	struct guard g;

	(void)state;
	setup(&g);
	disk(&g, 1024 * mib, 2048 * mib, 0);
	disk(&g, -1, -1, 0);
	disk(&g, 1024 * mib - 1, 2048 * mib, 2);
	disk(&g, -1, -1, 2); /* unknown: as it was */
	disk(&g, 1024 * mib, 2048 * mib, 2); /* a little more does not take it back */
	disk(&g, 1152 * mib, 2048 * mib, 0);
	disk(&g, big / 20 - 1, big, 2);
	disk(&g, big / 20, big, 2);
	disk(&g, 256 * mib, 2048 * mib, 2);
	disk(&g, 256 * mib - 1, 2048 * mib, 1);
	disk(&g, 256 * mib, 2048 * mib, 1);
	disk(&g, 300 * mib, 2048 * mib, 2);
	disk(&g, big / 2, big, 0);
	teardown(&g);
}

/* The whole way: the clock alone makes a batch that is committed, under another rev and the same commit number. */
static void test_by_the_clock(void **state)
{
	struct intake_conf conf = {.max_age_days = 3650, .silent_hours = 2};
	struct head before, after;
	struct guard g;
	bool more;

	(void)state;
	setup(&g);
	intake_free(g.t.in);
	g.t.in = intake_new(g.t.st, &conf);
	town_send(&g.t, "d-1", "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"status\",\"at\":1764035730000,\"body\":{\"battery\":50}}");
	(void)town_commit(&g.t);
	assert_int_equal(intake_due(g.t.in, NOW + 2 * HOUR, &more), OK);
	assert_int_equal(intake_commit(g.t.in, NOW + 2 * HOUR, &before), OK);
	assert_int_equal(town_count(&g.t, "SELECT count(*) FROM alert WHERE type = 'device_silent'"), 0);
	assert_int_equal(intake_due(g.t.in, NOW + 3 * HOUR, &more), OK);
	assert_false(more);
	assert_int_equal(intake_commit(g.t.in, NOW + 3 * HOUR, &after), OK);
	assert_int_equal(after.commit, before.commit);
	assert_int_equal(after.rev, before.rev + 1);
	assert_int_equal(town_count(&g.t, "SELECT rev FROM alert WHERE id = 'device_silent:d-1'"), after.rev);
	/* nothing new: no batch */
	assert_int_equal(intake_due(g.t.in, NOW + 4 * HOUR, &more), OK);
	assert_int_equal(intake_commit(g.t.in, NOW + 4 * HOUR, &after), OK);
	assert_int_equal(after.rev, before.rev + 1);
	/* an aborted batch forgets it, and the next look finds it again */
	town_sql(&g.t, "UPDATE device_state SET seen = seen - 86400000");
	assert_int_equal(intake_due(g.t.in, NOW + 5 * HOUR, &more), OK);
	intake_abort(g.t.in);
	assert_int_equal(intake_due(g.t.in, NOW + 5 * HOUR, &more), OK);
	assert_int_equal(intake_commit(g.t.in, NOW + 5 * HOUR, &after), OK);
	assert_int_equal(town_count(&g.t, "SELECT count(*) FROM alert WHERE title LIKE '%11-24 09:55'"), 1);
	teardown(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_from_events),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_by_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
