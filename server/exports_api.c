#include "server/exports_api.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/area.h"
#include "core/civil.h"
#include "schema/exports/export.h"
#include "schema/waters.h"
#include "server/access.h"
#include "server/filters.h"
#include "server/query.h"
#include "server/streamjob.h"

struct exporting { /* one export under way */
	struct streamjob s;
	struct seat seat;
	struct app *a;
	char user[65], scope[40], etag[QUESTION_TAG], *name, *db_path; /* etag "": what is asked for may be another thing tomorrow */
	struct query q;         /* texts of the ask */
	char waters[WATERS_NAME_MAX + 2]; /* its `reach`, as schema/waters.h has it */
	struct export_ask ask;
	struct books_case_filter cases;
	struct books_patrol_filter patrols;
	struct store *st;       /* of its own */
	struct export *x;
};

static void release(struct streamjob *s)
{
	struct exporting *o = (struct exporting *)s;

	seat_leave(&o->seat);
	export_close(o->x);
	store_close(o->st);
	query_done(&o->q);
	free(o->name);
	free(o->db_path);
	free(o);
}

/* ------------------------------------------------------------------ on a helper thread */

static void step(struct streamjob *s)
{
	struct exporting *o = (struct exporting *)s;

	if (!o->x && (s->e = store_open(o->db_path, STORE_READER, &o->st, &s->why)) == OK)
		s->e = export_open(o->st, &o->ask, &o->x, &s->why);
	else if (!o->x)
		s->e = ERR_IO;
	if (s->e == OK)
		s->e = export_step(o->x, &s->piece, &s->more, &s->why);
}

/* ------------------------------------------------------------------ its answers */

static void refuse(const struct exporting *o, struct response *rs)
{
	switch (o->s.e) {
	case ERR_USAGE:
	case ERR_INVALID:
		response_problem(rs, 400, "bad_parameter", o->s.why.text);
		return;
	case ERR_DENIED:
		response_problem(rs, 403, "not_allowed", o->s.why.text);
		return;
	case ERR_NOTFOUND:
		response_problem(rs, 404, "not_found", o->s.why.text);
		return;
	default:
		log_warn("export", "%s failed: %s", o->name, o->s.why.text);
		response_retry(rs, 5);
		response_problem(rs, 503, "unavailable", "the export cannot be made now: try again");
	}
}

/* RFC 6266: an ASCII name, and the real one. */
static void disposition(const struct exporting *o, struct response *rs)
{
	struct buf b = {0};

	buf_addf(&b, "attachment; filename=\"%s\"; filename*=UTF-8''", export_filename(o->x, true));
	for (const char *p = export_filename(o->x, false); *p; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c))
			buf_addc(&b, *p);
		else
			buf_addf(&b, "%%%02X", c);
	}
	response_header(rs, "content-disposition", b.p);
	buf_done(&b);
}

static void answer(struct streamjob *s, struct response *rs)
{
	struct exporting *o = (struct exporting *)s;
	char commit[32];
	int64_t time_ms;

	if (s->e != OK) {
		refuse(o, rs);
		return;
	}
	rs->status = 200;
	rs->type = export_type(o->x);
	(void)snprintf(commit, sizeof commit, "%lld", (long long)export_as_of(o->x, &time_ms)); /* fits */
	if (export_is_certain(o->x))
		response_header(rs, "xunge-as-of", commit);
	response_header(rs, "accept-ranges", "none"); /* made as it goes: a part would cost as much as the whole */
	if (o->etag[0])
		response_header(rs, "etag", o->etag);
	disposition(o, rs);
	access_no_store(rs);
	log_info("export", "%s user=%s scope=%s%s%s", o->name, o->user, o->ask.within ? o->ask.within : o->scope,
		o->ask.unmask ? " unmasked" : "", s->more ? "" : " whole");
}

static void broke(const struct streamjob *s)
{
	log_warn("export", "%s broke off: %s", ((const struct exporting *)s)->name, s->why.text);
}

static const struct streamjob_calls calls = {.work = step, .answer = answer, .broke = broke, .release = release};

/* ------------------------------------------------------------------ the question */

static bool bad(struct response *rs, const char *what)
{
	response_problem(rs, 400, "bad_parameter", what);
	return false;
}

