#include "core/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Decodes text as the whole payload and says how it went: "ok", or the code and the detail. */
static const char *decode(struct json *j, const char *text, struct event *e)
{
	static char said[256];
	struct event_fault f;
	enum event_code c;

	(void)json_read(j, text, strlen(text)); /* errors come back from event_decode */
	c = event_decode(j, 0, e, &f);
	assert_int_equal(c, f.code);
	if (c == EVENT_OK)
		return "ok";
	(void)snprintf(said, sizeof said, "%s %s", event_code_name(c), f.detail); /* fits */
	return said;
}

static void test_full(void **state)
{
	const char *text =
		"{\"epoch\":\"9f3c21a07be4d511\",\"seq\":42,\"kind\":\"patrol.end\",\"at\":1764035730123,"
		"\"off\":-812,\"rec\":1764035731000,\"person\":\"p-0007\",\"scope\":\"990101100016003\","
		"\"loc\":{\"lat\":33.3912,\"lon\":-104.9217,\"acc\":7.2,\"crs\":\"gcj02\"},\"ref\":\"6e-0C\","
		"\"base\":\"d-0007/9f3c21a07be4d511/40\",\"att\":[{\"sha256\":\"" SHA
		"\",\"bytes\":182233,\"mime\":\"image/jpeg\",\"role\":\"before\"},{\"sha256\":\"" SHA
		"\"}],\"body\":{\"patrol\":\"6e0c\",\"clear\":true,\"extra\":[1]},\"extra\":{}}";
	struct json j = {0};
	struct event e;

	(void)state;
	assert_string_equal(decode(&j, text, &e), "ok");
	assert_true(slice_is(e.raw, text));
	assert_true(slice_is(e.epoch, "9f3c21a07be4d511"));
	assert_int_equal(e.seq, 42);
	assert_int_equal(e.kind, EV_PATROL_END);
	assert_int_equal(e.at_ms, 1764035730123);
	assert_int_equal(e.off_ms, -812);
	assert_int_equal(e.when_ms, 1764035729311);
	assert_int_equal(e.rec_ms, 1764035731000);
	assert_true(slice_is(e.person, "p-0007"));
	assert_true(slice_is(e.scope, "990101100016003"));
	assert_true(slice_is(e.ref, "6e-0C"));
	assert_true(slice_is(e.base.device, "d-0007"));
	assert_true(slice_is(e.base.epoch, "9f3c21a07be4d511"));
	assert_int_equal(e.base.seq, 40);
	assert_true(e.has_loc);
	assert_int_equal(e.lat_e7, 333912000);
	assert_int_equal(e.lon_e7, -1049217000);
	assert_int_equal(e.acc_m, 8);
	assert_int_equal(e.crs, CRS_GCJ02);
	assert_int_equal(e.natt, 2);
	assert_int_equal(e.body, json_get(&j, 0, "body"));
	assert_true(slice_is(e.patrol, "6e0c"));
	assert_true(e.clear);
	json_done(&j);
}

static void test_least(void **state)
{
	const char *text = "{\"epoch\":\"a\",\"seq\":1,\"kind\":\"status\",\"at\":0,\"body\":{},"
			   "\"off\":null,\"rec\":null,\"person\":null,\"loc\":null,\"att\":null,\"base\":null}";
	struct json j = {0};
	struct event e;

	(void)state;
	assert_string_equal(decode(&j, text, &e), "ok");
	assert_int_equal(e.kind, EV_STATUS);
	assert_int_equal(e.off_ms, 0);
	assert_int_equal(e.when_ms, 0);
	assert_int_equal(e.rec_ms, -1);
	assert_null(e.person.p);
	assert_null(e.scope.p);
	assert_null(e.ref.p);
	assert_int_equal(e.base.seq, 0);
	assert_false(e.has_loc);
	assert_int_equal(e.acc_m, -1);
	assert_int_equal(e.battery, -1);
	assert_int_equal(e.queue, -1);
	assert_int_equal(e.natt, 0);
	json_done(&j);
}

/* events.ndjson: events, and what must be said of them; the message schemas are held against the
 * same file (tests/system/messages.test.mjs).  want: "ok", or how code and detail begin. */
