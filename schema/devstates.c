#include "schema/devstates.h"

#include <stdlib.h>

#include "core/geo.h"
#include "schema/sql.h"

#define SEEN_EVERY_MS 5000 /* how often `seen` alone is worth a write */

void devstates_clear(struct devstates *ds)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(&ds->map, &pos)))
		free(v);
	map_done(&ds->map);
	ds->dirty = NULL;
}

static enum err load(struct devstates *ds, struct devstate *s)
{
	sqlite3_stmt *q = sql_get(ds->st, "SELECT online, seen, queue, missing, holes, battery, lat_e7, "
					  "lon_e7, loc_at, skew_ms, missing_since, holes_at FROM device_state WHERE device = ?");
	enum err e;

	s->queue = s->battery = -1;
	sql_str(q, 1, s->device);
	if ((e = sql_row(q)) == OK) {
		s->known = true;
		s->online = sqlite3_column_int(q, 0) != 0;
		s->seen = s->seen_written = sqlite3_column_int64(q, 1);
		if (sqlite3_column_type(q, 2) != SQLITE_NULL)
			s->queue = sqlite3_column_int64(q, 2);
		s->missing = sqlite3_column_int64(q, 3);
		s->holes = sqlite3_column_int64(q, 4);
		if (sqlite3_column_type(q, 5) != SQLITE_NULL)
			s->battery = sqlite3_column_int(q, 5);
		s->has_loc = sqlite3_column_type(q, 6) != SQLITE_NULL;
		s->lat_e7 = sqlite3_column_int(q, 6);
		s->lon_e7 = sqlite3_column_int(q, 7);
		s->loc_at = sqlite3_column_int64(q, 8);
		s->has_skew = sqlite3_column_type(q, 9) != SQLITE_NULL;
		s->skew_ms = sqlite3_column_int64(q, 9);
		s->missing_since = sqlite3_column_int64(q, 10);
		s->holes_at = sqlite3_column_int64(q, 11);
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

struct devstate *devstates_of(struct devstates *ds, struct slice device, enum err *e)
{
	struct devstate *s = map_get(&ds->map, device.p, device.n);

	*e = OK;
	if (s)
		return s;
	s = xcalloc(1, sizeof *s);
	slice_copy(s->device, sizeof s->device, device);
	if ((*e = load(ds, s)) != OK) {
		free(s);
		return NULL;
	}
	(void)map_put(&ds->map, device.p, device.n, s); /* was not there */
	return s;
}

void devstates_touch(struct devstates *ds, struct devstate *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	s->next_dirty = ds->dirty;
	ds->dirty = s;
}

void devstate_seen(struct devstates *ds, struct devstate *s, int64_t now_ms)
{
	if (now_ms > s->seen)
		s->seen = now_ms;
	if (s->seen - s->seen_written >= SEEN_EVERY_MS)
		devstates_touch(ds, s);
}

enum err devstates_flush(struct devstates *ds)
{
	sqlite3_stmt *q = sql_get(ds->st,
		"INSERT OR REPLACE INTO device_state(device, online, seen, queue, missing, holes, battery, "
		"lat_e7, lon_e7, loc_at, skew_ms, rev, missing_since, holes_at) "
		"VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	struct devstate *s;
	enum err e = OK;

	for (; e == OK && (s = ds->dirty); ds->dirty = s->next_dirty) {
		if (q)
			(void)sqlite3_clear_bindings(q); /* cannot fail */
		sql_str(q, 1, s->device);
		sql_int(q, 2, s->online);
		sql_int(q, 3, s->seen);
		if (s->queue >= 0)
			sql_int(q, 4, s->queue);
		sql_int(q, 5, s->missing);
		sql_int(q, 6, s->holes);
		if (s->battery >= 0)
			sql_int(q, 7, s->battery);
		if (s->has_loc) {
			sql_int(q, 8, s->lat_e7);
			sql_int(q, 9, s->lon_e7);
			sql_int(q, 10, s->loc_at);
		}
		if (s->has_skew)
			sql_int(q, 11, s->skew_ms);
		sql_int(q, 12, store_rev(ds->st));
		if (s->missing_since)
			sql_int(q, 13, s->missing_since);
		if (s->holes_at)
			sql_int(q, 14, s->holes_at);
		e = sql_run(q);
		s->dirty = false;
		s->known = true;
		s->seen_written = s->seen;
	}
	return e;
}

void devstate_window(struct devstates *ds, struct devstate *s, const struct window *w, int64_t missing0, int64_t holes0)
{
	int64_t missing = window_missing(w), holes = window_holes(w);

	if (missing == missing0 && holes == holes0)
		return;
	s->missing += missing - missing0;
	s->holes += holes - holes0;
	if (s->missing <= 0)
		s->missing_since = 0;
	else if (!s->missing_since)
		s->missing_since = s->seen;
	if (holes > holes0)
		s->holes_at = s->seen;
	else if (s->holes <= 0)
		s->holes_at = 0;
	devstates_touch(ds, s);
}

void devstate_event(struct devstates *ds, struct devstate *s, const struct event *ev)
{
	if (ev->has_loc && ev->when_ms >= s->loc_at) {
		struct geo at = {ev->lat_e7, ev->lon_e7};

		if (ev->crs == CRS_GCJ02)
			at = geo_gcj02_to_wgs84(at);
		s->has_loc = true;
		s->lat_e7 = at.lat_e7;
		s->lon_e7 = at.lon_e7;
		s->loc_at = ev->when_ms;
		devstates_touch(ds, s);
	}
	if (ev->kind == EV_STATUS) {
		s->battery = ev->battery;
		s->queue = ev->queue;
		devstates_touch(ds, s);
	}
}
