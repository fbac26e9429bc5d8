/* Monitored households: how each stood at the end of the period. */
#include "schema/exports/tables.h"

#include <stdlib.h>

#include "core/civil.h"
#include "core/event.h"
#include "schema/books_sql.h"

static const struct column columns[] = {
	{"household", "户编号", "Household", COL_TEXT, 16, false},
	{"type", "类型", "Type", COL_TEXT, 14, false},
	{"persons", "人口", "Persons", COL_INT, 8, true},
	{"state", "状态", "State", COL_TEXT, 12, false},
	{"since", "状态起始", "In this state since", COL_INSTANT, 17, false},
	{"identified", "首次纳入", "First identified", COL_INSTANT, 17, false},
	{"records", "记录数", "Records", COL_INT, 8, false},
	{"area", "区域编码", "Area", COL_TEXT, 17, false},
	{"area_name", "区域", "Area name", COL_TEXT, 14, false},
};

struct own {
	char name[EVENT_NAME_MAX + 1]; /* the last one given */
};

struct household {
	char name[EVENT_NAME_MAX + 1], type[EVENT_NAME_MAX + 1], state[16], area[16];
	int64_t persons, since_ms, first_ms, records; /* persons -1: never said */
};

static enum err begin(struct table_world *w, struct why *why)
{
	(void)why;
	w->own = xcalloc(1, sizeof(struct own));
	return OK;
}

static void end(struct table_world *w)
{
	free(w->own);
}

static const char *zh(const char *state)
{
	static const char *const words[][2] = {{"identified", "已识别"}, {"helped", "帮扶中"}, {"risk_removed", "风险消除"}, {"relapsed", "返贫复发"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i][0], state) == 0)
			return words[i][1];
	return NULL;
}

static enum err name_of(struct store *st, const char *area, char out[256])
{
	sqlite3_stmt *q = sql_get(st, "SELECT name FROM area WHERE code = ? AND until IS NULL");
	enum err e;

	out[0] = '\0';
	sql_str(q, 1, area);
	if ((e = sql_row(q)) == OK)
		slice_copy(out, 256, sql_col(q, 0));
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

static bool mine(const struct table_world *w, const char *area)
{
	return area_covers(slice_of(w->scope), slice_of(area)) && (!w->within || area_covers(slice_of(w->within), slice_of(area)));
}

static enum err give(struct table_world *w, struct rows *r, const struct household *h)
{
	char area[256];
	enum err e;

	if (!h->name[0] || !mine(w, h->area))
		return OK;
	if ((e = name_of(w->st, h->area, area)) != OK)
		return e;
	rows_key(r, slice_of(h->name));
	rows_free(r, slice_of(h->type));
	if (h->persons >= 0)
		rows_int(r, h->persons);
	else
		rows_none(r);
	rows_word(r, h->state, zh(h->state));
	rows_instant(r, h->since_ms);
	rows_instant(r, h->first_ms);
	rows_int(r, h->records);
	rows_text(r, h->area);
	rows_text(r, area);
	rows_end(r);
	return OK;
}

/* One record after the others of its household. */
static void add(struct household *h, sqlite3_stmt *q)
{
	struct slice type = sql_col(q, 3);
	int64_t at_ms = sqlite3_column_int64(q, 1);

	if (!h->records)
		h->first_ms = at_ms;
	if (!slice_is(sql_col(q, 2), h->state))
		h->since_ms = at_ms;
	slice_copy(h->state, sizeof h->state, sql_col(q, 2));
	if (type.n)
		slice_copy(h->type, sizeof h->type, type);
	if (sqlite3_column_type(q, 4) != SQLITE_NULL)
		h->persons = sqlite3_column_int64(q, 4);
	slice_copy(h->area, sizeof h->area, sql_col(q, 5));
	h->records++;
}

static enum err page(struct table_world *w, struct rows *r, bool *more)
{
	struct own *o = w->own;
	sqlite3_stmt *q = sql_get(w->st, "SELECT name, at, state, type, persons, area FROM household WHERE name > ?1 AND at < ?2 AND \"commit\" <= ?3 AND "
		"(voided IS NULL OR voided > ?3) ORDER BY name, at, device, epoch, seq");
	struct household h = {.persons = -1};
	enum err e;

	*more = false;
	sql_str(q, 1, o->name);
	sql_int(q, 2, w->to_ms);
	sql_int(q, 3, w->as_of);
	while ((e = sql_row(q)) == OK) {
		if (!slice_is(sql_col(q, 0), h.name)) {
			if ((e = give(w, r, &h)) != OK)
				break;
			if (h.name[0])
				slice_copy(o->name, sizeof o->name, slice_of(h.name));
			if (h.name[0] && rows_full(r)) {
				*more = true;
				break;
			}
			h = (struct household){.persons = -1};
			slice_copy(h.name, sizeof h.name, sql_col(q, 0));
		}
		add(&h, q);
	}
	e = sql_end(q, e);
	return e == OK && !*more ? give(w, r, &h) : e;
}

const struct table table_households = {.name = "households", .depth = ASOF_KEPT, .title = "监测户", .title_en = "Monitored households", .column = columns,
	.columns = ARRAY_LEN(columns), .formats = 1 << EXPORT_CSV | 1 << EXPORT_JSON | 1 << EXPORT_XLSX, .usual = EXPORT_CSV, .areas_only = true,
	.begin = begin, .page = page, .end = end};
