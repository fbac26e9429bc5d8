/* sessiondb.h - server.db: sign-ins and lock-outs, so that they outlive a restart.  The only file
 * of server/ that speaks SQL.  Tokens are kept as hashes. */
#ifndef XUNGE_SERVER_SESSIONDB_H
#define XUNGE_SERVER_SESSIONDB_H

#include <stdint.h>

#include "base/err.h"

#define SESSION_HASH 32 /* BLAKE2b-256 of the token */
#define SESSION_PASS 16 /* digest of the account's password hash: tells a changed password */
#define LOCK_KEY 16     /* digest of account and address */

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

#endif
