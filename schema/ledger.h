/* ledger.h - the records behind a number, and the numbers, for exports and checks. */
#ifndef XUNGE_SCHEMA_LEDGER_H
#define XUNGE_SCHEMA_LEDGER_H

#include "schema/store.h"

struct figure_row {
	const char *figure, *level, *category; /* category "" = total of the figure */
	const char *area;
	int32_t day;
	int64_t n;
};
/* Folds events and registry up to commit as_of, from nothing but the events themselves: every (figure, level, category,
 * area, day) with n != 0 of the patrol counts, in that order.  The slow, plain way: exports of an older as-of, and `xunge check`. */
enum err ledger_recount(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct figure_row *f), void *ctx) MUST_CHECK;
/* The same where the rows of patrol and casus stand as of then: what they say that they add (schema/asof.c).  In parts:
 * the rows of one key add up. */
enum err ledger_sums(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct figure_row *f), void *ctx) MUST_CHECK;
/* The same from the kept tallies (as of now), days in [from, to). */
enum err ledger_tallies(struct store *st, int32_t from_day, int32_t to_day, const char *scope, void (*row)(void *ctx, const struct figure_row *f), void *ctx) MUST_CHECK;
struct dossier;
/* Each case as of then, read and folded anew; one that was not known yet has no acts (d->n 0). */
enum err ledger_cases(struct store *st, int64_t as_of, enum err (*one)(void *ctx, const struct dossier *d), void *ctx) MUST_CHECK;
/* The commit's instant (of its batch); ERR_NOTFOUND beyond the head. */
enum err ledger_commit_time(struct store *st, int64_t commit, int64_t *ms) MUST_CHECK;

/* Everything that must agree: integrity, commit numbers without holes, chains, windows, tallies = recount,
 * patrols = fold.  Each contradiction goes to `said`; *count is their number. */
enum err ledger_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx, int64_t *count) MUST_CHECK;

#endif
