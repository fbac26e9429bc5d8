/* outfile.h - where an export goes: standard output, or a file that appears under its name only when
 * it is whole (FILE.tmp-PID, fsync, rename). */
#ifndef XUNGE_CLI_OUTFILE_H
#define XUNGE_CLI_OUTFILE_H

#include <signal.h>

#include "base/buf.h"

#define OUTFILE_BLOCK (256 * 1024) /* bytes gathered before they are written */

struct outfile {
	struct buf b; /* the caller adds here, and calls outfile_push() between rows */
	int fd;
	const char *name; /* as the caller gave it; NULL: standard output */
	const volatile sig_atomic_t *stop; /* set after outfile_open; NULL: none.  Once it is not 0, writing ends with ERR_CLOSED */
	int64_t written;  /* bytes */
	char *part;       /* NULL: written in place (standard output, a pipe, a device) */
};

/* Borrows name until the end. */
enum err outfile_open(struct outfile *o, const char *name, struct why *why) MUST_CHECK;
enum err outfile_push(struct outfile *o, struct why *why) MUST_CHECK; /* writes when a block is full */
/* Writes the rest and gives the file its name.  Ends o, also on failure. */
enum err outfile_close(struct outfile *o, struct why *why) MUST_CHECK;
int64_t outfile_bytes(const struct outfile *o); /* given so far, written or waiting */
void outfile_abort(struct outfile *o); /* leaves nothing behind; nothing after outfile_close */

#endif
