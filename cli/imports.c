#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "cli/args.h"
#include "cli/desk.h"
#include "cli/staging.h"
#include "core/event.h"

/* ------------------------------------------------------------------ registry files */

static void say_fault(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "%s\n", line); /* nowhere left to report it */
}

struct registry_file {
	struct cli *c;
	const char *kind, *file;
	bool dry_run;
};

static int import_staged(void *ctx, const char *staged)
{
	struct registry_file *in = ctx;
	struct import_report report = {.error = say_fault};
	struct import_result r = {0};
	struct why why = {""};
	struct desk *d = NULL;
	enum err e;

	if ((e = import_stage(in->kind, in->file, staged, &report, &why)) == OK &&
		(e = desk_open(in->c, &d, &why)) == OK)
		e = desk_import(d, in->kind, staged, in->dry_run, &report, &r, &why);
	desk_close(d);
	if (e == ERR_INVALID && report.errors)
		return cli_fail(in->c, "%s: %lld fault%s, nothing was taken: put %s right and import it again", in->file,
			(long long)report.errors, report.errors == 1 ? "" : "s", report.errors == 1 ? "it" : "them");
	if (e != OK)
		return cli_status(in->c, e, &why);
	(void)printf("%s: %lld inserted, %lld updated, %lld unchanged", in->kind, (long long)r.inserted,
		(long long)r.updated, (long long)r.unchanged);
	if (in->dry_run)
		(void)puts(" (dry run: nothing was taken)");
	else if (r.commit)
		(void)printf(", commit %lld\n", (long long)r.commit);
	else
		(void)puts("");
	return CLI_DONE;
}

int cmd_import(struct cli *c, int argc, char **argv)
{
	bool dry_run = false, known = false;
	const struct args_opt opt[] = {{"--dry-run", NULL, &dry_run}};
	const char *word[2];
	struct why why = {""};
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), word, 2, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (n < 2)
		return cli_usage(c, "%s is missing", n ? "FILE" : "KIND");
	if (access(word[1], R_OK) != 0)
		return cli_fail(c, "cannot read %s: %s", word[1], strerror(errno));
	if (strcmp(word[0], "events") == 0)
		return imports_events(c, word[1], dry_run);
	for (size_t i = 0; import_kinds[i]; i++)
		known |= strcmp(import_kinds[i], word[0]) == 0;
	if (!known)
		return cli_usage(c, "%s: no such KIND", word[0]);
	return staging_run(c, import_staged, &(struct registry_file){c, word[0], word[1], dry_run});
}

/* ------------------------------------------------------------------ events of an older system */

#define LINE_MAX_BYTES (1024 * 1024)
#define FAULTS_SAID 1000                /* lines on stderr; the rest are counted */
#define PAYLOAD_BYTES (192 * 1024)      /* what a device may fill (contract, section 2) */
#define WAITING_BYTES (16 * 1024 * 1024) /* over all devices: then all are sent */

struct source {
	int64_t line, seq;
	char epoch[EVENT_EPOCH_MAX + 1];
};

/* Events of one device that wait to be sent, in the order of the file. */
struct parcel {
	char device[EVENT_DEVICE_MAX + 1];
	struct buf json; /* "[{...},{...}" */
	struct source from[EVENT_ARRAY_MAX];
	uint32_t n;
};

struct events {
	const struct cli *c;
	const char *file;
	bool dry_run;
	struct desk *desk;
	struct json line, answer; /* as read */
	struct buf event, ack;
	struct map devices; /* those that may send -> anything */
	struct map parcels; /* device -> struct parcel */
	size_t waiting;     /* bytes in all parcels */
	int64_t lines, fresh, duplicate, held, conflict, rejected, unsent, unanswered, said;
};

static void fault(struct events *x, int64_t line, const char *code, struct slice detail)
{
	if (x->said++ < FAULTS_SAID)
		(void)fprintf(stderr, "%s:%lld: %s%s%.*s\n", x->file, (long long)line, code,
			detail.n ? ": " : "", (int)detail.n, detail.n ? detail.p : "");
}

static bool device_ok(struct slice s)
{
	if (s.n < 1 || s.n > EVENT_DEVICE_MAX || s.p[0] == '-')
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-')
			return false;
	return true;
}

