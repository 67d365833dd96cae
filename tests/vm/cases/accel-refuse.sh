#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The accelerator on a kernel that it was not made for, which is this one when the accelerator is
# another: it stays off, says why, and patches go the kernel's own way.
# vm: -c 1
# modules: tests/vm/modules/accel tests/vm/modules/accel-wrong
. ./tap.sh
accel=/sys/module/accel_wrong

# stays_off NAME REASON
stays_off() {
	is "cat $accel/$1" "off: $2" && said "$1 stays off: $2"
}

insmod target.ko
check "it is loaded" insmod accel-wrong.ko
check "a structure that differs is named" \
	stays_off anchors "klp_ops.node is 0 in this kernel, not 8"
check "a symbol that is not there is named" stays_off poke "the kernel has no klp_signals_count"
check "and so is a function" stays_off names "the kernel has no kallsyms_on_every_symbol"
check "a patch is applied" patch patch1.ko count=3
check "its functions run" is "cat /sys/kernel/debug/target/versions" "97 3 0 0"
check "without anchors" is "cat $accel/anchored" 0
check "it is taken out" unpatch patch1
check "the accelerator goes" rmmod accel_wrong
finish
