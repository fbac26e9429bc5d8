/* t_image.c - core/image.c: what is a picture, and how large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "core/image.h"

static void bytes(struct buf *b, const void *p, size_t n)
{
	buf_add(b, p, n);
}

static void be(struct buf *b, uint32_t v, int n)
{
	while (n--)
		buf_addc(b, (char)(v >> 8 * n));
}

static void le(struct buf *b, uint32_t v, int n)
{
	for (; n--; v >>= 8)
		buf_addc(b, (char)v);
}

/* ------------------------------------------------------------------ makers */

static void segment(struct buf *b, uint8_t marker, const void *p, size_t n)
{
	be(b, 0xff00U | marker, 2);
	be(b, (uint32_t)n + 2, 2);
	bytes(b, p, n);
}

static void jpeg(struct buf *b, uint8_t sof, uint32_t width, uint32_t height)
{
	uint8_t frame[9] = {8, (uint8_t)(height >> 8), (uint8_t)height, (uint8_t)(width >> 8), (uint8_t)width, 1, 1, 0x11, 0};

	be(b, 0xffd8, 2);
	segment(b, 0xe1, "Exif\0\0some of it", 17);
	segment(b, sof, frame, sizeof frame);
	segment(b, 0xda, "\x01\x01\x00\x00\x3f\x00", 6);
	bytes(b, "\x3f\xff\x00\xff\xd0\x12\xff\xff", 8); /* stuffing, a restart, fill */
	segment(b, 0xda, "\x01\x01\x00\x00\x3f\x00", 6); /* a progressive one has many */
	bytes(b, "\x3f\xff\xd9", 3);
}

static void chunk(struct buf *b, const char *name, const void *p, size_t n)
{
	struct buf c = {0};

	bytes(&c, name, 4);
	if (n)
		bytes(&c, p, n);
	be(b, (uint32_t)n, 4);
	bytes(b, c.p, c.n);
	be(b, (uint32_t)crc32(0, (const Bytef *)c.p, (uInt)c.n), 4);
	buf_done(&c);
}

static void png(struct buf *b, uint32_t width, uint32_t height)
{
	struct buf h = {0};

	be(&h, width, 4);
	be(&h, height, 4);
	bytes(&h, "\x08\x02\0\0\0", 5);
	bytes(b, "\x89PNG\r\n\x1a\n", 8);
	chunk(b, "IHDR", h.p, h.n);
	chunk(b, "IDAT", "x", 1);
	chunk(b, "IEND", NULL, 0);
	buf_done(&h);
}

static void riff(struct buf *b, const struct buf *chunks)
{
	bytes(b, "RIFF", 4);
	le(b, (uint32_t)chunks->n + 4, 4);
	bytes(b, "WEBP", 4);
	bytes(b, chunks->p, chunks->n);
}

static void piece(struct buf *b, const char *name, const void *p, size_t n)
{
	bytes(b, name, 4);
	le(b, (uint32_t)n, 4);
	bytes(b, p, n);
	if (n & 1)
		buf_addc(b, '\0');
}

static void lossy(struct buf *b, uint32_t width, uint32_t height)
{
	struct buf v = {0};

	bytes(&v, "\x30\x01\x00\x9d\x01\x2a", 6);
	le(&v, width, 2);
	le(&v, height, 2);
	bytes(&v, "data!", 5);
	piece(b, "VP8 ", v.p, v.n);
	buf_done(&v);
}

static void lossless(struct buf *b, uint32_t width, uint32_t height)
{
	struct buf v = {0};

	buf_addc(&v, 0x2f);
	le(&v, (width - 1) | (height - 1) << 14, 4);
	bytes(&v, "data", 4);
	piece(b, "VP8L", v.p, v.n);
	buf_done(&v);
}

static void canvas(struct buf *b, uint8_t flags, uint32_t width, uint32_t height)
{
	struct buf v = {0};

	le(&v, flags, 4);
	le(&v, width - 1, 3);
	le(&v, height - 1, 3);
	piece(b, "VP8X", v.p, v.n);
	buf_done(&v);
}

