#include "core/json.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/utf8.h"

#define TEXT_MAX (4u * 1024 * 1024)
#define NONE UINT32_MAX
#define PAIRWISE 32            /* objects up to this many members are checked without a table */
#define KEEP_TOKENS 300000u    /* more than these are given back before the next text */
#define SAME_DEPTH (JSON_DEPTH + 2)

typedef unsigned char byte;

enum { WS = 1, PLAIN = 2, AFTER_NUMBER = 4 };

#define P2 PLAIN, PLAIN
#define P4 P2, P2
#define P8 P4, P4
#define P16 P8, P8
#define WD (WS | AFTER_NUMBER)

/* PLAIN: ASCII that stands for itself in a string. */
static const uint8_t class_of[256] = {
	/* 00 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, WD, WD, 0, 0, WD, 0, 0,
	/* 10 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* 20 */ WD | PLAIN, PLAIN, 0, PLAIN, P8, PLAIN | AFTER_NUMBER, PLAIN, P2,
	/* 30 */ P16,
	/* 40 */ P16,
	/* 50 */ P8, P4, 0, PLAIN | AFTER_NUMBER, P2,
	/* 60 */ P16,
	/* 70 */ P8, P4, PLAIN, PLAIN | AFTER_NUMBER, P2,
};

struct reader {
	struct json *j;
	const byte *text, *end;
	uint32_t depth, limit; /* open containers; how many there may be */
	bool bad;              /* this element has its soft error */
};

static const byte *fail(struct reader *r, enum json_err e, const byte *p)
{
	r->j->err = e;
	r->j->err_at = (uint32_t)(p - r->text);
	return NULL;
}

static void soft(struct reader *r, enum json_err e, uint32_t tok, uint32_t at)
{
	struct json *j = r->j;

	if (r->bad)
		return;
	r->bad = true;
	if (j->nsoft == j->softcap) {
		j->softcap = j->softcap ? j->softcap * 2 : 8;
		j->soft = xrealloc(j->soft, j->softcap * sizeof *j->soft);
	}
	j->soft[j->nsoft++] = (struct json_soft){tok, at, e};
}

static const byte *skip(const struct reader *r, const byte *p)
{
	while (p < r->end && class_of[*p] & WS)
		p++;
	return p;
}

/* strings */

#define EACH(c) (0x0101010101010101ULL * (c))

static inline uint64_t load8(const byte *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* The high bit of the first byte that is not PLAIN is the lowest bit set. */
static inline uint64_t not_plain(uint64_t w)
{
	return ((w - EACH(0x20)) | ((w ^ EACH('"')) - EACH(1)) | ((w ^ EACH('\\')) - EACH(1)) | w) &
		EACH(0x80);
}

static int hex4(const byte *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int c = p[i];

		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			c = (c | 0x20) - 'a' + 10;
		else
			return -1;
		v = v << 4 | c;
	}
	return v;
}

static bool is_high(int u)
{
	return u >= 0xd800 && u <= 0xdbff;
}

static bool is_low(int u)
{
	return u >= 0xdc00 && u <= 0xdfff;
}

/* p stands on the backslash. */
static const byte *escape(struct reader *r, const byte *p, uint32_t tok)
{
	uint32_t at = (uint32_t)(p - r->text);
	int u, low = -1;

	if (r->end - p < 2)
		return fail(r, JSON_TRUNCATED, r->end);
	if (p[1] != 'u') {
		if (!p[1] || !strchr("\"\\/bfnrt", p[1]))
			return fail(r, JSON_SYNTAX, p + 1);
		return p + 2;
	}
	if (r->end - p < 6)
		return fail(r, JSON_TRUNCATED, r->end);
	if ((u = hex4(p + 2)) < 0)
		return fail(r, JSON_SYNTAX, p + 2);
	p += 6;
	if (u == 0) {
		soft(r, JSON_NUL, tok, at);
	} else if (is_high(u)) {
		if (r->end - p >= 6 && p[0] == '\\' && p[1] == 'u')
			low = hex4(p + 2);
		if (is_low(low))
			p += 6;
		else
			soft(r, JSON_UTF8, tok, at);
	} else if (is_low(u)) {
		soft(r, JSON_UTF8, tok, at);
	}
	return p;
}

