#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture record sees what a build compiles and is not seen by it.
suture=$(realpath "$1")
. "$(dirname "$0")/tap.sh"

mkdir "$work/tree"
cd "$work/tree" || exit 1
printf 'int a(void) { return 1; }\n' >a.c
printf 'int a(void);\nint main(void) { return a() - 1; }\n' >main.c
printf 'prog: a.o main.c\n\t$(CC) -DX="1 2" -o $@ $^\n' >Makefile

status_is() {
	wanted=$1
	shift
	"$suture" record -- "$@" >/dev/null 2>&1
	got=$?
	echo "status $got"
	[ $got = "$wanted" ]
}

has_entries() {
	[ "$(grep -c '"file"' compile_commands.json)" = "$1" ] || {
		cat compile_commands.json
		return 1
	}
}

output_is_the_builds() {
	make 2>&1 >"$work/plain" || return 1
	rm -f prog a.o
	"$suture" record -o "$work/other.json" -- make >"$work/recorded" || return 1
	diff "$work/plain" "$work/recorded"
}

records_compile_and_link() {
	rm -f prog a.o
	"$suture" record -- make && has_entries 2 && grep -q '"-DX=1 2"' compile_commands.json
}

keeps_other_files() {
	touch a.c
	"$suture" record -- make a.o CFLAGS=-O1 && has_entries 2 &&
		[ "$(grep -c -e '"-O1"' compile_commands.json)" = 1 ]
}

ignores_what_makes_no_object() {
	cp compile_commands.json "$work/before.json"
	"$suture" record -- sh -c 'cc -E a.c; cc -MM main.c; cc --version; cc main.o' >/dev/null
	diff "$work/before.json" compile_commands.json
}

sees_parallel_builds() {
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "int f$i;" >f$i.c
	done
	"$suture" record -o many.json -- make -j4 f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o f9.o &&
		[ "$(grep -c '"file"' many.json)" = 9 ]
}

names_the_remedy() {
	"$suture" record -o none.json -- true 2>&1 | grep 'through PATH' && [ ! -e none.json ]
}

keeps_a_bad_database() {
	echo '[' >bad.json
	"$suture" record -o bad.json -- cc -c a.c 2>&1 | grep 'bad.json:' &&
		[ "$(cat bad.json)" = '[' ]
}

leaves_nothing() {
	ls "$work/tmp"
	[ -z "$(ls "$work/tmp")" ]
}

check "the build's output is the build's" output_is_the_builds
check "a compilation and a compile-and-link become entries" records_compile_and_link
check "a later build replaces the entries of its files only" keeps_other_files
check "what makes no object is not recorded" ignores_what_makes_no_object
check "a parallel build is recorded whole" sees_parallel_builds
check "the command's status is passed on" status_is 7 sh -c 'exit 7'
check "a command that cannot be run fails" status_is 1 ./no-such-command
check "the command's signal is passed on" status_is 143 sh -c 'kill -TERM $$'
check "a build without a compilation names the remedy" names_the_remedy
check "a broken database is left as it is" keeps_a_bad_database
check "no temporary file is left" leaves_nothing
finish
