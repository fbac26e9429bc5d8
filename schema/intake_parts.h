/* intake_parts.h - the parts of the intake among themselves (intake.c, apply.c, repeat.c, held.c, settle.c); nobody
 * else includes this.
 *
 *   intake.c  payloads, new events, the batch and its commit
 *   repeat.c  an identity that has its answer already
 *   apply.c   the rows of an event, and what follows from it
 *   held.c    what cannot be applied yet: kept, judged again, released
 *   settle.c  the events of cases: which are in force, and what that moves */
#ifndef XUNGE_SCHEMA_INTAKE_PARTS_H
#define XUNGE_SCHEMA_INTAKE_PARTS_H

#include "schema/alerts.h"
#include "schema/answers.h"
#include "schema/cases.h"
#include "schema/concerned.h"
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
#define FLAG_DISPLACED 4

struct intake {
	struct store *st;
	struct intake_conf conf;
	struct registry *registry;
	struct streams streams;
	struct patrols patrols;
	struct tallies tallies;
	struct cases cases;
	struct buf unsettled;    /* names of cases whose rows must follow their fold, NUL-terminated */
	struct buf starts;       /* "device patrol" whose target may say where cases are, NUL-terminated */
	bool refold;             /* cases are folded again after a change of the registry ... */
	int64_t refold_id;       /* ... up to this id */
	bool left, left_known;   /* meta 'left': some are to be judged or folded again, also after a restart */
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
	struct concerned concerned; /* whom the open batch concerns */
	struct buf hints, told;  /* people whose sync the open batch, and the last commit, changed: NUL-terminated */
	size_t told_at;          /* the next of told */
	bool hint_all, told_all; /* everybody's */
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

/* This person's sync is another than before. */
void intake_hint(struct intake *in, const char *person);

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
/* The held row says what v says; so does the answer of its identity. */
enum err held_says(struct intake *in, int64_t id, const struct verdict *v) MUST_CHECK;
/* Applies a held event of a case, as judged (person, area, casus, act). */
enum err held_release(struct intake *in, int64_t id, const struct verdict *judged, int64_t more_flags) MUST_CHECK;

/* ---- settle.c */
/* Puts an event that passed the static judging among the acts of its case: v says whether it is in force there.
 * Then apply_event() or held_keep(), then settle_rest(). */
enum err settle_judge(struct intake *in, const struct event *ev, const char *device, struct verdict *v, int64_t now_ms) MUST_CHECK;
void settle_held(struct intake *in, const struct verdict *v, int64_t id); /* it is kept in this row */
/* The void of one of its events is applied as `commit`. */
enum err settle_void(struct intake *in, const char *casus, const struct event_id *victim, int64_t commit) MUST_CHECK;
/* Moves the other events of the cases at hand between event, held and displaced.  Reads into in->again. */
enum err settle_rest(struct intake *in, int64_t now_ms) MUST_CHECK;
/* A patrol has another start: where cases are may follow from it. */
enum err settle_start(struct intake *in, const char *device, struct slice patrol) MUST_CHECK;
/* Before the commit, patrols being written: all that is left to do for cases. */
enum err settle_flush(struct intake *in) MUST_CHECK;
/* Folds all cases again by the registry as it stands, 10,000 a call. */
enum err settle_refold(struct intake *in, int64_t now_ms, bool *more) MUST_CHECK;

#endif
