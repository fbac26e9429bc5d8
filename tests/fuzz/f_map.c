/* f_map.c - any bytes as GeoJSON: what comes out is a geometry that a strict reader takes, with
 * every position on the globe. */
#include <assert.h>
#include <jansson.h>
#include <math.h>

#include "core/area.h"
#include "schema/import_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_positions(const json_t *v)
{
	const json_t *x = json_array_get(v, 0);
	size_t i;
	json_t *e;

	if (json_is_number(x)) {
		assert(json_array_size(v) == 2 && fabs(json_number_value(x)) <= 180);
		assert(fabs(json_number_value(json_array_get(v, 1))) <= 90);
		return;
	}
	assert(json_array_size(v) > 0);
	json_array_foreach(v, i, e)
		check_positions(e);
}

static enum err shape(void *ctx, uint32_t line, uint32_t at, struct slice code, struct slice geometry)
{
	json_t *g = json_loadb(geometry.p, geometry.n, JSON_REJECT_DUPLICATES, NULL);

	(void)ctx;
	assert(line >= 1 && at >= 1);
	assert(area_level(code) != AREA_NONE || area_is_reach(code));
	assert(g && json_object_size(g) == 2);
	check_positions(json_object_get(g, "coordinates"));
	json_decref(g);
	return OK;
}

static void fault(void *ctx, uint32_t line, uint32_t at, const char *text)
{
	(void)ctx;
	(void)line;
	(void)at;
	assert(text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_map_sink sink = {NULL, shape, fault};
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct why why;
	enum err e;

	if (!f)
		return 0;
	e = import_map_read(f, &sink, &why);
	assert(e == OK || e == ERR_INVALID);
	(void)fclose(f);
	return 0;
}
