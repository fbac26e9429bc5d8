/* books_people.h - the people of the registry with what they are appointed to, how their duties stand and when they were last
 * out; a row for each appointment that holds. */
#ifndef XUNGE_SCHEMA_BOOKS_PEOPLE_H
#define XUNGE_SCHEMA_BOOKS_PEOPLE_H

#include "schema/books.h"

struct books_person_key { /* a row's place: the list's order */
	char person[65], role[16], scope[40];
};

struct books_person_filter { /* zeroed = all */
	const char *person, *role, *level; /* NULL: any */
	const char *text; /* stands in the name, or is the person's code; NULL: any */
};

struct books_person {
	struct books_named person, place, area; /* place: the appointment's scope */
	const char *role, *level;
	int64_t duties, met, overdue; /* of the person, whatever the place; without exempt ones */
	int64_t last_ms;              /* start of the last patrol that counts for him; -1: none */
	const char *device, *patrol;  /* its */
	struct books_named target;
	bool valid;
};

/* p->has_after: behind *after.  p->more: *next is where to go on. */
enum err books_people(struct store *st, struct books_page *p, const struct books_person_filter *f, const struct books_person_key *after,
	struct books_person_key *next, void (*row)(void *ctx, const struct books_person *r), void *ctx) MUST_CHECK;

#endif
