#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "entry: Fix seccomp bypass after ptrace with TSYNC" (CVE-2026-89603): a clone of a function, with the
# static key and the static call of a tracepoint of the kernel, which has to go on.
# fix: kernel/entry/common.c:syscall_trace_enter
. ./tap.sh
. ./guest.sh

echo 1 >/sys/kernel/tracing/events/raw_syscalls/sys_enter/enable
try() {
	echo >/sys/kernel/tracing/trace
	cat /proc/version >/dev/null
	grep -q sys_enter: /sys/kernel/tracing/trace && echo traced
}
shown try traced traced vmlinux syscall_trace_enter.constprop.0
