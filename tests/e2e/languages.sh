#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# C within programs of other languages, and those languages themselves. Installs their compilers
# where they are missing (several hundred MB), so it is of the suite nightly.
. "$(dirname "$0")/lib.sh"

has() {
	command -v "$1" > /dev/null || apt-get install -y --no-install-recommends "$2" > log 2>&1
}

# library: the C part, as an archive.
library() {
	[ -f libanswer.a ] && return
	cp "$here"/languages/* .
	"$suture" record -- gcc -O2 -g -c answer.c > log 2>&1 && ar rcs libanswer.a answer.o
}

# made NAME PROGRAM: a patch of the C part.
made() {
	suture create --name "$1" --target "$2" --source . --patch answer.patch -o "$1.sut"
}

# begun PROGRAM: with lines on descriptor 8.
begun() {
	rm -f in
	mkfifo in
	exec 8<> in
	started sh -c "exec ./$1 < in"
}

# line: the next one that it says.
line() {
	read -r said <&9
	echo "$said"
}

asked() {
	echo hello >&8
	line
}

connected() {
	bash -c 'head -n 1 < "/dev/tcp/127.0.0.1/$0"' "$port"
}

# there_and_back NAME QUESTION
there_and_back() {
	"$2"
	suture apply "$1.sut" "pid:$pid"
	"$2"
	suture revert "$1" "pid:$pid"
	"$2"
	ended "$pid"
}

rust() {
	library
	rustc -O -g -L . -l static=answer rust.rs > log 2>&1 || cat log
	made rust rust
	begun rust
	there_and_back rust asked
}

# A patch is made of C.
rust_itself() {
	sed 's/+ 100/+ 200/' rust.rs | diff -u --label a/rust.rs --label b/rust.rs rust.rs - > rust.patch
	suture create --name itself --target rust --source . --patch rust.patch -o itself.sut
}

go_with_c() {
	library
	GO111MODULE=off GOCACHE=${GOCACHE:-$work/cache} go build -o cgo cgo.go > log 2>&1 || cat log
	made cgo cgo
	begun cgo
	port=$said
	there_and_back cgo connected > answers
	sed 's/[0-9]* threads/N threads/' answers
}

go_itself() {
	GO111MODULE=off GOCACHE=${GOCACHE:-$work/cache} go build -o pure pure.go > log 2>&1 || cat log
	begun pure
	suture apply cgo.sut "pid:$pid"
	asked
	ended "$pid"
}

if has rustc rustc; then
	transcript "C within a program of Rust" rust
	transcript "Rust itself cannot be patched" rust_itself
else
	skipped "Rust" "no compiler"
fi
if has go golang-go; then
	transcript "C within a program of Go" go_with_c
	transcript "a program of Go without C is refused unharmed" go_itself
else
	skipped "Go" "no compiler"
fi
finish
