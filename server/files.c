#include "server/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/map.h"
#include "schema/photos.h"
#include "schema/sync.h"

#define FOLDERS 256     /* of the first level */
#define EXPIRE_MAX 256 /* uploads dropped at once; the rest a second later */

struct owner { /* a device with uploads */
	struct upload *first;
	size_t unfinished;
	char device[33];
};

struct upload {
	struct upload_row row;
	struct upload *next, **at; /* of its owner */
	struct owner *owner;
	int64_t offset;
	struct patch *writer;
	bool finishing;
	uint64_t ticket; /* who waits for its finish */
	enum files_way way;
};

struct files {
	char *dir, *db_path;
	struct sessiondb *db;
	struct files_world world;
	struct worker *worker;
	struct map by_id, by_device;
	struct files_counts counts;
	size_t unfinished, writers; /* writers: connections that bring bytes */
	int64_t at_once, max_bytes, upload_ms, unnamed_ms, round_ms; /* round: all folders are looked through once */
	int64_t device_unfinished, day_files, day_bytes;
	int64_t expired_ms, walked_ms, met_ms; /* when last; since when the database is known */
	char met[STORE_DB_ID];
	int folder;     /* the next to be looked through */
	bool walking;   /* by a helper */
	bool recheck;   /* somebody may have been revoked */
};

struct patch {
	struct files *f;
	struct upload *u; /* NULL: gone, or another writer's */
	int fd;
	int64_t from;
	enum err e;
	struct patch_check check;
	crypto_hash_sha256_state sha256;
	EVP_MD_CTX *sha1;
};

/* ------------------------------------------------------------------ names */

static char *incoming(const struct files *f, const char *id)
{
	return xasprintf("%s/incoming/%s", f->dir, id);
}

/* NULL: no file is named so. */
static char *place(const struct files *f, const char *sha256, const char *device)
{
	char rest[PHOTO_PLACE];

	return photos_place(sha256, device, rest) ? xasprintf("%s/%s", f->dir, rest) : NULL;
}

static bool say(struct files_end *end, enum err e, int status, const char *code, const char *detail)
{
	*end = (struct files_end){.e = e, .status = status, .code = code};
	slice_copy(end->detail, sizeof end->detail, slice_of(detail));
	return false;
}

/* ------------------------------------------------------------------ uploads in memory */

static struct owner *owner_of(struct files *f, const char *device)
{
	struct owner *o = map_get(&f->by_device, device, strlen(device));

	if (!o) {
		o = xcalloc(1, sizeof *o);
		slice_copy(o->device, sizeof o->device, slice_of(device));
		(void)map_put(&f->by_device, device, strlen(device), o); /* there was none */
	}
	return o;
}

static struct upload *add(struct files *f, const struct upload_row *row)
{
	struct upload *u = xcalloc(1, sizeof *u);

	u->row = *row;
	u->owner = owner_of(f, row->device);
	u->at = &u->owner->first;
	u->next = u->owner->first;
	if (u->next)
		u->next->at = &u->next;
	u->owner->first = u;
	u->owner->unfinished += !row->done_ms;
	f->unfinished += !row->done_ms;
	(void)map_put(&f->by_id, row->id, strlen(row->id), u); /* ids are random */
	return u;
}

static void forget(struct files *f, struct upload *u)
{
	struct owner *o = u->owner;

	if (u->writer)
		u->writer->u = NULL;
	(void)map_take(&f->by_id, u->row.id, strlen(u->row.id));
	*u->at = u->next;
	if (u->next)
		u->next->at = u->at;
	o->unfinished -= !u->row.done_ms;
	f->unfinished -= !u->row.done_ms;
	free(u);
	if (!o->first) {
		(void)map_take(&f->by_device, o->device, strlen(o->device));
		free(o);
	}
}

