#include "schema/ledger.h"
#include "schema/office.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"

#define NOW 1764035730123LL /* 2025-11-25 +08:00 */

struct town {
	char dir[64], db[96], staged[96], file[96];
	struct store *st;
	struct intake *in;
	struct office_end end;
	struct import_report report;
	struct import_result result;
	struct why why;
};

static void keep_line(void *ctx, const char *line)
{
	struct town *t = ctx;

	(void)snprintf(t->why.text, sizeof t->why.text, "%s", line);
}

static int open_town(void **state)
{
	static const struct intake_conf conf = {.max_age_days = 3650};
	struct town *t = xcalloc(1, sizeof *t);

	(void)snprintf(t->dir, sizeof t->dir, "/tmp/t_office.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	(void)snprintf(t->db, sizeof t->db, "%s/db", t->dir);
	(void)snprintf(t->staged, sizeof t->staged, "%s/staged", t->dir);
	(void)snprintf(t->file, sizeof t->file, "%s/file.csv", t->dir);
	assert_int_equal(store_create(t->db, NOW, &t->why), OK);
	assert_int_equal(store_open(t->db, STORE_WRITER, &t->st, &t->why), OK);
	t->in = intake_new(t->st, &conf);
	t->report = (struct import_report){.error = keep_line, .ctx = t};
	*state = t;
	return 0;
}

static int close_town(void **state)
{
	static const char *const tail[] = {"db", "db-wal", "db-shm", "db.lock", "staged", "file.csv"};
	struct town *t = *state;
	char path[128];
	int rc;

	intake_free(t->in);
	store_close(t->st);
	for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", t->dir, tail[i]);
		(void)unlink(path);
	}
	rc = rmdir(t->dir);
	free(t);
	return rc;
}

static enum err import(struct town *t, const char *kind, const char *csv, bool dry_run)
{
	FILE *f = fopen(t->file, "w");
	enum err e;

	assert_non_null(f);
	assert_true(fputs(csv, f) >= 0);
	assert_int_equal(fclose(f), 0);
	t->report.errors = 0;
	e = import_stage(kind, t->file, t->staged, &t->report, &t->why);
	if (e == OK)
		e = office_import(t->st, t->in, NOW, kind, t->staged, dry_run, &t->report, &t->result, &t->end,
			&t->why);
	(void)unlink(t->staged);
	assert_false(store_is_open(t->st));
	return e;
}

static int64_t head(struct town *t)
{
	struct head h;

	assert_int_equal(store_head(t->st, &h), OK);
	return h.commit;
}

static const char people[] = "id,name,phone\np-1,赵甲,\np-2,钱乙,\n";

static void t_import(void **state)
{
	struct town *t = *state;
	int64_t at;

	assert_int_equal(import(t, "people", people, true), OK);
	assert_int_equal(t->result.inserted, 2);
	assert_int_equal(t->end.commit, 0);
	assert_int_equal(head(t), 1); /* a dry run leaves nothing */
	assert_int_equal(import(t, "people", people, false), OK);
	assert_int_equal(t->result.inserted, 2);
	assert_int_equal(t->end.commit, 2);
	assert_int_equal(t->end.head.commit, 2);
	at = t->end.head.rev;
	assert_int_equal(import(t, "people", people, false), OK);
	assert_int_equal(t->result.unchanged, 2);
	assert_int_equal(t->end.commit, 0);
	assert_int_equal(t->end.head.commit, 2);
	assert_int_equal(t->end.head.rev, at); /* no empty transaction either */
	/* an appointment of nobody: refused whole, and said */
	assert_int_equal(import(t, "appointments",
				 "person,role,scope,level,valid_from,valid_to\np-9,worker,990101100001001,grid,,\n", false),
		ERR_INVALID);
	assert_true(t->report.errors > 0);
	assert_int_equal(head(t), 2);
}

