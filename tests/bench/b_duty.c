/* b_duty - 10,000 people, four rules each: how long all duties take to judge anew, and one event's share.
 *
 * Beside it a reference in turn: SQLite alone counts the same patrols by person, target and day (no rules, no
 * states, nothing written).  CPU time of this process.  Prints a table and a line of JSON for each bar. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/civil.h"
#include "schema/duties.h"
#include "schema/dutybook.h"
#include "schema/sql.h"

#define PEOPLE 10000
#define ROUNDS 5
#define EVENTS 2000

static void must(enum err e, const char *what)
{
	if (e != OK)
		die("b_duty: %s: %s", what, err_name(e));
}

static double cpu_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		die("b_duty: no clock");
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double rank(double *v, int n, double share)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return v[(int)((n - 1) * share)];
}

static void run(struct store *st, const char *sql)
{
	char *msg = NULL;

	if (sqlite3_exec(sql_db(st), sql, NULL, NULL, &msg) != SQLITE_OK)
		die("b_duty: %s: %s", sql, msg);
}

/* Ten communities of 1,000; each person is chief of a reach and works in a grid; patrols of 90 days. */
static void people(struct store *st, int64_t now)
{
	char sql[2000];
	int64_t commit;

	must(store_begin(st), "begin");
	must(store_note(st, now - 100 * CIVIL_DAY_MS, "bench", 1, &commit), "note");
	run(st, "INSERT INTO duty VALUES"
		"('day', 'worker', 'grid', 'each', 'day', 112, 1, 'times', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, 2, NULL),"
		"('week', 'chief', 'community', 'any', 'week', 112, 1, 'times', 10, 1000, NULL, NULL, 1, 1, NULL, NULL, 2, NULL),"
		"('tenday', 'chief', 'community', 'any', 'tenday', 112, 2, 'days', 10, 1000, NULL, NULL, 1, 1, NULL, NULL, 2, NULL),"
		"('month', 'chief', 'community', 'each', 'month', 312, 2, 'times', 5, 300, 96, NULL, 0, 0, NULL, NULL, 2, NULL)");
	(void)snprintf(sql, sizeof sql,
		"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		"INSERT INTO person SELECT printf('p-%%05d', i), '王某', '', 2, NULL FROM n;"
		"INSERT INTO area SELECT DISTINCT printf('990101100%%03d', substr(id, 3) / 1000 + 1), 'x', NULL, NULL, 2, NULL FROM person;"
		"INSERT INTO reach SELECT 'R' || substr(id, 3), 'x', 'x', 'river', printf('990101100%%03d', substr(id, 3) / 1000 + 1), 1, 2, NULL FROM person;"
		"INSERT INTO appointment SELECT id, 'chief', 'R' || substr(id, 3), -2147483648, 'community', NULL, 2, NULL FROM person;"
		"INSERT INTO appointment SELECT id, 'worker', printf('990101100%%03d001', substr(id, 3) / 1000 + 1), -2147483648, 'grid', NULL, 2, NULL FROM person;"
		"INSERT INTO exemption SELECT id, '', '', 20400, 20405, 'x', 2, NULL FROM person WHERE id LIKE '%%7'",
		PEOPLE - 1);
	run(st, sql);
	(void)snprintf(sql, sizeof sql,
		"WITH RECURSIVE d(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM d WHERE k < 29) "
		"INSERT INTO patrol(device, name, last, tracks, \"commit\", start_at, start_epoch, start_seq, person, actor, route, target, duration_s, "
		"distance_m) SELECT 'd', id || '-' || k, 1, 0, 1, %lld - (k * 3 + substr(id, 3) %% 3) * 86400000, 'e', 1, id, id, "
		"CASE k %% 2 WHEN 0 THEN 'river' ELSE 'grid' END, CASE k %% 2 WHEN 0 THEN 'R' || substr(id, 3) ELSE "
		"printf('990101100%%03d001', substr(id, 3) / 1000 + 1) END, 1200, 2000 FROM d, person", (long long)now);
	run(st, sql);
	must(store_commit(st, now, NULL), "commit");
}

static double all(struct store *st, struct duties *ds, struct registry *r, int64_t now)
{
	bool changed = false;
	double from;

	must(store_begin(st), "begin");
	from = cpu_ms();
	registry_changed(r);
	must(duties_all(ds, now, &changed), "duties_all");
	from = cpu_ms() - from;
	must(store_commit(st, now, NULL), "commit");
	return from;
}

