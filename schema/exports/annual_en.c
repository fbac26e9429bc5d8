/* annual_en.c - the sentences of the report in English. */
#include "schema/exports/annual.h"

#include <string.h>

#include "core/civil.h"

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
	"October", "November", "December"};

static const char *place(const struct annual *a)
{
	switch (a->level) {
	case AREA_DISTRICT:
		return "the district";
	case AREA_TOWN:
		return "the town";
	case AREA_COMMUNITY:
		return "the community";
	case AREA_GRID:
		return "the grid";
	default:
		return "the platform";
	}
}

static void when(struct annual *a)
{
	static const char *const quarter[] = {"first", "second", "third", "fourth"};
	struct annual_dates d;
	struct buf *b = &a->text;

	annual_dates(a, &d);
	switch (d.what) {
	case ANNUAL_YEAR:
		buf_addf(b, "In %d", d.y1);
		break;
	case ANNUAL_YEARS:
		buf_addf(b, "In %d to %d", d.y1, d.y2);
		break;
	case ANNUAL_QUARTER:
		buf_addf(b, "In the %s quarter of %d", quarter[(d.m1 - 1) / 3], d.y1);
		break;
	case ANNUAL_MONTH:
		buf_addf(b, "In %s %d", months[d.m1 - 1], d.y1);
		break;
	case ANNUAL_MONTHS:
		buf_addf(b, "From %s to %s %d", months[d.m1 - 1], months[d.m2 - 1], d.y1);
		break;
	case ANNUAL_DAY:
		buf_addf(b, "On %d %s %d", d.d1, months[d.m1 - 1], d.y1);
		break;
	case ANNUAL_DAYS:
		buf_addf(b, "From %d %s %d to %d %s %d", d.d1, months[d.m1 - 1], d.y1, d.d2, months[d.m2 - 1], d.y2);
		break;
	}
	if (a->running)
		buf_adds(b, " so far");
}

/* A sentence begins: with its own words, or, as the first, with time and place. */
static void begin(struct annual *a, const char *later, const char *first)
{
	if (a->text.n) {
		buf_addf(&a->text, " %s", later);
		return;
	}
	when(a);
	buf_addf(&a->text, " %s %s", place(a), first);
}

static const char *plural(const struct annual_value *v, const char *one, const char *many)
{
	return v->num == 1 && v->den == 0 && !v->approx && strcmp(v->value, "1") == 0 ? one : many;
}

static void counted(struct annual *a, const char *clause, const struct annual_value *v, const char *one, const char *many)
{
	annual_number(a, clause, v, "%s %s", v->display, plural(v, one, many));
}

static void growth(struct annual *a, const char *clause, const char *figure)
{
	char percent[32];
	int sign;
	const struct annual_value *was = annual_growth(a, figure, percent, &sign);

	if (!was)
		return;
	buf_adds(&a->text, ", ");
	if (sign == 0)
		annual_number(a, clause, was, "as many as the year before");
	else
		annual_number(a, clause, was, "%s%% %s than the year before", percent, sign > 0 ? "more" : "fewer");
}

static void patrols(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "patrols"), *v;
	size_t pos = 0, n = 0;

	if (!all)
		return;
	begin(a, "It made ", "made ");
	counted(a, "patrols", all, "patrol", "patrols");
	growth(a, "patrols", "patrols");
	while ((v = annual_part(a, "river_patrols", &pos))) {
		buf_addf(&a->text, n++ ? ", by those of the %s " : "; rivers and gullies were walked by chiefs of the %s ", v->level);
		counted(a, "patrols", v, "time", "times");
	}
	if (n)
		growth(a, "patrols", "river_patrols");
	buf_adds(&a->text, ".");
}

/* ": 120 fire safety, 45 ..." */
static void parts(struct annual *a, const char *clause, const char *figure)
{
	const struct annual_value *v;
	size_t pos = 0, n = 0;

	while ((v = annual_part(a, figure, &pos))) {
		buf_addf(&a->text, "%s%s ", n++ ? ", " : " (", annual_part_name(v));
		annual_number(a, clause, v, "%s", v->display);
	}
	if (n)
		buf_adds(&a->text, ")");
}

