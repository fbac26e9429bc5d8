/* t_account.c - schema/account.c against a real database */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"
#include "schema/account.h"
#include "schema/sql.h"

#define NOW 1795400000000LL

struct world {
	char dir[64], db[128], pw[128];
	struct store *st;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	char *error = NULL;

	snprintf(w->dir, sizeof w->dir, "/tmp/xunge-account-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->db, sizeof w->db, "%s/xunge.db", w->dir);
	snprintf(w->pw, sizeof w->pw, "%s/mqtt.passwd", w->dir);
	assert_int_equal(store_create(w->db, NOW, NULL), OK);
	assert_int_equal(store_open(w->db, STORE_WRITER, &w->st, NULL), OK);
	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(sqlite3_exec(sql_db(w->st), "INSERT INTO person VALUES('p-1','张三','',1,NULL),('p-2','李四','',1,NULL)",
				 NULL, NULL, &error), SQLITE_OK);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"xunge.db", "xunge.db-wal", "xunge.db-shm", "xunge.db.lock", "mqtt.passwd", "mqtt.passwd.new"};
	struct world *w = *state;

	store_close(w->st);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *p = xasprintf("%s/%s", w->dir, names[i]);

		unlink(p);
		free(p);
	}
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

static enum err add(struct world *w, const char *id, const char *person, const char *district, char *secret, struct why *why)
{
	int64_t commit = -1;
	struct head before, after;
	enum err e;

	assert_int_equal(store_head(w->st, &before), OK);
	assert_int_equal(store_begin(w->st), OK);
	e = account_device_add(w->st, NOW, id, person, district, secret, &commit, why);
	if (e != OK) {
		assert_int_equal(commit, -1);
		store_rollback(w->st);
		return e;
	}
	assert_int_equal(store_commit(w->st, NOW, &after), OK);
	assert_int_equal(commit, before.commit + 1);
	assert_int_equal(after.commit, commit);
	return OK;
}

static int64_t take_back(struct world *w, const char *id, enum err want)
{
	int64_t commit = -1;
	struct why why;

	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(account_device_revoke(w->st, NOW + 5, id, &commit, &why), want);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	return commit;
}

