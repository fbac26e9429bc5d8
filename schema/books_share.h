/* books_share.h - does a figure count this case?  By what the case adds to the tallies (casus.share, schema/dossier.h), so
 * that the cases of a list are those of the number, whatever day it counts by: report, closing or deadline. */
#ifndef XUNGE_SCHEMA_BOOKS_SHARE_H
#define XUNGE_SCHEMA_BOOKS_SHARE_H

#include "schema/books.h"
#include "schema/figures/figures.h"

struct books_share {
	const struct figure *figure;  /* NULL: every case */
	const char *level, *category; /* of the figure; NULL: any */
	int64_t from_ms, to_ms;       /* the days that count: [from, to) */
};

/* Is it made of cases?  A rate has those of its numerator and of its denominator. */
bool books_share_is(const struct figure *f);

/* scope, within: as in a page; of a reach the case is asked before.  share: NULL adds nothing. */
bool books_share_counts(const struct books_share *s, const char *scope, const char *within, const char *share);

#endif
