#include "schema/sync.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/area.h"
#include "core/casus.h"
#include "core/civil.h"
#include "core/duty.h"
#include "core/track.h"
#include "schema/concerned.h"
#include "schema/dossier.h"
#include "schema/duties.h"
#include "schema/outline.h"
#include "schema/photos.h"
#include "schema/sql.h"

enum part { PART_DUTIES, PART_CASES, PART_PATROLS, PART_RESULTS, PART_PHOTOS, PARTS };

#define HASH 8 /* bytes of a list's hash in a cursor */

struct sync {
	struct store *st;
	const char *device;
	char person[65]; /* the device's own */
	struct head head;
	int64_t now_ms;
	int32_t today;
	struct buf part[PARTS];
	const struct sync_photos *photos; /* NULL: they are not taken */
	int wanted;
};

/* ------------------------------------------------------------------ the cursor */

struct cursor {
	char where[2 * HASH + 1]; /* database and device */
	int64_t commit, rev;      /* the registry, the lists were looked at up to here */
	int64_t registry;         /* the last import that is in it */
	int32_t day;
	char part[PARTS][2 * HASH + 1];
};

static void hash(const void *p, size_t n, const char *key, char out[2 * HASH + 1])
{
	unsigned char sum[16];

	(void)crypto_generichash(sum, sizeof sum, (const unsigned char *)p, n, (const unsigned char *)key, key ? strlen(key) : 0); /* sizes are right */
	(void)sodium_bin2hex(out, 2 * HASH + 1, sum, HASH);
}

static void cursor_now(const struct sync *s, struct cursor *c)
{
	hash(s->device, strlen(s->device), s->head.db, c->where);
	c->commit = s->head.commit;
	c->rev = s->head.rev;
	c->day = s->today;
}

static void cursor_part(const struct sync *s, enum part i, struct cursor *c)
{
	hash(s->part[i].p ? s->part[i].p : "", s->part[i].n, NULL, c->part[i]);
}

static void cursor_state(const struct cursor *c, char out[SYNC_STATE])
{
	unsigned char sum[16];
	char text[SYNC_CURSOR];
	int n = snprintf(text, sizeof text, "%s.%lld.%d.%s.%s.%s.%s.%s", c->where, (long long)c->registry, (int)c->day, c->part[0],
		c->part[1], c->part[2], c->part[3], c->part[4]); /* fits */

	(void)crypto_generichash(sum, sizeof sum, (const unsigned char *)text, (size_t)n, NULL, 0); /* sizes are right */
	(void)sodium_bin2hex(out, SYNC_STATE, sum, sizeof sum);
}

static void cursor_write(const struct cursor *c, char out[SYNC_CURSOR])
{
	(void)snprintf(out, SYNC_CURSOR, "3.%s.%lld.%lld.%lld.%d.%s.%s.%s.%s.%s", c->where, (long long)c->commit, (long long)c->rev,
		(long long)c->registry, (int)c->day, c->part[0], c->part[1], c->part[2], c->part[3], c->part[4]); /* fits */
}

static bool cursor_read(const char *text, struct cursor *c)
{
	long long commit, rev, registry;
	int day, end = 0;

	if (strlen(text) >= SYNC_CURSOR ||
		sscanf(text, "3.%16[0-9a-f].%lld.%lld.%lld.%d.%16[0-9a-f].%16[0-9a-f].%16[0-9a-f].%16[0-9a-f].%16[0-9a-f]%n", c->where, &commit,
			&rev, &registry, &day, c->part[0], c->part[1], c->part[2], c->part[3], c->part[4], &end) != 10 || text[end])
		return false;
	c->commit = commit;
	c->rev = rev;
	c->registry = registry;
	c->day = day;
	return commit >= 0 && rev >= 0;
}

/* ------------------------------------------------------------------ members */

static void text(struct buf *b, const char *key, struct slice v)
{
	buf_json_key(b, key);
	buf_json(b, v.p ? v.p : "", v.n);
}

static void col_text(struct buf *b, const char *key, sqlite3_stmt *q, int col)
{
	text(b, key, sql_col(q, col));
}

/* A number, null for NULL. */
static void col_int(struct buf *b, const char *key, sqlite3_stmt *q, int col)
{
	buf_json_key(b, key);
	if (sqlite3_column_type(q, col) == SQLITE_NULL)
		buf_adds(b, "null");
	else
		buf_int(b, sqlite3_column_int64(q, col));
}

