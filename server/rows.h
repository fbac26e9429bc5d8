/* rows.h - rows of the live view that are the same for everybody who may see them: alerts, open cases, what is
 * overdue.  Encoded once, when they are read; the model keeps them, a view says which of them it shows. */
#ifndef XUNGE_SERVER_ROWS_H
#define XUNGE_SERVER_ROWS_H

#include "base/buf.h"
#include "core/area.h"
#include "schema/live.h"

enum sheet { SHEET_ALERTS, SHEET_CASES, SHEET_OVERDUE, SHEETS };
extern const char *const sheet_names[SHEETS]; /* the member of a message */

struct row {
	const char *key;         /* behind the text */
	char area[AREA_CODE_MAX + 1];
	bool everywhere;         /* of the platform itself: whatever the scope */
	int64_t rank[2];         /* the least comes first; then by key */
	uint64_t hash;           /* of the text */
	uint32_t seen;           /* the model's */
	size_t n;
	char json[];
};

/* Each gives a row for free(); NULL: it does not stand in the sheet (any more). */
struct row *row_of_alert(const struct live_alert *a);
struct row *row_of_case(const struct live_case *c);
struct row *row_of_overdue(const struct live_overdue *o, int32_t today);

/* person TAB rule TAB target; the caller frees. */
char *row_overdue_key(const struct live_overdue *o);

bool row_in_scope(const struct row *r, const char *scope);
bool row_alert_everywhere(const struct live_alert *a);
void row_add(struct buf *b, const struct row *r);                         /* with the comma before it */
void row_add_gone(struct buf *b, enum sheet sheet, const char *key);      /* likewise */

#endif
