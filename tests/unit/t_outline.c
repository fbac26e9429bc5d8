/* t_outline.c - schema/outline.c: what a phone gets of a shape. */
#include "schema/outline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void is(const char *geojson, const char *want)
{
	struct buf b = {0};

	outline_write(&b, geojson, strlen(geojson));
	assert_string_equal(b.p, want);
	buf_done(&b);
}

static void test_kinds(void **state)
{
	(void)state;
	is("{\"type\":\"LineString\",\"coordinates\":[[104.9,33.4],[104.91,33.412345678]]}", "[[[33.40000,104.90000],[33.41235,104.91000]]]");
	is("{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[5,6],[7,8,900]]]}", "[[[2.00000,1.00000],[4.00000,3.00000]],[[6.00000,5.00000],[8.00000,7.00000]]]");
	is("{\"type\":\"MultiPolygon\",\"coordinates\":[[[[1,2],[3,4],[1,2]]]]}", "[[[2.00000,1.00000],[4.00000,3.00000],[2.00000,1.00000]]]");
	is("{\"type\":\"Point\",\"coordinates\":[1,2]}", "[]");
	is("{\"type\":\"LineString\"}", "[]");
	is("no JSON", "[]");
}

/* A long line is thinned; its ends stay, and the points are as many as may be. */
static void test_thinned(void **state)
{
	struct buf in = {0}, out = {0};
	size_t n = 0;

	(void)state;
	for (int points = 2; points < 5000; points = points * 2 + 1) {
		buf_clear(&in);
		buf_clear(&out);
		buf_adds(&in, "{\"coordinates\":[");
		for (int i = 0; i < points; i++)
			buf_addf(&in, "%s[%d,1]", i ? "," : "", i);
		buf_adds(&in, "]}");
		outline_write(&out, in.p, in.n);
		n = 0;
		for (const char *p = out.p; (p = strstr(p, "[1.")); p++)
			n++;
		assert_true(n <= OUTLINE_POINTS && (n == (size_t)points || n > OUTLINE_POINTS / 3));
		buf_clear(&in);
		buf_addf(&in, ",%d.00000]]]", points - 1);
		assert_non_null(strstr(out.p, in.p));
	}
	buf_done(&in);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_thinned)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
