#include "schema/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/civil.h"
#include "schema/households.h"
#include "schema/intake_parts.h"
#include "schema/sql.h"

#define WINDOWS_MAX 65536

const char *const intake_reject_names[] = {"bad_json", "bad_event", "too_large", "unknown_kind",
	"device_revoked", "wrong_district", NULL};

const char *const intake_hold_names[] = {"none", "unknown_person", "unknown_place", "unknown_category",
	"waits_for", "illegal_transition", "not_allowed", "time_in_future", "time_too_old", NULL};

/* ------------------------------------------------------------------ life */

struct intake *intake_new(struct store *st, const struct intake_conf *conf)
{
	struct intake *in = xcalloc(1, sizeof *in);

	in->st = st;
	in->conf = *conf;
	if (!in->conf.windows_max)
		in->conf.windows_max = WINDOWS_MAX;
	in->registry = registry_new(st, REGISTRY_NOW);
	in->streams.st = st;
	in->patrols.st = st;
	in->tallies.st = st;
	in->states.st = st;
	in->alerts = alerts_new(st);
	in->duties = duties_new(st, in->registry, in->alerts);
	in->patrols.concerned = &in->concerned;
	duties_concern(in->duties, &in->concerned);
	if (conf->silent_hours > 0)
		in->watch = watch_new(st, in->alerts, conf->silent_hours);
	cases_init(&in->cases, st, in->registry, &in->patrols);
	in->judge = (struct judge){st, in->registry, &in->streams, conf->max_age_days * CIVIL_DAY_MS};
	return in;
}

/* The acks were fetched, or nobody will: between two batches the caches may go, too. */
static void end_acks(struct intake *in)
{
	answers_clear(&in->answers); /* they point into the streams */
	in->acking = false;
	if (in->streams.map.n > in->conf.windows_max)
		streams_clear(&in->streams);
	if (in->states.map.n > in->conf.windows_max && !in->states.dirty)
		devstates_clear(&in->states);
}

static void drop_waits(struct intake *in)
{
	map_done(&in->waits); /* its values are the map itself */
	in->waits_known = false;
}

/* Forgets everything that the database can tell again. */
static void forget(struct intake *in)
{
	answers_clear(&in->answers);
	in->acking = false;
	streams_clear(&in->streams);
	patrols_clear(&in->patrols);
	tallies_clear(&in->tallies);
	cases_clear(&in->cases);
	buf_clear(&in->unsettled);
	buf_clear(&in->starts);
	registry_changed(in->registry);
	devstates_clear(&in->states);
	alerts_clear_memory(in->alerts);
	duties_clear_memory(in->duties);
	if (in->watch)
		watch_clear_memory(in->watch);
	drop_waits(in);
	memset(in->kinds, 0, sizeof in->kinds);
	in->refold = in->left_known = false;
	in->refold_id = in->rejudge_after = 0;
	buf_clear(&in->arrived);
	buf_clear(&in->hints);
	in->hint_all = false;
	concerned_clear(&in->concerned);
	in->waiting = 0;
	in->begun = in->changed = false;
}

void intake_abort(struct intake *in)
{
	store_rollback(in->st);
	forget(in);
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	intake_abort(in);
	patrols_done(&in->patrols);
	cases_done(&in->cases);
	buf_done(&in->unsettled);
	buf_done(&in->starts);
	registry_free(in->registry);
	json_done(&in->json);
	json_done(&in->again);
	buf_done(&in->arrived);
	buf_done(&in->hints);
	buf_done(&in->told);
	answers_done(&in->answers);
	watch_free(in->watch);
	duties_free(in->duties);
	alerts_free(in->alerts);
	free(in);
}

const struct intake_counts *intake_counts(const struct intake *in)
{
	return &in->counts;
}

size_t intake_waiting(const struct intake *in)
{
	return in->waiting;
}

/* ------------------------------------------------------------------ what is kept of the unusual */

