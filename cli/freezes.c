#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/desk.h"
#include "core/civil.h"
#include "schema/freeze.h"

struct listing {
	bool json;
	int64_t n;
};

static void one(void *ctx, const struct freeze_month *m)
{
	struct listing *l = ctx;
	char time[CIVIL_INSTANT_TEXT];

	civil_instant_text(m->time_ms, time);
	if (l->json)
		(void)printf("%s{\"month\":\"%d-%02d\",\"commit\":%lld,\"time\":\"%s\",\"program\":\"%s\",\"corrections\":%lld}", l->n ? ",\n" : "",
			m->month / 100, m->month % 100, (long long)m->commit, time, m->program, (long long)m->corrections); /* cli_flush says */
	else
		(void)printf("%d-%02d  as of commit %lld (%s), %lld corrections\n", m->month / 100, m->month % 100, (long long)m->commit, time,
			(long long)m->corrections);
	l->n++;
}

static enum err list(struct cli *c, bool json, struct why *why)
{
	struct listing l = {.json = json};
	struct store *st = NULL;
	enum err e = cli_read_store(c, &st, why);

	if (e != OK)
		return e;
	if (json)
		(void)fputs("[", stdout);
	if ((e = freeze_list(st, one, &l)) != OK)
		e = why_set(why, e, "cannot read what is frozen: %s", store_detail(st));
	if (json)
		(void)fputs("]\n", stdout);
	else if (e == OK && l.n == 0)
		(void)puts("no month is frozen");
	store_close(st);
	return e;
}

static enum err freeze(struct cli *c, const char *period, struct why *why)
{
	struct freeze_done done = {0};
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e = freeze_is_period(period, why);

	if (e == OK && (e = desk_open(c, &d, why)) == OK && (e = desk_freeze(d, period, &done, &commit, why)) == OK) {
		(void)fputs("frozen:", stdout); /* cli_flush says */
		for (int i = 0; i < done.n; i++)
			(void)printf(" %d-%02d", done.month[i] / 100, done.month[i] % 100);
		(void)printf("; as of commit %lld\n", (long long)commit);
	}
	desk_close(d);
	return e;
}

int cmd_freeze(struct cli *c, int argc, char **argv)
{
	bool listed = false, json = false;
	const struct args_opt opt[] = {{"--list", NULL, &listed}, {"--json", NULL, &json}};
	const char *period = NULL;
	struct why why = {""};
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), &period, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (listed ? n > 0 : n == 0 || json)
		return cli_usage(c, "which period? 2023-12, 2023, or --list");
	return cli_status(c, listed ? list(c, json, &why) : freeze(c, period, &why), &why);
}
