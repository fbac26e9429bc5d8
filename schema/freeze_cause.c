/* freeze_cause.c - which events came after the freeze of a month, and what they are behind.
 *
 * They follow from the set of events and the commit of the freeze, not from the batches in which they came: records by their
 * own time, patrols by that of their start, cases by what they counted for at the freeze and count for now.  An event
 * that came and was taken back again is behind nothing; one that was there and is void since is told by its void. */
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
	bool read, nothing;
	struct cause *v;
	size_t n, cap;
	struct subject *s;
	size_t ns, scap;
	struct registry *registry;   /* as of the freeze */
	struct json json;
};

struct freeze_causes *freeze_causes_new(struct store *st, const char *scope, const char *within, int32_t month, int64_t frozen)
{
	struct freeze_causes *fc = xcalloc(1, sizeof *fc);

	fc->st = st;
	fc->scope = scope;
	fc->within = within;
	fc->month = month;
	fc->first = civil_make(month / 100, month % 100, 1);
	fc->after = civil_month_first(fc->first + 31);
	fc->frozen = frozen;
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
	json_done(&fc->json);
	registry_free(fc->registry);
	free(fc);
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

static enum err read_records(struct freeze_causes *fc)
{
	sqlite3_stmt *q = sql_get(fc->st,
		"SELECT e.\"commit\", e.kind, s.device, s.epoch, e.seq, coalesce(v.by, 0), e.raw, coalesce(e.area, '') FROM event e JOIN stream s ON s.id = "
		"e.stream LEFT JOIN voided v ON v.device = s.device AND v.epoch = s.epoch AND v.seq = e.seq WHERE e.kind IN (5, 6, 7, 8) AND "
		"e.kind IN (5, 6, 7) AND e.at >= ?1 AND e.at < ?2 AND (e.\"commit\" > ?3 OR v.by > ?3)");
	struct event_fault fault;
	struct event ev;
	enum err e;

	sql_int(q, 1, civil_day_ms(fc->first));
	sql_int(q, 2, civil_day_ms(fc->after));
	sql_int(q, 3, fc->frozen);
	while ((e = sql_row(q)) == OK) {
		struct slice raw = sql_col(q, 6);
		struct subject *s;

		if (!in_scope(fc, sql_cstr(q, 7)))
			continue;
		(void)json_read(&fc->json, raw.p, raw.n); /* event_decode says */
		if (event_decode(&fc->json, 0, &ev, &fault) != EVENT_OK) {
			e = ERR_CORRUPT; /* it was whole when it was stored */
			break;
		}
		s = subject_add(fc);
		s->what = RECORD;
		slice_copy(s->category, sizeof s->category, ev.category);
		s->household = ev.household.n > 0;
		s->staff = ev.staff != 0;
		s->aid = ev.aid_fen != 0;
		if ((e = consider(fc, sqlite3_column_int64(q, 0), ev.kind, sql_cstr(q, 2), sql_cstr(q, 3), sqlite3_column_int64(q, 4),
			     sqlite3_column_int64(q, 5))) != OK)
			break;
	}
	return sql_end(q, e);
}

static enum err read_households(struct freeze_causes *fc)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT \"commit\", device, epoch, seq, coalesce(voided, 0), area FROM household WHERE at < ?1 AND (\"commit\" > ?2 OR voided > ?2)");
	enum err e;

	sql_int(q, 1, civil_day_ms(fc->after));
	sql_int(q, 2, fc->frozen);
	while ((e = sql_row(q)) == OK) {
		if (!in_scope(fc, sql_cstr(q, 5)))
			continue;
		subject_add(fc)->what = HOUSEHOLD;
		if ((e = consider(fc, sqlite3_column_int64(q, 0), EV_HOUSEHOLD, sql_cstr(q, 1), sql_cstr(q, 2), sqlite3_column_int64(q, 3),
			     sqlite3_column_int64(q, 4))) != OK)
			break;
	}
	return sql_end(q, e);
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

