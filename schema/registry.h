/* registry.h - who and what there is: places, people, appointments, devices, as they held at a
 * commit number.  Lookups are cached in memory (bounded: REGISTRY_CACHE entries of each sort; a full
 * cache is emptied); registry_changed() empties the caches after an import. */
#ifndef XUNGE_SCHEMA_REGISTRY_H
#define XUNGE_SCHEMA_REGISTRY_H

#include "core/area.h"
#include "core/workcal.h"
#include "schema/store.h"

#define REGISTRY_CACHE 65536
#define REGISTRY_NOW INT64_MAX /* as of: the newest rows */

struct registry;

struct place {
	char code[REACH_CODE_MAX + 1];
	char area[AREA_CODE_MAX + 1]; /* itself, or the reach's area */
	bool is_reach;
	int32_t from, to; /* valid days, inclusive */
};

struct appointment {
	char role[16];
	char scope[REACH_CODE_MAX + 1];
	char level[12]; /* district town community grid */
	int32_t from, to;
};

struct person {
	char id[65];
	char *name;
	struct appointment *appt; /* all that held at as_of, any validity; ordered by scope, role, from */
	uint32_t nappt;
};

struct device {
	char id[33];
	char person[65];
	char district[7];
	bool revoked;
	char (*enrolled)[65]; /* further people */
	uint32_t nenrolled;
};

/* as_of: REGISTRY_NOW, or a commit number. */
struct registry *registry_new(struct store *st, int64_t as_of);
void registry_free(struct registry *r);
void registry_changed(struct registry *r);

/* Borrowed until registry_changed() or the next lookup of the same sort; NULL: unknown. *e tells an error from unknown. */
const struct place *registry_place(struct registry *r, struct slice code, enum err *e);
const struct person *registry_person(struct registry *r, struct slice id, enum err *e);
const struct device *registry_device(struct registry *r, struct slice id, enum err *e);
/* Is category `code` of class `klass` in the catalogue on that day? */
enum err registry_category(struct registry *r, const char *klass, struct slice code, int32_t day, bool *out) MUST_CHECK;

/* What the catalogue says of a category, whatever the day; zeroed: it does not know it. */
struct registry_category {
	int severity;      /* 1 .. 4; 0: none */
	int64_t deadline;  /* 0: none */
	enum due_unit unit;
	bool photo_before, photo_after;
};
enum err registry_category_row(struct registry *r, const char *klass, struct slice code, struct registry_category *out) MUST_CHECK;

/* The days that are not what their weekday says.  Borrowed until registry_changed(). */
enum err registry_calendar(struct registry *r, const struct workcal **out) MUST_CHECK;

/* The appointment of p that counts for place `pl` on `day`: role NULL = any role; the one that covers the
 * place, nearest first (reach, then the longest area code), else the first of any valid on that day; NULL: none. */
const struct appointment *person_appointment(const struct person *p, const char *role, const struct place *pl, int32_t day);
/* The same, but only one that covers the place. */
const struct appointment *person_covering(const struct person *p, const char *role, const struct place *pl, int32_t day);

#endif
