#include "schema/watch.h"

#include <stdlib.h>

#include "base/buf.h"
#include "core/civil.h"
#include "schema/sql.h"
#include "schema/stock.h"

struct watch {
	struct store *st;
	struct alerts *as;
	int64_t silent_ms;
	int64_t looked_ms, held_ms; /* when last; -1 never */
	int low;                    /* severity of the disk's alert; 0 none */
};

struct watch *watch_new(struct store *st, struct alerts *as, int64_t silent_hours)
{
	struct watch *w = xcalloc(1, sizeof *w);

	*w = (struct watch){st, as, silent_hours * 3600 * 1000, -1, -1, 0};
	return w;
}

void watch_free(struct watch *w)
{
	free(w);
}

void watch_clear_memory(struct watch *w)
{
	w->looked_ms = w->held_ms = -1;
	w->low = 0;
}

/* ------------------------------------------------------------------ devices */

struct trouble { /* a device in some trouble */
	const char *device, *person, *name, *area;
	int64_t seen, missing, since, holes, holes_at, acked_at, skew;
	bool has_loc;
	int32_t lat_e7, lon_e7;
};

struct kept { /* subjects still in trouble, by type */
	struct map silent, gap, skew;
};

/* "11-25 09:55" */
static void add_time(struct buf *b, int64_t ms)
{
	char text[CIVIL_INSTANT_TEXT];

	civil_instant_text(ms, text);
	buf_add(b, text + 5, 5);
	buf_addc(b, ' ');
	buf_add(b, text + 11, 5);
}

/* "王某的设备 d-1" */
static void add_device(struct buf *b, const struct trouble *t)
{
	if (*t->name)
		buf_addf(b, "%s的", t->name);
	buf_addf(b, "设备 %s ", t->device);
}

static enum err raise_device(struct watch *w, const struct trouble *t, const char *type, int severity,
	struct buf *title, int64_t at_ms, struct map *kept, int64_t now_ms)
{
	struct alert a = {.type = type, .subject = t->device, .severity = severity, .title = title->p,
		.person = *t->person ? t->person : NULL, .scope = *t->area ? t->area : NULL,
		.area = *t->area ? t->area : NULL, .at_ms = at_ms};

	if (strcmp(type, ALERT_DEVICE_SILENT) == 0) { /* it stays there: others move about */
		a.has_loc = t->has_loc;
		a.lat_e7 = t->lat_e7;
		a.lon_e7 = t->lon_e7;
	}
	(void)map_put(kept, t->device, strlen(t->device), kept); /* a set */
	return alerts_raise(w->as, &a, now_ms);
}

static enum err raise_gap(struct watch *w, const struct trouble *t, struct map *kept, int64_t now_ms)
{
	bool waits = t->missing > 0 && t->since <= now_ms - WATCH_GAP_MS;
	/* What is lost stays lost: told for a week, or until somebody knows. */
	bool lost = t->holes > 0 && t->holes_at > now_ms - WATCH_HOLES_MS && t->acked_at < t->holes_at;
	struct buf b = {0};
	enum err e;

	if (!waits && !lost)
		return OK;
	add_device(&b, t);
	if (waits) {
		buf_addf(&b, "缺 %lld 条记录，自 ", (long long)t->missing);
		add_time(&b, t->since);
	}
	if (lost) {
		buf_addf(&b, "%s%lld 条记录已丢失，自 ", waits ? "；" : "", (long long)t->holes);
		add_time(&b, t->holes_at);
	}
	e = raise_device(w, t, ALERT_SEQ_GAP, 3, &b, waits ? t->since + WATCH_GAP_MS : t->holes_at, kept, now_ms);
	buf_done(&b);
	return e;
}

static enum err raise_skew(struct watch *w, const struct trouble *t, struct map *kept, int64_t now_ms)
{
	int64_t off = t->skew < 0 ? -t->skew : t->skew;
	struct buf b = {0};
	enum err e;

	add_device(&b, t);
	buf_addf(&b, "时钟%s %lld 分钟", t->skew < 0 ? "快" : "慢", (long long)(off / 60000));
	e = raise_device(w, t, ALERT_CLOCK_SKEW, 3, &b, -1, kept, now_ms);
	buf_done(&b);
	return e;
}

static enum err raise_silent(struct watch *w, const struct trouble *t, struct map *kept, int64_t now_ms)
{
	struct buf b = {0};
	enum err e;

	add_device(&b, t);
	buf_adds(&b, "没有消息，最后一次 ");
	add_time(&b, t->seen);
	e = raise_device(w, t, ALERT_DEVICE_SILENT, 4, &b, t->seen + w->silent_ms, kept, now_ms);
	buf_done(&b);
	return e;
}