static uint32_t device_members(struct json *j)
{
	uint32_t n = 0, k = 1;

	for (uint32_t i = 0; i < j->tok[0].count; i++, k = j->tok[k + 1].next)
		n += slice_is(json_text(j, k), "device");
	return n;
}

/* The event without its member `device`, which is not part of it: what a phone sent of the same
 * event must be the same content.  The members stay byte for byte as they are. */
static void strip_device(struct events *x)
{
	struct json *j = &x->line;
	uint32_t k = 1;

	buf_clear(&x->event);
	buf_addc(&x->event, '{');
	for (uint32_t i = 0; i < j->tok[0].count; i++) {
		uint32_t v = k + 1;
		size_t from = j->tok[k].from - 1; /* with its quotes */
		size_t to = j->tok[v].to + (j->tok[v].type == JSON_STRING);

		if (!slice_is(json_text(j, k), "device")) {
			buf_json_sep(&x->event);
			buf_add(&x->event, j->text + from, to - from);
		}
		k = j->tok[v].next;
	}
	buf_addc(&x->event, '}');
}

/* ---- answers */

static struct slice text_of(struct json *j, uint32_t parent, const char *key)
{
	uint32_t t = json_get(j, parent, key);

	return t && j->tok[t].type == JSON_STRING ? json_text(j, t) : (struct slice){0};
}

static int64_t line_of(const struct parcel *p, struct slice epoch, int64_t seq)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->from[i].seq == seq && slice_is(epoch, p->from[i].epoch))
			return p->from[i].line;
	return 0;
}

static void take_result(struct events *x, struct parcel *p, struct slice epoch, uint32_t t)
{
	struct json *j = &x->answer;
	struct slice status = text_of(j, t, "status"), code = text_of(j, t, "code");
	uint32_t at = json_get(j, t, "seq");
	char *name;
	int64_t seq = 0, line;

	if (!at || !json_int(j, at, &seq) || !(line = line_of(p, epoch, seq)))
		return; /* of another payload of the same commit */
	if (slice_is(status, "held")) {
		x->held++;
	} else if (slice_is(status, "conflict")) {
		x->conflict++;
		fault(x, line, "conflict", slice_of("the same identity came with other content before"));
	} else if (slice_is(status, "rejected")) {
		x->rejected++;
		name = xstrndup(code.p ? code.p : "rejected", code.p ? code.n : 8);
		fault(x, line, name, text_of(j, t, "detail"));
		free(name);
	}
}

/* The payload as a whole was refused. */
static void take_error(struct events *x, struct parcel *p, uint32_t error)
{
	struct slice code = text_of(&x->answer, error, "code");
	char *name = xstrndup(code.p ? code.p : "rejected", code.p ? code.n : 8);

	for (uint32_t i = 0; i < p->n; i++)
		fault(x, p->from[i].line, name, (struct slice){0});
	x->rejected += p->n;
	free(name);
}

static enum err take_answer(struct events *x, struct parcel *p, struct why *why)
{
	struct json *j = &x->answer;
	int64_t before = x->held + x->conflict + x->rejected, left = p->n, n;
	uint32_t acks, t;
	char *text;

	if (!json_read(j, x->ack.p, x->ack.n) || !(acks = json_get(j, 0, "acks")) ||
		j->tok[acks].type != JSON_ARRAY)
		return why_set(why, ERR_IO, "local door: ingest gave no acks for events of %s", p->device);
	if ((t = json_get(j, 0, "stored")) && json_int(j, t, &n)) {
		x->fresh += n;
		left -= n;
	}
	if ((t = json_get(j, 0, "duplicate")) && json_int(j, t, &n)) {
		x->duplicate += n;
		left -= n;
	}
	t = acks + 1;
	for (uint32_t i = 0; i < j->tok[acks].count; i++, t = j->tok[t].next) {
		uint32_t error = json_get(j, t, "error"), results = json_get(j, t, "results"), r;
		struct slice epoch = text_of(j, t, "epoch");

		if (error)
			take_error(x, p, error);
		if (!results || j->tok[results].type != JSON_ARRAY)
			continue;
		r = results + 1;
		for (uint32_t k = 0; k < j->tok[results].count; k++, r = j->tok[r].next)
			take_result(x, p, epoch, r);
	}
	left -= x->held + x->conflict + x->rejected - before;
	if (left <= 0)
		return OK;
	/* The platform remembers only so many gaps of a device; a phone would send these again. */
	text = xasprintf("%lld events of %s up to line %lld have too many gaps before them", (long long)left,
		p->device, (long long)p->from[p->n - 1].line);
	fault(x, p->from[0].line, "unanswered", slice_of(text));
	free(text);
	x->unanswered += left;
	return OK;
}

