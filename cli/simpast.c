#include "cli/simpast.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/civil.h"

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define STEP_MS 30000  /* between two points of a track */
#define TRACK_PTS 20   /* of one event */
#define WALK_M_S 1.2
#define BACK_M 0.009   /* degrees of latitude: a kilometre off the reach */

struct entry { /* an event that has no number yet */
	int64_t at_ms;
	int device; /* index in the town */
	uint32_t order; /* as made: ties */
	char *rest; /* behind `seq` */
};

struct past {
	const struct simtown *town;
	const char *photos; /* where they are put; NULL: they never come */
	struct simrng rng;
	int64_t now_ms;
	int days;
	struct entry *e;
	uint32_t n, cap;
	struct buf b; /* the event in the making */
	struct map devices; /* id -> index + 1 */
	uint32_t flawed;
};

/* Why a patrol will not count (domain page, section 3). */
enum flaw { FINE, SHORT_TIME, SHORT_DIST, FEW_POINTS, NO_END, SPEEDING, MOCKED, CLOCKLESS, STRANGE, ELSEWHERE, LOW_COVER, TOO_SOON,
	FLAWS };
#define GRID_FLAWS 9 /* the later ones are of a line */

static void put(struct past *p, int device, int64_t at_ms)
{
	if (at_ms <= p->now_ms) {
		if (p->n == p->cap) {
			p->cap = p->cap ? 2 * p->cap : 4096;
			p->e = xrealloc(p->e, p->cap * sizeof *p->e);
		}
		p->e[p->n] = (struct entry){at_ms, device, p->n, xstrdup(p->b.p)};
		p->n++;
	}
	buf_clear(&p->b);
}

static void head(struct past *p, const char *kind, int64_t at_ms)
{
	buf_clear(&p->b);
	buf_addf(&p->b, "\"kind\":\"%s\",\"at\":%" PRId64, kind, at_ms);
}

static void loc(struct past *p, const struct simpost *post, double at_m)
{
	double q[2];

	if (post->path < 0)
		return;
	simtown_point(p->town, post->path, at_m, &p->rng, q);
	buf_addf(&p->b, ",\"loc\":{\"lat\":%.6f,\"lon\":%.6f,\"acc\":%u}", q[1], q[0], 4 + simrng_below(&p->rng, 12));
}

/* ------------------------------------------------------------------ patrols */

struct walk {
	const struct simpost *post;
	const char *target;
	char id[SIMTOWN_ID];
	int device;
	int64_t start_ms, end_ms;
	double speed, from_m, aside;
	enum flaw flaw;
};

static void tracks(struct past *p, const struct walk *w)
{
	int64_t at = w->start_ms;
	double q[2];

	while (at < w->end_ms && w->post->path >= 0) {
		int64_t from = at;

		head(p, "patrol.track", from);
		buf_addf(&p->b, ",\"body\":{\"patrol\":\"%s\"%s,\"pts\":[", w->id, w->flaw == MOCKED ? ",\"mock\":true" : "");
		for (int i = 0; i < TRACK_PTS && at <= w->end_ms; i++, at += STEP_MS) {
			int64_t after = at - from;

			if (w->flaw == FEW_POINTS && i > 0)
				continue;
			if (w->flaw == CLOCKLESS && i % 4 == 3)
				after -= 2 * STEP_MS; /* time runs backwards */
			simtown_point(p->town, w->post->path, w->from_m + w->speed * (double)(at - w->start_ms) / 1000, &p->rng, q);
			buf_addf(&p->b, "%s[%" PRId64 ",%.6f,%.6f,%u]", i ? "," : "", after, q[1] + w->aside, q[0],
				4 + simrng_below(&p->rng, 14));
		}
		buf_adds(&p->b, "]}");
		put(p, w->device, at <= w->end_ms ? at : w->end_ms); /* it is sent when it is whole */
		if (w->flaw == FEW_POINTS)
			return;
	}
}

