/* fault.h - points where a test makes the world fail.
 * XUNGE_FAULT=name:n lets the nth pass (from 1) of that point fail, once; name:n:kill sends
 * SIGKILL to ourselves there, name:n:term SIGTERM (and it does not fail).  Unset: one load and a branch. */
#ifndef XUNGE_BASE_FAULT_H
#define XUNGE_BASE_FAULT_H

#include <stdbool.h>

bool fault_hit(const char *name);

/* For tests inside one process: name:n as above, NULL turns it off.  Returns how often the point
 * was passed since the last call. */
int fault_arm(const char *spec);

#define FAULT(name) fault_hit(name)

#endif
