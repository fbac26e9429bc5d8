/* dossier.h - a case as its events tell it: read along event.link and from the held ones, put into acts, folded
 * (core/casus.h).  Read only: schema/cases.h keeps what follows from it. */
#ifndef XUNGE_SCHEMA_DOSSIER_H
#define XUNGE_SCHEMA_DOSSIER_H

#include "base/buf.h"
#include "core/casus.h"
#include "schema/patrols.h"
#include "schema/registry.h"

struct dossier_report { /* what a report says beside its act */
	char category[EVENT_NAME_MAX + 1], scope[REACH_CODE_MAX + 1], ref[EVENT_ID_MAX + 1];
	char title[EVENT_LINE_MAX + 1], issuer[EVENT_LINE_MAX + 1];
	bool has_loc;
	int32_t lat_e7, lon_e7; /* WGS-84 */
};

struct dossier_act { /* beside the casus_act of the same index */
	int64_t commit;      /* of its event; 0: it is held */
	int64_t held;        /* id of its row; 0: it has none */
	bool displaced;      /* event.flags 4 */
	enum event_kind kind;
	char area[AREA_CODE_MAX + 1];  /* for which its event counts, as judged */
	struct dossier_report *report; /* NULL: no report */
	char *told;          /* held or displaced: "code\ndetail\nwaits" as its row says; owned; NULL: not known */
};

struct dossier {
	int64_t id;          /* casus.id; 0: nothing was applied yet */
	int64_t last;        /* commit of its newest event */
	char name[EVENT_ID_MAX + 1];
	struct casus_act *act;
	struct dossier_act *of;
	uint32_t *order;     /* as casus_fold() has it */
	uint32_t n, cap;
	struct casus_fold fold;
};

struct dossier_source {
	struct store *st;
	struct registry *registry;
	struct patrols *patrols; /* the open batch's; NULL: the table says it */
	struct json json;        /* events read again */
	int64_t as_of;           /* commit number; REGISTRY_NOW: all, and what is held */
};

/* Reads the case of this name and folds it.  *d zeroed before; d->n 0: nobody knows it.  At most CASUS_ACTS_MAX acts. */
enum err dossier_read(struct dossier_source *src, struct slice name, struct dossier *d) MUST_CHECK;
/* The same again, from d->id and d->last; d->name is set. */
enum err dossier_reread(struct dossier_source *src, struct dossier *d) MUST_CHECK;
/* The case behind *id, which is moved on to it; ERR_NOTFOUND: there is none. */
enum err dossier_next(struct dossier_source *src, int64_t *id, struct dossier *d) MUST_CHECK;
void dossier_done(struct dossier *d);

/* One more act, from an event that passed the static judging; not folded yet.  *d must have room (CASUS_ACTS_MAX). */
enum err dossier_add(struct dossier_source *src, struct dossier *d, const struct event *ev, struct slice device,
	struct slice person, struct slice area) MUST_CHECK;
void dossier_drop_last(struct dossier *d);
enum err dossier_fold(struct dossier_source *src, struct dossier *d) MUST_CHECK;

/* The act of this event; UINT32_MAX: none. */
uint32_t dossier_find(const struct dossier *d, struct slice device, struct slice epoch, int64_t seq);

/* Those facts of the report that counts; NULL: there is none. */
const struct dossier_report *dossier_report(const struct dossier *d);

/* What the case adds to the tallies, as lines of text that dossier_share_add() reads; "": nothing. */
void dossier_share(const struct dossier *d, struct buf *out);
/* Calls add(ctx, figure, level, category, area, day) for each count of a share. */
void dossier_share_each(const char *share, void (*add)(void *ctx, const char *figure, const char *level,
	const char *category, const char *area, int32_t day), void *ctx);

#endif
