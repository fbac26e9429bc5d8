#include "schema/books_catalogue.h"

#include "core/civil.h"
#include "schema/books_sql.h"

static int32_t day_or_open(sqlite3_stmt *q, int col)
{
	return sqlite3_column_type(q, col) == SQLITE_NULL ? BOOKS_OPEN : sqlite3_column_int(q, col);
}

enum err books_categories(struct store *st, int64_t *left, void (*row)(void *ctx, const struct books_category *c), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT class, code, name, name_en, parent, severity, deadline, deadline_unit, photo_before, "
		"photo_after, valid_from, valid_to FROM category WHERE until IS NULL ORDER BY class, code");
	int64_t n = 0;
	enum err e;

	while ((e = sql_row(q)) == OK) {
		struct books_category c = {.klass = sql_cstr(q, 0), .code = sql_cstr(q, 1), .name = sql_cstr(q, 2),
			.name_en = sql_cstr(q, 3), .parent = sql_cstr(q, 4), .severity = sqlite3_column_int(q, 5),
			.deadline = books_ms(q, 6), .unit = sql_cstr(q, 7), .photo_before = sqlite3_column_int(q, 8) != 0,
			.photo_after = sqlite3_column_int(q, 9) != 0, .from = day_or_open(q, 10), .to = day_or_open(q, 11)};

		if (++n <= BOOKS_ROWS_MAX)
			row(ctx, &c);
	}
	*left = n > BOOKS_ROWS_MAX ? n - BOOKS_ROWS_MAX : 0;
	return sql_end(q, e);
}

enum err books_duty_rules(struct store *st, int64_t *left, void (*row)(void *ctx, const struct books_duty_rule *r), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT rule, role, level, target, period, months, count, count_unit, min_minutes, min_metres, "
		"min_gap_hours, min_coverage, substitute, delegate, valid_from, valid_to FROM duty WHERE until IS NULL ORDER BY rule, role, level");
	int64_t n = 0;
	enum err e;

	while ((e = sql_row(q)) == OK) {
		int months = sqlite3_column_int(q, 5);
		struct books_duty_rule r = {.rule = sql_cstr(q, 0), .role = sql_cstr(q, 1), .level = sql_cstr(q, 2),
			.target = sql_cstr(q, 3), .period = sql_cstr(q, 4), .month_first = months / 100,
			.month_last = months % 100, .count = sqlite3_column_int64(q, 6), .unit = sql_cstr(q, 7),
			.min_minutes = books_ms(q, 8), .min_metres = books_ms(q, 9), .min_gap_hours = books_ms(q, 10),
			.min_coverage = books_ms(q, 11), .substitute = sqlite3_column_int(q, 12) != 0,
			.delegate = sqlite3_column_int(q, 13) != 0, .from = day_or_open(q, 14), .to = day_or_open(q, 15)};

		if (++n <= BOOKS_ROWS_MAX)
			row(ctx, &r);
	}
	*left = n > BOOKS_ROWS_MAX ? n - BOOKS_ROWS_MAX : 0;
	return sql_end(q, e);
}

enum err books_calendar(struct store *st, int64_t *left, void (*row)(void *ctx, const struct books_calendar_day *d), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT day, kind FROM calendar WHERE until IS NULL ORDER BY day");
	int64_t n = 0;
	enum err e;

	while ((e = sql_row(q)) == OK) {
		struct books_calendar_day d = {sqlite3_column_int(q, 0), sql_cstr(q, 1)};

		if (++n <= BOOKS_ROWS_MAX)
			row(ctx, &d);
	}
	*left = n > BOOKS_ROWS_MAX ? n - BOOKS_ROWS_MAX : 0;
	return sql_end(q, e);
}

enum err books_years(struct store *st, void (*row)(void *ctx, const struct books_year *y), void *ctx)
{
	sqlite3_stmt *q = sql_get(st, "SELECT day, kind = 'makeup' FROM calendar WHERE until IS NULL ORDER BY day");
	struct books_year y = {0, 0, 0};
	enum err e;

	while ((e = sql_row(q)) == OK) {
		int year, month, day;

		civil_split(sqlite3_column_int(q, 0), &year, &month, &day);
		if (year != y.year) {
			if (y.year)
				row(ctx, &y);
			y = (struct books_year){year, 0, 0};
		}
		*(sqlite3_column_int(q, 1) ? &y.makeups : &y.holidays) += 1;
	}
	if ((e = sql_end(q, e)) == OK && y.year)
		row(ctx, &y);
	return e;
}
