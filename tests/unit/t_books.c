/* t_books.c - the reading side: who sees which rows, pages that meet, filters, answers over HTTP. */
#include "tests/unit/town.h"

#include "base/clock.h"
#include "tests/jansson.h"

#include "core/track.h"
#include "schema/books_cases.h"
#include "schema/books_figures.h"
#include "schema/books_sql.h"
#include "schema/tally.h"
#include "server/read.h"

#define EAST "990101100001"
#define WEST "990101100002"
#define DAY(n) (TOWN_NOW + (n) * CIVIL_DAY_MS)

struct world {
	struct town town;
	struct store *reader; /* as the server's: its statements are ours alone */
	struct app app;
	char sessions[96];
	char cookie[3][80]; /* of the town, of the east, of everything */
	int status;
	char etag[64], type[64];
	json_t *j; /* the last answer */
	char *text;
};

enum { TOWN_USER, EAST_USER, ALL_USER };

static int setup(void **state)
{
	static const char *const scope[] = {"990101100", EAST, "*"}, *const role[] = {"centre", "office", "admin"};
	struct world *w = calloc(1, sizeof *w);
	struct why why = {""};

	town_make(&w->town);
	if (store_open(w->town.path, STORE_READER, &w->reader, &why) != OK)
		fail_msg("%s", why.text);
	w->app.st = w->reader;
	(void)snprintf(w->sessions, sizeof w->sessions, "%s/server.db", w->town.dir);
	if (sessions_open(w->sessions, 0, &w->app.sessions, &why) != OK)
		fail_msg("%s", why.text);
	for (int i = 0; i < 3; i++) {
		struct account_user u = {.person = "p-3"};
		char token[SECRET_TOKEN];
		struct session *s;

		(void)snprintf(u.name, sizeof u.name, "user%d", i);
		(void)snprintf(u.scope, sizeof u.scope, "%s", scope[i]);
		(void)snprintf(u.role, sizeof u.role, "%s", role[i]);
		assert_int_equal(session_new(w->app.sessions, &u, clock_wall_ms(), token, &s), OK);
		(void)snprintf(w->cookie[i], sizeof w->cookie[i], "xunge=%s", token);
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const tail[] = {"", "-wal", "-shm"};
	struct world *w = *state;

	store_close(w->reader);
	sessions_free(w->app.sessions);
	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		char name[128];

		(void)snprintf(name, sizeof name, "%s%s", w->sessions, tail[i]);
		(void)unlink(name);
	}
	town_remove(&w->town);
	json_decref(w->j);
	free(w->text);
	free(w);
	return 0;
}

/* ------------------------------------------------------------------ asking */

/* @ in a path stands for from=DAY, some days ago: what happened just now, also on the first of a month. */
static json_t *ask_with(struct world *w, int user, const char *path, const char *etag)
{
	struct request rq = {.method = HTTP_GET, .host = "h", .cookie = user < 0 ? NULL : w->cookie[user], .peer = "127.0.0.1", .if_none_match = etag};
	struct response rs = {0};
	char plain[1024], day[CIVIL_DAY_TEXT], *query;
	const char *p = strchr(path, '@');

	civil_day_text(civil_day(clock_wall_ms()) - 3, day);
	if (p)
		(void)snprintf(plain, sizeof plain, "%.*sfrom=%s%s", (int)(p - path), path, day, p + 1);
	else
		(void)snprintf(plain, sizeof plain, "%s", path);
	if ((query = strchr(plain, '?')))
		*query++ = '\0';
	rq.path = plain;
	rq.query = query;
	api_request(&w->app, &rq, &rs);
	w->status = rs.status;
	json_decref(w->j);
	free(w->text);
	w->text = strdup(rs.body.p ? rs.body.p : "");
	w->j = json_loads(w->text, JSON_REJECT_DUPLICATES, NULL);
	(void)snprintf(w->type, sizeof w->type, "%s", rs.type ? rs.type : "");
	w->etag[0] = '\0';
	if (rs.head.p && (p = strstr(rs.head.p, "etag: ")))
		(void)sscanf(p, "etag: %63[^\r]", w->etag);
	response_done(&rs);
	assert_true(sqlite3_get_autocommit(sql_db(w->reader))); /* no snapshot is left open */
	return w->j;
}

static json_t *ask(struct world *w, int user, const char *path)
{
	return ask_with(w, user, path, NULL);
}

static const char *text_of(json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

/* The ids of a list as "a b c". */
static const char *ids(struct world *w, int user, const char *path, const char *list, char out[4096])
{
	json_t *rows = json_object_get(ask(w, user, path), list), *row;
	size_t i, n = 0;

	if (w->status != 200)
		fail_msg("%s: %d %s", path, w->status, w->text);
	out[0] = '\0';
	json_array_foreach(rows, i, row)
		n += (size_t)snprintf(out + n, 4096 - n, "%s%s", i ? " " : "", text_of(row, json_object_get(row, "id") ? "id" : "event"));
	return out;
}

#define IDS(user, path, list, want) assert_string_equal(ids(w, user, path, list, (char[4096]){""}), want)

/* All pages of a list, ids joined; *pages: how many. */
static void all_pages(struct world *w, int user, const char *path, const char *list, struct buf *out, int *pages)
{
	char one[4096], url[1024], next[600] = "";

	for (*pages = 0; *pages < 200; ++*pages) {
		(void)snprintf(url, sizeof url, "%s%s%s%s", path, next[0] ? (strchr(path, '?') ? "&" : "?") : "", next[0] ? "cursor=" : "", next);
		(void)ids(w, user, url, list, one);
		buf_addf(out, "%s%s", out->n && one[0] ? " " : "", one);
		(void)snprintf(next, sizeof next, "%s", text_of(w->j, "next"));
		if (!next[0]) {
			++*pages;
			return;
		}
	}
	fail_msg("%s: no end", path);
}

/* No statement that was prepared may walk all of a large table. */
static void check_plans(struct world *w)
{
	sqlite3 *db = sql_db(w->reader);

	for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s; s = sqlite3_next_stmt(db, s)) {
		const char *sql = sqlite3_sql(s);
		struct buf b = {0};
		sqlite3_stmt *q;

		if (strncmp(sql, "SELECT", 6) != 0)
			continue;
		buf_addf(&b, "EXPLAIN QUERY PLAN %s", sql);
		assert_int_equal(sqlite3_prepare_v2(db, b.p, -1, &q, NULL), SQLITE_OK);
		while (sqlite3_step(q) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(q, 3);
			static const char *const big[] = {"SCAN event", "SCAN e", "SCAN casus", "SCAN c", "SCAN patrol", "SCAN t", "SCAN held", "SCAN h", "SCAN displaced", "SCAN alert", "SCAN a", "TEMP B-TREE FOR ORDER BY"};

			for (size_t i = 0; i < ARRAY_LEN(big); i++) {
				const char *hit = strstr(step, big[i]);

				if (hit && strstr(step, "B-TREE") && (strstr(sql, "ORDER BY a.scope LIMIT 1") || strstr(sql, "FROM appointment WHERE person")))
					continue; /* the appointments of one person */
				if (hit && (hit[strlen(big[i])] == '\0' || hit[strlen(big[i])] == ' ') && !strstr(step, "USING"))
					fail_msg("%s\n  in %s", step, sql);
			}
		}
		assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
		buf_done(&b);
	}
}

/* ------------------------------------------------------------------ rows */

