#include "schema/fold.h"

#include <stdio.h>

#include "core/civil.h"

static int slice_order(struct slice a, const char *b)
{
	struct slice s = slice_of(b);
	int c = memcmp(a.p, s.p, a.n < s.n ? a.n : s.n);

	return c ? c : (a.n > s.n) - (a.n < s.n);
}

bool fold_before(
	int64_t at_ms, struct slice device, struct slice epoch, int64_t seq, const struct fold_key *k)
{
	int c;

	if (k->seq == 0)
		return true;
	if (at_ms != k->at_ms)
		return at_ms < k->at_ms;
	if ((c = slice_order(device, k->device)) != 0 || (c = slice_order(epoch, k->epoch)) != 0)
		return c < 0;
	return seq < k->seq;
}

static void set_key(struct fold_key *k, const struct event *ev, struct slice device)
{
	k->at_ms = ev->when_ms;
	k->seq = ev->seq;
	slice_copy(k->device, sizeof k->device, device);
	slice_copy(k->epoch, sizeof k->epoch, ev->epoch);
}

void patrol_add(struct patrol *p, const struct event *ev, struct slice device, struct slice actor)
{
	switch (ev->kind) {
	case EV_PATROL_START:
		if (!fold_before(ev->when_ms, device, ev->epoch, ev->seq, &p->start))
			break;
		set_key(&p->start, ev, device);
		slice_copy(p->actor, sizeof p->actor, actor);
		slice_copy(p->person, sizeof p->person, ev->for_person.p ? ev->for_person : actor);
		slice_copy(p->route, sizeof p->route, ev->route);
		slice_copy(p->target, sizeof p->target, ev->target);
		break;
	case EV_PATROL_END:
		if (!fold_before(ev->when_ms, device, ev->epoch, ev->seq, &p->end))
			break;
		set_key(&p->end, ev, device);
		p->clear = ev->clear;
		break;
	case EV_PATROL_TRACK:
		p->tracks++;
		break;
	default: /* a substitute counts for duty only */
		break;
	}
}

void patrol_clear(struct patrol *p)
{
	p->start = p->end = (struct fold_key){0};
	p->person[0] = p->actor[0] = p->route[0] = p->target[0] = '\0';
	p->clear = false;
	p->tracks = 0;
}

enum err patrol_share(const struct patrol *p, struct registry *r, struct patrol_share *out)
{
	const struct appointment *a;
	const struct person *who;
	const struct place *pl;
	enum err e;

	*out = (struct patrol_share){0};
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
	if ((a = person_appointment(who, NULL, pl, out->day)))
		slice_copy(out->level, sizeof out->level, slice_of(a->level));
	if (strcmp(p->route, "river") != 0 && strcmp(p->route, "gully") != 0)
		return OK;
	if ((a = person_appointment(who, "chief", pl, out->day))) {
		out->river = true;
		slice_copy(out->river_level, sizeof out->river_level, slice_of(a->level));
		slice_copy(out->level, sizeof out->level, slice_of(a->level));
	}
	return OK;
}

bool patrol_share_same(const struct patrol_share *a, const struct patrol_share *b)
{
	return a->counts == b->counts &&
		(!a->counts ||
			(a->day == b->day && a->river == b->river && !strcmp(a->area, b->area) &&
				!strcmp(a->level, b->level) && !strcmp(a->route, b->route) &&
				!strcmp(a->river_level, b->river_level)));
}
