#!/bin/sh
# Installs the Debian packages named in FILE (one a line) unless they are here.
set -eu
missing=
for p in $(grep -v '^#' "$1"); do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing="$missing $p"
done
# A node of the machine's own serves as well as Debian's.
if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
	missing=$(printf '%s ' $missing | sed -e 's/\bnodejs \?//' -e 's/\bnpm \?//')
fi
missing=$(printf '%s' "$missing" | sed 's/^ *//; s/ *$//')
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null 2>&1; then
	as_root=sudo
else
	echo "missing packages: $missing - run as root: apt-get install $missing" >&2
	exit 1
fi
echo "installing: $missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >/dev/null || true # a package cache may do; the install says what is missing
# The broker that Debian starts with its package is not ours: we run a private one.
# shellcheck disable=SC2086
if ! $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/tmp/xunge-apt.$$ 2>&1 </dev/null; then
	tail -5 /tmp/xunge-apt.$$ >&2
	rm -f /tmp/xunge-apt.$$
	echo "cannot install: $missing - see the lines above" >&2
	exit 1
fi
rm -f /tmp/xunge-apt.$$
