#!/bin/bash
# deploy/run.sh BUILD RUN HTTP MQTT DEMO  -  the whole platform as one foreground process (`make run`).
#
# Makes the folder RUN at the first start and goes on with it at the next: database, config, passwords, broker. Starts
# mosquitto, ingest, server and (DEMO=1) the simulated devices, starts again what dies, and on SIGTERM, SIGINT or SIGHUP stops
# all of it in the reverse order and exits 0. What hinders a start is said in one line, exit status 1.
set -u
umask 077
exec </dev/null 4>&2
trap : PIPE # our reader may leave; the platform stays
export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8

stopping= timer=
trap 'stopping=1' TERM INT HUP

fail() {
	echo "make run: $*" >&4
	exit 1
}

[ $# = 5 ] || { echo "usage: deploy/run.sh BUILD RUN HTTP_PORT MQTT_PORT DEMO" >&2; exit 2; }
ROOT=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
BUILD=$(cd "$1" 2>/dev/null && pwd -P) || fail "no folder $1 - run make first"
NAME=$2 HTTP=$3 MQTT=$4 DEMO=$5
DAEMONS="broker ingest server simulate"

# ---------------------------------------------------------------- checks: nothing is started before all of them
for v in HTTP MQTT; do
	[[ ${!v} =~ ^[1-9][0-9]{0,4}$ ]] && ((${!v} < 65536)) || fail "$v=${!v} is no port - choose 1 to 65535, as in: make run $v=8090"
done
[ "$HTTP" != "$MQTT" ] || fail "HTTP and MQTT are both $HTTP - choose two ports, as in: make run HTTP=8090 MQTT=1893"
[[ $DEMO =~ ^[01]$ ]] || fail "DEMO=$DEMO - choose 1 (demo town) or 0 (empty platform)"
for p in mosquitto mosquitto_passwd setpriv setsid flock awk; do
	command -v $p >/dev/null || fail "missing program $p - install the packages in deploy/packages.txt"
done
for p in xunge xunge-ingest xunge-server; do
	[ -x "$BUILD/$p" ] || fail "missing program $BUILD/$p - run make first"
done

made=
[ -e "$NAME" ] || made=1
mkdir -p "$NAME" 2>/dev/null && RUN=$(cd "$NAME" && pwd -P) || fail "cannot make the folder $NAME - choose another: make run RUN=DIR"
chmod 700 "$RUN" && exec 9>>"$RUN/lock" || fail "cannot write in $NAME - choose another folder: make run RUN=DIR"
flock -n 9 || fail "$NAME is in use by another make run (pid $(head -1 "$RUN/pid" 2>/dev/null)) - stop that one, or choose another folder: make run RUN=DIR"
# Daemons of a run that was killed end on their own, a moment later.
for _ in {1..30}; do
	busy=
	for v in HTTP MQTT; do
		(exec 3<>"/dev/tcp/127.0.0.1/${!v}") 2>/dev/null && busy=$v && break
	done
	[ "$busy" ] && [ -s "$RUN/pid" ] && sleep 0.1 || break
done
[ -z "$busy" ] || [ -z "$made" ] || { rm -f "$RUN/lock" && rmdir "$RUN"; } # a start that is refused makes no folder
[ -z "$busy" ] || fail "port ${!busy} is in use - stop what listens there, or choose another: make run $busy=$((${!busy} + 10))"
echo $$ >"$RUN/pid"
rm -f "$RUN/ready"

# Unix sockets: 107 bytes, and no spaces in the broker's configuration.
SOCKETS=$RUN
if ((${#RUN} > 90)) || [[ $RUN == *[[:space:]]* ]]; then
	SOCKETS=$(mktemp -d "${TMPDIR:-/tmp}/xunge.XXXXXX") || fail "cannot make a folder for sockets in ${TMPDIR:-/tmp}"
fi
trap 'rm -f "$RUN/ready" "$RUN/pid"; [ "$SOCKETS" = "$RUN" ] || rm -rf "$SOCKETS"' EXIT
limit=$(ulimit -Hn)
[ "$limit" = unlimited ] || ((limit > 65536)) && limit=65536
ulimit -Sn "$limit" 2>/dev/null # a connection is a descriptor, in the broker and in the server

# ---------------------------------------------------------------- the folder
CONF=$RUN/xunge.conf
xunge() {
	"$BUILD/xunge" --config "$CONF" "$@" 2>&4 4>&- 9>&-
}

# Four words of three letters and digits that are not taken for one another: 59 bits.
password() {
	local s
	s=$(head -c 512 /dev/urandom | tr -dc 'a-hjkmnp-z2-9' | head -c 12)
	echo "${s:0:4}-${s:4:4}-${s:8:4}"
}

# conf SECTION KEY VALUE: sets one key and leaves the rest of the file as the user has it.
conf() {
	S=$1 K=$2 W=$3 awk '
		function put() { if (!done) print ENVIRON["K"] " = " ENVIRON["W"]; done = 1 }
		/^[ \t]*\[/ { if (here) put(); s = $0; gsub(/[][ \t]/, "", s); here = (s == ENVIRON["S"]) }
		here { k = $0; sub(/=.*/, "", k); gsub(/[ \t]/, "", k); if (k == ENVIRON["K"]) { put(); next } }
		{ print }
		END { if (!done) { if (!here) print "\n[" ENVIRON["S"] "]"; put() } }' "$CONF" >"$CONF.new" &&
		mv "$CONF.new" "$CONF" || fail "cannot write $CONF"
}

configure() {
	mkdir -p "$RUN/log" "$RUN/broker" "$RUN/files" || fail "cannot write in $NAME"
	[ -s "$CONF" ] || cat >"$CONF" <<-'END' || fail "cannot write $CONF"
		# Config of xunge, xunge-ingest and xunge-server. Relative paths are relative to this file; XUNGE_SECTION_KEY in the
		# environment wins. Ports, sockets, web and demo are set again by each make run.
		[store]
		path = xunge.db

		[ingest]
		socket =

		[mqtt]
		host = 127.0.0.1
		port =
		socket =
		user = ingest
		password_file = broker/ingest.password

		[broker]
		passwd_file = broker/passwd
		pid_file = broker/pid
		extra_file = broker/extra

		[server]
		listen = 127.0.0.1
		port =
		db = server.db
		web =
		demo =

		[files]
		dir = files
	END
	conf ingest socket "$SOCKETS/ingest.sock"
	conf mqtt port "$MQTT"
	conf mqtt socket "$SOCKETS/mqtt.sock"
	conf server port "$HTTP"
	conf server web "$ROOT/server/web"
	conf server demo "$([ "$DEMO" = 1 ] && echo yes || echo no)"

	# The broker's own account, and a password file to start with; ingest writes the devices' into it.
	if [ ! -s "$RUN/broker/extra" ]; then
		password >"$RUN/broker/ingest.password" && echo "ingest:$(<"$RUN/broker/ingest.password")" >"$RUN/broker/extra.new" &&
			mosquitto_passwd -U "$RUN/broker/extra.new" && mv "$RUN/broker/extra.new" "$RUN/broker/extra" ||
			fail "cannot make the broker's password file in $NAME/broker"
	fi
	[ -s "$RUN/broker/passwd" ] || cp "$RUN/broker/extra" "$RUN/broker/passwd"
	local template
	template=$(<"$ROOT/deploy/mosquitto.conf.in")
	template=${template//@MQTT_BIND@/127.0.0.1}
	template=${template//@MQTT_PORT@/"$MQTT"}
	template=${template//@MQTT_SOCKET@/"$SOCKETS/mqtt.sock"}
	template=${template//@DIR@/"$RUN/broker"}
	template=${template//@PASSWD@/"$RUN/broker/passwd"}
	template=${template//@ACL@/"$RUN/broker/acl"}
	template=${template//@PID@/"$RUN/broker/pid"}
	template=${template//@USER@/"$(id -un)"}
	echo "$template" >"$RUN/broker/mosquitto.conf" && cp "$ROOT/deploy/mosquitto.acl" "$RUN/broker/acl" || fail "cannot write in $NAME/broker"
	rm -f "$RUN/broker/pid"
}

# add_user NAME PERSON ROLE SCOPE
add_user() {
	local secret
	secret=$(password)
	xunge user add "$1" ${2:+--person "$2"} --role "$3" --scope "$4" <<<"$secret" >>"$RUN/log/setup.log" || return 1
	echo "user $1 $secret" >>"$RUN/access.txt"
}

# The demo town's duties have been in force since the first of last month, and one of its people is ill.
rules_from() {
	TZ=UTC-8 date -d "$(TZ=UTC-8 date +%Y-%m-01) -1 month" +%F
}
duty() {
	local file made=$RUN/import.csv from
	from=$(rules_from)
	for file in "$ROOT"/deploy/rules/dinghu.csv "$ROOT/deploy/demo/duties.csv"; do
		[ -e "$file" ] || continue
		awk -F, -v OFS=, -v from="$from" 'NR > 1 && $15 == "" { $15 = from } 1' "$file" >"$made" &&
			xunge import duties "$made" >>"$RUN/log/setup.log" || return 1
	done
	sed "s/FROM/$(TZ=UTC-8 date -d '-4 days' +%F)/; s/TO/$(TZ=UTC-8 date -d '+10 days' +%F)/" "$ROOT/deploy/demo/exemptions.csv" >"$made" &&
		xunge import exemptions "$made" >>"$RUN/log/setup.log" || return 1
	for file in "$ROOT"/deploy/calendars/*.csv; do
		[ ! -e "$file" ] || xunge import calendar "$file" >>"$RUN/log/setup.log" || return 1
	done
	rm -f "$made"
}

# What the demo town did before its first day here: taken by ingest, before anybody looks. An import that was
# interrupted is made again: what was stored counts once.
history_in() {
	[ -e "$RUN/history.ndjson" ] || return
	xunge import events "$RUN/history.ndjson" >>"$RUN/log/setup.log" || note "the demo's history is not complete: see $NAME/log/setup.log"
	rm -f "$RUN/history.ndjson"
}

# Out of a start that did not come about: by a signal, or by what was said on stderr.
leave() {
	[ -z "$stopping" ] || finish 0
	finish 1
}

# A database in the making is marked: a start that was interrupted begins it again, and touches no other.
setup() {
	local name person role scope id district secret kind file
	if [ -e "$RUN/making" ]; then
		rm -f "$RUN"/xunge.db "$RUN"/xunge.db-* "$RUN/access.txt"
	elif [ -e "$RUN/xunge.db" ]; then
		xunge migrate >>"$RUN/log/setup.log" || leave # it said why
		return
	fi
	: >"$RUN/making"
	: >"$RUN/access.txt"
	xunge init >>"$RUN/log/setup.log" || leave
	if [ "$DEMO" = 0 ]; then
		add_user admin "" admin '*' || leave
	else
		echo "making the demo town in $NAME/ ..."
		for kind in areas reaches people appointments map; do
			file=$ROOT/deploy/demo/$kind.csv
			[ $kind = map ] && file=$ROOT/deploy/demo/map.geojson
			xunge import $kind "$file" >>"$RUN/log/setup.log" || leave
		done
		duty || leave
		while IFS=, read -r name person role scope; do
			[ "$name" = name ] || add_user "$name" "$person" "$role" "$scope" || leave
		done <"$ROOT/deploy/demo/users.csv"
		while IFS=, read -r id person district; do
			[ "$id" = id ] && continue
			[ -z "$stopping" ] || leave
			secret=$(xunge device add "$id" --person "$person" --district "$district") || leave
			[[ $secret =~ (^|$'\n')([A-Za-z0-9_-]{43})($|$'\n') ]] || fail "xunge device add $id printed no secret"
			echo "device $id ${BASH_REMATCH[2]}" >>"$RUN/access.txt"
		done <"$ROOT/deploy/demo/devices.csv"
		xunge simulate --history $((($(date +%s) - $(date -d "$(rules_from)" +%s)) / 86400)) --seed 1 --town "$ROOT/deploy/demo" \
			--photos "$RUN/files" >"$RUN/history.ndjson" || leave
	fi
	sync "$RUN/access.txt" "$RUN/xunge.db" 2>/dev/null
	rm -f "$RUN/making"
}

# ---------------------------------------------------------------- daemons
declare -A pid=() born=() wait_ms=() due=() deaths=()

now_ms() {
	REPLY=${EPOCHREALTIME/[.,]/}
	REPLY=${REPLY%???}
}

note() {
	echo "$(date '+%F %T') $*" >>"$RUN/log/run.log"
	[ ! -e "$RUN/ready" ] || echo "$*"
}

rotate() {
	[ -s "$1" ] || return 0
	mv -f "$1.1" "$1.2" 2>/dev/null
	cp -f "$1" "$1.1"
	: >"$1" # writers append: they go on at its new end
}

# Own session: a Ctrl-C at the terminal reaches us alone, and we stop the daemons in order. When we are killed, they get SIGTERM.
launch() {
	local name=$1 command
	case $name in
	broker) command=(mosquitto -c "$RUN/broker/mosquitto.conf") ;;
	ingest) command=("$BUILD/xunge-ingest" --config "$CONF") ;;
	server) command=("$BUILD/xunge-server" --config "$CONF") ;;
	simulate) command=("$BUILD/xunge" --config "$CONF" simulate --rate 0.3 --clocks 0.02 --for 0 --dir "$RUN/simulate" --photos "$RUN/files"
		--town "$ROOT/deploy/demo" --access "$RUN/access.txt" --without d-0100) ;;
	esac
	setsid setpriv --pdeathsig TERM -- "${command[@]}" >>"$RUN/log/$name.log" 2>&1 4>&- 9>&- &
	pid[$name]=$!
	now_ms
	born[$name]=$REPLY
	due[$name]=
}

# Starts again what died: after 0.2 s, then twice as long each time up to 5 s; a minute of life starts over.
mend() {
	local name status lived
	for name in $DAEMONS; do
		[ "${pid[$name]:-}" ] || { [ -z "${due[$name]:-}" ] || { now_ms; ((REPLY < due[$name])) || launch "$name"; }; continue; }
		kill -0 "${pid[$name]}" 2>/dev/null && continue
		wait "${pid[$name]}"
		status=$?
		pid[$name]=
		[ "$stopping" ] && continue
		now_ms
		lived=$((REPLY - born[$name]))
		((lived > 60000)) && wait_ms[$name]=
		wait_ms[$name]=$((${wait_ms[$name]:-100} * 2))
		((wait_ms[$name] <= 5000)) || wait_ms[$name]=5000
		due[$name]=$((REPLY + wait_ms[$name]))
		deaths[$name]=$((${deaths[$name]:-0} + 1))
		note "$name ended (status $status) after $((lived / 1000)) s, again in $((wait_ms[$name] / 1000)).$((wait_ms[$name] % 1000 / 100)) s: $(tail -n 1 "$RUN/log/$name.log" 2>/dev/null | cut -c 1-200)"
	done
}

# stop_one NAME: SIGTERM, and SIGKILL after ten seconds.
stop_one() {
	local p=${pid[$1]:-}
	[ "$p" ] || return
	kill -TERM "$p" 2>/dev/null
	for _ in {1..100}; do
		kill -0 "$p" 2>/dev/null || break
		sleep 0.1 9>&-
	done
	kill -0 "$p" 2>/dev/null && note "$1 does not end: killed" && kill -KILL "$p"
	wait "$p" 2>/dev/null
	pid[$1]=
}

finish() {
	stopping=1
	rm -f "$RUN/ready"
	[ -z "$timer" ] || kill "$timer" 2>/dev/null
	local name
	for name in simulate server ingest broker; do
		stop_one $name
	done
	exit "$1"
}

broker_up() {
	(exec 3<>"/dev/tcp/127.0.0.1/$MQTT") 2>/dev/null && [ -S "$SOCKETS/mqtt.sock" ]
}
ingest_up() {
	[ -S "$SOCKETS/ingest.sock" ]
}
server_up() {
	local line=
	exec 3<>"/dev/tcp/127.0.0.1/$HTTP" || return 1
	printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$HTTP" >&3
	read -r -t 2 line <&3
	exec 3>&-
	[[ $line == *' 200 '* ]]
} 2>/dev/null

# bring NAME: starts it and waits until it is up; thirty seconds or three deaths are too many.
bring() {
	local name=$1
	rotate "$RUN/log/$name.log"
	launch "$name"
	for _ in {1..300}; do
		[ -z "$stopping" ] || finish 0
		kill -0 "${pid[$name]:-0}" 2>/dev/null && [ "${pid[$name]:-}" ] && "${name}_up" && return
		mend
		((${deaths[$name]:-0} < 3)) || break
		sleep 0.1 9>&-
	done
	echo "make run: $name does not start - see $NAME/log/$name.log: $(tail -n 1 "$RUN/log/$name.log" | cut -c 1-300)" >&4
	finish 1
}

configure
exec 2>>"$RUN/log/run.log" # what bash says about killed children
rotate "$RUN/log/setup.log"
rotate "$RUN/log/run.log"
setup
[ -z "$stopping" ] || finish 0
rm -f "$SOCKETS/ingest.sock"
for d in broker ingest server; do
	bring $d
	[ $d != ingest ] || history_in
done
if [ "$DEMO" = 1 ]; then
	if grep -q '^device ' "$RUN/access.txt" 2>/dev/null; then
		rotate "$RUN/log/simulate.log"
		launch simulate
	else
		echo "$NAME was made with DEMO=0 and has no demo town: nothing is simulated (make run RUN=DIR makes another folder)"
	fi
fi

who=$(grep -m 1 '^user centre ' "$RUN/access.txt" || grep -m 1 '^user ' "$RUN/access.txt")
read -r _ user secret <<<"$who"
cat <<END

  Xunge 巡格 is running.

    address   http://127.0.0.1:$HTTP/
    sign in   $user   $secret      (all accounts: $NAME/access.txt)
    MQTT      127.0.0.1:$MQTT
    logs      $NAME/log/

  Ctrl-C stops it; the next make run goes on where it was.

END
echo "$$" >"$RUN/ready"

# ---------------------------------------------------------------- until a signal
while [ -z "$stopping" ]; do
	tick=2
	for d in $DAEMONS; do
		[ -z "${due[$d]:-}" ] || tick=0.2
	done
	# one that still ran when something else ended is waited for by name: the wait below would return for it, time and again
	[ -z "$timer" ] || { kill "$timer" 2>/dev/null; wait "$timer"; }
	sleep $tick >/dev/null 2>&1 4>&- 9>&- & # wait returns at once on a signal or when anything ends
	timer=$!
	wait -n
	[ -z "$stopping" ] || break
	mend
	for d in $DAEMONS run; do
		[ -e "$RUN/log/$d.log" ] && (($(stat -c %s "$RUN/log/$d.log") > 16777216)) && rotate "$RUN/log/$d.log"
	done
done
finish 0
