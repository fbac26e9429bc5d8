/* books_alerts.h - alerts of a period, those that are over too. */
#ifndef XUNGE_SCHEMA_BOOKS_ALERTS_H
#define XUNGE_SCHEMA_BOOKS_ALERTS_H

#include "schema/books.h"

#define BOOKS_ALERT_ID 320 /* bytes of an id in a cursor */

struct books_alert {
	const char *id, *type, *title, *casus, *told; /* casus "": none */
	struct books_named scope, person, acked_by;
	int severity;
	bool has_loc, late, active;
	int32_t lat_e7, lon_e7;
	int64_t at_ms, raised_ms;
	int64_t cleared_ms, acked_ms; /* -1: not (yet) */
};

/* What happened in [from, to), latest first; of what was raised again, the last time counts.  Seen by those in whose scope it
 * lies, and by everybody what lies nowhere (a full disk).  after_id: behind (p->after.key, after_id); out: the row, or
 * the last one looked at, that the next page begins behind. */
enum err books_alerts(struct store *st, struct books_page *p, char after_id[BOOKS_ALERT_ID],
	void (*row)(void *ctx, const struct books_alert *a), void *ctx) MUST_CHECK;

#endif