static void test_cases(void **state)
{
	static const char path[] = "tests/unit/events.ndjson";
	struct json file = {0}, j = {0};
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int cases = 0;

	(void)state;
	if (!f)
		fail_msg("%s: run from the top folder", path);
	for (; (n = getline(&line, &cap, f)) > 0; cases++) {
		struct slice want, text;
		const char *said;
		struct event e;
		char *one;

		assert_true(json_read(&file, line, (size_t)n));
		want = json_text(&file, json_get(&file, 0, "want"));
		text = json_raw(&file, json_get(&file, 0, "event"));
		one = xstrndup(text.p, text.n);
		said = decode(&j, one, &e);
		if (strncmp(said, want.p, want.n) != 0 || want.n == 0)
			fail_msg("%s  says %s", line, said);
		if (strcmp(said, "ok") != 0) /* nothing of a faulty event but its identity */
			assert_true(e.kind == 0 && !e.has_loc && !e.person.p);
		else
			assert_true(e.kind >= 1 && e.kind <= EVENT_KINDS);
		free(one);
	}
	assert_true(cases > 150);
	free(line);
	assert_int_equal(fclose(f), 0);
	json_done(&file);
	json_done(&j);
}

/* json's own faults come first, and are counted from the brace of the event. */
static void test_bad_json(void **state)
{
#define HEAD "{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":{}"
	static const char *const row[][2] = {
		{"  " HEAD ",\"at\":5}", "bad_json : duplicate_key at byte 52"},
		{HEAD ",\"x\":1e999}", "bad_json : number_range at byte 55"},
		{HEAD ",\"x\":[[[[[[[1]]]]]]]}", "ok"},
		{HEAD ",\"x\":[[[[[[[[1]]]]]]]]}", "bad_json : too_deep at byte 62"},
		{HEAD ",\"x\":\"\xff\"}", "bad_json : bad_utf8 at byte 56"},
		{HEAD ",\"x\":\"\\u0000\",\"kind\":7}", "bad_json : nul_character at byte 56"},
		{HEAD, "bad_json : truncated at byte 50"},
		{HEAD "}}", "bad_json : trailing_bytes at byte 51"},
		{"", "bad_json : truncated at byte 0"},
	};
	struct json j = {0};
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_string_equal(decode(&j, row[i][0], &e), row[i][1]);
	json_done(&j);
}

/* What decode hands on of each body. */
static void test_values(void **state)
{
#define EV(k, body) "{\"epoch\":\"a\",\"seq\":3,\"kind\":\"" k "\",\"at\":5,\"body\":" body "}"
	struct json j = {0};
	struct event e;

	(void)state;
	(void)decode(&j, EV("patrol.start", "{\"patrol\":\"p\",\"route\":\"gully\",\"target\":\"R1\",\"for\":\"x\"}"), &e);
	assert_true(slice_is(e.patrol, "p") && slice_is(e.route, "gully"));
	assert_true(slice_is(e.target, "R1") && slice_is(e.for_person, "x"));
	(void)decode(&j, EV("patrol.substitute", "{\"patrol\":\"p\",\"way\":\"paper\",\"target\":\"990101\"}"), &e);
	assert_true(slice_is(e.patrol, "p") && slice_is(e.target, "990101"));
	(void)decode(&j, EV("patrol.end", "{\"patrol\":\"p\",\"clear\":false}"), &e);
	assert_false(e.clear);
	(void)decode(&j, EV("inspect", "{\"topic\":\"gas_check\",\"result\":\"problem\"}"), &e);
	assert_true(slice_is(e.category, "gas_check"));
	(void)decode(&j, EV("work", "{\"item\":\"bins\",\"qty\":1}"), &e);
	assert_true(slice_is(e.category, "bins"));
	(void)decode(&j, EV("visit", "{\"household\":\"h\"}"), &e);
	assert_true(slice_is(e.household, "h"));
	(void)decode(&j, EV("household", "{\"household\":\"h2\",\"state\":\"helped\"}"), &e);
	assert_true(slice_is(e.household, "h2"));
	(void)decode(&j, EV("case.report", "{\"case\":\"c\",\"class\":\"finding\",\"category\":\"litter\",\"severity\":2,"
					   "\"title\":\"\\u5783\\u573e\"}"), &e);
	assert_true(slice_is(e.casus, "c") && slice_is(e.klass, "finding"));
	assert_true(slice_is(e.category, "litter") && slice_is(e.title, "垃圾"));
	assert_int_equal(e.severity, 2);
	(void)decode(&j, EV("case.act", "{\"case\":\"c\",\"action\":\"void\"}"), &e);
	assert_true(slice_is(e.casus, "c") && slice_is(e.action, "void"));
	(void)decode(&j, EV("sos", "{\"text\":\"help\"}"), &e);
	assert_true(slice_is(e.title, "help"));
	(void)decode(&j, EV("status", "{\"battery\":55,\"queue\":9}"), &e);
	assert_int_equal(e.battery, 55);
	assert_int_equal(e.queue, 9);
	(void)decode(&j, EV("void", "{\"target\":\"d-1/e2/77\"}"), &e);
	assert_true(slice_is(e.victim.device, "d-1") && slice_is(e.victim.epoch, "e2"));
	assert_int_equal(e.victim.seq, 77);
	/* escapes in names and values mean what they spell */
	assert_string_equal(decode(&j, "{\"epoc\\u0068\":\"\\u0061\",\"seq\":3,\"kind\":\"s\\u006fs\",\"at\":5,\"body\":{}}",
				   &e), "ok");
	assert_true(e.kind == EV_SOS && slice_is(e.epoch, "a"));
	json_done(&j);
}

