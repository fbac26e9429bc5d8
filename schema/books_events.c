#include "schema/books_events.h"

#include "core/event.h"
#include "schema/books_sql.h"

#define EVENT_COLUMNS                                                                        \
	"SELECT e.\"commit\", s.device, s.epoch, e.seq, e.kind, e.at, e.recv, (SELECT time FROM " \
	"batch WHERE last >= e.\"commit\" ORDER BY last, rev LIMIT 1), e.person, "            \
	SQL_PERSON("e.person") ", e.scope, " SQL_PLACE("e.scope") ", e.area, e.flags, e.raw "

#define EVENT_FILTER                                                                         \
	SQL_MINE("e.area", "e.scope")                                                         \
	"AND e.at >= ?5 AND e.at < ?6 AND (?8 IS NULL OR e.person = ?8) AND (?9 IS NULL OR "  \
	"s.device = ?9) AND (?10 = 0 OR e.kind = ?10) AND (?11 = 0 OR e.flags & 6 = 0) "

#define IN_COMMITS "FROM event e CROSS JOIN stream s ON s.id = e.stream WHERE e.\"commit\" BETWEEN ?3 AND ?4 AND" EVENT_FILTER
#define OF_RECORDS "FROM event e CROSS JOIN stream s ON s.id = e.stream WHERE e.kind IN (5, 6, 7, 8) AND e.kind = ?10 AND" EVENT_FILTER
#define BY_COMMIT "ORDER BY e.\"commit\" "

static struct books_event event_of(sqlite3_stmt *q)
{
	int64_t flags = sqlite3_column_int64(q, 13);

	return (struct books_event){.commit = sqlite3_column_int64(q, 0), .device = sql_cstr(q, 1), .epoch = sql_cstr(q, 2),
		.seq = sqlite3_column_int64(q, 3), .kind = event_kind_name((enum event_kind)sqlite3_column_int(q, 4)),
		.at_ms = sqlite3_column_int64(q, 5), .recv_ms = sqlite3_column_int64(q, 6),
		.committed_ms = sqlite3_column_int64(q, 7), .person = books_named(q, 8), .scope = books_named(q, 10),
		.area = sql_cstr(q, 12), .imported = flags & 1, .voided = flags & 2, .displaced = flags & 4,
		.raw = sql_col(q, 14)};
}

static enum err newest(struct store *st, int64_t *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT coalesce(max(\"commit\"), 0) FROM event");
	enum err e;

	if ((e = sql_row(q)) == OK)
		*out = sqlite3_column_int64(q, 0);
	return sql_end(q, e);
}

static void bind_filter(sqlite3_stmt *q, const struct books_page *p, const struct books_event_filter *f)
{
	sql_str(q, 1, p->scope);
	sql_str(q, 2, p->within);
	sql_int(q, 5, p->from_ms);
	sql_int(q, 6, p->to_ms);
	sql_str(q, 8, f->person);
	sql_str(q, 9, f->device);
	sql_int(q, 10, f->kind);
	sql_int(q, 11, f->counted);
}

enum err books_events(struct store *st, struct books_page *p, const struct books_event_filter *f,
	void (*row)(void *ctx, const struct books_event *ev), void *ctx)
{
	int64_t low = 1, high = 0, top;
	sqlite3_stmt *q;
	int given = 0;
	enum err e;

	p->more = false;
	if ((e = newest(st, &high)) != OK)
		return e;
	top = high;
	if (p->has_after && f->rising && p->after.key < INT64_MAX)
		low = p->after.key + 1;
	else if (p->has_after && !f->rising && p->after.key <= high)
		high = p->after.key - 1;
	/* Commit numbers have no holes: that many of them are at most that many events. */
	if (high - low >= BOOKS_LOOK)
		*(f->rising ? &high : &low) = f->rising ? low + BOOKS_LOOK - 1 : high - BOOKS_LOOK + 1;
	q = f->rising ? sql_get(st, EVENT_COLUMNS IN_COMMITS BY_COMMIT "LIMIT ?7") : sql_get(st, EVENT_COLUMNS IN_COMMITS BY_COMMIT "DESC LIMIT ?7");
	bind_filter(q, p, f);
	sql_int(q, 3, low);
	sql_int(q, 4, high);
	sql_int(q, 7, (int64_t)p->limit + 1);
	while ((e = sql_row(q)) == OK && books_give(p, &given, (struct books_at){sqlite3_column_int64(q, 0), 0})) {
		struct books_event ev = event_of(q);

		row(ctx, &ev);
	}
	if (!p->more) { /* what the page did not look at */
		p->more = f->rising ? high < top : low > 1;
		p->next = (struct books_at){f->rising ? high : low, 0};
	}
	return sql_end(q, e);
}

enum err books_events_count(struct store *st, const struct books_page *p, const struct books_event_filter *f, int64_t *n, bool *more)
{
	bool record = f->kind == EV_INSPECT || f->kind == EV_VISIT || f->kind == EV_WORK || f->kind == EV_HOUSEHOLD; /* by index event_record */
	int64_t high = 0;
	sqlite3_stmt *q;
	enum err e;

	*n = 0;
	if ((e = newest(st, &high)) != OK)
		return e;
	*more = !record && high > BOOKS_EVENTS_LOOK;
	q = record ? sql_get(st, "SELECT count(*) " OF_RECORDS) : sql_get(st, "SELECT count(*) " IN_COMMITS);
	bind_filter(q, p, f);
	sql_int(q, 3, high - BOOKS_EVENTS_LOOK + 1);
	sql_int(q, 4, high);
	if ((e = sql_row(q)) == OK)
		*n = sqlite3_column_int64(q, 0);
	return sql_end(q, e);
}

enum err books_event_one(struct store *st, int64_t commit, void (*row)(void *ctx, const struct books_event *ev), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, EVENT_COLUMNS "FROM event e CROSS JOIN stream s ON s.id = e.stream WHERE e.\"commit\" = ?1");
	enum err e;

	sql_int(q, 1, commit);
	if ((e = sql_row(q)) == OK) {
		struct books_event ev = event_of(q);

		row(ctx, &ev);
	}
	sql_done(q);
	return e;
}
