/* ledger.h - the records behind a number, and the numbers, for exports and checks. */
#ifndef XUNGE_SCHEMA_LEDGER_H
#define XUNGE_SCHEMA_LEDGER_H

#include "schema/breath.h"

struct figure_row {
	const char *figure, *level, *category; /* category "" = total of the figure */
	const char *area;
	int32_t day;
	int64_t n;
};
/* Folds events and registry up to commit as_of, from nothing but the events themselves: every (figure, level, category,
 * area, day) with n != 0 of the patrol counts, in that order.  The slow, plain way, in one read: `xunge check`. */
enum err ledger_recount(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct figure_row *f), void *ctx) MUST_CHECK;
/* The same from the kept tallies (as of now), days in [from, to). */
enum err ledger_tallies(struct store *st, int32_t from_day, int32_t to_day, const char *scope, void (*row)(void *ctx, const struct figure_row *f), void *ctx) MUST_CHECK;

/* The same of some days, where the rows of patrol and casus stand as of then (schema/asof.c): what they say that they add.  In pieces, each
 * in a read of its own; the rows of one key, of which there may be several, add up. */
struct ledger_days {
	int32_t from, to;    /* [from, to) */
	unsigned char *have; /* of each: not 0 is left out; may be set until the first piece */
};
struct ledger_walk;
struct ledger_walk *ledger_walk_new(struct store *st, int64_t as_of, const struct ledger_days *days, void (*row)(void *ctx, const struct figure_row *f), void *ctx);
enum err ledger_walk_some(struct ledger_walk *w, struct breath *b, bool *more) MUST_CHECK;
int ledger_walk_progress(const struct ledger_walk *w); /* thousandths */
void ledger_walk_free(struct ledger_walk *w);

/* The commit's instant (of its batch); ERR_NOTFOUND beyond the head. */
enum err ledger_commit_time(struct store *st, int64_t commit, int64_t *ms) MUST_CHECK;

/* Everything that must agree: integrity, commit numbers without holes, chains, windows, tallies = recount,
 * patrols = fold.  Each contradiction goes to `said`; *count is their number. */
enum err ledger_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx, int64_t *count) MUST_CHECK;

#endif
