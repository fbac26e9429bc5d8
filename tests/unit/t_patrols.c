/* t_patrols.c - verdicts of patrols by rules, appointments and gaps, whatever comes when. */
#include "tests/unit/town.h"

#include "core/track.h"
#include "schema/patrols.h"

#define HOUR 3600000LL
#define MINUTE 60000LL

static int64_t day(int y, int m, int d, int hour, int minute)
{
	return civil_day_ms(civil_make(y, m, d)) + hour * HOUR + minute * MINUTE;
}

static int64_t *seq_of(const char *device)
{
	static int64_t seq[10];

	return &seq[device[2] - '0'];
}

static void send(struct town *t, const char *device, const char *kind, int64_t at, const char *body)
{
	char json[1200];

	(void)snprintf(json, sizeof json, "{\"epoch\":\"e\",\"seq\":%lld,\"kind\":\"%s\",\"at\":%lld,\"body\":{%s}}", (long long)++*seq_of(device), kind,
		(long long)at, body);
	town_send(t, device, json);
}

static void start(struct town *t, const char *device, const char *name, const char *target, int64_t at, const char *more)
{
	char body[200];

	(void)snprintf(body, sizeof body, "\"patrol\":\"%s\",\"route\":\"%s\",\"target\":\"%s\"%s", name,
		target[0] == 'Q' ? "river" : target[0] == 'H' ? "gully" : "grid", target, more);
	send(t, device, "patrol.start", at, body);
}

static void end(struct town *t, const char *device, const char *name, int64_t at)
{
	char body[80];

	(void)snprintf(body, sizeof body, "\"patrol\":\"%s\"", name);
	send(t, device, "patrol.end", at, body);
}

/* Two points, `metres` apart, at the start and a minute before `minutes` after it. */
static void track(struct town *t, const char *device, const char *name, int64_t at, int minutes, int metres)
{
	char body[200];

	(void)snprintf(body, sizeof body, "\"patrol\":\"%s\",\"pts\":[[0,33.3,104.9,8],[%lld,%.7f,104.9,8]]", name,
		(long long)(minutes * MINUTE), 33.3 + metres * 0.9e-5);
	send(t, device, "patrol.track", at, body);
}

/* A patrol of 8 minutes and 500 m: valid but for rules. */
static void patrol(struct town *t, const char *device, const char *name, const char *target, int64_t at)
{
	start(t, device, name, target, at, "");
	track(t, device, name, at, 8, 500);
	end(t, device, name, at + 9 * MINUTE);
}

static void rules(struct town *t, const char *rows)
{
	int64_t commit;
	bool more;
	char sql[1000];

	assert_int_equal(store_begin(t->st), OK);
	(void)snprintf(sql, sizeof sql, "%s", rows);
	town_sql(t, sql);
	assert_int_equal(store_note(t->st, TOWN_NOW, "rules", 1, &commit), OK);
	assert_int_equal(intake_registry_changed(t->in, TOWN_NOW, INTAKE_PLACES, &more), OK);
	(void)town_commit(t);
}

static struct town *made(void)
{
	struct town *t = calloc(1, sizeof *t);

	for (char d = '0'; d <= '9'; d++)
		*seq_of((char[]){'d', '-', d, '\0'}) = 0;
	town_make(t);
	return t;
}

static void done(struct town *t)
{
	(void)town_commit(t);
	town_check(t);
	town_remove(t);
	free(t);
}

static void is(struct town *t, const char *name, uint32_t reasons, const char *rule)
{
	char sql[160];
	char *got, want[100];

	(void)town_commit(t);
	(void)snprintf(sql, sizeof sql, "SELECT reasons, coalesce(rule, ''), coalesce(t_valid, 1) FROM patrol WHERE name = '%s'", name);
	got = town_dump(t, sql);
	(void)snprintf(want, sizeof want, "%u|%s|%d\n", reasons, rule, reasons == 0);
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s instead of %s", name, got, want);
	free(got);
}

static int64_t tally(struct town *t, const char *figure, int span)
{
	char sql[160];

	(void)snprintf(sql, sizeof sql, "SELECT coalesce(sum(n), 0) FROM tally WHERE figure = '%s' AND span = %d", figure, span);
	return town_count(t, sql);
}

