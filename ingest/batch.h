/* batch.h - when to commit what waits.  Numbers only: no clock, no store.
 *
 * Few events: at once, as soon as nothing more is readable, since a commit costs less than a wait
 * would.  Many: gathered until rows or bytes are enough or the oldest has waited window_ms, since
 * a commit costs the same for one row as for a hundred. */
#ifndef XUNGE_INGEST_BATCH_H
#define XUNGE_INGEST_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCH_BYTES (8 * 1024 * 1024) /* payload bytes of one transaction */
#define BATCH_CALM 200                /* events in BATCH_SLOT_MS below which nothing is gathered */
#define BATCH_SLOT_MS 100

struct batch {
	size_t rows;       /* commit when so many wait */
	int64_t window_ms; /* or the oldest has waited so long */
	int64_t since_ms;  /* monotonic: when the oldest came; -1: nothing waits */
	size_t bytes;
	int64_t slot_ms;   /* start of the present slot */
	uint32_t now, before; /* payloads in this slot and in the one before it */
};

void batch_init(struct batch *b, size_t rows, int64_t window_ms);
void batch_add(struct batch *b, int64_t now_ms, size_t bytes);
void batch_clear(struct batch *b); /* committed, or dropped */

/* Commit now?  waiting: rows; drained: no more input was readable. */
bool batch_due(const struct batch *b, int64_t now_ms, size_t waiting, bool drained);

/* Do few events come, so that nothing is gathered? */
bool batch_calm(const struct batch *b, int64_t now_ms);

/* Ms until batch_due() by time alone; -1: nothing waits. */
int64_t batch_wait_ms(const struct batch *b, int64_t now_ms);

#endif
