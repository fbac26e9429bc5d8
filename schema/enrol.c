#include "schema/enrol.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "core/area.h"
#include "core/civil.h"
#include "schema/sql.h"

struct offer {
	struct store *st;
	int64_t now_ms;
	const struct enrol_request *rq;
	struct act_answer *ans;
	char maker[65], scope[40]; /* the account's; scope "*" for the command */
	char person[65], name[256], district[8];
};

/* ------------------------------------------------------------------ answers */

static void refuse(struct act_answer *ans, int status, const char *code, const char *fmt, ...) PRINTF(4, 5);

static void refuse(struct act_answer *ans, int status, const char *code, const char *fmt, ...)
{
	char detail[320];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof detail, fmt, ap); /* cut on purpose */
	va_end(ap);
	ans->status = status;
	buf_clear(&ans->json);
	buf_adds(&ans->json, "{\"code\":");
	buf_json_str(&ans->json, code);
	buf_json_key(&ans->json, "detail");
	buf_json_str(&ans->json, detail);
	buf_addc(&ans->json, '}');
}

static void member(struct buf *b, const char *key, const char *value)
{
	buf_json_key(b, key);
	buf_json_str(b, value);
}

/* What account.c refuses becomes an answer; an error of the store stays one. */
static enum err account_says(struct act_answer *ans, enum err e, const struct why *why)
{
	if (e == ERR_INVALID || e == ERR_EXISTS || e == ERR_NOTFOUND) {
		refuse(ans, e == ERR_NOTFOUND ? 404 : e == ERR_EXISTS ? 409 : 422, e == ERR_NOTFOUND ? "not_found" : e == ERR_EXISTS ? "exists" : "bad_device",
			"%s", why->text);
		return OK;
	}
	return e;
}

/* ------------------------------------------------------------------ the transaction */

static enum err begin(struct store *st, struct act_answer *ans, struct why *why)
{
	enum err e;

	assert(!store_is_open(st));
	ans->status = 0;
	why->text[0] = '\0';
	if ((e = store_begin(st)) != OK)
		return why_set(why, e, "cannot begin a transaction: %s", store_detail(st));
	return OK;
}

/* Commits what was answered with 200, takes everything else back. */
static enum err conclude(struct store *st, struct intake *in, int64_t now_ms, enum err e, const struct act_answer *ans,
	int64_t commit, struct office_end *end, struct why *why)
{
	struct head head;
	bool more = false;

	if (e == OK && ans->status == 200) {
		if ((e = intake_registry_changed(in, now_ms, INTAKE_ENROLLED, &more)) == OK && (e = intake_commit(in, now_ms, &head)) == OK) {
			*end = (struct office_end){commit, head, more};
			return OK;
		}
		intake_abort(in);
	}
	store_rollback(st); /* does nothing after intake_abort */
	end->commit = 0;
	end->more = false;
	if (e == OK)
		e = store_head(st, &end->head);
	if (e != OK && !why->text[0])
		(void)why_set(why, e, "cannot change the registry: %s", store_detail(st));
	return e;
}

/* ------------------------------------------------------------------ who makes one, for whom */

static enum err check_maker(struct offer *o)
{
	struct account_user u;
	enum err e;

	(void)snprintf(o->scope, sizeof o->scope, "*"); /* fits */
	if (!o->rq->user)
		return OK;
	e = account_user_get(o->st, o->rq->user, &u);
	if (e == ERR_NOTFOUND || (e == OK && u.disabled))
		refuse(o->ans, 403, "account_disabled", "the account is disabled");
	else if (e == OK && strcmp(u.role, "admin") != 0 && strcmp(u.role, "centre") != 0)
		refuse(o->ans, 403, "not_allowed", "devices are let in by the grid centre or an administrator");
	if (e == OK) {
		(void)snprintf(o->maker, sizeof o->maker, "%s", u.name); /* fits: as wide */
		(void)snprintf(o->scope, sizeof o->scope, "%s", u.scope);
	}
	return e == ERR_NOTFOUND ? OK : e;
}

