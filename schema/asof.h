/* asof.h - a reader's database as it was at commit N: what follows from events is folded anew where it has changed since.
 *
 *   asof_new --> asof_some, asof_some ... (*more false: it is there) --> asof_free
 *
 * From then on names of tables mean what they held at commit N: temporary tables and views of this connection stand before
 * the real ones, so every query of schema/ answers as of N without knowing it.  Which names, says how deep it goes; each
 * depth costs more.  Days of months that were frozen by then have their frozen tallies.  The connection is good for nothing
 * else after it.  Held events, answers, alerts and device states are those of now.
 *
 * Each piece is a read of its own, of some BREATH_MS, and needs nothing of those before it: what is committed meanwhile comes after N.
 * An event and a registry row are what they were; a row of patrol that was not written since N is what it was then, whenever it
 * is looked at, and one that was is folded from its events up to N; so with a day's tallies, as long as N ended a batch. */
#ifndef XUNGE_SCHEMA_ASOF_H
#define XUNGE_SCHEMA_ASOF_H

#include "schema/store.h"

enum asof_depth {
	ASOF_ALL,     /* tally, too: days that did not change since are copied, the others counted from the rows of the others */
	ASOF_KEPT,    /* what is kept with its commit numbers: event, voided, household, freeze, correction, those of the registry: nothing */
	ASOF_PATROLS, /* patrol too: those that changed since are folded */
	ASOF_CASES,   /* casus, displaced too: all cases are folded */
};

struct asof_ask {
	int64_t commit; /* one that there is */
	enum asof_depth depth;
	int32_t from_day, to_day; /* tallies of other days are left out: [from_day, to_day), whole years */
	bool least;     /* as little as can be in one piece (tests) */
};

struct asof;
/* st: a private reader, outside of a transaction whenever this is called. */
struct asof *asof_new(struct store *st, const struct asof_ask *ask);
/* After an error the connection is good for nothing. */
enum err asof_some(struct asof *a, bool *more, struct why *why) MUST_CHECK;
int asof_progress(const struct asof *a); /* thousandths */
void asof_free(struct asof *a);

#endif
