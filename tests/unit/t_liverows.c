/* t_liverows - alerts, open cases, what is overdue and due, in the live view: each to those who may see it, at once,
 * also to who was away; never more rows than the bound. */
#include "tests/unit/liveworld.h"

enum { REPORTED = 1, DISPATCHED = 3, CLOSED = 6, STATES = 10 }; /* enum casus_state, whose header and jansson do not meet */

enum { FIGURES, AREAS, DEVICES, ALERTS, CASES, OVERDUE };

#define EAST "990101100001"
#define WEST "990101100002"

/* One batch of ingest's; taken: how many commit numbers it takes. */
static void batch(struct world *w, int taken, const char *sql)
{
	char text[2048];
	int64_t commit = 0;

	if (intake_waiting(w->town.in)) {
		struct head head;

		assert_int_equal(intake_commit(w->town.in, w->now, &head), OK);
	}
	assert_int_equal(store_begin(w->town.st), OK);
	while (taken--)
		commit = store_take_commit(w->town.st);
	/* $c the commit, $r the rev */
	size_t n = 0;
	for (const char *p = sql; *p; p++) {
		if (p[0] == '$')
			n += (size_t)snprintf(text + n, sizeof text - n, "%lld",
				(long long)(*++p == 'c' ? commit : store_rev(w->town.st)));
		else
			text[n++] = *p;
		assert_true(n < sizeof text - 32);
	}
	text[n] = '\0';
	town_sql(&w->town, text);
	assert_int_equal(store_commit(w->town.st, w->now, NULL), OK);
	refresh(w);
}

static void alert_row(struct world *w, const char *id, const char *area, int severity, bool active)
{
	char sql[1024];

	(void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO alert(id, type, subject, severity, casus, person, title, scope, area, lat_e7, lon_e7, "
		"at, raised, late, active, told, \"commit\", rev) VALUES('hazard:%s', 'hazard', '%s', %d, %s, NULL, '桥栏杆松动', %s%s%s, %s%s%s, "
		"333912000, 1049217000, %lld, %lld, 0, %d, 'centre', 1, $r)", id, id, severity, *area ? "'c-1'" : "NULL",
		*area ? "'" : "", *area ? area : "NULL", *area ? "'" : "", *area ? "'" : "", *area ? area : "NULL", *area ? "'" : "",
		(long long)w->now, (long long)w->now, active);
	batch(w, 0, sql);
}

static void case_row(struct world *w, const char *name, const char *area, int state)
{
	char sql[1024];

	(void)snprintf(sql, sizeof sql, "INSERT INTO casus(name, last, \"commit\") VALUES('%s', 0, $c) ON CONFLICT DO NOTHING; "
		"UPDATE casus SET \"commit\" = $c, class = 'hazard', category = 'fire', severity = 2, title = '线路老化', scope = '%s', "
		"area = '%s', state = %d, level = 'community', holder = 'p-4', version = 3, due = %lld, report_at = %lld WHERE name = '%s'",
		name, area, area, state, (long long)w->now + 1000, (long long)w->now, name);
	batch(w, 1, sql);
}

/* A duty of a community chief that ends `days` from today. */
static void duty_row(struct world *w, const char *person, const char *target, const char *area, int days, int need, bool overdue, bool gone)
{
	char sql[1024];
	int32_t last = civil_day(w->now) + days;
	char since[24] = "NULL";

	if (overdue)
		(void)snprintf(since, sizeof since, "%lld", (long long)civil_day_ms(civil_day(w->now) - 2));
	(void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO duty_state(person, rule, target, level, role, area, first, last, need, done, unit, state, overdue, rev, gone) "
		"VALUES('%s', 'weekly', '%s', 'community', 'chief', '%s', %d, %d, %d, 0, 'times', %d, %s, $r, %d)",
		person, target, area, last - 6, last, need, overdue ? 4 : 1, since, gone);
	batch(w, 0, sql);
}

static const char *text(const struct client *c, int member, const char *key, const char *field)
{
	const char *s = json_string_value(json_object_get(json_object_get(c->rows[member], key), field));

	return s ? s : "";
}

static void test_alert(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1], *west = &w->client[2];
	char ta[4096], tb[4096];
	int64_t before;

	join(w, a, "990101100");
	join(w, b, EAST);
	join(w, west, WEST);
	drain(w, a);
	drain(w, b);
	drain(w, west);
	before = a->commit;
	w->mono += 10;
	alert_row(w, "c-1", EAST, 1, true);
	assert_non_null(last_text(w, a, ta)); /* at once, without waiting for more */
	assert_non_null(strstr(ta, "\"alerts\":[{\"id\":\"hazard:c-1\",\"type\":\"hazard\",\"severity\":1,\"case\":\"c-1\",\"title\":\"桥栏杆松动\","
				   "\"scope\":\"" EAST "\",\"place\":\"东街\",\"loc\":[104.9217000,33.3912000],"));
	assert_non_null(strstr(ta, "\"state\":\"active\",\"acked_by\":null,\"acked_name\":null,\"acked_at\":null,\"late\":false,\"told\":\"centre\""));
	assert_int_equal(a->commit, before); /* it takes none */
	assert_non_null(last_text(w, b, tb));
	assert_string_equal(strstr(ta, "\"alerts\""), strstr(tb, "\"alerts\""));
	assert_null(last_text(w, west, tb));
	/* somebody knows: both see it */
	w->mono += 10;
	batch(w, 0, "UPDATE alert SET acked_by = 'p-3', acked_at = 77, rev = $r");
	assert_non_null(last_text(w, a, ta));
	assert_non_null(strstr(ta, "\"acked_by\":\"p-3\",\"acked_name\":\"赵某\",\"acked_at\":77,"));
	assert_non_null(last_text(w, b, tb));
	assert_string_equal(strstr(ta, "\"alerts\""), strstr(tb, "\"alerts\""));
	/* over: it leaves the list */
	w->mono += 10;
	alert_row(w, "c-1", EAST, 1, false);
	assert_non_null(last_text(w, a, ta));
	assert_non_null(strstr(ta, "\"alerts\":[{\"id\":\"hazard:c-1\",\"gone\":true}]}"));
	/* of the platform: everybody sees it */
	w->mono += 10;
	alert_row(w, "disk", "", 2, true);
	drain(w, west);
	assert_int_equal(json_object_size(west->rows[ALERTS]), 1);
	assert_null(json_object_get(json_object_get(west->rows[ALERTS], "hazard:disk"), "nothing"));
	assert_true(json_is_null(json_object_get(json_object_get(west->rows[ALERTS], "hazard:disk"), "scope")));
}