static enum err keep_reject(struct intake *in, const struct intake_from *from, struct slice epoch,
	int64_t seq, enum reject code, const char *detail, struct slice raw, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(in->st, "INSERT INTO reject(recv, device, district, epoch, seq, code, "
					  "detail, raw) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");

	sql_int(q, 1, recv_ms);
	sql_text(q, 2, from->device);
	sql_text(q, 3, from->district.p ? from->district : slice_of(""));
	sql_text(q, 4, epoch);
	if (epoch.p)
		sql_int(q, 5, seq);
	sql_str(q, 6, intake_reject_names[code]);
	sql_str(q, 7, detail);
	sql_blob(q, 8, raw);
	in->counts.rejected[code]++;
	in->changed = true;
	return sql_run(q);
}

static enum err keep_answer(struct intake *in, struct stream *t, int64_t seq, const char *status,
	const char *code, const char *detail)
{
	sqlite3_stmt *q = sql_get(in->st,
		"INSERT OR REPLACE INTO answer(stream, seq, status, code, detail) VALUES(?, ?, ?, ?, ?)");

	sql_int(q, 1, t->id);
	sql_int(q, 2, seq);
	sql_str(q, 3, status);
	sql_str(q, 4, code);
	sql_str(q, 5, detail);
	return sql_run(q);
}

/* ------------------------------------------------------------------ one event */

struct arrival {
	const struct intake_from *from;
	const struct device *dev; /* NULL: unknown */
	struct devstate *state;
	bool wrong_district;
	int64_t recv_ms;
	bool error; /* something without identity was answered already */
};

struct judge_time intake_times(const struct intake *in, int64_t now_ms, int64_t recv_ms, bool any_age)
{
	return (struct judge_time){now_ms < in->head.time_ms ? -1 : now_ms, recv_ms, any_age};
}

/* Keeps what has no identity, and answers that, once for a payload. */
static enum err refuse_payload(struct intake *in, struct arrival *a, enum reject code, int64_t limit, const char *detail, struct slice raw)
{
	if (!a->error) {
		answers_error(&in->answers, a->from, code, limit);
		in->waiting++;
		in->counts.payload_errors++;
	}
	a->error = true;
	return keep_reject(in, a->from, (struct slice){NULL, 0}, 0, code, detail, raw, a->recv_ms);
}

static enum err refuse_event(struct intake *in, struct arrival *a, struct stream *t, struct answer *it,
	int64_t seq, enum reject code, const char *detail, struct slice raw)
{
	enum err e = keep_reject(in, a->from, slice_of(t->epoch), seq, code, detail, raw, a->recv_ms);

	t->answers++;
	answer_result(it, seq, "rejected", intake_reject_names[code], detail);
	return e == OK ? keep_answer(in, t, seq, "rejected", intake_reject_names[code], detail) : e;
}

static enum err keep(struct intake *in, struct arrival *a, struct stream *t, struct answer *it, const struct event *ev,
	const struct verdict *v, int64_t flags)
{
	enum err e;

	t->answers++;
	in->changed = true;
	answer_result(it, ev->seq, "held", intake_hold_names[v->hold], v->detail);
	e = held_keep(in, t, ev, v, flags, a->recv_ms);
	return e == OK ? keep_answer(in, t, ev->seq, "held", intake_hold_names[v->hold], v->detail) : e;
}

static enum err take_new(struct intake *in, struct arrival *a, struct stream *t, struct answer *it, struct event *ev)
{
	int64_t flags = a->from->flags & INTAKE_IMPORTED ? FLAG_IMPORTED : 0;
	struct judge_time when = intake_times(in, a->recv_ms, a->recv_ms, flags != 0);
	struct verdict v;
	enum err e = judge_event(&in->judge, ev, a->dev, &when, &v);

