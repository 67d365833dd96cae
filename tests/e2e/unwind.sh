#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Ways out of a function through new code: exceptions, threads that end, backtraces, debuggers.
. "$(dirname "$0")/lib.sh"

# program KIND [OPTION...]: builds the program.
program() {
	mkdir "$1"
	cp "$here"/targets/unwinder* "$1"
	kind=$1
	shift
	(cd "$kind" && "$suture" record -- sh -ec "gcc -O2 -g -c unwinder-work.c
		g++ -O2 -g -pthread -c unwinder.cc
		g++ -pthread -Wl,--build-id $* -o unwinder unwinder.o unwinder-work.o") > log 2>&1 ||
		cat log
	created "$kind" unwinder "$kind" > output 2>&1 || cat output
}

# running KIND: started, and it takes commands.
running() {
	rm -f commands
	mkfifo commands
	exec 8<> commands
	started sh -c "exec $1/unwinder < commands"
}

ask() {
	printf '%s' "$1" >&8
	read -r answer <&9
	echo "$2: $answer"
}

all_ways() {
	ask v 'the version'
	ask e 'an exception'
	ask x 'a thread that ends'
	ask c 'a thread that is cancelled'
	ask b 'a backtrace'
	ask l 'a list of objects'
}

there_and_back() {
	running "$1"
	all_ways
	suture apply "$1.sut" "pid:$pid" > applied
	sed 's/applied in .*/applied/' applied | head -n 2
	all_ways
	suture revert "$1" "pid:$pid" > reverted
	all_ways
	ended "$pid"
}

dynamic() { there_and_back dynamic; }

# A thread sleeps in new code when it is to go; then an exception takes it out.
on_the_stack() {
	running dynamic
	"$suture" apply dynamic.sut "pid:$pid" > output || cat output
	ask w 'in new code'
	"$suture" revert dynamic "pid:$pid" --wait 100ms > output
	echo "revert: $?"
	ask t 'then'
	"$suture" revert dynamic "pid:$pid" > output
	echo "revert: $?"
	ask v 'the version'
	ended "$pid"
}

of_static() {
	program static -static
	there_and_back static
}

# The functions that a backtrace names, from work on.
names() {
	grep -o '^#[0-9]* .*' | sed -E 's/^#[0-9]+ +(0x[0-9a-f]+ in )?//; s/ .*//' |
		sed -n '/^waits/,$p' | head -n 3
}

in_gdb() {
	running dynamic
	"$suture" apply dynamic.sut "pid:$pid" > output || cat output
	ask w 'in new code'
	suture symbols "pid:$pid" -o new.elf --perf-map new.map
	echo 'in the process:'
	gdb -nx -batch -p "$pid" -ex 'add-symbol-file new.elf' -ex 'thread 2' -ex bt \
		-ex 'generate-core-file core' 2> /dev/null < /dev/null | names
	echo 'in its core:'
	gdb -nx -batch dynamic/unwinder core -ex 'add-symbol-file new.elf' \
		-ex 'thread apply all bt' 2> /dev/null < /dev/null | names
	grep -cxE '[0-9a-f]+ [0-9a-f]+ (work|suture_run_time)' new.map
	ended "$pid"
}

program dynamic
transcript "exceptions and threads get out through new code" dynamic
transcript "an exception takes a thread out of code that is to go" on_the_stack
transcript "in a static program, too" of_static
if command -v gdb > /dev/null; then
	transcript "gdb goes through new code, in the process and in a core" in_gdb
else
	skipped "gdb goes through new code, in the process and in a core" "no gdb"
fi
finish