static void member_day(struct buf *b, const char *key, int32_t day)
{
	char out[CIVIL_DAY_TEXT];

	civil_day_text(day, out);
	text(b, key, slice_of(out));
}

static void member_bool(struct buf *b, const char *key, bool v)
{
	buf_json_key(b, key);
	buf_adds(b, v ? "true" : "false");
}

/* Each row of q as an object made by one(). */
static enum err list(struct buf *b, const char *key, sqlite3_stmt *q, void (*one)(struct buf *b, sqlite3_stmt *q))
{
	enum err e;

	buf_json_key(b, key);
	buf_addc(b, '[');
	while ((e = sql_row(q)) == OK) {
		buf_json_sep(b);
		buf_addc(b, '{');
		one(b, q);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ what is imported: people, places, rules, catalogue */

static void one_person(struct buf *b, sqlite3_stmt *q)
{
	col_text(b, "id", q, 0);
	col_text(b, "name", q, 1);
}

static void one_appointment(struct buf *b, sqlite3_stmt *q)
{
	col_text(b, "person", q, 0);
	col_text(b, "role", q, 1);
	col_text(b, "scope", q, 2);
	col_text(b, "level", q, 3);
}

static void outline(struct buf *b, sqlite3_stmt *q, int col)
{
	struct slice shape = sql_col(q, col);

	if (!shape.n)
		return; /* not on the map, or one of too many */
	buf_json_key(b, "outline");
	outline_write(b, shape.p, shape.n);
}

static void one_area(struct buf *b, sqlite3_stmt *q)
{
	col_text(b, "code", q, 0);
	col_text(b, "name", q, 1);
	outline(b, q, 2);
}

static void one_reach(struct buf *b, sqlite3_stmt *q)
{
	col_text(b, "code", q, 0);
	col_text(b, "name", q, 1);
	col_text(b, "river", q, 2);
	col_text(b, "kind", q, 3);
	col_text(b, "area", q, 4);
	col_int(b, "length_m", q, 5);
	outline(b, q, 6);
}

static void one_rule(struct buf *b, sqlite3_stmt *q)
{
	static const char *const key[] = {"rule", "role", "level", "target", "period"};
	static const char *const number[] = {"months", "count", NULL, "min_minutes", "min_metres", "min_gap_hours",
		"min_coverage_permille", "substitute", "delegate"};

	for (int i = 0; i < 5; i++)
		col_text(b, key[i], q, i);
	for (int i = 0; i < 9; i++)
		if (number[i])
			col_int(b, number[i], q, 5 + i);
	col_text(b, "unit", q, 7);
}

static void one_category(struct buf *b, sqlite3_stmt *q)
{
	col_text(b, "class", q, 0);
	col_text(b, "code", q, 1);
	col_text(b, "name", q, 2);
	col_text(b, "name_en", q, 3);
	col_int(b, "severity", q, 4);
	member_bool(b, "photo_before", sqlite3_column_int(q, 5));
	member_bool(b, "photo_after", sqlite3_column_int(q, 6));
}

static void one_day(struct buf *b, sqlite3_stmt *q)
{
	member_day(b, "date", sqlite3_column_int(q, 0));
	col_text(b, "kind", q, 1);
}

/* ?1 the device, ?2 its person: all who may act on it. */
#define PEOPLE "(SELECT ?2 UNION SELECT person FROM enrolment WHERE device = ?1 AND until IS NULL)"
#define VALID(day) " AND (valid_from IS NULL OR valid_from <= " day ") AND (valid_to IS NULL OR valid_to >= " day ")"
/* Scopes of their appointments on day ?3. */
#define SCOPES "(SELECT scope FROM appointment WHERE person IN " PEOPLE " AND until IS NULL" VALID("?3") ")"

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)
#define OUTLINES TEXT(SYNC_OUTLINES)

static sqlite3_stmt *of_device(const struct sync *s, const char *sql)
{
	sqlite3_stmt *q = sql_get(s->st, sql);

	sql_str(q, 1, s->device);
	sql_str(q, 2, s->person);
	if (sqlite3_bind_parameter_count(q) >= 3)
		sql_int(q, 3, s->today);
	return q;
}

static enum err write_registry(const struct sync *s, struct buf *b)
{
	int32_t year = civil_year_first(s->today);
	sqlite3_stmt *q;
	enum err e;

