#include "ingest/nudge.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define STEP_MS (1000 / NUDGE_RATE)

struct nudge_line {
	struct nudge_line *next;
	char *person;
	int64_t told_ms, due_ms;
	bool waits;
};

static void line_free(struct nudge_line *l)
{
	free(l->person);
	free(l);
}

void nudge_done(struct nudge *n)
{
	struct nudge_line *l;
	size_t pos = 0;

	while ((l = map_next(&n->map, &pos)))
		line_free(l);
	map_done(&n->map);
	*n = (struct nudge){0};
}

/* Forgets who was told long ago: the map is made anew. */
static void trim(struct nudge *n, int64_t now_ms)
{
	struct map old = n->map;
	struct nudge_line *l;
	size_t pos = 0;

	n->map = (struct map){0};
	while ((l = map_next(&old, &pos))) {
		if (l->waits || now_ms - l->told_ms < NUDGE_MS)
			(void)map_put(&n->map, l->person, strlen(l->person), l); /* was not there */
		else
			line_free(l);
	}
	map_done(&old);
}

static void append(struct nudge_list *list, struct nudge_line *l)
{
	l->next = NULL;
	if (list->last)
		list->last->next = l;
	else
		list->first = l;
	list->last = l;
}

void nudge_touch(struct nudge *n, const char *person, int64_t now_ms)
{
	struct nudge_line *l = map_get(&n->map, person, strlen(person));

	n->touched++;
	if (!l && n->map.n >= NUDGE_LINES)
		trim(n, now_ms);
	if (!l && n->map.n >= NUDGE_LINES) {
		n->lost++;
		return;
	}
	if (!l) {
		l = xcalloc(1, sizeof *l);
		l->person = xstrdup(person);
		l->told_ms = now_ms - NUDGE_MS;
		(void)map_put(&n->map, person, strlen(person), l); /* was not there */
	}
	if (l->waits) {
		n->spared++;
		return;
	}
	l->waits = true;
	if (now_ms - l->told_ms >= NUDGE_MS) {
		l->due_ms = now_ms;
		append(&n->now, l);
	} else {
		l->due_ms = now_ms + NUDGE_MS; /* not told_ms + NUDGE_MS: the list stays in order */
		append(&n->later, l);
	}
}

/* Of the two lists, the head that is due first; NULL: nobody waits. */
static const struct nudge_list *list_of(const struct nudge *n)
{
	const struct nudge_line *a = n->now.first, *b = n->later.first;

	if (!a && !b)
		return NULL;
	return !b || (a && a->due_ms <= b->due_ms) ? &n->now : &n->later;
}

const char *nudge_next(struct nudge *n, int64_t now_ms)
{
	const struct nudge_list *due = list_of(n);
	struct nudge_list *list = due == &n->now ? &n->now : &n->later;
	struct nudge_line *l;

	if (!due || due->first->due_ms > now_ms || n->next_ms > now_ms)
		return NULL;
	l = list->first;
	if (!(list->first = l->next))
		list->last = NULL;
	l->waits = false;
	l->told_ms = now_ms;
	/* Unused turns are kept, NUDGE_BURST of them. */
	if (n->next_ms < now_ms - STEP_MS * NUDGE_BURST)
		n->next_ms = now_ms - STEP_MS * NUDGE_BURST;
	n->next_ms += STEP_MS;
	return l->person;
}

int64_t nudge_wait_ms(const struct nudge *n, int64_t now_ms)
{
	const struct nudge_list *list = list_of(n);
	int64_t due;

	if (!list)
		return -1;
	due = list->first->due_ms > n->next_ms ? list->first->due_ms : n->next_ms;
	return due > now_ms ? due - now_ms : 0;
}
