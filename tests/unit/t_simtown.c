/* t_simtown.c - cli/simtown.c: what simulated phones say is what the contract allows, and makes sense in the town */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simtown.h"
#include "core/event.h"

#define NOW 1795400000000LL
#define DEVICES 78

static struct simtown *demo(void)
{
	struct simtown *t = NULL;
	struct why why = {""};

	if (simtown_open("deploy/demo", &t, &why) != OK)
		fail_msg("%s", why.text);
	return t;
}

static enum event_code decode(struct json *j, const struct buf *rest, struct buf *whole, struct event *ev)
{
	struct event_fault fault = {0};
	enum event_code code;

	buf_clear(whole);
	buf_addf(whole, "{\"epoch\":\"e1\",\"seq\":1,%s}", rest->p);
	assert_true(json_read(j, whole->p, whole->n));
	code = event_decode(j, 0, ev, &fault);
	if (code != EVENT_OK && code != EVENT_UNKNOWN_KIND && code != EVENT_BAD_EVENT)
		fail_msg("%s: %s", whole->p, fault.detail);
	return code;
}

/* Is scope an open appointment of the device's person?  The demo's device d-N belongs to p-N. */
static bool appointed(const char *device, struct slice scope)
{
	FILE *f = fopen("deploy/demo/appointments.csv", "r");
	char line[256], want[128];
	bool found = false;

	assert_non_null(f);
	(void)snprintf(want, sizeof want, ",%.*s,", (int)scope.n, scope.p);
	while (fgets(line, sizeof line, f))
		found |= strncmp(line, "p-", 2) == 0 && strncmp(line + 2, device + 2, 4) == 0 && strstr(line, want) &&
			strstr(line, ",\n") /* open */;
	assert_int_equal(fclose(f), 0);
	return found;
}

static void every_story_is_allowed_and_makes_sense(void **arg)
{
	struct simtown *t = demo();
	struct json j = {0};
	struct buf rest = {0}, whole = {0};
	struct simrng rng = {1};
	int kinds[EVENT_KINDS + 1] = {0};

	(void)arg;
	for (int d = 1; d <= DEVICES; d++) {
		struct simstory s;
		char device[16], open[EVENT_ID_MAX + 1] = "";
		int64_t now = NOW, last = 0;

		(void)snprintf(device, sizeof device, "d-%04d", d);
		assert_string_equal(simtown_district(t, device), "990101");
		simtown_story(t, device, &s);
		for (int i = 0; i < 60; i++) {
			int64_t shift = d % 5 == 0 ? 86400000LL * (d - 40) : 0;
			struct simphone_state state = {i, i ? NOW : 0};
			struct event ev;

			now += i % 7 == 0 ? 5 : (int64_t)simrng_below(&rng, 900000);
			buf_clear(&rest);
			simtown_event(t, &s, &rng, now, shift, shift != 0, &state, &rest);
			assert_int_equal(decode(&j, &rest, &whole, &ev), EVENT_OK);
			kinds[ev.kind]++;
			assert_int_equal(ev.off_ms, -shift);
			assert_true(ev.when_ms <= now && ev.when_ms >= last); /* a track begins at the event before it */
			last = ev.when_ms;
			if (ev.kind == EV_PATROL_START) {
				assert_string_equal(open, "");
				assert_true(appointed(device, ev.target));
				(void)snprintf(open, sizeof open, "%.*s", (int)ev.patrol.n, ev.patrol.p);
			} else if (ev.kind == EV_PATROL_TRACK || ev.kind == EV_PATROL_END) {
				assert_true(slice_is(ev.patrol, open));
				if (ev.kind == EV_PATROL_END)
					open[0] = '\0';
			} else if (ev.ref.p) {
				assert_true(slice_is(ev.ref, open));
			}
			if (ev.scope.p)
				assert_true(appointed(device, ev.scope));
			if (ev.has_loc) { /* in the town */
				assert_in_range(ev.lat_e7, 333300000, 334500000);
				assert_in_range(ev.lon_e7, 1048300000, 1050100000);
			}
		}
	}
	assert_true(kinds[EV_PATROL_START] > 100 && kinds[EV_PATROL_END] > 100 && kinds[EV_PATROL_TRACK] > 300);
	assert_true(kinds[EV_INSPECT] > 50 && kinds[EV_VISIT] > 20 && kinds[EV_CASE_REPORT] > 10 && kinds[EV_STATUS] > 20);
	json_done(&j);
	buf_done(&rest);
	buf_done(&whole);
	simtown_free(t);
}

