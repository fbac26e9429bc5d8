#include "schema/cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/sql.h"

#define TICK_MAX 1000

void cases_init(struct cases *cs, struct store *st, struct registry *r, struct patrols *ps)
{
	*cs = (struct cases){.st = st};
	cs->src = (struct dossier_source){.st = st, .registry = r, .patrols = ps, .as_of = REGISTRY_NOW};
}

static void casus_free(struct casus *c)
{
	dossier_done(&c->d);
	free(c->share);
	free(c);
}

static void drop_all(struct cases *cs)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(&cs->map, &pos)))
		casus_free(v);
	map_done(&cs->map);
	cs->acts = 0;
	cs->dirty = NULL;
}

void cases_clear(struct cases *cs)
{
	drop_all(cs);
	cs->next_id = 0;
	cs->refs_known = cs->any_refs = false;
	buf_clear(&cs->people);
}

void cases_drop(struct cases *cs)
{
	drop_all(cs);
}

void cases_done(struct cases *cs)
{
	cases_clear(cs);
	json_done(&cs->src.json);
	buf_done(&cs->text);
	buf_done(&cs->people);
}

static enum err load(struct cases *cs, struct slice name, struct casus *c)
{
	sqlite3_stmt *q;
	enum err e = dossier_read(&cs->src, name, &c->d);

	if (e != OK || !c->d.id)
		return e;
	q = sql_get(cs->st, "SELECT \"commit\", share FROM casus WHERE id = ?");
	sql_int(q, 1, c->d.id);
	if ((e = sql_row(q)) == OK) {
		struct slice s = sql_col(q, 1);

		c->commit = sqlite3_column_int64(q, 0);
		c->share = s.p ? xstrndup(s.p, s.n) : NULL;
	}
	sql_done(q);
	return e;
}

enum err cases_get(struct cases *cs, struct slice name, struct casus **out)
{
	struct casus *c = map_get(&cs->map, name.p, name.n);
	enum err e;

	if (!c) {
		c = xcalloc(1, sizeof *c);
		if ((e = load(cs, name, c)) != OK) {
			casus_free(c);
			return e;
		}
		(void)map_put(&cs->map, name.p, name.n, c); /* was not there */
		cs->acts += c->d.n + 1;
	}
	*out = c;
	return OK;
}

enum err cases_again(struct cases *cs, struct slice name, struct casus **out)
{
	struct casus *c = map_get(&cs->map, name.p, name.n);
	enum err e;

	if (!c)
		return cases_get(cs, name, out);
	*out = c;
	cs->acts -= c->d.n;
	e = dossier_reread(&cs->src, &c->d);
	cs->acts += c->d.n;
	return e;
}

static enum err note_ref(struct cases *cs, const struct event *ev, struct slice device)
{
	sqlite3_stmt *q = sql_get(cs->st, "INSERT OR IGNORE INTO case_ref(device, patrol, casus) VALUES(?, ?, ?)");

	sql_text(q, 1, device);
	sql_text(q, 2, ev->ref);
	sql_text(q, 3, ev->casus);
	cs->refs_known = cs->any_refs = true;
	return sql_run(q);
}

enum err cases_any_refs(struct cases *cs, bool *out)
{
	sqlite3_stmt *q;
	enum err e = OK;

	if (!cs->refs_known) {
		q = sql_get(cs->st, "SELECT 1 FROM case_ref LIMIT 1");
		e = sql_row(q);
		sql_done(q);
		cs->any_refs = e == OK;
		cs->refs_known = e == OK || e == ERR_NOTFOUND;
		e = e == ERR_NOTFOUND ? OK : e;
	}
	*out = cs->any_refs;
	return e;
}

enum err cases_add(struct cases *cs, struct casus *c, const struct event *ev, struct slice device, struct slice person,
	struct slice area, uint32_t *at)
{
	enum err e;

