#include "base/door.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define DOOR_CONNECT_S 5 /* a full backlog: connect() waits so long */

struct door {
	int fd;        /* -1: closed for good */
	struct buf in; /* bytes behind the last answer */
};

enum err door_open(const char *path, struct door **out, struct why *why)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = DOOR_CONNECT_S};
	struct door *d;
	int fd, n;

	if (strlen(path) >= sizeof a.sun_path)
		return why_set(why, ERR_INVALID, "local door %s: the path is longer than %zu bytes",
			path, sizeof a.sun_path - 1);
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return why_set(why, ERR_IO, "local door %s: %s", path, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait); /* else it waits longer */
	do
		n = connect(fd, (struct sockaddr *)&a, sizeof a);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		int no = errno;

		(void)close(fd); /* nothing was written */
		if (no == ENOENT || no == ENOTDIR || no == ECONNREFUSED)
			return why_set(why, ERR_CLOSED, "local door %s: ingest does not run", path);
		if (no == EACCES || no == EPERM)
			return why_set(why, ERR_DENIED,
				"local door %s: no permission; run as the user or group of ingest", path);
		if (no == EAGAIN)
			return why_set(why, ERR_BUSY, "local door %s: ingest does not answer", path);
		return why_set(why, ERR_IO, "local door %s: %s", path, strerror(no));
	}
	d = xcalloc(1, sizeof *d);
	d->fd = fd;
	*out = d;
	return OK;
}

void door_close(struct door *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		(void)close(d->fd); /* a stream socket: what was sent is sent */
	buf_done(&d->in);
	free(d);
}

static enum err broken(struct door *d, enum err e)
{
	(void)close(d->fd); /* the error is told already */
	d->fd = -1;
	return e;
}

/* Moves the first line of d->in into answer; false: there is no whole line yet. */
static bool take_line(struct door *d, struct buf *answer)
{
	char *nl = d->in.n ? memchr(d->in.p, '\n', d->in.n) : NULL;

	if (!nl)
		return false;
	buf_clear(answer);
	buf_add(answer, d->in.p, (size_t)(nl - d->in.p));
	buf_drop(&d->in, (size_t)(nl - d->in.p) + 1);
	return true;
}

/* Reads what is there.  ERR_CLOSED at the end of the stream. */
static enum err fill(struct door *d, struct why *why)
{
	ssize_t n;

	buf_reserve(&d->in, 65536);
	n = recv(d->fd, d->in.p + d->in.n, 65536, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return OK;
	if (n < 0 && errno != ECONNRESET)
		return why_set(why, ERR_IO, "local door: %s", strerror(errno));
	if (n <= 0)
		return why_set(why, ERR_CLOSED, "local door: ingest hung up before its answer");
	d->in.n += (size_t)n;
	d->in.p[d->in.n] = '\0';
	return OK;
}

enum err door_call(struct door *d, const char *line, struct slice payload, int timeout_ms,
	struct buf *answer, struct why *why)
{
	struct buf out = {0};
	int64_t due_mono_ms = clock_mono_ms() + timeout_ms;
	bool deaf = false; /* it reads no more, but may have said why */
	size_t sent = 0;
	enum err e = OK;

	assert(!strchr(line, '\n'));
	if (d->fd < 0)
		return why_set(why, ERR_CLOSED, "local door: closed after an error");
	if (strlen(line) >= DOOR_LINE_MAX || payload.n > DOOR_PAYLOAD_MAX)
		return why_set(why, ERR_INVALID, "local door: request larger than %d bytes",
			DOOR_LINE_MAX);
	buf_adds(&out, line);
	buf_addc(&out, '\n');
	buf_add(&out, payload.p, payload.n);
	for (;;) {
		struct pollfd p = {.fd = d->fd, .events = POLLIN};
		int64_t left_ms = due_mono_ms - clock_mono_ms();
		int n;

		if (sent < out.n && !deaf)
			p.events |= POLLOUT;
		n = poll(&p, 1, left_ms > 0 ? (int)left_ms : 0);
		if (n < 0 && errno != EINTR) {
			e = why_set(why, ERR_IO, "local door: %s", strerror(errno));
			break;
		}
		if (n == 0) {
			e = why_set(why, ERR_BUSY,
				"local door: ingest gave no answer within %d s; it may still do what was asked",
				(timeout_ms + 999) / 1000);
			break;
		}
		if (n < 0)
			continue;
		if (p.revents & POLLOUT) {
			ssize_t w = send(d->fd, out.p + sent, out.n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

			if (w > 0)
				sent += (size_t)w;
			else if (w < 0 && errno != EAGAIN && errno != EINTR)
				deaf = true;
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			if ((e = fill(d, why)) != OK)
				break;
			if (take_line(d, answer))
				break;
			if (d->in.n > DOOR_LINE_MAX) {
				e = why_set(why, ERR_INVALID, "local door: answer longer than %d bytes",
					DOOR_LINE_MAX);
				break;
			}
		}
	}
	/* An answer before the request was out means a refusal: the stream is out of step. */
	if (e != OK)
		e = broken(d, e);
	else if (sent < out.n)
		(void)broken(d, OK);
	buf_done(&out);
	return e;
}