#define DUTY(rule, role, level, target, min, metres, gap)                                                              \
	"INSERT INTO duty VALUES('" rule "','" role "','" level "','" target "','month',112,1,'times'," min "," metres "," gap ",NULL,0,0,NULL,NULL,3,NULL);"

/* ------------------------------------------------------------------ */

static void test_thresholds(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("dinghu", "chief", "community", "each", "5", "300", "NULL"));
	patrol(t, "d-2", "ok", "QSH-01", at);
	is(t, "ok", 0, "dinghu");
	start(t, "d-2", "short", "QSH-01", at + HOUR, "");
	is(t, "short", TRACK_TOO_SHORT_TIME | TRACK_TOO_SHORT_DIST | TRACK_TOO_FEW_POINTS | TRACK_NO_END, "dinghu");
	track(t, "d-2", "short", at + HOUR, 4, 280);
	end(t, "d-2", "short", at + HOUR + 5 * MINUTE);
	is(t, "short", TRACK_TOO_SHORT_TIME | TRACK_TOO_SHORT_DIST, "dinghu");
	patrol(t, "d-1", "grid", "990101100001001", at); /* no rule for workers: no thresholds */
	is(t, "grid", 0, "");
	patrol(t, "d-1", "alien", "QSH-01", at); /* a grid worker is no chief, and his grid covers no reach */
	is(t, "alien", TRACK_NOT_APPOINTED, "");
	assert_int_equal(tally(t, "river_patrols", 202511), 2);
	assert_int_equal(tally(t, "river_patrols_valid", 202511), 1);
	assert_int_equal(tally(t, "patrol_s", 202511), (8 * 3 + 4) * 60);
	assert_int_equal(tally(t, "patrol_m", 202511), town_count(t, "SELECT sum(distance_m) FROM patrol"));
	done(t);
}

static void test_best_rule(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("b-far", "chief", "community", "each", "30", "2000", "NULL") DUTY("c-near", "chief", "community", "each", "5", "NULL", "NULL")
			 DUTY("a-way", "chief", "community", "each", "NULL", "600", "NULL"));
	patrol(t, "d-2", "one", "QSH-01", at);
	is(t, "one", 0, "c-near");
	start(t, "d-2", "two", "QSH-01", at + HOUR, "");
	track(t, "d-2", "two", at + HOUR, 4, 500);
	end(t, "d-2", "two", at + HOUR + 5 * MINUTE);
	is(t, "two", TRACK_TOO_SHORT_DIST, "a-way"); /* one reason by a-way and by c-near: the first by name */
	done(t);
}

/* A rule holds in its months and on its days only. */
static void test_rule_days(void **unused)
{
	struct town *t = made();

	(void)unused;
	rules(t, "INSERT INTO duty VALUES('season','chief','community','each','month',312,1,'times',30,NULL,NULL,NULL,0,0,NULL,NULL,3,NULL);"
		 "INSERT INTO duty VALUES('winter','chief','community','each','month',1102,1,'times',NULL,2000,NULL,NULL,0,0,20415,20420,3,NULL);");
	patrol(t, "d-2", "feb", "QSH-01", day(2025, 2, 28, 9, 0));
	patrol(t, "d-2", "mar", "QSH-01", day(2025, 3, 1, 9, 0));
	is(t, "feb", 0, "");
	is(t, "mar", TRACK_TOO_SHORT_TIME, "season");
	patrol(t, "d-2", "before", "QSH-01", civil_day_ms(20415) - 1);
	patrol(t, "d-2", "first", "QSH-01", civil_day_ms(20415));
	is(t, "before", TRACK_TOO_SHORT_TIME, "season");
	is(t, "first", TRACK_TOO_SHORT_TIME, "season"); /* both find one thing: the first by name */
	done(t);
}

