/* tables.h - all exports, in the order in which they are listed (schema/exports/export.c). */
#ifndef XUNGE_SCHEMA_EXPORTS_TABLES_H
#define XUNGE_SCHEMA_EXPORTS_TABLES_H

#include "schema/exports/rows.h"

extern const struct table table_figures;
extern const struct table table_patrols;
extern const struct table table_cases;
extern const struct table table_inspections;
extern const struct table table_visits;
extern const struct table table_works;
extern const struct table table_households;
extern const struct table table_duty;
extern const struct table table_overdue;
extern const struct table table_quality;
extern const struct table table_corrections;
extern const struct table table_tracks;
extern const struct table table_events;
extern const struct table table_areas;
extern const struct table table_annual;
extern const struct table table_workbook;

#define TABLES          \
	&table_figures, \
	&table_patrols, \
	&table_cases, \
	&table_inspections, \
	&table_visits, \
	&table_works, \
	&table_households, \
	&table_duty, \
	&table_overdue, \
	&table_quality, \
	&table_corrections, \
	&table_tracks, \
	&table_events, \
	&table_areas, \
	&table_annual, \
	&table_workbook,

#endif
