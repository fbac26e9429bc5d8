/* What is counted by reach: of random events, the reaches and all that is no reach add up to what the tallies hold. */
#include "schema/waters.h"

#include <time.h>

#include "base/clock.h"
#include "schema/books_reaches.h"
#include "schema/dossier.h"
#include "schema/duties.h"
#include "tests/unit/storm.h"

#define LINES 4000

struct counts {
	char key[LINES][80];
	int64_t n[LINES];
	int used;
};

static void add(struct counts *c, const char *figure, const char *level, const char *category, int64_t n)
{
	char key[80];
	int i = 0;

	(void)snprintf(key, sizeof key, "%.30s/%.12s/%.30s", figure, level, category);
	while (i < c->used && strcmp(c->key[i], key) != 0)
		i++;
	assert_true(i < LINES);
	if (i == c->used)
		memcpy(c->key[c->used++], key, sizeof key);
	c->n[i] += n;
}

static int64_t of(const struct counts *c, const char *key)
{
	for (int i = 0; i < c->used; i++)
		if (strcmp(c->key[i], key) == 0)
			return c->n[i];
	return 0;
}

static void take(void *ctx, const struct books_tally *t)
{
	static const char *const others[] = {"events", "inspections", "works", "works_approx", "visits", "visited", "visit_staff", "aid"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(t->figure, others[i]) == 0)
			return; /* no reach has them */
	add(ctx, t->figure, t->level, t->category, t->n);
}

static void take_share(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	(void)area;
	(void)day;
	add(ctx, figure, level, category, 1);
}

/* What stands at no reach, straight from the records. */
static void add_rest(struct town *t, struct counts *c)
{
	sqlite3_stmt *q = sql_get(t->st, "SELECT coalesce(t_route, ''), coalesce(t_level, ''), t_river_level, coalesce(t_valid, 0), distance_m, duration_s FROM patrol "
		"WHERE t_day IS NOT NULL AND coalesce(target, '') NOT GLOB '*[^0-9]*'");
	enum err e;

	while ((e = sql_row(q)) == OK) {
		add(c, "patrols", sql_cstr(q, 1), sql_cstr(q, 0), 1);
		add(c, "patrol_m", "", sql_cstr(q, 0), sqlite3_column_int64(q, 4));
		add(c, "patrol_s", "", sql_cstr(q, 0), sqlite3_column_int64(q, 5));
		if (sqlite3_column_type(q, 2) == SQLITE_NULL)
			continue;
		add(c, "river_patrols", sql_cstr(q, 2), "", 1);
		add(c, "river_patrols_valid", sql_cstr(q, 2), "", sqlite3_column_int64(q, 3));
	}
	assert_int_equal(sql_end(q, e), OK);
	q = sql_get(t->st, "SELECT share FROM casus WHERE share IS NOT NULL AND coalesce(scope, '') NOT GLOB '*[^0-9]*'");
	while ((e = sql_row(q)) == OK)
		dossier_share_each(sql_cstr(q, 0), take_share, c);
	assert_int_equal(sql_end(q, e), OK);
}

static void same(const struct counts *want, const struct counts *got, const char *what)
{
	for (int i = 0; i < want->used; i++)
		if (want->n[i] != of(got, want->key[i]))
			fail_msg("SEED=%llu: %s: %s is %lld, not %lld", (unsigned long long)storm_seed, what, want->key[i], (long long)of(got, want->key[i]),
				(long long)want->n[i]);
	for (int i = 0; i < got->used; i++)
		if (got->n[i] != of(want, got->key[i]))
			fail_msg("SEED=%llu: %s: %s is %lld, not %lld", (unsigned long long)storm_seed, what, got->key[i], (long long)got->n[i],
				(long long)of(want, got->key[i]));
}

#define YEAR civil_make(2025, 1, 1), civil_make(2026, 1, 1)

static void sums(struct town *t, const char *scope, const char *within, struct counts *c)
{
	assert_int_equal(waters_sums(t->st, scope, within, YEAR, take, c), OK);
}

/* ------------------------------------------------------------------ duties */

static void count_duty(void *ctx, const struct duty_row *d)
{
	if (area_is_reach(slice_of(d->target)) && (d->state == DUTY_MET || d->state == DUTY_OVERDUE))
		add(ctx, d->state == DUTY_MET ? "met" : "overdue", d->level, "", 1);
}

static void duty_level(void *ctx, const char *level, int64_t met, int64_t overdue)
{
	add(ctx, "met", level, "", met);
	add(ctx, "overdue", level, "", overdue);
}