	if (c->d.n >= CASUS_ACTS_MAX)
		return ERR_FULL;
	if ((e = dossier_add(&cs->src, &c->d, ev, device, person, area)) != OK)
		return e;
	cs->acts++;
	*at = c->d.n - 1;
	if (ev->kind == EV_CASE_REPORT && ev->ref.p && !ev->scope.p && (e = note_ref(cs, ev, device)) != OK)
		return e;
	return cases_fold(cs, c);
}

enum err cases_fold(struct cases *cs, struct casus *c)
{
	return dossier_fold(&cs->src, &c->d);
}

void cases_touch(struct cases *cs, struct casus *c, int64_t commit)
{
	c->commit = commit;
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = cs->dirty;
	cs->dirty = c;
}

static enum err next_id(struct cases *cs, int64_t *out)
{
	sqlite3_stmt *q;
	enum err e = OK;

	if (!cs->next_id) {
		q = sql_get(cs->st, "SELECT coalesce(max(id), 0) + 1 FROM casus");
		if ((e = sql_row(q)) == OK)
			cs->next_id = sqlite3_column_int64(q, 0);
		sql_done(q);
	}
	*out = cs->next_id++;
	return e;
}

/* At once, so that its name can be found by its id. */
static enum err insert(struct cases *cs, struct casus *c, int64_t commit)
{
	sqlite3_stmt *q = sql_get(cs->st, "INSERT INTO casus(id, name, last, \"commit\") VALUES(?, ?, 0, ?)");

	sql_int(q, 1, c->d.id);
	sql_str(q, 2, c->d.name);
	sql_int(q, 3, commit);
	return sql_run(q);
}

enum err cases_applied(struct cases *cs, struct casus *c, uint32_t at, int64_t commit, int64_t *subject, int64_t *link)
{
	enum err e = OK;

	if (!c->d.id && (e = next_id(cs, &c->d.id)) == OK)
		e = insert(cs, c, commit);
	*subject = c->d.id;
	*link = c->d.last;
	c->d.last = commit;
	c->d.of[at].commit = commit;
	c->d.of[at].held = 0;
	cases_touch(cs, c, commit);
	return e;
}

/* ------------------------------------------------------------------ writing */

/* The columns that follow from the fold, numbered as bind_row() binds them. */
#define FOLDED "last, report, report_at, report_device, report_epoch, report_seq, class, category, severity, title, scope, " \
	       "area, lat_e7, lon_e7, reporter, ref, issuer, state, version, level, holder, handler, accepted_at, " \
	       "dispatched_at, handled_at, closed_at, due, due_provisional, on_time, self_fixed, result, rating, counts"
#define PARAMS "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, " \
	       "?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33"
#define P_ID 34
#define P_MORE 35

static void bind_text(sqlite3_stmt *q, int i, const char *s)
{
	if (s[0])
		sql_str(q, i, s);
}

static void bind_time(sqlite3_stmt *q, int i, int64_t ms)
{
	if (ms != -1)
		sql_int(q, i, ms);
}

static void bind_report(sqlite3_stmt *q, const struct dossier *d, const struct dossier_report *rep)
{
	const struct casus_act *a = &d->act[d->fold.report];

	sql_int(q, 2, d->of[d->fold.report].commit);
	sql_int(q, 3, a->key.at_ms);
	sql_str(q, 4, a->key.device);
	sql_str(q, 5, a->key.epoch);
	sql_int(q, 6, a->key.seq);
	sql_str(q, 7, a->klass);
	sql_str(q, 8, rep->category);
	if (a->severity)
		sql_int(q, 9, a->severity);
	sql_str(q, 10, rep->title);
	bind_text(q, 11, rep->scope);
	bind_text(q, 12, a->area);
	if (rep->has_loc) {
		sql_int(q, 13, rep->lat_e7);
		sql_int(q, 14, rep->lon_e7);
	}
	bind_text(q, 15, a->person);
	bind_text(q, 16, rep->ref);
	bind_text(q, 17, rep->issuer);
}

