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
		--patch "$name.patch" -o "$name.sut" "$@" > output 2>&1 && return
	sed "s/^/# $name: /" output
	echo "Bail out! $name was not made"
	exit 1
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

# written NAME DEFINE...: the author's file with these macros.
written() {
	name=$1
	shift
	{
		printf '#define NAME "%s"\n' "$name"
		printf '#define %s\n' "$@"
		cat "$here/targets/callbacks.c"
	} > "$name.c"
}

called() {
	start
	suture apply c1.sut "pid:$pid"
	say log
	suture revert c1 "pid:$pid"
	say log
	suture apply c1.sut "pid:$pid"
	say log > answer
	suture apply c2.sut "pid:$pid"
	say log
	suture apply c3.sut "pid:$pid"
	say log
	suture revert c3 "pid:$pid"
	say log
	ended "$pid"
}

callback_says_no() {
	start
	suture apply c1.sut "pid:$pid"
	say log > answer
	suture apply no.sut "pid:$pid"
	say log
	say ask
	suture status "pid:$pid"
	ended "$pid"
}

shadows() {
	start
	say shadow
	suture apply sh.sut "pid:$pid"
	say shadow
	say shadow
	suture apply sh2.sut "pid:$pid"
	say shadow
	say log
	suture revert sh2 "pid:$pid"
	say log
	say shadow
	ended "$pid"
}

states() {
	start
	suture apply v2.sut "pid:$pid"
	suture apply v1.sut "pid:$pid"
	suture apply f2r.sut "pid:$pid"
	suture apply v3.sut "pid:$pid"
	suture revert v3 "pid:$pid"
	ended "$pid"
}

built model model
for number in 1 2 3; do
	written "c$number" "ID $((number == 3 ? 9 : 8))"
	made "c$number" "$(version first "1$number")" --replace --with "c$number.c"
	written "v$number" "ID 1" "STATE $number"
	made "v$number" "$(version first "2$number")" --replace --with "v$number.c"
done
written no "ID 7" "RESULT -16"
made no "$(version second 3)" --replace --with no.c
for number in '' 2; do
	written "sh$number" "ID 6"
	made "sh$number" '
		/^int shadow/i#include <suture/livepatch.h>
		/^__attribute__.* shadow(void)/,/return/s/return.*/int *data = klp_shadow_get(\&object, 5);\
\
	if (data)\
		return *data;\
	data = klp_shadow_alloc(\&object, 5, sizeof(*data), 0, NULL, NULL);\
	return data ? 0 * (*data = 7) : -2;/' --replace --with "sh$number.c"
done
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
transcript "callbacks run in the target, those with an id once for all versions" called
transcript "a pre_patch that says no undoes everything" callback_says_no
transcript "data hung on an object outlive an upgrade, and go with the last user" shadows
transcript "states forbid what cannot be taken back" states
finish
