#include "schema/exports/xlsxfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"

#define PIECE 65536
#define TAIL 65557 /* the directory's end stands in the last of them */

struct part { /* of the zip file */
	uint32_t crc, packed, size, offset;
	char name[128];
};

struct hunt { /* for the rows of a sheet, in pieces of text */
	const char *mark;
	size_t hit;        /* characters of mark seen */
	int64_t seen;      /* bytes so far */
	int64_t begin, end; /* behind <sheetData>, before </sheetData>; -1: not seen */
	char last[16];     /* bytes */
};

static uint32_t le(const unsigned char *p, int n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static bool get(int fd, void *to, size_t n, int64_t at)
{
	return pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

/* The marks begin with a sign that does not stand in them again, so a miss begins anew. */
static void hunt_feed(struct hunt *h, const char *p, size_t n)
{
	for (size_t i = 0; i < n && h->mark; i++) {
		h->hit = p[i] == h->mark[h->hit] ? h->hit + 1 : p[i] == h->mark[0];
		if (h->mark[h->hit])
			continue;
		h->hit = 0;
		if (h->begin < 0) {
			h->begin = h->seen + (int64_t)i + 1;
			h->mark = "</sheetData>";
		} else {
			h->end = h->seen + (int64_t)i + 1 - (int64_t)strlen(h->mark);
			h->mark = NULL;
		}
	}
	h->seen += (int64_t)n;
	if (n >= sizeof(h->last)) {
		memcpy(h->last, p + n - sizeof(h->last), sizeof(h->last));
	} else if (n > 0) {
		memmove(h->last, h->last + n, sizeof(h->last) - n);
		memcpy(h->last + sizeof(h->last) - n, p, n);
	}
}

/* Inflates the part; its text goes by h. */
static bool read_part(int fd, const struct part *p, struct hunt *h)
{
	unsigned char head[30], *in = xcalloc(2, PIECE), *out = in + PIECE;
	z_stream z = {0};
	uint32_t left = p->packed;
	uLong crc = crc32(0, NULL, 0);
	int64_t at;
	int rc = Z_OK;

	if (!get(fd, head, sizeof(head), p->offset) || le(head, 4) != 0x04034b50 || le(head + 8, 2) != Z_DEFLATED ||
	    inflateInit2(&z, -MAX_WBITS) != Z_OK) {
		free(in);
		return false;
	}
	at = (int64_t)p->offset + 30 + le(head + 26, 2) + le(head + 28, 2);
	while (rc == Z_OK && (left > 0 || z.avail_in > 0)) {
		if (z.avail_in == 0) {
			z.avail_in = left < PIECE ? left : PIECE;
			z.next_in = in;
			if (!get(fd, in, z.avail_in, at))
				break;
			at += z.avail_in;
			left -= z.avail_in;
		}
		z.next_out = out;
		z.avail_out = PIECE;
		rc = inflate(&z, Z_NO_FLUSH);
		crc = crc32(crc, out, PIECE - z.avail_out);
		hunt_feed(h, (char *)out, PIECE - z.avail_out);
	}
	while (rc == Z_OK) { /* all is read, some of it waits inside */
		z.next_out = out;
		z.avail_out = PIECE;
		rc = inflate(&z, Z_FINISH);
		rc = rc == Z_BUF_ERROR && z.avail_out == 0 ? Z_OK : rc;
		crc = crc32(crc, out, PIECE - z.avail_out);
		hunt_feed(h, (char *)out, PIECE - z.avail_out);
	}
	inflateEnd(&z);
	free(in);
	return rc == Z_STREAM_END && crc == p->crc && h->seen == (int64_t)p->size;
}

static bool closes(const struct hunt *h)
{
	const char *end = h->last + sizeof(h->last);
	size_t n = sizeof(h->last);

	while (n > 0 && (end[-1] == '\n' || end[-1] == ' '))
		end--, n--;
	return n > 0 && end[-1] == '>';
}

static bool part_whole(int fd, const struct part *p, const int64_t *sizes, int n, int *sheets)
{
	struct hunt h = {.mark = "<sheetData>", .begin = -1, .end = -1};
	int i;

	if (!read_part(fd, p, &h) || !closes(&h))
		return false;
	if (sscanf(p->name, "xl/worksheets/sheet%d.xml", &i) != 1)
		return true;
	if (i < 1 || i > n)
		return false;
	++*sheets;
	return h.end >= 0 && h.end - h.begin == sizes[i - 1];
}

/* Finds the directory: how many entries, where. */
static bool find_directory(int fd, int64_t size, uint32_t *entries, int64_t *at)
{
	size_t n = size < TAIL ? (size_t)size : TAIL;
	unsigned char *tail = xcalloc(1, TAIL);
	bool found = false;

	if (n >= 22 && get(fd, tail, n, size - (int64_t)n)) {
		for (size_t i = n - 22; !found; i--) {
			found = le(tail + i, 4) == 0x06054b50;
			if (found) {
				*entries = le(tail + i + 10, 2);
				*at = le(tail + i + 16, 4);
			}
			if (i == 0)
				break;
		}
	}
	free(tail);
	return found;
}

bool xlsxfile_whole(int fd, const int64_t *sizes, int n)
{
	int64_t at = 0;
	uint32_t entries = 0;
	int sheets = 0;

	if (!find_directory(fd, (int64_t)lseek(fd, 0, SEEK_END), &entries, &at))
		return false;
	for (uint32_t i = 0; i < entries; i++) {
		unsigned char h[46];
		struct part p = {0};
		uint32_t name;

		if (!get(fd, h, sizeof(h), at) || le(h, 4) != 0x02014b50 || (name = le(h + 28, 2)) >= sizeof(p.name) ||
		    !get(fd, p.name, name, at + 46))
			return false;
		p.crc = le(h + 16, 4);
		p.packed = le(h + 20, 4);
		p.size = le(h + 24, 4);
		p.offset = le(h + 42, 4);
		if (!part_whole(fd, &p, sizes, n, &sheets))
			return false;
		at += 46 + name + le(h + 30, 2) + le(h + 32, 2);
	}
	return sheets == n;
}
