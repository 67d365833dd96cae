#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Objects that come after the patch: loaded, unloaded, loaded again, in namespaces, needed by others.
. "$(dirname "$0")/lib.sh"

# asked LINE: the loader's answer.
asked() {
	echo "$1" >&8
	read -r said <&9
	echo "$1: $said" | normal
}

# begin [PROGRAM]: a loader, or that program, with pipes on descriptors 8 and 9.
begin() {
	rm -f first commands
	mkfifo first commands
	"$work/program/${1:-loader}" < commands > first &
	pid=$!
	ours="$ours $pid"
	exec 8> commands 9< first
	read -r said <&9
}

finished() {
	exec 8>&- 9<&-
	wait "$pid" && echo "the program ends with status 0"
	ours=$(echo "$ours" | sed "s/ $pid\>//")
}

# object FOLDER NAME SOURCE [GCC-OPTION...]: a shared object, with its compilation recorded.
object() {
	folder=$1 name=$2 source=$3
	shift 3
	mkdir -p "$work/$folder"
	cp "$here/targets/$source.c" "$work/$folder"
	(cd "$work/$folder" && "$suture" record -- gcc -D_GNU_SOURCE -O2 -g -fPIC -shared \
		-Wl,-soname,"$name" -o "$name" "$source.c" "$@") > log 2>&1 && return
	sed 's/^/# /' log
	echo "Bail out! $name was not built"
	exit 1
}

# made NAME SED-SCRIPT OPTION...: a patch of plugin.c, loader.c or sitter.c.
made() {
	name=$1 script=$2
	shift 2
	mkdir -p a b
	cp tree/plugin.c tree/loader.c tree/sitter.c a
	cp a/plugin.c a/loader.c a/sitter.c b
	sed -i "$script" b/plugin.c b/loader.c b/sitter.c
	diff -u a b > "$name.patch"
	"$suture" create --name "$name" --source tree --patch "$name.patch" -o "$name.sut" "$@" \
		> output 2>&1 && return
	sed "s/^/# $name: /" output
	echo "Bail out! $name was not made"
	exit 1
}

waits() {
	begin
	suture apply plugin.sut "pid:$pid"
	suture plan plugin.sut "pid:$pid" --late
	suture apply plugin.sut "pid:$pid" --late
	suture status "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked ask
	suture status "pid:$pid"
	suture revert plugin "pid:$pid"
	asked ask
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	suture status "pid:$pid"
	finished
}

again() {
	begin
	suture apply both.sut "pid:$pid"
	asked ask
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		asked "load $work/tree/libplugin.so" > answer
		asked ask
		asked drop > answer
	done
	suture status "pid:$pid"
	suture revert both "pid:$pid"
	asked ask
	asked "load $work/tree/libplugin.so"
	asked ask
	finished
}

needed() {
	begin
	suture apply plugin.sut "pid:$pid" --late > answer
	asked "lazy $work/tree/libneeder.so"
	asked ask
	suture status "pid:$pid"
	finished
}

namespaces() {
	begin
	suture apply plugin.sut "pid:$pid" --late > answer
	asked "new $work/tree/libplugin.so"
	asked ask
	asked "new $work/tree/libplugin.so"
	asked ask
	suture status "pid:$pid"
	asked drop
	suture status "pid:$pid"
	asked drop
	suture status "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked ask
	finished
}

other_build() {
	begin
	suture apply plugin.sut "pid:$pid" --late > answer
	asked "load $work/other/libplugin.so"
	asked ask
	suture status "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked ask
	suture status "pid:$pid"
	finished
	begin
	asked "load $work/other/libplugin.so"
	suture apply plugin.sut "pid:$pid" --late
	finished
}

# A second patch over the first, before the object comes and when it is there, and one replaces all.
stacked() {
	begin
	suture apply plugin.sut "pid:$pid" --late > answer
	suture apply over.sut "pid:$pid" --late
	asked "load $work/tree/libplugin.so"
	asked ask
	suture revert over "pid:$pid"
	asked ask
	suture apply over.sut "pid:$pid"
	asked ask
	suture revert plugin "pid:$pid"
	asked ask
	suture apply instead.sut "pid:$pid"
	asked ask
	suture revert instead "pid:$pid"
	asked ask
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	finished
}

# A patch that goes while its object is not there.
replaced() {
	begin
	suture apply plugin.sut "pid:$pid" --late > answer
	suture apply instead.sut "pid:$pid" --late
	asked "load $work/tree/libplugin.so"
	asked ask
	asked drop
	suture revert instead "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked ask
	finished
}

filtered() {
	for kind in refuses kills; do
		hosted "$meddle" filter "$kind" "$work/program/loader"
		suture apply plugin.sut "pid:$pid" --late
		ended "$pid"
	done
}

# with_calls LINE: the loader's answer, after what callbacks said meanwhile.
with_calls() {
	asked "$1" > answer
	cat said answer
	: > said
}

