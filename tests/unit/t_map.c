#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_basics(void **state)
{
	struct map m = {0};
	int a, b;
	size_t pos = 0;

	(void)state;
	assert_null(map_get(&m, "x", 1));
	assert_null(map_take(&m, "x", 1));
	assert_null(map_next(&m, &pos));
	assert_null(map_put(&m, "x", 1, &a));
	assert_ptr_equal(map_get(&m, "x", 1), &a);
	assert_ptr_equal(map_put(&m, "x", 1, &b), &a);
	assert_int_equal(m.n, 1);
	assert_null(map_get(&m, "xy", 2));
	assert_null(map_get(&m, "", 0));
	assert_null(map_put(&m, "", 0, &a));
	assert_null(map_put(&m, "x\0y", 3, &a)); /* bytes, not texts */
	assert_ptr_equal(map_get(&m, "x", 1), &b);
	assert_int_equal(m.n, 3);
	assert_ptr_equal(map_take(&m, "x", 1), &b);
	assert_null(map_get(&m, "x", 1));
	assert_ptr_equal(map_get(&m, "x\0y", 3), &a);
	map_done(&m);
	assert_int_equal(m.n, 0);
	map_done(&m);
}

static void test_key_is_copied(void **state)
{
	struct map m = {0};
	char key[] = "abc";
	int v;

	(void)state;
	(void)map_put(&m, key, 3, &v); /* was not there */
	key[0] = 'z';
	assert_ptr_equal(map_get(&m, "abc", 3), &v);
	assert_null(map_get(&m, "zbc", 3));
	map_done(&m);
}

/* Random puts and takes beside a plain array that says what must be there. */
static void test_model(void **state)
{
	enum { KEYS = 700 };
	static int value[KEYS][2];
	uint32_t seed = (uint32_t)time(NULL);
	void *model[KEYS] = {0};
	struct map m = {0};
	size_t n = 0;
	char key[16];

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 60000; i++) {
		/* grows, shrinks, grows again */
		int k = (int)(random() % KEYS), what = (int)(random() % 10);
		bool more = i / 10000 % 2 == 0;
		size_t len = (size_t)snprintf(key, sizeof key, "key-%d", k);

		assert_ptr_equal(map_get(&m, key, len), model[k]);
		if (what < (more ? 6 : 2)) {
			void *v = &value[k][random() % 2];

			assert_ptr_equal(map_put(&m, key, len, v), model[k]);
			n += !model[k];
			model[k] = v;
		} else if (what < 8) {
			assert_ptr_equal(map_take(&m, key, len), model[k]);
			n -= !!model[k];
			model[k] = NULL;
		}
		assert_int_equal(m.n, n);
		if (i % 1000 == 0) {
			size_t pos = 0, seen = 0;
			void *v;

			while ((v = map_next(&m, &pos))) {
				size_t at = (size_t)((int *)v - &value[0][0]) / 2;

				assert_ptr_equal(model[at], v);
				seen++;
			}
			assert_int_equal(seen, n);
		}
	}
	map_done(&m);
}

static void test_hash(void **state)
{
	unsigned char p[64] = {0};

	(void)state;
	/* every length and every byte counts */
	for (size_t n = 0; n < sizeof p; n++) {
		assert_true(map_hash(p, n) == map_hash(p, n));
		assert_true(map_hash(p, n) != map_hash(p, n + 1));
		for (size_t i = 0; i < n; i++) {
			uint64_t before = map_hash(p, n);

			p[i] ^= 1;
			assert_true(map_hash(p, n) != before);
			p[i] ^= 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_key_is_copied),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
