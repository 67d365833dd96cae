#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The model on a process: patches over patches, replaced, taken out from below, turned round, forced.
. "$(dirname "$0")/lib.sh"

say() {
	bash -c 'exec 3<> "/dev/tcp/127.0.0.1/$0" && echo "$1" >&3 && head -n 1 <&3' "$port" "$1"
}

# made NAME SED-SCRIPT [OPTION...]: a patch of model.c.
made() {
	name=$1 script=$2
	shift 2
	mkdir -p a b
	cp model/model.c a
	sed "$script" model/model.c > b/model.c
	diff -u a/model.c b/model.c > "$name.patch"
	"$suture" create --name "$name" --target model/model --source model \
		--patch "$name.patch" -o "$name.sut" "$@" > output 2>&1 || cat output
}

# version FUNCTION N: the script for `made` that lets it return N.
version() {
	echo "/^__attribute__.* $1(void)/,/return/s/return -\\{0,1\\}1/return $2/"
}

start() {
	started model/model
	port=$said
}

holding() {
	say hold > held &
	holder=$!
	until grep -q futex "/proc/$pid/task/"*/wchan; do
		:
	done
}

freed() {
	say free > answer
	wait "$holder"
	cat held
}

stacked() {
	start
	suture apply f2.sut "pid:$pid"
	suture apply f3.sut "pid:$pid"
	say ask
	suture status "pid:$pid"
	suture revert f3 "pid:$pid"
	say ask
	suture apply f3.sut "pid:$pid"
	suture revert f2 "pid:$pid"
	say ask
	suture revert f3 "pid:$pid"
	say ask
	ended "$pid"
}

replaced() {
	start
	suture apply f2.sut "pid:$pid"
	suture apply s2r.sut "pid:$pid"
	say ask
	suture status "pid:$pid"
	suture revert f2 "pid:$pid"
	suture apply f2r.sut "pid:$pid"
	say ask
	suture apply s2r.sut "pid:$pid"
	suture revert s2r "pid:$pid"
	say ask
	ended "$pid"
}

# A replace that is turned round leaves the old patch as it was.
replace_reversed() {
	start
	holding
	suture apply f2.sut "pid:$pid"
	suture apply w2r.sut "pid:$pid" --wait 0.1
	say ask
	suture revert f2 "pid:$pid"
	suture revert w2r "pid:$pid"
	freed
	say ask
	suture status "pid:$pid"
	ended "$pid"
}

# Disabling turned round, and round again: the second time as a transition of its own.
turned_twice() {
	start
	suture apply w2.sut "pid:$pid"
	holding
	suture revert w2 "pid:$pid" --wait 0.1
	suture apply w2.sut "pid:$pid" --wait 5
	freed
	suture revert w2 "pid:$pid"
	say ask
	ended "$pid"
}

forced() {
	start
	suture force w2 "pid:$pid" --yes force
	holding
	suture apply w2.sut "pid:$pid" --wait 0.1
	suture force w2 "pid:$pid"
	suture force w2 "pid:$pid" --yes force
	suture status "pid:$pid"
	freed
	holding
	freed
	suture revert w2 "pid:$pid"
	ended "$pid"
}

built model model
made f2 "$(version first 2)"
made f3 "$(version first 3)"
made f2r "$(version first 2)" --replace
made s2r "$(version second 2)" --replace
made w2 "$(version slow 2)"
made w2r "$(version slow 2)" --replace
transcript "patches lie over patches, and any of them can be taken out" stacked
transcript "a patch made with --replace takes the place of all others" replaced
transcript "a replace that is turned round leaves the old patch as it was" replace_reversed
transcript "a revert that is turned round, and reverted again" turned_twice
transcript "a transition is forced only by the word" forced
finish
