#include "core/geo.h"

#include <math.h>

#define PI 3.14159265358979323846
#define RADIAN (PI / 180)
#define EARTH_M GEO_EARTH_M
#define E7 1e7

/* Krasovsky's ellipsoid, which the shift is defined on */
#define AXIS_M 6378245.0
#define ECC2 0.00669342162296594323

double geo_distance_m(struct geo a, struct geo b)
{
	double lat1 = a.lat_e7 / E7 * RADIAN, lat2 = b.lat_e7 / E7 * RADIAN;
	double dlat = (lat2 - lat1) / 2, dlon = ((double)b.lon_e7 - a.lon_e7) / E7 * RADIAN / 2;
	double h = sin(dlat) * sin(dlat) + cos(lat1) * cos(lat2) * sin(dlon) * sin(dlon);

	return 2 * EARTH_M * asin(sqrt(h < 1 ? h : 1)); /* rounding may pass 1 at the antipode */
}

int64_t geo_step_mm(struct geo a, struct geo b)
{
	int64_t dlat = (int64_t)b.lat_e7 - a.lat_e7, dlon = (int64_t)b.lon_e7 - a.lon_e7;
	double x, y;

	if (dlat > 100000 || dlat < -100000 || dlon > 100000 || dlon < -100000)
		return llround(geo_distance_m(a, b) * 1000);
	y = (double)dlat;
	x = (double)dlon * cos(((double)a.lat_e7 + b.lat_e7) / 2 / E7 * RADIAN);
	return llround(sqrt(x * x + y * y) * (EARTH_M * RADIAN / E7 * 1000));
}

bool geo_is_shifted(struct geo p)
{
	return p.lon_e7 >= 720040000 && p.lon_e7 <= 1378347000 && p.lat_e7 >= 8293000 &&
		p.lat_e7 <= 558271000;
}

/* The shift in degrees at lat, lon (degrees, WGS-84). */
static void shift(double lat, double lon, double *dlat, double *dlon)
{
	double x = lon - 105, y = lat - 35, root = sqrt(fabs(x)), s = sin(lat * RADIAN);
	double waves = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3; /* in both */
	double north_m, east_m, m = 1 - ECC2 * s * s;

	north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves +
		(20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3 +
		(160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;
	east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves +
		(20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3 +
		(150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;
	*dlat = north_m / (AXIS_M * (1 - ECC2) / (m * sqrt(m)) * RADIAN);
	*dlon = east_m / (AXIS_M / sqrt(m) * cos(lat * RADIAN) * RADIAN);
}

static struct geo of_degrees(double lat, double lon)
{
	return (struct geo){(int32_t)lround(lat * E7), (int32_t)lround(lon * E7)};
}

struct geo geo_wgs84_to_gcj02(struct geo wgs84)
{
	double lat = wgs84.lat_e7 / E7, lon = wgs84.lon_e7 / E7, dlat, dlon;

	if (!geo_is_shifted(wgs84))
		return wgs84;
	shift(lat, lon, &dlat, &dlon);
	return of_degrees(lat + dlat, lon + dlon);
}

/* The shift changes by less than a thousandth of the way, so that each round wins three digits. */
struct geo geo_gcj02_to_wgs84(struct geo gcj02)
{
	double lat = gcj02.lat_e7 / E7, lon = gcj02.lon_e7 / E7, dlat, dlon;

	if (!geo_is_shifted(gcj02))
		return gcj02;
	shift(lat, lon, &dlat, &dlon);
	for (int i = 0; i < 4; i++)
		shift(lat - dlat, lon - dlon, &dlat, &dlon);
	return of_degrees(lat - dlat, lon - dlon);
}
