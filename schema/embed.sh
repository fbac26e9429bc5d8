#!/bin/sh
# Writes the migrations as C strings: embed.sh FILE... > sql_text.c
set -eu
echo '#include "schema/sql_text.h"'
echo 'const char *const sql_migration[] = {'
for f in "$@"; do
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$f"
	echo ','
done
echo 'NULL};'
