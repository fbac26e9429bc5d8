#include "server/watcher.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/area.h"

#define RATE_MS 10000
#define PONG_MS 100 /* pongs within this are one */
#define KILL_MS 1000 /* a close that cannot be said within this is done without a word */

void watchers_init(struct watchers *ws, struct views *vs, void (*want_write)(void *carrier), void (*kill)(void *carrier))
{
	*ws = (struct watchers){.views = vs, .want_write = want_write, .kill = kill};
}

void watchers_done(struct watchers *ws)
{
	frame_unref(ws->pong);
	ws->pong = NULL;
}

void watchers_wake(void *ctx, struct view_client *c)
{
	struct watchers *ws = ctx;
	struct watcher *w = (struct watcher *)c; /* client is its first member */

	ws->want_write(w->carrier);
}

void watcher_open(struct watchers *ws, struct watcher *w, struct session *s, void *carrier, int64_t now_mono_ms)
{
	w->all = ws;
	w->session = s;
	session_hold(s);
	w->carrier = carrier;
	w->opened_mono_ms = w->rate_mono_ms = now_mono_ms;
	w->client.since = -1;
	w->at = &ws->first;
	w->next = ws->first;
	if (w->next)
		w->next->at = &w->next;
	ws->first = w;
	ws->n++;
	ws->opened++;
}

void watcher_gone(struct watcher *w)
{
	if (!w->all)
		return;
	view_leave(&w->client);
	frame_unref(w->frame);
	w->frame = NULL;
	buf_done(&w->message);
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	w->all->n--;
	w->all->beating -= w->beat;
	w->all = NULL;
	session_let_go(w->session);
	w->session = NULL;
}

void watcher_close(struct watcher *w, int code, const char *reason, int64_t now_mono_ms)
{
	if (w->close)
		return;
	w->close = code;
	w->reason = reason;
	w->close_mono_ms = now_mono_ms;
	view_leave(&w->client);
	w->all->want_write(w->carrier);
}

static void set_beat(struct watcher *w, bool beat)
{
	w->all->beating += beat;
	w->all->beating -= w->beat;
	w->beat = beat;
}

static void hello(struct watcher *w, const json_t *m, int64_t now_mono_ms)
{
	const json_t *scope = json_object_get(m, "scope"), *db = json_object_get(m, "db");
	const json_t *since = json_object_get(m, "since");
	const char *code = w->session->user.scope;

	if ((scope && !json_is_string(scope) && !json_is_null(scope)) ||
		(db && !json_is_string(db) && !json_is_null(db)) ||
		(since && !json_is_integer(since) && !json_is_null(since))) {
		watcher_close(w, CLOSE_POLICY, "hello: scope and db are texts, since is a whole number", now_mono_ms);
		return;
	}
	if (json_is_string(scope))
		code = json_string_value(scope);
	if ((strcmp(code, "*") != 0 && area_level(slice_of(code)) == AREA_NONE) ||
		!area_covers(slice_of(w->session->user.scope), slice_of(code))) {
		watcher_close(w, CLOSE_RIGHT, "scope outside your own", now_mono_ms);
		return;
	}
	if (view_join(w->all->views, &w->client, code, json_string_value(db),
		    json_is_integer(since) ? (int64_t)json_integer_value(since) : -1, now_mono_ms) != OK)
		watcher_close(w, CLOSE_AGAIN, "too many scopes are being watched", now_mono_ms);
}

static void complete(struct watcher *w, int64_t now_mono_ms)
{
	json_t *m = json_loadb(w->message.p ? w->message.p : "", w->message.n, JSON_REJECT_DUPLICATES, NULL);
	const char *op = json_string_value(json_object_get(m, "op"));
	const json_t *beat = json_object_get(m, "beat");

	if (json_is_boolean(beat))
		set_beat(w, json_is_true(beat));
	if (op && beat && !json_is_boolean(beat)) {
		watcher_close(w, CLOSE_POLICY, "beat is true or false", now_mono_ms);
	} else if (op && strcmp(op, "hello") == 0) {
		hello(w, m, now_mono_ms);
	} else if (op && strcmp(op, "ping") == 0) {
		w->pong = true;
		w->all->want_write(w->carrier);
	} else {
		w->all->refused_messages++;
		watcher_close(w, CLOSE_POLICY, op ? "unknown op" : "not a message", now_mono_ms);
	}
	json_decref(m);
	buf_done(&w->message); /* most clients never speak again */
}

