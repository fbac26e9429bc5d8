#include "schema/exports/came.h"

#include <stdlib.h>
#include <string.h>

struct came {
	struct freeze_diff *diff;
	struct line {
		struct freeze_correction c;
		struct buf text;
	} *line;
	size_t n, cap;
};

static void keep_texts(struct line *l)
{
	struct freeze_correction *c = &l->c;
	const char **const text[] = {&c->name, &c->level, &c->category, &c->category_name, &c->unit, &c->definition, &c->before, &c->after, &c->events};
	size_t at[ARRAY_LEN(text)];

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		at[i] = l->text.n;
		buf_add(&l->text, *text[i], strlen(*text[i]) + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		*text[i] = l->text.p + at[i];
}

static void take(void *ctx, const struct freeze_correction *c)
{
	struct came *o = ctx;

	if (o->n == o->cap) {
		o->cap = o->cap * 2 + 64;
		o->line = xrealloc(o->line, o->cap * sizeof *o->line);
	}
	o->line[o->n] = (struct line){.c = *c};
	keep_texts(&o->line[o->n++]);
}

struct came *came_new(const struct table_world *w, bool bare)
{
	const struct freeze_ask ask = {.scope = w->scope, .within = w->within, .from_day = w->from_day, .to_day = w->to_day, .at_ms = w->at_ms,
		.english = w->english, .bare = bare, .masked = !w->unmask, .still = w->past};
	struct came *c = xcalloc(1, sizeof *c);

	c->diff = freeze_diff_new(w->st, &ask, take, c);
	return c;
}

enum err came_read(struct came *c, const struct figures_pace *pace, bool *more)
{
	struct breath b = {.until_mono_ms = pace->until_mono_ms ? pace->until_mono_ms : INT64_MAX, .least = pace->little};

	return freeze_diff_some(c->diff, &b, more);
}

int came_progress(const struct came *c)
{
	return freeze_diff_progress(c->diff);
}

size_t came_n(const struct came *c)
{
	return c->n;
}

const struct freeze_correction *came_of(const struct came *c, size_t i)
{
	return &c->line[i].c;
}

void came_free(struct came *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		buf_done(&c->line[i].text);
	free(c->line);
	freeze_diff_free(c->diff);
	free(c);
}
