#include "schema/dutysums.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/area.h"
#include "core/civil.h"
#include "schema/duties.h"
#include "schema/sql.h"

#define PEOPLE 5000 /* read in one call */
#define MONTHS 1200 /* of a period: a hundred years */
#define STRETCH 40000 /* patrols of the days that are read at once: some 30 ms */

struct each {
	const struct duty_sums_ask *ask;
	int32_t *frozen; /* yyyymm, ascending */
	size_t nfrozen;
	duty_sums_row *row;
	void *ctx;
};

static int by_month(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static enum err read_frozen(struct store *st, struct each *s)
{
	sqlite3_stmt *q = sql_get(st, "SELECT month FROM freeze WHERE month BETWEEN ? AND ? ORDER BY month LIMIT 1200");
	enum err e;

	s->frozen = xcalloc(MONTHS, sizeof *s->frozen);
	sql_int(q, 1, civil_yyyymmdd(s->ask->from_day) / 100);
	sql_int(q, 2, civil_yyyymmdd(s->ask->to_day) / 100);
	while ((e = sql_row(q)) == OK)
		s->frozen[s->nfrozen++] = sqlite3_column_int(q, 0);
	return sql_end(q, e);
}

static bool all_frozen(const struct each *s)
{
	int32_t from = civil_yyyymmdd(s->ask->from_day) / 100, last = civil_yyyymmdd(s->ask->to_day - 1) / 100;
	size_t months = (size_t)((last / 100 - from / 100) * 12 + last % 100 - from % 100 + 1), n = 0;

	for (size_t i = 0; i < s->nfrozen; i++)
		n += s->frozen[i] <= last;
	return n == months;
}

static void one(void *ctx, const struct duty_row *r)
{
	const struct each *s = ctx;
	int32_t day = r->i.span.last, month = civil_yyyymmdd(day) / 100;

	if (r->state != DUTY_MET && r->state != DUTY_OVERDUE)
		return;
	if (s->ask->within && !area_covers(slice_of(s->ask->within), slice_of(r->area)))
		return;
	if (s->nfrozen && bsearch(&month, s->frozen, s->nfrozen, sizeof month, by_month))
		return;
	s->row(s->ctx, r->person, r->level, r->area, day, r->state == DUTY_MET, r->state == DUTY_OVERDUE);
}

/* What ends later has not begun: it is neither met nor overdue. */
static int32_t last_day(const struct duty_sums_ask *ask)
{
	int32_t last = ask->to_day - 1, decided = civil_day(ask->at_ms) + duty_period_longest(PERIOD_YEAR);

	return last > decided ? decided : last;
}

static enum err many_patrols(struct store *st, int32_t from, int32_t to, bool *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT count(*) FROM (SELECT 1 FROM patrol WHERE start_at >= ? AND start_at < ? LIMIT ?)");
	enum err e;

	sql_int(q, 1, civil_day_ms(from));
	sql_int(q, 2, civil_day_ms(to));
	sql_int(q, 3, STRETCH + 1);
	if ((e = sql_row(q)) == OK)
		*out = sqlite3_column_int64(q, 0) > STRETCH;
	sql_done(q);
	return e;
}

/* Up to the end of the year, or of the month when that would be much at once. */
static enum err next_stretch(struct store *st, struct duty_sums_at *at, int32_t last)
{
	int32_t year = civil_year_first(civil_year_first(at->day) + 366) - 1, month = civil_month_first(civil_month_first(at->day) + 31) - 1;
	bool many;
	enum err e;

	at->person[0] = '\0';
	at->end = year < last ? year : last;
	if ((e = many_patrols(st, at->day, at->end + 1, &many)) == OK && many) {
		at->end = month < last ? month : last;
		e = many_patrols(st, at->day, at->end + 1, &many);
	}
	at->few = !many;
	return e;
}

static enum err begin(struct store *st, struct each *s)
{
	return s->ask->from_day < s->ask->to_day && !s->ask->all ? read_frozen(st, s) : OK;
}

static bool nothing(const struct each *s)
{
	return s->ask->from_day >= s->ask->to_day || (!s->ask->all && all_frozen(s));
}

enum err duty_sums_some(struct store *st, const struct duty_sums_ask *ask, struct duty_sums_at *at, int64_t until_mono_ms, duty_sums_row *row, void *ctx)
{
	struct each s = {.ask = ask, .row = row, .ctx = ctx};
	int32_t last = last_day(ask);
	enum err e = begin(st, &s);

	if (e == OK && (nothing(&s) || ask->from_day > last))
		at->over = true;
	if (e == OK && !at->over && !at->begun) {
		at->day = ask->from_day;
		e = next_stretch(st, at, last);
	}
	at->begun = true;
	for (bool first = true; e == OK && !at->over && (first || !until_mono_ms || clock_mono_ms() < until_mono_ms); first = false) {
		struct duties_page page = {.after = at->person, .people = PEOPLE, .most = at->few, .until_mono_ms = until_mono_ms};

		if ((e = duties_history(st, ask->within ? ask->within : ask->scope, REGISTRY_NOW, at->day, at->end, ask->at_ms, &page, one, &s)) != OK)
			break;
		slice_copy(at->person, sizeof at->person, slice_of(page.last));
		if (page.more)
			continue;
		at->day = at->end + 1;
		at->over = at->day > last;
		if (!at->over)
			e = next_stretch(st, at, last);
	}
	free(s.frozen);
	return e;
}

enum err duty_sums_people(struct store *st, const struct duty_sums_ask *ask, const char *people, int n, int64_t until_mono_ms, int *read,
	duty_sums_row *row, void *ctx)
{
	struct each s = {.ask = ask, .row = row, .ctx = ctx};
	struct duties_page page = {.after = "", .people = n, .these = people, .until_mono_ms = until_mono_ms};
	enum err e = begin(st, &s);

	*read = n;
	if (e == OK && n && !nothing(&s)) {
		e = duties_history(st, ask->within ? ask->within : ask->scope, REGISTRY_NOW, ask->from_day, last_day(ask), ask->at_ms, &page, one, &s);
		*read = page.read;
	}
	free(s.frozen);
	return e;
}

enum err duty_sums_each(struct store *st, const struct duty_sums_ask *ask, duty_sums_row *row, void *ctx)
{
	struct duty_sums_at at = {.begun = false};
	enum err e = OK;

	while (e == OK && !at.over)
		e = duty_sums_some(st, ask, &at, 0, row, ctx);
	return e;
}
