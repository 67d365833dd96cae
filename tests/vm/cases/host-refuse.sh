#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What suture refuses before a livepatch is loaded, what the kernel refuses, and what is warned of.
# vm: -b suture -c 1
# modules: tests/vm/modules/host
. ./tap.sh
tracing=/sys/kernel/tracing

# refuses RULE TEXT FILE: with that rule, and says that.
refuses() {
	status=0
	suture apply "$3" >/tmp/said 2>&1 || status=$?
	cat /tmp/said
	[ $status -eq 4 ] && grep -qF "$2" /tmp/said &&
		{ [ -z "$1" ] || grep -q "suture explain $1\$" /tmp/said; }
}

# stays_out PATCH: nothing of it is in the kernel.
stays_out() {
	[ ! -e "/sys/module/$1" ] && gone "$1"
}

insmod host_target.ko
check "a module that is no livepatch" refuses "" "a kernel module, but no livepatch" host_dry.ko
check "one that enables no patch" \
	refuses kernel-no-livepatch "was loaded and has patched nothing" host_idle.ko
check "... and is unloaded" [ ! -e /sys/module/host_idle ]
check "a livepatch for another kernel" \
	refuses kernel-release "made for Linux 6.1.0-1-other" host_foreign.ko
check "a function that is not there" \
	refuses kernel-symbol "host_target has no symbol host_no_such" host_missing.ko
check "a name that is not unique" \
	refuses kernel-symbol "vmlinux has 2 symbols m_show" host_ambiguous.ko
check "the kernel was not asked" refused said livepatch:
check "a function that cannot be redirected" \
	refuses kernel-load "host_quiet cannot be redirected" host_quiet.ko
check "a callback that says no" \
	refuses kernel-load "the patch's own callback for host_target said no" host_unwilling.ko
check "nothing of it is left" stays_out host_unwilling

# A module that comes later is refused by the kernel for the patch's sake.
rmmod host_target
check "a patch of a module that is not there" suture apply host_missing.ko
check "... lacks a function when that comes" refused insmod host_target.ko
suture status >/tmp/said
check "... which status knows" \
	grep -F "waits for the module host_target (which the kernel refused to load because" \
	/tmp/said
check "... until it is reverted" suture revert host_missing kernel
insmod host_target.ko

sysctl -q kernel.ftrace_enabled=0
check "no tracer, no livepatch" refuses kernel-ftrace "tracing is switched off" host_first.ko
sysctl -q kernel.ftrace_enabled=1

echo host_value >$tracing/set_ftrace_filter
echo function >$tracing/current_tracer
echo 'p:inside host_value+0x5' >$tracing/kprobe_events
echo 1 >$tracing/events/kprobes/inside/enable
suture apply host_first.ko >/tmp/said
check "a traced function is told, with what it costs" \
	grep -F "host_value is traced: while it is, each call of it costs some 159 instructions" \
	/tmp/said
check "... and a kprobe that will not be hit" \
	grep -F "the kprobe at host_value+0x5 will not be hit" /tmp/said
echo 0 >$tracing/events/kprobes/inside/enable
echo >$tracing/kprobe_events
echo nop >$tracing/current_tracer
check "the patch comes out again" suture revert host_first kernel

# What cannot be taken back comes last.
echo 1 >/sys/module/module/parameters/sig_enforce
check "signatures that are enforced" \
	refuses kernel-signature "has module.sig_enforce" host_first.ko
mount -t securityfs security /sys/kernel/security
echo integrity >/sys/kernel/security/lockdown
check "a kernel that is locked down" refuses kernel-signature "is locked down" host_first.ko
echo 1 >/proc/sys/kernel/modules_disabled
check "a kernel that takes no modules" refuses kernel-modules "takes no modules" host_first.ko
finish
