/* t_asof.c - as of any commit, every export has the bytes of a database that was stopped there.
 *
 * A random story goes in, batch by batch, among changes of the registry; at random commits the file is copied.  In the end each copy
 * is asked what it has, and the whole database what it had: figures, each ledger, the report, the workbook.  Meanwhile the story goes
 * on: between any two pieces of what is asked, events, voids, acts, changes of the registry and a freeze are committed.
 * SEED and ROUNDS in the environment. */
#include "tests/unit/storm.h"

#include "base/clock.h"
#include "schema/asof.h"
#include "schema/exports/export.h"
#include "schema/freeze.h"
#include "schema/ledger.h"
#include "schema/office.h"

#define TWINS 4
#define ACTS 60

struct twin {
	int64_t commit, time_ms;
	char path[112];
};

struct past {
	struct town t;
	int64_t now_ms;
	struct twin twin[TWINS];
	int twins;
	const struct storm_event *v; /* the story */
	int n, at;                   /* so much of it was told */
	int64_t acts;
	bool frozen, slow; /* slow: one event at a time */
};

/* ------------------------------------------------------------------ what happens */

static void commit(struct past *p)
{
	struct intake_ack a;
	struct head head;

	p->now_ms += 60000;
	assert_int_equal(intake_commit(p->t.in, p->now_ms, &head), OK);
	while (intake_next_ack(p->t.in, &a))
		;
}

static void take(struct past *p, const char *device, const char *json)
{
	struct intake_from from = {slice_of(device), slice_of("990101"), 0, 7};

	assert_int_equal(intake_take(p->t.in, &from, slice_of(json), p->now_ms), OK);
}

/* Acts of officers on cases that are there, or not: in force or held, as it comes. */
static void some_act(struct past *p, int64_t seq)
{
	static const char *const act[][2] = {{"d-12", "accept\""}, {"d-12", "dispatch\",\"to\":\"p-13\""}, {"d-13", "sign\""},
		{"d-13", "handle\",\"result\":\"rectified\""}, {"d-14", "verify_pass\""}, {"d-14", "verify_fail\",\"note\":\"x\""}, {"d-11", "void\",\"note\":\"x\""},
		{"d-11", "rate\",\"rating\":\"satisfied\""}, {"d-11", "reopen\",\"note\":\"x\""}, {"d-11", "accept\""}};
	const char *const *a = act[roll(5) ? roll(6) : roll(ARRAY_LEN(act))];
	char json[400];

	(void)snprintf(json, sizeof json, "{\"epoch\":\"a\",\"seq\":%lld,\"kind\":\"case.act\",\"at\":%lld,%s\"body\":{\"case\":\"c%u\",\"action\":\"%s}}", (long long)seq,
		(long long)(TOWN_NOW - 3600000 + seq * 20000), strncmp(a[1], "handle", 6) == 0 ? STORM_PHOTOS : "", roll(3), a[1]);
	take(p, a[0], json);
}

static void import(struct past *p, const char *kind, const char *csv)
{
	struct import_report report = {.error = town_says};
	struct import_result result;
	struct office_end end;
	struct why why = {""};
	char file[128], staged[128];
	FILE *f;

	(void)snprintf(file, sizeof file, "%s/in.csv", p->t.dir);
	(void)snprintf(staged, sizeof staged, "%s/staged", p->t.dir);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_true(fputs(csv, f) >= 0);
	assert_int_equal(fclose(f), 0);
	p->now_ms += 60000;
	if (import_stage(kind, file, staged, &report, &why) != OK ||
		office_import(p->t.st, p->t.in, p->now_ms, kind, staged, false, &report, &result, &end, &why) != OK)
		fail_msg("%s: %s", kind, why.text);
	while (end.more)
		assert_int_equal(office_more(p->t.st, p->t.in, p->now_ms, &end, &why), OK);
	(void)unlink(file);
	(void)unlink(staged);
}