	if ((e = list(b, "people", of_device(s, "SELECT id, name FROM person WHERE id IN " PEOPLE " AND until IS NULL ORDER BY id "
		"<> ?2, id LIMIT 16"), one_person)) != OK ||
		(e = list(b, "appointments", of_device(s, "SELECT person, role, scope, level FROM appointment WHERE person IN " PEOPLE " "
			"AND until IS NULL" VALID("?3")
			" ORDER BY person, role, scope LIMIT 500"), one_appointment)) != OK ||
		(e = list(b, "areas", of_device(s, "SELECT code, name, CASE WHEN length(code) = 15 AND row_number() OVER (PARTITION BY length(code) ORDER BY code) <= "
			OUTLINES " THEN (SELECT geojson FROM shape WHERE code = "
			"y.code AND until IS NULL) END FROM (SELECT DISTINCT a.code, a.name FROM " SCOPES " x JOIN area a ON a.code >= x.scope AND "
			"a.code < x.scope || ':' WHERE "
			"x.scope GLOB '[0-9]*' AND a.until IS NULL" VALID("?3") " ORDER BY length(a.code), a.code LIMIT 500) y ORDER BY length(code), code"), one_area)) != OK ||
		(e = list(b, "reaches", of_device(s, "SELECT code, name, river, kind, area, length_m, CASE WHEN row_number() OVER (ORDER BY (code IN " SCOPES
			") DESC, code) <= " OUTLINES " THEN (SELECT geojson FROM shape WHERE code = reach.code AND until IS NULL) END FROM reach WHERE until IS NULL AND "
			"(code IN " SCOPES " OR EXISTS "
			"(SELECT 1 FROM " SCOPES " x WHERE x.scope GLOB '[0-9]*' AND (substr(reach.area, 1, length(x.scope)) = x.scope OR "
				"substr(x.scope, 1, length(reach.area)) = reach.area))) "
			"ORDER BY code LIMIT 500"), one_reach)) != OK ||
		(e = list(b, "rules", of_device(s, "SELECT rule, role, level, target, period, months, count, count_unit, min_minutes, "
			"min_metres, min_gap_hours, min_coverage, substitute, "
			"delegate FROM duty WHERE until IS NULL" VALID("?3") " AND EXISTS (SELECT 1 FROM appointment p WHERE p.person IN " PEOPLE
				" AND p.until IS NULL AND p.role = duty.role AND "
			"p.level = duty.level) ORDER BY rule, role, level"), one_rule)) != OK)
		return e;
	q = sql_get(s->st, "SELECT class, code, name, name_en, severity, photo_before, photo_after FROM category WHERE until IS "
		"NULL" VALID("?1") " ORDER BY class, code");
	sql_int(q, 1, s->today);
	if ((e = list(b, "categories", q, one_category)) != OK)
		return e;
	q = sql_get(s->st, "SELECT day, kind FROM calendar WHERE until IS NULL AND day BETWEEN ?1 AND ?2 ORDER BY day");
	sql_int(q, 1, year);
	sql_int(q, 2, civil_year_first(year + 366 + 366) - 1);
	return list(b, "calendar", q, one_day);
}

/* ------------------------------------------------------------------ what moves: duties, cases, patrols, results */

struct month {
	int64_t need, done, met, missed;
};

static void one_duty(void *ctx, const struct duty_row *r)
{
	struct month *m = ctx;

	if (r->state == DUTY_EXEMPT)
		return;
	m->need += r->i.need;
	m->done += r->done;
	m->met += r->state == DUTY_MET;
	m->missed += r->state == DUTY_OVERDUE;
}

/* 应巡, 实巡 of the person: of the periods that end this month. */
static enum err write_month(struct sync *s, struct buf *b)
{
	int32_t first = civil_month_first(s->today), next = civil_month_first(first + 31);
	struct month m = {0};
	enum err e = duties_of(s->st, s->person, first, next - 1, s->now_ms, one_duty, &m);

