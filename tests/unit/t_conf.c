#include "base/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A config of this text, in a folder of its own; the file is gone again when this returns. */
static enum err open_text(const char *text, struct conf **c, struct why *why, char dir[32])
{
	char path[64];
	enum err e;
	FILE *f;

	strcpy(dir, "/tmp/xg-conf.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/x.conf", dir); /* fits */
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	e = conf_open(path, c, why);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	return e;
}

static void test_read(void **state)
{
	const char *text = "\n# a comment\n; another\n[store]\n  path = data/xunge.db  \n"
			   "empty =\nwith space = a = b # c\r\n[ http ]\nport=8080\r\nlisten = /run/x\n";
	struct conf *c = NULL;
	struct why why;
	char dir[32], want[64];

	(void)state;
	assert_int_equal(open_text(text, &c, &why, dir), OK);
	assert_string_equal(conf_str(c, "store", "path", NULL), "data/xunge.db");
	assert_string_equal(conf_str(c, "store", "empty", "d"), "");
	assert_string_equal(conf_str(c, "store", "with space", NULL), "a = b # c");
	assert_string_equal(conf_str(c, "http", "port", NULL), "8080");
	assert_null(conf_str(c, "http", "nothing", NULL));
	assert_string_equal(conf_str(c, "http", "nothing", "d"), "d");
	assert_null(conf_str(c, "store", "port", NULL));
	(void)snprintf(want, sizeof want, "%s/data/xunge.db", dir); /* fits */
	assert_string_equal(conf_path(c, "store", "path", NULL), want);
	assert_ptr_equal(conf_path(c, "store", "path", NULL), conf_path(c, "store", "path", NULL));
	assert_string_equal(conf_path(c, "http", "listen", NULL), "/run/x");
	assert_null(conf_path(c, "http", "nothing", NULL));
	conf_free(c);
	conf_free(NULL);
}

static void test_faults(void **state)
{
	static const char *const row[][2] = {
		{"[a]\nnonsense\n", ":2: "},
		{"[a]\n= 5\n", ":2: "},
		{"[a\nb = 5\n", ":1: "},
		{"[a]\nb = 5\nc = 6\nb = 7\n", ":4: a.b is set twice"},
		{"[a]\nb = 5\n[a]\nb = 5\n", ":4: a.b is set twice"},
	};
	struct why why;
	char dir[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct conf *c = NULL;

		why.text[0] = '\0';
		assert_int_equal(open_text(row[i][0], &c, &why, dir), ERR_INVALID);
		assert_null(c);
		if (!strstr(why.text, row[i][1]))
			fail_msg("%s says %s", row[i][0], why.text);
	}
}

/* A long line is one line: its tail is no key. */
static void test_long_line(void **state)
{
	struct conf *c = NULL;
	char text[8000], dir[32];
	struct why why;

	(void)state;
	for (size_t n = 1000; n < 7000; n += 512) {
		memset(text, 'x', sizeof text);
		memcpy(text, "[a]\nk = ", 8);
		strcpy(text + n, "y = 1\nz = 1\n");
		assert_int_equal(open_text(text, &c, &why, dir), OK);
		assert_int_equal(strlen(conf_str(c, "a", "k", "")), n - 8 + strlen("y = 1"));
		assert_string_equal(conf_str(c, "a", "z", ""), "1");
		conf_free(c);
		text[4] = '#';
		assert_int_equal(open_text(text, &c, &why, dir), OK);
		assert_null(conf_str(c, "a", "k", NULL));
		assert_string_equal(conf_str(c, "a", "z", ""), "1");
		conf_free(c);
	}
}

static void test_missing_file(void **state)
{
	struct conf *c = NULL;
	struct why why;

	(void)state;
	assert_int_equal(conf_open("/tmp/xg-none/x.conf", &c, &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "/tmp/xg-none/x.conf"));
	assert_int_equal(conf_open("/tmp/xg-none/x.conf", &c, NULL), ERR_NOTFOUND);
	assert_int_equal(conf_open("/tmp", &c, &why), ERR_IO); /* a folder is no config */
}

static void test_environment(void **state)
{
	struct conf *c = NULL;
	struct why why;
	char dir[32];
	int64_t n;

	(void)state;
	assert_int_equal(setenv("XUNGE_XG_MAX_AGE", "77", 1), 0);
	assert_int_equal(open_text("[xg]\nmax_age = 5\nmax-age = 6\n", &c, &why, dir), OK);
	assert_int_equal(conf_int(c, "xg", "max_age", 0, 100, 1, &n, &why), OK);
	assert_int_equal(n, 77);
	assert_int_equal(unsetenv("XUNGE_XG_MAX_AGE"), 0);
	assert_int_equal(conf_int(c, "xg", "max_age", 0, 100, 1, &n, &why), OK);
	assert_int_equal(n, 5);
	conf_free(c);
	assert_int_equal(setenv("XUNGE_XG_PATH", "rel", 1), 0);
	assert_int_equal(conf_open(NULL, &c, &why), OK);
	assert_string_equal(conf_path(c, "xg", "path", NULL), "rel"); /* no file, no folder */
	assert_int_equal(unsetenv("XUNGE_XG_PATH"), 0);
	conf_free(c);
}

static void test_int(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		int64_t n;
	} row[] = {
		{"1", OK, 1},
		{"-5", OK, -5},
		{"100", OK, 100},
		{"", OK, 42},
		{"101", ERR_INVALID, 0},
		{"-6", ERR_INVALID, 0},
		{"1.5", ERR_INVALID, 0},
		{"5s", ERR_INVALID, 0},
		{"0x5", ERR_INVALID, 0},
		{"99999999999999999999", ERR_INVALID, 0},
	};
	struct why why;
	char dir[32], text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct conf *c = NULL;
		int64_t n = -7;

		(void)snprintf(text, sizeof text, "[a]\nk = %s\n", row[i].text); /* fits */
		assert_int_equal(open_text(text, &c, &why, dir), OK);
		assert_int_equal(conf_int(c, "a", "k", -5, 100, 42, &n, &why), row[i].want);
		assert_int_equal(n, row[i].want == OK ? row[i].n : -7);
		if (row[i].want != OK)
			assert_non_null(strstr(why.text, "[a] k = "));
		conf_free(c);
	}
}

static void test_bool(void **state)
{
	static const struct {
		const char *text;
		int want; /* -1: refused */
	} row[] = {{"yes", 1}, {"true", 1}, {"1", 1}, {"on", 1}, {"no", 0}, {"false", 0}, {"0", 0},
		{"off", 0}, {"", 1}, {"maybe", -1}, {"2", -1}};
	struct why why;
	char dir[32], text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct conf *c = NULL;
		bool b = false;

		(void)snprintf(text, sizeof text, "[a]\nk = %s\n", row[i].text); /* fits */
		assert_int_equal(open_text(text, &c, &why, dir), OK);
		assert_int_equal(conf_bool(c, "a", "k", true, &b, &why),
			row[i].want < 0 ? ERR_INVALID : OK);
		assert_int_equal(b, row[i].want == 1);
		conf_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_bool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
