/* freeze.h - months whose books are closed (table freeze), and what came after (table correction).
 *
 * From the freeze on, the tallies of the month's days do not move; tallies_flush() puts what comes later into `correction`,
 * each change under its commit number.  Invariant: frozen tally + corrections = recount from the events (ledger_check).
 * A period whose days all lie in frozen months (a week, too) is shown as of the latest of their freezes, whatever came since.
 *
 * Duties and the states of households are no tallies of events: those of a frozen month are the ones that stood when it
 * was frozen (tallies duty_met, duty_overdue; the records known by then), and a correction is what they come to now. */
#ifndef XUNGE_SCHEMA_FREEZE_H
#define XUNGE_SCHEMA_FREEZE_H

#include "schema/breath.h"
#include "schema/figures/figures.h"
#include "schema/office.h"

#define FREEZE_FIRST_YEAR 1970

struct freeze_done {
	int32_t month[12]; /* yyyymm, those that were frozen now */
	int n;
};

/* Is it "2023-12" or "2023"?  ERR_USAGE: it is neither. */
enum err freeze_is_period(const char *period, struct why *why) MUST_CHECK;

/* Freezes the months of "2023-12" or "2023" that are not frozen yet, in one transaction with one commit number; called by
 * ingest from its local door, or by the command when no ingest runs.  in: may be NULL.  ERR_INVALID: no such period, not over
 * yet at now_ms (+08:00); ERR_EXISTS: all of it is frozen. */
enum err office_freeze(struct store *st, struct intake *in, int64_t now_ms, const char *period,
	struct freeze_done *done, struct office_end *end, struct why *why) MUST_CHECK;

struct freeze_month { /* borrowed for the call */
	int32_t month;
	int64_t commit, time_ms, corrections; /* corrections: counts by day and area that are no longer what was frozen */
	const char *program;
};
enum err freeze_list(struct store *st, void (*row)(void *ctx, const struct freeze_month *m), void *ctx) MUST_CHECK;

/* Days [from, to) all lie in frozen months: *last is the latest of their freezes, *first (may be NULL) the earliest; else 0. */
enum err freeze_covers(struct store *st, int32_t from_day, int32_t to_day, int64_t *first, int64_t *last) MUST_CHECK;

/* ------------------------------------------------------------------ what was kept */

struct freeze_row { /* borrowed for the call */
	const char *figure, *name, *level, *category, *category_name, *unit, *display, *definition;
	const char *value;         /* NULL: it has none */
	bool rate;
	int64_t num, den;
};
/* The rows of `figures` for everything as they were when days [from, to), one month, were frozen as `commit`; they are held against
 * their hash first.  ERR_NOTFOUND: that is no such month. */
enum err freeze_rows(struct store *st, int32_t from_day, int32_t to_day, int64_t commit, bool english,
	void (*row)(void *ctx, const struct freeze_row *r), void *ctx) MUST_CHECK;

/* What the figures of [from, to), all in frozen months, were called and meant.  *out NULL: what they do now, or the
 * period is not frozen.  Of months frozen by different programs: figures that all of them knew, in the words of the last. */
struct freeze_words;
enum err freeze_words_read(struct store *st, int32_t from_day, int32_t to_day, struct freeze_words **out) MUST_CHECK;
void freeze_words_free(struct freeze_words *w);
struct freeze_said {
	char *name, *definition; /* owned */
};
/* False: it was not there. */
bool freeze_words_of(struct freeze_words *w, const char *figure, bool english, struct freeze_said *out);
void freeze_said_done(struct freeze_said *s);

/* Everything that must hold of freezes, for `xunge check`: their hashes, their rows against the frozen tallies. */
enum err freeze_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx) MUST_CHECK;

/* ------------------------------------------------------------------ what came after (freeze_diff.c, freeze_cause.c) */

#define FREEZE_EVENTS 20

struct freeze_correction { /* borrowed for the call */
	const struct figure *f;
	const char *name, *level, *category, *category_name, *unit, *definition; /* level, category "": the total */
	int32_t month;             /* yyyymm */
	int64_t frozen, commit;    /* of the freeze; of the last change (0: only the clock or the registry moved it) */
	const char *before, *after; /* as displayed */
	bool has_change;           /* false: one of them has no value */
	int64_t change;            /* after - before, as displayed (of rates: percentage points), ... */
	int decimals;              /* ... with so many of them: 25 and 1 is 2.5 */
	const char *events;        /* "device/epoch/seq", separated by spaces: those that came since, in that order, at most FREEZE_EVENTS */
	int64_t events_n;          /* how many there are */
};

struct freeze_ask {
	const char *scope, *within;
	int32_t from_day, to_day;  /* frozen months that have a day in [from, to) */
	int64_t at_ms;             /* for what hangs on the clock */
	bool english;
	bool bare;                 /* without events */
	bool masked;               /* as figures_ask.masked */
	bool still;                /* the database does not change between two pieces */
};
/* Every figure row of frozen months that shows something else than what was frozen: by month, then in the order of figures[].  The store stands at
 * the commit asked for, in a snapshot for each piece.  What was committed between two of them and may show in a frozen month is ERR_STALE: begin
 * again; all else does not matter.  So all of it is of the snapshot of the last call, also of one that had nothing left to do. */
struct freeze_diff;
struct freeze_diff *freeze_diff_new(struct store *st, const struct freeze_ask *ask, void (*row)(void *ctx, const struct freeze_correction *c), void *ctx);
enum err freeze_diff_some(struct freeze_diff *d, struct breath *b, bool *more) MUST_CHECK;
int freeze_diff_progress(const struct freeze_diff *d); /* thousandths */
void freeze_diff_free(struct freeze_diff *d);
/* All of it at once, in the caller's snapshot. */
enum err freeze_corrections(struct store *st, const struct freeze_ask *ask, void (*row)(void *ctx, const struct freeze_correction *c),
	void *ctx) MUST_CHECK;

struct freeze_loose { /* patrols without a start, found once for all months; zeroed = nothing was looked for */
	int64_t *id; /* owned */
	size_t n, cap;
	int64_t at;
};

struct freeze_causes; /* the events after the freeze of one month, in a scope */
struct freeze_causes *freeze_causes_new(struct store *st, const char *scope, const char *within, int32_t month, int64_t frozen, struct freeze_loose *loose);
void freeze_causes_free(struct freeze_causes *fc);
/* Reads some of them; *more: there may be others. */
enum err freeze_causes_read(struct freeze_causes *fc, struct breath *b, bool *more) MUST_CHECK;
/* When all are read, those behind a figure's row: adds at most FREEZE_EVENTS to out, counts all in *n; *last (in and out): the highest of their commits. */
enum err freeze_causes_of(struct freeze_causes *fc, const struct figure *f, const char *level, const char *category, struct buf *out,
	int64_t *n, int64_t *last) MUST_CHECK;

#endif
