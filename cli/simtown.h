/* simtown.h - what a simulated field worker does all day: people and places of a town's registry files, and the
 * next event of each one's story.  A patrol starts at a target of the person's own appointment, goes along the
 * reach's line or around the grid at a walk, and ends, mostly when it has lasted as long as the demo's rules ask; between
 * patrols there are inspections, visits and reports, and seldom a call for help. */
#ifndef XUNGE_CLI_SIMTOWN_H
#define XUNGE_CLI_SIMTOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Small, seeded, the same everywhere (splitmix64). */
struct simrng {
	uint64_t s;
};
uint64_t simrng_next(struct simrng *r);
uint32_t simrng_below(struct simrng *r, uint32_t n); /* 0..n-1; n > 0 */
double simrng_unit(struct simrng *r);                /* 0 <= x < 1 */
bool simrng_chance(struct simrng *r, double p);

struct simtown;

/* Reads appointments.csv, reaches.csv, devices.csv and map.geojson of a folder.  dir NULL: a town without
 * people, whose phones only report status and inspections. */
enum err simtown_open(const char *dir, struct simtown **out, struct why *why) MUST_CHECK;
void simtown_free(struct simtown *t);

/* The devices of devices.csv, in its order. */
int simtown_devices(const struct simtown *t);
const char *simtown_device(const struct simtown *t, int i);

struct simpost { /* an appointment from which one goes out; texts are borrowed */
	const char *role, *scope, *route;
	int path; /* the line one goes along, -1: none */
	double length_m;
};
/* The k-th of the device's person. */
bool simtown_post(const struct simtown *t, const char *device, int k, struct simpost *out);
/* The first device whose person has a post there; NULL: none. */
const char *simtown_who(const struct simtown *t, const char *scope, struct simpost *out);
/* A point of a path, folded back at its ends, a few metres beside it: lon, lat. */
void simtown_point(const struct simtown *t, int path, double at_m, struct simrng *r, double out[2]);
/* Few people have stopped going out: their phones only report. */
bool simtown_idle(const char *device);

/* District of a device in devices.csv; NULL: it is not there. */
const char *simtown_district(const struct simtown *t, const char *device);

#define SIMTOWN_ID 17

struct simstory { /* begin with simtown_story(); holds no memory */
	int who; /* index of the person, -1: nobody we know */
	bool idle; /* starts no patrol */
	int steps; /* of the open patrol that are still to come; 0: none is open */
	int path;  /* line it goes along, -1: none */
	double at_m, speed; /* where on the line (metres, folded back at its ends), metres a second */
	int64_t until_ms;   /* the open patrol lasts at least so long */
	int64_t last_ms;    /* of its last event */
	uint32_t count;     /* events so far */
	const char *photos, *device; /* where its photos are put (cli/simphoto.h), borrowed; NULL: they never come */
	char patrol[SIMTOWN_ID];
};
void simtown_story(const struct simtown *t, const char *device, struct simstory *s);

/* An element of `att`.  dir, device: as in simstory; seed: of the place. */
void simtown_photo(struct simrng *r, const char *dir, const char *device, uint64_t seed, const char *role, struct buf *b);

struct simphone_state { /* for `status` */
	int64_t queue, oldest_ms; /* oldest_ms: 0 = none */
};

/* The rest of an event behind its seq: `"kind":...,"at":...,"body":{...}`, without braces.
 *   now_ms    when it happens;  shift_ms  the phone's clock - the true one
 *   off       does the phone know that (then it says `off`)? */
void simtown_event(const struct simtown *t, struct simstory *s, struct simrng *rng, int64_t now_ms, int64_t shift_ms,
	bool off, const struct simphone_state *state, struct buf *out);

/* The same for an event that cannot be stored as it is: unknown kind or broken body (rejected),
 * a stranger, or an hour ahead (held). */
void simtown_bad(struct simrng *rng, int64_t now_ms, struct buf *out);

#endif
