/* xlsxpack.h - the file of a spreadsheet, put together while it is taken.
 *
 * The library writes a small file in which a mark stands where the rows of each sheet belong; the rows themselves wait in files
 * of their own.  A piece of the whole file then costs a piece's work and no more, whoever leaves before its end leaves nothing
 * behind, and nothing of it is on a disk: parts come as the library packed them, sheets are packed anew around their rows. */
#ifndef XUNGE_SCHEMA_EXPORTS_XLSXPACK_H
#define XUNGE_SCHEMA_EXPORTS_XLSXPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define XLSXPACK_MARK "<rows/>" /* in the small file; in no other */

struct xlsxpack;

struct xlsxpack_rows { /* of a sheet */
	int fd;
	int64_t bytes;
};

/* fd: the small file, rows: of its sheets 1 .. n in their order; the files are borrowed until the end.  The library asks no write
 * whether it reached the disk, so the small file is read through: every part must inflate to the length and the sum that it names
 * and end with a closing tag, and each sheet must hold its mark.  Else false. */
bool xlsxpack_open(int fd, const struct xlsxpack_rows *rows, int n, struct xlsxpack **out) MUST_CHECK;
void xlsxpack_close(struct xlsxpack *p); /* NULL does nothing */

/* The next n bytes, about; maybe none, when much makes little.  The same bytes however they are cut.  ERR_FULL: beyond 4 GiB, which
 * the form has no room for; ERR_IO: a file cannot be read back. */
enum err xlsxpack_take(struct xlsxpack *p, size_t n, struct buf *out, bool *more) MUST_CHECK;
int xlsxpack_progress(const struct xlsxpack *p); /* thousandths of the work */

#endif
