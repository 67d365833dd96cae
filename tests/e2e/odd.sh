#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Processes as few programs are (targets/odd.c): each is patched or refused, and lives on.
. "$(dirname "$0")/lib.sh"

# there_and_back KIND [NUMBER]: what it answers before, with and after its patch.
there_and_back() {
	hosted odd/odd "$@"
	ask
	suture apply odd.sut "pid:$pid"
	ask
	suture revert odd "pid:$pid"
	ask
	ended "$pid"
}

zombie_leader() { there_and_back zombie; }
many_threads() { there_and_back threads 1000; }
each_question() { there_and_back forks; }

# It may not be there, or not be allowed.
kernel_helpers() {
	hosted odd/odd uring
	if [ "$said" != ready ]; then
		wait "$pid"
		return
	fi
	ended "$pid"
	there_and_back uring
}

# The child runs in the memory of the parent: nobody knows what until it has ended.
vfork_parent() {
	hosted odd/odd vfork 1
	suture apply odd.sut --wait 0.2 "pid:$pid"
	suture blockers "pid:$pid" | grep -v '#'
	read -r child < "/proc/$pid/task/$pid/children"
	kill -KILL "$child"
	suture apply odd.sut "pid:$pid"
	ask
	ended "$pid"
}

unnumbered() {
	sed 's/[0-9][0-9]* \(runs\|has\)/CHILD \1/'
}

# Nobody knows what such a one is in, either: no transition begins while it is there, or ends.
shared_memory() {
	hosted odd/odd share
	suture plan odd.sut "pid:$pid" | unnumbered
	suture apply odd.sut "pid:$pid" | unnumbered
	suture status "pid:$pid"
	read -r child < "/proc/$pid/task/$pid/children"
	kill -KILL "$child"
	suture apply odd.sut "pid:$pid"
	ask
	ended "$pid"
}

shared_meanwhile() {
	hosted odd/odd share 1
	suture apply odd.sut --wait 0.2 "pid:$pid"
	kill -USR1 "$pid"
	read -r said <&9
	suture apply odd.sut --wait 0.2 "pid:$pid" | unnumbered
	read -r child < "/proc/$pid/task/$pid/children"
	kill -KILL "$child"
	suture apply odd.sut "pid:$pid"
	ask
	ended "$pid"
}

# In a transition it keeps to its version: the program imports clone(), and so gets one for each stack.
shared_versions() {
	started share/share
	suture apply share.sut --wait 0.2 "pid:$pid"
	kill -USR1 "$pid"
	read -r said <&9
	echo "$said"
	ended "$pid"
}

vfork_alone() {
	hosted odd/odd vfork
	suture apply odd.sut --wait 0.2 "pid:$pid"
	ended "$pid"
}

# What it had is gone with its memory, and nobody takes the new one for the old.
other_program() {
	hosted odd/odd exec 1
	suture apply odd.sut --wait 0.2 "pid:$pid"
	ask
	kill -USR1 "$pid"
	read -r said <&9
	suture status "pid:$pid"
	suture revert odd "pid:$pid"
	suture apply odd.sut "pid:$pid"
	ask
	ended "$pid"
}

# Always in the middle of something; whatever is said, the process lives, and nothing worse is said.
# What a command meets depends on the moment: for a while nobody there is alive but who executes,
# and then the new program is half made.
always_another() {
	started odd/odd execs 1
	others=0
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$suture" apply odd.sut --wait 0.1 "pid:$pid" > output 2>&1
		grep -q -e '^✔' -e 'retry: .* executed' -e 'retry: .* registers cannot be read' \
			-e '^✖ gone: ' -e 'no thread can be' -e 'not gone over' -e libc \
			-e 'no x86-64 ELF program' \
			output || { others=$((others + 1)) && cat output; }
	done
	echo "$others others"
	[ -d "/proc/$pid/fd" ] && echo "it lives"
	ended "$pid"
}

# Its parent takes no notice.
ending() {
	started odd/odd ended
	parent=$pid pid=$said
	suture apply odd.sut "pid:$pid"
	ended "$parent"
}

# Its children lend its memory, and are not taken for those that share it.
spawns() {
	started odd/odd spawns
	failures=0
	for _ in $(seq "${ROUNDS:-30}"); do
		"$suture" apply odd.sut "pid:$pid" > output 2>&1 &&
			"$suture" revert odd "pid:$pid" > output 2>&1 && continue
		failures=$((failures + 1))
		cat output
	done
	echo "failures: $failures"
	ended "$pid"
}

# In a namespace where the next process id can be chosen.
reused_id() {
	unshare -pfm --mount-proc "$here/reused.sh" "$suture" "$meddle" odd/odd odd.sut 2>&1 | normal
}

# in_storm COMMAND...: for all processes; notes what it could not do.
in_storm() {
	"$suture" "$@" "exe:$work/odd/odd" --json > output 2>&1
	grep '"rule":' output | grep -v '"forked"' >> failures
}

# Everybody who lives at the end has it, whoever was forked meanwhile. ROUNDS=100 for a long storm.
storm() {
	hosted odd/odd storm 20
	: > failures
	for _ in $(seq "${ROUNDS:-3}"); do
		in_storm apply odd.sut
		in_storm revert odd
	done
	in_storm apply odd.sut
	echo "failures: $(wc -l < failures)"
	"$suture" status "exe:$work/odd/odd" --json > state
	echo "not applied: $(grep -c '"state": "[^a]' state)"
	[ "$(grep -c '"state": "applied"' state)" -ge 21 ] && echo "at least 21 have it"
	ended "$pid"
}

built odd odd
built share share
created odd odd odd > /dev/null 2>&1
created share share share > /dev/null 2>&1
transcript "the main thread has ended and the others go on" zombie_leader
transcript "a thousand threads" many_threads
transcript "a process for each question" each_question
name="threads of the kernel that work for the program"
if [ "$(kernel_helpers 2> /dev/null | head -n 1)" = "version 1" ]; then
	transcript "$name" kernel_helpers
else
	skipped "$name" "no io_uring here"
fi
transcript "a child that runs in its parent's memory holds it up" vfork_parent
transcript "... and mixes no versions" shared_versions
transcript "a thread that cannot be interrupted is not waited for" vfork_alone
transcript "a process in its memory that is no thread of it holds it up" shared_memory
transcript "... also one that comes meanwhile" shared_meanwhile
transcript "a process that executes another program has lost its patch" other_program
transcript "a process that executes another one all the time lives" always_another
transcript "a process that spawns others all the time is patched as any" spawns
transcript "a process that has ended is gone" ending
name="a process id that is used again is not the process"
if unshare -pfm --mount-proc test -w /proc/sys/kernel/ns_last_pid 2> /dev/null; then
	transcript "$name" reused_id
else
	skipped "$name" "no namespace in which ids can be chosen"
fi
transcript "processes that fork all the time are caught up with" storm
finish