/* ---- sending */

static enum err send_parcel(struct events *x, struct parcel *p, struct why *why)
{
	enum err e;

	if (p->n == 0)
		return OK;
	buf_addc(&p->json, ']');
	e = desk_events(x->desk, p->device, buf_slice(&p->json), &x->ack, why);
	if (e == OK)
		e = take_answer(x, p, why);
	x->waiting -= p->json.n - 1;
	buf_clear(&p->json);
	p->n = 0;
	return e;
}

static enum err send_all(struct events *x, struct why *why)
{
	struct parcel *p;
	size_t pos = 0;
	enum err e = OK;

	while (e == OK && (p = map_next(&x->parcels, &pos)))
		e = send_parcel(x, p, why);
	return e;
}

static void free_parcels(struct events *x)
{
	struct parcel *p;
	size_t pos = 0;

	while ((p = map_next(&x->parcels, &pos))) {
		buf_done(&p->json);
		free(p);
	}
	map_done(&x->parcels);
}

static enum err put_event(struct events *x, struct slice device, struct slice epoch, int64_t seq, struct why *why)
{
	struct parcel *p = map_get(&x->parcels, device.p, device.n);
	struct source *s;
	enum err e;

	if (!p) {
		p = xcalloc(1, sizeof *p);
		memcpy(p->device, device.p, device.n);
		(void)map_put(&x->parcels, device.p, device.n, p); /* was not there */
		x->waiting += sizeof *p;
	}
	/* An answer names an identity, not a place: each stands once in a parcel. */
	if (p->n && (p->n == EVENT_ARRAY_MAX || line_of(p, epoch, seq) || p->json.n + x->event.n + 2 > PAYLOAD_BYTES) &&
		(e = send_parcel(x, p, why)) != OK)
		return e;
	s = &p->from[p->n++];
	s->line = x->lines;
	s->seq = seq;
	(void)snprintf(s->epoch, sizeof s->epoch, "%.*s", (int)epoch.n, epoch.p); /* an identity: it fits */
	x->waiting += x->event.n + 1;
	buf_addc(&p->json, p->json.n ? ',' : '[');
	buf_add(&p->json, x->event.p, x->event.n);
	if (x->waiting < WAITING_BYTES)
		return OK;
	if ((e = send_all(x, why)) == OK) {
		free_parcels(x);
		x->waiting = 0;
	}
	return e;
}

static enum err take_line(struct events *x, const char *text, size_t n, struct why *why)
{
	struct json *j = &x->line;
	struct event_fault bad;
	struct event ev;
	struct slice device, epoch;
	int64_t seq;

	if (n > LINE_MAX_BYTES) {
		x->unsent++;
		fault(x, x->lines, "too_large", slice_of("a line of more than 1 MiB"));
		return OK;
	}
	(void)json_read(j, text, n); /* the answer says what is wrong with it, where it can */
	if (j->err != JSON_OK || j->ntok == 0 || j->tok[0].type != JSON_OBJECT) {
		x->unsent++;
		fault(x, x->lines, "bad_json", slice_of(j->err != JSON_OK ? json_err_name(j->err) : "no object"));
		return OK;
	}
	if (device_members(j) > 1) {
		x->unsent++;
		fault(x, x->lines, "bad_event", slice_of("/device: more than one"));
		return OK;
	}
	device = text_of(j, 0, "device");
	if (!device_ok(device) || !event_identity(j, 0, &epoch, &seq)) {
		x->unsent++;
		fault(x, x->lines, "bad_event",
			slice_of(device_ok(device) ? "no epoch and seq" : "/device: want 1 to 32 of a-z 0-9 -"));
		return OK;
	}
	if (!map_get(&x->devices, device.p, device.n)) {
		/* Sent, it would be rejected for good: nothing could take it back after `device add`. */
		x->unsent++;
		fault(x, x->lines, "no_device", slice_of("not known, or revoked: xunge device add it first"));
		return OK;
	}
	if (x->dry_run) {
		enum event_code code = event_decode(j, 0, &ev, &bad);

		if (code == EVENT_OK) {
			x->fresh++;
		} else {
			x->rejected++;
			fault(x, x->lines, event_code_name(code), slice_of(bad.detail));
		}
		return OK;
	}
	strip_device(x);
	return put_event(x, device, epoch, seq, why);
}

