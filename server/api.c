#include "server/app.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "server/access.h"
#include "server/acts_api.h"
#include "server/enrol_api.h"
#include "server/exports_api.h"
#include "server/live_api.h"
#include "server/password_api.h"
#include "server/photo_api.h"
#include "server/read.h"
#include "server/router.h"
#include "server/sync_api.h"
#include "server/tus_api.h"

/* What an unknown user's password is held against: a hash of the same cost that nothing opens. */
#define DUMMY_HASH "$argon2id$v=19$m=65536,t=2,p=1$c29tZSBwbGFpbiBzYWx0IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void set_cookie(const struct app *a, struct response *rs, const char *token)
{
	buf_addf(&rs->head, "set-cookie: %s=%s; Path=/; HttpOnly; SameSite=Strict%s%s\r\n", access_cookie(a), token,
		a->tls ? "; Secure" : "", *token ? "" : "; Max-Age=0");
}

static void me_json(const struct app *a, const struct session *s, struct buf *b)
{
	buf_adds(b, "{\"user\":");
	buf_json_str(b, s->user.name);
	buf_adds(b, ",\"person\":");
	buf_json_str(b, s->user.person);
	buf_adds(b, ",\"roles\":[");
	buf_json_str(b, s->user.role);
	buf_adds(b, "],\"scope\":");
	buf_json_str(b, s->user.scope);
	buf_adds(b, ",\"csrf\":");
	buf_json_str(b, s->csrf);
	if (a->url) {
		buf_adds(b, ",\"url\":");
		buf_json_str(b, a->url);
	}
	if (a->tiles) {
		buf_adds(b, ",\"tiles\":");
		buf_json_str(b, a->tiles);
	}
	if (a->tiles && a->tiles_credit) {
		buf_adds(b, ",\"tiles_credit\":");
		buf_json_str(b, a->tiles_credit);
	}
	buf_addf(b, ",\"demo\":%s}", a->demo ? "true" : "false");
}

/* ------------------------------------------------------------------ sign-in */

struct signin {
	struct job job;
	uint64_t ticket;
	char user[65], peer[64], password[257];
	char hash[ACCOUNT_HASH];
	uint8_t old[64]; /* token that the browser had, NUL-terminated */
	bool known, right;
};

static void signin_run(struct job *j)
{
	struct signin *s = (struct signin *)j;

	s->right = account_password_is(s->hash, s->password) && s->known;
	sodium_memzero(s->password, sizeof s->password);
}

static void signin_welcome(struct app *a, struct signin *s, struct response *rs)
{
	char token[SECRET_TOKEN];
	struct session *old, *now;
	struct account_user u;
	enum err e = a->st ? account_user_get(a->st, s->user, &u) : ERR_CLOSED;

	if (e == OK && (u.disabled || strcmp(u.hash, s->hash) != 0))
		e = ERR_DENIED; /* changed while we reckoned */
	if (e == OK)
		e = session_new(a->sessions, &u, clock_wall_ms(), token, &now);
	sodium_memzero(u.hash, sizeof u.hash);
	if (e == ERR_DENIED || e == ERR_NOTFOUND) {
		response_problem(rs, 401, "bad_credentials", "user or password is wrong");
		return;
	}
	if (e != OK) {
		response_retry(rs, 5);
		response_problem(rs, 503, "unavailable", "sign-in is not possible now: try again");
		return;
	}
	if ((old = session_find(a->sessions, slice_of((char *)s->old), clock_wall_ms()))) {
		session_end(a->sessions, old);
		watchers_rights(&a->watchers, clock_mono_ms());
	}
	a->signins++;
	access_json(rs);
	set_cookie(a, rs, token);
	me_json(a, now, &rs->body);
	sodium_memzero(token, sizeof token);
}

