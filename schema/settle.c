#include "schema/intake_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/civil.h"
#include "schema/sql.h"

#define REFOLD_MAX 10000 /* cases in one call */
#define REFOLD_STEP 256  /* ... in memory at once */

/* ------------------------------------------------------------------ what the fold says of one act */

static void say(struct verdict *v, const struct casus *c, const struct casus_act *a)
{
	char text[sizeof v->detail];

	(void)snprintf(v->waits, sizeof v->waits, "case %s", c->d.name); /* fits */
	switch (a->fate) {
	case FATE_FORCE:
	case FATE_VOIDED:
		v->hold = HOLD_NONE;
		v->waits[0] = '\0';
		return;
	case FATE_WAITS:
		v->hold = HOLD_WAITS_FOR;
		(void)snprintf(text, sizeof text, "%s: %s", a->waits[0] ? "/base" : "/body/case",
			a->waits[0] ? a->detail : c->d.name); /* fits */
		if (a->waits[0])
			memcpy(v->waits, a->waits, sizeof v->waits);
		break;
	case FATE_ILLEGAL:
		v->hold = HOLD_ILLEGAL_TRANSITION;
		(void)snprintf(text, sizeof text, "%s: %s", a->action == ACT_REPORT ? "/body" : "/body/action", a->detail); /* fits */
		break;
	case FATE_NOT_ALLOWED:
		v->hold = HOLD_NOT_ALLOWED;
		(void)snprintf(text, sizeof text, "/person: %s", a->detail); /* fits */
		break;
	}
	memcpy(v->detail, text, sizeof text);
}

