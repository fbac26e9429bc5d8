/* t_simpast.c - cli/simpast.c: a history is well formed, complete, and the same for the same seed and instant */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "cli/simpast.h"
#include "core/event.h"
#include "core/image.h"
#include "schema/photos.h"

#define NOW 1795400000000LL
#define DAY 86400000LL
#define CASES "deploy/demo/cases.json"

static struct simtown *demo(void)
{
	struct simtown *t = NULL;
	struct why why = {""};

	if (simtown_open("deploy/demo", &t, &why) != OK)
		fail_msg("%s", why.text);
	return t;
}

static void history(struct simtown *t, uint64_t seed, int64_t now, int days, struct buf *out)
{
	struct why why = {""};

	if (simpast_write(t, CASES, NULL, seed, now, days, out, &why) != OK)
		fail_msg("%s", why.text);
}

static void every_event_is_allowed_and_in_order(void **arg)
{
	struct simtown *t = demo();
	struct json j = {0};
	struct buf b = {0};
	struct map seqs = {0}, reports = {0};
	int kinds[EVENT_KINDS + 1] = {0}, classes = 0;
	int64_t last = 0;

	(void)arg;
	history(t, 1, NOW, 40, &b);
	for (char *p = b.p, *end; *p; p = end + 1) {
		struct event ev = {0};
		struct event_fault fault = {0};
		struct slice device;
		intptr_t seq;

		assert_non_null(end = strchr(p, '\n'));
		assert_true(json_read(&j, p, (size_t)(end - p)));
		if (event_decode(&j, 0, &ev, &fault) != EVENT_OK)
			fail_msg("%s: %.*s", fault.detail, (int)(end - p), p);
		device = json_text(&j, json_get(&j, 0, "device"));
		seq = (intptr_t)map_get(&seqs, device.p, device.n) + 1;
		assert_int_equal(ev.seq, seq); /* no hole */
		(void)map_put(&seqs, device.p, device.n, (void *)seq); /* replaces */
		assert_true(ev.when_ms <= NOW && ev.when_ms > NOW - 41 * DAY && ev.when_ms >= last - 3600000);
		last = ev.when_ms > last ? ev.when_ms : last;
		kinds[ev.kind]++;
		if (ev.kind == EV_CASE_REPORT) {
			assert_null(map_put(&reports, ev.casus.p, ev.casus.n, t));
			classes += slice_is(json_text(&j, json_get(&j, json_get(&j, 0, "body"), "class")), "dispute");
		} else if (ev.kind == EV_CASE_ACT) {
			assert_non_null(map_get(&reports, ev.casus.p, ev.casus.n)); /* the report stands before it */
		}
	}
	assert_int_equal(kinds[EV_CASE_REPORT], 25);
	assert_int_equal(classes, 5);
	assert_true(kinds[EV_CASE_ACT] > 80 && kinds[EV_PATROL_START] > 1000);
	assert_true(kinds[EV_PATROL_END] < kinds[EV_PATROL_START]); /* some have none */
	assert_true(kinds[EV_PATROL_TRACK] > kinds[EV_PATROL_START]);
	assert_true(kinds[EV_INSPECT] > 100 && kinds[EV_VISIT] > 20 && kinds[EV_WORK] > 20);
	assert_non_null(strstr(b.p, "\"mock\":true"));
	map_done(&seqs);
	map_done(&reports);
	json_done(&j);
	buf_done(&b);
	simtown_free(t);
}

static void the_same_seed_and_instant_the_same_bytes(void **arg)
{
	struct simtown *t = demo();
	struct buf b[4] = {{0}};

	(void)arg;
	history(t, 7, NOW, 5, &b[0]);
	history(t, 7, NOW, 5, &b[1]);
	history(t, 8, NOW, 5, &b[2]);
	history(t, 7, NOW + 1, 5, &b[3]);
	assert_string_equal(b[0].p, b[1].p);
	assert_string_not_equal(b[0].p, b[2].p);
	assert_string_not_equal(b[0].p, b[3].p);
	for (int k = 0; k < 4; k++)
		buf_done(&b[k]);
	simtown_free(t);
}