static void test_late_points_and_void(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("r", "chief", "community", "each", "5", "300", "NULL"));
	end(t, "d-2", "w", at + 9 * MINUTE);                /* seq 1: the end comes first */
	send(t, "d-2", "patrol.track", at, "\"patrol\":\"w\",\"pts\":[[480000,33.3045,104.9,8]]");
	is(t, "w", 0, ""); /* no start: no verdict, no tally */
	assert_int_equal(tally(t, "patrols", 2025), 0);
	start(t, "d-2", "w", "QSH-01", at, "");
	is(t, "w", TRACK_TOO_FEW_POINTS | TRACK_TOO_SHORT_TIME | TRACK_TOO_SHORT_DIST, "r");
	send(t, "d-2", "patrol.track", at, "\"patrol\":\"w\",\"pts\":[[0,33.3,104.9,8]]"); /* late */
	is(t, "w", 0, "r");
	send(t, "d-2", "void", at, "\"target\":\"d-2/e/4\""); /* that one out again */
	is(t, "w", TRACK_TOO_FEW_POINTS | TRACK_TOO_SHORT_TIME | TRACK_TOO_SHORT_DIST, "r");
	send(t, "d-2", "void", at, "\"target\":\"d-2/e/3\"");
	is(t, "w", 0, "");
	assert_int_equal(tally(t, "patrols", 2025) + tally(t, "patrol_s", 2025) + tally(t, "river_patrols_valid", 2025), 0);
	done(t);
}

/* The cache of points must not outlive a void, nor mix patrols. */
static void test_points_kept(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);
	char body[120], name[8];

	(void)unused;
	for (int round = 0; round < 4; round++)
		for (int i = 0; i < PATROLS_KEPT + 3; i++) {
			(void)snprintf(name, sizeof name, "k%d", i);
			if (round == 0)
				start(t, "d-2", name, "QSH-01", at + i * HOUR, "");
			for (int k = 1; k >= 0; k--) { /* the later first */
				(void)snprintf(body, sizeof body, "\"patrol\":\"%s\",\"pts\":[[%d,%.4f,104.9,8]]", name,
					(round * 2 + k) * 60000, 33.3 + (round * 2 + k) * 0.001);
				send(t, "d-2", "patrol.track", at + i * HOUR, body);
				(void)town_commit(t);
			}
			if (round == 2 && i == 0)
				send(t, "d-2", "void", at, "\"target\":\"d-2/e/2\"");
		}
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM patrol WHERE points = 8"), PATROLS_KEPT + 2);
	assert_int_equal(town_count(t, "SELECT points FROM patrol WHERE name = 'k0'"), 7);
	done(t);
}

static void test_gap(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("gap", "chief", "town", "any", "5", "NULL", "96"));
	patrol(t, "d-3", "a", "QSH-01", at);
	patrol(t, "d-3", "b", "HG-01", at + 96 * HOUR);
	patrol(t, "d-3", "c", "QSH-01", at + 96 * HOUR + 1);
	is(t, "a", 0, "gap");
	is(t, "b", TRACK_MIN_GAP, "gap"); /* not more than 96 h; of another target: any */
	is(t, "c", 0, "gap");             /* b does not count, a is long enough ago */
	patrol(t, "d-3", "z", "QSH-01", at - 40 * HOUR); /* late: turns all after it over */
	is(t, "z", 0, "gap");
	is(t, "a", TRACK_MIN_GAP, "gap");
	is(t, "b", 0, "gap");
	is(t, "c", TRACK_MIN_GAP, "gap");
	assert_int_equal(tally(t, "river_patrols_valid", 2025), 2);
	send(t, "d-3", "void", at, "\"target\":\"d-3/e/12\""); /* the end of z: it is not valid any more */
	is(t, "z", TRACK_NO_END, "gap");
	is(t, "a", 0, "gap");
	is(t, "b", TRACK_MIN_GAP, "gap");
	is(t, "c", 0, "gap");
	done(t);
}

static void test_gap_of_each(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("gap", "chief", "town", "each", "NULL", "NULL", "10"));
	patrol(t, "d-3", "a", "QSH-01", at);
	patrol(t, "d-3", "b", "HG-01", at + HOUR);
	patrol(t, "d-3", "c", "QSH-01", at + 2 * HOUR);
	patrol(t, "d-3", "d", "990101100001001", at + 3 * HOUR); /* a grid: judged as chief too, but among the others */
	is(t, "b", 0, "gap");
	is(t, "c", TRACK_MIN_GAP, "gap");
	is(t, "d", 0, "gap");
	rules(t, "UPDATE duty SET valid_to = 20000 WHERE rule = 'gap'"); /* the rule goes: all are judged again */
	is(t, "c", 0, "");
	done(t);
}

