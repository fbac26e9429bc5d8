/* table_corrections.c - what came after the books of a month were closed: each figure's row as it was frozen, what it would be
 * now, and the events that came since. */
#include "schema/exports/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/exports/came.h"

static const struct column columns[] = {
	{"figure", "指标", "Figure", COL_TEXT, 22, false},
	{"name", "名称", "Name", COL_TEXT, 26, false},
	{"level", "级别", "Level", COL_TEXT, 12, false},
	{"category", "分类", "Category", COL_TEXT, 16, false},
	{"category_name", "分类名称", "Category name", COL_TEXT, 16, false},
	{"month", "月份", "Month", COL_TEXT, 10, false},
	{"before", "封账值", "Frozen", COL_TEXT, 14, false},
	{"after", "更正后", "Corrected", COL_TEXT, 14, false},
	{"change", "变化", "Change", COL_DECIMAL, 10, false},
	{"unit", "单位", "Unit", COL_TEXT, 8, false},
	{"frozen_commit", "封账提交号", "Frozen as of commit", COL_INT, 12, false},
	{"last_commit", "最近变更提交号", "Last change", COL_INT, 14, false},
	{"event_count", "事件数", "Events", COL_INT, 8, false},
	{"events", "来源事件", "They are", COL_TEXT, 50, false},
	{"definition", "口径", "Definition", COL_TEXT, 80, false},
};

/* What a reader on paper wants; codes are for the screen. */
static const char *const printed[] = {"name", "level", "category_name", "month", "before", "after", "change", "unit", "frozen_commit", "last_commit",
	"event_count", "events", NULL};

struct own {
	struct came *came;
	size_t at;
};

static enum err begin(struct table_world *w, struct why *why)
{
	struct own *o = w->own = xcalloc(1, sizeof *o);

	(void)why;
	o->came = came_new(w, false);
	return OK;
}

static enum err gather(struct table_world *w, const struct figures_pace *pace, bool *more)
{
	return came_read(((struct own *)w->own)->came, pace, more);
}

static int progress(const struct table_world *w)
{
	return came_progress(((const struct own *)w->own)->came);
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	if (o)
		came_free(o->came);
	free(o);
	w->own = NULL;
}

static void level(struct rows *r, const char *code)
{
	static const char *const zh[][2] = {{"district", "区级"}, {"town", "镇级"}, {"community", "社区级"}, {"grid", "网格级"}};
	const char *word = NULL;

	for (size_t i = 0; i < ARRAY_LEN(zh); i++)
		if (strcmp(code, zh[i][0]) == 0)
			word = zh[i][1];
	rows_word(r, code, word);
}

static void row(struct rows *r, const struct freeze_correction *c)
{
	struct buf events = {0};
	char month[16];

	(void)snprintf(month, sizeof month, "%d-%02d", c->month / 100, c->month % 100); /* fits */
	buf_adds(&events, c->events);
	if (c->events_n > FREEZE_EVENTS)
		buf_addf(&events, " +%lld", (long long)(c->events_n - FREEZE_EVENTS));
	rows_text(r, c->f->id);
	rows_text(r, c->name);
	level(r, c->level);
	rows_text(r, c->category);
	rows_text(r, c->category_name);
	rows_text(r, month);
	rows_text(r, c->before);
	rows_text(r, c->after);
	if (c->has_change)
		rows_decimal(r, c->change, c->decimals);
	else
		rows_none(r);
	rows_text(r, c->unit);
	rows_int(r, c->frozen);
	if (c->commit)
		rows_int(r, c->commit);
	else
		rows_none(r);
	rows_int(r, c->events_n);
	rows_slice(r, buf_slice(&events));
	rows_text(r, c->definition);
	rows_end(r);
	buf_done(&events);
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;

	*more = false;
	while (o->at < came_n(o->came) && !*more) {
		row(r, came_of(o->came, o->at++));
		*more = rows_full(r) && o->at < came_n(o->came);
	}
	return OK;
}

const struct table table_corrections = {.name = "corrections", .title = "更正", .title_en = "Corrections", .column = columns, .print = printed,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV, .whole_days = true,
	.areas_only = true, .clock = true, .corrections = true, .empty = "所选期间没有已封账的月份，或封账后没有更正",
	.empty_en = "no month of the period is frozen, or nothing came after", .begin = begin, .gather = gather, .page = page, .progress = progress, .end = end};
