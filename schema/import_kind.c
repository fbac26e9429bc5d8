#include "schema/import_kind.h"

#include <ctype.h>
#include <stdio.h>

#include "core/area.h"
#include "core/civil.h"
#include "core/duty.h"
#include "schema/import.h"

const char *const import_kinds[] = {"areas", "reaches", "people", "appointments", "exemptions", "categories",
	"duties", "calendar", "map", NULL};

#define KEY .key = true, .needed = true
#define NEED .needed = true
#define ROLES "worker patroller chief office centre handler verifier leader district admin"
#define LEVELS "district town community grid"
#define VALID_FROM {.name = "valid_from", .type = IMPORT_DAY}
#define VALID_TO {.name = "valid_to", .type = IMPORT_DAY}

static const struct import_kind kinds[] = {
	{"areas", "area", true,
		{
			{.name = "code", .type = IMPORT_AREA, KEY},
			{.name = "name", .type = IMPORT_TEXT, NEED, .hi = 200},
			VALID_FROM,
			VALID_TO,
		},
		4},
	{"reaches", "reach", false,
		{
			{.name = "code", .type = IMPORT_REACH, KEY},
			{.name = "name", .type = IMPORT_TEXT, NEED, .hi = 200},
			{.name = "river", .type = IMPORT_TEXT, .hi = 200, .empty = "''"},
			{.name = "kind", .type = IMPORT_WORD, NEED, .words = "river gully lake canal road"},
			{.name = "area", .type = IMPORT_AREA, NEED},
			{.name = "length_m", .type = IMPORT_INT, .lo = 1, .hi = 10000000},
		},
		6},
	{"people", "person", false,
		{
			{.name = "id", .type = IMPORT_ID, KEY},
			{.name = "name", .type = IMPORT_TEXT, NEED, .hi = 200},
			{.name = "phone", .type = IMPORT_TEXT, .hi = 40, .empty = "''"},
		},
		3},
	{"appointments", "appointment", false,
		{
			{.name = "person", .type = IMPORT_ID, KEY},
			{.name = "role", .type = IMPORT_WORD, KEY, .words = ROLES},
			{.name = "scope", .type = IMPORT_PLACE, KEY},
			{.name = "valid_from", .type = IMPORT_DAY, .key = true, .empty = "-2147483648"},
			{.name = "level", .type = IMPORT_WORD, NEED, .words = LEVELS},
			VALID_TO,
		},
		6},
	{"exemptions", "exemption", false,
		{
			{.name = "person", .type = IMPORT_ID, KEY},
			{.name = "rule", .type = IMPORT_CODE, .key = true, .empty = "''"},
			{.name = "target", .type = IMPORT_PLACE, .key = true, .empty = "''"},
			{.name = "from", .column = "valid_from", .type = IMPORT_DAY, .key = true, .empty = "-2147483648"},
			{.name = "to", .column = "valid_to", .type = IMPORT_DAY},
			{.name = "reason", .type = IMPORT_TEXT, NEED, .hi = 1000},
		},
		6},
	{"categories", "category", false,
		{
			{.name = "class", .type = IMPORT_WORD, KEY, .words = "hazard finding appeal dispute rectify topic work"},
			{.name = "code", .type = IMPORT_CODE, KEY},
			{.name = "name", .type = IMPORT_TEXT, NEED, .hi = 200},
			{.name = "name_en", .type = IMPORT_TEXT, .hi = 200, .empty = "''"},
			{.name = "parent", .type = IMPORT_CODE, .empty = "''"},
			{.name = "severity", .type = IMPORT_INT, .lo = 1, .hi = 4},
			{.name = "deadline", .type = IMPORT_INT, .lo = 1, .hi = 100000},
			{.name = "deadline_unit", .type = IMPORT_WORD, .words = "work_hour work_day hour day", .empty = "''"},
			{.name = "photo_before", .type = IMPORT_BOOL, .empty = "0"},
			{.name = "photo_after", .type = IMPORT_BOOL, .empty = "0"},
			VALID_FROM,
			VALID_TO,
		},
		12},
	{"duties", "duty", false,
		{
			{.name = "rule", .type = IMPORT_CODE, KEY},
			{.name = "role", .type = IMPORT_WORD, KEY, .words = ROLES},
			{.name = "level", .type = IMPORT_WORD, KEY, .words = LEVELS},
			{.name = "target", .type = IMPORT_WORD, NEED, .words = "each any"},
			{.name = "period", .type = IMPORT_WORD, NEED,
				.words = "day week tenday halfmonth month twomonths quarter year"},
			{.name = "months", .type = IMPORT_MONTHS, .empty = "112"},
			{.name = "count", .type = IMPORT_INT, NEED, .lo = 1, .hi = 1000},
			{.name = "count_unit", .type = IMPORT_WORD, .words = "times days", .empty = "'times'"},
			{.name = "min_minutes", .type = IMPORT_INT, .lo = 0, .hi = 1440},
			{.name = "min_metres", .type = IMPORT_INT, .lo = 0, .hi = 1000000},
			{.name = "min_gap_hours", .type = IMPORT_INT, .lo = 0, .hi = 8784},
			{.name = "min_coverage", .type = IMPORT_SHARE},
			{.name = "substitute", .type = IMPORT_BOOL, .empty = "0"},
			{.name = "delegate", .type = IMPORT_BOOL, .empty = "0"},
			VALID_FROM,
			VALID_TO,
		},
		16},
	{"calendar", "calendar", false,
		{
			{.name = "date", .column = "day", .type = IMPORT_DAY, KEY},
			{.name = "kind", .type = IMPORT_WORD, NEED, .words = "holiday makeup"},
		},
		2},
	{"map", "shape", true,
		{
			{.name = "code", .type = IMPORT_PLACE, KEY},
			{.name = "geometry", .column = "geojson", .type = IMPORT_SHAPE, NEED},
		},
		2},
};

