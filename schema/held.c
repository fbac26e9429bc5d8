#include "schema/intake_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/photos.h"
#include "schema/sql.h"

#define REJUDGE_MAX 10000 /* held events judged again in one call */

enum err held_load_waits(struct intake *in)
{
	sqlite3_stmt *q;
	enum err e;

	if (in->waits_known)
		return OK;
	q = sql_get(in->st, "SELECT DISTINCT waits FROM held WHERE waits >= 'case ' AND waits < 'event!' AND folded = 0");
	while ((e = sql_row(q)) == OK) {
		struct slice w = sql_col(q, 0);

		(void)map_put(&in->waits, w.p, w.n, &in->waits); /* a set */
	}
	sql_done(q);
	in->waits_known = e == ERR_NOTFOUND;
	return in->waits_known ? OK : e;
}

static void note_wait(struct intake *in, const char *waits)
{
	if (strncmp(waits, "event ", 6) == 0 || strncmp(waits, "case ", 5) == 0)
		(void)map_put(&in->waits, waits, strlen(waits), &in->waits); /* a set */
}

enum err held_keep(struct intake *in, struct stream *t, const struct event *ev,
	const struct verdict *v, int64_t flags, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(in->st,
		"INSERT INTO held(stream, seq, code, detail, waits, due, recv, rev, flags, raw, kind, at, casus, person, "
		"area, folded) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	int64_t id;
	enum err e;

	sql_int(q, 1, t->id);
	sql_int(q, 2, ev->seq);
	sql_str(q, 3, intake_hold_names[v->hold]);
	sql_str(q, 4, v->detail);
	sql_str(q, 5, v->waits);
	if (v->due_ms)
		sql_int(q, 6, v->due_ms);
	sql_int(q, 7, recv_ms);
	sql_int(q, 8, store_rev(in->st));
	sql_int(q, 9, flags);
	sql_text(q, 10, ev->raw);
	sql_int(q, 11, ev->kind);
	sql_int(q, 12, ev->when_ms);
	sql_text(q, 13, ev->casus);
	if (v->person[0])
		sql_str(q, 14, v->person);
	if (v->area[0])
		sql_str(q, 15, v->area);
	sql_int(q, 16, v->casus != NULL);
	in->counts.held[v->hold]++;
	if ((e = sql_run(q)) != OK)
		return e;
	id = sqlite3_last_insert_rowid(sql_db(in->st));
	if (ev->natt && (e = photos_note(in->st, t->id, ev, v->area, recv_ms)) != OK)
		return e;
	if (v->casus) {
		settle_held(in, v, id);
		held_arrived(in, t, ev);
	} else {
		note_wait(in, v->waits);
	}
	return OK;
}

void held_arrived(struct intake *in, const struct stream *t, const struct event *ev)
{
	if (!in->waits.n)
		return;
	buf_addf(&in->arrived, "event %s/%s/%lld", t->device, t->epoch, (long long)ev->seq);
	buf_addc(&in->arrived, '\0');
}

struct held {
	int64_t id, seq, recv, flags;
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
	char *raw;
};

static enum err load_held(struct intake *in, int64_t id, struct held *h)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT h.seq, h.recv, h.flags, s.device, s.epoch, h.raw FROM "
					  "held h JOIN stream s ON s.id = h.stream WHERE h.id = ?");
	struct slice raw;
	enum err e;

	h->id = id;
	sql_int(q, 1, id);
	if ((e = sql_row(q)) == OK) {
		h->seq = sqlite3_column_int64(q, 0);
		h->recv = sqlite3_column_int64(q, 1);
		h->flags = sqlite3_column_int64(q, 2);
		slice_copy(h->device, sizeof h->device, sql_col(q, 3));
		slice_copy(h->epoch, sizeof h->epoch, sql_col(q, 4));
		raw = sql_col(q, 5);
		h->raw = xstrndup(raw.p, raw.n);
	}
	sql_done(q);
	return e;
}

