#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/desk.h"
#include "core/civil.h"
#include "schema/enrol.h"

/* ------------------------------------------------------------------ secrets */

/* The first line of f, without its end.  ERR_INVALID when there is none, or it is too long. */
static enum err first_line(FILE *f, const char *what, char *out, size_t room, struct why *why)
{
	size_t n;

	errno = 0;
	if (!fgets(out, (int)room, f))
		return why_set(why, ERR_INVALID, "%s: %s", what, errno ? strerror(errno) : "there is nothing to read");
	n = strcspn(out, "\r\n");
	if (!out[n] && n + 1 == room)
		return why_set(why, ERR_INVALID, "%s: the first line is too long", what);
	out[n] = '\0';
	return OK;
}

static void forget(char *p, size_t n)
{
	explicit_bzero(p, n);
}

/* A line of the terminal; a signal ends the wait (it stays pending). */
static enum err hidden_line(int signals, char *out, size_t room, struct why *why)
{
	struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	ssize_t n;

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return why_set(why, ERR_IO, "terminal: %s", strerror(errno));
	if (p[1].revents)
		return why_set(why, ERR_INVALID, "interrupted: nothing was changed");
	n = read(STDIN_FILENO, out, room - 1);
	if (n <= 0)
		return why_set(why, ERR_INVALID, "no password was given: nothing was changed");
	if (out[n - 1] != '\n')
		return why_set(why, ERR_INVALID, "the password is too long");
	out[n - 1] = '\0';
	return OK;
}

/* Asks on the terminal without echo.  The terminal is as before afterwards, whatever ends it. */
static enum err ask_hidden(const char *prompt, char *out, size_t room, struct why *why)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	struct termios was, quiet;
	sigset_t set, before;
	enum err e = ERR_IO;
	int signals = -1;

	(void)sigemptyset(&set); /* these two fail for unknown signals only */
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		(void)sigaddset(&set, ends[i]);
	if (tcgetattr(STDIN_FILENO, &was) != 0 || sigprocmask(SIG_BLOCK, &set, &before) != 0)
		return why_set(why, ERR_IO, "terminal: %s", strerror(errno));
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals >= 0 && tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0) {
		(void)fputs(prompt, stderr); /* the terminal */
		e = hidden_line(signals, out, room, why);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was); /* it worked a moment ago */
		(void)fputc('\n', stderr);
	} else {
		(void)why_set(why, ERR_IO, "terminal: %s", strerror(errno));
	}
	if (signals >= 0)
		(void)close(signals); /* nothing was written */
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* the signal that waited comes now */
	return e;
}

static enum err read_password(char hash[ACCOUNT_HASH], struct why *why)
{
	char first[256], again[256] = "";
	enum err e;

	if (isatty(STDIN_FILENO)) {
		e = ask_hidden("Password: ", first, sizeof first, why);
		if (e == OK)
			e = ask_hidden("Again: ", again, sizeof again, why);
		if (e == OK && strcmp(first, again) != 0)
			e = why_set(why, ERR_INVALID, "the two passwords differ: nothing was changed");
	} else {
		e = first_line(stdin, "password on standard input", first, sizeof first, why);
	}
	if (e == OK)
		e = account_password_hash(first, hash, why);
	forget(first, sizeof first);
	forget(again, sizeof again);
	return e;
}

/* ------------------------------------------------------------------ devices */

static enum err read_secret(const char *file, char secret[ACCOUNT_SECRET], struct why *why)
{
	FILE *f = fopen(file, "re");
	enum err e;

	if (!f)
		return why_set(why, ERR_NOTFOUND, "cannot read %s: %s", file, strerror(errno));
	e = first_line(f, file, secret, ACCOUNT_SECRET, why);
	(void)fclose(f); /* only read */
	if (e == OK && !secret[0])
		e = why_set(why, ERR_INVALID, "%s: the first line is empty", file);
	return e;
}

int cmd_device_add(struct cli *c, int argc, char **argv)
{
	const char *person = NULL, *district = NULL, *file = NULL, *id = NULL;
	const struct args_opt opt[] = {{"--person", &person, NULL}, {"--district", &district, NULL},
		{"--secret-file", &file, NULL}};
	char secret[ACCOUNT_SECRET] = "";
	struct why why = {""};
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), &id, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n || !person || !district)
		return cli_usage(c, "%s is missing", !n ? "the device's ID" : !person ? "--person" : "--district");
	if (file && (e = read_secret(file, secret, &why)) != OK)
		return cli_status(c, e, &why);
	if ((e = desk_open(c, &d, &why)) == OK &&
		(e = desk_device_add(d, id, person, district, secret, &commit, &why)) == OK)
		(void)printf("%s\n", secret); /* once, and alone: cli_flush says */
	desk_close(d);
	forget(secret, sizeof secret);
	return cli_status(c, e, &why);
}

