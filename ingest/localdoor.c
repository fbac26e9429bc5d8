#include "ingest/localdoor.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/door.h"
#include "base/log.h"
#include "core/json.h"
#include "schema/acts.h"
#include "schema/enrol.h"
#include "schema/reminders.h"
#include "schema/freeze.h"

#define UNREAD_MAX (1024 * 1024)
#define READ_TURN (256 * 1024) /* bytes of one connection in one turn: the others wait no longer */
#define KEEP_CAP (64 * 1024)   /* larger buffers are given back when they are empty */
#define LINES_MAX 50           /* faults of an import in one answer */

struct conn {
	int fd;
	uint64_t id;
	struct buf in, out;
	size_t scanned;    /* bytes of in without a newline */
	size_t line;       /* length of the request line whose payload is awaited; 0: none */
	size_t payload;    /* its length */
	bool listening, bell_due, eof, dead;
};

/* An `events` request that waits for its commit.  Its tag is its index + 1; 0 is MQTT's. */
struct pending {
	uint64_t conn;
	char *id; /* as JSON; NULL: none */
	struct buf acks;
	uint64_t stored, duplicate;
};

struct localdoor {
	int fd;
	char *path;
	ino_t inode; /* of our socket file: another ingest's is not ours to remove */
	struct localdoor_hooks hooks;
	struct writer *w;
	struct conn *conn[LOCALDOOR_CONNS];
	size_t nconn;
	uint64_t next_id;
	int64_t deaf_ms; /* monotonic: out of descriptors, accept again then */
	struct pending pending[LOCALDOOR_EVENTS];
	size_t npending;
	struct json json;
	struct buf bell;
	struct localdoor_counts counts;
};

/* ------------------------------------------------------------------ connections */

