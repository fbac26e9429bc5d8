/* asof.h - a reader's database as it was at commit N, the plain way: everything that follows from events is folded anew.
 *
 * From asof_enter() on, the names patrol, casus, tally, event, voided, household, displaced, freeze, correction and those of the registry
 * mean what they held at commit N: temporary tables and views of this connection stand before the real ones, so every
 * query of schema/ answers as of N without knowing it.  Days of months that were frozen by then have their frozen tallies.
 * It costs what `xunge check` costs: minutes in a large database.  The connection is good for nothing else after it.
 * Held events, answers and device states are those of now. */
#ifndef XUNGE_SCHEMA_ASOF_H
#define XUNGE_SCHEMA_ASOF_H

#include "schema/store.h"

/* st: a private reader, outside of a transaction.  commit: one that there is. */
enum err asof_enter(struct store *st, int64_t commit, struct why *why) MUST_CHECK;

/* Only what is kept with its commit numbers: the registry, events and voids, households, freezes.  Costs nothing.  Patrols,
 * cases and tallies are those of now: figures of months that were frozen by then need no more. */
enum err asof_kept(struct store *st, int64_t commit, struct why *why) MUST_CHECK;

#endif
