#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/args.h"
#include "schema/ledger.h"
#include "schema/live.h"
#include "schema/office.h"
#include "schema/photos.h"

/* Exactly the words the command wants, and no options. */
static enum err words(int argc, char **argv, const char **word, int want, const char *what,
	struct why *why)
{
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, NULL, 0, word, want, &n, why)) != OK)
		return e;
	return n == want ? OK : why_set(why, ERR_USAGE, "%s is missing", what);
}

/* What needs the database for itself says who has it. */
static enum err in_use(enum err e, const char *db, struct why *why)
{
	return e == ERR_BUSY ? why_set(why, e, "%s is in use: stop xunge-ingest first", db) : e;
}

int cmd_init(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	struct store *st = NULL;
	const char *db = NULL;
	struct head head;
	enum err e;

	if ((e = words(argc, argv, NULL, 0, "", &why)) != OK || (e = cli_db(c, &db, &why)) != OK ||
		(e = cli_owner(db, &why)) != OK || (e = store_create(db, clock_wall_ms(), &why)) != OK ||
		(e = store_open(db, STORE_READER, &st, &why)) != OK)
		return cli_status(c, e, &why);
	if ((e = store_head(st, &head)) != OK)
		(void)why_set(&why, e, "cannot read %s: %s", db, store_detail(st));
	store_close(st);
	if (e == OK)
		(void)printf("%s: new database %s, version %d\n", db, head.db, store_version());
	return cli_status(c, e, &why);
}

/* What an older program did not keep, from the events. */
static enum err fold_again(struct cli *c, const char *db, bool *done, struct why *why)
{
	struct intake_conf conf = {0};
	struct store *st = NULL;
	enum err e;

	if ((e = conf_int(c->conf, "ingest", "max_age_days", 1, 100000, 3650, &conf.max_age_days, why)) == OK &&
		(e = store_open(db, STORE_WRITER, &st, why)) == OK)
		e = office_refold(st, &conf, clock_wall_ms(), done, why);
	store_close(st);
	return e;
}

int cmd_migrate(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	const char *db = NULL;
	int from = 0, to = 0;
	bool done = false;
	enum err e;

	if ((e = words(argc, argv, NULL, 0, "", &why)) != OK || (e = cli_db(c, &db, &why)) != OK ||
		(e = cli_owner(db, &why)) != OK || (e = in_use(store_migrate(db, &from, &to, &why), db, &why)) != OK ||
		((e = fold_again(c, db, &done, &why)) != OK && (e != ERR_BUSY || from != to))) /* its ingest has seen to it */
		return cli_status(c, e, &why);
	if (from == to)
		(void)printf("%s: version %d, nothing to do\n", db, to);
	else
		(void)printf("%s: version %d, was %d\n", db, to, from);
	if (done)
		(void)printf("%s: all events were folded again\n", db);
	return CLI_DONE;
}

#define CONTRADICTIONS_MAX 50 /* that are printed; all are counted */

static void contradiction(void *ctx, const char *line)
{
	int64_t *said = ctx;

	if (++*said <= CONTRADICTIONS_MAX)
		(void)puts(line); /* cli_flush says */
}

struct photos {
	const char *dir;
	int64_t named, missing;
};

static bool count_photo(void *ctx, const char *sha256, const char *device)
{
	struct photos *p = ctx;
	char place[PHOTO_PLACE], path[4096];

	p->named++;
	if (!photos_place(sha256, device, place) || snprintf(path, sizeof path, "%s/%s", p->dir, place) >= (int)sizeof path || access(path, F_OK) < 0)
		p->missing++;
	return true;
}

/* Photos that events name: those that are missing may be on a phone yet, so they are told and contradict nothing. */
static enum err check_photos(struct cli *c, struct store *st, struct photos *p)
{
	p->dir = conf_path(c->conf, "files", "dir", NULL);
	return p->dir && access(p->dir, X_OK) == 0 ? photos_all(st, count_photo, p) : OK;
}

int cmd_check(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	struct store *st = NULL;
	struct head head = {0};
	struct photos photos = {NULL, 0, 0};
	int64_t said = 0, count = 0;
	enum err e;

	if ((e = words(argc, argv, NULL, 0, "", &why)) != OK || (e = cli_read_store(c, &st, &why)) != OK)
		return cli_status(c, e, &why);
	/* One snapshot: what a running ingest commits meanwhile must not look like a contradiction. */
	if ((e = live_begin(st)) != OK || (e = store_head(st, &head)) != OK ||
		(e = ledger_check(st, contradiction, &said, &count)) != OK || (e = check_photos(c, st, &photos)) != OK)
		(void)why_set(&why, e, "cannot check the database: %s", store_detail(st));
	live_end(st);
	store_close(st);
	if (said > CONTRADICTIONS_MAX)
		(void)printf("and %lld more\n", (long long)(said - CONTRADICTIONS_MAX));
	if (e != OK)
		return cli_status(c, e, &why);
	if (count)
		return cli_fail(c, "the database contradicts itself in %lld places: restore a backup, or send the lines above to the maintainers",
			(long long)count);
	(void)printf("everything agrees up to commit %lld\n", (long long)head.commit);
	if (photos.named)
		(void)printf("photos that events name: %lld, of which %lld are not here\n", (long long)photos.named, (long long)photos.missing);
	return CLI_DONE;
}

int cmd_backup(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	struct store *st = NULL, *copy = NULL;
	const char *file = NULL;
	struct head head = {0};
	enum err e;

	if ((e = words(argc, argv, &file, 1, "FILE", &why)) != OK || (e = cli_read_store(c, &st, &why)) != OK)
		return cli_status(c, e, &why);
	if ((e = store_backup(st, file, &why)) == OK && (e = store_open(file, STORE_READER, &copy, &why)) == OK &&
		(e = store_head(copy, &head)) != OK)
		(void)why_set(&why, e, "cannot read back %s: %s", file, store_detail(copy));
	store_close(copy);
	store_close(st);
	if (e == OK)
		(void)printf("%s: everything up to commit %lld of database %s\n", file, (long long)head.commit,
			head.db);
	return cli_status(c, e, &why);
}

int cmd_restore(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	struct store *st = NULL;
	const char *file = NULL, *db = NULL;
	struct head head = {0};
	enum err e;

	if ((e = words(argc, argv, &file, 1, "FILE", &why)) != OK || (e = cli_db(c, &db, &why)) != OK ||
		(e = cli_owner(db, &why)) != OK ||
		(e = in_use(store_restore(file, db, clock_wall_ms(), &why), db, &why)) != OK ||
		(e = store_open(db, STORE_READER, &st, &why)) != OK)
		return cli_status(c, e, &why);
	if ((e = store_head(st, &head)) != OK)
		(void)why_set(&why, e, "cannot read %s: %s", db, store_detail(st));
	store_close(st);
	if (e == OK)
		(void)printf("%s: restored from %s up to commit %lld, database id now %s\n", db, file,
			(long long)head.commit, head.db);
	return cli_status(c, e, &why);
}
