#include "server/access.h"

#include <sodium.h>
#include <strings.h>

#include "base/clock.h"

const char *access_cookie(const struct app *a)
{
	return a->tls ? "__Host-xunge" : "xunge";
}

struct session *access_session(struct app *a, const struct request *rq)
{
	return session_find(a->sessions, http_cookie(rq->cookie, access_cookie(a)), clock_wall_ms());
}

void access_no_store(struct response *rs)
{
	response_header(rs, "cache-control", "no-store");
}

void access_json(struct response *rs)
{
	rs->status = 200;
	rs->type = "application/json";
	rs->terse = true;
	access_no_store(rs);
}

void access_unauthorized(struct response *rs)
{
	access_no_store(rs);
	response_header(rs, "www-authenticate", "Xunge-Session");
	response_problem(rs, 401, "signed_out", "sign in first");
}

/* A page of another site may not act for ours.  Browsers name the origin of every write. */
bool access_origin(const struct request *rq, struct response *rs)
{
	if (!rq->origin || http_same_origin(rq->origin, rq->host, rq->tls))
		return true;
	response_problem(rs, 403, "foreign_origin", "the request comes from a page of another site");
	return false;
}

/* Session and token of a write; else rs says what is wrong. */
struct session *access_writer(struct app *a, const struct request *rq, struct response *rs)
{
	struct session *s = access_session(a, rq);

	if (!s) {
		access_unauthorized(rs);
		return NULL;
	}
	if (!access_origin(rq, rs))
		return NULL;
	if (!rq->csrf || strlen(rq->csrf) != strlen(s->csrf) || sodium_memcmp(rq->csrf, s->csrf, strlen(s->csrf)) != 0) {
		response_problem(rs, 403, "bad_csrf", "X-CSRF-Token is not that of the session");
		return NULL;
	}
	return s;
}

bool access_is_json(const char *type)
{
	return type && strncasecmp(type, "application/json", 16) == 0 && (!type[16] || strchr("; ", type[16]));
}
