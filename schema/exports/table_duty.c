/* Duties: each one whose period ends within the period asked for; and what is overdue at an instant. */
#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/area.h"
#include "core/civil.h"
#include "schema/books_sql.h"
#include "schema/duties.h"
#include "schema/exports/words.h"
#include "schema/reminded.h"
#include "schema/waters.h"

#define PEOPLE 20    /* read in one call: a page stays short */
#define STRETCH 3653 /* days read in one call: of a longer period, the first ten years of all come first, then the next ten */

struct own {
	char person[65]; /* the last one read */
	int32_t first;   /* of the stretch */
	struct waters *waters; /* of reaches: these; NULL: by area */
	struct table_world *w;
	struct rows *r;
	enum err e;
};

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = xcalloc(1, sizeof *o);

	(void)why;
	o->first = w->from_day;
	w->own = o;
	return w->scope_is_reach ? waters_read(w->st, w->within, &o->waters) : OK;
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	if (o)
		waters_free(o->waters);
	free(o);
}

static bool mine(const struct table_world *w, const struct duty_row *d)
{
	const struct own *o = w->own;

	if (!w->within)
		return true;
	return w->scope_is_reach ? waters_has(o->waters, d->target) : area_covers(slice_of(w->within), slice_of(d->area));
}

static const char *period_zh(enum duty_period p)
{
	static const char *const words[][2] = {{"day", "每日"}, {"week", "每周"}, {"tenday", "每旬"}, {"halfmonth", "每半月"}, {"month", "每月"},
		{"twomonths", "每两月"}, {"quarter", "每季"}, {"year", "每年"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i][0], duty_period_name(p)) == 0)
			return words[i][1];
	return NULL;
}

static void lead(struct rows *r, const struct duty_row *d)
{
	rows_text(r, d->person);
	rows_name(r, d->name);
	rows_word(r, d->level, word_level(d->level));
	rows_text(r, d->rule);
	rows_text(r, d->target);
	rows_text(r, d->target_name);
	rows_word(r, duty_period_name(d->i.period), period_zh(d->i.period));
	rows_day(r, d->i.active.last < d->i.active.first ? d->i.span.first : d->i.active.first);
	rows_day(r, d->i.active.last < d->i.active.first ? d->i.span.last : d->i.active.last);
	rows_int(r, d->i.need);
	rows_int(r, d->done);
	rows_word(r, d->i.days ? "days" : "times", d->i.days ? "天" : "次");
}

#define LEAD \
	{"person", "人员编号", "Person", COL_TEXT, 11, false}, {"person_name", "人员", "Name", COL_TEXT, 8, false}, \
	{"level", "级别", "Level", COL_TEXT, 11, false}, {"rule", "履职规则", "Rule", COL_TEXT, 12, false}, \
	{"target", "对象编码", "Target", COL_TEXT, 17, false}, {"target_name", "责任区", "Target name", COL_TEXT, 18, false}, \
	{"period", "周期", "Period", COL_TEXT, 8, false}, {"first", "起", "First day", COL_DAY, 11, false}, \
	{"last", "止", "Last day", COL_DAY, 11, false}, {"need", "应巡", "Due", COL_INT, 7, true}, \
	{"done", "实巡", "Done", COL_INT, 7, true}, {"unit", "计数单位", "Unit", COL_TEXT, 8, false}

static const struct column duty_columns[] = {LEAD,
	{"rate", "完成率", "Rate", COL_RATE, 9, false},
	{"state", "状态", "State", COL_TEXT, 10, false},
	{"reason", "免除理由", "Exempt because", COL_TEXT, 20, false},
	{"area", "区域编码", "Area", COL_TEXT, 17, false},
};

static void duty_line(void *ctx, const struct duty_row *d)
{
	struct own *o = ctx;
	struct rows *r = o->r;

	if (!mine(o->w, d))
		return;
	lead(r, d);
	rows_rate(r, d->done, d->i.need, 1);
	rows_word(r, duty_state_name(d->state), duty_state_zh(d->state));
	rows_free(r, slice_of(d->reason));
	rows_text(r, d->area);
	rows_end(r);
}

