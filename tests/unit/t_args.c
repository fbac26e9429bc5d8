#include "cli/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct got {
	const char *from, *out, *word[2];
	bool dry;
	int n;
	struct why why;
	enum err e;
};

/* Reads a command line written as one text, split at blanks. */
static struct got read(const char *line)
{
	static char text[256]; /* the words outlive the call */
	struct got g = {0};
	const struct args_opt opt[] = {
		{"--from", &g.from, NULL}, {"-o", &g.out, NULL}, {"--dry-run", NULL, &g.dry}};
	char *argv[16] = {0}, *save = NULL;
	int argc = 0;

	(void)snprintf(text, sizeof text, "cmd %s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	g.e = args_read(argc, argv, opt, ARRAY_LEN(opt), g.word, 2, &g.n, &g.why);
	return g;
}

static void t_reads(void **state)
{
	struct got g;

	(void)state;
	g = read("");
	assert_int_equal(g.e, OK);
	assert_int_equal(g.n, 0);
	assert_null(g.from);
	g = read("one --from 2026 two --dry-run -o file");
	assert_int_equal(g.e, OK);
	assert_int_equal(g.n, 2);
	assert_string_equal(g.word[0], "one");
	assert_string_equal(g.word[1], "two");
	assert_string_equal(g.from, "2026");
	assert_string_equal(g.out, "file");
	assert_true(g.dry);
	g = read("--from=2026=x -");
	assert_int_equal(g.e, OK);
	assert_string_equal(g.from, "2026=x");
	assert_string_equal(g.word[0], "-");
	g = read("--from= --");
	assert_int_equal(g.e, OK);
	assert_string_equal(g.from, "");
	g = read("-- --from --dry-run");
	assert_int_equal(g.e, OK);
	assert_int_equal(g.n, 2);
	assert_string_equal(g.word[0], "--from");
	assert_null(g.from);
	assert_false(g.dry);
	g = read("--from --dry-run"); /* a value may look like an option */
	assert_int_equal(g.e, OK);
	assert_string_equal(g.from, "--dry-run");
	assert_false(g.dry);
}

static void refused(const char *line, const char *part)
{
	struct got g = read(line);

	assert_int_equal(g.e, ERR_USAGE);
	assert_non_null(strstr(g.why.text, part));
}

static void t_refuses(void **state)
{
	(void)state;
	refused("--form x", "--form");
	refused("--fro x", "--fro");
	refused("-x", "-x");
	refused("--from", "--from");
	refused("a b c", "c");
	refused("--from a --from b", "twice");
	refused("--dry-run=yes", "--dry-run");
}

static void t_numbers(void **state)
{
	struct why why;
	long long n = 7;

	(void)state;
	assert_int_equal(args_int("--as-of", "42", 1, INT64_MAX, &n, &why), OK);
	assert_int_equal(n, 42);
	assert_int_equal(args_int("--as-of", "0", 1, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(args_int("--as-of", "", 1, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(args_int("--as-of", "+5", 1, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(args_int("--as-of", " 5", 1, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(args_int("--as-of", "-", -9, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(args_int("--as-of", "4x", 1, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(args_int("--as-of", "9223372036854775808", 1, INT64_MAX, &n, &why), ERR_USAGE);
	assert_int_equal(n, 42); /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_reads),
		cmocka_unit_test(t_refuses),
		cmocka_unit_test(t_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
