#include "schema/acts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/secret.h"
#include "core/casus.h"
#include "core/civil.h"
#include "schema/account.h"
#include "schema/dossier.h"
#include "schema/sql.h"

#define OFFICE_TAG UINT64_MAX /* no door's: the ack of an officer's event is this module's answer */

struct act {
	struct store *st;
	struct intake *in;
	int64_t now_ms;
	const struct act_request *rq;
	bool any; /* whatever the case's version */
	struct act_answer *ans;
	struct account_user user;
	struct json json;  /* the action */
	char asked[SECRET_DIGEST];
	struct {
		bool known;
		int64_t commit, version;
		enum casus_state state;
		char area[AREA_CODE_MAX + 1], scope[REACH_CODE_MAX + 1];
	} casus;
	char epoch[EVENT_EPOCH_MAX + 1];
	int64_t seq;
};

/* ------------------------------------------------------------------ answers */

static void add_version(const struct act *a, struct buf *b)
{
	buf_json_key(b, "etag");
	buf_addf(b, "\"%lld\"", (long long)a->casus.commit);
	buf_json_key(b, "state");
	buf_json_str(b, casus_state_name(a->casus.state));
}

static void refuse(struct act *a, int status, const char *code, const char *fmt, ...) PRINTF(4, 5);

static void refuse(struct act *a, int status, const char *code, const char *fmt, ...)
{
	struct buf *b = &a->ans->json;
	char detail[320];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof detail, fmt, ap); /* cut on purpose */
	va_end(ap);
	a->ans->status = status;
	buf_clear(b);
	buf_adds(b, "{\"code\":");
	buf_json_str(b, code);
	buf_json_key(b, "detail");
	buf_json_str(b, detail);
	if (a->casus.known)
		add_version(a, b);
	buf_addc(b, '}');
}

/* ------------------------------------------------------------------ before anything is written */

static enum err check_user(struct act *a, const char *name)
{
	enum err e = account_user_get(a->st, name, &a->user);

	if (e == ERR_NOTFOUND || (e == OK && a->user.disabled))
		refuse(a, 403, "account_disabled", "the account is disabled");
	else if (e == OK && !a->user.person[0])
		refuse(a, 403, "no_person", "the account belongs to no person, so it cannot act");
	return e == ERR_NOTFOUND ? OK : e;
}

static bool is_member(struct slice key)
{
	static const char *const names[] = {"action", "note", "to", "until", "result", "rating"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(key, names[i]))
			return true;
	return false;
}

/* Reads the action; its values are checked as those of any event. */
static void check_action(struct act *a)
{
	struct json *j = &a->json;
	uint32_t k = 1, val;

	if (!json_read(j, a->rq->action.p, a->rq->action.n) || j->tok[0].type != JSON_OBJECT) {
		refuse(a, 400, "bad_json", "want one JSON object without a member named twice");
		return;
	}
	for (uint32_t n = j->tok[0].count; n > 0; n--, k = j->tok[val].next) {
		struct slice key = json_text(j, k);

		val = j->tok[k].next;
		if (!is_member(key)) {
			refuse(a, 422, "bad_action", "/%.*s: unknown member", (int)(key.n < 64 ? key.n : 64), key.p);
			return;
		}
	}
}

static void digest(struct act *a)
{
	struct buf b = {0};

	buf_addf(&b, "%s\n", a->rq->casus);
	buf_add(&b, a->rq->action.p, a->rq->action.n);
	secret_digest(b.p, b.n, a->asked);
	buf_done(&b);
}

static bool is_key(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < n; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return false;
	return n >= 1 && n <= ACTS_KEY_MAX;
}

/* What was answered under this key; another question under it is refused. */
static enum err known_key(struct act *a)
{
	sqlite3_stmt *q;
	struct slice v;
	enum err e;

