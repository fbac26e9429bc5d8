/* t_session.c - sign-ins: how long they last, what ends them, and what guessing costs. */
#include "tests/unit/town.h"

#include "base/clock.h"
#include "server/session.h"

#define MINUTE 60000LL
#define T0 1764035730000LL

struct world {
	struct town town;
	char path[128];
	struct sessions *ss;
	int64_t user_commit;
};

static void reopen(struct world *w, int64_t now)
{
	struct why why = {""};
	size_t changed;

	sessions_free(w->ss);
	if (sessions_open(w->path, now, &w->ss, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
}

static void put_user(struct world *w, const char *name, const char *role, const char *scope, const char *hash)
{
	struct why why = {""};

	assert_int_equal(store_begin(w->town.st), OK);
	if (account_user_put(w->town.st, TOWN_NOW, name, "p-1", role, scope, hash, &w->user_commit, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(store_commit(w->town.st, TOWN_NOW, NULL), OK);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	town_make(&w->town);
	(void)snprintf(w->path, sizeof w->path, "%s/server.db", w->town.dir);
	put_user(w, "li", "centre", "990101100", "$argon2id$v=19$hash-1");
	put_user(w, "wang", "leader", "*", "$argon2id$v=19$hash-2");
	reopen(w, T0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const tail[] = {"", "-wal", "-shm"};
	struct world *w = *state;
	char name[160];

	sessions_free(w->ss);
	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		(void)snprintf(name, sizeof name, "%s%s", w->path, tail[i]);
		(void)unlink(name);
	}
	town_remove(&w->town);
	free(w);
	return 0;
}

static struct session *sign_in(struct world *w, const char *name, int64_t now, char token[SECRET_TOKEN])
{
	struct account_user u;
	struct session *s = NULL;

	assert_int_equal(account_user_get(w->town.st, name, &u), OK);
	assert_int_equal(session_new(w->ss, &u, now, token, &s), OK);
	return s;
}

static struct session *find(struct world *w, const char *token, int64_t now)
{
	return session_find(w->ss, slice_of(token), now);
}

static void test_lasts(void **state)
{
	char a[SECRET_TOKEN], b[SECRET_TOKEN];
	struct world *w = *state;
	struct session *s = sign_in(w, "li", T0, a);
	int64_t t;

	assert_int_equal(strlen(a), 43);
	assert_string_equal(s->user.scope, "990101100");
	assert_string_equal(s->user.hash, "");
	assert_ptr_equal(find(w, a, T0 + 1), s);
	sign_in(w, "li", T0, b);
	assert_string_not_equal(a, b);
	assert_null(find(w, "", T0));
	assert_null(find(w, "short", T0));
	a[5] ^= 1;
	assert_null(find(w, a, T0));
	a[5] ^= 1;
	/* Used all the time: until it is 12 hours old.  Unused: 30 minutes. */
	for (t = T0; t - T0 <= SESSION_AGE_MS; t += 29 * MINUTE)
		assert_non_null(find(w, a, t));
	assert_null(find(w, a, T0 + SESSION_AGE_MS + 1));
	assert_null(find(w, b, T0 + 31 * MINUTE));
	assert_int_equal(sessions_count(w->ss), 0);
}

static void test_idle_sweep(void **state)
{
	char a[SECRET_TOKEN], b[SECRET_TOKEN];
	struct world *w = *state;
	struct session *held = sign_in(w, "li", T0, a);

	sign_in(w, "wang", T0 + 20 * MINUTE, b);
	session_hold(held); /* a stream */
	assert_int_equal(session_expire(w->ss, T0 + 31 * MINUTE), 1);
	assert_true(held->dead);
	assert_string_equal(held->user.name, "li"); /* readable until let go */
	session_let_go(held);
	assert_non_null(find(w, b, T0 + 31 * MINUTE));
	/* A clock that went back ends nothing. */
	assert_int_equal(session_expire(w->ss, T0 - 600 * MINUTE), 0);
}

static void test_restart(void **state)
{
	char a[SECRET_TOKEN], b[SECRET_TOKEN], c[SECRET_TOKEN], csrf[SECRET_TOKEN];
	struct world *w = *state;

	memcpy(csrf, sign_in(w, "li", T0, a)->csrf, sizeof csrf);
	sign_in(w, "wang", T0, b);
	session_end(w->ss, find(w, b, T0));
	sign_in(w, "wang", T0, c);
	assert_non_null(find(w, a, T0 + 20 * MINUTE));
	reopen(w, T0 + 25 * MINUTE);
	assert_non_null(find(w, a, T0 + 45 * MINUTE)); /* used at 20 */
	assert_string_equal(find(w, a, T0 + 45 * MINUTE)->csrf, csrf);
	assert_string_equal(find(w, a, T0 + 45 * MINUTE)->user.role, "centre");
	assert_null(find(w, b, T0 + 25 * MINUTE)); /* signed out */
	reopen(w, T0 + 46 * MINUTE);
	assert_null(find(w, c, T0 + 46 * MINUTE)); /* unused since 0 */
}

static void test_accounts_change(void **state)
{
	char a[SECRET_TOKEN], b[SECRET_TOKEN];
	struct world *w = *state;
	struct session *s;
	struct why why;
	size_t changed;

	s = sign_in(w, "li", T0, a);
	sign_in(w, "wang", T0, b);
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
	assert_int_equal(changed, 0);
	put_user(w, "li", "centre", "990101100001", "$argon2id$v=19$hash-1"); /* another scope, the same password */
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
	assert_int_equal(changed, 1);
	assert_true(s->changed && !s->dead);
	assert_string_equal(find(w, a, T0)->user.scope, "990101100001");
	put_user(w, "li", "centre", "990101100001", "$argon2id$v=19$hash-9"); /* another password */
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
	assert_int_equal(changed, 1);
	assert_null(find(w, a, T0));
	assert_non_null(find(w, b, T0));
	assert_int_equal(store_begin(w->town.st), OK);
	assert_int_equal(account_user_disable(w->town.st, TOWN_NOW, "wang", &w->user_commit, &why), OK);
	assert_int_equal(store_commit(w->town.st, TOWN_NOW, NULL), OK);
	/* Also when the server was away meanwhile. */
	reopen(w, T0 + MINUTE);
	assert_null(find(w, b, T0 + MINUTE));
	assert_int_equal(sessions_count(w->ss), 0);
}

/* Who changes his own password goes on in the session in which he did, and in no other, after a restart too. */
static void test_own_password(void **state)
{
	char a[SECRET_TOKEN], b[SECRET_TOKEN], c[SECRET_TOKEN];
	struct world *w = *state;
	struct session *s;
	size_t changed;

	s = sign_in(w, "li", T0, a);
	sign_in(w, "li", T0, b);
	sign_in(w, "wang", T0, c);
	session_expect(s, "$argon2id$v=19$hash-3");
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
	assert_int_equal(changed, 0); /* not yet */
	put_user(w, "li", "centre", "990101100", "$argon2id$v=19$hash-3");
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
	assert_int_equal(changed, 1);
	assert_ptr_equal(find(w, a, T0), s);
	assert_null(find(w, b, T0));
	assert_non_null(find(w, c, T0));
	reopen(w, T0 + MINUTE);
	assert_non_null(find(w, a, T0 + MINUTE));
	/* What was expected and did not come keeps nobody. */
	session_expect(find(w, a, T0 + MINUTE), "$argon2id$v=19$hash-4");
	put_user(w, "li", "centre", "990101100", "$argon2id$v=19$hash-5");
	assert_int_equal(session_recheck(w->ss, w->town.st, &changed), OK);
	assert_null(find(w, a, T0 + MINUTE));
}

static void test_before_recheck(void **state)
{
	char a[SECRET_TOKEN];
	struct world *w = *state;
	struct why why = {""};

	sign_in(w, "li", T0, a);
	sessions_free(w->ss);
	assert_int_equal(sessions_open(w->path, T0, &w->ss, &why), OK);
	assert_null(find(w, a, T0)); /* rights are not known yet */
}

static void test_lock(void **state)
{
	struct world *w = *state;
	int64_t t = T0;
	int first = 0;

	for (int i = 0; i < LOCK_FREE; i++)
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
	assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 30);
	assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t + 10000), 20); /* asking does not prolong it */
	assert_int_equal(lock_wait(w->ss, "li", "10.0.0.2", t), 0); /* another address, another account */
	assert_int_equal(lock_wait(w->ss, "wang", "10.0.0.1", t), 0);
	t += 30000;
	for (int expect = 60; expect <= 480; expect *= 2) {
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), expect);
		t += expect * 1000;
	}
	for (int i = 0; i < 20; i++) { /* never longer than the longest */
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
		first = lock_wait(w->ss, "li", "10.0.0.1", t);
		assert_true(first > 0 && first <= LOCK_LONGEST_MS / 1000);
		t += first * 1000LL;
	}
	lock_keep(w->ss, "li", "10.0.0.1");
	reopen(w, t); /* a restart does not forget */
	assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
	assert_true(lock_wait(w->ss, "li", "10.0.0.1", t) > 0);
	t += 100 * LOCK_DECAY_MS; /* time does */
	for (int i = 0; i < LOCK_FREE; i++)
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
	assert_true(lock_wait(w->ss, "li", "10.0.0.1", t) > 0);
	lock_clear(w->ss, "li", "10.0.0.1"); /* and the right password */
	for (int i = 0; i < LOCK_FREE - 1; i++)
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
	for (int i = 0; i < 10; i++) { /* attempts that were not looked at do not count */
		assert_int_equal(lock_wait(w->ss, "li", "10.0.0.1", t), 0);
		lock_undo(w->ss, "li", "10.0.0.1");
	}
}

