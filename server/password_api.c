#include "server/password_api.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/access.h"

#define PASSWORD_OLD_MAX 256 /* as at sign-in */
#define PASSWORD_NEW_MAX 512 /* longer ones than account.h takes, so that it says what is wrong */

struct change {
	struct job job;
	uint64_t ticket;
	struct session *s; /* held */
	char peer[64], old[PASSWORD_OLD_MAX + 1], new[PASSWORD_NEW_MAX + 1];
	char hash[ACCOUNT_HASH], next[ACCOUNT_HASH];
	bool right;
	enum err e;
	struct why why;
};

static void release(struct change *c)
{
	session_let_go(c->s);
	sodium_memzero(c, sizeof *c);
	free(c);
}

/* ------------------------------------------------------------------ on a helper thread */

static void reckon(struct job *j)
{
	struct change *c = (struct change *)j;

	c->right = account_password_is(c->hash, c->old);
	if (c->right)
		c->e = account_password_hash(c->new, c->next, &c->why);
	sodium_memzero(c->old, sizeof c->old);
	sodium_memzero(c->new, sizeof c->new);
}

/* ------------------------------------------------------------------ back in the loop */

static void wrong(struct app *a, const struct change *c, struct response *rs)
{
	a->signins_refused++;
	lock_keep(a->sessions, c->s->user.name, c->peer);
	access_no_store(rs);
	response_problem(rs, 403, "wrong_password", "old: it is not your password");
}

/* False: rs says why not. */
static bool hand_on(struct app *a, struct change *c, struct response *rs)
{
	struct buf b = {0};
	enum err e;

	session_expect(c->s, c->next);
	buf_adds(&b, "\"op\":\"user.password\",\"user\":");
	buf_json_str(&b, c->s->user.name);
	buf_adds(&b, ",\"old\":");
	buf_json_str(&b, c->hash);
	buf_adds(&b, ",\"hash\":");
	buf_json_str(&b, c->next);
	e = errands_add(a->errands, b.p, (struct slice){0}, c->ticket, clock_mono_ms());
	sodium_memzero(b.p, b.n);
	buf_done(&b);
	if (e == OK)
		return true;
	response_retry(rs, e == ERR_FULL ? 1 : 5);
	response_problem(rs, 503, e == ERR_FULL ? "busy" : "ingest_away", "nothing was changed: try again later");
	return false;
}

static void done(struct job *j, void *ctx)
{
	struct change *c = (struct change *)j;
	struct response rs = {0};
	struct app *a = ctx;

	if (j->ran && a->wire) {
		bool handed = false;

		if (c->right)
			lock_clear(a->sessions, c->s->user.name, c->peer);
		if (!c->right) {
			wrong(a, c, &rs);
		} else if (c->s->dead) {
			access_unauthorized(&rs);
		} else if (c->e != OK) {
			response_retry(&rs, 5);
			response_problem(&rs, 503, "unavailable", c->why.text);
		} else {
			handed = hand_on(a, c, &rs);
		}
		if (!handed)
			wire_answer(a->wire, c->ticket, &rs);
	}
	release(c);
}

/* ------------------------------------------------------------------ the question */

static void bad(struct response *rs, const char *detail)
{
	response_problem(rs, 422, "bad_password", detail);
}

/* Texts of the body into c; false: rs says what is wrong. */
static bool read_body(const struct request *rq, struct change *c, struct response *rs)
{
	json_t *j = json_loadb(rq->body.p ? rq->body.p : "", rq->body.n, JSON_REJECT_DUPLICATES, NULL);
	const char *old = json_string_value(json_object_get(j, "old")), *new = json_string_value(json_object_get(j, "new"));
	struct why why = {""};
	bool good = false;

	if (!old || !new || json_object_size(j) != 2)
		response_problem(rs, 400, "bad_json", "want {\"old\":\"...\",\"new\":\"...\"}");
	else if (account_password_check(new, &why) != OK || strlen(new) > PASSWORD_NEW_MAX)
		bad(rs, why.text);
	else if (strcmp(old, new) == 0)
		bad(rs, "password: the new one is the old one");
	else
		good = true;
	if (good) {
		/* A longer one than sign-in takes is cut, and wrong. */
		(void)snprintf(c->old, sizeof c->old, "%s", old);
		(void)snprintf(c->new, sizeof c->new, "%s", new); /* fits */
	}
	json_decref(j);
	return good;
}

void password_post(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_writer(a, rq, rs);
	struct account_user u = {0};
	struct change *c;
	int wait = 0;
	enum err e;

	if (!s)
		return;
	if (!access_is_json(rq->type)) {
		response_problem(rs, 415, "bad_type", "Content-Type: application/json");
		return;
	}
	c = xcalloc(1, sizeof *c);
	session_hold(c->s = s);
	if (!read_body(rq, c, rs)) {
		release(c);
		return;
	}
	if ((wait = lock_wait(a->sessions, s->user.name, rq->peer, clock_wall_ms()))) {
		a->signins_refused++;
		response_retry(rs, wait);
		response_problem(rs, 429, "locked", "too many wrong passwords: wait");
		release(c);
		return;
	}
	c->job.run = reckon;
	c->job.done = done;
	c->ticket = rq->ticket;
	(void)snprintf(c->peer, sizeof c->peer, "%s", rq->peer); /* fits: as at sign-in */
	e = a->st ? account_user_get(a->st, s->user.name, &u) : ERR_CLOSED;
	memcpy(c->hash, u.hash, sizeof c->hash);
	sodium_memzero(u.hash, sizeof u.hash);
	if (e == OK && worker_add(a->worker, &c->job)) {
		rs->later = true;
		return;
	}
	a->signins_busy++;
	lock_undo(a->sessions, s->user.name, rq->peer);
	release(c);
	response_retry(rs, 2);
	response_problem(rs, 503, e == OK ? "busy" : "unavailable", "nothing was changed: try again");
}
