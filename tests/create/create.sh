#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture create: each kind of source patch gets the verdict that it deserves.
suture=$(realpath "$1")
. "$(dirname "$0")/tap.sh"

mkdir "$work/tree" "$work/tree/src" "$work/tree/doc"
cd "$work/tree" || exit 1
cat >src/table.h <<'END'
#include <assert.h>
#include <string.h>

struct entry {
	int key;
	int hits;
};

extern struct entry table[16];
extern int limit;

static inline int slot_of(int key)
{
	assert(key >= 0);
	return key % 16;
}

int table_find(int key);
int table_add(int key);
int table_total(void);
END
cat >src/table.c <<'END'
#include "table.h"

#include <stdlib.h>

struct entry table[16];
int limit = 12;

int table_find(int key)
{
	struct entry *entry = &table[slot_of(key)];

	entry->hits++;
	return entry->key == key;
}

int table_add(int key)
{
	struct entry *entry = &table[slot_of(key)];

	assert(limit > 0);
	if (entry->hits > limit)
		abort();
	entry->key = key;
	return entry->hits;
}

int table_total(void)
{
	int total = 0;

	for (int i = 0; i < 16; i++)
		total += table[i].hits;
	assert(total >= 0);
	return total;
}
END
cat >src/main.c <<'END'
#include "table.h"

#include <stdio.h>

int describe(int key, char *text, size_t size)
{
	return snprintf(text, size, "%d in slot %d", key, slot_of(key));
}

int main(int argc, char **argv)
{
	char text[64];

	table_add(argc);
	describe(argc, text, sizeof(text));
	puts(text);
	return table_find(argc) ? table_total() : (int)strlen(argv[0]);
}
END
cat >Makefile <<'END'
CFLAGS = -O2 -g
AT =
prog: src/table.o src/main.o
	$(CC) $(CFLAGS) -Wl,--build-id -o $@ $^
%.o: %.c
	$(CC) $(CFLAGS) -c -o $@ $(AT)$<
END
echo 'A table.' >doc/table.txt

# edit NAME SED-SCRIPT FILE...: a patch of that name that makes those changes.
edit() {
	patch=$work/$1.patch
	script=$2
	shift 2
	rm -rf "$work/new"
	cp -r . "$work/new"
	(cd "$work/new" && sed -i "$script" "$@")
	(cd "$work" && diff -ruN --label "a/$1" --label "b/$1" "tree/$1" "new/$1" >"$patch")
	shift
	for file; do
		(cd "$work" &&
			diff -uN --label "a/$file" --label "b/$file" "tree/$file" "new/$file" \
				>>"$patch")
	done
}

create() {
	patch=$work/$1.patch
	shift
	rm -f "$work/out.sut"
	"$suture" create --json --name test --target prog --source . --patch "$patch" \
		-o "$work/out.sut" "$@" >"$work/json" 2>&1
	status=$?
	cat "$work/json"
}

# refused RULE TEXT: the last verdict names both, and no file was written.
refused() {
	[ $status = 4 ] && [ ! -e "$work/out.sut" ] && grep -q "\"rule\": \"$1\"" "$work/json" &&
		grep -q "$2" "$work/json"
}

# changed NAME...: the patch holds just these functions.
changed() {
	[ $status = 0 ] && [ -s "$work/out.sut" ] &&
		[ "$(sed -n '/"functions"/,/^  ]/s/^      "name": "\(.*\)",$/\1/p' "$work/json" | sort |
			tr '\n' ' ')" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ')" ]
}

hash_tree() {
	find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
}

no_database() {
	edit fix 's/hits > limit/hits >= limit/' src/table.c
	create fix
	refused database 'suture record'
}

one_function() {
	create fix
	changed table_add
}

lines_below() {
	edit grow 's/^	entry->hits++;/	if (!entry->key)\n		return 0;\n&/' src/table.c
	create grow
	changed table_find
}

only_comments() {
	edit comment 's/^int limit/\/* How many\n * hits. *\/\n&/' src/table.c
	create comment
	[ $status = 2 ] && [ ! -e "$work/out.sut" ] && grep -q '"verdict": "nothing"' "$work/json" &&
		grep -q 'src/table.c:3: only comments and blanks change' "$work/json"
}

only_documents() {
	edit document 's/table/list/' doc/table.txt
	create document
	[ $status = 2 ] && grep -q 'doc/table.txt' "$work/json"
}

inline_in_header() {
	edit header 's/key % 16/(key ^ 1) % 16/' src/table.h
	create header
	changed table_find table_add describe
}