static void conn_free(struct conn *c)
{
	(void)close(c->fd); /* nothing is owed */
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

static void give_back(struct buf *b)
{
	if (b->n == 0 && b->cap > KEEP_CAP)
		buf_done(b);
}

static void conn_write(struct localdoor *d, struct conn *c)
{
	size_t done = 0;
	ssize_t n;

	while (!c->dead) {
		if (done == c->out.n && c->bell_due) { /* the newest only, when all before it was read */
			buf_clear(&c->out);
			done = 0;
			buf_add(&c->out, d->bell.p, d->bell.n);
			c->bell_due = false;
		}
		if (done == c->out.n)
			break;
		n = send(c->fd, c->out.p + done, c->out.n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				c->dead = true;
			break;
		}
		done += (size_t)n;
	}
	buf_drop(&c->out, done);
	give_back(&c->out);
	if (c->out.n > UNREAD_MAX) {
		d->counts.cut++;
		c->dead = true;
	}
}

static struct conn *conn_of(struct localdoor *d, uint64_t id)
{
	for (size_t i = 0; i < d->nconn; i++)
		if (d->conn[i]->id == id)
			return d->conn[i];
	return NULL;
}

/* ------------------------------------------------------------------ answers */

/* Begins an answer: {"id":...  The caller adds members and answer_end. */
static void answer_begin(struct buf *out, const char *id)
{
	buf_addc(out, '{');
	if (id) {
		buf_json_key(out, "id");
		buf_adds(out, id);
	}
}

static void answer_end(struct buf *out)
{
	buf_adds(out, "}\n");
}

static void answer_error(struct buf *out, const char *id, enum err e, const char *detail, const struct buf *lines)
{
	answer_begin(out, id);
	buf_json_key(out, "error");
	buf_adds(out, "{\"code\":");
	buf_json_str(out, err_name(e));
	buf_json_key(out, "detail");
	buf_json_str(out, detail);
	if (lines && lines->n) {
		buf_json_key(out, "lines");
		buf_addc(out, '[');
		buf_add(out, lines->p, lines->n);
		buf_addc(out, ']');
	}
	buf_addc(out, '}');
	answer_end(out);
}

/* ------------------------------------------------------------------ requests */

struct request {
	struct localdoor *d;
	struct conn *c;
	struct json *j; /* the line */
	char *id;       /* as JSON; NULL: none; taken by a pending */
	struct slice payload;
	bool bad;       /* a member was missing or no text: answered */
};

static void refuse(struct request *r, enum err e, const char *detail)
{
	answer_error(&r->c->out, r->id, e, detail, NULL);
}

/* A text member as a C string: copied into room bytes.  need: its absence is an error. */
static void text_of(struct request *r, const char *key, char *to, size_t room, bool need)
{
	uint32_t t = json_get(r->j, 0, key);
	struct slice s = {0};
	char detail[96];

	to[0] = '\0';
	if (t && r->j->tok[t].type == JSON_STRING)
		s = json_text(r->j, t);
	if (r->bad || (!t && !need))
		return;
	if (!s.p || s.n == 0 || s.n >= room) {
		(void)snprintf(detail, sizeof detail, "%s: want a text of 1 to %zu bytes", key, room - 1); /* fits */
		refuse(r, ERR_INVALID, detail);
		r->bad = true;
		return;
	}
	memcpy(to, s.p, s.n); /* no U+0000 in it: core/json.h */
	to[s.n] = '\0';
}

static bool flag_of(struct request *r, const char *key)
{
	uint32_t t = json_get(r->j, 0, key);

	return t && r->j->tok[t].type == JSON_TRUE;
}

/* A change of the registry needs a transaction of its own. */
static bool room_for_change(struct request *r)
{
	enum err e;

	if (r->bad)
		return false;
	if ((e = writer_flush(r->d->w)) == OK)
		return true;
	refuse(r, e, "the database does not take changes now");
	return false;
}

/* Ends a change: its effects, its answer.  Members besides ok and commit are in more. */
static void changed(struct request *r, enum err e, const struct office_end *end, const struct why *why, const char *more)
{
	writer_changed(r->d->w, e, end);
	if (e != OK) {
		refuse(r, e, why->text);
		return;
	}
	answer_begin(&r->c->out, r->id);
	buf_json_key(&r->c->out, "ok");
	buf_adds(&r->c->out, "true");
	buf_adds(&r->c->out, more);
	buf_json_key(&r->c->out, "commit");
	buf_int(&r->c->out, end->commit);
	answer_end(&r->c->out);
}

static void op_listen(struct request *r)
{
	r->c->listening = r->c->bell_due = true;
}

static void op_events(struct request *r)
{
	struct localdoor *d = r->d;
	char device[64], district[16];
	struct intake_from from = {0};
	enum err e;

	text_of(r, "device", device, sizeof device, true);
	text_of(r, "district", district, sizeof district, false);
	if (r->bad)
		return;
	if (d->npending == LOCALDOOR_EVENTS && (e = writer_flush(d->w)) != OK) {
		refuse(r, e, "the database does not take events now");
		return;
	}
	from.device = slice_of(device);
	if (district[0])
		from.district = slice_of(district);
	if (flag_of(r, "imported"))
		from.flags |= INTAKE_IMPORTED;
	d->pending[d->npending] = (struct pending){.conn = r->c->id, .id = r->id};
	r->id = NULL;
	from.tag = ++d->npending;
	/* A failure of the batch has answered all that waits; a refusal has not. */
	if ((e = writer_take(d->w, &from, r->payload)) != OK && d->npending)
		localdoor_dropped(d, e);
}

static void import_fault(void *ctx, const char *line)
{
	struct buf *lines = ctx;

	buf_json_sep(lines);
	buf_json_str(lines, line);
}

static void op_import(struct request *r)
{
	struct buf lines = {0}, more = {0};
	struct import_report report = {.error = import_fault, .ctx = &lines};
	struct import_result got = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	char kind[32], staged[4096];
	enum err e;

	text_of(r, "kind", kind, sizeof kind, true);
	text_of(r, "staged", staged, sizeof staged, true);
	if (!room_for_change(r))
		return;
	e = office_import(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), kind, staged,
		flag_of(r, "dry_run"), &report, &got, &end, &why);
	if (e != OK && lines.n) {
		writer_changed(r->d->w, e, &end);
		answer_error(&r->c->out, r->id, e, why.text, &lines);
	} else {
		buf_addf(&more, ",\"inserted\":%lld,\"updated\":%lld,\"unchanged\":%lld", (long long)got.inserted,
			(long long)got.updated, (long long)got.unchanged);
		changed(r, e, &end, &why, more.p);
	}
	buf_done(&lines);
	buf_done(&more);
}

