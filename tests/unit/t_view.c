/* t_view.c - the live view: what a client builds from its frames is what a fresh snapshot says,
 * however fast it reads, whatever it missed. */
#include "tests/unit/liveworld.h"

/* ------------------------------------------------------------------ */

static void test_snapshot_and_delta(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];
	char ta[4096], tb[4096];

	join(w, a, "990101100");
	join(w, b, "990101100");
	assert_true(a->woken && b->woken);
	drain(w, a);
	drain(w, b);
	assert_int_equal(a->snapshots, 1);
	assert_int_equal(json_object_size(a->rows[1]), 5); /* town, 2 communities, 2 grids */
	assert_int_equal(json_object_size(a->rows[2]), 4);
	assert_int_equal(a->commit, w->model.head.commit);
	a->woken = b->woken = 0;
	patrol(w, "d-2", "river", "QSH-01");
	commit(w);
	assert_true(a->woken == 1 && b->woken == 1);
	assert_non_null(last_text(w, a, ta));
	assert_non_null(last_text(w, b, tb));
	assert_string_equal(ta, tb);
	assert_non_null(strstr(ta, "{\"id\":\"river_patrols\",\"level\":\"community\",\"category\":\"\",\"today\":1,\"month\":1,\"year\":1,\"due_today\":null}"));
	assert_non_null(strstr(ta, "{\"code\":\"990101100001\",\"name\":\"东街\",\"patrols_today\":1,"));
	assert_null(strstr(ta, "990101100002"));
	assert_non_null(strstr(ta, "\"text\":\"李某 开始巡查 清水河上段：河道\""));
	assert_int_equal(w->views.snapshots, 1); /* one for both */
	assert_null(last_text(w, a, ta));
}

static void test_scope(void **state)
{
	struct world *w = *state;
	struct client *all = &w->client[0], *west = &w->client[1];
	char t[4096];

	join(w, all, "*");
	join(w, west, "990101100002");
	drain(w, all);
	drain(w, west);
	assert_int_equal(json_object_size(west->rows[1]), 2);
	assert_int_equal(json_object_size(west->rows[2]), 1); /* d-4 */
	patrol(w, "d-1", "grid", "990101100001001");
	commit(w);
	assert_non_null(last_text(w, all, t));
	assert_null(last_text(w, west, t)); /* does not concern it */
	later(w, 200);
	patrol(w, "d-4", "grid", "990101100002001");
	commit(w);
	assert_non_null(last_text(w, west, t));
	assert_null(strstr(t, "990101100001"));
	assert_null(strstr(t, "d-1"));
	assert_non_null(strstr(t, "\"today\":1"));
	assert_non_null(strstr(t, "\"from\":2,")); /* commits that do not concern it are passed over */
	assert_int_equal(west->commit, w->model.head.commit);
}

static void test_joins_between(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];

	join(w, a, "990101100002");
	drain(w, a);
	for (int i = 0; i < 3; i++) { /* not for this scope */
		sos(w, "d-1");
		commit(w);
	}
	join(w, b, "990101100002");
	drain(w, b);
	assert_int_equal(b->commit, a->commit + 3);
	sos(w, "d-4");
	commit(w);
	later(w, 200);
	drain(w, a); /* each with its own "from": next() checks */
	drain(w, b);
	assert_true(a->deltas == 1 && b->deltas == 1);
	assert_int_equal(a->commit, b->commit);
}

static void test_far_behind(void **state)
{
	struct world *w = *state;
	struct client *slow = &w->client[0], *quick = &w->client[1];
	size_t most = 0;

	join(w, slow, "*");
	join(w, quick, "*");
	drain(w, slow);
	drain(w, quick);
	slow->woken = 0;
	for (int i = 0; i < 150; i++) {
		sos(w, i & 1 ? "d-1" : "d-4");
		commit(w);
		w->mono += 10;
		drain(w, quick);
		if (w->views.frame_bytes > most)
			most = w->views.frame_bytes;
	}
	later(w, 200);
	drain(w, quick);
	assert_int_equal(quick->snapshots, 1);
	assert_true(most < 64 * 1024); /* a ring, not a queue */
	assert_int_equal(slow->woken, 1); /* once is enough until it takes something */
	drain(w, slow);
	assert_int_equal(slow->snapshots, 2);
	assert_int_equal(slow->deltas, 0);
	assert_true(json_equal(slow->rows[0], quick->rows[0]));
	assert_memory_equal(slow->feed, quick->feed, sizeof slow->feed);
}

