/* t_intake.c - the device protocol against schema/intake.c, without doors. */
#include "tests/unit/town.h"

#include "base/fault.h"
#include "core/event.h"
#include "core/window.h"

#define HAS(text, part)                                                                            \
	do {                                                                                       \
		if (!strstr(text, part))                                                           \
			fail_msg("no %s in %s", part, text);                                       \
	} while (0)
#define HAS_NOT(text, part)                                                                        \
	do {                                                                                       \
		if (strstr(text, part))                                                            \
			fail_msg("%s in %s", part, text);                                          \
	} while (0)

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

static void sos(char out[256], int seq)
{
	(void)snprintf(out, 256, "{\"epoch\":\"e1\",\"seq\":%d,\"kind\":\"sos\",\"at\":%lld,\"body\":{\"text\":\"help %d\"}}",
		seq, TOWN_NOW - 1000LL * seq, seq);
}

static void send_sos(struct town *t, int seq)
{
	char p[256];

	sos(p, seq);
	town_send(t, "d-1", p);
}

static void start(char out[512], int seq, const char *patrol, const char *route, const char *target, int64_t at)
{
	(void)snprintf(out, 512,
		"{\"epoch\":\"e1\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"%s\","
		"\"route\":\"%s\",\"target\":\"%s\"}}",
		seq, (long long)at, patrol, route, target);
}

static void change_registry(struct town *t, const char *sql)
{
	bool more;
	int64_t commit;
	struct head head;

	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, sql);
	assert_int_equal(store_note(t->st, TOWN_NOW, "test", 1, &commit), OK);
	assert_int_equal(intake_registry_changed(t->in, TOWN_NOW, INTAKE_PLACES, &more), OK);
	assert_false(more);
	assert_int_equal(intake_commit(t->in, TOWN_NOW, &head), OK);
}

static void test_stored(void **state)
{
	struct town *t = *state;

	send_sos(t, 1);
	send_sos(t, 2);
	HAS(town_commit(t), "d-1 {\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":2,\"missing\":[],\"commit\":4,");
	HAS(t->acks, "\"results\":[]");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 2);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure = 'events' AND span = 2025"), 2);
	town_check(t);
}

static void test_gaps_and_holes(void **state)
{
	struct town *t = *state;

	send_sos(t, 1);
	send_sos(t, 5);
	send_sos(t, 9);
	HAS(town_commit(t), "\"upto\":9,\"missing\":[[2,4],[6,8]]");
	send_sos(t, 3);
	HAS(town_commit(t), "\"upto\":9,\"missing\":[[2,2],[4,4],[6,8]]");
	town_send(t, "d-1", "{\"hello\":{\"epoch\":\"e1\",\"first\":7,\"next\":10}}");
	HAS(town_commit(t), "\"upto\":9,\"missing\":[[7,8]]");
	assert_int_equal(town_count(t, "SELECT holes FROM device_state WHERE device = 'd-1'"), 3);
	send_sos(t, 4); /* arrives in a hole after all */
	HAS(town_commit(t), "\"missing\":[[7,8]]");
	assert_int_equal(town_count(t, "SELECT holes FROM device_state WHERE device = 'd-1'"), 2);
	town_check(t);
}

static void test_seventeenth_gap(void **state)
{
	struct town *t = *state;

	for (int i = 0; i <= 16; i++)
		send_sos(t, 1 + 2 * i); /* 16 gaps: 2, 4, ... 32 */
	HAS(town_commit(t), "\"upto\":33,");
	send_sos(t, 35); /* the 17th: 34 */
	HAS(town_commit(t), "\"upto\":33,");
	HAS(t->acks, "[32,32]]");
	send_sos(t, 2);
	HAS(town_commit(t), "\"upto\":35,");
	HAS(t->acks, "[34,34]]");
	town_check(t);
}

