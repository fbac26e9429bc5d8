#include "core/area.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum area_level area_level(struct slice code)
{
	if (code.n != AREA_DISTRICT && code.n != AREA_TOWN && code.n != AREA_COMMUNITY &&
		code.n != AREA_GRID)
		return AREA_NONE;
	for (uint32_t i = 0; i < code.n; i++)
		if (!is_digit(code.p[i]))
			return AREA_NONE;
	return (enum area_level)code.n;
}

bool area_is_reach(struct slice code)
{
	bool letter = false;

	if (code.n < 1 || code.n > REACH_CODE_MAX)
		return false;
	for (uint32_t i = 0; i < code.n; i++) {
		char c = code.p[i];

		if (is_letter(c))
			letter = true;
		else if (!is_digit(c) && c != '_' && c != '-')
			return false;
	}
	return letter;
}

bool area_covers(struct slice scope, struct slice area)
{
	if (slice_is(scope, "*"))
		return true;
	if (area_level(scope) == AREA_NONE || area_level(area) == AREA_NONE)
		return scope.n > 0 && slice_eq(scope, area);
	return slice_starts(area, scope);
}

const char *area_level_name(enum area_level l)
{
	switch (l) {
	case AREA_DISTRICT:
		return "district";
	case AREA_TOWN:
		return "town";
	case AREA_COMMUNITY:
		return "community";
	case AREA_GRID:
		return "grid";
	case AREA_NONE:
		break;
	}
	return "";
}
