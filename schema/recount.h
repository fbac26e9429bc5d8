/* recount.h - patrols from nothing but their events and the registry, as of a commit number: the slow, plain way.  All points of a
 * patrol are folded at once, never added to a state that was kept; exports of an older as-of, and `xunge check`. */
#ifndef XUNGE_SCHEMA_RECOUNT_H
#define XUNGE_SCHEMA_RECOUNT_H

#include "schema/fold.h"

/* Gives each patrol that has an event by then (also voided ones): its share, reasons, rule and track as they should stand, and
 * its id.  *missed: events of patrols that no chain leads to; 0 in a sound database.
 * Memory: one patrol; all of them while a duty rule asks for a gap between patrols. */
enum err recount_patrols(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct patrol *p), void *ctx, int64_t *missed) MUST_CHECK;

/* The same for the patrols whose rows changed after as_of: the others stand in their rows as they were.  *all: it gave all, since a
 * rule asked for a gap between patrols. */
enum err recount_changed(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct patrol *p), void *ctx, bool *all) MUST_CHECK;

#endif
