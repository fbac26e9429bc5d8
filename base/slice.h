/* slice.h - bytes that somebody else owns.  Not NUL-terminated. */
#ifndef XUNGE_BASE_SLICE_H
#define XUNGE_BASE_SLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p; /* NULL: absent */
	uint32_t n;
};

static inline struct slice slice_of(const char *s)
{
	return (struct slice){s, s ? (uint32_t)strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_of(s));
}

static inline bool slice_starts(struct slice a, struct slice prefix)
{
	return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

/* Copies s into `to` as a string, cut at room - 1 bytes. */
static inline void slice_copy(char *to, size_t room, struct slice s)
{
	size_t n = s.n < room ? s.n : room - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

#endif
