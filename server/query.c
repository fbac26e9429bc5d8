#include "server/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes s in place. */
static bool decode(char *s)
{
	unsigned char *to = (unsigned char *)s;

	for (; *s; s++) {
		if (*s == '%') {
			int hi = hex(s[1]), lo = hi < 0 ? -1 : hex(s[2]);

			if (lo < 0 || hi * 16 + lo == 0)
				return false;
			*to++ = (unsigned char)(hi * 16 + lo);
			s += 2;
		} else {
			*to++ = *s == '+' ? ' ' : (unsigned char)*s;
		}
	}
	*to = '\0';
	return true;
}

static bool is_text(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = strlen(s), len;

	for (size_t i = 0; i < n; i += len) {
		len = p[i] < 0x80 ? p[i] >= ' ' && p[i] != 0x7f : utf8_len(p + i, n - i);
		if (!len)
			return false;
	}
	return true;
}

enum err query_read(struct query *out, const char *q, struct why *why)
{
	char *save = NULL;

	*out = (struct query){0};
	if (!q || !*q)
		return OK;
	if (strlen(q) > QUERY_BYTES_MAX)
		return why_set(why, ERR_INVALID, "the query is longer than %d bytes", QUERY_BYTES_MAX);
	out->text = xstrdup(q);
	for (char *p = strtok_r(out->text, "&", &save); p; p = strtok_r(NULL, "&", &save)) {
		char *value = strchr(p, '=');

		if (value)
			*value++ = '\0';
		else
			value = p + strlen(p);
		if (out->n == QUERY_PAIRS)
			return why_set(why, ERR_INVALID, "more than %d parameters", QUERY_PAIRS);
		if (!decode(p) || !decode(value) || !is_text(p) || !is_text(value))
			return why_set(why, ERR_INVALID, "the query is not percent-encoded UTF-8");
		for (int i = 0; i < out->n; i++)
			if (strcmp(out->pair[i].name, p) == 0)
				return why_set(why, ERR_INVALID, "%.40s: given twice", p);
		out->pair[out->n].name = p;
		out->pair[out->n++].value = value;
	}
	return OK;
}

void query_done(struct query *q)
{
	free(q->text);
	*q = (struct query){0};
}

const char *query_get(const struct query *q, const char *name)
{
	for (int i = 0; i < q->n; i++)
		if (strcmp(q->pair[i].name, name) == 0)
			return q->pair[i].value[0] ? q->pair[i].value : NULL;
	return NULL;
}

const char *query_stranger(const struct query *q, const char *const *names)
{
	for (int i = 0; i < q->n; i++) {
		const char *const *n = names;

		while (*n && strcmp(*n, q->pair[i].name) != 0)
			n++;
		if (!*n)
			return q->pair[i].name;
	}
	return NULL;
}
