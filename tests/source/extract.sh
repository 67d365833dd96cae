#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture extract, one unit for each thing that C can contain. A unit's first comment says what comes:
#
#   title: what is shown                     the test's name
#   options: -fPIC                           further options of the compiler
#   more: other.c                            a second unit of the program
#   shared: yes                              the target is a shared object
#   fix: s/a/b/                              the fix, for sed
#   changed: f g                             functions that the file has new versions of, exactly
#   create: --allow label                    further words for suture create
#   has: pattern, lacks: pattern             lines of the file
#   agreement: same source                   what the cross-check says, if not same code
#   golden: NAME                             the whole file
#
# The file must compile alone without a warning, agree with the object road function by function, and
# give a patch of the same functions. extract.sh SUTURE [NAME...] runs only those.
suture=$(realpath "$1")
shift
. "$(dirname "$0")/../create/tap.sh"
here=$(cd "$(dirname "$0")" && pwd)/units

# field KEY: its values in this unit, a line each.
field() {
	sed -n "2,/\*\//s/^[ /]\* *$1: //p" "$here/$unit.c"
}

build() {
	rm -rf "$work/tree" "$work/new"
	mkdir "$work/tree"
	cp "$here"/*.[ch] "$work/tree"
	cd "$work/tree" || return 1
	target=prog
	shared=
	[ -z "$(field shared)" ] || shared=-shared
	# shellcheck disable=SC2046
	"$suture" record -- sh -ec "gcc -O2 -g $(field options) $shared -Wl,--build-id \
		-o prog $unit.c $(field more)" >"$work/log" 2>&1 || {
		cat "$work/log"
		return 1
	}
	cp -r . ../new
	sed -i "$(field fix)" "../new/$unit.c"
	(cd .. && diff -u "tree/$unit.c" "new/$unit.c" >fix.patch)
	[ -s ../fix.patch ]
}

extract() {
	rm -f "$work/out.c"
	"$suture" extract --json --source . --patch ../fix.patch -o "$work/out.c" "$@" \
		>"$work/json" 2>&1
	status=$?
}

create() {
	rm -f "$work/out.sut"
	"$suture" create --json --name t --target prog --source . -o "$work/out.sut" "$@" \
		>"$work/created" 2>&1 || {
		cat "$work/created"
		return 1
	}
}

has_lines() {
	field has | while read -r pattern; do
		grep -q -- "$pattern" "$work/out.c" || {
			echo "it does not have $pattern"
			exit 1
		}
	done && field lacks | while read -r pattern; do
		! grep -n -- "$pattern" "$work/out.c" || {
			echo "it has $pattern"
			exit 1
		}
	done
}

# same AGREEMENT FUNCTION...: see same.py.
same() {
	for road in object out; do
		"$suture" inspect --json "$work/$road.sut" >"$work/$road.json" || return 1
	done
	python3 "$here/../same.py" "$work/json" "$work/object.json" "$work/out.json" "$@"
}

unit_is_right() {
	build || return 1
	extract --cross-check
	[ $status = 0 ] || {
		cat "$work/json"
		return 1
	}
	cat "$work/out.c"
	has_lines || return 1
	# shellcheck disable=SC2046
	gcc -O2 -Wall -Werror -Wno-unused $(field options) -c -o "$work/out.o" "$work/out.c" ||
		return 1
	if [ -n "$(field golden)" ]; then
		diff -u "$here/$(field golden)" "$work/out.c" || return 1
	fi
	# shellcheck disable=SC2046
	create --patch ../fix.patch $(field create) && mv "$work/out.sut" "$work/object.sut" &&
		create --from-source "$work/out.c" $(field create) || return 1
	agreement=$(field agreement)
	# shellcheck disable=SC2046
	same "${agreement:-same code}" $(field changed)
}

only_named() {
	unit=typedefs
	build || return 1
	extract --function check --function list_free
	[ $status = 0 ] && grep -q '^SUTURE_PRIVATE __attribute__((noipa)) int check' \
		"$work/out.c" && grep -q '^int list_free' "$work/out.c" || return 1
	extract --function nobody
	[ $status = 4 ] && [ ! -e "$work/out.c" ] && grep -q '"rule": "extract"' "$work/json"
}

# refused RULE TEXT STATUS
refused() {
	cat "$work/json"
	[ $status = "$3" ] && [ ! -e "$work/out.c" ] && grep -q "\"rule\": \"$1\"" "$work/json" &&
		grep -q "$2" "$work/json"
}

gnu_only() {
	unit=recursion
	build || return 1
	# A function within a function.
	sed -i 's/^	return descend(tree, 0);/	int in(int x) { return x + !tree; }\n	return in(descend(tree, 0));/' \
		recursion.c ../new/recursion.c
	(cd .. && diff -u tree/recursion.c new/recursion.c >fix.patch)
	extract
	refused clang 'function definition is not allowed' 5
}

other_language() {
	unit=recursion
	rm -rf "$work/tree" && mkdir "$work/tree" && cd "$work/tree" || return 1
	cp "$here/recursion.c" unit.cc
	sed -i 's/static int/int/' unit.cc
	"$suture" record -- g++ -O2 -g -o prog unit.cc >/dev/null 2>&1 || return 1
	rm -rf ../new && cp -r . ../new && sed -i 's/depth + 1/depth + 2/' ../new/unit.cc
	(cd .. && diff -u tree/unit.cc new/unit.cc >fix.patch)
	extract
	refused language 'C++' 4
}

unknown_option() {
	unit=recursion
	build || return 1
	sed -i 's/"-O2"/"-O2", "-fplan9-extensions"/' compile_commands.json
	extract
	cat "$work/json"
	[ $status = 0 ] && grep -q 'read without -fplan9-extensions' "$work/json"
}

nothing() {
	unit=recursion
	build || return 1
	(cd .. && sed 's/^int measure/\/* More. *\/ &/' tree/recursion.c >new/recursion.c
		diff -u tree/recursion.c new/recursion.c >fix.patch)
	extract
	[ $status = 2 ] && [ ! -e "$work/out.c" ]
}

changed_by_hand() {
	unit=recursion
	build && extract || return 1
	sed 's/depth + 2/depth + 3/' "$work/out.c" >"$work/wrong.c"
	create --from-source "$work/wrong.c" && create --from-source "$work/out.c" \
		--cross-check ../fix.patch || return 1
	"$suture" create --json --name t --target prog --source . -o "$work/out.sut" \
		--from-source "$work/wrong.c" --cross-check ../fix.patch >"$work/json"
	status=$?
	cat "$work/json"
	[ $status = 4 ] && grep -q '"rule": "cross-check"' "$work/json"
}

# Each unit has a function called helper, and of those the visible one changes.
two_units() {
	rm -rf "$work/tree" "$work/files" && mkdir "$work/tree" "$work/files"
	cp "$here"/two*.c "$work/tree" && cd "$work/tree" || return 1
	"$suture" record -- gcc -O2 -g -Wl,--build-id -o prog two.c two-more.c 2>/dev/null
	rm -rf ../new && cp -r . ../new
	sed -i 's/helper(x) + 1/helper(x) + 2/' ../new/two.c
	sed -i 's/x \* 3/x * 5/' ../new/two-more.c
	(cd .. && diff -ru -x prog tree new >fix.patch)
	extract
	[ $status = 4 ] && grep -q 'changes 2 units' "$work/json" || return 1
	extract -o "$work/files" --cross-check
	[ $status = 0 ] && create --patch ../fix.patch && mv "$work/out.sut" "$work/object.sut" &&
		create --from-source "$work/files/two.c" --from-source "$work/files/two-more.c" &&
		same "same code" caller helper
}

# As cmake's commands do.
named_by_its_path() {
	unit=recursion
	build && rm compile_commands.json &&
		"$suture" record -- gcc -O2 -g -Wl,--build-id -o prog "$PWD/$unit.c" 2>/dev/null
	extract --cross-check
	cat "$work/json"
	[ $status = 0 ] && create --from-source "$work/out.c" &&
		grep "^#line .*\"$PWD/$unit.c\"" "$work/out.c"
}

of_no_unit() {
	unit=recursion
	build && extract || return 1
	sed -i '/define SUTURE_UNIT/d' "$work/out.c"
	! create --from-source "$work/out.c" && grep -q 'does not say which unit' "$work/created" ||
		return 1
	sed -i '1i #define SUTURE_UNIT "other.c"' "$work/out.c"
	! create --from-source "$work/out.c" && grep -q 'other.c, which is not in' "$work/created"
}

# With a memory of its own, for other commands are at work in that of the machine.
memory_is_clean() {
	unit=recursion
	build || return 1
	unshare -m true 2>/dev/null || return 0
	unshare -m sh -ec 'mount -t tmpfs none /dev/shm; unset TMPDIR
		"$1" extract --cross-check --source . --patch ../fix.patch -o ../out.c
		ls /dev/shm >../left' sh "$suture" >"$work/log" 2>&1 && [ ! -s "$work/left" ]
}

tree_is_clean() {
	[ -z "$(ls "$work/tmp")" ]
}

for unit in ${*:-$(cd "$here" && grep -l '^/\* title:' -- *.c | sed 's/\.c$//')}; do
	check "$(field title)" unit_is_right
done
[ $# = 0 ] || finish
check "functions may be named by hand" only_named
check "what clang does not understand is refused with its words" gnu_only
check "a unit that is not C is refused" other_language
check "an option that clang does not have is named" unknown_option
check "a patch that changes no code gives no file" nothing
check "a file that does not say what the patch says fails the cross-check" changed_by_hand
check "a file must say its unit" of_no_unit
check "a unit that its command names by its path is extracted like others" named_by_its_path
check "two units are two files, each with its own names" two_units
check "no file is left in memory" memory_is_clean
check "no file is left" tree_is_clean
finish