static void some_change(struct past *p)
{
	char csv[400];

	switch (roll(7)) {
	case 0: /* another level, another role */
		(void)snprintf(csv, sizeof csv, "person,role,scope,level,valid_from,valid_to\np-%u,%s,%s,%s,%s,\n", 1 + roll(4), roll(3) ? "chief" : "worker",
			roll(2) ? "990101100" : roll(2) ? "HG-01" : "990101100001001", roll(2) ? "town" : "community", roll(2) ? "" : "2025-11-24");
		import(p, "appointments", csv);
		break;
	case 1:
		(void)snprintf(csv, sizeof csv, "id,name,phone\np-%u,改名%u,1380000%04u\n", 1 + roll(4), roll(100), roll(10000));
		import(p, "people", csv);
		break;
	case 2: /* the reach goes to the other community */
		(void)snprintf(csv, sizeof csv, "code,name,river,kind,area,length_m\nQSH-01,上段%u,清水河,%s,99010110000%u,1800\n", roll(9), roll(2) ? "river" : "road", 1 + roll(2));
		import(p, "reaches", csv);
		break;
	case 3:
		(void)snprintf(csv, sizeof csv, "code,name,valid_from,valid_to\n99010110000%u,改名%u,,\n", 1 + roll(2), roll(9));
		import(p, "areas", csv);
		break;
	case 4:
		(void)snprintf(csv, sizeof csv, "code,class,name,name_en,parent,severity,deadline,deadline_unit,photo_before,photo_after,valid_from,valid_to\n"
			"fire,hazard,消防%u,,,3,%u,hour,no,no,,\n", roll(9), 1 + roll(40));
		import(p, "categories", csv);
		break;
	case 5:
		(void)snprintf(csv, sizeof csv, "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,"
			"valid_from,valid_to\nnear,chief,community,any,%s,1-12,%u,times,%u,,,,%u,0,,\n", roll(2) ? "day" : "week", 1 + roll(3), roll(3), roll(2));
		import(p, "duties", csv);
		break;
	default:
		(void)snprintf(csv, sizeof csv, "person,rule,target,from,to,reason\np-%u,,,2025-11-%02u,2025-11-30,培训\n", 1 + roll(4), 20 + roll(10));
		import(p, "exemptions", csv);
		break;
	}
}

static void stop_here(struct past *p)
{
	struct twin *w = &p->twin[p->twins++];
	struct head head;
	char *name;

	assert_int_equal(store_head(p->t.st, &head), OK);
	w->commit = head.commit;
	w->time_ms = head.time_ms;
	name = xasprintf("%s/twin%d.db", p->t.dir, p->twins);
	slice_copy(w->path, sizeof w->path, slice_of(name));
	free(name);
	town_copy(&p->t, w->path);
}

static void some_batch(struct past *p)
{
	for (uint32_t most = p->slow || roll(2) ? 1 : 1 + roll(8); p->at < p->n && most > 0; most--, p->at++)
		take(p, p->v[p->at].device, p->v[p->at].json);
	for (uint32_t most = p->slow ? 0 : roll(4); p->acts < ACTS && most > 0; most--)
		some_act(p, ++p->acts);
	commit(p);
}

static void close_books(struct past *p)
{
	struct freeze_done done;
	struct office_end end;
	struct why why = {""};

	p->now_ms = TOWN_NOW + 40 * CIVIL_DAY_MS;
	if (office_freeze(p->t.st, p->t.in, p->now_ms, "2025-11", &done, &end, &why) != OK)
		fail_msg("freeze: %s", why.text);
	p->frozen = true;
}

/* Up to its event `end`; early: the books are closed half way there. */
static void live(struct past *p, int end, bool early)
{
	while (p->at < end) {
		some_batch(p);
		if (roll(15) == 0)
			some_change(p);
		if (early && !p->frozen && p->at > end / 2)
			close_books(p);
		if (p->twins < TWINS && roll((uint32_t)(end > p->at ? end - p->at : 1) / 4 / (uint32_t)(TWINS - p->twins) + 1) == 0)
			stop_here(p);
	}
}

/* Between two pieces of an export, up to the event `end`. */
static void meanwhile(struct past *p, int end)
{
	if (roll(p->slow ? 12 : 24) != 0)
		return;
	if (p->at < end)
		some_batch(p);
	if (roll(p->slow ? 20 : 6) == 0)
		some_change(p);
	if (!p->frozen && p->at > p->n * 6 / 10)
		close_books(p);
}

/* ------------------------------------------------------------------ what is asked */

/* As of the commit; 0: of now, *label says which that was.  on: whose story goes on meanwhile, up to its event `end`. */
static struct buf exported(struct past *on, int end, const char *path, const char *name, enum export_format format, const char *period, const struct twin *w, int64_t as_of,
	int64_t *label)
{
	struct export_ask ask = {.piece = on && roll(3) ? 1 : 0,.name = name, .format = format, .has_format = true, .scope = "*", .period = period, .as_of = as_of, .at_ms = w->time_ms,
		.now_ms = TOWN_NOW + 400 * CIVIL_DAY_MS};
	struct store *st = NULL;
	struct export *x = NULL;
	struct why why = {""};
	struct buf b = {0};
	bool more = true;

	if (store_open(path, STORE_READER, &st, &why) != OK || export_open(st, &ask, &x, &why) != OK)
		fail_msg("%s: %s", name, why.text);
	for (int done = 0, last = 0; more; last = done > last ? done : last) {
		if (on)
			meanwhile(on, end);
		if (export_step(x, &b, &more, &why) != OK)
			fail_msg("%s: %s", name, why.text);
		if ((done = export_progress(x)) >= 0)
			assert_in_range(done, last, 1000);
	}
	if (label)
		*label = export_as_of(x, NULL);
	else
		assert_int_equal(export_as_of(x, NULL), as_of);
	export_close(x);
	store_close(st);
	buf_addc(&b, '\0');
	return b;
}

