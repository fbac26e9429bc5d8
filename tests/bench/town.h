/* town.h - the registry that the benchmarks' events refer to: 16 communities, 24 reaches, and for
 * each device one person with two appointments, so that patrols count by the level of a chief. */
#ifndef XUNGE_BENCH_TOWN_H
#define XUNGE_BENCH_TOWN_H

#include "base/buf.h"
#include "schema/account.h"
#include "schema/import.h"
#include "schema/store.h"
#include "tests/bench/load.h"

#define TOWN_USER "bench"
#define TOWN_PASSWORD "bench-password"

static inline void town_error(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "bench: %s\n", line);
}

static inline void town_must(enum err e, const char *what, const struct why *why)
{
	if (e != OK)
		load_fail(what, why && why->text[0] ? why->text : err_name(e));
}

static inline void town_import(struct store *st, const char *db, const char *kind, const struct buf *text, int64_t now_ms)
{
	struct import_report report = {.error = town_error};
	struct import_result result;
	struct why why = {""};
	char *csv = xasprintf("%s.%s.csv", db, kind), *staged = xasprintf("%s.%s.staged", db, kind);
	FILE *f = fopen(csv, "we");

	if (!f || fwrite(text->p, 1, text->n, f) != text->n || fclose(f) != 0)
		load_fail(csv, "cannot write");
	town_must(import_stage(kind, csv, staged, &report, &why), csv, &why);
	town_must(import_apply(st, now_ms, kind, staged, &report, &result, &why), csv, &why);
	unlink(staged);
	unlink(csv);
	free(staged);
	free(csv);
}

static inline void town_secret(uint32_t i, char out[ACCOUNT_SECRET])
{
	snprintf(out, ACCOUNT_SECRET, "bench-secret-%05u", i);
}

/* Makes the database db with `devices` devices d-00000 ... and their people; with passwd also a user
 * TOWN_USER and the broker's password file, with an account `ingest` (TOWN_PASSWORD both). */
static inline void town_make(const char *db, const char *passwd, uint32_t devices, int64_t now_ms)
{
	struct buf areas = {0}, reaches = {0}, people = {0}, appts = {0};
	struct store *st = NULL;
	struct why why = {""};
	int64_t commit;

	buf_adds(&areas, "code,name,valid_from,valid_to\n" LOAD_DISTRICT ",示例区,,\n" LOAD_DISTRICT "100,示例镇,,\n");
	for (int i = 1; i <= LOAD_COMMUNITIES; i++)
		buf_addf(&areas, LOAD_DISTRICT "100%03d,第%d社区,,\n", i, i);
	buf_adds(&reaches, "code,name,river,kind,area,length_m\n");
	for (int i = 1; i <= LOAD_REACHES; i++)
		buf_addf(&reaches, "QSH-%02d,清水河第%d段,清水河,river," LOAD_DISTRICT "100%03d,1500\n", i, i,
			1 + (i - 1) % LOAD_COMMUNITIES);
	buf_adds(&people, "id,name,phone\n");
	buf_adds(&appts, "person,role,scope,level,valid_from,valid_to\n");
	for (uint32_t i = 0; i < devices; i++) {
		buf_addf(&people, "p-%05u,赵%u,\n", i, i);
		buf_addf(&appts, "p-%05u,chief,QSH-%02u,community,2020-01-01,\n", i, 1 + i % LOAD_REACHES);
		buf_addf(&appts, "p-%05u,worker," LOAD_DISTRICT "100%03u,community,2020-01-01,\n", i, 1 + i % LOAD_COMMUNITIES);
	}
	town_must(store_create(db, now_ms, &why), db, &why);
	town_must(store_open(db, STORE_WRITER, &st, &why), db, &why);
	town_must(store_begin(st), db, NULL);
	town_import(st, db, "areas", &areas, now_ms);
	town_import(st, db, "reaches", &reaches, now_ms);
	town_import(st, db, "people", &people, now_ms);
	town_import(st, db, "appointments", &appts, now_ms);
	for (uint32_t i = 0; i < devices; i++) {
		char id[40], person[40], secret[ACCOUNT_SECRET];

		snprintf(id, sizeof id, "d-%05u", i);
		snprintf(person, sizeof person, "p-%05u", i);
		town_secret(i, secret);
		town_must(account_device_add(st, now_ms, id, person, LOAD_DISTRICT, secret, &commit, &why), id, &why);
	}
	if (passwd) {
		char hash[ACCOUNT_HASH];
		char *extra;

		town_must(account_password_hash(TOWN_PASSWORD, hash, &why), "password", &why);
		town_must(account_user_put(st, now_ms, TOWN_USER, "p-00000", "leader", LOAD_DISTRICT "100", hash, &commit, &why), TOWN_USER, &why);
		account_broker_hash(TOWN_PASSWORD, hash);
		extra = xasprintf("ingest:%s\n", hash);
		town_must(account_broker_file(st, passwd, extra, NULL, &why), passwd, &why);
		free(extra);
	}
	town_must(store_commit(st, now_ms, NULL), db, NULL);
	store_close(st);
	buf_done(&areas);
	buf_done(&reaches);
	buf_done(&people);
	buf_done(&appts);
}

#endif
