#include "server/figures_later.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/civil.h"
#include "schema/asof.h"
#include "schema/ledger.h"
#include "schema/live.h"
#include "server/exports_api.h"
#include "server/streamjob.h"

#define YEARS_ON 100 /* of days to come: deadlines */
#define READ_MS 120  /* of a read; with its last piece, and the rows at the end, it stays under 250 ms */
#define TRIES 3      /* beginning again, since the registry changed; then all is read in one read */

struct counting {
	struct streamjob s;
	struct seat seat;
	char *db_path;
	struct read r;          /* the question; the answer goes to the job's piece */
	struct session session; /* of it, the user */
	struct figures_ask ask;
	struct read_names only;
	int64_t from_ms, to_ms;
	int64_t as_of;          /* 0: of now */
	struct store *st;
	struct asof *asof;      /* on its way there */
	bool back;              /* it is there */
	struct figures_sum *sum[READ_NAMES];
	int sums, tries;
	char etag[QUESTION_TAG]; /* of an older commit; of now it is over the bytes */
	char *accept_encoding, *if_none_match;
};

static void forget_sums(struct counting *o)
{
	for (int i = 0; i < o->sums; i++)
		figures_sum_free(o->sum[i]);
	o->sums = 0;
}

static void release(struct streamjob *s)
{
	struct counting *o = (struct counting *)s;

	seat_leave(&o->seat);
	asof_free(o->asof);
	forget_sums(o);
	store_close(o->st);
	query_done(&o->r.q);
	free(o->db_path);
	free(o->accept_encoding);
	free(o->if_none_match);
	free(o);
}

/* ------------------------------------------------------------------ on a helper thread */

static void go_back(struct counting *o)
{
	struct asof_ask ask = {.commit = o->as_of, .depth = ASOF_ALL};
	int32_t last = o->ask.to_day - 1, most = civil_day(o->r.now_ms) + YEARS_ON * 366;
	int y, m, d;

	civil_split(o->ask.from_day, &y, &m, &d);
	ask.from_day = civil_make(y, 1, 1);
	civil_split(last < most ? last : most, &y, &m, &d);
	ask.to_day = civil_make(y + 1, 1, 1);
	forget_sums(o);
	o->back = true;
	o->asof = asof_new(o->st, &ask);
}

/* In a read: where does it stand?  What was asked for may be behind by now. */
static enum err stand(struct counting *o, bool *behind)
{
	enum err e = store_head(o->st, &o->r.head);

	*behind = e == OK && o->as_of && !o->back && o->r.head.commit != o->as_of;
	if (e == OK && o->as_of) {
		o->r.head.commit = o->as_of;
		e = ledger_commit_time(o->st, o->as_of, &o->r.head.time_ms);
	}
	if (e == OK && o->ask.at_ms == INT64_MIN)
		o->ask.at_ms = o->r.head.time_ms;
	return e;
}

static enum err add_up(struct counting *o, bool *more)
{
	struct figures_pace pace = {.until_mono_ms = o->tries < TRIES ? clock_mono_ms() + READ_MS : 0, .still = o->back};
	bool one = false;
	enum err e = OK;

	for (; o->sums == 0 || o->sums < o->only.n; o->sums++) {
		o->ask.only = o->only.n ? o->only.name[o->sums] : NULL;
		o->sum[o->sums] = figures_sum_new(o->st, &o->ask, NULL, 0);
	}
	*more = false;
	for (int i = 0; e == OK && i < o->sums; i++)
		if ((e = figures_sum_read(o->sum[i], &pace, &one)) == OK)
			*more |= one;
	return e;
}

/* One read. */
static enum err count_on(struct counting *o, bool *more)
{
	bool behind = false;
	enum err e = live_begin(o->st);

