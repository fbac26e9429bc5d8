/* came.h - what came after the books of a period were closed, for the exports that show it: read in pieces, then kept until it is told. */
#ifndef XUNGE_SCHEMA_EXPORTS_CAME_H
#define XUNGE_SCHEMA_EXPORTS_CAME_H

#include "schema/exports/rows.h"
#include "schema/freeze.h"

struct came;
/* bare: without the events behind each. */
struct came *came_new(const struct table_world *w, bool bare);
/* As gather() of a table: with *more false all of it is of this snapshot.  ERR_STALE: begin again. */
enum err came_read(struct came *c, const struct figures_pace *pace, bool *more) MUST_CHECK;
int came_progress(const struct came *c); /* thousandths */
size_t came_n(const struct came *c);
const struct freeze_correction *came_of(const struct came *c, size_t i); /* until came_free */
void came_free(struct came *c); /* NULL does nothing */

#endif
