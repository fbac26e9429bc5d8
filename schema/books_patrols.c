#include "schema/books_patrols.h"

#include <string.h>

#include "core/event.h"
#include "schema/books_sql.h"
#include "schema/waters.h"

#define PATROL_COLUMNS                                                                              \
	"t.id, t.device, t.name, t.\"commit\", t.person, " SQL_PERSON("t.person") ", t.actor, "      \
	SQL_PERSON("t.actor") ", t.target, " SQL_PLACE("t.target") ", t.t_area, "                   \
	SQL_AREA("t.t_area") ", t.route, t.t_level, t.t_river_level, t.rule, t.start_at, t.end_at, " \
	"t.clear, t.tracks, t.points, t.dropped, t.duration_s, t.distance_m, t.coverage, t.reasons, " \
	"t.sub_at, t.sub_way, t.sub_person, " SQL_PERSON("t.sub_person") ", t.sub_target, "         \
	SQL_PLACE("t.sub_target") " "

/* A walk by time of start; one person's by the index on both, of reaches by that of those alone. */
#define BY_START "FROM patrol t INDEXED BY patrol_start WHERE" SQL_FALLING("t.start_at", "t.id")
#define BY_PERSON "FROM patrol t INDEXED BY patrol_person WHERE t.person = ?8 AND t.start_at IS NOT NULL AND" SQL_FALLING("t.start_at", "t.id")
#define BY_WATER "FROM patrol t INDEXED BY patrol_water WHERE t.start_at IS NOT NULL AND t.target GLOB '*[^0-9]*' AND" SQL_FALLING("t.start_at", "t.id")
#define NEWEST_FIRST "ORDER BY t.start_at DESC, t.id DESC LIMIT "

static struct books_patrol patrol_of(sqlite3_stmt *q)
{
	return (struct books_patrol){.device = sql_cstr(q, 1), .name = sql_cstr(q, 2), .commit = sqlite3_column_int64(q, 3),
		.person = books_named(q, 4), .actor = books_named(q, 6), .target = books_named(q, 8),
		.area = books_named(q, 10), .route = sql_cstr(q, 12), .level = sql_cstr(q, 13),
		.river_level = sql_cstr(q, 14), .rule = sql_cstr(q, 15), .start_ms = books_ms(q, 16),
		.end_ms = books_ms(q, 17), .clear = sqlite3_column_int(q, 18) != 0,
		.tracks = sqlite3_column_int64(q, 19), .points = sqlite3_column_int64(q, 20),
		.dropped = sqlite3_column_int64(q, 21), .duration_s = sqlite3_column_int64(q, 22),
		.distance_m = sqlite3_column_int64(q, 23),
		.coverage = sqlite3_column_type(q, 24) == SQLITE_NULL ? -1 : sqlite3_column_int(q, 24),
		.reasons = (uint32_t)sqlite3_column_int64(q, 25), .sub_ms = books_ms(q, 26),
		.sub_way = sql_cstr(q, 27), .sub_person = books_named(q, 28), .sub_target = books_named(q, 30)};
}

void books_patrol_bind(sqlite3_stmt *q, const char *scope, const char *within, const struct books_patrol_filter *f, int64_t now_ms)
{
	sql_str(q, 1, scope);
	sql_str(q, 2, within);
	sql_str(q, 8, f->person);
	sql_str(q, 9, f->target);
	sql_str(q, 10, f->route);
	sql_str(q, 11, f->rule);
	sql_int(q, 12, f->valid);
	sql_int(q, 13, f->reasons);
	sql_int(q, 14, f->river);
	sql_str(q, 15, f->level && strcmp(f->level, "none") == 0 ? "" : f->level);
	sql_str(q, 16, f->text);
	sql_int(q, 17, f->under_way);
	sql_int(q, 18, now_ms - BOOKS_UNDER_WAY_MS);
}

static enum err walk_of(struct store *st, const struct books_page *p, const struct books_patrol_filter *f, struct books_walk *w)
{
	sqlite3_stmt *q = f->person ? sql_get(st, "SELECT t.start_at, t.id " BY_PERSON NEWEST_FIRST "1 OFFSET ?7")
		: waters_is(p->within) ? sql_get(st, "SELECT t.start_at, t.id " BY_WATER NEWEST_FIRST "1 OFFSET ?7")
				       : sql_get(st, "SELECT t.start_at, t.id " BY_START NEWEST_FIRST "1 OFFSET ?7");

	books_walk_start(w, p, p->from_ms, p->to_ms == INT64_MIN ? p->to_ms : p->to_ms - 1, false);
	if (f->person)
		sql_str(q, 8, f->person);
	return books_walk_edge(w, q);
}

