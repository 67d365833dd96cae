#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture create with what is wrong, broken or malicious: a sentence, the exit status, nothing left
# behind, and the tree as it was.
suture=$(realpath "$1")
. "$(dirname "$0")/tap.sh"

mkdir "$work/tree" "$work/outside"
cd "$work/tree" || exit 1
mkdir src
cat >src/main.c <<'END_OF_FILE'
#include <stdio.h>

int limit = 3;

__attribute__((noinline)) int check(int value)
{
	if (value > limit)
		return 0;
	return value;
}

int main(int argc, char **argv)
{
	printf("%s %d\n", argv[0], check(argc));
	return 0;
}
END_OF_FILE
cat >../fix.patch <<'END_OF_FILE'
--- a/src/main.c
+++ b/src/main.c
@@ -4,7 +4,7 @@

 __attribute__((noinline)) int check(int value)
 {
-	if (value > limit)
+	if (value >= limit)
 		return 0;
 	return value;
 }
END_OF_FILE

create() {
	rm -f "$work/out.sut"
	timeout 60 "$suture" create --json --name test --target prog --source . --patch ../fix.patch \
		-o "$work/out.sut" "$@" >"$work/json" 2>&1
	status=$?
	cat "$work/json"
}

# said STATUS TEXT: the last verdict, and nothing came of it.
said() {
	grep -qe "$2" "$work/json" && nothing_left "$1"
}

nothing_left() {
	[ $status = "$1" ] && [ ! -e "$work/out.sut" ] && [ -z "$(ls "$work/tmp")" ] &&
		[ -z "$(ls "$work/outside")" ]
}

# patched_by SED-SCRIPT: create with a copy of the patch, changed.
patched_by() {
	sed "$1" ../fix.patch >../bad.patch
	create --patch ../bad.patch
}

# compiled_by SCRIPT: create with this script for a compiler; "$real" is the real one.
compiled_by() {
	printf '#!/bin/sh\nreal=%s\n%s\n' "$(command -v gcc)" "$1" >"$work/cc"
	chmod +x "$work/cc"
	sed "s,\"[^\"]*/gcc\",\"$work/cc\"," compile_commands.json >"$work/bad.json"
	create --database "$work/bad.json"
}

only_with_fuzz() {
	patched_by '4s/.*/ int other;/'
	said 4 'src/main.c only with fuzz'
}

cut_off() {
	head -n 7 ../fix.patch >../bad.patch
	create --patch ../bad.patch
	said 4 'bad.patch:8: '
}

absolute_name() {
	patched_by "s,^\([-+][-+]*\) [ab]/src,\1 $work/outside,"
	said 4 'none of its 1 files' || return 1
	patched_by 's,[ab]/src/,a/../../outside/,'
	said 4 'none of its 1 files'
}

file_that_is_a_link() {
	mv src/main.c ../outside
	ln -s ../../outside/main.c src/main.c
	create
	rm src/main.c
	mv ../outside/main.c src
	said 4 'outside the tree'
}

folder_that_is_a_link() {
	ln -s ../outside linked
	{
		cat ../fix.patch
		printf -- '--- /dev/null\n+++ b/linked/new.h\n@@ -0,0 +1 @@\n+int new;\n'
	} >../bad.patch
	create --patch ../bad.patch
	rm linked
	said 4 'outside the tree'
}

pipe_as_file() {
	mkfifo ../pipe
	create --patch ../pipe
	said 4 'pipe: not a regular file' || return 1
	mv src/main.c ..
	mkfifo src/main.c
	create
	mv ../main.c src/main.c
	said 4 'main.c: not a regular file'
}

