/* t_xlsx - the file of a spreadsheet: the same bytes again, whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/fault.h"
#include "schema/exports/sink.h"
#include "schema/exports/xlsx.h"
#include "schema/exports/xlsxpack.h"

#define CREATED 1704067200000LL

static struct xlsx *book(bool english)
{
	struct xlsx *x = NULL;
	struct why why = {{0}};

	assert_int_equal(xlsx_new(NULL, "巡河台账", CREATED, english, &x, &why), OK);
	return x;
}

static void fill(struct xlsx *x, int rows)
{
	int a = xlsx_add(x, "台账"), b = xlsx_add(x, "说明");

	for (int i = 0; i < rows; i++) {
		xlsx_turn(x, a);
		xlsx_string(x, (uint32_t)i, 0, XLSX_TEXT, "=1+1");
		xlsx_int(x, (uint32_t)i, 1, XLSX_INT, i);
		xlsx_instant(x, (uint32_t)i, 2, XLSX_INSTANT, CREATED + i);
		xlsx_turn(x, b);
		xlsx_rate(x, (uint32_t)i, 0, XLSX_RATE1 | XLSX_GRID, i, 3);
	}
	xlsx_formula(x, (uint32_t)rows, 0, XLSX_INT | XLSX_GRID | XLSX_TOTAL, "=SUM(A1:A2)", 5, 0);
}

static enum err whole(struct xlsx *x, struct buf *out)
{
	struct why why = {{0}};
	enum err e;
	bool more = true;

	buf_clear(out);
	e = xlsx_finish(x, &why);

	while (e == OK && more)
		e = xlsx_take(x, 1000, out, &more, &why);
	if (e == OK)
		assert_int_equal(xlsx_progress(x), 1000);
	else
		assert_true(strlen(why.text) > 20);
	xlsx_free(x);
	return e;
}

static void same_bytes(void **state)
{
	struct buf one = {0}, two = {0};
	char dir[] = "/tmp/xunge-xlsx-XXXXXX";
	struct xlsx *x = book(false);

	(void)state;
	fill(x, 500);
	assert_int_equal(whole(x, &one), OK);
	assert_non_null(mkdtemp(dir));
	setenv("TMPDIR", dir, 1);
	setenv("TZ", "America/New_York", 1);
	x = book(false);
	fill(x, 500);
	assert_int_equal(whole(x, &two), OK);
	unsetenv("TMPDIR");
	unsetenv("TZ");
	assert_int_equal(rmdir(dir), 0); /* nothing was left in it */
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.p, two.p, one.n);
	buf_done(&one);
	buf_done(&two);
}

static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void gives_all_back(void **state)
{
	struct buf b = {0};
	int before = open_files();
	struct xlsx *x;

	(void)state;
	for (int rows = 0; rows < 3; rows++) {
		x = book(true);
		fill(x, rows * 2000);
		xlsx_free(x); /* cut off in the middle */
		x = book(true);
		fill(x, rows * 2000);
		assert_int_equal(whole(x, &b), OK);
	}
	fault_arm("xlsx.finish:1");
	x = book(true);
	fill(x, 10);
	assert_int_equal(whole(x, &b), ERR_FULL);
	fault_arm(NULL);
	for (size_t piece = 1; piece < 200000; piece = piece * 3 + 1) { /* cut off while it is packed */
		struct why why = {{0}};
		bool more = true;

		x = book(true);
		fill(x, 6000);
		assert_int_equal(xlsx_progress(x), -1);
		assert_int_equal(xlsx_finish(x, &why), OK);
		buf_clear(&b);
		assert_int_equal(xlsx_take(x, piece, &b, &more, &why), OK);
		assert_true(more && b.n < piece + 1000 && xlsx_progress(x) < 900);
		xlsx_free(x);
	}
	xlsx_free(NULL);
	assert_int_equal(open_files(), before);
	buf_done(&b);
}

/* However it is cut. */
static void pieces(void **state)
{
	struct buf one = {0}, all = {0};
	struct xlsx *x = book(true);

	(void)state;
	fill(x, 6000);
	assert_int_equal(whole(x, &one), OK);
	for (size_t piece = 1; piece < 500000; piece = piece * 7 + 3) {
		struct why why = {{0}};
		bool more = true;
		int was = 0;

		x = book(true);
		fill(x, 6000);
		assert_int_equal(xlsx_finish(x, &why), OK);
		buf_clear(&all);
		while (more) {
			assert_int_equal(xlsx_take(x, piece, &all, &more, &why), OK);
			assert_true(xlsx_progress(x) >= was);
			was = xlsx_progress(x);
		}
		assert_int_equal(was, 1000);
		assert_int_equal(all.n, one.n);
		assert_memory_equal(all.p, one.p, one.n);
		xlsx_free(x);
	}
	buf_done(&one);
	buf_done(&all);
}