static void signin_done(struct job *j, void *ctx)
{
	struct signin *s = (struct signin *)j;
	struct response rs = {0};
	struct app *a = ctx;

	if (j->ran && a->wire) {
		if (s->right) {
			lock_clear(a->sessions, s->user, s->peer);
			signin_welcome(a, s, &rs);
		} else {
			a->signins_refused++;
			lock_keep(a->sessions, s->user, s->peer);
			access_no_store(&rs);
			response_header(&rs, "www-authenticate", "Xunge-Session");
			response_problem(&rs, 401, "bad_credentials", "user or password is wrong");
		}
		wire_answer(a->wire, s->ticket, &rs);
	}
	sodium_memzero(s, sizeof *s);
	free(s);
}

/* The account's hash, or one that costs the same. */
static enum err signin_hash(struct app *a, struct signin *s)
{
	struct account_user u;
	enum err e = a->st ? account_user_get(a->st, s->user, &u) : ERR_CLOSED;

	if (e != OK && e != ERR_NOTFOUND)
		return e;
	s->known = e == OK && !u.disabled;
	(void)snprintf(s->hash, sizeof s->hash, "%s", s->known ? u.hash : DUMMY_HASH); /* fits */
	return OK;
}

static void post_session(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	json_t *j;
	const char *user, *password;
	struct signin *s;
	struct slice old;
	int wait;

	if (!access_origin(rq, rs))
		return;
	if (!access_is_json(rq->type)) {
		response_problem(rs, 415, "bad_type", "Content-Type: application/json");
		return;
	}
	j = json_loadb(rq->body.p ? rq->body.p : "", rq->body.n, JSON_REJECT_DUPLICATES, NULL);
	user = json_string_value(json_object_get(j, "user"));
	password = json_string_value(json_object_get(j, "password"));
	if (!user || !password || !*user || strlen(user) > 64 || strlen(password) > 256) {
		response_problem(rs, 400, "bad_request", "{\"user\":\"...\",\"password\":\"...\"}");
		json_decref(j);
		return;
	}
	if ((wait = lock_wait(a->sessions, user, rq->peer, clock_wall_ms()))) {
		a->signins_refused++;
		response_retry(rs, wait);
		response_problem(rs, 429, "locked", "too many wrong passwords: wait");
		json_decref(j);
		return;
	}
	s = xcalloc(1, sizeof *s);
	s->job.run = signin_run;
	s->job.done = signin_done;
	s->ticket = rq->ticket;
	(void)snprintf(s->user, sizeof s->user, "%s", user); /* lengths were checked */
	(void)snprintf(s->password, sizeof s->password, "%s", password);
	(void)snprintf(s->peer, sizeof s->peer, "%s", rq->peer);
	old = http_cookie(rq->cookie, access_cookie(a));
	if (old.p && old.n < sizeof s->old)
		memcpy(s->old, old.p, old.n);
	json_decref(j);
	if (signin_hash(a, s) == OK && worker_add(a->worker, &s->job)) {
		rs->later = true;
		return;
	}
	a->signins_busy++;
	lock_undo(a->sessions, s->user, s->peer);
	sodium_memzero(s, sizeof *s);
	free(s);
	response_retry(rs, 2);
	response_problem(rs, 503, "busy", "too many sign-ins at once: try again");
}

static void delete_session(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_writer(a, rq, rs);

	if (!s)
		return;
	session_end(a->sessions, s);
	watchers_rights(&a->watchers, clock_mono_ms());
	rs->status = 204;
	access_no_store(rs);
	set_cookie(a, rs, "");
}

static void get_me(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_session(a, rq);

	if (!s) {
		access_unauthorized(rs);
		return;
	}
	access_json(rs);
	me_json(a, s, &rs->body);
}

/* ------------------------------------------------------------------ live stream */

static void get_live(void *ctx, struct request *rq, struct response *rs)
{
	(void)ctx;
	(void)rq;
	response_header(rs, "upgrade", "websocket");
	response_problem(rs, 426, "upgrade_required", "open it as a WebSocket with subprotocol " WATCHER_PROTOCOL);
}

struct session *api_upgrade(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s;

	if (rq->method != HTTP_GET || strcmp(rq->path, "/api/v1/live") != 0) {
		response_problem(rs, 404, "not_found", "the live stream is at /api/v1/live");
		return NULL;
	}
	if (!http_listed(rq->protocols, WATCHER_PROTOCOL)) {
		response_problem(rs, 400, "bad_subprotocol", "Sec-WebSocket-Protocol: " WATCHER_PROTOCOL);
		return NULL;
	}
	if (!http_same_origin(rq->origin, rq->host, rq->tls)) {
		response_problem(rs, 403, "foreign_origin", "the stream is for pages of this site");
		return NULL;
	}
	if (!(s = access_session(a, rq)))
		access_unauthorized(rs);
	return s;
}

