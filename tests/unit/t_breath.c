/* t_breath - reads without a gap between them, beside a writer: the WAL begins anew now and then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/breath.h"

#define MOST 65536
#define ROUNDS 60

struct writer {
	sqlite3 *db;
	atomic_int commits;
	atomic_bool stop;
};

static void *write_on(void *arg)
{
	struct writer *w = arg;

	while (!atomic_load(&w->stop)) {
		if (sqlite3_exec(w->db, "INSERT INTO scratch(x) VALUES(zeroblob(20000))", NULL, NULL, NULL) != SQLITE_OK)
			return "cannot write";
		atomic_fetch_add(&w->commits, 1);
	}
	return NULL;
}

static int64_t bytes(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 ? (int64_t)s.st_size : 0;
}

/* Reads, each of which sees four commits pass; how short the WAL was at best, in the last half of them. */
static int64_t reads(const char *path, bool lets_go)
{
	struct writer w = {.stop = false};
	struct store *st = NULL;
	char wal[80];
	int64_t seen = 0, least = INT64_MAX;
	pthread_t thread;
	void *said = NULL;
	struct why why;

	snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(sqlite3_open(path, &w.db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(w.db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=4; PRAGMA journal_size_limit=0; "
		"CREATE TABLE IF NOT EXISTS scratch(x BLOB) STRICT", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_open(path, STORE_READER, &st, &why), OK);
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct breath b;
		struct head head;
		int from;

		assert_int_equal(breath_begin(st, false, &b), OK);
		assert_int_equal(store_head(st, &head), OK);
		for (from = atomic_load(&w.commits); atomic_load(&w.commits) < from + 4 && !atomic_load(&w.stop);)
			sched_yield();
		if (i >= ROUNDS / 2 && bytes(wal) < least)
			least = bytes(wal);
		assert_int_equal(breath_end(st, OK), OK);
		if (lets_go)
			breath_let_go(st, MOST, &seen);
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, &said);
	assert_null(said);
	store_close(st);
	sqlite3_close(w.db);
	return least;
}

static void begins_anew(void **state)
{
	char dir[] = "/tmp/xunge-breath-XXXXXX", path[64];
	int64_t with;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/x.db", dir);
	assert_int_equal(store_create(path, 1764035730000, &why), OK);
	with = reads(path, true);
	assert_true(with < (int64_t)ROUNDS / 2 * 4 * 20000); /* what was written in the first half alone is more */
	for (const char *const *end = (const char *const[]){"", "-wal", "-shm", ".lock", NULL}; *end; end++) {
		snprintf(path, sizeof path, "%s/x.db%s", dir, *end);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* A WAL that is long and stays so, of a writer that rests, keeps nobody waiting twice. */
static void waits_once(void **state)
{
	char dir[] = "/tmp/xunge-breath-XXXXXX", path[64], wal[80];
	struct store *st = NULL;
	int64_t seen = 0, was;
	struct why why;
	sqlite3 *db;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/x.db", dir);
	snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(store_create(path, 1764035730000, &why), OK);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0; CREATE TABLE scratch(x BLOB) STRICT; INSERT INTO scratch VALUES(zeroblob(200000))", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_open(path, STORE_READER, &st, &why), OK);
	was = bytes(wal);
	assert_true(was > MOST);
	breath_let_go(st, was, &seen);
	assert_int_equal(seen, was);
	seen = 0;
	breath_let_go(st, MOST, &seen);
	assert_int_equal(seen, was);
	breath_let_go(st, MOST, &seen);
	assert_int_equal(seen, was);
	store_close(st);
	sqlite3_close(db);
	for (const char *const *end = (const char *const[]){"", "-wal", "-shm", ".lock", NULL}; *end; end++) {
		snprintf(path, sizeof path, "%s/x.db%s", dir, *end);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_anew),
		cmocka_unit_test(waits_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