static void add_case(struct world *w, const char *id, const char *klass, const char *category, int severity, const char *area, int state,
	int64_t at, int64_t due, const char *more)
{
	struct buf b = {0};

	buf_addf(&b, "INSERT INTO casus(name, last, report, report_at, report_device, report_epoch, report_seq, \"commit\", class, category, "
		"severity, title, scope, area, reporter, state, version, level, due, counts) VALUES('%s', 3, 3, %lld, 'd-1', 'e', 1, 7, '%s', "
		"'%s', %d, '案件%s', '%s', '%s', 'p-1', %d, 2, 'community', %s, '1 2 3 4 5 6')",
		id, (long long)at, klass, category, severity, id, area, area, state, due < 0 ? "NULL" : "");
	if (due >= 0) {
		char *p = strstr(b.p, "'community', , ");
		struct buf c = {0};

		buf_add(&c, b.p, (size_t)(p - b.p));
		buf_addf(&c, "'community', %lld, '1 2 3 4 5 6')", (long long)due);
		buf_done(&b);
		b = c;
	}
	town_sql(&w->town, b.p);
	buf_clear(&b);
	if (more) {
		buf_addf(&b, "UPDATE casus SET %s WHERE name = '%s'", more, id);
		town_sql(&w->town, b.p);
	}
	buf_done(&b);
}

static void add_patrol(struct world *w, const char *device, const char *name, const char *person, const char *target, const char *area,
	int64_t at, unsigned reasons)
{
	struct buf b = {0};

	buf_addf(&b, "INSERT INTO patrol(device, name, last, start_at, start_epoch, start_seq, person, actor, route, target, end_at, clear, "
		"tracks, t_day, t_area, t_level, t_river_level, \"commit\", points, dropped, duration_s, distance_m, coverage, reasons, rule) "
		"VALUES('%s', '%s', 0, %lld, 'e', 1, '%s', '%s', 'river', '%s', %lld, 1, 2, 1, '%s', 'community', 'community', 5, 40, 1, 1800, "
		"2100, 812, %u, 'dinghu')", device, name, (long long)at, person, person, target, (long long)(at + 1800000), area, reasons);
	town_sql(&w->town, b.p);
	buf_done(&b);
}

static void some_cases(struct world *w)
{
	int64_t now = clock_wall_ms();

	add_case(w, "c-1", "hazard", "fire", 2, EAST "001", CASUS_IN_PROGRESS, now - 5000, now - 1000, "lat_e7 = 333912000, lon_e7 = 1049217000, holder = 'p-2'");
	add_case(w, "c-2", "hazard", "gas", 1, WEST, CASUS_REPORTED, now - 4000, -1, NULL);
	add_case(w, "c-3", "finding", "dumping", 3, EAST, CASUS_CLOSED, now - 3000, now - 2500, "on_time = 1, closed_at = 5, result = 1, rating = 2");
	add_case(w, "c-4", "dispute", "family", 3, WEST, CASUS_DISPATCHED, now - 2000, now + 900000, "ref = 'p1', report_device = 'd-2'");
	add_case(w, "c-5", "appeal", "roads", 4, "", CASUS_ACCEPTED, now - 1000, now - 9000, "scope = NULL");
	add_case(w, "c-old", "appeal", "roads", 4, EAST, CASUS_SUSPENDED, now - 400 * CIVIL_DAY_MS, -1, NULL);
}

/* ------------------------------------------------------------------ tests */

static void test_case_lists(void **state)
{
	struct world *w = *state;

	some_cases(w);
	IDS(ALL_USER, "/api/v1/cases?@", "cases", "c-5 c-4 c-3 c-2 c-1");
	IDS(TOWN_USER, "/api/v1/cases?@", "cases", "c-4 c-3 c-2 c-1");
	IDS(EAST_USER, "/api/v1/cases?@", "cases", "c-3 c-1");
	IDS(TOWN_USER, "/api/v1/cases?@&scope=" WEST, "cases", "c-4 c-2");
	IDS(TOWN_USER, "/api/v1/cases?@&class=hazard", "cases", "c-2 c-1");
	IDS(TOWN_USER, "/api/v1/cases?@&category=gas", "cases", "c-2");
	IDS(TOWN_USER, "/api/v1/cases?@&severity=3&class=dispute", "cases", "c-4");
	IDS(TOWN_USER, "/api/v1/cases?@&state=closed", "cases", "c-3");
	IDS(TOWN_USER, "/api/v1/cases?@&holder=p-2", "cases", "c-1");
	IDS(TOWN_USER, "/api/v1/cases?@&level=town", "cases", "");
	IDS(TOWN_USER, "/api/v1/cases?state=open", "cases", "c-old c-4 c-2 c-1"); /* all that are open, however old */
	IDS(EAST_USER, "/api/v1/cases?state=suspended", "cases", "c-old");
	IDS(ALL_USER, "/api/v1/cases?overdue=true", "cases", "c-5 c-1"); /* longest first; a closed one is never late */
	IDS(EAST_USER, "/api/v1/cases?overdue=1", "cases", "c-1");
	IDS(EAST_USER, "/api/v1/cases?from=2020-01-01&state=open", "cases", "c-1 c-old");
	IDS(EAST_USER, "/api/v1/cases?to=2020-01-01", "cases", "");
	check_plans(w);
}

/* Without from and to: the civil month, its first instant in, the next one's out. */
static void test_this_month(void **state)
{
	struct world *w = *state;
	char got[4096];
	int32_t first;
	int64_t from, to;

	do {
		first = civil_month_first(civil_day(clock_wall_ms()));
		from = civil_day_ms(first);
		to = civil_day_ms(civil_month_first(first + 31));
		town_sql(&w->town, "DELETE FROM casus");
		add_case(w, "before", "hazard", "fire", 2, EAST, CASUS_CLOSED, from - 1, -1, NULL);
		add_case(w, "first", "hazard", "fire", 2, EAST, CASUS_CLOSED, from, -1, NULL);
		add_case(w, "last", "hazard", "fire", 2, EAST, CASUS_CLOSED, to - 1, -1, NULL);
		add_case(w, "behind", "hazard", "fire", 2, EAST, CASUS_CLOSED, to, -1, NULL);
		(void)ids(w, EAST_USER, "/api/v1/cases", "cases", got);
	} while (first != civil_month_first(civil_day(clock_wall_ms())));
	assert_string_equal(got, "last first");
	IDS(EAST_USER, "/api/v1/cases?from=2020-01-01", "cases", "behind last first before");
}

#define EVENT(seq, kind, second, more) "{\"epoch\":\"e\",\"seq\":" #seq ",\"kind\":\"" kind "\",\"at\":17640300" #second "000," more "}"

/* A report, accepted, urged; the urging voided; a second report; what may not be; and one whose base did not come. */
static void a_case(struct world *w)
{
	town_sql(&w->town, "INSERT INTO appointment VALUES('p-3','centre','990101100',-2147483648,'town',NULL,2,NULL)");
	town_send(&w->town, "d-1", EVENT(1, "case.report", 10, "\"scope\":\"" EAST "001\",\"loc\":{\"lat\":33.3912,\"lon\":104.9217},\"att\":[{\"sha256\":\""
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"role\":\"before\",\"mime\":\"image/jpeg\",\"bytes\":5}],"
		"\"body\":{\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"楼道堆物\",\"text\":\"三楼\"}"));
	town_send(&w->town, "d-3", EVENT(1, "case.act", 11, "\"base\":\"d-1/e/1\",\"body\":{\"case\":\"c-1\",\"action\":\"accept\"}"));
	town_send(&w->town, "d-3", EVENT(2, "case.act", 12, "\"base\":\"d-3/e/1\",\"body\":{\"case\":\"c-1\",\"action\":\"urge\",\"note\":\"快\"}"));
	(void)town_commit(&w->town);
	town_send(&w->town, "d-3", EVENT(3, "void", 13, "\"body\":{\"target\":\"d-3/e/2\",\"reason\":\"点错\"}"));
	town_send(&w->town, "d-1", EVENT(2, "case.report", 14, "\"scope\":\"" EAST "001\",\"body\":{\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"又\"}"));
	town_send(&w->town, "d-4", EVENT(1, "case.act", 15, "\"base\":\"d-3/e/1\",\"body\":{\"case\":\"c-1\",\"action\":\"sign\"}"));
	town_send(&w->town, "d-4", EVENT(2, "case.act", 16, "\"base\":\"d-9/e/9\",\"body\":{\"case\":\"c-1\",\"action\":\"urge\"}"));
	(void)town_commit(&w->town);
}

