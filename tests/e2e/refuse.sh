#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What apply and revert refuse. Whatever they say, the target's mappings and code are as before.
. "$(dirname "$0")/lib.sh"

# refused ARGUMENT...: as `suture`, and the process $pid must not have changed.
refused() {
	before=$("$meddle" print "$pid")
	suture "$@"
	[ "$("$meddle" print "$pid")" = "$before" ] || echo "the target is not as before"
}

other_build() {
	started other/server
	refused apply server.sut "pid:$pid"
	ended "$pid"
}

# In the middle of reply(), which nobody calls here.
breakpoint() {
	started server/server
	address=$(nm server/server | sed -n 's/ T reply$//p')
	"$meddle" poke "$pid" "$(printf '%x' $((0x$address + 9)))"
	refused apply server.sut "pid:$pid"
	ended "$pid"
}

# flipped FILE OFFSET: one bit of one byte.
flipped() {
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	cp "$1" flipped.sut
	printf '%b' "\\0$(printf '%o' $((byte ^ 4)))" |
		dd of=flipped.sut bs=1 seek="$2" conv=notrunc 2> /dev/null
}

damaged_file() {
	started server/server
	head -c 1000 server.sut > cut.sut
	refused apply cut.sut "pid:$pid"
	: > empty.sut
	refused apply empty.sut "pid:$pid"
	refused apply missing.sut "pid:$pid"
	refused apply server/server.c "pid:$pid"
	ended "$pid"
}

# Every 16th byte of the file; what is said depends on the byte, that it is refused does not.
flipped_file() {
	started server/server
	before=$("$meddle" print "$pid")
	size=$(wc -c < server.sut) offset=3 accepted=0
	while [ "$offset" -lt "$size" ]; do
		flipped server.sut "$offset"
		"$suture" apply flipped.sut "pid:$pid" > output 2>&1
		status=$?
		case $status in
		1 | 4 | 5) ;;
		*) accepted=$((accepted + 1)) ;;
		esac
		offset=$((offset + 16))
	done
	echo "$accepted accepted"
	[ "$("$meddle" print "$pid")" = "$before" ] || echo "the target is not as before"
	ended "$pid"
}

no_process() {
	started server/server
	ended "$pid"
	suture apply server.sut "pid:$pid"
	suture revert server "pid:$pid"
	suture status "pid:$pid"
	suture apply server.sut pid:
	suture apply server.sut pid:-1
	suture apply server.sut nonsense
	suture apply server.sut exe:/nonexistent
}

traced() {
	started server/server
	target=$pid
	started "$meddle" trace "$target"
	tracer=$pid pid=$target
	refused apply server.sut "pid:$pid"
	ended "$tracer"
	suture apply server.sut "pid:$pid"
	ended "$pid"
}

# The state is shown once the whole process has stopped.
stopped() {
	started server/server
	kill -STOP "$pid"
	until grep -q '^State:.T' "/proc/$pid/status"; do
		:
	done
	refused apply server.sut "pid:$pid"
	kill -CONT "$pid"
	until grep -q '^State:.S' "/proc/$pid/status"; do
		:
	done
	suture apply server.sut "pid:$pid"
	ended "$pid"
}

nobody() {
	started server/server
	before=$("$meddle" print "$pid")
	cp "$suture" program
	chmod 755 program
	setpriv --reuid=65534 --regid=65534 --clear-groups ./program apply server.sut "pid:$pid" \
		> output 2>&1
	status=$?
	normal < output
	echo "[$status]"
	[ "$("$meddle" print "$pid")" = "$before" ] || echo "the target is not as before"
	ended "$pid"
}

filtered() {
	for kind in refuses kills; do
		started "$meddle" filter $kind server/server
		refused apply server.sut "pid:$pid"
		ended "$pid"
	done
	started "$meddle" filter wx server/server
	suture apply server.sut "pid:$pid"
	suture revert server "pid:$pid"
	ended "$pid"
}

switches_stacks() {
	created switcher switcher switcher > output 2>&1
	started switcher/switcher
	suture apply --wait 0.1 --max-pause 0.001ms switcher.sut "pid:$pid"
	suture apply switcher.sut "pid:$pid"
	suture revert switcher "pid:$pid"
	ended "$pid"
}

name_taken() {
	started server/server
	suture apply server.sut "pid:$pid"
	created server server server --version 2 -o again.sut > output 2>&1
	refused apply again.sut "pid:$pid"
	ended "$pid"
}

# The second waits; here only until the first is gone, which takes its lock with it.
two_controllers() {
	started server/server
	target=$pid
	started "$meddle" lock "$target"
	holder=$pid pid=$target
	"$suture" apply server.sut "pid:$pid" > background 2>&1 &
	controller=$!
	until grep -q nanosleep "/proc/$controller/wchan"; do # it tries, and tries again
		:
	done
	"$suture" status "pid:$pid" | normal
	ended "$holder"
	wait "$controller"
	status=$?
	normal < background
	[ "$status" -eq 0 ] || echo "[$status]"
	ended "$pid"
}

built server server
built switcher switcher
mkdir other
cp server/server.c other
(cd other && gcc -D_GNU_SOURCE -O1 -pthread -o server server.c)
created server server server > /dev/null 2>&1
transcript "another build of the program is refused" other_build
transcript "code with a breakpoint in it is refused" breakpoint
transcript "a file that is no patch is refused" damaged_file
transcript "a patch file with a flipped bit is refused" flipped_file
transcript "a target that is none is refused" no_process
transcript "a traced process is refused until its tracer has gone" traced
transcript "a stopped process is refused until it goes on" stopped
name="a process of somebody else is refused"
if [ "$(id -u)" -eq 0 ]; then
	transcript "$name" nobody
else
	skipped "$name" "needs root to become nobody"
fi
transcript "a seccomp filter is asked before anything is done" filtered
transcript "a program that switches stacks must be stopped for the end" switches_stacks
transcript "a name that another patch has taken is refused" name_taken
transcript "a second controller waits for the first" two_controllers
finish
