#include "cli/outfile.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], name[96];

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/t_outfile.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(name, sizeof name, "%s/table.csv", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	(void)unlink(name);
	return rmdir(dir); /* fails when something was left behind */
}

/* Entries of the folder. */
static int entries(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static void holds(const char *want)
{
	char got[64] = "";
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	got[fread(got, 1, sizeof got - 1, f)] = '\0';
	(void)fclose(f);
	assert_string_equal(got, want);
}

static void t_whole(void **state)
{
	struct outfile o;
	struct why why;
	struct stat st;

	(void)state;
	for (int i = 0; i < 2; i++) { /* the second replaces the first */
		assert_int_equal(outfile_open(&o, name, &why), OK);
		buf_addf(&o.b, "rows %d", i);
		assert_int_equal(outfile_push(&o, &why), OK);
		if (i)
			holds("rows 0");
		else
			assert_int_not_equal(access(name, F_OK), 0);
		assert_int_equal(outfile_close(&o, &why), OK);
		outfile_abort(&o); /* nothing */
	}
	holds("rows 1");
	assert_int_equal(entries(), 1);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07, 0); /* not for everybody */
}

static void t_given_up(void **state)
{
	struct outfile o;
	struct why why;
	char *block = xcalloc(1, OUTFILE_BLOCK);

	(void)state;
	assert_int_equal(outfile_open(&o, name, &why), OK);
	buf_add(&o.b, block, OUTFILE_BLOCK);
	assert_int_equal(outfile_push(&o, &why), OK);
	assert_int_equal(o.b.n, 0); /* written */
	assert_int_equal(entries(), 1);
	outfile_abort(&o);
	assert_int_equal(entries(), 0);
	free(block);
}

/* A signal came: nothing more is written, and nothing is left. */
static void t_stopped(void **state)
{
	volatile sig_atomic_t stop = 0;
	struct outfile o;
	struct why why = {""};
	char *block = xcalloc(1, OUTFILE_BLOCK);

	(void)state;
	assert_int_equal(outfile_open(&o, name, &why), OK);
	o.stop = &stop;
	buf_add(&o.b, block, OUTFILE_BLOCK);
	assert_int_equal(outfile_push(&o, &why), OK);
	stop = SIGTERM;
	buf_add(&o.b, block, OUTFILE_BLOCK);
	assert_int_equal(outfile_push(&o, &why), ERR_CLOSED);
	assert_int_equal(outfile_close(&o, &why), ERR_CLOSED); /* also when only the end is left */
	outfile_abort(&o);
	assert_int_equal(entries(), 0);
	free(block);
}

static void t_fails(void **state)
{
	struct outfile o;
	struct why why = {""};
	struct stat st;
	char deep[128];

	(void)state;
	(void)snprintf(deep, sizeof deep, "%s/no/table.csv", dir);
	assert_int_equal(outfile_open(&o, deep, &why), ERR_IO);
	assert_non_null(strstr(why.text, deep));
	outfile_abort(&o);
	/* a device is written to, not replaced */
	assert_int_equal(outfile_open(&o, "/dev/full", &why), OK);
	buf_adds(&o.b, "x");
	assert_int_equal(outfile_close(&o, &why), ERR_FULL);
	assert_int_equal(outfile_open(&o, "/dev/null", &why), OK);
	buf_adds(&o.b, "x");
	assert_int_equal(outfile_close(&o, &why), OK);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(entries(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(t_whole, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(t_given_up, make_dir, drop_dir), cmocka_unit_test_setup_teardown(t_stopped, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(t_fails, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
