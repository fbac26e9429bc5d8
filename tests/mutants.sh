#!/bin/bash
# Tests the tests: each of three deliberate mistakes must make its test fail.  mutants: N passed, N failed
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
make_quiet() { make -s -j2 WERROR= CI= "$@" >/tmp/xg-mutant.$$ 2>&1 || { tail -5 /tmp/xg-mutant.$$; rm -f /tmp/xg-mutant.$$; return 1; }; rm -f /tmp/xg-mutant.$$; }

# caught NAME BUILT COMMAND...: the mutant was built, and the command fails on it
caught() {
	local name=$1
	shift
	if timeout -k 10 120 "$@" >/dev/null 2>&1 </dev/null; then
		echo "not ok - $name: no test noticed"
		failed=$((failed + 1))
	else
		echo "ok - $name: caught by $*"
		passed=$((passed + 1))
	fi
}
# healthy COMMAND...: the same test passes without the mistake (else it proves nothing)
healthy() {
	if timeout -k 10 120 "$@" >/dev/null 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "ok - passes unmutated: $*"
	else
		echo "not ok - fails unmutated: $*"
		failed=$((failed + 1))
	fi
}
# primed MUTANT: its folder, with the objects of build/ that the mistake does not touch
primed() {
	local f
	rm -rf "build-$1" && mkdir "build-$1" && cp -a build/o build/sql_text.c "build-$1/" || return 1
	grep -rlE "\\bMUTANT_$1\\b" base core schema ingest server cli | while read -r f; do
		case $f in *.c) rm -f "build-$1/o/${f%.c}.o" ;; *) rm -rf "build-$1/o" ;; esac
	done
}
broken() { echo "not ok - $1: does not build"; failed=$((failed + 1)); }

make_quiet all || exit 1
for pair in SYNC_NORMAL:t_powercut NO_DEDUPE:t_intake; do
	mutant=${pair%%:*} test=${pair##*:}
	make_quiet "build/t/$test" && healthy "build/t/$test" || broken "$test"
	primed "$mutant" && make_quiet MUTANT="$mutant" "build-$mutant/t/$test" && caught "$mutant" "build-$mutant/t/$test" || broken "$mutant"
done
healthy node --test tests/fault/ack.test.mjs
primed ACK_BEFORE_COMMIT && make_quiet MUTANT=ACK_BEFORE_COMMIT all &&
	caught ACK_BEFORE_COMMIT env XUNGE_BUILD="$PWD/build-ACK_BEFORE_COMMIT" node --test tests/fault/ack.test.mjs || broken ACK_BEFORE_COMMIT
echo "mutants: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
