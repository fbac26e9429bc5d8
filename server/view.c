#include "server/view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "core/area.h"
#include "server/view_parts.h"
#include "server/zip.h"

/* Clients that one frame may go to at once: many clients, frames a little further apart, so that
 * a rush of commits does not multiply with a thousand screens. */
#define CLIENTS_PER_MS 50

/* ------------------------------------------------------------------ frames */

void frame_unref(struct frame *f)
{
	if (f && --f->refs == 0) {
		*f->total -= f->n + f->br.n + f->gzip.n;
		free((char *)(uintptr_t)f->br.p);
		free((char *)(uintptr_t)f->gzip.p);
		free(f);
	}
}

struct frame *frame_new(struct views *vs, const struct buf *b, int64_t from, int64_t commit)
{
	struct frame *f = xcalloc(1, sizeof *f + b->n);

	f->refs = 1;
	f->from = from;
	f->commit = commit;
	f->n = b->n;
	f->total = &vs->frame_bytes;
	vs->frame_bytes += b->n;
	memcpy(f->text, b->p, b->n);
	return f;
}

struct slice frame_zip(struct frame *f, const char *coding)
{
	struct slice *z = strcmp(coding, "br") == 0 ? &f->br : &f->gzip;

	if (!z->p) {
		*z = zip_answer((struct slice){f->text, (uint32_t)f->n}, coding);
		*f->total += z->n;
	}
	return *z;
}

/* The same message with another "from": for the first delta after a snapshot or a resume. */
static struct frame *frame_from(struct views *vs, const struct frame *f, int64_t from)
{
	struct buf b = {0};
	struct frame *g;

	buf_add(&b, f->text, f->from_at);
	buf_int(&b, from);
	buf_add(&b, f->text + f->from_at + f->from_n, f->n - f->from_at - f->from_n);
	g = frame_new(vs, &b, from, f->commit);
	buf_done(&b);
	return g;
}

static void ring_drop(struct view *v)
{
	struct frame *f = v->ring[v->first % VIEW_RING];

	v->ring[v->first % VIEW_RING] = NULL;
	v->ring_bytes -= f->n;
	v->first++;
	frame_unref(f);
}

static void ring_push(struct view *v, struct frame *f)
{
	if (v->next - v->first == VIEW_RING)
		ring_drop(v);
	v->ring[v->next++ % VIEW_RING] = f;
	v->ring_bytes += f->n;
	while (v->ring_bytes > VIEW_RING_BYTES && v->next - v->first > 1)
		ring_drop(v);
	v->all->frames++;
	for (struct view_client *c = v->clients; c; c = c->next)
		if (!c->woken) {
			c->woken = true;
			v->all->wake(v->all->ctx, c);
		}
}

/* ------------------------------------------------------------------ what changed */

static void mark_figure(struct view *v, struct figure *f)
{
	v->version++;
	if (f->dirty)
		return;
	f->dirty = true;
	f->dirty_next = v->dirty_figures;
	v->dirty_figures = f;
}

static void mark_place(struct view *v, struct place *p)
{
	v->version++;
	if (p->dirty)
		return;
	p->dirty = true;
	p->dirty_next = v->dirty_places;
	v->dirty_places = p;
}

static struct figure *figure_get(struct view *v, const char *id, const char *level, const char *category)
{
	char key[MODEL_CELL_KEY];
	int n = snprintf(key, sizeof key, "%s\t%s\t%s", id, level, category); /* shorter than the cell's */
	struct figure *f = map_get(&v->figures, key, (size_t)n);
	char *p;

	if (f)
		return f;
	f = xcalloc(1, sizeof *f + (size_t)n + 1);
	p = (char *)(f + 1);
	memcpy(p, key, (size_t)n + 1);
	f->id = p;
	*(p = strchr(p, '\t')) = '\0';
	f->level = ++p;
	*(p = strchr(p, '\t')) = '\0';
	f->category = ++p;
	f->due = f->due_sent = -1;
	map_put(&v->figures, key, (size_t)n, f);
	return f;
}

