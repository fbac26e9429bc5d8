#include "schema/patrols.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/sql.h"

#define COLUMNS                                                                                    \
	"id, device, name, last, start_at, start_epoch, start_seq, person, actor, route, target, " \
	"end_at, end_epoch, end_seq, clear, tracks, t_day, t_area, t_level, t_route, t_river_level, "     \
	"sub_at, sub_epoch, sub_seq, sub_person, sub_way, sub_target, track, distance_m, duration_s, "    \
	"reasons, rule, t_valid"

/* From when on a person's patrols are to be judged again, and how far the change reaches. */
struct later {
	char person[65];
	int64_t from_ms, to_ms;
};

/* What of a row judging made another. */
struct changed {
	bool place; /* t_ columns, rule */
	bool any;   /* these, verdict or measures */
};

static void drop_cache(struct patrols *ps)
{
	size_t pos = 0;
	struct patrol *p;

	while ((p = map_next(&ps->map, &pos))) {
		track_clear(&p->track);
		free(p);
	}
	map_done(&ps->map);
	ps->dirty = NULL;
}

void patrols_clear(struct patrols *ps)
{
	drop_cache(ps);
	for (size_t i = 0; i < PATROLS_KEPT; i++) {
		free(ps->kept[i].p);
		ps->kept[i] = (struct patrol_points){0};
	}
	ps->next_id = 0;
	map_done_free(&ps->later);
	map_done_free(&ps->touched);
	buf_clear(&ps->shown);
	if (ps->appraiser)
		appraiser_changed(ps->appraiser);
}

void patrols_done(struct patrols *ps)
{
	patrols_clear(ps);
	appraiser_free(ps->appraiser);
	json_done(&ps->json);
	buf_done(&ps->shown);
	buf_done(&ps->state);
}

static struct appraiser *appraiser_of(struct patrols *ps)
{
	if (!ps->appraiser)
		ps->appraiser = appraiser_new(ps->st, REGISTRY_NOW);
	return ps->appraiser;
}

static struct slice key_of(struct slice device, struct slice name, char room[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2])
{
	memcpy(room, device.p, device.n);
	room[device.n] = ' ';
	memcpy(room + device.n + 1, name.p, name.n);
	return (struct slice){room, device.n + name.n + 1};
}

static void read_key(sqlite3_stmt *q, int col, const char *device, struct order_key *k)
{
	*k = (struct order_key){0};
	if (sqlite3_column_type(q, col) == SQLITE_NULL)
		return;
	k->at_ms = sqlite3_column_int64(q, col);
	slice_copy(k->epoch, sizeof k->epoch, sql_col(q, col + 1));
	k->seq = sqlite3_column_int64(q, col + 2);
	slice_copy(k->device, sizeof k->device, slice_of(device));
}

/* Notes what stands in its row. */
static void remember(struct patrol *p)
{
	memcpy(p->was_person, p->person, sizeof p->was_person);
	memcpy(p->was_sub_person, p->sub_person, sizeof p->was_sub_person);
	p->was_start_ms = p->start.at_ms;
	p->moved = p->other_end = false;
}

