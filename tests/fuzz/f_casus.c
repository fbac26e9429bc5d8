/* f_casus.c - any bytes as the acts of a case, eight an act: the fold is a fold.  Its version counts the acts in force, its order
 * holds each act once, the same acts the other way round give the same case, and who is refused is told why. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/casus.h"
#include "core/civil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACTS 64

static void set_key(struct order_key *k, int64_t at_ms, uint8_t id)
{
	static const char *const devices[] = {"d-1", "d-2", "office", "d-10"};

	order_set(k, at_ms, slice_of(devices[id & 3]), slice_of(id & 4 ? "e" : "f"), 1 + (id >> 3));
}

static struct casus_act act_of(const uint8_t *b, uint8_t id)
{
	static const char *const classes[] = {"hazard", "dispute", "appeal", "rectify"};
	static const char *const areas[] = {"990101100016003", "990101100016", "990101100", ""};
	static const char *const people[] = {"p-1", "p-2", "p-3", ""};
	struct casus_act a = {.action = b[0] % CASUS_ACTIONS, .voided = b[0] >= 224, .until_ms = -1, .due_ms = -1,
		.result = b[1] % (RESULT_WITHDRAWN + 1), .rating = b[1] % (RATING_NO_CONTACT + 1), .has_note = b[2] & 1,
		.to_person = (b[2] >> 1) & 1, .photo_before = (b[2] >> 2) & 1, .photo_after = (b[2] >> 3) & 1,
		.self_fixed = b[2] >= 240, .severity = b[1] & 7};

	set_key(&a.key, 1764000000000LL + (int64_t)b[3] * b[3] * 600000LL - 1764000000000LL * (b[3] == 255), id);
	if (b[4] < 250)
		set_key(&a.base, 0, b[4] & 127);
	memcpy(a.person, people[b[5] & 3], strlen(people[b[5] & 3]));
	memcpy(a.to, people[(b[5] >> 2) & 3], strlen(people[(b[5] >> 2) & 3]));
	memcpy(a.klass, classes[(b[5] >> 4) & 3], strlen(classes[(b[5] >> 4) & 3]));
	memcpy(a.area, areas[b[5] >> 6], strlen(areas[b[5] >> 6]));
	for (a.ngrant = 0; a.ngrant < (b[6] & 3u); a.ngrant++) {
		struct casus_grant *g = &a.grant[a.ngrant];

		g->role = (enum role)(1 << ((b[6] >> 2) + a.ngrant * 3) % 10);
		g->level = AREA_TOWN;
		memcpy(g->scope, areas[b[6] >> 6], strlen(areas[b[6] >> 6]));
	}
	a.rule = (struct casus_rule){b[7] & 15, b[7] % 5, false, (b[7] >> 5) & 1};
	if (b[7] >= 128)
		a.until_ms = a.due_ms = b[7] == 255 ? 253402300799999LL : a.key.at_ms + b[7] * 3600000LL;
	return a;
}

static void check(const struct casus_act *a, uint32_t n, const uint32_t *order, const struct casus_fold *c)
{
	bool seen[ACTS] = {false};
	int64_t version = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct casus_act *x = &a[order[i]];
		bool extra = x->action == ACT_REPORT && order[i] != c->report;

		assert(order[i] < n && !seen[order[i]]);
		seen[order[i]] = true;
		assert((x->fate == FATE_VOIDED) == x->voided);
		version += x->fate == FATE_FORCE && !extra;
		assert(x->voided || x->version == (x->fate == FATE_WAITS ? x->version : version));
		assert((x->detail[0] == '\0') == (x->fate == FATE_VOIDED || (x->fate == FATE_FORCE && !extra)));
		assert(!x->waits[0] || x->fate == FATE_WAITS);
		assert(!x->parallel || x->fate == FATE_FORCE);
	}
	assert(c->version == version && (version > 0) == (c->report != UINT32_MAX) && (version > 0) == (c->last != UINT32_MAX));
	assert((version > 0) == (c->state != CASUS_NONE) && c->state < CASUS_STATES);
	assert(version == 0 || (a[c->report].fate == FATE_FORCE && a[c->last].fate == FATE_FORCE && a[c->last].version == version));
	assert((c->on_time >= 0) <= (c->handled_ms != -1) && c->left >= 0);
	assert((c->closed_ms != -1) >= (c->state == CASUS_CLOSED));
	assert(!casus_is_overdue(c, INT64_MAX) || casus_is_open(c->state));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct workcal_day days[] = {{20417, false}, {20418, false}, {20422, true}};
	struct casus_act *act = xcalloc(2 * ACTS, sizeof *act), *back = act + ACTS;
	const struct workcal cal = {days, size & 1 ? 3 : 0};
	uint32_t n = 0, order[ACTS], other[ACTS];
	struct casus_fold c, d;

	for (; n < ACTS && (n + 1) * 8 <= size; n++)
		act[n] = act_of(data + 8 * (size_t)n, (uint8_t)n);
	for (uint32_t i = 0; i < n; i++)
		back[i] = act[n - 1 - i];
	casus_fold(act, n, &cal, order, &c);
	check(act, n, order, &c);
	casus_fold(back, n, &cal, other, &d);
	for (uint32_t i = 0; i < n; i++) {
		assert(other[i] == n - 1 - order[i]);
		assert(act[i].fate == back[n - 1 - i].fate && act[i].state == back[n - 1 - i].state);
		assert(act[i].parallel == back[n - 1 - i].parallel && strcmp(act[i].detail, back[n - 1 - i].detail) == 0);
		assert(strcmp(act[i].waits, back[n - 1 - i].waits) == 0);
	}
	assert(c.state == d.state && c.version == d.version && c.due_ms == d.due_ms && c.on_time == d.on_time);
	for (uint32_t i = 0; n > 0 && i < CASUS_ACTIONS; i++)
		(void)casus_may(&c, act[0].area, act[0].person, act[0].grant, act[0].ngrant, (enum casus_action)i); /* no crash */
	free(act);
	return 0;
}