/* p stands behind the opening quote; returns the place behind the closing one. */
static const byte *string(struct reader *r, const byte *p, uint32_t tok)
{
	struct json_tok *k = &r->j->tok[tok];
	uint64_t m;

	*k = (struct json_tok){.type = JSON_STRING, .from = (uint32_t)(p - r->text), .next = tok + 1};
	for (;;) {
		while (r->end - p >= 8) {
			if ((m = not_plain(load8(p)))) {
				p += __builtin_ctzll(m) >> 3;
				break;
			}
			p += 8;
		}
		while (p < r->end && class_of[*p] & PLAIN)
			p++;
		if (p == r->end)
			return fail(r, JSON_TRUNCATED, p);
		if (*p == '"')
			break;
		if (*p == '\\') {
			k->escaped = 1;
			if (!(p = escape(r, p, tok)))
				return NULL;
			continue;
		}
		if (*p < 0x20)
			return fail(r, JSON_SYNTAX, p);
		while (p < r->end && *p >= 0x80) {
			size_t n = utf8_len(p, (size_t)(r->end - p));

			if (!n)
				soft(r, JSON_UTF8, tok, (uint32_t)(p - r->text));
			p += n ? n : 1;
		}
	}
	k->to = (uint32_t)(p - r->text);
	return p + 1;
}

static char *put_utf8(char *o, uint32_t u)
{
	if (u < 0x80) {
		*o++ = (char)u;
		return o;
	}
	if (u < 0x800) {
		*o++ = (char)(0xc0 | u >> 6);
	} else {
		if (u < 0x10000) {
			*o++ = (char)(0xe0 | u >> 12);
		} else {
			*o++ = (char)(0xf0 | u >> 18);
			*o++ = (char)(0x80 | (u >> 12 & 0x3f));
		}
		*o++ = (char)(0x80 | (u >> 6 & 0x3f));
	}
	*o++ = (char)(0x80 | (u & 0x3f));
	return o;
}

/* The n bytes at s passed string().  Never longer than they are; a lone surrogate is U+FFFD. */
static uint32_t unescape(const char *s, uint32_t n, char *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *end = s + n, *c;
	char *o = out;

	while (s < end) {
		int u, low = -1;

		if (*s != '\\') {
			*o++ = *s++;
			continue;
		}
		if (s[1] != 'u') {
			c = strchr(from, s[1]);
			*o++ = c ? to[c - from] : s[1];
			s += 2;
			continue;
		}
		u = hex4((const byte *)s + 2);
		s += 6;
		if (is_high(u) && end - s >= 6 && s[0] == '\\' && s[1] == 'u')
			low = hex4((const byte *)s + 2);
		if (is_low(low)) {
			u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
			s += 6;
		} else if (is_high(u) || is_low(u)) {
			u = 0xfffd;
		}
		o = put_utf8(o, (uint32_t)u);
	}
	return (uint32_t)(o - out);
}

/* numbers */

struct decimal {        /* (-1)^neg * mant * 10^exp */
	uint64_t mant;  /* the first 19 significant digits */
	int64_t exp;
	bool neg, cut;  /* cut: digits other than 0 follow them */
};

static struct decimal decimal_of(const char *p, const char *end)
{
	struct decimal d = {0};
	bool frac = false, eneg;
	int64_t e = 0;

	if (*p == '-') {
		d.neg = true;
		p++;
	}
	for (; p < end && (*p | 0x20) != 'e'; p++) {
		if (*p == '.') {
			frac = true;
		} else if (d.mant < 1000000000000000000ULL) {
			d.mant = d.mant * 10 + (uint64_t)(*p - '0');
			d.exp -= frac;
		} else {
			d.cut |= *p != '0';
			d.exp += !frac;
		}
	}
	if (p < end) {
		p++;
		eneg = *p == '-';
		p += *p == '-' || *p == '+';
		for (; p < end; p++)
			if (e < 1000000000) /* far beyond any double, whatever the digits add */
				e = e * 10 + (*p - '0');
		d.exp += eneg ? -e : e;
	}
	return d;
}

static double slow_double(const char *p, const char *end)
{
	char small[128], *text = small;
	size_t n = (size_t)(end - p);
	double v;

	if (n >= sizeof small)
		text = xcalloc(1, n + 1);
	memcpy(text, p, n);
	text[n] = '\0';
	v = strtod(text, NULL);
	if (text != small)
		free(text);
	return v;
}

