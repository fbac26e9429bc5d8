#include "ingest/pace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

struct pace_line {
	struct pace_line *next;
	char device[40], district[40], epoch[40];
	int64_t sent_ms, since_ms; /* when one left; since when one waits */
	bool waits, stale; /* stale: an ack that left since says more */
	struct buf json;
};

static void line_free(struct pace_line *l)
{
	buf_done(&l->json);
	free(l);
}

void pace_done(struct pace *p)
{
	size_t pos = 0;
	struct pace_line *l;

	while ((l = map_next(&p->map, &pos)))
		line_free(l);
	map_done(&p->map);
	*p = (struct pace){.spared = p->spared};
}

static struct slice key_of(const struct intake_ack *a, char room[128])
{
	int n = snprintf(room, 128, "%s %s %s", a->device, a->district, a->epoch);

	return (struct slice){room, n < 128 ? (uint32_t)n : 127};
}

/* Everything is forgotten but what waits: the map is made anew. */
static void trim(struct pace *p)
{
	struct map old = p->map;
	size_t pos = 0;
	struct pace_line *l;
	char room[128];

	p->map = (struct map){0};
	while ((l = map_next(&old, &pos))) {
		if (l->waits) {
			struct slice key = key_of(
				&(struct intake_ack){.device = l->device, .district = l->district, .epoch = l->epoch}, room);

			(void)map_put(&p->map, key.p, key.n, l); /* was not there */
		} else {
			line_free(l);
		}
	}
	map_done(&old);
}

bool pace_take(struct pace *p, const struct intake_ack *a, int64_t now_ms, bool calm)
{
	struct pace_line *l;
	struct slice key;
	char room[128];

	if (!a->epoch)
		return true;
	key = key_of(a, room);
	l = map_get(&p->map, key.p, key.n);
	if (!l) {
		if (p->map.n >= PACE_LINES)
			trim(p);
		if (p->map.n >= PACE_LINES)
			return true;
		l = xcalloc(1, sizeof *l);
		(void)snprintf(l->device, sizeof l->device, "%s", a->device);       /* 32 */
		(void)snprintf(l->district, sizeof l->district, "%s", a->district); /* 6 */
		(void)snprintf(l->epoch, sizeof l->epoch, "%s", a->epoch);          /* 32 */
		l->sent_ms = now_ms - PACE_MS;
		(void)map_put(&p->map, key.p, key.n, l); /* was not there */
	}
	if (calm || !a->plain || (!l->waits && now_ms - l->sent_ms >= PACE_MS)) {
		l->sent_ms = now_ms;
		l->stale = l->waits;
		return true;
	}
	if (l->waits) {
		p->spared++;
	} else {
		l->waits = true;
		l->since_ms = now_ms;
		l->next = NULL;
		if (p->last)
			p->last->next = l;
		else
			p->first = l;
		p->last = l;
	}
	l->stale = false;
	buf_clear(&l->json);
	buf_add(&l->json, a->json.p, a->json.n);
	return false;
}

bool pace_next(struct pace *p, int64_t now_ms, bool all, struct intake_ack *out)
{
	struct pace_line *l;

	do {
		l = p->first;
		if (!l || (!all && now_ms - l->since_ms < PACE_MS))
			return false;
		p->first = l->next;
		if (!p->first)
			p->last = NULL;
		l->waits = false;
	} while (l->stale);
	l->sent_ms = now_ms;
	*out = (struct intake_ack){.device = l->device, .district = l->district, .json = buf_slice(&l->json), .epoch = l->epoch,
		.plain = true};
	return true;
}

int64_t pace_wait_ms(const struct pace *p, int64_t now_ms)
{
	int64_t left = p->first ? p->first->since_ms + PACE_MS - now_ms : -1;

	return !p->first ? -1 : left > 0 ? left : 0;
}