/* The device that holds: whose it is, and of which district.  A revoked one may become anybody's. */
static enum err check_device(struct offer *o)
{
	sqlite3_stmt *s = sql_get(o->st, "SELECT person, district, revoked FROM device WHERE id = ? AND until IS NULL");
	bool revoked = true;
	enum err e;

	sql_str(s, 1, o->rq->device);
	if ((e = sql_row(s)) == OK) {
		revoked = sqlite3_column_type(s, 2) != SQLITE_NULL;
		if (!revoked || !o->rq->person)
			slice_copy(o->person, sizeof o->person, sql_col(s, 0));
		slice_copy(o->district, sizeof o->district, sql_col(s, 1));
	}
	sql_done(s);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (o->rq->person && !o->person[0])
		(void)snprintf(o->person, sizeof o->person, "%s", o->rq->person); /* one that is cut is nobody */
	if (!o->person[0])
		refuse(o->ans, 422, "bad_device", "device %.40s is new: say whose it is", o->rq->device);
	else if (o->rq->person && strcmp(o->person, o->rq->person) != 0)
		refuse(o->ans, 409, "exists", "device %.40s belongs to %.64s: revoke it first", o->rq->device, o->person);
	if (revoked && o->rq->district)
		o->district[0] = '\0';
	return OK;
}

#define PLACE "coalesce(r.area, a.scope)"
#define PLACES "appointment a LEFT JOIN reach r ON r.code = a.scope AND r.until IS NULL WHERE a.person = p.id AND a.until IS NULL"

/* Is he known, and in the maker's scope?  Whoever is not is nobody to him. */
static enum err check_person(struct offer *o)
{
	sqlite3_stmt *s = sql_get(o->st, "SELECT p.name, ?2 = '*' OR EXISTS (SELECT 1 FROM " PLACES " AND substr(" PLACE
		", 1, length(?2)) = ?2), (SELECT substr(" PLACE ", 1, 6) FROM " PLACES " ORDER BY 1 LIMIT 1) FROM person p WHERE p.id = ?1 AND p.until IS NULL");
	bool seen = false;
	enum err e;

	sql_str(s, 1, o->person);
	sql_str(s, 2, o->scope);
	if ((e = sql_row(s)) == OK) {
		slice_copy(o->name, sizeof o->name, sql_col(s, 0));
		seen = sqlite3_column_int(s, 1) != 0;
		if (!o->district[0] && !o->rq->district)
			slice_copy(o->district, sizeof o->district, sql_col(s, 2));
	}
	sql_done(s);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (!seen)
		refuse(o->ans, 404, "not_found", "no person %.64s in your scope", o->person);
	return OK;
}

static void check_district(struct offer *o)
{
	if (!o->district[0])
		(void)snprintf(o->district, sizeof o->district, "%.7s", o->rq->district ? o->rq->district : o->scope); /* cut: no district */
	if (!o->rq->district && strlen(o->district) > 6)
		o->district[6] = '\0';
	if (area_level(slice_of(o->district)) != AREA_DISTRICT)
		refuse(o->ans, 422, "bad_district", "district %.20s: want 6 digits", o->district);
	else if (o->rq->district && strcmp(o->district, o->rq->district) != 0)
		refuse(o->ans, 409, "exists", "device %.40s is in district %s: revoke it first", o->rq->device, o->district);
	else if (strcmp(o->scope, "*") != 0 && strncmp(o->scope, o->district, 6) != 0)
		refuse(o->ans, 403, "not_allowed", "district %s is not in your scope", o->district);
}

/* ------------------------------------------------------------------ making one */

static enum err sweep(struct offer *o)
{
	sqlite3_stmt *s = sql_get(o->st, "DELETE FROM enrol_code WHERE hash IN (SELECT hash FROM enrol_code WHERE expires < ? ORDER BY expires LIMIT 100)");
	int64_t open = 0;
	enum err e;