static double double_of(const char *p, const char *end)
{
	static const double ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	struct decimal d = decimal_of(p, end);
	double v = (double)d.mant;

	/* both factors are exact, so that one rounding gives the nearest double */
	if (d.cut || d.mant > 1ULL << 53 || d.exp < -22 || d.exp > 22)
		return slow_double(p, end);
	v = d.exp < 0 ? v / ten[-d.exp] : v * ten[d.exp];
	return d.neg ? -v : v;
}

/* The number times 10^decimals, when that is whole and fits. */
static bool whole_of(const char *p, const char *end, int decimals, int64_t *out)
{
	struct decimal d = decimal_of(p, end);

	d.exp += decimals;
	if (d.cut)
		return false;
	for (; d.mant && d.exp < 0; d.exp++) {
		if (d.mant % 10)
			return false;
		d.mant /= 10;
	}
	for (; d.mant && d.exp > 0; d.exp--)
		if (__builtin_mul_overflow(d.mant, (uint64_t)10, &d.mant))
			return false;
	if (d.mant > (uint64_t)INT64_MAX + d.neg)
		return false;
	*out = d.neg ? (int64_t)(0 - d.mant) : (int64_t)d.mant;
	return true;
}

static bool is_digit(byte c)
{
	return (byte)(c - '0') < 10;
}

static const byte *digits(struct reader *r, const byte *p)
{
	if (p == r->end)
		return fail(r, JSON_TRUNCATED, p);
	if (!is_digit(*p))
		return fail(r, JSON_SYNTAX, p);
	while (p < r->end && is_digit(*p))
		p++;
	return p;
}

/* A double ends shortly above 1.79e308; only what may come near is handed to strtod. */
static bool beyond_double(const byte *p, const byte *end)
{
	struct decimal d = decimal_of((const char *)p, (const char *)end);

	return d.mant && d.exp + 20 > 300 &&
		!isfinite(slow_double((const char *)p, (const char *)end));
}

static const byte *number(struct reader *r, const byte *p, uint32_t tok)
{
	const byte *start = p, *first;
	enum json_type type = JSON_INT;
	bool range, far = false;
	int64_t v;

	p += *p == '-';
	first = p;
	if (p < r->end && *p == '0')
		p++;
	else if (!(p = digits(r, p)))
		return NULL;
	range = p - first > 18; /* perhaps: the rest is judged below */
	if (p < r->end && *p == '.') {
		type = JSON_REAL;
		if (!(p = digits(r, p + 1)))
			return NULL;
	}
	if (p < r->end && (*p | 0x20) == 'e') {
		type = JSON_REAL;
		far = true;
		p++;
		p += p < r->end && (*p == '+' || *p == '-');
		if (!(p = digits(r, p)))
			return NULL;
	}
	/* 12 may be the head of 123, or of 12x: no token then */
	if (p == r->end ? r->depth > 0 : !(class_of[*p] & AFTER_NUMBER))
		return fail(r, p == r->end ? JSON_TRUNCATED : JSON_SYNTAX, p);
	if (type == JSON_INT)
		range = range && !whole_of((const char *)start, (const char *)p, 0, &v);
	else
		range = (far || p - start >= 300) && !r->bad && beyond_double(start, p);
	if (range)
		soft(r, JSON_RANGE, tok, (uint32_t)(start - r->text));
	r->j->tok[tok] = (struct json_tok){.type = (uint8_t)type,
		.from = (uint32_t)(start - r->text),
		.to = (uint32_t)(p - r->text),
		.next = tok + 1};
	return p;
}

static const byte *literal(struct reader *r, const byte *p, uint32_t tok)
{
	const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
	uint32_t from = (uint32_t)(p - r->text);

	for (; *word; word++, p++) {
		if (p == r->end)
			return fail(r, JSON_TRUNCATED, p);
		if (*p != (byte)*word)
			return fail(r, JSON_SYNTAX, p);
	}
	r->j->tok[tok] = (struct json_tok){
		.type = r->text[from] == 't' ? JSON_TRUE :
			r->text[from] == 'f' ? JSON_FALSE : JSON_NULL,
		.from = from,
		.to = (uint32_t)(p - r->text),
		.next = tok + 1};
	return p;
}