void files_drop(struct files *f, struct upload *u)
{
	char *path = incoming(f, u->row.id);
	enum err e = sessiondb_upload_drop(f->db, u->row.id);

	if (e != OK)
		log_warn("files", "an upload stays in the list of the server id=%s err=%s", u->row.id, err_name(e));
	(void)unlink(path); /* done ones have none */
	free(path);
	forget(f, u);
}

struct upload *files_find(struct files *f, struct slice id, const char *device)
{
	struct upload *u = map_get(&f->by_id, id.p, id.n);

	return u && strcmp(u->row.device, device) == 0 ? u : NULL;
}

const char *upload_id(const struct upload *u)
{
	return u->row.id;
}

int64_t upload_length(const struct upload *u)
{
	return u->row.length;
}

int64_t upload_offset(const struct upload *u)
{
	return u->offset;
}

bool upload_is_done(const struct upload *u)
{
	return u->row.done_ms != 0;
}

bool upload_is_full(const struct upload *u)
{
	return !u->row.done_ms && u->offset == u->row.length;
}

int64_t upload_expires_ms(const struct files *f, const struct upload *u)
{
	return u->row.made_ms + f->upload_ms;
}

void files_stop_writer(struct upload *u)
{
	if (u->writer)
		u->writer->u = NULL;
	u->writer = NULL;
}

int64_t files_max_bytes(const struct files *f)
{
	return f->max_bytes;
}

const struct files_counts *files_counts(const struct files *f)
{
	return &f->counts;
}

size_t files_open_uploads(const struct files *f)
{
	return f->unfinished;
}

/* ------------------------------------------------------------------ begin */

/* May this device begin another of that many bytes? */
static bool has_room(const struct files *f, const struct owner *o, const struct upload_ask *ask, int64_t now_ms, struct files_end *end)
{
	int64_t n = 0, bytes = ask->length;
	struct statvfs v;
	char text[160];

	for (const struct upload *u = o ? o->first : NULL; u; u = u->next)
		if (!u->row.done_ms || now_ms - u->row.done_ms < FILES_DAY_MS) {
			n++;
			bytes += u->row.length;
		}
	if (o && (int64_t)o->unfinished >= f->device_unfinished) {
		(void)snprintf(text, sizeof text, "%zu uploads of this device are not finished: finish or delete them", o->unfinished); /* fits */
		return say(end, ERR_FULL, 429, "too_many_uploads", text);
	}
	if (n >= f->day_files || bytes > f->day_bytes) {
		(void)snprintf(text, sizeof text, "this device has sent its %lld photos or %lld bytes of a day", (long long)f->day_files, (long long)f->day_bytes); /* fits */
		return say(end, ERR_FULL, 429, "day_quota", text);
	}
	if (f->by_id.n >= FILES_UPLOADS_MAX)
		return say(end, ERR_FULL, 503, "busy", "too many uploads at once: try again later");
	if (statvfs(f->dir, &v) < 0 || (int64_t)v.f_bavail * (int64_t)v.f_frsize < FILES_SPARE_BYTES + ask->length)
		return say(end, ERR_FULL, 507, "disk_full", "there is no room for photos on the platform's disk");
	return true;
}

/* The same photo of the same device, not finished: its way was lost. */
static struct upload *begun_before(const struct owner *o, const char *sha256)
{
	for (struct upload *u = o ? o->first : NULL; u; u = u->next)
		if (!u->row.done_ms && !u->finishing && strcmp(u->row.sha256, sha256) == 0)
			return u;
	return NULL;
}

enum err files_begin(struct files *f, const struct upload_ask *ask, int64_t now_ms, struct upload **out, struct files_end *end)
{
	struct upload_row row = {.kind = ask->kind, .length = ask->length, .made_ms = now_ms};
	struct upload *old = begun_before(map_get(&f->by_device, ask->device, strlen(ask->device)), ask->sha256);
	unsigned char random[(UPLOAD_ID - 1) / 2];
	char name[PHOTO_PLACE], *path;
	enum err e;
	int fd;