initialiser() {
	edit data 's/^int limit = 12/int limit = 13/' src/table.c
	create data
	refused data limit
}

allowed() {
	edit both 's/^int limit = 12/int limit = 13/; s/hits > limit/hits >= limit/' src/table.c
	create both
	refused data limit || return 1
	create both --allow data
	changed table_add && grep -q 'allowed: limit' "$work/json" &&
		"$suture" inspect "$work/out.sut" | grep -q 'made in spite of refusals: data'
}

member() {
	edit layout 's/^	int hits;/&\n	int misses;/; s/entry->hits++/&, entry->misses = 0/' \
		src/table.h src/table.c
	create layout
	refused layout 'struct entry'
}

thread_variable() {
	edit tls 's/^int table_total/static __thread int calls;\n\n&/
		s/^	int total = 0;/	int total = ++calls;/' src/table.c
	create tls
	refused tls calls
}

does_not_apply() {
	sed 's/entry->hits > limit/entry->hits < limit/' "$work/fix.patch" >"$work/stale.patch"
	create stale
	refused patch 'Hunk #1'
}

applied_already() {
	cp src/table.c "$work/table.c"
	patch -s -p1 <"$work/fix.patch"
	create fix
	cp "$work/table.c" src/table.c
	refused patch 'applied already'
}

not_the_source() {
	cp src/table.c "$work/table.c"
	sed -i 's/total += /total -= /' src/table.c
	create fix
	cp "$work/table.c" src/table.c
	refused match table_total
}

new_file() {
	printf -- '--- /dev/null\n+++ b/src/new.c\n@@ -0,0 +1 @@\n+int new;\n' >"$work/new.patch"
	cat "$work/fix.patch" >>"$work/new.patch"
	create new
	refused new-source src/new.c
}

new_test_program() {
	printf -- '--- /dev/null\n+++ b/test/new.c\n@@ -0,0 +1 @@\n+int new;\n' >"$work/new.patch"
	cat "$work/fix.patch" >>"$work/new.patch"
	create new && changed table_add && grep -q 'test/new.c: patched, but no' "$work/json"
}

new_header() {
	edit include 's/^#include <stdlib.h>/&\n#include "less.h"/; s/hits > limit/hits > LESS/' \
		src/table.c
	printf -- '--- /dev/null\n+++ b/src/less.h\n@@ -0,0 +1 @@\n+#define LESS (limit - 1)\n' \
		>>"$work/include.patch"
	create include
	changed table_add
}

broken_fix() {
	edit broken 's/hits > limit/hits > limits/' src/table.c
	create broken
	refused compile limits
}

other_levels() {
	sed 's,\([ab]\)/src/,src/,' "$work/fix.patch" >"$work/level0.patch"
	create level0 || return 1
	changed table_add || return 1
	sed 's,\([ab]\)/src/,x/\1/src/,' "$work/fix.patch" >"$work/level2.patch"
	create level2
	changed table_add || return 1
	create level2 --strip 2
	changed table_add || return 1
	create level2 --strip 1
	refused patch 'strip 1'
}

outside() {
	sed 's,[ab]/src/,a/../../,' "$work/fix.patch" >"$work/outside.patch"
	create outside
	refused patch 'none of its'
}

not_a_patch() {
	echo hello >"$work/text.patch"
	create text
	[ $status = 4 ] && grep -q 'not a unified diff' "$work/json"
}

not_allowed() {
	create fix --allow match
	[ $status = 4 ] &&
		grep -q -- '--allow match: cannot be allowed: the patch would be wrong' "$work/json" &&
		create fix --allow nonsense && grep -q 'there is no such rule' "$work/json"
}

same_bytes() {
	create header && cp "$work/out.sut" "$work/first.sut" && create header &&
		cmp "$work/first.sut" "$work/out.sut"
}

# Built by others, in another folder, in another language: all that may differ does.
same_bytes_elsewhere() {
	create header && cp "$work/out.sut" "$work/first.sut" || return 1
	cp -r . "$work/other tree"
	rm -f "$work/out.sut"
	(
		cd "$work/other tree" && mkdir "$work/other" &&
			sed -i "s,\"$work/tree,\"$work/other tree,g" compile_commands.json &&
			umask 077 && TMPDIR="$work/other" LC_ALL=tr_TR.UTF-8 TZ=Asia/Tokyo \
			COLUMNS=20 HOME=/ "$suture" create --json --name test --target "$PWD/prog" \
			--source "$PWD" --patch "$work/header.patch" -o "$work/out.sut"
	)
	rm -r "$work/other" "$work/other tree"
	cmp "$work/first.sut" "$work/out.sut"
}

