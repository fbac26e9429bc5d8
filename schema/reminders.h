/* reminders.h - somebody of the office reminds a person of an overdue duty: a row under a commit number of its own, seen by
 * all who see the duty, carried to his phone by its next sync, and counted for as long as this lapse lasts.
 *
 * Called by ingest from its local door; as schema/acts.h: the caller commits its open batch first (assert), OK with *ans the
 * answer, a refusal (4xx) too: then nothing is stored and end->commit is 0. */
#ifndef XUNGE_SCHEMA_REMINDERS_H
#define XUNGE_SCHEMA_REMINDERS_H

#include "schema/acts.h"
#include "schema/reminded.h"

#define REMINDERS_AGAIN_MS (10 * 60000LL) /* of the same duty: not sooner */

struct reminder_request { /* borrowed */
	const char *user;   /* account: role centre or leader, or office of the place; the duty in its scope */
	const char *person, *rule, *target; /* target "": any */
};

/* 200: person, rule, target, count, at, by, by_name, commit.  403 not_allowed; 404 not_found: no such duty in the scope;
 * 409 not_overdue; 409 reminded: within REMINDERS_AGAIN_MS, with when and by whom. */
enum err reminder_send(struct store *st, struct intake *in, int64_t now_ms, const struct reminder_request *rq,
	struct act_answer *ans, struct office_end *end, struct why *why) MUST_CHECK;

#endif
