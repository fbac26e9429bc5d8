/* read.h - what all GETs of records share: who asks, what for, one snapshot of the database, one answer.
 *
 *   read_begin -> (rows into r.b) -> read_end          (read_begin false: the answer says why)
 *
 * Each answer is built in memory: at most 200 rows, or READ_BYTES_MAX.  Strong ETag over its bytes; 304 when the
 * asker has them.  JSON lists carry as_of and time (the commit's), maps carry them as headers. */
#ifndef XUNGE_SERVER_READ_H
#define XUNGE_SERVER_READ_H

#include "core/geo.h"
#include "schema/books.h"
#include "schema/waters.h"
#include "server/app.h"
#include "server/query.h"

#define READ_BYTES_MAX (16 * 1024 * 1024) /* of a map; beyond: features are left out, and counted */
#define READ_FEATURES_MAX 5000

struct read {
	struct app *a;
	struct response *rs;
	const struct request *rq;
	const struct session *s;
	struct query q;
	struct head head;  /* of the snapshot */
	int64_t now_ms;
	const char *within; /* `scope` of the query, or its `reach` (schema/waters.h); NULL */
	char waters[WATERS_NAME_MAX + 2];
	struct buf *b;     /* the answer's body */
	char etag[48];     /* with its quotes, of the thing itself: no 304 then; "" = over the bytes */
	bool failed;       /* a handler answered itself */
	bool counts, total_more; /* the answer says how many there are: total; more: it looked at no further ones */
	int64_t total;
};

/* names: the parameters that there are, NULL at the end (`scope` and `reach` among them when they are).  Opens the snapshot. */
bool read_begin(struct read *r, void *ctx, const struct request *rq, struct response *rs, const char *const *names);
/* e: of the last read.  Ends the snapshot, answers. */
void read_end(struct read *r, enum err e);
/* The end of an answer that was made later: of r->b; rs, rq (accept_encoding, if_none_match) and b are enough. */
void read_finish(struct read *r);
/* A wrong parameter, or another refusal: read_end() adds nothing. */
void read_refuse(struct read *r, int status, const char *code, const char *fmt, ...) PRINTF(4, 5);

/* Parameters.  False: refused. */
bool read_number(struct read *r, const char *name, int64_t min, int64_t max, int64_t absent, int64_t *out);
bool read_flag(struct read *r, const char *name, int absent, int *out); /* true, false, 1, 0 */
#define READ_NAMES 8
struct read_names { /* a parameter's, with commas between; n 0: it was not given */
	int n;
	char *name[READ_NAMES], text[400];
};
bool read_names(struct read *r, const char *param, struct read_names *out);
bool read_instant(struct read *r, const char *name, int64_t *out); /* untouched when it is absent */
/* `from` and `to`: days or instants; both absent: this month, or all of time when `always`. */
bool read_period(struct read *r, bool always, int64_t *from_ms, int64_t *to_ms);
/* limit, scope: all of a page but its cursor. */
bool read_limit(struct read *r, struct books_page *p);
/* The same with the cursor of this list. */
bool read_page(struct read *r, const char *list, struct books_page *p);

/* `count`: does the asker want to know how many there are?  Not behind the first page. */
bool read_counts(struct read *r);

/* Begins the answer of a list: as_of, time and, when p is given, from, to; then `"NAME":[`.  Ends it: `]`, next, `}`. */
void read_list(struct read *r, const struct books_page *p, const char *name);
void read_list_end(struct read *r, const char *list, const struct books_page *p);
void read_period_members(struct read *r, int64_t from_ms, int64_t to_ms); /* from, to */
/* An opaque cursor; text: what it carries. */
void read_next(struct read *r, const char *list, bool more, const char *text); /* member next: the cursor behind text, or null */
bool read_cursor_get(struct read *r, const char *list, char *out, size_t room); /* false: refused; "" when there is none */

/* Members of an object. */
void read_text(struct buf *b, const char *key, const char *v);  /* NULL and "" write null */
void read_int(struct buf *b, const char *key, int64_t v);
void read_int_or(struct buf *b, const char *key, int64_t v, int64_t none); /* none writes null */
void read_bool(struct buf *b, const char *key, bool v);
void read_day(struct buf *b, const char *key, int32_t day);     /* 2026-11-23 */
void read_time(struct buf *b, const char *key, int64_t ms);     /* RFC 3339, +08:00; -1 writes null */
void read_named(struct buf *b, const char *key, struct books_named n); /* KEY, and KEY_name */
void read_degrees(struct buf *b, int32_t e7);                   /* 104.9217, at most 7 decimals */
void read_loc(struct buf *b, const char *key, bool has, int32_t lat_e7, int32_t lon_e7); /* [lon, lat] */

/* The handlers. */
void read_cases(void *ctx, struct request *rq, struct response *rs);
void read_case(void *ctx, struct request *rq, struct response *rs);
void read_patrols(void *ctx, struct request *rq, struct response *rs);
void read_patrol(void *ctx, struct request *rq, struct response *rs);
void read_alerts(void *ctx, struct request *rq, struct response *rs);
void read_held(void *ctx, struct request *rq, struct response *rs);
void read_events(void *ctx, struct request *rq, struct response *rs);
void read_track(void *ctx, struct request *rq, struct response *rs);
void read_people(void *ctx, struct request *rq, struct response *rs);
void read_duty(void *ctx, struct request *rq, struct response *rs);
void read_owed(void *ctx, struct request *rq, struct response *rs);
void read_overdue(void *ctx, struct request *rq, struct response *rs);
void read_figures(void *ctx, struct request *rq, struct response *rs);
void read_series(void *ctx, struct request *rq, struct response *rs);
void read_catalogue(void *ctx, struct request *rq, struct response *rs);
void read_map_areas(void *ctx, struct request *rq, struct response *rs);
void read_reaches(void *ctx, struct request *rq, struct response *rs);
void read_map_reaches(void *ctx, struct request *rq, struct response *rs);
void read_map_cases(void *ctx, struct request *rq, struct response *rs);
void read_map_devices(void *ctx, struct request *rq, struct response *rs);

/* read_cases.c: a case as a member of a list, for patrols and maps, too. */
struct books_case;
void read_case_members(struct buf *b, const struct books_case *c, int64_t now_ms);
void read_case_row(void *ctx, const struct books_case *c); /* ctx: struct read; one row of a list */

/* read_patrols.c: device and patrol of "device.patrol"; false: it is none. */
bool read_patrol_id(struct slice id, struct slice *device, struct slice *name);

#endif
