/* secret.h - random tokens, and the hashes of secrets.
 * A function that needs random numbers die()s when the system has none. */
#ifndef XUNGE_BASE_SECRET_H
#define XUNGE_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

void secret_random(void *out, size_t n);

#define SECRET_TOKEN 44 /* 43 characters of base64url (256 bits), NUL */
void secret_token(char out[SECRET_TOKEN]);

#define SECRET_DIGEST 65 /* 64 hex digits, NUL */
/* BLAKE2b-256: tells texts apart; hides nothing that can be guessed. */
void secret_digest(const void *p, size_t n, char out[SECRET_DIGEST]);

/* PBKDF2-HMAC-SHA512, the first 64 bytes (one block) of the derived key. */
void secret_pbkdf2(const void *password, size_t npassword, const void *salt, size_t nsalt,
	uint32_t iterations, uint8_t out[64]);

/* mosquitto's own form, `$7$101$salt$hash`.  101 rounds are few: for random secrets, not for
 * passwords that people choose. */
#define SECRET_BROKER 120 /* room for it */
void secret_broker_hash(const char *secret, char out[SECRET_BROKER]);
/* False also for a text that is no such hash; that takes as long as a wrong secret. */
bool secret_broker_is(const char *hash, const char *secret);

/* argon2id, interactive limits: ~60 ms and 64 MiB.  For passwords. */
#define SECRET_PASSWORD 128
enum err secret_password_hash(const char *password, char out[SECRET_PASSWORD]) MUST_CHECK; /* ERR_NOMEM */
bool secret_password_is(const char *hash, const char *password);

#endif
