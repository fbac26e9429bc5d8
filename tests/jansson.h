/* jansson.h - jansson beside core/json.h.  Both call their types JSON_NULL, JSON_TRUE ...: here
 * jansson's are JANSSON_NULL and so on.  Its json_is_...() macros do not work then: compare
 * json_typeof(). */
#ifndef XUNGE_TESTS_JANSSON_H
#define XUNGE_TESTS_JANSSON_H

#define JSON_NULL JANSSON_NULL
#define JSON_FALSE JANSSON_FALSE
#define JSON_TRUE JANSSON_TRUE
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_STRING JANSSON_STRING
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_OBJECT JANSSON_OBJECT
#include <jansson.h>
#undef JSON_NULL
#undef JSON_FALSE
#undef JSON_TRUE
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_STRING
#undef JSON_ARRAY
#undef JSON_OBJECT

#endif
