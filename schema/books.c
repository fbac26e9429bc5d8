#include "schema/books.h"

#include "schema/books_sql.h"

void books_walk_start(struct books_walk *w, const struct books_page *p, int64_t low, int64_t high, bool up)
{
	*w = (struct books_walk){low, high, up ? INT64_MIN : INT64_MAX, up ? INT64_MAX : INT64_MIN, up, false, {0, 0}};
	if (!p->has_after)
		return;
	if (up && p->after.key >= low) {
		w->low = p->after.key;
		w->first_id = p->after.id;
	} else if (!up && p->after.key <= high) {
		w->high = p->after.key;
		w->first_id = p->after.id;
	}
}

void books_walk_bind(const struct books_walk *w, sqlite3_stmt *q)
{
	sql_int(q, 3, w->low);
	sql_int(q, 4, w->high);
	sql_int(q, 5, w->first_id);
	sql_int(q, 6, w->last_id);
}

enum err books_walk_edge(struct books_walk *w, sqlite3_stmt *q)
{
	enum err e;

	books_walk_bind(w, q);
	sql_int(q, 7, BOOKS_LOOK - 1);
	if ((e = sql_row(q)) == OK) {
		w->edge = true;
		w->edge_at = (struct books_at){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
		*(w->up ? &w->high : &w->low) = w->edge_at.key;
		w->last_id = w->edge_at.id;
	}
	return sql_end(q, e);
}

bool books_give(struct books_page *p, int *given, struct books_at at)
{
	if (*given == p->limit) {
		p->more = true;
		return false;
	}
	p->next = at;
	++*given;
	return true;
}

void books_walk_end(const struct books_walk *w, struct books_page *p)
{
	if (w->edge && !p->more) {
		p->more = true;
		p->next = w->edge_at;
	}
}

struct books_named books_named(sqlite3_stmt *q, int code_col)
{
	return (struct books_named){sql_cstr(q, code_col), sql_cstr(q, code_col + 1)};
}

int64_t books_ms(sqlite3_stmt *q, int col)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, col);
}
