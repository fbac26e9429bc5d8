/* books_held.h - what is kept and does not count: held events, and acts that a late event put out of force. */
#ifndef XUNGE_SCHEMA_BOOKS_HELD_H
#define XUNGE_SCHEMA_BOOKS_HELD_H

#include "schema/books.h"

struct books_held_filter { /* zeroed = all */
	const char *code, *device; /* NULL: any */
};

struct books_held {
	const char *device, *epoch, *code, *detail, *waits; /* waits "": displaced */
	int64_t seq;
	const char *kind;     /* "case.act" */
	const char *casus;    /* case id; "" */
	struct books_named person; /* who acted, as the event or its device says */
	int64_t at_ms;        /* event time */
	int64_t since_ms;     /* received; or the commit that displaced it */
	int64_t due_ms;       /* judged again then; -1 */
	int64_t commit;       /* of a displaced event; 0: held */
};

/* The held ones, latest first, then the displaced ones, latest first.  Seen by those in whose scope the device's person
 * is appointed, or the case lies that it waits for. */
enum err books_held(struct store *st, struct books_page *p, const struct books_held_filter *f,
	void (*row)(void *ctx, const struct books_held *h), void *ctx) MUST_CHECK;

#endif
