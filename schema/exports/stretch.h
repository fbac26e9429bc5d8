/* stretch.h - a period in stretches of days that were frozen by one commit, or by none.  A figure adds the values that its months were
 * frozen with, so the events behind it are read stretch by stretch, each as of its own freeze (schema/exports/export.c). */
#ifndef XUNGE_SCHEMA_EXPORTS_STRETCH_H
#define XUNGE_SCHEMA_EXPORTS_STRETCH_H

#include "schema/store.h"

struct stretch { /* days [from, to), frozen as of commit; 0: not frozen */
	int32_t from, to;
	int64_t commit;
};

/* Is the figure a sum over days?  Not when it is a state at the end of the period, is none, or NULL. */
bool stretch_matters(const char *figure);

/* Days [from, to): *out is the caller's, to be freed; *n 0 and NULL: they are one stretch, to be read as any period is. */
enum err stretch_list(struct store *st, int32_t from, int32_t to, struct stretch **out, size_t *n) MUST_CHECK;

#endif
