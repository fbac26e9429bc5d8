#!/bin/bash
# House rules that a grep can prove.  One line for each check; closes with "lint: N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
passed=0
failed=0

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	mapfile -t all < <(git ls-files -co --exclude-standard | while read -r f; do [ -f "$f" ] && echo "$f"; done)
else
	mapfile -t all < <(find . -type f -not -path './build*' -not -path './run*' -not -path '*/node_modules/*' | sed 's|^\./||')
fi
pick() { printf '%s\n' "${all[@]}" | grep -E "$1"; }
mapfile -t c_files < <(pick '^(base|core|schema|ingest|server|cli)/.*\.[ch]$')
mapfile -t c_only < <(pick '^(base|core|schema|ingest|server|cli)/.*\.c$')
mapfile -t test_c < <(pick '^tests/.*\.[ch]$')
mapfile -t scripts < <(printf '%s\n' "${all[@]}" | while read -r f; do
	case $f in *.sh | .ci/run) echo "$f" ;; *) head -c 20 "$f" | grep -qaE '^#!/bin/(ba)?sh' && echo "$f" ;; esac
done)
mapfile -t modules < <(pick '\.mjs$' | grep -v '/vendor/')
mapfile -t texts < <(pick '\.(c|h|sh|mjs|js|md|sql|yaml|json|conf|in|acl|css|html|txt)$|^Makefile$' | grep -vE '/vendor/|package-lock\.json$|^tests/lint\.sh$|/corpus/')

# verdict NAME OFFENCES: nothing in OFFENCES is a pass
verdict() {
	if [ -z "$2" ]; then
		echo "ok - lint: $1"
		passed=$((passed + 1))
	else
		echo "not ok - lint: $1"
		printf '%s\n' "$2" | head -20 | sed 's/^/#   /'
		failed=$((failed + 1))
	fi
}

# ---- layers: base <- core <- schema <- {ingest, server, cli}
layer() { # FOLDER FORBIDDEN
	verdict "$1/ includes nothing of $2" "$(grep -nE "^#[[:space:]]*include \"($2)/" $(printf '%s\n' "${c_files[@]}" | grep "^$1/") /dev/null)"
}
layer base 'core|schema|ingest|server|cli'
layer core 'schema|ingest|server|cli'
layer schema 'ingest|server|cli'
layer ingest 'server|cli'
layer server 'ingest|cli'
layer cli 'ingest|server'
only() { # HEADER ALLOWED-PATHS
	verdict "$1 only in $2" "$(grep -nE "^#[[:space:]]*include [<\"]$1[>\"]" "${c_files[@]}" | grep -vE "^($2)")"
}
only 'sqlite3\.h' 'schema/|server/sessiondb\.c:'
only 'schema/sql\.h' 'schema/'
only 'mosquitto\.h' 'ingest/|cli/simulate\.c:'
only 'libwebsockets\.h' 'server/'
verdict "core/ does no input, output or clock" "$(grep -nE '#include <(unistd|fcntl|sys/socket|sys/stat|time|sys/time)\.h>|\b(fopen|clock_gettime|clock_wall_ms|clock_mono_ms|time)\(' $(printf '%s\n' "${c_files[@]}" | grep '^core/') /dev/null | grep -v '^\S*: \*')"
verdict "schema/ and core/ and base/ do not log" "$(grep -nE '\blog_(error|warn|info)\(' $(printf '%s\n' "${c_files[@]}" | grep -E '^(base|core|schema)/' | grep -v '^base/log\.') /dev/null)"

# ---- form
verdict "every .c includes its own header first" "$(for f in "${c_only[@]}"; do
	first=$(grep -m1 -E '^#[[:space:]]*include' "$f")
	own=${f%.c}.h
	if [ -f "$own" ]; then
		[ "$first" = "#include \"$own\"" ] || echo "$f: $first"
	elif [ "$(basename "$f")" != main.c ]; then
		echo "$first" | grep -q '^#include "' || echo "$f: $first"
	fi
