/* stream.h - one app installation of one device: its window, its chain of events.
 * Events of a stream are chained (event.prev) in order of arrival; every STREAM_CHUNK of them the
 * directory (table chunk) notes the lowest and highest seq, so that an old event is found in at
 * most STREAM_CHUNK steps without an index over all events. */
#ifndef XUNGE_SCHEMA_STREAM_H
#define XUNGE_SCHEMA_STREAM_H

#include "base/map.h"
#include "core/event.h"
#include "core/window.h"
#include "schema/store.h"

#define STREAM_CHUNK 256

struct stream {
	int64_t id;
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
	struct window window;
	int64_t last;
	int64_t chunk_n, chunk_lo, chunk_hi;
	int64_t answers;
	bool is_new; /* made in the open batch: its row is there, and the batch must be committed */
	bool dirty;
	void *item; /* intake's: what this batch answers on it */
};

struct streams {
	struct store *st;
	struct map map;     /* "device epoch" -> struct stream */
	struct stream **dirty;
	size_t ndirty, cap;
	struct {            /* the last walk along a chain: resent events come in rows */
		int64_t stream, head;
		struct {
			int64_t seq, commit;
		} e[2 * STREAM_CHUNK];
		uint32_t n;
	} walk;
};

void streams_clear(struct streams *s); /* drops all memory; what is dirty is lost */

/* The stream, made (in memory) when make and there is none.  NULL with OK: there is none. */
struct stream *streams_get(struct streams *s, struct slice device, struct slice epoch, bool make, enum err *e);
void streams_touch(struct streams *s, struct stream *t); /* it will be written by streams_flush */
enum err streams_flush(struct streams *s) MUST_CHECK;

/* Notes that its next event is `commit` with seq; returns event.prev for it in *prev. */
enum err stream_append(struct streams *s, struct stream *t, int64_t commit, int64_t seq, int64_t *prev) MUST_CHECK;

/* The commit of its event seq, 0: none was applied. */
enum err stream_find(struct streams *s, struct stream *t, int64_t seq, int64_t *commit) MUST_CHECK;

#endif