/* "action status code" of the step of an event. */
static const char *step(json_t *j, const char *event, char out[200])
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(j, "timeline"), i, row)
		if (strcmp(text_of(row, "event"), event) == 0) {
			(void)snprintf(out, 200, "%s %s %s %s", text_of(row, "action"), text_of(row, "status"), text_of(row, "state"), text_of(row, "code"));
			return out;
		}
	return "none";
}
#define STEP(event, want) assert_string_equal(step(j, event, (char[200]){""}), want)

static void test_case_one(void **state)
{
	struct world *w = *state;
	char etag[24];
	json_t *j, *row;
	size_t i;

	a_case(w);
	j = ask(w, EAST_USER, "/api/v1/cases/c-1");
	if (w->status != 200)
		fail_msg("%s", w->text);
	(void)snprintf(etag, sizeof etag, "\"%s\"", text_of(j, "etag"));
	assert_string_equal(w->etag, etag);
	assert_int_equal(atoll(etag + 1), town_count(&w->town, "SELECT \"commit\" FROM casus"));
	assert_string_equal(text_of(j, "state"), "accepted");
	assert_string_equal(text_of(j, "category_name"), "消防安全");
	assert_string_equal(text_of(j, "reporter_name"), "王某");
	assert_string_equal(text_of(j, "scope_name"), "东街一格");
	assert_true(json_real_value(json_array_get(json_object_get(j, "loc"), 0)) == 104.9217);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "counts"), "urges")), 0);
	assert_null(strstr(w->text, "phone"));
	assert_int_equal(json_array_size(json_object_get(j, "timeline")), 6);
	STEP("d-1/e/1", "report in_force reported ");
	STEP("d-3/e/1", "accept in_force accepted ");
	STEP("d-3/e/2", "urge voided  ");
	STEP("d-1/e/2", "report repeated  ");
	STEP("d-4/e/1", "sign held  illegal_transition");
	STEP("d-4/e/2", "urge held  waits_for");
	row = json_array_get(json_object_get(j, "timeline"), 0);
	assert_string_equal(text_of(row, "title"), "楼道堆物");
	assert_string_equal(text_of(row, "received"), "2025-11-25T09:55:30.000+08:00");
	assert_string_equal(text_of(row, "person_name"), "王某");
	assert_string_equal(text_of(json_array_get(json_object_get(row, "photos"), 0), "role"), "before");
	json_array_foreach(json_object_get(j, "timeline"), i, row)
		if (strcmp(text_of(row, "event"), "d-3/e/2") == 0)
			assert_string_equal(text_of(json_object_get(row, "voided"), "reason"), "点错");
	assert_true(json_array_size(json_object_get(j, "actions")) > 0);
	(void)ask_with(w, EAST_USER, "/api/v1/cases/c-1", etag); /* its ETag is for If-Match: names and the clock change the text, too */
	assert_int_equal(w->status, 200);
	add_case(w, "c-2", "hazard", "gas", 1, WEST, CASUS_REPORTED, clock_wall_ms(), -1, NULL);
	(void)ask(w, EAST_USER, "/api/v1/cases/c-2"); /* there, but not hers */
	assert_int_equal(w->status, 404);
	(void)ask(w, TOWN_USER, "/api/v1/cases/c-none");
	assert_int_equal(w->status, 404);
	IDS(EAST_USER, "/api/v1/held", "held", "d-4/e/2 d-4/e/1"); /* of the west, on a case of the east */
	check_plans(w);
}

static void test_patrol_lists(void **state)
{
	struct world *w = *state;
	int64_t now = clock_wall_ms();
	json_t *j, *row;

	some_cases(w);
	add_patrol(w, "d-2", "p1", "p-2", "QSH-01", EAST, now - 4000, 0);
	add_patrol(w, "d-2", "p2", "p-2", "QSH-01", EAST, now - 3000, TRACK_NO_END | TRACK_MOCK);
	add_patrol(w, "d-3", "p1", "p-3", "HG-01", WEST, now - 2000, TRACK_TOO_SHORT_TIME);
	town_sql(&w->town, "INSERT INTO patrol(device, name, last, tracks, \"commit\", sub_at, sub_epoch, sub_seq, sub_person, sub_way, sub_target) "
		"VALUES('d-3', 's1', 0, 0, 5, 1000, 'e', 9, 'p-3', 'drone', 'QSH-01')");
	IDS(TOWN_USER, "/api/v1/patrols?@", "patrols", "d-3.p1 d-2.p2 d-2.p1");
	IDS(EAST_USER, "/api/v1/patrols?@", "patrols", "d-2.p2 d-2.p1");
	IDS(TOWN_USER, "/api/v1/patrols?@&scope=HG-01", "patrols", "d-3.p1");
	IDS(EAST_USER, "/api/v1/patrols?@&scope=HG-01", "patrols", "");
	IDS(TOWN_USER, "/api/v1/patrols?@&valid=true", "patrols", "d-2.p1");
	IDS(TOWN_USER, "/api/v1/patrols?@&valid=false", "patrols", "d-3.p1 d-2.p2");
	town_sql(&w->town, "UPDATE patrol SET end_at = NULL WHERE name = 'p2'");
	IDS(TOWN_USER, "/api/v1/patrols?@&under_way=true", "patrols", "d-2.p2");
	IDS(TOWN_USER, "/api/v1/patrols?@&valid=false&under_way=false", "patrols", "d-3.p1");
	IDS(TOWN_USER, "/api/v1/patrols?@&under_way=false", "patrols", "d-3.p1 d-2.p1");
	town_sql(&w->town, "UPDATE patrol SET start_at = start_at - 10800000 WHERE name = 'p2'"); /* it will not end any more */
	IDS(TOWN_USER, "/api/v1/patrols?from=2020-01-01&valid=false&under_way=false", "patrols", "d-3.p1 d-2.p2");
	town_sql(&w->town, "UPDATE patrol SET start_at = start_at + 10800000 WHERE name = 'p2'");
	(void)ask(w, TOWN_USER, "/api/v1/patrols?under_way=soon");
	assert_int_equal(w->status, 400);
	IDS(TOWN_USER, "/api/v1/patrols?@&reason=MOCK", "patrols", "d-2.p2");
	IDS(TOWN_USER, "/api/v1/patrols?@&person=p-2&target=QSH-01&route=river&rule=dinghu", "patrols", "d-2.p2 d-2.p1");
	IDS(EAST_USER, "/api/v1/patrols?@&person=p-3", "patrols", "");
	(void)ask(w, TOWN_USER, "/api/v1/patrols?reason=BORED");
	assert_int_equal(w->status, 400);
	j = ask(w, TOWN_USER, "/api/v1/patrols/d-2.p2");
	assert_int_equal(w->status, 200);
	row = json_array_get(json_object_get(j, "reasons"), 0);
	assert_string_equal(text_of(row, "code"), "NO_END");
	assert_string_equal(text_of(row, "name"), track_reasons[5].zh);
	assert_string_equal(text_of(j, "target_name"), "清水河上段");
	j = ask(w, TOWN_USER, "/api/v1/patrols/d-2.p1");
	assert_string_equal(text_of(json_array_get(json_object_get(j, "findings"), 0), "id"), "c-4");
	j = ask(w, EAST_USER, "/api/v1/patrols/d-2.p1"); /* the finding lies in the west */
	assert_int_equal(json_array_size(json_object_get(j, "findings")), 0);
	j = ask(w, EAST_USER, "/api/v1/patrols/d-3.s1");
	assert_string_equal(text_of(json_object_get(j, "substitute"), "way"), "drone");
	assert_true(json_typeof(json_object_get(j, "valid")) == JANSSON_NULL);
	(void)ask(w, EAST_USER, "/api/v1/patrols/d-3.p1");
	assert_int_equal(w->status, 404);
	(void)ask(w, EAST_USER, "/api/v1/patrols/d-3");
	assert_int_equal(w->status, 404);
	check_plans(w);
}

