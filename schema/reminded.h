/* reminded.h - how often somebody was reminded of an overdue duty, when last, and by whom (schema/reminders.h sends). */
#ifndef XUNGE_SCHEMA_REMINDED_H
#define XUNGE_SCHEMA_REMINDED_H

#include "schema/store.h"

struct reminded { /* of one lapse */
	int64_t count, at_ms;        /* the last one; count 0: none */
	char by[65], by_name[200];   /* who sent it: person; "" unknown */
};

/* Of the duty that is overdue since `since_ms`; up to commit `as_of` (0: all).  Readers, too. */
enum err reminded_read(struct store *st, const char *person, const char *rule, const char *target, int64_t since_ms, int64_t as_of,
	struct reminded *out) MUST_CHECK;

#endif
