/* t_csv.c - base/csv.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"

/* The rows of a text as one line each: cells joined by |, faults as "!line:cell text". */
static void read_all(FILE *f, struct buf *out, const char **encoding)
{
	struct csv *c = NULL;
	struct csv_fault fault;
	struct why why;
	enum err e;

	e = csv_open(f, &c, &why);
	if (e != OK) {
		buf_addf(out, "open: %s", why.text);
		return;
	}
	while ((e = csv_next(c, &fault)) == OK || e == ERR_INVALID) {
		uint32_t n;
		const struct csv_cell *cell = csv_cells(c, &n);

		if (e == ERR_INVALID) {
			buf_addf(out, "!%u:%u %s\n", fault.line, fault.cell, fault.text);
			continue;
		}
		buf_addf(out, "%u:", csv_line(c));
		for (uint32_t i = 0; i < n; i++) {
			buf_adds(out, i ? "|" : "");
			buf_add(out, cell[i].text.p, cell[i].text.n);
			assert_int_equal(cell[i].text.p[cell[i].text.n], 0);
		}
		buf_addc(out, '\n');
	}
	assert_int_equal(e, ERR_NOTFOUND);
	if (encoding)
		*encoding = csv_encoding(c);
	csv_close(c);
}

static void reads_n(const char *text, size_t n, const char *want, const char *encoding)
{
	struct buf b = {0};
	FILE *f = tmpfile();
	const char *seen = NULL;

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	rewind(f);
	buf_adds(&b, "");
	read_all(f, &b, &seen);
	assert_string_equal(b.p, want);
	if (encoding)
		assert_string_equal(seen, encoding);
	fclose(f);
	buf_done(&b);
}

static void reads(const char *text, const char *want)
{
	reads_n(text, strlen(text), want, NULL);
}

static void rows_and_quotes(void **state)
{
	(void)state;
	reads("", "");
	reads("\n\r\n\r", "");
	reads("a,b\r\n1,2\r\n", "1:a|b\n2:1|2\n");
	reads("a,b\n1,2", "1:a|b\n2:1|2\n");
	reads("a\rb\r", "1:a\n2:b\n");
	reads("\n\na,\n,b\n,\n", "3:a|\n4:|b\n5:|\n");
	reads("\"a,\"\"x\"\"\",\"\"\n", "1:a,\"x\"|\n");
	reads("\"two\r\nlines\",b\r\nc,d", "1:two\r\nlines|b\n3:c|d\n");
	reads("\"a\rb\nc\r\nd\r\re\"\nz\n", "1:a\rb\nc\r\nd\r\re\n7:z\n");
	reads("\"\"\n", ""); /* a row of one empty cell is a blank line */
	reads("\"\",\n", "1:|\n");
	reads(" a , b\t\n", "1: a | b\t\n"); /* blanks are the cell's */
}

static void faults_are_placed_and_passed(void **state)
{
	(void)state;
	reads("a,b\"c\nd,e\n", "!1:2 has a quote inside: quote the whole cell and double it\n2:d|e\n");
	reads("\"a\"b,c\nd\n", "!1:1 has text behind its closing quote\n2:d\n");
	reads("a\nb,\"c\nd,e\n", "1:a\n!2:2 has an opening quote without a closing one\n");
	reads_n("a,b\0\nc\n", 7, "!1:2 holds U+0000\n2:c\n", NULL);
	/* line and cell of the fault, not of the row */
	reads("\"x\ny\",b\"\nz\n", "!2:2 has a quote inside: quote the whole cell and double it\n3:z\n");
}

static void bounds_hold(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < CSV_CELL_MAX; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\nok\n");
	{
		struct buf want = {0};

		buf_adds(&want, "1:");
		buf_add(&want, b.p, CSV_CELL_MAX);
		buf_adds(&want, "\n2:ok\n");
		reads(b.p, want.p);
		buf_done(&want);
	}
	b.p[CSV_CELL_MAX] = 'x';
	reads(b.p, "!1:1 is longer than 64 KiB: is a quote missing?\n"); /* the row is xxx...ok */
	buf_clear(&b);
	for (int i = 0; i < CSV_CELLS_MAX; i++)
		buf_adds(&b, "1,");
	buf_adds(&b, "1\nok\n");
	reads(b.p, "!1:257 is one cell too many: 256 are the bound\n2:ok\n");
	buf_done(&b);
}

