#include "server/tus_api.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "server/access.h"
#include "server/device_access.h"

#define UPLOADS "/api/v1/files/up/"
#define CREATION "/api/v1/files"
#define STREAM_TYPE "application/offset+octet-stream"
#define METADATA_PAIRS 16

/* ------------------------------------------------------------------ what all of them share */

static void tus_head_lines(struct response *rs)
{
	access_no_store(rs);
	response_header(rs, "tus-resumable", "1.0.0");
}

static void refuse(struct response *rs, int status, const char *code, const char *detail)
{
	if (status == 429 || status == 503 || status == 507)
		response_retry(rs, status == 503 ? 5 : 600);
	response_problem(rs, status, code, detail);
}

static void refuse_end(struct response *rs, const struct files_end *end)
{
	refuse(rs, end->status, end->code, end->detail);
}

/* Version, device, photos are taken here: else rs says what is wrong. */
static bool begin(struct app *a, const struct request *rq, struct response *rs, char device[DEVICE_ID_ROOM])
{
	tus_head_lines(rs);
	if (!rq->tus.version || strcmp(rq->tus.version, "1.0.0") != 0) {
		response_header(rs, "tus-version", "1.0.0");
		response_problem(rs, 412, "tus_version", "Tus-Resumable: 1.0.0");
		return false;
	}
	if (!device_access(a, rq, rs, device))
		return false;
	if (!a->files) {
		response_problem(rs, 404, "no_photos", "this platform takes no photos");
		return false;
	}
	return true;
}

/* A whole number of bytes, -1: no such text. */
static int64_t number(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	return n && n <= 15 && strspn(s, "0123456789") == n ? strtoll(s, NULL, 10) : -1;
}

static void header_number(struct response *rs, const char *name, int64_t v)
{
	buf_addf(&rs->head, "%s: %lld\r\n", name, (long long)v);
}

