#include "schema/freeze.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/fault.h"
#include "base/map.h"
#include "core/civil.h"
#include "core/json.h"
#include "schema/dutysums.h"
#include "schema/sql.h"
#include "schema/tally.h"

#define ROWS_MAX (64 << 20) /* bytes of a freeze's rows: hundreds of thousands */
#define HEAD "{\"defined\":" /* the first line of rows: HEAD, definitions, TAIL */
#define TAIL ",\"rows\":["
#define HASH_TEXT (2 * crypto_hash_sha256_BYTES + 1)

/* ------------------------------------------------------------------ months */

static int32_t first_of(int32_t month)
{
	return civil_make(month / 100, month % 100, 1);
}

static int32_t month_after(int32_t month)
{
	return month % 100 == 12 ? month + 89 : month + 1;
}

static int32_t month_of(int32_t day)
{
	return civil_yyyymmdd(day) / 100;
}

static bool digits(const char *s, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = *out * 10 + (s[i] - '0');
	}
	return true;
}

/* m 0: all of the year. */
static bool parse_period(const char *period, int *y, int *m)
{
	size_t n = strlen(period);

	*m = 0;
	return (n == 4 || (n == 7 && period[4] == '-' && digits(period + 5, 2, m) && *m >= 1 && *m <= 12)) && digits(period, 4, y) && *y >= FREEZE_FIRST_YEAR;
}

enum err freeze_is_period(const char *period, struct why *why)
{
	int y, m;

	return parse_period(period, &y, &m) ? OK : why_set(why, ERR_USAGE, "%.40s is no month and no year: want 2023-12 or 2023", period);
}

/* "2023-12", "2023": its first and last month. */
static enum err read_period(const char *period, int64_t now_ms, int32_t *first, int32_t *last, struct why *why)
{
	int32_t today = civil_day(now_ms);
	char shown[CIVIL_DAY_TEXT];
	int y = 0, m = 0;

	if (freeze_is_period(period, why) != OK || !parse_period(period, &y, &m))
		return ERR_INVALID;
	*first = y * 100 + (m ? m : 1);
	*last = y * 100 + (m ? m : 12);
	civil_day_text(today, shown);
	if (month_of(today) <= *last)
		return why_set(why, ERR_INVALID, "%s is not over: today is %s (+08:00)", period, shown);
	return OK;
}

static enum err is_frozen(struct store *st, int32_t month, bool *out)
{
	sqlite3_stmt *q = sql_get(st, "SELECT 1 FROM freeze WHERE month = ?");
	enum err e;

	sql_int(q, 1, month);
	e = sql_row(q);
	sql_done(q);
	*out = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

enum err freeze_covers(struct store *st, int32_t from_day, int32_t to_day, int64_t *first, int64_t *last)
{
	int32_t from = month_of(from_day), to = month_of(to_day - 1);
	sqlite3_stmt *q;
	enum err e;

	*last = 0;
	if (first)
		*first = 0;
	if (from_day >= to_day)
		return OK;
	q = sql_get(st, "SELECT count(*), min(\"commit\"), max(\"commit\") FROM freeze WHERE month BETWEEN ? AND ?");
	sql_int(q, 1, from);
	sql_int(q, 2, to);
	if ((e = sql_row(q)) == OK && sqlite3_column_int64(q, 0) == (to / 100 - from / 100) * 12 + to % 100 - from % 100 + 1) {
		*last = sqlite3_column_int64(q, 2);
		if (first)
			*first = sqlite3_column_int64(q, 1);
	}
	sql_done(q);
	return e;
}

enum err freeze_list(struct store *st, void (*row)(void *ctx, const struct freeze_month *m), void *ctx)
{
	sqlite3_stmt *q = sql_get(st,
		"SELECT month, \"commit\", time, program, (SELECT count(*) FROM (SELECT 1 FROM correction WHERE day BETWEEN month * 100 AND month * 100 + 99 "
		"AND figure <> 'events' GROUP BY day, figure, area, level, category HAVING sum(n) <> 0)) FROM freeze ORDER BY month");
	enum err e;

