#include "ingest/mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#define KEEPALIVE_S 15
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 5000
#define ANSWER_MS 60000 /* for CONNACK and SUBACKs; a stopped broker costs one backlog entry a minute */
#define PING_EVERY_MS 10000
#define PING_IDLE_MS 900 /* after so long without a word */
#define PING_LATE_MS 30000
#define SILENT_MS 2000
#define INFLIGHT 100 /* libmosquitto walks all that are in flight at each PUBACK */
#define SELF "xunge/v1/000000/ingest/presence" /* ours: the ACL's pattern for devices covers it */
#define DROPPED "$SYS/broker/publish/messages/dropped"

static const char *const topics[] = {"xunge/v1/+/+/up", "xunge/v1/+/+/presence", DROPPED};
#define TOPICS 3
#define TOPICS_NEEDED 2 /* a broker without $SYS will do */

enum state { DOWN, TRYING, JOINING, LINKED };

struct mqtt {
	struct mosquitto *mosq;
	struct mqtt_conf conf;
	struct mqtt_hooks hooks;
	struct mqtt_counts counts;
	enum state state;
	bool known;           /* to the library: connect once, then reconnect */
	bool said;            /* that the broker cannot be reached */
	bool leaving;
	int mid[TOPICS];
	bool granted[TOPICS];
	int64_t retry_ms, delay_ms; /* monotonic: when to try again; the wait before it */
	int64_t since_ms;     /* monotonic: of the state */
	int64_t misc_ms;      /* when the library's housekeeping is due */
	int64_t heard_ms;     /* when anything came last */
	int64_t tick_ms;      /* when we looked last: what is late while we are is not the broker's fault */
	uint64_t turns;       /* callbacks so far: did a read bring anything? */
	int64_t waiting, waiting_bytes;
	uint64_t ping_n;      /* number of the last message to ourselves; 0: none */
	int64_t ping_ms;      /* when it left */
	bool ping_out, ping_works, ping_said; /* works: this link has brought one back */
	int64_t lag_ms, broker_dropped;
};

static void set_state(struct mqtt *m, enum state s)
{
	m->state = s;
	m->since_ms = clock_mono_ms();
}

/* The link is over, for whatever reason; also from inside callbacks. */
static void lost(struct mqtt *m, const char *why)
{
	if (m->state == DOWN)
		return;
	if (m->leaving) {
		set_state(m, DOWN);
		return;
	}
	if (m->state == LINKED) {
		log_warn("mqtt", "link lost: %s", why);
		m->counts.lost++;
		m->delay_ms = 0;
	} else if (!m->said) {
		log_warn("mqtt", "cannot link with the broker: %s; trying again", why);
		m->said = true;
	}
	set_state(m, DOWN);
	m->ping_out = m->ping_works = m->ping_said = false;
	m->delay_ms = m->delay_ms ? m->delay_ms * 2 : RETRY_MIN_MS;
	if (m->delay_ms > RETRY_MAX_MS)
		m->delay_ms = RETRY_MAX_MS;
	m->retry_ms = clock_mono_ms() + m->delay_ms;
}

static const char *reason(int rc)
{
	if (rc == MOSQ_ERR_KEEPALIVE) /* the library has no words for it */
		return "the broker does not answer";
	return rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc);
}

/* ------------------------------------------------------------------ callbacks */

static void on_connect(struct mosquitto *mosq, void *ctx, int rc)
{
	struct mqtt *m = ctx;
	int e;

	m->turns++;
	if (rc != 0) { /* it closes after that; refused accounts come to light here */
		lost(m, mosquitto_connack_string(rc));
		return;
	}
	set_state(m, JOINING);
	for (int i = 0; i < TOPICS; i++) {
		m->granted[i] = false;
		if ((e = mosquitto_subscribe(mosq, &m->mid[i], topics[i], i < TOPICS_NEEDED ? 1 : 0)) != MOSQ_ERR_SUCCESS)
			log_error("mqtt", "cannot subscribe %s: %s", topics[i], reason(e));
	}
}

static void on_disconnect(struct mosquitto *mosq, void *ctx, int rc)
{
	struct mqtt *m = ctx;

	(void)mosq; /* the library's signature */
	m->turns++;
	lost(m, rc ? reason(rc) : "closed");
}

