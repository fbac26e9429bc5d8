/* intake.h - from bytes to rows: decode, identify, judge, apply, answer.
 *
 *   intake_take ... intake_take ... intake_commit -> acks        (intake_abort: nothing happened)
 *
 * Invariants: an ack exists only after the commit that holds its events is on disk; identity is
 * (device, epoch, seq) and nothing is stored twice; what cannot be applied is kept raw, answered
 * and counted; the same events in any order, batches and repetitions leave the same patrols, cases
 * and tallies.  On any error of the store the whole batch is dropped, unanswered (devices send
 * again), and all memory of it is read from the database anew.  Never logs, never blocks on peers. */
#ifndef XUNGE_SCHEMA_INTAKE_H
#define XUNGE_SCHEMA_INTAKE_H

#include "base/buf.h"
#include "schema/registry.h"
#include "schema/store.h"

struct intake;

struct intake_conf {
	int64_t max_age_days; /* older events are held: time_too_old */
	int64_t silent_hours; /* a device not heard of for so long is told; 0: nobody watches over devices and the disk */
	size_t again_max;     /* cases folded again in one call, 0 = default (10,000) */
	size_t windows_max;   /* acknowledgement windows in memory, 0 = default (65,536); clean ones are dropped beyond */
};

struct intake *intake_new(struct store *st, const struct intake_conf *conf);
void intake_free(struct intake *in);

#define INTAKE_IMPORTED 1 /* from an older system: any age */
/* A supervisor's act (schema/acts.c): device `office`, enrolled nowhere.  No door takes this flag from outside. */
#define INTAKE_OFFICE 2

/* Where an answer belongs to: chosen by the door, given back with the ack. */
struct intake_from {
	struct slice device;   /* as the topic said; [a-z0-9][a-z0-9-]{0,31}, or the payload is refused */
	struct slice district; /* as the topic said; p NULL: not claimed (local door) */
	uint32_t flags;
	uint64_t tag;          /* any value of the door's */
};

/* One payload (event, array or hello) into the open batch; opens one when there is none.  Borrowed
 * for the call.  OK also when all of it was rejected; an error means: the batch is gone (see above). */
enum err intake_take(struct intake *in, const struct intake_from *from, struct slice payload, int64_t recv_ms) MUST_CHECK;

enum err intake_presence(struct intake *in, struct slice device, struct slice payload, int64_t recv_ms) MUST_CHECK;

/* Judges again: held events whose time has come (call every ~10 s), or all that a change of the
 * registry may free (call inside the transaction of the change).  Bounded to 10,000 events a call;
 * *more says that there are others: intake_due again, or INTAKE_MORE in further transactions. */
enum intake_change {
	INTAKE_ENROLLED, /* devices: held events only */
	INTAKE_CATALOGUE, /* categories, calendar: every case again, too */
	INTAKE_DUTIES,   /* rules or exemptions: how everybody's duties stand, too */
	INTAKE_PLACES,   /* areas, reaches, people, appointments: every patrol's level and area, all cases, all duties */
	INTAKE_MORE,     /* goes on where the last call stopped */
};
enum err intake_due(struct intake *in, int64_t now_ms, bool *more) MUST_CHECK;
enum err intake_registry_changed(struct intake *in, int64_t now_ms, enum intake_change what, bool *more) MUST_CHECK;
/* A change that was committed, by whom ever, left some for INTAKE_MORE. */
enum err intake_left(struct intake *in, bool *left) MUST_CHECK;

/* Everything that follows from events again, from the events: after a migration from an older program (meta.refold).
 * Inside a transaction; all of it in one go. */
enum err intake_refold(struct intake *in, int64_t now_ms) MUST_CHECK;

/* Events and answers waiting in the open batch; 0: nothing to commit. */
size_t intake_waiting(const struct intake *in);

/* Writes what follows from the events so far into the open transaction, for who must read it before the commit. */
enum err intake_flush(struct intake *in, int64_t now_ms) MUST_CHECK;

/* Somebody knows of an active alert: in the open batch, or in one that it opens.  ERR_NOTFOUND: there is none, and
 * the batch stands as it was. */
enum err intake_alert_ack(struct intake *in, const char *type, const char *subject, const char *by, int64_t now_ms) MUST_CHECK;

/* Something of this person's sync is another in the open transaction: his phones are told after its commit. */
enum err intake_concerns(struct intake *in, const char *person) MUST_CHECK;

/* Commits the batch and makes its acks.  *out: what is committed now. */
enum err intake_commit(struct intake *in, int64_t now_ms, struct head *out) MUST_CHECK;
void intake_abort(struct intake *in);

struct intake_ack {
	const char *device, *district; /* district "" when it was not claimed */
	uint64_t tag;
	struct slice json; /* {"type":"ack",...} */
	uint32_t stored, duplicate; /* events behind this ack that are new, and that were stored before */
	const char *epoch; /* NULL: of no stream (an error) */
	bool plain;        /* no results, no answer to a hello: a later ack of this (device, epoch) says it too */
};
/* Acks of the last commit, one for each (device, epoch, tag); false at the end.  Borrowed until the next intake_take. */
bool intake_next_ack(struct intake *in, struct intake_ack *out);

/* People whose sync (schema/sync.h) the last commit changed otherwise than by the clock: a case that they had, have or
 * reported, the verdict of a patrol, a held event released.  "": everybody's (the registry).  Some come twice; NULL at the
 * end.  Borrowed until the next commit. */
const char *intake_next_person(struct intake *in);

/* Devices that were online when we last knew (for the hello after a start). */
enum err intake_online(struct intake *in, void (*row)(void *ctx, const char *device, const char *district), void *ctx) MUST_CHECK;

/* Counters since the start, for metrics: name as `stored`, `duplicate`, `held`, `conflict`,
 * `rejected`, and each reject and hold code. */
struct intake_counts {
	uint64_t stored[14]; /* by kind */
	uint64_t duplicate, conflict, released, hello, presence, payloads, payload_errors, window_full;
	uint64_t rejected[8], held[10]; /* by code, names below */
};
extern const char *const intake_reject_names[]; /* NULL at the end */
extern const char *const intake_hold_names[];
const struct intake_counts *intake_counts(const struct intake *in);

#endif