static void test_pages_meet(void **state)
{
	static const int limits[] = {1, 2, 3, 7, 50};
	struct world *w = *state;
	struct buf whole = {0}, parts = {0};
	int64_t now = clock_wall_ms();
	int pages;

	for (int i = 0; i < 20; i++) { /* pairs at the same instant */
		char id[16];

		(void)snprintf(id, sizeof id, "k-%02d", i);
		add_case(w, id, "hazard", "fire", 2, i % 3 ? EAST : WEST, CASUS_ACCEPTED, now - i / 2 * 10, now - 1 - i / 2, NULL);
	}
	for (int list = 0; list < 3; list++) {
		static const char *const path[] = {"/api/v1/cases?@&", "/api/v1/cases?state=open&", "/api/v1/cases?overdue=1&"};
		char url[100];

		(void)snprintf(url, sizeof url, "%slimit=200", path[list]);
		buf_clear(&whole);
		all_pages(w, EAST_USER, url, "cases", &whole, &pages);
		assert_int_equal(pages, 1);
		assert_int_equal(whole.n, 13 * 5 - 1);
		for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
			buf_clear(&parts);
			(void)snprintf(url, sizeof url, "%slimit=%d", path[list], limits[i]);
			all_pages(w, EAST_USER, url, "cases", &parts, &pages);
			assert_string_equal(parts.p, whole.p);
			assert_int_equal(pages, (13 + limits[i] - 1) / limits[i]);
		}
	}
	buf_done(&whole);
	buf_done(&parts);
}

/* What a page may look at: a filter that one row passes, behind many. */
static void test_rows_looked_at(void **state)
{
	struct world *w = *state;
	struct buf out = {0};
	int pages;

	for (int n = BOOKS_LOOK - 2; n <= BOOKS_LOOK + 1; n++) {
		char sql[400];

		town_sql(&w->town, "DELETE FROM casus");
		add_case(w, "last", "hazard", "fire", 2, EAST, CASUS_ACCEPTED, clock_wall_ms() - 1000000, -1, NULL);
		(void)snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO "
			"casus(name, last, report, report_at, \"commit\", state, area) SELECT 'x' || i, 3, 3, %lld, 3, 2, '" WEST "' FROM n",
			n, (long long)clock_wall_ms());
		town_sql(&w->town, sql);
		buf_clear(&out);
		all_pages(w, EAST_USER, "/api/v1/cases?from=2020-01-01", "cases", &out, &pages);
		assert_string_equal(out.p, "last");
		assert_int_equal(pages, n + 1 < BOOKS_LOOK ? 1 : 2); /* at the bound the page cannot know that it was the end */
	}
	buf_done(&out);
}

/* A year of grids lies on top of three patrols of reaches: their list is whole, and so is its number. */
static void test_reaches_among_grids(void **state)
{
	struct world *w = *state;
	int64_t now = clock_wall_ms();
	char sql[400];

	add_patrol(w, "d-2", "r1", "p-2", "QSH-01", EAST, now - 9000, 0);
	add_patrol(w, "d-2", "r2", "p-2", "HG-01", WEST, now - 8000, 0);
	add_patrol(w, "d-2", "r3", "p-2", "QSH-01", EAST, now - 7000, 0);
	(void)snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO "
		"patrol(device, name, last, tracks, \"commit\", start_at, person, target, t_area) SELECT 'd-1', 'g' || i, 3, 0, 3, %lld, 'p-1', '" EAST "001', "
		"'" EAST "001' FROM n", BOOKS_LOOK + 5, (long long)now - 1000);
	town_sql(&w->town, sql);
	IDS(TOWN_USER, "/api/v1/patrols?@&reach=*&count=true", "patrols", "d-2.r3 d-2.r2 d-2.r1");
	assert_int_equal(json_integer_value(json_object_get(w->j, "total")), 3);
	assert_ptr_equal(json_object_get(w->j, "total_more"), json_false());
	assert_ptr_equal(json_object_get(w->j, "next"), json_null());
	IDS(TOWN_USER, "/api/v1/patrols?@&scope=QSH-01", "patrols", "d-2.r3 d-2.r1");
	IDS(EAST_USER, "/api/v1/patrols?@&reach=*", "patrols", "d-2.r3 d-2.r1");
	IDS(TOWN_USER, "/api/v1/patrols?@&reach=%E5%90%8E%E6%B2%9F", "patrols", "d-2.r2");
	check_plans(w);
}

static void test_held(void **state)
{
	struct world *w = *state;
	json_t *row;

	town_send(&w->town, "d-1", "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"inspect\",\"at\":1764035730000,\"person\":\"p-1\",\"scope\":\"" EAST "009\","
				   "\"body\":{\"topic\":\"gas_check\",\"result\":\"ok\"}}");
	town_send(&w->town, "d-4", "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"case.act\",\"at\":1764035730000,\"body\":{\"case\":\"c-none\",\"action\":\"urge\"}}");
	town_send(&w->town, "d-1", "{\"epoch\":\"e\",\"seq\":2,\"kind\":\"inspect\",\"at\":1764035730000,\"body\":{\"topic\":\"gas_check\",\"result\":\"ok\"}}");
	(void)town_commit(&w->town);
	IDS(TOWN_USER, "/api/v1/held", "held", "d-4/e/1 d-1/e/1");
	IDS(EAST_USER, "/api/v1/held", "held", "d-1/e/1");
	IDS(TOWN_USER, "/api/v1/held?code=unknown_place", "held", "d-1/e/1");
	IDS(TOWN_USER, "/api/v1/held?device=d-4", "held", "d-4/e/1");
	row = json_array_get(json_object_get(w->j, "held"), 0);
	assert_string_equal(text_of(row, "kind"), "case.act");
	assert_string_equal(text_of(row, "case"), "c-none");
	assert_string_equal(text_of(row, "person_name"), "石某");
	/* a case that waits in the east is seen there */
	add_case(w, "c-none", "hazard", "fire", 2, EAST, CASUS_ACCEPTED, 1764035730000, -1, NULL);
	IDS(EAST_USER, "/api/v1/held", "held", "d-4/e/1 d-1/e/1");
	/* and an act that is in force no longer */
	town_sql(&w->town, "INSERT INTO displaced SELECT \"commit\", (SELECT id FROM casus WHERE name = 'c-none'), 'illegal_transition', 'why', 3, 2 FROM event");
	IDS(EAST_USER, "/api/v1/held", "held", "d-4/e/1 d-1/e/1 d-1/e/2");
	row = json_array_get(json_object_get(w->j, "held"), 2);
	assert_true(json_typeof(json_object_get(row, "displaced")) == JANSSON_TRUE);
	assert_int_equal(json_integer_value(json_object_get(row, "commit")), 3);
	{
		struct buf out = {0};
		int pages;

		all_pages(w, EAST_USER, "/api/v1/held?limit=1", "held", &out, &pages);
		assert_string_equal(out.p, "d-4/e/1 d-1/e/1 d-1/e/2");
		assert_int_equal(pages, 3);
		buf_done(&out);
	}
	check_plans(w);
}

