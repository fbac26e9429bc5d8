/* view_parts.h - the parts of the live view among themselves (view.c, viewrows.c, resume.c); nobody else
 * includes this.
 *
 *   view.c      what changed, frames, clients
 *   viewrows.c  figures, places and devices as rows
 *   resume.c    what a client that was away missed */
#ifndef XUNGE_SERVER_VIEW_PARTS_H
#define XUNGE_SERVER_VIEW_PARTS_H

#include "server/view.h"

struct figure { /* a row of figures */
	struct figure *dirty_next;
	bool dirty, shown;
	int64_t n[SPANS], sent[SPANS];
	int64_t due, due_sent; /* owed by duties that end today; -1: not a figure that is owed */
	int64_t commit;
	const char *id, *level, *category; /* behind the struct */
};

struct place { /* a row of areas */
	struct place *dirty_next;
	bool dirty;
	char code[16];
	char *name;
	struct node sent; /* its counts */
};

struct device_row { /* a row of devices: by id, the unit may go */
	struct device_row *dirty_next;
	bool dirty, shown;
	uint64_t sent; /* hash of the row */
	char id[];
};

struct view {
	struct views *all;
	char scope[40];
	struct view_client *clients;
	size_t nclients;

	struct map figures, devices;
	struct sheet_view sheet[SHEETS];
	struct map place_of; /* code -> struct place in places */
	struct place *places;
	size_t nplaces;
	bool places_cut;
	struct item *feed[VIEW_FEED_BURST]; /* oldest first: the last VIEW_FEED, and all that were not sent */
	int nfeed, fresh_items;             /* the newest fresh_items were not sent */
	bool feed_cut;                /* read it from the database */
	int64_t feed_after;

	struct figure *dirty_figures;
	struct place *dirty_places;
	struct device_row *dirty_devices;
	bool stale;     /* places must be read again */
	bool no_feed;   /* the feed was not read yet */
	bool news;      /* the source changed: a tick says so */

	int64_t sent;    /* commit of the last frame or snapshot */
	struct frame *ring[VIEW_RING];
	uint64_t first, next; /* frames first..next-1 are in the ring */
	size_t ring_bytes;
	struct frame *snapshot; /* as of snapshot_version */
	uint64_t version, snapshot_version;
	int64_t snapshot_mono_ms;
	int64_t last_mono_ms, last_any_mono_ms, idle_mono_ms;
};

static inline bool view_sees(const struct view *v, const char *area)
{
	return area_covers(slice_of(v->scope), slice_of(area));
}

/* ---- view.c */
void view_add_source(const struct views *vs, struct buf *b);
uint32_t view_delta_head(struct buf *b, int64_t from, int64_t commit, int64_t now_ms, uint32_t *from_n);

/* ---- viewrows.c */
void viewrows_begin(struct buf *b, const char *key); /* `"key":[` */
struct node viewrows_counts(const struct view *v, const struct place *p);
void viewrows_place(const struct view *v, size_t i, struct buf *b);
void viewrows_unit(struct buf *b, const struct unit *u);
void viewrows_feed(const struct view *v, int from, int to, struct buf *b);
/* Add the rows that are others than what was sent, take the marks off; false: there are none. */
bool viewrows_delta_figures(struct view *v, struct buf *b);
bool viewrows_delta_places(struct view *v, struct buf *b);
bool viewrows_delta_devices(struct view *v, struct buf *b);
/* Figures changed after commit `after`, and all that are owed when due is set, in a steady order. */
void viewrows_all_figures(struct view *v, int64_t after, bool due, struct buf *b);
bool viewrows_all_devices(struct view *v, struct buf *b); /* true: some are left out */

/* ---- resume.c */
/* Can a client that has commit `since` go on with a delta?  *rev: the batch that brought it. */
bool resume_can(struct view *v, int64_t since, int64_t now_ms, int64_t *rev);
/* All that changed since; NULL: it cannot be read. */
struct frame *resume_frame(struct view *v, int64_t since, int64_t rev, int64_t now_ms);

#endif
