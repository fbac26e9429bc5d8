/* f_csv.c - any bytes: rows within the bounds, cells that are UTF-8 without U+0000, and what is
 * written is read again as it was. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cell(struct slice s)
{
	assert(s.n <= CSV_CELL_MAX && s.p[s.n] == '\0');
	for (uint32_t i = 0; i < s.n;) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t len = *p < 0x80 ? *p != 0 : utf8_len(p, s.n - i);

		assert(len > 0);
		i += (uint32_t)len;
	}
}

/* The row behind a cell of its own (a file must not begin with what makes it another sort of file).
 * The guard puts a ' in front; nothing else may differ. */
static void check_again(const struct buf *file, const struct csv_cell *cell, uint32_t n)
{
	FILE *f = fmemopen(file->p, file->n, "r");
	struct csv *c = NULL;
	struct csv_fault fault;
	const struct csv_cell *got;
	uint32_t m;

	assert(f && csv_open(f, &c, NULL) == OK && csv_next(c, &fault) == OK);
	got = csv_cells(c, &m);
	assert(m == n + 1);
	for (uint32_t i = 0; i < n; i++) {
		struct slice s = got[i + 1].text;

		if (s.n == cell[i].text.n + 1 && s.p[0] == '\'') {
			s.p++;
			s.n--;
		}
		assert(slice_eq(s, cell[i].text));
	}
	assert(csv_next(c, &fault) == ERR_NOTFOUND);
	csv_close(c);
	(void)fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct csv *c = NULL;
	struct csv_fault fault;
	uint32_t line = 0;
	enum err e;

	if (!f)
		return 0;
	if (csv_open(f, &c, NULL) == OK) {
		while ((e = csv_next(c, &fault)) == OK || e == ERR_INVALID) {
			struct buf out = {0};
			struct csv_out o = {&out, 0};
			uint32_t n;
			const struct csv_cell *cell = csv_cells(c, &n);

			assert(n <= CSV_CELLS_MAX && csv_line(c) > line);
			line = csv_line(c);
			if (e == ERR_INVALID) {
				assert(fault.line >= line && fault.cell >= 1 && fault.text[0]);
				continue;
			}
			csv_out_int(&o, 1);
			for (uint32_t i = 0; i < n; i++) {
				check_cell(cell[i].text);
				csv_out_text(&o, cell[i].text);
			}
			csv_out_end(&o);
			if (n < CSV_CELLS_MAX)
				check_again(&out, cell, n);
			buf_done(&out);
		}
		assert(e == ERR_NOTFOUND);
	}
	csv_close(c);
	(void)fclose(f);
	return 0;
}