static void read_patrol(sqlite3_stmt *q, struct patrol *p)
{
	p->id = sqlite3_column_int64(q, 0);
	slice_copy(p->device, sizeof p->device, sql_col(q, 1));
	slice_copy(p->name, sizeof p->name, sql_col(q, 2));
	p->last = sqlite3_column_int64(q, 3);
	read_key(q, 4, p->device, &p->start);
	slice_copy(p->person, sizeof p->person, sql_col(q, 7));
	slice_copy(p->actor, sizeof p->actor, sql_col(q, 8));
	slice_copy(p->route, sizeof p->route, sql_col(q, 9));
	slice_copy(p->target, sizeof p->target, sql_col(q, 10));
	read_key(q, 11, p->device, &p->end);
	p->clear = sqlite3_column_int(q, 14) != 0;
	p->track.events = (uint32_t)sqlite3_column_int64(q, 15);
	p->share.counts = sqlite3_column_type(q, 16) != SQLITE_NULL;
	p->share.day = sqlite3_column_int(q, 16);
	slice_copy(p->share.area, sizeof p->share.area, sql_col(q, 17));
	slice_copy(p->share.level, sizeof p->share.level, sql_col(q, 18));
	slice_copy(p->share.route, sizeof p->share.route, sql_col(q, 19));
	p->share.river = sqlite3_column_type(q, 20) != SQLITE_NULL;
	slice_copy(p->share.river_level, sizeof p->share.river_level, sql_col(q, 20));
	read_key(q, 21, p->device, &p->sub);
	slice_copy(p->sub_person, sizeof p->sub_person, sql_col(q, 24));
	slice_copy(p->sub_way, sizeof p->sub_way, sql_col(q, 25));
	slice_copy(p->sub_target, sizeof p->sub_target, sql_col(q, 26));
	/* points without a state: a database of an older program */
	if (sqlite3_column_type(q, 27) != SQLITE_NULL ? !track_load(&p->track, sql_col(q, 27)) : p->track.events > 0)
		p->refold = true;
	p->share.metres = sqlite3_column_int64(q, 28);
	p->share.seconds = sqlite3_column_int64(q, 29);
	p->reasons = (uint32_t)sqlite3_column_int64(q, 30);
	slice_copy(p->rule, sizeof p->rule, sql_col(q, 31));
	p->share.valid = sqlite3_column_int(q, 32) != 0;
	remember(p);
}

static enum err next_id(struct patrols *ps, int64_t *out)
{
	sqlite3_stmt *q;
	enum err e = OK;

	if (!ps->next_id) {
		q = sql_get(ps->st, "SELECT coalesce(max(id), 0) + 1 FROM patrol");
		if ((e = sql_row(q)) == OK)
			ps->next_id = sqlite3_column_int64(q, 0);
		sql_done(q);
	}
	*out = ps->next_id++;
	return e;
}

static void keep(struct patrols *ps, struct patrol *p)
{
	char room[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2];
	struct slice key = key_of(slice_of(p->device), slice_of(p->name), room);

	(void)map_put(&ps->map, key.p, key.n, p); /* was not there */
}

struct patrol *patrols_get(
	struct patrols *ps, struct slice device, struct slice name, bool make, enum err *e)
{
	char room[EVENT_DEVICE_MAX + EVENT_ID_MAX + 2];
	struct slice key = key_of(device, name, room);
	struct patrol *p = map_get(&ps->map, key.p, key.n);
	sqlite3_stmt *q;

	*e = OK;
	if (p)
		return p;
	p = xcalloc(1, sizeof *p);
	q = sql_get(ps->st, "SELECT " COLUMNS " FROM patrol WHERE device = ? AND name = ?");
	sql_text(q, 1, device);
	sql_text(q, 2, name);
	if ((*e = sql_row(q)) == OK)
		read_patrol(q, p);
	sql_done(q);
	if (*e == ERR_NOTFOUND) {
		*e = OK;
		if (make && (*e = next_id(ps, &p->id)) == OK) {
			p->is_new = true;
			slice_copy(p->device, sizeof p->device, device);
			slice_copy(p->name, sizeof p->name, name);
			keep(ps, p);
			return p;
		}
		free(p);
		return NULL;
	}
	if (*e != OK) {
		free(p);
		return NULL;
	}
	keep(ps, p);
	return p;
}

enum err patrols_by_id(struct patrols *ps, int64_t id, struct patrol **out)
{
	sqlite3_stmt *q = sql_get(ps->st, "SELECT device, name FROM patrol WHERE id = ?");
	char device[EVENT_DEVICE_MAX + 1], name[EVENT_ID_MAX + 1];
	size_t pos = 0;
	struct patrol *p;
	enum err e;

	sql_int(q, 1, id);
	if ((e = sql_row(q)) == OK) {
		slice_copy(device, sizeof device, sql_col(q, 0));
		slice_copy(name, sizeof name, sql_col(q, 1));
	}
	sql_done(q);
	if (e == OK)
		*out = patrols_get(ps, slice_of(device), slice_of(name), false, &e);
	if (e != ERR_NOTFOUND)
		return e;
	while ((p = map_next(&ps->map, &pos))) /* made in this batch: not in the table yet */
		if (p->id == id) {
			*out = p;
			return OK;
		}
	return ERR_CORRUPT;
}

