#include "schema/rights.h"

#include "core/civil.h"

static enum area_level level_of(const char *name)
{
	static const enum area_level all[] = {AREA_DISTRICT, AREA_TOWN, AREA_COMMUNITY, AREA_GRID};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(area_level_name(all[i]), name) == 0)
			return all[i];
	return AREA_NONE;
}

static void of_officer(const struct event *ev, struct casus_grant *g, uint32_t *n)
{
	uint32_t role = 0, scope = 0;

	if (ev->doc->tok[ev->as].type == JSON_OBJECT) {
		role = json_get(ev->doc, ev->as, "role");
		scope = json_get(ev->doc, ev->as, "scope");
	}
	if (!role || !scope)
		return;
	g->role = role_of(json_text(ev->doc, role));
	slice_copy(g->scope, sizeof g->scope, json_text(ev->doc, scope));
	g->level = area_level(slice_of(g->scope));
	*n = g->role != 0;
}

enum err rights_of(struct registry *r, const struct event *ev, struct slice device, struct slice person,
	struct casus_grant grant[CASUS_GRANTS], uint32_t *n)
{
	int32_t day = civil_day(ev->when_ms);
	const struct person *p;
	enum err e = OK;

	*n = 0;
	if (slice_is(device, RIGHTS_OFFICE)) {
		if (ev->as)
			of_officer(ev, grant, n);
		return OK;
	}
	p = person.n ? registry_person(r, person, &e) : NULL;
	for (uint32_t i = 0; p && i < p->nappt && *n < CASUS_GRANTS; i++) {
		const struct appointment *a = &p->appt[i];
		struct casus_grant *g = &grant[*n];
		const struct place *pl;

		if (day < a->from || day > a->to || !(g->role = role_of(slice_of(a->role))))
			continue;
		pl = registry_place(r, slice_of(a->scope), &e);
		if (e != OK)
			return e;
		if (!pl && area_level(slice_of(a->scope)) == AREA_NONE)
			continue; /* a reach that nobody knows covers nothing */
		g->level = level_of(a->level);
		slice_copy(g->scope, sizeof g->scope, slice_of(pl ? pl->area : a->scope));
		(*n)++;
	}
	return e;
}
