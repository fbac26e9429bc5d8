#include "schema/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/civil.h"
#include "schema/answers.h"
#include "schema/devstates.h"
#include "schema/judge.h"
#include "schema/patrols.h"
#include "schema/sql.h"
#include "schema/stream.h"
#include "schema/tally.h"

#define WINDOWS_MAX 65536
#define REJUDGE_MAX 10000    /* held events judged again in one call */
#define FLAG_IMPORTED 1
#define FLAG_VOIDED 2

const char *const intake_reject_names[] = {"bad_json", "bad_event", "too_large", "unknown_kind",
	"device_revoked", "wrong_district", NULL};

const char *const intake_hold_names[] = {"none", "unknown_person", "unknown_place", "unknown_category",
	"waits_for", "illegal_transition", "not_allowed", "time_in_future", "time_too_old", NULL};

struct intake {
	struct store *st;
	struct intake_conf conf;
	struct registry *registry;
	struct streams streams;
	struct patrols patrols;
	struct tallies tallies;
	struct judge judge;
	struct devstates states;
	struct answers answers;  /* of the open batch; then of the last commit, while acking */
	struct map waits;        /* held.waits of events and cases -> itself */
	bool waits_known;
	struct json json, again; /* the payload; an event read again */
	struct buf arrived;      /* keys that came in this payload, NUL-terminated: who waited for them? */
	size_t waiting;
	bool changed;            /* the batch has something to write */
	int64_t kinds[EVENT_KINDS + 1], kinds_day; /* events by kind on that day, not yet in tallies */
	int64_t rejudge_after;   /* id of the held event where INTAKE_MORE goes on */
	struct head head;        /* of the last commit */
	int64_t now_ms;          /* the clock when it was asked for: what acks tell */
	bool acking;             /* its acks are being fetched */
	bool begun;              /* this batch: head and waits are known */
	struct intake_counts counts;
};

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
	registry_changed(in->registry);
	devstates_clear(&in->states);
	drop_waits(in);
	memset(in->kinds, 0, sizeof in->kinds);
	buf_clear(&in->arrived);
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
	registry_free(in->registry);
	json_done(&in->json);
	json_done(&in->again);
	buf_done(&in->arrived);
	answers_done(&in->answers);
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

static enum err load_waits(struct intake *in)
{
	sqlite3_stmt *q;
	enum err e;

	if (in->waits_known)
		return OK;
	q = sql_get(in->st, "SELECT DISTINCT waits FROM held WHERE waits >= 'case ' AND waits < 'event!'");
	while ((e = sql_row(q)) == OK) {
		struct slice w = sql_col(q, 0);

		(void)map_put(&in->waits, w.p, w.n, &in->waits); /* a set */
	}
	sql_done(q);
	in->waits_known = e == ERR_NOTFOUND;
	return in->waits_known ? OK : e;
}

static void note_wait(struct intake *in, const char *waits)
{
	if (strncmp(waits, "event ", 6) == 0 || strncmp(waits, "case ", 5) == 0)
		(void)map_put(&in->waits, waits, strlen(waits), &in->waits); /* a set */
}