static void op_freeze(struct request *r)
{
	struct freeze_done done = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	struct buf more = {0};
	char period[40];
	enum err e;

	text_of(r, "period", period, sizeof period, true);
	if (!room_for_change(r))
		return;
	if (writer_more(r->d->w)) { /* its figures would be those of a registry that is half looked through */
		refuse(r, ERR_BUSY, "a change of the registry is still being worked in: try again in a moment");
		return;
	}
	e = office_freeze(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), period, &done, &end, &why);
	buf_adds(&more, ",\"months\":[");
	for (int i = 0; i < done.n; i++)
		buf_addf(&more, "%s%d", i ? "," : "", (int)done.month[i]);
	buf_addc(&more, ']');
	changed(r, e, &end, &why, more.p);
	buf_done(&more);
}

static void op_device_add(struct request *r)
{
	char device[64], person[80], district[16], secret[ACCOUNT_SECRET];
	struct office_end end = {0};
	struct why why = {{0}};
	struct buf more = {0};
	enum err e;

	text_of(r, "device", device, sizeof device, true);
	text_of(r, "person", person, sizeof person, true);
	text_of(r, "district", district, sizeof district, true);
	text_of(r, "secret", secret, sizeof secret, false);
	if (!room_for_change(r))
		return;
	e = office_device_add(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), device, person,
		district, secret, &end, &why);
	if (e == OK) {
		buf_adds(&more, ",\"secret\":");
		buf_json_str(&more, secret);
		r->d->hooks.accounts(r->d->hooks.ctx, false);
	}
	changed(r, e, &end, &why, more.n ? more.p : "");
	buf_done(&more);
}

static void op_device_revoke(struct request *r)
{
	struct office_end end = {0};
	struct why why = {{0}};
	char device[64];
	enum err e;

	text_of(r, "device", device, sizeof device, true);
	if (!room_for_change(r))
		return;
	e = office_device_revoke(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), device, &end, &why);
	if (e == OK)
		r->d->hooks.accounts(r->d->hooks.ctx, true);
	changed(r, e, &end, &why, "");
}

static void op_device_enrol(struct request *r)
{
	struct office_end end = {0};
	struct why why = {{0}};
	char device[64], person[80];
	enum err e;

	text_of(r, "device", device, sizeof device, true);
	text_of(r, "person", person, sizeof person, true);
	if (!room_for_change(r))
		return;
	e = office_device_enrol(
		writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), device, person, &end, &why);
	changed(r, e, &end, &why, "");
}

static void op_user_put(struct request *r)
{
	char user[80], person[80], role[32], scope[48], hash[ACCOUNT_HASH];
	struct office_end end = {0};
	struct why why = {{0}};
	enum err e;

	text_of(r, "user", user, sizeof user, true);
	text_of(r, "person", person, sizeof person, true);
	text_of(r, "role", role, sizeof role, true);
	text_of(r, "scope", scope, sizeof scope, true);
	text_of(r, "hash", hash, sizeof hash, true);
	if (!room_for_change(r))
		return;
	e = office_user_put(writer_store(r->d->w), clock_wall_ms(), user, person, role, scope, hash, &end, &why);
	changed(r, e, &end, &why, "");
}

