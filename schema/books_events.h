/* books_events.h - the stored events, by commit number. */
#ifndef XUNGE_SCHEMA_BOOKS_EVENTS_H
#define XUNGE_SCHEMA_BOOKS_EVENTS_H

#include "schema/books.h"

struct books_event_filter { /* zeroed = all */
	const char *person, *device; /* NULL: any */
	int kind;   /* core/event.h; 0: any */
	bool rising; /* oldest commit first */
	bool counted; /* without what is void or out of force, as the figures count */
};

struct books_event {
	int64_t commit, seq, at_ms, recv_ms, committed_ms;
	const char *device, *epoch, *kind;
	struct books_named person, scope;
	const char *area;
	bool imported, voided, displaced;
	struct slice raw; /* the event as it came: a JSON object */
};

#define BOOKS_EVENTS_LOOK (5 * BOOKS_LOOK) /* commits looked at to count them */

/* By commit number, newest first; with event times in [from, to). */
enum err books_events(struct store *st, struct books_page *p, const struct books_event_filter *f,
	void (*row)(void *ctx, const struct books_event *ev), void *ctx) MUST_CHECK;

/* How many there are; *more: the newest BOOKS_EVENTS_LOOK commits were looked at, and there are others. */
enum err books_events_count(struct store *st, const struct books_page *p, const struct books_event_filter *f, int64_t *n, bool *more) MUST_CHECK;

/* The event of this commit, whoever may see it.  ERR_NOTFOUND. */
enum err books_event_one(struct store *st, int64_t commit, void (*row)(void *ctx, const struct books_event *ev), void *ctx) MUST_CHECK;

#endif
