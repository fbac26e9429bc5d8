/* simpast.h - a history for the demo town: weeks of patrols, inspections, visits and works of its people, and the
 * cases of a script, as NDJSON for `xunge import events`.  Dates lie before a given instant; the same seed, instant
 * and town give the same bytes. */
#ifndef XUNGE_CLI_SIMPAST_H
#define XUNGE_CLI_SIMPAST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/simtown.h"

#define SIMPAST_DAYS 400 /* at most */

/* Appends to out.  days: 1 .. SIMPAST_DAYS before now_ms.  cases: script file (deploy/demo/cases.json), NULL: no cases.
 * photo_dir: where the photos of the cases are put (cli/simphoto.h); NULL: they never come.
 * ERR_NOTFOUND, ERR_INVALID: the script cannot be read. */
enum err simpast_write(const struct simtown *t, const char *cases, const char *photo_dir, uint64_t seed, int64_t now_ms, int days,
	struct buf *out, struct why *why) MUST_CHECK;

#endif
