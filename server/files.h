/* files.h - photos on disk, and those that are on their way.
 *
 *   [files] dir/incoming/ID            an upload: as long as what came of it
 *   [files] dir/ab/cd/SHA256.DEVICE    a photo: ab, cd are the first digits of its hash; DEVICE brought it
 *
 *   files_begin --> OPEN --patch_begin..patch_done--> all bytes are there --files_finish--> DONE, or gone
 *
 * Invariants: a file under its final name is whole, of that hash, a picture, and on disk (fsync of it and of its
 * folders) before anybody is told so.  The offset of an upload is the length of its file: a kill loses no more than a
 * power cut would, and the hash tells.  A photo that an event of its device names is never removed; one that no such
 * event names is, when it is as old as [files] unnamed_s.  Names on disk are made of a checked hash and a checked device. */
#ifndef XUNGE_SERVER_FILES_H
#define XUNGE_SERVER_FILES_H

#include "base/conf.h"
#include "core/image.h"
#include "schema/store.h"
#include "server/sessiondb.h"
#include "server/worker.h"

#define FILES_PIXELS_MAX 50000000   /* of a photo */
#define FILES_UPLOADS_MAX 65536     /* known at once: unfinished ones, and those of the last day */
#define FILES_SPARE_BYTES (256 << 20) /* that the disk keeps free: events go before photos */
#define FILES_DAY_MS (24 * 3600 * 1000LL)

struct files;
struct upload;
struct patch;

struct files_counts {
	uint64_t begun, done, refused, expired, bytes, orphans;
};

enum files_way { FILES_POST, FILES_PATCH, FILES_HEAD }; /* what asked for the finish */

struct files_end { /* what came of it */
	enum err e;         /* OK; ERR_INVALID: it is no such photo, and gone; else it may be tried again */
	int status;         /* of the HTTP problem */
	const char *code;
	char detail[160];
};

struct files_world {
	/* The finish that was asked for by this ticket is over; u is NULL when it is gone. */
	void (*finished)(void *ctx, uint64_t ticket, enum files_way way, const struct upload *u, const struct files_end *end);
	void *ctx;
};

/* *out NULL: [files] dir is not set, photos are not taken.  server_db: where uploads are kept; db_path: the records, by which the
 * sweep knows who names what. */
enum err files_open(struct conf *c, const char *server_db, const char *db_path, const struct files_world *world,
	struct files **out, struct why *why) MUST_CHECK;
void files_free(struct files *f); /* after the worker */
void files_use(struct files *f, struct worker *w);

int64_t files_max_bytes(const struct files *f);
const struct files_counts *files_counts(const struct files *f);
size_t files_open_uploads(const struct files *f);

/* ---- an upload */

struct upload_ask {
	const char *device, *sha256; /* checked */
	enum image_kind kind;
	int64_t length;
};

/* ERR_FULL: *end says which bound was met. */
enum err files_begin(struct files *f, const struct upload_ask *ask, int64_t now_ms, struct upload **out, struct files_end *end) MUST_CHECK;
/* NULL: there is none of that device. */
struct upload *files_find(struct files *f, struct slice id, const char *device);
const char *upload_id(const struct upload *u);
int64_t upload_length(const struct upload *u);
int64_t upload_offset(const struct upload *u);
bool upload_is_full(const struct upload *u);   /* all bytes are there, and it is not done: files_finish() */
bool upload_is_done(const struct upload *u);
int64_t upload_expires_ms(const struct files *f, const struct upload *u);
void files_stop_writer(struct upload *u); /* a connection that still writes to it writes to nothing from now on */
void files_drop(struct files *f, struct upload *u);

/* Checks all of it and puts it in its place, on a helper thread; the world is told.  ERR_BUSY: no room, ask again. */
enum err files_finish(struct files *f, struct upload *u, uint64_t ticket, enum files_way way) MUST_CHECK;

/* ---- bytes that go on an upload, at its offset */

enum patch_sum { PATCH_NO_SUM, PATCH_SHA1, PATCH_SHA256 };
struct patch_check {
	enum patch_sum how;
	unsigned char sum[32];
};

/* The writer before it, if any, is stopped.  ERR_FULL: too many at once.  ERR_NOTFOUND: its file is gone. */
enum err patch_begin(struct files *f, struct upload *u, const struct patch_check *check, struct patch **out) MUST_CHECK;
void patch_take(struct patch *p, const void *bytes, size_t n);
/* OK: kept.  ERR_INVALID: other bytes than the checksum says; taken back.  ERR_STALE: another writer, or it is gone.  ERR_IO. */
enum err patch_end(struct patch *p) MUST_CHECK;
struct upload *patch_upload(struct patch *p); /* NULL: gone, or another writer's */
void patch_free(struct patch *p); /* what came stays */

/* ---- photos */

/* Opens the photo that device brought; -1: not here. */
int files_photo(const struct files *f, const char *sha256, const char *device);
bool files_has(const struct files *f, const char *sha256, const char *device);

/* ---- once a second.  st: the records, NULL while they cannot be read; db: their id; moved: something was committed */
void files_sweep(struct files *f, struct store *st, const char *db, bool moved, int64_t now_ms);

#endif
