/* books_cases.h - the cases, as rows of a list and one by one (table casus; folded by schema/cases.c). */
#ifndef XUNGE_SCHEMA_BOOKS_CASES_H
#define XUNGE_SCHEMA_BOOKS_CASES_H

#include "core/casus.h"
#include "schema/books_share.h"

enum books_case_walk {
	BOOKS_CASES_REPORTED, /* by time of report in [from, to), newest first */
	BOOKS_CASES_OPEN,     /* the open ones, that known last first; no times */
	BOOKS_CASES_OVERDUE,  /* past their deadline at now_ms, longest first; no times */
};

struct books_case_filter { /* zeroed = all */
	enum books_case_walk walk;
	const char *klass, *category, *level, *holder; /* NULL: any */
	unsigned states; /* bits 1 << enum casus_state; 0: any */
	int severity;    /* 0: any */
	const char *text; /* stands in the title, the id, the place's or the reporter's name (ASCII: either case); NULL: any */
	int64_t late_ms; /* its clock runs, and its deadline passed before then; 0: any */
	struct books_share share; /* only those that the figure counts */
};

struct books_case {
	const char *id, *klass, *title, *level, *issuer;
	struct books_named category, scope, area, reporter, holder, handler;
	const char *device, *ref; /* of the report; ref "": none */
	int64_t commit; /* of its last change: its ETag */
	int severity;   /* 0: unknown */
	enum casus_state state;
	int64_t version;
	bool has_loc;
	int32_t lat_e7, lon_e7;
	int64_t report_ms, accepted_ms, dispatched_ms, handled_ms, closed_ms, due_ms; /* -1: none */
	bool due_provisional, self_fixed;
	int on_time; /* 1, 0, -1 */
	enum casus_result result;
	enum casus_rating rating;
	const char *counts; /* returns escalations extensions urges reopens reworks */
};

/* Is it late: open with a deadline that has passed? */
bool books_case_overdue(const struct books_case *c, int64_t now_ms);

enum err books_cases(struct store *st, struct books_page *p, const struct books_case_filter *f,
	void (*row)(void *ctx, const struct books_case *c), void *ctx) MUST_CHECK;

/* How many there are, from the first on; *more: BOOKS_LOOK records were looked at, and there are others. */
enum err books_cases_count(struct store *st, const struct books_page *p, const struct books_case_filter *f, int64_t *n, bool *more) MUST_CHECK;

/* ERR_NOTFOUND: there is none in the scope. */
enum err books_case_one(struct store *st, const char *scope, struct slice id,
	void (*row)(void *ctx, const struct books_case *c), void *ctx) MUST_CHECK;

/* Those reported during a patrol, at most limit. */
enum err books_cases_of_patrol(struct store *st, const char *scope, const char *device, const char *patrol, int limit,
	void (*row)(void *ctx, const struct books_case *c), void *ctx) MUST_CHECK;

/* Open cases with a position, by id, at most limit; *left: how many further ones there are. */
enum err books_cases_on_map(struct store *st, const char *scope, int limit, int64_t *left,
	void (*row)(void *ctx, const struct books_case *c), void *ctx) MUST_CHECK;

#endif
