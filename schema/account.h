/* account.h - devices and users.  Changes run inside the caller's open transaction (store_begin),
 * take a commit number each and return it in *commit. */
#ifndef XUNGE_SCHEMA_ACCOUNT_H
#define XUNGE_SCHEMA_ACCOUNT_H

#include "schema/store.h"

#define ACCOUNT_SECRET 48   /* room for a device secret: 43 characters of base64url (256 bits) and NUL */
#define ACCOUNT_HASH 160    /* room for a hash, device's or user's */

/* person must be known.  ERR_EXISTS: there is such a device, not revoked; a revoked one comes back
 * under a new secret, without its enrolments.
 * secret: in, kept when not empty (16..47 printable characters without space); else made and given out. */
enum err account_device_add(struct store *st, int64_t now_ms, const char *id, const char *person,
	const char *district, char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why) MUST_CHECK;
/* May a device be called so?  ERR_INVALID. */
enum err account_device_name(const char *id, struct why *why) MUST_CHECK;
/* A new secret for one that is there; the old one opens nothing any more.  ERR_NOTFOUND: there is none, or it is revoked;
 * ERR_EXISTS: it is not this person's. */
enum err account_device_secret(struct store *st, int64_t now_ms, const char *id, const char *person,
	char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why) MUST_CHECK;
/* These two, done a second time, change nothing: OK and *commit = 0.  A revoked device's codes (schema/enrol.h) end too. */
enum err account_device_revoke(struct store *st, int64_t now_ms, const char *id, int64_t *commit, struct why *why) MUST_CHECK;
enum err account_device_enrol(struct store *st, int64_t now_ms, const char *id, const char *person, int64_t *commit, struct why *why) MUST_CHECK;

struct account_device {
	const char *id, *person, *district;
	int64_t revoked_ms; /* 0 = not */
	int64_t seen_ms;    /* 0 = never */
	bool online;
};
enum err account_devices(struct store *st, void (*row)(void *ctx, const struct account_device *d), void *ctx) MUST_CHECK;

/* Does secret open the device's account?  ERR_DENIED: wrong, unknown or revoked (same time for all). */
enum err account_device_verify(struct store *st, const char *id, const char *secret) MUST_CHECK;

/* Did it, until the device was revoked?  Only who had the secret learns so. */
bool account_device_was(struct store *st, const char *id, const char *secret);

/* hash: from account_password_hash.  role: worker patroller chief office centre handler verifier leader
 * district admin.  scope: area code or "*".  An existing name gets the new values (password change,
 * enabled again).  person must be known, but for an admin, who states no facts. */
enum err account_user_put(struct store *st, int64_t now_ms, const char *name, const char *person, const char *role,
	const char *scope, const char *hash, int64_t *commit, struct why *why) MUST_CHECK;
/* Another password for an account that is there; the rest of it stays.  old: the hash that it was asked under.
 * ERR_NOTFOUND: there is none, or it is disabled; ERR_STALE: its password has changed since. */
enum err account_user_password(struct store *st, int64_t now_ms, const char *name, const char *old, const char *hash,
	int64_t *commit, struct why *why) MUST_CHECK;
/* Done a second time: OK and *commit = 0. */
enum err account_user_disable(struct store *st, int64_t now_ms, const char *name, int64_t *commit, struct why *why) MUST_CHECK;

struct account_user {
	char name[65], person[65], role[16], scope[40], hash[ACCOUNT_HASH];
	bool disabled;
	int64_t since; /* commit of its last change */
};
enum err account_user_get(struct store *st, const char *name, struct account_user *out) MUST_CHECK; /* ERR_NOTFOUND */
enum err account_users(struct store *st, void (*row)(void *ctx, const struct account_user *u), void *ctx) MUST_CHECK;

/* argon2id, interactive limits, ~60 ms and 64 MiB: in a helper thread or a command, never in a loop.
 * Passwords: 8..128 bytes of UTF-8. */
enum err account_password_check(const char *password, struct why *why) MUST_CHECK; /* may it be one?  Cheap */
enum err account_password_hash(const char *password, char out[ACCOUNT_HASH], struct why *why) MUST_CHECK;
bool account_password_is(const char *hash, const char *password);

/* The broker's password file from all devices not revoked, plus extra lines "name:hash" (may be NULL),
 * written beside and renamed over path, mode 0600.  *changed (may be NULL): was it different? */
enum err account_broker_file(struct store *st, const char *path, const char *extra, bool *changed, struct why *why) MUST_CHECK;
/* mosquitto's $7$101$salt$hash of a secret. */
void account_broker_hash(const char *secret, char out[ACCOUNT_HASH]);

#endif
