#include "schema/exports/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/area.h"
#include "core/civil.h"
#include "schema/asof.h"
#include "schema/breath.h"
#include "schema/exports/pin.h"
#include "schema/exports/sink.h"
#include "schema/exports/stretch.h"
#include "schema/exports/tables.h"
#include "schema/figures/figures.h"
#include "schema/freeze.h"
#include "schema/ledger.h"
#include "schema/live.h"
#include "schema/sql.h"
#include "schema/waters.h"

#define MAPPED "16777216" /* bytes of the database */
#define BACK 800 /* thousandths of an export of an older commit that go by on the way there */
#define READ_MS 150 /* of a page; with what it has begun then, and others on the machine, it stays under 250 ms */
#define GATHER_MS 120 /* of what is added up: its last piece, what else is of that commit and the first page come to it */
#define GATHER_TRIES 3 /* beginning again; then it is as of where it stood */

static const struct table *const tables[] = {TABLES};

static const struct {
	const char *name, *type;
	const struct sink *sink;
} formats[EXPORT_FORMATS] = {
	[EXPORT_CSV] = {"csv", "text/csv; charset=utf-8", &sink_csv},
	[EXPORT_JSON] = {"json", "application/json", &sink_json},
	[EXPORT_GEOJSON] = {"geojson", "application/geo+json", &sink_geojson},
	[EXPORT_XLSX] = {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &sink_xlsx},
	[EXPORT_TEXT] = {"txt", "text/plain; charset=utf-8", NULL},
};

struct export {
	const struct table *table;
	struct export_ask ask;
	struct table_world w;
	struct rows rows;
	char period[2 * CIVIL_INSTANT_TEXT], as_of_time[CIVIL_INSTANT_TEXT];
	char *place_name, *file, *ascii;
	bool command, asked, frozen, back; /* asked: the commit is fixed, by the asker or a freeze (frozen); back: the database stands there, or is on its way */
	struct asof *past; /* on its way */
	bool started, begun, read, finished;
	int64_t wal;              /* bytes, when it was last looked at */
	bool gathered;
	int64_t looked;   /* the commit that look() stood at */
	int tries;        /* of gathering */
	int told;         /* progress: beginning again takes nothing back */
	struct stretch *stretch;  /* events behind a figure, where months were frozen one by one; NULL: all is read as of w.as_of */
	size_t stretches, at;
	int64_t first_ms, last_ms; /* of all stretches */
	int32_t last_day;
	int64_t label;            /* what all of it is said to be as of, while w.as_of is that of a stretch */
	struct store *own;        /* the reader of a later stretch */
	enum err kept;    /* not OK: a read could not leave what the next ones need, as unkept says */
	struct why unkept;
};

/* ------------------------------------------------------------------ what there is */

static bool can_be(const struct table *t, int f)
{
	return t->formats & 1u << f && (t->sink || formats[f].sink || f == EXPORT_TEXT);
}

const char *export_name(size_t i, unsigned *out)
{
	if (i >= ARRAY_LEN(tables))
		return NULL;
	if (out) {
		*out = 0;
		for (int f = 0; f < EXPORT_FORMATS; f++)
			*out |= can_be(tables[i], f) ? 1u << f : 0;
	}
	return tables[i]->name;
}

const char *export_title(size_t i, bool english)
{
	return i >= ARRAY_LEN(tables) ? NULL : english ? tables[i]->title_en : tables[i]->title;
}

const char *export_format_name(enum export_format f)
{
	return f == EXPORT_TEXT ? "text" : formats[f].name;
}

bool export_is_of_now(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (strcmp(tables[i]->name, name) == 0)
			return tables[i]->now_only;
	return true;
}

bool export_format_of(const char *name, enum export_format *out)
{
	for (int f = 0; f < EXPORT_FORMATS; f++)
		if (strcmp(export_format_name((enum export_format)f), name) == 0) {
			*out = (enum export_format)f;
			return true;
		}
	return false;
}

static void names_of_tables(struct buf *b)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		buf_addf(b, "%s%s", i ? ", " : "", tables[i]->name);
}

static enum err find_table(const char *name, const struct table **out, struct why *why)
{
	struct buf all = {0};
	enum err e;

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (strcmp(tables[i]->name, name) == 0) {
			*out = tables[i];
			return OK;
		}
	names_of_tables(&all);
	e = why_set(why, ERR_NOTFOUND, "%s: no such export; there are %s", name, all.p);
	buf_done(&all);
	return e;
}

