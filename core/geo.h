/* geo.h - positions: degrees x 10^7 (_e7), latitude -90 .. 90, longitude -180 .. 180.
 * Everything kept is WGS-84 (CGCS2000 is the same within a decimetre).  GCJ-02 is what phones and
 * maps sold in China give: WGS-84 moved by up to some hundred metres inside a rectangle around
 * China, and untouched outside. */
#ifndef XUNGE_CORE_GEO_H
#define XUNGE_CORE_GEO_H

#include <stdbool.h>
#include <stdint.h>

#define GEO_EARTH_M 6371008.8 /* mean radius */

struct geo {
	int32_t lat_e7, lon_e7;
};

/* Great-circle metres between two points, on a sphere of the Earth's mean radius: within 0.6 % of
 * the ellipsoid. */
double geo_distance_m(struct geo a, struct geo b);

/* The same in whole millimetres; short ways (under 0.01 degrees) on the plane around their middle,
 * which differs by less than a micrometre and costs a third. */
int64_t geo_step_mm(struct geo a, struct geo b);

struct geo geo_wgs84_to_gcj02(struct geo wgs84);
/* The inverse, by iteration: there and back again is off by less than 3 cm. */
struct geo geo_gcj02_to_wgs84(struct geo gcj02);

bool geo_is_shifted(struct geo p); /* inside the rectangle where GCJ-02 differs */

#endif
