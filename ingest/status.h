/* status.h - how ingest is, as one JSON object: for the door's `status`, the server's /metrics and
 * the command's `status`.  Counters are since the start; members are added, never renamed. */
#ifndef XUNGE_INGEST_STATUS_H
#define XUNGE_INGEST_STATUS_H

#include "base/buf.h"
#include "ingest/broker.h"
#include "ingest/localdoor.h"
#include "ingest/mqtt.h"
#include "ingest/nudge.h"
#include "ingest/writer.h"
#include "schema/stock.h"

struct status {
	const struct writer *writer;
	const struct intake *intake;
	const struct mqtt *mqtt;
	const struct localdoor *door;
	const struct broker *broker;
	const struct nudge *nudge;
	const struct stock *stock;
	int64_t started_ms;
};

void status_write(const struct status *s, struct buf *out);

#endif
