/* t_router.c - routes, headers and answers of the server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "server/router.h"

static void handler(void *ctx, struct request *rq, struct response *rs)
{
	(void)ctx;
	(void)rq;
	rs->status = 200;
}

static const struct route table[] = {
	{HTTP_GET, "/livez", handler},
	{HTTP_POST, "/api/v1/session", handler},
	{HTTP_DELETE, "/api/v1/session", handler},
	{HTTP_GET, "/api/v1/cases/{}", handler},
	{HTTP_POST, "/api/v1/cases/{}/actions/{}", handler},
	{HTTP_GET, "/api/v1/exports/{}.csv", handler},
	{HTTP_POST, "/api/v1/alerts/{*}/ack", handler},
};

static enum router_hit find(enum http_method m, const char *path, const struct route **r, struct slice p[REQUEST_PARAMS], unsigned *allow)
{
	return router_find(table, ARRAY_LEN(table), m, path, r, p, allow);
}

static void test_paths(void **state)
{
	struct slice p[REQUEST_PARAMS];
	const struct route *r = NULL;
	unsigned allow;

	(void)state;
	assert_int_equal(find(HTTP_GET, "/livez", &r, p, &allow), ROUTER_FOUND);
	assert_ptr_equal(r, &table[0]);
	assert_int_equal(find(HTTP_HEAD, "/livez", &r, p, &allow), ROUTER_FOUND);
	assert_int_equal(find(HTTP_DELETE, "/api/v1/session", &r, p, &allow), ROUTER_FOUND);
	assert_ptr_equal(r, &table[2]);
	assert_int_equal(find(HTTP_GET, "/api/v1/cases/c-1", &r, p, &allow), ROUTER_FOUND);
	assert_true(slice_is(p[0], "c-1"));
	assert_int_equal(find(HTTP_POST, "/api/v1/cases/c-1/actions/ack", &r, p, &allow), ROUTER_FOUND);
	assert_true(slice_is(p[0], "c-1") && slice_is(p[1], "ack"));
	assert_int_equal(find(HTTP_POST, "/api/v1/alerts/sos:p-1/ack", &r, p, &allow), ROUTER_FOUND);
	assert_true(slice_is(p[0], "sos:p-1"));
	assert_int_equal(find(HTTP_POST, "/api/v1/alerts/duty:p-1/r/ack/ack", &r, p, &allow), ROUTER_FOUND);
	assert_true(slice_is(p[0], "duty:p-1/r/ack"));
	/* A parameter is one whole piece. */
	static const char *const none[] = {"", "/", "/live", "/livez/", "/livezz", "/api/v1/cases/", "/api/v1/cases/a/b",
		"/api/v1/cases/a/actions", "/api/v1/cases/a/actions/", "/api/v1/cases//actions/x", "/api/v1/alerts//ack",
		"/api/v1/alerts/ack", "/api/v1/alerts/x/acks", "/api/v1/alerts/x"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(find(HTTP_GET, none[i], &r, p, &allow), ROUTER_NO_PATH);
}

static void test_methods(void **state)
{
	struct slice p[REQUEST_PARAMS];
	const struct route *r = NULL;
	struct buf b = {0};
	unsigned allow;

	(void)state;
	assert_int_equal(find(HTTP_PUT, "/api/v1/session", &r, p, &allow), ROUTER_NO_METHOD);
	assert_null(r);
	router_allow(allow, &b);
	assert_string_equal(b.p, "POST, DELETE");
	buf_clear(&b);
	assert_int_equal(find(HTTP_POST, "/livez", &r, p, &allow), ROUTER_NO_METHOD);
	router_allow(allow, &b);
	assert_string_equal(b.p, "GET, HEAD");
	buf_done(&b);
}

static void test_cookies(void **state)
{
	(void)state;
	assert_null(http_cookie(NULL, "xunge").p);
	assert_null(http_cookie("", "xunge").p);
	assert_null(http_cookie("xung=1; xungee=2; __Host-xunge=3; a=xunge=4", "xunge").p);
	assert_true(slice_is(http_cookie("a=1; xunge=tok; b=2", "xunge"), "tok"));
	assert_true(slice_is(http_cookie(" xunge=tok ", "xunge"), "tok"));
	assert_true(slice_is(http_cookie("a=1;xunge=tok", "xunge"), "tok"));
	assert_true(slice_is(http_cookie("xunge=first; xunge=second", "xunge"), "first"));
	assert_int_equal(http_cookie("xunge=", "xunge").n, 0);
	assert_null(http_cookie(";;; ;=;", "xunge").p);
}

