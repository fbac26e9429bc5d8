#include "server/model.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "core/area.h"
#include "core/civil.h"
#include "core/event.h"

/* ------------------------------------------------------------------ feed rows */

void item_ref(struct item *it)
{
	it->refs++;
}

void item_unref(struct item *it)
{
	if (it && --it->refs == 0)
		free(it);
}

static const struct {
	const char *code, *zh;
} words[] = {
	{"river", "河道"}, {"gully", "沟道"}, {"road", "公路沿线"}, {"grid", "网格"}, {"burning", "禁烧"},
};

static const char *word(const char *code)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].code, code) == 0)
			return words[i].zh;
	return code;
}

/* "张三 开始巡查 清水河上段：河道" */
static void sentence(const struct live_feed *f, struct buf *b)
{
	struct buf t = {0};
	const char *who = *f->person_name ? f->person_name : f->person;
	const char *where = *f->scope_name ? f->scope_name : f->scope;

	if (*who) {
		buf_adds(&t, who);
		buf_addc(&t, ' ');
	}
	buf_adds(&t, event_kind_zh((enum event_kind)f->kind));
	if (*where) {
		buf_addc(&t, ' ');
		buf_adds(&t, where);
	}
	if (*f->title) {
		buf_adds(&t, "：");
		buf_adds(&t, word(f->title));
	}
	buf_json(b, t.p, t.n);
	buf_done(&t);
}

struct item *item_new(const struct live_feed *f)
{
	struct buf b = {0};
	struct item *it;

	buf_addf(&b, "{\"commit\":%lld,\"kind\":", (long long)f->commit);
	buf_json_str(&b, event_kind_name((enum event_kind)f->kind));
	buf_adds(&b, ",\"person\":");
	buf_json_str(&b, f->person);
	buf_adds(&b, ",\"name\":");
	buf_json_str(&b, f->person_name);
	buf_adds(&b, ",\"scope\":");
	buf_json_str(&b, f->scope);
	buf_adds(&b, ",\"place\":");
	buf_json_str(&b, f->scope_name);
	buf_addf(&b, ",\"at\":%lld,\"text\":", (long long)f->at_ms);
	sentence(f, &b);
	buf_addc(&b, '}');
	it = xcalloc(1, sizeof *it + b.n);
	it->refs = 1;
	it->commit = f->commit;
	(void)snprintf(it->area, sizeof it->area, "%s", f->area); /* an area code */
	it->n = b.n;
	memcpy(it->json, b.p, b.n);
	buf_done(&b);
	return it;
}

/* ------------------------------------------------------------------ tallies */

static struct node *node_get(struct model *m, const char *code, size_t n)
{
	struct node *nd = map_get(&m->nodes, code, n);

	if (!nd) {
		nd = xcalloc(1, sizeof *nd);
		memcpy(nd->code, code, n);
		nd->due = -1;
		map_put(&m->nodes, code, n, nd);
	}
	return nd;
}

/* Adds to the counts of the place and of all above it: patrols of today, open cases, what is due today. */
static void add_counts(struct model *m, const char *area, struct node diff)
{
	static const size_t digits[] = {AREA_DISTRICT, AREA_TOWN, AREA_COMMUNITY, AREA_GRID};
	size_t n = strlen(area);

	if (area_level(slice_of(area)) == AREA_NONE)
		return;
	for (size_t i = 0; i < ARRAY_LEN(digits) && digits[i] <= n; i++) {
		struct node *nd = node_get(m, area, digits[i]);

		nd->patrols += diff.patrols;
		nd->open += diff.open;
		if (diff.due)
			nd->due = (nd->due < 0 ? 0 : nd->due) + diff.due;
		if (diff.commit > nd->commit)
			nd->commit = diff.commit;
		if (m->tell.node)
			m->tell.node(m->tell.ctx, nd);
	}
}

static struct cell *cell_get(struct model *m, const struct live_tally *t)
{
	char key[MODEL_CELL_KEY];
	int n = snprintf(key, sizeof key, "%s\t%s\t%s\t%s", t->figure, t->level, t->category, t->area);
	struct cell *c;
	char *p;

	if (n < 0 || n >= (int)sizeof key)
		return NULL; /* no writer of ours makes such */
	c = map_get(&m->cells, key, (size_t)n);
	if (c)
		return c;
	c = xcalloc(1, sizeof *c + (size_t)n + 1);
	p = (char *)(c + 1);
	memcpy(p, key, (size_t)n + 1);
	c->figure = p;
	*(p = strchr(p, '\t')) = '\0';
	c->level = ++p;
	*(p = strchr(p, '\t')) = '\0';
	c->category = ++p;
	*(p = strchr(p, '\t')) = '\0';
	c->area = ++p;
	map_put(&m->cells, key, (size_t)n, c);
	return c;
}

