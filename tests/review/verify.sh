#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture verify: a genuine patch file passes wherever it was made, and whatever was changed in one
# is named.
suture=$(realpath "$1")
tamper=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
. "$here/../create/tap.sh"
cd "$work" || exit 1
. "$here/program.sh"

# create PATCH OUT OPTION...
create() {
	patch=$1 out=$2
	shift 2
	"$suture" create --name shelf --fixes CVE-1 --target tree/prog --target tree/libcheck.so.1 \
		--source tree --patch "$patch" -o "$out" "$@"
}

# verify STATUS FILE PATCH OPTION...: what it says is left in out and json.
verify() {
	status=$1 file=$2 patch=$3
	shift 3
	"$suture" verify "$file" ${patch:+--patch "$patch"} ${tree---source tree} \
		--target tree/prog --target tree/libcheck.so.1 "$@" >out 2>&1
	found=$?
	cat out
	[ $found = "$status" ]
}

# caught TEXT WHAT [ARGUMENT...]: the file with that change is not the patch, and why is said.
caught() {
	text=$1
	shift
	"$tamper" good.sut bad.sut "$@" && verify 4 bad.sut both.patch --with author/notes.c &&
		grep -q "$text" out
}

# Several changes in one file, each of which must be told.
many() {
	cp good.sut many.sut
	for change in 'hash lend' 'range give_back' 'jumps checked' 'callback lend' 'address note' \
		'add checked evil'; do
		"$tamper" many.sut more.sut $change && mv more.sut many.sut || return 1
	done
	verify 4 many.sut both.patch --with author/notes.c && mv out many.out
}

old_code() {
	[ "$(grep -c '^  old code$' many.out)" = 2 ] && [ "$(grep -c 'in the file: .*sha256' many.out)" = 2 ]
}

genuine() {
	create both.patch good.sut --with author/notes.c && verify 0 good.sut both.patch \
		--with author/notes.c && grep -q 'byte for byte' out &&
		grep -q 'same: lend in prog, shelf.c' out &&
		grep -q 'same: new in_range in prog' out &&
		grep -q 'same: checked in libcheck.so.1' out
}

own_text() {
	verify 0 good.sut "" && grep -q 'byte for byte' out && grep -q 'the text in the file' out
}

