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

struct households_count {
	int64_t households, persons;                 /* all on the list */
	int64_t removed_households, removed_persons; /* those whose latest state is risk_removed */
};
/* By the latest record of each before to_ms whose event came by commit as_of (INT64_MAX: all), in the areas [lo, hi): the
 * area of that record counts.  Persons: the latest number given, 0 when there was none. */
enum err households_count(struct store *st, const char *lo, const char *hi, int64_t to_ms, int64_t as_of,
	struct households_count *out) MUST_CHECK;

/* Each row that is not what its event says, and each event without one, to said(). */
enum err households_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx) MUST_CHECK;

#endif
