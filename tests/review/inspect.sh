#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture inspect --diff and --html: the change as a reviewer reads it, and nothing of a hostile file
# gets past them.
suture=$(realpath "$1")
tamper=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
. "$here/../create/tap.sh"
cd "$work" || exit 1
. "$here/program.sh"
"$suture" create --name shelf --fixes CVE-1 --target tree/prog --target tree/libcheck.so.1 \
	--source tree --patch both.patch --with author/notes.c -o good.sut >made 2>&1 || cat made

# inspect STATUS FILE OPTION...: what it prints is left in out.
inspect() {
	status=$1
	shift
	"$suture" inspect "$@" >out 2>err
	found=$?
	cat out err
	[ $found = "$status" ]
}

targets='--target tree/prog --target tree/libcheck.so.1'

# The small one, without addresses, and without the blanks at line ends that no file of the tree has.
golden() {
	inspect 0 --diff good.sut $targets &&
		sed -n '/^changed function checked/,/^$/p' out | sed 's/at 0x[0-9a-f]*/at 0x.../; s/ $//' |
		diff "$here/checked.txt" -
}

references() {
	inspect 0 --diff good.sut $targets && grep -q '^+ .*lea "no such book:"(%rip)' out &&
		grep -q '^- .*call note_error' out && grep -q '^+ .*call in_range' out &&
		grep -q '^+	if (!in_range(number)) {' out && grep -q '^  .*call note$' out
}

hand_written() {
	grep -q 'It is of the part that the author wrote by hand' out &&
		grep -q '^written by hand: notes.c' out && grep -q 'pre_patch = ready' out
}

without_target() {
	inspect 0 --diff good.sut && grep -q 'no file with the build-id of prog was found' out &&
		grep -q '^+ .*cmp \$0x6, %edi' out && ! grep -q '^- .*cmp' out
}

from_process() {
	mkdir -p moved && cp tree/prog tree/libcheck.so.1 moved/ && mkfifo ready &&
		cat >hold.c <<'END' && cc -shared -fPIC -o moved/hold.so hold.c || return 1
#include <unistd.h>
__attribute__((constructor)) static void hold(void)
{
	if (write(1, "x", 1) == 1)
		pause();
}
END
	LD_PRELOAD=$PWD/moved/hold.so ./moved/prog >ready &
	pid=$!
	[ "$(head -c 1 ready)" = x ] && inspect 0 --diff good.sut --target pid:$pid
	result=$?
	kill $pid
	wait $pid 2>/dev/null
	[ $result = 0 ] && grep -q '^- .*cmp \$0x7, %edi' out && grep -q '^+ .*call in_range' out
}

other_bytes() {
	"$tamper" good.sut bad.sut hash lend && inspect 0 --diff bad.sut $targets &&
		grep -q 'has not the bytes that the patch replaces' out
}

colours() {
	inspect 0 --diff good.sut $targets && ! grep -q "$(printf '\033')" out &&
		inspect 0 --diff good.sut $targets --color always &&
		grep -q "$(printf '\033\\[32m+ .*call in_range')" out &&
		inspect 1 --diff good.sut --color sometimes && inspect 1 --diff good.sut --target pid:x
}

json() {
	inspect 0 --diff --json good.sut $targets && python3 - <<'END'
import json
v = json.load(open("out"))
checked = [f for f in v["review"] if f["name"] == "checked"][0]
assert checked["removed"] == checked["added"] == 1 and checked["old_code"] == "shown"
assert [(r["mark"], r["text"]) for r in checked["code"] if r["mark"] != " "] == [
    ("-", "cmp $0x7, %edi"), ("+", "cmp $0x6, %edi")]
assert checked["hunks"][0]["lines"][3].startswith("-\treturn number")
assert v["hunks_elsewhere"] == []
END
}

no_source() {
	"$suture" create --name bare --target tree/libcheck.so.1 --source tree --no-source \
		--patch check.patch -o bare.sut >made 2>&1 &&
		inspect 0 --diff bare.sut $targets --html bare.html &&
		grep -q 'The source patch is not in the file' out &&
		grep -q '^+ .*cmp \$0x6' out && ! grep -q 'number < 7' out bare.html bare.sut
}

page() {
	inspect 0 good.sut $targets --html page.html && python3 "$here/page.py" page.html lend \
		give_back checked in_range note_error ready
}

# Markup, control characters and text that turns its direction, wherever there is room for them.
hostile() {
	printf 'book <b>&\033[2J\342\200\256' >what &&
		sed "s,no such book:,$(cat what | sed 's/[&]/\\&/g')," both.patch >hostile.patch &&
		"$suture" create --name hostile --target tree/prog --target tree/libcheck.so.1 \
			--source tree --patch hostile.patch -o hostile.sut >made 2>&1 &&
		inspect 0 --diff hostile.sut $targets --html hostile.html &&
		grep -q '\\x1b' out && grep -q '\\u001b' out && grep -q '\\u202e' out &&
		! grep -q "$(printf '\033')" out hostile.html &&
		! grep -q "$(printf '\342\200\256')" out hostile.html &&
		python3 "$here/page.py" hostile.html lend
}

unwritable() {
	inspect 1 good.sut --html nowhere/page.html && [ ! -e nowhere ]
}

check "a small function's diff is golden" golden
check "references are shown by name, strings in quotes" references
check "what the author wrote by hand is shown" hand_written
check "without the target's file only the new code is shown" without_target
check "the old code is found in a process whose file has gone elsewhere" from_process
check "old code that is not what the patch replaces is told" other_bytes
check "colours are for terminals, or on demand" colours
check "JSON says the same" json
check "a file without its source shows no source" no_source
check "the page is whole, and needs nothing else" page
check "nothing hostile gets onto the page or the terminal" hostile
check "a page that cannot be written is an error" unwritable
finish
