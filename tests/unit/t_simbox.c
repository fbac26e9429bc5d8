/* t_simbox.c - cli/simbox.c: a phone's outbox, against a platform that loses, repeats and forgets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/simbox.h"
#include "core/json.h"

struct box {
	char dir[32];
	struct simbox *x;
	struct simphone *ph;
	struct simrng rng;
	struct buf out;
	int64_t now; /* wall */
};

static void open_box(struct box *b)
{
	struct why why = {""};

	if (simbox_open(b->dir, 1, &b->x, &why) != OK)
		fail_msg("%s", why.text);
	b->ph = simbox_phone(b->x, "d-1");
}

static int setup(void **arg)
{
	struct box *b = calloc(1, sizeof *b);

	strcpy(b->dir, "/tmp/xg-simbox.XXXXXX");
	if (!mkdtemp(b->dir))
		return -1;
	b->rng.s = 11;
	b->now = clock_wall_ms();
	open_box(b);
	simphone_install(b->ph, "e1", true, b->now);
	*arg = b;
	return 0;
}

static int teardown(void **arg)
{
	struct box *b = *arg;
	char cmd[64];

	simbox_close(b->x);
	buf_done(&b->out);
	(void)snprintf(cmd, sizeof cmd, "rm -rf %s", b->dir);
	if (system(cmd) != 0)
		return -1;
	free(b);
	return 0;
}

static void reopen(struct box *b)
{
	simbox_close(b->x);
	open_box(b);
}

static void make(struct box *b, int n)
{
	for (int i = 0; i < n; i++) {
		char rest[64];

		(void)snprintf(rest, sizeof rest, "\"kind\":\"sos\",\"at\":%lld,\"body\":{}", (long long)b->now);
		assert_int_equal(simphone_make(b->ph, slice_of(rest), b->now), OK);
	}
}

static int collect(struct box *b, int64_t now_mono, int max)
{
	enum err e;
	int n = simphone_collect(b->ph, now_mono, max, &b->rng, &b->out, &e);

	assert_int_equal(e, OK);
	return n;
}

static struct simack take(struct box *b, const char *text)
{
	struct simack a;

	simphone_take(b->ph, slice_of(text), &a);
	return a;
}

static struct simcounts counts(struct box *b)
{
	struct simcounts n;

	simbox_counts(b->x, &n);
	return n;
}

/* The ledger as it stands, every line with a | behind it. */
static const char *ledger(struct box *b)
{
	static char text[1 << 16];
	char name[64];
	FILE *f;
	size_t n;

	assert_int_equal(simbox_flush(b->x), OK);
	(void)snprintf(name, sizeof name, "%s/ledger", b->dir);
	f = fopen(name, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = '|';
	assert_int_equal(fclose(f), 0);
	return text;
}

static bool says(struct box *b, const char *line)
{
	return strstr(ledger(b), line) != NULL;
}

static void an_event_waits_until_it_is_answered(void **arg)
{
	struct box *b = *arg;
	struct simack a;

	make(b, 3);
	assert_int_equal(simphone_due(b->ph), 0);
	assert_int_equal(collect(b, 1000, 200), 3);
	assert_int_equal(b->out.p[0], '[');
	assert_true(says(b, "|sent d-1 e1 1 2 3|"));
	assert_int_equal(counts(b).waiting, 3);
	a = take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":2,\"missing\":[],\"commit\":9,\"time\":77}");
	assert_true(a.understood && !a.clone && a.time_ms == 77);
	assert_int_equal(counts(b).acked, 2);
	assert_int_equal(simphone_waiting(b->ph), 1);
	assert_true(says(b, "|acked d-1 e1 1 9|acked d-1 e1 2 9|"));
	take(b, "{\"type\":\"ack\",\"epoch\":\"other\",\"upto\":3,\"commit\":9}");
	assert_int_equal(simphone_waiting(b->ph), 1);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":3,\"missing\":[],\"commit\":10}");
	assert_int_equal(simphone_waiting(b->ph), 0);
	assert_true(simphone_due(b->ph) == INT64_MAX);
}

