/* broker.h - the broker's accounts follow the registry: its password file is written anew after a
 * change of devices, and the broker told (SIGHUP), which lets new devices in and cuts revoked ones
 * off.  It is due before the change is answered when a device was revoked, or when writing is cheap
 * (a town's file).  A big one is written at most a tenth of the time when devices are added in rows. */
#ifndef XUNGE_INGEST_BROKER_H
#define XUNGE_INGEST_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/store.h"

struct broker {
	const char *passwd, *extra, *pid_file; /* passwd NULL: the broker's accounts are not ours to write */
	bool dirty, failed;
	int64_t next_ms; /* monotonic: not before */
	int64_t took_ms; /* the last writing */
	int64_t again_ms; /* monotonic: tell it again; 0: no need */
	int again;        /* how often yet */
	uint64_t written, errors;
};

void broker_init(struct broker *b, const char *passwd, const char *extra, const char *pid_file);
void broker_changed(struct broker *b, bool revoked);
bool broker_due(const struct broker *b);
/* Writes and tells.  The store must be idle.  A failure is logged once and tried again every second. */
void broker_write(struct broker *b, struct store *st);

/* Tells it again when that is due: mosquitto 2.0.11 forgets a SIGHUP that comes while it works on one. */
void broker_tick(struct broker *b);
int64_t broker_wait_ms(const struct broker *b, int64_t now_ms); /* until anything is due; -1: nothing is */

#endif
