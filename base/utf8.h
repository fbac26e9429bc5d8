/* utf8.h - is this UTF-8?  No overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef XUNGE_BASE_UTF8_H
#define XUNGE_BASE_UTF8_H

#include <stddef.h>

/* Length of the sequence at p (n bytes are there, p[0] >= 0x80), or 0 when it is none. */
static inline size_t utf8_len(const unsigned char *p, size_t n)
{
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	unsigned char lo = 0x80, hi = 0xbf;

	if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

#endif
