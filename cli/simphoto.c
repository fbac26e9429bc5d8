#include "cli/simphoto.h"

#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "cli/simtown.h"
#include "schema/photos.h"

#define WIDTH 480
#define HEIGHT 360
#define HEAPS 14

struct scene {
	double far, near, bank, bend; /* phases of the lines */
	int river;                    /* the row where it begins */
	struct {
		int x, y, r;
		uint8_t shade;
	} heap[HEAPS];
	int heaps;
};

static struct scene scene_of(uint64_t seed)
{
	struct simrng r = {seed};
	struct scene s;

	s.far = simrng_unit(&r) * 6;
	s.near = simrng_unit(&r) * 6;
	s.bank = simrng_unit(&r) * 6;
	s.bend = simrng_unit(&r) * 6;
	s.river = 190 + (int)simrng_below(&r, 30);
	s.heaps = 8 + (int)simrng_below(&r, HEAPS - 7);
	for (int i = 0; i < HEAPS; i++) {
		s.heap[i].x = 120 + (int)simrng_below(&r, 240);
		s.heap[i].y = 300 + (int)simrng_below(&r, 40);
		s.heap[i].r = 10 + (int)simrng_below(&r, 22);
		s.heap[i].shade = (uint8_t)(110 + simrng_below(&r, 80));
	}
	return s;
}

static void colour(uint8_t *p, int r, int g, int b)
{
	p[0] = (uint8_t)r;
	p[1] = (uint8_t)g;
	p[2] = (uint8_t)b;
}

static void pixel(const struct scene *s, int x, int y, bool after, uint8_t *p)
{
	double far = 110 + 18 * sin(x / 70.0 + s->far) + 7 * sin(x / 23.0), near = 150 + 14 * sin(x / 52.0 + s->near);
	double from = s->river + 6 * sin(x / 60.0 + s->bend), to = s->river + 78 + 9 * sin(x / 80.0 + s->bank);

	if (y < far)
		colour(p, 170 + y / 3, 200 + y / 4, 225);
	else if (y < near)
		colour(p, 118, 142, 138);
	else if (y < from)
		colour(p, 92, 128 + (y & 3), 84);
	else if (y < to)
		colour(p, 116, 150 + (int)(8 * sin(x / 9.0 + y / 3.0)), 160);
	else
		colour(p, 150 + ((x * 7 + y * 13) & 7), 138, 108);
	for (int i = 0; i < s->heaps && !after; i++) { /* rubble: heaps with a light and a dark side */
		int dx = x - s->heap[i].x, dy = 2 * (y - s->heap[i].y), d = dx * dx + dy * dy;

		if (d < s->heap[i].r * s->heap[i].r)
			colour(p, s->heap[i].shade - dx, s->heap[i].shade - 8 - dx, s->heap[i].shade - 16 - dx);
	}
	if (after && y > 300 && (x * 31 + y * 17) % 97 < 5) /* sown with grass */
		colour(p, 96, 140, 76);
}

static void be32(struct buf *b, uint32_t v)
{
	for (int i = 24; i >= 0; i -= 8)
		buf_addc(b, (char)(v >> i));
}

static void chunk(struct buf *b, const char *name, const void *p, size_t n)
{
	size_t at = b->n + 4;

	be32(b, (uint32_t)n);
	buf_add(b, name, 4);
	if (n)
		buf_add(b, p, n);
	be32(b, (uint32_t)crc32(0, (const Bytef *)b->p + at, (uInt)(b->n - at)));
}

static void picture(uint64_t seed, bool after, struct buf *png)
{
	const struct scene s = scene_of(seed);
	size_t row = 1 + 3 * (size_t)WIDTH, n = row * HEIGHT;
	uint8_t *raw = xcalloc(1, n), *packed;
	uLongf room = compressBound(n);
	struct buf head = {0};

	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			pixel(&s, x, y, after, raw + row * (size_t)y + 1 + 3 * (size_t)x);
	packed = xcalloc(1, room);
	if (compress2(packed, &room, raw, n, 6) != Z_OK)
		die("simphoto: zlib");
	be32(&head, WIDTH);
	be32(&head, HEIGHT);
	buf_add(&head, "\x08\x02\0\0\0", 5);
	buf_add(png, "\x89PNG\r\n\x1a\n", 8);
	chunk(png, "IHDR", head.p, head.n);
	chunk(png, "IDAT", packed, room);
	chunk(png, "IEND", NULL, 0);
	buf_done(&head);
	free(packed);
	free(raw);
}

static bool put(const char *dir, const char *place, const struct buf *png)
{
	char path[4096], part[4200];
	FILE *f;
	bool good;

	for (int n = 2; n <= 5; n += 3)
		if (snprintf(path, sizeof path, "%s/%.*s", dir, n, place) >= (int)sizeof path || (mkdir(path, 0750) < 0 && errno != EEXIST))
			return false;
	if (snprintf(path, sizeof path, "%s/%s", dir, place) >= (int)sizeof path)
		return false;
	(void)snprintf(part, sizeof part, "%s.part", path); /* fits */
	if (!(f = fopen(part, "we")))
		return false;
	good = fwrite(png->p, 1, png->n, f) == png->n;
	good = fclose(f) == 0 && good && rename(part, path) == 0;
	if (!good)
		(void)unlink(part); /* what is left is swept */
	return good;
}

bool simphoto_take(const char *dir, const char *device, uint64_t seed, bool after, struct simphoto *out)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char place[PHOTO_PLACE];
	struct buf png = {0};
	bool good;

	picture(seed, after, &png);
	(void)crypto_hash_sha256(sum, (const unsigned char *)png.p, png.n); /* says 0 always */
	(void)sodium_bin2hex(out->sha256, sizeof out->sha256, sum, sizeof sum);
	out->bytes = png.n;
	good = photos_place(out->sha256, device, place) && put(dir, place, &png);
	buf_done(&png);
	return good;
}