	if (e == OK && v.hold == HOLD_NONE && ev->casus.p)
		e = settle_judge(in, ev, t->device, &v, a->recv_ms);
	if (e != OK)
		return e;
	it->stored += v.hold == HOLD_NONE;
	e = v.hold == HOLD_NONE ? apply_event(in, t, ev, &v, a->state, flags, a->recv_ms, &it->commit)
				: keep(in, a, t, it, ev, &v, flags);
	return e == OK ? settle_rest(in, a->recv_ms) : e;
}

static enum reject reject_of(enum event_code c)
{
	return c == EVENT_BAD_JSON ? BAD_JSON : c == EVENT_UNKNOWN_KIND ? UNKNOWN_KIND : BAD_EVENT;
}

/* Element tok of the payload.  too_large: it is refused for its size, whatever it says. */
static enum err take_event(struct intake *in, struct arrival *a, uint32_t tok, bool too_large)
{
	struct slice raw = json_raw(&in->json, tok), epoch;
	int64_t seq, missing0, holes0;
	struct event_fault fault;
	enum event_code code;
	struct stream *t;
	struct answer *it;
	struct event ev;
	enum err e;

	if (in->json.err != JSON_OK)
		raw = (struct slice){in->json.text, in->json.len}; /* the token has no end */
	code = event_decode(&in->json, tok, &ev, &fault);
	if (code == EVENT_OK) {
		epoch = ev.epoch;
		seq = ev.seq;
	} else if (!event_identity(&in->json, tok, &epoch, &seq)) {
		return refuse_payload(in, a, too_large ? TOO_LARGE : reject_of(code),
			too_large ? EVENT_PAYLOAD_MAX : 0, fault.detail, raw);
	}
	t = streams_get(&in->streams, a->from->device, epoch, true, &e);
	if (!t)
		return e;
	it = answers_on(&in->answers, t, a->from);
	in->waiting++;
	in->changed |= t->is_new;
#ifndef MUTANT_NO_DEDUPE /* a mistake that the tests must catch */
	if (window_has(&t->window, seq))
		return repeat_take(in, t, it, seq, tok, raw, a->recv_ms);
#endif
	missing0 = window_missing(&t->window);
	holes0 = window_holes(&t->window);
	if (!window_take(&t->window, seq)) {
		in->counts.window_full++;
		return OK; /* unanswered: upto stops short of it, the device sends it again */
	}
	streams_touch(&in->streams, t);
	in->changed = true;
	devstate_window(&in->states, a->state, &t->window, missing0, holes0);
	if (a->dev->revoked)
		return refuse_event(in, a, t, it, seq, DEVICE_REVOKED, "", raw);
	if (a->wrong_district)
		return refuse_event(in, a, t, it, seq, WRONG_DISTRICT, a->dev->district, raw);
	if (too_large)
		return refuse_event(in, a, t, it, seq, TOO_LARGE, "more than 262144 bytes", raw);
	if (code != EVENT_OK)
		return refuse_event(in, a, t, it, seq, reject_of(code), fault.detail, raw);
	return take_new(in, a, t, it, &ev);
}

static enum err take_hello(struct intake *in, struct arrival *a)
{
	struct event_fault fault;
	int64_t missing0, holes0;
	struct stream *t;
	struct answer *it;
	struct hello h;
	enum err e;

	if (a->dev->revoked || a->wrong_district)
		return refuse_payload(in, a, a->dev->revoked ? DEVICE_REVOKED : WRONG_DISTRICT, 0, "hello",
			(struct slice){in->json.text, in->json.len});
	if (hello_decode(&in->json, &h, &fault) != EVENT_OK)
		return refuse_payload(in, a, BAD_EVENT, 0, fault.detail,
			(struct slice){in->json.text, in->json.len});
	in->counts.hello++;
	t = streams_get(&in->streams, a->from->device, h.epoch, true, &e);
	if (!t)
		return e;
	it = answers_on(&in->answers, t, a->from);
	if (!it->hello_first || h.first < it->hello_first)
		it->hello_first = h.first;
	in->waiting++;
	if (h.time_ms >= 0) {
		a->state->has_skew = true;
		a->state->skew_ms = a->recv_ms - h.time_ms;
		devstates_touch(&in->states, a->state);
	}
	in->changed |= t->is_new;
	missing0 = window_missing(&t->window);
	holes0 = window_holes(&t->window);
	if (!window_first(&t->window, h.first)) {
		in->counts.window_full++;
	} else if (window_missing(&t->window) != missing0 || window_holes(&t->window) != holes0) {
		streams_touch(&in->streams, t);
		in->changed = true;
		devstate_window(&in->states, a->state, &t->window, missing0, holes0);
	}
	return OK;
}