static void test_window_full(void **state)
{
	struct town *t = *state;
	int64_t n = WINDOW_GAPS_MAX;

	for (int i = 0; i < n; i++)
		send_sos(t, 2 + 2 * i);
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), n);
	send_sos(t, 4 + 2 * (int)n); /* would open one range more: not taken, not answered */
	HAS(town_commit(t), "\"upto\":32,");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), n);
	assert_int_equal(intake_counts(t->in)->window_full, 1);
	send_sos(t, 1);
	send_sos(t, 4 + 2 * (int)n);
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), n + 2);
	town_check(t);
	/* holes free the room of the gaps, however many there are, and the stream goes on */
	town_send(t, "d-1", "{\"hello\":{\"epoch\":\"e1\",\"first\":5000,\"next\":5001}}");
	HAS(town_commit(t), "\"upto\":4999,\"missing\":[]");
	send_sos(t, 5000);
	send_sos(t, 5003);
	HAS(town_commit(t), "\"upto\":5003,\"missing\":[[5001,5002]]");
	send_sos(t, 3); /* arrives in a hole after all */
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event WHERE seq = 3"), 1);
	town_close(t);
	town_open(t);
	send_sos(t, 3);
	HAS(town_commit(t), "\"upto\":5003,\"missing\":[[5001,5002]]");
	assert_int_equal(intake_counts(t->in)->duplicate, 1);
	town_check(t);
}

/* Held when its device was enrolled, a revocation later does not keep it from being judged. */
static void test_held_of_a_revoked_device(void **state)
{
	struct town *t = *state;

	town_officers(t);
	town_send(t, "d-12", "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"case.act\",\"at\":1764035730000,\"body\":{\"case\":\"c-1\",\"action\":\"accept\"}}");
	HAS(town_commit(t), "\"code\":\"waits_for\"");
	change_registry(t, "UPDATE device SET revoked = 1 WHERE id = 'd-12'");
	town_send(t, "d-2", "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"case.report\",\"at\":1764035730000,\"body\":{\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"x\"}}");
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 2);
	town_check(t);
}

/* A centre voids what came before its person had an appointment, once the registry says where that is. */
static void test_void_before_the_appointment(void **state)
{
	struct town *t = *state;

	town_sql(t, "DELETE FROM appointment WHERE person = 'p-4'");
	town_officers(t);
	town_send(t, "d-4", "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"inspect\",\"at\":1764035730000,\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}}");
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event WHERE coalesce(area, '') = ''"), 1);
	town_send(t, "d-11", "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"void\",\"at\":1764035730000,\"body\":{\"target\":\"d-4/h/1\"}}");
	HAS(town_commit(t), "\"code\":\"not_allowed\"");
	change_registry(t, "INSERT INTO appointment VALUES('p-4','worker','990101100002001',-2147483648,'grid',NULL,2,NULL)");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM voided"), 1);
}

/* Phones set their clocks by an ack: it tells the time now, not that of an earlier commit. */
static void test_ack_time(void **state)
{
	struct town *t = *state;
	struct intake_from from = {slice_of("d-1"), slice_of("990101"), 0, 1};
	struct intake_ack ack;
	struct head head;
	char p[256];

	send_sos(t, 1);
	(void)town_commit(t);
	sos(p, 1);
	assert_int_equal(intake_take(t->in, &from, slice_of(p), TOWN_NOW + 3000), OK);
	assert_int_equal(intake_commit(t->in, TOWN_NOW + 3001, &head), OK);
	assert_true(intake_next_ack(t->in, &ack));
	HAS(ack.json.p, "\"time\":1764035733001,");
	while (intake_next_ack(t->in, &ack))
		;
}