	buf_addf(b, ",\"month\":{\"need\":%lld,\"done\":%lld,\"met\":%lld,\"missed\":%lld}", (long long)m.need, (long long)m.done, (long long)m.met,
		(long long)m.missed);
	return e;
}

static enum err read_duties(struct sync *s)
{
	sqlite3_stmt *q = of_device(s, "SELECT person, rule, target, level, role, coalesce((SELECT name FROM area WHERE code = "
		"target AND until IS NULL), (SELECT name FROM reach "
		"WHERE code = target AND until IS NULL)), first, last, need, done, unit, state, overdue, (SELECT count(*) FROM reminder r WHERE r.person = "
		"duty_state.person AND r.rule = duty_state.rule AND r.target = duty_state.target AND r.since = overdue), (SELECT max(at) FROM reminder r WHERE "
		"r.person = duty_state.person AND r.rule = duty_state.rule AND r.target = duty_state.target AND r.since = overdue), (SELECT coalesce((SELECT name "
		"FROM person WHERE id = sender AND until IS NULL), sender) FROM reminder r WHERE r.person = duty_state.person AND r.rule = duty_state.rule AND "
		"r.target = duty_state.target AND r.since = overdue ORDER BY at DESC LIMIT 1) FROM duty_state WHERE person IN " PEOPLE " AND gone = 0 "
		"ORDER BY person, last, rule, target, level, role");
	static const char *const key[] = {"person", "rule", "target", "level", "role", "target_name"};
	struct buf *b = &s->part[PART_DUTIES];
	enum err e;

	buf_adds(b, "\"duties\":[");
	while ((e = sql_row(q)) == OK) {
		buf_json_sep(b);
		buf_addc(b, '{');
		for (int i = 0; i < 6; i++)
			col_text(b, key[i], q, i);
		member_day(b, "first", sqlite3_column_int(q, 6));
		member_day(b, "last", sqlite3_column_int(q, 7));
		col_int(b, "need", q, 8);
		col_int(b, "done", q, 9);
		col_text(b, "unit", q, 10);
		text(b, "state", slice_of(duty_state_name((enum duty_state)sqlite3_column_int(q, 11))));
		col_int(b, "overdue", q, 12);
		if (sqlite3_column_int64(q, 13) > 0) {
			col_int(b, "reminders", q, 13);
			col_int(b, "reminded_at", q, 14);
			col_text(b, "reminded_by", q, 15);
		}
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
	if ((e = sql_end(q, e)) != OK)
		return e;
	return write_month(s, b);
}

/* The last act in force, for `base` of the next one. */
static enum err write_base(struct sync *s, const char *name, struct buf *b)
{
	struct dossier_source src = {.st = s->st, .registry = registry_new(s->st, REGISTRY_NOW), .as_of = REGISTRY_NOW};
	struct dossier d = {0};
	enum err e = dossier_read(&src, slice_of(name), &d);

	if (e == OK && d.n && d.fold.last != UINT32_MAX) {
		const struct order_key *k = &d.act[d.fold.last].key;
		char id[160];

		(void)snprintf(id, sizeof id, "%s/%s/%lld", k->device, k->epoch, (long long)k->seq); /* fits */
		text(b, "base", slice_of(id));
	}
	dossier_done(&d);
	json_done(&src.json);
	registry_free(src.registry);
	return e;
}

static void case_photo(void *ctx, const char *sha256)
{
	buf_json_sep(ctx);
	buf_json_str(ctx, sha256);
}

static enum err one_case(struct sync *s, sqlite3_stmt *q, struct buf *b)
{
	static const char *const key[] = {"id", "class", "category", "title", "scope", "scope_name", "level", "holder"};
	enum casus_state state = (enum casus_state)sqlite3_column_int(q, 9);
	bool mine = sqlite3_column_int(q, 12);
	char name[EVENT_ID_MAX + 1];
	enum err e = OK;