static enum flaw next_flaw(struct past *p, const struct simpost *post, double share)
{
	bool line = post->path >= 0 && strcmp(post->route, "grid") != 0;
	enum flaw f;

	if (!simrng_chance(&p->rng, share))
		return FINE;
	f = (enum flaw)(1 + p->flawed++ % (line ? FLAWS - 1 : GRID_FLAWS - 1)); /* each in its turn */
	return f;
}

static int64_t length_ms(struct past *p, enum flaw f, bool line)
{
	int64_t minutes = (line ? 20 : 8) + simrng_below(&p->rng, line ? 40 : 20);

	return f == SHORT_TIME ? 2 * MINUTE : f == SHORT_DIST ? 12 * MINUTE : f == LOW_COVER ? 12 * MINUTE
		: f == SPEEDING ? 6 * MINUTE : minutes * MINUTE;
}

/* A patrol from start_ms on; answers when it is over. */
static int64_t walk(struct past *p, int device, const struct simpost *post, int64_t start_ms, enum flaw f)
{
	bool line = strcmp(post->route, "grid") != 0;
	struct walk w = {.post = post, .target = post->scope, .device = device, .start_ms = start_ms, .flaw = f};

	(void)snprintf(w.id, sizeof w.id, "%016" PRIx64, simrng_next(&p->rng)); /* fits */
	w.end_ms = start_ms + length_ms(p, f, line) / STEP_MS * STEP_MS;
	w.speed = f == SHORT_TIME ? 4 : f == SHORT_DIST ? 0.05 : f == SPEEDING ? 18
		: f == LOW_COVER ? 0.9 : WALK_M_S * (0.8 + 0.4 * simrng_unit(&p->rng));
	w.from_m = simrng_unit(&p->rng) * post->length_m / 4;
	w.aside = f == ELSEWHERE ? BACK_M : 0;
	if (f == STRANGE) /* somebody else's */
		w.target = line ? (strcmp(post->scope, "QSH-03") ? "QSH-03" : "QSH-01") : "990101100016001";
	head(p, "patrol.start", start_ms);
	loc(p, post, w.from_m);
	buf_addf(&p->b, ",\"body\":{\"patrol\":\"%s\",\"route\":\"%s\",\"target\":\"%s\"}", w.id, post->route, w.target);
	put(p, device, start_ms);
	tracks(p, &w);
	if (f == NO_END)
		return w.end_ms;
	head(p, "patrol.end", w.end_ms);
	buf_addf(&p->b, ",\"body\":{\"patrol\":\"%s\",\"clear\":%s}", w.id, simrng_chance(&p->rng, 0.9) ? "true" : "false");
	put(p, device, w.end_ms);
	if (f == TOO_SOON) /* and at once again, where a rule asks for a pause */
		(void)walk(p, device, post, w.end_ms + 90 * MINUTE, FINE);
	return w.end_ms;
}

/* ------------------------------------------------------------------ other work */

static void pick(struct buf *b, const char *const *of, uint32_t n, struct simrng *r)
{
	buf_json_str(b, of[simrng_below(r, n)]);
}

static void inspect(struct past *p, int device, const struct simpost *post, int64_t at_ms)
{
	static const char *const topic[] = {"burn_straw", "burn_waste", "burn_weeds", "burn_leaves", "dumping_check", "gas_check", "food_check"};
	static const char *const object[] = {"沿街商铺", "农田地头", "自建房", "小型餐馆", "学校周边", "河岸", "施工点"};

	head(p, "inspect", at_ms);
	buf_addf(&p->b, ",\"scope\":\"%s\"", post->scope);
	loc(p, post, 10);
	buf_adds(&p->b, ",\"body\":{\"topic\":");
	pick(&p->b, topic, ARRAY_LEN(topic), &p->rng);
	buf_addf(&p->b, ",\"result\":\"%s\",\"people\":%u,\"object\":", simrng_chance(&p->rng, 0.93) ? "ok" : "problem",
		1 + simrng_below(&p->rng, 4));
	pick(&p->b, object, ARRAY_LEN(object), &p->rng);
	buf_addc(&p->b, '}');
	put(p, device, at_ms);
}

