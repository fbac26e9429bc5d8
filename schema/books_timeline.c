#include "schema/books_timeline.h"

#include "schema/books_sql.h"
#include "schema/dossier.h"

struct telling {
	struct store *st;
	struct dossier d;
	struct json json, void_json;
	void (*row)(void *ctx, const struct books_step *s);
	void *ctx;
};

static void name_of(struct store *st, const char *person, char *out, size_t room)
{
	sqlite3_stmt *q = sql_get(st, "SELECT name FROM person WHERE id = ? AND until IS NULL");

	out[0] = '\0';
	sql_str(q, 1, person);
	if (*person && sql_row(q) == OK)
		slice_copy(out, room, sql_col(q, 0));
	sql_done(q);
}

static struct slice member(struct json *j, uint32_t t, const char *key)
{
	uint32_t m = j->tok[t].type == JSON_OBJECT ? json_get(j, t, key) : 0;

	return m && j->tok[m].type == JSON_STRING ? json_text(j, m) : (struct slice){NULL, 0};
}

/* Words and photos of the event's bytes, which were checked when it was stored. */
static void read_words(struct telling *t, struct slice raw, struct books_step *s)
{
	struct json *j = &t->json;
	uint32_t body, att;

	if (!json_read(j, raw.p, raw.n) || j->tok[0].type != JSON_OBJECT)
		return;
	if ((body = json_get(j, 0, "body"))) {
		s->note = member(j, body, "note");
		s->title = member(j, body, "title");
		s->text = member(j, body, "text");
	}
	att = json_get(j, 0, "att");
	if (!att || j->tok[att].type != JSON_ARRAY)
		return;
	for (uint32_t i = 0, k = att + 1; i < j->tok[att].count && i < EVENT_ATT_MAX; i++, k = j->tok[k].next)
		s->photo[s->nphoto++] = (struct books_photo){member(j, k, "sha256"), member(j, k, "role"), member(j, k, "mime")};
}

/* Who voided it: borrowed from q until sql_done(). */
static enum err read_void(struct telling *t, sqlite3_stmt *q, struct books_step *s)
{
	const struct order_key *k = &s->act->key;
	struct slice raw;
	uint32_t body;
	enum err e;

	sql_str(q, 1, k->device);
	sql_str(q, 2, k->epoch);
	sql_int(q, 3, k->seq);
	if ((e = sql_row(q)) != OK)
		return e == ERR_NOTFOUND ? OK : e;
	s->voided_by = books_named(q, 0);
	s->voided_ms = sqlite3_column_int64(q, 2);
	raw = sql_col(q, 3);
	if (json_read(&t->void_json, raw.p, raw.n) && (body = json_get(&t->void_json, 0, "body")))
		s->voided_why = member(&t->void_json, body, "reason");
	return OK;
}

static enum err tell(struct telling *t, uint32_t i)
{
	const struct dossier_act *of = &t->d.of[i];
	struct books_step s = {.act = &t->d.act[i], .commit = of->commit, .committed_ms = -1, .voided_ms = -1,
		.displaced = of->displaced, .repeated = t->d.act[i].action == ACT_REPORT && i != t->d.fold.report};
	sqlite3_stmt *v = sql_get(t->st, "SELECT e.person, " SQL_PERSON("e.person") ", e.at, e.raw FROM voided v CROSS JOIN event e ON "
		"e.\"commit\" = v.by WHERE v.device = ? AND v.epoch = ? AND v.seq = ?");
	sqlite3_stmt *q = of->commit
		? sql_get(t->st, "SELECT e.recv, (SELECT time FROM batch WHERE last >= e.\"commit\" ORDER BY last, rev LIMIT 1), e.raw "
				 "FROM event e WHERE e.\"commit\" = ?")
		: sql_get(t->st, "SELECT recv, NULL, raw FROM held WHERE id = ?");
	char person[256], to[256];
	enum err e;

	sql_int(q, 1, of->commit ? of->commit : of->held);
	if ((e = sql_row(q)) == OK) {
		s.recv_ms = sqlite3_column_int64(q, 0);
		s.committed_ms = books_ms(q, 1);
		read_words(t, sql_col(q, 2), &s);
		name_of(t->st, s.act->person, person, sizeof person);
		name_of(t->st, s.act->to_person ? s.act->to : "", to, sizeof to);
		s.person_name = person;
		s.to_name = to;
		e = s.act->voided ? read_void(t, v, &s) : OK;
		if (e == OK)
			t->row(t->ctx, &s);
	}
	sql_done(v);
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static uint32_t actions_of(const struct dossier *d, const char *person, const struct casus_grant *grant)
{
	uint32_t bits = 0;

	for (int a = ACT_ACK; d->fold.report != UINT32_MAX && d->fold.state != CASUS_NONE && a < CASUS_ACTIONS; a++)
		if (casus_may(&d->fold, d->act[d->fold.report].area, person, grant, 1, (enum casus_action)a))
			bits |= 1U << a;
	return bits;
}

enum err books_timeline(struct store *st, struct slice id, const char *person, const struct casus_grant *grant,
	struct books_story *out, void (*row)(void *ctx, const struct books_step *s), void *ctx)
{
	struct dossier_source src = {.st = st, .registry = registry_new(st, REGISTRY_NOW), .as_of = REGISTRY_NOW};
	struct telling t = {.st = st, .row = row, .ctx = ctx};
	enum err e = dossier_read(&src, id, &t.d);

	if (e == OK && t.d.n == 0)
		e = ERR_NOTFOUND;
	if (e == OK) {
		out->cut = t.d.n > BOOKS_STEPS ? t.d.n - BOOKS_STEPS : 0;
		out->actions = *person ? actions_of(&t.d, person, grant) : 0; /* who is nobody states no facts */
		for (uint32_t i = out->cut; i < t.d.n && e == OK; i++)
			e = tell(&t, t.d.order[i]);
	}
	dossier_done(&t.d);
	json_done(&t.json);
	json_done(&t.void_json);
	json_done(&src.json);
	registry_free(src.registry);
	return e;
}