static void test_duplicates_and_conflicts(void **state)
{
	struct town *t = *state;

	send_sos(t, 1);
	(void)town_commit(t);
	town_send(t, "d-1", "{\"body\":{\"text\":\"help 1\"},\"at\":1764035729000,\"kind\":\"sos\",\"seq\":1,\"epoch\":\"e1\"}");
	HAS(town_commit(t), "\"upto\":1,\"missing\":[],\"commit\":3,");
	HAS(t->acks, "\"results\":[]");
	assert_int_equal(intake_counts(t->in)->duplicate, 1);
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"sos\",\"at\":1764035729000,\"body\":{\"text\":\"other\"}}");
	HAS(town_commit(t), "{\"seq\":1,\"status\":\"conflict\"");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"sos\",\"at\":1764035729000,\"body\":{\"text\":\"other\"}}");
	HAS(town_commit(t), "{\"seq\":1,\"status\":\"conflict\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM conflict"), 1);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 1);
	town_send(t, "d-1", "{\"hello\":{\"epoch\":\"e1\",\"first\":1,\"next\":2}}");
	HAS(town_commit(t), "\"status\":\"conflict\"");
	town_check(t);
}

/* Old events are found again through the chunks, also after a restart, also in odd order. */
static void test_old_duplicates(void **state)
{
	struct town *t = *state;
	char other[256];

	for (int i = 2000; i >= 1; i -= 2)
		send_sos(t, i);
	for (int i = 1; i <= 2000; i += 2)
		send_sos(t, i);
	(void)town_commit(t);
	assert_true(town_count(t, "SELECT count(*) FROM chunk") >= 7);
	town_close(t);
	town_open(t);
	for (int i = 1; i <= 2000; i += 37)
		send_sos(t, i);
	HAS(town_commit(t), "\"results\":[]");
	assert_int_equal(intake_counts(t->in)->duplicate, 55);
	(void)snprintf(other, sizeof other, "{\"epoch\":\"e1\",\"seq\":1500,\"kind\":\"sos\",\"at\":%lld,\"body\":{}}", TOWN_NOW);
	town_send(t, "d-1", other);
	HAS(town_commit(t), "{\"seq\":1500,\"status\":\"conflict\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 2000);
	town_check(t);
}

static void test_rejects(void **state)
{
	struct town *t = *state;

	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"patrol.begin\",\"at\":1,\"body\":{}}");
	HAS(town_commit(t), "{\"seq\":1,\"status\":\"rejected\",\"code\":\"unknown_kind\",\"detail\":\"/kind: patrol.begin\"}");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":2,\"kind\":\"sos\",\"at\":1e999,\"body\":{}}");
	HAS(town_commit(t), "{\"seq\":2,\"status\":\"rejected\",\"code\":\"bad_json\"");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":3,\"kind\":\"sos\",\"at\":1,\"body\":{\"text\":\"a\\u0000b\"}}");
	HAS(town_commit(t), "{\"seq\":3,\"status\":\"rejected\",\"code\":\"bad_json\"");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":4,\"kind\":\"sos\",\"at\":1,\"body\":{");
	HAS(town_commit(t), "{\"seq\":4,\"status\":\"rejected\",\"code\":\"bad_json\"");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":5,\"kind\":\"sos\",\"at\":1,\"loc\":{\"lat\":91,\"lon\":0},\"body\":{}}");
	HAS(town_commit(t), "{\"seq\":5,\"status\":\"rejected\",\"code\":\"bad_event\",\"detail\":\"/loc/lat");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"patrol.begin\",\"at\":1,\"body\":{}}");
	HAS(town_commit(t), "{\"seq\":1,\"status\":\"rejected\",\"code\":\"unknown_kind\"");
	town_send(t, "d-1", "not json");
	HAS(town_commit(t), "d-1 {\"type\":\"ack\",\"error\":{\"code\":\"bad_json\"}}");
	town_send(t, "d-1", "{\"kind\":\"sos\"}");
	HAS(town_commit(t), "\"error\":{\"code\":\"bad_event\"");
	town_send(t, "d-1", "[]");
	HAS(town_commit(t), "\"error\":{\"code\":\"bad_event\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM reject"), 8);
	town_send(t, "d-1", "{\"hello\":{\"epoch\":\"e1\",\"first\":2,\"next\":6}}");
	HAS(town_commit(t), "\"seq\":2,");
	HAS(t->acks, "\"seq\":5,");
	HAS_NOT(t->acks, "\"seq\":1,");
	town_check(t);
}