static void set_cell(struct model *m, struct cell *c, int span, int64_t n, int64_t commit)
{
	int64_t diff[SPANS] = {0};

	diff[span] = n - c->n[span];
	c->n[span] = n;
	if (commit > c->commit)
		c->commit = commit;
	if (m->tell.cell)
		m->tell.cell(m->tell.ctx, c, diff);
	if (span == SPAN_DAY && diff[span] && strcmp(c->figure, "patrols") == 0)
		add_counts(m, c->area, (struct node){.patrols = diff[span], .commit = commit});
}

/* Sums in units of their own (metres, seconds, fen, thousandths) are no counts: for the reports. */
static bool is_sum(const char *figure)
{
	static const char *const sums[] = {"patrol_m", "patrol_s", "works", "aid"};

	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		if (strcmp(figure, sums[i]) == 0)
			return true;
	return false;
}

static void take_tally(void *ctx, const struct live_tally *t)
{
	struct model *m = ctx;
	struct cell *c = is_sum(t->figure) ? NULL : cell_get(m, t);

	for (int i = 0; c && i < SPANS; i++)
		if (m->span[i] == t->span)
			set_cell(m, c, i, t->n, t->commit);
}

/* ------------------------------------------------------------------ devices */

static void unit_free(struct unit *u)
{
	if (!u)
		return;
	free(u->id);
	free(u->person);
	free(u->name);
	free(u->area);
	free(u);
}

struct device_load {
	struct model *m;
	struct map seen; /* all that were named, in a full load */
	bool full;
};

static void take_device(void *ctx, const struct live_device *d)
{
	struct device_load *l = ctx;
	struct model *m = l->m;
	size_t n = strlen(d->device);
	struct unit *u;

	if (d->revoked) {
		if ((u = map_take(&m->units, d->device, n))) {
			if (m->tell.unit)
				m->tell.unit(m->tell.ctx, u->id, NULL);
			unit_free(u);
		}
		return;
	}
	u = xcalloc(1, sizeof *u);
	u->id = xstrdup(d->device);
	u->person = xstrdup(d->person);
	u->name = xstrdup(d->person_name);
	u->area = xstrdup(d->area);
	u->online = d->online;
	u->has_loc = d->has_loc;
	u->seen_ms = d->seen_ms;
	u->queue = d->queue;
	u->missing = d->missing;
	u->battery = d->battery;
	u->lat_e7 = d->lat_e7;
	u->lon_e7 = d->lon_e7;
	unit_free(map_put(&m->units, u->id, n, u));
	if (l->full)
		map_put(&l->seen, u->id, n, l);
	if (m->tell.unit)
		m->tell.unit(m->tell.ctx, u->id, u);
}

/* Devices that a full load did not name are gone. */
static void drop_unseen(struct device_load *l)
{
	struct model *m = l->m;
	struct unit **gone = xcalloc(m->units.n + 1, sizeof *gone), *u;
	size_t n = 0;

	for (size_t pos = 0; (u = map_next(&m->units, &pos));)
		if (!map_get(&l->seen, u->id, strlen(u->id)))
			gone[n++] = u;
	while (n) {
		u = gone[--n];
		map_take(&m->units, u->id, strlen(u->id));
		if (m->tell.unit)
			m->tell.unit(m->tell.ctx, u->id, NULL);
		unit_free(u);
	}
	free(gone);
}

/* ------------------------------------------------------------------ alerts, cases, overdue */

/* Takes r, the row as it is now (NULL: there is none). */
static void set_row(struct model *m, enum sheet sheet, const char *key, struct row *r)
{
	size_t n = strlen(key);
	struct row *old = map_get(&m->sheet[sheet], key, n);

	if (r)
		r->seen = m->load;
	if (old && r && old->hash == r->hash && strcmp(old->area, r->area) == 0) {
		old->seen = m->load;
		free(r);
		return;
	}
	if (!old && !r)
		return;
	if (old && r && strcmp(old->area, r->area) != 0)
		m->moved_rev = INT64_MAX; /* until the refresh knows its number */
	if (sheet == SHEET_CASES && old)
		add_counts(m, old->area, (struct node){.open = -1});
	if (sheet == SHEET_CASES && r)
		add_counts(m, r->area, (struct node){.open = 1});
	if (r)
		(void)map_put(&m->sheet[sheet], key, n, r); /* old is freed below */
	else
		(void)map_take(&m->sheet[sheet], key, n);
	if (m->tell.row)
		m->tell.row(m->tell.ctx, sheet, key);
	free(old);
}

static void take_alert(void *ctx, const struct live_alert *a)
{
	set_row(ctx, SHEET_ALERTS, a->id, row_of_alert(a));
}

static void take_case(void *ctx, const struct live_case *c)
{
	set_row(ctx, SHEET_CASES, c->id, row_of_case(c));
}

