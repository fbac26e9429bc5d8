#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->n + more + 1, cap = b->cap ? b->cap : 64;

	if (want <= b->cap)
		return;
	while (cap < want)
		cap *= 2;
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	buf_reserve(b, 63);
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("buf: bad format %s", fmt);
	if ((size_t)n >= b->cap - b->n) {
		buf_reserve(b, (size_t)n);
		va_start(ap, fmt);
		(void)vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap); /* fits now */
		va_end(ap);
	}
	b->n += (size_t)n;
}

void buf_int(struct buf *b, int64_t v)
{
	char t[24];
	size_t i = sizeof t;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		t[--i] = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		t[--i] = '-';
	buf_add(b, t + i, sizeof t - i);
}

void buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n) {
		buf_clear(b);
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){b->p ? b->p : "", (uint32_t)b->n};
}

void buf_json(struct buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, from = 0;

	buf_addc(b, '"');
	while (i < n) {
		unsigned char c = p[i];
		size_t len;

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && c < 0x80) {
			i++;
			continue;
		}
		len = c < 0x80 ? 0 : utf8_len(p + i, n - i);
		if (len) {
			i += len;
			continue;
		}
		buf_add(b, s + from, i - from);
		if (c == '"' || c == '\\') {
			buf_addc(b, '\\');
			buf_addc(b, (char)c);
		} else if (c == '\n') {
			buf_adds(b, "\\n");
		} else if (c < 0x80) {
			buf_addf(b, "\\u%04x", c);
		} else {
			buf_adds(b, "\xef\xbf\xbd");
		}
		from = ++i;
	}
	buf_add(b, s + from, n - from);
	buf_addc(b, '"');
}

void buf_json_str(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s, strlen(s));
	else
		buf_adds(b, "null");
}

void buf_json_sep(struct buf *b)
{
	if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[')
		buf_addc(b, ',');
}

void buf_json_key(struct buf *b, const char *key)
{
	buf_json_sep(b);
	buf_json_str(b, key);
	buf_addc(b, ':');
}
