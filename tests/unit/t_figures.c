/* t_figures.c - rounding, the definitions, and the values that events make. */
#include "tests/unit/town.h"

#include <time.h>

#include "core/civil.h"
#include "core/event.h"
#include "schema/figures/figures.h"

#define GRID "990101100001001"
#define DAY 86400000LL
#define T0 (TOWN_NOW - 20 * DAY) /* 2025-11-05 */
#define SHA "0123456789012345678901234567890123456789012345678901234567890123"
#define PHOTOS "\"att\":[{\"sha256\":\"" SHA "\",\"role\":\"before\"},{\"sha256\":\"" SHA "\",\"role\":\"after\"}],"

/* ------------------------------------------------------------------ rounding */

static void rounds(int64_t num, int64_t den, int decimals, bool percent, const char *want)
{
	char out[32];

	figure_round(num, den, decimals, percent, out);
	if (strcmp(out, want) != 0)
		fail_msg("%lld / %lld: %s instead of %s", (long long)num, (long long)den, out, want);
}

static void test_round(void **unused)
{
	(void)unused;
	rounds(623, 634, 1, true, "98.3"); /* of the report; 98.26 */
	rounds(498, 500, 1, true, "99.6");
	rounds(9995, 10000, 1, true, "100.0"); /* 99.95 */
	rounds(9994, 10000, 1, true, "99.9");
	rounds(1, 2000, 1, true, "0.1"); /* 0.05 */
	rounds(1, 2001, 1, true, "0.0");
	rounds(1, 3, 2, true, "33.33");
	rounds(2, 3, 2, true, "66.67");
	rounds(0, 7, 1, true, "0.0");
	rounds(7, 7, 2, true, "100.00");
	rounds(13, 11, 2, true, "118.18"); /* may pass a hundred */
	rounds(12345, 1000, 3, false, "12.345");
	rounds(12345, 1000, 1, false, "12.3");
	rounds(12350, 1000, 1, false, "12.4");
	rounds(89, 60, 0, false, "1");
	rounds(90, 60, 0, false, "2");
	rounds(-12350, 1000, 1, false, "-12.4"); /* away from zero, as much as above it */
	rounds(-1, 1000, 1, false, "0.0");
	rounds(INT64_MAX, 1, 0, false, "9223372036854775807");
	rounds(INT64_MIN, 1, 0, false, "-9223372036854775808");
	rounds(INT64_MAX, 1, 1, true, "922337203685477580700.0");
	rounds(INT64_MIN, 1, 6, true, "-922337203685477580800.000000");
	rounds(INT64_MAX, INT64_MAX, 6, true, "100.000000");
	rounds(1, INT64_MAX, 1, true, "0.0");
	rounds(INT64_MAX / 2, INT64_MAX, 1, true, "50.0");
}

/* By hand: long division, digit by digit, one more than is shown; then the carry. */
static void plain_round(uint64_t num, uint64_t den, int decimals, bool percent, char *out)
{
	char d[64];
	int n = snprintf(d, sizeof d, "%llu", (unsigned long long)(num / den));
	uint64_t rest = num % den;
	int places = decimals + (percent ? 2 : 0), at;

	for (int i = 0; i < places; i++) {
		uint64_t digit = 0, sum = 0;

		for (int k = 0; k < 10; k++) { /* rest * 10 by adding, since it may not fit */
			if (sum >= den - rest) {
				sum -= den - rest;
				digit++;
			} else {
				sum += rest;
			}
		}
		rest = sum;
		d[n++] = (char)('0' + digit);
	}
	d[n] = '\0';
	if (rest >= den - rest) { /* half up */
		for (at = n - 1; at >= 0 && d[at] == '9'; at--)
			d[at] = '0';
		if (at < 0) {
			memmove(d + 1, d, (size_t)n + 1);
			d[0] = '1';
			n++;
		} else {
			d[at]++;
		}
	}
	for (at = 0; at < n - decimals - 1 && d[at] == '0'; at++)
		continue;
	(void)snprintf(out, 80, "%.*s%s%s", n - decimals - at, d + at, decimals ? "." : "", d + n - decimals);
}

