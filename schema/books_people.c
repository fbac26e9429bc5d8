#include "schema/books_people.h"

#include <string.h>

#include "core/civil.h"
#include "schema/books_sql.h"

#define ORDER "a.person, a.role, a.scope"
#define AREA "coalesce((SELECT area FROM reach WHERE code = a.scope AND until IS NULL), a.scope)"
#define HOLDS " a.until IS NULL AND a.valid_from <= ?8 AND (a.valid_to IS NULL OR a.valid_to >= ?8) "
#define DUTIES(which) "(SELECT count(*) FROM duty_state WHERE person = a.person AND gone = 0 AND state <> 5 AND " which ")"

/* Where BOOKS_LOOK appointments behind *after end; ERR_NOTFOUND: the list ends before. */
static enum err edge_of(struct store *st, const struct books_person_key *after, struct books_person_key *edge)
{
	sqlite3_stmt *q = sql_get(st, "SELECT " ORDER " FROM appointment a WHERE (" ORDER ") > (?1, ?2, ?3) ORDER BY " ORDER " LIMIT 1 OFFSET ?4");
	enum err e;

	sql_str(q, 1, after->person);
	sql_str(q, 2, after->role);
	sql_str(q, 3, after->scope);
	sql_int(q, 4, BOOKS_LOOK - 1);
	if ((e = sql_row(q)) == OK) {
		slice_copy(edge->person, sizeof edge->person, sql_col(q, 0));
		slice_copy(edge->role, sizeof edge->role, sql_col(q, 1));
		slice_copy(edge->scope, sizeof edge->scope, sql_col(q, 2));
	}
	sql_done(q);
	return e;
}

/* Gives the row with the person's last patrol. */
static enum err give(struct store *st, struct books_person *r, void (*row)(void *ctx, const struct books_person *r), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT t.start_at, t.device, t.name, t.target, " SQL_PLACE("t.target") ", t.reasons = 0 FROM patrol t INDEXED BY "
		"patrol_person WHERE t.person = ?1 AND t.start_at IS NOT NULL ORDER BY t.start_at DESC LIMIT 1");
	enum err e;

	r->last_ms = -1;
	sql_str(q, 1, r->person.code);
	if ((e = sql_row(q)) == OK) {
		r->last_ms = sqlite3_column_int64(q, 0);
		r->device = sql_cstr(q, 1);
		r->patrol = sql_cstr(q, 2);
		r->target = books_named(q, 3);
		r->valid = sqlite3_column_int(q, 5) != 0;
	}
	if (e == OK || e == ERR_NOTFOUND)
		row(ctx, r);
	sql_done(q);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err books_people(struct store *st, struct books_page *p, const struct books_person_filter *f, const struct books_person_key *after,
	struct books_person_key *next, void (*row)(void *ctx, const struct books_person *r), void *ctx)
{
	struct books_person_key from = p->has_after ? *after : (struct books_person_key){.person = ""}, edge = {.person = "\xf5"}; /* behind every text */
	enum err e = edge_of(st, &from, &edge);
	bool is_edge = e == OK;
	sqlite3_stmt *q;
	int given = 0;

	p->more = false;
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	q = sql_get(st, "SELECT " ORDER ", p.name, a.level, " SQL_PLACE("a.scope") ", " AREA ", " SQL_AREA(AREA) ", " DUTIES("1") ", " DUTIES("state = 3") ", "
		DUTIES("overdue IS NOT NULL") " FROM appointment a JOIN person p ON p.id = a.person AND p.until IS NULL WHERE (" ORDER ") > (?3, ?4, ?5) AND ("
		ORDER ") <= (?9, ?10, ?11) AND" HOLDS "AND" SQL_MINE(AREA, "a.scope") "AND (?6 IS NULL OR a.person = ?6) AND (?12 IS NULL OR a.role = ?12) AND "
		"(?13 IS NULL OR a.level = ?13) AND (?14 IS NULL OR instr(p.name, ?14) OR p.id = ?14) ORDER BY " ORDER " LIMIT ?7");
	sql_str(q, 1, p->scope);
	sql_str(q, 2, p->within);
	sql_str(q, 3, from.person);
	sql_str(q, 4, from.role);
	sql_str(q, 5, from.scope);
	sql_str(q, 6, f->person);
	sql_int(q, 7, (int64_t)p->limit + 1);
	sql_int(q, 8, civil_day(p->now_ms));
	sql_str(q, 9, edge.person);
	sql_str(q, 10, edge.role);
	sql_str(q, 11, edge.scope);
	sql_str(q, 12, f->role);
	sql_str(q, 13, f->level);
	sql_str(q, 14, f->text);
	while ((e = sql_row(q)) == OK && books_give(p, &given, (struct books_at){0, 0})) {
		struct books_person r = {.person = {sql_cstr(q, 0), sql_cstr(q, 3)}, .role = sql_cstr(q, 1), .level = sql_cstr(q, 4),
			.place = {sql_cstr(q, 2), sql_cstr(q, 5)}, .area = {sql_cstr(q, 6), sql_cstr(q, 7)}, .duties = sqlite3_column_int64(q, 8),
			.met = sqlite3_column_int64(q, 9), .overdue = sqlite3_column_int64(q, 10)};

		slice_copy(next->person, sizeof next->person, sql_col(q, 0));
		slice_copy(next->role, sizeof next->role, sql_col(q, 1));
		slice_copy(next->scope, sizeof next->scope, sql_col(q, 2));
		if ((e = give(st, &r, row, ctx)) != OK)
			break;
	}
	if (is_edge && !p->more) {
		p->more = true;
		*next = edge;
	}
	return sql_end(q, e);
}
