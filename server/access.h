/* access.h - who asks, and may he?  What the handlers of requests have in common. */
#ifndef XUNGE_SERVER_ACCESS_H
#define XUNGE_SERVER_ACCESS_H

#include "server/app.h"

const char *access_cookie(const struct app *a); /* its name */

/* The live session of the request's cookie, marked as used; NULL: none. */
struct session *access_session(struct app *a, const struct request *rq);

/* Session and token of a write (cookie, origin, X-CSRF-Token); NULL: rs says what is wrong. */
struct session *access_writer(struct app *a, const struct request *rq, struct response *rs);

/* Does a page of ours ask, or no page?  Else rs says so. */
bool access_origin(const struct request *rq, struct response *rs);

void access_no_store(struct response *rs);
void access_json(struct response *rs);         /* 200, JSON, not to be stored */
void access_unauthorized(struct response *rs); /* 401 */
bool access_is_json(const char *type);         /* Content-Type: application/json */

#endif