int cmd_device_code(struct cli *c, int argc, char **argv)
{
	const char *person = NULL, *district = NULL, *url = NULL, *id = NULL;
	const struct args_opt opt[] = {{"--person", &person, NULL}, {"--district", &district, NULL}, {"--url", &url, NULL}};
	struct desk_code code = {.path = ""};
	struct why why = {""};
	struct desk *d = NULL;
	int64_t hours = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), &id, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n)
		return cli_usage(c, "the device's ID is missing");
	if (!url)
		url = conf_str(c->conf, "server", "url", "");
	n = (int)strlen(url);
	if ((e = conf_int(c->conf, "server", "enrol_hours", 1, ENROL_HOURS_MAX, ENROL_HOURS, &hours, &why)) == OK &&
		(e = desk_open(c, &d, &why)) == OK && (e = desk_device_code(d, id, person, district, hours, &code, &why)) == OK)
		(void)printf("%.*s%s\n%s: good once, until %s\n", n > 0 && url[n - 1] == '/' ? n - 1 : n, url, code.path, id, code.until); /* cli_flush says */
	desk_close(d);
	forget(code.path, sizeof code.path);
	return cli_status(c, e, &why);
}

int cmd_device_enrol(struct cli *c, int argc, char **argv)
{
	const char *person = NULL, *id = NULL;
	const struct args_opt opt[] = {{"--person", &person, NULL}};
	struct why why = {""};
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), &id, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n || !person)
		return cli_usage(c, "%s is missing", !n ? "the device's ID" : "--person");
	if ((e = desk_open(c, &d, &why)) == OK && (e = desk_device_enrol(d, id, person, &commit, &why)) == OK)
		(void)printf("%s: %s may act on it, commit %lld\n", id, person, (long long)commit);
	desk_close(d);
	return cli_status(c, e, &why);
}

int cmd_device_revoke(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	const char *id = NULL;
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, NULL, 0, &id, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n)
		return cli_usage(c, "the device's ID is missing");
	if ((e = desk_open(c, &d, &why)) == OK && (e = desk_device_revoke(d, id, &commit, &why)) == OK)
		(void)printf("%s: revoked, commit %lld\n", id, (long long)commit);
	desk_close(d);
	return cli_status(c, e, &why);
}

/* ------------------------------------------------------------------ users */

static enum err find_user(struct cli *c, const char *name, struct account_user *out, struct why *why)
{
	struct store *st = NULL;
	enum err e = cli_read_store(c, &st, why);

	if (e != OK)
		return e;
	e = account_user_get(st, name, out);
	if (e == ERR_NOTFOUND)
		(void)why_set(why, e, "no user %s: xunge user list shows them", name);
	else if (e != OK)
		(void)why_set(why, e, "cannot read users: %s", store_detail(st));
	store_close(st);
	return e;
}

int cmd_user_add(struct cli *c, int argc, char **argv)
{
	const char *person = NULL, *role = NULL, *scope = NULL, *name = NULL;
	const struct args_opt opt[] = {
		{"--person", &person, NULL}, {"--role", &role, NULL}, {"--scope", &scope, NULL}};
	struct account_user have;
	char hash[ACCOUNT_HASH];
	struct why why = {""};
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), &name, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n || !role)
		return cli_usage(c, "%s is missing", !n ? "the user's NAME" : "--role");
	e = find_user(c, name, &have, &why);
	if (e == OK && !have.disabled)
		return cli_fail(c, "there is a user %s already: xunge user passwd %s sets a new password", name, name);
	if ((e != OK && e != ERR_NOTFOUND) || (e = read_password(hash, &why)) != OK)
		return cli_status(c, e, &why);
	if ((e = desk_open(c, &d, &why)) == OK &&
		(e = desk_user_put(d, name, person ? person : name, role, scope ? scope : "*", hash, &commit,
			 &why)) == OK)
		(void)printf("%s: added, commit %lld\n", name, (long long)commit);
	desk_close(d);
	return cli_status(c, e, &why);
}

int cmd_user_passwd(struct cli *c, int argc, char **argv)
{
	struct account_user have;
	char hash[ACCOUNT_HASH];
	struct why why = {""};
	const char *name = NULL;
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, NULL, 0, &name, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n)
		return cli_usage(c, "the user's NAME is missing");
	if ((e = find_user(c, name, &have, &why)) != OK)
		return cli_status(c, e, &why);
	if (have.disabled)
		return cli_fail(c, "user %s is disabled: xunge user add %s brings it back", name, name);
	if ((e = read_password(hash, &why)) == OK && (e = desk_open(c, &d, &why)) == OK &&
		(e = desk_user_put(d, name, have.person, have.role, have.scope, hash, &commit, &why)) == OK)
		(void)printf("%s: new password, commit %lld\n", name, (long long)commit);
	desk_close(d);
	return cli_status(c, e, &why);
}

