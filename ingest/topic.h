/* topic.h - whose message is it?  xunge/v1/{district}/{device}/{up|presence}, nothing looser.
 * A district is a claim, six digits when it is true: a false one is answered (wrong_district), not lost. */
#ifndef XUNGE_INGEST_TOPIC_H
#define XUNGE_INGEST_TOPIC_H

#include "base/slice.h"

enum topic_leaf { TOPIC_NONE = 0, TOPIC_UP, TOPIC_PRESENCE };

struct topic {
	enum topic_leaf leaf;
	struct slice district; /* 1..32 of [0-9A-Za-z_-], as claimed; borrowed */
	struct slice device;   /* [a-z0-9][a-z0-9-]{0,31}; borrowed */
	bool reserved;         /* office, ingest, server: no field device */
};

/* TOPIC_NONE: not a topic of ours, or a broken one; then *out is untouched. */
enum topic_leaf topic_parse(const char *s, size_t n, struct topic *out);

#endif
