#include "schema/judge.h"

#include <stdio.h>

#include "core/civil.h"
#include "schema/rights.h"
#include "schema/sql.h"

static void hold(struct verdict *v, enum hold h, const char *waits, const char *fmt, ...) PRINTF(4, 5);

static void hold(struct verdict *v, enum hold h, const char *waits, const char *fmt, ...)
{
	va_list ap;

	v->hold = h;
	(void)snprintf(v->waits, sizeof v->waits, "%s", waits); /* fits: names of bounded length */
	va_start(ap, fmt);
	(void)vsnprintf(v->detail, sizeof v->detail, fmt, ap); /* cut on purpose */
	va_end(ap);
}

static bool enrolled(const struct device *dev, struct slice person)
{
	if (slice_is(person, dev->person) || strcmp(dev->id, "office") == 0) /* who is signed in was looked at */
		return true;
	for (uint32_t i = 0; i < dev->nenrolled; i++)
		if (slice_is(person, dev->enrolled[i]))
			return true;
	return false;
}

static enum err judge_people(struct judge *j, const struct event *ev, const struct device *dev,
	struct verdict *v, const struct person **who)
{
	struct slice id = ev->person.p ? ev->person : slice_of(dev->person);
	enum err e = OK;

	*who = NULL;
	if (ev->for_person.p && !registry_person(j->registry, ev->for_person, &e)) {
		if (e == OK)
			hold(v, HOLD_UNKNOWN_PERSON, "registry", "/body/for: %.*s",
				(int)ev->for_person.n, ev->for_person.p);
		return e;
	}
	if (id.n == 0)
		return OK;
	*who = registry_person(j->registry, id, &e);
	if (e != OK)
		return e;
	if (!*who)
		hold(v, HOLD_UNKNOWN_PERSON, "registry", "/person: %.*s", (int)id.n, id.p);
	else if (!enrolled(dev, id))
		hold(v, HOLD_NOT_ALLOWED, "registry", "/person: %.*s is not enrolled on %s", (int)id.n,
			id.p, dev->id);
	else
		slice_copy(v->person, sizeof v->person, slice_of((*who)->id));
	return OK;
}

static enum err judge_place(struct judge *j, struct slice code, const char *where, int32_t day,
	struct verdict *v, const struct place **out)
{
	enum err e;

	*out = registry_place(j->registry, code, &e);
	if (e == OK && !*out)
		hold(v, HOLD_UNKNOWN_PLACE, "registry", "%s: %.*s", where, (int)code.n, code.p);
	else if (e == OK && (day < (*out)->from || day > (*out)->to))
		hold(v, HOLD_UNKNOWN_PLACE, "registry", "%s: %.*s did not exist on that day", where,
			(int)code.n, code.p);
	return e;
}

/* The target of the patrol that the event refers to, when its start was applied before it. */
static enum err ref_target(struct judge *j, const struct event *ev, const struct device *dev, char *out, size_t room)
{
	sqlite3_stmt *q = sql_get(j->st, "SELECT target FROM patrol WHERE device = ? AND name = ?");
	struct slice t;
	enum err e;

