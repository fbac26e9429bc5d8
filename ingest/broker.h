/* broker.h - the broker's accounts follow the registry: its password file is written anew after a
 * change of devices, and the broker told (SIGHUP), which lets new devices in and cuts revoked ones
 * off.  When changes come in rows, the file is written at most a tenth of the time. */
#ifndef XUNGE_INGEST_BROKER_H
#define XUNGE_INGEST_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/store.h"

struct broker {
	const char *passwd, *extra, *pid_file; /* passwd NULL: the broker's accounts are not ours to write */
	bool dirty, failed;
	int64_t next_ms; /* monotonic: not before */
	uint64_t written, errors;
};

void broker_init(struct broker *b, const char *passwd, const char *extra, const char *pid_file);
void broker_changed(struct broker *b);
bool broker_due(const struct broker *b);
/* Writes and tells.  The store must be idle.  A failure is logged once and tried again every second. */
void broker_write(struct broker *b, struct store *st);

#endif
