/* f_mask.c - any bytes: no run of eleven digits is left in a free text, nothing grows, UTF-8 stays UTF-8, and a JSON
 * value stays one of the same shape. */
#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_utf8(struct slice s)
{
	for (uint32_t i = 0; i < s.n;) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t len = *p < 0x80 ? 1 : utf8_len(p, s.n - i);

		if (!len)
			return false;
		i += (uint32_t)len;
	}
	return true;
}

static unsigned longest_run(struct slice s)
{
	unsigned run = 0, longest = 0;

	for (uint32_t i = 0; i < s.n;) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		bool wide = s.n - i >= 3 && p[0] == 0xef && p[1] == 0xbc && p[2] >= 0x90 && p[2] <= 0x99;

		run = wide || (*p >= '0' && *p <= '9') ? run + 1 : 0;
		if (run > longest)
			longest = run;
		i += wide ? 3 : 1;
	}
	return longest;
}

static void check(void (*mask)(struct slice, struct buf *), struct slice in, bool text)
{
	struct buf b = {0};

	mask(in, &b);
	assert(!is_utf8(in) || is_utf8(buf_slice(&b)));
	assert(!text || (b.n <= in.n && longest_run(buf_slice(&b)) < 11));
	assert(b.n <= 2 * (size_t)in.n); /* a name of one letter gets its star */
	buf_done(&b);
}

static void check_json(struct slice in)
{
	struct json was = {0}, now = {0}, scratch = {0};
	struct buf b = {0};
	bool sound = json_read(&was, in.p, in.n);

	mask_json(in, &scratch, &b);
	if (sound) {
		assert(json_read(&now, b.p, b.n));
		assert(now.ntok == was.ntok);
		for (uint32_t i = 0; i < was.ntok; i++) { /* a number that may be of a person becomes a text */
			bool text = (was.tok[i].type == JSON_INT || was.tok[i].type == JSON_REAL) && now.tok[i].type == JSON_STRING;

			assert((now.tok[i].type == was.tok[i].type || text) && now.tok[i].count == was.tok[i].count);
		}
	}
	json_done(&was);
	json_done(&now);
	json_done(&scratch);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = xcalloc(1, size + 1); /* what is read beyond it is found */
	struct slice in = {copy, (uint32_t)size};

	if (size)
		memcpy(copy, data, size);
	check(mask_text, in, true);
	check(mask_name, in, false);
	check(mask_names, in, false);
	check(mask_key, in, false);
	check(mask_phone, in, false);
	check_json(in);
	free(copy);
	return 0;
}
