/* door.h - client of ingest's local door (ingest/DOOR.md), blocking, for the command.
 * The server speaks the same lines from its own loop. */
#ifndef XUNGE_BASE_DOOR_H
#define XUNGE_BASE_DOOR_H

#include "base/buf.h"

#define DOOR_LINE_MAX (1024 * 1024) /* bytes of a line, either way */
#define DOOR_PAYLOAD_MAX (1024 * 1024)

struct door;

/* ERR_CLOSED: nobody listens there (no socket, or refused); ERR_DENIED: the socket is not for us. */
enum err door_open(const char *path, struct door **out, struct why *why) MUST_CHECK;
void door_close(struct door *d);

/* Sends one request line (without its newline) and payload, waits up to timeout_ms for one line.
 * answer is cleared and filled, without the newline.  An error closes the connection for good. */
enum err door_call(struct door *d, const char *line, struct slice payload, int timeout_ms,
	struct buf *answer, struct why *why) MUST_CHECK;

#endif