void patrols_touch(struct patrols *ps, struct patrol *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	p->next_dirty = ps->dirty;
	ps->dirty = p;
}

/* ------------------------------------------------------------------ folding */

static enum err line_of(struct patrols *ps, struct patrol *p, const struct reachline **out)
{
	struct appraiser *a = appraiser_of(ps);
	enum err e = OK;

	if (p->line_gen != appraiser_generation(a)) {
		e = appraise_line(a, slice_of(p->target), &p->line);
		p->line_gen = e == OK ? appraiser_generation(a) : 0;
	}
	*out = p->line;
	return e;
}

enum err patrols_add(struct patrols *ps, struct patrol *p, const struct event *ev, struct slice actor)
{
	struct track_point points[EVENT_PTS_MAX];
	const struct reachline *line;
	bool backwards = false;
	uint32_t n;
	enum err e;

	patrols_touch(ps, p);
	if (p->refold)
		return OK; /* it will be read with the rest */
	patrol_add(p, ev, slice_of(p->device), actor);
	if (!ev->pts)
		return OK;
	if ((e = line_of(ps, p, &line)) != OK)
		return e;
	n = track_read(ev->doc, ev->pts, ev->when_ms, ev->pts_crs, points, &backwards);
	track_add(&p->track, points, n, ev->mock, backwards, line);
	return OK;
}

void patrols_refold(struct patrols *ps, struct patrol *p)
{
	p->refold = true;
	patrols_touch(ps, p);
}

/* The points of a patrol, newest event first, and where each event ends. */
struct gathered {
	struct track_point *p;
	size_t n, cap;
	size_t *end;
	size_t nend, endcap;
};

static void gather(struct gathered *g, const struct track_point *p, uint32_t n)
{
	if (g->n > TRACK_POINTS_MAX)
		return; /* beyond the bound: they will not be looked at */
	if (g->n + n > g->cap) {
		g->cap = (g->cap + n) * 2;
		g->p = xrealloc(g->p, g->cap * sizeof *g->p);
	}
	if (g->nend == g->endcap) {
		g->endcap = g->endcap * 2 + 64;
		g->end = xrealloc(g->end, g->endcap * sizeof *g->end);
	}
	memcpy(g->p + g->n, p, n * sizeof *p);
	g->n += n;
	g->end[g->nend++] = g->n;
}

/* Events in the order in which they came, which is mostly theirs: little is left to sort. */
static void turn(struct gathered *g)
{
	struct track_point *to = xcalloc(g->n ? g->n : 1, sizeof *to);
	size_t at = 0;

	for (size_t i = g->nend; i > 0; i--) {
		size_t from = i > 1 ? g->end[i - 2] : 0;

		memcpy(to + at, g->p + from, (g->end[i - 1] - from) * sizeof *to);
		at += g->end[i - 1] - from;
	}
	free(g->p);
	g->p = to;
}

/* One event read again: its points into g; of the others, when all, what they say. */
static enum err read_again(struct patrols *ps, struct patrol *p, enum event_kind kind, struct slice raw, struct slice actor, bool all,
	struct gathered *g)
{
	struct track_point points[EVENT_PTS_MAX];
	struct event_fault fault;
	struct event ev;
	uint32_t n;

	if (kind != EV_PATROL_TRACK && !all)
		return OK;
	(void)json_read(&ps->json, raw.p, raw.n); /* the decoders say */
	if (kind != EV_PATROL_TRACK) {
		if (event_decode(&ps->json, 0, &ev, &fault) != EVENT_OK)
			return ERR_CORRUPT; /* it was whole when it was stored */
		patrol_add(p, &ev, slice_of(p->device), actor);
		return OK;
	}
	n = track_read_event(&ps->json, points, &p->track.backwards, &p->track.mock);
	p->track.events++;
	p->track.came += n;
	gather(g, points, n);
	return n ? OK : ERR_CORRUPT;
}

