/* reachline.h - the line of a reach on the map, as points every 10 metres (a little less, so that its
 * ends are among them), and what of it a walk came near to.  "The line" is these points: by them a
 * distance to it is never told too small, and by at most 13 cm too great (5 m off a sharp corner, 10 m at
 * the inner ends of a line of several parts). */
#ifndef XUNGE_CORE_REACHLINE_H
#define XUNGE_CORE_REACHLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/geo.h"

#define REACHLINE_STEP_M 10
#define REACHLINE_NEAR_M 100
/* 200 km of line; a longer one has its points further apart, as many as these. */
#define REACHLINE_SAMPLES 20000
#define REACHLINE_TEXT_MAX (4u << 20) /* bytes of GeoJSON; beyond: no line */
#define REACHLINE_WORDS(samples) (((samples) + 63) / 64)

struct reachline;

/* Reads a GeoJSON LineString or MultiLineString (longitude first, WGS-84).  NULL: it is neither. */
struct reachline *reachline_new(const char *geojson, size_t n);
void reachline_free(struct reachline *l); /* NULL does nothing */

uint64_t reachline_id(const struct reachline *l); /* of its text; 0 for NULL, and for nothing else */
uint32_t reachline_samples(const struct reachline *l); /* 1 ..; 0 for NULL */
size_t reachline_bytes(const struct reachline *l);     /* of memory */

/* Is p within 100 m of the line?  *hint (0 at first) is where to look before all else: it changes the time, not the answer. */
bool reachline_near(const struct reachline *l, struct geo p, uint32_t *hint);

/* Sets the bits of the line's points within 100 m of the straight way from a to b. */
void reachline_cover(const struct reachline *l, struct geo a, struct geo b, uint64_t *bits);

#endif
