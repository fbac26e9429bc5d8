/* live_api.h - the live view over HTTP: the snapshot that a page begins with, where it can be compressed. */
#ifndef XUNGE_SERVER_LIVE_API_H
#define XUNGE_SERVER_LIVE_API_H

#include "server/http.h"

void live_get_snapshot(void *ctx, struct request *rq, struct response *rs);

#endif
