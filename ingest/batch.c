#include "ingest/batch.h"

void batch_init(struct batch *b, size_t rows, int64_t window_ms)
{
	*b = (struct batch){.rows = rows, .window_ms = window_ms, .since_ms = -1};
}

static void turn_slot(struct batch *b, int64_t now_ms)
{
	int64_t gone = now_ms - b->slot_ms;

	if (gone < BATCH_SLOT_MS)
		return;
	b->before = gone < 2 * BATCH_SLOT_MS ? b->now : 0;
	b->now = 0;
	b->slot_ms = now_ms;
}

void batch_add(struct batch *b, int64_t now_ms, size_t bytes)
{
	turn_slot(b, now_ms);
	b->now++;
	b->bytes += bytes;
	if (b->since_ms < 0)
		b->since_ms = now_ms;
}

void batch_clear(struct batch *b)
{
	b->since_ms = -1;
	b->bytes = 0;
}

bool batch_calm(const struct batch *b, int64_t now_ms)
{
	return b->now < BATCH_CALM && (b->before < BATCH_CALM || now_ms - b->slot_ms >= 2 * BATCH_SLOT_MS);
}

bool batch_due(const struct batch *b, int64_t now_ms, size_t waiting, bool drained)
{
	if (b->since_ms < 0)
		return false;
	if (waiting >= b->rows || b->bytes >= BATCH_BYTES || now_ms - b->since_ms >= b->window_ms)
		return true;
	return drained && batch_calm(b, now_ms);
}

int64_t batch_wait_ms(const struct batch *b, int64_t now_ms)
{
	int64_t left;

	if (b->since_ms < 0)
		return -1;
	left = b->since_ms + b->window_ms - now_ms;
	return left > 0 ? left : 0;
}