static void test_round_against_plain(void **unused)
{
	uint64_t state = (uint64_t)time(NULL);

	(void)unused;
	(void)fprintf(stderr, "SEED=%llu\n", (unsigned long long)state);
	for (int i = 0; i < 200000; i++) {
		uint64_t num, den;
		char want[80];
		int decimals;

		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		num = (state >> 1) >> (state % 61);
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		den = ((state >> 1) >> (state % 61)) + 1;
		if (den > INT64_MAX)
			den = INT64_MAX;
		if (i % 3 == 0) /* halves, and one beside them */
			num = den < INT64_MAX / 4000 ? (den * (state % 2001) / 2000) + (state >> 40) % 2 : num;
		decimals = (int)((state >> 20) % 5);
		plain_round(num, den, decimals, i & 1, want);
		rounds((int64_t)num, (int64_t)den, decimals, i & 1, want);
	}
}

/* ------------------------------------------------------------------ definitions */

static void test_definitions(void **unused)
{
	static const char *const contract[] = {"river_patrols", "river_patrols_valid", "patrols", "patrol_km", "patrol_minutes", "duty_rate",
		"inspections", "hazards_found", "hazards_rectified", "hazard_rate", "appeals_received", "appeals_closed", "appeal_close_rate",
		"appeal_satisfaction", "disputes_found", "disputes_settled", "dispute_rate", "disputes_by_level", "rectify_total", "rectify_done",
		"monitored_households", "monitored_persons", "risk_removed_households", "risk_removed_persons", "visits", "visited_households",
		"visit_staff", "aid", "works"};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(contract); i++)
		assert_non_null(figure_find(contract[i]));
	assert_null(figure_find("hazard"));
	for (size_t i = 0; i < figures_n; i++) {
		const struct figure *f = &figures[i];
		char version[64];

		assert_ptr_equal(figure_find(f->id), f); /* no id twice */
		(void)snprintf(version, sizeof version, "%s/", f->id);
		assert_memory_equal(f->definition, version, strlen(version));
		assert_memory_equal(f->definition_en, version, strlen(version));
		assert_true(f->scale > 0 && f->num && *f->name && *f->name_en && f->unit && f->unit_en);
		assert_int_equal(f->kind == FIGURE_RATE, f->den != NULL);
	}
}

/* Where there are both ways of counting, each is a figure, and says which it is. */
static void test_flow_and_cohort(void **unused)
{
	int both = 0;

	(void)unused;
	for (size_t i = 0; i < figures_n; i++) {
		const struct figure *f = &figures[i], *other;
		size_t n = strlen(f->id);
		char id[64];

		if (n < 5 || strcmp(f->id + n - 5, "_flow") != 0)
			continue;
		(void)snprintf(id, sizeof id, "%.*s", (int)(n - 5), f->id);
		other = figure_find(id);
		if (!other || !strstr(f->definition, "按发生时间") || !strstr(f->definition_en, "flow: ") || !strstr(other->definition, "同批次") ||
			!strstr(other->definition_en, "cohort"))
			fail_msg("%s: which way of counting?", f->id);
		both++;
	}
	assert_true(both >= 10);
}

/* ------------------------------------------------------------------ values */

struct seen {
	const char *figure, *level, *category, *unit;
	char value[32], display[64], name[80];
	int64_t num, den;
	int rows;
};

static void look(void *ctx, const struct figure_value *v)
{
	struct seen *s = ctx;

	if (strcmp(v->f->id, s->figure) != 0 || strcmp(v->level, s->level) != 0 || strcmp(v->category, s->category) != 0 ||
		(s->unit && strcmp(v->unit, s->unit) != 0))
		return;
	(void)snprintf(s->value, sizeof s->value, "%s", v->value);
	(void)snprintf(s->display, sizeof s->display, "%s", v->display);
	(void)snprintf(s->name, sizeof s->name, "%s", v->category_name);
	s->num = v->num;
	s->den = v->den;
	s->rows++;
	assert_int_equal(v->has, v->value[0] != '\0');
}