/* "figures.csv" */
static bool read_name(struct exporting *o, struct slice param, struct response *rs)
{
	char *dot;
	const char *known;
	unsigned formats = 0;

	o->name = xstrndup(param.p, param.n);
	dot = strrchr(o->name, '.');
	if (!dot || !export_format_of(dot + 1, &o->ask.format) || o->ask.format == EXPORT_TEXT) {
		response_problem(rs, 404, "not_found", "want a name and csv, json, xlsx or geojson, as figures.csv");
		return false;
	}
	*dot = '\0';
	for (size_t i = 0; (known = export_name(i, &formats)); i++)
		if (strcmp(known, o->name) == 0)
			break;
	if (!known || !(formats >> o->ask.format & 1)) {
		response_problem(rs, 404, "not_found", known ? "this export has no such format" : "there is no such export");
		return false;
	}
	o->ask.name = o->name;
	o->ask.has_format = true;
	return true;
}

static bool read_flag_of(const struct query *q, const char *name, bool absent, bool *out)
{
	const char *v = query_get(q, name);

	*out = v ? strcmp(v, "1") == 0 || strcmp(v, "true") == 0 : absent;
	return !v || *out || strcmp(v, "0") == 0 || strcmp(v, "false") == 0;
}

#define ASKED "from", "to", "period", "scope", "reach", "as_of", "at", "lang", "bom", "unmask"

/* The filters of the list that it is of. */
static bool read_filters(struct exporting *o, struct response *rs)
{
	static const char *const names[] = {ASKED, "class", "figure", "level", "category", NULL};
	static const char *const of_cases[] = {ASKED, FILTERS_CASES, NULL}, *const of_patrols[] = {ASKED, FILTERS_PATROLS, NULL};
	bool cases = strcmp(o->name, "cases") == 0, patrols = strcmp(o->name, "patrols") == 0;
	const char *stranger = query_stranger(&o->q, cases ? of_cases : patrols ? of_patrols : names);
	struct export_ask *k = &o->ask;
	struct why why = {""};

	k->klass = query_get(&o->q, "class");
	if (stranger)
		(void)why_set(&why, ERR_INVALID, "%.40s: there is no such parameter", stranger);
	else if (cases && filters_cases(&o->q, &o->cases, &k->late, &why))
		k->cases = &o->cases;
	else if (patrols && filters_patrols(&o->q, &o->patrols, &why))
		k->patrols = &o->patrols;
	if (!cases && !patrols) {
		k->figure = query_get(&o->q, "figure");
		k->level = query_get(&o->q, "level");
		k->category = query_get(&o->q, "category");
	}
	return !why.text[0] || bad(rs, why.text);
}

