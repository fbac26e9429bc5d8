/* devstates.h - a device's line in the live view: online, seen, queue, missing, battery, position.
 * Read when first needed, written with the batch (table device_state). */
#ifndef XUNGE_SCHEMA_DEVSTATES_H
#define XUNGE_SCHEMA_DEVSTATES_H

#include "base/map.h"
#include "core/event.h"
#include "core/window.h"
#include "schema/store.h"

struct devstate {
	struct devstate *next_dirty;
	char device[EVENT_DEVICE_MAX + 1];
	bool known, dirty, online; /* known: has a row */
	int64_t seen, seen_written; /* platform clock */
	int64_t queue;   /* -1 unknown */
	int64_t missing, holes;
	int64_t missing_since, holes_at; /* since when something is missing; when it last gave numbers up; 0 never */
	int battery;     /* -1 unknown */
	bool has_loc, has_skew;
	int32_t lat_e7, lon_e7; /* WGS-84 */
	int64_t loc_at, skew_ms;
};

struct devstates { /* zeroed but for st = empty */
	struct store *st;
	struct map map;
	struct devstate *dirty;
};

void devstates_clear(struct devstates *ds); /* what is dirty is lost */
struct devstate *devstates_of(struct devstates *ds, struct slice device, enum err *e);
void devstates_touch(struct devstates *ds, struct devstate *s); /* it will be written */
enum err devstates_flush(struct devstates *ds) MUST_CHECK;

/* It was heard of; worth a write only every few seconds. */
void devstate_seen(struct devstates *ds, struct devstate *s, int64_t now_ms);
/* The window of one of its streams changed from these sums. */
void devstate_window(struct devstates *ds, struct devstate *s, const struct window *w, int64_t missing0, int64_t holes0);
/* What an event says of its device; a later one is not undone by an earlier. */
void devstate_event(struct devstates *ds, struct devstate *s, const struct event *ev);

#endif
