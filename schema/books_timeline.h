/* books_timeline.h - what was done to a case, by whom, when, and when the office learned of it. */
#ifndef XUNGE_SCHEMA_BOOKS_TIMELINE_H
#define XUNGE_SCHEMA_BOOKS_TIMELINE_H

#include "core/casus.h"
#include "schema/books.h"

#define BOOKS_STEPS 500 /* of a case that are given, the last in its order */

struct books_photo {
	struct slice sha256, role, mime; /* p NULL: not said */
};

struct books_step {
	const struct casus_act *act; /* key, base, person, action, to, until_ms, result, rating, fate, detail, waits, parallel, state, version */
	const char *person_name, *to_name; /* "" unknown, or nobody's */
	int64_t recv_ms;
	int64_t committed_ms;        /* when the office learned of it; -1: it is held */
	int64_t commit;              /* 0: it is held */
	bool displaced;              /* stored, and in force no longer */
	bool repeated;               /* a further report: kept without effect */
	struct slice note, title, text;
	struct books_photo photo[EVENT_ATT_MAX];
	uint32_t nphoto;
	struct books_named voided_by; /* code NULL: it is not voided */
	int64_t voided_ms;
	struct slice voided_why;
};

struct books_story {
	uint32_t cut;     /* steps before the first that was given */
	uint32_t actions; /* bits 1 << enum casus_action that fit the state and the asker's rights */
};

/* In folding order, those that wait behind.  The caller has checked that the asker may see the case.
 * person: the asker's; grant: his role.  ERR_NOTFOUND: nobody knows the case. */
enum err books_timeline(struct store *st, struct slice id, const char *person, const struct casus_grant *grant,
	struct books_story *out, void (*row)(void *ctx, const struct books_step *s), void *ctx) MUST_CHECK;

#endif
