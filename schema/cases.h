/* cases.h - the cases that a batch touches: read, folded, counted, written.
 *
 * A case is folded again whenever its set of acts changes; which of its events are in force follows (settle.c moves
 * them between event, held and displaced).  cases_flush() writes what it came to. */
#ifndef XUNGE_SCHEMA_CASES_H
#define XUNGE_SCHEMA_CASES_H

#include "base/buf.h"
#include "schema/alerts.h"
#include "schema/dossier.h"
#include "schema/tally.h"

#define CASES_CACHE_ACTS 16384 /* acts in memory after a batch; beyond, all are read again when needed */

struct casus {
	struct dossier d;
	int64_t commit;   /* of its last change */
	char *share;      /* as it stands in the tallies; NULL: nothing */
	bool dirty;
	struct casus *next_dirty;
};

struct cases {
	struct store *st;
	struct dossier_source src;
	struct map map;       /* case id -> struct casus */
	size_t acts;          /* of all in memory */
	struct casus *dirty;  /* to be written */
	int64_t next_id;
	bool refs_known, any_refs;
	struct buf text;
	struct buf people;    /* who had, have or reported what was written: NUL-terminated; whoever reads them clears them */
};

void cases_init(struct cases *cs, struct store *st, struct registry *r, struct patrols *ps);
void cases_clear(struct cases *cs); /* drops all memory; what is dirty is lost */
void cases_done(struct cases *cs);

/* The case of this name, folded; known to nobody: without acts.  Borrowed until cases_flush(). */
enum err cases_get(struct cases *cs, struct slice name, struct casus **out) MUST_CHECK;
/* The same, read and folded again. */
enum err cases_again(struct cases *cs, struct slice name, struct casus **out) MUST_CHECK;

/* Puts the event among its acts and folds: *at is its index.  ERR_FULL: it has CASUS_ACTS_MAX already. */
enum err cases_add(struct cases *cs, struct casus *c, const struct event *ev, struct slice device, struct slice person,
	struct slice area, uint32_t *at) MUST_CHECK;
/* Its event is stored as `commit`.  subject, link: of the event's row. */
enum err cases_applied(struct cases *cs, struct casus *c, uint32_t at, int64_t commit, int64_t *subject, int64_t *link) MUST_CHECK;
enum err cases_fold(struct cases *cs, struct casus *c) MUST_CHECK;
void cases_touch(struct cases *cs, struct casus *c, int64_t commit); /* it changed with this commit; it will be written */

/* Are there reports without a place of their own, seen during a patrol? */
enum err cases_any_refs(struct cases *cs, bool *out) MUST_CHECK;

/* Moves tallies and alerts to what the dirty cases say now, writes them.  now_ms: the platform's clock. */
enum err cases_flush(struct cases *cs, struct tallies *t, struct alerts *as, int64_t now_ms) MUST_CHECK;

/* Raises what the clock makes due: call when nothing is dirty.  At most 1,000 cases: *more says that there are others,
 * *changed (else untouched) that something was written. */
enum err cases_tick(struct cases *cs, struct alerts *as, int64_t now_ms, bool *more, bool *changed) MUST_CHECK;

/* Drops all memory between two batches' parts: nothing may be dirty. */
void cases_drop(struct cases *cs);

/* Does the row of this case say what d says?  For checks. */
enum err cases_row_is(struct store *st, const struct dossier *d, bool *out) MUST_CHECK;

/* For schema/asof.c: puts what d was into its row of the temporary table asof_casus.  last: its newest event; commit: its last
 * change, by an event or a void. */
enum err cases_was(struct store *st, const struct dossier *d, int64_t last, int64_t commit) MUST_CHECK;

#endif
