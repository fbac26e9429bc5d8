/* t_pages.c - server/pages.h: names that say what is in a file, and may be kept for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "server/pages.h"

static void put(const char *dir, const char *name, const char *text)
{
	char *file = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	free(file);
}

static char *site(void)
{
	char *dir = xstrdup("/tmp/xunge-pages-XXXXXX");

	assert_non_null(mkdtemp(dir));
	put(dir, "index.html", "<link rel=\"icon\" href=\"icon.svg\"><link href=\"none.css\"><script src=\"main.js\"></script><a href=\"#x\" src=\"");
	put(dir, "main.js", "import \"./a.js\";");
	put(dir, "icon.svg", "<svg/>");
	return dir;
}

static struct pages *loaded(const char *dir, const char *img)
{
	struct pages *p = NULL;
	struct why why;

	assert_int_equal(pages_load(dir, img, &p, &why), OK);
	return p;
}

static void drop(char *dir)
{
	char *cmd = xasprintf("rm -rf %s", dir);

	assert_int_equal(system(cmd), 0);
	free(cmd);
	free(dir);
}

/* The answer's head and body as one text; NULL: no such file. */
static char *asked(struct pages *p, const char *path)
{
	struct request rq = {.path = path};
	struct response rs = {0};
	struct buf out = {0};
	char *text;

	if (!pages_answer(p, &rq, &rs))
		return NULL;
	response_head(&rs, rs.fixed.n, false, &out);
	text = xasprintf("%.*s%.*s", (int)out.n, out.p, (int)rs.fixed.n, rs.fixed.p);
	buf_done(&out);
	response_done(&rs);
	return text;
}

static void has(struct pages *p, const char *path, const char *want)
{
	char *text = asked(p, path);

	if (!text || !strstr(text, want))
		fail_msg("%s: no %s in: %s", path, want, text ? text : "no such file");
	free(text);
}

static void test_names(void **state)
{
	char *dir = site(), *named, *main_js;
	struct pages *p = loaded(dir, NULL), *again = loaded(dir, NULL), *changed;

	(void)state;
	assert_string_equal(pages_hash(p), pages_hash(again));
	named = xasprintf("<link rel=\"icon\" href=\"a/%s/icon.svg\"><link href=\"none.css\"><script src=\"a/%s/main.js\"></script><a href=\"#x\" src=\"",
		pages_hash(p), pages_hash(p));
	has(p, "/", named);
	has(p, "/", "cache-control: no-cache");
	has(p, "/main.js", "cache-control: no-cache"); /* under its own name, too */
	main_js = xasprintf("/a/%s/main.js", pages_hash(p));
	has(p, main_js, "cache-control: public, max-age=31536000, immutable");
	has(p, main_js, "import \"./a.js\";");
	put(dir, "main.js", "import \"./b.js\";");
	changed = loaded(dir, NULL);
	assert_string_not_equal(pages_hash(p), pages_hash(changed));
	assert_null(asked(changed, main_js)); /* two versions do not mix */
	free(main_js);
	main_js = xasprintf("/a/%s/index.html", pages_hash(p));
	assert_null(asked(p, main_js));
	free(main_js);
	main_js = xasprintf("/a/%s", pages_hash(p));
	assert_null(asked(p, main_js));
	assert_null(asked(p, "/a/"));
	assert_null(asked(p, "/a/0/main.js"));
	free(main_js);
	free(named);
	pages_free(p);
	pages_free(again);
	pages_free(changed);
	drop(dir);
}

/* A name that changes is another tree, too; an empty folder and none are no trees at all. */
static void test_trees(void **state)
{
	char *dir = site(), *from, *to, hash[17];
	struct pages *p = loaded(dir, NULL);

	(void)state;
	memcpy(hash, pages_hash(p), sizeof hash);
	pages_free(p);
	from = xasprintf("%s/icon.svg", dir);
	to = xasprintf("%s/icon2.svg", dir);
	assert_int_equal(rename(from, to), 0);
	p = loaded(dir, NULL);
	assert_string_not_equal(hash, pages_hash(p));
	pages_free(p);
	free(from);
	free(to);
	drop(dir);
	assert_null(pages_hash(NULL));
	assert_null(asked(NULL, "/"));
	assert_null(asked(NULL, "/a/0/x"));
}

static void test_policy(void **state)
{
	char *dir = site(), *main_js;
	struct pages *p = loaded(dir, "https://tiles.example");

	(void)state;
	has(p, "/", "img-src 'self' data: blob: https://tiles.example; style-src 'self'; ");
	has(p, "/main.js", "img-src 'self' data: blob:; style-src 'self'; connect-src");
	main_js = xasprintf("/a/%s/main.js", pages_hash(p));
	has(p, main_js, "text/javascript; charset=utf-8\r\nx-content-type-options: nosniff\r\netag: \""); /* forty files carry it */
	free(main_js);
	main_js = xasprintf("/a/%s/icon.svg", pages_hash(p));
	has(p, main_js, "policy: default-src 'none'; frame-ancestors 'none'"); /* a picture can be opened as a document */
	pages_free(p);
	free(main_js);
	drop(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_policy),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
