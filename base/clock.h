/* clock.h - the two clocks.  Only daemons and commands read them; core/ takes time as an argument. */
#ifndef XUNGE_BASE_CLOCK_H
#define XUNGE_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC.  May jump, also backwards. */
int64_t clock_wall_ms(void);

/* Milliseconds of a clock that only goes forward.  For deadlines and intervals. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void); /* the same in microseconds, for measuring */

#endif
