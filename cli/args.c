#include "cli/args.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct args_opt *find(
	const char *arg, size_t n, const struct args_opt *opt, size_t nopt)
{
	for (size_t i = 0; i < nopt; i++)
		if (strlen(opt[i].name) == n && memcmp(opt[i].name, arg, n) == 0)
			return &opt[i];
	return NULL;
}

enum err args_read(int argc, char **argv, const struct args_opt *opt, size_t nopt, const char **word,
	int max, int *nword, struct why *why)
{
	bool only_words = false;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *eq;
		const struct args_opt *o;
		size_t len;

		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
			continue;
		}
		if (only_words || arg[0] != '-' || !arg[1]) {
			if (n == max)
				return why_set(why, ERR_USAGE, "%s: one word too many", arg);
			word[n++] = arg;
			continue;
		}
		eq = strncmp(arg, "--", 2) == 0 ? strchr(arg, '=') : NULL;
		len = eq ? (size_t)(eq - arg) : strlen(arg);
		if (!(o = find(arg, len, opt, nopt)))
			return why_set(why, ERR_USAGE, "%.*s: no such option", (int)len, arg);
		assert(!o->text != !o->flag);
		if (o->flag) {
			if (eq)
				return why_set(why, ERR_USAGE, "%s takes no value", o->name);
			*o->flag = true;
			continue;
		}
		if (*o->text)
			return why_set(why, ERR_USAGE, "%s is given twice", o->name);
		if (!eq && i + 1 == argc)
			return why_set(why, ERR_USAGE, "%s wants a value", o->name);
		*o->text = eq ? eq + 1 : argv[++i];
	}
	*nword = n;
	return OK;
}

enum err args_int(const char *name, const char *value, long long lo, long long hi, long long *out,
	struct why *why)
{
	size_t digits = strspn(value + (*value == '-'), "0123456789"); /* no blanks, no plus */
	char *end = NULL;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno || !digits || *end || n < lo || n > hi)
		return why_set(why, ERR_USAGE, "%s %s: want a whole number from %lld to %lld", name,
			value, lo, hi);
	*out = n;
	return OK;
}