enum err held_says(struct intake *in, int64_t id, const struct verdict *v)
{
	sqlite3_stmt *q = sql_get(in->st, "UPDATE answer SET code = ?, detail = ? WHERE (stream, seq) = (SELECT stream, seq "
					  "FROM held WHERE id = ?)");
	enum err e;

	sql_str(q, 1, intake_hold_names[v->hold]);
	sql_str(q, 2, v->detail);
	sql_int(q, 3, id);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "UPDATE held SET code = ?, detail = ?, waits = ?, due = ? WHERE id = ?");
	sql_str(q, 1, intake_hold_names[v->hold]);
	sql_str(q, 2, v->detail);
	sql_str(q, 3, v->waits);
	if (v->due_ms)
		sql_int(q, 4, v->due_ms);
	sql_int(q, 5, id);
	return sql_run(q);
}

static enum err still_held(struct intake *in, const struct held *h, const struct stream *t, const struct event *ev,
	const struct verdict *v)
{
	sqlite3_stmt *q;
	enum err e;

	if ((e = held_says(in, h->id, v)) != OK)
		return e;
	if (!v->casus) {
		note_wait(in, v->waits);
		return OK;
	}
	q = sql_get(in->st, "UPDATE held SET kind = ?, at = ?, casus = ?, person = ?, area = ?, folded = 1 WHERE id = ?");
	sql_int(q, 1, ev->kind);
	sql_int(q, 2, ev->when_ms);
	sql_text(q, 3, ev->casus);
	if (v->person[0])
		sql_str(q, 4, v->person);
	if (v->area[0])
		sql_str(q, 5, v->area);
	sql_int(q, 6, h->id);
	settle_held(in, v, h->id);
	held_arrived(in, t, ev);
	return sql_run(q);
}

static enum err release(struct intake *in, const struct held *h, struct stream *t, const struct event *ev, const struct verdict *v)
{
	const struct device *dev;
	struct devstate *s;
	sqlite3_stmt *q;
	int64_t commit = 0;
	enum err e;

	s = devstates_of(&in->states, slice_of(h->device), &e);
	if (!s)
		return e;
	q = sql_get(in->st, "DELETE FROM held WHERE id = ?");
	sql_int(q, 1, h->id);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "DELETE FROM answer WHERE stream = ? AND seq = ?");
	sql_int(q, 1, t->id);
	sql_int(q, 2, h->seq);
	if ((e = sql_run(q)) != OK)
		return e;
	t->answers--;
	streams_touch(&in->streams, t);
	dev = registry_device(in->registry, slice_of(h->device), &e);
	if (e != OK)
		return e;
	if (dev)
		intake_hint(in, dev->person);
	in->counts.released++;
	e = apply_event(in, t, ev, v, s, h->flags, h->recv, &commit); /* of a case: settle.c knows its act */
	if (e == OK)
		answers_released(t, h->seq, commit);
	return e;
}

enum err held_release(struct intake *in, int64_t id, const struct verdict *judged, int64_t more_flags)
{
	struct verdict v = *judged;
	struct event_fault fault;
	struct held h = {0};
	struct stream *t;
	struct event ev;
	enum err e = load_held(in, id, &h);

	if (e != OK)
		return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
	h.flags |= more_flags;
	t = streams_get(&in->streams, slice_of(h.device), slice_of(h.epoch), false, &e);
	(void)json_read(&in->again, h.raw, strlen(h.raw)); /* event_decode says */
	if (!t) {
		e = e == OK ? ERR_CORRUPT : e;
	} else if (event_decode(&in->again, 0, &ev, &fault) != EVENT_OK) {
		e = ERR_CORRUPT; /* it was whole when it was kept */
	} else {
		slice_copy(v.scope, sizeof v.scope, ev.scope.p ? ev.scope : slice_of(v.area));
		e = release(in, &h, t, &ev, &v);
	}
	free(h.raw);
	return e;
}