static void visit(struct past *p, int device, const struct simpost *post, int64_t at_ms)
{
	static const char *const group[] = {"监测户", "独居老人", "残疾人家庭", "退役军人家庭"};

	head(p, "visit", at_ms);
	buf_addf(&p->b, ",\"scope\":\"%s\",\"body\":{\"group\":", post->scope);
	pick(&p->b, group, ARRAY_LEN(group), &p->rng);
	buf_addf(&p->b, ",\"household\":\"h-%04u\",\"persons\":%u,\"staff\":%u", 1 + simrng_below(&p->rng, 400),
		1 + simrng_below(&p->rng, 5), 1 + simrng_below(&p->rng, 2));
	if (simrng_chance(&p->rng, 0.1))
		buf_addf(&p->b, ",\"aid_fen\":%u", 10000 * (1 + simrng_below(&p->rng, 5)));
	buf_addc(&p->b, '}');
	put(p, device, at_ms);
}

static void work(struct past *p, int device, const struct simpost *post, int64_t at_ms)
{
	static const struct { const char *item, *unit; uint32_t most; } what[] = {
		{"window_bars", "个", 40}, {"overhead_cables", "吨", 1}, {"wall_painting", "平方米", 300}, {"ad_cleaning", "处", 12},
		{"parking_spaces", "处", 6}, {"bins", "个", 10}, {"notice_boards", "个", 3}, {"greening", "处", 8},
	};
	size_t i = simrng_below(&p->rng, ARRAY_LEN(what));

	head(p, "work", at_ms);
	buf_addf(&p->b, ",\"scope\":\"%s\",\"body\":{\"item\":\"%s\",\"qty\":%u,\"unit\":\"%s\",\"approx\":%s}", post->scope, what[i].item,
		1 + simrng_below(&p->rng, what[i].most), what[i].unit, simrng_chance(&p->rng, 0.2) ? "true" : "false");
	put(p, device, at_ms);
}

/* ------------------------------------------------------------------ days of people */

static int64_t at_hour(struct past *p, int32_t day, int from, int to)
{
	return civil_day_ms(day) + from * HOUR + (int64_t)(simrng_unit(&p->rng) * (double)((to - from) * HOUR));
}

static void worker_day(struct past *p, int device, const struct simpost *post, int32_t day)
{
	int64_t t = at_hour(p, day, 8, 12);

	if (!simrng_chance(&p->rng, 0.97))
		return; /* off */
	t = walk(p, device, post, t, next_flaw(p, post, 0.04));
	if (simrng_chance(&p->rng, 0.3))
		inspect(p, device, post, t + 20 * MINUTE);
	if (simrng_chance(&p->rng, 0.08))
		visit(p, device, post, t + 70 * MINUTE);
	if (simrng_chance(&p->rng, 0.05))
		work(p, device, post, t + 100 * MINUTE);
}

static void substitute(struct past *p, int device, const struct simpost *post, int64_t at_ms)
{
	static const char *const way[] = {"drone", "meeting", "onsite", "paper"};

	head(p, "patrol.substitute", at_ms);
	buf_addf(&p->b, ",\"body\":{\"patrol\":\"%016" PRIx64 "\",\"way\":", simrng_next(&p->rng));
	pick(&p->b, way, ARRAY_LEN(way), &p->rng);
	buf_addf(&p->b, ",\"target\":\"%s\"}", post->scope);
	put(p, device, at_ms);
}

/* Chiefs go out some times a month, patrollers some times a week. */
static void river_day(struct past *p, int device, const struct simpost *post, int32_t day)
{
	bool chief = strcmp(post->role, "chief") == 0;

	if (simrng_chance(&p->rng, chief ? 0.2 : 0.45))
		(void)walk(p, device, post, at_hour(p, day, 8, 15), next_flaw(p, post, 0.22));
	else if (chief && simrng_chance(&p->rng, 0.01))
		substitute(p, device, post, at_hour(p, day, 9, 17));
}

