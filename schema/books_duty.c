#include "schema/books_duty.h"

#include "core/civil.h"
#include "schema/books_sql.h"

#define DUTY_ORDER "d.person, d.rule, d.target, d.level, d.role"
#define BEHIND "(" DUTY_ORDER ") > (?3, ?4, ?5, ?6, ?7)"
#define UP_TO "(" DUTY_ORDER ") <= (?9, ?10, ?11, ?12, ?13)"

/* A reason is looked up only for those that are exempt (5). */
#define DUTY_COLUMNS                                                                                     \
	"SELECT " DUTY_ORDER ", d.overdue, " SQL_PERSON("d.person") ", " SQL_PLACE("d.target") ", d.area, " \
	SQL_AREA("d.area") ", d.unit, d.first, d.last, d.need, d.done, d.state, CASE d.state WHEN 5 THEN "  \
	"(SELECT reason FROM exemption x WHERE x.person = d.person AND x.until IS NULL AND "               \
	"x.rule IN ('', d.rule) AND x.target IN ('', d.target) AND x.valid_from <= ?19 AND "               \
	"(x.valid_to IS NULL OR x.valid_to >= ?19) LIMIT 1) END "

#define DUTY_FILTER                                                                     \
	SQL_MINE("d.area", "d.target")                                                   \
	" AND d.gone = 0 AND (?14 IS NULL OR d.level = ?14) AND (?15 IS NULL OR d.rule = ?15)" \
	" AND (?16 IS NULL OR d.target = ?16) AND (?17 < 0 OR d.state = ?17)"            \
	" AND (?18 IS NULL OR d.person = ?18) AND (?22 IS NULL OR d.role = ?22) AND (?23 = 0 OR d.last = ?23) "

/* Longest overdue first: the same order behind the instant (?20, ?21: between these). */
#define FROM_OVERDUE "FROM duty_state d INDEXED BY duty_state_overdue WHERE d.overdue IS NOT NULL AND d.gone = 0 AND "
#define BEHIND_OVERDUE "(d.overdue, " DUTY_ORDER ") > (?20, ?3, ?4, ?5, ?6, ?7)"
#define UP_TO_OVERDUE "(d.overdue, " DUTY_ORDER ") <= (?21, ?9, ?10, ?11, ?12, ?13)"

int32_t books_duty_due(const struct books_duty *d)
{
	return civil_day(d->overdue_ms - 1);
}

int32_t books_duty_days(const struct books_duty *d, int64_t now_ms)
{
	return civil_day(now_ms) - books_duty_due(d);
}

static void key_of(sqlite3_stmt *q, struct books_duty_key *k)
{
	slice_copy(k->person, sizeof k->person, sql_col(q, 0));
	slice_copy(k->rule, sizeof k->rule, sql_col(q, 1));
	slice_copy(k->target, sizeof k->target, sql_col(q, 2));
	slice_copy(k->level, sizeof k->level, sql_col(q, 3));
	slice_copy(k->role, sizeof k->role, sql_col(q, 4));
	k->overdue = sqlite3_column_int64(q, 5);
}

static void bind_key(sqlite3_stmt *q, int at, int overdue_at, const struct books_duty_key *k)
{
	sql_str(q, at, k->person);
	sql_str(q, at + 1, k->rule);
	sql_str(q, at + 2, k->target);
	sql_str(q, at + 3, k->level);
	sql_str(q, at + 4, k->role);
	if (overdue_at)
		sql_int(q, overdue_at, k->overdue);
}

static struct books_duty duty_of(sqlite3_stmt *q)
{
	return (struct books_duty){.person = {sql_cstr(q, 0), sql_cstr(q, 6)}, .rule = sql_cstr(q, 1),
		.target = {sql_cstr(q, 2), sql_cstr(q, 7)}, .level = sql_cstr(q, 3), .role = sql_cstr(q, 4),
		.overdue_ms = books_ms(q, 5), .area = books_named(q, 8), .unit = sql_cstr(q, 10),
		.first = sqlite3_column_int(q, 11), .last = sqlite3_column_int(q, 12),
		.need = sqlite3_column_int64(q, 13), .done = sqlite3_column_int64(q, 14),
		.state = (enum duty_state)sqlite3_column_int(q, 15), .reason = sql_cstr(q, 16)};
}

