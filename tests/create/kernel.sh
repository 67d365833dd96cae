#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture create --target kernel, where there is no kernel to make patches for: what it says. The rest
# is in tests/vm/fixes.
suture=$(realpath "$1")
. "$(dirname "$0")/tap.sh"

cd "$work" || exit 1
export SUTURE_CACHE="$work/cache"
echo >fix.patch

# create STATUS WORD ARGUMENT...: it ends with the status and says the word.
create() {
	status=$1 word=$2
	shift 2
	"$suture" create --patch fix.patch -o fix.ko "$@" >out 2>&1
	code=$?
	cat out
	[ $code -eq "$status" ] && grep -qF -- "$word" out && [ ! -e fix.ko ]
}

check "a kernel without a profile is told how to get one" \
	create 4 "suture profile --kernel 1.2-none" --name fix --target kernel:1.2-none
check "a kernel is the only target of its patches" \
	create 1 "only target" --name fix --target kernel --target /bin/sh
check "a program's target does not come before it" \
	create 1 "only target" --name fix --target kernel:1.2-none --target kernel
for option in --with --beside --database; do
	check "$option is not for kernels" \
		create 1 "not for kernels" --name fix --target kernel --source . --with fix.patch \
		$option fix.patch
done
check "a file of that name is no kernel" \
	create 4 "unified diff" --name fix --target ./kernel --source .
finish
