/* t_sums.c - what is added up in many short reads has the bytes of a database that was stopped at the commit it names, whatever is
 * committed between the reads: events of today and of years that are over, voids, changes of the registry, a freeze.
 * SEED and ROUNDS in the environment. */
#include "tests/unit/storm.h"

#include "base/clock.h"
#include "schema/exports/export.h"
#include "schema/figures/sum.h"
#include "schema/freeze.h"

#define TWINS 4000

struct twin {
	int64_t commit;
	char path[112];
};

struct past {
	struct town t;
	int64_t now_ms;
	struct storm_event *v;
	int n, next;
	struct twin *twin, freeze; /* freeze.commit 0: nothing is frozen; its period is shown as of that from then on */
	int twins;
	int64_t files, newest;
};

/* ------------------------------------------------------------------ what happens */

/* The file as it stands, for each commit that an export may name. */
static void stop_here(struct past *p)
{
	struct twin *w = &p->twin[p->twins++];
	struct head head;
	char *name;

	assert_true(p->twins < TWINS);
	assert_int_equal(store_head(p->t.st, &head), OK);
	w->commit = head.commit;
	name = xasprintf("%s/twin%lld.db", p->t.dir, (long long)++p->files);
	slice_copy(w->path, sizeof w->path, slice_of(name));
	free(name);
	town_copy(&p->t, w->path);
}

static void forget_twins(struct past *p, bool all)
{
	for (int i = 0; i < p->twins; i++)
		if (p->twin[i].commit != p->freeze.commit)
			town_remove_db(p->twin[i].path);
	p->twins = 0;
	if (all && p->freeze.commit)
		town_remove_db(p->freeze.path);
}

static void commit(struct past *p)
{
	struct intake_ack a;
	struct head head;

	p->now_ms += 1000;
	assert_int_equal(intake_commit(p->t.in, p->now_ms, &head), OK);
	while (intake_next_ack(p->t.in, &a))
		;
}

static void events(struct past *p, int n)
{
	for (; n > 0 && p->next < p->n; n--, p->next++) {
		struct intake_from from = {slice_of(p->v[p->next].device), slice_of("990101"), 0, 7};

		assert_int_equal(intake_take(p->t.in, &from, slice_of(p->v[p->next].json), p->now_ms), OK);
	}
	commit(p);
}

/* A name, an area more, a rule: as an import would, in a transaction with a number of its own. */
static void some_change(struct past *p)
{
	long long made = 0;
	char text[700];
	uint32_t n = 1 + roll(6);

	assert_int_equal(store_begin(p->t.st), OK);
	assert_int_equal(store_note(p->t.st, p->now_ms, "test change", 1, (int64_t *)&made), OK);
	switch (roll(3)) {
	case 0:
		(void)snprintf(text, sizeof text, "UPDATE area SET until = %lld WHERE code = '990101100001' AND until IS NULL; "
			"INSERT INTO area VALUES('990101100001', '改名%u', NULL, NULL, %lld, NULL)", made, n, made);
		break;
	case 1:
		(void)snprintf(text, sizeof text, "INSERT INTO area SELECT '99010110000%u', '新区', NULL, NULL, %lld, NULL WHERE NOT EXISTS (SELECT 1 FROM area "
			"WHERE code = '99010110000%u')", n, made, n);
		break;
	default:
		(void)snprintf(text, sizeof text, "UPDATE duty SET until = %lld WHERE rule = 'grid' AND until IS NULL; "
			"INSERT INTO duty VALUES('grid','worker','grid','any','day',112,%u,'times',1,10,NULL,NULL,0,0,NULL,NULL,%lld,NULL)", made, n, made);
	}
	town_sql(&p->t, text);
	assert_int_equal(store_commit(p->t.st, p->now_ms, NULL), OK);
	town_close(&p->t); /* what it knows is of before */
	town_open(&p->t);
}

static void some_freeze(struct past *p)
{
	struct freeze_done done;
	struct office_end end;
	struct why why = {""};

	if (office_freeze(p->t.st, p->t.in, p->now_ms, "2025-11", &done, &end, &why) != OK)
		fail_msg("%s", why.text);
	stop_here(p);
	p->freeze = p->twin[p->twins - 1];
}