	sql_int(s, 1, o->now_ms - ENROL_KEEP_MS);
	if ((e = sql_run(s)) != OK)
		return e;
	s = sql_get(o->st, "SELECT count(*) FROM enrol_code WHERE expires > ? AND ended IS NULL");
	sql_int(s, 1, o->now_ms);
	if ((e = sql_row(s)) == OK)
		open = sqlite3_column_int64(s, 0);
	sql_done(s);
	if (open >= ENROL_OPEN_MAX)
		refuse(o->ans, 429, "too_many_codes", "%d codes wait to be used", ENROL_OPEN_MAX);
	return e;
}

/* One code of a device at a time; of those before, the last is remembered. */
static enum err replace(struct offer *o)
{
	sqlite3_stmt *s = sql_get(o->st, "DELETE FROM enrol_code WHERE device = ? AND how = 'replaced'");
	enum err e;

	sql_str(s, 1, o->rq->device);
	if ((e = sql_run(s)) != OK)
		return e;
	s = sql_get(o->st, "UPDATE enrol_code SET ended = ?1, how = 'replaced' WHERE device = ?2 AND ended IS NULL");
	sql_int(s, 1, o->now_ms);
	sql_str(s, 2, o->rq->device);
	return sql_run(s);
}

static enum err insert(struct offer *o, const char *token, int64_t expires_ms)
{
	sqlite3_stmt *s = sql_get(o->st, "INSERT INTO enrol_code(hash, device, person, district, maker, db, made, expires) "
		"VALUES(?, ?, ?, ?, ?, (SELECT value FROM meta WHERE key = 'db'), ?, ?)");
	char hash[SECRET_DIGEST];

	secret_digest(token, strlen(token), hash);
	sql_str(s, 1, hash);
	sql_str(s, 2, o->rq->device);
	sql_str(s, 3, o->person);
	sql_str(s, 4, o->district);
	sql_str(s, 5, o->maker);
	sql_int(s, 6, o->now_ms);
	sql_int(s, 7, expires_ms);
	return sql_run(s);
}

static void offered(struct offer *o, const char *token, int64_t expires_ms)
{
	struct buf *b = &o->ans->json;
	char until[CIVIL_INSTANT_TEXT];

	civil_instant_text(expires_ms, until);
	o->ans->status = 200;
	buf_addf(b, "{\"token\":\"%s\",\"path\":\"/field/#/enrol/%s\"", token, token);
	member(b, "device", o->rq->device);
	member(b, "person", o->person);
	member(b, "name", o->name);
	member(b, "district", o->district);
	member(b, "until", until);
	buf_addc(b, '}');
}

static enum err make(struct offer *o, int64_t *commit)
{
	int64_t expires_ms = o->now_ms + o->rq->hours * 3600000;
	char note[160], token[SECRET_TOKEN];
	enum err e;

	if ((e = sweep(o)) != OK || o->ans->status || (e = replace(o)) != OK)
		return e;
	secret_token(token);
	(void)snprintf(note, sizeof note, "code %s by %s", o->rq->device, o->maker[0] ? o->maker : "command"); /* fits: names are short */
	if ((e = store_note(o->st, o->now_ms, note, 1, commit)) == OK && (e = insert(o, token, expires_ms)) == OK)
		offered(o, token, expires_ms);
	explicit_bzero(token, sizeof token);
	return e;
}

enum err enrol_offer(struct store *st, struct intake *in, int64_t now_ms, const struct enrol_request *rq,
	struct act_answer *ans, struct office_end *end, struct why *why)
{
	struct offer o = {.st = st, .now_ms = now_ms, .rq = rq, .ans = ans};
	int64_t commit = 0;
	enum err e;

	if ((e = begin(st, ans, why)) != OK)
		return e;
	if (rq->hours < 1 || rq->hours > ENROL_HOURS_MAX)
		refuse(ans, 422, "bad_hours", "hours: want 1 to %d", ENROL_HOURS_MAX);
	if (!ans->status)
		e = account_says(ans, account_device_name(rq->device, why), why);
	if (e == OK && !ans->status)
		e = check_maker(&o);
	if (e == OK && !ans->status)
		e = check_device(&o);
	if (e == OK && !ans->status)
		e = check_person(&o);
	if (e == OK && !ans->status)
		check_district(&o);
	if (e == OK && !ans->status)
		e = make(&o, &commit);
	return conclude(st, in, now_ms, e, ans, commit, end, why);
}

