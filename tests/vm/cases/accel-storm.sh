#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Patches are applied, replaced, reverted and turned round with anchors under them, while tasks,
# sleeping and running, and interrupts call what they patch. No call may run functions of two
# versions.
# vm: -t 600 -S
# modules: src/kernel/module tests/vm/modules/accel-storm
. ./tap.sh
storm=/sys/kernel/debug/storm
seconds=90

# The patches that are applied, one of which may be on its way; nothing waits here.
turn() {
	for patch_name in storm1 storm2; do
		if [ -e "$livepatches/$patch_name" ]; then
			echo $((1 - $(cat "$livepatches/$patch_name/enabled"))) >"$livepatches/$patch_name/enabled"
		fi
	done 2>/dev/null
	true
}

# One after the other replaces it; the last is reverted. In between one in three is turned round.
round() {
	for patch_name in storm1 storm2 storm1; do
		wait_for 30 load "$patch_name" || return
		if [ $(($1 % 3)) = 0 ]; then
			turn
		fi
		wait_for 60 all_settled || return
	done
	for patch_name in storm1 storm2; do
		if [ "$(cat "$livepatches/$patch_name/enabled" 2>/dev/null)" = 1 ]; then
			echo 0 >"$livepatches/$patch_name/enabled"
		fi
	done
	wait_for 60 gone storm1 && wait_for 60 gone storm2 && wait_for 30 free_of storm1 &&
		wait_for 30 free_of storm2
}

free_of() {
	[ ! -e "/sys/module/$1" ] || rmmod "$1" 2>/dev/null
}

load() {
	[ -e "$livepatches/$1" ] || { free_of "$1" && insmod "$1.ko"; }
}

all_settled() {
	! grep -q 1 "$livepatches"/*/transition
}

rounds() {
	stop=$(($(cut -d . -f 1 /proc/uptime) + seconds)) i=0
	while [ "$(cut -d . -f 1 /proc/uptime)" -lt "$stop" ]; do
		i=$((i + 1))
		round $i || return
	done
}

mixed() {
	sed 's/.*, \(.*\) mixed/\1/' $storm/seen
}

insmod storm.ko
insmod suture-accel.ko off=none
check "anchors are on" is "cat /sys/module/suture_accel/anchors" on
for reader in 1 2; do
	while :; do cat $storm/call; done &
done
check "$seconds seconds of it" rounds
echo "# $(cat $storm/seen), $(dmesg | grep -cE 'patching complete') transitions"
check "no call ran functions of two versions" is mixed 0
check "all anchors are gone" wait_for 10 is "cat /sys/module/suture_accel/anchored" 0

# So that a mixture would have been seen: forced while tasks sleep between the two functions.
force() {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		insmod storm1.ko
		echo 1 >"$livepatches/storm1/force"
		wait_for 30 settled storm1
		unpatch storm1
	done 2>/dev/null
	echo "mixed: $(mixed)"
	[ "$(mixed)" -gt 0 ]
}
check "a forced transition is seen to mix them" force
finish
