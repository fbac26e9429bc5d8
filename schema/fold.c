#include "schema/fold.h"

#include <stdio.h>

#include "core/civil.h"

static void moved(struct patrol *p)
{
	p->moved = true;
	p->standing_gen = p->line_gen = 0;
}

void patrol_add(struct patrol *p, const struct event *ev, struct slice device, struct slice actor)
{
	switch (ev->kind) {
	case EV_PATROL_START:
		if (!order_before(ev->when_ms, device, ev->epoch, ev->seq, &p->start))
			break;
		order_set(&p->start, ev->when_ms, device, ev->epoch, ev->seq);
		moved(p);
		slice_copy(p->actor, sizeof p->actor, actor);
		slice_copy(p->person, sizeof p->person, ev->for_person.p ? ev->for_person : actor);
		slice_copy(p->route, sizeof p->route, ev->route);
		slice_copy(p->target, sizeof p->target, ev->target);
		break;
	case EV_PATROL_END:
		if (!order_before(ev->when_ms, device, ev->epoch, ev->seq, &p->end))
			break;
		order_set(&p->end, ev->when_ms, device, ev->epoch, ev->seq);
		p->other_end = true;
		p->clear = ev->clear;
		break;
	case EV_PATROL_SUBSTITUTE:
		if (!order_before(ev->when_ms, device, ev->epoch, ev->seq, &p->sub))
			break;
		order_set(&p->sub, ev->when_ms, device, ev->epoch, ev->seq);
		moved(p);
		slice_copy(p->sub_person, sizeof p->sub_person, actor);
		slice_copy(p->sub_way, sizeof p->sub_way, ev->way);
		slice_copy(p->sub_target, sizeof p->sub_target, ev->target);
		break;
	default: /* points: core/track.h */
		break;
	}
}

void patrol_clear(struct patrol *p)
{
	p->start = p->end = p->sub = (struct order_key){0};
	p->person[0] = p->actor[0] = p->route[0] = p->target[0] = '\0';
	p->sub_person[0] = p->sub_way[0] = p->sub_target[0] = '\0';
	p->clear = false;
	p->other_end = true;
	moved(p);
	track_clear(&p->track);
}

bool patrol_is_river(const struct patrol *p)
{
	return strcmp(p->route, "river") == 0 || strcmp(p->route, "gully") == 0;
}

/* Rivers and gullies are walked by chiefs and patrollers, and judged by the chiefs' rules. */
static void stand(const struct patrol *p, const struct person *who, const struct place *pl, int32_t day, struct patrol_standing *out)
{
	const struct appointment *a = person_covering(who, patrol_is_river(p) ? "chief" : NULL, pl, day);

	out->appointed = a || (patrol_is_river(p) && person_covering(who, "patroller", pl, day));
	if (!a)
		a = person_covering(who, NULL, pl, day);
	if (!a)
		return;
	slice_copy(out->role, sizeof out->role, slice_of(a->role));
	slice_copy(out->level, sizeof out->level, slice_of(a->level));
}

enum err patrol_place(const struct patrol *p, struct registry *r, struct patrol_share *out, struct patrol_standing *standing)
{
	const struct appointment *a;
	const struct person *who;
	const struct place *pl;
	enum err e;

	*out = (struct patrol_share){0};
	*standing = (struct patrol_standing){0};
	if (p->start.seq == 0)
		return OK;
	out->counts = true;
	out->day = civil_day(p->start.at_ms);
	slice_copy(out->route, sizeof out->route, slice_of(p->route));
	pl = registry_place(r, slice_of(p->target), &e);
	if (e != OK)
		return e;
	if (pl)
		slice_copy(out->area, sizeof out->area, slice_of(pl->area));
	who = registry_person(r, slice_of(p->person), &e);
	if (!who)
		return e;
	stand(p, who, pl, out->day, standing);
	if ((a = person_appointment(who, NULL, pl, out->day)))
		slice_copy(out->level, sizeof out->level, slice_of(a->level));
	if (!patrol_is_river(p))
		return OK;
	if ((a = person_appointment(who, "chief", pl, out->day))) {
		out->river = true;
		slice_copy(out->river_level, sizeof out->river_level, slice_of(a->level));
		slice_copy(out->level, sizeof out->level, slice_of(a->level));
	}
	return OK;
}

bool patrol_share_same_place(const struct patrol_share *a, const struct patrol_share *b)
{
	return a->counts == b->counts &&
		(!a->counts ||
			(a->day == b->day && a->river == b->river && !strcmp(a->area, b->area) &&
				!strcmp(a->level, b->level) && !strcmp(a->route, b->route) &&
				!strcmp(a->river_level, b->river_level)));
}

bool patrol_share_same(const struct patrol_share *a, const struct patrol_share *b)
{
	return patrol_share_same_place(a, b) && a->valid == b->valid && a->metres == b->metres && a->seconds == b->seconds;
}