static enum err raise_of(struct watch *w, const struct trouble *t, struct kept *k, int64_t now_ms)
{
	enum err e = OK;

	if (t->seen > 0 && t->seen < now_ms - w->silent_ms)
		e = raise_silent(w, t, &k->silent, now_ms);
	if (e == OK)
		e = raise_gap(w, t, &k->gap, now_ms);
	if (e == OK && (t->skew > WATCH_SKEW_MS || t->skew < -WATCH_SKEW_MS))
		e = raise_skew(w, t, &k->skew, now_ms);
	return e;
}

/* The area of a person: of the first appointment, as the live view has it. */
#define AREA_OF(person)                                                                            \
	"(SELECT coalesce(r.area, a.scope) FROM appointment a LEFT JOIN reach r ON r.code = a.scope " \
	"AND r.until IS NULL WHERE a.person = " person " AND a.until IS NULL ORDER BY a.scope LIMIT 1)"

static enum err look_devices(struct watch *w, struct kept *k, int64_t now_ms)
{
	sqlite3_stmt *q = sql_get(w->st,
		"SELECT s.device, d.person, p.name, " AREA_OF("d.person") ", s.seen, s.missing, "
		"coalesce(s.missing_since, s.seen), s.holes, s.holes_at, s.skew_ms, s.lat_e7, s.lon_e7, "
		"(SELECT acked_at FROM alert WHERE id = 'seq_gap:' || s.device) FROM device_state s "
		"CROSS JOIN device d ON d.id = s.device AND d.until IS NULL AND d.revoked IS NULL "
		"LEFT JOIN person p ON p.id = d.person AND p.until IS NULL "
		"WHERE s.seen < ?1 OR (s.missing > 0 AND coalesce(s.missing_since, s.seen) <= ?2) OR "
		"s.holes_at > ?3 OR abs(s.skew_ms) > ?4");
	enum err e, r = OK;

	sql_int(q, 1, now_ms - w->silent_ms);
	sql_int(q, 2, now_ms - WATCH_GAP_MS);
	sql_int(q, 3, now_ms - WATCH_HOLES_MS);
	sql_int(q, 4, WATCH_SKEW_MS);
	while (r == OK && (e = sql_row(q)) == OK) {
		struct trouble t = {.device = sql_cstr(q, 0), .person = sql_cstr(q, 1),
			.name = sql_cstr(q, 2), .area = sql_cstr(q, 3),
			.seen = sqlite3_column_int64(q, 4), .missing = sqlite3_column_int64(q, 5),
			.since = sqlite3_column_int64(q, 6), .holes = sqlite3_column_int64(q, 7),
			.holes_at = sqlite3_column_int64(q, 8), .skew = sqlite3_column_int64(q, 9),
			.has_loc = sqlite3_column_type(q, 10) != SQLITE_NULL,
			.lat_e7 = sqlite3_column_int(q, 10), .lon_e7 = sqlite3_column_int(q, 11),
			.acked_at = sqlite3_column_int64(q, 12)};

		r = raise_of(w, &t, k, now_ms);
	}
	sql_done(q);
	return r != OK || e == ERR_NOTFOUND ? r : e;
}

static enum err watch_devices(struct watch *w, int64_t now_ms, bool platform_clock_wrong)
{
	struct kept k = {{0}, {0}, {0}};
	enum err e;

	if (platform_clock_wrong) /* it says nothing of others' */
		return OK;
	e = look_devices(w, &k, now_ms);
	if (e == OK)
		e = alerts_keep(w->as, ALERT_DEVICE_SILENT, &k.silent, now_ms);
	if (e == OK)
		e = alerts_keep(w->as, ALERT_SEQ_GAP, &k.gap, now_ms);
	if (e == OK) /* the platform's own is right again, too */
		e = alerts_keep(w->as, ALERT_CLOCK_SKEW, &k.skew, now_ms);
	map_done(&k.silent);
	map_done(&k.gap);
	map_done(&k.skew);
	return e;
}

/* ------------------------------------------------------------------ held too long */

