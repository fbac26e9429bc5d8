#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "cli/args.h"
#include "cli/outfile.h"
#include "core/area.h"
#include "core/civil.h"
#include "core/json.h"
#include "schema/figures.h"
#include "schema/live.h"

#define PAGE 2000 /* events read in one transaction */

/* One export as it was asked for. */
struct ask {
	const char *from_text, *to_text, *scope, *as_of_text, *format, *file;
	bool no_bom, json, head; /* head: as of the newest commit */
	int64_t from_ms, to_ms;
	int32_t from_day, to_day;
	int64_t as_of, as_of_ms;
	char period[2 * CIVIL_INSTANT_TEXT], as_of_time[CIVIL_INSTANT_TEXT];
};

/* The table under way. */
struct table {
	const struct ask *ask;
	struct outfile out;
	struct csv_out csv;
	struct json json;
	int64_t rows;
	struct figures_sum *sum;
};

/* ------------------------------------------------------------------ rows and cells */

static void key(struct table *t, const char *name, const char *const *column, size_t n)
{
	if (t->ask->json) {
		struct buf *b = &t->out.b;

		buf_adds(b, "{\"export\":");
		buf_json_str(b, name);
		buf_adds(b, ",\"scope\":");
		buf_json_str(b, t->ask->scope);
		buf_adds(b, ",\"period\":");
		buf_json_str(b, t->ask->period);
		buf_addf(b, ",\"as_of_commit\":%lld,\"as_of_time\":", (long long)t->ask->as_of);
		buf_json_str(b, t->ask->as_of_time);
		buf_adds(b, ",\"rows\":[");
		return;
	}
	if (!t->ask->no_bom)
		csv_out_bom(&t->csv);
	for (size_t i = 0; i < n; i++)
		csv_out_text(&t->csv, slice_of(column[i]));
	csv_out_end(&t->csv);
}

static void row_begin(struct table *t)
{
	if (t->ask->json)
		buf_adds(&t->out.b, t->rows ? ",\n{" : "\n{");
	t->rows++;
}

static void cell_slice(struct table *t, const char *column, struct slice v)
{
	if (t->ask->json) {
		buf_json_key(&t->out.b, column);
		buf_json(&t->out.b, v.p ? v.p : "", v.n);
	} else {
		csv_out_text(&t->csv, v);
	}
}

static void cell_text(struct table *t, const char *column, const char *v)
{
	cell_slice(t, column, slice_of(v ? v : ""));
}

static void cell_int(struct table *t, const char *column, int64_t v)
{
	if (t->ask->json) {
		buf_json_key(&t->out.b, column);
		buf_int(&t->out.b, v);
	} else {
		csv_out_int(&t->csv, v);
	}
}

/* No value: an empty cell, null in JSON. */
static void cell_none(struct table *t, const char *column)
{
	if (t->ask->json) {
		buf_json_key(&t->out.b, column);
		buf_adds(&t->out.b, "null");
	} else {
		csv_out_text(&t->csv, slice_of(""));
	}
}

static void cell_bool(struct table *t, const char *column, bool v)
{
	if (t->ask->json) {
		buf_json_key(&t->out.b, column);
		buf_adds(&t->out.b, v ? "true" : "false");
	} else {
		csv_out_int(&t->csv, v);
	}
}

static void cell_instant(struct table *t, const char *column, int64_t ms)
{
	char text[CIVIL_INSTANT_TEXT];

	civil_instant_text(ms, text);
	cell_text(t, column, text);
}

/* A JSON value, as it came. */
static void cell_json(struct table *t, const char *column, struct slice v)
{
	if (t->ask->json) {
		buf_json_key(&t->out.b, column);
		if (v.n)
			buf_add(&t->out.b, v.p, v.n);
		else
			buf_adds(&t->out.b, "null");
	} else {
		csv_out_text(&t->csv, v);
	}
}

static void row_end(struct table *t)
{
	if (t->ask->json)
		buf_addc(&t->out.b, '}');
	else
		csv_out_end(&t->csv);
}

static void foot(struct table *t)
{
	if (t->ask->json)
		buf_adds(&t->out.b, "\n]}\n");
}

/* ------------------------------------------------------------------ figures */

static const char *const figures_columns[] = {"figure", "name", "scope", "level", "category", "period",
	"value", "unit", "numerator", "denominator", "display", "as_of_commit", "as_of_time", "definition"};