static void test_sizes(void **state)
{
	struct town *t = *state;
	struct buf b = {0};
	char one[256];

	for (int n = 199; n <= 201; n++) { /* below, at and above the limit of an array */
		buf_clear(&b);
		buf_addc(&b, '[');
		for (int i = 1; i <= n; i++) {
			sos(one, i);
			buf_addf(&b, "%s%s", i > 1 ? "," : "", one);
		}
		buf_addc(&b, ']');
		town_send(t, "d-1", b.p);
		if (n <= 200)
			HAS(town_commit(t), n == 199 ? "\"upto\":199," : "\"upto\":200,");
		else
			HAS(town_commit(t), "\"error\":{\"code\":\"too_large\",\"limit\":200}");
	}
	for (int d = -1; d <= 1; d++) { /* of a payload */
		buf_clear(&b);
		buf_addf(&b, "{\"epoch\":\"e2\",\"seq\":%d,\"kind\":\"sos\",\"at\":1,\"body\":{\"x\":\"", d + 2);
		while (b.n < (size_t)(EVENT_PAYLOAD_MAX + d - 3))
			buf_addc(&b, 'x');
		buf_adds(&b, "\"}}");
		assert_int_equal(b.n, EVENT_PAYLOAD_MAX + d);
		town_send(t, "d-1", b.p);
		(void)town_commit(t);
		if (d <= 0)
			HAS_NOT(t->acks, "too_large");
		else
			HAS(t->acks, "{\"seq\":3,\"status\":\"rejected\",\"code\":\"too_large\"");
	}
	buf_clear(&b);
	buf_addc(&b, '[');
	while (b.n <= EVENT_PAYLOAD_MAX)
		buf_adds(&b, "1,");
	buf_adds(&b, "1]");
	town_send(t, "d-1", b.p);
	HAS(town_commit(t), "\"error\":{\"code\":\"too_large\",\"limit\":262144}");
	b.p[0] = b.p[b.n - 1] = '"';
	town_send(t, "d-1", b.p);
	HAS(town_commit(t), "\"error\":{\"code\":\"too_large\",\"limit\":262144}");
	buf_done(&b);
	town_check(t);
}

