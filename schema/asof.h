/* asof.h - a reader's database as it was at commit N: what follows from events is folded anew where it has changed since.
 *
 * From asof_enter() on, names of tables mean what they held at commit N: temporary tables and views of this connection stand before
 * the real ones, so every query of schema/ answers as of N without knowing it.  Which names, says how deep it goes; each
 * depth costs more, up to what `xunge check` costs.  Days of months that were frozen by then have their frozen tallies.  The
 * connection is good for nothing else after it.  Held events, answers, alerts and device states are those of now. */
#ifndef XUNGE_SCHEMA_ASOF_H
#define XUNGE_SCHEMA_ASOF_H

#include "schema/store.h"

enum asof_depth {
	ASOF_ALL,     /* tally, too, from the rows of the others; every inspection, visit and work is read */
	ASOF_KEPT,    /* what is kept with its commit numbers: event, voided, household, freeze, correction, those of the registry: nothing */
	ASOF_PATROLS, /* patrol too: those that changed since are folded; all of them while a rule asks for a gap between patrols */
	ASOF_CASES,   /* casus, displaced too: all cases are folded */
};

/* st: a private reader, outside of a transaction.  commit: one that there is. */
enum err asof_enter(struct store *st, int64_t commit, enum asof_depth depth, struct why *why) MUST_CHECK;

#endif