static void op_user_disable(struct request *r)
{
	struct office_end end = {0};
	struct why why = {{0}};
	char user[80];
	enum err e;

	text_of(r, "user", user, sizeof user, true);
	if (!room_for_change(r))
		return;
	e = office_user_disable(writer_store(r->d->w), clock_wall_ms(), user, &end, &why);
	changed(r, e, &end, &why, "");
}

/* The asker waits no longer than this: done after it, an act would surprise whoever was told that it failed. */
static bool too_late(struct request *r)
{
	uint32_t t = json_get(r->j, 0, "by");
	int64_t by_mono_ms;

	if (r->bad || !t || !json_int(r->j, t, &by_mono_ms) || clock_mono_ms() <= by_mono_ms)
		return false;
	refuse(r, ERR_BUSY, "it came too late: nothing was done");
	return true;
}

/* Ends an act: an answer of 4xx is one, too. */
static void acted(struct request *r, enum err e, struct act_answer *ans, const struct office_end *end, const struct why *why)
{
	if (e != OK || end->commit)
		writer_changed(r->d->w, e, end);
	if (e != OK) {
		refuse(r, e, why->text);
	} else {
		answer_begin(&r->c->out, r->id);
		buf_json_key(&r->c->out, "status");
		buf_int(&r->c->out, ans->status);
		buf_json_key(&r->c->out, "answer");
		buf_add(&r->c->out, ans->json.p, ans->json.n);
		answer_end(&r->c->out);
	}
	buf_done(&ans->json);
}

static void op_act(struct request *r)
{
	struct act_answer ans = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	char user[80], casus[64], key[80];
	struct act_request rq = {.user = user, .casus = casus, .action = r->payload, .expect = -1};
	uint32_t t = json_get(r->j, 0, "expect");
	enum err e;

	text_of(r, "user", user, sizeof user, true);
	text_of(r, "case", casus, sizeof casus, true);
	text_of(r, "key", key, sizeof key, false);
	if (!r->bad && t && (!json_int(r->j, t, &rq.expect) || rq.expect < 0)) {
		refuse(r, ERR_INVALID, "expect: want a commit number");
		return;
	}
	rq.key = key[0] ? key : NULL;
	if (too_late(r) || !room_for_change(r))
		return;
	e = acts_do(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), &rq, &ans, &end, &why);
	acted(r, e, &ans, &end, &why);
}

static void op_alert_ack(struct request *r)
{
	struct act_answer ans = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	char user[80], alert[1024];
	enum err e;

	text_of(r, "user", user, sizeof user, true);
	text_of(r, "alert", alert, sizeof alert, true);
	if (too_late(r) || !room_for_change(r))
		return;
	e = acts_alert_ack(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), user, alert, &ans, &end, &why);
	acted(r, e, &ans, &end, &why);
}

static void op_remind(struct request *r)
{
	char user[80], person[80], rule[80], target[80];
	struct reminder_request rq = {user, person, rule, target};
	struct act_answer ans = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	enum err e;

	text_of(r, "user", user, sizeof user, true);
	text_of(r, "person", person, sizeof person, true);
	text_of(r, "rule", rule, sizeof rule, true);
	text_of(r, "target", target, sizeof target, false);
	if (too_late(r) || !room_for_change(r))
		return;
	e = reminder_send(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), &rq, &ans, &end, &why);
	acted(r, e, &ans, &end, &why);
}

static void op_device_code(struct request *r)
{
	char user[80], device[64], person[80], district[16];
	struct enrol_request rq = {.device = device, .hours = ENROL_HOURS};
	struct act_answer ans = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	uint32_t t = json_get(r->j, 0, "hours");
	enum err e;

	text_of(r, "user", user, sizeof user, false);
	text_of(r, "device", device, sizeof device, true);
	text_of(r, "person", person, sizeof person, false);
	text_of(r, "district", district, sizeof district, false);
	if (!r->bad && t && !json_int(r->j, t, &rq.hours)) {
		refuse(r, ERR_INVALID, "hours: want a number");
		return;
	}
	rq.user = json_get(r->j, 0, "user") ? user : NULL; /* an empty name is no command's */
	rq.person = person[0] ? person : NULL;
	rq.district = district[0] ? district : NULL;
	if (too_late(r) || !room_for_change(r))
		return;
	e = enrol_offer(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), &rq, &ans, &end, &why);
	acted(r, e, &ans, &end, &why);
}

