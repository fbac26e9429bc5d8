#!/bin/bash
# Runs cmocka programs, UNIT_JOBS (2) at a time: unit.sh PROGRAM...
# Prints a TAP line for each test and closes with "unit: N passed, N failed".  A program that dies, hangs or runs no test counts as a failure.
set -u
if [ "${1:-}" = --one ]; then # PROGRAM FOLDER: what it said, and its status
	name=$(basename "$2")
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${UNIT_SECONDS:-120}" "$2" >"$3/$name.out" 2>&1 </dev/null
	echo $? >"$3/$name.status"
	exit 0
fi
passed=0
failed=0
dir=$(mktemp -d /tmp/xg-unit.XXXXXX)
trap 'rm -rf "$dir"' EXIT
printf '%s\0' "$@" | xargs -0 -n 1 -P "${UNIT_JOBS:-2}" sh -c 'exec "$0" --one "$2" "$1"' "$0" "$dir"
for program in "$@"; do
	name=$(basename "$program")
	out=$dir/$name.out
	status=$(cat "$dir/$name.status" 2>/dev/null || echo none)
	p=$(grep -c '^ok ' "$out")
	f=$(grep -c '^not ok ' "$out")
	s=$(grep -c '^ok .*# SKIP' "$out")
	p=$((p - s))
	f=$((f + s))
	if [ "$status" != 0 ] && [ "$f" -eq 0 ] || [ $((p + f)) -eq 0 ]; then
		echo "not ok - $name: status $status, $p tests"
		f=$((f + 1))
	fi
	grep -E '^(not )?ok ' "$out" | sed "s/^\(not ok\|ok\) [0-9]* - /\1 - $name: /"
	# what a failure said, and what a sanitizer said
	[ "$f" -eq 0 ] || grep -vE '^(ok |1\.\.)' "$out" | head -60 | sed 's/^/# /'
	passed=$((passed + p))
	failed=$((failed + f))
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
