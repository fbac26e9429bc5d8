/* table_annual.c - the yearly report: its paragraph, and for each number what it is, as of when, and where its events are. */
#include "schema/exports/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/exports/annual.h"
#include "schema/exports/came.h"
#include "schema/sql.h"

static const struct column columns[] = {
	{"clause", "段落", "Clause", COL_TEXT, 12, false},
	{"figure", "指标", "Figure", COL_TEXT, 22, false},
	{"name", "名称", "Name", COL_TEXT, 18, false},
	{"level", "级别", "Level", COL_TEXT, 12, false},
	{"category", "分类", "Category", COL_TEXT, 16, false},
	{"category_name", "分类名称", "Category name", COL_TEXT, 16, false},
	{"period", "期间", "Period", COL_TEXT, 24, false},
	{"value", "数值", "Value", COL_TEXT, 12, false},
	{"unit", "单位", "Unit", COL_TEXT, 8, false},
	{"display", "显示", "Display", COL_TEXT, 14, false},
	{"text", "报告用语", "In the report", COL_TEXT, 18, false},
	{"numerator", "分子", "Numerator", COL_INT, 10, false},
	{"denominator", "分母", "Denominator", COL_INT, 10, false},
	{"definition", "口径", "Definition", COL_TEXT, 60, false},
	{"as_of_commit", "数据提交号", "As of commit", COL_INT, 12, false},
	{"as_of_time", "数据时间", "As of time", COL_TEXT, 30, false},
	{"query", "明细查询", "Its events", COL_TEXT, 60, false},
};

/* What a reader on paper wants; codes are for the screen. */
static const char *const printed[] = {"clause", "name", "level", "category_name", "period", "value", "unit", "display", "text", "numerator", "denominator",
	NULL};

#define PARAGRAPH "annual" /* figure of the row that holds it */

static const char *const compared[] = {"patrols", "river_patrols"};
#define COMPARED ARRAY_LEN(compared)

struct own {
	struct annual a;
	struct came *came; /* NULL: nothing */
	struct figures_sum *now, *first[COMPARED], *was[COMPARED]; /* the last two NULL: there is no year before */
	int32_t was_from, was_to;
	char was_period[2 * CIVIL_DAY_TEXT];
};

/* ------------------------------------------------------------------ reading */

static void take(void *ctx, const struct figure_value *v)
{
	annual_take(ctx, v);
}

static struct figures_sum *sum_of(const struct table_world *w, int32_t from, int32_t to, const char *only)
{
	const struct figures_ask ask = {.scope = w->scope, .within = w->within, .from_day = from, .to_day = to, .at_ms = w->at_ms,
		.only = only, .english = w->english, .masked = !w->unmask};

	return figures_sum_new(w->st, &ask, NULL, 0);
}

static int32_t year_before(int32_t day)
{
	int y, m, d;

	civil_split(day, &y, &m, &d);
	return civil_exists(y - 1, m, d) ? civil_make(y - 1, m, d) : civil_make(y - 1, 3, 1); /* 29 February */
}

/* The same days a year earlier, as far as they have come by now, to compare with: only when records went all through
 * them.  A platform that began in the middle would make every growth look like a feat; so their first month must have some. */
static void begin_before(const struct table_world *w, struct own *o)
{
	char from[CIVIL_DAY_TEXT], to[CIVIL_DAY_TEXT];
	int32_t today = civil_day(w->at_ms), month;
	int y;

	civil_split(w->from_day, &y, &(int){0}, &(int){0});
	if (y <= 1)
		return;
	o->was_from = year_before(w->from_day);
	o->was_to = year_before(o->a.running && today >= w->from_day ? today + 1 : w->to_day);
	civil_day_text(o->was_from, from);
	civil_day_text(o->was_to, to);
	(void)snprintf(o->was_period, sizeof o->was_period, "%s/%s", from, to); /* fits */
	month = civil_month_first(o->was_from + 31);
	month = month > o->was_from && month < o->was_to ? month : o->was_to;
	for (size_t i = 0; i < COMPARED; i++) {
		o->first[i] = sum_of(w, o->was_from, month, compared[i]);
		o->was[i] = sum_of(w, o->was_from, o->was_to, compared[i]);
	}
}

static void take_before(struct own *o)
{
	for (size_t i = 0; i < COMPARED && o->was[i]; i++) {
		struct annual first = {0};

		figures_sum_show(o->first[i], FIGURES_WHOLE, take, &first.now);
		if (annual_total(&first, compared[i]))
			figures_sum_show(o->was[i], FIGURES_WHOLE, take, &o->a.was);
		annual_done(&first);
	}
}

/* Of what is the report?  Everything is the town, where there is but one. */
static enum err read_level(struct table_world *w, enum area_level *out)
{
	sqlite3_stmt *q;
	enum err e;

	*out = area_level(slice_of(w->place));
	if (*out != AREA_NONE)
		return OK;
	q = sql_get(w->st, "SELECT count(DISTINCT code) FROM area WHERE length(code) = 9 AND until IS NULL");
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) == 1)
		*out = AREA_TOWN;
	sql_done(q);
	return e;
}

