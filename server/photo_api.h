/* photo_api.h - photos go down: GET /api/v1/files/{sha256}, to whom may see an event that names one. */
#ifndef XUNGE_SERVER_PHOTO_API_H
#define XUNGE_SERVER_PHOTO_API_H

#include "server/http.h"

#define PHOTOS_SHOWN_MAX 64 /* at once */
#define PHOTO_PIECE (256 * 1024)

void photo_get(void *ctx, struct request *rq, struct response *rs);

#endif
