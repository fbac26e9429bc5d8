/* waters.h - a set of reaches as a filter, and what was counted on them.
 *
 * `within` of a page or a question (schema/books.h) may be "~": what concerns any reach; "~NAME": the reaches of that
 * river, or the one reach with that code.  Tallies are kept by area only, so sums of reaches are added up from the
 * records along patrol_reach and casus_reach: as they stand now, of frozen months too.  Inspections, visits, works and
 * households have no reach. */
#ifndef XUNGE_SCHEMA_WATERS_H
#define XUNGE_SCHEMA_WATERS_H

#include "schema/books_figures.h"
#include "schema/figures/figures.h"

#define WATERS_NAME_MAX 128 /* bytes of NAME; longer is no river's name */

bool waters_is(const char *within); /* a reach code, or such a set; NULL: no */
bool waters_figure(const struct figure *f); /* is it made of patrols, cases or duties? */

struct waters;

/* The reaches of such a set, as codes. */
enum err waters_read(struct store *st, const char *within, struct waters **out) MUST_CHECK;
void waters_free(struct waters *w); /* NULL does nothing */
bool waters_has(const struct waters *w, const char *code); /* false of what is no reach */

/* As books_sums(): the same rows that the tallies would hold, if they were kept for these reaches alone. */
enum err waters_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day,
	void (*row)(void *ctx, const struct books_tally *t), void *ctx) MUST_CHECK;

/* Duties met and overdue by level, as duty_sums_all(): those whose target is one of these reaches. */
enum err waters_duties(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx) MUST_CHECK;

bool waters_has_days(const char *figure); /* patrols, river_patrols, river_patrols_valid */
/* As books_series(), of one line, which is one of those. */
enum err waters_series(struct store *st, const struct books_series *s, int line, int64_t *n) MUST_CHECK;

#endif