static void test_ring_bytes(void **state)
{
	struct world *w = *state;
	struct client *slow = &w->client[0];
	char *text = malloc(24000), *p = malloc(25000);

	memset(text, 'x', 23999);
	text[23999] = '\0';
	join(w, slow, "*");
	drain(w, slow);
	for (int i = 0; i < 60; i++) {
		for (int k = 0; k < 50; k++) {
			(void)snprintf(p, 25000, "{\"epoch\":\"b\",\"seq\":%d,\"kind\":\"sos\",\"at\":%lld,\"body\":{\"text\":\"%.400s\"}}",
				i * 50 + k + 1, (long long)w->now, text);
			town_send(&w->town, "d-1", p);
		}
		commit(w);
		later(w, 200);
		assert_true(w->views.frame_bytes <= VIEW_RING_BYTES + 64 * 1024);
	}
	drain(w, slow);
	assert_int_equal(slow->snapshots, 2);
	free(text);
	free(p);
}

static void test_ticks(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0];
	int64_t commit_before;

	join(w, a, "990101100002");
	drain(w, a);
	commit_before = a->commit;
	for (int i = 0; i < 14; i++)
		later(w, 1000);
	drain(w, a);
	assert_int_equal(a->ticks, 0);
	assert_true(w->again <= w->mono + 1000);
	later(w, 1000);
	drain(w, a);
	assert_int_equal(a->ticks, 1);
	sos(w, "d-4");
	commit(w);
	later(w, 14000);
	drain(w, a);
	assert_true(a->ticks == 1 && a->deltas == 1); /* a delta puts it off */
	sos(w, "d-1"); /* elsewhere: the tick tells the commit */
	commit(w);
	later(w, 1000);
	drain(w, a);
	assert_int_equal(a->ticks, 2);
	assert_int_equal(a->commit, commit_before + 2);
}

static const char *ingest_in(json_t *m)
{
	return json_string_value(json_object_get(json_object_get(m, "source"), "ingest"));
}

/* What the records come by: in the first frame, at once when it changes, in every tick; what is marked goes before. */
static void test_source(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];
	int64_t since;
	json_t *m;

	join(w, a, "990101100");
	m = next(w, a);
	assert_null(json_object_get(m, "source"));
	json_decref(m);
	views_source(&w->views, "{\"ingest\":\"silent\",\"since\":5}");
	later(w, 1);
	m = next(w, a);
	assert_int_equal(a->ticks, 1);
	assert_string_equal(ingest_in(m), "silent");
	json_decref(m);
	views_source(&w->views, "{\"ingest\":\"silent\",\"since\":5}");
	later(w, 1);
	assert_null(next(w, a)); /* the same again is no news */
	join(w, b, "990101100");
	m = next(w, b);
	assert_int_equal(b->snapshots, 1);
	assert_string_equal(ingest_in(m), "silent");
	json_decref(m);
	since = b->commit;
	view_leave(&b->vc);
	sos(w, "d-1");
	views_source(&w->views, "{\"ingest\":\"ok\"}");
	commit(w); /* both at once: the row, then the tick */
	json_decref(m = next(w, a));
	assert_int_equal(a->deltas, 1);
	m = next(w, a);
	assert_string_equal(ingest_in(m), "ok");
	json_decref(m);
	assert_null(next(w, a));
	join_since(w, b, "990101100", w->model.head.db, since);
	m = next(w, b);
	assert_int_equal(b->deltas, 1);
	assert_string_equal(ingest_in(m), "ok");
	json_decref(m);
	later(w, 15000);
	json_decref(m = next(w, a));
	assert_int_equal(a->ticks, 3);
	m = next(w, b);
	assert_string_equal(ingest_in(m), "ok");
	json_decref(m);
}

static void test_gathers(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0];

	join(w, a, "*");
	drain(w, a);
	later(w, 1000);
	sos(w, "d-1");
	commit(w);
	drain(w, a);
	assert_int_equal(a->deltas, 1); /* the feed does not wait */
	assert_int_equal(store_begin(w->town.st), OK);
	town_sql(&w->town, "INSERT INTO device_state(device, online, seen, missing, holes, rev) SELECT 'd-4', 1, 5, 0, 0, max(rev) + 1 FROM batch WHERE true "
			   "ON CONFLICT DO UPDATE SET online = 1, seen = 5, rev = excluded.rev");
	assert_int_equal(store_commit(w->town.st, w->now, NULL), OK);
	refresh(w);
	drain(w, a);
	assert_int_equal(a->deltas, 1); /* a device does */
	assert_true(w->again <= w->mono + VIEW_GATHER_MS);
	later(w, VIEW_GATHER_MS);
	drain(w, a);
	assert_int_equal(a->deltas, 2);
	assert_true(json_is_true(json_object_get(json_object_get(a->rows[2], "d-4"), "online")));
}

