#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture profile: made of a small build tree, used by create, and what may go wrong with either.
suture=$(realpath "$1")
. "$(dirname "$0")/../create/tap.sh"
# One of the tests is about a machine that forbids this; the others are about what it gives.
if ! unshare -m true 2>/dev/null && ! unshare -Urm true 2>/dev/null; then
	echo "1..0 # SKIP no mount namespace can be made here"
	exit 0
fi
export SUTURE_CACHE="$work/cache"

# A tree whose build compiles one file in a copy and one file twice, by compilers of all names.
mkdir -p "$work/tree/src"
cd "$work/tree" || exit 1
cat >src/parts.h <<'END'
int first(int x);
int copied(int x);
int twice(int x);
END
cat >src/first.c <<'END'
#include "parts.h"

#include <stdio.h>

int first(int x)
{
	printf("%s: %d\n", __FILE__, x);
	return x + copied(x) + twice(x);
}

int main(int argc, char **argv)
{
	return argc > 9 ? first(argc) : argv[0] == NULL;
}
END
cat >src/copied.c <<'END'
#include "parts.h"

#include <stdlib.h>

int copied(int x)
{
	if (x > 100)
		abort();
	return x * 3;
}
END
cat >src/twice.c <<'END'
#include "parts.h"

#include <stdlib.h>

int twice(int x)
{
#ifdef OTHER
	return rand() % x;
#else
	return x ? abs(x) * 2 : rand();
#endif
}
END
cat >Makefile <<'END'
all: prog
first.o: src/first.c
	/usr/bin/gcc -O2 -g -c $(CURDIR)/src/first.c -o $@
