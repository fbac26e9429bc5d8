#include "schema/intake_parts.h"

#include "core/civil.h"
#include "schema/households.h"
#include "schema/photos.h"
#include "schema/sos.h"
#include "schema/sql.h"

void apply_kinds(struct intake *in)
{
	for (int k = 1; k <= EVENT_KINDS; k++) {
		if (in->kinds[k])
			tally_add(&in->tallies, "events", "", event_kind_name((enum event_kind)k), "",
				(int32_t)in->kinds_day, in->kinds[k]);
		in->kinds[k] = 0;
	}
}

static bool patrol_kind(enum event_kind kind)
{
	return kind >= EV_PATROL_START && kind <= EV_PATROL_SUBSTITUTE;
}

/* Events by kind: those of patrols without area, since patrols have figures of their own. */
void apply_count(struct intake *in, enum event_kind kind, const char *area, int32_t day, int n)
{
	if (!patrol_kind(kind)) {
		tally_add(&in->tallies, "events", "", event_kind_name(kind), area, day, n);
		return;
	}
	if (day != in->kinds_day) {
		apply_kinds(in);
		in->kinds_day = day;
	}
	in->kinds[kind] += n;
}

/* An event of the patrol is void: what it says follows from the others. */
static enum err void_patrol(struct intake *in, enum event_kind kind, int64_t subject)
{
	struct patrol *p = NULL;
	enum err e;

	if ((e = patrols_by_id(&in->patrols, subject, &p)) != OK)
		return e;
	if (!p)
		return ERR_CORRUPT;
	if (kind == EV_PATROL_START && (e = settle_start(in, p->device, slice_of(p->name))) != OK)
		return e;
	patrols_refold(&in->patrols, p);
	return OK;
}

/* Takes back what the event of this device added by itself. */
static enum err untally(struct intake *in, int64_t commit, struct slice device, const char *area, int64_t by)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT raw FROM event WHERE \"commit\" = ?");
	struct json *j = &in->cases.src.json; /* the void itself may stand in the others */
	struct event_fault fault;
	struct event ev;
	enum err e;

	sql_int(q, 1, commit);
	if ((e = sql_row(q)) == OK) {
		struct slice raw = sql_col(q, 0);

		(void)json_read(j, raw.p, raw.n); /* event_decode says */
		if (event_decode(j, 0, &ev, &fault) != EVENT_OK)
			e = ERR_CORRUPT; /* it was whole when it was stored */
		else if (ev.kind == EV_HOUSEHOLD)
			e = households_void(in->st, &ev, device, by);
		else
			tally_event(&in->tallies, &ev, area, -1);
	}
	sql_done(q);
	return e;
}

static enum err note_void(struct intake *in, const struct event_id *victim, int64_t by)
{
	sqlite3_stmt *q = sql_get(in->st, "INSERT OR IGNORE INTO voided(device, epoch, seq, by) VALUES(?, ?, ?, ?)");

	sql_text(q, 1, victim->device);
	sql_text(q, 2, victim->epoch);
	sql_int(q, 3, victim->seq);
	sql_int(q, 4, by);
	return sql_run(q);
}

/* The void event `by` takes its victim out of everything that follows from it. */
static enum err apply_void(struct intake *in, const struct event *ev, const struct verdict *v, int64_t by)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT kind, at, subject, flags, area, person FROM event WHERE \"commit\" = ?");
	int64_t at = 0, subject = 0, flags = 0;
	enum event_kind kind = 0;
	char area[AREA_CODE_MAX + 1] = "", person[65] = "";
	enum err e;

	if (v->victim == 0) { /* held among the acts of a case: released as void */
		e = note_void(in, &ev->victim, by);
		return e == OK ? settle_void(in, v->victim_case, &ev->victim, by) : e;
	}
	sql_int(q, 1, v->victim);
	if ((e = sql_row(q)) == OK) {
		kind = (enum event_kind)sqlite3_column_int(q, 0);
		at = sqlite3_column_int64(q, 1);
		subject = sqlite3_column_int64(q, 2);
		flags = sqlite3_column_int64(q, 3);
		slice_copy(area, sizeof area, sql_col(q, 4));
		slice_copy(person, sizeof person, sql_col(q, 5));
	}
	sql_done(q);
	if (e != OK || (flags & FLAG_VOIDED))
		return e; /* voided twice: once is enough */
	q = sql_get(in->st, "UPDATE event SET flags = ? WHERE \"commit\" = ?");
	sql_int(q, 1, (flags | FLAG_VOIDED) & ~FLAG_DISPLACED);
	sql_int(q, 2, v->victim);
	if ((e = sql_run(q)) != OK || (e = note_void(in, &ev->victim, by)) != OK)
		return e;
	if (!(flags & FLAG_DISPLACED)) {
		apply_count(in, kind, area, civil_day(at), -1);
	} else { /* it counts no more already */
		q = sql_get(in->st, "DELETE FROM displaced WHERE \"commit\" = ?");
		sql_int(q, 1, v->victim);
		if ((e = sql_run(q)) != OK)
			return e;
	}
	if (v->victim_case[0])
		return settle_void(in, v->victim_case, &ev->victim, by);
	if (kind == EV_SOS)
		return sos_void(in->st, in->alerts, person, ev->victim.device, in->now_ms);
	if (kind == EV_INSPECT || kind == EV_VISIT || kind == EV_WORK || kind == EV_HOUSEHOLD)
		return untally(in, v->victim, ev->victim.device, area, by);
	return patrol_kind(kind) && subject ? void_patrol(in, kind, subject) : OK;
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

/* Stores the event under the next commit number with all that follows from it. */
enum err apply_event(struct intake *in, struct stream *t, const struct event *ev,
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
		e = patrols_add(&in->patrols, p, ev, slice_of(v->person));
		if (e == OK && ev->kind == EV_PATROL_START)
			e = settle_start(in, t->device, ev->patrol);
	} else if (ev->casus.p) {
		e = cases_applied(&in->cases, v->casus, v->act, commit, &subject, &link);
	}
	if (e == OK)
		e = insert_event(in, t, ev, v, commit, prev, subject, link, flags, recv_ms);
	if (e == OK && ev->natt)
		e = photos_note(in->st, t->id, ev, v->area, recv_ms);
	if (e == OK && ev->kind == EV_VOID)
		e = apply_void(in, ev, v, commit);
	if (e != OK)
		return e;
	if (!(flags & FLAG_VOIDED)) { /* else released by its void */
		tally_event(&in->tallies, ev, v->area, 1);
		apply_count(in, ev->kind, v->area, civil_day(ev->when_ms), 1);
	}
	if (ev->kind == EV_HOUSEHOLD && (e = households_put(in->st, ev, slice_of(t->device), v->area, commit)) != OK)
		return e;
	if (ev->kind == EV_SOS && (e = sos_rises(in->st, in->alerts, ev, v, t->device, recv_ms)) != OK)
		return e;
	devstate_event(&in->states, s, ev);
	held_arrived(in, t, ev);
	in->counts.stored[ev->kind]++;
	in->changed = true;
	*out_commit = commit;
	return OK;
}
