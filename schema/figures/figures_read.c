#include "schema/figures/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mask.h"
#include "schema/figures/sum.h"
#include "schema/freeze.h"
#include "schema/waters.h"

struct reading {
	const struct figures_parts *p;
	struct freeze_said said;    /* of the figure at hand */
	void (*row)(void *ctx, const struct figure_value *v);
	void *ctx;
};

/* The entries of one tally: [*at, *end). */
static void find(const struct reading *r, const char *figure, size_t *at, size_t *end)
{
	size_t lo = 0, hi = r->p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(r->p->entry[mid]->figure, figure) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*at = lo; lo < r->p->n && strcmp(r->p->entry[lo]->figure, figure) == 0;)
		lo++;
	*end = lo;
}

/* ------------------------------------------------------------------ parts of a figure */

struct part {
	const char *key, *unit; /* level or category; the unit of works, else "" */
	size_t rank;            /* those that always have a row come first */
	bool counted;           /* something was counted; else it stands here by itself */
	bool approx;
	int64_t num, den;
};

struct parts {
	struct part *v;
	size_t n, cap;
};

static struct part *part_add(struct parts *p, const struct figure *f, const char *key, const char *unit)
{
	size_t rank = 0;

	if (p->n == p->cap) {
		p->cap = p->cap * 2 + 64;
		p->v = xrealloc(p->v, p->cap * sizeof *p->v);
	}
	while (rank < FIGURES_PARTS && f->part[rank] && strcmp(f->part[rank], key) != 0)
		rank++;
	if (rank < FIGURES_PARTS && !f->part[rank])
		rank = FIGURES_PARTS;
	p->v[p->n] = (struct part){.key = key, .unit = unit, .rank = rank};
	return &p->v[p->n++];
}

static int by_rank(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int c;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (c = strcmp(x->key, y->key)) ? c : strcmp(x->unit, y->unit);
}

/* One part for each (key, unit); of works, one that only stands here goes where the item has a unit. */
static void merge(struct parts *p)
{
	size_t n = 0;

	if (p->n) /* qsort() takes no NULL */
		qsort(p->v, p->n, sizeof *p->v, by_rank);
	for (size_t i = 0; i < p->n; i++) {
		struct part *last = n ? &p->v[n - 1] : NULL;

		if (last && strcmp(last->key, p->v[i].key) == 0 && (strcmp(last->unit, p->v[i].unit) == 0 || !last->counted)) {
			last->unit = p->v[i].unit;
			last->num += p->v[i].num;
			last->den += p->v[i].den;
			last->counted |= p->v[i].counted;
			last->approx |= p->v[i].approx;
		} else {
			p->v[n++] = p->v[i];
		}
	}
	p->n = n;
}

/* What tally `name` counted, as numerator (or not), of each part. */
static void add_tally(const struct reading *r, struct parts *p, const struct figure *f, const char *name, bool num, bool den)
{
	bool own_units = !*f->unit;
	size_t at, end;

	for (find(r, name, &at, &end); at < end; at++) {
		const struct figures_entry *e = r->p->entry[at];
		struct part *one = part_add(p, f, f->by == FIGURE_BY_LEVEL ? e->level : f->by == FIGURE_BY_CATEGORY ? e->category : "",
			own_units ? e->level : "");

		one->counted = true;
		one->num = num ? e->n : 0;
		one->den = den ? e->n : 0;
	}
}

static void add_approx(const struct reading *r, struct parts *p, const struct figure *f)
{
	size_t at, end;

	if (*f->unit)
		return;
	for (find(r, "works_approx", &at, &end); at < end; at++) {
		struct part *one = part_add(p, f, r->p->entry[at]->category, r->p->entry[at]->level);

		one->counted = one->approx = true;
	}
}

static void gather(const struct reading *r, const struct figure *f, struct parts *p)
{
	bool duty = strcmp(f->num, "duty_met") == 0; /* ÷ (met + overdue) */

	for (size_t i = 0; i < FIGURES_PARTS && f->part[i]; i++)
		(void)part_add(p, f, f->part[i], ""); /* that it is there is enough */
	for (size_t i = 0; f->klass && i < r->p->nnamed; i++)
		if (r->p->named[i]->valid && strcmp(r->p->named[i]->klass, f->klass) == 0)
			(void)part_add(p, f, r->p->named[i]->code, ""); /* as above */
	add_tally(r, p, f, f->num, true, duty);
	if (f->den)
		add_tally(r, p, f, f->den, false, true);
	add_approx(r, p, f);
	merge(p);
}

