/* office.h - changes of the registry, each one transaction: begin, change, judge again what was
 * held, commit.  ingest calls these from its local door, the command when no ingest runs, so that
 * a change has the same effects whichever way it comes.
 *
 * The caller commits its open batch first (assert).  On OK the change is on disk and *end is filled;
 * acks of events that it released wait in intake_next_ack().  On any other result nothing happened.
 * ERR_INVALID, ERR_NOTFOUND, ERR_EXISTS: *why is a line for the person who asked. */
#ifndef XUNGE_SCHEMA_OFFICE_H
#define XUNGE_SCHEMA_OFFICE_H

#include "schema/account.h"
#include "schema/import.h"
#include "schema/intake.h"

struct office_end {
	int64_t commit;   /* number of the change itself; 0: nothing changed, no number was taken */
	struct head head; /* what is committed now */
	bool more;        /* held events still wait to be judged: office_more(), again and again */
};

/* Takes a staging file (import_stage).  dry_run: checks and counts, then takes all of it back. */
enum err office_import(struct store *st, struct intake *in, int64_t now_ms, const char *kind,
	const char *staged, bool dry_run, struct import_report *report, struct import_result *result,
	struct office_end *end, struct why *why) MUST_CHECK;

/* A database that an older program kept (meta.refold): patrols, cases, duties and tallies anew from the events, in one
 * transaction.  *done says whether there was anything to do.  Before anybody else uses the store. */
enum err office_refold(struct store *st, const struct intake_conf *conf, int64_t now_ms, bool *done, struct why *why) MUST_CHECK;

/* The next 10,000 held events at most, in a transaction of their own. */
enum err office_more(struct store *st, struct intake *in, int64_t now_ms, struct office_end *end,
	struct why *why) MUST_CHECK;

/* secret: in and out, as account_device_add(). */
enum err office_device_add(struct store *st, struct intake *in, int64_t now_ms, const char *id,
	const char *person, const char *district, char secret[ACCOUNT_SECRET],
	struct office_end *end, struct why *why) MUST_CHECK;
enum err office_device_revoke(struct store *st, struct intake *in, int64_t now_ms, const char *id,
	struct office_end *end, struct why *why) MUST_CHECK;
enum err office_device_enrol(struct store *st, struct intake *in, int64_t now_ms, const char *id,
	const char *person, struct office_end *end, struct why *why) MUST_CHECK;

/* Accounts of users decide nothing about events: nothing is judged again. */
enum err office_user_put(struct store *st, int64_t now_ms, const char *name, const char *person,
	const char *role, const char *scope, const char *hash, struct office_end *end,
	struct why *why) MUST_CHECK;
enum err office_user_password(struct store *st, int64_t now_ms, const char *name, const char *old, const char *hash,
	struct office_end *end, struct why *why) MUST_CHECK;
enum err office_user_disable(struct store *st, int64_t now_ms, const char *name,
	struct office_end *end, struct why *why) MUST_CHECK;

#endif
