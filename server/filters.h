/* filters.h - the filters of cases and patrols as HTTP names them: the same words narrow a list and its export. */
#ifndef XUNGE_SERVER_FILTERS_H
#define XUNGE_SERVER_FILTERS_H

#include "schema/books_cases.h"
#include "schema/books_patrols.h"
#include "server/query.h"

#define FILTERS_CASES "class", "state", "category", "severity", "overdue", "level", "holder", "q", "figure"
#define FILTERS_PATROLS "person", "target", "route", "rule", "valid", "under_way", "reason", "river", "level", "q"

/* Texts are the query's.  False: *why says which parameter is wrong.  `walk` and the figure's days are the caller's. */
bool filters_cases(const struct query *q, struct books_case_filter *out, bool *late, struct why *why);
bool filters_patrols(const struct query *q, struct books_patrol_filter *out, struct why *why);

/* States that are all open ones. */
bool filters_open(unsigned states);

#endif
