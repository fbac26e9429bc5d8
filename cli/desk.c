#include "cli/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/door.h"
#include "core/json.h"
#include "schema/enrol.h"

#define DESK_WAIT_MS 30000         /* a batch and its fsync, on a bad day */
#define DESK_IMPORT_WAIT_MS 600000 /* a national list on a slow disk; a year whose duties are counted */

struct desk {
	struct door *door; /* NULL: the next two */
	struct store *st;
	struct intake *in;
	struct buf line, answer;
	struct json json; /* of answer */
};

/* ------------------------------------------------------------------ opening */

static enum err try_door(struct cli *c, struct desk *d, struct why *why)
{
	const char *path = conf_path(c->conf, "ingest", "socket", NULL);

	if (!path || !*path)
		return why_set(why, ERR_CLOSED, "no [ingest] socket in the config");
	return door_open(path, &d->door, why);
}

static enum err open_store(struct cli *c, struct desk *d, struct why *why)
{
	struct intake_conf conf = {0};
	const char *db = NULL;
	enum err e;

	if ((e = conf_int(c->conf, "ingest", "max_age_days", 1, 100000, 3650, &conf.max_age_days, why)) != OK ||
		(e = cli_db(c, &db, why)) != OK || (e = cli_owner(db, why)) != OK)
		return e;
	e = store_open(db, STORE_WRITER, &d->st, why);
	if (e == ERR_BUSY)
		return why_set(why, e,
			"another process writes %s, and nobody answers at [ingest] socket %s: wait for it, or stop it",
			db, conf_path(c->conf, "ingest", "socket", "(not set)"));
	if (e != OK)
		return e;
	d->in = intake_new(d->st, &conf);
	return OK;
}

enum err desk_open(struct cli *c, struct desk **out, struct why *why)
{
	struct desk *d = xcalloc(1, sizeof *d);
	enum err e = try_door(c, d, why);

	if (e == ERR_CLOSED)
		e = open_store(c, d, why);
	if (e == OK)
		*out = d;
	else
		desk_close(d);
	return e;
}

enum err desk_open_door(struct cli *c, struct desk **out, struct why *why)
{
	struct desk *d = xcalloc(1, sizeof *d);
	enum err e = try_door(c, d, why);

	if (e == OK)
		*out = d;
	else
		desk_close(d);
	return e;
}

void desk_close(struct desk *d)
{
	if (!d)
		return;
	door_close(d->door);
	intake_free(d->in);
	store_close(d->st);
	buf_done(&d->line);
	buf_done(&d->answer);
	json_done(&d->json);
	free(d);
}

/* ------------------------------------------------------------------ the door's lines */

static void request(struct desk *d, const char *op)
{
	buf_clear(&d->line);
	buf_adds(&d->line, "{\"op\":");
	buf_json_str(&d->line, op);
}

static void member(struct desk *d, const char *key, const char *value)
{
	buf_json_key(&d->line, key);
	buf_json_str(&d->line, value);
}

static enum err code_of(struct slice name)
{
	for (enum err e = ERR_NOMEM; e <= ERR_STALE; e++)
		if (slice_is(name, err_name(e)))
			return e;
	return ERR_IO;
}

/* Of a string token; "" for anything else. */
static struct slice text_of(struct json *j, uint32_t t)
{
	return t && j->tok[t].type == JSON_STRING ? json_text(j, t) : (struct slice){"", 0};
}

/* Sends the line; an answer with `error` becomes an error, and its lines go to report. */
static enum err ask(struct desk *d, struct slice payload, int timeout_ms, struct import_report *report,
	struct why *why)
{
	uint32_t error, lines, t;
	struct slice text;
	enum err e;

	buf_addc(&d->line, '}');
	if ((e = door_call(d->door, d->line.p, payload, timeout_ms, &d->answer, why)) != OK)
		return e;
	if (!json_read(&d->json, d->answer.p, d->answer.n) || d->json.tok[0].type != JSON_OBJECT)
		return why_set(why, ERR_IO, "local door: ingest gave an answer that is no JSON object");
	if (!(error = json_get(&d->json, 0, "error")))
		return OK;
	e = code_of(text_of(&d->json, json_get(&d->json, error, "code")));
	text = text_of(&d->json, json_get(&d->json, error, "detail"));
	if (!text.n)
		text = slice_of(err_name(e));
	(void)why_set(why, e, "%.*s", (int)text.n, text.p);
	lines = json_get(&d->json, error, "lines");
	if (!lines || !report || d->json.tok[lines].type != JSON_ARRAY)
		return e;
	t = lines + 1;
	for (uint32_t i = 0; i < d->json.tok[lines].count; i++, t = d->json.tok[t].next) {
		char *line;

		text = text_of(&d->json, t);
		line = xstrndup(text.p, text.n);
		report->error(report->ctx, line);
		report->errors++;
		free(line);
	}
	return e;
}

