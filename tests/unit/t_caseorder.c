/* t_caseorder.c - events of few cases, with random acts, bases, rights, voids, late reports and places that patrols
 * decide: in any order, duplication and batches the same cases, tallies, events in force, and events held with the same
 * reasons (invariant 3).  SEED and ROUNDS in the environment. */
#include "tests/unit/town.h"

#include "base/clock.h"

#define EVENTS 90
#define CASES 3
#define DEVICES 6

struct sent {
	const char *device;
	char json[700];
};

/* who acts: two workers, centre, office of community 1, handler, verifier */
static const char *const devices[DEVICES] = {"d-1", "d-4", "d-11", "d-12", "d-13", "d-14"};
static uint64_t state;

static uint32_t roll(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % n;
}

static const char *pick(const char *const *v, uint32_t n)
{
	return v[roll(n)];
}

/* An act of somebody who mostly may, at a stage where it is mostly legal: so that long lives come about. */
static int make_act(char *body, size_t room, int stage[CASES])
{
	static const struct {
		int device;
		const char *say;
	} all[] = {
		{3, "\"accept\""}, {2, "\"accept\""}, {3, "\"dispatch\",\"to\":\"p-13\""}, {2, "\"dispatch\",\"to\":\"一队\""},
		{4, "\"sign\""}, {4, "\"sign\""}, {4, "\"handle\",\"result\":\"rectified\""}, {4, "\"handle\",\"result\":\"done\""},
		{4, "\"handle\",\"result\":\"settled_oral\""}, {5, "\"verify_pass\""}, {2, "\"verify_pass\""}, {5, "\"verify_fail\",\"note\":\"x\""},
		{4, "\"return\",\"note\":\"x\""}, {2, "\"suspend\",\"note\":\"x\""}, {2, "\"resume\",\"note\":\"x\""},
		{2, "\"extend\",\"until\":1774035730000"}, {2, "\"rate\",\"rating\":\"satisfied\""}, {2, "\"rate\",\"rating\":\"no_contact\""},
		{2, "\"reopen\",\"note\":\"x\""}, {2, "\"ack\""}, {2, "\"urge\""}, {3, "\"escalate\",\"note\":\"x\""},
		{2, "\"decline\",\"note\":\"x\""}, {2, "\"void\",\"note\":\"x\""}, {4, "\"handle\",\"result\":\"transferred\""},
	};
	static const int life[] = {0, 2, 4, 24, 9, 16, 18, 2, 5, 24, 10};
	uint32_t i = roll(roll(3) ? 12 : ARRAY_LEN(all)), c = roll(CASES);

	if (roll(10) < 7)
		i = (uint32_t)life[stage[c]++ % ARRAY_LEN(life)];
	(void)snprintf(body, room, "\"case.act\",%s\"body\":{\"case\":\"c%u\",\"action\":%s}",
		roll(4) ? "\"att\":[{\"sha256\":\"0123456789012345678901234567890123456789012345678901234567890123\",\"role\":\"after\"}]," : "",
		c, all[i].say);
	return roll(8) ? all[i].device : (int)roll(DEVICES);
}

static int make_one(char *body, size_t room, char *extra, size_t more, int stage[CASES])
{
	static const char *const classes[] = {"\"hazard\",\"category\":\"fire\"", "\"finding\",\"category\":\"dumping\"",
		"\"appeal\",\"category\":\"roads\"", "\"dispute\",\"category\":\"land\"",
		"\"rectify\",\"category\":\"work_style\",\"issuer\":\"区创卫办\"", "\"hazard\",\"category\":\"no_such\""};
	static const char *const places[] = {"QSH-01", "HG-01", "990101100001001", "990101100", "NO-99"};
	uint32_t what = roll(20);
	int d = (int)roll(DEVICES);

	extra[0] = '\0';
	if (what < 4) {
		if (roll(2))
			(void)snprintf(extra, more, "\"ref\":\"w%u\",", roll(2));
		else if (roll(2))
			(void)snprintf(extra, more, "\"scope\":\"%s\",", pick(places, 5));
		(void)snprintf(body, room, "\"case.report\",\"body\":{\"case\":\"c%u\",\"class\":%s,\"title\":\"t\"%s}", roll(CASES),
			pick(classes, 6), roll(6) ? "" : ",\"self_fixed\":true");
		return roll(3) ? (int)roll(2) : d;
	}
	if (what < 6) {
		(void)snprintf(body, room, "\"patrol.start\",\"body\":{\"patrol\":\"w%u\",\"route\":\"grid\",\"target\":\"%s\"}", roll(2),
			pick(places, 4));
		return (int)roll(2);
	}
	if (what < 8) {
		(void)snprintf(body, room, "\"void\",\"body\":{\"target\":\"%s/e/%u\"}", devices[roll(DEVICES)], 1 + roll(20));
		return roll(2) ? 2 : d;
	}
	if (what == 8) { /* what waits for an act, and adds to the tallies by itself */
		(void)snprintf(extra, more, "\"base\":\"%s/e/%u\",", devices[roll(DEVICES)], 1 + roll(20));
		(void)snprintf(body, room, "%s", roll(2) ? "\"inspect\",\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}"
						       : "\"visit\",\"body\":{\"household\":\"h\",\"staff\":2,\"aid_fen\":500}");
		return d;
	}
	if (what == 9) {
		(void)snprintf(body, room, "\"work\",\"body\":{\"item\":\"bins\",\"qty\":%u.%u}", roll(9), roll(9));
		return d;
	}
	if (roll(5) == 0)
		(void)snprintf(extra, more, "\"base\":\"%s/e/%u\",", devices[roll(DEVICES)], 1 + roll(20));
	return make_act(body, room, stage);
}

