#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Patches are applied, replaced, reverted and turned round with anchors under them, while tasks,
# sleeping and running, and interrupts call what they patch, tasks are stopped, continued and killed,
# an object of another patch is loaded and unloaded, and the function tracer comes and goes. No call
# may run functions of two versions. Takes as many seconds as its argument says, and half a minute.
# vm: -t 1800 -S
# modules: src/kernel/module tests/vm/modules/accel-storm tests/vm/modules/accel
. ./tap.sh
storm=/sys/kernel/debug/storm
target=/sys/kernel/debug/target
tracing=/sys/kernel/tracing
seconds=${1:-90}

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
		wait_for 60 out "$patch_name" && wait_for 30 free_of "$patch_name" || return
	done
}

# out PATCH: it is; disables it when that can be done.
out() {
	[ -e "$livepatches/$1" ] || return 0
	[ "$(cat "$livepatches/$1/transition")" = 1 ] || echo 0 >"$livepatches/$1/enabled"
	false
} 2>/dev/null

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

# A patch that lives until the next replace, and its object, whose functions are all old or all new.
object() {
	while :; do
		free_of patch1 && insmod patch1.ko count=20
		insmod target.ko
		cat $target/versions >>/tmp/versions
		rmmod target
	done 2>/dev/null
}

signals() {
	while :; do
		cat $storm/call $storm/call &
		sleep 0.05
		kill -STOP $!
		sleep 0.05
		kill -CONT $!
		kill $!
		wait $!
	done 2>/dev/null
}

tracer() {
	while :; do
		echo 'storm_first storm_second' >$tracing/set_ftrace_filter
		echo function >$tracing/current_tracer
		sleep 0.2
		echo nop >$tracing/current_tracer
		sleep 1
	done
}

insmod storm.ko
insmod suture-accel.ko
check "anchors are on" is "cat /sys/module/suture_accel/anchors" on
for reader in 1 2; do
	while :; do cat $storm/call; done &
done
object &
object=$!
signals &
tracer &
tracer=$!
check "$seconds seconds of it" rounds
kill $object $tracer
wait $object $tracer
echo nop >$tracing/current_tracer
echo "# $i rounds of three replaces, $(cat $storm/seen)"
echo "# the object: $(sort /tmp/versions | uniq -c | tr -s '\n ' ', ')"
check "no call ran functions of two versions" is mixed 0
check "none of the object's, either" refused grep -vxE '100 0 0 0|80 20 0 0' /tmp/versions
check "what is left is taken out" eval "wait_for 60 out patch1 && wait_for 30 free_of patch1"
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
