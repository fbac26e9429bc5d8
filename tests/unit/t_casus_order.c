/* t_casus_order.c - the order in which core/casus.c folds acts: bases, voids, and any order of arrival.  SEED and ROUNDS in the
 * environment. */
#include "tests/unit/casus_town.h"

#include <time.h>

static void test_parallel(void **state)
{
	struct script s;

	(void)state;
	tell_all(&s);
	for (uint32_t i = 1; i < s.n; i++)
		based_on(&s.act[i], &s.act[i - 1]);
	fold(&s);
	for (uint32_t i = 0; i < s.n; i++)
		assert_false(s.act[i].parallel);
	/* the handler worked without a signal: he knew of the dispatch, while the centre urged */
	bring(&s, CASUS_DISPATCHED, TO_UNIT);
	based_on(tell(&s, ACT_URGE, ROLE_CENTRE, "p-5"), &s.act[2]);
	based_on(tell(&s, ACT_SIGN, ROLE_HANDLER, "p-3"), &s.act[2]);
	based_on(tell(&s, ACT_HANDLE, ROLE_HANDLER, "p-3"), &s.act[4]);
	s.act[5].photo_after = true;
	fold(&s);
	assert_int_equal(s.c.state, CASUS_HANDLED);
	assert_false(s.act[3].parallel);
	assert_true(s.act[4].parallel);
	assert_false(s.act[5].parallel);
	/* a base on a further report is one on the report */
	bring(&s, CASUS_REPORTED, TO_UNIT);
	tell(&s, ACT_REPORT, ROLE_WORKER, "p-9");
	based_on(tell(&s, ACT_ACCEPT, ROLE_CENTRE, "p-5"), &s.act[1]);
	fold(&s);
	wants(&s, FATE_FORCE, NULL);
	assert_false(last_of(&s)->parallel);
	assert_int_equal(s.c.version, 2);
}

static void test_waiting(void **state)
{
	struct script s;

	(void)state;
	/* acts without a report */
	memset(&s, 0, sizeof s);
	tell(&s, ACT_ACCEPT, ROLE_CENTRE, "p-5");
	based_on(tell(&s, ACT_DISPATCH, ROLE_CENTRE, "p-5"), &s.act[0]);
	fold(&s);
	assert_int_equal(s.c.state, CASUS_NONE);
	assert_int_equal(s.c.report, UINT32_MAX);
	assert_int_equal(s.c.last, UINT32_MAX);
	wants(&s, FATE_WAITS, "has not been reported");
	assert_string_equal(last_of(&s)->waits, "");
	/* the report comes, with a later time than theirs: it is the first all the same */
	tell(&s, ACT_REPORT, ROLE_WORKER, "p-1");
	fold(&s);
	assert_int_equal(s.order[0], 2);
	assert_int_equal(s.c.state, CASUS_DISPATCHED);
	/* a base that did not come, and who is based on that */
	bring(&s, CASUS_ACCEPTED, TO_UNIT);
	order_set(&tell(&s, ACT_DISPATCH, ROLE_CENTRE, "p-5")->base, 0, slice_of("d-7"), slice_of("x"), 12);
	based_on(tell(&s, ACT_SIGN, ROLE_HANDLER, "p-3"), &s.act[2]);
	fold(&s);
	assert_int_equal(s.act[2].fate, FATE_WAITS);
	assert_string_equal(s.act[2].waits, "event d-7/x/12");
	assert_string_equal(s.act[2].detail, "its base d-7/x/12 has not come");
	assert_string_equal(s.act[3].waits, "event d-1/e/3");
	wants(&s, FATE_WAITS, "is not in force");
	/* in a circle, and on itself */
	bring(&s, CASUS_ACCEPTED, TO_UNIT);
	for (int i = 2; i < 5; i++)
		tell(&s, ACT_URGE, ROLE_CENTRE, "p-5");
	based_on(&s.act[2], &s.act[3]);
	based_on(&s.act[3], &s.act[2]);
	based_on(&s.act[4], &s.act[4]);
	fold(&s);
	for (int i = 2; i < 5; i++)
		assert_int_equal(s.act[i].fate, FATE_WAITS);
	assert_string_equal(s.act[4].waits, "event d-1/e/5");
	assert_int_equal(s.c.urges, 0);
	/* a stale base: what it meant to do is not possible any more, and is not tried later */
	bring(&s, CASUS_DISPATCHED, TO_UNIT);
	based_on(tell(&s, ACT_RETURN, ROLE_HANDLER, "p-3"), &s.act[2]);
	based_on(tell(&s, ACT_SIGN, ROLE_HANDLER, "p-8"), &s.act[2]);
	tell(&s, ACT_DISPATCH, ROLE_CENTRE, "p-5");
	fold(&s);
	assert_int_equal(s.act[4].fate, FATE_ILLEGAL);
	assert_string_equal(s.act[4].detail, "sign: from dispatched only, the case is accepted");
	assert_int_equal(s.c.state, CASUS_DISPATCHED);
}

