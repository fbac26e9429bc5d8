#include "server/app.h"

#include <ctype.h>
#include <jansson.h>

#include "base/clock.h"

static void line(struct buf *b, const char *type, const char *name, double v)
{
	buf_addf(b, "# TYPE xunge_server_%s %s\nxunge_server_%s %.17g\n", name, type, name, v);
}

static void counter(struct buf *b, const char *name, uint64_t v)
{
	line(b, "counter", name, (double)v);
}

static void gauge(struct buf *b, const char *name, double v)
{
	line(b, "gauge", name, v);
}

/* Ingest's status: each number becomes xunge_ingest_<path>. */
static void ingest(struct buf *b, const char *path, const json_t *j, int depth)
{
	const char *key;
	json_t *v;

	if (json_is_object(j) && depth < 6) {
		json_object_foreach((json_t *)(uintptr_t)j, key, v)
		{
			char *sub = xasprintf("%s_%s", path, key);

			ingest(b, sub, v, depth + 1);
			free(sub);
		}
		return;
	}
	if (!json_is_number(j) && !json_is_boolean(j))
		return;
	for (const char *p = path; *p; p++)
		buf_addc(b, isalnum((unsigned char)*p) ? *p : '_');
	buf_addf(b, " %.17g\n", json_is_boolean(j) ? (double)json_is_true(j) : json_number_value(j));
}

void metrics_text(struct app *a, struct buf *b)
{
	const struct wire_counts *c = wire_counts(a->wire);
	int64_t now = clock_wall_ms();

	gauge(b, "database_readable", a->st != NULL);
	gauge(b, "head_commit", (double)a->model.head.commit);
	gauge(b, "head_age_seconds", a->model.head.time_ms ? (double)(now - a->model.head.time_ms) / 1000 : 0);
	gauge(b, "ingest_door_up", bell_is_up(a->bell));
	counter(b, "bells_total", bell_rings(a->bell));
	counter(b, "refreshes_total", a->refreshes);
	counter(b, "refresh_errors_total", a->refresh_errors);
	counter(b, "connections_accepted_total", c->accepted);
	counter(b, "connections_refused_total", c->refused_fds);
	counter(b, "requests_total", c->requests);
	for (int i = 2; i < 6; i++)
		buf_addf(b, "xunge_server_responses_total{class=\"%dxx\"} %llu\n", i, (unsigned long long)c->responses[i]);
	counter(b, "requests_too_large_total", c->too_big);
	counter(b, "request_timeouts_total", c->body_timeouts);
	counter(b, "connections_killed_total", c->killed);
	counter(b, "live_opened_total", c->upgrades);
	counter(b, "live_refused_total", c->upgrades_refused);
	counter(b, "live_bad_messages_total", a->watchers.refused_messages);
	counter(b, "live_stuck_total", a->watchers.stuck);
	gauge(b, "live_clients", (double)a->watchers.n);
	gauge(b, "passages", (double)a->passages.n);
	gauge(b, "passages_bytes", (double)a->passages.bytes);
	counter(b, "passages_opened_total", a->passages.opened);
	counter(b, "passages_refused_total", a->passages.refused);
	counter(b, "passages_cut_total", a->passages.cut);
	gauge(b, "live_views", (double)a->views.by_scope.n);
	gauge(b, "live_frame_bytes", (double)a->views.frame_bytes);
	counter(b, "live_frames_total", a->views.frames);
	counter(b, "live_snapshots_total", a->views.snapshots);
	counter(b, "live_resumes_total", a->views.resumes);
	counter(b, "live_sent_frames_total", a->watchers.sent_frames);
	counter(b, "live_sent_bytes_total", a->watchers.sent_bytes);
	gauge(b, "sessions", (double)sessions_count(a->sessions));
	counter(b, "session_write_errors_total", sessions_db_errors(a->sessions));
	counter(b, "signins_total", a->signins);
	counter(b, "signins_refused_total", a->signins_refused);
	counter(b, "signins_busy_total", a->signins_busy);
	counter(b, "enrol_refused_total", a->enrol_refused);
	if (a->files) {
		const struct files_counts *f = files_counts(a->files);

		counter(b, "uploads_begun_total", f->begun);
		counter(b, "uploads_done_total", f->done);
		counter(b, "uploads_refused_total", f->refused);
		counter(b, "uploads_expired_total", f->expired);
		counter(b, "upload_bytes_total", f->bytes);
		counter(b, "photos_unnamed_removed_total", f->orphans);
		gauge(b, "uploads_open", (double)files_open_uploads(a->files));
		gauge(b, "photos_shown", (double)a->photos_shown);
	}
	counter(b, "acts_asked_total", errands_counts(a->errands)->asked);
	counter(b, "acts_refused_total", errands_counts(a->errands)->refused);
	counter(b, "acts_unknown_total", errands_counts(a->errands)->unknown);
	gauge(b, "acts_waiting", (double)errands_waiting(a->errands));
	gauge(b, "hash_queue", (double)worker_waiting(a->worker));
	if (bell_status(a->bell))
		ingest(b, "xunge_ingest", bell_status(a->bell), 0);
}