static void at_any_hour_what_happened_has_happened(void **arg)
{
	struct simtown *t = demo();

	(void)arg;
	for (int h = 0; h < 24; h += 3) {
		struct buf b = {0};
		int reports = 0;

		history(t, 1, NOW + h * 3600000LL, 1, &b);
		for (const char *p = b.p; (p = strstr(p, "\"case.report\"")); p++)
			reports++;
		assert_int_equal(reports, 25);
		buf_done(&b);
	}
	simtown_free(t);
}

static void a_script_that_is_none_is_named(void **arg)
{
	struct simtown *t = demo();
	struct buf b = {0};
	struct why why = {""};

	(void)arg;
	assert_int_equal(simpast_write(t, "deploy/demo/people.csv", NULL, 1, NOW, 1, &b, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "people.csv"));
	assert_int_equal(b.n, 0);
	buf_done(&b);
	simtown_free(t);
}

/* Reads the photo that the event of this device names, and removes it (one may be named twice). */
static void is_there(const char *dir, const char *sha256, const char *device, int64_t bytes, int *seen)
{
	static uint8_t p[1 << 20];
	char place[PHOTO_PLACE], path[200];
	struct image im;
	size_t n;
	FILE *f;

	assert_true(photos_place(sha256, device, place));
	(void)snprintf(path, sizeof path, "%s/%s", dir, place);
	if (!(f = fopen(path, "rb"))) {
		(*seen)--; /* its file was looked at before */
		return;
	}
	n = fread(p, 1, sizeof p, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(n, bytes);
	assert_null(image_read(p, n, &im));
	assert_int_equal(im.kind, IMAGE_PNG);
	for (int k = 0; k < 3; k++) {
		(void)remove(path);
		*strrchr(path, '/') = '\0';
	}
}

static void photos_are_put_where_the_server_keeps_them(void **arg)
{
	struct simtown *t = demo();
	struct json j = {0};
	struct buf b = {0};
	struct why why = {""};
	char dir[] = "/tmp/xunge-t-XXXXXX";
	int named = 0, seen = 0;

	(void)arg;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(simpast_write(t, CASES, dir, 1, NOW, 1, &b, &why), OK);
	for (char *line = b.p, *end; line < b.p + b.n; line = end + 1) {
		char sha[PHOTO_HEX], device[33];
		struct event_fault fault;
		struct event ev;

		end = strchr(line, '\n');
		assert_true(json_read(&j, line, (size_t)(end - line)));
		assert_int_equal(event_decode(&j, 0, &ev, &fault), EVENT_OK);
		slice_copy(device, sizeof device, json_text(&j, json_get(&j, 0, "device")));
		for (uint32_t i = 0, k = ev.att + 1; i < ev.natt; i++, k = j.tok[k].next) {
			int64_t bytes = 0;

			slice_copy(sha, sizeof sha, json_text(&j, json_get(&j, k, "sha256")));
			assert_true(json_int(&j, json_get(&j, k, "bytes"), &bytes));
			named++;
			seen++;
			is_there(dir, sha, device, bytes, &seen);
		}
	}
	assert_true(named > 10);
	assert_int_equal(seen, named - 1); /* one place is tidied twice */
	assert_int_equal(remove(dir), 0);
	buf_done(&b);
	json_done(&j);
	simtown_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_is_allowed_and_in_order),
		cmocka_unit_test(the_same_seed_and_instant_the_same_bytes),
		cmocka_unit_test(at_any_hour_what_happened_has_happened),
		cmocka_unit_test(a_script_that_is_none_is_named),
		cmocka_unit_test(photos_are_put_where_the_server_keeps_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
