/* writer.h - the one writer of the database: payloads of all doors in, commits, what follows out.
 *
 *   IDLE --take--> OPEN --commit: due, full or flush--> IDLE (acks and bell leave)
 *
 * Invariant: an ack leaves only after the commit that holds its events is on disk.
 * When the store says:  full or busy  the batch is dropped unanswered (devices send again), one line
 *   is logged, and input is refused for a second; the next that succeeds ends it.
 *   anything else  writer_fatal(): the daemon must end at once, without closing the store, and is
 *   started again from the database. */
#ifndef XUNGE_INGEST_WRITER_H
#define XUNGE_INGEST_WRITER_H

#include "ingest/batch.h"
#include "schema/office.h"

#define WRITER_TIMES 10

struct writer_hooks {
	void *ctx;
	void (*acked)(void *ctx, const struct intake_ack *ack);
	void (*touched)(void *ctx, const char *person); /* after a commit: his sync changed; "": everybody's.  NULL: nobody asks */
	/* After the acks of a commit; rang: something durable is new. */
	void (*committed)(void *ctx, const struct head *head, bool rang);
	void (*dropped)(void *ctx, enum err e); /* the open batch is gone, unanswered */
#ifdef MUTANT_ACK_BEFORE_COMMIT
	void (*taken)(void *ctx, const struct intake_from *from, struct slice payload);
#endif
};

extern const int64_t writer_time_us[WRITER_TIMES]; /* upper bounds of commit times */

struct writer_counts {
	uint64_t commits, rows; /* rows: events and answers */
	uint64_t dropped;       /* batches */
	uint64_t refused;       /* payloads, while the store was full */
	uint64_t time[WRITER_TIMES + 1], time_us_sum; /* of commits, by writer_time_us; the last: beyond */
};

struct writer;

/* Borrows st.  conf as for intake_new. */
struct writer *writer_new(struct store *st, const struct intake_conf *conf, size_t rows, int64_t window_ms,
	const struct writer_hooks *hooks);
void writer_free(struct writer *w);

/* One payload of any door.  Commits by itself when enough waits.  Not OK: refused, or the batch was
 * dropped with it (then hooks.dropped ran). */
enum err writer_take(struct writer *w, const struct intake_from *from, struct slice payload) MUST_CHECK;
void writer_presence(struct writer *w, struct slice device, struct slice payload);

/* Commits when due.  drained: no more input was readable. */
void writer_turn(struct writer *w, bool drained);
/* Commits whatever waits.  Not OK: the batch is gone. */
enum err writer_flush(struct writer *w) MUST_CHECK;
bool writer_calm(const struct writer *w); /* do few events come? */
int64_t writer_wait_ms(const struct writer *w); /* until writer_turn is due; -1: nothing waits */

/* Every 10 s: held events whose time has come, and what a registry change left over. */
void writer_tick(struct writer *w);
bool writer_more(const struct writer *w); /* much is left: tick again at once */

/* For the registry changes of office.h: flush, then call office_*, then hand over what it returned. */
struct store *writer_store(struct writer *w);
struct intake *writer_intake(struct writer *w);
void writer_changed(struct writer *w, enum err e, const struct office_end *end);

bool writer_fatal(const struct writer *w); /* logged already */
bool writer_full(const struct writer *w);
const struct head *writer_head(const struct writer *w);
const struct writer_counts *writer_counts(const struct writer *w);

#endif