/* counts: room for the text, which stays borrowed. */
static void bind_row(sqlite3_stmt *q, const struct dossier *d, char counts[140])
{
	const struct dossier_report *rep = dossier_report(d);
	const struct casus_fold *c = &d->fold;

	sql_int(q, 1, d->last);
	if (rep)
		bind_report(q, d, rep);
	sql_int(q, 18, c->state);
	sql_int(q, 19, c->version);
	if (rep)
		sql_str(q, 20, area_level_name(c->level));
	bind_text(q, 21, c->holder);
	bind_text(q, 22, c->handler);
	bind_time(q, 23, c->accepted_ms);
	bind_time(q, 24, c->dispatched_ms);
	bind_time(q, 25, c->handled_ms);
	bind_time(q, 26, c->closed_ms);
	if (c->state != CASUS_SUSPENDED)
		bind_time(q, 27, c->due_ms);
	sql_int(q, 28, c->due_provisional);
	bind_time(q, 29, c->on_time);
	sql_int(q, 30, c->self_fixed);
	sql_int(q, 31, c->result);
	sql_int(q, 32, c->rating);
	(void)snprintf(counts, 140, "%lld %lld %lld %lld %lld %lld", (long long)c->returns, (long long)c->escalations,
		(long long)c->extensions, (long long)c->urges, (long long)c->reopens, (long long)c->reworks); /* fits */
	sql_str(q, 33, counts);
	sql_int(q, P_ID, d->id);
}

