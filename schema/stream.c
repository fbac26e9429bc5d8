#include "schema/stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/sql.h"

static void stream_free(struct stream *t)
{
	window_done(&t->window);
	free(t);
}

void streams_clear(struct streams *s)
{
	size_t pos = 0;
	struct stream *t;

	while ((t = map_next(&s->map, &pos)))
		stream_free(t);
	map_done(&s->map);
	free(s->dirty);
	*s = (struct streams){.st = s->st};
}

static struct slice key_of(struct slice device, struct slice epoch, char room[EVENT_DEVICE_MAX + EVENT_EPOCH_MAX + 2])
{
	memcpy(room, device.p, device.n);
	room[device.n] = ' ';
	memcpy(room + device.n + 1, epoch.p, epoch.n);
	return (struct slice){room, device.n + epoch.n + 1};
}

static enum err load(struct streams *s, struct stream *t, struct slice device, struct slice epoch)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT id, top, absent, last, chunk_n, chunk_lo, chunk_hi, "
					 "answers FROM stream WHERE device = ? AND epoch = ?");
	enum err e;

	sql_text(q, 1, device);
	sql_text(q, 2, epoch);
	if ((e = sql_row(q)) == OK) {
		t->id = sqlite3_column_int64(q, 0);
		if (!window_parse(&t->window, sqlite3_column_int64(q, 1), sql_col(q, 2)))
			e = ERR_CORRUPT;
		t->last = sqlite3_column_int64(q, 3);
		t->chunk_n = sqlite3_column_int64(q, 4);
		t->chunk_lo = sqlite3_column_int64(q, 5);
		t->chunk_hi = sqlite3_column_int64(q, 6);
		t->answers = sqlite3_column_int64(q, 7);
	}
	sql_done(q);
	return e;
}

/* Its row is there from the beginning: held events of the same batch are found through it. */
static enum err make_row(struct streams *s, struct stream *t)
{
	sqlite3_stmt *q = sql_get(s->st, "INSERT INTO stream(device, epoch, top, absent, last, chunk_n, "
					 "chunk_lo, chunk_hi, answers) VALUES(?, ?, 0, '', 0, 0, 0, 0, 0)");
	enum err e;

	sql_str(q, 1, t->device);
	sql_str(q, 2, t->epoch);
	if ((e = sql_run(q)) == OK)
		t->id = sqlite3_last_insert_rowid(sql_db(s->st));
	return e;
}

void streams_touch(struct streams *s, struct stream *t)
{
	if (t->dirty)
		return;
	if (s->ndirty == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->dirty = xrealloc(s->dirty, s->cap * sizeof(struct stream *));
	}
	s->dirty[s->ndirty++] = t;
	t->dirty = true;
}

struct stream *streams_get(
	struct streams *s, struct slice device, struct slice epoch, bool make, enum err *e)
{
	char room[EVENT_DEVICE_MAX + EVENT_EPOCH_MAX + 2];
	struct slice key = key_of(device, epoch, room);
	struct stream *t = map_get(&s->map, key.p, key.n);

	*e = OK;
	if (t)
		return t;
	t = xcalloc(1, sizeof *t);
	slice_copy(t->device, sizeof t->device, device);
	slice_copy(t->epoch, sizeof t->epoch, epoch);
	*e = load(s, t, device, epoch);
	if (*e == ERR_NOTFOUND) {
		*e = OK;
		if (make && (*e = make_row(s, t)) == OK) {
			t->is_new = true;
			streams_touch(s, t);
		} else {
			stream_free(t);
			return NULL;
		}
	}
	if (*e != OK) {
		stream_free(t);
		return NULL;
	}
	(void)map_put(&s->map, key.p, key.n, t); /* was not there */
	return t;
}

static enum err write_stream(struct streams *s, const struct stream *t, struct buf *absent)
{
	sqlite3_stmt *q = sql_get(s->st, "UPDATE stream SET top = ?, absent = ?, last = ?, chunk_n = ?, "
					 "chunk_lo = ?, chunk_hi = ?, answers = ? WHERE id = ?");

	buf_clear(absent);
	window_text(&t->window, absent);
	sql_int(q, 1, t->window.top);
	sql_text(q, 2, buf_slice(absent));
	sql_int(q, 3, t->last);
	sql_int(q, 4, t->chunk_n);
	sql_int(q, 5, t->chunk_lo);
	sql_int(q, 6, t->chunk_hi);
	sql_int(q, 7, t->answers);
	sql_int(q, 8, t->id);
	return sql_run(q);
}

