/* workcal.h - deadlines: amounts of working hours or days by the calendar of holidays and make-up
 * days, or natural ones.  Civil time +08:00; instants are ms since 1970 UTC.  Pure.
 *
 * A working day is Monday to Friday, unless the calendar says holiday; or any day that it says makeup.
 * Working hours: 09:00-12:00 and 13:00-18:00, eight a day.
 *   hour       n * 60 min after the start
 *   day        the end (24:00) of the n-th day after the start's
 *   work_hour  when n working hours have passed; a start outside of them begins with the next
 *   work_day   the end (24:00) of the n-th working day after the start's day
 * An amount of 0: hours, the start itself; days, the end of the start's day, of working days the next
 * working day's where that is none.  Work is bounded by the rows of the calendar, not by amounts. */
#ifndef XUNGE_CORE_WORKCAL_H
#define XUNGE_CORE_WORKCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum due_unit { DUE_NONE = 0, DUE_WORK_HOUR, DUE_WORK_DAY, DUE_HOUR, DUE_DAY };
#define DUE_AMOUNT_MAX 100000

enum due_unit due_unit_of(struct slice name); /* "work_hour" ...; DUE_NONE: no unit */

struct workcal_day {
	int32_t day;
	bool makeup; /* false: holiday */
};

struct workcal { /* zeroed = nothing known: plain weeks */
	const struct workcal_day *d; /* by day, each once; borrowed */
	uint32_t n;
};

bool workcal_is_workday(const struct workcal *c, int32_t day);
/* Does it say anything of the civil year?  Where not, its working days are a guess: a deadline that
 * reaches there is provisional. */
bool workcal_knows(const struct workcal *c, int year);

/* When `amount` (0 .. DUE_AMOUNT_MAX) of unit after start_ms has passed.  *provisional (may be NULL): the
 * unit asks for the calendar, and it says nothing of a year between start and deadline.
 * DUE_NONE: start_ms + amount. */
int64_t due_after(const struct workcal *c, int64_t start_ms, int64_t amount, enum due_unit unit, bool *provisional);

/* A stopped clock: what is left at at_ms until due_ms (hours: ms of them; days: days after at_ms's day; 0
 * when it has passed), and the deadline of a clock that runs on at at_ms with so much left.
 * due_resume(at, due_left(at, due)) is due again, where due came from due_after() in the same unit. */
int64_t due_left(const struct workcal *c, int64_t at_ms, int64_t due_ms, enum due_unit unit);
int64_t due_resume(const struct workcal *c, int64_t at_ms, int64_t left, enum due_unit unit, bool *provisional);

#endif