static void header_expires(struct app *a, const struct upload *u, struct response *rs)
{
	time_t t = (time_t)(upload_expires_ms(a->files, u) / 1000);
	char date[40];
	struct tm tm;

	if (upload_is_done(u))
		return;
	gmtime_r(&t, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	response_header(rs, "upload-expires", date);
}

/* The answer to a request that leaves the upload at its offset. */
static void answer_offset(struct app *a, const struct upload *u, enum files_way way, struct response *rs)
{
	char place[sizeof UPLOADS + UPLOAD_ID];

	rs->status = way == FILES_POST ? 201 : way == FILES_PATCH ? 204 : 200;
	if (way == FILES_POST) {
		(void)snprintf(place, sizeof place, UPLOADS "%s", upload_id(u)); /* fits */
		response_header(rs, "location", place);
	}
	if (way == FILES_HEAD)
		header_number(rs, "upload-length", upload_length(u));
	header_number(rs, "upload-offset", upload_offset(u));
	header_expires(a, u, rs);
}

/* All bytes are there: the answer comes when it is in its place. */
static void finish_or_answer(struct app *a, struct upload *u, enum files_way way, uint64_t ticket, struct response *rs)
{
	if (!upload_is_full(u))
		answer_offset(a, u, way, rs);
	else if (files_finish(a->files, u, ticket, way) == OK)
		rs->later = true;
	else
		refuse(rs, 503, "busy", "too many photos at once: try again");
}

void tus_finished(void *ctx, uint64_t ticket, enum files_way way, const struct upload *u, const struct files_end *end)
{
	struct response rs = {0};
	struct app *a = ctx;

	if (!a->wire)
		return;
	tus_head_lines(&rs);
	if (u && end->e == OK)
		answer_offset(a, u, way, &rs);
	else
		refuse_end(&rs, end);
	wire_answer(a->wire, ticket, &rs);
}

/* ------------------------------------------------------------------ Upload-Metadata */

struct meta {
	char sha256[65], mime[32];
	int64_t bytes; /* -1: not said */
};

static bool bad_meta(struct response *rs, const char *detail)
{
	response_problem(rs, 400, "bad_metadata", detail);
	return false;
}

/* Names of files are not used; one that is a path shows a client that means no good, or is broken. */
static bool is_plain_name(const char *s)
{
	for (const char *p = s; *p; p++)
		if (*p == '/' || *p == '\\' || iscntrl((unsigned char)*p))
			return false;
	return strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static bool pair(struct meta *m, const char *key, const char *value, struct response *rs)
{
	if (strcmp(key, "sha256") == 0) {
		if (strlen(value) != 64 || strspn(value, "0123456789abcdef") != 64)
			return bad_meta(rs, "sha256: want 64 of 0-9a-f");
		slice_copy(m->sha256, sizeof m->sha256, slice_of(value));
	} else if (strcmp(key, "mime") == 0) {
		slice_copy(m->mime, sizeof m->mime, slice_of(value));
	} else if (strcmp(key, "bytes") == 0) {
		if ((m->bytes = number(value)) < 0)
			return bad_meta(rs, "bytes: want a number");
	} else if (strcmp(key, "role") == 0) {
		if (strlen(value) > 64)
			return bad_meta(rs, "role: at most 64 bytes");
	} else if (!is_plain_name(value)) {
		return bad_meta(rs, "a name with a path in it");
	}
	return true;
}

/* "key base64,key base64": each key once. */
static bool read_meta(const char *text, struct meta *m, struct response *rs)
{
	char key[METADATA_PAIRS][33], value[TUS_METADATA_MAX];
	const char *p = text;
	size_t n = 0, len;

	*m = (struct meta){.bytes = -1};
	if (!text || strlen(text) > TUS_METADATA_MAX)
		return bad_meta(rs, "Upload-Metadata: sha256 and mime, each with its value in base64");
	while (*p) {
		size_t k = strcspn(p, " ,"), v;

		if (!k || k > 32 || n == METADATA_PAIRS)
			return bad_meta(rs, "Upload-Metadata: at most 16 pairs of a key and a value in base64");
		slice_copy(key[n], sizeof key[n], (struct slice){p, (uint32_t)k});
		for (size_t i = 0; i < n; i++)
			if (strcmp(key[i], key[n]) == 0)
				return bad_meta(rs, "Upload-Metadata: a key stands there twice");
		p += k;
		p += *p == ' ';
		v = strcspn(p, ",");
		if (sodium_base642bin((unsigned char *)value, sizeof value - 1, p, v, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
			return bad_meta(rs, "Upload-Metadata: a value is not base64");
		value[len] = '\0';
		if (strlen(value) != len)
			return bad_meta(rs, "Upload-Metadata: a value is no text");
		if (!pair(m, key[n++], value, rs))
			return false;
		p += v;
		p += *p == ',';
		while (*p == ' ')
			p++;
	}
	if (!*m->sha256)
		return bad_meta(rs, "Upload-Metadata: sha256 is missing");
	if (!*m->mime)
		return bad_meta(rs, "Upload-Metadata: mime is missing");
	return true;
}

/* ------------------------------------------------------------------ Upload-Checksum */

/* "sha1 base64", "sha256 base64" */
static bool read_checksum(const char *text, struct patch_check *c, struct response *rs)
{
	const char *space = text ? strchr(text, ' ') : NULL;
	size_t len, want;

	*c = (struct patch_check){PATCH_NO_SUM, {0}};
	if (!text)
		return true;
	if (space && space - text == 6 && strncmp(text, "sha256", 6) == 0)
		c->how = PATCH_SHA256;
	else if (space && space - text == 4 && strncmp(text, "sha1", 4) == 0)
		c->how = PATCH_SHA1;
	want = c->how == PATCH_SHA1 ? 20 : 32;
	if (c->how == PATCH_NO_SUM || sodium_base642bin(c->sum, sizeof c->sum, space + 1, strlen(space + 1), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || len != want) {
		response_problem(rs, 400, "bad_checksum", "Upload-Checksum: sha256 or sha1, and the sum in base64");
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ a body that streams */

static void take(void *ctx, const char *p, size_t n)
{
	patch_take(ctx, p, n);
}

static void gone(void *ctx)
{
	patch_free(ctx);
}

static bool is_stream_type(const char *type)
{
	return type && strncasecmp(type, STREAM_TYPE, strlen(STREAM_TYPE)) == 0 && (!type[strlen(STREAM_TYPE)] || strchr("; ", type[strlen(STREAM_TYPE)]));
}

/* fresh: nobody knows of the upload yet, so that it goes when its bytes cannot be taken. */
static void start_stream(struct app *a, struct upload *u, bool fresh, struct request *rq, struct response *rs)
{
	struct patch_check check;
	struct patch *p;
	enum err e = ERR_INVALID;

	if (read_checksum(rq->tus.checksum, &check, rs) && (e = patch_begin(a->files, u, &check, &p)) == OK) {
		response_done(rs); /* the headers come with the answer */
		*rs = (struct response){0};
		rq->sink = (struct sink){take, gone, p};
		return;
	}
	if (e == ERR_NOTFOUND)
		refuse(rs, 404, "not_found", "there is no such upload: begin another");
	else if (e == ERR_FULL)
		refuse(rs, 503, "busy", "too many photos at once: try again");
	else if (e != ERR_INVALID)
		refuse(rs, 503, "unavailable", "photos cannot be taken now: try again");
	if (fresh || e == ERR_NOTFOUND)
		files_drop(a->files, u);
}

/* The bytes are in.  NULL: rs says what was wrong with them. */
static struct upload *end_stream(struct request *rq, struct response *rs)
{
	struct patch *p = rq->sink.ctx;
	struct upload *u = patch_upload(p);

	switch (patch_end(p)) {
	case OK:
		return u;
	case ERR_INVALID:
		response_problem(rs, 460, "checksum_mismatch", "the bytes have another checksum: send them again");
		break;
	case ERR_STALE:
		response_problem(rs, 409, "superseded", "another request goes on with this upload, or ended it");
		break;
	case ERR_FULL:
		refuse(rs, 507, "disk_full", "there is no room for photos on the platform's disk");
		break;
	default:
		refuse(rs, 503, "unavailable", "photos cannot be kept now: try again");
	}
	return NULL;
}

/* ------------------------------------------------------------------ creation */

static struct upload *create(struct app *a, const struct request *rq, struct response *rs)
{
	char device[DEVICE_ID_ROOM], text[80];
	struct upload *u = NULL;
	struct files_end end;
	struct meta m;
	int64_t length = number(rq->tus.length);
	enum image_kind kind;

	if (!begin(a, rq, rs, device))
		return NULL;
	(void)snprintf(text, sizeof text, "a photo has at most %lld bytes", (long long)files_max_bytes(a->files)); /* fits */
	if (rq->tus.defer || rq->tus.concat)
		response_problem(rs, 400, "bad_request", "the length must be known, and parts are not joined");
	else if (length <= 0)
		response_problem(rs, 400, "bad_length", "Upload-Length: the bytes of the photo, at least 1");
	else if (length > files_max_bytes(a->files))
		response_problem(rs, 413, "too_large", text);
	else if (!read_meta(rq->tus.metadata, &m, rs))
		return NULL;
	else if ((kind = image_kind_of(m.mime)) == IMAGE_NONE)
		response_problem(rs, 415, "bad_type", "mime: image/jpeg, image/png or image/webp");
	else if (m.bytes >= 0 && m.bytes != length)
		response_problem(rs, 400, "bad_length", "Upload-Length and bytes of the metadata differ");
	else if (files_begin(a->files, &(struct upload_ask){device, m.sha256, kind, length}, clock_wall_ms(), &u, &end) != OK)
		refuse_end(rs, &end);
	return u;
}

void tus_create(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct upload *u;

	if (rq->sink.ctx) { /* its first bytes came with it */
		tus_head_lines(rs);
		u = end_stream(rq, rs);
	} else {
		u = create(a, rq, rs);
	}
	if (u)
		finish_or_answer(a, u, FILES_POST, rq->ticket, rs);
}

/* ------------------------------------------------------------------ one upload */

static struct upload *find(struct app *a, const struct request *rq, struct slice id, struct response *rs)
{
	char device[DEVICE_ID_ROOM];
	struct upload *u;

	if (!begin(a, rq, rs, device))
		return NULL;
	if (!(u = files_find(a->files, id, device)))
		response_problem(rs, 404, "not_found", "there is no such upload: begin another");
	return u;
}

/* May n bytes go on it? */
static bool may_go_on(const struct upload *u, const struct request *rq, size_t n, struct response *rs)
{
	int64_t offset = number(rq->tus.offset);

	if (!is_stream_type(rq->type))
		response_problem(rs, 415, "bad_type", "Content-Type: " STREAM_TYPE);
	else if (offset < 0)
		response_problem(rs, 400, "bad_offset", "Upload-Offset: a number of bytes");
	else if (offset != upload_offset(u))
		response_problem(rs, 409, "wrong_offset", "the upload is at another offset: ask for it");
	else if (n > (size_t)(upload_length(u) - offset))
		response_problem(rs, 413, "too_large", "more bytes than Upload-Length said");
	else
		return true;
	return false;
}

void tus_patch(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct upload *u;

	if (rq->sink.ctx) {
		tus_head_lines(rs);
		u = end_stream(rq, rs);
	} else { /* without bytes */
		u = find(a, rq, rq->param[0], rs);
		u = u && may_go_on(u, rq, 0, rs) ? u : NULL;
	}
	if (u)
		finish_or_answer(a, u, FILES_PATCH, rq->ticket, rs);
}

void tus_head(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct upload *u = find(a, rq, rq->param[0], rs);

	if (!u)
		return;
	files_stop_writer(u); /* a connection that was lost; what it still brings would move the offset */
	finish_or_answer(a, u, FILES_HEAD, rq->ticket, rs);
}

void tus_delete(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct upload *u = find(a, rq, rq->param[0], rs);

	if (!u)
		return;
	if (upload_is_done(u)) {
		response_problem(rs, 409, "is_done", "the photo is stored; it goes when no event names it");
		return;
	}
	files_drop(a->files, u);
	rs->status = 204;
}

void tus_override(void *ctx, struct request *rq, struct response *rs)
{
	if (rq->tus.method && strcmp(rq->tus.method, "PATCH") == 0) {
		tus_patch(ctx, rq, rs);
	} else if (rq->tus.method && strcmp(rq->tus.method, "DELETE") == 0) {
		tus_delete(ctx, rq, rs);
	} else {
		response_header(rs, "allow", "HEAD, PATCH, DELETE");
		response_problem(rs, 405, "bad_method", "X-HTTP-Method-Override: PATCH or DELETE");
	}
}

void tus_options(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;

	(void)rq;
	tus_head_lines(rs);
	response_header(rs, "tus-version", "1.0.0");
	response_header(rs, "tus-extension", "creation,creation-with-upload,checksum,expiration,termination");
	response_header(rs, "tus-checksum-algorithm", "sha256,sha1");
	if (a->files)
		header_number(rs, "tus-max-size", files_max_bytes(a->files));
	rs->status = 204;
}

void tus_body(struct app *a, struct request *rq, struct response *rs, size_t n)
{
	size_t at = strlen(UPLOADS);
	struct upload *u = NULL;

	if (rq->method == HTTP_POST && strcmp(rq->path, CREATION) == 0) {
		int64_t length = number(rq->tus.length);

		if (!is_stream_type(rq->type))
			response_problem(rs, 415, "bad_type", "Content-Type: " STREAM_TYPE ", or no body");
		else if (length >= 0 && n > (size_t)length)
			response_problem(rs, 413, "too_large", "more bytes than Upload-Length says");
		else
			u = create(a, rq, rs);
	} else if (strncmp(rq->path, UPLOADS, at) == 0 &&
		(rq->method == HTTP_PATCH || (rq->method == HTTP_POST && rq->tus.method && strcmp(rq->tus.method, "PATCH") == 0))) {
		if (strchr(rq->path + at, '/'))
			return; /* no such path */
		u = find(a, rq, slice_of(rq->path + at), rs);
		if (u && !may_go_on(u, rq, n, rs))
			u = NULL;
	}
	if (u)
		start_stream(a, u, strcmp(rq->path, CREATION) == 0, rq, rs);
}
