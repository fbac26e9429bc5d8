/* t_worker.c - helper threads: every job comes back once, the queue has its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "server/worker.h"

struct item {
	struct job job;
	int in, out, nice;
};

struct loop { /* stands for the server's: a pipe that wakes it */
	int pipe[2];
	int done, ran, sum, nice;
	pthread_mutex_t gate; /* held: jobs wait in run() */
};

static struct loop loop; /* a job on a helper thread has no other way to it */

static void wake(void *ctx)
{
	struct loop *l = ctx;

	assert_int_equal(write(l->pipe[1], "x", 1), 1);
}

static void run(struct job *j)
{
	struct item *it = (struct item *)j;

	pthread_mutex_lock(&loop.gate);
	pthread_mutex_unlock(&loop.gate);
	it->out = it->in * 2;
	it->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
}

static void done(struct job *j, void *ctx)
{
	struct item *it = (struct item *)j;
	struct loop *l = ctx;

	l->done++;
	if (j->ran) {
		assert_int_equal(it->out, it->in * 2);
		l->sum += it->out;
		l->nice = it->nice;
		l->ran++;
	}
	free(it);
}

static bool add(struct worker *w, int n)
{
	struct item *it = xcalloc(1, sizeof *it);

	it->job.run = run;
	it->job.done = done;
	it->in = n;
	if (worker_add(w, &it->job))
		return true;
	free(it);
	return false;
}

/* Serves until n jobs came back. */
static void serve(struct worker *w, int n)
{
	char c[64];

	while (loop.done < n) {
		struct pollfd p = {.fd = loop.pipe[0], .events = POLLIN};

		assert_int_equal(poll(&p, 1, 10000), 1);
		assert_true(read(loop.pipe[0], c, sizeof c) > 0);
		worker_finish(w, &loop);
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&loop, 0, sizeof loop);
	pthread_mutex_init(&loop.gate, NULL);
	return pipe(loop.pipe);
}

static int teardown(void **state)
{
	(void)state;
	close(loop.pipe[0]);
	close(loop.pipe[1]);
	pthread_mutex_destroy(&loop.gate);
	return 0;
}

static void test_all_come_back(void **state)
{
	struct worker *w = worker_new(2, 1000, wake, &loop);

	(void)state;
	for (int i = 1; i <= 500; i++)
		assert_true(add(w, i));
	serve(w, 500);
	assert_int_equal(loop.ran, 500);
	assert_int_equal(loop.sum, 500 * 501);
	assert_int_equal(worker_waiting(w), 0);
	worker_free(w, &loop);
	assert_int_equal(loop.done, 500);
}

static void test_bound(void **state)
{
	struct worker *w;
	int taken = 0;

	(void)state;
	pthread_mutex_lock(&loop.gate);
	w = worker_new(2, 8, wake, &loop);
	for (int i = 0; i < 100; i++)
		taken += add(w, i);
	assert_true(taken >= 8 && taken <= 10); /* two may be on their way already */
	pthread_mutex_unlock(&loop.gate);
	serve(w, taken);
	assert_true(add(w, 1));
	serve(w, taken + 1);
	worker_free(w, &loop);
}

static void test_end_with_work(void **state)
{
	struct worker *w;

	(void)state;
	pthread_mutex_lock(&loop.gate);
	w = worker_new(1, 100, wake, &loop);
	for (int i = 0; i < 50; i++)
		assert_true(add(w, i));
	pthread_mutex_unlock(&loop.gate);
	worker_free(w, &loop);
	assert_int_equal(loop.done, 50); /* run or not, each is told once */
	worker_free(NULL, NULL);
}

/* Its threads, and nobody else's. */
static void test_lower(void **state)
{
	int own = getpriority(PRIO_PROCESS, 0), want = own + 3 < 19 ? own + 3 : 19;
	struct worker *w = worker_new(1, 8, wake, &loop);

	(void)state;
	worker_lower(w, 3);
	for (int i = 0; i < 3; i++) { /* once, not again for each job */
		assert_true(add(w, i));
		serve(w, i + 1);
		assert_int_equal(loop.nice, want);
	}
	worker_free(w, &loop);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
	w = worker_new(1, 8, wake, &loop);
	assert_true(add(w, 1));
	serve(w, 4);
	assert_int_equal(loop.nice, own);
	worker_free(w, &loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_with_work, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lower, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
