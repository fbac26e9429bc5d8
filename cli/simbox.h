/* simbox.h - the outboxes of simulated phones, kept in one file: the ledger.
 *
 * A phone keeps each event until the platform answers for it, and answered ones for 7 days (at most SIMBOX_KEEP), so
 * that a platform restored from a backup can ask again.  Every line is written before what it says is done.
 *
 * The ledger is text, append-only, one fact a line, fields separated by one space; a test reads it to know what must
 * be stored.  A last line without newline was never written (cut off when it is opened again).
 *
 *   xunge simulate ledger 1           the first line
 *   total NAME N                      a counter as it stood when the file was last made smaller
 *   epoch DEVICE EPOCH [NEXT]         an app installation (or the current one, in a file made smaller: its next seq)
 *   made DEVICE EPOCH SEQ {...}       an event (all of its JSON): it is in the outbox
 *   sent DEVICE EPOCH SEQ...          published; may stand again for the same
 *   acked DEVICE EPOCH SEQ COMMIT     answered: stored or duplicate (`upto` covers it and `missing` does not)
 *   held DEVICE EPOCH SEQ CODE        answered so in `results`
 *   rejected DEVICE EPOCH SEQ CODE
 *   conflict DEVICE EPOCH SEQ         answered so; what follows is a `moved`
 *   moved DEVICE EPOCH SEQ NEW SEQ    made again under another identity (`made` of it follows): reinstall, conflict
 *   dropped DEVICE EPOCH SEQ          the phone lost it with its storage (reinstall); nobody waits for it
 *   asked DEVICE EPOCH SEQ            answered before, but not to the platform's mind (`missing`; or above `upto` in the
 *                                     answer to a hello: it was restored from a backup): sent again
 *   lost DEVICE EPOCH SEQ             made, named in `missing`, and the phone no longer has it
 *
 * made = acked + held + rejected + waiting + lost + dropped, moved ones counted once. */
#ifndef XUNGE_CLI_SIMBOX_H
#define XUNGE_CLI_SIMBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/simtown.h"

#define SIMBOX_KEEP 2000          /* answered events that a phone keeps */
#define SIMBOX_WAITING 20000      /* unanswered ones; then it makes no more */
#define SIMBOX_FILE (256LL << 20) /* bytes of the ledger at which it is made smaller: only what phones still have stays */
#define SIMBOX_BATCH 200          /* events of a payload */
#define SIMBOX_BYTES (192 * 1024)

struct simbox;
struct simphone;

struct simcounts {
	int64_t made, acked, held, rejected, waiting, lost, dropped;          /* events */
	int64_t moved, conflicts, asked, sent, resent, payloads, reinstalls; /* things that happened */
};

/* Makes DIR if it is not there; replays the ledger.  ERR_BUSY: another simulate uses it.  hurry: 1, or by how
 * much shorter all waiting is. */
enum err simbox_open(const char *dir, double hurry, struct simbox **out, struct why *why) MUST_CHECK;
void simbox_close(struct simbox *x); /* flushes */
enum err simbox_flush(struct simbox *x) MUST_CHECK; /* before anything is published */
void simbox_counts(const struct simbox *x, struct simcounts *out);
/* When the ledger has outgrown limit bytes, writes a new one and renames it over the old.  An error leaves x
 * fit for nothing but simbox_close. */
enum err simbox_tidy(struct simbox *x, int64_t limit, struct why *why) MUST_CHECK;

/* The phone with that id, from the ledger or new.  Borrowed until simbox_close. */
struct simphone *simbox_phone(struct simbox *x, const char *device);

/* Events that wait for an answer, and when the oldest was made (ms, 0: none). */
int64_t simphone_waiting(const struct simphone *ph);
int64_t simphone_oldest(const struct simphone *ph);
bool simphone_is_new(const struct simphone *ph); /* no epoch yet */

/* A new installation.  keep: events never sent are made again in it and those sent but unanswered go on in
 * their old epoch (a conflict); else what was sent is dropped, too (storage lost). */
void simphone_install(struct simphone *ph, const char *epoch, bool keep, int64_t now_ms);

/* rest: what follows the seq (simtown_event).  ERR_FULL: too many wait. */
enum err simphone_make(struct simphone *ph, struct slice rest, int64_t now_ms) MUST_CHECK;

/* Monotonic ms at which something is to be sent (INT64_MAX: nothing). */
int64_t simphone_due(const struct simphone *ph);
/* Puts the next payload into out (cleared) and marks its events sent: what was never sent, what was asked for, what
 * waited too long (30 s, doubling to 5 minutes, +-20 %).  At most max events.  Returns their number. */
int simphone_collect(struct simphone *ph, int64_t now_mono_ms, int max, struct simrng *rng, struct buf *out, enum err *e);
/* A payload sent before, once more: some answered or unanswered events, unchanged (a duplicate on purpose). */
int simphone_repeat(struct simphone *ph, struct simrng *rng, struct buf *out, enum err *e);
/* Sends everything unanswered again, at once (the platform was restarted, or refused a whole payload). */
void simphone_again(struct simphone *ph);

/* The hello of its k-th epoch that has something to say (0: the current one); false: no such. */
bool simphone_hello(struct simphone *ph, int k, int64_t clock_ms, struct buf *out);

struct simack {
	bool understood; /* was it an ack? */
	bool sync, hello; /* another message: say hello */
	bool refused;    /* {"error":...}: a payload without readable identity */
	bool clone;      /* conflict, or an answer for what was never sent: wants simphone_install(keep) */
	int64_t time_ms; /* the platform's clock, 0: it did not say */
};
/* Takes a message from `down`. */
void simphone_take(struct simphone *ph, struct slice payload, struct simack *out);

#endif
