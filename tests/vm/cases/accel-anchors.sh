#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Anchors: what the kernel does with livepatches it does in the same way with one ftrace_ops under
# all their functions.
# modules: src/kernel/module tests/vm/modules/accel
. ./tap.sh
accel=/sys/module/suture_accel
target=/sys/kernel/debug/target
tracing=/sys/kernel/tracing

# versions TEXT: how many of the hundred functions answer 0, 1, 2, 3.
versions() {
	is "cat $target/versions" "$1"
}

# anchored COUNT: soon, because anchors go after the transition.
anchored() {
	wait_for 10 eval "[ \"\$(cat $accel/anchored)\" = $1 ]"
}

disable() {
	echo 0 >"$livepatches/$1/enabled"
}

# remove PATCH: the module of a patch that another one has replaced, or that was disabled.
remove() {
	wait_for 30 gone "$1" && wait_for 10 unused "$1" && rmmod "$1"
}

# A task in the first function, as it is now for a new task.
sleeper() {
	cat $target/sleep &
	sleeper=$!
	wait_for 10 grep -q msleep_interruptible /proc/$sleeper/stack
}

wake() {
	kill "$sleeper"
	wait "$sleeper"
	true
}

# blocked PATCH: its transition is open and stays so.
blocked() {
	sleep 0.5
	[ "$(cat "$livepatches/$1/transition")" = 1 ]
}

ops_of() {
	grep "^$1 " $tracing/enabled_functions
}

insmod target.ko
patch patch3.ko count=3
check "the accelerator is loaded" insmod suture-accel.ko
check "anchors are on" is "cat $accel/anchors" on

check "a function that has a patch already stays as it is" patch patch1.ko count=3
check "so there is no anchor" anchored 0
check "and the newer patch is in force" versions "97 3 0 0"
check "both are taken out" eval "unpatch patch1 && unpatch patch3"

check "a patch of a hundred functions" patch patch1.ko
check "has as many anchors" anchored 100
check "and its functions run" versions "0 100 0 0"
check "all under one ftrace_ops of ours" eval "ops_of target_1099 | grep -F '[suture_accel]'"
check "the accelerator cannot be removed now" refused rmmod suture_accel
check "ftrace cannot be switched off now" refused eval "echo 0 >/proc/sys/kernel/ftrace_enabled"
check "a second patch over it" patch patch2.ko count=40
check "needs no anchor" anchored 100
check "and is in force" versions "0 60 40 0"
check "the lower one is disabled" unpatch patch1
check "the upper one stays" versions "60 0 40 0"
check "with its anchors, and only those" anchored 40
check "an atomic replace" patch patch3.ko count=50 replace=1
check "puts its own in place and the old functions back" versions "50 0 0 50"
check "the replaced patch can go" remove patch2
check "a replace by fewer" patch patch1.ko count=5 replace=1
check "gives the others back" versions "95 5 0 0"
check "with their anchors" anchored 5
check "the replaced patch can go" remove patch3

sleeper
disable patch1
check "a task in a function keeps the transition open" blocked patch1
check "others run the old functions already" versions "100 0 0 0"
check "reversing it" eval "echo 1 >$livepatches/patch1/enabled && wait_for 10 settled patch1"
check "brings the patch back" versions "95 5 0 0"
wake

sleeper
insmod patch2.ko
check "a task in an older patch keeps a newer one's transition open" blocked patch2
check "the function is anchored once" anchored 100
check "reversing it" eval "disable patch2 && remove patch2"
check "leaves the older patch" versions "95 5 0 0"
check "and its anchors" anchored 5
insmod patch2.ko
check "again" blocked patch2
check "forcing it" eval "echo 1 >$livepatches/patch2/force && wait_for 10 settled patch2"
check "puts the newer one in force" versions "0 0 100 0"
wake
check "it is taken out" unpatch patch2
check "with its anchors" anchored 5

echo 'target_1000 target_1004 target_1099' >$tracing/set_ftrace_filter
echo function >$tracing/current_tracer
check "a function tracer on patched functions changes nothing" versions "95 5 0 0"
check "and sees them" eval "grep -q target_1000 $tracing/trace && grep -q target_1099 $tracing/trace"
check "a patch comes and goes under it" eval "patch patch3.ko && unpatch patch3"
echo nop >$tracing/current_tracer
echo >$tracing/set_ftrace_filter
echo 'p:at_entry target_1000' >$tracing/kprobe_events
echo 1 >$tracing/events/kprobes/enable
check "so does a kprobe at the entry" versions "95 5 0 0"
check "which hits" grep -q at_entry $tracing/trace
echo 0 >$tracing/events/kprobes/enable
echo >$tracing/kprobe_events

insmod direct.ko
check "a function that has a direct call, as of BPF, is left to the kernel" refused insmod patch2.ko
check "which refuses it" said "failed to register ftrace handler for function 'target_1050' (-16)"
check "with the patches as they were" versions "95 5 0 0"
check "and their anchors" anchored 5
rmmod direct

check "a module goes with its patched functions" rmmod target
check "and with their anchors" anchored 0
check "and comes again" insmod target.ko
check "patched" versions "95 5 0 0"
check "with anchors" anchored 5
check "the last patch goes" unpatch patch1
check "with the last anchors" anchored 0
check "a module goes right after its patch" eval \
	"patch patch1.ko && disable patch1 && wait_for 10 gone patch1 && rmmod target"
check "with all anchors" anchored 0
rmmod patch1
insmod target.ko

echo 0 >/proc/sys/kernel/ftrace_enabled
check "while ftrace is off no patch is applied" refused insmod patch1.ko
check "and no anchor is left" anchored 0
echo 1 >/proc/sys/kernel/ftrace_enabled

check "the accelerator is removed" rmmod suture_accel
check "patches go the kernel's own way then" patch patch1.ko count=3
check "with an ftrace_ops for each function" eval "ops_of target_1000 | grep -F klp_ftrace_handler"
finish