static bool read_ask(struct exporting *o, const struct session *s, struct response *rs)
{
	struct export_ask *k = &o->ask;
	const char *lang = query_get(&o->q, "lang"), *as_of = query_get(&o->q, "as_of"), *at = query_get(&o->q, "at");
	const char *reach = query_get(&o->q, "reach");
	bool bom;

	k->from = query_get(&o->q, "from");
	k->to = query_get(&o->q, "to");
	k->period = query_get(&o->q, "period");
	k->scope = o->scope;
	k->within = query_get(&o->q, "scope");
	if (reach && (k->within || strlen(reach) > WATERS_NAME_MAX))
		return bad(rs, "reach: stands in the place of scope; *, the name of a river or a reach code");
	if (reach) {
		(void)snprintf(o->waters, sizeof o->waters, "~%s", strcmp(reach, "*") == 0 ? "" : reach); /* fits */
		k->within = o->waters;
	}
	k->now_ms = clock_wall_ms();
	k->at_ms = EXPORT_AT_DEFAULT;
	k->english = lang && strcmp(lang, "en") == 0;
	if (k->within && strcmp(k->within, "*") == 0)
		k->within = NULL;
	if (k->within && area_level(slice_of(k->within)) != AREA_NONE && !area_covers(slice_of(o->scope), slice_of(k->within))) {
		char text[120];

		(void)snprintf(text, sizeof text, "scope: outside of your own, %s", o->scope); /* fits */
		response_problem(rs, 403, "not_allowed", text);
		return false;
	}
	if (lang && strcmp(lang, "en") != 0 && strcmp(lang, "zh") != 0)
		return bad(rs, "lang: want zh or en");
	if (!read_flag_of(&o->q, "bom", true, &bom) || !read_flag_of(&o->q, "unmask", false, &k->unmask))
		return bad(rs, "bom, unmask: want 1 or 0");
	k->no_bom = !bom;
	if (at && !civil_parse_instant(at, strlen(at), &k->at_ms))
		return bad(rs, "at: want an instant, as 2026-01-01T08:00:00+08:00");
	if (as_of) {
		size_t digits = strspn(as_of, "0123456789");

		if (as_of[digits] || digits > 18 || (k->as_of = strtoll(as_of, NULL, 10)) < 1)
			return bad(rs, "as_of: want a commit number");
	}
	if (k->unmask && strcmp(s->user.role, "centre") != 0 && strcmp(s->user.role, "leader") != 0 && strcmp(s->user.role, "office") != 0) {
		response_problem(rs, 403, "not_allowed", "unmask: names and phones in full are for the grid centre, a community's office and leaders");
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ seats */

bool seat_take(struct seat *s, struct app *a, const char *user, struct response *rs)
{
	int mine = 0;

	for (const struct seat *o = a->exports; o; o = o->next)
		mine += strcmp(o->user, user) == 0;
	if (a->exports_n >= EXPORTS_MAX) {
		response_retry(rs, 5);
		response_problem(rs, 503, "busy", "too many exports at once: try again");
		return false;
	}
	if (mine >= EXPORTS_OF_USER) {
		response_retry(rs, 5);
		response_problem(rs, 429, "too_many_exports", "two exports of yours are under way: wait for them");
		return false;
	}
	s->a = a;
	slice_copy(s->user, sizeof s->user, slice_of(user));
	s->at = &a->exports;
	s->next = a->exports;
	if (s->next)
		s->next->at = &s->next;
	a->exports = s;
	a->exports_n++;
	return true;
}

void seat_leave(struct seat *s)
{
	if (!s->at)
		return;
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	s->a->exports_n--;
	s->at = NULL;
}

/* ------------------------------------------------------------------ what the asker has */

static void hash_text(crypto_generichash_state *h, const char *text)
{
	(void)crypto_generichash_update(h, (const unsigned char *)text, strlen(text) + 1); /* with its end: nothing runs into the next */
}

void question_tag(struct app *a, const char *scope, const char *what, const struct query *q, char out[QUESTION_TAG])
{
	crypto_generichash_state h;
	unsigned char sum[16];
	char hex[33];
	struct head head;

	out[0] = '\0';
	if (!a->st || store_head(a->st, &head) != OK)
		return;
	(void)crypto_generichash_init(&h, NULL, 0, sizeof sum); /* sizes are right */
	hash_text(&h, XUNGE_VERSION);
	hash_text(&h, head.db);
	hash_text(&h, scope);
	hash_text(&h, what);
	for (int i = 0; i < q->n; i++) {
		hash_text(&h, q->pair[i].name);
		hash_text(&h, q->pair[i].value);
	}
	(void)crypto_generichash_final(&h, sum, sizeof sum);
	(void)snprintf(out, QUESTION_TAG, "\"%s\"", sodium_bin2hex(hex, sizeof hex, sum, sizeof sum)); /* fits */
}

/* The same question by the same rights has the same bytes, as long as the program is the same. */
static void tag(struct exporting *o)
{
	char what[80];

	if (!o->ask.as_of || export_is_of_now(o->name))
		return;
	(void)snprintf(what, sizeof what, "%s.%s", o->name, export_format_name(o->ask.format)); /* names are short */
	question_tag(o->a, o->scope, what, &o->q, o->etag);
}

/* Who has it was given it for the same question: nothing needs to be read again. */
static bool has_it(const struct exporting *o, const struct request *rq, struct response *rs)
{
	if (!o->etag[0] || !rq->if_none_match || !http_etag_listed(rq->if_none_match, o->etag))
		return false;
	rs->status = 304;
	response_header(rs, "etag", o->etag);
	access_no_store(rs);
	return true;
}

void exports_get(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	struct session *s = access_session(a, rq);
	struct exporting *o;
	struct why why = {""};

	if (!s) {
		access_unauthorized(rs);
		return;
	}
	o = xcalloc(1, sizeof *o);
	o->a = a;
	o->s = (struct streamjob){.calls = &calls, .wire = a->wire, .worker = a->exporter, .ticket = rq->ticket, .head = rq->method == HTTP_HEAD};
	o->db_path = xstrdup(a->db_path);
	slice_copy(o->user, sizeof o->user, slice_of(s->user.name));
	slice_copy(o->scope, sizeof o->scope, slice_of(s->user.scope));
	if (query_read(&o->q, rq->query, &why) != OK) {
		(void)bad(rs, why.text);
	} else if (read_name(o, rq->param[0], rs) && read_filters(o, rs) && read_ask(o, s, rs)) {
		tag(o);
		if (!has_it(o, rq, rs) && seat_take(&o->seat, a, o->user, rs)) {
			if (streamjob_start(&o->s)) {
				rs->later = true;
				return;
			}
			response_retry(rs, 5);
			response_problem(rs, 503, "busy", "too many exports at once: try again");
		}
	}
	release(&o->s);
}
