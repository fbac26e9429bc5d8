#include "schema/dutysums.h"

#include <stdlib.h>
#include <string.h>

#include "core/area.h"
#include "core/civil.h"
#include "schema/duties.h"
#include "schema/sql.h"

#define PEOPLE 5000 /* read in one call */
#define MONTHS 1200 /* of a period: a hundred years */

struct each {
	const char *within;
	int32_t *frozen; /* yyyymm, ascending */
	size_t nfrozen;
	void (*row)(void *ctx, const char *level, const char *area, int32_t day, int met, int overdue);
	void *ctx;
};

static int by_month(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static enum err read_frozen(struct store *st, int32_t from_day, int32_t to_day, struct each *s)
{
	sqlite3_stmt *q = sql_get(st, "SELECT month FROM freeze WHERE month BETWEEN ? AND ? ORDER BY month LIMIT 1200");
	enum err e;

	s->frozen = xcalloc(MONTHS, sizeof *s->frozen);
	sql_int(q, 1, civil_yyyymmdd(from_day) / 100);
	sql_int(q, 2, civil_yyyymmdd(to_day) / 100);
	while ((e = sql_row(q)) == OK)
		s->frozen[s->nfrozen++] = sqlite3_column_int(q, 0);
	return sql_end(q, e);
}

static bool all_frozen(const struct each *s, int32_t from_day, int32_t to_day)
{
	int32_t from = civil_yyyymmdd(from_day) / 100, last = civil_yyyymmdd(to_day - 1) / 100;
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
	if (s->within && !area_covers(slice_of(s->within), slice_of(r->area)))
		return;
	if (s->nfrozen && bsearch(&month, s->frozen, s->nfrozen, sizeof month, by_month))
		return;
	s->row(s->ctx, r->level, r->area, day, r->state == DUTY_MET, r->state == DUTY_OVERDUE);
}

static enum err walk(struct store *st, const char *scope, int32_t from_day, int32_t to_day, int64_t at_ms, struct each *s)
{
	struct duties_page page = {.after = "", .people = PEOPLE, .most = true, .more = true};
	int32_t last = to_day - 1, decided = civil_day(at_ms) + duty_period_longest(PERIOD_YEAR);
	char after[65] = "";
	enum err e = OK;

	if (last > decided) /* what ends later has not begun: it is neither met nor overdue */
		last = decided;

	while (e == OK && page.more) {
		page.after = after;
		e = duties_history(st, s->within ? s->within : scope, REGISTRY_NOW, from_day, last, at_ms, &page, one, s);
		slice_copy(after, sizeof after, slice_of(page.last));
	}
	return e;
}

enum err duty_sums_each(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, const char *area, int32_t day, int met, int overdue), void *ctx)
{
	struct each s = {.within = within, .row = row, .ctx = ctx};
	enum err e;

	if (from_day >= to_day)
		return OK;
	if ((e = read_frozen(st, from_day, to_day, &s)) == OK && !all_frozen(&s, from_day, to_day))
		e = walk(st, scope, from_day, to_day, at_ms, &s);
	free(s.frozen);
	return e;
}

#define LEVELS 5

struct sums {
	char level[LEVELS][12];
	int64_t met[LEVELS], overdue[LEVELS];
	size_t n;
};

static void add(void *ctx, const char *level, const char *area, int32_t day, int met, int overdue)
{
	struct sums *s = ctx;
	size_t i = 0;

	(void)area;
	(void)day;
	while (i < s->n && strcmp(s->level[i], level) != 0)
		i++;
	if (i == LEVELS)
		return; /* there are four levels, and none */
	if (i == s->n)
		slice_copy(s->level[s->n++], sizeof s->level[0], slice_of(level));
	s->met[i] += met;
	s->overdue[i] += overdue;
}

static void tell(const struct sums *s, void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx)
{
	for (size_t i = 0; i < s->n; i++)
		row(ctx, s->level[i], s->met[i], s->overdue[i]);
}

enum err duty_sums(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx)
{
	struct sums s = {.n = 0};
	enum err e = duty_sums_each(st, scope, within, from_day, to_day, at_ms, add, &s);

	if (e == OK)
		tell(&s, row, ctx);
	return e;
}

enum err duty_sums_all(struct store *st, const char *scope, const char *within, int32_t from_day, int32_t to_day, int64_t at_ms,
	void (*row)(void *ctx, const char *level, int64_t met, int64_t overdue), void *ctx)
{
	struct sums s = {.n = 0};
	struct each each = {.within = within, .row = add, .ctx = &s};
	enum err e = from_day < to_day ? walk(st, scope, from_day, to_day, at_ms, &each) : OK;

	if (e == OK)
		tell(&s, row, ctx);
	return e;
}