static void test_array_with_bad_elements(void **state)
{
	struct town *t = *state;

	town_send(t, "d-1",
		"[{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"sos\",\"at\":1764035729000,\"body\":{}},"
		"{\"epoch\":\"e1\",\"seq\":2,\"kind\":\"sos\",\"kind\":\"sos\",\"at\":1764035729000,\"body\":{}},"
		"{\"epoch\":\"e1\",\"kind\":\"sos\",\"at\":1764035729000,\"body\":{}},"
		"{\"epoch\":\"e1\",\"seq\":3,\"kind\":\"sos\",\"at\":1764035729000,\"body\":{}}]");
	(void)town_commit(t);
	HAS(t->acks, "\"upto\":3,");
	HAS(t->acks, "{\"seq\":2,\"status\":\"rejected\",\"code\":\"bad_json\"");
	HAS(t->acks, "\"error\":{\"code\":\"bad_event\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 2);
	town_check(t);
}

static void test_enrolment(void **state)
{
	struct town *t = *state;
	struct intake_from from = {slice_of("d-1"), slice_of("990102"), 0, 1};
	char p[256];

	sos(p, 1);
	assert_int_equal(intake_take(t->in, &from, slice_of(p), TOWN_NOW), OK);
	HAS(town_commit(t), "\"code\":\"wrong_district\"");
	town_send(t, "d-99", p);
	HAS(town_commit(t), "d-99 {\"type\":\"ack\",\"error\":{\"code\":\"device_revoked\"}}");
	town_sql(t, "UPDATE device SET revoked = 1 WHERE id = 'd-2'");
	town_send(t, "d-2", p);
	HAS(town_commit(t), "d-2 {\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":1");
	HAS(t->acks, "\"code\":\"device_revoked\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 0);
	town_check(t);
}

static void test_held_for_registry(void **state)
{
	struct town *t = *state;
	char p[512];

	start(p, 1, "a", "river", "XXH-09", TOWN_NOW);
	town_send(t, "d-2", p);
	HAS(town_commit(t), "{\"seq\":1,\"status\":\"held\",\"code\":\"unknown_place\",\"detail\":\"/body/target: XXH-09\"}");
	town_send(t, "d-2", p);
	HAS(town_commit(t), "\"code\":\"unknown_place\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM patrol"), 0);
	change_registry(t, "INSERT INTO reach VALUES('XXH-09','新河','新河','river','990101100002',10,3,NULL)");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure = 'river_patrols' AND level = 'community' AND area = '990101100002' AND span = 20251125"), 1);
	assert_int_equal(town_count(t, "SELECT \"commit\" FROM event"), 4);
	town_send(t, "d-2", p);
	HAS(town_commit(t), "\"results\":[]");
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 1);
	town_check(t);
}

static void test_held_kinds(void **state)
{
	struct town *t = *state;

	town_officers(t);
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"sos\",\"at\":1764035730000,\"person\":\"p-77\",\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"unknown_person\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":2,\"kind\":\"sos\",\"at\":1764035730000,\"person\":\"p-2\",\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"not_allowed\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":3,\"kind\":\"inspect\",\"at\":1764035730000,\"body\":{\"topic\":\"no_such\",\"result\":\"ok\"}}");
	HAS(town_commit(t), "\"code\":\"unknown_category\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":4,\"kind\":\"sos\",\"at\":3764035730000,\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"time_in_future\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":5,\"kind\":\"sos\",\"at\":1000,\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"time_too_old\"");
	town_send(t, "d-12", "{\"epoch\":\"h\",\"seq\":6,\"kind\":\"case.act\",\"at\":1764035730000,\"body\":{\"case\":\"c-1\",\"action\":\"accept\"}}");
	HAS(town_commit(t), "\"code\":\"waits_for\",\"detail\":\"/body/case: c-1\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":7,\"kind\":\"sos\",\"at\":1764035730000,\"base\":\"d-2/e/9\",\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"waits_for\",\"detail\":\"/base: d-2/e/9\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":8,\"kind\":\"sos\",\"at\":1764036330000,\"body\":{}}"); /* 10 min: at the limit */
	HAS(town_commit(t), "\"results\":[]");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":9,\"kind\":\"sos\",\"at\":1764036330001,\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"time_in_future\"");
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":10,\"kind\":\"sos\",\"at\":4764036330001,\"off\":-3000000600001,\"body\":{}}");
	HAS(town_commit(t), "\"results\":[]"); /* at + off is what counts */
	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":11,\"kind\":\"case.report\",\"at\":1764035730000,\"body\":{\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"x\"}}");
	HAS(town_commit(t), "\"results\":[]");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held WHERE waits = 'case c-1'"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event WHERE kind = 10"), 1);
	town_check(t);
}

static void test_time_releases(void **state)
{
	struct town *t = *state;
	struct head head;
	bool more;

	town_send(t, "d-1", "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"sos\",\"at\":1764036330001,\"body\":{}}");
	HAS(town_commit(t), "\"code\":\"time_in_future\"");
	assert_int_equal(intake_due(t->in, TOWN_NOW, &more), OK);
	assert_int_equal(intake_commit(t->in, TOWN_NOW, &head), OK);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 1);
	assert_int_equal(intake_due(t->in, TOWN_NOW + 1, &more), OK);
	assert_int_equal(intake_commit(t->in, TOWN_NOW + 1, &head), OK);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 1);
	town_check(t);
}

