#include "server/filters.h"

#include <string.h>

#include "core/track.h"

static bool wrong(struct why *why, const char *name, const char *value, const char *want)
{
	(void)why_set(why, ERR_INVALID, "%s %.40s: want %s", name, value, want);
	return false;
}

/* absent: what it is when it was not asked for; else 1 or 0. */
static bool flag(const struct query *q, const char *name, int absent, int *out, struct why *why)
{
	const char *v = query_get(q, name);

	*out = absent;
	if (!v)
		return true;
	*out = strcmp(v, "true") == 0 || strcmp(v, "1") == 0;
	return *out || strcmp(v, "false") == 0 || strcmp(v, "0") == 0 || wrong(why, name, v, "true or false");
}

static unsigned open_states(void)
{
	unsigned open = 0;

	for (int s = CASUS_REPORTED; s < CASUS_STATES; s++)
		open |= casus_is_open((enum casus_state)s) ? 1U << s : 0;
	return open;
}

bool filters_open(unsigned states)
{
	return states && !(states & ~open_states());
}

/* A state, or `open` for all of the open ones. */
static bool states_of(const struct query *q, unsigned *out, struct why *why)
{
	const char *v = query_get(q, "state");

	*out = v && strcmp(v, "open") == 0 ? open_states() : 0;
	for (int s = CASUS_REPORTED; v && s < CASUS_STATES; s++)
		if (strcmp(v, casus_state_name((enum casus_state)s)) == 0)
			*out = 1U << s;
	return !v || *out || wrong(why, "state", v, "open, or one of the states of a case");
}

static bool figure_of(const struct query *q, struct books_case_filter *f, struct why *why)
{
	const char *v = query_get(q, "figure");

	if (!v)
		return true;
	if (!(f->share.figure = figure_find(v)) || !books_share_is(f->share.figure))
		return wrong(why, "figure", v, "one that is made of cases");
	f->share.level = f->level;
	f->share.category = f->category;
	return true;
}

bool filters_cases(const struct query *q, struct books_case_filter *out, bool *late, struct why *why)
{
	const char *severity = query_get(q, "severity");
	int overdue;

	*out = (struct books_case_filter){.klass = query_get(q, "class"), .category = query_get(q, "category"), .level = query_get(q, "level"),
		.holder = query_get(q, "holder"), .text = query_get(q, "q")};
	if (severity && (strlen(severity) != 1 || *severity < '1' || *severity > '4'))
		return wrong(why, "severity", severity, "1 to 4");
	out->severity = severity ? *severity - '0' : 0;
	if (!states_of(q, &out->states, why) || !flag(q, "overdue", 0, &overdue, why) || !figure_of(q, out, why))
		return false;
	*late = overdue;
	return true;
}

bool filters_patrols(const struct query *q, struct books_patrol_filter *out, struct why *why)
{
	const char *reason = query_get(q, "reason");

	*out = (struct books_patrol_filter){.person = query_get(q, "person"), .target = query_get(q, "target"), .route = query_get(q, "route"),
		.rule = query_get(q, "rule"), .level = query_get(q, "level"), .text = query_get(q, "q")};
	for (uint32_t i = 0; reason && i < TRACK_REASONS; i++)
		if (strcmp(reason, track_reasons[i].name) == 0)
			out->reasons = 1U << i;
	if (reason && !out->reasons)
		return wrong(why, "reason", reason, "one of the reasons, such as NO_END");
	return flag(q, "valid", -1, &out->valid, why) && flag(q, "under_way", -1, &out->under_way, why) && flag(q, "river", -1, &out->river, why);
}