static void test_voids(void **state)
{
	struct script s;

	(void)state;
	/* over two voided acts to the dispatch */
	bring(&s, CASUS_DISPATCHED, TO_UNIT);
	based_on(tell(&s, ACT_URGE, ROLE_CENTRE, "p-5"), &s.act[2]);
	based_on(tell(&s, ACT_URGE, ROLE_CENTRE, "p-5"), &s.act[3]);
	based_on(tell(&s, ACT_SIGN, ROLE_HANDLER, "p-3"), &s.act[4]);
	s.act[3].voided = s.act[4].voided = true;
	fold(&s);
	assert_int_equal(s.act[3].fate, FATE_VOIDED);
	wants(&s, FATE_FORCE, NULL);
	assert_false(last_of(&s)->parallel);
	assert_int_equal(s.c.urges, 0);
	assert_int_equal(s.c.version, 4);
	assert_int_equal(s.order[4], 3);
	assert_int_equal(s.order[5], 4);
	/* to what never came */
	order_set(&s.act[3].base, 0, slice_of("d-7"), slice_of("x"), 12);
	fold(&s);
	wants(&s, FATE_WAITS, "has not come");
	assert_string_equal(last_of(&s)->waits, "event d-7/x/12");
	/* round in a circle of voided acts */
	based_on(&s.act[3], &s.act[4]);
	fold(&s);
	wants(&s, FATE_WAITS, NULL);
	assert_string_equal(last_of(&s)->waits, "event d-1/e/5");
	/* the report is void: the next one counts, or none */
	bring(&s, CASUS_ACCEPTED, TO_UNIT);
	based_on(&s.act[1], &s.act[0]);
	s.act[0].voided = true;
	fold(&s);
	assert_int_equal(s.c.state, CASUS_NONE);
	wants(&s, FATE_WAITS, "has not been reported");
	tell(&s, ACT_REPORT, ROLE_WORKER, "p-9");
	fold(&s);
	assert_int_equal(s.c.state, CASUS_ACCEPTED);
	assert_int_equal(s.c.report, 2);
	assert_false(s.act[1].parallel);
}

/* The bound, with the longest chains and circles. */
static void test_most(void **state)
{
	static const enum casus_action round[] = {ACT_SUSPEND, ACT_RESUME};
	struct casus_act *act = xcalloc(CASUS_ACTS_MAX, sizeof *act);
	uint32_t *order = xcalloc(CASUS_ACTS_MAX, sizeof *order);
	struct casus_fold c;
	struct script s;

	(void)state;
	bring(&s, CASUS_IN_PROGRESS, TO_UNIT);
	for (uint32_t n = CASUS_ACTS_MAX - 1; n <= CASUS_ACTS_MAX; n++) {
		memcpy(act, s.act, s.n * sizeof *act);
		for (uint32_t i = s.n; i < n; i++) { /* told backwards: the latest stands first */
			uint32_t k = n - 1 - (i - s.n);

			memset(&act[k], 0, sizeof act[k]);
			order_set(&act[k].key, at(1, 10, 0) + i, slice_of("d-2"), slice_of("e"), i);
			order_set(&act[k].base, 0, slice_of(i > s.n ? "d-2" : "d-1"), slice_of("e"), i > s.n ? i - 1 : s.n);
			act[k].action = round[(i - s.n) % 2];
			act[k].has_note = true;
			grant(&act[k], ROLE_CENTRE, AREA_TOWN, TOWN);
		}
		casus_fold(act, n, &s.cal, order, &c);
		assert_int_equal(c.version, n);
		assert_int_equal(c.state, (n - s.n) % 2 ? CASUS_SUSPENDED : CASUS_IN_PROGRESS);
		assert_int_equal(c.due_ms, s.c.due_ms);
		for (uint32_t i = s.n; i < n; i++)
			assert_int_equal(order[i], n - 1 - (i - s.n));
	}
	/* half of them void and in a circle, the others based on it */
	for (uint32_t i = s.n; i < CASUS_ACTS_MAX; i++) {
		uint32_t to = act[i].key.seq > 2100 ? 2100 : act[i].key.seq == s.n ? 2100 : (uint32_t)act[i].key.seq - 1;

		act[i].voided = act[i].key.seq <= 2100;
		order_set(&act[i].base, 0, slice_of("d-2"), slice_of("e"), to);
	}
	casus_fold(act, CASUS_ACTS_MAX, &s.cal, order, &c);
	assert_int_equal(c.version, s.n);
	free(act);
	free(order);
}

