#include "core/order.h"

static int slice_cmp(struct slice a, struct slice b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

void order_set(struct order_key *k, int64_t at_ms, struct slice device, struct slice epoch, int64_t seq)
{
	k->at_ms = at_ms;
	k->seq = seq;
	slice_copy(k->device, sizeof k->device, device);
	slice_copy(k->epoch, sizeof k->epoch, epoch);
}

bool order_before(
	int64_t at_ms, struct slice device, struct slice epoch, int64_t seq, const struct order_key *k)
{
	int c;

	if (k->seq == 0)
		return true;
	if (at_ms != k->at_ms)
		return at_ms < k->at_ms;
	if ((c = slice_cmp(device, slice_of(k->device))) != 0 ||
		(c = slice_cmp(epoch, slice_of(k->epoch))) != 0)
		return c < 0;
	return seq < k->seq;
}

int order_cmp(const struct order_key *a, const struct order_key *b)
{
	int c;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	if ((c = strcmp(a->device, b->device)) != 0 || (c = strcmp(a->epoch, b->epoch)) != 0)
		return c;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

bool order_is(const struct order_key *k, const struct event_id *id)
{
	return k->seq == id->seq && slice_is(id->device, k->device) && slice_is(id->epoch, k->epoch);
}
