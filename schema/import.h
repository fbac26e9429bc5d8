/* import.h - registry files: read, checked, staged, then taken whole or not at all (contract, section 4).
 *
 *   file --import_stage--> staging database (a temporary SQLite file) --import_apply--> registry
 *
 * The command stages; whoever writes the database (ingest, or the command when ingest does not
 * run) applies: it reads the staging file beside the registry, row by row in order of the keys (so
 * that the memory is the same for ten rows and for the 620,000 of the national list), closes the rows
 * that change (until) and inserts the new (since), all under one new commit number.
 *
 * Columns may stand in any order.  One that the file lacks stays as it is in the rows that hold, and
 * is empty in new ones; one that is there and empty empties it.  Unknown columns are faults, but for
 * areas.  Faults are told as FILE:LINE:CELL: COLUMN: what (in GeoJSON: FILE:LINE:COLUMN: pointer: what). */
#ifndef XUNGE_SCHEMA_IMPORT_H
#define XUNGE_SCHEMA_IMPORT_H

#include "schema/store.h"

/* areas reaches people appointments exemptions categories duties calendar map; NULL at the end */
extern const char *const import_kinds[];

#define IMPORT_ERRORS_MAX 50 /* reported for one file; the rest are counted */

struct import_report {
	void (*error)(void *ctx, const char *line); /* "areas.csv:17:1: code: ..." */
	void *ctx;
	int64_t errors, rows;
};

/* Reads file (UTF-8 with or without BOM, or GB18030; also a pipe) into a new staging file at `staged`
 * (mode 0600; ERR_EXISTS when there is one).  ERR_INVALID after report->error() told each fault; on
 * any error there is no staging file. */
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
