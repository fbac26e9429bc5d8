#include "server/streamjob.h"

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

static void done(struct job *j, void *ctx)
{
	struct streamjob *s = (struct streamjob *)j;

	(void)ctx;
	s->working = false;
	if (!j->ran) { /* the server ends */
		if (!s->begun || s->gone)
			release(s);
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
	} else {
		next(s); /* nothing came of it yet */
	}
}
