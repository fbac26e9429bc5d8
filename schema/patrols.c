#include "schema/patrols.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/sql.h"

#define COLUMNS                                                                                    \
	"id, device, name, last, start_at, start_epoch, start_seq, person, actor, route, target, " \
	"end_at, end_epoch, end_seq, clear, tracks, t_day, t_area, t_level, t_route, t_river_level"

void patrols_clear(struct patrols *ps)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(&ps->map, &pos)))
		free(v);
	map_done(&ps->map);
	ps->dirty = NULL;
	ps->next_id = 0;
}

void patrols_done(struct patrols *ps)
{
	patrols_clear(ps);
	json_done(&ps->json);
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
	p->tracks = sqlite3_column_int64(q, 15);
	p->share.counts = sqlite3_column_type(q, 16) != SQLITE_NULL;
	p->share.day = sqlite3_column_int(q, 16);
	slice_copy(p->share.area, sizeof p->share.area, sql_col(q, 17));
	slice_copy(p->share.level, sizeof p->share.level, sql_col(q, 18));
	slice_copy(p->share.route, sizeof p->share.route, sql_col(q, 19));
	p->share.river = sqlite3_column_type(q, 20) != SQLITE_NULL;
	slice_copy(p->share.river_level, sizeof p->share.river_level, sql_col(q, 20));
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

enum err patrols_refold(struct patrols *ps, struct patrol *p)
{
	sqlite3_stmt *q = sql_get(ps->st,
		"SELECT raw, person, link, flags, subject FROM event WHERE \"commit\" = ?");
	struct event_fault fault;
	struct event ev;
	enum err e = OK;

	patrol_clear(p);
	patrols_touch(ps, p);
	for (int64_t at = p->last; at > 0 && e == OK;) {
		sql_int(q, 1, at);
		e = sql_row(q);
		if (e == OK && sqlite3_column_int64(q, 4) != p->id)
			e = ERR_CORRUPT;
		if (e == OK) {
			struct slice raw = sql_col(q, 0);
			bool voided = sqlite3_column_int64(q, 3) & 2;

			at = sqlite3_column_int64(q, 2);
			if (!voided) {
				(void)json_read(&ps->json, raw.p, raw.n); /* event_decode says */
				if (event_decode(&ps->json, 0, &ev, &fault) == EVENT_OK)
					patrol_add(p, &ev, slice_of(p->device), sql_col(q, 1));
				else
					e = ERR_CORRUPT; /* it was whole when it was stored */
			}
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static void bind_key(sqlite3_stmt *q, int i, const struct order_key *k)
{
	if (k->seq == 0)
		return; /* NULL */
	sql_int(q, i, k->at_ms);
	sql_str(q, i + 1, k->epoch);
	sql_int(q, i + 2, k->seq);
}

static enum err write_patrol(struct patrols *ps, const struct patrol *p, int64_t commit)
{
	sqlite3_stmt *q = p->is_new
		? sql_get(ps->st, "INSERT INTO patrol(last, start_at, start_epoch, start_seq, person, "
				  "actor, route, target, end_at, end_epoch, end_seq, clear, tracks, "
				  "t_day, t_area, t_level, t_route, t_river_level, \"commit\", id, "
				  "device, name) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
				  "?, ?, ?, ?, ?, ?)")
		: sql_get(ps->st, "UPDATE patrol SET last = ?, start_at = ?, start_epoch = ?, "
				  "start_seq = ?, person = ?, actor = ?, route = ?, target = ?, "
				  "end_at = ?, end_epoch = ?, end_seq = ?, clear = ?, tracks = ?, "
				  "t_day = ?, t_area = ?, t_level = ?, t_route = ?, t_river_level = ?, "
				  "\"commit\" = ? WHERE id = ?");

	sql_int(q, 1, p->last);
	bind_key(q, 2, &p->start);
	if (p->start.seq) {
		sql_str(q, 5, p->person);
		sql_str(q, 6, p->actor);
		sql_str(q, 7, p->route);
		sql_str(q, 8, p->target);
	}
	bind_key(q, 9, &p->end);
	if (p->end.seq)
		sql_int(q, 12, p->clear);
	sql_int(q, 13, p->tracks);
	if (p->share.counts) {
		sql_int(q, 14, p->share.day);
		sql_str(q, 15, p->share.area);
		sql_str(q, 16, p->share.level);
		sql_str(q, 17, p->share.route);
		if (p->share.river)
			sql_str(q, 18, p->share.river_level);
	}
	sql_int(q, 19, commit);
	sql_int(q, 20, p->id);
	if (p->is_new) {
		sql_str(q, 21, p->device);
		sql_str(q, 22, p->name);
	}
	return sql_run(q);
}

/* Puts what it now adds in the place of what it added. */
static enum err recount(struct patrol *p, struct registry *r, struct tallies *t, bool *moved)
{
	struct patrol_share now;
	enum err e = patrol_share(p, r, &now);

	if (e != OK || patrol_share_same(&now, &p->share))
		return e;
	tally_patrol(t, &p->share, -1);
	tally_patrol(t, &now, 1);
	p->share = now;
	if (moved)
		*moved = true;
	return OK;
}

enum err patrols_flush(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit)
{
	struct patrol *p;
	enum err e = OK;

	for (; e == OK && (p = ps->dirty); ps->dirty = p->next_dirty) {
		if ((e = recount(p, r, t, NULL)) == OK)
			e = write_patrol(ps, p, commit);
		p->dirty = p->is_new = false;
	}
	if (ps->map.n > PATROLS_CACHE) {
		int64_t next = ps->next_id;

		patrols_clear(ps);
		ps->next_id = next;
	}
	return e;
}

enum err patrols_reclass(struct patrols *ps, struct registry *r, struct tallies *t, int64_t commit)
{
	sqlite3_stmt *q;
	struct patrol p;
	enum err e = patrols_flush(ps, r, t, commit);
	int64_t after = 0;
	bool moved;

	patrols_clear(ps); /* below, the table is the truth */
	while (e == OK) {
		p = (struct patrol){0};
		q = sql_get(ps->st,
			"SELECT " COLUMNS " FROM patrol WHERE id > ? ORDER BY id LIMIT 1");
		sql_int(q, 1, after);
		if ((e = sql_row(q)) == OK)
			read_patrol(q, &p);
		sql_done(q);
		if (e != OK)
			break;
		after = p.id;
		moved = false;
		if ((e = recount(&p, r, t, &moved)) == OK && moved)
			e = write_patrol(ps, &p, commit);
	}
	return e == ERR_NOTFOUND ? OK : e;
}
