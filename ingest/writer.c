#include "ingest/writer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"

#define RETRY_MS 1000 /* between two tries while the store is full */

const int64_t writer_time_us[WRITER_TIMES] = {500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000, 2000000};

struct writer {
	struct store *st;
	struct intake *in;
	struct writer_hooks hooks;
	struct batch batch;
	struct head head;
	bool fatal, full, more; /* more: held events are left to judge after a registry change */
	int64_t retry_ms;       /* monotonic; while full */
	struct writer_counts counts;
};

struct writer *writer_new(struct store *st, const struct intake_conf *conf, size_t rows, int64_t window_ms,
	const struct writer_hooks *hooks)
{
	struct writer *w = xcalloc(1, sizeof *w);

	w->st = st;
	w->in = intake_new(st, conf);
	w->hooks = *hooks;
	batch_init(&w->batch, rows, window_ms);
	if (store_head(st, &w->head) != OK) {
		log_error("writer", "cannot read the head: %s", store_detail(st));
		w->fatal = true;
	} else if (intake_left(w->in, &w->more) != OK) {
		log_error("writer", "cannot read what is left to do: %s", store_detail(st));
		w->fatal = true;
	}
	return w;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	intake_free(w->in);
	free(w);
}

/* The batch is gone; what the store said decides how to go on. */
static void failed(struct writer *w, enum err e, const char *what)
{
	size_t bytes = w->batch.bytes;

	intake_abort(w->in); /* nothing is left of it, whoever noticed */
	batch_clear(&w->batch);
	w->counts.dropped++;
	if (e == ERR_FULL || e == ERR_BUSY) {
		if (!w->full)
			log_error("writer", "%s failed bytes=%zu err=%s: %s; nothing is acknowledged until it works again",
				what, bytes, err_name(e), store_detail(w->st));
		w->full = true;
		w->retry_ms = clock_mono_ms() + RETRY_MS;
	} else {
		log_error("writer", "%s failed bytes=%zu err=%s: %s; ending", what, bytes, err_name(e),
			store_detail(w->st));
		w->fatal = true;
	}
	w->hooks.dropped(w->hooks.ctx, e);
}

static bool refusing(const struct writer *w, int64_t now_ms)
{
	return w->fatal || (w->full && now_ms < w->retry_ms);
}

static void note_time(struct writer *w, int64_t us)
{
	int i = 0;

	while (i < WRITER_TIMES && us > writer_time_us[i])
		i++;
	w->counts.time[i]++;
	w->counts.time_us_sum += (uint64_t)us;
}

static void publish(struct writer *w, const struct head *head)
{
	struct intake_ack ack;
	const char *person;
	bool rang = head->rev != w->head.rev;

	w->head = *head;
	if (w->full && rang) { /* an answer to repeats alone proves nothing */
		w->full = false;
		log_info("writer", "the store takes events again");
	}
	while (intake_next_ack(w->in, &ack))
		w->hooks.acked(w->hooks.ctx, &ack);
	while (w->hooks.touched && (person = intake_next_person(w->in)))
		w->hooks.touched(w->hooks.ctx, person);
	w->hooks.committed(w->hooks.ctx, head, rang);
}

static enum err commit(struct writer *w)
{
	size_t rows = intake_waiting(w->in);
	int64_t from_us = clock_mono_us();
	struct head head;
	enum err e;

	if (rows && FAULT("ingest.before_commit")) {
		failed(w, ERR_FULL, "commit (fault)");
		return ERR_FULL;
	}
	if ((e = intake_commit(w->in, clock_wall_ms(), &head)) != OK) {
		failed(w, e, "commit");
		return e;
	}
	batch_clear(&w->batch);
	if (head.rev != w->head.rev) { /* else: repeats only, nothing to write */
		note_time(w, clock_mono_us() - from_us);
		w->counts.commits++;
	}
	w->counts.rows += rows;
	if (rows && FAULT("ingest.after_commit")) {
		log_error("writer", "fault after a commit; ending");
		w->fatal = true;
		return ERR_IO;
	}
	if (log_traced("batch"))
		log_debug("batch", "commit=%lld rev=%lld rows=%zu", (long long)head.commit, (long long)head.rev, rows);
	publish(w, &head);
	return OK;
}

