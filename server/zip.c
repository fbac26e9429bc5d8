#include "server/zip.h"

#include <brotli/encode.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "server/http.h"

#define ZIP_MIN 512
#define ZIP_MAX ((size_t)1024 * 1024)
#define ZIP_LEVEL 4
#define ZIP_FINE_MAX ((size_t)256 * 1024) /* up to here a better level takes no longer than that */
#define ZIP_FINE_LEVEL 6
#define BROTLI_MAX ((size_t)256 * 1024)
#define BROTLI_QUALITY 5

struct slice zip_text(struct slice raw, int level)
{
	z_stream z = {0};
	struct slice out = {NULL, 0};
	uLong bound;
	char *p;

	if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return out;
	bound = deflateBound(&z, raw.n);
	p = xcalloc(1, bound);
	z.next_in = (Bytef *)(uintptr_t)raw.p;
	z.avail_in = raw.n;
	z.next_out = (Bytef *)p;
	z.avail_out = (uInt)bound;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out + 64 < raw.n)
		out = (struct slice){xrealloc(p, z.total_out), (uint32_t)z.total_out};
	else
		free(p);
	deflateEnd(&z);
	return out;
}

struct slice zip_brotli(struct slice raw, int quality)
{
	struct slice out = {NULL, 0};
	size_t n = BrotliEncoderMaxCompressedSize(raw.n);
	uint8_t *p = xcalloc(1, n + 1);

	if (n && BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, raw.n, (const uint8_t *)raw.p, &n, p) && n + 64 < raw.n)
		out = (struct slice){xrealloc(p, n), (uint32_t)n};
	else
		free(p);
	return out;
}

const char *zip_coding(size_t n, bool alike, const char *accept)
{
	size_t times = alike ? 4 : 1;

	if (n < ZIP_MIN || n > ZIP_MAX * times)
		return NULL;
	if (n <= BROTLI_MAX * times && http_accepts(accept, "br"))
		return "br";
	return http_accepts(accept, "gzip") ? "gzip" : NULL;
}

struct slice zip_answer(struct slice raw, const char *coding)
{
	return strcmp(coding, "br") == 0 ? zip_brotli(raw, BROTLI_QUALITY) : zip_text(raw, raw.n <= ZIP_FINE_MAX ? ZIP_FINE_LEVEL : ZIP_LEVEL);
}
