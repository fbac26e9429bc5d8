/* t_files.c - server/files.c: what it finds at its start, what goes when, and when nothing may go. */
#include <sodium.h>
#include <sys/stat.h>
#include <utime.h>

#include "base/clock.h"
#include "schema/photos.h"
#include "server/files.h"
#include "tests/unit/town.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define DAY 86400000LL

struct world {
	struct town t;
	struct conf *conf;
	struct files *f;
	struct worker *w;
	char dir[160], server_db[128];
};

static void wake(void *ctx)
{
	(void)ctx;
}

static void finished(void *ctx, uint64_t ticket, enum files_way way, const struct upload *u, const struct files_end *end)
{
	(void)ctx;
	(void)ticket;
	(void)way;
	(void)u;
	(void)end;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void up(struct world *w, int threads)
{
	struct files_world fw = {finished, w};
	struct why why = {""};

	w->w = worker_new(threads, 16, wake, NULL);
	if (files_open(w->conf, w->server_db, w->t.path, &fw, &w->f, &why) != OK)
		fail_msg("%s", why.text);
	assert_non_null(w->f);
	files_use(w->f, w->w);
}

static void down(struct world *w)
{
	worker_free(w->w, NULL);
	files_free(w->f);
	w->f = NULL;
	w->w = NULL;
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct why why = {""};
	char path[192];

	assert_true(sodium_init() >= 0);
	town_make(&w->t);
	(void)snprintf(w->dir, sizeof w->dir, "%s/files", w->t.dir);
	(void)snprintf(w->server_db, sizeof w->server_db, "%s/server.db", w->t.dir);
	(void)snprintf(path, sizeof path, "%s/conf", w->t.dir);
	write_file(path, "[files]\ndir = files\nupload_s = 3600\nunnamed_s = 86400\nsweep_s = 1\ndevice_unfinished = 1000\n");
	assert_int_equal(conf_open(path, &w->conf, &why), OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"files/aa/aa/" A ".d-1", "files/aa/aa/" A ".d-4", "files/aa/aa/note.txt", "files/bb/bb/" B ".d-1", "files/cc/cc/" C ".d-1",
		"files/aa/aa", "files/aa", "files/bb/bb", "files/bb", "files/cc/cc", "files/cc", "files/incoming", "files", "server.db", "server.db-wal", "server.db-shm", "conf"};
	struct world *w = *state;
	char path[300];

	if (w->f)
		down(w);
	conf_free(w->conf);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", w->t.dir, names[i]);
		(void)remove(path); /* not each test made all of them */
	}
	town_remove(&w->t);
	free(w);
	return 0;
}

/* A photo in its place, that old. */
static void put(struct world *w, const char *sha, const char *device, int64_t at_ms)
{
	struct utimbuf ut = {at_ms / 1000, at_ms / 1000};
	char place[PHOTO_PLACE], path[300];

	assert_true(photos_place(sha, device, place));
	(void)snprintf(path, sizeof path, "%s/%.2s", w->dir, sha);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s/%.5s", w->dir, place);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s/%s", w->dir, place);
	write_file(path, "x");
	assert_int_equal(utime(path, &ut), 0);
}

/* No photo goes before the database has been in use as long as one may be without a name: a restored one has another id. */
static void test_when(void **state)
{
	struct world *w = *state;
	int64_t now = TOWN_NOW;

	up(w, 0); /* what is begun stays in the queue */
	files_sweep(w->f, NULL, "", false, now);
	files_sweep(w->f, w->t.st, "db1", false, now);
	files_sweep(w->f, w->t.st, "db1", false, now + DAY - 1);
	assert_int_equal(worker_waiting(w->w), 0);
	files_sweep(w->f, NULL, "db1", false, now + DAY); /* the records cannot be read */
	assert_int_equal(worker_waiting(w->w), 0);
	files_sweep(w->f, w->t.st, "db2", false, now + DAY); /* restored */
	assert_int_equal(worker_waiting(w->w), 0);
	down(w);
	up(w, 0); /* a restart forgets nothing of it */
	files_sweep(w->f, w->t.st, "db2", false, now + 2 * DAY - 1);
	assert_int_equal(worker_waiting(w->w), 0);
	files_sweep(w->f, w->t.st, "db1", false, now + DAY);
	assert_int_equal(worker_waiting(w->w), 1);
	files_sweep(w->f, w->t.st, "db1", false, now + DAY + 60000); /* one at a time */
	assert_int_equal(worker_waiting(w->w), 1);
}