static void take_overdue(void *ctx, const struct live_overdue *o)
{
	struct model *m = ctx;
	char *key = row_overdue_key(o);

	set_row(m, SHEET_OVERDUE, key, row_of_overdue(o, m->day));
	free(key);
}

/* Rows that a read of all did not name are gone. */
static void drop_unread(struct model *m)
{
	for (int s = 0; s < SHEETS; s++) {
		struct row **gone = xcalloc(m->sheet[s].n + 1, sizeof *gone), *r;
		size_t n = 0;

		for (size_t pos = 0; (r = map_next(&m->sheet[s], &pos));)
			if (r->seen != m->load)
				gone[n++] = r;
		while (n) {
			char *key = xstrdup(gone[--n]->key); /* the row goes first */

			set_row(m, (enum sheet)s, key, NULL);
			free(key);
		}
		free(gone);
	}
}

/* ------------------------------------------------------------------ what is due today */

struct owed { /* by one duty that ends today */
	struct due_cell *cell;
	int64_t n;
};

static struct due_cell *due_get(struct model *m, const struct live_duty *d)
{
	struct due_cell key, *c;

	memset(&key, 0, sizeof key); /* padding is part of the key */
	slice_copy(key.area, sizeof key.area, slice_of(d->area));
	slice_copy(key.level, sizeof key.level, slice_of(d->level));
	key.chief = strcmp(d->role, "chief") == 0;
	c = map_get(&m->dues, &key, offsetof(struct due_cell, n));
	if (c)
		return c;
	c = xcalloc(1, sizeof *c);
	memcpy(c, &key, sizeof key);
	map_put(&m->dues, &key, offsetof(struct due_cell, n), c);
	return c;
}

static void add_due(struct model *m, struct due_cell *c, int64_t diff)
{
	if (!diff)
		return;
	c->n += diff;
	if (m->tell.due)
		m->tell.due(m->tell.ctx, c, diff);
	add_counts(m, c->area, (struct node){.due = diff});
}

static void take_duty(void *ctx, const struct live_duty *d)
{
	struct model *m = ctx;
	int64_t n = d->last == m->day ? d->need : 0;
	struct owed *o;
	char *key = xasprintf("%s\t%s\t%s\t%s\t%s", d->person, d->rule, d->target, d->level, d->role);

	if ((o = map_take(&m->duties, key, strlen(key))))
		add_due(m, o->cell, -o->n);
	if (n > 0) {
		if (!o)
			o = xcalloc(1, sizeof *o);
		*o = (struct owed){due_get(m, d), n};
		add_due(m, o->cell, n);
		map_put(&m->duties, key, strlen(key), o);
		o = NULL;
	}
	free(o);
	free(key);
}

static void drop_duties(struct model *m)
{
	struct owed *o;

	for (size_t pos = 0; (o = map_next(&m->duties, &pos));) {
		add_due(m, o->cell, -o->n);
		free(o);
	}
	map_done(&m->duties);
}

/* ------------------------------------------------------------------ refresh */

struct feed_load {
	struct item *item[MODEL_FEED_BATCH];
	int n;
};

static void take_item(void *ctx, const struct live_feed *f)
{
	struct feed_load *l = ctx;

	if (l->n < MODEL_FEED_BATCH)
		l->item[l->n++] = item_new(f);
}

static void clear_map(struct map *m)
{
	void *v;

	for (size_t pos = 0; (v = map_next(m, &pos));)
		free(v);
	map_done(m);
}

static void clear_units(struct model *m)
{
	struct unit *u;

	for (size_t pos = 0; (u = map_next(&m->units, &pos));)
		unit_free(u);
	map_done(&m->units);
}

void model_init(struct model *m, const struct model_observer *tell)
{
	*m = (struct model){0};
	if (tell)
		m->tell = *tell;
	m->day = INT32_MIN;
}

static void clear_all(struct model *m)
{
	clear_map(&m->cells);
	clear_map(&m->nodes);
	clear_map(&m->duties);
	clear_map(&m->dues);
	for (int s = 0; s < SHEETS; s++)
		clear_map(&m->sheet[s]);
	clear_units(m);
}

void model_done(struct model *m)
{
	clear_all(m);
}

/* A new day: counts of the spans that ended are 0 until they are read anew. */
static void roll_over(struct model *m, int32_t day)
{
	int32_t old[SPANS];
	int32_t ymd = civil_yyyymmdd(day);
	struct cell *c;

	memcpy(old, m->span, sizeof old);
	m->day = day;
	m->span[SPAN_DAY] = ymd;
	m->span[SPAN_MONTH] = ymd / 100;
	m->span[SPAN_YEAR] = ymd / 10000;
	for (size_t pos = 0; (c = map_next(&m->cells, &pos));)
		for (int i = 0; i < SPANS; i++)
			if (m->span[i] != old[i])
				set_cell(m, c, i, 0, 0);
}

