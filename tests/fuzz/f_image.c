/* f_image.c - any bytes: nothing beyond them is read, and what is taken for a whole picture is one no longer with a
 * byte more or a byte less. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *read_exactly(const uint8_t *data, size_t size, struct image *out)
{
	uint8_t *copy = xcalloc(1, size + 1), *tight;
	const char *what;

	if (size)
		memcpy(copy, data, size);
	tight = xrealloc(copy, size ? size : 1); /* what is read beyond it is found */
	what = image_read(tight, size, out);
	free(tight);
	return what;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image im = {IMAGE_NONE, 0, 0}, other;
	const char *what = read_exactly(data, size, &im);
	uint8_t *more;

	if (what) {
		assert(im.kind == IMAGE_NONE && !im.width);
		return 0;
	}
	assert(im.kind == image_magic(data, size) && image_mime(im.kind));
	assert(im.width && im.height);
	assert(read_exactly(data, size - 1, &other));
	more = xcalloc(1, size + 1);
	memcpy(more, data, size);
	assert(read_exactly(more, size + 1, &other));
	free(more);
	return 0;
}