static void test_cases(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *west = &w->client[1];
	char etag[24];

	join(w, a, "*");
	join(w, west, WEST);
	drain(w, a);
	drain(w, west);
	assert_int_equal(number(a, AREAS, EAST, "open_cases"), 0);
	case_row(w, "k-1", EAST "001", REPORTED);
	case_row(w, "k-2", EAST, DISPATCHED);
	case_row(w, "k-3", WEST "001", CLOSED);
	later(w, 200);
	drain(w, a);
	drain(w, west);
	assert_int_equal(json_object_size(a->rows[CASES]), 2);
	assert_int_equal(json_object_size(west->rows[CASES]), 0);
	assert_string_equal(text(a, CASES, "k-2", "state"), "dispatched");
	assert_string_equal(text(a, CASES, "k-2", "category_name"), "消防安全");
	assert_string_equal(text(a, CASES, "k-2", "holder_name"), "石某");
	(void)snprintf(etag, sizeof etag, "%lld", (long long)w->model.head.commit - 1);
	assert_string_equal(text(a, CASES, "k-2", "etag"), etag);
	assert_int_equal(number(a, AREAS, EAST, "open_cases"), 2);
	assert_int_equal(number(a, AREAS, EAST "001", "open_cases"), 1);
	assert_int_equal(number(a, AREAS, "990101100", "open_cases"), 2);
	case_row(w, "k-1", EAST "001", CLOSED);
	case_row(w, "k-2", WEST, REPORTED); /* it moved */
	later(w, 200);
	drain(w, a);
	drain(w, west);
	assert_int_equal(json_object_size(a->rows[CASES]), 1);
	assert_int_equal(json_object_size(west->rows[CASES]), 1);
	assert_int_equal(number(a, AREAS, EAST, "open_cases"), 0);
	assert_int_equal(number(west, AREAS, WEST, "open_cases"), 1);
	assert_int_equal(a->snapshots + west->snapshots, 2);
}