static void duties(struct town *t)
{
	struct counts *want = calloc(1, sizeof *want), *got = calloc(1, sizeof *got);
	struct duties_page page = {.after = "", .people = 1000};

	assert_int_equal(duties_history(t->st, "*", REGISTRY_NOW, civil_make(2025, 1, 1), civil_make(2025, 12, 31), TOWN_NOW, &page, count_duty, want), OK);
	assert_false(page.more);
	assert_int_equal(waters_duties(t->st, "*", "~", YEAR, TOWN_NOW, duty_level, got), OK);
	same(want, got, "duties");
	memset(got, 0, sizeof *got);
	assert_int_equal(waters_duties(t->st, "*", "QSH-01", YEAR, TOWN_NOW, duty_level, got), OK);
	assert_int_equal(waters_duties(t->st, "*", "~后沟", YEAR, TOWN_NOW, duty_level, got), OK);
	same(want, got, "duties of the one and the other");
	free(want);
	free(got);
}

/* ------------------------------------------------------------------ the list of reaches */

static void list_row(void *ctx, const struct books_reach *r)
{
	for (size_t i = 0; i < r->nlevels; i++) {
		add(ctx, "river_patrols", r->level[i].level, "", r->level[i].span[BOOKS_YEAR].patrols);
		add(ctx, "river_patrols_valid", r->level[i].level, "", r->level[i].span[BOOKS_YEAR].valid);
	}
	add(ctx, "all", "", "", r->patrols[BOOKS_YEAR]);
}

static void list(struct town *t, const struct counts *all)
{
	struct counts *got = calloc(1, sizeof *got);
	struct books_page p = {.scope = "*", .now_ms = TOWN_NOW, .limit = 1};
	char after[REACH_CODE_MAX + 1] = "", next[REACH_CODE_MAX + 1] = "";
	int64_t patrols = 0;
	int pages = 0;

	do {
		assert_int_equal(books_reach_rows(t->st, &p, after, next, list_row, got), OK);
		slice_copy(after, sizeof after, slice_of(next));
		pages++;
	} while (p.more);
	assert_int_equal(pages, 2);
	for (int i = 0; i < all->used; i++) {
		if (strncmp(all->key[i], "river_patrols", 13) == 0)
			assert_int_equal(all->n[i], of(got, all->key[i]));
		if (strncmp(all->key[i], "patrols/", 8) == 0)
			patrols += all->n[i];
	}
	assert_int_equal(patrols, of(got, "all//"));
	free(got);
}

static void test_adds_up(void **unused)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_wall_ms();
	int n = rounds ? atoi(rounds) : 4;
	struct storm_event *v = calloc(STORM_EVENTS, sizeof *v);
	struct town *t = calloc(1, sizeof *t);
	struct counts *c = calloc(3, sizeof *c);
	int64_t rivers = 0, cases = 0;

	(void)unused;
	(void)fprintf(stderr, "SEED=%llu ROUNDS=%d\n", (unsigned long long)start, n);
	for (int r = 0; r < n; r++) {
		int events;

		storm_seed = start + (uint64_t)r;
		events = storm_make(v, TOWN_NOW);
		town_make(t);
		storm_rules(t);
		storm_deliver(t, v, events, true);
		memset(c, 0, 3 * sizeof *c);
		assert_int_equal(books_sums(t->st, "*", NULL, YEAR, NULL, take, &c[0]), OK);
		sums(t, "*", "~", &c[1]);
		rivers += of(&c[1], "river_patrols/community/");
		cases += of(&c[1], "cases_received//finding") + of(&c[1], "cases_received//hazard");
		list(t, &c[1]);
		sums(t, "*", "QSH-01", &c[2]);
		sums(t, "*", "~HG-01", &c[2]); /* a code, as a set */
		same(&c[1], &c[2], "the one reach and the other");
		memset(&c[2], 0, sizeof c[2]);
		sums(t, "*", "~清水河", &c[2]);
		sums(t, "990101100002", "~", &c[2]); /* whose reach is the gully */
		same(&c[1], &c[2], "by river, and by scope");
		memset(&c[2], 0, sizeof c[2]);
		sums(t, "*", "~无此河", &c[2]);
		assert_int_equal(c[2].used, 0);
		add_rest(t, &c[1]);
		same(&c[0], &c[1], "reaches and the rest");
		duties(t);
		town_remove(t);
	}
	assert_true(n < 4 || (rivers > 0 && cases > 0)); /* the set is worth the test */
	free(c);
	free(v);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_adds_up)};

	return cmocka_run_group_tests_name("waters", tests, NULL, NULL);
}