/* Between two reads. */
static bool meanwhile(struct past *p, int most)
{
	if (p->twins && roll(3) == 0)
		return false;
	if (roll(25) == 0)
		some_change(p);
	else if (roll(40) == 0 && !p->freeze.commit && p->now_ms > TOWN_NOW + 30 * CIVIL_DAY_MS)
		some_freeze(p);
	else
		events(p, 1 + (int)roll((uint32_t)most));
	stop_here(p);
	return true;
}

/* ------------------------------------------------------------------ what is asked */

struct asked {
	const char *name, *from, *to;
	enum export_format format;
};

static struct export *opened(struct store *st, const struct past *p, const struct asked *a, size_t piece)
{
	struct export_ask ask = {.name = a->name, .format = a->format, .has_format = true, .scope = "*", .within = strcmp(a->name, "areas") == 0 ? "990101100" : NULL,
		.from = a->from, .to = a->to, .at_ms = TOWN_NOW + CIVIL_DAY_MS, .now_ms = p->now_ms, .piece = piece};
	struct export *x = NULL;
	struct why why = {""};

	if (export_open(st, &ask, &x, &why) != OK)
		fail_msg("%s: %s", a->name, why.text);
	return x;
}

static void step(struct export *x, struct buf *b, bool *more, const char *name)
{
	struct why why = {""};

	if (export_step(x, b, more, &why) != OK)
		fail_msg("%s: %s", name, why.text);
}

/* In as few reads as can be, of the database that was stopped at this commit. */
static struct buf of_twin(const struct past *p, const struct asked *a, int64_t commit)
{
	struct store *st = NULL;
	struct why why = {""};
	struct buf b = {0};
	struct export *x;
	bool more = true;
	int i = 0;

	while (i < p->twins && p->twin[i].commit != commit)
		i++;
	if (i == p->twins && commit != p->freeze.commit)
		fail_msg("%s names commit %lld, where nothing stopped", a->name, (long long)commit);
	if (store_open(i < p->twins ? p->twin[i].path : p->freeze.path, STORE_READER, &st, &why) != OK)
		fail_msg("%s", why.text);
	x = opened(st, p, a, 0);
	while (more)
		step(x, &b, &more, a->name);
	export_close(x);
	store_close(st);
	return b;
}

struct met {
	int commits, reads, moved; /* commits between reads of sums; reads; exports whose commit is not the one they were opened at ... */
	int newest;                /* ... and is that of the last read */
	int later;                 /* commits between pages */
};

static void compare(struct past *p, const struct asked *a, uint64_t seed, struct met *met)
{
	struct store *st = NULL;
	struct why why = {""};
	struct buf got = {0}, want;
	struct export *x;
	bool more = true;
	int64_t then;
	size_t at = 0;

	forget_twins(p, false);
	stop_here(p);
	if (store_open(p->t.path, STORE_READER, &st, &why) != OK)
		fail_msg("%s", why.text);
	x = opened(st, p, a, 1);
	then = export_as_of(x, NULL);
	/* Then nothing comes for a while: else it would go back to where it stood, and what changed would never be read again. */
	for (int calm = 2 + (int)roll(60), steps = 0; more; steps++) {
		if (export_is_certain(x)) { /* of which commit it is stands */
			if (steps % 3 == 0) {
				roll(9) ? events(p, 1 + (int)roll(3)) : some_change(p);
				met->later++;
			}
		} else if (steps < calm && meanwhile(p, 3)) {
			met->commits++;
		}
		step(x, &got, &more, a->name);
		if (!export_is_certain(x)) {
			met->reads++;
			p->newest = p->twin[p->twins - 1].commit;
		}
		assert_true(sqlite3_get_autocommit(sql_db(st))); /* nothing is held between steps */
	}
	met->moved += export_as_of(x, NULL) != then;
	met->newest += export_as_of(x, NULL) == p->newest;
	want = of_twin(p, a, export_as_of(x, NULL));
	buf_addc(&want, '\0');
	buf_addc(&got, '\0');
	if (want.n != got.n || memcmp(want.p, got.p, want.n) != 0) {
		while (at < want.n && at < got.n && want.p[at] == got.p[at])
			at++;
		while (at > 0 && want.p[at - 1] != '\n')
			at--;
		fail_msg("SEED=%llu: %s of %s to %s as of commit %lld is\n%.300s\n--- the database of then has\n%.300s", (unsigned long long)seed, a->name, a->from, a->to,
			(long long)export_as_of(x, NULL), got.p + at, want.p + at);
	}
	export_close(x);
	store_close(st);
	buf_done(&want);
	buf_done(&got);
}