/* ------------------------------------------------------------------ the question */

static const char *dashes(const struct export *x)
{
	return x->command ? "--" : "";
}

static enum err choose_format(struct export *x, const struct export_ask *ask, struct why *why)
{
	struct buf all = {0};
	enum err e;

	x->w.format = ask->has_format ? ask->format : x->table->usual;
	x->rows.sink = x->table->sink ? x->table->sink : formats[x->w.format].sink;
	if (can_be(x->table, (int)x->w.format))
		return OK;
	for (int f = 0; f < EXPORT_FORMATS; f++)
		if (can_be(x->table, f))
			buf_addf(&all, "%s%s", all.n ? ", " : "", export_format_name((enum export_format)f));
	e = why_set(why, ERR_USAGE, "%s cannot be had as %s; there is %s", x->table->name, export_format_name(x->w.format), all.p);
	buf_done(&all);
	return e;
}

static enum err one_end(const struct export *x, const char *name, const char *text, int64_t *ms, int32_t *day, char shown[CIVIL_INSTANT_TEXT],
	struct why *why)
{
	bool days = x->table->whole_days;

	if (!text)
		return why_set(why, ERR_USAGE, "%s%s is missing", dashes(x), name);
	if (civil_parse_day(text, strlen(text), day)) {
		*ms = civil_day_ms(*day);
		civil_day_text(*day, shown);
		return OK;
	}
	if (days || !civil_parse_instant(text, strlen(text), ms))
		return why_set(why, ERR_USAGE, "%s%s %.40s: want a day such as 2026-01-01%s", dashes(x), name, text,
			days ? "" : ", or 2026-01-01T08:00:00+08:00");
	*day = civil_day(*ms);
	civil_instant_text(*ms, shown);
	return OK;
}

static enum err by_name(const struct export *x, const struct export_ask *ask, char from[CIVIL_DAY_TEXT], char to[CIVIL_DAY_TEXT], struct why *why)
{
	int32_t first, end;

	if (ask->from || ask->to)
		return why_set(why, ERR_USAGE, "%speriod stands in the place of %sfrom and %sto", dashes(x), dashes(x), dashes(x));
	if (!civil_parse_period(ask->period, strlen(ask->period), &first, &end))
		return why_set(why, ERR_USAGE, "%speriod %.40s: want 2023, 2023-H2, 2023-Q4, 2023-11, 2023-W47, 2023-11-D1 (to D3) or 2023-11-23", dashes(x),
			ask->period);
	civil_day_text(first, from);
	civil_day_text(end, to);
	return OK;
}

static enum err fix_period(struct export *x, const struct export_ask *asked, struct why *why)
{
	struct table_world *w = &x->w;
	struct export_ask by = *asked;
	const struct export_ask *ask = &by;
	char from[CIVIL_INSTANT_TEXT], to[CIVIL_INSTANT_TEXT], now[CIVIL_INSTANT_TEXT], first[CIVIL_DAY_TEXT], end[CIVIL_DAY_TEXT];
	enum err e;

	if (by.period) {
		if ((e = by_name(x, asked, first, end, why)) != OK)
			return e;
		by.from = first;
		by.to = end;
	}
	if ((e = one_end(x, "from", ask->from, &w->from_ms, &w->from_day, from, why)) != OK ||
		(e = one_end(x, "to", ask->to, &w->to_ms, &w->to_day, to, why)) != OK)
		return e;
	if (w->from_ms >= w->to_ms)
		return why_set(why, ERR_USAGE, "%sfrom %s %sto %s: nothing lies between (%sto is the first day that no longer counts)",
			dashes(x), ask->from, dashes(x), ask->to, dashes(x));
	civil_instant_text(ask->now_ms, now);
	if (w->from_ms > ask->now_ms)
		return why_set(why, ERR_INVALID, "%sfrom %s: that period is yet to come (it is %s)", dashes(x), ask->from, now);
	if (x->table->whole_days && figures_too_long(w->from_day, w->to_day, ask->now_ms))
		return why_set(why, ERR_USAGE, "%sfrom %s: want %d years at most", dashes(x), ask->from, FIGURES_YEARS_MAX);
	(void)snprintf(x->period, sizeof x->period, "%s/%s", from, to); /* fits */
	w->period = x->period;
	return OK;
}