static void test_two_at_once(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("r", "chief", "community", "each", "5", "300", "NULL"));
	start(t, "d-2", "one", "QSH-01", at, "");
	start(t, "d-2", "two", "QSH-01", at, "");
	track(t, "d-2", "two", at, 8, 500);
	track(t, "d-2", "one", at, 4, 500);
	end(t, "d-2", "one", at + 9 * MINUTE);
	end(t, "d-2", "two", at + 9 * MINUTE);
	is(t, "one", TRACK_TOO_SHORT_TIME, "r"); /* each by its own points */
	is(t, "two", 0, "r");
	assert_int_equal(tally(t, "river_patrols", 20251110), 2);
	done(t);
}

static void test_midnight_and_new_year(void **unused)
{
	struct town *t = made();

	(void)unused;
	patrol(t, "d-2", "night", "QSH-01", day(2025, 11, 10, 23, 55));
	patrol(t, "d-2", "year", "QSH-01", day(2024, 12, 31, 23, 59));
	is(t, "night", 0, "");
	is(t, "year", 0, "");
	assert_int_equal(tally(t, "river_patrols_valid", 20251110), 1);
	assert_int_equal(tally(t, "river_patrols_valid", 20251111), 0);
	assert_int_equal(tally(t, "river_patrols_valid", 20241231), 1);
	assert_int_equal(tally(t, "patrol_s", 2024), 480);
	assert_int_equal(tally(t, "patrol_s", 20250101), 0);
	done(t);
}

/* p-2 is town chief from the 11th on: the appointment of the start's day counts, its level and its rules. */
static void test_change_of_appointment(void **unused)
{
	struct town *t = made();

	(void)unused;
	rules(t, DUTY("small", "chief", "community", "each", "5", "NULL", "NULL") DUTY("big", "chief", "town", "each", "30", "NULL", "NULL")
		"UPDATE appointment SET valid_to = 20402 WHERE person = 'p-2';" /* 2025-11-10 */
		"INSERT INTO appointment VALUES('p-2','chief','990101100',20403,'town',NULL,3,NULL);");
	assert_int_equal(civil_make(2025, 11, 10), 20402);
	patrol(t, "d-2", "over", "QSH-01", day(2025, 11, 10, 23, 55));
	patrol(t, "d-2", "after", "QSH-01", day(2025, 11, 11, 0, 0));
	is(t, "over", 0, "small");
	is(t, "after", TRACK_TOO_SHORT_TIME, "big");
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure = 'river_patrols' AND level = 'community' AND span = 20251110"), 1);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure = 'river_patrols' AND level = 'town' AND span = 20251111"), 1);
	rules(t, "UPDATE appointment SET valid_to = 20399 WHERE person = 'p-2' AND scope = 'QSH-01'");
	is(t, "over", TRACK_NOT_APPOINTED, ""); /* a hole between the appointments */
	done(t);
}

/* Walked for another: judged by what that one may and owes. */
static void test_delegated(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);

	(void)unused;
	rules(t, DUTY("small", "chief", "community", "each", "5", "NULL", "NULL") DUTY("gap", "chief", "town", "any", "NULL", "NULL", "24"));
	start(t, "d-1", "for2", "QSH-01", at, ",\"for\":\"p-2\"");
	track(t, "d-1", "for2", at, 8, 500);
	end(t, "d-1", "for2", at + 9 * MINUTE);
	is(t, "for2", 0, "small"); /* a worker of a grid walked */
	patrol(t, "d-3", "own", "QSH-01", at);
	start(t, "d-4", "for3", "HG-01", at + HOUR, ",\"for\":\"p-3\"");
	track(t, "d-4", "for3", at + HOUR, 8, 500);
	end(t, "d-4", "for3", at + HOUR + 9 * MINUTE);
	is(t, "for3", TRACK_MIN_GAP, "gap"); /* p-3's own was an hour before */
	done(t);
}