static int64_t count(struct world *w, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(sql_db(w->st), sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void a_device_opens_with_its_secret(void **state)
{
	struct world *w = *state;
	char secret[ACCOUNT_SECRET] = "", given[ACCOUNT_SECRET] = "0123456789abcdef", other[ACCOUNT_SECRET] = "";

	assert_int_equal(add(w, "d-0001", "p-1", "990101", secret, NULL), OK);
	assert_int_equal(strlen(secret), 43);
	assert_int_equal(account_device_verify(w->st, "d-0001", secret), OK);
	assert_int_equal(account_device_verify(w->st, "d-0001", ""), ERR_DENIED);
	assert_int_equal(account_device_verify(w->st, "d-0002", secret), ERR_DENIED);
	assert_int_equal(add(w, "d-0002", "p-2", "990101", given, NULL), OK);
	assert_string_equal(given, "0123456789abcdef");
	assert_int_equal(account_device_verify(w->st, "d-0002", given), OK);
	assert_int_equal(account_device_verify(w->st, "d-0002", secret), ERR_DENIED);

	/* a second time: refused, until it was revoked; then the old secret is no good */
	assert_int_equal(add(w, "d-0001", "p-1", "990101", other, NULL), ERR_EXISTS);
	assert_string_equal(other, "");
	assert_false(account_device_was(w->st, "d-0001", secret));
	assert_true(take_back(w, "d-0001", OK) > 0);
	assert_int_equal(account_device_verify(w->st, "d-0001", secret), ERR_DENIED);
	assert_true(account_device_was(w->st, "d-0001", secret));
	assert_false(account_device_was(w->st, "d-0001", given));
	assert_false(account_device_was(w->st, "d-0001", ""));
	assert_int_equal(take_back(w, "d-0001", OK), 0);
	take_back(w, "d-0009", ERR_NOTFOUND);
	assert_int_equal(add(w, "d-0001", "p-2", "990101", other, NULL), OK);
	assert_int_equal(account_device_verify(w->st, "d-0001", other), OK);
	assert_int_equal(account_device_verify(w->st, "d-0001", secret), ERR_DENIED);
	/* every row it ever had is kept, one of them holds */
	assert_int_equal(count(w, "SELECT count(*) FROM device WHERE id = 'd-0001'"), 3);
	assert_int_equal(count(w, "SELECT count(*) FROM device WHERE id = 'd-0001' AND until IS NULL"), 1);
	assert_int_equal(count(w, "SELECT count(*) FROM device a JOIN device b ON a.id = b.id AND a.until = b.since"), 2);
	assert_int_equal(count(w, "SELECT count(*) FROM change WHERE what = 'device add d-0001'"), 2);
}

static void bad_devices_are_refused(void **state)
{
	static const char *const ids[] = {"", "-a", "A1", "d_1", "d 1", "office", "ingest", "server", "d+", "d/1", "#",
		"d-0123456789012345678901234567890", "\xe5\xbc\xa0"};
	struct world *w = *state;
	struct why why;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		char none[ACCOUNT_SECRET] = "";

		why.text[0] = '\0';
		assert_int_equal(add(w, ids[i], "p-1", "990101", none, &why), ERR_INVALID);
		assert_true(why.text[0] != '\0');
	}
	{
		char none[ACCOUNT_SECRET] = "", brief[ACCOUNT_SECRET] = "short", blank[ACCOUNT_SECRET] = "0123456789 abcdef",
		     colon[ACCOUNT_SECRET] = "0123456789abcde\n", full[ACCOUNT_SECRET];

		memset(full, 'x', sizeof full); /* no NUL */
		assert_int_equal(add(w, "d-1", "p-9", "990101", none, &why), ERR_NOTFOUND);
		assert_int_equal(add(w, "d-1", "p-1", "99010", none, &why), ERR_INVALID);
		assert_int_equal(add(w, "d-1", "p-1", "990101100", none, &why), ERR_INVALID);
		assert_int_equal(add(w, "d-1", "p-1", "990101", brief, &why), ERR_INVALID);
		assert_int_equal(add(w, "d-1", "p-1", "990101", blank, &why), ERR_INVALID);
		assert_int_equal(add(w, "d-1", "p-1", "990101", colon, &why), ERR_INVALID);
		assert_int_equal(add(w, "d-1", "p-1", "990101", full, &why), ERR_INVALID);
		assert_int_equal(add(w, "d-0123456789012345678901234567-9", "p-1", "990101", none, &why), OK);
	}
	assert_int_equal(count(w, "SELECT count(*) FROM device"), 1);
}

static void enrolments(void **state)
{
	struct world *w = *state;
	char secret[ACCOUNT_SECRET] = "";
	int64_t commit = -1;
	struct why why;

	assert_int_equal(add(w, "d-1", "p-1", "990101", secret, NULL), OK);
	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(account_device_enrol(w->st, NOW, "d-1", "p-2", &commit, &why), OK);
	assert_true(commit > 0);
	assert_int_equal(account_device_enrol(w->st, NOW, "d-1", "p-2", &commit, &why), OK);
	assert_int_equal(commit, 0);
	assert_int_equal(account_device_enrol(w->st, NOW, "d-1", "p-1", &commit, &why), OK); /* its own person */
	assert_int_equal(commit, 0);
	assert_int_equal(account_device_enrol(w->st, NOW, "d-1", "p-9", &commit, &why), ERR_NOTFOUND);
	assert_int_equal(account_device_enrol(w->st, NOW, "d-9", "p-2", &commit, &why), ERR_NOTFOUND);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	assert_int_equal(count(w, "SELECT count(*) FROM enrolment WHERE until IS NULL"), 1);
	/* another owner, nobody else's rights */
	take_back(w, "d-1", OK);
	secret[0] = '\0';
	assert_int_equal(add(w, "d-1", "p-1", "990101", secret, NULL), OK);
	assert_int_equal(count(w, "SELECT count(*) FROM enrolment WHERE until IS NULL"), 0);
	assert_int_equal(count(w, "SELECT count(*) FROM enrolment"), 1);
}

static enum err put(struct world *w, const char *name, const char *person, const char *role, const char *scope, const char *hash)
{
	int64_t commit;
	struct why why;
	enum err e;

	assert_int_equal(store_begin(w->st), OK);
	e = account_user_put(w->st, NOW, name, person, role, scope, hash, &commit, &why);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	return e;
}

static void users(void **state)
{
	static const char *const names[] = {"", "a b", "a:b", "a/b", "\xff", "a\nb", "0123456789012345678901234567890123456789012345678901234567890123x"};
	struct world *w = *state;
	char hash[ACCOUNT_HASH];
	struct account_user u;
	int64_t commit = -1, first;
	struct why why;

	assert_int_equal(account_password_hash("1234567", hash, &why), ERR_INVALID);
	assert_int_equal(account_password_hash("12345678\n", hash, &why), ERR_INVALID);
	assert_int_equal(account_password_hash("12345678\xff", hash, &why), ERR_INVALID);
	assert_int_equal(account_password_hash("一二三", hash, &why), OK); /* nine bytes */
	assert_true(account_password_is(hash, "一二三"));
	assert_false(account_password_is(hash, "一二"));

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(put(w, names[i], "p-1", "centre", "*", hash), ERR_INVALID);
	assert_int_equal(put(w, "u", "p-1", "king", "*", hash), ERR_INVALID);
	assert_int_equal(put(w, "u", "p-1", "centre", "99010", hash), ERR_INVALID);
	assert_int_equal(put(w, "u", "p-1", "centre", "*", "plain"), ERR_INVALID);
	assert_int_equal(put(w, "u", "p-9", "centre", "*", hash), ERR_NOTFOUND);
	assert_int_equal(count(w, "SELECT count(*) FROM account"), 0);

	assert_int_equal(put(w, "admin", "", "admin", "*", hash), OK);
	assert_int_equal(put(w, "张三", "p-1", "centre", "990101100", hash), OK);
	assert_int_equal(account_user_get(w->st, "张三", &u), OK);
	assert_string_equal(u.person, "p-1");
	assert_string_equal(u.role, "centre");
	assert_string_equal(u.scope, "990101100");
	assert_string_equal(u.hash, hash);
	assert_false(u.disabled);
	first = u.since;
	assert_int_equal(account_user_get(w->st, "nobody", &u), ERR_NOTFOUND);

	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(account_user_disable(w->st, NOW, "nobody", &commit, &why), ERR_NOTFOUND);
	assert_int_equal(account_user_disable(w->st, NOW, "张三", &commit, &why), OK);
	assert_true(commit > first);
	assert_int_equal(account_user_disable(w->st, NOW, "张三", &commit, &why), OK);
	assert_int_equal(commit, 0);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	assert_int_equal(account_user_get(w->st, "张三", &u), OK);
	assert_true(u.disabled);
	assert_int_equal(put(w, "张三", "p-2", "leader", "*", hash), OK);
	assert_int_equal(account_user_get(w->st, "张三", &u), OK);
	assert_false(u.disabled);
	assert_string_equal(u.role, "leader");
	assert_int_equal(count(w, "SELECT count(*) FROM account WHERE name = '张三'"), 3);
}

static enum err another(struct world *w, const char *name, const char *old, const char *hash, int64_t *commit)
{
	struct why why;
	enum err e;

	assert_int_equal(store_begin(w->st), OK);
	e = account_user_password(w->st, NOW, name, old, hash, commit, &why);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	return e;
}

static void own_password(void **state)
{
	static const char first[] = "$argon2id$v=19$one", second[] = "$argon2id$v=19$two";
	struct world *w = *state;
	struct account_user u;
	int64_t commit = 0;
	struct why why;

	assert_int_equal(put(w, "u", "p-1", "centre", "990101100", first), OK);
	assert_int_equal(another(w, "nobody", first, second, &commit), ERR_NOTFOUND);
	assert_int_equal(another(w, "u", second, second, &commit), ERR_STALE);
	assert_int_equal(another(w, "u", first, "plain", &commit), ERR_INVALID);
	assert_int_equal(commit, 0);
	assert_int_equal(another(w, "u", first, second, &commit), OK);
	assert_int_equal(account_user_get(w->st, "u", &u), OK);
	assert_string_equal(u.hash, second);
	assert_string_equal(u.role, "centre");
	assert_string_equal(u.scope, "990101100");
	assert_string_equal(u.person, "p-1");
	assert_int_equal(u.since, commit);
	assert_int_equal(count(w, "SELECT count(*) FROM account WHERE name = 'u'"), 2);
	assert_int_equal(count(w, "SELECT count(*) FROM change WHERE what = 'user password u'"), 1);
	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(account_user_disable(w->st, NOW, "u", &commit, &why), OK);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	assert_int_equal(another(w, "u", second, first, &commit), ERR_NOTFOUND);

	assert_int_equal(account_password_check("1234567", &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "8 to 128 bytes"));
	assert_int_equal(account_password_check("12345678", &why), OK);
	assert_int_equal(account_password_check("1234567\x7f", &why), ERR_INVALID);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *p = xcalloc(1, 1 << 20);

	assert_non_null(f);
	assert_true(fread(p, 1, (1 << 20) - 1, f) < (1 << 20) - 1);
	fclose(f);
	return p;
}

static void the_brokers_file_follows(void **state)
{
	struct world *w = *state;
	char secret[ACCOUNT_SECRET] = "", other[ACCOUNT_SECRET] = "", *text, *line;
	struct stat sb;
	bool changed = false;

	assert_int_equal(add(w, "d-2", "p-2", "990101", other, NULL), OK);
	assert_int_equal(add(w, "d-1", "p-1", "990101", secret, NULL), OK);
	assert_int_equal(account_broker_file(w->st, w->pw, "ingest:$7$x", &changed, NULL), OK);
	assert_true(changed);
	assert_int_equal(stat(w->pw, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	text = slurp(w->pw);
	assert_int_equal(strncmp(text, "d-1:$7$101$", 11), 0);
	line = strchr(text, '\n');
	assert_non_null(line);
	*line = '\0';
	assert_true(secret_broker_is(text + 4, secret));
	assert_int_equal(strncmp(line + 1, "d-2:$7$101$", 11), 0);
	assert_string_equal(strrchr(line + 1, ':'), ":$7$x\n");
	free(text);

	assert_int_equal(account_broker_file(w->st, w->pw, "ingest:$7$x\n", &changed, NULL), OK);
	assert_false(changed);
	{
		char *part = xasprintf("%s.new", w->pw);

		assert_int_not_equal(access(part, F_OK), 0);
		free(part);
	}
	take_back(w, "d-2", OK);
	assert_int_equal(account_broker_file(w->st, w->pw, NULL, &changed, NULL), OK);
	assert_true(changed);
	text = slurp(w->pw);
	assert_null(strstr(text, "d-2"));
	assert_null(strstr(text, "ingest"));
	assert_non_null(strstr(text, "d-1:"));
	free(text);
	{
		struct why why = {""};
		char *deep = xasprintf("%s/no/such", w->dir);

		changed = true;
		assert_int_equal(account_broker_file(w->st, deep, NULL, &changed, &why), ERR_IO);
		assert_true(changed); /* untouched */
		assert_non_null(strstr(why.text, "/no/such"));
		free(deep);
	}
}

static void note_device(void *ctx, const struct account_device *d)
{
	buf_addf(ctx, "%s %s %s %d %lld %d\n", d->id, d->person, d->district, d->revoked_ms != 0, (long long)d->seen_ms, d->online);
}

static void note_user(void *ctx, const struct account_user *u)
{
	buf_addf(ctx, "%s %s %s\n", u->name, u->role, u->scope);
}

static void lists(void **state)
{
	struct world *w = *state;
	char a[ACCOUNT_SECRET] = "", b[ACCOUNT_SECRET] = "", hash[ACCOUNT_HASH];
	struct buf out = {0};

	assert_int_equal(account_devices(w->st, note_device, &out), OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(add(w, "d-2", "p-2", "990101", a, NULL), OK);
	assert_int_equal(add(w, "d-1", "p-1", "990102", b, NULL), OK);
	take_back(w, "d-2", OK);
	assert_int_equal(store_begin(w->st), OK);
	assert_int_equal(sqlite3_exec(sql_db(w->st), "INSERT INTO device_state(device, online, seen, missing, holes, rev) "
				 "VALUES('d-1', 1, 77, 0, 0, 1)", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_commit(w->st, NOW, NULL), OK);
	assert_int_equal(account_devices(w->st, note_device, &out), OK);
	assert_string_equal(out.p, "d-1 p-1 990102 0 77 1\nd-2 p-2 990101 1 0 0\n");
	buf_clear(&out);
	assert_int_equal(account_password_hash("12345678", hash, NULL), OK);
	assert_int_equal(put(w, "b", "p-1", "centre", "990101", hash), OK);
	assert_int_equal(put(w, "a", "", "admin", "*", hash), OK);
	assert_int_equal(account_users(w->st, note_user, &out), OK);
	assert_string_equal(out.p, "a admin *\nb centre 990101\n");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_opens_with_its_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_devices_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(enrolments, setup, teardown),
		cmocka_unit_test_setup_teardown(users, setup, teardown),
		cmocka_unit_test_setup_teardown(own_password, setup, teardown),
	cmocka_unit_test_setup_teardown(own_password, setup, teardown),
		cmocka_unit_test_setup_teardown(the_brokers_file_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(lists, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