	while ((e = sql_row(q)) == OK) {
		struct freeze_month m = {.month = sqlite3_column_int(q, 0), .commit = sqlite3_column_int64(q, 1),
			.time_ms = sqlite3_column_int64(q, 2), .program = sql_cstr(q, 3), .corrections = sqlite3_column_int64(q, 4)};

		row(ctx, &m);
	}
	return sql_end(q, e);
}

/* ------------------------------------------------------------------ what is kept */

static void hash_of(const struct buf *b, char out[HASH_TEXT])
{
	unsigned char h[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(h, (const unsigned char *)b->p, b->n); /* cannot fail */
	(void)sodium_bin2hex(out, HASH_TEXT, h, sizeof h);
}

/* What each figure is called and means, by this program. */
static void definitions(struct buf *out)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < figures_n; i++) {
		const struct figure *f = &figures[i];
		const char *const said[][2] = {
			{"name", f->name}, {"name_en", f->name_en}, {"definition", f->definition}, {"definition_en", f->definition_en}};

		buf_json_key(out, f->id);
		buf_addc(out, '{');
		for (size_t k = 0; k < ARRAY_LEN(said); k++) {
			buf_json_key(out, said[k][0]);
			buf_json_str(out, said[k][1]);
		}
		buf_addc(out, '}');
	}
	buf_addc(out, '}');
}

struct rows_walk {
	struct buf *out;
	struct buf en; /* category name, unit, display of each row in English: NUL-terminated */
	size_t at;
};

static void keep_english(void *ctx, const struct figure_value *v)
{
	struct rows_walk *k = ctx;

	buf_add(&k->en, v->category_name, strlen(v->category_name) + 1);
	buf_add(&k->en, v->unit, strlen(v->unit) + 1);
	buf_add(&k->en, v->display, strlen(v->display) + 1);
}

static const char *next_english(struct rows_walk *k)
{
	const char *s = k->en.p + k->at;

	k->at += strlen(s) + 1;
	return s;
}

static void keep_row(void *ctx, const struct figure_value *v)
{
	struct rows_walk *k = ctx;
	struct buf *b = k->out;
	const char *name_en = next_english(k), *unit_en = next_english(k), *display_en = next_english(k);
	const char *const said[][2] = {{"figure", v->f->id}, {"level", v->level}, {"category", v->category}, {"category_name", v->category_name},
		{"category_name_en", name_en}, {"value", v->has ? v->value : NULL}, {"unit", v->unit}, {"unit_en", unit_en},
		{"display", v->display}, {"display_en", display_en}};

	buf_adds(b, b->p[b->n - 1] == '[' ? "\n{" : ",\n{");
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		buf_json_key(b, said[i][0]);
		buf_json_str(b, said[i][1]);
	}
	buf_json_key(b, "num");
	buf_int(b, v->num);
	if (v->f->kind == FIGURE_RATE) {
		buf_json_key(b, "den");
		buf_int(b, v->den);
	}
	buf_addc(b, '}');
}

/* One line each, in both languages, so that neither hangs on what somebody renames. */
static enum err rows_of(struct store *st, int32_t month, int64_t at_ms, const struct buf *defined, struct buf *out)
{
	struct figures_ask ask = {.scope = "*", .from_day = first_of(month), .to_day = first_of(month_after(month)), .at_ms = at_ms, .english = true};
	struct rows_walk k = {.out = out};
	enum err e;

	buf_adds(out, HEAD);
	buf_add(out, defined->p, defined->n);
	buf_adds(out, TAIL);
	if ((e = figures_read(st, &ask, keep_english, &k)) == OK) {
		ask.english = false;
		e = figures_read(st, &ask, keep_row, &k); /* the same rows */
	}
	buf_adds(out, "\n]}\n");
	buf_done(&k.en);
	return e == OK && out->n > ROWS_MAX ? ERR_FULL : e;
}

static void pack(const struct buf *in, struct buf *out)
{
	uLongf n = compressBound(in->n);

	buf_reserve(out, n);
	if (compress2((Bytef *)out->p, &n, (const Bytef *)in->p, in->n, Z_BEST_COMPRESSION) != Z_OK)
		die("freeze: cannot deflate"); /* there is room: memory is exhausted */
	out->n = n;
}

static enum err unpack(struct slice in, int64_t bytes, struct buf *out)
{
	uLongf n = (uLongf)bytes;

