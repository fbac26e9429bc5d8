/* sql_text.h - schema/sql/NNNN-*.sql in order, written by schema/embed.sh; NULL at the end. */
#ifndef XUNGE_SCHEMA_SQL_TEXT_H
#define XUNGE_SCHEMA_SQL_TEXT_H

#include <stddef.h>

extern const char *const sql_migration[];

#endif
