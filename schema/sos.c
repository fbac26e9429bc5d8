#include "schema/sos.h"

#include "core/civil.h"
#include "core/geo.h"
#include "schema/sql.h"

/* The time of the latest call of this person that stands; -1: there is none. */
static enum err latest(struct store *st, const char *person, int64_t *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT at FROM event INDEXED BY event_sos WHERE kind = 11 AND person = ? AND (flags & 2) = 0 "
				      "ORDER BY at DESC LIMIT 1");
	enum err e;

	*out = -1;
	sql_str(q, 1, person);
	if ((e = sql_row(q)) == OK)
		*out = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err sos_rises(struct store *st, struct alerts *as, const struct event *ev, const struct verdict *v, const char *device,
	int64_t now_ms)
{
	struct alert a = {.type = ALERT_SOS, .subject = v->person[0] ? v->person : device, .severity = 1,
		.person = v->person[0] ? v->person : NULL, .scope = v->scope, .area = v->area, .at_ms = ev->when_ms};
	struct geo at = {ev->lat_e7, ev->lon_e7};
	char title[ALERT_TITLE_MAX + 1];
	int64_t last = -1;
	enum err e = v->person[0] ? latest(st, v->person, &last) : OK;

	if (e != OK || last > ev->when_ms)
		return e;
	slice_copy(title, sizeof title, ev->title.n ? ev->title : slice_of("紧急求助"));
	a.title = title;
	if (ev->has_loc) {
		if (ev->crs == CRS_GCJ02)
			at = geo_gcj02_to_wgs84(at);
		a.has_loc = true;
		a.lat_e7 = at.lat_e7;
		a.lon_e7 = at.lon_e7;
	}
	return alerts_raise(as, &a, now_ms);
}

enum err sos_void(struct store *st, struct alerts *as, const char *person, struct slice device, int64_t now_ms)
{
	char subject[65];
	int64_t last = -1;
	enum err e = person[0] ? latest(st, person, &last) : OK;

	if (e != OK || last >= now_ms - CIVIL_DAY_MS) /* a doubt: somebody may still be in need */
		return e;
	slice_copy(subject, sizeof subject, person[0] ? slice_of(person) : device);
	return alerts_drop(as, ALERT_SOS, subject, now_ms);
}