static void t_accounts(void **state)
{
	struct town *t = *state;
	char secret[ACCOUNT_SECRET] = "";
	int64_t rev;

	assert_int_equal(office_device_add(t->st, t->in, NOW, "d-1", "p-1", "990101", secret, &t->end, &t->why),
		ERR_NOTFOUND);
	assert_non_null(strstr(t->why.text, "p-1"));
	assert_false(store_is_open(t->st));
	assert_int_equal(head(t), 1);
	assert_int_equal(import(t, "people", people, false), OK);
	assert_int_equal(
		office_device_add(t->st, t->in, NOW, "d-1", "p-1", "990101", secret, &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 3);
	assert_int_equal(strlen(secret), ACCOUNT_SECRET - 5);
	assert_int_equal(account_device_verify(t->st, "d-1", secret), OK);
	assert_int_equal(
		office_device_add(t->st, t->in, NOW, "d-1", "p-1", "990101", secret, &t->end, &t->why), ERR_EXISTS);
	assert_int_equal(office_device_enrol(t->st, t->in, NOW, "d-1", "p-2", &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 4);
	assert_int_equal(office_device_enrol(t->st, t->in, NOW, "d-1", "p-2", &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 0);
	assert_int_equal(office_device_revoke(t->st, t->in, NOW, "d-1", &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 5);
	assert_int_equal(account_device_verify(t->st, "d-1", secret), ERR_DENIED);
	rev = t->end.head.rev;
	assert_int_equal(office_device_revoke(t->st, t->in, NOW, "d-1", &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 0);
	assert_int_equal(t->end.head.rev, rev);
	assert_int_equal(office_device_revoke(t->st, t->in, NOW, "d-2", &t->end, &t->why), ERR_NOTFOUND);
	assert_int_equal(head(t), 5);
}

static void t_users(void **state)
{
	static const char hash[] = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA";
	struct town *t = *state;
	struct account_user u;

	assert_int_equal(
		office_user_put(t->st, NOW, "admin", "admin", "admin", "*", hash, &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 2);
	assert_int_equal(
		office_user_put(t->st, NOW, "x", "x", "king", "*", hash, &t->end, &t->why), ERR_INVALID);
	assert_false(store_is_open(t->st));
	assert_int_equal(office_user_disable(t->st, NOW, "admin", &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, 3);
	assert_int_equal(account_user_get(t->st, "admin", &u), OK);
	assert_true(u.disabled);
	assert_int_equal(office_user_disable(t->st, NOW, "nobody", &t->end, &t->why), ERR_NOTFOUND);
	assert_int_equal(head(t), 3);
}

static void sum_row(void *ctx, const struct figure_row *r)
{
	if (strcmp(r->figure, "river_patrols") == 0)
		*(int64_t *)ctx += r->n;
}

static int64_t river_patrols(struct town *t)
{
	int64_t n = 0;

	assert_int_equal(ledger_recount(t->st, head(t), sum_row, &n), OK);
	return n;
}

/* An event that waits for a place is applied by the transaction that brings the place. */
static void t_released(void **state)
{
	struct town *t = *state;
	char secret[ACCOUNT_SECRET] = "";
	struct intake_from from = {.device = slice_of("d-1")};
	char event[512];
	struct head h;

	assert_int_equal(import(t, "people", people, false), OK);
	assert_int_equal(import(t, "areas", "code,name,valid_from,valid_to\n990101100,示例镇,,\n990101100001,东关社区,,\n",
				 false), OK);
	assert_int_equal(import(t, "appointments",
				 "person,role,scope,level,valid_from,valid_to\np-1,chief,990101100,town,2023-01-01,\n", false),
		OK);
	assert_int_equal(
		office_device_add(t->st, t->in, NOW, "d-1", "p-1", "990101", secret, &t->end, &t->why), OK);
	(void)snprintf(event, sizeof event,
		"{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"patrol.start\",\"at\":%lld,"
		"\"body\":{\"patrol\":\"a\",\"route\":\"river\",\"target\":\"QSH-01\"}}", (long long)NOW);
	assert_int_equal(intake_take(t->in, &from, slice_of(event), NOW), OK);
	assert_int_equal(intake_commit(t->in, NOW, &h), OK);
	assert_int_equal(river_patrols(t), 0);
	assert_int_equal(import(t, "reaches",
				 "code,name,river,kind,area,length_m\nQSH-01,清水河东关段,清水河,river,990101100001,2400\n", true),
		OK);
	assert_int_equal(river_patrols(t), 0); /* the dry run released nothing for good */
	assert_int_equal(import(t, "reaches",
				 "code,name,river,kind,area,length_m\nQSH-01,清水河东关段,清水河,river,990101100001,2400\n", false),
		OK);
	assert_int_equal(t->end.commit, h.commit + 1);
	assert_true(t->end.head.commit > t->end.commit); /* the import, then the event */
	assert_false(t->end.more);
	assert_int_equal(river_patrols(t), 1);
}

/* A commit that fails leaves nothing of the change, and the next try goes through. */
static void t_fault(void **state)
{
	struct town *t = *state;
	char secret[ACCOUNT_SECRET] = "";
	int64_t at;

	(void)fault_arm("tx.commit:1");
	assert_int_not_equal(import(t, "people", people, false), OK);
	assert_int_equal(fault_arm(NULL), 1);
	assert_int_equal(head(t), 1);
	assert_int_equal(import(t, "people", people, false), OK);
	at = head(t);
	(void)fault_arm("tx.commit:1");
	assert_int_not_equal(
		office_device_add(t->st, t->in, NOW, "d-1", "p-1", "990101", secret, &t->end, &t->why), OK);
	assert_int_equal(fault_arm(NULL), 1);
	assert_int_equal(head(t), at);
	secret[0] = '\0';
	assert_int_equal(
		office_device_add(t->st, t->in, NOW, "d-1", "p-1", "990101", secret, &t->end, &t->why), OK);
	assert_int_equal(t->end.commit, at + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(t_import, open_town, close_town),
		cmocka_unit_test_setup_teardown(t_accounts, open_town, close_town),
		cmocka_unit_test_setup_teardown(t_users, open_town, close_town),
		cmocka_unit_test_setup_teardown(t_released, open_town, close_town),
		cmocka_unit_test_setup_teardown(t_fault, open_town, close_town),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