static struct seen ask(struct town *t, const char *within, int32_t from, int32_t to, const char *figure, const char *level, const char *category,
	const char *unit)
{
	struct figures_ask a = {.scope = "*", .within = within, .from_day = from, .to_day = to, .at_ms = TOWN_NOW};
	struct seen s = {.figure = figure, .level = level, .category = category, .unit = unit};

	assert_int_equal(figures_read(t->st, &a, look, &s), OK);
	return s;
}

#define MONTH civil_make(2025, 11, 1), civil_make(2025, 12, 1)

static void is_in(struct town *t, const char *within, int32_t from, int32_t to, const char *figure, const char *category, const char *display)
{
	struct seen s = ask(t, within, from, to, figure, "", category, NULL);

	if (s.rows != 1 || strcmp(s.display, display) != 0)
		fail_msg("%s %s: %d rows, %s instead of %s", figure, category, s.rows, s.display, display);
}

static void is(struct town *t, const char *figure, const char *category, const char *display)
{
	is_in(t, NULL, MONTH, figure, category, display);
}

static void send(struct town *t, int seq, int64_t at, const char *rest)
{
	char line[1000];

	(void)snprintf(line, sizeof line, "{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld,\"scope\":\"" GRID "\",%s}", seq, (long long)at, rest);
	town_send(t, "d-1", line);
	if (strstr(town_commit(t), "status"))
		fail_msg("not stored: %s", line);
}

static void work(struct town *t, int seq, const char *item, const char *qty, const char *more)
{
	char rest[300];

	(void)snprintf(rest, sizeof rest, "\"kind\":\"work\",\"body\":{\"item\":\"%s\",\"qty\":%s%s}", item, qty, more);
	send(t, seq, T0, rest);
}

static void test_works(void **state)
{
	struct town *t = *state;
	struct seen s;

	is(t, "works", "", "0");
	is(t, "works", "bins", "0");
	work(t, 1, "bins", "5", ",\"unit\":\"个\"");
	is(t, "works", "bins", "5");
	is(t, "works", "", "5");
	work(t, 2, "bins", "2.5", ",\"unit\":\"个\"");
	work(t, 3, "chargers", "1", ",\"unit\":\"个\"");
	is(t, "works", "", "8.5"); /* of one unit */
	work(t, 4, "overhead_cables", "3", ",\"unit\":\"吨\"");
	work(t, 5, "overhead_cables", "2", ",\"unit\":\"吨\",\"approx\":true");
	is(t, "works", "overhead_cables", "约5");
	is(t, "works", "", "—");
	s = ask(t, NULL, MONTH, "works", "", "bins", "个");
	assert_string_equal(s.value, "7.5");
	assert_string_equal(s.name, "垃圾桶");
	work(t, 6, "bins", "1", ",\"unit\":\"处\"");
	s = ask(t, NULL, MONTH, "works", "", "bins", NULL);
	assert_int_equal(s.rows, 2); /* each unit for itself */
	assert_string_equal(ask(t, NULL, MONTH, "works", "", "bins", "处").display, "1");
	assert_string_equal(ask(t, NULL, MONTH, "works", "", "bins", "个").display, "7.5");
	send(t, 7, T0, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/5\"}");
	is(t, "works", "overhead_cables", "3");
	town_check(t);
}

static void household(struct town *t, int seq, int64_t at, const char *name, const char *says, const char *persons)
{
	char rest[300];

	(void)snprintf(rest, sizeof rest, "\"kind\":\"household\",\"body\":{\"household\":\"%s\",\"state\":\"%s\"%s}", name, says, persons);
	send(t, seq, at, rest);
}

