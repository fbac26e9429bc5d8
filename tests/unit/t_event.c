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

/* Members of the envelope, put behind a head that is sound without them. */
static void test_envelope(void **state)
{
#define HEAD "{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":{}"
	static const char *const row[][2] = {
		{HEAD "}", "ok"},
		{"[]", "bad_event : want an object"},
		{"7", "bad_event : want an object"},
		{"{}", "bad_event /epoch: missing"},
		{"{\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /epoch: missing"},
		{"{\"epoch\":\"a\",\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /seq: missing"},
		{"{\"epoch\":\"a\",\"seq\":1,\"at\":5,\"body\":{}}", "bad_event /kind: missing"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"body\":{}}", "bad_event /at: missing"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":5}", "bad_event /body: missing"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":[]}",
			"bad_event /body: want an object"},
		{"{\"epoch\":\"A\",\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /epoch: want"},
		{"{\"epoch\":\"\",\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /epoch: want"},
		{"{\"epoch\":\"a23456789012345678901234567890123\",\"seq\":1,\"kind\":\"sos\",\"at\":5,"
		 "\"body\":{}}", "bad_event /epoch: want"},
		{"{\"epoch\":5,\"seq\":1,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /epoch: want"},
		{"{\"epoch\":\"a\",\"seq\":0,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /seq: 0 is"},
		{"{\"epoch\":\"a\",\"seq\":-1,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /seq: -1 is"},
		{"{\"epoch\":\"a\",\"seq\":1.5,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "bad_event /seq: want"},
		{"{\"epoch\":\"a\",\"seq\":\"1\",\"kind\":\"sos\",\"at\":5,\"body\":{}}",
			"bad_event /seq: want"},
		{"{\"epoch\":\"a\",\"seq\":9007199254740991,\"kind\":\"sos\",\"at\":5,\"body\":{}}", "ok"},
		{"{\"epoch\":\"a\",\"seq\":9007199254740992,\"kind\":\"sos\",\"at\":5,\"body\":{}}",
			"bad_event /seq: 9007199254740992 is"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":7,\"at\":5,\"body\":{}}", "bad_event /kind: want"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"patrol.begin\",\"at\":5,\"body\":{}}",
			"unknown_kind /kind: patrol.begin"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"SOS\",\"at\":5,\"body\":{}}", "unknown_kind /kind: SOS"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"\",\"at\":5,\"body\":{}}", "unknown_kind /kind: "},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"a\\nb\\u007f\",\"at\":5,\"body\":{}}",
			"unknown_kind /kind: a b "},
		/* the envelope is judged before the kind */
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"huh\",\"at\":-5,\"body\":{}}", "bad_event /at: -5"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":-1,\"body\":{}}", "bad_event /at: -1"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":253402300799999,\"body\":{}}", "ok"},
		{"{\"epoch\":\"a\",\"seq\":1,\"kind\":\"sos\",\"at\":253402300800000,\"body\":{}}",
			"bad_event /at: 253402300800000"},
		{HEAD ",\"off\":4102444800000}", "ok"},
		{HEAD ",\"off\":-4102444800000}", "ok"},
		{HEAD ",\"off\":4102444800001}", "bad_event /off: 4102444800001"},
		{HEAD ",\"off\":0.5}", "bad_event /off: want"},
		{HEAD ",\"rec\":-1}", "bad_event /rec: -1"},
		{HEAD ",\"person\":\"\"}", "bad_event /person: want"},
		{HEAD ",\"person\":\"张三\"}", "ok"},
		{HEAD ",\"person\":\"a\\u0001\"}", "bad_event /person: want"},
		{HEAD ",\"person\":\"a\x7f\"}", "bad_event /person: want"},
		{HEAD ",\"person\":[]}", "bad_event /person: want a text"},
		{HEAD ",\"person\":\"" SHA "\"}", "ok"},
		{HEAD ",\"person\":\"" SHA "x\"}", "bad_event /person: want"},
		{HEAD ",\"scope\":\"990101\"}", "ok"},
		{HEAD ",\"scope\":\"R-01\"}", "ok"},
		{HEAD ",\"scope\":\"9901010\"}", "bad_event /scope: no area"},
		{HEAD ",\"scope\":\"\"}", "bad_event /scope: no area"},
		{HEAD ",\"scope\":\"*\"}", "bad_event /scope: no area"},
		{HEAD ",\"scope\":990101}", "bad_event /scope: want"},
		{HEAD ",\"loc\":{\"lat\":1,\"lon\":2}}", "ok"},
		{HEAD ",\"loc\":{\"lat\":-90,\"lon\":180,\"acc\":0,\"crs\":\"cgcs2000\",\"x\":1}}", "ok"},
		{HEAD ",\"loc\":{\"lat\":90.0000001,\"lon\":2}}", "bad_event /loc/lat: want"},
		{HEAD ",\"loc\":{\"lat\":1,\"lon\":-180.5}}", "bad_event /loc/lon: want"},
		{HEAD ",\"loc\":{\"lat\":1}}", "bad_event /loc/lon: missing"},
		{HEAD ",\"loc\":{\"lat\":null,\"lon\":1}}", "bad_event /loc/lat: missing"},
		{HEAD ",\"loc\":{\"lat\":\"1\",\"lon\":1}}", "bad_event /loc/lat: want"},
		{HEAD ",\"loc\":{\"lat\":1,\"lon\":1,\"acc\":-1}}", "bad_event /loc/acc: want"},
		{HEAD ",\"loc\":{\"lat\":1,\"lon\":1,\"crs\":\"bd09\"}}", "bad_event /loc/crs: not"},
		{HEAD ",\"loc\":[1,2]}", "bad_event /loc: want an object"},
		{HEAD ",\"ref\":\"a_b\"}", "bad_event /ref: want"},
		{HEAD ",\"ref\":\"0123456789-0123456789-0123456789-012\"}", "ok"},
		{HEAD ",\"ref\":\"0123456789-0123456789-0123456789-0123\"}", "bad_event /ref: want"},
		{HEAD ",\"base\":\"d/e/1\"}", "ok"},
		{HEAD ",\"base\":\"d/e/9007199254740991\"}", "ok"},
		{HEAD ",\"base\":\"d/e/9007199254740992\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e/0\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e/01\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e/\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e/1/2\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"D/e/1\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"-d/e/1\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"/e/1\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e/+1\"}", "bad_event /base: want"},
		{HEAD ",\"base\":\"d/e/99999999999999999999\"}", "bad_event /base: want"},
		{HEAD ",\"att\":[]}", "ok"},
		{HEAD ",\"att\":{}}", "bad_event /att: want an array"},
		{HEAD ",\"att\":[1]}", "bad_event /att/0: want an object"},
		{HEAD ",\"att\":[{}]}", "bad_event /att/0/sha256: missing"},
		{HEAD ",\"att\":[{\"sha256\":\"" SHA "\"},{\"sha256\":\"AB\"}]}", "bad_event /att/1/sha256: want"},
		{HEAD ",\"att\":[{\"sha256\":\"" SHA "\",\"bytes\":-1}]}", "bad_event /att/0/bytes: -1"},
		{HEAD ",\"att\":[{\"sha256\":\"" SHA "\",\"mime\":\"text/html\"}]}", "bad_event /att/0/mime: not"},
		{HEAD ",\"att\":[{\"sha256\":\"" SHA "\",\"role\":\"\"}]}", "bad_event /att/0/role: want"},
		/* json's own faults: counted from the brace of the event */
		{"  " HEAD ",\"at\":5}", "bad_json : duplicate_key at byte 52"},
		{HEAD ",\"x\":1e999}", "bad_json : number_range at byte 55"},
		{HEAD ",\"x\":[[[[[[[[1]]]]]]]]}", "bad_json : too_deep at byte 62"},
		{HEAD "", "bad_json : truncated at byte 50"},
	};
	struct json j = {0};
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const char *said = decode(&j, row[i][0], &e);

		if (strncmp(said, row[i][1], strlen(row[i][1])) != 0)
			fail_msg("%s\n  says %s\n  want %s", row[i][0], said, row[i][1]);
		if (strcmp(said, "ok") != 0) /* nothing of a faulty event but its identity */
			assert_true(e.kind == 0 && !e.has_loc && !e.person.p);
	}
	json_done(&j);
}

