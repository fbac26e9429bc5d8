/* figures_past.h - GET /api/v1/figures as of an older commit: made on a helper thread with a reader of its own, which goes back
 * step by step (schema/asof.h) and may take seconds.  It has a seat among the exports. */
#ifndef XUNGE_SERVER_FIGURES_PAST_H
#define XUNGE_SERVER_FIGURES_PAST_H

#include "schema/figures/figures.h"
#include "server/read.h"

/* The answer into r->b, with st standing where r->head says (read_figures.c); ask->only: each of these. */
enum err figures_write(struct read *r, struct store *st, struct figures_ask *ask, const struct read_names *only, int64_t from_ms, int64_t to_ms) MUST_CHECK;

/* r: of read_begin, with all of its question read (no reaches); its answer is ours from now on, read_end() adds nothing.  ask->at_ms INT64_MIN: the time
 * of the commit. */
void figures_past(struct read *r, const struct figures_ask *ask, int64_t from_ms, int64_t to_ms, int64_t as_of);

#endif
