/* freeze_cause.c - which events came after the freeze of a month, and what they are behind.
 *
 * They follow from the set of events and the commit of the freeze, not from the batches in which they came: records by their
 * own time, patrols by that of their start, cases by what they counted for at the freeze and count for now.  An event
 * that came and was taken back again is behind nothing; one that was there and is void since is told by its void, of several by
 * the one that came first. */
#include "schema/freeze.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "core/civil.h"
#include "core/event.h"
#include "schema/books_figures.h"
#include "schema/dossier.h"
#include "schema/sql.h"

#define BLOCK 1000 /* rows looked through by one statement */

struct cause { /* an event since the freeze */
	int64_t commit;
	enum event_kind kind; /* its own, or that of the event that it made void */
	uint32_t subject;     /* index of it */
	int64_t seq;
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
};

struct subject { /* what it belongs to */
	enum { RECORD, PATROL, CASE, HOUSEHOLD } what;
	char area[AREA_CODE_MAX + 1], route[12], level[12], river_level[12], category[EVENT_LINE_MAX + 1];
	bool in_month;      /* patrols: their start is */
	bool household, staff, aid; /* visits: what they say */
	struct buf moved;   /* cases: "figure\tlevel\tcategory\tarea\n" that they count for in the month only before, or only now */
};

struct freeze_causes {
	struct store *st;
	const char *scope, *within;
	char lo[AREA_CODE_MAX + 2], hi[AREA_CODE_MAX + 2];
	int32_t month, first, after; /* its days: [first, after) */
	int64_t frozen;
	struct freeze_loose *loose;
	bool nothing;
	int part;                    /* of parts[], being read ... */
	bool begun;
	int32_t from;                /* patrols: look_back() */
	int64_t at, id, last;        /* ... and how far */
	struct buf name, share;      /* of the case at hand; name: of the household, too */
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
	struct dossier_source src;
	struct cause *v;
	size_t n, cap;
	struct subject *s;
	size_t ns, scap;
	struct registry *registry;   /* as of the freeze */
	struct json json;
};

struct freeze_causes *freeze_causes_new(struct store *st, const char *scope, const char *within, int32_t month, int64_t frozen, struct freeze_loose *loose)
{
	struct freeze_causes *fc = xcalloc(1, sizeof *fc);

	fc->st = st;
	fc->scope = scope;
	fc->within = within;
	fc->month = month;
	fc->first = civil_make(month / 100, month % 100, 1);
	fc->after = civil_month_first(fc->first + 31);
	fc->frozen = frozen;
	fc->loose = loose;
	fc->registry = registry_new(st, frozen);
	fc->src = (struct dossier_source){.st = st, .registry = fc->registry, .as_of = frozen};
	fc->nothing = !books_range(scope, within, fc->lo, fc->hi);
	return fc;
}

void freeze_causes_free(struct freeze_causes *fc)
{
	if (!fc)
		return;
	for (size_t i = 0; i < fc->ns; i++)
		buf_done(&fc->s[i].moved);
	free(fc->s);
	free(fc->v);
	buf_done(&fc->name);
	buf_done(&fc->share);
	json_done(&fc->src.json);
	json_done(&fc->json);
	registry_free(fc->registry);
	free(fc);
}

static enum err last_id(sqlite3_stmt *q, int64_t *id)
{
	enum err e = sql_row(q);