static enum err read_patrols(struct freeze_causes *fc)
{
	sqlite3_stmt *q;
	int32_t from = 0, day;
	enum err e = look_back(fc, &from);

	if (e != OK)
		return e;
	q = sql_get(fc->st, "SELECT last, coalesce(start_at, sub_at), coalesce(t_area, ''), coalesce(t_route, ''), coalesce(t_level, ''), "
			    "coalesce(t_river_level, '') FROM patrol WHERE \"commit\" > ?3 AND ((start_at >= ?1 AND start_at < ?2) OR start_at IS NULL) ORDER BY id");
	sql_int(q, 1, civil_day_ms(from));
	sql_int(q, 2, civil_day_ms(fc->after));
	sql_int(q, 3, fc->frozen);
	while ((e = sql_row(q)) == OK) {
		size_t had = fc->n;
		struct subject *s;

		if (*sql_cstr(q, 2) && !in_scope(fc, sql_cstr(q, 2)))
			continue;
		s = subject_add(fc);
		s->what = PATROL;
		slice_copy(s->area, sizeof s->area, sql_col(q, 2));
		slice_copy(s->route, sizeof s->route, sql_col(q, 3));
		slice_copy(s->level, sizeof s->level, sql_col(q, 4));
		slice_copy(s->river_level, sizeof s->river_level, sql_col(q, 5));
		if ((e = patrol_events(fc, sqlite3_column_int64(q, 0), &day)) != OK)
			break;
		if (day == INT32_MAX && sqlite3_column_type(q, 1) != SQLITE_NULL)
			day = civil_day(sqlite3_column_int64(q, 1)); /* of a substitute */
		fc->s[fc->ns - 1].in_month = day >= fc->first && day < fc->after;
		if (day < from || day >= fc->after)
			fc->n = had;
	}
	return sql_end(q, e);
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

static enum err next_case(struct freeze_causes *fc, int64_t *id, struct buf *name, struct buf *share, int64_t *last)
{
	sqlite3_stmt *q = sql_get(fc->st, "SELECT id, name, coalesce(share, ''), last FROM casus WHERE id > ?1 AND \"commit\" > ?2 AND "
					  "(report_at IS NULL OR report_at < ?3) ORDER BY id LIMIT 1");
	enum err e;

	sql_int(q, 1, *id);
	sql_int(q, 2, fc->frozen);
	sql_int(q, 3, civil_day_ms(fc->after));
	if ((e = sql_row(q)) == OK) {
		*id = sqlite3_column_int64(q, 0);
		buf_clear(name);
		buf_clear(share);
		buf_adds(name, sql_cstr(q, 1));
		buf_adds(share, sql_cstr(q, 2));
		*last = sqlite3_column_int64(q, 3);
	}
	sql_done(q);
	return e;
}

static enum err read_cases(struct freeze_causes *fc)
{
	struct dossier_source src = {.st = fc->st, .registry = fc->registry, .as_of = fc->frozen};
	struct buf name = {0}, share = {0};
	int64_t id = 0, last = 0;
	enum err e;

	while ((e = next_case(fc, &id, &name, &share, &last)) == OK)
		if ((e = one_case(fc, &src, buf_slice(&name), share.p ? share.p : "", last)) != OK)
			break;
	json_done(&src.json);
	buf_done(&name);
	buf_done(&share);
	return e == ERR_NOTFOUND ? OK : e;
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

static enum err read_all(struct freeze_causes *fc)
{
	enum err e;

	fc->read = true;
	fc->registry = registry_new(fc->st, fc->frozen);
	if ((e = read_records(fc)) == OK && (e = read_households(fc)) == OK && (e = read_patrols(fc)) == OK)
		e = read_cases(fc);
	if (fc->n) /* qsort() takes no NULL */
		qsort(fc->v, fc->n, sizeof *fc->v, by_id);
	return e;
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
	enum err e = OK;

	if (fc->nothing)
		return OK;
	if (!fc->read && (e = read_all(fc)) != OK)
		return e;
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