	if (!photos_place(ask->sha256, ask->device, name)) {
		(void)say(end, ERR_INVALID, 400, "bad_request", "this device cannot bring photos");
		return ERR_INVALID;
	}
	if (old)
		files_drop(f, old);
	if (!has_room(f, map_get(&f->by_device, ask->device, strlen(ask->device)), ask, now_ms, end))
		return end->e;
	randombytes_buf(random, sizeof random);
	(void)sodium_bin2hex(row.id, sizeof row.id, random, sizeof random);
	slice_copy(row.device, sizeof row.device, slice_of(ask->device));
	slice_copy(row.sha256, sizeof row.sha256, slice_of(ask->sha256));
	path = incoming(f, row.id);
	fd = FAULT("files.create") ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	e = fd < 0 ? ERR_IO : sessiondb_upload_put(f->db, &row);
	if (e != OK) {
		log_error("files", "cannot begin an upload path=%s err=%s: %s", path, err_name(e), strerror(errno));
		(void)unlink(path); /* it may not be there */
		(void)say(end, e, 503, "unavailable", "photos cannot be taken now: try again");
	} else {
		*out = add(f, &row);
		f->counts.begun++;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

/* ------------------------------------------------------------------ bytes */

enum err patch_begin(struct files *f, struct upload *u, const struct patch_check *check, struct patch **out)
{
	struct patch *p;
	char *path;
	int fd;

	if ((int64_t)f->writers >= f->at_once)
		return ERR_FULL;
	path = incoming(f, u->row.id);
	fd = FAULT("files.open") ? -1 : open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	files_stop_writer(u);
	p = xcalloc(1, sizeof *p);
	p->f = f;
	p->u = u;
	p->fd = fd;
	p->from = u->offset;
	p->check = *check;
	(void)crypto_hash_sha256_init(&p->sha256); /* says 0 always */
	if (check->how == PATCH_SHA1 && (!(p->sha1 = EVP_MD_CTX_new()) || EVP_DigestInit_ex(p->sha1, EVP_sha1(), NULL) != 1))
		die("files: no SHA-1");
	u->writer = p;
	f->writers++;
	*out = p;
	return OK;
}

void patch_take(struct patch *p, const void *bytes, size_t n)
{
	const char *at = bytes;

	if (!p->u || p->e != OK)
		return;
	if (p->u->offset + (int64_t)n > p->u->row.length) {
		p->e = ERR_INVALID; /* the caller bounds it */
		return;
	}
	if (p->check.how == PATCH_SHA256)
		(void)crypto_hash_sha256_update(&p->sha256, bytes, n); /* says 0 always */
	else if (p->check.how == PATCH_SHA1 && EVP_DigestUpdate(p->sha1, bytes, n) != 1)
		die("files: no SHA-1");
	while (n) {
		ssize_t w = FAULT("files.write") ? (errno = ENOSPC, -1) : pwrite(p->fd, at, n, p->u->offset);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			log_error("files", "cannot write an upload id=%s: %s", p->u->row.id, strerror(errno));
			p->e = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
			return;
		}
		at += w;
		n -= (size_t)w;
		p->u->offset += w;
		p->f->counts.bytes += (uint64_t)w;
	}
}

static bool sum_is_right(struct patch *p)
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	switch (p->check.how) {
	case PATCH_SHA256:
		(void)crypto_hash_sha256_final(&p->sha256, sum); /* says 0 always */
		return sodium_memcmp(sum, p->check.sum, 32) == 0;
	case PATCH_SHA1:
		return EVP_DigestFinal_ex(p->sha1, sum, NULL) == 1 && sodium_memcmp(sum, p->check.sum, 20) == 0;
	case PATCH_NO_SUM:
		break;
	}
	return true;
}

enum err patch_end(struct patch *p)
{
	if (!p->u)
		return ERR_STALE;
	if (p->e != OK || sum_is_right(p))
		return p->e;
	if (ftruncate(p->fd, p->from) < 0) {
		log_error("files", "cannot take bytes back id=%s: %s", p->u->row.id, strerror(errno));
		return ERR_IO;
	}
	p->u->offset = p->from;
	return ERR_INVALID;
}

