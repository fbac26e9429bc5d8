/* t_broker - when the broker's accounts are due to be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/broker.h"

/* One whose file is written and not due again for long. */
static struct broker settled(int64_t took_ms)
{
	struct broker b;

	broker_init(&b, "passwd", NULL, NULL);
	b.dirty = false;
	b.took_ms = took_ms;
	b.next_ms = INT64_MAX;
	return b;
}

static void the_first_is_due(void **state)
{
	struct broker b;

	(void)state;
	broker_init(&b, "passwd", NULL, NULL);
	assert_true(broker_due(&b));
	broker_init(&b, NULL, NULL, NULL); /* not ours to write */
	assert_false(broker_due(&b));
	broker_changed(&b, true);
	assert_false(broker_due(&b));
}

static void a_new_device_is_due_when_that_is_cheap(void **state)
{
	struct broker b = settled(2);

	(void)state;
	assert_false(broker_due(&b));
	broker_changed(&b, false);
	assert_true(broker_due(&b));
	b = settled(100);
	broker_changed(&b, false);
	assert_true(b.dirty);
	assert_false(broker_due(&b)); /* later, with all that come until then */
	b = settled(2);
	b.failed = true;
	broker_changed(&b, false);
	assert_false(broker_due(&b));
}

static void a_revoked_device_is_always_due(void **state)
{
	struct broker b = settled(100);

	(void)state;
	broker_changed(&b, true);
	assert_true(broker_due(&b));
	b = settled(100);
	b.failed = true;
	broker_changed(&b, true);
	assert_true(broker_due(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_due),
		cmocka_unit_test(a_new_device_is_due_when_that_is_cheap),
		cmocka_unit_test(a_revoked_device_is_always_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
