#include "schema/concerned.h"

#include <stdlib.h>
#include <string.h>

#include "schema/sql.h"

void concerned_note(struct concerned *c, const char *person)
{
	size_t n = strlen(person);

	if (n && !map_get(&c->people, person, n))
		(void)map_put(&c->people, person, n, xstrndup(person, n)); /* was not there */
}

void concerned_note_all(struct concerned *c, const char *list, size_t n)
{
	for (size_t at = 0; at < n; at += strlen(list + at) + 1)
		concerned_note(c, list + at);
}

void concerned_clear(struct concerned *c)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(&c->people, &pos)))
		free(v);
	map_done(&c->people);
}

enum err concerned_flush(struct concerned *c, struct store *st)
{
	const char *person;
	size_t pos = 0;
	enum err e = OK;

	while (e == OK && (person = map_next(&c->people, &pos))) {
		sqlite3_stmt *q = sql_get(st, "INSERT INTO concerned(person, rev) VALUES(?1, ?2) ON CONFLICT(person) DO UPDATE SET rev = ?2");

		sql_str(q, 1, person);
		sql_int(q, 2, store_rev(st));
		e = sql_run(q);
	}
	concerned_clear(c);
	return e;
}

enum err concerned_since(struct store *st, const char *device, const char *person, int64_t rev, bool *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT 1 FROM concerned WHERE (person = ?2 OR person IN (SELECT person FROM enrolment "
		"WHERE device = ?1 AND until IS NULL)) AND rev > ?3 LIMIT 1");
	enum err e;

	sql_str(q, 1, device);
	sql_str(q, 2, person);
	sql_int(q, 3, rev);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}
