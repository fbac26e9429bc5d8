/* Clients of the live stream: what they say, and the answers that prove that we live. */
#include "tests/unit/liveworld.h"

#include "server/watcher.h"

struct side { /* one connection */
	struct watcher w;
	struct session s;
	bool wanted, killed;
};

static struct watchers all;

static void want(void *carrier)
{
	((struct side *)carrier)->wanted = true;
}

static void cut(void *carrier)
{
	((struct side *)carrier)->killed = true;
}

static void say(struct side *s, const char *text, int64_t mono)
{
	watcher_message(&s->w, text, strlen(text), true, true, mono);
}

static void come(struct world *w, struct side *s)
{
	memset(s, 0, sizeof *s);
	s->s.holds = 1; /* the test's own */
	(void)snprintf(s->s.user.scope, sizeof s->s.user.scope, "*");
	watcher_open(&all, &s->w, &s->s, s, w->mono);
}

/* The op of the next message, all of it written; NULL: none. */
static const char *heard(struct world *w, struct side *s)
{
	static char op[16];
	struct piece p;
	bool any = false, more = true;

	for (s->wanted = false; more && watcher_piece(&s->w, w->now, w->mono, &p); any = true) {
		if (p.first)
			assert_int_equal(sscanf(p.p, "{\"op\":\"%15[a-z]", op), 1);
		more = !p.last;
		watcher_wrote(&s->w, p.n);
	}
	return any ? op : NULL;
}

static int open_side(void **state)
{
	struct world *w;

	setup(state);
	w = *state;
	w->views.wake = watchers_wake;
	w->views.ctx = &all;
	watchers_init(&all, &w->views, want, cut);
	return 0;
}

static int close_side(void **state)
{
	assert_int_equal(all.n, 0);
	assert_int_equal(all.beating, 0);
	watchers_done(&all);
	return teardown(state);
}

static void test_beat(void **state)
{
	struct world *w = *state;
	struct side a, b, c;

	assert_true(watchers_beat(&all, w->mono) == INT64_MAX);
	come(w, &a);
	come(w, &b);
	come(w, &c);
	say(&a, "{\"op\":\"hello\",\"beat\":true}", w->mono);
	say(&b, "{\"op\":\"hello\"}", w->mono);
	say(&c, "{\"op\":\"ping\",\"beat\":true}", w->mono);
	assert_string_equal(heard(w, &a), "snapshot");
	assert_string_equal(heard(w, &b), "snapshot");
	assert_string_equal(heard(w, &c), "pong");
	assert_int_equal(all.beating, 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(watchers_beat(&all, w->mono), w->mono + WATCHER_BEAT_MS);
		assert_true(a.wanted && !b.wanted && c.wanted);
		assert_string_equal(heard(w, &a), "pong");
		assert_null(heard(w, &b));
		assert_string_equal(heard(w, &c), "pong");
		assert_int_equal(all.pong->refs, 1); /* one for all, and nobody keeps it */
		later(w, WATCHER_BEAT_MS - 1);
		assert_int_equal(watchers_beat(&all, w->mono), w->mono + 1);
		assert_false(a.wanted);
		later(w, 1);
	}
	say(&a, "{\"op\":\"ping\",\"beat\":false}", w->mono);
	assert_string_equal(heard(w, &a), "pong");
	watcher_gone(&c.w);
	assert_true(watchers_beat(&all, w->mono) == INT64_MAX);
	watcher_gone(&a.w);
	watcher_gone(&b.w);
}

/* A pong says that this was all: rows go before it, and a client that does not read owes us no second one. */
static void test_pong_is_last(void **state)
{
	struct world *w = *state;
	struct side a;
	size_t bytes;

	come(w, &a);
	say(&a, "{\"op\":\"hello\",\"beat\":true}", w->mono);
	assert_string_equal(heard(w, &a), "snapshot");
	say(&a, "{\"op\":\"ping\"}", w->mono);
	sos(w, "d-1");
	commit(w);
	assert_string_equal(heard(w, &a), "delta");
	assert_string_equal(heard(w, &a), "pong");
	assert_null(heard(w, &a));
	watchers_beat(&all, w->mono);
	bytes = w->views.frame_bytes;
	for (int i = 0; i < 100; i++) {
		later(w, 10 * WATCHER_BEAT_MS);
		watchers_beat(&all, w->mono);
	}
	assert_true(w->views.frame_bytes <= bytes + 200);
	while (heard(w, &a))
		;
	watcher_gone(&a.w);
}

static void test_too_many(void **state)
{
	struct world *w = *state;
	struct side a;

	come(w, &a);
	say(&a, "{\"op\":\"hello\"}", w->mono);
	for (int i = 0; i < 100; i++) { /* honest: one a second */
		say(&a, "{\"op\":\"ping\"}", w->mono);
		later(w, 1000);
	}
	assert_int_equal(a.w.close, 0);
	for (int i = 0; i < WATCHER_RATE; i++)
		say(&a, "{\"op\":\"ping\"}", w->mono);
	say(&a, "{\"op\":\"ping\"}", w->mono);
	assert_int_equal(a.w.close, CLOSE_POLICY);
	watcher_gone(&a.w);
	come(w, &a);
	say(&a, "{\"op\":\"ping\",\"beat\":1}", w->mono);
	assert_int_equal(a.w.close, CLOSE_POLICY);
	assert_int_equal(all.beating, 0);
	watcher_gone(&a.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_beat, open_side, close_side),
		cmocka_unit_test_setup_teardown(test_pong_is_last, open_side, close_side),
		cmocka_unit_test_setup_teardown(test_too_many, open_side, close_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
