/* fold.h - what follows from the events of one patrol.  patrol_add() is commutative: the same
 * events in any order give the same patrol (invariant 3), so a late event needs no second reading
 * of the others; only a void does (patrol_clear, then add the rest again).  The points of the track are
 * the exception (core/track.h): a late one makes the track stale, and its events are read again. */
#ifndef XUNGE_SCHEMA_FOLD_H
#define XUNGE_SCHEMA_FOLD_H

#include "core/order.h"
#include "core/track.h"
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
	bool valid;
	int64_t metres, seconds;
};

/* What the registry says of a patrol's person at its target on its day. */
struct patrol_standing {
	bool appointed;          /* he may patrol there: of a river or gully as chief or patroller */
	char role[16], level[12]; /* of the appointment by whose rules it is judged; "" none */
};

struct patrol {
	int64_t id, last; /* last: commit of its newest event */
	char device[EVENT_DEVICE_MAX + 1], name[EVENT_ID_MAX + 1];
	struct order_key start, end;
	char person[65], actor[65]; /* for whom it counts, who walked */
	char route[12], target[REACH_CODE_MAX + 1];
	bool clear;
	struct order_key sub;      /* the substitute that counts: for duties only */
	char sub_person[65], sub_way[12], sub_target[REACH_CODE_MAX + 1];
	struct track track;
	uint32_t reasons;          /* core/track.h; without a start 0 */
	char rule[65];             /* by which it was judged, "" none */
	struct patrol_share share; /* as it stands in the tallies */
	char was_person[65], was_sub_person[65]; /* in its row */
	int64_t was_start_ms;
	bool moved;                /* start or substitute is another than in its row */
	bool other_end;            /* so is its end */
	/* what was looked up for it, while these are the appraiser's generation; 0: nothing */
	uint32_t standing_gen, line_gen;
	struct patrol_standing standing;
	const struct reachline *line; /* of its target */
	bool is_new, dirty;
	bool refold;               /* all of its events must be read again */
	struct patrol *next_dirty;
};

bool patrol_is_river(const struct patrol *p); /* route river or gully */

/* One event of the patrol, not voided, but for the points of its track.  actor: who acted, as judged. */
void patrol_add(struct patrol *p, const struct event *ev, struct slice device, struct slice actor);
void patrol_clear(struct patrol *p); /* forgets all events; id, last and share stay */

/* Its place in the tallies by the registry r (valid, metres and seconds 0), and its standing. */
enum err patrol_place(const struct patrol *p, struct registry *r, struct patrol_share *share, struct patrol_standing *standing) MUST_CHECK;
/* Do they add to the same tallies?  Valid, metres and seconds apart. */
bool patrol_share_same_place(const struct patrol_share *a, const struct patrol_share *b);
bool patrol_share_same(const struct patrol_share *a, const struct patrol_share *b);

#endif
