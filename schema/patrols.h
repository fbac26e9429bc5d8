/* patrols.h - the patrols that a batch touches: found, folded, judged, counted, written. */
#ifndef XUNGE_SCHEMA_PATROLS_H
#define XUNGE_SCHEMA_PATROLS_H

#include "base/map.h"
#include "core/json.h"
#include "schema/appraise.h"
#include "schema/concerned.h"
#include "schema/fold.h"
#include "schema/tally.h"

#define PATROLS_CACHE 8192
#define PATROLS_KEPT 8 /* patrols of which the points stay in memory: late ones come in rows */
#define PATROLS_KEPT_POINTS 20000 /* those with more are read from their events each time */

/* All points of a patrol up to its event `last`, repeated ones too, in order. */
struct patrol_points {
	int64_t id, last; /* id 0: free */
	uint64_t used;    /* when, in turns */
	struct track_point *p; /* owned */
	size_t n;
	struct track counts; /* events, came, mock, backwards of these */
};

struct patrols {
	struct store *st;
	struct map map; /* "device id" -> struct patrol */
	struct patrol *dirty; /* those to be written */
	int64_t next_id;
	struct json json; /* for reading events again */
	struct buf state; /* of a track, while its row is written */
	struct appraiser *appraiser; /* made when it is first needed */
	struct patrol_points kept[PATROLS_KEPT];
	uint64_t turns;
	struct map later;   /* person -> from when on his patrols are to be judged again for their gaps */
	struct map touched; /* person -> his id (owned): their duties may stand otherwise now */
	struct concerned *concerned; /* whose rows were written; NULL: nobody asks */
	struct buf shown;   /* people whose patrols began, ended or got another verdict: NUL-terminated; whoever reads them clears them */
};

void patrols_clear(struct patrols *ps); /* drops all memory; what is dirty is lost */
void patrols_done(struct patrols *ps);

/* The patrol `name` of device, made in memory when make and there is none.  NULL with OK: none. */
struct patrol *patrols_get(struct patrols *ps, struct slice device, struct slice name, bool make, enum err *e);
enum err patrols_by_id(struct patrols *ps, int64_t id, struct patrol **out) MUST_CHECK;

void patrols_touch(struct patrols *ps, struct patrol *p); /* it will be written by patrols_flush */

/* Adds an event of p, not voided, whose row is or will be written before patrols_flush. */
enum err patrols_add(struct patrols *ps, struct patrol *p, const struct event *ev, struct slice actor) MUST_CHECK;

/* p will be folded again from its chain of events, without the voided ones, by patrols_flush. */
void patrols_refold(struct patrols *ps, struct patrol *p);

/* Folds and judges the dirty patrols, and those whose gap hangs on them; moves the tallies, writes the rows. */
enum err patrols_flush(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit) MUST_CHECK;

/* Every patrol again by the registry as it stands now (after an import): level, area, line, verdict. */
enum err patrols_reclass(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit) MUST_CHECK;

/* Every patrol again from its events (a database of an older program). */
enum err patrols_refold_all(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit) MUST_CHECK;

/* People for whom patrols or substitutes came, went, moved or changed their worth since patrols_touched_clear();
 * *pos starts at 0, NULL at the end. */
const char *patrols_touched(const struct patrols *ps, size_t *pos);
void patrols_touched_clear(struct patrols *ps);

/* An appraise_gap among the rows as they stand (ctx: the store); see patrols_flush() for those that are not written yet. */
enum err patrols_stand_close(void *ctx, const struct patrol *p, int64_t gap_ms, bool each, bool *out) MUST_CHECK;

/* For schema/asof.c: puts what p was into its row of the temporary table asof_patrol. */
enum err patrols_was(struct store *st, const struct patrol *p, int64_t commit) MUST_CHECK;

#endif