/* ---------------------------------------------------------------- any order of arrival */

static uint64_t dice;

static uint32_t roll(uint32_t n)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % n;
}

/* Reports, acts with and without bases, bases that are missing, later or in circles, voids, wrong roles, equal times. */
static void tell_any(struct script *s)
{
	static const enum role some[] = {ROLE_CENTRE, ROLE_CENTRE, ROLE_CENTRE, ROLE_OFFICE, ROLE_HANDLER, ROLE_LEADER,
		ROLE_VERIFIER, ROLE_WORKER};
	static const enum casus_action life[] = {ACT_REPORT, ACT_ACCEPT, ACT_DISPATCH, ACT_SIGN, ACT_HANDLE, ACT_VERIFY_PASS};
	static const char *const people[] = {"p-1", "p-2", "p-3"};
	uint32_t n = 2 + roll(24), step = 0;

	memset(s, 0, sizeof *s);
	for (uint32_t i = 0; i < n; i++) {
		enum casus_action k = roll(n) < 2 ? ACT_REPORT : (enum casus_action)roll(CASUS_ACTIONS - (roll(6) ? 1 : 0));
		struct casus_act *a = tell(s, k, some[roll(8)], people[roll(3)]);
		bool goes_on = roll(3) && step < ARRAY_LEN(life);
		char device[8];

		if (goes_on) { /* many of them make the life of a case, by one who may all */
			s->n--;
			a = tell(s, k = life[step++], ROLE_CENTRE, people[roll(3)]);
			for (size_t r = 0; r < ARRAY_LEN(some); r++)
				grant(a, some[r], AREA_COMMUNITY, TOWN);
		}
		(void)snprintf(device, sizeof device, "d-%u", roll(3));
		if (roll(3))
			slice_copy(a->key.device, sizeof a->key.device, slice_of(device));
		if (roll(4) == 0)
			a->key.at_ms = at(1, 9, (int)roll(20));
		if (!goes_on && (k == ACT_HANDLE || k == ACT_SIGN))
			a->grant[0].role = roll(4) ? ROLE_HANDLER : ROLE_WORKER;
		a->voided = roll(12) == 0;
		a->has_note = roll(8) != 0;
		a->to_person = roll(3) == 0;
		if (a->to_person)
			slice_copy(a->to, sizeof a->to, slice_of(people[roll(3)]));
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t how = roll(12);

		if (how < 6 && i > 0)
			based_on(&s->act[i], &s->act[how < 4 ? i - 1 : roll(i)]);
		else if (how == 8 && roll(3) == 0)
			based_on(&s->act[i], &s->act[roll(n)]);
		else if (how == 9 && roll(3) == 0)
			order_set(&s->act[i].base, 0, slice_of("d-9"), slice_of("e"), 1);
	}
}

static const struct casus_act *find(const struct script *s, const struct order_key *id)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->act[i].key.seq == id->seq && strcmp(s->act[i].key.device, id->device) == 0 &&
			strcmp(s->act[i].key.epoch, id->epoch) == 0)
			return &s->act[i];
	return NULL;
}

/* The base that counts, by walking; NULL and *none: it has none, NULL otherwise: it waits. */
static const struct casus_act *slow_base(const struct script *s, const struct casus_act *a, bool *none)
{
	const struct casus_act *b = a;

	for (uint32_t i = 0; i <= s->n; i++) {
		*none = b->action == ACT_REPORT || b->base.seq == 0;
		if (*none)
			return NULL;
		b = find(s, &b->base);
		if (!b || !b->voided)
			return b && b->action == ACT_REPORT && b->fate == FATE_FORCE ? &s->act[s->c.report] : b;
	}
	return NULL;
}