/* ------------------------------------------------------------------ rows */

static const struct {
	const char *code, *zh, *en;
} words[] = {
	{"river", "河道", "River"}, {"gully", "沟道", "Gully"}, {"road", "公路沿线", "Road"}, {"grid", "网格", "Grid"},
	{"burning", "禁烧", "No burning"}, {"hazard", "隐患", "Hazards"}, {"finding", "巡查问题", "Findings"}, {"appeal", "诉求", "Appeals"},
	{"dispute", "纠纷", "Disputes"}, {"rectify", "交办整改", "Rectification"},
};

static int by_code(const void *key, const void *item)
{
	const struct figures_named *k = key, *c = *(struct figures_named *const *)item;
	int n = strcmp(k->klass, c->klass);

	return n ? n : strcmp(k->code, c->code);
}

static const char *name_of(const struct reading *r, const struct figure *f, const char *category)
{
	if (f->klass) {
		struct figures_named **have, *k = xcalloc(1, sizeof *k + strlen(f->klass) + 1);

		memcpy(k->klass, f->klass, strlen(f->klass));
		k->code = category;
		have = r->p->nnamed ? bsearch(k, r->p->named, r->p->nnamed, sizeof(struct figures_named *), by_code) : NULL;
		free(k);
		return have ? (*have)->name : category;
	}
	for (size_t i = 0; f->part[0] && i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].code, category) == 0)
			return r->p->ask->english ? words[i].en : words[i].zh;
	return category; /* an issuer */
}

/* num / scale; with all thousandths, but no zeros behind them. */
static void quantity(int64_t num, int64_t scale, int decimals, char out[32])
{
	size_t n;

	figure_round(num, scale, decimals, false, out);
	if (decimals < 3)
		return;
	n = strlen(out);
	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	out[n] = '\0';
}

const char *figure_masked(const char *text, struct buf *to)
{
	buf_clear(to);
	mask_text(slice_of(text), to);
	return to->n ? to->p : "";
}

bool figure_of_issuers(const struct figure *f)
{
	return f->by == FIGURE_BY_CATEGORY && !f->klass && !f->part[0];
}

void figure_show(struct figure_value *v, bool english)
{
	const struct figure *f = v->f;
	char shown[32];

	v->value[0] = '\0';
	if (f->kind == FIGURE_RATE && v->den <= 0)
		v->has = false;
	if (!v->has) {
		(void)snprintf(v->display, sizeof v->display, "—");
	} else if (f->kind == FIGURE_RATE) {
		figure_round(v->num, v->den, f->decimals, true, v->value);
		(void)snprintf(v->display, sizeof v->display, "%s%%", v->value); /* fits; so do the others */
	} else {
		quantity(v->num, f->scale, f->scale == 1000 ? 3 : f->decimals, v->value);
		quantity(v->num, f->scale, f->decimals, shown);
		(void)snprintf(v->display, sizeof v->display, "%s%s", !v->approx ? "" : english ? "about " : "约", shown);
	}
}

static void tell(const struct reading *r, const struct figure *f, const struct part *p, bool total, bool has)
{
	struct buf issuer = {0}, unit = {0};
	bool en = r->p->ask->english, rate = f->kind == FIGURE_RATE;
	struct figure_value v = {.f = f, .name = en ? f->name_en : f->name, .unit = *f->unit ? (en ? f->unit_en : f->unit) : p->unit,
		.level = "", .category = "", .category_name = "", .has = has, .approx = p->approx, .num = p->num,
		.den = rate ? p->den : 0, .definition = en ? f->definition_en : f->definition};

	if (r->p->words) { /* what it was called, and meant, when it was counted */
		v.name = r->said.name;
		v.definition = r->said.definition;
	}
	if (!total && f->by == FIGURE_BY_LEVEL)
		v.level = p->key;
	if (!total && f->by == FIGURE_BY_CATEGORY) {
		v.category = p->key;
		v.category_name = name_of(r, f, p->key);
	}
	figure_show(&v, en);
	if (r->p->ask->masked && figure_of_issuers(f))
		v.category = v.category_name = figure_masked(v.category, &issuer);
	if (r->p->ask->masked)
		v.unit = figure_masked(v.unit, &unit);
	r->row(r->ctx, &v);
	buf_done(&issuer);
	buf_done(&unit);
}

