#include "ingest/greet.h"

#include <stdio.h>
#include <stdlib.h>

static void add(void *ctx, const char *device, const char *district)
{
	struct greet *g = ctx;

	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 64;
		g->one = xrealloc(g->one, g->cap * sizeof *g->one);
	}
	(void)snprintf(g->one[g->n].device, sizeof g->one->device, "%s", device);       /* as registered */
	(void)snprintf(g->one[g->n].district, sizeof g->one->district, "%s", district); /* as registered */
	g->n++;
}

enum err greet_load(struct greet *g, struct intake *in, int64_t spread_ms)
{
	*g = (struct greet){.spread_ms = spread_ms};
	return intake_online(in, add, g);
}

void greet_done(struct greet *g)
{
	free(g->one);
	*g = (struct greet){0};
}

void greet_begin(struct greet *g, int64_t now_ms)
{
	if (!g->from_ms)
		g->from_ms = now_ms;
}

static int64_t turn_of(const struct greet *g, size_t i)
{
	return g->from_ms + (int64_t)((double)g->spread_ms * (double)i / (double)g->n);
}

const struct greet_one *greet_next(struct greet *g, int64_t now_ms)
{
	if (!g->from_ms || g->next == g->n)
		return NULL;
	if (now_ms < turn_of(g, g->next))
		return NULL;
	return &g->one[g->next++];
}

int64_t greet_wait_ms(const struct greet *g, int64_t now_ms)
{
	int64_t left;

	if (!g->from_ms || g->next == g->n)
		return -1;
	left = turn_of(g, g->next) - now_ms;
	return left > 0 ? left : 0;
}