static void results_are_answers(void **arg)
{
	struct box *b = *arg;
	struct simcounts n;

	make(b, 4);
	assert_int_equal(collect(b, 0, 200), 4);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4,\"commit\":2,\"results\":["
		"{\"seq\":2,\"status\":\"held\",\"code\":\"unknown_person\"},{\"seq\":3,\"status\":\"rejected\",\"code\":\"bad_event\"}]}");
	n = counts(b);
	assert_true(n.acked == 2 && n.held == 1 && n.rejected == 1 && n.waiting == 0);
	assert_true(says(b, "|held d-1 e1 2 unknown_person|") && says(b, "|rejected d-1 e1 3 bad_event|"));
	/* An ack that was lost, and its repeat after the hello that tells more. */
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4,\"commit\":2,\"results\":[{\"seq\":4,\"status\":\"rejected\",\"code\":\"bad_event\"}]}");
	n = counts(b);
	assert_true(n.acked == 1 && n.rejected == 2);
}

static void what_is_missing_is_sent_again(void **arg)
{
	struct box *b = *arg;

	make(b, 5);
	assert_int_equal(collect(b, 1000, 200), 5);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":5,\"missing\":[[2,3]],\"commit\":2}");
	assert_int_equal(counts(b).waiting, 2);
	assert_int_equal(collect(b, 1500, 200), 0); /* may still be on its way */
	assert_int_equal(collect(b, 3000, 200), 2);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":5,\"missing\":[],\"commit\":4}");
	assert_int_equal(counts(b).waiting, 0);
	/* A platform that was restored from a backup has forgotten what it had acknowledged. */
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":5,\"missing\":[[4,5]],\"commit\":1}");
	assert_int_equal(counts(b).asked, 2);
	assert_true(says(b, "|asked d-1 e1 4|"));
	assert_int_equal(collect(b, 3001, 200), 2);
	assert_non_null(strstr(b->out.p, "\"seq\":4,"));
}

static void a_restored_platform_gets_what_it_forgot(void **arg)
{
	struct box *b = *arg;

	make(b, 6);
	assert_int_equal(collect(b, 0, 200), 6);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":6,\"missing\":[],\"commit\":6}");
	/* An old ack that comes again says nothing; the answer to a hello tells all that there is. */
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4,\"missing\":[],\"commit\":4}");
	assert_int_equal(counts(b).waiting, 0);
	assert_true(simphone_hello(b->ph, 0, 0, &b->out));
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4,\"missing\":[],\"commit\":4}");
	assert_int_equal(counts(b).waiting, 2);
	assert_int_equal(counts(b).asked, 2);
	assert_int_equal(counts(b).acked, 4);
	assert_int_equal(collect(b, 1, 200), 2);
	assert_non_null(strstr(b->out.p, "\"seq\":5,"));
	assert_non_null(strstr(b->out.p, "\"seq\":6,"));
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":6,\"missing\":[],\"commit\":6}");
	assert_int_equal(counts(b).waiting, 0);
}

static void resends_wait_longer_each_time(void **arg)
{
	struct box *b = *arg;
	const int64_t want[] = {30000, 60000, 120000, 240000, 300000, 300000};
	int64_t now = 5, due;
	bool spread = false;

	make(b, 1);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(collect(b, now, 200), 1);
		due = simphone_due(b->ph) - now;
		assert_in_range(due, want[i] * 8 / 10, want[i] * 12 / 10 + 1);
		spread |= due != want[i] + 1;
		assert_int_equal(collect(b, now + due - 1, 200), 0);
		now += due;
	}
	assert_true(spread);
	assert_int_equal(counts(b).resent, 5);
	assert_int_equal(counts(b).made, 1);
}

