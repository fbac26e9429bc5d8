#include "server/bell.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/door.h"
#include "base/log.h"

#define FIRST_WAIT_MS 200
#define LONGEST_WAIT_MS 2000
#define STATUS_MS 1000
#define SILENCE_MS 6000 /* without an answer: ingest hangs, whatever its socket says */
#define HELD_UP_MS 1500 /* between two ticks: we were stopped ourselves, ingest gets its time again */
#define READ_MAX (256 * 1024) /* bytes taken at one go: the others of the loop get their turn */

struct bell {
	char *path;
	struct bell_world world;
	void *watched; /* NULL: down */
	bool up;       /* its first answer came */
	bool said_down;
	struct buf in, out;
	json_t *status;
	int64_t next_mono_ms, wait_ms; /* next try, while down */
	int64_t status_mono_ms;        /* next question, while up */
	int64_t heard_mono_ms;         /* the tick after which anything came */
	int64_t asked_mono_ms;         /* the question that has no answer yet; 0: none */
	int64_t tick_mono_ms;
	uint64_t rings;
};

struct bell *bell_new(const char *socket_path, const struct bell_world *world)
{
	struct bell *b = xcalloc(1, sizeof *b);

	b->path = xstrdup(socket_path);
	b->world = *world;
	b->wait_ms = FIRST_WAIT_MS;
	b->heard_mono_ms = b->tick_mono_ms = clock_mono_ms();
	return b;
}

void bell_free(struct bell *b)
{
	if (!b)
		return;
	if (b->watched)
		b->world.unwatch(b->watched);
	buf_done(&b->in);
	buf_done(&b->out);
	json_decref(b->status);
	free(b->path);
	free(b);
}

static void connect_door(struct bell *b)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(b->path) >= sizeof a.sun_path)
		return;
	memcpy(a.sun_path, b->path, strlen(b->path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		return;
	}
	buf_clear(&b->in);
	buf_clear(&b->out);
	buf_adds(&b->out, "{\"op\":\"listen\"}\n{\"op\":\"status\",\"id\":\"status\"}\n");
	b->watched = b->world.watch(b->world.ctx, fd, b);
	if (b->watched)
		b->world.want_write(b->watched);
}

/* What it said last is no longer known to be true. */
static void lost(struct bell *b, const char *how)
{
	if (!b->said_down)
		log_warn("bell", "ingest %s, the database is asked instead socket=%s", how, b->path);
	b->said_down = true;
	b->up = false;
	json_decref(b->status);
	b->status = NULL;
}

void bell_tick(struct bell *b, int64_t now_mono_ms)
{
	if (now_mono_ms - b->tick_mono_ms >= HELD_UP_MS) {
		b->heard_mono_ms += now_mono_ms - b->tick_mono_ms;
		b->asked_mono_ms += b->asked_mono_ms ? now_mono_ms - b->tick_mono_ms : 0;
	}
	b->tick_mono_ms = now_mono_ms;
	if (!b->watched) {
		if (now_mono_ms < b->next_mono_ms)
			return;
		b->next_mono_ms = now_mono_ms + b->wait_ms;
		b->wait_ms = b->wait_ms * 2 < LONGEST_WAIT_MS ? b->wait_ms * 2 : LONGEST_WAIT_MS;
		connect_door(b);
		b->asked_mono_ms = b->watched ? now_mono_ms : 0;
		b->status_mono_ms = now_mono_ms + STATUS_MS;
		return;
	}
	if (b->up && now_mono_ms - b->heard_mono_ms > SILENCE_MS)
		lost(b, "does not answer");
	if (now_mono_ms < b->status_mono_ms || b->out.n) /* one question at a time */
		return;
	b->status_mono_ms = now_mono_ms + STATUS_MS;
	buf_adds(&b->out, "{\"op\":\"status\",\"id\":\"status\"}\n");
	if (!b->asked_mono_ms)
		b->asked_mono_ms = now_mono_ms;
	b->world.want_write(b->watched);
}

static void line(struct bell *b, const char *p, size_t n, bool *rung)
{
	json_t *j = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL), *status;
	const char *op;

	if (!j) {
		log_debug("bell", "line is not JSON bytes=%zu", n);
		return;
	}
	op = json_string_value(json_object_get(j, "op"));
	status = json_object_get(j, "status");
	if (op && strcmp(op, "bell") == 0) {
		*rung = true;
	} else if (json_is_object(status)) {
		json_decref(b->status);
		b->status = json_incref(status);
	} else {
		b->world.answer(b->world.ctx, j);
	}
	b->heard_mono_ms = b->tick_mono_ms;
	b->asked_mono_ms = 0;
	if (!b->up) {
		b->up = true;
		b->wait_ms = FIRST_WAIT_MS;
		if (b->said_down)
			log_info("bell", "ingest is back socket=%s", b->path);
		b->said_down = false;
	}
	json_decref(j);
}

bool bell_readable(struct bell *b, int fd)
{
	char chunk[16384];
	bool rung = false, open = true;
	size_t from = 0, got = 0;
	ssize_t n = 0;

	while (got < READ_MAX && (n = read(fd, chunk, sizeof chunk)) > 0) {
		buf_add(&b->in, chunk, (size_t)n);
		got += (size_t)n;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		open = false;
	for (char *nl; b->in.n > from && (nl = memchr(b->in.p + from, '\n', b->in.n - from));) {
		line(b, b->in.p + from, (size_t)(nl - b->in.p) - from, &rung);
		from = (size_t)(nl - b->in.p) + 1;
	}
	buf_drop(&b->in, from);
	if (b->in.n > DOOR_LINE_MAX)
		open = false; /* that is no door */
	if (rung) {
		b->rings++;
		b->world.rung(b->world.ctx);
	}
	return open;
}

bool bell_writable(struct bell *b, int fd)
{
	while (b->out.n) {
		ssize_t n = send(fd, b->out.p, b->out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			b->world.want_write(b->watched);
			return true;
		}
		if (n <= 0)
			return false;
		buf_drop(&b->out, (size_t)n);
	}
	return true;
}

void bell_gone(struct bell *b)
{
	lost(b, "is away");
	b->watched = NULL;
	b->next_mono_ms = 0;
	b->world.lost(b->world.ctx);
}

bool bell_send(struct bell *b, const char *p, size_t n)
{
	if (!b->watched || !b->up || b->out.n + n > BELL_OUT_MAX)
		return false;
	buf_add(&b->out, p, n);
	b->world.want_write(b->watched);
	return true;
}

bool bell_is_up(const struct bell *b)
{
	return b->up;
}

const struct json_t *bell_status(const struct bell *b)
{
	return b->status;
}

int64_t bell_silent_ms(const struct bell *b, int64_t now_mono_ms)
{
	bool owes = !b->watched || (b->asked_mono_ms && now_mono_ms - b->asked_mono_ms >= BELL_QUIET_MS);

	return owes && now_mono_ms - b->heard_mono_ms >= BELL_QUIET_MS ? now_mono_ms - b->heard_mono_ms : 0;
}

uint64_t bell_rings(const struct bell *b)
{
	return b->rings;
}
