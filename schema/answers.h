/* answers.h - what a batch answers: gathered while it is open, told as acks when it is on disk.
 * One answer for each (device, epoch) and asker; what had no identity is answered without. */
#ifndef XUNGE_SCHEMA_ANSWERS_H
#define XUNGE_SCHEMA_ANSWERS_H

#include "base/buf.h"
#include "schema/intake.h"
#include "schema/stream.h"

#define ANSWERS_TOLD 400 /* results in one ack; more go into another one */

enum reject { BAD_JSON, BAD_EVENT, TOO_LARGE, UNKNOWN_KIND, DEVICE_REVOKED, WRONG_DISTRICT };

/* What was answered otherwise than stored. */
struct result {
	int64_t seq;
	const char *status; /* literal; NULL: taken back (held, then released in the same batch) */
	const char *code;   /* literal */
	char *detail;
};

struct answer {
	struct answer *same;   /* the stream's answer for another asker */
	struct stream *stream; /* NULL: an error without identity */
	char device[EVENT_DEVICE_MAX + 1], district[33]; /* as claimed */
	uint64_t tag;
	int64_t commit;      /* the highest that this batch stored of it, 0 = none */
	int64_t hello_first; /* 0: no hello; else all results from here on are told */
	struct result *result;
	uint32_t nresult, cap;
	uint32_t stored, duplicate; /* not told yet */
	enum reject error;          /* when stream is NULL */
	int64_t limit;              /* of the error; 0: none */
};

struct answers { /* zeroed = none */
	struct answer **v;
	size_t n, cap;
	size_t told, told_results; /* how far answers_next has come */
	struct buf text;
};

void answers_clear(struct answers *an);
void answers_done(struct answers *an);

/* The answer on stream t to `from`, made when there is none. */
struct answer *answers_on(struct answers *an, struct stream *t, const struct intake_from *from);
/* Answers `from` that something without identity was refused. */
void answers_error(struct answers *an, const struct intake_from *from, enum reject code, int64_t limit);

/* status and code are literals; detail is copied.  The same status of a seq is told once. */
void answer_result(struct answer *a, int64_t seq, const char *status, const char *code, const char *detail);
/* What was held in this batch was applied in it after all, as `commit`. */
void answers_released(struct stream *t, int64_t seq, int64_t commit);

/* The next ack; false at the end.  commit: the head's; now_ms: the platform's clock, by which phones
 * set theirs.  Reads results of hellos from st. */
bool answers_next(struct answers *an, struct store *st, int64_t commit, int64_t now_ms, struct intake_ack *out);

#endif
