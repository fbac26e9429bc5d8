#include "server/acts_api.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/civil.h"
#include "schema/acts.h"
#include "server/access.h"
#include "server/sync_api.h"

#define CASE_ID_MAX 36 /* bytes, as core/event.h, whose JSON and jansson do not go together */
#define ALERT_ID_MAX 500
#define CODE_MAX 64

/* ------------------------------------------------------------------ what was asked */

/* A strong entity tag of ours: "123".  A weak one never matches (RFC 9110, 13.1.1). */
static bool if_match(const struct request *rq, struct response *rs, int64_t *out)
{
	const char *p = rq->if_match;
	int64_t n = 0;

	if (!p) {
		response_problem(rs, 428, "if_match_required", "If-Match: the ETag of the case that the act is meant for");
		return false;
	}
	if (p[0] == 'W' && p[1] == '/') {
		response_problem(rs, 412, "stale", "If-Match: a weak tag matches nothing");
		return false;
	}
	if (*p++ == '"' && *p >= '1' && *p <= '9' && strlen(p) <= 19) {
		while (*p >= '0' && *p <= '9')
			n = n * 10 + (*p++ - '0');
		if (p[0] == '"' && !p[1]) {
			*out = n;
			return true;
		}
	}
	response_problem(rs, 400, "bad_if_match", "If-Match: want one ETag of the case, as \"123\"");
	return false;
}

/* 1..64 visible ASCII characters. */
static bool has_key(const struct request *rq, struct response *rs)
{
	const char *p = rq->idempotency_key;
	size_t n = p ? strlen(p) : 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			n = 0;
	if (n >= 1 && n <= ACTS_KEY_MAX)
		return true;
	response_problem(rs, 400, "bad_key", "Idempotency-Key: want 1 to 64 visible ASCII characters, new for each act");
	return false;
}

static bool has_json(const struct request *rq, struct response *rs)
{
	if (access_is_json(rq->type))
		return true;
	response_problem(rs, 415, "bad_type", "Content-Type: application/json");
	return false;
}

static void bad_member(struct response *rs, const char *name, const char *what)
{
	char *detail = xasprintf("/%.64s: %s", name, what);

	response_problem(rs, 422, "bad_action", detail);
	free(detail);
}

/* The body as ingest takes it: `until` in ms, members in one order (the same question, the same bytes), none null. */
static char *action_of(const struct request *rq, struct response *rs)
{
	json_t *j = json_loadb(rq->body.p ? rq->body.p : "", rq->body.n, JSON_REJECT_DUPLICATES, NULL), *v;
	const char *key, *until;
	char *text = NULL;
	int64_t ms;
	void *next;

	if (!json_is_object(j)) {
		response_problem(rs, 400, "bad_json", "want {\"action\":...}, no member twice");
		json_decref(j);
		return NULL;
	}
	json_object_foreach_safe(j, next, key, v)
		if (json_is_null(v))
			(void)json_object_del(j, key); /* it is there */
	if ((v = json_object_get(j, "until"))) {
		until = json_string_value(v);
		if (!until || !strchr(until, 'T') || !civil_parse_instant(until, strlen(until), &ms)) {
			bad_member(rs, "until", "want an instant, as 2026-11-30T18:00:00+08:00");
			json_decref(j);
			return NULL;
		}
		(void)json_object_set_new(j, "until", json_integer(ms)); /* no memory: it stays a text, and ingest refuses it */
	}
	text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(j);
	if (!text)
		die("acts_api: out of memory");
	return text;
}

/* ------------------------------------------------------------------ handing on */

static void hand_on(struct app *a, struct request *rq, struct response *rs, const char *members, struct slice payload)
{
	enum err e = errands_add(a->errands, members, payload, rq->ticket, clock_mono_ms());

	if (e == OK) {
		rs->later = true;
		return;
	}
	response_retry(rs, e == ERR_FULL ? 1 : 5);
	if (e == ERR_FULL)
		response_problem(rs, 503, "busy", "too many acts at once: nothing was done, try again");
	else
		response_problem(rs, 503, "ingest_away", "ingest is away: nothing was done, try again later");
}

void acts_post_action(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_writer(a, rq, rs);
	struct buf b = {0};
	int64_t expect;
	char *action;

	if (!s || !has_json(rq, rs) || !if_match(rq, rs, &expect) || !has_key(rq, rs))
		return;
	if (rq->param[0].n > CASE_ID_MAX) {
		response_problem(rs, 404, "not_found", "no such case");
		return;
	}
	if (!(action = action_of(rq, rs)))
		return;
	buf_adds(&b, "\"op\":\"act\",\"user\":");
	buf_json_str(&b, s->user.name);
	buf_adds(&b, ",\"case\":");
	buf_json(&b, rq->param[0].p, rq->param[0].n);
	buf_adds(&b, ",\"key\":");
	buf_json_str(&b, rq->idempotency_key);
	buf_addf(&b, ",\"expect\":%lld", (long long)expect);
	hand_on(a, rq, rs, b.p, slice_of(action));
	buf_done(&b);
	free(action);
}