static void op_device_redeem(struct request *r)
{
	struct act_answer ans = {0};
	struct office_end end = {0};
	struct why why = {{0}};
	char token[128];
	enum err e;

	text_of(r, "token", token, sizeof token, true);
	if (too_late(r) || !room_for_change(r))
		return;
	e = enrol_redeem(writer_store(r->d->w), writer_intake(r->d->w), clock_wall_ms(), token, &ans, &end, &why);
	if (e == OK && ans.status == 200)
		r->d->hooks.accounts(r->d->hooks.ctx, true); /* an old secret is as good as revoked */
	acted(r, e, &ans, &end, &why);
}

/* A refusal by the state of the account is an answer, as of an act. */
static void op_user_password(struct request *r)
{
	char user[80], old[ACCOUNT_HASH], hash[ACCOUNT_HASH];
	struct act_answer ans = {.status = 200};
	struct office_end end = {0};
	struct why why = {{0}};
	enum err e;

	text_of(r, "user", user, sizeof user, true);
	text_of(r, "old", old, sizeof old, true);
	text_of(r, "hash", hash, sizeof hash, true);
	if (too_late(r) || !room_for_change(r))
		return;
	e = office_user_password(writer_store(r->d->w), clock_wall_ms(), user, old, hash, &end, &why);
	if (e == ERR_NOTFOUND) {
		ans.status = 403;
		buf_adds(&ans.json, "{\"code\":\"account_disabled\",\"detail\":\"the account is disabled\"}");
	} else if (e == ERR_STALE) {
		ans.status = 409;
		buf_adds(&ans.json, "{\"code\":\"changed\",\"detail\":\"the password has changed meanwhile: sign in again\"}");
	} else if (e == OK) {
		buf_adds(&ans.json, "{\"user\":");
		buf_json_str(&ans.json, user);
		buf_addf(&ans.json, ",\"commit\":%lld}", (long long)end.commit);
	}
	acted(r, ans.status == 200 ? e : OK, &ans, &end, &why);
}

static void op_status(struct request *r)
{
	answer_begin(&r->c->out, r->id);
	buf_json_key(&r->c->out, "status");
	r->d->hooks.status(r->d->hooks.ctx, &r->c->out);
	answer_end(&r->c->out);
}

static const struct {
	const char *name;
	void (*run)(struct request *r);
} ops[] = {
	{"listen", op_listen},
	{"events", op_events},
	{"import", op_import},
	{"freeze", op_freeze},
	{"device.add", op_device_add},
	{"device.revoke", op_device_revoke},
	{"device.enrol", op_device_enrol},
	{"device.code", op_device_code},
	{"device.redeem", op_device_redeem},
	{"user.put", op_user_put},
	{"user.disable", op_user_disable},
	{"user.password", op_user_password},
	{"act", op_act},
	{"alert.ack", op_alert_ack},
	{"remind", op_remind},
	{"status", op_status},
};

static void dispatch(struct request *r)
{
	uint32_t t = json_get(r->j, 0, "op");
	struct slice op = t && r->j->tok[t].type == JSON_STRING ? json_text(r->j, t) : (struct slice){0};

	r->d->counts.requests++;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (slice_is(op, ops[i].name)) {
			ops[i].run(r);
			return;
		}
	}
	r->d->counts.bad++;
	refuse(r, ERR_INVALID, "op: unknown");
}

