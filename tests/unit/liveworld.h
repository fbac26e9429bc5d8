/* liveworld.h - a town, the live view of it, and clients who build their rows from frames; for tests of server/. */
#ifndef XUNGE_TESTS_LIVEWORLD_H
#define XUNGE_TESTS_LIVEWORLD_H

#include "tests/unit/town.h"

#include <jansson.h>

#include "server/view.h"

#define CLIENTS 12
#define MEMBERS 6

struct client { /* first: the view's part, so that wake can tell who it is */
	struct view_client vc;
	int woken;
	int64_t commit;  /* last seen */
	json_t *rows[MEMBERS]; /* by key */
	int64_t feed[VIEW_FEED];
	int nfeed;
	int snapshots, deltas, ticks;
	char scope[20];
};

struct world {
	struct town town;
	struct store *reader;
	struct model model;
	struct views views;
	struct client client[CLIENTS];
	int64_t now, mono;
	int64_t again; /* views_run said */
	int seq;
	int deltas; /* applied by anybody */
};

static inline void wake(void *ctx, struct view_client *c)
{
	(void)ctx;
	((struct client *)c)->woken++;
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct model_observer tell;
	struct why why = {""};
	bool changed;

	town_make(&w->town);
	w->now = TOWN_NOW;
	w->mono = 1000000;
	tell = views_observer(&w->views);
	model_init(&w->model, &tell);
	views_init(&w->views, &w->model, wake, NULL);
	if (store_open(w->town.path, STORE_READER, &w->reader, &why) != OK)
		fail_msg("%s", why.text);
	w->model.st = w->reader;
	assert_int_equal(model_refresh(&w->model, w->now, &changed), OK);
	assert_true(changed);
	*state = w;
	return 0;
}

static inline void client_reset(struct client *c)
{
	for (int i = 0; i < MEMBERS; i++) {
		json_decref(c->rows[i]);
		c->rows[i] = json_object();
	}
	c->nfeed = 0;
}

static inline void client_done(struct client *c)
{
	view_leave(&c->vc);
	for (int i = 0; i < MEMBERS; i++)
		json_decref(c->rows[i]);
	memset(c, 0, sizeof *c);
}

static inline int teardown(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < CLIENTS; i++)
		client_done(&w->client[i]);
	views_done(&w->views);
	assert_int_equal(w->views.frame_bytes, 0);
	model_done(&w->model);
	store_close(w->reader);
	town_remove(&w->town);
	free(w);
	return 0;
}

static inline void refresh(struct world *w)
{
	bool changed;

	assert_int_equal(model_refresh(&w->model, w->now, &changed), OK);
	w->again = views_run(&w->views, w->now, w->mono);
}

static inline void later(struct world *w, int64_t ms)
{
	w->mono += ms;
	w->now += ms;
	w->again = views_run(&w->views, w->now, w->mono);
}

static inline void join_since(struct world *w, struct client *c, const char *scope, const char *db, int64_t since)
{
	if (scope != c->scope)
		(void)snprintf(c->scope, sizeof c->scope, "%s", scope);
	assert_int_equal(view_join(&w->views, &c->vc, scope, db, since, w->mono), OK);
}

static inline void join(struct world *w, struct client *c, const char *scope)
{
	client_reset(c);
	c->commit = 0; /* it has nothing to resume from */
	join_since(w, c, scope, NULL, -1);
}

static const char *const members[MEMBERS] = {"figures", "areas", "devices", "alerts", "cases", "overdue"};

static inline void row_key(int member, const json_t *r, char out[128])
{
	if (member == 0)
		(void)snprintf(out, 128, "%s/%s/%s", json_string_value(json_object_get(r, "id")),
			json_string_value(json_object_get(r, "level")), json_string_value(json_object_get(r, "category")));
	else if (member == 5)
		(void)snprintf(out, 128, "%s/%s/%s", json_string_value(json_object_get(r, "person")),
			json_string_value(json_object_get(r, "rule")), json_string_value(json_object_get(r, "target")));
	else
		(void)snprintf(out, 128, "%s", json_string_value(json_object_get(r, member == 1 ? "code" : member == 2 ? "device" : "id")));
}

