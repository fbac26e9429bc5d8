/* worker.h - what takes long (password hashing) runs on helper threads and comes back to the loop.
 *
 *   worker_add -> queue -> job->run on a thread -> wake() -> worker_finish: job->done in the loop
 *
 * The queue has a bound; when it is full the job is refused, never waited for. */
#ifndef XUNGE_SERVER_WORKER_H
#define XUNGE_SERVER_WORKER_H

#include <stdbool.h>
#include <stddef.h>

struct worker;

struct job { /* embed it first in the job's own struct */
	void (*run)(struct job *j);             /* on a helper thread: nothing shared */
	void (*done)(struct job *j, void *ctx); /* in the loop; frees the job */
	bool ran;                               /* false in done(): the server ends, nothing was run */
	struct job *next;
};

/* wake is called from helper threads when something is ready for worker_finish. */
struct worker *worker_new(int threads, size_t queue_max, void (*wake)(void *ctx), void *ctx);

/* Before the first job: its threads give way to all others of the machine that want the same core (nice, by so much more). */
void worker_lower(struct worker *w, int nice);

/* Joins the threads; what is left gets its done(). */
void worker_free(struct worker *w, void *done_ctx);

/* False: the queue is full, the job is still the caller's. */
bool worker_add(struct worker *w, struct job *j);

/* Calls done(j, ctx) for all that ran. */
void worker_finish(struct worker *w, void *ctx);

size_t worker_waiting(struct worker *w);

#endif
