#include "server/errands.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct errand {
	uint64_t id, ticket;
	int64_t due_mono_ms;
};

struct errands {
	struct errands_world world;
	struct errand v[ERRANDS_MAX]; /* oldest first: they are due in this order */
	size_t n;
	uint64_t next_id;
	struct errands_counts counts;
};

struct errands *errands_new(const struct errands_world *world)
{
	struct errands *es = xcalloc(1, sizeof *es);

	es->world = *world;
	return es;
}

void errands_free(struct errands *es)
{
	free(es);
}

enum err errands_add(struct errands *es, const char *members, struct slice payload, uint64_t ticket, int64_t now_mono_ms)
{
	struct buf b = {0};
	bool sent;

	if (es->n == ERRANDS_MAX) {
		es->counts.refused++;
		return ERR_FULL;
	}
	buf_addf(&b, "{\"id\":%llu,\"by\":%lld,%s", (unsigned long long)es->next_id + 1,
		(long long)now_mono_ms + ERRAND_BY_MS, members);
	if (payload.p)
		buf_addf(&b, ",\"len\":%u", payload.n);
	buf_adds(&b, "}\n");
	if (payload.p)
		buf_add(&b, payload.p, payload.n);
	sent = es->world.send(es->world.ctx, b.p, b.n);
	buf_done(&b);
	if (!sent) {
		es->counts.refused++;
		return ERR_CLOSED;
	}
	es->v[es->n++] = (struct errand){++es->next_id, ticket, now_mono_ms + ERRAND_WAIT_MS};
	es->counts.asked++;
	return OK;
}

/* done() may add others behind: it is taken out first. */
static void finish(struct errands *es, size_t i, const json_t *answer)
{
	struct errand it = es->v[i];

	memmove(es->v + i, es->v + i + 1, (--es->n - i) * sizeof *es->v);
	if (answer)
		es->counts.answered++;
	else
		es->counts.unknown++;
	es->world.done(es->world.ctx, it.ticket, answer);
}

void errands_answer(struct errands *es, const json_t *line)
{
	const json_t *id = json_object_get(line, "id");

	if (!json_is_integer(id))
		return;
	for (size_t i = 0; i < es->n; i++)
		if (es->v[i].id == (uint64_t)json_integer_value(id)) {
			finish(es, i, line);
			return;
		}
	/* given up meanwhile: it was told so */
}

void errands_lost(struct errands *es)
{
	for (size_t n = es->n; n > 0; n--)
		finish(es, 0, NULL);
}

void errands_tick(struct errands *es, int64_t now_mono_ms)
{
	while (es->n && now_mono_ms >= es->v[0].due_mono_ms)
		finish(es, 0, NULL);
}

int64_t errands_next(const struct errands *es)
{
	return es->n ? es->v[0].due_mono_ms : INT64_MAX;
}

size_t errands_waiting(const struct errands *es)
{
	return es->n;
}

const struct errands_counts *errands_counts(const struct errands *es)
{
	return &es->counts;
}
