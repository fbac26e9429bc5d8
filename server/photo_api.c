#include "server/photo_api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "schema/photos.h"
#include "server/access.h"
#include "server/device_access.h"
#include "server/streamjob.h"

struct showing { /* one photo under way */
	struct streamjob s;
	struct app *a;
	int fd;
	int64_t size, at;
	char sha256[PHOTO_HEX];
	enum image_kind kind;
};

static void release(struct streamjob *s)
{
	struct showing *o = (struct showing *)s;

	o->a->photos_shown--;
	close(o->fd);
	free(o);
}

/* ------------------------------------------------------------------ on a helper thread */

static void read_piece(struct streamjob *s)
{
	struct showing *o = (struct showing *)s;
	size_t want = o->size - o->at < PHOTO_PIECE ? (size_t)(o->size - o->at) : PHOTO_PIECE;
	ssize_t n;

	buf_reserve(&s->piece, want);
	do
		n = pread(o->fd, s->piece.p, want, o->at);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		s->e = why_set(&s->why, ERR_IO, "%s", n < 0 ? strerror(errno) : "it ends too early");
		return;
	}
	s->piece.n = (size_t)n;
	if (!o->at)
		o->kind = image_magic(s->piece.p, s->piece.n);
	o->at += n;
	s->more = o->at < o->size;
}

/* ------------------------------------------------------------------ its answer */

/* What it is, is said by its first bytes and nothing else; whatever it is, it runs nothing. */
static void describe(const struct showing *o, struct response *rs)
{
	const char *mime = image_mime(o->kind);

	rs->status = 200;
	rs->type = mime ? mime : "application/octet-stream";
	buf_addf(&rs->head, "content-disposition: inline; filename=\"%.12s.%s\"\r\netag: \"%s\"\r\n", o->sha256, image_suffix(o->kind), o->sha256);
	response_header(rs, "content-security-policy", "default-src 'none'; sandbox");
	response_header(rs, "cache-control", "private, no-cache");
	response_header(rs, "vary", "authorization, cookie");
}

static void answer(struct streamjob *s, struct response *rs)
{
	const struct showing *o = (const struct showing *)s;

	if (s->e == OK) {
		describe(o, rs);
		return;
	}
	log_error("photo", "cannot read a photo sha256=%.12s: %s", o->sha256, s->why.text);
	response_retry(rs, 5);
	response_problem(rs, 503, "unavailable", "the photo cannot be read now: try again");
}

static const struct streamjob_calls calls = {.work = read_piece, .answer = answer, .release = release};

/* ------------------------------------------------------------------ the question */

struct finding {
	struct files *files;
	const char *sha256;
	int fd;
};

static void found(void *ctx, const char *device)
{
	struct finding *f = ctx;

	if (f->fd < 0)
		f->fd = files_photo(f->files, f->sha256, device);
}

/* Opens it, if who asks may see it; -1: rs says why not.  Not there and not allowed look alike. */
static int open_photo(struct app *a, const struct request *rq, const char *sha256, struct response *rs)
{
	struct finding f = {a->files, sha256, -1};
	char device[DEVICE_ID_ROOM];
	struct session *s = NULL;
	enum err e = ERR_CLOSED;

	if (rq->authorization) { /* a phone; a cookie beside it says nothing */
		if (!device_access(a, rq, rs, device))
			return -1;
	} else if (!(s = access_session(a, rq))) {
		access_unauthorized(rs);
		return -1;
	}
	if (a->files && a->st)
		e = s ? photos_in_scope(a->st, sha256, s->user.scope, found, &f) : photos_in_sync(a->st, sha256, device, found, &f);
	else if (!a->files)
		e = OK;
	if (e != OK) {
		if (f.fd >= 0)
			close(f.fd);
		response_retry(rs, 5);
		response_problem(rs, 503, "unavailable", "the records cannot be read now: try again");
		return -1;
	}
	if (f.fd < 0)
		response_problem(rs, 404, "not_found", "there is no such photo, or it is not for you");
	else
		log_info("photo", "shown sha256=%.12s %s=%s", sha256, s ? "user" : "device", s ? s->user.name : device);
	return f.fd;
}

void photo_get(void *ctx, struct request *rq, struct response *rs)
{
	struct app *a = ctx;
	char sha256[PHOTO_HEX] = "", etag[PHOTO_HEX + 2];
	struct showing *o;
	struct stat st;
	int fd;

	if (rq->param[0].n == PHOTO_HEX - 1)
		slice_copy(sha256, sizeof sha256, rq->param[0]);
	if ((fd = open_photo(a, rq, sha256, rs)) < 0)
		return;
	(void)snprintf(etag, sizeof etag, "\"%s\"", sha256); /* fits */
	if (fstat(fd, &st) < 0 || a->photos_shown >= PHOTOS_SHOWN_MAX) {
		close(fd);
		response_retry(rs, 2);
		response_problem(rs, 503, "busy", "too many photos at once: try again");
		return;
	}
	if (rq->if_none_match && http_etag_listed(rq->if_none_match, etag)) {
		close(fd);
		rs->status = 304;
		response_header(rs, "etag", etag);
		response_header(rs, "cache-control", "private, no-cache");
		return;
	}
	o = xcalloc(1, sizeof *o);
	o->a = a;
	o->s = (struct streamjob){.calls = &calls, .wire = a->wire, .worker = a->filer, .ticket = rq->ticket};
	o->fd = fd;
	o->size = st.st_size;
	memcpy(o->sha256, sha256, sizeof o->sha256);
	a->photos_shown++;
	if (streamjob_start(&o->s)) {
		rs->later = true;
		return;
	}
	release(&o->s);
	response_retry(rs, 2);
	response_problem(rs, 503, "busy", "too many photos at once: try again");
}