static void add_figure(struct view *v, struct figure *f, int64_t commit, const int64_t diff[SPANS])
{
	for (int i = 0; i < SPANS; i++)
		f->n[i] += diff[i];
	if (commit > f->commit)
		f->commit = commit;
	mark_figure(v, f);
}

/* A figure by categories has a row for all of them, too: whatever categories there are. */
static void add_cell(struct view *v, const struct cell *c, const int64_t diff[SPANS])
{
	add_figure(v, figure_get(v, c->figure, c->level, c->category), c->commit, diff);
	if (*c->category)
		add_figure(v, figure_get(v, c->figure, c->level, ""), c->commit, diff);
}

/* Chiefs owe river patrols; everybody owes patrols. */
static void add_due(struct view *v, const struct due_cell *d, int64_t diff)
{
	static const char *const ids[] = {"patrols", "river_patrols"};

	for (size_t i = 0; i < (d->chief ? ARRAY_LEN(ids) : 1); i++) {
		struct figure *f = figure_get(v, ids[i], d->level, "");

		f->due = (f->due < 0 ? 0 : f->due) + diff;
		mark_figure(v, f);
	}
}

static void on_due(void *ctx, const struct due_cell *d, int64_t diff)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if (view_sees(v, d->area))
			add_due(v, d, diff);
}

static void on_row(void *ctx, enum sheet sheet, const char *key)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if (sheet_mark(&v->sheet[sheet], key))
			v->version++;
}

static void on_cell(void *ctx, const struct cell *c, const int64_t diff[SPANS])
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if (view_sees(v, c->area))
			add_cell(v, c, diff);
}

static void on_node(void *ctx, const struct node *nd)
{
	struct views *vs = ctx;
	struct place *p;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if ((p = map_get(&v->place_of, nd->code, strlen(nd->code))))
			mark_place(v, p);
}

static void mark_device(struct view *v, const char *id)
{
	size_t n = strlen(id);
	struct device_row *d = map_get(&v->devices, id, n);

	v->version++;
	if (!d) {
		d = xcalloc(1, sizeof *d + n + 1);
		memcpy(d->id, id, n + 1);
		map_put(&v->devices, id, n, d);
	}
	if (d->dirty)
		return;
	d->dirty = true;
	d->dirty_next = v->dirty_devices;
	v->dirty_devices = d;
}

static void on_unit(void *ctx, const char *id, const struct unit *u)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if ((u && view_sees(v, u->area)) || map_get(&v->devices, id, strlen(id)))
			mark_device(v, id);
}

static void feed_add(struct view *v, struct item *it, bool is_new)
{
	if (v->nfeed && it->commit <= v->feed[v->nfeed - 1]->commit)
		return; /* it is here already */
	while (v->nfeed == VIEW_FEED_BURST || (v->nfeed >= VIEW_FEED && v->fresh_items < v->nfeed)) {
		item_unref(v->feed[0]);
		memmove(v->feed, v->feed + 1, (size_t)--v->nfeed * sizeof *v->feed);
		if (v->fresh_items > v->nfeed)
			v->fresh_items = v->nfeed;
	}
	item_ref(it);
	v->feed[v->nfeed++] = it;
	if (is_new && v->fresh_items < v->nfeed)
		v->fresh_items++;
	v->version++;
}

static void on_item(void *ctx, struct item *it)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if (!v->no_feed && view_sees(v, it->area))
			feed_add(v, it, true);
}

static void on_feed_cut(void *ctx, int64_t after)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if (!v->feed_cut && !v->no_feed) {
			v->feed_cut = true;
			v->feed_after = after;
			v->version++;
		}
}

static void on_places(void *ctx)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		v->stale = true;
}

/* ------------------------------------------------------------------ life of a view */

static void drop_places(struct view *v)
{
	for (size_t i = 0; i < v->nplaces; i++)
		free(v->places[i].name);
	free(v->places);
	map_done(&v->place_of);
	v->places = NULL;
	v->nplaces = 0;
	v->dirty_places = NULL;
}

