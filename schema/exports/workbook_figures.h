/* workbook_figures.h - the sheet of all figures, and what each of them means, for the first sheet. */
#ifndef XUNGE_SCHEMA_EXPORTS_WORKBOOK_FIGURES_H
#define XUNGE_SCHEMA_EXPORTS_WORKBOOK_FIGURES_H

#include "schema/exports/as_xlsx.h"

struct wb_figures { /* zeroed = nothing read */
	struct figures_sum *sum; /* being read; NULL: not begun */
	bool past;               /* of the database as it was, w->past */
	struct buf told; /* "name\tdefinition\n" of each figure on the sheet */
};

/* Adds the figures up, some of it in each call; *more: there is more. */
enum err wb_figures_read(struct wb_figures *f, const struct table_world *w, const struct figures_pace *pace, bool *more) MUST_CHECK;
void wb_figures_sheet(struct wb_figures *f, const struct table_world *w, struct xlsx *x);
void wb_figures_about(const struct wb_figures *f, struct as_xlsx_notes *n);
void wb_figures_done(struct wb_figures *f);

#endif