static void test_bodies(void **state)
{
	static const char *const row[][3] = {
		{"patrol.start", "{\"patrol\":\"p1\",\"route\":\"river\",\"target\":\"R1\"}", "ok"},
		{"patrol.start", "{\"patrol\":\"p1\",\"route\":\"burning\",\"target\":\"990101100\",\"for\":\"p-1\"}",
			"ok"},
		{"patrol.start", "{\"route\":\"river\",\"target\":\"R1\"}", "bad_event /body/patrol: missing"},
		{"patrol.start", "{\"patrol\":\"p1\",\"target\":\"R1\"}", "bad_event /body/route: missing"},
		{"patrol.start", "{\"patrol\":\"p1\",\"route\":\"river\"}", "bad_event /body/target: missing"},
		{"patrol.start", "{\"patrol\":\"p_1\",\"route\":\"river\",\"target\":\"R1\"}", "bad_event /body/patrol: want"},
		{"patrol.start", "{\"patrol\":\"p1\",\"route\":\"sea\",\"target\":\"R1\"}", "bad_event /body/route: not"},
		{"patrol.start", "{\"patrol\":\"p1\",\"route\":\"river\",\"target\":\"12\"}", "bad_event /body/target: no"},
		{"patrol.start", "{\"patrol\":\"p1\",\"route\":\"river\",\"target\":\"R1\",\"for\":5}",
			"bad_event /body/for: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,33.3,104.9,5]]}", "ok"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[-5,33,104],[0,1,2,null]],\"crs\":\"gcj02\",\"mock\":true}",
			"ok"},
		{"patrol.track", "{\"patrol\":\"p1\"}", "bad_event /body/pts: missing"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[]}", "bad_event /body/pts: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":{}}", "bad_event /body/pts: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,1,1],[0,1]]}", "bad_event /body/pts/1: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,1,1,1,1]]}", "bad_event /body/pts/0: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0.5,1,1]]}", "bad_event /body/pts/0/0: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,91,1]]}", "bad_event /body/pts/0/1: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,1,181]]}", "bad_event /body/pts/0/2: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,1,1,-1]]}", "bad_event /body/pts/0/3: want"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,1,1]],\"crs\":\"x\"}", "bad_event /body/crs: not"},
		{"patrol.track", "{\"patrol\":\"p1\",\"pts\":[[0,1,1]],\"mock\":1}", "bad_event /body/mock: want"},
		{"patrol.end", "{\"patrol\":\"p1\"}", "ok"},
		{"patrol.end", "{\"patrol\":\"p1\",\"clear\":\"yes\"}", "bad_event /body/clear: want"},
		{"patrol.end", "{\"clear\":true}", "bad_event /body/patrol: missing"},
		{"patrol.end", "{\"patrol\":\"p1\",\"note\":7}", "bad_event /body/note: want"},
		{"patrol.substitute", "{\"patrol\":\"p1\",\"way\":\"drone\",\"target\":\"R1\"}", "ok"},
		{"patrol.substitute", "{\"way\":\"drone\",\"target\":\"R1\"}", "bad_event /body/patrol: missing"},
		{"patrol.substitute", "{\"patrol\":\"p1\",\"way\":\"boat\",\"target\":\"R1\"}", "bad_event /body/way: not"},
		{"patrol.substitute", "{\"patrol\":\"p1\",\"way\":\"drone\"}", "bad_event /body/target: missing"},
		{"inspect", "{\"topic\":\"burn_straw\",\"result\":\"ok\",\"people\":3,\"object\":\"北山\"}", "ok"},
		{"inspect", "{\"result\":\"ok\"}", "bad_event /body/topic: missing"},
		{"inspect", "{\"topic\":\"烧\",\"result\":\"ok\"}", "bad_event /body/topic: want"},
		{"inspect", "{\"topic\":\"a\",\"result\":\"bad\"}", "bad_event /body/result: not"},
		{"inspect", "{\"topic\":\"a\"}", "bad_event /body/result: missing"},
		{"inspect", "{\"topic\":\"a\",\"result\":\"ok\",\"people\":-1}", "bad_event /body/people: -1"},
		{"visit", "{\"household\":\"h1\",\"persons\":3,\"staff\":2,\"aid_fen\":50000}", "ok"},
		{"visit", "{\"group\":\"一组\"}", "ok"},
		{"visit", "{\"persons\":3}", "bad_event /body/household: missing"},
		{"visit", "{\"household\":null,\"group\":null}", "bad_event /body/household: missing"},
		{"visit", "{\"household\":\"h1\",\"aid_fen\":0.5}", "bad_event /body/aid_fen: want"},
		{"visit", "{\"household\":\"h1\",\"aid_fen\":1000000000001}", "bad_event /body/aid_fen: 1000000000001"},
		{"visit", "{\"household\":\"h1\",\"staff\":\"2\"}", "bad_event /body/staff: want"},
		{"work", "{\"item\":\"window_bars\",\"qty\":5.125,\"unit\":\"吨\",\"approx\":true}", "ok"},
		{"work", "{\"item\":\"window_bars\",\"qty\":1000000000000}", "ok"},
		{"work", "{\"item\":\"window_bars\",\"qty\":1000000000000.001}", "bad_event /body/qty: not"},
		{"work", "{\"item\":\"window_bars\",\"qty\":0.0001}", "bad_event /body/qty: want"},
		{"work", "{\"item\":\"window_bars\",\"qty\":-1}", "bad_event /body/qty: not"},
		{"work", "{\"item\":\"window_bars\",\"qty\":\"5\"}", "bad_event /body/qty: want"},
		{"work", "{\"item\":\"window_bars\"}", "bad_event /body/qty: missing"},
		{"work", "{\"qty\":1}", "bad_event /body/item: missing"},
		{"household", "{\"household\":\"h1\",\"type\":\"t\",\"persons\":4,\"state\":\"risk_removed\"}", "ok"},
		{"household", "{\"household\":\"h1\"}", "bad_event /body/state: missing"},
		{"household", "{\"state\":\"helped\"}", "bad_event /body/household: missing"},
		{"household", "{\"household\":\"h1\",\"state\":\"gone\"}", "bad_event /body/state: not"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"t\",\"severity\":1}",
			"ok"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"dispute\",\"category\":\"land\",\"text\":\"t\",\"parties\":\"a、b\","
				"\"amount_fen\":100,\"risk\":\"high\",\"due\":1764035730123,\"self_fixed\":false}",
			"ok"},
		{"case.report", "{\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"t\"}",
			"bad_event /body/case: missing"},
		{"case.report", "{\"case\":\"c1\",\"category\":\"fire\",\"title\":\"t\"}", "bad_event /body/class: missing"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"hazard\",\"title\":\"t\"}", "bad_event /body/category: missing"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"hazard\",\"category\":\"fire\"}",
			"bad_event /body/title: missing"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"topic\",\"category\":\"fire\",\"title\":\"t\"}",
			"bad_event /body/class: not"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"t\",\"severity\":5}",
			"bad_event /body/severity: 5"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"t\",\"severity\":0}",
			"bad_event /body/severity: 0"},
		{"case.report", "{\"case\":\"c1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"t\",\"due\":\"soon\"}",
			"bad_event /body/due: want"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"handle\",\"result\":\"done\",\"note\":\"n\"}", "ok"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"dispatch\",\"to\":\"p-9\"}", "ok"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"rate\",\"rating\":\"no_contact\"}", "ok"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"extend\",\"until\":1764035730123}", "ok"},
		{"case.act", "{\"case\":\"c1\"}", "bad_event /body/action: missing"},
		{"case.act", "{\"action\":\"ack\"}", "bad_event /body/case: missing"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"delete\"}", "bad_event /body/action: not"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"handle\",\"result\":\"fine\"}", "bad_event /body/result: not"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"rate\",\"rating\":\"5\"}", "bad_event /body/rating: not"},
		{"case.act", "{\"case\":\"c1\",\"action\":\"extend\",\"until\":-1}", "bad_event /body/until: -1"},
		{"sos", "{\"text\":\"救命\"}", "ok"},
		{"sos", "{\"text\":null}", "ok"},
		{"sos", "{\"text\":5}", "bad_event /body/text: want"},
		{"status", "{\"battery\":0,\"queue\":7,\"oldest\":1764035730123,\"app\":\"xg 1.2\",\"free_mb\":512}", "ok"},
		{"status", "{\"battery\":101}", "bad_event /body/battery: 101"},
		{"status", "{\"battery\":-1}", "bad_event /body/battery: -1"},
		{"status", "{\"queue\":-1}", "bad_event /body/queue: -1"},
		{"status", "{\"free_mb\":\"a\"}", "bad_event /body/free_mb: want"},
		{"void", "{\"target\":\"d-1/e/5\",\"reason\":\"r\"}", "ok"},
		{"void", "{\"reason\":\"r\"}", "bad_event /body/target: missing"},
		{"void", "{\"target\":\"5\"}", "bad_event /body/target: want"},
	};
	struct json j = {0};
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct buf b = {0};
		const char *said;

		buf_addf(&b, "{\"body\":%s,\"kind\":\"%s\",\"at\":5,\"seq\":3,\"epoch\":\"a\"}", row[i][1],
			row[i][0]);
		said = decode(&j, b.p, &e);
		if (strncmp(said, row[i][2], strlen(row[i][2])) != 0)
			fail_msg("%s %s\n  says %s\n  want %s", row[i][0], row[i][1], said, row[i][2]);
		assert_int_equal(e.seq, 3);
		if (strcmp(said, "ok") == 0)
			assert_int_equal(e.kind, event_kind_of(slice_of(row[i][0])));
		buf_done(&b);
	}
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
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_bodies),
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
