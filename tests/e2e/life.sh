#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of a patch: made, looked at, applied, seen, blocked, reverted.
. "$(dirname "$0")/lib.sh"

ask() {
	bash -c 'exec 3<> "/dev/tcp/127.0.0.1/$0" && echo hello >&3 && head -n 1 <&3' "$port"
}

make() {
	echo '$ suture create'
	created server server server --fixes CVE-2000-1 > output 2>&1
	grep -v ' in the compiler$' output
	echo '$ suture inspect server.sut'
	"$suture" inspect server.sut | head -n 3 | normal
}

go_in_and_out() {
	started server/server
	port=$said
	suture status "pid:$pid"
	ask
	suture apply server.sut "pid:$pid"
	ask
	suture status "pid:$pid"
	suture revert server "pid:$pid"
	ask
	suture status "pid:$pid"
	ended "$pid"
}

repeat() {
	started server/server
	suture revert server "pid:$pid"
	suture apply server.sut "pid:$pid"
	suture apply server.sut "pid:$pid"
	suture revert server "pid:$pid"
	suture revert server "pid:$pid"
	suture apply server.sut "pid:$pid"
	ended "$pid"
}

in_json() {
	started server/server
	suture apply server.sut "pid:$pid" --json
	suture status "pid:$pid" --json
	suture revert server "pid:$pid" --json
	ended "$pid"
}

static_program() {
	built static server -static
	created static server static > output 2>&1
	started static/server
	port=$said
	suture apply static.sut "pid:$pid"
	ask
	suture revert static "pid:$pid"
	ask
	ended "$pid"
}

many() {
	started server/server
	first=$pid
	started server/server
	suture apply server.sut "exe:$work/server/server" | sed "s/\<$first\>/FIRST/"
	suture status "pid:$first" | sed "s/\<$first\>/FIRST/"
	ended "$first"
	ended "$pid"
}

# The one that is reported first may be another thread from time to time: there is only one here.
blocked() {
	created spinner spinner spinner > output 2>&1
	started spinner/spinner
	suture apply spinner.sut "pid:$pid" --wait 0.1
	suture status "pid:$pid"
	suture apply server.sut "pid:$pid"
	kill -USR1 "$pid"
	read -r said <&9
	echo "the loop has ended: $said"
	suture apply spinner.sut "pid:$pid"
	kill -USR1 "$pid"
	read -r said <&9
	echo "and again: $said"
	ended "$pid"
}

reversed() {
	started spinner/spinner
	suture apply spinner.sut "pid:$pid" --wait 0.1
	suture revert spinner "pid:$pid"
	suture status "pid:$pid"
	kill -USR1 "$pid"
	read -r said <&9
	echo "the loop has ended: $said"
	ended "$pid"
}

gone_meanwhile() {
	started spinner/spinner
	"$suture" apply spinner.sut "pid:$pid" > background 2>&1 &
	controller=$!
	until "$suture" status "pid:$pid" | grep -q applying; do
		:
	done
	ended "$pid"
	wait "$controller"
	status=$?
	sed 's/: .*//' background # where it was noticed depends on the moment
	echo "[$status]"
}

built server server
built spinner spinner
transcript "a fix becomes a patch file" make
transcript "a patch goes in and out of a server, and its answers change" go_in_and_out
transcript "what is done already is done once" repeat
transcript "every command speaks JSON" in_json
transcript "a static program is patched, too" static_program
transcript "a target can be every process of a program" many
transcript "a thread that loops in old code blocks until it returns" blocked
transcript "a blocked patch can be taken back" reversed
transcript "a target that exits while a patch is under way is told" gone_meanwhile
finish
