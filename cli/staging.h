/* staging.h - the staging file of an import: beside the database, and gone again whatever ends the
 * import. */
#ifndef XUNGE_CLI_STAGING_H
#define XUNGE_CLI_STAGING_H

#include "cli/cli.h"

/* Runs work(ctx, staged) with the name of a staging file that is not there yet, in a child process;
 * returns its exit status.  A signal that ends it (SIGINT, SIGTERM, SIGHUP), or a child that dies,
 * leaves no staging file; what was left by an import that was killed is removed first.
 * Returns in the child as well, with the status that it is to end with. */
int staging_run(struct cli *c, int (*work)(void *ctx, const char *staged), void *ctx);

#endif
