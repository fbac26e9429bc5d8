/* log.h - one event a line on stderr:  <4>batch: commit failed rows=12 err=full
 * Daemons log; base/, core/ and schema/ return.  No payloads, tokens or positions above debug.
 * The number is the syslog level (journald reads it).  XUNGE_TRACE=mqtt,batch,sql,ws (or all)
 * turns on debug lines of those modules without a rebuild. */
#ifndef XUNGE_BASE_LOG_H
#define XUNGE_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

void log_error(const char *module, const char *fmt, ...) PRINTF(2, 3);
void log_warn(const char *module, const char *fmt, ...) PRINTF(2, 3);
void log_info(const char *module, const char *fmt, ...) PRINTF(2, 3);
void log_debug(const char *module, const char *fmt, ...) PRINTF(2, 3);

/* Is module named in XUNGE_TRACE?  Cheap enough to guard the building of a debug line. */
bool log_traced(const char *module);

#endif
