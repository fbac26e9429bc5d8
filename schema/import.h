/* import.h - registry files: read, checked, staged, then taken whole or not at all (contract, section 4).
 *
 *   file --import_stage--> staging database (a temporary SQLite file) --import_apply--> registry
 *
 * The command stages; whoever writes the database (ingest, or the command when ingest does not
 * run) applies: it attaches the staging file, compares with the rows that hold, closes the changed
 * ones (until) and inserts the new (since), all under one new commit number. */
#ifndef XUNGE_SCHEMA_IMPORT_H
#define XUNGE_SCHEMA_IMPORT_H

#include "schema/store.h"

/* areas reaches people appointments exemptions categories duties calendar map; NULL at the end */
extern const char *const import_kinds[];

#define IMPORT_ERRORS_MAX 50 /* reported for one file; the rest are counted */

struct import_report {
	void (*error)(void *ctx, const char *line); /* "areas.csv:17: code: ..." */
	void *ctx;
	int64_t errors, rows;
};

/* Reads file (UTF-8 with or without BOM, or GB18030) into a new staging file at `staged`.
 * ERR_INVALID after report->error() told each fault; then there is no staging file. */
enum err import_stage(const char *kind, const char *file, const char *staged, struct import_report *report, struct why *why) MUST_CHECK;

struct import_result {
	int64_t inserted, updated, unchanged;
	int64_t commit; /* 0 when nothing changed: no commit number is taken */
};

/* Inside the caller's transaction.  Checks what needs the database (a grid's community, an
 * appointment's person); those errors go to report as well, ERR_INVALID, nothing taken. */
enum err import_apply(struct store *st, int64_t now_ms, const char *kind, const char *staged, struct import_report *report,
	struct import_result *out, struct why *why) MUST_CHECK;

#endif
