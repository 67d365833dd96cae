#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "loop: Avoid updating block size under exclusive owner" (CVE-2025-38709): a driver's module, which
# did not use what the fix uses, and comes again while the fix is in force.
# vm: -n loop
# fix: drivers/block/loop.c:loop_set_block_size,lo_simple_ioctl,lo_ioctl
. ./tap.sh
. ./guest.sh

dd if=/dev/zero of=/tmp/image bs=1M count=4 2>/dev/null
attach() {
	modprobe loop && losetup /dev/loop0 /tmp/image
}
# Livepatches of 6.1 with relocations that wait for a module let it in once, unless they clean up.
again() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		losetup -d /dev/loop0
		wait_for 10 rmmod loop && attach || return
	done
}
attach
check "the fix is applied" applied
check "it replaces lo_ioctl" replaced loop lo_ioctl
check "with it, the block size stays" is "./probe blocksize" "Device or resource busy"
check "the module is unloaded and loaded ten times" again
check "the function of the new one is replaced" replaced loop lo_ioctl
check "the block size stays again" is "./probe blocksize" "Device or resource busy"
check "the fix is reverted" reverted
check "without it, the block size changes" is "./probe blocksize" changed
finish