elsewhere() {
	mkdir -p other/place && cp -r tree author other/place/ && (
		cd other/place && cat ../../check.patch ../../range.patch >order.patch &&
			rm tree/*.o tree/compile_commands.json &&
			(cd tree && "$suture" record make -s) &&
			"$suture" create --name shelf --fixes CVE-1 --source tree \
				--target ../../tree/libcheck.so.1 --target ../../tree/prog \
				--patch order.patch --with author/notes.c --beside shelf.c \
				-o ../../order.sut
	) && verify 0 order.sut both.patch --with author/notes.c &&
		! grep -q 'byte for byte' out
}

reordered() {
	"$tamper" good.sut bad.sut reorder && verify 0 bad.sut both.patch --with author/notes.c &&
		! grep -q 'byte for byte' out
}

header() {
	verify 0 good.sut mailed.patch --with author/notes.c && grep -q 'same hunks' out
}

without_text() {
	create both.patch bare.sut --no-source --with author/notes.c &&
		! grep -q 'no such book:", number' bare.sut &&
		verify 0 bare.sut both.patch --with author/notes.c && grep -q 'byte for byte' out &&
		verify 4 bare.sut "" && grep -q 'but not its text' out &&
		verify 0 bare.sut mailed.patch --with author/notes.c &&
		grep -q 'digest of another source patch' out
}

lying_text() {
	caught 'shows to a reader is another one' source 'no such book' 'NO SUCH BOOK' &&
		verify 4 bad.sut ""
}

wrong_patch() {
	create both.patch plain.sut && verify 4 plain.sut check.patch &&
		grep -q 'only in the file, not from this source patch: lend in prog' out
}

less_than_the_patch() {
	create check.patch small.sut && verify 4 small.sut both.patch &&
		grep -q 'missing in the file: new in_range in prog' out
}

flipped() {
	caught 'different: lend in prog' code lend && grep -q 'instruction at .text.lend+0x' out &&
		grep -q 'in the file: jn\?z' out && grep -q 'expected:    jn\?z' out
}

json() {
	verify 4 bad.sut both.patch --with author/notes.c --json && python3 - <<'END'
import json
v = json.load(open("out"))
assert v["schema"] == "suture.verify/1" and v["verdict"] == "different" and not v["identical"]
lend = [f for f in v["functions"] if f["name"] == "lend"][0]
assert lend["verdict"] == "different"
assert [f for f in lend["findings"] if f["subject"].startswith("instruction at .text.lend+")]
assert [f for f in v["functions"] if f["name"] == "checked"][0]["verdict"] == "same"
END
}

string() {
	caught 'in the file: "no such cook:"' string 'no such book:' 'no such cook:' &&
		grep -q 'expected:    "no such book:"' out && grep -q 'different: lend' out
}

retargeted() {
	caught 'in the file: note_error' retarget give_back note note_error &&
		grep -q 'expected:    note, at' out && grep -q 'different: give_back' out
}

own_retargeted() {
	caught 'different: lend' retarget lend in_range lend && grep -q 'expected:    in_range' out
}

# A name in the list of overruled refusals that was not needed, and one that cannot be overruled.
allowed() {
	caught 'only in the file.*: overruled refusal' allow layout && grep -q layout out &&
		caught 'overruled refusal' allow match
}

recorded() {
	create check.patch set.sut --replace-set 7 && verify 0 set.sut check.patch &&
		grep -q 'as the file says: shelf, version 1, fixes CVE-1, replaces set 7' out
}

nothing_to_patch() {
	printf '%s\n' '--- a/check.c' '+++ b/check.c' '@@ -1,2 +1,3 @@' ' #include "shelf.h"' '+/* A word. */' \
		' ' >comment.patch && verify 4 good.sut comment.patch &&
		grep -q 'comment.patch changes no machine code' out &&
		grep -q 'not from this source patch: lend in prog' out
}

no_tree() {
	tree= XDG_CACHE_HOME=$work/cache verify 4 good.sut both.patch && grep -q 'profile' out
}

refused_here() {
	sed 's/number >= 0/NUMBER >= 0/' range.patch >broken.patch
	verify 4 good.sut broken.patch --with author/notes.c && grep -q 'cannot be verified' out
}

# told TEXT: the last answer has that, whatever its lines are.
told() {
	grep -q "$1" out
}

# C of which the file has no text: nothing is said without a source patch, not even with a tree.
from_written() {
	"$suture" extract --source tree --target tree/libcheck.so.1 --patch check.patch -o check.c \
		>out 2>&1 &&
		for name in written again; do
			"$suture" create --name shelf --target tree/libcheck.so.1 --source tree \
				--from-source check.c -o $name.sut >>out 2>&1 || return 1
		done
	cmp written.sut again.sut || return 1
	verify 5 written.sut '' && told 'create --from-source of check.c' &&
		told 'suture explain no-patch' && verify 0 written.sut check.patch &&
		told 'same: checked in libcheck.so.1' || return 1
	verify 4 written.sut range.patch && told 'is not exactly range.patch' &&
		told 'made with --from-source of check.c' && told 'cross-check tells'
}

rehearsal() {
	for name in itself again; do
		"$suture" create --identity --name itself --target tree/libcheck.so.1 --source tree \
			-o $name.sut >out 2>&1 || return 1
	done
	cmp itself.sut again.sut && verify 5 itself.sut '' && told 'is a rehearsal' &&
		told 'suture explain no-patch' && verify 5 itself.sut check.patch && told 'rehearsal'
}

# What it cannot do it says before it looks for targets and profiles.
without_anything() {
	XDG_CACHE_HOME=$work/cache "$suture" verify itself.sut >out 2>&1
	[ $? = 5 ] && told 'is a rehearsal' &&
		XDG_CACHE_HOME=$work/cache "$suture" verify --json written.sut >out 2>&1
	[ $? = 5 ] && told '"rule": "no-patch"'
}

check "a genuine file passes, byte for byte" genuine
check "the text in the file is taken if no other is named" own_text
check "a file made elsewhere, with everything in another order, passes" elsewhere
check "the order of sections does not matter" reordered
check "other words around the same hunks are told, and pass" header
check "a file without its source is verified with the source patch" without_text
check "a file that shows its readers another source patch is caught" lying_text
check "functions of another patch are called so" wrong_patch
check "missing functions are named" less_than_the_patch
check "a flipped instruction is shown, on both sides" flipped
check "JSON says it, too" json
check "a changed string is shown" string
check "a call that leads elsewhere is shown" retargeted
check "a call within the patch that leads elsewhere is shown" own_retargeted
check "many changes are no patch, either" many
check "an added function is named" grep 'not from this source patch: new evil' many.out
check "a dropped function is named" caught 'missing in the file: .*in_range' drop in_range
check "another hash and another range of old code are shown" old_code
check "other jumps of a function are shown" grep 'jumps of the new code' many.out
check "an added callback is named" grep 'callback post_patch of prog' many.out
check "another address of a symbol is shown" grep 'symbol note of prog' many.out
check "a rule that was not overruled is named" allowed
check "what is taken from the file is said" recorded
check "a source patch that changes no machine code is not in any file" nothing_to_patch
check "without a tree a profile is needed" no_tree
check "a source patch that cannot be built here says nothing" refused_here
check "a file made of written C is compared with a source patch only" from_written
check "a rehearsal cannot be verified" rehearsal
check "what cannot be verified is said at once" without_anything
finish