static void a_payload_has_its_bounds(void **arg)
{
	struct box *b = *arg;
	struct json j = {0};
	struct buf big = {0};

	make(b, 450);
	assert_int_equal(collect(b, 0, 200), 200);
	assert_true(json_read(&j, b->out.p, b->out.n));
	assert_int_equal(j.tok[0].count, 200);
	assert_int_equal(collect(b, 0, 200), 200);
	assert_int_equal(collect(b, 0, 200), 50);
	buf_adds(&big, "\"kind\":\"sos\",\"at\":1,\"body\":{\"text\":\"");
	for (int i = 0; i < 50000; i++)
		buf_addc(&big, 'x');
	buf_adds(&big, "\"}");
	for (int i = 0; i < 5; i++)
		assert_int_equal(simphone_make(b->ph, buf_slice(&big), b->now), OK);
	assert_int_equal(collect(b, 0, 200), 3);
	assert_true(b->out.n <= SIMBOX_BYTES);
	buf_done(&big);
	json_done(&j);
}

static void the_ledger_brings_everything_back(void **arg)
{
	struct box *b = *arg;
	char name[64], hello[] = "{\"hello\":{\"epoch\":\"e1\",\"first\":1,\"next\":7,";
	struct simcounts was, is;
	struct simbox *second = NULL;
	struct why why;
	FILE *f;

	make(b, 6);
	assert_int_equal(collect(b, 0, 4), 4);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4,\"missing\":[[3,3]],\"commit\":2,"
		"\"results\":[{\"seq\":2,\"status\":\"held\",\"code\":\"unknown_person\"}]}");
	assert_int_equal(simbox_open(b->dir, 1, &second, &why), ERR_BUSY);
	was = counts(b);
	reopen(b);
	is = counts(b);
	assert_memory_equal(&was, &is, sizeof was);
	simbox_close(b->x);
	(void)snprintf(name, sizeof name, "%s/ledger", b->dir);
	f = fopen(name, "a");
	assert_non_null(f);
	assert_true(fputs("made d-1 e1 7 {\"epoch\":\"e1\",\"se", f) >= 0);
	assert_int_equal(fclose(f), 0);
	open_box(b);
	is = counts(b);
	assert_memory_equal(&was, &is, sizeof was);
	assert_true(simphone_hello(b->ph, 0, 5, &b->out));
	assert_memory_equal(b->out.p, hello, strlen(hello));
	assert_int_equal(collect(b, 0, 200), 3); /* 3, 5, 6 */
	assert_null(strstr(b->out.p, "\"seq\":4,"));
	assert_non_null(strstr(b->out.p, "\"seq\":3,"));
	make(b, 1);
	assert_true(says(b, "|made d-1 e1 7 {\"epoch\":\"e1\",\"seq\":7,\"kind\":\"sos\","));
}

static void a_reinstall_begins_an_epoch(void **arg)
{
	struct box *b = *arg;
	struct simcounts n;

	make(b, 3);
	assert_int_equal(collect(b, 0, 2), 2);
	simphone_install(b->ph, "e2", false, b->now);
	n = counts(b);
	assert_true(n.made == 3 && n.moved == 1 && n.dropped == 2 && n.waiting == 1 && n.reinstalls == 1);
	assert_true(says(b, "|dropped d-1 e1 1|dropped d-1 e1 2|moved d-1 e1 3 e2 1|made d-1 e2 1 {\"epoch\":\"e2\",\"seq\":1,\"kind\":\"sos\","));
	assert_int_equal(collect(b, 0, 200), 1);
	assert_false(simphone_hello(b->ph, 1, 0, &b->out)); /* nothing is left to say of the first */
	reopen(b);
	assert_int_equal(counts(b).made, 3);
	assert_int_equal(counts(b).waiting, 1);
}