static enum err fix_filters(struct export *x, const struct export_ask *ask, struct why *why)
{
	static const char *const classes[] = {"hazard", "finding", "appeal", "dispute", "rectify"};
	/* An empty level or category is the total, as in the table of figures. */
	const char *level = ask->level && *ask->level ? ask->level : NULL, *category = ask->category && *ask->category ? ask->category : NULL;
	const char *const behind[][2] = {{"figure", ask->figure}, {"level", level}, {"category", category}};
	bool known = !ask->klass;

	for (size_t i = 0; i < ARRAY_LEN(classes) && !known; i++)
		known = strcmp(classes[i], ask->klass) == 0;
	if (ask->klass && !x->table->by_class)
		return why_set(why, ERR_USAGE, "%sclass does not go with %s", dashes(x), x->table->name);
	if (!known)
		return why_set(why, ERR_USAGE, "%sclass %.40s: want hazard, finding, appeal, dispute or rectify", dashes(x), ask->klass);
	for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
		if (behind[i][1] && !x->table->behind)
			return why_set(why, ERR_USAGE, "%s%s does not go with %s", dashes(x), behind[i][0], x->table->name);
		if (behind[i][1] && !ask->figure)
			return why_set(why, ERR_USAGE, "%s%s wants %sfigure beside it", dashes(x), behind[i][0], dashes(x));
	}
	if ((ask->cases || ask->late) && !x->table->by_case)
		return why_set(why, ERR_USAGE, "filters of cases do not go with %s", x->table->name);
	if (ask->patrols && !x->table->by_patrol)
		return why_set(why, ERR_USAGE, "filters of patrols do not go with %s", x->table->name);
	if (ask->cases)
		x->w.cases = *ask->cases;
	x->w.cases.share.from_ms = x->w.from_ms;
	x->w.cases.share.to_ms = x->w.to_ms;
	x->w.patrols = ask->patrols ? *ask->patrols : (struct books_patrol_filter){.valid = -1, .under_way = -1, .river = -1};
	x->w.klass = ask->klass;
	x->w.figure = ask->figure;
	x->w.level = level;
	x->w.category = category;
	return OK;
}

/* ------------------------------------------------------------------ where */

/* The name of a place, as of a commit, and its area; ERR_NOTFOUND: nobody knew it (withdrawn ones are known). */
static enum err place_of(struct store *st, const char *code, int64_t as_of, char **name, char area[AREA_CODE_MAX + 1])
{
	bool reach = area_is_reach(slice_of(code));
	sqlite3_stmt *q = reach
		? sql_get(st, "SELECT name, area FROM reach WHERE code = ?1 AND since <= ?2 ORDER BY until IS NULL OR until > ?2 DESC, since DESC LIMIT 1")
		: sql_get(st, "SELECT name, code FROM area WHERE code >= ?1 AND code < ?1 || ':' AND since <= ?2 ORDER BY code <> ?1, until IS NULL OR until > ?2 DESC, "
			  "since DESC LIMIT 1");
	enum err e;

	sql_str(q, 1, code);
	sql_int(q, 2, as_of);
	if ((e = sql_row(q)) == OK) {
		bool itself = reach || strcmp(sql_cstr(q, 1), code) == 0; /* else only places below it are known */

		*name = xstrdup(itself ? sql_cstr(q, 0) : code);
		slice_copy(area, AREA_CODE_MAX + 1, reach ? sql_col(q, 1) : slice_of(code));
	}
	sql_done(q);
	return e;
}

static enum err fix_place(struct export *x, const struct export_ask *ask, struct why *why)
{
	struct table_world *w = &x->w;
	char area[AREA_CODE_MAX + 1] = "";
	enum err e = OK;

