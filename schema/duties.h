/* duties.h - how the duties of everybody stand: table duty_state, and the alerts that follow from it.
 *
 *   a patrol changes -> duties_touch(person) ... duties_flush     (each batch)
 *   time passes      -> duties_tick                               (every ~10 s; cheap when nothing is due)
 *   the registry, or the database is of an older program -> duties_all
 *
 * A row holds the current period of a duty; it is written when something of it changes, under the rev of the batch.
 * Invariant: every row is what dutybook_now() says of it at the instant in meta.duties_at (or just before its
 * `next`, when that has passed): duties_check().  No mercy for a clock that went back: all is judged again by it. */
#ifndef XUNGE_SCHEMA_DUTIES_H
#define XUNGE_SCHEMA_DUTIES_H

#include "core/duty.h"
#include "schema/alerts.h"
#include "schema/concerned.h"
#include "schema/registry.h"

#define DUTIES_TICK 512   /* people judged in one duties_tick */
#define DUTIES_IDLE 65536 /* people remembered as owing nothing; beyond, they are forgotten */

struct duties;

/* All are borrowed; r: as of now.  The caller tells registry_changed() before duties_all(). */
struct duties *duties_new(struct store *st, struct registry *r, struct alerts *as);
void duties_free(struct duties *ds);
void duties_concern(struct duties *ds, struct concerned *c); /* whose rows are written is noted there; borrowed */
void duties_clear_memory(struct duties *ds); /* drops what was not written: the batch is gone */

/* A patrol or substitute that counts, or counted, for the person is new or changed: start, person, target, route,
 * measures, reasons, sub_ columns.  "": nobody. */
void duties_touch(struct duties *ds, const char *person);

/* Inside a transaction, patrols written.  *changed is set when rows were, else untouched. */
enum err duties_flush(struct duties *ds, int64_t now_ms, bool *changed) MUST_CHECK;
/* *more: others are due, call again. */
enum err duties_tick(struct duties *ds, int64_t now_ms, bool *more, bool *changed) MUST_CHECK;
enum err duties_all(struct duties *ds, int64_t now_ms, bool *changed) MUST_CHECK;

/* Says each row that is not what a recompute gives. */
enum err duties_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx) MUST_CHECK;

/* ------------------------------------------------------------------ for readers */

struct duty_row { /* borrowed for the call */
	const char *person, *name;
	const char *rule, *level, *role;
	const char *target, *target_name; /* "" = any */
	const char *area;                 /* area code that it counts for */
	struct duty_instance i;
	int64_t done;
	enum duty_state state;
	int64_t overdue;                  /* instant since when; -1: it is not */
	const char *reason;               /* of an exemption that touches it; "" none */
};

/* Which people: those after `after` (by id), at most `people` of them, then *last is the id of the last and *more says
 * whether there are others.  A reader keeps its transactions short by asking for some at a time. */
struct duties_page {
	const char *after; /* "" from the first */
	int people;
	const char *these; /* in their place: so many of these, each with its NUL; NULL */
	bool most;         /* they are most of all that there are: what they did is read in one pass (duties_history) */
	int64_t until_mono_ms; /* ends earlier, after one of them at least; 0: does not */
	char last[65];     /* out */
	bool more;         /* out */
	int read;          /* out: how many people */
};

/* All duties under scope ("*": everywhere) as they stand at at_ms, by the registry as of a commit (REGISTRY_NOW). */
enum err duties_read(struct store *st, const char *scope, int64_t as_of, int64_t at_ms, struct duties_page *page,
	void (*row)(void *ctx, const struct duty_row *r), void *ctx) MUST_CHECK;

/* Each duty in each period that ends within first..last and owes something, or is exempt; its state at at_ms (overdue: -1).
 * Fulfilment = met / (met + overdue).  Patrols count as they stand now. */
enum err duties_history(struct store *st, const char *scope, int64_t as_of, int32_t first, int32_t last, int64_t at_ms,
	struct duties_page *page, void (*row)(void *ctx, const struct duty_row *r), void *ctx) MUST_CHECK;

/* What is owed in them, whatever was done (done 0, no names): what people did is not read. */
enum err duties_owed(struct store *st, const char *scope, int32_t first, int32_t last, int64_t at_ms, struct duties_page *page,
	void (*row)(void *ctx, const struct duty_row *r), void *ctx) MUST_CHECK;

/* As duties_history(), of duties whose target is a reach, of those who may owe such: appointed for a reach, or chiefs of an area.  low, high: only
 * people appointed for a reach between these codes (inclusive), beside the chiefs of areas; NULL: all. */
enum err duties_of_reaches(struct store *st, const char *scope, const char *low, const char *high, int32_t first, int32_t last,
	int64_t at_ms, void (*row)(void *ctx, const struct duty_row *r), void *ctx) MUST_CHECK;

/* The same of one person. */
enum err duties_of(struct store *st, const char *person, int32_t first, int32_t last, int64_t at_ms,
	void (*row)(void *ctx, const struct duty_row *r), void *ctx) MUST_CHECK;

#endif