	if (e == OK)
		*id = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

static bool in_scope(const struct freeze_causes *fc, const char *area)
{
	return strcmp(area, fc->lo) >= 0 && strcmp(area, fc->hi) < 0;
}

static struct subject *subject_add(struct freeze_causes *fc)
{
	if (fc->ns == fc->scap) {
		fc->scap = fc->scap * 2 + 64;
		fc->s = xrealloc(fc->s, fc->scap * sizeof *fc->s);
	}
	fc->s[fc->ns] = (struct subject){0};
	return &fc->s[fc->ns++];
}

/* Of the subject added last. */
static void cause_add(struct freeze_causes *fc, int64_t commit, enum event_kind kind, const char *device, const char *epoch, int64_t seq)
{
	struct cause *c;

	if (fc->n == fc->cap) {
		fc->cap = fc->cap * 2 + 64;
		fc->v = xrealloc(fc->v, fc->cap * sizeof *fc->v);
	}
	c = &fc->v[fc->n++];
	*c = (struct cause){.commit = commit, .kind = kind, .subject = (uint32_t)fc->ns - 1, .seq = seq};
	slice_copy(c->device, sizeof c->device, slice_of(device));
	slice_copy(c->epoch, sizeof c->epoch, slice_of(epoch));
}

/* The void event `by`. */
static enum err void_add(struct freeze_causes *fc, int64_t by, enum event_kind kind)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT s.device, s.epoch, e.seq FROM event e JOIN stream s ON s.id = e.stream WHERE e.\"commit\" = ?");
	enum err e;

	sql_int(q, 1, by);
	if ((e = sql_row(q)) == OK)
		cause_add(fc, by, kind, sql_cstr(q, 0), sql_cstr(q, 1), sqlite3_column_int64(q, 2));
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* An event of the subject added last: it came since, or it is void since, or it is neither. */
static enum err consider(struct freeze_causes *fc, int64_t commit, enum event_kind kind, const char *device, const char *epoch, int64_t seq, int64_t by)
{
	if (commit <= fc->frozen)
		return by > fc->frozen ? void_add(fc, by, kind) : OK;
	if (!by)
		cause_add(fc, commit, kind, device, epoch, seq);
	return OK;
}

/* ------------------------------------------------------------------ records */

static enum err record(struct freeze_causes *fc, sqlite3_stmt *q)
{
	struct slice raw = sql_col(q, 6);
	struct event_fault fault;
	struct event ev;
	struct subject *s;

	(void)json_read(&fc->json, raw.p, raw.n); /* event_decode says */
	if (event_decode(&fc->json, 0, &ev, &fault) != EVENT_OK)
		return ERR_CORRUPT; /* it was whole when it was stored */
	s = subject_add(fc);
	s->what = RECORD;
	slice_copy(s->category, sizeof s->category, ev.category);
	s->household = ev.household.n > 0;
	s->staff = ev.staff != 0;
	s->aid = ev.aid_fen != 0;
	return consider(fc, sqlite3_column_int64(q, 1), ev.kind, sql_cstr(q, 2), sql_cstr(q, 3), sqlite3_column_int64(q, 4), sqlite3_column_int64(q, 5));
}

