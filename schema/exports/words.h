/* words.h - codes as Chinese ledgers say them, for rows_word().  NULL: no such code, the code is shown. */
#ifndef XUNGE_SCHEMA_EXPORTS_WORDS_H
#define XUNGE_SCHEMA_EXPORTS_WORDS_H

const char *word_level(const char *code);  /* town: 镇级 */
const char *word_route(const char *code);  /* river: 河道 */
const char *word_class(const char *code);  /* hazard: 隐患 */
const char *word_result(const char *code); /* settled_oral: 口头协议; of a case's handling, and of an inspection */
const char *word_rating(const char *code); /* basic: 基本满意 */

#endif
