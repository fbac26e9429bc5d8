/* ref_bridge.c - reference: the shortest chain from a publish to a screen, without a database.
 * libmosquitto's socket in the loop of libwebsockets; each message goes out as one text frame to
 * every client.
 *
 *   ref_bridge SOCKET USER PASSWORD PORT       says {"ready":true} when subscribed */
#include <libwebsockets.h>
#include <mosquitto.h>

#include "tests/bench/load.h"

#define RING 8192 /* frames; a client further behind is closed */
#define FRAME (LWS_PRE + 1024)

struct frame {
	size_t n;
	unsigned char b[FRAME];
};

struct peer {
	uint64_t next;
};

struct bridge {
	struct mosquitto *m;
	struct lws_context *cx;
	struct lws *mqtt;
	struct lws_vhost *vh;
	uint64_t head;
	struct frame *ring;
	bool ready;
};

static void on_connect(struct mosquitto *m, void *ctx, int rc)
{
	(void)ctx;
	if (rc)
		load_fail("bridge", mosquitto_connack_string(rc));
	mosquitto_subscribe(m, NULL, "xunge/v1/+/+/up", 1);
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int count, const int *qos)
{
	(void)m, (void)ctx, (void)mid, (void)count, (void)qos;
	printf("{\"ready\":true}\n");
	fflush(stdout);
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
	struct bridge *br = ctx;
	struct frame *f = &br->ring[br->head % RING];
	int n = snprintf((char *)f->b + LWS_PRE, FRAME - LWS_PRE, "{\"op\":\"delta\",\"commit\":%llu,\"feed\":[%.*s]}",
		(unsigned long long)br->head, msg->payloadlen, (const char *)msg->payload);

	(void)m;
	if (n < 0 || n >= FRAME - LWS_PRE)
		load_fail("bridge", "message too long");
	f->n = (size_t)n;
	br->head++;
	lws_callback_on_writable_all_protocol_vhost(br->vh, lws_vhost_name_to_protocol(br->vh, "xunge.live.v1"));
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct lws_context *cx = lws_get_context(wsi);
	struct bridge *br = cx ? lws_context_user(cx) : NULL;
	struct peer *p = user;

	(void)in, (void)len;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		if (mosquitto_loop_read(br->m, 100) != MOSQ_ERR_SUCCESS)
			load_fail("bridge", "broker lost");
		if (mosquitto_want_write(br->m))
			mosquitto_loop_write(br->m, 100);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
		p->next = br->head;
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		if (p->next == br->head)
			return 0;
		if (br->head - p->next > RING)
			return -1;
		{
			struct frame *f = &br->ring[p->next++ % RING];

			if (lws_write(wsi, f->b + LWS_PRE, f->n, LWS_WRITE_TEXT) < (int)f->n)
				return -1;
		}
		if (p->next != br->head)
			lws_callback_on_writable(wsi);
		return 0;
	default:
		return 0;
	}
}

int main(int argc, char **argv)
{
	static const struct lws_protocols protocols[] = {
		{"http", callback, 0, 0, 0, NULL, 0},
		{"xunge.live.v1", callback, sizeof(struct peer), 1024, 0, NULL, 65536},
		{NULL, NULL, 0, 0, 0, NULL, 0},
	};
	struct lws_context_creation_info info = {0};
	struct bridge br = {0};
	lws_sock_file_fd_type fd;

	if (argc != 5)
		load_fail("usage", "ref_bridge SOCKET USER PASSWORD PORT");
	if (!(br.ring = calloc(RING, sizeof *br.ring)))
		load_fail("bridge", "memory");
	lws_set_log_level(LLL_ERR, NULL);
	info.port = atoi(argv[4]);
	info.iface = "127.0.0.1";
	info.protocols = protocols;
	info.user = &br;
	info.gid = info.uid = -1;
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	if (!(br.cx = lws_create_context(&info)) || !(br.vh = lws_create_vhost(br.cx, &info)))
		load_fail("bridge", "cannot listen");
	mosquitto_lib_init();
	br.m = mosquitto_new(argv[2], false, &br);
	mosquitto_username_pw_set(br.m, argv[2], argv[3]);
	mosquitto_connect_callback_set(br.m, on_connect);
	mosquitto_subscribe_callback_set(br.m, on_subscribe);
	mosquitto_message_callback_set(br.m, on_message);
	if (mosquitto_connect(br.m, argv[1], 0, 600))
		load_fail("bridge", "cannot connect");
	fd.filefd = dup(mosquitto_socket(br.m));
	if (!(br.mqtt = lws_adopt_descriptor_vhost(br.vh, LWS_ADOPT_RAW_FILE_DESC, fd, "http", NULL)))
		load_fail("bridge", "cannot adopt the broker's socket");
	while (lws_service(br.cx, 0) >= 0)
		;
	return 1;
}