static void on_subscribe(struct mosquitto *mosq, void *ctx, int mid, int n, const int *granted)
{
	struct mqtt *m = ctx;

	(void)mosq;
	m->turns++;
	for (int i = 0; i < TOPICS; i++) {
		if (m->mid[i] != mid)
			continue;
		m->granted[i] = n == 1 && granted[0] >= (i < TOPICS_NEEDED ? 1 : 0) && granted[0] <= 2;
		if (!m->granted[i] && i < TOPICS_NEEDED)
			log_error("mqtt", "the broker refuses %s: check its access list", topics[i]);
	}
	if (m->state != JOINING || !m->granted[0] || !m->granted[1])
		return;
	set_state(m, LINKED);
	m->counts.connects++;
	m->delay_ms = 0;
	m->said = false;
	m->heard_ms = clock_mono_ms();
	log_info("mqtt", "linked with the broker");
	m->hooks.linked(m->hooks.ctx);
}

static void on_publish(struct mosquitto *mosq, void *ctx, int mid)
{
	struct mqtt *m = ctx;

	(void)mosq;
	(void)mid;
	m->turns++;
	if (m->waiting > 0) { /* which one it was is not worth a list: the mean will do */
		m->waiting_bytes -= m->waiting_bytes / m->waiting;
		m->waiting--;
	}
}

static void own_ping(struct mqtt *m, const struct mosquitto_message *msg)
{
	char want[64];
	int n = snprintf(want, sizeof want, "{\"ping\":%llu}", (unsigned long long)m->ping_n);

	if (!m->ping_out || msg->payloadlen != n || memcmp(msg->payload, want, (size_t)n) != 0)
		return; /* of an earlier link */
	m->ping_out = false;
	m->ping_works = true;
	m->lag_ms = clock_mono_ms() - m->ping_ms;
}

static void sys_message(struct mqtt *m, const struct mosquitto_message *msg)
{
	char text[24];

	if (strcmp(msg->topic, DROPPED) != 0 || msg->payloadlen <= 0 || msg->payloadlen >= (int)sizeof text)
		return;
	memcpy(text, msg->payload, (size_t)msg->payloadlen);
	text[msg->payloadlen] = '\0';
	m->broker_dropped = strtoll(text, NULL, 10);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *msg)
{
	struct mqtt *m = ctx;
	struct topic t;

	(void)mosq;
	m->turns++;
	if (msg->topic[0] == '$') {
		sys_message(m, msg);
		return;
	}
	m->counts.received++;
	m->counts.received_bytes += (uint64_t)msg->payloadlen;
	if (msg->retain) {
		m->counts.retained++;
		return;
	}
	if (topic_parse(msg->topic, strlen(msg->topic), &t) == TOPIC_NONE) {
		m->counts.bad_topic++;
		return;
	}
	if (t.reserved) {
		if (strcmp(msg->topic, SELF) == 0)
			own_ping(m, msg);
		else
			m->counts.reserved++;
		return;
	}
	m->hooks.message(m->hooks.ctx, &t,
		(struct slice){msg->payloadlen > 0 ? msg->payload : "", (uint32_t)msg->payloadlen});
}

/* ------------------------------------------------------------------ life */

struct mqtt *mqtt_new(const struct mqtt_conf *conf, const struct mqtt_hooks *hooks)
{
	struct mqtt *m = xcalloc(1, sizeof *m);

	m->conf = *conf;
	m->hooks = *hooks;
	m->lag_ms = m->broker_dropped = -1;
	m->heard_ms = m->tick_ms = clock_mono_ms();
	(void)mosquitto_lib_init(); /* always succeeds */
	m->mosq = mosquitto_new(conf->user, false, m);
	if (!m->mosq)
		die("mqtt: mosquitto_new failed");
	if (mosquitto_int_option(m->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V311) != MOSQ_ERR_SUCCESS ||
		mosquitto_int_option(m->mosq, MOSQ_OPT_SEND_MAXIMUM, INFLIGHT) != MOSQ_ERR_SUCCESS ||
		mosquitto_int_option(m->mosq, MOSQ_OPT_TCP_NODELAY, 1) != MOSQ_ERR_SUCCESS ||
		mosquitto_username_pw_set(m->mosq, conf->user, conf->password) != MOSQ_ERR_SUCCESS)
		die("mqtt: libmosquitto refuses our options");
	/* We have no threads; but told so, the library queues what it sends (a PUBACK for each message) until
	 * loop_write, instead of waking the broker for each. */
	if (mosquitto_threaded_set(m->mosq, true) != MOSQ_ERR_SUCCESS)
		die("mqtt: libmosquitto refuses our options");
	mosquitto_connect_callback_set(m->mosq, on_connect);
	mosquitto_disconnect_callback_set(m->mosq, on_disconnect);
	mosquitto_subscribe_callback_set(m->mosq, on_subscribe);
	mosquitto_publish_callback_set(m->mosq, on_publish);
	mosquitto_message_callback_set(m->mosq, on_message);
	return m;
}

