/* exports_api.h - GET /api/v1/exports/{name}.{format}: the exports of schema/exports, limited to the asker's scope.
 *
 *   asked -> (worker: opens a reader of its own, first piece) -> head and first chunk -> the socket took it -> (worker: next
 *   piece) ... -> last chunk                a fault on the way: the connection is closed without it
 *
 * Between two pieces nothing is held but a cursor and one piece: no thread, no read transaction. */
#ifndef XUNGE_SERVER_EXPORTS_API_H
#define XUNGE_SERVER_EXPORTS_API_H

#include "server/http.h"

#define EXPORTS_MAX 8       /* at once; beyond: 503 */
#define EXPORTS_OF_USER 2   /* at once of one account; beyond: 429 */
#define EXPORT_THREADS 2

void exports_get(void *ctx, struct request *rq, struct response *rs);

#endif