int cmd_user_disable(struct cli *c, int argc, char **argv)
{
	struct why why = {""};
	const char *name = NULL;
	struct desk *d = NULL;
	int64_t commit = 0;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, NULL, 0, &name, 1, &n, &why)) != OK)
		return cli_status(c, e, &why);
	if (!n)
		return cli_usage(c, "the user's NAME is missing");
	if ((e = desk_open(c, &d, &why)) == OK && (e = desk_user_disable(d, name, &commit, &why)) == OK)
		(void)printf("%s: disabled, commit %lld\n", name, (long long)commit);
	desk_close(d);
	return cli_status(c, e, &why);
}

/* ------------------------------------------------------------------ lists */

struct list {
	struct buf b;
	bool json;
	int64_t rows;
};

static void instant(struct list *l, const char *key, int64_t ms)
{
	char text[CIVIL_INSTANT_TEXT];

	buf_json_key(&l->b, key);
	if (ms)
		civil_instant_text(ms, text);
	buf_json_str(&l->b, ms ? text : NULL);
}

static void text(struct list *l, const char *key, const char *v)
{
	buf_json_key(&l->b, key);
	buf_json_str(&l->b, v);
}

static void device_row(void *ctx, const struct account_device *d)
{
	char seen[CIVIL_INSTANT_TEXT] = "never";
	struct list *l = ctx;

	if (l->json) {
		buf_adds(&l->b, l->rows ? ",\n{" : "\n{");
		text(l, "id", d->id);
		text(l, "person", d->person);
		text(l, "district", d->district);
		text(l, "state", d->revoked_ms ? "revoked" : d->online ? "online" : "offline");
		instant(l, "revoked", d->revoked_ms);
		instant(l, "seen", d->seen_ms);
		buf_addc(&l->b, '}');
	} else {
		if (d->seen_ms)
			civil_instant_text(d->seen_ms, seen);
		buf_addf(&l->b, "%-32s  %-16s  %-8s  %-8s  %s\n", d->id, d->person, d->district,
			d->revoked_ms ? "revoked" : d->online ? "online" : "offline", seen);
	}
	l->rows++;
}

static void user_row(void *ctx, const struct account_user *u)
{
	struct list *l = ctx;

	if (l->json) {
		buf_adds(&l->b, l->rows ? ",\n{" : "\n{");
		text(l, "name", u->name);
		text(l, "person", u->person);
		text(l, "role", u->role);
		text(l, "scope", u->scope);
		text(l, "state", u->disabled ? "disabled" : "active");
		buf_addc(&l->b, '}');
	} else {
		buf_addf(&l->b, "%-16s  %-16s  %-10s  %-15s  %s\n", u->name, u->person, u->role, u->scope,
			u->disabled ? "disabled" : "active");
	}
	l->rows++;
}

static int list(struct cli *c, int argc, char **argv, const char *head,
	enum err (*read)(struct store *st, struct list *l))
{
	struct list l = {0};
	const struct args_opt opt[] = {{"--json", NULL, &l.json}};
	struct why why = {""};
	struct store *st = NULL;
	enum err e;
	int n = 0;

	if ((e = args_read(argc, argv, opt, ARRAY_LEN(opt), NULL, 0, &n, &why)) != OK ||
		(e = cli_read_store(c, &st, &why)) != OK)
		return cli_status(c, e, &why);
	buf_adds(&l.b, l.json ? "[" : head);
	if ((e = read(st, &l)) != OK)
		(void)why_set(&why, e, "cannot read the accounts: %s", store_detail(st));
	if (l.json)
		buf_adds(&l.b, "\n]\n");
	if (e == OK)
		(void)fwrite(l.b.p, 1, l.b.n, stdout); /* cli_flush says */
	buf_done(&l.b);
	store_close(st);
	return cli_status(c, e, &why);
}

static enum err read_devices(struct store *st, struct list *l)
{
	return account_devices(st, device_row, l);
}

static enum err read_users(struct store *st, struct list *l)
{
	return account_users(st, user_row, l);
}

int cmd_device_list(struct cli *c, int argc, char **argv)
{
	return list(c, argc, argv,
		"ID                                PERSON            DISTRICT  STATE     SEEN\n", read_devices);
}

int cmd_user_list(struct cli *c, int argc, char **argv)
{
	return list(c, argc, argv,
		"NAME              PERSON            ROLE        SCOPE            STATE\n", read_users);
}