/* The line that differs, of texts. */
static void differ(uint64_t seed, const char *name, const struct twin *w, const struct buf *want, const struct buf *got)
{
	size_t at = 0;

	while (at < want->n && at < got->n && want->p[at] == got->p[at])
		at++;
	while (at > 0 && want->p[at - 1] != '\n')
		at--;
	fail_msg("SEED=%llu: %s as of commit %lld is\n%.300s\n--- the database of then has\n%.300s", (unsigned long long)seed, name, (long long)w->commit, got->p + at,
		want->p + at);
}

static void compare(struct past *p, uint64_t seed, const struct twin *w, int *moved)
{
	static const char *const periods[] = {"2025-11", "2025-W48", "2025-11-24"};
	unsigned formats;
	const char *name;

	for (size_t i = 0; (name = export_name(i, &formats)); i++) {
		enum export_format f = formats & 1 << EXPORT_CSV ? EXPORT_CSV : formats & 1 << EXPORT_GEOJSON ? EXPORT_GEOJSON : EXPORT_XLSX;
		const char *period = periods[roll(3)];
		struct buf want, got, now;
		struct twin newest = *w;
		struct head head;

		if (strcmp(name, "quality") == 0)
			continue; /* of how things stand */
		want = exported(NULL, 0, w->path, name, f, period, w, w->commit, NULL);
		got = exported(p, p->n * 15 / 24, p->t.path, name, f, period, w, w->commit, NULL);
		if (want.n != got.n || memcmp(want.p, got.p, want.n) != 0)
			differ(seed, name, w, &want, &got);
		buf_done(&got);
		if (roll(4)) {
			buf_done(&want);
			continue;
		}
		assert_int_equal(store_head(p->t.st, &head), OK);
		newest.commit = head.commit;
		now = exported(NULL, 0, p->t.path, name, f, period, &newest, head.commit, NULL);
		*moved += now.n != want.n; /* what came since has changed it */
		buf_done(&want);
		buf_done(&now);
	}
}

/* ------------------------------------------------------------------ of now, while it moves */

/* What is said to be of a commit is what that commit has, though others came while it was read. */
static void moving(struct past *p, uint64_t seed, int *moved)
{
	static const char *const names[] = {"corrections", "figures", "annual", "areas", "patrols", "cases"};
	const struct twin at = {.time_ms = TOWN_NOW + 20 * CIVIL_DAY_MS};

	if (!p->frozen)
		close_books(p);
	p->slow = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct twin w = at;
		struct buf want, got;
		struct head was, is;

		assert_int_equal(store_head(p->t.st, &was), OK);
		got = exported(p, p->n * (int)(19 + i) / 24, p->t.path, names[i], EXPORT_CSV, "2025-Q4", &w, 0, &w.commit);
		assert_int_equal(store_head(p->t.st, &is), OK);
		want = exported(NULL, 0, p->t.path, names[i], EXPORT_CSV, "2025-Q4", &w, w.commit, NULL);
		*moved += is.commit != was.commit;
		if (want.n != got.n || memcmp(want.p, got.p, want.n) != 0)
	differ(seed, names[i], &w, &want, &got);
		buf_done(&want);
		buf_done(&got);
	}
}

/* ------------------------------------------------------------------ within a batch */

/* But for cases: the slow way places one that was seen on a patrol where that patrol's target is now. */
static void note_row(void *ctx, const struct figure_row *f)
{
	static const char *const of_cases[] = {"cases", "hazards", "findings", "appeals", "disputes", "rectify"};

	for (size_t i = 0; i < ARRAY_LEN(of_cases); i++)
		if (strncmp(f->figure, of_cases[i], strlen(of_cases[i])) == 0)
			return;
	buf_addf(ctx, "%s/%s/%s/%s/%d %lld\n", f->figure, f->level, f->category, f->area, (int)f->day, (long long)f->n);
}