done)"
verdict "header guards are named by path" "$(for f in "${c_files[@]}"; do
	case $f in *.h) g=XUNGE_$(echo "${f%.h}" | tr 'a-z/-' 'A-Z__')_H; grep -q "^#ifndef $g\$" "$f" && grep -q "^#define $g\$" "$f" || echo "$f: want $g" ;; esac
done)"
verdict "tabs indent, no spaces before them, none at the end" "$(grep -nP '^ {2,}\S|^ +\t|^\t+ {8,}\S|[ \t]+$|\r' "${c_files[@]}" "${test_c[@]}" | cut -c1-120)"
verdict "lines of C stay under 180 columns" "$(awk 'length($0) > 180 { print FILENAME ":" FNR ": " length($0) }' "${c_files[@]}")"
verdict "no promises left in the code" "$(grep -nE '\b(TO''DO|FIX''ME|X''XX)\b' "${texts[@]}")"
verdict "no calls that forget a bound or an error" "$(grep -nE '\b(sprintf|vsprintf|strcpy|strcat|gets|atoi|atol|strtok|alloca|system|popen|rand|srand|tmpnam|mktemp)\(' "${c_files[@]}" | grep -v ': \*')"
verdict "daemons do not sleep" "$(grep -nE '\b(sleep|usleep|nanosleep|select)\(' $(printf '%s\n' "${c_files[@]}" | grep -E '^(ingest|server)/') /dev/null)"
verdict "memory comes from xcalloc and its like" "$(grep -nE '\b(malloc|calloc|realloc|strdup|strndup|asprintf)\(' "${c_files[@]}" | grep -vE '^base/err\.c:|\bx(c|re)alloc|xstrn?dup|xasprintf|: \*')"

# ---- data and scripts
verdict "tables are STRICT" "$(for f in $(pick '^schema/sql/.*\.sql$'); do
	t=$(grep -cE '^[[:space:]]*CREATE (TEMP )?TABLE' "$f")
	s=$(grep -cE '^[[:space:]]*\) STRICT' "$f")
	[ "$t" = "$s" ] || echo "$f: $t tables, $s STRICT"
done)"
verdict "migrations are numbered without gaps, each once" "$(n=0; for f in $(pick '^schema/sql/[0-9]+-[a-z]+\.sql$' | sort); do
	n=$((n + 1))
	case $f in schema/sql/$(printf %04d $n)-*) head -1 "$f" | grep -q "^-- $(printf %04d $n):" || echo "$f: its first line names another number" ;; *) echo "$f: want $(printf %04d $n)" ;; esac
done)"
for f in "${scripts[@]}"; do
	if head -1 "$f" | grep -q bash; then shell=bash; else shell=sh; fi
	verdict "$shell can read $f" "$($shell -n "$f" 2>&1)"
	[ "$f" = .ci/run ] || [ -x "$f" ] || case $f in schema/embed.sh | deploy/*) ;; *) verdict "$f can be run" "it is not executable" ;; esac
done
verdict "node can read the test modules" "$(for f in "${modules[@]}"; do node --check "$f" 2>&1 | head -3; done)"
verdict "lock files name no registry" "$(grep -lE '"resolved"' $(pick 'package-lock\.json$') /dev/null)"
verdict "no path of one machine, no address of a registry" "$(grep -nE '(^|[^a-zA-Z0-9_.-])/(wor''k|roo''t|home/[a-z]+)/|/tmp/bri''ef|registry\.npm|deb\.debian' "${texts[@]}" .ci/run | cut -c1-160)"

# ---- state: what the objects carry (needs a build)
if [ -d "$BUILD/o" ]; then
	# base/log.c, base/map.c, base/fault.c: process-wide by nature; cli and main.c: `stop` of the signal handler
	verdict "no mutable file-scope state" "$(for o in $(find "$BUILD/o" -name '*.o' | sort); do
		src=${o#"$BUILD/o/"}
		src=${src%.o}.c
		case $src in base/log.c | base/map.c | base/fault.c) continue ;; esac
		[ -f "$src" ] || continue
		objdump -t "$o" 2>/dev/null | awk -v f="$src" 'NF >= 6 && $3 == "O" && $4 ~ /^\.(bss|data)$/ { print f ": " $NF }' | grep -vE ': (__|\.L)|: stop$'
	done)"
fi

echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
