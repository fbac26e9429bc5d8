#!/bin/bash
# Builds everything and runs every test: make test.  Each step is bounded in time; a step that ends without its count, and a test
# that was skipped, are failures.  ONLY="unit lint" runs some steps.  The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
export WERROR=1
LOGS=build/test-logs
rm -rf "$LOGS"
mkdir -p "$LOGS"
passed=0
failed=0
began=$SECONDS

# step NAME SECONDS COMMAND...: its output goes to a log; sets $log and $status
step() {
	local name=$1 limit=$2 from=$SECONDS
	shift 2
	log=$LOGS/$name.log
	timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
	took=$((SECONDS - from))
	[ "$status" -ne 124 ] || echo "not ok - $name: stopped after $limit s" | tee -a "$log"
}

# count NAME PASSED FAILED: what a step has shown
count() {
	printf '%-22s %5d passed  %3d failed  %4d s\n' "$1" "$2" "$3" "$took"
	passed=$((passed + $2))
	failed=$((failed + $3))
	if [ "$3" -gt 0 ]; then
		# what failed, and why, before anything else: a long log is cut
		grep -nE -A 12 '^ *not ok ' "$log" | grep -vE '^[0-9]+-#' | head -40 | sed 's/^/    /'
		grep -nE 'error:|warning:|undefined reference|^# [^S]' "$log" | head -20 | sed 's/^/    /'
		echo "    all of it: $log"
	fi
}

# one check: the command succeeds
check() {
	step "$@"
	if [ "$status" -eq 0 ]; then count "$1" 1 0; else count "$1" 0 1; tail -5 "$log" | sed 's/^/    /'; fi
}

# a script of ours that closes with "WORD: N passed, N failed"
ours() {
	step "$@"
	local line p f
	line=$(grep -E '^[a-z]+: [0-9]+ passed, [0-9]+ failed$' "$log" | tail -1)
	p=$(echo "$line" | sed -nE 's/.* ([0-9]+) passed.*/\1/p')
	f=$(echo "$line" | sed -nE 's/.* ([0-9]+) failed.*/\1/p')
	p=${p:-0}
	f=${f:-0}
	if [ "$f" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; }; then f=1; tail -5 "$log" | sed 's/^/    /'; fi
	count "$1" "$p" "$f"
}

# node's TAP: "# pass N", "# fail N", ...
node_tests() {
	local name=$1 limit=$2 p f n
	shift 2
	step "$name" "$limit" env NODE_NO_WARNINGS=1 sh -c 'cd tests && exec node --test --test-reporter=tap --test-concurrency=2 "$@"' sh "$@"
	p=$(sed -nE 's/^# pass ([0-9]+)$/\1/p' "$log" | tail -1)
	f=0
	for n in $(sed -nE 's/^# (fail|cancelled|skipped|todo) ([0-9]+)$/\2/p' "$log"); do f=$((f + n)); done
	p=${p:-0}
	if [ "$f" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; }; then f=1; fi
	count "$name" "$p" "$f"
}

wanted() { [ -z "${ONLY:-}" ] || case " $ONLY " in *" $1 "*) ;; *) return 1 ;; esac }
units() { for f in tests/unit/t_*.c; do echo "$1/t/$(basename "${f%.c}")"; done; }

wanted build && check build 420 make -j2 all
# shellcheck disable=SC2046
wanted build && check build-clang 420 make -j2 CC=clang CFLAGS=-O0 BUILD=build-clang all $(units build-clang)
wanted lint && ours lint 120 tests/lint.sh
wanted unit && ours unit 420 make -j2 unit
wanted sanitized && ours unit-sanitized 600 make -j2 SAN=address,undefined unit
if wanted system; then
	# shellcheck disable=SC2046
	node_tests system 360 $(cd tests && ls system/*.test.mjs)
fi
if wanted web; then
	# shellcheck disable=SC2046
	node_tests web 360 $(cd tests && ls web/*.test.mjs)
fi
wanted mutants && ours mutants 420 tests/mutants.sh
wanted faults && ours faults 240 env ROUNDS="${ROUNDS:-20}" tests/fault/run.sh

[ $((passed + failed)) -gt 0 ] || failed=1
echo "took $((SECONDS - began)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