enum err cases_row_is(struct store *st, const struct dossier *d, bool *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT 1 FROM casus WHERE id = ?34 AND (" FOLDED ") IS (" PARAMS ")");
	char counts[140];
	enum err e;

	bind_row(q, d, counts);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

struct moving {
	struct tallies *t;
	int64_t n;
};

static void move_tally(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	struct moving *m = ctx;

	tally_add(m->t, figure, level, category, area, day, m->n);
}

/* Puts what it now adds in the place of what it added. */
static void recount(struct cases *cs, struct casus *c, struct tallies *t)
{
	struct moving m = {t, -1};

	dossier_share(&c->d, &cs->text);
	if (strcmp(c->share ? c->share : "", cs->text.p) == 0)
		return;
	dossier_share_each(c->share, move_tally, &m);
	m.n = 1;
	dossier_share_each(cs->text.p, move_tally, &m);
	free(c->share);
	c->share = cs->text.n ? xstrndup(cs->text.p, cs->text.n) : NULL;
}

/* ------------------------------------------------------------------ alerts */

struct facts { /* of a case, as far as alerts tell of it */
	struct alert a;
	int64_t accepted_ms, due_ms; /* -1 none */
	bool running; /* its clock runs */
};

/* When three quarters of the time from accept to due are gone. */
static int64_t soon(const struct facts *f)
{
	int64_t from = f->accepted_ms < 0 ? f->due_ms : f->accepted_ms;

	return f->due_ms - (f->due_ms - from) / 4;
}

static enum err raise(struct alerts *as, const struct facts *f, const char *type, int severity, int64_t at_ms, int64_t now_ms)
{
	struct alert a = f->a;

	a.type = type;
	a.severity = severity;
	a.at_ms = at_ms;
	return alerts_raise(as, &a, now_ms);
}

/* What the clock says of it.  *next: when it says something else; -1: never. */
static enum err watch_deadline(struct alerts *as, const struct facts *f, int64_t now_ms, int64_t *next)
{
	bool has = f->running && f->due_ms >= 0, late = has && now_ms > f->due_ms;
	bool near = has && !late && now_ms >= soon(f);
	enum err e;

	*next = !has || late ? -1 : near ? f->due_ms + 1 : soon(f);
	e = late ? raise(as, f, ALERT_CASE_OVERDUE, 2, f->due_ms, now_ms)
		 : alerts_drop(as, ALERT_CASE_OVERDUE, f->a.subject, now_ms);
	if (e != OK)
		return e;
	return near ? raise(as, f, ALERT_CASE_DUE_SOON, 3, soon(f), now_ms)
		    : alerts_drop(as, ALERT_CASE_DUE_SOON, f->a.subject, now_ms);
}

static bool clock_runs(enum casus_state s)
{
	return s == CASUS_ACCEPTED || s == CASUS_DISPATCHED || s == CASUS_IN_PROGRESS;
}

/* Every acknowledgement since it was reported, or opened again: one that came before an alert is not of it, and of the
 * others the earliest stands. */
static enum err acknowledge(struct alerts *as, const struct dossier *d)
{
	static const char *const types[] = {ALERT_HAZARD, ALERT_CASE_DUE_SOON, ALERT_CASE_OVERDUE};
	uint32_t from = 0;
	enum err e = OK;

	for (uint32_t k = 0; k < d->n; k++)
		if (d->act[d->order[k]].fate == FATE_FORCE && d->act[d->order[k]].action == ACT_REOPEN)
			from = k;
	for (uint32_t k = from; k < d->n; k++) {
		const struct casus_act *a = &d->act[d->order[k]];

		if (a->fate != FATE_FORCE || a->action != ACT_ACK)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(types) && (e == OK || e == ERR_NOTFOUND); i++)
			e = alerts_ack(as, types[i], d->name, a->person, a->key.at_ms);
	}
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err tell(struct alerts *as, const struct dossier *d, int64_t now_ms, int64_t *next)
{
	const struct dossier_report *rep = dossier_report(d);
	const struct casus_act *a = rep ? &d->act[d->fold.report] : NULL;
	struct facts f = {.a = {.subject = d->name, .casus = d->name, .title = ""},
		.accepted_ms = d->fold.accepted_ms, .due_ms = d->fold.due_ms, .running = clock_runs(d->fold.state)};
	enum err e;

	if (rep) {
		f.a.title = rep->title;
		f.a.scope = rep->scope;
		f.a.area = a->area;
		f.a.has_loc = rep->has_loc;
		f.a.lat_e7 = rep->lat_e7;
		f.a.lon_e7 = rep->lon_e7;
	}
	e = rep && casus_is_open(d->fold.state) && a->severity >= 1 && a->severity <= 2
		? raise(as, &f, ALERT_HAZARD, a->severity, d->fold.report_ms, now_ms)
		: alerts_drop(as, ALERT_HAZARD, d->name, now_ms);
	if (e == OK)
		e = watch_deadline(as, &f, now_ms, next);
	return e == OK ? acknowledge(as, d) : e;
}

static enum err write_next(struct store *st, int64_t id, int64_t next)
{
	sqlite3_stmt *q = sql_get(st, "UPDATE casus SET next = ?1 WHERE id = ?2 AND next IS NOT ?1");

	bind_time(q, 1, next);
	sql_int(q, 2, id);
	return sql_run(q);
}

/* One case from its row: those in memory are written. */
static enum err tick_one(struct cases *cs, struct alerts *as, int64_t id, int64_t now_ms)
{
	sqlite3_stmt *q = sql_get(cs->st, "SELECT name, title, scope, area, lat_e7, lon_e7, accepted_at, due, state FROM casus "
					  "WHERE id = ?");
	struct facts f = {0};
	int64_t next = -1;
	enum err e;

	sql_int(q, 1, id);
	if ((e = sql_row(q)) == OK) {
		f.a = (struct alert){.subject = sql_cstr(q, 0), .casus = sql_cstr(q, 0), .title = sql_cstr(q, 1),
			.scope = sql_cstr(q, 2), .area = sql_cstr(q, 3),
			.has_loc = sqlite3_column_type(q, 4) != SQLITE_NULL, .lat_e7 = sqlite3_column_int(q, 4),
			.lon_e7 = sqlite3_column_int(q, 5)};
		f.accepted_ms = sqlite3_column_type(q, 6) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, 6);
		f.due_ms = sqlite3_column_type(q, 7) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, 7);
		f.running = clock_runs((enum casus_state)sqlite3_column_int(q, 8));
		e = watch_deadline(as, &f, now_ms, &next);
	}
	sql_done(q);
	return e == OK ? write_next(cs->st, id, next) : e;
}

