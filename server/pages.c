#include "server/pages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "server/zip.h"

struct page {
	char *path;
	const char *type;
	struct slice raw, gz; /* gz.p NULL: not smaller, or no text */
	struct slice br;      /* made when it is first asked for: 10 to 50 ms a file */
	bool br_made;
	char etag[32], gz_etag[36], br_etag[36];
};

struct pages {
	struct map by_path;
	size_t bytes;
	char hash[17];   /* of all files */
	const char *img; /* host of the map's tiles, or NULL */
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

/* Our own modules travel without the lines that are nothing but comment: a sixth of what the browser would wait for.  The
 * lines stay, empty, so that what an error names is where it stands in the source.  No template of ours has a line that begins
 * like one (tests/web/path.test.mjs holds what is served against the source). */
static size_t drop_comments(char *p, size_t n)
{
	bool inside = false;
	size_t kept = 0;

	for (size_t i = 0, end; i < n; i = end + 1) {
		const char *nl = memchr(p + i, '\n', n - i), *close;
		size_t at = i, from = i;

		end = nl ? (size_t)(nl - p) : n;
		while (at < end && (p[at] == '\t' || p[at] == ' '))
			at++;
		if (inside || (end - at >= 2 && p[at] == '/' && p[at + 1] == '*')) {
			close = memmem(p + at, end - at, "*/", 2);
			if (!close)
				from = end;
			else if (inside || close + 2 == p + end)
				from = (size_t)(close + 2 - p); /* what stands behind it stays */
			inside = !close;
		} else if (end - at >= 2 && p[at] == '/' && p[at + 1] == '/') {
			from = end;
		}
		memmove(p + kept, p + from, end - from);
		kept += end - from;
		if (nl)
			p[kept++] = '\n';
	}
	return kept;
}

/* Our style sheets, likewise, and without the tabs before their lines.  No text of theirs holds a comment's beginning. */
static size_t drop_css(char *p, size_t n)
{
	bool inside = false, begins = true;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (inside && p[i] == '*' && i + 1 < n && p[i + 1] == '/') {
			inside = false;
			i++;
			continue;
		}
		if (!inside && p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
			inside = true;
			i++;
			continue;
		}
		if (p[i] == '\n' || (!inside && !(begins && p[i] == '\t'))) {
			begins = p[i] == '\n';
			p[kept++] = p[i];
		}
	}
	return kept;
}

/* Takes raw. */
static void take(struct pages *p, const char *path, struct slice raw)
{
	struct page *pg = xcalloc(1, sizeof *pg);
	unsigned char hash[12];
	char hex[2 * sizeof hash + 1];
	size_t n = strlen(path);
	bool text = false;

	if (n > 3 && strcmp(path + n - 3, ".js") == 0 && !strstr(path, "/vendor/"))
		raw.n = (uint32_t)drop_comments((char *)(uintptr_t)raw.p, raw.n);
	if (n > 4 && strcmp(path + n - 4, ".css") == 0 && !strstr(path, "/vendor/"))
		raw.n = (uint32_t)drop_css((char *)(uintptr_t)raw.p, raw.n);
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
		pg->gz = zip_text(raw, 9);
	(void)crypto_generichash(hash, sizeof hash, (const unsigned char *)raw.p, raw.n, NULL, 0);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	(void)snprintf(pg->etag, sizeof pg->etag, "\"%s\"", hex);
	(void)snprintf(pg->gz_etag, sizeof pg->gz_etag, "\"%s-gz\"", hex);
	(void)snprintf(pg->br_etag, sizeof pg->br_etag, "\"%s-br\"", hex);
	pg->path = xstrndup(path, n);
	map_put(&p->by_path, path, n, pg);
	p->bytes += pg->raw.n + pg->gz.n;
}

