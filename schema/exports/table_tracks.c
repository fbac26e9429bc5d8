#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/event.h"
#include "core/track.h"
#include "schema/exports/pin.h"
#include "schema/exports/sink.h"
#include "schema/sql.h"

/* Where somebody walked: the points that count, a line for each stretch without a gap (a point alone is a line of it twice,
 * since a LineString has two positions). */
static const struct column columns[] = {
	{"geometry", "轨迹", "Track", COL_JSON, 40, false},
	{"patrol", "巡查编号", "Patrol", COL_TEXT, 20, false},
	{"device", "设备", "Device", COL_TEXT, 10, false},
	{"person", "人员编号", "Person", COL_TEXT, 11, false},
	{"person_name", "人员", "Name", COL_TEXT, 8, false},
	{"route", "路线", "Route", COL_TEXT, 9, false},
	{"target", "对象编码", "Target", COL_TEXT, 17, false},
	{"start", "开始时间", "Start", COL_INSTANT, 17, false},
	{"end", "结束时间", "End", COL_INSTANT, 17, false},
	{"metres", "里程（米）", "Metres", COL_INT, 10, false},
	{"seconds", "时长（秒）", "Seconds", COL_INT, 10, false},
	{"valid", "有效", "Valid", COL_BOOL, 6, false},
	{"cut", "轨迹不全", "Cut off", COL_BOOL, 8, false}, /* more points than a patrol may have */
};

#define CHAIN_STEPS 20000 /* events of a patrol that are walked past; beyond: cut */

struct own {
	int64_t at_ms; /* the last row given */
	char device[EVENT_DEVICE_MAX + 1], name[EVENT_ID_MAX + 1];
	struct json json;
	struct track_point *p;
	uint8_t *mark;
	size_t n, cap;
	bool cut;
	struct buf geometry;
};

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);

	(void)why;
	o->at_ms = w->from_ms;
	w->own = o;
	return pin_patrols(w);
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	pin_drop(w->st);
	json_done(&o->json);
	free(o->p);
	free(o->mark);
	buf_done(&o->geometry);
	free(o);
}

static void take_event(struct own *o, struct slice raw)
{
	bool backwards = false, mock = false;

	if (o->n + EVENT_PTS_MAX > TRACK_POINTS_MAX) {
		o->cut = true;
		return;
	}
	if (o->n + EVENT_PTS_MAX > o->cap) {
		o->cap = 2 * o->cap + EVENT_PTS_MAX;
		o->p = xrealloc(o->p, o->cap * sizeof *o->p);
		o->mark = xrealloc(o->mark, o->cap);
	}
	if (json_read(&o->json, raw.p, raw.n))
		o->n += track_read_event(&o->json, o->p + o->n, &backwards, &mock);
}

/* Its track events, along the chain from `last` on. */
static enum err read_points(struct own *o, struct store *st, int64_t last, int64_t as_of)
{
	enum err e = OK;

	o->n = 0;
	o->cut = false;
	for (int steps = 0; e == OK && last && !(o->cut |= steps == CHAIN_STEPS); steps++) {
		sqlite3_stmt *q = sql_get(st, "SELECT kind, flags, link, raw FROM event WHERE \"commit\" = ?");
		bool out = false;

		sql_int(q, 1, last);
		if ((e = sql_row(q)) == OK && (e = pin_is_out(st, last, sqlite3_column_int64(q, 1), as_of, &out)) == OK) {
			if (!out && sqlite3_column_int(q, 0) == EV_PATROL_TRACK)
				take_event(o, sql_col(q, 3));
			last = sqlite3_column_int64(q, 2);
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static void position(struct buf *b, struct geo g)
{
	buf_json_sep(b);
	buf_addc(b, '[');
	sink_decimal(b, g.lon_e7, 7);
	buf_addc(b, ',');
	sink_decimal(b, g.lat_e7, 7);
	buf_addc(b, ']');
}

static void draw(struct own *o)
{
	struct buf *b = &o->geometry;
	const struct track_point *before = NULL;
	bool alone = true;

	buf_clear(b);
	buf_adds(b, "{\"type\":\"MultiLineString\",\"coordinates\":[");
	for (size_t i = 0; i < o->n; i++) {
		const struct track_point *p = &o->p[i];

		if (o->mark[i] != TRACK_MARK_KEPT)
			continue;
		if (before && p->at_ms - before->at_ms <= TRACK_GAP_MS) {
			alone = false;
		} else {
			if (before && alone)
				position(b, before->at);
			if (before)
				buf_addc(b, ']');
			buf_json_sep(b);
			buf_addc(b, '[');
			alone = true;
		}
		position(b, p->at);
		before = p;
	}
	if (before && alone)
		position(b, before->at);
	if (before)
		buf_adds(b, "]]}");
	else
		buf_clear(b); /* nothing to draw: null */
}

static enum err line(struct table_world *w, struct rows *r, sqlite3_stmt *q)
{
	struct own *o = w->own;
	enum err e = read_points(o, w->st, sqlite3_column_int64(q, 11), w->as_of);

	if (e != OK)
		return e;
	track_mark(o->p, o->n, o->mark);
	draw(o);
	rows_json(r, buf_slice(&o->geometry));
	rows_text(r, sql_cstr(q, 2));
	rows_text(r, sql_cstr(q, 1));
	rows_text(r, sql_cstr(q, 3));
	rows_name(r, sql_cstr(q, 4));
	rows_text(r, sql_cstr(q, 5));
	rows_text(r, sql_cstr(q, 6));
	rows_instant(r, sqlite3_column_int64(q, 0));
	if (sqlite3_column_type(q, 7) == SQLITE_NULL)
		rows_none(r);
	else
		rows_instant(r, sqlite3_column_int64(q, 7));
	rows_int(r, sqlite3_column_int64(q, 8));
	rows_int(r, sqlite3_column_int64(q, 9));
	rows_bool(r, sqlite3_column_int64(q, 10) == 0);
	rows_bool(r, o->cut);
	rows_end(r);
	return OK;
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	sqlite3_stmt *q = sql_get(w->st, "SELECT t.start_at, t.device, t.name, t.person, " PIN_PERSON("t.person") ", t.route, t.target, "
		"t.end_at, t.distance_m, t.duration_s, t.reasons, t.last FROM export_patrol t "
		"WHERE t.start_at >= ?1 AND (t.start_at > ?1 OR (t.device, t.name) > (?2, ?3)) ORDER BY t.start_at, t.device, t.name");
	enum err e;

	*more = false;
	sql_int(q, 1, o->at_ms);
	sql_str(q, 2, o->device);
	sql_str(q, 3, o->name);
	sql_int(q, 9, w->as_of);
	while ((e = sql_row(q)) == OK) {
		if ((e = line(w, r, q)) != OK)
			break;
		if (rows_full(r)) {
			o->at_ms = sqlite3_column_int64(q, 0);
			slice_copy(o->device, sizeof o->device, sql_col(q, 1));
			slice_copy(o->name, sizeof o->name, sql_col(q, 2));
			*more = true;
			break;
		}
	}
	return sql_end(q, e);
}

static int progress(const struct table_world *w)
{
	const struct own *o = w->own;

	return (int)((o->at_ms - w->from_ms) * 1000 / (w->to_ms - w->from_ms));
}

const struct table table_tracks = {.name = "tracks", .depth = ASOF_PATROLS, .title = "巡查轨迹", .title_en = "Tracks", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_GEOJSON, .usual = EXPORT_GEOJSON,
	.exact = true, .begin = begin, .page = page, .progress = progress, .end = end};