static void encodings(void **state)
{
	static const char gb[] = "code,name\n1,\xb6\xe0\xb8\xa3\xcf\xef\n2,\x95\x32\x82\x36\n"; /* 多福巷, U+20000 */
	static const char gb_cut[] = "code,name\n1,\xb6\xe0\xb8\xa3\xcf\xef\n2,\xb6\xe0\n3,\xb6";
	static const char broken[] = "code,name\n1,多福巷\n2,银\xe9\x97,x\n3,厂\n";

	static const char gb_pairs[] = "id,name\np-5002,\xd0\xa1\xce\xb0\n"; /* 小伟: also good UTF-8, of two bytes each */
	static const char utf8_pairs[] = "\xef\xbb\xbf" "id,name\np-5002,\xc3\xa9\n";

	(void)state;
	reads_n(gb_pairs, sizeof gb_pairs - 1, "1:id|name\n2:p-5002|小伟\n", "GB18030");
	reads_n(utf8_pairs, sizeof utf8_pairs - 1, "1:id|name\n2:p-5002|é\n", "UTF-8");
	reads_n("a,b\n", 4, "1:a|b\n", "UTF-8");
	reads("阿卜杜拉·买买提,é\n", "1:阿卜杜拉·买买提|é\n");
	reads_n("\xef\xbb\xbf" "a,b\n", 7, "1:a|b\n", "UTF-8");
	reads_n("a,多福巷\n", 12, "1:a|多福巷\n", "UTF-8");
	reads_n(gb, sizeof gb - 1, "1:code|name\n2:1|多福巷\n3:2|\xf0\xa0\x80\x80\n", "GB18030");
	reads_n(gb_cut, sizeof gb_cut - 1,
		"1:code|name\n2:1|多福巷\n3:2|多\n!4:2 is neither UTF-8 nor GB18030\n", "GB18030");
	/* one damaged character does not turn a whole file into another language */
	reads_n(broken, sizeof broken - 1, "1:code|name\n2:1|多福巷\n!3:2 is not UTF-8\n4:3|厂\n", "UTF-8");
	reads_n("a,\xff\n", 4, "!1:2 is neither UTF-8 nor GB18030\n", "GB18030");
	reads_n("\xff\xfe" "a\0", 4, "open: is UTF-16: save it as CSV UTF-8", NULL);
	reads_n("PK\3\4xxxx", 8, "open: is a workbook: save it as CSV UTF-8", NULL);
}

/* A character across the end of every block: 64 KiB of shifted text, both encodings. */
static void blocks(void **state)
{
	(void)state;
	for (int shift = 0; shift < 4; shift++) {
		struct buf utf8 = {0}, gb = {0}, want = {0};

		for (int i = 0; i < shift; i++)
			buf_addc(&utf8, 'x');
		buf_add(&gb, utf8.p ? utf8.p : "", utf8.n);
		for (int i = 0; i < 40000; i++) {
			buf_adds(&utf8, i % 100 == 99 ? "\n" : "福");
			buf_adds(&gb, i % 100 == 99 ? "\n" : "\xb8\xa3");
		}
		for (int i = 0, line = 1; i < 40000; i++) {
			if (i % 100 == 0)
				buf_addf(&want, "%d:%.*s", line++, i ? 0 : shift, "xxxx");
			buf_adds(&want, i % 100 == 99 ? "\n" : "福");
		}
		reads_n(utf8.p, utf8.n, want.p, "UTF-8");
		reads_n(gb.p, gb.n, want.p, "GB18030");
		buf_done(&utf8);
		buf_done(&gb);
		buf_done(&want);
	}
}

