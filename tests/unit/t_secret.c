/* t_secret.c - base/secret.c.  That a broker takes the hashes is shown by the system tests; here
 * they are held against OpenSSL's PBKDF2, which the broker uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"

static void pbkdf2_is_openssls(void **state)
{
	static const char *const passwords[] = {"", "p", "a secret of the usual length, 43 characters",
		("longer than a block of SHA-512, which is 128 bytes: HMAC hashes such a key first, and a wrong "
		 "handling of it would show only here, with a text this long, and longer")};
	uint8_t salt[12], want[64], have[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++)
		for (uint32_t rounds = 1; rounds <= 101; rounds += 50) {
			secret_random(salt, sizeof salt);
			assert_int_equal(PKCS5_PBKDF2_HMAC(passwords[i], (int)strlen(passwords[i]), salt,
						 sizeof salt, (int)rounds, EVP_sha512(), sizeof want, want),
				1);
			secret_pbkdf2(passwords[i], strlen(passwords[i]), salt, sizeof salt, rounds, have);
			assert_memory_equal(want, have, sizeof want);
		}
}

static void broker_hash_opens_for_its_secret_only(void **state)
{
	char hash[SECRET_BROKER], again[SECRET_BROKER], secret[SECRET_TOKEN], other[SECRET_TOKEN];

	(void)state;
	secret_token(secret);
	secret_token(other);
	assert_int_equal(strlen(secret), SECRET_TOKEN - 1);
	assert_string_not_equal(secret, other);
	secret_broker_hash(secret, hash);
	secret_broker_hash(secret, again);
	assert_string_not_equal(hash, again); /* the salt is fresh */
	assert_int_equal(strncmp(hash, "$7$101$", 7), 0);
	assert_int_equal(strlen(hash), 7 + 16 + 1 + 88);
	assert_true(secret_broker_is(hash, secret));
	assert_true(secret_broker_is(again, secret));
	assert_false(secret_broker_is(hash, other));
	assert_false(secret_broker_is(hash, ""));
	hash[strlen(hash) - 10] ^= 1;
	assert_false(secret_broker_is(hash, secret));
}

/* What mosquitto_passwd 2.0.11 wrote. */
static void the_brokers_own_hash_opens(void **state)
{
	static const char hash[] = "$7$101$hGTRS7YoOh2+D9co$kyv/r4eip5RoV11KP1rS6uVNOMxvSyJEysTbKMIu5FoZVkxOoBfmzIztG2It9X63"
				   "qJV59t/fuAxPjqUid3kfTQ==";

	(void)state;
	assert_true(secret_broker_is(hash, "correct-horse-battery-staple"));
	assert_false(secret_broker_is(hash, "correct-horse-battery-stapl"));
}

static void what_is_no_hash_opens_for_nothing(void **state)
{
	static const char *const bad[] = {"", "$", "$7$", "$7$101$", "$7$101$$", "$6$AAAA$BBBB",
		"$7$101$AAAAAAAAAAAAAAAA$", "$7$101$AAAAAAAAAAAAAAAA$AAAA", "$7$101$AAAAAAAAAAAAAAAA",
		"$7$101$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$AAAA", "$7$101$????????????????$AAAA",
		/* all zero: what the comparison starts from */
		("$7$101$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAAAAAAAAAAAAAA==")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(secret_broker_is(bad[i], ""));
		assert_false(secret_broker_is(bad[i], "secret"));
	}
}

static void password_hash_opens_for_its_password_only(void **state)
{
	char hash[SECRET_PASSWORD];

	(void)state;
	assert_int_equal(secret_password_hash("correct horse 巡格", hash), OK);
	assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
	assert_true(secret_password_is(hash, "correct horse 巡格"));
	assert_false(secret_password_is(hash, "correct horse 巡"));
	assert_false(secret_password_is("", ""));
	assert_false(secret_password_is("$argon2id$", "correct horse 巡格"));
}

static void digest_is_blake2b(void **state)
{
	char out[SECRET_DIGEST];

	(void)state;
	secret_digest("abc", 3, out); /* as b2sum -l 256 says */
	assert_string_equal(out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	secret_digest("", 0, out);
	assert_string_equal(out, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_is_blake2b),
		cmocka_unit_test(pbkdf2_is_openssls),
		cmocka_unit_test(broker_hash_opens_for_its_secret_only),
		cmocka_unit_test(the_brokers_own_hash_opens),
		cmocka_unit_test(what_is_no_hash_opens_for_nothing),
		cmocka_unit_test(password_hash_opens_for_its_password_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
