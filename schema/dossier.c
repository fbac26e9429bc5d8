#include "schema/dossier.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/civil.h"
#include "core/geo.h"
#include "schema/rights.h"
#include "schema/sql.h"

void dossier_done(struct dossier *d)
{
	while (d->n)
		dossier_drop_last(d);
	free(d->act);
	free(d->of);
	free(d->order);
	*d = (struct dossier){0};
}

void dossier_drop_last(struct dossier *d)
{
	d->n--;
	free(d->of[d->n].report);
	free(d->of[d->n].told);
}

static void grow(struct dossier *d)
{
	if (d->n < d->cap)
		return;
	d->cap = d->cap ? d->cap * 2 : 4;
	d->act = xrealloc(d->act, d->cap * sizeof *d->act);
	d->of = xrealloc(d->of, d->cap * sizeof *d->of);
	d->order = xrealloc(d->order, d->cap * sizeof *d->order);
}

/* ------------------------------------------------------------------ one act */

/* Is there anything but blanks?  U+3000 is the one of Chinese input methods, U+00A0 that of spreadsheets. */
static bool says_anything(struct slice s)
{
	uint32_t i = 0, left;

	while ((left = s.n - i) > 0) {
		if (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r'))
			i += 1;
		else if (left >= 2 && memcmp(s.p + i, "\xc2\xa0", 2) == 0)
			i += 2;
		else if (left >= 3 && memcmp(s.p + i, "\xe3\x80\x80", 3) == 0)
			i += 3;
		else
			return true;
	}
	return false;
}

/* The target of the reporter's patrol, "" when its start is not known. */
static enum err ref_target(struct dossier_source *src, struct slice device, struct slice name, char *out, size_t room)
{
	struct patrol *p;
	sqlite3_stmt *q;
	enum err e;

	out[0] = '\0';
	if (src->patrols) {
		if ((p = patrols_get(src->patrols, device, name, false, &e)) && p->start.seq)
			slice_copy(out, room, slice_of(p->target));
		return e;
	}
	q = sql_get(src->st, "SELECT target FROM patrol WHERE device = ? AND name = ? AND start_at IS NOT NULL");
	sql_text(q, 1, device);
	sql_text(q, 2, name);
	if ((e = sql_row(q)) == OK)
		slice_copy(out, room, sql_col(q, 0));
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Where the case is: the report's scope, else the target of the patrol during which it was seen, else the place of
 * the reporter's appointment. */
static enum err place_report(struct dossier_source *src, const struct event *ev, struct slice device, struct slice person,
	struct dossier_report *rep, char area[AREA_CODE_MAX + 1])
{
	const struct appointment *a = NULL;
	const struct person *who;
	const struct place *pl;
	enum err e = OK;

	if (ev->scope.p)
		slice_copy(rep->scope, sizeof rep->scope, ev->scope);
	else if (ev->ref.p)
		e = ref_target(src, device, ev->ref, rep->scope, sizeof rep->scope);
	if (e == OK && !rep->scope[0] && person.n && (who = registry_person(src->registry, person, &e)) &&
		(a = person_appointment(who, NULL, NULL, civil_day(ev->when_ms))))
		slice_copy(rep->scope, sizeof rep->scope, slice_of(a->scope));
	if (e != OK || !rep->scope[0])
		return e;
	if ((pl = registry_place(src->registry, slice_of(rep->scope), &e)))
		slice_copy(area, AREA_CODE_MAX + 1, slice_of(pl->area));
	return e;
}

static void locate(const struct event *ev, struct dossier_report *rep)
{
	struct geo at = {ev->lat_e7, ev->lon_e7};

	if (!ev->has_loc)
		return;
	if (ev->crs == CRS_GCJ02)
		at = geo_gcj02_to_wgs84(at);
	rep->has_loc = true;
	rep->lat_e7 = at.lat_e7;
	rep->lon_e7 = at.lon_e7;
}

static enum err add_report(struct dossier_source *src, const struct event *ev, struct slice device, struct slice person,
	struct casus_act *a, struct dossier_report *rep)
{
	struct registry_category c;
	enum err e;

	a->action = ACT_REPORT;
	slice_copy(a->klass, sizeof a->klass, ev->klass);
	a->self_fixed = ev->self_fixed;
	a->due_ms = ev->due_ms;
	slice_copy(rep->category, sizeof rep->category, ev->category);
	slice_copy(rep->title, sizeof rep->title, ev->title.n ? ev->title : ev->text);
	slice_copy(rep->issuer, sizeof rep->issuer, ev->issuer);
	slice_copy(rep->ref, sizeof rep->ref, ev->ref);
	locate(ev, rep);
	if ((e = registry_category_row(src->registry, a->klass, ev->category, &c)) != OK)
		return e;
	a->severity = ev->severity ? ev->severity : c.severity;
	a->rule = (struct casus_rule){c.deadline, c.unit, c.photo_before, c.photo_after};
	return place_report(src, ev, device, person, rep, a->area);
}

static enum err add_act(struct dossier_source *src, const struct event *ev, struct casus_act *a)
{
	enum err e = OK;

	a->action = casus_action_of(ev->action);
	if (says_anything(ev->to)) {
		slice_copy(a->to, sizeof a->to, ev->to);
		a->to_person = registry_person(src->registry, ev->to, &e) != NULL;
	}
	a->until_ms = ev->until_ms;
	a->result = casus_result_of(ev->result);
	a->rating = casus_rating_of(ev->rating);
	return e;
}

enum err dossier_add(struct dossier_source *src, struct dossier *d, const struct event *ev, struct slice device,
	struct slice person, struct slice area)
{
	struct dossier_act *of;
	struct casus_act *a;
	enum err e;

	grow(d);
	a = &d->act[d->n];
	of = &d->of[d->n];
	memset(a, 0, sizeof *a);
	*of = (struct dossier_act){.kind = ev->kind};
	slice_copy(of->area, sizeof of->area, area);
	order_set(&a->key, ev->when_ms, device, ev->epoch, ev->seq);
	if (ev->base.seq)
		order_set(&a->base, 0, ev->base.device, ev->base.epoch, ev->base.seq);
	slice_copy(a->person, sizeof a->person, person);
	a->until_ms = a->due_ms = -1;
	a->has_note = says_anything(ev->note);
	a->photo_before = ev->photo_before;
	a->photo_after = ev->photo_after;
	if ((e = rights_of(src->registry, ev, device, person, a->grant, &a->ngrant)) != OK)
		return e;
	if (ev->kind == EV_CASE_REPORT) {
		of->report = xcalloc(1, sizeof *of->report);
		e = add_report(src, ev, device, person, a, of->report);
	} else {
		e = add_act(src, ev, a);
	}
	d->n++;
	if (e != OK)
		dossier_drop_last(d);
	return e;
}

uint32_t dossier_find(const struct dossier *d, struct slice device, struct slice epoch, int64_t seq)
{
	for (uint32_t i = d->n; i-- > 0;) { /* the newest is asked for most */
		const struct order_key *k = &d->act[i].key;

		if (k->seq == seq && slice_is(epoch, k->epoch) && slice_is(device, k->device))
			return i;
	}
	return UINT32_MAX;
}

enum err dossier_fold(struct dossier_source *src, struct dossier *d)
{
	const struct workcal *cal;
	enum err e = registry_calendar(src->registry, &cal);

	if (e == OK)
		casus_fold(d->act, d->n, cal, d->order, &d->fold);
	return e;
}

const struct dossier_report *dossier_report(const struct dossier *d)
{
	return d->n && d->fold.report != UINT32_MAX ? d->of[d->fold.report].report : NULL;
}

/* ------------------------------------------------------------------ reading */

static enum err read_one(struct dossier_source *src, struct dossier *d, struct slice raw, struct slice device,
	struct slice person, struct slice area)
{
	struct event_fault fault;
	struct event ev;

	(void)json_read(&src->json, raw.p, raw.n); /* event_decode says */
	if (event_decode(&src->json, 0, &ev, &fault) != EVENT_OK)
		return ERR_CORRUPT; /* it was whole when it was stored */
	return dossier_add(src, d, &ev, device, person, area);
}

static enum err is_voided_by(struct dossier_source *src, const struct order_key *k, bool *out)
{
	sqlite3_stmt *q = sql_get(src->st, "SELECT 1 FROM voided WHERE device = ? AND epoch = ? AND seq = ? AND by <= ?");
	enum err e;

	sql_str(q, 1, k->device);
	sql_str(q, 2, k->epoch);
	sql_int(q, 3, k->seq);
	sql_int(q, 4, src->as_of);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_chain(struct dossier_source *src, struct dossier *d)
{
	sqlite3_stmt *q = sql_get(src->st, "SELECT e.raw, e.person, e.area, e.link, e.flags, e.subject, s.device FROM event e "
					   "JOIN stream s ON s.id = e.stream WHERE e.\"commit\" = ?");
	enum err e = OK;

	for (int64_t at = d->last, commit; at > 0 && e == OK && d->n < CASUS_ACTS_MAX;) {
		int64_t flags = 0;
		bool known = false;

		sql_int(q, 1, commit = at);
		e = sql_row(q);
		if (e == OK && sqlite3_column_int64(q, 5) != d->id)
			e = ERR_CORRUPT;
		if (e == OK) {
			at = sqlite3_column_int64(q, 3);
			flags = sqlite3_column_int64(q, 4);
			known = commit <= src->as_of;
			if (known)
				e = read_one(src, d, sql_col(q, 0), sql_col(q, 6), sql_col(q, 1), sql_col(q, 2));
		}
		sql_done(q);
		if (e != OK || !known)
			continue;
		d->of[d->n - 1].commit = commit;
		d->of[d->n - 1].displaced = flags & 4;
		d->act[d->n - 1].voided = flags & 2;
		if ((flags & 2) && src->as_of != REGISTRY_NOW)
			e = is_voided_by(src, &d->act[d->n - 1].key, &d->act[d->n - 1].voided);
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static enum err read_held(struct dossier_source *src, struct dossier *d)
{
	sqlite3_stmt *q = sql_get(src->st, "SELECT h.id, h.raw, h.person, h.area, s.device, h.code, h.detail, h.waits FROM "
					   "held h JOIN stream s ON s.id = h.stream WHERE h.casus = ? AND h.folded = 1 ORDER BY h.id");
	struct buf b = {0};
	enum err e;

	sql_str(q, 1, d->name);
	while ((e = sql_row(q)) == OK && d->n < CASUS_ACTS_MAX) {
		if ((e = read_one(src, d, sql_col(q, 1), sql_col(q, 4), sql_col(q, 2), sql_col(q, 3))) != OK)
			break;
		d->of[d->n - 1].held = sqlite3_column_int64(q, 0);
		buf_clear(&b);
		buf_addf(&b, "%s\n%s\n%s", sql_cstr(q, 5), sql_cstr(q, 6), sql_cstr(q, 7));
		d->of[d->n - 1].told = xstrndup(b.p, b.n);
	}
	buf_done(&b);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err dossier_reread(struct dossier_source *src, struct dossier *d)
{
	enum err e;

	while (d->n)
		dossier_drop_last(d);
	e = read_chain(src, d);
	if (e == OK && src->as_of == REGISTRY_NOW)
		e = read_held(src, d);
	return e == OK ? dossier_fold(src, d) : e;
}

enum err dossier_read(struct dossier_source *src, struct slice name, struct dossier *d)
{
	sqlite3_stmt *q = sql_get(src->st, "SELECT id, last FROM casus WHERE name = ?");
	enum err e;

	slice_copy(d->name, sizeof d->name, name);
	sql_text(q, 1, name);
	if ((e = sql_row(q)) == OK) {
		d->id = sqlite3_column_int64(q, 0);
		d->last = sqlite3_column_int64(q, 1);
	}
	sql_done(q);
	return e == OK || e == ERR_NOTFOUND ? dossier_reread(src, d) : e;
}

enum err dossier_next(struct dossier_source *src, int64_t *id, struct dossier *d)
{
	sqlite3_stmt *q = sql_get(src->st, "SELECT id, name FROM casus WHERE id > ? ORDER BY id LIMIT 1");
	char name[EVENT_ID_MAX + 1];
	enum err e;

	sql_int(q, 1, *id);
	if ((e = sql_row(q)) == OK) {
		*id = sqlite3_column_int64(q, 0);
		slice_copy(name, sizeof name, sql_col(q, 1));
	}
	sql_done(q);
	return e == OK ? dossier_read(src, slice_of(name), d) : e;
}

/* ------------------------------------------------------------------ what it adds to the tallies */

/* A share is, for each day, "DAY AREA\n", then a line "figure level N:category\n" for each count; N bytes of category, since
 * an issuer may hold anything.  A day begins with a digit or '-', a figure with a letter. */
static void count(struct buf *out, const char *figure, const char *level, const char *category)
{
	buf_addf(out, "%s %s %zu:%s\n", figure, level, strlen(category), category);
}

static void share_of_class(const struct dossier *d, const struct dossier_report *rep, const char *klass, struct buf *out)
{
	const struct casus_fold *c = &d->fold;
	bool closed = c->state == CASUS_CLOSED;
	bool done = closed && (c->result == RESULT_RECTIFIED || c->result == RESULT_DONE);

	if (strcmp(klass, "hazard") == 0) {
		count(out, "hazards_found", "", rep->category);
		if (done)
			count(out, "hazards_rectified", "", rep->category);
	} else if (strcmp(klass, "finding") == 0) {
		count(out, "findings_found", "", rep->category);
		if (done)
			count(out, "findings_rectified", "", rep->category);
	} else if (strcmp(klass, "appeal") == 0) {
		count(out, "appeals_received", "", rep->category);
		if (closed)
			count(out, "appeals_closed", "", rep->category);
		if (c->rating == RATING_NO_CONTACT)
			count(out, "appeals_no_contact", "", rep->category);
		else if (c->rating != RATING_NONE)
			count(out, "appeals_rated", "", rep->category);
		if (c->rating == RATING_SATISFIED || c->rating == RATING_BASIC)
			count(out, "appeals_satisfied", "", rep->category);
	} else if (strcmp(klass, "dispute") == 0) {
		count(out, "disputes_found", "", rep->category);
		if (closed)
			count(out, "disputes_closed", "", rep->category);
		if (closed && (c->result == RESULT_SETTLED_WRITTEN || c->result == RESULT_SETTLED_ORAL)) {
			count(out, "disputes_settled", "", rep->category);
			count(out, "disputes_by_level", area_level_name(c->level), "");
		}
	} else if (strcmp(klass, "rectify") == 0) {
		count(out, "rectify_total", "", rep->issuer);
		if (done)
			count(out, "rectify_done", "", rep->issuer);
	}
}

/* What it adds to the day of its closing. */
static void share_of_closing(const struct dossier *d, const struct dossier_report *rep, const char *klass, struct buf *out)
{
	const struct casus_fold *c = &d->fold;
	bool done = c->result == RESULT_RECTIFIED || c->result == RESULT_DONE;

	count(out, "cases_closed_flow", "", klass);
	if (strcmp(klass, "hazard") == 0 && done)
		count(out, "hazards_rectified_flow", "", rep->category);
	else if (strcmp(klass, "finding") == 0 && done)
		count(out, "findings_rectified_flow", "", rep->category);
	else if (strcmp(klass, "appeal") == 0)
		count(out, "appeals_closed_flow", "", rep->category);
	else if (strcmp(klass, "dispute") == 0)
		count(out, "disputes_closed_flow", "", rep->category);
	else if (strcmp(klass, "rectify") == 0 && done)
		count(out, "rectify_done_flow", "", rep->issuer);
	if (strcmp(klass, "dispute") == 0 && (c->result == RESULT_SETTLED_WRITTEN || c->result == RESULT_SETTLED_ORAL))
		count(out, "disputes_settled_flow", "", rep->category);
}

/* What it adds to the day of its deadline. */
static void share_of_deadline(const struct dossier *d, const char *klass, struct buf *out)
{
	const struct casus_fold *c = &d->fold;
	bool closed = c->state == CASUS_CLOSED;

	count(out, "cases_due", "", klass);
	if (closed)
		count(out, "cases_due_closed", "", klass);
	if (closed && c->on_time == 1)
		count(out, "cases_due_on_time", "", klass);
	if (c->reworks)
		count(out, "cases_reworked", "", klass);
	if (c->extensions)
		count(out, "cases_extended", "", klass);
}

static void share_day(struct buf *out, int64_t ms, const char *area)
{
	buf_addf(out, "%d %s\n", (int)civil_day(ms), area);
}

void dossier_share(const struct dossier *d, struct buf *out)
{
	const struct dossier_report *rep = dossier_report(d);
	const struct casus_fold *c = &d->fold;
	const struct casus_act *a;

	buf_clear(out);
	buf_adds(out, "");
	if (!rep || c->state == CASUS_NONE || c->state == CASUS_VOID)
		return;
	a = &d->act[c->report];
	share_day(out, c->report_ms, a->area);
	count(out, "cases_received", "", a->klass);
	if (c->accepted_ms != -1 || c->self_fixed)
		count(out, "cases_accepted", "", a->klass);
	if (c->state == CASUS_CLOSED)
		count(out, "cases_closed", "", a->klass);
	share_of_class(d, rep, a->klass, out);
	if (c->state == CASUS_CLOSED && c->closed_ms != -1) {
		share_day(out, c->closed_ms, a->area);
		share_of_closing(d, rep, a->klass, out);
	}
	if (c->due_ms != -1 && c->state != CASUS_SUSPENDED && c->state != CASUS_DECLINED) {
		share_day(out, c->due_ms, a->area);
		share_of_deadline(d, a->klass, out);
	}
}

/* The first n bytes of p, which are followed by one more. */
static const char *share_word(const char *p, size_t n, char *out, size_t room)
{
	slice_copy(out, room, (struct slice){p, (uint32_t)n});
	return p + n + 1;
}

void dossier_share_each(const char *share, void (*add)(void *ctx, const char *figure, const char *level,
	const char *category, const char *area, int32_t day), void *ctx)
{
	char area[AREA_CODE_MAX + 1] = "", figure[32], level[12], category[EVENT_LINE_MAX + 1];
	const char *p = share ? share : "";
	int32_t day = 0;
	char *end;
	size_t n;

	while (*p) {
		if (*p == '-' || (*p >= '0' && *p <= '9')) {
			day = (int32_t)strtol(p, &end, 10);
			p = share_word(end + 1, strcspn(end + 1, "\n"), area, sizeof area);
			continue;
		}
		p = share_word(p, strcspn(p, " "), figure, sizeof figure);
		p = share_word(p, strcspn(p, " "), level, sizeof level);
		n = strtoul(p, &end, 10);
		p = share_word(end + 1, n, category, sizeof category);
		add(ctx, figure, level, category, area, day);
	}
}
