/* view.h - the live view of one scope, shared by all clients who look at it.
 *
 *   model change -> rows marked -> views_run: one frame, encoded once -> ring -> every client
 *
 * A client is a cursor into a ring of at most VIEW_RING frames or VIEW_RING_BYTES.  One that falls
 * out of it, and one whose places changed, gets a fresh snapshot when it can take bytes again: its
 * slowness costs nothing but its own frame.  Scope is applied here: no row outside it is encoded. */
#ifndef XUNGE_SERVER_VIEW_H
#define XUNGE_SERVER_VIEW_H

#include "base/buf.h"
#include "base/slice.h"
#include "server/model.h"
#include "server/sheet.h"

#define VIEW_RING 32
#define VIEW_RING_BYTES (1024 * 1024)
#define VIEW_FEED 50             /* rows of a message */
#define VIEW_FEED_BURST 500      /* rows that came between two frames, sent in several; older ones are passed over */
#define VIEW_AREAS 2000          /* rows; deepest levels are left out first */
#define VIEW_DEVICES 5000        /* rows; the rest is left out, "devices_cut" says so */
#define VIEW_ALERTS 2000         /* rows; the gravest and newest are kept, "alerts_cut" tells how many are left out */
#define VIEW_CASES 5000          /* likewise, "cases_cut" */
#define VIEW_OVERDUE 5000        /* longest overdue first, "overdue_cut" */
#define VIEWS_MAX 256            /* with clients; idle ones give way */
#define VIEW_IDLE_MS 60000
#define VIEW_GATHER_MS 100       /* figures, areas, devices wait at most so long */
#define VIEW_TICK_MS 15000
#define VIEW_SNAPSHOT_MS 1000    /* a snapshot for HTTP is made so seldom */
#define VIEW_RESUME_COMMITS 10000

#define FRAME_ROOM 16 /* bytes before the text that the carrier may use */

struct frame { /* one message; refs count who holds it */
	uint32_t refs;
	uint32_t from_at, from_n; /* the digits of "from" in text; from_n 0: there is none */
	int64_t from, commit;
	struct slice br, gzip; /* the text, for who reads it so; made once (frame_zip) */
	size_t n;
	size_t *total; /* bytes of all frames alive */
	char room[FRAME_ROOM];
	char text[];
};

struct view;
struct views;

struct view_client { /* embed; zeroed = nowhere */
	struct view *view;
	struct view_client *next, **at;
	uint64_t cursor; /* next frame of the ring */
	int64_t sent;    /* commit last sent to it */
	int64_t since;   /* resume from here; -1: no */
	bool fresh;      /* owes it a snapshot */
	bool woken;      /* views_run told the carrier, which has not asked since */
};

struct views {
	struct model *model; /* borrowed */
	void (*wake)(void *ctx, struct view_client *c); /* something waits for c */
	void *ctx;
	struct map by_scope;
	char source[160];   /* JSON: what the records come by, and whether it answers; "": not told */
	size_t frame_bytes; /* of all frames alive */
	uint64_t frames, snapshots, resumes; /* made, for metrics */
};

/* A message of text b; from -1: none. */
struct frame *frame_new(struct views *vs, const struct buf *b, int64_t from, int64_t commit);
void frame_unref(struct frame *f);
/* The text of f in coding "br" or "gzip", as long as f lives; p NULL: it would not be smaller. */
struct slice frame_zip(struct frame *f, const char *coding);

void views_init(struct views *vs, struct model *m, void (*wake)(void *ctx, struct view_client *c), void *ctx);
void views_done(struct views *vs); /* every client must have left */

/* What the model tells: give it to model_init. */
struct model_observer views_observer(struct views *vs);

/* What snapshots, resumed deltas and ticks say of the source (a JSON object); a change is told at once by views_run. */
void views_source(struct views *vs, const char *json);

/* Puts c at the view of scope ("*" or an area code; rights are the caller's).  since: commit that
 * the client has of database db, -1 or another db: snapshot.  ERR_FULL: too many views. */
enum err view_join(struct views *vs, struct view_client *c, const char *scope, const char *db,
	int64_t since, int64_t now_mono_ms) MUST_CHECK;
void view_leave(struct view_client *c);
const char *view_scope(const struct view_client *c);
/* A fresh snapshot for c, for a right gained. */
void view_refresh(struct view_client *c);

/* The next message for c, or NULL: nothing waits.  The caller lets it go with frame_unref.
 * *e tells an error of the store: the client should be closed, to come again. */
struct frame *view_next(struct view_client *c, int64_t now_ms, int64_t now_mono_ms, enum err *e);

/* The snapshot that a client of scope would get now, or one of up to VIEW_SNAPSHOT_MS ago: with its db and commit
 * view_join goes on from there.  Errors as those of view_join and view_next; let it go with frame_unref. */
struct frame *view_snapshot(struct views *vs, const char *scope, int64_t now_ms, int64_t now_mono_ms, enum err *e);

bool view_waits(const struct view_client *c); /* would view_next give something? */

/* Makes the frames that are due and wakes clients; returns when to call again (mono ms). */
int64_t views_run(struct views *vs, int64_t now_ms, int64_t now_mono_ms);

size_t views_clients(const struct views *vs);

#endif
