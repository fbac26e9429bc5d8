#include "core/image.h"

#include <string.h>
#include <zlib.h>

static const char *const mimes[] = {NULL, "image/jpeg", "image/png", "image/webp"};
static const char *const suffixes[] = {"bin", "jpg", "png", "webp"};

#define CUT "the picture is cut off"
#define BEHIND "bytes follow behind the end of the picture"

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le24(const uint8_t *p)
{
	return le16(p) | (uint32_t)p[2] << 16;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

/* ------------------------------------------------------------------ JPEG */

/* A frame header: baseline, extended or progressive; 8 bits; grey, colour or four inks. */
static const char *jpeg_frame(const uint8_t *p, size_t n, struct image *out)
{
	uint32_t parts;

	if (n < 6 || out->width)
		return "JPEG: the frame header is broken";
	parts = p[5];
	if (p[0] != 8 || (parts != 1 && parts != 3 && parts != 4) || n != 6 + 3 * (size_t)parts)
		return "JPEG: the frame header is broken";
	out->height = be16(p + 1);
	out->width = be16(p + 3);
	return out->width && out->height ? NULL : "the picture has no width or no height";
}

/* Behind the coded data that starts at i: at the next marker that is none of theirs. */
static size_t jpeg_scan(const uint8_t *p, size_t n, size_t i)
{
	while (i + 1 < n) {
		const uint8_t *ff = memchr(p + i, 0xff, n - 1 - i);

		if (!ff)
			return n;
		i = (size_t)(ff - p);
		if (p[i + 1] != 0x00 && p[i + 1] != 0xff && !(p[i + 1] >= 0xd0 && p[i + 1] <= 0xd7))
			return i;
		i += p[i + 1] == 0xff ? 1 : 2;
	}
	return n;
}

static const char *jpeg(const uint8_t *p, size_t n, struct image *out)
{
	bool scanned = false;
	size_t i = 2;

	while (i + 2 <= n) {
		const char *what;
		uint8_t m;
		size_t len;

		if (p[i] != 0xff)
			return "JPEG: no marker where one must be";
		m = p[i + 1];
		if (m == 0xff) { /* fill */
			i++;
			continue;
		}
		if (m == 0xd9)
			return !scanned ? "JPEG: there is no picture in it" : i + 2 == n ? NULL : BEHIND;
		if (m < 0xc0 || (m >= 0xd0 && m <= 0xd8))
			return "JPEG: a marker is out of place";
		if (i + 4 > n || (len = be16(p + i + 2)) < 2 || i + 2 + len > n)
			return CUT;
		if (m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc) {
			if (m > 0xc2)
				return "JPEG: of a kind that browsers do not show";
			if ((what = jpeg_frame(p + i + 4, len - 2, out)))
				return what;
		}
		i += 2 + len;
		if (m == 0xda) {
			if (!out->width)
				return "JPEG: data before the frame header";
			scanned = true;
			i = jpeg_scan(p, n, i);
		}
	}
	return CUT;
}

/* ------------------------------------------------------------------ PNG */

static bool png_depth(uint8_t depth, uint8_t colour)
{
	switch (colour) {
	case 0:
		return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
	case 3:
		return depth == 1 || depth == 2 || depth == 4 || depth == 8;
	case 2:
	case 4:
	case 6:
		return depth == 8 || depth == 16;
	default:
		return false;
	}
}

static const char *png_header(const uint8_t *p, size_t len, struct image *out)
{
	if (len != 13 || !png_depth(p[8], p[9]) || p[10] || p[11] || p[12] > 1)
		return "PNG: the header is broken";
	out->width = be32(p);
	out->height = be32(p + 4);
	if (!out->width || !out->height || out->width > INT32_MAX || out->height > INT32_MAX)
		return "the picture has no width or no height";
	return NULL;
}

static const char *png(const uint8_t *p, size_t n, struct image *out)
{
	bool data = false;
	size_t i = 8;

	while (i + 12 <= n) {
		size_t len = be32(p + i);
		const uint8_t *name = p + i + 4, *body = p + i + 8;
		const char *what;

		if (len > n - i - 12)
			return CUT;
		if (be32(body + len) != (uint32_t)crc32(crc32(0, NULL, 0), name, (uInt)len + 4))
			return "PNG: a checksum is wrong";
		if ((i == 8) != (memcmp(name, "IHDR", 4) == 0))
			return "PNG: the header is not the first";
		if (i == 8 && (what = png_header(body, len, out)))
			return what;
		data = data || (memcmp(name, "IDAT", 4) == 0 && len);
		i += 12 + len;
		if (memcmp(name, "IEND", 4) == 0)
			return !data ? "PNG: there is no picture in it" : i == n ? NULL : BEHIND;
	}
	return CUT;
}

/* ------------------------------------------------------------------ WebP */

static const char *webp_lossy(const uint8_t *p, size_t len, struct image *out)
{
	if (len < 10 || (p[0] & 1) || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a)
		return "WebP: the frame header is broken";
	out->width = le16(p + 6) & 0x3fff;
	out->height = le16(p + 8) & 0x3fff;
	return NULL;
}

static const char *webp_lossless(const uint8_t *p, size_t len, struct image *out)
{
	uint32_t bits;

	if (len < 5 || p[0] != 0x2f || (bits = le32(p + 1)) >> 29)
		return "WebP: the frame header is broken";
	out->width = (bits & 0x3fff) + 1;
	out->height = (bits >> 14 & 0x3fff) + 1;
	return NULL;
}

static const char *webp(const uint8_t *p, size_t n, struct image *out)
{
	size_t all = le32(p + 4), i = 12;
	struct image canvas = {IMAGE_NONE, 0, 0};
	const char *what = NULL;
	bool data = false;

	if (all < 4 || all > n - 8)
		return CUT;
	if (all < n - 8)
		return BEHIND;
	for (; i + 8 <= n && !what; i += 8) {
		const uint8_t *name = p + i, *body = p + i + 8;
		size_t len = le32(p + i + 4), room = n - i - 8;

		if (len + (len & 1) > room)
			return CUT;
		if (memcmp(name, "VP8 ", 4) == 0 || memcmp(name, "VP8L", 4) == 0) {
			if (data)
				return "WebP: more than one picture";
			data = true;
			what = name[3] == ' ' ? webp_lossy(body, len, out) : webp_lossless(body, len, out);
		} else if (memcmp(name, "VP8X", 4) == 0) {
			if (i != 12 || len != 10 || (body[0] & 2))
				return "WebP: not a still picture";
			canvas.width = le24(body + 4) + 1;
			canvas.height = le24(body + 7) + 1;
		}
		i += len + (len & 1);
	}
	if (what)
		return what;
	if (i != n)
		return CUT;
	if (!data)
		return "WebP: there is no picture in it";
	if (!out->width || !out->height)
		return "the picture has no width or no height";
	if (canvas.width && (canvas.width != out->width || canvas.height != out->height))
		return "WebP: the frame is not as large as its canvas";
	return NULL;
}

/* ------------------------------------------------------------------ all of them */

enum image_kind image_magic(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	if (n >= 3 && memcmp(p, "\xff\xd8\xff", 3) == 0)
		return IMAGE_JPEG;
	if (n >= 8 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0)
		return IMAGE_PNG;
	if (n >= 16 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBPVP8", 7) == 0)
		return IMAGE_WEBP;
	return IMAGE_NONE;
}

const char *image_read(const void *p, size_t n, struct image *out)
{
	struct image image = {image_magic(p, n), 0, 0};
	const char *what = "neither JPEG nor PNG nor WebP";

	switch (image.kind) {
	case IMAGE_JPEG:
		what = jpeg(p, n, &image);
		break;
	case IMAGE_PNG:
		what = png(p, n, &image);
		break;
	case IMAGE_WEBP:
		what = webp(p, n, &image);
		break;
	case IMAGE_NONE:
		break;
	}
	if (!what)
		*out = image;
	return what;
}

const char *image_mime(enum image_kind kind)
{
	return mimes[kind];
}

const char *image_suffix(enum image_kind kind)
{
	return suffixes[kind];
}

enum image_kind image_kind_of(const char *mime)
{
	for (int k = IMAGE_JPEG; k <= IMAGE_WEBP; k++)
		if (strcmp(mime, mimes[k]) == 0)
			return (enum image_kind)k;
	return IMAGE_NONE;
}
