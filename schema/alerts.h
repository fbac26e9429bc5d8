/* alerts.h - what a person must be told: unique for (type, subject), active or cleared, acknowledged or not.
 *
 *   raise -> active; nobody acknowledges in time -> the next role is told (centre, leader, district)
 *   clear -> cleared; raise again -> the same row, not acknowledged
 *
 * Kept by the batch in which they change (table alert, by rev): written by alerts_flush(), lost with the batch. */
#ifndef XUNGE_SCHEMA_ALERTS_H
#define XUNGE_SCHEMA_ALERTS_H

#include "base/map.h"
#include "core/area.h"
#include "schema/store.h"

/* The types (domain page, section 4). */
#define ALERT_SOS "sos"
#define ALERT_HAZARD "hazard"
#define ALERT_CASE_DUE_SOON "case_due_soon"
#define ALERT_CASE_OVERDUE "case_overdue"
#define ALERT_DUTY_DUE_SOON "duty_due_soon"
#define ALERT_DUTY_OVERDUE "duty_overdue"
#define ALERT_DEVICE_SILENT "device_silent"
#define ALERT_SEQ_GAP "seq_gap"
#define ALERT_CLOCK_SKEW "clock_skew"
#define ALERT_STORAGE_LOW "storage_low"
#define ALERT_HELD "held" /* events held for over five days (contract, section 2) */

#define ALERT_TITLE_MAX 400 /* bytes */
#define ALERT_LATE_MS (10 * 60 * 1000LL)

/* How long a role has to acknowledge before the next one is told; severity 4 is never told on. */
#define ALERT_ACK_1_MS (5 * 60 * 1000LL)
#define ALERT_ACK_2_MS (15 * 60 * 1000LL)
#define ALERT_ACK_3_MS (4 * 3600 * 1000LL)
int64_t alerts_ack_ms(int severity); /* -1: for ever */

#define ALERTS_MEMORY 65536 /* active alerts in memory; beyond, each is read when it is asked for */

struct alerts;

struct alert {
	const char *type, *subject; /* borrowed; subject: case id, device, person/rule/target ... */
	int severity;               /* 1 .. 4 */
	const char *casus, *person; /* NULL: none */
	const char *title;          /* for people, Chinese; cut at ALERT_TITLE_MAX */
	const char *scope, *area;   /* area or reach code; area code; NULL or "": the whole platform */
	bool has_loc;
	int32_t lat_e7, lon_e7;     /* WGS-84 */
	int64_t at_ms;              /* when it happened; -1: when it was raised */
};

struct alerts *alerts_new(struct store *st);
void alerts_free(struct alerts *as);
void alerts_clear_memory(struct alerts *as); /* drops what was not written: the batch is gone */

void alerts_limit(struct alerts *as, size_t entries); /* another ALERTS_MEMORY; before the first use */
bool alerts_dirty(const struct alerts *as); /* is there something to write? */

/* It is so.  New or cleared: raised now (now_ms: the platform's clock); active already: its facts follow,
 * and one that became graver must be acknowledged again. */
enum err alerts_raise(struct alerts *as, const struct alert *a, int64_t now_ms) MUST_CHECK;
/* It is so no longer.  Unknown or cleared: nothing. */
enum err alerts_drop(struct alerts *as, const char *type, const char *subject, int64_t now_ms) MUST_CHECK;
/* Somebody knows.  The earliest at_ms counts, but none before the alert.  ERR_NOTFOUND: there is none, or it is cleared. */
enum err alerts_ack(struct alerts *as, const char *type, const char *subject, const char *by, int64_t at_ms) MUST_CHECK;
/* Drops the active ones of this type whose subject is not in `keep` (subject -> anything). */
enum err alerts_keep(struct alerts *as, const char *type, const struct map *keep, int64_t now_ms) MUST_CHECK;
/* Tells the next role of what waited too long; *next_ms: when to call again, INT64_MAX: not for the clock alone. */
enum err alerts_escalate(struct alerts *as, int64_t now_ms, int64_t *next_ms) MUST_CHECK;

/* Writes what changed; commit: the highest commit number taken.  *changed says whether anything was. */
enum err alerts_flush(struct alerts *as, int64_t commit, bool *changed) MUST_CHECK;

#endif
