#include "ingest/status.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/event.h"

static void number(struct buf *b, const char *key, int64_t v)
{
	buf_json_key(b, key);
	buf_int(b, v);
}

static void count(struct buf *b, const char *key, uint64_t v)
{
	number(b, key, (int64_t)v);
}

static void yes_no(struct buf *b, const char *key, bool v)
{
	buf_json_key(b, key);
	buf_adds(b, v ? "true" : "false");
}

static void open_object(struct buf *b, const char *key)
{
	buf_json_key(b, key);
	buf_addc(b, '{');
}

static void named(struct buf *b, const char *key, const char *const *names, const uint64_t *n)
{
	open_object(b, key);
	for (size_t i = 0; names[i]; i++)
		count(b, names[i], n[i]);
	buf_addc(b, '}');
}

static void put_events(struct buf *b, const struct intake_counts *c)
{
	open_object(b, "events");
	open_object(b, "stored");
	for (int k = 1; k <= EVENT_KINDS; k++)
		count(b, event_kind_name((enum event_kind)k), c->stored[k]);
	buf_addc(b, '}');
	count(b, "duplicate", c->duplicate);
	count(b, "conflict", c->conflict);
	count(b, "released", c->released);
	named(b, "rejected", intake_reject_names, c->rejected);
	named(b, "held", intake_hold_names, c->held);
	count(b, "hello", c->hello);
	count(b, "presence", c->presence);
	count(b, "payloads", c->payloads);
	count(b, "payload_errors", c->payload_errors);
	count(b, "window_full", c->window_full);
	buf_addc(b, '}');
}

static void put_batches(struct buf *b, const struct writer *w, const struct intake *in)
{
	const struct writer_counts *c = writer_counts(w);

	open_object(b, "batch");
	count(b, "commits", c->commits);
	count(b, "rows", c->rows);
	count(b, "waiting", intake_waiting(in));
	count(b, "dropped", c->dropped);
	count(b, "refused", c->refused);
	yes_no(b, "full", writer_full(w));
	open_object(b, "commit_us"); /* how many took at most so long */
	for (int i = 0; i < WRITER_TIMES; i++) {
		char key[24];

		(void)snprintf(key, sizeof key, "%lld", (long long)writer_time_us[i]); /* fits */
		count(b, key, c->time[i]);
	}
	count(b, "more", c->time[WRITER_TIMES]);
	buf_addc(b, '}');
	count(b, "commit_us_sum", c->time_us_sum);
	buf_addc(b, '}');
}

static void put_mqtt(struct buf *b, const struct mqtt *m)
{
	const struct mqtt_counts *c = mqtt_counts(m);

	open_object(b, "mqtt");
	yes_no(b, "linked", mqtt_is_linked(m));
	count(b, "connects", c->connects);
	count(b, "lost", c->lost);
	count(b, "watchdog", c->watchdog);
	count(b, "received", c->received);
	count(b, "received_bytes", c->received_bytes);
	count(b, "retained", c->retained);
	count(b, "bad_topic", c->bad_topic);
	count(b, "reserved", c->reserved);
	count(b, "sent", c->sent);
	count(b, "sent_bytes", c->sent_bytes);
	count(b, "dropped", c->dropped);
	number(b, "waiting", mqtt_waiting(m));
	number(b, "lag_ms", mqtt_lag_ms(m));
	number(b, "silent_ms", mqtt_silent_ms(m)); /* 0: it answers */
	number(b, "broker_dropped", mqtt_broker_dropped(m));
	buf_addc(b, '}');
}

static void put_door(struct buf *b, const struct localdoor *d)
{
	const struct localdoor_counts *c = localdoor_counts(d);

	open_object(b, "door");
	count(b, "connections", localdoor_conns(d));
	count(b, "accepted", c->accepted);
	count(b, "refused", c->refused);
	count(b, "requests", c->requests);
	count(b, "bad", c->bad);
	count(b, "cut", c->cut);
	buf_addc(b, '}');
}

void status_write(const struct status *s, struct buf *b)
{
	const struct head *h = writer_head(s->writer);

	buf_addc(b, '{');
	buf_json_key(b, "version");
	buf_json_str(b, XUNGE_VERSION);
	number(b, "pid", getpid());
	number(b, "started", s->started_ms);
	number(b, "time", clock_wall_ms());
	open_object(b, "head");
	buf_json_key(b, "db");
	buf_json_str(b, h->db);
	number(b, "commit", h->commit);
	number(b, "rev", h->rev);
	number(b, "time", h->time_ms);
	buf_addc(b, '}');
	put_mqtt(b, s->mqtt);
	put_events(b, intake_counts(s->intake));
	put_batches(b, s->writer, s->intake);
	put_door(b, s->door);
	open_object(b, "broker");
	count(b, "accounts_written", s->broker->written);
	count(b, "errors", s->broker->errors);
	buf_addc(b, '}');
	open_object(b, "hints"); /* people: they changed; sent: to phones; spared: told already, or about to be; lost: too many at once */
	count(b, "people", s->nudge->touched);
	count(b, "sent", s->nudge->sent);
	count(b, "spared", s->nudge->spared);
	count(b, "lost", s->nudge->lost);
	buf_addc(b, '}');
	open_object(b, "store");
	number(b, "held", s->stock->held);
	number(b, "rejected", s->stock->rejected);
	number(b, "conflicts", s->stock->conflicts);
	number(b, "streams", s->stock->streams);
	number(b, "wal_bytes", s->stock->wal_bytes);
	number(b, "db_bytes", s->stock->db_bytes);
	number(b, "free_bytes", s->stock->free_bytes);
	buf_adds(b, "}}");
}