	buf_json_sep(b);
	buf_addc(b, '{');
	for (int i = 0; i < 8; i++)
		col_text(b, key[i], q, i);
	col_int(b, "severity", q, 8);
	text(b, "state", slice_of(casus_state_name(state)));
	col_int(b, "due", q, 10);
	col_int(b, "at", q, 11);
	col_int(b, "commit", q, 13);
	buf_adds(b, ",\"actions\":[");
	if (mine && state == CASUS_DISPATCHED)
		buf_adds(b, "\"sign\",\"return\"");
	else if (mine && state == CASUS_IN_PROGRESS)
		buf_adds(b, "\"handle\"");
	buf_addc(b, ']');
	slice_copy(name, sizeof name, sql_col(q, 0));
	if (mine && write_base(s, name, b) != OK)
		return ERR_CORRUPT;
	if (mine && s->photos) {
		buf_adds(b, ",\"photos\":[");
		e = photos_of_case(s->st, name, SYNC_CASE_PHOTOS, case_photo, b);
		buf_addc(b, ']');
	}
	buf_addc(b, '}');
	return e;
}

static enum err read_cases(struct sync *s)
{
	sqlite3_stmt *q = of_device(s, "SELECT name, class, category, title, scope, coalesce((SELECT name FROM area WHERE code = "
		"scope AND until IS NULL), (SELECT name FROM reach "
		"WHERE code = scope AND until IS NULL)), level, holder, severity, state, due, report_at, mine, \"commit\" FROM (SELECT *, "
			"1 AS mine FROM casus WHERE holder IN " PEOPLE
		" AND state IN (3, 4) UNION ALL SELECT *, 0 FROM casus WHERE reporter IN " PEOPLE " AND state IN (1, 2, 3, 4, 5, 8) AND "
			"(holder IS NULL OR holder NOT IN " PEOPLE
		" OR state NOT IN (3, 4))) ORDER BY mine DESC, due IS NULL, due, name LIMIT 100");
	struct buf *b = &s->part[PART_CASES];
	enum err e;

	buf_adds(b, "\"cases\":[");
	while ((e = sql_row(q)) == OK && (e = one_case(s, q, b)) == OK)
		;
	buf_addc(b, ']');
	return sql_end(q, e);
}

static void write_reasons(struct buf *b, int64_t bits)
{
	buf_adds(b, ",\"reasons\":[");
	for (size_t i = 0; i < TRACK_REASONS; i++)
		if (bits >> i & 1) {
			buf_json_sep(b);
			buf_json_str(b, track_reasons[i].name);
		}
	buf_addc(b, ']');
}

/* What the person walked: today, this month, this year; as the office counts it. */
static enum err write_figures(struct sync *s, struct buf *b)
{
	const int32_t first[3] = {s->today, civil_month_first(s->today), civil_year_first(s->today)};
	static const char *const id[] = {"patrols", "patrols_valid", "patrol_minutes", "patrol_km"};
	static const char *const zh[] = {"巡查次数", "有效巡查", "时长（分钟）", "里程（公里）"};
	int64_t sum[4][3];

	for (int i = 0; i < 3; i++) {
		sqlite3_stmt *q = sql_get(s->st, "SELECT count(*), coalesce(sum(reasons = 0), 0), coalesce(sum(duration_s), 0), "
			"coalesce(sum(distance_m), 0) FROM patrol "
			"WHERE person = ?1 AND start_at >= ?2 AND start_at < ?3");
		enum err e;

		sql_str(q, 1, s->person);
		sql_int(q, 2, civil_day_ms(first[i]));
		sql_int(q, 3, civil_day_ms(s->today + 1));
		if ((e = sql_row(q)) == OK)
			for (int k = 0; k < 4; k++)
				sum[k][i] = sqlite3_column_int64(q, k);
		sql_done(q);
		if (e != OK)
			return e;
	}
	buf_adds(b, ",\"figures\":[");
	for (int k = 0; k < 4; k++) {
		static const char *const span[] = {"today", "month", "year"};

		buf_json_sep(b);
		buf_addc(b, '{');
		text(b, "id", slice_of(id[k]));
		text(b, "name", slice_of(zh[k]));
		for (int i = 0; i < 3; i++) {
			buf_json_key(b, span[i]);
			if (k < 2)
				buf_int(b, sum[k][i]);
			else if (k == 2)
				buf_int(b, (sum[k][i] + 30) / 60);
			else
				buf_addf(b, "%lld.%02lld", (long long)((sum[k][i] + 5) / 1000), (long long)((sum[k][i] + 5) / 10 % 100));
		}
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
	return OK;
}

static enum err read_patrols(struct sync *s)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT name, start_at, end_at, route, target, duration_s, distance_m, coverage, reasons "
		"FROM patrol WHERE person = ?1 AND start_at >= ?2 AND "
		"device = ?3 ORDER BY start_at DESC LIMIT 30");
	struct buf *b = &s->part[PART_PATROLS];
	enum err e;

