/* figures_later.h - GET /api/v1/figures of more than the loop has time for: added up on a helper thread with a reader of its own, in short reads (schema/figures/sum.h), so that
 * neither the loop nor the WAL waits for a long period.  As of an older commit it goes back first, step by step (schema/asof.h), which
 * may take seconds: that has a seat among the exports. */
#ifndef XUNGE_SERVER_FIGURES_LATER_H
#define XUNGE_SERVER_FIGURES_LATER_H

#include "schema/figures/sum.h"
#include "server/read.h"

/* The answer into r->b, with st and the sums, one for each figure asked for, standing where r->head says (read_figures.c). */
enum err figures_write(struct read *r, struct store *st, const struct figures_ask *ask, struct figures_sum *const *sum, int sums, int64_t from_ms,
	int64_t to_ms) MUST_CHECK;

/* r: of read_begin, with all of its question read (as_of: no reaches); its answer is ours from now on, read_end() adds nothing.  as_of 0: of now.
 * ask->at_ms INT64_MIN: the time of the commit. */
void figures_later(struct read *r, const struct figures_ask *ask, int64_t from_ms, int64_t to_ms, int64_t as_of);

#endif