/* The platform's clock went back: no times are judged. */
static void test_clock_behind(void **state)
{
	struct town *t = *state;
	struct intake_from from = {slice_of("d-1"), slice_of("990101"), 0, 1};
	const char *p = "{\"epoch\":\"h\",\"seq\":1,\"kind\":\"sos\",\"at\":1764035730000,\"body\":{}}";
	struct head head;

	assert_int_equal(intake_take(t->in, &from, slice_of(p), 1000000), OK);
	assert_int_equal(intake_commit(t->in, 1000000, &head), OK);
	assert_int_equal(head.time_ms, TOWN_NOW - 500);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 1);
	town_check(t);
}

static void test_void(void **state)
{
	struct town *t = *state;
	char p[512];

	town_send(t, "d-2", "{\"epoch\":\"e1\",\"seq\":2,\"kind\":\"void\",\"at\":1764035730000,\"body\":{\"target\":\"d-2/e1/1\",\"reason\":\"x\"}}");
	HAS(town_commit(t), "\"code\":\"waits_for\"");
	start(p, 1, "a", "river", "QSH-01", TOWN_NOW);
	town_send(t, "d-2", p);
	HAS(town_commit(t), "\"upto\":2,\"missing\":[]");
	HAS(t->acks, "\"results\":[]");
	assert_int_equal(town_count(t, "SELECT sum(n) FROM tally WHERE figure = 'river_patrols'"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM patrol WHERE start_at IS NOT NULL"), 0);
	town_send(t, "d-2", "{\"epoch\":\"e1\",\"seq\":3,\"kind\":\"void\",\"at\":1764035730000,\"body\":{\"target\":\"d-2/e1/2\"}}");
	HAS(town_commit(t), "\"code\":\"not_allowed\"");
	town_send(t, "d-1", "{\"epoch\":\"e1\",\"seq\":1,\"kind\":\"void\",\"at\":1764035730000,\"body\":{\"target\":\"d-2/e1/1\"}}");
	HAS(town_commit(t), "\"code\":\"not_allowed\"");
	town_check(t);
}

static void test_levels(void **state)
{
	struct town *t = *state;
	char p[512];

	start(p, 1, "a", "river", "QSH-01", TOWN_NOW);
	town_send(t, "d-2", p); /* community chief of the reach */
	start(p, 1, "b", "gully", "HG-01", TOWN_NOW);
	town_send(t, "d-3", p); /* town chief of the town */
	start(p, 2, "c", "road", "990101100", TOWN_NOW);
	town_send(t, "d-3", p); /* no river patrol */
	start(p, 1, "d", "river", "QSH-01", TOWN_NOW);
	town_send(t, "d-1", p); /* a worker: no river patrol */
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='river_patrols' AND level='community' AND span=202511"), 1);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='river_patrols' AND level='town' AND span=2025"), 1);
	assert_int_equal(town_count(t, "SELECT sum(n) FROM tally WHERE figure='patrols' AND span=20251125"), 4);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='patrols' AND level='grid' AND category='river' AND span=2025"), 1);
	town_check(t);
	/* p-2's appointment ended the day before: that patrol is no chief's any more */
	change_registry(t, "UPDATE appointment SET until = 7 WHERE person = 'p-2'; INSERT INTO appointment VALUES('p-2','chief','QSH-01',-2147483648,'community',20416,7,NULL)");
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='river_patrols' AND level='community' AND span=202511"), 0);
	town_check(t);
}

/* A late evening patrol in UTC is the next civil day at +08:00. */
static void test_civil_day(void **state)
{
	struct town *t = *state;
	char p[512];

	start(p, 1, "a", "river", "QSH-01", 1763999999999LL); /* 2025-11-24 23:59:59.999 +08:00 */
	town_send(t, "d-2", p);
	start(p, 2, "b", "river", "QSH-01", 1764000000000LL); /* 2025-11-25 00:00 */
	town_send(t, "d-2", p);
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='river_patrols' AND span=20251124"), 1);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='river_patrols' AND span=20251125"), 1);
	assert_int_equal(town_count(t, "SELECT n FROM tally WHERE figure='river_patrols' AND span=202511"), 2);
}

