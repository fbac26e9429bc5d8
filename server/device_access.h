/* device_access.h - which phone asks: HTTP Basic with the device's id and its MQTT secret (contract, section 6).
 * No cookie, no CSRF token: a page of another origin cannot make a browser send this header. */
#ifndef XUNGE_SERVER_DEVICE_ACCESS_H
#define XUNGE_SERVER_DEVICE_ACCESS_H

#include "server/app.h"

#define DEVICE_ID_ROOM 33

/* False: rs says why not (401 with its challenge; 429 after too many wrong secrets; 503 without a database). */
bool device_access(struct app *a, const struct request *rq, struct response *rs, char id[DEVICE_ID_ROOM]);

#endif
