#include "schema/books_map.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "core/civil.h"
#include "schema/books_sql.h"

struct count {
	int64_t open_cases, patrols;
};

struct counts {
	struct map map; /* area code, or reach code -> struct count */
};

static struct count *count_of(struct counts *c, const char *code, size_t n)
{
	struct count *k = map_get(&c->map, code, n);

	if (!k) {
		k = xcalloc(1, sizeof *k);
		(void)map_put(&c->map, code, n, k); /* was not there */
	}
	return k;
}

static void counts_done(struct counts *c)
{
	size_t pos = 0;
	struct count *k;

	while ((k = map_next(&c->map, &pos)))
		free(k);
	map_done(&c->map);
}

/* Adds to the place and all above it. */
static void add(struct counts *c, const char *code, int64_t open_cases, int64_t patrols)
{
	static const size_t digits[] = {AREA_DISTRICT, AREA_TOWN, AREA_COMMUNITY, AREA_GRID};
	size_t n = strlen(code);

	for (size_t i = 0; i < ARRAY_LEN(digits) && digits[i] <= n; i++) {
		struct count *k = count_of(c, code, digits[i]);

		k->open_cases += open_cases;
		k->patrols += patrols;
	}
}

static enum err count_areas(struct store *st, struct counts *c, const char *scope, int64_t now_ms)
{
	sqlite3_stmt *q = sql_get(st, "SELECT c.area, count(*) FROM casus c INDEXED BY casus_open WHERE c.state IN (1, 2, 3, 4, 5, 8) AND"
		SQL_MINE("c.area", "''") "GROUP BY c.area");
	enum err e;

	sql_str(q, 1, scope);
	while ((e = sql_row(q)) == OK)
		add(c, sql_cstr(q, 0), sqlite3_column_int64(q, 1), 0);
	if ((e = sql_end(q, e)) != OK)
		return e;
	q = sql_get(st, "SELECT area, sum(n) FROM tally INDEXED BY tally_span WHERE span = ?3 AND figure = 'patrols' AND"
		SQL_MINE("area", "''") "GROUP BY area");
	sql_str(q, 1, scope);
	sql_int(q, 3, civil_yyyymmdd(civil_day(now_ms)));
	while ((e = sql_row(q)) == OK)
		add(c, sql_cstr(q, 0), 0, sqlite3_column_int64(q, 1));
	return sql_end(q, e);
}

static enum err count_reaches(struct store *st, struct counts *c, const char *scope, int64_t now_ms)
{
	sqlite3_stmt *q = sql_get(st, "SELECT c.scope, count(*) FROM casus c INDEXED BY casus_open WHERE c.state IN (1, 2, 3, 4, 5, 8) AND "
		"c.scope <> c.area AND" SQL_MINE("c.area", "''") "GROUP BY c.scope");
	int32_t today = civil_day(now_ms);
	enum err e;

	sql_str(q, 1, scope);
	while ((e = sql_row(q)) == OK)
		count_of(c, sql_cstr(q, 0), strlen(sql_cstr(q, 0)))->open_cases = sqlite3_column_int64(q, 1);
	if ((e = sql_end(q, e)) != OK)
		return e;
	q = sql_get(st, "SELECT t.target, count(*) FROM patrol t INDEXED BY patrol_start WHERE t.start_at >= ?3 AND t.start_at < ?4 AND"
		SQL_MINE("t.t_area", "''") "GROUP BY t.target");
	sql_str(q, 1, scope);
	sql_int(q, 3, civil_day_ms(today));
	sql_int(q, 4, civil_day_ms(today + 1));
	while ((e = sql_row(q)) == OK)
		count_of(c, sql_cstr(q, 0), strlen(sql_cstr(q, 0)))->patrols = sqlite3_column_int64(q, 1);
	return sql_end(q, e);
}

static void take_counts(const struct counts *c, struct books_area *a)
{
	const struct count *k = map_get(&c->map, a->code, strlen(a->code));

	a->open_cases = k ? k->open_cases : 0;
	a->patrols_today = k ? k->patrols : 0;
}

/* Gives rows until `limit` or row() says enough; counts the rest. */
struct giving {
	int limit;
	int64_t given, left;
	bool enough;
};

static bool give_on(struct giving *g)
{
	if (g->enough || g->given == g->limit) {
		g->left++;
		return false;
	}
	return true;
}

