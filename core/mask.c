#include "core/mask.h"

#include "base/utf8.h"

#define LONG_RUN 11     /* digits: never a date or a price */
#define IDENTITY_RUN 15 /* digits: an identity number, old or new, or a bank card */

/* Bytes of the character at p, at least 1. */
static size_t char_len(const char *p, size_t n)
{
	size_t len = (unsigned char)*p < 0x80 ? 1 : utf8_len((const unsigned char *)p, n);

	return len ? len : 1;
}

/* The digit at p, 0 .. 9, and its bytes; -1: none.  Full-width ones are three bytes. */
static int digit_at(const char *p, const char *end, size_t *len)
{
	if (p < end && *p >= '0' && *p <= '9') {
		*len = 1;
		return *p - '0';
	}
	if (end - p >= 3 && p[0] == '\xef' && p[1] == '\xbc' && (unsigned char)p[2] >= 0x90 && (unsigned char)p[2] <= 0x99) {
		*len = 3;
		return (unsigned char)p[2] - 0x90;
	}
	return -1;
}

/* ------------------------------------------------------------------ names */

void mask_name(struct slice name, struct buf *out)
{
	while (name.n && name.p[0] == ' ') {
		name.p++;
		name.n--;
	}
	if (!name.n)
		return;
	buf_add(out, name.p, char_len(name.p, name.n));
	buf_addc(out, '*');
}

