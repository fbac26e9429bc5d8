#include "base/door.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* What the other side does with one connection. */
struct peer {
	char dir[64], path[96];
	int fd;
	pthread_t thread;
	void (*talk)(int fd);
};

static void *serve(void *ctx)
{
	struct peer *p = ctx;
	int c = accept(p->fd, NULL, NULL);

	if (c >= 0) {
		p->talk(c);
		(void)close(c); /* a test's socket */
	}
	return NULL;
}

static void peer_start(struct peer *p, void (*talk)(int fd))
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	*p = (struct peer){.talk = talk};
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/t_door.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->path, sizeof p->path, "%s/door", p->dir);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", p->path);
	p->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(p->fd >= 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(p->fd, 1), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void peer_stop(struct peer *p)
{
	assert_int_equal(pthread_join(p->thread, NULL), 0);
	(void)close(p->fd);
	(void)unlink(p->path);
	(void)rmdir(p->dir);
}

static void say(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t w = send(fd, s, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		s += w;
		n -= (size_t)w;
	}
}

/* Reads n bytes; returns how many came before the end. */
static size_t hear(int fd, char *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = recv(fd, p + got, n - got, 0);

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

static void talk_echo(int fd)
{
	char b[64];

	/* {"op":"x"}\n then {"op":"y","len":5}\nhello: answered in pieces, the second at once */
	if (hear(fd, b, 11) != 11)
		return;
	say(fd, "{\"ok\"", 5);
	(void)usleep(2000);
	say(fd, ":true}\n{\"op\"", 12);
	if (hear(fd, b, 24) != 24 || memcmp(b + 19, "hello", 5) != 0)
		return;
	say(fd, ":\"second\"}\n", 11);
}

static void t_call(void **state)
{
	struct peer p;
	struct door *d = NULL;
	struct buf a = {0};
	struct why why;

	(void)state;
	peer_start(&p, talk_echo);
	assert_int_equal(door_open(p.path, &d, &why), OK);
	assert_int_equal(door_call(d, "{\"op\":\"x\"}", (struct slice){0}, 5000, &a, &why), OK);
	assert_string_equal(a.p, "{\"ok\":true}");
	assert_int_equal(
		door_call(d, "{\"op\":\"y\",\"len\":5}", slice_of("hello"), 5000, &a, &why), OK);
	assert_string_equal(a.p, "{\"op\":\"second\"}");
	door_close(d);
	peer_stop(&p);
	buf_done(&a);
}

/* A whole MiB each way, so that both sides' socket buffers run full. */
static void talk_large(int fd)
{
	char *b = xcalloc(1, DOOR_PAYLOAD_MAX);

	if (hear(fd, b, 3) == 3 && hear(fd, b, DOOR_PAYLOAD_MAX) == DOOR_PAYLOAD_MAX &&
		b[DOOR_PAYLOAD_MAX - 1] == 'z') {
		memset(b, 'a', DOOR_LINE_MAX);
		b[DOOR_LINE_MAX - 1] = '\n';
		say(fd, b, DOOR_LINE_MAX);
	}
	free(b);
}

static void t_large(void **state)
{
	struct peer p;
	struct door *d = NULL;
	struct buf a = {0};
	struct why why = {""};
	char *big = xcalloc(1, DOOR_PAYLOAD_MAX + 2);

	(void)state;
	memset(big, 'z', DOOR_PAYLOAD_MAX + 1);
	peer_start(&p, talk_large);
	assert_int_equal(door_open(p.path, &d, &why), OK);
	assert_int_equal(
		door_call(d, "{}", (struct slice){big, DOOR_PAYLOAD_MAX + 1}, 5000, &a, &why),
		ERR_INVALID);
	assert_int_equal(
		door_call(d, "{}", (struct slice){big, DOOR_PAYLOAD_MAX}, 20000, &a, &why), OK);
	assert_int_equal(a.n, DOOR_LINE_MAX - 1);
	door_close(d);
	peer_stop(&p);
	buf_done(&a);
	free(big);
}

/* Refuses the request line and goes, while we still send. */
static void talk_refuse(int fd)
{
	char b[3];

	if (hear(fd, b, 3) == 3)
		say(fd, "{\"error\":{\"code\":\"invalid\"}}\n", 29);
}

static void t_refused(void **state)
{
	struct peer p;
	struct door *d = NULL;
	struct buf a = {0};
	struct why why = {""};
	char *big = xcalloc(1, DOOR_PAYLOAD_MAX);
	enum err e;

	(void)state;
	peer_start(&p, talk_refuse);
	assert_int_equal(door_open(p.path, &d, &why), OK);
	e = door_call(d, "{}", (struct slice){big, DOOR_PAYLOAD_MAX}, 20000, &a, &why);
	/* With unread bytes on its side the kernel may reset and take the answer along. */
	assert_true(e == OK || e == ERR_CLOSED);
	if (e == OK)
		assert_string_equal(a.p, "{\"error\":{\"code\":\"invalid\"}}");
	assert_int_equal(door_call(d, "{}", (struct slice){0}, 100, &a, &why), ERR_CLOSED);
	door_close(d);
	peer_stop(&p);
	buf_done(&a);
	free(big);
}

static void talk_half(int fd)
{
	char b[3];

	if (hear(fd, b, 3) == 3)
		say(fd, "{\"ok\":", 6); /* and hangs up */
}

static void talk_silent(int fd)
{
	char b[8];

	(void)hear(fd, b, sizeof b); /* until the client goes */
}

static void talk_endless(int fd)
{
	char *b = xcalloc(1, 2 * DOOR_LINE_MAX);

	memset(b, 'a', 2 * DOOR_LINE_MAX);
	say(fd, b, 2 * DOOR_LINE_MAX);
	free(b);
}

static void fails(void (*talk)(int), int timeout_ms, enum err want)
{
	struct peer p;
	struct door *d = NULL;
	struct buf a = {0};
	struct why why = {""};

	peer_start(&p, talk);
	assert_int_equal(door_open(p.path, &d, &why), OK);
	assert_int_equal(door_call(d, "{}", (struct slice){0}, timeout_ms, &a, &why), want);
	assert_true(why.text[0]);
	assert_int_equal(door_call(d, "{}", (struct slice){0}, 1, &a, &why), ERR_CLOSED);
	door_close(d);
	peer_stop(&p);
	buf_done(&a);
}

static void t_fails(void **state)
{
	(void)state;
	fails(talk_half, 5000, ERR_CLOSED);
	fails(talk_silent, 1, ERR_BUSY);
	fails(talk_endless, 20000, ERR_INVALID);
}

static void t_nobody(void **state)
{
	char dir[] = "/tmp/t_door.XXXXXX", path[64], far[300];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct door *d = NULL;
	struct why why = {""};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/door", dir);
	assert_int_equal(door_open(path, &d, &why), ERR_CLOSED);
	/* a socket that a dead ingest left behind */
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	(void)close(fd);
	assert_int_equal(door_open(path, &d, &why), ERR_CLOSED);
	memset(far, 'x', sizeof far - 1);
	far[sizeof far - 1] = '\0';
	assert_int_equal(door_open(far, &d, &why), ERR_INVALID);
	assert_null(d);
	door_close(NULL);
	(void)unlink(path);
	(void)rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_call),
		cmocka_unit_test(t_large),
		cmocka_unit_test(t_refused),
		cmocka_unit_test(t_fails),
		cmocka_unit_test(t_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
