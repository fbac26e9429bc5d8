#include "schema/office.h"

#include <assert.h>

#include "schema/sql.h"

static enum err begin(struct store *st, struct why *why)
{
	enum err e;

	assert(!store_is_open(st));
	if ((e = store_begin(st)) != OK)
		return why_set(why, e, "cannot begin a transaction: %s", store_detail(st));
	return OK;
}

/* The second half of every change: what the registry's change may free is judged in the same
 * transaction, so that nobody sees the one without the other. */
static enum err finish(struct store *st, struct intake *in, int64_t now_ms, enum intake_change what,
	struct office_end *end, struct why *why)
{
	struct head head;
	bool more = false;
	enum err e;

	if (in) {
		if ((e = intake_registry_changed(in, now_ms, what, &more)) != OK ||
			(e = intake_commit(in, now_ms, &head)) != OK) {
			e = why_set(why, e, "cannot commit: %s", store_detail(st));
			intake_abort(in);
			store_rollback(st); /* does nothing after intake_abort */
			return e;
		}
	} else if ((e = store_commit(st, now_ms, &head)) != OK) {
		return why_set(why, e, "cannot commit: %s", store_detail(st));
	}
	end->head = head;
	end->more = more;
	return OK;
}

/* A change that took no commit number changed nothing: no transaction is written for it. */
static enum err conclude(struct store *st, struct intake *in, int64_t now_ms, enum intake_change what,
	int64_t commit, struct office_end *end, struct why *why)
{
	enum err e;

	if (commit == 0) {
		store_rollback(st);
		if ((e = store_head(st, &end->head)) != OK)
			return why_set(why, e, "cannot read the head: %s", store_detail(st));
		end->more = false;
	} else if ((e = finish(st, in, now_ms, what, end, why)) != OK) {
		return e;
	}
	end->commit = commit;
	return OK;
}

/* A refusal that did not say why is the store's. */
static enum err refuse(struct store *st, enum err e, struct why *why)
{
	if (why && !why->text[0])
		(void)why_set(why, e, "cannot change the registry: %s", store_detail(st));
	store_rollback(st);
	return e;
}

static void hush(struct why *why)
{
	if (why)
		why->text[0] = '\0';
}

/* Does an import of this kind change the level, area or verdict of patrols? */
static bool decides_places(const char *kind)
{
	static const char *const places[] = {"areas", "reaches", "people", "appointments", "duties", "map"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strcmp(kind, places[i]) == 0)
			return true;
	return false;
}

static enum intake_change what_it_moves(const char *kind)
{
	if (decides_places(kind))
		return INTAKE_PLACES;
	if (strcmp(kind, "categories") == 0 || strcmp(kind, "calendar") == 0)
		return INTAKE_CATALOGUE;
	return strcmp(kind, "exemptions") == 0 ? INTAKE_DUTIES : INTAKE_ENROLLED; /* rules judge patrols, too: above */
}

enum err office_import(struct store *st, struct intake *in, int64_t now_ms, const char *kind,
	const char *staged, bool dry_run, struct import_report *report, struct import_result *result,
	struct office_end *end, struct why *why)
{
	struct import_result r = {0};
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = import_apply(st, now_ms, kind, staged, report, &r, why)) != OK)
		return refuse(st, e, why);
	if (dry_run)
		r.commit = 0;
	e = conclude(st, in, now_ms, what_it_moves(kind), r.commit, end, why);
	if (e == OK)
		*result = r;
	return e;
}

/* What the transaction added to corrections, from number `commit` on, becomes one row each; those that come to nothing go, so
 * that a frozen month whose events say what they said keeps its last change. */
static enum err gather_corrections(struct store *st, int64_t commit)
{
	sqlite3_stmt *q = sql_get(st, "INSERT INTO correction(day, figure, area, level, category, \"commit\", n) SELECT day, figure, area, level, category, "
				      "0, sum(n) FROM correction WHERE \"commit\" >= ? GROUP BY day, figure, area, level, category HAVING sum(n) <> 0");
	enum err e;