/* keys */

/* A table of the members of one object, for objects with many. */
struct keys {
	struct key {
		uint64_t hash; /* 0: free */
		uint32_t tok;
	} *slot;
	size_t mask;
	struct buf tmp;
};

static struct slice raw_of(const struct json *j, uint32_t t)
{
	return (struct slice){j->text + j->tok[t].from, j->tok[t].to - j->tok[t].from};
}

/* Unescaped text of string t; from tmp when it was escaped. */
static struct slice text_in(const struct json *j, uint32_t t, struct buf *tmp)
{
	struct slice s = raw_of(j, t);

	if (!j->tok[t].escaped)
		return s;
	buf_clear(tmp);
	buf_reserve(tmp, s.n);
	s.n = unescape(s.p, s.n, tmp->p);
	s.p = tmp->p;
	return s;
}

static bool text_same(const struct json *a, uint32_t ta, const struct json *b, uint32_t tb)
{
	struct buf ma = {0}, mb = {0};
	bool same;

	if (!a->tok[ta].escaped && !b->tok[tb].escaped)
		return slice_eq(raw_of(a, ta), raw_of(b, tb));
	same = slice_eq(text_in(a, ta, &ma), text_in(b, tb, &mb));
	buf_done(&ma);
	buf_done(&mb);
	return same;
}

static void keys_init(struct keys *k, uint32_t members)
{
	size_t n = 64;

	while (n < (size_t)members * 2)
		n *= 2;
	*k = (struct keys){.slot = xcalloc(n, sizeof *k->slot), .mask = n - 1};
}

static void keys_done(struct keys *k)
{
	free(k->slot);
	buf_done(&k->tmp);
}

/* The slot of the key of `of` at token t among the keys of j: filled, or free. */
static struct key *keys_find(
	struct keys *k, const struct json *j, const struct json *of, uint32_t t, uint64_t *hash)
{
	struct slice s = text_in(of, t, &k->tmp);
	size_t i;

	*hash = map_hash(s.p, s.n) | 1;
	for (i = (*hash >> 1) & k->mask; k->slot[i].hash; i = (i + 1) & k->mask)
		if (k->slot[i].hash == *hash && text_same(j, k->slot[i].tok, of, t))
			break;
	return &k->slot[i];
}

/* Takes in the keys of object t; returns the first that comes twice, or NONE. */
static uint32_t keys_fill(struct keys *k, const struct json *j, uint32_t t)
{
	uint32_t i = t + 1;

	for (uint32_t n = j->tok[t].count; n; n--, i = j->tok[i + 1].next) {
		uint64_t hash;
		struct key *s = keys_find(k, j, j, i, &hash);

		if (s->hash)
			return i;
		*s = (struct key){hash, i};
	}
	return NONE;
}

static uint32_t twice_by_table(const struct json *j, uint32_t t)
{
	struct keys k;
	uint32_t dup;

	keys_init(&k, j->tok[t].count);
	dup = keys_fill(&k, j, t);
	keys_done(&k);
	return dup;
}

/* The first key of object t that comes twice, or NONE. */
static uint32_t twice(const struct json *j, uint32_t t)
{
	uint32_t n = j->tok[t].count, seen[PAIRWISE], i = t + 1;
	uint64_t bloom = 0;

	if (n > PAIRWISE)
		return twice_by_table(j, t);
	for (uint32_t m = 0; m < n; m++, i = j->tok[i + 1].next) {
		struct slice key = raw_of(j, i);
		uint64_t bit = 1;

		if (j->tok[i].escaped)
			return twice_by_table(j, t);
		/* length, first and last byte say "new" of nearly every key */
		if (key.n)
			bit <<= (key.n + (byte)key.p[0] * 5u + (byte)key.p[key.n - 1] * 11u) & 63;
		if (bloom & bit)
			for (uint32_t b = 0; b < m; b++)
				if (slice_eq(raw_of(j, seen[b]), key))
					return i;
		bloom |= bit;
		seen[m] = i;
	}
	return NONE;
}

/* the reader */

