#include "schema/exports/xlsxpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"

#define PIECE 65536
#define TAIL 65557            /* the directory's end stands in the last of them */
#define PART_MAX (8 << 20)    /* bytes of a part of the small file, inflated */
#define AT_ONCE (8 << 20)     /* bytes packed by one call */
#define LEVEL 3               /* twice as fast as the usual 6; a fifth larger */
#define LOCAL 30
#define ENTRY 46
#define FLAG_BEHIND 8         /* sum and lengths stand behind the bytes */

struct part { /* of the zip file */
	unsigned char entry[ENTRY]; /* as the library wrote it in its directory */
	uint32_t crc, packed, size; /* of the small file; of a sheet, once it is packed, its own */
	uint32_t offset, at;        /* in the small file; in ours */
	int sheet;                  /* from 0; -1: none */
	char name[128];
};

enum stage { HEAD, COPY, PACK, DIRECTORY, END };

struct xlsxpack {
	int fd, n;                  /* n: sheets */
	struct xlsxpack_rows *rows;
	struct part *part;
	size_t parts, now;
	enum stage stage;
	int64_t given, done, work;  /* bytes of the file; of input, of all there is */
	int64_t from, left;         /* COPY: of the small file */
	z_stream z;
	bool packing;
	struct buf frame;           /* PACK: the sheet's text around its mark */
	size_t head, tail;          /* frame: bytes before the mark, where it goes on behind it */
	int source;                 /* next: 0 head, 1 rows, 2 tail, 3 nothing */
	int64_t rows_at;
	unsigned char in[PIECE];
};

