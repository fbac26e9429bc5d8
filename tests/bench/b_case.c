/* b_case - CPU of folding a case, by its number of acts: medians of rounds.  Acts come in any order, each based on the one before
 * it, as officers' acts are; the bar is 2 ms for 50 of them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "core/casus.h"
#include "core/civil.h"

#define ROUNDS 15

static double cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		die("b_case: no clock");
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* report, accept, dispatch, sign, then suspended and resumed for ever; told backwards but for every third. */
static void tell(struct casus_act *act, uint32_t n)
{
	static const enum casus_action first[] = {ACT_REPORT, ACT_ACCEPT, ACT_DISPATCH, ACT_SIGN};
	static const enum role roles[] = {ROLE_CENTRE, ROLE_HANDLER, ROLE_OFFICE};
	int64_t start = civil_day_ms(civil_make(2025, 9, 24)) + 10 * 3600000LL;

	for (uint32_t i = 0; i < n; i++) {
		struct casus_act *a = &act[i % 3 ? n - 1 - i : i];

		if (a->key.seq)
			a = &act[i];
		while (a->key.seq)
			a = a == act + n - 1 ? act : a + 1;
		a->action = i < ARRAY_LEN(first) ? first[i] : i % 2 ? ACT_RESUME : ACT_SUSPEND;
		order_set(&a->key, start + i * 3600000LL, slice_of("office"), slice_of("9f3c21a07be4d511"), i + 1);
		order_set(&a->base, 0, slice_of("office"), slice_of("9f3c21a07be4d511"), i);
		for (a->ngrant = 0; a->ngrant < ARRAY_LEN(roles); a->ngrant++)
			a->grant[a->ngrant] = (struct casus_grant){roles[a->ngrant], AREA_TOWN, "990101100"};
		slice_copy(a->person, sizeof a->person, slice_of("p-0007"));
		slice_copy(a->to, sizeof a->to, slice_of("drainage office"));
		slice_copy(a->klass, sizeof a->klass, slice_of("hazard"));
		slice_copy(a->area, sizeof a->area, slice_of("990101100016003"));
		a->has_note = true;
		a->due_ms = -1;
		a->rule = (struct casus_rule){.deadline = 5, .unit = DUE_WORK_DAY};
	}
}

int main(void)
{
	static const uint32_t sizes[] = {5, 50, 500, CASUS_ACTS_MAX};
	struct casus_act *act = xcalloc(CASUS_ACTS_MAX, sizeof *act);
	uint32_t *order = xcalloc(CASUS_ACTS_MAX, sizeof *order);
	struct workcal_day off[8];
	const struct workcal cal = {off, ARRAY_LEN(off)};
	struct casus_fold c;

	for (int i = 0; i < 8; i++)
		off[i] = (struct workcal_day){civil_make(2025, 10, 1) + i, false};
	printf("case: us of CPU to fold a case, medians of %d rounds\n%8s %10s\n", ROUNDS, "acts", "us");
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		uint32_t n = sizes[k], times = 200000 / n / 10 + 1;
		double us[ROUNDS];

		memset(act, 0, n * sizeof *act);
		tell(act, n);
		for (int r = 0; r < ROUNDS; r++) {
			double from = cpu_us();

			for (uint32_t i = 0; i < times; i++)
				casus_fold(act, n, &cal, order, &c);
			us[r] = (cpu_us() - from) / times;
		}
		if (c.version != n)
			die("b_case: %u acts, %lld in force", n, (long long)c.version);
		qsort(us, ROUNDS, sizeof *us, by_value);
		printf("%8u %10.1f\n", n, us[ROUNDS / 2]);
	}
	free(act);
	free(order);
	return 0;
}