	if (bytes <= 0 || bytes > ROWS_MAX)
		return ERR_CORRUPT;
	buf_clear(out);
	buf_reserve(out, n);
	if (uncompress((Bytef *)out->p, &n, (const Bytef *)in.p, in.n) != Z_OK || n != (uLongf)bytes)
		return ERR_CORRUPT;
	out->n = n;
	out->p[n] = '\0';
	return OK;
}

/* ------------------------------------------------------------------ freezing */

static void count_duty(void *ctx, const char *person, const char *level, const char *area, int32_t day, int met, int overdue)
{
	struct tallies *t = ctx;

	(void)person;
	if (met)
		tally_add(t, "duty_met", level, "", area, day, met);
	if (overdue)
		tally_add(t, "duty_overdue", level, "", area, day, overdue);
}

/* Those of months that are frozen already are left out. */
static enum err keep_duties(struct store *st, int32_t first, int32_t last, int64_t at_ms, int64_t commit)
{
	struct tallies t = {.st = st};
	const struct duty_sums_ask ask = {.scope = "*", .from_day = first_of(first), .to_day = first_of(month_after(last)), .at_ms = at_ms};
	enum err e = duty_sums_each(st, &ask, count_duty, &t);

	if (e == OK)
		e = tallies_flush(&t, commit);
	tallies_clear(&t);
	return e;
}

static enum err insert_month(struct store *st, int32_t month, int64_t commit, int64_t time_ms, const struct buf *defined)
{
	sqlite3_stmt *q = sql_get(st, "INSERT INTO freeze(month, \"commit\", time, program, defined, rows, bytes, hash) VALUES(?, ?, ?, ?, ?, x'', 0, '')");

	sql_int(q, 1, month);
	sql_int(q, 2, commit);
	sql_int(q, 3, time_ms);
	sql_str(q, 4, XUNGE_VERSION);
	sql_text(q, 5, buf_slice(defined));
	return sql_run(q);
}

/* Its rows as they are shown from now on. */
static enum err keep_rows(struct store *st, int32_t month, int64_t time_ms, const struct buf *defined)
{
	struct buf rows = {0}, packed = {0};
	char hash[HASH_TEXT];
	sqlite3_stmt *q;
	enum err e;

	if ((e = rows_of(st, month, time_ms, defined, &rows)) != OK)
		goto out;
	hash_of(&rows, hash);
	pack(&rows, &packed);
	q = sql_get(st, "UPDATE freeze SET rows = ?, bytes = ?, hash = ? WHERE month = ?");
	sql_blob(q, 1, buf_slice(&packed));
	sql_int(q, 2, (int64_t)rows.n);
	sql_str(q, 3, hash);
	sql_int(q, 4, month);
	e = sql_run(q);
out:
	buf_done(&packed);
	buf_done(&rows);
	return e;
}

static enum err choose(struct store *st, int32_t first, int32_t last, const char *period, struct freeze_done *done, struct why *why)
{
	done->n = 0;
	for (int32_t m = first; m <= last; m++) {
		bool is = false;
		enum err e = is_frozen(st, m, &is);

		if (e != OK)
			return why_set(why, e, "cannot read what is frozen: %s", store_detail(st));
		if (!is)
			done->month[done->n++] = m;
	}
	return done->n ? OK : why_set(why, ERR_EXISTS, "%s is frozen already (xunge freeze --list)", period);
}

static enum err freeze(struct store *st, int64_t now_ms, const char *period, const struct freeze_done *done, int64_t *commit)
{
	struct buf defined = {0};
	char what[32];
	struct head head;
	int64_t time_ms;
	enum err e;

	(void)snprintf(what, sizeof what, "freeze %s", period); /* fits */
	if ((e = store_head(st, &head)) != OK || (e = store_note(st, now_ms, what, done->n, commit)) != OK)
		return e;
	time_ms = now_ms > head.time_ms ? now_ms : head.time_ms; /* as the batch will have it */
	if ((e = keep_duties(st, done->month[0], done->month[done->n - 1], time_ms, *commit)) != OK)
		return e;
	definitions(&defined);
	for (int i = 0; e == OK && i < done->n; i++)
		e = insert_month(st, done->month[i], *commit, time_ms, &defined);
	for (int i = 0; e == OK && i < done->n; i++)
		e = FAULT("freeze.month") ? ERR_FULL : keep_rows(st, done->month[i], time_ms, &defined);
	buf_done(&defined);
	return e;
}

