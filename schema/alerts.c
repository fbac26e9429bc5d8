#include "schema/alerts.h"

#include <stdlib.h>

#include "base/buf.h"
#include "schema/sql.h"

#define ESCALATE_MAX 1000 /* rows looked at in one call */

static const char *const roles[] = {"centre", "leader", "district"};

struct entry { /* one row; in memory while it is active or not yet written */
	struct entry *next_dirty;
	bool dirty, active, late, has_loc;
	int severity;
	size_t told;           /* index of roles */
	int32_t lat_e7, lon_e7;
	int64_t at, raised, cleared, acked_at, next; /* -1: none */
	char *id, *type, *subject;
	char *casus, *person, *title, *scope, *area, *acked_by; /* NULL: none */
};

struct alerts {
	struct store *st;
	struct map map;       /* id -> entry */
	struct entry *dirty;
	size_t max;           /* entries kept */
	bool known;           /* the active ones were read */
	bool all;             /* ... and each of them is in the map */
};

/* ------------------------------------------------------------------ memory */

static void facts_free(struct entry *n)
{
	char **text[] = {&n->casus, &n->person, &n->title, &n->scope, &n->area, &n->acked_by};

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		free(*text[i]);
		*text[i] = NULL;
	}
}

static void entry_free(struct entry *n)
{
	if (!n)
		return;
	facts_free(n);
	free(n->id);
	free(n->type);
	free(n->subject);
	free(n);
}

static void drop_entries(struct alerts *as)
{
	struct entry *n;

	for (size_t pos = 0; (n = map_next(&as->map, &pos));)
		entry_free(n);
	map_done(&as->map);
	as->dirty = NULL;
	as->all = false;
}

static void empty(struct alerts *as)
{
	drop_entries(as);
	as->known = false;
}

struct alerts *alerts_new(struct store *st)
{
	struct alerts *as = xcalloc(1, sizeof *as);

	as->st = st;
	as->max = ALERTS_MEMORY;
	return as;
}

void alerts_free(struct alerts *as)
{
	if (!as)
		return;
	empty(as);
	free(as);
}

void alerts_clear_memory(struct alerts *as)
{
	empty(as); /* what was written is gone, too, when the commit failed */
}

void alerts_limit(struct alerts *as, size_t entries)
{
	as->max = entries;
}

bool alerts_dirty(const struct alerts *as)
{
	return as->dirty != NULL;
}

static void touch(struct alerts *as, struct entry *n)
{
	if (n->dirty)
		return;
	n->dirty = true;
	n->next_dirty = as->dirty;
	as->dirty = n;
}

/* ------------------------------------------------------------------ reading */

#define COLUMNS "id, type, subject, severity, casus, person, title, scope, area, lat_e7, lon_e7, at, raised, late, " \
		"active, cleared, acked_by, acked_at, told, next"

static char *text_or_null(sqlite3_stmt *q, int i)
{
	struct slice v = sql_col(q, i);

	return v.p ? xstrndup(v.p, v.n) : NULL;
}

static int64_t int_or(sqlite3_stmt *q, int i, int64_t none)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? none : sqlite3_column_int64(q, i);
}

static void read_row(struct entry *n, sqlite3_stmt *q)
{
	facts_free(n);
	n->severity = sqlite3_column_int(q, 3);
	n->casus = text_or_null(q, 4);
	n->person = text_or_null(q, 5);
	n->title = text_or_null(q, 6);
	n->scope = text_or_null(q, 7);
	n->area = text_or_null(q, 8);
	n->has_loc = sqlite3_column_type(q, 9) != SQLITE_NULL;
	n->lat_e7 = sqlite3_column_int(q, 9);
	n->lon_e7 = sqlite3_column_int(q, 10);
	n->at = sqlite3_column_int64(q, 11);
	n->raised = sqlite3_column_int64(q, 12);
	n->late = sqlite3_column_int(q, 13) != 0;
	n->active = sqlite3_column_int(q, 14) != 0;
	n->cleared = int_or(q, 15, -1);
	n->acked_by = text_or_null(q, 16);
	n->acked_at = int_or(q, 17, -1);
	n->told = 0;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (slice_is(sql_col(q, 18), roles[i]))
			n->told = i;
	n->next = int_or(q, 19, -1);
}

static struct entry *entry_add(struct alerts *as, struct slice type, struct slice subject)
{
	struct entry *n = xcalloc(1, sizeof *n);