static void test_bounds(void **state)
{
	char first[SECRET_TOKEN], t[SECRET_TOKEN];
	struct world *w = *state;
	char user[32];

	sign_in(w, "li", T0, first);
	for (int i = 1; i <= 50; i++)
		sign_in(w, "li", T0 + i, t);
	assert_int_equal(sessions_count(w->ss), 51);
	for (int i = 0; i < LOCKS_MAX; i++) {
		(void)snprintf(user, sizeof user, "u%d", i);
		assert_int_equal(lock_wait(w->ss, user, "a", T0), 0);
	}
	assert_int_equal(lock_wait(w->ss, "one-more", "a", T0), 1);
	assert_int_equal(lock_wait(w->ss, "one-more", "a", T0 + 2 * LOCK_DECAY_MS), 0);
}

static void test_foreign_file(void **state)
{
	struct world *w = *state;
	struct sessions *ss = NULL;
	struct why why = {""};
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/foreign.db", w->town.dir);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 2000; i++)
		(void)fputs("no database\n", f);
	(void)fclose(f);
	assert_int_not_equal(sessions_open(path, T0, &ss, &why), OK);
	assert_null(ss);
	assert_non_null(strstr(why.text, "foreign.db"));
	(void)unlink(path);
	assert_int_not_equal(sessions_open(w->town.path, T0, &ss, &why), OK); /* the town's own */
	assert_null(ss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lasts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle_sweep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accounts_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_recheck, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
