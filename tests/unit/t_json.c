#include "core/json.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"

/* Reads a copy of just n bytes, so that the sanitizer sees a read beyond them. */
static char *read_exact(struct json *j, const char *s, size_t n)
{
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, s, n);
	(void)json_read(j, copy, n); /* the caller looks at j */
	return copy;
}

static const char *outcome(struct json *j)
{
	if (j->err != JSON_OK)
		return json_err_name(j->err);
	return j->nsoft ? json_err_name(j->soft[0].err) : "ok";
}

static void test_accept_reject(void **state)
{
	static const struct {
		const char *text, *want;
		int at; /* -1: do not look */
	} row[] = {
		{"{}", "ok", -1},
		{" \t\r\n[ ] ", "ok", -1},
		{"{\"a\":[1,2,{\"b\":null}],\"c\":true,\"d\":false}", "ok", -1},
		{"0", "ok", -1},
		{"-0", "ok", -1},
		{"\"x\"", "ok", -1},
		{"[0.5e-3,1E+2,-1.25]", "ok", -1},
		{"\"\x7f\"", "ok", -1},
		{"\"\xe7\xbd\x91\xe6\xa0\xbc\xf0\x9f\x9a\xa8\"", "ok", -1},
		{"\"\\u7f51\\ud83d\\udea8\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "ok", -1},
		{"", "truncated", 0},
		{"  ", "truncated", 2},
		{"{", "truncated", 1},
		{"[", "truncated", 1},
		{"[1", "truncated", 2},
		{"[1,", "truncated", 3},
		{"{\"a", "truncated", 3},
		{"{\"a\"", "truncated", 4},
		{"{\"a\":", "truncated", 5},
		{"{\"a\":1", "truncated", 6},
		{"{\"a\":1,", "truncated", 7},
		{"\"abc", "truncated", 4},
		{"\"\\", "truncated", 2},
		{"\"\\u12", "truncated", 5},
		{"-", "truncated", 1},
		{"1.", "truncated", 2},
		{"1e", "truncated", 2},
		{"1e+", "truncated", 3},
		{"tru", "truncated", 3},
		{"{} {}", "trailing_bytes", 3},
		{"[],", "trailing_bytes", 2},
		{"{}\xef\xbb\xbf", "trailing_bytes", 2},
		{"1 2", "trailing_bytes", 2},
		{"\xef\xbb\xbf{}", "syntax", 0},
		{"[1,]", "syntax", 3},
		{"{\"a\":1,}", "syntax", 7},
		{"{,}", "syntax", 1},
		{"{a:1}", "syntax", 1},
		{"{'a':1}", "syntax", 1},
		{"{1:1}", "syntax", 1},
		{"{\"a\" 1}", "syntax", 5},
		{"{\"a\":1]", "syntax", 6},
		{"[1}", "syntax", 2},
		{"[1 2]", "syntax", 3},
		{"[01]", "syntax", 2},
		{"[-01]", "syntax", 3},
		{"[+1]", "syntax", 1},
		{"[.5]", "syntax", 1},
		{"[1.e3]", "syntax", 3},
		{"[1e3.0]", "syntax", 4},
		{"[0x10]", "syntax", 2},
		{"[1a]", "syntax", 2},
		{"[NaN]", "syntax", 1},
		{"[nan]", "syntax", 2},
		{"[Infinity]", "syntax", 1},
		{"[-Infinity]", "syntax", 2},
		{"[True]", "syntax", 1},
		{"[nulL]", "syntax", 4},
		{"[truex]", "syntax", 5},
		{"[\"a\nb\"]", "syntax", 3},
		{"[\"\x1f\"]", "syntax", 2},
		{"[\"\\x\"]", "syntax", 3},
		{"[\"\\u12g4\"]", "syntax", 4},
		{"[/**/1]", "syntax", 1},
		{"]", "syntax", 0},
		{"\x80", "syntax", 0},
		{"[1e999]", "number_range", 1},
		{"[-1e999]", "number_range", 1},
		{"[1e308,1.7976931348623157e308]", "ok", -1},
		{"[1.8e308]", "number_range", 1},
		{"[0e999]", "ok", -1},
		{"[1e-999]", "ok", -1},
		{"[1e99999999999999999999]", "number_range", 1},
		{"[9223372036854775807,-9223372036854775808]", "ok", -1},
		{"[9223372036854775808]", "number_range", 1},
		{"[-9223372036854775809]", "number_range", 1},
		{"[100000000000000000000]", "number_range", 1},
		{"[\"\xff\"]", "bad_utf8", 2},
		{"[\"\xc0\xaf\"]", "bad_utf8", 2},
		{"[\"\xe0\x80\x80\"]", "bad_utf8", 2},
		{"[\"\xed\xa0\x80\"]", "bad_utf8", 2},
		{"[\"\xf4\x90\x80\x80\"]", "bad_utf8", 2},
		{"[\"ab\xe7\xbd\"]", "bad_utf8", 4},
		{"[\"\xb9\xab\"]", "bad_utf8", 2},
		{"[\"\\ud800\"]", "bad_utf8", 2},
		{"[\"\\udc00\"]", "bad_utf8", 2},
		{"[\"\\ud800\\u0041\"]", "bad_utf8", 2},
		{"[\"\\u0000\"]", "nul_character", 2},
		{"{\"a\\u0000\":1}", "nul_character", 3},
		{"{\"a\":1,\"a\":2}", "duplicate_key", 8},
		{"{\"a\":1,\"\\u0061\":2}", "duplicate_key", 8},
		{"{\"\":1,\"\":2}", "duplicate_key", 7},
		{"{\"a\":1,\"A\":2}", "ok", -1},
		{"[{\"a\":1},{\"a\":1}]", "ok", -1},
	};
	struct json j = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *copy = read_exact(&j, row[i].text, strlen(row[i].text));
		int at = (int)(j.err != JSON_OK ? j.err_at : j.nsoft ? j.soft[0].at : 0);

		if (strcmp(outcome(&j), row[i].want) != 0 || (row[i].at >= 0 && at != row[i].at))
			fail_msg("%s: %s at %d, want %s at %d", row[i].text, outcome(&j), at,
				row[i].want, row[i].at);
		assert_int_equal(json_read(&j, copy, strlen(row[i].text)),
			strcmp(row[i].want, "ok") == 0);
		free(copy);
	}
	json_done(&j);
}

