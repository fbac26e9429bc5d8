/* households.h - what was said of monitored households (table household), and how they stand. */
#ifndef XUNGE_SCHEMA_HOUSEHOLDS_H
#define XUNGE_SCHEMA_HOUSEHOLDS_H

#include "core/event.h"
#include "schema/store.h"

/* A household event is applied as `commit`, for this area. */
enum err households_put(struct store *st, const struct event *ev, struct slice device, const char *area, int64_t commit) MUST_CHECK;
/* It is void since commit `by`. */
enum err households_void(struct store *st, const struct event *ev, struct slice device, int64_t by) MUST_CHECK;
/* All rows again, from the events.  Inside a transaction. */
enum err households_refill(struct store *st) MUST_CHECK;

struct households_ask {
	const char *lo, *hi;   /* areas [lo, hi): that of the latest record counts */
	int64_t to_ms, as_of;  /* records before to_ms whose events came by commit as_of (INT64_MAX: all) */
};
/* Each household behind *after (in its place stands the last one given), by name, as its latest record of then has it; persons: the
 * latest number given, 0 when there was none.  Goes on until until_mono_ms (0: to the end); *over: that was all. */
enum err households_some(struct store *st, const struct households_ask *ask, char after[EVENT_NAME_MAX + 1], int64_t until_mono_ms,
	void (*row)(void *ctx, const char *area, bool removed, int64_t persons), void *ctx, bool *over) MUST_CHECK;

/* Each row that is not what its event says, and each event without one, to said(). */
enum err households_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx) MUST_CHECK;

#endif