static void settle(struct world *w)
{
	int64_t end = clock_mono_ms() + 10000;

	while (worker_waiting(w->w) > 0 && clock_mono_ms() < end)
		usleep(1000);
	assert_int_equal(worker_waiting(w->w), 0);
}

/* What an event of its device names stays; the young, and what is no photo, too. */
static void test_which(void **state)
{
	struct world *w = *state;
	struct head head;
	int64_t now = TOWN_NOW + 10 * DAY;

	town_send(&w->t, "d-1", "{\"epoch\":\"e\",\"seq\":1,\"at\":1764035700000,\"kind\":\"inspect\",\"scope\":\"990101100001001\",\"att\":[{\"sha256\":\"" A
		"\"}],\"body\":{\"topic\":\"burn_straw\",\"result\":\"ok\"}}");
	(void)town_commit(&w->t);
	assert_int_equal(store_head(w->t.st, &head), OK);
	up(w, 0);
	files_sweep(w->f, w->t.st, head.db, false, TOWN_NOW);
	put(w, A, "d-1", TOWN_NOW);
	put(w, A, "d-4", TOWN_NOW); /* the event is of another device */
	put(w, B, "d-1", TOWN_NOW);
	put(w, C, "d-1", now - DAY + 2000);
	{
		char path[300];

		(void)snprintf(path, sizeof path, "%s/aa/aa/note.txt", w->dir);
		write_file(path, "x");
	}
	down(w);
	up(w, 1);
	files_sweep(w->f, w->t.st, "another", false, now); /* met only now */
	settle(w);
	assert_true(files_has(w->f, B, "d-1"));
	files_sweep(w->f, w->t.st, head.db, false, now);
	settle(w);
	for (int i = 0; i < 10000 && files_counts(w->f)->orphans == 0; i++) {
		usleep(1000);
		worker_finish(w->w, NULL);
	}
	assert_int_equal(files_counts(w->f)->orphans, 2);
	assert_true(files_has(w->f, A, "d-1"));
	assert_true(files_has(w->f, C, "d-1"));
	assert_false(files_has(w->f, A, "d-4"));
	assert_false(files_has(w->f, B, "d-1"));
}

static struct upload *begin(struct world *w, const char *device, const char *sha, int64_t length, int64_t now)
{
	struct upload_ask ask = {device, sha, IMAGE_JPEG, length};
	struct upload *u = NULL;
	struct files_end end;

	if (files_begin(w->f, &ask, now, &u, &end) != OK)
		fail_msg("%s: %s", end.code, end.detail);
	return u;
}

static void write_some(struct world *w, struct upload *u, const char *text)
{
	struct patch_check none = {PATCH_NO_SUM, {0}};
	struct patch *p;

	assert_int_equal(patch_begin(w->f, u, &none, &p), OK);
	patch_take(p, text, strlen(text));
	assert_int_equal(patch_end(p), OK);
	patch_free(p);
}

/* At a start: what the disk holds counts; what is lost on either side is forgotten. */
static void test_start(void **state)
{
	struct world *w = *state;
	char part[UPLOAD_ID], full[UPLOAD_ID], lost[UPLOAD_ID], moved[UPLOAD_ID], path[300];
	struct upload *u;

	up(w, 0);
	u = begin(w, "d-1", A, 10, TOWN_NOW);
	(void)snprintf(part, sizeof part, "%s", upload_id(u));
	write_some(w, u, "1234");
	u = begin(w, "d-1", B, 4, TOWN_NOW);
	(void)snprintf(full, sizeof full, "%s", upload_id(u));
	write_some(w, u, "1234");
	assert_true(upload_is_full(u));
	u = begin(w, "d-4", A, 10, TOWN_NOW);
	(void)snprintf(lost, sizeof lost, "%s", upload_id(u));
	u = begin(w, "d-1", C, 10, TOWN_NOW);
	(void)snprintf(moved, sizeof moved, "%s", upload_id(u));
	down(w);
	(void)snprintf(path, sizeof path, "%s/incoming/%s", w->dir, lost);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof path, "%s/incoming/%s", w->dir, moved); /* killed between the rename and its note */
	assert_int_equal(unlink(path), 0);
	put(w, C, "d-1", TOWN_NOW);
	(void)snprintf(path, sizeof path, "%s/incoming/0123456789abcdef0123456789abcdef", w->dir);
	write_file(path, "stray");
	up(w, 0);
	assert_true(access(path, F_OK) < 0);
	u = files_find(w->f, slice_of(part), "d-1");
	assert_int_equal(upload_offset(u), 4);
	assert_false(upload_is_full(u));
	assert_null(files_find(w->f, slice_of(part), "d-4"));
	assert_true(upload_is_full(files_find(w->f, slice_of(full), "d-1")));
	assert_null(files_find(w->f, slice_of(lost), "d-4"));
	assert_true(upload_is_full(files_find(w->f, slice_of(moved), "d-1")));
	assert_int_equal(files_open_uploads(w->f), 3);
	for (int i = 0; i < 3; i++)
		files_drop(w->f, files_find(w->f, slice_of(i == 0 ? part : i == 1 ? full : moved), "d-1"));
	assert_int_equal(files_open_uploads(w->f), 0);
}