static void test_midnight(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];
	const char *fig = "patrols/grid/grid";
	int64_t before;

	join(w, a, "990101100");
	drain(w, a);
	patrol(w, "d-1", "grid", "990101100001001");
	patrol(w, "d-1", "grid", "990101100001001");
	commit(w);
	drain(w, a);
	assert_int_equal(number(a, 0, fig, "today"), 2);
	assert_int_equal(number(a, 1, "990101100001", "patrols_today"), 2);
	before = a->commit;
	w->now = civil_day_ms(civil_day(TOWN_NOW) + 1) - 1; /* 23:59:59.999 */
	refresh(w);
	drain(w, a);
	assert_int_equal(number(a, 0, fig, "today"), 2);
	w->now += 1;
	w->mono += 86400000;
	refresh(w);
	drain(w, a);
	assert_int_equal(number(a, 0, fig, "today"), 0);
	assert_int_equal(number(a, 0, fig, "month"), 2);
	assert_int_equal(number(a, 1, "990101100001", "patrols_today"), 0);
	assert_int_equal(a->commit, before); /* without a commit */
	join_since(w, b, "990101100", w->model.head.db, before);
	client_reset(b);
	b->commit = before;
	drain(w, b);
	assert_int_equal(b->snapshots, 1); /* rows changed without a commit: no resume over midnight */
	w->now = civil_day_ms(civil_make(2025, 12, 1));
	w->mono += 86400000;
	refresh(w);
	drain(w, a);
	assert_int_equal(number(a, 0, fig, "month"), 0);
	assert_int_equal(number(a, 0, fig, "year"), 2);
	w->now = civil_day_ms(civil_make(2026, 1, 1));
	w->mono += 86400000;
	refresh(w);
	drain(w, a);
	assert_int_equal(number(a, 0, fig, "year"), 0);
	join(w, b, "990101100"); /* and a fresh client sees the same */
	drain(w, b);
	assert_int_equal(number(b, 0, fig, "year"), 0);
}

static void test_resume(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];
	int64_t since;
	json_t *m;

	join(w, a, "990101100");
	patrol(w, "d-1", "grid", "990101100001001");
	patrol(w, "d-4", "grid", "990101100002001");
	commit(w);
	drain(w, a);
	since = a->commit;
	view_leave(&a->vc);
	patrol(w, "d-3", "grid", "990101100002001");
	commit(w);
	join_since(w, a, "990101100", w->model.head.db, since);
	m = next(w, a);
	assert_string_equal(json_string_value(json_object_get(m, "op")), "delta");
	assert_int_equal(json_array_size(json_object_get(m, "figures")), 2); /* of its route, and of all routes */
	assert_int_equal(json_array_size(json_object_get(m, "feed")), 1);
	assert_int_equal(json_array_size(json_object_get(m, "devices")), 1);
	assert_int_equal(json_array_size(json_object_get(m, "areas")), 3);
	json_decref(m);
	join(w, b, "990101100");
	drain(w, b);
	for (int i = 0; i < MEMBERS; i++)
		assert_true(json_equal(a->rows[i], b->rows[i]));
	/* Nothing missed: a delta that says so. */
	join_since(w, a, "990101100", w->model.head.db, a->commit);
	m = next(w, a);
	assert_string_equal(json_string_value(json_object_get(m, "op")), "delta");
	assert_int_equal(json_array_size(json_object_get(m, "figures")), 0);
	json_decref(m);
	/* Too far back, from the future, of another database. */
	struct {
		const char *db;
		int64_t since;
	} bad[] = {{w->model.head.db, w->model.head.commit + 1}, {w->model.head.db, 0}, {w->model.head.db, -1}, {w->model.head.db, 1},
		{"00000000000000000000000000000000", since}, {NULL, since}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int before = a->snapshots;

		join_since(w, a, "990101100", bad[i].db, bad[i].since);
		drain(w, a);
		assert_int_equal(a->snapshots, before + 1);
	}
}