	w->scope = ask->scope ? ask->scope : "*";
	w->within = ask->within && strcmp(ask->within, "*") != 0 && strcmp(ask->within, w->scope) != 0 ? ask->within : NULL;
	w->place = w->within ? w->within : w->scope;
	w->scope_is_reach = waters_is(w->within);
	if (w->within && !w->scope_is_reach && area_level(slice_of(w->within)) == AREA_NONE)
		return why_set(why, ERR_USAGE, "%sscope %.40s: want an area code of 6, 9, 12 or 15 digits%s", dashes(x), w->within,
			x->table->areas_only ? "" : ", or the code of a reach");
	if (w->scope_is_reach && x->table->areas_only)
		return why_set(why, ERR_USAGE, "%sscope %.40s: %s counts by area; want an area code", dashes(x), w->within, x->table->name);
	/* Outside comes first: who may not see a place does not learn whether it is there. */
	if (w->within && !w->scope_is_reach && !area_covers(slice_of(w->scope), slice_of(w->within)))
		return why_set(why, ERR_DENIED, "%sscope %.40s lies outside of %s", dashes(x), w->within, w->scope);
	if (w->within && w->within[0] == '~') { /* reaches of one's own scope, wherever they are */
		x->place_name = xstrdup(w->within[1] ? w->within + 1 : w->english ? "All reaches" : "全部河段");
		w->place_name = x->place_name;
		return OK;
	}
	if (strcmp(w->place, "*") != 0)
		e = place_of(w->st, w->place, INT64_MAX, &x->place_name, area);
	if (e == OK && w->scope_is_reach && !area_covers(slice_of(w->scope), slice_of(area)))
		return why_set(why, ERR_DENIED, "%sscope %.40s lies outside of %s", dashes(x), w->within, w->scope);
	if (e == ERR_NOTFOUND && !w->within) { /* the asker's own, of which nothing is known yet */
		e = OK;
		x->place_name = xstrdup(w->place);
	}
	if (e == ERR_NOTFOUND)
		return why_set(why, e, "%sscope %.40s: there is no such place", dashes(x), w->within);
	if (e != OK)
		return why_set(why, e, "cannot read places: %s", store_detail(w->st));
	w->place_name = x->place_name ? x->place_name : "";
	return OK;
}

/* ------------------------------------------------------------------ when */

static enum err time_of_as_of(struct export *x, struct why *why)
{
	struct table_world *w = &x->w;
	enum err e = ledger_commit_time(w->st, w->as_of, &w->as_of_ms);

	if (e != OK)
		return why_set(why, e, "cannot find commit %lld: %s", (long long)w->as_of, store_detail(w->st));
	civil_instant_text(w->as_of_ms, x->as_of_time);
	w->as_of_time = x->as_of_time;
	return OK;
}

/* A period of which all lies in frozen months is shown as of the latest of their freezes. */
static enum err frozen_at(struct table_world *w, int64_t *commit)
{
	int64_t first = 0;
	enum err e;

	e = freeze_covers(w->st, civil_day(w->from_ms), civil_day(w->to_ms - 1) + 1, &first, commit);
	w->one_freeze = e == OK && *commit && first == *commit;
	return e;
}

static enum err fix_as_of(struct export *x, const struct export_ask *ask, int64_t *newest, struct why *why)
{
	struct table_world *w = &x->w;
	struct head head;
	enum err e;

	if (ask->as_of < 0)
		return why_set(why, ERR_USAGE, "%sas-of %lld: want a commit number", dashes(x), (long long)ask->as_of);
	if ((e = store_head(w->st, &head)) != OK)
		return why_set(why, e, "cannot read the head: %s", store_detail(w->st));
	w->as_of = ask->as_of;
	if (!w->as_of && !x->table->now_only && !x->table->corrections && (e = frozen_at(w, &w->as_of)) != OK)
		return why_set(why, e, "cannot read what is frozen: %s", store_detail(w->st));
	x->frozen = w->as_of && !ask->as_of;
	x->asked = w->fixed = w->as_of != 0;
	if (!w->as_of)
		w->as_of = head.commit;
	if (w->as_of > head.commit)
		return why_set(why, ERR_NOTFOUND, "%sas-of %lld: there is no such commit, the newest is %lld", dashes(x),
			(long long)w->as_of, (long long)head.commit);
	if (w->as_of != head.commit && x->table->now_only)
		return why_set(why, ERR_USAGE, "%sas-of does not go with %s: it shows how things stand now", dashes(x), x->table->name);
	if ((e = time_of_as_of(x, why)) != OK)
		return e;
	*newest = head.commit;
	w->at_ms = ask->at_ms != EXPORT_AT_DEFAULT ? ask->at_ms : x->asked ? w->as_of_ms : ask->now_ms;
	w->cases.late_ms = ask->late ? w->at_ms : 0;
	return OK;
}

/* ------------------------------------------------------------------ months frozen one by one (stretch.h) */

