#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a C program can contain, one folder of features/ each: the program is built, patched while it
# runs, and patched back; or the patch is refused, and for the right reason.
#
#   features/NAME/*.c, *.h   the program; step() prints what the fix changes (see runner.h)
#   features/NAME/fix.patch  the fix
#   features/NAME/case       what is expected, a field per line:
#
#     title: what is shown                      the test's name
#     with: gcc -O2                             a compiler and its options; each line is a test
#     also: clang-14 -O2                        another one, left out in the short run
#     build: $CC -o prog *.c $RUNNER            commands that make the program
#     target: prog                              what is patched; several: program and libraries
#     create: --strip 1                         further words for suture create
#     changed: step                             functions that the patch changes, exactly
#     new: helper                               functions that it brings, exactly
#     before: text                              what step() prints; several lines are several lines
#     after: text                               ... when the patch is applied
#     reverted: text                            ... and after it is reverted, unless as before
#     refused: RULE text                        instead: create refuses with this rule and words
#     blocked: RULE text                        instead: apply does
#     applied: no                               it is only made
#     nothing: text                             instead: there is nothing to patch
#     warned: RULE text                         besides: create warns
#
# features.sh SUTURE --all [NAME...] runs all tests, or all of those folders; without --all it is
# the short run.
suture=$(realpath "$1")
shift
compilers=with
if [ "${1:-}" = --all ]; then
	compilers='with\|also'
	shift
fi
. "$(dirname "$0")/tap.sh"
here=$(cd "$(dirname "$0")" && pwd)
RUNNER=$work/runner.o
export RUNNER
pid=

leave() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
	rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT TERM

# field KEY: its values in this case, a line each.
field() {
	sed -n "s/^$1: *//p" "$folder/case"
}

build() {
	rm -rf "$work/tree"
	cp -r "$folder" "$work/tree"
	cd "$work/tree" || return 1
	rm case fix.patch
	commands=$(field build)
	"$suture" record -- sh -ec "${commands:-\$CC -g -Wl,--build-id -o prog *.c \$RUNNER}" \
		>"$work/log" 2>&1 || {
		cat "$work/log"
		return 1
	}
}

create() {
	rm -f "$work/fix.sut"
	set --
	for target in $(field target); do
		set -- "$@" --target "$target"
	done
	[ $# -gt 0 ] || set -- --target prog
	# shellcheck disable=SC2046 # words
	"$suture" create --json --name fix "$@" $(field create) --source . \
		--patch "$folder/fix.patch" -o "$work/fix.sut" >"$work/json" 2>&1
	status=$?
}

# told RULE TEXT: create said that.
told() {
	grep -q "\"rule\": \"$1\"" "$work/json" && grep -qe "$2" "$work/json"
}

# words: what suture said, for people.
words() {
	sed '1,/"headlines"/d' "$work/json" | grep . || cat "$work/json"
}

# functions KIND: the names of the patch's functions of that kind, in order.
functions() {
	"$suture" inspect --json "$work/fix.sut" | awk -F '"' -v kind="$1" '
		$2 == "functions" { on = 1 } /^  \]/ { on = 0 }
		on && /^      "name"/ { name = $4 } on && /^      "kind"/ && $4 == kind { print name }' |
		sort | tr '\n' ' '
}

# agree FIELD TEXT: the field is not there, or that.
agree() {
	wanted=$(field "$1" | tr ' ' '\n' | sort | tr '\n' ' ')
	[ -z "$(field "$1")" ] || [ "$wanted" = "$2" ] || {
		echo "$1: $2instead of $wanted"
		return 1
	}
}

# start: the program, with its questions on 8 and answers on 9.
start() {
	mkfifo "$work/ask" "$work/answer"
	./prog <"$work/ask" >"$work/answer" &
	pid=$!
	exec 8>"$work/ask" 9<"$work/answer"
	rm "$work/ask" "$work/answer"
}

# shows FIELD: a step prints what the field says.
shows() {
	echo >&8
	while IFS= read -r line <&9 && [ "$line" != . ]; do
		printf '%s\n' "$line"
	done >"$work/got"
	field "$1" | diff -u - "$work/got"
}

# stop: at the end of its input the program ends, and well.
stop() {
	exec 8>&- 9<&-
	wait "$pid"
	ended=$?
	pid=
	[ "$ended" = 0 ] || echo "the program ended with $ended"
	return "$ended"
}

# try RESULT COMMAND...: runs it and wants that exit status; its words are kept.
try() {
	result=$1
	shift
	"$@" >"$work/json" 2>&1
	status=$?
	[ "$status" = "$result" ] || {
		cat "$work/json"
		return 1
	}
}

# unlucky: apply found no way to take an entry. Where addresses are random, another start may do.
unlucky() {
	[ "$status" = 4 ] || [ "$status" = 5 ] || return 1
	grep -q '"rule": "entry"' "$work/json"
}

patched() {
	shows before || return 1
	if [ -n "$(field blocked)" ]; then
		try 4 "$suture" apply --json "$work/fix.sut" "pid:$pid" &&
			told $(field blocked | sed 's/ .*//') "$(field blocked | sed 's/[^ ]* //')"
		return
	fi
	reverted=before
	[ -z "$(field reverted)" ] || reverted=reverted
	try 0 "$suture" apply --json "$work/fix.sut" "pid:$pid" && shows after &&
		try 0 "$suture" revert fix "pid:$pid" && shows $reverted
}

feature() {
	build || return 1
	create
	{
		field refused
		field warned
	} >"$work/told"
	while read -r rule text; do
		told "$rule" "$text" || {
			words
			return 1
		}
	done <"$work/told"
	wanted=0
	[ -z "$(field nothing)" ] || wanted=2
	[ -z "$(field refused)" ] || wanted=4
	[ $status = $wanted ] || {
		words
		return 1
	}
	if [ $wanted != 0 ]; then
		[ ! -e "$work/fix.sut" ] && grep -qe "$(field nothing)" "$work/json"
		return
	fi
	agree changed "$(functions changed)" && agree new "$(functions new)" || return 1
	[ "$(field applied)" != no ] || return 0
	for attempt in 1 2 3; do
		start
		patched >"$work/said"
		worked=$?
		stop || return 1
		[ $worked != 0 ] && unlucky || break
	done
	cat "$work/said"
	return $worked
}

gcc -O2 -fPIE -c -o "$RUNNER" "$here/runner.c" || exit 1
export CPATH="$here"
[ $# -gt 0 ] || set -- $(ls "$here/features")
for case; do
	folder=$here/features/$case
	title=$(field title)
	field "\($compilers\)" >"$work/compilers"
	[ -s "$work/compilers" ] || echo 'gcc -O2' >"$work/compilers"
	while read -r CC; do
		export CC
		check "$case: $title ($CC)" feature
	done <"$work/compilers"
done
finish
