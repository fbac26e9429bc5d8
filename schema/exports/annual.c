#include "schema/exports/annual.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/exports/sink.h"

/* ------------------------------------------------------------------ values */

static char *copy(const char *s)
{
	return xstrdup(s ? s : "");
}

void annual_take(struct annual_set *to, const struct figure_value *v)
{
	struct annual_value *a;

	if (to->n == to->cap) {
		to->cap = to->cap ? to->cap * 2 : 64;
		to->v = xrealloc(to->v, to->cap * sizeof *to->v);
	}
	a = &to->v[to->n++];
	*a = (struct annual_value){.figure = copy(v->f->id), .name = copy(v->name), .unit = copy(v->unit), .level = copy(v->level),
		.category = copy(v->category), .category_name = copy(v->category_name), .definition = copy(v->definition),
		.has = v->has, .approx = v->approx, .num = v->num, .den = v->den};
	memcpy(a->value, v->value, sizeof a->value);
	memcpy(a->display, v->display, sizeof a->display);
}

static void set_done(struct annual_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct annual_value *v = &s->v[i];

		free(v->figure);
		free(v->name);
		free(v->unit);
		free(v->level);
		free(v->category);
		free(v->category_name);
		free(v->definition);
	}
	free(s->v);
	*s = (struct annual_set){0};
}

const struct annual_value *annual_find(const struct annual_set *s, const char *figure, const char *level, const char *category)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].figure, figure) == 0 && strcmp(s->v[i].level, level) == 0 &&
			strcmp(s->v[i].category, category) == 0)
			return &s->v[i];
	return NULL;
}

void annual_correct(struct annual *a, const struct annual_correction *c)
{
	if (a->corrections == a->corrections_cap) {
		a->corrections_cap = a->corrections_cap ? a->corrections_cap * 2 : 16;
		a->correction = xrealloc(a->correction, a->corrections_cap * sizeof *a->correction);
	}
	a->correction[a->corrections++] = (struct annual_correction){.figure = copy(c->figure), .name = copy(c->name),
		.unit = copy(c->unit), .level = copy(c->level), .category = copy(c->category),
		.category_name = copy(c->category_name), .before = copy(c->before),
		.after = copy(c->after), .events = copy(c->events), .month = c->month, .frozen = c->frozen, .commit = c->commit,
		.events_n = c->events_n};
}

void annual_done(struct annual *a)
{
	set_done(&a->now);
	set_done(&a->was);
	for (size_t i = 0; i < a->corrections; i++) {
		struct annual_correction *c = &a->correction[i];

		free(c->figure);
		free(c->name);
		free(c->unit);
		free(c->level);
		free(c->category);
		free(c->category_name);
		free(c->before);
		free(c->after);
		free(c->events);
	}
	free(a->correction);
	for (size_t i = 0; i < a->rows; i++)
		free(a->row[i].text);
	free(a->row);
	buf_done(&a->text);
	*a = (struct annual){0};
}

/* ------------------------------------------------------------------ numbers of the paragraph */

static void add_row(struct annual *a, const struct annual_row *r)
{
	if (a->rows == a->rows_cap) {
		a->rows_cap = a->rows_cap ? a->rows_cap * 2 : 32;
		a->row = xrealloc(a->row, a->rows_cap * sizeof *a->row);
	}
	a->row[a->rows++] = *r;
}

static bool is_of(const struct annual_set *s, const struct annual_value *v)
{
	return s->n && v >= s->v && v < s->v + s->n;
}

