/* bell.h - client of ingest's local door in the loop: the bell of each commit, ingest's status, and the
 * requests of others (errands.h).
 *
 *   DOWN --connect (every 0.2 .. 2 s)--> UP: "listen", and "status" now and then
 *
 * A bell is a hint: whoever is rung looks into the database.  Bells that came together ring once. */
#ifndef XUNGE_SERVER_BELL_H
#define XUNGE_SERVER_BELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bell;
struct json_t; /* jansson's, whose header cannot stand beside core/json.h */

struct bell_world { /* what the loop does for it */
	void *(*watch)(void *ctx, int fd, struct bell *b); /* takes fd; NULL: cannot (fd is closed) */
	void (*unwatch)(void *watched);                    /* closes the fd */
	void (*want_write)(void *watched);
	void (*rung)(void *ctx);
	void (*answer)(void *ctx, const struct json_t *line); /* to what bell_send() asked: neither bell nor status */
	void (*lost)(void *ctx);                       /* the connection is over: no answer will come */
	void *ctx;
};

struct bell *bell_new(const char *socket_path, const struct bell_world *world);
void bell_free(struct bell *b);

/* Call about every 100 ms, at least every second: connects, asks for the status. */
void bell_tick(struct bell *b, int64_t now_mono_ms);

/* The loop's news of the fd.  False: the connection is over, the fd is to be closed. */
bool bell_readable(struct bell *b, int fd);
bool bell_writable(struct bell *b, int fd);
void bell_gone(struct bell *b); /* the loop closed the fd */

/* A request of others over the same connection.  False: nothing was sent, since ingest is away, does not answer, or
 * BELL_OUT_MAX bytes wait to be read by it. */
#define BELL_OUT_MAX (1024 * 1024)
bool bell_send(struct bell *b, const char *p, size_t n);

bool bell_is_up(const struct bell *b);
const struct json_t *bell_status(const struct bell *b); /* ingest's last status while up; NULL */
/* Since anything came from ingest, when it owes us an answer or is away, both for BELL_QUIET_MS; else 0. */
#define BELL_QUIET_MS 2000
int64_t bell_silent_ms(const struct bell *b, int64_t now_mono_ms);
uint64_t bell_rings(const struct bell *b);

#endif