static void figures_line(void *ctx, const struct figure *f, const char *part, int64_t n)
{
	struct table *t = ctx;
	bool by_level = f->by == FIGURES_BY_LEVEL;
	char display[24];

	(void)snprintf(display, sizeof display, "%lld", (long long)n); /* fits */
	row_begin(t);
	cell_text(t, "figure", f->id);
	cell_text(t, "name", f->name);
	cell_text(t, "scope", t->ask->scope);
	cell_text(t, "level", by_level ? part : "");
	cell_text(t, "category", by_level ? "" : part);
	cell_text(t, "period", t->ask->period);
	cell_int(t, "value", n);
	cell_text(t, "unit", f->unit);
	cell_none(t, "numerator");
	cell_none(t, "denominator");
	cell_text(t, "display", display);
	cell_int(t, "as_of_commit", t->ask->as_of);
	cell_text(t, "as_of_time", t->ask->as_of_time);
	cell_text(t, "definition", f->definition);
	row_end(t);
}

static void take_figure(void *ctx, const struct figure_row *r)
{
	struct table *t = ctx;

	if (r->day >= t->ask->from_day && r->day < t->ask->to_day &&
		area_covers(slice_of(t->ask->scope), slice_of(r->area)))
		figures_add(t->sum, r);
}

static enum err export_figures(struct store *st, struct table *t, struct why *why)
{
	struct figures_sum *sum = xcalloc(figures_n, sizeof *sum);
	enum err e;

	t->sum = sum;
	if (t->ask->head)
		e = ledger_tallies(st, t->ask->from_day, t->ask->to_day, t->ask->scope, take_figure, t);
	else
		e = ledger_recount(st, t->ask->as_of, take_figure, t);
	if (e == OK)
		e = figures_catalogue(sum, st, t->ask->as_of, t->ask->from_day, t->ask->to_day);
	if (e != OK) {
		e = why_set(why, e, "cannot count: %s", store_detail(st));
		goto out;
	}
	key(t, "figures", figures_columns, ARRAY_LEN(figures_columns));
	for (size_t f = 0; f < figures_n; f++)
		figures_each(&figures[f], &sum[f], figures_line, t);
	foot(t);
out:
	t->sum = NULL;
	figures_done(sum);
	free(sum);
	return e;
}

/* ------------------------------------------------------------------ events */

static const char *const events_columns[] = {"commit", "device", "epoch", "seq", "kind", "at", "person",
	"scope", "area", "received", "committed", "imported", "voided", "body"};

static void event_line(void *ctx, const struct ledger_event *ev)
{
	struct table *t = ctx;
	struct slice body = {0};
	uint32_t tok;

	if (json_read(&t->json, ev->raw.p, ev->raw.n) && (tok = json_get(&t->json, 0, "body")))
		body = json_raw(&t->json, tok);
	row_begin(t);
	cell_int(t, "commit", ev->commit);
	cell_text(t, "device", ev->device);
	cell_text(t, "epoch", ev->epoch);
	cell_int(t, "seq", ev->seq);
	cell_text(t, "kind", ev->kind);
	cell_instant(t, "at", ev->at_ms);
	cell_text(t, "person", ev->person);
	cell_text(t, "scope", ev->scope);
	cell_text(t, "area", ev->area);
	cell_instant(t, "received", ev->recv_ms);
	cell_instant(t, "committed", ev->committed_ms);
	cell_bool(t, "imported", ev->imported);
	cell_bool(t, "voided", ev->voided);
	cell_json(t, "body", body);
	row_end(t);
}

static enum err export_events(struct store *st, struct table *t, struct why *why)
{
	const struct ask *a = t->ask;
	int64_t after = 0;
	enum err e;

	key(t, "events", events_columns, ARRAY_LEN(events_columns));
	do {
		int64_t next = 0;

		e = ledger_events(st, after, a->as_of, a->from_ms, a->to_ms, a->scope, PAGE, event_line, t, &next);
		if (e != OK)
			return why_set(why, e, "cannot read events: %s", store_detail(st));
		if ((e = outfile_push(&t->out, why)) != OK)
			return e;
		after = next;
	} while (after);
	foot(t);
	return OK;
}

/* ------------------------------------------------------------------ the command */

static const struct {
	const char *name;
	bool days; /* counts whole days */
	enum err (*run)(struct store *st, struct table *t, struct why *why);
} exports[] = {
	{"figures", true, export_figures},
	{"events", false, export_events},
};

static enum err period(struct ask *a, bool days, struct why *why)
{
	const char *const text[] = {a->from_text, a->to_text}, *const name[] = {"--from", "--to"};
	int32_t *const day[] = {&a->from_day, &a->to_day};
	int64_t *const ms[] = {&a->from_ms, &a->to_ms};
	char shown[2][CIVIL_INSTANT_TEXT];

