#include "cli/cli.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int say(const struct cli *c, const char *fmt, va_list ap, int status, const char *tail)
{
	char text[1024];

	(void)vsnprintf(text, sizeof text, fmt, ap); /* cut on purpose */
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20) /* one line, whatever stands in a file */
			*p = ' ';
	(void)fprintf(stderr, "xunge%s%s: %s%s\n", c->name ? " " : "", c->name ? c->name : "", text, tail);
	return status;
}

int cli_fail(const struct cli *c, const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = say(c, fmt, ap, CLI_FAILED, "");
	va_end(ap);
	return status;
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = say(c, fmt, ap, CLI_USAGE, c->name ? "; see --help" : "; see xunge --help");
	va_end(ap);
	return status;
}

int cli_status(const struct cli *c, enum err e, const struct why *why)
{
	if (e == OK)
		return CLI_DONE;
	if (e == ERR_USAGE)
		return cli_usage(c, "%s", why->text);
	return cli_fail(c, "%s", why->text);
}

enum err cli_db(struct cli *c, const char **out, struct why *why)
{
	const char *path = conf_path(c->conf, "store", "path", NULL);

	if (!path || !*path)
		return why_set(why, ERR_INVALID, "%s says no [store] path: where is the database?",
			c->conf_file ? c->conf_file : "the environment");
	*out = path;
	return OK;
}

enum err cli_owner(const char *db, struct why *why)
{
	char *dir = xstrdup(db), *slash = strrchr(dir, '/');
	struct stat st = {0};
	struct passwd *pw;
	enum err e = OK;
	int no;

	if (slash)
		slash[slash == dir] = '\0'; /* "/x" lies in "/" */
	no = stat(db, &st);
	if (no != 0)
		no = stat(slash ? dir : ".", &st);
	if (no == 0 && geteuid() == 0 && st.st_uid != 0) {
		pw = getpwuid(st.st_uid);
		e = why_set(why, ERR_DENIED, "%s belongs to %s: run as that user, not as root (sudo -u %s)",
			db, pw ? pw->pw_name : "another user", pw ? pw->pw_name : "USER");
	}
	free(dir);
	return e;
}

enum err cli_read_store(struct cli *c, struct store **out, struct why *why)
{
	const char *db = NULL;
	enum err e;

	if ((e = cli_db(c, &db, why)) != OK || (e = cli_owner(db, why)) != OK)
		return e;
	return store_open(db, STORE_READER, out, why);
}

int cli_flush(const struct cli *c, int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_fail(c, "cannot write to standard output: %s", strerror(errno));
	return status;
}
