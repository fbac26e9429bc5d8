/* sync.h - what a phone needs, and nothing more: its people, their places, rules and duties, the catalogue, the calendar, the
 * cases they have, their own figures, and what became of what the phone sent.
 *
 * The first answer is whole.  After that a list comes again only when it changed, and then whole: what it no longer
 * holds is the phone's no more.  A cursor says which database and device it is of, up to which commit the registry was
 * looked at, which day it was, and what the lists held (a hash each); one of another database or device is refused.
 * Who asks for what is new, and nothing of it concerns (schema/concerned.h), is answered without reading the lists. */
#ifndef XUNGE_SCHEMA_SYNC_H
#define XUNGE_SCHEMA_SYNC_H

#include "base/buf.h"
#include "schema/store.h"

#define SYNC_CURSOR 192      /* room for a cursor */
#define SYNC_STATE 33        /* room for the name of a state */
#define SYNC_PLACES 500      /* areas, and reaches: the nearest levels first */
#define SYNC_CASES 100       /* the nearest deadlines first */
#define SYNC_RESULTS 200     /* the newest */
#define SYNC_PATROLS 30
#define SYNC_PEOPLE 16       /* who may act on one phone */
#define SYNC_OUTLINES 20     /* reaches with a line; grids with their border */

#define SYNC_CASE_PHOTOS 12  /* of a case that somebody has, the newest */
#define SYNC_PHOTO_DAYS 8    /* a phone keeps what it sent for 7 */
#define SYNC_PHOTOS_MAX 500  /* the newest are looked at */
#define SYNC_WANTED_MAX 100  /* and so many asked for at once */

/* The files are the server's. */
struct sync_photos {
	int64_t max_bytes;
	bool (*has)(void *ctx, const char *sha256, const char *device);
	void *ctx;
};

/* In one snapshot (live_begin).  cursor: as the phone sent it; NULL or "": none.  Writes one JSON object into out.
 * ERR_NOTFOUND: no such device (or revoked).  ERR_STALE: the cursor is of another database, device or program.
 * photos: NULL when none are taken.  state: names what the phone knows after this answer; the clock and other people's events do not
 * change it. */
enum err sync_read(struct store *st, const char *device, const char *cursor, int64_t now_ms, const struct sync_photos *photos,
	struct buf *out, char state[SYNC_STATE]) MUST_CHECK;

/* Phones that are online, or were heard within SYNC_HEARD_MS: this person's, and those on which he may act. */
#define SYNC_HEARD_MS 120000
enum err sync_phones(struct store *st, const char *person, int64_t now_ms,
	void (*row)(void *ctx, const char *device, const char *district), void *ctx) MUST_CHECK;
/* Those who have one. */
enum err sync_people(struct store *st, int64_t now_ms, void (*row)(void *ctx, const char *person), void *ctx) MUST_CHECK;

/* The district that a device is enrolled in.  ERR_NOTFOUND: no such device, or revoked. */
enum err sync_district(struct store *st, const char *device, char out[8]) MUST_CHECK;

#endif
