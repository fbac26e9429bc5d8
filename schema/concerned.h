/* concerned.h - the people whose patrols, duties, cases or answers a transaction changed, and when that was last.
 * What an import changes is not noted here: it has a commit number that says so (schema/sync.c asks for both). */
#ifndef XUNGE_SCHEMA_CONCERNED_H
#define XUNGE_SCHEMA_CONCERNED_H

#include "base/map.h"
#include "schema/store.h"

struct concerned { /* zeroed = nobody */
	struct map people; /* person -> his id, owned */
};

void concerned_note(struct concerned *c, const char *person); /* "": nobody */
void concerned_note_all(struct concerned *c, const char *list, size_t n); /* NUL-terminated each */
void concerned_clear(struct concerned *c);

/* Inside a transaction: writes them under its rev. */
enum err concerned_flush(struct concerned *c, struct store *st) MUST_CHECK;

/* Did a transaction after `rev` concern one of the people of this device (its person, those enrolled on it)? */
enum err concerned_since(struct store *st, const char *device, const char *person, int64_t rev, bool *out) MUST_CHECK;

#endif
