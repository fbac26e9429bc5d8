#include "server/exports_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/area.h"
#include "core/civil.h"
#include "schema/exports/export.h"
#include "server/access.h"
#include "server/filters.h"
#include "server/query.h"

struct exporting { /* one export under way; the loop's but for what its job does */
	struct job job;
	struct app *a;
	struct exporting *next, **at; /* of the app's */
	uint64_t ticket;
	char user[65], scope[40], *name, *db_path;
	struct query q;         /* texts of the ask */
	struct export_ask ask;
	struct books_case_filter cases;
	struct books_patrol_filter patrols;
	struct store *st;       /* of its own */
	struct export *x;
	struct buf piece;
	bool begun, more, head; /* head: nothing but the head was asked for */
	bool working, gone;     /* a job is under way; nobody waits for it any more */
	enum err e;
	struct why why;
};

static void release(struct exporting *o)
{
	export_close(o->x);
	store_close(o->st);
	query_done(&o->q);
	buf_done(&o->piece);
	free(o->name);
	free(o->db_path);
	*o->at = o->next;
	if (o->next)
		o->next->at = o->at;
	o->a->exports_n--;
	free(o);
}

/* ------------------------------------------------------------------ on a helper thread */

static void step(struct job *j)
{
	struct exporting *o = (struct exporting *)j;

	if (!o->x && (o->e = store_open(o->db_path, STORE_READER, &o->st, &o->why)) == OK)
		o->e = export_open(o->st, &o->ask, &o->x, &o->why);
	else if (!o->x)
		o->e = ERR_IO;
	if (o->e == OK)
		o->e = export_step(o->x, &o->piece, &o->more, &o->why);
}

/* ------------------------------------------------------------------ its answers */

static void refuse(const struct exporting *o, struct response *rs)
{
	switch (o->e) {
	case ERR_USAGE:
	case ERR_INVALID:
		response_problem(rs, 400, "bad_parameter", o->why.text);
		return;
	case ERR_DENIED:
		response_problem(rs, 403, "not_allowed", o->why.text);
		return;
	case ERR_NOTFOUND:
		response_problem(rs, 404, "not_found", o->why.text);
		return;
	default:
		log_warn("export", "%s failed: %s", o->name, o->why.text);
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

static void stepped(struct job *j, void *ctx);

static bool go_on(struct exporting *o)
{
	o->job.run = step;
	o->job.done = stepped;
	o->job.ran = false;
	o->working = worker_add(o->a->exporter, &o->job);
	return o->working;
}

/* The socket took the last piece. */
static void next(void *ctx)
{
	struct exporting *o = ctx;

	if (!go_on(o))
		wire_break(o->a->wire, o->ticket);
}

static void gone(void *ctx)
{
	struct exporting *o = ctx;

	o->gone = true;
	if (!o->working)
		release(o);
}

static void first_answer(struct exporting *o)
{
	struct response rs = {0};
	char commit[32];
	int64_t time_ms;

	o->begun = true;
	if (o->e != OK) {
		refuse(o, &rs);
	} else {
		rs.status = 200;
		rs.type = export_type(o->x);
		(void)snprintf(commit, sizeof commit, "%lld", (long long)export_as_of(o->x, &time_ms)); /* fits */
		response_header(&rs, "xunge-as-of", commit);
		disposition(o, &rs);
		access_no_store(&rs);
		log_info("export", "%s user=%s scope=%s%s%s", o->name, o->user, o->ask.within ? o->ask.within : o->scope,
			o->ask.unmask ? " unmasked" : "", o->more ? "" : " whole");
	}
	if (o->e == OK && (o->more || o->head)) { /* of a head, the length is not known either */
		rs.streams = true;
		rs.stream = (struct stream){next, gone, o};
		rs.body = o->piece;
		o->piece = (struct buf){0};
		wire_answer(o->a->wire, o->ticket, &rs);
		return; /* from now on the stream's */
	}
	rs.body = o->e == OK ? o->piece : rs.body;
	if (o->e == OK)
		o->piece = (struct buf){0};
	wire_answer(o->a->wire, o->ticket, &rs);
	release(o);
}

static void stepped(struct job *j, void *ctx)
{
	struct exporting *o = (struct exporting *)j;

	(void)ctx;
	o->working = false;
	if (!j->ran) { /* the server ends */
		if (!o->begun || o->gone)
			release(o);
	} else if (!o->begun) {
		first_answer(o);
	} else if (o->gone) {
		release(o);
	} else if (o->e != OK) {
		log_warn("export", "%s broke off: %s", o->name, o->why.text);
		wire_break(o->a->wire, o->ticket);
	} else if (o->piece.n || !o->more) {
		wire_more(o->a->wire, o->ticket, &o->piece, !o->more);
	} else {
		next(o); /* a page without rows */
	}
}

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

#define ASKED "from", "to", "period", "scope", "as_of", "at", "lang", "bom", "unmask"

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
	bool bom;

	k->from = query_get(&o->q, "from");
	k->to = query_get(&o->q, "to");
	k->period = query_get(&o->q, "period");
	k->scope = o->scope;
	k->within = query_get(&o->q, "scope");
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
		char *end;

		k->as_of = strtoll(as_of, &end, 10);
		if (*end || k->as_of < 1 || strlen(as_of) > 18)
			return bad(rs, "as_of: want a commit number");
	}
	if (k->unmask && strcmp(s->user.role, "centre") != 0 && strcmp(s->user.role, "leader") != 0 && strcmp(s->user.role, "office") != 0) {
		response_problem(rs, 403, "not_allowed", "unmask: names and phones in full are for the grid centre, a community's office and leaders");
		return false;
	}
	return true;
}

static bool has_room(struct app *a, const char *user, struct response *rs)
{
	int mine = 0;

	for (const struct exporting *o = a->exports; o; o = o->next)
		mine += strcmp(o->user, user) == 0;
	if (a->exports_n >= EXPORTS_MAX) {
		response_retry(rs, 5);
		response_problem(rs, 503, "busy", "too many exports at once: try again");
	} else if (mine >= EXPORTS_OF_USER) {
		response_retry(rs, 5);
		response_problem(rs, 429, "too_many_exports", "two exports of yours are under way: wait for them");
	} else {
		return true;
	}
	return false;
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
	if (!has_room(a, s->user.name, rs))
		return;
	o = xcalloc(1, sizeof *o);
	o->a = a;
	o->ticket = rq->ticket;
	o->head = rq->method == HTTP_HEAD;
	o->db_path = xstrdup(a->db_path);
	slice_copy(o->user, sizeof o->user, slice_of(s->user.name));
	slice_copy(o->scope, sizeof o->scope, slice_of(s->user.scope));
	o->at = &a->exports;
	o->next = a->exports;
	if (o->next)
		o->next->at = &o->next;
	a->exports = o;
	a->exports_n++;
	if (query_read(&o->q, rq->query, &why) != OK) {
		(void)bad(rs, why.text);
	} else if (read_name(o, rq->param[0], rs) && read_filters(o, rs) && read_ask(o, s, rs)) {
		if (go_on(o)) {
			rs->later = true;
			return;
		}
		response_retry(rs, 5);
		response_problem(rs, 503, "busy", "too many exports at once: try again");
	}
	release(o);
}