/* Reads the chain of p's events down to commit `until`, without the voided ones: all, or tracks only. */
static enum err read_chain(struct patrols *ps, struct patrol *p, bool all, int64_t until, struct gathered *g)
{
	sqlite3_stmt *q = sql_get(ps->st,
		"SELECT raw, person, link, flags, subject, kind FROM event WHERE \"commit\" = ?");
	enum err e = OK;

	for (int64_t at = p->last; at > until && e == OK;) {
		sql_int(q, 1, at);
		e = sql_row(q);
		if (e == OK && sqlite3_column_int64(q, 4) != p->id)
			e = ERR_CORRUPT;
		if (e == OK) {
			at = sqlite3_column_int64(q, 2);
			if (!(sqlite3_column_int64(q, 3) & 2))
				e = read_again(ps, p, (enum event_kind)sqlite3_column_int(q, 5), sql_col(q, 0),
					sql_col(q, 1), all, g);
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static struct patrol_points *kept_of(struct patrols *ps, int64_t id)
{
	for (size_t i = 0; i < PATROLS_KEPT; i++)
		if (ps->kept[i].id == id)
			return &ps->kept[i];
	return NULL;
}

/* Takes the points in g, of all p's events. */
static void keep_points(struct patrols *ps, const struct patrol *p, struct gathered *g)
{
	struct patrol_points *k = kept_of(ps, p->id);

	if (!k) {
		k = &ps->kept[0]; /* the one not used for longest; a free one was never used */
		for (size_t i = 1; i < PATROLS_KEPT; i++)
			if (ps->kept[i].used < k->used)
				k = &ps->kept[i];
	}
	free(k->p);
	*k = (struct patrol_points){0};
	if (g->n == 0 || g->n > PATROLS_KEPT_POINTS)
		return;
	*k = (struct patrol_points){.id = p->id, .last = p->last, .used = ++ps->turns, .p = g->p, .n = g->n,
		.counts = {.events = p->track.events, .came = p->track.came, .mock = p->track.mock, .backwards = p->track.backwards}};
	g->p = NULL;
}

/* Gathers all points of p: those kept, and those of the events since; all: everything, from the events. */
static enum err gather_all(struct patrols *ps, struct patrol *p, bool all, struct gathered *g)
{
	struct patrol_points *k = all ? NULL : kept_of(ps, p->id);
	enum err e;

	if (all)
		patrol_clear(p);
	else
		track_clear(&p->track);
	if (k)
		p->track = k->counts; /* its bits are NULL */
	if ((e = read_chain(ps, p, all, k ? k->last : 0, g)) != OK)
		return e;
	if (k)
		gather(g, k->p, (uint32_t)k->n); /* the oldest come last */
	turn(g);
	return OK;
}

/* Makes what p's events say true again, by the line of its target. */
static enum err settle(struct patrols *ps, struct patrol *p)
{
	struct gathered g = {0};
	const struct reachline *line;
	bool all = p->refold;
	enum err e;

	if (!all) {
		if ((e = line_of(ps, p, &line)) != OK)
			return e;
		track_line(&p->track, line);
		if (!p->track.stale)
			return OK;
	}
	if ((e = gather_all(ps, p, all, &g)) == OK)
		e = line_of(ps, p, &line);
	if (e == OK) {
		track_fold(&p->track, g.p, g.n, line);
		p->refold = false;
		keep_points(ps, p, &g);
	}
	free(g.p);
	free(g.end);
	return e;
}

/* ------------------------------------------------------------------ writing */

static void bind_key(sqlite3_stmt *q, int i, const struct order_key *k)
{
	if (k->seq == 0)
		return; /* NULL */
	sql_int(q, i, k->at_ms);
	sql_str(q, i + 1, k->epoch);
	sql_int(q, i + 2, k->seq);
}

static void bind_start(sqlite3_stmt *q, const struct patrol *p)
{
	bind_key(q, 23, &p->start);
	if (p->start.seq) {
		sql_str(q, 26, p->person);
		sql_str(q, 27, p->actor);
		sql_str(q, 28, p->route);
		sql_str(q, 29, p->target);
	}
	bind_key(q, 30, &p->sub);
	if (p->sub.seq) {
		sql_str(q, 33, p->sub_person);
		sql_str(q, 34, p->sub_way);
		sql_str(q, 35, p->sub_target);
	}
}

static void bind_track(struct patrols *ps, sqlite3_stmt *q, const struct patrol *p)
{
	const struct track *t = &p->track;

	sql_int(q, 2, t->events);
	buf_clear(&ps->state);
	track_save(t, &ps->state);
	sql_blob(q, 4, buf_slice(&ps->state));
	sql_int(q, 5, t->kept);
	sql_int(q, 6, t->vague + t->jumps);
	sql_int(q, 7, t->duration_ms / 1000);
	sql_int(q, 8, t->distance_mm / 1000);
	if (t->samples)
		sql_int(q, 9, track_coverage(t));
}

#define TRACK                                                                                               \
	"last = ?1, tracks = ?2, \"commit\" = ?3, track = ?4, points = ?5, dropped = ?6, duration_s = ?7, " \
	"distance_m = ?8, coverage = ?9, reasons = ?10"
#define REST                                                                                               \
	", end_at = ?12, end_epoch = ?13, end_seq = ?14, clear = ?15, t_day = ?16, t_area = ?17, "         \
	"t_level = ?18, t_route = ?19, t_river_level = ?20, rule = ?21, t_valid = ?22"

/* How much of a row is named: most often a track has grown, and no more.  What stands in indexes is named only when
 * it changed, since naming it writes the indexes. */
enum width { WIDTH_TRACK, WIDTH_REST, WIDTH_ALL, WIDTH_NEW };

static sqlite3_stmt *writing(struct patrols *ps, enum width w)
{
	switch (w) {
	case WIDTH_TRACK:
		return sql_get(ps->st, "UPDATE patrol SET " TRACK " WHERE id = ?11");
	case WIDTH_REST:
		return sql_get(ps->st, "UPDATE patrol SET " TRACK REST " WHERE id = ?11");
	case WIDTH_ALL:
		return sql_get(ps->st, "UPDATE patrol SET " TRACK REST ", start_at = ?23, start_epoch = ?24, start_seq = ?25, "
				       "person = ?26, actor = ?27, route = ?28, target = ?29, sub_at = ?30, sub_epoch = ?31, "
				       "sub_seq = ?32, sub_person = ?33, sub_way = ?34, sub_target = ?35 WHERE id = ?11");
	default:
		return sql_get(ps->st, "INSERT INTO patrol(last, tracks, \"commit\", track, points, dropped, duration_s, "
				       "distance_m, coverage, reasons, id, end_at, end_epoch, end_seq, clear, t_day, t_area, "
				       "t_level, t_route, t_river_level, rule, t_valid, start_at, start_epoch, start_seq, "
				       "person, actor, route, target, sub_at, sub_epoch, sub_seq, sub_person, sub_way, "
				       "sub_target, device, name) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
				       "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, "
				       "?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37)");
	}
}

static void bind_rest(sqlite3_stmt *q, const struct patrol *p)
{
	bind_key(q, 12, &p->end);
	if (p->end.seq)
		sql_int(q, 15, p->clear);
	if (!p->share.counts)
		return;
	sql_int(q, 16, p->share.day);
	sql_str(q, 17, p->share.area);
	sql_str(q, 18, p->share.level);
	sql_str(q, 19, p->share.route);
	if (p->share.river)
		sql_str(q, 20, p->share.river_level);
	if (p->rule[0])
		sql_str(q, 21, p->rule);
	sql_int(q, 22, p->share.valid);
}

enum err patrols_was(struct store *st, const struct patrol *p, int64_t commit)
{
	struct patrols ps = {.st = st};
	sqlite3_stmt *q = sql_get(st, "UPDATE asof_patrol SET " TRACK REST ", start_at = ?23, start_epoch = ?24, start_seq = ?25, "
				      "person = ?26, actor = ?27, route = ?28, target = ?29, sub_at = ?30, sub_epoch = ?31, "
				      "sub_seq = ?32, sub_person = ?33, sub_way = ?34, sub_target = ?35 WHERE id = ?11");
	enum err e;

	sql_int(q, 1, p->last);
	sql_int(q, 3, commit);
	bind_track(&ps, q, p);
	sql_int(q, 10, p->reasons);
	sql_int(q, 11, p->id);
	bind_rest(q, p);
	bind_start(q, p);
	e = sql_run(q);
	buf_done(&ps.state);
	return e;
}

static enum err write_patrol(struct patrols *ps, struct patrol *p, const struct changed *row, int64_t commit)
{
	enum width w = p->is_new ? WIDTH_NEW : p->moved ? WIDTH_ALL : row->place || p->other_end ? WIDTH_REST : WIDTH_TRACK;
	sqlite3_stmt *q = writing(ps, w);
	enum err e;

	sql_int(q, 1, p->last);
	sql_int(q, 3, commit);
	bind_track(ps, q, p);
	sql_int(q, 10, p->reasons);
	sql_int(q, 11, p->id);
	if (w >= WIDTH_REST)
		bind_rest(q, p);
	if (w >= WIDTH_ALL)
		bind_start(q, p);
	if (w == WIDTH_NEW) {
		sql_str(q, 36, p->device);
		sql_str(q, 37, p->name);
	}
	if ((e = sql_run(q)) == OK) {
		if (ps->concerned) {
			concerned_note(ps->concerned, p->person);
			concerned_note(ps->concerned, p->was_person);
			concerned_note(ps->concerned, p->sub_person);
			concerned_note(ps->concerned, p->was_sub_person);
		}
		p->is_new = false;
		remember(p);
	}
	return e;
}

/* ------------------------------------------------------------------ who is concerned */

static void touch_person(struct patrols *ps, const char *person)
{
	size_t n = strlen(person);

	if (n && !map_get(&ps->touched, person, n))
		(void)map_put(&ps->touched, person, n, xstrdup(person)); /* was not there */
}

const char *patrols_touched(const struct patrols *ps, size_t *pos)
{
	return map_next(&ps->touched, pos);
}

void patrols_touched_clear(struct patrols *ps)
{
	map_done_free(&ps->touched);
}

static void judge_later(struct patrols *ps, const char *person, int64_t at_ms)
{
	size_t n = strlen(person);
	struct later *l = map_get(&ps->later, person, n);

	if (!l) {
		l = xcalloc(1, sizeof *l);
		slice_copy(l->person, sizeof l->person, slice_of(person));
		l->from_ms = l->to_ms = at_ms;
		(void)map_put(&ps->later, person, n, l); /* was not there */
	}
	if (at_ms < l->from_ms)
		l->from_ms = at_ms;
	if (at_ms > l->to_ms)
		l->to_ms = at_ms;
}

/* Notes whose duties and whose later patrols may stand otherwise, now that p is to be written.  sound: it counts or
 * counted for a duty whose rule finds nothing against it. */
static void note_change(struct patrols *ps, const struct patrol *p, const struct patrol_share *was, bool sound, bool other_worth,
	int64_t gap_ms)
{
	bool shown = p->is_new || p->moved || p->other_end || was->valid != p->share.valid;
	bool measures = was->metres != p->share.metres || was->seconds != p->share.seconds;

	if (sound && (p->moved || other_worth || measures)) {
		touch_person(ps, p->person);
		touch_person(ps, p->was_person);
	}
	if (p->moved) {
		touch_person(ps, p->sub_person);
		touch_person(ps, p->was_sub_person);
	}
	if (shown && p->person[0])
		buf_add(&ps->shown, p->person, strlen(p->person) + 1);
	if (shown && p->was_person[0] && strcmp(p->person, p->was_person) != 0)
		buf_add(&ps->shown, p->was_person, strlen(p->was_person) + 1);
	if (gap_ms > 0 && (p->moved || was->valid != p->share.valid)) {
		if (was->valid)
			judge_later(ps, p->was_person, p->was_start_ms);
		if (p->share.valid)
			judge_later(ps, p->person, p->start.at_ms);
	}
}

/* ------------------------------------------------------------------ judging */

enum err patrols_stand_close(void *ctx, const struct patrol *p, int64_t gap_ms, bool each, bool *out)
{
	struct store *st = ctx;
	sqlite3_stmt *q = sql_get(st,
		"SELECT 1 FROM patrol WHERE person = ?1 AND start_at >= ?2 AND start_at <= ?3 AND t_valid = 1 AND "
		"(start_at, device, start_epoch, start_seq) < (?3, ?4, ?5, ?6) AND (?7 IS NULL OR target = ?7) AND "
		"(route IN ('river', 'gully')) = ?8 AND id <> ?9 LIMIT 1");
	enum err e;

	sql_str(q, 1, p->person);
	sql_int(q, 2, p->start.at_ms - gap_ms);
	sql_int(q, 3, p->start.at_ms);
	sql_str(q, 4, p->device);
	sql_str(q, 5, p->start.epoch);
	sql_int(q, 6, p->start.seq);
	if (each)
		sql_str(q, 7, p->target);
	sql_int(q, 8, patrol_is_river(p));
	sql_int(q, 9, p->id);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static bool is_sound(const struct patrol *p)
{
	return p->share.counts && !(p->reasons & ~(uint32_t)TRACK_BY_RULE);
}

/* Its place in the tallies and its standing: as they were, unless the start or the registry changed. */
static enum err place(struct patrols *ps, struct patrol *p, struct registry *r, struct patrol_share *out)
{
	uint32_t generation = appraiser_generation(appraiser_of(ps));
	enum err e;

	*out = p->share;
	if (p->standing_gen == generation)
		return OK;
	if ((e = patrol_place(p, r, out, &p->standing)) == OK)
		p->standing_gen = generation;
	return e;
}

/* Judges p and puts what it adds now in the place of what it added.  *row: what of its row is another. */
static enum err judge(struct patrols *ps, struct patrol *p, struct registry *r, struct tallies *t, struct changed *row)
{
	struct patrol_share now, was = p->share;
	bool sound = is_sound(p);
	struct worth w = {0};
	int64_t gap_ms = 0;
	enum err e;

	if ((e = place(ps, p, r, &now)) == OK && now.counts)
		e = appraise(appraiser_of(ps), p, patrols_stand_close, ps->st, &w);
	if (e == OK)
		e = appraise_longest_gap(appraiser_of(ps), &gap_ms);
	if (e != OK)
		return e;
	now.valid = now.counts && w.reasons == 0;
	now.metres = p->track.distance_mm / 1000;
	now.seconds = p->track.duration_ms / 1000;
	row->place = !patrol_share_same_place(&was, &now) || strcmp(w.rule, p->rule) != 0 || was.valid != now.valid;
	row->any = row->place || w.reasons != p->reasons || !patrol_share_same(&was, &now);
	p->reasons = w.reasons;
	memcpy(p->rule, w.rule, sizeof p->rule);
	p->share = now;
	note_change(ps, p, &was, sound || is_sound(p), row->any, gap_ms);
	tally_patrol(t, &was, &now);
	return OK;
}

/* A patrol comes too close when a valid one stands within the gap before it.  So what changes at one start
 * reaches no further than the longest gap behind it, and on from there only when another changes: one walk in
 * the order of starts is enough. */
static enum err walk_later(struct patrols *ps, struct later *l, struct registry *r, struct tallies *t, int64_t commit, int64_t gap_ms)
{
	char device[EVENT_DEVICE_MAX + 1] = "", epoch[EVENT_EPOCH_MAX + 1] = "", name[EVENT_ID_MAX + 1];
	int64_t at_ms = l->from_ms, seq = 0;
	enum err e;

	for (;;) {
		sqlite3_stmt *q = sql_get(ps->st,
			"SELECT device, start_epoch, name, start_at, start_seq FROM patrol WHERE person = ?1 AND "
			"start_at >= ?2 AND (start_at, device, start_epoch, start_seq) > (?2, ?3, ?4, ?5) ORDER BY "
			"start_at, device, start_epoch, start_seq LIMIT 1");
		struct patrol *p;
		struct changed row;
		bool was_valid;

		sql_str(q, 1, l->person);
		sql_int(q, 2, at_ms);
		sql_str(q, 3, device);
		sql_str(q, 4, epoch);
		sql_int(q, 5, seq);
		if ((e = sql_row(q)) == OK) {
			slice_copy(device, sizeof device, sql_col(q, 0));
			slice_copy(epoch, sizeof epoch, sql_col(q, 1));
			slice_copy(name, sizeof name, sql_col(q, 2));
			at_ms = sqlite3_column_int64(q, 3);
			seq = sqlite3_column_int64(q, 4);
		}
		sql_done(q);
		if (e != OK || at_ms > l->to_ms + gap_ms)
			break;
		if (!(p = patrols_get(ps, slice_of(device), slice_of(name), false, &e)))
			return e == OK ? ERR_CORRUPT : e;
		was_valid = p->share.valid;
		if ((e = settle(ps, p)) == OK && (e = judge(ps, p, r, t, &row)) == OK && row.any)
			e = write_patrol(ps, p, &row, commit);
		if (e != OK)
			return e;
		if (p->share.valid != was_valid && at_ms > l->to_ms)
			l->to_ms = at_ms;
	}
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err flush_later(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit)
{
	struct map later = ps->later; /* judging notes the same people again: not needed */
	int64_t gap_ms = 0;
	size_t pos = 0;
	struct later *l;
	enum err e = appraise_longest_gap(appraiser_of(ps), &gap_ms);

	ps->later = (struct map){0};
	while (e == OK && (l = map_next(&later, &pos)))
		e = walk_later(ps, l, r, t, commit, gap_ms);
	map_done_free(&later);
	map_done_free(&ps->later);
	return e;
}

enum err patrols_flush(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit)
{
	struct changed row;
	struct patrol *p;
	enum err e = OK;

	for (; e == OK && (p = ps->dirty); ps->dirty = p->next_dirty) {
		if ((e = settle(ps, p)) == OK && (e = judge(ps, p, r, t, &row)) == OK)
			e = write_patrol(ps, p, &row, commit);
		p->dirty = false;
	}
	if (e == OK && ps->later.n)
		e = flush_later(ps, r, t, commit);
	if (ps->map.n > PATROLS_CACHE)
		drop_cache(ps);
	return e;
}

/* ------------------------------------------------------------------ all of them */

/* Every patrol, by id: settled and judged; refold: from its events. */
static enum err all_again(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit, bool refold)
{
	struct patrol p;
	sqlite3_stmt *q;
	enum err e = patrols_flush(ps, r, t, commit);
	struct changed row;
	uint64_t line;
	bool again;

	drop_cache(ps); /* below, the table is the truth */
	appraiser_changed(appraiser_of(ps));
	for (int64_t after = 0; e == OK; after = p.id) {
		p = (struct patrol){0};
		q = sql_get(ps->st,
			"SELECT " COLUMNS " FROM patrol WHERE id > ? ORDER BY id LIMIT 1");
		sql_int(q, 1, after);
		if ((e = sql_row(q)) == OK)
			read_patrol(q, &p);
		sql_done(q);
		if (e != OK)
			break;
		p.refold |= refold;
		again = p.refold;
		line = p.track.line;
		if ((e = settle(ps, &p)) == OK && (e = judge(ps, &p, r, t, &row)) == OK &&
			(row.any || again || line != p.track.line))
			e = write_patrol(ps, &p, &row, commit);
		if (e == OK)
			e = tallies_ease(t, commit);
		track_clear(&p.track);
	}
	e = e == ERR_NOTFOUND ? OK : e;
	if (e == OK && ps->later.n)
		e = flush_later(ps, r, t, commit);
	drop_cache(ps);
	return e;
}

enum err patrols_reclass(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit)
{
	return all_again(ps, r, t, commit, false);
}

enum err patrols_refold_all(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit)
{
	return all_again(ps, r, t, commit, true);
}