enum err books_patrols(struct store *st, struct books_page *p, const struct books_patrol_filter *f,
	void (*row)(void *ctx, const struct books_patrol *r), void *ctx)
{
	struct books_walk w;
	sqlite3_stmt *q;
	int given = 0;
	enum err e;

	p->more = false;
	if ((e = walk_of(st, p, f, &w)) != OK)
		return e;
	q = f->person ? sql_get(st, "SELECT " PATROL_COLUMNS BY_PERSON "AND" SQL_PATROL_FILTER NEWEST_FIRST "?7")
		: waters_is(p->within) ? sql_get(st, "SELECT " PATROL_COLUMNS BY_WATER "AND" SQL_PATROL_FILTER NEWEST_FIRST "?7")
				       : sql_get(st, "SELECT " PATROL_COLUMNS BY_START "AND" SQL_PATROL_FILTER NEWEST_FIRST "?7");
	books_walk_bind(&w, q);
	books_patrol_bind(q, p->scope, p->within, f, p->now_ms);
	sql_int(q, 7, (int64_t)p->limit + 1);
	while ((e = sql_row(q)) == OK &&
		books_give(p, &given, (struct books_at){sqlite3_column_int64(q, 16), sqlite3_column_int64(q, 0)})) {
		struct books_patrol r = patrol_of(q);

		row(ctx, &r);
	}
	books_walk_end(&w, p);
	return sql_end(q, e);
}

enum err books_patrols_count(struct store *st, const struct books_page *p, const struct books_patrol_filter *f, int64_t *n, bool *more)
{
	struct books_page all = *p;
	struct books_walk w;
	sqlite3_stmt *q;
	enum err e;

	*n = 0;
	all.has_after = false;
	if ((e = walk_of(st, &all, f, &w)) != OK)
		return e;
	*more = w.edge;
	q = f->person ? sql_get(st, "SELECT count(*) " BY_PERSON "AND" SQL_PATROL_FILTER)
		: waters_is(p->within) ? sql_get(st, "SELECT count(*) " BY_WATER "AND" SQL_PATROL_FILTER)
				       : sql_get(st, "SELECT count(*) " BY_START "AND" SQL_PATROL_FILTER);
	books_walk_bind(&w, q);
	books_patrol_bind(q, p->scope, p->within, f, p->now_ms);
	if ((e = sql_row(q)) == OK)
		*n = sqlite3_column_int64(q, 0);
	return sql_end(q, e);
}

/* The area that decides who may see it: of its target, else of its substitute's. */
#define SEEN_AREA                                                                            \
	"coalesce(t.t_area, (SELECT area FROM reach WHERE code = t.sub_target AND until IS NULL), " \
	"t.sub_target, '')"

enum err books_patrol_one(struct store *st, const char *scope, struct slice device, struct slice name,
	void (*row)(void *ctx, const struct books_patrol *r), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT " PATROL_COLUMNS "FROM patrol t WHERE t.device = ?3 AND t.name = ?4 AND "
		"(t.start_at IS NOT NULL OR t.sub_at IS NOT NULL) AND" SQL_MINE(SEEN_AREA, "t.target"));
	enum err e;

	sql_str(q, 1, scope);
	sql_text(q, 3, device);
	sql_text(q, 4, name);
	if ((e = sql_row(q)) == OK) {
		struct books_patrol r = patrol_of(q);

		row(ctx, &r);
	}
	sql_done(q);
	return e;
}

static int64_t asked(sqlite3_stmt *q, int col)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, col);
}

enum err books_patrol_rule(struct store *st, const char *rule, const char *level, int32_t day, struct books_rule *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT min_minutes, min_metres, min_gap_hours, min_coverage FROM duty WHERE "
		"rule = ?1 AND level = ?2 AND until IS NULL AND (valid_from IS NULL OR valid_from <= ?3) AND "
		"(valid_to IS NULL OR valid_to >= ?3) ORDER BY role LIMIT 1");
	enum err e;

	sql_str(q, 1, rule);
	sql_str(q, 2, level);
	sql_int(q, 3, day);
	if ((e = sql_row(q)) == OK)
		*out = (struct books_rule){asked(q, 0), asked(q, 1), asked(q, 2), asked(q, 3)};
	sql_done(q);
	return e;
}

static enum err chain_head(struct store *st, struct slice device, struct slice name, int64_t *commit)
{
	sqlite3_stmt *q = sql_get(st, "SELECT last FROM patrol WHERE device = ? AND name = ?");
	enum err e;

	sql_text(q, 1, device);
	sql_text(q, 2, name);
	if ((e = sql_row(q)) == OK)
		*commit = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

#define CHAIN_STEPS 20000 /* events of a patrol that are walked past */

enum err books_patrol_tracks(struct store *st, struct slice device, struct slice name, int limit, bool *cut,
	void (*event)(void *ctx, struct slice raw), void *ctx)
{
	int64_t commit = 0;
	enum err e = chain_head(st, device, name, &commit);
	int given = 0;

	*cut = false;
	for (int steps = 0; e == OK && commit; steps++) {
		sqlite3_stmt *q = sql_get(st, "SELECT kind, flags, link, raw FROM event WHERE \"commit\" = ?");

		sql_int(q, 1, commit);
		if ((e = sql_row(q)) == OK) {
			bool track = sqlite3_column_int(q, 0) == EV_PATROL_TRACK && !(sqlite3_column_int(q, 1) & 2);

			commit = sqlite3_column_int64(q, 2);
			if ((*cut = (track && given == limit) || steps == CHAIN_STEPS)) {
				sql_done(q);
				return OK;
			}
			if (track) {
				given++;
				event(ctx, sql_col(q, 3));
			}
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND && commit ? ERR_CORRUPT : e;
}
