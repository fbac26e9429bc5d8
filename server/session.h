/* session.h - who is signed in, with which rights, and who guesses passwords.
 *
 *   session_new --use--> live --30 min unused, 12 h old, sign-out, account disabled or its
 *   password changed--> dead (freed when no stream holds it)
 *
 * The cookie holds a random token of 256 bits; memory and disk hold its hash.  Rights are the
 * account's of now: session_recheck reads them again after every change of accounts. */
#ifndef XUNGE_SERVER_SESSION_H
#define XUNGE_SERVER_SESSION_H

#include <stdbool.h>

#include "base/secret.h"
#include "schema/account.h"
#include "server/sessiondb.h"

#define SESSION_IDLE_MS (30 * 60 * 1000LL)
#define SESSION_AGE_MS (12 * 3600 * 1000LL)
#define SESSIONS_MAX 20000
#define SESSIONS_USER_MAX 2000 /* of one account: the least used one gives way */
#define LOCKS_MAX 65536
#define LOCK_FREE 5                      /* failures without a wait */
#define LOCK_FIRST_MS (30 * 1000LL)      /* then this, doubling */
#define LOCK_LONGEST_MS (15 * 60 * 1000LL)
#define LOCK_DECAY_MS (15 * 60 * 1000LL) /* one failure is forgotten */

struct session {
	uint8_t hash[SESSION_HASH], pass[SESSION_PASS];
	uint8_t next[SESSION_PASS]; /* of the password that was asked for in this session: it outlives that change */
	bool has_next;
	struct account_user user; /* hash is cleared */
	char csrf[SECRET_TOKEN];
	int64_t made_ms, used_ms, saved_ms;
	uint32_t holds; /* streams; a live session also has the table's own */
	bool dead;
	bool changed; /* its rights are others than before: streams look */
};

struct sessions;

/* path: server.db.  Sessions of an earlier run are usable after the first session_recheck. */
enum err sessions_open(const char *path, int64_t now_ms, struct sessions **out, struct why *why) MUST_CHECK;
void sessions_free(struct sessions *ss);

/* Signs in; token gets what the cookie will hold.  ERR_FULL: too many sessions; ERR_IO ...: not
 * kept on disk, no session. */
enum err session_new(struct sessions *ss, const struct account_user *u, int64_t now_ms,
	char token[SECRET_TOKEN], struct session **out) MUST_CHECK;

/* The live session of a token, marked as used; NULL: none. */
struct session *session_find(struct sessions *ss, struct slice token, int64_t now_ms);
void session_use(struct sessions *ss, struct session *s, int64_t now_ms);
void session_end(struct sessions *ss, struct session *s);
/* Its account's password is about to become that of this hash: s goes on when it does, the others of the account end. */
void session_expect(struct session *s, const char *hash);

/* A stream holds it: s stays readable (dead says whether it is over) until it lets go. */
void session_hold(struct session *s);
void session_let_go(struct session *s);

/* Ends what is over.  Returns how many ended. */
size_t session_expire(struct sessions *ss, int64_t now_ms);

/* Reads the accounts again: who is gone or disabled or has another password is signed out, who has
 * another role or scope gets it.  Returns how many sessions changed.  An error of the store ends
 * nothing; try again. */
enum err session_recheck(struct sessions *ss, struct store *st, size_t *changed) MUST_CHECK;

size_t sessions_count(const struct sessions *ss);
uint64_t sessions_db_errors(const struct sessions *ss); /* what could not be kept on disk */

/* Guessing.  lock_wait: seconds that this account must wait from this address, 0 = go on; counts an
 * attempt then.  lock_clear after a right password, lock_undo when the attempt was not looked at. */
int lock_wait(struct sessions *ss, const char *user, const char *peer, int64_t now_ms);
void lock_keep(struct sessions *ss, const char *user, const char *peer); /* to disk, after a wrong one */
void lock_clear(struct sessions *ss, const char *user, const char *peer);
void lock_undo(struct sessions *ss, const char *user, const char *peer);

#endif
