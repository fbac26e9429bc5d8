#include "schema/recount.h"

#include <stdlib.h>

#include "schema/appraise.h"
#include "schema/sql.h"

struct recount {
	struct store *st;
	int64_t as_of;
	struct registry *registry;
	struct appraiser *appraiser;
	struct json json;
	struct track_point *points; /* of the patrol at hand */
	size_t n, cap;
	int64_t seen; /* events */
	struct patrol *all; /* to be judged together */
	size_t nall, allcap;
};

static enum err take_event(struct recount *rc, struct patrol *p, sqlite3_stmt *q)
{
	struct slice raw = sql_col(q, 0);
	struct event_fault fault;
	struct event ev;

	(void)json_read(&rc->json, raw.p, raw.n); /* event_decode says */
	if (event_decode(&rc->json, 0, &ev, &fault) != EVENT_OK)
		return ERR_CORRUPT; /* it was whole when it was stored */
	patrol_add(p, &ev, slice_of(p->device), sql_col(q, 1));
	if (!ev.pts)
		return OK;
	if (rc->n + EVENT_PTS_MAX > rc->cap) {
		rc->cap = rc->cap * 2 + EVENT_PTS_MAX;
		rc->points = xrealloc(rc->points, rc->cap * sizeof *rc->points);
	}
	p->track.events++;
	p->track.mock |= ev.mock;
	rc->n += track_read(&rc->json, ev.pts, ev.when_ms, ev.pts_crs, rc->points + rc->n, &p->track.backwards);
	p->track.came = (uint32_t)rc->n;
	return OK;
}

/* Follows the chain as far as it leads through events of p; *any: there was one by then. */
static enum err follow(struct recount *rc, struct patrol *p, int64_t last, bool *any)
{
	sqlite3_stmt *q = sql_get(rc->st,
		"SELECT CASE WHEN e.\"commit\" <= ?2 THEN e.raw END, e.person, e.link, e.subject, e.kind BETWEEN 1 AND 4 AND e.link < e.\"commit\", "
		"CASE WHEN e.\"commit\" <= ?2 THEN (SELECT v.by FROM stream s JOIN voided v ON v.device = s.device AND v.epoch = s.epoch WHERE "
		"s.id = e.stream AND v.seq = e.seq) END FROM event e WHERE e.\"commit\" = ?1");
	enum err e = OK;