/* ------------------------------------------------------------------ payloads */

static enum err begin(struct intake *in)
{
	enum err e;

	if (in->begun && store_is_open(in->st))
		return OK;
	if (in->acking)
		end_acks(in);
	if ((e = store_head(in->st, &in->head)) != OK)
		return e;
	if (!store_is_open(in->st)) {
		if ((e = store_begin(in->st)) != OK)
			return e;
		in->waiting++; /* an open batch must be committed, also when it turns out empty */
	}
	if ((e = held_load_waits(in)) == OK)
		in->begun = true;
	return e;
}

/* An error of the store ends the batch. */
static enum err ended(struct intake *in, enum err e)
{
	if (e != OK)
		intake_abort(in);
	return e;
}

static enum err take_payload(struct intake *in, struct arrival *a, struct slice payload)
{
	bool too_large = payload.n > EVENT_PAYLOAD_MAX;
	enum err e = OK;
	char detail[96];
	uint32_t n, tok;

	(void)json_read(&in->json, payload.p, payload.n); /* in->json.err and .soft say */
	if (in->json.ntok == 0 || (in->json.err != JSON_OK && in->json.tok[0].type != JSON_OBJECT)) {
		(void)snprintf(detail, sizeof detail, "%s at byte %u", json_err_name(in->json.err),
			in->json.err_at); /* fits */
		return refuse_payload(in, a, too_large ? TOO_LARGE : BAD_JSON,
			too_large ? EVENT_PAYLOAD_MAX : 0, detail, payload);
	}
	if (in->json.tok[0].type == JSON_OBJECT)
		return in->json.err == JSON_OK && hello_is(&in->json) && !too_large
			? take_hello(in, a)
			: take_event(in, a, 0, too_large);
	if (in->json.tok[0].type != JSON_ARRAY || in->json.tok[0].count == 0)
		return refuse_payload(in, a, too_large ? TOO_LARGE : BAD_EVENT, too_large ? EVENT_PAYLOAD_MAX : 0,
			"want an event, an array of events, or a hello", payload);
	n = in->json.tok[0].count;
	if (too_large || n > EVENT_ARRAY_MAX) {
		(void)snprintf(detail, sizeof detail, "%u events, %u bytes", n, payload.n); /* fits */
		return refuse_payload(in, a, TOO_LARGE, too_large ? EVENT_PAYLOAD_MAX : EVENT_ARRAY_MAX,
			detail, payload);
	}
	for (tok = 1; n > 0 && e == OK; n--, tok = in->json.tok[tok].next)
		e = take_event(in, a, tok, false);
	return e;
}

static bool is_device(struct slice d)
{
	if (d.n < 1 || d.n > EVENT_DEVICE_MAX || d.p[0] == '-')
		return false;
	for (uint32_t i = 0; i < d.n; i++)
		if (!((d.p[i] >= 'a' && d.p[i] <= 'z') || (d.p[i] >= '0' && d.p[i] <= '9') || d.p[i] == '-'))
			return false;
	return true;
}

enum err intake_take(
	struct intake *in, const struct intake_from *from, struct slice payload, int64_t recv_ms)
{
	static const struct device office = {.id = "office"};
	struct devstate none = {0}; /* an act has no place, no gaps, no queue: nothing is noted in it */
	struct arrival a = {.from = from, .recv_ms = recv_ms};
	enum err e = begin(in);

