#include "schema/account.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "core/area.h"
#include "schema/sql.h"

#define NAME_MAX_BYTES 64
#define PASSWORD_MIN 8
#define PASSWORD_MAX 128
#define SECRET_MIN 16
#define BLOCK 65536

_Static_assert(ACCOUNT_HASH >= SECRET_BROKER && ACCOUNT_HASH >= SECRET_PASSWORD, "room for both");
_Static_assert(ACCOUNT_SECRET >= SECRET_TOKEN, "room for a token");

/* ---------------------------------------------------------------- what names may be */

/* [a-z0-9][a-z0-9-]{0,31}, and not one of the platform's own names at the broker. */
enum err account_device_name(const char *id, struct why *why)
{
	static const char *const reserved[] = {"office", "ingest", "server"};
	size_t n = strlen(id);

	if (n < 1 || n > 32 || id[0] == '-' ||
		strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return why_set(why, ERR_INVALID, "device %.40s: want 1 to 32 of a-z 0-9 -, not starting with -", id);
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (strcmp(id, reserved[i]) == 0)
			return why_set(why, ERR_INVALID, "device %s: the name is the platform's own, choose another", id);
	return OK;
}

/* 1..64 bytes of UTF-8 without control characters, blanks, quotes and the separators of HTTP Basic
 * and of files. */
static enum err check_user(const char *name, struct why *why)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n && n <= NAME_MAX_BYTES;) {
		const unsigned char *p = (const unsigned char *)name + i;
		size_t len = *p >= 0x80 ? utf8_len(p, n - i) : *p > ' ' && *p != 0x7f && !strchr(":/\\\"'", *p);

		if (len == 0)
			n = 0;
		i += len;
	}
	if (n < 1 || n > NAME_MAX_BYTES)
		return why_set(why, ERR_INVALID, "user name: want 1 to 64 bytes without blanks and : / \\ \" '");
	return OK;
}

static enum err check_secret(const char *secret, struct why *why)
{
	size_t n = strnlen(secret, ACCOUNT_SECRET);

	for (size_t i = 0; i < n && n < ACCOUNT_SECRET; i++)
		if (secret[i] <= ' ' || secret[i] > '~')
			n = 0;
	if (n < SECRET_MIN || n >= ACCOUNT_SECRET)
		return why_set(why, ERR_INVALID, "secret: want 16 to 47 printable ASCII characters without blanks");
	return OK;
}

static enum err check_person(struct store *st, const char *person, struct why *why)
{
	sqlite3_stmt *s = sql_get(st, "SELECT 1 FROM person WHERE id = ? AND until IS NULL");
	enum err e;

	sql_str(s, 1, person);
	e = sql_row(s);
	sql_done(s);
	if (e == ERR_NOTFOUND)
		return why_set(why, ERR_NOTFOUND, "no person %.64s: import people first", person);
	return e;
}

/* ---------------------------------------------------------------- devices */

/* The row that holds: OK and its columns, ERR_NOTFOUND. */
static enum err device_now(struct store *st, const char *id, bool *revoked)
{
	sqlite3_stmt *s = sql_get(st, "SELECT revoked FROM device WHERE id = ? AND until IS NULL");
	enum err e;

	sql_str(s, 1, id);
	e = sql_row(s);
	if (e == OK)
		*revoked = sqlite3_column_type(s, 0) != SQLITE_NULL;
	sql_done(s);
	return e;
}

static enum err no_device(struct why *why, enum err e, const char *id)
{
	return e == ERR_NOTFOUND ? why_set(why, e, "no device %.40s: see xunge device list", id) : e;
}

/* Notes `what` name as a durable change of one row. */
static enum err note(struct store *st, int64_t now_ms, const char *what, const char *name, int64_t *commit)
{
	char text[128];

	(void)snprintf(text, sizeof text, "%s %s", what, name); /* names are short */
	return store_note(st, now_ms, text, 1, commit);
}