/* As the row tells it, to see whether it must be written again. */
static char *telling(const struct verdict *v)
{
	char text[400];
	int n = snprintf(text, sizeof text, "%s\n%s\n%s", intake_hold_names[v->hold], v->detail, v->waits);

	return xstrndup(text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

static void later(struct intake *in, const struct casus *c)
{
	buf_add(&in->unsettled, c->d.name, strlen(c->d.name) + 1);
}

/* ------------------------------------------------------------------ one event */

enum err settle_judge(struct intake *in, const struct event *ev, const char *device, struct verdict *v, int64_t now_ms)
{
	struct casus *c;
	enum err e = OK;

	if (in->cases.acts > 4 * CASES_CACHE_ACTS) /* one batch may meet many long cases */
		e = cases_flush(&in->cases, &in->tallies, in->alerts, now_ms);
	if (e == OK)
		e = cases_get(&in->cases, ev->casus, &c);
	if (e == OK)
		e = cases_add(&in->cases, c, ev, slice_of(device), slice_of(v->person), slice_of(v->area), &v->act);
	if (e == ERR_FULL) {
		v->hold = HOLD_ILLEGAL_TRANSITION;
		(void)snprintf(v->waits, sizeof v->waits, "case %s", c->d.name); /* fits */
		(void)snprintf(v->detail, sizeof v->detail, "/body/case: too many acts"); /* fits */
		return OK;
	}
	if (e != OK)
		return e;
	v->casus = c;
	say(v, c, &c->d.act[v->act]);
	later(in, c);
	if (ev->kind == EV_CASE_REPORT && ev->ref.p && !ev->scope.p)
		e = settle_start(in, device, ev->ref);
	return e;
}

void settle_held(struct intake *in, const struct verdict *v, int64_t id)
{
	struct dossier_act *of = &v->casus->d.of[v->act];

	(void)in;
	of->held = id;
	free(of->told);
	of->told = telling(v);
}

enum err settle_void(struct intake *in, const char *casus, const struct event_id *victim, int64_t commit)
{
	struct casus *c;
	uint32_t i;
	enum err e = cases_get(&in->cases, slice_of(casus), &c);

	if (e != OK)
		return e;
	i = dossier_find(&c->d, victim->device, victim->epoch, victim->seq);
	if (i == UINT32_MAX)
		return c->d.n < CASUS_ACTS_MAX ? ERR_CORRUPT : OK; /* it has too many: this one is not among them */
	c->d.act[i].voided = true;
	later(in, c);
	if (c->d.id)
		cases_touch(&in->cases, c, commit);
	return cases_fold(&in->cases, c);
}

/* ------------------------------------------------------------------ the others */

static void count(struct intake *in, const struct casus *c, uint32_t i, int n)
{
	apply_count(in, c->d.of[i].kind, c->d.of[i].area, civil_day(c->d.act[i].key.at_ms), n);
}

static enum err set_displaced(struct intake *in, const struct casus *c, uint32_t i, bool on)
{
	sqlite3_stmt *q = sql_get(in->st, "UPDATE event SET flags = (flags & ~4) | ?1 WHERE \"commit\" = ?2");

	c->d.of[i].displaced = on;
	sql_int(q, 1, on ? FLAG_DISPLACED : 0);
	sql_int(q, 2, c->d.of[i].commit);
	return sql_run(q);
}

static enum err told_before(struct intake *in, struct dossier_act *of)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT code || char(10) || detail || char(10) FROM displaced WHERE \"commit\" = ?");
	enum err e;

	sql_int(q, 1, of->commit);
	if ((e = sql_row(q)) == OK)
		of->told = xstrdup(sql_cstr(q, 0));
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err displace(struct intake *in, struct casus *c, uint32_t i)
{
	sqlite3_stmt *q;
	struct dossier_act *of = &c->d.of[i];
	struct verdict v = {0};
	char *told;
	enum err e;

	if (of->displaced && !of->told && (e = told_before(in, of)) != OK)
		return e;
	say(&v, c, &c->d.act[i]);
	v.waits[0] = '\0'; /* the whole case is looked at whenever it changes */
	told = telling(&v);
	if (of->displaced && of->told && strcmp(of->told, told) == 0) {
		free(told);
		return OK;
	}
	free(of->told);
	of->told = told;
	q = sql_get(in->st, "INSERT OR REPLACE INTO displaced(\"commit\", subject, code, detail, by, rev) "
			    "VALUES(?, ?, ?, ?, ?, ?)");
	sql_int(q, 1, of->commit);
	sql_int(q, 2, c->d.id);
	sql_str(q, 3, intake_hold_names[v.hold]);
	sql_str(q, 4, v.detail);
	sql_int(q, 5, store_head_next(in->st));
	sql_int(q, 6, store_rev(in->st));
	if ((e = sql_run(q)) != OK || of->displaced)
		return e;
	count(in, c, i, -1);
	cases_touch(&in->cases, c, store_head_next(in->st));
	return set_displaced(in, c, i, true);
}

static enum err replace(struct intake *in, struct casus *c, uint32_t i)
{
	sqlite3_stmt *q = sql_get(in->st, "DELETE FROM displaced WHERE \"commit\" = ?");
	struct dossier_act *of = &c->d.of[i];
	enum err e;

	sql_int(q, 1, of->commit);
	if ((e = sql_run(q)) != OK)
		return e;
	free(of->told);
	of->told = NULL;
	if (c->d.act[i].voided) { /* apply_void() has seen to its flags and its count */
		of->displaced = false;
		return OK;
	}
	count(in, c, i, 1);
	cases_touch(&in->cases, c, store_head_next(in->st));
	return set_displaced(in, c, i, false);
}

static enum err keep_or_release(struct intake *in, struct casus *c, uint32_t i)
{
	const struct casus_act *a = &c->d.act[i];
	struct dossier_act *of = &c->d.of[i];
	struct verdict v = {.casus = c, .act = i};
	char *told;

	say(&v, c, a);
	memcpy(v.person, a->person, sizeof v.person);
	memcpy(v.area, of->area, sizeof v.area);
	if (v.hold == HOLD_NONE)
		return held_release(in, of->held, &v, a->voided ? FLAG_VOIDED : 0);
	told = telling(&v);
	if (of->told && strcmp(of->told, told) == 0) {
		free(told);
		return OK;
	}
	free(of->told);
	of->told = told;
	return held_says(in, of->held, &v);
}

/* The rows of the case follow its fold. */
static enum err settle(struct intake *in, struct casus *c)
{
	enum err e = OK;

	for (uint32_t k = 0; k < c->d.n && e == OK; k++) {
		uint32_t i = c->d.order[k];
		const struct casus_act *a = &c->d.act[i];
		const struct dossier_act *of = &c->d.of[i];
		bool out = a->fate != FATE_FORCE && a->fate != FATE_VOIDED;

		if (of->held)
			e = keep_or_release(in, c, i);
		else if (out)
			e = displace(in, c, i);
		else if (of->displaced)
			e = replace(in, c, i);
	}
	return e;
}

enum err settle_rest(struct intake *in, int64_t now_ms)
{
	struct casus *c;
	enum err e = OK;

	(void)now_ms;
	for (size_t at = 0; e == OK && at < in->unsettled.n; at += strlen(in->unsettled.p + at) + 1) {
		e = cases_get(&in->cases, slice_of(in->unsettled.p + at), &c);
		if (e == OK)
			e = settle(in, c);
	}
	buf_clear(&in->unsettled);
	return e;
}

/* ------------------------------------------------------------------ places that follow from patrols */

enum err settle_start(struct intake *in, const char *device, struct slice patrol)
{
	bool any;
	enum err e = cases_any_refs(&in->cases, &any);

	if (e == OK && any) {
		buf_addf(&in->starts, "%s %.*s", device, (int)patrol.n, patrol.p);
		buf_addc(&in->starts, '\0');
	}
	return e;
}

/* Cases whose place a patrol may decide, by name. */
static enum err names_of(struct intake *in, const char *start, struct buf *names)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT casus FROM case_ref WHERE device = ? AND patrol = ?");
	const char *space = strchr(start, ' ');
	enum err e;

	sql_text(q, 1, (struct slice){start, (uint32_t)(space - start)});
	sql_str(q, 2, space + 1);
	while ((e = sql_row(q)) == OK) {
		buf_adds(names, sql_cstr(q, 0));
		buf_addc(names, '\0');
	}
	return sql_end(q, e);
}