static inline void client_apply(struct client *c, const json_t *m)
{
	const json_t *r;
	char key[128];
	size_t i;

	for (int k = 0; k < MEMBERS; k++)
		json_array_foreach(json_object_get(m, members[k]), i, r)
		{
			row_key(k, r, key);
			if (json_is_true(json_object_get(r, "gone")))
				json_object_del(c->rows[k], key);
			else
				json_object_set(c->rows[k], key, (json_t *)(uintptr_t)r);
		}
	json_array_foreach(json_object_get(m, "feed"), i, r)
	{
		int64_t commit = json_integer_value(json_object_get(r, "commit"));

		if (c->nfeed)
			assert_true(commit > c->feed[c->nfeed - 1]); /* never twice, never back */
		if (c->nfeed == VIEW_FEED)
			memmove(c->feed, c->feed + 1, sizeof c->feed[0] * (size_t)--c->nfeed);
		c->feed[c->nfeed++] = commit;
	}
}

/* Takes f, which it lets go.  The caller decrefs the message. */
static inline json_t *client_take(struct world *w, struct client *c, struct frame *f)
{
	json_error_t je;
	const char *op;
	json_t *m = json_loadb(f->text, f->n, JSON_REJECT_DUPLICATES, &je);

	if (!m)
		fail_msg("%s in %.*s", je.text, (int)f->n, f->text);
	frame_unref(f);
	op = json_string_value(json_object_get(m, "op"));
	if (strcmp(op, "snapshot") == 0) {
		client_reset(c);
		c->snapshots++;
	} else if (strcmp(op, "delta") == 0) {
		assert_int_equal(json_integer_value(json_object_get(m, "from")), c->commit);
		c->deltas++;
		w->deltas++;
	} else {
		assert_string_equal(op, "tick");
		c->ticks++;
	}
	assert_true(json_integer_value(json_object_get(m, "commit")) >= (strcmp(op, "snapshot") ? c->commit : 0));
	c->commit = json_integer_value(json_object_get(m, "commit"));
	client_apply(c, m);
	return m;
}

/* One frame; NULL: none waits.  The caller decrefs. */
static inline json_t *next(struct world *w, struct client *c)
{
	enum err e;
	struct frame *f = view_next(&c->vc, w->now, w->mono, &e);

	if (e != OK)
		fail_msg("%s: %s", err_name(e), store_detail(w->reader));
	return f ? client_take(w, c, f) : NULL;
}

/* As a page begins: the snapshot by itself, then the stream from its commit on. */
static inline void begin(struct world *w, struct client *c, const char *scope)
{
	enum err e;
	struct frame *f;

	view_leave(&c->vc);
	(void)snprintf(c->scope, sizeof c->scope, "%s", scope);
	if (!(f = view_snapshot(&w->views, scope, w->now, w->mono, &e)))
		fail_msg("%s: %s", err_name(e), store_detail(w->reader));
	c->commit = 0;
	json_decref(client_take(w, c, f));
}

static inline void drain(struct world *w, struct client *c)
{
	for (json_t *m; (m = next(w, c)); json_decref(m))
		;
}

static inline const char *last_text(struct world *w, struct client *c, char out[4096])
{
	enum err e;
	struct frame *f = view_next(&c->vc, w->now, w->mono, &e);

	if (!f)
		return NULL;
	(void)snprintf(out, 4096, "%.*s", (int)f->n, f->text);
	c->commit = f->commit;
	frame_unref(f);
	return out;
}

static inline void sos(struct world *w, const char *device)
{
	char p[256];

	w->seq++;
	(void)snprintf(p, sizeof p, "{\"epoch\":\"v\",\"seq\":%d,\"kind\":\"sos\",\"at\":%lld,\"body\":{\"text\":\"no %d\"}}",
		w->seq, (long long)w->now, w->seq);
	town_send(&w->town, device, p);
}

static inline void patrol(struct world *w, const char *device, const char *route, const char *target)
{
	char p[512];

	w->seq++;
	(void)snprintf(p, sizeof p, "{\"epoch\":\"v\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"p%d\","
		"\"route\":\"%s\",\"target\":\"%s\"}}", w->seq, (long long)w->now, w->seq, route, target);
	town_send(&w->town, device, p);
}

static inline void commit(struct world *w)
{
	struct head head;

	assert_int_equal(intake_commit(w->town.in, w->now, &head), OK);
	refresh(w);
}

static inline int64_t number(const struct client *c, int member, const char *key, const char *field)
{
	return json_integer_value(json_object_get(json_object_get(c->rows[member], key), field));
}

#endif
