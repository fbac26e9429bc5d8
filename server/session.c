#include "server/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"

#define SAVE_MS 60000 /* "used" goes to disk at most so often */

struct lock {
	uint8_t key[LOCK_KEY];
	int fails;
	int64_t at_ms;
};

struct sessions {
	struct sessiondb *db;
	struct map by_hash; /* token's hash -> struct session */
	struct map locks;   /* key -> struct lock */
	uint64_t db_errors; /* what could not be kept on disk */
};

static void digest(void *out, size_t n, const void *p, size_t len, const char *purpose)
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, n);
	crypto_generichash_update(&h, (const unsigned char *)purpose, strlen(purpose) + 1);
	crypto_generichash_update(&h, p, len);
	crypto_generichash_final(&h, out, n);
}

static void account_mark(const char *hash, uint8_t out[SESSION_PASS])
{
	digest(out, SESSION_PASS, hash, strlen(hash), "xunge account");
}

/* The same token gives the same: it need not be kept. */
static void csrf_of(const uint8_t hash[SESSION_HASH], char out[SECRET_TOKEN])
{
	uint8_t k[32];

	digest(k, sizeof k, hash, SESSION_HASH, "xunge csrf");
	sodium_bin2base64(out, SECRET_TOKEN, k, sizeof k, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static struct session *add(struct sessions *ss, const uint8_t hash[SESSION_HASH])
{
	struct session *s = xcalloc(1, sizeof *s);

	memcpy(s->hash, hash, SESSION_HASH);
	csrf_of(hash, s->csrf);
	s->holds = 1;
	map_put(&ss->by_hash, hash, SESSION_HASH, s);
	return s;
}

struct load {
	struct sessions *ss;
	int64_t now_ms;
};

static bool is_over(int64_t made_ms, int64_t used_ms, int64_t now_ms)
{
	return now_ms - made_ms > SESSION_AGE_MS || now_ms - used_ms > SESSION_IDLE_MS;
}

static void load_session(void *ctx, const struct session_row *r)
{
	struct load *l = ctx;
	struct session *s;

	if (l->ss->by_hash.n >= SESSIONS_MAX || !r->user || strlen(r->user) >= sizeof s->user.name)
		return;
	s = add(l->ss, r->hash);
	memcpy(s->pass, r->pass, sizeof s->pass);
	(void)snprintf(s->user.name, sizeof s->user.name, "%s", r->user); /* its length was checked */
	s->made_ms = r->made_ms;
	s->used_ms = s->saved_ms = r->used_ms;
}

static void load_lock(void *ctx, const struct lock_row *r)
{
	struct load *l = ctx;
	struct lock *k;

	if (l->ss->locks.n >= LOCKS_MAX)
		return;
	k = xcalloc(1, sizeof *k);
	memcpy(k->key, r->key, sizeof k->key);
	k->fails = r->fails;
	k->at_ms = r->at_ms;
	free(map_put(&l->ss->locks, k->key, sizeof k->key, k));
}

enum err sessions_open(const char *path, int64_t now_ms, struct sessions **out, struct why *why)
{
	struct sessions *ss = xcalloc(1, sizeof *ss);
	struct load l = {ss, now_ms};
	enum err e = sessiondb_open(path, &ss->db, why);

	if (e == OK && ((e = sessiondb_sessions(ss->db, load_session, &l)) != OK ||
			       (e = sessiondb_locks(ss->db, load_lock, &l)) != OK))
		(void)why_set(why, e, "cannot read %s: %s", path, err_name(e));
	if (e == OK) {
		(void)session_expire(ss, now_ms);
		*out = ss;
	} else {
		sessions_free(ss);
	}
	return e;
}

void sessions_free(struct sessions *ss)
{
	struct session *s;
	void *k;

	if (!ss)
		return;
	for (size_t pos = 0; (s = map_next(&ss->by_hash, &pos));) {
		if (s->used_ms > s->saved_ms && ss->db)
			ss->db_errors += sessiondb_used(ss->db, s->hash, s->used_ms) != OK; /* only a hint for the next start */
		session_let_go(s);
	}
	for (size_t pos = 0; (k = map_next(&ss->locks, &pos));)
		free(k);
	map_done(&ss->by_hash);
	map_done(&ss->locks);
	sessiondb_close(ss->db);
	free(ss);
}

size_t sessions_count(const struct sessions *ss)
{
	return ss->by_hash.n;
}

uint64_t sessions_db_errors(const struct sessions *ss)
{
	return ss->db_errors;
}

/* Room for one more of this account. */
static void make_room(struct sessions *ss, const char *user)
{
	struct session *s, *oldest = NULL;
	size_t n = 0;

	for (size_t pos = 0; (s = map_next(&ss->by_hash, &pos));)
		if (strcmp(s->user.name, user) == 0) {
			n++;
			if (!oldest || s->used_ms < oldest->used_ms)
				oldest = s;
		}
	if (n >= SESSIONS_USER_MAX)
		session_end(ss, oldest);
}

enum err session_new(struct sessions *ss, const struct account_user *u, int64_t now_ms,
	char token[SECRET_TOKEN], struct session **out)
{
	struct session_row r = {.user = u->name, .made_ms = now_ms, .used_ms = now_ms};
	struct session *s;
	enum err e;

	make_room(ss, u->name);
	if (ss->by_hash.n >= SESSIONS_MAX)
		return ERR_FULL;
	secret_token(token);
	digest(r.hash, sizeof r.hash, token, strlen(token), "xunge session");
	account_mark(u->hash, r.pass);
	if ((e = sessiondb_put(ss->db, &r)) != OK)
		return e;
	s = add(ss, r.hash);
	memcpy(s->pass, r.pass, sizeof s->pass);
	s->user = *u;
	memset(s->user.hash, 0, sizeof s->user.hash);
	s->made_ms = s->used_ms = s->saved_ms = now_ms;
	*out = s;
	return OK;
}

struct session *session_find(struct sessions *ss, struct slice token, int64_t now_ms)
{
	uint8_t hash[SESSION_HASH];
	struct session *s;

	if (!token.p || token.n != SECRET_TOKEN - 1)
		return NULL;
	digest(hash, sizeof hash, token.p, token.n, "xunge session");
	s = map_get(&ss->by_hash, hash, sizeof hash);
	/* No role: the accounts could not be read yet (a restart). */
	if (!s || !s->user.role[0])
		return NULL;
	if (is_over(s->made_ms, s->used_ms, now_ms)) {
		session_end(ss, s);
		return NULL;
	}
	session_use(ss, s, now_ms);
	return s;
}

void session_use(struct sessions *ss, struct session *s, int64_t now_ms)
{
	if (s->dead || now_ms <= s->used_ms)
		return;
	s->used_ms = now_ms;
	if (now_ms - s->saved_ms < SAVE_MS)
		return;
	s->saved_ms = now_ms;
	ss->db_errors += sessiondb_used(ss->db, s->hash, now_ms) != OK; /* lost: after a restart it idles out earlier */
}

void session_end(struct sessions *ss, struct session *s)
{
	if (s->dead)
		return;
	s->dead = true;
	map_take(&ss->by_hash, s->hash, sizeof s->hash);
	ss->db_errors += sessiondb_drop(ss->db, s->hash) != OK; /* lost: it comes back with a restart, until it expires */
	session_let_go(s);
}

void session_expect(struct session *s, const char *hash)
{
	account_mark(hash, s->next);
	s->has_next = true;
}

/* The password that it asked for is in force. */
static void adopt(struct sessions *ss, struct session *s)
{
	struct session_row r = {.user = s->user.name, .made_ms = s->made_ms, .used_ms = s->used_ms};

	memcpy(s->pass, s->next, sizeof s->pass);
	s->has_next = false;
	memcpy(r.hash, s->hash, sizeof r.hash);
	memcpy(r.pass, s->pass, sizeof r.pass);
	ss->db_errors += sessiondb_put(ss->db, &r) != OK; /* lost: it ends with a restart */
}

void session_hold(struct session *s)
{
	s->holds++;
}

void session_let_go(struct session *s)
{
	if (s && --s->holds == 0)
		free(s);
}

/* All sessions, in an array of its own: the map must not change on a walk. */
static struct session **all(struct sessions *ss, size_t *n)
{
	struct session **list = xcalloc(ss->by_hash.n + 1, sizeof *list), *s;

	*n = 0;
	for (size_t pos = 0; (s = map_next(&ss->by_hash, &pos));)
		list[(*n)++] = s;
	return list;
}

size_t session_expire(struct sessions *ss, int64_t now_ms)
{
	size_t n, ended = 0;
	struct session **list = all(ss, &n);

	for (size_t i = 0; i < n; i++)
		if (is_over(list[i]->made_ms, list[i]->used_ms, now_ms)) {
			session_end(ss, list[i]);
			ended++;
		}
	free(list);
	return ended;
}

enum err session_recheck(struct sessions *ss, struct store *st, size_t *changed)
{
	size_t n;
	struct session **list = all(ss, &n);
	enum err e = OK;

	*changed = 0;
	for (size_t i = 0; i < n; i++) {
		struct session *s = list[i];
		struct account_user u;
		uint8_t pass[SESSION_PASS];

		e = account_user_get(st, s->user.name, &u);
		if (e != OK && e != ERR_NOTFOUND)
			break;
		if (e == OK)
			account_mark(u.hash, pass);
		if (e == OK && s->has_next && memcmp(pass, s->next, sizeof pass) == 0)
			adopt(ss, s);
		if (e == ERR_NOTFOUND || u.disabled || memcmp(pass, s->pass, sizeof pass) != 0) {
			session_end(ss, s);
			++*changed;
		} else if (strcmp(u.role, s->user.role) != 0 || strcmp(u.scope, s->user.scope) != 0 ||
			   strcmp(u.person, s->user.person) != 0) {
			s->user = u;
			memset(s->user.hash, 0, sizeof s->user.hash);
			s->changed = true;
			++*changed;
		}
		e = OK;
	}
	free(list);
	return e;
}

static void lock_key(const char *user, const char *peer, uint8_t key[LOCK_KEY])
{
	char *text = xasprintf("%s\n%s", user, peer ? peer : "");

	digest(key, LOCK_KEY, text, strlen(text), "xunge lock");
	free(text);
}

static int fails_now(const struct lock *k, int64_t now_ms)
{
	int64_t forgotten = now_ms > k->at_ms ? (now_ms - k->at_ms) / LOCK_DECAY_MS : 0;

	return forgotten >= k->fails ? 0 : k->fails - (int)forgotten;
}

static void forget(struct sessions *ss, struct lock *k)
{
	map_take(&ss->locks, k->key, sizeof k->key);
	free(k);
}

static void locks_sweep(struct sessions *ss, int64_t now_ms)
{
	struct lock **list = xcalloc(ss->locks.n + 1, sizeof *list), *k;
	size_t n = 0;

	for (size_t pos = 0; (k = map_next(&ss->locks, &pos));)
		if (fails_now(k, now_ms) == 0)
			list[n++] = k;
	while (n) {
		ss->db_errors += sessiondb_lock_drop(ss->db, list[--n]->key) != OK; /* decayed: reads as 0 anyway */
		forget(ss, list[n]);
	}
	free(list);
}

int lock_wait(struct sessions *ss, const char *user, const char *peer, int64_t now_ms)
{
	uint8_t key[LOCK_KEY];
	struct lock *k;
	int fails;

	lock_key(user, peer, key);
	k = map_get(&ss->locks, key, sizeof key);
	if (!k) {
		if (ss->locks.n >= LOCKS_MAX)
			locks_sweep(ss, now_ms);
		if (ss->locks.n >= LOCKS_MAX)
			return 1; /* somebody tries a great many: all strangers wait */
		k = xcalloc(1, sizeof *k);
		memcpy(k->key, key, sizeof key);
		map_put(&ss->locks, key, sizeof key, k);
	}
	fails = fails_now(k, now_ms);
	if (fails >= LOCK_FREE) {
		int64_t wait = LOCK_FIRST_MS;

		for (int i = LOCK_FREE; i < fails && wait < LOCK_LONGEST_MS; i++)
			wait *= 2;
		if (wait > LOCK_LONGEST_MS)
			wait = LOCK_LONGEST_MS;
		wait -= now_ms - k->at_ms;
		if (wait > 0 && wait <= LOCK_LONGEST_MS)
			return (int)((wait + 999) / 1000);
	}
	k->fails = fails + 1;
	k->at_ms = now_ms;
	return 0;
}

void lock_keep(struct sessions *ss, const char *user, const char *peer)
{
	struct lock_row r = {.fails = 0};
	struct lock *k;

	lock_key(user, peer, r.key);
	k = map_get(&ss->locks, r.key, sizeof r.key);
	if (!k)
		return;
	r.fails = k->fails;
	r.at_ms = k->at_ms;
	ss->db_errors += sessiondb_lock_put(ss->db, &r) != OK; /* lost: forgotten by a restart */
}

void lock_clear(struct sessions *ss, const char *user, const char *peer)
{
	uint8_t key[LOCK_KEY];
	struct lock *k;

	lock_key(user, peer, key);
	if ((k = map_get(&ss->locks, key, sizeof key))) {
		if (k->fails > 1)
			ss->db_errors += sessiondb_lock_drop(ss->db, key) != OK; /* lost: it decays */
		forget(ss, k);
	}
}

void lock_undo(struct sessions *ss, const char *user, const char *peer)
{
	uint8_t key[LOCK_KEY];
	struct lock *k;

	lock_key(user, peer, key);
	if ((k = map_get(&ss->locks, key, sizeof key)) && --k->fails <= 0)
		forget(ss, k);
}