/* The total: of works only where all have one unit. */
static void tell_total(const struct reading *r, const struct figure *f, const struct parts *p)
{
	struct part sum = {.key = "", .unit = ""};
	bool one = true;

	for (size_t i = 0; i < p->n; i++) {
		if (!p->v[i].counted)
			continue;
		if (sum.counted && strcmp(sum.unit, p->v[i].unit) != 0)
			one = false;
		sum.counted = true;
		sum.unit = p->v[i].unit;
		sum.num += p->v[i].num;
		sum.den += p->v[i].den;
		sum.approx |= p->v[i].approx;
	}
	if (!one)
		sum = (struct part){.key = "", .unit = ""};
	tell(r, f, &sum, true, one);
}

static void tell_state(const struct reading *r, const struct figure *f)
{
	const struct figures_households *h = &r->p->households;
	struct part p = {.key = "", .unit = ""};

	p.num = strcmp(f->id, "monitored_households") == 0 ? h->households
		: strcmp(f->id, "monitored_persons") == 0 ? h->persons
		: strcmp(f->id, "risk_removed_households") == 0 ? h->removed_households : h->removed_persons;
	tell(r, f, &p, true, true);
}

static void tell_distinct(const struct reading *r, const struct figure *f)
{
	struct part p = {.key = "", .unit = "", .num = r->p->visited};
	const char *last = NULL;
	size_t at, end;

	for (find(r, f->num, &at, &end); at < end; at++) {
		if (r->p->entry[at]->n > 0 && (!last || strcmp(last, r->p->entry[at]->category) != 0))
			p.num++;
		last = r->p->entry[at]->category;
	}
	tell(r, f, &p, true, true);
}

static void evaluate_now(const struct reading *r, const struct figure *f)
{
	struct parts p = {0};

	if (f->kind == FIGURE_STATE) {
		tell_state(r, f);
		return;
	}
	if (f->kind == FIGURE_DISTINCT) {
		tell_distinct(r, f);
		return;
	}
	gather(r, f, &p);
	tell_total(r, f, &p);
	for (size_t i = 0; f->by != FIGURE_BY_NONE && i < p.n; i++)
		if (*p.v[i].key) /* what has no level, or no category, is in the total */
			tell(r, f, &p.v[i], false, true);
	free(p.v);
}

static void evaluate(struct reading *r, const struct figure *f)
{
	if (!r->p->words || freeze_words_of(r->p->words, f->id, r->p->ask->english, &r->said)) /* else it was not counted then */
		evaluate_now(r, f);
	freeze_said_done(&r->said);
}

const struct figure *figure_find(const char *id)
{
	for (size_t i = 0; i < figures_n; i++)
		if (strcmp(figures[i].id, id) == 0)
			return &figures[i];
	return NULL;
}

void figures_evaluate(const struct figures_parts *p, void (*row)(void *ctx, const struct figure_value *v), void *ctx)
{
	struct reading r = {.p = p, .row = row, .ctx = ctx};

	for (size_t i = 0; i < figures_n; i++)
		if ((!p->ask->only || strcmp(figures[i].id, p->ask->only) == 0) && (!waters_is(p->ask->within) || waters_figure(&figures[i])))
			evaluate(&r, &figures[i]);
}

enum err figures_read(struct store *st, const struct figures_ask *ask, void (*row)(void *ctx, const struct figure_value *v), void *ctx)
{
	const struct figures_pace pace = {.still = true};
	struct figures_sum *s = figures_sum_new(st, ask, NULL, 0);
	bool more = true;
	enum err e = OK;

	while (e == OK && more)
		e = figures_sum_read(s, &pace, &more);
	if (e == OK)
		figures_sum_show(s, FIGURES_WHOLE, row, ctx);
	figures_sum_free(s);
	return e;
}