/* Alerts and duties have a rev: the clock, too, changes them.  All of them when the day is another (how long
 * something is overdue), or names may be others. */
static enum err read_rows(struct model *m, bool full)
{
	int64_t rev = full ? 0 : m->head.rev;
	enum err e;

	if (full) {
		m->load++;
		drop_duties(m);
	}
	e = live_alerts(m->st, rev, take_alert, m);
	if (e == OK)
		e = live_cases(m->st, full ? 0 : m->head.commit, take_case, m);
	if (e == OK)
		e = live_overdue(m->st, rev, take_overdue, m);
	if (e == OK)
		e = live_duties(m->st, rev, m->day, take_duty, m);
	if (e == OK && full)
		drop_unread(m);
	return e;
}

static enum err read_all(struct model *m, int64_t after, struct head *head, int64_t *registry,
	bool first, struct feed_load *feed)
{
	struct device_load dev = {.m = m};
	enum err e;

	if ((e = store_head(m->st, head)) != OK || (e = live_registry_commit(m->st, registry)) != OK)
		return e;
	if (!first && strcmp(head->db, m->head.db) != 0)
		return ERR_STALE;
	if ((e = live_tallies(m->st, after, m->span, take_tally, m)) != OK)
		return e;
	dev.full = first || *registry != m->registry;
	if ((e = live_devices(m->st, dev.full ? 0 : m->head.rev, take_device, &dev)) == OK && dev.full)
		drop_unseen(&dev);
	map_done(&dev.seen);
	if (e == OK)
		e = read_rows(m, after == 0 || dev.full);
	if (m->moved_rev == INT64_MAX)
		m->moved_rev = head->rev;
	if (e == OK && !first && head->commit > m->head.commit)
		e = live_feed(m->st, m->head.commit, MODEL_FEED_BATCH, take_item, feed);
	return e;
}

static void tell_feed(struct model *m, struct feed_load *feed)
{
	if (feed->n == MODEL_FEED_BATCH && m->tell.feed_cut)
		m->tell.feed_cut(m->tell.ctx, m->head.commit);
	for (int i = 0; i < feed->n; i++) {
		if (feed->n < MODEL_FEED_BATCH && m->tell.item)
			m->tell.item(m->tell.ctx, feed->item[i]);
		item_unref(feed->item[i]);
	}
}

static void forget(struct model *m)
{
	clear_all(m);
	m->moved_rev = 0;
	m->head = (struct head){{0}, 0, 0, 0};
	m->registry = 0;
	m->day = INT32_MIN;
	memset(m->span, 0, sizeof m->span);
	if (m->tell.reset)
		m->tell.reset(m->tell.ctx);
}

enum err model_refresh(struct model *m, int64_t now_ms, bool *registry_changed)
{
	int32_t day = civil_day(now_ms);
	bool rolled = day != m->day, first = !m->head.db[0];
	struct feed_load *feed;
	int64_t registry = 0, before = m->head.commit;
	struct head head = {{0}, 0, 0, 0};
	enum err e;

	*registry_changed = false;
	if (!m->st)
		return ERR_CLOSED;
	if (!rolled && !first) {
		if ((e = store_head(m->st, &head)) != OK)
			return e;
		if (head.rev == m->head.rev && strcmp(head.db, m->head.db) == 0)
			return OK;
	}
	if (rolled)
		roll_over(m, day);
	if ((e = live_begin(m->st)) != OK)
		return e;
	feed = xcalloc(1, sizeof *feed);
	e = read_all(m, rolled || first ? 0 : before, &head, &registry, first, feed);
	live_end(m->st);
	if (e == ERR_STALE) { /* a restored database: start over */
		free(feed);
		forget(m);
		return model_refresh(m, now_ms, registry_changed);
	}
	if (e == OK) {
		bool places = first || registry != m->registry;

		tell_feed(m, feed);
		m->head = head;
		m->registry = registry;
		*registry_changed = places;
		if (places && m->tell.places)
			m->tell.places(m->tell.ctx);
	} else {
		for (int i = 0; i < feed->n; i++)
			item_unref(feed->item[i]);
		if (rolled)
			m->day = INT32_MIN; /* read all counts again */
	}
	free(feed);
	return e;
}

const struct node *model_node(const struct model *m, const char *code)
{
	return map_get(&m->nodes, code, strlen(code));
}

const struct row *model_row(const struct model *m, enum sheet sheet, const char *key)
{
	return map_get(&m->sheet[sheet], key, strlen(key));
}

const struct unit *model_unit(const struct model *m, const char *id)
{
	return map_get(&m->units, id, strlen(id));
}