	for (int i = 0; i < 2; i++) {
		if (!text[i])
			return why_set(why, ERR_USAGE, "%s is missing", name[i]);
		if (civil_parse_day(text[i], strlen(text[i]), day[i])) {
			*ms[i] = civil_day_ms(*day[i]);
			civil_day_text(*day[i], shown[i]);
			continue;
		}
		if (days || !civil_parse_instant(text[i], strlen(text[i]), ms[i]))
			return why_set(why, ERR_USAGE, "%s %s: want a day such as 2026-01-01%s", name[i], text[i],
				days ? "" : ", or 2026-01-01T08:00:00+08:00");
		civil_instant_text(*ms[i], shown[i]);
	}
	if (a->from_ms >= a->to_ms)
		return why_set(why, ERR_USAGE,
			"--from %s --to %s: nothing lies between (--to is the first day that no longer counts)",
			a->from_text, a->to_text);
	(void)snprintf(a->period, sizeof a->period, "%s/%s", shown[0], shown[1]); /* fits */
	return OK;
}

static enum err read_ask(struct ask *a, bool days, struct why *why)
{
	long long n;
	enum err e;

	if ((e = period(a, days, why)) != OK)
		return e;
	if (!a->scope)
		a->scope = "*";
	if (strcmp(a->scope, "*") != 0 && area_level(slice_of(a->scope)) == AREA_NONE)
		return why_set(why, ERR_USAGE, "--scope %s: want an area code of 6, 9, 12 or 15 digits", a->scope);
	if (a->as_of_text) {
		if ((e = args_int("--as-of", a->as_of_text, 1, INT64_MAX, &n, why)) != OK)
			return e;
		a->as_of = n;
	}
	if (a->format && strcmp(a->format, "csv") != 0 && strcmp(a->format, "json") != 0)
		return why_set(why, ERR_USAGE, "--format %s: want csv or json", a->format);
	a->json = a->format && strcmp(a->format, "json") == 0;
	return OK;
}

/* The commit that the numbers are as of, and its time. */
static enum err fix_as_of(struct store *st, struct ask *a, struct why *why)
{
	struct head head;
	enum err e;

	if ((e = store_head(st, &head)) != OK)
		return why_set(why, e, "cannot read the head: %s", store_detail(st));
	if (!a->as_of_text)
		a->as_of = head.commit;
	if (a->as_of > head.commit)
		return why_set(why, ERR_USAGE, "--as-of %lld: the newest commit is %lld", (long long)a->as_of,
			(long long)head.commit);
	a->head = a->as_of == head.commit;
	if ((e = ledger_commit_time(st, a->as_of, &a->as_of_ms)) != OK)
		return why_set(why, e, "cannot find commit %lld: %s", (long long)a->as_of, store_detail(st));
	civil_instant_text(a->as_of_ms, a->as_of_time);
	return OK;
}

int cmd_export(struct cli *c, int argc, char **argv)
{
	struct ask a = {0};
	const struct args_opt opt[] = {{"--from", &a.from_text, NULL}, {"--to", &a.to_text, NULL},
		{"--scope", &a.scope, NULL}, {"--as-of", &a.as_of_text, NULL}, {"--format", &a.format, NULL},
		{"-o", &a.file, NULL}, {"--no-bom", NULL, &a.no_bom}};
	struct table t = {.ask = &a, .out.fd = -1};
	struct why why = {""};
	struct store *st = NULL;
	const char *word[1];
	size_t which = 0;
	bool reading = false;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), word, 1, &n, &why)) != OK)
		goto out;
	if (n == 0)
		return cli_usage(c, "which table? figures or events");
	while (which < ARRAY_LEN(exports) && strcmp(exports[which].name, word[0]) != 0)
		which++;
	if (which == ARRAY_LEN(exports))
		return cli_usage(c, "%s: no such table; there are figures and events", word[0]);
	if ((e = read_ask(&a, exports[which].days, &why)) != OK || (e = cli_read_store(c, &st, &why)) != OK)
		goto out;
	t.csv.b = &t.out.b;
	/* The kept tallies are those of the head: both are read in one snapshot. */
	if (exports[which].days) {
		if ((e = live_begin(st)) != OK) {
			e = why_set(&why, e, "cannot read: %s", store_detail(st));
			goto out;
		}
		reading = true;
	}
	if ((e = fix_as_of(st, &a, &why)) != OK || (e = outfile_open(&t.out, a.file, &why)) != OK)
		goto out;
	if (reading && !a.head) { /* a recount is long, and its as-of is fixed: no snapshot */
		live_end(st);
		reading = false;
	}
	e = exports[which].run(st, &t, &why);
	if (e == OK)
		e = outfile_close(&t.out, &why);
out:
	if (reading)
		live_end(st);
	outfile_abort(&t.out);
	json_done(&t.json);
	store_close(st);
	if (e == OK && a.file)
		(void)printf("%s: %lld rows, as of commit %lld (%s)\n", a.file, (long long)t.rows,
			(long long)a.as_of, a.as_of_time);
	return cli_status(c, e, &why);
}
