/* recount.h - patrols from nothing but their events and the registry, as of a commit number: the slow, plain way.  All points of a
 * patrol are folded at once, never added to a state that was kept; exports of an older as-of, and `xunge check`. */
#ifndef XUNGE_SCHEMA_RECOUNT_H
#define XUNGE_SCHEMA_RECOUNT_H

#include "schema/appraise.h"

/* Gives each patrol that has an event by then (also voided ones): its share, reasons, rule and track as they should stand, and
 * its id.  *missed: events of patrols that no chain leads to; 0 in a sound database.
 * Memory: one patrol; all of them while a duty rule asks for a gap between patrols. */
enum err recount_patrols(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct patrol *p), void *ctx, int64_t *missed) MUST_CHECK;

/* The same of one patrol at a time.  *p: its id, device and name, the rest zeroed; `last`: its newest event, or a later one.  *any
 * false: nothing of it was known by then.  Its track is the caller's to clear.  gap, ctx: as appraise() has them. */
struct recount;
struct recount *recount_new(struct store *st, int64_t as_of);
void recount_free(struct recount *rc);
enum err recount_one(struct recount *rc, struct patrol *p, int64_t last, appraise_gap *gap, void *ctx, bool *any) MUST_CHECK;

#endif