void annual_number(struct annual *a, const char *clause, const struct annual_value *v, const char *fmt, ...)
{
	struct annual_row r = {.clause = clause, .v = v, .before = is_of(&a->was, v)};
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	r.text = xcalloc(1, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(r.text, (size_t)n + 1, fmt, ap); /* fits */
	va_end(ap);
	buf_adds(&a->text, r.text);
	add_row(a, &r);
}

static bool says_something(const struct annual_value *v)
{
	return v->has && (v->num != 0 || v->den != 0);
}

const struct annual_value *annual_total(const struct annual *a, const char *figure)
{
	const struct annual_value *v = annual_find(&a->now, figure, "", "");

	return v && says_something(v) ? v : NULL;
}

/* In a report the grave and the usual come first; codes that a town has of its own follow in the order of the figures. */
static const char *const usual[] = {
	"district", "town", "community", "grid",
	"river", "gully", "road", "burning",
	"fire", "construction", "traffic", "campus", "geology", "food_drug", "gas", "drowning",
	"burn_straw", "burn_waste", "burn_weeds", "burn_leaves", "dumping_check", "gas_check", "food_check",
	"window_bars", "overhead_cables", "ac_units", "wall_painting", "ad_cleaning", "parking_spaces", "bins", "chargers",
	"notice_boards", "greening",
};
#define REST ARRAY_LEN(usual)

static size_t rank_of(const struct annual_value *v)
{
	const char *code = *v->level ? v->level : v->category;

	for (size_t i = 0; i < REST; i++)
		if (strcmp(usual[i], code) == 0)
			return i;
	return strncmp(code + (strlen(code) > 6 ? strlen(code) - 6 : 0), "_other", 6) == 0 ? REST + 1 : REST;
}

/* *pos counts (rank, place) pairs: rank * n + place. */
const struct annual_value *annual_part(const struct annual *a, const char *figure, size_t *pos)
{
	size_t n = a->now.n;

	for (; n && *pos < (REST + 2) * n; (*pos)++) {
		const struct annual_value *v = &a->now.v[*pos % n];

		if (strcmp(v->figure, figure) != 0 || (!*v->level && !*v->category) || !says_something(v) || rank_of(v) != *pos / n)
			continue;
		(*pos)++;
		return v;
	}
	return NULL;
}

const char *annual_part_name(const struct annual_value *v)
{
	if (*v->category_name)
		return v->category_name;
	return *v->category ? v->category : v->level;
}

int annual_short(const struct annual_value *v)
{
	size_t n = strlen(v->display);

	return (int)(n > 3 && strcmp(v->display + n - 3, ".00") == 0 ? n - 3 : n);
}

bool annual_at_least(const struct annual_value *rate, int percent)
{
	return (__int128)rate->num * 100 >= (__int128)rate->den * percent;
}

int64_t annual_floor(const struct annual_value *rate, bool *exact)
{
	__int128 hundred = (__int128)rate->num * 100;

	*exact = hundred % rate->den == 0;
	return (int64_t)(hundred / rate->den);
}

const struct annual_value *annual_growth(const struct annual *a, const char *figure, char out[32], int *sign)
{
	const struct annual_value *now = annual_total(a, figure), *was = annual_find(&a->was, figure, "", "");
	struct buf shown = {0};
	int64_t more;

	if (!now || !was || !was->has || was->num <= 0 || now->den || was->den)
		return NULL;
	more = now->num - was->num;
	*sign = (more > 0) - (more < 0);
	sink_rate(&shown, more < 0 ? -more : more, was->num, 1);
	(void)snprintf(out, 32, "%s", shown.p); /* fits: 20 digits */
	buf_done(&shown);
	return was;
}

/* ------------------------------------------------------------------ the period */

static enum annual_period whole_months(const struct annual_dates *d)
{
	if (d->y1 != d->y2)
		return d->m1 == 1 && d->m2 == 12 ? ANNUAL_YEARS : ANNUAL_DAYS;
	if (d->m1 == 1 && d->m2 == 12)
		return ANNUAL_YEAR;
	if (d->m1 == d->m2)
		return ANNUAL_MONTH;
	return d->m1 % 3 == 1 && d->m2 == d->m1 + 2 ? ANNUAL_QUARTER : ANNUAL_MONTHS;
}

void annual_dates(const struct annual *a, struct annual_dates *out)
{
	civil_split(a->from_day, &out->y1, &out->m1, &out->d1);
	civil_split(a->to_day - 1, &out->y2, &out->m2, &out->d2);
	if (civil_month_first(a->from_day) == a->from_day && civil_month_first(a->to_day) == a->to_day)
		out->what = whole_months(out);
	else
		out->what = a->to_day - a->from_day == 1 ? ANNUAL_DAY : ANNUAL_DAYS;
}

void annual_write(struct annual *a)
{
	buf_clear(&a->text);
	if (a->english)
		annual_english(a);
	else
		annual_chinese(a);
}
