#include "ingest/broker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "schema/account.h"

#define AGAIN 2      /* times that the broker is told again, */
#define AGAIN_MS 200 /* after so long, then after four times that */
#define CHEAP_MS 10 /* no more than the commit of the change itself; 2,000 devices: 2 ms, 20,000: 14 ms */

void broker_init(struct broker *b, const char *passwd, const char *extra, const char *pid_file)
{
	*b = (struct broker){.passwd = passwd, .extra = extra, .pid_file = pid_file, .dirty = passwd != NULL};
}

void broker_changed(struct broker *b, bool revoked)
{
	b->dirty = b->passwd != NULL;
	if (revoked || (!b->failed && b->took_ms < CHEAP_MS))
		b->next_ms = 0;
}

bool broker_due(const struct broker *b)
{
	return b->dirty && clock_mono_ms() >= b->next_ms;
}

static enum err read_file(const char *path, struct buf *out)
{
	char piece[4096];
	FILE *f = fopen(path, "re");
	size_t n;
	enum err e;

	if (!f)
		return ERR_IO;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(out, piece, n);
	e = ferror(f) ? ERR_IO : OK;
	(void)fclose(f); /* only read */
	return e;
}

/* The pid in the file, if it is a broker: a pid file may be older than its process. */
static long broker_pid(const char *pid_file)
{
	struct buf text = {0}, name = {0};
	char path[64];
	long pid = 0;

	if (read_file(pid_file, &text) == OK && text.n) {
		pid = strtol(text.p, NULL, 10);
		(void)snprintf(path, sizeof path, "/proc/%ld/comm", pid); /* fits */
		if (pid <= 1 || read_file(path, &name) != OK || !name.n || strncmp(name.p, "mosquitto", 9) != 0)
			pid = 0;
	}
	buf_done(&text);
	buf_done(&name);
	return pid;
}

static void tell(const struct broker *b)
{
	long pid = b->pid_file ? broker_pid(b->pid_file) : 0;

	/* A broker that does not run now reads the file when it starts. */
	if (pid && kill((pid_t)pid, SIGHUP) != 0)
		log_warn("broker", "cannot signal the broker pid=%ld: %s", pid, strerror(errno));
}

void broker_write(struct broker *b, struct store *st)
{
	int64_t from_ms = clock_mono_ms();
	struct buf extra = {0};
	struct why why = {{0}};
	bool changed = false;
	enum err e = OK;

	b->dirty = false;
	if (b->extra && (e = read_file(b->extra, &extra)) != OK)
		(void)why_set(&why, e, "cannot read [broker] extra_file %s: %s", b->extra, strerror(errno));
	if (e == OK)
		e = account_broker_file(st, b->passwd, extra.p, &changed, &why);
	buf_done(&extra);
	b->took_ms = clock_mono_ms() - from_ms;
	b->next_ms = from_ms + b->took_ms * 10;
	if (e != OK) {
		if (!b->failed)
			log_error("broker", "accounts not written: %s", why.text);
		b->failed = b->dirty = true;
		b->errors++;
		b->next_ms = from_ms + 1000;
		return;
	}
	if (b->failed)
		log_info("broker", "accounts are written again");
	b->failed = false;
	if (changed) {
		b->written++;
		tell(b);
		b->again = AGAIN;
		b->again_ms = clock_mono_ms() + AGAIN_MS;
	}
}

void broker_tick(struct broker *b)
{
	int64_t now_ms = clock_mono_ms();

	if (!b->again || now_ms < b->again_ms)
		return;
	tell(b);
	b->again_ms = --b->again ? now_ms + AGAIN_MS * 4 : 0;
}

int64_t broker_wait_ms(const struct broker *b, int64_t now_ms)
{
	int64_t due = b->again ? b->again_ms : -1;

	if (b->dirty && (due < 0 || b->next_ms < due))
		due = b->next_ms;
	return due < 0 ? -1 : due > now_ms ? due - now_ms : 0;
}