static void page_free(struct page *pg)
{
	free(pg->path);
	free((char *)(uintptr_t)pg->raw.p);
	free((char *)(uintptr_t)pg->gz.p);
	free((char *)(uintptr_t)pg->br.p);
	free(pg);
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

static int by_path(const void *a, const void *b)
{
	const struct page *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* One hash of all files, whatever the order in which the folder gave them. */
static void seal(struct pages *p)
{
	struct page **all = xcalloc(p->by_path.n + 1, sizeof *all), *pg;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state h;
	size_t n = 0, pos = 0;

	while ((pg = map_next(&p->by_path, &pos)))
		all[n++] = pg;
	qsort(all, n, sizeof(struct page *), by_path);
	(void)crypto_generichash_init(&h, NULL, 0, sizeof hash);
	for (size_t i = 0; i < n; i++) {
		(void)crypto_generichash_update(&h, (const unsigned char *)all[i]->path, strlen(all[i]->path) + 1);
		(void)crypto_generichash_update(&h, (const unsigned char *)all[i]->etag, strlen(all[i]->etag) + 1);
	}
	free(all);
	(void)crypto_generichash_final(&h, hash, sizeof hash);
	sodium_bin2hex(p->hash, sizeof p->hash, hash, (sizeof p->hash - 1) / 2);
}

/* The start page names our files under /a/HASH/, where they may be kept for ever: theirs is another name when one changes. */
static void name_files(struct pages *p)
{
	static const char *const attr[] = {" href=\"", " src=\""};
	static const char start[] = "/index.html";
	struct page *pg = map_get(&p->by_path, start, sizeof start - 1);
	struct buf b = {0};
	size_t i = 0;
	char *raw;

	if (!pg)
		return;
	while (i < pg->raw.n) {
		const char *at = pg->raw.p + i, *end;
		size_t left = pg->raw.n - i, skip = 0;

		for (size_t k = 0; k < ARRAY_LEN(attr); k++)
			if (left > strlen(attr[k]) && memcmp(at, attr[k], strlen(attr[k])) == 0)
				skip = strlen(attr[k]);
		if (!skip) {
			buf_addc(&b, *at);
			i++;
			continue;
		}
		buf_add(&b, at, skip);
		i += skip;
		at += skip;
		end = memchr(at, '"', pg->raw.n - i);
		if (end) {
			char *file = xasprintf("/%.*s", (int)(end - at), at);

			if (map_get(&p->by_path, file, strlen(file)))
				buf_addf(&b, "a/%s/", p->hash);
			free(file);
		}
	}
	(void)map_take(&p->by_path, start, sizeof start - 1); /* it is pg */
	p->bytes -= pg->raw.n + pg->gz.n;
	page_free(pg);
	raw = xstrndup(b.p ? b.p : "", b.n);
	take(p, start, (struct slice){raw, (uint32_t)b.n});
	buf_done(&b);
}

#define WORKER "/field/sw.js"

/* The field app's worker is told the hash of all files: phones take a new one when its bytes are others. */
static void sign_worker(struct pages *p)
{
	struct page *worker = map_take(&p->by_path, WORKER, strlen(WORKER));
	char *text;

	if (!worker)
		return;
	text = xasprintf("%.*svar VERSION = \"%s\";\n", (int)worker->raw.n, worker->raw.p, p->hash);
	p->bytes -= worker->raw.n + worker->gz.n;
	page_free(worker);
	take(p, WORKER, slice_of(text));
}

enum err pages_load(const char *dir, const char *img, struct pages **out, struct why *why)
{
	struct pages *p = xcalloc(1, sizeof *p);
	enum err e = walk(p, dir, "/", 0, why);

	if (e == OK) {
		p->img = img;
		seal(p);
		name_files(p);
		sign_worker(p);
		*out = p;
	}
	if (e != OK)
		pages_free(p);
	return e;
}

void pages_free(struct pages *p)
{
	struct page *pg;
	size_t pos = 0;

	if (!p)
		return;
	while ((pg = map_next(&p->by_path, &pos)))
		page_free(pg);
	map_done(&p->by_path);
	free(p);
}

size_t pages_count(const struct pages *p)
{
	return p ? p->by_path.n : 0;
}

const char *pages_hash(const struct pages *p)
{
	return p ? p->hash : NULL;
}

/* /a/HASH/main.js is /main.js, as long as the hash is today's. */
static const char *unnamed(const struct pages *p, const char *path, bool *out_named)
{
	size_t n = strlen(p->hash);

	*out_named = strncmp(path, "/a/", 3) == 0;
	if (!*out_named)
		return path;
	return strncmp(path + 3, p->hash, n) == 0 && path[3 + n] == '/' ? path + 3 + n : NULL;
}

/* What goes over the wire: the smallest that the browser reads (brotli over https and on the machine itself only). */
static struct slice smallest(struct page *pg, const char *accept, const char **coding, const char **etag)
{
	if (pg->gz.p && http_accepts(accept, "br")) {
		if (!pg->br_made)
			pg->br = zip_brotli(pg->raw, 10);
		pg->br_made = true;
		if (pg->br.p) {
			*coding = "br";
			*etag = pg->br_etag;
			return pg->br;
		}
	}
	if (pg->gz.p && http_accepts(accept, "gzip")) {
		*coding = "gzip";
		*etag = pg->gz_etag;
		return pg->gz;
	}
	*coding = NULL;
	*etag = pg->etag;
	return pg->raw;
}

bool pages_answer(struct pages *p, const struct request *rq, struct response *rs)
{
	bool named = false;
	const char *coding, *etag;
	const char *asked = p ? unnamed(p, rq->path, &named) : NULL;
	size_t n = asked ? strlen(asked) : 0;
	char *path = n && asked[n - 1] == '/' ? xasprintf("%sindex.html", asked) : xstrndup(asked ? asked : "", n);
	struct page *pg = n ? map_get(&p->by_path, path, strlen(path)) : NULL;
	bool html = n && strstr(path, ".html");

	free(path);
	if (!pg || (named && html)) /* a page under another address would find nothing beside it */
		return false;
	struct slice body = smallest(pg, rq->accept_encoding, &coding, &etag);

	rs->type = pg->type;
	rs->img = html ? p->img : NULL;
	rs->bare = named && (strncmp(pg->type, "text/javascript", 15) == 0 || strncmp(pg->type, "text/css", 8) == 0);
	rs->terse = named && !rs->bare; /* a picture can be opened as a document: it may do nothing there */
	response_header(rs, "etag", etag);
	response_header(rs, "cache-control", named ? "public, max-age=31536000, immutable" : "no-cache");
	if (pg->gz.p)
		response_header(rs, "vary", "accept-encoding");
	if (rq->if_none_match && http_etag_listed(rq->if_none_match, etag)) {
		rs->status = 304;
		return true;
	}
	if (coding)
		response_header(rs, "content-encoding", coding);
	rs->status = 200;
	rs->fixed = body;
	return true;
}