void mqtt_free(struct mqtt *m)
{
	if (!m)
		return;
	mosquitto_destroy(m->mosq);
	(void)mosquitto_lib_cleanup(); /* always succeeds */
	free(m);
}

static void attempt(struct mqtt *m)
{
	int rc;

	set_state(m, TRYING);
	m->misc_ms = clock_mono_ms() + 1000;
	errno = 0;
	if (m->known)
		rc = mosquitto_reconnect_async(m->mosq);
	else if (m->conf.socket) /* port 0: the library's way to say Unix socket */
		rc = mosquitto_connect_async(m->mosq, m->conf.socket, 0, KEEPALIVE_S);
	else
		rc = mosquitto_connect_async(m->mosq, m->conf.host, m->conf.port, KEEPALIVE_S);
	if (rc != MOSQ_ERR_INVAL)
		m->known = true;
	if (rc != MOSQ_ERR_SUCCESS && rc != MOSQ_ERR_CONN_PENDING)
		lost(m, reason(rc));
}

int mqtt_fd(const struct mqtt *m)
{
	return m->state == DOWN ? -1 : mosquitto_socket(m->mosq);
}

bool mqtt_wants_write(const struct mqtt *m)
{
	return m->state != DOWN && mosquitto_want_write(m->mosq);
}

bool mqtt_io(struct mqtt *m, bool readable, bool writable, int max)
{
	uint64_t enough = m->counts.received + (uint64_t)max, first = m->turns, before;
	bool drained = true;

	/* One call of the library reads one packet, mostly; a call that brings none has emptied the
	 * socket (or met the middle of a packet). */
	while (readable && m->state != DOWN) {
		before = m->turns;
		if (mosquitto_loop_read(m->mosq, 1) != MOSQ_ERR_SUCCESS || m->turns == before)
			break;
		if (m->counts.received >= enough) {
			drained = false;
			break;
		}
	}
	if (m->state != DOWN && (writable || mosquitto_want_write(m->mosq)))
		(void)mosquitto_loop_write(m->mosq, 1); /* on_disconnect tells */
	if (m->turns != first)
		m->heard_ms = clock_mono_ms();
	if (m->state != DOWN && mosquitto_socket(m->mosq) < 0)
		lost(m, "closed");
	return drained;
}

/* Ends the connection under the library; it is made anew by the next attempt. */
static void cut(struct mqtt *m, const char *why)
{
	lost(m, why);
	m->retry_ms = clock_mono_ms(); /* at once: the broker is there, as far as we know */
}

static void watch(struct mqtt *m, int64_t now_ms)
{
	char text[64];
	int64_t every;
	int n, mid;

	if (m->ping_out && m->ping_works && now_ms - m->ping_ms >= PING_LATE_MS &&
		now_ms - m->heard_ms >= PING_LATE_MS) {
		m->counts.watchdog++;
		cut(m, "nothing comes through the broker");
		return;
	}
	every = now_ms - m->heard_ms >= PING_IDLE_MS ? PING_IDLE_MS : PING_EVERY_MS;
	if (m->ping_out ? m->ping_works || now_ms - m->ping_ms < PING_LATE_MS : now_ms - m->ping_ms < every && m->ping_n)
		return;
	if (m->ping_out && !m->ping_said) {
		log_warn("mqtt", "a message to ourselves does not come through the broker: check its access list");
		m->ping_said = true;
	}
	n = snprintf(text, sizeof text, "{\"ping\":%llu}", (unsigned long long)++m->ping_n);
	if (mosquitto_publish(m->mosq, &mid, SELF, n, text, 1, false) == MOSQ_ERR_SUCCESS)
		m->waiting++;
	m->ping_ms = now_ms;
	m->ping_out = true;
}

