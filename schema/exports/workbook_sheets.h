/* workbook_sheets.h - the summary sheets of a workbook, written from what was counted (workbook_data.h). */
#ifndef XUNGE_SCHEMA_EXPORTS_WORKBOOK_SHEETS_H
#define XUNGE_SCHEMA_EXPORTS_WORKBOOK_SHEETS_H

#include "schema/exports/workbook_data.h"
#include "schema/exports/xlsx.h"

struct wb_sums { /* what the sheets add up to: held against each other on the first sheet */
	int64_t patrols, places_patrols; /* by level; by place */
	int64_t found;                   /* hazards and findings received, by level of who reported */
	int64_t hazards, others;         /* cases received: hazards and findings; the other classes */
	int64_t hazards_void, others_void; /* beside them */
	int64_t places_cases;            /* by place */
};

void wb_sheet_levels(const struct wb_data *d, struct xlsx *x, struct wb_sums *sums);
void wb_sheet_places(struct wb_data *d, struct xlsx *x, struct wb_sums *sums);
void wb_sheet_reaches(struct wb_data *d, struct xlsx *x);
void wb_sheet_hazards(const struct wb_data *d, struct xlsx *x, struct wb_sums *sums);
void wb_sheet_overdue(struct wb_data *d, struct xlsx *x);
void wb_sheet_others(const struct wb_data *d, struct xlsx *x, struct wb_sums *sums);

/* "2023年", "2023年1—6月", "2023年12月", else the days. */
void wb_period(const struct table_world *w, char *out, size_t room);
/* The second row: 填报单位 and 统计口径. */
void wb_who(const struct table_world *w, char *out, size_t room);
void wb_what(const struct table_world *w, char *out, size_t room);

const char *wb_class_name(const char *klass, bool english);

#endif
