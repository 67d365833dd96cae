#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/vm/convert.sh has converted, in a guest; counts its tests on from the number given.
. ./tap.sh
number=$1

# all_lines FILE TEXT: the file has lines, and each is the text.
all_lines() {
	[ -n "$(cat "$1")" ] && ! grep -vx "$2" "$1"
}

# same_address MODULE N: the module's parameter is the Nth m_show of the kernel.
same_address() {
	wanted=$(awk '$3 == "m_show" && NF == 3 { print $1 }' /proc/kallsyms | sed -n "$2p")
	found=$(printf '%x' "$(cat "/sys/module/$1/parameters/address")")
	echo "$1 has $found, and the kernel $wanted"
	[ "$found" = "$wanted" ]
}

# loop_says TEXT: the patched attribute of a loop device.
loop_says() {
	grep -x "$1" /sys/block/loop0/loop/autoclear
}

set_up_loop() {
	modprobe loop max_loop=3 && truncate -s 1M /tmp/disk && losetup /dev/loop0 /tmp/disk
}

take_loop_out() {
	losetup -d /dev/loop0 && wait_for 10 unused loop && rmmod loop
}

# comes_and_goes TEXT: loop is loaded, patched, and unloaded.
comes_and_goes() {
	set_up_loop && loop_says "$1" && take_loop_out
}

command_line=$(cat /proc/cmdline)
check "a static function with a private variable is replaced" patch private.ko
check "... and shows the variable" is "cat /proc/cmdline" "private: $command_line"
check "... and comes out" unpatch private

check "the first of two functions is replaced" patch first.ko
check "... and not the second" all_lines /proc/modules first
check "... which is as before" grep -q ' / ' /proc/self/mounts
check "the second is bound to its address" same_address first 2
check "the second is replaced, too" patch second.ko
check "... and not the first again" all_lines /proc/modules first
check "... but itself" all_lines /proc/self/mounts second
check "the first is bound to its address" same_address second 1
check "the second comes out" unpatch second
check "the first comes out" unpatch first

check "a symbol of a module that is not there is refused" refused insmod present.ko
check "the module is loaded" set_up_loop
check "a symbol of a module that is there is bound" patch present.ko
check "... to the right variable" is "cat /proc/cmdline" "present 3"
check "... and comes out" unpatch present

check "code that refers to a loaded module works" patch direct.ko
check "... with its variable" loop_says "direct 3"
check "... until the module is unloaded" take_loop_out
check "... and cannot be loaded again" refused modprobe loop
check "... because of the livepatch" said "refusing to load module 'loop'"
check "... which comes out" unpatch direct

for patch in reload cells; do
	check "$patch: references to a module wait for it" patch $patch.ko
	for round in 1 2 3; do
		check "$patch: the module comes and goes, round $round" comes_and_goes "$patch 3"
	done
	check "$patch: the livepatch comes out" unpatch $patch
done
finish