copied.o: src/copied.c
	mkdir -p out/flavour/src
	cp src/*.c src/*.h out/flavour/src
	cd out/flavour && gcc -O2 -g -c src/copied.c -o ../../copied.o
other.o: src/twice.c
	gcc -O2 -g -DOTHER -c src/twice.c -o $@
twice.o: src/twice.c
	cc -O2 -g -c src/twice.c -o $@
prog: first.o copied.o twice.o other.o
	gcc -o $@ first.o copied.o twice.o
clean:
	rm -rf out prog *.o
END
# change FILE FROM TO: a patch of it.
change() {
	mkdir -p a/src b/src
	cp "src/$1" "a/src/$1"
	sed "s/$2/$3/" "src/$1" >"b/src/$1"
	diff -u "a/src/$1" "b/src/$1"
	rm -rf a b
}
change first.c 'return x +' 'return x + 1 +' >"$work/first.patch"
change copied.c 'x \* 3' 'x * 5' >"$work/copied.patch"
change twice.c 'abs(x) \* 2' 'abs(x) * 4' >"$work/twice.patch"

make_profile() {
	"$suture" profile --build-tree "$work/tree" --name small -- sh -c 'make clean && make'
}

# create PATCH ARGUMENT...
create() {
	patch=$1
	shift
	"$suture" create --name fix --target "$work/prog" --patch "$work/$patch.patch" \
		-o "$work/fix.sut" "$@"
}

is_made() {
	make_profile && cp prog "$work/prog" &&
		"$suture" profile list --json >"$work/list" && python3 - "$work/list" <<'END'
import json, sys
profile, = json.load(open(sys.argv[1]))["profiles"]
target, = profile["targets"]
assert profile["name"] == "small" and profile["units"] == 4, profile
assert target["verdict"] == "proof" and target["units"] == 3 and target["symbols"], target
assert (target["equal"], target["different"], target["absent"]) == (5, 0, 0), target
assert target["proven"] == 5 < target["functions"], target
END
}

is_valid() {
	"$suture" profile verify && (cd "$work/cache/profiles/small" && sha256sum --quiet -c SHA256SUMS)
}

serves_create() {
	create first && create first | grep 'with the profile small' &&
		"$suture" inspect --json "$work/fix.sut" | grep '"name": "first"'
}

serves_verify() {
	create first && "$suture" verify --target "$work/prog" "$work/fix.sut" >"$work/text" &&
		grep 'byte for byte' "$work/text" && grep 'with the profile small' "$work/text"
}

serves_extract() {
	"$suture" extract --target "$work/prog" --patch "$work/twice.patch" -o "$work/twice.c" \
		--cross-check >"$work/text" && grep 'with the profile small' "$work/text" &&
		grep 'twice: same code' "$work/text" && grep '^int twice' "$work/twice.c"
}

# Every function of prog, and main() for the usual reason not.
serves_identity() {
	"$suture" create --identity --name itself --target "$work/prog" -o "$work/itself.sut" \
		>"$work/text" && cat "$work/text" && grep '3 of the 4 functions' "$work/text" &&
		grep 'with the profile small' "$work/text"
}

# Its command names it by a path that the tree has no more.
extracts_where_it_was() {
	"$suture" extract --target "$work/prog" --patch "$work/first.patch" -o "$work/first.c" \
		--cross-check >"$work/text" && grep 'first: same code' "$work/text" &&
		grep "^#line .*\"$work/tree/src/first.c\"" "$work/first.c" || {
		cat "$work/text"
		return 1
	}
}

needs_a_target() {
	"$suture" extract --patch "$work/first.patch" -o "$work/first.c" 2>"$work/text"
	[ $? = 1 ] && grep -e '--source' "$work/text"
}

# The first create left one object for each unit that it compiled.
keeps_objects() {
	cp "$work/fix.sut" "$work/before.sut"
	kept=$(ls "$work/cache/profiles/small/before")
	[ "$(echo "$kept" | wc -l)" = 1 ] && inode=$(stat -c %i "$work/cache/profiles/small/before/$kept") &&
		create first && cmp "$work/fix.sut" "$work/before.sut" &&
		[ "$(stat -c %i "$work/cache/profiles/small/before/$kept")" = "$inode" ]
}

compiles_again_what_is_damaged() {
	printf x >>"$work/cache/profiles/small/before/$kept"
	create first && cmp "$work/fix.sut" "$work/before.sut" &&
		[ "$(stat -c %i "$work/cache/profiles/small/before/$kept")" != "$inode" ]
}

patches_a_copy() {
	create copied >"$work/text" && cat "$work/text" && grep 'changed copied in prog' "$work/text" &&
		! grep uncompiled "$work/text"
}

takes_the_linked_compile() {
	create twice >"$work/text" && cat "$work/text" && grep '1 changed and 0 new' "$work/text"
}

needs_no_tree() {
	mv "$work/tree" "$work/away"
	create first
	status=$?
	mv "$work/away" "$work/tree"
	[ $status = 0 ] && cmp "$work/fix.sut" "$work/before.sut"
}

reads_a_database() {
	"$suture" record -- sh -c 'make clean && make' >/dev/null 2>&1
	sed -i 's/"gcc"/"cc"/' compile_commands.json
	"$suture" profile --build-tree . --name other --json >"$work/list" || return 1
	rm compile_commands.json
	python3 - "$work/list" <<'END'
import json, sys
profile = json.load(open(sys.argv[1]))
target, = profile["targets"]
assert (target["equal"], target["different"]) == (3, 0), target
END
	status=$?
	"$suture" profile remove other && [ $status = 0 ]
}

tells_sources_from_objects() {
	"$suture" record -- sh -c 'make clean && make' >/dev/null 2>&1
	sed -i 's/x \* 3/x * 33/' out/flavour/src/copied.c
	"$suture" profile --build-tree . --name other
	"$suture" profile list | grep -B1 -A2 other >"$work/text"
	sed -i 's/x \* 33/x * 3/' out/flavour/src/copied.c
	rm compile_commands.json
	"$suture" profile remove other
	cat "$work/text"
	grep '1 units: 1 functions equal' "$work/text"
}

# --- what is refused ---

# refused RULE WORDS COMMAND...
refused() {
	rule=$1 words=$2
	shift 2
	"$@" --json >"$work/text" 2>&1
	status=$?
	cat "$work/text"
	[ $status = 4 ] && grep "\"rule\": \"$rule\"" "$work/text" && grep -e "$words" "$work/text"
}

names_the_remedy() {
	refused profile 'suture profile' "$suture" create --name fix --target "$suture" \
		--patch "$work/first.patch" -o "$work/none.sut" && [ ! -e "$work/none.sut" ]
}

nothing_is_left() {
	[ -z "$(ls "$work/cache/making")" ] && [ -z "$(ls "$work/tmp")" ] && return 0
	find "$work/cache/making" "$work/tmp"
	return 1
}

refuses_a_failing_build() {
	"$suture" profile --build-tree "$work/tree" --name bad -- sh -c 'echo it went wrong; exit 3' \
		>"$work/text" 2>&1
	[ $? = 4 ] && cat "$work/text" && grep 'status 3' "$work/text" &&
		grep 'it went wrong' "$work/text" && grep 'it went wrong' "$work/cache/bad.log" &&
		[ ! -e "$work/cache/profiles/bad" ] && nothing_is_left
}

refuses_no_compilation() {
	"$suture" profile --build-tree "$work/tree" --name bad -- true >"$work/text" 2>&1
	[ $? = 4 ] && grep 'make clean' "$work/text" && [ ! -e "$work/cache/profiles/bad" ]
}

refuses_no_database() {
	refused database 'suture record' "$suture" profile --build-tree "$work/tree" --name bad
}

refuses_no_package() {
	! command -v dpkg-query >/dev/null ||
		refused package 'apt-get install' "$suture" profile --package no-such-package-here
}

missing_tree() {
	"$suture" profile --build-tree "$work/nowhere" 2>&1 | grep 'nowhere'
}

# --- interrupted ---

# begin: a build that says its process and never ends; $pid is suture's.
begin() {
	rm -f "$work/child"
	"$suture" profile --build-tree "$work/tree" --name slow -- \
		sh -c "touch '$work/child'; exec sleep 987654" >"$work/text" 2>&1 &
	pid=$!
	for _ in $(seq 200); do
		[ -e "$work/child" ] && return 0
		sleep 0.05
	done
	return 1
}

build_has_ended() {
	for _ in $(seq 100); do
		pgrep -f 'sleep 987654' >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

leaves_nothing_when_interrupted() {
	begin || return 1
	kill -INT $pid
	wait $pid
	build_has_ended && nothing_is_left && [ ! -e "$work/cache/profiles/slow" ]
}

is_swept_when_killed() {
	begin || return 1
	kill -KILL $pid
	wait $pid
	build_has_ended || return 1
	[ -n "$(ls "$work/cache/making")" ] || return 1
	make_profile && nothing_is_left
}

leaves_the_living_alone() {
	begin || return 1
	make_profile && [ "$(ls "$work/cache/making" | wc -l)" = 1 ] && kill -0 $pid
	status=$?
	kill -TERM $pid
	wait $pid
	[ $status = 0 ] && build_has_ended && nothing_is_left
}

two_at_once() {
	cp -a "$work/tree" "$work/second"
	make_profile >"$work/one" 2>&1 &
	pid=$!
	"$suture" profile --build-tree "$work/second" --name second -- sh -c 'make clean && make' &&
		wait $pid && "$suture" profile verify small second &&
		"$suture" profile remove second && rm -r "$work/second"
}

# --- what somebody did to the cache ---

finds_damage() {
	profile=$work/cache/profiles/small
	echo >>"$profile/tree/src/first.c"
	touch "$profile/tree/added"
	rm "$profile/tree/src/parts.h"
	"$suture" profile verify >"$work/text"
	[ $? = 4 ] && cat "$work/text" && grep 'first.c: changed' "$work/text" &&
		grep 'added: was not there' "$work/text" && grep 'parts.h: missing' "$work/text" &&
		make_profile && "$suture" profile verify
}

# A compiler of our own, which becomes another one after the profile was made.
finds_another_compiler() {
	mkdir "$work/bin"
	printf '#!/bin/sh\nexec /usr/bin/gcc "$@"\n' >"$work/bin/my-gcc"
	chmod +x "$work/bin/my-gcc"
	(PATH=$work/bin:$PATH && "$suture" profile --build-tree "$work/tree" --name own -- \
		sh -c 'make clean && my-gcc -O2 -g -o prog src/first.c src/copied.c src/twice.c') || return 1
	"$suture" profile verify own || return 1
	echo '# another' >>"$work/bin/my-gcc"
	"$suture" profile verify own >"$work/text"
	[ $? = 4 ] && cat "$work/text" && grep 'another version' "$work/text" || return 1
	rm "$work/bin/my-gcc"
	"$suture" profile verify own | grep 'my-gcc' && "$suture" profile remove own
}

# forge PYTHON: profile.json changed by a statement about p; create and list must say so.
forge() {
	file=$work/cache/profiles/small/profile.json
	cp "$file" "$work/good.json"
	python3 -c 'import json, sys
p = json.load(open(sys.argv[1]))
exec(sys.argv[2])
json.dump(p, open(sys.argv[1], "w"))' "$file" "$1"
	"$suture" profile list >"$work/text" 2>&1
	list=$?
	cp "$work/good.json" "$file"
	cat "$work/text"
	[ $list = 4 ] || [ $list = 5 ]
}

refuses_forged_files() {
	forge 'p["targets"][0]["image"] = "../../../etc/passwd"' &&
		forge 'p["targets"][0]["image"] = "/etc/passwd"' &&
		forge 'p["units"][0]["object"] = "tree/../../x.o"' &&
		forge 'p["units"][0]["places"] = [{"target": 7, "equal": 1, "different": 0, "absent": 0}]' &&
		forge 'p["units"][0]["sha256"] = "12"' &&
		forge 'p["units"][0]["arguments"] = []' &&
		forge 'p["targets"][0]["build_id"] = "zz"' &&
		forge 'p["targets"][0]["equal"] = -1' &&
		forge 'p["origin"] = "relative"' &&
		forge 'del p["sums"]' &&
		forge 'p["schema"] = "suture.profile/2"' && "$suture" profile list
}

refuses_no_json() {
	file=$work/cache/profiles/small/profile.json
	cp "$file" "$work/good.json"
	for text in '' '{' '[[[[' 'null' '{"schema": 1}'; do
		printf %s "$text" >"$file"
		"$suture" profile list >"$work/text" && return 1
	done
	head -c 3000 /dev/zero | tr '\0' '[' >"$file"
	"$suture" profile list >"$work/text" && return 1
	cp "$work/good.json" "$file"
	"$suture" profile list
}

refuses_what_others_can_write() {
	chmod g+w "$work/cache/profiles/small/profile.json"
	refused cache 'somebody else' create first
	file=$?
	chmod g-w "$work/cache/profiles/small/profile.json"
	chmod o+w "$work/cache/profiles"
	refused cache 'somebody else' create first
	folder=$?
	chmod o-w "$work/cache/profiles"
	[ $file = 0 ] && [ $folder = 0 ] && create first
}

follows_no_forged_link() {
	link=$(ls -d "$work"/cache/build-id/*)
	cp -a "$work/cache/profiles/small" "$work/outside"
	ln -sfn ../../outside "$link"
	refused profile 'no --source' create first
	refused=$?
	rm -r "$work/outside"
	make_profile && [ $refused = 0 ] && create first
}

# Root may write everything, so somebody else reads.
reads_a_cache_of_root() {
	[ "$(id -u)" = 0 ] || return 0
	chmod a+rx "$work" && chmod -R a+rX "$work/cache" "$work/prog" "$work"/*.patch
	mkdir -m 777 "$work/theirs"
	rm -f "$work"/cache/profiles/small/before/*
	TMPDIR=$work/theirs setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$suture" create --name fix --target "$work/prog" --patch "$work/first.patch" \
		-o "$work/theirs/fix.sut" && [ -z "$(ls "$work/cache/profiles/small/before")" ] &&
		cmp "$work/theirs/fix.sut" "$work/before.sut" || return 1
	setpriv --reuid 65534 --regid 65534 --clear-groups "$suture" profile --build-tree \
		"$work/tree" -- true >"$work/text" 2>&1
	[ $? = 1 ] && cat "$work/text" && grep SUTURE_CACHE "$work/text"
}

# Another place for the cache, another file: what is written does not depend on it.
makes_the_same_everywhere() {
	mv "$work/cache" "$work/moved"
	SUTURE_CACHE="$work/moved" create first
	status=$?
	mv "$work/moved" "$work/cache"
	[ $status = 0 ] && cmp "$work/fix.sut" "$work/before.sut"
}

users_have_rooms() {
	[ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urm true ||
		return 0
	mkdir -m 777 "$work/user" && cp -a "$work/tree" "$work/user/tree" &&
		chown -R 65534 "$work/user/tree" || return 1
	TMPDIR=$work/user XDG_CACHE_HOME=$work/user/cache SUTURE_CACHE='' \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$suture" profile --json --build-tree "$work/user/tree" -- sh -c 'make clean && make' \
		>"$work/text" || return 1
	cat "$work/text"
	grep '"units": 4' "$work/text" && grep '"isolated": true' "$work/text" &&
		[ -d "$work/user/cache/suture/profiles" ]
}

# Root without the right to mount is refused namespaces.
does_without_rooms() {
	[ "$(id -u)" = 0 ] || return 0
	setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$suture" profile --name plain \
		--json --build-tree "$work/tree" -- sh -c 'make clean && make' >"$work/text" || return 1
	cat "$work/text"
	grep '"isolated": false' "$work/text" && grep 'absolute path are not seen' "$work/text" &&
		grep '"units": 3' "$work/text" && "$suture" profile remove plain && make_profile
}

# A file system of a megabyte, in a mount namespace of the test's.
leaves_nothing_when_full() {
	[ "$(id -u)" = 0 ] && unshare -m true || return 0
	mkdir "$work/full"
	unshare -m sh -c 'mount -t tmpfs -o size=1m,mode=755 none "$1" || exit 99
		SUTURE_CACHE=$1 "$2" profile --build-tree "$3" -- sh -c "make clean && make" >"$1-text" 2>&1
		first=$?
		head -c 2000000 /dev/zero >"$3/big"
		SUTURE_CACHE=$1 "$2" profile --build-tree "$3" -- sh -c "make clean && make" >"$1-text" 2>&1
		second=$?
		rm "$3/big"
		cat "$1-text"
		[ $first = 0 ] && [ $second = 1 ] && [ -z "$(ls "$1/making")" ] &&
			[ "$(ls "$1/profiles" | wc -l)" = 1 ] && grep "No space" "$1-text"' \
		sh "$work/full" "$suture" "$work/tree"
}

# The build changes a source after it was compiled: that is said, and a patch of it is refused.
tells_changed_sources() {
	cp -a "$work/tree" "$work/moving" && cd "$work/moving" || return 1
	"$suture" profile --build-tree . --name moving -- \
		sh -c 'make clean && make && sed -i "s/x \* 3/x * 4/" out/flavour/src/copied.c src/copied.c' \
		>"$work/text" && cp prog "$work/moving-prog" &&
		cat "$work/text" && grep 'changed it after it was compiled' "$work/text" || return 1
	change copied.c 'x \* 4' 'x * 5' >"$work/moving.patch"
	refused match 'copied' "$suture" create --name fix --target prog \
		--patch "$work/moving.patch" -o "$work/none.sut"
	status=$?
	cd "$work/tree" && "$suture" profile remove moving && make_profile && [ $status = 0 ]
}

is_not_removed_while_in_use() {
	flock -s "$work/cache/profiles/small" "$suture" profile remove small
	[ $? = 3 ] && create first
}

is_removed() {
	"$suture" profile remove small && [ -z "$(ls "$work/cache/profiles" "$work/cache/build-id" |
		grep -v :)" ] && refused profile 'no --source' create first &&
		refused profile small "$suture" profile remove small && nothing_is_left
}

check "a build becomes a profile, whatever its compilers are called by" is_made
check "what was made is valid, for sha256sum as well" is_valid
check "create needs no source" serves_create
check "the object of an unpatched unit is kept and used" keeps_objects
check "a damaged one is compiled again" compiles_again_what_is_damaged
check "a file that the build copied is patched in the copy" patches_a_copy
check "of a file compiled twice the compile in the target is patched" takes_the_linked_compile
check "the tree may be gone" needs_no_tree
check "a built tree's database will do" reads_a_database
check "objects that are not of the tree's sources are not believed" tells_sources_from_objects
check "verify needs no source" serves_verify
check "extract needs no source" serves_extract
check "... nor the tree where it was" extracts_where_it_was
check "... but then it needs a target" needs_a_target
check "a rehearsal needs no source" serves_identity
check "a target without a profile: the command that makes one" names_the_remedy
check "a failing build: its last words, and nothing is left" refuses_a_failing_build
check "a build that compiles nothing" refuses_no_compilation
check "a tree without a database" refuses_no_database
check "a package that is not installed" refuses_no_package
check "a tree that is not there" missing_tree
check "an interrupted run leaves nothing" leaves_nothing_when_interrupted
check "what a killed run left goes with the next one" is_swept_when_killed
check "a run that lives is left alone" leaves_the_living_alone
check "two runs at once" two_at_once
check "verify finds files that changed, came and went" finds_damage
check "verify finds another compiler" finds_another_compiler
check "forged files are refused" refuses_forged_files
check "files that are no profile are refused" refuses_no_json
check "a profile that others can write is refused" refuses_what_others_can_write
check "a link out of the cache is not followed" follows_no_forged_link
check "users read root's profiles, and cannot write there" reads_a_cache_of_root
check "a source that the build changed is no reason to do nothing" tells_changed_sources
check "where the cache lies makes no difference" makes_the_same_everywhere
check "users have private views, too" users_have_rooms
check "without a private view, what PATH shows is recorded, and that is said" does_without_rooms
check "a full disk: nothing is left, and the older profile is as it was" leaves_nothing_when_full
check "a profile in use is not removed" is_not_removed_while_in_use
check "a removed profile is gone" is_removed
finish
