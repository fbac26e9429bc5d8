/* f_json - json_read beside jansson: both take a text or both refuse it, and what they read is the
 * same.  Ours is stricter in two things: depth (core/json.h), and a raw NUL, which jansson passes
 * over behind the value. */
#include <stdlib.h>

#include "base/buf.h"
#include "core/json.h"
#include "tests/jansson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			die("f_json: line %d: %s", __LINE__, #x);                                  \
	} while (0)

static bool too_deep(const struct json *j)
{
	for (uint32_t i = 0; i < j->nsoft; i++)
		if (j->soft[i].err == JSON_TOO_DEEP)
			return true;
	return false;
}

/* What holds for every doc, sound or broken. */
static void check_tokens(struct json *j)
{
	CHECK(j->ntok <= j->len);
	CHECK(j->err == JSON_OK || j->err_at <= j->len);
	for (uint32_t t = 0; t < j->ntok; t++) {
		const struct json_tok *k = &j->tok[t];
		double d;
		int64_t v;

		CHECK(k->from <= k->to && k->to <= j->len);
		CHECK(k->next > t && k->next <= j->ntok);
		if (t < 200)
			CHECK(json_text(j, t).n <= k->to - k->from);
		if (json_int(j, t, &v) && json_double(j, t, &d))
			CHECK(d == (double)v);
		(void)json_scaled(j, t, 3, &v); /* the sanitizer looks on */
	}
	for (uint32_t i = 1; i < j->nsoft; i++)
		CHECK(j->soft[i - 1].at < j->soft[i].at);
	if (j->nsoft && j->err == JSON_OK)
		CHECK(json_soft_in(j, 0) == &j->soft[0]);
}

static void equal(struct json *j, uint32_t t, const json_t *v)
{
	const struct json_tok *k = &j->tok[t];
	struct slice s;
	int64_t i;
	double d;

	switch (json_typeof(v)) {
	case JANSSON_NULL:
		CHECK(k->type == JSON_NULL);
		break;
	case JANSSON_TRUE:
		CHECK(k->type == JSON_TRUE);
		break;
	case JANSSON_FALSE:
		CHECK(k->type == JSON_FALSE);
		break;
	case JANSSON_INTEGER:
		CHECK(k->type == JSON_INT && json_int(j, t, &i) && i == json_integer_value(v));
		break;
	case JANSSON_REAL:
		CHECK(k->type == JSON_REAL && json_double(j, t, &d));
		CHECK(d == json_real_value(v)); /* both finite */
		break;
	case JANSSON_STRING:
		s = json_text(j, t);
		CHECK(k->type == JSON_STRING && s.n == json_string_length(v));
		CHECK(memcmp(s.p, json_string_value(v), s.n) == 0);
		break;
	case JANSSON_ARRAY:
		CHECK(k->type == JSON_ARRAY && k->count == json_array_size(v));
		for (uint32_t m = 0, e = t + 1; m < k->count; m++, e = j->tok[e].next)
			equal(j, e, json_array_get(v, m));
		break;
	case JANSSON_OBJECT:
		CHECK(k->type == JSON_OBJECT && k->count == json_object_size(v));
		for (uint32_t m = 0, e = t + 1; m < k->count; m++, e = j->tok[e + 1].next) {
			char *key;
			json_t *member;

			s = json_text(j, e);
			key = xstrndup(s.p, s.n);
			member = json_object_get(v, key);
			CHECK(member != NULL);
			CHECK(json_get(j, t, key) == e + 1);
			free(key);
			equal(j, e + 1, member);
		}
		break;
	}
}

/* The same doc with its members sorted is the same doc, and without the last one it is not. */
static void check_same(struct json *j, const json_t *v)
{
	struct json sorted = {0};
	bool reals = false;
	char *text;

	CHECK(json_same(j, 0, j, 0));
	for (uint32_t t = 0; t < j->ntok; t++)
		reals |= j->tok[t].type == JSON_REAL; /* jansson writes them with other digits */
	if (reals)
		return;
	text = json_dumps(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	CHECK(text != NULL);
	CHECK(json_read(&sorted, text, strlen(text)));
	CHECK(json_same(j, 0, &sorted, 0));
	CHECK(json_same(&sorted, 0, j, 0));
	if (sorted.ntok > 1 && sorted.tok[0].type == JSON_ARRAY)
		CHECK(!json_same(j, 0, &sorted, 1) || sorted.tok[1].count == sorted.tok[0].count);
	json_done(&sorted);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json j = {0};
	char *copy; /* of just n bytes: the sanitizer sees a read beyond them */
	json_t *v;
	bool ok;

	if (n > 65536)
		return 0;
	copy = malloc(n ? n : 1);
	CHECK(copy != NULL);
	memcpy(copy, data, n);
	v = json_loadb(copy, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	/* twice: the second time with used memory */
	(void)json_read(&j, "{\"a\":[1e999,{\"b\\n\":\"\\u0000\"}", 29);
	ok = json_read(&j, copy, n);
	CHECK(ok == (j.err == JSON_OK && j.nsoft == 0));
	if (memchr(copy, '\0', n))
		CHECK(!ok);
	else if (v == NULL || !too_deep(&j))
		CHECK(ok == (v != NULL));
	check_tokens(&j);
	if (ok) {
		equal(&j, 0, v);
		check_same(&j, v);
	}
	json_decref(v);
	json_done(&j);
	free(copy);
	return 0;
}