static enum err duty_page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	struct duties_page p = {.people = w->to_day - w->from_day > 366 ? 2 : PEOPLE, .more = true};
	enum err e = OK;

	o->w = w;
	o->r = r;
	while (e == OK && p.more && !rows_over(r)) {
		int32_t last = w->to_day - o->first > STRETCH ? o->first + STRETCH - 1 : w->to_day - 1;

		p.after = o->person;
		e = duties_history(w->st, w->scope, w->as_of, o->first, last, w->at_ms, &p, duty_line, o);
		if (p.last[0])
			slice_copy(o->person, sizeof o->person, slice_of(p.last));
		if (!p.more && last < w->to_day - 1) {
			o->first = last + 1;
			o->person[0] = '\0';
			p.more = true;
		}
	}
	*more = p.more;
	return e;
}

#define ALL (1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX)

const struct table table_duty = {.name = "duty", .depth = ASOF_PATROLS, .title = "履职台账", .title_en = "Duties", .column = duty_columns, .columns = ARRAY_LEN(duty_columns),
	.formats = ALL, .usual = EXPORT_CSV, .whole_days = true, .clock = true, .begin = begin, .page = duty_page, .end = end};

/* ------------------------------------------------------------------ overdue */

static const struct column overdue_columns[] = {LEAD,
	{"overdue_since", "逾期起", "Overdue since", COL_INSTANT, 17, false},
	{"days", "逾期天数", "Days overdue", COL_INT, 9, false},
	{"last_patrol", "上次巡查", "Last patrol", COL_INSTANT, 17, false},
	{"area", "区域编码", "Area", COL_TEXT, 17, false},
	{"reminders", "提醒次数", "Reminders", COL_INT, 9, false},
};

/* The start of the person's last patrol of the target (of any, when the duty names none), by then; INT64_MIN: none. */
static enum err last_patrol(struct store *st, const struct duty_row *d, int64_t at_ms, int64_t *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT max(start_at) FROM patrol WHERE person = ?1 AND start_at <= ?2 AND (?3 = '' OR target = ?3 OR "
		"substr(target, 1, length(?3)) = ?3)");
	enum err e;

	sql_str(q, 1, d->person);
	sql_int(q, 2, at_ms);
	sql_str(q, 3, d->target);
	if ((e = sql_row(q)) == OK)
		*out = sqlite3_column_type(q, 0) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

static void overdue_line(void *ctx, const struct duty_row *d)
{
	struct own *o = ctx;
	struct rows *r = o->r;
	int64_t last = INT64_MIN;
	struct reminded told;

	if (o->e != OK || d->overdue < 0 || !mine(o->w, d) || (o->e = last_patrol(o->w->st, d, o->w->at_ms, &last)) != OK ||
		(o->e = reminded_read(o->w->st, d->person, d->rule, d->target, d->overdue, o->w->as_of, &told)) != OK)
		return;
	lead(r, d);
	rows_instant(r, d->overdue);
	rows_int(r, civil_day(o->w->at_ms) - civil_day(d->overdue) + 1);
	if (last == INT64_MIN)
		rows_none(r);
	else
		rows_instant(r, last);
	rows_text(r, d->area);
	rows_int(r, told.count);
	rows_end(r);
}

static enum err overdue_page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	struct duties_page p = {.people = PEOPLE, .more = true};
	enum err e = OK;

	o->w = w;
	o->r = r;
	while (e == OK && p.more && !rows_over(r)) {
		p.after = o->person;
		e = duties_read(w->st, w->scope, w->as_of, w->at_ms, &p, overdue_line, o);
		if (p.last[0])
			slice_copy(o->person, sizeof o->person, slice_of(p.last));
		if (e == OK)
			e = o->e;
	}
	*more = p.more;
	return e;
}

const struct table table_overdue = {.name = "overdue", .depth = ASOF_PATROLS, .title = "逾期未巡", .title_en = "Overdue", .column = overdue_columns,
	.columns = ARRAY_LEN(overdue_columns), .formats = ALL, .usual = EXPORT_CSV, .clock = true, .begin = begin, .page = overdue_page, .end = end,
	.empty = "没有逾期未巡的责任人", .empty_en = "Nobody is overdue"};
