/* /api/v1/patrols/{device}.{patrol}/track.geojson: where somebody walked, how surely, and which points do not count.
 *   lines    kept points, split at gaps; ms: each one's time after `start`
 *   alone    kept points with a gap on both sides
 *   dropped  inaccurate points and jumps, and why */
#include "server/read.h"

#include <stdlib.h>
#include <string.h>

#include "core/track.h"
#include "schema/books_patrols.h"

#define TRACK_READ_MAX 2000 /* track events read for a map; beyond: `cut` */

struct points {
	struct json json;
	struct track_point *p;
	uint8_t *mark;
	size_t n, cap;
	bool cut;
};

static void take_event(void *ctx, struct slice raw)
{
	struct points *ps = ctx;
	bool backwards = false, mock = false;

	if (ps->n + EVENT_PTS_MAX > TRACK_POINTS_MAX) {
		ps->cut = true;
		return;
	}
	if (ps->n + EVENT_PTS_MAX > ps->cap) {
		ps->cap = 2 * ps->cap + EVENT_PTS_MAX;
		ps->p = xrealloc(ps->p, ps->cap * sizeof *ps->p);
	}
	if (json_read(&ps->json, raw.p, raw.n))
		ps->n += track_read_event(&ps->json, ps->p + ps->n, &backwards, &mock);
}

static void position(struct buf *b, struct geo g)
{
	buf_json_sep(b);
	buf_addc(b, '[');
	read_degrees(b, g.lon_e7);
	buf_addc(b, ',');
	read_degrees(b, g.lat_e7);
	buf_addc(b, ']');
}

/* The next kept point at or after i; n: none. */
static size_t next_kept(const struct points *ps, size_t i)
{
	while (i < ps->n && ps->mark[i] != TRACK_MARK_KEPT)
		i++;
	return i;
}

/* The run of kept points that begins at i (one itself): its last, and how many. */
static size_t run_of(const struct points *ps, size_t i, size_t *count)
{
	size_t last = i;

	*count = 1;
	for (size_t k = next_kept(ps, i + 1); k < ps->n && ps->p[k].at_ms - ps->p[last].at_ms <= TRACK_GAP_MS; k = next_kept(ps, k + 1)) {
		last = k;
		++*count;
	}
	return last;
}

enum member { COORDINATES, TIMES, ACCURACIES };

static void write_point(struct buf *b, const struct track_point *p, enum member what, int64_t start_ms)
{
	if (what == COORDINATES) {
		position(b, p->at);
		return;
	}
	buf_json_sep(b);
	if (what == ACCURACIES && p->acc_m < 0)
		buf_adds(b, "null");
	else
		buf_int(b, what == TIMES ? p->at_ms - start_ms : p->acc_m);
}

/* Writes one thing of each point: of the runs of several points, or of those that stand alone. */
static void write_runs(struct buf *b, const struct points *ps, bool alone, enum member what, int64_t start_ms)
{
	size_t count, last;

	for (size_t i = next_kept(ps, 0); i < ps->n; i = next_kept(ps, last + 1)) {
		last = run_of(ps, i, &count);
		if ((count == 1) != alone)
			continue;
		if (!alone) {
			buf_json_sep(b);
			buf_addc(b, '[');
		}
		for (size_t k = i; k <= last; k = next_kept(ps, k + 1))
			write_point(b, &ps->p[k], what, start_ms);
		if (!alone)
			buf_addc(b, ']');
	}
}

static void write_kept(struct buf *b, const struct points *ps, bool alone, int64_t start_ms)
{
	buf_json_sep(b);
	buf_addf(b, "{\"type\":\"Feature\",\"id\":\"%s\",\"geometry\":{\"type\":\"%s\",\"coordinates\":[", alone ? "alone" : "lines",
		alone ? "MultiPoint" : "MultiLineString");
	write_runs(b, ps, alone, COORDINATES, start_ms);
	buf_adds(b, "]},\"properties\":{");
	read_time(b, "start", start_ms);
	buf_adds(b, ",\"ms\":[");
	write_runs(b, ps, alone, TIMES, start_ms);
	buf_adds(b, "],\"acc\":[");
	write_runs(b, ps, alone, ACCURACIES, start_ms);
	buf_adds(b, "]}}");
}

static void dropped_member(struct buf *b, const struct points *ps, enum member what, int64_t start_ms)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->mark[i] == TRACK_MARK_VAGUE || ps->mark[i] == TRACK_MARK_JUMP)
			write_point(b, &ps->p[i], what, start_ms);
}

static void write_dropped(struct buf *b, const struct points *ps, int64_t start_ms)
{
	buf_json_sep(b);
	buf_adds(b, "{\"type\":\"Feature\",\"id\":\"dropped\",\"geometry\":{\"type\":\"MultiPoint\",\"coordinates\":[");
	dropped_member(b, ps, COORDINATES, start_ms);
	buf_adds(b, "]},\"properties\":{");
	read_time(b, "start", start_ms);
	buf_adds(b, ",\"ms\":[");
	dropped_member(b, ps, TIMES, start_ms);
	buf_adds(b, "],\"acc\":[");
	dropped_member(b, ps, ACCURACIES, start_ms);
	buf_adds(b, "],\"why\":[");
	for (size_t i = 0; i < ps->n; i++)
		if (ps->mark[i] == TRACK_MARK_VAGUE || ps->mark[i] == TRACK_MARK_JUMP) {
			buf_json_sep(b);
			buf_adds(b, ps->mark[i] == TRACK_MARK_VAGUE ? "\"accuracy\"" : "\"jump\"");
		}
	buf_adds(b, "]}}");
}

static void seen(void *ctx, const struct books_patrol *p)
{
	(void)p;
	*(bool *)ctx = true;
}

void read_track(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {NULL};
	struct slice device, name;
	struct points ps = {0};
	bool is_there = false, cut = false;
	struct read r;
	enum err e = ERR_NOTFOUND;

	if (!read_begin(&r, ctx, rq, rs, names))
		return;
	rs->type = "application/geo+json";
	if (read_patrol_id(rq->param[0], &device, &name) &&
		(e = books_patrol_one(r.a->st, r.s->user.scope, device, name, seen, &is_there)) == OK)
		e = books_patrol_tracks(r.a->st, device, name, TRACK_READ_MAX, &cut, take_event, &ps);
	if (e == OK) {
		int64_t start_ms;

		ps.mark = xcalloc(ps.n + 1, 1);
		track_mark(ps.p, ps.n, ps.mark);
		start_ms = ps.n ? ps.p[0].at_ms : -1;
		buf_adds(r.b, "{\"type\":\"FeatureCollection\",\"features\":[");
		write_kept(r.b, &ps, false, start_ms);
		write_kept(r.b, &ps, true, start_ms);
		write_dropped(r.b, &ps, start_ms);
		buf_addc(r.b, ']');
		read_bool(r.b, "cut", cut || ps.cut);
		buf_addc(r.b, '}');
	}
	json_done(&ps.json);
	free(ps.p);
	free(ps.mark);
	read_end(&r, e);
}