static void test_duties(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];

	join(w, a, "990101100");
	drain(w, a);
	assert_true(json_is_null(json_object_get(json_object_get(a->rows[AREAS], EAST), "due_today")));
	duty_row(w, "p-2", "QSH-01", EAST, 0, 2, false, false);
	duty_row(w, "p-3", "QSH-01", EAST, 1, 5, false, false); /* ends tomorrow */
	later(w, 200);
	drain(w, a);
	assert_int_equal(number(a, AREAS, EAST, "due_today"), 2);
	assert_int_equal(number(a, AREAS, "990101100", "due_today"), 2);
	assert_int_equal(number(a, FIGURES, "river_patrols/community/", "due_today"), 2);
	assert_int_equal(number(a, FIGURES, "patrols/community/", "due_today"), 2);
	assert_int_equal(json_object_size(a->rows[OVERDUE]), 0);
	duty_row(w, "p-2", "QSH-01", EAST, 0, 3, true, false);
	later(w, 200);
	drain(w, a);
	assert_int_equal(number(a, AREAS, EAST, "due_today"), 3);
	assert_string_equal(text(a, OVERDUE, "p-2/weekly/QSH-01", "name"), "李某");
	assert_string_equal(text(a, OVERDUE, "p-2/weekly/QSH-01", "place"), "清水河上段");
	assert_int_equal(number(a, OVERDUE, "p-2/weekly/QSH-01", "days"), 3);
	/* midnight: other duties end today, and it is a day more */
	w->now += CIVIL_DAY_MS;
	w->mono += 1000;
	refresh(w);
	later(w, 200);
	drain(w, a);
	assert_int_equal(number(a, AREAS, EAST, "due_today"), 5);
	assert_int_equal(number(a, OVERDUE, "p-2/weekly/QSH-01", "days"), 4);
	join(w, b, "990101100");
	drain(w, b);
	for (int k = 0; k < MEMBERS; k++)
		assert_true(json_equal(a->rows[k], b->rows[k]));
	duty_row(w, "p-2", "QSH-01", EAST, 7, 3, false, false);
	duty_row(w, "p-3", "QSH-01", EAST, 0, 5, false, true); /* owed no longer */
	later(w, 200);
	drain(w, a);
	assert_int_equal(json_object_size(a->rows[OVERDUE]), 0);
	assert_int_equal(number(a, AREAS, EAST, "due_today"), 0);
	assert_int_equal(number(a, FIGURES, "river_patrols/community/", "due_today"), 0);
}

/* Changes that took no commit number reach who was away as well. */
static void test_away(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *fresh = &w->client[1];
	int64_t since;

	join(w, a, "990101100");
	alert_row(w, "old", EAST, 2, true);
	case_row(w, "k-1", EAST, REPORTED);
	case_row(w, "k-2", EAST, REPORTED);
	duty_row(w, "p-2", "QSH-01", EAST, 0, 2, true, false);
	duty_row(w, "p-3", "HG-01", WEST, 0, 1, true, false);
	later(w, 200);
	drain(w, a);
	since = a->commit;
	alert_row(w, "seen", EAST, 2, true); /* the batch after since's, and it takes no number */
	later(w, 200);
	view_leave(&a->vc);
	alert_row(w, "old", EAST, 2, false);
	alert_row(w, "new", WEST, 3, true);
	duty_row(w, "p-2", "QSH-01", EAST, 3, 2, false, false);
	assert_int_equal(w->model.head.commit, since);
	case_row(w, "k-1", EAST, CLOSED);
	later(w, 200);
	join_since(w, a, "990101100", w->model.head.db, since);
	drain(w, a);
	assert_int_equal(a->snapshots, 1);
	assert_int_equal(w->views.resumes, 1);
	join(w, fresh, "990101100");
	drain(w, fresh);
	for (int k = 0; k < MEMBERS; k++)
		assert_true(json_equal(a->rows[k], fresh->rows[k]));
	assert_int_equal(json_object_size(a->rows[ALERTS]), 2);
	assert_int_equal(json_object_size(a->rows[CASES]), 1);
	assert_int_equal(json_object_size(a->rows[OVERDUE]), 1);
	/* a case that moved: who was away starts anew */
	since = a->commit;
	view_leave(&a->vc);
	case_row(w, "k-2", WEST, REPORTED);
	later(w, 200);
	join_since(w, a, "990101100", w->model.head.db, since);
	drain(w, a);
	assert_int_equal(a->snapshots, 2);
}

