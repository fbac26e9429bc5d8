#include "base/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

struct map_slot {
	uint64_t hash; /* 0: free */
	void *value;
	uint32_t n;
	char *key;
};

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND                                                                                   \
	do {                                                                                       \
		v0 += v1, v1 = ROTL(v1, 13) ^ v0, v0 = ROTL(v0, 32);                               \
		v2 += v3, v3 = ROTL(v3, 16) ^ v2;                                                  \
		v0 += v3, v3 = ROTL(v3, 21) ^ v0;                                                  \
		v2 += v1, v1 = ROTL(v1, 17) ^ v2, v2 = ROTL(v2, 32);                               \
	} while (0)

/* SipHash-1-3 (Aumasson, Bernstein: SipHash, a fast short-input PRF). */
uint64_t map_hash(const void *data, size_t n)
{
	static uint64_t key[2]; /* written once, before the first hash */
	const unsigned char *p = data;
	uint64_t v0, v1, v2, v3, m, last = (uint64_t)n << 56;

	if (!key[0] && !key[1] && getrandom(key, sizeof key, 0) != sizeof key)
		die("map: getrandom failed");
	v0 = key[0] ^ 0x736f6d6570736575ULL;
	v1 = key[1] ^ 0x646f72616e646f6dULL;
	v2 = key[0] ^ 0x6c7967656e657261ULL;
	v3 = key[1] ^ 0x7465646279746573ULL;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&m, p, 8);
		v3 ^= m;
		SIPROUND;
		v0 ^= m;
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v3 ^= last;
	SIPROUND;
	v0 ^= last;
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

static uint64_t slot_hash(const void *key, size_t n)
{
	return map_hash(key, n) | 1; /* never 0 */
}

void map_done(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		free(m->slot[i].key);
	free(m->slot);
	*m = (struct map){0};
}

/* The slot that holds key, or the free one where it belongs. */
static size_t find(const struct map *m, uint64_t h, const void *key, size_t n)
{
	size_t i = (h >> 1) & (m->cap - 1);

	for (; m->slot[i].hash; i = (i + 1) & (m->cap - 1))
		if (m->slot[i].hash == h && m->slot[i].n == n &&
			memcmp(m->slot[i].key, key, n) == 0)
			break;
	return i;
}

static void grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap ? old.cap * 2 : 16;
	m->slot = xcalloc(m->cap, sizeof *m->slot);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i].hash)
			m->slot[find(m, old.slot[i].hash, old.slot[i].key, old.slot[i].n)] =
				old.slot[i];
	free(old.slot);
}

void *map_get(const struct map *m, const void *key, size_t n)
{
	return m->n ? m->slot[find(m, slot_hash(key, n), key, n)].value : NULL;
}

void *map_put(struct map *m, const void *key, size_t n, void *value)
{
	uint64_t h = slot_hash(key, n);
	struct map_slot *s;
	void *old;

	if ((m->n + 1) * 4 > m->cap * 3)
		grow(m);
	s = &m->slot[find(m, h, key, n)];
	old = s->value;
	if (!s->hash) {
		s->hash = h;
		s->n = (uint32_t)n;
		s->key = xstrndup(key, n);
		m->n++;
	}
	s->value = value;
	return old;
}

void *map_take(struct map *m, const void *key, size_t n)
{
	size_t i, j, home;
	void *value;

	if (!m->n)
		return NULL;
	i = find(m, slot_hash(key, n), key, n);
	if (!m->slot[i].hash)
		return NULL;
	value = m->slot[i].value;
	free(m->slot[i].key);
	m->n--;
	for (j = (i + 1) & (m->cap - 1); m->slot[j].hash; j = (j + 1) & (m->cap - 1)) {
		home = (m->slot[j].hash >> 1) & (m->cap - 1);
		if (((j - home) & (m->cap - 1)) >= ((j - i) & (m->cap - 1))) {
			m->slot[i] = m->slot[j];
			i = j;
		}
	}
	m->slot[i] = (struct map_slot){0};
	return value;
}

void *map_next(const struct map *m, size_t *pos)
{
	while (*pos < m->cap) {
		size_t i = (*pos)++;

		if (m->slot[i].hash)
			return m->slot[i].value;
	}
	return NULL;
}

void map_done_free(struct map *m)
{
	size_t pos = 0;
	void *v;

	while ((v = map_next(m, &pos)))
		free(v);
	map_done(m);
}