static void test_households(void **state)
{
	struct town *t = *state;
	int32_t day = civil_day(T0);

	household(t, 1, T0, "h-1", "identified", ",\"persons\":3");
	household(t, 2, T0, "h-2", "identified", ",\"persons\":5");
	household(t, 3, T0 + DAY, "h-1", "risk_removed", "");
	is(t, "monitored_households", "", "2");
	is(t, "monitored_persons", "", "8");
	is(t, "risk_removed_households", "", "1");
	is(t, "risk_removed_persons", "", "3"); /* the latest number given */
	is_in(t, NULL, day, day + 1, "risk_removed_households", "", "0"); /* state as of its last day */
	is_in(t, NULL, day - 1, day, "monitored_households", "", "0");
	is_in(t, "990101100002", MONTH, "monitored_households", "", "0");
	is_in(t, "990101100001", MONTH, "monitored_households", "", "2");
	household(t, 4, T0 + 2 * DAY, "h-1", "relapsed", ",\"persons\":4");
	is(t, "risk_removed_households", "", "0");
	is(t, "monitored_persons", "", "9");
	send(t, 5, T0 + 3 * DAY, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/4\"}");
	is(t, "risk_removed_persons", "", "3");
	household(t, 6, T0 - DAY, "h-1", "helped", ",\"persons\":9"); /* late: nothing moves */
	is(t, "monitored_persons", "", "8");
	town_check(t);
}

static void test_visits(void **state)
{
	struct town *t = *state;
	int32_t day = civil_day(T0);

	send(t, 1, T0, "\"kind\":\"visit\",\"body\":{\"household\":\"h-1\",\"staff\":3,\"aid_fen\":12345}");
	send(t, 2, T0 + DAY, "\"kind\":\"visit\",\"body\":{\"household\":\"h-1\",\"staff\":2}");
	send(t, 3, T0 + DAY, "\"kind\":\"visit\",\"body\":{\"household\":\"h-2\",\"aid_fen\":5}");
	send(t, 4, T0 + DAY, "\"kind\":\"visit\",\"body\":{\"group\":\"脱贫户\"}");
	is(t, "visits", "", "4");
	is(t, "visited_households", "", "2");
	is(t, "visit_staff", "", "5");
	is(t, "aid", "", "123.50");
	is_in(t, NULL, day, day + 1, "visited_households", "", "1");
	is_in(t, NULL, civil_make(2025, 1, 1), civil_make(2026, 1, 1), "visited_households", "", "2");
	send(t, 5, T0, "\"kind\":\"void\",\"body\":{\"target\":\"d-1/e/3\"}");
	is(t, "visited_households", "", "1");
	town_check(t);
}

/* A case closed in another month than it was reported counts there by flow, here by cohort. */
static void test_cohort_and_flow(void **state)
{
	struct town *t = *state;
	int64_t october = T0 - 10 * DAY; /* 10-26 */

	send(t, 1, october, "\"kind\":\"case.report\",\"body\":{\"case\":\"a\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"x\"}");
	send(t, 2, T0, PHOTOS "\"kind\":\"case.report\",\"body\":{\"case\":\"b\",\"class\":\"hazard\",\"category\":\"traffic\",\"title\":\"x\",\"self_fixed\":true}");
	send(t, 3, T0, "\"kind\":\"case.report\",\"body\":{\"case\":\"c\",\"class\":\"hazard\",\"category\":\"traffic\",\"title\":\"x\"}");
	is(t, "hazards_found", "", "2");
	is(t, "hazards_rectified", "", "1");
	is(t, "hazard_rate", "", "50.0%");
	is(t, "hazard_rate", "fire", "—");
	is(t, "hazards_rectified_flow", "", "1");
	is(t, "cases_received", "hazard", "2");
	is(t, "cases_accepted", "hazard", "1"); /* by its reporter */
	is(t, "case_close_rate", "", "—"); /* nothing has a deadline yet */
	is_in(t, NULL, civil_make(2025, 10, 1), civil_make(2025, 11, 1), "hazards_found", "", "1");
	is_in(t, NULL, civil_make(2025, 10, 1), civil_make(2025, 12, 1), "hazards_found", "", "3");
	is_in(t, NULL, civil_make(2025, 10, 26), civil_make(2025, 11, 6), "hazards_found", "", "3");
	is_in(t, NULL, civil_make(2025, 1, 1), civil_make(2026, 1, 1), "hazard_rate", "", "33.3%");
	is_in(t, NULL, civil_make(2024, 12, 31), civil_make(2026, 2, 3), "hazards_found", "", "3"); /* days, a year, a month, days */
	is_in(t, NULL, civil_make(2024, 1, 1), civil_make(2025, 1, 1), "hazards_found", "", "0");
	town_check(t);
}