	n->type = xstrndup(type.p, type.n);
	n->subject = xstrndup(subject.p ? subject.p : "", subject.n);
	n->id = xasprintf("%s:%s", n->type, n->subject);
	n->cleared = n->acked_at = n->next = -1;
	(void)map_put(&as->map, n->id, strlen(n->id), n); /* was not there */
	return n;
}

/* The active ones, unless there are too many: then each is read when it is asked for. */
static enum err load_active(struct alerts *as)
{
	sqlite3_stmt *q;
	size_t rows = 0;
	enum err e;

	if (as->known)
		return OK;
	q = sql_get(as->st, "SELECT " COLUMNS " FROM alert WHERE active = 1 LIMIT ?");
	sql_int(q, 1, (int64_t)as->max + 1);
	while ((e = sql_row(q)) == OK && ++rows <= as->max)
		read_row(entry_add(as, sql_col(q, 1), sql_col(q, 2)), q);
	sql_done(q);
	if (e != ERR_NOTFOUND)
		drop_entries(as); /* too many, or an error */
	as->all = e == ERR_NOTFOUND;
	as->known = as->all || e == OK;
	return as->known ? OK : e;
}

static enum err load_row(struct alerts *as, const char *type, const char *subject, struct entry **out)
{
	sqlite3_stmt *q = sql_get(as->st, "SELECT " COLUMNS " FROM alert WHERE id = ?");
	struct buf id = {0};
	enum err e;

	buf_addf(&id, "%s:%s", type, subject);
	sql_text(q, 1, buf_slice(&id));
	if ((e = sql_row(q)) == OK) {
		*out = entry_add(as, slice_of(type), slice_of(subject));
		read_row(*out, q);
	}
	sql_done(q);
	buf_done(&id);
	return e == ERR_NOTFOUND ? OK : e;
}

/* The entry of (type, subject); *out NULL: it is not active. */
static enum err find(struct alerts *as, const char *type, const char *subject, struct entry **out)
{
	struct buf id = {0};
	struct entry *n;
	enum err e = load_active(as);

	*out = NULL;
	if (e != OK)
		return e;
	buf_addf(&id, "%s:%s", type, subject);
	*out = n = map_get(&as->map, id.p, id.n);
	buf_done(&id);
	return n || as->all ? OK : load_row(as, type, subject, out);
}

/* ------------------------------------------------------------------ changes */

int64_t alerts_ack_ms(int severity)
{
	static const int64_t ms[] = {ALERT_ACK_1_MS, ALERT_ACK_2_MS, ALERT_ACK_3_MS};

	return severity >= 1 && severity <= (int)ARRAY_LEN(ms) ? ms[severity - 1] : -1;
}

/* Nobody knows of it: the first role is told now, and has its time. */
static void tell(struct entry *n, int64_t now_ms)
{
	int64_t ms = alerts_ack_ms(n->severity);

	free(n->acked_by);
	n->acked_by = NULL;
	n->acked_at = -1;
	n->told = 0;
	n->next = ms < 0 ? -1 : now_ms + ms;
}

static bool same(const char *have, const char *want)
{
	return have ? want && strcmp(have, want) == 0 : !want;
}

static bool set_text(char **have, const char *want)
{
	if (same(*have, want))
		return false;
	free(*have);
	*have = want ? xstrdup(want) : NULL;
	return true;
}

/* Cut at room bytes, between characters. */
static char *title_of(const char *title)
{
	size_t n = strlen(title);

	if (n > ALERT_TITLE_MAX)
		for (n = ALERT_TITLE_MAX; n > 0 && ((unsigned char)title[n] & 0xc0) == 0x80;)
			n--;
	return xstrndup(title, n);
}

/* The facts as a says; true: they were others. */
static bool set_facts(struct entry *n, const struct alert *a)
{
	int64_t at = a->at_ms >= 0 ? a->at_ms : n->raised;
	char *title = title_of(a->title ? a->title : "");
	bool changed = set_text(&n->title, title);

	free(title);
	changed |= set_text(&n->casus, a->casus);
	changed |= set_text(&n->person, a->person);
	changed |= set_text(&n->scope, a->scope);
	changed |= set_text(&n->area, a->area);
	changed |= n->severity != a->severity || n->at != at || n->has_loc != a->has_loc ||
		(a->has_loc && (n->lat_e7 != a->lat_e7 || n->lon_e7 != a->lon_e7));
	n->severity = a->severity;
	n->at = at;
	n->has_loc = a->has_loc;
	n->lat_e7 = a->lat_e7;
	n->lon_e7 = a->lon_e7;
	n->late = n->raised - n->at > ALERT_LATE_MS;
	return changed;
}

