/* books_patrols.h - the patrols, as rows of a list and one by one (table patrol; judged by schema/patrols.c). */
#ifndef XUNGE_SCHEMA_BOOKS_PATROLS_H
#define XUNGE_SCHEMA_BOOKS_PATROLS_H

#include "schema/books.h"

#define BOOKS_UNDER_WAY_MS (3 * 3600000LL)

struct books_patrol_filter { /* valid, under_way and river -1, else zeroed = all */
	const char *person, *target, *route, *rule; /* NULL: any */
	int valid;         /* 1, 0; -1: any */
	int under_way;     /* 1: those, 0: the others; -1: any.  Without an end, and begun less than BOOKS_UNDER_WAY_MS ago */
	uint32_t reasons;  /* bits of core/track.h: one of them at least; 0: any */
	int river;         /* 1: those that count as river patrols, 0: the others; -1: any */
	const char *level; /* of the walker that day, river 1: of the chief, as their figures have it; "none": without; NULL: any */
	const char *text;  /* stands in the name of the person, the actor or the target; NULL: any */
};

struct books_patrol {
	const char *device, *name; /* the device's id of it */
	struct books_named person, actor, target, area;
	const char *route, *level, *river_level, *rule; /* "": none */
	int64_t commit; /* of its last change */
	int64_t start_ms, end_ms; /* -1: none */
	bool clear;
	int64_t tracks, points, dropped, duration_s, distance_m;
	int coverage;      /* thousandths; -1: the reach has no line */
	uint32_t reasons;  /* 0 = valid */
	int64_t sub_ms;    /* a substitute of this id: -1 none */
	const char *sub_way;
	struct books_named sub_person, sub_target;
};

/* By start in [from, to), newest first. */
enum err books_patrols(struct store *st, struct books_page *p, const struct books_patrol_filter *f,
	void (*row)(void *ctx, const struct books_patrol *r), void *ctx) MUST_CHECK;

/* How many there are, from the first on; *more: BOOKS_LOOK records were looked at, and there are others. */
enum err books_patrols_count(struct store *st, const struct books_page *p, const struct books_patrol_filter *f, int64_t *n, bool *more) MUST_CHECK;

/* Also one that is only a substitute.  ERR_NOTFOUND: there is none in the scope. */
enum err books_patrol_one(struct store *st, const char *scope, struct slice device, struct slice name,
	void (*row)(void *ctx, const struct books_patrol *r), void *ctx) MUST_CHECK;

/* What the rule of this name asks of a patrol, for the level on that day; -1: not asked. */
struct books_rule {
	int64_t min_minutes, min_metres, min_gap_hours, min_coverage;
};
enum err books_patrol_rule(struct store *st, const char *rule, const char *level, int32_t day, struct books_rule *out) MUST_CHECK; /* ERR_NOTFOUND */

/* Its track events as they came, newest in arrival first, voided ones left out; at most `limit` of them (*cut:
 * there were more).  raw: the event's bytes. */
enum err books_patrol_tracks(struct store *st, struct slice device, struct slice name, int limit, bool *cut,
	void (*event)(void *ctx, struct slice raw), void *ctx) MUST_CHECK;

#endif