struct upload *patch_upload(struct patch *p)
{
	return p->u;
}

void patch_free(struct patch *p)
{
	if (!p)
		return;
	if (p->u)
		p->u->writer = NULL;
	p->f->writers--;
	close(p->fd);
	EVP_MD_CTX_free(p->sha1);
	free(p);
}

/* ------------------------------------------------------------------ finish: on a helper thread */

struct finishing {
	struct job job;
	struct files *f; /* touched in the loop only */
	char *dir, *from, *to;
	struct upload_row row;
	struct files_end end;
	struct image image;
};

static bool sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* The folders of its place, each on disk once it is made. */
static bool make_folders(const struct finishing *o)
{
	char path[4096];

	for (int level = 1; level <= 2; level++) {
		(void)snprintf(path, sizeof path, "%s/%.2s%s%.2s", o->dir, o->row.sha256, level > 1 ? "/" : "", level > 1 ? o->row.sha256 + 2 : ""); /* fits */
		if (mkdir(path, 0750) == 0) {
			*strrchr(path, '/') = '\0';
			if (!sync_folder(path))
				return false;
		} else if (errno != EEXIST) {
			return false;
		}
	}
	return true;
}

/* All of it; NULL: it cannot be read, or is of another length. */
static unsigned char *read_all(int fd, int64_t length)
{
	unsigned char *p = NULL;
	struct stat st;
	int64_t n = 0;

	if (fstat(fd, &st) < 0 || st.st_size != length)
		return NULL;
	p = xcalloc(1, (size_t)length + 1);
	while (n < length) {
		ssize_t r = pread(fd, p + n, (size_t)(length - n), n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += r;
	}
	if (n == length)
		return p;
	free(p);
	return NULL;
}

/* Is it what was said?  Else end says why not. */
static bool check(struct finishing *o, const unsigned char *p)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof sum + 1], text[160];
	const char *what;

	(void)crypto_hash_sha256(sum, p, (unsigned long long)o->row.length); /* says 0 always */
	if (strcmp(sodium_bin2hex(hex, sizeof hex, sum, sizeof sum), o->row.sha256) != 0)
		return say(&o->end, ERR_INVALID, 422, "bad_hash", "the bytes have another SHA-256 than was said");
	if ((what = image_read(p, (size_t)o->row.length, &o->image)))
		return say(&o->end, ERR_INVALID, 415, "not_a_photo", what);
	if ((int)o->image.kind != o->row.kind) {
		(void)snprintf(text, sizeof text, "it is %s, and was said to be %s", image_mime(o->image.kind), image_mime((enum image_kind)o->row.kind)); /* fits */
		return say(&o->end, ERR_INVALID, 415, "bad_type", text);
	}
	if ((int64_t)o->image.width * o->image.height > FILES_PIXELS_MAX) {
		(void)snprintf(text, sizeof text, "%ux%u pixels; at most %d in all", o->image.width, o->image.height, FILES_PIXELS_MAX); /* fits */
		return say(&o->end, ERR_INVALID, 413, "too_many_pixels", text);
	}
	return true;
}

static void put_in_place(struct finishing *o, int fd, bool moved)
{
	char *folder = xstrndup(o->to, (size_t)(strrchr(o->to, '/') - o->to));

	/* A failed fsync may not be tried again: the bytes are taken out, and come again. */
	if (fchmod(fd, 0640) < 0 || FAULT("files.sync") || fsync(fd) < 0) {
		(void)unlink(o->from); /* swept else */
		(void)say(&o->end, ERR_CORRUPT, 503, "unavailable", "the photo could not be kept: send it again");
	} else if (!moved && (!make_folders(o) || FAULT("files.rename") || rename(o->from, o->to) < 0)) {
		(void)say(&o->end, ERR_IO, 503, "unavailable", "the photo cannot be kept now: try again");
	} else if (FAULT("files.dirsync") || !sync_folder(folder)) {
		(void)unlink(o->to);
		(void)say(&o->end, ERR_CORRUPT, 503, "unavailable", "the photo could not be kept: send it again");
	} else {
		o->end = (struct files_end){.e = OK};
	}
	free(folder);
}