static enum err keep_held(struct intake *in, struct stream *t, const struct event *ev,
	const struct verdict *v, int64_t flags, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(in->st, "INSERT INTO held(stream, seq, code, detail, waits, due, recv, "
					  "rev, flags, raw) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	sql_int(q, 1, t->id);
	sql_int(q, 2, ev->seq);
	sql_str(q, 3, intake_hold_names[v->hold]);
	sql_str(q, 4, v->detail);
	sql_str(q, 5, v->waits);
	if (v->due_ms)
		sql_int(q, 6, v->due_ms);
	sql_int(q, 7, recv_ms);
	sql_int(q, 8, store_rev(in->st));
	sql_int(q, 9, flags);
	sql_text(q, 10, ev->raw);
	in->counts.held[v->hold]++;
	note_wait(in, v->waits);
	return sql_run(q);
}

/* ------------------------------------------------------------------ applying */

static void flush_kinds(struct intake *in)
{
	for (int k = 1; k <= EVENT_KINDS; k++) {
		if (in->kinds[k])
			tally_add(&in->tallies, "events", "", event_kind_name((enum event_kind)k), "",
				(int32_t)in->kinds_day, in->kinds[k]);
		in->kinds[k] = 0;
	}
}

static bool is_patrol(enum event_kind kind)
{
	return kind >= EV_PATROL_START && kind <= EV_PATROL_SUBSTITUTE;
}

/* Events by kind: those of patrols without area, since patrols have figures of their own. */
static void count_kind(struct intake *in, enum event_kind kind, const char *area, int32_t day, int n)
{
	if (!is_patrol(kind)) {
		tally_add(&in->tallies, "events", "", event_kind_name(kind), area, day, n);
		return;
	}
	if (day != in->kinds_day) {
		flush_kinds(in);
		in->kinds_day = day;
	}
	in->kinds[kind] += n;
}

/* Finds or makes the case, moves its chain on to `commit`; link: its event before this one. */
static enum err touch_case(struct intake *in, const struct event *ev, struct slice device,
	int64_t commit, int64_t *subject, int64_t *link)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT id, last, report_at, report_device, report_epoch, "
					  "report_seq FROM casus WHERE name = ?");
	struct order_key have = {0};
	bool first;
	enum err e;

	*subject = *link = 0;
	sql_text(q, 1, ev->casus);
	if ((e = sql_row(q)) == OK) {
		*subject = sqlite3_column_int64(q, 0);
		*link = sqlite3_column_int64(q, 1);
		have.at_ms = sqlite3_column_int64(q, 2);
		slice_copy(have.device, sizeof have.device, sql_col(q, 3));
		slice_copy(have.epoch, sizeof have.epoch, sql_col(q, 4));
		have.seq = sqlite3_column_int64(q, 5);
	}
	sql_done(q);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (e == ERR_NOTFOUND) {
		q = sql_get(in->st, "INSERT INTO casus(name, last, \"commit\") VALUES(?, 0, ?)");
		sql_text(q, 1, ev->casus);
		sql_int(q, 2, commit);
		if ((e = sql_run(q)) != OK)
			return e;
		*subject = sqlite3_last_insert_rowid(sql_db(in->st));
	}
	first = ev->kind == EV_CASE_REPORT &&
		order_before(ev->when_ms, device, ev->epoch, ev->seq, &have);
	q = first ? sql_get(in->st, "UPDATE casus SET last = ?1, \"commit\" = ?1, report = ?1, "
				    "report_at = ?3, report_device = ?4, report_epoch = ?5, "
				    "report_seq = ?6 WHERE id = ?2")
		  : sql_get(in->st, "UPDATE casus SET last = ?1, \"commit\" = ?1 WHERE id = ?2");
	sql_int(q, 1, commit);
	sql_int(q, 2, *subject);
	if (first) {
		sql_int(q, 3, ev->when_ms);
		sql_text(q, 4, device);
		sql_text(q, 5, ev->epoch);
		sql_int(q, 6, ev->seq);
	}
	return sql_run(q);
}

