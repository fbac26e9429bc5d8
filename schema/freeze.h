/* freeze.h - months whose books are closed (table freeze).
 *
 * From the freeze on, the tallies of the month's days do not move; what comes later stands in `correction`.  A whole
 * month or a run of whole months that are all frozen is shown as of its (latest) freeze, whatever came since. */
#ifndef XUNGE_SCHEMA_FREEZE_H
#define XUNGE_SCHEMA_FREEZE_H

#include "schema/office.h"

/* Freezes the months of "2023-12" or "2023" that are not frozen yet, in one transaction with one commit number; called by
 * ingest from its local door, or by the command when no ingest runs.  ERR_INVALID: no such period, not over yet at
 * now_ms; ERR_EXISTS: all of it is frozen. */
enum err office_freeze(struct store *st, struct intake *in, int64_t now_ms, const char *period,
	struct office_end *end, struct why *why) MUST_CHECK;

/* Days [from, to) are whole months, all frozen: *commit is the latest of their freezes; else 0. */
enum err freeze_covers(struct store *st, int32_t from_day, int32_t to_day, int64_t *commit) MUST_CHECK;

/* The commit of the freeze of this day's month; 0: it is not frozen (as of the store's world). */
enum err freeze_of(struct store *st, int32_t day, int64_t *commit) MUST_CHECK;

struct freeze_correction { /* borrowed for the call */
	const char *figure, *level, *category; /* of figures[]; level, category "": the total */
	const char *name, *unit;
	int32_t month;             /* yyyymm */
	int64_t frozen_commit, commit; /* of the freeze; of the last change */
	const char *before, *after; /* as displayed */
	int64_t change;            /* in the tally's units; rates: 0 */
	const char *events;        /* "device/epoch/seq" of those that came since, separated by spaces, at most 20 */
	int64_t events_n;          /* how many there are */
};
/* Every figure row of frozen months in [from, to) that is no longer what was frozen. */
enum err freeze_corrections(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, bool english,
	void (*row)(void *ctx, const struct freeze_correction *c), void *ctx) MUST_CHECK;

#endif
