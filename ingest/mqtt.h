/* mqtt.h - ingest's link with the broker: libmosquitto in our own loop, MQTT 3.1.1.
 *
 *   DOWN --try--> TRYING --CONNACK--> JOINING --both SUBACKs--> LINKED
 *     ^------------- lost, refused, silent: 0.1 .. 5 s ------------'
 *
 * The session is durable (clean_session false, client id = user), QoS 1; the topics are subscribed
 * anew at every connect.  The broker gets its PUBACK before we see a message: it means nothing,
 * and nothing hangs on it.
 * Watchdog: every 10 s, and after each second without a word, we send ourselves a message through the
 * broker.  2 s without any answer: it is silent, and status says so.  When nothing at all has come for
 * 30 s while one was out, the link is made anew: it cures half-open connections and queues that the
 * broker has stopped serving.
 * Bounds: MQTT_DOWN_MAX messages or MQTT_DOWN_BYTES to devices wait; beyond, one is dropped and
 * counted (the device sends again, and is answered again). */
#ifndef XUNGE_INGEST_MQTT_H
#define XUNGE_INGEST_MQTT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "ingest/topic.h"

#define MQTT_DOWN_MAX 50000
#define MQTT_DOWN_BYTES (32 * 1024 * 1024)

struct mqtt_conf {
	const char *socket; /* Unix socket of the broker; NULL: host and port */
	const char *host;   /* a name is looked up with a blocking call: give an address */
	int port;
	const char *user, *password; /* password NULL: none */
};

struct mqtt_hooks {
	void *ctx;
	void (*message)(void *ctx, const struct topic *t, struct slice payload); /* borrowed */
	void (*linked)(void *ctx); /* each time */
};

struct mqtt_counts {
	uint64_t connects, lost;      /* links made, links that ended */
	uint64_t received, retained, bad_topic, reserved;
	uint64_t sent, dropped;       /* to devices */
	uint64_t sent_bytes, received_bytes;
	uint64_t watchdog;            /* links that it ended */
};

struct mqtt;

struct mqtt *mqtt_new(const struct mqtt_conf *conf, const struct mqtt_hooks *hooks);
void mqtt_free(struct mqtt *m);

int mqtt_fd(const struct mqtt *m); /* -1: none now */
bool mqtt_wants_write(const struct mqtt *m);

/* Reads up to max messages and hands them on, writes what waits.  True: nothing more was readable. */
bool mqtt_io(struct mqtt *m, bool readable, bool writable, int max);
/* Connects, keeps alive, watches.  Call when mqtt_due_ms() is over, and after each mqtt_io. */
void mqtt_tick(struct mqtt *m);
int64_t mqtt_due_ms(const struct mqtt *m); /* ms until the next tick */

/* To one device, QoS 1 on its `down`.  False: dropped and counted. */
bool mqtt_down(struct mqtt *m, const char *device, const char *district, struct slice payload);

/* Writes what waits for at most ms, then says good-bye to the broker. */
void mqtt_leave(struct mqtt *m, int ms);

bool mqtt_is_linked(const struct mqtt *m);
const struct mqtt_counts *mqtt_counts(const struct mqtt *m);
int64_t mqtt_waiting(const struct mqtt *m); /* messages to devices without the broker's PUBACK */
int64_t mqtt_lag_ms(const struct mqtt *m);  /* of the last message to ourselves; -1: none came back yet */
/* Since the broker was heard last, when it owes us an answer or is not linked, both for 2 s; else 0. */
int64_t mqtt_silent_ms(const struct mqtt *m);
int64_t mqtt_broker_dropped(const struct mqtt *m); /* what the broker says that it dropped; -1: unknown */

#endif