enum err office_freeze(struct store *st, struct intake *in, int64_t now_ms, const char *period, struct freeze_done *done,
	struct office_end *end, struct why *why)
{
	int32_t first = 0, last = 0;
	struct head head;
	int64_t commit = 0;
	enum err e;

	assert(!store_is_open(st));
	if ((e = read_period(period, now_ms, &first, &last, why)) != OK || (e = choose(st, first, last, period, done, why)) != OK)
		return e;
	if ((e = store_begin(st)) != OK)
		return why_set(why, e, "cannot begin a transaction: %s", store_detail(st));
	if ((e = freeze(st, now_ms, period, done, &commit)) == OK && in && (e = intake_flush(in, now_ms)) == OK)
		e = intake_commit(in, now_ms, &head);
	else if (e == OK)
		e = store_commit(st, now_ms, &head);
	if (e != OK) {
		e = why_set(why, e, "cannot freeze %s: %s", period, store_detail(st));
		if (in)
			intake_abort(in);
		store_rollback(st); /* does nothing after intake_abort */
		return e;
	}
	*end = (struct office_end){.commit = commit, .head = head};
	return OK;
}

/* ------------------------------------------------------------------ read again */

static enum err kept(sqlite3_stmt *q, struct buf *out)
{
	char hash[HASH_TEXT];
	enum err e = unpack(sql_col(q, 0), sqlite3_column_int64(q, 1), out);

	if (e != OK)
		return e;
	hash_of(out, hash);
	return strcmp(hash, sql_cstr(q, 2)) == 0 ? OK : ERR_CORRUPT;
}

struct freeze_words {
	struct {
		char *text;
		struct json json;
	} * by; /* programs that froze the period, the last first */
	size_t n;
};

void freeze_words_free(struct freeze_words *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++) {
		json_done(&w->by[i].json);
		free(w->by[i].text);
	}
	free(w->by);
	free(w);
}

static enum err add_words(struct freeze_words *w, struct slice defined)
{
	struct json *j;

	w->by = xrealloc(w->by, (w->n + 1) * sizeof *w->by);
	w->by[w->n].text = xstrndup(defined.p, defined.n);
	j = &w->by[w->n++].json;
	*j = (struct json){0};
	return json_read(j, w->by[w->n - 1].text, defined.n) && j->tok[0].type == JSON_OBJECT ? OK : ERR_CORRUPT;
}

enum err freeze_words_read(struct store *st, int32_t from_day, int32_t to_day, struct freeze_words **out)
{
	struct freeze_words *w;
	struct buf now = {0};
	int64_t commit = 0;
	sqlite3_stmt *q;
	bool other = false;
	enum err e = freeze_covers(st, from_day, to_day, NULL, &commit);

	*out = NULL;
	if (e != OK || !commit)
		return e;
	definitions(&now);
	w = xcalloc(1, sizeof *w);
	q = sql_get(st, "SELECT defined, max(month) FROM freeze WHERE month BETWEEN ? AND ? GROUP BY defined ORDER BY 2 DESC");
	sql_int(q, 1, month_of(from_day));
	sql_int(q, 2, month_of(to_day - 1));
	while ((e = sql_row(q)) == OK) {
		other |= !slice_eq(sql_col(q, 0), buf_slice(&now));
		if ((e = add_words(w, sql_col(q, 0))) != OK)
			break;
	}
	e = sql_end(q, e);
	buf_done(&now);
	if (e == OK && other)
		*out = w;
	else
		freeze_words_free(w);
	return e;
}

/* A member that is text: copied into *out, which the caller frees; else NULL. */
static char *member(struct json *j, uint32_t object, const char *key)
{
	uint32_t t = json_get(j, object, key);
	struct slice v;

	if (!t || j->tok[t].type != JSON_STRING)
		return NULL;
	v = json_text(j, t);
	return xstrndup(v.p, v.n);
}

