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
# We run a private broker. The one that comes with the package must neither take port 1883 now nor after the next boot.
policy=/usr/sbin/policy-rc.d
case " $missing " in
*" mosquitto "*)
	if [ ! -e $policy ]; then
		trap '$as_root rm -f $policy' EXIT
		trap 'exit 1' INT TERM HUP
		printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
		$as_root chmod 755 $policy
	fi
	;;
esac
said=$(mktemp /tmp/xunge-apt.XXXXXX)
# shellcheck disable=SC2086
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$said" 2>&1 </dev/null; then
	why=$(grep -m 1 '^E: ' "$said" || tail -n 1 "$said")
	rm -f "$said"
	echo "cannot install: $missing - $why" >&2
	exit 1
fi
rm -f "$said"
case " $missing " in
*" mosquitto "*) [ ! -d /run/systemd/system ] || $as_root systemctl -q disable --now mosquitto || true ;;
esac