/* The void event `by` takes event `victim` out of everything that follows from it. */
static enum err apply_void(struct intake *in, const struct event *ev, int64_t victim, int64_t by)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT kind, at, subject, flags, area FROM event WHERE \"commit\" = ?");
	int64_t at = 0, subject = 0, flags = 0;
	enum event_kind kind = 0;
	char area[AREA_CODE_MAX + 1] = "";
	struct patrol *p = NULL;
	enum err e;

	sql_int(q, 1, victim);
	if ((e = sql_row(q)) == OK) {
		kind = (enum event_kind)sqlite3_column_int(q, 0);
		at = sqlite3_column_int64(q, 1);
		subject = sqlite3_column_int64(q, 2);
		flags = sqlite3_column_int64(q, 3);
		slice_copy(area, sizeof area, sql_col(q, 4));
	}
	sql_done(q);
	if (e != OK || (flags & FLAG_VOIDED))
		return e; /* voided twice: once is enough */
	q = sql_get(in->st, "UPDATE event SET flags = ? WHERE \"commit\" = ?");
	sql_int(q, 1, flags | FLAG_VOIDED);
	sql_int(q, 2, victim);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "INSERT OR IGNORE INTO voided(device, epoch, seq, by) VALUES(?, ?, ?, ?)");
	sql_text(q, 1, ev->victim.device);
	sql_text(q, 2, ev->victim.epoch);
	sql_int(q, 3, ev->victim.seq);
	sql_int(q, 4, by);
	if ((e = sql_run(q)) != OK)
		return e;
	count_kind(in, kind, area, civil_day(at), -1);
	if (!is_patrol(kind) || !subject)
		return OK;
	if ((e = patrols_by_id(&in->patrols, subject, &p)) != OK)
		return e;
	return p ? patrols_refold(&in->patrols, p) : ERR_CORRUPT;
}