	if (!a->rq->key)
		return OK;
	if (!is_key(a->rq->key)) {
		refuse(a, 400, "bad_key", "Idempotency-Key: want 1 to %d visible ASCII characters", ACTS_KEY_MAX);
		return OK;
	}
	q = sql_get(a->st, "SELECT asked, status, answer FROM act_key WHERE user = ? AND key = ? AND at > ?");
	sql_str(q, 1, a->user.name);
	sql_str(q, 2, a->rq->key);
	sql_int(q, 3, a->now_ms - ACTS_KEY_MS);
	if ((e = sql_row(q)) == OK) {
		if (!slice_is(sql_col(q, 0), a->asked)) {
			refuse(a, 422, "key_reused", "the Idempotency-Key was used for another question: take a new one");
		} else {
			a->ans->status = sqlite3_column_int(q, 1);
			v = sql_col(q, 2);
			buf_add(&a->ans->json, v.p, v.n);
		}
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_case(struct act *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT \"commit\", state, version, area, scope FROM casus WHERE "
					 "name = ? AND state <> 0");
	enum err e;

	sql_str(q, 1, a->rq->casus);
	if ((e = sql_row(q)) == OK) {
		a->casus.commit = sqlite3_column_int64(q, 0);
		a->casus.state = (enum casus_state)sqlite3_column_int(q, 1);
		a->casus.version = sqlite3_column_int64(q, 2);
		slice_copy(a->casus.area, sizeof a->casus.area, sql_col(q, 3));
		slice_copy(a->casus.scope, sizeof a->casus.scope, sql_col(q, 4));
	}
	sql_done(q);
	return e;
}

static bool in_scope(const struct act *a, const char *area)
{
	return strcmp(a->user.scope, "*") == 0 || (area[0] && area_covers(slice_of(a->user.scope), slice_of(area)));
}

/* A case outside of one's scope is no case: who may not see it learns nothing. */
static enum err check_case(struct act *a)
{
	enum err e = read_case(a);

	if (e == ERR_NOTFOUND || (e == OK && !in_scope(a, a->casus.area))) {
		refuse(a, 404, "not_found", "no such case");
		return OK;
	}
	if (e != OK)
		return e;
	a->casus.known = true;
	if (a->any)
		return OK;
	if (a->rq->expect < 0)
		refuse(a, 428, "if_match_required", "If-Match: the ETag of the case that the act is meant for");
	else if (a->rq->expect != a->casus.commit)
		refuse(a, 412, "stale", "the case has changed since: look at it again");
	return OK;
}

static enum err prepare(struct act *a)
{
	enum err e = check_user(a, a->rq->user);

	if (e == OK && !a->ans->status)
		check_action(a);
	if (e == OK && !a->ans->status) {
		digest(a);
		e = known_key(a);
	}
	if (e == OK && !a->ans->status)
		e = check_case(a);
	return e;
}

/* ------------------------------------------------------------------ the event */

/* The epoch of device `office` in this database: a restored one begins its own. */
static enum err office_epoch(struct act *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT value FROM meta WHERE key = 'office_epoch'");
	char want[STORE_DB_ID + 1], value[STORE_DB_ID + EVENT_EPOCH_MAX + 2] = "";
	uint8_t random[8];
	struct head head;
	size_t n;
	enum err e = sql_row(q);

	if (e == OK)
		slice_copy(value, sizeof value, sql_col(q, 0));
	sql_done(q);
	if ((e != OK && e != ERR_NOTFOUND) || (e = store_head(a->st, &head)) != OK)
		return e;
	n = (size_t)snprintf(want, sizeof want, "%s:", head.db);
	if (strncmp(value, want, n) == 0 && value[n]) {
		(void)snprintf(a->epoch, sizeof a->epoch, "%s", value + n); /* written below */
		return OK;
	}
	secret_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		(void)snprintf(a->epoch + 2 * i, 3, "%02x", random[i]);
	(void)snprintf(value, sizeof value, "%s%s", want, a->epoch); /* fits */
	q = sql_get(a->st, "INSERT OR REPLACE INTO meta(key, value) VALUES('office_epoch', ?)");
	sql_str(q, 1, value);
	return sql_run(q);
}

static enum err next_seq(struct act *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT top FROM stream WHERE device = 'office' AND epoch = ?");
	enum err e;

	sql_str(q, 1, a->epoch);
	if ((e = sql_row(q)) == OK)
		a->seq = sqlite3_column_int64(q, 0);
	sql_done(q);
	a->seq++;
	return e == ERR_NOTFOUND ? OK : e;
}

/* The last act in force: what the officer saw. */
static enum err add_base(struct act *a, struct registry *r, struct buf *b)
{
	struct dossier_source src = {.st = a->st, .registry = r, .as_of = REGISTRY_NOW};
	struct dossier d = {0};
	const struct order_key *k;
	enum err e = dossier_read(&src, slice_of(a->rq->casus), &d);