static uint32_t le(const unsigned char *p, int n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static void put(unsigned char *p, int n, uint32_t v)
{
	for (int i = 0; i < n; i++, v >>= 8)
		p[i] = (unsigned char)v;
}

static bool get(int fd, void *to, size_t n, int64_t at)
{
	ssize_t got;

	do
		got = pread(fd, to, n, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)n;
}

/* ------------------------------------------------------------------ the small file */

/* Where the part's bytes begin; -1: nowhere. */
static int64_t bytes_of(int fd, const struct part *p)
{
	unsigned char head[LOCAL];

	if (!get(fd, head, sizeof(head), p->offset) || le(head, 4) != 0x04034b50 || le(head + 8, 2) != Z_DEFLATED)
		return -1;
	return (int64_t)p->offset + LOCAL + le(head + 26, 2) + le(head + 28, 2);
}

/* The part's text. */
static bool inflated(int fd, const struct part *p, struct buf *out)
{
	int64_t at = bytes_of(fd, p);
	unsigned char *in;
	z_stream z = {0};
	int rc;

	buf_clear(out);
	if (at < 0 || p->size > PART_MAX || p->packed > PART_MAX || inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	in = xcalloc(1, (size_t)p->packed + 1);
	buf_reserve(out, (size_t)p->size + 1);
	z.next_in = in;
	z.avail_in = p->packed;
	z.next_out = (unsigned char *)out->p;
	z.avail_out = p->size + 1; /* what is longer than it says is seen */
	rc = get(fd, in, p->packed, at) ? inflate(&z, Z_FINISH) : Z_ERRNO;
	out->n = (size_t)z.total_out;
	out->p[out->n] = '\0';
	inflateEnd(&z);
	free(in);
	return rc == Z_STREAM_END && out->n == p->size && crc32(0, (const unsigned char *)out->p, (uInt)out->n) == p->crc;
}

static bool closes(const struct buf *b)
{
	size_t n = b->n;

	while (n > 0 && (b->p[n - 1] == '\n' || b->p[n - 1] == ' '))
		n--;
	return n > 0 && b->p[n - 1] == '>';
}

/* The sheet's text, and where the mark stands in it: once, where rows belong. */
static bool frame_of(struct xlsxpack *p, const struct part *part)
{
	static const char rows[] = "<sheetData>" XLSXPACK_MARK "</sheetData>";
	const char *at;

	if (!inflated(p->fd, part, &p->frame) || !closes(&p->frame) || !(at = memmem(p->frame.p, p->frame.n, rows, sizeof(rows) - 1)))
		return false;
	p->head = (size_t)(at - p->frame.p) + strlen("<sheetData>");
	p->tail = p->head + strlen(XLSXPACK_MARK);
	return true;
}

static bool part_whole(struct xlsxpack *p, struct part *part)
{
	int i;

	part->sheet = -1;
	if (sscanf(part->name, "xl/worksheets/sheet%d.xml", &i) != 1)
		return inflated(p->fd, part, &p->frame) && closes(&p->frame);
	part->sheet = i - 1;
	return i >= 1 && i <= p->n && frame_of(p, part);
}

/* Finds the directory: how many entries, where. */
static bool find_directory(int fd, uint32_t *entries, int64_t *at)
{
	int64_t size = (int64_t)lseek(fd, 0, SEEK_END);
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

static bool read_directory(struct xlsxpack *p)
{
	uint32_t entries = 0;
	int64_t at = 0;
	int sheets = 0;

	if (!find_directory(p->fd, &entries, &at))
		return false;
	p->part = xcalloc((size_t)entries + 1, sizeof(*p->part));
	for (; p->parts < entries; p->parts++) {
		struct part *t = &p->part[p->parts];
		unsigned char *h = t->entry;
		uint32_t name;

		if (!get(p->fd, h, ENTRY, at) || le(h, 4) != 0x02014b50 || (name = le(h + 28, 2)) >= sizeof(t->name) ||
			!get(p->fd, t->name, name, at + ENTRY))
			return false;
		t->crc = le(h + 16, 4);
		t->packed = le(h + 20, 4);
		t->size = le(h + 24, 4);
		t->offset = le(h + 42, 4);
		if (!part_whole(p, t))
			return false;
		sheets += t->sheet >= 0;
		p->work += t->sheet >= 0 ? (int64_t)t->size + p->rows[t->sheet].bytes : t->packed;
		at += ENTRY + name + le(h + 30, 2) + le(h + 32, 2);
	}
	return sheets == p->n && p->parts > 0;
}

bool xlsxpack_open(int fd, const struct xlsxpack_rows *rows, int n, struct xlsxpack **out)
{
	struct xlsxpack *p = xcalloc(1, sizeof(*p));

	p->fd = fd;
	p->n = n;
	p->rows = xcalloc((size_t)n + 1, sizeof(*p->rows));
	for (int i = 0; i < n; i++)
		p->rows[i] = rows[i];
	if (!read_directory(p)) {
		xlsxpack_close(p);
		return false;
	}
	*out = p;
	return true;
}

void xlsxpack_close(struct xlsxpack *p)
{
	if (!p)
		return;
	if (p->packing)
		deflateEnd(&p->z);
	buf_done(&p->frame);
	free(p->rows);
	free(p->part);
	free(p);
}

/* ------------------------------------------------------------------ the file */

static void give(struct xlsxpack *p, struct buf *out, const void *bytes, size_t n)
{
	buf_add(out, bytes, n);
	p->given += (int64_t)n;
}

static enum err head_of(struct xlsxpack *p, struct part *t, struct buf *out)
{
	bool sheet = t->sheet >= 0;
	unsigned char h[LOCAL] = {0};

	t->at = (uint32_t)p->given;
	if (sheet)
		put(t->entry + 8, 2, le(t->entry + 8, 2) | FLAG_BEHIND);
	put(h, 4, 0x04034b50);
	memcpy(h + 4, t->entry + 6, 10); /* version, flags, form, time, day */
	if (!sheet) {
		put(h + 14, 4, t->crc);
		put(h + 18, 4, t->packed);
		put(h + 22, 4, t->size);
	}
	put(h + 26, 2, (uint32_t)strlen(t->name));
	give(p, out, h, sizeof(h));
	give(p, out, t->name, strlen(t->name));
	p->stage = sheet ? PACK : COPY;
	p->left = t->packed;
	if (!sheet)
		return (p->from = bytes_of(p->fd, t)) >= 0 ? OK : ERR_IO;
	if (!frame_of(p, t))
		return ERR_IO;
	p->z = (z_stream){0};
	if (deflateInit2(&p->z, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die("xlsx: out of memory");
	p->packing = true;
	p->source = 0;
	p->rows_at = 0;
	t->crc = 0;
	return OK;
}

static void next_part(struct xlsxpack *p)
{
	p->now++;
	p->stage = p->now < p->parts ? HEAD : DIRECTORY;
}

static enum err copy(struct xlsxpack *p, struct buf *out)
{
	size_t n = p->left < PIECE ? (size_t)p->left : PIECE;

	if (!get(p->fd, p->in, n, p->from))
		return ERR_IO;
	give(p, out, p->in, n);
	p->from += (int64_t)n;
	p->left -= (int64_t)n;
	p->done += (int64_t)n;
	if (p->left == 0)
		next_part(p);
	return OK;
}

/* More of the sheet's text for the packer, which has taken all it had. */
static enum err feed(struct xlsxpack *p, struct part *t)
{
	const struct xlsxpack_rows *rows = &p->rows[t->sheet];
	int64_t left = rows->bytes - p->rows_at;
	size_t n = 0;

	if (p->source == 0) {
		p->z.next_in = (unsigned char *)p->frame.p;
		n = p->head;
		p->source++;
	} else if (p->source == 1 && left > 0) {
		n = left < PIECE ? (size_t)left : PIECE;
		if (!get(rows->fd, p->in, n, p->rows_at))
			return ERR_IO;
		p->rows_at += (int64_t)n;
		p->z.next_in = p->in;
	} else if (p->source < 3) {
		p->z.next_in = (unsigned char *)p->frame.p + p->tail;
		n = p->frame.n - p->tail;
		p->source = 3;
	}
	p->z.avail_in = (uInt)n;
	t->crc = (uint32_t)crc32(t->crc, p->z.next_in, (uInt)n);
	p->done += (int64_t)n;
	return OK;
}

static void packed(struct xlsxpack *p, struct part *t, struct buf *out)
{
	unsigned char d[16];

	t->packed = (uint32_t)p->z.total_out;
	t->size = (uint32_t)p->z.total_in;
	put(d, 4, 0x08074b50);
	put(d + 4, 4, t->crc);
	put(d + 8, 4, t->packed);
	put(d + 12, 4, t->size);
	give(p, out, d, sizeof(d));
	deflateEnd(&p->z);
	p->packing = false;
	next_part(p);
}

static enum err pack(struct xlsxpack *p, struct part *t, size_t room, struct buf *out)
{
	enum err e;
	int rc;

	if (p->z.avail_in == 0 && p->source < 3 && (e = feed(p, t)) != OK)
		return e;
	room = room < PIECE ? room : PIECE;
	buf_reserve(out, room);
	p->z.next_out = (unsigned char *)out->p + out->n;
	p->z.avail_out = (uInt)room;
	rc = deflate(&p->z, p->source < 3 ? Z_NO_FLUSH : Z_FINISH);
	if (p->z.total_in > UINT32_MAX) /* and what it makes of it is never longer by more than a thousandth */
		return ERR_FULL;
	out->n += room - p->z.avail_out;
	p->given += (int64_t)(room - p->z.avail_out);
	if (rc == Z_STREAM_END)
		packed(p, t, out);
	return OK;
}

static void directory(struct xlsxpack *p, struct buf *out)
{
	uint32_t at = (uint32_t)p->given;
	unsigned char end[22] = {0};

	for (size_t i = 0; i < p->parts; i++) {
		struct part *t = &p->part[i];
		unsigned char *h = t->entry;

		put(h + 16, 4, t->crc);
		put(h + 20, 4, t->packed);
		put(h + 24, 4, t->size);
		put(h + 28, 2, (uint32_t)strlen(t->name));
		put(h + 30, 4, 0); /* nothing more of it */
		put(h + 42, 4, t->at);
		give(p, out, h, ENTRY);
		give(p, out, t->name, strlen(t->name));
	}
	put(end, 4, 0x06054b50);
	put(end + 8, 2, (uint32_t)p->parts);
	put(end + 10, 2, (uint32_t)p->parts);
	put(end + 12, 4, (uint32_t)p->given - at);
	put(end + 16, 4, at);
	give(p, out, end, sizeof(end));
	p->stage = END;
}

static enum err turn(struct xlsxpack *p, size_t room, struct buf *out)
{
	struct part *t = &p->part[p->now];

	if (p->given > UINT32_MAX - (1 << 20)) /* with room for the directory */
		return ERR_FULL;
	switch (p->stage) {
	case HEAD: return head_of(p, t, out);
	case COPY: return copy(p, out);
	case PACK: return pack(p, t, room, out);
	default: directory(p, out); return OK;
	}
}

enum err xlsxpack_take(struct xlsxpack *p, size_t n, struct buf *out, bool *more)
{
	size_t until = out->n + n;
	int64_t enough = p->done + AT_ONCE;
	enum err e = OK;

	while (e == OK && p->stage != END && out->n < until && p->done < enough)
		e = turn(p, until - out->n, out);
	if (out->p)
		out->p[out->n] = '\0';
	*more = p->stage != END;
	return e;
}

int xlsxpack_progress(const struct xlsxpack *p)
{
	return p->stage == END ? 1000 : (int)(p->done * 1000 / (p->work + 1));
}