/* Under load a patrol is some events; with time between them it lasts as long as a rule asks, mostly. */
static void patrols_last_where_there_is_time(void **arg)
{
	struct simtown *t = demo();
	struct json j = {0};
	struct buf rest = {0}, whole = {0};
	struct simrng rng = {4};
	struct simstory s;
	int long_ones = 0, all = 0, self_fixed = 0, sos = 0;
	int64_t began = 0;

	(void)arg;
	simtown_story(t, "d-0003", &s);
	for (int i = 0; i < 60000; i++) {
		struct simphone_state state = {0};
		struct event ev;
		int64_t now = NOW + i * 60000LL;

		buf_clear(&rest);
		simtown_event(t, &s, &rng, now, 0, false, &state, &rest);
		assert_int_equal(decode(&j, &rest, &whole, &ev), EVENT_OK);
		if (ev.kind == EV_PATROL_START)
			began = now;
		else if (ev.kind == EV_PATROL_END && began) {
			all++;
			long_ones += now - began >= 6 * 60000;
		}
		self_fixed += strstr(rest.p, "\"self_fixed\":true") && strstr(rest.p, "\"after\"");
		sos += ev.kind == EV_SOS;
	}
	assert_true(all > 1000 && long_ones > all * 8 / 10 && long_ones < all);
	assert_true(self_fixed > 0 && sos > 0 && sos < 20);
	simtown_story(t, "d-0009", &s);
	assert_true(s.idle && simtown_idle("d-0009") && !simtown_idle("d-0010") && !simtown_idle("nobody"));
	for (int i = 0; i < 500; i++) {
		struct simphone_state state = {0};

		buf_clear(&rest);
		simtown_event(t, &s, &rng, NOW + i * 60000LL, 0, false, &state, &rest);
		assert_null(strstr(rest.p, "patrol.start"));
	}
	json_done(&j);
	buf_done(&rest);
	buf_done(&whole);
	simtown_free(t);
}

static void the_same_seed_tells_the_same_story(void **arg)
{
	struct simtown *t = demo();
	struct buf b[3] = {{0}};

	(void)arg;
	for (int k = 0; k < 3; k++) {
		struct simrng rng = {k < 2 ? 7 : 8};
		struct simstory s;
		struct simphone_state state = {0};

		simtown_story(t, "d-0060", &s);
		for (int i = 0; i < 20; i++)
			simtown_event(t, &s, &rng, NOW + 60000 * i, 0, false, &state, &b[k]);
	}
	assert_string_equal(b[0].p, b[1].p);
	assert_string_not_equal(b[0].p, b[2].p);
	for (int k = 0; k < 3; k++)
		buf_done(&b[k]);
	simtown_free(t);
}

static void strangers_report_without_a_town(void **arg)
{
	struct simtown *t = NULL;
	struct why why;
	struct json j = {0};
	struct buf rest = {0}, whole = {0};
	struct simrng rng = {3};
	struct simstory s;

	(void)arg;
	assert_int_equal(simtown_open(NULL, &t, &why), OK);
	assert_null(simtown_district(t, "d-0001"));
	simtown_story(t, "d-0001", &s);
	for (int i = 0; i < 200; i++) {
		struct simphone_state state = {0};
		struct event ev;

		buf_clear(&rest);
		simtown_event(t, &s, &rng, NOW + i, 0, false, &state, &rest);
		assert_int_equal(decode(&j, &rest, &whole, &ev), EVENT_OK);
		assert_true(ev.kind == EV_STATUS || ev.kind == EV_INSPECT);
		assert_null(ev.scope.p);
	}
	json_done(&j);
	buf_done(&rest);
	buf_done(&whole);
	simtown_free(t);
}

static void bad_events_are_bad(void **arg)
{
	struct json j = {0};
	struct buf rest = {0}, whole = {0};
	struct simrng rng = {5};
	int seen[4] = {0};

	(void)arg;
	for (int i = 0; i < 200; i++) {
		struct event ev = {0};
		enum event_code code;

		buf_clear(&rest);
		simtown_bad(&rng, NOW, &rest);
		code = decode(&j, &rest, &whole, &ev);
		if (code == EVENT_OK)
			assert_true(slice_is(ev.person, "p-unknown") || ev.when_ms == NOW + 3600000);
		seen[code == EVENT_UNKNOWN_KIND ? 0 : code == EVENT_BAD_EVENT ? 1 : ev.person.p ? 2 : 3]++;
	}
	for (int i = 0; i < 4; i++)
		assert_true(seen[i] > 20);
	json_done(&j);
	buf_done(&rest);
	buf_done(&whole);
}

static void a_folder_that_is_no_town_is_named(void **arg)
{
	struct simtown *t = NULL;
	struct why why = {""};

	(void)arg;
	assert_int_equal(simtown_open("/nonexistent", &t, &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "/nonexistent/reaches.csv"));
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_story_is_allowed_and_makes_sense),
		cmocka_unit_test(patrols_last_where_there_is_time),
		cmocka_unit_test(the_same_seed_tells_the_same_story),
		cmocka_unit_test(strangers_report_without_a_town),
		cmocka_unit_test(bad_events_are_bad),
		cmocka_unit_test(a_folder_that_is_no_town_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
