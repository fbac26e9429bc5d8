/* The door's client in the server's loop: who is silent, ingest or we ourselves? */
#include "tests/unit/town.h"

#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "server/bell.h"

struct door {
	char dir[64], path[96];
	int listens, theirs, ours; /* the connection's ends */
	bool asked_write;
	struct bell *b;
};

static void *watch(void *ctx, int fd, struct bell *b)
{
	struct door *d = ctx;

	(void)b;
	d->ours = fd;
	return d;
}

static void unwatch(void *watched)
{
	close(((struct door *)watched)->ours);
}

static void want_write(void *watched)
{
	((struct door *)watched)->asked_write = true;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void answer(void *ctx, const struct json_t *line)
{
	(void)ctx;
	(void)line;
}

static int open_door(void **state)
{
	struct door *d = calloc(1, sizeof *d);
	struct bell_world world = {watch, unwatch, want_write, nothing, answer, nothing, d};
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(d->dir, "/tmp/t_bell.XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	(void)snprintf(d->path, sizeof d->path, "%s/s", d->dir);
	memcpy(a.sun_path, d->path, strlen(d->path) + 1);
	d->listens = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(d->listens, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(d->listens, 4), 0);
	d->b = bell_new(d->path, &world);
	*state = d;
	return 0;
}

static int close_door(void **state)
{
	struct door *d = *state;

	bell_free(d->b);
	if (d->theirs)
		close(d->theirs);
	close(d->listens);
	unlink(d->path);
	rmdir(d->dir);
	free(d);
	return 0;
}

/* Ingest's answer to all that was asked. */
static void answers(struct door *d)
{
	static const char line[] = "{\"id\":\"status\",\"status\":{}}\n";

	assert_true(bell_writable(d->b, d->ours));
	assert_int_equal(send(d->theirs, line, sizeof line - 1, 0), sizeof line - 1);
	assert_true(bell_readable(d->b, d->ours));
}

static void link_up(struct door *d, int64_t now)
{
	bell_tick(d->b, now);
	assert_true((d->theirs = accept(d->listens, NULL, NULL)) >= 0);
	answers(d);
	assert_true(bell_is_up(d->b));
}

static void test_silent(void **state)
{
	struct door *d = *state;
	int64_t now = clock_mono_ms();

	link_up(d, now);
	for (int i = 0; i < 5; i++) {
		now += 1000;
		bell_tick(d->b, now); /* asks */
		assert_int_equal(bell_silent_ms(d->b, now), 0);
		if (i < 3)
			answers(d);
	}
	/* the question of a second ago has no answer */
	assert_int_equal(bell_silent_ms(d->b, now + BELL_QUIET_MS - 1001), 0);
	assert_true(bell_silent_ms(d->b, now + BELL_QUIET_MS - 1000) >= BELL_QUIET_MS);
	now += 1000;
	bell_tick(d->b, now);
	assert_true(bell_silent_ms(d->b, now));
	answers(d);
	assert_int_equal(bell_silent_ms(d->b, now), 0);
}

static void test_held_up(void **state)
{
	struct door *d = *state;
	int64_t now = clock_mono_ms();

	link_up(d, now);
	bell_tick(d->b, now += 1000); /* a question is out; then we are stopped */
	bell_tick(d->b, now += 60000);
	assert_int_equal(bell_silent_ms(d->b, now), 0);
	assert_true(bell_is_up(d->b));
	answers(d);
	for (int i = 0; i < 20; i++) { /* a loop that has little time, again and again */
		bell_tick(d->b, now += 1900);
		assert_int_equal(bell_silent_ms(d->b, now), 0);
		answers(d);
	}
	bell_tick(d->b, now += 1000);
	bell_tick(d->b, now += 1000);
	assert_int_equal(bell_silent_ms(d->b, now), 0);
	bell_tick(d->b, now += 1000);
	assert_true(bell_silent_ms(d->b, now)); /* not for ever */
}

static void test_away(void **state)
{
	struct door *d = *state;
	int64_t now = clock_mono_ms();

	assert_int_equal(bell_silent_ms(d->b, now), 0); /* not yet */
	assert_true(bell_silent_ms(d->b, now + BELL_QUIET_MS + 1000));
	link_up(d, now);
	close(d->ours);
	bell_gone(d->b);
	assert_int_equal(bell_silent_ms(d->b, now), 0); /* one that is started again at once */
	assert_true(bell_silent_ms(d->b, now + BELL_QUIET_MS + 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_silent, open_door, close_door),
		cmocka_unit_test_setup_teardown(test_held_up, open_door, close_door),
		cmocka_unit_test_setup_teardown(test_away, open_door, close_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
