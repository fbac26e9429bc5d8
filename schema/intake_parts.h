/* intake_parts.h - the parts of the intake among themselves (intake.c, apply.c, repeat.c, held.c); nobody
 * else includes this.
 *
 *   intake.c  payloads, new events, the batch and its commit
 *   repeat.c  an identity that has its answer already
 *   apply.c   the rows of an event, and what follows from it
 *   held.c    what cannot be applied yet: kept, judged again, released */
#ifndef XUNGE_SCHEMA_INTAKE_PARTS_H
#define XUNGE_SCHEMA_INTAKE_PARTS_H

#include "schema/alerts.h"
#include "schema/answers.h"
#include "schema/devstates.h"
#include "schema/duties.h"
#include "schema/intake.h"
#include "schema/judge.h"
#include "schema/patrols.h"
#include "schema/stream.h"
#include "schema/tally.h"
#include "schema/watch.h"

#define FLAG_IMPORTED 1
#define FLAG_VOIDED 2

struct intake {
	struct store *st;
	struct intake_conf conf;
	struct registry *registry;
	struct streams streams;
	struct patrols patrols;
	struct tallies tallies;
	struct judge judge;
	struct devstates states;
	struct alerts *alerts;
	struct duties *duties;
	struct watch *watch;     /* NULL: nobody watches */
	struct answers answers;  /* of the open batch; then of the last commit, while acking */
	struct map waits;        /* held.waits of events and cases -> itself */
	bool waits_known;
	struct json json, again; /* the payload; an event read again */
	struct buf arrived;      /* keys that came in this payload, NUL-terminated: who waited for them? */
	size_t waiting;
	bool changed;            /* the batch has something to write */
	int64_t kinds[EVENT_KINDS + 1], kinds_day; /* events by kind on that day, not yet in tallies */
	int64_t rejudge_after;   /* id of the held event where INTAKE_MORE goes on */
	struct head head;        /* of the last commit */
	int64_t now_ms;          /* the clock when it was asked for: what acks tell */
	bool acking;             /* its acks are being fetched */
	bool begun;              /* this batch: head and waits are known */
	struct intake_counts counts;
};

/* ---- intake.c */
/* The times to judge by; now_ms before the last commit judges none. */
struct judge_time intake_times(const struct intake *in, int64_t now_ms, int64_t recv_ms, bool any_age);

/* ---- apply.c */
/* Stores the event under the next commit number with all that follows from it. */
enum err apply_event(struct intake *in, struct stream *t, const struct event *ev, const struct verdict *v,
	struct devstate *s, int64_t flags, int64_t recv_ms, int64_t *out_commit) MUST_CHECK;
/* Counts n events of this kind; those of patrols are gathered until apply_kinds(). */
void apply_count(struct intake *in, enum event_kind kind, const char *area, int32_t day, int n);
void apply_kinds(struct intake *in);

/* ---- repeat.c */
/* An identity that has its answer: the same answer again, or a conflict. */
enum err repeat_take(struct intake *in, struct stream *t, struct answer *it, int64_t seq, uint32_t tok,
	struct slice raw, int64_t recv_ms) MUST_CHECK;

/* ---- held.c */
enum err held_load_waits(struct intake *in) MUST_CHECK; /* what held events wait for, into in->waits */
enum err held_keep(struct intake *in, struct stream *t, const struct event *ev, const struct verdict *v,
	int64_t flags, int64_t recv_ms) MUST_CHECK;
/* Notes in in->arrived that ev is applied: held_free() looks who waited for it. */
void held_arrived(struct intake *in, const struct stream *t, const struct event *ev);
/* Judges again all that waited for what has arrived; each release may free others. */
enum err held_free(struct intake *in, int64_t now_ms) MUST_CHECK;
/* Judges again the held events that sql lists for (arg, limit), 10,000 at most: *more says that there are others.
 * *last: the id of the last one judged. */
enum err held_list(struct intake *in, const char *sql, int64_t arg, int64_t now_ms, bool *more, int64_t *last) MUST_CHECK;

#endif
