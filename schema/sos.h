/* sos.h - calls for help: one alert for each person (or device that is nobody's), by the latest call that stands. */
#ifndef XUNGE_SCHEMA_SOS_H
#define XUNGE_SCHEMA_SOS_H

#include "core/event.h"
#include "schema/alerts.h"
#include "schema/judge.h"

/* ev is stored.  An older call than one that stands changes nothing. */
enum err sos_rises(struct store *st, struct alerts *as, const struct event *ev, const struct verdict *v, const char *device,
	int64_t now_ms) MUST_CHECK;
/* A call of this person is void: the alert goes, unless another call of the last 24 hours stands. */
enum err sos_void(struct store *st, struct alerts *as, const char *person, struct slice device, int64_t now_ms) MUST_CHECK;

#endif
