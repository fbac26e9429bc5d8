/* args.h - the words behind a command: options anywhere, `--name VALUE` or `--name=VALUE`, `--` ends them. */
#ifndef XUNGE_CLI_ARGS_H
#define XUNGE_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* One option: with a value (text) or without (flag); exactly one of the two is set. */
struct args_opt {
	const char *name; /* "--from", "-o" */
	const char **text;
	bool *flag;
};

/* argv[0] is the command's own word.  Puts the words that are no options into word[max], their
 * number into *nword.  ERR_USAGE: unknown or repeated option, missing value, more than max words. */
enum err args_read(int argc, char **argv, const struct args_opt *opt, size_t nopt, const char **word,
	int max, int *nword, struct why *why) MUST_CHECK;

/* A whole number within lo..hi. */
enum err args_int(const char *name, const char *value, long long lo, long long hi, long long *out,
	struct why *why) MUST_CHECK;

#endif