static void test_events(void **state)
{
	struct world *w = *state;
	struct buf out = {0};
	int pages;

	for (int i = 1; i <= 5; i++) {
		char text[300];

		(void)snprintf(text, sizeof text, "{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"%s\",\"at\":%lld,\"body\":%s}", i, i == 3 ? "status" : "inspect",
			(long long)DAY(i - 5), i == 3 ? "{\"battery\":50}" : "{\"topic\":\"gas_check\",\"result\":\"ok\"}");
		town_send(&w->town, i % 2 ? "d-1" : "d-4", text);
	}
	(void)town_commit(&w->town);
	IDS(TOWN_USER, "/api/v1/events", "events", "d-1/e/5 d-4/e/4 d-1/e/3 d-4/e/2 d-1/e/1");
	assert_string_equal(text_of(json_object_get(json_array_get(json_object_get(w->j, "events"), 0), "raw"), "kind"), "inspect");
	IDS(EAST_USER, "/api/v1/events?order=asc", "events", "d-1/e/1 d-1/e/3 d-1/e/5");
	IDS(EAST_USER, "/api/v1/events?kind=status", "events", "d-1/e/3");
	IDS(TOWN_USER, "/api/v1/events?person=p-4", "events", "d-4/e/4 d-4/e/2");
	IDS(TOWN_USER, "/api/v1/events?from=2025-11-22&to=2025-11-24", "events", "d-1/e/3 d-4/e/2");
	all_pages(w, TOWN_USER, "/api/v1/events?order=asc&limit=2", "events", &out, &pages);
	assert_string_equal(out.p, "d-1/e/1 d-4/e/2 d-1/e/3 d-4/e/4 d-1/e/5");
	assert_int_equal(pages, 3);
	buf_clear(&out);
	all_pages(w, TOWN_USER, "/api/v1/events?limit=2", "events", &out, &pages);
	assert_string_equal(out.p, "d-1/e/5 d-4/e/4 d-1/e/3 d-4/e/2 d-1/e/1");
	check_plans(w);
	buf_done(&out);
}

/* ------------------------------------------------------------------ alerts */

static void add_alert(struct world *w, const char *type, const char *subject, const char *scope, const char *area, int64_t at, const char *more)
{
	struct buf b = {0};
	char place[64] = "NULL, NULL";

	if (area)
		(void)snprintf(place, sizeof place, "'%s', '%s'", scope, area);
	buf_addf(&b, "INSERT INTO alert(id, type, subject, severity, title, scope, area, at, raised, late, active, told, \"commit\", rev) "
		"VALUES('%s:%s', '%s', '%s', 2, 't', %s, %lld, %lld, 0, 1, 'centre', 5, 2)", type, subject, type, subject, place, (long long)at, (long long)at + 5);
	town_sql(&w->town, b.p);
	buf_clear(&b);
	if (more) {
		buf_addf(&b, "UPDATE alert SET %s WHERE id = '%s:%s'", more, type, subject);
		town_sql(&w->town, b.p);
	}
	buf_done(&b);
}

static void test_alerts(void **state)
{
	struct world *w = *state;
	struct buf out = {0};
	json_t *row;
	int pages;

	add_alert(w, "hazard", "c-1", EAST "001", EAST "001", DAY(-1), "active = 0, cleared = 7, acked_by = 'p-3', acked_at = 6, casus = 'c-1'");
	add_alert(w, "hazard", "c-2", WEST, WEST, DAY(-1) + 1, NULL);
	add_alert(w, "sos", "d-1/e/1", "QSH-01", EAST, DAY(-2), "person = 'p-1', lat_e7 = 333912000, lon_e7 = 1049217000, late = 1");
	add_alert(w, "sos", "far", "990101200", "990101200", DAY(-1), NULL);
	add_alert(w, "storage_low", "disk", NULL, NULL, DAY(-1), NULL);
	add_alert(w, "seq_gap", "d-9", NULL, NULL, DAY(-1), "person = 'p-9'"); /* of somebody who is nowhere */
	IDS(TOWN_USER, "/api/v1/alerts", "alerts", "hazard:c-2 storage_low:disk hazard:c-1 sos:d-1/e/1");
	row = json_array_get(json_object_get(w->j, "alerts"), 2);
	assert_string_equal(text_of(row, "state"), "cleared");
	assert_string_equal(text_of(row, "cleared"), "1970-01-01T08:00:00.007+08:00");
	assert_string_equal(text_of(row, "acked_by"), "p-3");
	assert_true(*text_of(row, "acked_by_name") && *text_of(row, "scope_name"));
	row = json_array_get(json_object_get(w->j, "alerts"), 3);
	assert_string_equal(text_of(row, "person"), "p-1");
	assert_non_null(strstr(w->text, "\"late\":true,\"state\":\"active\",\"cleared\":null"));
	assert_int_equal(json_array_size(json_object_get(row, "loc")), 2);
	IDS(EAST_USER, "/api/v1/alerts", "alerts", "storage_low:disk hazard:c-1 sos:d-1/e/1");
	IDS(ALL_USER, "/api/v1/alerts", "alerts", "hazard:c-2 storage_low:disk sos:far seq_gap:d-9 hazard:c-1 sos:d-1/e/1");
	IDS(TOWN_USER, "/api/v1/alerts?scope=" WEST, "alerts", "hazard:c-2 storage_low:disk");
	IDS(TOWN_USER, "/api/v1/alerts?reach=QSH-01", "alerts", "sos:d-1/e/1");
	IDS(TOWN_USER, "/api/v1/alerts?from=2025-11-24&to=2025-11-25", "alerts", "hazard:c-2 storage_low:disk hazard:c-1"); /* TOWN_NOW - 1 d */
	for (int limit = 1; limit <= 3; limit++) {
		char path[64];

		(void)snprintf(path, sizeof path, "/api/v1/alerts?limit=%d", limit);
		buf_clear(&out);
		all_pages(w, ALL_USER, path, "alerts", &out, &pages);
		assert_string_equal(out.p, "hazard:c-2 storage_low:disk sos:far seq_gap:d-9 hazard:c-1 sos:d-1/e/1");
	}
	check_plans(w);
	buf_done(&out);
}

static void refused(struct world *w, int user, const char *path, int status, const char *code)
{
	json_t *j = ask(w, user, path);

	if (w->status != status || strcmp(text_of(j, "code"), code) != 0 || strcmp(w->type, "application/problem+json") != 0)
		fail_msg("%s: %d %s", path, w->status, w->text);
}