bool freeze_words_of(struct freeze_words *w, const char *figure, bool english, struct freeze_said *out)
{
	*out = (struct freeze_said){0};
	for (size_t i = 0; i < w->n; i++)
		if (!json_get(&w->by[i].json, 0, figure))
			return false; /* another program did not know it: it is not in those tallies */
	out->name = member(&w->by[0].json, json_get(&w->by[0].json, 0, figure), english ? "name_en" : "name");
	out->definition = member(&w->by[0].json, json_get(&w->by[0].json, 0, figure), english ? "definition_en" : "definition");
	return out->name && out->definition;
}

void freeze_said_done(struct freeze_said *s)
{
	free(s->name);
	free(s->definition);
	*s = (struct freeze_said){0};
}

struct reader {
	struct json json;
	struct freeze_words words; /* of the document */
	bool english;
	void (*row)(void *ctx, const struct freeze_row *r);
	void *ctx;
};

static int64_t number(struct json *j, const char *key)
{
	uint32_t t = json_get(j, 0, key);
	int64_t v = 0;

	return t && json_int(j, t, &v) ? v : 0;
}

static enum err read_row(struct reader *r, const char *line, size_t n)
{
	bool en = r->english;
	struct freeze_said said = {0};
	struct freeze_row row = {0};
	char *text[7] = {0};
	enum err e = ERR_CORRUPT;

	if (!json_read(&r->json, line, n) || r->json.tok[0].type != JSON_OBJECT)
		return e;
	row.figure = text[0] = member(&r->json, 0, "figure");
	row.level = text[1] = member(&r->json, 0, "level");
	row.category = text[2] = member(&r->json, 0, "category");
	row.category_name = text[3] = member(&r->json, 0, en ? "category_name_en" : "category_name");
	row.value = text[4] = member(&r->json, 0, "value"); /* null: it has none */
	row.unit = text[5] = member(&r->json, 0, en ? "unit_en" : "unit");
	row.display = text[6] = member(&r->json, 0, en ? "display_en" : "display");
	row.num = number(&r->json, "num");
	row.den = number(&r->json, "den");
	row.rate = json_get(&r->json, 0, "den") != 0;
	if (row.figure && row.level && row.category && row.category_name && row.unit && row.display &&
		freeze_words_of(&r->words, row.figure, en, &said)) {
		row.name = said.name;
		row.definition = said.definition;
		r->row(r->ctx, &row);
		e = OK;
	}
	freeze_said_done(&said);
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		free(text[i]);
	return e;
}

static enum err read_rows(struct reader *r, const struct buf *text)
{
	const char *line = text->p, *end = strchr(line, '\n');
	size_t head = sizeof HEAD - 1, tail = sizeof TAIL - 1;
	enum err e;

	if (!end || (size_t)(end - line) < head + tail || memcmp(line, HEAD, head) != 0 || memcmp(end - tail, TAIL, tail) != 0)
		return ERR_CORRUPT;
	e = add_words(&r->words, (struct slice){line + head, (uint32_t)((size_t)(end - line) - head - tail)});
	for (line = end + 1; e == OK && *line == '{'; line = end + 1) {
		if (!(end = strchr(line, '\n')))
			return ERR_CORRUPT;
		e = read_row(r, line, (size_t)(end - line) - (end[-1] == ','));
	}
	return e == OK && strcmp(line, "]}\n") != 0 ? ERR_CORRUPT : e;
}

static void reader_done(struct reader *r)
{
	for (size_t i = 0; i < r->words.n; i++) {
		json_done(&r->words.by[i].json);
		free(r->words.by[i].text);
	}
	free(r->words.by);
	json_done(&r->json);
}

enum err freeze_rows(struct store *st, int32_t from_day, int32_t to_day, int64_t commit, bool english,
	void (*row)(void *ctx, const struct freeze_row *r), void *ctx)
{
	struct reader r = {.english = english, .row = row, .ctx = ctx};
	int32_t month = month_of(from_day);
	struct buf text = {0};
	sqlite3_stmt *q;
	enum err e;

	if (first_of(month) != from_day || first_of(month_after(month)) != to_day)
		return ERR_NOTFOUND;
	q = sql_get(st, "SELECT rows, bytes, hash FROM freeze WHERE month = ? AND \"commit\" = ?");
	sql_int(q, 1, month);
	sql_int(q, 2, commit);
	if ((e = sql_row(q)) == OK)
		e = kept(q, &text);
	sql_done(q);
	if (e == OK)
		e = read_rows(&r, &text);
	reader_done(&r);
	buf_done(&text);
	return e;
}