/* Exports of asked, while all this happens. */
static void story(const struct asked *asked, size_t n_asked, int rounds, struct met *met)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();
	struct past *p = calloc(1, sizeof *p);

	p->v = calloc(STORM_EVENTS, sizeof *p->v);
	p->twin = calloc(TWINS, sizeof *p->twin);
	print_message("SEED=%llu ROUNDS=%d\n", (unsigned long long)seed, rounds);
	for (int r = 0; r < rounds; r++, seed++) {
		storm_seed = seed;
		p->n = storm_make(p->v, TOWN_NOW);
		p->next = 0;
		p->freeze.commit = 0;
		p->now_ms = TOWN_NOW + (seed % 2 ? 0 : 400 * CIVIL_DAY_MS); /* the days of the events are still being counted, or long over */
		town_make(&p->t);
		town_officers(&p->t);
		storm_rules(&p->t);
		events(p, 60);
		for (int i = 0; i < 5; i++)
			compare(p, &asked[(size_t)roll((uint32_t)n_asked)], seed, met);
		forget_twins(p, true);
		town_remove(&p->t);
	}
	print_message("%d reads, %d commits between them, %d moved, %d of the last read, %d commits between pages\n", met->reads, met->commits, met->moved,
		met->newest, met->later);
	free(p->twin);
	free(p->v);
	free(p);
}

static int rounds_of(int usual)
{
	const char *rounds = getenv("ROUNDS");

	return rounds ? atoi(rounds) : usual;
}

static void test_story(void **unused)
{
	static const struct asked asked[] = {
		{"figures", "2023-01-01", "2027-01-01", EXPORT_CSV},
		{"areas", "2025-11-01", "2025-12-01", EXPORT_CSV},
		{"annual", "2025-01-01", "2026-01-01", EXPORT_JSON},
		{"figures", "2025-11-20", "2025-11-26", EXPORT_JSON},
		{"areas", "2024-12-31", "2026-02-02", EXPORT_CSV},
	};
	int n = rounds_of(3);
	struct met met = {0};

	(void)unused;
	story(asked, ARRAY_LEN(asked), n, &met);
	assert_true(met.reads > 10 * n && met.commits > 5 * n && met.moved > n && met.newest > n); /* they were disturbed, and read on */
}

/* Tables that are read page by page as things stand: from the first page on they are of its commit. */
static void test_pages(void **unused)
{
	static const struct asked asked[] = {
		{"workbook", "2025-11-01", "2025-12-01", EXPORT_XLSX},
		{"workbook", "2025-10-01", "2026-01-01", EXPORT_XLSX}, /* the month that is frozen is some of it */
		{"duty", "2025-11-01", "2025-12-01", EXPORT_CSV},
		{"duty", "2025-10-01", "2026-01-01", EXPORT_JSON},
		{"overdue", "2025-10-01", "2026-01-01", EXPORT_CSV},
		{"households", "2025-10-01", "2026-01-01", EXPORT_CSV},
		{"corrections", "2025-10-01", "2026-01-01", EXPORT_CSV},
	};
	int n = rounds_of(3);
	struct met met = {0};

	(void)unused;
	story(asked, ARRAY_LEN(asked), n, &met);
	assert_true(met.later > 10 * n);
}

/* ------------------------------------------------------------------ a sum beside what one read gives */

static void line(void *ctx, const struct figure_value *v)
{
	buf_addf(ctx, "%s|%s|%s|%s|%lld|%lld\n", v->f->id, v->level, v->category, v->display, (long long)v->num, (long long)v->den);
}

