#include "server/pages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/map.h"

struct page {
	const char *type;
	struct slice raw, gz; /* gz.p NULL: not smaller, or no text */
	char etag[32], gz_etag[36];
};

struct pages {
	struct map by_path;
	size_t bytes;
};

static const struct {
	const char *suffix, *type;
	bool text;
} types[] = {
	{".html", "text/html; charset=utf-8", true},
	{".css", "text/css; charset=utf-8", true},
	{".js", "text/javascript; charset=utf-8", true},
	{".mjs", "text/javascript; charset=utf-8", true},
	{".json", "application/json", true},
	{".map", "application/json", true},
	{".geojson", "application/geo+json", true},
	{".webmanifest", "application/manifest+json", true},
	{".svg", "image/svg+xml", true},
	{".txt", "text/plain; charset=utf-8", true},
	{".md", "text/plain; charset=utf-8", true},
	{".png", "image/png", false},
	{".jpg", "image/jpeg", false},
	{".webp", "image/webp", false},
	{".ico", "image/x-icon", false},
	{".woff2", "font/woff2", false},
	{".wasm", "application/wasm", false},
};

static struct slice gzip(struct slice raw)
{
	z_stream z = {0};
	struct slice out = {NULL, 0};
	uLong bound;
	char *p;

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return out;
	bound = deflateBound(&z, raw.n);
	p = xcalloc(1, bound);
	z.next_in = (Bytef *)(uintptr_t)raw.p;
	z.avail_in = raw.n;
	z.next_out = (Bytef *)p;
	z.avail_out = (uInt)bound;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out + 64 < raw.n)
		out = (struct slice){xrealloc(p, z.total_out), (uint32_t)z.total_out};
	else
		free(p);
	deflateEnd(&z);
	return out;
}

static enum err read_file(const char *file, size_t n, struct slice *out, struct why *why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *p = xcalloc(1, n + 1);
	size_t got = 0;
	ssize_t r = 1;

	while (fd >= 0 && got < n && (r = read(fd, p + got, n - got)) > 0)
		got += (size_t)r;
	if (fd >= 0)
		close(fd);
	if (fd < 0 || r < 0) {
		free(p);
		return why_set(why, ERR_IO, "cannot read %s: %s", file, strerror(errno));
	}
	*out = (struct slice){p, (uint32_t)got};
	return OK;
}

static void take(struct pages *p, const char *path, struct slice raw)
{
	struct page *pg = xcalloc(1, sizeof *pg);
	unsigned char hash[12];
	char hex[2 * sizeof hash + 1];
	size_t n = strlen(path);
	bool text = false;

	pg->raw = raw;
	pg->type = "application/octet-stream";
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t s = strlen(types[i].suffix);

		if (n > s && strcmp(path + n - s, types[i].suffix) == 0) {
			pg->type = types[i].type;
			text = types[i].text;
		}
	}
	if (text)
		pg->gz = gzip(raw);
	(void)crypto_generichash(hash, sizeof hash, (const unsigned char *)raw.p, raw.n, NULL, 0);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	(void)snprintf(pg->etag, sizeof pg->etag, "\"%s\"", hex);
	(void)snprintf(pg->gz_etag, sizeof pg->gz_etag, "\"%s-gz\"", hex);
	map_put(&p->by_path, path, n, pg);
	p->bytes += pg->raw.n + pg->gz.n;
}

/* One folder: dir on disk, path ("/", "/vendor/") in the address. */
static enum err walk(struct pages *p, const char *dir, const char *path, int depth, struct why *why)
{
	DIR *d = opendir(dir);
	enum err e = OK;
	struct dirent *de;

	if (!d)
		return why_set(why, ERR_NOTFOUND, "cannot read the folder of web pages %s: %s", dir,
			strerror(errno));
	while (e == OK && (de = readdir(d))) {
		char *file, *name;
		struct slice raw = {NULL, 0};
		struct stat st;

		if (de->d_name[0] == '.')
			continue;
		file = xasprintf("%s/%s", dir, de->d_name);
		name = xasprintf("%s%s", path, de->d_name);
		if (lstat(file, &st) < 0) {
			e = why_set(why, ERR_IO, "cannot read %s: %s", file, strerror(errno));
		} else if (S_ISDIR(st.st_mode) && depth < 8) {
			char *sub = xasprintf("%s/", name);

			e = walk(p, file, sub, depth + 1, why);
			free(sub);
		} else if (S_ISREG(st.st_mode)) {
			if (p->by_path.n >= PAGES_FILES_MAX ||
				p->bytes + (size_t)st.st_size > PAGES_BYTES_MAX)
				e = why_set(why, ERR_FULL, "web pages: more than %d files or %d MiB at %s",
					PAGES_FILES_MAX, PAGES_BYTES_MAX >> 20, file);
			else if ((e = read_file(file, (size_t)st.st_size, &raw, why)) == OK)
				take(p, name, raw);
		}
		free(file);
		free(name);
	}
	closedir(d);
	return e;
}

enum err pages_load(const char *dir, struct pages **out, struct why *why)
{
	struct pages *p = xcalloc(1, sizeof *p);
	enum err e = walk(p, dir, "/", 0, why);

	if (e == OK)
		*out = p;
	else
		pages_free(p);
	return e;
}

void pages_free(struct pages *p)
{
	struct page *pg;
	size_t pos = 0;

	if (!p)
		return;
	while ((pg = map_next(&p->by_path, &pos))) {
		free((char *)(uintptr_t)pg->raw.p);
		free((char *)(uintptr_t)pg->gz.p);
		free(pg);
	}
	map_done(&p->by_path);
	free(p);
}

size_t pages_count(const struct pages *p)
{
	return p ? p->by_path.n : 0;
}

bool pages_answer(const struct pages *p, const struct request *rq, struct response *rs)
{
	size_t n = strlen(rq->path);
	char *path = n && rq->path[n - 1] == '/' ? xasprintf("%sindex.html", rq->path) : xstrndup(rq->path, n);
	const struct page *pg = p ? map_get(&p->by_path, path, strlen(path)) : NULL;
	bool gz;

	free(path);
	if (!pg)
		return false;
	gz = pg->gz.p && http_accepts(rq->accept_encoding, "gzip");
	rs->type = pg->type;
	response_header(rs, "etag", gz ? pg->gz_etag : pg->etag);
	response_header(rs, "cache-control", "no-cache");
	if (pg->gz.p)
		response_header(rs, "vary", "accept-encoding");
	if (rq->if_none_match && http_etag_listed(rq->if_none_match, gz ? pg->gz_etag : pg->etag)) {
		rs->status = 304;
		return true;
	}
	if (gz)
		response_header(rs, "content-encoding", "gzip");
	rs->status = 200;
	rs->fixed = gz ? pg->gz : pg->raw;
	return true;
}
