#include "server/read.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/civil.h"
#include "schema/live.h"
#include "server/access.h"
#include "server/zip.h"

/* ------------------------------------------------------------------ begin, end */

void read_refuse(struct read *r, int status, const char *code, const char *fmt, ...)
{
	char detail[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof detail, fmt, ap); /* cut */
	va_end(ap);
	response_problem(r->rs, status, code, detail);
	r->failed = true;
}

/* A scope of the query must lie inside of the asker's; a reach is looked for in it by the query. */
static bool take_scope(struct read *r)
{
	const char *v = query_get(&r->q, "scope");
	struct slice mine = slice_of(r->s->user.scope), asked = slice_of(v);

	if (!v || strcmp(v, "*") == 0)
		return true;
	r->within = v;
	if (area_is_reach(asked))
		return true;
	if (area_level(asked) == AREA_NONE) {
		read_refuse(r, 400, "bad_parameter", "scope: want an area code of 6, 9, 12 or 15 digits, or a reach code");
		return false;
	}
	if (area_covers(mine, asked))
		return true;
	read_refuse(r, 403, "not_allowed", "scope: outside of your own, %s", r->s->user.scope);
	return false;
}

/* `reach`: "*" any, a river's name, or a reach code.  It stands in the place of a scope; whose they are, the query asks. */
static bool take_reach(struct read *r)
{
	const char *v = query_get(&r->q, "reach");

	if (!v)
		return true;
	if (r->within) {
		read_refuse(r, 400, "bad_parameter", "reach: stands in the place of scope");
		return false;
	}
	if (strlen(v) > WATERS_NAME_MAX) {
		read_refuse(r, 400, "bad_parameter", "reach: want *, the name of a river or a reach code, at most %d bytes", WATERS_NAME_MAX);
		return false;
	}
	(void)snprintf(r->waters, sizeof r->waters, "~%s", strcmp(v, "*") == 0 ? "" : v); /* fits */
	r->within = r->waters;
	return true;
}

bool read_begin(struct read *r, void *ctx, const struct request *rq, struct response *rs, const char *const *names)
{
	struct app *a = ctx;
	struct why why = {""};
	const char *stranger;
	enum err e;

	*r = (struct read){.a = a, .rs = rs, .rq = rq, .now_ms = clock_wall_ms(), .b = &rs->body};
	if (!(r->s = access_session(a, rq))) {
		access_unauthorized(rs);
		return false;
	}
	if (query_read(&r->q, rq->query, &why) != OK)
		read_refuse(r, 400, "bad_parameter", "%s", why.text);
	else if ((stranger = query_stranger(&r->q, names)))
		read_refuse(r, 400, "bad_parameter", "%.40s: there is no such parameter", stranger);
	if (r->failed || !take_scope(r) || !take_reach(r)) {
		query_done(&r->q);
		return false;
	}
	e = a->st ? live_begin(a->st) : ERR_CLOSED;
	if (e == OK && (e = store_head(a->st, &r->head)) == OK)
		return true;
	read_end(r, e);
	return false;
}

static void etag_of_bytes(struct read *r, const char *coding)
{
	unsigned char sum[16];
	char hex[33];

	(void)crypto_generichash(sum, sizeof sum, (const unsigned char *)(r->b->p ? r->b->p : ""), r->b->n, NULL, 0); /* sizes are right */
	(void)snprintf(r->etag, sizeof r->etag, "\"%s%s%s\"", sodium_bin2hex(hex, sizeof hex, sum, sizeof sum), coding ? "-" : "", coding ? coding : "");
}

static void zip_body(struct read *r, const char *coding)
{
	struct slice small = zip_answer(buf_slice(r->b), coding);

	if (!small.p)
		return; /* no smaller: as it is, the tag says the same */
	buf_clear(r->b);
	buf_add(r->b, small.p, small.n);
	free((char *)(uintptr_t)small.p);
	response_header(r->rs, "content-encoding", coding);
}

void read_finish(struct read *r)
{
	bool known = !r->etag[0]; /* the ETag says what the bytes are */
	const char *coding = known ? zip_coding(r->b->n, false, r->rq->accept_encoding) : NULL;

	if (known)
		etag_of_bytes(r, coding);
	response_header(r->rs, "etag", r->etag);
	response_header(r->rs, "cache-control", "private, no-cache");
	response_header(r->rs, "vary", "cookie, accept-encoding");
	r->rs->terse = true;
	if (!r->rs->type)
		r->rs->type = "application/json";
	r->rs->status = 200;
	if (known && r->rq->if_none_match && http_etag_listed(r->rq->if_none_match, r->etag)) {
		buf_clear(r->b);
		r->rs->status = 304;
	} else if (coding) {
		zip_body(r, coding);
	}
}