enum err streams_flush(struct streams *s)
{
	struct buf absent = {0};
	enum err e = OK;

	for (size_t i = 0; i < s->ndirty && e == OK; i++) {
		struct stream *t = s->dirty[i];

		e = write_stream(s, t, &absent);
		t->is_new = false;
		t->dirty = false;
	}
	s->ndirty = 0;
	buf_done(&absent);
	return e;
}

enum err stream_append(struct streams *s, struct stream *t, int64_t commit, int64_t seq, int64_t *prev)
{
	sqlite3_stmt *q;

	*prev = t->last ? commit - t->last : 0;
	t->last = commit;
	if (t->chunk_n == 0 || seq < t->chunk_lo)
		t->chunk_lo = seq;
	if (t->chunk_n == 0 || seq > t->chunk_hi)
		t->chunk_hi = seq;
	t->chunk_n++;
	streams_touch(s, t);
	if (t->chunk_n < STREAM_CHUNK)
		return OK;
	q = sql_get(s->st, "INSERT INTO chunk(stream, last, n, lo, hi) VALUES(?, ?, ?, ?, ?)");
	sql_int(q, 1, t->id);
	sql_int(q, 2, commit);
	sql_int(q, 3, t->chunk_n);
	sql_int(q, 4, t->chunk_lo);
	sql_int(q, 5, t->chunk_hi);
	t->chunk_n = 0;
	return sql_run(q);
}

/* Walks n events back from `from` and remembers them. */
static enum err walk(struct streams *s, const struct stream *t, int64_t from, int64_t n)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT seq, prev, stream FROM event WHERE \"commit\" = ?");
	enum err e = OK;

	s->walk.stream = t->id;
	s->walk.head = from;
	s->walk.n = 0;
	while (n-- > 0 && from > 0 && e == OK) {
		int64_t prev;

		sql_int(q, 1, from);
		e = sql_row(q);
		if (e == OK && sqlite3_column_int64(q, 2) != t->id)
			e = ERR_NOTFOUND;
		if (e == OK) {
			s->walk.e[s->walk.n].seq = sqlite3_column_int64(q, 0);
			s->walk.e[s->walk.n++].commit = from;
			prev = sqlite3_column_int64(q, 1);
			from = prev ? from - prev : 0;
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e; /* the chain is torn */
}

static int64_t walked(const struct streams *s, const struct stream *t, int64_t seq)
{
	if (s->walk.stream == t->id)
		for (uint32_t i = 0; i < s->walk.n; i++)
			if (s->walk.e[i].seq == seq)
				return s->walk.e[i].commit;
	return 0;
}

enum err stream_find(struct streams *s, struct stream *t, int64_t seq, int64_t *commit)
{
	sqlite3_stmt *q;
	int64_t heads[64];
	int n = 0;
	enum err e = OK;

	if ((*commit = walked(s, t, seq)) != 0 || t->last == 0)
		return OK;
	if (t->chunk_n && seq >= t->chunk_lo && seq <= t->chunk_hi) {
		if ((e = walk(s, t, t->last, t->chunk_n)) != OK)
			return e;
		if ((*commit = walked(s, t, seq)) != 0)
			return OK;
	}
	/* Usually one chunk; several where events came out of order.  Newest first, page by page. */
	for (int64_t below = INT64_MAX; *commit == 0; below = heads[n - 1]) {
		q = sql_get(s->st, "SELECT last FROM chunk WHERE stream = ? AND last < ? AND lo <= ?3 "
				   "AND hi >= ?3 ORDER BY last DESC LIMIT 64");
		sql_int(q, 1, t->id);
		sql_int(q, 2, below);
		sql_int(q, 3, seq);
		for (n = 0; n < 64 && (e = sql_row(q)) == OK; n++)
			heads[n] = sqlite3_column_int64(q, 0);
		sql_done(q);
		if (n == 0)
			return e == ERR_NOTFOUND ? OK : e;
		for (int i = 0; i < n && *commit == 0; i++) {
			if ((e = walk(s, t, heads[i], STREAM_CHUNK)) != OK)
				return e;
			*commit = walked(s, t, seq);
		}
	}
	return OK;
}