static void same(struct past *p, struct store *st, struct figures_sum *s, const struct figures_ask *ask, size_t part, const char *within, uint64_t seed)
{
	struct figures_ask of = *ask;
	struct buf got = {0}, want = {0};

	(void)p;
	of.within = within;
	figures_sum_show(s, part, line, &got);
	assert_int_equal(figures_read(st, &of, line, &want), OK);
	buf_addc(&got, '\0');
	buf_addc(&want, '\0');
	if (strcmp(got.p, want.p) != 0)
		fail_msg("SEED=%llu: %s\n%s\n--- want\n%s", (unsigned long long)seed, within ? within : "*", got.p, want.p);
	buf_done(&got);
	buf_done(&want);
}

/* Sums of random periods while events come, now often, now seldom; the last read has all. */
static void test_sums(void **unused)
{
	static const char *const part[] = {"990101100001", "990101100002"};
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();
	int n = rounds ? atoi(rounds) : 5, reads = 0, stale = 0;
	struct past *p = calloc(1, sizeof *p);

	(void)unused;
	p->v = calloc(STORM_EVENTS, sizeof *p->v);
	print_message("SEED=%llu ROUNDS=%d\n", (unsigned long long)seed, n);
	for (int r = 0; r < n; r++, seed++) {
		struct store *st = NULL;
		struct why why = {""};

		storm_seed = seed;
		p->n = storm_make(p->v, TOWN_NOW);
		p->next = 0;
		p->now_ms = TOWN_NOW + (roll(2) ? 0 : 400 * CIVIL_DAY_MS);
		town_make(&p->t);
		town_officers(&p->t);
		storm_rules(&p->t);
		town_sql(&p->t, "UPDATE duty SET valid_from = 20400"); /* days of the events are owed */
		events(p, 40);
		if (store_open(p->t.path, STORE_READER, &st, &why) != OK)
			fail_msg("%s", why.text);
		while (p->next < p->n) {
			int32_t from = civil_make(2025, 11, 1 + (int)roll(25));
			struct figures_ask ask = {.scope = "*", .from_day = roll(3) ? from : civil_make(2025, 1, 1), .to_day = roll(3) ? civil_make(2025, 12, 1) : civil_make(2026, 1, 1),
				.at_ms = TOWN_NOW + 40 * CIVIL_DAY_MS};
			struct figures_sum *s = figures_sum_new(st, &ask, part, 2);
			const struct figures_pace pace = {.until_mono_ms = INT64_MAX, .little = true};
			uint32_t seldom = 2 + roll(12);
			bool more = true;

			while (more) {
				enum err e;

				if (roll(seldom) == 0) {
					if (roll(30) == 0)
						some_change(p);
					else
						events(p, 1 + (int)roll(3));
				}
				assert_int_equal(sql_run(sql_get(st, "BEGIN")), OK);
				e = figures_sum_read(s, &pace, &more);
				reads++;
				if (e == ERR_STALE) {
					figures_sum_free(s);
					s = figures_sum_new(st, &ask, part, 2);
					stale++;
					more = true;
					e = OK;
				}
				assert_int_equal(e, OK);
				if (!more) {
					same(p, st, s, &ask, FIGURES_WHOLE, NULL, seed);
					same(p, st, s, &ask, 1, part[0], seed);
					same(p, st, s, &ask, 2, part[1], seed);
				}
				assert_int_equal(sql_run(sql_get(st, "COMMIT")), OK);
			}
			figures_sum_free(s);
		}
		store_close(st);
		town_remove(&p->t);
	}
	print_message("%d reads, %d times from the first\n", reads, stale);
	assert_true(reads > 100 * n && stale > 0);
	free(p->v);
	free(p);
}

/* ------------------------------------------------------------------ the last resort */

