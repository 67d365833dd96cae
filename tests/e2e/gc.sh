#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What reverted patches leave in memory, and when it goes.
. "$(dirname "$0")/lib.sh"

began() {
	rm -f commands
	mkfifo commands
	started keeper/keeper commands
	exec 8> commands
}

# told COMMAND...: the keeper does it; its answer is in $said.
told() {
	echo "$*" >&8
	read -r said <&9
}

over() {
	exec 8>&-
	ended "$pid"
}

there_and_back() {
	"$suture" apply keeper.sut "pid:$pid" > output && "$suture" revert keeper "pid:$pid" > output ||
		cat output
}

nothing() {
	began
	suture gc "pid:$pid"
	suture apply keeper.sut "pid:$pid"
	suture gc "pid:$pid"
	over
}

freed() {
	began
	suture apply keeper.sut "pid:$pid"
	told call
	echo "$said"
	suture revert keeper "pid:$pid"
	suture status "pid:$pid"
	suture gc "pid:$pid"
	suture status "pid:$pid"
	suture gc "pid:$pid"
	told call
	echo "$said"
	over
}

# The mappings are the same after each round; what is left of the first is the run-time, and the
# place through which the C library's unwinding leads.
again() {
	began
	there_and_back
	"$suture" gc "pid:$pid" > output || cat output
	print=$("$meddle" print "$pid")
	for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		there_and_back
		"$suture" gc "pid:$pid" > output || cat output
		[ "$("$meddle" print "$pid")" = "$print" ] || echo "round $round: other mappings"
	done
	over
}

# kept WHAT DROP: the memory stays as long as the program has that of it.
kept() {
	began
	"$suture" apply keeper.sut "pid:$pid" > output || cat output
	told keep "$1"
	"$suture" revert keeper "pid:$pid" > output || cat output
	suture gc --wait 0.5 "pid:$pid"
	told "$2"
	suture gc "pid:$pid"
	over
}

kept_text() {
	kept text drop
}

kept_packed() {
	kept packed drop
}

kept_function() {
	kept function drop
}

kept_handler() {
	kept handler "drop handler"
}

sleeps() {
	began
	"$suture" apply keeper.sut "pid:$pid" > output || cat output
	told sleep
	"$suture" revert --wait 0.1 keeper "pid:$pid" > output
	suture gc --wait 0.5 "pid:$pid"
	"$suture" force --yes force keeper "pid:$pid" > output || cat output
	suture gc --wait 0.5 "pid:$pid"
	told wake
	suture gc "pid:$pid"
	over
}

too_long() {
	began
	there_and_back
	suture gc --wait 0.1 --max-pause 0.001ms "pid:$pid"
	suture gc --max-pause nonsense "pid:$pid"
	over
}

document() {
	began
	there_and_back
	suture gc --json "pid:$pid"
	over
}

built keeper keeper
created keeper keeper keeper > log 2>&1 || {
	sed 's/^/# /' log
	echo "Bail out! the patch was not made"
	exit 1
}

transcript "there is nothing to free before a patch was reverted" nothing
transcript "what was reverted is freed when nothing leads there" freed
transcript "twenty rounds leave the mappings as one does" again
transcript "it stays while the program has a string of it" kept_text
transcript "... also at an odd place" kept_packed
transcript "... or the address of a function of it" kept_function
transcript "... or the kernel has it for signals" kept_handler
transcript "it stays while a thread sleeps in it" sleeps
transcript "it stays when the stop would be too long" too_long
transcript "the document says the same" document
finish