static enum err some_records(struct freeze_causes *fc, int kind, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(fc->st,
		"SELECT e.at, e.\"commit\", s.device, s.epoch, e.seq, coalesce(v.by, 0), CASE WHEN e.\"commit\" > ?1 OR v.by > ?1 THEN e.raw END, coalesce(e.area, '') "
		"FROM event e CROSS JOIN stream s ON s.id = e.stream LEFT JOIN voided v ON v.device = s.device AND v.epoch = s.epoch AND v.seq = e.seq WHERE "
		"e.kind IN (5, 6, 7, 8) AND e.kind = ?2 AND (e.at, e.\"commit\") > (?3, ?4) AND e.at < ?5 ORDER BY e.at, e.\"commit\"");
	enum err e = OK;

	sql_int(q, 1, fc->frozen);
	sql_int(q, 2, kind);
	sql_int(q, 3, fc->id ? fc->at : civil_day_ms(fc->first) - 1);
	sql_int(q, 4, fc->id ? fc->id : INT64_MAX);
	sql_int(q, 5, civil_day_ms(fc->after));
	for (bool over = false; e == OK && !over && (e = sql_row(q)) == OK; over = breath_over(b)) {
		fc->at = sqlite3_column_int64(q, 0);
		fc->id = sqlite3_column_int64(q, 1);
		if (sqlite3_column_type(q, 6) != SQLITE_NULL && in_scope(fc, sql_cstr(q, 7)))
			e = record(fc, q);
	}
	sql_done(q);
	*more = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err some_inspections(struct freeze_causes *fc, struct breath *b, bool *more)
{
	return some_records(fc, EV_INSPECT, b, more);
}

static enum err some_visits(struct freeze_causes *fc, struct breath *b, bool *more)
{
	return some_records(fc, EV_VISIT, b, more);
}

static enum err some_works(struct freeze_causes *fc, struct breath *b, bool *more)
{
	return some_records(fc, EV_WORK, b, more);
}

static enum err some_households(struct freeze_causes *fc, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT \"commit\", device, epoch, seq, coalesce(voided, 0), area, name, at FROM household WHERE "
					  "(name, at, device, epoch, seq) > (?1, ?2, ?3, ?4, ?5) ORDER BY name, at, device, epoch, seq");
	enum err e = OK;

	if (!fc->begun)
		buf_clear(&fc->name);
	fc->begun = true;
	sql_text(q, 1, fc->name.n ? buf_slice(&fc->name) : slice_of(""));
	sql_int(q, 2, fc->at);
	sql_str(q, 3, fc->device);
	sql_str(q, 4, fc->epoch);
	sql_int(q, 5, fc->id);
	for (bool over = false; e == OK && !over && (e = sql_row(q)) == OK;) {
		int64_t commit = sqlite3_column_int64(q, 0), voided = sqlite3_column_int64(q, 4), at = sqlite3_column_int64(q, 7);
		bool since = at < civil_day_ms(fc->after) && (commit > fc->frozen || voided > fc->frozen);

		if (since && in_scope(fc, sql_cstr(q, 5))) {
			subject_add(fc)->what = HOUSEHOLD;
			e = consider(fc, commit, EV_HOUSEHOLD, sql_cstr(q, 1), sql_cstr(q, 2), sqlite3_column_int64(q, 3), voided);
		}
		fc->at = at;
		fc->id = sqlite3_column_int64(q, 3);
		slice_copy(fc->device, sizeof fc->device, sql_col(q, 1));
		slice_copy(fc->epoch, sizeof fc->epoch, sql_col(q, 2));
		if ((over = breath_over(b))) { /* the name goes with the row */
			buf_clear(&fc->name);
			buf_adds(&fc->name, sql_cstr(q, 6));
		}
	}
	sql_done(q);
	*more = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

/* ------------------------------------------------------------------ patrols */

/* Along its chain.  *day: of its first start, void or not; INT32_MAX: it has none. */
static enum err patrol_events(struct freeze_causes *fc, int64_t last, int32_t *day)
{
	sqlite3_stmt *q = sql_get(fc->st,
		"SELECT e.kind, e.at, s.device, s.epoch, e.seq, e.link, (SELECT v.by FROM voided v WHERE v.device = s.device AND v.epoch = s.epoch AND "
		"v.seq = e.seq) FROM event e JOIN stream s ON s.id = e.stream WHERE e.\"commit\" = ?");
	enum err e = OK;

	*day = INT32_MAX;
	while (e == OK && last) {
		int64_t commit = last;

		sql_int(q, 1, last);
		if ((e = sql_row(q)) == OK) {
			enum event_kind kind = (enum event_kind)sqlite3_column_int(q, 0);
			int32_t at = civil_day(sqlite3_column_int64(q, 1));

			if (kind == EV_PATROL_START && at < *day)
				*day = at;
			last = sqlite3_column_int64(q, 5);
			e = consider(fc, commit, kind, sql_cstr(q, 2), sql_cstr(q, 3), sqlite3_column_int64(q, 4), sqlite3_column_int64(q, 6));
		}
		sql_done(q);
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* How far before the month a patrol may lie that decides something in it: the longest period of a duty that ends in it, and
 * the longest gap that a rule wants between patrols. */
static enum err look_back(struct freeze_causes *fc, int32_t *from)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT coalesce(max(min_gap_hours), 0) FROM duty WHERE until IS NULL");
	int m = fc->month % 100, back = m == 12 ? 12 : m % 3 == 0 ? 3 : m % 2 == 0 ? 2 : 1;
	int32_t gap = 0, period = civil_make(fc->month / 100, m - back + 1, 1);
	enum err e;

	if ((e = sql_row(q)) == OK)
		gap = (int32_t)(sqlite3_column_int64(q, 0) / 24 + 1);
	sql_done(q);
	*from = fc->first - gap < period ? fc->first - gap : period;
	return e;
}

#define PATROL_ROW "SELECT start_at, id, last, coalesce(start_at, sub_at), coalesce(t_area, ''), coalesce(t_route, ''), coalesce(t_level, ''), " \
	       "coalesce(t_river_level, ''), \"commit\" FROM patrol WHERE "

static enum err patrol(struct freeze_causes *fc, sqlite3_stmt *q)
{
	size_t had = fc->n;
	struct subject *s;
	int32_t day;
	enum err e;

	if (sqlite3_column_int64(q, 8) <= fc->frozen || (*sql_cstr(q, 4) && !in_scope(fc, sql_cstr(q, 4))))
		return OK;
	s = subject_add(fc);
	s->what = PATROL;
	slice_copy(s->area, sizeof s->area, sql_col(q, 4));
	slice_copy(s->route, sizeof s->route, sql_col(q, 5));
	slice_copy(s->level, sizeof s->level, sql_col(q, 6));
	slice_copy(s->river_level, sizeof s->river_level, sql_col(q, 7));
	if ((e = patrol_events(fc, sqlite3_column_int64(q, 2), &day)) != OK)
		return e;
	if (day == INT32_MAX && sqlite3_column_type(q, 3) != SQLITE_NULL)
		day = civil_day(sqlite3_column_int64(q, 3)); /* of a substitute */
	fc->s[fc->ns - 1].in_month = day >= fc->first && day < fc->after;
	if (day < fc->from || day >= fc->after)
		fc->n = had;
	return OK;
}

static enum err some_patrols(struct freeze_causes *fc, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(fc->st, PATROL_ROW "start_at < ?1 AND (start_at, id) > (?2, ?3) ORDER BY start_at, id");
	enum err e = fc->begun ? OK : look_back(fc, &fc->from);

	if (!fc->begun) {
		fc->at = civil_day_ms(fc->from) - 1;
		fc->id = INT64_MAX;
		fc->begun = true;
	}
	sql_int(q, 1, civil_day_ms(fc->after));
	sql_int(q, 2, fc->at);
	sql_int(q, 3, fc->id);
	for (bool over = false; e == OK && !over && (e = sql_row(q)) == OK; over = breath_over(b)) {
		fc->at = sqlite3_column_int64(q, 0);
		fc->id = sqlite3_column_int64(q, 1);
		e = patrol(fc, q);
	}
	sql_done(q);
	*more = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

/* Patrols without a start, whatever the month: no index knows them. */
static enum err some_loose(struct freeze_causes *fc, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT id FROM patrol WHERE id > ?1 AND id <= ?2 AND start_at IS NULL");
	struct freeze_loose *l = fc->loose;
	int64_t last = 0;
	enum err e = last_id(sql_get(fc->st, "SELECT coalesce(max(id), 0) FROM patrol"), &last);

	for (; e == OK && l->at < last; l->at += BLOCK) {
		if (l->at && breath_over(b)) {
			*more = true;
			return OK;
		}
		sql_int(q, 1, l->at);
		sql_int(q, 2, l->at + BLOCK);
		while ((e = sql_row(q)) == OK) {
			if (l->n == l->cap) {
				l->cap = l->cap * 2 + 64;
				l->id = xrealloc(l->id, l->cap * sizeof *l->id);
			}
			l->id[l->n++] = sqlite3_column_int64(q, 0);
		}
		e = sql_end(q, e);
	}
	*more = false;
	return e;
}

static enum err some_without_start(struct freeze_causes *fc, struct breath *b, bool *more)
{
	sqlite3_stmt *q = sql_get(fc->st, PATROL_ROW "id = ?");
	enum err e = OK;

	for (*more = true; e == OK && (*more = fc->at < (int64_t)fc->loose->n);) {
		sql_int(q, 1, fc->loose->id[fc->at++]);
		if ((e = sql_row(q)) == OK)
			e = patrol(fc, q);
		sql_done(q);
		if (breath_over(b))
			break;
	}
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* ------------------------------------------------------------------ cases */

struct share {
	struct freeze_causes *fc;
	struct map lines; /* in the month, before: "figure\tlevel..." -> itself */
	struct buf *moved;
};

static void share_line(const struct share *s, struct buf *b, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	buf_clear(b);
	if (day >= s->fc->first && day < s->fc->after && in_scope(s->fc, area))
		buf_addf(b, "%s\t%s\t%s\t%d\n", figure, level, category, day);
}

static void share_before(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	struct share *s = ctx;
	struct buf b = {0};

	share_line(s, &b, figure, level, category, area, day);
	if (b.n)
		free(map_put(&s->lines, b.p, b.n, xstrdup(b.p)));
	buf_done(&b);
}

static void share_now(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	struct share *s = ctx;
	struct buf b = {0};
	char *was;

	share_line(s, &b, figure, level, category, area, day);
	if (b.n && !(was = map_take(&s->lines, b.p, b.n)))
		buf_add(s->moved, b.p, b.n);
	else if (b.n)
		free(was);
	buf_done(&b);
}

static enum err case_events(struct freeze_causes *fc, int64_t last)
{
	int32_t unused;

	return patrol_events(fc, last, &unused);
}

/* What it counted for at the freeze against what it counts for now. */
static enum err one_case(struct freeze_causes *fc, struct dossier_source *src, struct slice name, const char *share, int64_t last)
{
	struct share s = {.fc = fc};
	struct dossier d = {0};
	struct buf was = {0}, moved = {0};
	size_t pos = 0;
	char *line;
	enum err e;

	if ((e = dossier_read(src, name, &d)) != OK)
		goto out;
	if (d.n)
		dossier_share(&d, &was);
	s.moved = &moved;
	if (was.n)
		dossier_share_each(was.p, share_before, &s);
	dossier_share_each(share, share_now, &s);
	while ((line = map_next(&s.lines, &pos))) {
		buf_adds(&moved, line);
		free(line);
	}
	map_done(&s.lines);
	if (moved.n) {
		struct subject *subject = subject_add(fc);

		subject->what = CASE;
		subject->moved = moved;
		moved = (struct buf){0};
		e = case_events(fc, last);
	}
out:
	buf_done(&moved);
	buf_done(&was);
	dossier_done(&d);
	return e;
}

static enum err next_case(struct freeze_causes *fc, int64_t *last)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT id, name, coalesce(share, ''), last FROM casus WHERE id > ?1 AND id <= ?2 AND \"commit\" > ?3 AND "
					  "(report_at IS NULL OR report_at < ?4) ORDER BY id LIMIT 1");
	enum err e;

	sql_int(q, 1, fc->id);
	sql_int(q, 2, fc->at);
	sql_int(q, 3, fc->frozen);
	sql_int(q, 4, civil_day_ms(fc->after));
	if ((e = sql_row(q)) == OK) {
		fc->id = sqlite3_column_int64(q, 0);
		buf_clear(&fc->name);
		buf_clear(&fc->share);
		buf_adds(&fc->name, sql_cstr(q, 1));
		buf_adds(&fc->share, sql_cstr(q, 2));
		*last = sqlite3_column_int64(q, 3);
	}
	sql_done(q);
	return e;
}

/* Block by block: most did not change. */
static enum err some_cases(struct freeze_causes *fc, struct breath *b, bool *more)
{
	enum err e = fc->begun ? OK : last_id(sql_get(fc->st, "SELECT coalesce(max(id), 0) FROM casus"), &fc->last);

	fc->begun = true;
	while (e == OK) {
		int64_t last = 0;

		if (fc->id == fc->at) {
			if (!(*more = fc->at < fc->last))
				return OK;
			fc->at += BLOCK;
		}
		if ((e = next_case(fc, &last)) == OK) {
			e = one_case(fc, &fc->src, buf_slice(&fc->name), fc->share.p ? fc->share.p : "", last);
		} else if (e == ERR_NOTFOUND) {
			fc->id = fc->at;
			e = OK;
		}
		if (breath_over(b))
			break;
	}
	*more = true;
	return e;
}

/* ------------------------------------------------------------------ asked */

static int by_id(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;
	int c;

	if ((c = strcmp(x->device, y->device)) || (c = strcmp(x->epoch, y->epoch)))
		return c;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

static enum err (*const parts[])(struct freeze_causes *fc, struct breath *b, bool *more) = {some_inspections, some_visits, some_works, some_households,
	some_patrols, some_loose, some_without_start, some_cases};

enum err freeze_causes_read(struct freeze_causes *fc, struct breath *b, bool *more)
{
	enum err e = OK;

	*more = !fc->nothing && fc->part < (int)ARRAY_LEN(parts);
	while (*more) {
		bool some = true;

		if ((e = parts[fc->part](fc, b, &some)) != OK || some)
			return e;
		fc->at = fc->id = 0;
		fc->begun = false;
		if (!(*more = ++fc->part < (int)ARRAY_LEN(parts)) && fc->n) /* qsort() takes no NULL */
			qsort(fc->v, fc->n, sizeof *fc->v, by_id);
		if (breath_over(b))
			return OK;
	}
	return OK;
}

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static bool record_of(const struct subject *s, enum event_kind kind, const char *tally, const char *category)
{
	if (is(tally, "inspections"))
		return kind == EV_INSPECT && (!*category || is(category, s->category));
	if (is(tally, "works"))
		return kind == EV_WORK && (!*category || is(category, s->category));
	if (kind != EV_VISIT)
		return false;
	return is(tally, "visits") || (is(tally, "visited") && s->household) || (is(tally, "visit_staff") && s->staff) || (is(tally, "aid") && s->aid);
}

/* What a patrol counts for now; one that counts no more may have been any. */
static bool patrol_of(const struct subject *s, enum event_kind kind, const char *tally, const char *level, const char *category)
{
	bool counts = *s->route;

	if (is(tally, "duty_met"))
		return !counts || !*level || is(level, s->level);
	if (is(tally, "river_patrols_valid"))
		return kind != EV_PATROL_SUBSTITUTE && (!counts || (*s->river_level && (!*level || is(level, s->river_level))));
	if (!s->in_month || (kind != EV_PATROL_START && kind != EV_PATROL_TRACK))
		return false;
	if (is(tally, "river_patrols"))
		return kind == EV_PATROL_START && (!counts || (*s->river_level && (!*level || is(level, s->river_level))));
	if (is(tally, "patrols") && kind != EV_PATROL_START)
		return false;
	return (is(tally, "patrols") || is(tally, "patrol_m") || is(tally, "patrol_s")) && (!counts || !*category || is(category, s->route));
}

static bool case_of(const struct subject *s, const char *tally, const char *level, const char *category)
{
	const char *p = s->moved.p;
	size_t n = strlen(tally);

	for (; *p; p = strchr(p, '\n') + 1) {
		const char *l = p + n + 1, *c, *end;

		if (strncmp(p, tally, n) != 0 || p[n] != '\t')
			continue;
		c = strchr(l, '\t') + 1;
		end = strchr(c, '\t');
		if ((!*level || (strlen(level) == (size_t)(c - 1 - l) && strncmp(l, level, strlen(level)) == 0)) &&
			(!*category || (strlen(category) == (size_t)(end - c) && strncmp(c, category, strlen(category)) == 0)))
			return true;
	}
	return false;
}

static bool behind(const struct freeze_causes *fc, const struct cause *c, const struct figure *f, const char *level, const char *category)
{
	const struct subject *s = &fc->s[c->subject];

	switch (s->what) {
	case RECORD:
		return record_of(s, c->kind, f->num, category);
	case HOUSEHOLD:
		return f->kind == FIGURE_STATE;
	case PATROL:
		return patrol_of(s, c->kind, f->num, level, category);
	default:
		return case_of(s, f->num, level, category) || (f->den && case_of(s, f->den, level, category));
	}
}

/* The last change of its tallies, whatever made it. */
static enum err last_change(struct freeze_causes *fc, const struct figure *f, const char *level, const char *category, int64_t *last)
{
	sqlite3_stmt *q = sql_get(fc->st,
		"SELECT coalesce(max(\"commit\"), 0) FROM correction WHERE day BETWEEN ?1 AND ?2 AND figure IN (?3, ?4) AND area >= ?5 AND area < ?6 AND "
		"(?7 = '' OR level = ?7) AND (?8 = '' OR category = ?8) AND n <> 0");
	enum err e;

	sql_int(q, 1, (int64_t)fc->month * 100);
	sql_int(q, 2, (int64_t)fc->month * 100 + 99);
	sql_str(q, 3, f->num);
	sql_str(q, 4, f->den ? f->den : f->num);
	sql_str(q, 5, fc->lo);
	sql_str(q, 6, fc->hi);
	sql_str(q, 7, level);
	sql_str(q, 8, category);
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) > *last)
		*last = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

enum err freeze_causes_of(struct freeze_causes *fc, const struct figure *f, const char *level, const char *category, struct buf *out, int64_t *n,
	int64_t *last)
{
	const struct cause *told = NULL;

	if (fc->nothing)
		return OK;
	for (size_t i = 0; i < fc->n; i++) {
		const struct cause *c = &fc->v[i];

		if (!behind(fc, c, f, level, category))
			continue;
		if (c->commit > *last)
			*last = c->commit;
		if (told && by_id(told, c) == 0)
			continue; /* behind two of its subjects */
		told = c;
		if (++*n <= FREEZE_EVENTS)
			buf_addf(out, "%s%s/%s/%lld", out->n ? " " : "", c->device, c->epoch, (long long)c->seq);
	}
	return last_change(fc, f, level, category, last);
}
