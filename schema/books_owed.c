#include "schema/books_owed.h"

#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "schema/duties.h"
#include "schema/waters.h"

#define PEOPLE 500 /* at once: the time ends it sooner */

/* Once its period has begun, and as far as exemptions leave something. */
static bool is_owed(const struct duty_row *d, int32_t today)
{
	return d->state != DUTY_EXEMPT && d->i.span.first <= today;
}

static const char *area_of(const struct books_page *p)
{
	return p->within && !waters_is(p->within) ? p->within : p->scope;
}

static enum err reaches_of(struct store *st, const struct books_page *p, struct waters **w)
{
	*w = NULL;
	return waters_is(p->within) ? waters_read(st, p->within, w) : OK;
}

/* ------------------------------------------------------------------ duties as rows */

struct rows {
	struct books_page *p;
	const struct books_duty_filter *f;
	const struct waters *w;
	struct books_owed_at from, *next;
	int32_t today;
	char person[65], before[65]; /* at hand, and who had duties before */
	int nth, given;              /* of the person; of the page */
	bool first, full;
	struct books_duty d;         /* adds up; its texts are copies in text */
	char *text[8];
	bool is;
	void (*row)(void *ctx, const struct books_duty *d);
	void *ctx;
};

static bool fits(const char *want, const char *is)
{
	return !want || strcmp(want, is) == 0;
}

static void drop(struct rows *g)
{
	for (size_t i = 0; i < sizeof g->text / sizeof *g->text; i++) {
		free(g->text[i]);
		g->text[i] = NULL;
	}
	g->is = false;
}

/* The duty is complete. */
static void flush(struct rows *g)
{
	const struct books_duty *d = &g->d;
	const struct books_duty_filter *f = g->f;

	if (!g->is)
		return;
	g->nth++;
	if (!g->full && !(g->first && g->nth <= g->from.passed) && fits(f->level, d->level) && fits(f->rule, d->rule) && fits(f->role, d->role) &&
		fits(f->target, d->target.code) && (f->state < 0 || f->state == (int)d->state) && (!g->w || waters_has(g->w, d->target.code))) {
		if (g->given == g->p->limit) {
			g->full = true;
			slice_copy(g->next->person, sizeof g->next->person, slice_of(g->before));
			g->next->passed = g->nth - 1;
		} else {
			g->given++;
			g->row(g->ctx, d);
		}
	}
	drop(g);
}

static void on_row(void *ctx, const struct duty_row *r)
{
	struct rows *g = ctx;
	struct books_duty *d = &g->d;
	const char *texts[] = {r->person, r->name, r->rule, r->level, r->role, r->target, r->target_name, r->area};

	if (g->full || !is_owed(r, g->today))
		return;
	if (g->is && (strcmp(d->person.code, r->person) != 0 || strcmp(d->rule, r->rule) != 0 || strcmp(d->level, r->level) != 0 ||
			     strcmp(d->role, r->role) != 0 || strcmp(d->target.code, r->target) != 0))
		flush(g);
	if (strcmp(g->person, r->person) != 0) {
		g->first = !g->person[0];
		slice_copy(g->before, sizeof g->before, slice_of(g->person[0] ? g->person : g->from.person));
		slice_copy(g->person, sizeof g->person, slice_of(r->person));
		g->nth = 0;
	}
	if (!g->is) {
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			g->text[i] = xstrdup(texts[i]);
		*d = (struct books_duty){.person = {g->text[0], g->text[1]}, .rule = g->text[2], .level = g->text[3], .role = g->text[4],
			.target = {g->text[5], g->text[6]}, .area = {g->text[7], ""}, .reason = "", .overdue_ms = -1,
			.first = r->i.active.first};
		g->is = true;
	}
	d->last = r->i.active.last;
	d->unit = r->i.days ? "days" : "times";
	d->need += r->i.need;
	d->done += r->done;
	d->state = r->state;
}

enum err books_owed_rows(struct store *st, struct books_page *p, const struct books_duty_filter *f, int64_t until_mono_ms,
	struct books_owed_at *at, void (*row)(void *ctx, const struct books_duty *d), void *ctx)
{
	struct duties_page page = {.after = at->person, .people = PEOPLE, .these = f->person, .until_mono_ms = until_mono_ms};
	struct rows g = {.p = p, .f = f, .from = *at, .next = at, .today = civil_day(p->now_ms), .row = row, .ctx = ctx};
	struct waters *w;
	enum err e = reaches_of(st, p, &w);

	if (f->person)
		page.people = 1;
	page.after = g.from.person;
	g.w = w;
	if (e == OK)
		e = duties_history(st, area_of(p), REGISTRY_NOW, civil_day(p->from_ms), civil_day(p->to_ms) - 1, p->now_ms, &page, on_row, &g);
	flush(&g);
	waters_free(w);
	p->more = g.full || page.more;
	if (!g.full) {
		slice_copy(at->person, sizeof at->person, slice_of(page.last));
		at->passed = 0;
	}
	return e;
}

/* ------------------------------------------------------------------ sums by level */

struct sums {
	const struct waters *w;
	int32_t today, month, month_end;
	struct books_owed *out;
};

static void add(void *ctx, const struct duty_row *d)
{
	struct sums *g = ctx;
	struct books_owed_sum *s = g->out->level, *end = s + g->out->n;
	bool chief = strcmp(d->role, "chief") == 0, month = d->i.span.last >= g->month && d->i.span.last < g->month_end;

	if (!is_owed(d, g->today) || (g->w && !waters_has(g->w, d->target)))
		return;
	while (s < end && strcmp(s->level, d->level) != 0)
		s++;
	if (s == end) {
		if (g->out->n == BOOKS_OWED_LEVELS) /* there are four */
			return;
		slice_copy(s->level, sizeof s->level, slice_of(d->level));
		g->out->n++;
	}
	s->year += d->i.need;
	s->month += month ? d->i.need : 0;
	s->river_year += chief ? d->i.need : 0;
	s->river_month += chief && month ? d->i.need : 0;
}

enum err books_owed_some(struct store *st, struct books_page *p, const char *after, int64_t until_mono_ms, char next[65], struct books_owed *out)
{
	int32_t today = civil_day(p->now_ms), month = civil_month_first(today), year = civil_year_first(today);
	struct duties_page page = {.after = after, .people = PEOPLE, .until_mono_ms = until_mono_ms};
	struct sums g = {.today = today, .month = month, .month_end = civil_month_first(month + 31), .out = out};
	struct waters *w;
	enum err e = reaches_of(st, p, &w);

	g.w = w;
	*out = (struct books_owed){.n = 0};
	if (e == OK)
		e = duties_owed(st, area_of(p), year, civil_year_first(year + 366) - 1, p->now_ms, &page, add, &g);
	waters_free(w);
	p->more = page.more;
	slice_copy(next, 65, slice_of(page.last));
	return e;
}