/* The same photo begun again takes the place of what its device had begun, and of nobody else's. */
static void test_again(void **state)
{
	struct world *w = *state;
	char first[UPLOAD_ID];
	struct upload *u, *other;

	up(w, 0);
	u = begin(w, "d-1", A, 10, TOWN_NOW);
	(void)snprintf(first, sizeof first, "%s", upload_id(u));
	other = begin(w, "d-4", A, 10, TOWN_NOW);
	u = begin(w, "d-1", A, 10, TOWN_NOW);
	assert_null(files_find(w->f, slice_of(first), "d-1"));
	assert_non_null(files_find(w->f, slice_of(upload_id(other)), "d-4"));
	assert_int_equal(files_open_uploads(w->f), 2);
	files_drop(w->f, u);
	files_drop(w->f, other);
}

/* More bytes than were said are never written; a second writer stops the first. */
static void test_writers(void **state)
{
	struct world *w = *state;
	struct patch_check none = {PATCH_NO_SUM, {0}};
	struct patch *p, *q;
	struct upload *u;

	up(w, 0);
	u = begin(w, "d-1", A, 10, TOWN_NOW);
	assert_int_equal(patch_begin(w->f, u, &none, &p), OK);
	patch_take(p, "12345", 5);
	assert_int_equal(patch_begin(w->f, u, &none, &q), OK);
	patch_take(p, "xxx", 3);
	patch_take(q, "678", 3);
	assert_null(patch_upload(p));
	assert_int_equal(patch_end(p), ERR_STALE);
	assert_int_equal(upload_offset(u), 8);
	patch_take(q, "90a", 3);
	assert_int_equal(patch_end(q), ERR_INVALID);
	assert_int_equal(upload_offset(u), 8);
	patch_free(p);
	files_drop(w->f, u); /* under the writer's hands */
	assert_int_equal(patch_end(q), ERR_STALE);
	patch_free(q);
}

/* Many expire at once: 256 a call, the rest with the next; the done of the last day are none of them. */
static void test_expire(void **state)
{
	struct world *w = *state;
	char sha[65] = A;
	enum { N = 300 };

	up(w, 0);
	for (int i = 0; i < N; i++) {
		(void)snprintf(sha, 5, "%04x", (unsigned)i);
		sha[4] = 'a';
		(void)begin(w, "d-1", sha, 10, TOWN_NOW);
	}
	files_sweep(w->f, NULL, "", false, TOWN_NOW + 3600000 - 1);
	assert_int_equal(files_open_uploads(w->f), N);
	files_sweep(w->f, NULL, "", false, TOWN_NOW + 3600000 + 60000);
	assert_int_equal(files_open_uploads(w->f), N - 256);
	files_sweep(w->f, NULL, "", false, TOWN_NOW + 3600000 + 61000);
	assert_int_equal(files_open_uploads(w->f), 0);
	assert_int_equal(files_counts(w->f)->expired, N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_when, setup, teardown), cmocka_unit_test_setup_teardown(test_which, setup, teardown),
		cmocka_unit_test_setup_teardown(test_start, setup, teardown), cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writers, setup, teardown), cmocka_unit_test_setup_teardown(test_expire, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