static void finish_run(struct job *j)
{
	struct finishing *o = (struct finishing *)j;
	int fd = open(o->from, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool moved = fd < 0; /* killed before it was noted */
	unsigned char *p = NULL;

	if (moved)
		fd = open(o->to, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || !(p = read_all(fd, o->row.length))) {
		(void)say(&o->end, ERR_CORRUPT, 503, "unavailable", "the photo could not be read back: send it again");
	} else if (check(o, p)) {
		put_in_place(o, fd, moved);
	}
	free(p);
	if (fd >= 0)
		close(fd);
	if (o->end.e == ERR_INVALID)
		(void)unlink(o->from); /* swept else */
}

/* ------------------------------------------------------------------ finish: in the loop */

static void finish_done(struct job *j, void *ctx)
{
	struct finishing *o = (struct finishing *)j;
	struct files *f = o->f;
	struct upload *u = map_get(&f->by_id, o->row.id, strlen(o->row.id));
	uint64_t ticket = u ? u->ticket : 0;
	enum files_way way = u ? u->way : FILES_HEAD;
	enum err e;

	(void)ctx;
	if (u)
		u->finishing = false;
	if (!j->ran) /* the server ends; the next one asks again */
		(void)say(&o->end, ERR_IO, 503, "unavailable", "the server ends");
	if (o->end.e == OK && u) {
		u->owner->unfinished--;
		f->unfinished--;
		u->row.done_ms = clock_wall_ms();
		f->counts.done++;
		if ((e = sessiondb_upload_put(f->db, &u->row)) != OK) /* after a restart, its file says so */
			log_warn("files", "cannot note that an upload is done id=%s err=%s", u->row.id, err_name(e));
		log_info("files", "photo sha256=%.12s device=%s bytes=%lld %ux%u", u->row.sha256, u->row.device, (long long)u->row.length, o->image.width, o->image.height);
	} else if (o->end.e == ERR_INVALID || o->end.e == ERR_CORRUPT) {
		f->counts.refused++;
		log_warn("files", "upload dropped code=%s device=%s bytes=%lld: %s", o->end.code, o->row.device, (long long)o->row.length, o->end.detail);
		if (u)
			files_drop(f, u);
		u = NULL;
	}
	if (ticket)
		f->world.finished(f->world.ctx, ticket, way, u, &o->end);
	free(o->dir);
	free(o->from);
	free(o->to);
	free(o);
}

enum err files_finish(struct files *f, struct upload *u, uint64_t ticket, enum files_way way)
{
	struct files_end stale;
	struct finishing *o;

	if (u->finishing) { /* who asked before has lost his connection, or will ask again */
		(void)say(&stale, ERR_STALE, 409, "superseded", "another request waits for the end of this upload");
		if (u->ticket)
			f->world.finished(f->world.ctx, u->ticket, u->way, NULL, &stale);
	} else {
		o = xcalloc(1, sizeof *o);
		o->job.run = finish_run;
		o->job.done = finish_done;
		o->f = f;
		o->row = u->row;
		o->dir = xstrdup(f->dir);
		o->from = incoming(f, u->row.id);
		o->to = place(f, u->row.sha256, u->row.device);
		if (!worker_add(f->worker, &o->job)) {
			free(o->dir);
			free(o->from);
			free(o->to);
			free(o);
			return ERR_BUSY;
		}
		u->finishing = true;
	}
	u->ticket = ticket;
	u->way = way;
	return OK;
}

/* ------------------------------------------------------------------ photos */

int files_photo(const struct files *f, const char *sha256, const char *device)
{
	char *path = place(f, sha256, device);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	free(path);
	return fd;
}

bool files_has(const struct files *f, const char *sha256, const char *device)
{
	char *path = place(f, sha256, device);
	bool has = path && access(path, F_OK) == 0;

	free(path);
	return has;
}

/* ------------------------------------------------------------------ what is no longer wanted */

struct walking { /* looks for photos that nobody names, on a helper thread */
	struct job job;
	struct files *f; /* touched in the loop only */
	char *dir, *db_path;
	char db[STORE_DB_ID];
	int64_t before_ms; /* older than this */
	int first, n;      /* folders */
	size_t gone;
	enum err e;
};

static void look_at(struct walking *w, struct store *st, int folder, const char *name)
{
	char sha256[PHOTO_HEX], path[PHOTO_PLACE];
	struct stat s;

	if (strlen(name) < 66 || name[64] != '.')
		return;
	slice_copy(sha256, sizeof sha256, (struct slice){name, 64});
	if (!photos_place(sha256, name + 65, path) || fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(s.st_mode) ||
		(int64_t)s.st_mtim.tv_sec * 1000 + s.st_mtim.tv_nsec / 1000000 >= w->before_ms)
		return;
	w->e = photos_named(st, sha256, name + 65);
	if (w->e == ERR_NOTFOUND) {
		w->e = OK;
		w->gone += unlinkat(folder, name, 0) == 0;
	}
}

static void look_through(struct walking *w, struct store *st, const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *e = NULL; d && w->e == OK && (e = readdir(d));)
		look_at(w, st, dirfd(d), e->d_name);
	if (d)
		closedir(d);
}

