#include "schema/exports/stretch.h"

#include <stdlib.h>

#include "core/civil.h"
#include "schema/figures/figures.h"
#include "schema/sql.h"

bool stretch_matters(const char *figure)
{
	const struct figure *f = figure ? figure_find(figure) : NULL;

	return f && f->kind != FIGURE_STATE;
}

/* 0: it is not frozen. */
static enum err frozen_by(struct store *st, int32_t month, int64_t *commit)
{
	sqlite3_stmt *q = sql_get(st, "SELECT \"commit\" FROM freeze WHERE month = ?");
	enum err e;

	sql_int(q, 1, month);
	e = sql_row(q);
	*commit = e == OK ? sqlite3_column_int64(q, 0) : 0;
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err stretch_list(struct store *st, int32_t from, int32_t to, struct stretch **out, size_t *n)
{
	struct stretch *v = NULL;
	size_t have = 0;
	enum err e = OK;

	while (from < to) {
		int y, m, d;
		int32_t end;
		int64_t commit;

		civil_split(from, &y, &m, &d);
		if ((e = frozen_by(st, y * 100 + m, &commit)) != OK)
			break;
		end = m < 12 ? civil_make(y, m + 1, 1) : civil_make(y + 1, 1, 1);
		if (end > to)
			end = to;
		if (have && v[have - 1].commit == commit) {
			v[have - 1].to = end;
		} else {
			v = xrealloc(v, (have + 1) * sizeof *v);
			v[have++] = (struct stretch){from, end, commit};
		}
		from = end;
	}
	if (e != OK || have < 2) {
		free(v);
		v = NULL;
		have = 0;
	}
	*out = v;
	*n = have;
	return e;
}