const struct import_kind *import_kind(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

uint32_t import_kind_column(const struct import_kind *k, const char *name)
{
	uint32_t i = 0;

	while (i < k->n && strcmp(k->column[i].name, name) != 0)
		i++;
	return i;
}

const char *import_column_name(const struct import_column *c)
{
	return c->column ? c->column : c->name;
}

bool import_type_is_int(enum import_type t)
{
	return t == IMPORT_DAY || t == IMPORT_INT || t == IMPORT_BOOL || t == IMPORT_MONTHS || t == IMPORT_SHARE;
}

/* ---------------------------------------------------------------- cells */

static bool is_blank(const char *p, uint32_t n, uint32_t *len)
{
	*len = 1;
	if (n >= 1 && (*p == ' ' || *p == '\t'))
		return true;
	*len = 3; /* U+3000, the blank of Chinese input methods */
	if (n >= 3 && memcmp(p, "\xe3\x80\x80", 3) == 0)
		return true;
	*len = 2; /* U+00A0, the blank of spreadsheets */
	return n >= 2 && memcmp(p, "\xc2\xa0", 2) == 0;
}

static struct slice trim(struct slice s)
{
	uint32_t len;

	while (s.n && is_blank(s.p, s.n, &len)) {
		s.p += len;
		s.n -= len;
	}
	for (;;) {
		if (s.n >= 1 && is_blank(s.p + s.n - 1, 1, &len))
			s.n -= 1;
		else if (s.n >= 2 && is_blank(s.p + s.n - 2, 2, &len) && len == 2)
			s.n -= 2;
		else if (s.n >= 3 && is_blank(s.p + s.n - 3, 3, &len) && len == 3)
			s.n -= 3;
		else
			return s;
	}
}

/* 9.90101E+14: what a spreadsheet makes of a long code, or of a telephone number. */
static bool is_shortened(struct slice s)
{
	uint32_t i = 0, digits = 0;

	for (; i < s.n && (isdigit((unsigned char)s.p[i]) || s.p[i] == '.'); i++)
		digits += s.p[i] != '.';
	if (!digits || i >= s.n || (s.p[i] != 'E' && s.p[i] != 'e') || ++i >= s.n)
		return false;
	if (s.p[i++] != '+')
		return false;
	digits = i;
	while (i < s.n && isdigit((unsigned char)s.p[i]))
		i++;
	return i == s.n && i > digits;
}

static bool is_plain(struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool is_code(struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return s.n >= 1 && s.n <= 64;
}

static bool whole(struct slice s, int64_t *out)
{
	uint32_t i = s.n > 1 && s.p[0] == '-';
	int64_t v = 0;

	if (s.n < 1 || s.n > 15 || i == s.n)
		return false;
	for (uint32_t k = i; k < s.n; k++) {
		if (!isdigit((unsigned char)s.p[k]))
			return false;
		v = v * 10 + (s.p[k] - '0');
	}
	*out = i ? -v : v;
	return true;
}

static bool word_in(const char *words, struct slice s)
{
	const char *w = words;

	while (*w) {
		uint32_t n = (uint32_t)strcspn(w, " ");

		if (slice_eq((struct slice){w, n}, s))
			return true;
		w += n + (w[n] == ' ');
	}
	return false;
}

static bool months(struct slice s, int64_t *out)
{
	const char *dash = memchr(s.p, '-', s.n);
	int64_t a, b;

	if (!dash)
		return false;
	if (!whole((struct slice){s.p, (uint32_t)(dash - s.p)}, &a) ||
		!whole((struct slice){dash + 1, (uint32_t)(s.p + s.n - dash - 1)}, &b) || a < 1 || a > b || b > 12)
		return false;
	*out = a * 100 + b;
	return true;
}

/* 80, 80%, 0.8: thousandths.  A bare 1 could mean 1 % or all: refused. */
static bool share(struct slice s, int64_t *out)
{
	const char *dot = memchr(s.p, '.', s.n);
	int64_t v, part = 0, unit = 1000;
	bool percent = s.p[s.n - 1] == '%';

	if (percent)
		s.n--;
	if (!dot) {
		if (!whole(s, &v) || v < 0 || v > 100 || (!percent && v == 1))
			return false;
		*out = v * 10;
		return true;
	}
	if (percent || !whole((struct slice){s.p, (uint32_t)(dot - s.p)}, &v) || v < 0 || v > 1 ||
		s.p + s.n - dot < 2 || s.p + s.n - dot > 4)
		return false;
	for (const char *p = dot + 1; p < s.p + s.n; p++) {
		if (!isdigit((unsigned char)*p))
			return false;
		unit /= 10;
		part += (*p - '0') * unit;
	}
	*out = v * 1000 + part;
	return *out <= 1000;
}

static bool say(char fault[IMPORT_FAULT], struct slice s, const char *want)
{
	char seen[64];
	uint32_t n = s.n < 40 ? s.n : 40;

	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--; /* no half characters */
	(void)snprintf(seen, sizeof seen, "%.*s%s", (int)n, s.p, n < s.n ? "..." : ""); /* fits */
	for (char *p = seen; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	(void)snprintf(fault, IMPORT_FAULT, "\"%s\": %s", seen, want); /* cut */
	return false;
}

static bool bad_code(char fault[IMPORT_FAULT], struct slice s, const char *want)
{
	if (is_shortened(s))
		want = "a code or number that a spreadsheet shortened: its digits are lost, "
		       "make the column text and save it again";
	return say(fault, s, want);
}

bool import_value(const struct import_column *c, struct slice cell, struct import_value *out,
	char fault[IMPORT_FAULT])
{
	static const char *const yes[] = {"yes", "true", "1", "y", "是"}, *const no[] = {"no", "false", "0", "n", "否"};
	struct slice s = trim(cell);
	char want[IMPORT_FAULT];
	int32_t day;

	*out = (struct import_value){.empty = s.n == 0, .s = s};
	if (s.n == 0) {
		if (c->needed)
			(void)snprintf(fault, IMPORT_FAULT, "is empty");
		return !c->needed;
	}
	switch (c->type) {
	case IMPORT_AREA:
		return area_level(s) != AREA_NONE || bad_code(fault, s, "want an area code of 6, 9, 12 or 15 digits");
	case IMPORT_REACH:
		return area_is_reach(s) ||
			bad_code(fault, s, "want a reach code, 1 to 32 of 0-9 A-Z a-z _ - with a letter");
	case IMPORT_PLACE:
		return area_level(s) != AREA_NONE || area_is_reach(s) ||
			bad_code(fault, s, "want an area code of 6, 9, 12 or 15 digits, or a reach code");
	case IMPORT_ID:
		if (is_shortened(s))
			return bad_code(fault, s, "");
		return (s.n <= 64 && is_plain(s)) || say(fault, s, "want at most 64 bytes without control characters");
	case IMPORT_CODE:
		return is_code(s) || bad_code(fault, s, "want 1 to 64 of 0-9 A-Z a-z _ -");
	case IMPORT_TEXT:
		if (s.n > (uint64_t)c->hi) {
			(void)snprintf(want, sizeof want, "%u bytes, the bound is %lld", s.n, (long long)c->hi);
			return say(fault, s, want);
		}
		if (is_shortened(s))
			return bad_code(fault, s, "");
		return is_plain(s) || say(fault, s, "has a line break, tab or other control character");
	case IMPORT_WORD:
		if (word_in(c->words, s))
			return true;
		(void)snprintf(want, sizeof want, "want one of %s", c->words); /* fits */
		return say(fault, s, want);
	case IMPORT_DAY:
		if (!civil_parse_day(s.p, s.n, &day))
			return say(fault, s, "want a date like 2023-01-05 or 2023/1/5");
		out->i = day;
		return true;
	case IMPORT_INT:
		if (whole(s, &out->i) && out->i >= c->lo && out->i <= c->hi)
			return true;
		(void)snprintf(want, sizeof want, "want a whole number from %lld to %lld", (long long)c->lo, (long long)c->hi);
		return say(fault, s, want);
	case IMPORT_BOOL:
		for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
			if ((out->i = slice_is(s, yes[i])) || slice_is(s, no[i]))
				return true;
		/* Excel's own writing of them. */
		if ((out->i = slice_is(s, "TRUE")) || slice_is(s, "FALSE"))
			return true;
		return say(fault, s, "want yes or no");
	case IMPORT_MONTHS:
		return months(s, &out->i) ||
			say(fault, s, "want months like 3-12 (as text: a spreadsheet takes it for a date)");
	case IMPORT_SHARE:
		return share(s, &out->i) || say(fault, s, "want a share like 80% or 0.8");
	case IMPORT_SHAPE:
		break;
	}
	return true;
}

/* A rule that each of its periods rounds down to nothing would never be missed. */
static bool rule_is_owed(const struct import_value *period, const struct import_value *months, const struct import_value *count)
{
	struct duty_rule r = {.each = true, .period = duty_period_of(period->s), .count = count->i,
		.month_first = months->empty ? 1 : (int)months->i / 100, .month_last = months->empty ? 12 : (int)months->i % 100};
	const struct duty_span year = duty_span_of(PERIOD_YEAR, civil_day(0));
	const struct duty d = {.version = &r, .nversion = 1, .each = true, .held = &year, .nheld = 1};
	struct duty_instance i = {0};

	r.from = year.first;
	r.to = year.last;
	for (struct duty_span s = duty_span_of(r.period, year.first); s.first <= year.last && i.need == 0;
		s = duty_span_next(r.period, s))
		duty_instance(&d, r.period, s.first < year.first ? year.first : s.first, &i);
	return i.need > 0;
}

/* A rule of distinct days asks for no more than its period has; one of few months for something. */
static bool rule_is_possible(const struct import_kind *k, const struct import_value *v, uint32_t *column, char fault[IMPORT_FAULT])
{
	uint32_t period = import_kind_column(k, "period"), count = import_kind_column(k, "count"),
		 unit = import_kind_column(k, "count_unit"), months_at = import_kind_column(k, "months");

	if (period == k->n || count == k->n || unit == k->n || months_at == k->n || v[count].empty || v[period].empty)
		return true;
	*column = count;
	if (slice_is(v[unit].s, "days") && v[count].i > duty_period_longest(duty_period_of(v[period].s))) {
		(void)snprintf(fault, IMPORT_FAULT, "a %.*s has no %lld days", (int)v[period].s.n, v[period].s.p,
			(long long)v[count].i); /* fits */
		return false;
	}
	if (rule_is_owed(&v[period], &v[months_at], &v[count]))
		return true;
	(void)snprintf(fault, IMPORT_FAULT, "%lld in a %.*s comes to less than half of one in the months %.*s: take a shorter period",
		(long long)v[count].i, (int)v[period].s.n, v[period].s.p, (int)v[months_at].s.n, v[months_at].s.p); /* fits */
	return false;
}

bool import_row_check(const struct import_kind *k, const struct import_value *v, uint32_t *column,
	char fault[IMPORT_FAULT])
{
	uint32_t from = k->n, to = k->n, amount = k->n, unit = k->n;

	for (uint32_t i = 0; i < k->n; i++) {
		const char *name = import_column_name(&k->column[i]);

		if (strcmp(name, "valid_from") == 0)
			from = i;
		else if (strcmp(name, "valid_to") == 0)
			to = i;
		else if (strcmp(name, "deadline") == 0)
			amount = i;
		else if (strcmp(name, "deadline_unit") == 0)
			unit = i;
	}
	if (from < k->n && to < k->n && !v[from].empty && !v[to].empty && v[from].i > v[to].i) {
		*column = to;
		(void)snprintf(fault, IMPORT_FAULT, "is before %s", k->column[from].name); /* fits */
		return false;
	}
	if (amount < k->n && v[amount].empty != v[unit].empty) {
		*column = v[amount].empty ? amount : unit;
		(void)snprintf(fault, IMPORT_FAULT, "is empty: a deadline is an amount and a unit"); /* fits */
		return false;
	}
	return rule_is_possible(k, v, column, fault);
}
