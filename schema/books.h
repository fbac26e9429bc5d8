/* books.h - what the readers of records share: whose rows, which page of them.
 *
 * A list is walked along an index and looks at no more than BOOKS_LOOK rows for one page, so a filter that
 * few rows pass gives short pages, even empty ones: `more` says whether to go on, not the number of rows.
 * Rows outside of the asker's scope do not leave the query (invariant 8).  Reader mode; rows are borrowed
 * for the callback; wrap calls that must agree in live_begin/live_end. */
#ifndef XUNGE_SCHEMA_BOOKS_H
#define XUNGE_SCHEMA_BOOKS_H

#include "core/area.h"
#include "schema/store.h"

#define BOOKS_LOOK 20000
#define BOOKS_LIMIT_MAX 200

struct books_at { /* a place in a walk: behind the row with this key */
	int64_t key, id;
};

struct books_page {
	const char *scope;  /* the asker's: area code, or "*" */
	const char *within; /* area or reach code inside of it, or reaches ("~", "~NAME": schema/waters.h); NULL: all of it */
	int64_t from_ms, to_ms; /* [from, to) */
	int64_t now_ms;
	int limit;
	bool has_after; /* goes on behind `after` */
	struct books_at after;
	/* out */
	bool more;
	struct books_at next;
};

#define BOOKS_FROM INT64_MIN /* no bound of time */
#define BOOKS_TO INT64_MAX

struct books_named { /* a code and what it is called; "" when there is none, or it is unknown */
	const char *code, *name;
};

#endif
