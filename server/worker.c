#include "server/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"

#define WORKER_THREADS 8
#define WORKER_STACK (256 * 1024)

struct queue {
	struct job *first, **last;
	size_t n;
};

struct worker {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t more;
	struct queue todo, done;
	size_t max;
	bool stop;
	void (*wake)(void *ctx);
	void *ctx;
	pthread_t thread[WORKER_THREADS];
	int threads, lower;
};

static void put(struct queue *q, struct job *j)
{
	j->next = NULL;
	*q->last = j;
	q->last = &j->next;
	q->n++;
}

static struct job *take(struct queue *q)
{
	struct job *j = q->first;

	if (j) {
		q->first = j->next;
		if (!q->first)
			q->last = &q->first;
		q->n--;
	}
	return j;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *j;
	int lowered = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		if (!(j = take(&w->todo))) {
			pthread_cond_wait(&w->more, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		if (lowered != w->lower) { /* of this thread: Linux keeps it for each */
			lowered = w->lower;
			(void)setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, (id_t)gettid()) + lowered); /* else it runs as the others */
		}
		j->run(j);
		j->ran = true;
		pthread_mutex_lock(&w->lock);
		put(&w->done, j);
		w->wake(w->ctx);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct worker *worker_new(int threads, size_t queue_max, void (*wake)(void *ctx), void *ctx)
{
	struct worker *w = xcalloc(1, sizeof *w);
	pthread_attr_t a;

	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->todo.last = &w->todo.first;
	w->done.last = &w->done.first;
	w->max = queue_max;
	w->wake = wake;
	w->ctx = ctx;
	pthread_attr_init(&a);
	(void)pthread_attr_setstacksize(&a, WORKER_STACK); /* refused: the default serves */
	for (int i = 0; i < threads && i < WORKER_THREADS; i++) {
		int rc = pthread_create(&w->thread[i], &a, work, w);

		if (rc)
			die("worker: cannot start a thread: %s", strerror(rc));
		w->threads++;
	}
	pthread_attr_destroy(&a);
	return w;
}

void worker_lower(struct worker *w, int nice)
{
	w->lower = nice;
}

void worker_free(struct worker *w, void *done_ctx)
{
	struct job *j;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	for (int i = 0; i < w->threads; i++)
		pthread_join(w->thread[i], NULL);
	while ((j = take(&w->todo)) || (j = take(&w->done)))
		j->done(j, done_ctx);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

bool worker_add(struct worker *w, struct job *j)
{
	bool room;

	pthread_mutex_lock(&w->lock);
	room = w->todo.n < w->max;
	if (room) {
		put(&w->todo, j);
		pthread_cond_signal(&w->more);
	}
	pthread_mutex_unlock(&w->lock);
	return room;
}

void worker_finish(struct worker *w, void *ctx)
{
	struct job *j;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		j = take(&w->done);
		pthread_mutex_unlock(&w->lock);
		if (!j)
			return;
		j->done(j, ctx);
	}
}

size_t worker_waiting(struct worker *w)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = w->todo.n;
	pthread_mutex_unlock(&w->lock);
	return n;
}