/* A raw NUL is a control character, and no end of the text. */
static void test_raw_nul(void **state)
{
	struct json j = {0};

	(void)state;
	assert_false(json_read(&j, "[\"a\0b\"]", 7));
	assert_string_equal(outcome(&j), "syntax");
	assert_int_equal(j.err_at, 3);
	assert_false(json_read(&j, "{}\0", 3));
	assert_string_equal(outcome(&j), "trailing_bytes");
	json_done(&j);
}

static void test_depth(void **state)
{
	struct json j = {0};
	struct buf b = {0};

	(void)state;
	/* an element of a top array may be as deep as a whole text that is no array */
	for (int object = 0; object < 2; object++)
		for (int d = 1; d <= JSON_DEPTH + 2; d++) {
			buf_clear(&b);
			for (int i = 0; i < d; i++)
				buf_adds(&b, object ? "{\"a\":" : "[");
			buf_addc(&b, '1');
			for (int i = 0; i < d; i++)
				buf_addc(&b, object ? '}' : ']');
			assert_int_equal(
				json_read(&j, b.p, b.n), d <= (object ? JSON_DEPTH : JSON_DEPTH + 1));
			assert_string_equal(outcome(&j), j.nsoft ? "too_deep" : "ok");
		}
	/* a payload of brackets: neither the reader nor the comparison runs out of stack */
	buf_clear(&b);
	for (int i = 0; i < 262144; i++)
		buf_addc(&b, i < 131072 ? '[' : ']');
	assert_false(json_read(&j, b.p, b.n - 1));
	assert_string_equal(outcome(&j), "truncated");
	assert_false(json_read(&j, b.p, b.n));
	assert_string_equal(outcome(&j), "too_deep");
	assert_int_equal(j.nsoft, 1);
	assert_true(json_same(&j, 0, &j, 0));
	buf_done(&b);
	json_done(&j);
}

static void test_tokens(void **state)
{
	const char *text = "{\"a\":[1,{\"b\":\"x\\ny\"},[]],\"c\":-2.5}";
	struct json j = {0};
	uint32_t a, c, k;

	(void)state;
	assert_true(json_read(&j, text, strlen(text)));
	assert_int_equal(j.ntok, 10);
	assert_int_equal(j.tok[0].type, JSON_OBJECT);
	assert_int_equal(j.tok[0].count, 2);
	assert_int_equal(j.tok[0].next, 10);
	assert_int_equal(j.tok[0].to, strlen(text));
	a = json_get(&j, 0, "a");
	assert_int_equal(j.tok[a].type, JSON_ARRAY);
	assert_int_equal(j.tok[a].count, 3);
	assert_true(slice_is(json_raw(&j, a), "[1,{\"b\":\"x\\ny\"},[]]"));
	k = j.tok[a + 1].next;
	assert_int_equal(j.tok[k].type, JSON_OBJECT);
	k = json_get(&j, k, "b");
	assert_int_equal(j.tok[k].escaped, 1);
	assert_true(slice_is(json_raw(&j, k), "x\\ny"));
	assert_true(slice_is(json_text(&j, k), "x\ny"));
	assert_int_equal(j.tok[j.tok[a].next + 1].type, JSON_REAL);
	c = json_get(&j, 0, "c");
	assert_true(slice_is(json_raw(&j, c), "-2.5"));
	assert_int_equal(json_get(&j, 0, "b"), 0);
	assert_int_equal(json_get(&j, a, "a"), 0);
	assert_int_equal(json_get(&j, 99, "a"), 0);
	assert_null(json_raw(&j, 99).p);
	json_done(&j);
}