static void test_substitute(void **unused)
{
	struct town *t = made();
	int64_t at = day(2025, 11, 10, 9, 0);
	char *s;

	(void)unused;
	send(t, "d-2", "patrol.substitute", at + 5, "\"patrol\":\"s\",\"way\":\"drone\",\"target\":\"QSH-01\"");
	send(t, "d-2", "patrol.substitute", at, "\"patrol\":\"s\",\"way\":\"paper\",\"target\":\"HG-01\"");
	(void)town_commit(t);
	s = town_dump(t, "SELECT sub_at, sub_person, sub_way, sub_target, start_at, t_day, reasons FROM patrol");
	assert_string_equal(s, "1762736400000|p-2|paper|HG-01|-|-|0\n");
	free(s);
	assert_int_equal(tally(t, "patrols", 2025), 0);
	send(t, "d-2", "void", at, "\"target\":\"d-2/e/2\"");
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM patrol WHERE sub_way = 'drone' AND sub_target = 'QSH-01'"), 1);
	done(t);
}

/* A line that comes later, and one that is drawn anew: measured again, from points on disk. */
static void test_line_changes(void **unused)
{
	struct town *t = made();

	(void)unused;
	patrol(t, "d-2", "w", "QSH-01", day(2025, 11, 10, 9, 0));
	start(t, "d-2", "bare", "QSH-01", day(2025, 11, 11, 9, 0), "");
	is(t, "w", 0, "");
	rules(t, "INSERT INTO shape VALUES('QSH-01','{\"type\":\"LineString\",\"coordinates\":[[104.9,33.3],[104.9,33.31]]}',3,NULL)");
	is(t, "w", 0, "");
	assert_int_equal(town_count(t, "SELECT coverage BETWEEN 500 AND 600 FROM patrol WHERE name = 'w'"), 1);
	assert_int_equal(town_count(t, "SELECT coverage FROM patrol WHERE name = 'bare'"), 0);
	rules(t, "UPDATE shape SET geojson = '{\"type\":\"LineString\",\"coordinates\":[[105.9,33.3],[105.9,33.31]]}'");
	is(t, "w", TRACK_OFF_REACH, "");
	rules(t, "UPDATE shape SET until = 6");
	is(t, "w", 0, "");
	assert_int_equal(town_count(t, "SELECT count(*) FROM patrol WHERE coverage IS NULL"), 2);
	done(t);
}

/* The check finds what was changed behind its back. */
static void count_line(void *ctx, const char *line)
{
	(void)line;
	++*(int *)ctx;
}

static void test_check_finds(void **unused)
{
	static const char *const wrong[] = {"UPDATE patrol SET duration_s = duration_s + 1", "UPDATE patrol SET reasons = 4", "UPDATE patrol SET rule = 'x'",
		"UPDATE patrol SET sub_way = 'drone', sub_at = 1, sub_epoch = 'e', sub_seq = 1", "UPDATE patrol SET track = NULL",
		"UPDATE event SET link = 0 WHERE kind = 3", "UPDATE tally SET n = n + 1 WHERE figure = 'patrol_m'",
		"DELETE FROM tally WHERE figure = 'river_patrols_valid'", "UPDATE patrol SET actor = 'p-9'"};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct town *t = made();
		int said = 0;
		int64_t n = 0;
		enum err e;

		patrol(t, "d-2", "w", "QSH-01", day(2025, 11, 10, 9, 0));
		(void)town_commit(t);
		town_check(t);
		town_sql(t, wrong[i]);
		e = ledger_check(t->st, count_line, &said, &n);
		if (e == OK ? said == 0 : e != ERR_CORRUPT)
			fail_msg("not found: %s", wrong[i]);
		town_remove(t);
		free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_best_rule),
		cmocka_unit_test(test_rule_days),
		cmocka_unit_test(test_late_points_and_void),
		cmocka_unit_test(test_points_kept),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_of_each),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_midnight_and_new_year),
		cmocka_unit_test(test_change_of_appointment),
		cmocka_unit_test(test_delegated),
		cmocka_unit_test(test_substitute),
		cmocka_unit_test(test_line_changes),
		cmocka_unit_test(test_check_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
