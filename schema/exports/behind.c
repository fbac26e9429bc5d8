#include "schema/exports/behind.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/area.h"
#include "core/casus.h"
#include "core/civil.h"
#include "core/event.h"
#include "schema/books_share.h"
#include "schema/books_sql.h"
#include "schema/figures/figures.h"

#define CASE_EVENTS 3 /* report, closing, rating */
#define PART "\x1f"    /* between the parts of a place: no code holds control characters */

enum subject { PATROLS, CASES, RECORDS, HOUSEHOLDS };

struct behind {
	const struct figure *f;
	enum subject subject;
	/* the last subject looked at */
	int64_t at_ms, seq;
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1], name[EVENT_LINE_MAX + 1];
	struct json json;
	const struct table_world *w; /* while a page is read */
};

/* The tallies of records, patrols and households; all others are of cases. */
static const struct {
	const char *tally;
	enum subject subject;
	enum event_kind kind;
} subjects[] = {
	{"river_patrols", PATROLS, EV_PATROL_START}, {"river_patrols_valid", PATROLS, EV_PATROL_START}, {"patrols", PATROLS, EV_PATROL_START},
	{"patrol_m", PATROLS, EV_PATROL_START}, {"patrol_s", PATROLS, EV_PATROL_START}, {"inspections", RECORDS, EV_INSPECT},
	{"visits", RECORDS, EV_VISIT}, {"visited", RECORDS, EV_VISIT}, {"visit_staff", RECORDS, EV_VISIT}, {"aid", RECORDS, EV_VISIT},
	{"works", RECORDS, EV_WORK},
};

static enum event_kind kind_of(const char *tally, enum subject *subject)
{
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++)
		if (strcmp(subjects[i].tally, tally) == 0) {
			*subject = subjects[i].subject;
			return subjects[i].kind;
		}
	*subject = CASES;
	return EV_CASE_REPORT;
}

static bool has_level(const struct figure *f, const char *level)
{
	for (size_t i = 0; i < FIGURES_PARTS && f->part[i]; i++)
		if (strcmp(f->part[i], level) == 0)
			return true;
	return false;
}

enum err behind_open(const struct table_world *w, struct behind **out, struct why *why)
{
	const struct figure *f = figure_find(w->figure);
	struct behind *b;

	if (!f)
		return why_set(why, ERR_USAGE, "figure %.40s: there is none; `figures` has them all", w->figure);
	if (strcmp(f->num, "duty_met") == 0)
		return why_set(why, ERR_USAGE, "figure %s is made of duties, not of events: `duty` lists them", w->figure);
	if (w->level && f->by != FIGURE_BY_LEVEL)
		return why_set(why, ERR_USAGE, "level %.40s: %s has no levels", w->level, w->figure);
	if (w->level && *w->level && !has_level(f, w->level))
		return why_set(why, ERR_USAGE, "level %.40s: want district, town, community or grid", w->level);
	if (w->category && f->by != FIGURE_BY_CATEGORY)
		return why_set(why, ERR_USAGE, "category %.40s: %s has no categories", w->category, w->figure);
	b = xcalloc(1, sizeof *b);
	b->f = f;
	(void)kind_of(f->num, &b->subject); /* which, is asked for each record */
	if (f->kind == FIGURE_STATE)
		b->subject = HOUSEHOLDS;
	assert((b->subject == CASES) == books_share_is(f));
	b->at_ms = b->subject == CASES ? INT64_MIN : w->from_ms;
	*out = b;
	return OK;
}

void behind_close(struct behind *b)
{
	if (!b)
		return;
	json_done(&b->json);
	free(b);
}

void behind_where(const struct behind *b, char out[BEHIND_WHERE])
{
	(void)snprintf(out, BEHIND_WHERE, "%lld" PART "%lld" PART "%s" PART "%s" PART "%s", (long long)b->at_ms, (long long)b->seq, b->device,
		b->epoch, b->name); /* fits */
}

/* The text before the next PART, or the end; false: too long. */
static bool part(const char **p, char *out, size_t room)
{
	size_t n = strcspn(*p, PART);

	if (n >= room)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n + ((*p)[n] != '\0');
	return true;
}