static void drop_feed(struct view *v)
{
	while (v->nfeed)
		item_unref(v->feed[--v->nfeed]);
	v->fresh_items = 0;
}

static void drop_rows(struct view *v)
{
	void *p;

	for (size_t pos = 0; (p = map_next(&v->figures, &pos));)
		free(p);
	map_done(&v->figures);
	for (size_t pos = 0; (p = map_next(&v->devices, &pos));)
		free(p);
	map_done(&v->devices);
	for (int i = 0; i < SHEETS; i++)
		sheet_done(&v->sheet[i]);
	v->dirty_figures = NULL;
	v->dirty_devices = NULL;
	drop_places(v);
	drop_feed(v);
	while (v->first < v->next)
		ring_drop(v);
	frame_unref(v->snapshot);
	v->snapshot = NULL;
}

static void view_free(struct view *v)
{
	drop_rows(v);
	free(v);
}

static void on_reset(void *ctx)
{
	struct views *vs = ctx;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));) {
		drop_rows(v);
		v->stale = v->no_feed = true;
		v->feed_cut = false;
		v->sent = 0;
		v->version++;
		for (struct view_client *c = v->clients; c; c = c->next)
			view_refresh(c);
	}
}

struct places_load {
	struct place *list;
	size_t n, cap;
};

static void take_place(void *ctx, const struct live_area *a)
{
	struct places_load *l = ctx;
	struct place *p;

	if (strlen(a->code) >= sizeof p->code)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->list = xrealloc(l->list, l->cap * sizeof *l->list);
	}
	p = &l->list[l->n++];
	*p = (struct place){.name = xstrdup(a->name)};
	memcpy(p->code, a->code, strlen(a->code) + 1);
}

static void places_clear(struct places_load *l)
{
	while (l->n)
		free(l->list[--l->n].name);
}

/* Towns, communities and grids; what is too many is left out from below. */
static enum err read_places(struct view *v, struct places_load *l, bool *cut)
{
	static const int deepest[] = {AREA_GRID, AREA_COMMUNITY, AREA_TOWN};
	struct store *st = v->all->model->st;
	enum err e = ERR_CLOSED;

	*cut = false;
	for (size_t i = 0; st && i < ARRAY_LEN(deepest); i++) {
		places_clear(l);
		e = live_areas(st, v->scope, AREA_TOWN, deepest[i], VIEW_AREAS, take_place, l);
		if (e != OK || l->n <= VIEW_AREAS)
			return e;
		*cut = true;
	}
	while (l->n > VIEW_AREAS)
		free(l->list[--l->n].name);
	return e;
}

static bool same_places(const struct view *v, const struct places_load *l)
{
	if (l->n != v->nplaces)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].code, v->places[i].code) != 0 ||
			strcmp(l->list[i].name, v->places[i].name) != 0)
			return false;
	return true;
}

struct feed_take {
	struct view *v;
	bool is_new;
};

static void take_feed(void *ctx, const struct live_feed *f)
{
	struct feed_take *t = ctx;
	struct item *it;

	if (f->commit > t->v->all->model->head.commit)
		return; /* not here yet: it comes with the next refresh */
	it = item_new(f);
	feed_add(t->v, it, t->is_new);
	item_unref(it);
}

/* Reads what only the database knows: places, the feed of this scope.  Clients get a fresh
 * snapshot when their places are others. */
static enum err view_read(struct view *v)
{
	struct model *m = v->all->model;
	struct places_load l = {0};
	struct feed_take ft = {v, false};
	bool cut;
	enum err e = read_places(v, &l, &cut);

