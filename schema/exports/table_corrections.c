/* table_corrections.c - what came after the books of a month were closed: each figure's row as it was frozen, what it would be
 * now, and the events that came since. */
#include "schema/exports/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/freeze.h"

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
	struct line {
		struct freeze_correction c;
		struct buf text;
	} *line;
	size_t n, cap, at;
};

static void keep_texts(struct line *l)
{
	struct freeze_correction *c = &l->c;
	const char **const text[] = {&c->name, &c->level, &c->category, &c->category_name, &c->unit, &c->definition, &c->before, &c->after, &c->events};
	size_t at[ARRAY_LEN(text)];

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		at[i] = l->text.n;
		buf_add(&l->text, *text[i], strlen(*text[i]) + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		*text[i] = l->text.p + at[i];
}

static void take(void *ctx, const struct freeze_correction *c)
{
	struct own *o = ctx;

	if (o->n == o->cap) {
		o->cap = o->cap * 2 + 64;
		o->line = xrealloc(o->line, o->cap * sizeof *o->line);
	}
	o->line[o->n] = (struct line){.c = *c};
	keep_texts(&o->line[o->n++]);
}

static enum err begin(struct table_world *w, struct why *why)
{
	const struct freeze_ask ask = {.scope = w->scope, .within = w->within, .from_day = w->from_day, .to_day = w->to_day, .at_ms = w->at_ms,
		.english = w->english, .masked = !w->unmask};

	(void)why;
	w->own = xcalloc(1, sizeof(struct own));
	return freeze_corrections(w->st, &ask, take, w->own);
}

static void end(struct table_world *w)
{
	struct own *o = w->own;

	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++)
		buf_done(&o->line[i].text);
	free(o->line);
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
	while (o->at < o->n && !*more) {
		row(r, &o->line[o->at++].c);
		*more = rows_full(r) && o->at < o->n;
	}
	return OK;
}

const struct table table_corrections = {.name = "corrections", .title = "更正", .title_en = "Corrections", .column = columns, .print = printed,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV, .whole_days = true,
	.areas_only = true, .clock = true, .corrections = true, .empty = "所选期间没有已封账的月份，或封账后没有更正",
	.empty_en = "no month of the period is frozen, or nothing came after", .begin = begin, .page = page, .end = end};