/* An acknowledgement is idempotent by nature: no version, no key. */
void acts_post_ack(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_writer(a, rq, rs);
	struct buf b = {0};

	if (!s)
		return;
	if (rq->param[0].n > ALERT_ID_MAX) {
		response_problem(rs, 404, "not_found", "no such alert, or it is over");
		return;
	}
	buf_adds(&b, "\"op\":\"alert.ack\",\"user\":");
	buf_json_str(&b, s->user.name);
	buf_adds(&b, ",\"alert\":");
	buf_json(&b, rq->param[0].p, rq->param[0].n);
	hand_on(a, rq, rs, b.p, (struct slice){0});
	buf_done(&b);
}

/* A text of the body, handed on as it is. */
static bool hand_text(const json_t *j, const char *key, bool wanted, struct buf *b)
{
	const json_t *v = json_object_get(j, key);
	const char *text = json_string_value(v);

	if (!v && !wanted)
		return true;
	if (!text || strlen(text) > CODE_MAX || (wanted && !*text))
		return false;
	buf_json_key(b, key);
	buf_json_str(b, text);
	return true;
}

/* A second one within ten minutes is refused: no key. */
void acts_post_reminder(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_writer(a, rq, rs);
	struct buf b = {0};
	json_t *j;

	if (!s || !has_json(rq, rs))
		return;
	j = json_loadb(rq->body.p ? rq->body.p : "", rq->body.n, JSON_REJECT_DUPLICATES, NULL);
	buf_adds(&b, "\"op\":\"remind\",\"user\":");
	buf_json_str(&b, s->user.name);
	if (!json_is_object(j) || !hand_text(j, "person", true, &b) || !hand_text(j, "rule", true, &b) || !hand_text(j, "target", false, &b))
		response_problem(rs, 422, "bad_reminder", "want {\"person\",\"rule\",\"target\"} of an overdue duty; target may be left out: any");
	else
		hand_on(a, rq, rs, b.p, (struct slice){0});
	buf_done(&b);
	json_decref(j);
}

/* ------------------------------------------------------------------ its answer */

/* Ingest tried and could not, or could not tell. */
static void failed(const json_t *error, struct response *rs)
{
	const char *code = json_string_value(json_object_get(error, "code"));
	bool nothing = code && (strcmp(code, "full") == 0 || strcmp(code, "busy") == 0);

	if (code && strcmp(code, "invalid") == 0) { /* a form that the server let through */
		response_problem(rs, 400, "bad_request", json_string_value(json_object_get(error, "detail")));
		return;
	}
	response_retry(rs, 5);
	if (nothing)
		response_problem(rs, 503, "unavailable", "nothing was done: try again later");
	else
		response_problem(rs, 503, "outcome_unknown", "nobody knows whether it was done: ask again with the same Idempotency-Key");
}

static void etag_of(const json_t *answer, struct response *rs)
{
	const char *etag = json_string_value(json_object_get(answer, "etag"));

	if (etag)
		buf_addf(&rs->head, "etag: \"%s\"\r\n", etag); /* digits: ingest's own */
}

static void answered(const json_t *answer, int status, struct response *rs)
{
	const char *code = json_string_value(json_object_get(answer, "code"));
	const char *detail = json_string_value(json_object_get(answer, "detail"));
	char *text;

	access_no_store(rs);
	etag_of(answer, rs);
	if (status != 200) {
		response_problem(rs, status, code ? code : "refused", detail);
		return;
	}
	text = json_dumps(answer, JSON_COMPACT);
	if (!text)
		die("acts_api: out of memory");
	rs->status = 200;
	rs->type = "application/json";
	buf_adds(&rs->body, text);
	free(text);
}

void acts_answer(void *ctx, uint64_t ticket, const json_t *line)
{
	struct app *a = ctx;
	struct response rs = {0};
	const json_t *answer = json_object_get(line, "answer");
	json_int_t status = json_integer_value(json_object_get(line, "status"));

	if (json_is_array(json_object_get(line, "acks"))) {
		sync_events_answer(line, &rs);
	} else if (json_is_object(answer) && (status == 200 || (status >= 400 && status < 500))) {
		if (status == 200 && json_object_get(answer, "user"))
			app_refresh(a); /* an account has changed: what it ends has ended when this is told */
		answered(answer, (int)status, &rs);
	} else {
		failed(json_object_get(line, "error"), &rs);
	}
	wire_answer(a->wire, ticket, &rs);
}
