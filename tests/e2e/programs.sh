#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One server, built in all the ways that programs are.
. "$(dirname "$0")/lib.sh"

ask() {
	bash -c 'exec 3<> "/dev/tcp/127.0.0.1/$0" && echo hello >&3 && head -n 1 <&3' "$port"
}

# there_and_back KIND GCC-OPTION...: what it answers before, with and after its patch, which has the
# callbacks in $with if that is set.
there_and_back() {
	kind=$1
	shift
	built "$kind" server "$@"
	created "$kind" server "$kind" ${with:+--with "$with"} > output 2>&1
	started "$kind/server"
	port=$said
	ask
	suture apply "$kind.sut" "pid:$pid"
	ask
	suture revert "$kind" "pid:$pid"
	ask
	ended "$pid"
}

position_dependent() { there_and_back fixed -no-pie; }
static_fixed() { there_and_back static -static; }
static_pie() { there_and_back static-pie -static-pie; }
landing_pads() { there_and_back cet -fcf-protection=full -Wl,-z,ibt,-z,shstk; }
entry_nops() { there_and_back nops -fpatchable-function-entry=8,3; }
frame_pointers() { there_and_back frames -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer; }
sized() { there_and_back sized -Os -fno-plt -Wl,-z,now; }

without_symbols() {
	built full server
	mkdir stripped
	created full server stripped > output 2>&1
	strip -o stripped/server full/server
	started stripped/server
	port=$said
	suture apply stripped.sut "pid:$pid"
	ask
	ended "$pid"
}

# answered LINE: what bare says to it.
answered() {
	echo "$1" >&8
	read -r said <&9
	echo "$said"
}

without_library() {
	built bare bare -nostdlib -static -ffreestanding -fno-stack-protector
	created bare bare bare > output 2>&1
	mkfifo in
	exec 8<> in
	started sh -c 'exec bare/bare < in'
	suture apply bare.sut "pid:$pid"
	answered hello
	suture revert bare "pid:$pid"
	answered thread
	suture apply bare.sut "pid:$pid"
	answered hello
	ended "$pid"
}

musl_dynamic() { there_and_back musl -Wl,--build-id; }
musl_static() { there_and_back musl-static -static -Wl,--build-id; }
# Its compiler has no option for these.
musl_static_pie() {
	start=$(dirname "$(realpath /lib/ld-musl-x86_64.so.1)")
	there_and_back musl-static-pie -static -fPIE -nostartfiles -Wl,--build-id,-pie,--no-dynamic-linker \
		"$start/rcrt1.o" "$start/crti.o" "$start/crtn.o"
}

# It takes the locks of musl's streams.
callbacks() {
	echo '#include <suture/livepatch.h>
#include <stdio.h>
static int before(struct klp_object *object) { return object ? fflush(NULL) : -1; }
static void after(struct klp_object *object) { before(object); }
struct klp_object suture_objects[] = {{.callbacks = {before, after, after, after}}, {0}};' > callbacks.c
	with=callbacks.c
}

# Nothing tells where errno is, which callbacks may change.
musl_stripped() {
	strip -o stripped/static musl-static/server
	started stripped/static
	port=$said
	suture apply musl-static.sut "pid:$pid"
	ask
	ended "$pid"
}

transcript "a program at fixed addresses" position_dependent
transcript "a static program" static_fixed
transcript "a static program at random addresses" static_pie
transcript "one with landing pads" landing_pads
transcript "one with nops at its entries" entry_nops
transcript "one with frame pointers" frame_pointers
transcript "a small one without a linkage table" sized
transcript "a stripped one" without_symbols
transcript "one without a C library, as long as it has one thread" without_library
if command -v musl-gcc > /dev/null; then
	compiler=musl-gcc
	callbacks
	transcript "a program of musl, callbacks included" musl_dynamic
	transcript "a static one of musl" musl_static
	transcript "a static one of musl at random addresses" musl_static_pie
	transcript "a static one of musl without symbols, with callbacks" musl_stripped
else
	skipped "programs of musl" "no musl-gcc"
fi
finish