/* ------------------------------------------------------------------ what is held against them */

/* Whole: these pixels.  With a byte less or more, or of any shorter length: none. */
static void is_picture(struct buf *b, enum image_kind kind, uint32_t width, uint32_t height)
{
	struct image im = {0};

	assert_null(image_read(b->p, b->n, &im));
	assert_int_equal(im.kind, kind);
	assert_int_equal(im.width, width);
	assert_int_equal(im.height, height);
	for (size_t n = 0; n < b->n; n++) {
		void *cut = malloc(n ? n : 1);

		memcpy(cut, b->p, n);
		assert_non_null(image_read(cut, n, &im));
		free(cut);
	}
	buf_addc(b, 'x');
	assert_non_null(image_read(b->p, b->n, &im));
	buf_done(b);
}

static void is_none(struct buf *b, const char *what)
{
	struct image im = {IMAGE_NONE, 7, 7};
	const char *said = image_read(b->p ? b->p : "", b->n, &im);

	assert_non_null(said);
	if (!strstr(said, what))
		fail_msg("said \"%s\", wanted \"%s\"", said, what);
	assert_int_equal(im.width, 7);
	buf_done(b);
}

static void test_jpeg(void **state)
{
	struct buf b = {0};

	(void)state;
	for (uint8_t sof = 0xc0; sof <= 0xc2; sof++) {
		jpeg(&b, sof, 1600, 1200);
		is_picture(&b, IMAGE_JPEG, 1600, 1200);
	}
	jpeg(&b, 0xc0, 65535, 65535);
	is_picture(&b, IMAGE_JPEG, 65535, 65535);
	jpeg(&b, 0xc0, 0, 8);
	is_none(&b, "no width");
	jpeg(&b, 0xc0, 8, 0);
	is_none(&b, "no width");
	for (uint8_t sof = 0xc3; sof <= 0xcf; sof++) {
		if (sof == 0xc4 || sof == 0xc8 || sof == 0xcc)
			continue;
		jpeg(&b, sof, 8, 8);
		is_none(&b, "browsers do not show");
	}
	bytes(&b, "\xff\xd8\xff\xd9", 4);
	is_none(&b, "no picture in it");
	bytes(&b, "\xff\xd8\xff\xda\x00\x02\x3f\xff\xd9", 9);
	is_none(&b, "before the frame header");
	bytes(&b, "\xff\xd8\xff\xe0\x00\x01\xff\xd9", 8); /* a length that does not hold itself */
	is_none(&b, "cut off");
	bytes(&b, "\xff\xd8\xff\xe0\x00\x02garbage", 13);
	is_none(&b, "no marker");
	jpeg(&b, 0xc0, 8, 8);
	buf_adds(&b, "<script>alert(1)</script>");
	is_none(&b, "behind the end");
}

