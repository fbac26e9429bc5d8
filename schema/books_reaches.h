/* books_reaches.h - the reaches as the river chiefs' office reads them: who has them, what was done and owed there today, this
 * month and this year, how the duties stand, what is open.  Names as in contract section 7: only a chief's patrol of a
 * river or gully is a river patrol; owed are the duties of chiefs whose target is the reach. */
#ifndef XUNGE_SCHEMA_BOOKS_REACHES_H
#define XUNGE_SCHEMA_BOOKS_REACHES_H

#include "schema/books.h"

#define BOOKS_REACH_PEOPLE 50 /* named of one reach; further ones are counted */
#define BOOKS_REACH_LEVELS 5

enum books_span { BOOKS_TODAY, BOOKS_MONTH, BOOKS_YEAR, BOOKS_SPANS };

struct books_reach_count {
	int64_t patrols, valid; /* river patrols that began in the span */
	int64_t owed;           /* needed by duties that end in it and have begun */
};

struct books_reach_level {
	char level[12]; /* of the chief, "" = none */
	struct books_reach_count span[BOOKS_SPANS];
};

struct books_reach_person {
	char person[65], role[16], level[12];
	char *name;
};

struct books_reach { /* borrowed for the call */
	const char *code, *name, *river, *kind;
	struct books_named area;
	int64_t length_m; /* -1: unknown */
	bool drawn;       /* it has a line on the map */
	struct books_reach_person *person; /* appointed for it today, or owing it (chiefs of an area): chiefs, then the others */
	size_t npeople, people_cut;
	struct books_reach_level level[BOOKS_REACH_LEVELS];
	size_t nlevels;
	int64_t patrols[BOOKS_SPANS]; /* by whomever, on whatever route */
	int64_t duties, met, overdue, need, done; /* of the current periods, without those that are exempt; overdue: rows of the overdue list */
	int64_t last_ms;  /* start of the last patrol; -1: none */
	const char *device, *patrol;
	struct books_named last_person;
	bool last_valid;
	int64_t open_cases, open_hazards;
};

/* Reaches of the scope by code, behind the code *after ("" = from the first); p->within as in any page.  p->more: *next is where to go on. */
enum err books_reach_rows(struct store *st, struct books_page *p, const char *after, char next[REACH_CODE_MAX + 1],
	void (*row)(void *ctx, const struct books_reach *r), void *ctx) MUST_CHECK;

#endif