/* ------------------------------------------------------------------ check */

struct check {
	struct store *st;
	void (*said)(void *ctx, const char *line);
	void *ctx;
	int32_t month;
	int64_t commit, time_ms;
	struct map rows; /* as kept, by their keys; each that is met again is taken out */
	int64_t other;   /* rows that say something else */
};

struct kept_row {
	int64_t num, den;
	char display[64];
};

static void say(struct check *c, const char *fmt, ...) PRINTF(2, 3);

static void say(struct check *c, const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap); /* cut */
	va_end(ap);
	c->said(c->ctx, line);
}

static void remember(void *ctx, const struct freeze_row *r)
{
	struct check *c = ctx;
	struct kept_row *k = xcalloc(1, sizeof *k);
	struct buf key = {0};

	k->num = r->num;
	k->den = r->den;
	slice_copy(k->display, sizeof k->display, slice_of(r->display));
	buf_addf(&key, "%s/%s/%s/%s", r->figure, r->level, r->category, r->unit);
	free(map_put(&c->rows, key.p, key.n, k));
	buf_done(&key);
}

/* What says nothing comes and goes with the catalogue. */
static void meet(void *ctx, const struct figure_value *v)
{
	struct check *c = ctx;
	struct kept_row *k;
	struct buf key = {0};

	buf_addf(&key, "%s/%s/%s/%s", v->f->id, v->level, v->category, v->unit);
	k = map_take(&c->rows, key.p, key.n);
	if (k)
		c->other += k->num != v->num || k->den != v->den || strcmp(k->display, v->display) != 0;
	else
		c->other += v->num != 0 || v->den != 0;
	free(k);
	buf_done(&key);
}

/* Its tallies make the rows that were kept, as long as the figures mean what they meant. */
static enum err check_rows(struct check *c)
{
	struct figures_ask ask = {.scope = "*", .from_day = first_of(c->month), .to_day = first_of(month_after(c->month)), .at_ms = c->time_ms};
	struct freeze_words *words = NULL;
	struct kept_row *k;
	size_t pos = 0;
	enum err e;

	c->other = 0;
	if ((e = freeze_rows(c->st, ask.from_day, ask.to_day, c->commit, false, remember, c)) == ERR_CORRUPT) {
		say(c, "freeze %d: its rows are not those of its hash", c->month);
		e = OK;
	} else if (e == OK && (e = freeze_words_read(c->st, ask.from_day, ask.to_day, &words)) == OK && !words &&
		(e = figures_read(c->st, &ask, meet, c)) == OK) {
		while ((k = map_next(&c->rows, &pos)))
			c->other += k->num != 0 || k->den != 0;
		if (c->other)
			say(c, "freeze %d: %lld rows are not what its tallies say", c->month, (long long)c->other);
	}
	freeze_words_free(words);
	for (pos = 0; (k = map_next(&c->rows, &pos));)
		free(k);
	map_done(&c->rows);
	return e;
}

static enum err check_month(struct check *c, bool *more)
{
	sqlite3_stmt *q = sql_get(c->st, "SELECT f.month, f.\"commit\", f.time, EXISTS (SELECT 1 FROM change WHERE \"commit\" = f.\"commit\" AND "
					 "what GLOB 'freeze *') FROM freeze f WHERE f.month > ? ORDER BY f.month LIMIT 1");
	bool change = false;
	enum err e;

	sql_int(q, 1, c->month);
	if ((e = sql_row(q)) == OK) {
		c->month = sqlite3_column_int(q, 0);
		c->commit = sqlite3_column_int64(q, 1);
		c->time_ms = sqlite3_column_int64(q, 2);
		change = sqlite3_column_int(q, 3);
	}
	sql_done(q);
	*more = e == OK;
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (!change)
		say(c, "freeze %d: there is no such change", c->month);
	return check_rows(c);
}

enum err freeze_check(struct store *st, void (*said)(void *ctx, const char *line), void *ctx)
{
	struct check c = {.st = st, .said = said, .ctx = ctx};
	bool more = true;
	enum err e = OK;

	while (e == OK && more)
		e = check_month(&c, &more);
	return e;
}
