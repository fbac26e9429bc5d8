#include "schema/reminders.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/area.h"
#include "core/civil.h"
#include "schema/sql.h"

struct send {
	struct store *st;
	struct intake *in;
	int64_t now_ms, since_ms;
	const struct reminder_request *rq;
	struct act_answer *ans;
	struct account_user user;
};

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

/* ------------------------------------------------------------------ who, of what */

static enum err check_user(struct send *s)
{
	static const char *const roles[] = {"centre", "leader", "office"};
	enum err e = account_user_get(s->st, s->rq->user, &s->user);
	bool may = false;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(roles); i++)
		may |= strcmp(s->user.role, roles[i]) == 0;
	if (e == ERR_NOTFOUND || (e == OK && s->user.disabled))
		refuse(s->ans, 403, "account_disabled", "the account is disabled");
	else if (e == OK && !s->user.person[0])
		refuse(s->ans, 403, "no_person", "the account belongs to no person, so it cannot remind anybody");
	else if (e == OK && !may)
		refuse(s->ans, 403, "not_allowed", "people are reminded by the grid centre, a community's office or leaders");
	return e == ERR_NOTFOUND ? OK : e;
}

/* The duty, when its place is the user's: the longest lapse of those that share person, rule and target, as in the live rows. */
static enum err check_duty(struct send *s)
{
	sqlite3_stmt *q = sql_get(s->st, "SELECT min(overdue) FROM duty_state WHERE person = ?1 AND rule = ?2 AND target = ?3 AND gone = 0 AND "
		"(?4 = '*' OR substr(area, 1, length(?4)) = ?4) HAVING count(*) > 0");
	enum err e;

	sql_str(q, 1, s->rq->person);
	sql_str(q, 2, s->rq->rule);
	sql_str(q, 3, s->rq->target);
	sql_str(q, 4, s->user.scope);
	e = sql_row(q);
	if (e == ERR_NOTFOUND)
		refuse(s->ans, 404, "not_found", "no such duty in your scope");
	else if (e == OK && sqlite3_column_type(q, 0) == SQLITE_NULL)
		refuse(s->ans, 409, "not_overdue", "nothing is overdue here any more");
	else if (e == OK)
		s->since_ms = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err check_again(struct send *s)
{
	char at[CIVIL_INSTANT_TEXT];
	struct reminded r;
	enum err e = reminded_read(s->st, s->rq->person, s->rq->rule, s->rq->target, s->since_ms, 0, &r);

	if (e != OK || !r.count || s->now_ms - r.at_ms >= REMINDERS_AGAIN_MS)
		return e;
	civil_instant_text(r.at_ms, at);
	refuse(s->ans, 409, "reminded", "reminded at %s by %s", at, r.by_name[0] ? r.by_name : r.by);
	return OK;
}

/* ------------------------------------------------------------------ the transaction */

static enum err keep(struct send *s, int64_t commit)
{
	sqlite3_stmt *q = sql_get(s->st, "INSERT INTO reminder VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	enum err e;

	sql_int(q, 1, commit);
	sql_int(q, 2, s->now_ms);
	sql_str(q, 3, s->rq->person);
	sql_str(q, 4, s->rq->rule);
	sql_str(q, 5, s->rq->target);
	sql_int(q, 6, s->since_ms);
	sql_str(q, 7, s->user.name);
	sql_str(q, 8, s->user.person);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(s->st, "UPDATE duty_state SET rev = ?4 WHERE person = ?1 AND rule = ?2 AND target = ?3"); /* the live row is another now */
	sql_str(q, 1, s->rq->person);
	sql_str(q, 2, s->rq->rule);
	sql_str(q, 3, s->rq->target);
	sql_int(q, 4, store_rev(s->st));
	return sql_run(q);
}

static enum err answer(struct send *s, int64_t commit)
{
	const struct reminder_request *rq = s->rq;
	struct buf *b = &s->ans->json;
	char at[CIVIL_INSTANT_TEXT];
	struct reminded r;
	enum err e = reminded_read(s->st, rq->person, rq->rule, rq->target, s->since_ms, 0, &r);

	if (e != OK)
		return e;
	civil_instant_text(r.at_ms, at);
	s->ans->status = 200;
	buf_clear(b);
	buf_adds(b, "{\"person\":");
	buf_json_str(b, rq->person);
	buf_json_key(b, "rule");
	buf_json_str(b, rq->rule);
	buf_json_key(b, "target");
	buf_json_str(b, rq->target);
	buf_addf(b, ",\"count\":%lld", (long long)r.count);
	buf_json_key(b, "at");
	buf_json_str(b, at);
	buf_json_key(b, "by");
	buf_json_str(b, r.by);
	buf_json_key(b, "by_name");
	buf_json_str(b, r.by_name[0] ? r.by_name : NULL);
	buf_addf(b, ",\"commit\":%lld}", (long long)commit);
	return OK;
}

static enum err store_it(struct send *s, struct office_end *end)
{
	int64_t commit = 0;
	struct head head;
	char note[200];
	enum err e;

	(void)snprintf(note, sizeof note, "remind %s %s %s", s->rq->person, s->rq->rule, s->rq->target); /* cut: the row says the rest */
	if ((e = store_begin(s->st)) == OK && (e = store_note(s->st, s->now_ms, note, 1, &commit)) == OK && (e = keep(s, commit)) == OK &&
		(e = answer(s, commit)) == OK && (e = intake_concerns(s->in, s->rq->person)) == OK &&
		(e = intake_commit(s->in, s->now_ms, &head)) == OK) {
		*end = (struct office_end){commit, head, false};
		return OK;
	}
	intake_abort(s->in);
	store_rollback(s->st); /* does nothing after intake_abort */
	return e;
}

enum err reminder_send(struct store *st, struct intake *in, int64_t now_ms, const struct reminder_request *rq,
	struct act_answer *ans, struct office_end *end, struct why *why)
{
	struct send s = {.st = st, .in = in, .now_ms = now_ms, .rq = rq, .ans = ans};
	enum err e;

	assert(!store_is_open(st));
	ans->status = 0;
	why->text[0] = '\0';
	end->commit = 0;
	end->more = false;
	e = check_user(&s);
	if (e == OK && !ans->status)
		e = check_duty(&s);
	if (e == OK && !ans->status)
		e = check_again(&s);
	if (e == OK)
		e = ans->status ? store_head(st, &end->head) : store_it(&s, end);
	if (e != OK)
		return why_set(why, e, "cannot remind: %s", store_detail(st));
	return OK;
}
