/* books_events.h - the stored events, by commit number. */
#ifndef XUNGE_SCHEMA_BOOKS_EVENTS_H
#define XUNGE_SCHEMA_BOOKS_EVENTS_H

#include "schema/books.h"

struct books_event_filter { /* zeroed = all */
	const char *person, *device; /* NULL: any */
	int kind;   /* core/event.h; 0: any */
	bool rising; /* oldest commit first */
};

struct books_event {
	int64_t commit, seq, at_ms, recv_ms, committed_ms;
	const char *device, *epoch, *kind;
	struct books_named person, scope;
	const char *area;
	bool imported, voided, displaced;
	struct slice raw; /* the event as it came: a JSON object */
};

/* By commit number, newest first; with event times in [from, to). */
enum err books_events(struct store *st, struct books_page *p, const struct books_event_filter *f,
	void (*row)(void *ctx, const struct books_event *ev), void *ctx) MUST_CHECK;

#endif