static enum err again(struct intake *in, struct slice name)
{
	struct casus *c;
	enum err e = cases_again(&in->cases, name, &c);

	if (e != OK)
		return e;
	if (c->d.id)
		cases_touch(&in->cases, c, store_head_next(in->st)); /* written only where it says something else */
	return settle(in, c);
}

static enum err settle_starts(struct intake *in)
{
	struct buf names = {0};
	enum err e = OK;

	for (size_t at = 0; e == OK && at < in->starts.n; at += strlen(in->starts.p + at) + 1)
		e = names_of(in, in->starts.p + at, &names);
	buf_clear(&in->starts);
	for (size_t at = 0; e == OK && at < names.n; at += strlen(names.p + at) + 1)
		e = again(in, slice_of(names.p + at));
	buf_done(&names);
	return e;
}

/* A release may free others, and these may be patrols again: each turn takes held events away. */
enum err settle_flush(struct intake *in)
{
	enum err e;

	do {
		e = patrols_flush(&in->patrols, in->registry, &in->tallies, store_head_next(in->st));
		if (e == OK)
			e = settle_starts(in);
		if (e == OK)
			e = held_free(in, in->now_ms);
	} while (e == OK && (in->patrols.dirty || in->starts.n));
	return e == OK ? cases_flush(&in->cases, &in->tallies, in->alerts, in->now_ms) : e;
}

/* ------------------------------------------------------------------ all again */

/* The next names: cases with events by id, then those of which everything is held. */
static enum err next_names(struct intake *in, struct buf *names, int *n)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT id, name FROM casus WHERE id > ? ORDER BY id LIMIT 256");
	enum err e;

	sql_int(q, 1, in->refold_id);
	for (*n = 0; (e = sql_row(q)) == OK; ++*n) {
		in->refold_id = sqlite3_column_int64(q, 0);
		buf_adds(names, sql_cstr(q, 1));
		buf_addc(names, '\0');
	}
	return sql_end(q, e);
}

static enum err held_names(struct intake *in, struct buf *names)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT DISTINCT casus FROM held h WHERE folded = 1 AND NOT EXISTS (SELECT 1 FROM "
					  "casus c WHERE c.name = h.casus)");
	enum err e;

	while ((e = sql_row(q)) == OK) {
		buf_adds(names, sql_cstr(q, 0));
		buf_addc(names, '\0');
	}
	return sql_end(q, e);
}

static enum err again_all(struct intake *in, const struct buf *names, int64_t now_ms)
{
	enum err e = OK;
	int n = 0;

	for (size_t at = 0; e == OK && at < names->n; at += strlen(names->p + at) + 1) {
		e = again(in, slice_of(names->p + at));
		if (e == OK && ++n % REFOLD_STEP == 0) {
			e = cases_flush(&in->cases, &in->tallies, in->alerts, now_ms);
			cases_drop(&in->cases);
			if (e == OK)
				e = tallies_ease(&in->tallies, store_head_next(in->st));
		}
	}
	return e;
}

enum err settle_refold(struct intake *in, int64_t now_ms, bool *more)
{
	struct buf names = {0};
	int n = REFOLD_STEP;
	size_t done = 0, max = in->conf.again_max ? in->conf.again_max : REFOLD_MAX;
	enum err e = cases_flush(&in->cases, &in->tallies, in->alerts, now_ms);

	in->refold = true; /* until all of them are done */
	cases_drop(&in->cases); /* it knows the registry as it was */
	while (e == OK && n == REFOLD_STEP && done < max) {
		buf_clear(&names);
		if ((e = next_names(in, &names, &n)) == OK)
			e = again_all(in, &names, now_ms);
		done += (size_t)n;
	}
	if (e == OK && n < REFOLD_STEP) {
		buf_clear(&names);
		if ((e = held_names(in, &names)) == OK)
			e = again_all(in, &names, now_ms);
		in->refold = false;
	}
	if (e == OK)
		e = held_free(in, now_ms);
	*more |= in->refold;
	buf_done(&names);
	return e;
}
