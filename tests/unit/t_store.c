/* t_store.c - making, opening, locking, copying a database. */
#include "tests/unit/town.h"

#include "base/fault.h"

static int setup(void **state)
{
	struct town *t = calloc(1, sizeof *t);

	town_make(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct town *t = *state;
	char cmd[128];

	if (t->st)
		town_close(t);
	(void)snprintf(cmd, sizeof cmd, "rm -rf %s", t->dir);
	assert_int_equal(system(cmd), 0);
	free(t);
	return 0;
}

static void in_dir(const struct town *t, const char *name, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", t->dir, name);
}

static void test_one_writer(void **state)
{
	struct town *t = *state;
	struct store *other = NULL;
	struct why why = {""};

	assert_int_equal(store_open(t->path, STORE_WRITER, &other, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "is being written by another process"));
	assert_int_equal(store_open(t->path, STORE_READER, &other, &why), OK);
	store_close(other);
}

static void test_refusals(void **state)
{
	struct town *t = *state;
	struct store *st = NULL;
	struct why why = {""};
	char name[128];

	assert_int_equal(store_create(t->path, TOWN_NOW, &why), ERR_EXISTS);
	in_dir(t, "none.db", name);
	assert_int_equal(store_open(name, STORE_WRITER, &st, &why), ERR_NOTFOUND);
	in_dir(t, "nodir/x.db", name);
	assert_int_not_equal(store_create(name, TOWN_NOW, &why), OK);
	town_sql(t, "PRAGMA user_version = 99");
	assert_int_equal(store_open(t->path, STORE_READER, &st, &why), ERR_VERSION);
	assert_non_null(strstr(why.text, "install the newer"));
	town_sql(t, "PRAGMA user_version = 0");
	assert_int_equal(store_open(t->path, STORE_READER, &st, &why), ERR_VERSION);
	assert_non_null(strstr(why.text, "xunge migrate"));
	town_sql(t, "PRAGMA application_id = 1");
	assert_int_equal(store_open(t->path, STORE_READER, &st, &why), ERR_VERSION);
	assert_non_null(strstr(why.text, "not a Xunge database"));
}

/* Batch times never go back, commit numbers have no holes, an empty batch takes none. */
static void test_heads(void **state)
{
	struct town *t = *state;
	struct head a, b;
	int64_t n;

	assert_int_equal(store_head(t->st, &a), OK);
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, 5, "x", 0, &n), OK);
	assert_int_equal(n, a.commit + 1);
	store_rollback(t->st);
	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, 5, "x", 0, &n), OK);
	assert_int_equal(n, a.commit + 1);
	assert_int_equal(store_commit(t->st, 5, &b), OK);
	assert_int_equal(b.time_ms, a.time_ms);
	assert_int_equal(b.commit, a.commit + 1);
	assert_int_equal(b.rev, a.rev + 1);
}

static void test_backup_and_restore(void **state)
{
	struct town *t = *state;
	struct head before, after;
	struct why why = {""};
	char copy[128], wal[160], kept[300];

	in_dir(t, "copy.db", copy);
	assert_int_equal(store_backup(t->st, copy, &why), OK);
	assert_int_equal(store_backup(t->st, copy, &why), ERR_EXISTS);
	assert_int_equal(store_backup(t->st, "/nonexistent-dir/b.db", &why), ERR_IO);
	assert_null(strstr(why.text, "not an error"));
	town_send(t, "d-1", "{\"epoch\":\"e\",\"seq\":1,\"kind\":\"sos\",\"at\":1764035730000,\"body\":{}}");
	(void)town_commit(t);
	assert_int_equal(store_head(t->st, &before), OK);
	assert_int_equal(store_restore(copy, t->path, TOWN_NOW, &why), ERR_BUSY); /* a writer has it */
	town_close(t);
	(void)snprintf(wal, sizeof wal, "%s-wal", copy);
	FILE *f = fopen(wal, "w");
	assert_non_null(f);
	assert_int_equal(fputs("frames", f) >= 0 && fclose(f) == 0, 1);
	assert_int_equal(store_restore(copy, t->path, TOWN_NOW, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "-wal"));
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(store_restore(copy, t->path, TOWN_NOW, &why), OK);
	town_open(t);
	assert_int_equal(store_head(t->st, &after), OK);
	assert_int_equal(after.commit, before.commit - 1);
	assert_string_not_equal(after.db, before.db);
	town_check(t);
	town_close(t);
	/* what was replaced is kept, with the commit that stood in its WAL */
	(void)snprintf(kept, sizeof kept, "%s.replaced-%lld", t->path, TOWN_NOW);
	assert_int_equal(store_restore(kept, t->path, TOWN_NOW + 1, &why), OK);
	town_open(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 1);
}

static void test_damaged_backup(void **state)
{
	struct town *t = *state;
	struct why why = {""};
	char copy[128];
	FILE *f;

	in_dir(t, "bad.db", copy);
	f = fopen(copy, "w");
	assert_non_null(f);
	assert_int_equal(fputs("this is no database at all, but long enough to look", f) >= 0 && fclose(f) == 0, 1);
	town_close(t);
	assert_int_not_equal(store_restore(copy, t->path, TOWN_NOW, &why), OK);
	assert_non_null(strstr(why.text, "bad.db"));
	town_open(t); /* untouched */
	town_check(t);
}

/* A migration that fails half-way leaves the version it came from. */
static void test_failed_creation(void **state)
{
	struct town *t = *state;
	struct why why = {""};
	char name[128];

	in_dir(t, "new.db", name);
	(void)fault_arm("migrate.commit:2");
	assert_int_equal(store_create(name, TOWN_NOW, &why), ERR_IO);
	(void)fault_arm(NULL);
	assert_int_not_equal(access(name, F_OK), 0);
	assert_int_equal(store_create(name, TOWN_NOW, &why), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_one_writer), T(test_refusals), T(test_heads), T(test_backup_and_restore),
		T(test_damaged_backup), T(test_failed_creation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
