#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/desk.h"
#include "core/civil.h"
#include "core/json.h"
#include "schema/stock.h"

/* One line for each value that is not 0; what lies deeper has its path before it: "events.held.waits_for".
 * At the top, what print_text() has said already is left out. */
static void flatten(struct json *j, uint32_t t, const char *path)
{
	static const char *const said[] = {"version", "head", "store", "time"};
	uint32_t k = t + 1;
	struct slice v;

	if (j->tok[t].type == JSON_OBJECT) {
		for (uint32_t i = 0; i < j->tok[t].count; i++, k = j->tok[k + 1].next) {
			struct slice name = json_text(j, k);
			bool skip = false;
			char *deeper;

			for (size_t n = 0; n < ARRAY_LEN(said) && !*path; n++)
				skip |= slice_is(name, said[n]);
			if (skip)
				continue;
			deeper = xasprintf("%s%s%.*s", path, *path ? "." : "", (int)name.n, name.p);
			flatten(j, k + 1, deeper);
			free(deeper);
		}
		return;
	}
	v = j->tok[t].type == JSON_STRING ? json_text(j, t) : json_raw(j, t);
	if (slice_is(v, "0"))
		return;
	if (strcmp(path, "started") == 0) {
		char text[CIVIL_INSTANT_TEXT];
		int64_t ms = 0;

		(void)json_int(j, t, &ms); /* else 1970 shows that it is none */
		civil_instant_text(ms, text);
		(void)printf("  %-28s %s\n", path, text);
		return;
	}
	(void)printf("  %-28s %.*s\n", path, (int)v.n, v.p); /* cli_flush says */
}

struct state {
	const char *db;
	struct head head;
	struct stock stock;
	struct buf ingest; /* its answer; empty: it does not run */
	struct json json;
	uint32_t status; /* token of it */
};

static void print_json(const struct state *s)
{
	struct buf b = {0};
	char time[CIVIL_INSTANT_TEXT];

	civil_instant_text(s->head.time_ms, time);
	buf_adds(&b, "{\"version\":");
	buf_json_str(&b, XUNGE_VERSION);
	buf_adds(&b, ",\"database\":");
	buf_json_str(&b, s->db);
	buf_addf(&b, ",\"schema\":%d,\"db\":", store_version());
	buf_json_str(&b, s->head.db);
	buf_addf(&b, ",\"commit\":%lld,\"rev\":%lld,\"time\":", (long long)s->head.commit, (long long)s->head.rev);
	buf_json_str(&b, time);
	buf_addf(&b, ",\"held\":%lld,\"rejected\":%lld,\"conflicts\":%lld,\"bytes\":%lld,\"wal_bytes\":%lld,"
		"\"free_bytes\":%lld,\"ingest\":", (long long)s->stock.held, (long long)s->stock.rejected,
		(long long)s->stock.conflicts, (long long)s->stock.db_bytes, (long long)s->stock.wal_bytes,
		(long long)s->stock.free_bytes);
	if (s->status) {
		struct slice v = json_raw(&s->json, s->status);

		buf_add(&b, v.p, v.n);
	} else {
		buf_adds(&b, "null");
	}
	buf_adds(&b, "}\n");
	(void)fwrite(b.p, 1, b.n, stdout); /* cli_flush says */
	buf_done(&b);
}

static void print_text(struct state *s)
{
	char time[CIVIL_INSTANT_TEXT];

	civil_instant_text(s->head.time_ms, time);
	(void)printf("database     %s\n"
		     "  id         %s\n"
		     "  version    %d\n"
		     "  commit     %lld (transaction %lld, %s)\n"
		     "  events     %lld held, %lld rejected, %lld in conflict\n"
		     "  size       %lld KiB, WAL %lld KiB\n"
		     "  disk free  %lld MiB\n",
		s->db, s->head.db, store_version(), (long long)s->head.commit, (long long)s->head.rev, time,
		(long long)s->stock.held, (long long)s->stock.rejected, (long long)s->stock.conflicts,
		(long long)(s->stock.db_bytes / 1024), (long long)(s->stock.wal_bytes / 1024),
		(long long)(s->stock.free_bytes / 1048576));
	(void)puts(s->status ? "ingest       runs (counters at 0 are left out; --json has all)" : "ingest       does not run");
	if (s->status)
		flatten(&s->json, s->status, "");
}

int cmd_status(struct cli *c, int argc, char **argv)
{
	struct state s = {0};
	bool as_json = false;
	const struct args_opt opt[] = {{"--json", NULL, &as_json}};
	struct why why = {""};
	struct store *st = NULL;
	struct desk *d = NULL;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), NULL, 0, &n, &why)) != OK ||
		(e = cli_db(c, &s.db, &why)) != OK || (e = cli_read_store(c, &st, &why)) != OK)
		return cli_status(c, e, &why);
	if ((e = store_head(st, &s.head)) != OK || (e = stock_take(st, s.db, &s.stock)) != OK) {
		(void)why_set(&why, e, "cannot read %s: %s", s.db, store_detail(st));
		goto out;
	}
	e = desk_open_door(c, &d, &why);
	if (e == OK)
		e = desk_status(d, &s.ingest, &why);
	else if (e == ERR_CLOSED)
		e = OK; /* it does not run: that is a state, too */
	if (e != OK)
		goto out;
	if (s.ingest.n && json_read(&s.json, s.ingest.p, s.ingest.n))
		s.status = json_get(&s.json, 0, "status");
	if (as_json)
		print_json(&s);
	else
		print_text(&s);
out:
	desk_close(d);
	buf_done(&s.ingest);
	json_done(&s.json);
	store_close(st);
	return cli_status(c, e, &why);
}