	if (e != OK)
		return ended(in, e);
	in->counts.payloads++;
	if (!is_device(from->device)) {
		struct intake_from nobody = *from;

		nobody.device = slice_of("");
		a.from = &nobody;
		return ended(in, refuse_payload(in, &a, BAD_EVENT, 0, "no device", payload));
	}
	a.dev = from->flags & INTAKE_OFFICE ? &office : registry_device(in->registry, from->device, &e);
	if (e != OK)
		return ended(in, e);
	if (!a.dev) /* nobody enrolled it: nothing of it is remembered but the bytes */
		return ended(in, refuse_payload(in, &a, DEVICE_REVOKED, 0, "unknown device", payload));
	a.wrong_district = from->district.p && !slice_is(from->district, a.dev->district);
	a.state = from->flags & INTAKE_OFFICE ? &none : devstates_of(&in->states, from->device, &e);
	if (e == OK) {
		if (a.state != &none)
			devstate_seen(&in->states, a.state, recv_ms);
		e = take_payload(in, &a, payload);
	}
	if (e == OK)
		e = held_free(in, recv_ms);
	return ended(in, e);
}

enum err intake_presence(struct intake *in, struct slice device, struct slice payload, int64_t recv_ms)
{
	const struct device *dev;
	struct presence p;
	struct devstate *s;
	enum err e = begin(in);

	if (e != OK)
		return ended(in, e);
	dev = is_device(device) ? registry_device(in->registry, device, &e) : NULL;
	if (e != OK || !dev)
		return ended(in, e);
	(void)json_read(&in->json, payload.p, payload.n); /* presence_decode says */
	if (in->json.err != JSON_OK || !presence_decode(&in->json, &p)) {
		in->counts.payload_errors++;
		return OK; /* it tells nothing, so nothing is kept */
	}
	if (!(s = devstates_of(&in->states, device, &e)))
		return ended(in, e);
	in->counts.presence++;
	if (recv_ms > s->seen && p.online)
		s->seen = recv_ms;
	if (s->online != p.online || !s->known)
		devstates_touch(&in->states, s);
	s->online = p.online;
	in->waiting++;
	return OK;
}

/* ------------------------------------------------------------------ again, by clock or registry */

/* The instant by which duties are judged: a clock that stands before the last commit tells no time. */
static int64_t duty_time(const struct intake *in, int64_t now_ms)
{
	return now_ms > in->head.time_ms ? now_ms : in->head.time_ms;
}

/* What the clock alone makes known: silent devices, duties that are due, alerts that nobody acknowledged. */
static enum err watch_and_tell(struct intake *in, int64_t now_ms, bool *more)
{
	int64_t next;
	bool due;
	enum err e = OK;

	if (in->watch)
		e = watch_due(in->watch, now_ms, in->head.time_ms);
	if (e == OK) /* the rows are what is looked at */
		e = cases_flush(&in->cases, &in->tallies, in->alerts, now_ms);
	if (e == OK)
		e = cases_tick(&in->cases, in->alerts, now_ms, more, &in->changed);
	if (e == OK)
		e = duties_tick(in->duties, duty_time(in, now_ms), &due, &in->changed);
	if (e == OK)
		e = alerts_escalate(in->alerts, now_ms, &next);
	if (e == OK && (due || next <= now_ms))
		*more = true;
	return e;
}

enum err intake_due(struct intake *in, int64_t now_ms, bool *more)
{
	enum err e = begin(in);
	int64_t last;

	if (e == OK)
		e = held_list(in, "SELECT id FROM held WHERE due <= ? ORDER BY due LIMIT ?", now_ms,
			now_ms, more, &last);
	if (e == OK)
		e = watch_and_tell(in, now_ms, more);
	return ended(in, e);
}

enum err intake_alert_ack(struct intake *in, const char *type, const char *subject, const char *by, int64_t now_ms)
{
	enum err e = begin(in);

