/* model.h - what the live view shows, in memory: tallies of today, this month and this year for
 * each place, devices, the newest events.  Read from the database, kept by model_refresh(), which
 * tells an observer (view.c) what changed.
 *
 * Civil day: +08:00.  At midnight the spans move on and every count is read again, without a commit. */
#ifndef XUNGE_SERVER_MODEL_H
#define XUNGE_SERVER_MODEL_H

#include <stdbool.h>

#include "base/map.h"
#include "schema/live.h"
#include "server/rows.h"

#define MODEL_FEED_BATCH 1000 /* events read in one refresh; beyond: the observer is told */

#define MODEL_CELL_KEY 1024 /* bytes of figure, level, category and place of a count together */

enum { SPAN_DAY, SPAN_MONTH, SPAN_YEAR, SPANS };

struct cell { /* counts of one (figure, level, category) in one place */
	const char *figure, *level, *category, *area; /* area "": place unknown */
	int64_t n[SPANS];
	int64_t commit; /* of the last change of any of them */
};

struct node { /* a place of 6..15 digits with all below it */
	char code[16];
	int64_t patrols; /* today */
	int64_t open;    /* cases */
	int64_t due;     /* owed by duties that end today; -1: none ever did */
	int64_t commit;  /* of the last change of patrols */
};

struct due_cell { /* what duties of one sort in one place that end today owe */
	char area[16], level[12];
	bool chief; /* river patrols */
	int64_t n;
};

struct unit { /* a device in use */
	char *id, *person, *name, *area;
	bool online, has_loc;
	int64_t seen_ms, queue, missing; /* queue -1: unknown */
	int battery;                     /* -1: unknown */
	int32_t lat_e7, lon_e7;
};

struct item { /* one row of the feed, encoded once, shared */
	uint32_t refs;
	int64_t commit;
	char area[16];
	size_t n;
	char json[];
};
void item_ref(struct item *it);
void item_unref(struct item *it);
struct item *item_new(const struct live_feed *f);

struct model_observer { /* any may be NULL */
	void (*cell)(void *ctx, const struct cell *c, const int64_t diff[SPANS]);
	void (*node)(void *ctx, const struct node *n);
	void (*unit)(void *ctx, const char *id, const struct unit *u); /* u NULL: gone */
	void (*row)(void *ctx, enum sheet sheet, const char *key); /* look into model.sheet */
	void (*due)(void *ctx, const struct due_cell *d, int64_t diff);
	void (*item)(void *ctx, struct item *it);                      /* oldest first */
	void (*feed_cut)(void *ctx, int64_t after);  /* there were more than came: look yourself */
	void (*places)(void *ctx);  /* areas may have changed */
	void (*reset)(void *ctx);   /* another database: forget everything */
	void *ctx;
};

struct model {
	struct store *st; /* borrowed; NULL while there is none */
	struct head head; /* what is in here */
	int64_t registry; /* commit of the newest registry change in here */
	int32_t day, span[SPANS];
	struct map cells, nodes, units;
	struct map sheet[SHEETS]; /* key -> struct row */
	struct map duties;        /* that end today -> what each owes */
	struct map dues;          /* struct due_cell */
	uint32_t load;            /* number of the last read of all rows */
	int64_t moved_rev;        /* since when no row went to another place: who has less cannot resume */
	struct model_observer tell;
};

void model_init(struct model *m, const struct model_observer *tell);
void model_done(struct model *m);

/* Reads what is new.  *registry_changed: accounts, places or devices may be others.  On an error
 * what was read stays, and the next call goes on from the commit before. */
enum err model_refresh(struct model *m, int64_t now_ms, bool *registry_changed) MUST_CHECK;

const struct node *model_node(const struct model *m, const char *code);
const struct row *model_row(const struct model *m, enum sheet sheet, const char *key);
const struct unit *model_unit(const struct model *m, const char *id);

#endif