	*more = true;
	o->r.b = &o->s.piece;
	if (e == OK && (e = stand(o, &behind)) == OK && !behind && (e = add_up(o, more)) == OK && !*more)
		e = figures_write(&o->r, o->st, &o->ask, o->sum, o->sums, o->from_ms, o->to_ms);
	live_end(o->st);
	if (behind)
		go_back(o);
	if (e == ERR_STALE) { /* from the first */
		forget_sums(o);
		o->tries++;
		*more = true;
		return OK;
	}
	return e == OK ? OK : why_set(&o->s.why, e, "%s", store_detail(o->st));
}

static void work(struct streamjob *s)
{
	struct counting *o = (struct counting *)s;

	s->e = o->st ? OK : store_open(o->db_path, STORE_READER, &o->st, &s->why);
	if (s->e != OK)
		return;
	if (!o->asof) {
		s->e = count_on(o, &s->more);
		return;
	}
	s->e = asof_some(o->asof, &s->more, &s->why);
	if (s->e == OK && !s->more) {
		asof_free(o->asof);
		o->asof = NULL;
		s->more = true;
	}
}

/* ------------------------------------------------------------------ its answer */

static void answer(struct streamjob *s, struct response *rs)
{
	const struct counting *o = (const struct counting *)s;
	struct request rq = {.accept_encoding = o->accept_encoding, .if_none_match = o->if_none_match};
	struct read r = {.rs = rs, .rq = &rq, .b = &rs->body};

	if (s->e != OK) {
		log_warn("figures", "failed: %s", s->why.text);
		response_retry(rs, 2);
		response_problem(rs, 503, "unavailable", "the records cannot be read now: try again");
		return;
	}
	if (!o->etag[0] && !s->more) {
		rs->body = s->piece;
		s->piece = (struct buf){0};
		read_finish(&r);
		return;
	}
	rs->status = 200;
	rs->type = "application/json";
	if (o->etag[0])
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

static struct counting *taken(struct read *r, const struct figures_ask *ask)
{
	struct counting *o = xcalloc(1, sizeof *o);

	o->session.user = r->s->user;
	o->r = (struct read){.a = r->a, .s = &o->session, .q = r->q, .head = r->head, .now_ms = r->now_ms, .within = r->within};
	if (r->within == r->waters) {
		memcpy(o->r.waters, r->waters, sizeof o->r.waters);
		o->r.within = o->r.waters;
	}
	r->q = (struct query){0};
	(void)read_names(&o->r, "figure", &o->only); /* once more, with texts of ours */
	o->ask = *ask;
	o->ask.scope = o->session.user.scope;
	o->ask.within = o->r.within;
	o->db_path = xstrdup(r->a->db_path);
	o->accept_encoding = r->rq->accept_encoding ? xstrdup(r->rq->accept_encoding) : NULL;
	o->if_none_match = r->rq->if_none_match ? xstrdup(r->rq->if_none_match) : NULL;
	o->s = (struct streamjob){.calls = &calls, .wire = r->a->wire, .ticket = r->rq->ticket};
	return o;
}

void figures_later(struct read *r, const struct figures_ask *ask, int64_t from_ms, int64_t to_ms, int64_t as_of)
{
	struct counting *o = taken(r, ask);

	r->failed = true; /* answered by us */
	o->from_ms = from_ms;
	o->to_ms = to_ms;
	o->as_of = as_of;
	o->s.worker = as_of ? r->a->exporter : r->a->counter;
	o->s.head = as_of && r->rq->method == HTTP_HEAD;
	if (as_of)
		question_tag(r->a, o->ask.scope, "figures", &o->r.q, o->etag);
	if (o->etag[0] && r->rq->if_none_match && http_etag_listed(r->rq->if_none_match, o->etag)) {
		r->rs->status = 304;
		response_header(r->rs, "etag", o->etag);
		response_header(r->rs, "cache-control", "private, no-cache");
	} else if (!as_of || seat_take(&o->seat, r->a, o->session.user.name, r->rs)) {
		if (streamjob_start(&o->s)) {
			r->rs->later = true;
			return;
		}
		response_retry(r->rs, 5);
		response_problem(r->rs, 503, "busy", "too many at once: try again");
	}
	release(&o->s);
}