static void test_refusals(void **state)
{
	struct world *w = *state;
	char url[700], next[600];

	some_cases(w);
	refused(w, -1, "/api/v1/cases", 401, "signed_out");
	refused(w, EAST_USER, "/api/v1/cases?scope=" WEST, 403, "not_allowed");
	refused(w, EAST_USER, "/api/v1/cases?scope=990101100", 403, "not_allowed");
	refused(w, EAST_USER, "/api/v1/cases?scope=12345", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?limit=0", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?limit=201", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?limit=2x", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?severity=5", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?state=lost", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?overdue=perhaps", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?overdue=1&from=2026-01-01", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?from=2026-02-30", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?from=2026-02-02&to=2026-02-02", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?colour=red", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?class=a&class=b", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?class=%zz", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?class=%00", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?class=%ff", 400, "bad_parameter");
	refused(w, EAST_USER, "/api/v1/cases?cursor=AAAA", 400, "bad_cursor");
	refused(w, EAST_USER, "/api/v1/cases?cursor=%21", 400, "bad_cursor");
	(void)ask(w, TOWN_USER, "/api/v1/cases?@&limit=1");
	(void)snprintf(next, sizeof next, "%s", text_of(w->j, "next"));
	assert_true(next[0]);
	(void)snprintf(url, sizeof url, "/api/v1/patrols?cursor=%s", next); /* of another list */
	refused(w, TOWN_USER, url, 400, "bad_cursor");
	(void)snprintf(url, sizeof url, "/api/v1/cases?limit=1&cursor=%s", next);
	(void)ask(w, TOWN_USER, url);
	assert_int_equal(w->status, 200);
	town_sql(&w->town, "UPDATE meta SET value = 'ffffffffffffffffffffffffffffffff' WHERE key = 'db'"); /* restored */
	refused(w, TOWN_USER, url, 400, "bad_cursor");
	(void)ask(w, EAST_USER, "/api/v1/cases?from=2026-01-01T00:00:00+08:00"); /* + as browsers and people write it */
	assert_int_equal(w->status, 200);
	w->app.st = NULL;
	refused(w, EAST_USER, "/api/v1/cases", 503, "unavailable");
	w->app.st = w->reader;
}

static void test_etags(void **state)
{
	struct world *w = *state;
	char etag[64];

	some_cases(w);
	(void)ask(w, TOWN_USER, "/api/v1/cases?@");
	(void)snprintf(etag, sizeof etag, "%s", w->etag);
	assert_true(strlen(etag) > 20 && etag[0] == '"');
	(void)ask_with(w, TOWN_USER, "/api/v1/cases?@", etag);
	assert_int_equal(w->status, 304);
	(void)ask_with(w, EAST_USER, "/api/v1/cases?@", etag); /* other rows */
	assert_int_equal(w->status, 200);
	town_sql(&w->town, "UPDATE casus SET state = 7 WHERE name = 'c-2'");
	(void)ask_with(w, TOWN_USER, "/api/v1/cases?@", etag);
	assert_int_equal(w->status, 200);
}

/* ------------------------------------------------------------------ duties */

static void add_duty(struct world *w, const char *person, const char *rule, const char *target, const char *level, const char *area, int state, int64_t overdue)
{
	struct buf b = {0};
	char since[32] = "NULL";

	if (overdue)
		(void)snprintf(since, sizeof since, "%lld", (long long)overdue);
	buf_addf(&b, "INSERT INTO duty_state(person, rule, target, level, role, area, first, last, need, done, unit, state, overdue, next, rev, gone) "
		"VALUES('%s', '%s', '%s', '%s', 'chief', '%s', 20000, 20030, 2, 1, 'times', %d, %s, NULL, 2, 0)", person, rule, target, level, area, state, since);
	town_sql(&w->town, b.p);
	buf_done(&b);
}

/* person/rule/target of a list's rows. */
static const char *duties(struct world *w, int user, const char *path, const char *list, char out[4096])
{
	json_t *rows = json_object_get(ask(w, user, path), list), *row;
	size_t i, n = 0;

	if (w->status != 200)
		fail_msg("%s: %d %s", path, w->status, w->text);
	out[0] = '\0';
	json_array_foreach(rows, i, row)
		n += (size_t)snprintf(out + n, 4096 - n, "%s%s/%s/%s", i ? " " : "", text_of(row, "person"), text_of(row, "rule"), text_of(row, "target"));
	return out;
}
#define DUTIES(user, path, list, want) assert_string_equal(duties(w, user, path, list, (char[4096]){""}), want)

static void test_duties(void **state)
{
	struct world *w = *state;
	int64_t now = clock_wall_ms(), today = civil_day_ms(civil_day(now));
	json_t *row;

	add_duty(w, "p-2", "dinghu", "QSH-01", "community", EAST, 1, 0);
	add_duty(w, "p-2", "dinghu", "QSH-02", "community", EAST, 4, today - 4 * CIVIL_DAY_MS);
	add_duty(w, "p-3", "dinghu", "HG-01", "town", WEST, 4, today - 9 * CIVIL_DAY_MS);
	add_duty(w, "p-3", "weekly", "", "town", "990101100", 5, 0);
	add_duty(w, "p-4", "weekly", "", "grid", WEST "001", 3, today);
	add_duty(w, "p-4", "gone", "", "grid", WEST "001", 4, today);
	town_sql(&w->town, "UPDATE duty_state SET gone = 1 WHERE rule = 'gone'");
	town_sql(&w->town, "INSERT INTO exemption VALUES('p-3', 'weekly', '', -2147483648, NULL, '病假', 2, NULL)");
	DUTIES(TOWN_USER, "/api/v1/duty", "duty", "p-2/dinghu/QSH-01 p-2/dinghu/QSH-02 p-3/dinghu/HG-01 p-3/weekly/ p-4/weekly/");
	row = json_array_get(json_object_get(w->j, "duty"), 3);
	assert_string_equal(text_of(row, "state"), "exempt");
	assert_string_equal(text_of(row, "reason"), "病假");
	assert_string_equal(text_of(row, "person_name"), "赵某");
	DUTIES(EAST_USER, "/api/v1/duty", "duty", "p-2/dinghu/QSH-01 p-2/dinghu/QSH-02");
	DUTIES(TOWN_USER, "/api/v1/duty?person=p-3", "duty", "p-3/dinghu/HG-01 p-3/weekly/");
	DUTIES(TOWN_USER, "/api/v1/duty?person=p-3&limit=1", "duty", "p-3/dinghu/HG-01");
	DUTIES(TOWN_USER, "/api/v1/duty?person=p", "duty", "");
	DUTIES(TOWN_USER, "/api/v1/duty?state=overdue", "duty", "p-2/dinghu/QSH-02 p-3/dinghu/HG-01");
	DUTIES(TOWN_USER, "/api/v1/duty?rule=weekly&level=grid", "duty", "p-4/weekly/");
	DUTIES(TOWN_USER, "/api/v1/duty?scope=HG-01", "duty", "p-3/dinghu/HG-01");
	/* longest first, whatever the state of the current period */
	DUTIES(TOWN_USER, "/api/v1/overdue", "overdue", "p-3/dinghu/HG-01 p-2/dinghu/QSH-02 p-4/weekly/");
	row = json_array_get(json_object_get(w->j, "overdue"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "days")), 10);
	row = json_array_get(json_object_get(w->j, "overdue"), 2);
	assert_int_equal(json_integer_value(json_object_get(row, "days")), 1); /* its day was yesterday */
	DUTIES(EAST_USER, "/api/v1/overdue", "overdue", "p-2/dinghu/QSH-02");
	DUTIES(TOWN_USER, "/api/v1/overdue?person=p-4", "overdue", "p-4/weekly/");
	check_plans(w);
}

static void test_duty_pages(void **state)
{
	static const char *const lists[] = {"duty", "overdue"};
	struct world *w = *state;
	int64_t now = clock_wall_ms();

	for (int i = 0; i < 11; i++) {
		char target[16];

		(void)snprintf(target, sizeof target, "R-%02d", i % 6);
		add_duty(w, i < 6 ? "p-2" : "p-3", "dinghu", target, "community", EAST, 4, now - i / 2 * 1000 - 1000);
	}
	for (int l = 0; l < 2; l++)
		for (int limit = 1; limit <= 12; limit += 5) {
			char url[600], whole[4096], next[500] = "";
			struct buf parts = {0};
			int pages = 0;

			(void)snprintf(url, sizeof url, "/api/v1/%s?limit=200", lists[l]);
			(void)duties(w, EAST_USER, url, lists[l], whole);
			do {
				char one[4096];

				(void)snprintf(url, sizeof url, "/api/v1/%s?limit=%d%s%s", lists[l], limit, next[0] ? "&cursor=" : "", next);
				buf_addf(&parts, "%s%s", parts.n ? " " : "", duties(w, EAST_USER, url, lists[l], one));
				(void)snprintf(next, sizeof next, "%s", text_of(w->j, "next"));
			} while (next[0] && ++pages < 50);
			assert_string_equal(parts.p, whole);
			assert_int_equal(pages, (11 - 1) / limit);
			buf_done(&parts);
		}
}