static void walk_run(struct job *j)
{
	struct walking *w = (struct walking *)j;
	struct store *st = NULL;
	struct head head;
	char path[4096];

	if ((w->e = store_open(w->db_path, STORE_READER, &st, NULL)) == OK && (w->e = store_head(st, &head)) == OK && strcmp(head.db, w->db) != 0)
		w->e = ERR_STALE;
	for (int i = w->first; i < w->first + w->n && w->e == OK; i++) {
		(void)snprintf(path, sizeof path, "%s/%02x", w->dir, i); /* fits */
		if (access(path, F_OK) < 0)
			continue;
		for (int k = 0; k < FOLDERS && w->e == OK; k++) {
			(void)snprintf(path, sizeof path, "%s/%02x/%02x", w->dir, i, k); /* fits */
			look_through(w, st, path);
		}
	}
	store_close(st);
}

static void walk_done(struct job *j, void *ctx)
{
	struct walking *w = (struct walking *)j;
	struct files *f = w->f;

	(void)ctx;
	f->walking = false;
	f->counts.orphans += w->gone;
	if (j->ran && w->e == OK)
		f->folder = (w->first + w->n) % FOLDERS;
	if (w->gone)
		log_info("files", "photos that no event names are removed n=%zu", w->gone);
	free(w->dir);
	free(w->db_path);
	free(w);
}

/* The next folders: all of them are looked through once in a round. */
static void walk(struct files *f, const char *db, int64_t now_ms)
{
	int64_t each = f->round_ms / FOLDERS;
	struct walking *w;

	if (now_ms - f->walked_ms >= 0 && now_ms - f->walked_ms < each)
		return;
	f->walked_ms = now_ms;
	w = xcalloc(1, sizeof *w);
	w->job.run = walk_run;
	w->job.done = walk_done;
	w->f = f;
	w->dir = xstrdup(f->dir);
	w->db_path = xstrdup(f->db_path);
	slice_copy(w->db, sizeof w->db, slice_of(db));
	w->before_ms = now_ms - f->unnamed_ms;
	w->first = f->folder;
	w->n = each >= 1000 ? 1 : f->round_ms <= 1000 ? FOLDERS : (int)(FOLDERS * 1000LL / f->round_ms) + 1;
	if (w->n > FOLDERS - w->first)
		w->n = FOLDERS - w->first;
	f->walking = worker_add(f->worker, &w->job);
	if (!f->walking) {
		free(w->dir);
		free(w->db_path);
		free(w);
	}
}

