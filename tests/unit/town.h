/* town.h - a small town in a temporary database, for tests of schema/. */
#ifndef XUNGE_TESTS_TOWN_H
#define XUNGE_TESTS_TOWN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/civil.h"
#include "schema/intake.h"
#include "schema/ledger.h"
#include "schema/sql.h"

#define TOWN_NOW 1764035730000LL /* 2025-11-25 09:55:30 +08:00 */

struct town {
	char dir[64], path[96];
	struct store *st;
	struct intake *in;
	char acks[1 << 20]; /* all acks of the last town_commit, one a line */
};

static inline void town_sql(struct town *t, const char *sql)
{
	char *msg = NULL;

	if (sqlite3_exec(sql_db(t->st), sql, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", sql, msg);
}

/* The rows of a query as text, columns by |, rows by newline.  The caller frees. */
static inline char *town_dump(struct town *t, const char *sql)
{
	struct buf b = {0};
	sqlite3_stmt *q = NULL;

	assert_int_equal(sqlite3_prepare_v2(sql_db(t->st), sql, -1, &q, NULL), SQLITE_OK);
	buf_adds(&b, "");
	while (sqlite3_step(q) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(q); i++) {
			const char *v = (const char *)sqlite3_column_text(q, i);

			buf_addf(&b, "%s%s", i ? "|" : "", v ? v : "-");
		}
		buf_addc(&b, '\n');
	}
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	return b.p;
}

static inline int64_t town_count(struct town *t, const char *sql)
{
	char *s = town_dump(t, sql);
	int64_t n = atoll(s);

	free(s);
	return n;
}

static inline void town_open(struct town *t)
{
	struct intake_conf conf = {.max_age_days = 3650};
	struct why why = {""};

	if (store_open(t->path, STORE_WRITER, &t->st, &why) != OK)
		fail_msg("%s", why.text);
	t->in = intake_new(t->st, &conf);
}

static inline void town_close(struct town *t)
{
	intake_free(t->in);
	store_close(t->st);
	t->in = NULL;
	t->st = NULL;
}

static inline void town_make(struct town *t)
{
	static const char *const rows[] = {
		"INSERT INTO area VALUES('990101','示例区',NULL,NULL,2,NULL),('990101100','示例镇',NULL,NULL,2,NULL),"
		"('990101100001','东街',NULL,NULL,2,NULL),('990101100002','西关',NULL,NULL,2,NULL),"
		"('990101100001001','东街一格',NULL,NULL,2,NULL),('990101100002001','西关一格',NULL,NULL,2,NULL)",
		"INSERT INTO reach VALUES('QSH-01','清水河上段','清水河','river','990101100001',1800,2,NULL),"
		"('HG-01','后沟','后沟','gully','990101100002',900,2,NULL)",
		"INSERT INTO person VALUES('p-1','王某','',2,NULL),('p-2','李某','',2,NULL),('p-3','赵某','',2,NULL),('p-4','石某','',2,NULL)",
		"INSERT INTO appointment VALUES"
		"('p-1','worker','990101100001001',-2147483648,'grid',NULL,2,NULL),"
		"('p-2','chief','QSH-01',-2147483648,'community',NULL,2,NULL),"
		"('p-3','chief','990101100',-2147483648,'town',NULL,2,NULL),"
		"('p-4','worker','990101100002001',-2147483648,'grid',NULL,2,NULL)",
		"INSERT INTO device VALUES('d-1','p-1','990101','x',NULL,2,NULL),('d-2','p-2','990101','x',NULL,2,NULL),"
		"('d-3','p-3','990101','x',NULL,2,NULL),('d-4','p-4','990101','x',NULL,2,NULL)",
	};
	struct why why = {""};
	int64_t commit;

	memset(t, 0, sizeof *t);
	(void)snprintf(t->dir, sizeof t->dir, "/tmp/xunge-t-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	(void)snprintf(t->path, sizeof t->path, "%s/xunge.db", t->dir);
	if (store_create(t->path, TOWN_NOW - 1000, &why) != OK)
		fail_msg("%s", why.text);
	town_open(t);
	assert_int_equal(store_begin(t->st), OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		town_sql(t, rows[i]);
	assert_int_equal(store_note(t->st, TOWN_NOW, "test town", 1, &commit), OK);
	assert_int_equal(commit, 2);
	assert_int_equal(store_commit(t->st, TOWN_NOW - 500, NULL), OK);
}

/* People who close cases: p-11 centre, p-12 office of community 1, p-13 handler, p-14 verifier, each with a device d-N. */
static inline void town_officers(struct town *t)
{
	static const char *const rows[] = {
		"INSERT INTO person VALUES('p-11','钱某','',2,NULL),('p-12','孙某','',2,NULL),('p-13','周某','',2,NULL),"
		"('p-14','吴某','',2,NULL)",
		"INSERT INTO appointment VALUES('p-11','centre','990101100',-2147483648,'town',NULL,2,NULL),"
		"('p-12','office','990101100001',-2147483648,'community',NULL,2,NULL),"
		"('p-13','handler','990101100',-2147483648,'town',NULL,2,NULL),"
		"('p-14','verifier','990101100',-2147483648,'town',NULL,2,NULL)",
		"INSERT INTO device VALUES('d-11','p-11','990101','x',NULL,2,NULL),('d-12','p-12','990101','x',NULL,2,NULL),"
		"('d-13','p-13','990101','x',NULL,2,NULL),('d-14','p-14','990101','x',NULL,2,NULL)",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		town_sql(t, rows[i]);
	town_close(t); /* it knows them not yet */
	town_open(t);
}

/* A database and what lies beside it. */
static inline void town_remove_db(const char *path)
{
	static const char *const tail[] = {"", "-wal", "-shm", ".lock"};
	char name[128];

	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, tail[i]);
		(void)unlink(name);
	}
}

static inline void town_remove(struct town *t)
{
	if (t->st)
		town_close(t);
	town_remove_db(t->path);
	(void)rmdir(t->dir);
}

/* The file as it stands, to path. */
static inline void town_copy(struct town *t, const char *path)
{
	char piece[65536];
	size_t n;
	FILE *in, *out;

	town_sql(t, "PRAGMA wal_checkpoint(TRUNCATE)");
	in = fopen(t->path, "r");
	out = fopen(path, "w");
	assert_true(in && out);
	while ((n = fread(piece, 1, sizeof piece, in)) > 0)
		assert_int_equal(fwrite(piece, 1, n, out), n);
	assert_int_equal(fclose(in) | fclose(out), 0);
}

static inline enum err town_take(struct town *t, const char *device, const char *payload)
{
	struct intake_from from = {slice_of(device), slice_of("990101"), 0, 7};

	return intake_take(t->in, &from, slice_of(payload), TOWN_NOW);
}

static inline void town_send(struct town *t, const char *device, const char *payload)
{
	assert_int_equal(town_take(t, device, payload), OK);
}

/* Commits; the acks as text stand in t->acks. */
static inline const char *town_commit(struct town *t)
{
	struct head head;
	struct intake_ack a;
	size_t n = 0;

	assert_int_equal(intake_commit(t->in, TOWN_NOW, &head), OK);
	t->acks[0] = '\0';
	while (intake_next_ack(t->in, &a)) {
		int m = snprintf(t->acks + n, sizeof t->acks - n, "%s %.*s\n", a.device, (int)a.json.n, a.json.p);

		assert_true(m > 0 && (size_t)m < sizeof t->acks - n);
		n += (size_t)m;
	}
	return t->acks;
}

static inline void town_says(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "check: %s\n", line);
}

static inline void town_check(struct town *t)
{
	int64_t n = -1;

	assert_int_equal(ledger_check(t->st, town_says, NULL, &n), OK);
	assert_int_equal(n, 0);
}

#endif
