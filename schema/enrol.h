/* enrol.h - codes that let a phone in: made for a device and its person, shown as a link or a QR picture, good once.
 *
 *   enrol_offer --> OPEN --enrol_redeem--> used (the device has a new secret)
 *                        --another code for the device--> replaced
 *                        --the device is revoked--> revoked
 *                        --`hours` later, or the database was restored from a backup--> void
 *
 * The token has 256 bits and is kept as a hash; the secret is made when it is redeemed, and told that once.  A device that
 * is there already keeps its person and its streams: whatever still used its old secret is locked out.
 *
 * Called by ingest from its local door, and by the command when no ingest runs.  The caller commits its open batch
 * first (assert).  OK: *ans is the answer, a refusal (4xx) too: then nothing is stored and end->commit is 0. */
#ifndef XUNGE_SCHEMA_ENROL_H
#define XUNGE_SCHEMA_ENROL_H

#include "schema/acts.h"

#define ENROL_HOURS 24
#define ENROL_HOURS_MAX 168
#define ENROL_OPEN_MAX 20000                /* codes that wait; then 429 */
#define ENROL_KEEP_MS (30 * 86400000LL)     /* so long after it expired, a code is told what became of it */

struct enrol_request { /* borrowed */
	const char *user;     /* account: role admin or centre, the person in its scope; NULL: the command, trusted */
	const char *device;   /* new, revoked, or this person's */
	const char *person;   /* NULL: the one it belongs to */
	const char *district; /* NULL: the device's, else that of the person's appointment, else of the user's scope */
	int64_t hours;        /* 1 .. ENROL_HOURS_MAX */
};

/* 200: token, path (of the field app), device, person, name, district, until. */
enum err enrol_offer(struct store *st, struct intake *in, int64_t now_ms, const struct enrol_request *rq,
	struct act_answer *ans, struct office_end *end, struct why *why) MUST_CHECK;

/* 200: device, secret, district, mqtt (where the broker is, on the server's own origin).  404 unknown_code; 410 code_used,
 * code_expired, code_replaced. */
enum err enrol_redeem(struct store *st, struct intake *in, int64_t now_ms, const char *token,
	struct act_answer *ans, struct office_end *end, struct why *why) MUST_CHECK;

/* Would enrol_redeem take it now?  For readers, so that guesses cost ingest nothing: 200, or the refusal's status with
 * its code and detail (literals). */
enum err enrol_look(struct store *st, int64_t now_ms, const char *token, int *status, const char **code, const char **detail) MUST_CHECK;

#endif