static void test_lengths(void **state)
{
	static const struct {
		const char *head;
		int max;
	} row[] = {
		{"{\"epoch\":\"a\",\"seq\":3,\"at\":5,\"kind\":\"sos\",\"body\":{\"text\":\"", EVENT_TEXT_MAX},
		{"{\"epoch\":\"a\",\"seq\":3,\"at\":5,\"kind\":\"patrol.end\",\"body\":{\"patrol\":\"p\",\"note\":\"",
			EVENT_TEXT_MAX},
		{"{\"epoch\":\"a\",\"seq\":3,\"at\":5,\"kind\":\"case.report\",\"body\":{\"case\":\"c\",\"class\":"
		 "\"hazard\",\"category\":\"fire\",\"title\":\"", EVENT_LINE_MAX},
		{"{\"epoch\":\"a\",\"seq\":3,\"at\":5,\"kind\":\"work\",\"body\":{\"item\":\"i\",\"qty\":1,\"unit\":\"",
			EVENT_NAME_MAX},
	};
	struct json j = {0};
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		for (int over = 0; over < 2; over++) {
			struct buf b = {0};

			buf_adds(&b, row[i].head);
			for (int n = 0; n < row[i].max + over; n++)
				buf_addc(&b, 'x');
			buf_adds(&b, "\"}}");
			assert_int_equal(strcmp(decode(&j, b.p, &e), "ok") == 0, over == 0);
			buf_done(&b);
		}
	/* 500 points, 16 attachments; not one more */
	for (int over = 0; over < 2; over++) {
		struct buf b = {0};

		buf_adds(&b, "{\"epoch\":\"a\",\"seq\":3,\"at\":5,\"kind\":\"patrol.track\",\"body\":"
				   "{\"patrol\":\"p\",\"pts\":[[0,1,1]");
		for (int n = 1; n < EVENT_PTS_MAX + over; n++)
			buf_addf(&b, ",[%d,33.39,104.92,5]", n * 1000);
		buf_adds(&b, "]}}");
		assert_int_equal(strcmp(decode(&j, b.p, &e), "ok") == 0, over == 0);
		buf_done(&b);
		buf_adds(&b, "{\"epoch\":\"a\",\"seq\":3,\"at\":5,\"kind\":\"sos\",\"body\":{},\"att\":[");
		for (int n = 0; n < EVENT_ATT_MAX + over; n++)
			buf_addf(&b, "%s{\"sha256\":\"" SHA "\"}", n ? "," : "");
		buf_adds(&b, "]}");
		assert_int_equal(strcmp(decode(&j, b.p, &e), "ok") == 0, over == 0);
		buf_done(&b);
	}
	json_done(&j);
}

static void test_array(void **state)
{
	const char *text = " [ " HEAD "}, {\"epoch\":\"b\",\"seq\":2,\"x\":1,\"x\":2},\n7," HEAD
			   ",\"off\":3} ]";
	static const enum event_code want[] = {EVENT_OK, EVENT_BAD_JSON, EVENT_BAD_EVENT, EVENT_OK};
	struct event_fault f;
	struct json j = {0};
	struct event e;
	uint32_t t = 1;

	(void)state;
	(void)json_read(&j, text, strlen(text));
	assert_int_equal(j.tok[0].count, 4);
	for (int i = 0; i < 4; i++, t = j.tok[t].next) {
		assert_int_equal(event_decode(&j, t, &e, &f), want[i]);
		if (i == 1) {
			assert_true(slice_is(e.epoch, "b"));
			assert_int_equal(e.seq, 2);
			assert_string_equal(f.detail, ": duplicate_key at byte 28");
			assert_true(slice_is(e.raw, "{\"epoch\":\"b\",\"seq\":2,\"x\":1,\"x\":2}"));
		}
		if (i == 3)
			assert_int_equal(e.off_ms, 3);
	}
	json_done(&j);
}