static char *id_of(struct json *j)
{
	uint32_t t = json_get(j, 0, "id");
	struct slice raw;

	if (!t || (j->tok[t].type != JSON_STRING && j->tok[t].type != JSON_INT && j->tok[t].type != JSON_REAL))
		return NULL;
	raw = json_raw(j, t);
	return j->tok[t].type == JSON_STRING ? xasprintf("\"%.*s\"", (int)raw.n, raw.p)
					     : xasprintf("%.*s", (int)raw.n, raw.p);
}

/* The line at the start of c->in, its payload behind it. */
static void request(struct localdoor *d, struct conn *c, size_t line, struct slice payload)
{
	struct request r = {.d = d, .c = c, .j = &d->json, .payload = payload};

	if (!json_read(&d->json, c->in.p, line) || d->json.tok[0].type != JSON_OBJECT) {
		d->counts.bad++;
		answer_error(&c->out, NULL, ERR_INVALID, "not a request: want one JSON object on a line", NULL);
		return;
	}
	r.id = id_of(&d->json);
	dispatch(&r);
	free(r.id);
}

/* How long is the payload that the line announces?  False: the framing is broken. */
static bool announces(struct localdoor *d, const char *line, size_t n, size_t *payload)
{
	int64_t len = 0;
	uint32_t t;

	*payload = 0;
	if (!json_read(&d->json, line, n) || d->json.tok[0].type != JSON_OBJECT || !(t = json_get(&d->json, 0, "len")))
		return true;
	if (!json_int(&d->json, t, &len) || len < 0 || len > DOOR_PAYLOAD_MAX)
		return false;
	*payload = (size_t)len;
	return true;
}

static void broken(struct localdoor *d, struct conn *c, const char *detail)
{
	d->counts.bad++;
	d->counts.cut++;
	answer_error(&c->out, NULL, ERR_INVALID, detail, NULL);
	conn_write(d, c);
	c->dead = true;
}

/* Takes one request out of c->in; false: none is whole. */
static bool next_request(struct localdoor *d, struct conn *c)
{
	char *nl;

	if (!c->line) {
		nl = c->in.n > c->scanned ? memchr(c->in.p + c->scanned, '\n', c->in.n - c->scanned) : NULL;
		if (!nl) {
			c->scanned = c->in.n;
			if (c->in.n > DOOR_LINE_MAX)
				broken(d, c, "a line of more than 1 MiB");
			return false;
		}
		c->line = (size_t)(nl - c->in.p) + 1;
		if (!announces(d, c->in.p, c->line - 1, &c->payload)) {
			broken(d, c, "len: want 0 to 1048576");
			return false;
		}
	}
	if (c->in.n < c->line + c->payload)
		return false;
	request(d, c, c->line - 1, (struct slice){c->in.p + c->line, (uint32_t)c->payload});
	buf_drop(&c->in, c->line + c->payload);
	c->line = c->payload = c->scanned = 0;
	return true;
}

static void conn_read(struct localdoor *d, struct conn *c)
{
	size_t got = 0;
	ssize_t n;

	while (got < READ_TURN && !c->dead && !c->eof) {
		buf_reserve(&c->in, 16384);
		n = recv(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n - 1, MSG_DONTWAIT);
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				c->dead = true;
			break;
		}
		if (n == 0) {
			c->eof = true;
			break;
		}
		c->in.n += (size_t)n;
		got += (size_t)n;
		/* Nobody who does not read his answers gets more work done. */
		while (!c->dead && next_request(d, c))
			if (c->out.n > UNREAD_MAX / 4)
				conn_write(d, c);
	}
	give_back(&c->in);
}

/* ------------------------------------------------------------------ life */