enum err cases_tick(struct cases *cs, struct alerts *as, int64_t now_ms, bool *more, bool *changed)
{
	sqlite3_stmt *q = sql_get(cs->st, "SELECT id FROM casus WHERE next <= ? ORDER BY next LIMIT 1000");
	int64_t id[TICK_MAX];
	int n = 0;
	enum err e;

	sql_int(q, 1, now_ms);
	while ((e = sql_row(q)) == OK)
		id[n++] = sqlite3_column_int64(q, 0);
	e = sql_end(q, e);
	for (int i = 0; i < n && e == OK; i++)
		e = tick_one(cs, as, id[i], now_ms);
	if (n > 0)
		*changed = true;
	if (n == TICK_MAX)
		*more = true;
	return e;
}

/* ------------------------------------------------------------------ flush */

static enum err write(struct cases *cs, const struct casus *c)
{
	sqlite3_stmt *q = sql_get(cs->st, "UPDATE casus SET (" FOLDED ", \"commit\", share) = (" PARAMS ", ?35, ?36) WHERE "
					  "id = ?34 AND (" FOLDED ", share) IS NOT (" PARAMS ", ?36)");
	char counts[140];

	bind_row(q, &c->d, counts);
	sql_int(q, P_MORE, c->commit);
	sql_str(q, P_MORE + 1, c->share);
	return sql_run(q);
}

enum err cases_was(struct store *st, const struct dossier *d, int64_t last, int64_t commit)
{
	sqlite3_stmt *q = sql_get(st, "UPDATE asof_casus SET (" FOLDED ", \"commit\", share) = (" PARAMS ", ?35, ?36) WHERE id = ?34");
	struct buf share = {0};
	char counts[140];
	enum err e;

	dossier_share(d, &share);
	bind_row(q, d, counts);
	sql_int(q, P_MORE, commit);
	sql_str(q, P_MORE + 1, share.n ? share.p : NULL);
	e = sql_run(q);
	buf_done(&share);
	if (e != OK)
		return e;
	q = sql_get(st, "UPDATE asof_casus SET last = ? WHERE id = ?"); /* the chain goes on from its newest act by then */
	sql_int(q, 1, last);
	sql_int(q, 2, d->id);
	return sql_run(q);
}

/* Those whom the row names, behind cs->people. */
static enum err note_people(struct cases *cs, int64_t id)
{
	sqlite3_stmt *q = sql_get(cs->st, "SELECT holder, reporter FROM casus WHERE id = ?");
	enum err e;

	sql_int(q, 1, id);
	if ((e = sql_row(q)) == OK)
		for (int i = 0; i < 2; i++)
			if (sql_cstr(q, i)[0])
				buf_add(&cs->people, sql_cstr(q, i), strlen(sql_cstr(q, i)) + 1);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err flush_one(struct cases *cs, struct casus *c, struct tallies *t, struct alerts *as, int64_t now_ms)
{
	size_t people = cs->people.n;
	int64_t next = -1;
	enum err e;

	recount(cs, c, t);
	if ((e = note_people(cs, c->d.id)) == OK) /* also who has it no more */
		e = write(cs, c);
	if (e == OK && sqlite3_changes(sql_db(cs->st)) > 0)
		e = note_people(cs, c->d.id);
	else
		cs->people.n = people; /* nothing to tell */
	if (e == OK)
		e = tell(as, &c->d, now_ms, &next);
	return e == OK ? write_next(cs->st, c->d.id, next) : e;
}

enum err cases_flush(struct cases *cs, struct tallies *t, struct alerts *as, int64_t now_ms)
{
	struct casus *c;
	enum err e = OK;

	for (; e == OK && (c = cs->dirty); cs->dirty = c->next_dirty) {
		if (c->d.id)
			e = flush_one(cs, c, t, as, now_ms);
		c->dirty = false;
	}
	if (e == OK && cs->acts > CASES_CACHE_ACTS)
		drop_all(cs);
	return e;
}