/* Writes with files of `limit` bytes at most: 0 all went well, 1 an error was said. */
static int with_room(rlim_t limit)
{
	struct rlimit r = {limit, limit};
	pid_t pid = fork();
	int st;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct buf b = {0};
		struct xlsx *x;
		enum err e;

		signal(SIGXFSZ, SIG_IGN);
		if (!freopen("/dev/null", "w", stderr) || setrlimit(RLIMIT_FSIZE, &r) != 0)
			_exit(3);
		x = book(false);
		fill(x, 3000);
		e = whole(x, &b);
		_exit(e == OK ? 0 : e == ERR_FULL || e == ERR_IO ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	return WEXITSTATUS(st);
}

static void full_disk(void **state)
{
	rlim_t low = 0, high = 1 << 20; /* fails, goes well */

	(void)state;
	assert_int_equal(with_room(high), 0);
	for (rlim_t n = 0; n < 20; n++) /* while the rows are written, and in every later step */
		assert_int_equal(with_room(n * 8192), 1);
	low = 19 * 8192;
	while (high - low > 1) { /* the last limit that fails: there is no limit in between at which half a file passes */
		rlim_t mid = low + (high - low) / 2;
		int rc = with_room(mid);

		assert_true(rc == 0 || rc == 1);
		if (rc == 1)
			low = mid;
		else
			high = mid;
	}
	for (rlim_t d = 1; d < 40; d++)
		assert_int_equal(with_room(low - d * 37), 1);
}

/* What the library writes of a sheet whose rows are `rows`. */
static int small_file(const char *rows)
{
	char path[] = "/tmp/xunge-xlsx-XXXXXX";
	lxw_workbook_options o = {.constant_memory = LXW_TRUE};
	int fd = mkstemp(path);
	lxw_workbook *wb;
	lxw_worksheet *ws;
	FILE *f = tmpfile();

	assert_true(fd >= 0 && f);
	assert_non_null(wb = workbook_new_opt(path, &o));
	assert_non_null(ws = workbook_add_worksheet(wb, "a"));
	assert_int_equal(worksheet_write_number(ws, 0, 0, 1, NULL), LXW_NO_ERROR);
	lxw_worksheet_write_single_row(ws);
	fclose(ws->optimize_tmpfile);
	assert_true(fputs(rows, f) >= 0);
	ws->file = ws->optimize_tmpfile = f;
	assert_int_equal(workbook_close(wb), LXW_NO_ERROR);
	close(fd);
	assert_true((fd = open(path, O_RDWR)) >= 0); /* the library made it anew */
	unlink(path);
	return fd;
}

static bool opens(int fd, const struct xlsxpack_rows *rows, int n)
{
	struct xlsxpack *p = NULL;
	bool good = xlsxpack_open(fd, rows, n, &p);

	if (good)
		xlsxpack_close(p);
	return good;
}

/* A file that lost bytes in any place is noticed. */
static void damage(void **state)
{
	int fd = small_file(XLSXPACK_MARK), other = small_file("<row></row>");
	const struct xlsxpack_rows rows[2] = {{other, 10}, {other, 10}};
	struct buf b = {0};
	off_t size = lseek(fd, 0, SEEK_END);

	(void)state;
	buf_reserve(&b, (size_t)size);
	assert_int_equal(pread(fd, b.p, (size_t)size, 0), size);
	for (off_t n = 0; n <= size; n++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, b.p, (size_t)n, 0), n);
		assert_int_equal(opens(fd, rows, 1), n == size);
	}
	assert_false(opens(fd, rows, 0)); /* another number of sheets */
	assert_false(opens(fd, rows, 2));
	assert_false(opens(other, rows, 1)); /* no mark */
	for (off_t i = 30; i + 400 < size; i += 97) { /* a byte that changed in the first parts */
		char c = (char)(b.p[i] ^ 0x55);

		assert_int_equal(pwrite(fd, b.p, (size_t)size, 0), size);
		assert_int_equal(pwrite(fd, &c, 1, i), 1);
		(void)opens(fd, rows, 1); /* whatever it says, it ends */
	}
	close(fd);
	close(other);
	buf_done(&b);
}

/* Rows that are gone when they are to be read again: an error, and no file. */
static void rows_gone(void **state)
{
	int fd = small_file(XLSXPACK_MARK), other = small_file("");
	off_t size = lseek(other, 0, SEEK_END);
	const struct xlsxpack_rows rows = {other, size + 1};
	struct xlsxpack *p = NULL;
	struct buf out = {0};
	enum err e = OK;
	bool more = true;

	(void)state;
	assert_true(xlsxpack_open(fd, &rows, 1, &p));
	while (e == OK && more)
		e = xlsxpack_take(p, 1000, &out, &more);
	assert_int_equal(e, ERR_IO);
	xlsxpack_close(p);
	close(fd);
	close(other);
	buf_done(&out);
}