static enum err claim_path(const char *path, struct sockaddr_un *a, struct why *why)
{
	struct stat s;
	int fd, rc;

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (snprintf(a->sun_path, sizeof a->sun_path, "%s", path) >= (int)sizeof a->sun_path)
		return why_set(why, ERR_INVALID, "[ingest] socket %s: longer than %zu bytes", path, sizeof a->sun_path - 1);
	if (lstat(path, &s) != 0)
		return OK;
	if (!S_ISSOCK(s.st_mode))
		return why_set(why, ERR_EXISTS, "[ingest] socket %s: is there and no socket; remove it", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, ERR_IO, "cannot make a socket: %s", strerror(errno));
	rc = connect(fd, (struct sockaddr *)a, sizeof *a);
	rc = rc < 0 ? errno : 0;
	(void)close(fd); /* only asked */
	if (rc != ECONNREFUSED && rc != ENOENT)
		return why_set(why, ERR_BUSY, "[ingest] socket %s: another ingest listens there", path);
	(void)unlink(path); /* bind says if it is still there */
	return OK;
}

enum err localdoor_open(const char *path, const struct localdoor_hooks *hooks, struct localdoor **out, struct why *why)
{
	struct localdoor *d = xcalloc(1, sizeof *d);
	struct sockaddr_un a;
	struct stat s;
	mode_t mask;
	enum err e;
	int rc;

	d->fd = -1;
	d->hooks = *hooks;
	if ((e = claim_path(path, &a, why)) != OK)
		goto out;
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0) {
		e = why_set(why, ERR_IO, "cannot make a socket: %s", strerror(errno));
		goto out;
	}
	mask = umask(0117); /* 0660 from the start */
	rc = bind(d->fd, (struct sockaddr *)&a, sizeof a);
	(void)umask(mask); /* gives the old one */
	if (rc < 0 || listen(d->fd, 64) < 0 || stat(path, &s) < 0) {
		e = why_set(why, ERR_IO, "cannot listen on [ingest] socket %s: %s", path, strerror(errno));
		goto out;
	}
	d->path = xstrdup(path);
	d->inode = s.st_ino;
	buf_reserve(&d->bell, 256);
out:
	if (e == OK)
		*out = d;
	else
		localdoor_close(d);
	return e;
}

static void set_bell(struct localdoor *d, const struct head *head)
{
	buf_clear(&d->bell);
	buf_adds(&d->bell, "{\"op\":\"bell\",\"db\":");
	buf_json_str(&d->bell, head->db);
	buf_addf(&d->bell, ",\"commit\":%lld,\"rev\":%lld,\"time\":%lld}\n", (long long)head->commit,
		(long long)head->rev, (long long)head->time_ms);
}

void localdoor_writer(struct localdoor *d, struct writer *w)
{
	d->w = w;
	set_bell(d, writer_head(w));
}

static void drop_pending(struct localdoor *d)
{
	for (size_t i = 0; i < d->npending; i++) {
		free(d->pending[i].id);
		buf_done(&d->pending[i].acks);
	}
	d->npending = 0;
}

void localdoor_close(struct localdoor *d)
{
	struct stat s;

	if (!d)
		return;
	drop_pending(d);
	for (size_t i = 0; i < d->nconn; i++) {
		conn_write(d, d->conn[i]); /* what they were promised, as far as they read */
		conn_free(d->conn[i]);
	}
	if (d->fd >= 0)
		(void)close(d->fd); /* nothing is owed */
	if (d->path && stat(d->path, &s) == 0 && s.st_ino == d->inode)
		(void)unlink(d->path); /* a stale one is replaced anyway */
	json_done(&d->json);
	buf_done(&d->bell);
	free(d->path);
	free(d);
}

size_t localdoor_poll(struct localdoor *d, struct pollfd *p)
{
	size_t n = 0;

	p[n++] = (struct pollfd){.fd = clock_mono_ms() < d->deaf_ms ? -1 : d->fd, .events = POLLIN};
	for (size_t i = 0; i < d->nconn; i++) {
		struct conn *c = d->conn[i];
		short events = 0;

		if (!c->eof && c->out.n <= UNREAD_MAX / 2)
			events |= POLLIN;
		if (c->out.n)
			events |= POLLOUT;
		p[n++] = (struct pollfd){.fd = c->fd, .events = events};
	}
	return n;
}