/* What cannot be rewound. */
static void pipes(void **state)
{
	int fd[2];
	FILE *f;
	struct buf b = {0};
	const char *encoding = NULL;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "a,\xb8\xa3\n", 5), 5);
	close(fd[1]);
	f = fdopen(fd[0], "r");
	assert_non_null(f);
	read_all(f, &b, &encoding);
	assert_string_equal(b.p, "1:a|福\n");
	assert_string_equal(encoding, "GB18030");
	fclose(f);
	buf_done(&b);
}

static void writes(const char *cell, const char *want)
{
	struct buf b = {0};
	struct csv_out o = {&b, 0};

	csv_out_text(&o, slice_of(cell));
	assert_string_equal(b.p ? b.p : "", want);
	buf_done(&b);
}

static void written_cells(void **state)
{
	struct buf b = {0};
	struct csv_out o = {&b, 0};

	(void)state;
	csv_out_bom(&o);
	csv_out_text(&o, slice_of(""));
	csv_out_text(&o, slice_of("b"));
	csv_out_int(&o, -5);
	csv_out_end(&o);
	csv_out_text(&o, slice_of("c"));
	csv_out_end(&o);
	assert_string_equal(b.p, "\xef\xbb\xbf,b,-5\r\nc\r\n");
	buf_done(&b);

	writes("a,b", "\"a,b\"");
	writes("say \"x\"", "\"say \"\"x\"\"\"");
	writes("two\nlines", "\"two\nlines\"");
	writes(" a", "\" a\"");
	writes("=1+1", "'=1+1");
	writes("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
	writes("+86 138", "'+86 138");
	writes("@x", "'@x");
	writes("\t=1", "'\t=1");
	writes("\r=1", "\"'\r=1\"");
	writes("\n=1", "\"'\n=1\"");
	writes("-", "'-");
	writes("--5", "'--5");
	writes("-5+1", "'-5+1");
	writes("-5.", "'-5.");
	writes("-5", "-5");
	writes("-5.25", "-5.25");
	writes("12", "12");
	writes("＝1+1", "'＝1+1");
	writes("－5", "'－5");
	writes("2026-11-23", "2026-11-23");
}

/* Whatever was written is read again (apart from the guard). */
static void random_rows_return(void **state)
{
	static const char *const piece[] = {"a", ",", "\"", "\r\n", "\n", " ", "多", "\xf0\xa0\x80\x80", "0", "'", ";"};
	unsigned seed = (unsigned)getpid();

	(void)state;
	print_message("seed %u\n", seed);
	for (int round = 0; round < 300; round++) {
		struct buf file = {0}, want[8] = {{0}};
		struct csv_out o = {&file, 0};
		struct csv *c = NULL;
		struct csv_fault fault;
		const struct csv_cell *cell;
		uint32_t n = 2 + (uint32_t)rand_r(&seed) % 7, got;
		FILE *f = tmpfile();

		for (uint32_t i = 0; i < n; i++) {
			buf_adds(&want[i], "");
			for (int k = rand_r(&seed) % 6; k > 0; k--)
				buf_adds(&want[i], piece[(size_t)rand_r(&seed) % ARRAY_LEN(piece)]);
			if (want[i].n && (want[i].p[0] == '\r' || want[i].p[0] == '\n'))
				want[i].p[0] = 'x';
			csv_out_text(&o, buf_slice(&want[i]));
		}
		csv_out_end(&o);
		assert_non_null(f);
		assert_int_equal(fwrite(file.p, 1, file.n, f), file.n);
		rewind(f);
		assert_int_equal(csv_open(f, &c, NULL), OK);
		assert_int_equal(csv_next(c, &fault), OK);
		cell = csv_cells(c, &got);
		assert_int_equal(got, n);
		for (uint32_t i = 0; i < n; i++)
			assert_string_equal(cell[i].text.p, want[i].p);
		assert_int_equal(csv_next(c, &fault), ERR_NOTFOUND);
		csv_close(c);
		fclose(f);
		for (uint32_t i = 0; i < n; i++)
			buf_done(&want[i]);
		buf_done(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_quotes),
		cmocka_unit_test(faults_are_placed_and_passed),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(encodings),
		cmocka_unit_test(blocks),
		cmocka_unit_test(pipes),
		cmocka_unit_test(written_cells),
		cmocka_unit_test(random_rows_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
