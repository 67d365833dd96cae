#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# samples/process, with the callbacks and shadow types that a sample of the kernel has, too.
suture=$(realpath "$1")
samples=$(realpath "$(dirname "$0")/../../samples")
. "$(dirname "$0")/../create/tap.sh"
cp "$samples/process/visitors.c" "$samples/process/visitors.patch" \
	"$samples/kernel/shared-additions.c" "$work"
cd "$work" || exit 1

built() {
	"$suture" record -- gcc -O2 -g -o visitors visitors.c
}

created() {
	"$suture" create --name visitors --target visitors --source . --patch visitors.patch \
		--with shared-additions.c -o visitors.sut
}

# greets NAME TEXT: the program's answer.
greets() {
	echo "$1" >&8
	read -r answer <&9
	echo "$answer"
	[ "$answer" = "$2" ]
}

apply() {
	"$suture" apply visitors.sut "pid:$pid"
}

revert() {
	"$suture" revert visitors "pid:$pid"
}

check "the program is built" built
check "a patch is made, with the file of the kernel's sample" created
[ $failed -eq 0 ] || finish
mkfifo in out
./visitors <in >out &
pid=$!
exec 8>in 9<out
read -r answer <&9
check "it greets" greets Ada "Welcome, Ada."
check "the patch is applied" apply
check "visits are counted" greets Ada "Welcome, Ada: visit 1, 1 in all."
check "... of each visitor" greets Emmy "Welcome, Emmy: visit 1, 2 in all."
check "... and kept" greets Ada "Welcome, Ada: visit 2, 3 in all."
check "the patch is taken out" revert
check "the original is back" greets Ada "Welcome, Ada."
check "the patch is applied again" apply
check "what it counted was freed" greets Ada "Welcome, Ada: visit 1, 1 in all."
exec 8>&-
check "the program ends as it would" wait $pid
finish