callbacks() {
	begin 2>> said
	suture apply calls.sut "pid:$pid" --late
	with_calls "load $work/tree/libplugin.so"
	with_calls ask
	with_calls drop
	with_calls "load $work/tree/libplugin.so"
	suture revert calls "pid:$pid"
	with_calls ask
	with_calls drop
	with_calls "load $work/tree/libplugin.so"
	suture status "pid:$pid"
	finished
}

refused() {
	begin 2>> said
	suture apply calls.sut "pid:$pid" --late > answer
	: > forbidden
	with_calls "load $work/tree/libplugin.so"
	with_calls "lazy $work/tree/libneeder.so"
	suture status "pid:$pid"
	suture status "pid:$pid" --json
	with_calls ask
	with_calls "new $work/tree/libplugin.so"
	suture status "pid:$pid"
	with_calls drop
	rm forbidden
	with_calls "load $work/tree/libplugin.so"
	with_calls ask
	suture status "pid:$pid"
	suture revert calls "pid:$pid"
	with_calls ask
	finished
}

# What a callback needs of the object is not there yet when it would run.
needs() {
	begin
	suture apply needs.sut "pid:$pid" --late
	finished
}

switches_stacks() {
	started switcher/switcher
	suture apply plugin.sut "pid:$pid" --late
	ended "$pid"
}

static_program() {
	started static/server
	suture apply plugin.sut "pid:$pid" --late
	ended "$pid"
}

# A thread sits in an old function while the object comes and goes: each thread keeps to its version.
while_open() {
	begin sitter
	asked "sit 0"
	suture apply open.sut "pid:$pid" --wait 0.1
	asked "load $work/tree/libplugin.so"
	suture status "pid:$pid"
	asked ask
	asked "in 0 ask"
	asked "in 0 drop"
	asked "in 0 load $work/tree/libplugin.so"
	asked "in 0 ask"
	asked ask
	asked "leave 0"
	suture apply open.sut "pid:$pid"
	asked "sit 0"
	asked drop
	asked "load $work/tree/libplugin.so"
	asked "in 0 ask"
	asked "leave 0"
	suture revert open "pid:$pid"
	asked ask
	finished
}

# One thread sits in the old version, one in the new one, and the apply is turned round.
while_back() {
	begin sitter
	asked "sit 0"
	suture apply open.sut "pid:$pid" --wait 0.1
	asked "sit 1"
	suture revert open "pid:$pid" --wait 0.1
	asked "load $work/tree/libplugin.so"
	asked ask
	asked "in 0 ask"
	asked "in 1 ask"
	asked "in 1 drop"
	asked "in 1 load $work/tree/libplugin.so"
	asked "in 1 ask"
	asked "in 0 ask"
	asked "leave 1"
	suture revert open "pid:$pid"
	asked "in 0 ask"
	asked "leave 0"
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	suture status "pid:$pid"
	finished
}

# The object comes in an apply and is there when that is turned round; and in a revert.
turned() {
	begin sitter
	asked "sit 0"
	suture apply open.sut "pid:$pid" --wait 0.1
	asked "load $work/tree/libplugin.so"
	asked "sit 1"
	suture revert open "pid:$pid" --wait 0.1
	asked "in 0 ask"
	asked "in 1 ask"
	asked ask
	asked "leave 1"
	suture revert open "pid:$pid"
	asked ask
	asked drop
	asked "leave 0"
	suture apply open.sut "pid:$pid"
	asked "sit 0"
	suture revert open "pid:$pid" --wait 0.1
	asked "load $work/tree/libplugin.so"
	asked "in 0 ask"
	asked ask
	asked "leave 0"
	suture revert open "pid:$pid"
	asked ask
	finished
}

# It came later, is there when the transition begins, and comes again in it.
torn() {
	begin sitter
	suture apply open.sut "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked "sit 0"
	suture revert open "pid:$pid" --wait 0.1
	asked drop
	asked "load $work/tree/libplugin.so"
	suture status "pid:$pid"
	asked ask
	asked "in 0 ask"
	asked "leave 0"
	suture revert open "pid:$pid"
	suture apply open.sut "pid:$pid"
	asked ask
	finished
}

# The object is there when the patch comes: the next instances are patched as well.
reloaded() {
	begin
	asked "load $work/tree/libplugin.so"
	suture apply first.sut "pid:$pid"
	suture status "pid:$pid"
	asked ask
	for turn in 1 2 3; do
		asked drop > answer
		asked "load $work/tree/libplugin.so" > answer
		asked ask
	done
	suture status "pid:$pid"
	suture apply second.sut "pid:$pid"
	asked ask
	asked drop
	suture status "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked ask
	suture revert first "pid:$pid"
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	suture revert second "pid:$pid"
	asked ask
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	suture gc "pid:$pid" > answer
	suture apply first.sut "pid:$pid"
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	finished
}