static int64_t number(struct desk *d, const char *key)
{
	uint32_t t = json_get(&d->json, 0, key);
	int64_t n = 0;

	return t && json_int(&d->json, t, &n) ? n : 0;
}

/* ------------------------------------------------------------------ straight into the database */

/* A change may free more held events than one transaction should judge. */
static enum err judge_rest(struct desk *d, struct office_end *end, struct why *why)
{
	enum err e = OK;

	while (e == OK && end->more)
		e = office_more(d->st, d->in, clock_wall_ms(), end, why);
	return e;
}

static enum err direct(struct desk *d, enum err e, struct office_end *end, int64_t *commit,
	struct why *why)
{
	if (e != OK)
		return e;
	*commit = end->commit;
	return judge_rest(d, end, why);
}

/* ------------------------------------------------------------------ the changes */

enum err desk_import(struct desk *d, const char *kind, const char *staged, bool dry_run,
	struct import_report *report, struct import_result *out, struct why *why)
{
	struct office_end end = {0};
	int64_t commit = 0;
	enum err e;

	if (!d->door) {
		e = office_import(d->st, d->in, clock_wall_ms(), kind, staged, dry_run, report, out, &end, why);
		return direct(d, e, &end, &commit, why);
	}
	request(d, "import");
	member(d, "kind", kind);
	member(d, "staged", staged);
	if (dry_run)
		buf_adds(&d->line, ",\"dry_run\":true");
	if ((e = ask(d, (struct slice){0}, DESK_IMPORT_WAIT_MS, report, why)) != OK)
		return e;
	*out = (struct import_result){number(d, "inserted"), number(d, "updated"), number(d, "unchanged"),
		number(d, "commit")};
	return OK;
}

enum err desk_device_add(struct desk *d, const char *id, const char *person, const char *district,
	char secret[ACCOUNT_SECRET], int64_t *commit, struct why *why)
{
	struct office_end end = {0};
	struct slice made;
	uint32_t t;
	enum err e;

	if (!d->door) {
		e = office_device_add(d->st, d->in, clock_wall_ms(), id, person, district, secret, &end, why);
		return direct(d, e, &end, commit, why);
	}
	request(d, "device.add");
	member(d, "device", id);
	member(d, "person", person);
	member(d, "district", district);
	if (secret[0])
		member(d, "secret", secret);
	if ((e = ask(d, (struct slice){0}, DESK_WAIT_MS, NULL, why)) != OK)
		return e;
	t = json_get(&d->json, 0, "secret");
	made = text_of(&d->json, t);
	if (!made.n || made.n >= ACCOUNT_SECRET)
		return why_set(why, ERR_IO, "local door: ingest gave no secret for %s", id);
	(void)snprintf(secret, ACCOUNT_SECRET, "%.*s", (int)made.n, made.p); /* fits */
	*commit = number(d, "commit");
	return OK;
}

/* A change that answers with its commit number alone. */
static enum err simple(struct desk *d, int64_t *commit, struct why *why)
{
	enum err e = ask(d, (struct slice){0}, DESK_WAIT_MS, NULL, why);

	if (e == OK)
		*commit = number(d, "commit");
	return e;
}

enum err desk_device_enrol(struct desk *d, const char *id, const char *person, int64_t *commit,
	struct why *why)
{
	struct office_end end = {0};

	if (!d->door)
		return direct(d, office_device_enrol(d->st, d->in, clock_wall_ms(), id, person, &end, why),
			&end, commit, why);
	request(d, "device.enrol");
	member(d, "device", id);
	member(d, "person", person);
	return simple(d, commit, why);
}

enum err desk_device_revoke(struct desk *d, const char *id, int64_t *commit, struct why *why)
{
	struct office_end end = {0};

	if (!d->door)
		return direct(d, office_device_revoke(d->st, d->in, clock_wall_ms(), id, &end, why), &end,
			commit, why);
	request(d, "device.revoke");
	member(d, "device", id);
	return simple(d, commit, why);
}

/* OK with status 200, else why not; answer: the token of the answer's object. */
static enum err answer_of(struct json *j, uint32_t answer, int64_t status, struct why *why)
{
	struct slice detail = text_of(j, json_get(j, answer, "detail"));

	if (status == 200)
		return OK;
	return why_set(why, status == 404 ? ERR_NOTFOUND : ERR_INVALID, "%.*s", (int)detail.n, detail.p);
}

static enum err code_text(struct json *j, uint32_t answer, struct desk_code *out, struct why *why)
{
	struct slice path = text_of(j, json_get(j, answer, "path")), until = text_of(j, json_get(j, answer, "until"));

