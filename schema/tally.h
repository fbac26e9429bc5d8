/* tally.h - counts by (figure, level, category, area, day), gathered for a batch and written with it.
 * Each count stands in three spans: its day, its month, its year. */
#ifndef XUNGE_SCHEMA_TALLY_H
#define XUNGE_SCHEMA_TALLY_H

#include "base/map.h"
#include "schema/fold.h"
#include "schema/store.h"

struct tallies { /* zeroed but for st = empty */
	struct store *st;
	struct map map;
	struct map ways; /* metres and seconds of patrols, which change with each point of each track */
};

void tallies_clear(struct tallies *t); /* forgets what was not written */
void tally_add(struct tallies *t, const char *figure, const char *level, const char *category, const char *area, int32_t day, int64_t n);

/* Puts `now` in the place of what a patrol added before: patrols by route and level, patrol_m (metres) and patrol_s
 * (seconds) by route; river_patrols and river_patrols_valid by level for a chief's. */
void tally_patrol(struct tallies *t, const struct patrol_share *was, const struct patrol_share *now);

/* What an event adds by itself (sign 1), or takes back (-1): inspections by topic, works (thousandths) and works_approx
 * (records) by unit and item, visits, visited by household, visit_staff, aid (fen).  Others add nothing. */
void tally_event(struct tallies *t, const struct event *ev, const char *area, int sign);

/* Writes all with `commit` as the commit of their last change; of days in frozen months as corrections (schema/freeze.h). */
enum err tallies_flush(struct tallies *t, int64_t commit) MUST_CHECK;

/* The same once they are many, else nothing: for a walk through a whole database, whose counts have no bound. */
enum err tallies_ease(struct tallies *t, int64_t commit) MUST_CHECK;

#endif