	*any = false;
	rc->n = 0;
	for (int64_t at = last; at > 0 && e == OK;) {
		int64_t commit = at;

		sql_int(q, 1, at);
		sql_int(q, 2, rc->as_of);
		if ((e = sql_row(q)) == OK && (sqlite3_column_int64(q, 3) != p->id || !sqlite3_column_int(q, 4)))
			e = ERR_NOTFOUND; /* it leads astray: what is not seen will be missed */
		if (e == OK) {
			at = sqlite3_column_int64(q, 2);
			if (commit <= rc->as_of) {
				if (!*any)
					p->last = commit; /* its newest by then */
				*any = true;
				rc->seen++;
				if (sqlite3_column_type(q, 5) == SQLITE_NULL || sqlite3_column_int64(q, 5) > rc->as_of)
					e = take_event(rc, p, q);
			}
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err fold(struct recount *rc, struct patrol *p)
{
	const struct reachline *line;
	enum err e = appraise_line(rc->appraiser, slice_of(p->target), &line);

	if (e == OK)
		track_fold(&p->track, rc->points, rc->n, line);
	return e;
}

/* Those before p in rc->all, which are judged already. */
static enum err stands_close(void *ctx, const struct patrol *p, int64_t gap_ms, bool each, bool *out)
{
	const struct recount *rc = ctx;

	*out = false;
	for (size_t i = (size_t)(p - rc->all); i > 0; i--) {
		const struct patrol *o = &rc->all[i - 1];

		if (strcmp(o->person, p->person) != 0 || o->start.at_ms < p->start.at_ms - gap_ms)
			break;
		if (o->share.valid && patrol_is_river(o) == patrol_is_river(p) && (!each || strcmp(o->target, p->target) == 0))
			*out = true;
	}
	return OK;
}

static enum err judge(struct recount *rc, struct patrol *p, appraise_gap *gap, void *ctx)
{
	struct worth w = {0};
	enum err e = patrol_place(p, rc->registry, &p->share, &p->standing);

	if (e == OK && p->share.counts)
		e = appraise(rc->appraiser, p, gap, ctx, &w);
	p->share.valid = p->share.counts && w.reasons == 0;
	p->share.metres = p->track.distance_mm / 1000;
	p->share.seconds = p->track.duration_ms / 1000;
	p->reasons = w.reasons;
	memcpy(p->rule, w.rule, sizeof p->rule);
	return e;
}

static int by_person(const void *a, const void *b)
{
	const struct patrol *x = a, *y = b;
	int c = strcmp(x->person, y->person);

	return c ? c : order_cmp(&x->start, &y->start);
}

static enum err judge_all(struct recount *rc, void (*row)(void *ctx, const struct patrol *p), void *ctx)
{
	enum err e = OK;

	if (rc->nall) /* qsort() takes no NULL, not even for none */
		qsort(rc->all, rc->nall, sizeof *rc->all, by_person);
	for (size_t i = 0; i < rc->nall && e == OK; i++)
		if ((e = judge(rc, &rc->all[i], stands_close, rc)) == OK)
			row(ctx, &rc->all[i]);
	for (size_t i = 0; i < rc->nall; i++)
		track_clear(&rc->all[i].track);
	return e;
}

static void keep(struct recount *rc, const struct patrol *p)
{
	if (rc->nall == rc->allcap) {
		rc->allcap = rc->allcap * 2 + 64;
		rc->all = xrealloc(rc->all, rc->allcap * sizeof *rc->all);
	}
	rc->all[rc->nall++] = *p;
}

static enum err next_patrol(struct recount *rc, int64_t after, struct patrol *p, int64_t *last)
{
	sqlite3_stmt *q = sql_get(rc->st, "SELECT id, device, name, last FROM patrol WHERE id > ? ORDER BY id LIMIT 1");
	enum err e;

	*p = (struct patrol){0};
	sql_int(q, 1, after);
	if ((e = sql_row(q)) == OK) {
		p->id = sqlite3_column_int64(q, 0);
		slice_copy(p->device, sizeof p->device, sql_col(q, 1));
		slice_copy(p->name, sizeof p->name, sql_col(q, 2));
		*last = sqlite3_column_int64(q, 3);
	}
	sql_done(q);
	return e;
}

static enum err count_missed(struct recount *rc, int64_t *missed)
{
	sqlite3_stmt *q = sql_get(rc->st, "SELECT count(*) FROM event WHERE kind BETWEEN 1 AND 4 AND \"commit\" <= ?");
	enum err e;

	sql_int(q, 1, rc->as_of);
	if ((e = sql_row(q)) == OK)
		*missed = sqlite3_column_int64(q, 0) - rc->seen;
	sql_done(q);
	return e;
}

static enum err walk(struct recount *rc, int64_t gap_ms, void (*row)(void *ctx, const struct patrol *p), void *ctx)
{
	int64_t last = 0;
	struct patrol p = {0};
	enum err e = OK;

	while (e == OK && (e = next_patrol(rc, p.id, &p, &last)) == OK) {
		bool any;

		if ((e = follow(rc, &p, last, &any)) != OK || (any && (e = fold(rc, &p)) != OK))
			break;
		if (any && p.start.seq && gap_ms > 0) {
			keep(rc, &p); /* takes its track */
			continue;
		}
		if (any && (e = judge(rc, &p, stands_close, rc)) == OK)
			row(ctx, &p);
		track_clear(&p.track);
	}
	return e == ERR_NOTFOUND ? OK : e;
}

static void init(struct recount *rc, struct store *st, int64_t as_of)
{
	*rc = (struct recount){.st = st, .as_of = as_of, .registry = registry_new(st, as_of), .appraiser = appraiser_new(st, as_of)};
}

static void done(struct recount *rc)
{
	free(rc->all);
	free(rc->points);
	json_done(&rc->json);
	appraiser_free(rc->appraiser);
	registry_free(rc->registry);
}

enum err recount_patrols(struct store *st, int64_t as_of, void (*row)(void *ctx, const struct patrol *p), void *ctx, int64_t *missed)
{
	struct recount rc;
	int64_t gap_ms = 0;
	enum err e;

	init(&rc, st, as_of);
	e = appraise_longest_gap(rc.appraiser, &gap_ms);
	if (e == OK)
		e = walk(&rc, gap_ms, row, ctx);
	if (e == OK)
		e = count_missed(&rc, missed);
	if (e == OK)
		e = judge_all(&rc, row, ctx);
	done(&rc);
	return e;
}

struct recount *recount_new(struct store *st, int64_t as_of)
{
	struct recount *rc = xcalloc(1, sizeof *rc);

	init(rc, st, as_of);
	return rc;
}

void recount_free(struct recount *rc)
{
	if (!rc)
		return;
	done(rc);
	free(rc);
}

enum err recount_one(struct recount *rc, struct patrol *p, int64_t last, appraise_gap *gap, void *ctx, bool *any)
{
	enum err e = follow(rc, p, last, any);

	if (e == OK && *any && (e = fold(rc, p)) == OK)
		e = judge(rc, p, gap, ctx);
	return e;
}