	if (!path.n || path.n >= sizeof out->path || !until.n || until.n >= sizeof out->until)
		return why_set(why, ERR_IO, "local door: ingest gave no code");
	slice_copy(out->path, sizeof out->path, path);
	slice_copy(out->until, sizeof out->until, until);
	return OK;
}

static enum err code_direct(struct desk *d, const struct enrol_request *rq, struct desk_code *out, struct why *why)
{
	struct act_answer ans = {0};
	struct office_end end = {0};
	int64_t commit = 0;
	enum err e = enrol_offer(d->st, d->in, clock_wall_ms(), rq, &ans, &end, why);

	if (e == OK && !json_read(&d->json, ans.json.p, ans.json.n))
		e = why_set(why, ERR_CORRUPT, "no answer"); /* our own JSON */
	if (e == OK && (e = answer_of(&d->json, 0, ans.status, why)) == OK)
		e = code_text(&d->json, 0, out, why);
	buf_done(&ans.json);
	return direct(d, e, &end, &commit, why);
}

enum err desk_device_code(struct desk *d, const char *id, const char *person, const char *district, int64_t hours,
	struct desk_code *out, struct why *why)
{
	struct enrol_request rq = {.device = id, .person = person, .district = district, .hours = hours};
	uint32_t t;
	enum err e;

	if (!d->door)
		return code_direct(d, &rq, out, why);
	request(d, "device.code");
	member(d, "device", id);
	if (person)
		member(d, "person", person);
	if (district)
		member(d, "district", district);
	buf_addf(&d->line, ",\"hours\":%lld", (long long)hours);
	if ((e = ask(d, (struct slice){0}, DESK_WAIT_MS, NULL, why)) != OK)
		return e;
	t = json_get(&d->json, 0, "answer");
	if ((e = answer_of(&d->json, t, number(d, "status"), why)) != OK)
		return e;
	return code_text(&d->json, t, out, why);
}

enum err desk_user_put(struct desk *d, const char *name, const char *person, const char *role,
	const char *scope, const char *hash, int64_t *commit, struct why *why)
{
	struct office_end end = {0};

	if (!d->door)
		return direct(d,
			office_user_put(d->st, clock_wall_ms(), name, person, role, scope, hash, &end, why),
			&end, commit, why);
	request(d, "user.put");
	member(d, "user", name);
	member(d, "person", person);
	member(d, "role", role);
	member(d, "scope", scope);
	member(d, "hash", hash);
	return simple(d, commit, why);
}

enum err desk_user_disable(struct desk *d, const char *name, int64_t *commit, struct why *why)
{
	struct office_end end = {0};

	if (!d->door)
		return direct(d, office_user_disable(d->st, clock_wall_ms(), name, &end, why), &end, commit,
			why);
	request(d, "user.disable");
	member(d, "user", name);
	return simple(d, commit, why);
}

static enum err months_of(struct json *j, struct freeze_done *done, struct why *why)
{
	uint32_t list = json_get(j, 0, "months"), t = list + 1;
	int64_t month = 0;

	done->n = 0;
	for (uint32_t i = 0; list && j->tok[list].type == JSON_ARRAY && i < j->tok[list].count && i < ARRAY_LEN(done->month); i++, t = j->tok[t].next)
		if (json_int(j, t, &month))
			done->month[done->n++] = (int32_t)month;
	return done->n ? OK : why_set(why, ERR_IO, "local door: ingest did not say what it froze");
}

enum err desk_freeze(struct desk *d, const char *period, struct freeze_done *done, int64_t *commit, struct why *why)
{
	struct office_end end = {0};
	enum err e;

	if (!d->door)
		return direct(d, office_freeze(d->st, d->in, clock_wall_ms(), period, done, &end, why), &end, commit, why);
	request(d, "freeze");
	member(d, "period", period);
	if ((e = ask(d, (struct slice){0}, DESK_IMPORT_WAIT_MS, NULL, why)) != OK)
		return e;
	*commit = number(d, "commit");
	return months_of(&d->json, done, why);
}

/* ------------------------------------------------------------------ through the door only */

static void give(struct desk *d, struct buf *answer)
{
	buf_clear(answer);
	buf_add(answer, d->answer.p, d->answer.n);
}

enum err desk_events(struct desk *d, const char *device, struct slice payload, struct buf *answer,
	struct why *why)
{
	enum err e;

	request(d, "events");
	member(d, "device", device);
	buf_addf(&d->line, ",\"imported\":true,\"len\":%u", payload.n);
	if ((e = ask(d, payload, DESK_WAIT_MS, NULL, why)) == OK)
		give(d, answer);
	return e;
}

enum err desk_status(struct desk *d, struct buf *answer, struct why *why)
{
	enum err e;

	request(d, "status");
	if ((e = ask(d, (struct slice){0}, DESK_WAIT_MS, NULL, why)) == OK)
		give(d, answer);
	return e;
}
