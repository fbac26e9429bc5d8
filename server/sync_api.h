/* sync_api.h - what phones ask by HTTP: GET /api/v1/sync, POST /api/v1/events. */
#ifndef XUNGE_SERVER_SYNC_API_H
#define XUNGE_SERVER_SYNC_API_H

#include "server/http.h"

#define SYNC_EVENTS_MAX (256 * 1024) /* bytes of a payload, as over MQTT */

struct json_t;

void sync_get(void *ctx, struct request *rq, struct response *rs);
void sync_post_events(void *ctx, struct request *rq, struct response *rs);

/* Ingest's answer to events, {"acks":[...]}: writes ours.  One ack (one epoch, as good as always) stands there as it would
 * come by MQTT, with `acks` beside its members. */
void sync_events_answer(const struct json_t *line, struct response *rs);

#endif
