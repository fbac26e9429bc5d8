/* acts.h - what a signed-in officer does to a case or an alert: one event of device `office`, or a note, in a
 * transaction of its own.  Called by ingest from its local door.
 *
 *   account? -> key known: its answer again -> case in scope? -> expected version? -> event -> in force? -> commit
 *                                                                             else everything is taken back
 *
 * The caller commits its open batch first (assert).  On OK *ans is the answer, a refusal (4xx) too: then nothing is
 * stored, and end->commit is 0.  Not OK: the store's error; nothing was done (ERR_FULL, ERR_BUSY), or nobody knows
 * (ERR_IO: the store must be closed).
 *
 * Only what was done is remembered under its key, with the answer, for ACTS_KEY_MS: a refused act is judged anew
 * when it is asked for again.  What was asked is the case and the action; the version expected is not part of it,
 * since who asks again may have seen his own act's. */
#ifndef XUNGE_SCHEMA_ACTS_H
#define XUNGE_SCHEMA_ACTS_H

#include "schema/office.h"

#define ACTS_KEY_MS (24 * 3600 * 1000LL)
#define ACTS_KEY_MAX 64     /* visible ASCII characters */
#define ACTS_PURGE 100      /* forgotten keys taken out with each act */

struct act_request { /* borrowed */
	const char *user;    /* an account */
	const char *casus;   /* case id */
	struct slice action; /* JSON: action, and by action note, to, until (ms), result, rating; no other member */
	int64_t expect;      /* the commit of the case's last change that the officer saw; -1: he did not say (428) */
	const char *key;     /* NULL: the answer is not remembered */
};

/* 200: case, commit, etag, state, version, event.  Else: code, detail, and where the case is known its etag and state. */
struct act_answer {
	int status;      /* as in HTTP */
	struct buf json; /* one object; the caller frees */
};

enum err acts_do(struct store *st, struct intake *in, int64_t now_ms, const struct act_request *rq,
	struct act_answer *ans, struct office_end *end, struct why *why) MUST_CHECK;

/* Somebody knows of this alert.  One of a case: the act `ack` on the case.  Known already: the same answer, nothing
 * is stored.  200: alert, acked_by, acked_at, commit (null: it was known). */
enum err acts_alert_ack(struct store *st, struct intake *in, int64_t now_ms, const char *user, const char *alert,
	struct act_answer *ans, struct office_end *end, struct why *why) MUST_CHECK;

#endif