/* Phones that are no browser send no Origin. */
bool api_passage(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;

	if (rq->method != HTTP_GET || !http_listed(rq->protocols, PASSAGE_PROTOCOL))
		response_problem(rs, 400, "bad_subprotocol", "Sec-WebSocket-Protocol: " PASSAGE_PROTOCOL);
	else if (rq->origin && !http_same_origin(rq->origin, rq->host, rq->tls))
		response_problem(rs, 403, "foreign_origin", "the passage is for pages of this site");
	else if (passages_room(&a->passages))
		return true;
	else {
		response_retry(rs, 10);
		response_problem(rs, 503, "busy", "too many phones at once: try again");
	}
	return false;
}

/* ------------------------------------------------------------------ operations */

static void get_livez(void *ctx, struct request *rq, struct response *rs)
{
	(void)ctx;
	(void)rq;
	access_json(rs);
	buf_adds(&rs->body, "{\"alive\":true}");
}

static void get_readyz(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	bool ingest = bell_is_up(a->bell), broker = ingest && app_broker_answers(a);
	bool ready = a->st && ingest && broker;
	const struct head *h = &a->model.head;

	(void)rq;
	access_json(rs);
	if (!ready)
		rs->status = 503;
	buf_addf(&rs->body, "{\"ready\":%s,\"database\":%s,\"ingest\":%s,\"broker\":%s,\"commit\":%lld,\"head_age_ms\":",
		ready ? "true" : "false", a->st ? "true" : "false", ingest ? "true" : "false",
		broker ? "true" : "false", (long long)h->commit);
	if (h->time_ms)
		buf_int(&rs->body, clock_wall_ms() - h->time_ms);
	else
		buf_adds(&rs->body, "null");
	buf_addc(&rs->body, '}');
}

static void get_version(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;

	(void)rq;
	access_json(rs);
	buf_addf(&rs->body, "{\"version\":\"%s\",\"schema\":%d,\"db\":", XUNGE_VERSION, store_version());
	buf_json_str(&rs->body, a->model.head.db[0] ? a->model.head.db : NULL);
	buf_adds(&rs->body, ",\"pages\":");
	buf_json_str(&rs->body, pages_hash(a->pages));
	buf_addc(&rs->body, '}');
}

static void get_metrics(void *ctx, struct request *rq, struct response *rs)
{
	static const char bearer[] = "Bearer ";
	struct app *a = ctx;
	const char *given = rq->authorization;
	bool allowed = rq->local;

	if (!allowed && a->metrics_token && given && strncasecmp(given, bearer, strlen(bearer)) == 0) {
		given += strlen(bearer);
		allowed = strlen(given) == strlen(a->metrics_token) &&
			sodium_memcmp(given, a->metrics_token, strlen(given)) == 0;
	}
	if (!allowed) {
		response_problem(rs, 403, "forbidden", "from this machine, or with the token of [server] metrics_token_file");
		return;
	}
	rs->status = 200;
	rs->type = "text/plain; version=0.0.4; charset=utf-8";
	access_no_store(rs);
	metrics_text(a, &rs->body);
}

/* ------------------------------------------------------------------ the table */