	sql_str(q, 1, dev->id);
	sql_text(q, 2, ev->ref);
	if ((e = sql_row(q)) == OK) {
		t = sql_col(q, 0);
		slice_copy(out, room, t);
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err judge_places(struct judge *j, const struct event *ev, const struct device *dev,
	const struct person *who, struct verdict *v)
{
	int32_t day = civil_day(ev->when_ms);
	const struct place *target = NULL, *scope = NULL;
	const struct appointment *a;
	enum err e = OK;

	if (ev->target.p && (ev->kind == EV_PATROL_START || ev->kind == EV_PATROL_SUBSTITUTE))
		e = judge_place(j, ev->target, "/body/target", day, v, &target);
	if (e != OK || v->hold != HOLD_NONE)
		return e;
	if (ev->scope.p) {
		e = judge_place(j, ev->scope, "/scope", day, v, &scope);
		if (e != OK || v->hold != HOLD_NONE)
			return e;
	}
	if (!scope)
		scope = target;
	if (scope) {
		slice_copy(v->scope, sizeof v->scope, slice_of(scope->code));
		slice_copy(v->area, sizeof v->area, slice_of(scope->area));
		return OK;
	}
	if (ev->ref.p && (e = ref_target(j, ev, dev, v->scope, sizeof v->scope)) != OK)
		return e;
	if (!who || !(a = person_appointment(who, NULL, NULL, day)))
		return OK;
	if (!v->scope[0])
		slice_copy(v->scope, sizeof v->scope, slice_of(a->scope));
	/* Whether the patrol's start came before must not decide where this counts: invariant 3. */
	scope = registry_place(j->registry, slice_of(a->scope), &e);
	if (scope)
		slice_copy(v->area, sizeof v->area, slice_of(scope->area));
	return e;
}

static enum err judge_category(struct judge *j, const struct event *ev, struct verdict *v)
{
	char klass[16];
	const char *where = "/body/category";
	bool known = false;
	enum err e;

	switch (ev->kind) {
	case EV_CASE_REPORT:
		(void)snprintf(klass, sizeof klass, "%.*s", (int)ev->klass.n, ev->klass.p); /* of five */
		break;
	case EV_INSPECT:
		(void)snprintf(klass, sizeof klass, "topic"); /* fits */
		where = "/body/topic";
		break;
	case EV_WORK:
		(void)snprintf(klass, sizeof klass, "work"); /* fits */
		where = "/body/item";
		break;
	default:
		return OK;
	}
	e = registry_category(j->registry, klass, ev->category, civil_day(ev->when_ms), &known);
	if (e == OK && !known)
		hold(v, HOLD_UNKNOWN_CATEGORY, "registry", "%s: %s %.*s", where, klass,
			(int)ev->category.n, ev->category.p);
	return e;
}

/* The commit of the event with this identity; 0: it has not come, or is not applied. */
static enum err find_event(struct judge *j, const struct event_id *id, int64_t *commit)
{
	struct stream *t;
	enum err e;

	*commit = 0;
	t = streams_get(j->streams, id->device, id->epoch, false, &e);
	if (!t || !window_has(&t->window, id->seq))
		return e;
	return stream_find(j->streams, t, id->seq, commit);
}

static void wait_event(struct verdict *v, const char *where, const struct event_id *id)
{
	char waits[160];

	(void)snprintf(waits, sizeof waits, "event %.*s/%.*s/%lld", (int)id->device.n, id->device.p,
		(int)id->epoch.n, id->epoch.p, (long long)id->seq); /* fits: 32 + 32 + 20 */
	hold(v, HOLD_WAITS_FOR, waits, "%s: %s", where, waits + strlen("event "));
}

/* What a void is about: in event, or held among the acts of a case. */
struct victim {
	enum event_kind kind;
	int64_t at_ms;
	char person[65], area[AREA_CODE_MAX + 1];
};

static enum err load_victim(struct judge *j, struct verdict *v, struct victim *out)
{
	sqlite3_stmt *q = sql_get(j->st, "SELECT e.kind, e.person, e.area, c.name, e.at FROM event e LEFT JOIN casus c ON c.id = "
					 "e.subject AND e.kind IN (9, 10) WHERE e.\"commit\" = ?");
	enum err e;

	sql_int(q, 1, v->victim);
	if ((e = sql_row(q)) == OK) {
		out->kind = (enum event_kind)sqlite3_column_int(q, 0);
		slice_copy(out->person, sizeof out->person, sql_col(q, 1));
		slice_copy(out->area, sizeof out->area, sql_col(q, 2));
		slice_copy(v->victim_case, sizeof v->victim_case, sql_col(q, 3));
		out->at_ms = sqlite3_column_int64(q, 4);
	}
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* ERR_NOTFOUND: it is not held, or not among the acts of a case. */
static enum err load_held_victim(struct judge *j, const struct event_id *id, struct verdict *v, struct victim *out)
{
	sqlite3_stmt *q;
	struct stream *t;
	enum err e;

	t = streams_get(j->streams, id->device, id->epoch, false, &e);
	if (!t)
		return e == OK ? ERR_NOTFOUND : e;
	q = sql_get(j->st, "SELECT kind, person, area, casus, at FROM held WHERE stream = ? AND seq = ? AND folded = 1");
	sql_int(q, 1, t->id);
	sql_int(q, 2, id->seq);
	if ((e = sql_row(q)) == OK) {
		out->kind = (enum event_kind)sqlite3_column_int(q, 0);
		slice_copy(out->person, sizeof out->person, sql_col(q, 1));
		slice_copy(out->area, sizeof out->area, sql_col(q, 2));
		slice_copy(v->victim_case, sizeof v->victim_case, sql_col(q, 3));
		out->at_ms = sqlite3_column_int64(q, 4);
	}
	sql_done(q);
	return e;
}

/* The area of one that had none when it came: of its person's appointment, as the registry knows it now. */
static enum err place_victim(struct judge *j, struct victim *victim)
{
	const struct appointment *a;
	const struct person *who;
	const struct place *pl;
	enum err e;

	if (victim->area[0] || !victim->person[0])
		return OK;
	who = registry_person(j->registry, slice_of(victim->person), &e);
	if (!who || !(a = person_appointment(who, NULL, NULL, civil_day(victim->at_ms))))
		return e;
	pl = registry_place(j->registry, slice_of(a->scope), &e);
	if (pl)
		slice_copy(victim->area, sizeof victim->area, slice_of(pl->area));
	return e;
}

/* One's own, or whatever lies in the area of a centre. */
static enum err may_void(struct judge *j, const struct event *ev, const struct device *dev, struct victim *victim,
	struct verdict *v)
{
	struct casus_grant grant[CASUS_GRANTS];
	uint32_t n;
	enum err e = place_victim(j, victim);

	if (e != OK || (v->person[0] && strcmp(victim->person, v->person) == 0))
		return e;
	if ((e = rights_of(j->registry, ev, slice_of(dev->id), slice_of(v->person), grant, &n)) != OK)
		return e;
	for (uint32_t i = 0; i < n; i++)
		if (grant[i].role == ROLE_CENTRE && area_covers(slice_of(grant[i].scope), slice_of(victim->area)))
			return OK;
	hold(v, HOLD_NOT_ALLOWED, "registry", "/body/target: not %s's own event, nor in the area of a centre of %s",
		v->person[0] ? v->person : "nobody", v->person[0] ? v->person : "nobody");
	return OK;
}

static enum err judge_void(struct judge *j, const struct event *ev, const struct device *dev, struct verdict *v)
{
	struct victim victim = {0};
	enum err e = find_event(j, &ev->victim, &v->victim);

	if (e != OK)
		return e;
	if (v->victim == 0 && slice_eq(ev->victim.epoch, ev->epoch) && ev->victim.seq == ev->seq &&
		slice_is(ev->victim.device, dev->id)) {
		hold(v, HOLD_NOT_ALLOWED, "registry", "/body/target: a void cannot void itself");
		return OK;
	}
	e = v->victim ? load_victim(j, v, &victim) : load_held_victim(j, &ev->victim, v, &victim);
	if (e == ERR_NOTFOUND) {
		wait_event(v, "/body/target", &ev->victim);
		return OK;
	}
	if (e == OK && victim.kind == EV_VOID) {
		hold(v, HOLD_NOT_ALLOWED, "registry", "/body/target: a void cannot be voided");
		return OK;
	}
	return e == OK ? may_void(j, ev, dev, &victim, v) : e;
}

/* Of what is no act of a case: its base is there, be it in force or not, since that may change. */
static enum err judge_base(struct judge *j, const struct event *ev, struct verdict *v)
{
	struct victim base;
	struct verdict of;
	int64_t commit;
	enum err e = find_event(j, &ev->base, &commit);

	if (e == OK && commit == 0 && (e = load_held_victim(j, &ev->base, &of, &base)) == ERR_NOTFOUND) {
		wait_event(v, "/base", &ev->base);
		return OK;
	}
	return e;
}

static void judge_times(struct judge *j, const struct event *ev, const struct judge_time *t, struct verdict *v)
{
	if (t->now_ms < 0)
		return;
	if (ev->when_ms > t->now_ms + FUTURE_MS) {
		hold(v, HOLD_TIME_IN_FUTURE, "time", "/at: %lld ms ahead of the platform's clock",
			(long long)(ev->when_ms - t->now_ms));
		v->due_ms = ev->when_ms - FUTURE_MS;
	} else if (!t->any_age && ev->when_ms < t->recv_ms - j->max_age_ms) {
		hold(v, HOLD_TIME_TOO_OLD, "registry", "/at: older than %lld days",
			(long long)(j->max_age_ms / CIVIL_DAY_MS));
	}
}

enum err judge_event(struct judge *j, const struct event *ev, const struct device *dev,
	const struct judge_time *t, struct verdict *v)
{
	const struct person *who;
	enum err e;

	*v = (struct verdict){0};
	judge_times(j, ev, t, v);
	if (v->hold != HOLD_NONE)
		return OK;
	e = judge_people(j, ev, dev, v, &who);
	if (e == OK && v->hold == HOLD_NONE)
		e = judge_places(j, ev, dev, who, v);
	if (e == OK && v->hold == HOLD_NONE)
		e = judge_category(j, ev, v);
	if (e == OK && v->hold == HOLD_NONE && ev->kind == EV_VOID)
		e = judge_void(j, ev, dev, v);
	if (e == OK && v->hold == HOLD_NONE && ev->base.seq && !ev->casus.p) /* of cases: settle.c */
		e = judge_base(j, ev, v);
	return e;
}
