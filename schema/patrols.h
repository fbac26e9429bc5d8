/* patrols.h - the patrols that a batch touches: found, folded, counted, written. */
#ifndef XUNGE_SCHEMA_PATROLS_H
#define XUNGE_SCHEMA_PATROLS_H

#include "base/map.h"
#include "core/json.h"
#include "schema/fold.h"
#include "schema/tally.h"

#define PATROLS_CACHE 8192

struct patrols {
	struct store *st;
	struct map map; /* "device id" -> struct patrol */
	struct patrol *dirty; /* those to be written */
	int64_t next_id;
	struct json json; /* for reading events again */
};

void patrols_clear(struct patrols *ps); /* drops all memory; what is dirty is lost */
void patrols_done(struct patrols *ps);

/* The patrol `name` of device, made in memory when make and there is none.  NULL with OK: none. */
struct patrol *patrols_get(struct patrols *ps, struct slice device, struct slice name, bool make, enum err *e);
enum err patrols_by_id(struct patrols *ps, int64_t id, struct patrol **out) MUST_CHECK;

void patrols_touch(struct patrols *ps, struct patrol *p); /* it will be written by patrols_flush */

/* Folds p again from its chain of events, without the voided ones. */
enum err patrols_refold(struct patrols *ps, struct patrol *p) MUST_CHECK;

/* Moves the tallies to what the dirty patrols now add, writes them. */
enum err patrols_flush(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit) MUST_CHECK;

/* Every patrol again by the registry as it stands now (after an import). */
enum err patrols_reclass(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit) MUST_CHECK;

#endif
