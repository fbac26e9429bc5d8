/* cli.h - what the commands of `xunge` share.  A command returns its exit status. */
#ifndef XUNGE_CLI_CLI_H
#define XUNGE_CLI_CLI_H

#include "base/conf.h"
#include "base/err.h"
#include "schema/store.h"

enum cli_status { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
	const char *name;      /* of the command, as it was called: "device add" */
	struct conf *conf;     /* the environment alone when there is no file */
	const char *conf_file; /* NULL: none */
};

/* One line on stderr: `xunge import: ` and what failed, on what, what to do. */
int cli_fail(const struct cli *c, const char *fmt, ...) PRINTF(2, 3);  /* CLI_FAILED */
int cli_usage(const struct cli *c, const char *fmt, ...) PRINTF(2, 3); /* CLI_USAGE, and where help is */
int cli_status(const struct cli *c, enum err e, const struct why *why); /* by e; OK is CLI_DONE */

/* [store] path.  Borrowed from c->conf. */
enum err cli_db(struct cli *c, const char **out, struct why *why) MUST_CHECK;

/* Refuses (ERR_DENIED) when root would write files beside a database that belongs to another user:
 * its owner could not open them (a reader makes -wal and -shm too). */
enum err cli_owner(const char *db, struct why *why) MUST_CHECK;

/* Opens [store] path for reading. */
enum err cli_read_store(struct cli *c, struct store **out, struct why *why) MUST_CHECK;

/* stdout must have taken all of it: CLI_FAILED (and a line) when it did not, else status. */
int cli_flush(const struct cli *c, int status);

/* The commands: argv[0] is the last word of the command's name. */
int cmd_init(struct cli *c, int argc, char **argv);
int cmd_migrate(struct cli *c, int argc, char **argv);
int cmd_check(struct cli *c, int argc, char **argv);
int cmd_backup(struct cli *c, int argc, char **argv);
int cmd_restore(struct cli *c, int argc, char **argv);
int cmd_import(struct cli *c, int argc, char **argv);
int cmd_export(struct cli *c, int argc, char **argv);
int cmd_freeze(struct cli *c, int argc, char **argv);
int cmd_device_add(struct cli *c, int argc, char **argv);
int cmd_device_code(struct cli *c, int argc, char **argv);
int cmd_device_enrol(struct cli *c, int argc, char **argv);
int cmd_device_revoke(struct cli *c, int argc, char **argv);
int cmd_device_list(struct cli *c, int argc, char **argv);
int cmd_user_add(struct cli *c, int argc, char **argv);
int cmd_user_passwd(struct cli *c, int argc, char **argv);
int cmd_user_disable(struct cli *c, int argc, char **argv);
int cmd_user_list(struct cli *c, int argc, char **argv);
int cmd_status(struct cli *c, int argc, char **argv);
int cmd_simulate(struct cli *c, int argc, char **argv);

/* `events` of cmd_import (cli/imports.c): NDJSON through the local door. */
int imports_events(struct cli *c, const char *file, bool dry_run);

#endif
