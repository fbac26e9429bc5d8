#include "server/sheet.h"

#include <stdlib.h>

struct mark {
	struct mark *dirty_next;
	bool dirty, shown;
	bool counted;  /* among the total */
	bool wanted;   /* while it is decided */
	uint64_t sent; /* hash of the row */
	char key[];
};

void sheet_done(struct sheet_view *s)
{
	struct mark *m;

	for (size_t pos = 0; (m = map_next(&s->marks, &pos));)
		free(m);
	map_done(&s->marks);
	s->dirty = NULL;
	s->total = s->cut = s->sent_cut = 0;
}

static const struct row *row_at(const struct sheet_view *s, const char *key)
{
	const struct row *r = map_get(s->rows, key, strlen(key));

	return r && row_in_scope(r, s->scope) ? r : NULL;
}

bool sheet_mark(struct sheet_view *s, const char *key)
{
	size_t n = strlen(key);
	struct mark *m = map_get(&s->marks, key, n);

	if (!m) {
		if (!row_at(s, key))
			return false;
		m = xcalloc(1, sizeof *m + n + 1);
		memcpy(m->key, key, n + 1);
		map_put(&s->marks, key, n, m);
	}
	if (!m->dirty) {
		m->dirty = true;
		m->dirty_next = s->dirty;
		s->dirty = m;
	}
	return true;
}

void sheet_all(struct sheet_view *s)
{
	const struct row *r;

	for (size_t pos = 0; (r = map_next(s->rows, &pos));)
		(void)sheet_mark(s, r->key); /* what is not in scope is left out */
}

static int by_rank(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

	for (size_t i = 0; i < ARRAY_LEN(x->rank); i++)
		if (x->rank[i] != y->rank[i])
			return x->rank[i] < y->rank[i] ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* The rows in scope that have a mark, gravest first; the caller frees. */
static const struct row **in_order(const struct sheet_view *s, size_t *out_n)
{
	const struct row **list = xcalloc(s->marks.n + 1, sizeof *list), *r;
	struct mark *m;
	size_t n = 0;

	for (size_t pos = 0; (m = map_next(&s->marks, &pos));)
		if ((r = row_at(s, m->key)))
			list[n++] = r;
	qsort(list, n, sizeof *list, by_rank);
	*out_n = n;
	return list;
}

static void drop_mark(struct sheet_view *s, struct mark *m)
{
	(void)map_take(&s->marks, m->key, strlen(m->key));
	free(m);
}

/* What the client has of m becomes r (NULL: nothing). */
static void say(struct sheet_view *s, struct mark *m, const struct row *r, struct buf *rows)
{
	if (!r && m->shown)
		row_add_gone(rows, s->sheet, m->key);
	if (r && (!m->shown || m->sent != r->hash)) {
		row_add(rows, r);
		m->sent = r->hash;
	}
	m->shown = r != NULL;
}

/* All of them fit: only the marked ones are looked at. */
static void say_marked(struct sheet_view *s, struct mark *list, struct buf *rows)
{
	for (struct mark *m; (m = list);) {
		const struct row *r = row_at(s, m->key);

		list = m->dirty_next;
		m->dirty = false;
		say(s, m, r, rows);
		if (!r)
			drop_mark(s, m);
	}
}

/* There are more than fit, or were: the gravest are shown, whatever was before. */
static void say_all(struct sheet_view *s, struct buf *rows)
{
	const struct row **list;
	struct mark **marks = xcalloc(s->marks.n + 1, sizeof *marks), *m;
	size_t n, nmarks = 0;

	list = in_order(s, &n);
	for (size_t i = 0; i < n && i < s->limit; i++)
		((struct mark *)map_get(&s->marks, list[i]->key, strlen(list[i]->key)))->wanted = true;
	for (size_t pos = 0; (m = map_next(&s->marks, &pos));)
		marks[nmarks++] = m;
	for (size_t i = 0; i < nmarks; i++) {
		const struct row *r = row_at(s, (m = marks[i])->key);

		say(s, m, m->wanted ? r : NULL, rows);
		m->wanted = m->dirty = false;
		if (!r)
			drop_mark(s, m);
	}
	free(marks);
	free(list);
}

bool sheet_delta(struct sheet_view *s, struct buf *b)
{
	struct mark *list = s->dirty;
	struct buf rows = {0};
	bool any;

	if (!list)
		return false;
	s->dirty = NULL;
	for (struct mark *m = list; m; m = m->dirty_next) {
		bool in = row_at(s, m->key) != NULL;

		s->total += (size_t)in - (size_t)m->counted;
		m->counted = in;
	}
	buf_addc(&rows, '[');
	if (s->total <= s->limit && s->cut == 0)
		say_marked(s, list, &rows);
	else
		say_all(s, &rows);
	s->cut = s->total > s->limit ? s->total - s->limit : 0;
	any = rows.n > 1;
	if (any) {
		buf_json_key(b, sheet_names[s->sheet]);
		buf_add(b, rows.p, rows.n);
		buf_addc(b, ']');
	}
	if (s->cut != s->sent_cut) {
		buf_addf(b, ",\"%s_cut\":%zu", sheet_names[s->sheet], s->cut);
		s->sent_cut = s->cut;
		any = true;
	}
	buf_done(&rows);
	return any;
}

void sheet_snapshot(const struct sheet_view *s, struct buf *b)
{
	const struct row **list;
	size_t n;

	list = in_order(s, &n);
	buf_json_key(b, sheet_names[s->sheet]);
	buf_addc(b, '[');
	for (size_t i = 0; i < n && i < s->limit; i++)
		row_add(b, list[i]);
	buf_addc(b, ']');
	if (n > s->limit)
		buf_addf(b, ",\"%s_cut\":%zu", sheet_names[s->sheet], n - s->limit);
	free(list);
}
