/* zip.h - texts made smaller for the way to the browser. */
#ifndef XUNGE_SERVER_ZIP_H
#define XUNGE_SERVER_ZIP_H

#include <stdbool.h>

#include "base/slice.h"

/* gzip of raw at a zlib level 1..9; gives its bytes to the caller (free).  p NULL: it would not be smaller. */
struct slice zip_text(struct slice raw, int level);

/* The same in brotli (RFC 7932) at a quality 0..11: at 10 an eighth smaller and ten times slower, for what is asked for often;
 * at 5 a fifth smaller than gzip at 4, and no slower. */
struct slice zip_brotli(struct slice raw, int quality);

#endif
