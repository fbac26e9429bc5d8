#include "core/window.h"

#include <stdlib.h>

void window_done(struct window *w)
{
	free(w->r);
	*w = (struct window){0};
}

/* Index of the first range that ends at or above seq. */
static uint32_t find(const struct window *w, int64_t seq)
{
	uint32_t lo = 0, hi = w->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (w->r[mid].hi < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool window_has(const struct window *w, int64_t seq)
{
	uint32_t i;

	if (seq > w->top)
		return false;
	i = find(w, seq);
	return i == w->n || w->r[i].lo > seq;
}

/* Is there room for one range more? */
static bool has_room(const struct window *w, bool hole)
{
	return w->n < WINDOW_RANGES_MAX && (hole || w->gaps < WINDOW_GAPS_MAX);
}

static void insert(struct window *w, uint32_t at, struct window_range r)
{
	w->gaps += !r.hole;
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 4;
		w->r = xrealloc(w->r, w->cap * sizeof *w->r);
	}
	memmove(w->r + at + 1, w->r + at, (w->n - at) * sizeof *w->r);
	w->r[at] = r;
	w->n++;
}

static void take_out(struct window *w, uint32_t at)
{
	w->gaps -= !w->r[at].hole;
	w->n--;
	memmove(w->r + at, w->r + at + 1, (w->n - at) * sizeof *w->r);
}

bool window_take(struct window *w, int64_t seq)
{
	struct window_range *r;
	uint32_t i;

	if (seq > w->top) {
		if (seq > w->top + 1) {
			if (!has_room(w, false))
				return false;
			insert(w, w->n, (struct window_range){w->top + 1, seq - 1, false});
		}
		w->top = seq;
		return true;
	}
	i = find(w, seq);
	if (i == w->n || w->r[i].lo > seq)
		return true; /* had already */
	r = &w->r[i];
	if (r->lo == r->hi) {
		take_out(w, i);
	} else if (r->lo == seq) {
		r->lo++;
	} else if (r->hi == seq) {
		r->hi--;
	} else {
		if (!has_room(w, r->hole))
			return false;
		insert(w, i + 1, (struct window_range){seq + 1, r->hi, r->hole});
		w->r[i].hi = seq - 1;
	}
	return true;
}

/* Joins holes that touch. */
static void join(struct window *w)
{
	uint32_t to = 0;

	for (uint32_t i = 1; i < w->n; i++) {
		if (w->r[to].hole && w->r[i].hole && w->r[to].hi + 1 == w->r[i].lo)
			w->r[to].hi = w->r[i].hi;
		else
			w->r[++to] = w->r[i];
	}
	if (w->n)
		w->n = to + 1;
}

bool window_first(struct window *w, int64_t first)
{
	uint32_t i;

	for (i = 0; i < w->n && w->r[i].hi < first; i++) {
		w->gaps -= !w->r[i].hole;
		w->r[i].hole = true;
	}
	join(w);
	i = find(w, first);
	if (i < w->n && w->r[i].lo < first && !w->r[i].hole) { /* first lies inside: split */
		if (!has_room(w, true))
			return false;
		insert(w, i, (struct window_range){w->r[i].lo, first - 1, true});
		w->r[i + 1].lo = first;
	}
	if (first - 1 > w->top) {
		if (!has_room(w, true))
			return false;
		insert(w, w->n, (struct window_range){w->top + 1, first - 1, true});
		w->top = first - 1;
	}
	join(w);
	return true;
}

uint32_t window_tell(const struct window *w, int64_t *upto, struct window_range out[WINDOW_GAPS_TOLD])
{
	uint32_t n = 0;

	*upto = w->top;
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->r[i].hole)
			continue;
		if (n == WINDOW_GAPS_TOLD) {
			*upto = w->r[i].lo - 1;
			break;
		}
		out[n++] = w->r[i];
	}
	return n;
}

static int64_t count(const struct window *w, bool hole)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->r[i].hole == hole)
			n += w->r[i].hi - w->r[i].lo + 1;
	return n;
}

int64_t window_missing(const struct window *w)
{
	return count(w, false);
}

int64_t window_holes(const struct window *w)
{
	return count(w, true);
}

void window_text(const struct window *w, struct buf *out)
{
	for (uint32_t i = 0; i < w->n; i++) {
		if (i)
			buf_addc(out, ' ');
		buf_int(out, w->r[i].lo);
		buf_addc(out, '-');
		buf_int(out, w->r[i].hi);
		if (w->r[i].hole)
			buf_addc(out, '!');
	}
}

static bool number(const char **p, const char *end, int64_t *out)
{
	int64_t v = 0;
	const char *from = *p;

	while (*p < end && **p >= '0' && **p <= '9' && v < INT64_MAX / 16)
		v = v * 10 + (*(*p)++ - '0');
	*out = v;
	return *p > from;
}

bool window_parse(struct window *w, int64_t top, struct slice text)
{
	const char *p = text.p, *end = text.p + text.n;
	struct window_range r;
	int64_t above = 0;

	window_done(w);
	w->top = top;
	while (p < end) {
		if (w->n && *p++ != ' ')
			return false;
		if (!number(&p, end, &r.lo) || p == end || *p++ != '-' || !number(&p, end, &r.hi))
			return false;
		r.hole = p < end && *p == '!';
		p += r.hole;
		if (r.lo <= above || r.hi < r.lo || r.hi > top || w->n >= WINDOW_RANGES_MAX)
			return false;
		above = r.hi;
		insert(w, w->n, r);
	}
	return true;
}
