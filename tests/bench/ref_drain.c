/* ref_drain.c - reference: a C subscriber that discards.  libmosquitto, QoS 1, its own blocking loop.
 *
 *   ref_drain SOCKET USER PASSWORD COUNT
 *
 * Says {"ready":true} when subscribed; after COUNT messages one line of JSON with the monotonic ns
 * of the last one; exit 1 when 20 s pass without a message. */
#include <mosquitto.h>

#include "tests/bench/load.h"

struct drain {
	int64_t n, want, last_ns;
};

static void on_connect(struct mosquitto *m, void *ctx, int rc)
{
	(void)ctx;
	if (rc)
		load_fail("drain", mosquitto_connack_string(rc));
	mosquitto_subscribe(m, NULL, "xunge/v1/+/+/up", 1);
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int count, const int *qos)
{
	(void)m, (void)ctx, (void)mid;
	if (count != 1 || qos[0] != 1)
		load_fail("drain", "subscription refused");
	printf("{\"ready\":true}\n");
	fflush(stdout);
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
	struct drain *d = ctx;

	(void)m, (void)msg;
	if (++d->n == d->want)
		d->last_ns = load_now_ns();
}

int main(int argc, char **argv)
{
	struct drain d = {0};
	struct mosquitto *m;
	int64_t seen = 0, idle_ns;

	if (argc != 5)
		load_fail("usage", "ref_drain SOCKET USER PASSWORD COUNT");
	d.want = atoll(argv[4]);
	mosquitto_lib_init();
	m = mosquitto_new(argv[2], false, &d);
	mosquitto_username_pw_set(m, argv[2], argv[3]);
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	if (mosquitto_connect(m, argv[1], 0, 60))
		load_fail("drain", "cannot connect");
	idle_ns = load_now_ns();
	while (!d.last_ns) {
		if (mosquitto_loop(m, 1000, 1))
			load_fail("drain", "connection lost");
		if (d.n != seen) {
			seen = d.n;
			idle_ns = load_now_ns();
		} else if (d.n && load_now_ns() - idle_ns > 20000000000LL) {
			load_fail("drain", "messages are missing");
		}
	}
	printf("{\"events\":%lld,\"last_ns\":%lld,\"cpu_s\":%.3f}\n", (long long)d.n, (long long)d.last_ns, (double)load_cpu_ns() / 1e9);
	fflush(stdout);
	mosquitto_destroy(m);
	mosquitto_lib_cleanup();
	return 0;
}
