/* pages.h - the files of the web folder, read once at the start and kept in memory, texts also
 * gzipped.  A path is looked up, never opened: there is nothing to climb out of. */
#ifndef XUNGE_SERVER_PAGES_H
#define XUNGE_SERVER_PAGES_H

#include "base/err.h"
#include "server/http.h"

#define PAGES_FILES_MAX 2000
#define PAGES_BYTES_MAX (64 * 1024 * 1024)

struct pages;

/* ERR_NOTFOUND: no such folder; ERR_FULL: beyond the bounds; names what.
 *   img   borrowed while p lives: a host from which pages may show pictures beside ours (http.h); or NULL */
enum err pages_load(const char *dir, const char *img, struct pages **out, struct why *why) MUST_CHECK;
void pages_free(struct pages *p);
size_t pages_count(const struct pages *p);

const char *pages_hash(const struct pages *p); /* of all files; NULL without any */

/* GET and HEAD of rq->path ("/field/" is /field/index.html).  False: no such file; rs is untouched.
 * Every file but the pages also stands under /a/HASH/, to be kept for ever; the start page names them so.
 * An older hash is not found: two versions of one page must not mix. */
bool pages_answer(struct pages *p, const struct request *rq, struct response *rs);

#endif