static void take_correction(struct annual *a, const struct freeze_correction *c)
{
	const struct annual_correction copy = {.figure = (char *)(uintptr_t)c->f->id, .name = (char *)(uintptr_t)c->name,
		.unit = (char *)(uintptr_t)c->unit, .level = (char *)(uintptr_t)c->level, .category = (char *)(uintptr_t)c->category,
		.category_name = (char *)(uintptr_t)c->category_name, .before = (char *)(uintptr_t)c->before, .after = (char *)(uintptr_t)c->after,
		.events = (char *)(uintptr_t)c->events, .month = c->month, .frozen = c->frozen, .commit = c->commit, .events_n = c->events_n};

	annual_correct(a, &copy);
}

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);
	struct annual *a = &o->a;
	enum err e;

	w->own = o;
	a->from_day = w->from_day;
	a->to_day = w->to_day;
	a->english = w->english;
	a->running = civil_day_ms(w->to_day) > w->at_ms;
	if ((e = read_level(w, &a->level)) != OK)
		return why_set(why, e, "cannot read the places: %s", store_detail(w->st));
	o->now = sum_of(w, w->from_day, w->to_day, NULL);
	if (!w->one_freeze)
		o->came = came_new(w, false);
	begin_before(w, o);
	return OK;
}

/* All sums end in one snapshot. */
static enum err gather(struct table_world *w, const struct figures_pace *pace, bool *more)
{
	struct own *o = w->own;
	struct annual *a = &o->a;
	struct figures_sum *sum[1 + 2 * COMPARED] = {o->now};
	bool one = false;
	enum err e = OK;

	*more = false;
	if (o->came && ((e = came_read(o->came, pace, more)) != OK || *more))
		return e;
	memcpy(sum + 1, o->first, sizeof o->first);
	memcpy(sum + 1 + COMPARED, o->was, sizeof o->was);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(sum); i++)
		if (sum[i] && (e = figures_sum_read(sum[i], pace, &one)) == OK)
			*more |= one;
	if (e != OK || *more)
		return e;
	a->as_of = w->as_of;
	a->as_of_ms = w->as_of_ms;
	figures_sum_show(o->now, FIGURES_WHOLE, take, &a->now);
	take_before(o);
	for (size_t i = 0; o->came && i < came_n(o->came); i++)
		take_correction(a, came_of(o->came, i));
	annual_write(a);
	return OK;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	if (o) {
		annual_done(&o->a);
		came_free(o->came);
		figures_sum_free(o->now);
		for (size_t i = 0; i < COMPARED; i++) {
			figures_sum_free(o->first[i]);
			figures_sum_free(o->was[i]);
		}
	}
	free(o);
	w->own = NULL;
}

/* ------------------------------------------------------------------ rows */