/* Judges held event id again.  It reads into in->again: the payload at hand stays whole. */
static enum err judge_again(struct intake *in, int64_t id, int64_t now_ms)
{
	struct judge_time when;
	const struct device *dev;
	struct event_fault fault;
	struct held h = {0};
	struct verdict v;
	struct stream *t;
	struct event ev;
	enum err e = load_held(in, id, &h);

	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e; /* freed on the way */
	t = streams_get(&in->streams, slice_of(h.device), slice_of(h.epoch), false, &e);
	if (!t) {
		e = e == OK ? ERR_CORRUPT : e;
		goto out;
	}
	dev = registry_device(in->registry, slice_of(h.device), &e);
	if (!dev)
		goto out; /* an error; a device is never taken out.  Revoked since: it was enrolled when this came */
	(void)json_read(&in->again, h.raw, strlen(h.raw)); /* event_decode says */
	if (event_decode(&in->again, 0, &ev, &fault) != EVENT_OK) {
		e = ERR_CORRUPT; /* it was whole when it was kept */
		goto out;
	}
	when = intake_times(in, now_ms, h.recv, h.flags & FLAG_IMPORTED);
	e = judge_event(&in->judge, &ev, dev, &when, &v);
	if (e == OK && v.hold == HOLD_NONE && ev.casus.p)
		e = settle_judge(in, &ev, h.device, &v, now_ms);
	if (e == OK)
		e = v.hold == HOLD_NONE ? release(in, &h, t, &ev, &v) : still_held(in, &h, t, &ev, &v);
	if (e == OK)
		e = settle_rest(in, now_ms);
	in->changed = true;
out:
	free(h.raw);
	return e;
}

/* Judges again all that waited for what has arrived; each release may free others. */
enum err held_free(struct intake *in, int64_t now_ms)
{
	sqlite3_stmt *q;
	int64_t ids[64];
	enum err e = OK;

	for (size_t at = 0; e == OK && at < in->arrived.n;) {
		char *key = xstrdup(in->arrived.p + at);
		int n;

		at += strlen(key) + 1;
		if (!map_take(&in->waits, key, strlen(key))) {
			free(key);
			continue;
		}
		for (int64_t after = 0; e == OK; after = ids[n - 1]) {
			q = sql_get(in->st, "SELECT id FROM held WHERE waits = ? AND folded = 0 AND id > ? ORDER BY id LIMIT 64");
			sql_str(q, 1, key);
			sql_int(q, 2, after);
			for (n = 0; n < 64 && (e = sql_row(q)) == OK; n++)
				ids[n] = sqlite3_column_int64(q, 0);
			sql_done(q);
			e = e == ERR_NOTFOUND ? OK : e;
			if (n == 0)
				break;
			for (int i = 0; i < n && e == OK; i++)
				e = judge_again(in, ids[i], now_ms);
		}
		free(key);
	}
	buf_clear(&in->arrived);
	return e;
}

/* The held events that sql lists for (arg, limit).  *last: the id of the last one judged. */
enum err held_list(struct intake *in, const char *sql, int64_t arg, int64_t now_ms, bool *more, int64_t *last)
{
	int64_t *ids = xcalloc(REJUDGE_MAX + 1, sizeof *ids);
	sqlite3_stmt *q = sql_get(in->st, sql);
	size_t n = 0;
	enum err e = OK;

	sql_int(q, 1, arg);
	sql_int(q, 2, REJUDGE_MAX + 1);
	while (n <= REJUDGE_MAX && (e = sql_row(q)) == OK)
		ids[n++] = sqlite3_column_int64(q, 0);
	sql_done(q);
	e = e == ERR_NOTFOUND ? OK : e;
	*more = n > REJUDGE_MAX;
	for (size_t i = 0; e == OK && i < n && i < REJUDGE_MAX; i++)
		e = judge_again(in, *last = ids[i], now_ms);
	if (e == OK)
		e = held_free(in, now_ms);
	free(ids);
	return e;
}