static void many_alerts(struct world *w, int n)
{
	char sql[1024];

	(void)snprintf(sql, sizeof sql, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d) "
		"INSERT INTO alert(id, type, subject, severity, title, scope, area, at, raised, late, active, told, \"commit\", rev, person) "
		"SELECT 'hazard:m' || n, 'hazard', 'm' || n, 4, 't', '" EAST "', '" EAST "', n, n, 0, 1, 'centre', 1, $r, 'p-1' FROM i", n);
	batch(w, 0, sql);
}

static int64_t cut_of(struct world *w, struct client *c)
{
	int64_t cut = -1;

	for (json_t *m; (m = next(w, c)); json_decref(m))
		if (json_object_get(m, "alerts_cut") || strcmp(json_string_value(json_object_get(m, "op")), "snapshot") == 0)
			cut = json_integer_value(json_object_get(m, "alerts_cut"));
	return cut;
}

/* A case that left while nobody of its old place looked: closed there, or at a server that started since. */
static void test_moved(void **state)
{
	struct world *w = *state;
	struct client *c = &w->client[0];

	for (int restarted = 0; restarted < 2; restarted++) {
		int64_t since;

		case_row(w, restarted ? "m-2" : "m-1", EAST, REPORTED);
		join(w, c, EAST);
		drain(w, c);
		assert_int_equal(json_object_size(c->rows[CASES]), 1);
		since = c->commit;
		view_leave(&c->vc);
		case_row(w, restarted ? "m-2" : "m-1", WEST, restarted ? REPORTED : CLOSED);
		if (restarted) {
			struct model_observer tell = views_observer(&w->views);

			views_done(&w->views);
			model_done(&w->model);
			model_init(&w->model, &tell);
			views_init(&w->views, &w->model, wake, NULL);
			w->model.st = w->reader;
			refresh(w);
		}
		join_since(w, c, EAST, w->model.head.db, since);
		drain(w, c);
		assert_int_equal(json_object_size(c->rows[CASES]), 0);
		view_leave(&c->vc);
	}
}

/* One below, at, and above the bound: the gravest are shown, and how many are not. */
static void test_bound(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];

	join(w, a, EAST);
	drain(w, a);
	many_alerts(w, VIEW_ALERTS - 1);
	later(w, 200);
	assert_int_equal(cut_of(w, a), -1);
	assert_int_equal(json_object_size(a->rows[ALERTS]), VIEW_ALERTS - 1);
	alert_row(w, "x", EAST, 4, true); /* the newest blue one */
	later(w, 200);
	assert_int_equal(cut_of(w, a), -1);
	assert_int_equal(json_object_size(a->rows[ALERTS]), VIEW_ALERTS);
	alert_row(w, "red", EAST, 1, true);
	later(w, 200);
	assert_int_equal(cut_of(w, a), 1);
	assert_int_equal(json_object_size(a->rows[ALERTS]), VIEW_ALERTS);
	assert_non_null(json_object_get(a->rows[ALERTS], "hazard:red"));
	assert_non_null(json_object_get(a->rows[ALERTS], "hazard:x"));
	assert_null(json_object_get(a->rows[ALERTS], "hazard:m1")); /* the oldest blue one gave way */
	join(w, b, EAST);
	assert_int_equal(cut_of(w, b), 1);
	assert_true(json_equal(a->rows[ALERTS], b->rows[ALERTS]));
	/* one with a cut cannot resume, and there is room again */
	join_since(w, b, EAST, w->model.head.db, b->commit);
	drain(w, b);
	assert_int_equal(w->views.resumes, 0);
	alert_row(w, "red", EAST, 1, false);
	later(w, 200);
	assert_int_equal(cut_of(w, a), 0);
	drain(w, b);
	assert_non_null(json_object_get(a->rows[ALERTS], "hazard:m1"));
	assert_int_equal(json_object_size(a->rows[ALERTS]), VIEW_ALERTS);
	assert_true(json_equal(a->rows[ALERTS], b->rows[ALERTS]));
}