/* The period, as of the label, for what is said of all of it (whole), or the stretch that is read. */
static void set_period(struct export *x, bool whole)
{
	bool first = whole || x->at == 0, last = whole || x->at + 1 == x->stretches;
	struct table_world *w = &x->w;
	const struct stretch *s;

	if (!x->stretches)
		return;
	s = &x->stretch[x->at];
	w->from_day = first ? x->stretch[0].from : s->from;
	w->to_day = last ? x->last_day : s->to;
	w->from_ms = first ? x->first_ms : civil_day_ms(s->from);
	w->to_ms = last ? x->last_ms : civil_day_ms(s->to);
	w->cases.share.from_ms = w->from_ms;
	w->cases.share.to_ms = w->to_ms;
	w->as_of = whole || !s->commit ? x->label : s->commit;
}

static enum err in_stretches(struct export *x, const struct export_ask *ask, struct why *why)
{
	enum err e = OK;

	free(x->stretch);
	x->stretch = NULL;
	x->stretches = x->at = 0;
	if (!ask->as_of && stretch_matters(ask->figure))
		e = stretch_list(x->w.st, x->w.from_day, civil_day(x->w.to_ms - 1) + 1, &x->stretch, &x->stretches); /* a part of a day is of its month */
	x->last_day = x->w.to_day;
	x->first_ms = x->w.from_ms;
	x->last_ms = x->w.to_ms;
	x->label = x->w.as_of;
	if (e == OK)
		set_period(x, false);
	return e == OK ? OK : why_set(why, e, "cannot read what is frozen: %s", store_detail(x->w.st));
}

/* ------------------------------------------------------------------ names of files */

/* What no file system takes in a name, and what would lead elsewhere. */
static void add_safe(struct buf *b, const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || strchr("/\\:*?\"<>|", *s))
			buf_addc(b, '-');
		else
			buf_addc(b, *s);
}

static void name_files(struct export *x)
{
	const char *slash = strchr(x->period, '/'), *ending = formats[x->w.format].name;
	char *from = xstrndup(x->period, (size_t)(slash - x->period));
	struct buf b = {0}, a = {0};

	add_safe(&b, x->w.place_name);
	add_safe(&b, x->w.english ? x->table->title_en : x->table->title);
	buf_addc(&b, '_');
	add_safe(&b, from);
	buf_addc(&b, '_');
	add_safe(&b, slash + 1);
	buf_addf(&b, ".%s", ending);
	buf_addf(&a, "xunge-%s-", x->table->name);
	add_safe(&a, from);
	buf_addc(&a, '-');
	add_safe(&a, slash + 1);
	buf_addf(&a, ".%s", ending);
	x->file = b.p;
	x->ascii = a.p;
	free(from);
}

/* ------------------------------------------------------------------ open, step, close */

static enum err read_begin(struct export *x, struct why *why)
{
	enum err e = live_begin(x->w.st);

	return e == OK ? OK : why_set(why, e, "cannot read: %s", store_detail(x->w.st));
}

/* Temporary tables that were made on the way stay, as they do not after live_end(): they are files, for which there may be no room. */
static void read_end(struct export *x)
{
	if (!sqlite3_get_autocommit(sql_db(x->w.st)) && sql_run(sql_get(x->w.st, "COMMIT")) != OK && x->kept == OK)
		x->kept = why_set(&x->unkept, ERR_IO, "cannot keep what was read: %s (temporary files: is there room?)", store_detail(x->w.st));
	live_end(x->w.st);
}

/* What a read left behind for the next one is there. */
static enum err keeps(const struct export *x, enum err e, struct why *why)
{
	return e == OK && x->kept != OK ? why_set(why, x->kept, "%s", x->unkept.text) : e;
}

/* Of the year before it, too, with which a report compares. */
static void whole_years(const struct table_world *w, int32_t *from, int32_t *to)
{
	int first, last, m, d;

	civil_split(w->from_day, &first, &m, &d);
	civil_split(w->to_day - 1, &last, &m, &d);
	*from = civil_make(first - 1, 1, 1);
	*to = civil_make(last + 1, 1, 1);
}

/* The database becomes that of an older commit, step by step. */
static void go_back(struct export *x)
{
	/* The tallies of frozen months are those of then. */
	bool kept = x->frozen && (x->table == &table_areas || (x->table == &table_figures && x->w.one_freeze));
	struct asof_ask ask = {.commit = x->w.as_of, .depth = kept ? ASOF_KEPT : x->table->depth, .least = x->w.piece > 0};

	whole_years(&x->w, &ask.from_day, &ask.to_day);
	x->back = x->w.past = true;
	x->past = asof_new(x->w.st, &ask);
}

