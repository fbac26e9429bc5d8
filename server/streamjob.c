#include "server/streamjob.h"

#include "base/clock.h"

static void release(struct streamjob *s)
{
	buf_done(&s->piece);
	s->calls->release(s);
}

static void run(struct job *j)
{
	struct streamjob *s = (struct streamjob *)j;

	s->calls->work(s);
}

static void done(struct job *j, void *ctx);

bool streamjob_start(struct streamjob *s)
{
	s->job.run = run;
	s->job.done = done;
	s->job.ran = false;
	s->working = worker_add(s->worker, &s->job);
	return s->working;
}

/* The socket took the last piece. */
static void next(void *ctx)
{
	struct streamjob *s = ctx;

	if (!streamjob_start(s))
		wire_break(s->wire, s->ticket);
}

static void gone(void *ctx)
{
	struct streamjob *s = ctx;

	s->gone = true;
	if (!s->working)
		release(s);
}

static void first_answer(struct streamjob *s)
{
	struct response rs = {0};
	bool streams = false;

	s->begun = true;
	s->calls->answer(s, &rs);
	if (s->e == OK && !rs.body.n) {
		rs.body = s->piece;
		s->piece = (struct buf){0};
	}
	rs.streams = streams = s->e == OK && (s->more || s->head); /* of a head, the length is not known either */
	if (streams)
		rs.stream = (struct stream){next, gone, s};
	wire_answer(s->wire, s->ticket, &rs);
	if (!streams) /* else it is the stream's from now on */
		release(s);
}

/* Nothing came of it yet, and what is wrong may still show. */
static bool may_wait(struct streamjob *s)
{
	int64_t now = clock_mono_ms();

	if (!s->since_mono_ms)
		s->since_mono_ms = now;
	return s->e == OK && s->more && !s->piece.n && !s->head && now < s->since_mono_ms + STREAMJOB_HEAD_MS;
}

static void go_on(struct streamjob *s)
{
	struct response rs = {0};

	if (wire_wait(s->wire, s->ticket) && streamjob_start(s))
		return;
	response_retry(&rs, 5);
	response_problem(&rs, 503, "busy", "too many at once: try again"); /* or nobody reads it */
	wire_answer(s->wire, s->ticket, &rs);
	release(s);
}

static void done(struct job *j, void *ctx)
{
	struct streamjob *s = (struct streamjob *)j;

	(void)ctx;
	s->working = false;
	if (!j->ran) { /* the server ends */
		if (!s->begun || s->gone)
			release(s);
	} else if (!s->begun && may_wait(s)) {
		go_on(s);
	} else if (!s->begun) {
		first_answer(s);
	} else if (s->gone) {
		release(s);
	} else if (s->e != OK) {
		if (s->calls->broke)
			s->calls->broke(s);
		wire_break(s->wire, s->ticket);
	} else if (s->piece.n || !s->more) {
		wire_more(s->wire, s->ticket, &s->piece, !s->more);
	} else if (wire_wait(s->wire, s->ticket)) {
		next(s); /* nothing came of it yet */
	} else {
		wire_break(s->wire, s->ticket);
	}
}
