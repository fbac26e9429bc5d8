#include "server/sync_api.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "schema/live.h"
#include "schema/sync.h"
#include "server/access.h"
#include "server/device_access.h"
#include "server/query.h"

#define GZIP_FROM 1000 /* bytes; less is not worth it */

/* The body, packed when the phone takes it: signal in a gorge is dear. */
static void pack(const struct request *rq, struct response *rs)
{
	z_stream z = {0};
	struct buf out = {0};
	uLong bound;

	response_header(rs, "vary", "accept-encoding, authorization");
	if (rs->body.n < GZIP_FROM || !http_accepts(rq->accept_encoding, "gzip"))
		return;
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	bound = deflateBound(&z, rs->body.n);
	buf_reserve(&out, bound);
	z.next_in = (Bytef *)rs->body.p;
	z.avail_in = (uInt)rs->body.n;
	z.next_out = (Bytef *)out.p;
	z.avail_out = (uInt)bound;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
		out.n = z.total_out;
		buf_done(&rs->body);
		rs->body = out;
		response_header(rs, "content-encoding", "gzip");
	} else {
		buf_done(&out);
	}
	deflateEnd(&z);
}

/* The ETag names what the phone knows then: `time` and `commit` may be others in the same state. */
static void answer(const struct request *rq, struct response *rs, struct buf *body, const char *state)
{
	char etag[SYNC_STATE + 2];

	(void)snprintf(etag, sizeof etag, "\"%s\"", state); /* fits */
	rs->terse = true;
	response_header(rs, "etag", etag);
	response_header(rs, "cache-control", "private, no-cache");
	if (rq->if_none_match && http_etag_listed(rq->if_none_match, etag)) {
		rs->status = 304;
		buf_done(body);
		return;
	}
	rs->status = 200;
	rs->type = "application/json";
	rs->body = *body;
	*body = (struct buf){0};
	pack(rq, rs);
}

static bool has_photo(void *ctx, const char *sha256, const char *device)
{
	return files_has(ctx, sha256, device);
}

void sync_get(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"cursor", NULL};
	struct app *a = ctx;
	char id[DEVICE_ID_ROOM];
	struct sync_photos photos;
	struct query q = {0};
	struct why why = {""};
	struct buf body = {0};
	char state[SYNC_STATE] = "";
	const char *stranger;
	enum err e;

	if (!device_access(a, rq, rs, id))
		return;
	if (query_read(&q, rq->query, &why) != OK || (stranger = query_stranger(&q, names))) {
		response_problem(rs, 400, "bad_parameter", why.text[0] ? why.text : "there is only the parameter cursor");
		query_done(&q);
		return;
	}
	if (a->files)
		photos = (struct sync_photos){files_max_bytes(a->files), has_photo, a->files};
	if ((e = live_begin(a->st)) == OK) {
		e = sync_read(a->st, id, query_get(&q, "cursor"), clock_wall_ms(), a->files ? &photos : NULL, &body, state);
		live_end(a->st);
	}
	query_done(&q);
	if (e == OK) {
		answer(rq, rs, &body, state);
	} else if (e == ERR_STALE) {
		response_problem(rs, 410, "cursor_gone", "the cursor is of another database or device: ask without one");
	} else {
		response_retry(rs, 5);
		response_problem(rs, 503, "unavailable", "the records cannot be read now: try again");
	}
	buf_done(&body);
}

/* ------------------------------------------------------------------ events */

void sync_post_events(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	char id[DEVICE_ID_ROOM], district[8];
	struct buf b = {0};
	enum err e;

	if (!device_access(a, rq, rs, id))
		return;
	if (!access_is_json(rq->type)) {
		response_problem(rs, 415, "bad_type", "Content-Type: application/json");
		return;
	}
	if (!rq->body.n) {
		response_problem(rs, 400, "bad_json", "want an event, an array of at most 200, or a hello");
		return;
	}
	if ((e = sync_district(a->st, id, district)) == OK) {
		buf_adds(&b, "\"op\":\"events\",\"device\":");
		buf_json_str(&b, id);
		buf_adds(&b, ",\"district\":");
		buf_json_str(&b, district);
		e = errands_add(a->errands, b.p, rq->body, rq->ticket, clock_mono_ms());
		buf_done(&b);
	}
	if (e == OK) {
		rs->later = true;
		return;
	}
	response_retry(rs, e == ERR_FULL ? 1 : 5);
	response_problem(rs, 503, e == ERR_FULL ? "busy" : "ingest_away", "nothing was taken: send it again");
}

void sync_events_answer(const json_t *line, struct response *rs)
{
	json_t *acks = json_object_get(line, "acks");
	json_t *all = json_array_size(acks) == 1 ? json_copy(json_array_get(acks, 0)) : json_object();
	char *text;

	(void)json_object_set(all, "acks", acks); /* no memory: the dump fails as well */
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	if (!text)
		die("sync_api: out of memory");
	access_no_store(rs);
	rs->status = 200;
	rs->type = "application/json";
	buf_adds(&rs->body, text);
	free(text);
}