/* The place had the name that it had then. */
static enum err place_then(struct export *x, struct why *why)
{
	char area[AREA_CODE_MAX + 1], *name = NULL;
	enum err e = strcmp(x->w.place, "*") == 0 || x->w.place[0] == '~' ? ERR_NOTFOUND : place_of(x->w.st, x->w.place, x->w.as_of, &name, area);

	if (e == OK) {
		free(x->place_name);
		x->w.place_name = x->place_name = name;
	}
	return e == OK || e == ERR_NOTFOUND ? OK : why_set(why, e, "cannot read places: %s", store_detail(x->w.st));
}

/* Events know themselves of which commit they are; which of them are behind a figure, only the others know. */
static bool must_go_back(const struct export *x, int64_t head)
{
	return !x->back && x->w.as_of != head && (x->table != &table_events || x->w.figure);
}

static void table_end(struct export *x)
{
	if (x->started && x->table->end)
		x->table->end(&x->w);
	x->started = false;
	x->w.own = NULL;
}

static enum err table_begin(struct export *x, struct why *why)
{
	enum err e;

	if (!x->table->begin)
		return OK;
	x->started = true;
	e = x->table->begin(&x->w, why);
	if (e == ERR_STALE)
		table_end(x);
	return e == OK || e == ERR_STALE || e == ERR_USAGE ? e : why_set(why, e, "cannot read %s: %s", x->table->name, store_detail(x->w.st));
}

/* What must be read to know what is asked; then the table's beginning, as of the commit. */
static enum err look(struct export *x, const struct export_ask *ask, struct why *why)
{
	int64_t head = 0;
	enum err e = ERR_STALE;

	for (int tries = 1; e == ERR_STALE; tries++) {
		set_period(x, true);
		free(x->place_name);
		x->place_name = NULL;
		if ((e = read_begin(x, why)) == OK && (e = fix_place(x, ask, why)) == OK && (e = fix_as_of(x, ask, &head, why)) == OK &&
			(x->w.as_of == head || (e = place_then(x, why)) == OK) && (e = in_stretches(x, ask, why)) == OK) {
			x->looked = head;
			if (must_go_back(x, head))
				go_back(x);
			else
				e = table_begin(x, why);
		}
		read_end(x);
		if (e == ERR_STALE && tries == PIN_TRIES && !x->asked) { /* something comes all the time: as of where it was begun */
			x->asked = true;
			go_back(x);
			e = OK;
		}
	}
	return e;
}

/* Something may have been committed since.  A table that is not exact then begins again: at the new head, or, when the
 * commit was asked for, as of that. */
static enum err refresh(struct export *x, struct why *why)
{
	struct table_world *w = &x->w;
	struct head head;
	enum err e = store_head(w->st, &head);

	if (e != OK)
		return why_set(why, e, "cannot read the head: %s", store_detail(w->st));
	if (x->table->exact || x->back || head.commit == w->as_of)
		return OK;
	table_end(x);
	if (x->asked && !x->table->now_only) {
		go_back(x);
		return place_then(x, why);
	}
	w->as_of = head.commit;
	e = time_of_as_of(x, why);
	return e == OK ? table_begin(x, why) : e;
}

/* Readers map 256 MiB of the database into memory, which suits short looks at the same pages; an export passes over all of
 * them once, and what it holds must not grow with the file.  Temporary tables are files; the database is open for reading
 * only, whatever query_only says. */
static enum err spare_memory(struct store *st, struct why *why)
{
	enum err e = sql_err(sqlite3_exec(sql_db(st), "PRAGMA query_only=OFF; PRAGMA mmap_size=" MAPPED "; PRAGMA temp_store=FILE", NULL, NULL, NULL));

	return e == OK ? OK : why_set(why, e, "cannot read: %s", store_detail(st));
}

enum err export_open(struct store *st, const struct export_ask *ask, struct export **out, struct why *why)
{
	struct export *x = xcalloc(1, sizeof *x);
	enum err e;

	x->ask = *ask;
	x->command = ask->command;
	x->w.st = st;
	x->w.english = ask->english;
	x->w.unmask = ask->unmask;
	x->w.piece = ask->piece;
	if ((e = find_table(ask->name, &x->table, why)) != OK)
		goto out;
	x->rows = (struct rows){.table = x->table, .w = &x->w, .no_bom = ask->no_bom, .piece = ask->piece ? ask->piece : EXPORT_PIECE};
	if ((e = spare_memory(st, why)) != OK || (e = choose_format(x, ask, why)) != OK || (e = fix_period(x, ask, why)) != OK || (e = fix_filters(x, ask, why)) != OK ||
		(e = keeps(x, look(x, ask, why), why)) != OK)
		goto out;
	name_files(x);
	*out = x;
	x = NULL;
out:
	export_close(x);
	return e;
}