static void test_unescape(void **state)
{
	static const char text[] = "[\"\\u7f51\\u683c\",\"\\ud83d\\udea8!\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\","
				   "\"\\u00e9\\u007f\",\"\\ud83dx\",\"plain\"]";
	static const char *const want[] = {"网格", "🚨!", "\"\\/\b\f\n\r\t", "é\x7f",
		"\xef\xbf\xbdx", "plain"};
	struct slice got[6];
	struct json j = {0};
	uint32_t t = 1;

	(void)state;
	(void)json_read(&j, text, strlen(text)); /* one lone surrogate */
	assert_int_equal(j.err, JSON_OK);
	for (size_t i = 0; i < 6; i++, t = j.tok[t].next)
		got[i] = json_text(&j, t);
	for (size_t i = 0; i < 6; i++)
		assert_true(slice_is(got[i], want[i]));
	assert_true(json_read(&j, "{\"\\u0073eq\":7}", 14));
	assert_int_equal(json_get(&j, 0, "seq"), 2);
	json_done(&j);
}

/* Slices of unescaped text stay where they are while more text is unescaped. */
static void test_text_stays(void **state)
{
	struct json j = {0};
	struct buf b = {0};
	struct slice got[300];
	uint32_t t = 1;
	char want[40];

	(void)state;
	buf_addc(&b, '[');
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "%s\"\\u4e00-%d-%0*d\"", i ? "," : "", i, i % 25, 0);
	buf_addc(&b, ']');
	assert_true(json_read(&j, b.p, b.n));
	for (int i = 0; i < 300; i++, t = j.tok[t].next)
		got[i] = json_text(&j, t);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(want, sizeof want, "一-%d-%0*d", i, i % 25, 0); /* fits */
		assert_true(slice_is(got[i], want));
	}
	assert_true(j.nscratch > 1);
	assert_true(json_read(&j, "[]", 2));
	assert_int_equal(j.nscratch, 1);
	buf_done(&b);
	json_done(&j);
}

static void test_soft_per_element(void **state)
{
	const char *text = "[{\"a\":1},{\"a\":1,\"a\":2,\"b\":1e999},{\"c\":[1]},{\"s\":\"\\u0000\xff\"},3,1e999]";
	struct json j = {0};
	static const enum json_err want[] = {
		JSON_OK, JSON_DUPLICATE, JSON_OK, JSON_NUL, JSON_OK, JSON_RANGE};
	uint32_t t = 1;

	(void)state;
	assert_false(json_read(&j, text, strlen(text)));
	assert_int_equal(j.err, JSON_OK);
	assert_int_equal(j.nsoft, 3);
	assert_int_equal(j.tok[0].count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++, t = j.tok[t].next) {
		const struct json_soft *s = json_soft_in(&j, t);

		/* 1e999 comes first in the second element: it is what stands there */
		if (i == 1) {
			assert_non_null(s);
			assert_int_equal(s->err, JSON_RANGE);
			continue;
		}
		assert_int_equal(s ? s->err : JSON_OK, want[i]);
	}
	assert_non_null(json_soft_in(&j, 0));
	assert_null(json_soft_in(&j, 99));
	json_done(&j);
}

static void test_int(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} row[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"42", true, 42},
		{"-42", true, -42},
		{"999999999999999999", true, 999999999999999999},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"1.0", true, 1},
		{"1.000000000000000000000000", true, 1},
		{"1e3", true, 1000},
		{"1.5e1", true, 15},
		{"100e-2", true, 1},
		{"0e999", true, 0},
		{"0.0", true, 0},
		{"1.5", false, 0},
		{"1e-1", false, 0},
		{"9007199254740992.5", false, 0}, /* as a double it would be whole */
		{"9007199254740990.7", false, 0},
		{"9007199254740993", true, 9007199254740993},
		{"1e18", true, 1000000000000000000},
		{"1e19", false, 0},
		{"1e300", false, 0},
		{"9223372036854775807.0", true, INT64_MAX},
		{"92233720368547758070e-1", true, INT64_MAX},
		{"\"1\"", false, 0},
		{"true", false, 0},
		{"null", false, 0},
	};
	struct json j = {0};
	int64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *copy = read_exact(&j, row[i].text, strlen(row[i].text));

		v = -7;
		if (json_int(&j, 0, &v) != row[i].ok || v != (row[i].ok ? row[i].want : -7))
			fail_msg("%s gives %lld", row[i].text, (long long)v);
		free(copy);
	}
	assert_false(json_int(&j, 9, &v));
	json_done(&j);
}

