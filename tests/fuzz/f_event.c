/* f_event - payloads as they come from the broker.  An event that was taken keeps its bounds; one
 * that was refused has a code and a reason; and whichever batch it came in, the answer is the same. */
#include <stdlib.h>

#include "core/area.h"
#include "core/event.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			die("f_event: line %d: %s", __LINE__, #x);                                 \
	} while (0)

static void check_id(const struct event_id *id)
{
	CHECK(id->seq >= 1 && id->seq <= EVENT_SEQ_MAX);
	CHECK(id->device.n >= 1 && id->device.n <= EVENT_DEVICE_MAX);
	CHECK(id->epoch.n >= 1 && id->epoch.n <= EVENT_EPOCH_MAX);
}

static void check_taken(struct json *j, uint32_t t, const struct event *e)
{
	struct slice epoch;
	int64_t seq;

	CHECK(event_identity(j, t, &epoch, &seq) && seq == e->seq && slice_eq(epoch, e->epoch));
	CHECK(slice_eq(e->raw, json_raw(j, t)) && e->raw.p[0] == '{');
	CHECK(e->seq >= 1 && e->seq <= EVENT_SEQ_MAX);
	CHECK(e->kind >= 1 && e->kind <= EVENT_KINDS);
	CHECK(e->at_ms >= 0 && e->at_ms <= EVENT_MS_MAX);
	CHECK(e->off_ms >= -EVENT_OFF_MAX && e->off_ms <= EVENT_OFF_MAX);
	CHECK(e->when_ms == e->at_ms + e->off_ms);
	CHECK(e->rec_ms >= -1 && e->rec_ms <= EVENT_MS_MAX);
	CHECK(e->lat_e7 >= -900000000 && e->lat_e7 <= 900000000);
	CHECK(e->lon_e7 >= -1800000000 && e->lon_e7 <= 1800000000);
	CHECK(e->acc_m >= -1 && (e->has_loc || e->acc_m == -1));
	CHECK(e->crs <= CRS_CGCS2000 && e->natt <= EVENT_ATT_MAX);
	CHECK(!e->scope.p || area_level(e->scope) || area_is_reach(e->scope));
	CHECK(!e->person.p || (e->person.n >= 1 && e->person.n <= EVENT_NAME_MAX));
	CHECK(j->tok[e->body].type == JSON_OBJECT);
	CHECK((e->patrol.p != NULL) == (e->kind <= EV_PATROL_SUBSTITUTE));
	CHECK((e->casus.p != NULL) == (e->kind == EV_CASE_REPORT || e->kind == EV_CASE_ACT));
	CHECK((e->action.p != NULL) == (e->kind == EV_CASE_ACT));
	CHECK(e->severity >= 0 && e->severity <= 4);
	CHECK(e->battery >= -1 && e->battery <= 100);
	CHECK(e->queue >= -1);
	if (e->base.seq)
		check_id(&e->base);
	CHECK((e->victim.seq != 0) == (e->kind == EV_VOID));
	if (e->victim.seq)
		check_id(&e->victim);
}

/* The same bytes as the only event of a payload. */
static void check_alone(const struct event *in_batch, const struct event_fault *said)
{
	struct event_fault f;
	struct json j = {0};
	struct event e;

	(void)json_read(&j, in_batch->raw.p, in_batch->raw.n); /* event_decode tells */
	CHECK(event_decode(&j, 0, &e, &f) == said->code);
	CHECK(strcmp(f.detail, said->detail) == 0);
	CHECK(e.seq == in_batch->seq && e.kind == in_batch->kind && e.when_ms == in_batch->when_ms);
	CHECK(slice_eq(e.epoch, in_batch->epoch) && slice_eq(e.raw, in_batch->raw));
	CHECK(slice_eq(e.target, in_batch->target) && slice_eq(e.title, in_batch->title));
	json_done(&j);
}

static void one(struct json *j, uint32_t t)
{
	struct event_fault f;
	struct event e;
	enum event_code c = event_decode(j, t, &e, &f);

	CHECK(c == f.code);
	CHECK(memchr(f.detail, '\0', sizeof f.detail) != NULL);
	if (c == EVENT_OK) {
		CHECK(j->err == JSON_OK && !json_soft_in(j, t));
		check_taken(j, t, &e);
	} else {
		CHECK(strchr(f.detail, ':') != NULL);
		CHECK((e.seq != 0) == (e.epoch.p != NULL));
	}
	if (j->err == JSON_OK && j->tok[t].type == JSON_OBJECT)
		check_alone(&e, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json j = {0};
	struct event_fault f;
	struct presence p;
	struct hello h;
	char *copy;

	if (n > EVENT_PAYLOAD_MAX)
		return 0;
	copy = malloc(n ? n : 1);
	CHECK(copy != NULL);
	memcpy(copy, data, n);
	(void)json_read(&j, copy, n); /* the decoders tell */
	one(&j, 0);
	if (j.ntok && j.tok[0].type == JSON_ARRAY) {
		uint32_t t = 1;

		for (uint32_t i = 0; i < j.tok[0].count && i < EVENT_ARRAY_MAX; i++, t = j.tok[t].next)
			one(&j, t);
	}
	if (hello_is(&j) && hello_decode(&j, &h, &f) == EVENT_OK) {
		CHECK(h.epoch.n >= 1 && h.epoch.n <= EVENT_EPOCH_MAX);
		CHECK(h.first >= 1 && h.first <= h.next && h.next <= EVENT_SEQ_MAX + 1);
		CHECK(h.time_ms >= -1 && h.time_ms <= EVENT_MS_MAX && h.app.n <= 64);
	}
	if (presence_decode(&j, &p))
		CHECK(p.at_ms >= -1 && p.at_ms <= EVENT_MS_MAX);
	json_done(&j);
	free(copy);
	return 0;
}
