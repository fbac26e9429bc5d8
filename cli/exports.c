#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "cli/args.h"
#include "cli/outfile.h"
#include "core/civil.h"
#include "schema/exports/export.h"

#define BAR 30          /* characters */
#define BAR_AFTER_MS 400
#define BAR_EVERY_MS 200

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

/* Ctrl-C and SIGTERM end the export between two pieces, so that nothing is left behind.  A second one ends the program. */
static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction was;

	(void)sigemptyset(&sa.sa_mask); /* cannot fail */
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (sigaction(ends[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			(void)sigaction(ends[i], &sa, NULL); /* these signals exist */
}

/* ------------------------------------------------------------------ help */

static int help(void)
{
	unsigned formats = 0;
	const char *name;

	(void)fputs("usage: xunge export NAME --from D --to D [--scope CODE] [--class C] [--as-of COMMIT] [--at T]\n"
		"                    [--format F] [--lang en] [--unmask] [--no-bom] [-o FILE] [--quiet]\n"
		"       xunge export NAME --period 2026-Q4 ...\n"
		"       xunge export events --from D --to D --figure ID [--level L] [--category C] ...\n\n"
		"write figures, ledgers, events as a table\n\nNAME:\n", stdout); /* cli_flush says */
	for (size_t i = 0; (name = export_name(i, &formats)); i++) {
		const char *sep = "";

		(void)printf("  %-12s %s, %s (", name, export_title(i, false), export_title(i, true));
		for (int f = 0; f < EXPORT_FORMATS; f++)
			if (formats & 1u << f) {
				(void)printf("%s%s", sep, export_format_name((enum export_format)f));
				sep = " ";
			}
		(void)puts(")");
	}
	(void)fputs("\n"
		"--from D     the first day (2026-01-01); for lists also an instant (2026-01-01T08:00:00+08:00)\n"
		"--to D       the first day that no longer counts: 2026 is --from 2026-01-01 --to 2027-01-01\n"
		"--period P   both of them: 2026, 2026-H2, 2026-Q4, 2026-11, 2026-W47 (Monday to Sunday), 2026-11-D1 D2 D3 (上旬\n"
		"             中旬 下旬), 2026-11-23\n"
		"--scope      an area code and all below it, or the code of a reach; everything if left out\n"
		"--class      of cases: hazard finding appeal dispute rectify\n"
		"--as-of N    what was known at that commit number; else the freeze's, when all of the period is frozen,\n"
		"             else the newest\n"
		"--at T       the instant for what hangs on the clock (overdue, open); else the time of --as-of, else now\n"
		"--format F   csv json geojson xlsx text; each export has a usual one, csv for most\n"
		"--lang en    English headings and words; codes are the same in both\n"
		"--unmask     names and phones in full\n"
		"--no-bom     CSV without the byte order mark\n"
		"--figure ID  of events: only those behind this number of `figures`\n"
		"-o FILE      written beside it and renamed when it is whole; else standard output\n"
		"--quiet      no bar on the terminal, no closing line", stdout);
	return CLI_DONE;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------------ the bar */

struct bar {
	bool on, shown;
	int64_t begun_mono_ms, next_mono_ms;
};

static struct bar bar_of(const char *file, bool quiet)
{
	int64_t now = clock_mono_ms();

	return (struct bar){.on = !quiet && isatty(STDERR_FILENO) && (file || !isatty(STDOUT_FILENO)), .begun_mono_ms = now,
		.next_mono_ms = now + BAR_AFTER_MS};
}

static void bar_show(struct bar *b, const struct export *x, int64_t bytes)
{
	int packing = export_packing(x), done = packing < 0 ? export_progress(x) : packing, full = done < 0 ? 0 : done * BAR / 1000;
	int64_t now = clock_mono_ms();

	if (!b->on || now < b->next_mono_ms)
		return;
	b->next_mono_ms = now + BAR_EVERY_MS;
	b->shown = true;
	(void)fputs("\r[", stderr); /* only for the eye */
	for (int i = 0; i < BAR; i++)
		(void)fputc(i < full ? '#' : '.', stderr);
	if (done >= 0)
		(void)fprintf(stderr, "] %3d%%", done / 10);
	else
		(void)fputs("]     ", stderr);
	(void)fprintf(stderr, "%s %lld rows", packing < 0 ? "" : " packing", (long long)export_rows(x));
	if (bytes) /* a spreadsheet is packed when all rows are read */
		(void)fprintf(stderr, "  %.1f MB  %.1f MB/s", (double)bytes / 1e6, (double)bytes / 1e3 / (double)(now - b->begun_mono_ms));
	(void)fputs("  ", stderr); /* over what was longer */
}

static void bar_clear(struct bar *b)
{
	if (b->shown)
		(void)fprintf(stderr, "\r%*s\r", BAR + 70, "");
	b->shown = false;
}

/* ------------------------------------------------------------------ the command */

struct words { /* options that are read further */
	const char *as_of, *at, *format, *lang, *file;
	bool quiet;
};

static enum err read_words(const struct words *t, struct export_ask *ask, struct why *why)
{
	long long n;
	enum err e;

	if (t->as_of) {
		if ((e = args_int("--as-of", t->as_of, 1, INT64_MAX, &n, why)) != OK)
			return e;
		ask->as_of = n;
	}
	if (t->at && !civil_parse_instant(t->at, strlen(t->at), &ask->at_ms))
		return why_set(why, ERR_USAGE, "--at %s: want an instant such as 2026-01-01T08:00:00+08:00", t->at);
	if (t->format) {
		if (!export_format_of(t->format, &ask->format))
			return why_set(why, ERR_USAGE, "--format %s: want csv, json, geojson, xlsx or text", t->format);
		ask->has_format = true;
	}
	if (t->file && !*t->file)
		return why_set(why, ERR_USAGE, "-o: want the name of a file");
	if (t->lang && strcmp(t->lang, "en") != 0 && strcmp(t->lang, "zh") != 0)
		return why_set(why, ERR_USAGE, "--lang %s: want zh or en", t->lang);
	ask->english = t->lang && strcmp(t->lang, "en") == 0;
	return OK;
}

static enum err carry(struct export *x, struct outfile *out, bool quiet, struct why *why)
{
	struct bar bar = bar_of(out->name, quiet);
	bool more = true;
	enum err e = OK;

	while (e == OK && more) {
		if (stop)
			e = why_set(why, ERR_CLOSED, "stopped");
		else if (FAULT("export.step"))
			e = why_set(why, ERR_IO, "stopped by a test");
		else if ((e = export_step(x, &out->b, &more, why)) == OK && (e = outfile_push(out, why)) == OK)
			bar_show(&bar, x, outfile_bytes(out));
	}
	bar_clear(&bar);
	return e;
}

static void said(const struct export *x, const char *file)
{
	char time[CIVIL_INSTANT_TEXT], at[CIVIL_INSTANT_TEXT];
	int64_t ms, commit = export_as_of(x, &ms);

	civil_instant_text(ms, time);
	civil_instant_text(export_at(x), at);
	(void)printf("%s: %lld rows, as of commit %lld (%s)%s%s\n", file, (long long)export_rows(x), (long long)commit, time,
		export_hangs_on_clock(x) ? ", at " : "", export_hangs_on_clock(x) ? at : ""); /* cli_flush says */
}

int cmd_export(struct cli *c, int argc, char **argv)
{
	struct export_ask ask = {.scope = "*", .at_ms = EXPORT_AT_DEFAULT, .now_ms = clock_wall_ms(), .command = true};
	struct words t = {0};
	const struct args_opt opt[] = {{"--from", &ask.from, NULL}, {"--to", &ask.to, NULL}, {"--period", &ask.period, NULL}, {"--scope", &ask.within, NULL},
		{"--class", &ask.klass, NULL}, {"--figure", &ask.figure, NULL}, {"--level", &ask.level, NULL},
		{"--category", &ask.category, NULL}, {"--as-of", &t.as_of, NULL}, {"--at", &t.at, NULL}, {"--format", &t.format, NULL},
		{"--lang", &t.lang, NULL}, {"-o", &t.file, NULL}, {"--no-bom", NULL, &ask.no_bom}, {"--unmask", NULL, &ask.unmask},
		{"--quiet", NULL, &t.quiet}};
	struct outfile out = {.fd = -1};
	struct export *x = NULL;
	struct store *st = NULL;
	struct why why = {""};
	enum err e;
	int n = 0;

	if (wants_help(argc, argv))
		return help();
	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), &ask.name, 1, &n, &why)) != OK || (e = read_words(&t, &ask, &why)) != OK)
		goto out;
	if (n == 0)
		return cli_usage(c, "which one? figures, events ...");
	if ((e = cli_read_store(c, &st, &why)) != OK)
		goto out;
	if ((e = export_open(st, &ask, &x, &why)) != OK) {
		if (e == ERR_NOTFOUND || e == ERR_INVALID || e == ERR_DENIED) /* what was asked, not what is there */
			e = ERR_USAGE;
		goto out;
	}
	catch_signals();
	(void)nice(EXPORT_NICE); /* ingest goes first; else it runs as it was started */
	if ((e = outfile_open(&out, t.file, &why)) != OK)
		goto out;
	out.stop = &stop;
	if ((e = carry(x, &out, t.quiet, &why)) == OK)
		e = outfile_close(&out, &why);
	if (e == OK && t.file && !t.quiet)
		said(x, t.file);
out:
	outfile_abort(&out);
	export_close(x);
	store_close(st);
	return cli_status(c, e, &why);
}