static void begin(struct json *j, const char *text, size_t n)
{
	uint32_t cap = (uint32_t)n + 1; /* a token costs at least a byte: no check on the way */

	if (j->cap < cap || (j->cap > KEEP_TOKENS && cap <= KEEP_TOKENS)) {
		free(j->tok);
		j->cap = cap < 512 ? 512 : cap + cap / 4;
		j->tok = xrealloc(NULL, j->cap * sizeof *j->tok);
	}
	for (; j->nscratch > 1; j->nscratch--)
		buf_done(&j->scratch[j->nscratch - 1]);
	if (j->nscratch)
		buf_clear(&j->scratch[0]);
	j->text = text;
	j->len = (uint32_t)n;
	j->ntok = j->nsoft = 0;
	j->err = JSON_OK;
	j->err_at = 0;
}

bool json_read(struct json *j, const char *text, size_t n)
{
	struct reader r = {.j = j,
		.text = (const byte *)text,
		.end = (const byte *)text + n,
		.limit = JSON_DEPTH};
	const byte *p = r.text, *q;
	uint32_t cur = NONE, up, dup; /* the open container; its `next` holds its parent */
	struct json_tok *k;

	assert(n <= TEXT_MAX);
	begin(j, text, n);
value:
	p = skip(&r, p);
	if (p == r.end)
		goto truncated;
	k = &j->tok[j->ntok];
	switch (*p) {
	case '{':
	case '[':
		if (cur != NONE)
			j->tok[cur].count++;
		*k = (struct json_tok){.type = *p == '{' ? JSON_OBJECT : JSON_ARRAY,
			.from = (uint32_t)(p - r.text),
			.next = cur};
		cur = j->ntok++;
		if (cur == 0 && *p == '[')
			r.limit++;
		if (++r.depth > r.limit)
			soft(&r, JSON_TOO_DEEP, cur, k->from);
		p = skip(&r, p + 1);
		if (p == r.end)
			goto truncated;
		if (*p == (k->type == JSON_OBJECT ? '}' : ']'))
			goto close;
		if (k->type == JSON_OBJECT)
			goto key;
		goto value;
	case '"':
		q = string(&r, p + 1, j->ntok);
		break;
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		q = number(&r, p, j->ntok);
		break;
	case 't':
	case 'f':
	case 'n':
		q = literal(&r, p, j->ntok);
		break;
	default:
		goto syntax;
	}
	if (!q)
		goto broken;
	p = q;
	j->ntok++;
	if (cur != NONE)
		j->tok[cur].count++;
after:
	p = skip(&r, p);
	if (cur == NONE) {
		if (p == r.end)
			return j->nsoft == 0;
		(void)fail(&r, JSON_TRAILING, p); /* only NULL */
		goto broken;
	}
	if (p == r.end)
		goto truncated;
	if (*p == ',') {
		p++;
		if (j->tok[cur].type == JSON_OBJECT)
			goto key;
		if (cur == 0)
			r.bad = false; /* the next element starts clean */
		goto value;
	}
	if (*p != (j->tok[cur].type == JSON_OBJECT ? '}' : ']'))
		goto syntax;
close:
	k = &j->tok[cur];
	p++;
	up = k->next;
	k->to = (uint32_t)(p - r.text);
	k->next = j->ntok;
	if (k->type == JSON_OBJECT && k->count > 1 && !r.bad && (dup = twice(j, cur)) != NONE)
		soft(&r, JSON_DUPLICATE, dup, j->tok[dup].from);
	cur = up;
	r.depth--;
	goto after;
key:
	p = skip(&r, p);
	if (p == r.end)
		goto truncated;
	if (*p != '"')
		goto syntax;
	if (!(q = string(&r, p + 1, j->ntok)))
		goto broken;
	p = q;
	j->ntok++;
	p = skip(&r, p);
	if (p == r.end)
		goto truncated;
	if (*p++ != ':') {
		p--;
		goto syntax;
	}
	goto value;
truncated:
	(void)fail(&r, JSON_TRUNCATED, p); /* only NULL */
	goto broken;
syntax:
	(void)fail(&r, JSON_SYNTAX, p); /* only NULL */
broken:
	for (; cur != NONE; cur = up) {
		k = &j->tok[cur];
		up = k->next;
		k->next = j->ntok;
		k->to = j->err_at;
	}
	return false;
}

void json_done(struct json *j)
{
	for (uint32_t i = 0; i < j->nscratch; i++)
		buf_done(&j->scratch[i]);
	free(j->scratch);
	free(j->tok);
	free(j->soft);
	*j = (struct json){0};
}