static enum err close_device(struct store *st, const char *id, int64_t commit)
{
	sqlite3_stmt *s = sql_get(st, "UPDATE device SET until = ? WHERE id = ? AND until IS NULL");

	sql_int(s, 1, commit);
	sql_str(s, 2, id);
	return sql_run(s);
}

static enum err close_enrolments(struct store *st, const char *id, int64_t commit)
{
	sqlite3_stmt *s = sql_get(st, "UPDATE enrolment SET until = ? WHERE device = ? AND until IS NULL");

	sql_int(s, 1, commit);
	sql_str(s, 2, id);
	return sql_run(s);
}

enum err account_device_add(struct store *st, int64_t now_ms, const char *id, const char *person,
	const char *district, char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why)
{
	char hash[ACCOUNT_HASH], made[SECRET_TOKEN];
	bool revoked = false;
	sqlite3_stmt *s;
	int64_t n;
	enum err e;

	if ((e = account_device_name(id, why)) != OK)
		return e;
	if (area_level(slice_of(district)) != AREA_DISTRICT)
		return why_set(why, ERR_INVALID, "district %.20s: want 6 digits", district);
	if (secret[0] && (e = check_secret(secret, why)) != OK)
		return e;
	if ((e = check_person(st, person, why)) != OK)
		return e;
	e = device_now(st, id, &revoked);
	if (e == OK && !revoked)
		return why_set(why, ERR_EXISTS, "device %s exists: revoke it first to give it a new secret", id);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	secret_token(made);
	account_broker_hash(secret[0] ? secret : made, hash);
	if ((e = note(st, now_ms, "device add", id, &n)) != OK || (e = close_device(st, id, n)) != OK ||
		(e = close_enrolments(st, id, n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO device(id, person, district, secret, since) VALUES(?, ?, ?, ?, ?)");
	sql_str(s, 1, id);
	sql_str(s, 2, person);
	sql_str(s, 3, district);
	sql_str(s, 4, hash);
	sql_int(s, 5, n);
	if ((e = sql_run(s)) != OK)
		return e;
	if (!secret[0])
		memcpy(secret, made, sizeof made);
	*commit = n;
	return OK;
}

enum err account_device_secret(struct store *st, int64_t now_ms, const char *id, const char *person,
	char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why)
{
	sqlite3_stmt *s = sql_get(st, "SELECT person = ?2 FROM device WHERE id = ?1 AND until IS NULL AND revoked IS NULL");
	char hash[ACCOUNT_HASH], made[SECRET_TOKEN];
	bool his = false;
	int64_t n;
	enum err e;

	sql_str(s, 1, id);
	sql_str(s, 2, person);
	if ((e = sql_row(s)) == OK)
		his = sqlite3_column_int(s, 0) != 0;
	sql_done(s);
	if (e != OK)
		return no_device(why, e, id);
	if (!his)
		return why_set(why, ERR_EXISTS, "device %s belongs to somebody else: revoke it first", id);
	if ((e = check_person(st, person, why)) != OK)
		return e == ERR_NOTFOUND ? ERR_INVALID : e;
	secret_token(made);
	account_broker_hash(made, hash);
	if ((e = note(st, now_ms, "device secret", id, &n)) != OK || (e = close_device(st, id, n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO device(id, person, district, secret, since) "
			"SELECT id, person, district, ?1, ?2 FROM device WHERE id = ?3 AND until = ?2");
	sql_str(s, 1, hash);
	sql_int(s, 2, n);
	sql_str(s, 3, id);
	if ((e = sql_run(s)) != OK)
		return e;
	memcpy(secret, made, sizeof made);
	*commit = n;
	return OK;
}

static enum err end_codes(struct store *st, int64_t now_ms, const char *id, bool *any)
{
	sqlite3_stmt *s = sql_get(st, "UPDATE enrol_code SET ended = ?1, how = 'revoked' WHERE device = ?2 AND ended IS NULL");
	enum err e;

	sql_int(s, 1, now_ms);
	sql_str(s, 2, id);
	e = sql_run(s);
	*any = e == OK && sqlite3_changes(sql_db(st)) > 0;
	return e;
}

enum err account_device_revoke(
	struct store *st, int64_t now_ms, const char *id, int64_t *commit, struct why *why)
{
	bool revoked = false, codes = false;
	sqlite3_stmt *s;
	int64_t n;
	enum err e;

	if ((e = device_now(st, id, &revoked)) != OK)
		return no_device(why, e, id);
	if ((e = end_codes(st, now_ms, id, &codes)) != OK)
		return e;
	if (revoked && !codes) {
		*commit = 0;
		return OK;
	}
	if ((e = note(st, now_ms, "device revoke", id, &n)) != OK || (e = close_device(st, id, n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO device(id, person, district, secret, revoked, since) "
			"SELECT id, person, district, secret, ?1, ?2 FROM device WHERE id = ?3 AND until = ?2");
	sql_int(s, 1, now_ms);
	sql_int(s, 2, n);
	sql_str(s, 3, id);
	if ((e = sql_run(s)) == OK)
		*commit = n;
	return e;
}

enum err account_device_enrol(struct store *st, int64_t now_ms, const char *id, const char *person,
	int64_t *commit, struct why *why)
{
	bool revoked = false;
	sqlite3_stmt *s;
	int64_t n;
	enum err e;

	if ((e = device_now(st, id, &revoked)) != OK)
		return no_device(why, e, id);
	if (revoked)
		return why_set(why, ERR_INVALID, "device %s is revoked: add it again first", id);
	if ((e = check_person(st, person, why)) != OK)
		return e;
	s = sql_get(st, "SELECT 1 FROM enrolment WHERE device = ?1 AND person = ?2 AND until IS NULL "
			"UNION ALL SELECT 1 FROM device WHERE id = ?1 AND person = ?2 AND until IS NULL");
	sql_str(s, 1, id);
	sql_str(s, 2, person);
	e = sql_row(s);
	sql_done(s);
	if (e == OK)
		*commit = 0; /* may act on it already */
	if (e != ERR_NOTFOUND)
		return e;
	if ((e = note(st, now_ms, "device enrol", id, &n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO enrolment(device, person, since) VALUES(?, ?, ?)");
	sql_str(s, 1, id);
	sql_str(s, 2, person);
	sql_int(s, 3, n);
	if ((e = sql_run(s)) == OK)
		*commit = n;
	return e;
}

enum err account_devices(
	struct store *st, void (*row)(void *ctx, const struct account_device *d), void *ctx)
{
	sqlite3_stmt *s = sql_get(st, "SELECT d.id, d.person, d.district, d.revoked, t.seen, t.online "
				      "FROM device d LEFT JOIN device_state t ON t.device = d.id "
				      "WHERE d.until IS NULL ORDER BY d.id");
	enum err e;

	while ((e = sql_row(s)) == OK) {
		struct account_device d = {
			.id = (const char *)sqlite3_column_text(s, 0),
			.person = (const char *)sqlite3_column_text(s, 1),
			.district = (const char *)sqlite3_column_text(s, 2),
			.revoked_ms = sqlite3_column_int64(s, 3),
			.seen_ms = sqlite3_column_int64(s, 4),
			.online = sqlite3_column_int(s, 5) != 0,
		};

		row(ctx, &d);
	}
	sql_done(s);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err verify(sqlite3_stmt *s, const char *id, const char *secret)
{
	char hash[ACCOUNT_HASH] = "";
	struct slice v;
	enum err e;

	sql_str(s, 1, id);
	e = sql_row(s);
	if (e == OK) {
		v = sql_col(s, 0);
		(void)snprintf(hash, sizeof hash, "%.*s", (int)v.n, v.p); /* a hash that is cut opens nothing */
	}
	sql_done(s);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	return secret_broker_is(hash, secret) ? OK : ERR_DENIED; /* "" takes as long */
}

enum err account_device_verify(struct store *st, const char *id, const char *secret)
{
	return verify(sql_get(st, "SELECT secret FROM device WHERE id = ? AND until IS NULL AND revoked IS NULL"), id, secret);
}

bool account_device_was(struct store *st, const char *id, const char *secret)
{
	return verify(sql_get(st, "SELECT secret FROM device WHERE id = ? AND until IS NULL AND revoked IS NOT NULL"), id, secret) == OK;
}

/* ---------------------------------------------------------------- users */

static enum err close_user(struct store *st, const char *name, int64_t commit)
{
	sqlite3_stmt *s = sql_get(st, "UPDATE account SET until = ? WHERE name = ? AND until IS NULL");

	sql_int(s, 1, commit);
	sql_str(s, 2, name);
	return sql_run(s);
}

static enum err check_hash(const char *hash, struct why *why)
{
	if (strncmp(hash, "$argon2id$", 10) == 0 && strlen(hash) < ACCOUNT_HASH)
		return OK;
	return why_set(why, ERR_INVALID, "password hash: want argon2id");
}

enum err account_user_put(struct store *st, int64_t now_ms, const char *name, const char *person,
	const char *role, const char *scope, const char *hash, int64_t *commit, struct why *why)
{
	static const char *const roles[] = {"worker", "patroller", "chief", "office", "centre", "handler",
		"verifier", "leader", "district", "admin"};
	bool known = false, admin = strcmp(role, "admin") == 0;
	sqlite3_stmt *s;
	int64_t n;
	enum err e;

	if ((e = check_user(name, why)) != OK)
		return e;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		known |= strcmp(role, roles[i]) == 0;
	if (!known)
		return why_set(why, ERR_INVALID, "role %.20s: want worker, patroller, chief, office, centre, handler, "
						 "verifier, leader, district or admin", role);
	if (strcmp(scope, "*") != 0 && area_level(slice_of(scope)) == AREA_NONE)
		return why_set(why, ERR_INVALID, "scope %.20s: want an area code of 6, 9, 12 or 15 digits, or *", scope);
	if ((e = check_hash(hash, why)) != OK)
		return e;
	/* An admin sets the platform up before there is anybody in it, and never states facts. */
	if (strlen(person) > 64)
		return why_set(why, ERR_INVALID, "person: longer than 64 bytes");
	if (!admin && (e = check_person(st, person, why)) != OK)
		return e;
	if ((e = note(st, now_ms, "user put", name, &n)) != OK || (e = close_user(st, name, n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO account(name, person, role, scope, hash, since) VALUES(?, ?, ?, ?, ?, ?)");
	sql_str(s, 1, name);
	sql_str(s, 2, person);
	sql_str(s, 3, role);
	sql_str(s, 4, scope);
	sql_str(s, 5, hash);
	sql_int(s, 6, n);
	if ((e = sql_run(s)) == OK)
		*commit = n;
	return e;
}

enum err account_user_password(struct store *st, int64_t now_ms, const char *name, const char *old, const char *hash,
	int64_t *commit, struct why *why)
{
	struct account_user u;
	sqlite3_stmt *s;
	int64_t n;
	enum err e = account_user_get(st, name, &u);

	if (e == ERR_NOTFOUND || (e == OK && u.disabled))
		return why_set(why, ERR_NOTFOUND, "no user %.64s, or it is disabled", name);
	if (e != OK)
		return e;
	if (strcmp(u.hash, old) != 0)
		return why_set(why, ERR_STALE, "user %.64s: the password has changed meanwhile", name);
	if ((e = check_hash(hash, why)) != OK || (e = note(st, now_ms, "user password", name, &n)) != OK ||
		(e = close_user(st, name, n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO account(name, person, role, scope, hash, since) SELECT name, person, role, scope, ?1, ?2 "
			"FROM account WHERE name = ?3 AND until = ?2");
	sql_str(s, 1, hash);
	sql_int(s, 2, n);
	sql_str(s, 3, name);
	if ((e = sql_run(s)) == OK)
		*commit = n;
	return e;
}

enum err account_user_disable(
	struct store *st, int64_t now_ms, const char *name, int64_t *commit, struct why *why)
{
	struct account_user u;
	sqlite3_stmt *s;
	int64_t n;
	enum err e = account_user_get(st, name, &u);

	if (e == ERR_NOTFOUND)
		return why_set(why, e, "no user %.64s: see xunge user list", name);
	if (e != OK)
		return e;
	if (u.disabled) {
		*commit = 0;
		return OK;
	}
	if ((e = note(st, now_ms, "user disable", name, &n)) != OK || (e = close_user(st, name, n)) != OK)
		return e;
	s = sql_get(st, "INSERT INTO account(name, person, role, scope, hash, disabled, since) SELECT name, person, "
			"role, scope, hash, ?1, ?2 FROM account WHERE name = ?3 AND until = ?2");
	sql_int(s, 1, now_ms);
	sql_int(s, 2, n);
	sql_str(s, 3, name);
	if ((e = sql_run(s)) == OK)
		*commit = n;
	return e;
}

static void copy_col(char *to, size_t room, sqlite3_stmt *s, int col)
{
	struct slice v = sql_col(s, col);

	(void)snprintf(to, room, "%.*s", (int)v.n, v.p); /* bounded when it was written */
}

static void read_user(sqlite3_stmt *s, struct account_user *u)
{
	copy_col(u->name, sizeof u->name, s, 0);
	copy_col(u->person, sizeof u->person, s, 1);
	copy_col(u->role, sizeof u->role, s, 2);
	copy_col(u->scope, sizeof u->scope, s, 3);
	copy_col(u->hash, sizeof u->hash, s, 4);
	u->disabled = sqlite3_column_type(s, 5) != SQLITE_NULL;
	u->since = sqlite3_column_int64(s, 6);
}

enum err account_user_get(struct store *st, const char *name, struct account_user *out)
{
	sqlite3_stmt *s = sql_get(st, "SELECT name, person, role, scope, hash, disabled, since FROM account "
				      "WHERE name = ? AND until IS NULL");
	enum err e;

	sql_str(s, 1, name);
	if ((e = sql_row(s)) == OK)
		read_user(s, out);
	sql_done(s);
	return e;
}

enum err account_users(struct store *st, void (*row)(void *ctx, const struct account_user *u), void *ctx)
{
	sqlite3_stmt *s = sql_get(st, "SELECT name, person, role, scope, hash, disabled, since FROM account "
				      "WHERE until IS NULL ORDER BY name");
	struct account_user u;
	enum err e;

	while ((e = sql_row(s)) == OK) {
		read_user(s, &u);
		row(ctx, &u);
	}
	sql_done(s);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err account_password_check(const char *password, struct why *why)
{
	size_t n = strlen(password);

	for (size_t i = 0; i < n && n <= PASSWORD_MAX;) {
		const unsigned char *p = (const unsigned char *)password + i;
		size_t len = *p < 0x80 ? *p >= ' ' && *p != 0x7f : utf8_len(p, n - i);

		if (len == 0)
			return why_set(why, ERR_INVALID, "password: want UTF-8 without control characters");
		i += len;
	}
	if (n < PASSWORD_MIN || n > PASSWORD_MAX)
		return why_set(why, ERR_INVALID, "password: want 8 to 128 bytes");
	return OK;
}

enum err account_password_hash(const char *password, char out[ACCOUNT_HASH], struct why *why)
{
	char hash[SECRET_PASSWORD];
	enum err e = account_password_check(password, why);

	if (e != OK)
		return e;
	if (secret_password_hash(password, hash) != OK)
		return why_set(why, ERR_NOMEM, "password: no 64 MiB of memory for its hash, try again");
	memcpy(out, hash, sizeof hash);
	return OK;
}

bool account_password_is(const char *hash, const char *password)
{
	return secret_password_is(hash, password);
}

/* ---------------------------------------------------------------- the broker's file */

void account_broker_hash(const char *secret, char out[ACCOUNT_HASH])
{
	secret_broker_hash(secret, out);
}

static enum err write_all(FILE *f, struct buf *b)
{
	enum err e = b->n == 0 || fwrite(b->p, 1, b->n, f) == b->n ? OK : ERR_IO;

	buf_clear(b);
	return e;
}

static enum err write_accounts(struct store *st, FILE *f, const char *extra)
{
	sqlite3_stmt *s = sql_get(st, "SELECT id, secret FROM device WHERE until IS NULL AND revoked IS NULL ORDER BY id");
	struct buf b = {0};
	enum err e;

	while ((e = sql_row(s)) == OK) {
		struct slice id = sql_col(s, 0), secret = sql_col(s, 1);

		buf_add(&b, id.p, id.n);
		buf_addc(&b, ':');
		buf_add(&b, secret.p, secret.n);
		buf_addc(&b, '\n');
		if (b.n > BLOCK && (e = write_all(f, &b)) != OK)
			break;
	}
	sql_done(s);
	if (e == ERR_NOTFOUND) {
		buf_adds(&b, extra ? extra : "");
		if (b.n && b.p[b.n - 1] != '\n')
			buf_addc(&b, '\n');
		e = write_all(f, &b);
	}
	buf_done(&b);
	return e;
}

/* Do the two files hold the same bytes?  A file that cannot be read is different. */
static bool same_files(const char *a, const char *b)
{
	FILE *fa = fopen(a, "re"), *fb = fopen(b, "re");
	char *pa = xcalloc(2, BLOCK), *pb = pa + BLOCK;
	bool same = fa && fb;
	size_t n = 1;

	while (same && n) {
		n = fread(pa, 1, BLOCK, fa);
		same = fread(pb, 1, BLOCK, fb) == n && memcmp(pa, pb, n) == 0;
	}
	same = same && !ferror(fa) && !ferror(fb);
	if (fa)
		(void)fclose(fa); /* only read */
	if (fb)
		(void)fclose(fb);
	free(pa);
	return same;
}

static void sync_folder(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd); /* the file can be made again from the database */
		(void)close(fd);
	}
	free(copy);
}

enum err account_broker_file(
	struct store *st, const char *path, const char *extra, bool *changed, struct why *why)
{
	char *part = xasprintf("%s.new", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	bool differs = false;
	enum err e = ERR_IO;

	if (!f) {
		e = why_set(why, ERR_IO, "cannot write %s: %s", part, strerror(errno));
		if (fd >= 0)
			(void)close(fd); /* empty */
		goto out;
	}
	e = write_accounts(st, f, extra);
	if (e == OK && (fflush(f) != 0 || fsync(fd) != 0))
		e = ERR_IO;
	if (fclose(f) != 0 && e == OK)
		e = ERR_IO;
	if (e != OK) {
		e = why_set(why, e, "cannot write %s: %s", part, e == ERR_IO ? strerror(errno) : store_detail(st));
		goto out;
	}
	differs = !same_files(part, path);
	if (differs && rename(part, path) != 0) {
		e = why_set(why, ERR_IO, "cannot put %s in its place: %s", path, strerror(errno));
		goto out;
	}
	if (differs)
		sync_folder(path);
out:
	if (e != OK || !differs)
		(void)unlink(part); /* may not be there */
	if (e == OK && changed)
		*changed = differs;
	free(part);
	return e;
}
