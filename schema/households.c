#include "schema/households.h"

#include <stdio.h>

#include "base/clock.h"
#include "schema/sql.h"

#define LOOKS 32 /* rows between two looks at the clock */

static enum err put(struct store *st, const struct event *ev, struct slice device, const char *area, int64_t commit, int64_t voided)
{
	sqlite3_stmt *q = sql_get(st, "INSERT INTO household(name, at, device, epoch, seq, state, type, persons, area, \"commit\", voided) "
				      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	sql_text(q, 1, ev->household);
	sql_int(q, 2, ev->when_ms);
	sql_text(q, 3, device);
	sql_text(q, 4, ev->epoch);
	sql_int(q, 5, ev->seq);
	sql_text(q, 6, ev->state);
	sql_text(q, 7, ev->type.p ? ev->type : slice_of(""));
	if (ev->persons >= 0)
		sql_int(q, 8, ev->persons);
	sql_str(q, 9, area);
	sql_int(q, 10, commit);
	if (voided)
		sql_int(q, 11, voided);
	return sql_run(q);
}

enum err households_put(struct store *st, const struct event *ev, struct slice device, const char *area, int64_t commit)
{
	return put(st, ev, device, area, commit, 0);
}

enum err households_void(struct store *st, const struct event *ev, struct slice device, int64_t by)
{
	sqlite3_stmt *q = sql_get(st, "UPDATE household SET voided = ?6 WHERE name = ?1 AND at = ?2 AND device = ?3 AND epoch = ?4 AND "
				      "seq = ?5 AND voided IS NULL");

	sql_text(q, 1, ev->household);
	sql_int(q, 2, ev->when_ms);
	sql_text(q, 3, device);
	sql_text(q, 4, ev->epoch);
	sql_int(q, 5, ev->seq);
	sql_int(q, 6, by);
	return sql_run(q);
}

/* Every household event: decoded, and since when it is void (0: it is not). */
static enum err each(struct store *st, enum err (*one)(void *ctx, const struct event *ev, struct slice device, const char *area,
	int64_t commit, int64_t voided), void *ctx)
{
	sqlite3_stmt *q = sql_get(st,
		"SELECT e.raw, s.device, e.area, e.\"commit\", (SELECT v.by FROM voided v WHERE v.device = s.device AND v.epoch = "
		"s.epoch AND v.seq = e.seq) FROM event e JOIN stream s ON s.id = e.stream WHERE e.kind IN (5, 6, 7, 8) AND e.kind = 8 "
		"ORDER BY e.\"commit\"");
	struct json j = {0};
	struct event_fault fault;
	struct event ev;
	enum err e;

	while ((e = sql_row(q)) == OK) {
		struct slice raw = sql_col(q, 0);

		(void)json_read(&j, raw.p, raw.n); /* event_decode says */
		if (event_decode(&j, 0, &ev, &fault) != EVENT_OK)
			e = ERR_CORRUPT; /* it was whole when it was stored */
		else
			e = one(ctx, &ev, sql_col(q, 1), sql_cstr(q, 2), sqlite3_column_int64(q, 3), sqlite3_column_int64(q, 4));
		if (e != OK)
			break;
	}
	json_done(&j);
	return sql_end(q, e);
}

static enum err put_again(void *ctx, const struct event *ev, struct slice device, const char *area, int64_t commit, int64_t voided)
{
	return put(ctx, ev, device, area, commit, voided);
}

enum err households_refill(struct store *st)
{
	enum err e = sql_run(sql_get(st, "DELETE FROM household"));

	return e == OK ? each(st, put_again, st) : e;
}

#define KNOWN(h) h ".at < ?3 AND " h ".\"commit\" <= ?4 AND (" h ".voided IS NULL OR " h ".voided > ?4)"

enum err households_some(struct store *st, const struct households_ask *ask, char after[EVENT_NAME_MAX + 1], int64_t until_mono_ms,
	void (*row)(void *ctx, const char *area, bool removed, int64_t persons), void *ctx, bool *over)
{
	sqlite3_stmt *q = sql_get(st,
		"SELECT h.name, h.area, h.state = 'risk_removed', coalesce((SELECT p.persons FROM household p WHERE p.name = h.name AND "
		"p.persons IS NOT NULL AND " KNOWN("p") " ORDER BY p.at DESC, p.device DESC, p.epoch DESC, p.seq DESC LIMIT 1), 0) "
		"FROM household h WHERE h.name > ?5 AND h.area >= ?1 AND h.area < ?2 AND " KNOWN("h") " AND NOT EXISTS (SELECT 1 FROM household l WHERE "
		"l.name = h.name AND " KNOWN("l") " AND (l.at, l.device, l.epoch, l.seq) > (h.at, h.device, h.epoch, h.seq)) ORDER BY h.name");
	unsigned n = 0;
	enum err e;

	*over = true;
	sql_str(q, 1, ask->lo);
	sql_str(q, 2, ask->hi);
	sql_int(q, 3, ask->to_ms);
	sql_int(q, 4, ask->as_of);
	sql_text(q, 5, slice_of(after));
	while ((e = sql_row(q)) == OK) {
		row(ctx, sql_cstr(q, 1), sqlite3_column_int(q, 2), sqlite3_column_int64(q, 3));
		if (until_mono_ms && ++n % LOOKS == 0 && clock_mono_ms() >= until_mono_ms) {
			slice_copy(after, EVENT_NAME_MAX + 1, sql_col(q, 0));
			*over = false;
			break;
		}
	}
	return sql_end(q, e);
}

struct check {
	struct store *st;
	void (*said)(void *ctx, const char *line);
	void *ctx;
	int64_t seen;
};

static enum err meet(void *ctx, const struct event *ev, struct slice device, const char *area, int64_t commit, int64_t voided)
{
	struct check *c = ctx;
	sqlite3_stmt *q = sql_get(c->st, "SELECT state = ?6 AND type = ?7 AND persons IS ?8 AND area = ?9 AND \"commit\" = ?10 AND voided IS "
					 "?11 FROM household WHERE name = ?1 AND at = ?2 AND device = ?3 AND epoch = ?4 AND seq = ?5");
	char line[160];
	enum err e;

	c->seen++;
	sql_text(q, 1, ev->household);
	sql_int(q, 2, ev->when_ms);
	sql_text(q, 3, device);
	sql_text(q, 4, ev->epoch);
	sql_int(q, 5, ev->seq);
	sql_text(q, 6, ev->state);
	sql_text(q, 7, ev->type.p ? ev->type : slice_of(""));
	if (ev->persons >= 0)
		sql_int(q, 8, ev->persons);
	sql_str(q, 9, area);
	sql_int(q, 10, commit);
	if (voided)
		sql_int(q, 11, voided);
	e = sql_row(q);
	if (e == ERR_NOTFOUND || (e == OK && !sqlite3_column_int(q, 0))) {
		(void)snprintf(line, sizeof line, "household: its row is not what event %lld says", (long long)commit); /* fits */
		c->said(c->ctx, line);
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err households_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx)
{
	struct check c = {.st = st, .said = said, .ctx = ctx};
	enum err e = each(st, meet, &c);
	sqlite3_stmt *q;

	if (e != OK)
		return e;
	q = sql_get(st, "SELECT count(*) FROM household");
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) > c.seen)
		said(ctx, "household: rows that no event makes");
	sql_done(q);
	return e;
}