	if (e == OK && v->no_feed) {
		drop_feed(v);
		e = live_feed_scope(m->st, v->scope, 0, VIEW_FEED, take_feed, &ft);
		v->no_feed = e != OK;
	}
	if (e != OK) {
		places_clear(&l);
		free(l.list);
		return e;
	}
	v->stale = false;
	if (same_places(v, &l)) {
		places_clear(&l);
		free(l.list);
		return OK;
	}
	drop_places(v);
	v->places = l.list;
	v->nplaces = l.n;
	v->places_cut = cut;
	for (size_t i = 0; i < l.n; i++) {
		v->places[i].sent = viewrows_counts(v, &v->places[i]);
		map_put(&v->place_of, v->places[i].code, strlen(v->places[i].code), &v->places[i]);
	}
	v->version++;
	for (struct view_client *c = v->clients; c; c = c->next)
		view_refresh(c);
	return OK;
}

static struct view *view_new(struct views *vs, const char *scope)
{
	static const size_t limit[SHEETS] = {VIEW_ALERTS, VIEW_CASES, VIEW_OVERDUE};
	struct view *v = xcalloc(1, sizeof *v);
	struct model *m = vs->model;
	struct due_cell *d;
	struct cell *c;
	struct unit *u;

	v->all = vs;
	(void)snprintf(v->scope, sizeof v->scope, "%s", scope); /* "*" or an area code */
	for (size_t pos = 0; (c = map_next(&m->cells, &pos));)
		if (view_sees(v, c->area))
			add_cell(v, c, c->n);
	for (size_t pos = 0; (u = map_next(&m->units, &pos));)
		if (view_sees(v, u->area))
			mark_device(v, u->id);
	for (size_t pos = 0; (d = map_next(&m->dues, &pos));)
		if (view_sees(v, d->area))
			add_due(v, d, d->n);
	for (int i = 0; i < SHEETS; i++) {
		v->sheet[i] = (struct sheet_view){.sheet = (enum sheet)i, .scope = v->scope,
			.rows = &m->sheet[i], .limit = limit[i]};
		sheet_all(&v->sheet[i]);
	}
	v->stale = v->no_feed = true;
	v->version = 1;
	return v;
}

void views_init(struct views *vs, struct model *m, void (*wake)(void *ctx, struct view_client *c), void *ctx)
{
	*vs = (struct views){.model = m, .wake = wake, .ctx = ctx};
}

void views_done(struct views *vs)
{
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		view_free(v);
	map_done(&vs->by_scope);
}

struct model_observer views_observer(struct views *vs)
{
	return (struct model_observer){on_cell, on_node, on_unit, on_row, on_due, on_item, on_feed_cut,
		on_places, on_reset, vs};
}

size_t views_clients(const struct views *vs)
{
	struct view *v;
	size_t n = 0;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		n += v->nclients;
	return n;
}

/* ------------------------------------------------------------------ frames of a view */

static bool is_dirty(const struct view *v)
{
	for (int i = 0; i < SHEETS; i++)
		if (v->sheet[i].dirty)
			return true;
	return v->dirty_figures || v->dirty_places || v->dirty_devices || v->fresh_items || v->feed_cut;
}

/* A burst beyond one refresh: the newest rows of this scope, from the database. */
static enum err read_cut_feed(struct view *v)
{
	struct feed_take ft = {v, true};
	enum err e;

	if (!v->feed_cut)
		return OK;
	if (!v->all->model->st)
		return ERR_CLOSED;
	/* No more than the ring of the feed holds: what is older would be dropped again. */
	e = live_feed_scope(v->all->model->st, v->scope, v->feed_after, VIEW_FEED, take_feed, &ft);
	if (e == OK)
		v->feed_cut = false;
	return e;
}

uint32_t view_delta_head(struct buf *b, int64_t from, int64_t commit, int64_t now_ms, uint32_t *from_n)
{
	uint32_t at;

	buf_adds(b, "{\"op\":\"delta\",\"from\":");
	at = (uint32_t)b->n;
	buf_int(b, from);
	*from_n = (uint32_t)b->n - at;
	buf_addf(b, ",\"commit\":%lld,\"time\":%lld", (long long)commit, (long long)now_ms);
	return at;
}