/* Something changes before each read: two days and two people, more than one read takes. */
static void disturb(struct past *p, int *seq)
{
	for (int d = 1; d <= 2; d++) {
		char json[300], device[8];

		(void)snprintf(device, sizeof device, "d-%d", d);
		(void)snprintf(json, sizeof json, "[{\"epoch\":\"x\",\"seq\":%d,\"kind\":\"inspect\",\"at\":%lld,\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}},"
			"{\"epoch\":\"x\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"x%d\",\"route\":\"grid\",\"target\":\"990101100001001\"}}]",
			2 * *seq + 1, (long long)(TOWN_NOW - d * CIVIL_DAY_MS), 2 * *seq + 2, (long long)(TOWN_NOW - d * CIVIL_DAY_MS), *seq);
		town_send(&p->t, device, json);
	}
	++*seq;
	commit(p);
}

static void test_last_resort(void **unused)
{
	const struct figures_ask ask = {.scope = "*", .from_day = civil_make(2025, 11, 20), .to_day = civil_make(2025, 11, 27), .at_ms = TOWN_NOW + CIVIL_DAY_MS};
	const struct figures_pace pace = {.until_mono_ms = INT64_MAX, .little = true};
	struct past *p = calloc(1, sizeof *p);
	struct store *st = NULL;
	struct why why = {""};
	struct buf got = {0}, want = {0};
	struct figures_sum *s;
	int seq = 0, reads = 0;
	bool more = true;

	(void)unused;
	p->now_ms = TOWN_NOW;
	town_make(&p->t);
	storm_rules(&p->t);
	if (store_open(p->t.path, STORE_READER, &st, &why) != OK)
		fail_msg("%s", why.text);
	s = figures_sum_new(st, &ask, NULL, 0);
	for (; more; reads++) {
		disturb(p, &seq);
		assert_true(reads < 300); /* it ends */
		assert_int_equal(sql_run(sql_get(st, "BEGIN")), OK);
		assert_int_equal(figures_sum_read(s, &pace, &more), OK);
		assert_int_equal(sql_run(sql_get(st, "COMMIT")), OK);
	}
	assert_true(reads > FIGURES_ROUNDS + 7); /* and not before: seven days were read first */
	figures_sum_show(s, FIGURES_WHOLE, line, &got);
	assert_int_equal(figures_read(st, &ask, line, &want), OK);
	buf_addc(&got, '\0');
	buf_addc(&want, '\0');
	assert_string_equal(got.p, want.p);
	assert_non_null(strstr(got.p, "inspections|||"));
	figures_sum_free(s);
	buf_done(&got);
	buf_done(&want);
	store_close(st);
	town_remove(&p->t);
	free(p);
}

/* An export has another way: it stays where it stood, as of an older commit. */
static void test_disturbed(void **unused)
{
	static const struct asked asked[] = {{"figures", "2025-11-22", "2025-11-27", EXPORT_CSV}, {"areas", "2025-11-23", "2025-11-26", EXPORT_JSON}};
	struct past *p = calloc(1, sizeof *p);

	(void)unused;
	p->twin = calloc(TWINS, sizeof *p->twin);
	p->now_ms = TOWN_NOW;
	town_make(&p->t);
	storm_rules(&p->t);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		struct store *st = NULL;
		struct why why = {""};
		struct buf got = {0}, want;
		struct export *x;
		bool more = true;
		int seq = 1000 * (int)i, steps = 0;
		struct head head;

		stop_here(p);
		if (store_open(p->t.path, STORE_READER, &st, &why) != OK)
			fail_msg("%s", why.text);
		x = opened(st, p, &asked[i], 1);
		for (; more; steps++) {
			assert_true(steps < 3000); /* it ends */
			if (steps < 110) {
				disturb(p, &seq);
				stop_here(p);
			}
			step(x, &got, &more, asked[i].name);
		}
		assert_int_equal(store_head(p->t.st, &head), OK);
		assert_true(export_as_of(x, NULL) < head.commit);
		want = of_twin(p, &asked[i], export_as_of(x, NULL));
		buf_addc(&want, '\0');
		buf_addc(&got, '\0');
		assert_string_equal(got.p, want.p);
		export_close(x);
		store_close(st);
		buf_done(&want);
		buf_done(&got);
	}
	forget_twins(p, true);
	town_remove(&p->t);
	free(p->twin);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_story), cmocka_unit_test(test_pages), cmocka_unit_test(test_sums), cmocka_unit_test(test_last_resort), cmocka_unit_test(test_disturbed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
