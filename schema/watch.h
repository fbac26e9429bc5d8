/* watch.h - the platform's eye on its devices and on itself: alerts device_silent, seq_gap, clock_skew, held and
 * storage_low.  Each is raised while it is so and dropped when it is over.  Looks by few queries over what is in
 * trouble; writes what changed. */
#ifndef XUNGE_SCHEMA_WATCH_H
#define XUNGE_SCHEMA_WATCH_H

#include "schema/alerts.h"

#define WATCH_EVERY_MS (30 * 1000LL)
#define WATCH_HELD_EVERY_MS (10 * 60 * 1000LL)
#define WATCH_GAP_MS (30 * 60 * 1000LL)            /* asked for again for so long: seq_gap */
#define WATCH_HOLES_MS (7 * 86400 * 1000LL)        /* given up so long ago: told, unless somebody knows */
#define WATCH_SKEW_MS (5 * 60 * 1000LL)            /* a device's clock is off by more */
#define WATCH_CLOCK_MS 1000LL                      /* the platform's clock stands before its last commit by more */
#define WATCH_HELD_MS (5 * 86400 * 1000LL)
#define WATCH_DISK_LOW (1024LL * 1024 * 1024)      /* free bytes below: severity 2; or below 5 % of the disk */
#define WATCH_DISK_LEAST (256LL * 1024 * 1024)     /* below: severity 1 */
#define WATCH_PLATFORM "platform"                  /* subject of what concerns no device */

struct watch;

/* Borrows st and as.  silent_hours: a device that was heard of, and then not for so long, is silent. */
struct watch *watch_new(struct store *st, struct alerts *as, int64_t silent_hours);
void watch_free(struct watch *w);
void watch_clear_memory(struct watch *w); /* the batch is gone: looks again at the next call */

/* Inside an open batch; every 30 s does something, else returns at once.  last_ms: time of the last commit. */
enum err watch_due(struct watch *w, int64_t now_ms, int64_t last_ms) MUST_CHECK;

/* What watch_due does of the disk, with the sizes as arguments (-1: unknown).  A warning goes when an eighth
 * more than its limit is free. */
enum err watch_disk(struct watch *w, int64_t free_bytes, int64_t total_bytes, int64_t now_ms) MUST_CHECK;

#endif