static void bounds(void **state)
{
	struct buf long_text = {0}, b = {0};
	struct xlsx *x = book(false);
	char col[4];

	(void)state;
	xlsx_column(0, col);
	assert_string_equal(col, "A");
	xlsx_column(25, col);
	assert_string_equal(col, "Z");
	xlsx_column(26, col);
	assert_string_equal(col, "AA");
	xlsx_column(701, col);
	assert_string_equal(col, "ZZ");
	xlsx_column(702, col);
	assert_string_equal(col, "AAA");
	xlsx_column(16383, col);
	assert_string_equal(col, "XFD");
	xlsx_add(x, "");
	xlsx_add(x, "a/b[c]:*?\\'");
	xlsx_add(x, "A b c"); /* names do not tell case apart */
	xlsx_add(x, "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三");
	xlsx_add(x, "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三");
	for (int i = 0; i < XLSX_TEXT_UNITS; i++)
		buf_addc(&long_text, 'a');
	xlsx_text(x, 0, 0, XLSX_TEXT, buf_slice(&long_text));
	assert_int_equal(xlsx_cut(x), 0);
	buf_addc(&long_text, 'a');
	xlsx_text(x, 1, 0, XLSX_TEXT, buf_slice(&long_text));
	assert_int_equal(xlsx_cut(x), 1);
	buf_clear(&long_text);
	for (int i = 0; i <= XLSX_TEXT_UNITS / 2; i++)
		buf_adds(&long_text, "𠮷"); /* two units each */
	xlsx_text(x, 2, 0, XLSX_TEXT, buf_slice(&long_text));
	assert_int_equal(xlsx_cut(x), 2);
	xlsx_text(x, XLSX_ROWS - 1, 16383, XLSX_TEXT, slice_of("the last cell"));
	assert_false(xlsx_failed(x));
	assert_int_equal(whole(x, &b), OK);
	x = book(false);
	xlsx_add(x, "a");
	xlsx_int(x, XLSX_ROWS, 0, XLSX_INT, 1);
	assert_true(xlsx_failed(x));
	assert_int_equal(whole(x, &b), ERR_INVALID);
	x = book(false);
	xlsx_add(x, "a");
	xlsx_int(x, 1, 0, XLSX_INT, 1);
	xlsx_int(x, 0, 0, XLSX_INT, 1); /* upwards */
	assert_true(xlsx_failed(x));
	xlsx_free(x);
	buf_done(&long_text);
	buf_done(&b);
}

/* ------------------------------------------------------------------ a table that is longer than a sheet */

static const struct column one_column[] = {{"n", "序号", "No.", COL_INT, 0, false}};
static const struct table numbers = {.name = "numbers", .title = "数", .title_en = "Numbers", .column = one_column, .columns = 1};

static void export_numbers(struct store *st, int64_t n, struct buf *out)
{
	const struct table_world w = {.st = st, .scope = "*", .place = "*", .place_name = "", .period = "", .as_of_time = "", .as_of_ms = CREATED};
	struct rows r = {.sink = &sink_xlsx, .table = &numbers, .w = &w, .out = out, .piece = 1 << 20};
	struct why why = {{0}};
	bool more = true;

	buf_clear(out);
	assert_int_equal(r.sink->begin(&r, &why), OK);
	for (int64_t i = 0; i < n; i++) {
		rows_int(&r, i);
		rows_end(&r);
	}
	assert_int_equal(r.err, OK);
	assert_int_equal(r.sink->finish(&r, &why), OK);
	while (more)
		assert_int_equal(r.sink->piece(&r, &more, &why), OK);
	r.sink->close(&r);
	buf_done(&r.scratch);
}

static bool has_sheet(const struct buf *b, int n)
{
	char name[40];

	snprintf(name, sizeof(name), "xl/worksheets/sheet%d.xml", n);
	return memmem(b->p, b->n, name, strlen(name)) != NULL;
}

static void longer_than_a_sheet(void **state)
{
	char dir[] = "/tmp/xunge-xlsx-XXXXXX", path[64];
	struct buf b = {0};
	struct store *st = NULL;
	struct why why;
	struct rusage use;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.db", dir);
	assert_int_equal(store_create(path, CREATED, &why), OK);
	assert_int_equal(store_open(path, STORE_READER, &st, &why), OK);
	export_numbers(st, XLSX_ROWS - 1, &b); /* with its heading: the last row of a sheet */
	assert_true(has_sheet(&b, 2) && !has_sheet(&b, 3));
	export_numbers(st, XLSX_ROWS, &b);
	assert_true(has_sheet(&b, 3) && !has_sheet(&b, 4));
	fault_arm("xlsx.full:3"); /* by its bytes */
	export_numbers(st, 5, &b);
	fault_arm(NULL);
	assert_true(has_sheet(&b, 3) && !has_sheet(&b, 4));
	assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
#ifndef __SANITIZE_ADDRESS__ /* whose own memory is not ours */
	assert_true(use.ru_maxrss < 64 * 1024);
#endif
	store_close(st);
	for (const char *const *end = (const char *const[]){"", "-wal", "-shm", ".lock", NULL}; *end; end++) {
		snprintf(path, sizeof(path), "%s/x.db%s", dir, *end);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(gives_all_back),
		cmocka_unit_test(pieces),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(damage),
		cmocka_unit_test(rows_gone),
		cmocka_unit_test(bounds),
		cmocka_unit_test(longer_than_a_sheet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