void read_end(struct read *r, enum err e)
{
	if (r->a->st)
		live_end(r->a->st);
	query_done(&r->q);
	if (r->failed)
		return;
	if (e == ERR_NOTFOUND) {
		response_problem(r->rs, 404, "not_found", NULL);
		return;
	}
	if (e != OK) {
		response_retry(r->rs, 2);
		response_problem(r->rs, 503, "unavailable", "the records cannot be read now: try again");
		return;
	}
	read_finish(r);
}

/* ------------------------------------------------------------------ parameters */

bool read_number(struct read *r, const char *name, int64_t min, int64_t max, int64_t absent, int64_t *out)
{
	const char *v = query_get(&r->q, name);
	char *end = NULL;
	long long n;

	*out = absent;
	if (!v)
		return true;
	n = strtoll(v, &end, 10);
	if (*end || v[0] == ' ' || v[0] == '+' || n < min || n > max) {
		read_refuse(r, 400, "bad_parameter", "%s: want a whole number, %lld to %lld", name, (long long)min, (long long)max);
		return false;
	}
	*out = n;
	return true;
}

bool read_flag(struct read *r, const char *name, int absent, int *out)
{
	const char *v = query_get(&r->q, name);

	*out = absent;
	if (!v)
		return true;
	if (strcmp(v, "true") != 0 && strcmp(v, "1") != 0 && strcmp(v, "false") != 0 && strcmp(v, "0") != 0) {
		read_refuse(r, 400, "bad_parameter", "%s: want true or false", name);
		return false;
	}
	*out = v[0] == 't' || v[0] == '1';
	return true;
}

bool read_instant(struct read *r, const char *name, int64_t *out)
{
	const char *v = query_get(&r->q, name);
	char text[64];

	if (!v)
		return true;
	(void)snprintf(text, sizeof text, "%s", v); /* what is cut is no instant */
	for (char *p = text; *p; p++)
		if (*p == ' ')
			*p = '+'; /* an offset that was not encoded */
	if (civil_parse_instant(text, strlen(text), out))
		return true;
	read_refuse(r, 400, "bad_parameter", "%s: want a day (2026-11-01) or RFC 3339 with offset", name);
	return false;
}

bool read_period(struct read *r, bool always, int64_t *from_ms, int64_t *to_ms)
{
	const char *name = query_get(&r->q, "period");
	bool given = query_get(&r->q, "from") || query_get(&r->q, "to");
	int32_t first = civil_month_first(civil_day(r->now_ms)), end;

	*from_ms = BOOKS_FROM;
	*to_ms = BOOKS_TO;
	if (!given && !name && !always) {
		*from_ms = civil_day_ms(first);
		*to_ms = civil_day_ms(civil_month_first(first + 31));
		return true;
	}
	if (name && (given || !civil_parse_period(name, strlen(name), &first, &end))) {
		read_refuse(r, 400, "bad_parameter", given ? "period: stands in the place of from and to" :
			"period: want 2023, 2023-H2, 2023-Q4, 2023-11, 2023-W47, 2023-11-D1 or 2023-11-23");
		return false;
	}
	if (name) {
		*from_ms = civil_day_ms(first);
		*to_ms = civil_day_ms(end);
		return true;
	}
	if (!read_instant(r, "from", from_ms) || !read_instant(r, "to", to_ms))
		return false;
	if (*from_ms < *to_ms)
		return true;
	read_refuse(r, 400, "bad_parameter", "to: is not after from");
	return false;
}

/* A cursor names its database and its list: one of before a restore, or of another list, is refused. */
static void cursor_head(const struct read *r, const char *list, char out[80])
{
	(void)snprintf(out, 80, "%.16s %.32s ", r->head.db, list); /* fits */
}

