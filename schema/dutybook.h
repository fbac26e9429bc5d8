/* dutybook.h - who owes what, as of a commit number: rules with their versions, appointments, exemptions, and
 * the patrols that count (core/duty.h).  Reads only.
 *
 * Versions of a rule (rule, role, level): every row that was ever imported, also the replaced ones.  A newer row takes
 * the days from its valid_from on (open: all of them), an older one keeps the days before.  An open start
 * is the civil day on which the rule became known: a new platform owes nothing for the years before it.
 *
 * Targets.  `any`: one duty for each person; a patrol counts when one of his appointments of that role and level covers
 * its target.  `each`: of a chief the reach he is appointed for, or every reach of his area (none: the area);
 * of other roles the place they are appointed for; a patrol counts when its target is it, or lies in it.
 * Of chiefs only river and gully patrols count. */
#ifndef XUNGE_SCHEMA_DUTYBOOK_H
#define XUNGE_SCHEMA_DUTYBOOK_H

#include "core/duty.h"
#include "schema/registry.h"

struct dutybook;

/* r: as of the same commit, borrowed. */
struct dutybook *dutybook_new(struct store *st, struct registry *r, int64_t as_of);
void dutybook_free(struct dutybook *b);
void dutybook_changed(struct dutybook *b); /* the registry or its cache did: all is read anew */

struct owed {
	struct duty d;
	const char *rule, *role, *level;
	char target[REACH_CODE_MAX + 1]; /* "" = any */
	char area[AREA_CODE_MAX + 1];    /* that it counts for; "" unknown */
	const struct appointment *const *via; /* d.nheld of them */
	const char *reason;              /* of the exemption that ends last; NULL none */
};

/* Is there any rule at all?  Without: nobody owes anything. */
enum err dutybook_has_rules(struct dutybook *b, bool *out) MUST_CHECK;
/* First day after `day` on which a version of any rule begins; INT32_MAX: none. */
enum err dutybook_wakes(struct dutybook *b, int32_t day, int32_t *out) MUST_CHECK;

/* All that the person owes or owed, by (rule, target, level, role).  Borrowed until the next call. */
enum err dutybook_person(struct dutybook *b, const char *person, struct owed **out, uint32_t *n) MUST_CHECK;

/* Most people will be asked for instances that end within first..last: what they did is read in one pass, if it is not too
 * much (schema/dutyroll.h).  Only spares time. */
enum err dutybook_roll(struct dutybook *b, int32_t first, int32_t last) MUST_CHECK;

/* Of the person asked for last, instances that end within first..last are asked for next: what counts for them is read in one
 * query.  Only spares time. */
enum err dutybook_between(struct dutybook *b, int32_t first, int32_t last) MUST_CHECK;

/* What the person asked for last did in an instance of one of his duties. */
enum err dutybook_tally(struct dutybook *b, const struct owed *o, const struct duty_instance *i, struct duty_tally *out) MUST_CHECK;

struct duty_now {
	bool is;                /* false: it is not owed (any longer) */
	struct duty_instance i; /* the current period */
	int64_t done;
	enum duty_state state;
	int64_t overdue;        /* instant since when; -1: it is not */
	int64_t next;           /* when the clock alone changes any of it */
};
/* Overdue: something is owed now and not done, and the current period or the one before it ended without; since the
 * end of the first of the periods missed in a row, DUTY_BACK at most. */
enum err dutybook_now(struct dutybook *b, const struct owed *o, int64_t at_ms, struct duty_now *out) MUST_CHECK;

#endif
