/* breath.h - a long read in many short ones: whoever goes through many rows asks after each whether it is time to let go of the
 * snapshot.  What was read must be right whatever is committed in between: rows of a commit that there is do not change.
 * Before the end every statement must be reset, else the read stays open over the COMMIT. */
#ifndef XUNGE_SCHEMA_BREATH_H
#define XUNGE_SCHEMA_BREATH_H

#include "schema/store.h"

#define BREATH_WAL (64LL << 20) /* bytes of the WAL that the writer keeps (journal_size_limit, schema/store.c) */
#define BREATH_PAUSE_MS 100     /* more than two commits of a busy ingest */
#define BREATH_MS 100 /* with what one look more may take, and the end of the transaction, below 250 ms */

struct breath {
	int64_t until_mono_ms;
	bool least; /* as little as can be at once (tests) */
};

/* Begins a read.  ERR_*: none is open. */
enum err breath_begin(struct store *st, bool least, struct breath *out) MUST_CHECK;
/* Is it time?  Asked after what was done, so that something is. */
bool breath_over(struct breath *b);
/* Ends the read, with what was written to temporary tables: e OK; else without. */
enum err breath_end(struct store *st, enum err e) MUST_CHECK;

/* Between two reads of a walk: while somebody reads, the WAL cannot begin anew, and reads without a gap let it grow for as long as they go
 * on.  When it has grown since *seen (0 at first, kept by the caller), beyond `most` bytes, waits until it has begun anew, for BREATH_PAUSE_MS at
 * most.  For helper threads and commands. */
void breath_let_go(struct store *st, int64_t most, int64_t *seen);

#endif
