#include "schema/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/fault.h"
#include "core/area.h"
#include "schema/import_kind.h"
#include "schema/import_map.h"
#include "schema/sql.h"

/* A staging file: table item (the key's columns, the other columns that the file has, line, at),
 * ordered by the key; about (kind, file); col (name, cell): which columns the file has. */
#define STAGE_ID 0x58535447 /* "XSTG" */
#define STAGE_VERSION 1
#define ROWS_MAX 5000000

/* ---------------------------------------------------------------- faults */

struct teller {
	struct import_report *report;
	char *file;
};

static void tell(struct teller *t, uint32_t line, uint32_t at, const char *what, const char *text)
{
	char out[IMPORT_FAULT + 600];

	if (++t->report->errors > IMPORT_ERRORS_MAX || !t->report->error)
		return;
	(void)snprintf(out, sizeof out, "%.400s:%u:%u: %s%s%s", t->file, line, at, what, *what ? ": " : "", text); /* cut */
	t->report->error(t->report->ctx, out);
}

static enum err refused(struct teller *t, struct why *why)
{
	return why_set(why, ERR_INVALID, "%.400s: %lld fault%s, nothing was imported", t->file,
		(long long)t->report->errors, t->report->errors == 1 ? "" : "s");
}

/* ---------------------------------------------------------------- staging */

struct stage {
	const struct import_kind *k;
	struct teller teller;
	sqlite3 *db;
	sqlite3_stmt *insert, *find;
	uint32_t cell[IMPORT_COLUMNS_MAX]; /* where the column stands in the file, from 1; 0: it lacks */
	uint32_t ncell;                    /* of the header */
	int64_t rows;
};