/* ------------------------------------------------------------------ any pace, any order */

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void random_step(struct world *w, uint64_t *seed)
{
	static const char *const scope[] = {"*", "990101", "990101100", EAST, WEST, WEST "001"};
	static const char *const area[] = {EAST, WEST, WEST "001", EAST "001", ""};
	struct client *c = &w->client[rnd(seed) % CLIENTS];
	const char *where = area[rnd(seed) % 4];
	uint64_t k = rnd(seed) % 6;
	char id[16];

	(void)snprintf(id, sizeof id, "x-%u", (unsigned)(rnd(seed) % 6));
	switch (rnd(seed) % 12) {
	case 0:
	case 1: /* an alert stays where it is */
		alert_row(w, id, area[(unsigned char)id[2] % 5], 1 + (int)(k % 4), rnd(seed) % 3 > 0);
		break;
	case 2:
	case 3:
		case_row(w, id, rnd(seed) % 64 ? area[(unsigned char)id[2] % 4] : where, (int)(rnd(seed) % STATES));
		break;
	case 4:
	case 5:
		duty_row(w, k % 2 ? "p-2" : "p-3", k % 3 ? "QSH-01" : "HG-01", k % 3 ? EAST : WEST, (int)(rnd(seed) % 3) - 1, (int)k,
			rnd(seed) % 2, rnd(seed) % 5 == 0);
		break;
	case 6:
		patrol(w, "d-2", "river", "QSH-01");
		commit(w);
		break;
	case 7:
		later(w, (int64_t)(rnd(seed) % 300));
		break;
	case 8:
		if (c->vc.view)
			json_decref(next(w, c));
		break;
	case 9:
		if (c->vc.view)
			drain(w, c);
		break;
	case 10:
		if (!c->vc.view && c->commit && rnd(seed) % 8)
			join_since(w, c, c->scope, w->model.head.db, c->commit);
		else
			join(w, c, scope[rnd(seed) % ARRAY_LEN(scope)]);
		break;
	default:
		if (rnd(seed) % 2 == 0)
			view_leave(&c->vc);
		if (rnd(seed) % 150 == 0) {
			w->now += CIVIL_DAY_MS;
			refresh(w);
		}
		break;
	}
}

static void test_random(void **state)
{
	struct world *w = *state;
	uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : (uint64_t)getpid() * 2654435761u + 1;
	struct client *fresh = calloc(1, sizeof *fresh);
	int compared = 0;

	print_message("SEED=%llu\n", (unsigned long long)seed);
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	for (int i = 0; i < 4000; i++)
		random_step(w, &seed);
	refresh(w);
	later(w, 200);
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &w->client[i];

		if (!c->vc.view)
			continue;
		drain(w, c);
		join(w, fresh, c->scope);
		drain(w, fresh);
		for (int k = 0; k < MEMBERS; k++)
			if (!json_equal(c->rows[k], fresh->rows[k]))
				fail_msg("client %d, %s: %s\nfresh: %s", i, members[k], json_dumps(c->rows[k], JSON_SORT_KEYS),
					json_dumps(fresh->rows[k], JSON_SORT_KEYS));
		compared++;
	}
	assert_true(compared > 3 && w->deltas > 100 && w->views.resumes > 0); /* else nothing was tried */
	/* and a model that starts now reads the same */
	struct model anew;
	bool changed;

	model_init(&anew, NULL);
	anew.st = w->reader;
	assert_int_equal(model_refresh(&anew, w->now, &changed), OK);
	for (int s = 0; s < SHEETS; s++) {
		struct row *r;

		assert_int_equal(anew.sheet[s].n, w->model.sheet[s].n);
		for (size_t pos = 0; (r = map_next(&anew.sheet[s], &pos));) {
			const struct row *have = model_row(&w->model, (enum sheet)s, r->key);

			assert_non_null(have);
			assert_true(have->hash == r->hash);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(((const char *const[]){EAST, WEST, WEST "001"})); i++) {
		static const char *const code[] = {EAST, WEST, WEST "001"};
		const struct node *x = model_node(&w->model, code[i]), *y = model_node(&anew, code[i]);

		assert_int_equal(x ? x->open : 0, y ? y->open : 0);
		assert_int_equal(x && x->due > 0 ? x->due : 0, y && y->due > 0 ? y->due : 0);
	}
	model_done(&anew);
	client_done(fresh);
	free(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alert, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_duties, setup, teardown),
		cmocka_unit_test_setup_teardown(test_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