static void a_clone_moves_to_a_new_epoch(void **arg)
{
	struct box *b = *arg;
	struct simcounts n;

	make(b, 4);
	assert_int_equal(collect(b, 0, 2), 2);
	assert_true(take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":3,\"missing\":[],\"commit\":2,"
		"\"results\":[{\"seq\":2,\"status\":\"conflict\"}]}").clone);
	simphone_install(b->ph, "e2", true, b->now);
	n = counts(b);
	assert_true(n.made == 4 && n.conflicts == 1 && n.acked == 1 && n.moved == 3 && n.waiting == 3 && n.dropped == 0);
	assert_int_equal(collect(b, 0, 200), 3);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e2\",\"upto\":3,\"missing\":[],\"commit\":5}");
	assert_int_equal(counts(b).acked, 4);
	assert_int_equal(counts(b).waiting, 0);
}

static void what_it_no_longer_has_is_lost(void **arg)
{
	struct box *b = *arg;
	char ack[128];

	for (int i = 0; i < 20; i++) {
		make(b, 200);
		assert_int_equal(collect(b, 0, 200), 200);
		(void)snprintf(ack, sizeof ack, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":%d,\"missing\":[],\"commit\":5}", 200 * (i + 1));
		take(b, ack);
	}
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4000,\"missing\":[[7,9],[3990,3990]],\"commit\":5}");
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":4000,\"missing\":[[7,9],[3990,3990]],\"commit\":5}");
	assert_int_equal(counts(b).lost, 3);
	assert_int_equal(counts(b).waiting, 1);
	assert_int_equal(counts(b).made, counts(b).acked + counts(b).lost + counts(b).waiting);
}

static void a_smaller_ledger_keeps_what_counts(void **arg)
{
	struct box *b = *arg;
	struct simcounts was, is;
	struct why why = {""};
	char name[64];
	struct stat st;

	make(b, 900);
	for (int i = 0; i < 5; i++)
		assert_true(collect(b, 0, 200) > 0);
	take(b, "{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":890,\"missing\":[],\"commit\":5}");
	make(b, 1);
	was = counts(b);
	assert_int_equal(simbox_flush(b->x), OK);
	assert_int_equal(simbox_tidy(b->x, 1 << 30, &why), OK); /* not yet */
	(void)snprintf(name, sizeof name, "%s/ledger", b->dir);
	assert_int_equal(stat(name, &st), 0);
	assert_true(st.st_size > 60000);
	assert_int_equal(simbox_tidy(b->x, 1000, &why), OK);
	assert_int_equal(stat(name, &st), 0);
	assert_true(st.st_size < 15000);
	is = counts(b);
	assert_memory_equal(&was, &is, sizeof was);
	make(b, 1);
	was = counts(b);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(collect(b, 1000000 * (round + 1), 200), 12);
		assert_non_null(strstr(b->out.p, "{\"epoch\":\"e1\",\"seq\":891,\"kind\":\"sos\""));
		assert_non_null(strstr(b->out.p, "{\"epoch\":\"e1\",\"seq\":902,\"kind\":\"sos\""));
		if (round == 0)
			reopen(b);
	}
	assert_int_equal(counts(b).made, was.made);
	assert_int_equal(counts(b).waiting, was.waiting);
	assert_int_equal(counts(b).acked, was.acked);
}

static void nonsense_from_the_platform_changes_nothing(void **arg)
{
	struct box *b = *arg;
	const char *const bad[] = {"", "{", "[]", "7", "{}", "{\"type\":7}", "{\"type\":\"ack\"}", "{\"type\":\"ack\",\"epoch\":7,\"upto\":\"x\"}",
		"{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":-9223372036854775808,\"missing\":[[1],[2,\"x\"],5,[9,3]],\"results\":7}",
		"{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":0,\"missing\":[[-5,0],[8,9223372036854775807]],\"results\":[{},7,{\"seq\":\"a\"}]}"};

	make(b, 2);
	assert_int_equal(collect(b, 0, 200), 2);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct simack a = take(b, bad[i]);

		assert_false(a.clone || a.hello || a.sync || a.refused);
		assert_int_equal(counts(b).waiting, 2);
	}
	assert_true(take(b, "{\"type\":\"hello\"}").hello);
	assert_true(take(b, "{\"type\":\"sync\"}").sync);
	assert_true(take(b, "{\"type\":\"ack\",\"error\":{\"code\":\"too_large\",\"limit\":262144}}").refused);
	assert_int_equal(collect(b, 1, 1), 0);
	simphone_again(b->ph);
	assert_int_equal(collect(b, 1, 1), 1);
}

