#include "server/figures_past.h"

#include <stdlib.h>

#include "base/log.h"
#include "core/civil.h"
#include "schema/asof.h"
#include "schema/ledger.h"
#include "schema/live.h"
#include "server/exports_api.h"
#include "server/streamjob.h"

#define YEARS_ON 100 /* of days to come: deadlines */

struct past {
	struct streamjob s;
	struct seat seat;
	char *db_path;
	struct read r;          /* the question; the answer goes to the job's piece */
	struct session session; /* of it, the user */
	struct figures_ask ask;
	struct read_names only;
	int64_t from_ms, to_ms;
	struct store *st;
	struct asof *asof;
	char etag[QUESTION_TAG];
};

static void release(struct streamjob *s)
{
	struct past *o = (struct past *)s;

	seat_leave(&o->seat);
	asof_free(o->asof);
	store_close(o->st);
	query_done(&o->r.q);
	free(o->db_path);
	free(o);
}

/* ------------------------------------------------------------------ on a helper thread */

static enum err write_all(struct past *o)
{
	enum err e = live_begin(o->st);

	o->r.b = &o->s.piece;
	if (e == OK)
		e = figures_write(&o->r, o->st, &o->ask, &o->only, o->from_ms, o->to_ms);
	if (e != OK)
		(void)why_set(&o->s.why, e, "%s", store_detail(o->st));
	live_end(o->st);
	return e;
}

static enum err begin(struct past *o)
{
	struct asof_ask ask = {.commit = o->r.head.commit, .depth = ASOF_ALL};
	int32_t last = o->ask.to_day - 1, most = civil_day(o->r.now_ms) + YEARS_ON * 366;
	int y, m, d;
	enum err e = store_open(o->db_path, STORE_READER, &o->st, &o->s.why);

	if (e == OK && (e = ledger_commit_time(o->st, ask.commit, &o->r.head.time_ms)) != OK)
		(void)why_set(&o->s.why, e, "%s", store_detail(o->st));
	if (e != OK)
		return e;
	if (o->ask.at_ms == INT64_MIN)
		o->ask.at_ms = o->r.head.time_ms;
	civil_split(o->ask.from_day, &y, &m, &d);
	ask.from_day = civil_make(y, 1, 1);
	civil_split(last < most ? last : most, &y, &m, &d);
	ask.to_day = civil_make(y + 1, 1, 1);
	o->asof = asof_new(o->st, &ask);
	return OK;
}

static void work(struct streamjob *s)
{
	struct past *o = (struct past *)s;

	if (!o->st)
		s->e = begin(o);
	if (s->e == OK)
		s->e = asof_some(o->asof, &s->more, &s->why);
	if (s->e == OK && !s->more)
		s->e = write_all(o);
}

/* ------------------------------------------------------------------ its answer */

static void answer(struct streamjob *s, struct response *rs)
{
	const struct past *o = (const struct past *)s;

	if (s->e != OK) {
		log_warn("figures", "as of commit %lld failed: %s", (long long)o->r.head.commit, s->why.text);
		response_retry(rs, 5);
		response_problem(rs, 503, "unavailable", "the records cannot be read now: try again");
		return;
	}
	rs->status = 200;
	rs->type = "application/json";
	response_header(rs, "etag", o->etag);
	response_header(rs, "cache-control", "private, no-cache");
	response_header(rs, "vary", "cookie");
}

static void broke(const struct streamjob *s)
{
	log_warn("figures", "broke off: %s", s->why.text);
}

static const struct streamjob_calls calls = {.work = work, .answer = answer, .broke = broke, .release = release};

/* ------------------------------------------------------------------ the question */

static struct past *taken(struct read *r, const struct figures_ask *ask)
{
	struct past *o = xcalloc(1, sizeof *o);

	o->session.user = r->s->user;
	o->r = (struct read){.a = r->a, .s = &o->session, .q = r->q, .head = r->head, .now_ms = r->now_ms, .within = r->within};
	r->q = (struct query){0};
	(void)read_names(&o->r, "figure", &o->only); /* once more, with texts of ours */
	o->ask = *ask;
	o->ask.scope = o->session.user.scope;
	o->ask.within = o->r.within;
	o->db_path = xstrdup(r->a->db_path);
	o->s = (struct streamjob){.calls = &calls, .wire = r->a->wire, .worker = r->a->exporter, .ticket = r->rq->ticket, .head = r->rq->method == HTTP_HEAD};
	return o;
}

void figures_past(struct read *r, const struct figures_ask *ask, int64_t from_ms, int64_t to_ms, int64_t as_of)
{
	struct past *o = taken(r, ask);

	r->failed = true; /* answered by us */
	o->from_ms = from_ms;
	o->to_ms = to_ms;
	o->r.head.commit = as_of;
	question_tag(r->a, o->ask.scope, "figures", &o->r.q, o->etag);
	if (o->etag[0] && r->rq->if_none_match && http_etag_listed(r->rq->if_none_match, o->etag)) {
		r->rs->status = 304;
		response_header(r->rs, "etag", o->etag);
		response_header(r->rs, "cache-control", "private, no-cache");
	} else if (seat_take(&o->seat, r->a, o->session.user.name, r->rs)) {
		if (streamjob_start(&o->s)) {
			r->rs->later = true;
			return;
		}
		response_retry(r->rs, 5);
		response_problem(r->rs, 503, "busy", "too many at once: try again");
	}
	release(&o->s);
}