static double reference(struct store *st, int64_t now)
{
	sqlite3_stmt *q = sql_get(st, "SELECT person, target, (start_at + 28800000) / 86400000, count(*), sum(duration_s >= 600) FROM patrol "
				      "WHERE start_at >= ?1 GROUP BY 1, 2, 3");
	double from = cpu_ms();
	enum err e;

	sql_int(q, 1, now - 31 * CIVIL_DAY_MS);
	while ((e = sql_row(q)) == OK)
		;
	must(sql_end(q, e), "reference");
	return cpu_ms() - from;
}

/* A patrol more of one person after the other, each judged by itself. */
static void events(struct store *st, struct duties *ds, int64_t now, double *each)
{
	for (int i = 0; i < EVENTS; i++) {
		sqlite3_stmt *q;
		bool changed = false;
		char person[16];
		double from;

		(void)snprintf(person, sizeof person, "p-%05d", i * 7919 % PEOPLE); /* fits */
		must(store_begin(st), "begin");
		q = sql_get(st, "INSERT INTO patrol(device, name, last, tracks, \"commit\", start_at, start_epoch, start_seq, person, actor, route, "
				"target, duration_s, distance_m) VALUES('e', ?1, 1, 0, 1, ?2, 'e', 1, ?3, ?3, 'river', 'R' || substr(?3, 3), 1200, 2000)");
		sql_int(q, 1, i);
		sql_int(q, 2, now);
		sql_str(q, 3, person);
		must(sql_run(q), "insert");
		from = cpu_ms();
		duties_touch(ds, person);
		must(duties_flush(ds, now, &changed), "duties_flush");
		each[i] = cpu_ms() - from;
		must(store_commit(st, now, NULL), "commit");
	}
}

static void tick(struct store *st, struct duties *ds, int64_t now, double *ms, double *worst)
{
	bool more = true, changed = false;

	*ms = *worst = 0;
	while (more) {
		double from;

		must(store_begin(st), "begin");
		from = cpu_ms();
		must(duties_tick(ds, now, &more, &changed), "duties_tick");
		from = cpu_ms() - from;
		must(store_commit(st, now, NULL), "commit");
		*ms += from;
		if (from > *worst)
			*worst = from;
	}
}

int main(void)
{
	char dir[] = "/tmp/b_duty-XXXXXX", path[64], line[128];
	static const char *const tail[] = {"", "-wal", "-shm", ".lock"};
	int64_t now = civil_day_ms(civil_make(2025, 11, 25)) + 10 * 3600000;
	double again[ROUNDS], ref[ROUNDS], each[EVENTS], first, month, worst, p50;
	struct why why = {""};
	struct store *st = NULL;
	struct registry *r;
	struct alerts *as;
	struct duties *ds;

	if (!mkdtemp(dir))
		die("b_duty: no folder");
	(void)snprintf(path, sizeof path, "%s/xunge.db", dir); /* fits */
	if (store_create(path, now - 200 * CIVIL_DAY_MS, &why) != OK || store_open(path, STORE_WRITER, &st, &why) != OK)
		die("b_duty: %s", why.text);
	people(st, now);
	r = registry_new(st, REGISTRY_NOW);
	as = alerts_new(st);
	ds = duties_new(st, r, as);
	first = all(st, ds, r, now);
	for (int i = 0; i < ROUNDS; i++) {
		ref[i] = reference(st, now);
		again[i] = all(st, ds, r, now + i + 1);
	}
	events(st, ds, now + ROUNDS, each);
	tick(st, ds, civil_day_ms(civil_make(2025, 12, 1)), &month, &worst);
	p50 = rank(each, EVENTS, 0.5);
	printf("duties of %d people x 4 rules, 300,000 patrols (CPU ms)\n", PEOPLE);
	printf("  all, nothing changed  %8.1f   (reference: SQLite counts the month's patrols %.1f)\n", rank(again, ROUNDS, 0.5), rank(ref, ROUNDS, 0.5));
	printf("  all, every row new    %8.1f\n", first);
	printf("  a month begins        %8.1f   (the longest step of %d people: %.1f)\n", month, DUTIES_TICK, worst);
	printf("  one event             %8.3f   (p99 %.3f)\n", p50, rank(each, EVENTS, 0.99));
	printf("{\"bar\":\"duties_all_ms\",\"value\":%.1f,\"max\":1000,\"reference\":%.1f}\n", first, rank(ref, ROUNDS, 0.5));
	printf("{\"bar\":\"duties_event_ms\",\"value\":%.3f,\"max\":1}\n", rank(each, EVENTS, 0.99));
	duties_free(ds);
	alerts_free(as);
	registry_free(r);
	store_close(st);
	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		(void)snprintf(line, sizeof line, "%s%s", path, tail[i]); /* fits */
		(void)unlink(line);
	}
	(void)rmdir(dir);
	return 0;
}