	if (e != OK || (e = alerts_ack(in->alerts, type, subject, by, now_ms)) != ERR_NOTFOUND)
		return ended(in, e);
	return e;
}

enum err intake_left(struct intake *in, bool *left)
{
	sqlite3_stmt *q;
	enum err e = OK;

	if (!in->left_known) {
		q = sql_get(in->st, "SELECT 1 FROM meta WHERE key = 'left'");
		e = sql_row(q);
		sql_done(q);
		if (e != OK && e != ERR_NOTFOUND)
			return e;
		in->left = e == OK;
		in->left_known = true;
		if (in->left) { /* of another run, which may have stopped anywhere: from the first on */
			in->refold = true;
			in->refold_id = in->rejudge_after = 0;
		}
	}
	*left = in->left;
	return OK;
}

/* In the transaction that leaves some, or ends with the last. */
static enum err note_left(struct intake *in, bool left)
{
	if (left == in->left)
		return OK;
	in->left = left;
	return sql_run(left ? sql_get(in->st, "INSERT INTO meta(key, value) VALUES('left', '1') ON CONFLICT DO NOTHING")
			    : sql_get(in->st, "DELETE FROM meta WHERE key = 'left'"));
}

enum err intake_registry_changed(struct intake *in, int64_t now_ms, enum intake_change what, bool *more)
{
	enum err e = begin(in);
	bool left;

	registry_changed(in->registry);
	in->changed = true;
	in->waiting++;
	*more = false;
	if (what != INTAKE_MORE && what != INTAKE_ENROLLED) {
		in->hint_all = true;
		buf_clear(&in->hints);
	}
	if (e == OK)
		e = intake_left(in, &left);
	if (what != INTAKE_MORE)
		in->rejudge_after = 0;
	if (e == OK)
		e = held_list(in, "SELECT id FROM held WHERE waits = 'registry' AND id > ? ORDER BY id LIMIT ?",
			in->rejudge_after, now_ms, more, &in->rejudge_after);
	if (e == OK && what == INTAKE_PLACES)
		e = patrols_reclass(&in->patrols, in->registry, &in->tallies, store_head_next(in->st));
	if (e == OK && what == INTAKE_PLACES)
		patrols_touched_clear(&in->patrols); /* they are among all */
	if (e == OK && (what == INTAKE_PLACES || what == INTAKE_DUTIES))
		e = duties_all(in->duties, duty_time(in, now_ms), &in->changed);
	if (what == INTAKE_PLACES || what == INTAKE_CATALOGUE) {
		in->refold = true;
		in->refold_id = 0;
	}
	if (e == OK && in->refold && !*more)
		e = settle_refold(in, now_ms, more);
	if (e == OK)
		e = note_left(in, *more);
	return ended(in, e);
}

/* Frozen months stay as they were frozen: the correction that they have, and all that they counted, is taken off as one more
 * correction, from which the events now count upwards again. */
static enum err forget_corrections(struct intake *in)
{
	sqlite3_stmt *q = sql_get(in->st,
		"INSERT INTO correction(day, figure, area, level, category, \"commit\", n) SELECT day, figure, area, level, category, ?1, -sum(n) FROM "
		"(SELECT day, figure, area, level, category, n FROM correction UNION ALL SELECT span, figure, area, level, category, n FROM tally WHERE "
		"span > 999999 AND span / 100 IN (SELECT month FROM freeze) AND figure NOT IN ('duty_met', 'duty_overdue')) "
		"GROUP BY day, figure, area, level, category HAVING sum(n) <> 0");

	sql_int(q, 1, store_head_next(in->st));
	return sql_run(q);
}

/* What was counted is forgotten, whatever program counted it: all that counts is added anew, none of it twice.  The rows
 * stay, so that who follows them learns of those that come to nothing. */
static enum err forget_tallies(struct intake *in)
{
	sqlite3_stmt *q;
	enum err e;