bool behind_go(struct behind *b, const char *where)
{
	char at[24], seq[24], *end;

	if (!part(&where, at, sizeof at) || !part(&where, seq, sizeof seq) || !part(&where, b->device, sizeof b->device) ||
		!part(&where, b->epoch, sizeof b->epoch) || !part(&where, b->name, sizeof b->name) || *where)
		return false;
	b->at_ms = strtoll(at, &end, 10);
	if (!*at || *end)
		return false;
	b->seq = strtoll(seq, &end, 10);
	return *seq && !*end;
}

int behind_progress(const struct behind *b, const struct table_world *w)
{
	if (b->subject == HOUSEHOLDS || b->at_ms < w->from_ms)
		return -1;
	return (int)((b->at_ms - w->from_ms) * 1000 / (w->to_ms - w->from_ms));
}

static bool wanted(const char *asked, const char *is)
{
	return !asked || strcmp(asked, is) == 0;
}

static bool in_place(const struct table_world *w, const char *area)
{
	return area_covers(slice_of(w->scope), slice_of(area)) && (!w->within || area_covers(slice_of(w->within), slice_of(area)));
}

/* ------------------------------------------------------------------ patrols */

/* The start that counts, along the chain of the patrol's events. */
static enum err start_of(struct store *st, int64_t last, const char *epoch, int64_t seq, int64_t *commit)
{
	enum err e = OK;

	while (e == OK && last) {
		sqlite3_stmt *q = sql_get(st, "SELECT e.kind = 1 AND e.seq = ?2 AND s.epoch = ?3, e.link FROM event e JOIN stream s ON "
			"s.id = e.stream WHERE e.\"commit\" = ?1");
		bool found = false;

		sql_int(q, 1, last);
		sql_int(q, 2, seq);
		sql_str(q, 3, epoch);
		*commit = last;
		if ((e = sql_row(q)) == OK) {
			found = sqlite3_column_int(q, 0);
			last = sqlite3_column_int64(q, 1);
		}
		sql_done(q);
		if (found)
			return OK;
	}
	return ERR_CORRUPT; /* it has a start */
}

static enum err patrols_page(struct behind *b, enum err (*event)(void *ctx, int64_t commit), bool (*full)(void *ctx), void *ctx, bool *more)
{
	const struct table_world *w = b->w;
	bool river = strncmp(b->f->num, "river_", 6) == 0;
	sqlite3_stmt *q = sql_get(w->st, "SELECT t.start_at, t.device, t.name, t.last, t.start_epoch, t.start_seq FROM patrol t WHERE "
		"t.start_at >= ?3 AND t.start_at < ?4 AND (t.start_at > ?3 OR (t.device, t.name) > (?5, ?6)) AND t.t_day IS NOT NULL AND "
		"(?7 = 0 OR t.t_river_level IS NOT NULL) AND (?8 = 0 OR t.t_valid = 1) AND (?9 IS NULL OR t.t_river_level = ?9) AND "
		"(?10 IS NULL OR t.t_route = ?10) AND" SQL_MINE("t.t_area", "t.target") "ORDER BY t.start_at, t.device, t.name");
	enum err e;