/* Bytes of a separator of names at p, 0: it is part of one. */
static size_t separator_at(const char *p, const char *end)
{
	static const char *const wide[] = {"、", "，", "；", "／", "　"};

	if (memchr(",;/&+\n\r\t", *p, 8))
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if ((size_t)(end - p) >= strlen(wide[i]) && memcmp(p, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	/* A space parts Chinese names, but not "Anna Maria". */
	return *p == ' ' && (p + 1 == end || (unsigned char)p[1] >= 0x80) ? 1 : 0;
}

void mask_names(struct slice names, struct buf *out)
{
	const char *p = names.p, *end = names.p + names.n, *from = p;

	while (p < end) {
		size_t n = separator_at(p, end);

		if (!n) {
			p += char_len(p, (size_t)(end - p));
			continue;
		}
		mask_name((struct slice){from, (uint32_t)(p - from)}, out);
		buf_add(out, p, n);
		from = p += n;
	}
	if (from < end)
		mask_name((struct slice){from, (uint32_t)(end - from)}, out);
}

/* Behind the characters of Chinese at p, full-width digits apart; *n of them. */
static const char *chinese_run(const char *p, const char *end, unsigned *n)
{
	size_t len;

	for (*n = 0; p < end && (unsigned char)*p >= 0x80 && digit_at(p, end, &len) < 0; ++*n)
		p += char_len(p, (size_t)(end - p));
	return p;
}

void mask_key(struct slice key, struct buf *out)
{
	const char *end = key.p + key.n, *from = key.p, *next;
	unsigned n;

	for (const char *p = from; p < end; p = next) {
		next = chinese_run(p, end, &n);
		if (n < 2) { /* 户-001: a word for what it is, no name */
			next = n ? next : p + char_len(p, (size_t)(end - p));
			continue;
		}
		mask_text((struct slice){from, (uint32_t)(p - from)}, out);
		mask_name((struct slice){p, (uint32_t)(next - p)}, out);
		from = next;
	}
	mask_text((struct slice){from, (uint32_t)(end - from)}, out);
}

/* ------------------------------------------------------------------ numbers */

/* A stretch of digits, with single separators between them. */
struct number {
	const char *from, *end;
	unsigned digits;
};

/* The bytes of from..end with stars for the digits [lo, hi). */
static void put_stars(struct buf *out, const struct number *n, unsigned lo, unsigned hi)
{
	unsigned i = 0;
	size_t len;

	for (const char *p = n->from; p < n->end; p += len) {
		if (digit_at(p, n->end, &len) >= 0) {
			if (i >= lo && i < hi)
				buf_addc(out, '*');
			else
				buf_add(out, p, len);
			i++;
		} else {
			len = 1;
			buf_addc(out, *p);
		}
	}
}

/* The four digits before the last ones (four, fewer in a short number). */
static void put_phone(struct buf *out, const struct number *n)
{
	unsigned last = n->digits >= 8 ? 4 : n->digits > 4 ? n->digits - 4 : 0;

	put_stars(out, n, n->digits > last + 4 ? n->digits - last - 4 : 0, n->digits - last);
}

/* groups: how many digits stand together, 0 at the end; between groups one space or - may stand (or ")"). */
static bool grouped(const char *p, const char *end, const unsigned *groups, struct number *out)
{
	size_t len;

	*out = (struct number){p, p, 0};
	for (; *groups; groups++) {
		if (out->digits && p < end && (*p == ' ' || *p == '-' || *p == ')'))
			p++;
		for (unsigned i = 0; i < *groups; i++, p += len, out->digits++)
			if (digit_at(p, end, &len) < 0)
				return false;
	}
	out->end = p;
	return digit_at(p, end, &len) < 0;
}

static bool is_mobile(const char *p, const char *end, struct number *out)
{
	static const unsigned groups[] = {3, 4, 4, 0};
	size_t len;

	if (digit_at(p, end, &len) != 1 || digit_at(p + len, end, &len) < 3)
		return false;
	return grouped(p, end, groups, out);
}

/* 0934-8321000: an area code of three or four digits (*area), seven or eight behind it. */
static bool is_landline(const char *p, const char *end, struct number *out, unsigned *area)
{
	static const unsigned groups[][3] = {{4, 8, 0}, {4, 7, 0}, {3, 8, 0}, {3, 7, 0}};
	size_t len;

	if (digit_at(p, end, &len) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (grouped(p, end, groups[i], out)) {
			*area = groups[i][0];
			return true;
		}
	return false;
}

/* A phone number at p: writes it masked, *to is its end. */
static bool put_known(struct buf *out, const char *p, const char *end, const char **to)
{
	struct number n;
	unsigned area;

	if (is_mobile(p, end, &n))
		put_phone(out, &n);
	else if (is_landline(p, end, &n, &area))
		put_stars(out, &n, area, n.digits - 4);
	else
		return false;
	*to = n.end;
	return true;
}

/* 622801 19900101 1234, the last may be X. */
static bool is_identity(const char *p, const char *end, struct number *out)
{
	static const unsigned whole[] = {6, 8, 4, 0}, before_x[] = {6, 8, 3, 0};

	if (grouped(p, end, whole, out))
		return true;
	if (!grouped(p, end, before_x, out) || out->end == end || (*out->end != 'X' && *out->end != 'x'))
		return false;
	return true; /* the X stays outside: its caller drops it */
}

static struct number run_of(const char *p, const char *end)
{
	struct number n = {p, p, 0};
	size_t len;

	for (; digit_at(n.end, end, &len) >= 0; n.digits++)
		n.end += len;
	return n;
}

/* A number begins at p.  Writes it, masked where it must be; returns its end. */
static const char *put_number(struct buf *out, const char *p, const char *end)
{
	struct number run = run_of(p, end), n;
	const char *to;

	if (is_identity(p, end, &n)) {
		put_stars(out, &n, 0, n.digits);
		if (n.digits == 17) {
			buf_addc(out, '*');
			n.end++;
		}
		return n.end;
	}
	if (run.digits >= IDENTITY_RUN) {
		put_stars(out, &run, 0, run.digits);
		return run.end;
	}
	if (put_known(out, p, end, &to))
		return to;
	/* 86 138 0000 0000: the country's number stays, what follows is looked at again. */
	if (run.digits == 2 && run.end < end && (*run.end == ' ' || *run.end == '-') && is_mobile(run.end + 1, end, &n)) {
		buf_add(out, p, (size_t)(run.end + 1 - p));
		return run.end + 1;
	}
	if (run.digits >= LONG_RUN)
		put_phone(out, &run);
	else
		buf_add(out, p, (size_t)(run.end - p));
	return run.end;
}

void mask_text(struct slice text, struct buf *out)
{
	const char *p = text.p, *end = text.p + text.n;
	size_t len;

	while (p < end) {
		const char *from = p;

		while (p < end && digit_at(p, end, &len) < 0)
			p++;
		buf_add(out, from, (size_t)(p - from));
		if (p < end)
			p = put_number(out, p, end);
	}
}

void mask_phone(struct slice phone, struct buf *out)
{
	const char *p = phone.p, *end = phone.p + phone.n;
	size_t len;

	while (p < end) {
		struct number n = {p, p, 0};

		if (digit_at(p, end, &len) < 0) {
			buf_addc(out, *p++);
			continue;
		}
		if (put_known(out, p, end, &p))
			continue;
		/* Groups belong to one number: 0934-8321000, 138 0000 0000. */
		while (p < end) {
			if (digit_at(p, end, &len) >= 0) {
				p += len;
				n.digits++;
				n.end = p;
			} else if ((*p == '-' || *p == ' ') && digit_at(p + 1, end, &len) >= 0) {
				p++;
			} else {
				break;
			}
		}
		put_phone(out, &n);
		p = n.end;
	}
}

/* ------------------------------------------------------------------ JSON */

/* Members whose values are codes or ids: nothing personal, and a run of digits in them is no phone. */
static bool is_code(struct slice key)
{
	static const char *const codes[] = {"patrol", "route", "target", "for", "way", "topic", "result", "item", "state", "case",
		"class", "category", "action", "rating", "crs", "app", "sha256", "mime", "role", "base", "ref", "ext_no"};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (slice_is(key, codes[i]))
			return true;
	return false;
}

/* The closing quote of the string whose text begins at p; *escaped: it holds a backslash. */
static const char *string_end(const char *p, const char *end, bool *escaped)
{
	*escaped = false;
	for (; p < end && *p != '"'; p++)
		if (*p == '\\') {
			*escaped = true;
			if (++p == end)
				break;
		}
	return p;
}

static bool is_amount(struct slice key);

/* Members of the contract that hold words: of any other, nobody knows what it holds. */
static bool is_ours(struct slice key)
{
	static const char *const words[] = {"note", "title", "text", "object", "group", "unit", "type", "channel", "risk", "issuer", "item_no",
		"to", "reason", "parties", "household"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(key, words[i]))
			return true;
	return !key.n || is_code(key) || is_amount(key);
}

/* A date, a price, a number with a sign: there is no name in it. */
static bool has_letters(struct slice text)
{
	for (uint32_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80 || (text.p[i] >= 'A' && text.p[i] <= 'Z') || (text.p[i] >= 'a' && text.p[i] <= 'z'))
			return true;
	return false;
}

/* strange: in a member that is not ours. */
static void put_string(struct slice text, bool escaped, struct slice key, bool strange, struct json *j, struct buf *out)
{
	bool names = strange || slice_is(key, "parties");
	struct buf masked = {0};

	if (escaped) { /* with its quotes it is a JSON text of its own */
		if (!json_read(j, text.p - 1, (size_t)text.n + 2))
			return; /* it was whole when it was stored; nothing is safer than something unread */
		text = json_text(j, 0);
	}
	names = names && (!strange || has_letters(text));
	if (names)
		mask_names(text, &masked);
	else if (slice_is(key, "household"))
		mask_key(text, &masked);
	else
		mask_text(text, &masked);
	if (escaped) {
		struct buf quoted = {0};

		buf_json(&quoted, masked.p ? masked.p : "", masked.n);
		buf_add(out, quoted.p + 1, quoted.n - 2);
		buf_done(&quoted);
	} else {
		buf_add(out, masked.p, masked.n);
	}
	buf_done(&masked);
}

/* Members whose numbers are amounts and times, however long. */
static bool is_amount(struct slice key)
{
	static const char *const amounts[] = {"amount_fen", "aid_fen", "qty", "due", "until", "oldest", "pts"};

	for (size_t i = 0; i < ARRAY_LEN(amounts); i++)
		if (slice_is(key, amounts[i]))
			return true;
	return false;
}

/* What stands between two strings.  A number in a member that is not ours may be of a phone, or of a person: then it
 * becomes a text.  One of 13 digits is a time. */
static void put_between(struct slice s, struct slice key, struct buf *out)
{
	const char *end = s.p + s.n, *from = s.p, *next;

	for (const char *p = s.n < LONG_RUN || is_amount(key) ? end : from; p < end; p = next) {
		struct number n = run_of(p, end), phone;
		char before = p > s.p ? p[-1] : ' ', after = n.end < end ? *n.end : ' ';

		next = n.digits ? n.end : p + 1;
		if (strchr("-.eE", before) || strchr(".eE", after) ||
			(n.digits < IDENTITY_RUN && !(n.digits == LONG_RUN && is_mobile(p, n.end, &phone))))
			continue;
		buf_add(out, from, (size_t)(p - from));
		buf_addc(out, '"');
		(void)put_number(out, p, n.end); /* all of it */
		buf_addc(out, '"');
		from = next;
	}
	buf_add(out, from, (size_t)(end - from));
}

/* What stands between two strings opens and closes; *strange: how deep the member that is not ours lies, 0: none is open. */
static void step_through(struct slice s, bool ours, unsigned *depth, unsigned *strange)
{
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] == '{' || s.p[i] == '[') {
			++*depth;
			if (!*strange && !ours)
				*strange = *depth;
		} else if ((s.p[i] == '}' || s.p[i] == ']') && *depth) {
			if (*strange == *depth)
				*strange = 0;
			--*depth;
			ours = true; /* the key before it is another's */
		}
	}
}

