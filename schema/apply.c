#include "schema/intake_parts.h"

#include "core/civil.h"
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
	apply_count(in, kind, area, civil_day(at), -1);
	if (!patrol_kind(kind) || !subject)
		return OK;
	if ((e = patrols_by_id(&in->patrols, subject, &p)) != OK)
		return e;
	if (p)
		patrols_refold(&in->patrols, p);
	return p ? OK : ERR_CORRUPT;
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
	} else if (ev->casus.p) {
		e = touch_case(in, ev, slice_of(t->device), commit, &subject, &link);
	}
	if (e == OK)
		e = insert_event(in, t, ev, v, commit, prev, subject, link, flags, recv_ms);
	if (e == OK && ev->kind == EV_VOID)
		e = apply_void(in, ev, v->victim, commit);
	if (e != OK)
		return e;
	apply_count(in, ev->kind, v->area, civil_day(ev->when_ms), 1);
	devstate_event(&in->states, s, ev);
	held_arrived(in, t, ev);
	in->counts.stored[ev->kind]++;
	in->changed = true;
	*out_commit = commit;
	return OK;
}
