#include "schema/books_held.h"

#include "core/event.h"
#include "schema/books_sql.h"

/* The cursor's key: which of the two lists; they stand one behind the other. */
enum { LIST_HELD = 1, LIST_DISPLACED = 2 };

struct reading {
	struct store *st;
	struct json json;
	void (*row)(void *ctx, const struct books_held *h);
	void *ctx;
};

#define SEEN_HELD                                                                                  \
	" (?1 = '*' OR EXISTS (SELECT 1 FROM device d JOIN appointment a ON a.person = d.person AND " \
	"a.until IS NULL LEFT JOIN reach r ON r.code = a.scope AND r.until IS NULL WHERE "           \
	"d.id = s.device AND d.until IS NULL AND substr(coalesce(r.area, a.scope), 1, length(?1)) = ?1) " \
	"OR EXISTS (SELECT 1 FROM casus c WHERE c.name = coalesce(h.casus, CASE WHEN h.waits LIKE 'case %' THEN substr(h.waits, 6) END) " \
	"AND substr(c.area, 1, length(?1)) = ?1)) "

#define HELD_WHERE "h.id < ?5 AND" SEEN_HELD "AND (?8 IS NULL OR h.code = ?8) AND (?9 IS NULL OR s.device = ?9) "

/* What the event says of itself: kind, who, which case. */
static void read_raw(struct reading *r, struct slice raw, struct books_held *h, char person[65], char casus[EVENT_ID_MAX + 1])
{
	struct event_fault fault;
	struct event ev;

	(void)json_read(&r->json, raw.p, raw.n); /* event_decode says */
	if (event_decode(&r->json, 0, &ev, &fault) != EVENT_OK)
		return;
	h->kind = event_kind_name(ev.kind);
	h->at_ms = ev.when_ms;
	if (ev.person.p)
		slice_copy(person, 65, ev.person);
	if (ev.casus.p)
		slice_copy(casus, EVENT_ID_MAX + 1, ev.casus);
}

/* Columns: device, epoch, seq, code, detail, waits, since, due, commit, person (as known), raw. */
static void give(struct reading *r, sqlite3_stmt *q)
{
	struct books_held h = {.device = sql_cstr(q, 1), .epoch = sql_cstr(q, 2), .seq = sqlite3_column_int64(q, 3),
		.code = sql_cstr(q, 4), .detail = sql_cstr(q, 5), .waits = sql_cstr(q, 6),
		.since_ms = sqlite3_column_int64(q, 7), .due_ms = books_ms(q, 8),
		.commit = sqlite3_column_int64(q, 9), .kind = ""};
	char person[65] = "", casus[EVENT_ID_MAX + 1] = "", name[256] = "";
	sqlite3_stmt *n = sql_get(r->st, "SELECT name FROM person WHERE id = ? AND until IS NULL");

	slice_copy(person, sizeof person, slice_of(sql_cstr(q, 10)));
	read_raw(r, sql_col(q, 11), &h, person, casus);
	sql_str(n, 1, person);
	if (sql_row(n) == OK)
		slice_copy(name, sizeof name, slice_of(sql_cstr(n, 0)));
	sql_done(n);
	h.person = (struct books_named){person, name};
	h.casus = casus;
	r->row(r->ctx, &h);
}

static enum err held_rows(struct reading *r, struct books_page *p, const struct books_held_filter *f, int *given)
{
	int64_t below = p->has_after ? p->after.id : INT64_MAX, edge = 0;
	sqlite3_stmt *q = sql_get(r->st, "SELECT id FROM held WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?");
	enum err e;

	sql_int(q, 1, below);
	sql_int(q, 2, BOOKS_LOOK - 1);
	if ((e = sql_row(q)) == OK)
		edge = sqlite3_column_int64(q, 0);
	if ((e = sql_end(q, e)) != OK)
		return e;
	q = sql_get(r->st, "SELECT h.id, s.device, s.epoch, h.seq, h.code, h.detail, h.waits, h.recv, h.due, 0, "
		"(SELECT person FROM device WHERE id = s.device AND until IS NULL), h.raw FROM held h CROSS JOIN "
		"stream s ON s.id = h.stream WHERE h.id >= ?4 AND " HELD_WHERE "ORDER BY h.id DESC LIMIT ?7");
	sql_str(q, 1, p->scope);
	sql_int(q, 4, edge);
	sql_int(q, 5, below);
	sql_int(q, 7, (int64_t)p->limit + 1);
	sql_str(q, 8, f->code);
	sql_str(q, 9, f->device);
	while ((e = sql_row(q)) == OK && books_give(p, given, (struct books_at){LIST_HELD, sqlite3_column_int64(q, 0)}))
		give(r, q);
	if (edge && !p->more) {
		p->more = true;
		p->next = (struct books_at){LIST_HELD, edge};
	}
	return sql_end(q, e);
}

static enum err displaced_rows(struct reading *r, struct books_page *p, const struct books_held_filter *f, int *given)
{
	int64_t below = p->has_after && p->after.key == LIST_DISPLACED ? p->after.id : INT64_MAX, edge = 0;
	sqlite3_stmt *q = sql_get(r->st, "SELECT \"commit\" FROM displaced WHERE \"commit\" < ? ORDER BY \"commit\" DESC LIMIT 1 OFFSET ?");
	enum err e;

	sql_int(q, 1, below);
	sql_int(q, 2, BOOKS_LOOK - 1);
	if ((e = sql_row(q)) == OK)
		edge = sqlite3_column_int64(q, 0);
	if ((e = sql_end(q, e)) != OK)
		return e;
	q = sql_get(r->st, "SELECT d.\"commit\", s.device, s.epoch, e.seq, d.code, d.detail, '', b.time, NULL, "
		"d.\"commit\", e.person, e.raw FROM displaced d CROSS JOIN event e ON e.\"commit\" = d.\"commit\" "
		"CROSS JOIN stream s ON s.id = e.stream LEFT JOIN casus c ON c.id = d.subject LEFT JOIN batch b ON "
		"b.rev = d.rev WHERE d.\"commit\" >= ?4 AND d.\"commit\" < ?5 AND (?1 = '*' OR "
		"substr(c.area, 1, length(?1)) = ?1) AND (?8 IS NULL OR d.code = ?8) AND (?9 IS NULL OR "
		"s.device = ?9) ORDER BY d.\"commit\" DESC LIMIT ?7");
	sql_str(q, 1, p->scope);
	sql_int(q, 4, edge);
	sql_int(q, 5, below);
	sql_int(q, 7, (int64_t)(p->limit - *given) + 1);
	sql_str(q, 8, f->code);
	sql_str(q, 9, f->device);
	while ((e = sql_row(q)) == OK && books_give(p, given, (struct books_at){LIST_DISPLACED, sqlite3_column_int64(q, 0)}))
		give(r, q);
	if (edge && !p->more) {
		p->more = true;
		p->next = (struct books_at){LIST_DISPLACED, edge};
	}
	return sql_end(q, e);
}

enum err books_held(struct store *st, struct books_page *p, const struct books_held_filter *f,
	void (*row)(void *ctx, const struct books_held *h), void *ctx)
{
	struct reading r = {.st = st, .row = row, .ctx = ctx};
	enum err e = OK;
	int given = 0;

	p->more = false;
	if (!p->has_after || p->after.key == LIST_HELD)
		e = held_rows(&r, p, f, &given);
	if (e == OK && !p->more)
		e = displaced_rows(&r, p, f, &given);
	json_done(&r.json);
	return e;
}