static enum err take_file(struct events *x, FILE *f, struct why *why)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t n;
	enum err e = OK;

	while (e == OK && (n = getline(&text, &room, f)) >= 0) {
		const char *p = text;

		x->lines++;
		if (x->lines == 1 && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
			p += 3;
			n -= 3;
		}
		while (n > 0 && strchr(" \t\r\n", p[n - 1]))
			n--;
		if (n > 0)
			e = take_line(x, p, (size_t)n, why);
	}
	free(text);
	if (e == OK && ferror(f))
		e = why_set(why, ERR_IO, "cannot read %s: %s", x->file, strerror(errno));
	return e == OK ? send_all(x, why) : e;
}

static void keep_device(void *ctx, const struct account_device *d)
{
	struct map *m = ctx;

	if (!d->revoked_ms)
		(void)map_put(m, d->id, strlen(d->id), m); /* each comes once */
}

static enum err load_devices(struct cli *c, struct map *m, struct why *why)
{
	struct store *st = NULL;
	enum err e = cli_read_store(c, &st, why);

	if (e != OK)
		return e;
	if ((e = account_devices(st, keep_device, m)) != OK)
		(void)why_set(why, e, "cannot read the devices: %s", store_detail(st));
	store_close(st);
	return e;
}

int imports_events(struct cli *c, const char *file, bool dry_run)
{
	struct events x = {.c = c, .file = file, .dry_run = dry_run};
	struct why why = {""};
	FILE *f = NULL;
	int64_t lost;
	enum err e;

	if ((e = load_devices(c, &x.devices, &why)) != OK)
		return cli_status(c, e, &why);
	if (!dry_run && (e = desk_open_door(c, &x.desk, &why)) != OK) {
		map_done(&x.devices);
		if (e == ERR_CLOSED)
			return cli_fail(c, "%s: start xunge-ingest, it takes the events", why.text);
		return cli_status(c, e, &why);
	}
	f = fopen(file, "re");
	e = f ? take_file(&x, f, &why) : why_set(&why, ERR_IO, "cannot read %s: %s", file, strerror(errno));
	if (f)
		(void)fclose(f); /* only read */
	if (x.said > FAULTS_SAID)
		(void)fprintf(stderr, "%s: %lld more line%s like these\n", file, (long long)(x.said - FAULTS_SAID),
			x.said - FAULTS_SAID == 1 ? "" : "s");
	if (dry_run)
		(void)printf("events: %lld well formed, %lld rejected, %lld not readable (dry run: nothing was sent)\n",
			(long long)x.fresh, (long long)x.rejected, (long long)x.unsent);
	else
		(void)printf("events: %lld stored, %lld duplicate, %lld held, %lld conflict, %lld rejected, %lld not sent, %lld unanswered\n",
			(long long)x.fresh, (long long)x.duplicate, (long long)x.held, (long long)x.conflict,
			(long long)x.rejected, (long long)x.unsent, (long long)x.unanswered);
	free_parcels(&x);
	map_done(&x.devices);
	json_done(&x.line);
	json_done(&x.answer);
	buf_done(&x.event);
	buf_done(&x.ack);
	desk_close(x.desk);
	if (e != OK)
		return cli_fail(c, "%s; import the file again: what was stored counts once", why.text);
	lost = x.rejected + x.unsent + x.conflict + x.unanswered;
	if (lost == 1)
		return cli_fail(c, "%s: 1 line was not taken, it is named above", file);
	if (lost)
		return cli_fail(c, "%s: %lld lines were not taken, they are named above", file, (long long)lost);
	return CLI_DONE;
}