/* Part of a query: what is no letter, digit or -._ as %XX. */
static void escaped(struct buf *b, const char *name, const char *v)
{
	if (!v || !*v)
		return;
	buf_addf(b, "%s%s=", b->p[b->n - 1] == '?' ? "" : "&", name);
	for (; *v; v++) {
		unsigned char c = (unsigned char)*v;

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-._", c))
			buf_addc(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
}

static const char *part_name(const struct table_world *w, const char *level, const char *category)
{
	static const char *const zh[][2] = {{"district", "区级"}, {"town", "镇级"}, {"community", "社区"}, {"grid", "网格"}};

	for (size_t i = 0; !w->english && i < ARRAY_LEN(zh); i++)
		if (strcmp(level, zh[i][0]) == 0)
			return zh[i][1];
	return *level ? level : category;
}

/* The call that lists the events of a number (contract, section 6). */
static void query(const struct table_world *w, const struct annual_row *r, const char *figure, struct buf *b)
{
	const struct own *o = w->own;
	char day[CIVIL_DAY_TEXT], commit[24];

	buf_adds(b, "/api/v1/exports/events.csv?");
	escaped(b, "figure", figure);
	escaped(b, "level", r->v->level);
	escaped(b, "category", r->v->category);
	civil_day_text(r->before ? o->was_from : w->from_day, day);
	escaped(b, "from", day);
	civil_day_text(r->before ? o->was_to : w->to_day, day);
	escaped(b, "to", day);
	if (strcmp(w->place, "*") != 0)
		escaped(b, "scope", w->place);
	(void)snprintf(commit, sizeof commit, "%lld", (long long)w->as_of); /* fits */
	escaped(b, "as_of", commit);
}

static void as_of(const struct table_world *w, struct rows *r)
{
	rows_int(r, w->as_of);
	rows_text(r, w->as_of_time);
}

static void paragraph(const struct table_world *w, struct rows *r)
{
	const struct own *o = w->own;

	rows_text(r, PARAGRAPH);
	rows_text(r, PARAGRAPH);
	rows_text(r, w->english ? "Report" : "报告文本");
	for (int i = 0; i < 3; i++)
		rows_none(r);
	rows_text(r, w->period);
	rows_none(r);
	rows_none(r);
	rows_slice(r, buf_slice(&o->a.text));
	for (int i = 0; i < 4; i++)
		rows_none(r);
	as_of(w, r);
	rows_none(r);
	rows_end(r);
}

static void number(const struct table_world *w, struct rows *r, const struct annual_row *n)
{
	const struct own *o = w->own;
	const struct annual_value *v = n->v;
	struct buf path = {0};

	query(w, n, v->figure, &path);
	rows_text(r, n->clause);
	rows_text(r, v->figure);
	rows_text(r, v->name);
	rows_text(r, v->level);
	rows_text(r, v->category);
	rows_text(r, v->category_name);
	rows_text(r, n->before ? o->was_period : w->period);
	rows_text(r, v->value);
	rows_text(r, v->unit);
	rows_text(r, v->display);
	rows_text(r, n->text);
	if (v->den > 0) {
		rows_int(r, v->num);
		rows_int(r, v->den);
	} else {
		rows_none(r);
		rows_none(r);
	}
	rows_text(r, v->definition);
	as_of(w, r);
	rows_slice(r, buf_slice(&path));
	rows_end(r);
	buf_done(&path);
}

/* What came after the books were closed: display is the frozen value, text what it would be now. */
static void correction(const struct table_world *w, struct rows *r, const struct annual_correction *c)
{
	char month[16];

	(void)snprintf(month, sizeof month, "%d-%02d", c->month / 100, c->month % 100); /* fits */
	rows_text(r, "corrections");
	rows_text(r, c->figure);
	rows_text(r, c->name);
	rows_text(r, c->level);
	rows_text(r, c->category);
	rows_text(r, c->category_name);
	rows_text(r, month);
	rows_none(r);
	rows_text(r, c->unit);
	rows_text(r, c->before);
	rows_text(r, c->after);
	for (int i = 0; i < 3; i++)
		rows_none(r);
	as_of(w, r);
	rows_text(r, c->events);
	rows_end(r);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	const struct own *o = w->own;

	*more = false;
	if (w->format != EXPORT_JSON) /* there it is a member of its own */
		paragraph(w, r);
	for (size_t i = 0; i < o->a.rows; i++)
		number(w, r, &o->a.row[i]);
	for (size_t i = 0; i < o->a.corrections; i++)
		correction(w, r, &o->a.correction[i]);
	return OK;
}

static void members(const struct table_world *w, struct buf *out)
{
	const struct own *o = w->own;

	buf_json_key(out, "paragraph");
	buf_json(out, o->a.text.p, o->a.text.n);
}

/* ------------------------------------------------------------------ as plain text */

/* Columns that a terminal takes: two for what is Chinese. */
static int columns_of(const char *s)
{
	int n = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		n += c < 0x80 ? 1 : c >= 0xe3 ? 2 : c >= 0xc0 ? 1 : 0; /* U+3000 and beyond are wide */
	}
	return n;
}

static void cell(struct buf *out, const char *s, int width)
{
	buf_adds(out, s);
	for (int n = columns_of(s); n < width; n++)
		buf_addc(out, ' ');
	buf_adds(out, "  ");
}

static void cut_cell(struct buf *out, const char *s) /* the last of a line */
{
	buf_adds(out, s);
	buf_addc(out, '\n');
}

static enum err text(struct table_world *w, struct buf *out, bool *more)
{
	const struct own *o = w->own;
	struct buf part = {0}, path = {0};

	*more = false;
	buf_add(out, o->a.text.p, o->a.text.n);
	buf_adds(out, "\n\n");
	for (size_t i = 0; i < o->a.rows; i++) {
		const struct annual_row *r = &o->a.row[i];
		const struct annual_value *v = r->v;

		buf_clear(&part);
		buf_clear(&path);
		buf_addf(&part, "%s%s%s", v->name, *v->level || *v->category ? " · " : "",
			part_name(w, v->level, *v->category_name ? v->category_name : v->category));
		query(w, r, v->figure, &path);
		cell(out, part.p, 36);
		cell(out, r->text, 16);
		cell(out, r->before ? o->was_period : w->period, 21);
		cut_cell(out, path.p);
	}
	for (size_t i = 0; i < o->a.corrections; i++) {
		const struct annual_correction *c = &o->a.correction[i];

		buf_clear(&part);
		buf_addf(&part, "%s%s%s", c->name, *c->level || *c->category ? " · " : "", part_name(w, c->level, *c->category_name ? c->category_name : c->category));
		cell(out, part.p, 36);
		buf_addf(out, "%s -> %s  %d-%02d  ", c->before, c->after, c->month / 100, c->month % 100);
		cut_cell(out, c->events);
	}
	buf_done(&part);
	buf_done(&path);
	return OK;
}

const struct table table_annual = {.name = PARAGRAPH, .title = "年度报告", .title_en = "Annual report", .column = columns, .print = printed, .report = true,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX | 1 << EXPORT_TEXT,
	.usual = EXPORT_CSV, .whole_days = true, .areas_only = true, .clock = true, .keys = true, .begin = begin, .gather = gather, .page = page, .end = end,
	.text = text, .members = members};
