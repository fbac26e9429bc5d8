/* rights.h - which roles the actor of an event had when it happened. */
#ifndef XUNGE_SCHEMA_RIGHTS_H
#define XUNGE_SCHEMA_RIGHTS_H

#include "core/casus.h"
#include "core/event.h"
#include "schema/registry.h"

#define RIGHTS_OFFICE "office" /* the device of officers' acts */

/* Of an officer's act: the role and scope that it was done with (member `as`; written by ingest itself).  Else the
 * appointments of `person` valid on the event's day; the first CASUS_GRANTS of them by scope, role, day. */
enum err rights_of(struct registry *r, const struct event *ev, struct slice device, struct slice person,
	struct casus_grant grant[CASUS_GRANTS], uint32_t *n) MUST_CHECK;

#endif