void watcher_message(struct watcher *w, const char *p, size_t n, bool text, bool final, int64_t now_mono_ms)
{
	if (w->close)
		return;
	if (!text || w->message.n + n > WATCHER_MESSAGE_MAX) {
		w->all->refused_messages++;
		buf_done(&w->message);
		if (text)
			watcher_close(w, CLOSE_TOO_BIG, "message longer than 4096 bytes", now_mono_ms);
		else
			watcher_close(w, CLOSE_UNSUPPORTED, "text only", now_mono_ms);
		return;
	}
	buf_add(&w->message, p, n);
	if (!final)
		return;
	if (now_mono_ms - w->rate_mono_ms > RATE_MS) {
		w->rate_mono_ms = now_mono_ms;
		w->messages = 0;
	}
	if (++w->messages > WATCHER_RATE) {
		w->all->refused_messages++;
		watcher_close(w, CLOSE_POLICY, "too many messages", now_mono_ms);
		return;
	}
	complete(w, now_mono_ms);
}

static struct frame *pong(struct watchers *ws, int64_t now_ms)
{
	struct buf b = {0};

	if (!ws->pong || now_ms < ws->pong_ms || now_ms - ws->pong_ms >= PONG_MS) {
		frame_unref(ws->pong);
		buf_addf(&b, "{\"op\":\"pong\",\"time\":%lld}", (long long)now_ms);
		ws->pong = frame_new(ws->views, &b, -1, 0);
		ws->pong_ms = now_ms;
		buf_done(&b);
	}
	ws->pong->refs++;
	return ws->pong;
}

bool watcher_piece(struct watcher *w, int64_t now_ms, int64_t now_mono_ms, struct piece *out)
{
	enum err e = OK;

	if (w->close)
		return false;
	if (!w->frame) { /* what there is to see goes first: a pong says that this was all */
		w->frame = view_next(&w->client, now_ms, now_mono_ms, &e);
		if (!w->frame && e == OK && w->pong) {
			w->frame = pong(w->all, now_ms);
			w->pong = false;
		}
		w->done = 0;
		w->frame_mono_ms = now_mono_ms;
	}
	if (e != OK) {
		watcher_close(w, CLOSE_AGAIN, "the database is away", now_mono_ms);
		return false;
	}
	if (!w->frame)
		return false;
	out->p = w->frame->text + w->done;
	out->n = w->frame->n - w->done;
	out->first = w->done == 0;
	out->last = out->n <= WATCHER_PIECE;
	if (!out->last)
		out->n = WATCHER_PIECE;
	return true;
}

void watcher_wrote(struct watcher *w, size_t n)
{
	w->done += n;
	w->all->sent_bytes += n;
	if (w->done < w->frame->n)
		return;
	frame_unref(w->frame);
	w->frame = NULL;
	w->all->sent_frames++;
}

bool watcher_waits(const struct watcher *w)
{
	return w->close || w->frame || w->pong || view_waits(&w->client);
}

int64_t watchers_beat(struct watchers *ws, int64_t now_mono_ms)
{
	if (!ws->beating)
		return INT64_MAX;
	if (now_mono_ms < ws->beat_mono_ms)
		return ws->beat_mono_ms;
	for (struct watcher *w = ws->first; w; w = w->next)
		if (w->beat && !watcher_waits(w)) {
			w->pong = true;
			ws->want_write(w->carrier);
		}
	return ws->beat_mono_ms = now_mono_ms + WATCHER_BEAT_MS;
}

void watchers_sweep(struct watchers *ws, int64_t now_mono_ms)
{
	bool tight = ws->views->frame_bytes > WATCHER_BYTES_MAX;
	struct watcher *next;

	for (struct watcher *w = ws->first; w; w = next) {
		next = w->next;
		if (w->close) {
			if (now_mono_ms - w->close_mono_ms >= KILL_MS)
				ws->kill(w->carrier);
		} else if (!w->client.view && now_mono_ms - w->opened_mono_ms >= WATCHER_HELLO_MS) {
			watcher_close(w, CLOSE_POLICY, "no hello", now_mono_ms);
		} else if (tight && w->frame && now_mono_ms - w->frame_mono_ms >= WATCHER_STUCK_MS) {
			ws->stuck++;
			ws->kill(w->carrier);
		}
	}
}

void watchers_rights(struct watchers *ws, int64_t now_mono_ms)
{
	for (struct watcher *w = ws->first; w; w = w->next) {
		const char *scope = view_scope(&w->client);

		if (w->session->dead)
			watcher_close(w, CLOSE_RIGHT, "signed out", now_mono_ms);
		else if (scope && w->session->changed &&
			!area_covers(slice_of(w->session->user.scope), slice_of(scope)))
			watcher_close(w, CLOSE_RIGHT, "scope outside your own", now_mono_ms);
		else if (w->session->changed)
			view_refresh(&w->client);
	}
	for (struct watcher *w = ws->first; w; w = w->next)
		w->session->changed = false;
}

void watchers_end(struct watchers *ws, int64_t now_mono_ms)
{
	for (struct watcher *w = ws->first; w; w = w->next)
		watcher_close(w, CLOSE_GOING, "the server stops", now_mono_ms);
}