/* An active one of another severity: a graver one is news to whoever knew of it; the time to know shrinks at once. */
static void regrade(struct entry *n, int before, int64_t now_ms)
{
	int64_t ms = alerts_ack_ms(n->severity);

	if (n->severity < before && n->acked_by)
		tell(n, now_ms);
	else if (ms < 0)
		n->next = -1;
	else if (!n->acked_by && n->told + 1 < ARRAY_LEN(roles) && (n->next < 0 || now_ms + ms < n->next))
		n->next = now_ms + ms;
}

enum err alerts_raise(struct alerts *as, const struct alert *a, int64_t now_ms)
{
	struct entry *n;
	int before;
	enum err e = find(as, a->type, a->subject, &n);

	if (e != OK)
		return e;
	if (!n)
		n = entry_add(as, slice_of(a->type), slice_of(a->subject));
	if (n->active) {
		before = n->severity;
		if (!set_facts(n, a))
			return OK;
		if (before != n->severity)
			regrade(n, before, now_ms);
		touch(as, n);
		return OK;
	}
	n->active = true;
	n->raised = now_ms;
	n->cleared = -1;
	(void)set_facts(n, a); /* all of it is news */
	tell(n, now_ms);
	touch(as, n);
	return OK;
}

enum err alerts_drop(struct alerts *as, const char *type, const char *subject, int64_t now_ms)
{
	struct entry *n;
	enum err e = find(as, type, subject, &n);

	if (e != OK || !n || !n->active)
		return e;
	n->active = false;
	n->cleared = now_ms;
	n->next = -1;
	touch(as, n);
	return OK;
}

enum err alerts_ack(struct alerts *as, const char *type, const char *subject, const char *by, int64_t at_ms)
{
	struct entry *n;
	enum err e = find(as, type, subject, &n);

	if (e != OK)
		return e;
	if (!n || !n->active)
		return ERR_NOTFOUND;
	if (at_ms < n->at && at_ms < n->raised)
		return OK; /* of something before it */
	if (n->acked_by && n->acked_at <= at_ms)
		return OK;
	(void)set_text(&n->acked_by, by); /* the time is another in any case */
	n->acked_at = at_ms;
	n->next = -1;
	touch(as, n);
	return OK;
}

/* ------------------------------------------------------------------ by the clock */

/* Subjects that are active, in the database or only in memory, and not kept: one NUL-terminated after the other. */
static enum err list_unkept(struct alerts *as, const char *type, const struct map *keep, struct buf *out)
{
	sqlite3_stmt *q = sql_get(as->st, "SELECT subject FROM alert WHERE active = 1 AND type = ?");
	enum err e;

	sql_str(q, 1, type);
	while ((e = sql_row(q)) == OK) {
		struct slice v = sql_col(q, 0);

		if (map_get(keep, v.p, v.n))
			continue;
		buf_add(out, v.p, v.n);
		buf_addc(out, '\0');
	}
	for (const struct entry *n = as->dirty; n; n = n->next_dirty)
		if (n->active && strcmp(n->type, type) == 0 && !map_get(keep, n->subject, strlen(n->subject)))
			buf_add(out, n->subject, strlen(n->subject) + 1);
	return sql_end(q, e);
}

enum err alerts_keep(struct alerts *as, const char *type, const struct map *keep, int64_t now_ms)
{
	struct buf list = {0};
	enum err e = list_unkept(as, type, keep, &list);

	for (size_t at = 0; e == OK && at < list.n; at += strlen(list.p + at) + 1)
		e = alerts_drop(as, type, list.p + at, now_ms);
	buf_done(&list);
	return e;
}

struct due {
	char *type, *subject;
};

static enum err list_due(struct alerts *as, int64_t now_ms, struct due *due, size_t *ndue)
{
	sqlite3_stmt *q = sql_get(as->st,
		"SELECT type, subject FROM alert WHERE next IS NOT NULL AND next <= ? ORDER BY next LIMIT ?");
	enum err e;

