#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The accelerator in a kernel at random addresses: what it looks up is where it says.
# vm: -K
# modules: src/kernel/module tests/vm/modules/accel
. ./tap.sh
accel=/sys/module/suture_accel

elsewhere() {
	grep ' _text$' /proc/kallsyms && ! grep '^ffffffff81000000 . _text$' /proc/kallsyms
}

check "the kernel is not where it was linked for" elsewhere
insmod target.ko
insmod suture-accel.ko
check "all of it is on" is "cat $accel/poke $accel/anchors $accel/names | uniq" on
check "a patch of a hundred functions" patch patch1.ko
check "has anchors" is "cat $accel/anchored" 100
check "and is in force" is "cat /sys/kernel/debug/target/versions" "0 100 0 0"
check "it is taken out" unpatch patch1
check "with its anchors" wait_for 10 is "cat $accel/anchored" 0
check "no function is patched then" is "cat /sys/kernel/debug/target/versions" "100 0 0 0"
check "the accelerator is removed" rmmod suture_accel
finish