static void test_png(void **state)
{
	struct buf b = {0}, h = {0};

	(void)state;
	png(&b, 4, 3);
	is_picture(&b, IMAGE_PNG, 4, 3);
	png(&b, 50000, 50000);
	is_picture(&b, IMAGE_PNG, 50000, 50000);
	png(&b, 0, 3);
	is_none(&b, "no width");
	png(&b, 4, 0x80000000U);
	is_none(&b, "no width");
	png(&b, 4, 3);
	b.p[20] ^= 1; /* the width, and not its checksum */
	is_none(&b, "checksum");
	png(&b, 4, 3);
	buf_adds(&b, "PK\x03\x04");
	is_none(&b, "behind the end");
	bytes(&b, "\x89PNG\r\n\x1a\n", 8);
	chunk(&b, "IDAT", "x", 1);
	is_none(&b, "not the first");
	bytes(&h, "\0\0\0\4\0\0\0\4\x08\x02\0\0\0", 13);
	bytes(&b, "\x89PNG\r\n\x1a\n", 8);
	chunk(&b, "IHDR", h.p, h.n);
	chunk(&b, "IHDR", h.p, h.n);
	is_none(&b, "not the first");
	bytes(&b, "\x89PNG\r\n\x1a\n", 8);
	chunk(&b, "IHDR", h.p, h.n);
	chunk(&b, "IEND", NULL, 0);
	is_none(&b, "no picture in it");
	for (int depth = 0; depth < 20; depth++) { /* what the standard allows, and no other */
		for (int colour = 0; colour < 8; colour++) {
			bool right = (colour == 0 && (depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16)) ||
				(colour == 3 && (depth == 1 || depth == 2 || depth == 4 || depth == 8)) ||
				((colour == 2 || colour == 4 || colour == 6) && (depth == 8 || depth == 16));
			struct image im;

			h.p[8] = (char)depth;
			h.p[9] = (char)colour;
			bytes(&b, "\x89PNG\r\n\x1a\n", 8);
			chunk(&b, "IHDR", h.p, h.n);
			chunk(&b, "IDAT", "x", 1);
			chunk(&b, "IEND", NULL, 0);
			assert_int_equal(image_read(b.p, b.n, &im) == NULL, right);
			buf_done(&b);
		}
	}
	buf_done(&h);
}

static void test_webp(void **state)
{
	struct buf b = {0}, c = {0};

	(void)state;
	lossy(&c, 640, 480);
	riff(&b, &c);
	is_picture(&b, IMAGE_WEBP, 640, 480);
	buf_clear(&c);
	lossless(&c, 16384, 1);
	riff(&b, &c);
	is_picture(&b, IMAGE_WEBP, 16384, 1);
	buf_clear(&c);
	canvas(&c, 0x08, 640, 480);
	lossy(&c, 640, 480);
	piece(&c, "EXIF", "abc", 3);
	riff(&b, &c);
	is_picture(&b, IMAGE_WEBP, 640, 480);
	buf_clear(&c);
	canvas(&c, 0, 50000, 50000); /* a canvas is no picture */
	lossy(&c, 640, 480);
	riff(&b, &c);
	is_none(&b, "as large as its canvas");
	buf_clear(&c);
	canvas(&c, 0x02, 640, 480);
	lossy(&c, 640, 480);
	riff(&b, &c);
	is_none(&b, "not a still");
	buf_clear(&c);
	lossy(&c, 640, 480);
	lossy(&c, 640, 480);
	riff(&b, &c);
	is_none(&b, "more than one");
	buf_clear(&c);
	lossy(&c, 0, 480);
	riff(&b, &c);
	is_none(&b, "no width");
	buf_clear(&c);
	canvas(&c, 0, 640, 480);
	riff(&b, &c);
	is_none(&b, "no picture in it");
	buf_clear(&c);
	piece(&c, "VP8 ", "\x31\x01\x00\x9d\x01\x2a\x10\x00\x10\x00", 10); /* no key frame */
	riff(&b, &c);
	is_none(&b, "frame header");
	buf_done(&c);
}

static void test_others(void **state)
{
	static const char *const others[] = {"", "\xff", "\xff\xd8", "GIF89a\x01", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "%PDF-1.4", "BM", "RIFF\x10\0\0\0WAVEfmt "};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		buf_adds(&b, others[i]);
		is_none(&b, i == 1 || i == 2 || b.n < 3 ? "" : "neither");
	}
	assert_int_equal(image_kind_of("image/jpeg"), IMAGE_JPEG);
	assert_int_equal(image_kind_of("image/webp"), IMAGE_WEBP);
	assert_int_equal(image_kind_of("image/svg+xml"), IMAGE_NONE);
	assert_null(image_mime(IMAGE_NONE));
	assert_string_equal(image_mime(IMAGE_PNG), "image/png");
	assert_string_equal(image_suffix(IMAGE_JPEG), "jpg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_jpeg), cmocka_unit_test(test_png), cmocka_unit_test(test_webp), cmocka_unit_test(test_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
