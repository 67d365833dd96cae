#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The samples in a guest, one after the other, as docs/guide/kernel-patches.md has them; counts its
# tests on from the number given.
. ./tap.sh
number=$1

# Transitions without the kernel's second between two tries.
modprobe suture-accel 2>/dev/null

version=$(cat /proc/version)
command_line=$(cat /proc/cmdline)

# shows TEXT: /proc/version.
shows() {
	is "cat /proc/version" "$1"
}

# follows FILE.ko: a cumulative livepatch that takes the place of the one that is there.
follows() {
	patch "$1" && wait_for 30 alone "$(module_of "$1")"
}

alone() {
	[ "$(ls "$livepatches")" = "$1" ]
}

# leaves MODULE: a livepatch that was replaced is unloaded.
leaves() {
	wait_for 10 unused "$1" && rmmod "$1"
}

loop_says() {
	is "cat /sys/block/loop0/loop/autoclear" "$1"
}

set_up_loop() {
	modprobe loop max_loop=3 && truncate -s 1M /tmp/disk && losetup /dev/loop0 /tmp/disk
}

take_loop_out() {
	losetup -d /dev/loop0 && wait_for 10 unused loop && rmmod loop
}

check "plain: a function is replaced" patch plain.ko
check "plain: it says so" shows "Linux $(uname -r), patched while it runs"
check "plain: it comes out" unpatch plain
check "plain: the original is back" shows "$version"

check "private: a private variable is used" patch private.ko
check "private: it is the right one" is "cat /proc/cmdline" "$command_line"
check "private: it comes out" unpatch private

check "position: the first of two functions is replaced" patch position.ko
check "position: it shows names" grep -qx position /proc/modules
check "position: the second is as it was" grep -q ' / ' /proc/self/mounts
check "position: it comes out" unpatch position

check "object: a module that is not there is patched" patch object.ko
for round in 1 2; do
	check "object: the module comes, round $round" set_up_loop
	check "object: its function is replaced" loop_says "0
one of 3"
	check "object: the module goes" take_loop_out
done
check "object: it comes out" unpatch object

forget
check "states: the first version comes" patch states1.ko
check "states: it prepares" said "states1: format 0 becomes 1"
check "states: the second takes its place" follows states2.ko
check "states: it knows what was there" said "states2: format 1 becomes 2"
check "states: the first is unloaded" leaves states1
check "states: it cannot come back" refused insmod states1.ko
check "states: the second comes out" unpatch states2

check "total: the first version comes" patch total1.ko
check "total: the second takes its place" follows total2.ko
check "total: it changes more" is "cat /proc/cmdline" "command line of total2"
check "total: the first is unloaded" leaves total1
check "total: the first takes its place again" follows total1.ko
check "total: what it does not change is original" is "cat /proc/cmdline" "$command_line"
check "total: ... and what it does is its own" shows "version of total1"
check "total: the second is unloaded" leaves total2
check "total: it comes out" unpatch total1

check "suture.ko is there" modprobe suture modprobe="$(command -v modprobe)"
forget
found=$(cat /proc/sys/kernel/panic)
check "callbacks: the first version comes" patch callbacks1.ko
check "callbacks: it changed the system" is "cat /proc/sys/kernel/panic" 30
check "callbacks: the second takes its place" follows callbacks2.ko
check "callbacks: the first is unloaded" leaves callbacks1
check "callbacks: the first takes its place again" follows callbacks1.ko
check "callbacks: the second is unloaded" leaves callbacks2
check "callbacks: nothing was changed twice" \
	is "dmesg | sed '1,/vm: forget/d' | grep -c 'restart_set: '" 1
check "callbacks: it comes out" unpatch callbacks1
check "callbacks: the system is as it was" is "cat /proc/sys/kernel/panic" "$found"
check "callbacks: and that once" \
	is "dmesg | sed '1,/vm: forget/d' | grep -c 'restart_set: post_unpatch'" 1

check "shadow: it comes" patch shadow.ko
check "shadow: a user has a variable" shows "read 1 times by 0"
check "shadow: it keeps its value" shows "read 2 times by 0"
check "shadow: it comes out" unpatch shadow
check "shadow: the variable was freed" said "shadow: a user read it 2 times"

check "shared: it comes, with the file for processes" patch shared.ko
check "shared: its variables are there" shows "read 1 times, 1 in all"
check "shared: they keep their values" shows "read 2 times, 2 in all"
check "shared: it comes out" unpatch shared
check "shared: it comes afresh" patch shared.ko
check "shared: everything was freed" shows "read 1 times, 1 in all"
check "shared: it comes out again" unpatch shared

check "late: it comes" patch late.ko
for round in 1 2; do
	check "late: the module comes with its part, round $round" set_up_loop
	check "late: the part is in it" loop_says "late, one of 3"
	check "late: the module goes with its part" take_loop_out
done
check "late: it comes out" unpatch late
check "late: the module comes without" set_up_loop
check "late: nothing of it is left" loop_says 0
finish