	if (e == OK && d.n && d.fold.last != UINT32_MAX) {
		k = &d.act[d.fold.last].key;
		buf_json_key(b, "base");
		buf_addf(b, "\"%s/%s/%lld\"", k->device, k->epoch, (long long)k->seq);
	}
	dossier_done(&d);
	json_done(&src.json);
	return e;
}

/* The place of the case, where it stands today; else the act counts for its actor's. */
static enum err add_scope(struct act *a, struct registry *r, struct buf *b)
{
	const struct place *p;
	int32_t day = civil_day(a->now_ms);
	enum err e = OK;

	p = a->casus.scope[0] ? registry_place(r, slice_of(a->casus.scope), &e) : NULL;
	if (p && p->from <= day && day <= p->to) {
		buf_json_key(b, "scope");
		buf_json_str(b, a->casus.scope);
	}
	return e;
}

static enum err add_case(struct act *a, struct buf *b)
{
	struct registry *r = registry_new(a->st, REGISTRY_NOW);
	enum err e = add_scope(a, r, b);

	if (e == OK)
		e = add_base(a, r, b);
	registry_free(r);
	return e;
}

static void add_body(struct act *a, struct buf *b)
{
	struct json *j = &a->json;
	uint32_t k = 1, val;

	buf_json_key(b, "body");
	buf_adds(b, "{\"case\":");
	buf_json_str(b, a->rq->casus);
	for (uint32_t n = j->tok[0].count; n > 0; n--, k = j->tok[val].next) {
		struct slice key = json_text(j, k), raw;
		const char *quote;

		val = j->tok[k].next;
		raw = json_raw(j, val);
		quote = j->tok[val].type == JSON_STRING ? "\"" : "";
		buf_addf(b, ",\"%.*s\":%s", (int)key.n, key.p, quote);
		buf_add(b, raw.p, raw.n);
		buf_adds(b, quote);
	}
	buf_addc(b, '}');
}

static enum err make_event(struct act *a, struct buf *b)
{
	enum err e;

	if ((e = office_epoch(a)) != OK || (e = next_seq(a)) != OK)
		return e;
	buf_addf(b, "{\"epoch\":\"%s\",\"seq\":%lld,\"kind\":\"case.act\",\"at\":%lld", a->epoch, (long long)a->seq,
		(long long)a->now_ms);
	buf_json_key(b, "person");
	buf_json_str(b, a->user.person);
	if ((e = add_case(a, b)) != OK)
		return e;
	buf_json_key(b, "as");
	buf_adds(b, "{\"user\":");
	buf_json_str(b, a->user.name);
	buf_json_key(b, "role");
	buf_json_str(b, a->user.role);
	buf_json_key(b, "scope");
	buf_json_str(b, a->user.scope);
	buf_addc(b, '}');
	add_body(a, b);
	buf_addc(b, '}');
	return OK;
}

/* ------------------------------------------------------------------ what became of it */

static void refuse_held(struct act *a, const char *code, const char *detail)
{
	bool may_not = strcmp(code, "not_allowed") == 0 || strcmp(code, "unknown_person") == 0;

	refuse(a, may_not ? 403 : 409, code, "%s", detail);
}

/* Rejected or held?  Then a->ans says so. */
static enum err outcome(struct act *a)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT detail FROM reject WHERE device = 'office' AND epoch = ? AND seq = ?");
	const char *detail;
	char code[32];
	enum err e;

