#!/bin/sh
# Kills at random points (ROUNDS, SEED): faults: N passed, N failed
set -eu
cd "$(dirname "$0")"
exec node kill.mjs
