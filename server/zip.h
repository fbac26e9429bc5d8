/* zip.h - texts made smaller for the way to the browser. */
#ifndef XUNGE_SERVER_ZIP_H
#define XUNGE_SERVER_ZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* gzip of raw at a zlib level 1..9; gives its bytes to the caller (free).  p NULL: it would not be smaller. */
struct slice zip_text(struct slice raw, int level);

/* The same in brotli (RFC 7932) at a quality 0..11: at 10 an eighth smaller and ten times slower, for what is asked for often;
 * at 5 a fifth smaller than gzip at 4, and no slower. */
struct slice zip_brotli(struct slice raw, int quality);

/* How an answer of n bytes that is made anew goes to who accepts this (Accept-Encoding): "br", "gzip", or NULL: as it is.
 * What is worth it, and done within some 20 ms: the loop waits.  Alike: of rows that say much the same, of which four times
 * as many bytes take no longer. */
const char *zip_coding(size_t n, bool alike, const char *accept);
struct slice zip_answer(struct slice raw, const char *coding); /* in that coding; as zip_text */

#endif
