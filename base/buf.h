/* buf.h - a byte buffer that grows, and the writing of JSON into it.
 * Memory exhausted: die().  A zeroed struct is an empty buffer. */
#ifndef XUNGE_BASE_BUF_H
#define XUNGE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct buf {
	char *p; /* n bytes, then a NUL that does not count; NULL while nothing was written */
	size_t n, cap;
};

void buf_done(struct buf *b);  /* frees; b is empty again */
void buf_clear(struct buf *b); /* keeps the memory */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_int(struct buf *b, int64_t v);
void buf_drop(struct buf *b, size_t n); /* the first n bytes; the rest moves down */
struct slice buf_slice(const struct buf *b);

/* JSON: a string with its quotes, escaped; s must be UTF-8 (bad bytes become U+FFFD).
 * buf_json_key writes `"key":`, with a comma before it unless the byte before is { or [. */
void buf_json(struct buf *b, const char *s, size_t n);
void buf_json_str(struct buf *b, const char *s); /* NULL writes null */
void buf_json_key(struct buf *b, const char *key);
void buf_json_sep(struct buf *b); /* the comma before an array element, when one is due */

#endif
