#include "server/live_api.h"

#include "base/clock.h"
#include "core/area.h"
#include "server/access.h"
#include "server/query.h"
#include "server/zip.h"

/* The scope that is asked for, else one's own: what hello may name.  NULL: refused. */
static const char *scope_of(const struct session *s, const struct query *q, struct response *rs)
{
	const char *asked = query_get(q, "scope");

	if (!asked)
		return s->user.scope;
	if (strcmp(asked, "*") != 0 && area_level(slice_of(asked)) == AREA_NONE) {
		response_problem(rs, 400, "bad_parameter", "scope: want *, or an area code of 6, 9, 12 or 15 digits");
		return NULL;
	}
	if (!area_covers(slice_of(s->user.scope), slice_of(asked))) {
		response_problem(rs, 403, "not_allowed", "scope: outside of your own");
		return NULL;
	}
	return asked;
}

static void answer(struct app *a, const char *scope, const struct request *rq, struct response *rs)
{
	enum err e;
	struct frame *f = view_snapshot(&a->views, scope, clock_wall_ms(), clock_mono_ms(), &e);
	struct slice small = {NULL, 0};
	const char *coding;

	if (!f) {
		response_retry(rs, 2);
		response_problem(rs, 503, e == ERR_FULL ? "busy" : "unavailable", e == ERR_FULL ? "too many scopes are being watched" : "the records cannot be read now: try again");
		return;
	}
	rs->status = 200;
	rs->type = "application/json";
	rs->terse = true;
	response_header(rs, "vary", "cookie, accept-encoding");
	if ((coding = zip_coding(f->n, true, rq->accept_encoding)))
		small = frame_zip(f, coding);
	if (small.p) {
		response_header(rs, "content-encoding", coding);
		buf_add(&rs->body, small.p, small.n);
	} else {
		buf_add(&rs->body, f->text, f->n);
	}
	frame_unref(f);
}

void live_get_snapshot(void *ctx, struct request *rq, struct response *rs)
{
	static const char *const names[] = {"scope", NULL};
	struct app *a = ctx;
	struct session *s = access_session(a, rq);
	struct query q = {0};
	struct why why = {""};
	const char *scope;

	if (!s) {
		access_unauthorized(rs);
		return;
	}
	access_no_store(rs);
	if (query_read(&q, rq->query, &why) != OK || query_stranger(&q, names))
		response_problem(rs, 400, "bad_parameter", why.text[0] ? why.text : "there is only the parameter scope");
	else if ((scope = scope_of(s, &q, rs)))
		answer(a, scope, rq, rs);
	query_done(&q);
}