/* One step further back; there, the table begins. */
static enum err step_back(struct export *x, struct why *why)
{
	bool more = false;
	enum err e = asof_some(x->past, &more, why);

	if (e != OK || more)
		return e;
	asof_free(x->past);
	x->past = NULL;
	if (x->started) /* on the way: the table goes on where it was */
		return OK;
	if ((e = read_begin(x, why)) == OK)
		e = table_begin(x, why);
	read_end(x);
	return e;
}

/* Did the registry change since look(), or were books closed? */
static enum err is_stale(struct export *x)
{
	sqlite3_stmt *q = sql_get(x->w.st, "SELECT 1 FROM change WHERE \"commit\" > ? LIMIT 1");
	enum err e;

	sql_int(q, 1, x->looked);
	e = sql_row(q);
	sql_done(q);
	return e == OK ? ERR_STALE : e == ERR_NOTFOUND ? OK : e;
}

/* The export is of the commit that this read stands at, unless another was asked for. */
static enum err stand(struct export *x, struct why *why)
{
	struct table_world *w = &x->w;
	struct head head;
	enum err e;

	if (x->back)
		return OK;
	if ((e = store_head(w->st, &head)) != OK)
		return e;
	if (x->asked && head.commit != w->as_of)
		return ERR_FULL; /* as of then */
	if ((e = is_stale(x)) != OK || head.commit == w->as_of)
		return e;
	w->as_of = head.commit;
	return time_of_as_of(x, why);
}

/* What is added up before the first row, some of it; with *more false in the read of the first page. */
static enum err gather(struct export *x, bool *more, struct why *why)
{
	struct figures_pace pace = {.until_mono_ms = clock_mono_ms() + GATHER_MS, .little = x->w.piece, .brief = true};
	enum err e = stand(x, why);

	*more = true;
	pace.still = x->back;
	if (e == OK)
		e = x->table->gather(&x->w, &pace, more);
	x->gathered = e == OK && !*more;
	if (e != ERR_STALE && e != ERR_FULL)
		return e == OK ? OK : why_set(why, e, "cannot read %s: %s", x->table->name, store_detail(x->w.st));
	*more = true;
	table_end(x);
	read_end(x);
	if (e == ERR_STALE && ++x->tries < GATHER_TRIES)
		return look(x, &x->ask, why);
	x->asked = true; /* something comes all the time: as of where it stood */
	go_back(x);
	return place_then(x, why);
}

/* Between two pages something was committed.  A table that neither is exact nor has gathered all of it goes on as of the commit that
 * it began at, from the same row. */
static enum err has_moved(struct export *x, bool *moved, struct why *why)
{
	const struct table *t = x->table;
	struct head head = {0};
	enum err e;

	*moved = false;
	if (!x->begun || x->back || t->exact || t->gather || t->now_only)
		return OK;
	if ((e = store_head(x->w.st, &head)) != OK)
		return why_set(why, e, "cannot read the head: %s", store_detail(x->w.st));
	*moved = head.commit != x->w.as_of;
	return OK;
}

static enum err read_page(struct export *x, struct buf *out, bool *more, struct why *why)
{
	bool moved = false;
	enum err e;

	if ((e = read_begin(x, why)) != OK)
		return e;
	if ((e = has_moved(x, &moved, why)) != OK || moved) {
		read_end(x);
		if (moved)
			go_back(x);
		*more = true;
		return e;
	}
	if (x->table->gather && !x->gathered && ((e = gather(x, more, why)) != OK || *more)) {
		read_end(x);
		return e;
	}
	if (!x->begun) {
		e = x->table->gather ? OK : refresh(x, why);
		*more = x->past != NULL;
		set_period(x, true);
		if (e == OK && !*more && x->rows.sink)
			e = x->rows.sink->begin(&x->rows, why);
		set_period(x, false);
		if (e != OK || *more) {
			read_end(x);
			return e;
		}
	}
	x->begun = true;
	if (x->w.format == EXPORT_TEXT)
		e = x->table->text(&x->w, out, more);
	else
		e = x->table->page(&x->w, &x->rows, more);
	read_end(x);
	if (e == ERR_STALE && !x->back) { /* of a ledger within a workbook */
		go_back(x);
		*more = true;
		return OK;
	}
	if (e != OK)
		return why_set(why, e, "cannot read %s: %s", x->table->name, store_detail(x->w.st));
	if (x->rows.err != OK)
		return why_set(why, x->rows.err, "%s", x->rows.why.text);
	return OK;
}

