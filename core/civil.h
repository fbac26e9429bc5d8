/* civil.h - civil dates of China: +08:00 everywhere, no daylight saving.
 * A day is a whole number, days since 1970-01-01.  Instants are ms since 1970 UTC, |ms| <= 1e15.
 * Texts show the years 0000 to 99999, others as the nearest of these. */
#ifndef XUNGE_CORE_CIVIL_H
#define XUNGE_CORE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIVIL_DAY_MS 86400000LL

int32_t civil_day(int64_t ms);          /* the day on which the instant falls; floor, also < 1970 */
int64_t civil_day_ms(int32_t day);      /* its first instant */
int32_t civil_make(int y, int m, int d); /* y 1..9999; the date must exist (assert) */
bool civil_exists(int y, int m, int d);
void civil_split(int32_t day, int *y, int *m, int *d);
int32_t civil_yyyymmdd(int32_t day);    /* 20251123 */
int32_t civil_month_first(int32_t day); /* first day of its month, of its year */
int32_t civil_year_first(int32_t day);
int civil_weekday(int32_t day);         /* 1 Monday .. 7 Sunday */

/* `2023-01-05`, `2023/1/5`; false when it is no date. */
bool civil_parse_day(const char *s, size_t n, int32_t *out);
/* A day (its first instant), or RFC 3339 with offset: `2026-11-23T09:38:12.345+08:00`, `...Z`.
 * Digits beyond the millisecond are cut; no leap seconds. */
bool civil_parse_instant(const char *s, size_t n, int64_t *out_ms);

/* A period by its name, as the days [*from, *to): `2023`, `2023-H2`, `2023-Q4`, `2023-11`, `2023-W47` (ISO: from Monday, the first
 * week holds January 4), `2023-11-D1` .. `D3` or `2023-11-上旬` (1-10, 11-20, 21-end), `2023-11-23`. */
bool civil_parse_period(const char *s, size_t n, int32_t *from, int32_t *to);

#define CIVIL_DAY_TEXT 12
#define CIVIL_INSTANT_TEXT 32
void civil_day_text(int32_t day, char out[CIVIL_DAY_TEXT]);            /* 2026-11-23 */
void civil_instant_text(int64_t ms, char out[CIVIL_INSTANT_TEXT]);     /* ...T09:38:12.345+08:00 */

#endif