	sql_str(q, 1, w->scope);
	sql_str(q, 2, w->within);
	sql_int(q, 3, b->at_ms);
	sql_int(q, 4, w->to_ms);
	sql_str(q, 5, b->device);
	sql_str(q, 6, b->name);
	sql_int(q, 7, river);
	sql_int(q, 8, strcmp(b->f->num, "river_patrols_valid") == 0);
	sql_str(q, 9, w->level);
	sql_str(q, 10, w->category);
	while ((e = sql_row(q)) == OK) {
		int64_t commit = 0;

		e = start_of(w->st, sqlite3_column_int64(q, 3), sql_cstr(q, 4), sqlite3_column_int64(q, 5), &commit);
		if (e != OK || (e = event(ctx, commit)) != OK)
			break;
		if ((*more = full(ctx))) {
			b->at_ms = sqlite3_column_int64(q, 0);
			slice_copy(b->device, sizeof b->device, sql_col(q, 1));
			slice_copy(b->name, sizeof b->name, sql_col(q, 2));
			break;
		}
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ cases */

/* Is this event of a case the act `action`, in force? */
static bool is_act(struct behind *b, sqlite3_stmt *q, const char *action)
{
	struct slice raw = sql_col(q, 3);
	uint32_t body, tok;

	if (!json_read(&b->json, raw.p, raw.n) || !(body = json_get(&b->json, 0, "body")) || !(tok = json_get(&b->json, body, "action")))
		return false;
	return slice_is(json_text(&b->json, tok), action);
}

static bool is_rating(const struct figure *f)
{
	return strcmp(f->num, "appeals_rated") == 0 || strcmp(f->num, "appeals_satisfied") == 0 || strcmp(f->num, "appeals_no_contact") == 0;
}

/* Its events, from the newest on: the rating that counts is the latest one, the closing act that of closed_ms. */
static enum err case_events(struct behind *b, int64_t last, int64_t report, int64_t closed_ms, int64_t commit[CASE_EVENTS], int *n)
{
	int64_t rated_ms = INT64_MIN, rated = 0, closed = 0;
	enum err e = OK;

	while (e == OK && last) {
		sqlite3_stmt *q = sql_get(b->w->st, "SELECT kind = 10 AND flags & 6 = 0, at, link, raw FROM event WHERE \"commit\" = ?");

		sql_int(q, 1, last);
		if ((e = sql_row(q)) == OK) {
			int64_t at = sqlite3_column_int64(q, 1);
			bool act = sqlite3_column_int(q, 0);

			if (act && at == closed_ms && is_act(b, q, "verify_pass"))
				closed = last;
			if (act && at > rated_ms && is_rating(b->f) && is_act(b, q, "rate")) {
				rated_ms = at;
				rated = last;
			}
			last = sqlite3_column_int64(q, 2);
		}
		sql_done(q);
	}
	*n = 0;
	commit[(*n)++] = report;
	if (closed)
		commit[(*n)++] = closed;
	if (rated)
		commit[(*n)++] = rated;
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static enum err one_case(struct behind *b, sqlite3_stmt *q, enum err (*event)(void *ctx, int64_t commit), void *ctx)
{
	const struct table_world *w = b->w;
	struct books_share share = {b->f, w->level, w->category, w->from_ms, w->to_ms};
	int64_t commit[CASE_EVENTS], closed_ms = books_ms(q, 4);
	enum err e;
	int n;

	if (!books_share_counts(&share, w->scope, w->within, sql_cstr(q, 5)))
		return OK;
	e = case_events(b, sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), closed_ms, commit, &n);
	for (int i = 0; e == OK && i < n; i++)
		e = event(ctx, commit[i]);
	return e;
}

/* By the time of report, whatever the day that counts: of closings and deadlines it is another one. */
static enum err cases_page(struct behind *b, enum err (*event)(void *ctx, int64_t commit), bool (*full)(void *ctx), void *ctx, bool *more)
{
	const struct table_world *w = b->w;
	sqlite3_stmt *q = sql_get(w->st, "SELECT c.report_at, c.name, c.last, c.report, c.closed_at, c.share FROM casus c WHERE "
		"c.report_at >= ?1 AND (c.report_at > ?1 OR c.name > ?2) ORDER BY c.report_at, c.name");
	enum err e;

	sql_int(q, 1, b->at_ms);
	sql_str(q, 2, b->name);
	while ((e = sql_row(q)) == OK) {
		if ((e = one_case(b, q, event, ctx)) != OK)
			break;
		if ((*more = full(ctx))) {
			b->at_ms = sqlite3_column_int64(q, 0);
			slice_copy(b->name, sizeof b->name, sql_col(q, 1));
			break;
		}
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ records */

static bool is_counted(const struct behind *b, const struct event *ev)
{
	char code[EVENT_NAME_MAX + 1];

	slice_copy(code, sizeof code, ev->category);
	if (!wanted(b->w->category, code))
		return false;
	if (strcmp(b->f->num, "visited") == 0)
		return ev->household.n > 0;
	if (strcmp(b->f->num, "visit_staff") == 0)
		return ev->staff != 0;
	if (strcmp(b->f->num, "aid") == 0)
		return ev->aid_fen != 0;
	return true;
}

static enum err one_record(struct behind *b, sqlite3_stmt *q, enum err (*event)(void *ctx, int64_t commit), void *ctx)
{
	struct slice raw = sql_col(q, 5);
	struct event_fault fault;
	struct event ev;

	(void)json_read(&b->json, raw.p, raw.n); /* event_decode says */
	if (event_decode(&b->json, 0, &ev, &fault) != EVENT_OK)
		return ERR_CORRUPT; /* it was whole when it was stored */
	return is_counted(b, &ev) ? event(ctx, sqlite3_column_int64(q, 4)) : OK;
}

static enum err records_page(struct behind *b, enum err (*event)(void *ctx, int64_t commit), bool (*full)(void *ctx), void *ctx, bool *more)
{
	const struct table_world *w = b->w;
	sqlite3_stmt *q = sql_get(w->st, "SELECT e.at, s.device, s.epoch, e.seq, e.\"commit\", e.raw FROM event e JOIN stream s ON s.id = e.stream "
		"WHERE e.kind IN (5, 6, 7, 8) AND e.kind = ?3 AND e.at >= ?4 AND e.at < ?5 AND (e.at > ?4 OR (s.device, s.epoch, e.seq) > "
		"(?6, ?7, ?8)) AND e.flags & 2 = 0 AND" SQL_MINE("e.area", "e.scope") "ORDER BY e.at, s.device, s.epoch, e.seq");
	enum subject subject;
	enum err e;

	sql_str(q, 1, w->scope);
	sql_str(q, 2, w->within);
	sql_int(q, 3, kind_of(b->f->num, &subject));
	sql_int(q, 4, b->at_ms);
	sql_int(q, 5, w->to_ms);
	sql_str(q, 6, b->device);
	sql_str(q, 7, b->epoch);
	sql_int(q, 8, b->seq);
	while ((e = sql_row(q)) == OK) {
		if ((e = one_record(b, q, event, ctx)) != OK)
			break;
		if ((*more = full(ctx))) {
			b->at_ms = sqlite3_column_int64(q, 0);
			slice_copy(b->device, sizeof b->device, sql_col(q, 1));
			slice_copy(b->epoch, sizeof b->epoch, sql_col(q, 2));
			b->seq = sqlite3_column_int64(q, 3);
			break;
		}
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ households */

static enum err households_page(struct behind *b, enum err (*event)(void *ctx, int64_t commit), bool (*full)(void *ctx), void *ctx, bool *more)
{
	const struct table_world *w = b->w;
	sqlite3_stmt *q = sql_get(w->st, "SELECT h.name, h.\"commit\", h.area FROM household h WHERE h.name > ?1 AND h.at < ?2 AND h.voided IS NULL AND "
		"h.\"commit\" <= ?4 AND (?3 = 0 OR h.state = 'risk_removed') AND NOT EXISTS (SELECT 1 FROM household l WHERE l.name = h.name AND "
		"l.at < ?2 AND l.voided IS NULL AND l.\"commit\" <= ?4 AND (l.at, l.device, l.epoch, l.seq) > (h.at, h.device, h.epoch, h.seq)) "
		"ORDER BY h.name");
	enum err e;

	sql_str(q, 1, b->name);
	sql_int(q, 2, w->to_ms);
	sql_int(q, 3, strncmp(b->f->id, "risk_removed", 12) == 0);
	sql_int(q, 4, w->as_of);
	while ((e = sql_row(q)) == OK) {
		if (in_place(w, sql_cstr(q, 2)) && (e = event(ctx, sqlite3_column_int64(q, 1))) != OK)
			break;
		if ((*more = full(ctx))) {
			slice_copy(b->name, sizeof b->name, sql_col(q, 0));
			break;
		}
	}
	return sql_end(q, e);
}

enum err behind_page(struct behind *b, const struct table_world *w, enum err (*event)(void *ctx, int64_t commit), bool (*full)(void *ctx),
	void *ctx, bool *more)
{
	static enum err (*const pages[])(struct behind *, enum err (*)(void *, int64_t), bool (*)(void *), void *, bool *) = {
		[PATROLS] = patrols_page, [CASES] = cases_page, [RECORDS] = records_page, [HOUSEHOLDS] = households_page};

	b->w = w;
	*more = false;
	return pages[b->subject](b, event, full, ctx, more);
}
