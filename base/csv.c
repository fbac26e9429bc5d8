#include "base/csv.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "base/utf8.h"

#define BLOCK 65536

struct csv {
	FILE *f, *spool; /* f is borrowed, spool ours: a copy of what cannot be rewound */
	iconv_t conv;    /* (iconv_t)-1: the input is UTF-8 */
	bool failed;     /* reading did */
	bool eof;        /* of f */
	char raw[BLOCK]; /* GB18030 that waits for iconv */
	size_t nraw;
	char in[BLOCK]; /* UTF-8; what GB18030 does not know became the byte 0xff */
	size_t at, n;
	uint32_t line; /* of in[at] */
	/* the row */
	struct buf text;
	struct csv_cell cell[CSV_CELLS_MAX];
	uint32_t ncell, row_line, start; /* start: of the open cell in text */
};

/* ---------------------------------------------------------------- encoding */

/* What the bytes look like.  `pend` carries the start of a sequence over a block's end. */
struct sniff {
	unsigned char pend[4];
	size_t npend;
	uint64_t good2, good3, bad; /* sequences of two bytes; of more; bytes that belong to none */
};

static void sniff_bytes(struct sniff *s, const unsigned char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t len, want;

		if (s->npend == 0 && p[i] < 0x80) {
			i++;
			continue;
		}
		s->pend[s->npend++] = p[i++];
		want = s->pend[0] >= 0xf0 ? 4 : s->pend[0] >= 0xe0 ? 3 : 2;
		if (s->pend[0] >= 0xc2 && s->pend[0] <= 0xf4 && s->npend < want &&
			(s->npend == 1 || (s->pend[s->npend - 1] & 0xc0) == 0x80))
			continue;
		len = s->pend[0] < 0x80 ? 1 : utf8_len(s->pend, s->npend);
		if (len) {
			s->good2 += len == 2;
			s->good3 += len >= 3;
		} else {
			s->bad++;
			len = 1;
			/* its other bytes may begin something: look at them again (they are in this
			 * block, or they were continuation bytes that begin nothing) */
			if (s->npend > 1 && (s->pend[s->npend - 1] & 0xc0) != 0x80)
				i--;
		}
		s->npend = 0;
	}
}

/* Sets c->conv.  Chinese in UTF-8 is sequences of three bytes.  A file that has such is GB18030 only
 * when it has more faults than of them: Chinese in GB18030 almost never looks like them, so that one
 * is damaged UTF-8, and its reader names the line.  A file that has none, and is not ASCII, is
 * GB18030, though all of it may be good sequences of two bytes: a few names in GB18030 often are. */
static enum err choose_encoding(struct csv *c, struct why *why)
{
	struct sniff s = {0};
	long from = ftell(c->f);
	size_t n;
	bool first = true, bom = false;