/* Whatever fails on the way, a batch is whole or nothing, and the next try succeeds. */
static void test_failed_commit(void **state)
{
	struct town *t = *state;
	struct head head;
	char p[512];

	start(p, 1, "a", "river", "QSH-01", TOWN_NOW);
	town_send(t, "d-2", p);
	(void)fault_arm("tx.commit:1");
	assert_int_equal(intake_commit(t->in, TOWN_NOW, &head), ERR_FULL);
	(void)fault_arm(NULL);
	assert_int_equal(town_count(t, "SELECT count(*) FROM event"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM stream"), 0);
	struct intake_ack ack;
	assert_false(intake_next_ack(t->in, &ack));
	town_send(t, "d-2", p);
	HAS(town_commit(t), "\"upto\":1,\"missing\":[],\"commit\":3,");
	town_check(t);
}

static void test_presence(void **state)
{
	struct town *t = *state;
	struct head head;

	assert_int_equal(intake_presence(t->in, slice_of("d-1"), slice_of("{\"online\":true,\"at\":1}"), TOWN_NOW), OK);
	assert_int_equal(intake_commit(t->in, TOWN_NOW, &head), OK);
	assert_int_equal(town_count(t, "SELECT online FROM device_state WHERE device='d-1'"), 1);
	assert_int_equal(intake_presence(t->in, slice_of("d-1"), slice_of("{\"online\":false}"), TOWN_NOW), OK);
	assert_int_equal(intake_presence(t->in, slice_of("d-1"), slice_of("nonsense"), TOWN_NOW), OK);
	assert_int_equal(intake_presence(t->in, slice_of("nobody"), slice_of("{\"online\":true}"), TOWN_NOW), OK);
	assert_int_equal(intake_commit(t->in, TOWN_NOW, &head), OK);
	assert_int_equal(town_count(t, "SELECT online FROM device_state WHERE device='d-1'"), 0);
	assert_int_equal(town_count(t, "SELECT count(*) FROM device_state"), 1);
	assert_int_equal(head.commit, 2); /* presence takes no commit number */
}

/* More results than one ack holds go into several. */
static void test_many_results(void **state)
{
	struct town *t = *state;
	char p[256];
	int n = 0;

	for (int i = 1; i <= 900; i++) {
		(void)snprintf(p, sizeof p, "{\"epoch\":\"e1\",\"seq\":%d,\"kind\":\"nope\",\"at\":1,\"body\":{}}", i);
		town_send(t, "d-1", p);
	}
	(void)town_commit(t);
	for (const char *s = t->acks; (s = strstr(s, "\"status\":")); s++)
		n++;
	assert_int_equal(n, 900);
	n = 0;
	town_send(t, "d-1", "{\"hello\":{\"epoch\":\"e1\",\"first\":101,\"next\":901}}");
	(void)town_commit(t);
	for (const char *s = t->acks; (s = strstr(s, "\"status\":")); s++)
		n++;
	assert_int_equal(n, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_stored), T(test_gaps_and_holes), T(test_seventeenth_gap), T(test_window_full),
		T(test_held_of_a_revoked_device), T(test_ack_time),
		T(test_void_before_the_appointment), T(test_ack_time),
		T(test_duplicates_and_conflicts), T(test_old_duplicates), T(test_rejects), T(test_sizes),
		T(test_array_with_bad_elements), T(test_enrolment), T(test_held_for_registry),
		T(test_held_kinds), T(test_time_releases), T(test_clock_behind), T(test_void), T(test_levels),
		T(test_civil_day), T(test_failed_commit), T(test_presence), T(test_many_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
