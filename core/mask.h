/* mask.h - personal data taken out of what is shown (domain page, section 5).  Pure.
 *
 * A name keeps its first character: 张*, 欧*, J*.  A phone keeps its first digits and the last four: 138****0000.  An
 * identity number becomes stars throughout.  What was empty stays empty.  Input is UTF-8; digits may be full-width. */
#ifndef XUNGE_CORE_MASK_H
#define XUNGE_CORE_MASK_H

#include "base/buf.h"
#include "core/json.h"

void mask_name(struct slice name, struct buf *out);
/* Several in one text, separated by 、 ， , ; ； / or spaces between Chinese names; separators stay. */
void mask_names(struct slice names, struct buf *out);
/* A key that should be a code (of a household), and may hold somebody's name: two characters of Chinese and more are masked
 * as a name, 张三(户主) as 张*(户*), the rest as text. */
void mask_key(struct slice key, struct buf *out);
/* A field of its own that holds a phone number, or several. */
void mask_phone(struct slice phone, struct buf *out);
/* Free text: mobile numbers (also +86, also in groups), numbers with an area code, identity numbers of 18 (17 and X), and
 * every run of 11 digits and more.  Shorter runs are dates, amounts and house numbers: they stay. */
void mask_text(struct slice text, struct buf *out);
/* A JSON value as it stands in an event: mask_text in its strings, mask_names in the members that hold names; the
 * members that hold codes and ids stay, and numbers.  Of a member that is not ours (unknown ones are kept) nobody knows what it holds:
 * mask_names in all of its strings that have letters, and a number that may be of a phone or a person becomes a masked text.
 * j: to read strings with escapes. */
void mask_json(struct slice value, struct json *j, struct buf *out);

#endif