unreadable() {
	[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || return 0
	chmod 000 src/main.c
	chmod 755 "$work"
	chmod 777 "$work/tmp"
	setpriv --reuid 65534 --clear-groups "$suture" create --name test --target prog \
		--source . --patch ../fix.patch -o "$work/tmp/out.sut" >"$work/json" 2>&1
	status=$?
	chmod 644 src/main.c
	cat "$work/json"
	said 1 'main.c: Permission denied'
}

enormous() {
	truncate -s 100M ../huge.patch
	create --patch ../huge.patch
	rm ../huge.patch
	said 4 'more than the'
}

output_is_a_device() {
	mknod ../null c 1 3 2>/dev/null || ln -s /dev/null ../null
	create -o ../null
	[ -c ../null ] && said 4 'null: not a regular file'
}

output_cannot_be_written() {
	create -o ../missing/out.sut
	said 1 'missing/out.sut'
}

other_tree() {
	cp src/main.c ..
	sed -i 's/return value;/return value + 1;/' src/main.c
	patched_by 's/return value;/return value + 1;/'
	mv ../main.c src/main.c
	said 4 'check of src/main.c is not what prog was built from'
}

no_compiler() {
	sed "s,\"[^\"]*/gcc\",\"/usr/bin/no-such-gcc\"," compile_commands.json >"$work/bad.json"
	create --database "$work/bad.json"
	said 1 'no-such-gcc: no such program' && said 1 'install the package that has'
}

other_compiler() {
	command -v clang-14 || return 0
	sed "s,\"[^\"]*/gcc\",\"clang-14\"," compile_commands.json >"$work/bad.json"
	create --database "$work/bad.json"
	said 4 'prog was compiled by GCC.*src/main.c is compiled by.* clang version 14'
}

broken_build() {
	mv src/main.c ..
	sed 's/stdio.h/no-such.h/' ../main.c >src/main.c
	create
	mv ../main.c src/main.c
	said 4 'does not compile without the patch'
}

compiler_that_crashes() {
	compiled_by 'case " $* " in *" -E "*) exec "$real" "$@";; esac; kill -SEGV $$'
	said 4 'src/main.c: does not compile'
}

compiler_that_writes_nothing() {
	compiled_by 'case " $* " in *" -E "*) exec "$real" "$@";; esac; exit 0'
	said 4 'src/main.c: does not compile'
}

compiler_that_writes_nonsense() {
	compiled_by 'case " $* " in *" -E "*) exec "$real" "$@";; esac
		while [ "$1" != -o ]; do shift; done; echo nonsense >"$2"'
	said 4 'not a valid relocatable object'
}

# database SED-SCRIPT: create with the database, changed.
database() {
	sed "$1" compile_commands.json >"$work/bad.json"
	cmp -s compile_commands.json "$work/bad.json" && return 1
	create --database "$work/bad.json"
}

database_that_lies() {
	database 's,"directory": "[^"]*","directory": "/no/such/folder",'
	said 2 'no recorded compilation reads it' || return 1
	database 's,"src/main.c","src/gone.c",'
	said 2 'no recorded compilation reads it' || return 1
	database 's,"file": "[^"]*","file": "src/../src/main.c",; s,"-O2","-O2 -fno-such",'
	said 4 'does not compile' || return 1
	database 's,"-O2","-fplugin=none.so",'
	said 4 'does not compile' || return 1
	database 's,"-O2","-O0",'
	said 4 'is not what prog was built from'
}

no_space() {
	unshare -m true 2>/dev/null || return 0
	unshare -m sh -c 'mount -t tmpfs -o size=16k,mode=700 none "$TMPDIR" && exec "$0" "$@"' \
		"$suture" create --name test --target prog --source . --patch ../fix.patch \
		-o "$work/out.sut" >"$work/json" 2>&1
	status=$?
	cat "$work/json"
	[ $status != 0 ] && said $status 'No space left on device'
}

file_size_limit() {
	(
		ulimit -f 1
		create >/dev/null
		exit $status
	)
	status=$?
	cat "$work/json"
	[ $status != 0 ] && [ $status -lt 128 ] && said $status 'File too large\|does not compile'
}

# A compiler that ends suture at its nth call.
interrupted_at() {
	rm -rf "$work/calls"
	mkdir "$work/calls"
	compiled_by "call=1
		while ! mkdir '$work/calls/'\$call 2>/dev/null; do call=\$((call + 1)); done
		[ \$call != $1 ] || kill -$2 \$PPID
		exec \"\$real\" \"\$@\""
}

interrupted() {
	for call in 1 2 3 4; do
		interrupted_at $call INT
		nothing_left 130 || return 1
	done
	interrupted_at 9 INT
	[ $status = 0 ] && rm "$work/out.sut"
}

# Its compilers may live a little longer, and write on: then the one after next removes it.
killed() {
	interrupted_at 3 KILL
	[ $status = 137 ] && [ -n "$(ls "$work/tmp")" ] || return 1
	mkdir "$work/tmp/suture-other"
	for attempt in 1 2 3 4 5; do
		create >/dev/null
		[ "$(ls "$work/tmp")" != suture-other ] || break
	done
	ls "$work/tmp"
	[ $status = 0 ] && rm "$work/out.sut" && rmdir "$work/tmp/suture-other" &&
		[ -z "$(ls "$work/tmp")" ]
}

tree_unchanged() {
	[ "$(find . -type f ! -name 'core*' -exec sha256sum {} + | sort)" = "$before" ]
}

"$suture" record -- gcc -O2 -g -Wl,--build-id -o prog src/main.c >"$work/build" 2>&1 ||
	cat "$work/build"
before=$(find . -type f -exec sha256sum {} + | sort)
check "a patch that applies with fuzz only is refused, and told so" only_with_fuzz
check "a patch that is cut off names the line" cut_off
check "absolute names, and those that go up, are not followed" absolute_name
check "a file that is a link out of the tree is refused" file_that_is_a_link
check "a new file below a link out of the tree is refused" folder_that_is_a_link
check "a pipe in place of a file is no reason to wait" pipe_as_file
check "a file that cannot be read is told" unreadable
check "a patch of 100 MiB is refused" enormous
check "a device is not replaced by the patch file" output_is_a_device
check "a folder that is not there is told" output_cannot_be_written
check "a tree that is not the target's is refused" other_tree
check "a compiler that is missing is named" no_compiler
check "another compiler than the target's is named, with both versions" other_compiler
check "a tree that does not compile is refused" broken_build
check "a compiler that crashes is told" compiler_that_crashes
check "a compiler that writes nothing is told" compiler_that_writes_nothing
check "a compiler that writes nonsense is told" compiler_that_writes_nonsense
check "a database that lies leads to no patch" database_that_lies
check "a full disk is told" no_space
check "a limit of file sizes is told" file_size_limit
check "Ctrl-C leaves nothing, whatever was being done" interrupted
check "what a killed suture leaves is removed by the next one" killed
check "the tree is as it was" tree_unchanged
finish
