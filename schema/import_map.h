/* import_map.h - GeoJSON (RFC 7946) for the registry: one geometry for each code.  No SQL. */
#ifndef XUNGE_SCHEMA_IMPORT_MAP_H
#define XUNGE_SCHEMA_IMPORT_MAP_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/slice.h"

#define IMPORT_MAP_MAX (32 * 1024 * 1024) /* bytes of a file */

struct import_map_sink {
	void *ctx;
	/* line, at: where the feature begins.  geometry: compact GeoJSON, degrees with at most seven
	 * decimals, no heights.  Borrowed for the call. */
	enum err (*shape)(void *ctx, uint32_t line, uint32_t at, struct slice code, struct slice geometry);
	/* text: a JSON Pointer, then what is wrong. */
	void (*fault)(void *ctx, uint32_t line, uint32_t at, const char *text);
};

/* A FeatureCollection: Polygon or MultiPolygon for an area code, LineString or MultiLineString for
 * a reach code, in property `code`.  OK also when faults were told.  ERR_INVALID: no such file. */
enum err import_map_read(FILE *f, const struct import_map_sink *sink, struct why *why) MUST_CHECK;

#endif