/* One delta up to `commit`: what is marked, when rows is set, and the next n rows of the feed.
 * False: there was nothing to say. */
static bool send_delta(struct view *v, bool rows, int n, int64_t commit, int64_t now_ms)
{
	int from = v->nfeed - v->fresh_items;
	struct buf b = {0};
	uint32_t at, digits;
	bool any = n > 0;
	struct frame *f;

	at = view_delta_head(&b, v->sent, commit, now_ms, &digits);
	if (rows) {
		any |= viewrows_delta_figures(v, &b);
		any |= viewrows_delta_places(v, &b);
		for (int i = 0; i < SHEETS; i++)
			any |= sheet_delta(&v->sheet[i], &b);
		any |= viewrows_delta_devices(v, &b);
	}
	if (n)
		viewrows_feed(v, from, from + n, &b);
	buf_addc(&b, '}');
	v->fresh_items -= n;
	if (any && v->clients) {
		f = frame_new(v->all, &b, v->sent, commit);
		f->from_at = at;
		f->from_n = digits;
		ring_push(v, f);
	}
	if (any)
		v->sent = commit;
	buf_done(&b);
	return any;
}

/* Sends what is marked to all of the view.  A burst goes in several frames; the first carries the
 * other rows, so that a client that resumes from any of them misses none. */
static void view_flush(struct view *v, int64_t now_ms, int64_t now_mono_ms)
{
	int64_t commit = v->all->model->head.commit;
	bool rows = true, any = false;

	if (read_cut_feed(v) != OK)
		return; /* the store is being opened again */
	do {
		int n = v->fresh_items < VIEW_FEED ? v->fresh_items : VIEW_FEED;
		bool last = n == v->fresh_items;

		any |= send_delta(v, rows, n, last ? commit : v->feed[v->nfeed - v->fresh_items + n - 1]->commit, now_ms);
		rows = false;
	} while (v->fresh_items);
	if (any)
		v->last_mono_ms = v->last_any_mono_ms = now_mono_ms;
}

void view_add_source(const struct views *vs, struct buf *b)
{
	if (vs->source[0])
		buf_addf(b, ",\"source\":%s", vs->source);
}

void views_source(struct views *vs, const char *json)
{
	struct view *v;

	assert(strlen(json) < sizeof vs->source);
	if (strcmp(vs->source, json) == 0)
		return;
	memcpy(vs->source, json, strlen(json) + 1);
	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));) {
		v->news = true;
		v->version++;
	}
}

static void view_tick(struct view *v, int64_t now_ms, int64_t now_mono_ms)
{
	int64_t commit = v->all->model->head.commit;
	struct buf b = {0};

	buf_addf(&b, "{\"op\":\"tick\",\"commit\":%lld,\"time\":%lld", (long long)commit, (long long)now_ms);
	view_add_source(v->all, &b);
	buf_addc(&b, '}');
	v->sent = commit;
	v->news = false;
	v->last_any_mono_ms = now_mono_ms;
	ring_push(v, frame_new(v->all, &b, -1, commit));
	buf_done(&b);
}

/* The whole state as of the model's commit.  Everything marked was flushed before: what clients
 * have plus this agree. */