enum err books_areas(struct store *st, const char *scope, int limit, int64_t now_ms, int64_t *left,
	bool (*row)(void *ctx, const struct books_area *a), void *ctx)
{
	struct giving g = {.limit = limit};
	struct counts c = {0};
	sqlite3_stmt *q;
	char end[48];
	enum err e;

	*left = 0;
	if ((e = count_areas(st, &c, scope, now_ms)) != OK)
		goto out;
	q = sql_get(st, "SELECT s.code, a.name, s.geojson FROM shape s CROSS JOIN area a ON a.code = s.code AND a.until IS NULL "
		"WHERE s.until IS NULL AND s.code >= ?1 AND s.code < ?2 AND (a.valid_from IS NULL OR a.valid_from <= ?3) AND "
		"(a.valid_to IS NULL OR a.valid_to >= ?3) ORDER BY s.code");
	(void)snprintf(end, sizeof end, "%s~", strcmp(scope, "*") == 0 ? "" : scope); /* ~ sorts behind digits */
	sql_str(q, 1, strcmp(scope, "*") == 0 ? "" : scope);
	sql_str(q, 2, end);
	sql_int(q, 3, civil_day(now_ms));
	while ((e = sql_row(q)) == OK) {
		struct books_area a = {.code = sql_cstr(q, 0), .name = sql_cstr(q, 1), .geojson = "", .river = "", .kind = "", .area = "", .length_m = -1};

		if (!give_on(&g))
			continue;
		a.geojson = sql_cstr(q, 2);
		take_counts(&c, &a);
		g.enough = !row(ctx, &a);
		*(g.enough ? &g.left : &g.given) += 1;
	}
	e = sql_end(q, e);
	*left = g.left;
out:
	counts_done(&c);
	return e;
}

enum err books_reaches(struct store *st, const char *scope, int limit, int64_t now_ms, int64_t *left,
	bool (*row)(void *ctx, const struct books_area *a), void *ctx)
{
	struct giving g = {.limit = limit};
	struct counts c = {0};
	sqlite3_stmt *q;
	enum err e;

	*left = 0;
	if ((e = count_reaches(st, &c, scope, now_ms)) != OK)
		goto out;
	q = sql_get(st, "SELECT r.code, r.name, s.geojson, r.river, r.kind, r.area, r.length_m FROM reach r CROSS JOIN shape s ON "
		"s.code = r.code AND s.until IS NULL WHERE r.until IS NULL AND" SQL_MINE("r.area", "''") "ORDER BY r.code");
	sql_str(q, 1, scope);
	while ((e = sql_row(q)) == OK) {
		struct books_area a = {.code = sql_cstr(q, 0), .name = sql_cstr(q, 1), .river = sql_cstr(q, 3),
			.kind = sql_cstr(q, 4), .area = sql_cstr(q, 5), .length_m = books_ms(q, 6)};

		if (!give_on(&g))
			continue;
		a.geojson = sql_cstr(q, 2);
		take_counts(&c, &a);
		g.enough = !row(ctx, &a);
		*(g.enough ? &g.left : &g.given) += 1;
	}
	e = sql_end(q, e);
	*left = g.left;
out:
	counts_done(&c);
	return e;
}

#define DEVICE_AREA                                                                             \
	"(SELECT coalesce(r.area, a.scope) FROM appointment a LEFT JOIN reach r ON r.code = a.scope " \
	"AND r.until IS NULL WHERE a.person = d.person AND a.until IS NULL ORDER BY a.scope LIMIT 1)"

enum err books_devices(struct store *st, const char *scope, int limit, int64_t *left,
	bool (*row)(void *ctx, const struct books_device *d), void *ctx)
{
	struct giving g = {.limit = limit};
	sqlite3_stmt *q = sql_get(st, "SELECT * FROM (SELECT d.id AS id, d.person, " SQL_PERSON("d.person") ", " DEVICE_AREA
		" AS area, s.online, s.battery, s.lat_e7, s.lon_e7, s.seen, s.loc_at FROM device d CROSS JOIN device_state s ON "
		"s.device = d.id WHERE d.until IS NULL AND d.revoked IS NULL AND s.lat_e7 IS NOT NULL) WHERE"
		SQL_MINE("area", "''") "ORDER BY id");
	enum err e;

	sql_str(q, 1, scope);
	while ((e = sql_row(q)) == OK) {
		struct books_device d = {.device = sql_cstr(q, 0), .person = books_named(q, 1), .area = sql_cstr(q, 3),
			.online = sqlite3_column_int(q, 4) != 0,
			.battery = sqlite3_column_type(q, 5) == SQLITE_NULL ? -1 : sqlite3_column_int(q, 5),
			.lat_e7 = sqlite3_column_int(q, 6), .lon_e7 = sqlite3_column_int(q, 7),
			.seen_ms = sqlite3_column_int64(q, 8), .loc_ms = books_ms(q, 9)};

		if (!give_on(&g))
			continue;
		g.enough = !row(ctx, &d);
		*(g.enough ? &g.left : &g.given) += 1;
	}
	*left = g.left;
	return sql_end(q, e);
}
