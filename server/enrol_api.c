#include "server/enrol_api.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "schema/enrol.h"
#include "server/access.h"

#define LOCK_NAME "enrol:" /* no account: a colon is in none */
#define DEVICE_MAX 40
#define MEMBER_MAX 64

static void hand_on(struct app *a, struct request *rq, struct response *rs, const char *members)
{
	enum err e = errands_add(a->errands, members, (struct slice){0}, rq->ticket, clock_mono_ms());

	if (e == OK) {
		rs->later = true;
		return;
	}
	response_retry(rs, e == ERR_FULL ? 1 : 5);
	response_problem(rs, 503, e == ERR_FULL ? "busy" : "ingest_away", "nothing was done: try again later");
}

/* The body as an object of texts; NULL: rs says what is wrong. */
static json_t *body_of(const struct request *rq, struct response *rs, const char *want)
{
	json_t *j;

	if (!access_is_json(rq->type)) {
		response_problem(rs, 415, "bad_type", "Content-Type: application/json");
		return NULL;
	}
	j = json_loadb(rq->body.p ? rq->body.p : "", rq->body.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(j)) {
		response_problem(rs, 400, "bad_json", want);
		json_decref(j);
		return NULL;
	}
	return j;
}

/* ------------------------------------------------------------------ making one */

/* An optional text member, handed on as it is.  False: it is none. */
static bool hand_member(const json_t *j, const char *key, struct buf *b)
{
	const json_t *v = json_object_get(j, key);
	const char *text = json_string_value(v);

	if (!v || json_is_null(v))
		return true;
	if (!text || !*text || strlen(text) > MEMBER_MAX)
		return false;
	buf_json_key(b, key);
	buf_json_str(b, text);
	return true;
}

void enrol_post_code(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_writer(a, rq, rs);
	json_t *j = s ? body_of(rq, rs, "{\"person\":\"...\",\"district\":\"...\"}, both optional") : NULL;
	struct buf b = {0};

	if (!j)
		return;
	buf_adds(&b, "\"op\":\"device.code\",\"user\":");
	buf_json_str(&b, s->user.name);
	buf_adds(&b, ",\"device\":");
	buf_json(&b, rq->param[0].p, rq->param[0].n);
	buf_addf(&b, ",\"hours\":%lld", (long long)a->enrol_hours);
	if (rq->param[0].n > DEVICE_MAX || !hand_member(j, "person", &b) || !hand_member(j, "district", &b))
		response_problem(rs, 422, "bad_request", "device: at most 32 of a-z 0-9 -; person, district: texts of at most 64 bytes");
	else
		hand_on(a, rq, rs, b.p);
	buf_done(&b);
	json_decref(j);
}

/* ------------------------------------------------------------------ using it */

/* A guess is counted, and after too many the address waits; a code that was good once is no guess.  A good one opens
 * all the same, so that nobody can keep the phones of an office's one address out. */
static void wrong(struct app *a, const struct request *rq, struct response *rs, int status, const char *code, const char *detail)
{
	int wait = status == 404 ? lock_wait(a->sessions, LOCK_NAME, rq->peer, clock_wall_ms()) : 0;

	a->enrol_refused++;
	access_no_store(rs);
	if (wait > 0) {
		response_retry(rs, wait);
		response_problem(rs, 429, "too_many_attempts", "too many wrong codes: wait");
		return;
	}
	if (status == 404)
		lock_keep(a->sessions, LOCK_NAME, rq->peer);
	response_problem(rs, status, code, detail);
}

void enrol_post(void *ctx, struct request *rq, struct response *rs)
{
	const char *token, *code = "", *detail = "";
	struct app *a = ctx;
	struct buf b = {0};
	int status = 0;
	enum err e;
	json_t *j;

	if (!access_origin(rq, rs) || !(j = body_of(rq, rs, "{\"token\":\"...\"}")))
		return;
	token = json_string_value(json_object_get(j, "token"));
	if (!token || !*token || strlen(token) > ENROL_TOKEN_MAX) {
		wrong(a, rq, rs, 404, "unknown_code", "there is no such code");
		json_decref(j);
		return;
	}
	e = a->st ? enrol_look(a->st, clock_wall_ms(), token, &status, &code, &detail) : ERR_CLOSED;
	if (e != OK) {
		response_retry(rs, 5);
		response_problem(rs, 503, "unavailable", "the records cannot be read now: try again");
	} else if (status != 200) {
		wrong(a, rq, rs, status, code, detail);
	} else {
		buf_adds(&b, "\"op\":\"device.redeem\",\"token\":");
		buf_json_str(&b, token);
		hand_on(a, rq, rs, b.p);
		explicit_bzero(b.p, b.n);
		buf_done(&b);
	}
	json_decref(j);
}
