#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What suture plan says beforehand, and that it leaves its targets alone.
. "$(dirname "$0")/lib.sh"

fits() {
	started server/server
	cp "/proc/$pid/maps" maps
	suture plan server.sut "pid:$pid" --watch 0.1
	cmp -s maps "/proc/$pid/maps" && echo "its memory is as it was"
	suture apply server.sut "pid:$pid"
	suture plan server.sut "pid:$pid" --watch 0
	suture revert server "pid:$pid"
	suture plan server.sut "pid:$pid" --watch 0
	ended "$pid"
}

waits() {
	started sleeper/sleeper
	suture plan sleeper.sut "pid:$pid" --watch 0.3
	suture plan sleeper.sut "pid:$pid" --watch 0.3 --json
	ended "$pid"
}

moves() {
	started sleeper/sleeper
	suture apply sleeper.sut "pid:$pid" --wait 0
	suture plan sleeper.sut "pid:$pid"
	ended "$pid"
}

# Frames of the C library depend on its version and on debugging packages.
explained() {
	started sleeper/sleeper
	suture blockers "pid:$pid"
	suture apply sleeper.sut "pid:$pid" --wait 0
	suture blockers "pid:$pid" | grep -v 'libc\.so\|^ *#0' | sed 's/#[0-9]/#N/'
	suture revert sleeper "pid:$pid"
	suture blockers "pid:$pid"
	ended "$pid"
}

does_not_fit() {
	started sleeper/sleeper
	suture plan server.sut "pid:$pid"
	ended "$pid"
	suture plan server.sut
}

built server server
built sleeper sleeper
created server server server > /dev/null 2>&1
created sleeper sleeper sleeper > /dev/null 2>&1
transcript "a patch that fits is told with what it takes" fits
transcript "a thread that stays in an old function is named" waits
transcript "a transition under way has to end first" moves
transcript "a blocker is explained with its stack and what frees it" explained
transcript "what does not fit is refused as apply would" does_not_fit
finish
