#include "server/app.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"

#define REOPEN_MS 1000
#define BELL_MS 200  /* while ingest's door is looked for */
#define POLL_MS 1000 /* the database is asked, whatever the bell says */

enum err app_store_open(struct app *a, int64_t now_ms, struct why *why)
{
	struct stat st = {0};
	bool changed;
	enum err e;

	(void)stat(a->db_path, &st); /* not there: the opening says so */
	if ((e = store_open(a->db_path, STORE_READER, &a->st, why)) != OK)
		return e;
	a->db_inode = st.st_ino;
	a->db_device = st.st_dev;
	a->model.st = a->st;
	a->recheck = true;
	e = model_refresh(&a->model, now_ms, &changed);
	if (e != OK) {
		(void)why_set(why, e, "cannot read %s: %s", a->db_path, store_detail(a->st));
		store_close(a->st);
		a->st = a->model.st = NULL;
	}
	return e;
}

bool app_is_fatal(enum err e)
{
	return e == ERR_VERSION || e == ERR_CORRUPT;
}

static void lose_store(struct app *a, enum err e)
{
	log_error("server", "cannot read the database, opening it again err=%s path=%s: %s", err_name(e),
		a->db_path, store_detail(a->st));
	store_close(a->st);
	a->st = a->model.st = NULL;
	a->store_mono_ms = clock_mono_ms() + REOPEN_MS;
}

/* Another file in its place: a backup was restored. */
static bool was_replaced(const struct app *a)
{
	struct stat st;

	return a->st && stat(a->db_path, &st) == 0 && (st.st_ino != a->db_inode || st.st_dev != a->db_device);
}

static void recheck_sessions(struct app *a, int64_t mono)
{
	size_t changed;

	if (session_recheck(a->sessions, a->st, &changed) != OK)
		return; /* the next refresh tries again */
	a->recheck = false;
	if (changed)
		watchers_rights(&a->watchers, mono);
}

static int64_t broker_silent_ms(const struct app *a)
{
	return (int64_t)json_integer_value(json_object_get(json_object_get(bell_status(a->bell), "mqtt"), "silent_ms"));
}

bool app_broker_answers(const struct app *a)
{
	return json_is_true(json_object_get(json_object_get(bell_status(a->bell), "mqtt"), "linked")) && !broker_silent_ms(a);
}

/* For the live views: the server answers, but do those that it has the records from? */
static void look_at_source(struct app *a, int64_t now, int64_t mono)
{
	int64_t silent = bell_silent_ms(a->bell, mono), broker = broker_silent_ms(a);
	bool database = a->st != NULL, ingest = silent == 0, known = ingest && bell_status(a->bell);
	bool well = database && ingest && !(known && broker);
	char text[sizeof a->views.source];
	int n;

	if (well)
		a->source_since_ms = 0;
	else if (!a->source_since_ms)
		a->source_since_ms = now - (!database ? 0 : !ingest ? silent : broker);
	n = snprintf(text, sizeof text, "{\"database\":\"%s\",\"ingest\":\"%s\",\"broker\":\"%s\"", database ? "ok" : "away",
		ingest ? "ok" : "silent", !known ? "unknown" : broker ? "silent" : "ok");
	(void)snprintf(text + n, sizeof text - (size_t)n, well ? "}" : ",\"since\":%lld}", (long long)a->source_since_ms); /* both fit */
	views_source(&a->views, text);
}

static void run_views(struct app *a, int64_t now, int64_t mono)
{
	int64_t again = views_run(&a->views, now, mono), tick = mono + (bell_is_up(a->bell) ? POLL_MS : BELL_MS);
	int64_t beat = watchers_beat(&a->watchers, mono);

	if (errands_next(a->errands) < tick)
		tick = errands_next(a->errands);
	if (beat < tick)
		tick = beat;
	wire_alarm(a->wire, again < tick ? again : tick);
}

void app_refresh(struct app *a)
{
	int64_t now = clock_wall_ms(), mono = clock_mono_ms();
	bool changed = false;
	enum err e = OK;

	if (a->st) {
		a->refreshes++;
		e = model_refresh(&a->model, now, &changed);
		if (e != OK && e != ERR_BUSY) {
			a->refresh_errors++;
			lose_store(a, e);
		}
	}
	a->recheck |= changed;
	a->moved |= changed;
	if (a->st && a->recheck)
		recheck_sessions(a, mono);
	run_views(a, now, mono);
}

/* Once a second. */
static void sweep(struct app *a, int64_t now, int64_t mono)
{
	struct why why = {""};
	enum err e;

	if (was_replaced(a)) {
		log_info("server", "the database was replaced, reading it anew path=%s", a->db_path);
		store_close(a->st);
		a->st = a->model.st = NULL;
	}
	if (!a->st && mono >= a->store_mono_ms) {
		a->store_mono_ms = mono + REOPEN_MS;
		e = app_store_open(a, now, &why);
		if (e == OK && a->ready)
			log_info("server", "the database is readable again path=%s", a->db_path);
		if (app_is_fatal(e)) {
			log_error("server", "%s", why.text);
			a->stop = a->failed = true;
			return;
		}
	}
	if (a->st && !a->ready) {
		a->ready = true;
		log_info("server", "ready %s", a->address);
	}
	if (session_expire(a->sessions, now))
		watchers_rights(&a->watchers, mono);
	for (struct watcher *w = a->watchers.first; w; w = w->next)
		session_use(a->sessions, w->session, now); /* an open page is a session in use */
	watchers_sweep(&a->watchers, mono);
	passages_sweep(&a->passages, mono);
	if (a->files)
		files_sweep(a->files, a->st, a->model.head.db, a->moved, now);
	a->moved = false;
	app_refresh(a);
}

void app_alarm(void *ctx, int64_t now_mono_ms)
{
	struct app *a = ctx;
	int64_t now = clock_wall_ms();

	bell_tick(a->bell, now_mono_ms);
	errands_tick(a->errands, now_mono_ms);
	look_at_source(a, now, now_mono_ms);
	if (now_mono_ms - a->swept_mono_ms >= POLL_MS) {
		a->swept_mono_ms = now_mono_ms;
		sweep(a, now, now_mono_ms);
	} else {
		run_views(a, now, now_mono_ms);
	}
}
