/* localdoor.h - the server of the local door (DOOR.md): what does not come by MQTT, and the bell.
 *
 * Bounds: LOCALDOOR_CONNS connections, one more is told so and closed; a request line and a payload
 * of 1 MiB each; 1 MiB of unread answers, then the connection is closed; of bells a slow reader
 * gets the newest only; LOCALDOOR_EVENTS payloads wait for one commit, the next makes it happen. */
#ifndef XUNGE_INGEST_LOCALDOOR_H
#define XUNGE_INGEST_LOCALDOOR_H

#include <poll.h>

#include "base/buf.h"
#include "ingest/writer.h"

#define LOCALDOOR_CONNS 64
#define LOCALDOOR_EVENTS 1024

struct localdoor_hooks {
	void *ctx;
	void (*accounts)(void *ctx, bool revoked);  /* devices changed, durably; not yet answered */
	void (*status)(void *ctx, struct buf *out); /* writes one JSON object */
};

struct localdoor_counts {
	uint64_t accepted, refused, requests, bad, cut; /* cut: closed for unread answers or broken framing */
};

struct localdoor;

/* Listens on a Unix socket at path, mode 0660; a stale socket is replaced, a live one is ERR_BUSY.
 * Borrows w, which may be given later with localdoor_writer(). */
enum err localdoor_open(const char *path, const struct localdoor_hooks *hooks, struct localdoor **out, struct why *why) MUST_CHECK;
void localdoor_writer(struct localdoor *d, struct writer *w);
void localdoor_close(struct localdoor *d); /* and removes the socket */

/* For poll(): fills at most LOCALDOOR_CONNS + 1 entries, returns how many. */
size_t localdoor_poll(struct localdoor *d, struct pollfd *p);
/* p, n: as localdoor_poll filled them and poll answered. */
void localdoor_turn(struct localdoor *d, const struct pollfd *p, size_t n);

/* Hooks of the writer. */
bool localdoor_acked(struct localdoor *d, const struct intake_ack *ack); /* false: not of this door */
void localdoor_committed(struct localdoor *d, const struct head *head, bool rang);
void localdoor_dropped(struct localdoor *d, enum err e);

size_t localdoor_conns(const struct localdoor *d);
const struct localdoor_counts *localdoor_counts(const struct localdoor *d);

#endif