	if ((e = forget_corrections(in)) != OK)
		return e;
	q = sql_get(in->st, "UPDATE tally SET n = 0, \"commit\" = ? WHERE n <> 0 AND CASE WHEN span > 999999 THEN span / 100 ELSE span END "
			    "NOT IN (SELECT month FROM freeze)");
	sql_int(q, 1, store_head_next(in->st));
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "UPDATE tally SET n = (SELECT coalesce(sum(m.n), 0) FROM tally m WHERE m.figure = tally.figure AND m.area = tally.area AND "
			    "m.level = tally.level AND m.category = tally.category AND m.span BETWEEN tally.span * 100 + 1 AND tally.span * 100 + 12) "
			    "WHERE span IN (SELECT DISTINCT month / 100 FROM freeze)"); /* of its frozen months: the others are 0 */
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "UPDATE patrol SET t_day = NULL, t_area = NULL, t_level = NULL, t_route = NULL, t_river_level = NULL, "
			    "t_valid = NULL WHERE t_day IS NOT NULL");
	if ((e = sql_run(q)) != OK)
		return e;
	return sql_run(sql_get(in->st, "UPDATE casus SET share = NULL WHERE share IS NOT NULL"));
}

/* What the events in force add by themselves, in the order in which they came. */
static enum err tally_all(struct intake *in)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT kind, at, area, CASE WHEN kind IN (5, 6, 7) THEN raw END FROM event WHERE "
					  "(flags & 6) = 0 ORDER BY \"commit\"");
	struct event_fault fault;
	struct event ev;
	enum err e;

	while ((e = sql_row(q)) == OK) {
		struct slice raw = sql_col(q, 3);

		apply_count(in, (enum event_kind)sqlite3_column_int(q, 0), sql_cstr(q, 2), civil_day(sqlite3_column_int64(q, 1)), 1);
		if (raw.p) {
			(void)json_read(&in->again, raw.p, raw.n); /* event_decode says */
			if (event_decode(&in->again, 0, &ev, &fault) != EVENT_OK) {
				e = ERR_CORRUPT; /* it was whole when it was stored */
				break;
			}
			tally_event(&in->tallies, &ev, sql_cstr(q, 2), 1);
		}
		if ((e = tallies_ease(&in->tallies, store_head_next(in->st))) != OK)
			break;
	}
	return sql_end(q, e);
}

enum err intake_refold(struct intake *in, int64_t now_ms)
{
	enum err e = begin(in);
	int64_t after = 0;
	bool more = true;

	in->changed = true;
	in->now_ms = now_ms;
	if (e == OK)
		e = forget_tallies(in);
	if (e == OK)
		e = tally_all(in); /* before any other event is released */
	if (e == OK)
		e = households_refill(in->st);
	if (e == OK)
		e = patrols_refold_all(&in->patrols, in->registry, &in->tallies, store_head_next(in->st));
	while (e == OK && more)
		e = held_list(in, "SELECT id FROM held WHERE folded = 0 AND id > ? ORDER BY id LIMIT ?", after, now_ms, &more, &after);
	in->refold_id = 0;
	do {
		more = false;
		if (e == OK)
			e = settle_refold(in, now_ms, &more);
	} while (e == OK && more);
	patrols_touched_clear(&in->patrols); /* they are among all */
	if (e == OK)
		e = duties_all(in->duties, now_ms, &in->changed);
	return ended(in, e);
}

/* ------------------------------------------------------------------ commit and acks */

void intake_hint(struct intake *in, const char *person)
{
	if (person[0] && !in->hint_all)
		buf_add(&in->hints, person, strlen(person) + 1);
}

enum err intake_concerns(struct intake *in, const char *person)
{
	enum err e = begin(in);

	intake_hint(in, person);
	concerned_note(&in->concerned, person);
	in->changed = true;
	return ended(in, e);
}

static void gather_hints(struct intake *in, struct buf *people)
{
	if (people->n && !in->hint_all)
		buf_add(&in->hints, people->p, people->n);
	buf_clear(people);
}

