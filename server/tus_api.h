/* tus_api.h - photos come up: tus 1.0.0 at /api/v1/files (core, creation, creation-with-upload, checksum, expiration,
 * termination), for devices. */
#ifndef XUNGE_SERVER_TUS_API_H
#define XUNGE_SERVER_TUS_API_H

#include "server/app.h"

#define TUS_METADATA_MAX 2048 /* bytes of the header */

/* A body of n bytes is about to come: that of an upload streams. */
void tus_body(struct app *a, struct request *rq, struct response *rs, size_t n);

void tus_options(void *ctx, struct request *rq, struct response *rs);
void tus_create(void *ctx, struct request *rq, struct response *rs);
void tus_head(void *ctx, struct request *rq, struct response *rs);
void tus_patch(void *ctx, struct request *rq, struct response *rs);
void tus_delete(void *ctx, struct request *rq, struct response *rs);
void tus_override(void *ctx, struct request *rq, struct response *rs); /* POST as PATCH or DELETE */

/* files_world: the end of an upload, answered. */
void tus_finished(void *ctx, uint64_t ticket, enum files_way way, const struct upload *u, const struct files_end *end);

#endif
