#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# reused.sh SUTURE MEDDLE PROGRAM PATCH: a process ends while a controller has it open and waits for
# its lock, and another one gets its id. For odd.sh, in a namespace where ids can be chosen.
set -u
suture=$1 meddle=$2 program=$3 patch=$4

# begin FILE: it says something there, and sleeps. No other process is made on the way.
begin() {
	"$program" ended > "$1" &
}

# until_it COMMAND...
until_it() {
	until "$@"; do
		:
	done
}

begin old
old=$!
until_it test -s old
"$meddle" lock "$old" > locked &
holder=$!
until_it test -s locked
"$suture" apply "$patch" "pid:$old" > background 2>&1 &
controller=$!
until_it grep -q nanosleep "/proc/$controller/wchan"
kill -KILL "$old"
wait "$old" 2> /dev/null
echo $((old - 1)) > /proc/sys/kernel/ns_last_pid
begin new
new=$!
until_it test -s new
[ "$new" = "$old" ] && echo "the same id"
before=$("$meddle" print "$new")
kill -KILL "$holder"
wait "$controller"
cat background
[ "$("$meddle" print "$new")" = "$before" ] && echo "the new process is as it was"
kill -KILL "$new"