static void make_snapshot(struct view *v, int64_t now_ms, int64_t now_mono_ms)
{
	struct model *m = v->all->model;
	struct buf b = {0};
	bool cut;

	buf_adds(&b, "{\"op\":\"snapshot\",\"db\":");
	buf_json_str(&b, m->head.db);
	buf_addf(&b, ",\"commit\":%lld,\"time\":%lld,\"scope\":", (long long)m->head.commit, (long long)now_ms);
	buf_json_str(&b, v->scope);
	view_add_source(v->all, &b);
	viewrows_begin(&b, "figures");
	viewrows_all_figures(v, 0, true, &b);
	buf_addc(&b, ']');
	viewrows_begin(&b, "areas");
	for (size_t i = 0; i < v->nplaces; i++)
		viewrows_place(v, i, &b);
	buf_addc(&b, ']');
	if (v->places_cut)
		buf_adds(&b, ",\"areas_cut\":true");
	for (int i = 0; i < SHEETS; i++)
		sheet_snapshot(&v->sheet[i], &b);
	viewrows_begin(&b, "devices");
	cut = viewrows_all_devices(v, &b);
	buf_addc(&b, ']');
	if (cut)
		buf_adds(&b, ",\"devices_cut\":true");
	viewrows_feed(v, v->nfeed < VIEW_FEED ? 0 : v->nfeed - VIEW_FEED, v->nfeed, &b);
	buf_addc(&b, '}');
	frame_unref(v->snapshot);
	v->snapshot = frame_new(v->all, &b, -1, m->head.commit);
	v->snapshot_version = v->version;
	v->snapshot_mono_ms = now_mono_ms;
	v->all->snapshots++;
	buf_done(&b);
}

/* ------------------------------------------------------------------ clients */

static void make_room(struct views *vs, int64_t now_mono_ms, bool hard)
{
	struct view *v, *idle = NULL;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));)
		if (!v->clients && (!idle || v->idle_mono_ms < idle->idle_mono_ms))
			idle = v;
	if (!idle || (!hard && now_mono_ms - idle->idle_mono_ms < VIEW_IDLE_MS))
		return;
	map_take(&vs->by_scope, idle->scope, strlen(idle->scope));
	view_free(idle);
}

/* The view of a scope, made when it is the first to be asked for; NULL: there are too many. */
static struct view *view_get(struct views *vs, const char *scope, int64_t now_mono_ms)
{
	struct view *v = map_get(&vs->by_scope, scope, strlen(scope));

	if (v)
		return v;
	if (vs->by_scope.n >= VIEWS_MAX)
		make_room(vs, now_mono_ms, true);
	if (vs->by_scope.n >= VIEWS_MAX)
		return NULL;
	v = view_new(vs, scope);
	v->last_any_mono_ms = now_mono_ms;
	map_put(&vs->by_scope, v->scope, strlen(v->scope), v);
	return v;
}

enum err view_join(struct views *vs, struct view_client *c, const char *scope, const char *db,
	int64_t since, int64_t now_mono_ms)
{
	struct view *v;

	view_leave(c);
	if (!(v = view_get(vs, scope, now_mono_ms)))
		return ERR_FULL;
	c->view = v;
	c->at = &v->clients;
	c->next = v->clients;
	if (c->next)
		c->next->at = &c->next;
	v->clients = c;
	v->nclients++;
	c->since = db && strcmp(db, vs->model->head.db) == 0 ? since : -1;
	view_refresh(c);
	return OK;
}

void view_leave(struct view_client *c)
{
	struct view *v = c->view;

	if (!v)
		return;
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	c->view = NULL;
	if (--v->nclients == 0) {
		while (v->first < v->next)
			ring_drop(v);
		frame_unref(v->snapshot);
		v->snapshot = NULL;
		v->idle_mono_ms = v->last_any_mono_ms;
	}
}

const char *view_scope(const struct view_client *c)
{
	return c->view ? c->view->scope : NULL;
}

void view_refresh(struct view_client *c)
{
	c->fresh = true;
	if (c->view && !c->woken) {
		c->woken = true;
		c->view->all->wake(c->view->all->ctx, c);
	}
}

/* Before a snapshot or a resume: everything marked goes to those who are there. */
static enum err view_settle(struct view *v, int64_t now_ms, int64_t now_mono_ms)
{
	enum err e = v->stale ? view_read(v) : OK;

	if (e == OK && is_dirty(v))
		view_flush(v, now_ms, now_mono_ms);
	return e;
}

struct frame *view_snapshot(struct views *vs, const char *scope, int64_t now_ms, int64_t now_mono_ms, enum err *e)
{
	struct view *v = view_get(vs, scope, now_mono_ms);

