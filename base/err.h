/* err.h - what can go wrong, and how it is said.
 * SQLITE_*, MOSQ_ERR_*, errno become enum err once, in the module that calls the library. */
#ifndef XUNGE_BASE_ERR_H
#define XUNGE_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

enum err {
	OK = 0,
	ERR_NOMEM,    /* memory */
	ERR_IO,       /* disk or socket; a store that says so must be closed and opened again */
	ERR_FULL,     /* disk full, or a bound was reached: nothing was taken */
	ERR_NOTFOUND, /* no such thing */
	ERR_EXISTS,   /* it is there already */
	ERR_INVALID,  /* the caller's data are wrong */
	ERR_BUSY,     /* somebody else holds it; try again */
	ERR_VERSION,  /* database of another version, or not ours */
	ERR_DENIED,   /* no right */
	ERR_CLOSED,   /* peer or store is gone */
	ERR_CORRUPT,  /* the database contradicts itself */
	ERR_USAGE,    /* wrong command line */
	ERR_STALE,    /* the caller's knowledge is outdated */
};

const char *err_name(enum err e);

/* One line for a person: what failed, on what, what to do.  Callers may pass NULL. */
struct why {
	char text[640];
};

/* Sets w->text (if w is not NULL; cut at its size) and returns e. */
enum err why_set(struct why *w, enum err e, const char *fmt, ...) PRINTF(3, 4);

/* Says the line on stderr and aborts.  For durability in doubt and for exhausted memory:
 * whoever started us starts us again, and the database holds all that was acknowledged. */
void die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* Never NULL: die() when memory is exhausted.  The caller frees with free(). */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
