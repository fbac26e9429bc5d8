#include "server/view_parts.h"

#include <stdlib.h>

#include "core/civil.h"
#include "schema/ledger.h"

struct resume {
	struct view *v;
	struct buf rows;
	struct buf sheet[SHEETS];
	struct map touched; /* places whose counts may be others */
	bool due;           /* what is owed may be another */
};

static void resume_device(void *ctx, const struct live_device *d)
{
	struct resume *r = ctx;
	const struct unit *u = model_unit(r->v->all->model, d->device);

	if (u && !d->revoked && view_sees(r->v, u->area)) {
		viewrows_unit(&r->rows, u);
	} else if (d->revoked && view_sees(r->v, d->area)) {
		buf_json_sep(&r->rows);
		buf_adds(&r->rows, "{\"device\":");
		buf_json_str(&r->rows, d->device);
		buf_adds(&r->rows, ",\"gone\":true}");
	}
}

static void touch_place(struct resume *r, const char *area)
{
	static const size_t digits[] = {AREA_TOWN, AREA_COMMUNITY, AREA_GRID};
	size_t n = strlen(area);

	for (size_t i = 0; i < ARRAY_LEN(digits) && digits[i] <= n; i++)
		(void)map_put(&r->touched, area, digits[i], r); /* a set */
}

/* The model's row; what is not there any more is told to those who could see it. */
static void resume_row(struct resume *r, enum sheet sheet, const char *key, bool visible)
{
	const struct row *row = model_row(r->v->all->model, sheet, key);

	if (row && row_in_scope(row, r->v->scope))
		row_add(&r->sheet[sheet], row);
	else if (!row && visible)
		row_add_gone(&r->sheet[sheet], sheet, key);
}

static void resume_alert(void *ctx, const struct live_alert *a)
{
	struct resume *r = ctx;

	resume_row(r, SHEET_ALERTS, a->id, row_alert_everywhere(a) || view_sees(r->v, a->area));
}

static void resume_case(void *ctx, const struct live_case *c)
{
	struct resume *r = ctx;

	resume_row(r, SHEET_CASES, c->id, view_sees(r->v, c->area));
	touch_place(r, c->area);
}

static void resume_overdue(void *ctx, const struct live_overdue *o)
{
	char *key = row_overdue_key(o);

	resume_row(ctx, SHEET_OVERDUE, key, view_sees(((struct resume *)ctx)->v, o->area));
	free(key);
}

static void resume_duty(void *ctx, const struct live_duty *d)
{
	struct resume *r = ctx;

	touch_place(r, d->area);
	r->due = true;
}

/* Everything that has a rev, or is gone, and so cannot be told from the model. */
static enum err read_resume(struct resume *r, int64_t since, int64_t rev)
{
	struct store *st = r->v->all->model->st;
	enum err e = live_devices(st, rev, resume_device, r);

	if (e == OK)
		e = live_alerts(st, rev, resume_alert, r);
	if (e == OK)
		e = live_cases(st, since, resume_case, r);
	if (e == OK)
		e = live_overdue(st, rev, resume_overdue, r);
	if (e == OK)
		e = live_duties(st, rev, 0, resume_duty, r);
	return e;
}

/* Can a client that has commit `since` go on with a delta?  Not when places or accounts changed
 * since, when a row went to another place, when a day began since (rows change without a commit
 * then), when more rows are known than shown, or when it is too far back. */
bool resume_can(struct view *v, int64_t since, int64_t now_ms, int64_t *rev)
{
	struct model *m = v->all->model;
	int64_t ms, moved;

	if (since <= 0 || since > m->head.commit || m->head.commit - since > VIEW_RESUME_COMMITS ||
		m->registry > since)
		return false;
	for (int i = 0; i < SHEETS; i++)
		if (v->sheet[i].cut)
			return false;
	if (live_rev_of(m->st, since, rev) != OK || *rev == 0 || *rev < m->moved_rev)
		return false;
	if (live_moved(m->st, &moved) != OK || since < moved)
		return false;
	return ledger_commit_time(m->st, since, &ms) == OK && civil_day(ms) == m->day &&
		civil_day(now_ms) == m->day;
}

/* Closes an array; one without rows is taken back with its key: a delta tells what changed. */
static void end_array(struct buf *b, size_t before)
{
	if (b->p[b->n - 1] != '[') {
		buf_addc(b, ']');
		return;
	}
	b->n = before;
	b->p[before] = '\0';
}

static void add_array(struct buf *b, const char *key, const struct buf *rows)
{
	size_t before = b->n;

	buf_json_key(b, key);
	buf_add(b, rows->p, rows->n);
	end_array(b, before);
}

static void resume_places(const struct resume *r, int64_t since, struct buf *b)
{
	const struct view *v = r->v;
	size_t before = b->n;

	viewrows_begin(b, "areas");
	for (size_t i = 0; i < v->nplaces; i++) {
		const char *code = v->places[i].code;
		const struct node *nd = model_node(v->all->model, code);

		if ((nd && nd->commit > since) || map_get(&r->touched, code, strlen(code)))
			viewrows_place(v, i, b);
	}
	end_array(b, before);
}

struct frame *resume_frame(struct view *v, int64_t since, int64_t rev, int64_t now_ms)
{
	struct model *m = v->all->model;
	struct resume r = {.v = v};
	struct buf b = {0};
	struct frame *f = NULL;
	size_t before;
	uint32_t at, n;
	int items = 0;

	buf_addc(&r.rows, '[');
	for (int i = 0; i < SHEETS; i++)
		buf_addc(&r.sheet[i], '[');
	if (read_resume(&r, since, rev) != OK)
		goto out;
	at = view_delta_head(&b, since, m->head.commit, now_ms, &n);
	view_add_source(v->all, &b);
	before = b.n;
	viewrows_begin(&b, "figures");
	viewrows_all_figures(v, since, r.due, &b);
	end_array(&b, before);
	resume_places(&r, since, &b);
	for (int i = 0; i < SHEETS; i++)
		add_array(&b, sheet_names[i], &r.sheet[i]);
	add_array(&b, "devices", &r.rows);
	while (items < v->nfeed && items < VIEW_FEED && v->feed[v->nfeed - 1 - items]->commit > since)
		items++;
	if (items)
		viewrows_feed(v, v->nfeed - items, v->nfeed, &b);
	buf_addc(&b, '}');
	f = frame_new(v->all, &b, since, m->head.commit);
	f->from_at = at;
	f->from_n = n;
	v->all->resumes++;
out:
	for (int i = 0; i < SHEETS; i++)
		buf_done(&r.sheet[i]);
	map_done(&r.touched);
	buf_done(&r.rows);
	buf_done(&b);
	return f;
}
