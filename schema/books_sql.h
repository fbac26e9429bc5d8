/* books_sql.h - pieces of SQL that the readers of records share (schema/books_*.c and schema/exports/ only). */
#ifndef XUNGE_SCHEMA_BOOKS_SQL_H
#define XUNGE_SCHEMA_BOOKS_SQL_H

#include "schema/books.h"
#include "schema/sql.h"

#define SQL_PERSON(x) "(SELECT name FROM person WHERE id = " x " AND until IS NULL)"
#define SQL_AREA(x) "(SELECT name FROM area WHERE code = " x " AND until IS NULL)"
#define SQL_PLACE(x) "coalesce(" SQL_AREA(x) ", (SELECT name FROM reach WHERE code = " x " AND until IS NULL))"

/* ?1 the asker's scope, ?2 a narrower one (area or reach code), reaches (schema/waters.h) or NULL. */
#define SQL_MINE(area, place)                                                                    \
	" (?1 = '*' OR substr(" area ", 1, length(?1)) = ?1)"                                     \
	" AND (?2 IS NULL OR substr(" area ", 1, length(?2)) = ?2 OR " place " = ?2 OR "          \
	"(substr(?2, 1, 1) = '~' AND CASE ?2 WHEN '~' THEN " place " GLOB '*[^0-9]*' ELSE " place \
	" IN (SELECT code FROM reach WHERE until IS NULL AND (code = substr(?2, 2) OR river = substr(?2, 2))) END)) "

/* An interval of keys, walked from one end: ?3 lowest, ?4 highest key; of the first key only ids on the far
 * side of ?5, of the last one up to ?6. */
struct books_walk {
	int64_t low, high;
	int64_t first_id, last_id;
	bool up;   /* rising keys and ids; else falling */
	bool edge; /* the walk ends at BOOKS_LOOK rows, at (edge_at) */
	struct books_at edge_at;
};

/* The part of [low, high] that p->after leaves. */
void books_walk_start(struct books_walk *w, const struct books_page *p, int64_t low, int64_t high, bool up);
/* Binds ?3 .. ?6. */
void books_walk_bind(const struct books_walk *w, sqlite3_stmt *q);
/* q: the walk's (key, id) with ?3 .. ?6 and `LIMIT 1 OFFSET ?7`: where BOOKS_LOOK rows end. */
enum err books_walk_edge(struct books_walk *w, sqlite3_stmt *q) MUST_CHECK;

/* The WHERE of a walk by `key` and `id`. */
#define SQL_FALLING(key, id) " " key " BETWEEN ?3 AND ?4 AND (" key " <> ?4 OR " id " < ?5) AND (" key " <> ?3 OR " id " >= ?6) "
#define SQL_RISING(key, id) " " key " BETWEEN ?3 AND ?4 AND (" key " <> ?3 OR " id " > ?5) AND (" key " <> ?4 OR " id " <= ?6) "

/* Counts the rows of a page: false when p->limit were given already (p->more, p->next are set). */
bool books_give(struct books_page *p, int *given, struct books_at at);
/* After the last row: what lies behind the edge is another page. */
void books_walk_end(const struct books_walk *w, struct books_page *p);

/* The ?1, ?2, ?8 .. ?15 of a query on `casus c`, and their values; the figure is not among them. */
#define SQL_CASE_FILTER                                                                                                 \
	SQL_MINE("c.area", "c.scope")                                                                                     \
	" AND (?8 IS NULL OR c.class = ?8) AND (?9 IS NULL OR c.category = ?9)"                                           \
	" AND (?10 IS NULL OR c.level = ?10) AND (?11 IS NULL OR c.holder = ?11)"                                         \
	" AND (?12 = 0 OR (?12 >> c.state) & 1) AND (?13 = 0 OR c.severity = ?13)"                                        \
	" AND (?14 IS NULL OR instr(lower(coalesce(c.title, '')), lower(?14)) OR c.name = ?14 OR instr(coalesce(" SQL_PLACE("c.scope") \
	", ''), ?14) OR instr(coalesce(" SQL_PERSON("c.reporter") ", ''), ?14))"                                          \
	" AND (?15 = 0 OR c.due < ?15 AND c.state IN (2, 3, 4)) "
struct books_case_filter;
void books_case_bind(sqlite3_stmt *q, const char *scope, const char *within, const struct books_case_filter *f);

/* The ?1, ?2, ?8 .. ?18 of a query on `patrol t`, and their values; now_ms: for those under way. */
#define SQL_PATROL_FILTER                                                                                                 \
	SQL_MINE("t.t_area", "t.target")                                                                                  \
	" AND (?8 IS NULL OR t.person = ?8) AND (?9 IS NULL OR t.target = ?9) AND (?10 IS NULL OR t.route = ?10)"         \
	" AND (?11 IS NULL OR t.rule = ?11) AND (?12 < 0 OR (t.reasons = 0) = ?12)"                                       \
	" AND (?17 < 0 OR (t.end_at IS NULL AND t.start_at > ?18) = ?17)"                                                    \
	" AND (?13 = 0 OR t.reasons & ?13) AND (?14 < 0 OR (t.t_river_level IS NOT NULL) = ?14)"                          \
	" AND (?15 IS NULL OR coalesce(CASE ?14 WHEN 1 THEN t.t_river_level ELSE t.t_level END, '') = ?15)"               \
	" AND (?16 IS NULL OR instr(coalesce(" SQL_PERSON("t.person") ", ''), ?16) OR instr(coalesce(" SQL_PERSON("t.actor") \
	", ''), ?16) OR instr(coalesce(" SQL_PLACE("t.target") ", ''), ?16) OR t.person = ?16) "
struct books_patrol_filter;
void books_patrol_bind(sqlite3_stmt *q, const char *scope, const char *within, const struct books_patrol_filter *f, int64_t now_ms);

struct books_named books_named(sqlite3_stmt *q, int code_col); /* code, name in the next column */
int64_t books_ms(sqlite3_stmt *q, int col); /* -1 for NULL */

#endif