	sql_str(q, 1, a->epoch);
	sql_int(q, 2, a->seq);
	if ((e = sql_row(q)) == OK) {
		detail = sql_cstr(q, 0);
		if (strncmp(detail, "/body/", 6) == 0) /* the action is the body of the event */
			detail += 5;
		refuse(a, 422, "bad_action", "%s", detail);
	}
	sql_done(q);
	if (e != ERR_NOTFOUND)
		return e;
	q = sql_get(a->st, "SELECT h.code, h.detail FROM stream s JOIN held h ON h.stream = s.id WHERE "
			   "s.device = 'office' AND s.epoch = ? AND h.seq = ?");
	sql_str(q, 1, a->epoch);
	sql_int(q, 2, a->seq);
	if ((e = sql_row(q)) == OK) {
		(void)snprintf(code, sizeof code, "%s", sql_cstr(q, 0)); /* fits */
		refuse_held(a, code, sql_cstr(q, 1));
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

/* It is in force: what it made of the case. */
static enum err done(struct act *a, int64_t *commit)
{
	struct buf *b = &a->ans->json;
	sqlite3_stmt *q;
	int64_t flags = 0;
	enum err e;

	q = sql_get(a->st, "SELECT e.\"commit\", e.flags, e.seq FROM stream s JOIN event e ON e.\"commit\" = s.last "
			   "WHERE s.device = 'office' AND s.epoch = ?");
	sql_str(q, 1, a->epoch);
	if ((e = sql_row(q)) == OK) {
		*commit = sqlite3_column_int64(q, 0);
		flags = sqlite3_column_int64(q, 1);
		if (sqlite3_column_int64(q, 2) != a->seq)
			e = ERR_CORRUPT;
	}
	sql_done(q);
	if (e != OK || (e = read_case(a)) != OK)
		return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
	if (flags & 4) { /* what it set free displaced it at once */
		refuse(a, 409, "illegal_transition", "not from this state");
		return OK;
	}
	a->ans->status = 200;
	buf_clear(b);
	buf_adds(b, "{\"case\":");
	buf_json_str(b, a->rq->casus);
	buf_json_key(b, "commit");
	buf_int(b, *commit);
	add_version(a, b);
	buf_json_key(b, "version");
	buf_int(b, a->casus.version);
	buf_json_key(b, "event");
	buf_addf(b, "\"office/%s/%lld\"}", a->epoch, (long long)a->seq);
	return OK;
}

static enum err remember(struct act *a)
{
	sqlite3_stmt *q;
	enum err e;

	q = sql_get(a->st, "DELETE FROM act_key WHERE (user, key) IN (SELECT user, key FROM act_key WHERE at <= ? "
			   "ORDER BY at LIMIT ?)");
	sql_int(q, 1, a->now_ms - ACTS_KEY_MS);
	sql_int(q, 2, ACTS_PURGE);
	if ((e = sql_run(q)) != OK || !a->rq->key)
		return e;
	q = sql_get(a->st, "INSERT OR REPLACE INTO act_key(user, key, at, asked, status, answer) VALUES(?, ?, ?, ?, ?, ?)");
	sql_str(q, 1, a->user.name);
	sql_str(q, 2, a->rq->key);
	sql_int(q, 3, a->now_ms);
	sql_str(q, 4, a->asked);
	sql_int(q, 5, a->ans->status);
	sql_text(q, 6, buf_slice(&a->ans->json));
	return sql_run(q);
}

/* Takes the event; leaves the transaction open when it is in force (status 200). */
static enum err take(struct act *a, int64_t *commit)
{
	struct intake_from from = {.device = slice_of("office"), .flags = INTAKE_OFFICE, .tag = OFFICE_TAG};
	struct buf event = {0};
	enum err e = make_event(a, &event);

	if (e == OK)
		e = intake_take(a->in, &from, buf_slice(&event), a->now_ms);
	if (e == OK)
		e = outcome(a);
	if (e == OK && !a->ans->status && (e = intake_flush(a->in, a->now_ms)) == OK)
		e = done(a, commit);
	buf_done(&event);
	return e;
}

/* ------------------------------------------------------------------ the whole */

/* Nothing was done, or nothing had to be: what is committed now. */
static enum err unchanged(struct act *a, struct office_end *end)
{
	*end = (struct office_end){0};
	return store_head(a->st, &end->head);
}

/* Ends the transaction: all of it when the answer is 200, else nothing. */
static enum err conclude(struct act *a, enum err e, int64_t commit, struct office_end *end, struct why *why)
{
	struct head head;

	if (e == OK && a->ans->status == 200 && commit) {
		e = FAULT("acts.before_commit") ? ERR_FULL : remember(a);
		if (e == OK && (e = intake_commit(a->in, a->now_ms, &head)) == OK && FAULT("acts.after_commit"))
			e = ERR_IO;
		if (e == OK) {
			*end = (struct office_end){.commit = commit, .head = head};
			return OK;
		}
	}
	if (e != OK)
		e = why_set(why, e, "cannot commit: %s", store_detail(a->st));
	intake_abort(a->in);
	return e == OK ? unchanged(a, end) : e;
}

static enum err perform(struct act *a, struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	if ((e = store_begin(a->st)) == OK)
		e = take(a, &commit);
	return conclude(a, e, commit, end, why);
}

static enum err said(struct act *a, enum err e, struct why *why)
{
	if (e != OK && why && !why->text[0])
		(void)why_set(why, e, "cannot read the database: %s", store_detail(a->st));
	json_done(&a->json);
	return e;
}

enum err acts_do(struct store *st, struct intake *in, int64_t now_ms, const struct act_request *rq,
	struct act_answer *ans, struct office_end *end, struct why *why)
{
	struct act a = {.st = st, .in = in, .now_ms = now_ms, .rq = rq, .ans = ans};
	enum err e;

	assert(!store_is_open(st));
	ans->status = 0;
	e = prepare(&a);
	if (e == OK)
		e = ans->status ? unchanged(&a, end) : perform(&a, end, why);
	return said(&a, e, why);
}

/* ------------------------------------------------------------------ alerts */

struct known { /* an alert as it stands */
	char type[32], casus[EVENT_ID_MAX + 1], area[AREA_CODE_MAX + 1], acked_by[65];
	char *subject;
	int64_t acked_at;
	bool active;
};

static enum err read_alert(struct act *a, const char *id, struct known *k)
{
	sqlite3_stmt *q = sql_get(a->st, "SELECT type, subject, casus, area, active, acked_by, acked_at FROM alert WHERE id = ?");
	struct slice v;
	enum err e;

	free(k->subject);
	*k = (struct known){0};
	sql_str(q, 1, id);
	if ((e = sql_row(q)) == OK) {
		slice_copy(k->type, sizeof k->type, sql_col(q, 0));
		v = sql_col(q, 1);
		k->subject = xstrndup(v.p, v.n);
		slice_copy(k->casus, sizeof k->casus, sql_col(q, 2));
		slice_copy(k->area, sizeof k->area, sql_col(q, 3));
		k->active = sqlite3_column_int(q, 4) != 0;
		slice_copy(k->acked_by, sizeof k->acked_by, sql_col(q, 5));
		k->acked_at = sqlite3_column_int64(q, 6);
	}
	sql_done(q);
	return e;
}

/* Those of the whole platform have no place: whoever may acknowledge at all may these. */
static void check_alert(struct act *a, bool found, const struct known *k)
{
	if (!found || !k->active || (k->area[0] && !in_scope(a, k->area)))
		refuse(a, 404, "not_found", "no such alert, or it is over");
	else if (strcmp(a->user.role, "centre") != 0 && strcmp(a->user.role, "leader") != 0)
		refuse(a, 403, "not_allowed", "ack: by the centre or a leader");
}

static void alert_answer(struct act *a, const char *id, const struct known *k, int64_t commit)
{
	struct buf *b = &a->ans->json;
	char at[CIVIL_INSTANT_TEXT];

	civil_instant_text(k->acked_at, at);
	a->ans->status = 200;
	buf_clear(b);
	buf_adds(b, "{\"alert\":");
	buf_json_str(b, id);
	buf_json_key(b, "acked_by");
	buf_json_str(b, k->acked_by);
	buf_json_key(b, "acked_at");
	buf_json_str(b, at);
	buf_json_key(b, "commit");
	if (commit)
		buf_int(b, commit);
	else
		buf_adds(b, "null");
	buf_addc(b, '}');
}

/* In the open transaction: the act on its case, or a note of the acknowledgement alone. */
static enum err ack(struct act *a, const char *id, struct known *k, int64_t *commit)
{
	char note[160];
	enum err e;

	if (k->casus[0]) {
		if ((e = take(a, commit)) != OK || a->ans->status != 200)
			return e;
	} else {
		(void)snprintf(note, sizeof note, "alert ack %s", id); /* cut: the row says the rest */
		if ((e = store_note(a->st, a->now_ms, note, 1, commit)) != OK)
			return e;
	}
	/* A case that was acknowledged before this alert of it rose: the act alone does not reach it. */
	e = intake_alert_ack(a->in, k->type, k->subject, a->user.person, a->now_ms);
	if (e == OK && (e = intake_flush(a->in, a->now_ms)) == OK && (e = read_alert(a, id, k)) == OK)
		alert_answer(a, id, k, *commit);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e; /* it was there a moment ago */
}

static enum err ack_alone(struct act *a, const char *id, struct known *k, struct office_end *end, struct why *why)
{
	int64_t commit = 0;
	enum err e;

	if ((e = store_begin(a->st)) == OK)
		e = ack(a, id, k, &commit);
	return conclude(a, e, commit, end, why);
}

enum err acts_alert_ack(struct store *st, struct intake *in, int64_t now_ms, const char *user, const char *alert,
	struct act_answer *ans, struct office_end *end, struct why *why)
{
	struct known k = {0};
	char *open = NULL;
	struct act_request rq = {.user = user, .action = slice_of("{\"action\":\"ack\"}"), .expect = -1};
	struct act a = {.st = st, .in = in, .now_ms = now_ms, .rq = &rq, .any = true, .ans = ans};
	enum err e;

	assert(!store_is_open(st));
	ans->status = 0;
	e = check_user(&a, user);
	/* An id may end with a slash (a duty without a target), which a path of HTTP loses before the next one. */
	if (e == OK && !ans->status && (e = read_alert(&a, alert, &k)) == ERR_NOTFOUND)
		e = read_alert(&a, alert = open = xasprintf("%s/", alert), &k);
	if (!ans->status && (e == OK || e == ERR_NOTFOUND)) {
		check_alert(&a, e == OK, &k);
		e = OK;
	}
	if (e == OK && !ans->status && k.acked_by[0])
		alert_answer(&a, alert, &k, 0);
	if (e == OK && !ans->status && k.casus[0]) {
		rq.casus = k.casus;
		check_action(&a);
		e = check_case(&a);
	}
	if (e == OK)
		e = ans->status ? unchanged(&a, end) : ack_alone(&a, alert, &k, end, why);
	free(k.subject);
	free(open);
	return said(&a, e, why);
}