/* Where BOOKS_LOOK rows behind *after end; ERR_NOTFOUND: the list ends before. */
static enum err edge_of(struct store *st, bool overdue, const struct books_duty_key *after, struct books_duty_key *edge)
{
	sqlite3_stmt *q = overdue
		? sql_get(st, "SELECT " DUTY_ORDER ", d.overdue " FROM_OVERDUE BEHIND_OVERDUE " ORDER BY d.overdue, " DUTY_ORDER " LIMIT 1 OFFSET ?8")
		: sql_get(st, "SELECT " DUTY_ORDER ", NULL FROM duty_state d WHERE " BEHIND " ORDER BY " DUTY_ORDER " LIMIT 1 OFFSET ?8");
	enum err e;

	bind_key(q, 3, overdue ? 20 : 0, after);
	sql_int(q, 8, BOOKS_LOOK - 1);
	if ((e = sql_row(q)) == OK)
		key_of(q, edge);
	sql_done(q);
	return e;
}

enum err books_duties(struct store *st, struct books_page *p, const struct books_duty_filter *f, const struct books_duty_key *after,
	struct books_duty_key *next, void (*row)(void *ctx, const struct books_duty *d), void *ctx)
{
	struct books_duty_key from = {.overdue = INT64_MIN}, edge = {.overdue = INT64_MAX};
	bool is_edge = false;
	sqlite3_stmt *q;
	int given = 0;
	enum err e;

	p->more = false;
	(void)memcpy(edge.person, "\xf5", 2); /* behind every text */
	if (p->has_after)
		from = *after;
	else if (f->person && !f->overdue)
		slice_copy(from.person, sizeof from.person, slice_of(f->person)); /* rule "" is before all of them */
	if ((e = edge_of(st, f->overdue, &from, &edge)) != OK && e != ERR_NOTFOUND)
		return e;
	is_edge = e == OK;
	if (f->person && !f->overdue && (!is_edge || strcmp(edge.person, f->person) != 0)) { /* one person's rows end before */
		is_edge = false;
		edge = (struct books_duty_key){.rule = "\xf5"};
		slice_copy(edge.person, sizeof edge.person, slice_of(f->person));
	}
	q = f->overdue
		? sql_get(st, DUTY_COLUMNS FROM_OVERDUE BEHIND_OVERDUE " AND " UP_TO_OVERDUE " AND" DUTY_FILTER "ORDER BY d.overdue, " DUTY_ORDER " LIMIT ?8")
		: sql_get(st, DUTY_COLUMNS "FROM duty_state d WHERE " BEHIND " AND " UP_TO " AND" DUTY_FILTER "ORDER BY " DUTY_ORDER " LIMIT ?8");
	sql_str(q, 1, p->scope);
	sql_str(q, 2, p->within);
	bind_key(q, 3, f->overdue ? 20 : 0, &from);
	sql_int(q, 8, (int64_t)p->limit + 1);
	bind_key(q, 9, f->overdue ? 21 : 0, &edge);
	sql_str(q, 14, f->level);
	sql_str(q, 15, f->rule);
	sql_str(q, 16, f->target);
	sql_int(q, 17, f->state);
	sql_str(q, 18, f->person);
	sql_int(q, 19, civil_day(p->now_ms));
	sql_str(q, 22, f->role);
	sql_int(q, 23, f->last);
	while ((e = sql_row(q)) == OK && books_give(p, &given, (struct books_at){0, 0})) {
		struct books_duty d = duty_of(q);

		key_of(q, next);
		row(ctx, &d);
	}
	if (is_edge && !p->more) {
		p->more = true;
		*next = edge;
	}
	return sql_end(q, e);
}
