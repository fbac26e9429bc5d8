#include "server/router.h"

#include <string.h>

static bool fits(const char *pattern, const char *path, struct slice param[REQUEST_PARAMS])
{
	int n = 0;

	while (*pattern) {
		if (strncmp(pattern, "{*}", 3) == 0) {
			size_t all = strlen(path), rest = strlen(pattern + 3);

			if (all <= rest || n == REQUEST_PARAMS)
				return false;
			param[n] = (struct slice){path, (uint32_t)(all - rest)};
			return strcmp(path + all - rest, pattern + 3) == 0;
		}
		if (pattern[0] == '{' && pattern[1] == '}') {
			size_t len = strcspn(path, "/");

			if (!len || n == REQUEST_PARAMS)
				return false;
			param[n++] = (struct slice){path, (uint32_t)len};
			path += len;
			pattern += 2;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

enum router_hit router_find(const struct route *table, size_t n, enum http_method method,
	const char *path, const struct route **out, struct slice param[REQUEST_PARAMS],
	unsigned *allow)
{
	struct slice got[REQUEST_PARAMS] = {{0}};
	const struct route *hit = NULL;

	*allow = 0;
	for (size_t i = 0; i < n; i++) {
		struct slice p[REQUEST_PARAMS] = {{0}};

		if (!fits(table[i].path, path, p))
			continue;
		*allow |= 1U << table[i].method;
		if (table[i].method == HTTP_GET)
			*allow |= 1U << HTTP_HEAD;
		if (!hit && (table[i].method == method ||
				    (table[i].method == HTTP_GET && method == HTTP_HEAD))) {
			hit = &table[i];
			memcpy(got, p, sizeof got);
		}
	}
	if (!hit)
		return *allow ? ROUTER_NO_METHOD : ROUTER_NO_PATH;
	*out = hit;
	memcpy(param, got, sizeof got);
	return ROUTER_FOUND;
}

void router_allow(unsigned allow, struct buf *out)
{
	for (int m = 0; m < HTTP_METHODS; m++)
		if (allow & (1U << m)) {
			if (out->n)
				buf_adds(out, ", ");
			buf_adds(out, http_method_names[m]);
		}
}