	sql_int(q, 1, now_ms);
	sql_int(q, 2, ESCALATE_MAX);
	while ((e = sql_row(q)) == OK) {
		due[*ndue].type = xstrdup(sql_cstr(q, 0));
		due[(*ndue)++].subject = xstrdup(sql_cstr(q, 1));
	}
	return sql_end(q, e);
}

static void tell_next(struct alerts *as, struct entry *n, int64_t now_ms)
{
	int64_t ms = alerts_ack_ms(n->severity);

	if (n->told + 1 < ARRAY_LEN(roles))
		n->told++;
	n->next = ms < 0 || n->told + 1 == ARRAY_LEN(roles) ? -1 : now_ms + ms;
	touch(as, n);
}

static enum err next_due(struct alerts *as, int64_t now_ms, int64_t *next_ms)
{
	sqlite3_stmt *q = sql_get(as->st, "SELECT min(next) FROM alert WHERE next IS NOT NULL AND next > ?");
	enum err e;

	sql_int(q, 1, now_ms);
	if ((e = sql_row(q)) == OK)
		*next_ms = int_or(q, 0, INT64_MAX);
	sql_done(q);
	for (struct entry *n = as->dirty; n; n = n->next_dirty)
		if (n->next >= 0 && n->next < *next_ms)
			*next_ms = n->next;
	return e;
}

enum err alerts_escalate(struct alerts *as, int64_t now_ms, int64_t *next_ms)
{
	struct due *due = xcalloc(ESCALATE_MAX, sizeof *due);
	size_t ndue = 0;
	struct entry *n;
	enum err e = list_due(as, now_ms, due, &ndue);

	for (size_t i = 0; i < ndue; i++) {
		if (e == OK)
			e = find(as, due[i].type, due[i].subject, &n);
		if (e == OK && n && n->active && n->next >= 0 && n->next <= now_ms)
			tell_next(as, n, now_ms);
		free(due[i].type);
		free(due[i].subject);
	}
	free(due);
	if (e == OK)
		e = next_due(as, now_ms, next_ms);
	if (e == OK && ndue == ESCALATE_MAX)
		*next_ms = now_ms; /* there are others */
	return e;
}

/* ------------------------------------------------------------------ writing */

static enum err write_row(struct alerts *as, const struct entry *n, int64_t commit)
{
	sqlite3_stmt *q = sql_get(as->st, "INSERT OR REPLACE INTO alert(" COLUMNS ", \"commit\", rev) "
					  "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	if (q)
		(void)sqlite3_clear_bindings(q); /* cannot fail */
	sql_str(q, 1, n->id);
	sql_str(q, 2, n->type);
	sql_str(q, 3, n->subject);
	sql_int(q, 4, n->severity);
	sql_str(q, 5, n->casus);
	sql_str(q, 6, n->person);
	sql_str(q, 7, n->title ? n->title : "");
	sql_str(q, 8, n->scope);
	sql_str(q, 9, n->area);
	if (n->has_loc) {
		sql_int(q, 10, n->lat_e7);
		sql_int(q, 11, n->lon_e7);
	}
	sql_int(q, 12, n->at);
	sql_int(q, 13, n->raised);
	sql_int(q, 14, n->late);
	sql_int(q, 15, n->active);
	if (n->cleared >= 0)
		sql_int(q, 16, n->cleared);
	sql_str(q, 17, n->acked_by);
	if (n->acked_at >= 0)
		sql_int(q, 18, n->acked_at);
	sql_str(q, 19, roles[n->told]);
	if (n->next >= 0)
		sql_int(q, 20, n->next);
	sql_int(q, 21, commit);
	sql_int(q, 22, store_rev(as->st));
	return sql_run(q);
}

enum err alerts_flush(struct alerts *as, int64_t commit, bool *changed)
{
	struct entry *n;
	enum err e = OK;

	*changed = as->dirty != NULL;
	while (e == OK && (n = as->dirty)) {
		if ((e = write_row(as, n, commit)) != OK)
			break; /* the batch is gone: alerts_clear_memory() follows */
		as->dirty = n->next_dirty;
		n->dirty = false;
		if (!n->active) { /* what is not there is not active */
			(void)map_take(&as->map, n->id, strlen(n->id));
			entry_free(n);
		}
	}
	if (e == OK && as->map.n > as->max)
		drop_entries(as); /* from now on each is read when it is asked for */
	return e;
}