static const struct route routes[] = {
	{HTTP_GET, "/livez", get_livez},
	{HTTP_GET, "/readyz", get_readyz},
	{HTTP_GET, "/metrics", get_metrics},
	{HTTP_GET, "/version", get_version},
	{HTTP_POST, "/api/v1/session", post_session},
	{HTTP_DELETE, "/api/v1/session", delete_session},
	{HTTP_GET, "/api/v1/me", get_me},
	{HTTP_POST, "/api/v1/me/password", password_post},
	{HTTP_GET, "/api/v1/live", get_live},
	{HTTP_GET, "/api/v1/live/snapshot", live_get_snapshot},
	{HTTP_GET, "/api/v1/cases", read_cases},
	{HTTP_GET, "/api/v1/cases/{}", read_case},
	{HTTP_GET, "/api/v1/patrols", read_patrols},
	{HTTP_GET, "/api/v1/patrols/{}", read_patrol},
	{HTTP_GET, "/api/v1/held", read_held},
	{HTTP_GET, "/api/v1/alerts", read_alerts},
	{HTTP_GET, "/api/v1/events", read_events},
	{HTTP_GET, "/api/v1/patrols/{}/track.geojson", read_track},
	{HTTP_GET, "/api/v1/people", read_people},
	{HTTP_GET, "/api/v1/reaches", read_reaches},
	{HTTP_GET, "/api/v1/duty", read_duty},
	{HTTP_GET, "/api/v1/overdue", read_overdue},
	{HTTP_GET, "/api/v1/owed", read_owed},
	{HTTP_GET, "/api/v1/figures", read_figures},
	{HTTP_GET, "/api/v1/series", read_series},
	{HTTP_GET, "/api/v1/exports/{}", exports_get},
	{HTTP_GET, "/api/v1/catalogue", read_catalogue},
	{HTTP_GET, "/api/v1/areas.geojson", read_map_areas},
	{HTTP_GET, "/api/v1/reaches.geojson", read_map_reaches},
	{HTTP_GET, "/api/v1/cases.geojson", read_map_cases},
	{HTTP_GET, "/api/v1/devices.geojson", read_map_devices},
	{HTTP_GET, "/api/v1/sync", sync_get},
	{HTTP_POST, "/api/v1/events", sync_post_events},
	{HTTP_OPTIONS, "/api/v1/files", tus_options},
	{HTTP_POST, "/api/v1/files", tus_create},
	{HTTP_HEAD, "/api/v1/files/up/{}", tus_head},
	{HTTP_PATCH, "/api/v1/files/up/{}", tus_patch},
	{HTTP_DELETE, "/api/v1/files/up/{}", tus_delete},
	{HTTP_POST, "/api/v1/files/up/{}", tus_override},
	{HTTP_GET, "/api/v1/files/{}", photo_get},
	{HTTP_POST, "/api/v1/enrol", enrol_post},
	{HTTP_POST, "/api/v1/devices/{}/code", enrol_post_code},
	{HTTP_POST, "/api/v1/cases/{}/actions", acts_post_action},
	{HTTP_POST, "/api/v1/alerts/{*}/ack", acts_post_ack},
	{HTTP_POST, "/api/v1/reminders", acts_post_reminder},
};

size_t api_body_max(const char *path)
{
	return strcmp(path, "/api/v1/events") == 0 ? SYNC_EVENTS_MAX : HTTP_BODY_MAX;
}

void api_body(void *ctx, struct request *rq, struct response *rs, size_t n)
{
	if (strncmp(rq->path, "/api/v1/files", 13) == 0)
		tus_body(ctx, rq, rs, n);
}

static void wrong_method(unsigned allow, struct response *rs)
{
	struct buf b = {0};

	router_allow(allow, &b);
	response_header(rs, "allow", b.p);
	buf_done(&b);
	response_problem(rs, 405, "bad_method", NULL);
}

void api_request(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	const struct route *r;
	unsigned allow;

	switch (router_find(routes, ARRAY_LEN(routes), rq->method, rq->path, &r, rq->param, &allow)) {
	case ROUTER_FOUND:
		r->handle(ctx, rq, rs);
		return;
	case ROUTER_NO_METHOD:
		wrong_method(allow, rs);
		return;
	case ROUTER_NO_PATH:
		break;
	}
	if (strncmp(rq->path, "/api/", 5) != 0 && pages_answer(a->pages, rq, rs)) {
		if (rq->method == HTTP_GET || rq->method == HTTP_HEAD)
			return;
		response_done(rs);
		*rs = (struct response){0};
		wrong_method(1U << HTTP_GET | 1U << HTTP_HEAD, rs);
		return;
	}
	response_problem(rs, 404, "not_found", NULL);
}
