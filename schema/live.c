#include "schema/live.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/area.h"
#include "core/duty.h"
#include "core/event.h"
#include "schema/sql.h"

enum err live_begin(struct store *st)
{
	return sql_run(sql_get(st, "BEGIN"));
}

void live_end(struct store *st)
{
	if (!sqlite3_get_autocommit(sql_db(st)) && sql_run(sql_get(st, "ROLLBACK")) != OK)
		die("live: cannot end a read: %s", store_detail(st));
}

/* Counts for the reports that no screen shows as they move: those of households flood. */
#define SQL_SHOWN " AND figure NOT IN ('works', 'works_approx', 'visited', 'cases_accepted', 'cases_due', 'cases_due_closed', " \
		  "'cases_due_on_time', 'cases_reworked', 'cases_extended', 'duty_met', 'duty_overdue') AND figure NOT GLOB '*_flow'"

enum err live_tallies(struct store *st, int64_t after, const int32_t span[3],
	void (*row)(void *ctx, const struct live_tally *t), void *ctx)
{
	sqlite3_stmt *q = after > 0
		? sql_get(st, "SELECT figure, level, category, area, span, n, \"commit\" FROM tally "
			      "WHERE \"commit\" > ?4 AND span IN (?1, ?2, ?3)" SQL_SHOWN)
		: sql_get(st, "SELECT figure, level, category, area, span, n, \"commit\" FROM tally "
			      "WHERE span IN (?1, ?2, ?3)" SQL_SHOWN);
	enum err e;

	for (int i = 0; i < 3; i++)
		sql_int(q, i + 1, span[i]);
	if (after > 0)
		sql_int(q, 4, after);
	while ((e = sql_row(q)) == OK) {
		struct live_tally t = {sql_cstr(q, 0), sql_cstr(q, 1), sql_cstr(q, 2), sql_cstr(q, 3),
			sqlite3_column_int(q, 4), sqlite3_column_int64(q, 5),
			sqlite3_column_int64(q, 6)};

		row(ctx, &t);
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ feed */

struct feed {
	struct store *st;
	struct json json;
	void (*row)(void *ctx, const struct live_feed *f);
	void *ctx;
};

/* The name of a code, "" when there is none; copied. */
static void name_of(struct store *st, const char *sql, struct slice key, char *out, size_t room)
{
	sqlite3_stmt *q;
	struct slice v;

	out[0] = '\0';
	if (!key.n)
		return;
	q = sql_get(st, sql);
	sql_text(q, 1, key);
	if (sql_row(q) == OK) {
		v = sql_col(q, 0);
		slice_copy(out, room, v);
	}
	sql_done(q);
}

#define PERSON_NAME "SELECT name FROM person WHERE id = ? AND until IS NULL"
#define AREA_NAME "SELECT name FROM area WHERE code = ? AND until IS NULL"
#define REACH_NAME "SELECT name FROM reach WHERE code = ? AND until IS NULL"
#define TOPIC_NAME "SELECT name FROM category WHERE class = 'topic' AND code = ? AND until IS NULL"
#define ITEM_NAME "SELECT name FROM category WHERE class = 'work' AND code = ? AND until IS NULL"

#define FEED_COLUMNS "\"commit\", at, kind, person, scope, raw, area"

/* What the event is about: in its own words, else its route or what the catalogue calls it. */
static void title_of(struct feed *fd, struct slice raw, char *out, size_t room)
{
	struct slice title = {NULL, 0};
	struct event_fault fault;
	struct event ev;

	out[0] = '\0';
	(void)json_read(&fd->json, raw.p, raw.n); /* event_decode says */
	if (event_decode(&fd->json, 0, &ev, &fault) != EVENT_OK)
		return;
	title = ev.title.p ? ev.title : ev.kind == EV_PATROL_START ? ev.route : ev.category;
	if (!ev.title.p && (ev.kind == EV_INSPECT || ev.kind == EV_WORK))
		name_of(fd->st, ev.kind == EV_WORK ? ITEM_NAME : TOPIC_NAME, ev.category, out, room);
	if (!out[0] && title.p)
		slice_copy(out, room, title);
}

static void feed_row(struct feed *fd, sqlite3_stmt *q)
{
	struct live_feed f = {0};
	char person[256], place[256], title[512];
	struct slice scope = sql_col(q, 4);
	bool is_area = scope.n && area_level(scope) != AREA_NONE;

	f.commit = sqlite3_column_int64(q, 0);
	f.at_ms = sqlite3_column_int64(q, 1);
	f.kind = sqlite3_column_int(q, 2);
	f.person = sql_cstr(q, 3);
	f.scope = sql_cstr(q, 4);
	scope = slice_of(f.scope);
	name_of(fd->st, PERSON_NAME, slice_of(f.person), person, sizeof person);
	name_of(fd->st, is_area ? AREA_NAME : REACH_NAME, scope, place, sizeof place);
	title_of(fd, sql_col(q, 5), title, sizeof title);
	f.person_name = person;
	f.scope_name = place;
	f.area = sql_cstr(q, 6);
	f.title = title;
	fd->row(fd->ctx, &f);
}

enum err live_feed(struct store *st, int64_t after, int limit,
	void (*row)(void *ctx, const struct live_feed *f), void *ctx)
{
	struct feed fd = {.st = st, .row = row, .ctx = ctx};
	sqlite3_stmt *q = sql_get(st, "SELECT " FEED_COLUMNS " FROM (SELECT " FEED_COLUMNS
				      " FROM event WHERE \"commit\" > ? ORDER BY \"commit\" DESC LIMIT ?) "
				      "ORDER BY \"commit\"");
	enum err e;

	sql_int(q, 1, after);
	sql_int(q, 2, limit);
	while ((e = sql_row(q)) == OK)
		feed_row(&fd, q);
	json_done(&fd.json);
	return sql_end(q, e);
}

#define FEED_BACK 5000 /* events looked at for the newest of a scope */

enum err live_feed_scope(struct store *st, const char *scope, int64_t after, int limit,
	void (*row)(void *ctx, const struct live_feed *f), void *ctx)
{
	struct feed fd = {.st = st, .row = row, .ctx = ctx};
	sqlite3_stmt *q = sql_get(st, "SELECT " FEED_COLUMNS " FROM (SELECT * FROM event WHERE "
				      "\"commit\" > ?1 AND \"commit\" > (SELECT coalesce(max(\"commit\"), 0) FROM event) - ?2 "
				      "AND (?3 = '*' OR substr(area, 1, length(?3)) = ?3) ORDER BY \"commit\" DESC LIMIT ?4) "
				      "ORDER BY \"commit\"");
	enum err e;

	sql_int(q, 1, after);
	sql_int(q, 2, FEED_BACK);
	sql_str(q, 3, scope);
	sql_int(q, 4, limit);
	while ((e = sql_row(q)) == OK)
		feed_row(&fd, q);
	json_done(&fd.json);
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ devices, areas */

#define DEVICE_COLUMNS                                                                              \
	"d.id, d.person, p.name, (SELECT coalesce(r.area, a.scope) FROM appointment a LEFT JOIN "   \
	"reach r ON r.code = a.scope AND r.until IS NULL WHERE a.person = d.person AND "            \
	"a.until IS NULL ORDER BY a.scope LIMIT 1), s.online, d.revoked, s.lat_e7, s.lon_e7, "      \
	"s.loc_at, s.seen, s.queue, s.missing, s.battery"

enum err live_devices(struct store *st, int64_t after_rev,
	void (*row)(void *ctx, const struct live_device *d), void *ctx)
{
	/* What changed is found by the index on rev (CROSS JOIN: in that order), not by a look at every device. */
	sqlite3_stmt *q = after_rev > 0
		? sql_get(st, "SELECT " DEVICE_COLUMNS " FROM device_state s CROSS JOIN device d ON d.id = s.device "
			      "AND d.until IS NULL LEFT JOIN person p ON p.id = d.person AND p.until IS NULL "
			      "WHERE s.rev > ? ORDER BY d.id")
		: sql_get(st, "SELECT " DEVICE_COLUMNS " FROM device d LEFT JOIN device_state s ON s.device = d.id "
			      "LEFT JOIN person p ON p.id = d.person AND p.until IS NULL WHERE d.until IS NULL "
			      "ORDER BY d.id");
	enum err e;

	if (after_rev > 0)
		sql_int(q, 1, after_rev);
	while ((e = sql_row(q)) == OK) {
		struct live_device d = {.device = sql_cstr(q, 0), .person = sql_cstr(q, 1),
			.person_name = sql_cstr(q, 2), .area = sql_cstr(q, 3),
			.online = sqlite3_column_int(q, 4) != 0,
			.revoked = sqlite3_column_type(q, 5) != SQLITE_NULL,
			.has_loc = sqlite3_column_type(q, 6) != SQLITE_NULL,
			.lat_e7 = sqlite3_column_int(q, 6), .lon_e7 = sqlite3_column_int(q, 7),
			.loc_at_ms = sqlite3_column_int64(q, 8), .seen_ms = sqlite3_column_int64(q, 9),
			.queue = sqlite3_column_type(q, 10) == SQLITE_NULL ? -1
									   : sqlite3_column_int64(q, 10),
			.missing = sqlite3_column_int64(q, 11),
			.battery = sqlite3_column_type(q, 12) == SQLITE_NULL ? -1
									     : sqlite3_column_int(q, 12)};

		row(ctx, &d);
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ alerts, cases, duties */

#define PERSON_OF(id) "(SELECT name FROM person WHERE id = " id " AND until IS NULL)"
/* Area and reach codes never coincide: a reach code holds a letter. */
#define PLACE_OF(code)                                                                           \
	"coalesce((SELECT name FROM area WHERE code = " code " AND until IS NULL), "              \
	"(SELECT name FROM reach WHERE code = " code " AND until IS NULL))"

static int64_t int_or(sqlite3_stmt *q, int i, int64_t none)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? none : sqlite3_column_int64(q, i);
}

#define ALERT_COLUMNS                                                                            \
	"id, type, casus, title, scope, " PLACE_OF("a.scope") ", area, person, "                   \
	PERSON_OF("a.person") ", acked_by, coalesce(" PERSON_OF("a.acked_by") ", acked_by), told, " \
	"severity, lat_e7, lon_e7, late, active, at, acked_at FROM alert a "

enum err live_alerts(struct store *st, int64_t after_rev,
	void (*row)(void *ctx, const struct live_alert *a), void *ctx)
{
	sqlite3_stmt *q = after_rev > 0 ? sql_get(st, "SELECT " ALERT_COLUMNS "WHERE rev > ?")
					: sql_get(st, "SELECT " ALERT_COLUMNS "WHERE active = 1");
	enum err e;

	if (after_rev > 0)
		sql_int(q, 1, after_rev);
	while ((e = sql_row(q)) == OK) {
		struct live_alert a = {.id = sql_cstr(q, 0), .type = sql_cstr(q, 1),
			.casus = sql_cstr(q, 2), .title = sql_cstr(q, 3), .scope = sql_cstr(q, 4),
			.scope_name = sql_cstr(q, 5), .area = sql_cstr(q, 6), .person = sql_cstr(q, 7),
			.person_name = sql_cstr(q, 8), .acked_by = sql_cstr(q, 9),
			.acked_name = sql_cstr(q, 10), .told = sql_cstr(q, 11),
			.severity = sqlite3_column_int(q, 12),
			.has_loc = sqlite3_column_type(q, 13) != SQLITE_NULL,
			.lat_e7 = sqlite3_column_int(q, 13), .lon_e7 = sqlite3_column_int(q, 14),
			.late = sqlite3_column_int(q, 15) != 0, .active = sqlite3_column_int(q, 16) != 0,
			.at_ms = sqlite3_column_int64(q, 17), .acked_ms = int_or(q, 18, -1)};

		row(ctx, &a);
	}
	return sql_end(q, e);
}

#define CASE_COLUMNS                                                                             \
	"c.name, c.class, c.category, (SELECT name FROM category g WHERE g.class = c.class AND "  \
	"g.code = c.category AND g.until IS NULL), c.title, c.scope, " PLACE_OF("c.scope")        \
	", c.area, c.level, c.holder, coalesce(" PERSON_OF("c.holder") ", c.holder), c.severity, " \
	"c.state, c.lat_e7, c.lon_e7, c.version, c.\"commit\", c.due, c.report_at FROM casus c "

enum err live_cases(struct store *st, int64_t after,
	void (*row)(void *ctx, const struct live_case *c), void *ctx)
{
	/* The list of states as in index casus_open: casus_is_open(). */
	sqlite3_stmt *q = after > 0 ? sql_get(st, "SELECT " CASE_COLUMNS "WHERE c.\"commit\" > ?")
				    : sql_get(st, "SELECT " CASE_COLUMNS "WHERE c.state IN (1, 2, 3, 4, 5, 8)");
	enum err e;

	if (after > 0)
		sql_int(q, 1, after);
	while ((e = sql_row(q)) == OK) {
		struct live_case c = {.id = sql_cstr(q, 0), .class = sql_cstr(q, 1),
			.category = sql_cstr(q, 2), .category_name = sql_cstr(q, 3),
			.title = sql_cstr(q, 4), .scope = sql_cstr(q, 5), .scope_name = sql_cstr(q, 6),
			.area = sql_cstr(q, 7), .level = sql_cstr(q, 8), .holder = sql_cstr(q, 9),
			.holder_name = sql_cstr(q, 10), .severity = sqlite3_column_int(q, 11),
			.state = sqlite3_column_int(q, 12),
			.has_loc = sqlite3_column_type(q, 13) != SQLITE_NULL,
			.lat_e7 = sqlite3_column_int(q, 13), .lon_e7 = sqlite3_column_int(q, 14),
			.version = sqlite3_column_int64(q, 15), .commit = sqlite3_column_int64(q, 16),
			.due_ms = int_or(q, 17, -1), .at_ms = sqlite3_column_int64(q, 18)};

		row(ctx, &c);
	}
	return sql_end(q, e);
}

/* Of several duties of one (person, rule, target) the columns are those of the row with the least `overdue`. */
#define OVERDUE_COLUMNS                                                                          \
	"k.person, " PERSON_OF("k.person") ", k.rule, k.target, " PLACE_OF("k.target")            \
	", d.level, coalesce(d.area, (SELECT area FROM duty_state x WHERE x.person = k.person AND " \
	"x.rule = k.rule AND x.target = k.target LIMIT 1)), min(d.overdue) FROM "

enum err live_overdue(struct store *st, int64_t after_rev,
	void (*row)(void *ctx, const struct live_overdue *o), void *ctx)
{
	sqlite3_stmt *q = after_rev > 0
		? sql_get(st, "SELECT " OVERDUE_COLUMNS "(SELECT DISTINCT person, rule, target FROM duty_state WHERE rev > ?) k "
			      "LEFT JOIN duty_state d ON d.person = k.person AND d.rule = k.rule AND d.target = k.target "
			      "AND d.gone = 0 AND d.overdue IS NOT NULL GROUP BY k.person, k.rule, k.target")
		: sql_get(st, "SELECT " OVERDUE_COLUMNS "duty_state k JOIN duty_state d USING(person, rule, target, level, role) "
			      "WHERE k.gone = 0 AND k.overdue IS NOT NULL GROUP BY k.person, k.rule, k.target");
	enum err e;

	if (after_rev > 0)
		sql_int(q, 1, after_rev);
	while ((e = sql_row(q)) == OK) {
		struct live_overdue o = {.person = sql_cstr(q, 0), .name = sql_cstr(q, 1),
			.rule = sql_cstr(q, 2), .target = sql_cstr(q, 3), .target_name = sql_cstr(q, 4),
			.level = sql_cstr(q, 5), .area = sql_cstr(q, 6), .since_ms = int_or(q, 7, -1)};

		if (o.since_ms >= 0 && (e = reminded_read(st, o.person, o.rule, o.target, o.since_ms, 0, &o.reminded)) != OK)
			break;
		row(ctx, &o);
	}
	return sql_end(q, e);
}

enum err live_duties(struct store *st, int64_t after_rev, int32_t day,
	void (*row)(void *ctx, const struct live_duty *d), void *ctx)
{
	sqlite3_stmt *q = after_rev > 0
		? sql_get(st, "SELECT person, rule, target, level, role, area, last, need, state, gone FROM duty_state "
			      "WHERE rev > ?")
		: sql_get(st, "SELECT person, rule, target, level, role, area, last, need, state, gone FROM duty_state "
			      "WHERE last = ? AND gone = 0");
	enum err e;

	sql_int(q, 1, after_rev > 0 ? after_rev : day);
	while ((e = sql_row(q)) == OK) {
		bool owed = !sqlite3_column_int(q, 9) && sqlite3_column_int(q, 8) != DUTY_EXEMPT;
		struct live_duty d = {.person = sql_cstr(q, 0), .rule = sql_cstr(q, 1),
			.target = sql_cstr(q, 2), .level = sql_cstr(q, 3), .role = sql_cstr(q, 4),
			.area = sql_cstr(q, 5), .last = sqlite3_column_int(q, 6),
			.need = owed ? sqlite3_column_int64(q, 7) : 0};

		row(ctx, &d);
	}
	return sql_end(q, e);
}

enum err live_rev_of(struct store *st, int64_t commit, int64_t *rev)
{
	sqlite3_stmt *q = sql_get(st, "SELECT rev FROM batch WHERE last >= ? ORDER BY last, rev LIMIT 1");
	enum err e;

	*rev = 0;
	sql_int(q, 1, commit);
	if ((e = sql_row(q)) == OK)
		*rev = sqlite3_column_int64(q, 0);
	return sql_end(q, e);
}

enum err live_moved(struct store *st, int64_t *commit)
{
	sqlite3_stmt *q = sql_get(st, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'moved'");
	enum err e;

	*commit = 0;
	if ((e = sql_row(q)) == OK)
		*commit = sqlite3_column_int64(q, 0);
	return sql_end(q, e);
}

enum err live_areas(struct store *st, const char *scope, int min_digits, int max_digits, int limit,
	void (*row)(void *ctx, const struct live_area *a), void *ctx)
{
	bool all = strcmp(scope, "*") == 0;
	sqlite3_stmt *q = sql_get(st, "SELECT code, name FROM area WHERE until IS NULL AND code >= ?1 AND "
				      "code < ?2 AND length(code) BETWEEN ?3 AND ?4 ORDER BY code LIMIT ?5");
	char end[48];
	enum err e;

	(void)snprintf(end, sizeof end, "%s~", all ? "" : scope); /* ~ sorts behind digits */
	sql_str(q, 1, all ? "" : scope);
	sql_str(q, 2, end);
	sql_int(q, 3, min_digits);
	sql_int(q, 4, max_digits);
	sql_int(q, 5, (int64_t)limit + 1);
	while ((e = sql_row(q)) == OK) {
		struct live_area a = {sql_cstr(q, 0), sql_cstr(q, 1)};

		row(ctx, &a);
	}
	return sql_end(q, e);
}

enum err live_registry_commit(struct store *st, int64_t *out)
{
	/* Every change of the registry has a row in `change`. */
	sqlite3_stmt *q = sql_get(st, "SELECT coalesce(max(\"commit\"), 0) FROM change");
	enum err e;

	*out = 0;
	if ((e = sql_row(q)) == OK)
		*out = sqlite3_column_int64(q, 0);
	return sql_end(q, e);
}
