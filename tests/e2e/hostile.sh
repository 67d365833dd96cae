#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A target that works against its controller, or is broken: whatever lies in its memory, each command
# ends in time, with one of its exit statuses and a sentence, and what it prints is harmless. (What
# becomes of a target that changes our memory is its own affair.) ROUNDS: how often, each.
. "$(dirname "$0")/lib.sh"

# answered ARGUMENT...: it must be one of the documented refusals, or done.
answered() {
	timeout 20 "$suture" "$@" > output 2>&1 < /dev/null
	status=$?
	if [ "$status" -eq 1 ] || [ "$status" -gt 6 ]; then
		echo "seed $seed: suture $*: status $status"
		cat output
	fi
}

# commands: each that reads a target, then those that change it.
commands() {
	answered status "pid:$pid"
	answered status --json "pid:$pid"
	answered blockers "pid:$pid"
	answered plan server.sut "pid:$pid"
	answered revert --wait 0.2 server "pid:$pid"
	answered apply --wait 0.2 server.sut "pid:$pid"
}

suture_memory() {
	seed=0
	while [ "$seed" -lt "${ROUNDS:-10}" ]; do
		seed=$((seed + 1))
		started server/server
		"$suture" apply server.sut "pid:$pid" > output 2>&1 || cat output
		"$meddle" scribble "$pid" suture "$seed"
		commands
		ended "$pid" 2> /dev/null # it may have ended by itself
	done
	[ "$seed" -lt 10 ] || echo "all answered"
}

program_tables() {
	seed=0
	while [ "$seed" -lt "${ROUNDS:-10}" ]; do
		seed=$((seed + 1))
		started server/server
		"$meddle" scribble "$pid" program "$seed"
		commands
		ended "$pid" 2> /dev/null # it may have ended by itself
	done
	[ "$seed" -lt 10 ] || echo "all answered"
}

# A terminal must not obey a name.
names() {
	name=$(printf 'a\033[2J\nb')
	cp server/server "$name"
	started "./$name"
	suture apply server.sut "pid:$pid"
	suture status "pid:$pid"
	suture status --json "pid:$pid"
	suture blockers "pid:$pid"
	suture apply other.sut "pid:$pid"
	ended "$pid"
}

built server server
created server server server > /dev/null 2>&1
built switcher switcher
created switcher switcher other > /dev/null 2>&1
transcript "our memory in the target may hold anything" suture_memory
transcript "the program's tables may hold anything" program_tables
transcript "names are printed, not obeyed" names
finish