static void inspections(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "inspections");

	if (!all)
		return;
	begin(a, "It made ", "made ");
	counted(a, "inspections", all, "inspection", "inspections");
	parts(a, "inspections", "inspections");
	buf_adds(&a->text, ".");
}

static void rate(struct annual *a, const char *clause, const char *figure, const char *before)
{
	const struct annual_value *v = annual_total(a, figure);

	if (!v || v->den <= 0)
		return;
	buf_adds(&a->text, before);
	annual_number(a, clause, v, "%s", v->display);
}

static void found(struct annual *a, const char *clause, const char *one, const char *many, const char *total,
	const char *done, const char *share)
{
	const struct annual_value *all = annual_total(a, total), *v;

	if (!all)
		return;
	begin(a, "It found ", "found ");
	counted(a, clause, all, one, many);
	parts(a, clause, total);
	if ((v = annual_total(a, done))) {
		buf_adds(&a->text, "; ");
		if (v->num == all->num)
			annual_number(a, clause, v, "all");
		else
			annual_number(a, clause, v, "%s", v->display);
		buf_adds(&a->text, " were put right");
		if (share && v->num != all->num)
			rate(a, clause, share, ", ");
	}
	buf_adds(&a->text, ".");
}

static void disputes(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "disputes_found"), *settled = annual_total(a, "disputes_settled");
	const struct annual_value *v = annual_total(a, "dispute_rate");
	size_t pos = 0, n = 0;
	bool exact;

	if (!all)
		return;
	begin(a, "It took up ", "took up ");
	counted(a, "disputes", all, "dispute", "disputes");
	if (settled) {
		buf_adds(&a->text, " and settled ");
		annual_number(a, "disputes", settled, "%s", settled->display);
		if (v && v->den > 0) {
			int64_t percent = annual_floor(v, &exact);

			buf_adds(&a->text, " (");
			if (annual_at_least(v, 90) && !exact)
				annual_number(a, "disputes", v, "over %lld%%", (long long)percent);
			else
				annual_number(a, "disputes", v, "%s", v->display);
			buf_adds(&a->text, " of those closed)");
		}
		while ((v = annual_part(a, "disputes_by_level", &pos))) {
			buf_adds(&a->text, n++ ? ", " : ": ");
			annual_number(a, "disputes", v, "%s", v->display);
			buf_addf(&a->text, " by the %s", v->level);
		}
	}
	buf_adds(&a->text, ".");
}

static void appeals(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "appeals_received"), *closed = annual_total(a, "appeals_closed");
	const struct annual_value *v = annual_total(a, "appeal_satisfaction"), *none = annual_total(a, "appeals_no_contact");

	if (!all)
		return;
	begin(a, "It received ", "received ");
	counted(a, "appeals", all, "appeal", "appeals");
	if (closed) {
		buf_adds(&a->text, " and closed ");
		annual_number(a, "appeals", closed, "%s", closed->display);
		rate(a, "appeals", "appeal_close_rate", ", ");
	}
	if (v && v->den > 0) {
		buf_adds(&a->text, "; ");
		annual_number(a, "appeals", v, "%s", v->display);
		buf_addf(&a->text, " of %lld asked were satisfied", (long long)v->den);
		if (none) {
			buf_adds(&a->text, " (");
			annual_number(a, "appeals", none, "%s", none->display);
			buf_adds(&a->text, " more could not be reached)");
		}
	}
	buf_adds(&a->text, ".");
}

static void assigned(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "rectify_total"), *done = annual_total(a, "rectify_done");

	if (!all)
		return;
	begin(a, "It was given ", "was given ");
	counted(a, "rectify", all, "point to put right", "points to put right");
	parts(a, "rectify", "rectify_total");
	if (done) {
		buf_adds(&a->text, "; ");
		if (done->num == all->num)
			annual_number(a, "rectify", done, "all");
		else
			annual_number(a, "rectify", done, "%s", done->display);
		buf_adds(&a->text, " are done");
	}
	buf_adds(&a->text, ".");
}

