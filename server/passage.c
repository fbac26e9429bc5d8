#include "server/passage.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/wire.h"

#define MQTT_CONNECT 0x10 /* first byte of a CONNECT packet */

static void account(struct passage *p, size_t before)
{
	p->all->bytes += p->up.n + p->down.n - before;
}

static void end(struct passage *p)
{
	if (p->killed)
		return;
	p->killed = true;
	wire_kill(p->carrier);
}

static void cut(struct passage *p)
{
	p->all->cut++;
	end(p);
}

/* ------------------------------------------------------------------ the broker's side */

static bool broker_readable(void *ctx, int fd)
{
	struct passage *p = ctx;
	char piece[PASSAGE_PIECE];
	size_t before = p->up.n + p->down.n;
	ssize_t n = read(fd, piece, sizeof piece);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	if (p->down.n + (size_t)n > PASSAGE_DOWN_MAX || p->all->bytes + (size_t)n > PASSAGES_BYTES_MAX) {
		cut(p);
		return false;
	}
	buf_add(&p->down, piece, (size_t)n);
	account(p, before);
	wire_want_write(p->carrier);
	return true;
}

static bool broker_writable(void *ctx, int fd)
{
	struct passage *p = ctx;
	size_t before = p->up.n + p->down.n;
	ssize_t n = p->up.n ? send(fd, p->up.p, p->up.n, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
		return false;
	if (n > 0)
		buf_drop(&p->up, (size_t)n);
	if (!p->up.n)
		buf_done(&p->up); /* most phones are silent most of the time */
	account(p, before);
	if (p->up.n)
		wire_watch_write(p->broker);
	return true;
}

static void broker_gone(void *ctx)
{
	struct passage *p = ctx;

	p->broker = NULL;
	p->ended = true;
	if (!p->killed)
		wire_want_write(p->carrier);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof a.sun_path)
		return -1;
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* host is an address, or a name that the machine itself knows: nobody else is asked while the loop waits. */
static int connect_tcp(const char *host, int port)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST}, *found = NULL;
	char service[8];
	int fd = -1, on = 1;

	(void)snprintf(service, sizeof service, "%d", port); /* fits */
	if (getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, service, &want, &found) != 0)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0 && errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* slower without, still right */
	freeaddrinfo(found);
	return fd;
}

/* ------------------------------------------------------------------ the phone's side */

bool passages_room(const struct passages *ps)
{
	return ps->n < PASSAGES_MAX && ps->bytes < PASSAGES_BYTES_MAX;
}

bool passage_open(struct passages *ps, struct passage *p, void *carrier, int64_t now_mono_ms)
{
	const struct wire_fd calls = {broker_readable, broker_writable, broker_gone, p};
	int fd = ps->socket ? connect_unix(ps->socket) : connect_tcp(ps->host, ps->port);

	if (fd < 0 || !(p->broker = wire_watch(ps->wire, fd, &calls))) {
		ps->refused++;
		return false;
	}
	p->all = ps;
	p->carrier = carrier;
	p->opened_mono_ms = now_mono_ms;
	p->at = &ps->first;
	p->next = ps->first;
	if (p->next)
		p->next->at = &p->next;
	ps->first = p;
	ps->n++;
	ps->opened++;
	return true;
}

void passage_gone(struct passage *p)
{
	if (!p->all)
		return;
	if (p->broker)
		wire_unwatch(p->broker);
	p->broker = NULL;
	p->all->bytes -= p->up.n + p->down.n;
	buf_done(&p->up);
	buf_done(&p->down);
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	p->all->n--;
	p->all = NULL;
}

bool passage_take(struct passage *p, const char *bytes, size_t n)
{
	size_t before = p->up.n + p->down.n;

	if (!n || p->killed)
		return true;
	if (!p->greeted && (unsigned char)bytes[0] != MQTT_CONNECT) {
		p->all->cut++;
		return false;
	}
	p->greeted = true;
	if (!p->broker)
		return true; /* it hung up: the phone learns it in a moment */
	if (p->up.n + n > PASSAGE_UP_MAX || p->all->bytes + n > PASSAGES_BYTES_MAX) {
		p->all->cut++;
		return false;
	}
	buf_add(&p->up, bytes, n);
	account(p, before);
	wire_watch_write(p->broker);
	return true;
}

struct slice passage_piece(const struct passage *p)
{
	size_t n = p->down.n < PASSAGE_PIECE ? p->down.n : PASSAGE_PIECE;

	return (struct slice){p->down.p, (uint32_t)n};
}

void passage_wrote(struct passage *p, size_t n)
{
	size_t before = p->up.n + p->down.n;

	buf_drop(&p->down, n);
	if (!p->down.n)
		buf_done(&p->down);
	account(p, before);
}

bool passage_is_over(const struct passage *p)
{
	return p->ended && !p->down.n;
}

void passages_sweep(struct passages *ps, int64_t now_mono_ms)
{
	for (struct passage *p = ps->first; p; p = p->next)
		if (!p->greeted && now_mono_ms - p->opened_mono_ms >= PASSAGE_CONNECT_MS)
			cut(p);
}
