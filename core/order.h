/* order.h - the order of events that no arrival decides: event time, then device, epoch, seq
 * (invariant 3).  Where several events say the same thing, the lowest counts. */
#ifndef XUNGE_CORE_ORDER_H
#define XUNGE_CORE_ORDER_H

#include <stdbool.h>

#include "core/event.h"

struct order_key {
	int64_t at_ms, seq; /* event time; seq 0: there is none */
	char device[EVENT_DEVICE_MAX + 1], epoch[EVENT_EPOCH_MAX + 1];
};

void order_set(struct order_key *k, int64_t at_ms, struct slice device, struct slice epoch, int64_t seq);
int order_cmp(const struct order_key *a, const struct order_key *b); /* < 0, 0, > 0; both are there */

/* Is (at, device, epoch, seq) before k?  True when k is none. */
bool order_before(int64_t at_ms, struct slice device, struct slice epoch, int64_t seq, const struct order_key *k);

/* Do they name the same event?  at_ms is not looked at. */
bool order_is(const struct order_key *k, const struct event_id *id);

#endif
