/* map.h - bytes -> pointer.  Open addressing; SipHash with a random key, because peers choose
 * some of the keys.  The map copies keys; values belong to the caller. */
#ifndef XUNGE_BASE_MAP_H
#define XUNGE_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot;

struct map { /* zeroed = empty */
	struct map_slot *slot;
	size_t n, cap;
};

void map_done(struct map *m);      /* frees the keys, not the values */
void map_done_free(struct map *m); /* and the values, each by free() */
void *map_get(const struct map *m, const void *key, size_t n);

/* Sets key to value (not NULL); returns the value it had, or NULL. */
void *map_put(struct map *m, const void *key, size_t n, void *value);

/* Takes key out; returns its value, or NULL. */
void *map_take(struct map *m, const void *key, size_t n);

/* Walks all values: *pos starts at 0; NULL at the end.  The map must not change on the way. */
void *map_next(const struct map *m, size_t *pos);

/* Hash of n bytes with the process's key. */
uint64_t map_hash(const void *p, size_t n);

#endif