/* The duties of those whose patrols changed. */
static enum err flush_duties(struct intake *in)
{
	const char *person;
	bool changed;
	size_t pos = 0;

	while ((person = patrols_touched(&in->patrols, &pos)))
		duties_touch(in->duties, person);
	patrols_touched_clear(&in->patrols);
	return duties_flush(in->duties, duty_time(in, in->now_ms), &changed);
}

/* What a phone sent may have answers that its person is to see. */
static enum err note_senders(struct intake *in)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < in->streams.ndirty; i++) {
		const struct device *d = registry_device(in->registry, slice_of(in->streams.dirty[i]->device), &e);

		if (e == OK && d)
			concerned_note(&in->concerned, d->person);
	}
	return e;
}

static enum err flush(struct intake *in)
{
	int64_t commit;
	bool any;
	enum err e;

	e = settle_flush(in); /* may release events: before all that counts and numbers them */
	apply_kinds(in);
	commit = store_head_next(in->st);
	if (e == OK)
		e = note_senders(in);
	if (e == OK)
		e = streams_flush(&in->streams);
	if (e == OK)
		e = flush_duties(in);
	concerned_note_all(&in->concerned, in->cases.people.p, in->cases.people.n);
	gather_hints(in, &in->cases.people);
	gather_hints(in, &in->patrols.shown);
	if (e == OK)
		e = alerts_flush(in->alerts, commit, &any);
	if (e == OK)
		e = tallies_flush(&in->tallies, commit);
	if (e == OK)
		e = devstates_flush(&in->states);
	if (e == OK)
		e = concerned_flush(&in->concerned, in->st);
	return e;
}

enum err intake_flush(struct intake *in, int64_t now_ms)
{
	in->now_ms = now_ms;
	in->changed = true; /* what was dirty is not any more, but must be committed */
	return ended(in, flush(in));
}

/* What the batch changed is committed: it may be told. */
static void tell_hints(struct intake *in)
{
	struct buf spare = in->told;

	in->told = in->hints;
	in->told_at = 0;
	in->told_all = in->hint_all;
	in->hints = spare;
	buf_clear(&in->hints);
	in->hint_all = false;
}

enum err intake_commit(struct intake *in, int64_t now_ms, struct head *out)
{
	enum err e = OK;

	in->now_ms = now_ms;
	if (!store_is_open(in->st)) {
		in->waiting = 0;
		in->acking = true;
		return store_head(in->st, out);
	}
	if (in->changed || in->states.dirty || alerts_dirty(in->alerts)) {
		if ((e = flush(in)) == OK)
			e = store_commit(in->st, now_ms, &in->head);
	} else {
		store_rollback(in->st); /* repeats only: all they tell is committed */
		e = store_head(in->st, &in->head);
	}
	if (e != OK)
		return ended(in, e);
	in->waiting = 0;
	in->begun = in->changed = false;
	in->acking = true;
	tell_hints(in);
	*out = in->head;
	return OK;
}

const char *intake_next_person(struct intake *in)
{
	const char *person;

	if (in->told_all) {
		in->told_all = false;
		return "";
	}
	if (in->told_at >= in->told.n)
		return NULL;
	person = in->told.p + in->told_at;
	in->told_at += strlen(person) + 1;
	return person;
}

bool intake_next_ack(struct intake *in, struct intake_ack *out)
{
	if (!in->acking)
		return false;
	if (answers_next(&in->answers, in->st, in->head.commit, in->now_ms, out))
		return true;
	end_acks(in);
	return false;
}

enum err intake_online(
	struct intake *in, void (*row)(void *ctx, const char *device, const char *district), void *ctx)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT s.device, d.district FROM device_state s JOIN device d ON "
					  "d.id = s.device AND d.until IS NULL WHERE s.online = 1 AND "
					  "d.revoked IS NULL ORDER BY s.device");
	enum err e;

	while ((e = sql_row(q)) == OK)
		row(ctx, (const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1));
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}
