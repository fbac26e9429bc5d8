/* conf.h - one INI-style file for all programs:
 *     [section]
 *     key = value        # comments stand on lines of their own, starting with # or ;
 * XUNGE_SECTION_KEY in the environment wins over the file.  Relative paths in the file are
 * relative to the file's folder (conf_path). */
#ifndef XUNGE_BASE_CONF_H
#define XUNGE_BASE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct conf;

/* Reads file (NULL: no file, environment and defaults only).  A line that is neither section,
 * key nor comment, or a key given twice: ERR_INVALID with file and line in why.  ERR_NOTFOUND: no
 * such file; ERR_IO: it is there, and cannot be read. */
enum err conf_open(const char *file, struct conf **out, struct why *why) MUST_CHECK;
void conf_free(struct conf *c);

/* The value, or def when it is not set.  Lives as long as c. */
const char *conf_str(const struct conf *c, const char *section, const char *key, const char *def);

/* A path: relative ones are made relative to the config file.  NULL when unset and def is NULL. */
const char *conf_path(struct conf *c, const char *section, const char *key, const char *def);

/* A whole number within lo..hi, else ERR_INVALID and a line that names the key. */
enum err conf_int(const struct conf *c, const char *section, const char *key, int64_t lo,
	int64_t hi, int64_t def, int64_t *out, struct why *why) MUST_CHECK;

/* yes/no, true/false, 1/0, on/off. */
enum err conf_bool(const struct conf *c, const char *section, const char *key, bool def, bool *out,
	struct why *why) MUST_CHECK;

#endif