static void test_origin(void **state)
{
	static const struct {
		const char *origin, *host;
		bool tls, same;
	} cases[] = {
		{"http://127.0.0.1:8080", "127.0.0.1:8080", false, true},
		{"http://Example.org", "example.ORG", false, true},
		{"http://h:80", "h", false, true},
		{"http://h", "h:80", false, true},
		{"https://h", "h", true, true},
		{"https://h:443", "h", true, true},
		{"https://h", "h", false, true}, /* a proxy took the TLS off */
		{"http://h", "h", true, false},
		{"http://h:8080", "h:8081", false, false},
		{"http://h.evil", "h", false, false},
		{"http://evil/h", "h", false, false},
		{"http://h@evil", "h", false, false},
		{"http://", "", false, false},
		{"http://", "h", false, false},
		{"null", "h", false, false},
		{"", "h", false, false},
		{"ftp://h", "h", false, false},
		{NULL, "h", false, false},
		{"http://h", NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (http_same_origin(cases[i].origin, cases[i].host, cases[i].tls) != cases[i].same)
			fail_msg("%s for %s", cases[i].origin ? cases[i].origin : "no origin", cases[i].host ? cases[i].host : "no host");
}

static void test_lists(void **state)
{
	(void)state;
	assert_true(http_etag_listed("\"a\"", "\"a\""));
	assert_true(http_etag_listed("\"b\", W/\"a\"", "\"a\""));
	assert_true(http_etag_listed(" * ", "\"a\""));
	assert_false(http_etag_listed("\"ab\"", "\"a\""));
	assert_false(http_etag_listed("a", "\"a\""));
	assert_false(http_etag_listed("", "\"a\""));
	assert_false(http_etag_listed(NULL, "\"a\""));
	assert_true(http_accepts("br, GZIP", "gzip"));
	assert_true(http_accepts("gzip;q=0.5", "gzip"));
	assert_false(http_accepts("gzip;q=0, br", "gzip"));
	assert_false(http_accepts("gzip; q=0.000", "gzip"));
	assert_false(http_accepts("gzipped", "gzip"));
	assert_false(http_accepts(NULL, "gzip"));
	assert_true(http_listed("chat, xunge.live.v1", "xunge.live.v1"));
	assert_false(http_listed("chat xunge.live.v1", "xunge.live.v1"));
	assert_false(http_listed("xunge.live.v12", "xunge.live.v1"));
	assert_false(http_listed(NULL, "xunge.live.v1"));
}

static void test_problem(void **state)
{
	struct response rs = {0};
	struct buf b = {0};

	(void)state;
	response_problem(&rs, 409, "illegal", "a \"quoted\" detail");
	assert_string_equal(rs.body.p, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,\"code\":\"illegal\","
				       "\"detail\":\"a \\\"quoted\\\" detail\"}");
	response_retry(&rs, 7);
	rs.close = true;
	response_head(&rs, rs.body.n, true, &b);
	assert_non_null(strstr(b.p, "HTTP/1.1 409 Conflict\r\n"));
	assert_non_null(strstr(b.p, "\r\ncontent-type: application/problem+json\r\n"));
	assert_non_null(strstr(b.p, "\r\nretry-after: 7\r\n"));
	assert_non_null(strstr(b.p, "\r\nconnection: close\r\n"));
	assert_non_null(strstr(b.p, "\r\nstrict-transport-security: "));
	assert_string_equal(b.p + b.n - 4, "\r\n\r\n");
	buf_clear(&b);
	rs.status = 304;
	response_head(&rs, 0, false, &b);
	assert_null(strstr(b.p, "content-length"));
	assert_null(strstr(b.p, "strict-transport"));
	buf_done(&b);
	response_done(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths), cmocka_unit_test(test_methods), cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_origin), cmocka_unit_test(test_lists), cmocka_unit_test(test_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