const char *json_err_name(enum json_err e)
{
	static const char *const name[] = {"ok", "syntax", "truncated", "trailing_bytes",
		"duplicate_key", "number_range", "bad_utf8", "nul_character", "too_deep"};

	return (size_t)e < ARRAY_LEN(name) ? name[e] : "?";
}

const struct json_soft *json_soft_in(const struct json *j, uint32_t t)
{
	uint32_t lo = 0, hi = j->nsoft;

	if (t >= j->ntok)
		return NULL;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (j->soft[mid].at < j->tok[t].from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < j->nsoft && j->soft[lo].at < j->tok[t].to ? &j->soft[lo] : NULL;
}

uint32_t json_get(const struct json *j, uint32_t t, const char *key)
{
	struct slice want = slice_of(key);
	uint32_t i = t + 1;

	if (t >= j->ntok || j->tok[t].type != JSON_OBJECT)
		return 0;
	for (uint32_t n = j->tok[t].count; n; n--, i = j->tok[i + 1].next) {
		struct buf tmp = {0};
		bool is;

		if (!j->tok[i].escaped) {
			if (slice_eq(raw_of(j, i), want))
				return i + 1;
			continue;
		}
		is = slice_eq(text_in(j, i, &tmp), want);
		buf_done(&tmp);
		if (is)
			return i + 1;
	}
	return 0;
}

struct slice json_text(struct json *j, uint32_t t)
{
	struct slice s = json_raw(j, t);
	struct buf *b;

	if (t >= j->ntok || !j->tok[t].escaped)
		return s;
	/* a chunk never moves: earlier slices point into it */
	b = j->nscratch ? &j->scratch[j->nscratch - 1] : NULL;
	if (!b || b->cap - b->n <= s.n) {
		j->scratch = xrealloc(j->scratch, (j->nscratch + 1) * sizeof *j->scratch);
		b = &j->scratch[j->nscratch++];
		*b = (struct buf){0};
		buf_reserve(b, s.n > 4000 ? s.n : 4000);
	}
	s.n = unescape(s.p, s.n, b->p + b->n);
	s.p = b->p + b->n;
	b->n += s.n;
	return s;
}

struct slice json_raw(const struct json *j, uint32_t t)
{
	return t < j->ntok ? raw_of(j, t) : (struct slice){0};
}

bool json_int(const struct json *j, uint32_t t, int64_t *out)
{
	const char *p, *end;
	uint64_t v = 0;

	if (t >= j->ntok)
		return false;
	p = j->text + j->tok[t].from;
	end = j->text + j->tok[t].to;
	if (j->tok[t].type == JSON_INT && *p != '-' && end - p <= 18) {
		for (; p < end; p++)
			v = v * 10 + (uint64_t)(*p - '0');
		*out = (int64_t)v;
		return true;
	}
	if (j->tok[t].type != JSON_INT && j->tok[t].type != JSON_REAL)
		return false;
	return whole_of(p, end, 0, out);
}

bool json_scaled(const struct json *j, uint32_t t, int decimals, int64_t *out)
{
	if (t >= j->ntok || (j->tok[t].type != JSON_INT && j->tok[t].type != JSON_REAL))
		return false;
	return whole_of(
		j->text + j->tok[t].from, j->text + j->tok[t].to, decimals, out);
}

bool json_double(const struct json *j, uint32_t t, double *out)
{
	double v;

	if (t >= j->ntok || (j->tok[t].type != JSON_INT && j->tok[t].type != JSON_REAL))
		return false;
	v = double_of(j->text + j->tok[t].from, j->text + j->tok[t].to);
	if (!isfinite(v))
		return false;
	*out = v;
	return true;
}

/* [-]d..d.d..d with at most three digits before the point and seven behind it, else false. */
static bool plain_e7(const char *p, const char *end, int32_t *out)
{
	bool neg = *p == '-';
	int32_t v = 0;
	int n = 0;

	p += neg;
	for (; p < end && *p >= '0' && *p <= '9' && n < 3; p++, n++)
		v = v * 10 + (*p - '0');
	if (p < end && *p == '.')
		p++;
	else if (p < end)
		return false;
	if (v > 180)
		return false;
	for (n = 0; p < end && *p >= '0' && *p <= '9' && n < 7; p++, n++)
		v = v * 10 + (*p - '0');
	for (; n < 7; n++)
		v *= 10;
	*out = neg ? -v : v;
	return p == end;
}

bool json_e7(const struct json *j, uint32_t t, int limit, int32_t *out)
{
	int32_t most = limit * 10000000, e7;
	double v;

	if (t >= j->ntok || (j->tok[t].type != JSON_INT && j->tok[t].type != JSON_REAL))
		return false;
	if (plain_e7(j->text + j->tok[t].from, j->text + j->tok[t].to, &e7)) {
		if (e7 > most || e7 < -most)
			return false;
	} else {
		if (!json_double(j, t, &v) || v > limit || v < -limit)
			return false;
		e7 = (int32_t)lround(v * 1e7);
	}
	*out = e7;
	return true;
}

/* comparing */

static struct decimal number_of(const struct json *j, uint32_t t)
{
	struct decimal d = decimal_of(j->text + j->tok[t].from, j->text + j->tok[t].to);

	for (; d.mant && d.mant % 10 == 0; d.exp++)
		d.mant /= 10;
	if (!d.mant) {
		d.exp = 0;
		d.neg = false;
	}
	return d;
}

static bool number_same(const struct json *a, uint32_t ta, const struct json *b, uint32_t tb)
{
	struct decimal x = number_of(a, ta), y = number_of(b, tb);
	double dx, dy;

	if (!x.cut && !y.cut)
		return x.mant == y.mant && x.exp == y.exp && x.neg == y.neg;
	return json_double(a, ta, &dx) && json_double(b, tb, &dy) && dx == dy;
}

static bool same(struct json *a, uint32_t ta, struct json *b, uint32_t tb, int depth);

static bool object_same(struct json *a, uint32_t ta, struct json *b, uint32_t tb, int depth)
{
	uint32_t n = a->tok[ta].count, i = ta + 1, in_order = tb + 1;
	struct keys keys = {0};
	bool ok = true;

	/* mostly the members stand in the same order; else search, or index when there are many */
	for (uint32_t m = 0; ok && m < n; m++, i = a->tok[i + 1].next) {
		uint32_t at = 0;

		if (m < b->tok[tb].count && text_same(a, i, b, in_order)) {
			at = in_order;
		} else if (n <= PAIRWISE) {
			uint32_t o = tb + 1;

			for (uint32_t x = 0; x < n && !at; x++, o = b->tok[o + 1].next)
				if (text_same(a, i, b, o))
					at = o;
		} else {
			uint64_t hash;
			struct key *s;

			if (!keys.slot) {
				keys_init(&keys, n);
				(void)keys_fill(&keys, b, tb); /* no key comes twice in sound docs */
			}
			s = keys_find(&keys, b, a, i, &hash);
			at = s->hash ? s->tok : 0;
		}
		ok = at && same(a, i + 1, b, at + 1, depth + 1);
		in_order = b->tok[in_order + 1].next;
	}
	keys_done(&keys);
	return ok;
}

static bool same(struct json *a, uint32_t ta, struct json *b, uint32_t tb, int depth)
{
	const struct json_tok *x = &a->tok[ta], *y = &b->tok[tb];
	uint32_t i = ta + 1, o = tb + 1;
	bool num = x->type == JSON_INT || x->type == JSON_REAL;

	if (num && (y->type == JSON_INT || y->type == JSON_REAL))
		return number_same(a, ta, b, tb);
	if (x->type != y->type || x->count != y->count)
		return false;
	switch (x->type) {
	case JSON_STRING:
		return text_same(a, ta, b, tb);
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	default:
		return true;
	}
	if (depth > SAME_DEPTH)
		return slice_eq(raw_of(a, ta), raw_of(b, tb));
	if (x->type == JSON_OBJECT)
		return object_same(a, ta, b, tb, depth);
	for (uint32_t n = x->count; n; n--, i = a->tok[i].next, o = b->tok[o].next)
		if (!same(a, i, b, o, depth + 1))
			return false;
	return true;
}

bool json_same(struct json *a, uint32_t ta, struct json *b, uint32_t tb)
{
	return ta < a->ntok && tb < b->ntok && same(a, ta, b, tb, 0);
}