# build FLAGS...: builds and records again, with make's variables.
rebuild() {
	rm -f prog src/*.o
	"$suture" record -- make "$@"
}

absolute_names() {
	rebuild AT="$PWD/" CC="gcc -I$PWD/src" || return 1
	create grow
	changed table_find
}

# The tree holds the sources only; the compiler runs beside it, and one header comes back into src
# by a folder that the patch has nothing to do with.
roundabout() {
	mkdir -p deps ../obj
	printf '#include "../src/table.h"\n' >deps/table.h
	for unit in table main; do
		sed 's,#include "table.h",#include "../deps/table.h",' src/$unit.c >src/x$unit.c
	done
	(
		rm -f compile_commands.json
		cd ../obj || exit 1
		for unit in xtable xmain; do
			"$suture" record -o ../tree/compile_commands.json -- \
				cc -O2 -g -c ../tree/src/$unit.c || exit 1
		done
		cc -Wl,--build-id -o ../tree/prog xtable.o xmain.o
	) || return 1
	create header
	changed table_find table_add describe
}

one_command() {
	"$suture" record -o one.json -- cc -O2 -g -Wl,--build-id -o prog src/table.c src/main.c ||
		return 1
	create fix --database one.json
	changed table_add
}

compiled_twice() {
	rm -f prog src/*.o
	"$suture" record -- sh -c 'make && cc -O1 -fPIC -c -o pic.o src/table.c' || return 1
	[ "$(grep -c '"file": "src/table.c"' compile_commands.json)" = 2 ] || return 1
	create fix
	changed table_add
}

other_compiler() {
	command -v clang-14 || return 0
	rebuild CC=clang-14 && create grow && changed table_find
}

# A compiler that says when it has started and then waits for good.
interrupted() {
	mkfifo "$work/started" "$work/never"
	printf '#!/bin/sh\necho >"%s"\nexec cat "%s"\n' "$work/started" "$work/never" >"$work/cc"
	chmod +x "$work/cc"
	sed "s,\"[^\"]*/cc\",\"$work/cc\"," compile_commands.json >"$work/slow.json"
	"$suture" create --name test --target prog --source . --patch "$work/fix.patch" \
		-o "$work/out.sut" --database "$work/slow.json" &
	timeout 60 head -n 1 "$work/started" || return 1
	kill -TERM $!
	wait $!
	[ $? = 143 ] && leaves_nothing
}

leaves_nothing() {
	ls "$work/tmp"
	[ -z "$(ls "$work/tmp")" ]
}

tree_unchanged() {
	[ "$(hash_tree)" = "$hash" ]
}

check "a tree without a database is refused with the remedy" no_database
"$suture" record -- make >"$work/build" 2>&1 || cat "$work/build"
hash=$(hash_tree)
check "a fix of one function makes a patch of it" one_function
check "asserts below a hunk do not change" lines_below
check "a comment is no change" only_comments
check "a document is no change, and is named" only_documents
check "an inline function in a header changes all its users" inline_in_header
check "another initial value is refused" initialiser
check "a refusal that may be allowed is, and is told" allowed
check "another layout of a living structure is refused" member
check "a new thread-local variable is refused" thread_variable
check "a patch that does not apply is refused with its hunk" does_not_apply
check "a patch that is in the tree already is refused" applied_already
check "source that the binary was not made from is refused with the function" not_the_source
check "a new source file is refused" new_file
check "a new file where nothing is compiled is named" new_test_program
check "a new header is read" new_header
check "a fix that does not compile is refused with the compiler's words" broken_fix
check "the level of the names is found by itself" other_levels
check "names that leave the tree are not followed" outside
check "a file that is no patch is refused" not_a_patch
check "what proves the patch cannot be allowed away" not_allowed
check "the same patch gives the same bytes" same_bytes
check "... in another folder and another language, too" same_bytes_elsewhere
check "a signal ends it and leaves nothing" interrupted
check "no temporary file is left" leaves_nothing
check "the tree is as it was" tree_unchanged
check "absolute names in commands make no difference" absolute_names
check "a header that is reached by a way around is still the patched one" roundabout
check "one command may compile several files" one_command
check "of two compiles of a file the linked one is patched" compiled_twice
check "clang's code is as good as gcc's" other_compiler
finish
