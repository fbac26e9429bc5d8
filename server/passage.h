/* passage.h - /mqtt: a phone's browser speaks MQTT over a WebSocket of this server's own origin; its bytes are carried to
 * the broker and back, unread.  The broker signs in, limits and times out as it does on its own port.
 *
 *   OPEN --first byte is a CONNECT's (within 10 s)--> CARRYING --either side ends--> the other is ended
 *
 * Nobody waits for a slow side: what waits for the broker or the phone is bounded, and a passage that would go beyond
 * is ended; phones send again what was not acknowledged. */
#ifndef XUNGE_SERVER_PASSAGE_H
#define XUNGE_SERVER_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PASSAGE_PROTOCOL "mqtt"
#define PASSAGES_MAX 2000                  /* at once; beyond: 503 */
#define PASSAGE_UP_MAX (1280 * 1024)       /* bytes for the broker: one packet of its greatest size, and some */
#define PASSAGE_DOWN_MAX (256 * 1024)      /* bytes for the phone */
#define PASSAGES_BYTES_MAX (64 * 1024 * 1024) /* of all */
#define PASSAGE_CONNECT_MS 10000
#define PASSAGE_PIECE (16 * 1024)

struct wire;
struct wire_watch;
struct passages;

struct passage { /* zeroed before passage_open */
	struct passages *all;
	struct passage *next, **at;
	void *carrier;            /* the WebSocket */
	struct wire_watch *broker;
	struct buf up, down;      /* on their way to the broker, to the phone */
	int64_t opened_mono_ms;
	bool greeted;             /* the first byte was a CONNECT's */
	bool ended;               /* the broker has hung up: what is in `down` still goes out */
	bool killed;
};

struct passages {
	struct wire *wire;
	const char *socket, *host; /* of the broker: a Unix socket, else host and port */
	int port;
	struct passage *first;
	size_t n, bytes;
	uint64_t opened, refused, cut; /* cut: for a bound, or a first byte that was no CONNECT's */
};

/* Is there room for another? */
bool passages_room(const struct passages *ps);
/* False: the broker cannot be reached. */
bool passage_open(struct passages *ps, struct passage *p, void *carrier, int64_t now_mono_ms);
void passage_gone(struct passage *p); /* the WebSocket is no more */
/* Bytes from the phone.  False: end it. */
bool passage_take(struct passage *p, const char *bytes, size_t n);
/* What to write to the phone now, at most PASSAGE_PIECE; then passage_wrote. */
struct slice passage_piece(const struct passage *p);
void passage_wrote(struct passage *p, size_t n);
bool passage_is_over(const struct passage *p); /* nothing more will come */
void passages_sweep(struct passages *ps, int64_t now_mono_ms);

#endif
