/* track.h - what a patrol's points say: measures, and reasons why it is not valid (domain page,
 * section 3).  Pure.
 *
 * Points stand in the order (time, latitude, longitude, accuracy), repeated ones once.  Dropped: accuracy beyond
 * 100 m; jumps, faster than 40 m/s from the last point kept.  A step of more than 600 s is a gap: it
 * adds neither time nor way nor coverage.
 *
 * A track is a running state: points later than all before are added at a cost of their own.  What
 * comes late, and another line of the reach, makes it stale, and track_fold() makes it anew from all
 * points: the same as if they had come in order (tests/unit/t_track.c). */
#ifndef XUNGE_CORE_TRACK_H
#define XUNGE_CORE_TRACK_H

#include "base/buf.h"
#include "core/event.h"
#include "core/geo.h"
#include "core/reachline.h"

#define TRACK_VAGUE_M 100        /* accuracy beyond: dropped; unknown accuracy is kept */
#define TRACK_JUMP_MM_PER_MS 40  /* faster: dropped */
#define TRACK_GAP_MS 600000      /* longer: a gap */
/* Of one patrol, repeated points counted: beyond these it has no measures, as if no point had come
 * (28 hours at a point a second).  So folding one anew has a bound. */
#define TRACK_POINTS_MAX 100000
#define TRACK_EVENTS_MAX 10000

struct track_point {
	int64_t at_ms; /* event time */
	struct geo at; /* WGS-84 */
	int32_t acc_m; /* rounded up; -1: unknown */
};

struct track { /* zeroed = no points */
	/* of all that came, whatever the order */
	uint32_t events, came; /* track events, points */
	bool mock;             /* the phone reported a mocked position */
	bool backwards;        /* times inside one event run backwards */
	bool stale;            /* what follows is not true until track_fold() */
	/* folded */
	uint32_t kept, vague, jumps;
	uint32_t near;         /* kept ones within 100 m of the line */
	int64_t first_ms;      /* earliest point, dropped or not */
	struct track_point last; /* latest point, dropped or not */
	struct track_point prev; /* latest point kept */
	int64_t duration_ms, distance_mm;
	uint64_t line;         /* reachline_id() of the line it was measured by, 0: none */
	uint32_t samples;      /* of that line */
	uint64_t *bits;        /* those covered, NULL: none; owned */
	uint32_t hint;         /* of reachline_near() */
};

void track_clear(struct track *t); /* frees; no points again */

/* Reads the points of an event (token `pts` of j, checked by event_decode) as they stand.
 * out: room for EVENT_PTS_MAX.  *backwards is set when times run backwards, else untouched. */
uint32_t track_read(const struct json *j, uint32_t pts, int64_t when_ms, enum crs crs, struct track_point *out, bool *backwards);
/* The same of an event that was checked when it was stored, a top object; also its `mock`.
 * 0: it is none. */
uint32_t track_read_event(struct json *j, struct track_point *out, bool *backwards, bool *mock);

/* Adds an event of n points (sorted in place); line: of the target, may be NULL.  May leave t stale. */
void track_add(struct track *t, struct track_point *p, uint32_t n, bool mock, bool backwards, const struct reachline *line);

/* t is measured by this line from now on: no more than a note when it has no points, else t is stale. */
void track_line(struct track *t, const struct reachline *line);

/* Folds t anew from all its points, in any order (sorted in place).  events, came, mock and
 * backwards must be those of all points; they stay. */
void track_fold(struct track *t, struct track_point *p, size_t n, const struct reachline *line);
/* Puts the points in order and says of each what the fold makes of it. */
enum { TRACK_MARK_REPEATED, TRACK_MARK_KEPT, TRACK_MARK_VAGUE, TRACK_MARK_JUMP };
void track_mark(struct track_point *p, size_t n, uint8_t *mark);
bool track_is_beyond(const struct track *t); /* one of the bounds was passed: t has no measures */

int track_coverage(const struct track *t); /* thousandths of the line, rounded down; -1: there is no line */

/* For the database: a version byte, then numbers, filled up to 56 bytes, then a bit for each point of the line.  A state that is not stale.  track_load takes `events` from
 * elsewhere (a column of its own); false: it cannot be read. */
void track_save(const struct track *t, struct buf *out);
bool track_load(struct track *t, struct slice bytes) MUST_CHECK;

/* ------------------------------------------------------------------ verdict */

/* Bits of a verdict; 0 is valid.  The numbers are stored; never renumber. */
enum {
	TRACK_TOO_SHORT_TIME = 1 << 0,
	TRACK_TOO_SHORT_DIST = 1 << 1,
	TRACK_TOO_FEW_POINTS = 1 << 2, /* fewer than 2 kept */
	TRACK_OFF_REACH = 1 << 3,      /* there is a line, and fewer than half of the kept points are within 100 m of it */
	TRACK_LOW_COVERAGE = 1 << 4,
	TRACK_NO_END = 1 << 5,
	TRACK_NOT_APPOINTED = 1 << 6,
	TRACK_MIN_GAP = 1 << 7,        /* given by schema/patrols.c: it needs the patrols before */
	TRACK_SPEED = 1 << 8,          /* over 15 m/s on average; or 3 jumps and more, and more than a tenth of the points */
	TRACK_MOCK = 1 << 9,
	TRACK_CLOCK = 1 << 10,         /* end before start; times of an event backwards; points over 10 min outside */
};
#define TRACK_REASONS 11
/* Those that a duty rule decides by its thresholds; the others hold whatever the rule. */
#define TRACK_BY_RULE (TRACK_TOO_SHORT_TIME | TRACK_TOO_SHORT_DIST | TRACK_LOW_COVERAGE | TRACK_MIN_GAP)

struct track_reason {
	const char *name, *zh; /* "TOO_SHORT_TIME", "时长不足" */
};
extern const struct track_reason track_reasons[TRACK_REASONS]; /* by bit */

/* What a duty rule asks of a patrol; -1: nothing. */
struct track_rule {
	int64_t min_ms, min_mm;
	int32_t min_coverage; /* thousandths */
};

struct track_facts {
	int64_t start_ms, end_ms;
	bool has_end;
	bool appointed;
};

/* rule NULL: no thresholds. */
uint32_t track_verdict(const struct track *t, const struct track_facts *f, const struct track_rule *rule);

#endif