	sql_str(q, 1, s->person);
	sql_int(q, 2, s->now_ms - 31LL * 86400000);
	sql_str(q, 3, s->device);
	buf_adds(b, "\"patrols\":[");
	while ((e = sql_row(q)) == OK) {
		buf_json_sep(b);
		buf_addc(b, '{');
		col_text(b, "patrol", q, 0);
		col_int(b, "start", q, 1);
		col_int(b, "end", q, 2);
		col_text(b, "route", q, 3);
		col_text(b, "target", q, 4);
		col_int(b, "seconds", q, 5);
		col_int(b, "metres", q, 6);
		col_int(b, "coverage_permille", q, 7);
		member_bool(b, "valid", sqlite3_column_int64(q, 8) == 0);
		write_reasons(b, sqlite3_column_int64(q, 8));
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
	if ((e = sql_end(q, e)) != OK)
		return e;
	return write_figures(s, b);
}

static enum err read_results(struct sync *s)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT s.epoch, x.seq, x.status, x.code, x.detail FROM stream s JOIN (SELECT stream, seq, "
		"status, code, detail FROM answer UNION ALL SELECT stream, "
		"seq, 'conflict', 'conflict', '' FROM conflict) x ON x.stream = s.id WHERE s.device = ?1 AND s.answers > 0 ORDER BY s.id "
			"DESC, x.seq DESC LIMIT 200");
	struct buf *b = &s->part[PART_RESULTS];
	enum err e;

	sql_str(q, 1, s->device);
	buf_adds(b, "\"results\":[");
	while ((e = sql_row(q)) == OK) {
		buf_json_sep(b);
		buf_addc(b, '{');
		col_text(b, "epoch", q, 0);
		col_int(b, "seq", q, 1);
		col_text(b, "status", q, 2);
		col_text(b, "code", q, 3);
		col_text(b, "detail", q, 4);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
	return sql_end(q, e);
}

static void one_photo(void *ctx, const char *sha256)
{
	struct sync *s = ctx;
	struct buf *b = &s->part[PART_PHOTOS];

	if (s->wanted >= SYNC_WANTED_MAX || s->photos->has(s->photos->ctx, sha256, s->device))
		return;
	s->wanted++;
	buf_json_sep(b);
	buf_json_str(b, sha256);
}

/* Photos that its events name and that are not here, of the days that a phone can send again. */
static enum err read_photos(struct sync *s)
{
	struct buf *b = &s->part[PART_PHOTOS];
	enum err e;

	if (!s->photos) {
		buf_adds(b, "\"files\":null,\"photos_wanted\":[]");
		return OK;
	}
	buf_addf(b, "\"files\":{\"max_bytes\":%lld},\"photos_wanted\":[", (long long)s->photos->max_bytes);
	e = photos_of(s->st, s->device, s->now_ms - SYNC_PHOTO_DAYS * 86400000LL, SYNC_PHOTOS_MAX, one_photo, s);
	buf_addc(b, ']');
	return e;
}

/* ------------------------------------------------------------------ all of it */

static enum err find_device(struct sync *s, char district[7])
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT person, district FROM device WHERE id = ? AND until IS NULL AND revoked IS NULL");
	enum err e;

	sql_str(q, 1, s->device);
	if ((e = sql_row(q)) == OK) {
		slice_copy(s->person, sizeof s->person, sql_col(q, 0));
		slice_copy(district, 7, sql_col(q, 1));
	}
	sql_done(q);
	return e;
}

/* Was anything imported after `commit`? */
static enum err registry_moved(struct sync *s, int64_t commit, bool *out)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT 1 FROM change WHERE \"commit\" > ? AND (what LIKE 'import %' OR what LIKE 'device %') LIMIT 1");
	enum err e;

	sql_int(q, 1, commit);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err registry_commit(struct sync *s, int64_t *out)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT \"commit\" FROM change WHERE what LIKE 'import %' OR what LIKE 'device %' ORDER BY \"commit\" DESC LIMIT 1");
	enum err e = sql_row(q);

	*out = e == OK ? sqlite3_column_int64(q, 0) : 0;
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_parts(struct sync *s)
{
	enum err e;

	if ((e = read_duties(s)) != OK || (e = read_cases(s)) != OK || (e = read_patrols(s)) != OK)
		return e;
	return read_results(s);
}

/* Reads what may be another than at the cursor `had`; *c becomes the cursor after it. */
static enum err look(struct sync *s, const struct cursor *had, bool full, bool *registry, struct cursor *c)
{
	bool anew = full || had->day != c->day, mine = true;
	enum err e = OK;

