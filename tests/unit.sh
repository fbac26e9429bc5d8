#!/bin/bash
# Runs cmocka programs one after the other: unit.sh PROGRAM...
# Prints a TAP line for each test and closes with "unit: N passed, N failed".  A program that dies, hangs or runs no test counts as a failure.
set -u
SECONDS_EACH=${UNIT_SECONDS:-120}
passed=0
failed=0
out=$(mktemp /tmp/xg-unit.XXXXXX)
trap 'rm -f "$out"' EXIT
for program in "$@"; do
	name=$(basename "$program")
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "$SECONDS_EACH" "$program" >"$out" 2>&1 </dev/null
	status=$?
	p=$(grep -c '^ok ' "$out")
	f=$(grep -c '^not ok ' "$out")
	s=$(grep -c '^ok .*# SKIP' "$out")
	p=$((p - s))
	f=$((f + s))
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ] || [ $((p + f)) -eq 0 ]; then
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