/* The rule of the order, step by step: of what may be placed, the lowest is the next. */
static void check_order(const struct script *s)
{
	bool done[64] = {false};
	const struct casus_act *before = NULL;
	int64_t version = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct casus_act *a = &s->act[s->order[i]], *base;
		bool none;

		base = slow_base(s, a, &none);
		if (a->action == ACT_REPORT || a->fate == FATE_VOIDED) {
			assert_int_equal(a->fate == FATE_VOIDED, a->voided);
			before = a->fate == FATE_FORCE && !a->detail[0] ? a : before;
			version += before == a;
			done[s->order[i]] = true;
			continue;
		}
		if (a->fate == FATE_WAITS) {
			assert_true(s->c.report == UINT32_MAX || (!none && (!base || base->fate != FATE_FORCE)));
			continue;
		}
		assert_true(none || (base && base->fate == FATE_FORCE && done[base - s->act]));
		for (uint32_t k = 0; k < s->n; k++) {
			const struct casus_act *other = &s->act[k], *b = slow_base(s, other, &none);
			bool ready = !done[k] && other != a && !other->voided && other->action != ACT_REPORT && other->fate != FATE_WAITS &&
				(none || (b && b->fate == FATE_FORCE && done[b - s->act]));

			assert_false(ready && order_cmp(&other->key, &a->key) < 0);
		}
		assert_int_equal(a->parallel, a->fate == FATE_FORCE && base && base != before);
		done[s->order[i]] = true;
		if (a->fate == FATE_FORCE) {
			before = a;
			version++;
		}
		assert_int_equal(a->version, version);
	}
	assert_int_equal(s->c.version, version);
	assert_true(version == 0 ? s->c.last == UINT32_MAX : before == &s->act[s->c.last]);
}

static void same(const struct script *a, const struct script *b)
{
	struct casus_fold x = a->c, y = b->c;

	for (uint32_t i = 0; i < a->n; i++) {
		const struct casus_act *p = &a->act[i], *q = find(b, &p->key);

		assert_non_null(q);
		assert_int_equal(p->fate, q->fate);
		assert_string_equal(p->detail, q->detail);
		assert_string_equal(p->waits, q->waits);
		assert_int_equal(p->parallel, q->parallel);
		assert_int_equal(p->state, q->state);
		assert_int_equal(p->version, q->version);
		assert_true(order_cmp(&a->act[a->order[i]].key, &b->act[b->order[i]].key) == 0);
	}
	assert_int_equal(x.report == UINT32_MAX, y.report == UINT32_MAX);
	assert_true(x.report == UINT32_MAX || order_cmp(&a->act[x.report].key, &b->act[y.report].key) == 0);
	assert_true(x.last == UINT32_MAX || order_cmp(&a->act[x.last].key, &b->act[y.last].key) == 0);
	x.report = y.report = x.last = y.last = 0;
	assert_memory_equal(&x, &y, sizeof x);
}

/* What is not in force leaves no trace: without it the case is the same. */
static void check_no_trace(const struct script *s)
{
	struct script less = *s;

	less.n = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->act[i].fate == FATE_FORCE || s->act[i].fate == FATE_VOIDED)
			less.act[less.n++] = s->act[i];
	fold(&less);
	assert_int_equal(less.c.state, s->c.state);
	assert_int_equal(less.c.version, s->c.version);
	assert_int_equal(less.c.due_ms, s->c.due_ms);
	assert_string_equal(less.c.holder, s->c.holder);
	for (uint32_t i = 0; i < less.n; i++)
		assert_int_equal(less.act[i].fate, less.act[i].voided ? FATE_VOIDED : FATE_FORCE);
}

static void test_any_order(void **state)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	int n = rounds ? atoi(rounds) : 4000, fates[5] = {0}, states[CASUS_STATES] = {0};
	struct script s, t;

	(void)state;
	dice = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	print_message("SEED=%llu\n", (unsigned long long)dice);
	for (int i = 0; i < n; i++) {
		tell_any(&s);
		fold(&s);
		check_order(&s);
		check_no_trace(&s);
		for (uint32_t k = 0; k < s.n; k++)
			fates[s.act[k].fate]++;
		states[s.c.state]++;
		t = s;
		for (int p = 0; p < 3; p++) {
			for (uint32_t k = t.n; k > 1; k--) {
				uint32_t with = roll(k);
				struct casus_act a = t.act[k - 1];

				t.act[k - 1] = t.act[with];
				t.act[with] = a;
			}
			fold(&t);
			same(&s, &t);
		}
	}
	print_message("in force %d, waiting %d, illegal %d, not allowed %d, void %d\n", fates[0], fates[1], fates[2], fates[3], fates[4]);
	for (int k = 0; k < 5 && n >= 4000; k++)
		assert_true(fates[k] > n / 10);
	for (int k = 0; k < CASUS_STATES && n >= 4000; k++)
		if (states[k] == 0)
			fail_msg("no case ended %s", casus_state_name((enum casus_state)k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parallel),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_voids),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