	*registry = anew;
	if (!anew)
		e = registry_moved(s, had->commit, registry);
	if (e == OK && !*registry)
		e = concerned_since(s->st, s->device, s->person, had->rev, &mine);
	c->registry = had->registry;
	if (e == OK && *registry)
		e = registry_commit(s, &c->registry);
	memcpy(c->part, had->part, sizeof c->part);
	if (e == OK && (*registry || mine) && (e = read_parts(s)) == OK)
		for (int i = 0; i < PARTS; i++)
			cursor_part(s, (enum part)i, c);
	if (e == OK && (e = read_photos(s)) == OK) /* photos come without a commit */
		cursor_part(s, PART_PHOTOS, c);
	return e;
}

enum err sync_read(struct store *st, const char *device, const char *cursor, int64_t now_ms, const struct sync_photos *photos,
	struct buf *out, char state[SYNC_STATE])
{
	struct sync s = {.st = st, .device = device, .now_ms = now_ms, .today = civil_day(now_ms), .photos = photos};
	bool full = !cursor || !*cursor, registry = true;
	char district[7] = "", next[SYNC_CURSOR];
	struct cursor had = {0}, now = {0};
	enum err e = store_head(st, &s.head);

	if (e == OK)
		e = find_device(&s, district);
	if (e == OK && !full && !cursor_read(cursor, &had))
		e = ERR_STALE;
	cursor_now(&s, &now);
	if (e == OK && !full && (strcmp(had.where, now.where) != 0 || had.commit > now.commit || had.rev > now.rev))
		e = ERR_STALE;
	if (e == OK)
		e = look(&s, &had, full, &registry, &now);
	if (e == OK) {
		cursor_write(&now, next);
		cursor_state(&now, state);
		buf_addf(out, "{\"full\":%s,\"cursor\":\"%s\",\"commit\":%lld,\"time\":%lld", full ? "true" : "false", next, (long
			long)s.head.commit, (long long)now_ms);
		if (registry) {
			text(out, "device", slice_of(device));
			text(out, "district", slice_of(district));
			e = write_registry(&s, out);
		}
		for (int i = 0; i < PARTS; i++)
			if (full || strcmp(had.part[i], now.part[i]) != 0) {
				buf_addc(out, ',');
				buf_add(out, s.part[i].p, s.part[i].n);
			}
		buf_addc(out, '}');
	}
	for (int i = 0; i < PARTS; i++)
		buf_done(&s.part[i]);
	return e;
}

#define REACHED "d.until IS NULL AND d.revoked IS NULL AND (t.online = 1 OR t.seen > ?2)"

enum err sync_phones(struct store *st, const char *person, int64_t now_ms,
	void (*row)(void *ctx, const char *device, const char *district), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT d.id, d.district FROM device d JOIN device_state t ON t.device = d.id WHERE d.person = ?1 AND " REACHED
		" UNION SELECT d.id, d.district FROM enrolment n JOIN device d ON d.id = n.device JOIN device_state t ON t.device = d.id "
		"WHERE n.person = ?1 AND n.until IS NULL AND " REACHED);
	enum err e;

	sql_str(q, 1, person);
	sql_int(q, 2, now_ms - SYNC_HEARD_MS);
	while ((e = sql_row(q)) == OK)
		row(ctx, sql_cstr(q, 0), sql_cstr(q, 1));
	return sql_end(q, e);
}

enum err sync_people(struct store *st, int64_t now_ms, void (*row)(void *ctx, const char *person), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT DISTINCT d.person FROM device_state t JOIN device d ON d.id = t.device WHERE " REACHED);
	enum err e;

	sql_int(q, 2, now_ms - SYNC_HEARD_MS);
	while ((e = sql_row(q)) == OK)
		row(ctx, sql_cstr(q, 0));
	return sql_end(q, e);
}

enum err sync_district(struct store *st, const char *device, char out[8])
{
	sqlite3_stmt *q = sql_get(st, "SELECT district FROM device WHERE id = ? AND until IS NULL AND revoked IS NULL");
	enum err e;

	sql_str(q, 1, device);
	if ((e = sql_row(q)) == OK)
		slice_copy(out, 8, sql_col(q, 0));
	sql_done(q);
	return e;
}