enum err writer_take(struct writer *w, const struct intake_from *from, struct slice payload)
{
	int64_t now_ms = clock_mono_ms();
	enum err e;

	if (refusing(w, now_ms)) {
		w->counts.refused++;
		return ERR_FULL;
	}
	batch_add(&w->batch, now_ms, payload.n);
	if ((e = intake_take(w->in, from, payload, clock_wall_ms())) != OK) {
		failed(w, e, "taking a payload");
		return e;
	}
#ifdef MUTANT_ACK_BEFORE_COMMIT
	w->hooks.taken(w->hooks.ctx, from, payload);
#endif
	writer_turn(w, false); /* a reader may hand over thousands before it returns to its loop */
	return OK;
}

void writer_presence(struct writer *w, struct slice device, struct slice payload)
{
	int64_t now_ms = clock_mono_ms();
	enum err e;

	if (refusing(w, now_ms)) {
		w->counts.refused++;
		return;
	}
	batch_add(&w->batch, now_ms, payload.n);
	if ((e = intake_presence(w->in, device, payload, clock_wall_ms())) != OK)
		failed(w, e, "taking a presence");
	else
		writer_turn(w, false);
}

void writer_turn(struct writer *w, bool drained)
{
	if (!w->fatal && batch_due(&w->batch, clock_mono_ms(), intake_waiting(w->in), drained))
		(void)commit(w); /* it said so itself */
}

enum err writer_flush(struct writer *w)
{
	if (w->fatal)
		return ERR_IO;
	if (w->batch.since_ms < 0 && intake_waiting(w->in) == 0 && !store_is_open(w->st))
		return OK;
	return commit(w);
}

bool writer_calm(const struct writer *w)
{
	return batch_calm(&w->batch, clock_mono_ms());
}

int64_t writer_wait_ms(const struct writer *w)
{
	return batch_wait_ms(&w->batch, clock_mono_ms());
}

void writer_changed(struct writer *w, enum err e, const struct office_end *end)
{
	switch (e) {
	case OK:
		w->more = w->more || end->more;
		publish(w, &end->head);
		return;
	case ERR_IO:
	case ERR_CORRUPT:
		failed(w, e, "registry change");
		return;
	case ERR_FULL:
	case ERR_BUSY:
		failed(w, e, "registry change");
		return;
	default: /* the asker's mistake: nothing happened */
		return;
	}
}

/* Held events left over from a change: some thousand in a transaction, events in between. */
static void go_on(struct writer *w)
{
	struct office_end end = {0};
	struct why why;
	enum err e;

	if (writer_flush(w) != OK)
		return;
	w->more = false;
	e = office_more(w->st, w->in, clock_wall_ms(), &end, &why);
	if (e != OK)
		w->more = true;
	writer_changed(w, e, &end);
}

void writer_tick(struct writer *w)
{
	bool more = true;
	enum err e;

	if (refusing(w, clock_mono_ms()))
		return;
	if (w->more)
		go_on(w);
	for (int i = 0; i < 10 && more && !w->fatal; i++) {
		batch_add(&w->batch, clock_mono_ms(), 0);
		if ((e = intake_due(w->in, clock_wall_ms(), &more)) != OK) {
			failed(w, e, "judging again");
			return;
		}
		if (commit(w) != OK)
			return;
	}
}

struct store *writer_store(struct writer *w)
{
	return w->st;
}

struct intake *writer_intake(struct writer *w)
{
	return w->in;
}

bool writer_more(const struct writer *w)
{
	return w->more && !w->full;
}

bool writer_fatal(const struct writer *w)
{
	return w->fatal;
}

bool writer_full(const struct writer *w)
{
	return w->full;
}

const struct head *writer_head(const struct writer *w)
{
	return &w->head;
}

const struct writer_counts *writer_counts(const struct writer *w)
{
	return &w->counts;
}