/* The events of months that were frozen at another commit, with a reader of its own: a connection goes back once. */
static enum err next_stretch(struct export *x, struct why *why)
{
	struct store *before = x->own;
	enum err e;

	table_end(x);
	e = store_open(sqlite3_db_filename(sql_db(x->w.st), "main"), STORE_READER, &x->own, why);
	if (e != OK) {
		x->own = before;
		return e;
	}
	x->w.st = x->own;
	store_close(before);
	x->at++;
	x->back = x->w.past = false;
	set_period(x, false);
	if ((e = spare_memory(x->w.st, why)) != OK)
		return e;
	if (x->stretch[x->at].commit) {
		go_back(x);
		return OK;
	}
	if ((e = read_begin(x, why)) == OK)
		e = table_begin(x, why);
	read_end(x);
	return e;
}

static int progress_here(const struct export *x)
{
	int done;

	if (x->finished)
		return 1000;
	if (x->past)
		return asof_progress(x->past) * BACK / 1000;
	done = x->table->progress ? x->table->progress(&x->w) : -1;
	return done >= 0 && x->back ? BACK + done * (1000 - BACK) / 1000 : done;
}

static int progress(const struct export *x)
{
	int done = progress_here(x);

	return done >= 0 && x->stretches && !x->finished ? ((int)x->at * 1000 + done) / (int)x->stretches : done;
}

enum err export_step(struct export *x, struct buf *out, bool *more, struct why *why)
{
	struct rows *r = &x->rows;
	bool again = false;
	enum err e = OK;

	if (!x->read)
		breath_let_go(x->w.st, BREATH_WAL, &x->wal);
	r->out = out;
	r->start = out->n;
	r->until_mono_ms = clock_mono_ms() + READ_MS;
	*more = true;
	x->told = export_progress(x) > 0 ? export_progress(x) : x->told;
	if (x->past)
		return keeps(x, step_back(x, why), why);
	if (!x->read) {
		if ((e = keeps(x, read_page(x, out, &again, why), why)) != OK)
			return e;
		if (!again && x->at + 1 < x->stretches) {
			again = true;
			e = keeps(x, next_stretch(x, why), why);
		}
		x->read = !again;
		if (again || e != OK)
			return e;
		set_period(x, true);
	}
	if (!x->finished && r->sink && (e = r->sink->finish(r, why)) != OK)
		return e;
	x->finished = true;
	*more = false;
	return r->sink && r->sink->piece ? r->sink->piece(r, more, why) : OK;
}

void export_close(struct export *x)
{
	if (!x)
		return;
	asof_free(x->past);
	table_end(x);
	if (x->rows.sink && x->rows.sink->close)
		x->rows.sink->close(&x->rows);
	buf_done(&x->rows.scratch);
	json_done(&x->rows.json);
	free(x->place_name);
	free(x->file);
	free(x->ascii);
	free(x->stretch);
	store_close(x->own);
	free(x);
}

/* ------------------------------------------------------------------ what it is */

const char *export_type(const struct export *x)
{
	return formats[x->w.format].type;
}

const char *export_filename(const struct export *x, bool ascii)
{
	return ascii ? x->ascii : x->file;
}

int64_t export_as_of(const struct export *x, int64_t *time_ms)
{
	if (time_ms)
		*time_ms = x->w.as_of_ms;
	return x->stretches ? x->label : x->w.as_of;
}

bool export_is_certain(const struct export *x)
{
	return x->begun || x->finished;
}

int64_t export_at(const struct export *x)
{
	return x->w.at_ms;
}

bool export_hangs_on_clock(const struct export *x)
{
	return x->table->clock;
}

int64_t export_rows(const struct export *x)
{
	return x->rows.n;
}

int export_progress(const struct export *x)
{
	int done = progress(x);

	return done > x->told || done < 0 ? done : x->told;
}

int export_packing(const struct export *x)
{
	const struct sink *s = x->rows.sink;

	return x->finished && s && s->packed ? s->packed(&x->rows) : -1;
}