	sql_int(q, 1, commit);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(st, "DELETE FROM correction WHERE \"commit\" >= ?");
	sql_int(q, 1, commit);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(st, "UPDATE correction SET \"commit\" = ? WHERE \"commit\" = 0");
	sql_int(q, 1, store_head_next(st));
	return sql_run(q);
}

static enum err refold(struct store *st, struct intake *in, int64_t now_ms)
{
	sqlite3_stmt *q;
	struct head head;
	int64_t commit;
	enum err e;

	if ((e = store_note(st, now_ms, "fold again", 0, &commit)) != OK || (e = intake_refold(in, now_ms)) != OK ||
		(e = intake_flush(in, now_ms)) != OK || (e = gather_corrections(st, commit)) != OK)
		return e;
	q = sql_get(st, "DELETE FROM meta WHERE key = 'refold'");
	return (e = sql_run(q)) == OK ? intake_commit(in, now_ms, &head) : e;
}

enum err office_refold(struct store *st, const struct intake_conf *conf, int64_t now_ms, bool *done, struct why *why)
{
	sqlite3_stmt *q = sql_get(st, "SELECT 1 FROM meta WHERE key = 'refold'");
	struct intake *in;
	enum err e = sql_row(q);

	hush(why);
	sql_done(q);
	*done = e == OK;
	if (e == ERR_NOTFOUND)
		return OK;
	if (e != OK || (e = begin(st, why)) != OK)
		return e;
	in = intake_new(st, conf);
	if ((e = refold(st, in, now_ms)) != OK)
		e = why_set(why, e, "cannot fold the events again: %s", store_detail(st));
	intake_free(in); /* rolls back what is open */
	return e;
}

enum err office_more(struct store *st, struct intake *in, int64_t now_ms, struct office_end *end,
	struct why *why)
{
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK || (e = finish(st, in, now_ms, INTAKE_MORE, end, why)) != OK)
		return e;
	end->commit = 0;
	return OK;
}

enum err office_device_add(struct store *st, struct intake *in, int64_t now_ms, const char *id,
	const char *person, const char *district, char secret[ACCOUNT_SECRET],
	struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = account_device_add(st, now_ms, id, person, district, secret, &commit, why)) != OK)
		return refuse(st, e, why);
	return conclude(st, in, now_ms, INTAKE_ENROLLED, commit, end, why);
}

enum err office_device_revoke(struct store *st, struct intake *in, int64_t now_ms, const char *id,
	struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = account_device_revoke(st, now_ms, id, &commit, why)) != OK)
		return refuse(st, e, why);
	return conclude(st, in, now_ms, INTAKE_ENROLLED, commit, end, why);
}

enum err office_device_enrol(struct store *st, struct intake *in, int64_t now_ms, const char *id,
	const char *person, struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = account_device_enrol(st, now_ms, id, person, &commit, why)) != OK)
		return refuse(st, e, why);
	return conclude(st, in, now_ms, INTAKE_ENROLLED, commit, end, why);
}

enum err office_user_put(struct store *st, int64_t now_ms, const char *name, const char *person,
	const char *role, const char *scope, const char *hash, struct office_end *end,
	struct why *why)
{
	int64_t commit = 0;
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = account_user_put(st, now_ms, name, person, role, scope, hash, &commit, why)) != OK)
		return refuse(st, e, why);
	return conclude(st, NULL, now_ms, INTAKE_ENROLLED, commit, end, why);
}

enum err office_user_password(struct store *st, int64_t now_ms, const char *name, const char *old, const char *hash,
	struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = account_user_password(st, now_ms, name, old, hash, &commit, why)) != OK)
		return refuse(st, e, why);
	return conclude(st, NULL, now_ms, INTAKE_ENROLLED, commit, end, why);
}

enum err office_user_disable(struct store *st, int64_t now_ms, const char *name,
	struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	hush(why);
	if ((e = begin(st, why)) != OK)
		return e;
	if ((e = account_user_disable(st, now_ms, name, &commit, why)) != OK)
		return refuse(st, e, why);
	return conclude(st, NULL, now_ms, INTAKE_ENROLLED, commit, end, why);
}
