#include "schema/dutyroll.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/track.h"

struct names { /* numbered as they come */
	struct map of; /* -> index + 1 */
	char **v;
	uint32_t n, cap;
};

struct raw {
	uint32_t person;
	struct dutyroll_deed d;
};

struct dutyroll {
	struct names people, targets;
	struct raw *raw;              /* while it is read */
	struct dutyroll_deed *deed;   /* by person, then time */
	uint32_t *first;              /* of each person; people.n + 1 of them */
	uint32_t n, cap;
};

static uint32_t number_of(struct names *s, struct slice name)
{
	void *at = map_get(&s->of, name.p, name.n);

	if (at)
		return (uint32_t)((uintptr_t)at - 1);
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->v = xrealloc(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n++] = xstrndup(name.p, name.n);
	(void)map_put(&s->of, name.p, name.n, (void *)(uintptr_t)s->n); /* was not there */
	return s->n - 1;
}

static void names_done(struct names *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	map_done(&s->of);
}

void dutyroll_free(struct dutyroll *r)
{
	if (!r)
		return;
	names_done(&r->people);
	names_done(&r->targets);
	free(r->raw);
	free(r->deed);
	free(r->first);
	free(r);
}

void dutyroll_patrol(sqlite3_stmt *q, int col, const char *person, struct duty_deed *x, bool *river)
{
	uint32_t reasons = (uint32_t)sqlite3_column_int64(q, col + 7);
	struct slice route = sql_col(q, col + 2);

	*x = (struct duty_deed){.at_ms = sqlite3_column_int64(q, col), .delegated = strcmp(sql_cstr(q, col + 3), person) != 0,
		.sound = !(reasons & ~(uint32_t)TRACK_BY_RULE), .gap = reasons & TRACK_MIN_GAP,
		.duration_s = sqlite3_column_int64(q, col + 4), .distance_m = sqlite3_column_int64(q, col + 5),
		.coverage = sqlite3_column_type(q, col + 6) == SQLITE_NULL ? -1 : (int32_t)sqlite3_column_int64(q, col + 6)};
	*river = slice_is(route, "river") || slice_is(route, "gully");
}

/* ------------------------------------------------------------------ reading */

static struct raw *add(struct dutyroll *r, struct slice person, struct slice target)
{
	struct raw *w;

	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1024;
		r->raw = xrealloc(r->raw, r->cap * sizeof *r->raw);
	}
	w = &r->raw[r->n++];
	w->person = number_of(&r->people, person);
	w->d.target = number_of(&r->targets, target.p ? target : slice_of(""));
	return w;
}

static enum err count(struct store *st, int64_t from_ms, int64_t to_ms, int64_t *n)
{
	sqlite3_stmt *q = sql_get(st, "SELECT count(*) FROM (SELECT 1 FROM patrol WHERE start_at >= ? AND start_at < ? LIMIT ?)");
	enum err e;

	sql_int(q, 1, from_ms);
	sql_int(q, 2, to_ms);
	sql_int(q, 3, DUTYROLL_MAX + 1);
	if ((e = sql_row(q)) == OK)
		*n = sqlite3_column_int64(q, 0);
	sql_done(q);
	return e;
}

static enum err read_patrols(struct dutyroll *r, struct store *st, int64_t from_ms, int64_t to_ms)
{
	sqlite3_stmt *q = sql_get(st, "SELECT person, " DUTYROLL_COLUMNS " FROM patrol WHERE start_at >= ? AND start_at < ? ORDER BY start_at");
	enum err e;

	sql_int(q, 1, from_ms);
	sql_int(q, 2, to_ms);
	while ((e = sql_row(q)) == OK)
		if (sqlite3_column_type(q, 0) != SQLITE_NULL) {
			struct raw *w = add(r, sql_col(q, 0), sql_col(q, 2));

			dutyroll_patrol(q, 1, sql_cstr(q, 0), &w->d.x, &w->d.river);
		}
	return sql_end(q, e);
}

static enum err read_substitutes(struct dutyroll *r, struct store *st, int64_t from_ms, int64_t to_ms)
{
	/* All that there are: few, and their index begins with the person. */
	sqlite3_stmt *q = sql_get(st, "SELECT sub_person, sub_at, sub_target FROM patrol WHERE sub_person > '' AND sub_at IS NOT NULL AND sub_at >= ? AND "
		"sub_at < ? ORDER BY sub_person, sub_at");
	enum err e;

	sql_int(q, 1, from_ms);
	sql_int(q, 2, to_ms);
	while ((e = sql_row(q)) == OK) {
		struct raw *w = add(r, sql_col(q, 0), sql_col(q, 2));

		w->d.x = (struct duty_deed){.at_ms = sqlite3_column_int64(q, 1), .substitute = true, .sound = true, .coverage = -1};
		w->d.river = true;
	}
	return sql_end(q, e);
}

/* Each person's side by side, in the order in which they were read. */
static void by_person(struct dutyroll *r)
{
	uint32_t *next;

	r->first = xcalloc(r->people.n + 1, sizeof *r->first);
	r->deed = xcalloc(r->n + 1, sizeof *r->deed);
	for (uint32_t i = 0; i < r->n; i++)
		r->first[r->raw[i].person + 1]++;
	for (uint32_t i = 0; i < r->people.n; i++)
		r->first[i + 1] += r->first[i];
	next = xcalloc(r->people.n + 1, sizeof *next);
	memcpy(next, r->first, (r->people.n + 1) * sizeof *next);
	for (uint32_t i = 0; i < r->n; i++)
		r->deed[next[r->raw[i].person]++] = r->raw[i].d;
	free(next);
	free(r->raw);
	r->raw = NULL;
}

enum err dutyroll_read(struct store *st, int64_t from_ms, int64_t to_ms, bool substitutes, struct dutyroll **out)
{
	struct dutyroll *r;
	int64_t n = 0;
	enum err e = count(st, from_ms, to_ms, &n);

	*out = NULL;
	if (e != OK || n > DUTYROLL_MAX)
		return e;
	r = xcalloc(1, sizeof *r);
	e = read_patrols(r, st, from_ms, to_ms);
	if (e == OK && substitutes)
		e = read_substitutes(r, st, from_ms, to_ms);
	if (e != OK) {
		dutyroll_free(r);
		return e;
	}
	by_person(r);
	*out = r;
	return OK;
}

/* ------------------------------------------------------------------ asking */

const struct dutyroll_deed *dutyroll_of(const struct dutyroll *r, const char *person, uint32_t *n)
{
	void *at = map_get(&r->people.of, person, strlen(person));
	uint32_t i = (uint32_t)((uintptr_t)at - 1);

	*n = at ? r->first[i + 1] - r->first[i] : 0;
	return at ? &r->deed[r->first[i]] : NULL;
}

const char *dutyroll_target(const struct dutyroll *r, uint32_t target)
{
	return r->targets.v[target];
}
