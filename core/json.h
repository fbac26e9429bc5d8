/* json.h - a strict JSON reader: text -> flat array of tokens, no copies, one pass.
 *
 * As strict as jansson with JSON_REJECT_DUPLICATES (tests/fuzz/f_json.c holds the two against
 * each other), and stricter: depth <= JSON_DEPTH, no raw NUL behind the value.  Why our own: jansson
 * costs 5 us an event, a quarter of the budget.  Numbers are read in the C locale, which no program
 * of ours leaves.
 *
 * Two sorts of errors:
 *   hard  the text is not JSON (syntax, truncated, trailing bytes).  doc->err, doc->err_at say what
 *         and where; the tokens before it stand, so that an identity may still be read from them.
 *   soft  the text has JSON's shape but breaks a rule: duplicate key, number beyond a double, bad
 *         UTF-8 or half a surrogate pair, U+0000, too deep.  Recorded once for each element (the
 *         first): when the top is an array, for each of its elements, else for the whole.  Reading
 *         goes on. */
#ifndef XUNGE_CORE_JSON_H
#define XUNGE_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define JSON_DEPTH 8 /* levels of [ and {, inside one element of a top array or in the whole text */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INT, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_err {
	JSON_OK = 0,
	JSON_SYNTAX,    /* hard */
	JSON_TRUNCATED, /* hard */
	JSON_TRAILING,  /* hard: bytes after the value */
	JSON_DUPLICATE, /* soft, like all below */
	JSON_RANGE,     /* 1e999; an integer beyond int64 */
	JSON_UTF8,
	JSON_NUL,
	JSON_TOO_DEEP,
};

/* Tokens stand in text order.  An object's members are key, value, key, value ...; a container's
 * children follow it, and `next` is the index behind all of them, for any token. */
struct json_tok {
	uint8_t type;    /* enum json_type */
	uint8_t escaped; /* a string with a backslash */
	uint32_t from, to; /* bytes of the text: strings without their quotes, containers with brackets */
	uint32_t count;    /* children: elements, or members (pairs) */
	uint32_t next;
};

struct json_soft {
	uint32_t tok; /* the token it was found in, or at */
	uint32_t at;  /* byte of the text */
	enum json_err err;
};

struct json { /* zeroed = ready; use again and again, memory is kept; json_done() frees */
	const char *text; /* borrowed from the last json_read */
	uint32_t len;
	struct json_tok *tok;
	uint32_t ntok, cap;
	struct json_soft *soft; /* at most one for each element, in text order */
	uint32_t nsoft, softcap;
	enum json_err err; /* JSON_OK, or the hard error */
	uint32_t err_at;
	struct buf *scratch; /* chunks of unescaped text; owned */
	uint32_t nscratch;
};

/* Reads n bytes (n <= 4 MiB, assert).  True when there is neither a hard nor a soft error. */
bool json_read(struct json *j, const char *text, size_t n);
void json_done(struct json *j);
const char *json_err_name(enum json_err e); /* "syntax", "duplicate_key", ... */

/* The soft error that lies within token t (bytes from..to), or NULL. */
const struct json_soft *json_soft_in(const struct json *j, uint32_t t);

/* Member of object t: index of its value, or 0 when there is none (0 is the top, never a member). */
uint32_t json_get(const struct json *j, uint32_t t, const char *key);

/* Text of a string token, unescaped; valid until the next json_read. */
struct slice json_text(struct json *j, uint32_t t);
/* The bytes of any token as they stand (strings without quotes). */
struct slice json_raw(const struct json *j, uint32_t t);
/* JSON_INT whose value fits; reals with a zero fraction (1.0, 1e3) count as whole numbers. */
bool json_int(const struct json *j, uint32_t t, int64_t *out);
bool json_double(const struct json *j, uint32_t t, double *out); /* JSON_INT or JSON_REAL, finite */
/* Degrees x 10^7, rounded to the nearest; |degrees| <= limit, or false.  The same as by json_double, and cheaper. */
bool json_e7(const struct json *j, uint32_t t, int limit, int32_t *out);
/* The number times 10^decimals, when that is whole and fits: 12.345 with 3 gives 12345, exactly. */
bool json_scaled(const struct json *j, uint32_t t, int decimals, int64_t *out);

/* The same value, members in any order; numbers by value, strings by their unescaped bytes.
 * Docs without errors: with a duplicate key or too deep, the answer is no promise.
 * a and b may be the same or different docs. */
bool json_same(struct json *a, uint32_t ta, struct json *b, uint32_t tb);

#endif
