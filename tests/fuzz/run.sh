#!/bin/sh
# Runs libFuzzer programs one after the other: run.sh PROGRAM...
#   FUZZ_SECONDS=60  each;  FUZZ_ARGS  more for libFuzzer (-jobs=2, -runs=100000)
# Seeds: tests/fuzz/corpus/NAME.  What it finds new stays in BUILD/fuzz/NAME.found, a crash in
# BUILD/fuzz/NAME.crash-*; put the crash into the corpus together with its fix.
set -u
here=$(cd "$(dirname "$0")" && pwd)
failed=0
for program in "$@"; do
	name=$(basename "$program")
	found=$program.found
	mkdir -p "$found"
	seeds=$here/corpus/$name
	if ! test -d "$seeds"; then
		seeds=
	fi
	echo "fuzz: $name for ${FUZZ_SECONDS:-60} s"
	if "$program" -max_total_time="${FUZZ_SECONDS:-60}" -dict="$here/corpus/json.dict" \
		-artifact_prefix="$program.crash-" -print_final_stats=1 ${FUZZ_ARGS:-} \
		"$found" $seeds >"$program.log" 2>&1; then
		echo "ok - $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$program.log") runs"
	else
		echo "not ok - $name"
		tail -40 "$program.log" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
done
test "$failed" -eq 0