/* A page begins with the snapshot over HTTP: nobody need be there, and the stream goes on from it. */
static void test_begin(void **state)
{
	struct world *w = *state;
	struct client *a = &w->client[0], *b = &w->client[1];
	struct frame *f, *g;
	struct slice zip;
	enum err e;

	begin(w, a, "990101100");
	assert_int_equal(json_object_size(a->rows[1]), 5);
	patrol(w, "d-3", "grid", "990101100002001");
	commit(w);
	later(w, 200); /* nobody is told */
	join_since(w, a, "990101100", w->model.head.db, a->commit);
	drain(w, a);
	assert_true(a->snapshots == 1 && a->deltas == 1);
	join(w, b, "990101100");
	drain(w, b);
	for (int i = 0; i < MEMBERS; i++)
		assert_true(json_equal(a->rows[i], b->rows[i]));
	/* One for all who come within a second, packed once. */
	later(w, VIEW_SNAPSHOT_MS);
	f = view_snapshot(&w->views, "990101100", w->now, w->mono, &e);
	zip = frame_zip(f, "br");
	assert_true(zip.p && zip.n < f->n && frame_zip(f, "br").p == zip.p && frame_zip(f, "gzip").p != zip.p);
	sos(w, "d-1");
	commit(w);
	w->mono += VIEW_SNAPSHOT_MS - 1;
	g = view_snapshot(&w->views, "990101100", w->now, w->mono, &e);
	assert_ptr_equal(f, g);
	frame_unref(g);
	w->mono++;
	g = view_snapshot(&w->views, "990101100", w->now, w->mono, &e);
	assert_true(g != f && g->commit == f->commit + 1);
	frame_unref(f);
	frame_unref(g);
	/* The others were not passed over. */
	drain(w, b);
	assert_int_equal(b->commit, w->model.head.commit);
	assert_int_equal(b->snapshots, 1);
	/* A view that nobody joins is let go. */
	for (int i = 0; i < 3; i++)
		frame_unref(view_snapshot(&w->views, i ? i == 1 ? "990101100001" : "990101100002" : "*", w->now, w->mono, &e));
	assert_int_equal(w->views.by_scope.n, 4);
	for (int i = 0; i < 3; i++)
		later(w, VIEW_IDLE_MS);
	assert_int_equal(w->views.by_scope.n, 1);
}

static void test_registry(void **state)
{
	struct world *w = *state;
	struct client *east = &w->client[0], *west = &w->client[1];
	int64_t n;

	join(w, east, "990101100001");
	join(w, west, "990101100002");
	drain(w, east);
	drain(w, west);
	assert_int_equal(store_begin(w->town.st), OK);
	town_sql(&w->town, "INSERT INTO area VALUES('990101100002002','西关二格',NULL,NULL,3,NULL);"
			   "UPDATE device SET revoked = 1 WHERE id = 'd-1'");
	assert_int_equal(store_note(w->town.st, w->now, "test", 1, &n), OK);
	assert_int_equal(store_commit(w->town.st, w->now, NULL), OK);
	refresh(w);
	later(w, 200);
	drain(w, east);
	drain(w, west);
	assert_int_equal(east->snapshots, 1); /* its places are the same */
	assert_int_equal(west->snapshots, 2);
	assert_non_null(json_object_get(west->rows[1], "990101100002002"));
	assert_null(json_object_get(east->rows[2], "d-1"));
	assert_non_null(json_object_get(east->rows[2], "d-2"));
}

static void test_many_scopes(void **state)
{
	struct world *w = *state;
	struct client *c = calloc(VIEWS_MAX + 1, sizeof *c);
	char scope[16];

	for (int i = 0; i <= VIEWS_MAX; i++) {
		(void)snprintf(scope, sizeof scope, "%06d", i);
		assert_int_equal(view_join(&w->views, &c[i].vc, scope, NULL, -1, w->mono), i < VIEWS_MAX ? OK : ERR_FULL);
	}
	for (int i = 0; i < VIEWS_MAX; i++)
		view_leave(&c[i].vc);
	assert_int_equal(view_join(&w->views, &c[0].vc, "999999", NULL, -1, w->mono), OK); /* an idle one gave way */
	view_leave(&c[0].vc);
	for (int i = 0; i < VIEWS_MAX + 5; i++)
		later(w, VIEW_IDLE_MS);
	assert_int_equal(w->views.by_scope.n, 0);
	free(c);
}