static void households(struct annual *a)
{
	const struct annual_value *h = annual_total(a, "monitored_households"), *p = annual_total(a, "monitored_persons");
	const struct annual_value *rh = annual_total(a, "risk_removed_households"), *rp = annual_total(a, "risk_removed_persons");

	if (!h)
		return;
	begin(a, "It watched over ", "watched over ");
	counted(a, "households", h, "household", "households");
	if (p) {
		buf_adds(&a->text, " with ");
		counted(a, "households", p, "person", "persons");
	}
	if (rh) {
		buf_adds(&a->text, "; of these ");
		annual_number(a, "households", rh, "%s", rh->display);
		if (rp) {
			buf_adds(&a->text, " with ");
			annual_number(a, "households", rp, "%s", rp->display);
		}
		buf_adds(&a->text, " are out of risk");
	}
	buf_adds(&a->text, ".");
}

static void visits(struct annual *a)
{
	const struct annual_value *all = annual_total(a, "visits"), *v;

	if (!all)
		return;
	begin(a, "It made ", "made ");
	counted(a, "visits", all, "visit", "visits");
	if ((v = annual_total(a, "visited_households"))) {
		buf_adds(&a->text, " to ");
		counted(a, "visits", v, "household", "households");
	}
	if ((v = annual_total(a, "visit_staff"))) {
		buf_adds(&a->text, ", staff on them ");
		annual_number(a, "visits", v, "%s", v->display);
	}
	if ((v = annual_total(a, "aid"))) {
		buf_adds(&a->text, ", aid given ");
		annual_number(a, "visits", v, "%.*s %s", annual_short(v), v->display, v->unit);
	}
	buf_adds(&a->text, ".");
}

static void works(struct annual *a)
{
	const struct annual_value *v;
	size_t pos = 0, n = 0;

	while ((v = annual_part(a, "works", &pos))) {
		if (n)
			buf_adds(&a->text, ", ");
		else
			begin(a, "Works: ", "did these works: ");
		buf_addf(&a->text, "%s ", annual_part_name(v));
		annual_number(a, "works", v, "%s %s", v->display, v->unit);
		n++;
	}
	if (n)
		buf_adds(&a->text, ".");
}

static void corrections(struct annual *a)
{
	if (!a->corrections)
		return;
	buf_addf(&a->text, " %zu correction%s came after the books were closed and %s not counted above:", a->corrections,
		a->corrections == 1 ? "" : "s", a->corrections == 1 ? "is" : "are");
	for (size_t i = 0; i < a->corrections && i < ANNUAL_CORRECTIONS; i++) {
		const struct annual_correction *c = &a->correction[i];

		buf_addf(&a->text, "%s %s of %d-%02d", i ? "," : "", c->name, c->month / 100, c->month % 100);
		if (*c->level || *c->category)
			buf_addf(&a->text, " (%s)", *c->level ? c->level : *c->category_name ? c->category_name : c->category);
		buf_addf(&a->text, " %s -> %s", c->before, c->after);
	}
	buf_adds(&a->text, a->corrections > ANNUAL_CORRECTIONS ? " and others." : ".");
}

void annual_english(struct annual *a)
{
	int y, m, d;

	patrols(a);
	inspections(a);
	found(a, "hazards", "hazard", "hazards", "hazards_found", "hazards_rectified", "hazard_rate");
	found(a, "findings", "problem on patrol", "problems on patrol", "findings_found", "findings_rectified", NULL);
	disputes(a);
	appeals(a);
	assigned(a);
	households(a);
	visits(a);
	works(a);
	if (!a->text.n) {
		when(a);
		buf_addf(&a->text, " %s has no records of patrols, cases or visits.", place(a));
	}
	corrections(a);
	civil_split(civil_day(a->as_of_ms), &y, &m, &d);
	buf_addf(&a->text, " (Data as of %d %s %d, commit %lld, made by Xunge; the table says what each number means.)", d,
		months[m - 1], y, (long long)a->as_of);
}
