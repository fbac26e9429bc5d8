/* t_order.c - one set of events in any order, any duplication, any batches leaves the same
 * patrols, cases, tallies, figures and voids (invariant 3).  SEED and ROUNDS in the environment. */
#include "tests/unit/storm.h"

#include "base/clock.h"
#include "core/track.h"

static const char *const dumps[] = {
	("SELECT device, name, start_at, start_epoch, start_seq, person, actor, route, target, end_at, end_epoch, end_seq, "
	 "clear, tracks, t_day, t_area, t_level, t_route, t_river_level, t_valid, sub_at, sub_epoch, sub_seq, sub_person, sub_way, "
	 "sub_target, points, dropped, duration_s, distance_m, coverage, reasons, rule, hex(track) FROM patrol ORDER BY 1, 2"),
	"SELECT name, report_at, report_device, report_epoch, report_seq FROM casus ORDER BY 1",
	"SELECT figure, level, category, area, span, n FROM tally WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5",
	"SELECT s.device, s.epoch, e.seq, e.kind, e.at, e.person, e.area, e.flags FROM event e JOIN stream s ON s.id = e.stream WHERE (e.flags & 4) = 0 ORDER BY 1, 2, 3",
	"SELECT device, epoch, seq FROM voided ORDER BY 1, 2, 3",
	"SELECT name, at, device, epoch, seq, state, type, persons, area, voided IS NULL FROM household ORDER BY 1, 2, 3, 4, 5",
	"SELECT device, epoch, seq, code FROM held_all ORDER BY 1, 2, 3",
	"SELECT device, epoch, top, absent FROM stream ORDER BY 1, 2",
	"SELECT person, rule, target, level, role, area, first, last, need, done, unit, state, overdue, next FROM duty_state WHERE gone = 0 ORDER BY 1, 2, 3, 4, 5",
	("SELECT a.sha256, s.device, s.epoch, a.seq, a.casus, a.area FROM attachment a JOIN stream s ON s.id = a.stream "
	 "ORDER BY 1, 2, 3, 4"),
	"SELECT id, severity, title, at FROM alert WHERE active = 1 AND type GLOB 'duty_*' ORDER BY 1",
};

static void figure(void *ctx, const struct figure_row *f)
{
	buf_addf(ctx, "%s|%s|%s|%s|%d|%lld\n", f->figure, f->level, f->category, f->area, f->day, (long long)f->n);
}

static char *outcome(struct town *t)
{
	struct buf b = {0};
	struct head head;

	for (size_t i = 0; i < ARRAY_LEN(dumps); i++) {
		char *s = town_dump(t, dumps[i]);

		buf_addf(&b, "-- %zu\n%s", i, s);
		free(s);
	}
	assert_int_equal(store_head(t->st, &head), OK);
	buf_adds(&b, "-- recount\n");
	assert_int_equal(ledger_recount(t->st, head.commit, figure, &b), OK);
	return b.p;
}

/* How often each reason stands in the town, and at [TRACK_REASONS] the valid ones. */
static void see(struct town *t, int seen[TRACK_REASONS + 1])
{
	for (int i = 0; i < TRACK_REASONS; i++) {
		char sql[80];

		(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM patrol WHERE reasons & %d", 1 << i);
		seen[i] += (int)town_count(t, sql);
	}
	seen[TRACK_REASONS] += (int)town_count(t, "SELECT count(*) FROM patrol WHERE t_valid = 1");
}

static void test_any_order(void **unused)
{
	int seen[TRACK_REASONS + 1] = {0};
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_wall_ms();
	int n = rounds ? atoi(rounds) : 25;
	struct storm_event *v = calloc(STORM_EVENTS, sizeof *v);
	struct town *t = calloc(1, sizeof *t);

	(void)unused;
	(void)fprintf(stderr, "SEED=%llu ROUNDS=%d\n", (unsigned long long)start, n);
	for (int r = 0; r < n; r++) {
		char *want, *got;
		int events;

		storm_seed = start + (uint64_t)r;
		events = storm_make(v, TOWN_NOW);
		town_make(t);
		storm_rules(t);
		storm_deliver(t, v, events, false);
		want = outcome(t);
		see(t, seen);
		town_check(t);
		town_remove(t);
		for (int k = 0; k < 3; k++) {
			town_make(t);
			storm_rules(t);
			storm_deliver(t, v, events, true);
			got = outcome(t);
			if (strcmp(want, got) != 0) {
				size_t at = 0;

				while (want[at] == got[at])
					at++;
				while (at > 0 && want[at - 1] != '\n')
					at--;
				fail_msg("SEED=%llu: another outcome:\n%.200s\n--- instead of\n%.200s",
					(unsigned long long)start + (uint64_t)r, got + at, want + at);
			}
			town_check(t);
			free(got);
			town_remove(t);
		}
		free(want);
	}
	for (int i = 0; i <= TRACK_REASONS; i++) {
		(void)fprintf(stderr, "%s %d\n", i < TRACK_REASONS ? track_reasons[i].name : "valid", seen[i]);
		assert_true(seen[i] > 0 || n < 25 || i == __builtin_ctz(TRACK_LOW_COVERAGE)); /* the set is worth the test; that one is rare */
	}
	free(v);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