static void make(struct sent *v)
{
	int64_t seq[DEVICES] = {0};
	int stage[CASES] = {0};

	for (int n = 0; n < EVENTS; n++) {
		char body[500], extra[64];
		int d = make_one(body, sizeof body, extra, sizeof extra, stage);

		v[n].device = devices[d];
		(void)snprintf(v[n].json, sizeof v[n].json, "{\"epoch\":\"e\",\"seq\":%lld,\"at\":%lld,%s\"kind\":%s}", (long long)++seq[d],
			(long long)(TOWN_NOW - 40LL * 86400 * 1000 + n * 3600000LL + (roll(8) ? 0 : (int64_t)roll(200) * 3600000) -
				(int64_t)roll(3)), extra, body);
	}
}

static const char *const dumps[] = {
	("SELECT name, report_at, report_device, report_epoch, report_seq, class, category, severity, title, scope, area, reporter, "
	 "ref, issuer, state, version, level, holder, handler, accepted_at, dispatched_at, handled_at, closed_at, due, on_time, "
	 "self_fixed, result, rating, counts, share, next FROM casus WHERE state <> 0 ORDER BY 1"),
	"SELECT figure, level, category, area, span, n FROM tally WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5",
	("SELECT s.device, s.epoch, e.seq, e.kind, e.at, e.person, e.area, e.flags FROM event e JOIN stream s ON s.id = e.stream "
	 "WHERE (e.flags & 4) = 0 ORDER BY 1, 2, 3"),
	"SELECT device, epoch, seq, casus, kind, code, detail FROM held_all ORDER BY 1, 2, 3",
	"SELECT device, epoch, seq FROM voided ORDER BY 1, 2, 3",
	"SELECT id, severity, title, scope, at FROM alert WHERE active = 1 ORDER BY 1",
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

static void deliver(struct town *t, const struct sent *v, bool shuffled)
{
	int order[EVENTS * 2], m = 0;
	bool more;

	for (int i = 0; i < EVENTS; i++)
		order[m++] = i;
	for (int i = 0; shuffled && i < EVENTS / 3; i++)
		order[m++] = (int)roll(EVENTS); /* repeats */
	for (int i = m - 1; shuffled && i > 0; i--) {
		int k = (int)roll((uint32_t)i + 1), x = order[i];

		order[i] = order[k];
		order[k] = x;
	}
	for (int i = 0; i < m; i++) {
		town_send(t, v[order[i]].device, v[order[i]].json);
		if (!shuffled || roll(3) == 0)
			(void)town_commit(t);
		if (shuffled && roll(25) == 0) {
			(void)town_commit(t);
			town_close(t);
			town_open(t);
		}
		if (shuffled && roll(25) == 0) {
			(void)town_commit(t);
			assert_int_equal(intake_due(t->in, TOWN_NOW, &more), OK);
		}
	}
	(void)town_commit(t);
	assert_int_equal(intake_due(t->in, TOWN_NOW, &more), OK);
	(void)town_commit(t);
}

/* A change of the registry that changes nothing leaves everything as it is: all cases folded again. */
static void refold(struct town *t)
{
	int64_t commit;
	bool more;

	assert_int_equal(store_begin(t->st), OK);
	assert_int_equal(store_note(t->st, TOWN_NOW, "import", 1, &commit), OK);
	assert_int_equal(intake_registry_changed(t->in, TOWN_NOW, INTAKE_PLACES, &more), OK);
	assert_false(more);
	(void)town_commit(t);
}

static void differs(const char *what, uint64_t seed, const char *want, const char *got)
{
	size_t at = 0;

	if (strcmp(want, got) == 0)
		return;
	while (want[at] == got[at])
		at++;
	while (at > 0 && want[at - 1] != '\n')
		at--;
	fail_msg("SEED=%llu ROUNDS=1: %s:\n%.300s\n--- instead of\n%.300s", (unsigned long long)seed, what, got + at, want + at);
}

static void start(struct town *t)
{
	town_make(t);
	town_officers(t);
}

static void test_any_order(void **unused)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t first = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_wall_ms();
	int n = rounds ? atoi(rounds) : 25, closed = 0, displaced = 0, held = 0, voided = 0;
	struct sent *v = calloc(EVENTS, sizeof *v);
	struct town *t = calloc(1, sizeof *t);

	(void)unused;
	(void)fprintf(stderr, "SEED=%llu ROUNDS=%d\n", (unsigned long long)first, n);
	for (int r = 0; r < n; r++) {
		char *want, *got;

		state = first + (uint64_t)r;
		make(v);
		start(t);
		deliver(t, v, false);
		want = outcome(t);
		town_check(t);
		closed += (int)town_count(t, "SELECT count(*) FROM casus WHERE state = 6");
		held += (int)town_count(t, "SELECT count(*) FROM held WHERE folded = 1");
		voided += (int)town_count(t, "SELECT count(*) FROM event WHERE kind IN (9, 10) AND (flags & 2)");
		town_remove(t);
		for (int k = 0; k < 3; k++) {
			start(t);
			deliver(t, v, true);
			got = outcome(t);
			displaced += (int)town_count(t, "SELECT count(*) FROM displaced");
			differs("another outcome", first + (uint64_t)r, want, got);
			town_check(t);
			free(got);
			refold(t);
			got = outcome(t);
			differs("another outcome after a refold", first + (uint64_t)r, want, got);
			town_check(t);
			free(got);
			town_remove(t);
		}
		free(want);
	}
	(void)fprintf(stderr, "closed %d held %d displaced %d voided %d\n", closed, held, displaced, voided);
	if (n >= 25)
		assert_true(closed && held && displaced && voided);
	free(v);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
