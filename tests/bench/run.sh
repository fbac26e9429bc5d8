#!/bin/sh
# Every benchmark beside its reference: subject and reference take turns in one run.
#   BENCH=ingest,growth,memory,return,latency,alerts,live,beat,fold,sync,decade,desk  which (default: all)     PAIRS=5       turns of each
#   EVENTS=200000  events of an ingest run     BENCH_SECONDS=10  of a latency or live run
#   BEFORE=DIR  another build's folder: also the plain path against that one
#   DECADE=10000000  events of decade (480 bytes of disk each, in /tmp/xunge-decade; KEEP=1 keeps it, PARTS=csv,memory some of it, DECADE_DIR=DIR elsewhere)
#   ROWS=20000000  rows of growth (450 bytes of disk each)   DEVICES=10000  of memory and return   RETURN_SECONDS=60   CLIENTS=1000  of live
# Results: a table, and one line of JSON for each bar in build/bench/results.jsonl.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
build=$(cd "$root/${BUILD:-build}" && pwd)
mkdir -p "$build/bench"

if ! test -d node_modules/mqtt || ! test -f node_modules/better-sqlite3/build/Release/better_sqlite3.node; then
	echo "bench: installing the reference programs' packages (npm)"
	npm ci --no-audit --no-fund --no-progress --loglevel=error
fi

# Headers of this folder are not in the Makefile's rule.
for p in publish town growth wsclients fold decade; do
	for h in load.h town.h; do
		if test "$h" -nt "$build/bench/b_$p"; then
			rm -f "$build/bench/b_$p"
		fi
	done
	test -x "$build/bench/b_$p" || make --no-print-directory -s -C "$root" "${BUILD:-build}/bench/b_$p"
done
reference() { # NAME LIBRARIES
	name=$1
	shift
	if ! test -x "$build/bench/$name" || test "$name.c" -nt "$build/bench/$name" || test load.h -nt "$build/bench/$name"; then
		${CC:-gcc} -std=c11 -D_GNU_SOURCE -I"$root" -Wall -Wextra -O2 -g -o "$build/bench/$name" "$name.c" "$@"
	fi
}
reference ref_drain -lmosquitto
reference ref_bridge -lwebsockets -lmosquitto

if test -n "${BEFORE:-}"; then
	BEFORE=$(cd "$root" && cd "$BEFORE" && pwd)
	export BEFORE
fi
XUNGE_BUILD=$build exec node run.mjs