/* A commit at which no database ever stood: the tallies are those that the slow way gives. */
static void within(struct past *p, uint64_t seed)
{
	int32_t first = civil_make(1999, 1, 1), end = civil_make(2040, 1, 1);
	struct head head;

	p->slow = false;
	while (p->at < p->n)
		some_batch(p);
	assert_int_equal(store_head(p->t.st, &head), OK);
	for (int i = 0; i < 8; i++) {
		struct asof_ask ask = {.commit = 1 + roll((uint32_t)head.commit - 1), .depth = ASOF_ALL, .from_day = first, .to_day = end, .least = roll(2)};
		struct buf want = {0}, got = {0};
		struct store *then = NULL, *now = NULL;
		struct why why = {""};
		struct asof *a;
		bool more = true;

		if (store_open(p->t.path, STORE_READER, &then, &why) != OK || store_open(p->t.path, STORE_READER, &now, &why) != OK)
			fail_msg("%s", why.text);
		for (a = asof_new(then, &ask); more;)
			if (asof_some(a, &more, &why) != OK)
				fail_msg("%s", why.text);
		asof_free(a);
		assert_int_equal(ledger_tallies(then, first, end, "*", note_row, &got), OK);
		assert_int_equal(ledger_recount(now, ask.commit, note_row, &want), OK);
		if (town_count(&p->t, "SELECT count(*) FROM freeze") == 0 || ask.commit < town_count(&p->t, "SELECT min(\"commit\") FROM freeze")) /* frozen tallies stand */
			if (want.n != got.n || (want.n && memcmp(want.p, got.p, want.n) != 0))
				fail_msg("SEED=%llu: as of commit %lld\n%s--- want\n%s", (unsigned long long)seed, (long long)ask.commit, got.p, want.p);
		buf_done(&want);
		buf_done(&got);
		store_close(then);
		store_close(now);
	}
}

static void test_twins(void **unused)
{
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();
	int n = rounds ? atoi(rounds) : 2, moved = 0, twins = 0, frozen = 0, went_on = 0, more = 3;
	struct storm_event *v = calloc(STORM_EVENTS, sizeof *v);
	struct past *p = calloc(1, sizeof *p);

	(void)unused;
	print_message("SEED=%llu ROUNDS=%d\n", (unsigned long long)seed, n);
	for (int r = 0; r < n; r++, seed++) {
		int events;

		storm_seed = seed;
		events = storm_make(v, TOWN_NOW);
		*p = (struct past){.now_ms = TOWN_NOW, .v = v, .n = events};
		town_make(&p->t);
		town_officers(&p->t);
		storm_rules(&p->t);
		if (seed % 2) /* no patrol hangs on others: only those that changed are folded again */
			town_sql(&p->t, "UPDATE duty SET min_gap_hours = NULL");
		live(p, events / 2, seed % 3 == 0);
		if (town_count(&p->t, "SELECT count(*) FROM casus WHERE state >= 2") == 0 && more-- > 0)
			n++; /* no case went on in this one, as happens in one of twelve: it counts for nothing */
		for (int i = 0; i < p->twins; i++) {
			compare(p, seed, &p->twin[i], &moved);
			twins++;
		}
		frozen += p->frozen;
		moving(p, seed, &went_on);
		within(p, seed);
		for (int i = 0; i < p->twins; i++)
			town_remove_db(p->twin[i].path);
		town_remove(&p->t);
	}
	assert_true(more > 0 && twins >= 2 * n && moved > n && frozen > 0 && went_on > n); /* the past is another country */
	free(p);
	free(v);
}

/* Came and went within one batch: between the two it counts, though nothing in the rows says so. */
static void test_no_trace(void **unused)
{
	struct past *p = calloc(1, sizeof *p);
	struct asof_ask ask = {.depth = ASOF_ALL, .from_day = civil_make(2025, 1, 1), .to_day = civil_make(2026, 1, 1)};
	struct store *st = NULL;
	struct why why = {""};
	struct buf got = {0};
	struct asof *a;
	char json[300];
	bool more = true;

	(void)unused;
	*p = (struct past){.now_ms = TOWN_NOW};
	town_make(&p->t);
	(void)snprintf(json, sizeof json, "{\"epoch\":\"a\",\"seq\":1,\"at\":%lld,\"scope\":\"990101100001001\",\"kind\":\"inspect\",\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}}",
		(long long)TOWN_NOW);
	take(p, "d-1", json);
	(void)snprintf(json, sizeof json, "{\"epoch\":\"a\",\"seq\":2,\"at\":%lld,\"kind\":\"void\",\"body\":{\"target\":\"d-1/a/1\"}}", (long long)TOWN_NOW);
	take(p, "d-1", json);
	commit(p);
	assert_int_equal(town_count(&p->t, "SELECT count(*) FROM tally WHERE figure = 'inspections'"), 0);
	ask.commit = town_count(&p->t, "SELECT min(\"commit\") FROM event");
	if (store_open(p->t.path, STORE_READER, &st, &why) != OK)
		fail_msg("%s", why.text);
	for (a = asof_new(st, &ask); more;)
		assert_int_equal(asof_some(a, &more, &why), OK);
	asof_free(a);
	assert_int_equal(ledger_tallies(st, ask.from_day, ask.to_day, "*", note_row, &got), OK);
	buf_addc(&got, '\0');
	assert_non_null(strstr(got.p, "inspections//burn_straw/990101100001001/"));
	buf_done(&got);
	store_close(st);
	town_remove(&p->t);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins), cmocka_unit_test(test_no_trace)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
