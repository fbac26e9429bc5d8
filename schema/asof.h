/* asof.h - a reader's database as it was at commit N.
 *
 *   IDLE --asof_enter(N)--> IN --asof_page--> READING --asof_page_end--> IN ... --asof_leave--> IDLE
 *
 * While IN, the names patrol, casus, tally, event, voided, household, displaced and those of the registry mean what they
 * held at commit N (temporary tables and views of this connection stand before the real ones), so every query
 * of schema/ answers as of N without knowing it.  A patrol or a case that changed later is folded again from its events up
 * to N; all others are the kept rows.  N may be the head: then what is committed during a long export is kept out.
 *
 * Each read is a transaction of at most 250 ms: between asof_page and asof_page_end read a page, then let go.  Costs grow
 * with what changed after N.  The store must be a private one (its own connection, reader mode). */
#ifndef XUNGE_SCHEMA_ASOF_H
#define XUNGE_SCHEMA_ASOF_H

#include "schema/store.h"

struct asof;

/* ERR_NOTFOUND: there is no such commit (0, or beyond the head). */
enum err asof_enter(struct store *st, int64_t commit, struct asof **out) MUST_CHECK;
void asof_leave(struct asof *a); /* NULL does nothing */

enum err asof_page(struct asof *a) MUST_CHECK; /* one snapshot; what came since the last page is kept out */
void asof_page_end(struct asof *a);

int64_t asof_commit(const struct asof *a);
int64_t asof_time(const struct asof *a); /* commit time of N */

#endif
