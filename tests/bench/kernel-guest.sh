#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The part of tests/bench/kernel that runs in a guest: kernel-guest.sh WHAT [MODULE [COUNT...]].
# MODULE is loaded first. Prints lines "what: figure"; times are in ms and from the kernel's log.
set -u
. ./tap.sh
what=$1 module=${2:+$2.ko}
shift 1
[ $# -eq 0 ] || shift
target=/sys/kernel/debug/target
anchored=/sys/module/suture_accel/anchored

mark() {
	echo "bench: $1" >/dev/kmsg
}

# between FIRST LAST: from the log's last line with FIRST to the last with LAST, in ms.
between() {
	dmesg | sed 's/^\[ *//' | awk -v first="$1" -v last="$2" '
		index($0, first) { from = $1 }
		index($0, last) { to = $1 }
		END { printf "%.1f\n", (to - from) * 1000 }'
}

# The middle one, the least and the most of what comes in.
spread() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] " (" v[1] " to " v[NR] ")" }'
}

# Functions of the kernel that hardly anything calls in a guest, each of a name that is there once.
names() {
	grep -E '^(acpi|blk|crypto|dma|drm|inet|ipv6|pci|snd|tcp|usb|xfrm)[a-z_0-9]*$' \
		/sys/kernel/tracing/available_filter_functions | sort | uniq -u >/tmp/traceable
	cut -d ' ' -f 3 /proc/kallsyms | sort | uniq -u | comm -12 - /tmp/traceable | head -n "$1" |
		paste -s -d , -
}

# One function of a module, patched and unpatched ROUNDS times.
transitions() {
	for round in $(seq "$1"); do
		patch patch1.ko count=1
		between "starting patching" "': patching complete" >>/tmp/patching
		unpatch patch1
		between "starting unpatching" "unpatching complete" >>/tmp/unpatching
	done
	echo "patching: $(spread </tmp/patching)"
	echo "unpatching: $(spread </tmp/unpatching)"
	rm /tmp/patching /tmp/unpatching
}

# COUNT functions of the kernel.
counts() {
	for count; do
		list=$(names "$count")
		mark begin
		insmod identity.ko "names=$list" && wait_for 300 settled identity
		echo "apply $count: $(between "bench: begin" "patching complete")"
		mark begin
		echo 0 >"$livepatches/identity/enabled"
		wait_for 300 gone identity
		echo "revert $count: $(between "bench: begin" "unpatching complete")"
		if [ -e $anchored ]; then
			until [ "$(cat $anchored)" = 0 ]; do :; done
			mark free
			echo "free $count: $(between "bench: begin" "bench: free")"
		fi
		wait_for 30 unused identity
		rmmod identity
	done
}

# Instructions from where a module is complete to where it is told to others and to its parameters.
load() {
	tracing=/sys/kernel/tracing
	echo x86-tsc >$tracing/trace_clock
	echo 'module_enable_nx mod_sysfs_setup' >$tracing/set_ftrace_filter
	echo function >$tracing/current_tracer
	for round in 1 2 3 4 5; do
		echo >$tracing/trace
		insmod target.ko
		awk '/module_enable_nx/ { from = $4 } /mod_sysfs_setup/ { to = $4 }
			END { print to - from }' $tracing/trace
		rmmod target
	done | sort -n | head -n 1
	echo nop >$tracing/current_tracer
}

case $what in
calls)
	insmod target.ko
	echo "unpatched: $(cat $target/cost)"
	[ -z "$module" ] || insmod "$module"
	patch patch1.ko
	echo "at rest: $(cat $target/cost)"
	echo target_1000 >/sys/kernel/tracing/set_ftrace_filter
	echo function >/sys/kernel/tracing/current_tracer
	echo "traced: $(cat $target/cost)"
	echo nop >/sys/kernel/tracing/current_tracer
	unpatch patch1
	cat $target/sleep &
	sleeper=$!
	wait_for 10 grep -q msleep_interruptible /proc/$sleeper/stack
	insmod patch1.ko
	echo "in transition: $(cat $target/cost)"
	kill $sleeper
	;;
transitions)
	insmod target.ko
	[ -z "$module" ] || insmod "$module"
	sleep 1
	transitions 9 | sed 's/^/idle /'
	for busy in 1 2 3; do
		while :; do :; done &
	done
	transitions 3 | sed 's/^/busy /'
	;;
counts)
	[ -z "$module" ] || insmod "$module"
	counts "$@"
	;;
load)
	echo "plain: $(load)"
	insmod "$module"
	echo "with: $(load)"
	;;
esac
no_complaint