# The transition finds the object, which goes and comes in it, there and back.
reloaded_while_open() {
	begin sitter
	asked "load $work/tree/libplugin.so"
	asked "sit 0"
	suture apply open.sut "pid:$pid" --wait 0.1
	asked "in 0 ask"
	asked ask
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	asked "in 0 ask"
	asked "leave 0"
	asked "sit 1"
	suture revert open "pid:$pid" --wait 0.1
	asked ask
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	asked "leave 1"
	suture revert open "pid:$pid"
	asked ask
	asked "sit 0"
	suture apply open.sut "pid:$pid" --wait 0.1
	asked drop
	asked "leave 0"
	suture apply open.sut "pid:$pid"
	asked "load $work/tree/libplugin.so"
	asked ask
	finished
}

# Callbacks of an object that is there are not for its next instance; that it goes is noticed.
noticed() {
	begin
	asked "load $work/tree/libplugin.so"
	suture apply calls.sut "pid:$pid"
	asked ask
	asked drop
	suture status "pid:$pid"
	asked "load $work/tree/libplugin.so"
	suture status "pid:$pid"
	asked ask
	suture revert calls "pid:$pid"
	asked ask
	asked drop
	finished
}

forced() {
	begin sitter
	asked "sit 0"
	suture apply open.sut "pid:$pid" --wait 0.1
	asked "load $work/tree/libplugin.so"
	asked "in 0 ask"
	suture force open "pid:$pid" --yes force
	asked "in 0 ask"
	asked ask
	asked "leave 0"
	asked drop
	asked "load $work/tree/libplugin.so"
	asked ask
	suture revert open "pid:$pid"
	asked ask
	finished
}

mkdir tree
cp "$here/targets/loader.c" "$here/targets/sitter.c" tree
object tree libplugin.so plugin
mv tree/compile_commands.json plugin.json
(cd tree && "$suture" record -- gcc -D_GNU_SOURCE -O2 -g -o ../loader loader.c) > log 2>&1
mv tree/compile_commands.json loader.json
(cd tree && "$suture" record -- gcc -D_GNU_SOURCE -O2 -g -pthread -o ../sitter sitter.c) > log 2>&1
mkdir program
mv loader sitter program
python3 - tree/compile_commands.json loader.json plugin.json << 'END'
import json, sys
both = [entry for path in sys.argv[1:] for entry in json.load(open(path))]
json.dump(both, open(sys.argv[1], "w"))
END
gcc -O2 -g -fPIC -shared -Wl,-soname,libneeder.so -o tree/libneeder.so "$here/targets/needer.c" \
	-Ltree -lplugin -Wl,-rpath,"$work/tree"
object other libplugin.so plugin -DOTHER -O1
built static server -static
built switcher switcher
cat > needs.c << 'END'
#include <suture/livepatch.h>
int answer(int n);
static int pre_patch(struct klp_object *object)
{
	return object && answer(1) ? 0 : -1;
}
struct klp_object suture_objects[] = {
	{.name = "libplugin.so", .callbacks = {.pre_patch = pre_patch}},
	{0},
};
END
made plugin 's/count(n) + 1/count(n) + 1000/' --target tree/libplugin.so
made over 's/count(n) + 1/count(n) + 2000/' --target tree/libplugin.so
made instead 's/count(n) + 1/count(n) + 3000/' --target tree/libplugin.so --replace
made both 's/count(n) + 1/count(n) + 4000/; s/10 \* n/11 * n/' \
	--target program/loader --target tree/libplugin.so
made open 's/return n;/return n + 5000;/; s/version = 1/version = 2/' \
	--target program/sitter --target tree/libplugin.so
made first 's/return n;/return n + 700;/' --target tree/libplugin.so
made second 's/return n;/return n + 800;/' --target tree/libplugin.so
made calls 's/return n;/return n + 6000;/' --target tree/libplugin.so \
	--with "$here/targets/refuser.c"
made needs 's/return n;/return n + 7000;/' --target tree/libplugin.so --with needs.c
transcript "a patch waits for an object and takes it before its constructors" waits
transcript "an object that comes ten times is patched ten times" again
transcript "an object that another one needs is patched before either runs" needed
transcript "one instance is patched, in whatever namespace, and others are named" namespaces
transcript "another build of the object is left alone and named" other_build
transcript "patches over patches, before the object comes and after it" stacked
transcript "a patch goes while its object is not there" replaced
transcript "an object comes while a transition is open, and each thread keeps its version" while_open
transcript "an object comes while an apply is turned round" while_back
transcript "an apply and a revert are turned round or end with an object that came in them" turned
transcript "an object that a transition began with comes again in it and keeps the versions apart" torn
transcript "an object that was there when its patch came is patched again when it comes again" reloaded
transcript "an object that was there goes and comes in an apply and in its revert" reloaded_while_open
transcript "an object with callbacks that was there goes, and its patch can be reverted" noticed
transcript "a forced end with an object that came meanwhile" forced
transcript "a program under seccomp filters cannot wait" filtered
transcript "callbacks of an object run when it comes and when it goes" callbacks
transcript "a pre_patch that fails refuses the object" refused
transcript "callbacks that need the object cannot wait" needs
transcript "a program that switches stacks cannot wait" switches_stacks
transcript "a program without a dynamic loader cannot wait" static_program
finish