/* After a restored backup, phones bring their events again: until then nobody is without a name. */
static bool is_known(struct files *f, const char *db, int64_t now_ms)
{
	if (strcmp(f->met, db) != 0) {
		if (sessiondb_met(f->db, db, now_ms, &f->met_ms) != OK)
			return false;
		slice_copy(f->met, sizeof f->met, slice_of(db));
	}
	return now_ms - f->met_ms >= f->unnamed_ms;
}

static void expire(struct files *f, int64_t now_ms)
{
	int64_t every = f->upload_ms < 60000 ? f->upload_ms : 60000;
	struct upload *u, *over[EXPIRE_MAX];
	size_t n = 0;

	if (now_ms - f->expired_ms >= 0 && now_ms - f->expired_ms < every)
		return;
	for (size_t pos = 0; n < EXPIRE_MAX && (u = map_next(&f->by_id, &pos));)
		if (!u->finishing && (u->row.done_ms ? now_ms - u->row.done_ms >= FILES_DAY_MS : now_ms >= upload_expires_ms(f, u)))
			over[n++] = u;
	for (size_t i = 0; i < n; i++) {
		f->counts.expired += !over[i]->row.done_ms;
		files_drop(f, over[i]);
	}
	if (n < EXPIRE_MAX)
		f->expired_ms = now_ms;
}

/* Unfinished uploads of devices that are no more. */
static void drop_revoked(struct files *f, struct store *st)
{
	char district[8];
	struct owner *o;

	for (bool again = f->unfinished > 0; again;) {
		again = false;
		for (size_t pos = 0; (o = map_next(&f->by_device, &pos));) {
			struct upload *next;
			bool last = false;

			if (!o->unfinished || sync_district(st, o->device, district) != ERR_NOTFOUND)
				continue;
			log_info("files", "uploads of a revoked device are dropped device=%s n=%zu", o->device, o->unfinished);
			for (struct upload *u = o->first; u && !last; u = next) {
				next = u->next;
				last = !next; /* then o may be gone */
				if (!u->row.done_ms)
					files_drop(f, u);
			}
			again = true;
			break;
		}
	}
	f->recheck = false;
}

void files_sweep(struct files *f, struct store *st, const char *db, bool moved, int64_t now_ms)
{
	expire(f, now_ms);
	f->recheck |= moved;
	if (!st)
		return;
	if (f->recheck)
		drop_revoked(f, st);
	if (!f->walking && *db && is_known(f, db, now_ms))
		walk(f, db, now_ms);
}

/* ------------------------------------------------------------------ opening */

static void load(void *ctx, const struct upload_row *r)
{
	struct files *f = ctx;
	char name[PHOTO_PLACE], *path;
	struct stat st;
	struct upload *u;
	bool known = strlen(r->id) == UPLOAD_ID - 1 && strspn(r->id, "0123456789abcdef") == UPLOAD_ID - 1 && photos_place(r->sha256, r->device, name) &&
		r->kind >= IMAGE_JPEG && r->kind <= IMAGE_WEBP && f->by_id.n < FILES_UPLOADS_MAX, there;

	path = incoming(f, r->id);
	there = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	if (known && (there || r->done_ms || files_has(f, r->sha256, r->device))) {
		u = add(f, r);
		u->offset = there && st.st_size < r->length ? st.st_size : r->length; /* not there: moved, or done */
	} else if (sessiondb_upload_drop(f->db, r->id) != OK) {
		log_warn("files", "an upload that is lost stays in the list of the server id=%s", r->id);
	}
	free(path);
}