/* ------------------------------------------------------------------ using it */

struct code {
	char hash[SECRET_DIGEST], device[40], person[65], district[8];
	int status; /* 200: good */
	const char *word, *detail;
};

static const struct code GONE = {.status = 410, .word = "code_expired", .detail = "the code has expired: ask the grid centre for a new one"};

static enum err find(struct store *st, int64_t now_ms, const char *token, struct code *c)
{
	sqlite3_stmt *s = sql_get(st, "SELECT device, person, district, expires, how, db = (SELECT value FROM meta WHERE key = 'db') FROM enrol_code WHERE hash = ?");
	struct slice how;
	enum err e;

	*c = (struct code){.status = 404, .word = "unknown_code", .detail = "there is no such code"};
	secret_digest(token, strlen(token), c->hash);
	sql_str(s, 1, c->hash);
	if ((e = sql_row(s)) == OK) {
		slice_copy(c->device, sizeof c->device, sql_col(s, 0));
		slice_copy(c->person, sizeof c->person, sql_col(s, 1));
		slice_copy(c->district, sizeof c->district, sql_col(s, 2));
		how = sql_col(s, 4);
		c->status = 200;
		c->word = c->detail = "";
		if (slice_is(how, "used")) {
			c->status = 410;
			c->word = "code_used";
			c->detail = "the code was used: ask the grid centre for a new one";
		} else if (how.p) {
			c->status = 410;
			c->word = "code_replaced";
			c->detail = "the code holds no longer: there is a newer one, or the device was revoked";
		} else if (sqlite3_column_int64(s, 3) <= now_ms || !sqlite3_column_int(s, 5)) {
			c->status = GONE.status;
			c->word = GONE.word;
			c->detail = GONE.detail;
		}
	}
	sql_done(s);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err enrol_look(struct store *st, int64_t now_ms, const char *token, int *status, const char **code, const char **detail)
{
	struct code c;
	enum err e = find(st, now_ms, token, &c);

	if (e == OK) {
		*status = c.status;
		*code = c.word;
		*detail = c.detail;
	}
	return e;
}

/* The device as the code says, under a secret that nobody had. */
static enum err let_in(struct store *st, int64_t now_ms, const struct code *c, char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why)
{
	enum err e = account_device_secret(st, now_ms, c->device, c->person, secret, commit, why);

	if (e != ERR_NOTFOUND)
		return e;
	why->text[0] = '\0';
	return account_device_add(st, now_ms, c->device, c->person, c->district, secret, commit, why);
}

static enum err end_code(struct store *st, int64_t now_ms, const struct code *c)
{
	sqlite3_stmt *s = sql_get(st, "UPDATE enrol_code SET ended = ?1, how = 'used' WHERE hash = ?2");

	sql_int(s, 1, now_ms);
	sql_str(s, 2, c->hash);
	return sql_run(s);
}

enum err enrol_redeem(struct store *st, struct intake *in, int64_t now_ms, const char *token, struct act_answer *ans,
	struct office_end *end, struct why *why)
{
	char secret[ACCOUNT_SECRET] = "";
	struct buf *b = &ans->json;
	int64_t commit = 0;
	struct code c;
	enum err e;

	if ((e = begin(st, ans, why)) != OK)
		return e;
	e = find(st, now_ms, token, &c);
	if (e == OK && c.status != 200)
		refuse(ans, c.status, c.word, "%s", c.detail);
	if (e == OK && !ans->status)
		e = account_says(ans, let_in(st, now_ms, &c, secret, &commit, why), why);
	if (e == OK && !ans->status && (e = end_code(st, now_ms, &c)) == OK) {
		ans->status = 200;
		buf_adds(b, "{\"device\":");
		buf_json_str(b, c.device);
		member(b, "secret", secret);
		member(b, "district", c.district);
		member(b, "mqtt", "/mqtt");
		buf_addc(b, '}');
	}
	explicit_bzero(secret, sizeof secret);
	return conclude(st, in, now_ms, e, ans, commit, end, why);
}
