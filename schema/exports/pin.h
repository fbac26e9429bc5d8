/* pin.h - the rows of a list, copied aside when its export is opened: what is committed meanwhile stays out of it, though
 * each of its pages is a read of its own.
 *
 * The copy stands in a temporary table of the connection (export_patrol, export_casus), in a file.  It is made in reads of
 * at most PIN_READ_MS; when something was committed between two of them that could have changed a row, it is begun again
 * as of the new head, or, after PIN_TRIES or when the commit was asked for, as of the commit that it was begun at (schema/asof.h). */
#ifndef XUNGE_SCHEMA_EXPORTS_PIN_H
#define XUNGE_SCHEMA_EXPORTS_PIN_H

#include "schema/exports/rows.h"

#define PIN_READ_MS 150
#define PIN_TRIES 3

/* Called by begin(), in a transaction, which may be another one after it.  ERR_STALE: begin again. */
enum err pin_patrols(const struct table_world *w) MUST_CHECK;
enum err pin_cases(const struct table_world *w) MUST_CHECK;
void pin_drop(struct store *st); /* frees the copies' room; nothing when there are none */

/* Names as of commit ?9. */
#define PIN_AT "since <= ?9 AND (until IS NULL OR until > ?9)"
#define PIN_PERSON(x) "(SELECT name FROM person WHERE id = " x " AND " PIN_AT ")"
#define PIN_AREA(x) "(SELECT name FROM area WHERE code = " x " AND " PIN_AT ")"
#define PIN_PLACE(x) "coalesce(" PIN_AREA(x) ", (SELECT name FROM reach WHERE code = " x " AND " PIN_AT "))"

/* Is the event of this commit, with these flags, void or out of force as of as_of? */
enum err pin_is_out(struct store *st, int64_t commit, int64_t flags, int64_t as_of, bool *out) MUST_CHECK;

#endif