/* ------------------------------------------------------------------ figures */

static unsigned draw(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16;
}

static void keep_sum(void *ctx, const struct books_tally *t)
{
	*(int64_t *)ctx += t->n;
}

/* Any period adds up to what its days say. */
static void test_sums(void **state)
{
	static const char *const area[] = {EAST, EAST "001", WEST, "990101100", ""};
	struct world *w = *state;
	unsigned seed = (unsigned)clock_wall_ms();
	int32_t base = civil_make(2022, 11, 20), days = 800;
	int64_t *n = calloc((size_t)days, sizeof *n);

	print_message("seed %u\n", seed);
	assert_int_equal(store_begin(w->town.st), OK);
	{
		struct tallies t = {.st = w->town.st};

		for (int i = 0; i < 3000; i++) {
			unsigned d = draw(&seed) % (unsigned)days, a = draw(&seed) % 5;

			tally_add(&t, "patrols", "grid", "river", area[a], base + (int32_t)d, 1);
			tally_add(&t, "aid", "", "", area[a], base + (int32_t)d, 1);
			n[d] += a < 2; /* in the east */
		}
		assert_int_equal(tallies_flush(&t, 3), OK);
		tallies_clear(&t);
	}
	assert_int_equal(store_commit(w->town.st, TOWN_NOW, NULL), OK);
	for (int i = 0; i < 300; i++) {
		int32_t a = (int32_t)(draw(&seed) % (unsigned)days), b = (int32_t)(draw(&seed) % (unsigned)days);
		int64_t want = 0, got = 0;

		if (i % 3 == 0)
			a = civil_month_first(base + a) > base ? civil_month_first(base + a) - base : 0;
		if (i % 4 == 0)
			b = civil_year_first(base + b) > base ? civil_year_first(base + b) - base : b;
		for (int32_t d = a; d < b; d++)
			want += 2 * n[d];
		assert_int_equal(books_sums(w->reader, EAST, NULL, base + a, base + b, NULL, keep_sum, &got), OK);
		if (got != want)
			fail_msg("%d..%d: %lld, not %lld", civil_yyyymmdd(base + a), civil_yyyymmdd(base + b), (long long)got, (long long)want);
	}
	{
		struct books_series s = {.scope = EAST, .line = {{.figure = "patrols"}}, .lines = 1, .first = base, .days = BOOKS_SERIES_DAYS};
		int64_t v[BOOKS_SERIES_DAYS];

		assert_int_equal(books_series(w->reader, &s, v), OK);
		assert_memory_equal(v, n, sizeof v);
		s.line[0].category = "road";
		assert_int_equal(books_series(w->reader, &s, v), OK);
		assert_int_equal(v[0], 0);
	}
	check_plans(w);
	free(n);
}

static int64_t figure(struct world *w, const char *id, const char *level, const char *category)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(w->j, "figures"), i, row)
		if (!strcmp(text_of(row, "id"), id) && !strcmp(text_of(row, "level"), level) && !strcmp(text_of(row, "category"), category))
			return json_integer_value(json_object_get(row, "value"));
	return -1;
}

static void test_figures(void **state)
{
	struct world *w = *state;
	json_t *row;

	town_sql(&w->town, "INSERT INTO tally(figure, level, category, area, span, n, \"commit\") VALUES"
		"('patrols','grid','river','" EAST "',20230115,5,3),('patrols','town','road','" WEST "',20230120,7,3),"
		"('river_patrols','town','','" EAST "',20230115,2,3),('river_patrols','community','','" EAST "',20230116,3,3),"
		"('hazards_found','','fire','" EAST "',20230116,4,3),('events','','sos','" EAST "',20230116,9,3)");
	(void)ask(w, TOWN_USER, "/api/v1/figures?from=2023-01-15&to=2023-01-21");
	assert_int_equal(w->status, 200);
	assert_int_equal(figure(w, "patrols", "", ""), 12);
	assert_int_equal(figure(w, "patrols", "", "road"), 7);
	assert_int_equal(figure(w, "river_patrols", "", ""), 5);
	assert_int_equal(figure(w, "river_patrols", "community", ""), 3);
	assert_int_equal(figure(w, "hazards_found", "", "fire"), 4);
	assert_string_equal(text_of(json_array_get(json_object_get(w->j, "figures"), 0), "name"), "巡河次数");
	assert_int_equal(figure(w, "hazards_found", "", "gas"), 0); /* it is in the catalogue */
	assert_int_equal(figure(w, "events", "", ""), -1);
	(void)ask(w, TOWN_USER, "/api/v1/figures?from=2023-01-15&to=2023-01-20"); /* `to` is exclusive */
	assert_int_equal(figure(w, "patrols", "", ""), 5);
	(void)ask(w, EAST_USER, "/api/v1/figures?from=2023-01-15&to=2023-01-21");
	assert_int_equal(figure(w, "patrols", "", ""), 5);
	(void)ask(w, TOWN_USER, "/api/v1/figures?from=2023-01-15&to=2023-01-21&scope=" WEST);
	assert_int_equal(figure(w, "patrols", "", ""), 7);
	(void)ask(w, TOWN_USER, "/api/v1/figures?from=2023-01-15T12:00:00Z");
	assert_int_equal(w->status, 400);
	(void)ask(w, TOWN_USER, "/api/v1/figures?scope=QSH-01"); /* counted of its records */
	assert_int_equal(w->status, 200);
	assert_int_equal(figure(w, "hazards_found", "", "fire"), 0);
	assert_int_equal(figure(w, "visits", "", ""), -1); /* no reach has any */
	refused(w, TOWN_USER, "/api/v1/figures?scope=QSH-01&figure=visits", 400, "bad_parameter");
	(void)ask(w, TOWN_USER, "/api/v1/figures?from=2023-01-15&to=2023-01-21&figure=hazard_rate&lang=en");
	row = json_array_get(json_object_get(w->j, "figures"), 0);
	assert_string_equal(text_of(row, "name"), "Hazard rectification rate");
	assert_string_equal(text_of(row, "display"), "0.0%");
	assert_int_equal(json_integer_value(json_object_get(row, "denominator")), 4);
	row = json_array_get(json_object_get(w->j, "figures"), 1);
	assert_string_equal(text_of(row, "category"), "campus");
	assert_ptr_equal(json_object_get(row, "value"), json_null());
	assert_string_equal(text_of(row, "display"), "—");
	(void)ask(w, TOWN_USER, "/api/v1/figures?figure=hazard");
	assert_int_equal(w->status, 400);
	refused(w, TOWN_USER, "/api/v1/figures?period=2999", 400, "bad_parameter");
	(void)ask(w, TOWN_USER, "/api/v1/figures");
	assert_true(json_equal(json_object_get(w->j, "commit"), json_object_get(w->j, "as_of")));
	(void)ask(w, TOWN_USER, "/api/v1/figures?lang=fr");
	assert_int_equal(w->status, 400);
	(void)ask(w, TOWN_USER, "/api/v1/series");
	assert_int_equal(w->status, 400);
	(void)ask(w, TOWN_USER, "/api/v1/series?figure=patrols&days=401");
	assert_int_equal(w->status, 400);
	(void)ask(w, TOWN_USER, "/api/v1/series?figure=patrols&days=400");
	assert_int_equal(json_array_size(json_object_get(w->j, "days")), 400);
}