static void test_burst(void **state)
{
	struct world *w = *state;
	struct client *all = &w->client[0], *west = &w->client[1];
	size_t rows = 0;
	json_t *m;

	join(w, all, "*");
	join(w, west, "990101100002");
	drain(w, all);
	drain(w, west);
	sos(w, "d-4");
	for (int i = 0; i < MODEL_FEED_BATCH + 200; i++)
		sos(w, "d-1");
	commit(w);
	later(w, 200);
	drain(w, all);
	drain(w, west);
	assert_int_equal(all->nfeed, VIEW_FEED);
	assert_int_equal(all->feed[VIEW_FEED - 1], w->model.head.commit);
	assert_int_equal(west->nfeed, 1); /* its one event stands before all the others */
	assert_int_equal(all->snapshots + west->snapshots, 2);
	/* One that fits: every row, in messages of at most 50, each a place to resume from. */
	join(w, west, "*");
	drain(w, west);
	for (int i = 0; i < 170; i++)
		sos(w, i & 1 ? "d-1" : "d-2");
	patrol(w, "d-4", "grid", "990101100002001");
	commit(w);
	later(w, 200);
	for (; (m = next(w, all)); json_decref(m)) {
		size_t n = json_array_size(json_object_get(m, "feed"));

		assert_true(n > 0 && n <= VIEW_FEED);
		rows += n;
	}
	assert_int_equal(rows, 171);
	m = next(w, west);
	assert_int_equal(json_integer_value(json_object_get(m, "commit")), w->model.head.commit - 121);
	json_decref(m);
	view_leave(&west->vc);
	join_since(w, west, "*", w->model.head.db, west->commit);
	drain(w, west);
	assert_int_equal(west->snapshots, 2);
	join(w, all, "*");
	drain(w, all);
	for (int i = 0; i < MEMBERS; i++)
		assert_true(json_equal(all->rows[i], west->rows[i]));
	assert_memory_equal(all->feed, west->feed, sizeof all->feed);
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
	static const char *const device[] = {"d-1", "d-2", "d-3", "d-4"};
	static const char *const route[] = {"river", "gully", "grid", "burning"};
	static const char *const target[] = {"QSH-01", "HG-01", "990101100001001", "990101100002"};
	static const char *const scope[] = {"*", "990101", "990101100", "990101100001", "990101100002", "990101100002001"};
	struct client *c = &w->client[rnd(seed) % CLIENTS];
	const char *d = device[rnd(seed) % 4];
	int64_t since;

	switch (rnd(seed) % 13) {
	case 0:
	case 1:
		sos(w, d);
		break;
	case 2:
	case 3:
	case 4: {
		size_t r = rnd(seed) % 4;

		patrol(w, d, route[r], target[r]);
		break;
	}
	case 5:
	case 6:
		commit(w);
		break;
	case 7:
		later(w, (int64_t)(rnd(seed) % 300));
		break;
	case 8: /* one frame */
		if (c->vc.view)
			json_decref(next(w, c));
		break;
	case 9:
		if (c->vc.view)
			drain(w, c);
		break;
	case 10: /* come, or come again where it was */
		if (!c->vc.view && c->commit && rnd(seed) % 8) {
			since = c->commit;
			join_since(w, c, c->scope, w->model.head.db, since);
		} else if (rnd(seed) % 2) { /* other steps lie between, at times more than a second, or a day */
			begin(w, c, scope[rnd(seed) % ARRAY_LEN(scope)]);
			if (rnd(seed) % 2)
				join_since(w, c, c->scope, w->model.head.db, c->commit);
		} else {
			join(w, c, scope[rnd(seed) % ARRAY_LEN(scope)]);
		}
		break;
	case 11: /* told with the next turn, whatever waits then */
		views_source(&w->views, rnd(seed) % 2 ? "{\"ingest\":\"silent\"}" : "{\"ingest\":\"ok\"}");
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
	seed = seed * 6364136223846793005u + 1442695040888963407u; /* small seeds differ in all bits */
	for (int i = 0; i < 4000; i++)
		random_step(w, &seed);
	if (intake_waiting(w->town.in))
		commit(w);
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
		assert_int_equal(c->nfeed, fresh->nfeed);
		assert_memory_equal(c->feed, fresh->feed, sizeof c->feed[0] * (size_t)c->nfeed);
		assert_int_equal(c->commit <= fresh->commit, 1);
		compared++;
	}
	assert_true(compared > 0 && w->deltas > 100 && w->views.resumes > 0); /* else nothing was tried */
	client_done(fresh);
	free(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_snapshot_and_delta, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joins_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_far_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ticks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gathers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_midnight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_begin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_registry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_scopes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