/* A platform that keeps what it gets, over a link that loses and repeats both ways: in the end all is
 * answered, and what it kept is what was made, once each. */
static void nothing_is_lost_over_a_bad_link(void **arg)
{
	struct box *b = *arg;
	enum { N = 600 };
	static bool kept[N + 1];
	struct json j = {0};
	struct buf ack = {0};
	int64_t now = 0;
	int made = 0, steps = 0;
	uint64_t seed = (uint64_t)time(NULL);

	print_message("seed %llu\n", (unsigned long long)seed);
	b->rng.s = seed;
	memset(kept, 0, sizeof kept);
	while (made < N || counts(b).waiting > 0) {
		assert_true(++steps < 20000);
		now += (int64_t)simrng_below(&b->rng, 40000);
		if (made < N && simrng_chance(&b->rng, 0.5)) {
			int n = 1 + (int)simrng_below(&b->rng, 9);

			n = n > N - made ? N - made : n;
			make(b, n);
			made += n;
		}
		if (simrng_chance(&b->rng, 0.02)) {
			reopen(b);
			assert_int_equal(counts(b).made, made);
		}
		if (collect(b, now, 1 + (int)simrng_below(&b->rng, 20)) > 0 && simrng_chance(&b->rng, 0.6)) {
			assert_true(json_read(&j, b->out.p, b->out.n));
			for (uint32_t t = j.tok[0].type == JSON_ARRAY ? 1 : 0; t < j.tok[0].next; t = j.tok[t].next) {
				int64_t seq = 0;

				assert_true(json_int(&j, json_get(&j, t, "seq"), &seq));
				assert_in_range(seq, 1, made);
				kept[seq] = true;
			}
		}
		if (simrng_chance(&b->rng, 0.5)) { /* an ack as the contract says: at most 16 gaps */
			int64_t top = 0, upto = 0;
			int gaps = 0;

			for (int i = 1; i <= N; i++)
				top = kept[i] ? i : top;
			buf_clear(&ack);
			for (int64_t i = 1; i <= top && gaps < 16; i++) {
				int64_t lo = i;

				while (i <= top && !kept[i])
					i++;
				if (i > lo)
					buf_addf(&ack, "%s[%lld,%lld]", gaps++ ? "," : "", (long long)lo, (long long)i - 1);
				upto = i;
			}
			if (top > 0) {
				char *text = xasprintf("{\"type\":\"ack\",\"epoch\":\"e1\",\"upto\":%lld,\"missing\":[%s],\"commit\":1}",
					(long long)upto, ack.n ? ack.p : "");

				assert_false(take(b, text).clone);
				free(text);
			}
		}
	}
	for (int i = 1; i <= N; i++)
		assert_true(kept[i]);
	assert_int_equal(counts(b).acked, N);
	json_done(&j);
	buf_done(&ack);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_event_waits_until_it_is_answered),
		T(results_are_answers),
		T(what_is_missing_is_sent_again),
		T(a_restored_platform_gets_what_it_forgot),
		T(resends_wait_longer_each_time),
		T(a_payload_has_its_bounds),
		T(the_ledger_brings_everything_back),
		T(a_reinstall_begins_an_epoch),
		T(a_clone_moves_to_a_new_epoch),
		T(what_it_no_longer_has_is_lost),
		T(a_smaller_ledger_keeps_what_counts),
		T(nonsense_from_the_platform_changes_nothing),
		T(nothing_is_lost_over_a_bad_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
