/* t_livedev - the devices that the live view reads: all of them, then only what changed. */
#include "schema/live.h"
#include "tests/unit/town.h"

static void add_row(void *ctx, const struct live_device *d)
{
	buf_addf(ctx, "%s,%s,%s,%s,%d,%d ", d->device, d->person, d->person_name, d->area, d->online, d->battery);
}

static void want(struct town *t, int64_t after_rev, const char *rows)
{
	struct buf b = {0};

	buf_adds(&b, "");
	assert_int_equal(live_devices(t->st, after_rev, add_row, &b), OK);
	assert_string_equal(b.p, rows);
	buf_done(&b);
}

static int64_t rev(struct town *t)
{
	struct head h;

	assert_int_equal(store_head(t->st, &h), OK);
	return h.rev;
}

static void status(struct town *t, const char *device, int seq, int battery)
{
	char payload[256];
	struct head h;

	(void)snprintf(payload, sizeof payload,
		"{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"status\",\"at\":%lld,\"body\":{\"battery\":%d}}", seq,
		(long long)TOWN_NOW, battery);
	assert_int_equal(town_take(t, device, payload), OK);
	assert_int_equal(intake_commit(t->in, TOWN_NOW, &h), OK);
}

static void test_devices(void **state)
{
	struct town t;
	int64_t before;

	(void)state;
	town_make(&t);
	want(&t, 0,
		"d-1,p-1,王某,990101100001001,0,-1 d-2,p-2,李某,990101100001,0,-1 "
		"d-3,p-3,赵某,990101100,0,-1 d-4,p-4,石某,990101100002001,0,-1 ");
	before = rev(&t);
	want(&t, before, "");
	status(&t, "d-4", 1, 40);
	status(&t, "d-2", 1, 20);
	want(&t, before, "d-2,p-2,李某,990101100001,0,20 d-4,p-4,石某,990101100002001,0,40 ");
	want(&t, rev(&t) - 1, "d-2,p-2,李某,990101100001,0,20 ");
	want(&t, rev(&t), "");
	/* a closed registry row is not the device */
	assert_int_equal(store_begin(t.st), OK);
	town_sql(&t, "UPDATE device SET until = 99 WHERE id = 'd-2'; "
		     "INSERT INTO device VALUES('d-2','p-3','990101','x',NULL,99,NULL)");
	assert_int_equal(store_commit(t.st, TOWN_NOW, NULL), OK);
	want(&t, before, "d-2,p-3,赵某,990101100,0,20 d-4,p-4,石某,990101100002001,0,40 ");
	town_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_devices)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