void read_next(struct read *r, const char *list, bool more, const char *text)
{
	char plain[512], head[80], coded[768];

	buf_json_key(r->b, "next");
	if (!more) {
		buf_adds(r->b, "null");
		return;
	}
	cursor_head(r, list, head);
	(void)snprintf(plain, sizeof plain, "%s%s", head, text); /* keys are short */
	(void)sodium_bin2base64(coded, sizeof coded, (const unsigned char *)plain, strlen(plain), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	buf_json_str(r->b, coded);
}

bool read_cursor_get(struct read *r, const char *list, char *out, size_t room)
{
	const char *v = query_get(&r->q, "cursor");
	unsigned char plain[513];
	char head[80];
	size_t n = 0, h;

	out[0] = '\0';
	if (!v)
		return true;
	cursor_head(r, list, head);
	h = strlen(head);
	if (sodium_base642bin(plain, sizeof plain - 1, v, strlen(v), NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
		n > h && n - h < room && memcmp(plain, head, h) == 0 && !memchr(plain, '\0', n)) {
		memcpy(out, plain + h, n - h);
		out[n - h] = '\0';
		return true;
	}
	read_refuse(r, 400, "bad_cursor", "the cursor is not of this list, or of before a restore: begin again without it");
	return false;
}

bool read_limit(struct read *r, struct books_page *p)
{
	int64_t limit;

	p->scope = r->s->user.scope;
	p->within = r->within;
	p->now_ms = r->now_ms;
	if (!read_number(r, "limit", 1, BOOKS_LIMIT_MAX, 50, &limit))
		return false;
	p->limit = (int)limit;
	return true;
}

bool read_page(struct read *r, const char *list, struct books_page *p)
{
	char text[64];
	long long key, id;
	int end = 0;

	if (!read_limit(r, p) || !read_cursor_get(r, list, text, sizeof text))
		return false;
	if (!text[0])
		return true;
	if (sscanf(text, "%lld %lld%n", &key, &id, &end) != 2 || text[end]) {
		read_refuse(r, 400, "bad_cursor", "the cursor cannot be read: begin again without it");
		return false;
	}
	p->has_after = true;
	p->after = (struct books_at){key, id};
	return true;
}

bool read_counts(struct read *r)
{
	int wanted;

	if (!read_flag(r, "count", 0, &wanted))
		return false;
	r->counts = wanted && !query_get(&r->q, "cursor");
	return true;
}

/* ------------------------------------------------------------------ the answer */

void read_period_members(struct read *r, int64_t from_ms, int64_t to_ms)
{
	read_time(r->b, "from", from_ms == BOOKS_FROM ? -1 : from_ms);
	read_time(r->b, "to", to_ms == BOOKS_TO ? -1 : to_ms);
}

void read_list(struct read *r, const struct books_page *p, const char *name)
{
	buf_addc(r->b, '{');
	read_int(r->b, "as_of", r->head.commit);
	read_int(r->b, "commit", r->head.commit); /* the same by the name that it has elsewhere */
	read_time(r->b, "time", r->head.time_ms);
	if (p)
		read_period_members(r, p->from_ms, p->to_ms);
	buf_json_key(r->b, name);
	buf_addc(r->b, '[');
}

void read_list_end(struct read *r, const char *list, const struct books_page *p)
{
	char text[64];

	buf_addc(r->b, ']');
	if (r->counts) {
		read_int(r->b, "total", r->total);
		read_bool(r->b, "total_more", r->total_more);
	}
	(void)snprintf(text, sizeof text, "%lld %lld", (long long)p->next.key, (long long)p->next.id); /* fits */
	read_next(r, list, p->more, text);
	buf_addc(r->b, '}');
}

void read_text(struct buf *b, const char *key, const char *v)
{
	buf_json_key(b, key);
	buf_json_str(b, v && *v ? v : NULL);
}

void read_int(struct buf *b, const char *key, int64_t v)
{
	buf_json_key(b, key);
	buf_int(b, v);
}

void read_int_or(struct buf *b, const char *key, int64_t v, int64_t none)
{
	if (v == none)
		read_text(b, key, NULL);
	else
		read_int(b, key, v);
}

void read_bool(struct buf *b, const char *key, bool v)
{
	buf_json_key(b, key);
	buf_adds(b, v ? "true" : "false");
}

void read_day(struct buf *b, const char *key, int32_t day)
{
	char text[CIVIL_DAY_TEXT];

	civil_day_text(day, text);
	read_text(b, key, text);
}

void read_time(struct buf *b, const char *key, int64_t ms)
{
	char text[CIVIL_INSTANT_TEXT];

	if (ms != -1)
		civil_instant_text(ms, text);
	read_text(b, key, ms == -1 ? NULL : text);
}

void read_named(struct buf *b, const char *key, struct books_named n)
{
	char name[40];

	(void)snprintf(name, sizeof name, "%s_name", key); /* keys are ours, and short */
	read_text(b, key, n.code);
	read_text(b, name, n.name);
}

void read_degrees(struct buf *b, int32_t e7)
{
	char text[16];
	int64_t v = e7 < 0 ? -(int64_t)e7 : e7;
	size_t n = (size_t)snprintf(text, sizeof text, "%lld.%07lld", (long long)(v / 10000000), (long long)(v % 10000000));

	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	if (e7 < 0)
		buf_addc(b, '-');
	buf_add(b, text, n);
}

void read_loc(struct buf *b, const char *key, bool has, int32_t lat_e7, int32_t lon_e7)
{
	buf_json_key(b, key);
	if (!has) {
		buf_adds(b, "null");
		return;
	}
	buf_addc(b, '[');
	read_degrees(b, lon_e7);
	buf_addc(b, ',');
	read_degrees(b, lat_e7);
	buf_addc(b, ']');
}
