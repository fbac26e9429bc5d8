/* image.h - is it a picture, and how large?  JPEG, PNG and WebP are walked from their first byte to their last: a file
 * that goes on behind its picture, or ends before, is none. */
#ifndef XUNGE_CORE_IMAGE_H
#define XUNGE_CORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_kind { IMAGE_NONE, IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP };

struct image {
	enum image_kind kind;
	uint32_t width, height; /* pixels, not 0 */
};

/* By the first bytes alone. */
enum image_kind image_magic(const void *p, size_t n);

/* NULL: *out tells of a whole picture.  Else what is wrong, for people. */
const char *image_read(const void *p, size_t n, struct image *out);

const char *image_mime(enum image_kind kind);   /* "image/jpeg"; NULL for none */
const char *image_suffix(enum image_kind kind); /* "jpg" */
enum image_kind image_kind_of(const char *mime);

#endif
