#include "server/view_parts.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ rows */

static void number_or_null(struct buf *b, const char *key, int64_t v)
{
	buf_json_key(b, key);
	if (v < 0)
		buf_adds(b, "null");
	else
		buf_int(b, v);
}

static void figure_row(struct buf *b, const struct figure *f)
{
	buf_json_sep(b);
	buf_adds(b, "{\"id\":");
	buf_json_str(b, f->id);
	buf_adds(b, ",\"level\":");
	buf_json_str(b, f->level);
	buf_adds(b, ",\"category\":");
	buf_json_str(b, f->category);
	buf_addf(b, ",\"today\":%lld,\"month\":%lld,\"year\":%lld", (long long)f->n[SPAN_DAY],
		(long long)f->n[SPAN_MONTH], (long long)f->n[SPAN_YEAR]);
	number_or_null(b, "due_today", f->due);
	buf_addc(b, '}');
}

struct node viewrows_counts(const struct view *v, const struct place *p)
{
	const struct node *nd = model_node(v->all->model, p->code);

	return nd ? *nd : (struct node){.due = -1};
}

static void place_row(struct buf *b, const struct place *p, const struct node *counts)
{
	buf_json_sep(b);
	buf_addf(b, "{\"code\":\"%s\",\"name\":", p->code);
	buf_json_str(b, p->name);
	buf_addf(b, ",\"patrols_today\":%lld", (long long)counts->patrols);
	number_or_null(b, "due_today", counts->due);
	buf_addf(b, ",\"open_cases\":%lld}", (long long)counts->open);
}

void viewrows_unit(struct buf *b, const struct unit *u)
{
	buf_json_sep(b);
	buf_adds(b, "{\"device\":");
	buf_json_str(b, u->id);
	buf_adds(b, ",\"person\":");
	buf_json_str(b, u->person);
	buf_adds(b, ",\"name\":");
	buf_json_str(b, u->name);
	buf_addf(b, ",\"online\":%s", u->online ? "true" : "false");
	number_or_null(b, "seen", u->seen_ms > 0 ? u->seen_ms : -1);
	number_or_null(b, "queue", u->queue);
	number_or_null(b, "missing", u->missing);
	number_or_null(b, "battery", u->battery);
	if (u->has_loc)
		buf_addf(b, ",\"loc\":[%.7f,%.7f]}", u->lon_e7 / 1e7, u->lat_e7 / 1e7);
	else
		buf_adds(b, ",\"loc\":null}");
}

/* ------------------------------------------------------------------ what changed since it was sent */

void viewrows_begin(struct buf *b, const char *key)
{
	buf_json_key(b, key);
	buf_addc(b, '[');
}

/* Adds the rows that are others than what was sent; takes the marks off. */
bool viewrows_delta_figures(struct view *v, struct buf *b)
{
	bool any = false;

	for (struct figure *f; (f = v->dirty_figures);) {
		v->dirty_figures = f->dirty_next;
		f->dirty = false;
		if (f->shown && f->due == f->due_sent && memcmp(f->n, f->sent, sizeof f->n) == 0)
			continue;
		if (!any)
			viewrows_begin(b, "figures");
		any = true;
		f->shown = true;
		f->due_sent = f->due;
		memcpy(f->sent, f->n, sizeof f->n);
		figure_row(b, f);
	}
	if (any)
		buf_addc(b, ']');
	return any;
}

void viewrows_place(const struct view *v, size_t i, struct buf *b)
{
	struct node counts = viewrows_counts(v, &v->places[i]);

	place_row(b, &v->places[i], &counts);
}

bool viewrows_delta_places(struct view *v, struct buf *b)
{
	bool any = false;

	for (struct place *p; (p = v->dirty_places);) {
		struct node n = viewrows_counts(v, p);

		v->dirty_places = p->dirty_next;
		p->dirty = false;
		if (n.patrols == p->sent.patrols && n.open == p->sent.open && n.due == p->sent.due)
			continue;
		if (!any)
			viewrows_begin(b, "areas");
		any = true;
		p->sent = n;
		place_row(b, p, &n);
	}
	if (any)
		buf_addc(b, ']');
	return any;
}

static bool device_delta(struct view *v, struct device_row *d, struct buf *b)
{
	const struct unit *u = model_unit(v->all->model, d->id);
	struct buf row = {0};
	uint64_t h;

	if (!u || !view_sees(v, u->area)) {
		if (!d->shown)
			return false;
		d->shown = false;
		buf_json_sep(b);
		buf_adds(b, "{\"device\":");
		buf_json_str(b, d->id);
		buf_adds(b, ",\"gone\":true}");
		return true;
	}
	viewrows_unit(&row, u);
	h = map_hash(row.p, row.n);
	if (d->shown && d->sent == h) {
		buf_done(&row);
		return false;
	}
	d->shown = true;
	d->sent = h;
	buf_json_sep(b);
	buf_add(b, row.p, row.n);
	buf_done(&row);
	return true;
}

bool viewrows_delta_devices(struct view *v, struct buf *b)
{
	struct buf rows = {0};
	bool any = false;

	buf_addc(&rows, '[');
	for (struct device_row *d; (d = v->dirty_devices);) {
		v->dirty_devices = d->dirty_next;
		d->dirty = false;
		any |= device_delta(v, d, &rows);
	}
	if (any) {
		buf_json_key(b, "devices");
		buf_add(b, rows.p, rows.n);
		buf_addc(b, ']');
	}
	buf_done(&rows);
	return any;
}

void viewrows_feed(const struct view *v, int from, int to, struct buf *b)
{
	viewrows_begin(b, "feed");
	for (int i = from; i < to; i++) {
		buf_json_sep(b);
		buf_add(b, v->feed[i]->json, v->feed[i]->n);
	}
	buf_addc(b, ']');
}

/* ------------------------------------------------------------------ all of them */

static int by_code(const void *a, const void *b)
{
	const struct figure *x = *(struct figure *const *)a, *y = *(struct figure *const *)b;
	int d = strcmp(x->id, y->id);

	if (!d)
		d = strcmp(x->level, y->level);
	return d ? d : strcmp(x->category, y->category);
}

/* Figures changed after commit `after`, and all that are owed when due is set, in a steady order. */
void viewrows_all_figures(struct view *v, int64_t after, bool due, struct buf *b)
{
	struct figure **list = xcalloc(v->figures.n + 1, sizeof *list), *f;
	size_t n = 0;

	for (size_t pos = 0; (f = map_next(&v->figures, &pos));)
		if (f->commit > after || after == 0 || (due && f->due >= 0))
			list[n++] = f;
	qsort(list, n, sizeof *list, by_code);
	for (size_t i = 0; i < n; i++) {
		figure_row(b, list[i]);
		list[i]->shown = true;
		list[i]->due_sent = list[i]->due;
		memcpy(list[i]->sent, list[i]->n, sizeof list[i]->n);
	}
	free(list);
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(struct unit *const *)a)->id, (*(struct unit *const *)b)->id);
}

bool viewrows_all_devices(struct view *v, struct buf *b)
{
	struct unit **list = xcalloc(v->devices.n + 1, sizeof *list), *u;
	struct device_row *d;
	size_t n = 0, i;

	for (size_t pos = 0; (d = map_next(&v->devices, &pos));)
		if ((u = map_get(&v->all->model->units, d->id, strlen(d->id))) && view_sees(v, u->area))
			list[n++] = u;
	qsort(list, n, sizeof *list, by_id);
	for (i = 0; i < n && i < VIEW_DEVICES; i++)
		viewrows_unit(b, list[i]);
	free(list);
	return n > VIEW_DEVICES;
}
