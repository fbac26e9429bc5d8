#include "base/err.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *err_name(enum err e)
{
	switch (e) {
	case OK:
		return "ok";
	case ERR_NOMEM:
		return "nomem";
	case ERR_IO:
		return "io";
	case ERR_FULL:
		return "full";
	case ERR_NOTFOUND:
		return "notfound";
	case ERR_EXISTS:
		return "exists";
	case ERR_INVALID:
		return "invalid";
	case ERR_BUSY:
		return "busy";
	case ERR_VERSION:
		return "version";
	case ERR_DENIED:
		return "denied";
	case ERR_CLOSED:
		return "closed";
	case ERR_CORRUPT:
		return "corrupt";
	case ERR_USAGE:
		return "usage";
	case ERR_STALE:
		return "stale";
	}
	return "?";
}

enum err why_set(struct why *w, enum err e, const char *fmt, ...)
{
	if (w) {
		va_list ap;

		va_start(ap, fmt);
		(void)vsnprintf(w->text, sizeof w->text, fmt, ap); /* cut on purpose */
		va_end(ap);
	}
	return e;
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("<2>", stderr); /* nowhere left to report a failing stderr */
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die("err: out of memory wanted=%zux%zu", n, size);
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		die("err: out of memory wanted=%zu", size);
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xcalloc(1, n + 1);

	memcpy(p, s, n);
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("err: out of memory in xasprintf");
	return p;
}
