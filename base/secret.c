#include "base/secret.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BROKER_ROUNDS 101
#define BROKER_SALT 12
#define BROKER_PREFIX "$7$101$"

static void ready(void)
{
	if (sodium_init() < 0)
		die("secret: the system gives no random numbers");
}

void secret_random(void *out, size_t n)
{
	ready();
	randombytes_buf(out, n);
}

void secret_token(char out[SECRET_TOKEN])
{
	uint8_t bytes[32];

	secret_random(bytes, sizeof bytes);
	sodium_bin2base64(out, SECRET_TOKEN, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
}

void secret_digest(const void *p, size_t n, char out[SECRET_DIGEST])
{
	uint8_t sum[32];

	_Static_assert(SECRET_DIGEST == 2 * sizeof sum + 1, "two digits a byte");
	if (crypto_generichash(sum, sizeof sum, p, n, NULL, 0) != 0)
		die("secret: BLAKE2b refuses 32 bytes");
	(void)sodium_bin2hex(out, SECRET_DIGEST, sum, sizeof sum); /* gives out */
}

void secret_pbkdf2(const void *password, size_t npassword, const void *salt, size_t nsalt,
	uint32_t iterations, uint8_t out[64])
{
	static const uint8_t block[4] = {0, 0, 0, 1};
	crypto_auth_hmacsha512_state keyed, s;
	uint8_t u[64];

	ready();
	crypto_auth_hmacsha512_init(&keyed, password, npassword);
	s = keyed;
	crypto_auth_hmacsha512_update(&s, salt, nsalt);
	crypto_auth_hmacsha512_update(&s, block, sizeof block);
	crypto_auth_hmacsha512_final(&s, u);
	memcpy(out, u, sizeof u);
	for (uint32_t i = 1; i < iterations; i++) {
		s = keyed;
		crypto_auth_hmacsha512_update(&s, u, sizeof u);
		crypto_auth_hmacsha512_final(&s, u);
		for (size_t k = 0; k < sizeof u; k++)
			out[k] ^= u[k];
	}
	sodium_memzero(&keyed, sizeof keyed);
	sodium_memzero(&s, sizeof s);
	sodium_memzero(u, sizeof u);
}

void secret_broker_hash(const char *secret, char out[SECRET_BROKER])
{
	uint8_t salt[BROKER_SALT], hash[64];
	char salt64[sodium_base64_ENCODED_LEN(BROKER_SALT, sodium_base64_VARIANT_ORIGINAL)];
	char hash64[sodium_base64_ENCODED_LEN(64, sodium_base64_VARIANT_ORIGINAL)];

	secret_random(salt, sizeof salt);
	secret_pbkdf2(secret, strlen(secret), salt, sizeof salt, BROKER_ROUNDS, hash);
	sodium_bin2base64(salt64, sizeof salt64, salt, sizeof salt, sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(hash64, sizeof hash64, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, SECRET_BROKER, BROKER_PREFIX "%s$%s", salt64, hash64);
}

static bool broker_parse(const char *hash, uint8_t salt[BROKER_SALT], uint8_t key[64])
{
	const char *p, *end;
	size_t n;

	if (strncmp(hash, BROKER_PREFIX, strlen(BROKER_PREFIX)) != 0)
		return false;
	p = hash + strlen(BROKER_PREFIX);
	end = strchr(p, '$');
	return end && sodium_base642bin(salt, BROKER_SALT, p, (size_t)(end - p), NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0 &&
		n == BROKER_SALT &&
		sodium_base642bin(key, 64, end + 1, strlen(end + 1), NULL, &n, NULL,
			sodium_base64_VARIANT_ORIGINAL) == 0 &&
		n == 64;
}

bool secret_broker_is(const char *hash, const char *secret)
{
	uint8_t salt[BROKER_SALT] = {0}, want[64] = {0}, have[64];
	bool known, same;

	ready();
	known = broker_parse(hash, salt, want);
	secret_pbkdf2(secret, strlen(secret), salt, sizeof salt, BROKER_ROUNDS, have);
	same = sodium_memcmp(want, have, sizeof have) == 0;
	sodium_memzero(have, sizeof have);
	return known && same;
}

enum err secret_password_hash(const char *password, char out[SECRET_PASSWORD])
{
	char text[crypto_pwhash_STRBYTES];

	_Static_assert(SECRET_PASSWORD >= crypto_pwhash_STRBYTES, "room for libsodium's text");
	ready();
	if (crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
		    crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
		return ERR_NOMEM;
	memcpy(out, text, sizeof text);
	return OK;
}

bool secret_password_is(const char *hash, const char *password)
{
	ready();
	return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}