/* ------------------------------------------------------------------ maps */

static json_t *feature(struct world *w, const char *id)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(w->j, "features"), i, row)
		if (!strcmp(text_of(row, "id"), id))
			return json_object_get(row, "properties");
	return NULL;
}

static void test_maps(void **state)
{
	struct world *w = *state;
	char etag[64];

	some_cases(w);
	add_patrol(w, "d-2", "p1", "p-2", "QSH-01", EAST, clock_wall_ms(), 0);
	town_sql(&w->town, "INSERT INTO shape VALUES('990101100','{\"type\":\"Point\",\"coordinates\":[1,2]}',2,NULL),"
		"('" EAST "','{\"type\":\"Point\",\"coordinates\":[1,2]}',2,NULL),('" WEST "','{\"type\":\"Point\",\"coordinates\":[3,4]}',2,NULL),"
		"('QSH-01','{\"type\":\"Point\",\"coordinates\":[5,6]}',2,NULL),('HG-01','{\"type\":\"Point\",\"coordinates\":[5,6]}',2,NULL)");
	town_sql(&w->town, "UPDATE casus SET scope = 'QSH-01' WHERE name = 'c-1'");
	town_sql(&w->town, "INSERT INTO device_state(device, online, seen, missing, holes, lat_e7, lon_e7, rev) VALUES('d-1',1,5,0,0,-333912000,1049217005,2),"
		"('d-4',0,5,0,0,0,0,2),('d-3',0,5,0,0,NULL,NULL,2)");
	(void)ask(w, TOWN_USER, "/api/v1/areas.geojson");
	assert_int_equal(w->status, 200);
	assert_string_equal(w->type, "application/geo+json");
	assert_int_equal(json_array_size(json_object_get(w->j, "features")), 3);
	assert_int_equal(json_integer_value(json_object_get(feature(w, "990101100"), "open_cases")), 4);
	assert_int_equal(json_integer_value(json_object_get(feature(w, EAST), "open_cases")), 2);
	(void)snprintf(etag, sizeof etag, "%s", w->etag);
	(void)ask_with(w, TOWN_USER, "/api/v1/areas.geojson", etag);
	assert_int_equal(w->status, 304);
	(void)ask(w, EAST_USER, "/api/v1/areas.geojson");
	assert_int_equal(json_array_size(json_object_get(w->j, "features")), 1);
	(void)ask(w, EAST_USER, "/api/v1/reaches.geojson");
	assert_int_equal(json_array_size(json_object_get(w->j, "features")), 1);
	assert_int_equal(json_integer_value(json_object_get(feature(w, "QSH-01"), "open_cases")), 1);
	(void)ask(w, EAST_USER, "/api/v1/cases.geojson");
	assert_string_equal(text_of(feature(w, "c-1"), "state"), "in_progress");
	(void)ask(w, TOWN_USER, "/api/v1/devices.geojson");
	assert_int_equal(json_array_size(json_object_get(w->j, "features")), 2);
	assert_non_null(strstr(w->text, "[104.9217005,-33.3912]"));
	(void)ask(w, EAST_USER, "/api/v1/devices.geojson");
	assert_int_equal(json_array_size(json_object_get(w->j, "features")), 1);
	(void)ask(w, EAST_USER, "/api/v1/catalogue");
	assert_true(json_array_size(json_object_get(w->j, "categories")) > 50);
	check_plans(w);
}

/* At the bound of features the rest is counted. */
static void test_features_cut(void **state)
{
	struct world *w = *state;

	town_sql(&w->town, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001) INSERT INTO casus(name, last, report, "
		"report_at, \"commit\", state, area, lat_e7, lon_e7) SELECT 'x' || i, 3, 3, 5, 3, 2, '" EAST "', 1, 1 FROM n");
	(void)ask(w, EAST_USER, "/api/v1/cases.geojson");
	assert_int_equal(json_array_size(json_object_get(w->j, "features")), READ_FEATURES_MAX);
	assert_int_equal(json_integer_value(json_object_get(w->j, "cut")), 1);
	town_sql(&w->town, "DELETE FROM casus WHERE name = 'x1'");
	(void)ask(w, EAST_USER, "/api/v1/cases.geojson");
	assert_int_equal(json_integer_value(json_object_get(w->j, "cut")), 0);
}

/* Three points on a line, a jump, an inaccurate one, one repeated, a gap, one alone; late ones first. */
static void test_track(void **state)
{
	static const char *const events[] = {
		"{\"epoch\":\"e\",\"seq\":4,\"kind\":\"patrol.track\",\"at\":1764035000000,\"body\":{\"patrol\":\"p9\",\"pts\":[[1700000,33.3,104.9,5]]}}",
		"{\"epoch\":\"e\",\"seq\":1,\"kind\":\"patrol.start\",\"at\":1764035000000,\"body\":{\"patrol\":\"p9\",\"route\":\"river\",\"target\":\"QSH-01\"}}",
		("{\"epoch\":\"e\",\"seq\":2,\"kind\":\"patrol.track\",\"at\":1764035000000,\"body\":{\"patrol\":\"p9\",\"pts\":[[0,33.3,104.9,5],[10000,33.3005,104.9,5],"
		 "[15000,34.3,104.9,5],[16000,33.3006,104.9,101],[20000,33.301,104.9,5]]}}"),
		"{\"epoch\":\"e\",\"seq\":3,\"kind\":\"patrol.track\",\"at\":1764035020000,\"body\":{\"patrol\":\"p9\",\"pts\":[[0,33.301,104.9,5]]}}",
	};
	struct world *w = *state;
	json_t *lines, *dropped;
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		town_send(&w->town, "d-2", events[i]);
	(void)town_commit(&w->town);
	(void)ask(w, EAST_USER, "/api/v1/patrols/d-2.p9/track.geojson");
	assert_int_equal(w->status, 200);
	lines = json_object_get(json_array_get(json_object_get(w->j, "features"), 0), "geometry");
	text = json_dumps(json_object_get(lines, "coordinates"), JSON_COMPACT | JSON_REAL_PRECISION(9));
	assert_string_equal(text, "[[[104.9,33.3],[104.9,33.3005],[104.9,33.301]]]");
	free(text);
	text = json_dumps(json_object_get(feature(w, "lines"), "ms"), JSON_COMPACT);
	assert_string_equal(text, "[[0,10000,20000]]");
	free(text);
	text = json_dumps(json_object_get(feature(w, "alone"), "ms"), JSON_COMPACT);
	assert_string_equal(text, "[1700000]");
	free(text);
	dropped = feature(w, "dropped");
	text = json_dumps(json_object_get(dropped, "why"), JSON_COMPACT);
	assert_string_equal(text, "[\"jump\",\"accuracy\"]");
	free(text);
	/* without a right, or without a track */
	town_sql(&w->town, "UPDATE patrol SET t_area = '" WEST "'");
	(void)ask(w, EAST_USER, "/api/v1/patrols/d-2.p9/track.geojson");
	assert_int_equal(w->status, 404);
	add_patrol(w, "d-3", "empty", "p-3", "QSH-01", EAST, clock_wall_ms(), 0);
	(void)ask(w, EAST_USER, "/api/v1/patrols/d-3.empty/track.geojson");
	assert_int_equal(w->status, 200);
	check_plans(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_case_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_this_month, setup, teardown),
		cmocka_unit_test_setup_teardown(test_case_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patrol_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages_meet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reaches_among_grids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alerts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_etags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_duties, setup, teardown),
		cmocka_unit_test_setup_teardown(test_duty_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_figures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_maps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_features_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_track, setup, teardown),
	};

	return cmocka_run_group_tests_name("books", tests, NULL, NULL);
}