static void test_identity(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} row[] = {
		{"{\"epoch\":\"ab1\",\"seq\":12}", true},
		{"{\"epoch\":\"ab1\",\"seq\":12,\"kind\":", true},
		{"{\"epoch\":\"ab1\",\"seq\":12,", true},
		{"{\"epoch\":\"ab1\",\"seq\":12 ", true},
		{"{\"seq\":12,\"epoch\":\"ab1\"", true},
		{"{\"epoch\":\"ab1\",\"seq\":12,\"x\":[1,{", true},
		{"{\"epoch\":\"ab1\",\"seq\":12} trailing", true},
		{"{\"x\":[1,{\"seq\":5}],\"epoch\":\"ab1\",\"seq\":12,nonsense", true},
		{"{\"epoch\":\"ab1\",\"seq\":12,\"t\":\"\xff\xfe\"}", true},
		{"{\"epoch\":\"ab1\",\"seq\":12", false}, /* of 123? */
		{"{\"epoch\":\"ab1\",\"seq\":12x}", false},
		{"{\"epoch\":\"ab1", false},
		{"{\"epoch\":\"ab1\"}", false},
		{"{\"seq\":12}", false},
		{"{\"epoch\":\"ab1\",\"seq\":12,\"seq\":13}", false},
		{"{\"epoch\":\"ab1\",\"seq\":12,\"epoch\":\"ab2\"}", false},
		{"{\"epoch\":\"ab1\",\"seq\":0}", false},
		{"{\"epoch\":\"ab1\",\"seq\":1e999}", false},
		{"{\"epoch\":\"ab1\",\"seq\":\"12\"}", false},
		{"{\"epoch\":\"AB1\",\"seq\":12}", false},
		{"{\"epoch\":12,\"seq\":12}", false},
		{"{\"x\":{\"epoch\":\"ab1\",\"seq\":12}}", false},
		{"[]", false},
		{"", false},
		{"nonsense", false},
	};
	struct json j = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct slice epoch = {0};
		int64_t seq = -7;
		struct event_fault f;
		struct event e;

		(void)json_read(&j, row[i].text, strlen(row[i].text));
		if (event_identity(&j, 0, &epoch, &seq) != row[i].ok)
			fail_msg("%s", row[i].text);
		assert_int_equal(seq, row[i].ok ? 12 : -7);
		if (row[i].ok)
			assert_true(slice_is(epoch, "ab1"));
		assert_int_not_equal(event_decode(&j, 0, &e, &f), EVENT_OK);
		assert_int_equal(e.seq, row[i].ok ? 12 : 0);
		assert_true(slice_eq(e.epoch, epoch));
	}
	assert_false(event_identity(&j, 5, &(struct slice){0}, &(int64_t){0}));
	json_done(&j);
}

static void test_kinds(void **state)
{
	(void)state;
	for (int k = 1; k <= EVENT_KINDS; k++) {
		assert_int_equal(event_kind_of(slice_of(event_kind_name((enum event_kind)k))), k);
		assert_true(strlen(event_kind_zh((enum event_kind)k)) >= 6);
	}
	assert_string_equal(event_kind_name(EV_VOID), "void");
	assert_string_equal(event_kind_name((enum event_kind)14), "?");
	assert_int_equal(event_kind_of(slice_of("voids")), 0);
	assert_string_equal(event_code_name(EVENT_UNKNOWN_KIND), "unknown_kind");
}

static void test_unknown_kind_is_cut(void **state)
{
	struct json j = {0};
	struct event e;

	(void)state;
	assert_string_equal(
		decode(&j, "{\"epoch\":\"a\",\"seq\":1,\"at\":5,\"body\":{},\"kind\":"
			   "\"巡查巡查巡查巡查巡查巡查巡查巡查巡查\"}", &e),
		"unknown_kind /kind: 巡查巡查巡查巡查巡查巡查巡查巡");
	json_done(&j);
}