void mqtt_tick(struct mqtt *m)
{
	int64_t now_ms = clock_mono_ms();
	int rc;

	if (m->leaving)
		return;
	if (now_ms - m->tick_ms >= SILENT_MS) /* stopped ourselves: the broker gets its time again */
		m->ping_ms = now_ms;
	m->tick_ms = now_ms;
	if (m->state == DOWN) {
		if (now_ms >= m->retry_ms)
			attempt(m);
		return;
	}
	if (now_ms < m->misc_ms)
		return;
	m->misc_ms = now_ms + 1000;
	if ((rc = mosquitto_loop_misc(m->mosq)) != MOSQ_ERR_SUCCESS) {
		lost(m, reason(rc)); /* on_disconnect may have told already */
		return;
	}
	if (m->state == LINKED)
		watch(m, now_ms);
	else if (m->state != DOWN && now_ms - m->since_ms >= ANSWER_MS)
		cut(m, "the broker does not answer");
}

int64_t mqtt_due_ms(const struct mqtt *m)
{
	int64_t left = (m->state == DOWN ? m->retry_ms : m->misc_ms) - clock_mono_ms();

	if (m->leaving)
		return 1000;
	return left > 0 ? left : 0;
}

bool mqtt_down(struct mqtt *m, const char *device, const char *district, struct slice payload)
{
	char topic[128];
	int rc, mid;

	if (m->waiting >= MQTT_DOWN_MAX || m->waiting_bytes + (int64_t)payload.n > MQTT_DOWN_BYTES ||
		snprintf(topic, sizeof topic, "xunge/v1/%s/%s/down", district, device) >= (int)sizeof topic) {
		m->counts.dropped++;
		return false;
	}
	rc = mosquitto_publish(m->mosq, &mid, topic, (int)payload.n, payload.p, 1, false);
	/* Without a link it waits in the library all the same, and leaves after the next connect. */
	if (rc != MOSQ_ERR_SUCCESS && rc != MOSQ_ERR_NO_CONN && rc != MOSQ_ERR_CONN_LOST && rc != MOSQ_ERR_ERRNO) {
		m->counts.dropped++;
		return false;
	}
	m->counts.sent++;
	m->counts.sent_bytes += payload.n;
	m->waiting++;
	m->waiting_bytes += (int64_t)payload.n;
	return true;
}

/* Nothing is read any more: what the broker still has for us it keeps for the next session. */
void mqtt_leave(struct mqtt *m, int ms)
{
	int64_t end = clock_mono_ms() + ms;

	m->leaving = true;
	while (m->state == LINKED && mosquitto_want_write(m->mosq) && clock_mono_ms() < end) {
		struct pollfd p = {.fd = mosquitto_socket(m->mosq), .events = POLLOUT};

		if (poll(&p, 1, (int)(end - clock_mono_ms())) <= 0)
			break;
		(void)mosquitto_loop_write(m->mosq, 1); /* on_disconnect tells */
	}
	if (m->state != DOWN)
		(void)mosquitto_disconnect(m->mosq); /* as far as it gets */
}

bool mqtt_is_linked(const struct mqtt *m)
{
	return m->state == LINKED;
}

const struct mqtt_counts *mqtt_counts(const struct mqtt *m)
{
	return &m->counts;
}

int64_t mqtt_waiting(const struct mqtt *m)
{
	return m->waiting;
}

int64_t mqtt_lag_ms(const struct mqtt *m)
{
	return m->lag_ms;
}

int64_t mqtt_silent_ms(const struct mqtt *m)
{
	int64_t now_ms = clock_mono_ms();
	bool owes = m->state != LINKED || (m->ping_out && m->heard_ms < m->ping_ms && now_ms - m->ping_ms >= SILENT_MS);

	return owes && now_ms - m->tick_ms < SILENT_MS && now_ms - m->heard_ms >= SILENT_MS ? now_ms - m->heard_ms : 0;
}

int64_t mqtt_broker_dropped(const struct mqtt *m)
{
	return m->broker_dropped;
}
