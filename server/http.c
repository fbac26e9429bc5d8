#include "server/http.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

const char *const http_method_names[HTTP_METHODS] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/* On every answer but the terse ones.  The page needs no inline script or style, no foreign host, no frame. */
static const char policy[] = "content-security-policy: default-src 'self'; img-src 'self' data: blob:";
static const char security[] =
	"; style-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
	"form-action 'self'\r\n"
	"referrer-policy: no-referrer\r\n"
	"permissions-policy: geolocation=(self), camera=(self)\r\n"
	"cross-origin-opener-policy: same-origin\r\n"
	"x-content-type-options: nosniff\r\n"
	"cross-origin-resource-policy: same-origin\r\n";

/* On an answer that only a program reads, often, over a poor connection: nothing of it is ever shown as a page. */
static const char security_terse[] = "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n";
static const char security_bare[] = "x-content-type-options: nosniff\r\n"; /* a script is never taken for a page */

void response_done(struct response *r)
{
	buf_done(&r->head);
	buf_done(&r->body);
}

void response_header(struct response *r, const char *name, const char *value)
{
	buf_addf(&r->head, "%s: %s\r\n", name, value);
}

const char *http_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 204:
		return "No Content";
	case 304:
		return "Not Modified";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 409:
		return "Conflict";
	case 410:
		return "Gone";
	case 411:
		return "Length Required";
	case 412:
		return "Precondition Failed";
	case 413:
		return "Content Too Large";
	case 415:
		return "Unsupported Media Type";
	case 422:
		return "Unprocessable Content";
	case 426:
		return "Upgrade Required";
	case 428:
		return "Precondition Required";
	case 429:
		return "Too Many Requests";
	case 460:
		return "Checksum Mismatch";
	case 503:
		return "Service Unavailable";
	default:
		return status < 500 ? "Request Failed" : "Internal Server Error";
	}
}

void response_problem(struct response *r, int status, const char *code, const char *detail)
{
	r->status = status;
	r->type = "application/problem+json";
	buf_clear(&r->body);
	buf_adds(&r->body, "{\"type\":\"about:blank\",\"title\":");
	buf_json_str(&r->body, http_reason(status));
	buf_addf(&r->body, ",\"status\":%d,\"code\":", status);
	buf_json_str(&r->body, code);
	if (detail) {
		buf_json_key(&r->body, "detail");
		buf_json_str(&r->body, detail);
	}
	buf_addc(&r->body, '}');
}

void response_retry(struct response *r, int seconds)
{
	buf_addf(&r->head, "retry-after: %d\r\n", seconds);
}

struct slice response_body(const struct response *r)
{
	return r->fixed.p ? r->fixed : buf_slice(&r->body);
}

void response_head(const struct response *r, size_t n, bool tls, struct buf *out)
{
	char date[40];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_addf(out, "HTTP/1.1 %d %s\r\ndate: %s\r\n", r->status, http_reason(r->status), date);
	if (r->streams)
		buf_adds(out, "transfer-encoding: chunked\r\n");
	else if (r->status != 204 && r->status != 304)
		buf_addf(out, "content-length: %zu\r\n", n);
	if (r->type && r->status != 204 && r->status != 304)
		buf_addf(out, "content-type: %s\r\n", r->type);
	if (r->terse || r->bare) {
		if (r->terse)
			buf_adds(out, security_terse);
		buf_adds(out, security_bare);
	} else {
		buf_adds(out, policy);
		if (r->img)
			buf_addf(out, " %s", r->img);
		buf_adds(out, security);
	}
	if (tls)
		buf_adds(out, "strict-transport-security: max-age=31536000\r\n");
	if (r->close)
		buf_adds(out, "connection: close\r\n");
	if (r->head.n)
		buf_add(out, r->head.p, r->head.n);
	buf_adds(out, "\r\n");
}

struct slice http_cookie(const char *cookies, const char *name)
{
	size_t n = strlen(name);
	const char *p = cookies;

	while (p && *p) {
		const char *end = strchr(p, ';');
		size_t len = end ? (size_t)(end - p) : strlen(p);

		while (len && (*p == ' ' || *p == '\t'))
			p++, len--;
		while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		if (len > n && p[n] == '=' && memcmp(p, name, n) == 0)
			return (struct slice){p + n + 1, (uint32_t)(len - n - 1)};
		p = end ? end + 1 : NULL;
	}
	return (struct slice){NULL, 0};
}

/* host[:port] with the scheme's own port taken off */
static struct slice bare_host(const char *host, const char *port)
{
	struct slice s = slice_of(host);
	size_t n = strlen(port);

	if (s.n > n && memcmp(s.p + s.n - n, port, n) == 0)
		s.n -= (uint32_t)n;
	return s;
}

bool http_same_origin(const char *origin, const char *host, bool tls)
{
	const char *port = ":443";
	struct slice a, b;

	if (!origin || !host || !*host)
		return false;
	if (strncasecmp(origin, "https://", 8) == 0)
		origin += 8;
	else if (!tls && strncasecmp(origin, "http://", 7) == 0)
		origin += 7, port = ":80";
	else
		return false;
	a = bare_host(origin, port);
	b = bare_host(host, port);
	return a.n > 0 && a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

bool http_etag_listed(const char *list, const char *etag)
{
	size_t n = strlen(etag);

	for (const char *p = list; p && *p;) {
		while (*p == ' ' || *p == '\t' || *p == ',')
			p++;
		if (*p == '*')
			return true;
		if (p[0] == 'W' && p[1] == '/')
			p += 2;
		if (strncmp(p, etag, n) == 0 && (!p[n] || strchr(", \t", p[n])))
			return true;
		p = strchr(p, ',');
	}
	return false;
}

/* The next element of a comma-separated list: *p moves behind it. */
static struct slice next_element(const char **p)
{
	struct slice s;

	while (**p == ' ' || **p == '\t' || **p == ',')
		++*p;
	s.p = *p;
	s.n = (uint32_t)strcspn(*p, ",");
	*p += s.n;
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool http_listed(const char *list, const char *token)
{
	for (const char *p = list; p && *p;) {
		struct slice s = next_element(&p);

		if (s.n == strlen(token) && strncasecmp(s.p, token, s.n) == 0)
			return true;
	}
	return false;
}

bool http_accepts(const char *accept, const char *coding)
{
	for (const char *p = accept; p && *p;) {
		struct slice s = next_element(&p);
		uint32_t n = 0, i;

		while (n < s.n && s.p[n] != ';' && s.p[n] != ' ')
			n++;
		if (n != strlen(coding) || strncasecmp(s.p, coding, n) != 0)
			continue;
		for (i = n; i < s.n && s.p[i] != '='; i++)
			;
		if (i == s.n)
			return true;
		for (i++; i < s.n; i++) /* q=0, q=0.000: refused; any other digit: taken */
			if (s.p[i] >= '1' && s.p[i] <= '9')
				return true;
		return false;
	}
	return false;
}
