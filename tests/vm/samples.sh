#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# samples.sh SUTURE: every sample of a kernel livepatch is built, bound, found to be loadable, and run
# in a guest (cases/samples.sh, which is not a test by itself).
vm=$(realpath "$(dirname "$0")")
suture=$(realpath "$1")
. "$vm/host.sh"
need_guest
. "$vm/../create/tap.sh"

kernel=$("$vm/packages" kernel)
modules=$("$vm/build" "$vm/../../src/kernel/module" "$vm/../../samples/kernel") || exit 1
for module in $modules; do
	cp "$module" "$work/"
done
cd "$work" || exit 1

files="--image $kernel/vmlinux --object-dir $kernel/lib/modules --symvers $kernel/headers/Module.symvers"

would_be_loaded() {
	for module in ./*.ko; do
		case $module in
		./suture*) ;;
		# shellcheck disable=SC2086
		*) "$suture" verify $files "$module" || return ;;
		esac
	done
}

check "private symbols are bound" make -f "$vm/../../samples/kernel/Makefile" bind \
	CONVERT="$suture convert $files"
check "the kernel would load all samples" would_be_loaded
[ $failed -eq 0 ] || finish

options=
for module in ./*.ko; do
	options="$options -m $work/$module"
done
# shellcheck disable=SC2086
guest -n loop $options "$vm/cases/samples.sh" $number
