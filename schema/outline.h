/* outline.h - a shape of the map as a phone gets it: a sketch of few points, not the survey. */
#ifndef XUNGE_SCHEMA_OUTLINE_H
#define XUNGE_SCHEMA_OUTLINE_H

#include <stddef.h>

#include "base/buf.h"

#define OUTLINE_POINTS 100 /* of all its lines together; a line's ends always stay */
#define OUTLINE_LINES 8

/* Writes the lines or rings of a GeoJSON geometry as [[[lat, lon], ...], ...]; [] when there are none. */
void outline_write(struct buf *out, const char *geojson, size_t n);

#endif