static void everyday(struct past *p)
{
	int32_t today = civil_day(p->now_ms);

	for (int i = 0; i < simtown_devices(p->town); i++) {
		const char *id = simtown_device(p->town, i);
		struct simpost post;

		if (map_get(&p->devices, id, strlen(id)) != (void *)(intptr_t)(i + 1))
			continue; /* stands twice: the last counts */
		for (int32_t day = today - p->days; day <= today; day++) {
			if (simtown_idle(id) && day > today - (i % 2 ? 3 : 30))
				break;
			for (int k = 0; simtown_post(p->town, id, k, &post); k++)
				if (strcmp(post.role, "worker") == 0)
					worker_day(p, i, &post, day);
				else
					river_day(p, i, &post, day);
		}
	}
}

/* ------------------------------------------------------------------ cases */

struct script {
	struct past *p;
	const char *file;
	struct why *why;
	int nr;
	char id[40];
	int64_t at_ms;
	struct simpost post;
	const char *worker; /* who reports: borrowed from the town */
};

static enum err wrong(const struct script *s, const char *what, const char *which)
{
	return why_set(s->why, ERR_INVALID, "%s: case %d: %s %s", s->file, s->nr, what, which);
}

/* Old acts happen by day. */
static int64_t by_day(const struct past *p, int64_t at_ms)
{
	int64_t in_day = at_ms - civil_day_ms(civil_day(at_ms));

	if (at_ms > p->now_ms - DAY)
		return at_ms;
	if (in_day < 8 * HOUR)
		return at_ms - in_day + 8 * HOUR + in_day / 16;
	return in_day < 20 * HOUR ? at_ms : at_ms - in_day + DAY + 8 * HOUR + (in_day - 20 * HOUR) / 8;
}

/* Members of the script that are an event's body as they stand; "until" is in minutes from the act. */
static void body(struct script *s, json_t *from, int64_t at_ms)
{
	static const char *const own[] = {"by", "after", "ago", "acts", "place", "att", "note_to_self"};
	struct buf *b = &s->p->b;
	const char *key;
	json_t *v;

	buf_addf(b, ",\"body\":{\"case\":\"%s\"", s->id);
	json_object_foreach(from, key, v) {
		bool skip = false;
		char *text;

		for (size_t i = 0; i < ARRAY_LEN(own); i++)
			skip |= strcmp(key, own[i]) == 0;
		if (skip)
			continue;
		buf_json_key(b, key);
		if (strcmp(key, "until") == 0 || strcmp(key, "due") == 0) {
			buf_int(b, at_ms + (int64_t)json_integer_value(v) * MINUTE);
			continue;
		}
		text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
		buf_adds(b, text ? text : "null");
		free(text);
	}
	buf_addc(b, '}');
}

static void photos(struct script *s, json_t *roles, const char *device)
{
	struct buf *b = &s->p->b;
	size_t i;
	json_t *v;

	if (!json_array_size(roles))
		return;
	buf_adds(b, ",\"att\":");
	json_array_foreach(roles, i, v) {
		buf_addc(b, i ? ',' : '[');
		simtown_photo(&s->p->rng, s->p->photos, device, (uint64_t)s->nr, json_string_value(v), b);
	}
	buf_addc(b, ']');
}

static enum err act(struct script *s, json_t *a, const char *kind)
{
	const char *by = json_string_value(json_object_get(a, "by"));
	intptr_t device;

