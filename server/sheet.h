/* sheet.h - which rows of one sort a view shows, and which of them changed since they were sent.
 *
 *   sheet_mark (something of this row may be other) -> sheet_delta: what is other, said once
 *
 * At most `limit` rows are shown, the gravest first; how many are left out is said ("alerts_cut"). */
#ifndef XUNGE_SERVER_SHEET_H
#define XUNGE_SERVER_SHEET_H

#include "base/map.h"
#include "server/rows.h"

struct mark;

struct sheet_view { /* zeroed but for sheet, scope, rows, limit = empty */
	enum sheet sheet;
	const char *scope;      /* borrowed */
	const struct map *rows; /* borrowed: all rows by key, any scope (model.h) */
	size_t limit;
	struct map marks;
	struct mark *dirty;
	size_t total, cut, sent_cut; /* rows in scope; of them not shown; as it was said */
};

void sheet_done(struct sheet_view *s);  /* empty again */
void sheet_all(struct sheet_view *s);   /* marks every row in scope */
/* False: it concerns nobody here. */
bool sheet_mark(struct sheet_view *s, const char *key);
/* Adds `"alerts":[...]` with what changed, and the cut when it changed; false: nothing did. */
bool sheet_delta(struct sheet_view *s, struct buf *b);
void sheet_snapshot(const struct sheet_view *s, struct buf *b);

#endif
