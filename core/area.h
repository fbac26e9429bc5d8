/* area.h - codes of places.  6 district, 9 town, 12 community, 15 grid digits; a prefix is the
 * parent.  A reach code holds a letter (domain page, section 2). */
#ifndef XUNGE_CORE_AREA_H
#define XUNGE_CORE_AREA_H

#include <stdbool.h>

#include "base/slice.h"

enum area_level { AREA_NONE = 0, AREA_DISTRICT = 6, AREA_TOWN = 9, AREA_COMMUNITY = 12, AREA_GRID = 15 };

#define AREA_CODE_MAX 15
#define REACH_CODE_MAX 32

enum area_level area_level(struct slice code); /* AREA_NONE: no area code */
bool area_is_reach(struct slice code);         /* 1..32 of [0-9A-Za-z_-] with a letter */
bool area_covers(struct slice scope, struct slice area); /* scope is area, or its ancestor; "*" covers all */
const char *area_level_name(enum area_level l); /* "district" ...; "" for AREA_NONE */

#endif
