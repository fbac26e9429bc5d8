/* t_photos.c - schema/photos.c: which events name a photo, and who may see it. */
#include "schema/photos.h"
#include "tests/unit/town.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GRID1 "990101100001001"
#define GRID2 "990101100002001"

static int setup(void **state)
{
	struct town *t = xcalloc(1, sizeof *t);

	town_make(t);
	town_officers(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct town *t = *state;

	town_remove(t);
	free(t);
	return 0;
}

static void send(struct town *t, const char *device, int seq, const char *kind, const char *scope, const char *sha, const char *body)
{
	char json[900], place[64] = "";

	if (scope)
		(void)snprintf(place, sizeof place, "\"scope\":\"%s\",", scope);
	(void)snprintf(json, sizeof json, "{\"epoch\":\"e\",\"seq\":%d,\"at\":%lld,\"kind\":\"%s\",%s\"att\":[{\"sha256\":\"%s\"}],\"body\":{%s}}", seq,
		TOWN_NOW - 100000 + seq, kind, place, sha, body);
	town_send(t, device, json);
	(void)town_commit(t);
}

static void collect(void *ctx, const char *text)
{
	buf_addf(ctx, "%s ", text);
}

static void in_scope(struct town *t, const char *sha, const char *scope, const char *want)
{
	struct buf b = {0};

	buf_adds(&b, "");
	assert_int_equal(photos_in_scope(t->st, sha, scope, collect, &b), OK);
	assert_string_equal(b.p, want);
	buf_done(&b);
}

static void in_sync(struct town *t, const char *sha, const char *device, const char *want)
{
	struct buf b = {0};

	buf_adds(&b, "");
	assert_int_equal(photos_in_sync(t->st, sha, device, collect, &b), OK);
	assert_string_equal(b.p, want);
	buf_done(&b);
}

static void test_scopes(void **state)
{
	struct town *t = *state;

	assert_int_equal(photos_named(t->st, A, "d-1"), ERR_NOTFOUND);
	send(t, "d-1", 1, "inspect", GRID1, A, "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	assert_int_equal(photos_named(t->st, A, "d-1"), OK);
	assert_int_equal(photos_named(t->st, A, "d-2"), ERR_NOTFOUND);
	assert_int_equal(photos_named(t->st, B, "d-1"), ERR_NOTFOUND);
	in_scope(t, A, "*", "d-1 ");
	in_scope(t, A, "990101", "d-1 ");
	in_scope(t, A, "990101100001", "d-1 ");
	in_scope(t, A, "990101100002", "");
	in_scope(t, B, "*", "");
	in_sync(t, A, "d-1", "d-1 ");
	in_sync(t, A, "d-2", "");
	send(t, "d-4", 1, "inspect", GRID2, A, "\"topic\":\"burn_straw\",\"result\":\"ok\""); /* the same photo, another device, another place */
	in_scope(t, A, "990101100001", "d-1 ");
	in_scope(t, A, "990101100002", "d-4 ");
}

/* A photo of a case is seen by whom sees the case, also one of an act that is held, wherever the actor works. */
static void test_cases(void **state)
{
	struct town *t = *state;
	struct buf b = {0};

	send(t, "d-11", 1, "case.act", NULL, B, "\"case\":\"c-1\",\"action\":\"accept\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 1);
	assert_int_equal(photos_named(t->st, B, "d-11"), OK);
	in_scope(t, B, "990101", "");
	in_scope(t, B, "*", "d-11 ");
	in_sync(t, B, "d-1", "");
	send(t, "d-1", 1, "case.report", GRID1, A, "\"case\":\"c-1\",\"class\":\"hazard\",\"category\":\"fire\",\"title\":\"x\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	in_scope(t, A, "990101100001", "d-1 ");
	in_scope(t, B, "990101100001", "d-11 ");
	in_scope(t, B, "990101100002", "");
	in_sync(t, B, "d-1", "d-11 "); /* who reported it */
	in_sync(t, A, "d-13", "");
	send(t, "d-11", 2, "case.act", NULL, B, "\"case\":\"c-1\",\"action\":\"dispatch\",\"to\":\"p-13\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	in_sync(t, A, "d-13", "d-1 "); /* who has it */
	in_sync(t, A, "d-14", "");
	assert_int_equal(photos_of_case(t->st, "c-1", 10, collect, &b), OK);
	assert_int_equal(b.n, 130);
	buf_clear(&b);
	assert_int_equal(photos_of_case(t->st, "c-1", 1, collect, &b), OK);
	assert_int_equal(b.n, 65);
	buf_done(&b);
	town_sql(t, "UPDATE device SET revoked = 1 WHERE id = 'd-13'");
	in_sync(t, A, "d-13", "");
	assert_int_equal(town_count(t, "SELECT count(*) FROM attachment"), 3);
}

/* Held where the place is unknown: nobody's, until it is known. */
static void test_released(void **state)
{
	struct town *t = *state;
	int64_t commit;
	bool more;

	send(t, "d-1", 1, "inspect", "990101100009001", A, "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	assert_int_equal(town_count(t, "SELECT count(*) FROM held WHERE code = 'unknown_place'"), 1);
	in_scope(t, A, "990101", "");
	assert_int_equal(store_begin(t->st), OK);
	town_sql(t, "INSERT INTO area VALUES('990101100009001','新格',NULL,NULL,4,NULL),('990101100009','新社区',NULL,NULL,4,NULL)");
	assert_int_equal(store_note(t->st, TOWN_NOW, "import areas", 2, &commit), OK);
	assert_int_equal(intake_registry_changed(t->in, TOWN_NOW, INTAKE_PLACES, &more), OK);
	(void)town_commit(t);
	assert_int_equal(town_count(t, "SELECT count(*) FROM held"), 0);
	in_scope(t, A, "990101100009", "d-1 ");
	assert_int_equal(town_count(t, "SELECT count(*) FROM attachment"), 1);
}

static void test_of_device(void **state)
{
	struct town *t = *state;
	struct buf b = {0};

	send(t, "d-1", 1, "inspect", GRID1, A, "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	send(t, "d-1", 2, "inspect", GRID1, B, "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	send(t, "d-1", 3, "inspect", GRID1, A, "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	send(t, "d-4", 1, "inspect", GRID2, "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "\"topic\":\"burn_straw\",\"result\":\"ok\"");
	town_sql(t, "UPDATE attachment SET recv = 1000 * seq");
	assert_int_equal(photos_of(t->st, "d-1", 0, 10, collect, &b), OK);
	assert_string_equal(b.p, A " " B " ");
	buf_clear(&b);
	assert_int_equal(photos_of(t->st, "d-1", 3000, 10, collect, &b), OK);
	assert_string_equal(b.p, A " ");
	buf_clear(&b);
	assert_int_equal(photos_of(t->st, "d-1", 0, 1, collect, &b), OK);
	assert_string_equal(b.p, A " ");
	buf_done(&b);
}

static void test_place(void **state)
{
	static const char *const devices[] = {"", "-a", "A", "a/b", "..", "a.b", "a b", "abcdefghijklmnopqrstuvwxyz0123456"};
	char out[PHOTO_PLACE];

	(void)state;
	assert_true(photos_place(A, "abcdefghijklmnopqrstuvwxyz012345", out));
	assert_string_equal(out, "aa/aa/" A ".abcdefghijklmnopqrstuvwxyz012345");
	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		assert_false(photos_place(A, devices[i], out));
	assert_false(photos_place("../../../../etc/passwd/../../../aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "d-1", out));
	assert_false(photos_place(A "a", "d-1", out));
	assert_false(photos_place("", "d-1", out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
		cmocka_unit_test_setup_teardown(test_scopes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_released, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_device, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
