/* xlsxfile.h - was a spreadsheet written whole?  The library that writes it asks no write whether it reached the disk. */
#ifndef XUNGE_SCHEMA_EXPORTS_XLSXFILE_H
#define XUNGE_SCHEMA_EXPORTS_XLSXFILE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the zip file from its directory on: every part inflates to the length and the sum it names and ends with a closing tag, and
 * sheet i (of n) holds sizes[i] bytes of rows (more than 0). */
bool xlsxfile_whole(int fd, const int64_t *sizes, int n);

#endif
