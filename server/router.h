/* router.h - one table: method, path, handler. */
#ifndef XUNGE_SERVER_ROUTER_H
#define XUNGE_SERVER_ROUTER_H

#include "server/http.h"

typedef void router_handler(void *ctx, struct request *rq, struct response *rs);

struct route {
	enum http_method method; /* GET answers HEAD too */
	/* "{}" stands for one non-empty piece between slashes, "{*}" (once, followed by plain text) for one or more. */
	const char *path;
	router_handler *handle;
};

enum router_hit { ROUTER_FOUND, ROUTER_NO_PATH, ROUTER_NO_METHOD };

/* Finds the route of n in table.  *out and param are set when found; *allow is the set of methods
 * (bit 1 << method) that the path knows. */
enum router_hit router_find(const struct route *table, size_t n, enum http_method method,
	const char *path, const struct route **out, struct slice param[REQUEST_PARAMS],
	unsigned *allow);

/* "GET, HEAD" for a 405. */
void router_allow(unsigned allow, struct buf *out);

#endif