static enum err watch_held(struct watch *w, int64_t now_ms)
{
	/* Acts that an earlier event put out of force stand among the held. */
	sqlite3_stmt *q = sql_get(w->st,
		"SELECT x.device, d.person, p.name, " AREA_OF("d.person") ", sum(x.n), min(x.at) FROM ("
		"SELECT s.device AS device, h.n AS n, h.at AS at FROM (SELECT stream, count(*) AS n, min(recv) AS at "
		"FROM held WHERE recv <= ?1 GROUP BY stream) h JOIN stream s ON s.id = h.stream "
		"UNION ALL SELECT s.device, 1, b.time FROM displaced v CROSS JOIN batch b ON b.rev = v.rev "
		"JOIN event e ON e.\"commit\" = v.\"commit\" JOIN stream s ON s.id = e.stream WHERE b.time <= ?1) x "
		"LEFT JOIN device d ON d.id = x.device AND d.until IS NULL "
		"LEFT JOIN person p ON p.id = d.person AND p.until IS NULL GROUP BY x.device");
	struct map kept = {0};
	enum err e, r = OK;

	sql_int(q, 1, now_ms - WATCH_HELD_MS);
	while (r == OK && (e = sql_row(q)) == OK) {
		struct trouble t = {.device = sql_cstr(q, 0), .person = sql_cstr(q, 1),
			.name = sql_cstr(q, 2), .area = sql_cstr(q, 3)};
		struct buf b = {0};

		add_device(&b, &t);
		buf_addf(&b, "有 %lld 条记录搁置超过 5 天", (long long)sqlite3_column_int64(q, 4));
		r = raise_device(w, &t, ALERT_HELD, 3, &b, sqlite3_column_int64(q, 5) + WATCH_HELD_MS, &kept, now_ms);
		buf_done(&b);
	}
	sql_done(q);
	if (r == OK && e != ERR_NOTFOUND)
		r = e;
	if (r == OK)
		r = alerts_keep(w->as, ALERT_HELD, &kept, now_ms);
	map_done(&kept);
	return r;
}

/* ------------------------------------------------------------------ the platform itself */

static enum err raise_platform(struct watch *w, const char *type, int severity, const char *title, int64_t now_ms)
{
	struct alert a = {.type = type, .subject = WATCH_PLATFORM, .severity = severity, .title = title, .at_ms = -1};

	return alerts_raise(w->as, &a, now_ms);
}

/* 0: enough. */
static int disk_severity(int64_t free_bytes, int64_t total_bytes)
{
	if (free_bytes < WATCH_DISK_LEAST)
		return 1;
	return free_bytes < WATCH_DISK_LOW || free_bytes < total_bytes / 20 ? 2 : 0;
}

enum err watch_disk(struct watch *w, int64_t free_bytes, int64_t total_bytes, int64_t now_ms)
{
	int severity, easier;

	if (free_bytes < 0)
		return OK; /* unknown: as it was */
	severity = disk_severity(free_bytes, total_bytes);
	easier = disk_severity(free_bytes - free_bytes / 9, total_bytes);
	if (w->low && (severity == 0 || severity > w->low) && easier && easier <= w->low)
		severity = easier; /* not enough more to take it back */
	w->low = severity;
	if (!severity)
		return alerts_drop(w->as, ALERT_STORAGE_LOW, WATCH_PLATFORM, now_ms);
	return raise_platform(w, ALERT_STORAGE_LOW, severity,
		severity == 1 ? "磁盘将满：剩余不到 256 MiB，将停止接收" : "磁盘空间不足：剩余不到 1 GiB 或 5%", now_ms);
}

static enum err watch_clock(struct watch *w, int64_t now_ms, int64_t last_ms, bool *wrong)
{
	*wrong = now_ms < last_ms - WATCH_CLOCK_MS;
	return *wrong ? raise_platform(w, ALERT_CLOCK_SKEW, 1,
				"平台时钟早于最近一次提交，时间无法判断：请校时", last_ms)
		      : alerts_drop(w->as, ALERT_CLOCK_SKEW, WATCH_PLATFORM, now_ms);
}

static bool is_due(int64_t *last, int64_t every, int64_t now_ms)
{
	if (*last >= 0 && now_ms >= *last && now_ms - *last < every)
		return false;
	*last = now_ms;
	return true;
}

enum err watch_due(struct watch *w, int64_t now_ms, int64_t last_ms)
{
	const char *path = sqlite3_db_filename(sql_db(w->st), "main");
	int64_t free_bytes, total_bytes;
	bool wrong;
	enum err e;

	if (!is_due(&w->looked_ms, WATCH_EVERY_MS, now_ms))
		return OK;
	stock_disk(path, &free_bytes, &total_bytes);
	e = watch_clock(w, now_ms, last_ms, &wrong);
	if (e == OK)
		e = watch_devices(w, now_ms, wrong);
	if (e == OK)
		e = watch_disk(w, free_bytes, total_bytes, now_ms);
	if (e == OK && !wrong && is_due(&w->held_ms, WATCH_HELD_EVERY_MS, now_ms))
		e = watch_held(w, now_ms);
	return e;
}
