/* enrol_api.h - letting phones in: a code made by who may, redeemed once by a phone that nobody knows yet. */
#ifndef XUNGE_SERVER_ENROL_API_H
#define XUNGE_SERVER_ENROL_API_H

#include "server/app.h"

#define ENROL_TOKEN_MAX 100 /* bytes that are looked at */

/* POST /api/v1/devices/{id}/code {"person","district"}: both optional; answered by ingest. */
void enrol_post_code(void *ctx, struct request *rq, struct response *rs);

/* POST /api/v1/enrol {"token"}: no sign-in, the token is it.  Wrong ones are counted by address. */
void enrol_post(void *ctx, struct request *rq, struct response *rs);

#endif
