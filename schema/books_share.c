#include "schema/books_share.h"

#include "core/area.h"
#include "core/civil.h"
#include "schema/dossier.h"
#include "schema/waters.h"

struct look {
	const struct books_share *s;
	const char *scope, *within;
	bool counted;
};

static bool wanted(const char *asked, const char *is)
{
	return !asked || strcmp(asked, is) == 0;
}

bool books_share_is(const struct figure *f)
{
	static const char *const others[] = {"river_patrols", "river_patrols_valid", "patrols", "patrol_m", "patrol_s", "inspections", "visits", "visited",
		"visit_staff", "aid", "works", "duty_met"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(others[i], f->num) == 0)
			return false;
	return f->kind != FIGURE_STATE;
}

static void take(void *ctx, const char *figure, const char *level, const char *category, const char *area, int32_t day)
{
	struct look *l = ctx;
	const struct books_share *s = l->s;
	bool one = strcmp(figure, s->figure->num) == 0 || (s->figure->den && strcmp(figure, s->figure->den) == 0);

	if (one && civil_day_ms(day + 1) > s->from_ms && civil_day_ms(day) < s->to_ms && wanted(s->level, level) &&
		wanted(s->category, category) && area_covers(slice_of(l->scope), slice_of(area)) &&
		(!l->within || waters_is(l->within) || area_covers(slice_of(l->within), slice_of(area))))
		l->counted = true;
}

bool books_share_counts(const struct books_share *s, const char *scope, const char *within, const char *share)
{
	struct look l = {s, scope, within, false};

	if (!s->figure)
		return true;
	dossier_share_each(share, take, &l);
	return l.counted;
}