	while ((n = fread(c->in, 1, BLOCK, c->f)) > 0) {
		const unsigned char *p = (const unsigned char *)c->in;

		if (first && n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
			return why_set(why, ERR_INVALID, "is UTF-16: save it as CSV UTF-8");
		if (first && n >= 4 && memcmp(p, "PK\3\4", 4) == 0)
			return why_set(why, ERR_INVALID, "is a workbook: save it as CSV UTF-8");
		if (first && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
			bom = true;
		first = false;
		sniff_bytes(&s, p, n);
	}
	s.bad += s.npend > 0;
	if (ferror(c->f) || fseek(c->f, from + (bom ? 3 : 0), SEEK_SET) != 0)
		return why_set(why, ERR_IO, "cannot be read: %s", strerror(errno));
	if (bom || (s.good3 ? s.bad <= s.good3 : s.good2 + s.bad == 0))
		return OK;
	c->conv = iconv_open("UTF-8", "GB18030");
	if (c->conv == (iconv_t)-1)
		return why_set(why, ERR_IO, "this system cannot read GB18030: save the file as UTF-8");
	return OK;
}

/* A pipe is read once only: copy it. */
static enum err spool(struct csv *c, struct why *why)
{
	size_t n;

	c->spool = tmpfile();
	if (!c->spool)
		return why_set(why, ERR_IO, "no temporary file: %s", strerror(errno));
	while ((n = fread(c->in, 1, BLOCK, c->f)) > 0)
		if (fwrite(c->in, 1, n, c->spool) != n)
			return why_set(why, ERR_IO, "temporary file: %s", strerror(errno));
	if (ferror(c->f) || fflush(c->spool) != 0)
		return why_set(why, ERR_IO, "cannot be read: %s", strerror(errno));
	rewind(c->spool);
	c->f = c->spool;
	return OK;
}

enum err csv_open(FILE *f, struct csv **out, struct why *why)
{
	struct csv *c = xcalloc(1, sizeof *c);
	enum err e;

	c->f = f;
	c->conv = (iconv_t)-1;
	c->line = 1;
	if (fseek(f, 0, SEEK_CUR) != 0 && (e = spool(c, why)) != OK)
		goto out;
	if ((e = choose_encoding(c, why)) != OK)
		goto out;
	*out = c;
	c = NULL;
out:
	csv_close(c);
	return e;
}

void csv_close(struct csv *c)
{
	if (!c)
		return;
	if (c->conv != (iconv_t)-1)
		iconv_close(c->conv);
	if (c->spool)
		fclose(c->spool);
	buf_done(&c->text);
	free(c);
}

const char *csv_encoding(const struct csv *c)
{
	return c->conv == (iconv_t)-1 ? "UTF-8" : "GB18030";
}

/* ---------------------------------------------------------------- bytes */

/* GB18030 from raw to in.  A byte that does not fit becomes 0xff, which no cell may hold. */
static void convert(struct csv *c)
{
	char *from = c->raw, *to = c->in;
	size_t left = c->nraw, room = BLOCK;

	while (left && room) {
		if (iconv(c->conv, &from, &left, &to, &room) != (size_t)-1 || errno == E2BIG)
			break;
		if (errno == EINVAL && !c->eof)
			break; /* the rest of the character comes with the next block */
		if (!room)
			break;
		*to++ = '\xff';
		room--;
		from++;
		left--;
	}
	memmove(c->raw, from, left);
	c->nraw = left;
	c->n = (size_t)(to - c->in);
}

/* More into in.  False at the end. */
static bool fill(struct csv *c)
{
	c->at = c->n = 0;
	while (c->n == 0 && !c->failed) {
		bool utf8 = c->conv == (iconv_t)-1;
		char *p = utf8 ? c->in : c->raw + c->nraw;
		size_t n, room = utf8 ? BLOCK : BLOCK - c->nraw;

		n = c->eof ? 0 : fread(p, 1, room, c->f);
		if (n < room && ferror(c->f))
			c->failed = true;
		if (n == 0)
			c->eof = true;
		if (utf8) {
			c->n = n;
			if (n == 0)
				return false;
			continue;
		}
		c->nraw += n;
		if (c->nraw == 0)
			return false;
		convert(c);
	}
	return c->n > 0;
}

/* The next byte, or -1 at the end. */
static int next(struct csv *c)
{
	if (c->at == c->n && !fill(c))
		return -1;
	return (unsigned char)c->in[c->at++];
}

static int peek(struct csv *c)
{
	if (c->at == c->n && !fill(c))
		return -1;
	return (unsigned char)c->in[c->at];
}

/* ---------------------------------------------------------------- rows */

static void fault_set(struct csv_fault *fault, uint32_t line, uint32_t cell, const char *text)
{
	if (fault->text[0])
		return; /* the first fault of a row is told */
	fault->line = line;
	fault->cell = cell;
	snprintf(fault->text, sizeof fault->text, "%s", text);
}

static void check_cell(const struct csv *c, uint32_t line, struct csv_fault *fault)
{
	const unsigned char *p = (const unsigned char *)c->text.p + c->start;
	size_t n = c->text.n - c->start;

	for (size_t i = 0; i < n;) {
		size_t len = p[i] < 0x80 ? 1 : utf8_len(p + i, n - i);

		if (len == 0) {
			fault_set(fault, line, c->ncell + 1,
				c->conv == (iconv_t)-1 ? "is not UTF-8" : "is neither UTF-8 nor GB18030");
			return;
		}
		i += len;
	}
}

/* Ends the open cell.  text moves as it grows: the cells get their addresses at the end of the row. */
static void end_cell(struct csv *c, uint32_t line, struct csv_fault *fault)
{
	if (c->ncell == CSV_CELLS_MAX) {
		fault_set(fault, line, c->ncell + 1, "is one cell too many: 256 are the bound");
		c->text.n = c->start;
		return;
	}
	check_cell(c, line, fault);
	c->cell[c->ncell++] = (struct csv_cell){{NULL, (uint32_t)(c->text.n - c->start)}, line};
	buf_addc(&c->text, '\0');
	c->start = (uint32_t)c->text.n;
}

static void add(struct csv *c, int ch, uint32_t line, struct csv_fault *fault)
{
	if (c->text.n - c->start >= CSV_CELL_MAX)
		fault_set(fault, line, c->ncell + 1, "is longer than 64 KiB: is a quote missing?");
	else if (ch == '\0')
		fault_set(fault, line, c->ncell + 1, "holds U+0000");
	else
		buf_addc(&c->text, (char)ch);
}

/* The bytes up to the next one that means something, as far as they are in the block: most of a
 * file, in one piece.  Were there any? */
static bool add_run(struct csv *c)
{
	const char *p = c->in + c->at;
	size_t n = 0, left = c->n - c->at, room = CSV_CELL_MAX - (c->text.n - c->start);

	if (left > room)
		left = room;
	while (n < left && p[n] != ',' && p[n] != '"' && p[n] != '\n' && p[n] != '\r' && p[n] != '\0')
		n++;
	buf_add(&c->text, p, n);
	c->at += n;
	return n > 0;
}

/* A quoted cell whose first quote was read.  Leaves behind its last quote. */
static void quoted(struct csv *c, uint32_t line, struct csv_fault *fault)
{
	int ch, before = 0;

	for (;;) {
		ch = next(c);
		if (ch < 0) {
			fault_set(fault, line, c->ncell + 1, "has an opening quote without a closing one");
			return;
		}
		if (ch == '\r' || (ch == '\n' && before != '\r'))
			c->line++;
		before = ch;
		if (ch == '"') {
			if (peek(c) != '"')
				return;
			next(c);
		}
		add(c, ch, line, fault);
		if (add_run(c))
			before = 0;
	}
}

/* One row, also an empty one.  False at the end of the input. */
static bool read_row(struct csv *c, struct csv_fault *fault)
{
	uint32_t line;
	int ch;

	c->ncell = c->start = 0;
	buf_clear(&c->text);
	if (peek(c) < 0)
		return false;
	c->row_line = line = c->line;
	for (;;) {
		ch = next(c);
		if (ch == '"' && c->text.n == c->start) {
			quoted(c, line, fault);
			ch = next(c);
			if (ch >= 0 && ch != ',' && ch != '\r' && ch != '\n')
				fault_set(fault, c->line, c->ncell + 1, "has text behind its closing quote");
		}
		if (ch < 0 || ch == ',' || ch == '\r' || ch == '\n') {
			end_cell(c, line, fault);
			line = c->line;
			if (ch == ',')
				continue;
			if (ch >= 0)
				c->line++;
			if (ch == '\r' && peek(c) == '\n')
				next(c);
			return true;
		}
		if (ch == '"')
			fault_set(fault, line, c->ncell + 1, "has a quote inside: quote the whole cell and double it");
		add(c, ch, line, fault);
		(void)add_run(c); /* none is well */
	}
}

enum err csv_next(struct csv *c, struct csv_fault *fault)
{
	const char *p;

	do {
		*fault = (struct csv_fault){0};
		if (!read_row(c, fault))
			return c->failed ? ERR_IO : ERR_NOTFOUND;
	} while (c->ncell == 1 && c->cell[0].text.n == 0 && !fault->text[0]);
	if (c->failed)
		return ERR_IO;
	p = c->text.p;
	for (uint32_t i = 0; i < c->ncell; i++) {
		c->cell[i].text.p = p;
		p += c->cell[i].text.n + 1;
	}
	return fault->text[0] ? ERR_INVALID : OK;
}

const struct csv_cell *csv_cells(const struct csv *c, uint32_t *n)
{
	*n = c->ncell;
	return c->cell;
}

uint32_t csv_line(const struct csv *c)
{
	return c->row_line;
}

/* ---------------------------------------------------------------- writing */

void csv_out_bom(struct csv_out *o)
{
	buf_adds(o->b, "\xef\xbb\xbf");
}

static void separate(struct csv_out *o)
{
	if (o->cells++)
		buf_addc(o->b, ',');
}

static bool is_number(struct slice s)
{
	uint32_t i = 0, digits = 0;

	if (i < s.n && s.p[i] == '-')
		i++;
	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		digits++;
	if (digits && i < s.n && s.p[i] == '.') {
		digits = 0;
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			digits++;
	}
	return digits && i == s.n;
}

static bool is_formula(struct slice s)
{
	static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	if (s.n == 0 || is_number(s))
		return false;
	if (memchr("=+-@\t\r\n", s.p[0], 7))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (slice_starts(s, slice_of(wide[i])))
			return true;
	return false;
}

void csv_out_text(struct csv_out *o, struct slice s)
{
	bool quote = s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');

	separate(o);
	for (uint32_t i = 0; i < s.n && !quote; i++)
		quote = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\r' || s.p[i] == '\n';
	if (quote)
		buf_addc(o->b, '"');
	if (is_formula(s))
		buf_addc(o->b, '\'');
	for (const char *p = s.p, *end = s.p + s.n, *q; p < end; p = q) {
		q = quote ? memchr(p, '"', (size_t)(end - p)) : NULL; /* none in a cell without quotes */
		q = q ? q + 1 : end;
		buf_add(o->b, p, (size_t)(q - p));
		if (q[-1] == '"')
			buf_addc(o->b, '"');
	}
	if (quote)
		buf_addc(o->b, '"');
}

void csv_out_int(struct csv_out *o, int64_t v)
{
	separate(o);
	buf_int(o->b, v);
}

void csv_out_end(struct csv_out *o)
{
	buf_adds(o->b, "\r\n");
	o->cells = 0;
}
