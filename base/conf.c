#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct conf {
	char *dir;          /* folder of the file, with its slash, or "" */
	struct map values;  /* "section.key" -> char * */
	struct map paths;   /* resolved paths handed out */
};

static char *trim(char *s)
{
	char *e;

	while (isspace((unsigned char)*s))
		s++;
	for (e = s + strlen(s); e > s && isspace((unsigned char)e[-1]); e--)
		;
	*e = '\0';
	return s;
}

/* One line: a section (kept in section), a setting, or nothing. */
static enum err parse_line(
	struct conf *c, char *s, char section[64], const char *file, int no, struct why *why)
{
	char name[192], *eq, *old;

	if (!*s || *s == '#' || *s == ';')
		return OK;
	if (*s == '[' && s[strlen(s) - 1] == ']' && strlen(s) < 64) {
		s[strlen(s) - 1] = '\0';
		(void)snprintf(section, 64, "%s", trim(s + 1)); /* fits */
		return OK;
	}
	if (!(eq = strchr(s, '=')) || eq == s)
		return why_set(
			why, ERR_INVALID, "%s:%d: want [section], key = value or #", file, no);
	*eq = '\0';
	if (snprintf(name, sizeof name, "%s.%s", section, trim(s)) >= (int)sizeof name)
		return why_set(why, ERR_INVALID, "%s:%d: key too long", file, no);
	old = map_put(&c->values, name, strlen(name), xstrdup(trim(eq + 1)));
	if (!old)
		return OK;
	free(old);
	return why_set(why, ERR_INVALID, "%s:%d: %s is set twice", file, no, name);
}

static enum err parse(struct conf *c, FILE *f, const char *file, struct why *why)
{
	char *line = NULL, section[64] = "";
	enum err e = OK;
	size_t cap = 0;

	errno = 0;
	for (int no = 1; e == OK && getline(&line, &cap, f) >= 0; no++)
		e = parse_line(c, trim(line), section, file, no, why);
	if (e == OK && !feof(f)) /* a folder, or a bad disk */
		e = why_set(why, ERR_IO, "cannot read config %s: %s", file, strerror(errno));
	free(line);
	return e;
}

enum err conf_open(const char *file, struct conf **out, struct why *why)
{
	struct conf *c = xcalloc(1, sizeof *c);
	enum err e = OK;
	FILE *f = NULL;
	const char *slash;

	c->dir = xstrdup("");
	if (!file)
		goto out;
	slash = strrchr(file, '/');
	if (slash) {
		free(c->dir);
		c->dir = xstrndup(file, (size_t)(slash - file) + 1);
	}
	f = fopen(file, "re");
	if (!f) {
		e = why_set(why, ERR_NOTFOUND, "cannot read config %s: %s", file, strerror(errno));
		goto out;
	}
	e = parse(c, f, file, why);
out:
	if (f)
		(void)fclose(f); /* only read */
	if (e == OK)
		*out = c;
	else
		conf_free(c);
	return e;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	map_done_free(&c->values);
	map_done_free(&c->paths);
	free(c->dir);
	free(c);
}

const char *conf_str(const struct conf *c, const char *section, const char *key, const char *def)
{
	char name[192], env[200];
	const char *v;
	size_t i = 0;

	(void)snprintf(env, sizeof env, "XUNGE_%s_%s", section, key); /* our own short names */
	for (; env[i]; i++)
		env[i] = env[i] == '-' ? '_' : (char)toupper((unsigned char)env[i]);
	if ((v = getenv(env)))
		return v;
	(void)snprintf(name, sizeof name, "%s.%s", section, key);
	v = map_get(&c->values, name, strlen(name));
	return v ? v : def;
}

const char *conf_path(struct conf *c, const char *section, const char *key, const char *def)
{
	const char *v = conf_str(c, section, key, def);
	char *full;

	if (!v || !*v || *v == '/' || !*c->dir)
		return v;
	full = map_get(&c->paths, v, strlen(v));
	if (!full) {
		full = xasprintf("%s%s", c->dir, v);
		(void)map_put(&c->paths, v, strlen(v), full); /* was not there */
	}
	return full;
}

enum err conf_int(const struct conf *c, const char *section, const char *key, int64_t lo,
	int64_t hi, int64_t def, int64_t *out, struct why *why)
{
	const char *v = conf_str(c, section, key, NULL);
	char *end = NULL;
	long long n;

	if (!v || !*v) {
		*out = def;
		return OK;
	}
	errno = 0;
	n = strtoll(v, &end, 10);
	if (errno || *end || n < lo || n > hi)
		return why_set(why, ERR_INVALID,
			"config [%s] %s = %s: want a whole number from %lld to %lld", section, key, v,
			(long long)lo, (long long)hi);
	*out = n;
	return OK;
}

enum err conf_bool(const struct conf *c, const char *section, const char *key, bool def, bool *out,
	struct why *why)
{
	static const char *const yes[] = {"yes", "true", "1", "on"};
	static const char *const no[] = {"no", "false", "0", "off"};
	const char *v = conf_str(c, section, key, NULL);

	if (!v || !*v) {
		*out = def;
		return OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (strcmp(v, yes[i]) == 0 || strcmp(v, no[i]) == 0) {
			*out = strcmp(v, yes[i]) == 0;
			return OK;
		}
	return why_set(
		why, ERR_INVALID, "config [%s] %s = %s: want yes or no", section, key, v);
}
