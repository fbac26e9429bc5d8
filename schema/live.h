/* live.h - what the live view reads (reader mode).  Every call is one short read; rows are borrowed
 * for the callback.  A caller that needs several to agree wraps them in live_begin/live_end. */
#ifndef XUNGE_SCHEMA_LIVE_H
#define XUNGE_SCHEMA_LIVE_H

#include "schema/reminded.h"
#include "schema/store.h"

enum err live_begin(struct store *st) MUST_CHECK; /* one snapshot of the database; keep it under 250 ms */
void live_end(struct store *st);

struct live_tally {
	const char *figure, *level, *category, *area;
	int32_t span; /* yyyymmdd, yyyymm, yyyy */
	int64_t n, commit;
};
/* Rows of the three spans (today's, this month's, this year's), changed after commit `after` (0: all). */
enum err live_tallies(struct store *st, int64_t after, const int32_t span[3], void (*row)(void *ctx, const struct live_tally *t), void *ctx) MUST_CHECK;

struct live_feed {
	int64_t commit, at_ms;
	int kind; /* core/event.h */
	const char *person, *person_name, *scope, *scope_name; /* "" when unknown */
	const char *area; /* area code of the scope; "" */
	const char *title; /* case title, sos text, route, topic ...; "" */
};
/* Events after `after`, oldest first, at most limit: when there are more, the newest of them. */
enum err live_feed(struct store *st, int64_t after, int limit, void (*row)(void *ctx, const struct live_feed *f), void *ctx) MUST_CHECK;
/* The newest `limit` events whose area lies in scope, oldest first. Looks at no more than 5,000 events back. */
enum err live_feed_scope(struct store *st, const char *scope, int64_t after, int limit, void (*row)(void *ctx, const struct live_feed *f), void *ctx) MUST_CHECK;

struct live_device {
	const char *device, *person, *person_name, *area; /* area: of the person's first appointment; "" */
	bool online, revoked, has_loc;
	int64_t seen_ms, queue, missing; /* queue -1 = unknown */
	int battery; /* -1 = unknown */
	int32_t lat_e7, lon_e7;
	int64_t loc_at_ms;
};
/* Devices whose state or account changed after rev (0: all). */
enum err live_devices(struct store *st, int64_t after_rev, void (*row)(void *ctx, const struct live_device *d), void *ctx) MUST_CHECK;
/* The rev that brought commit: whoever has commit has all of it, and maybe nothing later.  0 when there is none. */
enum err live_rev_of(struct store *st, int64_t commit, int64_t *rev) MUST_CHECK;

/* The last commit that took a case to another place, open or not; 0: none did.  Who has less than it may show a case that is
 * no longer in his scope, and of which no row of his scope tells. */
enum err live_moved(struct store *st, int64_t *commit) MUST_CHECK;

struct live_alert {
	const char *id, *type, *casus, *title, *scope, *scope_name, *area; /* "" when there is none */
	const char *person, *person_name, *acked_by, *acked_name, *told;
	int severity;
	bool has_loc, late, active;
	int32_t lat_e7, lon_e7;
	int64_t at_ms, acked_ms; /* acked_ms -1: nobody knows */
};
/* after_rev 0: the active ones; else all that changed since. */
enum err live_alerts(struct store *st, int64_t after_rev, void (*row)(void *ctx, const struct live_alert *a), void *ctx) MUST_CHECK;

struct live_case {
	const char *id, *class, *category, *category_name, *title, *scope, *scope_name, *area, *level; /* "" when unknown */
	const char *holder, *holder_name; /* to whom it was sent; "" nobody */
	int severity; /* 0 unknown */
	int state;    /* enum casus_state */
	bool has_loc;
	int32_t lat_e7, lon_e7;
	int64_t version, commit, due_ms, at_ms; /* commit: of its last change; due_ms -1: none */
};
/* after 0: the open ones; else all that changed after this commit. */
enum err live_cases(struct store *st, int64_t after, void (*row)(void *ctx, const struct live_case *c), void *ctx) MUST_CHECK;

struct live_overdue { /* of one (person, rule, target) the duty that is overdue longest */
	const char *person, *name, *rule, *target, *target_name, *level, *area;
	int64_t since_ms; /* -1: it is not overdue (any more) */
	struct reminded reminded;
};
/* after_rev 0: what is overdue; else all whose duties changed since. */
enum err live_overdue(struct store *st, int64_t after_rev, void (*row)(void *ctx, const struct live_overdue *o), void *ctx) MUST_CHECK;

struct live_duty {
	const char *person, *rule, *target, *level, *role, *area;
	int32_t last; /* its last active day */
	int64_t need; /* owed in the period that ends then; 0: exempt, or owed no longer */
};
/* after_rev 0: the duties that end on `day`; else all that changed since. */
enum err live_duties(struct store *st, int64_t after_rev, int32_t day, void (*row)(void *ctx, const struct live_duty *d), void *ctx) MUST_CHECK;

struct live_area {
	const char *code, *name;
};
/* Current areas within scope ("*" = all), by code, at most limit + 1 (so that a caller sees there are more). */
enum err live_areas(struct store *st, const char *scope, int min_digits, int max_digits, int limit, void (*row)(void *ctx, const struct live_area *a), void *ctx) MUST_CHECK;
/* Commit of the newest change of areas, appointments, people or accounts; a client whose areas changed gets a fresh snapshot. */
enum err live_registry_commit(struct store *st, int64_t *out) MUST_CHECK;

#endif
