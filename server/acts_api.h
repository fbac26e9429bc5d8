/* acts_api.h - what an officer does over HTTP: the request checked for its form, handed to ingest, answered when
 * ingest answers.  Whether he may, and whether it is possible, ingest says (schema/acts.h). */
#ifndef XUNGE_SERVER_ACTS_API_H
#define XUNGE_SERVER_ACTS_API_H

#include "server/http.h"

struct json_t; /* jansson's */

void acts_post_action(void *ctx, struct request *rq, struct response *rs); /* /api/v1/cases/{}/actions */
void acts_post_ack(void *ctx, struct request *rq, struct response *rs);    /* /api/v1/alerts/{*}/ack */

void acts_post_reminder(void *ctx, struct request *rq, struct response *rs); /* /api/v1/reminders */

/* errand_done: ctx is the struct app. */
void acts_answer(void *ctx, uint64_t ticket, const struct json_t *line);

#endif