static enum err exec(sqlite3 *db, const char *sql)
{
	return sql_err(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static enum err prepare(sqlite3 *db, struct buf *sql, sqlite3_stmt **out)
{
	enum err e = sql_err(sqlite3_prepare_v2(db, sql->p, (int)sql->n, out, NULL));

	buf_clear(sql);
	return e;
}

static bool is_staged(const struct stage *s, uint32_t i)
{
	return s->cell[i] || s->k->column[i].key;
}

/* Words between the parts of a list. */
static const char *sep(const char *between, bool *first)
{
	const char *s = *first ? "" : between;

	*first = false;
	return s;
}

static void add_keys(struct buf *b, const struct import_kind *k, const char *between, bool numbered)
{
	bool first = true;

	for (uint32_t i = 0; i < k->n && k->column[i].key; i++) {
		buf_addf(b, "%s\"%s\"", sep(between, &first), import_column_name(&k->column[i]));
		if (numbered)
			buf_addf(b, " = ?%u", i + 1);
	}
}

static enum err stage_tables(struct stage *s)
{
	struct buf sql = {0};
	sqlite3_stmt *note = NULL;
	bool first = true;
	enum err e;

	buf_adds(&sql, "CREATE TABLE item(");
	for (uint32_t i = 0; i < s->k->n; i++)
		if (is_staged(s, i))
			buf_addf(&sql, "\"%s\" %s,", import_column_name(&s->k->column[i]),
				import_type_is_int(s->k->column[i].type) ? "INTEGER" : "TEXT");
	buf_adds(&sql, "line INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(");
	add_keys(&sql, s->k, ",", false);
	buf_adds(&sql, ")) STRICT, WITHOUT ROWID;"
		       "CREATE TABLE about(kind TEXT, file TEXT) STRICT;"
		       "CREATE TABLE col(name TEXT PRIMARY KEY, cell INTEGER) STRICT, WITHOUT ROWID");
	e = exec(s->db, sql.p);
	buf_clear(&sql);
	if (e != OK)
		goto out;
	buf_adds(&sql, "INSERT INTO about VALUES(?1, ?2)");
	if ((e = prepare(s->db, &sql, &note)) != OK)
		goto out;
	sql_str(note, 1, s->k->name);
	sql_str(note, 2, s->teller.file);
	if ((e = sql_run(note)) != OK)
		goto out;
	for (uint32_t i = 0; i < s->k->n; i++)
		if (s->cell[i]) {
			buf_addf(&sql, "%s('%s',%u)", sep(",", &first), import_column_name(&s->k->column[i]), s->cell[i]);
		}
	if (sql.n) {
		char *text = xasprintf("INSERT INTO col VALUES %s", sql.p);

		e = exec(s->db, text);
		free(text);
		buf_clear(&sql);
	}
	if (e != OK)
		goto out;
	buf_adds(&sql, "INSERT OR IGNORE INTO item VALUES(");
	for (uint32_t i = 0; i < s->k->n; i++)
		if (is_staged(s, i))
			buf_addf(&sql, "?%u,", i + 1);
	buf_addf(&sql, "?%u,?%u)", s->k->n + 1, s->k->n + 2);
	if ((e = prepare(s->db, &sql, &s->insert)) != OK)
		goto out;
	buf_adds(&sql, "SELECT line FROM item WHERE ");
	add_keys(&sql, s->k, " AND ", true);
	e = prepare(s->db, &sql, &s->find);
out:
	(void)sqlite3_finalize(note); /* says e again */
	buf_done(&sql);
	return e;
}

/* An empty cell's value. */
static void bind_empty(sqlite3_stmt *q, int at, const struct import_column *c)
{
	if (!c->empty)
		return; /* cleared: NULL */
	if (c->empty[0] == '\'')
		sql_text(q, at, (struct slice){c->empty + 1, (uint32_t)strlen(c->empty) - 2});
	else
		sql_int(q, at, strtoll(c->empty, NULL, 10));
}

static void bind_value(sqlite3_stmt *q, int at, const struct import_column *c, const struct import_value *v)
{
	if (v->empty)
		bind_empty(q, at, c);
	else if (import_type_is_int(c->type))
		sql_int(q, at, v->i);
	else
		sql_text(q, at, v->s);
}

static enum err stage_row(struct stage *s, const struct import_value *v, uint32_t line, uint32_t at)
{
	const struct import_kind *k = s->k;
	struct buf what = {0};
	char text[64];
	bool begin = true;
	enum err e;

	(void)sqlite3_clear_bindings(s->insert); /* cannot fail */
	for (uint32_t i = 0; i < k->n; i++)
		if (is_staged(s, i))
			bind_value(s->insert, (int)i + 1, &k->column[i], &v[i]);
	sql_int(s->insert, (int)k->n + 1, line);
	sql_int(s->insert, (int)k->n + 2, at);
	if ((e = sql_run(s->insert)) != OK || sqlite3_changes(s->db) > 0)
		return e;
	for (uint32_t i = 0; i < k->n && k->column[i].key; i++)
		bind_value(s->find, (int)i + 1, &k->column[i], &v[i]);
	if ((e = sql_row(s->find)) == OK)
		(void)snprintf(text, sizeof text, "the same as in line %lld", (long long)sqlite3_column_int64(s->find, 0)); /* fits */
	sql_done(s->find);
	if (e != OK)
		return e == ERR_NOTFOUND ? ERR_CORRUPT : e; /* ignored, though there was no such key */
	for (uint32_t i = 0; i < k->n && k->column[i].key; i++)
		buf_addf(&what, "%s%s", sep(",", &begin), k->column[i].name);
	tell(&s->teller, line, at ? at : s->cell[0] ? s->cell[0] : 1, what.p, text);
	buf_done(&what);
	return OK;
}

/* ---------------------------------------------------------------- CSV */

static struct slice header_name(struct slice s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static void read_header(struct stage *s, const struct csv *c)
{
	uint32_t line = csv_line(c);
	const struct csv_cell *cell = csv_cells(c, &s->ncell);

	if (s->ncell == 1 && (memchr(cell->text.p, ';', cell->text.n) || memchr(cell->text.p, '\t', cell->text.n))) {
		tell(&s->teller, line, 1, "", "the columns are not separated by commas: save it as CSV");
		return;
	}
	for (uint32_t i = 0; i < s->ncell; i++) {
		struct slice text = header_name(cell[i].text);
		char name[48];
		uint32_t col;

		(void)snprintf(name, sizeof name, "%.*s", (int)text.n, text.p); /* cut */
		col = import_kind_column(s->k, name);
		if (col < s->k->n && s->cell[col])
			tell(&s->teller, line, i + 1, name, "the column is there twice");
		else if (col < s->k->n)
			s->cell[col] = i + 1;
		else if (name[0] && !s->k->extra_ok)
			tell(&s->teller, line, i + 1, name, "unknown column");
	}
	for (uint32_t i = 0; i < s->k->n; i++)
		if (s->k->column[i].needed && !s->cell[i])
			tell(&s->teller, line, s->ncell + 1, s->k->column[i].name, "the column is missing");
}

/* Reads the cells of a row.  False: faults were told; *blank: there is nothing in it. */
static bool read_cells(struct stage *s, const struct csv *c, struct import_value *v, bool *blank)
{
	uint32_t n, column;
	const struct csv_cell *cell = csv_cells(c, &n);
	char fault[IMPORT_FAULT];
	bool good = true;

	*blank = true;
	for (uint32_t i = 0; i < n && *blank; i++)
		*blank = header_name(cell[i].text).n == 0;
	if (*blank)
		return true;
	if (n < s->ncell) {
		(void)snprintf(fault, sizeof fault, "the row has %u cells, the header %u", n, s->ncell); /* fits */
		tell(&s->teller, csv_line(c), n + 1, "", fault);
		return false;
	}
	for (uint32_t i = s->ncell; i < n; i++)
		if (cell[i].text.n) {
			tell(&s->teller, cell[i].line, i + 1, "", "the cell stands under no column: is a comma unquoted?");
			return false;
		}
	for (uint32_t i = 0; i < s->k->n; i++) {
		const struct csv_cell *at = s->cell[i] ? &cell[s->cell[i] - 1] : NULL;

		v[i] = (struct import_value){.empty = true};
		if (at && !import_value(&s->k->column[i], at->text, &v[i], fault)) {
			tell(&s->teller, at->line, s->cell[i], s->k->column[i].name, fault);
			good = false;
		}
	}
	if (good && !import_row_check(s->k, v, &column, fault)) {
		tell(&s->teller, csv_line(c), s->cell[column] ? s->cell[column] : 1, s->k->column[column].name, fault);
		good = false;
	}
	return good;
}

static enum err stage_csv(struct stage *s, FILE *f, struct why *why)
{
	struct import_value v[IMPORT_COLUMNS_MAX];
	struct csv_fault fault;
	struct csv *c = NULL;
	bool blank;
	enum err e;

	if ((e = csv_open(f, &c, why)) != OK)
		goto out;
	e = csv_next(c, &fault);
	if (e == ERR_NOTFOUND)
		tell(&s->teller, 1, 1, "", "the file is empty: want a header row");
	if (e == OK)
		read_header(s, c);
	if (e == OK && s->teller.report->errors == 0)
		e = stage_tables(s);
	while (e == OK && s->insert && (e = csv_next(c, &fault)) != ERR_NOTFOUND) {
		if (e == ERR_INVALID) {
			tell(&s->teller, fault.line, fault.cell, "", fault.text);
			e = OK;
			continue;
		}
		if (e == OK && read_cells(s, c, v, &blank) && !blank) {
			if (++s->rows > ROWS_MAX)
				e = why_set(why, ERR_FULL, "%.400s: more than %d rows: split it", s->teller.file, ROWS_MAX);
			else
				e = stage_row(s, v, csv_line(c), 0);
		}
	}
	if (e == ERR_INVALID) /* of the header row */
		tell(&s->teller, fault.line, fault.cell, "", fault.text);
	if (e == ERR_IO)
		(void)why_set(why, e, "cannot be read");
	if (e == ERR_INVALID || e == ERR_NOTFOUND)
		e = OK;
out:
	csv_close(c);
	return e;
}

/* ---------------------------------------------------------------- GeoJSON */

static enum err stage_shape(void *ctx, uint32_t line, uint32_t at, struct slice code, struct slice geometry)
{
	struct stage *s = ctx;
	struct import_value v[2] = {{.s = code}, {.s = geometry}};

	s->rows++;
	return stage_row(s, v, line, at);
}

static void tell_shape(void *ctx, uint32_t line, uint32_t at, const char *text)
{
	struct stage *s = ctx;

	tell(&s->teller, line, at, "", text);
}

static enum err stage_map(struct stage *s, FILE *f, struct why *why)
{
	struct import_map_sink sink = {s, stage_shape, tell_shape};
	enum err e;

	s->cell[0] = s->cell[1] = 1;
	if ((e = stage_tables(s)) != OK)
		return e;
	return import_map_read(f, &sink, why);
}

/* ---------------------------------------------------------------- import_stage */

static enum err open_stage(struct stage *s, const char *staged, struct why *why)
{
	/* It holds what the file holds, telephone numbers too: for nobody else's eyes. */
	int fd = open(staged, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	enum err e;

	if (fd < 0)
		return why_set(why, errno == EEXIST ? ERR_EXISTS : ERR_IO, "cannot make %s: %s", staged, strerror(errno));
	(void)close(fd); /* empty */
	e = sql_err(sqlite3_open_v2(staged, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (e == OK)
		e = exec(s->db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; "
				"PRAGMA cache_size=-16384; BEGIN");
	return e == OK ? OK : why_set(why, e, "cannot write %s: %s", staged, sqlite3_errmsg(s->db));
}

static enum err close_stage(struct stage *s)
{
	char sql[96];

	(void)snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", STAGE_ID, STAGE_VERSION); /* fits */
	return exec(s->db, sql);
}

static const struct import_kind *find_kind(const char *kind, struct why *why)
{
	const struct import_kind *k = import_kind(kind);

	if (!k)
		(void)why_set(why, ERR_INVALID, "no kind %.40s: want areas, reaches, people, appointments, exemptions, "
						"categories, duties, calendar or map", kind);
	return k;
}

/* The file has an open staging file: fills it. */
static enum err stage_file(struct stage *s, FILE *f, const char *staged, struct why *why)
{
	enum err e = strcmp(s->k->name, "map") == 0 ? stage_map(s, f, why) : stage_csv(s, f, why);

	if (e == ERR_INVALID) { /* not a file of that sort at all: there is no line to name */
		tell(&s->teller, 1, 1, "", why->text);
		e = OK;
	}
	if (e == ERR_IO && why->text[0]) {
		struct why reader = *why;

		return why_set(why, e, "%.400s: %.200s", s->teller.file, reader.text);
	}
	if (e == OK && s->teller.report->errors)
		return refused(&s->teller, why);
	if (e == OK)
		e = close_stage(s);
	if (e != OK && !why->text[0])
		(void)why_set(why, e, "cannot write %.400s: %s", staged, sqlite3_errmsg(s->db));
	return e;
}

enum err import_stage(const char *kind, const char *file, const char *staged, struct import_report *report, struct why *why)
{
	struct why w = {""};
	struct stage s = {.k = find_kind(kind, &w), .teller = {report, xstrdup(file)}};
	FILE *f = NULL;
	bool ours = false;
	enum err e = ERR_INVALID;

	report->errors = report->rows = 0;
	if (!s.k)
		goto out;
	f = fopen(file, "re");
	if (!f) {
		e = why_set(&w, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%.400s: %s", file, strerror(errno));
		goto out;
	}
	e = open_stage(&s, staged, &w);
	ours = e != ERR_EXISTS;
	if (e == OK)
		e = stage_file(&s, f, staged, &w);
	report->rows = s.rows;
out:
	(void)sqlite3_finalize(s.insert); /* say old errors again */
	(void)sqlite3_finalize(s.find);
	if (sqlite3_close(s.db) != SQLITE_OK)
		die("import: a statement is still open");
	if (f)
		(void)fclose(f); /* only read */
	if (e != OK && ours)
		(void)unlink(staged); /* may not be there */
	if (e != OK && why)
		*why = w;
	free(s.teller.file);
	return e;
}

/* ---------------------------------------------------------------- import_apply */

struct apply {
	struct store *st;
	const struct import_kind *k;
	sqlite3 *staged;
	struct teller teller;
	uint32_t cell[IMPORT_COLUMNS_MAX]; /* as in struct stage */
	int64_t commit;                    /* 0: nothing changed yet */
	int64_t now_ms;
};

/* Reads what the staging file says of itself. */
static enum err read_about(struct apply *a, const char *staged, struct why *why)
{
	sqlite3_stmt *q = NULL;
	struct buf sql = {0};
	enum err e;

	buf_addf(&sql, "SELECT kind, file FROM about WHERE (SELECT application_id FROM pragma_application_id) = %d "
		"AND (SELECT user_version FROM pragma_user_version) = %d", STAGE_ID, STAGE_VERSION);
	if ((e = prepare(a->staged, &sql, &q)) != OK || (e = sql_row(q)) != OK) {
		e = why_set(why, e == ERR_IO ? e : ERR_INVALID, "%s is no staging file", staged);
		goto out;
	}
	if (!slice_is(sql_col(q, 0), a->k->name)) {
		e = why_set(why, ERR_INVALID, "%s holds another kind than %s", staged, a->k->name);
		goto out;
	}
	a->teller.file = xstrdup((const char *)sqlite3_column_text(q, 1));
	(void)sqlite3_finalize(q); /* no error is left */
	q = NULL;
	buf_adds(&sql, "SELECT name, cell FROM col");
	if ((e = prepare(a->staged, &sql, &q)) != OK)
		goto out;
	while ((e = sql_row(q)) == OK)
		for (uint32_t i = 0; i < a->k->n; i++)
			if (slice_is(sql_col(q, 0), import_column_name(&a->k->column[i])))
				a->cell[i] = (uint32_t)sqlite3_column_int(q, 1);
	e = e == ERR_NOTFOUND ? OK : e;
out:
	(void)sqlite3_finalize(q); /* says e again */
	buf_done(&sql);
	return e;
}

/* What a value must be known as.  The SQL answers a row when it is; ?1 the value, ?2 the row's class. */
struct reference {
	const char *kind, *column;
	const char *staged; /* looked for in the file too; NULL: not */
	const char *known;
	const char *fault;
};

/* A code counts as an area also when only places below it are known: the national list has
 * communities, not the towns and districts above them. */
#define KNOWN_AREA "SELECT 1 FROM area WHERE until IS NULL AND code >= ?1 AND code < ?1 || ':' LIMIT 1"
#define KNOWN_REACH "SELECT 1 FROM reach WHERE until IS NULL AND code = ?1"
#define KNOWN_PLACE "SELECT * FROM (" KNOWN_AREA ") UNION ALL " KNOWN_REACH

static const struct reference references[] = {
	{"areas", "code", "SELECT 1 FROM item WHERE code = substr(?1, 1, 12)",
		"SELECT 1 FROM area WHERE until IS NULL AND code = substr(?1, 1, 12)",
		"its community is neither in the file nor in the registry"},
	{"reaches", "area", NULL, KNOWN_AREA, "no such area in the registry"},
	{"appointments", "person", NULL, "SELECT 1 FROM person WHERE until IS NULL AND id = ?1",
		"no such person in the registry"},
	{"appointments", "scope", NULL, KNOWN_PLACE, "no such area or reach in the registry"},
	{"exemptions", "person", NULL, "SELECT 1 FROM person WHERE until IS NULL AND id = ?1",
		"no such person in the registry"},
	{"exemptions", "rule", NULL, "SELECT 1 FROM duty WHERE until IS NULL AND rule = ?1", "no such rule in the registry"},
	{"exemptions", "target", NULL, KNOWN_PLACE, "no such area or reach in the registry"},
	{"categories", "parent", "SELECT 1 FROM item WHERE code = ?1 AND class = ?2",
		"SELECT 1 FROM category WHERE until IS NULL AND code = ?1 AND class = ?2",
		"no such category of this class, neither in the file nor in the registry"},
	{"map", "code", NULL, KNOWN_PLACE, "no such area or reach in the registry"},
};

static enum err has_row(sqlite3_stmt *q, struct slice value, struct slice klass, bool *has)
{
	enum err e;

	if (!q)
		return OK;
	(void)sqlite3_reset(q); /* no error is left */
	sql_text(q, 1, value);
	if (sqlite3_bind_parameter_count(q) > 1)
		sql_text(q, 2, klass);
	e = sql_row(q);
	sql_done(q);
	*has = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err check_reference(struct apply *a, const struct reference *r, uint32_t column)
{
	sqlite3_stmt *rows = NULL, *staged = NULL, *known = NULL;
	bool is_category = strcmp(r->kind, "categories") == 0, is_area = strcmp(r->kind, "areas") == 0, has = false;
	struct buf sql = {0};
	enum err e;

	buf_addf(&sql, "SELECT \"%s\", line, at, %s FROM item WHERE \"%s\" <> '' %s ORDER BY line", r->column,
		is_category ? "class" : "''", r->column, is_area ? "AND length(code) = 15" : "");
	if ((e = prepare(a->staged, &sql, &rows)) != OK)
		goto out;
	if (r->staged) {
		buf_adds(&sql, r->staged);
		if ((e = prepare(a->staged, &sql, &staged)) != OK)
			goto out;
	}
	buf_adds(&sql, r->known);
	if ((e = prepare(sql_db(a->st), &sql, &known)) != OK)
		goto out;
	while ((e = sql_row(rows)) == OK) {
		struct slice value = sql_col(rows, 0), klass = sql_col(rows, 3);
		uint32_t at = (uint32_t)sqlite3_column_int(rows, 2);
		char fault[IMPORT_FAULT];

		has = false;
		if ((e = has_row(staged, value, klass, &has)) != OK ||
			(!has && (e = has_row(known, value, klass, &has)) != OK))
			goto out;
		if (has)
			continue;
		(void)snprintf(fault, sizeof fault, "\"%.*s\": %s", (int)value.n, value.p, r->fault); /* fits */
		tell(&a->teller, (uint32_t)sqlite3_column_int(rows, 1), at ? at : a->cell[column], r->column, fault);
	}
	e = e == ERR_NOTFOUND ? OK : e;
out:
	(void)sqlite3_finalize(rows); /* say e again */
	(void)sqlite3_finalize(staged);
	(void)sqlite3_finalize(known);
	buf_done(&sql);
	return e;
}

static enum err check_references(struct apply *a)
{
	enum err e = OK;

	for (size_t i = 0; i < ARRAY_LEN(references) && e == OK; i++) {
		uint32_t column = import_kind_column(a->k, references[i].column);

		if (strcmp(references[i].kind, a->k->name) == 0 && column < a->k->n && a->cell[column])
			e = check_reference(a, &references[i], column);
	}
	return e;
}

/* The statements of a merge.  ?1..?n: the row's columns, ?n+1: the commit number. */
struct merge {
	sqlite3_stmt *rows;  /* the staged rows, in order of their keys */
	sqlite3_stmt *same;  /* the row that holds: 1 when the file says the same */
	sqlite3_stmt *close; /* ends it */
	sqlite3_stmt *again; /* a new one from it; columns that the file lacks stay as they were */
	sqlite3_stmt *first; /* a new one */
	/* A gap of the registry: from a key that was not there to the next that is, nothing needs to be
	 * looked up.  So a list that is all new costs its writing only.  For keys of one text column. */
	sqlite3_stmt *next; /* the first key behind ?1; NULL: another sort of key */
	struct buf gap_end;
	bool in_gap, endless; /* endless: no key is behind it */
};

static bool present(const struct apply *a, uint32_t i)
{
	return a->cell[i] || a->k->column[i].key;
}

static void add_columns(struct buf *b, const struct import_kind *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		buf_addf(b, "\"%s\",", import_column_name(&k->column[i]));
}

static enum err prepare_merge(struct apply *a, struct merge *m)
{
	const struct import_kind *k = a->k;
	sqlite3 *db = sql_db(a->st);
	struct buf sql = {0};
	bool begin = true;
	enum err e;

	buf_adds(&sql, "SELECT ");
	for (uint32_t i = 0; i < k->n; i++)
		if (present(a, i))
			buf_addf(&sql, "%s\"%s\"", sep(",", &begin), import_column_name(&k->column[i]));
		else
			buf_addf(&sql, "%sNULL", sep(",", &begin));
	buf_adds(&sql, " FROM item ORDER BY ");
	add_keys(&sql, k, ",", false);
	if ((e = prepare(a->staged, &sql, &m->rows)) != OK)
		goto out;

	buf_adds(&sql, "SELECT 1");
	for (uint32_t i = 0; i < k->n; i++)
		if (present(a, i) && !k->column[i].key)
			buf_addf(&sql, " AND \"%s\" IS ?%u", import_column_name(&k->column[i]), i + 1);
	buf_addf(&sql, " FROM \"%s\" WHERE ", k->table);
	add_keys(&sql, k, " AND ", true);
	buf_adds(&sql, " AND until IS NULL");
	if ((e = prepare(db, &sql, &m->same)) != OK)
		goto out;

	buf_addf(&sql, "UPDATE \"%s\" SET until = ?%u WHERE ", k->table, k->n + 1);
	add_keys(&sql, k, " AND ", true);
	buf_adds(&sql, " AND until IS NULL");
	if ((e = prepare(db, &sql, &m->close)) != OK)
		goto out;

	buf_addf(&sql, "INSERT INTO \"%s\"(", k->table);
	add_columns(&sql, k);
	buf_adds(&sql, "since) SELECT ");
	for (uint32_t i = 0; i < k->n; i++)
		if (present(a, i))
			buf_addf(&sql, "?%u,", i + 1);
		else
			buf_addf(&sql, "\"%s\",", import_column_name(&k->column[i]));
	buf_addf(&sql, "?%u FROM \"%s\" WHERE ", k->n + 1, k->table);
	add_keys(&sql, k, " AND ", true);
	buf_addf(&sql, " AND until = ?%u", k->n + 1);
	if ((e = prepare(db, &sql, &m->again)) != OK)
		goto out;

	buf_addf(&sql, "INSERT INTO \"%s\"(", k->table);
	add_columns(&sql, k);
	buf_adds(&sql, "since) VALUES(");
	for (uint32_t i = 0; i < k->n; i++)
		if (present(a, i))
			buf_addf(&sql, "?%u,", i + 1);
		else
			buf_addf(&sql, "%s,", k->column[i].empty ? k->column[i].empty : "NULL");
	buf_addf(&sql, "?%u)", k->n + 1);
	if ((e = prepare(db, &sql, &m->first)) != OK)
		goto out;

	if (k->column[1].key || import_type_is_int(k->column[0].type))
		goto out;
	buf_addf(&sql, "SELECT \"%s\" FROM \"%s\" WHERE \"%s\" > ?1 AND until IS NULL ORDER BY 1 LIMIT 1",
		import_column_name(&k->column[0]), k->table, import_column_name(&k->column[0]));
	e = prepare(db, &sql, &m->next);
out:
	buf_done(&sql);
	return e;
}

/* Behind a row that was not there: up to where? */
static enum err find_gap(struct merge *m)
{
	struct slice to;
	enum err e;

	sql_text(m->next, 1, sql_col(m->rows, 0));
	e = sql_row(m->next);
	m->in_gap = e == OK || e == ERR_NOTFOUND;
	m->endless = e == ERR_NOTFOUND;
	if (e == OK) {
		to = sql_col(m->next, 0);
		buf_clear(&m->gap_end);
		buf_add(&m->gap_end, to.p, to.n);
	}
	sql_done(m->next);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Is the staged row's key before the end of the gap? */
static bool in_gap(struct merge *m)
{
	struct slice key, end = buf_slice(&m->gap_end);
	int order;

	if (!m->in_gap || m->endless)
		return m->in_gap;
	key = sql_col(m->rows, 0);
	order = memcmp(key.p, end.p, key.n < end.n ? key.n : end.n); /* as SQLite orders text */
	m->in_gap = order < 0 || (order == 0 && key.n < end.n);
	return m->in_gap;
}

/* The staged row's columns into q; only those that q names. */
static void bind_row(const struct apply *a, sqlite3_stmt *q, const struct merge *m, bool keys_only)
{
	for (uint32_t i = 0; i < a->k->n; i++)
		if (keys_only ? a->k->column[i].key : present(a, i))
			if (sqlite3_bind_value(q, (int)i + 1, sqlite3_column_value(m->rows, (int)i)) != SQLITE_OK)
				die("import: bind failed");
}

static enum err write_row(struct apply *a, struct merge *m, sqlite3_stmt *q, bool keys_only)
{
	char what[64];
	enum err e;

	if (a->commit == 0) {
		(void)snprintf(what, sizeof what, "import %s", a->k->name); /* fits */
		if ((e = store_note(a->st, a->now_ms, what, 0, &a->commit)) != OK)
			return e;
	}
	if (FAULT("import.row"))
		return ERR_FULL;
	bind_row(a, q, m, keys_only);
	sql_int(q, (int)a->k->n + 1, a->commit);
	return sql_run(q);
}

static enum err merge_row(struct apply *a, struct merge *m, struct import_result *r)
{
	bool same = false;
	enum err e;

	if (in_gap(m)) {
		r->inserted++;
		return write_row(a, m, m->first, false);
	}
	bind_row(a, m->same, m, false);
	e = sql_row(m->same);
	if (e == OK)
		same = sqlite3_column_int(m->same, 0) == 1;
	sql_done(m->same);
	if (e == ERR_NOTFOUND) {
		r->inserted++;
		e = write_row(a, m, m->first, false);
		return e == OK && m->next ? find_gap(m) : e;
	}
	if (e != OK)
		return e;
	if (same) {
		r->unchanged++;
		return OK;
	}
	r->updated++;
	if ((e = write_row(a, m, m->close, true)) != OK)
		return e;
	return write_row(a, m, m->again, false);
}

static enum err merge_all(struct apply *a, struct import_result *r)
{
	struct merge m = {0};
	sqlite3_stmt *note;
	enum err e;

	if ((e = prepare_merge(a, &m)) != OK)
		goto out;
	while ((e = sql_row(m.rows)) == OK)
		if ((e = merge_row(a, &m, r)) != OK)
			goto out;
	e = e == ERR_NOTFOUND ? OK : e;
	if (e == OK && a->commit) {
		note = sql_get(a->st, "UPDATE change SET rows = ?1 WHERE \"commit\" = ?2");
		sql_int(note, 1, r->inserted + r->updated);
		sql_int(note, 2, a->commit);
		e = sql_run(note);
	}
out:
	(void)sqlite3_finalize(m.rows); /* say e again */
	(void)sqlite3_finalize(m.same);
	(void)sqlite3_finalize(m.close);
	(void)sqlite3_finalize(m.again);
	(void)sqlite3_finalize(m.first);
	(void)sqlite3_finalize(m.next);
	buf_done(&m.gap_end);
	return e;
}

enum err import_apply(struct store *st, int64_t now_ms, const char *kind, const char *staged, struct import_report *report,
	struct import_result *out, struct why *why)
{
	struct apply a = {.st = st, .k = find_kind(kind, why), .teller = {report, NULL}, .now_ms = now_ms};
	struct import_result r = {0};
	enum err e = ERR_INVALID;

	report->errors = report->rows = 0;
	if (!a.k)
		goto out;
	if (access(staged, R_OK) != 0) {
		e = why_set(why, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "cannot read %s: %s", staged, strerror(errno));
		goto out;
	}
	e = sql_err(sqlite3_open_v2(staged, &a.staged, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
	if (e != OK) {
		e = why_set(why, e, "cannot read %s: %s", staged, sqlite3_errmsg(a.staged));
		goto out;
	}
	(void)sqlite3_db_config(a.staged, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL); /* known option */
	if ((e = read_about(&a, staged, why)) != OK)
		goto out;
	if ((e = check_references(&a)) != OK) {
		e = why_set(why, e, "cannot import %s: %s", kind, store_detail(st));
		goto out;
	}
	if (report->errors) {
		e = refused(&a.teller, why);
		goto out;
	}
	if ((e = merge_all(&a, &r)) != OK) {
		e = why_set(why, e, "cannot import %s: %s", kind, store_detail(st));
		goto out;
	}
	r.commit = a.commit;
	report->rows = r.inserted + r.updated + r.unchanged;
	*out = r;
out:
	if (sqlite3_close(a.staged) != SQLITE_OK)
		die("import: a statement is still open");
	free(a.teller.file);
	return e;
}
