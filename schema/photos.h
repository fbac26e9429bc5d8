/* photos.h - which events name a photo (by its SHA-256), and who may see it.  The files are the server's; a photo is seen
 * as what a device brought: an event opens no file but one that its own device brought itself, so that who merely knows a
 * hash gets nothing. */
#ifndef XUNGE_SCHEMA_PHOTOS_H
#define XUNGE_SCHEMA_PHOTOS_H

#include "core/event.h"
#include "schema/store.h"

#define PHOTO_HEX 65 /* 64 hex digits, NUL */

/* Where the photo that a device brought lies in [files] dir: ab/cd/SHA256.DEVICE.  False: such a photo cannot be, no file
 * may be named after what was said. */
#define PHOTO_PLACE 104
bool photos_place(const char *sha256, const char *device, char out[PHOTO_PLACE]);

/* The writer: ev of this stream is kept, applied or held, and counts in area ("" nowhere). */
enum err photos_note(struct store *st, int64_t stream, const struct event *ev, const char *area, int64_t recv_ms) MUST_CHECK;

/* Does an event of this device name it?  ERR_NOTFOUND: none does. */
enum err photos_named(struct store *st, const char *sha256, const char *device) MUST_CHECK;

/* Devices with an event that names it, and that this scope covers ('*': any). */
enum err photos_in_scope(struct store *st, const char *sha256, const char *scope, void (*row)(void *ctx, const char *device), void *ctx) MUST_CHECK;

/* Devices with an event that names it, of a case in this device's sync; and the device itself. */
enum err photos_in_sync(struct store *st, const char *sha256, const char *device, void (*row)(void *ctx, const char *device), void *ctx) MUST_CHECK;

/* What events of this device name that came since then, newest first. */
enum err photos_of(struct store *st, const char *device, int64_t since_ms, int limit, void (*row)(void *ctx, const char *sha256), void *ctx) MUST_CHECK;

/* The photos of a case, newest first. */
enum err photos_of_case(struct store *st, const char *casus, int limit, void (*row)(void *ctx, const char *sha256), void *ctx) MUST_CHECK;

/* All that events name, each (photo, device) once, until row says false. */
enum err photos_all(struct store *st, bool (*row)(void *ctx, const char *sha256, const char *device), void *ctx) MUST_CHECK;

#endif