static void act(struct town *t, const char *device, int seq, int64_t at, const char *what)
{
	char line[1000];

	(void)snprintf(line, sizeof line, "{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld," PHOTOS "\"kind\":\"case.act\",\"body\":{\"case\":\"c\","
		"\"action\":%s}}", seq, (long long)at, what);
	town_send(t, device, line);
	if (strstr(town_commit(t), "status"))
		fail_msg("not stored: %s", line);
}

/* Reported in October, due on the first of November, closed late on the third, at the second try. */
static void test_days_of_a_case(void **state)
{
	static const char want[] = "cases_accepted|hazard|20251031\ncases_closed|hazard|20251031\ncases_received|hazard|20251031\n"
		"hazards_found|geology|20251031\nhazards_rectified|geology|20251031\n"
		"cases_due|hazard|20251101\ncases_due_closed|hazard|20251101\ncases_reworked|hazard|20251101\n"
		"cases_closed_flow|hazard|20251103\nhazards_rectified_flow|geology|20251103\n";
	struct town *t = *state;
	int64_t night = civil_day_ms(civil_make(2025, 11, 1)) - 3600000; /* 23:00 (+08:00) */
	char *s;

	town_officers(t);
	send(t, 1, night, "\"kind\":\"case.report\",\"body\":{\"case\":\"c\",\"class\":\"hazard\",\"category\":\"geology\",\"title\":\"x\"}");
	act(t, "d-12", 1, night + 60000, "\"accept\""); /* 24 hours */
	is(t, "cases_due", "hazard", "1");
	is(t, "case_close_rate", "", "0.00%");
	act(t, "d-12", 2, night + 120000, "\"dispatch\",\"to\":\"p-13\"");
	act(t, "d-13", 1, night + 180000, "\"sign\"");
	act(t, "d-13", 2, night + 2 * DAY, "\"handle\",\"result\":\"rectified\"");
	act(t, "d-14", 1, night + 2 * DAY + 1, "\"verify_fail\",\"note\":\"x\"");
	act(t, "d-13", 3, night + 2 * DAY + 2, "\"handle\",\"result\":\"rectified\"");
	act(t, "d-14", 2, night + 3 * DAY, "\"verify_pass\"");
	s = town_dump(t, "SELECT figure, category, span FROM tally WHERE span > 999999 AND n <> 0 AND figure <> 'events' ORDER BY 3, 1");
	assert_string_equal(s, want);
	free(s);
	is(t, "hazards_found", "", "0");
	is(t, "hazards_rectified_flow", "", "1");
	is(t, "hazard_rate_flow", "", "—");
	is(t, "case_close_rate", "", "100.00%");
	is(t, "case_on_time_rate", "hazard", "0.00%");
	is_in(t, NULL, civil_make(2025, 10, 1), civil_make(2025, 11, 1), "hazard_rate", "geology", "100.0%");
	act(t, "d-11", 1, night + 4 * DAY, "\"reopen\",\"note\":\"x\""); /* another deadline; it is closed no more */
	is(t, "hazards_rectified_flow", "", "0");
	is_in(t, NULL, civil_make(2025, 11, 1), civil_make(2025, 11, 2), "cases_due", "", "0");
	is(t, "cases_due", "", "1");
	is(t, "case_close_rate", "", "0.00%");
	town_check(t);
}

static int setup(void **state)
{
	struct town *t = calloc(1, sizeof *t);

	town_make(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	town_remove(*state);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_round_against_plain),
		cmocka_unit_test(test_definitions), cmocka_unit_test(test_flow_and_cohort),
		cmocka_unit_test_setup_teardown(test_works, setup, teardown),
		cmocka_unit_test_setup_teardown(test_households, setup, teardown),
		cmocka_unit_test_setup_teardown(test_visits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cohort_and_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_days_of_a_case, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