static enum err insert_event(struct intake *in, const struct stream *t, const struct event *ev,
	const struct verdict *v, int64_t commit, int64_t prev, int64_t subject, int64_t link,
	int64_t flags, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(in->st,
		"INSERT INTO event(\"commit\", stream, seq, prev, kind, at, recv, person, scope, subject, "
		"link, flags, raw, area) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	sql_int(q, 1, commit);
	sql_int(q, 2, t->id);
	sql_int(q, 3, ev->seq);
	sql_int(q, 4, prev);
	sql_int(q, 5, ev->kind);
	sql_int(q, 6, ev->when_ms);
	sql_int(q, 7, recv_ms);
	if (v->person[0])
		sql_str(q, 8, v->person);
	if (v->scope[0])
		sql_str(q, 9, v->scope);
	sql_int(q, 10, subject);
	sql_int(q, 11, link);
	sql_int(q, 12, flags);
	sql_text(q, 13, ev->raw);
	if (v->area[0])
		sql_str(q, 14, v->area);
	return sql_run(q);
}

static void note_arrival(struct intake *in, const struct stream *t, const struct event *ev)
{
	if (!in->waits.n)
		return;
	buf_addf(&in->arrived, "event %s/%s/%lld", t->device, t->epoch, (long long)ev->seq);
	buf_addc(&in->arrived, '\0');
	if (ev->kind == EV_CASE_REPORT) {
		buf_addf(&in->arrived, "case %.*s", (int)ev->casus.n, ev->casus.p);
		buf_addc(&in->arrived, '\0');
	}
}


/* Stores the event under the next commit number with all that follows from it. */
static enum err apply(struct intake *in, struct stream *t, const struct event *ev,
	const struct verdict *v, struct devstate *s, int64_t flags, int64_t recv_ms, int64_t *out_commit)
{
	int64_t commit = store_take_commit(in->st), prev, subject = 0, link = 0;
	struct patrol *p = NULL;
	enum err e;

	if ((e = stream_append(&in->streams, t, commit, ev->seq, &prev)) != OK)
		return e;
	if (ev->patrol.p) {
		p = patrols_get(&in->patrols, slice_of(t->device), ev->patrol, true, &e);
		if (!p)
			return e;
		subject = p->id;
		link = p->last;
		p->last = commit;
		patrols_touch(&in->patrols, p);
		patrol_add(p, ev, slice_of(t->device), slice_of(v->person));
	} else if (ev->casus.p) {
		e = touch_case(in, ev, slice_of(t->device), commit, &subject, &link);
	}
	if (e == OK)
		e = insert_event(in, t, ev, v, commit, prev, subject, link, flags, recv_ms);
	if (e == OK && ev->kind == EV_VOID)
		e = apply_void(in, ev, v->victim, commit);
	if (e != OK)
		return e;
	count_kind(in, ev->kind, v->area, civil_day(ev->when_ms), 1);
	devstate_event(&in->states, s, ev);
	note_arrival(in, t, ev);
	in->counts.stored[ev->kind]++;
	in->changed = true;
	*out_commit = commit;
	return OK;
}

/* ------------------------------------------------------------------ repeats */

enum repeat { REPEAT_SAME, REPEAT_OTHER };

static bool same_event(struct intake *in, uint32_t tok, struct slice raw, struct slice first)
{
	if (slice_eq(raw, first))
		return true;
	if (in->json.err != JSON_OK)
		return false; /* its bytes are all there is */
	(void)json_read(&in->again, first.p, first.n); /* what is broken is compared as it stands */
	return in->again.err == JSON_OK && json_same(&in->json, tok, &in->again, 0);
}

/* Calls back nothing: compares the event at tok with the first of its identity. */
static enum err compare_first(struct intake *in, struct stream *t, int64_t seq, const char *status,
	uint32_t tok, struct slice raw, enum repeat *out)
{
	sqlite3_stmt *q;
	int64_t commit = 0;
	enum err e = OK;

	if (status && strcmp(status, "rejected") == 0) {
		q = sql_get(in->st, "SELECT raw FROM reject WHERE device = ? AND epoch = ? AND seq = ?");
		sql_str(q, 1, t->device);
		sql_str(q, 2, t->epoch);
		sql_int(q, 3, seq);
	} else if (status) {
		q = sql_get(in->st, "SELECT raw FROM held WHERE stream = ? AND seq = ?");
		sql_int(q, 1, t->id);
		sql_int(q, 2, seq);
	} else {
		if ((e = stream_find(&in->streams, t, seq, &commit)) != OK)
			return e;
		if (commit == 0)
			return ERR_CORRUPT; /* answered, yet nowhere */
		q = sql_get(in->st, "SELECT raw FROM event WHERE \"commit\" = ?");
		sql_int(q, 1, commit);
	}
	if ((e = sql_row(q)) == OK)
		*out = same_event(in, tok, raw, sql_col(q, 0)) ? REPEAT_SAME : REPEAT_OTHER;
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* Keeps the other content of a known identity, once. */
static enum err keep_conflict(struct intake *in, struct stream *t, int64_t seq, uint32_t tok, struct slice raw, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT raw FROM conflict WHERE stream = ? AND seq = ? ORDER BY id LIMIT 100");
	bool known = false;
	int n = 0;
	enum err e;

	sql_int(q, 1, t->id);
	sql_int(q, 2, seq);
	for (; !known && (e = sql_row(q)) == OK; n++)
		known = same_event(in, tok, raw, sql_col(q, 0));
	sql_done(q);
	in->counts.conflict++;
	if (known || n == 100) /* a hundred contents of one identity tell enough */
		return OK;
	if (e != ERR_NOTFOUND)
		return e;
	q = sql_get(in->st, "INSERT INTO conflict(stream, seq, recv, raw) VALUES(?, ?, ?, ?)");
	sql_int(q, 1, t->id);
	sql_int(q, 2, seq);
	sql_int(q, 3, recv_ms);
	sql_text(q, 4, raw);
	t->answers++;
	streams_touch(&in->streams, t);
	in->changed = true;
	return sql_run(q);
}

/* An identity that has its answer: the same answer again, or a conflict. */
static enum err take_repeat(struct intake *in, struct stream *t, struct answer *it, int64_t seq,
	uint32_t tok, struct slice raw, int64_t recv_ms)
{
	char status[16] = "", code[32] = "", detail[192] = "";
	enum repeat what = REPEAT_SAME;
	sqlite3_stmt *q;
	enum err e = ERR_NOTFOUND;

	if (t->answers) {
		q = sql_get(in->st, "SELECT status, code, detail FROM answer WHERE stream = ? AND seq = ?");
		sql_int(q, 1, t->id);
		sql_int(q, 2, seq);
		if ((e = sql_row(q)) == OK) {
			slice_copy(status, sizeof status, sql_col(q, 0));
			slice_copy(code, sizeof code, sql_col(q, 1));
			slice_copy(detail, sizeof detail, sql_col(q, 2));
		}
		sql_done(q);
		if (e != OK && e != ERR_NOTFOUND)
			return e;
	}
	e = compare_first(in, t, seq, status[0] ? status : NULL, tok, raw, &what);
	if (e != OK)
		return e;
	if (what == REPEAT_OTHER) {
		answer_result(it, seq, "conflict", "conflict", "another content came first");
		return keep_conflict(in, t, seq, tok, raw, recv_ms);
	}
	in->counts.duplicate++;
	if (!status[0]) {
		it->duplicate++;
		return OK;
	}
	for (const char *const *n = intake_reject_names; *n; n++)
		if (strcmp(*n, code) == 0)
			answer_result(it, seq, "rejected", *n, detail);
	for (const char *const *n = intake_hold_names; *n; n++)
		if (strcmp(*n, code) == 0)
			answer_result(it, seq, "held", *n, detail);
	return OK;
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

static struct judge_time times(const struct intake *in, int64_t now_ms, int64_t recv_ms, bool any_age)
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

static enum err take_new(struct intake *in, struct arrival *a, struct stream *t, struct answer *it, struct event *ev)
{
	bool imported = a->from->flags & INTAKE_IMPORTED;
	struct judge_time when = times(in, a->recv_ms, a->recv_ms, imported);
	struct verdict v;
	enum err e = judge_event(&in->judge, ev, a->dev, &when, &v);

	if (e != OK)
		return e;
	it->stored += v.hold == HOLD_NONE;
	if (v.hold == HOLD_NONE)
		return apply(in, t, ev, &v, a->state, imported ? FLAG_IMPORTED : 0, a->recv_ms, &it->commit);
	t->answers++;
	in->changed = true;
	answer_result(it, ev->seq, "held", intake_hold_names[v.hold], v.detail);
	e = keep_held(in, t, ev, &v, imported ? FLAG_IMPORTED : 0, a->recv_ms);
	return e == OK ? keep_answer(in, t, ev->seq, "held", intake_hold_names[v.hold], v.detail) : e;
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
		return take_repeat(in, t, it, seq, tok, raw, a->recv_ms);
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

/* ------------------------------------------------------------------ held events, judged again */


struct held {
	int64_t id, seq, recv, flags;
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
	char *raw;
};

static enum err load_held(struct intake *in, int64_t id, struct held *h)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT h.seq, h.recv, h.flags, s.device, s.epoch, h.raw FROM "
					  "held h JOIN stream s ON s.id = h.stream WHERE h.id = ?");
	struct slice raw;
	enum err e;

	h->id = id;
	sql_int(q, 1, id);
	if ((e = sql_row(q)) == OK) {
		h->seq = sqlite3_column_int64(q, 0);
		h->recv = sqlite3_column_int64(q, 1);
		h->flags = sqlite3_column_int64(q, 2);
		slice_copy(h->device, sizeof h->device, sql_col(q, 3));
		slice_copy(h->epoch, sizeof h->epoch, sql_col(q, 4));
		raw = sql_col(q, 5);
		h->raw = xstrndup(raw.p, raw.n);
	}
	sql_done(q);
	return e;
}

static enum err still_held(struct intake *in, const struct held *h, const struct stream *t, const struct verdict *v)
{
	sqlite3_stmt *q = sql_get(in->st, "UPDATE held SET code = ?, detail = ?, waits = ?, due = ? WHERE id = ?");
	enum err e;

	sql_str(q, 1, intake_hold_names[v->hold]);
	sql_str(q, 2, v->detail);
	sql_str(q, 3, v->waits);
	if (v->due_ms)
		sql_int(q, 4, v->due_ms);
	sql_int(q, 5, h->id);
	note_wait(in, v->waits);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "UPDATE answer SET code = ?, detail = ? WHERE stream = ? AND seq = ?");
	sql_str(q, 1, intake_hold_names[v->hold]);
	sql_str(q, 2, v->detail);
	sql_int(q, 3, t->id);
	sql_int(q, 4, h->seq);
	return sql_run(q);
}

static enum err release(struct intake *in, const struct held *h, struct stream *t, const struct event *ev, const struct verdict *v)
{
	struct devstate *s;
	sqlite3_stmt *q;
	int64_t commit = 0;
	enum err e;

	s = devstates_of(&in->states, slice_of(h->device), &e);
	if (!s)
		return e;
	q = sql_get(in->st, "DELETE FROM held WHERE id = ?");
	sql_int(q, 1, h->id);
	if ((e = sql_run(q)) != OK)
		return e;
	q = sql_get(in->st, "DELETE FROM answer WHERE stream = ? AND seq = ?");
	sql_int(q, 1, t->id);
	sql_int(q, 2, h->seq);
	if ((e = sql_run(q)) != OK)
		return e;
	t->answers--;
	streams_touch(&in->streams, t);
	in->counts.released++;
	e = apply(in, t, ev, v, s, h->flags, h->recv, &commit);
	if (e == OK)
		answers_released(t, h->seq, commit);
	return e;
}

/* Judges held event id again.  It reads into in->again: the payload at hand stays whole. */
static enum err judge_again(struct intake *in, int64_t id, int64_t now_ms)
{
	struct judge_time when;
	const struct device *dev;
	struct event_fault fault;
	struct held h = {0};
	struct verdict v;
	struct stream *t;
	struct event ev;
	enum err e = load_held(in, id, &h);

	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e; /* freed on the way */
	t = streams_get(&in->streams, slice_of(h.device), slice_of(h.epoch), false, &e);
	if (!t) {
		e = e == OK ? ERR_CORRUPT : e;
		goto out;
	}
	dev = registry_device(in->registry, slice_of(h.device), &e);
	if (!dev)
		goto out; /* an error; a device is never taken out.  Revoked since: it was enrolled when this came */
	(void)json_read(&in->again, h.raw, strlen(h.raw)); /* event_decode says */
	if (event_decode(&in->again, 0, &ev, &fault) != EVENT_OK) {
		e = ERR_CORRUPT; /* it was whole when it was kept */
		goto out;
	}
	when = times(in, now_ms, h.recv, h.flags & FLAG_IMPORTED);
	if ((e = judge_event(&in->judge, &ev, dev, &when, &v)) == OK)
		e = v.hold == HOLD_NONE ? release(in, &h, t, &ev, &v) : still_held(in, &h, t, &v);
	in->changed = true;
out:
	free(h.raw);
	return e;
}

/* Judges again all that waited for what has arrived; each release may free others. */
static enum err free_waiting(struct intake *in, int64_t now_ms)
{
	sqlite3_stmt *q;
	int64_t ids[64];
	enum err e = OK;

	for (size_t at = 0; e == OK && at < in->arrived.n;) {
		char *key = xstrdup(in->arrived.p + at);
		int n;

		at += strlen(key) + 1;
		if (!map_take(&in->waits, key, strlen(key))) {
			free(key);
			continue;
		}
		for (int64_t after = 0; e == OK; after = ids[n - 1]) {
			q = sql_get(in->st, "SELECT id FROM held WHERE waits = ? AND id > ? ORDER BY id LIMIT 64");
			sql_str(q, 1, key);
			sql_int(q, 2, after);
			for (n = 0; n < 64 && (e = sql_row(q)) == OK; n++)
				ids[n] = sqlite3_column_int64(q, 0);
			sql_done(q);
			e = e == ERR_NOTFOUND ? OK : e;
			if (n == 0)
				break;
			for (int i = 0; i < n && e == OK; i++)
				e = judge_again(in, ids[i], now_ms);
		}
		free(key);
	}
	buf_clear(&in->arrived);
	return e;
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
	if ((e = load_waits(in)) == OK)
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
	a.dev = registry_device(in->registry, from->device, &e);
	if (e != OK)
		return ended(in, e);
	if (!a.dev) /* nobody enrolled it: nothing of it is remembered but the bytes */
		return ended(in, refuse_payload(in, &a, DEVICE_REVOKED, 0, "unknown device", payload));
	a.wrong_district = from->district.p && !slice_is(from->district, a.dev->district);
	a.state = devstates_of(&in->states, from->device, &e);
	if (e == OK) {
		devstate_seen(&in->states, a.state, recv_ms);
		e = take_payload(in, &a, payload);
	}
	if (e == OK)
		e = free_waiting(in, recv_ms);
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

/* The held events that sql lists for (arg, limit).  *last: the id of the last one judged. */
static enum err judge_list(struct intake *in, const char *sql, int64_t arg, int64_t now_ms, bool *more, int64_t *last)
{
	int64_t *ids = xcalloc(REJUDGE_MAX + 1, sizeof *ids);
	sqlite3_stmt *q = sql_get(in->st, sql);
	size_t n = 0;
	enum err e = OK;

	sql_int(q, 1, arg);
	sql_int(q, 2, REJUDGE_MAX + 1);
	while (n <= REJUDGE_MAX && (e = sql_row(q)) == OK)
		ids[n++] = sqlite3_column_int64(q, 0);
	sql_done(q);
	e = e == ERR_NOTFOUND ? OK : e;
	*more = n > REJUDGE_MAX;
	for (size_t i = 0; e == OK && i < n && i < REJUDGE_MAX; i++)
		e = judge_again(in, *last = ids[i], now_ms);
	if (e == OK)
		e = free_waiting(in, now_ms);
	free(ids);
	return e;
}

enum err intake_due(struct intake *in, int64_t now_ms, bool *more)
{
	enum err e = begin(in);
	int64_t last;

	if (e == OK)
		e = judge_list(in, "SELECT id FROM held WHERE due <= ? ORDER BY due LIMIT ?", now_ms,
			now_ms, more, &last);
	return ended(in, e);
}

enum err intake_registry_changed(struct intake *in, int64_t now_ms, enum intake_change what, bool *more)
{
	enum err e = begin(in);

	registry_changed(in->registry);
	in->changed = true;
	in->waiting++;
	*more = false;
	if (what != INTAKE_MORE)
		in->rejudge_after = 0;
	if (e == OK)
		e = judge_list(in, "SELECT id FROM held WHERE waits = 'registry' AND id > ? ORDER BY id LIMIT ?",
			in->rejudge_after, now_ms, more, &in->rejudge_after);
	if (e == OK && what == INTAKE_PLACES)
		e = patrols_reclass(&in->patrols, in->registry, &in->tallies, store_head_next(in->st));
	return ended(in, e);
}

/* ------------------------------------------------------------------ commit and acks */

static enum err flush(struct intake *in)
{
	int64_t commit;
	enum err e;

	flush_kinds(in);
	commit = store_head_next(in->st);
	e = streams_flush(&in->streams);
	if (e == OK)
		e = patrols_flush(&in->patrols, in->registry, &in->tallies, commit);
	if (e == OK)
		e = tallies_flush(&in->tallies, commit);
	if (e == OK)
		e = devstates_flush(&in->states);
	return e;
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
	if (in->changed || in->states.dirty) {
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
	*out = in->head;
	return OK;
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