	*e = ERR_FULL;
	if (!v)
		return NULL;
	if (!v->clients)
		v->idle_mono_ms = now_mono_ms;
	*e = OK;
	if (!v->snapshot || now_mono_ms - v->snapshot_mono_ms >= VIEW_SNAPSHOT_MS) {
		if ((*e = view_settle(v, now_ms, now_mono_ms)) != OK)
			return NULL;
		make_snapshot(v, now_ms, now_mono_ms);
	}
	v->snapshot->refs++;
	return v->snapshot;
}

/* Snapshot or resume: from here on c and the others get the same frames. */
static struct frame *first_frame(struct view_client *c, int64_t now_ms, int64_t now_mono_ms, enum err *e)
{
	struct view *v = c->view;
	struct frame *f = NULL;
	int64_t since = c->since, rev = 0;

	c->since = -1;
	if ((*e = view_settle(v, now_ms, now_mono_ms)) != OK)
		return NULL;
	if (v->all->model->st && since > 0 && resume_can(v, since, now_ms, &rev))
		f = resume_frame(v, since, rev, now_ms);
	if (!f) {
		if (!v->snapshot || v->snapshot_version != v->version ||
			v->snapshot->commit != v->all->model->head.commit)
			make_snapshot(v, now_ms, now_mono_ms);
		f = v->snapshot;
		f->refs++;
	}
	c->fresh = false;
	c->woken = false; /* the flush above may have woken c too, whose carrier is just asking */
	c->cursor = v->next;
	c->sent = f->commit;
	return f;
}

struct frame *view_next(struct view_client *c, int64_t now_ms, int64_t now_mono_ms, enum err *e)
{
	struct view *v = c->view;
	struct frame *f;

	*e = OK;
	c->woken = false;
	if (!v)
		return NULL;
	if (c->fresh || c->cursor < v->first)
		return first_frame(c, now_ms, now_mono_ms, e);
	if (c->cursor == v->next)
		return NULL;
	f = v->ring[c->cursor++ % VIEW_RING];
	if (f->from_n && f->from != c->sent)
		f = frame_from(v->all, f, c->sent);
	else
		f->refs++;
	c->sent = f->commit;
	return f;
}

bool view_waits(const struct view_client *c)
{
	return c->view && (c->fresh || c->cursor < c->view->next);
}

/* When the view's marks are due to be sent. */
static int64_t due(const struct view *v)
{
	int64_t gap = (int64_t)v->nclients / CLIENTS_PER_MS;

	if (gap > VIEW_GATHER_MS || !(v->fresh_items || v->feed_cut || v->sheet[SHEET_ALERTS].dirty))
		gap = VIEW_GATHER_MS;
	return v->last_mono_ms + gap;
}

int64_t views_run(struct views *vs, int64_t now_ms, int64_t now_mono_ms)
{
	int64_t again = now_mono_ms + VIEW_TICK_MS;
	struct view *v;

	for (size_t pos = 0; (v = map_next(&vs->by_scope, &pos));) {
		int64_t t = 0; /* set by due(); gcc with sanitizers does not see it */

		if (v->news && v->clients) { /* a tick passes nothing over: what is marked goes first */
			if (is_dirty(v))
				view_flush(v, now_ms, now_mono_ms);
			if (!is_dirty(v))
				view_tick(v, now_ms, now_mono_ms);
		}
		if (v->stale && v->clients && view_read(v) != OK)
			continue; /* the store is being opened again */
		if (is_dirty(v) && (t = due(v)) <= now_mono_ms)
			view_flush(v, now_ms, now_mono_ms);
		else if (is_dirty(v) && t < again)
			again = t;
		if (!v->clients)
			continue;
		if (now_mono_ms - v->last_any_mono_ms >= VIEW_TICK_MS)
			view_tick(v, now_ms, now_mono_ms);
		if (v->last_any_mono_ms + VIEW_TICK_MS < again)
			again = v->last_any_mono_ms + VIEW_TICK_MS;
	}
	make_room(vs, now_mono_ms, false);
	return again;
}
