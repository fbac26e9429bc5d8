/* exports_api.h - GET /api/v1/exports/{name}.{format}: the exports of schema/exports, limited to the asker's scope.
 *
 * Streamed (streamjob.h); the first piece opens a reader of its own.  Between two pieces nothing is held but a cursor and one
 * piece: no thread, no read transaction. */
#ifndef XUNGE_SERVER_EXPORTS_API_H
#define XUNGE_SERVER_EXPORTS_API_H

#include "server/app.h"
#include "server/query.h"

#define EXPORTS_MAX 8       /* at once; beyond: 503 */
#define EXPORTS_OF_USER 2   /* at once of one account; beyond: 429 */
#define EXPORT_THREADS 2

/* A place among those who keep a helper thread busy for long.  Embed it; zeroed: none. */
struct seat {
	struct seat *next, **at;
	struct app *a;
	char user[65];
};

bool seat_take(struct seat *s, struct app *a, const char *user, struct response *rs); /* false: rs says why not */
void seat_leave(struct seat *s); /* none: does nothing */

#define QUESTION_TAG 40
/* An ETag of what was asked, where it always has the same answer: as of a commit that was named. */
void question_tag(struct app *a, const char *scope, const char *what, const struct query *q, char out[QUESTION_TAG]); /* "": none */

void exports_get(void *ctx, struct request *rq, struct response *rs);

#endif