static void test_hello(void **state)
{
	static const char *const row[][2] = {
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":37,\"next\":43,\"time\":1764035730123,\"app\":\"x 1\"}}", "ok"},
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":37,\"next\":43,\"more\":1},\"x\":2}", "ok"},
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":1,\"next\":1,\"time\":null}}", "ok"},
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":2,\"next\":9007199254740992}}", "ok"},
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":2,\"next\":9007199254740993}}", "bad_event /hello/next: 900"},
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":44,\"next\":43}}", "bad_event /hello/first: beyond next"},
		{"{\"hello\":{\"epoch\":\"9f3c\",\"first\":0,\"next\":43}}", "bad_event /hello/first: 0"},
		{"{\"hello\":{\"first\":1,\"next\":43}}", "bad_event /hello/epoch: missing"},
		{"{\"hello\":{\"epoch\":\"X\",\"first\":1,\"next\":43}}", "bad_event /hello/epoch: want"},
		{"{\"hello\":{\"epoch\":\"a\",\"first\":1}}", "bad_event /hello/next: missing"},
		{"{\"hello\":{\"epoch\":\"a\",\"first\":1,\"next\":2,\"time\":-1}}", "bad_event /hello/time: -1"},
		{"{\"hello\":{\"epoch\":\"a\",\"first\":1,\"next\":2,\"app\":\"" SHA "x\"}}", "bad_event /hello/app: too"},
		{"{\"hello\":[]}", "bad_event /hello: want an object"},
		{"{\"hello\":null}", "bad_event /hello: want an object"},
		{"{\"hello\":{\"epoch\":\"a\",\"first\":1,\"next\":2},\"hello\":1}", "bad_json : duplicate_key at byte 43"},
		{"{\"hello\":{\"epoch\":\"a\"", "bad_json : truncated"},
	};
	struct json j = {0};
	char said[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct event_fault f;
		struct hello h;
		enum event_code c;

		(void)json_read(&j, row[i][0], strlen(row[i][0]));
		assert_true(hello_is(&j));
		c = hello_decode(&j, &h, &f);
		assert_int_equal(c, f.code);
		(void)snprintf(said, sizeof said, "%s%s%s", event_code_name(c), c ? " " : "", f.detail);
		if (strncmp(said, row[i][1], strlen(row[i][1])) != 0)
			fail_msg("%s says %s", row[i][0], said);
		if (i == 0) {
			assert_true(slice_is(h.epoch, "9f3c") && slice_is(h.app, "x 1"));
			assert_true(h.first == 37 && h.next == 43 && h.time_ms == 1764035730123);
		}
		if (i == 2)
			assert_true(h.time_ms == -1 && !h.app.p);
	}
	(void)json_read(&j, "[{\"hello\":{}}]", 14);
	assert_false(hello_is(&j));
	(void)json_read(&j, "{\"x\":{\"hello\":1}}", 17);
	assert_false(hello_is(&j));
	json_done(&j);
}

static void test_presence(void **state)
{
	static const struct {
		const char *text;
		bool ok, online;
		int64_t at;
	} row[] = {
		{"{\"online\":true,\"at\":1764035730123}", true, true, 1764035730123},
		{"{\"online\":false}", true, false, -1},
		{"{\"online\":false,\"at\":null,\"x\":1}", true, false, -1},
		{"{\"online\":1}", false, false, 0},
		{"{\"online\":null}", false, false, 0},
		{"{\"at\":5}", false, false, 0},
		{"{\"online\":true,\"at\":-5}", false, false, 0},
		{"{\"online\":true,\"at\":\"now\"}", false, false, 0},
		{"{\"online\":true,\"at\":253402300800000}", false, false, 0},
		{"{\"online\":true,\"online\":true}", false, false, 0},
		{"{\"online\":true", false, false, 0},
		{"true", false, false, 0},
		{"", false, false, 0},
	};
	struct json j = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct presence p = {true, -9};

		(void)json_read(&j, row[i].text, strlen(row[i].text));
		if (presence_decode(&j, &p) != row[i].ok)
			fail_msg("%s", row[i].text);
		assert_true(row[i].ok ? p.online == row[i].online && p.at_ms == row[i].at :
					p.online && p.at_ms == -9);
	}
	json_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bad_json),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_unknown_kind_is_cut),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_presence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
