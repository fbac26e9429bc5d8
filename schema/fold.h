/* fold.h - what follows from the events of one patrol.  patrol_add() is commutative: the same
 * events in any order give the same patrol (invariant 3), so a late event needs no second reading
 * of the others; only a void does (patrol_clear, then add the rest again). */
#ifndef XUNGE_SCHEMA_FOLD_H
#define XUNGE_SCHEMA_FOLD_H

#include "core/order.h"
#include "schema/registry.h"

/* What a patrol adds to the tallies; all of it or nothing (level and area may be ""). */
struct patrol_share {
	int32_t day;
	char area[AREA_CODE_MAX + 1];
	char level[12];  /* of the appointment that covers the target, of any role */
	char route[12];
	bool river;      /* also a river patrol of a chief ... */
	char river_level[12]; /* ... of this level */
	bool counts;     /* false: there is no start */
};

struct patrol {
	int64_t id, last; /* last: commit of its newest event */
	char device[EVENT_DEVICE_MAX + 1], name[EVENT_ID_MAX + 1];
	struct order_key start, end;
	char person[65], actor[65]; /* for whom it counts, who walked */
	char route[12], target[REACH_CODE_MAX + 1];
	bool clear;
	int64_t tracks;
	struct patrol_share share; /* as it stands in the tallies */
	bool is_new, dirty;
	struct patrol *next_dirty;
};

/* One event of the patrol, not voided.  actor: who acted, as judged. */
void patrol_add(struct patrol *p, const struct event *ev, struct slice device, struct slice actor);
void patrol_clear(struct patrol *p); /* forgets all events; id, last and share stay */

/* What it should add, by the registry r. */
enum err patrol_share(const struct patrol *p, struct registry *r, struct patrol_share *out) MUST_CHECK;
bool patrol_share_same(const struct patrol_share *a, const struct patrol_share *b);

#endif