static void test_scaled(void **state)
{
	struct json j = {0};
	int64_t v = 0;

	(void)state;
	(void)json_read(&j, "[12.345,0.1,5,1e2,0.0005,12.3456,-1.5,1e17]", 43);
	assert_int_equal(j.tok[0].count, 8);
	assert_true(json_scaled(&j, 1, 3, &v) && v == 12345);
	assert_true(json_scaled(&j, 2, 3, &v) && v == 100);
	assert_true(json_scaled(&j, 3, 3, &v) && v == 5000);
	assert_true(json_scaled(&j, 4, 3, &v) && v == 100000);
	assert_false(json_scaled(&j, 5, 3, &v));
	assert_false(json_scaled(&j, 6, 3, &v));
	assert_true(json_scaled(&j, 7, 3, &v) && v == -1500);
	assert_false(json_scaled(&j, 8, 3, &v));
	json_done(&j);
}

static void one_double(struct json *j, const char *text)
{
	double want = strtod(text, NULL), got = 0;
	char *copy = read_exact(j, text, strlen(text));
	bool ok = json_double(j, 0, &got);

	if (ok != (isfinite(want) != 0) || (ok && memcmp(&got, &want, sizeof got) != 0))
		fail_msg("%s: %.17g, strtod %.17g", text, got, want);
	if (ok != (j->nsoft == 0) && j->tok[0].type == JSON_REAL)
		fail_msg("%s: soft errors %u", text, j->nsoft);
	free(copy);
}

/* Bit for bit what strtod says, for numbers of many shapes. */
static void test_double(void **state)
{
	static const char *const text[] = {"0.1", "33.3912", "104.9217", "-0.0", "1e22", "1e23",
		"9007199254740993", "9007199254740992.5", "123456789012345678901234567890",
		"0.000000000000000000000000000000000000000000000000000000000000000000001e69",
		"2.2250738585072011e-308", "4.9e-324", "2.4e-324", "1.7976931348623159e308",
		"1.797693134862315800000000000000000000000000000000000000000000001e308",
		"8.5e-1", "179769313486231570000000000000000000000e270", "1e310", "1e-400"};
	uint32_t seed = (uint32_t)time(NULL);
	struct json j = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		one_double(&j, text[i]);
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 20000; i++) {
		char s[80];
		size_t n = 0;
		int before = 1 + (int)(random() % 18), after = (int)(random() % 22);

		if (random() % 2)
			s[n++] = '-';
		s[n++] = before == 1 ? (char)('0' + random() % 10) : (char)('1' + random() % 9);
		while (--before)
			s[n++] = (char)('0' + random() % 10);
		if (after)
			s[n++] = '.';
		while (after--)
			s[n++] = (char)('0' + random() % 10);
		s[n] = '\0';
		if (random() % 3 == 0)
			(void)snprintf(s + n, sizeof s - n, "e%d", (int)(random() % 660) - 330); /* fits */
		one_double(&j, s);
	}
	json_done(&j);
}

/* Objects of every size up to some hundred: no false alarm, and each pair is found. */
static void test_duplicates(void **state)
{
	struct json j = {0};
	struct buf b = {0};

	(void)state;
	for (int n = 1; n < 200; n += n < 40 ? 1 : 37)
		for (int dup = -1; dup < n; dup++) {
			buf_clear(&b);
			buf_addc(&b, '{');
			for (int i = 0; i < n; i++)
				buf_addf(&b, i % 7 == 3 ? "\"\\u006b%d\":%d," : "\"k%d\":%d,", i, i);
			buf_addf(&b, dup < 0 ? "\"k%d\":0}" : dup % 2 ? "\"\\u006b%d\":0}" : "\"k%d\":0}",
				dup < 0 ? n : dup);
			assert_int_equal(json_read(&j, b.p, b.n), dup < 0);
			if (dup >= 0) {
				assert_int_equal(j.soft[0].err, JSON_DUPLICATE);
				assert_int_equal(j.soft[0].tok, 1 + 2 * n);
			}
		}
	/* a whole payload of members */
	buf_clear(&b);
	buf_addc(&b, '{');
	for (int i = 0; b.n < 256000; i++)
		buf_addf(&b, "\"%d\":0,", i);
	buf_adds(&b, "\"77\":0}");
	assert_false(json_read(&j, b.p, b.n));
	assert_int_equal(j.soft[0].err, JSON_DUPLICATE);
	buf_done(&b);
	json_done(&j);
}