static void accept_one(struct localdoor *d)
{
	static const char full[] = "{\"error\":{\"code\":\"full\",\"detail\":\"64 connections are open\"}}\n";
	struct conn *c;
	int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE) /* would be readable for ever */
			d->deaf_ms = clock_mono_ms() + 1000;
		return;
	}
	if (d->nconn == LOCALDOOR_CONNS) {
		(void)send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* a courtesy */
		(void)close(fd); /* never used */
		d->counts.refused++;
		return;
	}
	c = xcalloc(1, sizeof *c);
	c->fd = fd;
	c->id = ++d->next_id;
	d->conn[d->nconn++] = c;
	d->counts.accepted++;
}

/* A connection whose peer has said all it will still gets its answers. */
static bool done_with(const struct localdoor *d, const struct conn *c)
{
	if (c->dead)
		return true;
	if (!c->eof || c->out.n)
		return false;
	for (size_t i = 0; i < d->npending; i++)
		if (d->pending[i].conn == c->id)
			return false;
	return true;
}

static void sweep(struct localdoor *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->nconn; i++) {
		struct conn *c = d->conn[i];

		if (done_with(d, c))
			conn_free(c);
		else
			d->conn[kept++] = c;
	}
	d->nconn = kept;
}

void localdoor_turn(struct localdoor *d, const struct pollfd *p, size_t n)
{
	assert(n == d->nconn + 1);
	for (size_t i = 1; i < n; i++) {
		struct conn *c = d->conn[i - 1];

		if (p[i].revents & (POLLIN | POLLHUP | POLLERR) && !c->eof)
			conn_read(d, c);
		else if (p[i].revents & (POLLHUP | POLLERR))
			c->dead = true; /* nobody is left to answer */
	}
	for (size_t i = 0; i < d->nconn; i++)
		if (d->conn[i]->out.n || d->conn[i]->bell_due)
			conn_write(d, d->conn[i]);
	if (p[0].revents & POLLIN)
		accept_one(d);
	sweep(d);
}

/* ------------------------------------------------------------------ the writer's news */

bool localdoor_acked(struct localdoor *d, const struct intake_ack *ack)
{
	struct pending *p;

	if (ack->tag == 0 || ack->tag > d->npending)
		return false;
	p = &d->pending[ack->tag - 1];
	buf_json_sep(&p->acks);
	buf_add(&p->acks, ack->json.p, ack->json.n);
	p->stored += ack->stored;
	p->duplicate += ack->duplicate;
	return true;
}

void localdoor_committed(struct localdoor *d, const struct head *head, bool rang)
{
	for (size_t i = 0; i < d->npending; i++) {
		struct pending *p = &d->pending[i];
		struct conn *c = conn_of(d, p->conn);

		if (!c)
			continue;
		answer_begin(&c->out, p->id);
		buf_json_key(&c->out, "acks");
		buf_addc(&c->out, '[');
		buf_add(&c->out, p->acks.p ? p->acks.p : "", p->acks.n);
		buf_addf(&c->out, "],\"stored\":%llu,\"duplicate\":%llu", (unsigned long long)p->stored,
			(unsigned long long)p->duplicate);
		answer_end(&c->out);
	}
	if (rang)
		set_bell(d, head);
	for (size_t i = 0; i < d->nconn; i++) {
		struct conn *c = d->conn[i];

		if (rang && c->listening)
			c->bell_due = true;
		if (d->npending || c->bell_due)
			conn_write(d, c);
	}
	drop_pending(d);
}

void localdoor_dropped(struct localdoor *d, enum err e)
{
	for (size_t i = 0; i < d->npending; i++) {
		struct conn *c = conn_of(d, d->pending[i].conn);

		if (c)
			answer_error(&c->out, d->pending[i].id, e, "the database does not take events now: send again", NULL);
	}
	drop_pending(d);
}

size_t localdoor_conns(const struct localdoor *d)
{
	return d->nconn;
}

const struct localdoor_counts *localdoor_counts(const struct localdoor *d)
{
	return &d->counts;
}
