/* books_map.h - what stands on the map: shapes of areas and reaches, devices (table shape: GeoJSON geometries). */
#ifndef XUNGE_SCHEMA_BOOKS_MAP_H
#define XUNGE_SCHEMA_BOOKS_MAP_H

#include "schema/books.h"

struct books_area { /* or a reach */
	const char *code, *name, *geojson; /* geometry, as text */
	const char *river, *kind;          /* of a reach */
	const char *area;                  /* of a reach */
	int64_t length_m;                  /* of a reach; -1: unknown */
	int64_t open_cases, patrols_today; /* in it and below; of a reach: cases there, patrols of it */
};

/* Areas of today with a shape, in scope, by code.  row returns false: no more (they are still counted).
 * *left: how many were not given. */
enum err books_areas(struct store *st, const char *scope, int limit, int64_t now_ms, int64_t *left,
	bool (*row)(void *ctx, const struct books_area *a), void *ctx) MUST_CHECK;
enum err books_reaches(struct store *st, const char *scope, int limit, int64_t now_ms, int64_t *left,
	bool (*row)(void *ctx, const struct books_area *a), void *ctx) MUST_CHECK;

struct books_device {
	const char *device, *area;
	struct books_named person;
	bool online;
	int battery;               /* -1: unknown */
	int32_t lat_e7, lon_e7;
	int64_t seen_ms, loc_ms;
};
/* Devices in use with a position, whose person's first appointment lies in scope, by id. */
enum err books_devices(struct store *st, const char *scope, int limit, int64_t *left,
	bool (*row)(void *ctx, const struct books_device *d), void *ctx) MUST_CHECK;

#endif
