#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/json.h"

static void test_grow(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_int_equal(buf_slice(&b).n, 0);
	assert_non_null(buf_slice(&b).p);
	buf_adds(&b, "");
	assert_int_equal(b.n, 0);
	for (int i = 0; i < 1000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(strlen(b.p), i + 1);
	}
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.n, 1003);
	assert_memory_equal(b.p + 1000, "a\0b", 4);
	buf_clear(&b);
	assert_int_equal(b.n, 0);
	assert_string_equal(b.p, "");
	buf_done(&b);
	assert_null(b.p);
	assert_int_equal(b.cap, 0);
	buf_done(&b);
}

static void test_addf(void **state)
{
	struct buf b = {0};

	(void)state;
	/* below, at and beyond what is reserved for a start */
	for (int n = 0; n < 300; n++) {
		buf_clear(&b);
		buf_adds(&b, "x");
		buf_addf(&b, "%0*d|", n, 7);
		assert_int_equal(b.n, 1 + (n ? n : 1) + 1);
		assert_int_equal(b.p[b.n - 1], '|');
		assert_int_equal(strlen(b.p), b.n);
		buf_done(&b);
	}
}

static void test_int(void **state)
{
	static const struct {
		int64_t v;
		const char *want;
	} row[] = {{0, "0"}, {7, "7"}, {-1, "-1"}, {1764035730123, "1764035730123"},
		{INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"}};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		buf_clear(&b);
		buf_int(&b, row[i].v);
		assert_string_equal(b.p, row[i].want);
	}
	buf_done(&b);
}

static void test_drop(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_drop(&b, 0);
	buf_adds(&b, "abcdef");
	buf_drop(&b, 0);
	assert_string_equal(b.p, "abcdef");
	buf_drop(&b, 2);
	assert_string_equal(b.p, "cdef");
	assert_int_equal(b.n, 4);
	buf_drop(&b, 99);
	assert_int_equal(b.n, 0);
	buf_done(&b);
}

static void test_json(void **state)
{
	static const struct {
		const char *s, *want;
	} row[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"网格 🚨", "\"网格 🚨\""},
		{"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
		{"a\nb\tc\r\x01\x7f", "\"a\\nb\\u0009c\\u000d\\u0001\\u007f\""},
		{"\xff", "\"\xef\xbf\xbd\""},
		{"a\xe7\xbd", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		buf_clear(&b);
		buf_json(&b, row[i].s, strlen(row[i].s));
		assert_string_equal(b.p, row[i].want);
	}
	buf_clear(&b);
	buf_json_str(&b, NULL);
	assert_string_equal(b.p, "null");
	buf_clear(&b);
	buf_json(&b, "a\0b", 3);
	assert_string_equal(b.p, "\"a\\u0000b\"");
	buf_done(&b);
}

static void test_commas(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_addc(&b, '{');
	buf_json_key(&b, "a");
	buf_addc(&b, '[');
	for (int i = 0; i < 3; i++) {
		buf_json_sep(&b);
		buf_int(&b, i);
	}
	buf_addc(&b, ']');
	buf_json_key(&b, "b");
	buf_json_str(&b, "{");
	buf_json_key(&b, "c");
	buf_adds(&b, "{}");
	buf_addc(&b, '}');
	assert_string_equal(b.p, "{\"a\":[0,1,2],\"b\":\"{\",\"c\":{}}");
	buf_done(&b);
}

/* Whatever the bytes are, our reader takes what our writer wrote; sound bytes come back. */
static void test_round_trip(void **state)
{
	uint32_t seed = (uint32_t)time(NULL);
	struct buf b = {0};
	struct json j = {0};

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 5000; i++) {
		char s[40];
		size_t n = (size_t)random() % sizeof s;
		bool ascii = random() % 2;

		for (size_t k = 0; k < n; k++)
			s[k] = (char)(ascii ? 1 + random() % 127 : random() % 256);
		for (size_t k = 0; k < n; k++) /* U+0000 can be written, not read */
			s[k] = s[k] ? s[k] : '0';
		buf_clear(&b);
		buf_json(&b, s, n);
		assert_true(json_read(&j, b.p, b.n));
		if (ascii)
			assert_true(slice_eq(json_text(&j, 0), (struct slice){s, (uint32_t)n}));
	}
	json_done(&j);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_addf),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_commas),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
