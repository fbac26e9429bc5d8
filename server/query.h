/* query.h - the part of an address behind the `?`: name=value pairs, percent-decoded. */
#ifndef XUNGE_SERVER_QUERY_H
#define XUNGE_SERVER_QUERY_H

#include "base/buf.h"

#define QUERY_PAIRS 16
#define QUERY_BYTES_MAX 4096

struct query { /* zeroed = empty */
	struct {
		char *name, *value; /* into text */
	} pair[QUERY_PAIRS];
	int n;
	char *text; /* owned */
};

/* Reads q (NULL: nothing was asked).  `+` stands for a space.  ERR_INVALID: too long, too many, a name twice, a
 * broken %, a NUL or bad UTF-8; *why says what. */
enum err query_read(struct query *out, const char *q, struct why *why) MUST_CHECK;
void query_done(struct query *q);

/* The value; NULL: it was not asked for, or left empty. */
const char *query_get(const struct query *q, const char *name);

/* The first name that is not in the NULL-ended list; NULL: all are. */
const char *query_stranger(const struct query *q, const char *const *names);

#endif
