/* sessiondb.h - server.db: sign-ins, lock-outs and uploads, so that they outlive a restart.  The only file
 * of server/ that speaks SQL.  Tokens are kept as hashes. */
#ifndef XUNGE_SERVER_SESSIONDB_H
#define XUNGE_SERVER_SESSIONDB_H

#include <stdint.h>

#include "base/err.h"

#define SESSION_HASH 32 /* BLAKE2b-256 of the token */
#define SESSION_PASS 16 /* digest of the account's password hash: tells a changed password */
#define LOCK_KEY 16     /* digest of account and address */

#define UPLOAD_ID 33     /* 32 hex digits, NUL */

struct sessiondb;

struct session_row {
	uint8_t hash[SESSION_HASH], pass[SESSION_PASS];
	const char *user;
	int64_t made_ms, used_ms;
};

struct lock_row {
	uint8_t key[LOCK_KEY];
	int fails;
	int64_t at_ms; /* of the last failure */
};

struct upload_row {
	char id[UPLOAD_ID], device[33], sha256[65];
	int kind; /* core/image.h */
	int64_t length, made_ms, done_ms; /* done_ms 0: not all there */
};

/* Opens or makes the file (mode 0600). */
enum err sessiondb_open(const char *path, struct sessiondb **out, struct why *why) MUST_CHECK;
void sessiondb_close(struct sessiondb *d);

enum err sessiondb_sessions(struct sessiondb *d, void (*row)(void *ctx, const struct session_row *r), void *ctx) MUST_CHECK;
enum err sessiondb_locks(struct sessiondb *d, void (*row)(void *ctx, const struct lock_row *r), void *ctx) MUST_CHECK;

enum err sessiondb_put(struct sessiondb *d, const struct session_row *r) MUST_CHECK;
enum err sessiondb_used(struct sessiondb *d, const uint8_t hash[SESSION_HASH], int64_t used_ms) MUST_CHECK;
enum err sessiondb_drop(struct sessiondb *d, const uint8_t hash[SESSION_HASH]) MUST_CHECK;
enum err sessiondb_lock_put(struct sessiondb *d, const struct lock_row *r) MUST_CHECK;
enum err sessiondb_lock_drop(struct sessiondb *d, const uint8_t key[LOCK_KEY]) MUST_CHECK;

/* On this handle, a power cut may lose what was written last: uploads begin again then. */
enum err sessiondb_hurry(struct sessiondb *d) MUST_CHECK;
enum err sessiondb_uploads(struct sessiondb *d, void (*row)(void *ctx, const struct upload_row *r), void *ctx) MUST_CHECK;
enum err sessiondb_upload_put(struct sessiondb *d, const struct upload_row *r) MUST_CHECK;
enum err sessiondb_upload_drop(struct sessiondb *d, const char *id) MUST_CHECK;
/* When this database of records was met first: now_ms, if never. */
enum err sessiondb_met(struct sessiondb *d, const char *db, int64_t now_ms, int64_t *out) MUST_CHECK;

#endif