void mask_json(struct slice value, struct json *j, struct buf *out)
{
	const char *p = value.p, *end = value.p + value.n;
	unsigned depth = 0, strange = 0, was;
	struct slice key = {0};

	while (p < end) {
		const char *q = memchr(p, '"', (size_t)(end - p)), *close, *next;
		bool escaped;

		if (!q || q + 1 == end)
			break;
		close = string_end(++q, end, &escaped);
		for (next = close + 1; next < end && (*next == ' ' || *next == '\t' || *next == '\n' || *next == '\r'); next++)
			;
		was = strange;
		step_through((struct slice){p, (uint32_t)(q - 1 - p)}, is_ours(key), &depth, &strange);
		put_between((struct slice){p, (uint32_t)(q - 1 - p)}, was || strange ? (struct slice){0} : key, out);
		buf_addc(out, '"');
		p = close;
		if (next < end && *next == ':') {
			key = (struct slice){q, (uint32_t)(close - q)};
			buf_add(out, q, (size_t)(close - q));
		} else if (is_code(key) && !strange) {
			buf_add(out, q, (size_t)(close - q));
		} else {
			put_string((struct slice){q, (uint32_t)(close - q)}, escaped, key, strange || !is_ours(key), j, out);
		}
		if (p < end) { /* the closing quote: else it would open the next */
			buf_addc(out, '"');
			p++;
		}
	}
	if (p < end)
		put_between((struct slice){p, (uint32_t)(end - p)}, strange ? (struct slice){0} : key, out);
}
