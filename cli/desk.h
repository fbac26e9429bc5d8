/* desk.h - where the command's changes of the registry go: through ingest's local door when ingest
 * runs, else straight into the database.  The same calls either way (schema/office.h). */
#ifndef XUNGE_CLI_DESK_H
#define XUNGE_CLI_DESK_H

#include "base/buf.h"
#include "cli/cli.h"
#include "schema/account.h"
#include "schema/freeze.h"
#include "schema/import.h"

struct desk;

enum err desk_open(struct cli *c, struct desk **out, struct why *why) MUST_CHECK;
/* ERR_CLOSED when no ingest runs. */
enum err desk_open_door(struct cli *c, struct desk **out, struct why *why) MUST_CHECK;
void desk_close(struct desk *d);

/* Each answers OK and the commit number of the change (0: nothing changed), or why not. */
enum err desk_import(struct desk *d, const char *kind, const char *staged, bool dry_run,
	struct import_report *report, struct import_result *out, struct why *why) MUST_CHECK;
enum err desk_device_add(struct desk *d, const char *id, const char *person, const char *district,
	char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why) MUST_CHECK;
enum err desk_device_enrol(struct desk *d, const char *id, const char *person, int64_t *commit,
	struct why *why) MUST_CHECK;
enum err desk_device_revoke(struct desk *d, const char *id, int64_t *commit, struct why *why) MUST_CHECK;
/* A code that lets one phone in: path of the field app, until when.  person, district NULL: as schema/enrol.h says. */
struct desk_code {
	char path[160], until[48];
};
enum err desk_device_code(struct desk *d, const char *id, const char *person, const char *district, int64_t hours,
	struct desk_code *out, struct why *why) MUST_CHECK;
enum err desk_user_put(struct desk *d, const char *name, const char *person, const char *role,
	const char *scope, const char *hash, int64_t *commit, struct why *why) MUST_CHECK;
enum err desk_user_disable(struct desk *d, const char *name, int64_t *commit, struct why *why) MUST_CHECK;

/* Closes the books of "2023-12" or "2023": which months, now. */
enum err desk_freeze(struct desk *d, const char *period, struct freeze_done *done, int64_t *commit, struct why *why) MUST_CHECK;

/* One payload of events from an older system (through the door only); *answer is the answer's line. */
enum err desk_events(struct desk *d, const char *device, struct slice payload, struct buf *answer,
	struct why *why) MUST_CHECK;
/* The answer to `status` (through the door only). */
enum err desk_status(struct desk *d, struct buf *answer, struct why *why) MUST_CHECK;

#endif
