#include "schema/outline.h"

#include <jansson.h>
#include <stdbool.h>

struct found {
	const json_t *line[OUTLINE_LINES];
	size_t n, points;
};

/* A line is a list of positions; what holds lists deeper down is walked. */
static void find(const json_t *v, int depth, struct found *f)
{
	const json_t *first = json_array_get(v, 0);
	size_t i;
	json_t *each;

	if (json_is_number(json_array_get(first, 0))) {
		if (f->n < OUTLINE_LINES && json_array_size(v) >= 2) {
			f->line[f->n++] = v;
			f->points += json_array_size(v);
		}
		return;
	}
	if (depth < 4)
		json_array_foreach(v, i, each)
			find(each, depth + 1, f);
}

static void write_line(struct buf *out, const json_t *line, size_t step)
{
	size_t n = json_array_size(line);

	buf_json_sep(out);
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i = i + step < n - 1 || i == n - 1 ? i + step : n - 1) {
		const json_t *p = json_array_get(line, i);

		buf_json_sep(out);
		buf_addf(out, "[%.5f,%.5f]", json_number_value(json_array_get(p, 1)), json_number_value(json_array_get(p, 0)));
	}
	buf_addc(out, ']');
}

void outline_write(struct buf *out, const char *geojson, size_t n)
{
	json_t *root = json_loadb(geojson, n, 0, NULL);
	struct found f = {.n = 0};
	size_t room;

	find(json_object_get(root, "coordinates"), 0, &f);
	room = OUTLINE_POINTS - 2 * f.n;
	buf_addc(out, '[');
	for (size_t i = 0; i < f.n; i++)
		write_line(out, f.line[i], (f.points + room - 1) / room);
	buf_addc(out, ']');
	json_decref(root);
}