static void test_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} row[] = {
		{"{\"a\":1,\"b\":[1,2]}", " { \"b\" : [1, 2], \"a\" : 1.0 } ", true},
		{"{\"a\":1}", "{\"a\":2}", false},
		{"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
		{"{\"a\":1,\"b\":1}", "{\"a\":1}", false},
		{"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
		{"[1,2]", "[2,1]", false},
		{"[1,2]", "[1,2,3]", false},
		{"\"\\u7f51\"", "\"网\"", true},
		{"\"a\"", "\"b\"", false},
		{"{\"\\u0061\":{}}", "{\"a\":{}}", true},
		{"1", "1.0", true},
		{"100", "1e2", true},
		{"0", "-0.0", true},
		{"0.10", "1e-1", true},
		{"9007199254740993", "9007199254740992", false},
		{"9007199254740993", "9007199254740992.0", false},
		{"1.5", "-1.5", false},
		{"1", "\"1\"", false},
		{"null", "false", false},
		{"null", "null", true},
		{"true", "true", true},
		{"{}", "[]", false},
		{"0.12345678901234567890123", "0.123456789012345678901231", true}, /* one double */
		{"0.12345678901234567890123", "0.1234567890123", false},
	};
	struct json a = {0}, b = {0};
	struct buf x = {0}, y = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_true(json_read(&a, row[i].a, strlen(row[i].a)));
		assert_true(json_read(&b, row[i].b, strlen(row[i].b)));
		if (json_same(&a, 0, &b, 0) != row[i].same || json_same(&b, 0, &a, 0) != row[i].same)
			fail_msg("%s | %s", row[i].a, row[i].b);
		assert_true(json_same(&a, 0, &a, 0));
	}
	/* many members, the other way round */
	for (int n = 5; n < 20000; n = n * 3 + 1) {
		buf_clear(&x);
		buf_clear(&y);
		for (int i = 0; i < n; i++) {
			buf_addf(&x, "%s\"m%d\":{\"v\":%d}", i ? "," : "{", i, i);
			buf_addf(&y, "%s\"m%d\":{\"v\":%d}", i ? "," : "{", n - 1 - i, n - 1 - i);
		}
		buf_addc(&x, '}');
		buf_addc(&y, '}');
		assert_true(json_read(&a, x.p, x.n));
		assert_true(json_read(&b, y.p, y.n));
		assert_true(json_same(&a, 0, &b, 0));
		y.p[3] = 'z'; /* one name differs */
		assert_true(json_read(&b, y.p, y.n));
		assert_false(json_same(&a, 0, &b, 0));
	}
	buf_done(&x);
	buf_done(&y);
	json_done(&a);
	json_done(&b);
}

/* Every head of a text is a hard error, and what was read of it is sound. */
static void test_heads(void **state)
{
	const char *text = "{\"epoch\":\"9f3c\",\"seq\":1234,\"kind\":\"so\\u0073\",\"loc\":{\"lat\":33.5,"
			   "\"lon\":-1e2},\"att\":[{},[true,null]],\"z\":false,\"t\":\"网格\"}";
	struct json j = {0};

	(void)state;
	for (size_t n = 0; n < strlen(text); n++) {
		char *copy = read_exact(&j, text, n);
		uint32_t seq = json_get(&j, 0, "seq");
		int64_t v = 0;

		assert_string_equal(outcome(&j), "truncated");
		assert_int_equal(j.err_at, n);
		/* 123 of 1234 is not a number that was read */
		if (seq && json_int(&j, seq, &v))
			assert_int_equal(v, 1234);
		assert_int_equal(seq != 0, n > 26);
		for (uint32_t t = 0; t < j.ntok; t++) {
			assert_true(j.tok[t].next > t && j.tok[t].next <= j.ntok);
			assert_true(j.tok[t].from <= j.tok[t].to && j.tok[t].to <= n);
			(void)json_text(&j, t); /* the sanitizer looks on */
		}
		free(copy);
	}
	assert_true(json_read(&j, text, strlen(text)));
	json_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept_reject),
		cmocka_unit_test(test_raw_nul),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_text_stays),
		cmocka_unit_test(test_soft_per_element),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_double),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