	if (!by || strcmp(by, "worker") == 0)
		by = s->worker;
	if (!(device = (intptr_t)map_get(&s->p->devices, by, strlen(by))))
		return wrong(s, "no device", by);
	s->at_ms = by_day(s->p, s->at_ms + (int64_t)json_integer_value(json_object_get(a, "after")) * MINUTE);
	if (s->at_ms > s->p->now_ms)
		return OK; /* what follows is still to come */
	head(s->p, kind, s->at_ms);
	if (strcmp(kind, "case.report") == 0) {
		buf_addf(&s->p->b, ",\"scope\":\"%s\"", s->post.scope);
		loc(s->p, &s->post, s->post.length_m * simrng_unit(&s->p->rng));
	}
	photos(s, json_object_get(a, "att"), by);
	body(s, a, s->at_ms);
	put(s->p, (int)device - 1, s->at_ms);
	return OK;
}

static enum err one_case(struct script *s, json_t *c)
{
	const char *place = json_string_value(json_object_get(c, "place"));
	json_t *acts = json_object_get(c, "acts"), *a;
	size_t i;
	enum err e;

	if (!place || !(s->worker = simtown_who(s->p->town, place, &s->post)))
		return wrong(s, "nobody goes to", place ? place : "(no place)");
	(void)snprintf(s->id, sizeof s->id, "%016" PRIx64 "%08" PRIx32, simrng_next(&s->p->rng), (uint32_t)s->nr); /* fits */
	s->at_ms = s->p->now_ms - (int64_t)json_integer_value(json_object_get(c, "ago")) * MINUTE;
	if ((e = act(s, c, "case.report")) != OK)
		return e;
	json_array_foreach(acts, i, a)
		if ((e = act(s, a, "case.act")) != OK)
			return e;
	return OK;
}

static enum err cases(struct past *p, const char *file, struct why *why)
{
	struct script s = {.p = p, .file = file, .why = why};
	json_error_t at;
	json_t *doc = json_load_file(file, JSON_REJECT_DUPLICATES, &at), *c;
	size_t i;
	enum err e = OK;

	if (!doc || !json_is_array(doc)) {
		e = why_set(why, ERR_INVALID, "cannot read %s: %s", file, doc ? "no array" : at.text);
		goto out;
	}
	json_array_foreach(doc, i, c) {
		s.nr = (int)i + 1;
		if ((e = one_case(&s, c)) != OK)
			break;
	}
out:
	json_decref(doc);
	return e;
}

/* ------------------------------------------------------------------ all of it */

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* Numbers of a device follow its time; its epoch is the history's own, so that a phone of that name begins its own. */
static void number(struct past *p, uint64_t seed, struct buf *out)
{
	int64_t *seq = xcalloc((size_t)simtown_devices(p->town) + 1, sizeof *seq);
	struct simrng r = {seed ^ (uint64_t)p->now_ms};
	uint64_t epoch = simrng_next(&r);

	if (p->n)
		qsort(p->e, p->n, sizeof *p->e, by_time);
	for (uint32_t i = 0; i < p->n; i++) {
		const struct entry *e = &p->e[i];

		buf_addf(out, "{\"device\":\"%s\",\"epoch\":\"%016" PRIx64 "\",\"seq\":%" PRId64 ",%s}\n",
			simtown_device(p->town, e->device), epoch, ++seq[e->device], e->rest);
	}
	free(seq);
}

enum err simpast_write(const struct simtown *t, const char *script, const char *photo_dir, uint64_t seed, int64_t now_ms, int days,
	struct buf *out, struct why *why)
{
	struct past p = {.town = t, .photos = photo_dir, .rng = {seed}, .now_ms = now_ms, .days = days};
	enum err e = OK;

	for (int i = 0; i < simtown_devices(t); i++) {
		const char *id = simtown_device(t, i);

		(void)map_put(&p.devices, id, strlen(id), (void *)(intptr_t)(i + 1)); /* the last counts */
	}
	everyday(&p);
	if (script)
		e = cases(&p, script, why);
	if (e == OK)
		number(&p, seed, out);
	for (uint32_t i = 0; i < p.n; i++)
		free(p.e[i].rest);
	free(p.e);
	map_done(&p.devices);
	buf_done(&p.b);
	return e;
}