/* Files that no upload is known for. */
static void remove_strays(struct files *f)
{
	char *path = xasprintf("%s/incoming", f->dir);
	DIR *d = opendir(path);

	for (struct dirent *e = NULL; d && (e = readdir(d));)
		if (strlen(e->d_name) == UPLOAD_ID - 1 && !map_get(&f->by_id, e->d_name, strlen(e->d_name)))
			(void)unlinkat(dirfd(d), e->d_name, 0); /* the next start tries again */
	if (d)
		closedir(d);
	free(path);
}

static enum err settings(struct files *f, struct conf *c, struct why *why)
{
	int64_t upload_s, unnamed_s, round_s;
	enum err e;

	if ((e = conf_int(c, "files", "max_bytes", 1024, 64 << 20, 5 << 20, &f->max_bytes, why)) != OK ||
		(e = conf_int(c, "files", "upload_s", 1, 30 * 86400, 86400, &upload_s, why)) != OK ||
		(e = conf_int(c, "files", "unnamed_s", 1, 3650LL * 86400, 7 * 86400, &unnamed_s, why)) != OK ||
		(e = conf_int(c, "files", "sweep_s", 1, 30 * 86400, 86400, &round_s, why)) != OK ||
		(e = conf_int(c, "files", "at_once", 1, 10000, 256, &f->at_once, why)) != OK ||
		(e = conf_int(c, "files", "device_unfinished", 1, 1000, 16, &f->device_unfinished, why)) != OK ||
		(e = conf_int(c, "files", "device_day_files", 1, 100000, 500, &f->day_files, why)) != OK ||
		(e = conf_int(c, "files", "device_day_bytes", 1024, 1LL << 40, 256 << 20, &f->day_bytes, why)) != OK)
		return e;
	f->upload_ms = upload_s * 1000;
	f->unnamed_ms = unnamed_s * 1000;
	f->round_ms = round_s * 1000;
	return OK;
}

static enum err open_folders(struct files *f, struct why *why)
{
	char *path = xasprintf("%s/incoming", f->dir);
	enum err e = OK;

	if ((mkdir(f->dir, 0750) < 0 && errno != EEXIST) || (mkdir(path, 0750) < 0 && errno != EEXIST) || access(path, R_OK | W_OK | X_OK) < 0)
		e = why_set(why, ERR_IO, "[files] dir = %s: cannot write there: %s", f->dir, strerror(errno));
	free(path);
	return e;
}

enum err files_open(struct conf *c, const char *server_db, const char *db_path, const struct files_world *world,
	struct files **out, struct why *why)
{
	const char *dir = conf_path(c, "files", "dir", NULL);
	struct files *f;
	enum err e;

	*out = NULL;
	if (!dir)
		return OK;
	if (strlen(dir) > 3800)
		return why_set(why, ERR_INVALID, "[files] dir: the path is too long");
	f = xcalloc(1, sizeof *f);
	f->dir = xstrdup(dir);
	f->db_path = xstrdup(db_path);
	f->world = *world;
	f->recheck = true;
	if ((e = settings(f, c, why)) == OK && (e = open_folders(f, why)) == OK && (e = sessiondb_open(server_db, &f->db, why)) == OK &&
		((e = sessiondb_hurry(f->db)) != OK || (e = sessiondb_uploads(f->db, load, f)) != OK))
		(void)why_set(why, e, "cannot read %s: %s", server_db, err_name(e));
	if (e == OK) {
		remove_strays(f);
		*out = f;
	} else {
		files_free(f);
	}
	return e;
}

void files_use(struct files *f, struct worker *w)
{
	f->worker = w;
}

void files_free(struct files *f)
{
	struct upload *u;
	struct owner *o;

	if (!f)
		return;
	for (size_t pos = 0; (u = map_next(&f->by_id, &pos));)
		free(u);
	for (size_t pos = 0; (o = map_next(&f->by_device, &pos));)
		free(o);
	map_done(&f->by_id);
	map_done(&f->by_device);
	sessiondb_close(f->db);
	free(f->dir);
	free(f->db_path);
	free(f);
}
